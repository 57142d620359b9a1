/// `io_loop`: the thread that waits, in epoll, for what tasks of this process await: descriptors and signals.
///
///     a body, on its thread           arms a descriptor itself: epoll_ctl(2), one shot
///     the loop's thread               takes what is ready from its waiter, and wakes the waiter's body
///
/// An armed descriptor is told once. epoll knows a descriptor by its number and its open file: so a number
/// that is used again for another file is unknown to it, and who waited for the one before is told that it is
/// closed. What epoll still tells of that (a duplicate may live on) carries an older generation and is
/// dropped.
///
/// One for all managers of the process, made with the first await and ended with the last who needs it.
/// Nothing of the user's runs on its thread, nor anything that blocks, but that to wake a body takes a little
/// memory, and waits until there is some. So that happens without the lock that others arm and disarm by: who
/// is ready, or whose descriptor is closed, is taken out under it, and told behind it. A waiter that finds
/// that it was taken out doesn't go before it has been told itself; it waits for no other. Threads: any.
#pragma once

#include "base/poller.hpp"
#include "base/unique_fd.hpp"
#include "io/watched_descriptor.hpp"

#include <taskactor/io/descriptor.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace taskactor::detail {

class io_loop {
public:
  /// The process's one, made when there is none. Errors: `std::system_error`.
  static std::shared_ptr<io_loop> shared();
  /// Tells those who wait for it, and closes it.
  static void close(int fd) noexcept;

  /// Errors: `std::system_error`.
  io_loop();
  io_loop(const io_loop&) = delete;
  io_loop& operator=(const io_loop&) = delete;
  ~io_loop();

  /// Waits for it from now on. Errors: those of `readable`; then nothing waits.
  void arm(descriptor_await& who);
  /// False: it doesn't wait, or has been told.
  bool disarm(descriptor_await& who) noexcept;
  /// Until all have been told who were taken out when this was called.
  void wait_until_told() noexcept;
  /// The loop's thread calls this at each signal that `signal_table` has kept. Errors: `std::system_error`.
  void watch_signals(int fd, std::function<void()> arrived);

private:
  void run() noexcept;
  void forget(int fd) noexcept;
  /// Who is ready and isn't told yet.
  struct ready_list {
    static constexpr std::size_t events = 256; // at once
    std::array<descriptor_await*, events * directions.size()> who;
    std::size_t size = 0;
  };

  /// Those of one number that is another file's now. Made before the lock, so that they are told behind it.
  class closed_list {
  public:
    explicit closed_list(io_loop& of) noexcept : of_(of) {}
    closed_list(const closed_list&) = delete;
    closed_list& operator=(const closed_list&) = delete;
    ~closed_list();
    /// Under the lock: who has been taken out.
    void add(descriptor_await& who) noexcept;

  private:
    io_loop& of_;
    std::array<descriptor_await*, directions.size()> who_;
    std::size_t size_ = 0;
  };

  void dispatch(const epoll_event& event, ready_list& ready) noexcept;
  static void renew(watched_descriptor& entry, closed_list& closed) noexcept;
  static void tell(descriptor_await& who, descriptor_end how) noexcept;
  bool arm_again(watched_descriptor& entry, std::uint32_t events, int fd);
  void watch(watched_descriptor& entry, std::uint32_t events, int fd, closed_list& closed);

  unique_fd epoll_;
  unique_fd wakeup_;
  std::mutex telling_;                      // held while the loop's thread takes out and tells; taken first
  std::atomic<std::size_t> untold_{0};      // in lists of those that are closed; raised under the next
  std::mutex mutex_;                        // what follows
  std::vector<watched_descriptor> watched_; // by number
  std::function<void()> signals_arrived_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace taskactor::detail
