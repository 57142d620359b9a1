#include <taskactor/errc.hpp>

namespace taskactor {

namespace {

class category final : public std::error_category {
public:
  const char* name() const noexcept override { return "taskactor"; }
  std::string message(int code) const override { return to_string(static_cast<errc>(code)); }
};

} // namespace

const std::error_category& error_category() noexcept {
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept { return {static_cast<int>(code), error_category()}; }

std::string to_string(errc code) {
  switch (code) {
  case errc::duplicate_id:
    return "duplicate id";
  case errc::queue_full:
    return "queue overflow";
  case errc::stopping:
    return "the task manager is stopping";
  case errc::invalid_argument:
    return "invalid argument";
  case errc::would_block:
    return "a blocking call inside a coroutine body";
  case errc::not_in_task:
    return "not inside a task";
  case errc::command_not_found:
    return "command not found";
  case errc::command_not_executable:
    return "command not executable";
  case errc::command_not_started:
    return "command could not be started";
  case errc::task_cancelled:
    return "task cancelled";
  case errc::task_timed_out:
    return "task timed out";
  case errc::scope_timed_out:
    return "time was up";
  case errc::task_failed:
    return "task failed";
  case errc::unknown_id:
    return "unknown id";
  case errc::unknown_task:
    return "unknown task";
  case errc::bad_arguments:
    return "bad arguments";
  case errc::worker_lost:
    return "the process that ran the call has died";
  case errc::worker_not_started:
    return "no worker process could be started";
  case errc::library_not_loaded:
    return "the library could not be loaded";
  case errc::request_failed:
    return "request failed";
  case errc::unknown_service:
    return "unknown service";
  case errc::service_down:
    return "service down";
  case errc::supervisor_gave_up:
    return "the supervisor has given up";
  case errc::node_lost:
    return "the node was lost under the call";
  case errc::no_node:
    return "no such node";
  case errc::not_permitted:
    return "not permitted";
  case errc::result_taken:
    return "the result has been taken";
  case errc::no_value:
    return "ended without a value";
  case errc::thread_ended:
    return "the call has ended its thread";
  case errc::closed:
    return "closed";
  case errc::already_awaited:
    return "already awaited";
  case errc::abandoned:
    return "abandoned: nobody is left who could resume it";
  case errc::never_ready:
    return "ended before it had started";
  case errc::already_ready:
    return "it has started already";
  case errc::predecessor_failed:
    return "not run: a task before it didn't complete";
  case errc::not_set:
    return "not set";
  case errc::command_ended:
    return "the command has ended";
  case errc::store_unusable:
    return "the store can't be used";
  case errc::store_timed_out:
    return "the call of the store has taken too long";
  case errc::store_failed:
    return "the call of the store has failed";
  case errc::unknown_job:
    return "unknown job";
  case errc::unknown_parent:
    return "unknown parent";
  case errc::payload_too_large:
    return "payload too large";
  case errc::quarantined:
    return "quarantined: its runners have died under it";
  case errc::job_expired:
    return "expired before it had begun";
  case errc::never:
    return "it is never due again";
  case errc::overlapping:
    return "as many fires of the schedule run as may at once";
  }
  return "unknown error";
}

} // namespace taskactor
