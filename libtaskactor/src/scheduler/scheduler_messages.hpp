/// What a scheduler's actor is told by messages.
#pragma once

#include "caf_adapter/compat.hpp"

#include <taskactor/detail/caf_message.hpp>

namespace taskactor::detail {

/// Something has changed: look what is due.
struct scheduler_turn {};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_scheduler, 5700)
TASKACTOR_LOCAL_MESSAGE(taskactor_scheduler, taskactor::detail::scheduler_turn)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_scheduler)
