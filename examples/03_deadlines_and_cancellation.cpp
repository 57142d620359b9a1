// A task that takes too long is answered for at its deadline; one that is cancelled sees it at its awaits.
#include <taskactor/taskactor.hpp>

#include <iostream>

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<void> close_session() {
  co_await ta::sleep_for(1ms);
  std::cout << "session closed\n";
}

ta::task<int> session() {
  try {
    co_await ta::sleep_for(1h);
  } catch (
      const ta::cancelled_error&) { // not a std::exception: error handling doesn't swallow it by accident
  }
  co_await ta::shield(close_session()); // clean-up may await; unshielded, this await would throw again
  co_await ta::sleep_for(1h);           // it is level-triggered: this one throws
  co_return 0;
}

ta::task<void> slow() { co_await ta::sleep_for(1h); }

int main() {
  ta::task_manager tasks;

  auto late = tasks.add_task({.id = "late", .timeout = 20ms}, slow).value();
  std::cout << "late: " << late.wait_outcome().error() << '\n';

  auto open = tasks.add_task({.id = "session"}, session).value();
  while (open.state() == ta::state::queued) // let it start: cancelled before its token it would never run
    std::this_thread::yield();
  const auto requested = tasks.cancel_task("session");
  open.wait();
  std::cout << "cancel: " << to_string(requested) << '\n';
  std::cout << "session: " << open.wait_outcome().error() << '\n';
  std::cout << "cancel again: " << to_string(tasks.cancel_task("session")) << '\n';

  try {
    late.get();
  } catch (const ta::task_error& error) {
    std::cout << "get() throws for " << late.id() << ": " << error.state() << '\n';
  }
}

// Output:
// late: timed out: ran too long (limit 20 ms)
// session closed
// cancel: requested
// session: cancelled: requested
// cancel again: finished
// get() throws for late: timed out
