#include "run/run_help.hpp"

#include "run/run_text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <string_view>

namespace taskactor::cli {

namespace {

constexpr std::size_t width = 79;
constexpr std::size_t place_width = 26;

std::string padded(std::string_view text, std::size_t to) {
  std::string result{text};
  result.resize(std::max(to, result.size()), ' ');
  return result;
}

/// A sentence after a colon.
std::string continued(std::string_view sentence) {
  std::string result{sentence};
  if (result.size() > 1 && std::islower(static_cast<unsigned char>(result[1])))
    result[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(result[0])));
  return result;
}

std::string filled(std::string_view text) {
  std::string result, line;
  while (!text.empty()) {
    const auto end = text.find_first_of(" \n");
    const auto word = text.substr(0, end);
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      result += line + '\n';
      line.clear();
    }
    line += (line.empty() || word.empty() ? "" : " ") + std::string{word};
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return result + line + '\n';
}

/// Two in a line.
std::string places_text() {
  std::string result;
  bool left = true;
  for (const auto& each : run_places()) {
    const auto text = "  " + padded(each.word, 5) + std::string{each.text};
    result += left ? padded(text, 2 + 5 + place_width + 6) : text + '\n';
    left = !left;
  }
  return result;
}

std::string body_before_options() {
  return "Usage: taskactor run [OPTION]... [--] CMD [ARG | {}]... [::: ITEM...]\n\n" + filled(run_summary())
         + '\n' + filled(run_places_note()) + '\n' + places_text();
}

std::string body_after_options() {
  std::string result;
  for (const auto& each : run_topics())
    if (each.where == shown_in::both)
      result += '\n' + filled(std::string{each.title} + ": " + continued(each.text));
  result += "\nExit codes:\n";
  for (const auto& each : run_exit_codes())
    result += "  " + padded(each.word, 5) + std::string{each.text} + '\n';
  result += "\nExamples:\n";
  for (const auto& line : run_examples())
    result += "  " + std::string{line} + '\n';
  return result;
}

class layout final : public CLI::Formatter {
public:
  layout() { column_width(25); }
  std::string make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const override {
    auto result = body_before_options();
    for (const auto group : run_groups()) {
      const auto belongs = [&](const CLI::Option* option) { return option->get_group() == group; };
      result += make_group(std::string{group}, false, app->get_options(belongs));
    }
    return result + body_after_options();
  }
  std::string make_option_name(const CLI::Option* option, bool) const override {
    auto name = option->get_name(false, true);
    if (const auto at = name.find("{false}"); at != name.npos) // how CLI11 writes that a flag negates
      name.erase(at, 7);
    return name;
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_name().empty() ? std::string{} : ' ' + option->get_type_name();
  }
};

} // namespace

void set_help(CLI::App& verb) { verb.formatter(std::make_shared<layout>()); }

} // namespace taskactor::cli
