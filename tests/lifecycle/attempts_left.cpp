// Attempts whose call on a thread outlives their time and the grace: the next one begins, with a token of its
// own.
#include "bodies.hpp"
#include "support/gate.hpp"
#include "support/heard.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace attempts_left {

/// Calls that hang, until they are let go: the first so many of them.
struct calls {
  std::atomic<int> begun{0}, hang{1};
  std::latch let_go{1};
  int operator()() {
    const auto mine = ++begun;
    if (mine <= hang)
      let_go.wait();
    return mine;
  }
};

ta::task_options tried(std::size_t attempts, std::function<bool(const ta::failure&)> on = {}) {
  ta::task_options options{.id = "x", .timeout = 1s};
  options.retry = ta::retry{.max_attempts = attempts, .backoff = {.first = 0s}, .retry_on = std::move(on)};
  return options;
}

/// The calls are real threads, whose time doesn't stand still.
void wait_begun(virtual_time& world, const calls& those, int count) {
  for (world.settle(); those.begun < count; world.settle())
    std::this_thread::yield();
}

/// Virtual time stands still meanwhile: no thread is too slow for its deadline.
template <class Condition>
void wait_still(virtual_time& world, Condition holds) {
  for (world.settle(); !holds(); world.settle())
    BOOST_REQUIRE((world.wait_for_wake(20s) || holds()));
}

/// In real time.
template <class Condition>
void wait_for(Condition holds) {
  while (!holds())
    std::this_thread::yield();
}

void let_all_go(virtual_time& world, calls& those) {
  those.let_go.count_down();
  world.set_patience(20s); // now they all come back
  world.run_until([&] { return world.tasks.statistics().overrunning == 0; });
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.running == 0u);
  BOOST_TEST(facts.thread.in_use == 0u);
  BOOST_TEST(facts.global.in_use == 0u);
  BOOST_TEST(world.tasks.task_status().empty());
}

} // namespace attempts_left

BOOST_AUTO_TEST_SUITE(attempts_left)

BOOST_AUTO_TEST_CASE(a_call_that_outlives_its_attempt_is_left_to_itself) {
  virtual_time world{{.cancel_grace = 2s}};
  calls those;
  auto h = world.tasks.run_in_thread(tried(3), [&those] { return those(); }).value();
  wait_begun(world, those, 1);
  world.advance(2900ms);
  BOOST_TEST(those.begun == 1);
  world.advance(151ms); // the grace, and what a kill takes
  wait_still(world, [&] { return h.finished(); });
  BOOST_TEST(h.get() == 2);
  const auto facts = world.tasks.statistics();
  BOOST_TEST(facts.overrunning == 1u);
  BOOST_TEST(facts.overruns == 1u);
  BOOST_TEST(facts.thread.in_use == 1u);
  BOOST_TEST(facts.global.in_use == 1u);
  BOOST_TEST(h.info().attempt == 2u);
  BOOST_REQUIRE(world.tasks.task_status().size() == 1u);
  BOOST_TEST(world.tasks.task_status()[0].overrun);
  let_all_go(world, those);
  BOOST_TEST(world.tasks.statistics().overruns == 1u);
}

BOOST_AUTO_TEST_CASE(in_a_coroutine_as_well_whose_frames_and_arguments_stay_until_it_has_ended) {
  virtual_time world{{.cancel_grace = 0s}};
  calls those;
  auto alive = std::make_shared<int>(0);
  const std::weak_ptr<int> watched = alive;
  auto body = [&those](const std::shared_ptr<int>& kept) -> ta::task<int> {
    const auto local = kept;
    const auto n = co_await ta::run_in_thread([&those, &kept] {
      const auto got = those();
      return *kept + got; // refers to the attempt's own argument
    });
    co_return n;
  };
  auto h = world.tasks.add_task(tried(2), body, std::move(alive)).value();
  wait_begun(world, those, 1);
  world.advance(1051ms);
  wait_still(world, [&] { return h.finished(); });
  BOOST_TEST(h.get() == 2);
  BOOST_TEST(!watched.expired());
  let_all_go(world, those);
  wait_until_heard(world); // a spare copy is destroyed on a thread of its own
  BOOST_TEST(watched.expired());
}

