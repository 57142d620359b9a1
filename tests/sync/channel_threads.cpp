// Channels between threads and tasks: calls that block lend their tokens and end with their task; no memory,
// at each place of each call.
#include "lifecycle/bodies.hpp"
#include "support/fail_each.hpp"
#include "support/virtual_time.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace channel_threads {

using ta::channel;
using ta::send_reply;

/// One that owns memory, and a small one that is copied.
std::string long_text(int n) { return std::string(100, 'x') + std::to_string(n); }

template <class F>
bool is_would_block(F call) {
  try {
    call();
  } catch (const std::system_error& e) {
    return e.code() == ta::make_error_code(ta::errc::would_block);
  }
  return false;
}

} // namespace channel_threads

BOOST_AUTO_TEST_SUITE(channel_threads)

BOOST_AUTO_TEST_CASE(threads_and_tasks_send_and_receive_at_once) {
  for (const std::size_t bound : {0, 1, 3, 64}) {
    constexpr int each_sends = 2'000;
    constexpr int pairs = 2;
    const channel<int> numbers{bound};
    std::atomic<long> sum{0};
    std::atomic<int> count{0};
    const auto take = [&](int n) {
      sum += n;
      ++count;
    };
    ta::task_manager tasks{{.capacity = 1}};
    auto sends = [&]() -> ta::task<void> {
      for (int i = 1; i <= each_sends; ++i)
        co_await numbers.send(i);
    };
    auto receives = [&]() -> ta::task<void> {
      while (const auto got = co_await numbers.receive())
        take(*got);
    };
    std::vector<std::thread> senders, receivers;
    std::vector<ta::handle<void>> sending, receiving;
    for (int i = 0; i < pairs; ++i) {
      sending.push_back(tasks.add_task({}, sends).value());
      receiving.push_back(tasks.add_task({}, receives).value());
      senders.emplace_back([&] {
        for (int n = 1; n <= each_sends; ++n)
          numbers.blocking_send(n);
      });
      receivers.emplace_back([&] {
        while (const auto got = numbers.blocking_receive())
          take(*got);
      });
    }
    for (auto& each : sending)
      each.get();
    for (auto& each : senders)
      each.join();
    numbers.close();
    for (auto& each : receiving)
      each.get();
    for (auto& each : receivers)
      each.join();
    BOOST_TEST(count == 2 * pairs * each_sends);
    BOOST_TEST(sum == 2L * pairs * each_sends * (each_sends + 1) / 2);
    BOOST_TEST(numbers.drained());
  }
}

BOOST_AUTO_TEST_CASE(close_wakes_all_threads_and_tasks) {
  const channel<int> ch{0};
  const channel<int> full{0};
  ta::task_manager tasks;
  std::vector<std::thread> threads;
  std::vector<ta::handle<bool>> bodies;
  std::atomic<int> ended{0};
  auto receives = [&]() -> ta::task<bool> { co_return (co_await ch.receive()).has_value(); };
  constexpr std::size_t count = 50;
  for (std::size_t i = 0; i < count; ++i)
    bodies.push_back(tasks.add_task({}, receives).value());
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { ended += !ch.blocking_receive(); });
    threads.emplace_back([&] {
      try {
        full.blocking_send(1);
      } catch (const ta::error&) {
        ++ended;
      }
    });
  }
  while (ch.statistics().waiting_receivers != count + 4 || full.statistics().waiting_senders != 4)
    std::this_thread::yield();
  ch.close();
  full.close();
  for (auto& each : threads)
    each.join();
  BOOST_TEST(ended == 8);
  for (auto& each : bodies)
    BOOST_TEST(!each.get());
}

BOOST_AUTO_TEST_CASE(a_call_in_a_coroutine_body_is_refused_before_anything_is_done) {
  virtual_time world;
  const channel<int> ch{1};
  auto body = [&]() -> ta::task<void> {
    BOOST_TEST(is_would_block([&] { ch.blocking_send(1); }));
    BOOST_TEST(ch.statistics().size == 0u);
    BOOST_TEST((ch.try_send(2) == send_reply::sent));
    BOOST_TEST(is_would_block([&] { (void)ch.blocking_receive(); }));
    BOOST_TEST(ch.statistics().size == 1u);
    co_return;
  };
  world.tasks.add_task({}, body).value().get();
}

