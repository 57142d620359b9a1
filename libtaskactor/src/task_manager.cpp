#include <taskactor/task_manager.hpp>

#include "caf_adapter/compat.hpp"
#include "runtime.hpp"
#include "worker/process_service.hpp"

#include <caf/actor.hpp>

#include <utility>

namespace taskactor {

namespace detail {

namespace {

runtime* make_runtime(caf::actor_system* system, manager_options options) {
  const passing_through caller;
  return new runtime{system, std::move(options)};
}

} // namespace

runtime& runtime_of(task_manager& manager) noexcept { return *manager.runtime_; }

} // namespace detail

task_manager::task_manager(manager_options options)
    : runtime_(detail::make_runtime(nullptr, std::move(options)), &detail::runtime::dispose) {}

task_manager::task_manager(caf::actor_system& system, manager_options options)
    : runtime_(detail::make_runtime(&system, std::move(options)), &detail::runtime::dispose) {}

task_manager::~task_manager() = default;

void task_manager::configure(caf::actor_system_config& config) { detail::install_scheduler(config); }

expected<handle<command_result>> task_manager::run_command(task_options options, command_line argv,
                                                           command_options how) {
  return add_task(std::move(options), taskactor::run_command, std::move(argv), std::move(how));
}

std::size_t task_manager::prestart_workers(std::size_t count) {
  return detail::processes(*runtime_).workers().prestart(count);
}

cancel_reply task_manager::cancel_task(std::string_view id) { return runtime_->cancel_task(id); }

cancel_reply task_manager::cancel_and_wait(std::string_view id) {
  auto task = runtime_->table().find_live(id);
  if (!task)
    task = runtime_->batches().find(id); // an item's slot, which ends with the item when that is cancelled
  if (task)
    detail::refuse_inside_coroutine(); // before it is asked
  const auto reply = cancel_task(id);
  if (task && (reply == cancel_reply::requested || reply == cancel_reply::already_requested))
    detail::wait(*task);
  return reply;
}

std::size_t task_manager::cancel_all() { return runtime_->cancel_all(); }

std::vector<task_info> task_manager::task_status() const { return runtime_->task_status(); }

std::optional<task_info> task_manager::find(std::string_view id) const { return runtime_->find(id); }

caf::actor task_manager::actor() { return runtime_->api(); }

std::optional<explanation> task_manager::explain(std::string_view id) const {
  return detail::explain(*runtime_, id);
}

manager_statistics task_manager::statistics() const { return runtime_->statistics(); }

void task_manager::resize(limiter_kind which, std::size_t capacity) { runtime_->resize(which, capacity); }

void task_manager::add_limiter(std::string name, limiter_options options) {
  runtime_->add_limiter(std::move(name), options);
}

void task_manager::resize(std::string_view name, std::size_t capacity) {
  runtime_->change(runtime_->limiter_of(name), {.capacity = capacity});
}

void task_manager::set_rate(std::string_view name, rate allowed) {
  runtime_->change(runtime_->limiter_of(name), {.rate = allowed});
}

subscription task_manager::observe(event_handler handler, observer_options options) {
  return runtime_->events().observe(std::move(handler), options);
}

shutdown_report task_manager::shutdown(shutdown_options options) { return runtime_->shutdown(options); }

} // namespace taskactor
