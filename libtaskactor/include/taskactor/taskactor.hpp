/// taskactor: tasks as actors, with ids, capacity, deadlines, cancellation and outcomes. Includes all that
/// users need.
#pragma once

#include <taskactor/errc.hpp>
#include <taskactor/fwd.hpp>
#include <taskactor/group/as_completed.hpp>
#include <taskactor/group/gather.hpp>
#include <taskactor/group/race.hpp>
#include <taskactor/group/task_group.hpp>
#include <taskactor/named_program.hpp>
#include <taskactor/observe/event.hpp>
#include <taskactor/process/command.hpp>
#include <taskactor/process/run_command.hpp>
#include <taskactor/process/time_slice.hpp>
#include <taskactor/run/acquire.hpp>
#include <taskactor/run/explanation.hpp>
#include <taskactor/run/handle.hpp>
#include <taskactor/run/manager_options.hpp>
#include <taskactor/run/run_in_thread.hpp>
#include <taskactor/task/async_generator.hpp>
#include <taskactor/task/duration.hpp>
#include <taskactor/task/expected.hpp>
#include <taskactor/task/field.hpp>
#include <taskactor/task/info.hpp>
#include <taskactor/task/limits.hpp>
#include <taskactor/task/options.hpp>
#include <taskactor/task/outcome.hpp>
#include <taskactor/task/retry.hpp>
#include <taskactor/task/scope.hpp>
#include <taskactor/task/sleep.hpp>
#include <taskactor/task/state.hpp>
#include <taskactor/task/task.hpp>
#include <taskactor/task/task_library.hpp>
#include <taskactor/task/this_task.hpp>
#include <taskactor/task_manager.hpp>
#include <taskactor/version.hpp>
#include <taskactor/worker_entry.hpp>
