// broadcast: each receiver sees each value, or is told how many it has lost.
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <latch>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace broadcasts {

/// Nothing now, and it is open; or it is closed.
template <class R>
bool is_empty(R& receiver) {
  return !receiver.try_receive() && !receiver.drained();
}
template <class R>
bool is_over(R& receiver) {
  return !receiver.try_receive() && receiver.drained();
}
template <class R, class T>
bool gives(R& receiver, const T& value, std::uint64_t lost = 0) {
  const auto item = receiver.try_receive();
  return item && *item == value && item.lost() == lost;
}

/// What it is copied and destroyed by asks the broadcast, which would stand still under its lock.
struct asking {
  std::function<void()>* ask;
  bool throws = false;
  asking(std::function<void()>& how, bool copies_throw) : ask(&how), throws(copies_throw) {}
  asking(const asking& other) : ask(other.ask), throws(other.throws) {
    (*ask)();
    if (throws)
      throw std::runtime_error{"a copy"};
  }
  asking(asking&& other) noexcept : ask(std::exchange(other.ask, nullptr)), throws(other.throws) {}
  asking& operator=(const asking&) = delete;
  ~asking() {
    if (ask)
      (*ask)();
  }
};

} // namespace broadcasts

BOOST_AUTO_TEST_SUITE(broadcasts)

BOOST_AUTO_TEST_CASE(each_receiver_sees_each_value_since_it_subscribed) {
  const ta::broadcast<std::string> words{16};
  BOOST_TEST(words.capacity() == 16u);
  BOOST_TEST(words.send("nobody") == 0u);
  auto one = words.subscribe();
  BOOST_TEST(is_empty(one));
  BOOST_TEST(words.send("first") == 1u);
  auto two = words.subscribe();
  BOOST_TEST(is_empty(two));
  BOOST_TEST(words.send("second") == 2u);
  BOOST_TEST(one.size() == 2u);
  BOOST_TEST(gives(one, "first"));
  BOOST_TEST(gives(two, "second"));
  BOOST_TEST(gives(one, "second"));
  BOOST_TEST(is_empty(one));
  BOOST_TEST(is_empty(two));
}

BOOST_AUTO_TEST_CASE(all_receivers_that_wait_are_woken_and_share_the_value) {
  virtual_time world{{.capacity = 1}}; // the token is lent, or nobody would ever send
  const ta::broadcast<std::string> words{4};
  std::vector<const std::string*> seen;
  std::vector<std::shared_ptr<const std::string>> kept;
  auto body = [&]() -> ta::task<void> {
    auto in = words.subscribe();
    for (int i = 0; i < 3; ++i) {
      const auto item = co_await in.receive();
      seen.push_back(item.operator->());
      kept.push_back(item.shared());
    }
  };
  for (int i = 0; i < 50; ++i)
    (void)run(world, body);
  for (const auto* each : {"one", "two", "three"}) {
    world.settle(); // each of them waits: who does lends the token
    BOOST_TEST(words.send(each) == 50u);
  }
  world.settle();
  BOOST_TEST(words.receivers() == 0u);
  BOOST_TEST(seen.size() == 150u);
  for (std::size_t i = 0; i < seen.size(); ++i)
    BOOST_TEST(seen[i] == seen[i / 50 * 50]);
}

BOOST_AUTO_TEST_CASE(a_slow_receiver_is_told_how_many_it_has_lost_and_goes_on_with_the_oldest) {
  const ta::broadcast<int> numbers{2};
  auto quick = numbers.subscribe();
  auto slow = numbers.subscribe();
  numbers.send(1);
  numbers.send(2);
  BOOST_TEST(gives(quick, 1));
  numbers.send(3);
  BOOST_TEST(gives(slow, 2, 1));
  BOOST_TEST(gives(quick, 2));
  BOOST_TEST(gives(quick, 3));
  numbers.send(4);
  numbers.send(5);
  numbers.send(6);
  BOOST_TEST(slow.size() == 2u);
  BOOST_TEST(gives(slow, 5, 2)); // 3 and 4
  BOOST_TEST(gives(slow, 6));
  BOOST_TEST(is_empty(slow));
  for (int i = 0; i < 1000; ++i)
    numbers.send(i);
  BOOST_TEST(gives(slow, 998, 998));
  BOOST_TEST(gives(slow, 999));
}

