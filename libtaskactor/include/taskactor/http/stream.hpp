/// `stream`: an answer whose body is read piece by piece.
///
///     auto page = co_await web.open({.url = url});
///     if (page.head().ok())
///       while (auto piece = co_await page.read())      // std::optional<std::string>: empty at the end
///         use(*piece);
///
/// At most 256 KiB wait to be read (more, of what is decompressed): who reads slowly slows the server down.
/// What isn't read to its end is cut off by the stream's destructor, with its connection.
///
/// Threads: one task at a time. Stops: at once; a cancelled `read` has taken nothing. Errors of `read`:
/// `http::error`, behind what had come before; `cancelled_error`; `errc::stopping`; `errc::closed`.
#pragma once

#include <taskactor/http/response.hpp>
#include <taskactor/task.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace taskactor {

namespace detail {
class http_exchange;
} // namespace detail

namespace http {

class stream {
public:
  /// For the runtime.
  explicit stream(std::unique_ptr<detail::http_exchange> of) noexcept;
  stream(stream&&) noexcept;
  stream& operator=(stream&&) noexcept;
  ~stream();

  /// Status and header; the body is empty.
  const response& head() const noexcept;
  /// To be awaited: the next piece, of any size but zero; empty at the end of the body.
  [[nodiscard]] task<std::optional<std::string>> read();
  /// To be awaited: what comes of the body from here on, in memory, up to `max_body`.
  [[nodiscard]] task<response> rest();
  /// Cuts it off.
  void close() noexcept;

private:
  std::unique_ptr<detail::http_exchange> exchange_;
};

} // namespace http

} // namespace taskactor
