#include "programs/call_line.hpp"

#include <taskactor/detail/json_value.hpp>
#include <taskactor/duration.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::pair<std::string_view, run_where> places[]
    = {{"actor", run_where::task}, {"thread", run_where::thread}, {"process", run_where::process}};

std::string quoted(const std::string& text) { return '"' + text + '"'; }

/// As a shell takes it.
std::string shell_quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text)
    result += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return result + '\'';
}

std::chrono::nanoseconds timeout_of(const std::string& text) {
  if (text == "none")
    return no_timeout;
  if (const auto value = parse_duration(text))
    return *value;
  throw usage_error{"--timeout: " + quoted(text) + " is not a time; write 90, 1.5s, 500ms, 2m, 1h or none"};
}

run_where where_of(const std::string& text) {
  for (const auto& [name, value] : places)
    if (text == name)
      return value;
  throw usage_error{"--where: " + quoted(text) + " is none; there are actor, thread and process"};
}

void apply(call_line& to, std::string_view option, const std::string& value) {
  if (option == "--help")
    to.help = true;
  else if (option == "--json")
    to.json = true;
  else if (option == "--load")
    to.libraries.push_back(value);
  else if (option == "--timeout")
    to.timeout = timeout_of(value);
  else if (option == "--where")
    to.where = where_of(value);
}

const program_option& find_option(const program_verb& verb, const std::string& name) {
  const auto full = name == "-h" ? "--help" : name;
  std::string known;
  for (const auto& option : verb.options) {
    if (option.name == full)
      return option;
    known += (known.empty() ? "" : ", ") + std::string{option.name};
  }
  throw usage_error{"no option " + name + ": there are " + known};
}

} // namespace

call_line parse_call_line(const program_verb& verb, const std::vector<std::string>& words) {
  call_line result;
  auto word = words.begin();
  for (; word != words.end() && word->size() > 1 && word->front() == '-'; ++word) {
    if (*word == "--") {
      ++word;
      break;
    }
    const auto equals = word->starts_with("--") ? word->find('=') : word->npos;
    const auto& option = find_option(verb, word->substr(0, equals));
    if (option.value.empty() && equals != word->npos)
      throw usage_error{std::string{option.name} + " takes no value"};
    std::string value = equals == word->npos ? "" : word->substr(equals + 1);
    if (!option.value.empty() && equals == word->npos) {
      if (std::next(word) == words.end())
        throw usage_error{std::string{option.name} + ": its " + std::string{option.value} + " is missing"};
      value = *++word;
    }
    apply(result, option.name, value);
  }
  if (result.help)
    return result;
  if (verb.arguments.empty()) {
    if (word != words.end())
      throw usage_error{quoted(*word) + ": " + std::string{verb.name} + " takes no arguments"};
    return result;
  }
  if (word == words.end())
    throw usage_error{"the name of a task is missing"};
  result.name = *word;
  result.arguments.assign(std::next(word), words.end());
  return result;
}

nlohmann::json parse_arguments(const std::vector<std::string>& words) {
  auto result = nlohmann::json::array();
  for (const auto& word : words) {
    try {
      result.push_back(nlohmann::json::parse(word));
    } catch (const nlohmann::json::exception& error) {
      const auto text = nlohmann::json(word).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      throw usage_error{"argument " + std::to_string(result.size() + 1) + " is no JSON value: " + word + " ("
                        + plain_text(error) + "); as a string it is written " + shell_quoted(text)};
    }
  }
  return result;
}

} // namespace taskactor::detail
