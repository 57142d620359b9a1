#include "queue/folder_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_step{5}, last_step{160};

} // namespace

folder_watch::folder_watch(const std::string& file, bool events)
    : stop_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  const std::filesystem::path path{file};
  name_ = path.filename().string();
  if (!events)
    return;
  unique_fd made{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)};
  const auto folder = path.has_parent_path() ? path.parent_path().string() : std::string{"."};
  if (made
      && ::inotify_add_watch(made.get(), folder.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE)
             >= 0)
    events_ = std::move(made);
}

void folder_watch::stop() noexcept { ::eventfd_write(stop_.get(), 1); }

/// True: an event has come. It waits no longer than until `stop`.
bool folder_watch::wait(time until, bool events) {
  std::array<pollfd, 2> fds{pollfd{stop_.get(), POLLIN, 0}, pollfd{events ? events_.get() : -1, POLLIN, 0}};
  const auto rest = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
  const auto limit = std::clamp<std::int64_t>(rest.count(), 0, 60'000);
  return ::poll(fds.data(), fds.size(), static_cast<int>(limit)) > 0 && (fds[1].revents & POLLIN) != 0;
}

/// True: one of them is of the store's file, or of its log. (Its shared memory is written by readers, too.)
bool folder_watch::read_events() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool ours = false;
  for (;;) {
    const auto size = ::read(events_.get(), buffer.data(), buffer.size());
    if (size <= 0)
      return ours;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      const auto& one = *reinterpret_cast<const inotify_event*>(buffer.data() + at);
      at += sizeof(inotify_event) + one.len;
      const std::string_view name{one.len != 0 ? one.name : ""};
      ours = ours || (one.mask & IN_Q_OVERFLOW) != 0 || (name.starts_with(name_) && name != name_ + "-shm");
    }
  }
}

void folder_watch::run(std::chrono::nanoseconds period, const std::function<void()>& tick,
                       const std::function<void()>& look) {
  auto next_tick = std::chrono::steady_clock::now() + period;
  std::optional<time> next_look;
  time last_look{};
  milliseconds step = first_step;
  while (true) {
    // Until a look is due nobody needs to hear of further events.
    const bool event = wait(next_look ? std::min(*next_look, next_tick) : next_tick, events_ && !next_look);
    eventfd_t stopped = 0;
    if (::eventfd_read(stop_.get(), &stopped) == 0)
      return;
    auto now = std::chrono::steady_clock::now();
    if (event && read_events()) {
      step = first_step;
      next_look = std::max(now, last_look + first_step);
    }
    if (next_look && *next_look <= now) {
      look();
      last_look = now;
      const bool more = events_ && read_events();
      if (more)
        step = first_step;
      next_look.reset();
      if (step <= last_step) {
        next_look = now + step;
        step *= 2;
      }
    }
    if (next_tick <= now) {
      next_tick = now + period;
      tick();
      look();
    }
  }
}

} // namespace taskactor::detail
