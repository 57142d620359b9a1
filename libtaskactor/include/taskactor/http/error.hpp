/// What can go wrong with an HTTP request: `http::errc`, and `http::error`, which is thrown with one.
///
///     try {
///       const auto page = co_await web.get(url);
///     } catch (const ta::http::error& why) {
///       if (why.code() == ta::http::errc::disconnected)
///         use(why.received());             // what there was of the answer
///     }
///
/// An answer with an error status (404, 503) is an answer, and no error. Who is cancelled gets
/// `cancelled_error`, and whoever uses a client whose manager has ended `errc::stopping`, as elsewhere.
#pragma once

#include <taskactor/http/response.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <type_traits>

namespace taskactor::http {

enum class errc {
  /// The URL is none, has control characters or spaces in it, or has no host.
  invalid_url = 1,
  /// The URL, or one that the server has redirected to, is neither http nor https.
  unsupported_scheme,
  /// There is no address for the host's name, or for the proxy's.
  resolve,
  /// No connection could be made.
  connect,
  /// The handshake failed: the certificate isn't one that is believed, is another host's or has expired, or
  /// the two sides have no way of talking in common.
  tls,
  /// `connect_timeout` or `timeout` was up. (The task's own deadlines end it as any other task.)
  timeout,
  /// The answer's body is larger than `max_body`, or its header than `max_header`.
  too_large,
  /// What the server has said is no HTTP.
  protocol,
  /// The connection ended before the answer was complete.
  disconnected,
  /// More redirects than `max_redirects`.
  too_many_redirects,
  /// The request's body, which can't be sent again (a channel's values), would have to be: the server
  /// redirects, or asks for it again. Or it isn't as long as was said.
  body_was_sent,
  /// A file couldn't be read, made or written; the message has the system's reason.
  file,
};

/// The category of `errc`, named "taskactor.http".
const std::error_category& error_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// Copies share what was received.
class error : public std::system_error {
public:
  error(errc code, const std::string& message, std::string url = {},
        std::shared_ptr<const response> got = {});

  /// What was wrong, in curl's words where they are: without those of the code, which `what()` ends with.
  const std::string& message() const noexcept { return *message_; }
  /// The one that failed, after redirects; without user and password.
  const std::string& url() const noexcept { return *url_; }
  /// What there was of the answer: its status (zero: not even that), its header and its body so far; of a
  /// `stream`, `download` or what is given to a sink without the body.
  const response& received() const noexcept { return *received_; }

private:
  std::shared_ptr<const std::string> message_, url_;
  std::shared_ptr<const response> received_;
};

} // namespace taskactor::http

template <>
struct std::is_error_code_enum<taskactor::http::errc> : std::true_type {};
