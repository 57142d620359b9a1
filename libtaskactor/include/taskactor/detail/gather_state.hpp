/// The machinery of a gather. Not for users: see `gather.hpp`.
///
///     source --fetch--> slot, slot, slot ... (records; each an actor with a token while it runs)
///                         | one item after the other, each with its own deadline and outcome
///                         v
///                       sink(index, outcome)
///
/// A slot goes down after an item whenever other work waits for a token, when its item was cancelled or timed
/// out, and when there are no more items; a new slot takes its place while there are. So a million items need
/// no more actors than run at once, and no item can harm the next one.
#pragma once

#include <taskactor/detail/cancelled_items.hpp>
#include <taskactor/detail/fetch_credit.hpp>
#include <taskactor/detail/gather_items.hpp>
#include <taskactor/detail/gather_plan.hpp>
#include <taskactor/detail/gather_progress.hpp>
#include <taskactor/detail/gather_waiter.hpp>
#include <taskactor/detail/item_batch.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/detail/slot_list.hpp>
#include <taskactor/detail/stop_condition.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <string>

namespace taskactor::detail {

/// One gather: what happens when an item was fetched or has ended, a slot has gone down, somebody closes it.
/// Its parts keep what they count by themselves. Threads: any.
class gather_state : public item_batch, protected gather_items {
public:
  /// Errors: `std::system_error{errc::invalid_argument}`.
  gather_state(manager_core& home, gather_options options, item_abilities items);

  /// Before it is opened inside a task: who waits, and from whom the items inherit.
  void adopt(context& parent);
  /// Starts. Items come from the source at once, or later if `feeding`: until `settle_one()` says that all
  /// have come; or while it is watched. Errors: those of `gather_plan::open`.
  void open(bool nested, bool feeding);
  /// New items may be fetched: makes slots for them, at most so many, if there is room.
  void more(std::size_t most = 1) noexcept;
  /// No further item starts.
  void close(end_reason why) noexcept final;
  /// Asks all that runs to end; closes.
  void cancel(end_reason why) noexcept;
  /// And doesn't wait for it: the parent is destroyed.
  void kill() noexcept;

  bool ended() const noexcept final { return progress.over(); }
  /// Blocks until `done()` or complete; hands out late outcomes meanwhile. Errors: `errc::would_block`,
  /// before anything has started.
  void wait(const std::function<bool()>& done = {});
  void notify() noexcept;
  const gather_plan& plan() const noexcept { return plan_; }

  // -- told by slots and items ----------------------------------------------
  void fetched() noexcept;
  /// `is_task`: it is counted as one.
  void count_item(const failure* what, bool is_task) noexcept;
  /// The fetch gave nothing, or its item has been delivered and the slot doesn't go on with another one; or
  /// the feed has ended.
  void settle_one() noexcept;
  /// In a handler: the sink threw, or the range. Keeps the first exception, and cancels.
  void sink_failed() noexcept;
  void slot_down(gather_slot& which, bool had_started) noexcept;
  /// `left`: its slot was done with it before, so that its place is free now.
  void task_gone(bool left) noexcept;

  // -- item_batch -----------------------------------------------------------
  const std::string& batch_id() const noexcept final { return plan_.id(); }
  bool shielded() const noexcept final { return plan_.shielded(); }
  ref<record> find_item(std::size_t index) const final;
  cancel_reply cancel_item(std::size_t index) final;

protected:
  void destroy() noexcept final;

private:
  void finish() noexcept;

  gather_plan plan_;
  stop_condition stop_;

  // Slots, and those that wait, use these by themselves. In this order what slots read for each item, down to
  // the beginning of `progress`, shares no cache line with what all of them write for each.
public:
  cancelled_items cancelled;
  fetch_credit credit;
  gather_progress progress;
  slot_list slots;
  gather_waiter waiter;
};

/// If the time of all is up. Who waits looks at that, too: where work that can't be ended has all places,
/// there is no slot that would.
void close_if_late(gather_state& gather) noexcept;

/// What the destructor of the items' common body has thrown, if it has.
void report_fault_of_body(const gather_plan& plan, const std::exception_ptr& thrown) noexcept;

} // namespace taskactor::detail
