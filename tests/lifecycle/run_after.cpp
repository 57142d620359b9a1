// task_options::after: a task runs when others have completed, or is told why it doesn't.
#include "lifecycle/bodies.hpp"
#include "support/heard.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;

namespace run_after {

ta::task<void> noting(std::string* trace, char name, std::chrono::nanoseconds pause) {
  co_await ta::sleep_for(pause);
  *trace += name;
}

/// Of a handle whose task hasn't run.
template <class T>
std::string why(const ta::handle<T>& h) {
  try {
    h.get();
  } catch (const ta::predecessor_error& e) {
    BOOST_CHECK(e.code() == ta::errc::predecessor_failed);
    return e.message();
  }
  return "ran";
}

} // namespace run_after

BOOST_AUTO_TEST_SUITE(run_after)

BOOST_AUTO_TEST_CASE(it_begins_when_all_have_completed_named_by_handle_or_id) {
  virtual_time world;
  std::string trace;
  auto one = world.tasks.add_task({.id = "one"}, noting, &trace, '1', 2s).value();
  auto other = world.tasks.add_task({}, noting, &trace, '2', 1s).value();
  auto last = world.tasks.add_task({.id = "last", .after = {one, other}}, noting, &trace, 'l', 0s).value();
  world.tasks.add_task({.after = {"one", "last"}}, noting, &trace, 'x', 0s).value();
  BOOST_CHECK(last.state() == ta::state::queued);
  world.settle();
  BOOST_TEST(world.tasks.statistics().waiting == 2u);
  BOOST_TEST(world.tasks.statistics().running == 2u);
  BOOST_TEST(world.tasks.explain("last")->why() == "waits for the end of \"one\" and \"" + other.id() + '"');
  BOOST_TEST(world.waiting().at(2).waits_for == "the end of task \"one\", and of 1 more");
  world.advance(1s);
  BOOST_TEST(world.tasks.explain("last")->why() == "waits for the end of \"one\"");
  BOOST_TEST(trace == "2");
  world.run_until_idle();
  BOOST_TEST(trace == "21lx");
  BOOST_CHECK(last.info().started - last.info().submitted == 2s);
}

BOOST_AUTO_TEST_CASE(its_clocks_begin_then) {
  virtual_time world{{.capacity = 2}};
  auto slow = world.tasks.add_task({}, after, 100s, 1).value();
  auto timed = world.tasks
                   .add_task({.timeout = 5s, .queue_timeout = 1s, .total_timeout = 10s, .after = {slow}},
                             after, 4s, 2)
                   .value();
  auto late = world.tasks.add_task({.timeout = 5s, .after = {slow}}, after, 6s, 3).value();
  world.run_until_idle();
  BOOST_TEST(timed.get() == 2);
  BOOST_CHECK(late.state() == ta::state::timed_out);
  BOOST_CHECK(late.info().reason == ta::end_reason::run_timeout);
  // capacity 1 is taken by another one when the wait for a token begins
  virtual_time narrow{{.capacity = 1}};
  auto first = narrow.tasks.add_task({}, after, 10s, 1).value();
  auto blocks = narrow.tasks.add_task({}, after, 10s, 1).value();
  auto queued = narrow.tasks.add_task({.queue_timeout = 3s, .after = {first}}, after, 0s, 2).value();
  auto whole = narrow.tasks.add_task({.total_timeout = 12s, .after = {first}}, after, 5s, 2).value();
  narrow.advance(12s);
  BOOST_CHECK(queued.state() == ta::state::queued);
  narrow.advance(1s);
  BOOST_CHECK(queued.info().reason == ta::end_reason::queue_timeout);
  narrow.advance(8999ms);
  BOOST_CHECK(whole.state() == ta::state::running);
  narrow.advance(1ms);
  BOOST_CHECK(whole.info().reason == ta::end_reason::total_timeout);
}

