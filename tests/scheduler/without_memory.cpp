// No memory, at each place of a call or a turn: it has thrown and changed nothing, or it has worked; no fire
// is lost, none is done twice, and nothing stays that isn't there.
#include "scheduler/plays.hpp"
#include "scheduler/scheduler_host.hpp"
#include "support/fail_each.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace test;

BOOST_AUTO_TEST_SUITE(without_memory)

BOOST_AUTO_TEST_CASE(a_schedule_is_added_or_not) {
  schedule_world world;
  const auto when = parsed("every 10s");
  const std::string name = "a name with so many letters that it needs an allocation";
  std::optional<ta::expected<ta::schedule_handle>> added;
  fail_each(
      [&] {
        added.reset();
        auto body = world.noting();
        added = world.schedules.add({.name = name}, when, std::move(body));
      },
      [&](bool threw) {
        BOOST_TEST(world.schedules.find(name).has_value() == !threw);
        if (threw)
          return;
        BOOST_REQUIRE(added->has_value());
        world.take();
        world.time.advance(10s);
        BOOST_TEST(world.take().size() == 1U);
        (void)added->value().cancel();
      });
}

BOOST_AUTO_TEST_CASE(what_is_done_to_one_is_done_or_not_and_it_goes_on) {
  schedule_world world;
  auto h = world.add({.name = "s", .overlap = ta::overlap_policy::allow}, "every 10s", 1s);
  const auto other = parsed("any_of(every 10s; every 20s)");
  const auto goes_on = [&] {
    (void)h.pause();
    world.time.advance(3s); // what runs is over
    BOOST_TEST(h.info().counts.running == 0U);
    (void)h.resume();
    world.take();
    world.time.advance(40s);
    BOOST_TEST(world.take().size() >= 3U);
    BOOST_TEST(h.info().next.found.has_value());
  };
  fail_each([] {}, [&] { (void)h.pause(); },
            [&](bool threw) {
              BOOST_TEST(!threw);
              goes_on();
            });
  for (const auto how : {ta::on_resume::skip, ta::on_resume::make_up})
    fail_each(
        [&] {
          (void)h.pause();
          world.time.advance(25s);
        },
        [&] { (void)h.resume(how); }, [&](bool) { goes_on(); });
  fail_each([&] { (void)h.change(other); }, [&](bool) { goes_on(); });
  fail_each(
      [&] {
        (void)h.pause();
        world.time.advance(25s);
      },
      [&] { (void)h.change(other); }, [&](bool) { goes_on(); });
  std::uint64_t fired = h.info().counts.fired;
  fail_each([&] { fired = h.info().counts.fired; }, [&] { (void)h.run_now(); },
            [&](bool) {
              BOOST_TEST(h.info().counts.fired <= fired + 1);
              goes_on();
            });
  fail_each(
      [&] {
        (void)h.run_now();
        world.time.settle();
      },
      [&] { (void)h.cancel_running(); },
      [&](bool threw) {
        if (threw)
          BOOST_TEST(h.cancel_running() == 1U); // it was asked for nothing
        goes_on();
      });
}

/// The whole life of one, whose turns have no memory at one place each.
BOOST_AUTO_TEST_CASE(a_turn_loses_no_fire_and_does_none_twice) {
  for (const auto overlap : {ta::overlap_policy::skip, ta::overlap_policy::queue_one,
                             ta::overlap_policy::cancel_old, ta::overlap_policy::allow}) {
    std::optional<schedule_world> world;
    std::shared_ptr<ta::detail::scheduler_host> host;
    std::optional<ta::schedule_handle> every, once;
    fail_each(
        [&] {
          if (host)
            host->close("the next");
          world.reset();
          world.emplace();
          host = ta::detail::scheduler_host::start(world->time.tasks);
          const auto add = [&](const char* name, const char* when) {
            auto body = world->noting(0s);
            return host
                ->add({.name = name, .overlap = overlap, .missed = ta::missed_policy::all}, parsed(when),
                      std::make_shared<ta::detail::typed_schedule_body<decltype(body)>>(std::move(body)))
                .value();
          };
          every = add("every", "every 10s");
          once = add("once", "at 2026-01-01T00:00:10Z");
          world->time.set_wall(world->time.wall_now() + 10s);
        },
        [&] { (void)host->turn(); },
        [&](bool threw) {
          BOOST_TEST(!threw);
          world->time.advance(2s); // what was left to do comes soon
          BOOST_TEST(world->take().size() == 2U);
          BOOST_TEST(every->info().counts.fired == 1U);
          BOOST_TEST(every->info().counts.running == 0U);
          BOOST_TEST(once->info().counts.fired == 1U);
          BOOST_TEST(once->info().ended);
          world->time.advance(8s);
          BOOST_TEST(world->take().size() == 1U);
          BOOST_TEST(every->info().counts.fired == 2U);
        });
    host->close("the test is over");
    every.reset();
    once.reset();
  }
}

BOOST_AUTO_TEST_SUITE_END()
