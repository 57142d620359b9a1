// join_set: each end is joined once, by the one that asks; the set's end leaves nothing behind.
#include "lifecycle/bodies.hpp"
#include "support/heard.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace test;

namespace join_sets {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::task<int> doubled(std::chrono::nanoseconds pause, int value) {
  co_await ta::sleep_for(pause);
  co_return 2 * value;
}

/// Its copies throw while they are to.
struct stubborn {
  explicit stubborn(bool* which) : refuses(which) {}
  stubborn(const stubborn& other) : refuses(other.refuses) {
    if (*refuses)
      throw std::domain_error{"no copy"};
  }
  stubborn(stubborn&&) noexcept = default;
  stubborn& operator=(const stubborn&) = default;
  bool* refuses;
};

} // namespace join_sets

BOOST_AUTO_TEST_SUITE(join_sets)

BOOST_AUTO_TEST_CASE(ends_come_in_their_order_with_ids_and_nothing_comes_last) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<std::string> {
      std::string trace;
      BOOST_TEST(!(co_await set.join_next()).has_value());
      set.add_task({}, after, 3s, 30).value();
      set.add_task({}, after, 1s, 10).value();
      set.add_task({.id = "named"}, after, 2s, 20).value();
      BOOST_TEST(set.size() == 3u);
      BOOST_TEST(!set.try_join_next().has_value());
      while (const auto one = co_await set.join_next())
        trace += one->id + '=' + std::to_string(one->result.value()) + ' ';
      BOOST_TEST(set.empty());
      BOOST_TEST(!(co_await set.join_next()).has_value());
      co_return trace;
    };
    co_return co_await ta::with_join_set<int>(inside);
  };
  BOOST_TEST(run(world, body) == "parent/2=10 parent/named=20 parent/1=30 ");
}

BOOST_AUTO_TEST_CASE(others_are_added_while_some_are_joined) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<int> {
      int sum = 0;
      int added = 1;
      set.add_task({}, after, 1s, 1).value();
      while (auto one = co_await set.join_next()) {
        sum += one->result.value();
        for (int i = 0; i < 2 && added < 100; ++i)
          set.add_task({}, after, 1s, ++added).value();
      }
      co_return sum;
    };
    co_return co_await ta::with_join_set<int>(inside);
  };
  BOOST_TEST(run(world, body) == 5050);
}

BOOST_AUTO_TEST_CASE(each_way_to_end_is_an_outcome_and_harms_nobody) {
  virtual_time world;
  listener unseen;
  const auto watch = world.tasks.observe(unseen.handler(ta::event_kind::unobserved_failure));
  auto body = []() -> ta::task<void> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<void> {
      std::map<std::string, ta::state> ends;
      set.add_task({.id = "failed"}, failing, 1s).value();
      set.add_task({.id = "late", .timeout = 2s}, hanging).value();
      auto shot = set.add_task({.id = "shot"}, hanging).value();
      set.add_task({.id = "good"}, after, 4s, 1).value();
      auto queued = set.add_task({.id = "queued", .queue_timeout = 0s}, after, 0s, 1);
      shot.cancel();
      while (auto one = co_await set.join_next()) {
        ends[one->id] = one->result.state();
        if (one->id == "parent/failed")
          BOOST_CHECK_THROW(one->result.value(), std::runtime_error);
      }
      BOOST_TEST(ends.size() == 5u);
      BOOST_CHECK(ends["parent/failed"] == ta::state::failed);
      BOOST_CHECK(ends["parent/late"] == ta::state::timed_out);
      BOOST_CHECK(ends["parent/shot"] == ta::state::cancelled);
      BOOST_CHECK(ends["parent/good"] == ta::state::completed);
      BOOST_CHECK(ends["parent/queued"] == ta::state::timed_out);
    };
    co_await ta::with_join_set<int>(inside);
  };
  run(world, body);
  wait_until_heard(world);
  BOOST_TEST(unseen.wait_for(0).empty());
}

