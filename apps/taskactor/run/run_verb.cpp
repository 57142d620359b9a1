#include "run/run_verb.hpp"

#include "batch/durable_batch.hpp"
#include "cli/exit_code.hpp"
#include "cli/runtime_log.hpp"
#include "cli/screen.hpp"
#include "cli/text.hpp"
#include "run/command_template.hpp"
#include "run/dry_run.hpp"
#include "run/interrupt.hpp"
#include "run/item_range.hpp"
#include "run/items.hpp"
#include "run/job.hpp"
#include "run/job_logs.hpp"
#include "run/open_jobs.hpp"
#include "run/opening.hpp"
#include "run/output.hpp"
#include "run/pending_items.hpp"
#include "run/progress.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"
#include "run/summary.hpp"
#include "run/tally.hpp"
#include "run/used_files.hpp"
#include "run/writer.hpp"

#include <taskactor/task_manager.hpp>
#include <taskactor/this_task.hpp>

#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include <csignal>

#include <unistd.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;

/// What the program itself may take, after the commands' own times, before something is given up.
constexpr auto slack = 2s;

/// For last words, before the program ends without its threads.
constexpr auto last_words = 1s;

/// `before`: of what a durable run has done before, too.
int exit_code(const run_control& control, const tally& ended, const batch_counts& before) {
  if (const int code = control.code())
    return code;
  if (ended.failed() != 0 || before.failed != 0)
    return some_failed;
  if (ended.timed_out() != 0 || before.timed_out != 0 || control.clock().is_cut())
    return some_timed_out;
  return ended.cancelled() != 0 || before.cancelled != 0 ? some_failed : all_completed;
}

/// Without a summary: an exit code and not a word would be all.
void tell_why_not(const tally& ended, screen& messages) {
  const auto count = ended.not_startable();
  const auto& first = *ended.first_not_startable();
  messages.note(std::to_string(count) + (count == 1 ? " command was" : " commands were")
                + " not started; the first, #" + std::to_string(first.number) + ' '
                + printable(first.item, screen::width()) + ": " + first.error);
}

/// Of the task that runs here, in its present attempt.
std::chrono::nanoseconds waited_for_rate(const task_manager& manager) {
  std::chrono::nanoseconds result{};
  if (const auto known = manager.explain(this_task::id()))
    for (const auto& wait : known->waits)
      result += wait.limiter == rate_limiter ? wait.waited : std::chrono::nanoseconds{0};
  return result;
}

void cancel(task_manager& manager, std::size_t turn) {
  manager.cancel_task("run/" + std::to_string(turn - 1));
}

/// Where the jobs of a run come from.
struct jobs_given {
  job_feed& items;
  durable_batch* durable = nullptr; ///< that, if it is one
  batch_counts before{};            ///< what it had come to before
};

std::function<void(const job_result&)> when_written(durable_batch* durable) {
  if (!durable)
    return {};
  return [durable](const job_result& ended) { durable->on_written(ended); };
}

/// One run: its parts, and its steps in order.
class run {
public:
  run(const run_options& options, run_control& control, screen& messages, const jobs_given& jobs,
      job_logs& logs, const used_files& files)
      : options_(options),
        control_(control),
        screen_(messages),
        given_(jobs),
        logs_(logs),
        writer_(
            {.control = control,
             .ended = ended_,
             .outputs = output{messages, options.output_folder, files},
             .said = progress{messages,
                              progress::style_for(messages, options.progress, options.quiet || options.tty),
                              {[this] { return open_.running(); }, [this] { return given_.items.total(); },
                               [this] { return control_.level() != stop_level::none; }}},
             .logs = logs.all(),
             .keep_order = options.keep_order,
             .on_written = when_written(jobs.durable)}) {}

  run(const run&) = delete;
  run& operator=(const run&) = delete;
  ~run() {
    control_.on_stop({});
    if (given_.durable)
      given_.durable->end_calls();
  }

  int execute(const blocked_signals& signals);

private:
  manager_options manager_settings() const;
  void run_all();
  void gather_all();
  std::optional<job> next_item();
  void end_waiting();
  void on_stop(stop_level to);
  void on_stopped(std::size_t number, int signal);
  void on_end(std::size_t turn, outcome<job_result>&& how);
  void judge(const job_result& ended);
  int finish();

  const run_options& options_;
  run_control& control_;
  screen& screen_;
  const jobs_given given_;
  job_logs& logs_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const descriptor_room room_ = room_for_jobs(options_.jobs);
  const std::size_t jobs_ = room_.jobs;
  command_template command_{options_.command, options_.words};
  open_jobs open_;
  tally ended_;
  bool items_left_ = false;
  // What follows hears of commands, which may outlive the gather: as long as the manager.
  writer writer_;
  job_setup setup_{
      .options = options_,
      .command = command_,
      .control = control_,
      .jobs = open_,
      .open_files = room_.limit_before,
      .waited = [this] { return waited_for_rate(manager_); },
      .on_stopped = [this](std::size_t number, int signal) { on_stopped(number, signal); },
  };
  task_manager manager_{manager_settings()};
};

