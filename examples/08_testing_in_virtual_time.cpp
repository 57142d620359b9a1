// Tests of task bodies: a day takes no time, the order is drawn from a seed, and faults come when they are
// ordered.
#include <taskactor/taskactor.hpp>
#include <taskactor/testing.hpp>

#include <iostream>
#include <stdexcept>

namespace ta = taskactor;
using namespace std::chrono_literals;

// What is to be tested: a server is asked on a thread, every hour until it answers.
ta::task<int> ask_hourly(std::function<int()> server) {
  for (;;) {
    try {
      const int answer = co_await ta::run_in_thread(server);
      co_return answer;
    } catch (const std::runtime_error&) { // not now
    }
    co_await ta::sleep_for(1h);
  }
}

// And an account whose balance is read before a pause and written after it.
ta::task<void> deposit(int* balance, int amount) {
  const int before = *balance;
  if (amount > 50)
    co_await ta::yield(); // as a call of a service would
  *balance = before + amount;
}

int main() {
  { // A blocking call jumps from one due time to the next.
    ta::testing::manager m;
    int asked = 0;
    auto server = [&asked] { return ++asked < 24 ? throw std::runtime_error{"busy"} : 42; };
    auto h = m.tasks().add_task({}, ask_hourly, server).value();
    std::cout << h.get() << " after " << m.elapsed() / 1h << " hours\n";
  }
  { // The second call's thread is lost: only the deadline ends the task.
    ta::testing::manager m;
    m.lose_thread({.nth = 2});
    auto server = []() -> int { throw std::runtime_error{"busy"}; };
    auto h = m.tasks().add_task({.timeout = 2h}, ask_hourly, server).value();
    std::cout << h.wait_outcome().error() << '\n';
  }
  { // What can't come any more is told, with who waits for what.
    ta::testing::manager m{{.manager = {.thread_capacity = 0}}};
    auto h = m.tasks().add_task({.id = "poll"}, ask_hourly, [] { return 0; }).value();
    try {
      h.get();
    } catch (const ta::testing::deadlock& stuck) {
      std::cout << stuck.what() << '\n';
    }
  }
  try { // Is there an order in which a deposit is lost?
    ta::testing::explore({.seeds = 200}, [](ta::testing::manager& m) {
      int balance = 0;
      (void)m.tasks().add_task({}, deposit, &balance, 10);
      (void)m.tasks().add_task({}, deposit, &balance, 100);
      m.run_until_idle();
      if (balance != 110)
        throw std::logic_error{"the balance is " + std::to_string(balance)};
    });
  } catch (const ta::testing::seed_failed& failure) {
    std::cout << failure.what() << '\n';
  }
}

// Output:
// 42 after 23 hours
// timed out: ran too long (limit 7200 s)
// deadlock at 0 s: nothing can run, and nothing is due
//   "poll": running since 0 s; waits for a token of the thread limiter
// seed ... failed; TASKACTOR_TEST_SEED=... runs it alone: std::logic_error: the balance is 100
