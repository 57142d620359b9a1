/// What a manager reports of its tasks, as events. Nothing, where nobody wants that kind. Threads: any.
#pragma once

#include <taskactor/event.hpp>

#include <cstdint>
#include <exception>
#include <string>

namespace taskactor::detail {

class manager_core;
class record;
struct blocked_turn;

void report(manager_core& home, event_kind kind, const record& task, const std::string& text = {});
void report_progress(manager_core& home, const record& task, std::uint64_t done, std::uint64_t total,
                     std::string text);
void report_cleanup_fault(manager_core& home, const record& task, const std::exception_ptr& thrown) noexcept;
void report_blocked(manager_core& home, const blocked_turn& turn);

} // namespace taskactor::detail
