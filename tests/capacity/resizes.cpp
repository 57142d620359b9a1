// Limiters that are resized while they are used: by several threads at once, to nothing, and to less than
// somebody needs who waits already.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace resizes {

using ta::limiter_kind;

struct gauge {
  std::size_t now = 0, most = 0, begun = 0;
};

ta::task<void> measured(gauge* where, std::chrono::nanoseconds pause) {
  ++where->begun;
  where->most = std::max(where->most, ++where->now);
  co_await ta::sleep_for(pause);
  --where->now;
}

/// Each of `count` threads calls `change` with random numbers, all at once.
void at_once(unsigned seed, const std::function<void(std::size_t)>& change) {
  constexpr unsigned count = 4;
  std::atomic<unsigned> ready{0};
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      std::mt19937 random{seed * count + i};
      ++ready;
      while (ready != count)
        std::this_thread::yield();
      for (int n = 0; n < 20; ++n)
        change(1 + random() % 9);
    });
}

constexpr unsigned seeds = 60;

} // namespace resizes

BOOST_AUTO_TEST_SUITE(resizes)

BOOST_AUTO_TEST_CASE(after_concurrent_resizes_as_many_run_as_the_figures_say) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 3});
  for (unsigned seed = 0; seed < seeds; ++seed) {
    at_once(seed, [&](std::size_t to) {
      world.tasks.resize(limiter_kind::global, 2 * to);
      world.tasks.resize("db", to);
    });
    const auto facts = world.tasks.statistics();
    gauge all, db;
    for (int i = 0; i < 30; ++i)
      (void)world.tasks.add_task({}, measured, &all, 1s);
    world.settle();
    BOOST_TEST(all.now == facts.global.capacity, "seed " << seed);
    world.advance(1min);
    world.tasks.resize(limiter_kind::global, 32);
    for (int i = 0; i < 30; ++i)
      (void)world.tasks.add_task({.limits = {{"db"}}}, measured, &db, 1s);
    world.settle();
    BOOST_TEST(db.now == facts.limits.at("db").capacity, "seed " << seed);
    world.advance(1min);
    BOOST_TEST(all.begun + db.begun == 60u);
  }
  const auto at_the_end = world.tasks.statistics();
  BOOST_TEST(at_the_end.global.in_use == 0u);
  BOOST_TEST(at_the_end.limits.at("db").in_use == 0u);
}

BOOST_AUTO_TEST_CASE(after_concurrent_resizes_as_many_threads_work_as_the_figures_say) {
  virtual_time world;
  for (unsigned seed = 0; seed < seeds; ++seed) {
    at_once(seed, [&](std::size_t to) { world.tasks.resize(limiter_kind::thread, to); });
    const auto capacity = world.tasks.statistics().thread.capacity;
    std::atomic<std::size_t> now{0};
    std::atomic<bool> go_on{false};
    auto call = [&] {
      ++now;
      now.notify_all();
      go_on.wait(false);
    };
    std::vector<ta::handle<void>> handles;
    for (int i = 0; i < 12; ++i)
      handles.push_back(world.tasks.run_in_thread({}, call).value());
    world.settle();
    BOOST_TEST(world.tasks.statistics().thread.in_use == capacity, "seed " << seed);
    for (auto seen = now.load(); seen < capacity; seen = now)
      now.wait(seen);
    BOOST_TEST(now == capacity, "seed " << seed);
    go_on = true;
    go_on.notify_all();
    for (const auto& each : handles)
      each.wait();
  }
}

BOOST_AUTO_TEST_CASE(random_resizes_under_load_never_exceed_what_there_was_at_most_and_serve_all) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    virtual_time world{{.capacity = 4}};
    world.tasks.add_limiter("db", {.capacity = 3});
    std::mt19937 random{seed};
    gauge db;
    std::vector<ta::handle<void>> handles;
    std::size_t most = 4;
    for (int step = 0; step < 60; ++step) {
      const auto needs = 1 + random() % 3;
      if (auto h = world.tasks.add_task({.limits = {{"db", needs}}}, measured, &db, 1s))
        handles.push_back(std::move(h).value());
      if (random() % 3 == 0)
        world.tasks.resize("db", random() % 5);
      if (random() % 5 == 0)
        world.tasks.resize(limiter_kind::global, random() % 4);
      if (random() % 2 == 0)
        world.advance(std::chrono::milliseconds{random() % 1500});
    }
    world.tasks.resize("db", 1); // less than some need
    world.tasks.resize(limiter_kind::global, 1);
    for (const auto& each : handles)
      each.wait();
    BOOST_TEST(db.most <= most);
    BOOST_TEST(db.begun == handles.size());
    BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
  }
}

