#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace taskactor::detail {

namespace {

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

/// Control characters: ASCII's, and those of the upper half, which some terminals obey too. And what is three
/// bytes long and has no form: marks of direction, and separators of lines and paragraphs.
bool is_hidden(std::string_view character) noexcept {
  const auto first = byte_at(character, 0);
  if (character.size() == 1)
    return first < 0x20 || first == 0x7f;
  const auto second = byte_at(character, 1);
  if (character.size() == 2)
    return first == 0xc2 && second < 0xa0;
  if (character.size() != 3 || first != 0xe2)
    return false;
  const auto third = byte_at(character, 2);
  const bool in_first_block
      = second == 0x80 && ((third >= 0x8e && third <= 0x8f) || (third >= 0xa8 && third <= 0xae));
  return in_first_block || (second == 0x81 && third >= 0xa6 && third <= 0xa9);
}

} // namespace

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

std::string take_visible(std::string_view& text) {
  const auto valid = utf8_length(text);
  const auto character = text.substr(0, std::max<std::size_t>(valid, 1));
  text.remove_prefix(character.size());
  if (valid != 0 && !is_hidden(character))
    return std::string{character};
  std::string result;
  for (std::size_t i = 0; i < character.size(); ++i)
    result += escaped(byte_at(character, i));
  return result;
}

std::string visible(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; });
    const auto plain = static_cast<std::size_t>(end - text.begin());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (!text.empty())
      result += take_visible(text);
  }
  return result;
}

} // namespace taskactor::detail
