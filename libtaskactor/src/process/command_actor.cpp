#include "command_actor.hpp"

#include <utility>

namespace taskactor::detail {

command_actor::command_actor(caf::actor_config& config, std::unique_ptr<command_loop> loop)
    : caf::blocking_actor(config), loop_(std::move(loop)) {}

command_actor::~command_actor() = default;

const char* command_actor::name() const { return "taskactor.commands"; }

void command_actor::act() {
  const auto table = loop_->table();
  loop_->run();
  loop_.reset(); // closes everything, before anybody is told that it has ended
  table->finish();
  for (const auto& [key, then] : table->readings())
    then();
}

} // namespace taskactor::detail
