#include <taskactor/queue/job_state.hpp>

#include <array>
#include <cstddef>
#include <ostream>

namespace taskactor {

namespace {

constexpr std::array<std::string_view, 9> state_names{
    "ready", "delayed", "running", "succeeded", "failed", "cancelled", "expired", "quarantined", "blocked"};

} // namespace

std::string_view to_string(job_state s) noexcept { return state_names[static_cast<std::size_t>(s)]; }

std::optional<job_state> job_state_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == name)
      return static_cast<job_state>(i);
  return {};
}

std::ostream& operator<<(std::ostream& out, job_state s) { return out << to_string(s); }

} // namespace taskactor
