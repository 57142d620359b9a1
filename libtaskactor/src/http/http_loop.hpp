/// `http_loop`: the thread that drives the transfers of one client, by libcurl's `multi_socket_action`.
///
///     bodies, any thread     begin, go_on, cancel: into the mailbox, which wakes the thread
///     the loop's thread      takes the mail; epoll_wait; socket_action; tells who is done
///
/// What libcurl does on it may take a while (a handshake, a decompression), and holds up the others of this
/// client alone: so it has a thread apart from the process's `io_loop`. Names are looked up elsewhere, unless
/// a proxy is used. Nothing of the user's runs here.
#pragma once

#include "http/curl_handles.hpp"
#include "http/curl_sockets.hpp"
#include "http/http_mailbox.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace taskactor::detail {

class http_transfer;

class http_loop {
public:
  /// Errors: `std::system_error`, `std::bad_alloc`.
  explicit http_loop(std::size_t max_idle_connections);
  http_loop(const http_loop&) = delete;
  http_loop& operator=(const http_loop&) = delete;
  ~http_loop();

  /// Errors: `errc::stopping`.
  void begin(const std::shared_ptr<http_transfer>& what);
  /// It was paused, and needn't be any more.
  void go_on(const std::shared_ptr<http_transfer>& what) noexcept;
  /// Ends it, as far as it is there. Nobody waits for it any more.
  void cancel(const std::shared_ptr<http_transfer>& what) noexcept;
  /// Ends all, and the thread: who waits is told (`CURLE_ABORTED_BY_CALLBACK`). May be called twice.
  void stop() noexcept;

private:
  struct from_curl;

  void run() noexcept;
  void follow(const std::shared_ptr<http_transfer>& one, unsigned orders) noexcept;
  void add(const std::shared_ptr<http_transfer>& one) noexcept;
  void remove(http_transfer& what) noexcept;
  int wait_time() const noexcept;
  void expire() noexcept;
  void tell_done() noexcept;
  void end_all() noexcept;

  const std::size_t max_idle_connections_;
  http_mailbox mailbox_;
  // The thread's own.
  curl_sockets sockets_;
  curl_multi multi_;
  std::unordered_map<http_transfer*, std::shared_ptr<http_transfer>> transfers_;
  std::optional<std::chrono::steady_clock::time_point> due_;

  std::mutex ending_; // of the next
  std::thread thread_;
};

} // namespace taskactor::detail
