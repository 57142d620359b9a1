/// `node_host`: a node's core with its lock, its links, its clock and its manager.
///
///     bodies, links' threads, the manager's actor, the clock --enter--> core --ports--> what is done
///
/// What goes over a link is done under the lock, so that frames keep their order; what may call back (running
/// a call, answering one, dialling) is done after it, by the thread that caused it. The clock is a thread of
/// its own: when bodies hold all of the scheduler's, this node is busy, not dead. Threads: any. Stops:
/// `stop`; calls that still run then keep it alive until they have ended.
#pragma once

#include "node/host_ports.hpp"
#include "node/inbound_tasks.hpp"
#include "node/session_links.hpp"
#include "node/synchronized_core.hpp"

#include <taskactor/node/node_options.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace taskactor {
class task_manager;
}

namespace taskactor::detail {

class manager_core;

class node_host final : public std::enable_shared_from_this<node_host> {
public:
  node_host(task_manager& manager, node_options options);
  ~node_host();
  void start();

  /// As those of `node`.
  std::string listen(const std::string& address) { return links_.listen(address); }
  void join(const std::string& address, const std::string& expected_name);
  bool disconnect(const std::string& address);
  bool leave(std::chrono::nanoseconds bound);
  bool wait_for_peers(std::size_t count, std::chrono::nanoseconds bound);
  std::vector<node_peer> peers();
  node_statistics statistics();
  /// Cuts all links. Nothing is heard any more.
  void stop() noexcept;

  /// `remaining`: until its deadline. Errors: `std::length_error` for arguments that don't fit into a frame.
  std::uint64_t submit(call_request what, std::chrono::nanoseconds remaining);
  void cancel(std::uint64_t number) noexcept;
  void abandon(std::uint64_t number) noexcept;

  inbound_tasks& inbound() noexcept { return tasks_; }
  const node_self& self() const noexcept { return core_.self(); }
  manager_core& home() noexcept { return home_; }
  task_manager& manager() noexcept { return manager_; }

private:
  void keep_time(const std::stop_token& stop);
  std::size_t capacity_now(const node_core& core) const noexcept;

  task_manager& manager_;
  manager_core& home_;
  const node_options options_;
  host_ports ports_;
  synchronized_core core_;
  session_links links_;
  inbound_tasks tasks_;
  std::jthread clock_;
};

} // namespace taskactor::detail
