#include "base/memory.hpp"

#include <taskactor/detail/group_errors.hpp>

#include <algorithm>

namespace taskactor::detail {

void group_errors::add(const std::exception_ptr& error) noexcept {
  if (std::find(errors_.begin(), errors_.end(), error) == errors_.end())
    once_there_is_memory([&] { errors_.push_back(error); });
}

} // namespace taskactor::detail
