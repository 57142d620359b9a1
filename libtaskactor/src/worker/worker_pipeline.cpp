// A worker's calls ahead of their turn: see worker.hpp.
#include "capacity/limiter_queue.hpp"
#include "lifecycle/manager_core.hpp"
#include "transport/frame.hpp"
#include "worker/worker.hpp"
#include "worker/worker_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace taskactor::detail {

std::size_t worker::room_ahead() const noexcept {
  const bool busy_with_short = greeted_ && !closed_ && !ended_ && !pipeline_.empty()
                               && pipeline_.front().call->request().may_be_followed()
                               && !waits_for_nested(*pipeline_.front().call)
                               && clock::now() - turn_since_ < short_call_limit;
  return busy_with_short ? ahead_limit - std::min(ahead_limit, pipeline_.size() - 1) : 0;
}

void worker::fill_pipeline() noexcept {
  std::vector<ref<limited_call>> more;
  try {
    lock_type lock{mutex_};
    const auto room = room_ahead();
    pipeline_.reserve(ahead_limit + 1);
    lock.unlock();
    if (const auto most = std::min(room, pool_->calls_left(*this)))
      more = pool_->home().process_queue().prefetch(most);
    if (more.empty())
      return;
    if (append(more)) {
      pool_->count_prefetched(more.size());
      for (const auto& each : more)
        static_cast<process_call&>(*each).sent_to(shared_from_this());
      return;
    }
  } catch (const std::bad_alloc&) { // as if there were no room
  }
  while (!more.empty()) {
    static_cast<process_call&>(*more.back()).given_back();
    more.pop_back();
  }
}

bool worker::append(const std::vector<ref<limited_call>>& more) {
  std::string frames;
  for (const auto& each : more)
    frames += static_cast<process_call&>(*each).request().frame();
  const std::lock_guard lock{mutex_};
  if (closed_ || ended_ || pipeline_.empty()) // it has died, or is another's now
    return false;
  if (waits_for_nested(*pipeline_.front().call)) // and has no token any more
    return false;
  pipeline_.reserve(pipeline_.size() + more.size());
  link_->send(std::move(frames));
  for (const auto& each : more)
    pipeline_.push_back({ref<process_call>{&static_cast<process_call&>(*each)}});
  ahead_ = pipeline_.size() - 1;
  return true;
}

void worker::ask_back(std::size_t count) noexcept {
  const std::lock_guard lock{mutex_};
  ask_back_locked(count);
}

void worker::ask_back_if_late(clock::time_point now) noexcept {
  const std::lock_guard lock{mutex_};
  if (now - turn_since_ >= short_call_limit)
    ask_back_locked(pipeline_.size());
}

/// From the last on: each that comes back goes to the head of the line.
void worker::ask_back_locked(std::size_t count) {
  for (auto i = pipeline_.size(); i > 1 && count > 0; --i)
    if (!std::exchange(pipeline_[i - 1].asked_back, true)) {
      link_->send(make_frame({worker_frame::give_back, pipeline_[i - 1].call->request().number()}));
      --count;
    }
}

} // namespace taskactor::detail
