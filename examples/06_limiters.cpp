// Limits by name: so many at once, so many in a stretch of time, and who comes first.
#include <taskactor/taskactor.hpp>

#include <atomic>
#include <iostream>
#include <thread>

namespace ta = taskactor;
using namespace std::chrono_literals;

std::atomic<int> open_queries = 0, too_many = 0;

ta::task<int> query(int page) {
  co_await ta::sleep_for(1ms);              // not limited
  auto permit = co_await ta::acquire("db"); // a token for a part of a body; it comes back with the permit
  if (++open_queries > 2)
    ++too_many;
  co_await ta::sleep_for(2ms);
  --open_queries;
  co_return page;
}

ta::task<void> send(std::string letter) {
  std::cout << "sent " << letter << '\n';
  co_return;
}

ta::task<void> backup() { co_await ta::sleep_for(1h); }

int main() {
  ta::task_manager tasks{{.capacity = 16}};
  tasks.add_limiter("db", {.capacity = 2});
  tasks.add_limiter("mail", {.rate = ta::rate{.count = 100, .period = 1s}});

  int sum = 0;
  for (auto& page : tasks.gather({}, query, std::views::iota(1, 11)))
    sum += page.value();
  std::cout << "sum " << sum << ", too many queries: " << too_many << '\n';

  // A task may take tokens for as long as it runs, several of them, of several limiters.
  auto holder = tasks.add_task({.id = "backup", .limits = {{"db", 2}}}, backup).value();
  while (holder.state() == ta::state::queued)
    std::this_thread::yield();

  // The priority says who is next; explain() says what a task waits for.
  auto last = tasks.add_task({.id = "later", .limits = {{"db", 2}, {"mail"}}, .priority = 9}, send, "news");
  auto first
      = tasks.add_task({.id = "urgent", .limits = {{"db", 2}, {"mail"}}, .priority = 0}, send, "alarm");
  while (tasks.statistics().limits.at("db").waiting < 2) // until both stand in line
    std::this_thread::yield();
  std::cout << tasks.explain("urgent")->text() << '\n';

  const auto begin = std::chrono::steady_clock::now();
  tasks.cancel_and_wait("backup");
  first->wait();
  last->wait();
  const bool spaced = std::chrono::steady_clock::now() - begin >= 9ms; // the rate: one each 10 ms
  std::cout << (spaced ? "not both at once\n" : "too fast\n");
}

// Output:
// sum 55, too many queries: 0
// urgent: waits: since ... for 2 tokens of "db", held by backup
// sent alarm
// sent news
// not both at once