BOOST_AUTO_TEST_CASE(a_call_that_blocks_lends_both_tokens) {
  ta::task_manager tasks{{.capacity = 1, .thread_capacity = 1}};
  const channel<int> there{0}, back{1};
  auto call = [&] {
    int sum = 0;
    while (const auto got = there.blocking_receive())
      sum += *got;
    back.blocking_send(sum);
    return sum;
  };
  auto first = tasks.run_in_thread({}, call).value();
  auto second = tasks.run_in_thread({}, call).value();
  auto sends = [&]() -> ta::task<int> {
    for (int i = 1; i <= 10; ++i)
      co_await there.send(i);
    there.close();
    co_return (co_await back.receive()).value_or(0) + (co_await back.receive()).value_or(0);
  };
  BOOST_TEST(tasks.add_task({}, sends).value().get() == 55);
  BOOST_TEST(first.get() + second.get() == 55);
}

BOOST_AUTO_TEST_CASE(a_call_that_blocks_ends_with_its_task) {
  ta::task_manager tasks{{.thread_capacity = 4}};
  const channel<int> empty{1}, full{0};
  std::atomic<int> cancelled{0};
  const auto in_call = [&](auto what) {
    return tasks
        .run_in_thread({},
                       [&cancelled, what] {
                         try {
                           what();
                         } catch (const ta::cancelled_error&) {
                           ++cancelled;
                           throw;
                         }
                       })
        .value();
  };
  auto receiving = in_call([&] { (void)empty.blocking_receive(); });
  auto sending = in_call([&] { full.blocking_send(1); });
  while (empty.statistics().waiting_receivers + full.statistics().waiting_senders != 2)
    std::this_thread::yield();
  receiving.cancel();
  sending.cancel();
  receiving.wait();
  sending.wait();
  BOOST_CHECK(receiving.state() == ta::state::cancelled);
  BOOST_CHECK(sending.state() == ta::state::cancelled);
  BOOST_TEST(cancelled == 2);
  BOOST_TEST((empty.try_send(1) == send_reply::sent));
  BOOST_TEST(!full.try_receive());
  std::atomic<bool> begun{false};
  auto asked_before = in_call([&] {
    begun = true;
    while (!ta::this_task::cancel_requested())
      std::this_thread::yield();
    full.blocking_send(2);
  });
  while (!begun)
    std::this_thread::yield();
  asked_before.cancel();
  asked_before.wait();
  BOOST_TEST(cancelled == 3);
  BOOST_TEST(full.statistics().waiting_senders == 0u);
}

/// A cancellation and a value at the same moment: the call has it, or the channel.
BOOST_AUTO_TEST_CASE(a_cancelled_call_has_taken_its_value_or_left_it) {
  ta::task_manager tasks;
  for (int i = 0; i < 200; ++i) {
    const channel<int> ch{1};
    std::atomic<int> got{0};
    auto h = tasks
                 .run_in_thread({},
                                [&] {
                                  if (const auto one = ch.blocking_receive())
                                    got = *one;
                                })
                 .value();
    while (ch.statistics().waiting_receivers != 1)
      std::this_thread::yield();
    std::thread sender{[&] { BOOST_CHECK(ch.try_send(7) == send_reply::sent); }};
    h.cancel();
    sender.join();
    h.wait();
    while (tasks.statistics().running != 0)
      std::this_thread::yield();
    BOOST_REQUIRE(got + ch.try_receive().value_or(0) == 7);
  }
}

BOOST_AUTO_TEST_CASE(a_thread_sends_in_virtual_time) {
  virtual_time world{{.capacity = 1, .thread_capacity = 1}};
  const channel<int> ch{0};
  auto sends = world.tasks.run_in_thread({}, [&] {
    for (int i = 0; i < 5; ++i)
      ch.blocking_send(i);
    ch.close();
  });
  auto receives = [&]() -> ta::task<int> {
    int count = 0;
    while (co_await ch.receive())
      ++count;
    co_return count;
  };
  BOOST_TEST(world.tasks.add_task({}, receives).value().get() == 5);
  sends->get();
}

BOOST_AUTO_TEST_CASE(the_manager_of_who_is_served_may_end_at_once) {
  for (int i = 0; i < 100; ++i) {
    const channel<int> ch{0};
    std::optional<ta::task_manager> tasks{std::in_place};
    auto receives = [&]() -> ta::task<int> { co_return (co_await ch.receive()).value_or(0); };
    auto h = tasks->add_task({}, receives).value();
    while (ch.statistics().waiting_receivers != 1)
      std::this_thread::yield();
    std::thread sender{[&] { ch.blocking_send(7); }};
    BOOST_TEST(h.get() == 7);
    tasks.reset();
    sender.join();
  }
}

