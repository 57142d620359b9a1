/// `join_set<T>`: child tasks that are joined one by one, in the order in which they end, while others are
/// added.
///
///     co_await ta::with_join_set<page>([&](ta::join_set<page>& pages) -> ta::task<void> {
///       for (const auto& url : start) pages.add_task({}, fetch, url).value();
///       while (auto one = co_await pages.join_next())        // std::optional: empty when none is left
///         if (one->result)                                   // an outcome: {id, result}
///           for (const auto& url : one->result->links) pages.add_task({}, fetch, url).value();
///     });                                  // what still runs is cancelled, and awaited
///
/// A child is a task of its own, as a `task_group`'s: with a token, an id below its parent's, deadlines and
/// events. Its failure is an outcome as any other: it harms neither its siblings nor the body. Each outcome
/// is given once, to the one that asks; only what runs and what waits to be joined takes memory. A value is
/// moved out if nobody else has a handle of that task, else it is copied.
///
/// The set ends with its body: what hasn't ended is cancelled and awaited, what nobody has joined
/// is dropped; a failure of these is an event (`unobserved_failure`, an error in the log). Then it gives the
/// body's value, or throws its exception. A cancellation or a deadline around the set reaches body and
/// children at the same time.
///
/// **Nothing is lost**: a `join_next` that throws `cancelled_error` has joined nothing, whatever races. What
/// was given to a body that is killed, or couldn't be copied, is given to the next that asks.
///
/// A body that waits lends its token. Stops: while it waits. Errors: of the await
/// `errc::result_taken`, as `handle`'s. Threads: a `join_set` may be passed on to its children, and used from
/// any thread until the set has ended.
#pragma once

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/join_set_state.hpp>
#include <taskactor/handle.hpp>

#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace taskactor {

/// A task that has ended.
template <class T>
struct joined_task {
  std::string id;
  outcome<T> result;
};

namespace detail {

template <class T>
class typed_set_task final : public set_task {
public:
  typed_set_task(join_set_state& of, handle<T> made, ref<record> task) noexcept
      : set_task(of, std::move(task)), handle_(std::move(made)) {}

  /// Errors: of a copy, with nothing lost.
  joined_task<T> join() {
    std::string id{handle_.id()};
    return {std::move(id), std::move(handle_).wait_outcome()};
  }

private:
  handle<T> handle_;
};

/// In its set's list again if it can't be given.
template <class T>
joined_task<T> join_task(join_set_state& set, ref<set_task> taken) {
  try {
    return static_cast<typed_set_task<T>&>(*taken).join();
  } catch (const std::system_error& refused) {
    if (refused.code() != errc::result_taken) // that one never will
      set.give_back(std::move(taken));
    throw;
  } catch (...) {
    set.give_back(std::move(taken));
    throw;
  }
}

template <class T>
class [[nodiscard]] join_await final : join_wait {
public:
  explicit join_await(ref<join_set_state> set) noexcept : join_wait(std::move(set)) {}

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  std::optional<joined_task<T>> await_resume() {
    auto taken = finish();
    if (!taken)
      return std::nullopt;
    return join_task<T>(set(), std::move(taken));
  }
  using join_wait::comes_to_nothing; // a race asks
  using join_wait::wait_for_server;
  using join_wait::was_given; // `when_all` does
};

} // namespace detail

template <class T>
class join_set {
  static_assert(task_result<T>,
                "a join_set's T is what its tasks give: void or a movable value with a destructor that "
                "doesn't throw");

public:
  using value_type = T;

  /// For the runtime.
  explicit join_set(detail::ref<detail::join_set_state> state) noexcept : state_(std::move(state)) {}