BOOST_AUTO_TEST_CASE(what_has_ended_already_counts_as_it_has_ended) {
  virtual_time world;
  auto good = world.tasks.add_task({.id = "good"}, after, 0s, 1).value();
  auto bad = world.tasks.add_task({.id = "bad"}, failing, 0s).value();
  world.run_until_idle();
  auto runs = world.tasks.add_task({.after = {"good", good, good}}, after, 0s, 2).value();
  auto told = world.tasks.add_task({.after = {"good", "bad"}}, after, 0s, 3).value();
  world.run_until_idle();
  BOOST_TEST(runs.get() == 2);
  BOOST_TEST(why(told) == "\"bad\", which it was to run after, has failed");
  BOOST_CHECK_THROW(bad.get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(each_other_end_is_told_at_once_and_those_behind_it_too) {
  virtual_time world;
  listener ends;
  const auto watch = world.tasks.observe(ends.handler(ta::event_kind::failed));
  bool ran = false;
  auto body = [&ran] { ran = true; };
  auto bad = world.tasks.add_task({.id = "bad"}, failing, 1s).value();
  auto late = world.tasks.add_task({.id = "late", .timeout = 2s}, hanging).value();
  auto shot = world.tasks.add_task({.id = "shot"}, hanging).value();
  auto long_one = world.tasks.add_task({.id = "long"}, after, 1h, 1).value();
  auto after_bad = world.tasks.add_task({.id = "after_bad", .after = {bad, long_one}}, body).value();
  auto after_late = world.tasks.add_task({.id = "after_late", .after = {late}}, body).value();
  auto after_shot = world.tasks.add_task({.id = "after_shot", .after = {shot}}, body).value();
  auto second = world.tasks.add_task({.id = "second", .after = {after_bad}}, body).value();
  auto third = world.tasks.add_task({.id = "third", .after = {second, long_one}}, body).value();
  auto cancelled_too = world.tasks.add_task({.after = {after_shot}}, body).value();
  world.advance(1s);
  BOOST_TEST(why(after_bad) == "\"bad\", which it was to run after, has failed");
  BOOST_TEST(why(second) == "\"after_bad\", which it was to run after, has failed, a consequence of \"bad\"");
  BOOST_TEST(why(third) == "\"second\", which it was to run after, has failed, a consequence of \"bad\"");
  BOOST_CHECK(third.state() == ta::state::failed);
  BOOST_CHECK(third.info().reason == ta::end_reason::predecessor_ended);
  BOOST_TEST(world.tasks.find("third")->error.find("taskactor::predecessor_error: \"second\"")
             != std::string::npos);
  BOOST_TEST(world.tasks.explain("third")->waits.empty());
  shot.cancel();
  world.advance(1s);
  BOOST_TEST(why(after_late) == "\"late\", which it was to run after, has timed out");
  BOOST_CHECK(after_late.state() == ta::state::failed);
  BOOST_TEST(why(after_shot) == "\"shot\", which it was to run after, has been cancelled");
  BOOST_CHECK(after_shot.state() == ta::state::cancelled);
  BOOST_CHECK(cancelled_too.state() == ta::state::cancelled);
  BOOST_CHECK(long_one.state() == ta::state::running);
  BOOST_TEST(!ran);
  BOOST_TEST(world.tasks.statistics().waiting == 0u);
  BOOST_TEST(ends.wait_for(5).size() == 5u); // bad, and four that were to follow one that didn't complete
}

BOOST_AUTO_TEST_CASE(of_a_diamond_the_last_runs_once_or_is_told_once) {
  for (const bool fails : {false, true}) {
    virtual_time world;
    std::string trace;
    auto top = world.tasks.add_task({.id = "top"}, noting, &trace, 't', 1s).value();
    auto left = world.tasks.add_task({.after = {top}}, noting, &trace, 'l', 1s).value();
    auto right = [&trace, fails]() -> ta::task<void> {
      co_await ta::sleep_for(1s);
      if (fails)
        throw std::runtime_error{"right"};
      trace += 'r';
    };
    auto other = world.tasks.add_task({.id = "right", .after = {top}}, right).value();
    auto bottom = world.tasks.add_task({.after = {left, other}}, noting, &trace, 'b', 0s).value();
    world.run_until_idle();
    BOOST_TEST((fails ? trace == "tl" : trace == "tlrb" || trace == "trlb"), trace);
    BOOST_CHECK(bottom.state() == (fails ? ta::state::failed : ta::state::completed));
    if (fails) {
      BOOST_TEST(why(bottom) == "\"right\", which it was to run after, has failed");
      BOOST_CHECK_THROW(other.get(), std::runtime_error);
    }
  }
}

BOOST_AUTO_TEST_CASE(while_it_waits_it_can_be_cancelled_and_its_id_is_taken) {
  virtual_time world{{.max_queue = 3}};
  auto first = world.tasks.add_task({}, after, 10s, 1).value();
  auto waits = world.tasks.add_task({.id = "waits", .after = {first}}, after, 0s, 2).value();
  auto behind = world.tasks.add_task({.after = {"waits"}}, after, 0s, 2).value();
  BOOST_CHECK(world.tasks.add_task({.id = "waits"}, hanging).error().code == ta::errc::duplicate_id);
  BOOST_CHECK(world.tasks.add_task({}, hanging).error().code == ta::errc::queue_full);
  world.settle();
  BOOST_CHECK(waits.cancel() == ta::cancel_reply::requested);
  world.settle();
  BOOST_CHECK(waits.info().reason == ta::end_reason::cancel_requested);
  BOOST_CHECK(behind.state() == ta::state::cancelled);
  auto quick = world.tasks.add_task({.after = {first}}, after, 0s, 2).value();
  BOOST_CHECK(quick.cancel() == ta::cancel_reply::requested); // before it is taken in
  world.run_until_idle();
  BOOST_CHECK(quick.state() == ta::state::cancelled);
  BOOST_TEST(first.get() == 1);
  BOOST_TEST(world.tasks.statistics().waiting == 0u);
}

BOOST_AUTO_TEST_CASE(those_that_come_and_go_leave_nothing_at_one_that_goes_on) {
  virtual_time world;
  auto first = world.tasks.add_task({}, after, 100s, 1).value();
  for (int i = 0; i < 1000; ++i) {
    auto one = world.tasks.add_task({.id = "x", .after = {first}}, after, 0s, 2).value();
    world.settle();
    BOOST_CHECK(one.cancel() == ta::cancel_reply::requested);
    world.settle();
  }
  auto last = world.tasks.add_task({.id = "x", .after = {first}}, after, 0s, 2).value();
  world.run_until_idle();
  BOOST_TEST(last.get() == 2);
}

BOOST_AUTO_TEST_CASE(what_cant_be_waited_for_is_refused) {
  virtual_time world;
  virtual_time elsewhere;
  auto code = [&](ta::task_options options) {
    const auto got = world.tasks.add_task(std::move(options), hanging);
    return got ? ta::errc{} : got.error().code;
  };
  BOOST_CHECK(code({.after = {"nobody"}}) == ta::errc::unknown_id);
  BOOST_CHECK(code({.id = "self", .after = {"self"}}) == ta::errc::unknown_id);
  BOOST_CHECK(code({.after = {ta::handle<int>{}}}) == ta::errc::invalid_argument);
  BOOST_CHECK(code({.after = {""}}) == ta::errc::invalid_argument);
  auto stranger = elsewhere.tasks.add_task({}, after, 1s, 1).value();
  BOOST_CHECK(code({.after = {stranger}}) == ta::errc::invalid_argument);
  BOOST_TEST(world.tasks.statistics().waiting + world.tasks.statistics().running == 0u);
  auto parent = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      BOOST_CHECK(group.add_task({.after = {"parent"}}, hanging).error().code == ta::errc::invalid_argument);
      auto one = group.add_task({.id = "one"}, after, 1s, 1).value();
      auto two = group.add_task({.after = {one}}, after, 0s, 2).value();
      BOOST_TEST(co_await two == 2);
    });
  };
  world.tasks.add_task({.id = "parent"}, parent).value().get();
  auto one = [](int) {};
  const ta::gather_options wrong{.each = {.after = {"parent"}}};
  BOOST_CHECK_THROW(world.tasks.gather(wrong, one, std::vector<int>{1}), std::system_error);
}

