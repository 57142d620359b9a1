// Managers in an actor's state, under a scheduler that a test runs, or in a system that ends first: whoever
// destroys one, on whichever thread, comes back, and what can be ended is ended.
#include "bodies.hpp"
#include "caf_adapter/compat.hpp"
#include "caf_adapter/compat_scheduler.hpp"
#include "caf_adapter/compat_threads.hpp"
#include "caf_adapter/run_queue.hpp"
#include "support/actor_state.hpp"
#include "support/leaks.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/all.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <sstream>
#include <thread>

using namespace test;

namespace owners {

std::atomic<int> begun{0}, ended{0};

/// Counts the bodies that have begun, and those that have been destroyed.
ta::task<void> hangs_and_tells() {
  struct teller {
    teller() { ++begun; }
    ~teller() { ++ended; }
  } here;
  co_await hanging();
}

struct owner_state {
  std::unique_ptr<ta::task_manager> tasks;
};

/// In the caller's system, or with one of its own.
caf::behavior owner(caf::stateful_actor<owner_state>* self, bool own_system, int bodies,
                    std::chrono::milliseconds limit) {
  const ta::manager_options options{.capacity = 2, .cancel_grace = 1min, .scheduler_threads = 1};
  auto& tasks = state_of(*self).tasks;
  tasks = own_system ? std::make_unique<ta::task_manager>(options)
                     : std::make_unique<ta::task_manager>(self->system(), options);
  for (int i = 0; i < bodies; ++i)
    (void)tasks->add_task({.timeout = limit}, hangs_and_tells);
  return {[self](int) { self->quit(); }};
}

/// As a member of the class, which goes with the last reference and not with the actor's end.
class class_owner final : public caf::event_based_actor {
public:
  explicit class_owner(caf::actor_config& config) : event_based_actor(config), tasks_(system()) {}
  caf::behavior make_behavior() override {
    return {[this](int) { quit(); }};
  }

private:
  ta::task_manager tasks_;
};

bool comes_back(const std::function<void()>& what) {
  std::packaged_task<void()> job{what};
  auto done = job.get_future();
  std::thread thread{std::move(job)};
  const bool in_time = done.wait_for(60s) == std::future_status::ready;
  if (in_time)
    thread.join();
  else
    thread.detach();
  return in_time;
}

void end_all_at_once(bool configured, bool own_system, int bodies, std::size_t threads,
                     std::chrono::milliseconds limit = 1s) {
  caf::actor_system_config config;
  ta::detail::configure(config, threads);
  if (configured)
    ta::task_manager::configure(config);
  caf::actor_system system{config};
  std::vector<caf::actor> owners;
  for (std::size_t i = 0; i < threads; ++i)
    owners.push_back(system.spawn(owner, own_system, bodies, limit));
  for (const auto& each : owners)
    ta::detail::post(each, 1);
}

std::shared_ptr<spdlog::logger> logger_into(std::ostringstream& text) {
  return std::make_shared<spdlog::logger>("owners", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
}

/// Whatever can run.
void run_all(caf::actor_system& system) {
  while (ta::detail::run_by_hand(system, [](const auto&) { return true; })) {
  }
}

} // namespace owners

BOOST_AUTO_TEST_SUITE(owners)

BOOST_AUTO_TEST_CASE(managers_of_actors_that_end_at_once_on_all_threads_are_all_ended) {
  for (const bool configured : {true, false})
    for (const bool own_system : {false, true})
      for (const std::size_t threads : {1u, 3u})
        for (int round = 0; round < 3; ++round)
          BOOST_REQUIRE(comes_back([=] { end_all_at_once(configured, own_system, 0, threads); }));
}

BOOST_AUTO_TEST_CASE(what_they_run_comes_to_its_end_before_the_system_does) {
  begun = 0;
  for (auto limit = 500ms; begun != 6 && limit < 20s; limit *= 2) { // until each has begun by then
    begun = ended = 0;
    BOOST_REQUIRE(comes_back([limit] { end_all_at_once(true, false, 3, 2, limit); }));
    BOOST_TEST(ended == begun);
  }
  BOOST_TEST(begun == 6);
}

BOOST_AUTO_TEST_CASE(a_manager_that_is_a_member_of_an_actor_goes_with_the_last_reference_to_it) {
  for (int round = 0; round < 5; ++round)
    BOOST_REQUIRE(comes_back([] {
      const leaks_ignored by_a_system_that_ends_first;
      caf::actor_system_config config;
      ta::detail::configure(config, 1);
      caf::actor_system system{config};
      ta::detail::post(caf::actor_cast<caf::actor>(system.spawn<class_owner>()), 1);
    }));
}

BOOST_AUTO_TEST_CASE(the_last_owner_may_be_one_of_the_managers_own_bodies_or_threads) {
  const auto run = [](const auto& add) {
    std::promise<void> gone;
    {
      auto tasks = std::shared_ptr<ta::task_manager>{new ta::task_manager, [&gone](ta::task_manager* which) {
                                                       delete which;
                                                       gone.set_value();
                                                     }};
      std::promise<void> go;
      add(*tasks, tasks, go.get_future().share());
      tasks.reset();
      go.set_value();
    }
    gone.get_future().wait();
  };
  BOOST_CHECK(comes_back([&] {
    run([](ta::task_manager& to, const std::shared_ptr<ta::task_manager>& keeps,
           std::shared_future<void> go) {
      (void)to.add_task({}, [keeps, go] { go.wait(); });
      (void)to.run_in_thread({}, [keeps, go] { go.wait(); });
    });
  }));
}

BOOST_AUTO_TEST_CASE(a_manager_in_virtual_time_can_be_destroyed_by_an_actor_and_by_the_test) {
  virtual_time world;
  const auto actor = world.system().spawn(owner, false, 2, std::chrono::milliseconds{1s});
  world.settle();
  ended = 0;
  ta::detail::post(actor, 1);
  world.settle();
  BOOST_TEST(ended == 2);
  {
    ta::task_manager second{world.system()};
    (void)second.add_task({}, hangs_and_tells);
    BOOST_TEST(second.add_task({}, [] { return 3; }).value().get() == 3);
    BOOST_CHECK_THROW(second.add_task({}, after, 1s, 1).value().get(), std::system_error);
  }
  BOOST_TEST(ended == 3);
}

BOOST_AUTO_TEST_CASE(under_cafs_scheduler_for_tests_the_test_runs_all_and_a_destructor_comes_back) {
  caf::actor_system_config config;
  ta::detail::let_a_test_run(config);
  ta::task_manager::configure(config); // an explicit choice is left alone
  caf::actor_system system{config};
  if (!ta::detail::is_run_by_hand(system))
    return; // CAF 1.x has none that can be known
  ended = 0;
  {
    ta::task_manager tasks{system};
    auto sum = tasks.add_task({}, [] { return 5; }).value();
    BOOST_CHECK(!sum.finished());
    run_all(system);
    BOOST_CHECK(sum.finished());
    BOOST_TEST(sum.get() == 5);
    (void)tasks.add_task({}, hangs_and_tells); // isn't run by the test any more
    (void)tasks.add_task({}, hangs_and_tells);
    run_all(system);
  }
  BOOST_TEST(ended == 2);
  const auto actor = system.spawn(owner, false, 2, std::chrono::milliseconds{1s});
  run_all(system);
  ta::detail::post(actor, 1);
  run_all(system);
  BOOST_TEST(ended == 4);
  ta::task_manager tasks{system};
  auto late = tasks.add_task({}, after, 1s, 3).value();
  BOOST_CHECK_THROW(late.get(), std::system_error); // time is the test's: it would wait for ever
  BOOST_TEST(tasks.add_task({}, [] { return 3; }).value().get() == 3);
  BOOST_TEST(tasks.shutdown().clean());
}

BOOST_AUTO_TEST_CASE(a_policy_that_is_chosen_is_left_alone) {
  const auto is_ours = [](const std::function<void(caf::actor_system_config&)>& choose) {
    caf::actor_system_config config;
    ta::task_manager::configure(config);
    choose(config); // after it, as arguments are read
    caf::actor_system system{config};
    ta::task_manager tasks{system};
    BOOST_TEST(tasks.add_task({}, after, 1ms, 3).value().get() == 3);
    return ta::detail::queue_of<ta::detail::run_queue>(system) != nullptr;
  };
  BOOST_TEST(is_ours([](auto&) {}));
  BOOST_TEST(!is_ours([](auto& config) { ta::detail::share_one_queue(config); }));
}

BOOST_AUTO_TEST_CASE(a_system_that_ends_first_is_said_to_and_neither_hangs) {
  std::ostringstream text;
  const ta::channel<int> items{4};
  begun = 0;
  BOOST_REQUIRE(comes_back([&text, &items] {
    const leaks_ignored what_is_left_behind;
    std::unique_ptr<ta::task_manager> tasks;
    caf::actor_system_config config;
    caf::actor_system system{config};
    tasks = std::make_unique<ta::task_manager>(system, ta::manager_options{.logger = logger_into(text)});
    (void)tasks->add_task({}, hanging);
    auto gathers = [](ta::channel<int> from) -> ta::task<void> {
      (void)co_await ta::gather(
          {.concurrency = 2}, [](int) { ++begun; }, from);
    };
    (void)tasks->add_task({}, gathers, items);
    (void)items.try_send(1);
    while (begun == 0)
      std::this_thread::yield(); // then it watches
    tasks->run_in_thread({}, [] {}).value().get();
    (void)tasks.release(); // in place of a member that is destroyed after the system
  }));
  BOOST_CHECK(items.try_send(2) == ta::send_reply::sent); // tells nobody
  BOOST_TEST(items.statistics().size == 1U);
  BOOST_TEST(begun == 1);
  BOOST_TEST(text.str().find("the actor system ends before the task manager") != std::string::npos,
             text.str());
}

BOOST_AUTO_TEST_CASE(a_system_that_ends_last_is_not_complained_of) {
  std::ostringstream text;
  for (int tries = 0; tries < 10; ++tries) {
    text.str({});
    const auto begun_at = std::chrono::steady_clock::now();
    {
      caf::actor_system_config config;
      caf::actor_system system{config};
      for (int i = 0; i < 3; ++i)
        ta::task_manager{system, ta::manager_options{.logger = logger_into(text)}};
    }
    // All that an idle thread of a manager has to come to its end; one that isn't scheduled is left behind.
    if (std::chrono::steady_clock::now() - begun_at < 500ms)
      break;
  }
  BOOST_TEST(text.str() == "");
}

BOOST_AUTO_TEST_SUITE_END()
