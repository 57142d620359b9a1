/// `use_task` for Boost.Asio, from Boost 1.74 on: all as `asio.hpp` says of the standalone one.
///
///     boost::asio::steady_timer timer{io, 1s};
///     co_await timer.async_wait(ta::use_task);
///     co_await timer.async_wait(ta::use_task.cancelled_by(timer));   // before Boost 1.77
#pragma once

#include <taskactor/detail/asio_token.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/version.hpp>
#include <boost/system/error_code.hpp>
#if BOOST_ASIO_VERSION >= 101900
#include <boost/asio/cancellation_signal.hpp>
#endif

#include <utility>

namespace taskactor::detail {

struct boost_asio {
  using error_code = boost::system::error_code;
  template <class Executor, class F>
  static void post(const Executor& executor, F&& what) {
    boost::asio::post(executor, std::forward<F>(what));
  }
#if BOOST_ASIO_VERSION >= 101900
  using signal = boost::asio::cancellation_signal;
  using slot = boost::asio::cancellation_slot;
  static void emit(signal& which) { which.emit(boost::asio::cancellation_type::terminal); }
#else
  using signal = void;
  using slot = void;
#endif
};

} // namespace taskactor::detail

namespace boost::asio {

template <class... Args>
class async_result<taskactor::use_task_t, void(Args...)>
    : public taskactor::detail::asio_result<taskactor::detail::boost_asio, taskactor::use_task_t, Args...> {};
template <class Object, class... Args>
class async_result<taskactor::use_task_by<Object>, void(Args...)>
    : public taskactor::detail::asio_result<taskactor::detail::boost_asio, taskactor::use_task_by<Object>,
                                            Args...> {};

} // namespace boost::asio
