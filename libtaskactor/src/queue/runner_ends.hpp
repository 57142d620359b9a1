/// `runner_ends`: ends that the store hasn't confirmed: one set of them is on its way at a time, and the next
/// has what has come meanwhile. What is repeated after a lost answer is found to be so by the store. The
/// runner's thread alone.
#pragma once

#include "queue/store_backend.hpp"

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

namespace taskactor::detail {

class runner_ends {
public:
  /// So many may be open, and so many bytes of them, before nothing more begins.
  static constexpr std::size_t most = 1024, most_bytes = std::size_t{16} * 1024 * 1024;

  void add(const runner_key& of, job_end end) {
    bytes_ += size_of(end);
    waiting_.push_back({of, std::move(end)});
  }
  bool has_room() const noexcept { return size() < most && bytes_ < most_bytes; }
  bool is_empty() const noexcept { return size() == 0; }
  bool has_waiting() const noexcept { return !waiting_.empty(); }
  std::size_t size() const noexcept { return waiting_.size() + under_way_.size(); }

  /// Those of one incarnation that wait; none is under way.
  std::pair<runner_key, std::vector<job_end>> take() {
    constexpr std::size_t at_once = 500;
    const auto key = waiting_.front().of;
    while (!waiting_.empty() && under_way_.size() < at_once && waiting_.front().of == key) {
      under_way_.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    std::vector<job_end> ends;
    ends.reserve(under_way_.size());
    for (const auto& each : under_way_)
      ends.push_back(each.end);
    return {key, std::move(ends)};
  }
  void failed() {
    while (!under_way_.empty()) {
      waiting_.push_front(std::move(under_way_.back()));
      under_way_.pop_back();
    }
  }
  /// `each(end, reply)` for those that were under way.
  template <class Each>
  void confirmed(const std::vector<end_reply>& replies, Each each) {
    std::deque<open_end> done;
    done.swap(under_way_);
    for (std::size_t i = 0; i < done.size(); ++i) {
      bytes_ -= size_of(done[i].end);
      each(done[i].end, i < replies.size() ? replies[i] : end_reply::gone);
    }
  }

private:
  struct open_end {
    runner_key of;
    job_end end;
  };
  static std::size_t size_of(const job_end& end) noexcept { return end.result.size() + end.error.size(); }

  std::deque<open_end> waiting_, under_way_;
  std::size_t bytes_ = 0;
};

} // namespace taskactor::detail
