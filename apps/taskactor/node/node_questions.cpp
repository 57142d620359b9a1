// What is asked of nodes on the command line: see node_verb.hpp.
#include "cli/command_line.hpp"
#include "cli/exit_code.hpp"
#include "cli/quantity.hpp"
#include "cli/table.hpp"
#include "node/node_client.hpp"
#include "node/node_verb.hpp"

#include <CLI/CLI.hpp>
#include <taskactor/actors/service_info.hpp>
#include <taskactor/detail/json_text.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace taskactor::cli {

namespace {

using nlohmann::json;

/// Of a node that has no room for another call.
constexpr std::chrono::seconds answer_limit{30};

/// What all of them take.
struct question_line {
  question_line(const char* about, const char* name) : app(about, name) {
    app.add_option("--node", asked.address, "The node that is asked: HOST:PORT or unix:PATH; ADDRESS=NAME")
        ->type_name("ADDRESS")
        ->envname("TASKACTOR_NODE")
        ->required();
    add_certificate_options(app, asked.certificates);
  }
  CLI::App app;
  node_question asked;
  bool as_json = false;
};

struct nodes_line : question_line {
  nodes_line() : question_line("Prints the nodes that a node knows.", "taskactor nodes") {
    app.add_flag("--json", as_json, "All that it says of itself and of them, as JSON");
    asked.task = "taskactor.nodes";
    asked.timeout = answer_limit;
  }
};
struct status_line : question_line {
  status_line() : question_line("Prints the tasks that wait and run on a node.", "taskactor status") {
    app.add_flag("--json", as_json, "As JSON");
    asked.task = "taskactor.status";
    asked.timeout = answer_limit;
  }
};
struct services_line : question_line {
  services_line()
      : question_line("Prints who supervises whom in a node's program, and how each is.",
                      "taskactor services") {
    app.add_flag("--json", as_json, "As JSON");
    asked.task = "taskactor.services";
    asked.timeout = answer_limit;
  }
};
struct cancel_line : question_line {
  cancel_line()
      : question_line("Cancels a task on a node, by the id that `status` prints.", "taskactor cancel") {
    app.add_option("ID", id, "Of the task")->required()->type_name("");
    asked.task = "taskactor.cancel";
    asked.timeout = answer_limit;
  }
  std::string id;
};
struct call_line : question_line {
  call_line() : question_line("Runs a task on a node, and prints its result as JSON.", "taskactor call") {
    app.add_option("--timeout", limit, "How long it may run: 90, 1.5s, 500ms, 2m, 1h, none; else as there")
        ->type_name("TIME");
    app.add_option("NAME", words, "The task's; then its arguments, each as JSON")->required()->type_name("");
    app.positionals_at_end();
  }
  std::string limit;
  std::vector<std::string> words;
};

std::string joined(const json& words) {
  std::string all;
  for (const auto& each : words)
    all += (all.empty() ? "" : ",") + each.get<std::string>();
  return all.empty() ? "-" : all;
}

std::string nodes_text(const json& told) {
  std::vector<std::vector<std::string>> rows{
      {"NAME", "STATE", "FREE", "CALLS", "INBOUND", "LABELS", "ADDRESS"}};
  const auto number = [](const json& value) { return std::to_string(value.get<std::uint64_t>()); };
  rows.push_back(
      {told.at("name").get<std::string>(), "asked", "-", "-", number(told.at("inbound")), "-", "-"});
  for (const auto& each : told.at("peers"))
    rows.push_back({each.at("name").get<std::string>().empty() ? "-" : each.at("name").get<std::string>(),
                    each.at("state").get<std::string>(), number(each.at("free")), number(each.at("calls")),
                    number(each.at("inbound")), joined(each.at("labels")),
                    each.at("address").get<std::string>()});
  return table(rows);
}

std::string status_text(const json& told) {
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "AGE"}};
  for (const auto& each : told) {
    std::ostringstream age;
    age << std::fixed << std::setprecision(1) << each.at("age").get<double>() << " s";
    rows.push_back({each.at("id").get<std::string>(), each.at("state").get<std::string>(), age.str()});
  }
  return table(rows);
}

/// The one of these that is called so; the first one, if none is.
template <class Enum, std::size_t N>
Enum named(const std::string& name, const std::array<Enum, N>& all) {
  const auto found = std::find_if(all.begin(), all.end(), [&](Enum each) { return to_string(each) == name; });
  return found == all.end() ? all.front() : *found;
}

