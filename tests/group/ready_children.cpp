// start_ready: who waits for a child's start gets what it starts with, or why it hasn't started.
#include "lifecycle/bodies.hpp"
#include "support/heard.hpp"
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

using namespace test;

namespace ready_children {

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({.id = "parent"}, std::move(body)).value().get();
}

ta::task<void> serving(ta::ready_signal<int> ready, std::chrono::nanoseconds start, int value,
                       std::chrono::nanoseconds service) {
  co_await ta::sleep_for(start);
  ready.started(value);
  co_await ta::sleep_for(service);
}

/// What is thrown in place of a start, in words.
template <class T = int, class F, class... Args>
ta::task<std::string> error_of(ta::task_group& group, ta::task_options options, F body, Args... args) {
  try {
    co_await group.start_ready<T>(std::move(options), std::move(body), std::move(args)...);
  } catch (const std::system_error& e) {
    co_return e.code() == ta::errc::never_ready ? std::string{"never ready"} : std::string{e.what()};
  } catch (const std::exception& e) {
    co_return e.what();
  }
  co_return "started";
}

/// A value whose moves throw from the n-th on.
struct brittle {
  explicit brittle(int moves) : left(moves) {}
  brittle(brittle&& other) : left(other.left - 1) {
    if (left < 0)
      throw std::domain_error{"broken"};
  }
  int left;
};

} // namespace ready_children

BOOST_AUTO_TEST_SUITE(ready_children)

BOOST_AUTO_TEST_CASE(the_caller_goes_on_with_what_the_child_starts_with_and_the_group_waits_for_it) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    const auto begin = ta::this_task::now();
    co_await ta::with_group([begin](ta::task_group& group) -> ta::task<void> {
      BOOST_TEST(co_await group.start_ready<int>(serving, 1s, 7, 5s) == 7);
      BOOST_CHECK(ta::this_task::now() - begin == 1s);
      BOOST_TEST(group.size() == 1u);
      BOOST_TEST(co_await group.start_ready<int>({.id = "named"}, serving, 0s, 8, 1s) == 8);
      BOOST_TEST(group.size() == 2u);
    });
    BOOST_CHECK(ta::this_task::now() - begin == 6s);
  };
  run(world, body);
  BOOST_CHECK(world.tasks.find("parent/1")->state == ta::state::completed);
  BOOST_CHECK(world.tasks.find("parent/named")->state == ta::state::completed);
}

BOOST_AUTO_TEST_CASE(it_may_have_no_value_one_that_can_only_be_moved_and_a_result_of_its_own) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int got = 0;
    co_await ta::with_group([&got](ta::task_group& group) -> ta::task<void> {
      auto plain = [](ta::ready_signal<void> ready) -> ta::task<int> {
        BOOST_TEST(ready.started());
        co_return 5;
      };
      co_await group.start_ready(plain);
      auto boxed
          = [](ta::ready_signal<std::unique_ptr<int>> ready, std::unique_ptr<int> value) -> ta::task<void> {
        BOOST_TEST(ready.started(std::move(value)));
        co_return;
      };
      const auto box = co_await group.start_ready<std::unique_ptr<int>>(boxed, std::make_unique<int>(9));
      got = *box;
    });
    co_return got;
  };
  BOOST_TEST(run(world, body) == 9);
}

BOOST_AUTO_TEST_CASE(with_one_token_the_child_runs_while_the_caller_waits) {
  virtual_time world{{.capacity = 1}};
  auto body = []() -> ta::task<int> {
    int got = 0;
    co_await ta::with_group([&got](ta::task_group& group) -> ta::task<void> {
      got = co_await group.start_ready<int>(serving, 1s, 3, 1s);
    });
    co_return got;
  };
  BOOST_TEST(run(world, body) == 3);
}

BOOST_AUTO_TEST_CASE(a_thread_may_say_it) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int got = 0;
    co_await ta::with_group([&got](ta::task_group& group) -> ta::task<void> {
      auto child = [](ta::ready_signal<int> ready) -> ta::task<void> {
        auto call = [&ready] { ready.started(11); };
        co_await ta::run_in_thread(call);
      };
      got = co_await group.start_ready<int>(child);
    });
    co_return got;
  };
  BOOST_TEST(run(world, body) == 11);
}

