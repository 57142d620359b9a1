#include "queue/store_text.hpp"

#include "base/invalid.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

/// How many bytes the character has that begins there; 0: a store takes none such.
std::size_t length_at(std::string_view text, std::size_t at) noexcept {
  return text[at] == '\0' ? 0 : utf8_length(text.substr(at));
}

/// Where the first one is that no store takes; `npos`: nowhere.
std::size_t find_wrong(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto length = length_at(text, at);
    if (length == 0)
      return at;
    at += length;
  }
  return std::string_view::npos;
}

} // namespace

std::optional<rejection> check_text(const char* field, std::string_view text, std::size_t longest) {
  if (text.size() > longest) // its text isn't shown, whatever its length
    return invalid(std::string{field} + ": " + std::to_string(text.size()) + " bytes; give at most "
                   + std::to_string(longest));
  const auto at = find_wrong(text);
  if (at == text.npos)
    return {};
  const auto* const wrong
      = text[at] == '\0' ? "\" has a NUL, as its byte " : "\" isn't UTF-8, from its byte ";
  const auto* const right = text[at] == '\0' ? "; give a text without" : " on; give a text that is";
  return invalid(std::string{field} + ": \"" + visible(text) + wrong + std::to_string(at + 1) + right);
}

std::optional<rejection> check_name(const char* field, std::string_view name) {
  if (name.empty())
    return invalid(std::string{field} + ": it is empty; give a name of 1 to " + std::to_string(longest_name)
                   + " bytes");
  return check_text(field, name, longest_name);
}

std::string store_text(std::string said) {
  auto at = find_wrong(said);
  if (at == said.npos)
    return said;
  std::string made = said.substr(0, at);
  while (at < said.size()) {
    const auto length = length_at(said, at);
    if (length == 0)
      made += "\xef\xbf\xbd";
    else
      made.append(said, at, length);
    at += std::max<std::size_t>(length, 1);
  }
  return made;
}

std::string cut_error(std::string said) {
  constexpr std::string_view cut = " ...";
  auto text = store_text(std::move(said));
  if (text.size() <= largest_error)
    return text;
  auto length = largest_error - cut.size();
  while (length > 0 && length_at(text, length) == 0) // not in the middle of a character
    --length;
  text.resize(length);
  return text += cut;
}

} // namespace taskactor::detail
