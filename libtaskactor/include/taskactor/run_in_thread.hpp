/// `co_await run_in_thread(f, args...)`: a blocking call, on a thread of the pool, under the thread limiter.
///
///     auto raw = co_await ta::run_in_thread(download, url);
///     co_await ta::run_in_thread([](std::stop_token stop) { while (!stop.stop_requested()) poll(); });
///
/// The task's actor is parked meanwhile and holds no thread of the scheduler. Callable and arguments are
/// moved or copied into the call, so that they outlive a body that is killed; references must be `std::ref`,
/// and then outlive the thread. A callable that takes a `std::stop_token` first is given one. A coroutine is
/// refused: a thread doesn't run it.
///
/// **g++ 12** destroys twice what is made within the await and owns something: a struct (`job{1, text}`), a
/// lambda with a captured string (`[text] {...}`, refused where it can be told). Give it a name before:
///
///     const job mine{1, text};
///     co_await ta::run_in_thread(work, mine);
///
/// Errors: what the callable throws, unchanged; `errc::thread_ended` when it ends its thread (`pthread_exit`)
/// instead of returning; `cancelled_error` when the task is cancelled before the call starts. Stops: a call
/// that has started can't be interrupted. It is asked to stop (stop token, `this_task::cancel_requested()`),
/// and the await goes on until it returns: its value or exception is then delivered, and the next await
/// throws. After `cancel_grace` the body is destroyed and the thread left behind; its tokens stay taken until
/// it really ends.
#pragma once

#include <taskactor/detail/thread_awaiter.hpp>

#include <type_traits>
#include <utility>

namespace taskactor {

template <class F, class... Args>
[[nodiscard]] auto run_in_thread(F&& function, Args&&... arguments) {
  if constexpr (detail::check_thread_call<true, F, Args...>())
    return detail::thread_awaiter<std::decay_t<F>, std::decay_t<Args>...>{std::forward<F>(function),
                                                                          std::forward<Args>(arguments)...};
  else
    return detail::refused_await{};
}

} // namespace taskactor
