#include <taskactor/task/expected.hpp>

#include <ostream>

namespace taskactor {

std::ostream& operator<<(std::ostream& out, const rejection& what) { return out << what.message; }

void throw_rejection(const rejection& what) {
  throw std::system_error{make_error_code(what.code), what.message};
}

} // namespace taskactor
