#include "queue/lane_choice.hpp"

#include <algorithm>
#include <limits>

namespace taskactor::detail {

bool is_known(const job_lane& lane, const known_tasks& tasks, bool commands) {
  if (lane.kind == job_kind::command)
    return commands;
  if (!lane.version.empty())
    return tasks.contains(std::pair{lane.task, lane.version});
  const auto any = tasks.lower_bound(std::pair{lane.task, std::string{}});
  return any != tasks.end() && any->first == lane.task;
}

// -- limits -----------------------------------------------------------------

limit_room& limit_tallies::room(lane_source& source, const job_limit& limit) {
  const auto [at, is_new] = rooms_.try_emplace(std::pair{limit.name, limit.key});
  if (is_new) {
    auto& left = at->second = source.room(limit.name, limit.key);
    if (left.rate)
      left.next = store_rate{*left.rate}.settled(left.next, now_);
  }
  return at->second;
}

limit_tallies::lack limit_tallies::lack_of(const limit_room& left, const job_limit& limit,
                                           std::size_t aside) const noexcept {
  if (left.capacity) {
    const auto all = *left.capacity, rest = all - std::min(all, left.taken);
    if (all == 0 || std::min(limit.tokens, all) > rest - std::min(rest, aside))
      return lack::capacity;
  }
  if (!left.rate)
    return lack::nothing;
  const auto burst = left.rate->burst; // a job that needs more takes all of it
  if (aside != 0 && (limit.tokens > burst || aside > burst - limit.tokens))
    return lack::rate;
  return store_rate{*left.rate}.has(limit.tokens + aside, left.next, now_) ? lack::nothing : lack::rate;
}

bool limit_tallies::take(lane_source& source, const job_lane& lane) {
  for (const auto& limit : lane.limits) {
    const auto& left = room(source, limit);
    const auto lacks = lack_of(left, limit, left.aside_for == &lane ? 0 : left.aside);
    if (lacks == lack::rate) {
      const auto wait = store_rate{*left.rate}.wait(limit.tokens, left.next, now_);
      if (wait > wait.zero()) // else it is kept for another one
        again_ = again_ ? std::min(*again_, wait) : wait;
    }
    if (lacks != lack::nothing)
      return false;
  }
  for (const auto& limit : lane.limits) {
    auto& left = room(source, limit);
    left.taken += limit.tokens;
    if (left.rate)
      left.next = store_rate{*left.rate}.take(limit.tokens, left.next, now_);
  }
  return true;
}

void limit_tallies::set_aside(lane_source& source, const job_lane& lane) {
  auto limits = lane.limits;
  std::ranges::stable_sort(limits, {}, &job_limit::tokens);
  for (const auto& limit : limits) {
    auto& left = room(source, limit);
    if (left.capacity == std::size_t{0} || (left.aside_for && left.aside_for != &lane))
      return;
    left.aside = limit.tokens;
    left.aside_for = &lane;
    if (lack_of(left, limit, 0) != lack::nothing)
      return;
  }
}

std::optional<store_duration> limit_tallies::again() const noexcept {
  if (!again_)
    return {};
  return std::chrono::ceil<store_duration>(*again_);
}

// -- who is next ------------------------------------------------------------

namespace {

/// Each so many-th row is the oldest.
constexpr std::uint64_t oldest_each = 8;

struct fairness_share {
  std::string_view key;
  std::size_t had = 0;
};

struct lane_candidate {
  const job_lane* lane;
  std::size_t key;                        // of the shares
  std::optional<lane_place> head, oldest; // once they were asked for
};

/// The lanes that may still give something to one share of a claim. Whoever is out stays out: a claim's
/// tallies only shrink.
class lane_contest {
public:
  lane_contest(lane_source& source, limit_tallies& tallies) : source_(source), tallies_(tallies) {}

