/// Whether a failed attempt is worth another one, as its options say.
///
///     the attempt has ended by itself      its actor asks, before it is down
///     the manager has ended it (timeout)   the disposal's thread asks
///
/// `retry_on` is the user's: it may throw, block or take long, and is called once for each failure.
#pragma once

#include "lifecycle/task_extras.hpp"

#include <taskactor/detail/record.hpp>

namespace taskactor::detail {

/// How its attempt has failed; null when its task has ended, so that handles may be dropping the outcome.
const failure* failure_of_attempt(const record& task) noexcept;
/// What can be said without asking: it has failed, or its own time was up, and there may be another one.
bool may_try_again(const record& task, const failure& what) noexcept;
/// Asks.
retry_answer ask_retry(const record& task, const failure& what);
/// On the thread of its body, which is over.
void ask_after_attempt(record& task) noexcept;

} // namespace taskactor::detail
