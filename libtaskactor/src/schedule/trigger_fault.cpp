#include "schedule/trigger_fault.hpp"

#include <taskactor/detail/visible_text.hpp>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_words = 80; // bytes; what is longer isn't read by anybody

} // namespace

std::string fault_text(const trigger_fault& fault) {
  std::string text = fault.field;
  if (!fault.words.empty()) {
    const bool whole = fault.words.size() <= most_words;
    text += (text.empty() ? "\"" : ": \"") + visible(std::string_view{fault.words}.substr(0, most_words))
            + (whole ? "\"" : "...\"");
  }
  if (fault.offset)
    text += (text.empty() ? "column " : " (column ") + std::to_string(*fault.offset + 1)
            + (text.empty() ? "" : ")");
  return text.empty() ? fault.what : text + ": " + fault.what;
}

} // namespace taskactor::detail
