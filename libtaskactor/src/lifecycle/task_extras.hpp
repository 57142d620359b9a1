/// `detail::task_extras`: what few tasks have beyond the usual, kept apart so that the others stay small. Not
/// for users.
#pragma once

#include <taskactor/detail/context.hpp>
#include <taskactor/detail/ref.hpp>
#include <taskactor/retry.hpp>
#include <taskactor/task_info.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace taskactor::detail {

class named_limiter;
class predecessors;
class record;

/// Tokens of a named limiter that a task takes.
struct limit_need {
  named_limiter* limiter;
  std::size_t tokens;
  std::size_t held = 0;   // once it is met: fewer, if there were no more when it was
  std::uint64_t seen = 0; // once it is met: the number of the limiter's newest token then
};

/// A wait at a limiter, as it was.
struct wait_fact {
  named_limiter* limiter;
  std::size_t tokens;
  time_point since{}, until{};
  std::vector<std::string> holders{}; // a few of those who held its tokens when it began
};

/// Whether a failed attempt is worth another one: see retry_question.hpp.
struct retry_answer {
  bool again = false;
  bool exact = false; // the wait is what the body has asked for, without jitter
  std::chrono::nanoseconds wait{};
};

struct task_extras {
  // -- constant after admission ---------------------------------------------
  std::vector<limit_need> needs; // in the order of the limiters' names
  std::string fairness_key;
  std::optional<taskactor::retry> retry;

  // -- the manager's --------------------------------------------------------
  std::size_t taken = 0;                   // so many of the needs are met
  ref<record> after;                       // begins when nothing of this one runs any more
  std::shared_ptr<predecessors> waits_for; // begins when they have completed; null once it may
  std::string unrun_since;                 // has ended without having run, since this one didn't complete
  time_point clocks_begin{};               // when it might, if there were such
  time_point grace_end{};                  // of an attempt in grace, when the total deadline comes before it
  std::size_t open_question = 0;           // the attempt that the disposal's thread asks about
  std::size_t drawn_for = 0;               // the attempt after which to wait so long, with its jitter
  std::optional<std::chrono::nanoseconds> next_wait;
  bool is_asked = false; // its `retry_on` is being called there, and mustn't be destroyed
  bool leaves = false;   // its attempt was asked to go on by itself
  bool overdue = false;  // its time was up when it had ended, and its actor isn't down

  // -- the body's, while it runs --------------------------------------------
  std::size_t asked_about = 0; // the attempt whose failure `retry` was asked about
  retry_answer answer;
  std::atomic<std::size_t> attempt{1};
  std::atomic<bool> forbidden{false}; // no further attempt
  std::size_t worker_kills = 0;       // how many processes have died under its calls

  // -- any thread, under the lock -------------------------------------------
  mutable std::mutex mutex;
  std::vector<attempt_info> attempts;
  std::vector<wait_fact> waits; // of the present attempt
  time_point lined_up{};        // when that began to wait
  time_point next_attempt{};    // while there is to be one
  bool waits_for_replaced = false;
  bool held = false; // has not stood in a line: waits for predecessors, or ended so
};

} // namespace taskactor::detail
