#include "screen.hpp"

#include "descriptors.hpp"

#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace taskactor::cli {

screen::screen()
    : out_is_terminal_(::isatty(STDOUT_FILENO) == 1), err_is_terminal_(::isatty(STDERR_FILENO) == 1) {
  const char* kind = std::getenv("TERM");
  can_live_ = err_is_terminal_ && kind && std::string_view{kind} != "dumb";
}

screen::~screen() { live({}); }

void screen::note(std::string_view text) { print("taskactor: " + std::string{text} + '\n'); }

void screen::print(std::string_view lines) {
  const std::lock_guard lock{mutex_};
  erase();
  if (!at_line_start_)
    put(STDERR_FILENO, "\n");
  put(STDERR_FILENO, lines); // when nobody hears us there is nobody to tell
}

int screen::write(stream which, std::string_view bytes) {
  const int fd = which == stream::out ? STDOUT_FILENO : STDERR_FILENO;
  if (fd == STDOUT_FILENO && !out_is_terminal_)
    return write_all(fd, bytes); // not under the lock: a reader that is slow must not keep us from speaking
  const std::lock_guard lock{mutex_};
  erase();
  return put(fd, bytes);
}

void screen::live(std::string text) {
  const std::lock_guard lock{mutex_};
  if (!can_live_ || !at_line_start_ || text == shown_)
    return;
  if (text.empty())
    erase();
  else
    write_all(STDERR_FILENO, '\r' + text + "\x1b[K");
  shown_ = std::move(text);
}

std::size_t screen::width() noexcept {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void screen::erase() {
  if (!std::exchange(shown_, {}).empty())
    write_all(STDERR_FILENO, "\r\x1b[K");
}

int screen::put(int fd, std::string_view bytes) {
  if (bytes.empty())
    return 0;
  if (fd == STDERR_FILENO ? err_is_terminal_ : out_is_terminal_)
    at_line_start_ = bytes.back() == '\n';
  return write_all(fd, bytes);
}

} // namespace taskactor::cli
