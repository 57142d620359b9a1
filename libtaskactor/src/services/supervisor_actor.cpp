#include "services/supervisor_actor.hpp"

#include <taskactor/event.hpp>

#include "lifecycle/dependent_list.hpp"
#include "lifecycle/fault_injector.hpp"
#include "lifecycle/refusal.hpp"
#include "services/reason.hpp"

#include <taskactor/outcome.hpp>

#include <caf/all.hpp>

#include <iterator>
#include <utility>

namespace taskactor::detail {

namespace {

supervised_child rules_of(const child_parts& spec) {
  const bool nested = spec.kind == service_kind::supervisor;
  supervised_child result;
  result.name = spec.options.name;
  result.policy = spec.options.restart;
  result.ready_within = spec.options.ready_within;
  if (nested && !result.ready_within)
    result.ready_within = no_timeout;
  result.stop_within = spec.options.stop_within.value_or(nested ? no_timeout : default_stop);
  result.backoff = spec.options.backoff;
  result.backoff_reset_after = spec.options.backoff_reset_after;
  return result;
}

std::vector<supervised_child> rules_of(const std::vector<child_spec>& children) {
  std::vector<supervised_child> result;
  result.reserve(children.size());
  for (const auto& each : children)
    result.push_back(rules_of(each.spec()));
  return result;
}

} // namespace

supervisor_actor::supervisor_actor(caf::actor_config& config, std::shared_ptr<supervisor_root> root,
                                   service_node& node, const supervisor_options& options,
                                   std::vector<child_spec> children, std::optional<service_start> mine)
    : ending_actor(config),
      root_(std::move(root)),
      node_(node),
      children_(std::move(children)),
      mine_(std::move(mine)),
      rules_(
          options.strategy, options.limit,
          [home = &root_->home()](auto limit) { return random_below(home->decides(), limit); },
          rules_of(children_)),
      runs_(children_.size(), root_->home().busy_threads) {
  when_actor_down(*this, [this](caf::down_msg& down) { on_down(down.source.id(), down.reason); });
  when_asked_to_end(*this, [this](caf::exit_msg& exit) {
    if (kind_of(exit.reason) != exit_kind::normal)
      carry_out(rules_.stop(now()));
  });
}

caf::behavior supervisor_actor::make_behavior() {
  return {
      [this](const begin_children&) {
        root_->registry()->adopt(node_, caf::actor_cast<caf::actor>(ctrl()));
        publish_myself();
        carry_out(rules_.begin(now()));
      },
      [this](const child_ready& which) { carry_out(rules_.ready(which.child, which.run, now())); },
      [this](const child_over& end) {
        if (end.stopping)
          carry_out(rules_.stop(now()));
        on_child_over(end.child, end.run, end.how, end.why);
      },
      [this](const renew_child& which) { carry_out(rules_.renew(which.child, now())); },
      [this](const alarm_rang& alarm) {
        alarm_.rang(alarm.due);
        carry_out(rules_.time_passed(now()));
      },
  };
}

time_point supervisor_actor::now() { return system().clock().now(); }

void supervisor_actor::on_down(caf::actor_id who, const caf::error& reason) {
  if (const auto ended = runs_.find_ended(who))
    on_child_over(ended->child, ended->run, kind_of(reason), in_words(reason));
}

void supervisor_actor::on_child_over(std::size_t which, std::uint64_t run, exit_kind how, std::string why) {
  runs_.remove(which, run);
  carry_out(rules_.down(which, run, how, std::move(why), now()));
}

// -- doing what the rules say -----------------------------------------------

void supervisor_actor::carry_out(std::vector<step> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto next = std::move(steps[i]);
    std::vector<step> more;
    follow(next, more);
    steps.insert(steps.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  if (!steps.empty() || rules_.due())
    arm();
}

void supervisor_actor::follow(const step& what, std::vector<step>& more) {
  using enum step::kind;
  if (what.what == all_started || what.what == gave_up || what.what == over) {
    follow_mine(what);
    return;
  }
  if (what.what == start && begin_run(what.child))
    more = rules_.spawned(what.child, rules_.at(what.child).run, now());
  else if (what.what == ask)
    runs_[what.child].ask(root_->home());
  else if (what.what == kill)
    runs_[what.child].kill(root_->home());
  else if (what.what == left_behind)
    leave_behind(what.child);
  publish(what.child); // first: who hears of it, or counts it, may look
  tell(what);
  runs_.count_busy(rules_.at(what.child), what.child);
}

/// What is about the supervisor itself.
void supervisor_actor::follow_mine(const step& what) {
  if (what.what == step::kind::gave_up) {
    give_up(what.text);
  } else if (what.what == step::kind::over) {
    end(what.text);
  } else {
    started_ = true;
    publish_myself();
    if (mine_)
      mine_->ready();
    else
      root_->started();
  }
}

/// False: it came to nothing, which is told by a message, so that a child that can't start leaves others
/// their turn.
bool supervisor_actor::begin_run(std::size_t which) {
  const auto run = rules_.at(which).run;
  auto& node = *node_.children[which];
  auto made = std::make_shared<child_run>(
      child_run{caf::actor_cast<caf::actor>(ctrl()), which, run, root_->registry(), &node});
  child_over nothing{which, run, exit_kind::failed, {}, false};
  try {
    auto begun = spawn_run(which, std::move(made));
    root_->registry()->count_start(node);
    if (const auto& actor = begun.actor())
      monitor_actor(*this, actor);
    runs_.put(which, std::move(begun));
    return true;
  } catch (const std::system_error& error) {
    nothing.why = error.what();
    nothing.stopping = error.code() == errc::stopping;
  } catch (...) {
    nothing.why = describe(std::current_exception());
  }
  post_from(*this, *this, std::move(nothing));
  return false;
}

running_child supervisor_actor::spawn_run(std::size_t which, std::shared_ptr<child_run> made) {
  const auto& spec = children_[which].spec();
  if (spec.kind != service_kind::supervisor)
    return running_child::begin(spec, std::move(made), root_->home());
  const auto nested = system().spawn<supervisor_actor, caf::hidden>(
      root_, *node_.children[which], spec.supervisor, spec.children,
      std::optional<service_start>{service_start{made}});
  root_->home().dependents().add(nested, true);
  post(nested, begin_children{});
  return {caf::actor_cast<caf::strong_actor_ptr>(nested), std::move(made)};
}

/// What a kill doesn't end: nothing is done with it any more but to hear of its end, if it comes; perhaps
/// after that of this supervisor.
void supervisor_actor::leave_behind(std::size_t which) {
  keep_for(which, root_->home().dependents(), root_->registry());
  runs_.leave_behind(which);
}

void supervisor_actor::keep_for(std::size_t which, dependent_list& keeper,
                                const std::shared_ptr<service_registry>& registry) {
  const auto& actor = runs_[which].actor();
  if (!actor)
    return;
  const auto& path = node_.children[which]->path;
  keeper.add_orphan_thread(path); // as long as there is one, the runtime stays
  ++registry->counts.left_behind;
  actor->get()->attach_functor([&keeper, path, registry] {
    --registry->counts.left_behind;
    keeper.end_orphan_thread(path);
  });
}

// -- telling ----------------------------------------------------------------

void supervisor_actor::tell(const step& what) {
  const auto report
      = [&](event_kind kind) { root_->report(kind, *node_.children[what.child], what.text, what.time); };
  auto& registry = *root_->registry();
  switch (what.what) {
  case step::kind::running:
    ++registry.counts.runs;
    report(event_kind::service_started);
    break;
  case step::kind::ended:
    report(event_kind::service_ended);
    break;
  case step::kind::failed:
    ++registry.counts.failures;
    report(event_kind::service_failed);
    break;
  case step::kind::restarting:
    ++registry.counts.restarts;
    report(event_kind::service_restarting);
    break;
  case step::kind::left_behind:
    report(event_kind::service_left_behind);
    break;
  default: // nothing that anybody has to hear of
    break;
  }
}

/// What ends below a nested supervisor may come back with it: to others it is down, and not over.
void supervisor_actor::publish(std::size_t which) {
  const auto& child = rules_.at(which);
  const bool may_return = mine_ && rules_.ending() && child.state == service_state::ended;
  const bool runs = child.state == service_state::running;
  root_->registry()->publish(*node_.children[which],
                             {may_return ? service_state::waiting : child.state, child.reason, child.since,
                              child.resume, runs ? runs_[which].actor() : nullptr});
}

/// A nested one is published by the one above it.
void supervisor_actor::publish_myself() {
  if (mine_)
    return;
  const auto state = rules_.ending() ? service_state::stopping
                     : started_      ? service_state::running
                                     : service_state::starting;
  root_->registry()->publish(node_, {state, why_, now(), {}, nullptr});
}

void supervisor_actor::give_up(const std::string& why) {
  why_ = why;
  ++root_->registry()->counts.gave_up;
  root_->report(event_kind::supervisor_gave_up, node_, why);
  publish_myself();
}

void supervisor_actor::end(const std::string& why) {
  if (why.empty())
    quit(caf::exit_reason::user_shutdown);
  else
    quit(refusal({errc::supervisor_gave_up, why}));
}

void supervisor_actor::arm() {
  if (const auto due = rules_.due())
    if (const auto at = alarm_.arm(*due, [this] { return now(); }))
      post_at(system().clock(), *at, ctrl(), alarm_rang{*at});
}

void supervisor_actor::on_exit() {
  const auto root = std::move(root_); // which holds this actor in turn
  auto& home = root->home();
  for (auto which = children_.size(); which-- != 0;)
    if (runs_[which]) {
      runs_[which].kill(home);
      if (children_[which].spec().kind != service_kind::supervisor) // which is a dependent itself
        keep_for(which, home.dependents(), root->registry());
    }
  runs_.clear();
  if (mine_) {
    root->registry()->orphan(node_, now());
    mine_.reset();
    return;
  }
  if (why_.empty() && !rules_.ending())
    why_ = "killed";
  root->registry()->close(why_, now());
  root->ended(why_);
}

} // namespace taskactor::detail
