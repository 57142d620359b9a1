#include "command/output_calls.hpp"

#include "command/shortage.hpp"

#include <taskactor/errc.hpp>

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

/// Both are refused by whoever plans the start, so they are left to it.
output_calls::output_calls(command_options& options)
    : on_output_(*options.on_line ? handler{} : options.on_output.take()),
      on_line_(*on_output_ || *options.on_output ? handler{} : options.on_line.take()),
      on_stopped_(options.on_stopped.take()),
      out_lines_(options.line_limit),
      err_lines_(options.line_limit) {
  if (!*on_output_ && !*on_line_)
    return;
  options.on_output = [this](output_stream which, std::string_view bytes) { take(which, bytes); };
}

void output_calls::take(output_stream which, std::string_view bytes) {
  take(piece{.which = which, .bytes = std::string{bytes}});
}

bool output_calls::take_stop(int signal) {
  if (!*on_stopped_)
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
    bytes_ += next.bytes.size();
    pieces_.push_back(std::move(next));
    if (std::exchange(at_work_, true))
      return;
  }
  submit();
}

bool output_calls::has_room() noexcept {
  const std::lock_guard lock{mutex_};
  paused_ = bytes_ >= most_kept;
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
  if (out_lines_.has_rest() || err_lines_.has_rest())
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
  while (!pieces_.empty()) {
    const auto next = std::move(pieces_.front());
    pieces_.pop_front();
    bytes_ -= next.bytes.size();
    const bool room = bytes_ <= most_kept / 2 && std::exchange(paused_, false);
    lock.unlock();
    if (room)
      go_on();
    call([&] { hand_out(next); });
    if (next.stopped_by != 0)
      go_on();
    lock.lock();
  }
  if (!ended_ || error_)
    return;
  lock.unlock(); // nothing comes in any more
  call([this] { finish_lines(); });
}

void output_calls::hand_out(const piece& next) {
  if (next.stopped_by != 0)
    return (*on_stopped_)(next.stopped_by);
  if (*on_output_)
    return (*on_output_)(next.which, next.bytes);
  auto& lines = next.which == output_stream::out ? out_lines_ : err_lines_;
  lines.take(next.bytes, [&](std::string_view line) { (*on_line_)(next.which, line); });
}

void output_calls::finish_lines() {
  if (!*on_line_)
    return;
  out_lines_.finish([this](std::string_view line) { (*on_line_)(output_stream::out, line); });
  err_lines_.finish([this](std::string_view line) { (*on_line_)(output_stream::err, line); });
}

/// UndefinedBehaviorSanitizer doesn't know that the exception which ends a thread has no object.
template <class F>
__attribute__((no_sanitize("null"))) void output_calls::call(F&& handler) {
  try {
    handler();
  } catch (const abi::__forced_unwind&) {
    fail(std::make_exception_ptr(
        std::system_error{make_error_code(errc::thread_ended),
                          "a handler of its command's has ended its thread (pthread_exit)"}));
    throw;
  } catch (...) {
    fail(std::current_exception());
  }
}

/// It isn't called any more.
void output_calls::fail(std::exception_ptr why) noexcept {
  const std::lock_guard lock{mutex_};
  error_ = std::move(why);
  pieces_.clear();
  bytes_ = 0;
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
