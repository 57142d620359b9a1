// A race takes from others what its winner has, and nothing else: each await that takes something, against
// one that ends at the same moment, in each order.
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace race_losers {

namespace ta = taskactor;
using namespace std::chrono_literals;

constexpr std::size_t seeds = 150;

/// Ends after a number of turns that the seed draws.
ta::task<void> soon(ta::testing::manager& m) {
  for (auto turns = m.draw(4); turns > 0; --turns)
    co_await ta::yield();
}

/// Runs `body(m)` as a task under each seed. Whether it wins has to depend on that, or nothing was tried.
template <class Body>
void both_win_now_and_then(Body body) {
  int won = 0;
  ta::testing::explore({.seeds = seeds}, [&](ta::testing::manager& m) {
    auto run = [&]() -> ta::task<bool> { return body(m); };
    won += m.tasks().add_task({}, run).value().get() ? 1 : 0;
  });
  BOOST_TEST(won > 0);
  BOOST_TEST(won < static_cast<int>(seeds));
}

} // namespace race_losers

BOOST_AUTO_TEST_SUITE(race_losers)
using namespace race_losers;

BOOST_AUTO_TEST_CASE(a_receive) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::channel<int> from{1};
    BOOST_REQUIRE((from.try_send(7) == ta::send_reply::sent));
    const auto won = co_await ta::race(from.receive(), soon(m));
    BOOST_REQUIRE(from.try_receive().has_value() == (won.index() != 0));
    co_return won.index() == 0;
  });
}

BOOST_AUTO_TEST_CASE(receives_of_a_range) {
  std::vector<int> wins(3);
  ta::testing::explore({.seeds = seeds}, [&](ta::testing::manager& m) {
    auto run = [&]() -> ta::task<void> {
      const std::vector<ta::channel<int>> from{ta::channel<int>{1}, ta::channel<int>{1}, ta::channel<int>{1}};
      std::vector<decltype(from[0].receive())> receives;
      for (const auto& each : from) {
        receives.push_back(each.receive());
        BOOST_REQUIRE((each.try_send(7) == ta::send_reply::sent));
      }
      const auto won = co_await ta::race(std::move(receives));
      BOOST_REQUIRE(won.value == 7);
      ++wins[won.index];
      for (std::size_t i = 0; i < from.size(); ++i)
        BOOST_REQUIRE(from[i].try_receive().has_value() == (i != won.index));
    };
    m.tasks().add_task({}, run).value().get();
  });
  for (const int each : wins)
    BOOST_TEST(each > 0);
}

/// Who waits at its end isn't told of it while a race may still leave what is under way.
BOOST_AUTO_TEST_CASE(a_receive_of_the_last_value_before_others) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::channel<int> from{1};
    BOOST_REQUIRE((from.try_send(7) == ta::send_reply::sent));
    from.close();
    auto other = [&]() -> ta::task<bool> { co_return (co_await from.receive()).has_value(); };
    std::optional<bool> others;
    bool is_mine = false;
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      auto race = [&]() -> ta::task<void> {
        const auto won = co_await ta::race(from.receive(), soon(m));
        is_mine = won.index() == 0 && std::get<0>(won).has_value();
      };
      group.add_task({}, race).value();
      auto waits = group.add_task({}, other).value();
      others = co_await waits;
    });
    const bool left = from.try_receive().has_value();
    BOOST_REQUIRE(int{is_mine} + int{*others} + int{left} == 1);
    BOOST_REQUIRE(from.drained());
    co_return is_mine;
  });
}

BOOST_AUTO_TEST_CASE(a_join) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    bool won = false;
    co_await ta::with_join_set<int>([&](ta::join_set<int>& set) -> ta::task<void> {
      auto one = []() -> ta::task<int> { co_return 1; };
      set.add_task({}, one).value();
      set.add_task({}, one).value();
      auto end = co_await ta::race(set.join_next(), soon(m));
      won = end.index() == 0;
      int joined = won ? 1 : 0;
      while (auto next = co_await set.join_next())
        joined += next->result.value();
      BOOST_REQUIRE(joined == 2);
    });
    co_return won;
  });
}

BOOST_AUTO_TEST_CASE(a_value_of_a_broadcast) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::broadcast<int> to{4};
    auto in = to.subscribe();
    to.send(7);
    const auto won = co_await ta::race(in.receive(), soon(m));
    const auto left = in.try_receive();
    BOOST_REQUIRE(static_cast<bool>(left) == (won.index() != 0));
    if (left)
      BOOST_REQUIRE(left.lost() == 0);
    co_return won.index() == 0;
  });
}

BOOST_AUTO_TEST_CASE(a_change_of_a_watch) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::watch<int> number{1};
    auto seen = number.subscribe();
    number.set(2);
    const auto won = co_await ta::race(seen.changed(), soon(m));
    BOOST_REQUIRE(seen.has_changed() == (won.index() != 0));
    co_return won.index() == 0;
  });
}

BOOST_AUTO_TEST_CASE(a_lock_and_a_permit) {
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::mutex lock;
    const auto won = co_await ta::race(lock.lock(), soon(m));
    BOOST_REQUIRE(lock.locked() == (won.index() == 0));
    co_return won.index() == 0;
  });
  both_win_now_and_then([](ta::testing::manager& m) -> ta::task<bool> {
    const ta::semaphore places{3};
    const auto won = co_await ta::race(places.acquire(2), soon(m));
    BOOST_REQUIRE(places.value() == (won.index() == 0 ? 1U : 3U));
    co_return won.index() == 0;
  });
}

/// One that its own cancellation ends takes nothing, and decides nothing.
BOOST_AUTO_TEST_CASE(a_part_that_is_cancelled) {
  ta::testing::explore({.seeds = seeds}, [](ta::testing::manager& m) {
    const ta::channel<int> from{1};
    auto run = [&]() -> ta::task<std::size_t> {
      auto later = [&]() -> ta::task<void> { co_await ta::sleep_for(1s); };
      const auto won = co_await ta::race(from.receive(), later());
      co_return won.index();
    };
    auto race = m.tasks().add_task({.id = "race"}, run).value();
    m.settle();
    m.tasks().cancel_task("race/1");
    if (m.draw(2) == 0)
      m.settle();
    BOOST_REQUIRE((from.try_send(7) == ta::send_reply::sent));
    const bool has_received = race.get() == 0;
    BOOST_REQUIRE(from.try_receive().has_value() != has_received);
  });
}

BOOST_AUTO_TEST_SUITE_END()
