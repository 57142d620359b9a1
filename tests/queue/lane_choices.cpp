// Who is next: lanes, fairness, priority, age, limits, who knows what, who runs alone.
#include "queue/lane_choice.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace ta = taskactor;
namespace td = ta::detail;
using namespace std::chrono_literals;

namespace lane_choices {

const ta::store_time now{1000s};

/// Lanes of jobs in sets.
class world : public td::lane_source {
public:
  td::job_lane& lane(std::string task = "task", std::string key = {}) {
    auto& made = lanes_.emplace_back();
    made.id = static_cast<std::int64_t>(lanes_.size());
    made.task = std::move(task);
    made.fairness_key = std::move(key);
    return made;
  }
  void add(const td::job_lane& to, int priority, std::size_t count = 1) {
    for (std::size_t i = 0; i < count; ++i)
      rows_[to.id].insert({priority, ++seq_});
  }
  /// The seq of each that was given, in order.
  std::vector<std::int64_t> claim(td::claim_share share, const td::known_tasks& tasks = {{"task", ""}}) {
    given.clear();
    places.clear();
    td::limit_tallies tallies{now};
    std::vector<const td::job_lane*> all;
    for (const auto& each : lanes_)
      all.push_back(&each);
    td::choose_jobs(*this, all, share, tasks, tallies, turn);
    for (const auto& [of, left] : tallies.rooms())
      limits[of] = left;
    return given;
  }

  std::optional<td::lane_place> place(const td::job_lane& lane, td::lane_end which) override {
    ++places[lane.id];
    const auto at = find(lane, which);
    if (at == rows_[lane.id].end())
      return {};
    auto found = *at;
    found.since = waits.contains(lane.id) ? waits.at(lane.id) : ta::store_time::max();
    return found;
  }
  void pop(const td::job_lane& lane, td::lane_end which) override {
    const auto at = find(lane, which);
    given.push_back(at->seq);
    keys.push_back(lane.fairness_key);
    ++runs[lane.fairness_key];
    rows_[lane.id].erase(at);
  }
  std::size_t count(const td::job_lane& lane, std::size_t most) override {
    return std::min(most, rows_[lane.id].size());
  }
  std::size_t running(const std::string& key) override { return runs[key]; }
  td::limit_room room(const std::string& limit, const std::string& key) override {
    return limits[{limit, key}];
  }

  std::vector<std::int64_t> given;
  std::vector<std::string> keys; // of all that was given
  std::map<std::string, std::size_t> runs;
  std::map<std::int64_t, std::size_t> places;   // of the last claim: how often a lane was asked
  std::map<std::int64_t, ta::store_time> waits; // since when
  td::limit_tallies::map limits;
  std::uint64_t turn = 0;

private:
  using rows = std::set<td::lane_place>;
  rows::iterator find(const td::job_lane& lane, td::lane_end which) {
    auto& of = rows_[lane.id];
    return which == td::lane_end::head ? of.begin() : std::ranges::min_element(of, {}, &td::lane_place::seq);
  }

  std::deque<td::job_lane> lanes_;
  std::map<std::int64_t, rows> rows_;
  std::int64_t seq_ = 0;
};

td::claim_share slots(std::size_t free, std::size_t prefetch = 0) {
  return {.asked = {.queue = "q", .free = free, .prefetch = prefetch}};
}
using seqs = std::vector<std::int64_t>;

} // namespace lane_choices

using namespace lane_choices;

BOOST_AUTO_TEST_SUITE(lane_choices)

BOOST_AUTO_TEST_CASE(the_smallest_priority_then_the_oldest) {
  world of;
  auto& one = of.lane();
  auto& other = of.lane();
  of.add(one, 5);   // 1
  of.add(other, 5); // 2
  of.add(other, 0); // 3
  of.add(one, 9);   // 4
  of.add(one, 5);   // 5
  BOOST_TEST(of.claim(slots(2)) == (seqs{3, 1}), boost::test_tools::per_element());
  BOOST_TEST(of.claim(slots(9)) == (seqs{2, 5, 4}), boost::test_tools::per_element());
  BOOST_TEST(of.claim(slots(9)).empty());
}

BOOST_AUTO_TEST_CASE(each_eighth_is_the_oldest_over_all_claims) {
  world of;
  auto& urgent = of.lane();
  auto& patient = of.lane();
  of.add(patient, 9, 10);
  of.add(urgent, 0, 100);
  seqs all;
  for (int i = 0; i < 16; ++i)
    for (const auto seq : of.claim(slots(1)))
      all.push_back(seq);
  BOOST_TEST(all == (seqs{11, 12, 13, 14, 15, 16, 17, 1, 18, 19, 20, 21, 22, 23, 24, 2}),
             boost::test_tools::per_element());
  BOOST_TEST(of.claim(slots(8)).back() == 3);
}

