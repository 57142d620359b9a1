// What a runner's parts decide, without a store, a manager or time.
#include "queue/runner_care.hpp"
#include "queue/runner_ends.hpp"
#include "queue/runner_heart.hpp"
#include "queue/runner_stop.hpp"
#include "queue/this_machine.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace runner_parts {

using namespace taskactor::detail;
using taskactor::job_id;
using namespace std::chrono_literals;
namespace ta = taskactor;

const time_point start{1000s};

job_end end_of(job_id id, std::size_t bytes = 0) {
  return {.id = id, .token = id, .how = claim_end::succeeded, .result = std::string(bytes, 'x')};
}

/// Of another machine.
runner_row row_of(const std::string& name, std::uint64_t beat) {
  return {.runner = {name, 1}, .beat = beat, .host = "elsewhere", .boot_id = "another", .pid = 1};
}

} // namespace runner_parts

BOOST_AUTO_TEST_SUITE(runner_parts)

using namespace ::runner_parts;

BOOST_AUTO_TEST_CASE(a_call_that_fails_is_made_again_after_longer_and_longer_waits) {
  ta::runner_part_statistics counts;
  runner_part part{counts, nullptr};
  BOOST_TEST(part.may_begin(start));
  part.begin();
  BOOST_TEST(!part.may_begin(start));
  BOOST_TEST((part.not_before() == time_point::max()));
  BOOST_TEST(!part.end(ta::expected<int>{ta::rejection{ta::errc::store_failed, "full"}}, start));
  BOOST_TEST(counts.last_error == "full");
  const auto first = part.not_before() - start;
  BOOST_TEST((first >= 100ms && first < 150ms));
  part.begin();
  BOOST_TEST(!part.end(ta::expected<int>{ta::rejection{ta::errc::store_failed, "full"}}, start));
  BOOST_TEST((part.not_before() - start >= 200ms));
  part.begin();
  BOOST_TEST(part.end(ta::expected<int>{1}, start + 1s));
  BOOST_TEST(part.may_begin(start));
  BOOST_TEST(counts.last_error == "");
  BOOST_TEST(counts.calls == 3u);
  BOOST_TEST(counts.failures == 2u);
  BOOST_TEST((counts.last_success == start + 1s));
}

BOOST_AUTO_TEST_CASE(open_ends_are_bounded_in_number_and_in_bytes) {
  runner_ends ends;
  const runner_key key{"r", 1};
  for (std::size_t i = 0; i + 1 < runner_ends::most; ++i)
    ends.add(key, end_of(static_cast<job_id>(i)));
  BOOST_TEST(ends.has_room());
  ends.add(key, end_of(5000));
  BOOST_TEST(!ends.has_room());
  runner_ends large;
  large.add(key, end_of(1, runner_ends::most_bytes - 1));
  BOOST_TEST(large.has_room());
  large.add(key, end_of(2, 1));
  BOOST_TEST(!large.has_room());
  (void)large.take();
  BOOST_TEST(!large.has_room()); // until they are confirmed
  large.confirmed({end_reply::done, end_reply::done}, [](const job_end&, end_reply) {});
  BOOST_TEST(large.has_room());
}

BOOST_AUTO_TEST_CASE(ends_that_were_not_confirmed_are_offered_again_in_their_order_and_by_incarnation) {
  runner_ends ends;
  ends.add({"r", 1}, end_of(1));
  ends.add({"r", 1}, end_of(2));
  ends.add({"r", 2}, end_of(3));
  for (int i = 0; i < 2; ++i) {
    const auto [key, batch] = ends.take();
    BOOST_TEST(key.incarnation == 1u);
    BOOST_TEST(batch.size() == 2u);
    BOOST_TEST(batch[0].id == 1);
    if (i == 0)
      ends.failed();
  }
  std::vector<job_id> seen;
  ends.confirmed({end_reply::done, end_reply::stale},
                 [&](const job_end& end, end_reply) { seen.push_back(end.id); });
  BOOST_TEST((seen == std::vector<job_id>{1, 2}));
  BOOST_TEST(ends.take().first.incarnation == 2u);
}

