// A link checker: asks for each URL of its input, a line each, 64 at once, and says which don't work.
//
//     example_16_fetch_all < urls.txt
//
// Each has 5 s, and all together a minute. What fails for a while is tried again, no host is asked more than
// 2,000 times a second, and Ctrl-C ends it at once: what was found until then is said all the same.
#include <taskactor/http.hpp>
#include <taskactor/taskactor.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <iostream>
#include <ranges>
#include <string>

namespace ta = taskactor;
using namespace std::chrono_literals;

// What is wrong with it; empty: nothing.
ta::task<std::string> check(ta::http::client web, std::string url) {
  try {
    const auto answer = co_await web.send({.method = "HEAD", .url = url});
    co_return answer.status < 400 ? "" : url + ": status " + std::to_string(answer.status);
  } catch (const ta::http::error& why) {
    co_return why.message();
  }
}

ta::task<void> end_at_signal(ta::task_manager& tasks, ta::signals& ends) {
  co_await ends.next();
  tasks.cancel_all();
}

struct line : std::string {};
std::istream& operator>>(std::istream& in, line& into) { return std::getline(in, into); }

int main() {
  ta::task_manager tasks{{.capacity = 65}}; // 64 that wait for an answer, and one for a signal
  const ta::http::client web{tasks,
                             {.per_host = 64,
                              .per_host_rate = ta::rate{.count = 2'000, .period = 1s, .burst = 100},
                              .retry = ta::retry{.max_attempts = 3, .backoff = {.first = 200ms}}}};
  ta::signals ends{SIGINT, SIGTERM};
  tasks.add_task({.id = "signals", .timeout = ta::no_timeout}, end_at_signal, std::ref(tasks), std::ref(ends))
      .value();

  std::size_t fine = 0, broken = 0, not_asked = 0;
  const auto look = [&](std::size_t index, ta::outcome<std::string> found) {
    if (found && found->empty())
      ++fine;
    else if (found || found.state() != ta::state::cancelled)
      std::cout << "line " << index + 1 << ": " << (++broken, found ? *found : found.error().message())
                << '\n';
    else
      ++not_asked;
    if ((fine + broken) % 1'000 == 0)
      std::cerr << fine + broken << " checked\r";
  };
  const auto one = [&web](std::string url) { return check(web, std::move(url)); };
  // Pulled as fast as they are checked: a million of them take no more memory than a hundred.
  tasks.gather_each({.concurrency = 64, .each = {.timeout = 5s}, .total_timeout = 60s}, one,
                    std::views::istream<line>(std::cin), look);
  tasks.cancel_task("signals"); // else the manager would give it time to end
  std::cout << fine << " work, " << broken << " don't, " << not_asked << " weren't asked\n";
  return broken == 0 && not_asked == 0 ? 0 : 1;
}
