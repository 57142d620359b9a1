// Names: what is sent to a service, and asked of it, while it runs and while it doesn't.
#include "actors.hpp"
#include "caf_adapter/compat_ask.hpp"
#include "caf_adapter/compat_mail.hpp"
#include "services/reason.hpp"

#include <taskactor/actors/messages.hpp>
#include <taskactor/actors/request.hpp>

#include <algorithm>
#include <iterator>
#include <vector>

using namespace test;
using ta::errc;
using ta::service_state;

namespace names {

/// Sends from an actor, and writes down the reply: "3", or "[service down]".
void ask(virtual_time& world, diary& into, const caf::actor& to, std::chrono::nanoseconds timeout = 1h) {
  auto body
      = [](caf::event_based_actor* self, const caf::actor& whom, diary* log, std::chrono::nanoseconds limit) {
          ta::detail::ask_actor(*self, whom, limit, 0)
              .then([log](int n) { log->write(std::to_string(n)); },
                    [log](const caf::error& error) {
                      const auto why = ta::msg::why(error);
                      log->write('[' + (why ? to_string(why->code) : ta::detail::in_words(error)) + ']');
                    });
        };
  world.system().spawn(body, to, &into, timeout);
  world.settle();
}

/// Asks from a task, and gives the reply or the error in words.
auto task_that_asks(virtual_time& world, ta::service whom, std::chrono::nanoseconds timeout) {
  auto body = [](ta::service to, std::chrono::nanoseconds limit) -> ta::task<std::string> {
    try {
      const int reply = co_await ta::request<int>(to, limit, 0);
      co_return std::to_string(reply);
    } catch (const ta::request_error& error) {
      co_return "request error";
    } catch (const ta::timeout_error&) {
      co_return "timeout";
    } catch (const std::system_error& error) {
      co_return error.what();
    }
  };
  return world.tasks.add_task({}, body, std::move(whom), timeout).value();
}

struct shop {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {.name = "shop", .limit = {100, 1h}},
                          {a_worker({.name = "a", .backoff = {.first = 10s, .factor = 1}}, log),
                           a_worker({.name = "b", .restart = ta::restart_policy::temporary}, log)}};
  shop() {
    services.wait_started();
    log.read();
  }
};

} // namespace names

BOOST_FIXTURE_TEST_SUITE(names, shop)

BOOST_AUTO_TEST_CASE(a_name_survives_restarts) {
  const auto a = services.whereis("a");
  const auto actor = a.actor();
  BOOST_TEST(a.path() == "shop/a");
  BOOST_TEST(task_that_asks(world, a, 1s).get() == "1");
  ask(world, log, actor);
  tell(world, services, "a", throw_up{});
  world.advance(10s);
  ask(world, log, actor);
  BOOST_TEST(task_that_asks(world, a, 1s).get() == "2"); // of the second run
  BOOST_TEST(log.read() == "2 +a 1 ");
}

BOOST_AUTO_TEST_CASE(a_call_during_a_restart_waits_for_its_end_or_for_its_own_timeout) {
  tell(world, services, "a", end_badly{});
  const auto in_time = task_that_asks(world, services.whereis("a"), 11s);
  const auto late = task_that_asks(world, services.whereis("a"), 9s);
  const auto expired = task_that_asks(world, services.whereis("a"), 0s);
  world.settle();
  BOOST_CHECK(!late.finished());
  BOOST_TEST(expired.get() == "timeout");
  world.advance(9s);
  BOOST_CHECK(late.finished());
  BOOST_TEST(late.get() == "timeout");
  BOOST_CHECK(!in_time.finished());
  world.advance(1s);
  BOOST_TEST(in_time.get() == "1");
}

BOOST_AUTO_TEST_CASE(a_call_that_does_not_want_to_wait_fails_with_a_typed_error) {
  const auto a = services.whereis("a", ta::when_down::fail);
  BOOST_TEST(task_that_asks(world, a, 1s).get() == "1");
  tell(world, services, "a", end_badly{});
  BOOST_TEST(task_that_asks(world, a, 1s).get() == "\"shop/a\" is waiting: runtime_error: service down");
  ask(world, log, a.actor());
  BOOST_TEST(log.read() == "[service down] ");
}

BOOST_AUTO_TEST_CASE(what_actors_send_is_held_back_in_order_and_bounded) {
  const auto actor = services.whereis("a").actor();
  tell(world, services, "a", end_badly{});
  for (int i = 0; i < 3; ++i)
    ask(world, log, actor);
  ask(world, log, actor, 5s);
  BOOST_TEST(services.statistics().held_messages == 4u);
  world.advance(5s);
  BOOST_TEST(log.read() == "[request_timeout] ");
  caf::anon_send_exit(actor, caf::exit_reason::kill); // meant for a run that is over
  for (int i = 4; i < 1024; ++i)
    ta::detail::post(actor, 0);
  ask(world, log, actor);
  ta::detail::post(actor, 0);
  BOOST_TEST(log.read() == "[service down] ");
  BOOST_TEST(services.statistics().held_messages == 1024u);
  world.advance(5s);
  BOOST_TEST(services.statistics().held_messages == 0u);
  ask(world, log, actor);
  BOOST_TEST(log.read() == "+a 1 2 3 1025 ");
}