// A child isn't put behind one that waits for the child's parent, however long the chain between them.
BOOST_AUTO_TEST_CASE(no_child_runs_after_what_waits_for_its_parent) {
  for (const int length : {1, 2, 50}) {
    virtual_time world;
    std::vector<std::string> refused;
    bool is_behind_others = false;
    auto parent = [&]() -> ta::task<void> {
      co_await ta::sleep_for(1s); // until the others are there
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto wrong = group.add_task({.after = {"other", "last"}}, hanging);
        if (!wrong && wrong.error().code == ta::errc::invalid_argument)
          refused.push_back(wrong.error().message);
        auto grandchild = [&]() -> ta::task<void> {
          co_await ta::with_group([&](ta::task_group& inner) -> ta::task<void> {
            auto too = inner.add_task({.after = {"last"}}, hanging);
            if (!too && too.error().code == ta::errc::invalid_argument)
              refused.push_back(too.error().message);
            co_return;
          });
        };
        auto below = group.add_task({}, grandchild).value();
        is_behind_others = group.add_task({.after = {"other", below.id()}}, hanging).has_value();
        co_await ta::sleep_for(1s);
        group.cancel();
      });
    };
    auto first = world.tasks.add_task({.id = "parent"}, parent).value();
    (void)world.tasks.add_task({.id = "other"}, after, 3s, 0);
    std::string before = "parent";
    for (int i = 1; i <= length; ++i) {
      const auto id = i == length ? std::string{"last"} : "middle" + std::to_string(i);
      (void)world.tasks.add_task({.id = id, .after = {before}}, after, 1s, 0);
      before = id;
    }
    world.run_until_idle();
    BOOST_TEST(first.finished());
    BOOST_TEST(is_behind_others);
    BOOST_REQUIRE(refused.size() == 2U);
    for (const auto& each : refused)
      BOOST_TEST(
          each
          == "after: \"last\" is to run after \"parent\", which waits for this task, a part of it: both "
             "would wait for ever");
  }
}

