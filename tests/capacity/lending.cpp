// Rule 6: who waits lends its token. Each kind of wait by each kind of end: the end is delivered when it is
// due, though there is no token to be had; what follows it waits for one.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

using namespace test;

namespace lending {

using ta::limiter_kind;

/// What there is to wait for.
struct scene {
  explicit scene(std::size_t capacity = 8) : world{{.capacity = capacity}} {
    world.tasks.add_limiter("db", {.capacity = 1});
    holder = world.tasks.add_task({.limits = {{"db"}}}, hanging).value();
    other = world.tasks.add_task({}, hanging).value();
    world.settle();
  }
  std::chrono::nanoseconds elapsed() const { return world.elapsed(); }
  auto tokens() const { return world.tasks.statistics().global.in_use; }

  virtual_time world;
  ta::handle<int> holder, other;
};

using wait = std::function<ta::task<void>(scene&)>;
struct named_wait {
  const char* name;
  wait begin;
};

ta::task<void> for_handle(scene& s) { co_await s.other; }
ta::task<void> for_outcome(scene& s) { co_await s.other.outcome(); }
ta::task<void> for_gather(scene&) {
  const std::vector items(3, 600s);
  auto body = [](std::chrono::nanoseconds pause) { return after(pause, 1); };
  (void)co_await ta::gather({}, body, items);
}
ta::task<void> for_group(scene&) {
  auto body = [](ta::task_group& group) -> ta::task<void> {
    group.start(hanging);
    co_return;
  };
  co_await ta::with_group(body);
}
ta::task<void> for_handle_in_group(scene& s) {
  auto body = [&s](ta::task_group& group) -> ta::task<void> {
    group.start(hanging);
    co_await s.other;
  };
  co_await ta::with_group(body);
}
ta::task<void> for_race(scene&) { (void)co_await ta::race(after(600s, 1), after(700s, 2)); }
ta::task<void> for_all(scene&) { (void)co_await ta::when_all(after(600s, 1), after(700s, 2)); }
ta::task<void> for_next(scene&) {
  const std::vector items(3, 600s);
  auto body = [](std::chrono::nanoseconds pause) { return after(pause, 1); };
  auto done = ta::as_completed({}, body, items);
  (void)co_await done.next();
}
ta::task<void> for_permit(scene&) { auto permit = co_await ta::acquire("db"); }
ta::task<void> for_thread_token(scene&) {
  co_await ta::run_in_thread([] {});
}
ta::task<void> for_time(scene&) { co_await ta::sleep_for(600s); }

const named_wait waits[] = {{"handle", for_handle},
                            {"outcome", for_outcome},
                            {"gather", for_gather},
                            {"group", for_group},
                            {"handle in a group", for_handle_in_group},
                            {"race", for_race},
                            {"when_all", for_all},
                            {"next", for_next},
                            {"permit", for_permit},
                            {"thread", for_thread_token},
                            {"time", for_time}};

/// What a body has seen of its end, and when.
struct seen {
  std::optional<std::chrono::nanoseconds> caught, cleaned, went_on;
};

using end = std::function<ta::task<void>(scene&, wait, seen&)>;
struct named_end {
  const char* name;
  end body;
  ta::task_options options;
  bool from_outside = false; // cancelled at 1 s by its handle
};

ta::task<void> by_fail_after(scene& s, wait begin, seen& what) {
  try {
    co_await ta::fail_after(1s, begin(s));
  } catch (const ta::timeout_error&) {
    what.caught = s.elapsed();
  }
}
ta::task<void> by_move_on_after(scene& s, wait begin, seen& what) {
  const bool in_time = co_await ta::move_on_after(1s, begin(s));
  if (!in_time)
    what.caught = s.elapsed();
}
ta::task<void> by_an_outer_scope(scene& s, wait begin, seen& what) {
  auto inner = [&]() -> ta::task<void> { (void)co_await ta::move_on_after(100s, begin(s)); };
  const bool in_time = co_await ta::move_on_after(1s, inner);
  if (!in_time)
    what.caught = s.elapsed();
}
ta::task<void> by_a_scope_in_a_shield(scene& s, wait begin, seen& what) {
  const bool in_time = co_await ta::shield(ta::move_on_after(1s, begin(s)));
  if (!in_time)
    what.caught = s.elapsed();
}
/// Its clean-up awaits, too, and gets a token no more than it did.
ta::task<void> by_its_end(scene& s, wait begin, seen& what) {
  bool ended = false;
  try {
    co_await begin(s);
  } catch (const ta::cancelled_error&) {
    ended = true;
    what.caught = s.elapsed();
  }
  if (ended) {
    co_await ta::shield(ta::sleep_for(10ms));
    what.cleaned = s.elapsed();
    throw ta::cancelled_error{};
  }
}
ta::task<void> by_a_scope_with_clean_up(scene& s, wait begin, seen& what) {
  auto inner = [&]() -> ta::task<void> { co_await by_its_end(s, begin, what); };
  (void)co_await ta::move_on_after(1s, inner);
}

const named_end ends[] = {{"fail_after", by_fail_after, {}},
                          {"move_on_after", by_move_on_after, {}},
                          {"an outer scope", by_an_outer_scope, {}},
                          {"a scope in a shield", by_a_scope_in_a_shield, {}},
                          {"a scope with clean-up", by_a_scope_with_clean_up, {}},
                          {"timeout", by_its_end, {.timeout = 1s}},
                          {"total_timeout", by_its_end, {.total_timeout = 1s}},
                          {"a cancellation", by_its_end, {}, true}};

ta::task<void> whole(scene& s, end body, wait begin, seen& what) {
  co_await body(s, begin, what);
  co_await ta::yield(); // no end reaches this
  what.went_on = s.elapsed();
}

} // namespace lending

