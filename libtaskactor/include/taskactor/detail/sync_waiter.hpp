/// Who waits at a channel, a mutex, an event, ...: a task's body or a thread. Not for users.
///
/// A primitive has one lock, and lines of those who wait. Who serves a waiter takes it out of its line under
/// that lock and says how its wait is over; who gives up takes it out under the same lock. So one of the two
/// happens, whatever races: a waiter that is cancelled has been given nothing, and one that has been given
/// something goes on with it, cancelled or not. Only what a killed body was given goes back
/// (`sync_await::give_back`).
///
/// No code of the user's runs under such a lock: values are moved there only as pointers, or if they are
/// trivially copyable (`sync_cell.hpp`).
#pragma once

#include <taskactor/detail/ref.hpp>
#include <taskactor/detail/reference_count.hpp>
#include <taskactor/detail/source_watchers.hpp>
#include <taskactor/detail/sync_lock.hpp>
#include <taskactor/detail/wait.hpp>
#include <taskactor/time_span.hpp>

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace taskactor::detail {

class callers;
class semaphore;
class sync_line;
class sync_wakes;

/// How a wait is over.
enum class wait_end : std::uint8_t {
  none, // it isn't
  served,
  closed,
};

class sync_waiter {
public:
  sync_waiter(const sync_waiter&) = delete;
  sync_waiter& operator=(const sync_waiter&) = delete;

  /// Once it isn't `none`, all that its server has written for it can be read.
  wait_end end() const noexcept { return end_.load(std::memory_order_acquire); }
  /// Under the lock: it can be served.
  bool is_in_line() const noexcept { return line_ != nullptr; }
  /// Under the lock: where what it gives, or is given, lies.
  void* place() const noexcept { return place_; }

protected:
  sync_waiter() = default;
  virtual ~sync_waiter() = default;
  /// Under the lock: there was no need to wait.
  void end_at_once(wait_end how) noexcept { end_.store(how, std::memory_order_relaxed); }
  /// Takes it out of its line, under the lock. False: it is in none, or has been served.
  bool leave(sync_lock& primitive) noexcept;
  /// Under the lock, when it has left unserved: those behind it may be served now.
  virtual void on_left(sync_wakes&) noexcept {}
  /// What is served, or fetched, is here.
  explicit sync_waiter(void* place) noexcept : place_(place) {}
  void wait_as(context& body) noexcept { body_ = &body; }
  void wait_as(semaphore& thread) noexcept { thread_ = &thread; }
  bool is_body() const noexcept { return body_ != nullptr; }
  context* body() const noexcept { return body_; }
  bool is_woken_under_lock() const noexcept { return woken_under_lock_; }

private:
  friend class sync_line;
  friend class sync_wakes;

  sync_waiter* before_ = nullptr;
  sync_waiter* behind_ = nullptr;
  sync_line* line_ = nullptr;
  void* place_ = nullptr;
  context* body_ = nullptr; // of the two that who waits is, the other is null
  semaphore* thread_ = nullptr;
  std::atomic<wait_end> end_{wait_end::none};
  bool woken_under_lock_ = false; // written before `end_`
};

/// First come, first served. Guarded by its primitive's lock.
class sync_line {
public:
  sync_line() = default;
  sync_line(const sync_line&) = delete;
  sync_line& operator=(const sync_line&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }
  sync_waiter* first() const noexcept { return first_; }
  sync_waiter* behind(const sync_waiter& one) const noexcept { return one.behind_; }
  void push_back(sync_waiter& one) noexcept;
  void push_front(sync_waiter& one) noexcept;
  void remove(sync_waiter& one) noexcept;

private:
  void link(sync_waiter& one, sync_waiter* before, sync_waiter* behind) noexcept;

  sync_waiter* first_ = nullptr;
  sync_waiter* last_ = nullptr;
  std::size_t size_ = 0;
};

/// Wakes those who were served, in their order. Made before the primitive's lock is taken, so that the last
/// one is woken after it, which mostly is the only one. The first body that is served may have ended, and its
/// manager too, before it is woken: both are held until the lock is free. Each further one is woken under the
/// lock, and doesn't go on before that is free (`sync_await::finish`): so nothing of the user's is destroyed
/// under it. To hold each of them as the first would take memory, in calls that can't fail, and would end
/// bodies on the thread that serves. What it costs: whoever comes to the primitive meanwhile waits until all
/// are woken, and that may take memory, which the queue waits for without its own lock. Only what ends all
/// waits at once serves so many: a `close`, a `set`, a `notify_all`, the permits of one call.
class sync_wakes {
public:
  sync_wakes() = default;
  sync_wakes(const sync_wakes&) = delete;
  sync_wakes& operator=(const sync_wakes&) = delete;
  ~sync_wakes();

  /// Under the lock: its wait is over.
  void serve(sync_waiter& one, wait_end how = wait_end::served) noexcept;
  void serve_all(sync_line& line, wait_end how = wait_end::served) noexcept {
    while (auto* const one = line.first())
      serve(*one, how);
  }
  /// For those who watch: told behind those who were served.
  source_news& news() noexcept { return news_; }

private:
  void hold(context& first) noexcept;
  void wake() noexcept;

  ref<context> first_;
  callers* entered_ = nullptr; // those of its manager
  bool owes_first_ = false;    // it isn't woken yet
  semaphore* thread_ = nullptr;
  source_news news_;
};

/// What a primitive's copies share, and its waiters keep alive.
class sync_state : public reference_count {
public:
  sync_state() = default;
  sync_state(const sync_state&) = delete;
  sync_state& operator=(const sync_state&) = delete;

  void release() noexcept {
    if (drop_reference())
      delete this;
  }
  void add_owner() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void drop_owner() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      on_last_owner();
  }

  sync_lock lock;

protected:
  virtual ~sync_state() = default;
  /// Nobody has a copy any more; some may still wait.
  virtual void on_last_owner() noexcept {}

private:
  std::atomic<std::size_t> owners_{0};
};

