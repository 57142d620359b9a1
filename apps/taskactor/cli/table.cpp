#include "cli/table.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <string_view>

#include <sys/ioctl.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Characters: bytes that go on with one aren't counted.
std::size_t columns(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string cut_to(const std::string& line, std::size_t width) {
  constexpr std::string_view dots = "...";
  if (columns(line) <= width)
    return line;
  std::string result;
  std::string_view rest = line;
  for (auto room = width - std::min(width, dots.size()); room > 0; --room) {
    const auto length = std::max<std::size_t>(1, detail::utf8_length(rest));
    result += rest.substr(0, length);
    rest.remove_prefix(length);
  }
  return result += dots.substr(0, std::min(width, dots.size()));
}

std::string table(std::vector<std::vector<std::string>> rows, std::size_t width) {
  std::vector<std::size_t> widths;
  for (auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = detail::visible(row[i]);
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], columns(row[i]));
    }
  std::string all;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + (i + 1 == row.size() ? "" : std::string(widths[i] + 2 - columns(row[i]), ' '));
    line.erase(line.find_last_not_of(' ') + 1);
    all += (width == 0 ? line : cut_to(line, width)) + '\n';
  }
  return all;
}

std::size_t output_width() noexcept {
  winsize size{};
  if (::isatty(STDOUT_FILENO) != 1)
    return 0;
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

} // namespace taskactor::cli
