/// `handle<T>`: a view of one task; each copy is an owner of its outcome.
///
///     auto h = tasks.add_task({.id = "front"}, fetch, url).value();
///     const page& p = h.get();           // blocks; or throws the body's exception or `task_error`
///     const page& q = co_await h;        // inside a task, which gives its token back meanwhile
///     page mine = std::move(h).get();    // the value itself; as co_await std::move(h), or of a temporary
///     co_await h.outcome();              // how it ended, without throwing
///     co_await h.ended();                // only that it has ended, however; blocking: h.wait()
///
/// An lvalue handle gives a reference, valid as long as any handle of the task. An rvalue handle gives the
/// value itself, and is empty then: moved if it is the only handle, else copied. What can't be copied
/// (`copyable_result`) is for the first that takes it, unless a reference was given before; for the others it
/// is `errc::result_taken`. A copy that throws loses nothing; of a move that throws nothing is left.
///
/// `wait`, `wait_for` and `ended` only wait: who does no more has seen neither value nor error, so a failure
/// is still reported when the last handle goes (`event_kind::unobserved_failure`), and the value can still
/// be moved out.
///
/// Dropping a handle does nothing to the task. A handle may outlive its manager: all has ended then.
/// Errors: the blocking calls throw `errc::would_block` inside a coroutine body: they would hold a scheduler
/// thread. An empty handle (default-made, or moved from) is false, throws `errc::invalid_argument` when asked
/// for an end, and has nothing to cancel. Threads: any number in what is const, else one at a time a copy.
/// Stops: a body cancelled in `co_await h` stops waiting at once; the other task goes on.
#pragma once

#include <taskactor/detail/body.hpp>
#include <taskactor/detail/wait.hpp>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace taskactor {

template <class T>
class [[nodiscard]] handle : public detail::view_of_actor<handle<T>> {
  using record_type = detail::outcome_record<T>;
  using outcome_type = taskactor::outcome<T>;
  using reference = std::conditional_t<std::is_void_v<T>, void, std::add_lvalue_reference_t<const T>>;

public:
  using value_type = T;

  handle() noexcept = default;
  /// For the runtime.
  explicit handle(detail::ref<record_type> record) noexcept : record_(std::move(record)) {
    record_->owners.add();
  }
  handle(const handle& other) noexcept : record_(other.record_) {
    if (record_)
      record_->owners.add();
  }
  handle(handle&& other) noexcept = default;
  handle& operator=(handle other) noexcept {
    std::swap(record_, other.record_);
    return *this;
  }
  ~handle() {
    if (record_)
      record_->drop_handle();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(record_); }
  const std::string& id() const& noexcept { return record_ ? record_->id : detail::no_id(); }
  std::string id() && { return std::as_const(*this).id(); }
  taskactor::state state() const noexcept {
    return record_ ? record_->state.load(std::memory_order_acquire) : taskactor::state::cancelled;
  }
  bool finished() const noexcept { return is_final(state()); }
  task_info info() const { return checked().info(); }

  /// Blocks until the task has ended, however.
  void wait() const { detail::wait(checked()); }
  /// Blocks until the task has ended or `limit` is over. True: it has ended.
  bool wait_for(time_span limit) const { return detail::wait_for(checked(), limit); }

  /// Blocks until the end, then gives the value, or throws what there is instead.
  reference get() const& {
    wait();
    return look();
  }
  T get() && {
    wait();
    return take();
  }
  reference get() const&& = delete; // it would refer to what goes with the handle

  /// Blocks until the end, then gives how it ended.
  const outcome_type& wait_outcome() const& {
    wait();
    return look_at_outcome();
  }
  outcome_type wait_outcome() && {
    wait();
    return take_outcome();
  }
  const outcome_type& wait_outcome() const&& = delete;

  /// How it ended, or null while it hasn't.
  const outcome_type* try_outcome() const& {
    checked();
    return finished() ? &look_at_outcome() : nullptr;
  }
  std::optional<outcome_type> try_outcome() && {
    checked();
    return finished() ? std::optional<outcome_type>{take_outcome()} : std::nullopt;
  }
  const outcome_type* try_outcome() const&& = delete;

  /// Asks this task to end; the answer as `task_manager::cancel_task`'s.
  cancel_reply cancel() const { return record_ ? detail::cancel(*record_) : cancel_reply::unknown; }

private:
  friend detail::view_of_actor<handle>;
  friend class predecessor;
  struct owner { // before the wait, which refers to its record
    handle held;
  };

  /// `Give` says what of the end the awaiting body gets.
  template <auto Give>
  class [[nodiscard]] awaiter final : owner, detail::end_wait {
  public:
    explicit awaiter(handle which) : owner{std::move(which)}, end_wait(owner::held.checked()) {}
    bool await_ready() const noexcept { return false; }
    template <detail::body_promise Promise>
    bool await_suspend(std::coroutine_handle<Promise> self) {
      return begin(*self.promise().ctx);
    }
    decltype(auto) await_resume() {
      finish();
      return (owner::held.*Give)();
    }
  };

public:
  /// Inside a task: as `get`.
  auto operator co_await() const& { return awaiter<&handle::look>{*this}; }
  auto operator co_await() && { return awaiter<&handle::take>{std::move(*this)}; }
  void operator co_await() const&& = delete;

  /// Inside a task, to be awaited: as `wait_outcome`.
  [[nodiscard]] auto outcome() const& { return awaiter<&handle::look_at_outcome>{*this}; }
  [[nodiscard]] auto outcome() && { return awaiter<&handle::take_outcome>{std::move(*this)}; }
  void outcome() const&& = delete;

  /// Inside a task, to be awaited: as `wait`.
  [[nodiscard]] auto ended() const { return detail::ended_awaiter{detail::ref<detail::record>{&checked()}}; }

private:
  record_type& checked() const {
    if (!record_)
      detail::refuse_empty_handle();
    return *record_;
  }

  const outcome_type& look_at_outcome() const {
    record_->mark_observed();
    const outcome_type& end = record_->result();
    if (!std::is_void_v<T> && end && !record_->owners.lend())
      detail::refuse_taken(*record_);
    return end;
  }
  reference look() const { return look_at_outcome().value(); }

  /// There is a value, and it is the caller's. False: there is none, or it is to be copied. Errors:
  /// `errc::result_taken`, when it can't be copied either.
  bool takes_value() const {
    record_->mark_observed();
    if (std::is_void_v<T> || !record_->result())
      return false;
    if ((!copyable_result<T> || record_->owners.only_one()) && record_->owners.take())
      return true;
    if (!copyable_result<T> || !record_->owners.lend())
      detail::refuse_taken(*record_);
    return false;
  }
  template <class Kept>
  Kept copied(const Kept& from) {
    Kept copy(from);
    *this = handle{};
    return copy;
  }

  T take() {
    const bool takes = takes_value();
    if constexpr (!std::is_void_v<T> && copyable_result<T>)
      if (!takes && record_->result())
        return copied<T>(*record_->result());
    const handle last{std::move(*this)};
    return std::move(last.record_->result()).value();
  }

  outcome_type take_outcome() {
    const bool takes = takes_value();
    if (!record_->result())
      return copied(failure{record_->result().error()});
    if constexpr (copyable_result<T>)
      if (!takes)
        return copied<outcome_type>(record_->result());
    const handle last{std::move(*this)};
    return std::move(last.record_->result());
  }

  detail::ref<record_type> record_;
};

} // namespace taskactor
