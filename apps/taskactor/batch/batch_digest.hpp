/// A digest of texts, in their order: the same ones have the same digest, others in all likelihood another.
/// It protects from mistakes, not from somebody who looks for two that are alike.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace taskactor::cli {

class batch_digest {
public:
  void add(std::string_view text) noexcept {
    const auto size = static_cast<std::uint64_t>(text.size()); // first, so that no two lists run together
    for (unsigned shift = 0; shift < 64; shift += 8)
      mix(static_cast<unsigned char>(size >> shift));
    for (const char each : text)
      mix(static_cast<unsigned char>(each));
  }
  /// 32 hexadecimal digits.
  std::string text() const {
    char result[40];
    std::snprintf(result, sizeof result, "%016llx%016llx", static_cast<unsigned long long>(first_),
                  static_cast<unsigned long long>(second_));
    return result;
  }
  std::uint64_t number() const noexcept { return first_ ^ second_; }

private:
  void mix(unsigned char byte) noexcept {
    first_ = (first_ ^ byte) * 0x100000001b3; // FNV-1a
    second_ = (second_ ^ byte) * 0x9e3779b97f4a7c15;
    second_ ^= second_ >> 29;
  }

  std::uint64_t first_ = 0xcbf29ce484222325, second_ = 0x6a09e667f3bcc908;
};

} // namespace taskactor::cli
