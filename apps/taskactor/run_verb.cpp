#include "run_verb.hpp"

#include "command_template.hpp"
#include "dry_run.hpp"
#include "exit_code.hpp"
#include "interrupt.hpp"
#include "item_range.hpp"
#include "items.hpp"
#include "job.hpp"
#include "job_logs.hpp"
#include "output.hpp"
#include "pending_items.hpp"
#include "progress.hpp"
#include "run_control.hpp"
#include "run_options.hpp"
#include "running_jobs.hpp"
#include "runtime_log.hpp"
#include "screen.hpp"
#include "summary.hpp"
#include "tally.hpp"
#include "writer.hpp"

#include <taskactor/task_manager.hpp>

#include <chrono>
#include <memory>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace taskactor::cli {

namespace {

using namespace std::chrono_literals;

/// What the program itself may take, after the commands' own times, before something is given up.
constexpr auto slack = 2s;

/// One run: its parts, and its steps in order.
class run {
public:
  run(const run_options& options, run_control& control, screen& messages, pending_items& items)
      : options_(options), control_(control), screen_(messages), items_(items) {}

  int execute(const blocked_signals& signals);

private:
  manager_options manager_settings() const;
  void run_all();
  void gather_all();
  std::optional<job> next_item();
  bool may_start(const job_result& what);
  void on_stop(stop_level to);
  void on_end(std::size_t turn, outcome<job_result>&& how);
  void judge(const job_result& ended);
  int finish();
  int exit_code() const;
  void summarize() const;

  const run_options& options_;
  run_control& control_;
  screen& screen_;
  pending_items& items_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::size_t jobs_ = allowed_jobs(options_.jobs);
  command_template command_{options_.command, options_.shell};
  running_jobs running_;
  tally ended_;
  bool items_left_ = false;
  output outputs_{screen_, options_.output_folder};
  job_logs logs_{options_};
  progress progress_{screen_,
                     progress::style_for(screen_, options_.progress, options_.quiet),
                     {[this] { return running_.count(); }, [this] { return items_.total(); }}};
  task_manager manager_{manager_settings()};
  writer writer_{{control_, ended_, outputs_, progress_, logs_.all(), options_.keep_order}};
};

manager_options run::manager_settings() const {
  manager_options result;
  result.capacity = result.process_capacity = jobs_;
  result.default_timeout = no_timeout;
  // A command ends by its own grace first; the runtime's is for what that didn't end.
  result.cancel_grace = options_.grace + slack;
  result.history = 0;
  result.logger = make_runtime_log(screen_, options_.log_level);
  return result;
}

int run::execute(const blocked_signals& signals) {
  if (options_.jobs > jobs_)
    screen_.note("there are file descriptors for " + std::to_string(jobs_) + " commands at once, not for "
                 + std::to_string(options_.jobs) + " (see ulimit -n)");
  if (options_.starts)
    manager_.add_limiter(rate_limiter, {.rate = *options_.starts});
  control_.on_stop([this](stop_level to) { on_stop(to); });
  const interrupt interrupts{signals, control_, screen_, [this] { return running_.count(); }};
  run_all();
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
  const job_setup setup{.options = options_,
                        .command = command_,
                        .control = control_,
                        .on_start = [this](const job_result& what) { return may_start(what); },
                        .on_line = {}};
  auto by_line = setup;
  // It may wait for the writer, and all commands with it: they share the output whose reader is slow.
  by_line.on_line = [this](stream which, std::string_view line) { writer_.post_line(which, line); };
  const auto& with = options_.line_buffer ? by_line : setup;
  gather_options how;
  how.id = "run";
  how.concurrency = jobs_;
  // Time is kept command by command (see options_of in job.cpp), so that one that is late keeps its place
  // until it has ended, and its output. This is for what can't be ended at all.
  if (options_.total_timeout)
    how.total_timeout = *options_.total_timeout + options_.grace + slack;
  item_range items{[this] { return next_item(); }};
  manager_.gather_each(
      how, [&with](job one) { return run_job(with, std::move(one)); }, items,
      [this](std::size_t index, outcome<job_result>&& ended) { on_end(index + 1, std::move(ended)); });
}

/// On the thread that called `gather_each`: the place to wait for input, and for the writer.
std::optional<job> run::next_item() {
  writer_.wait_for_room();
  auto next = items_.next();
  if (next && control_.may_start())
    return next;
  items_left_ = next || control_.level() != stop_level::none;
  return {};
}

/// Counted before it asks, so that who stops the run and counts after that has missed nobody.
bool run::may_start(const job_result& what) {
  running_.add(what);
  return control_.may_start();
}

void run::on_stop(stop_level to) {
  writer_.on_stop();
  if (options_.starts) // who waits for the rate is to see that nothing starts any more
    manager_.set_rate(rate_limiter, {.count = 1'000'000'000});
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
  auto ended
      = how ? std::move(*how) : running_.remove_ended(turn, how.error().state(), how.error().message());
  running_.remove(turn);
  judge(ended);
  writer_.post(std::move(ended));
}

/// Does this end end the run?
void run::judge(const job_result& ended) {
  const bool bad = ended.started && (ended.state == state::failed || ended.state == state::timed_out);
  if (ended.start_failure != 0 && command_.has_fixed_program()) {
    control_.fail(ended.start_failure, stop_level::cancel, ended.error);
  } else if (bad && options_.fail_fast && control_.level() < stop_level::cancel) {
    screen_.note("#" + std::to_string(ended.what.number) + " failed: " + ended.error
                 + "; cancelling the rest (--fail-fast)");
    control_.stop(stop_level::cancel);
  }
}

int run::finish() {
  if (!writer_.finish(options_.grace + slack)) {
    screen_.note("standard output is not read; what was left to write is lost");
    ::_exit(exit_code());
  }
  const int code = exit_code();
  const bool nothing_ran = (code == not_found || code == not_executable) && ended_.completed() == 0;
  if (!options_.quiet && code != reader_gone && !nothing_ran)
    summarize();
  return code;
}

int run::exit_code() const {
  if (const int code = control_.code())
    return code;
  if (ended_.failed() != 0)
    return some_failed;
  if (ended_.timed_out() != 0 || control_.out_of_time())
    return some_timed_out;
  return ended_.cancelled() != 0 ? some_failed : all_completed;
}

void run::summarize() const {
  summary_facts facts{.ended = ended_,
                      .elapsed = std::chrono::steady_clock::now() - begin_,
                      .stopped = items_left_ || ended_.not_started() != 0,
                      .skipped = items_.skipped()};
  if (control_.code() != output_unwritable)
    facts.report = logs_.report();
  screen_.print(to_text(facts, screen::width()));
}

} // namespace

int run_commands(run_options options) {
  screen messages;
  const blocked_signals signals;
  run_control control{messages, options.total_timeout};
  try {
    auto before = completed_before(options, messages);
    const auto source = open_items(options, control);
    pending_items items{*source, std::move(before)};
    if (!options.dry_run)
      return run{options, control, messages, items}.execute(signals);
    const interrupt interrupts{signals, control, messages, [] { return std::size_t{0}; }};
    return print_commands(command_template{options.command, options.shell}, items, control, messages);
  } catch (const unreadable_items& error) {
    messages.note(error.what());
    return input_unreadable;
  } catch (const bad_report& error) {
    messages.note(error.what());
    return bad_usage;
  } catch (const std::system_error& error) {
    messages.note(error.what());
    return error.code() == errc::invalid_argument ? bad_usage : output_unwritable;
  }
}

} // namespace taskactor::cli
