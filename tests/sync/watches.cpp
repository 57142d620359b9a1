// watch: the latest value, and word that it has changed.
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace watches {

/// What it is copied and destroyed by asks the watch, which would stand still under its lock.
struct asking {
  std::function<void()>* ask;
  int n = 0;
  bool throws = false;
  explicit asking(std::function<void()>& how) : ask(&how) {}
  asking(const asking& other) : ask(other.ask), n(other.n), throws(other.throws) {
    (*ask)();
    if (throws)
      throw std::runtime_error{"a copy"};
  }
  asking(asking&& other) noexcept : ask(other.ask), n(other.n), throws(other.throws) { (*ask)(); }
  asking& operator=(const asking&) = delete;
  ~asking() { (*ask)(); }
};

} // namespace watches

BOOST_AUTO_TEST_SUITE(watches)

BOOST_AUTO_TEST_CASE(what_was_there_before_is_no_news) {
  virtual_time world;
  const ta::watch<std::string> word{"one"};
  BOOST_TEST(*word.get() == "one");
  word.set("two");
  auto seen = word.subscribe();
  BOOST_TEST(*seen.get() == "two");
  BOOST_TEST(!seen.has_changed());
  auto body = [&]() -> ta::task<bool> { co_return co_await seen.changed(); };
  auto h = run(world, body);
  world.settle();
  BOOST_CHECK(h.state() == ta::state::running);
  word.set("three");
  BOOST_TEST(h.get());
  BOOST_TEST(!seen.has_changed());
  BOOST_TEST(*seen.get() == "three");
}

BOOST_AUTO_TEST_CASE(news_is_what_has_been_set_since_the_last_look) {
  virtual_time world;
  const ta::watch<int> number;
  BOOST_TEST(*number.get() == 0);
  auto seen = number.subscribe();
  auto other = number.subscribe();
  auto body = [&]() -> ta::task<bool> { co_return co_await seen.changed(); };
  number.set(1);
  number.set(2);
  BOOST_TEST(seen.has_changed());
  BOOST_TEST(run(world, body).get()); // at once, and once for both
  BOOST_TEST(!seen.has_changed());
  number.set(2); // the same value is set: that is news, too
  BOOST_TEST(seen.has_changed());
  const auto kept = seen.get(); // which isn't any more
  BOOST_TEST(!seen.has_changed());
  BOOST_TEST(other.has_changed()); // each for itself
  number.set(3);
  BOOST_TEST(*kept == 2); // stays what it was
}

BOOST_AUTO_TEST_CASE(all_who_wait_are_told_with_one_token) {
  virtual_time world{{.capacity = 1}};
  const ta::watch<int> number{0};
  int told = 0;
  auto waits = [&]() -> ta::task<void> {
    auto seen = number.subscribe();
    for (int i = 1; i <= 3; ++i) {
      BOOST_TEST(co_await seen.changed());
      BOOST_TEST(*seen.get() == i);
      ++told;
    }
  };
  for (int i = 0; i < 50; ++i)
    (void)run(world, waits);
  for (int i = 1; i <= 3; ++i) {
    world.settle(); // each of them waits: who does lends the token
    number.set(i);
  }
  world.settle();
  BOOST_TEST(told == 150);
}

BOOST_AUTO_TEST_CASE(the_last_change_is_told_before_the_closing) {
  virtual_time world;
  std::optional<ta::watch<std::string>> word{std::in_place, "one"};
  auto other = *word;
  BOOST_CHECK(other == *word);
  auto unchanged = word->subscribe();
  word->set("two");
  auto seen = word->subscribe();
  auto late = word->subscribe();
  word->set("three");
  (void)unchanged.get();
  word.reset();
  BOOST_TEST(!seen.closed());
  auto answer
      = [](ta::watch_receiver<std::string>& of) -> ta::task<bool> { co_return co_await of.changed(); };
  auto h = world.tasks.add_task({}, answer, std::ref(unchanged)).value();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::running);
  BOOST_TEST(other.close());
  BOOST_TEST(!other.close());
  BOOST_TEST(other.closed());
  BOOST_TEST(!h.get());
  BOOST_TEST(world.tasks.add_task({}, answer, std::ref(seen)).value().get());
  BOOST_TEST(!world.tasks.add_task({}, answer, std::ref(seen)).value().get());
  BOOST_TEST(late.has_changed());
  BOOST_TEST(*late.get() == "three");
  BOOST_TEST(!late.has_changed());
  BOOST_TEST(late.closed());
  BOOST_TEST(!late.blocking_changed());
  BOOST_CHECK_EXCEPTION(other.set("four"), std::system_error, with(ta::errc::closed));
  BOOST_CHECK_EXCEPTION(other.update([](std::string& s) { s = "five"; }), std::system_error,
                        with(ta::errc::closed));
  BOOST_TEST(*late.get() == "three");
}