BOOST_AUTO_TEST_CASE(values_are_moved_out_or_copied_if_others_have_a_handle) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    auto boxes = [](ta::join_set<std::unique_ptr<int>>& set) -> ta::task<void> {
      auto boxed = [](int n) -> ta::task<std::unique_ptr<int>> { co_return std::make_unique<int>(n); };
      set.add_task({}, boxed, 1).value();
      auto one = co_await set.join_next();
      BOOST_TEST(**one->result == 1);
      auto kept = set.add_task({}, boxed, 2).value();
      BOOST_TEST(*(co_await kept) == 2); // others may be looking at it
      bool taken = false;
      try {
        co_await set.join_next();
      } catch (const std::system_error& e) {
        taken = e.code() == ta::errc::result_taken;
      }
      BOOST_TEST(taken);
      BOOST_TEST(set.empty());
    };
    co_await ta::with_join_set<std::unique_ptr<int>>(boxes);
    auto copies = [](ta::join_set<stubborn>& set) -> ta::task<void> {
      bool refuses = false;
      auto give = [&refuses]() -> ta::task<stubborn> { co_return stubborn{&refuses}; };
      auto kept = set.add_task({}, give).value();
      co_await kept.outcome();
      refuses = true;
      bool thrown = false;
      try {
        co_await set.join_next();
      } catch (const std::domain_error&) {
        thrown = true;
      }
      BOOST_TEST(thrown);
      BOOST_TEST(set.size() == 1u); // it is still there
      BOOST_CHECK_THROW(set.try_join_next(), std::domain_error);
      refuses = false;
      BOOST_TEST((co_await set.join_next())->result.has_value());
      BOOST_TEST(set.empty());
    };
    co_await ta::with_join_set<stubborn>(copies);
    auto nothing = [](ta::join_set<void>& set) -> ta::task<void> {
      set.add_task({}, [] {}).value();
      BOOST_TEST((co_await set.join_next())->result.has_value());
    };
    co_await ta::with_join_set<void>(nothing);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(with_one_token_the_tasks_run_while_the_body_waits) {
  virtual_time world{{.capacity = 1}};
  auto body = []() -> ta::task<int> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<int> {
      for (int i = 1; i <= 10; ++i)
        set.add_task({}, doubled, 1s, i).value();
      int sum = 0;
      while (auto one = co_await set.join_next())
        sum += one->result.value();
      co_return sum;
    };
    co_return co_await ta::with_join_set<int>(inside);
  };
  BOOST_TEST(run(world, body) == 110);
}

BOOST_AUTO_TEST_CASE(the_sets_end_cancels_and_awaits_what_is_left_and_tells_of_failures_nobody_joined) {
  virtual_time world;
  listener unseen;
  const auto watch = world.tasks.observe(unseen.handler(ta::event_kind::unobserved_failure));
  std::string trace;
  std::optional<ta::join_set<int>> kept;
  auto body = [&]() -> ta::task<int> {
    auto inside = [&](ta::join_set<int>& set) -> ta::task<int> {
      kept = set;
      auto slow = [&trace]() -> ta::task<int> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
        }
        co_await ta::shield(ta::sleep_for(1s));
        trace += "cleaned ";
        co_await ta::yield();
        co_return 1;
      };
      set.add_task({.id = "slow"}, slow).value();
      set.add_task({.id = "lost"}, failing, 1s).value();
      co_await ta::sleep_for(2s);
      co_return 5;
    };
    const int got = co_await ta::with_join_set<int>(inside);
    trace += "left ";
    BOOST_TEST(kept->empty());
    BOOST_CHECK(kept->add_task({}, hanging).error().code == ta::errc::stopping);
    BOOST_TEST(!kept->try_join_next().has_value());
    BOOST_TEST(!(co_await kept->join_next()).has_value());
    co_return got;
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == 5);
  BOOST_CHECK(world.now() - begin == 3s);
  BOOST_TEST(trace == "cleaned left ");
  BOOST_CHECK(world.tasks.find("parent/slow")->reason == ta::end_reason::group_ended);
  wait_until_heard(world);
  const auto heard = unseen.wait_for(1);
  BOOST_REQUIRE(heard.size() == 1u);
  BOOST_TEST(heard[0].find("parent/lost") == 0u);
}

