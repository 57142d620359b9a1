#include "lifecycle/reports.hpp"

#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "threads/stall_detector.hpp"

#include <taskactor/detail/record.hpp>

#include <utility>

namespace taskactor::detail {

void report(manager_core& home, event_kind kind, const record& task, const std::string& text) {
  if (!home.events().wants(kind))
    return;
  task_event what;
  what.kind = kind;
  what.id = task.current_id();
  what.at = home.now();
  if (const auto started = task.started_at.load(std::memory_order_relaxed))
    what.ran = what.at - time_point{clock::duration{started}};
  what.text = text;
  home.events().emit(what);
}

void report_progress(manager_core& home, const record& task, std::uint64_t done, std::uint64_t total,
                     std::string text) {
  if (!home.events().wants(event_kind::progress))
    return;
  task_event what;
  what.kind = event_kind::progress;
  what.id = task.current_id();
  what.at = home.now();
  what.text = std::move(text);
  what.done = done;
  what.total = total;
  home.events().emit(what);
}

void report_cleanup_fault(manager_core& home, const record& task, const std::exception_ptr& thrown) noexcept {
  try {
    report(home, event_kind::cleanup_fault, task, describe(thrown));
  } catch (...) { // no memory to report it
  }
}

void report_blocked(manager_core& home, const blocked_turn& turn) {
  if (!home.events().wants(event_kind::blocking))
    return;
  task_event what;
  what.kind = event_kind::blocking;
  what.id = turn.id;
  what.at = home.now();
  what.ran = turn.held;
  what.text = "call what blocks by run_in_thread, and let a long computation co_await yield() now and then";
  home.events().emit(what);
}

} // namespace taskactor::detail