  /// Admits a child, or says at once why not, as `task_manager::add_task`; `stopping` when the set has ended.
  /// Its body gives a `T`. Of another task that is joined (`on_duplicate::join`) the handle is given, and it
  /// is none of this set's.
  template <class F, class... Args>
  expected<handle<T>> add_task(task_options options, F&& body, Args&&... args) {
    if constexpr (detail::check_body<F, Args...>()) {
      constexpr bool same = std::same_as<detail::body_result<F, Args...>, T>;
      static_assert(same, "the body: its result isn't that of the set's tasks: of join_set<T> it is T");
      if constexpr (same) {
        auto record = detail::make_body(std::forward<F>(body), std::forward<Args>(args)...);
        handle<T> made{record};
        const detail::ref<detail::set_task> entry{new detail::typed_set_task<T>{*state_, made, record}};
        detail::ref<detail::record> joined;
        auto refused = state_->add(entry, std::move(record), std::move(options), joined);
        return detail::handle_of(std::move(made), std::move(refused), joined);
      }
    }
    return rejection{}; // isn't reached
  }
  template <detail::no_options<task_options> First, class... Rest>
  detail::no_task add_task(First&&, Rest&&...) {
    return detail::options_first<First>();
  }

  /// To be awaited: a `std::optional<joined_task<T>>`, of the task that has ended next; empty when all have
  /// been joined. Several may wait, and are served in the order in which they came.
  [[nodiscard]] auto join_next() const { return detail::join_await<T>{state_}; }
  /// What has ended already, if anything has. Anywhere.
  std::optional<joined_task<T>> try_join_next() const {
    auto taken = state_->take();
    if (!taken)
      return std::nullopt;
    return detail::join_task<T>(*state_, std::move(taken));
  }

  /// Asks all tasks that are in it now to end; they are joined as others are. The set goes on.
  void cancel_all() const { state_->cancel_all(); }
  /// Tasks that haven't been joined, whether they have ended or not.
  std::size_t size() const noexcept { return state_->unjoined(); }
  bool empty() const noexcept { return size() == 0; }

private:
  detail::ref<detail::join_set_state> state_;
};

namespace detail {

template <class T, class F>
using join_set_result = typename result_traits<typename call_result<F&, join_set<T>&>::type>::type;

/// True: `F` can be the body of a set. Else a static assertion says why not.
template <class T, class F>
consteval bool check_join_set_body() {
  using plain = std::decay_t<F>;
  constexpr bool callable = std::invocable<plain&, join_set<T>&>;
  constexpr bool coroutine = is_task<typename call_result<plain&, join_set<T>&>::type>;
  static_assert(callable, "the body: a set's body is a coroutine function of one ta::join_set<T>&");
  static_assert(!callable || coroutine,
                "the body: a set's body has to give a task: be a coroutine that returns ta::task<T>");
  static_assert(can_be_kept<F>, "the body: it can't be copied: give it by std::move");
  static_assert(
      may_be_in_an_await<F>,
      "the body: g++ 12 destroys the captures of a lambda twice that is written in an await: give the "
      "lambda a name before, and pass it by that name");
  return callable && coroutine && can_be_kept<F>;
}

/// Cancels the children, and waits until none is left. True: they were to end for a reason outside.
task<bool> end_join_set(ref<join_set_state> state);

template <class T, class F, class R = join_set_result<T, F>>
task<R> run_join_set(F body) {
  const ref<join_set_state> state{new join_set_state{require_context()}};
  const join_set_end end{state};
  join_set<T> set{state};
  std::optional<stored<R>> value;
  std::exception_ptr thrown;
  try {
    group_body<R> scope{state, body(set)};
    if constexpr (std::is_void_v<R>) {
      co_await scope;
      value.emplace();
    } else {
      value.emplace(co_await scope);
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  const bool told = co_await end_join_set(state);
  if (!value)
    std::rethrow_exception(thrown);
  if (told)
    throw cancelled_error{};
  if constexpr (!std::is_void_v<R>)
    co_return std::move(*value);
}

} // namespace detail

/// Runs `body(set)` with a set of tasks that give a `T`, and gives its value when none of these is left.
/// Errors: what the body throws.
template <class T, class F>
[[nodiscard]] auto with_join_set(F&& body) {
  if constexpr (detail::check_join_set_body<T, F>())
    return detail::run_join_set<T, std::decay_t<F>>(std::forward<F>(body));
  else
    return detail::refused_await{};
}

} // namespace taskactor
