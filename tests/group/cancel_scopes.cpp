// cancel_scope: cancelled by hand, its deadline changed, from the body, from children and from threads.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace cancel_scopes {

using namespace test;

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

/// After a pause: as somebody else does it.
template <class F>
ta::task<void> later(std::chrono::nanoseconds pause, F act) {
  co_await ta::sleep_for(pause);
  act();
}

ta::task<void> clean_up(std::string& trace) {
  bool cancelled = false;
  try {
    co_await ta::sleep_for(1h);
  } catch (const ta::cancelled_error&) {
    cancelled = true;
  }
  if (cancelled)
    co_await ta::shield(ta::sleep_for(2s));
  trace += "clean ";
  co_await ta::yield(); // throws again
  trace += "never ";
}

ta::task<bool> found(int page) {
  co_await ta::sleep_for(4s);
  co_return page == 7;
}

std::string told(const ta::cancel_scope& scope) {
  return std::string{scope.cancel_called() ? "called" : "not called"}
         + (scope.cancelled_caught() ? ", caught" : "");
}

} // namespace cancel_scopes

BOOST_AUTO_TEST_SUITE(cancel_scopes)

BOOST_AUTO_TEST_CASE(a_body_that_ends_by_itself_gives_its_value) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const ta::cancel_scope scope;
    BOOST_CHECK(scope.deadline() == ta::detail::time_point::max());
    BOOST_TEST((co_await scope.run(test::after(1s, 5))).value() == 5);
    BOOST_TEST(told(scope) == "not called");
    scope.cancel(); // too late
    BOOST_TEST(told(scope) == "not called");
    BOOST_TEST(!scope.set_deadline(ta::this_task::now() + 1s));
    BOOST_CHECK_EXCEPTION(co_await scope.run(test::after(1s, 5)), std::system_error,
                          [](const auto& error) { return error.code() == ta::errc::invalid_argument; });
    const ta::cancel_scope other;
    BOOST_TEST(co_await other.run(ta::sleep_for(1s)));
    const ta::cancel_scope failing_one;
    BOOST_CHECK_THROW(co_await failing_one.run(failing(1s)), std::runtime_error);
    BOOST_TEST(told(failing_one) == "not called");
    const ta::cancel_scope boxes;
    auto box = [] { return ta::run_in_thread([] { return std::make_unique<int>(7); }); };
    BOOST_TEST(**co_await boxes.run(box) == 7);
  };
  run(world, body);
  BOOST_CHECK_THROW(ta::cancel_scope({.timeout = -1s}), std::system_error);
  ta::cancel_scope moved;
  const auto there = std::move(moved);
  BOOST_CHECK_THROW(moved.cancel(), std::system_error); // NOLINT: on purpose
  there.cancel();
}

BOOST_AUTO_TEST_CASE(it_is_cancelled_by_anybody_while_its_body_waits_or_before) {
  enum class by { task, child, body, thread, before };
  for (const auto who : {by::task, by::child, by::body, by::thread, by::before})
    BOOST_TEST_CONTEXT(static_cast<int>(who)) {
      virtual_time world;
      std::string trace;
      const ta::cancel_scope scope;
      auto inside = [&]() -> ta::task<void> {
        if (who == by::body) {
          scope.cancel();
          trace += "goes on ";
        } else if (who == by::thread) {
          auto cancel = [scope] { scope.cancel(); };
          co_await ta::run_in_thread(cancel);
        } else if (who == by::child) {
          auto in_group = [&](ta::task_group& group) -> ta::task<void> {
            group.start([scope] { scope.cancel(); });
            co_await clean_up(trace);
          };
          co_await ta::with_group(in_group);
        }
        co_await clean_up(trace);
      };
      auto body = [&]() -> ta::task<void> {
        const bool in_time = co_await scope.run(inside);
        trace += in_time ? "in time" : "cut";
        co_await ta::sleep_for(1s); // of what is outside it isn't seen
      };
      if (who == by::before)
        scope.cancel();
      auto h = world.tasks.add_task({}, body).value();
      world.settle();
      if (who == by::task)
        scope.cancel();
      h.get();
      BOOST_TEST(trace == (who == by::body ? "goes on clean cut" : "clean cut"));
      BOOST_TEST(told(scope) == "called, caught");
    }
}

