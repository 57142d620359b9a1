/// What a job scheduler's actor is told by messages.
#pragma once

#include "caf_adapter/compat.hpp"

#include <taskactor/detail/caf_message.hpp>

namespace taskactor::detail {

/// There is something in its host's inbox, or something may be due.
struct job_scheduler_turn {};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_job_scheduler, 5720)
TASKACTOR_LOCAL_MESSAGE(taskactor_job_scheduler, taskactor::detail::job_scheduler_turn)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_job_scheduler)
