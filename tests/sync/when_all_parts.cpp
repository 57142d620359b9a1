// when_all takes from others what all of its parts have, or nothing: an await that was served before another
// part fails gives that back.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace when_all_parts {

namespace ta = taskactor;
using namespace std::chrono_literals;

constexpr int seeds = 60;

/// After a number of turns that the seed draws.
ta::task<int> fails_soon(ta::testing::manager& m) {
  for (auto turns = m.draw(4); turns > 0; --turns)
    co_await ta::yield();
  throw std::runtime_error{"boom"};
}
ta::task<int> hangs() {
  co_await ta::sleep_for(1min);
  co_return 1;
}

/// `body` throws the failure, under each seed.
template <class Body>
void each_fails(Body body) {
  ta::testing::explore({.seeds = seeds}, [&](ta::testing::manager& m) {
    auto run = [&]() -> ta::task<void> { return body(m); };
    m.tasks().add_task({}, run).value().get();
    BOOST_REQUIRE((m.elapsed() < 1min));
  });
}

} // namespace when_all_parts

BOOST_AUTO_TEST_SUITE(when_all_parts)
using namespace when_all_parts;

BOOST_AUTO_TEST_CASE(all_have_come) {
  test::virtual_time world;
  auto all = []() -> ta::task<std::string> {
    const ta::channel<std::string> from{2};
    const ta::mutex lock;
    (void)from.try_send("a");
    auto [text, number, guard, none]
        = co_await ta::when_all(from.receive(), hangs(), lock.lock(), ta::sleep_for(1s));
    BOOST_TEST(number == 1);
    BOOST_TEST(!lock.try_lock());
    std::vector<decltype(from.receive())> receives;
    receives.push_back(from.receive());
    receives.push_back(from.receive());
    (void)from.try_send("b");
    (void)from.try_send("c");
    const auto both = co_await ta::when_all(std::move(receives));
    co_return *text + **both.begin() + **both.rbegin();
  };
  const auto got = world.tasks.add_task({}, all).value().get();
  BOOST_TEST((got == "abc" || got == "acb"));
}

BOOST_AUTO_TEST_CASE(what_a_receive_was_served_goes_back) {
  each_fails([](ta::testing::manager& m) -> ta::task<void> {
    const ta::channel<std::string> from{1}, never{1};
    BOOST_REQUIRE((from.try_send("a") == ta::send_reply::sent));
    try {
      co_await ta::when_all(from.receive(), fails_soon(m), never.receive());
      BOOST_ERROR("has not failed");
    } catch (const std::runtime_error&) {
      BOOST_REQUIRE(from.try_receive().has_value());
    }
    from.close();
    BOOST_REQUIRE(from.drained()); // nothing is under way
  });
}

BOOST_AUTO_TEST_CASE(of_a_range_too) {
  each_fails([](ta::testing::manager& m) -> ta::task<void> {
    const ta::channel<int> from{3};
    const ta::channel<int> broken{1};
    broken.close(std::make_exception_ptr(std::runtime_error{"boom"}));
    std::vector<decltype(from.receive())> receives;
    for (int i = 0; i < 3; ++i) {
      (void)from.try_send(static_cast<int>(m.draw(2)));
      receives.push_back(from.receive());
    }
    receives.push_back(broken.receive());
    try {
      co_await ta::when_all(std::move(receives));
      BOOST_ERROR("has not failed");
    } catch (const std::runtime_error&) {
      BOOST_REQUIRE(from.statistics().size == 3U);
    }
  });
}

// The end of a channel is nothing that could go back: it is known at once.
BOOST_AUTO_TEST_CASE(a_closed_channels_error_ends_the_others_at_once) {
  each_fails([](ta::testing::manager&) -> ta::task<void> {
    const ta::channel<int> broken{1};
    broken.close(std::make_exception_ptr(std::runtime_error{"boom"}));
    try {
      co_await ta::when_all(broken.receive(), hangs());
      BOOST_ERROR("has not failed");
    } catch (const std::runtime_error&) { // NOLINT: as it should
    }
  });
}

BOOST_AUTO_TEST_CASE(locks_and_permits) {
  each_fails([](ta::testing::manager& m) -> ta::task<void> {
    const ta::mutex lock;
    const ta::semaphore permits{2};
    try {
      co_await ta::when_all(lock.lock(), permits.acquire(2), fails_soon(m));
      BOOST_ERROR("has not failed");
    } catch (const std::runtime_error&) {
      BOOST_REQUIRE(lock.try_lock());
      BOOST_REQUIRE(permits.value() == 2U);
    }
  });
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_has_taken_nothing) {
  test::virtual_time world;
  const ta::channel<int> from{1}, never{1};
  (void)from.try_send(1);
  auto waiting = [&]() -> ta::task<void> { co_await ta::when_all(from.receive(), never.receive()); };
  for (const bool is_killed : {false, true}) {
    auto one = world.tasks.add_task({.id = "one"}, waiting).value();
    world.settle();
    BOOST_TEST(from.statistics().size == 0U);
    is_killed ? (void)world.kill_task("one") : (void)one.cancel();
    world.run_until_idle();
    BOOST_TEST(one.finished());
    BOOST_TEST(from.statistics().size == 1U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
