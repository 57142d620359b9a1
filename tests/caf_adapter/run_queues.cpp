// The scheduler's queue: who is woken for an entry, and that none is left lying.
#include <boost/test/unit_test.hpp>

#include "caf_adapter/run_queue.hpp"
#include "support/failing_new.hpp"

#include <atomic>
#include <chrono>
#include <thread>

namespace run_queues {

using taskactor::detail::run_queue;

/// Entries are only handed on here.
caf::resumable* entry(std::uintptr_t number) {
  return reinterpret_cast<caf::resumable*>(number * 64); // NOLINT: never looked at
}

/// Takes one entry after the other, until it is given the last one.
struct worker {
  explicit worker(run_queue& from)
      : thread([this, &from] {
          for (caf::resumable* got = nullptr; got != entry(9); taken.fetch_add(1))
            got = from.pop();
        }) {}
  void wait_for(int count) const {
    while (taken.load() < count)
      std::this_thread::yield();
  }
  std::atomic<int> taken{0};
  std::jthread thread;
};

/// A worker that has run one entry, and sleeps.
void let_sleep(run_queue& queue, const worker& one) {
  queue.push(entry(1));
  one.wait_for(1);
  while (queue.awake() != 0)
    std::this_thread::yield();
}

/// As if it had just run one.
void serve(run_queue& queue) {
  queue.push(entry(1));
  BOOST_REQUIRE(queue.pop() == entry(1));
}

} // namespace run_queues

BOOST_AUTO_TEST_SUITE(run_queues)

BOOST_AUTO_TEST_CASE(first_come_first_served) {
  run_queue queue;
  for (std::uintptr_t i = 1; i < 4; ++i)
    queue.push(entry(i));
  for (std::uintptr_t i = 1; i < 4; ++i)
    BOOST_TEST(queue.pop() == entry(i));
}

// Who has no memory to push waits for some; whoever could give some back goes on meanwhile.
BOOST_AUTO_TEST_CASE(without_memory_others_still_take_what_is_there) {
  run_queue queue;
  std::atomic<bool> is_out_of_memory{true}, pushed{false};
  std::atomic<std::uintptr_t> taken{0};
  std::jthread pusher{[&] {
    const test::no_memory here{is_out_of_memory};
    for (std::uintptr_t i = 1; i <= 200; ++i)
      queue.push(entry(i));
    pushed = true;
  }};
  constexpr std::uintptr_t without_another_block = 40;
  std::jthread taker{[&] {
    for (; taken < without_another_block; ++taken)
      if (queue.pop() != entry(taken + 1))
        return;
  }};
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (taken < without_another_block && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  BOOST_TEST(taken == without_another_block);
  BOOST_TEST(!pushed);
  is_out_of_memory = false;
  taker.join();
  pusher.join();
  for (std::uintptr_t i = without_another_block + 1; i <= 200; ++i)
    BOOST_TEST(queue.pop() == entry(i));
}

BOOST_AUTO_TEST_CASE(a_single_entry_of_a_worker_that_ends_its_turn_is_there_when_it_looks) {
  run_queue queue;
  serve(queue);
  {
    const run_queue::tail_call_hint ending;
    queue.push(entry(2));
  }
  BOOST_TEST(queue.pop() == entry(2));
}

BOOST_AUTO_TEST_CASE(for_a_second_one_another_is_woken) {
  run_queue queue;
  serve(queue);
  worker other{queue};
  {
    const run_queue::tail_call_hint ending;
    queue.push(entry(2));
    queue.push(entry(3));
    other.wait_for(1);
  }
  queue.push(entry(9));
  other.wait_for(3);
}

BOOST_AUTO_TEST_CASE(who_serves_another_queue_wakes_as_any_other_thread) {
  run_queue queue, own;
  serve(own);
  worker other{queue};
  const run_queue::tail_call_hint ending;
  queue.push(entry(2));
  other.wait_for(1);
  queue.push(entry(9));
  other.wait_for(2);
}

// -- helpers: threads that are no workers -----------------------------------

BOOST_AUTO_TEST_CASE(a_helper_takes_what_it_may_and_a_worker_what_it_may_not) {
  run_queue queue;
  worker other{queue};
  let_sleep(queue, other);
  const auto below_four = [](const caf::resumable& job) { return &job < entry(4); };
  run_queue::helper here{queue};
  queue.push(entry(2)); // for which nobody is woken
  BOOST_TEST(here.take_if(below_four) == entry(2));
  queue.push(entry(9));
  BOOST_TEST(here.take_if(below_four) == nullptr); // and the worker is woken for it
  other.thread.join();
  BOOST_TEST(other.taken.load() == 2);
}

BOOST_AUTO_TEST_CASE(a_single_entry_of_a_helper_waits_for_it_alone) {
  run_queue queue;
  serve(queue); // a worker that is awake, and never looks again
  {
    run_queue::helper none{queue};
    queue.push(entry(2));
    BOOST_TEST(none.take_if([](const auto&) { return true; }) == nullptr); // it is that one's
  }
  run_queue idle;
  {
    run_queue::helper here{idle};
    idle.push(entry(3));
    BOOST_TEST(here.take_if([](const auto&) { return false; }) == nullptr);
    BOOST_TEST(here.take_if([](const auto&) { return true; }) == entry(3));
    BOOST_TEST(here.take_if([](const auto&) { return true; }) == nullptr);
    idle.push(entry(4));
  }
  BOOST_TEST(idle.pop() == entry(4)); // what it has left is there
}

BOOST_AUTO_TEST_CASE(what_a_helper_leaves_wakes_a_worker) {
  run_queue queue;
  worker other{queue};
  let_sleep(queue, other);
  {
    run_queue::helper here{queue};
    queue.push(entry(9));
  }
  other.thread.join();
  BOOST_TEST(other.taken.load() == 2);
}

BOOST_AUTO_TEST_SUITE_END()