BOOST_AUTO_TEST_CASE(an_update_changes_what_is_there_or_nothing) {
  const ta::watch<std::vector<int>> list;
  auto seen = list.subscribe();
  BOOST_TEST(list.update([](std::vector<int>& l) { l.push_back(1); }));
  BOOST_TEST(seen.get()->size() == 1u);
  BOOST_TEST(!list.update([](std::vector<int>& l) {
    l.push_back(2);
    return false;
  }));
  BOOST_CHECK_THROW(list.update([](std::vector<int>& l) {
    l.clear();
    throw std::runtime_error{"halfway"};
  }),
                    std::runtime_error);
  BOOST_TEST(!seen.has_changed());
  BOOST_TEST(seen.get()->size() == 1u);
  BOOST_TEST(list.update([](std::vector<int>& l) {
    l.push_back(2);
    return true;
  }));
  BOOST_TEST(seen.has_changed());
  BOOST_TEST(seen.get()->size() == 2u);
  BOOST_TEST(list.update([](std::vector<int>& l) { return l.size() - l.size(); })); // no bool: it is set
}

BOOST_AUTO_TEST_CASE(an_update_begins_again_with_what_another_has_set_meanwhile) {
  const ta::watch<int> number{1};
  int calls = 0;
  const auto slow = [&](int& n) {
    if (++calls == 1)
      number.set(10); // as another thread would; it doesn't wait for this one
    n += 1;
  };
  BOOST_TEST(number.update(slow));
  BOOST_TEST(calls == 2);
  BOOST_TEST(*number.get() == 11);
}

BOOST_AUTO_TEST_CASE(values_copy_and_end_under_no_lock) {
  std::function<void()> ask = [] {};
  int asked = 0;
  {
    std::optional<ta::watch<asking>> value{asking{ask}};
    auto seen = value->subscribe();
    ask = [&] {
      ++asked;
      (void)seen.closed();
    };
    value->set(asking{ask}); // the one before ends
    value->update([&](asking& it) {
      ++it.n;
      (void)seen.has_changed();
    });
    BOOST_TEST(value->get()->n == 1);
    value->update([](asking& it) { it.throws = true; });
    asked = 0;
    BOOST_CHECK_THROW(value->update([](asking& it) { ++it.n; }), std::runtime_error);
    BOOST_TEST(asked == 1);
    BOOST_TEST(value->get()->n == 1);
    value.reset();
    BOOST_TEST(seen.closed());
    ask = [&] { ++asked; };
  }
  BOOST_TEST(asked == 2); // with the last receiver
}