BOOST_AUTO_TEST_CASE(the_fence_is_so_long_after_a_confirmed_beat_was_sent) {
  const runner_plan plan{
      .queues = {}, .name = "r", .lease = 30s, .beat = 5s, .fence = 20s, .poll = 5s, .prefetch = 0};
  ta::runner_part_statistics counts;
  runner_heart heart{plan, counts, 1};
  BOOST_TEST(heart.is_fenced());
  BOOST_TEST(heart.is_due(start));
  (void)heart.send({}, {}, false, start, 100s);
  BOOST_TEST(heart.answered(ta::expected<beat_reply>{beat_reply{}}, start + 3s));
  BOOST_TEST((heart.fence_at() == 120s)); // not from its answer on
  BOOST_TEST(!heart.is_fenced());
  BOOST_TEST(!heart.is_due(start + 4s));
  BOOST_TEST(heart.is_due(start + 5s));
  BOOST_TEST(!heart.is_steady());
  (void)heart.send({}, {}, false, start + 5s, 105s);
  heart.answered(ta::expected<beat_reply>{beat_reply{}}, start + 5s);
  BOOST_TEST(heart.is_steady());
  BOOST_TEST(!heart.has_passed(125s - 1ns));
  BOOST_TEST(heart.has_passed(125s));
  BOOST_TEST(!heart.has_passed(125s)); // once
  (void)heart.send({}, {{.id = 7, .token = 1, .begun = true}}, false, start + 30s, 130s);
  BOOST_TEST(
      !heart.answered(ta::expected<beat_reply>{ta::rejection{ta::errc::store_failed, ""}}, start + 30s));
  BOOST_TEST(heart.is_fenced());
  const auto again = heart.send({}, {{.id = 8, .token = 2}}, false, start + 31s, 131s);
  BOOST_TEST(again.notes.size() == 2u); // what the failed one had goes first
  BOOST_TEST(again.notes[0].id == 7);
  heart.answered(ta::expected<beat_reply>{beat_reply{}}, start + 31s);
  BOOST_TEST(!heart.is_fenced());
  BOOST_TEST(!heart.is_steady()); // others may have stood still with it
  heart.be_another(2);
  BOOST_TEST(heart.is_fenced());
  BOOST_TEST(heart.key().incarnation == 2u);
}

BOOST_AUTO_TEST_CASE(a_runner_is_lost_when_its_beat_stands_still_for_a_whole_lease) {
  seen_runners others;
  const runner_key own{"own", 1};
  const auto look = [&](std::uint64_t beat, std::chrono::nanoseconds at, bool counts = true) {
    return others.look({row_of("other", beat), row_of("own", 5)}, own, 30s, at, counts).size();
  };
  BOOST_TEST(look(1, 0s) == 0u);
  BOOST_TEST(look(1, 29s) == 0u);
  BOOST_TEST(look(2, 30s) == 0u); // it beats
  BOOST_TEST(look(2, 59s) == 0u);
  BOOST_TEST(look(2, 60s) == 1u);
  BOOST_TEST(look(2, 61s, false) == 0u); // this one was held up itself
  BOOST_TEST(look(2, 90s) == 0u);
  BOOST_TEST(look(2, 91s) == 1u);
  BOOST_TEST(others.any());
  (void)others.look({}, own, 30s, 100s, true);
  BOOST_TEST(!others.any());
}

BOOST_AUTO_TEST_CASE(a_process_of_this_machine_that_is_gone_is_lost_at_once) {
  const auto here = this_machine::get();
  BOOST_TEST(here.start != 0u);
  BOOST_TEST(!this_machine::is_gone(here));
  auto earlier = here;
  ++earlier.start; // another process had this number
  BOOST_TEST(this_machine::is_gone(earlier));
  earlier.boot_id += "x"; // on another machine, or before it was started anew: who knows
  BOOST_TEST(!this_machine::is_gone(earlier));
  const auto child = ::fork();
  if (child == 0)
    ::_exit(0);
  siginfo_t ended{};
  BOOST_REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  auto dead = here;
  dead.pid = child; // not reaped yet
  BOOST_TEST(this_machine::is_gone(dead));
  BOOST_REQUIRE(::waitpid(child, nullptr, 0) == child);
  BOOST_TEST(this_machine::is_gone(dead));
}

BOOST_AUTO_TEST_CASE(the_stages_of_a_stop_follow_each_other_and_are_hurried_up) {
  runner_stop stop;
  BOOST_TEST(!stop.gives_up(time_point::max()));
  stop.ask({.drain = 10s, .cancel = 5s, .kill = 2s}, start);
  BOOST_TEST(!stop.cancels(start + 9s));
  BOOST_TEST(stop.cancels(start + 10s));
  BOOST_TEST(!stop.leaves(start + 14s));
  BOOST_TEST(stop.leaves(start + 15s));
  BOOST_TEST(stop.gives_up(start + 17s));
  BOOST_TEST((stop.due(start + 11s) == start + 15s));
  stop.ask({.drain = 0s, .cancel = 1s, .kill = 0s}, start + 2s);
  BOOST_TEST(stop.cancels(start + 2s));
  BOOST_TEST(stop.gives_up(start + 3s));
  stop.ask({.drain = 1h, .cancel = 1h, .kill = 1h}, start + 2s); // never held back
  BOOST_TEST(stop.gives_up(start + 3s));
}

BOOST_AUTO_TEST_SUITE_END()
