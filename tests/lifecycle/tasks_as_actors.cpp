// A task among actors: how its actor ends, for who monitors or links to it; its address, and what it sends.
#include "bodies.hpp"
#include "caf_adapter/compat.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>
#include <taskactor/actors/task_as_actor.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace tasks_as_actors {

using lines = std::vector<std::string>;

std::string text(const caf::error& reason) {
  const auto code = ta::exit_code_of(reason);
  return code ? std::string{to_string(*code)} : reason ? "not ours: " + to_string(reason) : "none";
}

/// Writes down how each of them ends; to be held on to, as any actor.
caf::behavior monitors(caf::event_based_actor* self, const std::vector<caf::actor>& whom, lines* into) {
  ta::detail::when_actor_down(*self, [into](caf::down_msg& down) { into->push_back(text(down.reason)); });
  for (const auto& each : whom)
    ta::detail::monitor_actor(*self, caf::actor_cast<caf::strong_actor_ptr>(each));
  return {[](int) {}};
}

/// Is linked to it; writes down how it ends itself.
caf::actor link_to(virtual_time& world, const caf::actor& whom, lines& into) {
  auto body = [](caf::event_based_actor* self, const caf::actor& other) -> caf::behavior {
    self->link_to(other);
    return {[](int) {}};
  };
  const auto linked = world.system().spawn(body, whom);
  linked->attach_functor([&into](const caf::error& reason) { into.push_back("linked: " + text(reason)); });
  world.settle();
  return linked;
}

} // namespace tasks_as_actors

BOOST_AUTO_TEST_SUITE(tasks_as_actors)

BOOST_AUTO_TEST_CASE(monitors_and_links_tell_completed_failed_timed_out_cancelled_and_killed_apart) {
  struct way {
    const char* is;
    ta::task_options options;
    std::function<ta::task<int>()> body;
    std::function<void(virtual_time&, const ta::handle<int>&)> end;
  };
  const auto nothing = [](virtual_time&, const ta::handle<int>&) {};
  const auto cancels = [](virtual_time&, const ta::handle<int>& which) { which.cancel(); };
  const way ways[] = {
      {"none", {}, [] { return after(1s, 1); }, nothing},
      {"failed", {}, [] { return failing(1s); }, nothing},
      {"timed out", {.timeout = 1s}, [] { return hanging(); }, nothing},
      {"timed out", {.total_timeout = 1s}, [] { return hanging(); }, nothing},
      {"timed out", {.timeout = 1s}, [] { return swallowing(); }, nothing},
      {"cancelled", {}, [] { return hanging(); }, cancels},
      {"killed", {}, [] { return swallowing(); }, cancels},
      {"killed",
       {},
       [] { return hanging(); },
       [](virtual_time& world, const ta::handle<int>& which) { world.kill_task(which.id()); }},
      {"none",
       {},
       [] { return after(1s, 1); },
       [](virtual_time& world, const ta::handle<int>&) {
         world.advance(2s); // ended by itself
       }},
  };
  for (const auto& way : ways) {
    lines heard, linked;
    virtual_time world;
    const auto h = world.tasks.add_task(way.options, way.body).value();
    world.settle();
    const auto actor = h.actor();
    BOOST_REQUIRE(actor);
    const auto watches = world.system().spawn(monitors, std::vector{actor}, &heard);
    world.settle();
    auto other = link_to(world, actor, linked);
    way.end(world, h);
    world.advance(1min);
    BOOST_TEST(heard == (lines{way.is}), boost::test_tools::per_element());
    BOOST_CHECK(!h.actor());
    if (std::string{way.is} == "none")
      BOOST_TEST(linked.empty()); // it lives on, until nobody holds it
    else
      BOOST_TEST(linked == (lines{"linked: " + std::string{way.is}}), boost::test_tools::per_element());
    const auto late = world.system().spawn(monitors, std::vector{actor}, &heard); // and who comes late
    world.settle();
    BOOST_TEST(heard == (lines{way.is, way.is}), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_reason_says_what_the_task_has_failed_by_and_can_be_compared) {
  caf::error reason;
  virtual_time world;
  const auto h = world.tasks.add_task({}, failing, 1s).value();
  world.settle();
  h.actor()->attach_functor([&reason](const caf::error& what) { reason = what; });
  world.advance(1s);
  BOOST_CHECK(reason == ta::exit_code::failed);
  BOOST_CHECK(!(reason == ta::exit_code::killed));
  BOOST_TEST(to_string(reason).find("std::runtime_error: boom") != std::string::npos, to_string(reason));
}

BOOST_AUTO_TEST_CASE(each_attempt_is_an_actor_and_a_waiting_task_is_none) {
  lines heard;
  virtual_time world{{.capacity = 1}};
  auto h
      = world.tasks.add_task({.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 10s}}}, failing, 1s)
            .value();
  auto waits = world.tasks.add_task({}, after, 1s, 1).value();
  world.settle();
  BOOST_CHECK(!waits.actor());
  const auto first = h.actor();
  const auto watches = world.system().spawn(monitors, std::vector{first}, &heard);
  world.advance(2s);
  BOOST_TEST(heard == (lines{"failed"}), boost::test_tools::per_element());
  BOOST_CHECK(!h.actor()); // backs off
  world.advance(9500ms);
  BOOST_CHECK(h.actor() && h.actor() != first);
  world.advance(1min);
}

