/// Who waits for what, read from the records of a runtime that stands still.
#pragma once

#include "capacity/named_limiter.hpp"
#include "lifecycle/manager_core.hpp"

#include <taskactor/testing/stuck.hpp>

#include <vector>

namespace taskactor::testing {

/// Times are counted from `start`. On the thread that drives the system, alone.
std::vector<waiting_task> waiting_list(detail::manager_core& home, detail::time_point start);

} // namespace taskactor::testing
