/// `signals`: what the system and other processes send to this one, awaited by a task.
///
///     ta::signals ends{SIGINT, SIGTERM};
///     const int which = co_await ends.next();
///
/// From the first object for a signal until the last one is gone, this process handles it by counting; then
/// the handler there was before returns. A signal that was ignored at that time (`nohup`) stays ignored, and
/// `next` doesn't hear of it. Each object hears of each arrival since it was made, also of those between two
/// awaits; those of different signals in the order in which the object names them. As the system has it,
/// signals of one number that come faster than they are handled may be one.
///
/// A signal that is blocked in all threads isn't heard of; those of the library block what the thread that
/// has made the manager does. The wait keeps the task's token. Stops: at once, with nothing lost. Errors:
/// `error{errc::invalid_argument}` for a number that can't be handled (SIGKILL, SIGSTOP, those of faults) or
/// none; `errc::already_awaited`, of a second task that awaits the same object; `std::system_error` when
/// there is no descriptor or thread left. Threads: an object may be used on any, by one at a time.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/task.hpp>

#include <coroutine>
#include <initializer_list>
#include <memory>
#include <utility>
#include <vector>

namespace taskactor {

namespace detail {

class signal_counts;

class [[nodiscard]] signal_await final : waiter {
public:
  explicit signal_await(std::shared_ptr<signal_counts> at) noexcept : at_(std::move(at)) {}
  /// Of one that isn't awaited yet.
  signal_await(signal_await&& unused) noexcept : at_(std::move(unused.at_)) {}
  ~signal_await();

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  int await_resume();

private:
  bool begin(context& ctx);
  bool ready() const noexcept override;
  bool stop() noexcept override;
  ref<operation> kill() noexcept override;
  wait_reason reason() const override;

  std::shared_ptr<signal_counts> at_;
  bool waits_ = false;
  bool stopped_ = false;
};

} // namespace detail

class signals {
public:
  signals(std::initializer_list<int> which) : signals(std::vector<int>(which)) {}
  explicit signals(const std::vector<int>& which);
  signals(signals&&) noexcept = default;
  signals& operator=(signals&&) noexcept = default;
  ~signals() = default;

  /// To be awaited: the number of one that has arrived.
  [[nodiscard]] detail::signal_await next() const { return detail::signal_await{counts_}; }

private:
  std::shared_ptr<detail::signal_counts> counts_;
};

} // namespace taskactor
