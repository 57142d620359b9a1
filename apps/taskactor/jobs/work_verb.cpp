// `taskactor work`: see queue_verbs.hpp.
#include "cli/descriptors.hpp"
#include "cli/runtime_log.hpp"
#include "cli/screen.hpp"
#include "jobs/default_store.hpp"
#include "jobs/emptiness.hpp"
#include "jobs/end_reporter.hpp"
#include "jobs/queue_line.hpp"
#include "jobs/queue_verbs.hpp"
#include "queue/store_core.hpp"
#include "run/run_options.hpp"

#include <taskactor/log_level.hpp>
#include <taskactor/manager_options.hpp>
#include <taskactor/processors.hpp>
#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/job_scheduler.hpp>
#include <taskactor/task_library.hpp>
#include <taskactor/task_manager.hpp>

#include <spdlog/logger.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr const char* about_work
    = "Runs the jobs of a store: so many of each queue at once. Commands are run from the default store, and "
      "of "
      "queues that --commands names: whoever may write to such a store runs programs as you. A job is run "
      "again when the program that ran it has died. Schedules of the store (`taskactor schedule`) fire while "
      "at least one "
      "worker is there, but one with --until-empty.\n\n"
      "TERM and INT make it end: it takes no more jobs, and finishes those that run. The second one cancels "
      "them, the third kills them; what hasn't ended is ready again.";

struct work_line : queue_line {
  work_line() : queue_line(about_work, "taskactor work") {
    add_list(
        app, "--queue", queues,
        "Run N jobs of this queue at once (default: default, and as many as there are processors); may be "
        "given again")
        ->type_name("NAME=N");
    add_list(app, "--load", libraries, "Load a library of tasks before; may be given again")
        ->type_name("FILE");
    add_list(app, "--commands", commands, "Run commands of this queue, too; may be given again")
        ->type_name("QUEUE");
    app.add_flag("--until-empty", until_empty,
                 "End when nothing that it could run is ready, runs, or is due within --horizon");
    add_time(app, "--horizon", horizon, "With --until-empty: wait for what is due so soon (default: 1h)");
    add_time(app, "--drain", drain, "After TERM: how long jobs that run may go on (default: 30s)");
    app.add_option("--name", name, "As `taskactor status` shows it (default: machine and process)")
        ->type_name("NAME");
    app.add_flag("-q,--quiet", quiet, "Don't say how each job has ended");
    app.add_option("--log-level", log_level,
                   "What the runtime logs: debug, info (default), warn, error or off; without it, as "
                   "TASKACTOR_LOG says")
        ->type_name("LEVEL")
        ->envname("TASKACTOR_LOG")
        ->check(CLI::IsMember(std::vector<std::string>(std::begin(log_levels), std::end(log_levels)))
                    .description(""));
    add_json("How each job has ended, as a line of JSON");
    app.footer("Exit codes:\n"
               "  0    all that it could run has ended, or TERM or INT has come and what ran has ended\n"
               "  1    jobs that ran were cancelled or killed: they are ready again\n"
               "  2    bad usage; nothing was run\n"
               "  3    with --until-empty: its queues have jobs that it doesn't run\n"
               "  4    the store or a library can't be used");
  }
  std::vector<std::string> queues, libraries, commands;
  std::string name, log_level = "info";
  bool until_empty = false, quiet = false;
  std::optional<std::chrono::nanoseconds> horizon, drain;
};

served_queue parse_queue(const std::string& text, std::size_t processors) {
  const auto equals = text.rfind('=');
  served_queue made{text.substr(0, equals), processors};
  if (equals != text.npos) {
    const auto number = std::string_view{text}.substr(equals + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), made.slots);
    constexpr std::size_t most_slots = 100'000;
    if (error != std::errc{} || end != number.data() + number.size() || made.slots == 0
        || made.slots > most_slots)
      throw verb_failed{bad_usage, "--queue: \"" + text + "\" says no number of jobs at once; write NAME=8"};
  }
  if (made.name.empty())
    throw verb_failed{bad_usage, "--queue: \"" + text + "\" has no name; write NAME=8"};
  return made;
}

std::vector<served_queue> queues_of(const work_line& line, bool is_default_store) {
  const auto processors = usable_processors();
  std::vector<served_queue> made;
  made.reserve(line.queues.size() + line.commands.size());
  for (const auto& each : line.queues)
    made.push_back(parse_queue(each, processors));
  for (const auto& each : line.commands)
    if (line.queues.empty()
        && std::none_of(made.begin(), made.end(), [&](const auto& one) { return one.name == each; }))
      made.push_back({each, processors});
  if (made.empty())
    made.push_back({"default", processors});
  for (const auto& each : line.commands)
    if (std::none_of(made.begin(), made.end(), [&](const auto& one) { return one.name == each; }))
      throw verb_failed{bad_usage, "--commands: \"" + each + "\" is no queue that is served (--queue)"};
  for (auto& each : made)
    each.commands
        = is_default_store
          || std::find(line.commands.begin(), line.commands.end(), each.name) != line.commands.end();
  return made;
}

manager_options options_of(const work_line& line, const std::vector<served_queue>& queues,
                           std::shared_ptr<spdlog::logger> log) {
  std::size_t slots = 0;
  for (const auto& each : queues)
    slots += each.slots;
  manager_options made;
  made.capacity = slots;
  made.process_capacity = slots;
  made.thread_capacity = slots;
  made.default_timeout = no_timeout; // a job has its own
  made.logger = std::move(log);
  made.log_level = parse_log_level(line.log_level);
  return made;
}

