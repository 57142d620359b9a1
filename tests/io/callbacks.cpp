// callback: what it is resumed with, by whom and when.
#include "io/desk.hpp"
#include "lifecycle/bodies.hpp"
#include "support/gate.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

using namespace test;

namespace callbacks {

/// Starts `body`, and runs it as far as it goes.
template <class F>
auto begin(virtual_time& world, F&& body) {
  auto h = world.tasks.add_task({.id = "a"}, std::forward<F>(body)).value();
  world.settle();
  return h;
}

/// Throws when it is moved once too often.
struct fragile {
  int left;
  explicit fragile(int limit) : left(limit) {}
  fragile(fragile&& other) : left(other.left - 1) { // NOLINT: that's what it is for
    if (left < 0)
      throw std::runtime_error{"broken on its way"};
  }
};

/// Comes to a gate when it is moved for the second time.
struct heavy {
  gate* at;
  int moves = 0;
  explicit heavy(gate& where) : at(&where) {}
  heavy(heavy&& other) noexcept : at(other.at), moves(other.moves + 1) {
    if (moves == 2)
      at->pass();
  }
};

class signal_thread {
public:
  explicit signal_thread(std::function<void()> on_signal) {
    sigemptyset(&set_);
    sigaddset(&set_, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
    thread_ = std::thread{[this, on_signal = std::move(on_signal)] {
      int got = 0;
      sigwait(&set_, &got);
      on_signal();
    }};
  }
  signal_thread(const signal_thread&) = delete;
  signal_thread& operator=(const signal_thread&) = delete;
  ~signal_thread() {
    thread_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void send() { pthread_kill(thread_.native_handle(), SIGUSR2); }

private:
  sigset_t set_{}, before_{};
  std::thread thread_;
};

} // namespace callbacks

BOOST_AUTO_TEST_SUITE(callbacks)

BOOST_AUTO_TEST_CASE(one_that_is_resumed_within_start_goes_on_at_once) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    const auto word = co_await ta::callback<std::string>([](auto resume) { BOOST_TEST(resume("at once")); });
    co_await ta::callback([](ta::resumer<void> resume) { BOOST_TEST(resume()); });
    co_return word;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == "at once");
}

BOOST_AUTO_TEST_CASE(start_runs_in_its_task) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    co_return co_await ta::callback<std::string>([](auto resume) { resume(ta::this_task::id()); });
  };
  BOOST_TEST(begin(world, body).get() == "a");
}

BOOST_AUTO_TEST_CASE(one_that_is_resumed_later_wakes_its_task) {
  virtual_time world;
  desk<int> at;
  auto h = begin(world, [&] { return ask(at); });
  BOOST_TEST(world.waiting().at(0).waits_for == "an operation, to call back");
  world.advance(1min);
  BOOST_TEST(!h.finished());
  BOOST_TEST(at.take()(7));
  BOOST_TEST(h.get() == 7);
  BOOST_TEST(at.cancelled == 0);
}

BOOST_AUTO_TEST_CASE(one_is_resumed_from_any_thread) {
  virtual_time world;
  for (int round = 0; round < 200; ++round) {
    desk<int> at;
    auto h = begin(world, [&] { return ask(at); });
    std::thread other{[resume = at.take(), round] { resume(round); }};
    while (!h.finished()) {
      world.wait_for_wake(20s);
      world.settle();
    }
    BOOST_TEST(h.get() == round);
    other.join();
  }
}

BOOST_AUTO_TEST_CASE(one_is_resumed_while_start_still_runs) {
  virtual_time world;
  for (int round = 0; round < 100; ++round) {
    std::thread other;
    std::atomic<bool> called = false;
    auto body = [&]() -> ta::task<int> {
      const auto start = [&](ta::resumer<int> resume) {
        other = std::thread{[resume, round, &called] {
          resume(round);
          called = true;
        }};
        while (round % 2 == 0 && !called)
          std::this_thread::yield();
        return [] {};
      };
      co_return co_await ta::callback<int>(start);
    };
    auto h = begin(world, body);
    while (!h.finished()) {
      world.wait_for_wake(20s);
      world.settle();
    }
    BOOST_TEST(h.get() == round);
    other.join();
  }
}

BOOST_AUTO_TEST_CASE(a_thread_that_handles_signals_may_resume) {
  virtual_time world;
  desk<int> at;
  auto h = begin(world, [&] { return ask(at); });
  {
    signal_thread handler{[resume = at.take()] { resume(SIGUSR2); }};
    handler.send();
  }
  BOOST_TEST(h.get() == SIGUSR2);
}

BOOST_AUTO_TEST_CASE(the_first_call_counts_and_the_others_take_nothing) {
  virtual_time world;
  desk<std::unique_ptr<int>> at;
  auto h = begin(world, [&] { return ask(at); });
  const auto first = at.take();
  const auto second = first;
  BOOST_TEST(first(std::make_unique<int>(1)));
  auto late = std::make_unique<int>(2);
  BOOST_TEST(!second(std::move(late)));
  BOOST_TEST(!first(a_fault()));
  BOOST_REQUIRE(late != nullptr); // NOLINT(bugprone-use-after-move): that's the promise
  BOOST_TEST(*late == 2);
  BOOST_TEST(*std::move(h).get() == 1);
  BOOST_TEST(!second(std::move(late)));
}

