// A supervisor and its actors: starts, restarts, stops, and what goes wrong with them.
#include "actors.hpp"
#include "support/listener.hpp"

using namespace test;
using ta::errc;
using ta::restart_policy;
using ta::restart_strategy;
using ta::service_state;

namespace supervisors {

bool is(const std::system_error& error, errc code) { return error.code() == ta::make_error_code(code); }

/// The message of the error, which is of this code.
template <class F>
std::string error_of(F call, errc code) {
  try {
    call();
  } catch (const std::system_error& error) {
    BOOST_TEST(is(error, code), error.code().message());
    return error.what();
  }
  return "nothing thrown";
}

} // namespace supervisors

BOOST_AUTO_TEST_SUITE(supervisors)

BOOST_AUTO_TEST_CASE(children_are_started_in_order_and_stopped_in_reverse) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks,
      {},
      {a_worker({.name = "a"}, log), a_worker({.name = "b"}, log), a_worker({.name = "c"}, log)}};
  services.wait_started();
  BOOST_TEST(log.read() == "+a +b +c ");
  services.stop();
  BOOST_TEST(log.read() == "-c -b -a ");
  BOOST_TEST(services.wait_end() == "");
  BOOST_CHECK(services.tree().state == service_state::ended);
}

BOOST_AUTO_TEST_CASE(the_next_child_starts_when_the_one_before_has_said_that_it_is_ready) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks, {}, {a_worker({.name = "a", .ready_within = 10s}, log), a_worker({.name = "b"}, log)}};
  world.settle();
  BOOST_TEST(log.read() == "+a ");
  BOOST_CHECK(services.whereis("a").state() == service_state::starting);
  world.advance(9s);
  BOOST_TEST(log.read() == "");
  services.restart("b"); // waits for its turn all the same
  world.settle();
  BOOST_TEST(log.read() == "");
}

BOOST_AUTO_TEST_CASE(a_child_that_never_says_ready_ends_the_supervisor) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {.name = "shop"},
                          {a_worker({.name = "a"}, log), a_worker({.name = "b", .ready_within = 10s}, log),
                           a_worker({.name = "c"}, log)}};
  const auto begin = world.now();
  BOOST_TEST(error_of([&] { services.wait_started(); }, errc::supervisor_gave_up)
             == "\"b\" didn't start: not ready within 10 s: the supervisor has given up");
  BOOST_CHECK(world.now() - begin == 10s);
  BOOST_TEST(log.read() == "+a +b -b -a ");
  BOOST_TEST(services.statistics().gave_up == 1u);
  BOOST_TEST(services.tree().last_reason == "\"b\" didn't start: not ready within 10 s");
}

BOOST_AUTO_TEST_CASE(a_child_that_dies_or_throws_in_its_start_ends_the_supervisor) {
  virtual_time world;
  diary log;
  auto dies = [](ta::service_start start) {
    return start.system().spawn(
        [](caf::event_based_actor* self, int) { self->quit(caf::sec::runtime_error); },
        0); // arguments: see tests/lifecycle/requests.cpp
  };
  auto throws = []() -> caf::actor { throw std::runtime_error{"no memory card"}; };
  auto nothing = []() -> caf::actor { return nullptr; };
  const auto why = [&](ta::child_spec which) {
    ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log), std::move(which)}};
    return error_of([&] { services.wait_started(); }, errc::supervisor_gave_up);
  };
  BOOST_TEST(why(ta::child_actor({.name = "b", .ready_within = 1s}, dies))
             == "\"b\" didn't start: runtime_error: the supervisor has given up");
  BOOST_TEST(why(ta::child_actor({.name = "b"}, throws))
             == "\"b\" didn't start: std::runtime_error: no memory card: the supervisor has given up");
  BOOST_TEST(why(ta::child_actor({.name = "b"}, nothing)).find("gave none") != std::string::npos);
  BOOST_TEST(log.read() == "+a -a +a -a +a -a ");
}

BOOST_AUTO_TEST_CASE(each_strategy_restarts_whom_it_says) {
  for (const auto& [how, expected] : {std::pair{restart_strategy::one_for_one, "+b "},
                                      {restart_strategy::one_for_all, "-c -a +a +b +c "},
                                      {restart_strategy::rest_for_one, "-c +b +c "}}) {
    virtual_time world;
    diary log;
    ta::supervisor services{
        world.tasks,
        {.strategy = how},
        {a_worker({.name = "a"}, log), a_worker({.name = "b"}, log), a_worker({.name = "c"}, log)}};
    services.wait_started();
    log.read();
    tell(world, services, "b", throw_up{});
    BOOST_TEST(log.read() == expected);
    BOOST_TEST(services.whereis("b").info().restarts == 1u);
    BOOST_TEST(services.whereis("b").info().last_reason == "runtime_error");
  }
}