BOOST_AUTO_TEST_CASE(what_is_added_after_a_resize_to_nothing_does_not_start) {
  for (unsigned seed = 0; seed < 30; ++seed) { // the order of messages decides
    ta::testing::manager world{{.seed = seed}};
    auto& tasks = world.tasks();
    tasks.add_limiter("db", {.capacity = 4});
    gauge all, db;
    std::atomic<int> calls{0};
    auto begin = [&] {
      for (int i = 0; i < 4; ++i) {
        (void)tasks.add_task({}, measured, &all, 1s);
        (void)tasks.add_task({.limits = {{"db"}}}, measured, &db, 1s);
        (void)tasks.run_in_thread({}, [&calls] { ++calls; });
      }
    };
    begin(); // now the holders have idle tokens
    world.run_until([&] { return tasks.statistics().completed == 12u; });
    tasks.resize("db", 0);
    tasks.resize(limiter_kind::thread, 0);
    begin();
    world.advance(2s);
    BOOST_TEST(db.begun == 4u);
    BOOST_TEST(calls == 4);
    tasks.resize(limiter_kind::global, 0);
    const auto before = all.begun;
    begin();
    world.advance(2s);
    BOOST_TEST(all.begun == before);
    tasks.resize(limiter_kind::global, 32);
    tasks.resize(limiter_kind::thread, 2);
    tasks.resize("db", 1);
    world.run_until([&] { return tasks.statistics().completed == 36u; });
    BOOST_TEST(db.begun == 12u);
    BOOST_TEST(calls == 12);
  }
}

BOOST_AUTO_TEST_CASE(who_needs_more_than_there_is_left_is_served_alone_and_keeps_nobody_out) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 4});
  gauge heavy, light;
  auto holder = world.tasks.add_task({.limits = {{"db", 2}}}, after, 1s, 1).value();
  world.settle();
  auto first = world.tasks.add_task({.id = "heavy", .limits = {{"db", 4}}}, measured, &heavy, 1s).value();
  std::vector<ta::handle<void>> others;
  for (int i = 0; i < 4; ++i)
    others.push_back(world.tasks.add_task({.limits = {{"db"}}}, measured, &light, 1s).value());
  world.settle();
  world.tasks.resize("db", 2);
  world.settle();
  const auto why = world.tasks.explain("heavy").value();
  BOOST_TEST(why.text().find("4 tokens of \"db\"") != std::string::npos, why.text());
  BOOST_TEST(why.text().find("more than there are: it is served when nobody else has any")
                 != std::string::npos,
             why.text());
  BOOST_REQUIRE(why.waits.size() == 1u);
  BOOST_TEST(why.waits[0].alone);
  world.advance(1s);
  BOOST_TEST(heavy.now == 1u);
  BOOST_TEST(light.now == 0u);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 2u);
  world.advance(1s);
  BOOST_TEST(light.now == 2u);
  for (const auto& each : others)
    each.wait();
  BOOST_CHECK(first.state() == ta::state::completed);
  BOOST_TEST(!world.tasks.explain("heavy")->waits.front().alone);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
}

BOOST_AUTO_TEST_CASE(so_is_one_that_takes_the_tokens_in_its_body_and_one_of_a_rate) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 4});
  world.tasks.add_limiter("mail", {.capacity = 3, .rate = ta::rate{.count = 1, .period = 1s, .burst = 3}});
  auto holder = world.tasks.add_task({.limits = {{"db"}, {"mail"}}}, after, 1s, 1).value();
  world.settle();
  auto taking = []() -> ta::task<int> {
    const std::vector<ta::limit> all{{"db", 4}, {"mail", 3}};
    const auto permit = co_await ta::acquire(all);
    co_await ta::sleep_for(1s);
    co_return 2;
  };
  auto first = world.tasks.add_task({}, taking).value();
  auto second = world.tasks.add_task({.limits = {{"db", 4}, {"mail", 3}}}, after, 1s, 3).value();
  world.settle();
  world.tasks.resize("db", 1);
  world.tasks.resize("mail", 2);
  BOOST_TEST(first.get() == 2);
  BOOST_TEST(second.get() == 3);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
  BOOST_TEST(world.tasks.statistics().limits.at("mail").in_use == 0u);
}

BOOST_AUTO_TEST_CASE(a_change_that_is_refused_changes_nothing) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 2});
  BOOST_CHECK_THROW(world.tasks.set_rate("db", {.count = 1}), std::system_error);
  BOOST_CHECK_THROW(world.tasks.resize("nope", 1), std::system_error);
  BOOST_TEST(world.tasks.statistics().limits.at("db").capacity == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
