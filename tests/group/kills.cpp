// A killed body's frames stay until nothing is left that may refer to them: children, slots, and its own
// calls on threads.
#include "lifecycle/bodies.hpp"
#include "lifecycle/manager_core.hpp"
#include "lifecycle/timers.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <ranges>
#include <string>
#include <vector>

using namespace test;

namespace kills {

/// What a parent's frame holds, and what its children have seen of it.
struct watched {
  std::atomic<bool> there{false};
  std::atomic<int> looks{0};
  std::atomic<int> too_late{0};
  std::atomic<int> begun{0};
  std::atomic<bool> go_on{false}; // for threads
  void look() noexcept {
    ++looks;
    if (!there)
      ++too_late;
  }
};

using view = std::shared_ptr<watched>;

/// A local of the parent's.
struct local {
  view what;
  explicit local(view of) : what(std::move(of)) { what->there = true; }
  local(const local&) = delete;
  local& operator=(const local&) = delete;
  ~local() { what->there = false; }
};

/// In a child: looks at the parent's local whenever it can, and when it is destroyed.
struct looking {
  view what;
  explicit looking(view of) : what(std::move(of)) {}
  looking(looking&&) noexcept = default;
  looking(const looking&) = default;
  looking& operator=(const looking&) = delete;
  ~looking() {
    if (what)
      what->look();
  }
};

/// Ends by a kill alone, and looks at each step.
ta::task<int> stubborn(view what) {
  const looking here{what};
  ++what->begun;
  for (;;) {
    try {
      co_await ta::sleep_for(1h);
    } catch (const ta::cancelled_error&) {
      what->look();
    }
  }
}

/// A thread that isn't to be stopped.
ta::task<int> on_thread(view what) {
  const looking here{what};
  ++what->begun;
  auto call = [](const view& mine) {
    mine->go_on.wait(false);
    mine->look();
  };
  co_await ta::run_in_thread(call, what);
  co_return 0;
}

ta::task<int> stuck_in_clean_up(view what) {
  const looking here{what};
  ++what->begun;
  try {
    co_await ta::sleep_for(1h);
  } catch (const ta::cancelled_error&) {
  }
  co_await ta::shield(stubborn(what));
  co_return 0;
}

using child = ta::task<int> (*)(view);

// -- how the parent has them ------------------------------------------------

ta::task<void> in_group(view what, child one) {
  co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
    group.start(one, what);
    group.start(one, what);
    co_await stubborn(what);
  });
}

ta::task<void> in_joined_group(view what, child one) {
  co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
    group.start(one, what);
    co_return;
  });
}

ta::task<void> in_groups_within(view what, child one) {
  co_await ta::with_group([&](ta::task_group& outer) -> ta::task<void> {
    static_cast<void>(outer.add_task({.id = "outer"}, one, what));
    co_await ta::fail_after(2h, in_group(what, one));
  });
}

ta::task<void> in_race(view what, child one) { co_await ta::race(one(what), one(what)); }

ta::task<void> in_when_all(view what, child one) { co_await ta::when_all(one(what), one(what)); }

ta::task<void> in_gather(view what, child one) {
  const local range_too{what};
  std::vector<int> items{1, 2, 3};
  co_await ta::gather(
      {.concurrency = 2}, [&what, one](int) { return one(what); }, items);
}

ta::task<void> in_gather_of_groups(view what, child one) {
  std::vector<int> items{1, 2};
  co_await ta::gather(
      {}, [&what, one](int) { return in_race(what, one); }, items);
}

ta::task<void> in_as_completed(view what, child one) {
  std::vector<int> items{1, 2, 3};
  auto all = ta::as_completed(
      {.concurrency = 2}, [&what, one](int) { return one(what); }, items);
  co_await all.next();
}

ta::task<void> beside_as_completed(view what, child one) {
  auto body = [&what, one](int i) -> ta::task<int> {
    if (i != 0)
      co_await one(what);
    co_return i;
  };
  std::vector<int> items{0, 1, 2};
  auto all = ta::as_completed({.concurrency = 3}, body, items);
  co_await all.next();
  co_await stubborn(what);
}

ta::task<void> alone(view what, child one) { co_await one(what); }

ta::task<void> timed_out_items(view what, child one) {
  std::vector<int> items{1};
  co_await ta::gather(
      {.each = {.timeout = 1s}}, [&what, one](int) { return one(what); }, items);
  co_await stubborn(what); // the item goes on (rule 8)
}