BOOST_AUTO_TEST_CASE(when_all_have_been_left_the_task_is_answered_at_the_deadline_of_the_last) {
  virtual_time world{{.cancel_grace = 2s}};
  calls those;
  those.hang = 3;
  auto h = world.tasks.run_in_thread(tried(3), [&those] { return those(); }).value();
  for (int attempt = 1; attempt <= 3; ++attempt) {
    wait_begun(world, those, attempt);
    world.advance(attempt == 3 ? 1s : 3051ms);
  }
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_CHECK(world.elapsed() >= 7s && world.elapsed() < 7300ms); // 1 s, and twice the grace between
  world.advance(5s);
  BOOST_TEST(world.tasks.statistics().overrunning == 3u);
  BOOST_TEST(world.tasks.statistics().thread.in_use == 3u);
  let_all_go(world, those);
}

BOOST_AUTO_TEST_CASE(with_one_attempt_or_none_left_it_is_answered_at_its_own) {
  virtual_time world{{.cancel_grace = 2s}};
  calls those;
  auto h = world.tasks.run_in_thread(tried(1), [&those] { return those(); }).value();
  wait_begun(world, those, 1);
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  let_all_go(world, those);
}

BOOST_AUTO_TEST_CASE(so_it_is_when_retry_on_says_no) {
  virtual_time world{{.cancel_grace = 2s}};
  calls those;
  auto options = tried(3, [](const ta::failure&) { return false; });
  auto h = world.tasks.run_in_thread(std::move(options), [&those] { return those(); }).value();
  wait_begun(world, those, 1);
  world.advance(1s);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  let_all_go(world, those);
}

BOOST_AUTO_TEST_CASE(capacity_is_not_exceeded) {
  virtual_time world{{.capacity = 1, .thread_capacity = 1, .cancel_grace = 0s}};
  calls those;
  auto h = world.tasks.run_in_thread(tried(2), [&those] { return those(); }).value();
  wait_begun(world, those, 1);
  world.advance(10s);
  BOOST_TEST(those.begun == 1);
  BOOST_TEST(!h.finished());
  those.let_go.count_down();
  world.run_until([&] { return h.finished(); });
  BOOST_TEST(h.get() == 2);
}

BOOST_AUTO_TEST_CASE(named_tokens_stay_with_it) {
  virtual_time world{{.cancel_grace = 0s}};
  world.tasks.add_limiter("db", {.capacity = 2});
  calls those;
  auto options = tried(2);
  options.limits = {{"db"}};
  auto h = world.tasks.run_in_thread(std::move(options), [&those] { return those(); }).value();
  wait_begun(world, those, 1);
  world.advance(1051ms);
  wait_still(world, [&] { return h.finished(); });
  BOOST_TEST(h.get() == 2);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 1u);
  let_all_go(world, those);
  BOOST_TEST(world.tasks.statistics().limits.at("db").in_use == 0u);
}

BOOST_AUTO_TEST_CASE(it_can_be_cancelled_and_shut_down_at_any_time) {
  for (int step = 0; step < 30; ++step) {
    virtual_time world{{.cancel_grace = 500ms}};
    calls those;
    those.hang = 2;
    auto h = world.tasks.run_in_thread(tried(3), [&those] { return those(); }).value();
    wait_begun(world, those, 1);
    world.advance(step * 100ms);
    if (step % 2 == 0) {
      h.cancel();
    } else {
      world.set_patience(50ms); // what hangs isn't worth more
      (void)world.tasks.shutdown({.drain = 0s, .cancel = 100ms, .kill = 100ms});
    }
    world.advance(2s);
    BOOST_TEST(h.finished());
    let_all_go(world, those);
  }
}

/// False: not all had begun within that time.
bool is_left_without_its_token(std::chrono::nanoseconds limit) {
  gate first, second;
  ta::task_manager tasks{{.capacity = 1, .thread_capacity = 4, .cancel_grace = 0s}};
  auto options = tried(2);
  options.timeout = limit;
  options.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 24h}};
  const auto x = tasks
                     .run_in_thread(std::move(options),
                                    [&] {
                                      const auto lent
                                          = tasks.run_in_thread({}, [&] { first.pass(); }).value();
                                      lent.wait();
                                      second.pass();
                                    })
                     .value();
  const auto late = std::chrono::steady_clock::now() + limit; // and a little more
  wait_for([&] { return first.held() == 1 || std::chrono::steady_clock::now() > late; });
  const bool begun = first.held() == 1; // it has the token that x has lent
  const auto other = tasks.run_in_thread({}, [&] { second.pass(); }).value(); // and this gets it from there
  if (!begun || tasks.statistics().overruns != 0) {
    first.open();
    second.open();
    (void)tasks.shutdown({.drain = 0s, .cancel = 20s});
    return false;
  }
  first.open();
  wait_for([&] { return tasks.statistics().overruns == 1; });
  second.wait_held(2);
  second.open();
  other.wait();
  BOOST_TEST(tasks.add_task({}, after, 1ms, 5).value().get() == 5);
  x.cancel();
  BOOST_CHECK(x.wait_outcome().state() == ta::state::cancelled);
  wait_for([&] { return tasks.statistics().global.in_use == 0; });
  return true;
}

