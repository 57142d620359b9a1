#include "run/job.hpp"

#include "base/time_slice.hpp"
#include "cli/exit_code.hpp"
#include "cli/quantity.hpp"
#include "run/command_template.hpp"
#include "run/open_jobs.hpp"
#include "run/run_control.hpp"
#include "run/run_options.hpp"

#include <taskactor/explanation.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/run_command.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace taskactor::cli {

namespace {

using std::chrono::nanoseconds;

/// Of a line that is handed out whole.
constexpr std::size_t line_limit = std::size_t{1} << 20;
/// A wait that a summary speaks of.
constexpr std::chrono::milliseconds worth_telling{1};
/// Where doubling ends.
constexpr std::chrono::minutes longest_backoff{1};

/// Between attempts.
backoff backoff_of(const run_options& options) {
  return {.first = options.backoff, .max = std::max<nanoseconds>(options.backoff, longest_backoff)};
}

/// For the runtime, which runs the body again.
class attempt_failed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Lines' bytes are counted in `by_line`.
command_options options_of(const job_setup& setup, std::size_t number, std::shared_ptr<std::size_t> by_line) {
  const auto& asked = setup.options;
  command_options result;
  result.capture_limit = asked.capture_limit;
  result.memory_limit = asked.memory;
  result.niceness = asked.niceness;
  result.open_files = setup.open_files;
  result.inherits_descriptors = true; // process substitution, `exec 3>log`, make's jobserver
  result.on_terminal = asked.tty;
  result.on_stopped = [&setup, number](int signal) { setup.on_stopped(number, signal); };
  result.pause = setup.control.pause();
  result.grace = asked.grace;
  result.timeout = asked.timeout;
  // A command that the total time ends is ended as by a timeout of its own: that keeps what it has printed.
  if (const auto left = setup.control.remaining())
    result.timeout = std::min<std::chrono::nanoseconds>(*left, asked.timeout.value_or(*left));
  if (setup.on_line) {
    result.on_line = [by_line, hand_out = setup.on_line](output_stream which, std::string_view line) {
      *by_line += which == output_stream::out ? line.size() + 1 : 0;
      hand_out(which, line);
    };
    result.line_limit = line_limit;
  }
  return result;
}

std::string why_timed_out(const run_options& options, nanoseconds given) {
  if (options.timeout && *options.timeout == given)
    return ran_too_long + limit_text(given);
  return "the total time of " + limit_text(options.total_timeout.value_or(given)) + " was up";
}

/// What is known of any end.
void take(job_result& result, command_result&& from, std::size_t by_line) {
  result.begin = from.started;
  result.end = from.ended;
  result.exit_code = from.exit_code;
  result.signal = from.term_signal;
  result.printed = by_line + from.out.size();
  result.out = std::move(from.out);
  result.err = std::move(from.err);
}

void judge(job_result& result, const command_result& from, const job_setup& setup, nanoseconds given) {
  result.state = state::failed;
  if (from.timed_out) {
    result.state = state::timed_out;
    result.error = why_timed_out(setup.options, given);
    result.cut = !result.error.starts_with(ran_too_long);
  } else if (!from.success()) {
    result.error = from.describe();
  } else if (from.out_truncated || from.err_truncated) {
    result.error = "its " + std::string{from.out_truncated ? "output" : "errors"} + " went beyond "
                   + size_text(setup.options.capture_limit)
                   + " and was cut (see --capture-limit, --line-buffer)";
  } else if (from.handler_error) {
    result.error = "its output is lost: " + describe(from.handler_error);
  } else {
    result.state = state::completed;
  }
}

void take(job_result& result, const std::system_error& error) {
  result.state = error.code() == errc::stopping ? state::cancelled : state::failed;
  result.error = detail::message_of(error);
  result.is_final = error.code() == errc::invalid_argument; // a NUL in it, or longer than any command may be
  result.not_startable = result.state == state::failed;
  if (error.code() == errc::command_not_found)
    result.start_failure = not_found;
  else if (error.code() == errc::command_not_executable)
    result.start_failure = not_executable;
}

/// Runs the command once.
task<job_result> attempt(const job_setup& setup, job what) {
  job_result result;
  result.what = std::move(what);
  const auto by_line = std::make_shared<std::size_t>(0); // shared: a command may outlive its body
  try {
    result.command = setup.command.make(result.what.item, result.what.number);
    result.begin = std::chrono::steady_clock::now();
    result.started = true;
    // Counted before it asks, so that who stops the run and counts after that has missed nobody.
    setup.jobs.start(result);
    if (!setup.control.may_start()) {
      result.started = false;
      co_return result;
    }
    auto how = options_of(setup, result.what.number, by_line);
    const auto given = how.timeout.value_or(nanoseconds::max());
    command_line line{result.command};
    command_result ended = co_await run_command(std::move(line), std::move(how));
    judge(result, ended, setup, given);
    take(result, std::move(ended), *by_line);
    co_return result;
  } catch (cancelled_command& ended) {
    take(result, std::move(ended.result), *by_line);
    result.error = "cancelled";
    co_return result;
  } catch (const cancelled_error&) {
    result.error = "cancelled";
  } catch (const std::system_error& error) {
    take(result, error);
  }
  result.end = std::chrono::steady_clock::now();
  co_return result;
}

/// A wait that would go beyond the total time isn't begun. That time is the run's, not the runtime's, since
/// it stands still while the run is paused.
bool is_tried_again(const job_setup& setup, const job_result& ended) {
  const bool bad = ended.state == state::failed || ended.state == state::timed_out;
  const auto failed_before = ended.attempts.size();
  if (!bad || ended.start_failure != 0 || ended.is_final || failed_before >= setup.options.retries)
    return false;
  const auto left = setup.control.remaining();
  return !left || backoff_of(setup.options).wait_after(failed_before + 1) < *left;
}

} // namespace