BOOST_AUTO_TEST_CASE(each_policy_restarts_after_the_ends_that_it_says) {
  const auto restarts = [](restart_policy policy, auto how_to_end) {
    virtual_time world;
    diary log;
    ta::supervisor services{world.tasks, {}, {a_worker({.name = "a", .restart = policy}, log)}};
    services.wait_started();
    how_to_end(world, services);
    world.settle();
    return services.whereis("a").info().restarts;
  };
  const auto well = [](auto& world, auto& services) { tell(world, services, "a", end_well{}); };
  const auto badly = [](auto& world, auto& services) { tell(world, services, "a", end_badly{}); };
  const auto asked = [](auto&, auto& services) {
    caf::anon_send_exit(services.whereis("a").actor(), caf::exit_reason::user_shutdown);
  };
  const auto killed = [](auto&, auto& services) {
    caf::anon_send_exit(services.whereis("a").actor(), caf::exit_reason::kill);
  };
  for (const auto& [policy, after_well, after_badly] : {std::tuple{restart_policy::permanent, 1u, 1u},
                                                        {restart_policy::transient, 0u, 1u},
                                                        {restart_policy::temporary, 0u, 0u}}) {
    BOOST_TEST(restarts(policy, well) == after_well);
    BOOST_TEST(restarts(policy, asked) == after_well);
    BOOST_TEST(restarts(policy, badly) == after_badly);
    BOOST_TEST(restarts(policy, killed) == after_badly);
  }
}

BOOST_AUTO_TEST_CASE(too_many_restarts_end_the_supervisor_with_a_reason) {
  virtual_time world;
  diary log;
  ta::supervisor services{
      world.tasks, {.limit = {2, 10s}}, {a_worker({.name = "a"}, log), a_worker({.name = "b"}, log)}};
  services.wait_started();
  for (int i = 0; i < 3; ++i)
    tell(world, services, "b", end_badly{});
  const auto why = services.wait_end();
  BOOST_TEST(why == "more than 2 restarts in 10 s; the last failure: \"b\": runtime_error");
  BOOST_TEST(log.read() == "+a +b +b +b -a ");
  const auto counts = services.statistics();
  BOOST_TEST(counts.restarts == 2u);
  BOOST_TEST(counts.failures == 3u);
  BOOST_TEST(counts.starts == 4u);
  BOOST_TEST(counts.gave_up == 1u);
  BOOST_TEST(counts.running == 0u);
}

BOOST_AUTO_TEST_CASE(one_that_ignores_the_request_to_stop_is_killed) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {},
                          {a_worker({.name = "a"}, log),
                           a_stubborn_one({.name = "b", .stop_within = 3s}, log),
                           a_stubborn_one({.name = "c", .stop_within = 0s}, log)}};
  services.wait_started();
  const auto begin = world.now();
  services.stop();
  BOOST_TEST(log.read() == "+a +b +c ?b -a ");
  BOOST_CHECK(world.now() - begin == 3s);
}

BOOST_AUTO_TEST_CASE(a_killed_supervisor_takes_its_children_with_it) {
  virtual_time world;
  diary log;
  std::weak_ptr<int> state;
  auto make = [&state](ta::service_start start) {
    const auto mine = std::make_shared<int>();
    state = mine;
    return start.system().spawn(
        [](caf::event_based_actor*, std::shared_ptr<int> kept) -> caf::behavior { return {[kept](int) {}}; },
        mine);
  };
  ta::supervisor services{
      world.tasks,
      {},
      {a_stubborn_one({.name = "a", .stop_within = ta::no_timeout}, log),
       ta::child_supervisor({.name = "nested"}, {}, {ta::child_actor({.name = "b"}, make)})}};
  services.wait_started();
  BOOST_TEST(!state.expired());
  caf::anon_send_exit(services.actor(), caf::exit_reason::kill);
  BOOST_TEST(services.wait_end() == "killed");
  world.settle();
  BOOST_TEST(log.read() == "+a ");
  BOOST_TEST(state.expired());
  BOOST_CHECK(services.whereis("nested/b").state() == service_state::ended);
}

BOOST_AUTO_TEST_CASE(backoff_waits_in_the_actor_systems_time_and_can_be_ended_by_hand) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {.limit = {10, 1h}},
                          {a_worker({.name = "a", .backoff = {.first = 10s, .factor = 3}}, log)}};
  services.wait_started();
  tell(world, services, "a", end_well{});
  log.read();
  BOOST_TEST(line(services, "a") == "a: actor: waiting for 0 s, starts in 10 s; normal");
  world.advance(10s - 1ns);
  BOOST_TEST(log.read() == "");
  world.advance(1ns);
  BOOST_TEST(log.read() == "+a ");
  caf::anon_send_exit(services.whereis("a").actor(), caf::exit_reason::kill);
  world.settle();
  world.advance(29s);
  BOOST_TEST(log.read() == "");
  BOOST_TEST(services.restart("a"));
  world.settle();
  BOOST_TEST(log.read() == "+a ");
  world.advance(1h);
  BOOST_TEST(log.read() == "");
}