BOOST_AUTO_TEST_CASE(a_capacity_of_one_keeps_the_last) {
  std::optional<ta::broadcast<int>> numbers{std::in_place, 1u};
  auto in = numbers->subscribe();
  numbers->send(1);
  BOOST_TEST(gives(in, 1));
  BOOST_TEST(is_empty(in));
  numbers->send(2);
  numbers->send(3);
  numbers.reset();
  BOOST_TEST(!in.drained());
  BOOST_TEST(gives(in, 3, 1));
  BOOST_TEST(is_over(in));
  BOOST_TEST(is_over(in));
}

BOOST_AUTO_TEST_CASE(what_is_kept_is_received_after_the_closing) {
  for (const int sent : {0, 1, 2, 3, 4, 9}) {
    const ta::broadcast<int> numbers{2};
    auto in = numbers.subscribe();
    for (int i = 1; i <= sent; ++i)
      numbers.send(i);
    BOOST_TEST(numbers.close());
    BOOST_TEST(!numbers.close());
    BOOST_TEST(numbers.closed());
    BOOST_CHECK_EXCEPTION(numbers.send(0), std::system_error, with(ta::errc::closed));
    if (sent > 1)
      BOOST_TEST(gives(in, sent - 1, static_cast<std::uint64_t>(sent - 2)));
    if (sent > 0)
      BOOST_TEST(gives(in, sent));
    BOOST_TEST(is_over(in));
    auto late = numbers.subscribe();
    BOOST_TEST(is_over(late));
  }
}

BOOST_AUTO_TEST_CASE(the_last_copy_of_the_sender_closes_it) {
  virtual_time world;
  std::optional<ta::broadcast<int>> one{std::in_place, 4u};
  std::optional<ta::broadcast<int>> two{*one};
  BOOST_CHECK(*one == *two);
  int over = 0;
  auto body = [&, in = one->subscribe()]() mutable -> ta::task<void> {
    while (const auto item = co_await in.receive())
      BOOST_TEST(*item == 1);
    ++over;
  };
  auto h = run(world, body);
  world.settle();
  one.reset();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::running);
  two->send(1);
  two.reset();
  h.get();
  BOOST_TEST(over == 1);
}

BOOST_AUTO_TEST_CASE(values_go_as_soon_as_nobody_is_to_receive_them) {
  const auto value = std::make_shared<int>(1);
  const ta::broadcast<std::shared_ptr<int>> values{4};
  const auto uses = [&] { return value.use_count() - 1; };
  values.send(value);
  BOOST_TEST(uses() == 0); // nobody receives
  std::optional<ta::broadcast_receiver<std::shared_ptr<int>>> one{values.subscribe()};
  std::optional<ta::broadcast_receiver<std::shared_ptr<int>>> two{values.subscribe()};
  for (int i = 0; i < 3; ++i)
    values.send(value);
  BOOST_TEST(uses() == 3);
  {
    const auto first = one->try_receive();
    const auto second = two->try_receive();
    BOOST_TEST(first.shared() == second.shared());
    BOOST_TEST(uses() == 3);
  }
  BOOST_TEST(uses() == 2);
  one.reset(); // the other one receives them still
  BOOST_TEST(uses() == 2);
  auto three = values.subscribe();
  values.send(value);
  two.reset();
  BOOST_TEST(uses() == 1);
  for (int i = 0; i < 9; ++i)
    values.send(value);
  BOOST_TEST(uses() == 4);
  three = values.subscribe(); // the one before goes
  BOOST_TEST(uses() == 0);
}