job_runner_options options_of(const std::vector<served_queue>& queues, const std::string& name) {
  std::vector<runner_queue> served;
  served.reserve(queues.size());
  for (const auto& each : queues)
    served.emplace_back(each.name, queue_service{.slots = each.slots, .commands = each.commands});
  job_runner_options made;
  made.queues = served;
  made.name = name;
  return made;
}

/// Ends the manager when there is nothing left to do, on a thread of its own.
class end_when_empty {
public:
  end_when_empty(task_manager& tasks, const job_runner& runner, const store& at,
                 std::vector<served_queue> queues, std::chrono::nanoseconds horizon)
      : tasks_(tasks),
        runner_(runner),
        store_(at),
        queues_(std::move(queues)),
        horizon_(horizon),
        watch_(detail::core_of(at)->watch([this] { poke(false); })),
        thread_([this] { look(); }) {}
  end_when_empty(const end_when_empty&) = delete;
  end_when_empty& operator=(const end_when_empty&) = delete;
  ~end_when_empty() { finish(); }

  /// What was left when it found nothing to do; empty: somebody else has ended the manager.
  std::optional<jobs_left> finish() {
    watch_.reset();
    poke(true);
    if (thread_.joinable())
      thread_.join();
    return left_;
  }

private:
  void poke(bool last) {
    const std::lock_guard lock{mutex_};
    told_ = true;
    last_ = last_ || last;
    changed_.notify_all();
  }
  void look() {
    constexpr std::chrono::milliseconds look_again{200};
    std::unique_lock lock{mutex_};
    while (!last_) {
      told_ = false;
      lock.unlock();
      if (runner_.is_idle())
        left_ = look_whether_empty(store_, queues_, horizon_);
      if (left_) {
        tasks_.shutdown();
        return;
      }
      lock.lock();
      changed_.wait_for(lock, look_again, [this] { return told_; });
    }
  }

  task_manager& tasks_;
  const job_runner& runner_;
  const store store_;
  const std::vector<served_queue> queues_;
  const std::chrono::nanoseconds horizon_;
  std::optional<jobs_left> left_; // the thread's, until it has ended
  std::mutex mutex_;              // what follows
  std::condition_variable changed_;
  bool told_ = false, last_ = false;
  std::shared_ptr<void> watch_;
  std::thread thread_;
};

int tell_left(const jobs_left& left, screen& messages) {
  for (const auto& [why, count] : left)
    messages.note(std::to_string(count) + (count == 1 ? " job remains, " : " jobs remain, ") + why);
  return left.empty() ? all_completed : some_timed_out;
}

std::string summary_of(const runner_statistics& ran) {
  std::string text = std::to_string(ran.succeeded) + " succeeded";
  const auto add = [&](std::uint64_t count, const char* what) {
    if (count != 0)
      text += ", " + std::to_string(count) + ' ' + what;
  };
  add(ran.failed, "failed");
  add(ran.cancelled, "cancelled");
  add(ran.retried, "failed attempts");
  add(ran.snoozed, "snoozed");
  add(ran.released, "given back");
  add(ran.stale, "ended too late, since another worker had them");
  return text;
}

int work(const work_line& line) {
  constexpr std::chrono::milliseconds last_words{2000};
  std::signal(SIGPIPE, SIG_IGN);
  const auto chosen = choose_store(line.store_file, true);
  const auto queues = queues_of(line, chosen.is_default);
  for (const auto& each : line.libraries)
    load_tasks(each);
  store jobs = line.open(true);
  screen messages;
  task_manager tasks{options_of(line, queues, make_runtime_log(messages))};
  shutdown_options bounds;
  bounds.drain = line.drain.value_or(std::chrono::seconds{30});
  tasks.shutdown_on({SIGTERM, SIGINT, SIGHUP}, bounds);
  job_runner runner{tasks, jobs, options_of(queues, line.name)};
  std::optional<job_scheduler> scheduler;
  if (!line.until_empty) // else it would be chance whether what is due now is among what is to be run
    scheduler.emplace(tasks, jobs);
  std::optional<end_reporter> ends;
  if (!line.quiet)
    ends.emplace(tasks, jobs, runner.statistics().name, line.as_json);
  std::optional<end_when_empty> emptiness;
  if (line.until_empty)
    emptiness.emplace(tasks, runner, jobs, queues, line.horizon.value_or(std::chrono::hours{1}));
  const auto report = tasks.wait_for_shutdown();
  const auto left = emptiness ? emptiness->finish() : std::nullopt;
  const auto ran = runner.statistics();
  int code = left ? tell_left(*left, messages) : int{all_completed};
  const bool said = !ends || ends->finish(last_words);
  if (!line.quiet)
    messages.note(summary_of(ran));
  if (!report.clean() || report.cancelled != 0)
    code = some_failed;
  if (!said || (ends && !ends->has_said_all())) {
    messages.note(
        "some ends of jobs weren't written: nobody reads the standard output, or it can't be written");
    code = code == all_completed ? int{output_unwritable} : code;
  }
  if (!said || !report.clean() || !messages.said_within(last_words))
    ::_exit(code); // nobody reads, or what can't be ended runs still
  return code;
}

} // namespace

int run_work(std::vector<std::string> arguments) {
  work_line line;
  return answer(line.app, std::move(arguments), [&] { return work(line); });
}

verb_entry work_entry() { return entry_of(work_line{}.app, "work", "Run the jobs of a store", ""); }

} // namespace taskactor::cli
