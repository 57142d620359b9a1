// one_shot: set once, seen by all who wait, and what becomes of waits that end, of copies and of moves.
#include "support/gate.hpp"
#include "support/virtual_time.hpp"
#include "sync/endings.hpp"

#include <taskactor/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace test;

namespace one_shots {

/// Counts what is done to it. What is done asks the one_shot, which would stand still under its lock.
struct traced {
  struct counts {
    int alive = 0, copies = 0, moves = 0;
    bool copies_throw = false;
    std::function<void()> ask = [] {};
  };
  explicit traced(counts& into) : of(&into) { of->alive++; }
  traced(const traced& other) : of(other.of) {
    of->ask();
    if (of->copies_throw)
      throw std::runtime_error{"a copy"};
    of->alive++;
    of->copies++;
  }
  traced(traced&& other) noexcept : of(other.of) {
    of->ask();
    of->alive++;
    of->moves++;
  }
  traced& operator=(const traced&) = delete;
  ~traced() { of->alive--; }
  counts* of;
};

bool is(const std::system_error& e, ta::errc code) { return e.code() == ta::make_error_code(code); }
} // namespace one_shots

BOOST_AUTO_TEST_SUITE(one_shots)

BOOST_AUTO_TEST_CASE(a_value_that_is_there_is_seen_at_once_and_as_often_as_wanted) {
  virtual_time world;
  ta::one_shot<std::string> word;
  BOOST_TEST(!word.ready());
  BOOST_TEST(word.try_get() == nullptr);
  BOOST_TEST(word.set_value("here"));
  BOOST_TEST(word.ready());
  auto body = [&]() -> ta::task<void> {
    const std::string& first = co_await word;
    const std::string& second = co_await word;
    BOOST_TEST(&first == &second);
    BOOST_TEST(first == "here");
  };
  run(world, body).get();
  BOOST_TEST(*word.try_get() == "here");
  BOOST_TEST(word.blocking_get() == "here");
}

BOOST_AUTO_TEST_CASE(all_who_wait_are_told_and_see_the_same_value) {
  virtual_time world{{.capacity = 1}}; // the token is lent, or nobody would ever set it
  ta::one_shot<std::string> word;
  std::vector<const std::string*> seen;
  int mine = 0;
  auto looks = [&]() -> ta::task<void> { seen.push_back(&co_await word); };
  auto takes = [&]() -> ta::task<void> {
    auto copy = word;
    const std::string own = co_await std::move(copy);
    mine += own == "come" && &own != word.try_get();
  };
  auto sets = [&]() -> ta::task<void> {
    co_await ta::sleep_for(1s);
    BOOST_TEST(word.set_value("come"));
  };
  for (int i = 0; i < 100; ++i) {
    (void)run(world, looks);
    (void)run(world, takes);
  }
  (void)run(world, sets);
  world.advance(2s);
  BOOST_TEST(mine == 100);
  BOOST_TEST(seen.size() == 100u);
  for (const auto* each : seen)
    BOOST_TEST(each == word.try_get());
}

BOOST_AUTO_TEST_CASE(one_without_a_value_says_that_something_has_happened) {
  virtual_time world;
  ta::one_shot<> done;
  int told = 0;
  auto looks = [&]() -> ta::task<void> {
    co_await done;
    ++told;
    auto copy = done;
    co_await std::move(copy);
    ++told;
    BOOST_CHECK_EXCEPTION(copy.ready(), std::system_error, with(ta::errc::invalid_argument));
  };
  auto h = run(world, looks);
  world.settle();
  BOOST_TEST(!done.try_get());
  BOOST_TEST(done.set_value());
  BOOST_TEST(!done.set_value());
  h.get();
  BOOST_TEST(told == 2);
  BOOST_TEST(done.try_get());
  done.blocking_get();
  ta::one_shot copy{done};
  std::move(copy).blocking_get();
}