BOOST_AUTO_TEST_CASE(a_failure_before_the_start_is_the_callers_alone) {
  virtual_time world;
  listener unseen;
  const auto watch = world.tasks.observe(unseen.handler(ta::event_kind::unobserved_failure));
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      auto sibling = group.add_task({}, after, 10s, 1).value();
      auto broken = [](ta::ready_signal<int>) { return failing(1s); };
      bool thrown = false;
      try {
        co_await group.start_ready<int>(broken);
      } catch (const std::runtime_error& e) {
        thrown = std::string{e.what()} == "boom";
      }
      BOOST_TEST(thrown);
      BOOST_TEST(co_await sibling == 1);
    });
  };
  run(world, body);
  wait_until_heard(world);
  BOOST_TEST(unseen.wait_for(0).empty());
}

BOOST_AUTO_TEST_CASE(let_out_of_the_body_it_ends_the_group_once) {
  virtual_time world;
  auto body = []() -> ta::task<std::size_t> {
    std::size_t errors = 0;
    try {
      co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
        group.start(hanging);
        auto broken = [](ta::ready_signal<int>) { return failing(1s); };
        co_await group.start_ready<int>(broken);
      });
    } catch (const ta::group_error& e) {
      errors = e.errors().size();
    }
    co_return errors;
  };
  BOOST_TEST(run(world, body) == 1u);
}

BOOST_AUTO_TEST_CASE(each_way_to_end_before_the_start_says_why) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      auto silent = [](ta::ready_signal<int>) -> ta::task<void> { co_return; };
      BOOST_TEST(co_await error_of(group, {}, silent) == "never ready");
      auto stuck = [](ta::ready_signal<int>) { return hanging(); };
      auto why = co_await error_of(group, {.timeout = 1s}, stuck);
      BOOST_TEST(why.find("timed out: ran too long") == 0u, why);
      auto twice = [](ta::ready_signal<int> ready) -> ta::task<void> {
        BOOST_TEST(ready.started(1));
        const auto copy = ready;
        try {
          copy.started(2);
          BOOST_ERROR("the second call is taken");
        } catch (const std::system_error& e) {
          BOOST_CHECK(e.code() == ta::errc::already_ready);
        }
        co_return;
      };
      BOOST_TEST(co_await group.start_ready<int>(twice) == 1);
    });
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_child_that_somebody_cancels_before_its_start_is_an_error_of_the_caller_only) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string why;
    co_await ta::with_group([&why](ta::task_group& group) -> ta::task<void> {
      auto stuck = [](ta::ready_signal<int>) { return hanging(); };
      why = co_await error_of(group, {.id = "shot"}, stuck);
    });
    co_return why;
  };
  auto h = world.tasks.add_task({.id = "parent"}, body).value();
  world.settle();
  BOOST_TEST(world.waiting().at(0).waits_for == "the start of task \"parent/shot\"");
  world.tasks.cancel_task("parent/shot");
  BOOST_TEST(h.get().find("cancelled") == 0u, h.get());
}

BOOST_AUTO_TEST_CASE(a_failure_after_the_start_is_the_groups) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    try {
      co_await ta::with_group([&trace](ta::task_group& group) -> ta::task<void> {
        auto child = [](ta::ready_signal<int> ready) -> ta::task<void> {
          ready.started(1);
          co_await failing(1s);
        };
        trace += std::to_string(co_await group.start_ready<int>(child));
        co_await ta::sleep_for(1h);
      });
    } catch (const ta::group_error& e) {
      trace += ta::describe(e.errors().at(0));
    }
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "1std::runtime_error: boom");
}