BOOST_AUTO_TEST_CASE(of_many_threads_that_resume_one_is_the_first) {
  virtual_time world;
  for (int round = 0; round < 100; ++round) {
    desk<int> at;
    auto h = begin(world, [&] { return ask(at); });
    const auto resume = at.take();
    std::atomic<int> firsts = 0, winner = -1;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&, i, resume] {
        if (resume(i)) {
          ++firsts;
          winner = i;
        }
      });
    for (auto& each : threads)
      each.join();
    BOOST_TEST(firsts == 1);
    BOOST_TEST(h.get() == winner);
  }
}

BOOST_AUTO_TEST_CASE(an_exception_comes_as_it_is) {
  virtual_time world;
  desk<int> at;
  auto h = begin(world, [&] { return ask(at); });
  BOOST_TEST(at.take()(a_fault()));
  BOOST_CHECK_EXCEPTION(h.get(), std::runtime_error,
                        [](const auto& e) { return std::string{e.what()} == "line down"; });
  auto none = begin(world, [&] { return ask(at); });
  BOOST_TEST(at.take()(std::exception_ptr{}));
  BOOST_CHECK(code_of([&] { none.get(); }) == ta::errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(what_start_throws_the_await_throws) {
  virtual_time world;
  desk<int> at;
  for (const bool resumed_before : {false, true}) {
    auto body = [&]() -> ta::task<int> {
      const auto start = [&](ta::resumer<int> resume) {
        at.asked.push_back(resume);
        if (resumed_before)
          resume(1);
        throw std::logic_error{"not begun"};
      };
      co_return co_await ta::callback<int>(start);
    };
    auto h = begin(world, body);
    BOOST_CHECK_THROW(h.get(), std::logic_error);
    BOOST_TEST(!at.take()(5));
  }
}

/// A resumer has claimed it and still moves its value, while `start` throws: the body waits for that one.
BOOST_AUTO_TEST_CASE(what_start_throws_while_somebody_resumes_comes_after_that) {
  virtual_time world;
  gate half_way;
  std::thread other;
  auto body = [&]() -> ta::task<void> {
    const auto start = [&](ta::resumer<heavy> resume) {
      other = std::thread{[&half_way, resume = std::move(resume)] {
        heavy value{half_way};
        heavy moved{std::move(value)};
        BOOST_TEST(resume(std::move(moved)));
      }};
      half_way.wait_held(1);
      throw std::logic_error{"not begun"};
    };
    co_await ta::callback<heavy>(start);
  };
  auto h = begin(world, body);
  h.cancel();
  world.settle();
  BOOST_TEST(!h.finished());
  half_way.open();
  other.join();
  world.settle();
  BOOST_TEST(h.finished());
}

/// What has been begun is waited for, since it may use what the body has.
BOOST_AUTO_TEST_CASE(a_way_to_cancel_whose_move_throws_comes_after_the_operation) {
  struct breaks {
    breaks() = default;
    breaks(const breaks&) { throw std::runtime_error{"no memory for the way to cancel"}; }
    void operator()() const {}
  };
  virtual_time world;
  std::optional<ta::resumer<int>> later;
  const breaks way;
  const auto start = [&](ta::resumer<int> resume) -> const breaks& {
    later = std::move(resume);
    return way;
  };
  auto h = begin(world, [&]() -> ta::task<int> { co_return co_await ta::callback<int>(start); });
  BOOST_TEST(!h.finished());
  BOOST_TEST((*later)(7));
  BOOST_CHECK_THROW(h.get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(one_that_nobody_can_resume_any_more_is_abandoned) {
  virtual_time world;
  desk<int> at;
  auto at_once = begin(
      world, []() -> ta::task<int> { co_return co_await ta::callback<int>([](ta::resumer<int>) {}); });
  BOOST_CHECK(code_of([&] { at_once.get(); }) == ta::errc::abandoned);
  auto h = begin(world, [&] { return ask(at); });
  {
    const auto one = at.take();
    auto two = one;
    two = ta::resumer<int>{};
    BOOST_TEST(!two(1));
    world.settle();
    BOOST_TEST(!h.finished());
  }
  BOOST_CHECK(code_of([&] { h.get(); }) == ta::errc::abandoned);
}

BOOST_AUTO_TEST_CASE(after_the_end_of_its_task_and_its_manager_a_call_is_refused) {
  std::vector<ta::resumer<int>> left;
  for (const bool answered : {true, false}) {
    virtual_time world{{.cancel_grace = 1s}};
    desk<int> at;
    auto h = begin(world, [&] { return ask(at, {.abandonable = true}); });
    left.push_back(at.take());
    if (answered) {
      left.back()(1);
      BOOST_TEST(h.get() == 1);
    } else {
      h.cancel();
      h.wait();
      BOOST_CHECK(h.state() == ta::state::cancelled);
    }
    BOOST_TEST(!left.back()(2));
  }
  for (const auto& each : left) {
    BOOST_TEST(!each(3));
    BOOST_TEST(!each(a_fault()));
  }
}

BOOST_AUTO_TEST_CASE(a_value_whose_move_throws_is_thrown_in_the_task) {
  virtual_time world;
  for (int limit = 0; limit < 2; ++limit) {
    desk<fragile> at;
    auto h = begin(world, [&]() -> ta::task<void> {
      const auto start = [&](ta::resumer<fragile> resume) { at.asked.push_back(resume); };
      co_await ta::callback<fragile>(start);
    });
    BOOST_TEST(at.take()(fragile{limit}));
    BOOST_CHECK_THROW(h.get(), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(a_callback_is_a_part_of_a_race_and_of_a_gather) {
  virtual_time world;
  desk<int> at;
  const auto start = [&at](ta::resumer<int> resume) {
    at.asked.push_back(std::move(resume));
    return [&at] {
      ++at.cancelled;
      at.take()(9);
    };
  };
  auto body = [&]() -> ta::task<std::size_t> {
    const auto won = co_await ta::race(ta::callback<int>(start), ta::sleep_for(1s));
    co_return won.index();
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 1u);
  BOOST_TEST(at.cancelled == 1);

  auto echo
      = [](int n) -> ta::task<int> { co_return co_await ta::callback<int>([n](auto resume) { resume(n); }); };
  const auto all = world.tasks.gather({.concurrency = 2}, echo, std::vector<int>{1, 2, 3});
  BOOST_TEST(*all.at(2) == 3);
}

BOOST_AUTO_TEST_CASE(one_that_has_a_name_begins_again_at_each_await) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int times = 0;
    auto next = ta::callback<int>([&times](auto resume) { resume(++times); });
    const int first = co_await next;
    co_return first * 10 + co_await next;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 12);
}

BOOST_AUTO_TEST_CASE(a_loop_of_them_gives_way_and_sees_its_end) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    for (;;)
      co_await ta::callback<int>([](auto resume) { resume(1); });
  };
  auto h = world.tasks.add_task({}, body).value();
  bool other = false;
  auto ends_it = [&]() -> ta::task<void> {
    other = true;
    h.cancel();
    co_return;
  };
  world.tasks.add_task({}, ends_it).value().get();
  h.wait();
  BOOST_TEST(other);
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

/// A wait for the world: capacity means so many at once.
BOOST_AUTO_TEST_CASE(it_keeps_its_token) {
  virtual_time world{{.capacity = 1}};
  desk<int> at;
  auto h = begin(world, [&] { return ask(at); });
  auto behind = world.tasks.add_task({.id = "b"}, after, 0s, 2).value();
  world.advance(1s);
  BOOST_TEST(!behind.finished());
  at.take()(1);
  BOOST_TEST(behind.get() == 2);
  BOOST_TEST(h.finished());
}

BOOST_AUTO_TEST_CASE(nobody_to_call_back_is_a_deadlock_in_a_test) {
  virtual_time world;
  desk<int> at;
  auto h = world.tasks.add_task({.timeout = ta::no_timeout}, [&] { return ask(at); }).value();
  BOOST_CHECK_THROW(h.get(), ta::testing::deadlock);
  at.asked.clear();
}

/// Real threads of the scheduler, and of the operations.
BOOST_AUTO_TEST_CASE(many_at_once_in_real_time) {
  ta::task_manager tasks{{.capacity = 64, .scheduler_threads = 3}};
  std::mutex mutex;
  std::vector<std::pair<ta::resumer<int>, int>> open;
  std::atomic<bool> over = false;
  std::vector<std::thread> servers;
  for (int i = 0; i < 3; ++i)
    servers.emplace_back([&] {
      while (!over) {
        std::unique_lock lock{mutex};
        if (open.empty()) {
          lock.unlock();
          std::this_thread::yield();
          continue;
        }
        const auto next = std::move(open.back());
        open.pop_back();
        lock.unlock();
        next.first(next.second * 2);
      }
    });
  auto body = [&](int n) -> ta::task<int> {
    const auto start = [&, n](ta::resumer<int> resume) {
      const std::lock_guard lock{mutex};
      open.emplace_back(std::move(resume), n);
    };
    const int once = co_await ta::callback<int>(start);
    co_return once + co_await ta::callback<int>(start);
  };
  std::vector<int> items(5000);
  for (std::size_t i = 0; i < items.size(); ++i)
    items[i] = static_cast<int>(i);
  const auto all = tasks.gather({.concurrency = 64}, body, items);
  over = true;
  for (auto& each : servers)
    each.join();
  for (std::size_t i = 0; i < items.size(); ++i)
    BOOST_REQUIRE(*all[i] == items[i] * 4);
}

BOOST_AUTO_TEST_SUITE_END()
