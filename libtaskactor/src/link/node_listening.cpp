#include "node_listening.hpp"

#include "../caf_compat.hpp"
#include "../new_thread.hpp"
#include "node_broker.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>

namespace taskactor::detail {

node_listening::parts::parts(caf::actor_system& system, bound_socket bound,
                             std::unique_ptr<tls_credentials> as, std::shared_ptr<link_entrance> entrance,
                             std::shared_ptr<node_brokers> brokers)
    : system_(system),
      bound_(std::move(bound)),
      as_(std::move(as)),
      entrance_(std::move(entrance)),
      brokers_(std::move(brokers)),
      bell_(make_bell()) {}

void node_listening::parts::run() noexcept {
  std::array<pollfd, 2> both{{{bell_.number(), POLLIN, 0}, {bound_.socket.number(), POLLIN, 0}}};
  while (both[0].revents == 0) {
    const int ready = ::poll(both.data(), both.size(), -1);
    if (ready <= 0 || both[0].revents != 0)
      continue;
    try {
      accept_all();
    } catch (const std::exception& error) {
      entrance_->refused({{}, bound_.address.text()}, {link_end::no_resources, error.what()});
    }
  }
}

void node_listening::parts::accept_all() {
  constexpr int pause = 100;
  while (auto got = accept_socket(bound_)) {
    let_in(std::move(got));
    pollfd stopped{bell_.number(), POLLIN, 0};
    if (::poll(&stopped, 1, 0) != 0)
      return;
  }
  if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
    return;
  // Who calls waits in the system's queue meanwhile.
  entrance_->refused({{}, bound_.address.text()},
                     {link_end::no_resources, "can't accept: " + std::generic_category().message(errno)});
  pollfd stopped{bell_.number(), POLLIN, 0};
  ::poll(&stopped, 1, pause);
}

void node_listening::parts::let_in(accepted_socket got) {
  const link_peer who{{}, got.address};
  std::shared_ptr<dialed> ready;
  try {
    ready = make_ready(std::move(got));
  } catch (const link_failure& failure) {
    return entrance_->refused(who, failure.reason());
  }
  if (!entrance_->come(who))
    return;
  const auto made = spawn_node_broker(system_, {.owner = node_link_access::make(entrance_->bounds()),
                                                .entrance = entrance_,
                                                .brokers = brokers_,
                                                .bounds = entrance_->bounds()});
  entrance_->begin(made->id());
  post(made, socket_dialed{std::move(ready)});
}

std::shared_ptr<dialed> node_listening::parts::make_ready(accepted_socket got) const {
  auto ready = std::make_shared<dialed>();
  ready->call.socket = std::move(got.socket);
  ready->call.address = std::move(got.address);
  if (as_)
    ready->tls = std::make_unique<tls_session>(as_->context(), link_side::listening, "");
  return ready;
}

void node_listening::parts::begin(const std::shared_ptr<parts>& self) {
  try {
    thread_ = new_thread("listening for other nodes", [self] { self->run(); });
  } catch (...) {
    unlink_socket(bound_);
    throw;
  }
}

void node_listening::parts::close() {
  const std::lock_guard lock{mutex_};
  if (!thread_.joinable())
    return;
  ring(bell_);
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach(); // a callback of this thread's: it ends behind it
  else
    thread_.join();
  unlink_socket(bound_);
  ::shutdown(bound_.socket.number(), SHUT_RDWR); // who waits to be accepted is sent away
}

node_listening::node_listening(std::shared_ptr<parts> made) : parts_(std::move(made)) {}
node_listening::~node_listening() { close(); }
const link_address& node_listening::address() const noexcept { return parts_->bound_.address; }
refusal_counts node_listening::refused() const { return parts_->entrance_->counts(); }
std::size_t node_listening::connections() const { return parts_->entrance_->connections(); }
std::size_t node_listening::handshakes() const { return parts_->entrance_->handshakes(); }
void node_listening::close() { parts_->close(); }

} // namespace taskactor::detail
