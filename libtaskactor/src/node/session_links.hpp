/// The links of a node's sessions, and where it listens for more: what the core sends goes into them, and
/// what they say goes into the core. Threads: `send`, `dial`, `close`, `expect` and `release_listenings`
/// under the node's lock, so that frames keep their order; the rest any. Stops: `cut`.
#pragma once

#include "node/synchronized_core.hpp"
#include "transport/node_link.hpp"

#include <taskactor/node/node_options.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taskactor::detail {

class manager_core;

class session_links {
public:
  session_links(const node_options& options, synchronized_core& core, manager_core& home);

  /// Returns the address with its port. Errors: `node_links::listen`.
  std::string listen(const std::string& address);
  /// Of the certificate at an address of ours.
  void expect(const std::string& address, const std::string& name) { names_[address] = name; }
  /// No more come by these once they are closed, which is done without the lock.
  std::vector<std::shared_ptr<node_listening>> release_listenings() { return std::exchange(listenings_, {}); }
  /// All of them. Nothing is heard any more when it returns.
  void cut() noexcept { net_.reset(); }

  // -- what the core wants --------------------------------------------------
  void send(session_id to, const node_frame& frame);
  void dial(session_id as, const std::string& address);
  void close(session_id which);

  // -- what links say -------------------------------------------------------
  session_id came(const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept;
  void opened(session_id which, const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept;
  void received(session_id from, std::string_view content) noexcept;
  void closed(session_id which, const link_reason& why) noexcept;
  void refused(const link_peer& peer, const link_reason& why) noexcept;

private:
  void connect(session_id as, const std::string& address, const std::string& expected_name) noexcept;

  const link_bounds bounds_;
  const link_identity identity_;
  synchronized_core& core_;
  manager_core& home_;
  std::map<session_id, std::shared_ptr<node_link>> links_; // this and what follows: the node's lock
  std::map<std::string, std::string> names_;               // expected at addresses
  std::vector<std::shared_ptr<node_listening>> listenings_;
  std::unique_ptr<node_links> net_; // any thread's, until `cut`
};

} // namespace taskactor::detail
