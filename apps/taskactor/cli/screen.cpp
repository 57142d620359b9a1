#include "cli/screen.hpp"

#include "base/new_thread.hpp"

#include <taskactor/detail/visible_text.hpp>

#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace taskactor::cli {

namespace {

/// Bytes that wait to be said, beyond which the log is lost.
constexpr std::size_t room = std::size_t{1} << 18;

} // namespace

screen::screen() : thread_(detail::new_thread("what is to be said", [this] { speak(); })) {}

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
  if (!can_live())
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
    streams_.say(words, std::move(live));
    lock.lock();
    speaks_ = false;
    said_.notify_all();
  }
}

} // namespace taskactor::cli
