#include <taskactor/error.hpp>

namespace taskactor {

error::error(errc code, const std::string& message) : std::system_error(make_error_code(code), message) {}

/// What `std::system_error` has put behind it is taken off again: kept apart, a copy could throw.
std::string error::message() const {
  const std::string text = what();
  return text.substr(0, text.rfind(": " + code().message()));
}

std::string detail::message_of(const std::system_error& what) {
  const auto* own = dynamic_cast<const error*>(&what);
  return own ? own->message() : what.what();
}

} // namespace taskactor
