#include "http/http_transfer.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace taskactor::detail {

/// What libcurl calls, on the loop's thread.
struct http_transfer::from_curl {
  static std::size_t header(char* text, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<http_transfer*>(self)->add_header({text, size});
  }
  static std::size_t body(char* text, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<http_transfer*>(self)->add_piece({text, size});
  }
  static std::size_t upload(char* to, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<http_transfer*>(self)->take_upload(to, size);
  }
};

http_transfer::http_transfer(std::shared_ptr<easy_pool> pool, http_bounds bounds, http_delivery how)
    : request_(std::move(pool)), bounds_(bounds), how_(how), answer_(bounds.max_header) {
  auto* const handle = request_.handle();
  ::curl_easy_setopt(handle, CURLOPT_PRIVATE, this);
  ::curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &from_curl::header);
  ::curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  ::curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &from_curl::body);
  ::curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
  ::curl_easy_setopt(handle, CURLOPT_READFUNCTION, &from_curl::upload);
  ::curl_easy_setopt(handle, CURLOPT_READDATA, this);
}

bool http_transfer::is_so(http_news what) const noexcept {
  return done_ || (has(what, http_news::header) && answer_.complete())
         || (has(what, http_news::piece) && !pieces_.empty())
         || (has(what, http_news::room) && upload_.has_room());
}

void http_transfer::wait(http_news what, resumer<void> waiter) {
  std::optional<resumer<void>> left; // of an await that was given up
  {
    const std::lock_guard lock{mutex_};
    left = std::exchange(waiter_, std::nullopt);
    if (!is_so(what)) {
      awaited_ = what;
      waiter_ = std::move(waiter);
      return;
    }
  }
  waiter();
}

bool http_transfer::done() noexcept {
  const std::lock_guard lock{mutex_};
  return done_;
}

bool http_transfer::wants_no_more() noexcept {
  const std::lock_guard lock{mutex_};
  return done_ || (answer_.complete() && answer_.status() >= 400);
}

std::optional<resumer<void>> http_transfer::waiter_for() noexcept {
  if (waiter_ && is_so(awaited_))
    return std::exchange(waiter_, std::nullopt);
  return std::nullopt;
}

std::string http_transfer::take(bool& paused) {
  const std::lock_guard lock{mutex_};
  paused = std::exchange(paused_, false);
  return std::exchange(pieces_, {});
}

bool http_transfer::give(const std::optional<std::string>& piece) {
  const std::lock_guard lock{mutex_};
  if (piece)
    upload_.add(*piece);
  else
    upload_.end();
  return upload_.was_paused();
}

void http_transfer::finish(CURLcode code) noexcept {
  std::optional<resumer<void>> waiter;
  {
    const std::lock_guard lock{mutex_};
    if (done_)
      return;
    end_.code = code;
    done_ = true;
    waiter = waiter_for();
  }
  if (waiter)
    (*waiter)();
}

/// Anything but the line's size ends the transfer.
std::size_t http_transfer::add_header(std::string_view line) noexcept {
  std::optional<resumer<void>> waiter;
  try {
    const std::lock_guard lock{mutex_};
    if (!answer_.add(line)) {
      end_.why = http_end::refused::header;
      return line.size() + 1;
    }
    waiter = waiter_for();
  } catch (const std::bad_alloc&) {
    end_.no_memory = true;
    return line.size() + 1;
  }
  if (waiter)
    (*waiter)();
  return line.size();
}

std::size_t http_transfer::add_piece(std::string_view piece) noexcept {
  std::optional<resumer<void>> waiter;
  try {
    const std::lock_guard lock{mutex_};
    if (how_ == http_delivery::pieces && pieces_.size() >= most_waiting) {
      paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    if (how_ == http_delivery::whole && piece.size() > bounds_.max_body - pieces_.size()) {
      end_.why = http_end::refused::body;
      return piece.size() + 1;
    }
    if (how_ == http_delivery::whole && pieces_.empty()) {
      curl_off_t length = -1;
      ::curl_easy_getinfo(request_.handle(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      const auto wanted = std::min<std::uint64_t>(length < 0 ? 0 : static_cast<std::uint64_t>(length),
                                                  std::min<std::uint64_t>(bounds_.max_body, most_waiting));
      pieces_.reserve(std::max<std::size_t>(wanted, piece.size()));
    }
    pieces_ += piece;
    waiter = waiter_for();
  } catch (const std::bad_alloc&) {
    end_.no_memory = true;
    return piece.size() + 1;
  }
  if (waiter)
    (*waiter)();
  return piece.size();
}

std::size_t http_transfer::take_upload(char* to, std::size_t size) noexcept {
  std::optional<resumer<void>> waiter;
  std::optional<std::size_t> taken;
  {
    const std::lock_guard lock{mutex_};
    taken = upload_.take(to, size);
    if (upload_.is_wrong()) {
      end_.why = http_end::refused::upload;
      return CURL_READFUNC_ABORT;
    }
    waiter = waiter_for();
  }
  if (waiter)
    (*waiter)();
  return taken.value_or(CURL_READFUNC_PAUSE);
}

} // namespace taskactor::detail
