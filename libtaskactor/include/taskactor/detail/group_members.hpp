/// The children that a group has. Not for users: see `group_state.hpp`.
#pragma once

#include <taskactor/detail/record.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace taskactor::detail {

/// Threads: under the group's lock. Each child knows its place in it (`record::place`). That the last one is
/// gone and that no other is taken are one fact, `over`.
class group_members {
public:
  struct member {
    std::uint64_t number; // in the order in which they were added
    ref<record> task;
  };

  /// If it throws, the child isn't in it.
  void add(const ref<record>& child);
  /// Nothing of it runs any more. Returns what is to be released after the lock: null, if it was left behind.
  ref<record> remove(record& child) noexcept;
  /// It goes on all the same, and nobody waits for it. Returns what is to be released after the lock.
  ref<record> leave_behind(record& child) noexcept;
  /// The same of an attempt, which has no place in it.
  void add_left_behind(record& rest) noexcept;

  /// From now on it is over once it has no child.
  void join() noexcept { joined_ = true; }
  /// The same, and it takes no other child.
  void kill() noexcept { killed_ = true; }
  bool killed() const noexcept { return killed_; }
  bool takes_more() const noexcept { return !killed_ && !over(); }
  /// No child is left that is waited for, and it takes no other.
  bool over() const noexcept { return children_.empty() && (joined_ || killed_); }
  /// And none that was left behind.
  bool gone() const noexcept { return over() && !has_left_behind(); }
  bool has_left_behind() const noexcept { return left_behind_ != 0; }
  std::size_t size() const noexcept { return children_.size(); }
  /// In no order.
  const std::vector<member>& all() const noexcept { return children_; }

private:
  /// Of a child that was left behind.
  static constexpr std::uint32_t no_place = ~std::uint32_t{0};
  ref<record> take_out(record& child) noexcept;

  std::vector<member> children_;
  std::size_t left_behind_ = 0;
  std::uint64_t next_ = 0;
  bool joined_ = false, killed_ = false;
};

} // namespace taskactor::detail
