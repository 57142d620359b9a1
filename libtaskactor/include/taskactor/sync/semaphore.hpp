/// `semaphore`: so many permits, for parts of bodies and of threads' work: a limiter without a name.
///
///     ta::semaphore slots{4};                          // copies are the same semaphore
///     {
///       const auto one = co_await slots.acquire();     // waits while there is none
///       co_await query();
///     }                                                // the permit comes back
///     const auto three = co_await slots.acquire(3);    // all three at once
///     slots.add_permits(2);                            // 6 from now on
///     slots.remove_permits(1);                         // one that nobody has is taken away
///
/// Who waits is served in the order of coming: one that wants more than there is isn't overtaken by those
/// behind it that want less. When it gives up, those are served. One that wants more than all there are waits
/// until some are added; `error{errc::closed}`, once the last copy is gone, so that nobody can. Permits and
/// waits keep what the copies share, and are no copies.
///
/// **No permit is lost, or there twice**: an `acquire` that throws `cancelled_error` has taken none, whatever
/// races. What was given to a body that is killed before it goes on comes back. A permit may be moved to
/// another task or thread.
///
/// A body that waits lends its token. Stops: while it waits. Errors: `errc::closed`;
/// `errc::invalid_argument` of `add_permits`, if the count of all doesn't fit into a `std::size_t`, and of a
/// semaphore that was moved from; of `blocking_acquire` `errc::would_block` inside a coroutine body, and
/// `cancelled_error` when the task whose thread waits is asked to end. Threads: any.
#pragma once

#include <taskactor/detail/sync_waiter.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <cstddef>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {

class semaphore_state final : public sync_state {
public:
  explicit semaphore_state(std::size_t permits) noexcept : value_(permits), total_(permits) {}

  bool try_acquire(std::size_t amount) noexcept;
  void give_back(std::size_t amount) noexcept;
  void add(std::size_t amount);
  std::size_t remove(std::size_t amount) noexcept;
  /// They are held, and won't come back.
  void forget(std::size_t amount) noexcept;
  std::size_t value() noexcept;
  std::size_t waiting() noexcept;

  // -- under the lock -------------------------------------------------------
  /// `one` has the amount as its place.
  wait_end acquire_or_wait(sync_waiter& one) noexcept;
  void serve(sync_wakes& wakes) noexcept;

private:
  bool is_hopeless(std::size_t amount) const noexcept { return orphaned_ && amount > total_; }
  void on_last_owner() noexcept override;

  // Guarded by the lock.
  sync_line waiting_;
  std::size_t value_; // that nobody has
  std::size_t total_;
  bool orphaned_ = false; // there is no copy any more
};

} // namespace detail

/// Whoever has it has so many permits of a semaphore, none if it is empty.
class [[nodiscard]] semaphore_permit {
public:
  /// Empty.
  semaphore_permit() noexcept = default;
  /// For the runtime: they are taken.
  semaphore_permit(detail::ref<detail::semaphore_state> from, std::size_t amount) noexcept
      : state_(std::move(from)), amount_(amount) {}
  semaphore_permit(semaphore_permit&& other) noexcept
      : state_(std::exchange(other.state_, {})), amount_(std::exchange(other.amount_, 0)) {}
  semaphore_permit& operator=(semaphore_permit other) noexcept {
    std::swap(state_, other.state_);
    std::swap(amount_, other.amount_);
    return *this;
  }
  ~semaphore_permit() { release(); }

  /// Gives them back now; it is empty then.
  void release() noexcept {
    if (const auto from = std::exchange(state_, {}))
      from->give_back(std::exchange(amount_, 0));
  }
  /// They don't come back: the semaphore has so many less. It is empty then.
  void forget() noexcept {
    if (const auto from = std::exchange(state_, {}))
      from->forget(std::exchange(amount_, 0));
  }
  std::size_t amount() const noexcept { return amount_; }
  /// It isn't empty.
  explicit operator bool() const noexcept { return static_cast<bool>(state_); }

private:
  detail::ref<detail::semaphore_state> state_;
  std::size_t amount_ = 0;
};

namespace detail {

class [[nodiscard]] permit_await final : sync_await {
public:
  permit_await(semaphore_state& of, std::size_t amount) noexcept
      : sync_await(of, &amount_), of_(&of), amount_(amount) {}
  /// Of one that isn't awaited yet.
  permit_await(permit_await&& unused) noexcept
      : sync_await(unused, &amount_), of_(unused.of_), amount_(unused.amount_) {}
  ~permit_await() override { permit_await::give_back(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx, [this](sync_wakes&) { return of_->acquire_or_wait(*this); });
  }
  semaphore_permit await_resume();
  using sync_await::comes_to_nothing; // a race asks
  using sync_await::wait_for_server;
  using sync_await::was_given; // `when_all` does

private:
  std::string awaited() const override;
  void on_left(sync_wakes& wakes) noexcept override { of_->serve(wakes); }
  void give_back() noexcept override {
    if (abandon())
      of_->give_back(amount_);
  }

  semaphore_state* of_;
  std::size_t amount_;
};

} // namespace detail

class semaphore {
public:
  /// Zero: none until some are added.
  explicit semaphore(std::size_t permits) : state_(new detail::semaphore_state{permits}) {}

  /// To be awaited, in a task: a `semaphore_permit`.
  [[nodiscard]] auto acquire(std::size_t amount = 1) const { return detail::permit_await{*state_, amount}; }
  /// Anywhere. Empty if there aren't so many now, or somebody waits.
  semaphore_permit try_acquire(std::size_t amount = 1) const {
    if (!state_->try_acquire(amount))
      return {};
    return {detail::ref<detail::semaphore_state>{&*state_}, amount};
  }
  /// On a thread.
  semaphore_permit blocking_acquire(std::size_t amount = 1) const;

  /// More than there were: also to give back what was forgotten, or to tell of work that is there.
  void add_permits(std::size_t amount = 1) const { state_->add(amount); }
  /// As far as nobody has them. Returns how many.
  std::size_t remove_permits(std::size_t amount) const { return state_->remove(amount); }
  /// Permits that nobody has.
  std::size_t value() const { return state_->value(); }
  /// How many wait.
  std::size_t waiting() const { return state_->waiting(); }
  /// The same semaphore.
  friend bool operator==(const semaphore&, const semaphore&) noexcept = default;

private:
  detail::sync_owner<detail::semaphore_state> state_;
};

} // namespace taskactor
