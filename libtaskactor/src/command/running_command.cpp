#include "command/running_command.hpp"

#include "base/free_memory.hpp"
#include "base/memory.hpp"

#include <new>
#include <string>
#include <system_error>
#include <utility>

namespace taskactor::detail {

running_command::running_command(start_request&& request, poller& poller)
    : request_(std::move(request)),
      process_(poller),
      streams_(request_.key, request_.options, *request_.listener, poller) {
  result_.started = std::chrono::steady_clock::now();
}

void running_command::prepare(group_table& groups) {
  try {
    streams_.open(request_.plan);
    process_.take_slot(groups);
  } catch (...) {
    close_all();
    throw;
  }
}

bool running_command::open_terminal() {
  if (!request_.plan.on_terminal)
    return false;
  try {
    process_.open_terminal();
  } catch (const std::system_error& error) {
    throw start_error{errc::command_not_started, "cannot run '" + request_.plan.program
                                                     + "': it is to have the terminal, " + error.what()};
  }
  return true;
}

void running_command::start(int no_input, const child_stack& stack, pid_t& pid) {
  const int input = request_.input ? request_.input.get() : no_input;
  process_.start(request_.plan, streams_.pipes(), input, request_.held, stack, pid);
  result_.pid = process_.pid();
}

start_request running_command::give_up() noexcept {
  close_all();
  ++request_.tries;
  return std::move(request_);
}

running_command::attached running_command::attach() noexcept {
  request_.input.close();
  request_.held = {};
  free_memory(request_.plan.candidates);
  free_memory(request_.plan.arguments);
  free_memory(request_.plan.environment);
  if (request_.talks)
    request_.listener->on_talk(std::move(streams_.pipes().callers));
  request_.listener->on_started(pid());
  streams_.feed_unwatched();
  return watch();
}

running_command::attached running_command::look() noexcept {
  if (process_.has_ended())
    return attached::no;
  streams_.feed_unwatched();
  return watch();
}

running_command::attached running_command::watch() noexcept {
  try {
    process_.watch(make_token(key(), part::exit));
    streams_.watch_input();
    return attached::wholly;
  } catch (const std::system_error& error) {
    return error.code() == std::errc::no_such_process ? attached::no : attached::partly;
  } catch (const std::bad_alloc&) { // for the words of that
    return attached::partly;
  }
}

void running_command::look_for_stop() noexcept {
  const int signal = process_.take_stop();
  if (signal == 0)
    return;
  if (request_.listener->on_stopped(key(), signal))
    process_.go_on_with_terminal();
  else
    stop_is_told_ = true;
}

void running_command::read_on() noexcept {
  if (std::exchange(stop_is_told_, false))
    process_.go_on_with_terminal();
  streams_.read_on();
}

void running_command::leave() noexcept {
  request_.listener->on_leaving();
  process_.take_terminal_back();
}

void running_command::conclude() noexcept {
  close_all();
  streams_.finish(result_);
  request_.listener->on_exit(std::move(result_));
}

void running_command::conclude(const start_error& error) noexcept {
  close_all();
  auto message = once_there_is_memory([&] { return std::string{error.what()}; });
  request_.listener->on_start_failed(error.code(), std::move(message));
}

void running_command::close_all() noexcept {
  streams_.close();
  process_.close();
}

} // namespace taskactor::detail
