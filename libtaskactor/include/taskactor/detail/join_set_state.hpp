/// What a `join_set` and those who join its tasks share. Not for users.
///
///     added --> live --its end is told--> ended --> joined: by who asks, or has waited longest
///
/// A task is joined once, by whoever takes it out of the list under the lock. Who waits and is cancelled
/// leaves under the same lock; what a body was given that is killed before it goes on is there again for the
/// next that asks.
#pragma once

#include <taskactor/detail/end_listener.hpp>
#include <taskactor/detail/group_state.hpp>
#include <taskactor/detail/reference_count.hpp>
#include <taskactor/detail/wait.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::detail {

class join_set_state;
class set_task_list;

/// One task of a set. A list that it is in is one of its owners.
class set_task : public end_listener, public reference_count {
public:
  set_task(const set_task&) = delete;
  set_task& operator=(const set_task&) = delete;
  void release() noexcept {
    if (drop_reference())
      delete this;
  }

protected:
  set_task(join_set_state& of, ref<record> task) noexcept;
  virtual ~set_task() = default;

private:
  friend class join_set_state;
  friend class set_task_list;

  join_set_state& set_;
  const ref<record> task_;
  set_task* before_ = nullptr;
  set_task* behind_ = nullptr;
  set_task_list* in_ = nullptr;
};

/// Threads: under the set's lock.
class set_task_list {
public:
  bool empty() const noexcept { return first_ == nullptr; }
  set_task* first() const noexcept { return first_; }
  static set_task* behind(const set_task& one) noexcept { return one.behind_; }
  void push_back(ref<set_task> one) noexcept { link(one.detach(), last_, nullptr); }
  void push_front(ref<set_task> one) noexcept { link(one.detach(), nullptr, first_); }
  ref<set_task> remove(set_task& one) noexcept;
  ref<set_task> pop_front() noexcept { return remove(*first_); }

private:
  void link(set_task* one, set_task* before, set_task* behind) noexcept;

  set_task* first_ = nullptr;
  set_task* last_ = nullptr;
};

/// Who waits for the next end. Under the set's lock, but for `served`.
struct join_waiter {
  ref<set_task> got;
  context* body = nullptr;
  join_waiter* before = nullptr;
  join_waiter* behind = nullptr;
  bool waits = false; // in the set's line
  std::atomic<bool> served{false};
};

/// Its children's failures are outcomes like others.
class join_set_state final : public group_state {
public:
  using group_state::group_state;

  // -- adding ---------------------------------------------------------------
  /// Before its admission. False: the set is over.
  bool enlist(const ref<set_task>& one) noexcept;
  /// It was refused.
  void forget(set_task& one) noexcept;
  /// `enlist`, and admission. Errors: as `group_state::admit`.
  std::optional<rejection> add(const ref<set_task>& one, ref<record> child, task_options&& options,
                               ref<record>& joined);

  // -- joining --------------------------------------------------------------
  /// What has ended first, or null.
  ref<set_task> take() noexcept;
  /// True: `who` has what it asks for. Else it waits.
  bool take_or_wait(join_waiter& who) noexcept;
  /// False: it was served meanwhile.
  bool stop_waiting(join_waiter& who) noexcept;
  /// Was taken, and couldn't be given.
  void give_back(ref<set_task> one) noexcept;
  /// Its end is told: under a lock of its record's.
  void on_end(set_task& one) noexcept;

  /// Added and not joined.
  std::size_t unjoined() const noexcept;
  /// Asks those that haven't ended. Errors: `std::bad_alloc`, with nothing done.
  void cancel_all() const;
  /// No task is left, or will be: what hasn't been joined is dropped.
  void close() noexcept;

  void child_ended(record&) noexcept override {}

private:
  void serve_all_if_empty() noexcept;
  void serve(join_waiter& who, ref<set_task> with) noexcept;
  void unlink(join_waiter& who) noexcept;

  mutable std::mutex mutex_; // what follows
  set_task_list live_, ended_;
  std::size_t unjoined_ = 0;
  join_waiter* first_waiting_ = nullptr;
  join_waiter* last_waiting_ = nullptr;
  bool closed_ = false;
};

/// Waits for the next end. Whoever serves it holds the set's lock until it has woken it, and what follows the
/// wait takes that lock: so it is still there.
class join_wait : protected lending_wait {
protected:
  explicit join_wait(ref<join_set_state> set) noexcept : set_(std::move(set)) {}
  /// Of one that isn't awaited yet.
  join_wait(join_wait&& unused) noexcept : join_wait(unused.set_) {}
  ~join_wait() { abandon(); }

  bool begin(context& ctx);
  /// Null: nothing is left. Errors: `cancelled_error`.
  ref<set_task> finish();
  /// What `finish` would throw.
  bool comes_to_nothing() const noexcept { return refused_ || gave_up(); }
  /// What it takes when it goes on would go back otherwise.
  bool was_given() const noexcept { return !comes_to_nothing() && bool{me_.got}; }
  /// Until who has served it is through with it. `finish` does, too.
  void wait_for_server() noexcept { set_->stop_waiting(me_); }
  join_set_state& set() const noexcept { return *set_; }

private:
  bool arrived() const noexcept override { return me_.served.load(std::memory_order_acquire); }
  bool give_up() noexcept override { return set_->stop_waiting(me_); }
  std::string awaited() const override {
    return "the next end of a task of its set, of which " + std::to_string(set_->unjoined()) + " are left";
  }
  ref<operation> kill() noexcept override;
  void abandon() noexcept;

  ref<join_set_state> set_;
  join_waiter me_;
  bool begun_ = false, refused_ = false;
};

/// Closes its set, whatever happens to the frame that it is in.
class join_set_end {
public:
  explicit join_set_end(ref<join_set_state> set) noexcept : set_(std::move(set)) {}
  join_set_end(const join_set_end&) = delete;
  join_set_end& operator=(const join_set_end&) = delete;
  ~join_set_end() { set_->close(); }

private:
  const ref<join_set_state> set_;
};

} // namespace taskactor::detail