BOOST_AUTO_TEST_CASE(a_child_that_fails_as_it_says_so_has_started) {
  virtual_time world;
  auto body = []() -> ta::task<std::size_t> {
    std::size_t errors = 0;
    try {
      co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
        auto child = [](ta::ready_signal<int> ready) -> ta::task<void> {
          ready.started(1);
          throw std::logic_error{"at once"};
          co_return;
        };
        try {
          static_cast<void>(co_await group.start_ready<int>(child));
        } catch (const std::logic_error&) {
          BOOST_ERROR("it is the group's");
        }
        co_await ta::sleep_for(1h);
      });
    } catch (const ta::group_error& e) {
      errors = e.errors().size();
    }
    co_return errors;
  };
  BOOST_TEST(run(world, body) == 1u);
}

BOOST_AUTO_TEST_CASE(a_cancelled_caller_cancels_the_child_and_waits_for_its_clean_up) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    const auto begin = ta::this_task::now();
    co_await ta::with_group([&trace, begin](ta::task_group& group) -> ta::task<void> {
      auto sibling = group.add_task({}, after, 20s, 1).value();
      auto slow = [&trace](ta::ready_signal<int> ready) -> ta::task<void> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
          trace += "told ";
        }
        co_await ta::shield(ta::sleep_for(1s));
        trace += ready.started(1) ? "too late " : "unwanted ";
        co_await ta::yield();
      };
      auto start = group.start_ready<int>(slow);
      const auto got = co_await ta::move_on_after(2s, std::move(start));
      trace += got ? "value " : "none ";
      BOOST_CHECK(ta::this_task::now() - begin == 3s);
      BOOST_TEST(co_await sibling == 1);
    });
    co_return trace + "end";
  };
  BOOST_TEST(run(world, body) == "told unwanted none end");
  BOOST_CHECK(world.tasks.find("parent/2")->reason == ta::end_reason::parent_ended);
}

BOOST_AUTO_TEST_CASE(what_such_a_child_throws_is_thrown_in_place_of_the_cancellation) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    co_await ta::with_group([&trace](ta::task_group& group) -> ta::task<void> {
      auto messy = [](ta::ready_signal<int>) -> ta::task<void> {
        try {
          co_await ta::sleep_for(1h);
        } catch (const ta::cancelled_error&) {
          throw std::logic_error{"messy"};
        }
      };
      auto start = group.start_ready<int>(messy);
      try {
        co_await ta::move_on_after(1s, std::move(start));
      } catch (const std::logic_error& e) {
        trace = e.what();
      }
    });
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "messy");
}

BOOST_AUTO_TEST_CASE(a_caller_that_is_to_end_already_starts_none) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      group.cancel();
      auto start = group.start_ready<int>(serving, 0s, 1, 0s);
      co_await std::move(start);
      BOOST_ERROR("it goes on");
    });
  };
  run(world, body);
  BOOST_CHECK(!world.tasks.find("parent/1"));
}

BOOST_AUTO_TEST_CASE(a_group_that_is_cancelled_ends_caller_and_child) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    co_await ta::with_group([&trace](ta::task_group& group) -> ta::task<void> {
      group.start([group]() -> ta::task<void> {
        co_await ta::sleep_for(1s);
        group.cancel();
      });
      auto stuck = [](ta::ready_signal<int>) { return hanging(); };
      try {
        co_await group.start_ready<int>(stuck);
      } catch (const ta::cancelled_error&) {
        trace += "cancelled ";
        throw;
      }
    });
    co_return trace + "end";
  };
  BOOST_TEST(run(world, body) == "cancelled end");
}

