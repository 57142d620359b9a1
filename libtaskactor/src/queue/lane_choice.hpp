/// Who is next: which waiting jobs of a queue a claim gets. Both stores use it.
///
/// A *lane* is all ready jobs of a queue that are alike in what decides whether they may start: kind, task,
/// version, limits with their keys, fairness key, losses. So a claim looks at lanes, not at jobs: a million
/// jobs that can't start cost it what one does. Within a lane the order is (priority, seq); seq is drawn when
/// a job becomes ready.
///
/// Next is, of the fairness keys that may start something, the one that has had the least (its running jobs
/// in this queue, those of this claim included); among its lanes the head with the smallest priority, then
/// with the smallest seq. Each eighth row that a queue gives out is the oldest (smallest seq) of all lanes
/// instead, whatever its priority and key.
///
/// What needs several tokens of a limit may find that smaller jobs never leave so many. Once the oldest of
/// such a lane has waited for `held_up_after`, a claim sets aside for it what it needs: others see so much
/// less. It has no other advantage, so priorities and fairness hold; of the limits those with the fewest
/// tokens come first, and nothing is set aside behind the first one that lacks, so that no limit stands idle
/// for another one. In each second span of that length nothing is set aside: what runs may be waiting for one
/// of those others.
///
/// Threads: none; pure, but for the source.
#pragma once

#include "queue/store_backend.hpp"
#include "queue/store_rate.hpp"

#include <taskactor/queue/push_options.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// Of a queue, that a claim looks at; while it has found nothing, it looks at so many windows of them.
inline constexpr std::size_t lanes_in_window = 1'000;
inline constexpr int most_windows = 8; // of a claim
inline constexpr store_duration next_windows = std::chrono::milliseconds{250};
/// What a store remembers of lanes between claims.
inline constexpr std::size_t most_known_lanes = 20'000;

/// A job with so many losses is claimed only by a runner that runs nothing else in its queue.
inline constexpr std::size_t losses_to_run_alone = 2;

/// So long the oldest of a lane that needs several tokens may wait before some are set aside.
inline constexpr store_duration held_up_after = std::chrono::seconds{30};

/// What the jobs of a lane have alike, beside their queue.
struct job_lane {
  std::int64_t id = 0; // the store's
  job_kind kind = job_kind::task;
  std::string task, version;
  std::vector<job_limit> limits; // sorted by name and key, each once
  std::string fairness_key;
  std::size_t losses = 0; // at most losses_to_run_alone

  bool runs_alone() const noexcept { return losses >= losses_to_run_alone; }
  /// Smaller jobs may leave it too few of a limit for ever.
  bool needs_several() const noexcept {
    return std::any_of(limits.begin(), limits.end(), [](const job_limit& each) { return each.tokens > 1; });
  }
  bool may_be_prefetched() const noexcept { return limits.empty() && losses == 0; }
};

struct lane_place {
  int priority = 0;
  std::int64_t seq = 0;
  store_time since{}; // when it became ready
  auto operator<=>(const lane_place&) const = default;
};

/// Which job of a lane.
enum class lane_end : std::uint8_t {
  head,   // smallest (priority, seq)
  oldest, // smallest seq
};

/// What a limit has left for one of its keys, as the claim finds it.
struct limit_room {
  std::optional<std::size_t> capacity; // unset: any number
  std::size_t taken = 0;               // tokens of running jobs
  std::optional<taskactor::rate> rate;
  rate_point next{};                   // of the rate's bucket
  std::size_t aside = 0;               // tokens that are kept in this claim,
  const job_lane* aside_for = nullptr; // for this one
};

/// What is kept of the queue's rows. It answers for the state after all that was popped.
class lane_source {
public:
  virtual ~lane_source() = default;

  /// With the time; empty: there is none that hasn't expired.
  virtual std::optional<lane_place> place(const job_lane& lane, lane_end which) = 0;
  /// Makes it a running one. Called only after `place` has answered with a place.
  virtual void pop(const job_lane& lane, lane_end which) = 0;
  /// How many are ready; at most `most`.
  virtual std::size_t count(const job_lane& lane, std::size_t most) = 0;
  /// Jobs of a fairness key that run in this queue. Asked once a share, and only if there is another key.
  virtual std::size_t running(const std::string& fairness_key) = 0;
  /// Asked once a claim. A limit that nobody has set has nothing in it.
  virtual limit_room room(const std::string& limit, const std::string& key) = 0;
};

/// What one claim has left of the limits, over all of its queues.
class limit_tallies {
public:
  explicit limit_tallies(store_time now) : now_(now) {}

  /// A job takes all that it needs, or nothing. One that needs more than a limit has in all is served alone,
  /// when nobody has any of it.
  bool take(lane_source& source, const job_lane& lane);
  /// For the lane, whose oldest has waited too long; not what is kept for another one already. What the lane
  /// itself takes then doesn't come off that: others may have it again in the next claim.
  void set_aside(lane_source& source, const job_lane& lane);
  store_time now() const noexcept { return now_; }

  using map = std::map<std::pair<std::string, std::string>, limit_room, std::less<>>;
  /// As they are now: those points of the rates' buckets that have changed are to be written back, even if
  /// nothing was taken.
  const map& rooms() const noexcept { return rooms_; }
  /// How long until a rate has what a job wanted of it; empty: none was in want.
  std::optional<store_duration> again() const noexcept;

private:
  enum class lack : std::uint8_t { nothing, capacity, rate };

  limit_room& room(lane_source& source, const job_limit& limit);
  /// What it doesn't have, while so many tokens are kept for another one.
  lack lack_of(const limit_room& left, const job_limit& limit, std::size_t aside) const noexcept;

  store_time now_;
  map rooms_;
  std::optional<std::chrono::nanoseconds> again_;
};

/// A queue's share of a claim. The caller has seen that the queue isn't paused.
struct claim_share {
  queue_share asked;
  std::size_t runs = 0;        // claims that the runner has of this queue already
  bool runs_alone = false;     // one of these has to run alone
  std::size_t others_free = 0; // free slots of the other living runners in this queue
};

/// Whether a runner that knows these may have a lane's jobs.
bool is_known(const job_lane& lane, const known_tasks& tasks, bool commands);

/// Pops the jobs that the share gets. `turn`: how many rows the queue has given out in all: it counts on.
void choose_jobs(lane_source& source, std::span<const job_lane* const> lanes, const claim_share& share,
                 const known_tasks& tasks, limit_tallies& tallies, std::uint64_t& turn);

} // namespace taskactor::detail
