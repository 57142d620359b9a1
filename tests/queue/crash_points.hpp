/// Processes that are killed before or after any statement of any verb: a workload of all verbs, and what
/// is to hold after it was killed, and made again. `pass` is called by a hook in the library that makes
/// statements.
#pragma once

#include "backends.hpp"
#include "queue/stored_schedule.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <set>

namespace crash_points {

using namespace queue_tests;
using td::claim_end;

/// What a process has done until it was killed; in memory that its parent sees.
struct diary {
  std::array<char, 16> verb{};
  std::array<char, 160> point{}; // the last one
  std::size_t points = 0, kill_at = 0;
  std::array<ta::job_id, 64> pushed{}; // that it was told of, by number of request
  std::array<ta::job_id, 64> succeeded{};
  std::size_t successes = 0;
  bool is_over = false;
};

class shared_diary {
public:
  shared_diary() {
    void* made = ::mmap(nullptr, sizeof(diary), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BOOST_REQUIRE(made != MAP_FAILED);
    diary_ = new (made) diary{};
  }
  shared_diary(const shared_diary&) = delete;
  shared_diary& operator=(const shared_diary&) = delete;
  ~shared_diary() { ::munmap(diary_, sizeof(diary)); }
  diary* operator->() { return diary_; }
  diary& operator*() { return *diary_; }

private:
  diary* diary_;
};

inline thread_local diary* watched = nullptr; // of this process, and of the thread that makes the calls

/// Of a statement, before or after it.
inline void pass(const char* when, const char* sql) {
  if (!watched || watched->verb[0] == '\0')
    return;
  std::snprintf(watched->point.data(), watched->point.size(), "%s: %s %.100s", watched->verb.data(), when,
                sql ? sql : "");
  if (++watched->points == watched->kill_at)
    ::kill(::getpid(), SIGKILL);
}
// -- what is done -----------------------------------------------------------

class workload {
public:
  workload(const store_kind& kind, const std::string& folder, diary& tale) : tale_(tale) {
    store_ = kind.open(folder, [this] { return now_; });
  }
  td::store_backend& store() { return *store_; }

