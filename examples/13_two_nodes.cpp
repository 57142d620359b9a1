// Two nodes: each has a manager of its own, and runs named tasks for the other. Here they are in one process,
// over a connection on this machine; on two machines each is a program of its own, with certificates.
#include <taskactor/node/node.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/taskactor.hpp>

#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace ta = taskactor;
using namespace std::chrono_literals;

// What may travel: registered functions, whose arguments and results have a JSON form.
ta::task<int> letters(std::string word) {
  co_await ta::sleep_for(1ms);
  if (word.empty())
    throw std::invalid_argument{"no word"};
  co_return static_cast<int>(word.size());
}
TASKACTOR_REGISTER(letters);

ta::task<void> forever() { co_await ta::sleep_for(24h); }
TASKACTOR_REGISTER(forever);

int main() {
  ta::task_manager here, there{{.capacity = 4}};
  ta::node alpha{here, {.name = "alpha"}};
  ta::node beta{there, {.name = "beta", .labels = {"words"}}};
  alpha.join(beta.listen("127.0.0.1:0"));
  alpha.wait_for_peers(1, 10s);

  // A call is a task of this manager's: a handle, deadlines, an outcome.
  std::cout << "pear: " << alpha.submit(ta::on_node("beta"), letters, "pear").value().get() << '\n';
  const auto none = alpha.submit(ta::on_label("words"), letters, "").value();
  std::cout << none.wait_outcome().error() << '\n';
  const auto late = alpha.submit({.timeout = 50ms}, ta::on_any(), forever).value();
  std::cout << late.wait_outcome().state() << '\n';

  // Many, over all nodes that have room: in the order of the items, whichever ends first.
  const std::vector<std::string> words{"a", "list", "", "of", "words"};
  const auto all = here.gather(
      {.concurrency = 16},
      [&alpha](std::string word) -> ta::task<int> {
        const int count = co_await ta::run_on_node(alpha, ta::on_least_loaded(), letters, word);
        co_return count;
      },
      words);
  for (const auto& each : all)
    std::cout << (each ? std::to_string(*each) : "-") << (&each == &all.back() ? '\n' : ' ');

  // Beta goes while it has a call of ours: at most once means that nobody knows what became of it.
  while (beta.statistics().inbound != 0) // until the late one has ended there
    std::this_thread::yield();
  const auto lost = alpha.submit({.id = "lost"}, ta::on_any(), forever).value();
  while (beta.statistics().inbound == 0)
    lost.wait_for(1ms);
  beta.leave(0s);
  try {
    lost.get();
  } catch (const ta::node_lost& error) {
    std::cout << error.node() << " is lost, and the call with it\n";
  }
}

// Output:
// pear: 4
// failed: taskactor::remote_error: std::invalid_argument: no word
// timed out
// 1 4 - 2 5
// beta is lost, and the call with it
