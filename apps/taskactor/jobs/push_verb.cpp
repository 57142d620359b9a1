// `taskactor push`: see queue_verbs.hpp.
#include "cli/command_line.hpp"
#include "jobs/job_spec_line.hpp"
#include "jobs/queue_verbs.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/queue/job_queue.hpp>
#include <taskactor/schedule/trigger.hpp>

#include <charconv>
#include <memory>
#include <system_error>

namespace taskactor::cli {

namespace {

using nlohmann::ordered_json;

constexpr const char* about_push
    = "Writes a job into a store, for `taskactor work` to run: the command behind `--`, or a task by its "
      "name, "
      "with JSON arguments. Prints the job's id.\n\n"
      "Of a command the store has its words, this folder, the umask, and of the environment LANG, PATH, HOME "
      "and what --env names. Commands are run from the default store, and by `taskactor work --commands`.";

struct push_line : job_spec_line {
  push_line() : job_spec_line(about_push, "taskactor push") {
    add_job_options();
    add_time(app, "--delay", delay, "Not before so much time has gone by");
    app.add_option("--at", at,
                   "Not before this time: 2026-12-24T18:00, as the clocks of --zone show it, or "
                   "2026-12-24T17:00:00Z")
        ->type_name("TIME");
    app.add_option("--zone", zone, "Of --at (UTC): Europe/Berlin")->type_name("ZONE");
    add_list(app, "--after", parents,
             "Not before this job has succeeded; if it ends otherwise, this one is cancelled. May be given "
             "again")
        ->type_name("ID");
    app.add_option("--on-failure", wish,
                   "What becomes of it then, in place of that: cancel, fail, or run all the same")
        ->type_name("cancel|fail|run")
        ->check(CLI::IsMember({"cancel", "fail", "run"}).description(""));
    add_run_options();
    app.add_option("--unique", key, "While a job with this key waits or runs there is no other")
        ->type_name("KEY");
    app.add_flag("--replace", replaces, "With --unique: one that waits gets this one's arguments and time");
    add_share_options();
    add_json("Its id, and whether it is new, as JSON");
    app.add_option("ARGUMENT", words, "Of the task, each as JSON")->type_name("");
    app.footer("Examples:\n"
               "  taskactor push -- make -j4 && taskactor work --until-empty\n"
               "  taskactor push --queue mail --task send_letter '\"ann@example.org\"'\n"
               "  taskactor push --after 17 -- ./publish.sh\n"
               "  taskactor push --delay 1h --retries 3 --unique nightly -- ./backup.sh");
  }

  /// Errors: `verb_failed`.
  push_options options() const;

  std::string key, at, zone, wish = "cancel";
  std::vector<std::string> parents;
  std::optional<std::chrono::nanoseconds> delay;
  bool replaces = false;
};

/// Errors: `verb_failed`.
std::vector<job_parent> parents_of(const std::vector<std::string>& ids, const std::string& wish) {
  const auto how = wish == "run" ? on_failure::run : wish == "fail" ? on_failure::fail : on_failure::cancel;
  std::vector<job_parent> all;
  all.reserve(ids.size());
  for (const auto& each : ids) {
    job_id id = 0;
    const auto* const end = each.data() + each.size();
    const auto read = std::from_chars(each.data(), end, id);
    if (read.ec != std::errc{} || read.ptr != end || id <= 0)
      throw verb_failed{bad_usage,
                        "--after: \"" + detail::visible(each) + "\" is no job's id, as push prints it"};
    all.emplace_back(id, how);
  }
  return all;
}

/// Of a time that a zone's clocks show: as a trigger has it.
store_time time_at(const std::string& text, const std::string& zone) {
  if (text.find_first_of(" \t\n@") != text.npos) // a trigger may go on there
    throw verb_failed{bad_usage, "--at: \"" + detail::visible(text)
                                     + "\" isn't a time alone; write 2026-12-24T18:00, and --zone"};
  const auto when = trigger::parse("at " + text, zone);
  if (!when)
    throw verb_failed{bad_usage, "--at: " + when.error().message};
  const auto found = when->next(fire_time::min());
  if (!found)
    throw verb_failed{bad_usage, "--at: " + text + ": " + std::string{to_string(found.why)}};
  return std::chrono::floor<store_time::duration>(found->nominal);
}

push_options push_line::options() const {
  auto made = job_options();
  const bool has_time = app.count("--at") != 0;
  if (has_time && delay)
    throw verb_failed{bad_usage, "--at and --delay both say when; give one of them"};
  if (!has_time && app.count("--zone") != 0)
    throw verb_failed{bad_usage, "--zone is that of --at, which isn't given"};
  if (has_time)
    made.at = time_at(at, zone);
  if (parents.empty() && app.count("--on-failure") != 0)
    throw verb_failed{bad_usage, "--on-failure is about jobs of --after, which isn't given"};
  made.after = parents_of(parents, wish);
  made.delay = delay.value_or(std::chrono::nanoseconds{0});
  made.unique.key = key;
  made.unique.on_taken = replaces ? on_taken::replace : on_taken::keep;
  return made;
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
  const auto command = line.command_form();
  const detail::queue_front queue{line.open(true), line.queue};
  auto state = std::make_shared<detail::call_state<detail::pushed_ids>>();
  queue.push_command(line.options(), command,
                     [state](expected<detail::pushed_ids> ids) { state->set(std::move(ids)); });
  const auto ids = value_of(store_call<detail::pushed_ids>{state});
  return print(line, ids.front().id, ids.front().how);
}

int push_task(const push_line& line) {
  const auto arguments = line.argument_form();
  const bool known = line.is_known_task();
  const auto into = line.open(true);
  const job_queue queue{into, line.queue};
  const auto pushed = value_of(known ? queue.push_named(line.options(), line.task, arguments)
                                     : queue.push_unchecked(line.options(), line.task, arguments));
  return print(line, pushed.job.id(), pushed.how);
}

} // namespace

int run_push(std::vector<std::string> arguments) {
  push_line line;
  line.take_command(arguments);
  return answer(line.app, std::move(arguments), [&] {
    if (line.replaces && line.key.empty())
      throw verb_failed{bad_usage, "--replace is about jobs with a key (--unique)"};
    line.check_job("taskactor push");
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
