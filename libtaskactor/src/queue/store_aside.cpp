#include "queue/store_aside.hpp"

#include "base/new_thread.hpp"
#include "base/service_thread.hpp"
#include "queue/store_engine.hpp"

#include <utility>

namespace taskactor::detail {

void store_aside::add(backend_opener open, const std::shared_ptr<store_request>& what) {
  {
    const std::lock_guard lock{mutex_};
    waiting_.push_back({std::move(open), what});
    if (runs_)
      return;
    runs_ = true;
  }
  end(); // of the last thread, which has nothing left to do
  try {
    thread_ = new_thread("what reads all of a store", [this] { run(); });
  } catch (...) {
    const std::lock_guard lock{mutex_};
    waiting_.clear(); // this one alone
    runs_ = false;
    throw;
  }
}

void store_aside::end() noexcept {
  if (thread_.joinable())
    thread_.join();
}

void store_aside::run() noexcept {
  const service_thread here;
  for (;;) {
    entry next;
    {
      const std::lock_guard lock{mutex_};
      if (waiting_.empty()) {
        runs_ = false;
        return;
      }
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    try {
      const auto backend = next.open();
      next.what->make(*backend, {&next.what, 1});
    } catch (...) {
      next.what->refuse(store_engine::why_not_made());
      continue;
    }
    next.what->tell();
  }
}

} // namespace taskactor::detail
