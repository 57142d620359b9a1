/// `store_backend`: the verbs of a store, which memory and SQLite have alike. Each takes a set, is one
/// transaction, and does all that it says or, when it throws, nothing: `error{errc::store_failed}`, with the
/// reason. A call whose answer was lost is made again: it finds what it has done (`push_reply`, `end_reply`).
///
/// Only the store's clock goes into rows, so that durations come in, and no times but those that users name.
/// What is wrong with a user's values was found before (`job_queue`). None of these runs user code.
///
/// Threads: one at a time, as its `store_thread` does.
#pragma once

#include <taskactor/error.hpp>
#include <taskactor/queue/job_info.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

using store_duration = std::chrono::microseconds;

/// Of a claim: greater than each one before in this store, never used twice.
using claim_token = std::int64_t;

/// What of a job never changes, but by `on_taken::replace`.
struct job_row {
  std::string queue, task;
  job_kind kind = job_kind::task;
  std::string arguments; // JSON; of a command what command_job.hpp says
  int priority = default_priority;
  std::optional<store_duration> timeout;
  job_retry retry;
  std::vector<job_limit> limits; // sorted by name and key, each once
  std::string fairness_key;
  store_duration keep{};
  std::vector<std::string> tags;
  std::string trace, version;
};

/// Which the job is to run after.
struct new_edge {
  job_id parent = 0;      // of the store; zero: the next
  std::size_t before = 0; // the one so many places before it in the set
  taskactor::on_failure on_failure{};
};

struct new_job {
  job_row row;
  std::string request; // 16 bytes, never used twice: of a push that is made again the first one's id is
                       // answered, for a day
  store_duration delay{};
  std::optional<store_time> at;
  std::optional<store_duration> expires;
  std::string unique_scope, unique_key; // no key: not unique
  unique_until until{};
  store_duration unique_period{};
  taskactor::on_taken on_taken{};
  std::vector<new_edge> after;
};

struct push_reply {
  job_id id;
  push_result how;
};

/// A runner's life: names may come again, incarnations don't.
struct runner_key {
  std::string name;
  std::uint64_t incarnation = 0;
  auto operator<=>(const runner_key&) const = default;
};

/// The tasks that a runner knows, each with the version that it was registered with.
using known_tasks = std::set<std::pair<std::string, std::string>>;

struct queue_share {
  std::string queue;
  std::size_t free = 0; // slots that stand empty
  std::size_t prefetch
      = 0; // how many more it would take, to have them at hand: of jobs without limits and losses, and
           // of no more than the other living runners' free slots leave over
  bool commands = false; // those of `job_kind::command`, too
};

struct claim_request {
  runner_key runner;
  std::vector<queue_share> shares;
  std::shared_ptr<const known_tasks> tasks;
};

struct claimed_job {
  job_id id = 0;
  claim_token token = 0;
  job_row row;
  std::size_t attempts = 0, losses = 0, snoozes = 0;
  store_time pushed{};
  /// A claim of it has ended without a word before, so that its body may have killed that runner: it begins
  /// when a note that says so has been written, not before.
  bool mark_first = false;
  bool alone = false; // nothing else is to run in its runner meanwhile: its runners have died under it
};

struct claim_reply {
  std::vector<claimed_job> jobs;
  std::size_t expired = 0; // jobs that it has found to be so, and ended
  bool fenced = false;     // the runner was taken for lost: it gets nothing under this incarnation
  std::optional<store_duration> again; // until the next token of a rate that jobs of these queues wait for
};

/// How a claim has ended.
enum class claim_end : std::uint8_t {
  succeeded,
  failed, // for good
  cancelled,
  quarantined,
  retry,    // an attempt has failed: after `delay` again
  snooze,   // after `delay` again; no attempt
  released, // ready again, as if it hadn't been claimed: at the head of its priority
};

struct job_end {
  job_id id;
  claim_token token;
  claim_end how;
  bool begun = true; // a body has run
  store_duration delay{};
  std::string word; // for job_attempt::end
  std::string result;
  std::string error; // at most 64 KiB, cut by who says it
};

enum class end_reply : std::uint8_t {
  done,
  repeated, // this claim's end was written before
  stale,    // another claim has the job, or had it last: nothing was written but the count
  gone,     // there is no such job
};

/// What goes along with a beat, of claims that the runner has.
struct claim_note {
  job_id id;
  claim_token token;
  bool begun = false; // its body is about to run: from now on a loss counts
  std::uint64_t done = 0, total = 0;
  std::string text;
  bool has_progress = false;
  /// To be appended: this, so many bytes that nobody has kept, and the tail. Of what it is given the store
  /// keeps the head and the tail (`kept_output`), as whoever makes notes does.
  std::string output;
  std::uint64_t output_lost = 0;
  std::string output_tail;
};

struct runner_beat {
  runner_key runner;
  std::string host, boot_id; // which machine, and since when
  std::int64_t pid = 0;
  std::uint64_t process_start = 0; // of /proc/PID/stat, field 22: with pid and boot id it is this process
  std::vector<queue_share> shares; // as in its last claim
  std::shared_ptr<const known_tasks> tasks; // written when it changes
  std::vector<claim_note> notes;
  bool leaves = false; // its row goes; what it still has claimed is released
};

struct beat_reply {
  bool fenced = false; // taken for lost; nothing was written
  std::vector<std::pair<job_id, claim_token>> to_cancel;
  bool others = true; // false: there is no other living runner, whom somebody should look after
};

struct promote_reply {
  std::size_t promoted = 0, expired = 0;
  bool more = false;                  // it stopped at `most`
  std::optional<store_duration> next; // from now until the next is due
};

