#include "lifecycle/manager_core.hpp"
#include "lifecycle/record_disposer.hpp"

#include <taskactor/detail/group_origin.hpp>

namespace taskactor::detail {

group_origin::group_origin(context& parent)
    : home_(parent.home()),
      parent_(&static_cast<record&>(parent.core())),
      parent_id_(parent.core().current_id()),
      from_(parent, parent_id_) {}

std::string group_origin::next_id() const {
  return parent_id_ + '/' + std::to_string(parent_->children.fetch_add(1, std::memory_order_relaxed) + 1);
}

void group_origin::drop_locals() noexcept { drop(from_.locals, home_.disposer()); }

void group_origin::prepare(record& child, task_options& options) const {
  child.numbered = content_of(options.id).empty();
  const auto made = next_id();
  options.id = child.numbered ? made : parent_id_ + '/' + content_of(options.id);
  from_.give(child);
  child.inherited_deadline = from_.deadline;
  child.home = &home_;
}

} // namespace taskactor::detail
