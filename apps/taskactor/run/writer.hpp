/// The thread that writes: outputs, logs of what has ended, progress. Commands' ends come in from the
/// runtime's threads, which are never held up; who takes new items waits instead while too much is kept
/// (`wait_for_room`).
///
///     runtime --post--> write_queue --> tally, logs --> (order) --> output
///
/// Threads: any; `finish` and the destructor are its owner's.
#pragma once

#include "run/job.hpp"
#include "run/output.hpp"
#include "run/progress.hpp"
#include "run/sequence.hpp"
#include "run/write_queue.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>

namespace taskactor::cli {

class job_log;
class run_control;
class tally;

class writer {
public:
  struct parts {
    run_control& control;
    tally& ended;
    output outputs;
    progress said;
    std::vector<job_log*> logs{};
    bool keep_order = false;
    /// Called when all that a command has printed is written, and its lines of the logs.
    std::function<void(const job_result& ended)> on_written{};
  };

  explicit writer(parts with);
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;
  /// Writes what there is, however long that takes.
  ~writer();

  /// Takes what became of a command.
  void post(job_result ended);
  /// Takes a line; waits while too many are kept, unless what runs is to be cancelled.
  void post_line(output_stream which, std::string_view line) { queue_.post_line(which, line); }
  /// Waits while too much is kept, until the run is stopped.
  void wait_for_room() { queue_.wait_for_room(); }
  /// After the last `post`: writes the rest, closes the logs. When somebody waits for the end and a reader
  /// has stopped reading, waits no longer than `patience`. False: something is still unwritten, and the
  /// thread runs.
  [[nodiscard]] bool finish(std::chrono::nanoseconds patience);
  /// What it is writing to, or was last, for people.
  const char* place() const noexcept { return place_.load(); }
  /// Wakes those that wait; to be called at each stop.
  void on_stop() { queue_.on_stop(); }

private:
  void run();
  bool take(std::vector<write_queue::entry>& batch);
  void settle(job_result& ended);
  void settle(const printed_lines& printed);
  void write(const job_result& ended);
  /// Calls `action`; when it fails the run is ended. False: it failed, and is not to be tried again.
  template <class F>
  bool attempt(const char* place, F&& action);
  /// For each log that hasn't failed.
  template <class F>
  void with_logs(F&& action);
  const char* place_of(output_stream which) const;
  /// It leaves nothing to be written.
  bool only_counts(const job_result& ended) const;

  parts parts_;
  const bool writes_each_; // whatever it has printed
  sequence<job_result> order_;
  bool output_broken_ = false;
  std::atomic<const char*> place_{"standard output"};

  write_queue queue_;
  std::thread thread_;
};

} // namespace taskactor::cli
