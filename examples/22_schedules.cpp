// Schedules: tasks that begin when a trigger says so, and what becomes of those that are too many at once.
#include <taskactor/schedule.hpp>
#include <taskactor/schedule/scheduler.hpp>
#include <taskactor/taskactor.hpp>

#include <atomic>
#include <iostream>

namespace ta = taskactor;
using namespace std::chrono_literals;

std::atomic<int> beats{0}, reports{0};

// A body is told the time that the trigger names, and when its task was added.
ta::task<void> beat(ta::schedule_fire at) {
  if (beats == 2)
    std::cout << at.schedule << " has fired three times, the last less than a minute late: " << std::boolalpha
              << (at.actual - *at.nominal < 1min) << std::endl;
  ++beats; // what waits for it finds that said
  co_return;
}

ta::task<void> report() {
  ++reports;
  co_await ta::sleep_for(1h); // it hangs
}

int main() {
  ta::task_manager tasks;
  ta::scheduler schedules{tasks};

  // A trigger is a value: it can be asked before anything is scheduled.
  const auto nightly = ta::trigger::parse("cron 30 2 * * * @ Europe/Berlin").value();
  const auto spring = ta::parse_rfc3339("2026-03-28T12:00:00Z").value();
  for (const auto& each : nightly.preview(2, spring).fires)
    std::cout << each.local << (each.note.empty() ? "" : "  ") << each.note << '\n';

  // Each fire is a task of the manager, here with a deadline; it begins while none of the schedule runs.
  auto night = schedules
                   .add({.name = "report", .overlap = ta::overlap_policy::skip, .task = {.timeout = 10min}},
                        nightly, report)
                   .value();
  std::cout << "by hand: " << night.run_now().value() << '\n';
  std::cout << "again: " << night.run_now().error() << '\n';
  while (reports.load() == 0)
    std::this_thread::sleep_for(1ms);
  std::cout << "asked to end: " << night.cancel_running() << '\n';

  // Every so often, by elapsed time: the next is counted from the time before, so that nothing drifts.
  auto heart = schedules.add({.name = "heart"}, ta::trigger::every(20ms).value(), beat).value();
  while (beats.load() < 3)
    std::this_thread::sleep_for(1ms);
  std::cout << "paused: " << heart.pause() << ", next: " << heart.info().next.found.has_value() << '\n';

  // What is wrong, and what never comes, is said at once.
  std::cout
      << schedules.add({.name = "past"}, ta::trigger::parse("at 2025-01-01T00:00").value(), report).error()
      << '\n';
  std::cout << tasks.shutdown().not_ended.size() << " left\n";
  std::cout << "ended with the manager: " << heart.info().ended << '\n';
}

// Output:
// 2026-03-29T03:00:00+02:00  instead of 02:30:00, which clocks pass over; ...
// 2026-03-30T02:30:00+02:00
// by hand: report-1
// again: schedule "report": as many run as may at once
// asked to end: 1
// heart has fired three times, the last less than a minute late: true
// paused: true, next: true
// schedule "past": it is never due: there are no more fires
// 0 left
// ended with the manager: true
