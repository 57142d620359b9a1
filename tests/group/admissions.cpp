// Children are admitted to a group, or aren't: while it ends, from other threads, and when the admission
// itself throws at any of its steps.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <latch>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace admissions {

/// The copy of this with no steps left throws.
struct counted {
  explicit counted(int steps) : left(std::make_shared<int>(steps)) {}
  counted(const counted& other) : left(other.left) {
    if ((*left)-- == 0)
      throw std::bad_alloc{};
  }
  counted(counted&&) noexcept = default;
  counted& operator=(const counted&) = delete;
  ~counted() = default;
  std::shared_ptr<int> left;
};

ta::task<int> with_argument(counted) { co_return 1; }
ta::task<int> own(int i) { co_return i; }

/// How an admission goes wrong.
struct step {
  const char* name;
  std::function<void(ta::task_group&)> add;
};

std::vector<step> wrong_admissions() {
  std::vector<step> all;
  const std::pair<const char*, std::function<ta::task_options()>> options[]
      = {{"a negative time", [] { return ta::task_options{.timeout = -1s}; }},
         {"no such limiter",
          [] {
            return ta::task_options{.limits = {{{"none", 1}}}};
          }},
         {"an id that is taken", [] { return ta::task_options{.id = "there"}; }}};
  for (const auto& [name, make] : options)
    all.push_back(
        {name, [make = make](ta::task_group& group) { BOOST_TEST(!group.add_task(make(), own, 1)); }});
  all.push_back({"no copies for a retry", [](ta::task_group& group) {
                   auto once = [mine = std::make_unique<int>(1)]() -> ta::task<int> { co_return *mine; };
                   BOOST_TEST(!group.add_task({.retry = ta::retry{.max_attempts = 2}}, std::move(once)));
                 }});
  for (int steps = 0; steps < 3; ++steps)
    for (const bool again : {false, true})
      all.push_back({"a copy that throws", [steps, again](ta::task_group& group) {
                       const counted mine{steps};
                       ta::task_options how;
                       if (again)
                         how.retry = ta::retry{.max_attempts = 2};
                       try {
                         (void)group.add_task(std::move(how), with_argument, mine);
                       } catch (const std::bad_alloc&) { // NOLINT: that is what is tried
                       }
                     }});
  return all;
}

} // namespace admissions

BOOST_AUTO_TEST_SUITE(admissions)

BOOST_AUTO_TEST_CASE(a_group_ends_whatever_goes_wrong_when_a_child_is_admitted) {
  for (const auto& wrong : wrong_admissions())
    for (const bool beside : {false, true})
      BOOST_TEST_CONTEXT(wrong.name << (beside ? ", beside others" : ", alone")) {
        virtual_time world;
        std::size_t left = 1;
        auto body = [&]() -> ta::task<int> {
          auto inside = [&](ta::task_group& group) -> ta::task<int> {
            if (beside) {
              (void)group.add_task({.id = "there"}, after, 1s, 1);
              wrong.add(group);
              (void)group.add_task({}, after, 2s, 1);
            } else {
              auto there = group.add_task({.id = "there"}, own, 1).value();
              (void)co_await there;
              (void)group.add_task({.id = "there"}, own, 1);
              wrong.add(group);
            }
            co_await ta::sleep_for(5s);
            left = group.size();
            co_return 3;
          };
          co_return co_await ta::with_group(inside);
        };
        auto h = world.tasks.add_task({.id = "parent"}, body).value();
        world.advance(10s);
        BOOST_TEST(left == 0u);
        BOOST_TEST(h.state() == ta::state::completed);
      }
}