BOOST_AUTO_TEST_CASE(values_copy_and_end_under_no_lock) {
  virtual_time world;
  std::function<void()> ask = [] {};
  int asked = 0;
  {
    const ta::broadcast<asking> values{2};
    auto one = values.subscribe();
    std::optional<ta::broadcast_receiver<asking>> two{values.subscribe()};
    ask = [&] {
      ++asked;
      (void)values.receivers();
      (void)one.size();
    };
    for (int i = 0; i < 5; ++i)
      values.send(asking{ask, i == 3}); // each overwrites, from the third on
    BOOST_TEST(asked == 3);
    auto body = [&]() -> ta::task<void> {
      const auto item = co_await one.receive();
      BOOST_TEST(item.lost() == 3u);
      BOOST_CHECK_THROW(asking{*item}, std::runtime_error);
      const auto last = co_await one.receive();
      const asking copy{*last}; // whose copy doesn't throw
    };
    run(world, body).get();
    asked = 0;
    two.reset();
    BOOST_TEST(asked == 2);
    values.send(asking{ask, false});
    ask = [&] { ++asked; };
  }
  BOOST_TEST(asked == 3);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_leaves_while_others_send_counts_for_none_of_theirs) {
  // Its own values are dropped one by one, and each one's destructor sends more than the ring keeps.
  std::function<void()> ask = [] {};
  const ta::broadcast<asking> values{2};
  auto stays = values.subscribe();
  std::optional<ta::broadcast_receiver<asking>> leaves{values.subscribe()};
  values.send(asking{ask, false});
  values.send(asking{ask, false});
  BOOST_TEST(!!stays.try_receive());
  BOOST_TEST(!!stays.try_receive());
  std::function<void()> none = [] {};
  ask = [&] {
    for (int i = 0; i < 3; ++i)
      values.send(asking{none, false});
  };
  leaves.reset();
  const auto first = stays.try_receive();
  BOOST_TEST(!!first);
  BOOST_TEST(!!stays.try_receive());
  BOOST_TEST(is_empty(stays));
}

BOOST_AUTO_TEST_CASE(what_it_cannot_be_made_of_or_asked_is_refused) {
  constexpr auto most = std::numeric_limits<std::size_t>::max();
  for (const std::size_t capacity : {std::size_t{0}, (std::size_t{1} << 30) + 1, most / 2, most})
    BOOST_CHECK_EXCEPTION(ta::broadcast<int>{capacity}, std::system_error, with(ta::errc::invalid_argument));
  ta::broadcast<int> numbers{1};
  auto in = numbers.subscribe();
  auto moved = std::move(in);
  BOOST_CHECK_EXCEPTION(in.try_receive(), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
  BOOST_CHECK_EXCEPTION((void)in.receive(), std::system_error, with(ta::errc::invalid_argument));
  const auto other = std::move(numbers);
  BOOST_CHECK_EXCEPTION(numbers.send(1), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
  BOOST_TEST(other.send(1) == 1u);
  BOOST_TEST(gives(moved, 1));
}

BOOST_AUTO_TEST_CASE(a_second_receive_of_one_receiver_is_refused) {
  virtual_time world;
  const ta::broadcast<int> numbers{1};
  auto in = numbers.subscribe();
  auto body = [&]() -> ta::task<int> { co_return *co_await in.receive(); };
  auto first = run(world, body);
  world.settle();
  auto second = run(world, body);
  BOOST_CHECK_EXCEPTION(second.get(), std::system_error, with(ta::errc::invalid_argument));
  BOOST_CHECK_EXCEPTION(in.try_receive(), std::system_error, with(ta::errc::invalid_argument));
  BOOST_CHECK_EXCEPTION(in.blocking_receive(), std::system_error, with(ta::errc::invalid_argument));
  numbers.send(1);
  BOOST_CHECK_EXCEPTION(in.try_receive(), std::system_error, with(ta::errc::invalid_argument)); // not yet
  BOOST_TEST(first.get() == 1);
  numbers.send(2);
  BOOST_TEST(run(world, body).get() == 2);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_is_moved_or_destroyed_while_it_waits) {
  virtual_time world;
  const ta::broadcast<int> numbers{1};
  std::optional<ta::broadcast_receiver<int>> in{numbers.subscribe()};
  auto body = [&]() -> ta::task<int> {
    const auto item = co_await in->receive();
    co_return item ? *item : -1;
  };
  auto h = run(world, body);
  world.settle();
  std::optional<ta::broadcast_receiver<int>> moved{std::move(*in)};
  numbers.send(1);
  BOOST_TEST(h.get() == 1);
  in = std::move(*moved);
  auto i = run(world, body);
  world.settle();
  in.reset();
  BOOST_TEST(numbers.send(2) == 0u);
  BOOST_TEST(i.get() == -1);
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_takes_a_value) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    const ta::broadcast<std::string> words{2};
    auto in = words.subscribe();
    auto other = words.subscribe();
    int got = 0;
    auto body = [&]() -> ta::task<void> {
      const auto item = co_await in.receive();
      got += item && *item == "come";
    };
    auto serve = [&] { BOOST_REQUIRE(words.send("come") == 2u); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(got == 1);
    if (when == timing::ending_first)
      BOOST_REQUIRE(got == 0);
    words.send("next");
    if (got == 0)
      BOOST_REQUIRE(gives(in, "come"));
    BOOST_REQUIRE(gives(in, "next"));
    BOOST_REQUIRE(gives(other, "come"));
  });
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_hides_the_closing) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    std::optional<ta::broadcast<int>> numbers{std::in_place, 2u};
    auto in = numbers->subscribe();
    int over = 0;
    auto body = [&]() -> ta::task<void> { over += !co_await in.receive(); };
    auto serve = [&] { numbers.reset(); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(over == 1);
    if (when == timing::ending_first)
      BOOST_REQUIRE(over == 0);
    BOOST_REQUIRE(is_over(in));
  });
}

