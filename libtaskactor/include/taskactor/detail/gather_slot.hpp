/// A slot of a gather. Not for users: see `gather_state.hpp`.
#pragma once

#include <taskactor/detail/gather_state.hpp>
#include <taskactor/detail/item_task.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/detail/slot_item.hpp>
#include <taskactor/detail/slot_wait.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace taskactor::detail {

/// One slot: a record whose body is one item after the other, each after a pause if there is jitter.
class gather_slot : public record, protected slot_item {
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
  local_binding* inherited_locals() const noexcept final { return state_->plan().locals(); }

  /// Any thread: whether it is this item's now.
  bool runs(std::size_t index) const noexcept {
    return undelivered_.load(std::memory_order_acquire) && index_.load(std::memory_order_relaxed) == index;
  }
  /// Any thread: the item is asked to end, and no other takes its place. Requested: the manager is to be
  /// told.
  cancel_reply hold(std::size_t index, end_reason why) noexcept;

private:
  bool fetch_next();
  bool fetch_next_generation();
  bool hand_over(bool late) noexcept;
  bool end_item(std::uint64_t seen, failure how) noexcept;
  void let_go() noexcept;
  bool start_task(context& where);

  ref<gather_state> state_;
  std::atomic<std::size_t> index_{0};
  std::atomic<clock::rep> item_started_{0};
  std::atomic<bool> undelivered_{false}; // an item was fetched, and the sink doesn't have its outcome yet
  bool holds_ = false;                   // has delivered, and is still counted: for the next item
  bool begun_ = false;
  enum class pause_phase : std::uint8_t { due, running, over };
  pause_phase pause_ = pause_phase::due; // of the jitter before the item
  slot_wait wait_;                       // that pause, or until the item's task has ended
  item_task task_;
};

} // namespace taskactor::detail