  void add(const job_lane& lane) {
    const auto at = std::ranges::lower_bound(keys_, lane.fairness_key, {}, &fairness_share::key);
    if (at == keys_.end() || at->key != lane.fairness_key)
      keys_.insert(at, {.key = lane.fairness_key});
    lanes_.push_back({.lane = &lane, .key = 0, .head = {}, .oldest = {}});
  }
  void begin() {
    for (auto& each : lanes_)
      each.key = static_cast<std::size_t>(
          std::ranges::lower_bound(keys_, each.lane->fairness_key, {}, &fairness_share::key) - keys_.begin());
    if (keys_.size() > 1)
      for (auto& each : keys_)
        each.had = source_.running(std::string{each.key});
  }
  template <class Which>
  void keep_only(Which which) {
    std::erase_if(lanes_, [&](const lane_candidate& each) { return !which(*each.lane); });
  }
  std::size_t count(std::size_t most) {
    std::size_t sum = 0;
    for (const auto& each : lanes_)
      if (sum < most)
        sum += source_.count(*each.lane, most - sum);
    return sum;
  }
  /// The lane that was popped; null: there is none left.
  const job_lane* pop(lane_end which) {
    while (!lanes_.empty()) {
      const auto at = which == lane_end::head ? best_head() : best_oldest();
      if (at == lanes_.size())
        continue; // some had nothing, and are out
      auto& chosen = lanes_[at];
      const auto& lane = *chosen.lane;
      if (!tallies_.take(source_, lane)) {
        leave(at);
        continue;
      }
      source_.pop(lane, which);
      chosen.head = chosen.oldest = {};
      ++keys_[chosen.key].had;
      return &lane;
    }
    return nullptr;
  }

private:
  void leave(std::size_t at) {
    lanes_[at] = lanes_.back();
    lanes_.pop_back();
  }
  /// False: it had nothing, and is out; another one stands in its place.
  bool ask(std::size_t at, lane_end which) {
    auto& place = which == lane_end::head ? lanes_[at].head : lanes_[at].oldest;
    if (!place && !(place = source_.place(*lanes_[at].lane, which))) {
      leave(at);
      return false;
    }
    return true;
  }
  /// Heads are asked for only among those keys that have had the least.
  std::size_t best_head() {
    auto least = std::numeric_limits<std::size_t>::max();
    for (const auto& each : lanes_)
      least = std::min(least, keys_[each.key].had);
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < lanes_.size();)
      if (keys_[lanes_[i].key].had != least || ask(i, lane_end::head)) {
        if (keys_[lanes_[i].key].had == least && (!best || lanes_[i].head < lanes_[*best].head))
          best = i;
        ++i;
      }
    return best.value_or(lanes_.size());
  }
  std::size_t best_oldest() {
    std::optional<std::size_t> best;
    for (std::size_t i = 0; i < lanes_.size();)
      if (ask(i, lane_end::oldest)) {
        if (!best || lanes_[i].oldest->seq < lanes_[*best].oldest->seq)
          best = i;
        ++i;
      }
    return best.value_or(lanes_.size());
  }

  lane_source& source_;
  limit_tallies& tallies_;
  std::vector<fairness_share> keys_; // sorted
  std::vector<lane_candidate> lanes_;
};

/// Those that have waited too long for several tokens, the oldest first.
std::vector<const job_lane*> held_up(lane_source& source, std::span<const job_lane* const> lanes,
                                     store_time now) {
  std::vector<std::pair<std::int64_t, const job_lane*>> found;
  for (const auto* lane : lanes)
    if (lane->needs_several())
      if (const auto at = source.place(*lane, lane_end::oldest);
          at && at->since <= now && (now - at->since) / held_up_after % 2 == 1)
        found.emplace_back(at->seq, lane);
  std::ranges::sort(found, {}, &std::pair<std::int64_t, const job_lane*>::first);
  std::vector<const job_lane*> ordered;
  ordered.reserve(found.size());
  for (const auto& each : found)
    ordered.push_back(each.second);
  return ordered;
}

} // namespace

void choose_jobs(lane_source& source, std::span<const job_lane* const> lanes, const claim_share& share,
                 const known_tasks& tasks, limit_tallies& tallies, std::uint64_t& turn) {
  if (share.runs_alone)
    return;
  std::vector<const job_lane*> candidates;
  lane_contest contest{source, tallies};
  for (const auto* lane : lanes)
    if (is_known(*lane, tasks, share.asked.commands) && (!lane->runs_alone() || share.runs == 0)) {
      candidates.push_back(lane);
      contest.add(*lane);
    }
  contest.begin();
  if (share.asked.free > 0)
    for (const auto* lane : held_up(source, candidates, tallies.now()))
      tallies.set_aside(source, *lane);

  const auto pop = [&] {
    const auto* lane = contest.pop(turn % oldest_each == oldest_each - 1 ? lane_end::oldest : lane_end::head);
    if (lane)
      ++turn;
    return lane;
  };
  for (std::size_t given = 0; given < share.asked.free; ++given) {
    const auto* lane = pop();
    if (!lane || lane->runs_alone())
      return;
    if (given == 0 && share.runs == 0) // it isn't alone any more
      contest.keep_only([](const job_lane& each) { return !each.runs_alone(); });
  }
  if (share.asked.prefetch == 0)
    return;
  contest.keep_only([](const job_lane& each) { return each.may_be_prefetched(); });
  const auto waiting = contest.count(share.asked.prefetch + share.others_free);
  const auto most = waiting - std::min(waiting, share.others_free);
  for (std::size_t given = 0; given < most && pop(); ++given)
    ;
}

} // namespace taskactor::detail
