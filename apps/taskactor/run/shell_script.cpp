#include "run/shell_script.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::cli {

namespace {

constexpr std::size_t most_nested = 200;

} // namespace

std::string shell_script::read() {
  commands('\0');
  return std::move(result_);
}

// -- steps ------------------------------------------------------------------

/// Whatever a caller skips as a whole, a place is never written without its quotes.
void shell_script::take(std::size_t count) {
  for (; count > 0 && script_.more(); --count) {
    if (script_.place_at())
      refuse("where it can't be told from what is around it");
    if (script_.next().character == '\n' && announced_outside_ > 0)
      lose("a here-document that is announced before a line's end within other commands or quotes");
    result_ += script_.take().character;
  }
}

void shell_script::take_place(std::string_view before, std::string_view behind) {
  if (!lost_.empty())
    refuse("behind " + std::string{lost_} + ", where it isn't certain how a shell reads it");
  result_ += before;
  result_ += "${" + script_.take().variable + '}';
  result_ += behind;
}

void shell_script::lose(std::string_view why) {
  if (lost_.empty())
    lost_ = why;
}

void shell_script::refuse(const std::string& where) const {
  throw bad_template{"--shell: " + script_.next().place + " stands " + where
                     + "; put it into a variable first, as in `x=" + script_.next().place
                     + "; ... \"$x\"`, and use that there"};
}

// -- commands ---------------------------------------------------------------

/// Up to `end`, a parenthesis, which is taken; or to the end of the script.
void shell_script::commands(char end) {
  auto outside = std::exchange(announced_, {});
  announced_outside_ += outside.size();
  std::size_t depth = 0;
  bool word_begins = true;
  while (script_.more()) {
    const char c = script_.peek();
    if (c == ')' && end == ')' && depth == 0)
      break;
    depth += c == '(' ? 1 : 0;
    depth -= c == ')' && depth > 0 ? 1 : 0;
    if (end == ')' && word_begins && script_.starts("case")
        && (is_blank(script_.peek(4)) || script_.peek(4) == '\n'))
      lose("`case` within $(...)");
    const bool continues = c == '\\' && script_.peek(1) == '\n'; // both are nothing to a shell
    if (continues && !result_.empty() && !is_blank(result_.back()))
      lose("a line that is continued within a word");
    unquoted(word_begins);
    if (!continues)
      word_begins = ends_word(c) && (!result_.empty() && ends_word(result_.back()));
  }
  if (!announced_.empty() && end == ')')
    lose("a here-document that begins behind the end of its $(...)");
  announced_ = std::move(outside);
  announced_outside_ -= announced_.size();
  if (script_.more() && end == ')')
    take();
}

/// One step.
void shell_script::unquoted(bool at_word_begin) {
  if (script_.place_at())
    return take_place("\"", "\"");
  switch (script_.peek()) {
  case '\\':
    return take(2);
  case '\'':
    return single_quotes();
  case '"':
    return double_quotes();
  case '`':
    return backquotes();
  case '$':
    return dollar(false);
  case '#':
    return at_word_begin ? comment() : take();
  case '<':
    return script_.starts("<<<") ? take(3) : script_.starts("<<") ? announce_document() : take();
  case '(':
    if (script_.peek(1) == '(')
      lose("`((`, which is arithmetic to some shells (write `( (` for commands)");
    return take();
  case '\n':
    take();
    return documents();
  default:
    return take();
  }
}

/// To the line's end.
void shell_script::comment() {
  while (script_.more() && script_.peek() != '\n')
    if (script_.place_at())
      take_place("", "");
    else
      take();
}

// -- quotes -----------------------------------------------------------------

void shell_script::single_quotes() {
  const inside quotes{*this};
  take();
  while (script_.more() && script_.peek() != '\'')
    if (script_.place_at())
      take_place("'\"", "\"'");
    else
      take();
  take();
}

