#include <taskactor/task_manager.hpp>

#include "caf_adapter/compat.hpp"
#include "capacity/limiter_changes.hpp"
#include "command/held_command.hpp"
#include "events/hub.hpp"
#include "lifecycle/requests.hpp"
#include "lifecycle/status.hpp"
#include "lifecycle/task_table.hpp"
#include "runtime.hpp"
#include "shutdown_signals.hpp"
#include "worker/worker_pool.hpp"
#include "worker/worker_service.hpp"

#include <caf/actor.hpp>

#include <memory>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

runtime* make_runtime(caf::actor_system* system, manager_options options) {
  const passing_through caller;
  return new runtime{system, std::move(options)};
}

void dispose(manager_core* which) noexcept { runtime::dispose(static_cast<runtime*>(which)); }

runtime& runtime_of(manager_core& core) noexcept { return static_cast<runtime&>(core); }

shutdown_signals& signals_of(runtime& home) {
  auto& found = home.attached(attachment_kind::signals, [&home] {
    return std::make_unique<shutdown_signals>(
        home, [&home](const auto& bounds, int number) { home.begin_shutdown(bounds, number); });
  });
  return static_cast<shutdown_signals&>(found);
}

} // namespace

manager_core& core_of(task_manager& manager) noexcept { return *manager.core_; }

} // namespace detail

task_manager::task_manager(manager_options options)
    : core_(detail::make_runtime(nullptr, std::move(options)), &detail::dispose) {}

task_manager::task_manager(caf::actor_system& system, manager_options options)
    : core_(detail::make_runtime(&system, std::move(options)), &detail::dispose) {}

task_manager::~task_manager() = default;

void task_manager::configure(caf::actor_system_config& config) { detail::install_scheduler(config); }

expected<handle<command_result>> task_manager::run_command(task_options options, command_line argv,
                                                           command_options how) {
  std::shared_ptr<detail::kept_descriptors> kept;
  try {
    kept = detail::keep_descriptors(how, detail::content_of(options.retry).has_value());
  } catch (const error& why) {
    return rejection{static_cast<errc>(why.code().value()), why.message()};
  }
  if (!kept)
    return add_task(std::move(options), taskactor::run_command, std::move(argv), std::move(how));
  return add_task(std::move(options), detail::run_held_command, std::move(argv), std::move(how),
                  std::move(kept));
}

std::size_t task_manager::prestart_workers(std::size_t count) {
  return detail::workers_of(*core_).prestart(count);
}

cancel_reply task_manager::cancel_task(std::string_view id) { return detail::cancel_task(*core_, id); }

cancel_reply task_manager::cancel_and_wait(std::string_view id) {
  auto task = core_->table().find_live(id);
  if (!task)
    task = core_->batches().find(id); // an item's slot, which ends with the item when that is cancelled
  if (task)
    detail::refuse_inside_coroutine(); // before it is asked
  const auto reply = cancel_task(id);
  if (task && (reply == cancel_reply::requested || reply == cancel_reply::already_requested))
    detail::wait(*task);
  return reply;
}

std::size_t task_manager::cancel_all() { return detail::cancel_all(*core_); }

std::vector<task_info> task_manager::task_status() const { return detail::task_status(*core_); }

std::optional<task_info> task_manager::find(std::string_view id) const { return detail::find(*core_, id); }

caf::actor task_manager::actor() { return detail::runtime_of(*core_).api(); }

std::optional<explanation> task_manager::explain(std::string_view id) const {
  return detail::explain(*core_, id);
}

manager_statistics task_manager::statistics() const { return core_->statistics(); }

void task_manager::resize(limiter_kind which, std::size_t capacity) {
  detail::resize(*core_, which, capacity);
}

void task_manager::add_limiter(std::string name, limiter_options options) {
  detail::add_limiter(*core_, std::move(name), options);
}

void task_manager::resize(std::string_view name, std::size_t capacity) {
  detail::change(*core_, detail::limiter_of(*core_, name), {.capacity = capacity});
}

void task_manager::set_rate(std::string_view name, rate allowed) {
  detail::change(*core_, detail::limiter_of(*core_, name), {.rate = allowed});
}

subscription task_manager::observe(event_handler handler, observer_options options) {
  return core_->events().observe(std::move(handler), options);
}

shutdown_report task_manager::shutdown(shutdown_options options) {
  return detail::runtime_of(*core_).shutdown(options);
}

void task_manager::shutdown_on(const std::vector<int>& which, shutdown_options bounds) {
  detail::signals_of(detail::runtime_of(*core_)).listen(which, bounds);
}

shutdown_report task_manager::wait_for_shutdown() { return detail::runtime_of(*core_).wait_for_shutdown(); }

} // namespace taskactor
