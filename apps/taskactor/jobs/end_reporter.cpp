#include "jobs/end_reporter.hpp"

#include "base/new_thread.hpp"
#include "cli/descriptors.hpp"
#include "cli/quantity.hpp"
#include "jobs/job_text.hpp"
#include "queue/store_core.hpp"

#include <taskactor/detail/visible_text.hpp>
#include <taskactor/task_manager.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include <unistd.h>

namespace taskactor::cli {

namespace {

constexpr std::size_t most_open = 100'000;
/// What a change that nobody has told of may take to be seen.
constexpr std::chrono::milliseconds next_look{1000};

/// As the runner names its tasks.
std::optional<job_id> job_of(std::string_view task_id) {
  constexpr std::string_view prefix = "job-";
  if (!task_id.starts_with(prefix))
    return {};
  task_id.remove_prefix(prefix.size());
  job_id id = 0;
  const auto [end, error] = std::from_chars(task_id.data(), task_id.data() + task_id.size(), id);
  if (error != std::errc{} || end != task_id.data() + task_id.size())
    return {};
  return id;
}

} // namespace

end_reporter::end_reporter(task_manager& tasks, const store& from, std::string runner, bool as_json)
    : store_(from),
      runner_(std::move(runner)),
      as_json_(as_json),
      watch_(detail::core_of(from)->watch([this] { poke(); })),
      begins_(tasks.observe([this](const task_event& what) { begin(what.id); },
                            {.kinds = {event_kind::started}})),
      thread_(detail::new_thread("ends of jobs", [this] { speak(); })) {}

end_reporter::~end_reporter() { thread_.join(); }

void end_reporter::begin(const std::string& task_id) {
  const auto id = job_of(task_id);
  if (!id)
    return;
  const std::lock_guard lock{mutex_};
  if (open_.size() < most_open)
    open_.insert(*id);
  else
    ++lost_;
}

void end_reporter::poke() {
  const std::lock_guard lock{mutex_};
  told_ = true;
  changed_.notify_all();
}

bool end_reporter::finish(std::chrono::milliseconds limit) {
  begins_ = {};
  watch_.reset();
  std::unique_lock lock{mutex_};
  last_ = true;
  changed_.notify_all();
  return done_.wait_for(lock, limit, [this] { return over_; });
}

// -- the thread -------------------------------------------------------------

void end_reporter::speak() {
  std::unique_lock lock{mutex_};
  for (bool last = false; !last;) {
    changed_.wait_for(lock, next_look, [this] { return told_ || last_; });
    told_ = false;
    last = last_;
    const auto lost = std::exchange(lost_, 0);
    job_filter which;
    which.ids = std::vector<job_id>(open_.begin(), open_.end());
    which.most = open_.size();
    lock.unlock();
    lost_some_ = lost_some_ || lost != 0;
    if (lost != 0)
      say_line("taskactor: jobs whose ends aren't said, since nobody read: " + std::to_string(lost) + '\n');
    std::vector<job_id> closed;
    if (which.most != 0)
      if (const auto found = store_.list(which).get())
        for (const auto& each : *found)
          if (say(each))
            closed.push_back(each.id);
    lock.lock();
    for (const auto id : closed)
      open_.erase(id);
  }
  over_ = true;
  done_.notify_all();
}

bool end_reporter::say(const job_info& what) {
  if (what.state == job_state::running && what.runner == runner_)
    return false;
  const bool again = !is_final(what.state);
  if (what.runner != runner_ || (again && what.attempts == 0 && what.snoozes == 0))
    return true; // it was given back
  if (as_json_) {
    say_line(json_of(what).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n');
    return true;
  }
  std::string line = "job " + std::to_string(what.id) + ": ";
  line += again ? "failed " + std::to_string(what.attempts) + (what.attempts == 1 ? " time" : " times")
                : std::string{to_string(what.state)};
  if (what.began && what.ended)
    line += ", "
            + to_text(
                std::max<std::chrono::nanoseconds>(*what.ended - *what.began, std::chrono::nanoseconds{0}));
  line += ", " + detail::visible(what.task);
  if (again && what.due)
    line += ", again at " + local_text(*what.due);
  if (!what.error.empty())
    line += ": " + detail::visible(what.error);
  say_line(line + '\n');
  return true;
}

void end_reporter::say_line(const std::string& line) { mute_ = mute_ || write_all(STDOUT_FILENO, line) != 0; }

} // namespace taskactor::cli
