// `taskactor push`: see queue_verbs.hpp.
#include "cli/command_line.hpp"
#include "cli/text.hpp"
#include "jobs/queue_line.hpp"
#include "jobs/queue_verbs.hpp"

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

using nlohmann::ordered_json;

constexpr const char* about_push
    = "Writes a job into a store, for `taskactor work` to run: the command behind `--`, or a task by its "
      "name, "
      "with JSON arguments. Prints the job's id.\n\n"
      "Of a command the store has its words, this folder, the umask, and of the environment LANG, PATH, HOME "
      "and what --env names. Commands are run from the default store, and by `taskactor work --commands`.";

struct push_line : queue_line {
  push_line() : queue_line(about_push, "taskactor push") {
    app.add_option("--queue", queue, "Into this queue (default: default)")->type_name("NAME");
    app.add_option("--task", task, "A task of this name, in place of a command; its arguments are JSON")
        ->type_name("NAME");
    add_list(app, "--load", libraries,
             "Load a library of tasks before: then the task has to be there, and its arguments have to fit; "
             "may be given again")
        ->type_name("FILE");
    add_time(app, "--delay", delay, "Not before so much time has gone by");
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
    app.add_option("--unique", key, "While a job with this key waits or runs there is no other")
        ->type_name("KEY");
    app.add_flag("--replace", replaces, "With --unique: one that waits gets this one's arguments and time");
    add_list(app, "--limit", limits, "Counts to this limit of the store; NAME/KEY: to that key's share of it")
        ->type_name("NAME");
    app.add_option("--fairness", fairness, "Whose share of the queue it is")->type_name("KEY");
    add_list(app, "--tag", tags, "For who looks for it; may be given again")->type_name("TAG");
    add_list(app, "--env", environment,
             "The command has this variable, too, as it is now; may be given again")
        ->type_name("NAME");
    add_json("Its id, and whether it is new, as JSON");
    app.add_option("ARGUMENT", words, "Of the task, each as JSON")->type_name("");
    app.footer("Examples:\n"
               "  taskactor push -- make -j4 && taskactor work --until-empty\n"
               "  taskactor push --queue mail --task send_letter '\"ann@example.org\"'\n"
               "  taskactor push --delay 1h --retries 3 --unique nightly -- ./backup.sh");
  }

  push_options options() const;

  std::string queue = "default", task, key, fairness;
  std::vector<std::string> libraries, limits, tags, environment, words, command;
  std::optional<std::chrono::nanoseconds> delay, expires, timeout, keep, backoff_time;
  int priority = default_priority;
  std::size_t retries = 0;
  bool replaces = false;
};

push_options push_line::options() const {
  push_options made;
  made.delay = delay.value_or(std::chrono::nanoseconds{0});
  made.expires = expires;
  made.timeout = timeout;
  if (keep)
    made.keep = *keep;
  made.priority = priority;
  if (retries != 0 || backoff_time)
    made.retry = job_retry{.max_attempts = retries + 1,
                           .backoff = {.first = backoff_time.value_or(std::chrono::seconds{1})}};
  made.unique.key = key;
  made.unique.on_taken = replaces ? on_taken::replace : on_taken::keep;
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

/// What is behind `--`.
std::vector<std::string> take_rest(std::vector<std::string>& arguments) {
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> rest(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  arguments.erase(dashes, arguments.end());
  return rest;
}

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

nlohmann::json environment_of(const push_line& line) {
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

nlohmann::json command_of(const push_line& line) {
  auto argv = nlohmann::json::array();
  for (const auto& each : line.command)
    argv.push_back(as_text(each, "the command"));
  return {{"argv", argv},
          {"cwd", as_text(this_folder(), "this folder")},
          {"umask", this_umask()},
          {"env", environment_of(line)}};
}

nlohmann::json arguments_of(const push_line& line) {
  auto made = nlohmann::json::array();
  auto words = line.words;
  words.insert(words.end(), line.command.begin(), line.command.end());
  for (std::size_t i = 0; i < words.size(); ++i) {
    made.push_back(nlohmann::json::parse(words[i], nullptr, false));
    if (made.back().is_discarded())
      throw verb_failed{bad_usage, "argument " + std::to_string(i + 1) + " is no JSON value: " + words[i]
                                       + " (a text is in quotes: '\"text\"')"};
  }
  return made;
}

void check(const push_line& line) {
  if (line.replaces && line.key.empty())
    throw verb_failed{bad_usage, "--replace is about jobs with a key (--unique)"};
  if (!line.task.empty()) {
    if (!line.environment.empty())
      throw verb_failed{bad_usage, "--env is about commands, not about tasks (--task)"};
    return;
  }
  if (!line.libraries.empty())
    throw verb_failed{bad_usage, "--load is about tasks (--task), not about commands"};
  if (!line.words.empty())
    throw verb_failed{bad_usage, "what is \"" + line.words.front()
                                     + "\"? A command stands behind `--`: taskactor push -- CMD; a task is "
                                       "named by --task"};
  if (line.command.empty())
    throw verb_failed{bad_usage,
                      "nothing to push: say taskactor push [OPTION]... -- CMD, or --task NAME [JSON]..."};
  if (line.command.front().empty())
    throw verb_failed{bad_usage, "the command's name is empty"};
}

std::string_view word_for(push_result how) noexcept {
  switch (how) {
  case push_result::duplicate:
    return "duplicate";
  case push_result::replaced:
    return "replaced";
  default:
    return "pushed";
  }
}

int print(const push_line& line, job_id id, push_result how) {
  if (line.as_json)
    put_json(ordered_json{{"id", id}, {"result", word_for(how)}, {"queue", line.queue}});
  else
    put(std::to_string(id) + '\n');
  if (how != push_result::pushed && !line.as_json)
    say(how == push_result::duplicate ? "job " + std::to_string(id) + " has this key, and stays as it is"
                                      : "job " + std::to_string(id) + " has got these arguments",
        all_completed);
  return all_completed;
}

int push_command(const push_line& line) {
  const auto command = command_of(line);
  const detail::queue_front queue{line.open(true), line.queue};
  auto state = std::make_shared<detail::call_state<detail::pushed_ids>>();
  queue.push_command(line.options(), command,
                     [state](expected<detail::pushed_ids> ids) { state->set(std::move(ids)); });
  const auto ids = value_of(store_call<detail::pushed_ids>{state});
  return print(line, ids.front().id, ids.front().how);
}

int push_task(const push_line& line) {
  const auto arguments = arguments_of(line);
  for (const auto& each : line.libraries)
    load_tasks(each);
  const auto into = line.open(true);
  const job_queue queue{into, line.queue};
  const auto pushed = value_of(line.libraries.empty() && !registry::global().find(line.task)
                                   ? queue.push_unchecked(line.options(), line.task, arguments)
                                   : queue.push_named(line.options(), line.task, arguments));
  return print(line, pushed.job.id(), pushed.how);
}

} // namespace

int run_push(std::vector<std::string> arguments) {
  push_line line;
  line.command = take_rest(arguments);
  return answer(line.app, std::move(arguments), [&] {
    check(line);
    return line.task.empty() ? push_command(line) : push_task(line);
  });
}

verb_entry push_entry() {
  auto made = entry_of(push_line{}.app, "push", "Write a command or a task into a store, to be run later",
                       "-- CMD [ARG]... | --task NAME [JSON]...");
  made.takes_command = true;
  return made;
}

} // namespace taskactor::cli
