// The mixture: bodies of all kinds, with options of all kinds.
#include "stress.hpp"

#include <algorithm>
#include <stop_token>
#include <thread>
#include <utility>

namespace stress {

namespace {

ta::task<int> nap(dice random) {
  co_await ta::sleep_for(moment(random, 1500));
  co_return 1;
}

ta::task<int> fail(dice random) {
  if (roll(random, 2) != 0)
    co_await ta::sleep_for(moment(random, 500));
  throw std::runtime_error{"as it should"};
}

ta::task<int> hang() {
  co_await ta::sleep_for(1h);
  co_return 0;
}

/// Swallows its cancellation a few times, or until it is killed.
ta::task<int> swallow(unsigned times) {
  for (unsigned i = 0; times == 0 || i < times; ++i) {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) { // on purpose
    }
  }
  co_return 1;
}

/// Scopes within scopes, whose timers fire at about the time when the frames go.
ta::task<int> scopes(dice random) {
  const auto outer = moment(random, 1000), inner = moment(random, 1000), pause = moment(random, 1000);
  auto both = [&]() -> ta::task<void> {
    const bool in_time = co_await ta::move_on_after(inner, ta::sleep_for(pause));
    if (!in_time)
      co_await ta::shield(ta::sleep_for(pause / 4));
    co_await ta::sleep_for(pause);
  };
  try {
    co_await ta::fail_after(outer, both);
  } catch (const ta::timeout_error&) {
    co_return 2;
  }
  co_return 1;
}

ta::task<int> permits(dice random) {
  std::vector<ta::limit> limits;
  limits.emplace_back("db", 1 + roll(random, 2));
  if (roll(random, 2) != 0)
    limits.emplace_back("mail", 1 + roll(random, 3));
  auto first = co_await ta::acquire(std::move(limits));
  co_await ta::sleep_for(moment(random, 300));
  if (roll(random, 2) != 0)
    first.release();
  const bool in_time = co_await ta::move_on_after(moment(random, 500), [&first]() -> ta::task<void> {
    first.release();
    auto second = co_await ta::acquire("db");
    co_await ta::sleep_for(100us);
  });
  co_return in_time ? 1 : 2;
}

int call(std::stop_token stop, std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  ta::this_task::throw_if_cancelled();
  return 1;
}

ta::task<int> thread(dice random) {
  const int got = co_await ta::run_in_thread(call, moment(random, 200));
  co_return got;
}

/// For another attempt.
ta::task<int> third_time(dice random) {
  co_await ta::sleep_for(moment(random, 200));
  const auto attempt = ta::this_task::attempt();
  if (attempt < 3 && roll(random, 8) == 0)
    ta::this_task::retry_after(moment(random, 300), "again");
  if (attempt == 2 && roll(random, 8) == 0)
    ta::this_task::forbid_retry();
  if (attempt < 3)
    throw std::runtime_error{"not yet"};
  co_return 3;
}

ta::task<int> small(std::uint32_t seed, witness) {
  dice random{seed};
  switch (roll(random, 8)) {
  case 0:
    return fail(random);
  case 1:
    return hang();
  case 2:
    return permits(random);
  case 3:
    return thread(random);
  case 4:
    return scopes(random);
  case 5:
    return swallow(1 + roll(random, 3));
  default:
    return nap(random);
  }
}

ta::task_options child_options(dice& random) {
  ta::task_options options;
  options.timeout = 500us + moment(random, 3000);
  std::vector<ta::limit> limits;
  if (roll(random, 3) == 0)
    limits.emplace_back("db", 1 + roll(random, 2));
  if (roll(random, 3) == 0)
    limits.emplace_back("mail");
  options.limits = std::move(limits);
  if (roll(random, 4) == 0)
    options.retry = ta::retry{.max_attempts = 2, .backoff = {.first = moment(random, 300)}};
  return options;
}

/// Children are added while others fail, and while the group is cancelled from inside and from outside.
ta::task<int> group(dice random) {
  auto body = [random](ta::task_group& all) mutable -> ta::task<int> {
    const auto count = 1 + roll(random, 5);
    for (unsigned i = 0; i < count; ++i) {
      (void)all.add_task(child_options(random), small, static_cast<std::uint32_t>(random()), witness{});
      if (roll(random, 3) == 0)
        co_await ta::sleep_for(moment(random, 400));
      if (roll(random, 12) == 0)
        all.cancel();
    }
    if (roll(random, 3) == 0) { // a child that adds others
      auto adds = [](ta::task_group* to, dice own, witness) -> ta::task<void> {
        for (int i = 0; i < 3; ++i) {
          (void)to->add_task(child_options(own), small, static_cast<std::uint32_t>(own()), witness{});
          co_await ta::sleep_for(moment(own, 200));
        }
      };
      (void)all.add_task({}, adds, &all, random, witness{});
    }
    co_return 1;
  };
  co_return co_await ta::with_group(body);
}

ta::task<int> gather(dice random) {
  std::vector<std::uint32_t> seeds(1 + roll(random, 6));
  std::generate(seeds.begin(), seeds.end(), random);
  ta::gather_options options;
  options.concurrency = 1 + roll(random, 4);
  options.each.timeout = 300us + moment(random, 2000);
  auto item = [alive = witness{}](std::uint32_t seed) { return small(seed, alive); };
  const auto all = co_await ta::gather(std::move(options), item, seeds);
  co_return static_cast<int>(all.size());
}

ta::task<int> racing(dice random) {
  auto other = random;
  other.discard(3);
  if (roll(random, 2) == 0) {
    const auto won = co_await ta::race(nap(random), nap(other));
    co_return static_cast<int>(won.index());
  }
  const auto both = co_await ta::when_all(nap(random), scopes(other));
  co_return std::get<0>(both);
}

ta::task<int> submits(dice random, ta::task_manager* tasks) {
  auto other = tasks->add_task({.timeout = 2ms}, small, static_cast<std::uint32_t>(random()), witness{});
  if (!other)
    co_return 0;
  const int got = co_await *other;
  co_return got;
}

} // namespace

