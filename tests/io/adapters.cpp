// adapt: awaitables of others, and futures.
#include "io/desk.hpp"
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <coroutine>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using namespace test;

namespace adapters {

/// As cppcoro's and libcoro's: begins when it is awaited, and resumes who awaits it by symmetric transfer.
template <class T>
class lazy {
public:
  struct promise_type {
    std::coroutine_handle<> awaiting;
    std::variant<std::monostate, T, std::exception_ptr> result;

    lazy get_return_object() { return lazy{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    auto final_suspend() const noexcept {
      struct awaiter {
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) const noexcept {
          return self.promise().awaiting;
        }
        void await_resume() const noexcept {}
      };
      return awaiter{};
    }
    void return_value(T value) { result.template emplace<1>(std::move(value)); }
    void unhandled_exception() { result.template emplace<2>(std::current_exception()); }
  };

  explicit lazy(std::coroutine_handle<promise_type> which) : handle_(which) {}
  lazy(lazy&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  ~lazy() {
    if (handle_)
      handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct awaiter {
      std::coroutine_handle<promise_type> handle;
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        handle.promise().awaiting = awaiting;
        return handle;
      }
      T&& await_resume() const {
        auto& result = handle.promise().result;
        if (auto* const thrown = std::get_if<2>(&result))
          std::rethrow_exception(*thrown);
        return std::move(std::get<1>(result));
      }
    };
    return awaiter{handle_};
  }

private:
  std::coroutine_handle<promise_type> handle_;
};

/// Resumes whoever awaits it on a thread of its own.
class threads {
public:
  ~threads() {
    for (auto& each : all_)
      each.join();
  }
  struct awaiter {
    threads& on;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> who) const {
      on.all_.emplace_back([who] { who.resume(); });
    }
    std::thread::id await_resume() const noexcept { return std::this_thread::get_id(); }
  };
  awaiter next() { return {*this}; }

private:
  std::vector<std::thread> all_;
};

lazy<std::unique_ptr<std::string>> page(threads& on, std::string text) {
  co_await on.next();
  if (text.empty())
    throw std::runtime_error{"no page"};
  co_return std::make_unique<std::string>(std::move(text));
}

/// Resumed by hand; an lvalue, awaited by a free operator.
struct bell {
  std::vector<std::coroutine_handle<>> waiting;
  std::string text = "ding";
  void ring() {
    for (const auto each : std::exchange(waiting, {}))
      each.resume();
  }
};
struct bell_awaiter {
  bell& of;
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> who) const {
    of.waiting.push_back(who);
    return true;
  }
  std::string& await_resume() const noexcept { return of.text; }
};
bell_awaiter operator co_await(bell& which) { return {which}; }

/// Owns something, and waits at a bell.
struct guest {
  bell* at;
  std::unique_ptr<witness> here;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> who) const { at->waiting.push_back(who); }
  int await_resume() const noexcept { return 5; }
};
guest make_guest(bell& at, int& gone) { return {&at, std::make_unique<witness>(&gone)}; }

enum class at_once { ready, refuses_suspension, transfers_back, resumes_within, throws };
struct immediate {
  at_once how;
  bool await_ready() const noexcept { return how == at_once::ready; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> who) const {
    if (how == at_once::throws)
      throw std::logic_error{"can't suspend"};
    if (how == at_once::resumes_within) {
      who.resume();
      return std::noop_coroutine();
    }
    return who;
  }
  int await_resume() const noexcept { return static_cast<int>(how); }
};
struct never_suspends {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  void await_resume() const noexcept {}
};

template <class F>
auto run(virtual_time& world, F body) {
  auto h = world.tasks.add_task({.id = "a"}, body).value();
  world.settle();
  while (!h.finished()) {
    world.wait_for_wake(20s);
    world.settle();
  }
  return std::move(h).get();
}

} // namespace adapters

BOOST_AUTO_TEST_SUITE(adapters)

BOOST_AUTO_TEST_CASE(what_is_there_at_once_comes_at_once) {
  virtual_time world;
  auto body = []() -> ta::task<void> {
    for (const auto how : {at_once::ready, at_once::transfers_back, at_once::resumes_within}) {
      const int got = co_await ta::adapt(immediate{how}); // owns nothing
      BOOST_TEST(got == static_cast<int>(how));
    }
    co_await ta::adapt(never_suspends{}); // owns nothing
    bool thrown = false;
    try {
      co_await ta::adapt(immediate{at_once::throws}); // owns nothing
    } catch (const std::logic_error&) {
      thrown = true;
    }
    BOOST_TEST(thrown);
  };
  run(world, body);
}

BOOST_AUTO_TEST_CASE(a_coroutine_of_another_library_that_goes_on_on_another_thread) {
  virtual_time world;
  for (int round = 0; round < 100; ++round) {
    threads others;
    std::thread::id before, after, there;
    auto body = [&]() -> ta::task<std::unique_ptr<std::string>> {
      before = std::this_thread::get_id();
      there = co_await ta::adapt(others.next());
      auto result = co_await ta::adapt(page(others, "whole"));
      after = std::this_thread::get_id();
      BOOST_TEST(ta::this_task::id() == "a");
      co_return result;
    };
    BOOST_TEST(*run(world, body) == "whole");
    BOOST_TEST((before == after && there != before));
  }
}

BOOST_AUTO_TEST_CASE(an_exception_comes_as_it_is) {
  virtual_time world;
  threads others;
  auto body = [&]() -> ta::task<std::string> {
    try {
      co_await ta::adapt(page(others, ""));
    } catch (const std::runtime_error& e) {
      co_return e.what();
    }
    co_return "";
  };
  BOOST_TEST(run(world, body) == "no page");
}

