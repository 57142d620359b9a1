/// The messages to a supervisor's actor.
#pragma once

#include "caf_adapter/compat.hpp"
#include "lifecycle/manager_messages.hpp"
#include "services/supervision.hpp"

#include <taskactor/detail/caf_message.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace taskactor::detail {

struct begin_children {};
struct child_ready {
  std::size_t child;
  std::uint64_t run;
};
/// What no down message tells of: the end of a task, a start that came to nothing.
struct child_over {
  std::size_t child;
  std::uint64_t run;
  exit_kind how;
  std::string why;
  bool stopping; // the manager takes no more work
};
struct renew_child {
  std::size_t child;
};

} // namespace taskactor::detail

TASKACTOR_LOCAL_MESSAGES_BEGIN(taskactor_service, 5400)
TASKACTOR_LOCAL_MESSAGE(taskactor_service, taskactor::detail::begin_children)
TASKACTOR_LOCAL_MESSAGE(taskactor_service, taskactor::detail::child_ready)
TASKACTOR_LOCAL_MESSAGE(taskactor_service, taskactor::detail::child_over)
TASKACTOR_LOCAL_MESSAGE(taskactor_service, taskactor::detail::renew_child)
TASKACTOR_LOCAL_MESSAGES_END(taskactor_service)
