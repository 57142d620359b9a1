/// `http_transfer`: one exchange with a server, from its request to the end of its answer: what libcurl's
/// callbacks write on the loop's thread, and what a body reads.
///
///     body     prepared ---> given to the loop ---> waits for news ---> reads
///     loop                   curl's callbacks: header, piece, room, done
///
/// It holds nothing of the user's but bytes: so it may end on any thread.
#pragma once

#include "http/curl_request.hpp"
#include "http/http_answer.hpp"
#include "http/http_mailbox.hpp"
#include "http/upload_buffer.hpp"

#include <taskactor/http/response.hpp>
#include <taskactor/io/callback.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor::detail {

/// What a body may wait for, in any combination; `done` always counts.
enum class http_news : std::uint8_t { done = 0, header = 1, piece = 2, room = 4 };
constexpr http_news operator|(http_news a, http_news b) noexcept {
  return static_cast<http_news>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(http_news all, http_news one) noexcept {
  return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}

/// How the body of an answer comes: kept whole, or in pieces that are taken while it goes on.
enum class http_delivery : std::uint8_t { whole, pieces };

struct http_bounds {
  std::size_t max_header = 0;
  std::size_t max_body = 0; // of one that is kept whole
};

/// How one has ended.
struct http_end {
  enum class refused : std::uint8_t { nothing, header, body, upload };
  CURLcode code = CURLE_OK;
  refused why = refused::nothing; // by a callback of ours
  bool no_memory = false;         // in one
};

class http_transfer : public loop_mail {
public:
  /// Pieces that wait to be taken, or to be sent.
  static constexpr std::size_t most_waiting = std::size_t{256} << 10;

  http_transfer(std::shared_ptr<easy_pool> pool, http_bounds bounds, http_delivery how);

  const http_bounds& bounds() const noexcept { return bounds_; }

  // -- the body, before it is given to the loop -----------------------------
  curl_request& request() noexcept { return request_; }
  /// The request's body is sent in pieces: see `give`.
  void opens_upload(std::int64_t length) noexcept { upload_.open(length); }

  // -- the body, while it goes on -------------------------------------------
  /// Resumes it when one of these is so, at once if it is.
  void wait(http_news what, resumer<void> waiter);
  bool done() noexcept;
  /// It is done, or was answered with an error before the request's body was sent.
  bool wants_no_more() noexcept;
  /// What has come of the body; empty: nothing now. `paused`: the loop has to be told to go on.
  std::string take(bool& paused);
  /// The next of the request's body; nothing: its end. True: the loop has to be told to go on.
  bool give(const std::optional<std::string>& piece);

  // -- the body, once the header is there, or it is done --------------------
  http::response head() const { return answer_.head(); }
  /// Once it is done.
  const http_end& end() const noexcept { return end_; }

  // -- the loop's thread ----------------------------------------------------
  void finish(CURLcode code) noexcept;

private:
  struct from_curl;

  std::size_t add_header(std::string_view line) noexcept;
  std::size_t add_piece(std::string_view piece) noexcept;
  std::size_t take_upload(char* to, std::size_t size) noexcept;
  bool is_so(http_news what) const noexcept;
  /// Under the lock: who is to be resumed, if that is what it waits for.
  std::optional<resumer<void>> waiter_for() noexcept;

  curl_request request_;
  const http_bounds bounds_;
  const http_delivery how_;
  http_end end_; // the loop's, and then the body's

  std::mutex mutex_; // what follows
  http_answer answer_;
  std::string pieces_;
  upload_buffer upload_{most_waiting};
  bool done_ = false, paused_ = false;
  http_news awaited_ = http_news::done;
  std::optional<resumer<void>> waiter_;
};

} // namespace taskactor::detail
