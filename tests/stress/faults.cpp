// The mixture of faults: parents that are killed while their children use the parents' locals, results with
// several owners, results that can't be moved, predicates and destructors that throw, take their time or wait
// for tasks, and calls that run out of memory.
#include "stress.hpp"

#include "support/failing_new.hpp"

#include <spdlog/logger.h>
#include <spdlog/sinks/null_sink.h>

#include <array>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace stress {

namespace {

std::atomic<std::uint64_t> dead_locals{0}; // looked at by a child after its parent's frame had gone
std::atomic<std::uint64_t> wrong_values{0};
std::atomic<std::uint64_t> canaries_seen{0}, shared_results{0}, rude_moves{0}, rude_predicates{0},
    rude_destructors{0}, slow_destructors{0}, slow_predicates{0}, lacks{0};

/// A local of a parent, to which its children refer.
class canary {
public:
  canary() : song_(std::make_unique<std::uint64_t>(song)) {}
  canary(const canary&) = delete;
  canary& operator=(const canary&) = delete;
  ~canary() { *song_ = 0; }
  void look() const {
    canaries_seen.fetch_add(1, std::memory_order_relaxed);
    if (!song_ || *song_ != song)
      dead_locals.fetch_add(1);
  }

private:
  static constexpr std::uint64_t song = 0x5ca1ab1e;
  std::unique_ptr<std::uint64_t> song_;
};

/// A result whose move and copy throw now and then.
class fragile {
public:
  explicit fragile(unsigned left) : left_(left), value_(std::make_unique<int>(4711)) {}
  fragile(const fragile& other) : left_(step(other.left_)), value_(std::make_unique<int>(*other.value_)) {}
  fragile(fragile&& other) : left_(step(other.left_)), value_(std::make_unique<int>(*other.value_)) {}
  fragile& operator=(const fragile&) = delete;
  int value() const noexcept { return *value_; }

private:
  static unsigned step(unsigned left) {
    if (left == 1) {
      rude_moves.fetch_add(1, std::memory_order_relaxed);
      throw std::runtime_error{"a move's"};
    }
    return left == 0 ? 0 : left - 1;
  }
  unsigned left_;
  std::unique_ptr<int> value_;
};

/// Its destructor throws, unless something is thrown already; one that was moved from is harmless.
class rude {
public:
  explicit rude(bool is = true) noexcept : is_(is) {}
  rude(rude&& other) noexcept : is_(std::exchange(other.is_, false)) {}
  rude& operator=(const rude&) = delete;
  ~rude() noexcept(false) {
    if (!is_ || std::uncaught_exceptions() != 0)
      return;
    rude_destructors.fetch_add(1, std::memory_order_relaxed);
    throw std::runtime_error{"a destructor's"};
  }

private:
  bool is_;
};

/// Its destructor takes its time, or waits for a task, on whatever thread it is called; one that was moved
/// from doesn't.
class slow {
public:
  slow(ta::task_manager& tasks, bool waits) noexcept : tasks_(&tasks), waits_(waits) {}
  slow(slow&& other) noexcept : tasks_(std::exchange(other.tasks_, nullptr)), waits_(other.waits_) {}
  slow& operator=(const slow&) = delete;
  ~slow() {
    if (!tasks_)
      return;
    slow_destructors.fetch_add(1, std::memory_order_relaxed);
    if (!waits_) {
      std::this_thread::sleep_for(2ms);
      return;
    }
    try {
      if (auto task = tasks_->add_task({.timeout = 10ms}, [] {}))
        task->wait();
    } catch (const std::system_error&) { // would block here
    }
  }

private:
  ta::task_manager* tasks_;
  bool waits_;
};

/// Sings on, whatever it is told, for a while.
ta::task<void> child(dice random, const canary& bird) {
  const rude local{roll(random, 10) == 0};
  const auto stubborn = roll(random, 3);
  for (unsigned i = 0; i <= stubborn; ++i) {
    try {
      bird.look();
      co_await ta::sleep_for(moment(random, 3000));
    } catch (const ta::cancelled_error&) {
      bird.look();
      if (i == stubborn)
        throw;
    }
  }
  if (roll(random, 4) == 0) {
    auto call = [&bird, time = moment(random, 2000)] {
      bird.look();
      std::this_thread::sleep_for(time);
      bird.look();
    };
    co_await ta::run_in_thread(call);
  }
  bird.look();
}

ta::task<int> parent(dice random, witness) {
  const canary bird;
  auto other = random;
  other.discard(7);
  switch (roll(random, 4)) {
  case 0:
    co_await ta::when_all(child(random, bird), child(other, bird));
    break;
  case 1:
    co_await ta::race(child(random, bird), child(other, bird));
    break;
  case 2: {
    auto body = [&bird, random](ta::task_group& all) mutable -> ta::task<void> {
      for (int i = 0; i < 3; ++i) {
        (void)all.add_task({}, child, random, std::cref(bird));
        random.discard(3);
      }
      co_await ta::sleep_for(moment(random, 2000));
    };
    co_await ta::with_group(body);
    break;
  }
  default: {
    std::vector<unsigned> seeds{1, 2, 3, 4, 5};
    auto item = [&bird](unsigned seed) { return child(dice{seed}, bird); };
    ta::gather_options options;
    options.concurrency = 1 + roll(random, 3);
    (void)co_await ta::gather(std::move(options), item, seeds);
    break;
  }
  }
  bird.look();
  co_return 1;
}

ta::task<int> with_rude_parameters(rude, witness, rude, dice random) {
  co_await ta::sleep_for(moment(random, 800));
  co_return 1;
}

/// Killed, most of them.
ta::task<int> rude_parameters(dice random, witness here) {
  auto part = with_rude_parameters(rude{}, here, rude{}, random);
  co_await ta::sleep_for(moment(random, 500));
  const int got = co_await std::move(part);
  co_return got;
}

ta::task<int> failing(dice random, witness) {
  co_await ta::sleep_for(moment(random, 800));
  if (roll(random, 3) == 0)
    throw std::runtime_error{"as it should"};
  co_return 1;
}

ta::task<fragile> fragile_result(dice random, witness) {
  if (roll(random, 2) != 0)
    co_await ta::sleep_for(moment(random, 300));
  co_return fragile{roll(random, 8)};
}

ta::task<std::vector<int>> shared_result(dice random, witness) {
  co_await ta::sleep_for(moment(random, 300));
  std::vector<int> all(64, 7);
  co_return all;
}

bool is_whole(const std::vector<int>& all) { return all.size() == 64 && all.front() == 7 && all.back() == 7; }

/// Several owners of one result, each on its own thread, who look at it, copy it or take it.
void share(const ta::handle<std::vector<int>>& task, dice random) {
  std::vector<std::thread> owners;
  for (unsigned i = 0; i < 3; ++i)
    owners.emplace_back([mine = task, kind = roll(random, 3)]() mutable {
      try {
        bool whole = true;
        if (kind == 0)
          whole = is_whole(mine.get());
        else if (kind == 1)
          whole = is_whole(std::move(mine).get());
        else if (const auto& how = mine.wait_outcome())
          whole = is_whole(*how);
        if (!whole)
          wrong_values.fetch_add(1);
      } catch (const ta::task_error&) { // timed out
      }
    });
  for (auto& each : owners)
    each.join();
  shared_results.fetch_add(1, std::memory_order_relaxed);
}

ta::manager_options hasty() {
  ta::manager_options options;
  options.capacity = 8;
  options.thread_capacity = 4;
  options.cancel_grace = 1ms;
  options.default_timeout = 2s;
  options.history.size = 16;
  options.logger
      = std::make_shared<spdlog::logger>("stress", std::make_shared<spdlog::sinks::null_sink_mt>());
  return options;
}

class submitter {
public:
  submitter(ta::task_manager& tasks, std::uint32_t seed) : tasks_(tasks), random_(seed) {}

