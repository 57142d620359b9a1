// What it costs to have nothing to do: statements of a runner without jobs, and looks at what others write.
#include "hooked_store.hpp"
#include "queue/folder_watch.hpp"
#include "sqlite_world.hpp"
#include "support/temporary_directory.hpp"

#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/job_runner.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/task_manager.hpp>

#include <atomic>
#include <chrono>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>

namespace idle_costs {

using namespace queue_tests;

std::atomic<std::size_t> made{0}; // statements of this process

int on_statement(unsigned, void*, void*, void*) {
  ++made;
  return 0;
}
int on_connection(sqlite3* db, char**, const void*) {
  return ::sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &on_statement, nullptr);
}
void counts_statements(bool does) {
  auto* const entry = reinterpret_cast<void (*)()>(&on_connection);
  if (does)
    ::sqlite3_auto_extension(entry);
  else
    ::sqlite3_cancel_auto_extension(entry);
}

/// Of the connections that are opened meanwhile.
struct counted_statements {
  counted_statements() { counts_statements(true); }
  counted_statements(const counted_statements&) = delete;
  counted_statements& operator=(const counted_statements&) = delete;
  ~counted_statements() { counts_statements(false); }

  template <class Call>
  std::size_t of(const Call& call) const {
    const auto before = made.load();
    call();
    return made - before;
  }
};

/// A watch on a store's file, and how often it has looked.
class watched_file {
public:
  explicit watched_file(std::chrono::milliseconds period)
      : thread_([this, period] {
          watch_.run(
              period, [this] { ++ticks; }, [this] { ++looks; });
        }) {}
  watched_file(const watched_file&) = delete;
  watched_file& operator=(const watched_file&) = delete;
  ~watched_file() {
    watch_.stop();
    thread_.join();
  }

  void write() { std::ofstream{folder_ / "jobs.db-wal"} << "x"; }
  /// In a call of its own store that goes on until a look has come of it.
  void own_write() {
    const td::folder_watch::own_writes here{watch_};
    const int before = looks;
    write();
    BOOST_TEST(in_time([&] { return looks > before; }));
  }
  /// How many looks there are when none has come for half a second: without a write there is one a second.
  int still_looks() const {
    int before = looks;
    for (auto since = std::chrono::steady_clock::now(); std::chrono::steady_clock::now() - since < 500ms;) {
      if (const int now = looks; now != before) {
        before = now;
        since = std::chrono::steady_clock::now();
      }
      std::this_thread::yield();
    }
    return before;
  }
  std::atomic<int> ticks{0}, looks{0};

private:
  test::temporary_directory folder_;
  td::folder_watch watch_{folder_ / "jobs.db", true};
  std::thread thread_;
};

std::atomic<bool> begun{false};

int until_it_is_stopped(std::stop_token stop) {
  begun = true;
  while (!stop.stop_requested())
    std::this_thread::yield();
  return 0;
}
TASKACTOR_REGISTER(until_it_is_stopped);

} // namespace idle_costs

BOOST_AUTO_TEST_SUITE(idle_costs)

using namespace ::idle_costs;

