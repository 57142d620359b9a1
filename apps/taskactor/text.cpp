#include "text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>

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

std::string escaped(unsigned byte) {
  switch (byte) {
  case '\n':
    return "\\n";
  case '\t':
    return "\\t";
  case '\r':
    return "\\r";
  default:
    break;
  }
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, "\\x%02x", byte);
  return buffer;
}

/// Control characters: ASCII's, and those of the upper half, which some terminals obey too.
bool is_control(std::string_view text, std::size_t length) noexcept {
  const auto first = byte_at(text, 0);
  return first < 0x20 || first == 0x7f || (length == 2 && first == 0xc2 && byte_at(text, 1) < 0xa0);
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
  while (!text.empty()) {
    const auto valid = utf8_length(text);
    const auto length = std::max<std::size_t>(valid, 1);
    if (valid != 0 && !is_control(text, length))
      characters.emplace_back(text.substr(0, length));
    else
      for (std::size_t i = 0; i < length; ++i)
        characters.push_back(escaped(byte_at(text, i)));
    text.remove_prefix(length);
  }
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

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty())
    return 0;
  const auto first = byte_at(text, 0);
  if (first < 0x80)
    return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length)
    return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte_at(text, i) & 0xc0u) != 0x80)
      return 0;
  const auto second = byte_at(text, 1); // overlong forms, surrogates, beyond U+10FFFF
  const bool wrong = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f)
                     || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return wrong ? 0 : length;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = utf8_length(text);
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
