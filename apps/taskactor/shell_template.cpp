#include "shell_template.hpp"

#include <algorithm>

namespace taskactor::cli {

namespace {

/// Follows the quotes of a script, as far as is needed to know in which of them a place stands. Where it errs
/// (a case pattern's parenthesis, an apostrophe in a comment), an item may be split into words, but is never
/// executed.
class quote_follower {
public:
  void read(char c) {
    if (skip_) {
      skip_ = false;
    } else if (in('\'')) {
      if (c == '\'')
        open_.pop_back();
    } else if (c == '\\') {
      skip_ = true;
    } else if (c == '"' || c == '`') {
      toggle(c);
    } else if (in('"') ? c == '(' && last_ == '$' : c == '\'' || c == '(') {
      open_.push_back(c);
    } else if (in('(') && c == ')') {
      open_.pop_back();
    }
    last_ = c;
  }

  /// A parameter's expansion, written so that it is one word here.
  std::string expansion(std::size_t parameter) const {
    auto plain = "${" + std::to_string(parameter) + '}';
    if (in('"'))
      return plain;
    return in('\'') ? "'\"" + plain + "\"'" : '"' + plain + '"';
  }

private:
  bool in(char quote) const { return !open_.empty() && open_.back() == quote; }
  void toggle(char quote) {
    if (in(quote))
      open_.pop_back();
    else
      open_.push_back(quote);
  }

  std::vector<char> open_; // quotes and parentheses that are open, the innermost last
  bool skip_ = false;
  char last_ = 0;
};

} // namespace

std::vector<std::vector<piece>> shell_template(const std::vector<std::vector<piece>>& words) {
  std::string script;
  std::vector<part_of_item> parameters;
  quote_follower quotes;
  const auto add = [&](const std::string& text) {
    for (const char c : text)
      quotes.read(c);
    script += text;
  };
  for (const auto& word : words) {
    if (!script.empty())
      add(" ");
    for (const auto& each : word) {
      if (!each.is_place) {
        add(each.text);
        continue;
      }
      auto found = std::find(parameters.begin(), parameters.end(), each.what);
      if (found == parameters.end())
        found = parameters.insert(found, each.what);
      script += quotes.expansion(static_cast<std::size_t>(found - parameters.begin()) + 1);
    }
  }
  std::vector<std::vector<piece>> result;
  for (const auto& word : {std::string{"/bin/sh"}, std::string{"-c"}, script, std::string{"sh"}})
    result.push_back({{.text = word}});
  for (const auto which : parameters)
    result.push_back({{.is_place = true, .what = which}});
  return result;
}

} // namespace taskactor::cli
