/// What users ask of a store in memory: of its jobs, queues and limits.
#pragma once

#include "queue/memory_tables.hpp"

namespace taskactor::detail {

control_reply control_memory(memory_tables& tables, const control_action& action, store_time now);

} // namespace taskactor::detail
