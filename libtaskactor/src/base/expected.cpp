#include <taskactor/expected.hpp>

#include <ostream>

namespace taskactor {

std::ostream& operator<<(std::ostream& out, const rejection& what) { return out << what.message; }

void throw_rejection(const rejection& what) {
  throw std::system_error{make_error_code(what.code), what.message};
}

std::string detail::message_of(const std::system_error& error) {
  std::string text = error.what();
  if (error.code().category() != make_error_code(errc::invalid_argument).category())
    return text;
  return text.substr(0, text.rfind(": " + error.code().message()));
}

} // namespace taskactor
