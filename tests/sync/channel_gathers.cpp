// A channel as the source of a gather: its items are received when they are about to begin; the gather ends
// with the channel; what was received and not begun goes back when the gather is over before that.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace channel_gathers {

using ta::channel;
using ta::testing::explore;
using ta::testing::manager;
using numbers = std::vector<int>;

ta::task<int> doubled(int value) {
  co_await ta::sleep_for(1s);
  co_return 2 * value;
}
int squared(int value) { return value * value; }
ta::task<void> send_all(channel<int> to, numbers what, std::chrono::nanoseconds pause = 0s) {
  for (const int each : what) {
    co_await ta::sleep_for(pause);
    co_await to.send(each);
  }
}
ta::task<void> send_and_close(channel<int> to, numbers what, std::chrono::nanoseconds pause = 0s) {
  co_await send_all(to, std::move(what), pause);
  to.close();
}
channel<int> filled(const numbers& what, bool is_closed = true) {
  const channel<int> made{what.size()};
  for (const int each : what)
    (void)made.try_send(each);
  if (is_closed)
    made.close();
  return made;
}
numbers whats_left(const channel<int>& in) {
  numbers got;
  while (const auto each = in.try_receive())
    got.push_back(*each);
  return got;
}
numbers sorted(numbers what) {
  std::sort(what.begin(), what.end());
  return what;
}
template <class R>
numbers values(std::vector<ta::outcome<R>> all) {
  numbers got;
  for (auto& each : all)
    got.push_back(each ? *each : -1);
  return got;
}
ta::task<numbers> gather_all(ta::gather_options how, channel<int> from) {
  co_return values(co_await ta::gather(how, doubled, from));
}

/// Counts those that run, and keeps what has begun.
struct bodies {
  numbers begun;
  int running = 0;
  int most = 0;
  std::chrono::nanoseconds time = 1s;

  ta::task<int> operator()(int value) {
    begun.push_back(value);
    most = std::max(most, ++running);
    const std::shared_ptr<int> leaves{&running, [](int* count) { --*count; }};
    co_await ta::sleep_for(time);
    co_return value;
  }
};

} // namespace channel_gathers

BOOST_AUTO_TEST_SUITE(channel_gathers)

