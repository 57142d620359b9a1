#include <taskactor/schedule/fire.hpp>

#include <ostream>

namespace taskactor {

std::string_view to_string(no_fire why) noexcept {
  return why == no_fire::over        ? "there are no more fires"
         : why == no_fire::zone_data ? "the zone's data ends before the next fire"
                                     : "no fire was found within the limits of a search";
}
std::ostream& operator<<(std::ostream& out, no_fire why) { return out << to_string(why); }

} // namespace taskactor
