// What a child may be: a task, a registered function, a typed or a detached actor, a supervisor.
#include "actors.hpp"
#include "caf_adapter/compat_ask.hpp"
#include "support/listener.hpp"

#include <taskactor/named_tasks.hpp>

#include <condition_variable>
#include <stop_token>

using namespace test;
using ta::restart_policy;
using ta::service_state;

namespace children {

ta::task<int> counting(diary* into, int ends_with) {
  into->write("run");
  co_await ta::sleep_for(1s);
  if (ends_with < 0)
    throw std::runtime_error{"boom"};
  co_return ends_with;
}

ta::task<void> for_ever(diary* into) {
  try {
    into->write("+task");
    for (;;)
      co_await ta::sleep_for(1h);
  } catch (const ta::cancelled_error&) {
    into->write("-task");
    throw;
  }
}

ta::task<void> poll_forever(int seconds) {
  for (;;)
    co_await ta::sleep_for(std::chrono::seconds{seconds});
}

ta::task<void> ends_at_once(std::string why) {
  co_await ta::yield();
  throw std::runtime_error{why};
}

TASKACTOR_REGISTER_AS(ends_at_once, "services.ends");

using typed_calculator = caf::typed_actor<ta::detail::handles<int, int, int>>;

typed_calculator::behavior_type typed(int offset) {
  return {[offset](int a, int b) { return a + b + offset; }};
}

} // namespace children

BOOST_AUTO_TEST_SUITE(children)

BOOST_AUTO_TEST_CASE(a_task_is_run_again_by_its_policy_with_fresh_copies_of_its_arguments) {
  virtual_time world;
  diary log;
  const ta::supervisor_options five{.limit = {5, 1h}};
  ta::supervisor failing{
      world.tasks,
      five,
      {ta::child_task({.name = "t", .restart = restart_policy::transient}, counting, &log, -1)}};
  BOOST_TEST(failing.wait_end()
             == "more than 5 restarts in 3600 s; the last failure: \"t\": failed: std::runtime_error: boom");
  BOOST_TEST(log.read() == "run run run run run run ");
  ta::supervisor ending{
      world.tasks,
      five,
      {ta::child_task({.name = "t", .restart = restart_policy::transient}, counting, &log, 1)}};
  world.advance(1min);
  BOOST_TEST(log.read() == "run ");
  BOOST_TEST(line(ending, "t") == "t: task: ended: completed");
}

