#include "watched_function.hpp"

#include "runtime.hpp"
#include "special.hpp"

#include <taskactor/run/admit.hpp>
#include <taskactor/task/portable.hpp>

#include <utility>

namespace taskactor::detail {

std::optional<event> watched_function::note(conduct how, bool ran_in_worker, const isolation_limits& limits,
                                            std::chrono::nanoseconds ran) {
  const auto moved = rules_.note(how, ran_in_worker, limits);
  if (moved == isolation::move::none)
    return {};
  in_workers_.store(rules_.in_workers(), std::memory_order_relaxed);
  const bool out = moved == isolation::move::to_workers;
  event what{.kind = out ? event_kind::isolated : event_kind::readmitted, .id = name_, .ran = ran};
  what.text = out ? "runs that have outlived their deadline or left their thread behind: "
                        + std::to_string(limits.bad)
                  : "clean runs there in a row: " + std::to_string(limits.clean);
  return what;
}

watched_function& watched_functions::of(const portable& function) {
  const std::lock_guard lock{mutex_};
  auto& found = all_[&function];
  if (!found)
    found = std::make_unique<watched_function>(function.portable_name());
  return *found;
}

bool watches(const runtime& home) noexcept { return home.with().isolation.bad != 0; }

void watch(runtime& home, record& task, const portable& function) {
  task.special = std::make_unique<special>();
  task.special->function = &home.functions().of(function);
}

bool begins_in_worker() {
  auto& self = *static_cast<record&>(require_context().core()).special;
  self.kills_before = self.worker_kills;
  const bool where = self.function->in_workers();
  self.in_worker.store(where, std::memory_order_relaxed);
  return where;
}

} // namespace taskactor::detail
