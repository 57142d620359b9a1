#include "events/log_writer.hpp"

#include "base/service_thread.hpp"

#include <cxxabi.h>
#include <pthread.h>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::size_t most_lines = 10000;

/// What waits in `dropped` for lines is told. Returns how many lines there are.
template <class Entries>
std::size_t drop(const Entries& dropped) {
  std::size_t lines = 0;
  for (const auto& each : dropped)
    if (each.is_line)
      ++lines;
    else
      each.act();
  return lines;
}

} // namespace

bool log_writer::write(std::function<void()> line) {
  {
    std::unique_lock lock{mutex_};
    if (thread_ == thread_state::none && service_thread::is_this()) {
      try {
        start();
        thread_ = thread_state::runs;
      } catch (...) { // there is no thread to be had at the moment
        return false;
      }
    }
    if (thread_ == thread_state::runs) {
      if (lines_.size() >= most_lines)
        return false;
      lines_.push_back({std::move(line)});
      changed_.notify_all();
      return true;
    }
    if (service_thread::is_this())
      return false; // it has been stopped
  }
  line();
  return true;
}

void log_writer::after_written(std::function<void()> then) {
  {
    const std::lock_guard lock{mutex_};
    if (thread_ == thread_state::runs) {
      lines_.push_back({std::move(then), false});
      changed_.notify_all();
      return;
    }
  }
  then();
}

void log_writer::start() {
  std::thread{[self = shared_from_this()] {
    pthread_setname_np(pthread_self(), "taskactor.log");
    struct departure { // a sink may end its thread
      log_writer& of;
      bool returned = false;
      ~departure() {
        if (!returned)
          of.replace();
      }
    } at_end{*self};
    self->serve();
    at_end.returned = true;
  }}.detach();
}

void log_writer::replace() noexcept {
  std::unique_lock lock{mutex_};
  writes_ = false;
  changed_.notify_all();
  if (lines_.empty() && thread_ == thread_state::ended)
    return;
  try {
    start();
  } catch (...) { // there is no thread to be had: the next line makes one, or is written where it is told
    if (thread_ == thread_state::runs)
      thread_ = thread_state::none;
    const auto dropped = std::exchange(lines_, {});
    lock.unlock();
    drop(dropped);
  }
}

void log_writer::serve() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return !lines_.empty() || thread_ == thread_state::ended; });
    if (lines_.empty())
      return;
    writes_ = true;
    const auto line = std::move(lines_.front().act);
    lines_.pop_front();
    lock.unlock();
    try {
      line();
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) { // NOLINT: there is no other place to say it
    }
    lock.lock();
    writes_ = false;
    changed_.notify_all();
  }
}

bool log_writer::wait_written(std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(lock, bound, [this] { return lines_.empty() && !writes_; });
}

std::size_t log_writer::stop(std::chrono::nanoseconds bound) noexcept {
  std::unique_lock lock{mutex_};
  const auto before = std::exchange(thread_, thread_state::ended);
  changed_.notify_all();
  if (before != thread_state::runs)
    return 0;
  changed_.wait_for(lock, bound, [this] { return lines_.empty() && !writes_; });
  const auto lost = std::exchange(lines_, {});
  const std::size_t hangs = writes_ ? 1 : 0;
  lock.unlock();
  return drop(lost) + hangs;
}

} // namespace taskactor::detail
