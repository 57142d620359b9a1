#include "run/tally.hpp"

#include "run/job.hpp"

#include <algorithm>

namespace taskactor::cli {

namespace {

/// Of an item no more is kept than a line of the summary can show.
constexpr std::size_t shown_of_item = 1024;

tally::entry entry_of(const job_result& ended) {
  const auto& item = ended.what.item;
  return {ended.what.number, item.substr(item.size() - std::min(item.size(), shown_of_item)),
          ended.duration(), ended.explain()};
}

} // namespace

void tally::add(const job_result& ended) {
  if (!ended.started) {
    ++not_started_;
    return;
  }
  switch (ended.state) {
  case state::completed:
    ++completed_;
    break;
  case state::timed_out:
    ++timed_out_;
    break;
  case state::cancelled:
    ++cancelled_;
    break;
  default:
    ++failed_;
  }
  if (ended.not_startable) {
    ++not_startable_;
    // The first in the order of items: which of those that run side by side ends first is chance.
    if (!first_not_startable_ || ended.what.number < first_not_startable_->number)
      first_not_startable_ = entry_of(ended);
  }
  const bool bad = ended.state == state::failed || ended.state == state::timed_out;
  if (bad && failures_.size() < failures_kept)
    failures_.push_back(entry_of(ended));
  note_slow(ended);
}

void tally::note_slow(const job_result& ended) {
  const auto longer = [](const entry& a, const entry& b) { return a.duration > b.duration; };
  if (slowest_.size() == slowest_kept) {
    if (slowest_.back().duration >= ended.duration())
      return;
    slowest_.pop_back();
  }
  const auto added = entry_of(ended);
  slowest_.insert(std::upper_bound(slowest_.begin(), slowest_.end(), added, longer), added);
}

} // namespace taskactor::cli
