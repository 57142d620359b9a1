#include "cli/store_address.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace taskactor::cli {

namespace {

/// What `%70` and the like stand for; libpq has them in the names of parameters, too.
std::string without_percents(std::string_view text) {
  std::string made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size()
        && std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      made += static_cast<char>(byte);
      i += 2;
    } else {
      made += text[i];
    }
  }
  return made;
}

} // namespace

bool is_server(const std::string& store) {
  return store.starts_with("postgresql://") || store.starts_with("postgres://");
}

bool has_password(const std::string& address) {
  if (!is_server(address))
    return false;
  std::string_view rest{address};
  rest.remove_prefix(rest.find("://") + 3);
  const auto query = rest.find('?');
  // As libpq reads it, up to a slash; and up to the parameters: a password may have a slash in it.
  for (const auto end : {rest.find('/'), query}) {
    const auto user = rest.substr(0, end);
    if (const auto at = user.rfind('@'); at != user.npos && user.substr(0, at).find(':') != user.npos)
      return true;
  }
  for (auto part = query == rest.npos ? std::string_view{} : rest.substr(query + 1); !part.empty();) {
    const auto end = std::min(part.find('&'), part.size());
    const auto name = without_percents(part.substr(0, std::min(part.find('='), end)));
    if (name == "password" || name == "sslpassword")
      return true;
    part.remove_prefix(std::min(end + 1, part.size()));
  }
  return false;
}

} // namespace taskactor::cli
