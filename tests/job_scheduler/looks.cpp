// What is to be done about a schedule at a time, for each policy and each state of its jobs.
#include "job_scheduler/schedule_look.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace looks {

namespace ta = taskactor;
namespace td = ta::detail;
using namespace std::chrono_literals;

const ta::store_time epoch{};

/// A schedule that fires each 10 s, and was passed at the beginning of 1970.
struct play {
  explicit play(ta::overlap_policy overlap, std::size_t most = 1) {
    stored.row = {.name = "s", .stamp = 7, .due = {}, .spec = "{}", .state = "{}"};
    which.stored = &stored;
    which.spec.overlap = overlap;
    which.spec.max_instances = most;
    which.spec.late = {.missed = ta::missed_policy::all, .window = 1h, .on_time = 5s, .most = 100};
    which.progress.next = which.spec.when.next(epoch, "s");
  }
  void open(std::vector<ta::job_id> ids) { stored.open = std::move(ids); }
  /// What it does, in words; from then on it is so.
  std::string at(std::chrono::seconds when) { return said(td::look_at(which, epoch + when), epoch + when); }
  std::string now(std::chrono::seconds when) { return said(td::run_now(which, epoch + when), epoch + when); }

  td::stored_schedule stored;
  td::known_schedule which{
      .stored = nullptr, .spec = {.when = ta::trigger::parse("every 10s").value()}, .progress = {}};

private:
  static std::string word(const std::optional<ta::fire>& at) {
    return at ? std::to_string(at->nominal.time_since_epoch() / 1s) : "now";
  }
  std::string said(const td::schedule_step& step, ta::store_time when) {
    std::string text;
    const auto add = [&](const std::string& more) { text += (text.empty() ? "" : " ") + more; };
    for (const auto& each : step.fires)
      add(word(each));
    for (const auto& each : step.skipped)
      add("-" + word(each.at));
    if (step.refused)
      add("refused");
    if (step.then.waiting)
      add("waits:" + word(step.then.waiting->at));
    if (step.cancel)
      add("cancels:" + std::to_string(*step.cancel));
    const auto write = td::write_of(which, step, when);
    BOOST_TEST(write.from == stored.row.stamp);
    BOOST_TEST(write.jobs.size() == step.fires.size());
    BOOST_REQUIRE(write.to);
    BOOST_TEST(write.to->stamp != stored.row.stamp);
    std::set<std::string> keys, requests;
    for (const auto& job : write.jobs) {
      BOOST_TEST(job.unique_scope == "taskactor.schedule/s");
      BOOST_TEST(job.request.size() == 16U);
      keys.insert(job.unique_key);
      requests.insert(job.request);
    }
    BOOST_TEST(keys.size() == write.jobs.size());
    BOOST_TEST(requests.size() == write.jobs.size());
    due = write.to->due;
    stored.row.stamp = write.to->stamp;
    which.progress = step.then;
    return text;
  }

public:
  std::optional<ta::store_time> due;
};

} // namespace looks

BOOST_AUTO_TEST_SUITE(looks)

using namespace ::looks;
using enum ta::overlap_policy;

BOOST_AUTO_TEST_CASE(what_is_due_is_fired_once) {
  for (const auto overlap : {skip, queue_one, cancel_old, allow}) {
    play p{overlap};
    BOOST_TEST(p.at(9s).empty());
    BOOST_TEST((p.due == epoch + 10s));
    BOOST_TEST(p.at(10s) == "10");
    BOOST_TEST(p.at(10s).empty());
    BOOST_TEST((p.due == epoch + 20s));
    BOOST_TEST(p.at(5s).empty()); // a clock that is set back waits
    BOOST_TEST(p.at(20s) == "20");
  }
}

