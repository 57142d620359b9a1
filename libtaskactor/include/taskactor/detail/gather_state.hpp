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

#include <taskactor/detail/item_batch.hpp>
#include <taskactor/detail/record.hpp>
#include <taskactor/gather_options.hpp>
#include <taskactor/time_span.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

class gather_slot;

/// What can be done with the items of a gather, by their types.
struct item_abilities {
  bool copied = false;     // so that there can be another attempt
  bool on_threads = false; // the body is no coroutine
};

class gather_state : public item_batch {
public:
  /// Errors: `std::system_error{errc::invalid_argument}`.
  gather_state(manager_core& home, gather_options options, item_abilities items);

  /// Starts. Items come from the source at once, or later if `feeding`: until `feed_ended()`.
  void open(bool nested, bool feeding);
  void feed_ended() noexcept { settle_one(); }
  /// No further item starts.
  void close(end_reason why) noexcept final;
  /// Asks all that runs to end; closes.
  void cancel(end_reason why) noexcept { signal(why, false); }
  void kill() noexcept { signal(end_reason::parent_ended, true); }
  /// A new item may be fetched: makes a slot for it if there is room.
  void more() noexcept;

  /// True when every started item has its outcome and no other will start.
  bool complete() const noexcept { return complete_.load(std::memory_order_acquire); }
  bool ended() const noexcept final { return over_.load(std::memory_order_acquire); } // nor is a slot left
  /// Before it is opened inside a task: who waits, and from whom the items inherit.
  void adopt(context& parent);
  /// It is this task that waits from now on; null: nobody.
  void wake_instead(context* waiter) noexcept;
  /// Blocks until `done()` or complete; hands out late outcomes meanwhile. Errors: `errc::would_block`,
  /// before anything has started.
  void wait(const std::function<bool()>& done = {});
  void notify() noexcept;

  const gather_options& options() const noexcept { return options_; }
  /// Each item is a task of its own (`gather_options::each`), which its slot waits for.
  bool runs_tasks() const noexcept { return runs_tasks_; }
  /// Admits an item's task, as its slot would be; or says why not.
  std::optional<rejection> admit(const gather_slot& slot, ref<record> task);
  /// From a task's making until nothing of it is left: the gather isn't over before.
  void task_made() noexcept { tasks_.fetch_add(1); }
  void task_gone() noexcept;
  time_point total_deadline() const noexcept { return total_deadline_; }
  /// The earlier of that and the deadline of the task that waits (rule 7: children inherit what is left).
  time_point inherited_deadline() const noexcept { return std::min(total_deadline_, parent_deadline_); }
  std::size_t limit() const noexcept { return limit_; }
  /// How many items who feeds it pulls ahead of the slots; and with how many left it is to pull again: not
  /// for each, which would wake a thread for each.
  std::size_t fed_ahead() const noexcept { return std::max<std::size_t>(limit_, 16); }
  std::size_t fed_again_at() const noexcept { return fed_ahead() / 4; }
  /// Before it is opened: no more items than this are begun and not made room for again.
  void bound(std::size_t items) noexcept { room_ = items; }
  void make_room() noexcept;
  manager_core& home() const noexcept { return home_; }
  bool closed() const noexcept { return closed_.load(); }
  end_reason close_reason() const noexcept { return close_reason_.load(); }
  bool crowded() const noexcept; // somebody else waits for a token
  /// The sink threw: keeps the first exception, and cancels.
  void sink_failed() noexcept;
  void rethrow_sink_failure();

  // -- told by slots --------------------------------------------------------
  void begin_fetch() noexcept { pending_.fetch_add(1); }
  /// The fetch gave nothing, or its item has been delivered and the slot doesn't go on with another one.
  void settle_one() noexcept;
  void slot_started() noexcept { running_.fetch_add(1, std::memory_order_relaxed); }
  void slot_down(gather_slot& which, bool had_started) noexcept;
  /// `is_task`: it is counted as one.
  void count_item(const failure* what, bool is_task) noexcept;
  void fetched() noexcept;
  /// False: there is no room for a further item, until `make_room`.
  bool take_room() noexcept { return !is_bounded() || take_bounded_room(); }
  void return_room() noexcept;
  bool is_bounded() const noexcept { return room_.load(std::memory_order_relaxed) != any_number; }
  void set_fetching(bool is) noexcept; // if it is bounded: around a look at `closed` and the fetch after it
  bool is_fetching() const noexcept { return fetching_.load() != 0; }

  // -- item_batch -----------------------------------------------------------
  const std::string& batch_id() const noexcept final { return *options_.id; }
  bool shielded() const noexcept final { return shielded_; }
  ref<record> find_item(std::size_t index) const final;
  cancel_reply cancel_item(std::size_t index) final;

protected:
  virtual ref<gather_slot> make_slot() = 0;
  /// True when a fetch would give an item now.
  virtual bool has_items() const noexcept = 0;
  /// How many there are in all; zero: not known.
  virtual std::size_t known_items() const noexcept { return 0; }
  /// True when who feeds it is to pull further items.
  virtual bool wants_items() const noexcept { return false; }
  /// How many items were fetched.
  virtual std::size_t taken() const noexcept { return 0; }
  /// Outcomes that the manager has decided, for who waits to hand out.
  virtual bool has_late() const noexcept { return false; }
  virtual void tell_late() {}
  /// What the destructor of the items' common body has thrown, if it has.
  void report_fault_of_body(const std::exception_ptr& thrown) noexcept;
  /// Its body, source and sink have destructors that run nobody's code.
  virtual bool is_harmless() const noexcept { return false; }
  void destroy() noexcept final;

private:
  static constexpr std::size_t any_number = ~std::size_t{0};
  void add_slots(std::size_t most) noexcept;
  void tell_of_capacity() noexcept;
  ref<gather_slot> add_slot();
  void lack_memory(const ref<gather_slot>& not_admitted) noexcept;
  void signal(end_reason why, bool kill) noexcept;
  ref<gather_slot> find_slot(std::size_t index) const;
  bool take_bounded_room() noexcept;
  void finish() noexcept;

  manager_core& home_;
  gather_options options_;
  time_point total_deadline_ = time_point::max();
  time_point parent_deadline_ = time_point::max();
  std::size_t limit_;
  std::uint32_t parent_length_ = 0;
  std::uint8_t depth_ = 0;
  bool shielded_ = false;
  bool feeding_ = false;
  bool runs_tasks_ = false;
  std::atomic<std::size_t> tasks_{0}; // of items, that aren't gone
  std::atomic<std::size_t> completed_{0}, failed_{0}; // if something depends on them
  std::atomic<bool> closed_{false};
  std::atomic<end_reason> close_reason_{end_reason::none};
  std::atomic<std::size_t> running_{0};
  std::atomic<bool> complete_{false}, over_{false};
  std::atomic<std::size_t> room_{any_number}, fetching_{0};
  /// Slots with a fetch or an item under way, and one until the feed has ended. In a cache line of its own,
  /// away from what slots read for each item.
  alignas(64) std::atomic<std::size_t> pending_{1};
  mutable std::mutex mutex_; // what follows
  std::condition_variable changed_;
  std::vector<ref<gather_slot>> slots_;
  ref<context> waiter_;
  std::exception_ptr sink_failure_;
};

} // namespace taskactor::detail