  void submit() {
    ta::task_options options;
    options.timeout = 300us + moment(random_, 4000);
    const dice own{static_cast<std::uint32_t>(random_())
                   ^ 0x2545f491}; // else what it rolls follows from ours
    switch (roll(random_, 11)) {
    case 8: // destroyed by the runtime, and perhaps never called
      options.queue_timeout = moment(random_, 100);
      (void)tasks_.add_task(
          std::move(options), [](const slow&, witness) { return 1; }, slow{tasks_, roll(random_, 4) == 0},
          witness{});
      break;
    case 9:
    case 10:
      submit_without_memory(std::move(options), own);
      break;
    case 0:
    case 1: {
      auto task = tasks_.add_task(std::move(options), parent, own, witness{});
      std::this_thread::sleep_for(moment(random_, 300));
      if (task && roll(random_, 2) == 0)
        (void)task->cancel();
      break;
    }
    case 2:
      if (roll(random_, 2) == 0)
        options.queue_timeout = moment(random_, 100); // many never begin
      (void)tasks_.add_task(std::move(options), failing, own, witness{});
      break;
    case 6: {
      const auto task = tasks_.add_task(std::move(options), rude_parameters, own, witness{});
      if (task && roll(random_, 2) == 0)
        (void)task->cancel();
      break;
    }
    case 7: // kept for it, and perhaps never called
      if (roll(random_, 2) == 0)
        options.queue_timeout = moment(random_, 100);
      (void)tasks_.add_task(
          std::move(options), [](const rude&, witness) { return 1; }, rude{}, witness{});
      break;
    case 3: {
      const auto task = tasks_.add_task(std::move(options), fragile_result, own, witness{});
      if (!task)
        break;
      const auto& how = task->wait_outcome();
      if (how && how->value() != 4711)
        wrong_values.fetch_add(1);
      break;
    }
    case 4:
      if (const auto task = tasks_.add_task(std::move(options), shared_result, own, witness{}))
        share(*task, random_);
      break;
    default:
      ta::retry again{.max_attempts = 3, .backoff = {.first = 100us}};
      again.retry_on = [mood = roll(random_, 6)](const ta::failure& what) -> bool {
        if (mood >= 4) {
          slow_predicates.fetch_add(1, std::memory_order_relaxed);
          std::this_thread::sleep_for(1ms);
        }
        if (mood == 0) {
          rude_predicates.fetch_add(1, std::memory_order_relaxed);
          std::rethrow_exception(what.cause() ? what.cause() : std::make_exception_ptr(mood));
        }
        return mood % 2 == 0;
      };
      options.retry = std::move(again);
      (void)tasks_.add_task(std::move(options), failing, own, witness{});
    }
  }

private:
  /// Some allocation of the call fails, on this thread: the task is there or it isn't. What is left, and what
  /// is stuck, shows at the end.
  void submit_without_memory(ta::task_options options, dice own) {
    if (roll(random_, 3) == 0)
      options.id = "one of a few names, each longer than a string holds, " + std::to_string(roll(random_, 4));
    options.admission.on_duplicate
        = roll(random_, 2) == 0 ? ta::on_duplicate::replace : ta::on_duplicate::reject;
    const test::failing_allocation lack{1 + static_cast<long>(roll(random_, 30))};
    try {
      const auto task = tasks_.add_task(std::move(options), failing, own, witness{});
      if (task && roll(random_, 2) == 0)
        (void)task->cancel();
    } catch (const std::bad_alloc&) {
      lacks.fetch_add(1, std::memory_order_relaxed);
    }
  }