// An id of a task without a parent may look like a child's.
BOOST_AUTO_TEST_CASE(nor_after_one_that_is_named_like_its_sibling) {
  virtual_time world;
  std::string refused;
  auto parent = [&]() -> ta::task<void> {
    co_await ta::sleep_for(1s); // until the other is there
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      auto wrong = group.add_task({.after = {"parent/like"}}, hanging);
      if (!wrong)
        refused = wrong.error().message;
      group.cancel();
      co_return;
    });
  };
  auto first = world.tasks.add_task({.id = "parent"}, parent).value();
  (void)world.tasks.add_task({.id = "parent/like", .after = {first}}, after, 1s, 0);
  world.run_until_idle();
  BOOST_TEST(refused
             == "after: \"parent/like\" is to run after \"parent\", which waits for this task, a part of it: "
                "both would wait for ever");
}

BOOST_AUTO_TEST_CASE(a_task_that_is_tried_again_has_completed_when_its_last_attempt_has) {
  virtual_time world;
  int attempts = 0;
  auto flaky = [&attempts]() -> ta::task<void> {
    co_await ta::sleep_for(1s);
    if (++attempts < 3)
      throw std::runtime_error{"again"};
  };
  auto first = world.tasks.add_task({.retry = ta::retry{.max_attempts = 3}}, flaky).value();
  int tries = 0;
  auto second = [&tries]() -> ta::task<void> {
    if (++tries < 2)
      throw std::runtime_error{"again"};
    co_return;
  };
  auto next = world.tasks.add_task({.after = {first}, .retry = ta::retry{.max_attempts = 2}}, second).value();
  next.get();
  BOOST_TEST(attempts == 3);
  BOOST_TEST(tries == 2);
}

BOOST_AUTO_TEST_CASE(it_may_take_limiters_and_the_place_of_another) {
  virtual_time world;
  world.tasks.add_limiter("db", {.capacity = 1});
  std::string trace;
  auto first = world.tasks.add_task({}, noting, &trace, 'f', 2s).value();
  world.tasks.add_task({.limits = {{"db"}}}, noting, &trace, 'd', 3s).value();
  auto old = world.tasks.add_task({.id = "same"}, swallowing, nullptr).value();
  world.settle();
  auto both = world.tasks
                  .add_task({.id = "same",
                             .after = {first},
                             .limits = {{"db"}},
                             .admission = {.on_duplicate = ta::on_duplicate::replace}},
                            noting, &trace, 'b', 0s)
                  .value();
  world.run_until_idle();
  BOOST_TEST(trace == "fdb");
  BOOST_CHECK(old.info().reason == ta::end_reason::replaced);
}

