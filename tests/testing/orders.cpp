// The order in which actors run: drawn from a seed, and replayed.
#include "lifecycle/bodies.hpp"
#include "support/environment_variable.hpp"

#include <taskactor/testing.hpp>

#include <boost/test/unit_test.hpp>

#include <set>
#include <stdexcept>
#include <string>

using namespace test;
using ta::testing::manager;

BOOST_AUTO_TEST_SUITE(orders)

namespace {

/// The order in which five tasks take their three steps each.
std::string interleaving(manager& m) {
  std::string order;
  auto body = [&order](char name) -> ta::task<void> {
    for (int i = 0; i < 3; ++i) {
      order += name;
      co_await ta::yield();
    }
  };
  std::vector<ta::handle<void>> all;
  for (const char name : {'a', 'b', 'c', 'd', 'e'})
    all.push_back(m.tasks().add_task({}, body, name).value());
  for (auto& h : all)
    h.get();
  return order;
}

std::string interleaving(std::optional<std::uint64_t> seed) {
  manager m{{.seed = seed}};
  return interleaving(m);
}

/// The planted fault: the reader takes it that two steps are enough for the writer.
void publish_and_read(manager& m) {
  int page = 0;
  auto writer = [&page]() -> ta::task<void> {
    co_await ta::yield();
    page = 42;
  };
  auto reader = [&page]() -> ta::task<int> {
    co_await ta::yield();
    co_await ta::yield();
    co_return page;
  };
  auto w = m.tasks().add_task({.id = "writer"}, writer).value();
  auto r = m.tasks().add_task({.id = "reader"}, reader).value();
  if (r.get() != 42)
    throw std::runtime_error{"read before it was written"};
}

std::uint64_t failing_seed() {
  try {
    ta::testing::explore({.seeds = 200}, publish_and_read);
  } catch (const ta::testing::seed_failed& failure) {
    return failure.seed();
  }
  return 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(without_a_seed_it_is_first_come_first_served) {
  BOOST_TEST(interleaving(std::nullopt) == "abcdeabcdeabcde");
  manager m;
  publish_and_read(m); // the fault isn't seen
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_order_and_others_give_others) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto order = interleaving(seed);
    BOOST_TEST(order == interleaving(seed));
    seen.insert(order);
  }
  BOOST_TEST(seen.size() > 40u);
}

BOOST_AUTO_TEST_CASE(calls_in_turn_timers_jitter_and_gathers_are_replayed_as_well) {
  auto story = [](std::uint64_t seed) {
    manager m{{.seed = seed, .calls = ta::testing::thread_calls::in_turn}};
    std::string told;
    auto body = [&told](int n) -> ta::task<void> {
      co_await ta::run_in_thread([&told, n] { told += std::to_string(n); });
      co_await ta::sleep_for(1s);
      told += static_cast<char>('a' + n);
    };
    const std::vector<int> items{0, 1, 2, 3, 4, 5};
    (void)m.tasks().gather({.concurrency = 3, .jitter = 10ms}, body, items);
    return told + ' ' + std::to_string(m.steps()) + ' ' + std::to_string(m.elapsed().count());
  };
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const auto told = story(seed);
    BOOST_TEST(told == story(seed));
    seen.insert(told);
  }
  BOOST_TEST(seen.size() > 15u);
}

BOOST_AUTO_TEST_CASE(what_goes_through_all_tasks_does_it_in_the_same_order) {
  auto story = [](std::uint64_t seed, bool all) {
    manager m{{.seed = seed}};
    std::string told;
    auto child = [&told](int n) -> ta::task<void> {
      try {
        co_await hanging();
      } catch (const ta::cancelled_error&) {
        told += static_cast<char>('a' + n);
        throw;
      }
    };
    auto parent = [child](bool ends) -> ta::task<void> {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        for (int i = 0; i < 8; ++i)
          (void)group.add_task({}, child, i);
        co_await ta::sleep_for(1s);
        if (ends)
          group.cancel();
      });
    };
    auto h = m.tasks().add_task({}, parent, !all).value();
    m.advance(2s);
    if (all)
      m.tasks().cancel_all();
    h.wait();
    return told;
  };
  for (const bool all : {false, true}) {
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const auto told = story(seed, all);
      BOOST_TEST(told.size() == 8u);
      BOOST_TEST(told == story(seed, all));
      seen.insert(told);
    }
    BOOST_TEST(seen.size() > 15u);
  }
}