BOOST_AUTO_TEST_CASE(a_loser_of_a_race_that_is_cancelled_has_received_nothing) {
  virtual_time world;
  const ta::broadcast<int> numbers{8};
  int lost_races = 0;
  auto body = [&]() -> ta::task<int> {
    auto in = numbers.subscribe();
    int sum = 0;
    while (sum < 10) {
      const auto won = co_await ta::race(in.receive(), ta::sleep_for(1s));
      if (won.index() == 0)
        sum += *std::get<0>(won);
      else
        ++lost_races;
    }
    co_return sum;
  };
  auto h = run(world, body);
  for (int i = 1; i <= 4; ++i) {
    world.advance(2500ms);
    numbers.send(i);
  }
  BOOST_TEST(h.get() == 10);
  BOOST_TEST(lost_races == 8);
}

BOOST_AUTO_TEST_CASE(whatever_ends_each_receiver_accounts_for_each_value) {
  ta::testing::explore({.seeds = 150}, [](ta::testing::manager& m) {
    constexpr int total = 40;
    const ta::broadcast<int> numbers{1 + m.draw(6)};
    struct one {
      ta::broadcast_receiver<int> in;
      std::uint64_t accounted = 0;
      int last = -1;
      bool over = false;
      void take(const ta::broadcast_item<int>& item) {
        if (!item)
          return;
        accounted += 1 + item.lost();
        BOOST_REQUIRE(static_cast<std::uint64_t>(*item - last) == 1 + item.lost());
        last = *item;
      }
    };
    std::vector<one> all;
    for (int i = 0; i < 5; ++i)
      all.push_back({numbers.subscribe()});
    auto receives = [&](std::size_t which) -> ta::task<void> {
      auto& me = all[which];
      for (int i = 0; i < 7; ++i) {
        if (m.draw(2) == 0)
          co_await ta::sleep_for(std::chrono::milliseconds{m.draw(4)});
        auto received = [&]() -> ta::task<void> {
          const auto item = co_await me.in.receive();
          me.take(item);
          me.over = !item;
        };
        co_await ta::move_on_after(std::chrono::milliseconds{m.draw(4)}, std::ref(received));
        if (me.over)
          co_return;
      }
    };
    int next = 0;
    auto sends = [&]() -> ta::task<void> {
      while (next < total) {
        if (m.draw(3) == 0)
          co_await ta::sleep_for(1ms);
        if (next < total)
          numbers.send(next++);
        if (m.draw(8) == 0)
          co_await ta::yield();
      }
    };
    for (int i = 0; i < 2; ++i)
      (void)m.tasks().add_task({}, std::ref(sends));
    for (int round = 0; round < 12; ++round) { // who is killed goes on as another task
      for (std::size_t i = 0; i < all.size(); ++i) {
        const auto id = "r" + std::to_string(i);
        if (!all[i].over)
          (void)m.tasks().add_task({.id = id}, std::ref(receives), i);
        if (m.draw(3) == 0)
          m.settle();
      }
      m.advance(std::chrono::milliseconds{m.draw(3)});
      for (std::size_t i = 0; i < all.size(); ++i)
        if (m.draw(2) == 0)
          m.kill_task("r" + std::to_string(i));
    }
    m.advance(1s);
    BOOST_REQUIRE(next == total);
    numbers.close();
    m.advance(1s);
    for (auto& each : all) {
      while (const auto item = each.in.try_receive())
        each.take(item);
      BOOST_REQUIRE(each.in.drained());
      BOOST_REQUIRE(each.accounted == static_cast<std::uint64_t>(total));
    }
  });
}

