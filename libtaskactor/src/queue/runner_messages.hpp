/// What a runner's actor is told by messages.
#pragma once

#include "caf_adapter/compat.hpp"

#include <taskactor/detail/caf_message.hpp>

namespace taskactor::detail {

/// There is something in the runner's inbox.
struct runner_turn {};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_queue, 5600)
TASKACTOR_LOCAL_MESSAGE(taskactor_queue, taskactor::detail::runner_turn)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_queue)
