/// The brokers that there are, so that all can be ended.
#pragma once

#include "caf_adapter/compat.hpp"
#include "transport/node_messages.hpp"

#include <caf/actor.hpp>

#include <mutex>
#include <unordered_map>

namespace taskactor::detail {

/// Threads: any.
class node_brokers {
public:
  void add(const caf::actor& which) {
    const std::lock_guard lock{mutex_};
    all_.emplace(which->id(), which);
  }
  /// The broker's own, at its end: nothing is posted to it from here any more.
  void remove(caf::actor_id which) {
    caf::actor last;
    const std::lock_guard lock{mutex_};
    if (const auto found = all_.find(which); found != all_.end()) {
      last = std::move(found->second);
      all_.erase(found);
    }
  }
  void tell(caf::actor_id which, const link_reason& why) {
    const std::lock_guard lock{mutex_};
    if (const auto found = all_.find(which); found != all_.end())
      post(found->second, end_link{why});
  }
  void end_all(const link_reason& why) {
    const std::lock_guard lock{mutex_};
    for (const auto& [id, each] : all_)
      post(each, end_soon{why});
  }

private:
  std::mutex mutex_;
  std::unordered_map<caf::actor_id, caf::actor> all_;
};

} // namespace taskactor::detail
