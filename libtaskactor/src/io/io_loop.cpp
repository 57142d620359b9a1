#include "io/io_loop.hpp"

#include "base/all_signals_blocked.hpp"
#include "base/invalid.hpp"
#include "base/new_thread.hpp"
#include "base/service_thread.hpp"

#include <taskactor/error.hpp>

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace taskactor::detail {

namespace {

/// Tokens of the loop's own; those of descriptors are a generation and a number.
constexpr std::uint64_t wakeup_token = ~std::uint64_t{0};
constexpr std::uint64_t signals_token = wakeup_token - 1;

constexpr std::uint64_t make_token(std::uint32_t generation, int fd) noexcept {
  return std::uint64_t{generation} << 32 | static_cast<std::uint32_t>(fd);
}

/// The process's one. Never destroyed: descriptors may be closed when all else has been.
struct loop_of_process {
  std::mutex mutex; // of the next
  std::weak_ptr<io_loop> loop;
};

loop_of_process& of_process() {
  static auto* const one = new loop_of_process;
  return *one;
}

/// That which has made what is here; a child of fork(2) has only a copy.
const pid_t process = ::getpid();

const char* name_of(direction what) noexcept {
  switch (what) {
  case direction::read:
    return "readable";
  case direction::write:
    return "writable";
  case direction::urgent:
    break;
  }
  return "urgent";
}

[[noreturn]] void refuse(direction what, int fd, errc code, const std::string& why) {
  throw error{code, name_of(what) + (": descriptor " + std::to_string(fd)) + why};
}

} // namespace

std::shared_ptr<io_loop> io_loop::shared() {
  auto& here = of_process();
  const std::lock_guard lock{here.mutex};
  auto found = here.loop.lock();
  if (!found)
    here.loop = found = std::make_shared<io_loop>();
  return found;
}

void io_loop::close(int fd) noexcept {
  if (::getpid()
      != process) { // in a fork's child the loop's epoll is the parent's, and its locks may be held
    ::close(fd);
    return;
  }
  auto& here = of_process();
  std::shared_ptr<io_loop> loop;
  {
    const std::lock_guard lock{here.mutex}; // no loop is made meanwhile; nor another one, while this is kept
    loop = here.loop.lock();
    if (!loop)
      ::close(fd);
  }
  if (loop)
    loop->forget(fd);
}

io_loop::io_loop()
    : epoll_(own(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wakeup_(own(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = wakeup_token}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wakeup_.get(), &event) != 0)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  const all_signals_blocked inherited;
  thread_ = new_thread("awaiting descriptors and signals", [this] { run(); });
}

io_loop::~io_loop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  ::eventfd_write(wakeup_.get(), 1);
  thread_.join();
}

void io_loop::run() noexcept {
  const service_thread here;
  std::array<epoll_event, ready_list::events> events;
  ready_list ready;
  for (;;) {
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    ready.size = 0;
    std::function<void()> arrived;
    const std::lock_guard telling{telling_};
    {
      const std::lock_guard lock{mutex_};
      if (stopping_)
        return;
      for (int i = 0; i < count; ++i)
        if (events[static_cast<std::size_t>(i)].data.u64 != signals_token)
          dispatch(events[static_cast<std::size_t>(i)], ready);
        else if (signals_arrived_)
          arrived = signals_arrived_;
    }
    for (std::size_t i = 0; i < ready.size; ++i)
      tell(*ready.who[i], descriptor_end::ready);
    if (arrived)
      arrived();
  }
}

/// Under the lock. Who is ready is taken out; who isn't is armed again.
void io_loop::dispatch(const epoll_event& event, ready_list& ready) noexcept {
  const auto fd = static_cast<std::size_t>(event.data.u64 & 0xffffffff);
  if (fd >= watched_.size() || watched_[fd].generation != event.data.u64 >> 32)
    return; // it was another file's
  auto& entry = watched_[fd];
  for (const auto what : directions)
    if (auto*& who = entry.of(what); who && tells(event.events, what))
      ready.who[ready.size++] = std::exchange(who, nullptr);
  if (entry.events() != 0) {
    epoll_event again{.events = entry.events() | EPOLLONESHOT, .data = event.data};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, static_cast<int>(fd), &again);
  }
}

/// It has been taken out, and its body may go on at once; but neither is gone before `told_`, the last touch.
/// Not under the lock.
void io_loop::tell(descriptor_await& who, descriptor_end how) noexcept {
  who.end_.store(how, std::memory_order_release);
  who.ctx_->wake();
  who.told_.store(true, std::memory_order_release);
}