BOOST_AUTO_TEST_CASE(the_rest_of_a_race_ends_when_one_of_its_children_is_refused) {
  virtual_time world{{.max_queue = 3}};
  auto body = []() -> ta::task<void> { co_await ta::when_all(after(1s, 1), after(2s, 2), hanging()); };
  auto h = world.tasks.add_task({}, body).value();
  world.advance(5s);
  BOOST_CHECK(h.state() == ta::state::failed);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(a_group_that_has_no_child_left_takes_no_other) {
  virtual_time world{{.capacity = 2}};
  std::optional<ta::task_group> group;
  bool over = false;
  auto body = [&]() -> ta::task<void> {
    co_await ta::with_group([&](ta::task_group& here) -> ta::task<void> {
      group.emplace(here);
      here.start(after, 1s, 1);
      co_return;
    });
    over = true;
  };
  auto h = world.tasks.add_task({}, body).value();
  auto other = world.tasks.add_task({}, after, 1h, 1).value();
  world.settle();
  world.tasks.resize(ta::limiter_kind::global, 1);
  world.advance(2s); // the group has none left, and its task waits for a token to say so
  BOOST_TEST(!over);
  bool late = false;
  const auto added = group->add_task({}, [&] { late = over; });
  BOOST_TEST(!added);
  BOOST_CHECK(added.error().code == ta::errc::stopping);
  other.cancel();
  world.advance(10s);
  BOOST_TEST(over);
  BOOST_TEST(!late);
  BOOST_CHECK(h.state() == ta::state::completed);
}

BOOST_AUTO_TEST_CASE(a_child_that_waits_for_room_hears_of_its_groups_end) {
  ta::task_manager tasks{{.max_queue = 2, .cancel_grace = 1h}};
  auto stranger = tasks.add_task({}, hanging).value();
  std::optional<ta::task_group> group;
  std::latch begun{1};
  auto body = [&]() -> ta::task<void> {
    co_await ta::with_group([&](ta::task_group& here) -> ta::task<void> {
      group.emplace(here);
      begun.count_down();
      co_await ta::sleep_for(1h);
    });
  };
  auto h = tasks.add_task({}, body).value();
  begun.wait();
  ta::errc why{};
  std::thread adds{[&] {
    const auto added = group->add_task({.admission = {.on_full = ta::on_full::wait}}, own, 1);
    why = added ? ta::errc{} : added.error().code;
  }};
  while (group->size() == 0)
    std::this_thread::yield();
  h.cancel();
  adds.join(); // while the stranger keeps its room
  BOOST_CHECK(why == ta::errc::stopping);
  BOOST_CHECK(h.wait_outcome().state() == ta::state::cancelled);
  BOOST_CHECK(stranger.state() == ta::state::running);
  tasks.shutdown({.drain = 0s});
}

BOOST_AUTO_TEST_CASE(the_group_of_a_killed_task_takes_no_other) {
  virtual_time world{{.cancel_grace = 0s}};
  std::optional<ta::task_group> group;
  auto body = [&]() -> ta::task<void> {
    co_await ta::with_group([&](ta::task_group& here) -> ta::task<void> {
      group.emplace(here);
      co_await ta::sleep_for(1h);
    });
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  const auto added = group->add_task({}, own, 1);
  BOOST_TEST(!added);
  BOOST_CHECK(added.error().code == ta::errc::stopping);
}

BOOST_AUTO_TEST_CASE(no_child_that_threads_add_outlives_its_group) {
  ta::task_manager tasks{{.capacity = 4}};
  std::atomic<int> too_late{0}, refused{0}, ran{0};
  constexpr int rounds = 300;
  for (int round = 0; round < rounds; ++round) {
    std::atomic<bool> over{false};
    std::optional<ta::task_group> group;
    std::atomic<bool> there{false};
    std::atomic<int> added{0};
    auto add = [&] {
      while (!there)
        std::this_thread::yield();
      for (;; ++added) {
        auto child = [&over, &too_late, &ran] {
          ++ran;
          too_late += over;
        };
        if (const auto one = group->add_task({}, child); !one) {
          if (one.error().code == ta::errc::stopping)
            ++refused;
          return;
        }
        while (group->size() > 1) // so that it is empty often
          std::this_thread::yield();
      }
    };
    auto body = [&]() -> ta::task<void> {
      co_await ta::with_group([&](ta::task_group& here) -> ta::task<void> {
        group.emplace(here);
        there = true;
        while (added < 2)
          co_await ta::yield();
      });
      over = true;
    };
    std::vector<std::jthread> adders;
    adders.emplace_back(add);
    adders.emplace_back(add);
    tasks.add_task({}, body).value().get();
  }
  BOOST_TEST(too_late == 0);
  BOOST_TEST(refused == 2 * rounds);
  BOOST_TEST(ran != 0);
}

BOOST_AUTO_TEST_SUITE_END()
