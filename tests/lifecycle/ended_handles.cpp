// Waiting for a task's end without asking how it has ended: in a body, and on a thread.
#include "bodies.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ended_handles {

using namespace test;

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({}, std::move(body)).value().get();
}

/// Counts its copies.
struct counted {
  std::shared_ptr<int> copies = std::make_shared<int>(0);
  counted() = default;
  counted(const counted& from) : copies(from.copies) { ++*copies; }
  counted(counted&&) noexcept = default;
};

ta::task<counted> make_counted() {
  co_await ta::sleep_for(1s);
  co_return counted{};
}

} // namespace ended_handles

BOOST_AUTO_TEST_SUITE(ended_handles)

BOOST_AUTO_TEST_CASE(every_end_is_an_end_and_nothing_of_it_is_thrown) {
  virtual_time world;
  auto& tasks = world.tasks;
  auto body = [&]() -> ta::task<void> {
    auto completed = tasks.add_task({}, test::after, 1s, 5).value();
    co_await completed.ended();
    BOOST_CHECK(completed.state() == ta::state::completed);
    auto failed = tasks.add_task({}, failing, 1s).value();
    co_await failed.ended();
    BOOST_CHECK(failed.state() == ta::state::failed);
    auto late = tasks.add_task({.timeout = 1s}, hanging).value();
    co_await late.ended();
    BOOST_CHECK(late.state() == ta::state::timed_out);
    auto cancelled = tasks.add_task({}, hanging).value();
    co_await ta::sleep_for(1s);
    cancelled.cancel();
    co_await cancelled.ended();
    BOOST_CHECK(cancelled.state() == ta::state::cancelled);
    co_await cancelled.ended(); // it has ended long since
    BOOST_TEST(!failed.info().error.empty());
    BOOST_CHECK_THROW(co_await failed, std::runtime_error); // it is all still there
    BOOST_TEST(co_await completed == 5);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_failure_that_was_only_waited_for_is_still_reported) {
  for (const bool in_a_body : {true, false})
    for (const bool looked : {true, false}) {
      virtual_time world;
      listener lost;
      const auto watch = world.tasks.observe(lost.handler(ta::event_kind::unobserved_failure));
      auto h = world.tasks.add_task({.id = "fails"}, failing, 1s).value();
      if (in_a_body) {
        auto body = [h]() -> ta::task<void> { co_await h.ended(); };
        run(world, body);
      } else {
        h.wait();
        BOOST_TEST(h.wait_for(1s));
      }
      if (looked)
        h.wait_outcome();
      h = {};
      auto last = world.tasks.add_task({.id = "last"}, failing, 1s).value();
      last.wait();
      last = {};
      const auto told = lost.wait_for(looked ? 1 : 2);
      BOOST_TEST(told.front().starts_with(looked ? "last" : "fails"));
    }
}

BOOST_AUTO_TEST_CASE(who_only_waits_is_no_owner_of_the_value) {
  virtual_time world;
  auto& tasks = world.tasks;
  auto body = [&]() -> ta::task<int> {
    auto h = tasks.add_task({}, make_counted).value();
    auto waits = [](const ta::handle<counted>* which) -> ta::task<void> { co_await which->ended(); };
    std::vector<ta::handle<void>> others;
    for (int i = 0; i < 3; ++i)
      others.push_back(tasks.add_task({}, waits, &h).value());
    co_await ta::sleep_for(1ms);
    co_await h.ended();
    const auto mine = co_await std::move(h);
    for (const auto& each : others)
      co_await each;
    co_return *mine.copies;
  };
  BOOST_TEST(run(world, body) == 0);

  // A temporary handle is the last one, and gone before the end is heard of.
  auto of_a_temporary = [&]() -> ta::task<void> {
    auto wait = tasks.add_task({}, make_counted).value().ended();
    co_await std::move(wait);
  };
  const auto begin = world.now();
  run(world, of_a_temporary);
  BOOST_CHECK(world.now() - begin == 1s);
}

BOOST_AUTO_TEST_CASE(who_waits_can_be_cancelled_killed_or_late_and_the_other_task_goes_on) {
  for (const int how : {0, 1, 2}) {
    virtual_time world;
    auto h = world.tasks.add_task({}, test::after, 10s, 5).value();
    int gone = 0;
    auto body = [&gone, h]() -> ta::task<void> {
      const witness here{&gone};
      co_await h.ended();
      BOOST_ERROR("went on");
    };
    auto waits = world.tasks.add_task({.id = "waits", .timeout = how == 0 ? 1s : 1h}, body).value();
    world.settle();
    if (how == 1)
      waits.cancel();
    else if (how == 2)
      BOOST_TEST(world.kill_task("waits"));
    world.advance(1s);
    BOOST_CHECK(waits.state() == (how == 0 ? ta::state::timed_out : ta::state::cancelled));
    BOOST_TEST(gone == 1);
    BOOST_TEST(h.get() == 5);
  }
}

BOOST_AUTO_TEST_CASE(the_wait_lends_its_token_and_an_empty_handle_is_refused) {
  virtual_time world{{.capacity = 1}};
  auto& tasks = world.tasks;
  auto body = [&]() -> ta::task<void> {
    auto h = tasks.add_task({}, test::after, 1s, 5).value();
    co_await h.ended();
    BOOST_CHECK_EXCEPTION(co_await ta::handle<int>{}.ended(), std::system_error,
                          [](const auto& error) { return error.code() == ta::errc::invalid_argument; });
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(end_and_cancellation_at_once_are_one_or_the_other_under_every_order) {
  int went_on = 0, cancelled = 0;
  ta::testing::explore({.seeds = 60}, [&](ta::testing::manager& world) {
    auto h = world.tasks().add_task({}, test::after, 1s, 5).value();
    auto body = [h]() -> ta::task<bool> {
      co_await h.ended();
      co_return h.finished();
    };
    auto waits = world.tasks().add_task({}, body).value();
    auto cancels = [waits]() -> ta::task<void> {
      co_await ta::sleep_for(1s);
      waits.cancel();
    };
    world.tasks().add_task({}, cancels).value().get();
    const auto how = std::move(waits).wait_outcome();
    if (how)
      BOOST_TEST(*how);
    else
      BOOST_CHECK(how.state() == ta::state::cancelled);
    ++(how ? went_on : cancelled);
    BOOST_TEST(h.get() == 5);
  });
  BOOST_TEST(went_on > 0);
  BOOST_TEST(cancelled > 0);
}

BOOST_AUTO_TEST_SUITE_END()
