#include "lifecycle/api_actor.hpp"

#include "caf_adapter/compat.hpp"
#include "events/hub.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/refusal.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/status.hpp"
#include "threads/disposal.hpp"

#include <caf/all.hpp>

#include <taskactor/actors/request.hpp>

#include <algorithm>
#include <cxxabi.h>
#include <utility>

namespace taskactor {

namespace msg {

std::optional<rejection> why(const caf::error& error) {
  const auto& words = error.context();
  if (error != caf::sec::runtime_error || !words.match_elements<std::string, int>())
    return {};
  return rejection{static_cast<errc>(words.get_as<int>(1)), words.get_as<std::string>(0)};
}

} // namespace msg

namespace detail {

namespace {

/// An actor's own error comes through as it was: what another one has answered, or the body has thrown.
caf::error own_error(const failure& how) {
  try {
    if (how.cause())
      std::rethrow_exception(how.cause());
  } catch (const request_error& error) {
    return error.reason();
  } catch (const caf::error& error) {
    return error;
  } catch (...) { // NOLINT: any other failure
  }
  return {};
}

/// `words`: its message, which were kept when it was thrown.
caf::error end_of(const failure& how, const std::string& words) {
  if (how.state() == state::failed)
    if (auto own = own_error(how))
      return own;
  const auto code = how.state() == state::cancelled   ? errc::task_cancelled
                    : how.state() == state::timed_out ? errc::task_timed_out
                                                      : errc::task_failed;
  return refusal({code, words});
}

template <class T>
caf::result<T> found(std::optional<T> what, const std::string& id) {
  if (!what)
    return refusal({errc::unknown_id, "no task \"" + id + "\" waits or runs, or has ended not too long ago"});
  return std::move(*what);
}

} // namespace

api_actor::api_actor(caf::actor_config& config, manager_core& home) : service_actor(config), home_(home) {
  when_actor_down(*this, [this](caf::down_msg& down) { on_down(down.source.id()); });
  // Of whoever is linked to it and fails, or wants it to end: it is everybody's, and ends with the manager.
  when_asked_to_end(*this, [this](caf::exit_msg& exit) {
    if (home_.is_taken_apart())
      quit(std::move(exit.reason));
  });
}

caf::behavior api_actor::make_behavior() {
  return {
      [this](const msg::run_task& wish) { on_run(wish); },
      [this](const run_over& end) { on_run_over(end.number); },
      [this](const run_replied& copied) { on_run_replied(copied); },
      [this](const msg::start_task& wish) { return on_start(*wish.what); },
      [this](const msg::cancel& wish) { return detail::cancel_task(home_, wish.id); },
      [this](const msg::cancel_all&) { return detail::cancel_all(home_); },
      [this](const msg::find& which) { return found(detail::find(home_, which.id), which.id); },
      [this](const msg::explain& which) { return found(explain(home_, which.id), which.id); },
      [this](const msg::status&) { return detail::task_status(home_); },
      [this](const msg::statistics&) { return home_.statistics(); },
      [this](const msg::subscribe& wish) { on_subscribe(wish); },
      [this](const msg::unsubscribe&) { on_unsubscribe(); },
  };
}

std::optional<rejection> api_actor::admit(submission& what, ref<record>& admitted) {
  if (what.options.admission.on_full == on_full::wait)
    return rejection{errc::invalid_argument,
                     "admission.on_full: wait would block an actor; give reject or shed"};
  try {
    return what.admit(home_, admitted);
  } catch (...) { // a copy of the body for further attempts threw
    return rejection{errc::invalid_argument, describe(std::current_exception())};
  }
}

caf::result<std::string> api_actor::on_start(submission& what) {
  ref<record> task;
  if (const auto refused = admit(what, task))
    return refusal(*refused);
  return task->id;
}

void api_actor::on_run(const msg::run_task& wish) {
  const auto& what = wish.what;
  const auto sender = current_sender();
  auto asker = make_response_promise();
  auto run = std::make_unique<open_run>();
  if (const auto refused = admit(*what, run->task)) {
    asker.deliver(refusal(*refused));
    return;
  }
  run->api = caf::actor_cast<caf::actor>(ctrl());
  run->number = ++runs_ever_;
  run->what = what;
  run->asker = std::move(asker);
  if (wish.ends_with_asker && sender && !what->joined) {
    run->ends_with = sender->id();
    ++know(sender).runs;
  }
  auto& kept = *(runs_[run->number] = std::move(run));
  if (!kept.task->add(kept))
    on_run_over(kept.number);
}

void api_actor::on_run_over(std::uint64_t number) {
  const auto found = runs_.find(number);
  if (found == runs_.end())
    return;
  auto& run = *found->second;
  if (const auto whose = std::exchange(run.ends_with, 0); whose != 0)
    if (const auto at = known_.find(whose); at != known_.end()) {
      --at->second.runs;
      forget_if_idle(whose);
    }
  const auto* how = run.what->failed();
  if (!how && !run.what->replies_at_once())
    return copy_result(run);
  const auto over = runs_.extract(found);
  try {
    if (how)
      run.asker.deliver(end_of(*how, run.task->error_text()));
    else
      run.asker.deliver(run.what->reply());
  } catch (...) { // no memory
    run.asker.deliver(refusal({errc::task_failed, describe(std::current_exception())}));
  }
}

/// Copies are the user's, and so is what they throw: not here, where everybody's messages wait.
void api_actor::copy_result(const open_run& of) noexcept {
  const auto without = [](const char* what) {
    return refusal(
        {errc::task_failed, std::string{"there is no "} + what + " left for a copy of its result"});
  };
  try {
    const auto copy = [api = of.api, number = of.number, what = of.what] {
      run_replied copied{number, {}, {}};
      try {
        copied.reply = what->reply();
      } catch (const abi::__forced_unwind&) {
        throw;
      } catch (...) {
        copied.fault = refusal({errc::task_failed, describe(std::current_exception())});
      }
      post(api, std::move(copied));
    };
    home_.disposals().call(of.task->id, copy, [api = of.api, number = of.number, without] {
      post(api, run_replied{number, {}, without("thread")});
    });
  } catch (...) {
    on_run_replied({of.number, {}, without("memory")});
  }
}

void api_actor::on_run_replied(const run_replied& copied) {
  const auto node = runs_.extract(copied.number);
  if (node.empty())
    return;
  if (copied.fault)
    node.mapped()->asker.deliver(copied.fault);
  else
    node.mapped()->asker.deliver(copied.reply);
}

/// Of who has no address there is nobody to tell.
void api_actor::on_subscribe(const msg::subscribe& wish) {
  const auto sender = current_sender();
  if (!sender)
    return;
  auto tell = [who = caf::actor_cast<caf::actor>(sender), kinds = wish.kinds](const task_event& what) {
    if (kinds.empty() || std::find(kinds.begin(), kinds.end(), what.kind) != kinds.end())
      post(who, task_event{what});
  };
  auto& subscriber = know(sender);
  subscriber.subscribed = true;
  subscriber.events = home_.events().observe(std::move(tell), {});
}

void api_actor::on_unsubscribe() {
  const auto sender = current_sender();
  const auto at = sender ? known_.find(sender->id()) : known_.end();
  if (at == known_.end())
    return;
  at->second.subscribed = false;
  at->second.events.reset();
  forget_if_idle(sender->id());
}

api_actor::known_actor& api_actor::know(const caf::strong_actor_ptr& who) {
  const auto [at, added] = known_.try_emplace(who->id());
  if (added) {
    at->second.actor = who;
    monitor_actor(*this, who);
  }
  return at->second;
}

/// So that neither monitors nor actors pile up.
void api_actor::forget_if_idle(caf::actor_id who) {
  const auto at = known_.find(who);
  if (at == known_.end() || at->second.runs != 0 || at->second.subscribed)
    return;
  unmonitor_actor(*this, at->second.actor);
  known_.erase(at);
}

/// Cancels what was to end with it, unless somebody else waits for the same task.
void api_actor::on_down(caf::actor_id who) {
  known_.erase(who);
  for (const auto& [number, run] : runs_) {
    const auto shares = [&run = run](const auto& other) {
      return other.second != run && other.second->task.get() == run->task.get();
    };
    if (run->ends_with == who && std::none_of(runs_.begin(), runs_.end(), shares))
      (void)detail::cancel(home_, *run->task, end_reason::cancel_requested);
  }
}

void api_actor::on_exit() {
  for (auto& [number, run] : runs_) {
    run->task->remove(*run);
    run->asker.deliver(refusal({errc::stopping, "the manager's actor has ended"}));
  }
  runs_.clear();
  known_.clear();
  home_.api_over();
}

} // namespace detail
} // namespace taskactor
