/// `error`: base of all exceptions that the library makes of its own `errc`.
///
///     try {
///       tasks.add_limiter("db", {});
///     } catch (const ta::error& why) {
///       std::cerr << why.message() << '\n'; // without the words of the code, which `what()` ends with
///     }
///
/// What the system refuses (a descriptor, a thread) is a plain `std::system_error` with the system's code.
/// What a body throws is thrown as it was.
#pragma once

#include <taskactor/errc.hpp>

#include <string>
#include <system_error>

namespace taskactor {

class error : public std::system_error {
public:
  error(errc code, const std::string& message);
  /// What was wrong, where, and what would be right.
  std::string message() const;
};

namespace detail {
/// Of an error of the library's own, its message; of any other the whole text: there the code's words are the
/// reason.
std::string message_of(const std::system_error& what);
} // namespace detail

} // namespace taskactor
