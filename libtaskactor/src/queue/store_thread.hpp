/// `store_thread`: the thread that makes the calls of a store in a file, one after the other. What comes
/// meanwhile waits; then all of one verb that wait, up to 500 rows, are made together: that is the group
/// commit, without a timer.
///
///     any thread            post: into its verb's line
///     the store's thread    take: `renew` first, else the verb whose first request waits longest
///     a thread aside        what reads all of the store, in its turn begun, beside what comes then
///     the watch's thread    tick: refuses those whose time is up, made or not; looks for ends once a second
///
/// A backend that hangs holds up its thread alone: who waits is told by the watch's. Both threads hold this,
/// and end by themselves when it is closed and all is made.
#pragma once

#include "base/semaphore.hpp"
#include "queue/folder_watch.hpp"
#include "queue/store_aside.hpp"
#include "queue/store_engine.hpp"
#include "queue/store_request.hpp"

#include <taskactor/queue/store_options.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace taskactor::detail {

class store_thread final : public store_engine, public std::enable_shared_from_this<store_thread> {
public:
  /// With its threads. Errors: `std::system_error`.
  static std::shared_ptr<store_thread> start(std::unique_ptr<store_backend> backend,
                                             const store_options& options, const std::string& file);
  store_thread(std::unique_ptr<store_backend> backend, const store_options& options, const std::string& file);

  void post(std::shared_ptr<store_request> what) override;
  void close() noexcept override;

private:
  using time = std::chrono::steady_clock::time_point;
  struct entry {
    std::shared_ptr<store_request> what;
    std::uint64_t number;
    time until;
  };
  /// What the thread does next.
  enum class next_step : std::uint8_t { make, look, end };

  void run();
  next_step take(std::vector<std::shared_ptr<store_request>>& together);
  void make(std::span<const std::shared_ptr<store_request>> together);
  void begin_aside(const std::shared_ptr<store_request>& what);
  void look_outside();
  void tell_of(const store_news& news) noexcept;
  void tick();
  void want_look();
  void wake_under_lock() noexcept;

  std::unique_ptr<store_backend> backend_; // the thread's own
  store_aside aside_;                      // as well
  std::uint64_t seen_version_ = 0;
  const std::chrono::nanoseconds call_timeout_, close_timeout_;
  folder_watch watch_;

  std::mutex mutex_; // what follows
  std::array<std::deque<entry>, store_verbs> lines_;
  std::vector<entry> current_; // being made
  std::uint64_t last_number_ = 0;
  bool sleeps_ = false, closed_ = false, look_ = false;

  semaphore wanted_, over_;
  std::thread thread_, watch_thread_;
};

} // namespace taskactor::detail
