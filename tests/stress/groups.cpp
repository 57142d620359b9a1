// Groups whose tasks are killed, cancelled and ended while other threads add children to them: no child
// begins after its group, none outlives what it refers to, and every group ends. Some children hold objects
// whose destructors throw, some are calls on threads that can't be stopped.
#include "stress.hpp"

#include <spdlog/logger.h>

#include <atomic>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace stress {

namespace {

std::atomic<std::uint64_t> too_late{0}, children_run{0}, refused{0}, kills{0}, destructors_thrown{0};

/// What a parent's frame holds. Its children look at it as long as they are there.
struct home_of_children {
  std::shared_ptr<std::atomic<bool>> there = std::make_shared<std::atomic<bool>>(true);
  home_of_children() = default;
  home_of_children(const home_of_children&) = delete;
  home_of_children& operator=(const home_of_children&) = delete;
  ~home_of_children() { *there = false; }
};

/// In a child's frame. One that is left behind outlives a parent that goes on: the manager counts it.
class visitor {
public:
  explicit visitor(std::shared_ptr<std::atomic<bool>> there) : there_(std::move(there)) { look(); }
  visitor(const visitor&) = delete;
  visitor& operator=(const visitor&) = delete;
  ~visitor() { look(); }
  void look() const {
    if (!*there_ && !late_.exchange(true))
      ++too_late;
  }

private:
  std::shared_ptr<std::atomic<bool>> there_;
  mutable std::atomic<bool> late_{false};
};

/// Throws when it is destroyed, unless something is thrown already.
struct rude {
  rude() = default;
  rude(const rude&) = delete;
  rude& operator=(const rude&) = delete;
  ~rude() noexcept(false) {
    if (std::uncaught_exceptions() != 0)
      return;
    ++destructors_thrown;
    throw std::runtime_error{"a destructor's"};
  }
};

ta::task<void> child(dice random, std::shared_ptr<std::atomic<bool>> there, witness) {
  const visitor here{there};
  ++children_run;
  switch (roll(random, 5)) {
  case 0:
    break;
  case 1: {
    const rude bad;
    co_await ta::sleep_for(moment(random, 500));
    break;
  }
  case 2: {
    auto call = [&here, time = moment(random, 800)] {
      std::this_thread::sleep_for(time);
      here.look();
    };
    co_await ta::run_in_thread(call);
    break;
  }
  default:
    try {
      co_await ta::sleep_for(moment(random, 500));
    } catch (const ta::cancelled_error&) {
      here.look();
      if (roll(random, 2) == 0)
        throw;
    }
    co_await ta::sleep_for(moment(random, 500));
  }
}

/// The groups that are there, for the threads that add to them.
class open_groups {
public:
  struct entry {
    ta::task_group group;
    std::shared_ptr<std::atomic<bool>> there;
  };
  void put(std::size_t slot, entry what) {
    const std::lock_guard lock{mutex_};
    all_[slot % slots] = std::move(what);
  }
  std::optional<entry> any(dice& random) const {
    const std::lock_guard lock{mutex_};
    return all_[roll(random, slots)];
  }
  void clear() {
    const std::lock_guard lock{mutex_};
    for (auto& each : all_)
      each.reset();
  }

private:
  static constexpr unsigned slots = 8;
  mutable std::mutex mutex_;
  std::optional<entry> all_[slots];
};

ta::task<void> parent(dice random, open_groups* groups, std::size_t number, witness) {
  const home_of_children home;
  auto body = [&home, &random, groups, number](ta::task_group& group) -> ta::task<void> {
    groups->put(number, {group, home.there});
    for (auto left = roll(random, 3); left != 0; --left)
      (void)group.add_task({}, child, dice{static_cast<std::uint32_t>(random())}, home.there, witness{});
    co_await ta::sleep_for(moment(random, 800));
  };
  co_await ta::with_group(body);
}

ta::manager_options hasty() {
  ta::manager_options options;
  options.capacity = 8;
  options.thread_capacity = 4;
  options.cancel_grace = 300us;
  options.history.size = 16;
  options.logger = std::make_shared<spdlog::logger>("quiet");
  return options;
}

void add_children(open_groups& groups, std::uint32_t seed, const std::atomic<bool>& over) {
  dice random{seed};
  while (!over) {
    if (auto found = groups.any(random))
      for (int i = 0; i < 4; ++i)
        if (const auto added = found->group.add_task({}, child, dice{static_cast<std::uint32_t>(random())},
                                                     found->there, witness{});
            !added)
          ++refused;
    std::this_thread::sleep_for(moment(random, 100));
  }
}

void start_parents(ta::task_manager& tasks, open_groups& groups, std::uint32_t seed,
                   std::chrono::steady_clock::time_point end) {
  dice random{seed};
  for (std::size_t number = 0; std::chrono::steady_clock::now() < end; ++number) {
    const auto task
        = tasks.add_task({}, parent, dice{static_cast<std::uint32_t>(random())}, &groups, number, witness{});
    std::this_thread::sleep_for(moment(random, 600));
    if (task && roll(random, 3) != 0) {
      ++kills;
      (void)task->cancel(); // and a kill, 300 us later
    }
  }
}

} // namespace

std::vector<std::string> groups(std::uint32_t seed, std::chrono::seconds time) {
  std::vector<std::string> wrong;
  const auto end = std::chrono::steady_clock::now() + time;
  std::uint64_t left_behind = 0; // by a machine that is busy with other things
  {
    ta::task_manager tasks{hasty()};
    open_groups open;
    std::atomic<bool> over{false};
    {
      std::vector<std::jthread> adders;
      for (std::uint32_t i = 0; i < 2; ++i)
        adders.emplace_back([&, i] { add_children(open, seed * 8 + i, over); });
      std::vector<std::jthread> starters;
      for (std::uint32_t i = 0; i < 2; ++i)
        starters.emplace_back([&, i] { start_parents(tasks, open, seed * 8 + 4 + i, end); });
      starters.clear();
      over = true;
    }
    open.clear();
    for (const auto& id : tasks.shutdown({.drain = 10s, .cancel = 5s, .kill = 5s}).not_ended)
      wrong.push_back("not ended: " + id);
    const auto facts = tasks.statistics();
    if (const auto used = facts.global.in_use)
      wrong.push_back(std::to_string(used) + " tokens are lost");
    left_behind = facts.overruns;
  }
  std::cout << "groups: seed " << seed << ": " << children_run << " children, " << refused << " refused, "
            << kills << " kills, " << destructors_thrown << " destructors that threw, " << left_behind
            << " left behind\n";
  if (too_late > left_behind)
    wrong.push_back(std::to_string(too_late) + " have seen their parent's frame go, "
                    + std::to_string(left_behind) + " were left behind");
  if (witness::alive != 0)
    wrong.push_back(std::to_string(witness::alive) + " bodies are left");
  if (children_run == 0 || refused == 0 || kills == 0 || destructors_thrown == 0)
    wrong.emplace_back("the mixture lacks something");
  return wrong;
}

} // namespace stress