BOOST_AUTO_TEST_CASE(threads_and_tasks_account_for_each_value) {
  ta::task_manager tasks;
  constexpr int senders = 3;
  constexpr int each_sends = 2000;
  std::optional<ta::broadcast<std::string>> words{std::in_place, 8u};
  std::atomic<std::uint64_t> accounted{0};
  std::atomic<int> disorder{0};
  struct account {
    std::uint64_t count = 0;
    int last[senders] = {-1, -1, -1};
  };
  const auto take = [&](account& mine, const ta::broadcast_item<std::string>& item) {
    mine.count += 1 + item.lost();
    const auto who = static_cast<std::size_t>((*item)[0] - '0');
    const int number = std::stoi(item->substr(1));
    disorder += number <= mine.last[who];
    mine.last[who] = number;
  };
  auto body = [&](ta::broadcast_receiver<std::string> in) -> ta::task<void> {
    account mine;
    while (const auto item = co_await in.receive())
      take(mine, item);
    accounted += mine.count;
  };
  std::vector<ta::handle<void>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(tasks.add_task({}, body, words->subscribe()).value());
  {
    std::latch begin{senders};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&, in = words->subscribe()]() mutable {
        account mine;
        while (const auto item = in.blocking_receive())
          take(mine, item);
        accounted += mine.count;
      });
    for (int i = 0; i < senders; ++i)
      threads.emplace_back([&begin, out = *words, i] {
        begin.arrive_and_wait();
        for (int n = 0; n < each_sends; ++n)
          out.send(std::to_string(i) + std::to_string(n));
      });
    begin.wait();
    words.reset(); // the last of those that send closes it
  }
  for (const auto& each : all)
    each.get();
  BOOST_TEST(accounted == 5u * senders * each_sends);
  BOOST_TEST(disorder == 0);
}

BOOST_AUTO_TEST_CASE(receivers_come_and_go_while_others_send) {
  const ta::broadcast<std::shared_ptr<int>> values{4};
  const auto value = std::make_shared<int>(1);
  {
    std::latch begin{4};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        for (int n = 0; n < 3000; ++n)
          values.send(value);
      });
    for (int i = 0; i < 2; ++i)
      threads.emplace_back([&] {
        begin.arrive_and_wait();
        for (int n = 0; n < 1500; ++n) {
          auto in = values.subscribe();
          for (int k = 0; k < n % 7; ++k)
            (void)in.try_receive();
        }
      });
  }
  BOOST_TEST(values.receivers() == 0u);
  BOOST_TEST(value.use_count() == 1); // nothing is kept for nobody
}

BOOST_AUTO_TEST_SUITE_END()