  /// All verbs, from the first push to the last pruning; on a store in which a part of it has been done, too.
  void run() {
    now_ = ta::store_time{1'700'000'000s};
    limit("db", 2);
    push(0, 12);
    beat("first", {});
    auto jobs = claim("first", 4, 2);
    beat("first", jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i)
      finish("first", jobs[i],
             std::array{claim_end::succeeded, claim_end::retry, claim_end::released, claim_end::failed,
                        claim_end::snooze, claim_end::succeeded}[i % 6]);
    push(12, 7);
    fire(19);
    jobs = claim("second", 3, 0);
    beat("second", jobs);
    control(td::control_verb::cancel, 13);
    control(td::control_verb::cancel, 0);
    control(td::control_verb::remove, 14);
    control(td::control_verb::retry, 3);
    arrange(td::control_verb::pause);
    arrange(td::control_verb::resume);
    now_ += 10s;
    in("promote", [&] { store_->promote(100); });
    rescue("second");
    now_ += 2h;
    in("prune", [&] { store_->prune(100); });
  }
  /// Whoever was there is dead; another runner ends all that is left.
  void drain() {
    for (const auto* name : {"first", "second"})
      rescue(name);
    for (int round = 0; round < 200; ++round) {
      now_ += 10s;
      store_->promote(1000);
      const auto jobs = claim("last", 5, 0);
      for (const auto& job : jobs) {
        claimed_.insert(job.id);
        finish("last", job, claim_end::succeeded);
      }
      if (jobs.empty() && !store_->promote(0).next)
        return;
    }
  }
  const std::set<ta::job_id>& claimed_at_the_end() const { return claimed_; }

private:
  template <class What>
  void in(const char* verb, What what) {
    std::snprintf(tale_.verb.data(), tale_.verb.size(), "%s", verb);
    what();
    tale_.verb[0] = '\0';
  }
  static td::new_job job_of(std::size_t n) {
    auto job = store_world::job();
    job.row.arguments = "[" + std::to_string(n) + "]";
    job.row.keep
        = n % 5 == 4 ? td::store_duration{} : td::store_duration{std::chrono::hours{n % 2 ? 1 : 100}};
    if (n % 3 == 0)
      job.row.limits = {{"db", "", 1}};
    if (n % 4 == 1)
      job.delay = 5s;
    if (n % 4 == 2) {
      job.unique_scope = "s";
      job.unique_key = "k" + std::to_string(n);
      job.until = static_cast<ta::unique_until>(n / 4 % 3);
      job.unique_period = 1min;
    }
    if (n % 7 == 6)
      job.expires = 4s;
    job.row.fairness_key = n % 2 ? "odd" : "";
    job.request = "request " + std::to_string(n);
    return job;
  }
  void push(std::size_t from, std::size_t count) {
    std::vector<td::new_job> jobs;
    for (std::size_t n = from; n < from + count; ++n)
      jobs.push_back(job_of(n));
    in("push", [&] {
      const auto replies = store_->push(jobs);
      for (std::size_t i = 0; i < count; ++i) {
        auto& known = tale_.pushed[from + i];
        if (known != 0 && known != replies.at(i).id)
          BOOST_ERROR("request " << from + i << " was " << known << ", and is " << replies[i].id);
        known = replies.at(i).id;
      }
    });
  }
  /// A schedule comes, and pushes that job.
  void fire(std::size_t n) {
    const std::vector<td::schedule_write> writes{
        {.name = "s",
         .from = 0,
         .to = td::schedule_row{.name = "s", .stamp = 1, .due = now_, .spec = "{}", .state = "{}"},
         .jobs = {job_of(n)}},
        {.name = "none", .from = 1, .to = {}, .jobs = {}}};
    in("write_schedules", [&] {
      const auto replies = store_->write_schedules(writes);
      BOOST_CHECK(replies.at(0).done && !replies.at(1).done);
      auto& known = tale_.pushed[n];
      const auto id = replies[0].pushed.at(0).id;
      if (known != 0 && known != id)
        BOOST_ERROR("request " << n << " was " << known << ", and is " << id);
      known = id;
    });
  }
  void beat(const std::string& name, const std::vector<td::claimed_job>& begun) {
    td::runner_beat beat{.runner = {name, 1}};
    beat.tasks = tasks_;
    for (const auto& job : begun) {
      td::claim_note note{.id = job.id, .token = job.token};
      note.begun = note.has_progress = true;
      note.output = "output";
      beat.notes.push_back(note);
    }
    in("renew", [&] { store_->renew(beat); });
  }
  std::vector<td::claimed_job> claim(const std::string& name, std::size_t free, std::size_t prefetch) {
    std::vector<td::claimed_job> jobs;
    const td::claim_request request{
        .runner = {name, 1}, .shares = {{.queue = "q", .free = free, .prefetch = prefetch}}, .tasks = tasks_};
    in("claim", [&] { jobs = store_->claim(request).jobs; });
    return jobs;
  }
  void finish(const std::string& name, const td::claimed_job& job, claim_end how) {
    const td::job_end end{.id = job.id,
                          .token = job.token,
                          .how = how,
                          .delay = how == claim_end::retry ? 5s : 0s,
                          .word = {},
                          .result = "result",
                          .error = {}};
    td::end_reply reply{};
    in("finish", [&] { reply = store_->finish({name, 1}, {&end, 1}).at(0); });
    BOOST_CHECK(reply == td::end_reply::done);
    if (how == claim_end::succeeded && tale_.successes < tale_.succeeded.size())
      tale_.succeeded[tale_.successes++] = job.id;
  }
  void rescue(const std::string& name) {
    td::lost_runner lost{.runner = {name, 1}, .beat = 0};
    for (const auto& row : store_->runners())
      if (row.runner == lost.runner)
        lost.beat = row.beat;
    in("rescue", [&] { store_->rescue({&lost, 1}); });
  }
  void control(td::control_verb verb, std::size_t request) {
    const td::control_action action{
        .verb = verb, .id = tale_.pushed[request], .name = {}, .capacity = {}, .rate = {}};
    in("control", [&] { store_->control({&action, 1}); });
  }
  void arrange(td::control_verb verb) {
    const td::control_action action{.verb = verb, .id = 0, .name = "q", .capacity = {}, .rate = {}};
    in("control", [&] { store_->control({&action, 1}); });
  }
  void limit(const std::string& name, std::size_t capacity) {
    const td::control_action action{
        .verb = td::control_verb::set_limit, .id = 0, .name = name, .capacity = capacity, .rate = {}};
    in("control", [&] { store_->control({&action, 1}); });
  }

  diary& tale_;
  ta::store_time now_{1'700'000'000s};
  std::unique_ptr<td::store_backend> store_;
  std::shared_ptr<const td::known_tasks> tasks_ = std::make_shared<const td::known_tasks>(task_a);
  std::set<ta::job_id> claimed_;
};

/// In a process of its own, which is killed at its `kill_at`-th point. False: it wasn't.
inline bool run_in_child(const store_kind& kind, const std::string& folder, diary& tale, void (*hook)()) {
  const auto child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    hook();
    watched = &tale;
    try {
      workload{kind, folder, tale}.run();
      tale.is_over = true;
    } catch (const std::exception& e) {
      std::snprintf(tale.point.data(), tale.point.size(), "%s", e.what());
    }
    ::_exit(0);
  }
  int status = 0;
  BOOST_REQUIRE_EQUAL(::waitpid(child, &status, 0), child);
  if (!WIFSIGNALED(status))
    BOOST_REQUIRE_MESSAGE(tale.is_over, "it has ended with status " << status << " at " << tale.point.data());
  return WIFSIGNALED(status);
}

inline void crash_at(const store_kind& kind, std::size_t point, std::map<std::string, std::size_t>& hits,
                     void (*hook)()) {
  const test::temporary_directory folder;
  shared_diary tale;
  tale->kill_at = point;
  BOOST_REQUIRE(run_in_child(kind, folder.path(), *tale, hook));
  const std::string where = tale->point.data();
  ++hits[where];
  BOOST_TEST_CONTEXT("killed at point " << point << ", " << where) {
    tale->verb[0] = '\0';
    const std::vector<ta::job_id> done(
        tale->succeeded.begin(), tale->succeeded.begin() + static_cast<std::ptrdiff_t>(tale->successes));
    workload again{kind, folder.path(), *tale};
    BOOST_TEST(again.store().check() == std::vector<std::string>{}, boost::test_tools::per_element());
    again.run(); // the call that was lost is made again, and the rest: requests that are known push nothing
    BOOST_TEST(again.store().check() == std::vector<std::string>{}, boost::test_tools::per_element());
    again.drain();
    BOOST_TEST(again.store().check() == std::vector<std::string>{}, boost::test_tools::per_element());
    for (const auto id : done)
      BOOST_TEST(!again.claimed_at_the_end().contains(id), "job " << id << " had succeeded, and ran again");
    const auto counters = again.store().survey().counters;
    BOOST_TEST(counters.pushed == 20U); // each request once
    BOOST_TEST(again.store().schedules({}).found.size() == 1U);
    std::set<ta::job_id> ids(tale->pushed.begin(), tale->pushed.begin() + 20);
    BOOST_TEST(ids.size() == 20U);
    for (const auto& info : again.store().list({.most = 1000})) {
      BOOST_TEST(ids.contains(info.id));
      BOOST_TEST(is_final(info.state), "job " << info.id << " is " << info.state);
    }
    // Ends in all: one for each that wasn't removed while it waited, and one more for each that was retried.
    const auto ends
        = counters.succeeded + counters.failed + counters.cancelled + counters.expired + counters.quarantined;
    BOOST_TEST(ends >= 19U);
    BOOST_TEST(ends <= 22U);
  }
}

/// Kills at about so many points, spread over all; at each of them with TASKACTOR_CRASHES in the environment.
inline void kill_at_points(const store_kind& kind, std::size_t some, void (*hook)()) {
  std::map<std::string, std::size_t> hits;
  std::size_t points = 0;
  {
    const test::temporary_directory folder;
    shared_diary tale;
    BOOST_REQUIRE(!run_in_child(kind, folder.path(), *tale, hook));
    points = tale->points;
    BOOST_TEST(points > 100U);
  }
  const bool all = std::getenv("TASKACTOR_CRASHES") != nullptr;
  const auto pace = all ? 1 : points / some | 1; // odd: before and after take turns
  for (std::size_t at = 1 + static_cast<std::size_t>(::getpid()) % pace; at <= points; at += pace)
    crash_at(kind, at, hits, hook);
  std::set<std::string> verbs;
  for (const auto& [point, count] : hits) {
    BOOST_TEST_MESSAGE(count << " x " << point);
    verbs.insert(point.substr(0, point.find(':')));
  }
  BOOST_TEST_MESSAGE(kind.name << ": " << points << " points, killed at " << hits.size() << " kinds of them");
  for (const auto* verb : {"push", "claim", "finish", "renew", "control"})
    BOOST_TEST(verbs.contains(verb), verb);
  if (all)
    for (const auto* verb : {"promote", "rescue", "prune", "write_schedules"})
      BOOST_TEST(verbs.contains(verb), verb);
}

} // namespace crash_points
