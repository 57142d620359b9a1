#include <taskactor/queue/job_parent.hpp>

#include <ostream>

namespace taskactor {

std::string_view to_string(on_failure wish) noexcept {
  switch (wish) {
  case on_failure::cancel:
    return "cancel";
  case on_failure::fail:
    return "fail";
  case on_failure::run:
    break;
  }
  return "run";
}

std::ostream& operator<<(std::ostream& out, on_failure wish) { return out << to_string(wish); }

} // namespace taskactor