void io_loop::closed_list::add(descriptor_await& who) noexcept {
  who_[size_++] = &who;
  of_.untold_.fetch_add(1, std::memory_order_relaxed);
}

io_loop::closed_list::~closed_list() {
  for (std::size_t i = 0; i < size_; ++i) {
    tell(*who_[i], descriptor_end::closed);
    of_.untold_.fetch_sub(1, std::memory_order_release);
  }
}

void io_loop::wait_until_told() noexcept {
  { const std::lock_guard pass{telling_}; }
  { const std::lock_guard pass{mutex_}; } // who was taken out under it is counted
  while (untold_.load(std::memory_order_acquire) != 0)
    std::this_thread::yield();
}

/// The number is another file's now.
void io_loop::renew(watched_descriptor& entry, closed_list& closed) noexcept {
  for (const auto what : directions)
    if (auto* const who = std::exchange(entry.of(what), nullptr))
      closed.add(*who);
  entry.added = false;
  ++entry.generation;
}

/// Arms the file that epoll knows by the number. False: the number is another file's.
bool io_loop::arm_again(watched_descriptor& entry, std::uint32_t events, int fd) {
  epoll_event event{.events = events | EPOLLONESHOT, .data = {.u64 = make_token(entry.generation, fd)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0)
    return true;
  if (errno != ENOENT)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  return false;
}

/// One system call, but for a number that has become another file's.
void io_loop::watch(watched_descriptor& entry, std::uint32_t events, int fd, closed_list& closed) {
  if (entry.added && arm_again(entry, entry.events() | events, fd))
    return;
  renew(entry, closed);
  epoll_event event{.events = events | EPOLLONESHOT, .data = {.u64 = make_token(entry.generation, fd)}};
  // It exists, when the number had been another file's, and is again what it was before that.
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0
      && (errno != EEXIST || ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0))
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  entry.added = true;
}

void io_loop::arm(descriptor_await& who) {
  const int fd = who.fd_;
  const auto place = static_cast<std::size_t>(fd);
  closed_list closed{*this};
  const std::lock_guard lock{mutex_};
  if (fd < 0 || (place >= watched_.size() && ::fcntl(fd, F_GETFD) < 0)) // there is no place for any number
    refuse(who.what_, fd, errc::invalid_argument, " isn't open");
  if (place >= watched_.size())
    watched_.resize(place + 1);
  auto& entry = watched_[place];
  bool is_awaited = false;
  try {
    is_awaited = entry.of(who.what_) && arm_again(entry, entry.events(), fd);
    if (!is_awaited)
      watch(entry, events_of(who.what_), fd, closed);
  } catch (const std::system_error& why) {
    if (why.code().value() == EBADF)
      refuse(who.what_, fd, errc::invalid_argument, " isn't open");
    if (why.code().value() != EPERM)
      throw;
    renew(entry, closed);
    refuse(who.what_, fd, errc::invalid_argument,
           " is a file or a directory, which is always ready: read and write it in a thread");
  }
  if (is_awaited)
    refuse(who.what_, fd, errc::already_awaited, " is awaited by another task");
  entry.of(who.what_) = &who;
}

bool io_loop::disarm(descriptor_await& who) noexcept {
  {
    const std::lock_guard lock{mutex_};
    const auto place = static_cast<std::size_t>(who.fd_);
    if (place < watched_.size() && watched_[place].of(who.what_) == &who) {
      watched_[place].of(who.what_) = nullptr; // what epoll still tells has no waiter
      return true;
    }
  }
  // It has been taken out: it is being told, or is among those that are, each of which takes a wake.
  while (!who.told_.load(std::memory_order_acquire))
    std::this_thread::yield();
  return false;
}

/// It is closed under the lock, so that nobody arms it after its waiters have been told. What may block, the
/// end of the file itself, comes after it, by a duplicate.
void io_loop::forget(int fd) noexcept {
  unique_fd last;
  closed_list closed{*this};
  const std::lock_guard lock{mutex_};
  const auto place = static_cast<std::size_t>(fd);
  if (place < watched_.size() && watched_[place].generation != 0) {
    renew(watched_[place], closed);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  }
  last = unique_fd{::fcntl(fd, F_DUPFD_CLOEXEC, 0)}; // without one more number the next is the last
  ::close(fd);
}

void io_loop::watch_signals(int fd, std::function<void()> arrived) {
  const std::lock_guard lock{mutex_};
  epoll_event event{.events = EPOLLIN, .data = {.u64 = signals_token}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST)
    throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
  signals_arrived_ = std::move(arrived);
}

} // namespace taskactor::detail
