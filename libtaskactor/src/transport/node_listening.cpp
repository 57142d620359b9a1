#include "transport/node_listening.hpp"

#include "base/new_thread.hpp"
#include "caf_adapter/compat.hpp"
#include "transport/node_broker.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <poll.h>
#include <sys/socket.h>

namespace taskactor::detail {

node_listening::parts::parts(caf::actor_system& system, bound_socket bound,
                             std::unique_ptr<tls_credentials> as, std::shared_ptr<accept_filter> filter,
                             std::shared_ptr<node_brokers> brokers)
    : system_(system),
      bound_(std::move(bound)),
      as_(std::move(as)),
      filter_(std::move(filter)),
      brokers_(std::move(brokers)),
      wakeup_fd_(make_wakeup_fd()) {}

void node_listening::parts::run() noexcept {
  std::array<pollfd, 2> both{{{wakeup_fd_.get(), POLLIN, 0}, {bound_.socket.get(), POLLIN, 0}}};
  while (both[0].revents == 0) {
    const int ready = ::poll(both.data(), both.size(), -1);
    if (ready <= 0 || both[0].revents != 0)
      continue;
    try {
      accept_all();
    } catch (const std::exception& error) {
      filter_->refused({{}, bound_.address.text()}, {link_end::no_resources, error.what()});
    }
  }
}

void node_listening::parts::accept_all() {
  constexpr int pause = 100;
  while (auto got = accept_socket(bound_)) {
    let_in(std::move(got));
    pollfd stopped{wakeup_fd_.get(), POLLIN, 0};
    if (::poll(&stopped, 1, 0) != 0)
      return;
  }
  if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
    return;
  // Who calls waits in the system's queue meanwhile.
  filter_->refused({{}, bound_.address.text()},
                   {link_end::no_resources, "can't accept: " + std::generic_category().message(errno)});
  pollfd stopped{wakeup_fd_.get(), POLLIN, 0};
  ::poll(&stopped, 1, pause);
}

void node_listening::parts::let_in(accepted_socket got) {
  const link_peer who{{}, got.address};
  std::shared_ptr<dialed> ready;
  try {
    ready = make_ready(std::move(got));
  } catch (const link_failure& failure) {
    return filter_->refused(who, failure.reason());
  }
  if (!filter_->come(who))
    return;
  const auto made = spawn_node_broker(system_, {.owner = node_link_access::make(filter_->bounds()),
                                                .filter = filter_,
                                                .brokers = brokers_,
                                                .bounds = filter_->bounds()});
  try {
    filter_->begin(made->id());
  } catch (...) {
    post(made, end_link{{link_end::no_resources, "no memory"}}); // it would wait for its socket
    throw;
  }
  post(made, socket_dialed{std::move(ready)});
}

std::shared_ptr<dialed> node_listening::parts::make_ready(accepted_socket got) const {
  auto ready = std::make_shared<dialed>();
  ready->call.socket = std::move(got.socket);
  ready->call.address = std::move(got.address);
  if (as_)
    ready->tls = std::make_unique<tls_session>(as_->context(), link_role::listening, "");
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
  wake(wakeup_fd_);
  if (thread_.get_id() == std::this_thread::get_id())
    thread_.detach(); // a callback of this thread's: it ends behind it
  else
    thread_.join();
  unlink_socket(bound_);
  ::shutdown(bound_.socket.get(), SHUT_RDWR); // who waits to be accepted is sent away
}

node_listening::node_listening(std::shared_ptr<parts> made) : parts_(std::move(made)) {}
node_listening::~node_listening() { close(); }
const link_address& node_listening::address() const noexcept { return parts_->bound_.address; }
refusal_counts node_listening::refused() const { return parts_->filter_->counts(); }
std::size_t node_listening::connections() const { return parts_->filter_->connections(); }
std::size_t node_listening::handshakes() const { return parts_->filter_->handshakes(); }
void node_listening::close() { parts_->close(); }

} // namespace taskactor::detail
