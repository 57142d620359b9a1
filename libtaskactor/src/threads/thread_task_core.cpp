#include <taskactor/detail/thread_task_core.hpp>

#include "task/stop_token_box.hpp"

namespace taskactor::detail {

thread_task_core::thread_task_core(record& of, context& made_in, bool stoppable)
    : of_(of),
      stop_(stoppable ? std::stop_source{} : std::stop_source{std::nostopstate}),
      deadline_(made_in.deadline(deadlines::fixed)),
      locals_(made_in.locals()) {}

std::stop_token thread_task_core::stop_token() {
  const std::lock_guard lock{stop_mutex_};
  if (!stop_.stop_possible()) {
    stop_ = std::stop_source{};
    if (asked_.load(std::memory_order_acquire)) // nobody has registered anything with it
      stop_.request_stop();
  }
  return stop_.get_token();
}

void thread_task_core::give(stop_token_box& into) { into.token = stop_token(); }

void thread_task_core::ask_to_stop() noexcept {
  asked_.store(true, std::memory_order_release); // whoever asks for the token from now on sees it
  auto stop = [this] {
    const std::lock_guard lock{stop_mutex_};
    return stop_;
  }();
  stop.request_stop(); // outside of the lock: it calls back
}

} // namespace taskactor::detail
