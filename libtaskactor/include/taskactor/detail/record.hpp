/// `detail::record`: everything about one task, from its admission to the last handle. Not for users.
///
/// Shared by reference count: manager, ring of ended tasks, its actor and handles. Who may touch what:
///
///     id, the clocks' durations, kind          constant after admission: any thread
///     `control`, `state`, `reason`, listeners  any thread (atomic, or under a striped lock)
///     the stop source                          any thread, under that lock
///     links, timer, phase, actor, index        the manager's actor alone
///     the body                                 the task's actor alone, while it runs
///     the outcome                              who won `decide()`; handles, once `state` is final (`owners`)
///
/// `decide()` is the one point where the end of a task is settled: the body that finishes, the deadline and
/// the kill all race for it, and exactly one writes the outcome (rules 2, 8 and 9).
#pragma once

#include <taskactor/detail/child_observer.hpp>
#include <taskactor/detail/context.hpp>
#include <taskactor/detail/end_listener.hpp>
#include <taskactor/detail/outcome_owners.hpp>
#include <taskactor/detail/phase.hpp>
#include <taskactor/detail/token_state.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/task_info.hpp>
#include <taskactor/task_options.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace taskactor::detail {

class manager_core;
struct task_extras;

class record : public task_core {
public:
  // -- constant after admission ---------------------------------------------
  std::string id;
  manager_core* home = nullptr;
  std::chrono::nanoseconds timeout = no_timeout;
  std::chrono::nanoseconds queue_timeout = no_timeout;
  std::chrono::nanoseconds total_timeout = no_timeout;
  time_point submitted{};
  std::size_t id_hash = 0;
  std::uint64_t sequence = 0; // in the order of admission
  record_kind kind = record_kind::task;
  std::uint8_t priority = default_priority;
  bool runs_anywhere = false;      // its body runs nobody's code: see threads/caller_runs.hpp
  std::uint8_t depth = 0;          // how many tasks it is in; in one, it is ahead of what waits at top level
  std::uint32_t parent_length = 0; // the part of `id` that is the parent's, for a child
  time_point inherited_deadline = time_point::max(); // of where in the parent's body it was started
  std::unique_ptr<detail::task_extras> extras;       // what few tasks have

  // -- any thread -----------------------------------------------------------
  static constexpr std::uint64_t cancel_bit = 1, kill_bit = 2, decided_bit = 4, failed_group_bit = 16;
  /// Of slots: `review` has decided, and delivers; the count of items begins above these bits.
  static constexpr std::uint64_t reviewed_bit = 8, generation_one = 256;
  std::atomic<std::uint64_t> control{0};
  std::atomic<taskactor::state> state{taskactor::state::queued};
  std::atomic<end_reason> reason{end_reason::none};
  token_state token; // of the global limiter; of a claim: it has its tokens
  std::atomic<bool> overrunning{false};
  /// The actor's, until the manager has read it: see lifecycle/notification_list.hpp.
  static constexpr std::uint8_t moves_token = 1, has_ended = 4;
  std::atomic<std::uint8_t> notifications{0};
  record* told_before = nullptr;
  std::uint8_t disposed = 0; // what is to be destroyed elsewhere, and the list: under its lock (disposal.hpp)
  record* disposed_before = nullptr;
  std::atomic<clock::rep> started_at{0}, ended_at{0}, deadline_at{clock::duration::max().count()};

  // -- the manager's --------------------------------------------------------
  record* next = nullptr; // in one of the manager's lists
  record* prev = nullptr;
  void* listed_in = nullptr;
  time_point waits_since{};
  time_point due{}; // in the manager's heap of deadlines
  std::uint32_t position = 0;
  std::uint32_t running_index = 0; // among those that run
  detail::phase phase = detail::phase::outside;
  end_reason due_reason = end_reason::none;
  bool numbered = false;                  // a child whose id was made: if that is taken, another is made
  bool shielded = false;                  // in a shield of a parent, whose shutdown doesn't reach it
  std::atomic<std::uint32_t> children{0}; // numbers given to those of its groups
  bool of_gather = false;  // an item's: where its slot may be it may be, and isn't counted
  bool shed = false;       // the table's, under its lock: has made room, and isn't counted any more
  std::uint32_t place = 0; // its child observer's, under that one's lock: where it is in it
  context* actor = nullptr;
  ref<child_observer> belongs_to; // until it is gone

