#include "events/log.hpp"

#include "events/stderr_sink.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <spdlog/spdlog.h>

#include <mutex>

namespace taskactor {

std::string_view to_string(event_kind kind) noexcept {
  switch (kind) {
  case event_kind::started:
    return "started";
  case event_kind::progress:
    return "progress";
  case event_kind::completed:
    return "completed";
  case event_kind::cancelled:
    return "cancelled";
  case event_kind::timed_out:
    return "timed out";
  case event_kind::failed:
    return "failed";
  case event_kind::unobserved_failure:
    return "ended badly, and nobody looked";
  case event_kind::retrying:
    return "to be tried again";
  case event_kind::cleanup_fault:
    return "threw while it was cleaned up";
  case event_kind::overrun:
    return "still running after its outcome was given";
  case event_kind::blocking:
    return "has held a thread of the scheduler";
  case event_kind::observer_failed:
    return "observer threw";
  case event_kind::worker_started:
    return "worker started";
  case event_kind::worker_ended:
    return "worker ended";
  case event_kind::worker_lost:
    return "worker lost";
  case event_kind::service_started:
    return "service started";
  case event_kind::service_ended:
    return "service ended";
  case event_kind::service_failed:
    return "service failed";
  case event_kind::service_restarting:
    return "service to be restarted";
  case event_kind::service_left_behind:
    return "service left behind, still running after its kill";
  case event_kind::supervisor_gave_up:
    return "supervisor gave up";
  case event_kind::schedule_fired:
    return "schedule fired";
  case event_kind::schedule_missed:
    return "schedule missed fires";
  case event_kind::schedule_skipped:
    return "schedule skipped";
  case event_kind::schedule_refused:
    return "schedule couldn't fire";
  case event_kind::schedule_ended:
    return "schedule ended";
  }
  return "?";
}

namespace detail {

namespace {

spdlog::level::level_enum level_of(event_kind kind) noexcept {
  switch (kind) {
  case event_kind::started:
  case event_kind::completed:
  case event_kind::worker_started:
  case event_kind::worker_ended:
  case event_kind::service_started:
  case event_kind::service_ended:
  case event_kind::schedule_fired:
  case event_kind::schedule_ended:
  case event_kind::timed_out: // that nobody has looked at them is another event
  case event_kind::failed:
    return spdlog::level::debug;
  case event_kind::cancelled:
  case event_kind::schedule_skipped:
    return spdlog::level::info;
  case event_kind::unobserved_failure:
  case event_kind::service_failed:
  case event_kind::supervisor_gave_up:
  case event_kind::schedule_refused:
    return spdlog::level::err;
  case event_kind::retrying:
  case event_kind::cleanup_fault:
  case event_kind::overrun:
  case event_kind::blocking:
  case event_kind::observer_failed:
  case event_kind::worker_lost:
  case event_kind::service_restarting:
  case event_kind::service_left_behind:
  case event_kind::schedule_missed:
    return spdlog::level::warn;
  case event_kind::progress:
    break;
  }
  return spdlog::level::off;
}

spdlog::level::level_enum level_of(event_kind kind, bool expected) noexcept {
  const auto level = level_of(kind);
  return expected && level > spdlog::level::info && level != spdlog::level::off ? spdlog::level::info : level;
}

spdlog::level::level_enum spdlog_level(log_level level) noexcept {
  switch (level) {
  case log_level::debug:
    return spdlog::level::debug;
  case log_level::info:
    return spdlog::level::info;
  case log_level::warn:
    return spdlog::level::warn;
  case log_level::error:
    return spdlog::level::err;
  case log_level::off:
    break;
  }
  return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> shared_logger() {
  static std::mutex mutex; // two managers may start at once
  const std::lock_guard lock{mutex};
  if (auto there = spdlog::get("taskactor"))
    return there;
  auto made = std::make_shared<spdlog::logger>("taskactor", std::make_shared<stderr_sink>());
  spdlog::initialize_logger(made); // with the levels and the pattern that the program has set; registers it
  return made;
}

} // namespace

std::shared_ptr<spdlog::logger> make_program_log(const std::string& program) {
  auto result = std::make_shared<spdlog::logger>(program, std::make_shared<stderr_sink>());
  result->set_pattern("%n: %v");
  return result;
}

event_log::event_log(std::shared_ptr<spdlog::logger> logger, std::optional<log_level> level)
    : logger_(logger ? std::move(logger) : shared_logger()) {
  if (!level)
    return;
  logger_ = logger_->clone(logger_->name());
  logger_->set_level(spdlog_level(*level));
}

bool event_log::wants(event_kind kind, bool expected) const noexcept {
  const auto level = level_of(kind, expected);
  return level != spdlog::level::off && logger_->should_log(level);
}

/// Ids and texts may be anybody's: each is one line of the log, whatever is in it.
void event_log::write(const task_event& what, bool expected) const {
  const auto level = level_of(what.kind, expected);
  const auto id = visible(what.id), text = visible(what.text);
  const auto ran = std::chrono::duration<double, std::milli>(what.ran).count();
  if (what.kind == event_kind::started)
    logger_->log(level, "{}: started", id);
  else if (what.kind == event_kind::unobserved_failure)
    logger_->log(level, "{}: {} (after {:.3f} ms; nobody looked at it)", id, text, ran);
  else if (what.kind == event_kind::blocking)
    logger_->log(level, "{}: {} for {:.0f} ms: {}", id, to_string(what.kind), ran, text);
  else if (text.empty())
    logger_->log(level, "{}: {} after {:.3f} ms", id, to_string(what.kind), ran);
  else
    logger_->log(level, "{}: {} after {:.3f} ms: {}", id, to_string(what.kind), ran, text);
}

void event_log::warn(const std::string& text) const { logger_->warn("{}", visible(text)); }
void event_log::note(const std::string& text) const { logger_->info("{}", visible(text)); }
bool event_log::knows(int level) noexcept {
  return level >= spdlog::level::trace && level <= spdlog::level::critical;
}
void event_log::relay(int level, const std::string& text) const {
  logger_->log(static_cast<spdlog::level::level_enum>(level), "{}", visible(text));
}

} // namespace detail
} // namespace taskactor