BOOST_AUTO_TEST_CASE(jitter_is_drawn_by_the_tests_chance) {
  const auto wait = [](std::uint64_t seed) {
    ta::testing::manager world{{.seed = seed}};
    diary log;
    ta::supervisor services{
        world.tasks(), {}, {a_worker({.name = "a", .backoff = {.first = 0s, .jitter = 10s}}, log)}};
    services.wait_started();
    const auto begin = world.now();
    tell(world, services, "a", end_badly{});
    while (services.whereis("a").state() != service_state::running)
      BOOST_REQUIRE(world.jump());
    return world.now() - begin;
  };
  BOOST_CHECK(wait(1) == wait(1));
  BOOST_CHECK(wait(1) != wait(2));
  BOOST_CHECK(wait(1) < 10s);
}

BOOST_AUTO_TEST_CASE(a_stop_during_a_restart_or_a_backoff_ends_both) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks,
                          {.strategy = restart_strategy::one_for_all},
                          {a_worker({.name = "a", .backoff = {.first = 10s}}, log),
                           a_stubborn_one({.name = "b", .stop_within = 5s}, log)}};
  services.wait_started();
  tell(world, services, "a", end_badly{});
  BOOST_TEST(log.read() == "+a +b ?b ");
  world.advance(2s);
  const auto begin = world.now();
  services.stop();
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_TEST(log.read() == "");
}

BOOST_AUTO_TEST_CASE(options_are_checked_and_the_field_at_fault_is_named) {
  virtual_time world;
  diary log;
  const auto refused = [&](ta::supervisor_options options, std::vector<ta::child_spec> children) {
    return error_of(
        [&] {
          ta::supervisor{world.tasks, std::move(options), std::move(children)};
        },
        errc::invalid_argument);
  };
  const auto child = [&](ta::child_options options) {
    return refused({}, {ta::child_supervisor({.name = "s"}, {}, {a_worker(std::move(options), log)})});
  };
  const auto begins
      = [](const std::string& text, const std::string& with) { return text.starts_with(with) ? "" : text; };
  BOOST_TEST(begins(refused({.name = "a/b"}, {}), "name: \"a/b\"") == "");
  BOOST_TEST(begins(refused({.limit = {1, 0s}}, {}), "limit.within: 0 s; give more than zero") == "");
  BOOST_TEST(begins(child({}), "name: a service has one") == "");
  BOOST_TEST(begins(child({.name = "a", .ready_within = -1s}), "\"a\": ready_within: -1 s is negative")
             == "");
  BOOST_TEST(begins(child({.name = "a", .stop_within = -1s}), "\"a\": stop_within: -1 s is negative") == "");
  BOOST_TEST(begins(child({.name = "a", .backoff = {.factor = 0.5}}), "\"a\": backoff.factor: 0.5") == "");
  const auto task = [&](ta::task_options how) {
    return refused({}, {ta::child_task({.name = "a"}, std::move(how), [] {})});
  };
  BOOST_TEST(begins(task({.id = "b"}), "\"a\": id: ") == "");
  BOOST_TEST(begins(task({.retry = ta::retry{}}), "\"a\": retry: ") == "");
  BOOST_TEST(begins(task({.admission = {.on_full = ta::on_full::wait}}), "\"a\": admission.on_full: ") == "");
  BOOST_TEST(begins(task({.timeout = -1s}), "\"a\": timeout: -1 s is negative") == "");
  BOOST_TEST(begins(refused({}, {a_worker({.name = "a"}, log), a_worker({.name = "a"}, log)}),
                    "name: \"a\": two children of one name")
             == "");
}

BOOST_AUTO_TEST_CASE(events_tell_of_starts_ends_failures_restarts_and_of_giving_up) {
  virtual_time world;
  diary log;
  listener heard;
  const auto subscription = world.tasks.observe(heard.handler());
  ta::supervisor services{world.tasks,
                          {.name = "shop", .limit = {1, 5s}},
                          {a_worker({.name = "a", .backoff = {.first = 2s}}, log)}};
  services.wait_started();
  tell(world, services, "a", end_badly{});
  world.advance(2s);
  tell(world, services, "a", end_well{});
  const std::vector<std::string> expected{
      "shop/a service started",
      "shop/a service failed: runtime_error",
      "shop/a service to be restarted: in 2 s, restart 1 of at most 1 in 5 s",
      "shop/a service started",
      "shop/a service ended: normal",
      "shop supervisor gave up: more than 1 restart in 5 s; the last failure: \"a\": normal"};
  BOOST_TEST(heard.wait_for(expected.size()) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_manager_that_shuts_down_stops_its_supervisors) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log), a_worker({.name = "b"}, log)}};
  services.wait_started();
  world.tasks.shutdown();
  world.settle();
  BOOST_TEST(log.read() == "+a +b -b -a ");
  BOOST_TEST(services.wait_end() == "");
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_ends_inside_a_coroutine_does_not_wait) {
  virtual_time world;
  diary log;
  auto body = [&]() -> ta::task<std::string> {
    ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log)}};
    co_await ta::sleep_for(1s);
    try {
      services.wait_end();
    } catch (const std::system_error& error) {
      co_return is(error, errc::would_block) ? "would block" : error.what();
    }
    co_return "waited";
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == "would block");
  world.settle();
  BOOST_TEST(log.read() == "+a -a ");
}

BOOST_AUTO_TEST_SUITE_END()
