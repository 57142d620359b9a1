// `taskactor jobs`, `job`, `log` and `wait`: see queue_verbs.hpp.
#include "cli/command_line.hpp"
#include "cli/descriptors.hpp"
#include "cli/table.hpp"
#include "jobs/job_text.hpp"
#include "jobs/queue_line.hpp"
#include "jobs/queue_verbs.hpp"

#include "queue/command_job.hpp"
#include "queue/store_core.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/queue/job.hpp>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <limits>
#include <mutex>
#include <system_error>

#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr std::size_t newest = 50;

struct jobs_line : queue_line {
  jobs_line()
      : queue_line("Prints the jobs of a store, the newest first: 50 of them, unless --all is given.",
                   "taskactor jobs") {
    which.add_options(app);
    app.add_flag("--all", all, "All of them, not the newest 50");
    add_json();
  }
  job_choice which;
  bool all = false;
};

struct job_line : queue_line {
  job_line() : queue_line("Prints all that a store knows of a job.", "taskactor job") {
    add_ids(app, ids)->required();
    add_json();
  }
  std::vector<job_id> ids;
};

struct log_line : queue_line {
  log_line()
      : queue_line("Prints what a job has written: its beginning and its end, if it is much. On a terminal "
                   "what could move the cursor is shown as an escape.",
                   "taskactor log") {
    app.add_option("ID", id, "Of the job")->required()->type_name("")->check(is_job_id());
    app.add_flag("-f,--follow", follows, "Go on until the job has ended");
  }
  job_id id = 0;
  bool follows = false;
};

struct wait_line : queue_line {
  wait_line()
      : queue_line(
          "Waits until jobs have ended. The exit code is that of the first that hasn't succeeded: of "
          "a command its own (128 and the number of a signal), 1 for anything else; 3 when --timeout "
          "is over.",
          "taskactor wait") {
    add_ids(app, ids)->required();
    add_time(app, "--timeout", limit, "Wait no longer than this");
    app.add_flag("-q,--quiet", quiet, "Don't say how they have ended");
    add_json("How each has ended, as a line of JSON");
  }
  std::vector<job_id> ids;
  std::optional<std::chrono::nanoseconds> limit;
  bool quiet = false;
};

store_time now() { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); }

int print_jobs(const jobs_line& line) {
  const auto from = line.open();
  std::vector<job_info> found;
  bool more = false;
  for_each_page(from, line.which.filter(), [&](const std::vector<job_info>& page) {
    const auto room = line.all ? page.size() : newest - found.size();
    more = page.size() > room;
    const auto end = page.begin() + static_cast<std::ptrdiff_t>(std::min(room, page.size()));
    if (line.as_json)
      std::for_each(page.begin(), end, [](const auto& each) { put_json(json_of(each)); });
    else
      found.insert(found.end(), page.begin(), end);
    return line.all;
  });
  if (!line.as_json)
    put(text_of(found, now(), output_width()));
  if (more && !line.as_json)
    say("there are older ones: --all", all_completed);
  return all_completed;
}

int print_job(const job_line& line) {
  const auto from = line.open();
  bool first = true;
  for (const auto id : line.ids) {
    const auto found = value_of(from.find(id));
    if (line.as_json)
      put_json(json_of(found));
    else
      put((first ? "" : "\n") + text_of(found, now()));
    first = false;
  }
  return all_completed;
}

// -- log --------------------------------------------------------------------

/// Of a store's output what is never left out.
constexpr std::size_t kept_head = std::size_t{64} * 1024;

/// As bytes, or so that a terminal shows nothing else than lines.
class output_printer {
public:
  void print(std::string_view bytes) {
    if (!to_terminal_)
      return write(bytes);
    std::string shown;
    while (!bytes.empty()) {
      if (bytes.front() == '\n' || bytes.front() == '\t') {
        shown += bytes.front();
        bytes.remove_prefix(1);
      } else {
        shown += detail::take_visible(bytes);
      }
    }
    write(shown);
  }

private:
  static void write(std::string_view bytes) {
    if (const int error = write_all(STDOUT_FILENO, bytes); error != 0)
      throw verb_failed{error == EPIPE ? reader_gone : output_unwritable,
                        "standard output can't be written: " + std::generic_category().message(error)};
  }

  const bool to_terminal_ = ::isatty(STDOUT_FILENO) == 1;
};