BOOST_AUTO_TEST_CASE(a_runner_without_jobs_asks_little) {
  // Each 5 s: these, and looks at data_version: one in 2 s, and two after its own beat.
  const counted_statements statements;
  const test::temporary_directory folder;
  const auto store = open_store(folder / "jobs.db");
  td::runner_beat beat;
  beat.runner = {"idle", 1};
  beat.shares = {{"mail", 4, 0, true}, {"video", 1, 0, false}};
  beat.tasks = std::make_shared<const td::known_tasks>();
  td::claim_request request{.runner = beat.runner, .shares = beat.shares, .tasks = beat.tasks};
  store->renew(beat);
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(statements.of([&] { BOOST_TEST(!store->renew(beat).others); }) == 3U);
    BOOST_TEST(statements.of([&] { BOOST_TEST(store->claim(request).jobs.empty()); }) == 2U); // queues
    BOOST_TEST(statements.of([&] { BOOST_TEST(!store->promote(500).next); }) == 1U);
    BOOST_TEST(statements.of([&] { store->runners(); }) == 1U);
    BOOST_TEST(statements.of([&] { store->version(); }) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(what_a_runner_serves_is_written_anew_when_it_changes_and_after_claims) {
  const test::temporary_directory folder;
  const auto store = open_store(folder / "jobs.db");
  raw_connection there{folder / "jobs.db"};
  const auto free_slots
      = [&] { return there.one("SELECT free FROM taskactor_runner_queue WHERE queue = 'mail'"); };
  td::runner_beat beat;
  beat.runner = {"idle", 1};
  beat.shares = {{"mail", 4, 0, false}};
  beat.tasks = std::make_shared<const td::known_tasks>(td::known_tasks{{"send", ""}});
  store->renew(beat);
  BOOST_TEST(free_slots() == "4");
  auto job = store_world::job();
  job.row.queue = "mail";
  job.row.task = "send";
  store->push({&job, 1});
  BOOST_TEST(store->claim({.runner = beat.runner, .shares = beat.shares, .tasks = beat.tasks}).jobs.size()
             == 1U);
  BOOST_TEST(free_slots() == "3");
  store->renew(beat);
  BOOST_TEST(free_slots() == "4");
  beat.shares.at(0).free = 2;
  store->renew(beat);
  BOOST_TEST(free_slots() == "2");
  there.run("DELETE FROM taskactor_runner_queue; DELETE FROM taskactor_runner"); // as if forgotten long ago
  store->renew(beat);
  BOOST_TEST(free_slots() == "2");
  BOOST_TEST(there.one("SELECT tasks FROM taskactor_runner") != "[]");
}

BOOST_AUTO_TEST_CASE(own_writes_lead_to_few_looks_and_those_of_others_to_many) {
  watched_file file{500ms};
  file.write();
  BOOST_TEST(in_time([&] { return file.looks >= 7; })); // until 160 ms after the last
  const int before = file.still_looks();
  const auto began = std::chrono::steady_clock::now();
  file.own_write();
  BOOST_TEST(in_time([&] { return file.looks >= before + 2; }));
  const int ticks = file.ticks;
  BOOST_TEST(in_time([&] { return file.ticks >= ticks + 1; }));
  const int looks = file.looks; // one in each second that has gone by is of no write
  const auto took = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now() - began);
  BOOST_TEST(looks <= before + 4 + took.count()); // a file that is made and written is two events
}

BOOST_AUTO_TEST_CASE(who_waits_until_a_runner_is_idle_is_not_told_of_what_came_a_moment_later) {
  ta::task_manager tasks;
  const ta::store jobs{tasks};
  ta::job_runner runner{tasks, jobs, {.queues = {{"mail", {.slots = 1}}}}};
  std::atomic<bool> over{false};
  std::jthread tells{[&] { // each change is a hint to the runner
    while (!over)
      jobs.pause("other").get().value();
  }};
  for (int i = 0; i < 2000; ++i)
    if (!runner.wait_until_idle(1h)) {
      BOOST_ERROR("an hour is over at turn " << i);
      break;
    }
  over = true;
}

BOOST_AUTO_TEST_CASE(a_running_job_is_cancelled_from_another_program_before_the_next_beat) {
  const test::temporary_directory folder;
  const ta::store here{folder / "jobs.db"}, there{folder / "jobs.db"};
  ta::task_manager tasks;
  const ta::job_runner runner{tasks,
                              here,
                              {.queues = {{"mail", {.slots = 1, .where = ta::run_where::thread}}},
                               .lease = 3h,
                               .beat = 1h,
                               .fence = 2h,
                               .poll = 1h}};
  const auto job = ta::job_queue{here, "mail"}.push(until_it_is_stopped).get().value().job;
  BOOST_TEST(in_time([] { return begun.load(); }));
  const ta::job<int> seen_there{there, job.id()};
  BOOST_TEST((seen_there.cancel().get().value() == ta::control_reply::requested));
  BOOST_TEST(job.wait(20s).has_value()); // it ends only when it is stopped
}

BOOST_AUTO_TEST_SUITE_END()
