#include "scheduler/due_fires.hpp"

#include <algorithm>
#include <deque>

namespace taskactor::detail {

namespace {

constexpr std::chrono::microseconds tick{1};
constexpr std::size_t searches_to_bisect = 60;

/// The last fire whose nominal time is later than `after`, and not later than `until`. In 60 searches,
/// however many there are: "the next one is not later than `until`" holds up to a time, and not beyond it.
next_fire last_within(const trigger& when, std::string_view name, fire_time after, fire_time until) {
  const auto is_within = [&](const next_fire& which) { return which && which->nominal <= until; };
  auto best = when.next(after, name);
  if (!is_within(best))
    return {};
  for (auto low = after, high = until; high - low > tick;) {
    const auto middle = low + (high - low) / 2;
    if (const auto found = when.next(middle, name); is_within(found)) {
      best = found;
      low = middle;
    } else {
      high = middle;
    }
  }
  return best;
}

/// Those that are due, of which only the latest are kept.
class fire_walk {
public:
  fire_walk(const trigger& when, std::string_view name, fire_time now, std::size_t most)
      : when_(when), name_(name), now_(now), most_(most) {}

  void walk(const fire& first) {
    for (fire each = first;; each = *next_) {
      keep(each);
      ++searches_;
      next_ = when_.next(each.nominal, name_);
      if (!is_due(next_))
        return;
      if (count_ == most_counted)
        return jump();
    }
  }
  std::uint64_t count() const noexcept { return count_; }
  std::size_t searches() const noexcept { return searches_; }
  const std::deque<fire>& kept() const noexcept { return kept_; }
  /// The last that isn't kept.
  std::optional<fire_time> left_out() const noexcept { return left_out_; }
  const next_fire& next() const noexcept { return next_; }

private:
  bool is_due(const next_fire& which) const { return which && which->due <= now_; }
  void keep(const fire& each) {
    ++count_;
    kept_.push_back(each);
    if (kept_.size() <= most_)
      return;
    left_out_ = kept_.front().nominal;
    kept_.pop_front();
  }
  /// There are too many to walk: on to the latest, from behind.
  void jump() {
    std::vector<fire> latest;
    const auto from = kept_.back().nominal;
    for (auto until = now_; latest.size() < most_;) {
      searches_ += searches_to_bisect;
      const auto each = last_within(when_, name_, from, until);
      if (!each)
        break;
      if (is_due(each)) // one that jitter makes later comes next
        latest.push_back(*each);
      until = each->nominal - tick;
    }
    std::for_each(latest.rbegin(), latest.rend(), [this](const fire& each) { keep(each); });
    next_ = when_.next(kept_.back().nominal, name_);
  }

  const trigger& when_;
  std::string_view name_;
  fire_time now_;
  std::size_t most_;
  std::uint64_t count_ = 0;
  std::size_t searches_ = 0;
  std::deque<fire> kept_;
  std::optional<fire_time> left_out_;
  next_fire next_;
};

} // namespace

due_fires fires_due(const trigger& when, std::string_view name, const fire& first, fire_time now,
                    const late_rules& rules) {
  fire_walk walked{when, name, now, rules.most};
  walked.walk(first);
  const auto& kept = walked.kept();
  due_fires result{.passed = kept.back().nominal, .next = walked.next(), .searches = walked.searches()};
  const bool any_in_time = !rules.is_late(kept.back(), now);
  const auto is_made_up = [&](const fire& each) {
    return now - each.due <= rules.window
           && (rules.missed == missed_policy::all
               || (rules.missed == missed_policy::latest && !any_in_time && &each == &kept.back()));
  };
  if (walked.left_out()) {
    result.first_missed = first.nominal;
    result.last_missed = walked.left_out();
  }
  for (const auto& each : kept) {
    if (!rules.is_late(each, now) || is_made_up(each)) {
      result.to_do.push_back(each);
      continue;
    }
    result.first_missed = result.first_missed.value_or(each.nominal);
    result.last_missed = each.nominal;
  }
  result.missed = walked.count() - result.to_do.size();
  return result;
}

} // namespace taskactor::detail
