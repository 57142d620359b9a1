// What the page "Jobs that outlive a program" shows.
#include "queue/hooked_store.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/queue.hpp>
#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <sqlite3.h>

#include <string>
#include <vector>

namespace guide_pages_of_queue {

namespace ta = taskactor;
using namespace std::chrono_literals;

ta::task<std::string> send_letter(std::string to) { co_return "sent to " + to; }
TASKACTOR_REGISTER_AS(send_letter, "guide.send_letter");

ta::task<std::string> one_letter(ta::job_queue mail) {
  const auto pushed = co_await mail.push(send_letter, "ann@example.org");
  if (!pushed)
    co_return "not pushed: " + pushed.error().message;
  const auto how = co_await pushed->job.outcome(); // when some program has run it
  co_return how ? *how : how.error().message();
}

ta::store_call<ta::pushed<std::string>> tomorrow(const ta::job_queue& mail, const std::string& to) {
  return mail.push({.delay = 24h,
                    .expires = 48h,
                    .priority = 2,
                    .timeout = 30s,
                    .retry = ta::job_retry{.max_attempts = 5, .backoff = {.first = 10s}},
                    .unique = {.key = to}},
                   send_letter, to);
}

bool order(sqlite3* db, const ta::job_queue& mail, const std::string& customer) {
  sqlite3_exec(db, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr);
  sqlite3_exec(db, "INSERT INTO orders DEFAULT VALUES", nullptr, nullptr, nullptr);
  const bool pushed = mail.push(db, {}, send_letter, customer).has_value();
  sqlite3_exec(db, pushed ? "COMMIT" : "ROLLBACK", nullptr, nullptr, nullptr);
  return pushed; // the order and its letter, or neither
}

} // namespace guide_pages_of_queue

BOOST_AUTO_TEST_SUITE(guide_pages)
using namespace guide_pages_of_queue;

BOOST_AUTO_TEST_CASE(the_snippets_do_what_the_page_says) {
  const test::temporary_directory folder;
  const ta::store jobs{folder / "jobs.db"};
  const ta::job_queue mail{jobs, "mail"};
  ta::task_manager tasks;
  queue_tests::hand_runner runner{*ta::detail::core_of(jobs)};

  auto h = tasks.add_task({}, one_letter, mail).value();
  std::vector<ta::detail::claimed_job> claimed;
  while (claimed.empty())
    claimed = runner.claim();
  runner.end(claimed[0], ta::detail::claim_end::succeeded, R"("sent to ann@example.org")");
  BOOST_TEST(h.get() == "sent to ann@example.org");

  const auto first = tomorrow(mail, "bob").get().value();
  BOOST_TEST(tomorrow(mail, "bob").get().value().job.id() == first.job.id());
  BOOST_TEST(first.job.info().get().value().state == ta::job_state::delayed);

  sqlite3* db = nullptr;
  BOOST_REQUIRE(sqlite3_open(jobs.file().c_str(), &db) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_exec(db, "CREATE TABLE orders (id INTEGER PRIMARY KEY)", nullptr, nullptr, nullptr)
                == SQLITE_OK);
  BOOST_TEST(order(db, mail, "eve"));
  BOOST_TEST(sqlite3_close(db) == SQLITE_OK);
  BOOST_TEST(jobs.list({.states = {ta::job_state::ready}}).get().value().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
