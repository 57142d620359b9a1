#include "command/running_command.hpp"

#include "base/free_memory.hpp"
#include "base/memory.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
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
      out_(output_stream::out, request_.options),
      err_(output_stream::err, request_.options) {
  result_.started = std::chrono::steady_clock::now();
}

void running_command::prepare(group_table& groups) {
  try {
    pipes_ = open_pipes(plan());
    if (pipes_.output)
      poller_.watch(pipes_.output, EPOLLIN, make_token(key(), part::output));
    if (pipes_.error)
      poller_.watch(pipes_.error, EPOLLIN, make_token(key(), part::error));
    group_ = groups.take();
  } catch (...) {
    close_all();
    throw;
  }
}

void running_command::give_back(group_table& groups) noexcept {
  if (auto* const slot = std::exchange(group_, nullptr))
    groups.give_back(slot);
}

void running_command::start(int no_input, const child_stack& stack, pid_t& pid) {
  child_ = spawn(plan(), pipes_, {input() ? input().get() : no_input, group_, stack, pid, terminal_.get()});
  result_.pid = child_.pid;
}

start_request running_command::give_up() noexcept {
  close_all();
  ++request_.tries;
  return std::move(request_);
}

running_command::attached running_command::attach() noexcept {
  request_.input.close();
  free_memory(request_.plan.candidates);
  free_memory(request_.plan.arguments);
  free_memory(request_.plan.environment);
  request_.listener->on_started(child_.pid);
  if (pipes_.input)
    feed();
  return watch();
}

running_command::attached running_command::look() noexcept {
  siginfo_t ended{};
  const bool is_ours
      = ::waitid(P_PID, static_cast<id_t>(child_.pid), &ended, WEXITED | WNOHANG | WNOWAIT) == 0;
  if (is_ours ? ended.si_pid != 0 : errno == ECHILD)
    return attached::no;
  if (pipes_.input && !input_watched_)
    feed();
  return watch();
}

running_command::attached running_command::watch() noexcept {
  try {
    if (!exit_) {
      auto process = open_process(child_.pid);
      poller_.watch(process, EPOLLIN, make_token(key(), part::exit));
      exit_ = std::move(process);
    }
    if (pipes_.input && !input_watched_) {
      poller_.watch(pipes_.input, EPOLLOUT, make_token(key(), part::input));
      input_watched_ = true;
    }
    return attached::wholly;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::no_such_process ? attached::no : attached::partly;
  } catch (const std::bad_alloc&) { // for the words of that
    return attached::partly;
  }
}

void running_command::on_ready(part which, std::span<char> buffer) noexcept {
  if (which == part::input && pipes_.input)
    feed();
  else if (which == part::output && pipes_.output)
    read(pipes_.output, out_, buffer);
  else if (which == part::error && pipes_.error)
    read(pipes_.error, err_, buffer);
}

terminal_loan* running_command::terminal() {
  if (!plan().on_terminal)
    return nullptr;
  try {
    terminal_ = std::make_unique<terminal_loan>();
  } catch (const std::system_error& error) {
    throw start_error{errc::command_not_started,
                      "cannot run '" + plan().program + "': it is to have the terminal, " + error.what()};
  }
  return terminal_.get();
}

void running_command::look_for_stop() noexcept {
  siginfo_t what{};
  if (child_.pid <= 0 || ::waitid(P_PID, static_cast<id_t>(child_.pid), &what, WSTOPPED | WNOHANG) != 0
      || what.si_pid != child_.pid)
    return;
  if (terminal_)
    terminal_->take_back();
  if (request_.listener->on_stopped(key(), what.si_status))
    continue_on_terminal();
  else
    stop_is_told_ = true;
}

void running_command::continue_on_terminal() noexcept {
  if (!terminal_)
    return;
  terminal_->lend_again(child_.pid);
  signal_group(child_.pid, SIGCONT);
}

void running_command::leave() noexcept {
  request_.listener->on_leaving();
  if (terminal_)
    terminal_->take_back();
}

void running_command::feed() noexcept {
  const std::string& data = request_.options.stdin_data;
  const auto size = ::write(pipes_.input.get(), data.data() + fed_, data.size() - fed_);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  fed_ += size < 0 ? 0 : static_cast<std::size_t>(size);
  if (size < 0 || fed_ == data.size()) { // nobody reads it any more, or all is written
    poller_.close(pipes_.input);
    static_cast<void>(request_.options.stdin_data.take()); // its memory, too
  }
}

void running_command::read(unique_fd& from, output& to, std::span<char> buffer) noexcept {
  if (paused_)
    return; // that it has come to its end is known later
  request_.listener->on_readable();
  const auto size = ::read(from.get(), buffer.data(), buffer.size());
  if (size > 0)
    to.take({buffer.data(), static_cast<std::size_t>(size)}, request_.options, result_.handler_error);
  else if (size == 0 || (errno != EAGAIN && errno != EINTR))
    poller_.close(from); // the command has closed it and may well run on
  if (!request_.listener->has_room(key()))
    pause();
}

void running_command::pause() noexcept {
  paused_ = true;
  if (pipes_.output)
    poller_.pause(pipes_.output, make_token(key(), part::output));
  if (pipes_.error)
    poller_.pause(pipes_.error, make_token(key(), part::error));
}

void running_command::read_on() noexcept {
  if (std::exchange(stop_is_told_, false))
    continue_on_terminal();
  if (!std::exchange(paused_, false))
    return;
  if (pipes_.output)
    poller_.go_on(pipes_.output, EPOLLIN, make_token(key(), part::output));
  if (pipes_.error)
    poller_.go_on(pipes_.error, EPOLLIN, make_token(key(), part::error));
}

void running_command::drain(std::span<char> buffer) noexcept {
  drain(pipes_.output, out_, buffer);
  drain(pipes_.error, err_, buffer);
}

void running_command::drain(unique_fd& from, output& to, std::span<char> buffer) noexcept {
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
  auto message = once_there_is_memory([&] { return std::string{error.what()}; });
  request_.listener->on_start_failed(error.code(), std::move(message));
}

void running_command::close_all() noexcept {
  for (auto* fd : {&pipes_.input, &pipes_.output, &pipes_.error, &exit_})
    poller_.close(*fd);
  pipes_ = {};
}

} // namespace taskactor::detail
