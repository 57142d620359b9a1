/// Why a task isn't running yet, or why it ended as it did: from what was recorded, as data and as text.
///
///     std::cout << tasks.explain("letter-7")->text() << '\n';
///     // letter-7: waits: since 4.2 s for "db", held by a and b
///     // letter-7: completed after 1 s; waited 4 s for "db", held by a and b
///     // letter-7: cancelled: shutdown
#pragma once

#include <taskactor/task_info.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace taskactor {

/// One wait of a task, at a limiter or at the manager's capacity.
struct wait_info {
  /// The limiter's name; empty for the manager's capacity.
  std::string limiter{};
  /// It has a rate, so that free tokens alone don't end the wait.
  bool rate = false;
  std::size_t tokens = 1;
  std::chrono::nanoseconds waited{};
  /// The wait is not over.
  bool now = false;
  /// Some of the tasks that held its tokens when the wait began: the oldest ones.
  std::vector<std::string> holders{};
  /// It needs more tokens than there are, since the limiter was made smaller: it is served, with all of them,
  /// when nobody else has any.
  bool alone = false;
};

struct explanation {
  task_info task{};
  /// Of the present attempt, in their order.
  std::vector<wait_info> waits{};
  /// When the next attempt begins to wait, while there is to be one.
  std::optional<std::chrono::nanoseconds> next_attempt_in{};
  /// The tasks that it is to run after (`task_options::after`), and that haven't ended.
  std::vector<std::string> after{};
  /// The task of the same id that it replaces, and that hasn't ended yet.
  bool waits_for_replaced = false;
  /// How long it has run, or ran; zero before that.
  std::chrono::nanoseconds ran{};

  /// One line.
  std::string text() const;
  /// The same without the id.
  std::string why() const;
};

} // namespace taskactor
