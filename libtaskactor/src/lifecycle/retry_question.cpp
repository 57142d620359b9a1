#include "lifecycle/retry_question.hpp"

#include "lifecycle/manager_core.hpp"
#include "lifecycle/reports.hpp"
#include "lifecycle/task_extras.hpp"

#include <algorithm>
#include <cxxabi.h>
#include <utility>

namespace taskactor::detail {

const failure* failure_of_attempt(const record& task) noexcept {
  return task.state.load(std::memory_order_acquire) == state::running ? task.failed() : nullptr;
}

bool may_try_again(const record& task, const failure& what) noexcept {
  const auto* extras = task.extras.get();
  if (!extras || !extras->retry || extras->forbidden || extras->attempt >= extras->retry->max_attempts)
    return false;
  return what.state() == state::failed || what.reason() == end_reason::run_timeout;
}

namespace {

retry_answer ask_options(const retry& how, std::size_t failed, const failure& what) {
  try {
    if (what.cause())
      std::rethrow_exception(what.cause());
  } catch (const retry_requested& asked) {
    return {true, true, std::max(asked.wait(), std::chrono::nanoseconds{0})};
  } catch (...) { // NOLINT: any other failure
  }
  if (how.retry_on && !how.retry_on(what))
    return {};
  return {true, false, how.backoff.wait_after(failed)};
}

} // namespace

retry_answer ask_retry(const record& task, const failure& what) {
  try {
    return ask_options(*task.extras->retry, task.extras->attempt, what);
  } catch (const abi::__forced_unwind&) { // it ends its thread
    throw;
  } catch (...) {
    report_cleanup_fault(*task.home, task, std::current_exception());
    return {};
  }
}

void ask_after_attempt(record& task) noexcept {
  const auto control = task.control.load(std::memory_order_acquire);
  if ((control & record::decided_bit) == 0 || (control & answered_bit) != 0)
    return; // an outcome that the manager writes isn't looked at here: it is asked about elsewhere
  const auto* what = failure_of_attempt(task);
  if (!what || !may_try_again(task, *what))
    return;
  const failure copy{*what}; // its handles may drop the outcome, if the manager gives up waiting for this
  auto& extras = *task.extras;
  task.control.fetch_or(asking_bit, std::memory_order_release);
  extras.answer = ask_retry(task, copy);
  extras.asked_about = extras.attempt;
  task.control.fetch_and(~asking_bit, std::memory_order_acq_rel);
}

} // namespace taskactor::detail
