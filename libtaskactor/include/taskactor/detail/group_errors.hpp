/// What has gone wrong in a group. Not for users: see `group_state.hpp`.
#pragma once

#include <exception>
#include <utility>
#include <vector>

namespace taskactor::detail {

/// Threads: under the group's lock.
class group_errors {
public:
  /// An error of the body, or of a child: kept once, also if the body lets out a child's.
  void add(const std::exception_ptr& error) noexcept;
  /// What a child that somebody else has cancelled has to say: the first is kept.
  void lose(std::exception_ptr child) noexcept {
    if (!lost_)
      lost_ = std::move(child);
  }
  /// In the order in which they came.
  std::vector<std::exception_ptr> take() noexcept { return std::move(errors_); }
  const std::exception_ptr& lost() const noexcept { return lost_; }
  bool empty() const noexcept { return errors_.empty() && !lost_; }

private:
  std::vector<std::exception_ptr> errors_;
  std::exception_ptr lost_;
};

} // namespace taskactor::detail
