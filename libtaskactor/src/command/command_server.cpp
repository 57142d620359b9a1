#include "command/command_server.hpp"

#include "base/memory.hpp"
#include "base/service_thread.hpp"
#include "caf_adapter/detached_job.hpp"
#include "command/command_loop.hpp"

#include <caf/actor_system.hpp>

#include <exception>
#include <utility>

namespace taskactor::detail {

std::shared_ptr<command_server> command_server::create(caf::actor_system& system) {
  return std::shared_ptr<command_server>{new command_server{system}};
}

namespace {

void serve_commands(std::shared_ptr<command_loop> loop, const std::shared_ptr<command_table>& table) {
  const service_thread scope;
  loop->run();
  loop.reset(); // closes everything, before anybody is told that it has ended
  table->finish();
  for (const auto& [key, then] : table->readings())
    if (then)
      then();
}

} // namespace

command_server::command_server(caf::actor_system& system)
    : system_(system), table_(std::make_shared<command_table>()) {}

std::uint64_t command_server::start(command_spec spec, std::shared_ptr<command_listener> listener) {
  start_request request{.key = ++last_key_, .listener = listener};
  const auto key = request.key;
  try {
    request.plan = plan_launch(spec.argv, spec.options, spec.mode);
    request.plan.identity = std::move(spec.identity);
  } catch (const start_error& error) {
    request.refused = error;
  }
  request.options = std::move(spec.options);
  request.input = std::move(spec.input);
  request.held = std::move(spec.held);
  request.talks = spec.mode == start_mode::talk;
  request.stays = spec.stays;
  try {
    ensure_thread();
    if (!table_->add(std::move(request)))
      listener->on_start_failed(errc::stopping, "commands are served no more");
  } catch (const std::exception& error) {
    listener->on_start_failed(errc::command_not_started,
                              std::string{"commands can't be served: "} + error.what());
  }
  return key;
}

void command_server::after_output(std::uint64_t key, std::function<void()> then) {
  if (!table_->add_reading({key, then}))
    then();
}

void command_server::read_on(std::uint64_t key) noexcept {
  once_there_is_memory([&] { (void)table_->add_reading({.key = key}); });
}

void command_server::ensure_thread() {
  std::lock_guard lock{mutex_};
  if (has_thread_ || table_->stopping())
    return;
  detached_job::start(system_, [loop = std::make_shared<command_loop>(table_), table = table_]() mutable {
    serve_commands(std::move(loop), table);
  });
  has_thread_ = true;
}

void command_server::stop() noexcept {
  table_->stop();
  std::unique_lock lock{mutex_};
  const bool wait = has_thread_;
  lock.unlock();
  if (wait)
    table_->wait_finished();
}

} // namespace taskactor::detail
