#include "lifecycle/retry_decisions.hpp"

#include "caf_adapter/compat.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/manager_messages.hpp"
#include "lifecycle/retry_question.hpp"
#include "lifecycle/shutdown_sequence.hpp"
#include "lifecycle/total_end.hpp"
#include "threads/disposal.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <utility>

namespace taskactor::detail {

std::optional<std::chrono::nanoseconds> retry_decisions::wait_before_retry(const record& task) const {
  const auto* what = failure_of_attempt(task);
  if (shutdown_.cancels() || !what || !may_try_again(task, *what) || has_to_ask(task))
    return {};
  auto& facts = *task.extras;
  const auto attempt = facts.attempt.load();
  if (std::exchange(facts.drawn_for, attempt) != attempt) { // looked at twice, when its time was up
    const auto said = facts.asked_about == attempt ? facts.answer : ask_retry(task, *what);
    facts.next_wait = {};
    if (said.again)
      facts.next_wait
          = plus(said.wait, random_below(home_.decides(), said.exact ? std::chrono::nanoseconds{0}
                                                                     : facts.retry->backoff.jitter));
  }
  const auto wait = facts.next_wait;
  if (!wait || (task.total_timeout != no_timeout && after(home_.now(), *wait) >= total_end(task)))
    return {};
  return wait;
}

bool retry_decisions::has_to_ask(const record& task) const {
  if (!task.extras || !task.extras->retry || !task.extras->retry->retry_on || !task.decided())
    return false;
  const auto* what = failure_of_attempt(task);
  return task.extras->asked_about != task.extras->attempt && !shutdown_.cancels() && what
         && may_try_again(task, *what);
}

void retry_decisions::ask_once(record& task) noexcept {
  const auto attempt = task.extras->attempt.load();
  if (std::exchange(task.extras->open_question, attempt) == attempt)
    return;
  try {
    const auto answer = [which = ref<record>{&task}, attempt](retry_answer given) {
      post(which->home->manager(), retry_answered{which, attempt, given});
    };
    task.extras->is_asked = true;
    home_.disposals().call(
        task.id, [answer, &task, what = *task.failed()] { answer(ask_retry(task, what)); },
        [answer] { answer({}); }); // without a thread: no
  } catch (...) {                  // NOLINT: no memory to ask: as if it had said no
    task.extras->is_asked = false;
    give_up(task);
  }
}

bool retry_decisions::answered(record& task, std::size_t attempt, const retry_answer& answer) noexcept {
  auto& facts = *task.extras;
  facts.is_asked = false;
  if (facts.asked_about == attempt || facts.attempt != attempt)
    return false;
  facts.asked_about = attempt;
  facts.answer = answer;
  return true;
}

void retry_decisions::give_up(record& task) noexcept {
  task.extras->asked_about = task.extras->attempt;
  task.extras->answer = {};
}

} // namespace taskactor::detail
