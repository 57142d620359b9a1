/// `postgres_news`: what a transaction has changed that others may wait for.
#pragma once

#include <set>
#include <string>

namespace taskactor::detail {

struct postgres_news {
  std::set<std::string> ready; // queues with jobs that may be claimed
  bool all = false;            // any queue may have some
  bool behind = false;         // they were put to where they had been before
  bool ended = false;          // jobs have

  bool empty() const noexcept { return ready.empty() && !all && !ended; }
  void add(const postgres_news& other) {
    ready.insert(other.ready.begin(), other.ready.end());
    all |= other.all;
    ended |= other.ended;
  }
};

} // namespace taskactor::detail
