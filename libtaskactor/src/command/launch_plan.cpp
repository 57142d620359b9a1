#include "command/launch_plan.hpp"

#include "command/shortage.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr std::string_view default_search_path = "/bin:/usr/bin";
constexpr int most_nice = 19;

void require(bool good, const std::string& message) {
  if (!good)
    throw start_error{errc::invalid_argument, message};
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

void validate(const command_line& command, const command_options& options) {
  require(!command.empty(), "command: no program is named");
  for (std::size_t i = 0; i < command.size(); ++i)
    require(!has_nul(command[i]), "command: argument " + std::to_string(i) + " has a NUL byte in it");
  require(!has_nul(content_of(options.cwd)), "cwd: it has a NUL byte in it");
  require(!content_of(options.on_output) || !content_of(options.on_line),
          "on_output: output goes there or to on_line, not to both");
  require(options.line_limit > 0, "line_limit: zero would hand out nothing");
  require(options.memory_limit != std::size_t{0}, "memory_limit: zero would leave the command no memory");
  require(options.open_files != std::size_t{0}, "open_files: zero would leave the command no descriptor");
  require(!options.on_terminal || content_of(options.stdin_data).empty(),
          "stdin_data: a command that has the terminal reads that");
  require(options.niceness >= 0 && options.niceness <= most_nice,
          "niceness: " + std::to_string(options.niceness) + " is not one of 0 to "
              + std::to_string(most_nice));
  for (const auto& [name, value] : content_of(options.env)) {
    require(!name.empty() && name.find('=') == name.npos && !has_nul(name),
            "env: '" + name + "' can't be the name of a variable");
    require(!has_nul(value), "env: the value of '" + name + "' has a NUL byte in it");
  }
}

std::string_view name_of(std::string_view entry) { return entry.substr(0, entry.find('=')); }

bool sets(const command_options& options, std::string_view name) {
  const auto& env = content_of(options.env);
  return std::any_of(env.begin(), env.end(), [&](const auto& pair) { return pair.first == name; });
}

std::string search_path(const std::vector<std::string>& environment) {
  for (std::string_view entry : environment)
    if (name_of(entry) == "PATH" && entry.size() > 4)
      return std::string{entry.substr(5)};
  return std::string{default_search_path};
}

errc code_of(start_failure failure) {
  if (failure.stage == start_stage::interpreter)
    return errc::command_not_executable;
  switch (failure.error) {
  case ENOENT:
  case ENOTDIR:
  case ELOOP:
    return errc::command_not_found;
  case EACCES:
  case EPERM:
  case ENOEXEC:
  case EISDIR:
  case ETXTBSY:
  case ELIBBAD:
  case EINVAL:
    return errc::command_not_executable;
  case E2BIG:
    return errc::invalid_argument;
  default:
    return errc::command_not_started;
  }
}

} // namespace

launch_plan plan_launch(const command_line& command, const command_options& options) {
  validate(command, options);
  launch_plan plan{.program = command.front(),
                   .directory = options.cwd,
                   .candidates = {},
                   .arguments = {command.begin(), command.end()},
                   .environment = make_environment(options, ::environ),
                   .memory_limit = options.memory_limit.value_or(0),
                   .open_files = options.open_files.value_or(0),
                   .niceness = options.niceness,
                   .feeds_input = !content_of(options.stdin_data).empty(),
                   .merges_error = options.merge_stderr,
                   .inherits = options.inherits_descriptors,
                   .on_terminal = options.on_terminal};
  plan.candidates = candidate_paths(command.front(), search_path(plan.environment));
  return plan;
}

std::vector<std::string> candidate_paths(const std::string& program, const std::string& search_path) {
  if (program.empty() || program.find('/') != program.npos)
    return {program};
  std::vector<std::string> result;
  for (std::string_view rest = search_path;;) {
    const auto end = rest.find(':');
    std::string path{rest.substr(0, end)};
    if (!path.empty()) // an empty entry is the working directory
      path += '/';
    result.push_back(path + program);
    if (end == rest.npos)
      return result;
    rest.remove_prefix(end + 1);
  }
}

std::vector<std::string> make_environment(const command_options& options, const char* const* inherited) {
  std::vector<std::string> result;
  if (!options.clear_env && inherited)
    for (; *inherited; ++inherited)
      if (!sets(options, name_of(*inherited)))
        result.emplace_back(*inherited);
  const auto& env = content_of(options.env);
  for (auto i = env.begin(); i != env.end(); ++i)
    if (std::none_of(i + 1, env.end(), [&](const auto& later) { return later.first == i->first; }))
      result.push_back(i->first + '=' + i->second);
  return result;
}

start_error explain(const launch_plan& plan, start_failure failure) {
  // What a command with a limit of its own has no memory for, it never has.
  const bool shortage = is_shortage(failure.error) && !(failure.error == ENOMEM && plan.memory_limit != 0);
  const auto reason = std::generic_category().message(failure.error);
  if (failure.stage == start_stage::directory)
    return {errc::invalid_argument, "cwd: '" + plan.directory + "': " + reason, shortage};
  if (failure.stage == start_stage::memory)
    return {errc::command_not_started, "memory_limit: it can't be set: " + reason};
  if (failure.stage == start_stage::open_files)
    return {errc::command_not_started, "open_files: it can't be set: " + reason};
  if (failure.stage == start_stage::niceness)
    return {errc::command_not_started, "niceness: it can't be set: " + reason};
  auto message = "cannot run '" + plan.program + "': ";
  const auto code = code_of(failure);
  if (failure.stage == start_stage::interpreter)
    message += "the file is there, but not the interpreter that it names";
  else if (code == errc::command_not_found && plan.program.find('/') == std::string::npos)
    message += "not found on the PATH";
  else
    message += reason;
  if (failure.error == ENOEXEC)
    message += " (neither a program for this machine nor a script with a #! line)";
  if (failure.error == E2BIG)
    message += " (with the environment, or one of them alone)";
  return {code, message, shortage};
}

} // namespace taskactor::detail
