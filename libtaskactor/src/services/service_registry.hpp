/// The published tree of a root supervisor: what each service is and how it stands, for any thread to read;
/// and who waits for one of them to run.
///
/// Each supervisor writes the entries of its children, as an Erlang supervisor's children stand in a table
/// that others read. One lock for all of it, held for short; no message is sent and nobody is woken under it.
#pragma once

#include "services/service_name.hpp"

#include <taskactor/actors/service_info.hpp>
#include <taskactor/detail/service_listener.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class manager_core;

struct service_node {
  // -- constant -------------------------------------------------------------
  std::string name, path;
  service_kind kind = service_kind::actor;
  restart_policy policy = restart_policy::permanent;
  taskactor::restart_strategy strategy = restart_strategy::one_for_one; // of a supervisor
  service_node* parent = nullptr;
  std::vector<std::unique_ptr<service_node>> children;

  // -- under the registry's lock --------------------------------------------
  service_state state = service_state::waiting;
  std::uint64_t starts = 0;
  std::string reason;
  time_point since{}, resume{};
  caf::strong_actor_ptr actor;         // while it runs
  caf::actor supervisor;               // of a supervisor, while there is one
  service_listener* waiting = nullptr; // for it to run
  service_listener* calling = nullptr; // for an answer of `actor`
  stash held;
  std::uint64_t mails = 0;        // that have come to its names
  caf::actor_id ended_run = 0;    // the last one that mail has come back from
  caf::strong_actor_ptr names[2]; // made when asked for, one for each `when_down`
};

class service_registry : public std::enable_shared_from_this<service_registry> {
public:
  /// The nodes below the root are put there before anybody else knows of it.
  service_registry(manager_core& home, const supervisor_options& root);

  service_node& root() noexcept { return root_; }
  /// Errors: `std::system_error{errc::unknown_service}`.
  static service_node& find(service_node& from, std::string_view path);
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
  std::atomic<std::uint64_t> runs{0}, failures{0}, restarts{0}, gave_up{0};
  std::atomic<std::size_t> left_behind{0};

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
  class deferred_actions;
  void fill(const service_node& which, time_point now, service_info& into) const;
  static rejection down(const service_node& which);
  void hand_over(service_node& which, const caf::strong_actor_ptr& to, std::unique_lock<std::mutex>& lock);
  void deliver(service_node& which, const caf::strong_actor_ptr& to, stashed_message what);
  void hold(service_node& which, stashed_message what, std::unique_lock<std::mutex>& lock);
  void come_back(service_node& which, caf::actor_id run, stashed_message what);
  static void set_below(service_node& node, service_state state, time_point now, deferred_actions& after);
  static bool over(const service_node& which) noexcept { return which.state == service_state::ended; }

  caf::actor_system& system_;
  mutable std::mutex mutex_; // the nodes' variable parts, and what follows
  service_node root_;
  bool closed_ = false;
};

} // namespace taskactor::detail
