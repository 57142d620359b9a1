// In an actor system of the user's: actors hand work to tasks, and tasks ask actors.
#include <caf/all.hpp>
#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <string>

namespace ta = taskactor;
using namespace std::chrono_literals;

// An ordinary actor: how many there are of a thing.
caf::behavior stock(int each) {
  return {[each](const std::string& item) { return each * static_cast<int>(item.size()); }};
}

// A task's body: asks one actor, and tells another one. Neither await holds a thread.
ta::task<void> look_up(caf::actor stock, caf::actor shop, std::string item) {
  const int left = co_await ta::request<int>(stock, 10s, item);
  co_await ta::request<>(shop, 10s, item, left);
}

// An actor that must not block: it starts a task, and takes what comes of it as a message.
caf::behavior shop(caf::event_based_actor* self, ta::task_manager* tasks, caf::actor stock) {
  const auto answered = [](const std::string& item, int left) { std::cout << left << ' ' << item << '\n'; };
  const auto asked = [self, tasks, stock](const std::string& item) {
    const auto refused
        = tasks->add_task({.id = item, .timeout = 30s}, look_up, stock, caf::actor{self}, item);
    if (!refused)
      std::cout << item << ": " << refused.error() << '\n';
  };
  return {asked, answered};
}

// To an actor the manager is an actor, too: it runs a task, and replies with its value.
void write_bill(caf::event_based_actor* self, caf::actor manager) {
  const auto bill = [](int count, int price) -> ta::task<int> {
    co_await ta::yield();
    co_return count* price;
  };
  self->request(manager, caf::infinite, ta::msg::run({.id = "bill", .timeout = 30s}, bill, 50, 3))
      .then([](int sum) { std::cout << "to pay: " << sum << '\n'; },
            [](const caf::error& error) { std::cout << ta::msg::why(error)->message << '\n'; });
}

int main() {
  caf::actor_system_config config;
  ta::task_manager::configure(config); // the manager's scheduler; CAF's own would do as well
  caf::actor_system system{config};
  {
    ta::task_manager tasks{system};
    const auto counter = system.spawn(shop, &tasks, system.spawn(stock, 10));
    auto ask = [counter](std::string item) -> ta::task<void> { co_await ta::request<>(counter, 10s, item); };
    const auto writer = system.spawn(write_bill, tasks.actor());
    caf::scoped_actor self{system};
    self->wait_for(writer);
    tasks.add_task({}, ask, "pears").value().get();
    tasks.shutdown(); // lets all tasks end; the manager ends before the system does
    caf::anon_send_exit(counter, caf::exit_reason::user_shutdown);
  }
}

// Output:
// to pay: 150
// 50 pears
