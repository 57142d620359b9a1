/// A slot of a gather. Not for users: see `gather_state.hpp`.
#pragma once

#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

/// One slot: a record whose body is one item after the other, each after a pause if there is jitter.
class gather_slot : public record {
public:
  explicit gather_slot(ref<gather_state> state);

  bool start(context& where) final;
  void collect() noexcept final;
  std::exception_ptr discard_body() noexcept final;
  bool advance() final;
  void deliver() noexcept final;
  void on_down() noexcept final;
  std::string current_id() const final;
  void drop_outcome() noexcept final {}
  const failure* failed() const noexcept final { return nullptr; }
  /// Is the time of the item, or of all, up? If so it is given its outcome here.
  deadline_check review(time_point now) final;
  void leave_item(failure how) noexcept final;

  /// Any thread: whether it is this item's now.
  bool runs(std::size_t index) const noexcept {
    return undelivered_.load(std::memory_order_acquire) && index_.load(std::memory_order_relaxed) == index;
  }
  /// Any thread: the item is asked to end, and no other takes its place. Requested: the manager is to be
  /// told.
  cancel_reply hold(std::size_t index, end_reason why) noexcept;

protected:
  virtual bool fetch(std::size_t& index) = 0;
  virtual bool start_item(context& where) = 0;
  virtual void collect_item() noexcept = 0;
  virtual std::exception_ptr discard_item() noexcept = 0;
  /// `late`: on the manager's thread.
  virtual void deliver_item(std::size_t index, bool late) = 0;
  virtual const failure* item_failure() const noexcept = 0;
  /// The item becomes a task of its own, with a handle.
  virtual ref<record> make_task() = 0;
  /// That has ended: takes its outcome, and decides.
  virtual void collect_task() noexcept = 0;
  /// Nobody asks it for its outcome.
  virtual void drop_task() noexcept = 0;

private:
  bool fetch_next();
  bool fetch_next_generation();
  bool hand_over(bool late) noexcept;
  bool end_item(std::uint64_t seen, failure how) noexcept;
  void let_go() noexcept;
  void start_pause(context& where);
  bool start_task(context& where);
  void leave_task() noexcept;
  void enter(task<void> wait, context& where);
  void report_item() noexcept;

  ref<gather_state> state_;
  std::atomic<std::size_t> index_{0};
  std::atomic<clock::rep> item_started_{0};
  std::atomic<bool> undelivered_{false}; // an item was fetched, and the sink doesn't have its outcome yet
  bool holds_ = false;                   // has delivered, and is still counted: for the next item
  bool begun_ = false;
  bool paused_ = false;
  bool pausing_ = false;
  promise_base* wait_ = nullptr; // the pause, or until the item's task has ended
  ref<record> task_;
  bool was_task_ = false; // and is counted and told of as one
};

} // namespace taskactor::detail
