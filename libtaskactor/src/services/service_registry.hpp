/// The published tree of a root supervisor: what each service is and how it stands, for any thread to read;
/// and who waits for one of them to run.
///
/// Each supervisor writes the entries of its children, as an Erlang supervisor's children stand in a table
/// that others read. One lock for all of it, held for short; no message is sent and nobody is woken under it.
#pragma once

#include "services/service_node.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace taskactor::detail {

class manager_core;

/// What has happened to the children of a root, and of those below it. Any thread may read.
struct service_counts {
  void add_to(supervisor_statistics& sum) const {
    sum.starts += runs;
    sum.failures += failures;
    sum.restarts += restarts;
    sum.gave_up += gave_up;
    sum.left_behind += left_behind;
  }

  std::atomic<std::uint64_t> runs{0}, failures{0}, restarts{0}, gave_up{0};
  std::atomic<std::size_t> left_behind{0};
};

class service_registry : public std::enable_shared_from_this<service_registry> {
public:
  /// The nodes below the root are put there before anybody else knows of it.
  service_registry(manager_core& home, const supervisor_options& root);

  service_node& root() noexcept { return root_; }
  service_info info(const service_node& which) const;
  supervisor_statistics statistics() const;

  // -- the supervisors' -----------------------------------------------------
  struct notification {
    service_state state;
    std::string reason;
    time_point since, resume;
    caf::strong_actor_ptr actor; // if it runs
  };
  void publish(service_node& which, notification what);
  void count_start(service_node& which);
  void adopt(service_node& which, caf::actor supervisor);
  /// The supervisor of these has ended: they don't run.
  void orphan(service_node& supervisor, time_point now);
  /// The root has ended: so has everything, for good.
  void close(const std::string& reason, time_point now);
  service_counts counts;

  // -- from callers' threads ------------------------------------------------
  /// The actor that runs now; null: none does, and that is worth a wait. Errors: `errc::service_down`.
  caf::strong_actor_ptr running(const service_node& which, when_down how) const;
  bool is_running(const service_node& which, const caf::strong_actor_ptr& run) const;
  /// False: no need to wait.
  bool add(service_listener& who, service_node& which);
  /// False: `run` has ended.
  bool add_call(service_listener& who, service_node& which, const caf::strong_actor_ptr& run);
  void remove(service_listener& who, service_node& which) noexcept;
  /// The actor that stands for a name.
  caf::actor name_of(service_node& which, when_down how);
  /// What has come to a name.
  void route(service_node& which, when_down how, caf::mailbox_element_ptr mail);
  /// False: its supervisor doesn't run.
  bool renew(const service_node& which);
  caf::actor_system& system() const noexcept { return system_; }

private:
  void hand_over(service_node& which, const caf::strong_actor_ptr& to, std::unique_lock<std::mutex>& lock);
  void deliver(service_node& which, const caf::strong_actor_ptr& to, stashed_message what);
  void hold(service_node& which, stashed_message what, std::unique_lock<std::mutex>& lock);
  void come_back(service_node& which, caf::actor_id run, stashed_message what);

  caf::actor_system& system_;
  mutable std::mutex mutex_; // the nodes' variable parts, and what follows
  service_node root_;
  bool closed_ = false;
};

} // namespace taskactor::detail
