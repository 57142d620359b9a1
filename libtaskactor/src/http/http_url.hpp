/// A URL that has been looked at: http or https, with a host, and nothing in it that isn't to be seen.
#pragma once

#include "http/curl_handles.hpp"

#include <cstdint>
#include <string>

namespace taskactor::detail {

class http_url {
public:
  /// Errors: `http::error` with `invalid_url` or `unsupported_scheme`.
  explicit http_url(const std::string& text);

  /// libcurl reads it while a transfer goes on.
  CURLU* handle() const noexcept { return url_.get(); }
  bool is_secure() const noexcept { return secure_; }
  /// Lower case, as the name is looked up; of a literal IPv6 address without its brackets.
  const std::string& host() const noexcept { return host_; }
  const std::string& port() const noexcept { return port_; }
  /// "https://example.org:443": who has the same is the same server.
  const std::string& origin() const noexcept { return origin_; }
  /// Whole, without user and password, for people to read.
  std::string shown() const;
  /// User and password, unless it has its own. Errors: `std::bad_alloc`.
  void inherit_user(const http_url& from);
  /// An address, or a name that is this machine's by definition: nothing has to be looked up.
  bool needs_no_lookup() const noexcept;

private:
  curl_url_parts url_;
  std::string host_, port_, origin_;
  bool secure_ = false;
};

/// Of libcurl's; empty if it isn't there. Errors: `std::bad_alloc`.
std::string url_part(CURLU* of, CURLUPart which, unsigned flags = 0);

} // namespace taskactor::detail
