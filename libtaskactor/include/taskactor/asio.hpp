/// `use_task`: the operations of standalone Asio, awaited in tasks. For Boost.Asio include `boost_asio.hpp`,
/// which gives the same; both may be in one program, if the headers of the two Asios can (those of Boost 1.74
/// can't). Nothing is linked, and neither header is in the umbrella.
///
///     asio::steady_timer timer{io, 1s};
///     co_await timer.async_wait(ta::use_task);                                  // void
///     const std::size_t n = co_await socket.async_read_some(buffer, ta::use_task);
///     auto [n, from] = co_await operation(ta::use_task);                        // several values: a tuple
///
/// The `io_context` is the user's, with the threads that run it. The operation begins at the await, on the
/// task's thread; the task goes on on its own thread again. While it waits it keeps its token, as for any
/// `callback`. What is awaited is awaited once.
///
/// Errors: an `error_code` becomes `std::system_error` (of Boost's own the std code that it converts to); an
/// `exception_ptr` is thrown as it is. Of an operation that has an error and a value (`eof` after some bytes)
/// the value is lost: `asio::as_tuple(ta::use_task)` gives both. `errc::abandoned`: the `io_context` was
/// destroyed with the operation in it.
///
/// **Ends.** When the task, or a scope around the await, is to end, the operation is cancelled, and the await
/// throws `cancelled_error` when its handler has been called; a value that was faster is delivered. It is
/// cancelled
/// - by its cancellation slot, since Asio 1.19 (Boost 1.77): `terminal`, emitted on the executor of the
///   operation's object. That is safe where Asio says so: with one thread in `run()`, or with a strand as
///   the object's executor;
/// - by `object.cancel()`, on the object's executor, with `use_task.cancelled_by(object)`, for an older Asio;
///   this ends all operations of the object;
/// - else not at all (as an operation that doesn't name its executor): the await lasts as long as the
///   operation. Who waits for the task is answered at its deadline all the same, as always.
///
/// An `io_context` that nobody runs completes and cancels nothing.
#pragma once

#include <taskactor/detail/asio_token.hpp>

#include <asio/async_result.hpp>
#include <asio/error_code.hpp>
#include <asio/post.hpp>
#include <asio/version.hpp>
#if ASIO_VERSION >= 101900
#include <asio/cancellation_signal.hpp>
#endif

#include <utility>

namespace taskactor::detail {

struct standalone_asio {
  using error_code = asio::error_code;
  template <class Executor, class F>
  static void post(const Executor& executor, F&& what) {
    asio::post(executor, std::forward<F>(what));
  }
#if ASIO_VERSION >= 101900
  using signal = asio::cancellation_signal;
  using slot = asio::cancellation_slot;
  static void emit(signal& which) { which.emit(asio::cancellation_type::terminal); }
#else
  using signal = void;
  using slot = void;
#endif
};

} // namespace taskactor::detail

namespace asio {

template <class... Args>
class async_result<taskactor::use_task_t, void(Args...)>
    : public taskactor::detail::asio_result<taskactor::detail::standalone_asio, taskactor::use_task_t,
                                            Args...> {};
template <class Object, class... Args>
class async_result<taskactor::use_task_by<Object>, void(Args...)>
    : public taskactor::detail::asio_result<taskactor::detail::standalone_asio,
                                            taskactor::use_task_by<Object>, Args...> {};

} // namespace asio
