#include "running_command.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

std::chrono::nanoseconds to_duration(const timeval& time) {
  return std::chrono::seconds{time.tv_sec} + std::chrono::microseconds{time.tv_usec};
}

} // namespace

running_command::running_command(start_request&& request, poller& poller)
    : request_(std::move(request)),
      poller_(poller),
      out_(stream::out, request_.options),
      err_(stream::err, request_.options) {
  result_.started = std::chrono::steady_clock::now();
}

void running_command::take(child&& started) noexcept {
  child_ = std::move(started);
  result_.pid = child_.pid;
  request_.input.close();
  request_.plan.candidates = {};
  request_.plan.arguments = {};
  request_.plan.environment = {};
}

bool running_command::attach() {
  request_.listener->on_started(child_.pid);
  try {
    exit_ = open_process(child_.pid);
  } catch (const std::system_error& error) {
    if (error.code() == std::errc::no_such_process)
      return false;
    throw;
  }
  poller_.watch(child_.output, EPOLLIN, make_token(key(), part::output));
  if (child_.error)
    poller_.watch(child_.error, EPOLLIN, make_token(key(), part::error));
  poller_.watch(exit_, EPOLLIN, make_token(key(), part::exit));
  if (child_.input)
    feed();
  if (child_.input)
    poller_.watch(child_.input, EPOLLOUT, make_token(key(), part::input));
  return true;
}

void running_command::on_ready(part which, std::span<char> buffer) noexcept {
  if (which == part::input && child_.input)
    feed();
  else if (which == part::output && child_.output)
    read(child_.output, out_, buffer);
  else if (which == part::error && child_.error)
    read(child_.error, err_, buffer);
}

void running_command::feed() noexcept {
  const std::string& data = request_.options.stdin_data;
  const auto size = ::write(child_.input.get(), data.data() + fed_, data.size() - fed_);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  fed_ += size < 0 ? 0 : static_cast<std::size_t>(size);
  if (size < 0 || fed_ == data.size()) { // nobody reads it any more, or all is written
    poller_.close(child_.input);
    request_.options.stdin_data = {};
  }
}

void running_command::read(descriptor& from, output& to, std::span<char> buffer) noexcept {
  request_.listener->on_readable();
  const auto size = ::read(from.get(), buffer.data(), buffer.size());
  if (size > 0)
    to.take({buffer.data(), static_cast<std::size_t>(size)}, request_.options, result_.handler_error);
  else if (size == 0 || (errno != EAGAIN && errno != EINTR))
    poller_.close(from); // the command has closed it and may well run on
}

void running_command::drain(std::span<char> buffer) noexcept {
  drain(child_.output, out_, buffer);
  drain(child_.error, err_, buffer);
}

void running_command::drain(descriptor& from, output& to, std::span<char> buffer) noexcept {
  int left = 0;
  if (!from || ::ioctl(from.get(), FIONREAD, &left) != 0)
    return;
  while (left > 0) {
    const auto size
        = ::read(from.get(), buffer.data(), std::min(buffer.size(), static_cast<std::size_t>(left)));
    if (size <= 0)
      return;
    to.take({buffer.data(), static_cast<std::size_t>(size)}, request_.options, result_.handler_error);
    left -= static_cast<int>(size);
  }
}

bool running_command::reap() noexcept {
  int status = 0;
  rusage usage{};
  const auto answer = ::wait4(child_.pid, &status, WNOHANG, &usage);
  if (answer == 0)
    return false;
  if (answer < 0)
    return errno != EINTR; // ECHILD: someone else has taken the status, and it stays unknown
  if (WIFEXITED(status))
    result_.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) {
    result_.term_signal = WTERMSIG(status);
    result_.core_dumped = WCOREDUMP(status);
  }
  result_.user_time = to_duration(usage.ru_utime);
  result_.system_time = to_duration(usage.ru_stime);
  result_.max_rss = static_cast<std::size_t>(usage.ru_maxrss) * 1024;
  return true;
}

void running_command::conclude() noexcept {
  close_all();
  out_.finish(request_.options, result_.handler_error);
  err_.finish(request_.options, result_.handler_error);
  result_.out_truncated = out_.truncated();
  result_.err_truncated = err_.truncated();
  result_.out = out_.release();
  result_.err = err_.release();
  request_.listener->on_exit(std::move(result_));
}

void running_command::conclude(const start_error& error) noexcept {
  close_all();
  request_.listener->on_start_failed(error.code(), error.what());
}

void running_command::close_all() noexcept {
  for (auto* fd : {&child_.input, &child_.output, &child_.error, &exit_})
    poller_.close(*fd);
}

} // namespace taskactor::detail
