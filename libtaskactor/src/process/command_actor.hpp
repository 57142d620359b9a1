/// The detached actor that commands are served on. A thread of its own is what it is needed for: its mailbox
/// is not read, nobody is given its address, and the system doesn't count it.
///
/// Stops: `command_table::stop`, which must come before the actor system goes: that waits for all threads.
#pragma once

#include "command_loop.hpp"

#include <caf/blocking_actor.hpp>

#include <memory>

namespace taskactor::detail {

class command_actor : public caf::blocking_actor {
public:
  command_actor(caf::actor_config& config, std::unique_ptr<command_loop> loop);
  ~command_actor() override;
  const char* name() const override;
  void act() override;

private:
  std::unique_ptr<command_loop> loop_;
};

} // namespace taskactor::detail