BOOST_AUTO_TEST_SUITE(lending)

BOOST_AUTO_TEST_CASE(each_end_of_each_wait_is_delivered_when_it_is_due) {
  for (const auto& how : ends)
    for (const auto& what : waits) {
      BOOST_TEST_CONTEXT(what.name << " by " << how.name) {
        scene s;
        s.world.tasks.resize(limiter_kind::thread, 0);
        seen told;
        auto h
            = s.world.tasks.add_task(how.options, whole, std::ref(s), how.body, what.begin, std::ref(told));
        s.world.settle();
        const auto begun = s.elapsed();
        s.world.tasks.resize(limiter_kind::global, 0); // whoever gives a token back gets none again
        s.world.advance(1s - 1ns);
        BOOST_TEST(!told.caught.has_value());
        s.world.advance(1ns);
        if (how.from_outside)
          h->cancel();
        s.world.settle();
        BOOST_REQUIRE(told.caught.has_value());
        BOOST_CHECK(*told.caught == begun + 1s);
        s.world.advance(10ms);
        if (told.cleaned)
          BOOST_CHECK(*told.cleaned == begun + 1s + 10ms);
        s.world.advance(100s);
        const bool lent = std::string{what.name} != "thread" && std::string{what.name} != "time";
        const bool goes_on = !h->finished() || h->state() == ta::state::completed;
        if (goes_on && lent)
          BOOST_TEST(!told.went_on.has_value()); // there is no token yet
        s.world.tasks.resize(limiter_kind::global, 8);
        s.world.settle();
        BOOST_TEST(h->finished());
        if (h->state() == ta::state::completed)
          BOOST_CHECK(*told.went_on == (lent ? s.elapsed() : told.cleaned.value_or(begun + 1s)));
        s.world.tasks.cancel_all();
        s.world.settle();
        BOOST_TEST(s.tokens() == 0u);
      }
    }
}

BOOST_AUTO_TEST_CASE(what_has_come_before_the_end_is_given_at_the_end_without_a_token) {
  for (const bool by_gather : {false, true}) {
    scene s;
    int value = 0;
    auto job = s.world.tasks.add_task({}, after, 500ms, 7).value();
    auto body = [&]() -> ta::task<void> {
      auto waits_for_it = [&]() -> ta::task<int> {
        if (!by_gather) {
          const int got = co_await job;
          co_return got;
        }
        const std::vector one{500ms};
        auto item = [](std::chrono::nanoseconds pause) { return after(pause, 7); };
        auto all = co_await ta::gather({}, item, one);
        co_return all[0].value();
      };
      const auto got = co_await ta::move_on_after(1s, waits_for_it);
      value = got.value_or(-1);
    };
    auto h = s.world.tasks.add_task({}, body).value();
    s.world.settle();
    s.world.tasks.resize(limiter_kind::global, 0);
    s.world.advance(1s - 1ns);
    BOOST_TEST(value == 0); // the value is there, the token isn't
    s.world.advance(1ns);
    BOOST_TEST(value == 7);
    BOOST_CHECK(h.state() == ta::state::completed);
  }
}