  // -- the body, on its actor -----------------------------------------------
  /// Begins the body. True: a coroutine is to be driven; false: it has already ended.
  virtual bool start(context& where) = 0;
  /// The coroutine has ended: takes its result, and decides.
  virtual void collect() noexcept = 0;
  /// Destroys callable, arguments and what is left of frames. Returns what a destructor threw.
  virtual std::exception_ptr discard_body() noexcept = 0;
  /// Goes on with another body (the next item of a gather). False: there is none.
  virtual bool advance() { return false; }
  /// Writes the outcome of a task that has no value; only after winning `decide()`.
  virtual void fail(failure what) noexcept = 0;
  /// The outcome is written: hands it on, where it isn't kept in the record.
  virtual void deliver() noexcept {}
  /// Forgets the outcome: nobody can ask for it any more.
  virtual void drop_outcome() noexcept = 0;
  /// The outcome's failure, or null.
  virtual const failure* failed() const noexcept = 0;
  virtual deadline_check review(time_point) { return {}; } // manager's thread, slots only: its time may be up
  virtual void leave_item(failure) noexcept {}             // manager's thread, slots only: it can't be killed
  virtual void on_down() noexcept {}                       // manager's thread: the actor is down, all is over
  /// Which of these parts are there still, with destructors that may run anybody's code. Looks at no other
  /// part: it may be somebody else's by now.
  static constexpr std::uint8_t body_part = 1, spare_part = 2, outcome_part = 4, all_parts = 7;
  virtual std::uint8_t user_parts(std::uint8_t among) const noexcept;
  virtual bool keep_spare() { return false; } // before admission; false: it can't be copied
  virtual void drop_spare() noexcept {}
  /// On its actor: what the killed attempt still needs, apart, so that there can be another one. Empty: it
  /// can't be parted.
  virtual ref<record> leave_attempt() { return {}; }
  virtual void on_granted() noexcept {} // manager's thread, claims only: it has its tokens

  /// The depth of what it starts in itself; far down it no longer grows.
  std::uint8_t depth_inside() const noexcept {
    return static_cast<std::uint8_t>(depth == 255 ? 255 : depth + 1);
  }

  /// True for exactly one caller per body.
  bool decide() noexcept {
    return (control.fetch_or(decided_bit, std::memory_order_acq_rel) & decided_bit) == 0;
  }
  bool decided() const noexcept { return (control.load(std::memory_order_acquire) & decided_bit) != 0; }
  /// An exception has left the body (call in a handler): decides, and keeps it.
  void conclude_exception() noexcept;
  /// The same, outside a handler.
  void conclude_exception(std::exception_ptr thrown, bool cancellation) noexcept;
  /// The body was destroyed: decides if nothing else has.
  void conclude_kill() noexcept;

  // -- task_core ------------------------------------------------------------
  std::string current_id() const override { return id; }
  time_point deadline() const noexcept override {
    return time_point{clock::duration{deadline_at.load(std::memory_order_relaxed)}};
  }
  bool cancel_requested() const noexcept override {
    return (control.load(std::memory_order_acquire) & (cancel_bit | kill_bit)) != 0;
  }
  void report_progress(std::uint64_t done, std::uint64_t total, std::string text) override;
  void report_cleanup_fault(const std::exception_ptr& what) noexcept override;
  std::size_t attempt() const noexcept override;
  std::uint64_t fencing_token() const noexcept override;
  void forbid_retry() noexcept override;
  void give(stop_token_box& into) override;
  /// The manager's: it has been asked to end, and says so to whoever has that token.
  void pass_on_stop() noexcept;
  void forget_stop() noexcept; // the next attempt's is another one
  time_point now() const noexcept override;
  task_info info() const;
  /// As the failure's own message, without asking its exception, which is the user's.
  std::string error_text() const;

  // -- listeners and life time ----------------------------------------------
  /// False when the task has already ended: `listener` will not be told.
  bool add(end_listener& listener) noexcept;
  void remove(end_listener& listener) noexcept;
  bool enter_home() noexcept; // true: not ended, and `home` stays until `home->callers.leave()`
  /// The manager's, once, before it publishes the end state. True: there is no handle, nor will there be.
  [[nodiscard]] bool let_go() noexcept;
  /// Publishes the end state. The manager's, once. True: there are listeners, for `tell_listeners()`.
  [[nodiscard]] bool publish(taskactor::state end) noexcept;
  void tell_listeners() noexcept;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      destroy();
  }
  void drop_handle() noexcept {
    if (owners.drop())
      forget_outcome();
  }
  void forget_outcome() noexcept; // nobody can ask for it any more
  void mark_observed() noexcept { observed_.store(true, std::memory_order_relaxed); } // see rule 10
  bool observed() const noexcept { return observed_.load(std::memory_order_relaxed); }
  virtual ~record();
  outcome_owners owners; // the handles, and at first the manager

protected:
  record();
  void forget_progress() noexcept; // its body is another one now
  void keep_error() noexcept;      // on the body's own thread: asks what it has thrown for its words
  std::string error_text_for_listener() const; // who is told by `tell_listeners()`, under the lock

private:
  void destroy() noexcept;
  struct words; // what few tasks have to say
  words& said();
  void take_out(end_listener& listener) noexcept;

  std::atomic<bool> observed_{false};
  std::atomic<std::uint32_t> references_{0};
  end_listener* listeners_ = nullptr;
  std::unique_ptr<words> words_;
};

/// Records share locks, for their listeners, progress, stop source, and the end of their actor.
std::mutex& stripe_of(const record& which) noexcept;

} // namespace taskactor::detail
