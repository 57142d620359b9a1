/// A script as symbols, and where in it one is.
#pragma once

#include "run/command_template.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace taskactor::cli {

/// A character of the script, or a place, which has a variable.
struct symbol {
  char character = 0;
  std::string variable{};
  std::string place{}; ///< as it was written
  part_of_item what{};
  bool is_place() const noexcept { return !variable.empty(); }
};

class script_cursor {
public:
  explicit script_cursor(std::span<const symbol> script) : script_(script) {}

  bool more() const noexcept { return at_ < script_.size(); }
  /// There must be more.
  const symbol& next() const noexcept { return script_[at_]; }
  /// The character that is `ahead` of the next one; zero for a place, or at the end.
  char peek(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < script_.size() ? script_[at_ + ahead].character : '\0';
  }
  bool place_at(std::size_t ahead = 0) const noexcept {
    return at_ + ahead < script_.size() && script_[at_ + ahead].is_place();
  }
  bool starts(std::string_view word) const noexcept {
    for (std::size_t i = 0; i < word.size(); ++i)
      if (peek(i) != word[i])
        return false;
    return true;
  }
  /// The next symbol, which is behind it then. There must be more.
  const symbol& take() noexcept { return script_[at_++]; }

  /// From the beginning; at most `symbols().size()`.
  std::size_t position() const noexcept { return at_; }
  void move_to(std::size_t position) noexcept { at_ = position; }
  /// All of the script.
  std::span<const symbol> symbols() const noexcept { return script_; }

private:
  std::span<const symbol> script_;
  std::size_t at_ = 0;
};

} // namespace taskactor::cli
