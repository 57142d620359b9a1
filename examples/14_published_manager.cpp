// A manager behind CAF's own networking, for a network in which everybody is trusted: whoever reaches the
// port can end published actors, and the process. taskactor's nodes (13_two_nodes.cpp) are for all others.
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <taskactor/actors/messages.hpp>
#include <taskactor/named_tasks.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <string>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> greet(std::string name) {
  co_await ta::sleep_for(1ms);
  co_return "hello, " + name;
}

// Messages of the manager's actor carry bodies, and stay in their process. What is published is an actor that
// knows what may be asked for, and asks the manager for it.
caf::behavior front(caf::event_based_actor* self, const caf::actor& manager) {
  return {[self, manager](const std::string& name) {
    auto promise = self->make_response_promise();
    self->request(manager, 10s, ta::msg::run({.timeout = 5s}, greet, name))
        .then([promise](const std::string& greeting) mutable { promise.deliver(greeting); },
              [promise](const caf::error& error) mutable { promise.deliver(error); });
    return promise;
  }};
}

struct system_config : caf::actor_system_config {
  system_config() {
    ta::task_manager::configure(*this);
    load<caf::io::middleman>();
    for (const std::string group : {"middleman.", "caf.middleman."}) { // as CAF 0.17 calls it, and 1.x
      caf::put(content, group + "workers", std::size_t{0});
      // Without both of these, a lost machine is noticed never.
      caf::put(content, group + "heartbeat-interval", caf::timespan{500ms});
      caf::put(content, group + "connection-timeout", caf::timespan{20s});
    }
  }
};

int main() {
  system_config server_config, client_config;
  caf::actor_system server{server_config}, client{client_config}; // on two machines, as a rule
  {
    ta::task_manager tasks{server};
    const auto published = server.spawn(front, tasks.actor());
    const auto port = server.middleman().publish(published, 0, "127.0.0.1", true);
    if (!port)
      return std::cout << "no port\n", 1;
    const auto remote = client.middleman().remote_actor("127.0.0.1", *port);
    if (!remote)
      return std::cout << "no connection\n", 1;
    caf::scoped_actor self{client};
    self->request(*remote, 10s, std::string{"world"})
        .receive([](const std::string& greeting) { std::cout << greeting << '\n'; },
                 [](const caf::error&) { std::cout << "no answer\n"; });
    server.middleman().unpublish(published, *port);
    caf::anon_send_exit(published, caf::exit_reason::user_shutdown); // a published actor keeps its system
  }
}

// Output:
// hello, world
