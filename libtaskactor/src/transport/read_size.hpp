/// How much is read from a socket at once.
///
/// CAF clears what it reads into before each read, so that it should be little more than what comes: for
/// short frames it is 4 KiB; for who sends a lot at once it grows, up to 256 KiB, and shrinks when less comes
/// again.
#pragma once

#include <cstddef>

namespace taskactor::detail {

class read_size {
public:
  std::size_t bytes() const noexcept { return bytes_; }
  /// So many have come. True: it is another size from now on.
  bool adapt(std::size_t got) noexcept {
    const auto before = bytes_;
    if (got == bytes_ && bytes_ < most)
      bytes_ *= step;
    else if (got < bytes_ / (step * step) && bytes_ > least)
      bytes_ /= step;
    return bytes_ != before;
  }

private:
  static constexpr std::size_t least = std::size_t{1} << 12, most = std::size_t{1} << 18, step = 4;
  std::size_t bytes_ = least;
};

} // namespace taskactor::detail
