#include "run/shell_template.hpp"

#include "run/shell_script.hpp"

#include <algorithm>

namespace taskactor::cli {

namespace {

std::string variable_of(part_of_item which) {
  switch (which) {
  case part_of_item::whole:
    break;
  case part_of_item::number:
    return "taskactor_number";
  case part_of_item::stem:
    return "taskactor_stem";
  case part_of_item::name:
    return "taskactor_name";
  case part_of_item::folder:
    return "taskactor_folder";
  case part_of_item::name_stem:
    return "taskactor_name_stem";
  }
  return "taskactor_item";
}

std::vector<symbol> symbols_of(const std::vector<std::vector<piece>>& words) {
  std::vector<symbol> result;
  const auto add = [&result](std::string_view text) {
    for (const char c : text)
      result.push_back({.character = c});
  };
  for (const auto& word : words) {
    if (&word != &words.front())
      add(" ");
    for (const auto& each : word)
      if (each.is_place)
        result.push_back({.variable = variable_of(each.what), .place = each.text, .what = each.what});
      else
        add(each.text);
  }
  return result;
}

} // namespace

std::vector<std::vector<piece>> shell_template(const std::vector<std::vector<piece>>& words) {
  const auto symbols = symbols_of(words);
  const auto read = shell_script{symbols}.read();
  std::vector<part_of_item> parameters;
  std::string prologue; // on the script's first line, so that the lines of sh's messages are right
  for (const auto& each : symbols) {
    if (!each.is_place() || std::find(parameters.begin(), parameters.end(), each.what) != parameters.end())
      continue;
    parameters.push_back(each.what);
    prologue += each.variable + "=${" + std::to_string(parameters.size()) + "}; ";
  }
  std::vector<std::vector<piece>> result;
  for (const auto& word : {std::string{"/bin/sh"}, std::string{"-c"}, prologue + read, std::string{"sh"}})
    result.push_back({{.text = word}});
  for (const auto which : parameters)
    result.push_back({{.is_place = true, .what = which}});
  return result;
}

} // namespace taskactor::cli
