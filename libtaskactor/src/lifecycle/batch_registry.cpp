#include "lifecycle/batch_registry.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace taskactor::detail {

void batch_registry::add(item_batch& batch) {
  const std::lock_guard lock{mutex_};
  batches_.emplace(batch.batch_id(), ref<item_batch>{&batch});
}

void batch_registry::remove(const item_batch& batch) noexcept {
  decltype(batches_)::node_type
      gone; // destroyed after the lock, perhaps with the gather's function and items
  const std::lock_guard lock{mutex_};
  const auto [first, last] = batches_.equal_range(batch.batch_id());
  const auto found = std::find_if(first, last, [&](const auto& each) { return each.second.get() == &batch; });
  if (found != last)
    gone = batches_.extract(found);
}

void batch_registry::close_all(end_reason why, bool also_shielded) {
  std::vector<ref<item_batch>> open;
  {
    const std::lock_guard lock{mutex_};
    open.reserve(batches_.size());
    for (const auto& [id, batch] : batches_)
      if (also_shielded || !batch->shielded())
        open.push_back(batch);
  }
  for (const auto& each : open)
    each->close(why);
}

/// Two gathers may have one id: the first that is found is meant.
batch_registry::place batch_registry::split(std::string_view id) const {
  const auto slash = id.rfind('/');
  if (slash == std::string_view::npos || slash + 1 == id.size()
      || (id[slash + 1] == '0' && slash + 2 != id.size()))
    return {};
  place result;
  const auto* end = id.data() + id.size();
  const auto [stop, fault] = std::from_chars(id.data() + slash + 1, end, result.index);
  if (fault != std::errc{} || stop != end)
    return {};
  const std::lock_guard lock{mutex_};
  const auto found = batches_.find(std::string{id.substr(0, slash)});
  if (found != batches_.end())
    result.batch = found->second;
  return result;
}

ref<record> batch_registry::find(std::string_view id) const {
  const auto at = split(id);
  return at.batch ? at.batch->find_item(at.index) : ref<record>{};
}

cancel_reply batch_registry::cancel(std::string_view id) {
  const auto at = split(id);
  return at.batch ? at.batch->cancel_item(at.index) : cancel_reply::unknown;
}

} // namespace taskactor::detail
