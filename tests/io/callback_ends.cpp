// callback: a task that is to end while it waits for one. Each way to be ended with each answer.
#include "io/desk.hpp"
#include "lifecycle/bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace callback_ends {

enum class ending { cancel, deadline, scope };
enum class answer { value, exception, abandoned };
enum class moment { before, within_cancel, after };

constexpr ending endings[] = {ending::cancel, ending::deadline, ending::scope};
constexpr answer answers[] = {answer::value, answer::exception, answer::abandoned};
constexpr moment moments[] = {moment::before, moment::within_cancel, moment::after};

void give(desk<int>& at, answer what) {
  const auto resume = at.take();
  switch (what) {
  case answer::value:
    BOOST_TEST(resume(5));
    break;
  case answer::exception:
    BOOST_TEST(resume(a_fault()));
    break;
  case answer::abandoned:
    break;
  }
}

/// What the await gave: "5", "line down", "cancelled", "abandoned".
struct note {
  std::string text;
  bool next_await_throws = false;
};

ta::task<void> observed(desk<int>& at, std::function<void()> cancel, note& result) {
  const auto start = [&at, cancel](ta::resumer<int> resume) {
    at.asked.push_back(std::move(resume));
    return [&at, cancel] {
      ++at.cancelled;
      cancel();
    };
  };
  try {
    result.text = std::to_string(co_await ta::callback<int>(start));
  } catch (const ta::cancelled_error&) {
    result.text = "cancelled";
    throw;
  } catch (const ta::error& e) {
    result.text = e.code() == ta::errc::abandoned ? "abandoned" : "?";
  } catch (const std::runtime_error& e) {
    result.text = e.what();
  }
  try {
    co_await ta::yield();
  } catch (const ta::cancelled_error&) {
    result.next_await_throws = true;
    throw;
  }
}

const char* whole(answer what) {
  return what == answer::value ? "5" : what == answer::exception ? "line down" : "abandoned";
}

void check(ending how, answer what, moment when) {
  virtual_time world{{.cancel_grace = 1h}};
  desk<int> at;
  note got;
  bool scope_timed_out = false;
  const auto in_cancel = [&] {
    if (when == moment::within_cancel)
      give(at, what);
  };
  auto body = [&]() -> ta::task<void> {
    if (how != ending::scope) {
      co_await observed(at, in_cancel, got);
      co_return;
    }
    try {
      co_await ta::fail_after(1s, observed(at, in_cancel, got));
    } catch (const ta::timeout_error&) {
      scope_timed_out = true;
    }
  };
  ta::task_options options{.id = "a"};
  if (how == ending::deadline)
    options.timeout = 1s;
  auto h = world.tasks.add_task(options, body).value();
  world.settle();
  if (when == moment::before)
    give(at, what);
  if (how == ending::cancel)
    h.cancel();
  else if (when == moment::before)
    world.settle();
  world.advance(1s);
  if (when == moment::after) {
    BOOST_TEST(got.text.empty());
    BOOST_TEST(world.tasks.statistics().running == 1u);
    BOOST_TEST(world.tasks.statistics().overrunning == (how == ending::deadline ? 1u : 0u));
    BOOST_CHECK(h.finished() == (how == ending::deadline));
    give(at, what);
    world.settle();
  }
  BOOST_TEST(world.tasks.statistics().running == 0u);
  BOOST_TEST(at.cancelled == (when == moment::before ? 0 : 1));
  BOOST_TEST(got.text == (when == moment::before || what == answer::value ? whole(what) : "cancelled"));
  if (when != moment::before) {
    BOOST_TEST(got.next_await_throws == (what == answer::value));
    BOOST_TEST(scope_timed_out == (how == ending::scope));
    BOOST_CHECK(h.state()
                == (how == ending::cancel     ? ta::state::cancelled
                    : how == ending::deadline ? ta::state::timed_out
                                              : ta::state::completed));
  }
}

} // namespace callback_ends

BOOST_AUTO_TEST_SUITE(callback_ends)

BOOST_AUTO_TEST_CASE(each_ending_with_each_answer_at_each_moment) {
  for (const auto how : endings)
    for (const auto what : answers)
      for (const auto when : moments)
        BOOST_TEST_CONTEXT("ending " << static_cast<int>(how) << ", answer " << static_cast<int>(what)
                                     << ", moment " << static_cast<int>(when))
  check(how, what, when);
}

