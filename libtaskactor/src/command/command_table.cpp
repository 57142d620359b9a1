#include "command/command_table.hpp"

#include <utility>

namespace taskactor::detail {

bool command_table::add(start_request&& request) {
  std::unique_lock lock{mutex_};
  if (stopping_)
    return false;
  const auto key = request.key;
  states_.add(key, request.options.stop_signal);
  try {
    queue_.push(std::move(request));
  } catch (...) {
    states_.remove(key);
    throw;
  }
  wakeup_.wake(lock);
  return true;
}

bool command_table::add_reading(reading_request request) {
  std::unique_lock lock{mutex_};
  if (done_ || server_ == std::thread::id{})
    return false;
  readings_.push_back(std::move(request));
  wakeup_.wake(lock);
  return true;
}

std::vector<reading_request> command_table::readings() noexcept {
  std::lock_guard lock{mutex_};
  return std::exchange(readings_, {});
}

int command_table::signal(std::uint64_t key, int signal, signal_target to) noexcept {
  std::unique_lock lock{mutex_};
  if (to != signal_target::command)
    return states_.send(key, signal, to);
  if (states_.signal(key, signal)) {
    queue_.note_abandoned();
    wakeup_.wake(lock); // it may be one that waits for room
  }
  return 0;
}

void command_table::stop() noexcept {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  states_.kill_starting(); // the serving thread would kill it, but may be waiting for it
  wakeup_.wake(lock);
}

void command_table::wait_finished() noexcept {
  std::unique_lock lock{mutex_};
  if (server_ != std::this_thread::get_id())
    finished_.wait(lock, [this] { return done_; });
}

command_statistics command_table::statistics() const {
  std::lock_guard lock{mutex_};
  return states_.statistics();
}

void command_table::acknowledge() noexcept {
  std::lock_guard lock{mutex_};
  wakeup_.acknowledge();
}

void command_table::serve() noexcept {
  std::lock_guard lock{mutex_};
  server_ = std::this_thread::get_id();
}

void command_table::finish() noexcept {
  std::lock_guard lock{mutex_};
  done_ = true;
  wakeup_.close();
  finished_.notify_all();
}

bool command_table::stopping() const noexcept {
  std::lock_guard lock{mutex_};
  return stopping_;
}

bool command_table::has_next() const noexcept {
  std::lock_guard lock{mutex_};
  return !queue_.empty();
}

std::optional<start_request> command_table::next(int& abandoned_by) {
  std::lock_guard lock{mutex_};
  auto request = queue_.pop();
  if (request)
    abandoned_by = states_.abandoned_by(request->key);
  return request;
}

std::optional<start_request> command_table::next_abandoned(int& abandoned_by) noexcept {
  std::lock_guard lock{mutex_};
  return queue_.pop_abandoned([&](const start_request& each) {
    abandoned_by = states_.abandoned_by(each.key);
    return abandoned_by != 0;
  });
}

void command_table::put_back(start_request&& request) noexcept {
  std::lock_guard lock{mutex_};
  queue_.put_back(std::move(request));
}

pid_t& command_table::starting(std::uint64_t key) noexcept {
  std::lock_guard lock{mutex_};
  return states_.starting(key);
}

void command_table::not_started() noexcept {
  std::lock_guard lock{mutex_};
  states_.not_started();
}

int command_table::running(std::uint64_t key, pid_t pid) noexcept {
  std::lock_guard lock{mutex_};
  return states_.running(key, pid);
}

void command_table::retire(std::uint64_t key, command_end end) noexcept {
  std::lock_guard lock{mutex_};
  states_.retire(key, end);
}

} // namespace taskactor::detail