BOOST_AUTO_TEST_CASE(a_value_wins_over_a_cancellation) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const ta::cancel_scope scope;
    auto inside = [&]() -> ta::task<int> {
      scope.cancel();
      co_return 5;
    };
    BOOST_TEST((co_await scope.run(inside)).value() == 5);
    BOOST_TEST(told(scope) == "called");
    const ta::cancel_scope other;
    auto throws = [&]() -> ta::task<int> {
      other.cancel();
      throw std::domain_error{"its own"};
      co_return 5;
    };
    BOOST_CHECK_THROW(co_await other.run(throws), std::domain_error);
    BOOST_TEST(told(other) == "called");
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(its_deadline_is_the_earlier_of_two_and_ends_it) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto now = [] { return ta::this_task::now(); };
    const auto begin = now();
    for (const auto& [deadline, timeout, after] :
         {std::tuple{10s, 2s, 2s}, {3s, 20s, 3s}, {0s, 1s, 0s}, {5s, 0s, 0s}}) {
      const auto before = now();
      const ta::cancel_scope scope{{.deadline = before + deadline, .timeout = timeout}};
      BOOST_TEST(!co_await scope.run(hanging_twice()));
      BOOST_CHECK(now() - before == after);
      BOOST_TEST(told(scope) == "called, caught");
      BOOST_CHECK(scope.deadline() == before + after);
    }
    BOOST_CHECK(now() - begin == 5s);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_deadline_is_moved_while_it_runs) {
  struct move {
    std::chrono::seconds first, at, to, end; // `first`: zero for none; `to` from the beginning
  };
  constexpr auto never = std::chrono::seconds::max();
  const move cases[] = {
      {10s, 5s, 20s, 20s},  {10s, 5s, 6s, 6s},   {10s, 5s, 5s, 5s},      {10s, 5s, 1s, 5s},
      {0s, 5s, 7s, 7s},     {0s, 5s, 5s, 5s},    {10s, 5s, never, 100s}, {10s, 9s, 11s, 11s},
      {10s, 11s, 20s, 10s}, {10s, 0s, 20s, 20s},
  };
  enum class by { body, task, thread, child };
  for (const auto who : {by::body, by::task, by::thread, by::child})
    for (const auto& each : cases)
      BOOST_TEST_CONTEXT(static_cast<int>(who)
                         << " " << each.first.count() << " " << each.at.count() << " " << each.to.count()) {
        virtual_time world;
        const auto begin = world.now();
        const ta::cancel_scope scope{
            {.timeout = each.first == 0s ? ta::no_timeout : ta::time_span{each.first}}};
        const auto due = each.to == never ? ta::detail::time_point::max() : begin + each.to;
        auto set = [scope, due, late = each.at > each.first && each.first != 0s] {
          BOOST_TEST(scope.set_deadline(due) == !late);
          if (!late)
            BOOST_CHECK(scope.deadline() == due);
        };
        auto by_child = [&](ta::task_group& group) -> ta::task<void> {
          group.start([&] { return later(each.at, set); });
          co_await ta::sleep_for(100s);
        };
        auto inside = [&]() -> ta::task<void> {
          if (who == by::body) {
            co_await ta::sleep_for(each.at);
            set();
            if (each.to != never)
              BOOST_CHECK(ta::this_task::deadline() == due);
          } else if (who == by::child) {
            co_await ta::with_group(by_child);
          } else {
            co_await ta::sleep_for(each.at);
          }
          co_await ta::sleep_for(begin + 100s - ta::this_task::now());
        };
        auto body = [&]() -> ta::task<void> {
          const bool in_time = co_await scope.run(inside);
          BOOST_CHECK(in_time == (each.end == 100s));
          BOOST_CHECK(ta::this_task::now() - begin == each.end);
        };
        auto outside = world.tasks.add_task({}, body).value();
        if (who == by::task)
          world.tasks.add_task({}, [&] { return later(each.at, set); }).value();
        else if (who == by::thread) {
          world.advance(each.at);
          std::jthread{set}.join();
        }
        outside.get();
      }
}

BOOST_AUTO_TEST_CASE(the_body_is_told_its_deadline_and_what_it_begins_is_not) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto now = ta::this_task::now();
    const ta::cancel_scope scope{{.timeout = 5s}};
    auto inside = [&]() -> ta::task<void> {
      BOOST_CHECK(ta::this_task::deadline() == now + 5s);
      scope.set_deadline(now + 8s);
      BOOST_CHECK(ta::this_task::deadline() == now + 8s);
      auto of_child = [](ta::task_group& group) -> ta::task<ta::detail::time_point> {
        co_return co_await group
            .add_task({.timeout = ta::no_timeout}, [] { return ta::this_task::deadline(); })
            .value();
      };
      BOOST_CHECK(co_await ta::with_group(of_child) == ta::detail::time_point::max());
      BOOST_CHECK(co_await ta::run_in_thread(&ta::this_task::deadline) == ta::detail::time_point::max());
      BOOST_CHECK(co_await ta::fail_after(1s, ta::with_group(of_child)) == now + 1s);
    };
    BOOST_TEST(co_await scope.run(inside));
  };
  world.tasks.add_task({.timeout = ta::no_timeout}, body).value().get();
}

