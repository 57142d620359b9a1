#include "node/synchronized_core.hpp"

#include "events/hub.hpp"

#include <algorithm>
#include <exception>

namespace taskactor::detail {

synchronized_core::synchronized_core(node_core_options options, node_ports& ports, const event_hub& events)
    : self_(options.self), events_(events), core_(std::move(options), ports) {}

void synchronized_core::enter(const std::function<void(node_core&)>& what) noexcept {
  std::vector<std::function<void()>> due;
  try {
    const std::lock_guard lock{mutex_};
    what(core_);
    due.swap(deferred_);
  } catch (const std::exception& error) {
    events_.warn(std::string{"node: "} + error.what());
  }
  for (auto& each : due)
    each();
}

void synchronized_core::note(int level, const std::string& text) {
  notify();
  defer([this, level, text] { events_.relay(level, self_.name + ": " + text); });
}

/// What a condition variable can add to the time.
std::chrono::nanoseconds synchronized_core::waitable(std::chrono::nanoseconds bound) noexcept {
  return std::clamp<std::chrono::nanoseconds>(bound, std::chrono::nanoseconds{0}, std::chrono::years{1});
}

} // namespace taskactor::detail
