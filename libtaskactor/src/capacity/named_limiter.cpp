#include "capacity/named_limiter.hpp"

namespace taskactor::detail {

named_limiter* limiter_registry::find(std::string_view name) const {
  const std::lock_guard lock{mutex_};
  const auto found = limiters_.find(name);
  return found == limiters_.end() ? nullptr : found->second.get();
}

bool limiter_registry::add(std::unique_ptr<named_limiter> made) {
  const std::lock_guard lock{mutex_};
  const auto& name = made->name;
  return limiters_.try_emplace(name, std::move(made)).second;
}

std::vector<named_limiter*> limiter_registry::all() const {
  std::vector<named_limiter*> result;
  const std::lock_guard lock{mutex_};
  result.reserve(limiters_.size());
  for (const auto& [name, limiter] : limiters_)
    result.push_back(limiter.get());
  return result;
}

void limiter_registry::clear() {
  const std::lock_guard lock{mutex_};
  limiters_.clear();
}

} // namespace taskactor::detail
