/// A peer of taskactor-bench: raw CAF, the floor of "each task is an actor". A task is a spawn, one message
/// and a down message to the actor that monitors it and lets so many run at once.
///
/// It lacks ids, deadlines, outcomes and a caller's thread that submits.
#include "caf_adapter/compat_io.hpp" // 1.x makes no actor system before its types have their numbers
#include "caf_adapter/compat_scheduler.hpp"
#include "peer.hpp"

#include <caf/all.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <future>
#include <thread>

using namespace bench;
using namespace taskactor::detail;

namespace {

constexpr std::size_t capacity = 128, sleepers = 2000, threads = 32;

/// With one queue for all: CAF's default, "stealing", takes O(n) for a steal from a queue of n.
struct configuration : caf::actor_system_config {
  configuration() { share_one_queue(*this); }
};

// -- children ---------------------------------------------------------------

caf::behavior same(caf::event_based_actor* self, results* all) {
  return {[self, all](std::uint64_t number) {
    (*all)[number] = number;
    self->quit();
  }};
}

caf::behavior nap(caf::event_based_actor* self, results* all) {
  return {[self](std::uint64_t number) {
            const auto due = self->system().clock().now() + std::chrono::milliseconds{10};
            post_at(self->system().clock(), due, self->ctrl(), static_cast<std::int64_t>(number));
          },
          [self, all](std::int64_t number) {
            (*all)[static_cast<std::size_t>(number)] = static_cast<std::size_t>(number);
            self->quit();
          }};
}

caf::behavior sleep_on(caf::event_based_actor*, results*) {
  return {[](std::uint64_t) {}};
}

// -- who supervises them ----------------------------------------------------

using body = caf::behavior (*)(caf::event_based_actor*, results*);

struct order {
  body what;
  std::size_t size, at_once;
  results* all;
  std::promise<void>* all_started;
  std::promise<void>* all_ended;
};

class supervisor final : public caf::event_based_actor {
public:
  supervisor(caf::actor_config& config, const order& asked) : event_based_actor(config), asked_(asked) {
    when_actor_down(*this, [this](caf::down_msg&) { ended(); });
  }

  caf::behavior make_behavior() override {
    while (started_ < std::min(asked_.size, asked_.at_once))
      start();
    // A message with a number asks all to end.
    return {[this](std::uint64_t) {
      for (auto& child : children_)
        caf::anon_send_exit(child, caf::exit_reason::user_shutdown);
      children_.clear();
    }};
  }

private:
  void start() {
    auto child = spawn(asked_.what, asked_.all);
    monitor_actor(*this, caf::actor_cast<caf::strong_actor_ptr>(child));
    post_from(*this, child, std::uint64_t{started_});
    if (asked_.what == sleep_on)
      children_.push_back(std::move(child));
    if (++started_ == asked_.size)
      asked_.all_started->set_value();
  }
  void ended() {
    if (started_ < asked_.size)
      start();
    if (++ended_ == asked_.size) {
      asked_.all_ended->set_value();
      quit();
    }
  }