BOOST_AUTO_TEST_CASE(the_bodys_exception_is_thrown_as_it_is_when_no_task_is_left) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<std::string> {
    auto child = [&gone]() -> ta::task<void> {
      const witness here{&gone};
      co_await ta::sleep_for(1h);
    };
    auto inside = [child](ta::join_set<void>& set) -> ta::task<void> {
      set.add_task({}, child).value();
      co_await ta::sleep_for(1s);
      throw std::out_of_range{"body"};
    };
    std::string what;
    try {
      co_await ta::with_join_set<void>(inside);
    } catch (const std::out_of_range& e) {
      what = e.what();
    }
    BOOST_TEST(gone == 1);
    co_return what;
  };
  BOOST_TEST(run(world, body) == "body");
}

BOOST_AUTO_TEST_CASE(a_cancellation_or_a_deadline_around_it_reaches_body_and_tasks) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto inside = [&trace](ta::join_set<int>& set) -> ta::task<int> {
      set.add_task({}, hanging).value();
      try {
        co_await set.join_next();
      } catch (const ta::cancelled_error&) {
        trace += "told ";
        BOOST_TEST(set.size() == 1u);
        throw;
      }
      co_return 1;
    };
    auto set = ta::with_join_set<int>(inside);
    const auto got = co_await ta::move_on_after(1s, std::move(set));
    co_return trace + (got ? "value" : "none");
  };
  BOOST_TEST(run(world, body) == "told none");
  BOOST_CHECK(world.tasks.find("parent/1")->reason == ta::end_reason::parent_ended);
  auto all = []() -> ta::task<void> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<void> {
      set.add_task({}, hanging).value();
      co_await set.join_next();
    };
    co_await ta::with_join_set<int>(inside);
  };
  auto h = world.tasks.add_task({}, all).value();
  world.settle();
  h.cancel();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::cancelled);
  BOOST_TEST(world.tasks.statistics().running == 0u);
}

BOOST_AUTO_TEST_CASE(all_can_be_cancelled_and_are_joined_as_others) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<void> {
      set.add_task({}, after, 1s, 1).value();
      for (int i = 0; i < 4; ++i)
        set.add_task({}, hanging).value();
      co_await ta::sleep_for(2s);
      set.cancel_all();
      set.add_task({.id = "later"}, after, 1s, 2).value();
      std::vector<ta::state> ends;
      while (auto one = co_await set.join_next())
        ends.push_back(one->result.state());
      BOOST_TEST(std::count(ends.begin(), ends.end(), ta::state::cancelled) == 4);
      BOOST_TEST(std::count(ends.begin(), ends.end(), ta::state::completed) == 2);
    };
    co_await ta::with_join_set<int>(inside);
  };
  run(world, body);
  BOOST_CHECK(world.tasks.find("parent/2")->reason == ta::end_reason::cancel_requested);
}

BOOST_AUTO_TEST_CASE(several_may_wait_and_those_for_whom_nothing_is_left_are_told) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    auto inside = [&trace](ta::join_set<int>& set) -> ta::task<void> {
      auto ask = [&trace](ta::join_set<int> from, char name) -> ta::task<void> {
        const auto one = co_await from.join_next();
        trace += name;
        trace += one ? std::to_string(one->result.value()) : "-";
      };
      auto asking = [&set, ask](ta::task_group& group) -> ta::task<void> {
        for (const char name : {'a', 'b', 'c', 'd'}) {
          group.start(ask, set, name);
          co_await ta::sleep_for(1ms);
        }
      };
      set.add_task({}, after, 3s, 3).value();
      set.add_task({}, after, 2s, 2).value();
      co_await ta::with_group(asking);
    };
    co_await ta::with_join_set<int>(inside);
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "a2b3c-d-");
}

