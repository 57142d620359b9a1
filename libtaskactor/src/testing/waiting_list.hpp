/// Who waits for what, read from the records of a runtime that stands still.
#pragma once

#include "runtime.hpp"

#include <taskactor/testing/stuck.hpp>

#include <vector>

namespace taskactor::testing {

/// Times are counted from `start`. On the thread that drives the system, alone.
std::vector<waiting_task> waiting_list(detail::runtime& home, detail::time_point start);

} // namespace taskactor::testing
