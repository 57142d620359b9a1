#include <taskactor/schedule/scheduler.hpp>

#include "scheduler/scheduler_host.hpp"

#include <utility>

namespace taskactor {

schedule_handle::schedule_handle(std::shared_ptr<detail::scheduler_host> host,
                                 std::shared_ptr<detail::schedule_entry> entry) noexcept
    : host_(std::move(host)), entry_(std::move(entry)) {}

const std::string& schedule_handle::name() const noexcept { return entry_->name; }
schedule_info schedule_handle::info() const { return host_->info(*entry_); }
bool schedule_handle::pause() { return host_->pause(entry_); }
bool schedule_handle::resume(on_resume fires_of_the_pause) {
  return host_->resume(entry_, fires_of_the_pause);
}
expected<std::string> schedule_handle::run_now() { return host_->run_now(entry_); }
expected<fire> schedule_handle::change(const trigger& to) { return host_->change(entry_, to); }
bool schedule_handle::cancel() { return host_->cancel(entry_); }
std::size_t schedule_handle::cancel_running() { return host_->cancel_running(entry_); }

scheduler::scheduler(task_manager& tasks) : host_(detail::scheduler_host::start(tasks)) {}
scheduler::~scheduler() { host_->close("its scheduler has ended"); }

expected<schedule_handle> scheduler::add_body(schedule_options options, const trigger& when,
                                              std::shared_ptr<detail::schedule_body> body) {
  return host_->add(std::move(options), when, std::move(body));
}
std::optional<schedule_handle> scheduler::find(std::string_view name) const { return host_->find(name); }
std::vector<schedule_info> scheduler::list() const { return host_->list(); }

} // namespace taskactor
