#include <taskactor/detail/group_members.hpp>

#include <utility>

namespace taskactor::detail {

void group_members::add(const ref<record>& child) {
  child->place = static_cast<std::uint32_t>(children_.size());
  children_.push_back({next_ + 1, child});
  ++next_;
}

ref<record> group_members::remove(record& child) noexcept {
  if (child.place != no_place)
    return take_out(child);
  --left_behind_;
  return {};
}

ref<record> group_members::leave_behind(record& child) noexcept {
  auto removed = take_out(child);
  add_left_behind(child);
  return removed;
}

/// From now on its place says so.
void group_members::add_left_behind(record& rest) noexcept {
  rest.place = no_place;
  ++left_behind_;
}

ref<record> group_members::take_out(record& child) noexcept {
  ref<record> removed;
  if (child.place < children_.size() && children_[child.place].task.get() == &child) {
    removed = std::exchange(children_[child.place].task, std::move(children_.back().task));
    children_[child.place].number = children_.back().number;
    children_.pop_back();
    if (child.place < children_.size())
      children_[child.place].task->place = child.place;
  }
  return removed;
}

} // namespace taskactor::detail
