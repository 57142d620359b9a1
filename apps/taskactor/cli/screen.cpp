#include "cli/screen.hpp"

#include "base/new_thread.hpp"
#include "cli/descriptors.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <cstdlib>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Bytes that wait to be said, beyond which the log is lost.
constexpr std::size_t room = std::size_t{1} << 18;

} // namespace

screen::screen()
    : out_is_terminal_(::isatty(STDOUT_FILENO) == 1), err_is_terminal_(::isatty(STDERR_FILENO) == 1) {
  const char* kind = std::getenv("TERM");
  can_live_ = err_is_terminal_ && kind && std::string_view{kind} != "dumb";
  thread_ = detail::new_thread("what is to be said", [this] { speak(); });
}

screen::~screen() {
  live({});
  {
    const std::lock_guard lock{mutex_};
    last_ = true;
    posted_.notify_one();
  }
  thread_.join();
}

void screen::note(std::string_view text) { print("taskactor: " + detail::visible(text) + '\n'); }

void screen::print(std::string_view lines) {
  const std::lock_guard lock{mutex_};
  words_ += lines;
  posted_.notify_one();
}

void screen::log(std::string_view line) {
  const std::lock_guard lock{mutex_};
  if (words_.size() < room)
    words_ += line;
  else
    ++lost_;
  posted_.notify_one();
}

void screen::live(std::string text) {
  if (!can_live_)
    return;
  const std::lock_guard lock{mutex_};
  wanted_ = std::move(text);
  posted_.notify_one();
}

bool screen::behind() const {
  const std::lock_guard lock{mutex_};
  return speaks_ || !silent();
}

bool screen::said_within(std::chrono::milliseconds time) const {
  std::unique_lock lock{mutex_};
  return said_.wait_for(lock, time, [this] { return !speaks_ && silent(); });
}

int screen::write(output_stream which, std::string_view bytes) {
  const int fd = which == output_stream::out ? STDOUT_FILENO : STDERR_FILENO;
  if (fd == STDOUT_FILENO && !out_is_terminal_)
    return write_all(fd, bytes); // not under the lock: a reader that is slow must not keep us from speaking
  const std::lock_guard lock{terminal_};
  erase();
  return put(fd, bytes);
}

std::size_t screen::width() noexcept {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

// -- the thread -------------------------------------------------------------

void screen::speak() {
  std::unique_lock lock{mutex_};
  for (;;) {
    posted_.wait(lock, [this] { return last_ || !silent(); });
    if (silent())
      return;
    auto words = std::exchange(words_, {});
    auto live = std::exchange(wanted_, {});
    if (const auto lost = std::exchange(lost_, 0))
      words += "taskactor: lines of the log that are lost, since nobody read standard error: "
               + std::to_string(lost) + '\n';
    speaks_ = true;
    lock.unlock();
    say(words, std::move(live));
    lock.lock();
    speaks_ = false;
    said_.notify_all();
  }
}

void screen::say(const std::string& words, std::optional<std::string> live) {
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

void screen::show(std::string text) {
  if (!at_line_start_ || text == shown_)
    return;
  if (text.empty())
    erase();
  else
    write_all(STDERR_FILENO, '\r' + text + "\x1b[K");
  shown_ = std::move(text);
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
