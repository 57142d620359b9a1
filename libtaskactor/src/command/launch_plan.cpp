#include "command/launch_plan.hpp"

#include "command/shortage.hpp"
#include "command/stream_choice.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

constexpr std::string_view default_search_path = "/bin:/usr/bin";
constexpr int most_nice = 19;
constexpr unsigned all_permissions = 0777;
constexpr int lowest_passed = 3;
constexpr int highest_passed = (1 << 20) - 1; // beyond what a system allows

void require(bool good, const std::string& message) {
  if (!good)
    throw start_error{errc::invalid_argument, message};
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// -- streams ----------------------------------------------------------------

void check_path(const std::string& name, const std::string& path) {
  require(!path.empty(), name + ": the name of a file is empty");
  require(!has_nul(path), name + ": the name of a file has a NUL byte in it");
}

planned_stream plan_input(const command_options& options, start_mode mode) {
  using kind = planned_stream::kind;
  const bool has_data = !content_of(options.stdin_data).empty();
  const auto asked = kind_of(options.in);
  require(asked == stream_kind::usual || !has_data,
          "stdin_data: the command's input is that or what `in` says, not both");
  switch (asked) {
  case stream_kind::usual:
    return {has_data ? kind::ours : mode == start_mode::talk ? kind::callers : kind::none};
  case stream_kind::null:
    return {kind::none};
  case stream_kind::inherit:
  case stream_kind::own:
    return {kind::held};
  case stream_kind::pipe:
    require(mode == start_mode::talk,
            "in: nobody would write to a pipe: start_command gives its other end, and stdin_data is text");
    return {kind::callers};
  case stream_kind::read: {
    const auto& path = content_of(options.in).choice()->path;
    check_path("in", path);
    return {kind::file, path, O_RDONLY};
  }
  default:
    require(false, "in: an input can't be captured, truncated or appended to");
    return {};
  }
}

planned_stream plan_output(const field<command_stream>& stream, const std::string& name, start_mode mode,
                           planned_stream::kind usual) {
  using kind = planned_stream::kind;
  const auto asked = kind_of(stream);
  switch (asked) {
  case stream_kind::usual:
    return {usual};
  case stream_kind::capture:
    return {kind::ours};
  case stream_kind::null:
    return {kind::file, "/dev/null", O_WRONLY};
  case stream_kind::inherit:
  case stream_kind::own:
    return {kind::held};
  case stream_kind::pipe:
    require(mode == start_mode::talk,
            name + ": nobody would read from a pipe: start_command gives its other end; else it is captured");
    return {kind::callers};
  case stream_kind::truncate:
  case stream_kind::append: {
    const auto& path = content_of(stream).choice()->path;
    check_path(name, path);
    return {kind::file, path, O_WRONLY | O_CREAT | (asked == stream_kind::append ? O_APPEND : O_TRUNC)};
  }
  default:
    require(false, name + ": an output can't be a file to read from");
    return {};
  }
}

std::array<planned_stream, 3> plan_streams(const command_options& options, start_mode mode) {
  using kind = planned_stream::kind;
  const bool any = kind_of(options.in) != stream_kind::usual || kind_of(options.out) != stream_kind::usual
                   || kind_of(options.err) != stream_kind::usual;
  if (options.on_terminal) {
    require(content_of(options.stdin_data).empty(), "stdin_data: a command that has the terminal reads that");
    require(!any, "in, out, err: a command that has the terminal reads and writes that");
    return {};
  }
  require(!options.merge_stderr || kind_of(options.err) == stream_kind::usual,
          "err: with merge_stderr it is what `out` is");
  return {plan_input(options, mode),
          plan_output(options.out, "out", mode, mode == start_mode::talk ? kind::callers : kind::ours),
          plan_output(options.err, "err", mode, options.merge_stderr ? kind::output : kind::ours)};
}

void check_passed(const std::vector<passed_descriptor>& passed) {
  for (auto each = passed.begin(); each != passed.end(); ++each) {
    const auto number = std::to_string(each->number);
    require(each->number >= lowest_passed && each->number <= highest_passed,
            "pass: " + number + " is not one of " + std::to_string(lowest_passed) + " to "
                + std::to_string(highest_passed) + "; those below are `in`, `out` and `err`");
    require(
        std::none_of(passed.begin(), each, [&](const auto& other) { return other.number == each->number; }),
        "pass: the number " + number + " is there twice");
  }
}

// -- all of it --------------------------------------------------------------

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
  require(options.umask.value_or(0) <= all_permissions, "umask: it is not one of 0 to 0777");
  require(options.stop_signal > 0 && options.stop_signal < NSIG,
          "stop_signal: " + std::to_string(options.stop_signal) + " is no signal's number");
  check_passed(options.pass);
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

launch_plan plan_launch(const command_line& command, const command_options& options, start_mode mode) {
  validate(command, options);
  launch_plan plan{.program = command.front(),
                   .directory = options.cwd,
                   .candidates = {},
                   .arguments = {command.begin(), command.end()},
                   .environment = make_environment(options, ::environ),
                   .memory_limit = options.memory_limit.value_or(0),
                   .open_files = options.open_files.value_or(0),
                   .niceness = options.niceness,
                   .umask = options.umask ? static_cast<int>(*options.umask) : -1,
                   .streams = plan_streams(options, mode),
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

namespace {

start_error explain(const credentials& identity, int error) {
  const auto message
      = identity.named + ": it can't be started as that: " + std::generic_category().message(error);
  if (error == EPERM)
    return {errc::not_permitted,
            message + " (it takes the capabilities CAP_SETUID and CAP_SETGID, which the superuser has)"};
  return {errc::command_not_started, message};
}

} // namespace

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
  if (failure.stage == start_stage::passing)
    return {errc::invalid_argument, "pass: it can't have a descriptor of that number: " + reason, shortage};
  if (failure.stage == start_stage::identity)
    return explain(*plan.identity, failure.error);
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
