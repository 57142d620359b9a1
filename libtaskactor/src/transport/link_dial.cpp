#include "transport/link_dial.hpp"

#include "base/new_thread.hpp"
#include "caf_adapter/compat.hpp"
#include "transport/node_messages.hpp"
#include "transport/tls/tls_credentials.hpp"

namespace taskactor::detail {

void link_dial::begin(const caf::actor& broker) {
  {
    const std::lock_guard lock{mutex_};
    broker_ = broker;
  }
  new_thread("calling another node", [self = shared_from_this()] { self->run(); }).detach();
}

void link_dial::abandon() {
  caf::actor last;
  const std::lock_guard lock{mutex_};
  last = std::move(broker_);
  wake(wakeup_fd_);
}

void link_dial::run() noexcept {
  auto result = std::make_shared<dialed>();
  try {
    dial(*result);
  } catch (const link_failure& failure) {
    result->call.failure = failure.reason();
  } catch (const std::exception& error) {
    result->call.failure = {link_end::no_resources, error.what()};
  }
  tell(std::move(result));
}

void link_dial::dial(dialed& result) const {
  result.call.address = plan_.to.text();
  if (!plan_.as.empty())
    result.tls
        = std::make_unique<tls_session>(tls_credentials{plan_.as}.context(), link_role::calling,
                                        plan_.expected_name.empty() ? plan_.to.host : plan_.expected_name);
  result.call = call_socket(plan_.to, plan_.until, plan_.as.empty(), wakeup_fd_);
}

/// Under the lock, which `abandon` waits for: there is an actor system as long as the broker is there.
void link_dial::tell(std::shared_ptr<dialed> what) {
  const std::lock_guard lock{mutex_};
  if (broker_)
    post(broker_, socket_dialed{std::move(what)});
}

} // namespace taskactor::detail
