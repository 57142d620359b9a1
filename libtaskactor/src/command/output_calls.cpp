#include "command/output_calls.hpp"

#include "command/shortage.hpp"

#include <taskactor/error.hpp>

#include <cxxabi.h>
#include <system_error>
#include <utility>

namespace taskactor::detail {

namespace {

/// Bytes that are kept for a handler before its command's output isn't read any more. A step of the serving
/// thread may add to it what a pipe holds.
constexpr std::size_t most_kept = std::size_t{1} << 18;
/// So often in a row there may be no thread, at intervals of `retry_interval`.
constexpr int most_refusals = 100;

bool is_shortage_of_threads(const std::exception_ptr& why) noexcept {
  try {
    if (why)
      std::rethrow_exception(why);
  } catch (const std::system_error& error) {
    return is_shortage(error.code());
  } catch (...) { // NOLINT: something else
  }
  return false;
}

} // namespace

void output_calls::backlog::push(piece next) {
  const auto size = next.bytes.size();
  pieces_.push_back(std::move(next));
  bytes_ += size;
}

output_calls::piece output_calls::backlog::pop() {
  auto next = std::move(pieces_.front());
  pieces_.pop_front();
  bytes_ -= next.bytes.size();
  return next;
}

void output_calls::backlog::clear() noexcept {
  pieces_.clear();
  bytes_ = 0;
}

output_calls::output_calls(command_options& options) : handlers_(options) {
  if (!handlers_.has_output())
    return;
  options.on_output = [this](output_stream which, std::string_view bytes) { take(which, bytes); };
}

void output_calls::take(output_stream which, std::string_view bytes) {
  take(piece{.which = which, .bytes = std::string{bytes}});
}

bool output_calls::take_stop(int signal) {
  if (!handlers_.has_stopped())
    return false;
  {
    const std::lock_guard lock{mutex_};
    if (error_)
      return false;
  }
  take(piece{.which = output_stream::out, .bytes = {}, .stopped_by = signal});
  return true;
}

void output_calls::take(piece next) {
  {
    const std::lock_guard lock{mutex_};
    if (error_)
      return;
    kept_.push(std::move(next));
    if (std::exchange(at_work_, true))
      return;
  }
  submit();
}

bool output_calls::has_room() noexcept {
  const std::lock_guard lock{mutex_};
  paused_ = kept_.bytes() >= most_kept;
  return !paused_;
}

void output_calls::end(command_result result) noexcept {
  {
    const std::lock_guard lock{mutex_};
    result_ = std::move(result);
    ended_ = true;
    if (std::exchange(at_work_, true))
      return;
  }
  if (handlers_.has_rest())
    return submit();
  std::unique_lock lock{mutex_}; // there is nothing to hand out
  leave(lock);
}

void output_calls::submit() noexcept {
  try {
    threads_->submit(ref<pool_work>{this});
  } catch (...) { // no memory for that
    refuse(std::current_exception());
  }
}

void output_calls::refuse(std::exception_ptr why) noexcept {
  std::unique_lock lock{mutex_};
  const bool again = is_shortage_of_threads(why) && ++refusals_ < most_refusals;
  lock.unlock();
  if (again && submit_later())
    return;
  fail(std::move(why));
  lock.lock();
  leave(lock);
}

void output_calls::run() {
  std::unique_lock lock{mutex_};
  struct departure { // also when a handler ends its thread
    output_calls& from;
    std::unique_lock<std::mutex>& lock;
    ~departure() {
      if (!lock.owns_lock())
        lock.lock();
      from.leave(lock);
    }
  } const at_end{*this, lock};
  refusals_ = 0;
  while (!kept_.empty()) {
    const auto next = kept_.pop();
    const bool room = kept_.bytes() <= most_kept / 2 && std::exchange(paused_, false);
    lock.unlock();
    if (room)
      go_on();
    call([&] {
      if (next.stopped_by != 0)
        handlers_.stopped(next.stopped_by);
      else
        handlers_.output(next.which, next.bytes);
    });
    if (next.stopped_by != 0)
      go_on();
    lock.lock();
  }
  if (!ended_ || error_)
    return;
  lock.unlock(); // nothing comes in any more
  call([this] { handlers_.finish_lines(); });
}

/// UndefinedBehaviorSanitizer doesn't know that the exception which ends a thread has no object.
template <class F>
__attribute__((no_sanitize("null"))) void output_calls::call(F&& handler) {
  try {
    handler();
  } catch (const abi::__forced_unwind&) {
    fail(std::make_exception_ptr(
        error{errc::thread_ended, "a handler of its command's has ended its thread (pthread_exit)"}));
    throw;
  } catch (...) {
    fail(std::current_exception());
  }
}

/// It isn't called any more.
void output_calls::fail(std::exception_ptr why) noexcept {
  const std::lock_guard lock{mutex_};
  error_ = std::move(why);
  kept_.clear();
}

/// There is nothing to hand out for now, or for good.
void output_calls::leave(std::unique_lock<std::mutex>& lock) noexcept {
  at_work_ = false;
  const bool room = std::exchange(paused_, false);
  const bool over = ended_, failed = error_ != nullptr;
  if (error_)
    result_.handler_error = error_;
  lock.unlock();
  if (room || failed)
    go_on();
  if (over)
    all_handed_out(std::move(result_));
}

} // namespace taskactor::detail