// -- no memory --------------------------------------------------------------

BOOST_AUTO_TEST_CASE(without_memory_try_send_has_sent_or_left_all_as_it_was) {
  std::string value;
  std::size_t size = 0;
  std::optional<channel<std::string>> ch;
  for (const int filled : {0, 3, 4, 7, 8})
    fail_each(
        [&] {
          ch.emplace(100);
          for (int i = 0; i < filled; ++i)
            BOOST_TEST((ch->try_send(long_text(i)) == send_reply::sent));
          size = ch->statistics().size;
          value = long_text(filled);
        },
        [&] { static_cast<void>(ch->try_send(std::move(value))); },
        [&](bool threw) {
          BOOST_TEST(ch->statistics().size == size + (threw ? 0 : 1));
          BOOST_TEST(value.empty() == !threw);
          for (std::size_t i = 0; i < size; ++i)
            BOOST_TEST(*ch->try_receive() == long_text(static_cast<int>(i)));
        });
}

BOOST_AUTO_TEST_CASE(without_memory_a_blocking_call_has_done_all_or_nothing) {
  std::optional<channel<std::string>> ch;
  std::optional<std::string> got;
  fail_each([&] { ch.emplace(100); }, [&] { ch->blocking_send(long_text(1)); },
            [&](bool threw) { BOOST_TEST(ch->statistics().size == (threw ? 0u : 1u)); });
  fail_each(
      [&] {
        ch.emplace(100);
        got.reset();
        ch->blocking_send(long_text(1));
      },
      [&] { got = ch->blocking_receive(); },
      [&](bool threw) {
        BOOST_TEST(got.has_value() == !threw);
        BOOST_TEST(ch->statistics().size == (threw ? 1u : 0u));
      });
}

BOOST_AUTO_TEST_CASE(without_memory_an_await_has_done_all_or_nothing) {
  virtual_time world;
  for (const std::size_t bound : {0, 1, 4, 100}) {
    std::optional<channel<std::string>> ch;
    bool threw = true;
    for (long n = 1; threw && n < 50; ++n)
      for (const bool waits : {false, true}) {
        if (bound == 0 && !waits)
          continue; // it would be others' memory that fails, while it waits
        ch.emplace(bound);
        std::optional<std::string> got;
        auto sends = [&]() -> ta::task<bool> {
          auto value = long_text(1);
          bool done = false;
          try {
            const failing_allocation here{n};
            co_await ch->send(std::move(value));
            done = true;
          } catch (const std::bad_alloc&) {
          }
          co_return done;
        };
        auto receives = [&]() -> ta::task<void> { got = co_await ch->receive(); };
        ta::handle<void> receiver;
        if (waits) {
          receiver = world.tasks.add_task({}, receives).value();
          world.settle();
        }
        auto h = world.tasks.add_task({}, sends).value();
        world.settle();
        if (!waits)
          got = ch->try_receive();
        world.settle();
        threw = !h.get();
        if (threw && waits) {
          BOOST_TEST(ch->statistics().waiting_receivers == 1u);
          BOOST_TEST((ch->try_send(long_text(1)) == send_reply::sent));
          world.settle();
          BOOST_TEST(got.has_value());
        } else {
          BOOST_TEST(got.has_value() == !threw);
        }
      }
    BOOST_TEST(!threw);
  }
}

/// In a call of the pool's: what lends and takes back tokens allocates, too.
BOOST_AUTO_TEST_CASE(without_memory_a_call_that_waits_has_received_or_not) {
  ta::task_manager tasks;
  for (long n = 1; n < 40; ++n) {
    const channel<int> ch{1};
    std::atomic<int> got{0};
    std::atomic<bool> ended{false};
    auto h = tasks
                 .run_in_thread({},
                                [&] {
                                  const failing_allocation here{n};
                                  try {
                                    got = ch.blocking_receive().value_or(0);
                                  } catch (const std::bad_alloc&) {
                                  }
                                  ended = true;
                                })
                 .value();
    while (ch.statistics().waiting_receivers == 0 && !ended)
      std::this_thread::yield();
    BOOST_TEST((ch.try_send(7) == send_reply::sent));
    h.get();
    BOOST_TEST(got + ch.try_receive().value_or(0) == 7);
  }
}

BOOST_AUTO_TEST_SUITE_END()
