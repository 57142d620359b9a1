/// What a client sends.
///
///     co_await web.send({.method = "PUT", .url = url, .headers = {{"X-Id", "7"}}, .body = text});
///
/// Errors, all before anything is sent: `http::error` for the URL; `error{errc::invalid_argument}` for a
/// method or a header's name that has other characters than RFC 9110 allows in a token, and for line ends and
/// zero bytes in a header's value.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/http/header_list.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/time_span.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace taskactor::http {

/// What isn't set is as the client has it.
struct request {
  field<std::string> method{"GET"};
  /// "https://user:password@host:port/path?query"; http or https. The part from '#' on isn't sent.
  field<std::string> url{};
  /// In place of the client's own of the same names, and of what curl would send ("Accept", "User-Agent"). An
  /// empty value is sent as such.
  field<header_list> headers{};
  field<std::string> body{};
  /// For each attempt, from its connection to the end of the answer.
  std::optional<time_span> timeout{};
  std::optional<std::size_t> max_body{};
  std::optional<std::size_t> max_redirects{};
  field<std::optional<taskactor::retry>> retry{};
};

} // namespace taskactor::http
