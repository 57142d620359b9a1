/// The one place for what differs between CAF 0.17 and 1.x.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <cstddef>

/// Lets a struct travel between actors of this process. It is never serialized: our links have frames of
/// their own.
#define TASKACTOR_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

namespace taskactor::detail {

/// The configuration of an actor system of our own. It is never parsed from files or arguments: CAF would
/// read `caf-application.ini` from the working directory.
inline void configure(caf::actor_system_config& config, std::size_t threads) {
  if (threads != 0)
    config.set("scheduler.max-threads", threads);
}

} // namespace taskactor::detail
