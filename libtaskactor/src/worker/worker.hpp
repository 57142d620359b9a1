/// One worker: a child process that runs a call at a time, from its start to its end.
///
///     starting --give--> busy --answer--> idle --give--> busy ...          retire: idle --> ending --> gone
///         \------- the process ends -------/   the call on its way is lost
///
/// While it is busy with short calls it is sent further ones that wait, ahead of their turn
/// (`fill_pipeline`): that spares two changes of threads for each. The first of its calls holds the token,
/// and leaves it to the next. Those behind it are asked back when it takes longer than expected, is asked to
/// end, or another worker is free; and when the process dies, they haven't begun (see `worker_protocol.hpp`)
/// and go elsewhere.
///
/// It is gone when its process is reaped and the last frame is read, whichever comes later: an answer that
/// was sent before the end is delivered. An answer waits until what its call has printed is read
/// (`worker_frames.cpp`). Threads: any; frames come on the links' thread, the rest of what a
/// process does on the commands' thread.
#pragma once

#include "command/command_listener.hpp"
#include "transport/link.hpp"
#include "worker/process_call.hpp"
#include "worker/worker_output.hpp"
#include "worker/worker_protocol.hpp"

#include <taskactor/event.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace taskactor::detail {

class worker_pool;

class worker final : public call_executor,
                     public command_listener,
                     public link_listener,
                     public std::enable_shared_from_this<worker> {
public:
  /// `failures`: as many starts before it have failed, one after the other.
  worker(std::shared_ptr<worker_pool> pool, unsigned failures)
      : begun_after(failures), pool_(std::move(pool)) {}
  /// Starts the process. Errors: `std::system_error`.
  void start();
  /// Only to one that is free. False: it has died meanwhile, and never sees the call.
  bool give(const ref<process_call>& call);
  /// Further calls from the limiter queue's line, if they and the one it runs are short.
  void fill_pipeline() noexcept;
  /// Asks for as many of them back, the last first.
  void ask_back(std::size_t count) noexcept;
  /// All of them, if it has been at its call for long.
  void ask_back_if_late(std::chrono::steady_clock::time_point now) noexcept;
  /// How many there are behind the one that runs.
  std::size_t ahead() const noexcept { return ahead_.load(std::memory_order_relaxed); }
  void stop(const process_call& call) override;
  void signal(const process_call& call, int number) override;
  void tell(std::string frame) override { link_->send(std::move(frame)); }
  /// Ends an idle one: it sees the end of the link, and exits.
  void retire(std::string why);
  /// Resident, in bytes; zero when it has no process.
  std::size_t memory() const;
  /// The pool's, under its lock.
  time_point idle_since{};
  std::size_t calls = 0;
  bool lives = false; // it was able to start
  const unsigned begun_after;

  void on_started(pid_t id) noexcept override { process_ = id; }
  void on_start_failed(errc code, std::string message) noexcept override;
  void on_exit(command_result result) noexcept override;
  void on_frame(std::string_view content) noexcept override;
  void on_closed(bool broken) noexcept override;
  void on_readable() noexcept override { reading_ = true; }
  void on_output(output_stream which, std::string_view bytes) noexcept;

private:
  using clock = std::chrono::steady_clock;
  using lock_type = std::unique_lock<std::mutex>;
  struct slot {
    ref<process_call> call;
    bool asked_back = false;
  };
  static constexpr std::size_t ahead_limit = 15;
  enum class verdict : std::uint8_t { taken, broken, later };

  void take_frame(std::string_view content) noexcept;
  verdict handle(const nlohmann::json& frame);
  bool greet(const nlohmann::json& frame);
  void report_progress(const nlohmann::json& frame);
  bool relay(const nlohmann::json& frame);
  bool begin_nested(const nlohmann::json& frame);
  bool signal_nested(const nlohmann::json& frame);
  verdict answer(worker_frame kind, const nlohmann::json& frame);
  bool must_drain_output(std::uint64_t number);
  void drain_output_first(std::string_view frame);
  void output_drained() noexcept;
  void note(const process_call& call, const std::vector<std::string>& lines) const noexcept;
  std::string name() const;
  std::shared_ptr<const call_output> take_output(process_call& call);
  void remove(lock_type lock, std::size_t index, bool answered, std::function<void(process_call&)> how);
  void tell_end(ref<process_call> of, std::function<void(process_call&)> how, bool logged) const;
  std::size_t find(const process_call& call) const noexcept;
  std::size_t find(std::uint64_t number) const noexcept;
  std::size_t room_ahead() const noexcept;
  bool append(const std::vector<ref<limited_call>>& calls);
  void ask_back_locked(std::size_t count);
  void break_off(const char* why) noexcept;
  void end_if_over(lock_type lock) noexcept;
  std::string how_lost() const;
  std::exception_ptr why_lost(const std::string& how, std::shared_ptr<const call_output> output) const;
  void emit(event_kind kind, std::string text) const noexcept;

  const std::shared_ptr<worker_pool> pool_;
  std::shared_ptr<link> link_;
  std::uint64_t key_ = 0;
  const clock::time_point asked_for_ = clock::now();
  std::atomic<pid_t> process_{0};
  std::atomic<bool> reaped_{false};
  std::atomic<bool> reading_{false}; // some of its output may be read, and not handed out yet
  std::atomic<std::size_t> ahead_{0};
  mutable std::mutex mutex_;          // what follows
  std::vector<slot> pipeline_;        // the one that runs, and those behind it
  clock::time_point turn_since_{};    // when the first of them had its turn
  std::set<std::uint64_t> forgotten_; // ended here, though not answered yet
  bool greeted_ = false, closed_ = false, ended_ = false;
  std::string violation_, start_failure_, retired_;
  command_result result_;
  worker_output output_;
  // An answer whose call has printed is taken when that has been read; what comes meanwhile is behind it.
  std::uint64_t printed_ = 0, draining_ = 0, drained_ = 0; // numbers of calls
  bool logged_ = false;                                    // something of the call whose turn it is
  bool holding_ = false;
  std::deque<std::string> held_;
  std::optional<bool> closed_behind_; // what `on_closed` was told
};

} // namespace taskactor::detail