BOOST_AUTO_TEST_CASE(one_that_makes_progress_is_given_time) { // a guide page's
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    const ta::cancel_scope search{{.timeout = 5s}};
    auto look = [&]() -> ta::task<std::string> {
      for (int page = 0; page < 20; ++page) {
        if (co_await found(page))
          co_return "page " + std::to_string(page);
        search.set_deadline(ta::this_task::now() + 5s); // as long as there is an answer now and then
      }
      co_return "nowhere";
    };
    const auto where = co_await search.run(look); // empty: somebody called search.cancel(), or too late
    co_return where.value_or("too late");
  };
  BOOST_TEST(run(world, body) == "page 7");
}

BOOST_AUTO_TEST_CASE(children_in_a_scope_whose_deadline_was_moved_run_till_then) {
  virtual_time world;
  std::string trace;
  auto child = [&]() -> ta::task<void> {
    co_await ta::move_on_after(7s, hanging()); // would end with the first deadline
    trace += "child ";
    co_await hanging();
  };
  auto inside = [&](ta::task_group& group) -> ta::task<void> {
    group.start(child);
    co_await hanging();
  };
  auto body = [&]() -> ta::task<void> {
    const ta::cancel_scope scope{{.timeout = 5s}};
    auto group = [&]() -> ta::task<void> {
      auto with = [&] { return ta::with_group(inside); };
      co_await with();
    };
    auto extend = [&]() -> ta::task<void> {
      co_await ta::sleep_for(1s);
      scope.set_deadline(ta::this_task::now() + 9s);
    };
    co_await ta::when_all(scope.run(group), extend);
    trace += told(scope);
  };
  const auto begin = world.now();
  run(world, body);
  BOOST_TEST(trace == "child called, caught");
  BOOST_CHECK(world.now() - begin == 10s);
}

BOOST_AUTO_TEST_CASE(the_outermost_of_those_that_end_decides) {
  // Which of three nested scopes are cancelled at once, as bits, the outermost first; zero: none.
  for (unsigned which = 0; which < 8; ++which)
    for (const bool task_too : {false, true})
      for (const bool by_deadline : {false, true}) {
        virtual_time world;
        std::string trace;
        const auto made = [&](unsigned place) {
          const bool ends = by_deadline && (which & (1U << place)) != 0;
          return ta::cancel_scope{{.timeout = ends ? ta::time_span{1s} : ta::time_span{ta::no_timeout}}};
        };
        const ta::cancel_scope scopes[] = {made(0), made(1), made(2)};
        auto level = [&](auto& self, unsigned place) -> ta::task<void> {
          if (place == 3) {
            bool cut = false;
            try {
              co_await ta::sleep_for(10s);
            } catch (const ta::cancelled_error&) {
              cut = true;
            }
            if (cut) {
              co_await ta::shield(ta::sleep_for(2s)); // in which the others end, too
              co_await ta::yield();
            }
            co_return;
          }
          const bool in_time = co_await scopes[place].run(self(self, place + 1));
          trace += std::to_string(place) + (in_time ? " in time " : " cut ");
        };
        auto body = [&]() -> ta::task<void> { co_await level(level, 0); };
        auto h = world.tasks.add_task({.timeout = 1h}, body).value();
        world.settle();
        if (!by_deadline)
          for (unsigned place = 0; place < 3; ++place)
            if ((which & (1U << place)) != 0)
              scopes[place].cancel();
        world.advance(1s);
        if (task_too)
          h.cancel();
        world.advance(20s);
        const std::string in_time[]
            = {"0 in time ", "1 in time 0 in time ", "2 in time 1 in time 0 in time "};
        std::string wanted = in_time[2];
        if ((which & 1) != 0)
          wanted = "0 cut ";
        else if ((which & 2) != 0)
          wanted = "1 cut " + in_time[0];
        else if ((which & 4) != 0)
          wanted = "2 cut " + in_time[1];
        if (task_too)
          wanted = "";
        BOOST_TEST(trace == wanted);
        unsigned caught = 0;
        for (unsigned place = 0; place < 3; ++place)
          caught += scopes[place].cancelled_caught() ? 1 : 0;
        BOOST_TEST(caught == (which != 0 && !task_too ? 1U : 0U));
      }
}

