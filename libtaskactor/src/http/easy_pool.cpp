#include "http/easy_pool.hpp"

#include <new>
#include <utility>

namespace taskactor::detail {

curl_easy easy_pool::take() {
  {
    const std::lock_guard lock{mutex_};
    if (!free_.empty()) {
      auto found = std::move(free_.back());
      free_.pop_back();
      return found;
    }
  }
  curl_easy made{::curl_easy_init()};
  if (!made)
    throw std::bad_alloc{};
  prepare_(made.get());
  return made;
}

/// What points to the request that had it is set again by the next one, before libcurl looks at it.
void easy_pool::give_back(curl_easy unused) noexcept {
  try {
    const std::lock_guard lock{mutex_};
    if (free_.size() < most)
      free_.push_back(std::move(unused));
  } catch (...) { // NOLINT(bugprone-empty-catch): then it is destroyed
  }
}

} // namespace taskactor::detail
