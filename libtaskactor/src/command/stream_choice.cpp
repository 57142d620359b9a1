#include "command/stream_choice.hpp"

#include <taskactor/command_stream.hpp>
#include <taskactor/error.hpp>
#include <taskactor/io/descriptor.hpp>

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace taskactor {

using detail::stream_choice;
using detail::stream_kind;

command_stream::command_stream(stream_choice choice)
    : choice_(std::make_shared<stream_choice>(std::move(choice))) {}

command_stream command_stream::capture() { return command_stream{stream_choice{stream_kind::capture}}; }
command_stream command_stream::pipe() { return command_stream{stream_choice{stream_kind::pipe}}; }
command_stream command_stream::null() { return command_stream{stream_choice{stream_kind::null}}; }
command_stream command_stream::read(std::string path) {
  return command_stream{stream_choice{stream_kind::read, std::move(path)}};
}
command_stream command_stream::truncate(std::string path) {
  return command_stream{stream_choice{stream_kind::truncate, std::move(path)}};
}
command_stream command_stream::append(std::string path) {
  return command_stream{stream_choice{stream_kind::append, std::move(path)}};
}
command_stream command_stream::inherit() { return command_stream{stream_choice{stream_kind::inherit}}; }
command_stream command_stream::inherit(int fd) {
  if (fd < 0)
    throw error{errc::invalid_argument, "inherit: " + std::to_string(fd) + " is no descriptor"};
  return command_stream{stream_choice{stream_kind::inherit, {}, fd}};
}
command_stream command_stream::own(descriptor fd) {
  if (fd) // that no other child of this program has it as well
    static_cast<void>(::fcntl(fd.get(), F_SETFD, FD_CLOEXEC));
  return command_stream{stream_choice{stream_kind::own, {}, fd.release()}};
}

namespace detail {

namespace {

constexpr const char* stream_names[] = {"in", "out", "err"};

const std::shared_ptr<stream_choice>& choice_of(const field<command_stream>& stream) {
  return content_of(stream).choice();
}

unique_fd copy_of(int fd, const std::string& whose) {
  const auto subject = whose + ": descriptor " + std::to_string(fd);
  try {
    return own(::fcntl(fd, F_DUPFD_CLOEXEC, 10), "fcntl");
  } catch (const std::system_error& why) {
    if (why.code() == std::errc::bad_file_descriptor)
      throw error{errc::invalid_argument, subject + " isn't open"};
    throw error{errc::command_not_started, subject + " can't be copied: " + why.code().message()};
  }
}

/// Nobody else has it then.
unique_fd taken(stream_choice& from, const std::string& whose) {
  unique_fd mine{from.fd.exchange(-1)};
  if (!mine)
    throw error{errc::invalid_argument,
                whose + ": the descriptor was none, or was given to another command before"};
  const int flags = ::fcntl(mine.get(), F_GETFL);
  if (flags < 0)
    throw error{errc::invalid_argument, whose + ": descriptor " + std::to_string(mine.get()) + " isn't open"};
  if ((flags & O_NONBLOCK) != 0)
    static_cast<void>(::fcntl(mine.get(), F_SETFL, flags & ~O_NONBLOCK));
  if (mine.get() > STDERR_FILENO)
    return mine;
  return copy_of(mine.get(), whose); // a child's streams are put to these numbers
}

unique_fd held(const field<command_stream>& stream, int number) {
  const auto& choice = choice_of(stream);
  const auto* const name = stream_names[number];
  if (!choice || (choice->kind != stream_kind::inherit && choice->kind != stream_kind::own))
    return {};
  if (choice->kind == stream_kind::own)
    return taken(*choice, name);
  const int fd = choice->fd.load();
  return copy_of(fd < 0 ? number : fd, name);
}

} // namespace

stream_choice::~stream_choice() {
  if (kind == stream_kind::own)
    unique_fd{fd.load()}.close();
}

stream_kind kind_of(const field<command_stream>& stream) {
  const auto& choice = choice_of(stream);
  return choice ? choice->kind : stream_kind::usual;
}

std::shared_ptr<kept_descriptors> keep_descriptors(command_options& options, bool for_attempts) {
  std::shared_ptr<kept_descriptors> result;
  const auto keep = [&](int fd, const char* whose) {
    if (!result)
      result = std::make_shared<kept_descriptors>(kept_descriptors{{}, for_attempts});
    return result->copies.emplace_back(copy_of(fd, whose)).get();
  };
  const auto keep_stream = [&](field<command_stream>& stream, int number) {
    const auto& choice = choice_of(stream);
    if (choice && choice->kind == stream_kind::inherit && choice->fd.load() >= 0)
      stream = command_stream::inherit(keep(choice->fd.load(), stream_names[number]));
  };
  keep_stream(options.in, 0);
  keep_stream(options.out, 1);
  keep_stream(options.err, 2);
  auto passed = content_of(options.pass);
  for (auto& each : passed)
    each.fd = keep(each.fd, "pass");
  if (!passed.empty())
    options.pass = std::move(passed);
  return result;
}

held_descriptors hold_descriptors(const command_options& options) {
  held_descriptors result;
  result.streams = {held(options.in, 0), held(options.out, 1), held(options.err, 2)};
  for (const auto& each : content_of(options.pass))
    result.passed.push_back({copy_of(each.fd, "pass"), each.number});
  return result;
}

} // namespace detail

} // namespace taskactor