manager_options run::manager_settings() const {
  manager_options result;
  result.capacity = result.process_capacity = jobs_;
  result.default_timeout = no_timeout;
  // A command ends by its own grace first. What that didn't end, `interrupt` ends, whose clock stands still
  // while the program is stopped; the runtime's would go on.
  result.cancel_grace = no_timeout;
  result.history.size = 0;
  result.logger = make_runtime_log(screen_);
  result.log_level = parse_log_level(options_.log_level);
  return result;
}

int run::execute(const blocked_signals& signals) {
  if (options_.jobs > jobs_)
    screen_.note("there are file descriptors for " + std::to_string(jobs_) + " commands at once, not for "
                 + std::to_string(options_.jobs) + " (see ulimit -n)");
  if (options_.starts)
    manager_.add_limiter(rate_limiter, {.rate = *options_.starts});
  control_.on_stop([this](stop_level to) { on_stop(to); });
  const interrupt interrupts{
      signals, control_, screen_, {[this] { return open_.running(); }, options_.grace + slack}};
  if (given_.durable)
    given_.durable->start(jobs_, [this](std::size_t turn) { cancel(manager_, turn); });
  run_all();
  control_.end_commands();
  return finish();
}

void run::run_all() {
  try {
    gather_all();
  } catch (const unreadable_items& error) { // what was read before has been run
    control_.fail(input_unreadable, stop_level::start_no_more, error.what());
  } catch (const std::system_error& error) {
    if (error.code() != errc::stopping) // killed before it began
      throw;
  }
  shutdown_options bounds;
  bounds.drain = 0s;
  bounds.cancel = options_.grace + slack;
  bounds.kill = slack;
  manager_.shutdown(bounds);
}

void run::gather_all() {
  // It may wait for the writer, and all commands with it: they share the output whose reader is slow.
  if (options_.line_buffer)
    setup_.on_line = [this](output_stream which, std::string_view line) { writer_.post_line(which, line); };
  gather_options how;
  how.id = "run";
  how.concurrency = jobs_;
  how.jitter = options_.jitter;
  how.each = options_of_jobs(options_);
  // Time is kept command by command (see options_of in job.cpp), so that one that is late keeps its place
  // until it has ended, and its output; `interrupt` ends what can't be ended so.
  item_range items{[this] { return next_item(); }};
  manager_.gather_each(
      how, [this](job one) { return run_job(setup_, std::move(one)); }, items,
      [this](std::size_t index, outcome<job_result>&& ended) { on_end(index + 1, std::move(ended)); });
}

/// On the thread that called `gather_each`: the place to wait for input, and for the writer.
std::optional<job> run::next_item() {
  if (control_.level() != stop_level::none)
    end_waiting(); // also what this has given last, which the gather may not have had when the run was stopped
  auto next = given_.items.next();
  items_left_ = control_.level() != stop_level::none; // it may be that which has ended the wait for one
  if (next) {
    writer_.wait_for_room();
    open_.open(*next); // counted before it asks
    if (control_.may_start())
      return next;
    open_.close(next->turn);
    items_left_ = true;
  }
  if (items_left_ && control_.clock().is_up())
    control_.clock().note_cut();
  return {};
}

/// Nothing starts any more: what waits for the jitter, the rate or another attempt needn't. One that starts
/// in this moment finds that out by itself.
void run::end_waiting() {
  for (const auto turn : open_.waiting())
    cancel(manager_, turn);
}

/// On the thread that serves commands.
void run::on_stopped(std::size_t number, int signal) {
  if (options_.tty) // by Ctrl-Z: the shell is to have its prompt
    suspend(control_, screen_);
  else if (!control_.pause()->active())
    screen_.note("#" + std::to_string(number) + " has been stopped by " + signal_text(signal)
                 + (signal == SIGTTIN || signal == SIGTTOU ? ": it wants the terminal (see --tty)" : ""));
}

void run::on_stop(stop_level to) {
  writer_.on_stop();
  end_waiting();
  shutdown_options at_once;
  at_once.drain = at_once.cancel = 0s;
  at_once.kill = slack;
  if (to == stop_level::kill)
    manager_.shutdown(at_once);
  else if (to == stop_level::cancel)
    manager_.cancel_all();
}

/// On the runtime's threads.
void run::on_end(std::size_t turn, outcome<job_result>&& how) {
  auto ended = how ? std::move(*how) : open_.close(turn, how.error().state(), how.error().message());
  open_.close(turn);
  ended.cut = ended.cut || (ended.start_failure != 0 && command_.has_fixed_program());
  judge(ended);
  writer_.post(std::move(ended));
}