BOOST_AUTO_TEST_CASE(what_overlaps) {
  {
    play p{skip};
    p.open({1});
    BOOST_TEST(p.at(10s) == "-10");
    BOOST_TEST(p.now(11s) == "refused");
    p.open({});
    BOOST_TEST(p.at(20s) == "20");
  }
  {
    play p{queue_one};
    p.open({1});
    BOOST_TEST(p.at(10s) == "waits:10");
    BOOST_TEST((p.due == epoch + 11s)); // when it is looked at again
    BOOST_TEST(p.at(11s) == "waits:10");
    BOOST_TEST(p.at(20s) == "-20 waits:10");
    BOOST_TEST((p.due == epoch + 20s + 1250ms)); // an eighth of the ten seconds
    BOOST_TEST(p.now(21s) == "refused waits:10");
    p.open({});
    BOOST_TEST(p.at(22s) == "10");
    BOOST_TEST((p.due == epoch + 30s));
  }
  {
    play p{cancel_old};
    p.open({1, 2});
    BOOST_TEST(p.at(10s) == "waits:10 cancels:1");
    BOOST_TEST(p.at(11s) == "waits:10 cancels:1"); // asked again: the first may have been lost
    BOOST_TEST(p.at(20s) == "-10 waits:20 cancels:1");
    p.open({2});
    BOOST_TEST(p.at(21s) == "waits:20 cancels:2");
    p.open({});
    BOOST_TEST(p.at(22s) == "20");
  }
  {
    play p{allow};
    p.open({1, 2, 3});
    BOOST_TEST(p.at(10s) == "10");
    BOOST_TEST(p.now(11s) == "now");
  }
}

BOOST_AUTO_TEST_CASE(several_at_once) {
  {
    play p{skip, 3};
    p.open({1});
    BOOST_TEST(p.at(41s) == "10 20 -30 -40"); // two are free, though four are made up
  }
  {
    play p{queue_one, 2};
    p.open({1});
    BOOST_TEST(p.at(41s) == "10 -30 -40 waits:20");
  }
  {
    play p{cancel_old, 2};
    p.open({1});
    BOOST_TEST(p.at(41s) == "10 -20 -30 waits:40 cancels:1");
  }
  {
    play p{allow};
    BOOST_TEST(p.at(41s) == "10 20 30 40");
    BOOST_TEST(p.which.progress.fired == 4U);
    BOOST_TEST(p.which.progress.made_up == 3U);
    BOOST_TEST(p.which.progress.missed == 0U);
  }
}

BOOST_AUTO_TEST_CASE(what_is_missed) {
  play p{allow};
  p.which.spec.late.missed = ta::missed_policy::none;
  BOOST_TEST(p.at(41s) == "40");
  BOOST_TEST(p.which.progress.missed == 3U);
  p.which.spec.late = {.missed = ta::missed_policy::latest, .window = 1h, .on_time = 5s, .most = 100};
  BOOST_TEST(p.at(3599s) == "3590"); // nine seconds late: made up
  BOOST_TEST(p.which.progress.missed == 3U + 354U);
  BOOST_TEST(p.which.progress.made_up == 1U);
}

BOOST_AUTO_TEST_CASE(a_pause_has_no_time) {
  play p{skip};
  p.which.progress.paused = true;
  BOOST_TEST(p.at(50s).empty());
  BOOST_TEST(!p.due);
  BOOST_TEST(p.now(51s) == "now");
}

BOOST_AUTO_TEST_CASE(one_whose_zone_is_not_known_so_far_is_looked_at_again) {
  play p{skip};
  p.which.progress.next = {.found = {}, .why = ta::no_fire::zone_data};
  p.which.progress.passed = epoch + 5s;
  BOOST_TEST((td::due_of(p.which.progress, epoch + 8s) == epoch + 8s + 1h));
  BOOST_TEST(p.at(10s) == "10"); // by then it is known
}

BOOST_AUTO_TEST_CASE(what_is_over_goes) {
  play p{queue_one};
  p.which.spec.when = ta::trigger::parse("at 1970-01-01T00:00:10Z").value();
  p.open({1});
  auto step = td::look_at(p.which, epoch + 10s);
  BOOST_TEST(!td::is_over(step.then)); // it waits
  p.which.progress = step.then;
  p.open({});
  step = td::look_at(p.which, epoch + 11s);
  BOOST_TEST(step.fires.size() == 1U);
  BOOST_TEST(td::is_over(step.then));
  const auto write = td::write_of(p.which, step, epoch + 11s);
  BOOST_TEST(!write.to);
  BOOST_TEST(write.jobs.size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
