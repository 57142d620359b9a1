// The manager as an actor: what an ordinary CAF program can ask of it by messages.
#include "bodies.hpp"
#include "caf_adapter/compat_ask.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>

#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace messages {

using answers = std::vector<std::string>;

std::string text(const std::string& what) { return what; }
std::string text(int what) { return std::to_string(what); }
std::string text(std::size_t what) { return std::to_string(what); }
std::string text(ta::cancel_reply what) { return std::string{to_string(what)}; }
std::string text(const ta::task_info& what) { return what.id + ' ' + std::string{to_string(what.state)}; }
std::string text(const ta::explanation& what) { return what.text(); }
std::string text(const ta::manager_statistics& what) { return std::to_string(what.running) + " running"; }
std::string text(const std::vector<ta::task_info>& what) {
  std::string all;
  for (const auto& each : what)
    all += text(each) + ';';
  return all;
}
std::string text(const ta::task_event& what) {
  return "event " + what.id + ' ' + std::string{to_string(what.kind)};
}
std::string text(const caf::error& error) {
  const auto why = ta::msg::why(error);
  return why ? '[' + to_string(why->code) + "] " + why->message : "not ours: " + to_string(error);
}

/// Asks from an actor of its own; `Reply` void: an empty one.
template <class Reply = void, class Message>
void ask(virtual_time& world, answers& heard, Message message) {
  auto body = [](caf::event_based_actor* self, const caf::actor& to, answers* into, const Message& what) {
    const auto refused = [into](const caf::error& error) { into->push_back(text(error)); };
    if constexpr (std::is_void_v<Reply>)
      ta::detail::ask_actor(*self, to, caf::infinite, what)
          .then([into] { into->push_back("done"); }, refused);
    else
      ta::detail::ask_actor(*self, to, caf::infinite, what)
          .then([into](const Reply& reply) { into->push_back(text(reply)); }, refused);
  };
  world.system().spawn(body, world.tasks.actor(), &heard, std::move(message));
  world.settle();
}

caf::behavior subscriber(caf::event_based_actor* self, const caf::actor& manager, answers* into,
                         const ta::msg::subscribe& wish) {
  ta::detail::ask_actor(*self, manager, caf::infinite, wish).then([into] { into->push_back("subscribed"); });
  return {
      [into](const ta::task_event& what) { into->push_back(text(what)); },
      [self, manager](int) {
        ta::detail::ask_actor(*self, manager, caf::infinite, ta::msg::unsubscribe{}).then([] {});
      },
      [self](char) { self->quit(); },
  };
}

#define HEARD(...) BOOST_TEST(heard == (answers{__VA_ARGS__}), boost::test_tools::per_element())

} // namespace messages

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(run_replies_with_the_bodys_value_at_its_end) {
  answers heard;
  virtual_time world;
  ask<int>(world, heard, ta::msg::run({.id = "a"}, after, 2s, 42));
  HEARD();
  world.advance(2s);
  HEARD("42");
  ask<std::string>(world, heard, ta::msg::run({}, [] { return std::string{"plain"}; }));
  ask(world, heard, ta::msg::run({}, []() -> ta::task<void> { co_return; }));
  HEARD("42", "plain", "done");
}

