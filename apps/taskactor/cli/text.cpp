#include "cli/text.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <cstdint>

namespace taskactor::cli {

namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view{"_-./:=@%+,"}.find(c) != std::string_view::npos;
}

unsigned byte_at(std::string_view text, std::size_t at) noexcept {
  return static_cast<unsigned char>(text[at]);
}

} // namespace

std::string shell_quoted(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain))
    return std::string{word};
  std::string result = "'";
  for (const char c : word)
    if (c == '\'')
      result += "'\\''";
    else
      result += c;
  return result += '\'';
}

std::string shell_quoted(const std::vector<std::string>& words) {
  std::string result;
  for (const auto& word : words)
    result += (result.empty() ? "" : " ") + shell_quoted(word);
  return result;
}

std::string printable(std::string_view text, std::size_t width) {
  std::vector<std::string> characters;
  while (!text.empty())
    characters.push_back(detail::take_visible(text));
  // An escape is as wide as it is long, any other character is taken for one column.
  const auto columns = [](const std::string& c) { return c.front() == '\\' ? c.size() : std::size_t{1}; };
  std::size_t total = 0;
  for (const auto& each : characters)
    total += columns(each);
  std::string result;
  auto from = characters.begin();
  if (total > width) {
    for (result = "..."; from != characters.end() && total > width - std::min<std::size_t>(width, 3); ++from)
      total -= columns(*from);
  }
  for (; from != characters.end(); ++from)
    result += *from;
  return result;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = detail::utf8_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string base64(std::string_view bytes) {
  std::string result;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const auto count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? byte_at(bytes, at + i) : 0);
    for (std::size_t i = 0; i < 4; ++i)
      result += i <= count ? base64_digits[group >> (18 - 6 * i) & 63] : '=';
  }
  return result;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string result;
  std::uint32_t group = 0;
  const auto length = text.find_last_not_of('=') + 1; // 0 when there is none
  for (std::size_t at = 0; at < length; ++at) {
    const auto digit = base64_digits.find(text[at]);
    if (digit == base64_digits.npos)
      return {};
    group = group << 6 | static_cast<std::uint32_t>(digit);
    if (at % 4 != 0) // the bits of at most one byte are over
      result += static_cast<char>(group >> (6 - 2 * (at % 4)) & 0xff);
  }
  if (base64(result) != text)
    return {};
  return result;
}

} // namespace taskactor::cli
