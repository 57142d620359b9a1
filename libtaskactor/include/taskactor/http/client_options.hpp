/// What a `http::client` is made with.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/http/header_list.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/time_span.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace taskactor::http {

/// Whom a client believes, and who it says it is. Files in PEM.
struct tls_options {
  /// False: anybody who says it is the host. For tests alone.
  bool verify = true;
  /// In place of the system's authorities.
  field<std::string> authority{};
  /// The client's own, for servers that ask for it.
  field<std::string> certificate{}, key{};
};

/// Checked at construction. Errors: `error{errc::invalid_argument}`, naming the field.
struct client_options {
  /// Requests that are on their way to one host (scheme, name and port) at once; more wait, in their order.
  std::size_t per_host = 16;
  /// How often a request to one host may begin; a redirect and a further attempt count as well. Unset: any
  /// time.
  std::optional<rate> per_host_rate{};
  /// For the connection, its handshake included; the name has been resolved before.
  time_span connect_timeout = std::chrono::seconds{30};
  /// For each attempt, from its connection to the end of the answer, of the real clock. Unset: as long as its
  /// task may take.
  std::optional<time_span> timeout{};
  /// Bytes of a body that is kept in memory, after its decompression. (A `stream` or `download` has no
  /// limit.)
  std::size_t max_body = std::size_t{16} << 20;
  /// Bytes of all headers of one answer.
  std::size_t max_header = std::size_t{256} << 10;
  /// Zero: redirects are answers. They lead to http and https alone. To another host, port or scheme neither
  /// user and password nor the headers Authorization, Cookie, Proxy-Authorization and Host are sent along.
  /// The method becomes GET as browsers have it: by 303, and by 301 and 302 if it was POST.
  std::size_t max_redirects = 20;
  /// Which are tried again: those that failed with `resolve`, `connect`, `timeout` or `disconnected`, and
  /// answers of status 408, 429, 500, 502, 503 and 504; all if the method is GET, HEAD, PUT, DELETE or
  /// OPTIONS or the request has an Idempotency-Key, else only what hasn't been sent. The wait is the longer
  /// one of the back-off's and of what `Retry-After` says. `retry_on` is asked on the task's thread about
  /// errors, not about statuses. Of a stream, until its header is there.
  std::optional<taskactor::retry> retry{};
  /// An answer that wants a longer wait by `Retry-After`, or one beyond the task's deadline, is given as it
  /// is.
  time_span max_retry_after = std::chrono::minutes{1};
  /// Asks for compressed bodies, and decompresses them. Else they come as the server sends them.
  bool compressed = true;
  /// HTTP/2, where a server has it over TLS.
  bool http2 = true;
  /// "http://proxy:3128", "socks5h://..."; empty: none. Unset: as the environment says (`https_proxy`,
  /// `no_proxy`, ...): whether
  /// one is set is looked at when the client is made, what it says at each request.
  std::optional<std::string> proxy{};
  tls_options tls{};
  /// Sent with each request that has none of the same name. Without a User-Agent it is "taskactor/VERSION".
  field<header_list> headers{};
  /// Connections that are kept open while nobody uses them. Zero: each request has its own.
  std::size_t max_idle_connections = 256;
};

} // namespace taskactor::http
