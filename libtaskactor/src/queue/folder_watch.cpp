#include "queue/folder_watch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string_view>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_step{5}, last_step{160}, own_step{40};
constexpr std::chrono::seconds lately{10};

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

/// Which events led here was read before: those of a write that begins only now are others'.
folder_watch::looks folder_watch::wanted_looks(time now) noexcept {
  const bool perhaps_own = calls_.load() != 0 || now - call_ended_.load() < last_step;
  if (perhaps_own && now - others_.load() > lately)
    return {own_step, own_step};
  return {first_step, last_step};
}

void folder_watch::run(std::chrono::nanoseconds period, const std::function<void()>& tick,
                       const std::function<void()>& look) {
  const auto quiet = events_ ? 2 * period : period;
  auto last_look = std::chrono::steady_clock::now();
  auto next_tick = last_look + period;
  auto next_look = time::max(); // no event wants one
  looks wanted{};
  while (true) {
    // Until a look is due nobody needs to hear of further events.
    const bool waits = next_look == time::max();
    const bool event = wait(std::min(waits ? last_look + quiet : next_look, next_tick), events_ && waits);
    eventfd_t stopped = 0;
    if (::eventfd_read(stop_.get(), &stopped) == 0)
      return;
    const auto now = std::chrono::steady_clock::now();
    if (event && read_events()) {
      wanted = wanted_looks(now);
      next_look = std::max(now, last_look + first_step);
    }
    if (next_look <= now) {
      look();
      last_look = now;
      if (events_ && read_events()) // those of its own end no series of looks at others'
        if (const auto more = wanted_looks(now); more.last >= wanted.last || wanted.step > wanted.last)
          wanted = more;
      next_look = time::max();
      if (wanted.step <= wanted.last) {
        next_look = now + wanted.step;
        wanted.step *= 2;
      }
    } else if (next_look == time::max() && now - last_look >= quiet) {
      look();
      last_look = now;
    }
    if (next_tick <= now) {
      next_tick = now + period;
      tick();
    }
  }
}

} // namespace taskactor::detail
