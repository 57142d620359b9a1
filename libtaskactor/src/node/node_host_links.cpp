// A node and its links: see node_host.hpp.
#include "base/service_thread.hpp"
#include "lifecycle/manager_core.hpp"
#include "node/inbound_task.hpp"
#include "node/node_host.hpp"
#include "node/node_identity.hpp"
#include "threads/caller_runs.hpp"
#include "transport/frame.hpp"

#include <taskactor/detail/admit.hpp>

#include <random>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr int warning_level = 3;

/// What hears one link: of a call of ours the session is known from the beginning.
class session_listener final : public node_link_listener {
public:
  explicit session_listener(node_host& host, session_id session = 0) : host_(host), session_(session) {}

  void on_open(std::shared_ptr<node_link> opened, const link_peer& peer) noexcept override {
    const service_thread scope;
    if (session_ == 0)
      session_ = host_.came(opened, peer);
    else
      host_.opened(session_, opened, peer);
  }
  void on_frame(std::string_view content) noexcept override {
    const service_thread scope;
    host_.received(session_, content);
  }
  void on_closed(const link_reason& reason) noexcept override {
    const service_thread scope;
    if (session_ != 0)
      host_.closed(session_, reason);
  }

private:
  node_host& host_;
  session_id session_;
};

class acceptor final : public node_link_acceptor {
public:
  explicit acceptor(node_host& host) : host_(host) {}
  std::shared_ptr<node_link_listener> on_peer(const link_peer&) noexcept override {
    try {
      return std::make_shared<session_listener>(host_);
    } catch (const std::exception&) { // no memory: it may not come in
      return nullptr;
    }
  }
  void on_refused(const link_peer& peer, const link_reason& reason) noexcept override {
    const service_thread scope;
    host_.note_refused(peer, reason);
  }

private:
  node_host& host_;
};

} // namespace

node_host::node_host(task_manager& manager, node_options options)
    : manager_(manager),
      home_(core_of(manager)),
      options_(checked(std::move(options))),
      core_({.self = {options_.name, new_uuid(), new_incarnation()},
             .labels = options_.labels,
             .times = {.heartbeat = options_.heartbeat,
                       .lease = options_.lease,
                       .greeting = options_.handshake_timeout},
             .rights = options_.rights,
             .seed = std::random_device{}()},
            *this),
      net_(std::make_unique<node_links>()) {}

node_host::~node_host() { stop(); }

link_bounds node_host::bounds() const {
  link_bounds made;
  made.frame = options_.max_frame;
  made.queued = options_.max_queued;
  made.connections = options_.max_connections;
  made.handshakes = options_.max_handshakes;
  made.handshake_timeout = std::chrono::ceil<std::chrono::milliseconds>(options_.handshake_timeout);
  return made;
}

link_identity node_host::identity() const {
  const auto& files = options_.certificates;
  return {files.authority, files.certificate, files.key};
}

std::string node_host::listen(const std::string& address) {
  auto made
      = net_->listen(link_address::parse(address), identity(), bounds(), std::make_shared<acceptor>(*this));
  auto text = made->address().text();
  const std::lock_guard lock{mutex_};
  listenings_.push_back(std::move(made));
  return text;
}

void node_host::join(const std::string& address, const std::string& expected_name) {
  const auto text = link_address::parse(address).text(); // whose errors are those of this call
  enter([&] {
    names_[text] = expected_name;
    core_.join(text, now());
  });
}

bool node_host::disconnect(const std::string& address) {
  const auto text = link_address::parse(address).text();
  bool was = false;
  enter([&] { was = core_.disconnect(text, now()); });
  return was;
}

// -- what the core wants ----------------------------------------------------

void node_host::send(session_id to, node_frame frame) {
  if (const auto found = links_.find(to); found != links_.end())
    found->second->send(encode(frame));
}

void node_host::dial(session_id as, const std::string& address) {
  later([this, as, address] { call_address(as, address); });
}

void node_host::call_address(session_id as, const std::string& address) noexcept {
  try {
    std::string expected;
    {
      const std::lock_guard lock{mutex_};
      expected = names_[address];
    }
    auto link = net_->connect(link_address::parse(address), identity(), expected, bounds(),
                              std::make_shared<session_listener>(*this, as));
    enter([&] { links_.try_emplace(as, std::move(link)); });
  } catch (const std::exception& error) {
    closed(as, {link_end::no_resources, error.what()});
  }
}

void node_host::close(session_id which) {
  if (auto found = links_.extract(which))
    found.mapped()->close();
}

// -- what links say ---------------------------------------------------------

session_id node_host::came(const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept {
  session_id made = 0;
  enter([&] {
    made = core_.sessions().accept(peer.address, now());
    links_.emplace(made, link);
    core_.sessions().opened(made, peer.name, now());
  });
  if (made == 0)
    link->cut();
  return made;
}

void node_host::opened(session_id which, const std::shared_ptr<node_link>& link,
                       const link_peer& peer) noexcept {
  enter([&] {
    links_.insert_or_assign(which, link);
    if (core_.sessions().opened(which, peer.name, now()))
      return;
    links_.erase(which); // it took too long, and was given up
    link->cut();
  });
}

void node_host::received(session_id from, std::string_view content) noexcept {
  caller_runs here{home_};
  enter([&] { core_.received(from, content, now()); });
  here.run();
}

void node_host::closed(session_id which, const link_reason& why) noexcept {
  enter([&] {
    links_.erase(which);
    core_.sessions().closed(which, why.text.empty() ? std::string{to_string(why.what)} : why.text, now());
  });
}

/// Each told once for each peer by the link.
void node_host::note_refused(const link_peer& peer, const link_reason& why) noexcept {
  enter([&] {
    note(warning_level, "no session with " + peer.address
                            + (peer.name.empty() ? "" : " (\"" + peer.name + "\")") + ": "
                            + (why.text.empty() ? std::string{to_string(why.what)} : why.text));
  });
}

} // namespace taskactor::detail