struct form {
  const char* name;
  ta::task<void> (*run)(view, child);
};

constexpr form forms[] = {{"group", in_group},
                          {"joined group", in_joined_group},
                          {"groups within", in_groups_within},
                          {"race", in_race},
                          {"when_all", in_when_all},
                          {"gather", in_gather},
                          {"gather of groups", in_gather_of_groups},
                          {"as_completed", in_as_completed},
                          {"beside as_completed", beside_as_completed},
                          {"timed out items", timed_out_items}};

struct kind {
  const char* name;
  child run;
};

constexpr kind kinds[] = {{"stubborn", stubborn}, {"thread", on_thread}, {"clean-up", stuck_in_clean_up}};

enum class killer { grace_over, no_grace, at_shutdown, with_manager, by_actor };

constexpr std::pair<const char*, killer> killers[] = {{"grace over", killer::grace_over},
                                                      {"no grace", killer::no_grace},
                                                      {"shutdown", killer::at_shutdown},
                                                      {"destructor", killer::with_manager},
                                                      {"exit message", killer::by_actor}};

ta::task<void> parent(view what, form how, kind who) {
  const local here{what};
  co_await how.run(what, who.run);
}

void kill(ta::testing::manager& world, killer how, const ta::handle<void>& h) {
  switch (how) {
  case killer::grace_over:
  case killer::no_grace:
    h.cancel();
    world.settle();
    world.advance(3s);
    break;
  case killer::at_shutdown:
    world.tasks().shutdown({.drain = 0s, .cancel = 0s, .kill = 1s});
    break;
  case killer::with_manager:
    break;
  case killer::by_actor:
    world.kill_task("parent");
    world.settle();
    world.advance(3s);
    break;
  }
}

/// A manager's destructor waits for threads that come back.
bool ends_by_itself(kind who, killer by) { return who.run == on_thread && by == killer::with_manager; }

/// In an order of the seed's.
void try_one(form how, kind who, killer by, std::uint64_t seed) {
  auto what = std::make_shared<watched>();
  {
    ta::testing::manager world{{.seed = seed,
                                .patience = std::chrono::milliseconds{100},
                                .manager = {.cancel_grace = by == killer::no_grace ? 0s : 1s}}};
    auto h = world.tasks().add_task({.id = "parent"}, parent, what, how, who).value();
    world.settle();
    world.advance(2s);
    BOOST_TEST_REQUIRE(what->begun.load() != 0);
    kill(world, by, h);
    if (by != killer::with_manager)
      BOOST_CHECK(h.state() == ta::state::cancelled); // whatever goes on: its caller is answered
    world.set_patience(20s); // a thread that may go on now comes back, however busy the machine is
    what->go_on = true;
    what->go_on.notify_all();
    if (by != killer::with_manager) { // after a shutdown nothing waits for such a thread but this
      world.run_until([&] { return world.tasks().statistics().running == 0; });
      BOOST_TEST(!what->there); // and it is gone with the last
      BOOST_TEST(ta::detail::core_of(world.tasks()).sleepers().sleeping() == 0u);
      BOOST_TEST(what->looks.load() != 0);
    }
  }
  BOOST_TEST(what->too_late.load() == 0);
}

} // namespace kills

BOOST_AUTO_TEST_SUITE(kills)

BOOST_AUTO_TEST_CASE(no_frame_of_a_killed_body_dies_before_what_it_has_begun) {
  for (const auto& how : forms)
    for (const auto& who : kinds)
      for (const auto& [name, by] : killers)
        for (std::uint64_t seed = 1; seed <= 4 && !ends_by_itself(who, by); ++seed)
          BOOST_TEST_CONTEXT(how.name << ", " << who.name << ", " << name << ", seed " << seed) {
            try_one(how, who, by, seed);
          }
}

BOOST_AUTO_TEST_CASE(the_frames_of_nested_coroutines_die_when_the_last_of_them_has_nothing_left) {
  for (const auto& who : kinds)
    for (const auto& [name, by] : killers)
      if (!ends_by_itself(who, by))
        BOOST_TEST_CONTEXT(who.name << ", " << name) { try_one({"alone", alone}, who, by, 1); }
}

BOOST_AUTO_TEST_SUITE_END()
