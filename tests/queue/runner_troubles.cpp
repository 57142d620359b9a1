// A store that can't be written: what its runner says of it, and how it ends.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"

#include <taskactor/queue/job_runner.hpp>
#include <taskactor/task_manager.hpp>

#include <boost/test/unit_test.hpp>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>

namespace runner_troubles {

using namespace queue_tests;

/// Whose disk is full for as long as the test says so.
struct full_disk {
  full_disk() {
    disk.hooks->before = [full = is_full](const std::string&, std::size_t) {
      if (*full)
        throw ta::error{ta::errc::store_failed, "the disk is full"};
    };
    logger->set_pattern("%v");
  }
  bool has_said(const std::string& words) const { return text.str().find(words) != std::string::npos; }

  std::shared_ptr<std::atomic<bool>> is_full = std::make_shared<std::atomic<bool>>(false);
  hooked_store disk;
  ta::job_queue mail{*disk.store, "mail"};
  std::ostringstream text; // to be looked at when the manager has ended
  std::shared_ptr<spdlog::logger> logger
      = std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text));
};

} // namespace runner_troubles

BOOST_FIXTURE_TEST_SUITE(runner_troubles, ::runner_troubles::full_disk)

using namespace ::runner_troubles;

BOOST_AUTO_TEST_CASE(a_runner_without_jobs_does_not_wait_for_a_store_that_fails) {
  *is_full = true;
  {
    ta::task_manager tasks{{.logger = logger}};
    ta::job_runner runner{tasks, *disk.store, {.queues = {{"mail", 1}}}};
    BOOST_TEST(in_time([&] { return runner.statistics().beat.failures >= 2; }));
    const auto before = std::chrono::steady_clock::now();
    BOOST_TEST(!runner.stop({.drain = 1h, .cancel = 1h, .kill = 1h})); // its row is left, if there is one
    BOOST_TEST((std::chrono::steady_clock::now() - before < 20s));
  }
  BOOST_TEST(has_said("beat: the disk is full; it is tried again"));
}

BOOST_AUTO_TEST_CASE(what_a_store_refused_is_done_when_it_can_be_written_again) {
  {
    ta::task_manager tasks{{.logger = logger}};
    const auto job = mail.push(note, "x").get().value().job;
    *is_full = true;
    ta::job_runner runner{tasks, *disk.store, {.queues = {{"mail", 1}}}};
    BOOST_TEST(in_time([&] { return runner.statistics().beat.failures >= 2; }));
    *is_full = false;
    BOOST_TEST(job.wait(20s).has_value());
    BOOST_TEST(in_time([&] {
      const auto now = runner.statistics();
      for (const auto* part : {&now.beat, &now.claim, &now.finish, &now.promote, &now.rescue, &now.prune})
        if (!part->last_error.empty())
          return false;
      return true;
    }));
    BOOST_TEST(runner.stop());
  }
  BOOST_TEST(has_said("the disk is full; it is tried again"));
  BOOST_TEST(has_said("the store answers again"));
}

BOOST_AUTO_TEST_SUITE_END()