void add_limiters(ta::task_manager& tasks) {
  tasks.add_limiter("db", {.capacity = 4});
  tasks.add_limiter("disk", {.capacity = 3});
  tasks.add_limiter("mail", {.capacity = 6, .rate = ta::rate{.count = 50'000, .burst = 20}});
}

ta::task<int> any_body(std::uint32_t seed, ta::task_manager* tasks, witness alive) {
  dice random{seed};
  switch (roll(random, 24)) {
  case 0:
  case 1:
    return group(random);
  case 2:
  case 3:
    return gather(random);
  case 4:
    return racing(random);
  case 5:
  case 6:
    return third_time(random);
  case 7:
    return submits(random, tasks);
  case 8:
    return swallow(roll(random, 16) == 0 ? 0 : 1 + roll(random, 4));
  default:
    return small(static_cast<std::uint32_t>(random()), alive);
  }
}

ta::task_options any_options(dice& random) {
  ta::task_options options;
  options.timeout = 500us + moment(random, 5000);
  if (roll(random, 10) == 0)
    options.queue_timeout = moment(random, 2000);
  if (roll(random, 10) == 0)
    options.total_timeout = moment(random, 8000);
  if (roll(random, 50) == 0)
    options.timeout = 0s;
  if (roll(random, 4) == 0)
    options.limits = std::vector{ta::limit{"disk", 1 + roll(random, 2)}};
  options.priority = static_cast<int>(roll(random, 10));
  if (roll(random, 3) == 0)
    options.fairness_key = "tenant-" + std::to_string(roll(random, 5));
  if (roll(random, 4) == 0)
    options.retry = ta::retry{.max_attempts = 3, .backoff = {.first = moment(random, 500), .jitter = 100us}};
  constexpr ta::on_full choices[] = {ta::on_full::reject, ta::on_full::wait, ta::on_full::shed};
  options.admission.on_full = choices[roll(random, 3)];
  options.admission.timeout = moment(random, 2000);
  return options;
}

} // namespace stress
