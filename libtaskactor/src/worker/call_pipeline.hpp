/// The calls that one worker has: the one that runs, and those that are sent ahead of their turn behind it.
///
///     starting: give --> [ first ]    open: give --> [ runs | ahead ... ] <-- append    closed: flush
///
/// While it is busy with short calls a worker is sent further ones that wait: that spares two changes of
/// threads for each. The first of its calls holds the token, and leaves it to the next. Those behind it are
/// asked back when it takes longer than expected, is asked to end, or another worker is free; and when the
/// process dies, they haven't begun (see `worker_protocol.hpp`) and go elsewhere.
///
/// What the worker prints is that of the call that runs, and is here for that.
///
/// Threads: any. Frames and signals are sent under its lock, so that they meet the call that they are for.
#pragma once

#include "worker/process_call.hpp"
#include "worker/worker_output.hpp"
#include "worker/worker_protocol.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace taskactor::detail {

class limiter_queue;
class output_barrier;
class worker_process;

enum class frame_verdict : std::uint8_t { taken, broken, later };

/// A call that has left its worker.
struct removed_call {
  ref<process_call> call;
  ref<process_call> next; // whose turn it is by that
  std::chrono::steady_clock::time_point at{};
  std::shared_ptr<const call_output> output; // null: it isn't captured
  std::vector<std::string> last_lines;       // printed, without an end
  bool logged = false;                       // something of it was
  bool over = false;                         // there is no other
  bool leaves_room = false;                  // so that further ones may be sent ahead
};

class call_pipeline {
public:
  using clock = std::chrono::steady_clock;
  call_pipeline(worker_process& process, limiter_queue& queue) noexcept : process_(process), queue_(queue) {}

  /// The worker can take calls. False: that is known already.
  bool greet();
  /// It can't any more. False: it has none.
  bool close() noexcept;
  /// To a worker that is free. Refused: it has died meanwhile, and never sees the call. Dead: it has died
  /// before it could take calls, and the call ends with it (`flush`).
  enum class given : std::uint8_t { sent, refused, dead };
  given give(const ref<process_call>& call);
  /// How many may be sent ahead now, that is if the one that runs is short.
  std::size_t make_room();
  /// Sends these ahead. False: none of them.
  bool append(const std::vector<ref<limited_call>>& calls);
  /// Asks for as many of those that were sent ahead back, the last first.
  void ask_back(std::size_t count = std::numeric_limits<std::size_t>::max());
  /// All of them, if it has been at its call for long.
  void ask_back_if_late(clock::time_point now) noexcept;
  /// How many there are behind the one that runs.
  std::size_t ahead() const noexcept { return ahead_.load(std::memory_order_relaxed); }

  /// Asks for the end of this call's body; nothing, when it has left.
  void stop(const process_call& call);
  /// To the process, if it runs this call. Returns a call whose turn never comes by that.
  std::optional<removed_call> signal(const process_call& call, int number);
  struct removal {
    frame_verdict how;
    std::optional<removed_call> call;
  };
  /// By an answer of that kind to the call of that number; later, when `barrier` has to hold it.
  removal remove_answered(worker_frame kind, std::uint64_t number, output_barrier& barrier);
  struct rest {
    std::vector<ref<process_call>> calls;
    std::shared_ptr<const call_output> output; // of the first
    std::string last_words;
    bool greeted;
  };
  /// What there still is, after the worker's end.
  rest flush();

  /// The call that runs, if there is any.
  ref<process_call> running() const;
  /// The same, if it has this number and the worker has greeted.
  ref<process_call> running(std::uint64_t number) const;
  /// Something of this call is about to be logged.
  ref<process_call> logged(std::uint64_t number);
  struct printed {
    ref<process_call> call; // that runs
    std::vector<std::string> lines;
  };
  printed print(output_stream which, std::string_view bytes);

private:
  enum class phase : std::uint8_t { starting, open, closed, dead_at_start };
  struct slot {
    ref<process_call> call;
    bool asked_back = false;
  };

  bool greeted() const noexcept { return phase_ == phase::open || phase_ == phase::closed; }
  std::size_t find(std::uint64_t number) const noexcept;
  void ask_back_locked(std::size_t count);
  removed_call remove(std::size_t index, bool answered);

  worker_process& process_;
  limiter_queue& queue_;
  std::atomic<std::size_t> ahead_{0};
  mutable std::mutex mutex_; // what follows
  phase phase_ = phase::starting;
  std::vector<slot> slots_;           // the one that runs, and those behind it
  clock::time_point turn_since_{};    // when the first of them had its turn
  std::set<std::uint64_t> forgotten_; // have left, though not answered yet
  worker_output output_;              // of the first of them
};

} // namespace taskactor::detail
