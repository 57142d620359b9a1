// The store itself: what it refuses, its clock, its jobs, queues and limits as a whole, its threads.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/soft_limit.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace stores {

using namespace queue_tests;

struct world {
  test::virtual_time time;
  ta::store store{time.tasks};
  ta::job_queue mail{store, "mail"};

  std::vector<ta::job_id> push(int count) const {
    std::vector<ta::job_id> ids;
    for (int i = 0; i < count; ++i)
      ids.push_back(mail.push(note, std::to_string(i)).get().value().job.id());
    return ids;
  }
  std::size_t count(const ta::job_filter& which = {}) const { return store.list(which).get().value().size(); }
};

std::size_t threads() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator{"/proc/self/task"})
    ++n;
  return n;
}

template <class F>
std::error_code refused_by(F made) {
  try {
    made();
  } catch (const std::system_error& why) {
    return why.code();
  }
  return {};
}

} // namespace stores

BOOST_FIXTURE_TEST_SUITE(stores, ::stores::world)

using namespace ::stores;

BOOST_AUTO_TEST_CASE(copies_are_the_same_store) {
  const auto copy = store;
  BOOST_TEST((copy == store));
  BOOST_TEST((ta::store{time.tasks} != store));
  BOOST_TEST(store.file().empty());
  push(1);
  BOOST_TEST(copy.list().get().value().size() == 1U);
}

BOOST_AUTO_TEST_CASE(options_and_files_that_make_no_sense_are_refused) {
  const auto invalid = ta::make_error_code(ta::errc::invalid_argument);
  const auto with = [&](ta::store_options options) {
    return refused_by([&] { ta::store{time.tasks, options}; });
  };
  BOOST_TEST((with({.call_timeout = -1s}) == invalid));
  BOOST_TEST((with({.call_timeout = 0s}) == invalid));
  BOOST_TEST((with({.close_timeout = -1s}) == invalid));
  BOOST_TEST((with({.max_payload = 0}) == invalid));
  BOOST_TEST((refused_by([] { ta::store{""}; }) == invalid));
  const auto body
      = []() -> ta::task<std::error_code> { co_return refused_by([] { ta::store{"/tmp/never_made.db"}; }); };
  BOOST_TEST((time.tasks.add_task({}, body).value().get() == ta::make_error_code(ta::errc::would_block)));
}

BOOST_AUTO_TEST_CASE(it_goes_by_the_managers_clock) {
  const auto begin = store.survey().get().value().now;
  time.advance(25h);
  BOOST_TEST((store.survey().get().value().now - begin == 25h));
}

BOOST_AUTO_TEST_CASE(it_outlives_its_manager) {
  std::optional<ta::store> kept;
  {
    test::virtual_time gone;
    kept.emplace(gone.tasks);
    gone.advance(1h);
  }
  const auto then = kept->survey().get().value().now;
  BOOST_TEST((kept->survey().get().value().now == then));
  BOOST_TEST(kept->list().get().value().empty());
}

BOOST_AUTO_TEST_CASE(jobs_are_cancelled_retried_and_removed_one_or_many) {
  const auto ids = push(3);
  BOOST_TEST(store.cancel(ids[0]).get().value() == ta::control_reply::done);
  BOOST_TEST(store.cancel(ids[0]).get().value() == ta::control_reply::ended);
  BOOST_TEST(store.cancel(4711).get().value() == ta::control_reply::unknown);
  BOOST_TEST(store.retry(ids[0]).get().value() == ta::control_reply::done);
  BOOST_TEST(store.find(ids[0]).get().value().info.state == ta::job_state::ready);
  const auto cancelled = store.cancel_all({.queue = "mail", .most = 1}).get().value();
  BOOST_TEST(cancelled.done == 3U);
  BOOST_TEST(store.cancel_all({.queue = "mail"}).get().value().refused == 3U);
  BOOST_TEST(store.retry_all({.ids = {ids[1]}}).get().value().done == 1U);
  BOOST_TEST(store.remove_all({.states = {ta::job_state::cancelled}}).get().value().done == 2U);
  BOOST_TEST(store.remove(ids[1]).get().value() == ta::control_reply::done);
  BOOST_TEST(count() == 0U);
  BOOST_TEST(static_cast<int>(store.find(ids[1]).get().error().code)
             == static_cast<int>(ta::errc::unknown_job));
}