/// Does this end end the run?
void run::judge(const job_result& ended) {
  if (options_.tty && (ended.signal == SIGINT || ended.signal == SIGQUIT)) // the keys were its own
    control_.fail(by_interrupt, stop_level::start_no_more, {});
  if ((ended.state == state::timed_out || !ended.started) && control_.clock().is_up())
    control_.clock().note_cut();
  const bool bad = ended.started && (ended.state == state::failed || ended.state == state::timed_out);
  if (ended.start_failure != 0 && command_.has_fixed_program()) {
    control_.fail(ended.start_failure, stop_level::cancel, ended.error);
  } else if (bad && options_.fail_fast && control_.level() < stop_level::cancel) {
    control_.stop(stop_level::cancel);
    screen_.note("#" + std::to_string(ended.what.number) + " failed: " + ended.error
                 + "; cancelling the rest (--fail-fast)");
  }
}

int run::finish() {
  if (!writer_.finish(options_.grace + slack)) {
    screen_.note(std::string{writer_.place()} + " is not read; what was left to write is lost");
    static_cast<void>(screen_.said_within(last_words));
    ::_exit(exit_code(control_, ended_, given_.before));
  }
  const auto unfinished = given_.durable ? given_.durable->finish() : std::string{};
  const int code = exit_code(control_, ended_, given_.before);
  const bool is_said = code == not_found || code == not_executable;
  if (!options_.quiet && code != reader_gone && !(is_said && ended_.completed() == 0)) {
    summary_facts facts{.ended = ended_,
                        .elapsed = std::chrono::steady_clock::now() - begin_,
                        .stopped = items_left_ || ended_.not_started() != 0,
                        .skipped = given_.items.skipped(),
                        .failed_before = given_.before.items - given_.before.completed()};
    if (control_.code() != output_unwritable)
      facts.report = logs_.report();
    screen_.print(to_text(facts, screen::width()));
  }
  if (options_.quiet && !is_said && ended_.not_startable() != 0)
    tell_why_not(ended_, screen_);
  if (!unfinished.empty() && !options_.quiet)
    screen_.note(unfinished);
  return code;
}

int run_durable(const run_options& options, const blocked_signals& signals, run_control& control,
                screen& messages, used_files& files, std::optional<interrupt>& while_opening) {
  durable_batch batch{options, control, messages, files};
  if (const auto finished = batch.finished()) {
    if (!options.quiet)
      messages.note(*finished);
    return exit_code(control, {}, batch.counts());
  }
  job_logs logs{options, batch.goes_on(), control, files};
  run all{options, control, messages, {batch, &batch, batch.counts()}, logs, files};
  logs.begin();
  while_opening.reset();
  return all.execute(signals);
}

int run_or_print(const run_options& options, const blocked_signals& signals, run_control& control,
                 screen& messages) {
  used_files files;
  std::optional<interrupt> while_opening{std::in_place, signals, control, messages};
  if (options.former.store && !options.dry_run) // which asks no store
    return run_durable(options, signals, control, messages, files, while_opening);
  const auto source = open_items(options, control, files);
  std::optional<job_logs> logs;
  if (!options.dry_run)
    logs.emplace(options, false, control, files);
  auto before = completed_before(options, messages, control, files, logs ? &*logs : nullptr);
  pending_items items{*source, std::move(before)};
  if (!logs)
    return print_commands(command_template{options.command, options.words}, items, control, messages);
  run all{options, control, messages, {items}, *logs, files};
  logs->begin(); // which empties files: what can be wrong before a command is run has been found by now
  while_opening.reset();
  return all.execute(signals);
}

/// Nothing is left but what is to be said, which nobody may read: then a signal ends the wait for that.
int speak_out(int code, const blocked_signals& signals, run_control& control, screen& messages) {
  if (messages.said_within(last_words))
    return code;
  if (code != all_completed)
    control.fail(code, stop_level::cancel, {});
  if (control.hurried() || control.clock().is_cut())
    ::_exit(code);
  const interrupt interrupts{signals, control, messages};
  while (!messages.said_within(24h))
    continue;
  return code;
}

int run_guarded(const run_options& options, const blocked_signals& signals, run_control& control,
                screen& messages) {
  try {
    return run_or_print(options, signals, control, messages);
  } catch (const unreadable_items& error) {
    messages.note(error.what());
    return input_unreadable;
  } catch (const bad_report& error) {
    messages.note(error.what());
    return bad_usage;
  } catch (const bad_batch& error) {
    messages.note(error.what());
    return bad_usage;
  } catch (const file_in_use& error) {
    messages.note(error.what());
    return bad_usage;
  } catch (const stopped_early&) {
    return control.code() != 0 ? control.code() : some_timed_out;
  } catch (const std::system_error& error) {
    messages.note(error.what());
    return error.code() == errc::invalid_argument ? bad_usage : output_unwritable;
  }
}

} // namespace

int run_commands(run_options options) {
  const blocked_signals signals; // before there is any thread
  screen messages;
  run_control control{messages, options.total_timeout};
  const int code = run_guarded(options, signals, control, messages);
  return speak_out(code, signals, control, messages);
}

} // namespace taskactor::cli
