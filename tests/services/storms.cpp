// Many children, many restarts, many callers, in any order, and on real threads.
#include "actors.hpp"
#include "caf_adapter/compat_mail.hpp"

#include <caf/actor_registry.hpp>
#include <malloc.h>
#include <spdlog/logger.h>

#include <map>

using namespace test;
using ta::restart_policy;
using ta::restart_strategy;
using ta::service_state;

namespace storms {

/// Bytes in use by this process's heap; zero where a sanitizer has one of its own.
std::size_t heap() { return mallinfo2().uordblks; }

/// Thousands of failures are what these tests are about.
std::shared_ptr<spdlog::logger> silence() {
  auto logger = std::make_shared<spdlog::logger>("silence");
  logger->set_level(spdlog::level::off);
  return logger;
}

ta::child_spec mute_worker(ta::child_options options) {
  static diary nobody;
  return a_worker(std::move(options), nobody);
}

ta::task<std::string> ask(ta::service whom, std::chrono::nanoseconds timeout) {
  try {
    const int reply = co_await ta::request<int>(whom, timeout, 0);
    co_return reply > 0 ? "answered" : "wrong";
  } catch (const ta::request_error&) {
    co_return "lost";
  } catch (const ta::timeout_error&) {
    co_return "late";
  } catch (const std::system_error& error) {
    co_return error.code() == ta::make_error_code(ta::errc::service_down) ? "down" : error.what();
  }
}

} // namespace storms

BOOST_AUTO_TEST_SUITE(storms)