BOOST_AUTO_TEST_CASE(what_was_moved_from_is_refused) {
  ta::watch<int> number{1};
  auto seen = number.subscribe();
  auto mine = std::move(seen);
  auto other = std::move(number);
  BOOST_CHECK_EXCEPTION(number.set(1), std::system_error, with(ta::errc::invalid_argument));    // NOLINT
  BOOST_CHECK_EXCEPTION((void)seen.get(), std::system_error, with(ta::errc::invalid_argument)); // NOLINT
  BOOST_CHECK_EXCEPTION((void)seen.changed(), std::system_error, with(ta::errc::invalid_argument));
  other.set(2);
  BOOST_TEST(mine.blocking_changed());
  BOOST_TEST(*mine.get() == 2);
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_takes_the_news) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    const ta::watch<int> number{1};
    auto seen = number.subscribe();
    bool told = false;
    auto body = [&]() -> ta::task<void> { told = co_await seen.changed(); };
    auto serve = [&] { number.set(2); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(told);
    if (when == timing::ending_first)
      BOOST_REQUIRE(!told);
    BOOST_REQUIRE(seen.has_changed() == !told);
  });
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_hides_the_closing) {
  each_ending([](ta::testing::manager& m, ending how, timing when) {
    std::optional<ta::watch<int>> number{std::in_place, 1};
    auto seen = number->subscribe();
    int closed = 0;
    auto body = [&]() -> ta::task<void> { closed += !co_await seen.changed(); };
    auto serve = [&] { number.reset(); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(closed == 1);
    if (when == timing::ending_first)
      BOOST_REQUIRE(closed == 0);
    auto again = [&]() -> ta::task<bool> { co_return co_await seen.changed(); };
    BOOST_REQUIRE(!m.tasks().add_task({}, std::ref(again)).value().get());
  });
}

BOOST_AUTO_TEST_CASE(a_receiver_that_goes_while_it_is_waited_with) {
  virtual_time world;
  const ta::watch<int> number{1};
  std::optional<ta::watch_receiver<int>> seen{number.subscribe()};
  auto body = [&]() -> ta::task<bool> { co_return co_await seen->changed(); };
  auto h = run(world, body);
  auto i = run(world, body); // two that wait with one receiver are told both
  world.settle();
  seen.reset();
  number.set(2);
  BOOST_TEST(h.get());
  BOOST_TEST(i.get());
}

BOOST_AUTO_TEST_CASE(whatever_ends_each_receiver_sees_the_last_value) {
  ta::testing::explore({.seeds = 150}, [](ta::testing::manager& m) {
    constexpr int total = 25;
    const ta::watch<int> number{0};
    struct one {
      ta::watch_receiver<int> seen;
      int last = 0;
      bool over = false;
    };
    std::vector<one> all;
    for (int i = 0; i < 5; ++i)
      all.push_back({number.subscribe()});
    auto watches = [&](std::size_t which) -> ta::task<void> {
      auto& me = all[which];
      while (!me.over) {
        if (m.draw(2) == 0)
          co_await ta::sleep_for(std::chrono::milliseconds{m.draw(4)});
        auto look = [&]() -> ta::task<void> {
          me.over = !co_await me.seen.changed();
          const int now = *me.seen.get();
          BOOST_REQUIRE(now >= me.last);
          me.last = now;
        };
        co_await ta::move_on_after(std::chrono::milliseconds{m.draw(4)}, std::ref(look));
      }
    };
    auto sets = [&]() -> ta::task<void> {
      for (int i = 0; i < total; ++i) {
        if (m.draw(3) == 0)
          co_await ta::sleep_for(1ms);
        number.update([](int& n) { ++n; });
      }
    };
    for (int i = 0; i < 2; ++i)
      (void)m.tasks().add_task({}, std::ref(sets));
    for (int round = 0; round < 8; ++round) {
      for (std::size_t i = 0; i < all.size(); ++i) {
        (void)m.tasks().add_task({.id = "r" + std::to_string(i)}, std::ref(watches), i);
        if (m.draw(3) == 0)
          m.settle();
      }
      m.advance(std::chrono::milliseconds{m.draw(3)});
      for (std::size_t i = 0; round < 7 && i < all.size(); ++i)
        if (m.draw(2) == 0)
          m.kill_task("r" + std::to_string(i));
    }
    m.advance(100ms);
    for (std::size_t i = 0; i < all.size(); ++i) // of those that were killed last
      (void)m.tasks().add_task({.id = "r" + std::to_string(i)}, std::ref(watches), i);
    m.advance(100ms);
    BOOST_REQUIRE(*number.get() == 2 * total);
    for (const auto& each : all)
      BOOST_REQUIRE(each.last == 2 * total);
    number.close();
    m.advance(1s);
    for (const auto& each : all)
      BOOST_REQUIRE(each.over);
  });
}

BOOST_AUTO_TEST_CASE(threads_update_without_loss_and_all_see_the_end) {
  ta::task_manager tasks;
  constexpr int threads = 3;
  constexpr int each_adds = 1500;
  std::optional<ta::watch<std::vector<int>>> sums{std::in_place, std::vector<int>(threads)};
  auto body = [](ta::watch_receiver<std::vector<int>> seen) -> ta::task<std::vector<int>> {
    while (co_await seen.changed())
      (void)seen.get();
    co_return *seen.get();
  };
  std::vector<ta::handle<std::vector<int>>> all;
  for (int i = 0; i < 3; ++i)
    all.push_back(tasks.add_task({}, body, sums->subscribe()).value());
  std::vector<int> last;
  {
    std::latch begin{threads};
    std::vector<std::jthread> running;
    running.emplace_back([&last, seen = sums->subscribe()]() mutable {
      while (seen.blocking_changed())
        last = *seen.get();
    });
    for (int i = 0; i < threads; ++i)
      running.emplace_back([&begin, sums = *sums, i] {
        begin.arrive_and_wait();
        for (int n = 0; n < each_adds; ++n)
          sums.update([i](std::vector<int>& of) { ++of[static_cast<std::size_t>(i)]; });
      });
    begin.wait();
    sums.reset();
  }
  const std::vector<int> whole(threads, each_adds);
  BOOST_TEST(last == whole);
  for (auto& each : all)
    BOOST_TEST(each.get() == whole);
}

BOOST_AUTO_TEST_SUITE_END()