BOOST_AUTO_TEST_CASE(each_attempt_may_say_it_and_only_the_first_one_counts) {
  virtual_time world;
  std::vector<bool> said;
  std::atomic<int> attempts{0};
  auto body = [&]() -> ta::task<int> {
    int got = 0;
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      auto child = [&](ta::ready_signal<int> ready) -> ta::task<void> {
        const int attempt = ++attempts;
        if (attempt == 1)
          throw std::runtime_error{"port taken"};
        said.push_back(ready.started(attempt));
        co_await ta::sleep_for(1s);
        if (attempt == 2)
          throw std::runtime_error{"lost"};
      };
      const ta::retry again{.max_attempts = 5};
      got = co_await group.start_ready<int>({.retry = again}, child);
    });
    co_return got;
  };
  BOOST_TEST(run(world, body) == 2);
  BOOST_TEST(attempts == 3);
  BOOST_REQUIRE(said.size() == 2u);
  BOOST_TEST(said[0]);
  BOOST_TEST(!said[1]);
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_thrown) {
  virtual_time world{{.max_queue = 2}};
  auto body = [&world]() -> ta::task<void> {
    std::optional<ta::task_group> kept;
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      kept = group;
      BOOST_TEST((co_await error_of(group, {.timeout = -1s}, serving, 0ns, 1, 0ns)).find("timeout")
                 != std::string::npos);
      group.start(hanging);
      BOOST_TEST((co_await error_of(group, {}, serving, 0ns, 1, 0ns)).find("queue") != std::string::npos);
      BOOST_TEST(group.size() == 1u);
      group.cancel();
    });
    static_cast<void>(world);
    BOOST_TEST((co_await error_of(*kept, {}, serving, 0ns, 1, 0ns)).find("the task group has ended")
               != std::string::npos);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(another_tasks_start_cant_be_joined) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    co_await ta::with_group([](ta::task_group& group) -> ta::task<void> {
      auto one = group.add_task({.id = "same"}, after, 5s, 1).value();
      const auto why = co_await error_of(
          group, {.id = "same", .admission = {.on_duplicate = ta::on_duplicate::join}}, serving, 0ns, 1, 0ns);
      BOOST_TEST(why.find("duplicate id") == 0u, why);
      BOOST_TEST(co_await one == 1);
    });
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_value_that_breaks_on_its_way_breaks_who_moves_it) {
  virtual_time world;
  auto body = []() -> ta::task<std::string> {
    std::string trace;
    co_await ta::with_group([&trace](ta::task_group& group) -> ta::task<void> {
      auto child = [&trace](ta::ready_signal<brittle> ready) -> ta::task<void> {
        try {
          ready.started(brittle{0});
        } catch (const std::domain_error&) {
          trace += "child ";
        }
        ready.started(brittle{1}); // the failed one was none
        co_await ta::sleep_for(1s);
        trace += "done ";
      };
      try {
        co_await group.start_ready<brittle>(child);
      } catch (const std::domain_error&) {
        trace += "caller ";
      }
    });
    co_return trace;
  };
  BOOST_TEST(run(world, body) == "child caller done ");
}

BOOST_AUTO_TEST_CASE(the_child_of_a_killed_caller_is_ended_before_the_frames_it_refers_to) {
  virtual_time world;
  std::string trace;
  auto caller = [&trace](ta::task_group group) -> ta::task<void> {
    std::string mine(100, 'm');
    auto child = [&trace, &mine](ta::ready_signal<int> ready) -> ta::task<void> {
      try {
        co_await ta::sleep_for(1h);
      } catch (const ta::cancelled_error&) {
      }
      co_await ta::shield(ta::sleep_for(1s));
      trace += mine == std::string(100, 'm') ? "whole " : "gone ";
      trace += ready.started(1) ? "heard " : "unheard ";
    };
    co_await group.start_ready<int>({.id = "child"}, child);
    trace += "never ";
  };
  auto body = [&]() -> ta::task<void> {
    co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
      group.add_task({.id = "caller"}, caller, group).value();
      co_await ta::sleep_for(10s);
    });
  };
  auto h = world.tasks.add_task({.id = "parent"}, body).value();
  world.settle();
  BOOST_TEST(world.kill_task("parent/caller"));
  world.run_until_idle();
  BOOST_TEST(trace == "whole unheard ");
  BOOST_CHECK(h.state() == ta::state::completed);
}

