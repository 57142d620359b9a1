#include "run/command_template.hpp"

#include "run/shell_template.hpp"

#include <algorithm>
#include <utility>

namespace taskactor::cli {

namespace {

using place = std::pair<std::string_view, part_of_item>;

constexpr place all_places[] = {
    {"{#}", part_of_item::number},  {"{.}", part_of_item::stem},       {"{/}", part_of_item::name},
    {"{//}", part_of_item::folder}, {"{/.}", part_of_item::name_stem},
};

/// That with which the text begins. Its name is empty: none.
place place_at(std::string_view text, std::string_view whole) {
  if (text.starts_with(whole))
    return {whole, part_of_item::whole};
  const auto* found = std::find_if(std::begin(all_places), std::end(all_places),
                                   [&](const auto& each) { return text.starts_with(each.first); });
  return found == std::end(all_places) ? place{} : *found;
}

/// Takes what the backslashes at the text's end mean for a place behind them. True: that it is text.
bool escapes(std::string& text, bool shell) {
  const auto last = text.find_last_not_of('\\');
  const auto count = text.size() - (last == text.npos ? 0 : last + 1);
  // A shell reads pairs of them itself.
  text.resize(text.size() - (shell ? count % 2 : count - count / 2));
  return count % 2 != 0;
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string_view stem_of(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == path.npos || path.find('/', dot) != path.npos ? path : path.substr(0, dot);
}

/// As dirname(1).
std::string_view folder_of(std::string_view path) {
  const auto without_slashes
      = [](std::string_view text) { return text.substr(0, text.find_last_not_of('/') + 1); };
  const auto trimmed = without_slashes(path);
  const auto slash = trimmed.rfind('/');
  if (slash == trimmed.npos)
    return trimmed.empty() && !path.empty() ? "/" : ".";
  const auto folder = without_slashes(trimmed.substr(0, slash));
  return folder.empty() ? "/" : folder;
}

} // namespace

std::string part(part_of_item which, std::string_view item, std::size_t number) {
  switch (which) {
  case part_of_item::whole:
    break;
  case part_of_item::number:
    return std::to_string(number);
  case part_of_item::stem:
    return std::string{stem_of(item)};
  case part_of_item::name:
    return std::string{name_of(item)};
  case part_of_item::folder:
    return std::string{folder_of(item)};
  case part_of_item::name_stem:
    return std::string{stem_of(name_of(item))};
  }
  return std::string{item};
}

std::vector<piece> pieces_of(std::string_view word, const template_options& how) {
  std::vector<piece> result;
  std::string text;
  while (!word.empty()) {
    const auto [name, what] = place_at(word, how.whole);
    if (name.empty() || escapes(text, how.shell)) {
      const auto taken = std::max<std::size_t>(name.size(), 1);
      text += word.substr(0, taken);
      word.remove_prefix(taken);
      continue;
    }
    if (!text.empty())
      result.push_back({.text = std::exchange(text, {})});
    result.push_back({.is_place = true, .what = what, .text = std::string{name}});
    word.remove_prefix(name.size());
  }
  if (!text.empty())
    result.push_back({.text = std::move(text)});
  return result;
}

command_template::command_template(const std::vector<std::string>& words, const template_options& how) {
  if (how.whole.empty() || how.whole.find('\\') != std::string::npos)
    throw bad_template{"-I: what stands for the item is a word without a backslash"};
  const auto is_place = [](const piece& each) { return each.is_place; };
  bool has_place = false;
  for (const auto& word : words) {
    words_.push_back(pieces_of(word, how));
    has_place = has_place || std::any_of(words_.back().begin(), words_.back().end(), is_place);
  }
  if (!has_place)
    words_.push_back({{.is_place = true, .what = part_of_item::whole, .text = how.whole}});
  if (how.shell)
    words_ = shell_template(words_);
  fixed_program_ = std::none_of(words_.front().begin(), words_.front().end(), is_place);
}

std::vector<std::string> command_template::make(std::string_view item, std::size_t number) const {
  std::vector<std::string> result;
  result.reserve(words_.size());
  for (const auto& word : words_) {
    auto& made = result.emplace_back();
    for (const auto& each : word)
      made += each.is_place ? part(each.what, item, number) : each.text;
  }
  return result;
}

} // namespace taskactor::cli