/// What has come since so many bytes of it were printed.
void print_new_output(output_printer& printer, const job_details& of, std::uint64_t& printed) {
  const std::string_view output = of.output;
  const auto total = output.size() + of.output_lost;
  if (printed > total) // it has begun anew
    printed = 0;
  if (of.output_lost != 0 && printed < kept_head + of.output_lost) {
    const auto head = std::min(kept_head, output.size());
    if (printed < head)
      printer.print(
          output.substr(static_cast<std::size_t>(printed), head - static_cast<std::size_t>(printed)));
    const auto lost = head + of.output_lost - std::max<std::uint64_t>(printed, head);
    say("bytes of its output that aren't kept: " + std::to_string(lost), all_completed);
    printed = head + of.output_lost;
  }
  printer.print(output.substr(static_cast<std::size_t>(printed - of.output_lost)));
  printed = total;
}

/// Told when something in a store may have changed.
class change_wait {
public:
  explicit change_wait(const store& of) : watch_(detail::core_of(of)->watch([this] { tell(); })) {}
  /// At most so long.
  void wait(std::chrono::milliseconds limit) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, limit, [this] { return told_; });
    told_ = false;
  }

private:
  void tell() {
    const std::lock_guard lock{mutex_};
    told_ = true;
    changed_.notify_all();
  }

  std::mutex mutex_; // what follows
  std::condition_variable changed_;
  bool told_ = false;
  std::shared_ptr<void> watch_; // the last: it tells
};

int print_log(const log_line& line) {
  constexpr std::chrono::milliseconds look_again{1000};
  const auto from = line.open();
  change_wait changes{from};
  output_printer printer;
  for (std::uint64_t printed = 0;;) {
    const auto found = value_of(from.find(line.id));
    print_new_output(printer, found, printed);
    if (!line.follows || is_final(found.info.state))
      return all_completed;
    changes.wait(look_again);
  }
}

// -- wait -------------------------------------------------------------------

struct waited_job {
  job_id id;
  job_kind kind;
  store_call<detail::job_ended> end;
};

int code_of(const waited_job& which, const detail::job_ended& how) {
  if (how.state == job_state::succeeded)
    return all_completed;
  if (which.kind == job_kind::command && how.state == job_state::failed)
    return detail::exit_code_in(how.error).value_or(some_failed);
  return some_failed;
}

void print_end(const wait_line& line, job_id id, const detail::job_ended& how) {
  if (line.as_json) {
    nlohmann::ordered_json made{{"id", id}, {"state", to_string(how.state)}};
    set_text(made, "error", how.error);
    put_json(made);
  } else if (!line.quiet) {
    put("job " + std::to_string(id) + ": " + std::string{to_string(how.state)}
        + (how.error.empty() ? "" : ": " + detail::visible(how.error)) + '\n');
  }
}

int wait_for_jobs(const wait_line& line) {
  const auto until = line.limit
                         ? std::chrono::steady_clock::now()
                               + std::min<std::chrono::nanoseconds>(*line.limit, std::chrono::hours{24 * 365})
                         : std::chrono::steady_clock::time_point::max();
  const auto from = line.open();
  const auto& core = detail::core_of(from);
  std::vector<waited_job> waited;
  waited.reserve(line.ids.size());
  for (const auto id : line.ids)
    waited.push_back({id, value_of(detail::info_of(core, id)).kind, detail::end_of(core, id)});
  int code = all_completed;
  for (const auto& each : waited) {
    if (line.limit
        && !each.end.wait_for(std::max<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now(),
                                                                 std::chrono::nanoseconds{0})))
      return say("job " + std::to_string(each.id) + " hasn't ended yet", some_timed_out);
    const auto how = value_of(each.end);
    print_end(line, each.id, how);
    if (code == all_completed)
      code = code_of(each, how);
  }
  return code;
}

} // namespace

int run_jobs(std::vector<std::string> arguments) {
  jobs_line line;
  return answer(line.app, std::move(arguments), [&] { return print_jobs(line); });
}
int run_job(std::vector<std::string> arguments) {
  job_line line;
  return answer(line.app, std::move(arguments), [&] { return print_job(line); });
}
int run_log(std::vector<std::string> arguments) {
  log_line line;
  return answer(line.app, std::move(arguments), [&] { return print_log(line); });
}
int run_wait(std::vector<std::string> arguments) {
  wait_line line;
  return answer(line.app, std::move(arguments), [&] { return wait_for_jobs(line); });
}

std::vector<verb_entry> job_entries() {
  return {entry_of(jobs_line{}.app, "jobs", "Print the jobs of a store", ""),
          entry_of(job_line{}.app, "job", "Print all that is known of a job", "ID..."),
          entry_of(log_line{}.app, "log", "Print what a job has written", "ID"),
          entry_of(wait_line{}.app, "wait", "Wait for jobs; the exit code is theirs", "ID...")};
}

} // namespace taskactor::cli