/// What it waited for has come, and its token hasn't: it goes on without, when its time is up (rule 6).
BOOST_AUTO_TEST_CASE(it_waits_for_no_token_any_more_when_it_has_been_left) {
  bool tested = false;
  for (auto limit = 500ms; !tested && limit < 20s; limit *= 2)
    tested = is_left_without_its_token(limit);
  BOOST_TEST(tested);
}

/// Of a parent that is killed: what its children's calls refer to has to stay.
BOOST_AUTO_TEST_CASE(its_parents_locals_stay_until_it_has_ended) {
  ta::task_manager tasks{{.cancel_grace = 0s}};
  gate closed;
  std::atomic<bool> gone{false}, early{false};
  struct local {
    std::atomic<bool>& gone;
    ~local() { gone = true; }
  };
  auto parent = [&]() -> ta::task<void> {
    const local mine{gone};
    auto options = tried(2);
    options.id = std::string{};
    options.timeout = 20ms;
    options.retry
        = ta::retry{.max_attempts = 100, .backoff = {.first = 10ms}}; // some attempt begins its call in time
    auto child = [&mine, &closed, &early]() -> ta::task<void> {
      co_await ta::run_in_thread([&mine, &closed, &early] {
        closed.pass();
        if (mine.gone)
          early = true;
      });
    };
    auto children = [&](ta::task_group& group) -> ta::task<void> {
      (void)group.add_task(std::move(options), child);
      co_await ta::sleep_for(24h);
    };
    co_await ta::with_group(children);
  };
  const auto p = tasks.add_task({.id = "p"}, parent).value();
  closed.wait_held(1);
  wait_for([&] { return tasks.statistics().overruns >= 1; }); // an attempt is left
  p.cancel();
  BOOST_CHECK(p.wait_outcome().state() == ta::state::cancelled);
  tasks.add_task({}, after, 100ms, 0).value().get();
  BOOST_TEST(!gone.load());
  closed.open();
  wait_for([&] { return gone.load(); });
  BOOST_TEST(!early);
}

/// The user's own function is being called: its captures are its own until it has returned.
BOOST_AUTO_TEST_CASE(retry_on_lives_as_long_as_it_is_called) {
  ta::task_manager tasks{{.cancel_grace = 10s}};
  gate closed;
  auto kept = std::make_shared<int>(7);
  const std::weak_ptr<int> watched = kept;
  std::atomic<int> read{0};
  auto options = tried(3, [kept = std::move(kept), &closed, &read](const ta::failure&) {
    closed.pass();
    read = *kept;
    return true;
  });
  options.timeout = 20ms;
  const auto x = tasks.add_task(std::move(options), hanging).value();
  closed.wait_held(1);
  x.cancel(); // nobody waits for what it says
  BOOST_CHECK(x.wait_outcome().state() == ta::state::cancelled);
  tasks.add_task({}, after, 300ms, 0).value().get(); // another thread goes on with what is to be destroyed
  BOOST_TEST(!watched.expired());
  closed.open();
  wait_for([&] { return watched.expired(); });
  BOOST_TEST(read.load() == 7);
}

/// Whatever the manager is just doing about the attempt whose time is up: another one was to come.
BOOST_AUTO_TEST_CASE(who_cancels_while_retry_on_is_asked_gets_a_cancelled_task) {
  ta::task_manager tasks;
  std::vector<ta::handle<int>> all;
  for (int i = 0; i < 300; ++i) {
    const auto id = "x" + std::to_string(i);
    auto options = tried(2, [&tasks, id](const ta::failure&) {
      BOOST_CHECK(tasks.cancel_task(id) == ta::cancel_reply::requested);
      return true;
    });
    options.id = id;
    options.timeout = std::chrono::milliseconds{1 + i % 5};
    all.push_back(tasks.add_task(std::move(options), hanging).value());
  }
  for (const auto& each : all)
    BOOST_TEST(ta::to_string(each.wait_outcome().state()) == "cancelled");
}

BOOST_AUTO_TEST_SUITE_END()
