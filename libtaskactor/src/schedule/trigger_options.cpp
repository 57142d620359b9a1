#include <taskactor/schedule/trigger_options.hpp>

namespace taskactor {

std::string_view to_string(gap_policy p) noexcept {
  return p == gap_policy::at_end ? "at_end" : p == gap_policy::shift ? "shift" : "skip";
}
std::string_view to_string(fold_policy p) noexcept {
  return p == fold_policy::first ? "first" : p == fold_policy::second ? "second" : "both";
}

} // namespace taskactor
