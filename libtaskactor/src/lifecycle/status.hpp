/// What a manager's tasks are at, as its table shows it. Threads: any.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/explanation.hpp>
#include <taskactor/task_info.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class manager_core;

/// `task_manager::task_status` and `find`.
std::vector<task_info> task_status(manager_core& home);
std::optional<task_info> find(manager_core& home, std::string_view id);
/// `task_manager::explain`.
std::optional<explanation> explain(manager_core& home, std::string_view id);
/// A task, or what runs the item of that id now; null: none.
ref<record> find_record(manager_core& home, std::string_view id);

} // namespace taskactor::detail
