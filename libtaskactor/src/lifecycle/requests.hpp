/// What is asked of a manager about tasks that it has: what can be decided at once is, in the table, and the
/// manager hears of it by a message. Threads: any.
#pragma once

#include <taskactor/detail/record.hpp>
#include <taskactor/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace taskactor::detail {

class manager_core;

/// False: no more work is taken.
bool admit_slot(manager_core& home, ref<record> slot);
/// A body has something to tell the manager: bits of `record::notifications`.
void tell(manager_core& home, record& task, std::uint8_t what) noexcept;
/// Errors: `std::bad_alloc`, and nothing has been done.
cancel_reply cancel(manager_core& home, record& task, end_reason why);
cancel_reply cancel_task(manager_core& home, std::string_view id);
/// How many have been asked.
std::size_t cancel_all(manager_core& home);
void kill(manager_core& home, record& task);

} // namespace taskactor::detail
