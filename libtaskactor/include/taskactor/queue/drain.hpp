/// `testing::drain`: runs jobs in virtual time until there are none.
///
///     ta::testing::manager m;
///     ta::store jobs{m.tasks()};
///     ta::job_runner runner{m.tasks(), jobs, {.queues = {{"mail", 2}}}};
///     ...
///     ta::testing::drain(m, runner);      // retries that are due tomorrow as well
#pragma once

#include <taskactor/queue/job_runner.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>

namespace taskactor::testing {

/// Moves the clock of `m`, a `testing::manager`, at most by `horizon`, until the runner has nothing of its
/// store, finds nothing there that it could run, and nothing is delayed that becomes due within the horizon.
/// True: so it is; false: at its end there was something still. What is due later than that stays. Errors:
/// as `manager::settle`.
template <class Manager>
bool drain(Manager& m, const job_runner& runner, time_span horizon = std::chrono::hours{24}) {
  const auto until = detail::after(m.now(), horizon);
  for (;;) {
    m.settle();
    const auto due = runner.next_due();
    if (runner.is_idle() && (!due || *due > until))
      return true;
    if (m.now() >= until || !m.jump())
      return false;
  }
}

} // namespace taskactor::testing