BOOST_AUTO_TEST_CASE(the_oldest_of_a_lane_may_be_behind_its_head) {
  world of;
  auto& only = of.lane();
  of.add(only, 9);
  of.add(only, 0, 10);
  const auto given = of.claim(slots(8));
  BOOST_TEST(given == (seqs{2, 3, 4, 5, 6, 7, 8, 1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_key_that_has_had_the_least_is_next) {
  world of;
  auto& big = of.lane("task", "big");
  auto& small = of.lane("task", "small");
  of.add(big, 0, 100);
  of.add(small, 9, 3);
  of.claim(slots(6));
  BOOST_TEST(of.keys == (std::vector<std::string>{"big", "small", "big", "small", "big", "small"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_runs_counts_for_fairness) {
  world of;
  auto& big = of.lane("task", "big");
  auto& small = of.lane("task", "small");
  of.add(big, 0, 100);
  of.add(small, 9, 10);
  of.runs["big"] = 3;
  of.claim(slots(5));
  BOOST_TEST(of.keys == (std::vector<std::string>{"small", "small", "small", "big", "small"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(lanes_of_one_key_share_its_turn) {
  world of;
  auto& one = of.lane("task", "a");
  auto& two = of.lane("task", "a");
  auto& other = of.lane("task", "b");
  of.add(one, 4, 2);
  of.add(two, 4, 2);
  of.add(other, 4, 2);
  of.claim(slots(6));
  BOOST_TEST(of.keys == (std::vector<std::string>{"a", "b", "a", "b", "a", "a"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(tasks_that_the_runner_does_not_know_stay) {
  world of;
  auto& unknown = of.lane("unknown");
  of.add(unknown, 0, 1000);
  of.add(of.lane(), 9);
  BOOST_TEST(of.claim(slots(5)) == seqs{1001}, boost::test_tools::per_element());
  BOOST_TEST(of.places[unknown.id] == 0U);
  BOOST_TEST(of.claim(slots(5), {{"task", ""}, {"tas", ""}, {"unknowns", ""}}).empty());
  BOOST_TEST(of.claim(slots(5), {}).empty());
}

BOOST_AUTO_TEST_CASE(a_version_is_known_as_it_is_and_none_is_any) {
  td::job_lane lane{.task = "task"};
  BOOST_TEST(td::is_known(lane, {{"task", "2"}}, false));
  BOOST_TEST(!td::is_known(lane, {{"task2", ""}}, false));
  lane.version = "2";
  BOOST_TEST(td::is_known(lane, {{"task", ""}, {"task", "2"}}, false));
  BOOST_TEST(!td::is_known(lane, {{"task", ""}, {"task", "1"}}, false));
}

BOOST_AUTO_TEST_CASE(commands_go_to_who_asks_for_them) {
  td::job_lane lane{.kind = ta::job_kind::command, .task = "sh"};
  BOOST_TEST(!td::is_known(lane, {{"sh", ""}}, false));
  BOOST_TEST(td::is_known(lane, {}, true));
}

BOOST_AUTO_TEST_CASE(a_full_limit_is_skipped_and_asked_once) {
  world of;
  auto& limited = of.lane();
  limited.limits = {{"db", "", 1}};
  of.limits[{"db", ""}] = {.capacity = 3, .taken = 1};
  of.add(limited, 0, 1000);
  auto& free = of.lane();
  of.add(free, 9, 3);
  BOOST_TEST(of.claim(slots(5)) == (seqs{1, 2, 1001, 1002, 1003}), boost::test_tools::per_element());
  BOOST_TEST((of.limits[{"db", ""}].taken) == 3U);
  BOOST_TEST(of.claim(slots(5)).empty());
  BOOST_TEST(of.places[limited.id] == 1U);
}

BOOST_AUTO_TEST_CASE(all_limits_or_none) {
  world of;
  auto& both = of.lane();
  both.limits = {{"a", "", 1}, {"b", "", 2}};
  auto& one = of.lane();
  one.limits = {{"a", "", 1}};
  of.limits[{"a", ""}] = {.capacity = 4};
  of.limits[{"b", ""}] = {.capacity = 3};
  of.add(both, 0, 5); // 1 ...
  of.add(one, 9, 5);  // 6 ...
  BOOST_TEST(of.claim(slots(9)) == (seqs{1, 6, 7, 8}), boost::test_tools::per_element());
  BOOST_TEST((of.limits[{"a", ""}].taken) == 4U);
  BOOST_TEST((of.limits[{"b", ""}].taken) == 2U);
}

BOOST_AUTO_TEST_CASE(each_key_of_a_limit_has_a_count_of_its_own) {
  world of;
  for (const auto* key : {"x", "y"}) {
    auto& lane = of.lane();
    lane.limits = {{"host", key, 1}};
    of.limits[{"host", key}] = {.capacity = 1};
    of.add(lane, 0, 5);
  }
  BOOST_TEST(of.claim(slots(9)) == (seqs{1, 6}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_limit_is_one_for_all_shares_of_a_claim) {
  world of;
  auto& lane = of.lane();
  lane.limits = {{"db", "", 1}};
  of.limits[{"db", ""}] = {.capacity = 3};
  of.add(lane, 0, 9);
  td::limit_tallies tallies{now};
  const td::known_tasks tasks{{"task", ""}};
  const td::job_lane* const lanes[]{&lane};
  td::choose_jobs(of, lanes, slots(2), tasks, tallies, of.turn);
  td::choose_jobs(of, lanes, slots(2), tasks, tallies, of.turn);
  BOOST_TEST(of.given == (seqs{1, 2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_needs_more_than_there_is_runs_alone) {
  world of;
  auto& heavy = of.lane();
  heavy.limits = {{"db", "", 5}};
  of.limits[{"db", ""}] = {.capacity = 3, .taken = 1};
  of.add(heavy, 0, 5);
  BOOST_TEST(of.claim(slots(9)).empty());
  of.limits[{"db", ""}].taken = 0;
  BOOST_TEST(of.claim(slots(9)).size() == 1U);
  of.limits[{"db", ""}] = {.capacity = 0};
  BOOST_TEST(of.claim(slots(9)).empty());
}

BOOST_AUTO_TEST_CASE(a_rate_gives_its_burst_and_then_as_time_goes_by) {
  world of;
  auto& lane = of.lane();
  lane.limits = {{"mail", "", 1}};
  of.limits[{"mail", ""}] = {.rate = ta::rate{.count = 1, .period = 1s, .burst = 3}};
  of.add(lane, 0, 9);
  BOOST_TEST(of.claim(slots(9)).size() == 3U);
  BOOST_TEST(of.claim(slots(9)).empty());
  of.limits[{"mail", ""}].next -= 2s;
  BOOST_TEST(of.claim(slots(9)).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_rate_counts_to_the_nanosecond_and_heals) {
  const td::store_rate of{ta::rate{.count = 3, .period = 1s, .burst = 2}};
  auto next = of.take(2, {}, now);
  BOOST_TEST(!of.has(1, next, now + 333'333us));
  BOOST_TEST(of.has(1, next, now + 333'334us));
  BOOST_TEST(!of.has(2, next, now + 666'666us));
  BOOST_TEST(of.has(9, next, now + 666'668us)); // more than the burst: when it is full
  next = of.put_back(1, next, now);
  BOOST_TEST(of.has(1, next, now));
  BOOST_TEST(!of.has(2, next, now));
  next = of.put_back(5, next, now);
  BOOST_TEST(of.has(2, next, now));
  // An hour back: no longer to wait than for a full bucket.
  next = of.take(2, next, now);
  BOOST_TEST(!of.has(1, next, now - 1h));
  BOOST_TEST(of.has(1, of.put_back(1, next, now - 1h), now - 1h));
  const td::store_rate never{ta::rate{.count = 1, .period = std::chrono::nanoseconds::max(), .burst = 1}};
  BOOST_TEST(!never.has(1, never.take(1, {}, now), now + 1h));
}

BOOST_AUTO_TEST_CASE(two_losses_run_alone) {
  world of;
  auto& lane = of.lane();
  lane.losses = 2;
  auto& other = of.lane();
  of.add(lane, 0, 2); // 1, 2
  of.add(other, 4, 3);
  BOOST_TEST(of.claim(slots(9)) == seqs{1}, boost::test_tools::per_element()); // nothing beside it
  auto share = slots(9, 9);
  share.runs = 1;
  share.runs_alone = true;
  BOOST_TEST(of.claim(share).empty());
  share.runs_alone = false;
  BOOST_TEST(of.claim(share) == (seqs{3, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(of.claim(share).empty());
  BOOST_TEST(of.claim(slots(9)) == seqs{2}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_is_not_first_does_not_get_one_that_runs_alone) {
  world of;
  auto& lane = of.lane();
  lane.losses = 2;
  of.add(lane, 4);
  of.add(of.lane(), 0, 2);
  BOOST_TEST(of.claim(slots(9)) == (seqs{2, 3}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(what_one_that_has_waited_long_needs_of_a_limit_is_set_aside) {
  world of;
  auto& heavy = of.lane();
  heavy.limits = {{"db", "", 3}};
  auto& light = of.lane();
  light.limits = {{"db", "", 1}};
  auto& other = of.lane();
  of.add(heavy, 9);    // 1
  of.add(light, 0, 5); // 2 ... 6
  of.add(other, 9, 9); // 7 ... 15
  const auto claim_with = [&](std::size_t taken, std::size_t capacity = 3) {
    of.limits[{"db", ""}] = {.capacity = capacity, .taken = taken};
    return of.claim(slots(1)).front();
  };
  for (const auto waited : {td::held_up_after - 1us, 2 * td::held_up_after, 4 * td::held_up_after - 1us}) {
    of.waits[heavy.id] = now - waited;
    if (waited < td::held_up_after)
      BOOST_TEST(claim_with(2) == 2);
    else if (waited == 2 * td::held_up_after)
      BOOST_TEST(claim_with(2) == 3); // for as long again nothing is
    else
      for (const std::size_t taken : {3U, 2U, 1U}) // what runs ends, and nothing takes its place
        BOOST_TEST(claim_with(taken) >= 7);
  }
  BOOST_TEST(claim_with(2, 6) == 4); // of six, one is neither taken nor set aside
  of.waits[heavy.id] = now - td::held_up_after;
  BOOST_TEST(claim_with(0) == 1);
  BOOST_TEST(claim_with(0) == 5); // nobody waits for several any more
}

BOOST_AUTO_TEST_CASE(who_has_waited_long_for_several_tokens_has_no_other_advantage) {
  world of;
  auto& heavy = of.lane();
  heavy.limits = {{"db", "", 2}};
  auto& urgent = of.lane();
  of.add(heavy, 9, 100);
  of.add(urgent, 0, 100); // 101 ...
  of.waits[heavy.id] = now - td::held_up_after;
  of.limits[{"db", ""}] = {.capacity = 100};
  std::size_t heavy_ones = 0;
  for (int i = 0; i < 80; ++i)
    heavy_ones += static_cast<std::size_t>(of.claim(slots(1)).front() <= 100);
  BOOST_TEST(heavy_ones == 10U); // each eighth is the oldest of all
}

BOOST_AUTO_TEST_CASE(behind_a_limit_that_lacks_none_is_set_aside) {
  world of;
  auto& heavy = of.lane();
  heavy.limits = {{"db", "", 3}, {"lock", "", 1}};
  auto& light = of.lane();
  light.limits = {{"db", "", 1}};
  auto& locks = of.lane();
  locks.limits = {{"lock", "", 1}};
  of.add(heavy, 0);    // 1
  of.add(light, 9, 4); // 2 ... 5
  of.add(locks, 9, 4); // 6 ... 9
  of.waits[heavy.id] = now - td::held_up_after;
  for (const std::size_t lock : {0U, 1U}) { // closed, or another one's for long
    of.limits[{"db", ""}] = {.capacity = 3, .taken = 2};
    of.limits[{"lock", ""}] = {.capacity = lock, .taken = lock};
    BOOST_TEST(of.claim(slots(2)) == (seqs{static_cast<std::int64_t>(lock) + 2}),
               boost::test_tools::per_element());
  }
  of.limits[{"db", ""}] = {.capacity = 3, .taken = 2};
  of.limits[{"lock", ""}] = {.capacity = 1};
  BOOST_TEST(of.claim(slots(2)).empty()); // while the last tokens come, the lock is kept
  of.limits[{"db", ""}] = {.capacity = 3};
  of.limits[{"lock", ""}] = {.capacity = 1};
  BOOST_TEST(of.claim(slots(2)) == (seqs{1}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(ahead_only_what_others_leave_and_what_may_wait) {
  world of;
  auto& limited = of.lane();
  limited.limits = {{"db", "", 1}};
  auto& lost = of.lane();
  lost.losses = 1;
  auto& plain = of.lane();
  of.add(limited, 0, 10);
  of.add(lost, 0, 10);
  of.add(plain, 9, 10); // 21 ...
  auto share = slots(0, 100);
  share.others_free = 6;
  BOOST_TEST(of.claim(share) == (seqs{21, 22, 23, 24}), boost::test_tools::per_element());
  share.others_free = 0;
  share.asked.prefetch = 2;
  BOOST_TEST(of.claim(share) == (seqs{25, 26}), boost::test_tools::per_element());
  share.others_free = 100;
  BOOST_TEST(of.claim(share).empty());
}

BOOST_AUTO_TEST_CASE(a_single_claim_of_many_lanes_asks_each_head_once) {
  world of;
  for (int i = 0; i < 1000; ++i)
    of.add(of.lane(), 4, 5);
  BOOST_TEST(of.claim(slots(100)).size() == 100U);
  std::size_t asked = 0;
  for (const auto& [lane, count] : of.places)
    asked += count;
  BOOST_TEST(asked <= 2100U); // each head, each oldest, and those of lanes that gave
}

BOOST_AUTO_TEST_SUITE_END()
