/// What of a request's body waits to be sent. Threads: one at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taskactor::detail {

class upload_buffer {
public:
  explicit upload_buffer(std::size_t most) noexcept : most_(most) {}

  /// More comes.
  void open() noexcept { open_ = true; }
  void end() noexcept { open_ = false; }
  bool has_room() const noexcept { return text_.size() - sent_ < most_ / 2; }
  /// It is kept, room or not. Errors: `std::bad_alloc`, and nothing has changed.
  void add(std::string_view piece) {
    text_.erase(0, std::exchange(sent_, 0));
    text_.append(piece);
  }
  /// How many bytes it has put there; zero: it is the end; empty: there are none now, and `paused()` is true.
  std::optional<std::size_t> take(char* to, std::size_t size) noexcept {
    const auto taken = std::min(size, text_.size() - sent_);
    if (taken == 0 && open_) {
      paused_ = true;
      return std::nullopt;
    }
    std::memcpy(to, text_.data() + sent_, taken);
    sent_ += taken;
    return taken;
  }
  /// Once for each time that there was nothing.
  bool was_paused() noexcept { return std::exchange(paused_, false); }

private:
  const std::size_t most_;
  std::string text_;
  std::size_t sent_ = 0; // of it
  bool open_ = false, paused_ = false;
};

} // namespace taskactor::detail
