#include "log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
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
    return "failed, and nobody looked";
  case event_kind::retrying:
    return "to be tried again";
  case event_kind::cleanup_fault:
    return "threw while it was cleaned up";
  case event_kind::overrun:
    return "still running after its outcome was given";
  case event_kind::isolated:
    return "is run in workers from now on";
  case event_kind::readmitted:
    return "is run here again";
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
    return spdlog::level::debug;
  case event_kind::cancelled:
  case event_kind::readmitted:
    return spdlog::level::info;
  case event_kind::timed_out:
  case event_kind::failed:
  case event_kind::unobserved_failure:
  case event_kind::service_failed:
  case event_kind::supervisor_gave_up:
    return spdlog::level::err;
  case event_kind::retrying:
  case event_kind::cleanup_fault:
  case event_kind::overrun:
  case event_kind::isolated:
  case event_kind::blocking:
  case event_kind::observer_failed:
  case event_kind::worker_lost:
  case event_kind::service_restarting:
  case event_kind::service_left_behind:
    return spdlog::level::warn;
  case event_kind::progress:
    break;
  }
  return spdlog::level::off;
}

std::shared_ptr<spdlog::logger> shared_logger() {
  static std::mutex mutex; // two managers may start at once
  const std::lock_guard lock{mutex};
  if (auto there = spdlog::get("taskactor"))
    return there;
  return spdlog::stderr_color_mt("taskactor");
}

} // namespace

std::shared_ptr<spdlog::logger> make_program_log(const std::string& program) {
  auto result = std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  result->set_pattern("%n: %v");
  return result;
}

event_log::event_log(std::shared_ptr<spdlog::logger> logger)
    : logger_(logger ? std::move(logger) : shared_logger()) {}

bool event_log::wants(event_kind kind) const noexcept {
  const auto level = level_of(kind);
  return level != spdlog::level::off && logger_->should_log(level);
}

void event_log::write(const event& what) const {
  const auto ran = std::chrono::duration<double, std::milli>(what.ran).count();
  if (what.kind == event_kind::started)
    logger_->log(level_of(what.kind), "{}: started", what.id);
  else if (what.kind == event_kind::isolated || what.kind == event_kind::readmitted)
    logger_->log(level_of(what.kind), "{}: {}: {}", what.id, to_string(what.kind), what.text);
  else if (what.kind == event_kind::blocking)
    logger_->log(level_of(what.kind), "{}: {} for {:.0f} ms: {}", what.id, to_string(what.kind), ran,
                 what.text);
  else if (what.text.empty())
    logger_->log(level_of(what.kind), "{}: {} after {:.3f} ms", what.id, to_string(what.kind), ran);
  else
    logger_->log(level_of(what.kind), "{}: {} after {:.3f} ms: {}", what.id, to_string(what.kind), ran,
                 what.text);
}

void event_log::warn(const std::string& text) const { logger_->warn("{}", text); }
void event_log::note(const std::string& text) const { logger_->info("{}", text); }
bool event_log::relay(int level, const std::string& text) const {
  if (level < spdlog::level::trace || level > spdlog::level::critical)
    return false;
  logger_->log(static_cast<spdlog::level::level_enum>(level), "{}", text);
  return true;
}

} // namespace detail
} // namespace taskactor