BOOST_AUTO_TEST_CASE(it_is_set_once) {
  ta::one_shot<std::unique_ptr<int>> box;
  auto second = std::make_unique<int>(2);
  BOOST_TEST(box.set_value(std::make_unique<int>(1)));
  BOOST_TEST(!box.set_value(std::move(second)));
  BOOST_TEST(second != nullptr); // it wasn't wanted
  BOOST_TEST(!box.set_exception(std::make_exception_ptr(std::runtime_error{"late"})));
  BOOST_TEST(**box.try_get() == 1);
  BOOST_CHECK_EXCEPTION(ta::one_shot<int>{}.set_exception({}), std::system_error,
                        with(ta::errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(an_exception_is_the_same_for_all) {
  virtual_time world;
  ta::one_shot<int> number;
  const auto what = std::make_exception_ptr(std::runtime_error{"no number"});
  int seen = 0;
  auto body = [&]() -> ta::task<void> {
    const auto look = [&](const std::exception& e) {
      try {
        std::rethrow_exception(what);
      } catch (const std::exception& same) {
        seen += &same == &e;
      }
    };
    try {
      co_await number;
    } catch (const std::runtime_error& e) {
      look(e);
    }
    auto copy = number;
    try {
      co_await std::move(copy);
    } catch (const std::runtime_error& e) {
      look(e);
    }
    BOOST_CHECK(copy == number); // it wasn't given up
  };
  auto h = run(world, body);
  world.settle();
  BOOST_TEST(number.set_exception(what));
  BOOST_TEST(!number.set_value(3));
  h.get();
  BOOST_TEST(seen == 2);
  BOOST_TEST(number.ready());
  BOOST_CHECK_THROW(number.try_get(), std::runtime_error);
  BOOST_CHECK_THROW(number.blocking_get(), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_sole_copy_moves_the_value_out_and_others_copy_it) {
  virtual_time world;
  traced::counts counts;
  for (const bool before : {true, false}) { // set before it is awaited, or while
    counts = {};
    {
      ta::one_shot<traced> here;
      counts.ask = [&] { (void)here.ready(); };
      auto two = [&]() -> ta::task<void> {
        auto mine = here;
        const traced got = co_await std::move(mine);
      };
      auto h = run(world, two);
      if (!before)
        world.settle();
      here.set_value(traced{counts});
      h.get();
      BOOST_TEST(counts.copies == 1);
    }
    BOOST_TEST(counts.alive == 0);
    counts = {};
    std::optional<ta::one_shot<traced>> set{std::in_place};
    auto one = [&, mine = *set]() mutable -> ta::task<int> {
      const traced got = co_await std::move(mine);
      co_return counts.copies;
    };
    auto h = world.tasks.add_task({}, std::move(one)).value();
    if (!before)
      world.settle();
    set->set_value(traced{counts});
    set.reset();
    BOOST_TEST(h.get() == 0);
    BOOST_TEST(counts.moves >= 2);
    world.settle();
    BOOST_TEST(counts.alive == 0);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied_is_taken_once) {
  virtual_time world;
  using box = ta::one_shot<std::unique_ptr<int>>;
  const auto make = [](int n) {
    box made;
    made.set_value(std::make_unique<int>(n));
    return made;
  };
  auto take = [](box from) -> ta::task<int> {
    const auto mine = co_await std::move(from);
    co_return *mine;
  };
  auto look = [](box from) -> ta::task<int> { co_return *co_await from; };
  const auto ask
      = [&](auto& how, box from) { return world.tasks.add_task({}, std::ref(how), std::move(from)).value(); };
  { // by the first, though others, as who has set it, have copies
    const auto here = make(1);
    BOOST_TEST(ask(take, here).get() == 1);
    BOOST_CHECK_EXCEPTION(ask(take, here).get(), std::system_error, with(ta::errc::result_taken));
    BOOST_CHECK_EXCEPTION(ask(look, here).get(), std::system_error, with(ta::errc::result_taken));
    BOOST_CHECK_EXCEPTION(here.try_get(), std::system_error, with(ta::errc::result_taken));
    BOOST_CHECK_EXCEPTION(box{here}.blocking_get(), std::system_error, with(ta::errc::result_taken));
    BOOST_TEST(here.ready());
  }
  { // not if somebody has looked at it, and can do so again
    auto here = make(2);
    BOOST_TEST(ask(look, here).get() == 2);
    BOOST_TEST(**here.try_get() == 2);
    BOOST_CHECK_EXCEPTION(ask(take, here).get(), std::system_error, with(ta::errc::result_taken));
    BOOST_TEST(ask(look, here).get() == 2);
    BOOST_TEST(ask(take, std::move(here)).get() == 2);
  }
  { // of the last who comes nothing is left to take either
    auto here = make(3);
    BOOST_TEST(*box{here}.blocking_get() == 3);
    BOOST_CHECK_EXCEPTION(std::move(here).blocking_get(), std::system_error, with(ta::errc::result_taken));
  }
  BOOST_TEST(*make(4).blocking_get() == 4);
}

BOOST_AUTO_TEST_CASE(a_copy_that_throws_leaves_the_value_where_it_is) {
  virtual_time world;
  traced::counts counts;
  ta::one_shot<traced> here;
  auto body = [&]() -> ta::task<void> {
    auto mine = here;
    counts.copies_throw = true;
    try {
      (void)co_await std::move(mine);
      BOOST_ERROR("it is copied");
    } catch (const std::runtime_error&) {
      BOOST_CHECK(mine == here);
    }
    counts.copies_throw = false;
    const traced got = co_await std::move(mine);
  };
  here.set_value(traced{counts});
  run(world, body).get();
  BOOST_TEST(here.try_get() != nullptr);
  // and a constructor that throws has set nothing
  ta::one_shot<traced> other;
  const traced one{counts};
  counts.copies_throw = true;
  BOOST_CHECK_THROW(other.set_value(one), std::runtime_error);
  BOOST_TEST(!other.ready());
  counts.copies_throw = false;
  BOOST_TEST(other.set_value(one));
}

BOOST_AUTO_TEST_CASE(a_callback_that_is_destroyed_uncalled_ends_who_gave_up_the_own_copy) {
  virtual_time world;
  for (const bool early : {true, false}) {
    std::function<void(int)> callback;
    auto body = [&]() -> ta::task<int> {
      ta::one_shot<int> answer;
      callback = [answer](int n) { answer.set_value(n); };
      if (early)
        callback = {};
      try {
        co_return co_await std::move(answer);
      } catch (const std::system_error& e) {
        BOOST_TEST(is(e, ta::errc::closed));
      }
      BOOST_TEST(!answer.set_value(1)); // it stays closed
      BOOST_CHECK_EXCEPTION(answer.try_get(), std::system_error, with(ta::errc::closed));
      co_return -1;
    };
    auto h = run(world, body);
    world.settle();
    BOOST_CHECK(h.state() == (early ? ta::state::completed : ta::state::running));
    callback = {};
    BOOST_TEST(h.get() == -1);
  }
}

BOOST_AUTO_TEST_CASE(an_lvalue_that_is_awaited_is_a_copy_until_it_goes) {
  virtual_time world;
  std::optional<ta::one_shot<int>> answer{std::in_place};
  std::optional<ta::one_shot<int>> other{*answer};
  auto body = [&]() -> ta::task<int> { co_return co_await *answer; };
  auto h = run(world, body);
  auto i = run(world, body);
  world.settle();
  other.reset();
  world.settle();
  BOOST_CHECK(h.state() == ta::state::running);
  answer.reset();
  BOOST_CHECK_EXCEPTION(h.get(), std::system_error, with(ta::errc::closed));
  BOOST_CHECK_EXCEPTION(i.get(), std::system_error, with(ta::errc::closed));
}

BOOST_AUTO_TEST_CASE(a_value_outlives_all_copies_for_who_is_served) {
  virtual_time world;
  std::optional<ta::one_shot<std::string>> word{std::in_place};
  auto body = [&]() -> ta::task<std::string> { co_return co_await *word; };
  auto h = run(world, body);
  world.settle();
  word->set_value("last");
  word.reset(); // the body goes on behind it
  BOOST_TEST(h.get() == "last");
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_takes_the_value) {
  for (const bool gives_up : {false, true})
    BOOST_TEST_CONTEXT((gives_up ? "an rvalue" : "an lvalue"))
  each_ending([&](ta::testing::manager& m, ending how, timing when) {
    ta::one_shot<std::string> word;
    int got = 0;
    int again = 0;
    auto body = [&]() -> ta::task<void> {
      auto mine = word;
      try {
        if (gives_up)
          got += co_await std::move(mine) == "come";
        else
          got += co_await mine == "come";
      } catch (const ta::cancelled_error&) {
        again += mine == word;
        throw;
      }
    };
    auto serve = [&] { BOOST_REQUIRE(word.set_value("come")); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(got == 1);
    if (when == timing::ending_first)
      BOOST_REQUIRE(got == 0);
    if (how != ending::killed)
      BOOST_REQUIRE(got + again == 1);
    auto later = [&]() -> ta::task<std::string> { co_return co_await word; };
    BOOST_REQUIRE(m.tasks().add_task({}, std::ref(later)).value().get() == "come");
  });
}

BOOST_AUTO_TEST_CASE(no_ending_of_a_wait_hides_the_closing) {
  each_ending([&](ta::testing::manager& m, ending how, timing when) {
    std::optional<ta::one_shot<int>> word{std::in_place};
    int closed = 0;
    int ended = 0;
    auto body = [&]() -> ta::task<void> {
      auto mine = *word;
      try {
        (void)co_await std::move(mine);
      } catch (const ta::cancelled_error&) {
        ++ended;
      } catch (const std::system_error& e) {
        closed += is(e, ta::errc::closed);
      }
    };
    auto serve = [&] { word.reset(); };
    end_while_waiting(m, how, when, body, serve);
    if (when == timing::value_first)
      BOOST_REQUIRE(closed == 1);
    if (when == timing::ending_first)
      BOOST_REQUIRE(closed == 0);
    if (how != ending::killed)
      BOOST_REQUIRE(closed + ended == 1);
  });
}

BOOST_AUTO_TEST_CASE(a_body_that_is_to_end_already_gives_nothing_up) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    ta::one_shot<int> mine; // the only copy: one that waits for it would be told that it is closed
    auto in_scope = [&]() -> ta::task<void> { (void)co_await std::move(mine); };
    BOOST_TEST(!co_await ta::move_on_after(0s, std::ref(in_scope)));
    BOOST_TEST(mine.set_value(4));
    co_return co_await std::move(mine);
  };
  BOOST_TEST(run(world, body).get() == 4);
}

BOOST_AUTO_TEST_CASE(it_takes_part_in_a_race) {
  virtual_time world;
  ta::one_shot<int> answer;
  auto body = [&]() -> ta::task<int> {
    const auto none = co_await ta::race(answer, ta::sleep_for(1s));
    BOOST_TEST(none.index() == 1u);
    answer.set_value(5);
    const auto won = co_await ta::race(answer, ta::sleep_for(1s));
    co_return std::get<0>(won) + co_await answer;
  };
  BOOST_TEST(run(world, body).get() == 10);
}

BOOST_AUTO_TEST_CASE(many_waits_end_as_they_like_and_all_others_get_the_value) {
  ta::testing::explore({.seeds = 150}, [](ta::testing::manager& m) {
    traced::counts counts;
    int got = 0;
    int ended = 0;
    {
      std::optional<ta::one_shot<traced>> value{std::in_place};
      auto waits = [&](bool gives_up) -> ta::task<void> {
        auto mine = *value;
        try {
          if (gives_up)
            const traced own = co_await std::move(mine);
          else
            (void)co_await mine;
          ++got;
        } catch (const ta::cancelled_error&) {
          ++ended;
          throw;
        }
      };
      auto sets = [&]() -> ta::task<void> {
        co_await ta::sleep_for(5ms);
        BOOST_REQUIRE(value->set_value(traced{counts}));
        value.reset();
      };
      const auto setter = m.tasks().add_task({}, std::ref(sets)).value();
      std::vector<ta::handle<void>> all;
      std::size_t killed = 0;
      for (int i = 0; i < 12; ++i) {
        ta::task_options options{.id = "w" + std::to_string(i)};
        if (m.draw(3) == 0)
          options.timeout = std::chrono::milliseconds{3 + m.draw(4)};
        all.push_back(m.tasks().add_task(std::move(options), std::ref(waits), m.draw(2) == 0).value());
      }
      m.settle();
      for (std::uint64_t rest = m.draw(7); rest > 0; --rest)
        m.advance(1ms);
      for (int i = 0; i < 4; ++i) {
        const auto which = m.draw(12);
        if (m.draw(2) == 0)
          all[which].cancel();
        else
          killed += m.kill_task("w" + std::to_string(which));
        if (m.draw(2) == 0)
          m.settle();
      }
      m.advance(1s);
      BOOST_REQUIRE(setter.state() == ta::state::completed);
      std::size_t completed = 0;
      std::size_t ends = 0;
      for (const auto& each : all) {
        completed += each.state() == ta::state::completed;
        ends += ta::is_final(each.state());
      }
      BOOST_REQUIRE(ends == 12u); // nobody waits for what has come
      BOOST_REQUIRE(static_cast<std::size_t>(got) >= completed);
      BOOST_REQUIRE(static_cast<std::size_t>(got + ended) + killed >= 12u);
    }
    m.end();
    BOOST_REQUIRE(counts.alive == 0);
  });
}

BOOST_AUTO_TEST_CASE(threads_race_to_set_it_and_one_wins) {
  ta::task_manager tasks;
  for (int round = 0; round < 50; ++round) {
    ta::one_shot<std::string> word;
    std::atomic<int> won{0};
    std::atomic<int> right{0};
    auto body = [&word]() -> ta::task<std::string> {
      auto mine = word;
      co_return co_await std::move(mine);
    };
    std::vector<ta::handle<std::string>> waiting;
    for (int i = 0; i < 4; ++i)
      waiting.push_back(tasks.add_task({}, body).value());
    {
      std::vector<std::jthread> all;
      for (int i = 0; i < 3; ++i) {
        all.emplace_back([word, &won, i] { won += word.set_value("by " + std::to_string(i)); });
        all.emplace_back([word, &right] { right += word.blocking_get().starts_with("by "); });
      }
    }
    BOOST_TEST(won == 1);
    BOOST_TEST(right == 3);
    for (auto& each : waiting)
      BOOST_TEST(each.get() == *word.try_get());
  }
}

BOOST_AUTO_TEST_CASE(a_thread_that_blocks_is_told_of_the_closing_and_of_its_tasks_end) {
  ta::task_manager tasks;
  std::optional<ta::one_shot<int>> last{std::in_place};
  std::latch begun{1};
  std::jthread closes{[&] {
    begun.wait();
    last.reset();
  }};
  auto mine = *last;
  begun.count_down();
  BOOST_CHECK_EXCEPTION(std::move(mine).blocking_get(), std::system_error, with(ta::errc::closed));

  ta::one_shot<int> never;
  gate started;
  started.open();
  auto body = [&]() -> ta::task<void> {
    co_await ta::run_in_thread([&] {
      started.pass();
      (void)never.blocking_get();
    });
  };
  auto h = tasks.add_task({}, body).value();
  while (started.held() == 0)
    std::this_thread::yield();
  h.cancel();
  h.wait();
  BOOST_CHECK(h.state() == ta::state::cancelled);

  auto blocks = [&]() -> ta::task<void> {
    (void)never.blocking_get();
    co_return;
  };
  BOOST_CHECK_EXCEPTION(tasks.add_task({}, blocks).value().get(), std::system_error,
                        with(ta::errc::would_block));
}

BOOST_AUTO_TEST_SUITE_END()
