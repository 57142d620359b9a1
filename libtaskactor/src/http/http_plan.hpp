/// What is going to be sent: a request, checked, with what the client has for all; and how a redirect changes
/// it.
#pragma once

#include "http/curl_handles.hpp"
#include "http/http_transfer.hpp"
#include "http/http_url.hpp"

#include <taskactor/http/client_options.hpp>
#include <taskactor/http/request.hpp>
#include <taskactor/retry.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// Where the body of a request comes from.
enum class http_body : std::uint8_t { memory, file, channel };

/// One of the exchanges that a request takes: the first, or one that a redirect leads to.
struct http_hop {
  http_url url;
  std::string method;
  http::header_list headers; // all of them, unless they are `plain`
  bool plain = false;        // those of the client
  bool with_body = false;
};

class http_plan {
public:
  /// Errors: those of `http::request`.
  http_plan(const http::client_options& defaults, http::request what, http_body from);

  http_hop first() const;
  /// What comes behind an answer that redirects. Errors: `http::error`.
  http_hop next(const http_hop& from, int status, const std::string& location) const;
  /// All that libcurl has to know. `length`: of a body that isn't in memory; negative: unknown.
  void apply(const http_hop& hop, const std::shared_ptr<curl_slist>& fields, std::string_view addresses,
             std::int64_t length, http_transfer& to) const;

  http_bounds bounds() const noexcept { return bounds_; }
  std::size_t max_redirects() const noexcept { return max_redirects_; }
  const std::optional<taskactor::retry>& retry() const noexcept { return retry_; }
  http_body body_from() const noexcept { return from_; }
  /// It makes no difference whether it reaches the server once or twice.
  bool is_idempotent() const noexcept;

private:
  std::shared_ptr<curl_slist> list_of(const http_hop& hop) const;

  const http::header_list& defaults_;
  http::request what_;
  http_body from_;
  std::shared_ptr<const std::string> body_;
  http_bounds bounds_;
  std::size_t max_redirects_;
  std::optional<taskactor::retry> retry_;
  std::optional<time_span> timeout_;
};

/// A list for libcurl. Errors: `std::bad_alloc`.
std::shared_ptr<curl_slist> make_list(const http::header_list& headers);
/// Errors: `error{errc::invalid_argument}`, for what can't stand in a header.
void check(const http::header_list& headers);
/// An answer of this status leads elsewhere, if it has a Location.
bool is_redirect(int status) noexcept;

} // namespace taskactor::detail
