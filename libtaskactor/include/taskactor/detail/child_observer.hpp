/// `detail::child_observer`: what a child task belongs to, and what awaits its children's ends. Not for
/// users: see `task_group`.
#pragma once

#include <taskactor/detail/context.hpp>

#include <string>

namespace taskactor::detail {

class record;

/// Whether what is around one of the scopes that the body is in isn't seen there.
inline bool in_shield(const context& body) noexcept {
  const auto* each = body.scopes;
  while (each && !each->shielded)
    each = each->outer;
  return each != nullptr;
}

class child_observer : public operation {
public:
  /// Manager's thread: the child's outcome is written, and its end state is about to be published.
  virtual void child_ended(record& child) noexcept = 0;
  /// Manager's thread, once at most, before `child_gone`: it was killed, and goes on all the same (a thread
  /// in a call). Nobody waits for it any longer (rule 8); but what it refers to has to stay.
  virtual void child_left_behind(record& child) noexcept = 0;
  /// Manager's thread: an attempt of a child goes on beside the next one, as `rest`. True: what that refers
  /// to has to stay, and `child_gone(rest)` is to be told.
  virtual bool attempt_left_behind(record&) noexcept { return false; }
  /// Manager's thread, once: nothing of it runs any more.
  virtual void child_gone(record& child) noexcept = 0;
  /// Under the table's lock: an id for a child whose own, made as well, is taken.
  virtual std::string next_id() { return {}; }
};

} // namespace taskactor::detail