BOOST_AUTO_TEST_CASE(an_lvalue_is_awaited_where_it_is_and_a_reference_stays_one) {
  virtual_time world;
  bell door;
  bool same = false;
  auto body = [&]() -> ta::task<void> {
    auto& text = co_await ta::adapt(door);
    same = &text == &door.text;
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  door.ring();
  h.get();
  BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(it_is_a_part_of_a_race) {
  virtual_time world;
  bell door;
  auto body = [&]() -> ta::task<std::size_t> {
    const auto won = co_await ta::race(ta::adapt(door), ta::adapt(immediate{at_once::ready})); // owns nothing
    co_return won.index();
  };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  BOOST_TEST(!h.finished()); // a loser is waited for
  door.ring();
  BOOST_TEST(h.get() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_never_resumed_is_an_overrun_and_keeps_its_frames) {
  virtual_time world{{.cancel_grace = 1s}};
  bell door;
  int gone = 0;
  auto body = [&]() -> ta::task<int> { co_return co_await ta::adapt(make_guest(door, gone)); };
  auto h = world.tasks.add_task({.timeout = 1s}, body).value();
  world.advance(1h);
  BOOST_CHECK(h.state() == ta::state::timed_out);
  BOOST_TEST(gone == 0);
  BOOST_TEST(world.tasks.statistics().overrunning == 1u);
  door.ring();
  world.settle();
  BOOST_TEST(gone == 1);
  BOOST_TEST(world.tasks.statistics().overrunning == 0u);
}

BOOST_AUTO_TEST_CASE(what_the_other_library_destroys_is_abandoned) {
  virtual_time world;
  bell door;
  int gone = 0;
  auto body = [&]() -> ta::task<int> { co_return co_await ta::adapt(make_guest(door, gone)); };
  auto h = world.tasks.add_task({}, body).value();
  world.settle();
  door.waiting.at(0).destroy();
  BOOST_TEST(gone == 1);
  BOOST_CHECK(code_of([&] { h.get(); }) == ta::errc::abandoned);
}

BOOST_AUTO_TEST_CASE(an_abandonable_one_goes_on_by_itself) {
  for (const bool killed : {false, true}) {
    virtual_time world;
    bell door;
    int gone = 0;
    auto body = [&]() -> ta::task<int> {
      co_return co_await ta::adapt(make_guest(door, gone), {.abandonable = true});
    };
    auto h = world.tasks.add_task({.id = "a"}, body).value();
    world.settle();
    if (killed)
      world.kill_task("a");
    else
      h.cancel();
    world.settle();
    BOOST_CHECK(h.state() == ta::state::cancelled);
    BOOST_TEST(world.tasks.statistics().running == 0u);
    BOOST_TEST(gone == 0);
    door.ring();
    BOOST_TEST(gone == 1);
  }
}

/// Resumed on another thread while it is abandoned: its frame is destroyed once, by one of the two.
BOOST_AUTO_TEST_CASE(a_frame_that_is_abandoned_while_it_ends_is_destroyed_once) {
  virtual_time world;
  for (int round = 0; round < 300; ++round) {
    bell door;
    int gone = 0;
    auto body = [&]() -> ta::task<int> {
      co_return co_await ta::adapt(make_guest(door, gone), {.abandonable = true});
    };
    auto h = world.tasks.add_task({.id = "a"}, body).value();
    world.settle();
    std::thread other{[&] { door.ring(); }};
    h.cancel();
    world.settle();
    other.join();
    world.settle();
    BOOST_REQUIRE(h.finished());
    BOOST_REQUIRE(gone == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_task_of_ours_may_be_deep_in_one_of_theirs) {
  virtual_time world;
  threads others;
  auto inner = [&](int n) -> ta::task<int> {
    const auto text = co_await ta::adapt(page(others, std::to_string(n)));
    co_return std::stoi(*text) + 1;
  };
  auto body = [&]() -> ta::task<int> {
    auto [one, two] = co_await ta::when_all(inner(1), inner(2));
    co_return one + two;
  };
  BOOST_TEST(run(world, body) == 5);
}

BOOST_AUTO_TEST_CASE(a_future_is_waited_for_on_a_thread) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    int sum = co_await ta::adapt(std::async(std::launch::async, [] { return 1; }));
    sum += co_await ta::adapt(std::async(std::launch::deferred, [] { return 2; }));
    std::promise<int> set;
    set.set_value(4);
    const std::shared_future<int> shared = set.get_future().share();
    sum += co_await ta::adapt(shared);
    std::promise<void> nothing;
    nothing.set_value();
    auto future = nothing.get_future();
    co_await ta::adapt(std::move(future));
    co_return sum;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 7);
}

BOOST_AUTO_TEST_CASE(a_future_gives_its_exception_or_says_that_it_has_no_state) {
  virtual_time world;
  auto throws = []() -> ta::task<int> {
    std::promise<int> set;
    set.set_exception(a_fault());
    co_return co_await ta::adapt(set.get_future());
  };
  BOOST_CHECK_THROW(world.tasks.add_task({}, throws).value().get(), std::runtime_error);
  auto empty = []() -> ta::task<int> { co_return co_await ta::adapt(std::future<int>{}); }; // owns nothing
  auto h = world.tasks.add_task({}, empty).value();
  BOOST_CHECK(code_of([&] { h.get(); }) == ta::errc::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