BOOST_AUTO_TEST_CASE(a_task_is_named_after_its_path_and_can_be_seen_and_cancelled_as_any_other) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks,
      {.name = "shop"},
      {ta::child_supervisor({.name = "s"}, {}, {ta::child_task({.name = "t"}, for_ever, &log)})}};
  services.wait_started();
  world.settle();
  BOOST_REQUIRE(world.tasks.find("shop/s/t"));
  BOOST_CHECK(world.tasks.find("shop/s/t")->state == ta::state::running);
  BOOST_CHECK(world.tasks.find("shop/s/t")->deadline == std::chrono::steady_clock::time_point::max());
  world.tasks.cancel_and_wait("shop/s/t");
  world.settle();
  BOOST_TEST(log.read() == "+task -task +task ");
  BOOST_TEST(services.whereis("s/t").info().last_reason == "cancelled: requested");
  services.stop();
  BOOST_TEST(log.read() == "-task ");
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_task_says_that_it_is_ready_and_finds_its_siblings) {
  virtual_time world;
  diary log;
  auto warms_up = [](ta::service_start start, std::chrono::seconds time) -> ta::task<void> {
    co_await ta::sleep_for(time);
    start.ready();
    const auto name = co_await ta::request<std::string>(start.whereis("b"), 1min, std::string{"I am "});
    throw std::runtime_error{name};
  };
  ta::supervisor services{
      world.tasks,
      {.limit = {0, 1s}},
      {ta::child_task({.name = "t", .ready_within = 10s}, warms_up, 5s), a_worker({.name = "b"}, log)}};
  world.advance(4s);
  BOOST_CHECK(services.whereis("t").state() == service_state::starting);
  BOOST_TEST(log.read() == "");
  BOOST_TEST(services.wait_end().find("I am b") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_task_that_ignores_its_cancellation_is_killed) {
  virtual_time world{{.cancel_grace = 1h}};
  auto swallows = []() -> ta::task<void> {
    for (;;) {
      try {
        co_await ta::sleep_for(24h);
      } catch (const ta::cancelled_error&) { // NOLINT: on purpose
      }
    }
  };
  ta::supervisor services{world.tasks, {}, {ta::child_task({.name = "t", .stop_within = 3s}, swallows)}};
  services.wait_started();
  const auto begin = world.now();
  services.stop();
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_task_that_is_not_admitted_has_not_started) {
  virtual_time world;
  diary log;
  const auto taken = world.tasks.add_task({.id = "services/t"}, for_ever, &log);
  ta::supervisor services{world.tasks, {}, {ta::child_task({.name = "t"}, for_ever, &log)}};
  BOOST_TEST(services.wait_end().starts_with("\"t\" didn't start: duplicate id: services/t"));
}

BOOST_AUTO_TEST_CASE(a_supervised_task_is_no_unobserved_failure) {
  virtual_time world;
  listener heard;
  const auto subscription = world.tasks.observe(heard.handler(ta::event_kind::unobserved_failure));
  ta::supervisor services{world.tasks,
                          {},
                          {ta::child_task({.name = "t", .restart = restart_policy::temporary}, ends_at_once,
                                          std::string{"boom"})}};
  services.wait_started();
  world.settle();
  BOOST_CHECK(services.whereis("t").state() == service_state::ended);
  (void)world.tasks.add_task({.id = "u"}, ends_at_once, std::string{"boom"});
  world.settle();
  BOOST_TEST(heard.wait_for(1).front().starts_with("u ")); // that one, and none before it
}

BOOST_AUTO_TEST_CASE(a_registered_function_is_a_child_with_json_arguments) {
  virtual_time world;
  const auto& named = *ta::registry::global().look_up("services.ends").value();
  ta::supervisor services{world.tasks,
                          {.limit = {0, 1s}},
                          {ta::child_task({.name = "t"}, named.bind(ta::json::array({"gone"})))}};
  BOOST_TEST(services.wait_end().find("std::runtime_error: gone") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_typed_actor_is_a_child_and_its_name_is_asked_as_it_is) {
  virtual_time world;
  ta::supervisor services{world.tasks, {}, {ta::child_actor({.name = "sum"}, [](ta::service_start start) {
                            return start.system().spawn(typed, 10);
                          })}};
  auto asks = [](ta::service sum) -> ta::task<int> {
    const int result = co_await ta::request<int>(sum, 1s, 1, 2);
    co_return result;
  };
  BOOST_TEST(world.tasks.add_task({}, asks, services.whereis("sum")).value().get() == 13);
  const auto handle = caf::actor_cast<typed_calculator>(services.whereis("sum").actor());
  int heard = 0;
  auto body = [](caf::event_based_actor* self, const typed_calculator& sum, int* into) {
    ta::detail::ask_actor(*self, sum, 1s, 3, 4).then([into](int result) { *into = result; });
  };
  world.system().spawn(body, handle, &heard);
  world.settle();
  BOOST_TEST(heard == 17);
}

BOOST_AUTO_TEST_CASE(only_an_actor_has_a_name_that_takes_messages) {
  virtual_time world;
  ta::supervisor services{
      world.tasks,
      {},
      {ta::child_task({.name = "t"}, poll_forever, 1), ta::child_supervisor({.name = "s"}, {}, {})}};
  services.wait_started();
  auto asks = [](ta::service whom) -> ta::task<void> { co_await ta::request<>(whom, 1s, 1); };
  for (const auto* name : {"t", "s"}) {
    BOOST_CHECK_THROW(services.whereis(name).actor(), std::system_error);
    BOOST_CHECK_THROW(world.tasks.add_task({}, asks, services.whereis(name)).value().get(),
                      std::system_error);
  }
}

BOOST_AUTO_TEST_CASE(a_detached_actor_is_restarted_and_stopped) {
  virtual_time world;
  diary log;
  auto make = [&log](ta::service_start start) {
    auto made = start.system().spawn<caf::detached>(worker, "d", &log, start);
    ta::detail::post(made, say_ready{});
    return made;
  };
  ta::supervisor services{world.tasks, {}, {ta::child_actor({.name = "d", .ready_within = 1min}, make)}};
  services.wait_started();
  services.restart("d");
  world.run_until([&] { return services.statistics().starts == 2; });
  services.stop();
  BOOST_TEST(log.read() == "+d -d +d -d ");
}

BOOST_AUTO_TEST_CASE(a_blocking_actor_that_looks_at_its_stop_token_is_stopped_in_no_time_of_the_clock) {
  virtual_time world;
  diary log;
  auto blocks = [&log](ta::service_start start) {
    return start.system().spawn<caf::detached>(
        [&log](caf::blocking_actor*, const ta::service_start& mine) {
          std::mutex mutex;
          std::condition_variable_any never;
          std::unique_lock lock{mutex};
          mine.ready();
          never.wait(lock, mine.stop_token(), [] { return false; });
          log.write("woken");
        },
        start);
  };
  const auto begin = world.now();
  ta::supervisor services{world.tasks,
                          {},
                          {ta::child_actor({.name = "a", .ready_within = 1min}, blocks),
                           ta::child_actor({.name = "b", .ready_within = 1min}, blocks)}};
  services.wait_started();
  services.stop();
  BOOST_TEST(log.read() == "woken woken ");
  BOOST_CHECK(world.now() == begin);
}

BOOST_AUTO_TEST_CASE(a_thread_that_outlives_its_kill_is_left_behind_counted_and_heard_of_when_it_ends) {
  virtual_time world;
  world.set_patience(50ms);
  std::atomic<bool> end{false};
  listener heard;
  const auto subscription = world.tasks.observe(heard.handler(ta::event_kind::service_left_behind));
  auto deaf = [&end](ta::service_start start) {
    return start.system().spawn<caf::detached + caf::hidden>(
        [&end](caf::blocking_actor*, int) {
          while (!end)
            std::this_thread::yield();
        },
        0);
  };
  ta::supervisor services{
      world.tasks, {.name = "s"}, {ta::child_actor({.name = "deaf", .stop_within = 2s}, deaf)}};
  services.wait_started();
  const auto begin = world.now();
  services.restart("deaf");
  while (services.statistics().left_behind == 0)
    world.run_until([&] { return services.statistics().left_behind > 0; });
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_CHECK(services.whereis("deaf").state() == service_state::running); // another one
  BOOST_TEST(heard.wait_for(1).front() == "s/deaf service left behind, still running after its kill");
  end = true;
  while (services.statistics().left_behind > 0) {
    world.settle();
    std::this_thread::yield();
  }
}

BOOST_AUTO_TEST_CASE(a_thread_that_was_left_behind_is_heard_of_after_its_supervisor_has_ended) {
  virtual_time world;
  world.set_patience(50ms);
  std::atomic<bool> end{false};
  auto deaf = [&end](ta::service_start start) {
    return start.system().spawn<caf::detached + caf::hidden>(
        [&end](caf::blocking_actor*, int) {
          while (!end)
            std::this_thread::yield();
        },
        0);
  };
  ta::supervisor services{
      world.tasks, {.name = "s"}, {ta::child_actor({.name = "deaf", .stop_within = 2s}, deaf)}};
  services.wait_started();
  services.stop();
  BOOST_TEST(services.statistics().left_behind == 1u);
  end = true;
  while (services.statistics().left_behind > 0)
    std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(a_nested_supervisor_is_ready_when_its_children_are_and_stops_them) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {},
                          {ta::child_supervisor({.name = "s"}, {},
                                                {a_worker({.name = "a", .ready_within = 1min}, log),
                                                 a_worker({.name = "b"}, log)}),
                           a_worker({.name = "c"}, log)}};
  world.settle();
  BOOST_TEST(log.read() == "+a ");
  services.restart("s/a");
  world.settle();
  BOOST_TEST(log.read() == "-a +a ");
  world.advance(2min);
  BOOST_TEST(services.wait_end() == "\"s\" didn't start: \"a\" didn't start: not ready within 60 s");
  BOOST_TEST(services.statistics().gave_up == 2u);
}

BOOST_AUTO_TEST_CASE(a_nested_supervisor_that_gives_up_has_failed_and_is_restarted_with_its_children) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks,
      {.limit = {1, 1h}},
      {ta::child_supervisor({.name = "s", .restart = restart_policy::transient}, {.limit = {0, 1s}},
                            {a_worker({.name = "a"}, log), a_worker({.name = "b"}, log)}),
       a_worker({.name = "c"}, log)}};
  services.wait_started();
  log.read();
  tell(world, services, "s/a", end_badly{});
  BOOST_TEST(log.read() == "-b +a +b ");
  BOOST_TEST(services.whereis("s").info().restarts == 1u);
  BOOST_TEST(services.whereis("s/a").info().restarts == 1u);
  BOOST_CHECK(services.whereis("s/a").state() == service_state::running);
  tell(world, services, "s/a", end_badly{});
  BOOST_TEST(services.wait_end().find("more than 1 restart in 3600 s; the last failure: \"s\": more than 0")
             == 0u);
  BOOST_TEST(log.read() == "-b -c ");
}