BOOST_AUTO_TEST_CASE(it_says_what_it_waits_for_and_what_was_refused_is_not_in_it) {
  virtual_time world{{.max_queue = 3}};
  auto body = []() -> ta::task<void> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<void> {
      set.add_task({.id = "one"}, after, 1s, 1).value();
      BOOST_CHECK(set.add_task({.id = "one"}, hanging).error().code == ta::errc::duplicate_id);
      BOOST_CHECK(set.add_task({.timeout = -1s}, hanging).error().code == ta::errc::invalid_argument);
      auto same = set.add_task({.id = "one", .admission = {.on_duplicate = ta::on_duplicate::join}}, hanging);
      BOOST_TEST(same.value().id() == "parent/one");
      set.add_task({.id = "two"}, after, 2s, 2).value();
      BOOST_CHECK(set.add_task({}, hanging).error().code == ta::errc::queue_full);
      BOOST_TEST(set.size() == 2u);
      int joined = 0;
      while (co_await set.join_next())
        ++joined;
      BOOST_TEST(joined == 2);
    };
    co_await ta::with_join_set<int>(inside);
  };
  auto h = world.tasks.add_task({.id = "parent"}, body).value();
  world.settle();
  BOOST_TEST(world.waiting().at(0).waits_for == "the next end of a task of its set, of which 2 are left");
  h.get();
}

BOOST_AUTO_TEST_CASE(a_task_that_cant_be_stopped_keeps_nobody_for_ever) {
  virtual_time world{{.cancel_grace = 1s}};
  int seen = 0;
  auto body = [&seen]() -> ta::task<int> {
    auto inside = [&seen](ta::join_set<int>& set) -> ta::task<int> {
      set.add_task({}, swallowing, &seen).value();
      set.add_task({.timeout = 1s}, swallowing, &seen).value();
      auto one = co_await set.join_next(); // at its deadline, whatever it does (rule 8)
      BOOST_CHECK(one->result.state() == ta::state::timed_out);
      co_return 3;
    };
    co_return co_await ta::with_join_set<int>(inside);
  };
  const auto begin = world.now();
  BOOST_TEST(run(world, body) == 3);
  BOOST_CHECK(world.now() - begin <= 3s);
  BOOST_TEST(seen > 0);
}

BOOST_AUTO_TEST_CASE(a_killed_parent_leaves_no_task) {
  virtual_time world;
  int gone = 0;
  auto body = [&gone]() -> ta::task<void> {
    auto inside = [&gone](ta::join_set<void>& set) -> ta::task<void> {
      auto child = [&gone](std::chrono::nanoseconds pause) -> ta::task<void> {
        const witness here{&gone};
        co_await ta::sleep_for(pause);
      };
      set.add_task({}, child, 1s).value();
      set.add_task({}, child, 1h).value();
      co_await ta::sleep_for(2s);
      co_await set.join_next();
      co_await set.join_next();
    };
    co_await ta::with_join_set<void>(inside);
  };
  for (const auto when : {0s, 3s}) {
    gone = 0;
    auto h = world.tasks.add_task({.id = "parent"}, body).value();
    world.advance(when);
    BOOST_TEST(world.kill_task("parent"));
    world.settle();
    BOOST_CHECK(h.finished());
    BOOST_TEST(gone == (when == 0s ? 2 : 2));
    BOOST_TEST(world.tasks.statistics().running == 0u);
  }
}

/// Whoever is cancelled or killed while it asks has taken none: each end is joined once.
BOOST_AUTO_TEST_CASE(each_end_is_joined_once_whoever_is_cancelled_or_killed_meanwhile) {
  int had = 0;
  int ended = 0;
  ta::testing::explore({.seeds = 300}, [&](ta::testing::manager& m) {
    std::map<int, int> joined;
    auto body = [&]() -> ta::task<void> {
      auto inside = [&](ta::join_set<int>& set) -> ta::task<void> {
        auto ask = [&](ta::join_set<int> from) -> ta::task<void> {
          if (auto one = co_await from.join_next())
            ++joined[one->result.value()];
        };
        auto asking = [&](ta::task_group& group) -> ta::task<void> {
          std::vector<ta::handle<void>> askers;
          for (int i = 0; i < 8; ++i) {
            const auto pause = std::chrono::milliseconds{m.draw(4)};
            set.add_task({}, after, pause, i).value();
            askers.push_back(group.add_task({.id = "asks" + std::to_string(i)}, ask, set).value());
          }
          for (int i = 0; i < 8; ++i) {
            co_await ta::sleep_for(std::chrono::milliseconds{m.draw(2)});
            switch (m.draw(4)) {
            case 0:
              askers[m.draw(8)].cancel();
              break;
            case 1:
              m.kill_task("parent/asks" + std::to_string(m.draw(8)));
              break;
            default:
              break;
            }
          }
        };
        co_await ta::with_group(asking);
        had += static_cast<int>(joined.size());
        while (auto one = co_await set.join_next()) {
          ++joined[one->result.value()];
          ++ended;
        }
      };
      co_await ta::with_join_set<int>(inside);
    };
    auto h = m.tasks().add_task({.id = "parent"}, body).value();
    m.run_until_idle();
    BOOST_REQUIRE(h.state() == ta::state::completed);
    BOOST_REQUIRE(joined.size() == 8u);
    BOOST_REQUIRE(
        std::all_of(joined.begin(), joined.end(), [](const auto& each) { return each.second == 1; }));
  });
  if (std::getenv("TASKACTOR_TEST_SEED") == nullptr) {
    BOOST_TEST(had > 0);
    BOOST_TEST(ended > 0);
  }
}

