// Supervisors and the shutdown of their manager; and a stop that is refused.
#include "actors.hpp"
#include "support/gate.hpp"

#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

using namespace test;
using ta::service_state;

namespace shutdowns {

/// What a thread of a test's own waits for.
} // namespace shutdowns

BOOST_AUTO_TEST_SUITE(shutdowns)

BOOST_AUTO_TEST_CASE(a_stop_that_is_refused_in_a_body_asks_nobody) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log)}};
  services.wait_started();
  BOOST_TEST(log.read() == "+a ");
  std::vector<std::error_code> codes;
  auto body = [&]() -> ta::task<void> {
    for (const auto& call : std::vector<std::function<void()>>{
             [&] { services.stop(); }, [&] { services.wait_end(); }, [&] { (void)world.tasks.shutdown(); }}) {
      try {
        call();
      } catch (const std::system_error& e) {
        codes.push_back(e.code());
      }
    }
    co_return;
  };
  world.tasks.add_task({}, body).value().get();
  world.settle();
  BOOST_TEST((codes == std::vector<std::error_code>(3, ta::make_error_code(ta::errc::would_block))));
  BOOST_TEST(log.read() == "");
  BOOST_CHECK(services.tree().state == service_state::running);
  BOOST_TEST(world.tasks.add_task({}, [] { return 1; }).value().get() == 1);
}

BOOST_AUTO_TEST_CASE(a_stop_in_a_body_of_what_has_ended_is_none) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log)}};
  services.stop();
  auto body = [&]() -> ta::task<void> {
    services.stop();
    co_return;
  };
  BOOST_CHECK_NO_THROW(world.tasks.add_task({}, body).value().get());
}

BOOST_AUTO_TEST_CASE(a_shutdown_waits_for_services_that_still_stop) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks, {}, {a_stubborn_one({.name = "a", .stop_within = 10s}, log)}};
  services.wait_started();
  const auto begin = world.now();
  const auto report = world.tasks.shutdown();
  BOOST_TEST(report.clean());
  BOOST_CHECK(world.now() - begin >= 10s);
  BOOST_CHECK(services.tree().state == service_state::ended);
}

BOOST_AUTO_TEST_CASE(after_the_stages_they_are_killed) {
  virtual_time world;
  diary log;
  ta::supervisor services{world.tasks, {}, {a_stubborn_one({.name = "a", .stop_within = 1h}, log)}};
  services.wait_started();
  const auto begin = world.now();
  const auto report = world.tasks.shutdown({.drain = 2s, .cancel = 1s, .kill = 1s});
  BOOST_TEST(report.clean());
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_CHECK(services.tree().state == service_state::ended);
}

BOOST_AUTO_TEST_CASE(a_service_that_has_not_ended_is_named) {
  virtual_time world;
  world.set_patience(20ms);
  gate door;
  auto make = [&door](ta::service_start start) {
    return start.system().spawn<caf::detached + caf::hidden>(
        [&door](caf::blocking_actor*, int) { door.pass(); }, 0);
  };
  {
    ta::supervisor services{
        world.tasks, {.name = "shop"}, {ta::child_actor({.name = "deaf", .stop_within = 1h}, make)}};
    services.wait_started();
    for (int times = 0; times < 2; ++times) { // and each time it is asked
      const auto report = world.tasks.shutdown({.drain = 1s, .cancel = 1s, .kill = 1s});
      BOOST_TEST(!report.clean());
      BOOST_TEST(report.not_ended == std::vector<std::string>{"shop/deaf"}, boost::test_tools::per_element());
    }
    door.open();
  }
  while (!world.tasks.shutdown({.drain = 1s, .cancel = 1s, .kill = 1s}).clean())
    std::this_thread::yield();
}

BOOST_AUTO_TEST_CASE(a_supervisor_that_is_made_after_a_shutdown_has_begun_is_asked_at_once) {
  virtual_time world;
  diary log;
  BOOST_TEST(world.tasks.shutdown().clean());
  ta::supervisor services{world.tasks, {}, {a_worker({.name = "a"}, log)}};
  world.settle();
  BOOST_CHECK(services.tree().state == service_state::ended);
  BOOST_TEST(world.tasks.shutdown().clean());
}

BOOST_AUTO_TEST_SUITE_END()