  const order asked_;
  std::vector<caf::actor> children_;
  std::size_t started_ = 0, ended_ = 0;
};

/// A supervisor at work.
class family {
public:
  family(caf::actor_system& system, body what, std::size_t size, std::size_t at_once)
      : all_(size),
        supervisor_(system.spawn<supervisor>(order{what, size, at_once, &all_, &started_, &ended_})) {}
  void wait_for_starts() { started_.get_future().wait(); }
  void wait_for_ends() { ended_.get_future().wait(); }
  void check() const { all_.check(); }
  void cancel() {
    post(supervisor_, std::uint64_t{0});
    wait_for_ends();
  }

private:
  results all_;
  std::promise<void> started_, ended_;
  caf::actor supervisor_;
};

sample run_all(body what, std::size_t size, std::size_t at_once) {
  configuration config;
  caf::actor_system system{config};
  const stopwatch watch;
  family tasks{system, what, size, at_once};
  tasks.wait_for_ends();
  tasks.check();
  return watch.read();
}

// -- the works: see ../work.cpp ---------------------------------------------

sample run_add(std::size_t size) { return run_all(same, size, capacity); }
sample run_sleep(std::size_t size) { return run_all(nap, size, sleepers); }

/// One of a pool's threads. Tells the pool when it is idle again.
caf::behavior call_blocking(caf::event_based_actor* self, caf::actor pool,
                            std::vector<std::promise<std::size_t>>* calls) {
  return {[self, pool, calls](std::uint64_t number) {
    (*calls)[number].set_value(number);
    post_from(*self, pool, caf::actor{self});
  }};
}

/// Gives each call to a thread that is idle, so that none waits behind a long one: a message to the pool, one
/// to the thread, and one back.
class thread_pool final : public caf::event_based_actor {
public:
  thread_pool(caf::actor_config& config, std::vector<std::promise<std::size_t>>* calls)
      : event_based_actor(config), calls_(calls) {}
  caf::behavior make_behavior() override {
    for (std::size_t i = 0; i < threads; ++i)
      idle_.push_back(all_.emplace_back(spawn<caf::detached>(call_blocking, caf::actor{this}, calls_)));
    return {[this](std::uint64_t number) {
              waiting_.push_back(number);
              give();
            },
            [this](caf::actor& thread) {
              idle_.push_back(std::move(thread));
              give();
            }};
  }
  void on_exit() override {
    for (auto& each : all_)
      caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    all_.clear();
    idle_.clear();
  }

private:
  void give() {
    for (; !waiting_.empty() && !idle_.empty(); waiting_.pop_front(), idle_.pop_back())
      post_from(*this, idle_.back(), waiting_.front());
  }

  std::vector<std::promise<std::size_t>>* calls_;
  std::deque<std::uint64_t> waiting_;
  std::vector<caf::actor> all_, idle_;
};

sample run_thread(std::size_t size) {
  configuration config;
  caf::actor_system system{config};
  std::vector<std::promise<std::size_t>> calls(size);
  const auto pool = system.spawn<thread_pool>(&calls);
  const stopwatch watch;
  for (std::size_t i = 0; i < size; ++i)
    post(pool, std::uint64_t{i});
  for (std::size_t i = 0; i < size; ++i)
    check_equal(calls[i].get_future().get(), i);
  auto taken = watch.read();
  caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
  return taken;
}

sample run_cancel(std::size_t size) {
  configuration config;
  caf::actor_system system{config};
  family tasks{system, sleep_on, size, size};
  tasks.wait_for_starts();
  const stopwatch watch;
  tasks.cancel();
  return watch.read();
}

sample run_memory(std::size_t size) {
  configuration config;
  caf::actor_system system{config};
  family first{system, sleep_on, 1, 1};
  first.wait_for_starts();
  first.cancel();
  const auto before = resident_bytes();
  family tasks{system, sleep_on, size, size};
  tasks.wait_for_starts();
  const auto after = resident_bytes();
  tasks.cancel();
  return {{"bytes", after - before}};
}

caf::behavior answer(caf::event_based_actor* self, std::promise<std::size_t>* result) {
  return {[self, result](std::uint64_t number) {
    result->set_value(number);
    self->quit();
  }};
}

sample run_latency(std::size_t size) {
  configuration config;
  caf::actor_system system{config};
  std::vector<double> taken(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    std::promise<std::size_t> result;
    const stopwatch watch;
    post(system.spawn(answer, &result), std::uint64_t{i});
    check_equal(result.get_future().get(), i);
    taken[i] = watch.seconds();
  }
  return percentiles(std::move(taken));
}

} // namespace

int main(int argc, char** argv) {
  const auto version = std::to_string(CAF_MAJOR_VERSION) + '.' + std::to_string(CAF_MINOR_VERSION) + '.'
                       + std::to_string(CAF_PATCH_VERSION);
  return serve({.name = "raw CAF",
                .version = version,
                .works = {{"add", run_add},
                          {"gather", run_add},
                          {"sleep", run_sleep},
                          {"thread", run_thread},
                          {"cancel", run_cancel},
                          {"memory", run_memory},
                          {"latency", run_latency}}},
               argc, argv);
}
