/// What waits to be written: ends of commands, and lines that they have printed. Whoever posts an end is
/// never held up; who posts lines or takes new items waits while too much is kept.
///
/// Threads: any; `take`, `release` and `note_all_written` are the writer's.
#pragma once

#include "run/job.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace taskactor::cli {

class run_control;

/// Printed by any commands, in the order in which they came.
struct printed_lines {
  output_stream which;
  std::string text;
};

class write_queue {
public:
  using entry = std::variant<job_result, printed_lines>;

  explicit write_queue(run_control& control) : control_(control) {}

  /// `only_counts`: it leaves nothing to be written, and the thread needn't wake for each of them.
  void post(job_result ended, bool only_counts);
  /// Waits while too many are kept, unless what runs is to be cancelled.
  void post_line(output_stream which, std::string_view text);
  /// Waits while too much is kept, until the run is stopped.
  void wait_for_room();
  /// Wakes those that wait; to be called at each stop.
  void on_stop();
  /// Nothing more is posted.
  void close();
  /// Waits until all is written; when somebody waits for the end, no longer than `patience`: false.
  bool wait_all_written(std::chrono::nanoseconds patience);

  /// Waits until there is something, or nothing more to come (then `into` is empty), or until that time:
  /// false.
  bool take(std::vector<entry>& into, std::chrono::steady_clock::time_point until);
  /// So many bytes of what was taken are written, or lost.
  void release(std::size_t size);
  void note_all_written();

private:
  bool has_room() const noexcept;

  run_control& control_;
  std::mutex mutex_; // what follows
  std::condition_variable posted_;
  std::condition_variable written_;
  std::vector<entry> entries_;
  std::size_t kept_ = 0; // bytes, posted and not written
  bool last_ = false;
  bool done_ = false;
};

} // namespace taskactor::cli
