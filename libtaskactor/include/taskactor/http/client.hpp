/// `http::client`: requests as awaits, many at once, over connections that are kept.
///
///     ta::http::client web{tasks, {.per_host = 16}};                  // copies are the same client
///     const auto page = co_await web.get("https://example.org/");     // page.status, .headers, .body
///     co_await web.send({.method = "POST", .url = url, .body = json});
///     co_await web.download(url, "file.part");                        // or to a channel, or a callable
///     co_await web.upload({.method = "PUT", .url = url}, "file.tar"); // or from a channel
///
/// An answer with an error status is an answer; see `http/error.hpp` for errors. Cancellation and deadlines
/// end a request at once, and its connection with it (of HTTP/2 only its stream). A wait keeps the task's
/// token, but for one for a place of `per_host`, which lends it.
///
/// A client has a thread of its own that drives libcurl, and at most 16 more, while they are needed, that
/// look names up; through a proxy that is libcurl's to do. None of the user's code runs on them. It ends with
/// its last copy; or with the manager that it was made with: requests are refused then, with
/// `errc::stopping`. It may be used by tasks of any manager. In virtual time the clock stands while a
/// request is on its way, for at most the test's `patience`.
///
/// The library's own calls are `curl_global_init`, once, and those of handles of its own: a program that uses
/// libcurl itself is left alone. Not a browser: no cookies are kept.
///
/// Threads: any.
#pragma once

#include <taskactor/detail/awaitable.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/http/client_options.hpp>
#include <taskactor/http/error.hpp>
#include <taskactor/http/request.hpp>
#include <taskactor/http/response.hpp>
#include <taskactor/http/stream.hpp>
#include <taskactor/sync/channel.hpp>
#include <taskactor/task.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace taskactor {

namespace detail {
class http_client;
} // namespace detail

namespace http {

struct client_statistics {
  /// Attempts that are on their way, waiting for names and connections included.
  std::size_t active = 0;
  /// Since the client was made: attempts that have begun, and those that ended with an answer, read whole or
  /// not.
  std::size_t begun = 0, answered = 0;
  /// Hosts that have a request on its way, or have had one not long ago.
  std::size_t hosts = 0;
};

class client {
public:
  /// Errors: `errc::invalid_argument`, naming the option; `errc::stopping`; `std::system_error` when there is
  /// no thread or descriptor left; `error{errc::invalid_argument}` too, when the libcurl that is loaded can't
  /// do what is needed.
  explicit client(task_manager& tasks, client_options options = {});

  /// To be awaited, as all that follows: a `response`.
  [[nodiscard]] task<response> get(std::string url) const;
  [[nodiscard]] task<response> head(std::string url) const;
  [[nodiscard]] task<response> post(std::string url, std::string body, std::string content_type) const;
  [[nodiscard]] task<response> send(request what) const;

  /// A `stream`: given when the header of the answer is there.
  [[nodiscard]] task<stream> open(request what) const;

  /// The body of an answer that is `ok()` goes to a file, which is made, or emptied, when its header has
  /// come: written on threads of the pool, and closed at the end. When it fails in the middle, the file has
  /// what had come. Another answer has its body in memory, up to `max_body`, and the file isn't touched.
  [[nodiscard]] task<response> download(request what, std::string path) const;
  /// Sent to a channel, which isn't closed at the end.
  [[nodiscard]] task<response> download(request what, channel<std::string> to) const;
  /// Given to `sink`, piece by piece, on the task's thread. If it gives something to be awaited, the next
  /// piece comes after that. What it throws ends the request.
  template <class Sink>
    requires std::invocable<Sink&, std::string_view>
  [[nodiscard]] task<response> download(request what, Sink sink) const;
  template <class To>
  [[nodiscard]] task<response> download(std::string url, To to) const {
    request what;
    what.url = std::move(url);
    return download(std::move(what), std::move(to));
  }

  /// The body comes from a file: read on threads of the pool.
  [[nodiscard]] task<response> upload(request what, std::string path) const;
  /// From a channel, up to its end: in chunks, or with the length that a header Content-Length says. A
  /// channel that is closed with an error ends the request, which throws that. Not to be sent again: see
  /// `errc::body_was_sent`; a request that fails has taken an unknown number of values.
  [[nodiscard]] task<response> upload(request what, channel<std::string> from) const;

  client_statistics statistics() const;

private:
  template <class Sink>
  static task<response> through(task<stream> opening, Sink sink);

  std::shared_ptr<detail::http_client> client_;
};

template <class Sink>
  requires std::invocable<Sink&, std::string_view>
task<response> client::download(request what, Sink sink) const {
  return through(open(std::move(what)), std::move(sink));
}

template <class Sink>
task<response> client::through(task<stream> opening, Sink sink) {
  using given_back = std::invoke_result_t<Sink&, std::string_view>;
  using reply = std::conditional_t<std::is_void_v<given_back>, bool, given_back>; // nothing to be awaited
  auto answer = co_await std::move(opening);
  if (!answer.head().ok())
    co_return co_await answer.rest();
  while (const auto piece = co_await answer.read()) {
    const std::string_view given{*piece};
    if constexpr (detail::is_task<reply> || detail::can_be_awaited<reply>)
      co_await std::invoke(sink, given);
    else
      std::invoke(sink, given);
  }
  co_return answer.head();
}

} // namespace http

} // namespace taskactor