BOOST_AUTO_TEST_CASE(more_than_one_page_is_cancelled) {
  const std::vector<std::string> texts(1203, "x");
  BOOST_TEST(mail.push_all({}, note, texts).get().has_value());
  BOOST_TEST(store.cancel_all({}).get().value().done == 1203U);
  BOOST_TEST(count({.states = {ta::job_state::cancelled}, .most = 5000}) == 1203U);
}

BOOST_AUTO_TEST_CASE(queues_are_paused_and_limits_set) {
  BOOST_TEST(store.pause("mail").get().value() == ta::control_reply::done);
  push(1);
  BOOST_TEST(store.survey().get().value().queues.at(0).paused);
  BOOST_TEST(store.resume("mail").get().value() == ta::control_reply::done);
  BOOST_TEST(!store.survey().get().value().queues.at(0).paused);
  const auto invalid = static_cast<int>(ta::errc::invalid_argument);
  BOOST_TEST(static_cast<int>(store.pause("").get().error().code) == invalid);
  BOOST_TEST(static_cast<int>(store.set_limit("smtp", {}).get().error().code) == invalid);
  BOOST_TEST(store.set_limit("smtp", {.capacity = 2}).get().value() == ta::control_reply::done);
  BOOST_TEST(*store.survey().get().value().limits.at(0).capacity == 2U);
  BOOST_TEST(store.drop_limit("smtp").get().value() == ta::control_reply::done);
  BOOST_TEST(store.survey().get().value().limits.empty());
}

BOOST_AUTO_TEST_CASE(what_need_not_be_kept_is_forgotten) {
  const auto job = mail.push({.keep = 1h}, note, "x").get().value().job;
  BOOST_TEST(job.cancel().get().value() == ta::control_reply::done);
  BOOST_TEST(store.prune().get().value() == 0U);
  time.advance(2h);
  BOOST_TEST(store.prune().get().value() >= 1U);
  BOOST_TEST(count() == 0U);
}

BOOST_AUTO_TEST_CASE(a_store_in_memory_is_whole_and_has_no_file_to_copy) {
  push(2);
  BOOST_TEST(store.check().get().value().empty());
  BOOST_TEST(static_cast<int>(store.backup("/tmp/never_made.db").get().error().code)
             == static_cast<int>(ta::errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(who_watches_a_store_in_memory_is_told_at_once) {
  int told = 0;
  auto watch = td::core_of(store)->watch([&] { ++told; });
  push(1);
  BOOST_TEST(told == 1);
  watch.reset();
  push(1);
  BOOST_TEST(told == 1);
}

BOOST_AUTO_TEST_CASE(a_file_has_two_threads_and_memory_has_none) {
  const auto before = threads();
  {
    const ta::store more{time.tasks};
    BOOST_TEST(threads() == before);
    const hooked_store file;
    BOOST_TEST(threads() == before + 2);
  }
  BOOST_TEST(threads() == before);
}

BOOST_AUTO_TEST_CASE(without_descriptors_there_is_no_store) {
  const test::temporary_directory folder;
  const auto hooks = std::make_shared<call_hooks>();
  const auto inside = std::make_shared<td::memory_backend>([] { return ta::store_time{}; });
  auto backend = std::make_unique<hooked_backend>(hooks, inside, std::make_shared<std::mutex>());
  const test::soft_limit none{RLIMIT_NOFILE, 3};
  const auto why = refused_by([&] {
    td::store_core{std::move(backend), ta::store_options{}, folder / "jobs.db"};
  });
  BOOST_TEST((why == std::error_code{EMFILE, std::generic_category()}));
  BOOST_TEST(hooks->gone);
}

BOOST_AUTO_TEST_SUITE_END()
