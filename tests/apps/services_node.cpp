// A program with services that can be asked from outside: by a node at the address that is its argument,
// until its input ends.
#include <taskactor/actors/supervisor.hpp>
#include <taskactor/node/node.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

namespace ta = taskactor;
using namespace std::chrono_literals;

namespace {

ta::task<void> ticker() {
  for (;;)
    co_await ta::sleep_for(1h);
}

ta::task<void> broken() {
  co_await ta::yield();
  throw std::runtime_error{"no printer"};
}

} // namespace

int main(int, char* argv[]) {
  ta::task_manager tasks;
  ta::node node{tasks, {.name = "shop"}};
  std::cout << "listens at " << node.listen(argv[1]) << std::endl;
  ta::supervisor shop{
      tasks,
      {.name = "shop", .strategy = ta::restart_strategy::rest_for_one},
      {ta::child_task({.name = "ticker"}, ticker),
       ta::child_supervisor(
           {.name = "jobs"}, {},
           {ta::child_task({.name = "poller", .restart = ta::restart_policy::transient}, ticker)}),
       ta::child_task({.name = "printer", .backoff = {.first = 1h}}, broken)}};
  shop.wait_started();
  while (shop.statistics().failures == 0)
    (void)tasks.add_task({}, [] {}).value().wait();
  ta::supervisor other{tasks, {.name = "office"}, {}};
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line))
    ;
}
