/// What of a request's body waits to be sent. Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

class upload_buffer {
public:
  explicit upload_buffer(std::size_t most) noexcept : most_(most) {}

  /// More comes: so many bytes in all; negative: unknown.
  void open(std::int64_t length) noexcept {
    open_ = true;
    left_ = length;
  }
  void end() noexcept { open_ = false; }
  bool has_room() const noexcept { return text_.size() - sent_ < most_ / 2; }
  /// It is kept, room or not. Errors: `std::bad_alloc`, and nothing has changed.
  void add(std::string_view piece) {
    text_.erase(0, std::exchange(sent_, 0));
    text_.append(piece);
  }
  /// How many bytes it has put there; zero: it is the end; empty: there are none now, or it `is_wrong`.
  std::optional<std::size_t> take(char* to, std::size_t size) noexcept {
    auto taken = std::min(size, text_.size() - sent_);
    if (left_ >= 0)
      taken = static_cast<std::size_t>(std::min(left_, static_cast<std::int64_t>(taken)));
    if (is_wrong())
      return std::nullopt;
    if (taken == 0 && open_) {
      paused_ = true;
      return std::nullopt;
    }
    std::memcpy(to, text_.data() + sent_, taken);
    sent_ += taken;
    left_ -= left_ >= 0 ? static_cast<std::int64_t>(taken) : 0;
    return taken;
  }
  /// There is more than was said, or the end came before it: neither may be sent as it is.
  bool is_wrong() const noexcept {
    const auto waiting = static_cast<std::int64_t>(text_.size() - sent_);
    return left_ >= 0 && (waiting > left_ || (!open_ && waiting < left_));
  }
  /// Once for each time that there was nothing.
  bool was_paused() noexcept { return std::exchange(paused_, false); }

private:
  const std::size_t most_;
  std::string text_;
  std::size_t sent_ = 0;   // of it
  std::int64_t left_ = -1; // of the length
  bool open_ = false, paused_ = false;
};

} // namespace taskactor::detail