BOOST_AUTO_TEST_CASE(what_a_test_draws_is_replayed_as_well) {
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto first = manager{{.seed = seed}}.draw(10);
    BOOST_TEST(first < 10u);
    BOOST_TEST(first == manager{{.seed = seed}}.draw(10));
    seen.insert(first);
  }
  BOOST_TEST(seen.size() == 10u);
  BOOST_CHECK_THROW((void)manager{}.draw(0), std::system_error);
}

BOOST_AUTO_TEST_CASE(an_actor_s_messages_keep_their_order) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    manager m{{.seed = seed, .manager = {.capacity = 1}}};
    std::string order; // one at a time: in the order of admission, whatever the seed
    for (const char name : {'a', 'b', 'c', 'd', 'e', 'f'})
      (void)m.tasks().add_task({}, [&order, name] { order += name; });
    m.run_until_idle();
    BOOST_TEST(order == "abcdef");
  }
}

BOOST_AUTO_TEST_CASE(exploring_finds_a_planted_fault_and_names_the_seed) {
  try {
    ta::testing::explore({.seeds = 200}, publish_and_read);
    BOOST_ERROR("not found");
  } catch (const ta::testing::seed_failed& failure) {
    const std::string text = failure.what();
    const auto seed = std::to_string(failure.seed());
    BOOST_TEST(text.find("seed " + seed + " failed; TASKACTOR_TEST_SEED=" + seed) == 0u);
    BOOST_TEST(text.find("read before it was written") != std::string::npos);
    BOOST_CHECK_THROW(std::rethrow_if_nested(failure), std::runtime_error);
  }
}

BOOST_AUTO_TEST_CASE(the_seed_that_failed_fails_again_alone) {
  const auto seed = failing_seed();
  BOOST_REQUIRE(seed != 0u);
  int runs = 0;
  auto counted = [&runs](manager& m) {
    ++runs;
    publish_and_read(m);
  };
  const test::environment_variable only{"TASKACTOR_TEST_SEED", std::to_string(seed)};
  BOOST_CHECK_THROW(ta::testing::explore({.seeds = 200}, counted), ta::testing::seed_failed);
  BOOST_TEST(runs == 1);
  manager m{{.seed = seed}};
  BOOST_CHECK_THROW(publish_and_read(m), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_sound_body_passes_all_seeds) {
  BOOST_TEST(ta::testing::explore({.seeds = 25}, [](manager& m) { (void)interleaving(m); }) == 25u);
  const test::environment_variable only{"TASKACTOR_TEST_SEED", "3"};
  BOOST_TEST(ta::testing::explore({.seeds = 25}, [](manager& m) { (void)interleaving(m); }) == 1u);
}

BOOST_AUTO_TEST_CASE(a_framework_whose_checks_do_not_throw_is_asked) {
  int runs = 0;
  bool bad = false;
  ta::testing::explore_options options{.seeds = 10, .failed = [&bad] { return bad; }};
  BOOST_CHECK_EXCEPTION(ta::testing::explore(options, [&](manager&) { bad = ++runs == 4; }),
                        ta::testing::seed_failed, [](const auto& failure) { return failure.seed() == 4u; });
}

BOOST_AUTO_TEST_CASE(what_is_no_exception_of_the_standard_library_goes_through_unchanged) {
  struct aborted {};
  BOOST_CHECK_THROW(ta::testing::explore({.seeds = 1}, [](manager&) { throw aborted{}; }), aborted);
}

BOOST_AUTO_TEST_CASE(a_seed_that_is_no_number_is_refused) {
  for (const char* bad : {"x", "-1", "1.5", "12x", "99999999999999999999"}) {
    const test::environment_variable only{"TASKACTOR_TEST_SEED", bad};
    BOOST_CHECK_THROW(ta::testing::explore({.seeds = 1}, [](manager&) {}), std::system_error);
  }
}

BOOST_AUTO_TEST_SUITE_END()