/// A runner whose beat hasn't changed for a whole lease, or whose process is gone.
struct lost_runner {
  runner_key runner;
  std::uint64_t beat; // as it was seen: one that has beaten since isn't lost
};
struct rescue_reply {
  std::size_t runners = 0, returned = 0 /* had not begun */, lost = 0, quarantined = 0;
};

/// For who looks after them.
struct runner_row {
  runner_key runner;
  std::uint64_t beat = 0;
  std::string host, boot_id;
  std::int64_t pid = 0;
  std::uint64_t process_start = 0;
  std::size_t claims = 0;  // running rows
  std::size_t cancels = 0; // of these, those that were asked to end
};

enum class control_verb : std::uint8_t {
  cancel,
  remove,
  retry, // of jobs
  pause,
  resume, // of a queue
  set_limit,
  drop_limit,
};
struct control_action {
  control_verb verb{};
  job_id id = 0;
  std::string name; // of the queue or limit
  std::optional<std::size_t> capacity;
  std::optional<taskactor::rate> rate;
};
/// Which jobs, as `taskactor::job_filter` says; plain, since nobody writes it in an await.
struct job_query {
  std::vector<job_id> ids;
  std::vector<job_state> states;
  std::string queue, task, tag;
  job_id before = 0;
  std::size_t most = 100;
};

/// More than are ever drawn between a copy and its restoration: 10,000 a second for three years.
inline constexpr int drawn_bits = 40;
inline constexpr std::chrono::seconds restored_lease{30};

/// Somebody else's, on another machine.
enum class outside_change : std::uint8_t { ready /* jobs may be claimed */, ended /* jobs have */ };

struct schedule_write; // stored_schedule.hpp
struct schedule_written;
struct schedule_query;
struct schedule_page;

class store_backend;
/// Opens it, on the thread that will use it. Errors: as of what it opens.
using backend_opener = std::function<std::unique_ptr<store_backend>()>;

class store_backend {
public:
  virtual ~store_backend() = default;

  virtual std::vector<push_reply> push(std::span<const new_job> jobs) = 0;
  virtual claim_reply claim(const claim_request& request) = 0;
  virtual std::vector<end_reply> finish(const runner_key& runner, std::span<const job_end> ends) = 0;
  virtual beat_reply renew(const runner_beat& beat) = 0;
  /// Makes delayed jobs ready whose time has come, and ends those that have expired; at most so many.
  virtual promote_reply promote(std::size_t most) = 0;
  virtual rescue_reply rescue(std::span<const lost_runner> runners) = 0;
  /// Forgets ended jobs that needn't be kept any longer, requests older than a day, and keys whose period is
  /// over; at most so many. How many went, or stay for their children's sake and are looked at later.
  virtual std::size_t prune(std::size_t most) = 0;
  virtual std::vector<control_reply> control(std::span<const control_action> actions) = 0;

  /// Replies are in the order of the writes.
  virtual std::vector<schedule_written> write_schedules(std::span<const schedule_write> writes) = 0;

  virtual schedule_page schedules(const schedule_query& which) = 0;
  virtual std::vector<job_info> list(const job_query& which) = 0;
  virtual std::vector<job_details> find(std::span<const job_id> ids) = 0; // those that there are
  virtual store_survey survey() = 0;
  virtual std::vector<runner_row> runners() = 0;

  virtual store_time now() = 0;
  /// From now on `outside` is called when others may have changed something, if the store hears of that at
  /// once. A hint, on any thread, never after this has gone. It doesn't block, and asks for nothing here.
  virtual void listen(std::function<void(outside_change)> outside);
  /// True, once: jobs have ended by the last calls of which no reply says so: those that were to run after
  /// others.
  virtual bool ended_others() noexcept { return std::exchange(ended_others_, false); }
  /// Another one than the last time: somebody else may have written. For who waits.
  virtual std::uint64_t version() = 0;
  /// How another one on the same store is opened, for what reads all of it (`backup`, `check`) while this one
  /// goes on; empty: there is none.
  virtual backend_opener beside();
  /// A copy of all that is in it, into a file that isn't there yet. Errors: `errc::invalid_argument`, of a
  /// store in memory.
  virtual void backup(const std::string& file);
  /// A copy is in its place: numbers and tokens are drawn from the next multiple of 2^`drawn_bits` on, and
  /// what runners had claimed is released; they are dead. How many claims. Errors: `errc::invalid_argument`:
  /// a runner that isn't known to be gone was seen within `restored_lease`; a store in memory.
  virtual std::size_t restored();
  /// Each invariant of the tables that doesn't hold, in words; none: all is well.
  virtual std::vector<std::string> check() = 0;

protected:
  void note_others_end(bool any) noexcept { ended_others_ = ended_others_ || any; }

private:
  bool ended_others_ = false;
};

inline void store_backend::listen(std::function<void(outside_change)>) {}
inline backend_opener store_backend::beside() { return {}; }
inline void store_backend::backup(const std::string& file) {
  throw error{errc::invalid_argument, "backup: " + file + ": a store in memory has no file"};
}

inline std::size_t store_backend::restored() {
  throw error{errc::invalid_argument, "restored: a store in memory has no copies"};
}

/// A runner that was seen just now.
[[noreturn]] inline void refuse_restored(const std::string& name, const std::string& host, std::int64_t pid,
                                         store_duration ago) {
  throw error{errc::invalid_argument,
              "restored: the runner " + name + " (process " + std::to_string(pid) + " on " + host
                  + ") was there " + std::to_string(std::chrono::floor<std::chrono::seconds>(ago).count())
                  + " s ago, or that long before the copy was made: stop all runners, wait until it is "
                  + std::to_string(restored_lease.count()) + " s, and say this again"};
}

} // namespace taskactor::detail
