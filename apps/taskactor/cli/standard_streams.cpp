#include "cli/standard_streams.hpp"

#include "cli/descriptors.hpp"

#include <cstdlib>
#include <utility>

#include <unistd.h>

namespace taskactor::cli {

namespace {

bool can_erase_lines() {
  const char* kind = std::getenv("TERM");
  return kind && std::string_view{kind} != "dumb";
}

} // namespace

standard_streams::standard_streams()
    : out_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      err_is_terminal_(::isatty(STDERR_FILENO) == 1),
      can_live_(err_is_terminal_ && can_erase_lines()) {}

int standard_streams::write(output_stream which, std::string_view bytes) {
  const int fd = which == output_stream::out ? STDOUT_FILENO : STDERR_FILENO;
  if (fd == STDOUT_FILENO && !out_is_terminal_)
    return write_all(fd, bytes); // not under the lock: a reader that is slow must not keep us from speaking
  const std::lock_guard lock{terminal_};
  erase();
  return put(fd, bytes);
}

void standard_streams::say(std::string_view words, std::optional<std::string> live) {
  const std::lock_guard lock{terminal_};
  if (!words.empty()) {
    erase();
    if (!at_line_start_)
      put(STDERR_FILENO, "\n");
    put(STDERR_FILENO, words); // when nobody hears us there is nobody to tell
  }
  if (live)
    show(std::move(*live));
}

void standard_streams::show(std::string text) {
  if (!at_line_start_ || text == shown_)
    return;
  if (text.empty())
    erase();
  else
    write_all(STDERR_FILENO, '\r' + text + "\x1b[K");
  shown_ = std::move(text);
}

void standard_streams::erase() {
  if (!std::exchange(shown_, {}).empty())
    write_all(STDERR_FILENO, "\r\x1b[K");
}

int standard_streams::put(int fd, std::string_view bytes) {
  if (bytes.empty())
    return 0;
  if (fd == STDERR_FILENO ? err_is_terminal_ : out_is_terminal_)
    at_line_start_ = bytes.back() == '\n';
  return write_all(fd, bytes);
}

} // namespace taskactor::cli
