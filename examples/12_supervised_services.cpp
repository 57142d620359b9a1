// Services under supervision: started in order, restarted when they fail, found by name.
#include <caf/all.hpp>
#include <taskactor/actors/supervisor.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace ta = taskactor;
using namespace std::chrono_literals;

// An actor with a state that can go wrong: what it has counted is gone with each run.
caf::behavior counter(caf::event_based_actor* self, ta::service_start start) {
  self->set_exception_handler([](std::exception_ptr&) { return caf::make_error(caf::sec::runtime_error); });
  auto count = std::make_shared<int>(0);
  start.ready(); // here it would have opened its files
  return {[count](const std::string& word) {
    if (word == "bug")
      throw std::runtime_error{"a bug"};
    return ++*count;
  }};
}

// A task that goes on for ever.
ta::task<void> ticker(std::chrono::milliseconds pause) {
  for (;;)
    co_await ta::sleep_for(pause);
}

ta::task<std::string> provoke(ta::service counter) {
  try {
    co_await ta::request<int>(counter, 10s, std::string{"bug"});
  } catch (const ta::request_error&) {
    std::cout << "the call is lost\n";
  }
  const int count = co_await ta::request<int>(counter, 10s, std::string{"word"}); // waits for the restart
  co_return count == 1 ? "it counts anew" : "it still counts";
}

int main() {
  ta::task_manager tasks;
  auto make = [](ta::service_start start) { return start.system().spawn(counter, start); };
  ta::supervisor services{
      tasks,
      {.name = "shop", .strategy = ta::restart_strategy::rest_for_one, .limit = {3, 1min}},
      {ta::child_actor({.name = "counter", .ready_within = 20s, .backoff = {.first = 50ms}}, make),
       ta::child_supervisor({.name = "jobs"}, {.strategy = ta::restart_strategy::one_for_one},
                            {ta::child_task({.name = "ticker", .stop_within = 1s}, ticker, 10s)})}};
  services.wait_started();

  std::cout << tasks.add_task({}, provoke, services.whereis("counter")).value().get() << '\n';
  std::cout << to_text(services.tree());
  services.stop();
  std::cout << "stopped, after " << services.statistics().restarts << " restart\n";
}

// Output:
// the call is lost
// it counts anew
// shop: supervisor, rest_for_one: running for ...
//   counter: actor, permanent: running for ...; 1 restart, the last: runtime_error
//   jobs: supervisor, one_for_one, permanent: ...
//     ticker: task, permanent: ...
// stopped, after 1 restart