[[noreturn]] void refuse_empty_primitive();

/// One copy of a primitive. Errors: `errc::invalid_argument`, when it is asked for its state and has been
/// moved from.
template <std::derived_from<sync_state> State>
class sync_owner {
public:
  explicit sync_owner(State* made) noexcept : state_(made) { state_->add_owner(); }
  sync_owner(const sync_owner& other) noexcept : state_(other.state_) {
    if (state_)
      state_->add_owner();
  }
  sync_owner(sync_owner&& other) noexcept = default;
  sync_owner& operator=(sync_owner other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~sync_owner() {
    if (state_)
      state_->drop_owner();
  }

  State& operator*() const {
    if (!state_)
      refuse_empty_primitive();
    return *state_;
  }
  State* operator->() const { return &**this; }
  friend bool operator==(const sync_owner&, const sync_owner&) noexcept = default;

private:
  ref<State> state_;
};

/// An await at a primitive. Rule 6: the body lends its token while it waits.
///
/// Who derives from it is `final`, and in its destructor gives back what it was served and hasn't taken.
class sync_await : protected lending_wait, public sync_waiter {
protected:
  sync_await(sync_state& at, void* place) noexcept : sync_waiter(place), at_(&at) {}
  /// Of one that isn't awaited yet, and may be awaited when who made it has gone.
  sync_await(const sync_await& unused, void* place) noexcept
      : sync_waiter(place), at_(unused.at_), keeps_(unused.at_) {}
  ~sync_await() override = default;

  /// Under the lock, `attempt(wakes)` says how the wait is over at once, or puts it in a line: `none`.
  template <class Attempt>
  bool begin(context& ctx, Attempt&& attempt) {
    if (const auto parks = ctx.refusal()) {
      refused_ = true;
      return *parks;
    }
    bool parks = false;
    {
      sync_wakes wakes;
      const std::lock_guard guard{at_->lock};
      wait_as(ctx);
      const wait_end how = attempt(wakes);
      parks = how == wait_end::none;
      if (!parks)
        end_at_once(how);
      else if (!keeps_)
        keeps_ = ref<sync_state>{at_}; // before anybody can serve it
    }
    if (parks) {
      lend(ctx);
      return true;
    }
    if (!ctx.goes_on())
      return false;
    keeps_ = ref<sync_state>{at_};
    ctx.waiting = this; // it is ready, and hears of a kill
    return true;
  }
  /// At the end of each wait. Errors: `cancelled_error`.
  void finish() const;
  /// What `finish` would throw.
  bool comes_to_nothing() const noexcept { return refused_ || gave_up(); }
  /// What it takes when it goes on would go back otherwise.
  bool was_given() const noexcept { return !comes_to_nothing() && end() == wait_end::served; }
  /// Until who has served it is through with its body. `finish` does, too.
  void wait_for_server() const noexcept;
  /// What it was given is the body's now.
  void taken() noexcept { taken_ = true; }
  /// The body won't go on: leaves the line. True, once: it was given what is to go back.
  bool abandon() noexcept;

  /// What it was served, and can't take any more, goes back. Called at a kill.
  virtual void give_back() noexcept {}

private:
  bool arrived() const noexcept final { return end() != wait_end::none; }
  bool give_up() noexcept override;
  ref<operation> kill() noexcept final;

  sync_state* at_;
  ref<sync_state> keeps_; // while it is parked, or was moved
  bool refused_ = false;
  bool taken_ = false;
};

/// A thread that blocks at a primitive; one of a task's call lends its tokens meanwhile, and ends with its
/// task.
class sync_block : public sync_waiter {
public:
  /// Errors: `errc::would_block` inside a coroutine body, before anything is done.
  explicit sync_block(void* place);
  ~sync_block() override;

  /// As `sync_await::begin`, and waits. `none`: the time is up. Errors: `cancelled_error`, of a task's call
  /// that is asked to end.
  template <class Attempt>
  wait_end run(sync_state& at, Attempt&& attempt, time_point until = time_point::max()) {
    const ref<sync_state> keeps{&at};
    {
      sync_wakes wakes;
      const std::lock_guard guard{at.lock};
      wait_as(*posted_);
      if (const wait_end how = attempt(wakes); how != wait_end::none)
        return how;
    }
    return park(at.lock, until);
  }

private:
  wait_end park(sync_lock& primitive, time_point until);
  bool wait(time_point until);

  std::unique_ptr<semaphore> posted_;
};

} // namespace taskactor::detail
