#include <taskactor/expected.hpp>

#include <ostream>

namespace taskactor {

std::ostream& operator<<(std::ostream& out, const rejection& what) { return out << what.message; }

void throw_rejection(const rejection& what) { throw error{what.code, what.message}; }

} // namespace taskactor
