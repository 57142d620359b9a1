#include "command/command_streams.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace taskactor::detail {

command_streams::command_streams(std::uint64_t key, command_options& options, command_listener& listener,
                                 poller& poller)
    : key_(key),
      options_(options),
      listener_(listener),
      poller_(poller),
      out_(output_stream::out, options),
      err_(output_stream::err, options) {}

void command_streams::open(const launch_plan& plan) {
  pipes_ = open_pipes(plan);
  if (pipes_.output)
    poller_.watch(pipes_.output, EPOLLIN, make_token(key_, part::output));
  if (pipes_.error)
    poller_.watch(pipes_.error, EPOLLIN, make_token(key_, part::error));
}

void command_streams::feed_unwatched() noexcept {
  if (pipes_.input && !input_watched_)
    feed();
}

void command_streams::watch_input() {
  if (!pipes_.input || input_watched_)
    return;
  poller_.watch(pipes_.input, EPOLLOUT, make_token(key_, part::input));
  input_watched_ = true;
}

void command_streams::on_ready(part which, std::span<char> buffer) noexcept {
  if (which == part::input && pipes_.input)
    feed();
  else if (which == part::output && pipes_.output)
    read(pipes_.output, out_, buffer);
  else if (which == part::error && pipes_.error)
    read(pipes_.error, err_, buffer);
}

void command_streams::feed() noexcept {
  const std::string& data = options_.stdin_data;
  const auto size = ::write(pipes_.input.get(), data.data() + fed_, data.size() - fed_);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  fed_ += size < 0 ? 0 : static_cast<std::size_t>(size);
  if (size < 0 || fed_ == data.size()) { // nobody reads it any more, or all is written
    poller_.close(pipes_.input);
    static_cast<void>(take_content(options_.stdin_data)); // its memory, too
  }
}

void command_streams::read(unique_fd& from, output& to, std::span<char> buffer) noexcept {
  if (paused_)
    return; // that it has come to its end is known later
  listener_.on_readable();
  const auto size = ::read(from.get(), buffer.data(), buffer.size());
  if (size > 0)
    to.take({buffer.data(), static_cast<std::size_t>(size)}, options_, handler_error_);
  else if (size == 0 || (errno != EAGAIN && errno != EINTR))
    poller_.close(from); // the command has closed it and may well run on
  if (!listener_.has_room(key_))
    pause();
}

void command_streams::pause() noexcept {
  paused_ = true;
  if (pipes_.output)
    poller_.pause(pipes_.output, make_token(key_, part::output));
  if (pipes_.error)
    poller_.pause(pipes_.error, make_token(key_, part::error));
}

void command_streams::read_on() noexcept {
  if (!std::exchange(paused_, false))
    return;
  if (pipes_.output)
    poller_.go_on(pipes_.output, EPOLLIN, make_token(key_, part::output));
  if (pipes_.error)
    poller_.go_on(pipes_.error, EPOLLIN, make_token(key_, part::error));
}

void command_streams::drain(std::span<char> buffer) noexcept {
  drain(pipes_.output, out_, buffer);
  drain(pipes_.error, err_, buffer);
}

void command_streams::drain(unique_fd& from, output& to, std::span<char> buffer) noexcept {
  int left = 0;
  if (!from || ::ioctl(from.get(), FIONREAD, &left) != 0)
    return;
  while (left > 0) {
    const auto size
        = ::read(from.get(), buffer.data(), std::min(buffer.size(), static_cast<std::size_t>(left)));
    if (size <= 0)
      return;
    to.take({buffer.data(), static_cast<std::size_t>(size)}, options_, handler_error_);
    left -= static_cast<int>(size);
  }
}

void command_streams::close() noexcept {
  for (auto* fd : {&pipes_.input, &pipes_.output, &pipes_.error})
    poller_.close(*fd);
  pipes_ = {};
}

void command_streams::finish(command_result& into) noexcept {
  out_.finish(options_, handler_error_);
  err_.finish(options_, handler_error_);
  into.handler_error = std::move(handler_error_);
  into.out_truncated = out_.truncated();
  into.err_truncated = err_.truncated();
  into.out = out_.release();
  into.err = err_.release();
}

} // namespace taskactor::detail
