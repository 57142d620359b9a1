// Here-documents: announced in a line of commands, and read behind its end.
#include "run/shell_script.hpp"

#include <utility>

namespace taskactor::cli {

void shell_script::announce_document() {
  document announced;
  take(2);
  announced.strips_tabs = script_.peek() == '-';
  if (announced.strips_tabs)
    take();
  while (is_blank(script_.peek()))
    take();
  announced.end = end_mark(announced);
  announced_.push_back(std::move(announced));
}

std::string shell_script::end_mark(document& of) {
  std::string mark;
  char open = '\0'; // the quotes that it is in
  while (script_.more() && (open || !ends_word(script_.peek()))) {
    const char c = script_.peek();
    if (script_.place_at())
      refuse("in the end mark of a here-document");
    if ((c == '\'' || c == '"') && (!open || open == c)) {
      open = open ? '\0' : c;
      of.quoted = true;
    } else {
      if (c == '\\' || c == '$' || c == '`' || c == '\n')
        lose("a here-document whose end mark has a backslash or an expansion in it");
      mark += c;
    }
    take();
  }
  return mark;
}

/// Those that have been announced; the next line is the first one's.
void shell_script::documents() {
  for (const auto& each : std::exchange(announced_, {})) {
    for (bool over = false; script_.more() && !over;) {
      const auto symbols = script_.symbols();
      auto end = script_.position();
      std::string line;
      bool plain = true;
      for (; end < symbols.size() && symbols[end].character != '\n'; ++end) {
        plain = plain && !symbols[end].is_place();
        if (!each.strips_tabs || !line.empty() || symbols[end].character != '\t')
          line += symbols[end].character;
      }
      over = plain && line == each.end;
      document_line(end, each.quoted);
    }
  }
}

/// And the newline at its end.
void shell_script::document_line(std::size_t end, bool quoted) {
  while (script_.position() < end) {
    if (script_.place_at() && quoted)
      refuse("in a here-document whose end mark is quoted, where nothing is expanded");
    if (script_.place_at())
      take_place("", "");
    else if (!quoted && script_.peek() == '\\') {
      if (script_.position() + 1 == end)
        lose("a line of a here-document that is continued");
      take(script_.position() + 1 == end ? 1 : 2);
    } else if (!quoted && script_.peek() == '$')
      dollar(true);
    else if (!quoted && script_.peek() == '`')
      backquotes();
    else
      take();
  }
  if (script_.position() > end)
    lose("an expansion in a here-document that has several lines");
  else
    take();
}

} // namespace taskactor::cli