BOOST_AUTO_TEST_CASE(one_that_is_never_resumed_outlives_the_kill_and_keeps_its_frames_and_its_token) {
  virtual_time world{{.capacity = 1, .cancel_grace = 1s}};
  desk<int> at;
  int gone = 0;
  auto body = [&]() -> ta::task<int> {
    const witness here{&gone};
    co_return co_await ask(at);
  };
  auto h = world.tasks.add_task({.id = "a", .timeout = 1s}, body).value();
  auto behind = world.tasks.add_task({.id = "b"}, after, 0s, 1).value();
  const auto begin = world.now();
  h.wait();
  BOOST_CHECK(world.now() - begin == 1s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  world.advance(1h);
  BOOST_TEST(gone == 0);
  BOOST_TEST(!behind.finished());
  BOOST_TEST(world.tasks.statistics().overrunning == 1u);
  BOOST_TEST(at.cancelled == 1); // once, and not again at the kill
  BOOST_TEST(at.take()(1));      // a killed body takes it, and nobody sees it
  BOOST_TEST(behind.get() == 1);
  BOOST_TEST(gone == 1);
  BOOST_TEST(world.tasks.statistics().overrunning == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_is_killed_at_once_is_cancelled_and_waited_for) {
  virtual_time world;
  for (const bool within : {false, true}) {
    desk<int> at;
    int gone = 0;
    auto body = [&]() -> ta::task<void> {
      const witness here{&gone};
      const auto start = [&](ta::resumer<int> resume) {
        at.asked.push_back(std::move(resume));
        return [&] {
          ++at.cancelled;
          if (within)
            at.take()(1);
        };
      };
      co_await ta::callback<int>(start);
    };
    auto h = world.tasks.add_task({.id = "a"}, body).value();
    world.settle();
    BOOST_TEST(world.kill_task("a"));
    world.settle();
    BOOST_TEST(at.cancelled == 1);
    BOOST_TEST(gone == (within ? 1 : 0));
    at.asked.clear();
    world.settle();
    BOOST_TEST(gone == 1);
    BOOST_TEST(h.finished());
  }
}

BOOST_AUTO_TEST_CASE(an_abandonable_one_ends_at_once_and_refuses_what_comes_later) {
  for (const int way : {0, 1, 2}) {
    virtual_time world{{.cancel_grace = 1s}};
    desk<int> at;
    int gone = 0;
    auto body = [&]() -> ta::task<int> {
      const witness here{&gone};
      co_return co_await ask(at, {.abandonable = true});
    };
    auto h = world.tasks.add_task({.id = "a", .timeout = 1s}, body).value();
    world.settle();
    if (way == 0)
      h.cancel();
    else if (way == 1)
      world.kill_task("a");
    else
      world.advance(1s);
    world.settle();
    BOOST_TEST(h.finished());
    BOOST_TEST(gone == 1);
    BOOST_TEST(at.cancelled == 1);
    BOOST_TEST(world.tasks.statistics().running == 0u);
    BOOST_TEST(!at.take()(1));
  }
}

BOOST_AUTO_TEST_CASE(an_abandonable_one_that_is_answered_by_its_cancel_has_its_value) {
  virtual_time world;
  desk<int> at;
  auto body = [&]() -> ta::task<int> {
    const auto start = [&](ta::resumer<int> resume) {
      at.asked.push_back(std::move(resume));
      return [&] { at.take()(3); };
    };
    co_return co_await ta::callback<int>(start, {.abandonable = true});
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  BOOST_TEST(h.get() == 3);
}

BOOST_AUTO_TEST_CASE(what_cancel_throws_is_reported_and_the_wait_goes_on) {
  virtual_time world;
  listener faults;
  const auto watch = world.tasks.observe(faults.handler(ta::event_kind::cleanup_fault));
  desk<int> at;
  auto body = [&]() -> ta::task<int> {
    const auto start = [&](ta::resumer<int> resume) {
      at.asked.push_back(std::move(resume));
      return [] { throw std::logic_error{"can't be cancelled"}; };
    };
    co_return co_await ta::callback<int>(start);
  };
  auto h = world.tasks.add_task({.id = "a"}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(!h.finished());
  BOOST_TEST(faults.wait_for(1).at(0).find("can't be cancelled") != std::string::npos);
  BOOST_TEST(at.take()(4));
  BOOST_TEST(h.get() == 4);
}

/// An exception isn't the answer to a cancellation that nobody was told of.
BOOST_AUTO_TEST_CASE(one_that_cannot_be_cancelled_gives_what_it_is_resumed_with) {
  virtual_time world;
  for (const bool empty : {false, true}) {
    desk<int> at;
    std::string thrown;
    auto body = [&]() -> ta::task<void> {
      const auto plain = [&](ta::resumer<int> resume) { at.asked.push_back(std::move(resume)); };
      const auto with_empty = [&](ta::resumer<int> resume) {
        at.asked.push_back(std::move(resume));
        return std::function<void()>{};
      };
      try {
        if (empty)
          co_await ta::callback<int>(with_empty);
        else
          co_await ta::callback<int>(plain);
      } catch (const std::runtime_error& e) {
        thrown = e.what();
      }
    };
    auto h = world.tasks.add_task({}, body).value();
    world.settle();
    h.cancel();
    world.settle();
    BOOST_TEST(!h.finished());
    at.take()(a_fault());
    h.wait();
    BOOST_TEST(thrown == "line down");
  }
}

BOOST_AUTO_TEST_CASE(a_cancelled_task_begins_nothing) {
  virtual_time world;
  bool begun = false;
  auto body = [&]() -> ta::task<void> {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) { // and on, to the next await
    }
    co_await ta::callback([&begun](ta::resumer<void> resume) {
      begun = true;
      resume();
    });
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  h.wait();
  BOOST_TEST(!begun);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

BOOST_AUTO_TEST_CASE(in_a_shield_it_is_not_cancelled) {
  virtual_time world;
  desk<int> at;
  int got = 0;
  auto body = [&]() -> ta::task<void> { got = co_await ta::shield(ask(at)); };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_TEST(at.cancelled == 0);
  at.take()(6);
  h.wait();
  BOOST_TEST(got == 6);
}

BOOST_AUTO_TEST_CASE(its_deadline_comes_though_nobody_works) {
  virtual_time world{{.cancel_grace = 1s}};
  desk<int> at;
  auto h = world.tasks.add_task({.timeout = 24h}, [&] { return ask(at); }).value();
  BOOST_CHECK_THROW(h.get(), ta::task_error);
  BOOST_CHECK(world.elapsed() == 24h);
  at.asked.clear();
  world.settle();
}

BOOST_AUTO_TEST_CASE(an_attempt_that_is_left_behind_does_not_hold_up_the_next) {
  virtual_time world{{.cancel_grace = 1s}};
  desk<int> at;
  auto body = [&]() -> ta::task<int> { return ask(at); };
  auto h = world.tasks.add_task({.timeout = 1s, .retry = ta::retry{.max_attempts = 2}}, body).value();
  world.advance(10s);
  BOOST_REQUIRE(at.asked.size() == 2u);
  BOOST_CHECK(h.finished());
  at.asked.clear();
  world.settle();
  BOOST_TEST(world.tasks.statistics().overrunning == 0u);
}

/// Both at once, on two threads: a value is delivered, or refused to whoever brings it.
BOOST_AUTO_TEST_CASE(what_is_brought_while_it_is_cancelled_is_delivered_or_refused) {
  for (const bool abandonable : {false, true}) {
    virtual_time world;
    for (int round = 0; round < 500; ++round) {
      desk<int> at;
      auto h
          = world.tasks.add_task({.id = "a"}, [&] { return ask(at, {.abandonable = abandonable}); }).value();
      world.settle();
      std::atomic<bool> taken = false, go = false;
      std::thread other{[&, resume = at.take()] {
        while (!go)
          std::this_thread::yield();
        taken = resume(round);
      }};
      h.cancel();
      go = true;
      for (int i = round % 50; i > 0; --i)
        std::this_thread::yield();
      world.settle();
      other.join();
      world.settle();
      BOOST_REQUIRE(h.finished());
      BOOST_REQUIRE((h.state() == ta::state::completed) == taken);
      if (taken)
        BOOST_REQUIRE(h.get() == round);
      BOOST_REQUIRE((abandonable || taken));
    }
  }
}

/// The end of a manager right behind that of its task, while whoever has resumed it is still in that call.
BOOST_AUTO_TEST_CASE(a_manager_may_end_as_soon_as_its_tasks_have) {
  for (int round = 0; round < 60; ++round) {
    std::thread other;
    {
      ta::task_manager tasks{{.scheduler_threads = 1}};
      auto body = [&]() -> ta::task<int> {
        const auto start = [&](ta::resumer<int> resume) {
          other = std::thread{[resume = std::move(resume)] { resume(1); }};
        };
        co_return co_await ta::callback<int>(start);
      };
      BOOST_TEST(tasks.add_task({}, body).value().get() == 1);
    }
    other.join();
  }
}

/// Random orders: every answer that was taken is seen by its task, and by no other.
BOOST_AUTO_TEST_CASE(nothing_is_lost_in_any_order) {
  const auto seeds = ta::testing::explore(
      {.seeds = 60, .world = {.manager = {.capacity = 4, .cancel_grace = 1h}}}, [](ta::testing::manager& m) {
        desk<int> at;
        int got = 0, given = 0;
        std::vector<ta::handle<void>> tasks;
        auto body = [&]() -> ta::task<void> {
          for (int i = 0; i < 3; ++i)
            got += co_await ask(at);
        };
        for (int i = 0; i < 6; ++i)
          tasks.push_back(m.tasks().add_task({}, body).value());
        for (int step = 0; step < 60; ++step) {
          if (m.draw(3) == 0)
            m.settle();
          if (m.draw(8) == 0)
            tasks[m.draw(tasks.size())].cancel();
          if (!at.asked.empty() && m.draw(2) == 0) {
            std::swap(at.asked[m.draw(at.asked.size())], at.asked.back());
            const int value = 1 + static_cast<int>(m.draw(1000));
            if (at.take()(value))
              given += value;
          }
        }
        while (m.settle(), !at.asked.empty()) {
          if (at.take()(1))
            ++given;
        }
        BOOST_REQUIRE(got == given);
        for (const auto& each : tasks)
          BOOST_REQUIRE(each.finished());
      });
  BOOST_TEST(seeds >= 1u);
}

BOOST_AUTO_TEST_SUITE_END()
