// A job scheduler whose store fails, is slow or goes away, and several of them on one file.
#include "queue/hooked_store.hpp"
#include "queue/schedule_rows.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/queue/job_scheduler.hpp>
#include <taskactor/queue/job_schedules.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/task_manager.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace scheduler_faults {

using namespace queue_tests;

ta::trigger parsed(const std::string& text) { return ta::trigger::parse(text).value(); }

ta::job_schedule_info info(const ta::store& in, const std::string& name) {
  return ta::job_schedules{in}.find(name).get().value();
}

/// All that is there, oldest first.
std::vector<ta::job_details> all_jobs(const ta::store& in) {
  std::vector<ta::job_details> all;
  ta::job_filter which;
  which.most = 500;
  for (;;) {
    const auto page = in.list(which).get().value();
    if (page.empty())
      break;
    for (const auto& each : page)
      all.push_back(in.find(each.id).get().value());
    which.before = page.back().id;
  }
  return {all.rbegin(), all.rend()};
}

} // namespace scheduler_faults

BOOST_AUTO_TEST_SUITE(scheduler_faults)

using namespace ::scheduler_faults;

BOOST_AUTO_TEST_CASE(each_call_that_fails_is_made_again) {
  for (const std::string verb : {"schedules", "write_schedules"})
    for (int first = 0; first < 4; ++first) {
      const auto left = std::make_shared<std::atomic<int>>(-1); // calls until it fails three times
      hooked_store disk;
      ta::task_manager tasks{{.logger = {}}};
      const ta::job_schedules schedules{*disk.store};
      disk.hooks->before = [left, verb](const std::string& called, std::size_t) {
        if (called != verb || *left == -1)
          return;
        if ((*left)-- <= 0 && *left > -5)
          throw ta::error{ta::errc::store_failed, "the disk is full"};
      };
      ta::job_scheduler scheduler{tasks, *disk.store};
      const auto made = schedules
                            .add_unchecked({.name = "s", .overlap = ta::overlap_policy::allow},
                                           parsed("every 20ms"), "q", "t")
                            .get();
      BOOST_REQUIRE(made.has_value());
      *left = first;
      BOOST_TEST(in_time([&] { return scheduler.statistics().failures > 0; }), verb << first);
      *left = -1;
      const auto fired = info(*disk.store, "s").counts.fired;
      BOOST_TEST(in_time([&] { return info(*disk.store, "s").counts.fired > fired + 2; }), verb << first);
      BOOST_TEST(scheduler.statistics().last_error.empty());
    }
}

BOOST_AUTO_TEST_CASE(it_ends_while_its_store_answers_nothing) {
  for (const std::string verb : {"schedules", "write_schedules"}) {
    std::promise<void> go;
    const auto may_go = go.get_future().share();
    std::atomic<bool> waits{false};
    hooked_store disk;
    const ta::job_schedules schedules{*disk.store};
    const auto made = schedules.add_unchecked({.name = "s"}, parsed("every 10ms"), "q", "t").get();
    BOOST_REQUIRE(made.has_value());
    disk.hooks->before = [&, may_go](const std::string& called, std::size_t) {
      if (called != verb)
        return;
      waits = true;
      may_go.wait();
    };
    {
      ta::task_manager tasks;
      ta::job_scheduler scheduler{tasks, *disk.store};
      BOOST_TEST(in_time([&] { return waits.load(); }));
    } // though the call is under way
    go.set_value();
    BOOST_TEST(info(*disk.store, "s").counts.fired <= 1U);
  }
}

BOOST_AUTO_TEST_CASE(several_on_one_file_that_come_and_go_fire_each_time_once) {
  test::temporary_directory folder;
  const auto path = folder / "jobs.db";
  constexpr int schedules_at_once = 5;
  constexpr std::size_t enough = 60;
  {
    const ta::store store{path};
    for (int i = 0; i < schedules_at_once; ++i)
      BOOST_REQUIRE(ta::job_schedules{store}
                        .add_unchecked({.name = "s" + std::to_string(i),
                                        .overlap = ta::overlap_policy::allow,
                                        .missed = ta::missed_policy::all},
                                       parsed("every 25ms"), "q", "t")
                        .get()
                        .has_value());
  }
  std::atomic<bool> over{false};
  std::vector<std::thread> programs;
  for (int i = 0; i < 4; ++i)
    programs.emplace_back([&, i] {
      for (int life = 0; !over; ++life) {
        ta::task_manager tasks;
        const ta::store store{path};
        ta::job_scheduler scheduler{tasks, store, {.poll = 5ms}};
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{40 + 30 * i};
        while (!over && std::chrono::steady_clock::now() < until)
          std::this_thread::yield();
      }
    });
  const ta::store store{path};
  const ta::job_schedules schedules{store};
  const bool fired = in_time([&] { return info(store, "s0").counts.fired >= enough; });
  over = true;
  for (auto& each : programs)
    each.join();
  BOOST_TEST(fired);
  std::uint64_t counted = 0;
  for (int i = 0; i < schedules_at_once; ++i) {
    const auto now = info(store, "s" + std::to_string(i));
    counted += now.counts.fired;
    BOOST_TEST(now.counts.skipped == 0U);
    BOOST_TEST(now.open.size() == now.counts.fired);
    // Without a gap: each time between the first and the last was fired, or was missed.
    BOOST_TEST(static_cast<std::uint64_t>((now.next->nominal - *now.last) / 25ms) == 1U);
  }
  BOOST_TEST(all_jobs(store).size() == counted);
  BOOST_TEST(store.check().get().value() == std::vector<std::string>{}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(users_and_schedulers_at_one_schedule_lose_nothing_of_each_other) {
  test::temporary_directory folder;
  ta::task_manager tasks;
  const ta::store store{folder / "jobs.db"};
  const ta::job_schedules schedules{store};
  BOOST_REQUIRE(
      schedules
          .add_unchecked({.name = "s", .overlap = ta::overlap_policy::allow}, parsed("every 5ms"), "q", "t")
          .get()
          .has_value());
  ta::job_scheduler scheduler{tasks, store, {.poll = 1ms}};
  std::atomic<std::uint64_t> ran{0};
  std::vector<std::thread> users;
  for (int i = 0; i < 3; ++i)
    users.emplace_back([&] {
      for (int n = 0; n < 30; ++n)
        if (schedules.run_now("s").get().value() != 0)
          ++ran;
    });
  for (auto& each : users)
    each.join();
  BOOST_TEST(ran == 90U);
  BOOST_TEST(schedules.pause("s").get().value());
  const auto now = info(store, "s");
  BOOST_TEST(now.open.size() == now.counts.fired);
  BOOST_TEST(now.counts.fired >= 90U);
}

BOOST_AUTO_TEST_SUITE_END()
