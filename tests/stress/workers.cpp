// Workers under a killer: calls from several threads, while a random worker is killed every 10 ms.
#include "worker_processes.hpp"

#include <taskactor/registry.hpp>

#include <csignal>
#include <iostream>
#include <thread>

namespace stress {

namespace {

int slow_double(int n, int microseconds) {
  std::this_thread::sleep_for(std::chrono::microseconds{microseconds}); // what a call takes
  return 2 * n;
}
/// Short enough to be sent to a worker behind another call.
int quick_double(int n) { return 2 * n; }
/// As the slow one; run again when its worker is killed.
int steady_double(int n, int microseconds) { return slow_double(n, microseconds); }
TASKACTOR_REGISTER(slow_double);
TASKACTOR_REGISTER(quick_double);
TASKACTOR_REGISTER_AS(steady_double, "steady_double", {.idempotent = true});

constexpr int submitters = 3;
constexpr std::size_t window = 64, few = 8; // calls on their way of each

struct tally {
  std::atomic<std::uint64_t> calls{0}, right{0}, lost{0}, not_started{0}, cancelled{0}, timed_out{0},
      wrong{0}, kills{0};
};

void count_end(const ta::outcome<int>& how, int expected, tally& ends) {
  ++ends.calls;
  if (how) {
    ++(*how == expected ? ends.right : ends.wrong);
    return;
  }
  switch (how.error().state()) {
  case ta::state::cancelled:
    ++ends.cancelled;
    return;
  case ta::state::timed_out:
    ++ends.timed_out;
    return;
  default:
    break;
  }
  try {
    how.value();
  } catch (const std::system_error& error) { // killed in a call, or before it could take one
    ++(error.code() == ta::errc::worker_lost          ? ends.lost
       : error.code() == ta::errc::worker_not_started ? ends.not_started
                                                      : ends.wrong);
  } catch (...) {
    ++ends.wrong;
  }
}

bool every_end_was_seen(const ta::manager_statistics& facts, const tally& ends) {
  return ends.right != 0 && ends.lost != 0 && ends.cancelled != 0 && ends.timed_out != 0 && ends.kills != 0
         && facts.workers.run_again != 0;
}

/// What the threads are to do. Calm: nobody kills, and one of them alone makes short calls, a few at a time.
struct stage {
  std::atomic<bool> calm{false}, over{false};
};

void submit(ta::task_manager& tasks, std::uint32_t seed, bool first, const stage& now, tally& ends) {
  dice random{seed};
  struct open_call {
    ta::handle<int> end;
    int number;
  };
  std::vector<open_call> open;
  for (int number = 0; !now.over || !open.empty(); ++number) {
    const bool calm = now.calm, adds = !now.over && (first || !calm);
    if (adds) {
      const auto lasts = calm ? 2 : static_cast<int>(roll(random, 4000));
      ta::task_options how;
      if (roll(random, 20) == 0)
        how.timeout = moment(random, 20'000);
      auto made = lasts % 4 == 0   ? tasks.run_in_process(std::move(how), slow_double, number, lasts)
                  : lasts % 4 == 1 ? tasks.run_in_process(std::move(how), steady_double, number, lasts)
                                   : tasks.run_in_process(std::move(how), quick_double, number);
      open.push_back({std::move(made).value(), number});
      if (roll(random, 20) == 0)
        open[roll(random, static_cast<unsigned>(open.size()))].end.cancel();
    }
    if (!adds && open.empty()) {
      std::this_thread::sleep_for(1ms);
    } else if (!adds || open.size() >= (calm ? few : window)) {
      const auto next = open.begin() + roll(random, static_cast<unsigned>(open.size()));
      count_end(next->end.wait_outcome(), 2 * next->number, ends);
      open.erase(next);
    }
  }
}

/// Every 10 ms, and less often as long as no call comes back: on a machine that is busy with other things a
/// worker has to live longer to answer one.
void kill_some(std::uint32_t seed, const stage& what, tally& ends) {
  dice random{seed};
  constexpr std::chrono::milliseconds shortest = sanitized ? 100ms : 10ms, longest = 2s;
  auto interval = shortest;
  std::size_t right = 0;
  for (auto next = std::chrono::steady_clock::now(); !what.over;
       next = std::chrono::steady_clock::now() + interval) {
    std::this_thread::sleep_until(next);
    if (const auto ids = worker_ids(); !ids.empty() && !what.calm) {
      ::kill(ids[roll(random, static_cast<unsigned>(ids.size()))], SIGKILL);
      ++ends.kills;
    }
    const std::size_t now = ends.right;
    interval = now == right ? std::min(2 * interval, longest) : std::max(interval / 2, shortest);
    right = now;
  }
}

} // namespace

std::vector<std::string> workers(const soak_options& options, std::chrono::seconds time) {
  constexpr std::size_t most = 4;
  ta::task_manager tasks{{.process_capacity = most}};
  full_pool pool{tasks, most};
  tally ends;
  stage now;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < submitters; ++i)
      threads.emplace_back(
          [&, i] { submit(tasks, options.seed + static_cast<std::uint32_t>(i), i == 0, now, ends); });
    threads.emplace_back([&] { kill_some(options.seed, now, ends); });
    std::this_thread::sleep_for(time);
    const auto patience = std::chrono::steady_clock::now() + 60s;
    while (!every_end_was_seen(tasks.statistics(), ends) && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(100ms);
    // Calls that take less than a millisecond are sent ahead: on a slow machine, or under a sanitizer, in
    // calm alone.
    now.calm = tasks.statistics().workers.prefetched == 0;
    while (tasks.statistics().workers.prefetched == 0 && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(100ms);
    now.over = true;
  }
  auto wrong = pool.compare();
  const auto facts = tasks.statistics();
  std::cout << "workers: " << ends.calls << " calls: " << ends.right << " right, " << ends.lost << " lost, "
            << ends.not_started << " without a worker, " << ends.cancelled << " cancelled, " << ends.timed_out
            << " timed out; " << ends.kills << " kills, " << facts.workers.started << " workers started, "
            << facts.workers.prefetched << " calls sent ahead, " << facts.workers.run_again << " run again\n";
  const auto require = [&](bool good, const std::string& what) {
    if (!good)
      wrong.push_back(what);
  };
  require(ends.wrong == 0, std::to_string(ends.wrong) + " calls ended as they must not");
  require(ends.right != 0 && ends.lost != 0 && ends.cancelled != 0 && ends.timed_out != 0 && ends.kills != 0,
          "not every end was seen");
  require(facts.workers.prefetched != 0, "no call was sent ahead");
  require(facts.workers.run_again != 0, "no idempotent call was run again");
  require(facts.completed + facts.failed + facts.cancelled + facts.timed_out == ends.calls + pool.calls(),
          "not each call has one outcome");
  return wrong;
}

} // namespace stress