void shell_script::double_quotes() {
  const inside quotes{*this};
  take();
  while (script_.more() && script_.peek() != '"') {
    if (script_.place_at())
      take_place("", "");
    else if (script_.peek() == '\\')
      take(2);
    else if (script_.peek() == '$')
      dollar(true);
    else if (script_.peek() == '`')
      backquotes();
    else
      take();
  }
  take();
}

/// They end at the next one, whatever is between; a backslash in them is read twice.
void shell_script::backquotes() {
  take();
  bool backslash = false;
  const auto symbols = script_.symbols();
  const auto begin = script_.position();
  auto end = begin;
  while (end < symbols.size() && symbols[end].character != '`') {
    const bool escapes = symbols[end].character == '\\';
    backslash = backslash || escapes;
    end += escapes ? 2 : 1;
  }
  end = std::min(end, symbols.size());
  const auto lost = !lost_.empty() ? lost_ : backslash ? "a backslash within backquotes" : std::string_view{};
  const auto inside = symbols.subspan(begin, end - begin);
  for (const auto& each : inside)
    if (each.character == '\n' && announced_outside_ + announced_.size() > 0)
      lose("a here-document that is announced before a line's end within backquotes");
  result_ += shell_script{inside, lost}.read();
  script_.move_to(end);
  take();
}

/// What ksh and bash have; dash reads a dollar, and single quotes.
void shell_script::dollar_quotes() {
  const inside quotes{*this};
  take(2);
  while (script_.more() && script_.peek() != '\'') {
    if (script_.place_at())
      refuse("in $'...', which shells read in different ways");
    if (script_.peek() == '\\')
      lose("$'...' with a backslash");
    take();
  }
  take();
}

// -- expansions -------------------------------------------------------------

void shell_script::dollar(bool quoted) {
  if (script_.place_at(1)) {
    script_.take();
    refuse("behind a dollar, which would be read with it (write \\$ if a dollar is meant)");
  }
  if (script_.starts("$(") || script_.starts("${")) {
    if (++nested_ > most_nested)
      throw bad_template{"--shell: expansions within more than " + std::to_string(most_nested) + " others"};
    if (script_.starts("$(("))
      arithmetic();
    else if (script_.starts("${"))
      braces();
    else {
      take(2);
      commands(')');
    }
    --nested_;
    return;
  }
  if (script_.starts("$[") || script_.starts("$\\\n"))
    lose("`$[`, or a line that is continued behind a dollar");
  if (!quoted && script_.starts("$'"))
    return dollar_quotes();
  const bool parameter = script_.peek(1) != '\0'
                         && std::string_view{"#$?!@*-"}.find(script_.peek(1)) != std::string_view::npos;
  take(parameter ? 2 : 1);
}

/// A shell evaluates it: in some, what is named like an array's element can run commands. A number can't.
void shell_script::arithmetic() {
  const inside expansion{*this};
  take(3);
  std::size_t depth = 0;
  while (script_.more()) {
    const char c = script_.peek();
    if (script_.place_at() && script_.next().what == part_of_item::number) {
      take_place("", "");
    } else if (script_.place_at()) {
      refuse("in arithmetic, which a shell evaluates");
    } else if (c == '$') {
      dollar(true);
    } else if (c == '`') {
      backquotes();
    } else if (c == ')' && depth == 0) {
      if (script_.peek(1) != ')')
        lose("`$((` without `))` (write `$( (` for commands)");
      return take(script_.peek(1) == ')' ? 2 : 1);
    } else {
      if (c == '\'' || c == '"' || c == '\\')
        lose("quotes in arithmetic");
      depth += c == '(' ? 1 : 0;
      depth -= c == ')' ? 1 : 0;
      take();
    }
  }
}

void shell_script::braces() {
  const inside expansion{*this};
  take(2);
  while (script_.more() && script_.peek() != '}') {
    const char c = script_.peek();
    if (script_.place_at())
      refuse("in ${...}");
    if (c == '\'' || c == '"')
      lose("quotes in ${...}");
    if (c == '$')
      dollar(true);
    else if (c == '`')
      backquotes();
    else
      take(c == '\\' ? 2 : 1);
  }
  take();
}

} // namespace taskactor::cli
