/// A server that behaves: nginx, with what tests of an HTTP client ask for. What no good server does is
/// `hostile_server`'s.
///
/// | path | what it answers |
/// |---|---|
/// | /1k /1m /empty | so many bytes: `text(n)` |
/// | /slow | 64 KiB, 1 KiB each second |
/// | /huge | 10 GB of zeros |
/// | /gzip/text /gzip/huge | `text(64 KiB)` and 10 GB of zeros, compressed if that is accepted |
/// | /echo | method, target and some headers of the request, a line each: `Host: ...` |
/// | /private | /echo for `ann` with the password `secret` (basic), else 401 |
/// | /once | closes the connection after its answer |
/// | /put/NAME | PUT keeps the body: `uploaded(NAME)`; GET answers with it; DELETE removes it |
/// | /put-little/NAME | the same for at most 1 KiB, else 413 |
/// | /STATUS /STATUS/AFTER | 204, 404, 429, 500, 502 or 503; `AFTER` is the header Retry-After |
/// | /redirect/STATUS/URL | 301, 302, 303, 307 or 308 to any URL, percent-encoded (`redirect`) |
/// | /loop | a redirect to itself |
///
/// Each answer has a header X-Connection: the connection's number and which request of it this is ("7 2").
/// All paths are on all ports. In its folder there is `authority.pem`, which has signed all but one.
#pragma once

#include "certificates.hpp"
#include "nginx_process.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace test {

class web_site {
public:
  enum class port : std::uint8_t {
    plain,
    other_plain,
    tls,   ///< with HTTP/2
    tls_1, ///< HTTP/1.1 alone
    wrong_name,
    expired,
    self_signed,
  };
  static constexpr std::size_t ports = 7;

  web_site();

  /// `http://127.0.0.1:PORT/PATH`, or https.
  std::string url(std::string_view path, port at = port::plain, std::string_view host = "127.0.0.1") const;
  /// To any other URL.
  std::string redirect(int status, std::string_view to, port at = port::plain) const;
  /// `after` is in seconds, or a date (`http_date`).
  std::string retry_after(int status, std::string_view after, port at = port::plain) const;
  /// What clients are to trust.
  std::string authority() const { return (server_.folder() / "authority.pem").string(); }
  std::string uploaded(const std::string& name) const;
  /// How many connections are open, without the one that asks.
  std::size_t open_connections() const;
  nginx_process& server() { return server_; }

  /// So many letters, each of which says where it is.
  static std::string text(std::size_t size);
  /// "Tue, 01 Dec 2026 20:32:07 GMT": so many seconds from now.
  static std::string http_date(long seconds);

private:
  nginx_process server_;
};

std::string percent_encoded(std::string_view text);

} // namespace test
