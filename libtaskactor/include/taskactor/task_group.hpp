/// `task_group`: child tasks that can't outlive the part of a body that started them.
///
///     co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
///       auto front = group.add_task({.id = "front"}, fetch, url).value();     // task "parent/front"
///       group.start(refresh, cache);                                         // task "parent/2"
///       use(co_await front);
///     });                              // here no child is left
///
/// A child is a task of its own: it takes a token, has its id below its parent's, its deadlines, outcome and
/// events. The parent gives its token back while it waits for the children. The children's
/// `this_task::deadline()` is no later than that of the part of the body that the group is in.
///
/// The first failure (of a child: failed or timed out; or of the body) cancels everything else in the group;
/// a child that is cancelled by itself harms nobody, one that was shed has failed. A cancellation or a
/// deadline around the group reaches body and children at the same time. All of them are awaited;
/// then the group gives the body's value, or throws: also when only children were left to be told of that.
/// What `cancel` has caught is over with the group, unless something around it wants the end as well.
///
/// Ids: the children of a task that have none are numbered as they are added, in all its groups; a number
/// that is taken (by an id of the user's) is skipped.
///
/// A child that others need up and running is waited for until it says that it has started:
///
///     const int port = co_await group.start_ready<int>(serve, address);    // its first await here that ends
///     ta::task<void> serve(ta::ready_signal<int> ready, std::string address) {
///       listener all{address};
///       ready.started(all.port());           // `start_ready` gives this; from now on a child as any other
///
/// Until then its failure is thrown by `start_ready` alone, and the group goes on. A caller that is cancelled
/// meanwhile cancels the child, and goes on when that has ended.
///
/// Errors: `group_error` with all errors, also if there is only one: which of several comes first is chance,
/// and the type of what is thrown shouldn't be. Stops: what can't be stopped is not waited for
/// beyond its grace. Threads: a `task_group` may be passed on to its children, and used from any thread until
/// the group has ended.
#pragma once

#include <taskactor/detail/admit.hpp>
#include <taskactor/detail/group_start.hpp>
#include <taskactor/detail/group_state.hpp>
#include <taskactor/handle.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace taskactor {

/// What has gone wrong in a task group: all of it, in the order in which it did.
class group_error : public std::runtime_error {
public:
  group_error(const std::string& group, std::vector<std::exception_ptr> errors);
  const std::vector<std::exception_ptr>& errors() const noexcept { return *errors_; }

private:
  std::shared_ptr<const std::vector<std::exception_ptr>> errors_;
};

/// What a child of `task_group::start_ready<T>` says that it has started with. Copies are the same. Threads:
/// any.
template <class T>
class ready_signal {
public:
  /// For the runtime.
  ready_signal(detail::ref<detail::valued_start<T>> start, std::size_t attempt) noexcept
      : start_(std::move(start)), attempt_(attempt) {}

  /// True: who waits for the start goes on with the value. False: nobody does any more. Once for each
  /// attempt; that of a later attempt than the one that has started changes nothing. Errors:
  /// `errc::already_ready`, if this attempt has called it before.
  template <class... Value>
    requires std::is_constructible_v<detail::stored<T>, Value...>
             && (sizeof...(Value) == (std::is_void_v<T> ? 0 : 1))
  bool started(Value&&... value) const {
    return start_->started_with(attempt_, std::make_unique<detail::stored<T>>(std::forward<Value>(value)...));
  }

private:
  detail::ref<detail::valued_start<T>> start_;
  std::size_t attempt_;
};

namespace detail {

/// A body with its signal, a new one for each attempt.
template <class F, class T>
class ready_body {
public:
  template <class G>
  ready_body(ref<valued_start<T>> start, G&& function)
      : start_(std::move(start)), function_(std::forward<G>(function)) {}

  template <class... Args>
    requires std::invocable<F&, ready_signal<T>, Args...>
  decltype(auto) operator()(Args&&... args) {
    return std::invoke(function_, ready_signal<T>{start_, start_->begin_attempt()},
                       std::forward<Args>(args)...);
  }

private:
  ref<valued_start<T>> start_;
  F function_;
};

/// True: `F` can be a child of `start_ready<T>`. Else a static assertion says why not.
template <class T, class F, class... Args>
consteval bool check_ready_body() {
  using plain = std::decay_t<F>;
  constexpr bool callable = std::invocable<plain&, ready_signal<T>, std::decay_t<Args>...>;
  static_assert(task_result<T>,
                "start_ready<T>: T is void or a movable value with a destructor that doesn't throw");
  static_assert(
      callable,
      "start_ready<T>: the body's first parameter is a ta::ready_signal<T>; the arguments follow, as "
      "copies of its own: their number or a type doesn't fit");
  static_assert(may_be_in_an_await<F> && (may_be_in_an_await<Args> && ...),
                "start_ready: g++ 12 destroys the captures of a lambda twice that is written in an await: "
                "give the lambda a name before, and pass it by that name");
  if constexpr (callable && task_result<T>)
    return check_body<ready_body<plain, T>, Args...>();
  return false;
}

} // namespace detail

class task_group {
public:
  /// For the runtime.
  explicit task_group(detail::ref<detail::group_state> state) noexcept : state_(std::move(state)) {}

