/// `co_await readable(fd)`, `writable(fd)`, `urgent(fd)`: until a socket, a pipe, a terminal or the like can
/// be read, written, or has urgent data. `descriptor` owns one.
///
///     ta::descriptor peer{::accept4(server.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
///     for (;;) {
///       const auto got = ::read(peer.get(), buffer.data(), buffer.size());
///       if (got < 0 && errno == EAGAIN) { co_await ta::readable(peer); continue; }
///       if (got <= 0) break;
///       ...
///     }
///
/// Level-triggered: what is there already is told at once. The end of the other side and an error make a
/// descriptor readable and writable, as epoll(7) has it; the call that follows says which. It should be
/// non-blocking: now and then an await is over and nothing is there.
///
/// One waiter in each direction. Closing: `descriptor::close` ends those who wait, with `errc::closed`. For a
/// plain `int`, closing it while it is awaited is the caller's fault and stays defined: the wait goes on
/// until its task is ended, or until the number is another file's and is awaited as such (`errc::closed`).
///
/// A wait keeps the task's token: it is for the world, and capacity means so many at once. Stops: at once.
/// Errors, of the await: `error{errc::invalid_argument}` for what is no open descriptor, and for a file or
/// directory, which epoll refuses: those are read in a thread (`run_in_thread`); `errc::already_awaited`;
/// `errc::closed`; `std::system_error` when the system has no more room for watches, descriptors or a
/// thread. Threads: one of the process's waits for all, from the first await on. In virtual time the clock
/// stands still while a descriptor is awaited, for at most the test's `patience`.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/task.hpp>

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>
#include <utility>

namespace taskactor {

/// Owns a descriptor. Threads: one at a time, but that `close` may be called while tasks wait.
class descriptor {
public:
  descriptor() noexcept = default;
  /// Takes it over; a negative one is none.
  explicit descriptor(int fd) noexcept : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(other.release()) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor() { close(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  /// Ends those who wait for it (`errc::closed`), then closes it.
  void close() noexcept;
  /// Gives it away as it is; those who wait go on.
  [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

private:
  int fd_ = -1;
};

namespace detail {

class io_loop;

/// What of a descriptor is awaited.
enum class direction : std::uint8_t { read, write, urgent };

/// How an await of one is over.
enum class descriptor_end : std::uint8_t { none, ready, closed };

class [[nodiscard]] descriptor_await final : waiter {
public:
  descriptor_await(int fd, direction what) noexcept : fd_(fd), what_(what) {}
  /// Of one that isn't awaited yet.
  descriptor_await(descriptor_await&& unused) noexcept : descriptor_await(unused.fd_, unused.what_) {}
  ~descriptor_await() { leave(); }

  bool await_ready() const noexcept { return false; }
  template <body_promise Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) {
    return begin(*self.promise().ctx);
  }
  void await_resume();

private:
  friend class io_loop;

  bool begin(context& ctx);
  bool leave() noexcept;
  bool ready() const noexcept override {
    return end_.load(std::memory_order_acquire) != descriptor_end::none;
  }
  bool stop() noexcept override;
  ref<operation> kill() noexcept override;
  wait_reason reason() const override;

  int fd_;
  direction what_;
  bool stopped_ = false;
  std::atomic<descriptor_end> end_{descriptor_end::none};
  std::atomic<bool> told_{false}; // stored behind the wake: who was taken out isn't gone before that
  context* ctx_ = nullptr;
  std::shared_ptr<io_loop> loop_; // while it may be known to it
};

} // namespace detail

/// To be awaited: until there is something to read, or the other side has closed, or an error is to be seen.
[[nodiscard]] inline detail::descriptor_await readable(int fd) noexcept {
  return {fd, detail::direction::read};
}
[[nodiscard]] inline detail::descriptor_await readable(const descriptor& fd) noexcept {
  return readable(fd.get());
}
/// To be awaited: until something can be written, or an error is to be seen.
[[nodiscard]] inline detail::descriptor_await writable(int fd) noexcept {
  return {fd, detail::direction::write};
}
[[nodiscard]] inline detail::descriptor_await writable(const descriptor& fd) noexcept {
  return writable(fd.get());
}
/// To be awaited: until there is urgent data (EPOLLPRI).
[[nodiscard]] inline detail::descriptor_await urgent(int fd) noexcept {
  return {fd, detail::direction::urgent};
}
[[nodiscard]] inline detail::descriptor_await urgent(const descriptor& fd) noexcept {
  return urgent(fd.get());
}

} // namespace taskactor
