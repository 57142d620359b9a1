#include "base/invalid.hpp"
#include "caf_adapter/compat_io.hpp"
#include "caf_adapter/own_system.hpp"
#include "transport/frame.hpp"
#include "transport/node_broker.hpp"
#include "transport/node_link.hpp"
#include "transport/node_listening.hpp"

#include <taskactor/error.hpp>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <system_error>
#include <vector>

namespace taskactor::detail {

namespace {

void check(const link_bounds& bounds) {
  if (bounds.frame == 0 || bounds.frame > frame_limit)
    throw_invalid("link_bounds::frame: from 1 to " + std::to_string(frame_limit) + " bytes");
  if (bounds.queued < bounds.frame + frame_prefix)
    throw_invalid("link_bounds::queued: a frame has to fit into it");
  if (bounds.connections == 0)
    throw_invalid("link_bounds::connections: at least 1");
  if (bounds.handshakes == 0)
    throw_invalid("link_bounds::handshakes: at least 1");
  if (bounds.handshake_timeout.count() <= 0)
    throw_invalid("link_bounds::handshake_timeout: more than 0");
  if (bounds.closing_timeout.count() <= 0)
    throw_invalid("link_bounds::closing_timeout: more than 0");
}

std::string needs_identity(const link_address& what) {
  return what.text()
         + " can be reached from other machines: give an authority, a certificate and a key (`taskactor node "
           "cert` makes them), or an address of this machine alone (127.0.0.1, [::1], unix:/path)";
}

} // namespace

struct node_links::parts {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  std::shared_ptr<node_brokers> brokers = std::make_shared<node_brokers>();
  std::mutex mutex;
  std::vector<std::weak_ptr<node_listening::parts>> listenings;
};

node_links::node_links() : parts_(std::make_unique<parts>()) {
  const passing_through caller;
  register_taskactor_node_link();
  configure_io(parts_->config);
  parts_->system = make_system(parts_->config, 1 + threads_for_networking, "the links to other nodes");
}

node_links::~node_links() {
  const passing_through caller;
  std::unique_lock lock{parts_->mutex};
  const auto listenings = std::exchange(parts_->listenings, {});
  lock.unlock();
  for (const auto& each : listenings)
    if (const auto open = each.lock())
      open->close();
  parts_->brokers->end_all({link_end::cut, "this side ends"});
  parts_->system.reset();
}

std::shared_ptr<node_link> node_links::connect(const link_address& to, const link_identity& as,
                                               const std::string& expected_name, const link_bounds& bounds,
                                               std::shared_ptr<node_link_listener> listener) {
  check(bounds);
  const passing_through caller;
  auto made = node_link_access::make(bounds);
  const auto until = std::chrono::steady_clock::now() + bounds.handshake_timeout;
  const auto dial = std::make_shared<link_dial>(link_dial::plan{to, expected_name, as, until});
  const auto broker = spawn_node_broker(*parts_->system, {.owner = made,
                                                          .listener = std::move(listener),
                                                          .dial = dial,
                                                          .brokers = parts_->brokers,
                                                          .bounds = bounds});
  const bool here = to.is_local() || to.host.empty();
  if (as.empty() && !here) {
    post(broker, end_link{{link_end::insecure, needs_identity(to)}});
    return made;
  }
  try {
    dial->begin(broker);
  } catch (const std::system_error& error) {
    post(broker, end_link{{link_end::no_resources, error.what()}});
  }
  return made;
}

std::shared_ptr<node_listening> node_links::listen(const link_address& at, const link_identity& as,
                                                   const link_bounds& bounds,
                                                   std::shared_ptr<node_link_acceptor> acceptor) {
  check(bounds);
  if (as.empty() && !at.is_local())
    throw_invalid("listening at " + needs_identity(at));
  auto credentials = as.empty() ? nullptr : std::make_unique<tls_credentials>(as);
  try {
    if (credentials)
      credentials->context();
  } catch (const link_failure& failure) {
    throw_invalid(failure.what());
  }
  const passing_through caller;
  const auto made = std::make_shared<node_listening::parts>(
      *parts_->system, bind_socket(at, as.empty()), std::move(credentials),
      std::make_shared<accept_filter>(bounds, std::move(acceptor), parts_->brokers), parts_->brokers);
  made->begin(made);
  const std::lock_guard lock{parts_->mutex};
  std::erase_if(parts_->listenings, [](const auto& each) { return each.expired(); });
  parts_->listenings.push_back(made);
  return std::shared_ptr<node_listening>{new node_listening{made}};
}

} // namespace taskactor::detail
