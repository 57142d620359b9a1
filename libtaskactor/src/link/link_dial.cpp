#include "link_dial.hpp"

#include "../caf_compat.hpp"
#include "node_messages.hpp"

#include <thread>

namespace taskactor::detail {

void link_dial::begin(const caf::actor& broker) {
  {
    const std::lock_guard lock{mutex_};
    broker_ = broker;
  }
  std::thread{[self = shared_from_this()] { self->run(); }}.detach();
}

void link_dial::abandon() {
  caf::actor last;
  const std::lock_guard lock{mutex_};
  last = std::move(broker_);
  ring(bell_);
}

void link_dial::run() noexcept {
  auto result = std::make_shared<dialed>();
  try {
    result->call = call_socket(plan_.to, plan_.until, plan_.as.empty(), bell_);
  } catch (const std::exception& error) {
    result->call.failure = {link_end::no_resources, error.what()};
  }
  tell(std::move(result));
}

/// Under the lock, which `abandon` waits for: there is an actor system as long as the broker is there.
void link_dial::tell(std::shared_ptr<dialed> what) {
  const std::lock_guard lock{mutex_};
  if (broker_)
    post(broker_, socket_dialed{std::move(what)});
}

} // namespace taskactor::detail
