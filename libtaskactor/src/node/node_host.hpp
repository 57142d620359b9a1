/// `node_host`: a node's core with its lock, its links, its clock and its manager.
///
///     bodies, links' threads, the manager's actor, the clock --enter--> core --ports--> what is done
///
/// What goes over a link is done under the lock, so that frames keep their order; what may call back (running
/// a call, answering one, dialling) is done after it, by the thread that caused it. The clock is a thread of
/// its own: when bodies hold all of the scheduler's, this node is busy, not dead. Threads: any. Stops:
/// `stop`; calls that still run then keep it alive until they have ended.
#pragma once

#include "node/node_core.hpp"
#include "transport/node_link.hpp"

#include <taskactor/detail/ref.hpp>
#include <taskactor/node/node_options.hpp>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace taskactor {
class task_manager;
}

namespace taskactor::detail {

class manager_core;
class inbound_task;

class node_host final : private node_ports, public std::enable_shared_from_this<node_host> {
public:
  node_host(task_manager& manager, node_options options);
  ~node_host() override;
  void start();

  /// As those of `node`.
  std::string listen(const std::string& address);
  void join(const std::string& address, const std::string& expected_name);
  bool disconnect(const std::string& address);
  bool leave(std::chrono::nanoseconds bound);
  bool wait_for_peers(std::size_t count, std::chrono::nanoseconds bound);
  std::vector<node_peer> peers();
  node_statistics statistics();
  const std::string& name() const noexcept { return options_.name; }
  std::string uuid() { return core_.sessions().self().uuid; }
  /// Cuts all links. Nothing is heard any more.
  void stop() noexcept;

  /// `remaining`: until its deadline. Errors: `std::length_error` for arguments that don't fit into a frame.
  std::uint64_t submit(call_request what, std::chrono::nanoseconds remaining);
  void cancel(std::uint64_t number) noexcept;
  void abandon(std::uint64_t number) noexcept;

  // -- of calls that run here -----------------------------------------------
  void begun(inbound_id which) noexcept;
  void over(inbound_id which, inbound_result how) noexcept;
  void progressed(inbound_id which, std::uint64_t done, std::uint64_t total, std::string text) noexcept;
  bool relay_log(int level, std::string_view logger, std::string_view text) noexcept;
  std::size_t largest() const noexcept; // bytes of a result

  // -- of links -------------------------------------------------------------
  session_id came(const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept;
  void opened(session_id which, const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept;
  void received(session_id from, std::string_view content) noexcept;
  void closed(session_id which, const link_reason& why) noexcept;
  void note_refused(const link_peer& peer, const link_reason& why) noexcept;

  manager_core& home() noexcept { return home_; }
  task_manager& manager() noexcept { return manager_; }

private:
  /// Under the lock; then what is to be done without it.
  void enter(const std::function<void()>& what) noexcept;
  static node_time now() noexcept { return std::chrono::steady_clock::now(); }
  void later(std::function<void()> what) { later_.push_back(std::move(what)); }
  void keep_time(const std::stop_token& stop);
  std::size_t capacity_now() noexcept;
  void call_address(session_id as, const std::string& address) noexcept;
  link_bounds bounds() const;
  link_identity identity() const;

  void send(session_id to, node_frame frame) override;
  void dial(session_id as, const std::string& address) override;
  void close(session_id which) override;
  void begin(inbound_call call) override;
  void stop(inbound_id which) override;
  void hand_back(inbound_id which) override;
  void answer(const std::shared_ptr<call_sink>& whom, call_answer what) override;
  void progress(const std::shared_ptr<call_sink>& whom, node_frames::progress what) override;
  void log(const std::shared_ptr<call_sink>& whom, const std::string& node, node_frames::log what) override;
  void note(int level, const std::string& text) override;

  task_manager& manager_;
  manager_core& home_;
  const node_options options_;
  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  node_core core_;
  std::vector<std::function<void()>> later_;
  std::map<session_id, std::shared_ptr<node_link>> links_;
  std::map<std::string, std::string> names_; // expected at addresses
  std::map<inbound_id, ref<inbound_task>> inbound_;
  std::vector<ref<inbound_task>> ended_; // let go of by a thread that holds no lock
  std::vector<std::shared_ptr<node_listening>> listenings_;
  bool stopped_ = false;
  std::set<std::string> told_; // refusals, each once
  std::unique_ptr<node_links> net_;
  std::jthread clock_;
};

} // namespace taskactor::detail