BOOST_AUTO_TEST_CASE(a_call_to_what_is_below_a_restarting_supervisor_waits) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks,
      {.limit = {1, 1h}},
      {ta::child_supervisor({.name = "s", .backoff = {.first = 10s}}, {.limit = {0, 1s}},
                            {a_worker({.name = "a", .restart = restart_policy::temporary}, log),
                             a_worker({.name = "b"}, log)})}};
  services.wait_started();
  tell(world, services, "s/b", end_badly{});
  BOOST_CHECK(services.whereis("s/a").state() == service_state::waiting);
  auto asks = [](ta::service whom) -> ta::task<std::string> {
    const auto reply = co_await ta::request<std::string>(whom, 1min, std::string{"I am "});
    co_return reply;
  };
  const auto call = world.tasks.add_task({}, asks, services.whereis("s/a")).value();
  world.settle();
  BOOST_CHECK(!call.finished());
  BOOST_TEST(call.get() == "I am a");
}

BOOST_AUTO_TEST_CASE(the_tree_says_who_supervises_whom_and_how_each_is) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks,
      {.name = "shop", .strategy = ta::restart_strategy::rest_for_one, .limit = {9, 1h}},
      {a_worker({.name = "cache", .backoff = {.first = 2s}}, log),
       ta::child_supervisor(
           {.name = "jobs"}, {.strategy = ta::restart_strategy::one_for_all},
           {ta::child_task({.name = "poll", .restart = restart_policy::transient}, counting, &log, 1),
            a_worker({.name = "mail", .restart = restart_policy::temporary}, log)})}};
  services.wait_started();
  world.advance(5s);
  tell(world, services, "cache", throw_up{});
  BOOST_TEST(to_text(services.tree())
             == "shop: supervisor, rest_for_one: running for 5 s\n"
                "  cache: actor, permanent: waiting for 0 s, starts in 2 s; runtime_error\n"
                "  jobs: supervisor, one_for_all, permanent: waiting for 0 s, starts in 2 s; user_shutdown\n"
                "    poll: task, transient: waiting for 0 s; completed\n"
                "    mail: actor, temporary: waiting for 0 s; user_shutdown\n");
  world.advance(3s);
  BOOST_TEST(to_text(services.tree())
             == "shop: supervisor, rest_for_one: running for 8 s\n"
                "  cache: actor, permanent: running for 1 s; 1 restart, the last: runtime_error\n"
                "  jobs: supervisor, one_for_all, permanent: running for 1 s; 1 restart, the last: "
                "user_shutdown\n"
                "    poll: task, transient: ended: completed\n"
                "    mail: actor, temporary: running for 1 s; 1 restart, the last: user_shutdown\n");
  const auto json = ta::json::parse(to_json(services.tree()));
  BOOST_TEST(json["children"].size() == 2u);
  BOOST_TEST(json["children"][1]["children"][0]["state"] == "ended");
  BOOST_TEST(json["children"][0]["restarts"] == 1);
  BOOST_TEST(json["lasts"] == 8.0);
}

BOOST_AUTO_TEST_SUITE_END()
