/// taskactor: tasks as actors, with ids, capacity, deadlines, cancellation and outcomes. Includes all that
/// users need. The rules that headers cite are in DESIGN.md, section 4, which is installed with the guide.
#pragma once

#include <taskactor/acquire.hpp>
#include <taskactor/as_completed.hpp>
#include <taskactor/async_generator.hpp>
#include <taskactor/command.hpp>
#include <taskactor/command_pause.hpp>
#include <taskactor/duration.hpp>
#include <taskactor/errc.hpp>
#include <taskactor/event.hpp>
#include <taskactor/expected.hpp>
#include <taskactor/explanation.hpp>
#include <taskactor/field.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/gather.hpp>
#include <taskactor/handle.hpp>
#include <taskactor/limits.hpp>
#include <taskactor/log_level.hpp>
#include <taskactor/manager_options.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/processors.hpp>
#include <taskactor/race.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/run_command.hpp>
#include <taskactor/run_in_thread.hpp>
#include <taskactor/scope.hpp>
#include <taskactor/sleep.hpp>
#include <taskactor/state.hpp>
#include <taskactor/task.hpp>
#include <taskactor/task_group.hpp>
#include <taskactor/task_info.hpp>
#include <taskactor/task_manager.hpp>
#include <taskactor/task_options.hpp>
#include <taskactor/this_task.hpp>
#include <taskactor/version.hpp>
