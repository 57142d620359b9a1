#include <taskactor/queue/job_info.hpp>

#include <array>
#include <cstddef>
#include <ostream>

namespace taskactor {

namespace {

constexpr std::array<std::string_view, 6> control_reply_names{"done",      "requested", "ended",
                                                              "duplicate", "running",   "unknown"};
constexpr std::array<std::string_view, 3> push_result_names{"pushed", "duplicate", "replaced"};

} // namespace

std::string_view to_string(control_reply reply) noexcept {
  return control_reply_names[static_cast<std::size_t>(reply)];
}

std::ostream& operator<<(std::ostream& out, control_reply reply) { return out << to_string(reply); }

std::string_view to_string(push_result how) noexcept {
  return push_result_names[static_cast<std::size_t>(how)];
}

std::ostream& operator<<(std::ostream& out, push_result how) { return out << to_string(how); }

} // namespace taskactor