BOOST_AUTO_TEST_CASE(a_shield_keeps_out_what_is_around_it_up_to_its_edge_but_not_its_own_end) {
  virtual_time world;
  std::string trace;
  const ta::cancel_scope inner{{.timeout = 3s, .shield = true}};
  const ta::cancel_scope outer;
  auto inside = [&]() -> ta::task<void> {
    co_await inner.run(clean_up(trace));
    trace += "never ";
  };
  auto body = [&]() -> ta::task<void> {
    const bool in_time = co_await outer.run(inside);
    trace += in_time ? "in time" : "outer cut";
  };
  const auto begin = world.now();
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  outer.cancel();
  h.get();
  BOOST_TEST(trace == "clean outer cut"); // the outermost decides, as soon as it is seen
  BOOST_CHECK(world.now() - begin == 5s);
  BOOST_TEST(told(inner) == "called");
  BOOST_TEST(told(outer) == "called, caught");
}

BOOST_AUTO_TEST_CASE(the_scope_outlives_a_body_that_is_killed_and_a_manager_that_is_gone) {
  const ta::cancel_scope scope{{.timeout = 1h}};
  {
    virtual_time world;
    int gone = 0;
    auto inside = [&gone]() -> ta::task<void> {
      const witness here{&gone};
      co_await hanging();
    };
    auto body = [&]() -> ta::task<void> { co_await scope.run(inside); };
    auto h = world.tasks.add_task({.id = "it"}, body).value();
    world.settle();
    BOOST_TEST(world.kill_task("it"));
    h.wait();
    BOOST_TEST(gone == 1);
    BOOST_TEST(!scope.set_deadline(world.now() + 1s));
  }
  scope.cancel();
  BOOST_TEST(told(scope) == "not called");

  ta::cancel_scope never_awaited;
  {
    const auto awaiter = never_awaited.run(hanging());
    never_awaited.cancel();
  }
  BOOST_TEST(told(never_awaited) == "called");
}

BOOST_AUTO_TEST_CASE(in_a_race_with_its_end_a_value_or_a_cancellation_wins_and_both_agree) {
  int cut = 0, whole = 0, extended = 0;
  ta::testing::explore({.seeds = 150}, [&](ta::testing::manager& world) {
    auto& tasks = world.tasks();
    const ta::cancel_scope scope{{.timeout = 2s}};
    auto body = [&]() -> ta::task<bool> {
      const auto value = co_await scope.run(test::after(1s, 5));
      BOOST_TEST(scope.cancelled_caught() == !value.has_value());
      BOOST_TEST((value || scope.cancel_called()));
      co_await ta::sleep_for(1s);
      co_return value.has_value();
    };
    auto h = tasks.add_task({}, body).value();
    const bool by_hand = world.draw(2) == 0;
    bool moved = false;
    auto act = [&] {
      if (by_hand)
        scope.cancel();
      else
        moved = scope.set_deadline(ta::this_task::now());
    };
    auto other = tasks.add_task({}, [&] { return later(1s, act); }).value();
    const bool got = h.get();
    other.get();
    BOOST_TEST((got || by_hand || moved));
    extended += moved ? 1 : 0;
    ++(got ? whole : cut);
  });
  BOOST_TEST(cut > 0);
  BOOST_TEST(whole > 0);
  BOOST_TEST(extended > 0);
}

BOOST_AUTO_TEST_CASE(real_threads_cancel_it_and_move_its_deadline_all_at_once) {
  ta::task_manager tasks{{.capacity = 4}};
  for (int round = 0; round < 20; ++round) {
    const ta::cancel_scope scope{{.timeout = 10s}};
    auto body = [scope]() -> ta::task<bool> { co_return co_await scope.run(ta::sleep_for(1h)); };
    auto h = tasks.add_task({}, body).value();
    std::atomic<bool> over{false};
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i)
      others.emplace_back([&] {
        for (auto left = 10s; !over; left += 1s)
          scope.set_deadline(std::chrono::steady_clock::now() + left);
      });
    others.emplace_back([&] { scope.cancel(); });
    BOOST_TEST(!h.get());
    over = true;
    BOOST_TEST(told(scope) == "called, caught");
  }
}

BOOST_AUTO_TEST_SUITE_END()
