/// `exit_code`: how a task has ended, as the exit reason of its actor.
///
///     self->link_to(h.actor());          // dies with the task, if that has no value
///     self->set_down_handler([](const caf::down_msg& down) {
///       if (down.reason == ta::exit_code::timed_out) ...
///     });
///
/// | the task             | exit reason of its actor, in `down_msg` and `exit_msg`      |
/// |----------------------|-------------------------------------------------------------|
/// | completed            | none, which is `caf::exit_reason::normal`                   |
/// | failed               | `exit_code::failed`, with what it has failed by in words    |
/// | timed out            | `exit_code::timed_out`                                      |
/// | cancelled            | `exit_code::cancelled`: it ended when it was asked to       |
/// | cancelled, by a kill | `exit_code::killed`: its body didn't end, and was destroyed |
///
/// Each attempt of a task with `retry` is an actor of its own, and so ends by itself. Whoever links to or
/// monitors an actor that has ended already hears of it at once, with the same reason.
#pragma once

#include <taskactor/detail/caf_message.hpp>

#include <caf/error.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace taskactor {

enum class exit_code : std::uint8_t { failed = 1, timed_out, cancelled, killed };

std::string_view to_string(exit_code code) noexcept;
/// Found by CAF when a reason is compared with a code.
caf::error make_error(exit_code code, std::string text = {});
/// Empty: it isn't the end of a task.
std::optional<exit_code> exit_code_of(const caf::error& reason) noexcept;

} // namespace taskactor

TASKACTOR_ERROR_CODE(taskactor, exit_code)