BOOST_AUTO_TEST_CASE(a_shutdown_ends_those_that_wait) {
  for (const bool drains : {true, false}) {
    virtual_time world;
    auto first = world.tasks.add_task({}, after, 5s, 1).value();
    auto next = world.tasks.add_task({.after = {first}}, after, 1s, 2).value();
    auto third = world.tasks.add_task({.after = {next}}, after, 1s, 3).value();
    world.settle();
    world.tasks.shutdown({.drain = drains ? 1min : 0s});
    BOOST_CHECK(first.state() == (drains ? ta::state::completed : ta::state::cancelled));
    BOOST_CHECK(third.state() == first.state());
    BOOST_CHECK(next.state() == first.state());
  }
}

BOOST_AUTO_TEST_CASE(a_long_chain_takes_no_stack) {
  virtual_time world{{.max_queue = 30000}};
  auto first = world.tasks.add_task({.id = "0"}, failing, 1s).value();
  std::vector<ta::handle<int>> all;
  for (int i = 1; i < 20000; ++i)
    all.push_back(
        world.tasks.add_task({.id = std::to_string(i), .after = {std::to_string(i - 1)}}, after, 0s, i)
            .value());
  world.run_until_idle();
  BOOST_TEST(why(all.back()) == "\"19998\", which it was to run after, has failed, a consequence of \"0\"");
  BOOST_TEST(world.tasks.statistics().waiting == 0u);
  BOOST_CHECK_THROW(first.get(), std::runtime_error);
  for (const auto& each : all)
    BOOST_CHECK(each.wait_outcome().state() == ta::state::failed);
}

/// A graph by chance, with ends of all kinds: who runs is who was to.
BOOST_AUTO_TEST_CASE(in_any_order_each_runs_when_and_only_when_all_before_it_have_completed) {
  ta::testing::explore({.seeds = 150}, [](ta::testing::manager& m) {
    constexpr std::size_t count = 24;
    std::vector<ta::handle<void>> all;
    std::vector<std::vector<std::size_t>> before(count);
    std::vector<bool> ran(count, false);
    auto body = [&](std::size_t me) -> ta::task<void> {
      ran[me] = true;
      for (const auto each : before[me])
        BOOST_REQUIRE(all[each].state() == ta::state::completed);
      const auto pause = std::chrono::milliseconds{m.draw(3)};
      co_await ta::sleep_for(pause);
      if (m.draw(12) == 0)
        throw std::runtime_error{"by chance"};
    };
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<ta::predecessor> names;
      for (std::size_t j = m.draw(4); i != 0 && j != 0; --j) {
        const auto chosen = m.draw(i);
        before[i].push_back(chosen);
        if (m.draw(2) == 0)
          names.emplace_back(all[chosen]);
        else
          names.emplace_back(all[chosen].id());
      }
      all.push_back(m.tasks().add_task({.after = names}, body, i).value());
      if (m.draw(4) == 0)
        m.advance(std::chrono::milliseconds{m.draw(2)});
      if (m.draw(8) == 0)
        all[m.draw(all.size())].cancel();
    }
    m.run_until_idle();
    for (std::size_t i = 0; i < count; ++i) {
      BOOST_REQUIRE(all[i].finished());
      bool all_completed = true;
      for (const auto each : before[i])
        all_completed = all_completed && all[each].state() == ta::state::completed;
      if (!all_completed)
        BOOST_REQUIRE(!ran[i]);
      else if (all[i].state() != ta::state::cancelled)
        BOOST_REQUIRE(ran[i]);
      static_cast<void>(all[i].wait_outcome());
    }
  });
}

BOOST_AUTO_TEST_CASE(on_many_threads_none_is_forgotten) {
  ta::task_manager tasks{{.max_queue = 5000, .scheduler_threads = 4}};
  std::atomic<int> ran{0};
  auto body = [&ran]() -> ta::task<void> {
    ++ran;
    co_return;
  };
  std::vector<ta::handle<void>> all;
  for (std::size_t i = 0; i < 3000; ++i) {
    std::vector<ta::predecessor> names;
    if (i > 2)
      names = {all[i - 1], all[i - 2], all[i / 2]};
    all.push_back(tasks.add_task({.after = names}, body).value());
  }
  all.back().get();
  BOOST_TEST(ran == 3000);
}

BOOST_AUTO_TEST_SUITE_END()