// Between the end of a run and the supervisor's hearing of it, and what the run had in its mailbox.
BOOST_AUTO_TEST_CASE(what_a_run_had_not_taken_up_when_it_ended_is_for_the_next_one) {
  for (std::uint64_t seed = 0; ta::detail::mail_comes_back && seed < 30; ++seed) {
    ta::testing::simulation_options options;
    options.seed = seed;
    ta::testing::manager m{options};
    std::vector<int> got;
    int replies = 0, errors = 0;
    auto make = [&got](ta::service_start start) {
      auto body = [&got](caf::event_based_actor* self, int) -> caf::behavior {
        return {[&got, self](int n) {
                  got.push_back(n);
                  if (n % 7 == 0)
                    self->quit(n % 2 == 0 ? caf::error{caf::sec::runtime_error} : caf::error{});
                  return n;
                },
                [](char) { return 0; }};
      };
      return start.system().spawn(body, 0);
    };
    ta::supervisor services{m.tasks(), {.limit = {1000, 1h}}, {ta::child_actor({.name = "s"}, make)}};
    services.wait_started();
    const auto name = services.whereis("s").actor();
    auto client = [&](caf::event_based_actor* self, const caf::actor& to, int first) {
      for (int n = first; n < first + 25; ++n)
        if (n % 2 == 0)
          ta::detail::post_from(*self, to, int{n});
        else
          ta::detail::ask_actor(*self, to, caf::infinite, n)
              .then([&](int) { ++replies; }, [&](const caf::error&) { ++errors; });
    };
    m.system().spawn(client, name, 0);
    m.system().spawn(client, name, 100);
    m.settle();
    BOOST_TEST(replies == 24);
    BOOST_TEST(errors == 0);
    for (const int first : {0, 100}) { // each once, and those of one sender in their order
      std::vector<int> own, expected;
      std::copy_if(got.begin(), got.end(), std::back_inserter(own),
                   [first](int n) { return n / 100 == first / 100; });
      for (int n = first; n < first + 25; ++n)
        expected.push_back(n);
      BOOST_TEST(own == expected, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_message_that_a_run_has_taken_up_is_not_sent_again) {
  if (!ta::detail::mail_comes_back)
    return;
  const auto actor = services.whereis("a").actor();
  ta::detail::post(actor, throw_up{});
  ask(world, log, actor);
  BOOST_TEST(services.statistics().held_messages == 1u);
  world.advance(10s);
  BOOST_TEST(log.read() == "+a 1 ");
}

BOOST_AUTO_TEST_CASE(a_calls_timeout_says_what_was_asked_for) {
  auto silent = [](ta::service_start start) {
    auto body = [](caf::event_based_actor* self, int) -> caf::behavior {
      auto kept = std::make_shared<std::vector<caf::typed_response_promise<int>>>();
      return {[self, kept](int) -> caf::result<int> {
        kept->push_back(self->make_response_promise<int>());
        return kept->back();
      }};
    };
    return start.system().spawn(body, 0);
  };
  ta::supervisor mute{
      world.tasks, {}, {ta::child_actor({.name = "mute", .backoff = {.first = 1500ms}}, silent)}};
  mute.wait_started();
  caf::anon_send_exit(mute.whereis("mute").actor(), caf::exit_reason::kill);
  world.settle();
  auto body = [](ta::service to) -> ta::task<int> { co_return co_await ta::request<int>(to, 2s, 0); };
  auto asks = world.tasks.add_task({}, body, mute.whereis("mute")).value();
  try {
    asks.get();
    BOOST_ERROR("answered");
  } catch (const ta::timeout_error& error) {
    BOOST_TEST(std::string{error.what()}.find("2 s") != std::string::npos, error.what());
  }
}

BOOST_AUTO_TEST_CASE(a_service_that_will_not_run_any_more_answers_all_calls) {
  const auto b = services.whereis("b");
  tell(world, services, "b", end_well{});
  BOOST_TEST(task_that_asks(world, b, 1s).get() == "\"shop/b\" is ended: normal: service down");
  ask(world, log, b.actor());
  BOOST_TEST(log.read() == "[service down] ");

  const auto a = services.whereis("a");
  tell(world, services, "a", end_badly{});
  const auto waits = task_that_asks(world, a, 1h);
  ask(world, log, a.actor());
  services.stop();
  BOOST_TEST(waits.get() == "\"shop/a\" is ended: runtime_error: service down");
  ask(world, log, a.actor());
  BOOST_TEST(log.read() == "[service down] [service down] ");
}

BOOST_AUTO_TEST_CASE(a_call_under_way_when_its_service_dies_fails_and_is_not_made_twice) {
  auto silent = [](ta::service_start start) {
    return start.system().spawn(
        [](caf::event_based_actor* self, int) -> caf::behavior {
          auto kept = std::make_shared<std::vector<caf::typed_response_promise<int>>>();
          return {[self, kept](int) -> caf::result<int> {
            auto promise = self->make_response_promise<int>();
            kept->push_back(promise);
            return promise;
          }};
        },
        0);
  };
  ta::supervisor mute{world.tasks, {}, {ta::child_actor({.name = "mute"}, silent)}};
  const auto call = task_that_asks(world, mute.whereis("mute"), 1h);
  world.settle();
  caf::anon_send_exit(mute.whereis("mute").actor(), caf::exit_reason::kill);
  world.settle();
  BOOST_CHECK(call.finished());
  BOOST_TEST(call.get() == "request error");
  BOOST_CHECK(mute.whereis("mute").state() == service_state::running);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_handed_on_to_an_actor_which_has_ended_fails_and_is_not_made_twice) {
  int taken_up = 0;
  auto make = [&taken_up](ta::service_start start) {
    const auto gone = start.system().spawn([](caf::event_based_actor* self, int) { self->quit(); }, 0);
    auto body = [&taken_up, gone](caf::event_based_actor* self, int) -> caf::behavior {
      return {[&taken_up, self, gone](int n) {
        ++taken_up;
        return ta::detail::hand_on(*self, gone, n);
      }};
    };
    return start.system().spawn(body, 0);
  };
  ta::supervisor front{world.tasks, {}, {ta::child_actor({.name = "front"}, make)}};
  front.wait_started();
  const auto begin = world.now();
  BOOST_TEST(task_that_asks(world, front.whereis("front"), 1h).get() == "request error");
  BOOST_TEST(taken_up == 1);
  BOOST_CHECK(world.now() - begin <= 100ms);
}

BOOST_AUTO_TEST_CASE(a_service_that_is_stopping_may_still_answer) {
  auto slow = [](ta::service_start start) {
    auto body = [](caf::event_based_actor* self, int) -> caf::behavior {
      auto asked = std::make_shared<caf::typed_response_promise<int>>();
      ta::detail::when_asked_to_end(*self, [self, asked](caf::exit_msg&) {
        asked->deliver(7);
        self->quit();
      });
      return {[self, asked](int) -> caf::result<int> {
        auto promise = self->make_response_promise<int>();
        *asked = promise;
        return promise;
      }};
    };
    return start.system().spawn(body, 0);
  };
  ta::supervisor late{world.tasks, {}, {ta::child_actor({.name = "slow"}, slow)}};
  const auto call = task_that_asks(world, late.whereis("slow"), 1h);
  world.settle();
  late.restart("slow");
  BOOST_TEST(call.get() == "7");
}

BOOST_AUTO_TEST_CASE(a_task_that_waits_for_a_service_can_be_cancelled_and_killed) {
  tell(world, services, "a", end_badly{});
  auto asks = task_that_asks(world, services.whereis("a"), 1h);
  auto killed = task_that_asks(world, services.whereis("a"), 1h);
  world.settle();
  asks.cancel();
  BOOST_TEST(world.kill_task(killed.id()));
  world.settle();
  BOOST_CHECK(asks.state() == ta::state::cancelled);
  BOOST_CHECK(killed.state() == ta::state::cancelled);
  world.advance(10s); // nobody is told who isn't there
}

BOOST_AUTO_TEST_CASE(what_a_waiting_task_waits_for_can_be_read) {
  tell(world, services, "a", end_badly{});
  const auto call = task_that_asks(world, services.whereis("a"), 1h);
  BOOST_TEST(world.describe().find("service \"shop/a\" to run") != std::string::npos, world.describe());
}

BOOST_AUTO_TEST_CASE(siblings_find_each_other_by_name) {
  auto asks = [](ta::service_start start) -> ta::task<void> {
    const auto twice = co_await ta::request<std::string>(start.whereis("a"), 1s, std::string{"I am "});
    throw std::runtime_error{twice};
  };
  ta::supervisor pair{
      world.tasks, {.limit = {0, 1s}}, {a_worker({.name = "a"}, log), ta::child_task({.name = "t"}, asks)}};
  BOOST_TEST(pair.wait_end().find("I am a") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_name_that_is_not_there_is_an_error) {
  for (const auto* path : {"", "c", "a/b", "/a", "a/"}) {
    try {
      services.whereis(path);
      BOOST_ERROR("found");
    } catch (const std::system_error& error) {
      BOOST_CHECK(error.code() == ta::make_error_code(errc::unknown_service));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_monitor_of_a_name_hears_of_the_root_supervisors_end_and_of_no_restart) {
  auto body = [](caf::event_based_actor* self, const caf::actor& whom, diary* into) -> caf::behavior {
    ta::detail::when_actor_down(*self, [into](caf::down_msg&) { into->write("down"); });
    ta::detail::monitor_actor(*self, caf::actor_cast<caf::strong_actor_ptr>(whom));
    return {[](int) {}};
  };
  const auto watcher = world.system().spawn(body, services.whereis("a").actor(), &log);
  world.settle();
  tell(world, services, "a", end_badly{});
  world.advance(10s);
  BOOST_TEST(log.read() == "+a ");
  services.stop();
  world.settle();
  BOOST_TEST(log.read() == "-b -a down ");
  caf::anon_send_exit(watcher, caf::exit_reason::kill);
}

BOOST_AUTO_TEST_SUITE_END()
