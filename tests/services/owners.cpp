// Supervisors in an actor's state, with their manager: who ends them on a thread of the scheduler comes back.
#include "actors.hpp"
#include "caf_adapter/compat_scheduler.hpp"
#include "support/actor_state.hpp"

#include <future>
#include <thread>

using namespace test;

namespace owners {

struct owner_state {
  std::unique_ptr<ta::task_manager> tasks;
  std::unique_ptr<ta::supervisor> services;
};

ta::task<void> hangs() { co_await ta::sleep_for(1h); }

caf::behavior owner(caf::stateful_actor<owner_state>* self, diary* into) {
  auto& mine = state_of(*self);
  mine.tasks = std::make_unique<ta::task_manager>(self->system());
  mine.services = std::make_unique<ta::supervisor>(
      *mine.tasks, ta::supervisor_options{},
      std::vector{a_worker({.name = "a"}, *into), ta::child_task({.name = "t"}, hangs),
                  ta::child_supervisor({.name = "s"}, {}, {a_worker({.name = "b"}, *into)})});
  return {[self](int) { self->quit(); }};
}

} // namespace owners

BOOST_AUTO_TEST_SUITE(owners)

BOOST_AUTO_TEST_CASE(supervisors_of_actors_that_end_at_once_on_all_threads_are_all_ended) {
  for (const std::size_t threads : {1u, 2u, 4u}) {
    diary log;
    auto run = std::async(std::launch::async, [&log, threads] {
      caf::actor_system_config config;
      ta::detail::configure(config, threads);
      caf::actor_system system{config};
      std::vector<caf::actor> owners;
      for (std::size_t i = 0; i < threads; ++i)
        owners.push_back(system.spawn(owner, &log));
      for (const auto& each : owners)
        ta::detail::post(each, 1);
    });
    BOOST_REQUIRE((run.wait_for(60s) == std::future_status::ready));
    const auto told = log.read();
    BOOST_TEST(std::count(told.begin(), told.end(), '+') == std::count(told.begin(), told.end(), '-'), told);
  }
}

BOOST_AUTO_TEST_CASE(a_child_that_may_take_as_long_as_it_likes_does_not_hold_the_destructor_for_ever) {
  virtual_time world;
  diary log;
  const auto begin = world.now();
  {
    ta::supervisor services{
        world.tasks, {}, {a_stubborn_one({.name = "a", .stop_within = ta::no_timeout}, log)}};
    services.wait_started();
  }
  BOOST_CHECK(world.now() - begin < 1min);
  BOOST_TEST(log.read() == "+a ?a ");
}

BOOST_AUTO_TEST_SUITE_END()