BOOST_AUTO_TEST_CASE(two_thousand_children_are_started_restarted_together_and_stopped) {
  virtual_time world{{.logger = silence()}};
  auto make = [](ta::service_start start) {
    start.ready();
    auto body = [](caf::event_based_actor* self, int) -> caf::behavior {
      return {[self](end_badly) { self->quit(caf::sec::runtime_error); }};
    };
    return start.system().spawn(body, 0);
  };
  std::vector<ta::child_spec> children;
  children.reserve(2000);
  for (int i = 0; i < 1000; ++i) { // every other one has to say that it is ready
    children.push_back(mute_worker({.name = "a" + std::to_string(i)}));
    children.push_back(ta::child_actor({.name = "b" + std::to_string(i), .ready_within = 1min}, make));
  }
  ta::supervisor services{
      world.tasks, {.strategy = restart_strategy::one_for_all, .limit = {10, 1h}}, std::move(children)};
  services.wait_started();
  BOOST_TEST(services.statistics().running == 2000u);
  tell(world, services, "b500", end_badly{});
  BOOST_TEST(services.statistics().running == 2000u);
  BOOST_TEST(services.statistics().starts == 4000u);
  services.stop();
  BOOST_TEST(services.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(twenty_thousand_restarts_leave_the_memory_flat) {
  virtual_time world{{.history = {.size = 16}, .logger = silence()}};
  auto fails = []() -> ta::task<void> {
    co_await ta::sleep_for(1ms);
    throw std::runtime_error{"boom"};
  };
  ta::supervisor services{world.tasks,
                          {.limit = {100'000, 1s}},
                          {mute_worker({.name = "a", .backoff = {.first = 1us, .max = 1ms, .jitter = 1ms}}),
                           ta::child_task({.name = "t", .backoff = {.first = 1us, .max = 1us}}, fails)}};
  services.wait_started();
  const auto restart_until = [&](std::uint64_t count) {
    while (services.statistics().restarts < count) {
      if (services.whereis("a").state() == service_state::running)
        tell(world, services, "a", end_badly{});
      world.advance(1ms);
    }
  };
  restart_until(5000);
  const auto before = heap();
  restart_until(25'000);
  const auto after = heap();
  BOOST_TEST(after < before + 64 * 1024, "grown by " << after - before << " bytes");
}

BOOST_AUTO_TEST_CASE(calls_deaths_and_stops_in_any_order_come_to_one_end_each) {
  std::map<std::string, int> seen;
  ta::testing::explore(
      {.seeds = 300, .world = {.manager = {.logger = silence()}}}, [&](ta::testing::manager& world) {
        ta::supervisor services{
            world.tasks(),
            {.strategy = static_cast<restart_strategy>(world.draw(3)), .limit = {world.draw(8), 1h}},
            {mute_worker({.name = "a", .backoff = {.first = std::chrono::seconds{world.draw(2)}}}),
             ta::child_supervisor(
                 {.name = "s", .restart = static_cast<restart_policy>(world.draw(3))},
                 {.limit = {world.draw(3), 1h}},
                 {mute_worker({.name = "b", .restart = static_cast<restart_policy>(world.draw(3))}),
                  mute_worker({.name = "c"})})}};
        const std::vector<std::string> names{"a", "s/b", "s/c"};
        std::vector<ta::handle<std::string>> calls;
        world.settle();
        for (int i = 0; i < 30; ++i) {
          const auto which
              = services.whereis(names[world.draw(3)], static_cast<ta::when_down>(world.draw(2)));
          switch (world.draw(6)) {
          case 0:
            caf::anon_send_exit(which.actor(), caf::exit_reason::kill);
            break;
          case 1:
            ta::detail::post(which.actor(), end_well{});
            break;
          case 2:
            services.restart(names[world.draw(3)]);
            break;
          case 3:
            world.advance(std::chrono::milliseconds{world.draw(800)});
            break;
          default:
            calls.push_back(
                world.tasks().add_task({}, ask, which, std::chrono::seconds{world.draw(3)}).value());
          }
        }
        if (world.draw(2) == 0)
          caf::anon_send_exit(services.actor(), caf::exit_reason::kill);
        services.stop();
        for (const auto& call : calls)
          ++seen[call.get()];
        BOOST_REQUIRE(services.statistics().running == 0);
        BOOST_REQUIRE(services.statistics().held_messages == 0);
      });
  for (const auto* each : {"answered", "late", "down", "lost"})
    BOOST_TEST(seen[each] > 0, each << " has not been seen");
  BOOST_TEST(seen.size() == 4u);
}

BOOST_AUTO_TEST_CASE(on_real_threads_callers_get_their_answers_while_services_are_killed) {
  ta::task_manager tasks{{.scheduler_threads = 4, .logger = silence()}};
  ta::supervisor services{tasks,
                          {.strategy = restart_strategy::rest_for_one, .limit = {1'000'000, 1s}},
                          {mute_worker({.name = "a"}), mute_worker({.name = "b"})}};
  services.wait_started();
  std::vector<ta::handle<std::string>> calls;
  for (int i = 0; i < 3000; ++i) {
    const auto* name = i % 2 ? "a" : "b";
    calls.push_back(tasks.add_task({}, ask, services.whereis(name), 1h).value());
    if (i % 10 == 0)
      caf::anon_send_exit(services.whereis(name).actor(), caf::exit_reason::kill);
  }
  for (const auto& call : calls)
    BOOST_TEST(call.get() == "answered");
  BOOST_TEST(services.statistics().restarts > 0u);
}

BOOST_AUTO_TEST_CASE(on_real_threads_a_call_that_kills_its_service_is_made_once_and_the_next_one_waits) {
  ta::task_manager tasks{{.logger = silence()}};
  std::atomic<int> taken_up{0};
  auto make = [&taken_up](ta::service_start start) {
    auto body = [&taken_up](caf::event_based_actor* self, int) -> caf::behavior {
      self->set_exception_handler([](std::exception_ptr&) -> caf::error { return caf::sec::runtime_error; });
      return {
          [&taken_up](const std::string& what) -> std::string {
            ++taken_up;
            throw std::runtime_error{what};
          },
          [](int n) { return n + 1; },
      };
    };
    return start.system().spawn(body, 0);
  };
  ta::supervisor services{tasks, {.limit = {1000, 1h}}, {ta::child_actor({.name = "a"}, make)}};
  auto poison = [](ta::service whom) -> ta::task<int> {
    try {
      co_await ta::request<std::string>(whom, 1h, std::string{"bug"});
    } catch (const ta::request_error&) { // NOLINT: as expected
    }
    for (;;)
      try {
        const int reply = co_await ta::request<int>(whom, 1h, 1);
        co_return reply;
      } catch (const ta::request_error&) { // CAF 1.x: a run that has ended gives back nothing
        if (ta::detail::mail_comes_back)
          throw;
      }
  };
  for (int i = 1; i <= 200; ++i) {
    BOOST_TEST(tasks.add_task({}, poison, services.whereis("a")).value().get() == 2);
    BOOST_REQUIRE(taken_up == i);
  }
  BOOST_TEST(services.statistics().restarts == 200u);
}

BOOST_AUTO_TEST_CASE(on_real_threads_detached_children_are_stopped_and_restarted) {
  ta::task_manager tasks{{.logger = silence()}};
  auto waits = [](caf::blocking_actor* self, int) {
    bool over = false;
    self->receive_while([&over] { return !over; })([](int) {},
                                                   [&over](const caf::exit_msg&) { over = true; });
  };
  auto make = [waits](ta::service_start start) { return start.system().spawn<caf::detached>(waits, 0); };
  ta::supervisor services{tasks,
                          {.strategy = restart_strategy::one_for_all, .limit = {1000, 1s}},
                          {ta::child_actor({.name = "a"}, make), ta::child_actor({.name = "b"}, make)}};
  services.wait_started();
  for (int i = 0; i < 20; ++i) {
    const auto before = services.statistics().starts;
    caf::anon_send_exit(services.whereis("a").actor(), caf::exit_reason::user_shutdown);
    while (services.statistics().starts < before + 2)
      std::this_thread::yield();
  }
  services.stop();
  BOOST_TEST(services.statistics().left_behind == 0u);
}

BOOST_AUTO_TEST_CASE(a_system_of_the_users_ends_after_whatever_has_become_of_its_services) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  for (int round = 0; round < 20; ++round) {
    ta::task_manager tasks{system, {.logger = silence()}};
    ta::supervisor services{
        tasks,
        {},
        {mute_worker({.name = "a"}), ta::child_supervisor({.name = "s"}, {}, {mute_worker({.name = "b"})})}};
    if (round % 2)
      services.wait_started();
    if (round % 3 == 0)
      caf::anon_send_exit(services.actor(), caf::exit_reason::kill);
    else if (round % 3 == 1)
      tasks.shutdown();
  }
  while (system.registry().running() > 0) // of the last round: what was killed dies by itself
    std::this_thread::yield();
  BOOST_TEST(system.registry().running() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