std::size_t job_result::size() const noexcept {
  std::size_t result
      = sizeof *this + what.item.capacity() + out.capacity() + err.capacity() + error.capacity();
  for (const auto& word : command)
    result += sizeof(std::string) + word.capacity();
  return result;
}

std::string job_result::explain() const {
  const bool waited_for_rate = waited >= worth_telling;
  if (attempts.empty() && !waited_for_rate)
    return error;
  explanation result;
  result.task.state = state;
  result.task.error = error;
  result.task.attempt = attempts.size() + 1;
  if (state != taskactor::state::timed_out) // that says itself how long
    result.ran = duration();
  if (waited_for_rate)
    result.waits.push_back({.limiter = rate_limiter, .rate = true, .waited = waited});
  return result.why();
}

task_options options_of_jobs(const run_options& options) {
  task_options result;
  if (options.starts)
    result.limits = std::vector<limit>{{rate_limiter}};
  if (options.retries != 0)
    result.retry = retry{.max_attempts = options.retries + 1, .backoff = backoff_of(options)};
  return result;
}

task<job_result> run_job(const job_setup& setup, job what) {
  // This thread, too, runs when it is woken, though commands have all processors: 1.30x of a bare loop's
  // time, then 1.26x.
  static thread_local const bool asked = (detail::ask_for_short_slices(), true);
  static_cast<void>(asked);
  const auto turn = what.turn;
  auto before = setup.jobs.take_failed(turn);
  const auto waited = setup.options.starts ? setup.waited() : nanoseconds{0};
  job_result result = co_await attempt(setup, std::move(what));
  if (before && !result.started && result.error.empty()) // stopped meanwhile: what it was before stands
    co_return std::move(*before);
  result.waited = waited;
  if (before) {
    result.waited += before->waited;
    result.attempts = std::move(before->attempts);
    result.attempts.push_back({before->begin, before->end, before->error});
  }
  if (is_tried_again(setup, result)) {
    const std::string why = result.error;
    setup.jobs.wait_again(std::move(result));
    if (setup.control.may_start()) // a stop that came before hasn't seen it wait
      throw attempt_failed{why};
    if (auto kept = setup.jobs.take_failed(turn)) // else somebody has given it up meanwhile
      result = std::move(*kept);
  }
  co_return result;
}

} // namespace taskactor::cli
