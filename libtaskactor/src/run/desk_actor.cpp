#include "desk_actor.hpp"

#include "refusal.hpp"
#include "runtime.hpp"

#include <caf/all.hpp>

#include <algorithm>
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

caf::error end_of(const failure& how) {
  const auto code = how.state() == state::cancelled   ? errc::task_cancelled
                    : how.state() == state::timed_out ? errc::task_timed_out
                                                      : errc::task_failed;
  return refusal({code, how.message()});
}

template <class T>
caf::result<T> found(std::optional<T> what, const std::string& id) {
  if (!what)
    return refusal({errc::unknown_id, "no task \"" + id + "\" waits or runs, or has ended not too long ago"});
  return std::move(*what);
}

} // namespace

desk_actor::desk_actor(caf::actor_config& config, runtime& home) : event_based_actor(config), home_(home) {
  when_down(*this, [this](caf::down_msg& down) { subscribers_.erase(down.source.id()); });
}

caf::behavior desk_actor::make_behavior() {
  return {
      [this](const msg::run_task& wish) { on_run(wish.what); },
      [this](const run_over& end) { on_run_over(end.number); },
      [this](const msg::start_task& wish) { return on_start(*wish.what); },
      [this](const msg::cancel& wish) { return home_.cancel_task(wish.id); },
      [this](const msg::cancel_all&) { return home_.cancel_all(); },
      [this](const msg::find& which) { return found(home_.find(which.id), which.id); },
      [this](const msg::explain& which) { return found(explain(home_, which.id), which.id); },
      [this](const msg::status&) { return home_.task_status(); },
      [this](const msg::statistics&) { return home_.statistics(); },
      [this](const msg::subscribe& wish) { on_subscribe(wish); },
      [this](const msg::unsubscribe&) { on_unsubscribe(); },
  };
}

std::optional<rejection> desk_actor::admit(submission& what, ref<record>& admitted) {
  if (what.options.on_full == on_full::wait)
    return rejection{errc::invalid_argument, "on_full: wait would block an actor; give reject or shed"};
  try {
    return what.admit(home_, admitted);
  } catch (...) { // a copy of the body for further attempts threw
    return rejection{errc::invalid_argument, describe(std::current_exception())};
  }
}

caf::result<std::string> desk_actor::on_start(submission& what) {
  ref<record> task;
  if (const auto refused = admit(what, task))
    return refusal(*refused);
  return task->id;
}

void desk_actor::on_run(const std::shared_ptr<submission>& what) {
  auto asker = make_response_promise();
  auto run = std::make_unique<open_run>();
  if (const auto refused = admit(*what, run->task)) {
    asker.deliver(refusal(*refused));
    return;
  }
  run->desk = caf::actor_cast<caf::actor>(ctrl());
  run->number = ++runs_ever_;
  run->what = what;
  run->asker = std::move(asker);
  auto& kept = *(runs_[run->number] = std::move(run));
  if (!kept.task->add(kept))
    on_run_over(kept.number);
}

void desk_actor::on_run_over(std::uint64_t number) {
  const auto node = runs_.extract(number);
  if (node.empty())
    return;
  auto& run = *node.mapped();
  if (const auto* how = run.what->failed()) {
    run.asker.deliver(end_of(*how));
    return;
  }
  try {
    run.asker.deliver(run.what->reply());
  } catch (...) { // the value's copy threw
    run.asker.deliver(refusal({errc::task_failed, describe(std::current_exception())}));
  }
}

/// Of who has no address there is nobody to tell.
void desk_actor::on_subscribe(const msg::subscribe& wish) {
  const auto sender = current_sender();
  if (!sender)
    return;
  auto tell = [who = caf::actor_cast<caf::actor>(sender), kinds = wish.kinds](const event& what) {
    if (kinds.empty() || std::find(kinds.begin(), kinds.end(), what.kind) != kinds.end())
      post(who, event{what});
  };
  const auto [at, added] = subscribers_.try_emplace(sender->id());
  if (added)
    monitor_actor(*this, sender);
  at->second = home_.events().observe(std::move(tell), {});
}

void desk_actor::on_unsubscribe() {
  if (const auto sender = current_sender())
    if (const auto at = subscribers_.find(sender->id()); at != subscribers_.end())
      at->second.reset(); // who it was is kept: it is monitored already
}

void desk_actor::on_exit() {
  for (auto& [number, run] : runs_) {
    run->task->remove(*run);
    run->asker.deliver(refusal({errc::stopping, "the manager's actor has ended"}));
  }
  runs_.clear();
  subscribers_.clear();
}

} // namespace detail
} // namespace taskactor