BOOST_AUTO_TEST_CASE(all_forms) {
  virtual_time world;
  BOOST_TEST(world.tasks.add_task({}, gather_all, ta::gather_options{}, filled({1, 2, 3})).value().get()
                 == (numbers{2, 4, 6}),
             boost::test_tools::per_element());
  BOOST_TEST(values(world.tasks.gather({}, squared, filled({1, 2, 3}))) == (numbers{1, 4, 9}),
             boost::test_tools::per_element());
  numbers told(3);
  const auto pulled = world.tasks.gather_each(
      {}, doubled, filled({4, 5, 6}), [&](std::size_t index, ta::outcome<int> one) { told[index] = *one; });
  BOOST_TEST(pulled == 3U);
  BOOST_TEST(told == (numbers{8, 10, 12}), boost::test_tools::per_element());
  auto completed = []() -> ta::task<numbers> {
    numbers got;
    auto done = ta::as_completed({.concurrency = 2}, doubled, filled({7, 8, 9}));
    while (auto one = co_await done.next())
      got.push_back(*one->result);
    co_return got;
  };
  BOOST_TEST(sorted(world.tasks.add_task({}, completed).value().get()) == (numbers{14, 16, 18}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nothing_in_it) {
  virtual_time world;
  BOOST_TEST(world.tasks.gather({}, doubled, filled({})).empty());
  BOOST_TEST(world.tasks.gather_each({}, doubled, filled({}), [](std::size_t, ta::outcome<int>) {}) == 0U);
}

// Whatever the bound, and with one token in all: who sends and who waits for the gather lend theirs.
BOOST_AUTO_TEST_CASE(items_that_come_later) {
  for (const std::size_t capacity : {1, 2, 32})
    for (const std::size_t bound : {0, 1, 3, 64})
      for (const auto pause : {0s, 3s})
        BOOST_TEST_CONTEXT("capacity " << capacity << ", bound " << bound << ", pause " << pause.count()) {
          virtual_time world{{.capacity = capacity}};
          numbers sent(20);
          for (std::size_t i = 0; i < sent.size(); ++i)
            sent[i] = static_cast<int>(i);
          const channel<int> items{bound};
          auto gathered
              = world.tasks.add_task({}, gather_all, ta::gather_options{.concurrency = 4}, items).value();
          auto sender = world.tasks.add_task({}, send_and_close, items, sent, pause).value();
          auto expected = sent;
          for (auto& each : expected)
            each *= 2;
          BOOST_TEST(gathered.get() == expected, boost::test_tools::per_element());
          sender.get();
        }
}

BOOST_AUTO_TEST_CASE(no_more_at_once_than_its_concurrency) {
  virtual_time world;
  const channel<int> items{2};
  bodies body;
  auto each = [&](int value) { return body(value); };
  auto all = [&]() -> ta::task<std::size_t> {
    co_return (co_await ta::gather({.concurrency = 3}, each, items)).size();
  };
  auto gathered = world.tasks.add_task({}, all).value();
  auto sender = world.tasks.add_task({}, send_and_close, items, numbers(50, 1), 0s).value();
  world.settle();
  BOOST_TEST(body.running == 3);
  BOOST_TEST(items.statistics().size == 2U);
  BOOST_TEST(items.statistics().waiting_senders
             == 1U); // the bound is the channel's: nothing is held beside it
  BOOST_TEST(gathered.get() == 50U);
  BOOST_TEST(body.most == 3);
  sender.get();
}

// Most items come from a sender that waits, when another one is taken.
BOOST_AUTO_TEST_CASE(as_many_at_once_as_its_concurrency_whatever_the_bound) {
  for (const std::size_t bound : {0, 1, 2})
    BOOST_TEST_CONTEXT("bound " << bound) {
      virtual_time world;
      const channel<int> items{bound};
      bodies body;
      auto each = [&](int value) { return body(value); };
      auto all = [&]() -> ta::task<void> { (void)co_await ta::gather({.concurrency = 4}, each, items); };
      auto gathered = world.tasks.add_task({}, all).value();
      auto sender = world.tasks.add_task({}, send_and_close, items, numbers(20, 1), 0s).value();
      world.settle();
      BOOST_TEST(body.running == 4);
      gathered.get();
      sender.get();
    }
}

// -- its end ----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(it_ends_when_another_one_takes_the_last) {
  virtual_time world;
  const auto items = filled({1, 2}, false);
  auto gathered = world.tasks.add_task({}, gather_all, ta::gather_options{.concurrency = 1}, items).value();
  world.settle();
  BOOST_TEST(items.statistics().size == 1U);
  items.close();
  BOOST_TEST(*items.try_receive() == 2);
  BOOST_TEST(gathered.get() == (numbers{2}), boost::test_tools::per_element());

  const auto more = filled({1, 2}, false);
  auto receive = [&]() -> ta::task<std::optional<int>> { co_return co_await more.receive(); };
  auto one = world.tasks.add_task({}, gather_all, ta::gather_options{.concurrency = 1}, more).value();
  world.settle();
  auto other = world.tasks.add_task({}, receive).value();
  world.settle();
  more.close();
  BOOST_TEST(*other.get() == 2);
  BOOST_TEST(one.get() == (numbers{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_ends_with_the_last_copy) {
  virtual_time world;
  std::optional<channel<int>> items{filled({1}, false)};
  auto all = [&]() -> ta::task<numbers> {
    auto wait = ta::gather({}, doubled, *items);
    co_return values(co_await std::move(wait));
  };
  auto gathered = world.tasks.add_task({}, all).value();
  world.advance(5s);
  BOOST_TEST(!gathered.finished());
  items.reset();
  BOOST_TEST(gathered.get() == (numbers{2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_error_comes_behind_the_items) {
  virtual_time world;
  const auto broken = [] {
    const auto items = filled({1, 2, 3}, false);
    items.close(std::make_exception_ptr(std::runtime_error{"connection lost"}));
    return items;
  };
  int told = 0;
  BOOST_CHECK_THROW(
      world.tasks.gather_each({.concurrency = 1}, doubled, broken(),
                              [&](std::size_t, ta::outcome<int> one) { told += one ? *one : 0; }),
      std::runtime_error);
  BOOST_TEST(told == 12);
  BOOST_CHECK_THROW(world.tasks.gather({}, doubled, broken()), std::runtime_error);
  int completed = 0;
  auto each = [&]() -> ta::task<void> {
    auto done = ta::as_completed({.concurrency = 1}, doubled, broken());
    while (auto one = co_await done.next())
      completed += *one->result;
  };
  BOOST_CHECK_THROW(world.tasks.add_task({}, each).value().get(), std::runtime_error);
  BOOST_TEST(completed == 12);
  const channel<int> at_its_end{1};
  at_its_end.close(std::make_exception_ptr(std::runtime_error{"connection lost"}));
  BOOST_CHECK_THROW(world.tasks.gather({}, doubled, at_its_end), std::runtime_error);
}

// -- before its end ---------------------------------------------------------

BOOST_AUTO_TEST_CASE(what_it_does_not_begin_stays_in_the_channel) {
  virtual_time world;
  auto items = filled({1, 2, 3, 4, 5, 6}, false);
  auto all = world.tasks.gather({.concurrency = 1, .until = ta::gather_end::quorum(2)}, doubled, items);
  BOOST_TEST(all.size() == 2U);
  BOOST_TEST(whats_left(items) == (numbers{3, 4, 5, 6}), boost::test_tools::per_element());

  // A sender that stands still: the time of all is looked at while nothing comes.
  const channel<int> none{1};
  const auto before = world.elapsed();
  BOOST_TEST(world.tasks.gather({.total_timeout = 30s}, doubled, none).empty());
  BOOST_TEST((world.elapsed() - before == 30s));
  auto in_a_task
      = world.tasks.add_task({}, gather_all, ta::gather_options{.total_timeout = 30s}, none).value();
  BOOST_TEST(in_a_task.get().empty());
  BOOST_TEST((none.try_send(1) == ta::send_reply::sent));
  world.settle();
  BOOST_TEST(whats_left(none).size() == 1U);
}

// Items that wait: in the pause of the jitter, or as tasks of their own for a token of a limiter.
BOOST_AUTO_TEST_CASE(what_was_received_and_not_begun_goes_back) {
  for (const bool is_task : {false, true})
    for (const bool is_killed : {false, true})
      BOOST_TEST_CONTEXT((is_task ? "tasks" : "jitter") << (is_killed ? ", killed" : ", cancelled")) {
        virtual_time world;
        world.tasks.add_limiter("db", {.capacity = 1});
        auto items = filled({1, 2, 3, 4, 5}, false);
        bodies body;
        auto each = [&](int value) { return body(value); };
        auto all = [&]() -> ta::task<void> {
          ta::gather_options how{.id = "g", .concurrency = 3};
          if (is_task)
            how.each.limits = {{"db"}};
          else
            how.jitter = 1min;
          (void)co_await ta::gather(how, each, items);
        };
        auto gathered = world.tasks.add_task({.id = "it"}, all).value();
        world.settle();
        BOOST_TEST(items.statistics().size == 2U);
        BOOST_TEST(body.begun.size() == (is_task ? 1U : 0U));
        if (is_killed)
          world.kill_task("it");
        else
          gathered.cancel();
        world.run_until_idle();
        BOOST_TEST(gathered.finished());
        auto there = whats_left(items);
        there.insert(there.end(), body.begun.begin(), body.begun.end());
        BOOST_TEST(sorted(there) == (numbers{1, 2, 3, 4, 5}), boost::test_tools::per_element());
      }
}

// One that was ended by itself has an outcome: it isn't received again, and the channel comes to its end.
BOOST_AUTO_TEST_CASE(an_item_that_was_ended_is_told_of) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  auto outcomes = world.tasks.gather({.each = {.queue_timeout = 500ms, .limits = {{"db"}}}}, doubled,
                                     filled({1, 2, 3}));
  BOOST_REQUIRE(outcomes.size() == 3U);
  BOOST_TEST(std::count_if(outcomes.begin(), outcomes.end(), [](auto& one) { return bool{one}; }) == 1);
  BOOST_TEST(std::count_if(outcomes.begin(), outcomes.end(),
                           [](auto& one) { return !one && one.error().state() == ta::state::timed_out; })
             == 2);
  auto none = world.tasks.gather({.each = {.timeout = 0s}}, doubled, filled({1, 2}));
  BOOST_TEST(none.size() == 2U);

  const auto items = filled({1, 2}, false);
  auto waiting = [&]() -> ta::task<std::size_t> {
    auto all = co_await ta::gather({.id = "g", .jitter = 1min}, doubled, items);
    co_return std::count_if(all.begin(), all.end(), [](auto& one) { return bool{one}; });
  };
  auto gathered = world.tasks.add_task({.id = "it"}, waiting).value();
  world.settle();
  BOOST_TEST((world.tasks.cancel_task("it/g/0") == ta::cancel_reply::requested));
  BOOST_TEST((world.tasks.cancel_task("it/g/7") == ta::cancel_reply::unknown));
  items.close();
  BOOST_TEST(gathered.get() == 1U);
}

BOOST_AUTO_TEST_CASE(an_attempt_has_a_copy) {
  virtual_time world;
  numbers seen;
  auto twice = [&](int value) -> ta::task<int> {
    seen.push_back(value);
    co_await ta::sleep_for(1s);
    if (std::count(seen.begin(), seen.end(), value) < 2)
      throw std::runtime_error{"once more"};
    co_return value;
  };
  const auto items = filled({1, 2}, false);
  auto gathered = world.tasks
                      .add_task({},
                                [&]() -> ta::task<numbers> {
                                  ta::gather_options how{.each = {.retry = ta::retry{.max_attempts = 3}}};
                                  co_return values(co_await ta::gather(how, twice, items));
                                })
                      .value();
  world.advance(100ms);
  items.close();
  BOOST_TEST(gathered.get() == (numbers{1, 2}), boost::test_tools::per_element());
  BOOST_TEST(sorted(seen) == (numbers{1, 1, 2, 2}), boost::test_tools::per_element());
  BOOST_TEST(items.drained());
}

BOOST_AUTO_TEST_CASE(values_that_can_only_be_moved) {
  virtual_time world;
  const channel<std::unique_ptr<int>> items{3};
  for (const int each : {1, 2, 3})
    (void)items.try_send(std::make_unique<int>(each));
  items.close();
  auto content = [](std::unique_ptr<int> from) { return *from; };
  BOOST_TEST(values(world.tasks.gather({.each = {.where = ta::run_where::thread}}, content, items))
                 == (numbers{1, 2, 3}),
             boost::test_tools::per_element());
}

// -- several at one channel -------------------------------------------------

BOOST_AUTO_TEST_CASE(two_gathers) {
  for (const std::size_t bound : {0, 1, 8})
    explore({.seeds = 20}, [&](manager& m) {
      const channel<int> items{bound};
      std::vector<ta::handle<numbers>> both;
      for (int i = 0; i < 2; ++i)
        both.push_back(
            m.tasks().add_task({}, gather_all, ta::gather_options{.concurrency = 2}, items).value());
      numbers sent(20);
      for (std::size_t i = 0; i < sent.size(); ++i)
        sent[i] = static_cast<int>(i);
      auto sender
          = m.tasks().add_task({}, send_and_close, items, sent, std::chrono::nanoseconds{m.draw(2)}).value();
      m.run_until([&] { return both[0].finished() && both[1].finished(); });
      auto got = both[0].get();
      const auto other = both[1].get();
      BOOST_TEST(!got.empty());
      BOOST_TEST(!other.empty());
      got.insert(got.end(), other.begin(), other.end());
      got = sorted(got);
      for (std::size_t i = 0; i < got.size(); ++i)
        BOOST_TEST(got[i] == 2 * static_cast<int>(i));
      BOOST_TEST(got.size() == sent.size());
      sender.get();
    });
}

// One is full, the other one has room: what comes is taken by that.
BOOST_AUTO_TEST_CASE(a_full_gather_holds_up_no_other) {
  virtual_time world;
  const channel<int> items{8};
  bodies slow, fast;
  slow.time = 1min;
  auto gather_by = [&](bodies& by) -> ta::task<void> {
    auto each = [&by](int value) { return by(value); };
    (void)co_await ta::gather({.concurrency = 1}, each, items);
  };
  auto one = world.tasks.add_task({}, gather_by, std::ref(slow)).value();
  world.settle();
  (void)items.try_send(0);
  world.settle();
  auto other = world.tasks.add_task({}, gather_by, std::ref(fast)).value();
  world.settle();
  for (int i = 1; i < 6; ++i) {
    (void)items.try_send(i);
    world.advance(1s);
  }
  BOOST_TEST(fast.begun == (numbers{1, 2, 3, 4, 5}), boost::test_tools::per_element());
  items.close();
  one.get();
  other.get();
}

// -- bounds -----------------------------------------------------------------

BOOST_AUTO_TEST_CASE(outcomes_that_nobody_asks_for_hold_up_the_sender) {
  virtual_time world;
  const channel<int> items{1};
  int begun = 0;
  auto count = [&](int value) {
    ++begun;
    return value;
  };
  auto one_only = [&]() -> ta::task<void> {
    auto done = ta::as_completed({.concurrency = 2}, count, items);
    (void)co_await done.next();
    co_await ta::sleep_for(2min);
  };
  auto asked = world.tasks.add_task({}, one_only).value();
  auto sender = world.tasks.add_task({}, send_all, items, numbers(1000, 1), 0s).value();
  world.advance(1min);
  BOOST_TEST(begun <= 17);
  BOOST_TEST(begun >= 16);
  BOOST_TEST(!sender.finished());
  sender.cancel();
  asked.get();
}

// -- in any order -----------------------------------------------------------

// Gathers are cancelled and killed while items come: each is begun once, or still in the channel.
BOOST_AUTO_TEST_CASE(nothing_is_lost) {
  for (const std::size_t bound : {0, 1, 4})
    for (const std::size_t capacity : {1, 32})
      for (const auto grace : {0s, 5s})
        BOOST_TEST_CONTEXT("bound " << bound << ", capacity " << capacity << ", grace " << grace.count()) {
          ta::testing::explore_options options{.seeds = 25};
          options.world.manager.capacity = capacity;
          options.world.manager.cancel_grace = grace;
          explore(options, [&](manager& m) {
            m.tasks().add_limiter("db", {.capacity = 1});
            const channel<int> items{bound};
            numbers begun;
            auto each = [&](int value) -> ta::task<void> {
              begun.push_back(value);
              co_await ta::sleep_for(std::chrono::microseconds{m.draw(3)});
            };
            auto gathering = [&]() -> ta::task<void> {
              ta::gather_options how{.concurrency = 1 + m.draw(3)};
              const auto way = m.draw(4);
              if (way == 0)
                how.jitter = 3us;
              else if (way == 1)
                how.each.limits = {{"db"}};
              else if (way == 2)
                how.total_timeout = std::chrono::microseconds{m.draw(10)};
              if (m.draw(3) == 0) {
                auto done = ta::as_completed(how, each, items);
                for (auto left = m.draw(5); left != 0; --left)
                  if (!co_await done.next())
                    co_return;
              } else {
                (void)co_await ta::gather(how, each, items);
              }
            };
            const int count = 40;
            auto sending = [&]() -> ta::task<void> {
              for (int i = 0; i < count; ++i) {
                co_await items.send(i);
                if (m.draw(3) == 0)
                  co_await ta::sleep_for(std::chrono::microseconds{m.draw(4)});
              }
              items.close();
            };
            auto sender = m.tasks().add_task({.id = "sender"}, sending).value();
            std::vector<ta::handle<void>> gathers;
            for (int step = 0; step < 15; ++step) {
              const auto id = "it" + std::to_string(step);
              gathers.push_back(m.tasks().add_task({.id = id}, gathering).value());
              m.advance(std::chrono::microseconds{m.draw(4)});
              const auto whose = m.draw(gathers.size());
              if (m.draw(2) == 0)
                gathers[whose].cancel();
              else if (m.draw(3) == 0)
                m.kill_task("it" + std::to_string(whose));
            }
            auto rest = m.tasks().add_task({}, gathering).value();
            while (!items.drained()) {
              m.run_until([&] { return rest.finished(); });
              rest = m.tasks().add_task({}, gathering).value();
            }
            m.run_until_idle();
            begun = sorted(begun);
            BOOST_REQUIRE(begun.size() == static_cast<std::size_t>(count));
            for (int i = 0; i < count; ++i)
              BOOST_REQUIRE(begun[static_cast<std::size_t>(i)] == i);
            sender.get();
          });
        }
}

// -- threads that send ------------------------------------------------------

BOOST_AUTO_TEST_CASE(threads_that_send) {
  for (const std::size_t bound : {0, 2, 64})
    for (int round = 0; round < 20; ++round) {
      ta::task_manager tasks{{.capacity = 3}};
      channel<int> items{bound};
      std::vector<std::thread> senders;
      for (int i = 0; i < 3; ++i)
        senders.emplace_back([items, i] {
          for (int n = 0; n < 50; ++n)
            items.blocking_send(i * 50 + n);
        });
      std::thread closer{[&] {
        for (auto& each : senders)
          each.join();
        items.close();
      }};
      numbers got;
      const auto count = tasks.gather_each({.concurrency = 2}, squared, items,
                                           [&](std::size_t, ta::outcome<int> one) { got.push_back(*one); });
      closer.join();
      BOOST_TEST(count == 150U);
      got = sorted(got);
      BOOST_REQUIRE(got.size() == 150U);
      for (int i = 0; i < 150; ++i)
        BOOST_REQUIRE(got[static_cast<std::size_t>(i)] == i * i);
    }
}

// A thread tells the gather of what it sends while that ends, and its manager with it.
BOOST_AUTO_TEST_CASE(a_manager_that_ends_while_others_send) {
  const channel<int> items{4};
  std::atomic<bool> stop{false};
  std::thread sender{[&] {
    for (int i = 0; !stop.load(); ++i)
      (void)items.try_send(i);
  }};
  for (int round = 0; round < 50; ++round) {
    ta::task_manager tasks{{.capacity = 2}};
    const auto all = tasks.gather({.until = ta::gather_end::quorum(5)}, squared, items);
    BOOST_TEST(all.size() >= 5U);
  }
  stop = true;
  sender.join();
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_one_that_a_thread_waits_for) {
  const channel<int> items{1};
  std::atomic<int> begun{0};
  ta::task_manager tasks{{.capacity = 2}};
  auto count = [&](int value) { return begun += value; };
  std::vector<ta::outcome<int>> outcomes;
  std::thread waiting{[&] { outcomes = tasks.gather({}, count, items); }};
  (void)items.try_send(1);
  while (begun == 0)
    std::this_thread::yield();
  (void)tasks.shutdown({});
  waiting.join();
  BOOST_TEST(outcomes.size() == 1U);
  BOOST_TEST((items.try_send(1) == ta::send_reply::sent));
  BOOST_TEST(items.statistics().size == 1U);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_it) {
  virtual_time world;
  const channel<int> none{1};
  auto gathered = world.tasks.add_task({}, gather_all, ta::gather_options{}, none).value();
  world.settle();
  const auto report = world.tasks.shutdown({});
  BOOST_TEST(gathered.finished());
  BOOST_TEST((none.try_send(1) == ta::send_reply::sent));
}

BOOST_AUTO_TEST_SUITE_END()
