#include "jobs/job_spec_line.hpp"

#include "cli/text.hpp"
#include "jobs/default_store.hpp"

#include <taskactor/queue/job_queue.hpp>
#include <taskactor/registry.hpp>
#include <taskactor/task_library.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include <sys/stat.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

std::string as_text(const std::string& bytes, const std::string& what) {
  if (!is_utf8(bytes))
    throw verb_failed{bad_usage, what + ": \"" + bytes + "\" is no UTF-8, which the text of a job has to be"};
  return bytes;
}

std::string this_folder() {
  const std::unique_ptr<char, void (*)(void*)> path{::getcwd(nullptr, 0), std::free};
  if (!path)
    throw verb_failed{some_failed, "this folder: " + std::generic_category().message(errno)};
  return path.get();
}

unsigned this_umask() {
  const auto mask = ::umask(S_IRWXG | S_IRWXO); // before there is a thread that it could matter to
  ::umask(mask);
  return mask;
}

nlohmann::json environment_of(const job_spec_line& line) {
  auto made = nlohmann::json::object();
  const auto take = [&](const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    if (value)
      made[name] = as_text(value, name);
    return value != nullptr;
  };
  for (const char* const each : {"LANG", "PATH", "HOME"})
    take(each);
  for (const auto& each : line.environment)
    if (each.empty() || each.find('=') != each.npos || !take(each))
      throw verb_failed{bad_usage, "--env: there is no variable \"" + each + '"'};
  return made;
}

} // namespace

job_spec_line::job_spec_line(const std::string& about, const std::string& name) : queue_line(about, name) {}

void job_spec_line::add_job_options() {
  app.add_option("--queue", queue, "Into this queue (default: default)")->type_name("NAME");
  app.add_option("--task", task, "A task of this name, in place of a command; its arguments are JSON")
      ->type_name("NAME");
  add_list(app, "--load", libraries,
           "Load a library of tasks before: then the task has to be there, and its arguments have to fit; "
           "may be given again")
      ->type_name("FILE");
}

void job_spec_line::add_run_options() {
  add_time(app, "--expires", expires, "If it hasn't begun after this time, it never does");
  add_time(app, "--timeout", timeout,
           "End it when it runs longer; that is a failed attempt (default: never)");
  add_time(app, "--keep", keep, "How long its end can be asked for (default: 7d; 0: not at all)");
  app.add_option("--priority", priority, "0 is served first, 9 last (default: 4)")
      ->type_name("N")
      ->check(CLI::Range(highest_priority, lowest_priority).description(""));
  app.add_option("--retries", retries, "Run it again when it has failed, N times at most (default: 0)")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{0}, std::size_t{1} << 20).description(""));
  add_time(app, "--backoff", backoff_time,
           "Wait so long before the first retry, and twice as long before each further (default: 1s)");
}

void job_spec_line::add_share_options() {
  add_list(app, "--limit", limits, "Counts to this limit of the store; NAME/KEY: to that key's share of it")
      ->type_name("NAME");
  app.add_option("--fairness", fairness, "Whose share of the queue it is")->type_name("KEY");
  add_list(app, "--tag", tags, "For who looks for it; may be given again")->type_name("TAG");
  add_list(app, "--env", environment, "The command has this variable, too, as it is now; may be given again")
      ->type_name("NAME");
}

push_options job_spec_line::job_options() const {
  push_options made;
  made.expires = expires;
  made.timeout = timeout;
  if (keep)
    made.keep = *keep;
  made.priority = priority;
  if (retries != 0 || backoff_time)
    made.retry = job_retry{.max_attempts = retries + 1,
                           .backoff = {.first = backoff_time.value_or(std::chrono::seconds{1})}};
  made.fairness_key = fairness;
  made.tags = tags;
  std::vector<job_limit> taken;
  for (const auto& each : limits) {
    const auto slash = each.find('/');
    taken.push_back({each.substr(0, slash), slash == each.npos ? std::string{} : each.substr(slash + 1)});
  }
  made.limits = taken;
  return made;
}

nlohmann::json job_spec_line::command_form() const {
  auto argv = nlohmann::json::array();
  for (const auto& each : command)
    argv.push_back(as_text(each, "the command"));
  return {{"argv", argv},
          {"cwd", as_text(this_folder(), "this folder")},
          {"umask", this_umask()},
          {"env", environment_of(*this)}};
}

nlohmann::json job_spec_line::argument_form() const {
  auto made = nlohmann::json::array();
  auto all = words;
  all.insert(all.end(), command.begin(), command.end());
  for (std::size_t i = 0; i < all.size(); ++i) {
    made.push_back(nlohmann::json::parse(all[i], nullptr, false));
    if (made.back().is_discarded())
      throw verb_failed{bad_usage, "argument " + std::to_string(i + 1) + " is no JSON value: " + all[i]
                                       + " (a text is in quotes: '\"text\"')"};
  }
  return made;
}

void job_spec_line::check_job(const std::string& usage) const {
  if (!task.empty()) {
    if (!environment.empty())
      throw verb_failed{bad_usage, "--env is about commands, not about tasks (--task)"};
    return;
  }
  if (!libraries.empty())
    throw verb_failed{bad_usage, "--load is about tasks (--task), not about commands"};
  if (!words.empty())
    throw verb_failed{bad_usage, "what is \"" + words.front() + "\"? A command stands behind `--`: " + usage
                                     + " -- CMD; a task is named by --task"};
  if (command.empty())
    throw verb_failed{bad_usage,
                      "nothing to push: say " + usage + " [OPTION]... -- CMD, or --task NAME [JSON]..."};
  if (command.front().empty())
    throw verb_failed{bad_usage, "the command's name is empty"};
}

bool job_spec_line::is_known_task() const {
  for (const auto& each : libraries)
    load_tasks(each);
  return !libraries.empty() || registry::global().find(task) != nullptr;
}

void job_spec_line::take_command(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  command.assign(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
}

} // namespace taskactor::cli
