#include "threads/stall_detector.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <utility>

#include <unistd.h>

namespace taskactor::detail {

namespace {

/// A worker's store and its look at `asleep_` may pass the watch's going to sleep: it looks by itself as
/// often.
constexpr std::chrono::seconds sleep_bound{1};

struct registry {
  std::mutex mutex;
  std::vector<thread_slot*> slots;
};

/// Never destroyed: a thread that was left behind may end after everything else has.
registry& all_slots() {
  static auto& slots = *new registry;
  return slots;
}

} // namespace

thread_slot& thread_slot::mine() {
  thread_local thread_slot slot;
  return slot;
}

thread_slot::thread_slot() : thread_(::gettid()) {
  auto& all = all_slots();
  const std::lock_guard lock{all.mutex};
  all.slots.push_back(this);
}

thread_slot::~thread_slot() {
  auto& all = all_slots();
  const std::lock_guard lock{all.mutex};
  std::erase(all.slots, this);
}

namespace {

using file = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

file open_of_thread(pid_t thread, const char* name) noexcept {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/self/task/%d/%s", static_cast<int>(thread), name);
  return {std::fopen(path.data(), "re"), &std::fclose};
}

} // namespace

std::optional<thread_times> times_of(pid_t thread) noexcept {
  const auto times = open_of_thread(thread, "schedstat");
  const auto facts = open_of_thread(thread, "stat");
  unsigned long long ran = 0;
  unsigned long long waited = 0;
  char state = 0;
  // A thread's name may have anything in it but a slash; those of the scheduler have no parenthesis.
  if (!times || !facts || std::fscanf(times.get(), "%llu %llu", &ran, &waited) != 2
      || std::fscanf(facts.get(), "%*d (%*[^)]) %c", &state) != 1)
    return std::nullopt;
  return thread_times{std::chrono::nanoseconds{static_cast<std::int64_t>(ran)},
                      std::chrono::nanoseconds{static_cast<std::int64_t>(waited)}, state == 'R'};
}

std::vector<blocked_turn> stall_detector::scan(time_point now) {
  std::vector<blocked_turn> found;
  auto& all = all_slots();
  const std::scoped_lock lock{mutex_, all.mutex};
  for (auto& each : samples_)
    each.met = false;
  busy_ = false;
  for (auto* slot : all.slots)
    look_at(*slot, now, found);
  std::erase_if(samples_, [this](const stall_sample& each) {
    counts_.now -= !each.met && each.counted;
    return !each.met;
  });
  return found;
}

void stall_detector::look_at(thread_slot& slot, time_point now, std::vector<blocked_turn>& found) {
  const auto turn = slot.turn_.load(std::memory_order_acquire);
  const bool idle = slot.task_.load(std::memory_order_acquire) == 0;
  const auto at = std::find_if(samples_.begin(), samples_.end(),
                               [&](const stall_sample& each) { return each.slot == &slot; });
  if (at == samples_.end() || at->turn != turn) {
    busy_ = true;
    const auto times = idle ? std::nullopt : times_of_(slot.thread_);
    if (at == samples_.end()) {
      samples_.push_back({&slot, turn, now, times, times});
      return;
    }
    counts_.now -= at->counted;
    *at = {&slot, turn, now, times, times};
    return;
  }
  at->met = true;
  if (idle)
    return;
  busy_ = true;
  const auto times = times_of_(slot.thread_);
  const auto last = std::exchange(at->last, times);
  // The kernel counts a wait when it is over.
  const bool waits = times && last && times->runnable && times->ran == last->ran;
  auto held = now - at->since;
  if (times && at->begun)
    held -= std::max(times->waited - at->begun->waited, std::chrono::nanoseconds{0});
  if (!at->judged && !waits && held >= bound_)
    judge(slot, *at, held, found);
  if (at->counted)
    counts_.longest = std::max(counts_.longest, std::chrono::nanoseconds{held});
}

/// The turn is too long: whose is it? Undecided while another manager's watch has it pinned.
void stall_detector::judge(thread_slot& slot, stall_sample& what, std::chrono::nanoseconds held,
                           std::vector<blocked_turn>& found) {
  auto address = slot.task_.load(std::memory_order_acquire) & ~thread_slot::pinned;
  if (address == 0
      || !slot.task_.compare_exchange_strong(address, address | thread_slot::pinned, //
                                             std::memory_order_acq_rel))
    return;
  struct unpin {
    ~unpin() { at.store(address, std::memory_order_release); }
    std::atomic<std::uintptr_t>& at;
    std::uintptr_t address;
  } const until_here{slot.task_, address};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): it has a bit for the pin
  auto& task = *reinterpret_cast<record*>(address);
  if (slot.turn_.load(std::memory_order_acquire) != what.turn)
    return;
  what.judged = true;
  if (task.home != &home_)
    return;
  found.push_back({ref<record>{&task}, task.current_id(), held});
  what.counted = true;
  ++counts_.now;
  ++counts_.ever;
}

void stall_detector::serve(const std::function<void(const blocked_turn&)>& report) {
  std::unique_lock lock{mutex_};
  serving_ = true;
  while (!stopping_) {
    lock.unlock();
    try {
      for (const auto& each : scan(clock::now()))
        report(each);
    } catch (...) { // no memory to say it
    }
    lock.lock();
    if (!busy_) {
      asleep_.store(true, std::memory_order_relaxed);
      changed_.wait_for(lock, sleep_bound,
                        [this] { return stopping_ || !asleep_.load(std::memory_order_relaxed); });
      asleep_.store(false, std::memory_order_relaxed);
    } else {
      changed_.wait_for(lock, bound_ / 2, [this] { return stopping_; });
    }
  }
  serving_ = false;
  changed_.notify_all();
}

void stall_detector::wake() noexcept {
  if (!asleep_.exchange(false, std::memory_order_relaxed))
    return;                               // somebody else does it
  { const std::lock_guard lock{mutex_}; } // it has looked at `asleep_` before, or waits already
  changed_.notify_all();
}

bool stall_detector::stop(std::chrono::nanoseconds bound) {
  std::unique_lock lock{mutex_};
  stopping_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, bound, [this] { return !serving_; });
}

stall_detector::counts stall_detector::statistics() const {
  const std::lock_guard lock{mutex_};
  return counts_;
}

} // namespace taskactor::detail