// At the moment at which the child fails its caller is killed: whoever comes first, somebody hears of it.
BOOST_AUTO_TEST_CASE(a_failure_that_a_killed_caller_is_not_told_of_is_reported) {
  int failed = 0;
  ta::testing::explore({.seeds = 60}, [&](ta::testing::manager& m) {
    int reported = 0;
    bool has_failed = false;
    const auto heard = m.tasks().observe(
        [&](const ta::task_event& what) {
          reported
              += what.kind == ta::event_kind::unobserved_failure && what.text.find("boom") != what.text.npos;
        },
        {});
    bool open = false;
    auto failing_once = [&](ta::ready_signal<int>) -> ta::task<void> {
      while (!open)
        co_await ta::sleep_for(1ms);
      has_failed = true;
      throw std::runtime_error{"boom"};
    };
    auto parent = [&]() -> ta::task<void> {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        co_await group.start_ready<int>({}, failing_once);
      });
    };
    auto killer = [&]() -> ta::task<void> {
      co_await ta::sleep_for(1ms);
      open = true;
      for (auto left = m.draw(4); left != 0; --left)
        co_await ta::yield();
      m.kill_task("parent");
    };
    auto waiting = m.tasks().add_task({.id = "parent"}, parent).value();
    auto killing = m.tasks().add_task({}, killer).value();
    m.run_until_idle();
    killing.get();
    BOOST_REQUIRE(waiting.finished());
    auto& home = ta::detail::core_of(m.tasks());
    BOOST_TEST(home.disposals().wait_idle(60s));
    BOOST_TEST(home.events().wait_heard(60s));
    const auto outcome = waiting.try_outcome();
    const bool told = !*outcome && outcome->error().message().find("boom") != std::string::npos;
    BOOST_TEST((told || reported == 1 || !has_failed), outcome->error().message());
    failed += has_failed && !told;
  });
  BOOST_TEST(failed > 0);
}

/// Whoever comes first: the caller has the value and the child goes on, or neither has happened.
BOOST_AUTO_TEST_CASE(a_start_that_races_with_a_cancellation_is_had_or_was_refused) {
  int had = 0;
  int refused = 0;
  ta::testing::explore({.seeds = 200}, [&](ta::testing::manager& m) {
    std::optional<bool> said;
    bool got = false;
    const auto pause = std::chrono::milliseconds{m.draw(3)};
    auto caller = [&](ta::task_group group) -> ta::task<void> {
      auto child = [&said, pause](ta::ready_signal<int> ready) -> ta::task<void> {
        co_await ta::sleep_for(pause);
        said = ready.started(1);
      };
      co_await group.start_ready<int>(child);
      got = true;
    };
    auto body = [&]() -> ta::task<void> {
      co_await ta::with_group([&](ta::task_group& group) -> ta::task<void> {
        auto h = group.add_task({}, caller, group).value();
        co_await ta::sleep_for(1ms);
        h.cancel();
      });
    };
    auto h = m.tasks().add_task({}, body).value();
    m.run_until_idle();
    BOOST_REQUIRE(h.state() == ta::state::completed);
    BOOST_REQUIRE(said.value_or(false) == got);
    ++(got ? had : refused);
  });
  if (std::getenv("TASKACTOR_TEST_SEED") == nullptr) {
    BOOST_TEST(had > 0);
    BOOST_TEST(refused > 0);
  }
}

BOOST_AUTO_TEST_CASE(on_many_threads_none_is_lost) {
  ta::task_manager tasks{{.scheduler_threads = 4}};
  std::atomic<int> sum{0};
  auto body = [&sum]() -> ta::task<void> {
    co_await ta::with_group([&sum](ta::task_group& group) -> ta::task<void> {
      auto caller = [&sum](ta::task_group all, int n) -> ta::task<void> {
        auto child = [](ta::ready_signal<int> ready, int value) -> ta::task<void> {
          if (value % 3 == 0)
            co_await ta::yield();
          ready.started(value);
          co_await ta::yield();
        };
        auto start = all.start_ready<int>(child, n);
        sum += co_await std::move(start);
      };
      for (int i = 1; i <= 300; ++i)
        group.start(caller, group, i);
      co_return;
    });
  };
  tasks.add_task({}, body).value().get();
  BOOST_TEST(sum == 300 * 301 / 2);
}

BOOST_AUTO_TEST_SUITE_END()