BOOST_AUTO_TEST_CASE(a_task_without_a_value_replies_with_an_error_that_says_why) {
  answers heard;
  virtual_time world{{.capacity = 1}};
  ask<int>(world, heard, ta::msg::run({}, failing, 1s));
  world.advance(1s);
  ask<int>(world, heard, ta::msg::run({.timeout = 3s}, hanging));
  world.advance(3s);
  ask<int>(world, heard, ta::msg::run({.id = "c"}, hanging));
  ask<ta::cancel_reply>(world, heard, ta::msg::cancel{"c"});
  HEARD("[task failed] failed: std::runtime_error: boom",
        "[task timed out] timed out: ran too long (limit 3 s)", "requested",
        "[task cancelled] cancelled: requested");
  BOOST_TEST(world.tasks.statistics().failed == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_not_admitted_is_an_error_with_the_code_of_add_task) {
  answers heard;
  virtual_time world{{.capacity = 0, .max_queue = 1}};
  ask<std::string>(world, heard, ta::msg::start({.id = "a"}, hanging));
  ask<std::string>(world, heard, ta::msg::start({.id = "a"}, hanging));
  ask<int>(world, heard, ta::msg::run({.id = "b"}, hanging));
  ask<int>(world, heard, ta::msg::run({.timeout = -1s}, hanging));
  ask<int>(world, heard, ta::msg::run({.admission = {.on_full = ta::on_full::wait}}, hanging));
  HEARD("a", "[duplicate id] duplicate id: a", "[queue overflow] queue overflow: 1",
        "[invalid argument] timeout: -1 s is negative; give zero or more, or leave it unset",
        "[invalid argument] admission.on_full: wait would block an actor; give reject or shed");
}

BOOST_AUTO_TEST_CASE(a_message_submits_its_body_once) {
  answers heard;
  virtual_time world;
  const auto twice = ta::msg::start({}, hanging);
  ask<std::string>(world, heard, twice);
  ask<std::string>(world, heard, twice);
  HEARD("task-1", "[invalid argument] a message that submits a body can be sent once");
}

BOOST_AUTO_TEST_CASE(several_may_wait_for_one_task_by_joining_it) {
  answers heard;
  virtual_time world;
  for (int i = 0; i < 3; ++i)
    ask<int>(world, heard,
             ta::msg::run({.id = "a", .admission = {.on_duplicate = ta::on_duplicate::join}}, after, 1s, i));
  world.advance(1s);
  HEARD("0", "0", "0");
}

BOOST_AUTO_TEST_CASE(tasks_are_looked_at_and_cancelled_by_id) {
  answers heard;
  virtual_time world{{.capacity = 1}};
  ask<std::string>(world, heard, ta::msg::start({.id = "a"}, hanging));
  ask<std::string>(world, heard, ta::msg::start({.id = "b"}, hanging));
  ask<ta::task_info>(world, heard, ta::msg::find{"a"});
  ask<std::vector<ta::task_info>>(world, heard, ta::msg::status{});
  ask<ta::explanation>(world, heard, ta::msg::explain{"b"});
  ask<ta::manager_statistics>(world, heard, ta::msg::statistics{});
  ask<ta::cancel_reply>(world, heard, ta::msg::cancel{"a"});
  ask<std::size_t>(world, heard, ta::msg::cancel_all{});
  ask<ta::task_info>(world, heard, ta::msg::find{"b"});
  HEARD("a", "b", "a running", "a running;b queued;", "b: waits: since 0 s for the manager's capacity",
        "1 running", "requested", "1", "b cancelled");
}

BOOST_AUTO_TEST_CASE(an_unknown_id_is_an_error_or_an_answer) {
  answers heard;
  virtual_time world;
  ask<ta::task_info>(world, heard, ta::msg::find{"x"});
  ask<ta::explanation>(world, heard, ta::msg::explain{"x"});
  ask<ta::cancel_reply>(world, heard, ta::msg::cancel{"x"});
  const std::string unknown = "[unknown id] no task \"x\" waits or runs, or has ended not too long ago";
  HEARD(unknown, unknown, "unknown");
}

BOOST_AUTO_TEST_CASE(a_subscriber_gets_events_as_messages_until_it_ends_its_subscription) {
  answers heard;
  virtual_time world;
  const auto events = [&](std::size_t count) { // they come from the observer's thread
    while (heard.size() < count) {
      world.settle();
      std::this_thread::yield();
    }
  };
  const ta::msg::subscribe wish{{ta::event_kind::completed, ta::event_kind::failed}};
  const auto actor = world.system().spawn(subscriber, world.tasks.actor(), &heard, wish);
  world.settle();
  (void)world.tasks.add_task({.id = "a"}, [] {});
  (void)world.tasks.add_task({.id = "b"}, failing, 0s);
  events(3);
  ta::detail::post(actor, 1);
  world.settle();
  (void)world.tasks.add_task({.id = "c"}, [] {});
  world.settle();
  ta::detail::post(actor, ta::task_event{}); // behind whatever is under way
  events(4);
  HEARD("subscribed", "event a completed", "event b failed", "event  started");
}

BOOST_AUTO_TEST_CASE(a_subscription_ends_with_its_subscriber) {
  answers heard;
  virtual_time world;
  const auto actor = world.system().spawn(subscriber, world.tasks.actor(), &heard, ta::msg::subscribe{});
  world.settle();
  ta::detail::post(actor, 'x');
  world.settle();
  (void)world.tasks.add_task({.id = "a"}, [] {});
  world.settle();
  HEARD("subscribed");
}

// A task is an ordinary actor to the API actor as well.
BOOST_AUTO_TEST_CASE(a_task_may_ask_its_own_manager) {
  virtual_time world;
  auto body = [to = world.tasks.actor()]() -> ta::task<int> {
    const auto inner = ta::msg::run({.id = "inner"}, after, 1s, 7);
    co_return co_await ta::request<int>(to, 10s, inner);
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 7);
}

BOOST_AUTO_TEST_CASE(who_asks_and_ends_cancels_nothing) {
  virtual_time world;
  auto body = [](caf::event_based_actor* self, const caf::actor& to) {
    ta::detail::ask_actor(*self, to, caf::infinite, ta::msg::run({.id = "a"}, after, 1s, 1)).then([](int) {});
    self->quit();
  };
  world.system().spawn(body, world.tasks.actor());
  world.settle();
  world.advance(1s);
  BOOST_TEST((world.tasks.find("a")->state == ta::state::completed));
}

BOOST_AUTO_TEST_CASE(at_its_end_the_manager_answers_all_that_is_open) {
  answers heard;
  virtual_time world;
  ask<int>(world, heard, ta::msg::run({.id = "a"}, hanging));
  world.tasks.shutdown({.drain = 0s});
  world.settle();
  ask<int>(world, heard, ta::msg::run({.id = "b"}, hanging));
  HEARD("[task cancelled] cancelled: shutdown",
        "[the task manager is stopping] the task manager is stopping");
}

BOOST_AUTO_TEST_CASE(no_strangers_end_ends_the_actor_but_a_kill_which_ends_no_task) {
  answers heard;
  virtual_time world;
  const auto first = world.tasks.actor();
  ask<int>(world, heard, ta::msg::run({.id = "a"}, after, 1s, 1));
  caf::anon_send_exit(first, caf::exit_reason::user_shutdown);
  const auto fails = [](caf::event_based_actor* self, const caf::actor& to) {
    self->link_to(to);
    self->quit(caf::sec::runtime_error);
  };
  world.system().spawn(fails, first);
  world.settle();
  HEARD();
  BOOST_CHECK(world.tasks.actor() == first);
  caf::anon_send_exit(first, caf::exit_reason::kill);
  world.settle();
  HEARD("[the task manager is stopping] the manager's actor has ended");
  BOOST_CHECK(world.tasks.actor() != first);
  ask<int>(world, heard, ta::msg::run({.id = "b"}, after, 1s, 2)); // of the new one
  world.advance(1s);
  BOOST_TEST((world.tasks.find("a")->state == ta::state::completed));
  HEARD("[the task manager is stopping] the manager's actor has ended", "2");
}

BOOST_AUTO_TEST_CASE(an_actors_own_error_comes_through_a_task_as_it_was) {
  answers heard;
  virtual_time world;
  const auto answers_badly = [](caf::event_based_actor*, int) -> caf::behavior {
    return {[](int) -> caf::result<int> { return caf::make_error(caf::sec::cannot_open_file, "a.txt"); }};
  };
  const auto actor = world.system().spawn(answers_badly, 0);
  auto asks = [actor]() -> ta::task<int> { co_return co_await ta::request<int>(actor, 1s, 1); };
  auto throws = []() -> ta::task<int> {
    co_await ta::yield();
    throw caf::make_error(caf::sec::cannot_open_file, "a.txt");
  };
  auto ends
      = []() -> ta::task<caf::error> { co_return caf::make_error(caf::sec::cannot_open_file, "a.txt"); };
  auto has = [](bool value) -> ta::task<caf::expected<int>> {
    caf::expected<int> result{caf::make_error(caf::sec::cannot_open_file, "a.txt")};
    if (value)
      result = 7;
    co_return result;
  };
  ask<int>(world, heard, ta::msg::run({}, asks));
  ask<int>(world, heard, ta::msg::run({}, throws));
  ask<int>(world, heard, ta::msg::run({}, ends));
  ask<int>(world, heard, ta::msg::run({}, has, false));
  const auto own = "not ours: " + to_string(caf::make_error(caf::sec::cannot_open_file, "a.txt"));
  HEARD(own, own, own, own);
  ask<int>(world, heard, ta::msg::run({}, has, true));
  ask(world, heard, ta::msg::run({}, [] { return caf::error{}; }));
  HEARD(own, own, own, own, "7", "done");
}

BOOST_AUTO_TEST_CASE(a_task_can_be_told_to_end_with_its_asker) {
  answers heard; // outlives those who write into it
  virtual_time world;
  const auto state = [&world](const char* id) { return world.tasks.find(id)->state; };
  auto body = [](caf::event_based_actor* self, const caf::actor& to) -> caf::behavior {
    const auto asks
        = [=](const auto& what) { ta::detail::ask_actor(*self, to, caf::infinite, what).then([](int) {}); };
    asks(ta::msg::run({.id = "goes"}, hanging).cancelled_with_asker());
    asks(ta::msg::run({.id = "ends"}, after, 1s, 1).cancelled_with_asker());
    asks(ta::msg::run({.id = "stays"}, hanging));
    asks(ta::msg::run({.id = "shared", .admission = {.on_duplicate = ta::on_duplicate::join}}, hanging)
             .cancelled_with_asker());
    return {[self](int) { self->quit(); }};
  };
  const auto asker = world.system().spawn(body, world.tasks.actor());
  world.settle();
  ask<int>(world, heard,
           ta::msg::run({.id = "shared", .admission = {.on_duplicate = ta::on_duplicate::join}}, hanging));
  world.advance(1s);
  ta::detail::post(asker, 1);
  world.settle();
  BOOST_CHECK(state("ends") == ta::state::completed);
  BOOST_CHECK(state("goes") == ta::state::cancelled);
  BOOST_CHECK(state("stays") == ta::state::running);
  BOOST_CHECK(state("shared") == ta::state::running);
}

// With threads: the sanitizers look at this.
BOOST_AUTO_TEST_CASE(many_actors_run_tasks_at_once) {
  caf::actor_system_config config; // with CAF's own scheduler
  caf::actor_system system{config};
  {
    ta::task_manager tasks{system, {.capacity = 4}};
    caf::scoped_actor self{system};
    constexpr int count = 2000;
    for (int i = 0; i < count; ++i) {
      auto body = [](caf::event_based_actor* asking, const caf::actor& to, const caf::actor& tell, int n) {
        ta::detail::ask_actor(*asking, to, caf::infinite, ta::msg::run({}, after, 0s, n))
            .then([tell](int got) { ta::detail::post(tell, got); });
      };
      system.spawn(body, tasks.actor(), caf::actor{self}, i);
    }
    long sum = 0;
    int i = 0;
    self->receive_for(i, count)([&](int got) { sum += got; });
    BOOST_TEST(sum == long{count} * (count - 1) / 2);
  }
}

BOOST_AUTO_TEST_CASE(a_manager_is_not_taken_away_under_the_last_steps_of_its_actors) {
  for (int i = 0; i < 100; ++i) {
    ta::task_manager tasks;
    BOOST_REQUIRE(tasks.actor());
  }
}

BOOST_AUTO_TEST_SUITE_END()