  ta::task_manager& tasks_;
  dice random_;
};

} // namespace

std::vector<std::string> faults(const soak_options& options) {
  const auto count = options.tasks != 0 ? options.tasks : sanitized ? 3'000 : 12'000;
  constexpr unsigned submitters = 4;
  std::vector<std::string> wrong;
  constexpr int rounds = 3; // the last one is shut down in the middle, without mercy
  for (int round = 0; round < rounds; ++round) {
    ta::task_manager tasks{hasty()};
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < submitters; ++i)
      threads.emplace_back([&, seed = options.seed * 31 + static_cast<unsigned>(round) * submitters + i] {
        submitter me{tasks, seed};
        while (next++ < count / rounds)
          me.submit();
      });
    if (round == rounds - 1) {
      while (next < count / rounds / 2)
        std::this_thread::sleep_for(1ms);
      const ta::shutdown_options bounds{0s, 0s, 30s};
      for (const auto& id : tasks.shutdown(bounds).not_ended)
        wrong.push_back("not ended: " + id);
    }
    for (auto& each : threads)
      each.join();
    if (round != rounds - 1) {
      auto last = tasks.add_task({.timeout = 20s}, [] { return 5; });
      if (!last || std::move(last).value().get() != 5)
        wrong.emplace_back("no task runs any more");
    }
    const auto report = tasks.shutdown();
    for (const auto& id : report.not_ended)
      wrong.push_back("not ended: " + id);
    const auto facts = tasks.statistics();
    if (facts.submitted != facts.completed + facts.failed + facts.cancelled + facts.timed_out)
      wrong.emplace_back("the ends that are counted are not as many as the tasks");
  }
  std::cout << "faults: seed " << options.seed << ": " << canaries_seen << " looks at parents' locals, "
            << shared_results << " shared results, " << rude_moves << " moves, " << rude_predicates
            << " predicates and " << rude_destructors << " destructors that threw, " << slow_predicates
            << " and " << slow_destructors << " that took their time, " << lacks << " calls without memory\n";
  if (dead_locals != 0)
    wrong.push_back(std::to_string(dead_locals) + " looks at locals of a frame that had gone");
  if (wrong_values != 0)
    wrong.push_back(std::to_string(wrong_values) + " values were not whole");
  if (witness::alive != 0)
    wrong.push_back(std::to_string(witness::alive) + " bodies are left");
  const std::pair<const char*, std::uint64_t> kinds[] = {{"destructors that throw", rude_destructors},
                                                         {"slow destructors", slow_destructors},
                                                         {"slow predicates", slow_predicates},
                                                         {"calls without memory", lacks},
                                                         {"looks", canaries_seen},
                                                         {"shared results", shared_results},
                                                         {"moves that throw", rude_moves},
                                                         {"predicates that throw", rude_predicates}};
  for (const auto& [name, seen] : kinds)
    if (seen == 0)
      wrong.push_back(std::string{"the mixture has no "} + name);
  return wrong;
}

} // namespace stress