service_info tree_of(const json& told) {
  const auto seconds = [](const json& value) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(value.get<double>()));
  };
  service_info result;
  result.name = told.at("name").get<std::string>();
  result.kind = named(told.at("kind").get<std::string>(),
                      std::array{service_kind::actor, service_kind::task, service_kind::supervisor});
  result.state = named(told.at("state").get<std::string>(),
                       std::array{service_state::waiting, service_state::starting, service_state::running,
                                  service_state::stopping, service_state::ended});
  result.restart
      = named(told.value("restart", std::string{}),
              std::array{restart_policy::permanent, restart_policy::transient, restart_policy::temporary});
  result.strategy = named(told.value("strategy", std::string{}),
                          std::array{restart_strategy::one_for_one, restart_strategy::one_for_all,
                                     restart_strategy::rest_for_one});
  result.restarts = told.at("restarts").get<std::uint64_t>();
  result.last_reason = told.at("last_reason").get<std::string>();
  result.lasts = seconds(told.at("lasts"));
  if (told.contains("starts_in"))
    result.starts_in = seconds(told.at("starts_in"));
  for (const auto& each : told.value("children", json::array()))
    result.children.push_back(tree_of(each));
  return result;
}

std::string services_text(const json& told) {
  std::string text;
  for (const auto& each : told)
    text += to_text(tree_of(each));
  return text.empty() ? "no services\n" : text;
}

int print(const std::string& text) {
  errno = 0;
  if (std::cout << text << std::flush)
    return all_completed;
  return say("standard output can't be written: " + std::generic_category().message(errno),
             output_unwritable);
}

/// Runs a line whose words are taken, and prints the answer.
template <class Text>
int ask(const node_question& what, Text&& text) {
  try {
    const auto reply = ask_node(what);
    return reply.value ? print(text(*reply.value)) : reply.code;
  } catch (const bad_settings& error) {
    return say(error.what(), bad_usage);
  } catch (const std::system_error& error) {
    return say(detail::message_of(error), error.code() == errc::invalid_argument ? bad_usage : some_failed);
  } catch (const json::exception&) { // of other types than it should be
    return say("the node's answer means nothing", some_failed);
  } catch (const std::invalid_argument& error) {
    return say(what.task + ": its result has no JSON form: " + error.what(), output_unwritable);
  }
}

std::string as_line(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

verb_entry entry(const CLI::App& app, std::string name, std::string text, std::string arguments) {
  auto options = option_table(app);
  std::erase_if(options, [](const auto& each) { return each.names.empty(); }); // what has its place
  return {std::move(name), std::move(text), std::move(arguments), std::move(options)};
}

} // namespace

int run_nodes(std::vector<std::string> arguments) {
  nodes_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  return ask(line.asked, [&](const json& told) { return line.as_json ? as_line(told) : nodes_text(told); });
}

int run_status(std::vector<std::string> arguments) {
  status_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  return ask(line.asked, [&](const json& told) { return line.as_json ? as_line(told) : status_text(told); });
}

int run_services(std::vector<std::string> arguments) {
  services_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  return ask(line.asked,
             [&](const json& told) { return line.as_json ? as_line(told) : services_text(told); });
}

int run_cancel(std::vector<std::string> arguments) {
  cancel_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  line.asked.arguments.push_back(line.id);
  return ask(line.asked, [](const json& told) { return detail::visible(told.get<std::string>()) + '\n'; });
}

/// Up to the name of the task: what begins with a dash, and its value.
bool calls_node(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size() && arguments[i].starts_with("-"); ++i) {
    const auto& word = arguments[i];
    if (word == "--node" || word.starts_with("--node="))
      return true;
    i += word == "--help" || word == "-h" || word.find('=') != word.npos ? 0 : 1;
  }
  return false;
}

int run_call_on_node(std::vector<std::string> arguments) {
  call_line line;
  if (const auto answered = parse(line.app, std::move(arguments)))
    return *answered;
  line.asked.task = line.words.front();
  for (std::size_t i = 1; i < line.words.size(); ++i) {
    line.asked.arguments.push_back(json::parse(line.words[i], nullptr, false));
    if (line.asked.arguments.back().is_discarded()) {
      std::cerr << "taskactor: argument " << i << " is no JSON value: " << line.words[i] << '\n';
      return bad_usage;
    }
  }
  if (!line.limit.empty() && line.limit != "none") {
    line.asked.timeout = parse_duration(line.limit);
    if (!line.asked.timeout) {
      std::cerr << "taskactor: --timeout: \"" << line.limit << "\" is not a time\n";
      return bad_usage;
    }
  }
  return ask(line.asked, [](const json& result) { return detail::json_text(result) + '\n'; });
}

std::vector<option_entry> node_option_table();

std::vector<verb_entry> node_verb_table() {
  return {
      {"node", "Run a node, which runs tasks for others (taskactor node --help)", "", node_option_table()},
      entry(nodes_line{}.app, "nodes", "Print the nodes that a node knows", ""),
      entry(status_line{}.app, "status", "Print the tasks of a node", ""),
      entry(services_line{}.app, "services", "Print the services of a node's program", ""),
      entry(cancel_line{}.app, "cancel", "Cancel a task of a node", "ID")};
}

} // namespace taskactor::cli
