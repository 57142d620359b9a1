/// What a store in memory tells of itself.
#pragma once

#include "queue/memory_tables.hpp"

#include <span>
#include <string>
#include <vector>

namespace taskactor::detail {

std::vector<job_info> memory_list(const memory_tables& tables, const job_query& filter);
std::vector<job_details> memory_find(const memory_tables& tables, std::span<const job_id> ids);
store_survey memory_survey(const memory_tables& tables, store_time now);
/// Each invariant that doesn't hold.
std::vector<std::string> memory_faults(const memory_tables& tables);

} // namespace taskactor::detail
