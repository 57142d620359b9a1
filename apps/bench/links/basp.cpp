#include "remote.hpp"

#include "caf_adapter/compat_ask.hpp"

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include <chrono>
#include <stdexcept>
#include <string>

namespace bench {

namespace {

using namespace std::chrono_literals;

struct defaults : caf::actor_system_config {
  defaults() { load<caf::io::middleman>(); }
};

class echo_actor final : public caf::event_based_actor {
public:
  using event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[](std::string& text) { return std::move(text); }};
  }
};

} // namespace

void serve_basp(const std::function<void(std::uint16_t)>& tell) {
  defaults config;
  caf::actor_system system{config};
  const auto echo = system.spawn<echo_actor>();
  const auto port = system.middleman().publish(echo, 0, "127.0.0.1", true);
  if (!port)
    throw std::runtime_error{"CAF has found no port"};
  tell(*port);
  caf::scoped_actor self{system};
  self->wait_for(echo); // until the other side ends it
}

double basp_seconds(std::uint16_t port, std::size_t bytes, std::size_t count) {
  defaults config;
  caf::actor_system system{config};
  const auto echo = system.middleman().remote_actor("127.0.0.1", port);
  if (!echo)
    throw std::runtime_error{"CAF has reached no actor"};
  caf::scoped_actor self{system};
  const std::string text(bytes, 'x');
  const auto run = [&](std::size_t times) {
    for (std::size_t i = 0; i < times; ++i)
      taskactor::detail::ask_actor(*self, *echo, 20s, text)
          .receive([](const std::string&) {},
                   [](const caf::error&) { throw std::runtime_error{"no answer by CAF"}; });
  };
  run(count / 10 + 1);
  const auto begin = std::chrono::steady_clock::now();
  run(count);
  const auto taken = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  caf::anon_send_exit(*echo, caf::exit_reason::user_shutdown);
  return taken;
}

} // namespace bench