  /// Admits a child, or says at once why not, as `task_manager::add_task`; `stopping` when the group has
  /// ended (its body has, and no child is left), or its task was killed. In a group that is being cancelled
  /// it is admitted, and cancelled. An id is put below the parent's.
  template <class F, class... Args>
  expected<handle<detail::body_result<F, Args...>>> add_task(task_options options, F&& body, Args&&... args) {
    if constexpr (detail::check_body<F, Args...>()) {
      auto record = detail::make_body(std::forward<F>(body), std::forward<Args>(args)...);
      handle<detail::body_result<F, Args...>> result{record};
      detail::ref<detail::record> joined;
      auto refused = state_->admit(std::move(record), std::move(options), joined);
      return detail::handle_of(std::move(result), std::move(refused), joined);
    }
    return rejection{}; // isn't reached
  }
  template <detail::no_options<task_options> First, class... Rest>
  detail::no_task add_task(First&&, Rest&&...) {
    return detail::options_first<First>();
  }

  /// As `add_task`, for a child whose value nobody asks for. Errors: `std::system_error`, when it is refused.
  template <class F, class... Args>
  void start(F&& body, Args&&... args) {
    if constexpr (detail::check_body<F, Args...>()) {
      auto record = detail::make_body(std::forward<F>(body), std::forward<Args>(args)...);
      detail::ref<detail::record> joined;
      if (const auto refused = state_->admit(std::move(record), {}, joined))
        throw_rejection(*refused);
    }
  }

  /// To be awaited, in any task: a child that says when it has started, by its first parameter, a
  /// `ready_signal<T>`; gives what it has said (see above). Its own result is nobody's.
  /// Errors: the child's own, or `task_error`, if it ends before; `errc::never_ready`, if it ends well
  /// before; `std::system_error`, when it is refused (also for `on_duplicate::join`, since another has
  /// started that one). Stops: when the child has ended.
  template <class T = void, class F, class... Args>
    requires detail::no_options<F, task_options>
  [[nodiscard]] auto start_ready(F&& body, Args&&... args) {
    return start_ready<T>(task_options{}, std::forward<F>(body), std::forward<Args>(args)...);
  }
  template <class T = void, class F, class... Args>
  [[nodiscard]] auto start_ready(task_options options, F&& body, Args&&... args) {
    if constexpr (detail::check_ready_body<T, F, Args...>()) {
      const detail::ref<detail::valued_start<T>> start{new detail::valued_start<T>{state_}};
      using child = detail::ready_body<std::decay_t<F>, T>;
      detail::ref<detail::record> record
          = detail::make_body(child{start, std::forward<F>(body)}, std::forward<Args>(args)...);
      return detail::start_and_wait<T>(state_, start, std::move(record), std::move(options));
    } else {
      return detail::refused_await{};
    }
  }

  /// Asks everything in the group to end, the body too. The group itself then ends without an error.
  void cancel() const { state_->cancel(); }
  /// Children that haven't ended yet.
  std::size_t size() const noexcept { return state_->size(); }

private:
  detail::ref<detail::group_state> state_;
};

namespace detail {

template <class F>
using group_result = typename result_traits<typename call_result<F&, task_group&>::type>::type;

/// True: `F` can be the body of a group. Else a static assertion says why not.
template <class F>
consteval bool check_group_body() {
  using plain = std::decay_t<F>;
  constexpr bool callable = std::invocable<plain&, task_group&>;
  constexpr bool coroutine = is_task<typename call_result<plain&, task_group&>::type>;
  static_assert(callable, "the body: a group's body is a coroutine function of one ta::task_group&");
  static_assert(!callable || coroutine,
                "the body: a group's body has to give a task: be a coroutine that returns ta::task<T>");
  static_assert(can_be_kept<F>, "the body: it can't be copied: give it by std::move");
  static_assert(
      may_be_in_an_await<F>,
      "the body: g++ 12 destroys the captures of a lambda twice that is written in an await: give the "
      "lambda a name before, and pass it by that name");
  return callable && coroutine && can_be_kept<F>;
}

/// What a group's body and children have come to; throws what has gone wrong.
template <class T>
class group_outcome {
public:
  void keep_error(group_state& state) noexcept {
    try {
      throw;
    } catch (const cancelled_error&) {
      cancelled_ = !state.cancelled() || require_context().must_stop();
    } catch (...) {
      state.fail(std::current_exception());
    }
    state.cancel_children(end_reason::parent_ended);
  }
  void check(group_state& state, bool told) const {
    auto errors = state.take_errors();
    if (!errors.empty())
      throw group_error{state.parent_id(), std::move(errors)};
    if (cancelled_ || told)
      throw cancelled_error{};
    if (!std::is_void_v<T> && !value)
      throw group_error{state.parent_id(), {}};
  }

  std::optional<stored<T>> value;

private:
  bool cancelled_ = false;
};

template <class F, class T = group_result<F>>
task<T> run_group(F body) {
  const ref<group_state> state{new group_state{require_context()}};
  task_group group{state};
  group_outcome<T> outcome;
  try {
    group_body<T> scope{state, body(group)};
    if constexpr (std::is_void_v<T>)
      co_await scope;
    else
      outcome.value.emplace(co_await scope);
  } catch (...) {
    outcome.keep_error(*state);
  }
  group_join join{state};
  co_await join;
  outcome.check(*state, join.told());
  if constexpr (!std::is_void_v<T>)
    co_return std::move(*outcome.value);
}

} // namespace detail

/// Runs `body(group)`, and gives its value when no child of the group is left. Errors: `group_error`; one
/// without errors when `task_group::cancel` has kept the body from having a value.
template <class F>
[[nodiscard]] auto with_group(F&& body) {
  if constexpr (detail::check_group_body<F>())
    return detail::run_group<std::decay_t<F>>(std::forward<F>(body));
  else
    return detail::refused_await{};
}

} // namespace taskactor
