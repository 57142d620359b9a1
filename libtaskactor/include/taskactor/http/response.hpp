/// What a server answers.
#pragma once

#include <taskactor/http/header_list.hpp>

#include <cstddef>
#include <string>

namespace taskactor::http {

struct response {
  /// As 200 or 404.
  int status = 0;
  header_list headers{};
  /// Decompressed, as `client_options::compressed` says.
  std::string body{};
  /// Where it came from, after redirects; without user and password.
  std::string url{};
  /// "1.0", "1.1" or "2".
  std::string version{};
  std::size_t redirects = 0;
  /// One, and those that were tried again.
  std::size_t attempts = 1;

  /// A status from 200 to 299.
  bool ok() const noexcept { return status >= 200 && status < 300; }
};

} // namespace taskactor::http
