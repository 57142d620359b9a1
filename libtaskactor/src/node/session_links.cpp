#include "node/session_links.hpp"

#include "base/service_thread.hpp"
#include "threads/caller_runs.hpp"

#include <chrono>
#include <exception>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr int warning_level = 3;

/// What hears one link: of a call of ours the session is known from the beginning.
class session_listener final : public node_link_listener {
public:
  explicit session_listener(session_links& links, session_id session = 0)
      : links_(links), session_(session) {}

  void on_open(std::shared_ptr<node_link> opened, const link_peer& peer) noexcept override {
    const service_thread scope;
    if (session_ == 0)
      session_ = links_.came(opened, peer);
    else
      links_.opened(session_, opened, peer);
  }
  void on_frame(std::string_view content) noexcept override {
    const service_thread scope;
    links_.received(session_, content);
  }
  void on_closed(const link_reason& reason) noexcept override {
    const service_thread scope;
    if (session_ != 0)
      links_.closed(session_, reason);
  }

private:
  session_links& links_;
  session_id session_;
};

class acceptor final : public node_link_acceptor {
public:
  explicit acceptor(session_links& links) : links_(links) {}
  std::shared_ptr<node_link_listener> on_peer(const link_peer&) noexcept override {
    try {
      return std::make_shared<session_listener>(links_);
    } catch (const std::exception&) { // no memory: it may not come in
      return nullptr;
    }
  }
  void on_refused(const link_peer& peer, const link_reason& reason) noexcept override {
    const service_thread scope;
    links_.refused(peer, reason);
  }

private:
  session_links& links_;
};

link_bounds bounds_of(const node_options& options) {
  link_bounds made;
  made.frame = options.limits.max_frame;
  made.queued = options.limits.max_queued;
  made.connections = options.limits.max_connections;
  made.handshakes = options.limits.max_handshakes;
  made.handshake_timeout = std::chrono::ceil<std::chrono::milliseconds>(options.limits.handshake_timeout);
  return made;
}

} // namespace

session_links::session_links(const node_options& options, synchronized_core& core, manager_core& home)
    : bounds_(bounds_of(options)),
      identity_{options.certificates.authority, options.certificates.certificate, options.certificates.key},
      core_(core),
      home_(home),
      net_(std::make_unique<node_links>()) {}

std::string session_links::listen(const std::string& address) {
  auto made
      = net_->listen(link_address::parse(address), identity_, bounds_, std::make_shared<acceptor>(*this));
  auto text = made->address().text();
  core_.read([&](node_core&) { listenings_.push_back(std::move(made)); });
  return text;
}

// -- what the core wants ----------------------------------------------------

void session_links::send(session_id to, const node_frame& frame) {
  if (const auto found = links_.find(to); found != links_.end())
    found->second->send(encode(frame));
}

void session_links::dial(session_id as, const std::string& address) {
  core_.defer([this, as, address, expected = names_[address]] { connect(as, address, expected); });
}

void session_links::connect(session_id as, const std::string& address,
                            const std::string& expected_name) noexcept {
  try {
    auto link = net_->connect(link_address::parse(address), identity_, expected_name, bounds_,
                              std::make_shared<session_listener>(*this, as));
    core_.enter([&](node_core&) { links_.try_emplace(as, std::move(link)); });
  } catch (const std::exception& error) {
    closed(as, {link_end::no_resources, error.what()});
  }
}

void session_links::close(session_id which) {
  if (auto found = links_.extract(which))
    found.mapped()->close();
}

// -- what links say ---------------------------------------------------------

session_id session_links::came(const std::shared_ptr<node_link>& link, const link_peer& peer) noexcept {
  session_id made = 0;
  core_.enter([&](node_core& core) {
    made = core.sessions().accept(peer.address, std::chrono::steady_clock::now());
    links_.emplace(made, link);
    core.sessions().opened(made, peer.name, std::chrono::steady_clock::now());
  });
  if (made == 0)
    link->cut();
  return made;
}

void session_links::opened(session_id which, const std::shared_ptr<node_link>& link,
                           const link_peer& peer) noexcept {
  core_.enter([&](node_core& core) {
    links_.insert_or_assign(which, link);
    if (core.sessions().opened(which, peer.name, std::chrono::steady_clock::now()))
      return;
    links_.erase(which); // it took too long, and was given up
    link->cut();
  });
}

void session_links::received(session_id from, std::string_view content) noexcept {
  caller_runs here{home_};
  core_.enter([&](node_core& core) { core.received(from, content, std::chrono::steady_clock::now()); });
  here.run();
}

void session_links::closed(session_id which, const link_reason& why) noexcept {
  core_.enter([&](node_core& core) {
    links_.erase(which);
    core.sessions().closed(which, why.text.empty() ? std::string{to_string(why.what)} : why.text,
                           std::chrono::steady_clock::now());
  });
}

/// Each told once for each peer by the link.
void session_links::refused(const link_peer& peer, const link_reason& why) noexcept {
  core_.enter([&](node_core&) {
    core_.note(warning_level, "no session with " + peer.address
                                  + (peer.name.empty() ? "" : " (\"" + peer.name + "\")") + ": "
                                  + (why.text.empty() ? std::string{to_string(why.what)} : why.text));
  });
}

} // namespace taskactor::detail