BOOST_AUTO_TEST_CASE(after_its_scope_a_body_goes_on_with_a_token_and_no_more_than_these_at_once) {
  scene s{4};
  int now = 0, most = 0, ended = 0;
  auto body = [&]() -> ta::task<void> {
    (void)co_await ta::move_on_after(1s, for_handle(s));
    co_await ta::sleep_for(1ms);
    most = std::max(most, ++now);
    co_await ta::sleep_for(1s);
    --now;
    ++ended;
  };
  for (int i = 0; i < 50; ++i)
    (void)s.world.tasks.add_task({}, body);
  s.world.advance(60s);
  BOOST_TEST(ended == 50);
  BOOST_TEST(most <= 4);
  BOOST_TEST(s.tokens() == 2u); // of the scene's two
}

BOOST_AUTO_TEST_CASE(bodies_that_wait_for_a_permit_keep_nobody_from_giving_it_back) {
  for (const std::size_t capacity : {1, 2, 32}) {
    virtual_time world{{.capacity = capacity}};
    world.tasks.add_limiter("db", {.capacity = 2});
    int now = 0, most = 0;
    auto body = [&]() -> ta::task<int> {
      auto permit = co_await ta::acquire("db");
      most = std::max(most, ++now);
      const std::vector two{1ms, 2ms};
      auto item = [](std::chrono::nanoseconds pause) { return after(pause, 1); };
      auto all = co_await ta::gather({}, item, two);
      --now;
      co_return all[0].value() + all[1].value();
    };
    std::vector<ta::handle<int>> handles;
    for (int i = 0; i < 100; ++i)
      handles.push_back(world.tasks.add_task({}, body).value());
    for (const auto& each : handles)
      BOOST_TEST(each.get() == 2);
    BOOST_TEST(most == 2);
    BOOST_TEST(world.tasks.statistics().global.in_use == 0u);
    BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
  }
}

BOOST_AUTO_TEST_CASE(a_permit_that_is_there_costs_no_turn) {
  virtual_time world{{.capacity = 1}};
  world.tasks.add_limiter("db", {.capacity = 1});
  std::string order;
  auto body = [&order](char name) -> ta::task<void> {
    for (int i = 0; i < 3; ++i) {
      auto permit = co_await ta::acquire("db");
      order += name;
    }
  };
  (void)world.tasks.add_task({}, body, 'w'); // the limiter's token is the manager's from here on
  world.settle();
  order.clear();
  for (const char name : {'a', 'b', 'c'})
    (void)world.tasks.add_task({}, body, name);
  world.settle();
  BOOST_TEST(order == "aaabbbccc");
}

/// Waits of all kinds, in scopes of random lengths, one after the other and in each other.
ta::task<void> anything(scene& s, std::mt19937& random, int depth) {
  for (int i = 0; i < 3; ++i) {
    const auto pause = std::chrono::milliseconds{random() % 50};
    const auto which = random() % std::size(waits);
    auto inner = [&s, &random, depth, which]() -> ta::task<void> {
      if (depth > 0 && which % 2 == 0) {
        const std::vector below(1 + which % 3, depth - 1);
        auto item = [&s, &random](int left) { return anything(s, random, left); };
        (void)co_await ta::gather({}, item, below);
      } else {
        co_await waits[which].begin(s);
      }
    };
    if (random() % 4 == 0) {
      bool in_time = true;
      try {
        co_await ta::fail_after(pause, inner);
      } catch (const ta::timeout_error&) {
        in_time = false;
      }
      if (!in_time)
        co_await ta::shield(ta::sleep_for(1ms));
    } else {
      (void)co_await ta::move_on_after(pause, inner);
    }
    co_await ta::yield();
  }
}

BOOST_AUTO_TEST_CASE(random_waits_and_ends_lose_no_token_and_lend_none_twice) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    std::mt19937 random{seed};
    scene s{3 + random() % 4};
    auto& tasks = s.world.tasks;
    std::vector<ta::handle<void>> handles;
    for (int i = 0; i < 20; ++i)
      handles.push_back(tasks.add_task({}, anything, std::ref(s), std::ref(random), 2).value());
    for (int i = 0; i < 20; ++i) {
      s.world.advance(std::chrono::milliseconds{random() % 20});
      if (random() % 3 == 0)
        handles[random() % handles.size()].cancel();
      if (random() % 3 == 0)
        tasks.resize(limiter_kind::global, random() % 6);
      const auto facts = tasks.statistics();
      BOOST_TEST(facts.global.in_use <= 6u);
    }
    tasks.resize(limiter_kind::global, 3);
    for (const auto& each : handles)
      each.wait();
    tasks.cancel_all();
    s.world.settle();
    BOOST_TEST(tasks.statistics().global.in_use == 0u, "seed " << seed);
    BOOST_TEST(tasks.statistics().limits.at("db").in_use == 0u, "seed " << seed);
    BOOST_TEST(tasks.statistics().waiting == 0u, "seed " << seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()
