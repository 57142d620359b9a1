#include "services/supervisor_root.hpp"

#include "events/hub.hpp"
#include "lifecycle/dependent_list.hpp"
#include "services/service_messages.hpp"
#include "services/supervisor_actor.hpp"
#include "threads/waits.hpp"

#include <taskactor/time_span.hpp>

#include <caf/all.hpp>

#include <algorithm>
#include <utility>

namespace taskactor::detail {

namespace {

void check(const supervisor_options& options, const std::vector<child_spec>& children) {
  if (const auto wrong = validate(options))
    throw_rejection(*wrong);
  std::vector<std::string> names;
  for (const auto& each : children) {
    const auto& spec = each.spec();
    if (const auto wrong = validate(spec.options))
      throw_rejection(*wrong);
    if (auto wrong = validate_supervised(spec.task)) {
      wrong->message = '"' + content_of(spec.options.name) + "\": " + wrong->message;
      throw_rejection(*wrong);
    }
    names.push_back(spec.options.name);
    if (spec.kind == service_kind::supervisor)
      check(spec.supervisor, spec.children);
  }
  std::sort(names.begin(), names.end());
  if (const auto twice = std::adjacent_find(names.begin(), names.end()); twice != names.end())
    throw_rejection({errc::invalid_argument, "name: \"" + *twice + "\": two children of one name"});
}

/// The ids of what has begun in it and not ended.
void add_still_here(const service_info& in, const std::string& path, std::vector<std::string>& into) {
  for (const auto& each : in.children) {
    const auto id = path + '/' + each.name;
    if (each.kind == service_kind::supervisor)
      add_still_here(each, id, into);
    else if (each.state != service_state::waiting && each.state != service_state::ended)
      into.push_back(id);
  }
}

std::vector<std::string> still_here(service_registry& registry) {
  const auto tree = registry.info(registry.root());
  std::vector<std::string> ids;
  add_still_here(tree, tree.name, ids);
  if (ids.empty())
    ids.push_back(tree.name); // nothing but itself
  return ids;
}

/// What these may take one after the other, with their kills. A child that may take as long as it likes is
/// given what a manager gives to tasks.
std::chrono::nanoseconds time_to_stop(const std::vector<child_spec>& children) {
  constexpr std::chrono::nanoseconds kill = std::chrono::seconds{2};
  std::chrono::nanoseconds sum = kill;
  for (const auto& each : children) {
    const auto& spec = each.spec();
    const bool nested = spec.kind == service_kind::supervisor;
    std::chrono::nanoseconds own = spec.options.stop_within.value_or(nested ? no_timeout : default_stop);
    if (own == no_timeout)
      own = nested ? time_to_stop(spec.children) : shutdown_options{}.drain;
    for (const auto time : {own, kill})
      sum = plus(sum, time);
  }
  return sum;
}

/// What the registry publishes, as the children are specified.
void grow(service_node& node, const std::vector<child_spec>& children) {
  for (const auto& each : children) {
    const auto& spec = each.spec();
    auto made = std::make_unique<service_node>();
    made->name = spec.options.name;
    made->path = node.path + '/' + made->name;
    made->kind = spec.kind;
    made->policy = spec.options.restart;
    made->strategy = spec.supervisor.strategy;
    made->parent = &node;
    made->since = node.since;
    grow(*made, spec.children);
    node.children.push_back(std::move(made));
  }
}

} // namespace

supervisor_root::supervisor_root(manager_core& home, const supervisor_options& options,
                                 const std::vector<child_spec>& children)
    : home_(home),
      stop_bound_(time_to_stop(children)),
      registry_(std::make_shared<service_registry>(home, options)) {
  grow(registry_->root(), children);
}

std::shared_ptr<supervisor_root> supervisor_root::start(manager_core& home, supervisor_options options,
                                                        std::vector<child_spec> children) {
  check(options, children);
  register_taskactor_service();
  const passing_through caller;
  auto root = std::make_shared<supervisor_root>(home, options, children);
  root->actor_ = home.system().spawn<supervisor_actor, caf::hidden>(
      root, root->registry_->root(), options, std::move(children), std::optional<service_start>{});
  home.dependents().add(root->actor_, false,
                        {[registry = root->registry_] { return to_json(registry->info(registry->root())); },
                         [registry = root->registry_] { return still_here(*registry); }});
  post(root->actor_, begin_children{});
  return root;
}

void supervisor_root::report(event_kind kind, const service_node& which, const std::string& text,
                             std::chrono::nanoseconds ran) {
  if (!home_.events().wants(kind))
    return;
  task_event what;
  what.kind = kind;
  what.id = which.path;
  what.at = home_.now();
  what.ran = ran;
  what.text = text;
  home_.events().emit(what);
}

void supervisor_root::started() {
  const std::lock_guard lock{mutex_};
  started_ = true;
  changed_.notify_all();
}

void supervisor_root::ended(std::string why) {
  const std::lock_guard lock{mutex_};
  if (!end_)
    end_ = std::move(why);
  changed_.notify_all();
}

void supervisor_root::wait_started() {
  std::unique_lock lock{mutex_};
  home_.waits().block(lock, changed_, [this] { return started_ || end_; });
  if (started_)
    return;
  if (end_->empty())
    throw_rejection({errc::stopping, "the supervisor was stopped before all its children had been started"});
  throw_rejection({errc::supervisor_gave_up, *end_});
}

bool supervisor_root::has_ended() {
  const std::lock_guard lock{mutex_};
  return end_.has_value();
}

bool supervisor_root::ends_within(std::chrono::nanoseconds within) {
  std::unique_lock lock{mutex_};
  home_.waits().block(
      lock, changed_, [this] { return end_.has_value(); }, after(home_.now(), within));
  return end_.has_value();
}

void supervisor_root::end() noexcept {
  constexpr std::chrono::seconds kill_bound{2};
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
  if (current_context() || !home_.waits().may_wait_here())
    return; // the manager waits for it
  try {
    if (ends_within(stop_bound_) || home_.waits().is_run_by_hand())
      return;
    home_.events().warn("supervisor \"" + registry_->root().path
                        + "\": killed, since its children don't end");
    caf::anon_send_exit(actor_, caf::exit_reason::kill);
    (void)ends_within(kill_bound);
  } catch (const std::exception&) { // NOLINT: in a test that can't go on; it was asked, and ends by itself
  }
}

std::string supervisor_root::wait_end() {
  std::unique_lock lock{mutex_};
  home_.waits().block(lock, changed_, [this] { return end_.has_value(); });
  return *end_;
}

} // namespace taskactor::detail
