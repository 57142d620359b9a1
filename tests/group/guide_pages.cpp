// What the guide (libtaskactor/docs) quotes and no example has.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <numeric>
#include <string>
#include <vector>

using namespace test;

namespace guide_pages {

std::vector<std::string> journal;

ta::task<std::string> fetch(std::string url, std::chrono::nanoseconds pause) {
  co_await ta::sleep_for(pause);
  co_return "page of " + url;
}

ta::task<void> write(std::string line) {
  co_await ta::sleep_for(10ms);
  journal.push_back(line);
}

ta::task<std::string> front_page(std::chrono::nanoseconds pause) {
  // Its value, or throws timeout_error: the task goes on from there.
  auto page = co_await ta::fail_after(2s, fetch("front", pause));

  // Its value, or nothing: what isn't essential.
  const auto advert = co_await ta::move_on_after(100ms, fetch("advert", 1h));
  co_return page + (advert ? *advert : "");
}

ta::task<void> transfer() {
  bool cancelled = false;
  co_await write("begin");
  try {
    co_await ta::sleep_for(1h);
    co_await write("commit");
  } catch (const ta::cancelled_error&) {
    cancelled = true; // a handler can't await
  }
  if (cancelled)
    co_await ta::shield(ta::fail_after(1s, write("roll back")));
  ta::this_task::throw_if_cancelled(); // ended as cancelled; a plain return would have completed it
}

ta::task<void> deliver(std::string letter) {
  if (ta::this_task::attempt() == 1)
    throw std::runtime_error{"no connection"};
  if (letter.empty())
    ta::this_task::forbid_retry();
  co_return;
}

} // namespace guide_pages

BOOST_AUTO_TEST_SUITE(guide_pages)

BOOST_AUTO_TEST_CASE(scopes_of_a_page) {
  virtual_time world;
  auto in_time = world.tasks.add_task({}, front_page, 1s).value();
  BOOST_TEST(in_time.get() == "page of front");
  auto late = world.tasks.add_task({}, front_page, 3s).value();
  BOOST_CHECK_THROW(late.get(), ta::timeout_error);
}

BOOST_AUTO_TEST_CASE(clean_up_of_a_transfer) {
  virtual_time world;
  journal.clear();
  auto h = world.tasks.add_task({}, transfer).value();
  world.advance(1s);
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(journal == (std::vector<std::string>{"begin", "roll back"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(three_clocks) {
  virtual_time world{{.capacity = 1}};
  auto& tasks = world.tasks;
  auto busy = tasks.add_task({}, after, 10s, 1).value();
  const ta::task_options clocks{
      .timeout = 30s,        // running
      .queue_timeout = 5s,   // waiting for its token
      .total_timeout = 1min, // both together
  };
  auto h = tasks.add_task(clocks, fetch, "front", 1s).value();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_CHECK(h.info().reason == ta::end_reason::queue_timeout);
}

BOOST_AUTO_TEST_CASE(attempts_at_a_letter) {
  virtual_time world;
  auto& tasks = world.tasks;
  tasks.add_limiter("mail", {.rate = ta::rate{.count = 100, .period = 1min, .burst = 10}});
  const ta::task_options options{
      .id = "letter-7",
      .timeout = 10s,      // of each attempt
      .total_timeout = 1h, // of all of them, and the waits between
      .limits = {{"mail"}},
      .retry = ta::retry{.max_attempts = 5, .backoff = {.first = 200ms, .jitter = 50ms}},
  };
  auto h = tasks.add_task(options, deliver, "hello").value();
  h.get();
  BOOST_TEST(tasks.find("letter-7")->attempt == 2u);
}

BOOST_AUTO_TEST_CASE(choices_of_admission) {
  virtual_time world{{.capacity = 1, .max_queue = 2}};
  auto& tasks = world.tasks;
  (void)tasks.add_task({}, hanging);
  world.settle();
  (void)tasks.add_task({.id = "old", .priority = 9}, hanging);
  const auto refused = tasks.add_task({}, hanging);
  BOOST_TEST(refused.error().message == "queue overflow: 2");

  // In place of the oldest that waits with the lowest priority:
  auto fresh = tasks.add_task({.id = "fresh", .admission = {.on_full = ta::on_full::shed}}, hanging);
  BOOST_TEST(fresh.has_value());
  // The one of that id which is there already:
  auto same = tasks.add_task({.id = "fresh", .admission = {.on_duplicate = ta::on_duplicate::join}}, hanging);
  BOOST_TEST(same.has_value());
  world.settle();
  BOOST_CHECK(tasks.find("old")->reason == ta::end_reason::shed);
}

BOOST_AUTO_TEST_CASE(in_place_of_std_async) {
  ta::task_manager tasks;
  const std::vector numbers{1, 2, 3};
  auto sum = [](const std::vector<int>& all) { return std::reduce(all.begin(), all.end()); };

  auto h = tasks.run_in_thread({.timeout = 1min}, sum, numbers).value();
  BOOST_TEST(h.get() == 6);

  auto both = [numbers, sum]() -> ta::task<int> {
    auto square = [](int n) { return n * n; };
    const int first = co_await ta::run_in_thread(sum, numbers);
    co_return co_await ta::run_in_thread(square, first); // what comes after is the next line
  };
  BOOST_TEST(tasks.add_task({}, both).value().get() == 36);
}

BOOST_AUTO_TEST_SUITE_END()