BOOST_AUTO_TEST_CASE(a_race_that_join_next_loses_has_joined_nothing) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    auto inside = [](ta::join_set<int>& set) -> ta::task<int> {
      set.add_task({}, after, 5s, 7).value();
      auto ask = [&set]() -> ta::task<int> { co_return (co_await set.join_next())->result.value(); };
      for (int i = 0; i < 3; ++i) {
        auto won = co_await ta::race(ask, ta::sleep_for(1s));
        BOOST_TEST(won.index() == 1u);
      }
      co_return co_await ask();
    };
    co_return co_await ta::with_join_set<int>(inside);
  };
  BOOST_TEST(run(world, body) == 7);
}

BOOST_AUTO_TEST_CASE(on_many_threads_each_is_joined_once) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  std::atomic<int> sum{0};
  auto body = [&sum]() -> ta::task<void> {
    auto inside = [&sum](ta::join_set<int>& set) -> ta::task<void> {
      auto quick = [](int n) -> ta::task<int> {
        if (n % 3 == 0)
          co_await ta::yield();
        co_return n;
      };
      auto ask = [&sum](ta::join_set<int> from) -> ta::task<void> {
        while (auto one = co_await from.join_next())
          sum += one->result.value();
      };
      auto asking = [&](ta::task_group& group) -> ta::task<void> {
        std::thread adds{[set, quick]() mutable {
          for (int i = 1; i <= 1000; ++i)
            set.add_task({}, quick, i).value();
        }};
        for (int i = 1001; i <= 2000; ++i)
          set.add_task({}, quick, i).value();
        adds.join();
        for (int i = 0; i < 4; ++i)
          group.start(ask, set);
        co_return;
      };
      co_await ta::with_group(asking);
    };
    co_await ta::with_join_set<int>(inside);
  };
  tasks.add_task({}, body).value().get();
  BOOST_TEST(sum == 2000 * 2001 / 2);
}

/// What has been joined takes no memory: one of the values would be kept otherwise.
BOOST_AUTO_TEST_CASE(many_are_joined_and_none_is_kept) {
  ta::task_manager tasks{{.history = {.size = 16}}};
  static std::atomic<long> alive;
  alive = 0;
  struct counted {
    counted() { ++alive; }
    counted(counted&&) noexcept { ++alive; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --alive; }
  };
  long most = 0;
  auto body = [&most]() -> ta::task<void> {
    auto inside = [&most](ta::join_set<counted>& set) -> ta::task<void> {
      auto make = []() -> ta::task<counted> { co_return counted{}; };
      for (int i = 0; i < 32; ++i)
        set.add_task({}, make).value();
      for (int left = 20000; auto one = co_await set.join_next(); --left) {
        most = std::max(most, alive.load());
        if (left > 0)
          set.add_task({}, make).value();
      }
    };
    co_await ta::with_join_set<counted>(inside);
  };
  tasks.add_task({}, body).value().get();
  BOOST_TEST(most < 32 * 4 + 16);
  BOOST_TEST(alive.load() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
