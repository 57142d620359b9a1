#include "command/command_table.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

namespace taskactor::detail {

command_table::command_table() : wakeup_fd_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

bool command_table::add(start_request&& request) {
  std::unique_lock lock{mutex_};
  if (stopping_)
    return false;
  const auto key = request.key;
  queue_.push_back(std::move(request));
  try {
    entries_.emplace(key, entry{});
  } catch (...) {
    queue_.pop_back();
    throw;
  }
  wake(lock);
  return true;
}

bool command_table::add_reading(reading_request request) {
  std::unique_lock lock{mutex_};
  if (done_ || server_ == std::thread::id{})
    return false;
  readings_.push_back(std::move(request));
  wake(lock);
  return true;
}

std::vector<reading_request> command_table::readings() noexcept {
  std::lock_guard lock{mutex_};
  return std::exchange(readings_, {});
}

void command_table::signal(std::uint64_t key, int signal) noexcept {
  std::unique_lock lock{mutex_};
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return;
  if (found->second.pid != 0)
    signal_group(found->second.pid, signal);
  else if (signal == SIGKILL || (signal == SIGTERM && found->second.abandoned_by == 0))
    found->second.abandoned_by = signal;
  if (key == starting_key_ && signal == SIGKILL)
    kill_starting();
  if (found->second.pid != 0)
    return;
  any_abandoned_ = true;
  wake(lock); // it may be one that waits for room
}

void command_table::kill_starting() noexcept {
  if (const pid_t starting = std::atomic_ref{starting_pid_}.load(); starting_key_ != 0 && starting > 0)
    ::kill(starting, SIGKILL);
}

void command_table::stop() noexcept {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  kill_starting(); // the serving thread would kill it, but may be waiting for it
  wake(lock);
}

void command_table::wait_finished() noexcept {
  std::unique_lock lock{mutex_};
  if (server_ != std::this_thread::get_id())
    finished_.wait(lock, [this] { return done_; });
}

command_statistics command_table::statistics() const {
  std::lock_guard lock{mutex_};
  auto result = counts_;
  result.queued = entries_.size() - result.running;
  result.started = result.running + result.ended;
  return result;
}

void command_table::acknowledge() noexcept {
  std::lock_guard lock{mutex_};
  std::uint64_t count = 0;
  static_cast<void>(::read(wakeup_fd_.get(), &count, sizeof count));
  woken_ = false;
}

void command_table::serve() noexcept {
  std::lock_guard lock{mutex_};
  server_ = std::this_thread::get_id();
}

void command_table::finish() noexcept {
  std::lock_guard lock{mutex_};
  done_ = true;
  const auto wakeup_fd = std::exchange(wakeup_fd_, {}); // nobody writes it any more
  while (ringing_.load(std::memory_order_acquire) != 0)
    std::this_thread::yield();
  finished_.notify_all();
}

bool command_table::stopping() const noexcept {
  std::lock_guard lock{mutex_};
  return stopping_;
}

bool command_table::has_next() const noexcept {
  std::lock_guard lock{mutex_};
  return first_ || !queue_.empty();
}

std::optional<start_request> command_table::next(int& abandoned_by) {
  std::lock_guard lock{mutex_};
  auto request = std::exchange(first_, std::nullopt);
  if (!request && !queue_.empty()) {
    request.emplace(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (request)
    abandoned_by = entries_.at(request->key).abandoned_by;
  return request;
}

std::optional<start_request> command_table::next_abandoned(int& abandoned_by) noexcept {
  std::lock_guard lock{mutex_};
  if (!any_abandoned_)
    return {};
  const auto is_abandoned
      = [&](const start_request& each) { return (abandoned_by = entries_.at(each.key).abandoned_by) != 0; };
  if (first_ && is_abandoned(*first_))
    return std::exchange(first_, std::nullopt);
  const auto found = std::find_if(queue_.begin(), queue_.end(), is_abandoned);
  if (found == queue_.end()) {
    any_abandoned_ = false;
    return {};
  }
  std::optional<start_request> request{std::move(*found)};
  queue_.erase(found);
  return request;
}

void command_table::put_back(start_request&& request) noexcept {
  std::lock_guard lock{mutex_};
  first_.emplace(std::move(request));
}

pid_t& command_table::starting(std::uint64_t key) noexcept {
  std::lock_guard lock{mutex_};
  starting_key_ = key;
  starting_pid_ = 0;
  return starting_pid_;
}

void command_table::not_started() noexcept {
  std::lock_guard lock{mutex_};
  starting_key_ = 0;
}

int command_table::running(std::uint64_t key, pid_t pid) noexcept {
  std::lock_guard lock{mutex_};
  auto& found = entries_.at(key);
  found.pid = pid;
  starting_key_ = 0;
  ++counts_.running;
  return found.abandoned_by;
}

void command_table::retire(std::uint64_t key, command_end end) noexcept {
  std::lock_guard lock{mutex_};
  const auto found = entries_.find(key);
  if (found == entries_.end())
    return;
  if (found->second.pid != 0)
    --counts_.running;
  entries_.erase(found);
  ++(end == command_end::ended ? counts_.ended : counts_.start_failures);
}

/// Not under the lock, which the serving thread takes first of all.
void command_table::wake(std::unique_lock<std::mutex>& lock) noexcept {
  if (!wakeup_fd_ || std::exchange(woken_, true))
    return;
  const int wakeup_fd = wakeup_fd_.get();
  ringing_.fetch_add(1, std::memory_order_relaxed);
  lock.unlock();
  const std::uint64_t one = 1;
  static_cast<void>(::write(wakeup_fd, &one, sizeof one)); // never full: read before it is written again
  ringing_.fetch_sub(1, std::memory_order_release);
}

void signal_group(pid_t group, int signal) noexcept {
  ::kill(-group, signal);
  const bool has_left = ::getpgid(group) != group; // the leader itself, which we haven't reaped
  if (has_left)
    ::kill(group, signal);
  if (signal == SIGTERM)
    ::kill(has_left ? group : -group, SIGCONT);
}

} // namespace taskactor::detail