BOOST_AUTO_TEST_CASE(a_task_sends_and_the_receiver_sees_who) {
  lines heard;
  virtual_time world;
  // One fork, that is given to who asks, and taken back from the same only.
  auto fork = [](caf::event_based_actor* self, lines* into) -> caf::behavior {
    auto holder = std::make_shared<caf::actor_addr>();
    return {
        [=](const std::string&) {
          const auto sender = caf::actor_cast<caf::actor_addr>(self->current_sender());
          into->push_back(!sender ? "from nobody" : *holder == sender ? "put back" : "taken");
          *holder = sender;
        },
    };
  };
  const auto actor = world.system().spawn(fork, &heard);
  auto body = [actor](bool on_a_thread) -> ta::task<void> {
    if (on_a_thread) {
      const auto call = [actor] { ta::this_task::send(actor, std::string{"take"}); };
      co_await ta::run_in_thread(call);
    } else {
      ta::this_task::send(actor, std::string{"take"});
    }
    ta::this_task::send_after(actor, 1s, std::string{"put"});
    ta::this_task::send(caf::actor{}, 1);
    BOOST_CHECK_THROW(ta::this_task::send_after(actor, -1s, 1), std::system_error);
    BOOST_CHECK(ta::this_task::actor() != caf::actor{});
  };
  world.tasks.add_task({}, body, false).value().get();
  world.settle();
  BOOST_TEST(heard == (lines{"taken"}), boost::test_tools::per_element());
  world.advance(1s); // the task has ended
  BOOST_TEST(heard == (lines{"taken", "put back"}), boost::test_tools::per_element());
  world.tasks.add_task({}, body, true).value().get();
  world.advance(1s);
  BOOST_TEST(heard == (lines{"taken", "put back", "taken", "put back"}), boost::test_tools::per_element());
  BOOST_CHECK_THROW(ta::this_task::actor(), std::system_error);
  BOOST_CHECK_THROW(ta::this_task::send(actor, 1), std::system_error);
}

BOOST_AUTO_TEST_CASE(the_actor_of_a_handle_is_the_one_that_the_body_sees) {
  caf::actor seen;
  virtual_time world;
  auto body = [&seen]() -> ta::task<int> {
    seen = ta::this_task::actor();
    co_return co_await after(1s, 1);
  };
  const auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_CHECK(seen == h.actor());
  caf::anon_send_exit(h.actor(), caf::exit_reason::user_shutdown);
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
}

// With threads: the sanitizers look at this.
BOOST_AUTO_TEST_CASE(an_actor_can_be_asked_for_while_its_task_begins_ends_and_tries_again) {
  ta::task_manager tasks;
  std::atomic<bool> over{false};
  std::atomic<int> found{0};
  auto body = [](int n) -> ta::task<int> {
    co_await ta::yield();
    if (n % 3 == 0 && ta::this_task::attempt() == 1)
      throw std::runtime_error{"again"};
    co_return n;
  };
  std::vector<ta::handle<int>> all;
  for (int i = 0; i < 500; ++i)
    all.push_back(
        tasks.add_task({.retry = ta::retry{.max_attempts = 2, .backoff = {.first = 0ns}}}, body, i).value());
  std::thread looks{[&] {
    while (!over)
      for (const auto& each : all)
        if (const auto actor = each.actor()) {
          ++found;
          actor->attach_functor([](const caf::error&) {});
        }
  }};
  for (const auto& each : all)
    each.wait();
  over = true;
  looks.join();
  BOOST_TEST(found >= 0);
}

BOOST_AUTO_TEST_SUITE_END()
