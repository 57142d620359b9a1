// What an await does with a task that is empty, and what becomes of coroutines that end without their value.
#include "bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace test;

// That they don't return is what is tested.
#pragma GCC diagnostic ignored "-Wreturn-type"

BOOST_AUTO_TEST_SUITE(awaits)

namespace {

ta::task<std::string> falls_off(bool really) {
  co_await ta::yield();
  if (!really)
    co_return "a value";
}

ta::task<std::string> falls_off_at_once(bool really) {
  if (!really)
    co_return "a value";
}

ta::async_generator<std::string> gives_what_falls_off() {
  co_yield "first";
  auto second = co_await falls_off(true);
  co_yield second;
}

bool is_no_value(const std::system_error& e) {
  return e.code() == ta::errc::no_value && std::string{e.what()}.find("co_return") != std::string::npos;
}
bool is_empty_task(const std::system_error& e) {
  return e.code() == ta::errc::invalid_argument
         && std::string{e.what()}.find("this task is empty") != std::string::npos;
}

template <class F>
auto run(virtual_time& world, F body) {
  return world.tasks.add_task({}, std::move(body)).value().get();
}

/// The end of the first item.
template <class R>
void rethrow_first(const std::vector<ta::outcome<R>>& all) {
  BOOST_TEST((all.at(0).state() == ta::state::failed));
  all.at(0).value();
}

} // namespace

BOOST_AUTO_TEST_CASE(a_body_that_falls_off_its_end_has_failed) {
  virtual_time world;
  for (auto* body : {falls_off, falls_off_at_once}) {
    auto handle = world.tasks.add_task({}, body, true).value();
    BOOST_TEST((handle.wait_outcome().state() == ta::state::failed));
    BOOST_CHECK_EXCEPTION(handle.get(), std::system_error, is_no_value);
    BOOST_TEST(world.tasks.add_task({}, body, false).value().get() == "a value");
  }
}

BOOST_AUTO_TEST_CASE(who_awaits_what_falls_off_its_end_gets_an_exception) {
  virtual_time world;
  using body = ta::task<std::string> (*)();
  const std::vector<body> bodies{
      []() -> ta::task<std::string> { co_return co_await falls_off(true); },
      []() -> ta::task<std::string> { co_return co_await ta::fail_after(1s, falls_off(true)); },
      []() -> ta::task<std::string> { co_return co_await ta::shield(falls_off_at_once(true)); },
      []() -> ta::task<std::string> {
        const auto got = co_await ta::move_on_after(1s, falls_off(true));
        co_return got.value();
      },
      []() -> ta::task<std::string> {
        const auto both = co_await ta::when_all(falls_off(true), falls_off(false));
        co_return std::get<0>(both);
      },
      []() -> ta::task<std::string> {
        const auto won = co_await ta::race(falls_off_at_once(true), hanging());
        co_return std::get<0>(won);
      },
      []() -> ta::task<std::string> {
        auto generator = gives_what_falls_off();
        auto one = co_await generator.next();
        BOOST_TEST(one.value() == "first");
        one = co_await generator.next();
        co_return one.value();
      },
  };
  for (const auto each : bodies)
    BOOST_CHECK_EXCEPTION(run(world, each), std::system_error, is_no_value);
}

BOOST_AUTO_TEST_CASE(an_item_that_falls_off_its_end_has_failed) {
  virtual_time world;
  const auto all = world.tasks.gather({}, falls_off, std::vector{true, false});
  BOOST_CHECK_EXCEPTION(rethrow_first(all), std::system_error, is_no_value);
  BOOST_TEST(all.at(1).value() == "a value");
}

BOOST_AUTO_TEST_CASE(a_value_and_then_a_throwing_destructor_is_the_exception) {
  struct throws_at_the_end {
    ~throws_at_the_end() noexcept(false) { throw std::runtime_error{"at the end"}; }
  };
  virtual_time world;
  auto body = []() -> ta::task<int> {
    const throws_at_the_end here;
    co_return 1;
  };
  BOOST_CHECK_THROW(run(world, body), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(an_await_of_a_task_that_is_empty_throws) {
  virtual_time world;
  using body = ta::task<int> (*)();
  const std::vector<body> bodies{
      []() -> ta::task<int> { co_return co_await ta::task<int>{}; },
      []() -> ta::task<int> {
        auto once = after(1ms, 1);
        co_await std::move(once);
        co_return co_await std::move(once); // NOLINT: what is tested
      },
      []() -> ta::task<int> {
        auto moved = after(1ms, 1);
        auto here = std::move(moved);
        co_return co_await std::move(moved); // NOLINT
      },
      []() -> ta::task<int> { co_return co_await ta::fail_after(1s, ta::task<int>{}); },
      []() -> ta::task<int> { co_return co_await ta::shield(ta::task<int>{}); },
      []() -> ta::task<int> {
        auto both = co_await ta::when_all(ta::task<int>{}, after(1ms, 1));
        co_return std::get<1>(both);
      },
      []() -> ta::task<int> { return {}; },
  };
  for (const auto each : bodies)
    BOOST_CHECK_EXCEPTION(run(world, each), std::system_error, is_empty_task);
}

BOOST_AUTO_TEST_CASE(what_gives_an_empty_task_has_failed) {
  virtual_time world;
  const auto all = world.tasks.gather(
      {}, [](int) { return ta::task<int>{}; }, std::vector{1, 2});
  BOOST_CHECK_EXCEPTION(rethrow_first(all), std::system_error, is_empty_task);
  auto in_a_group = []() -> ta::task<void> {
    auto body = [](ta::task_group&) { return ta::task<void>{}; };
    try {
      co_await ta::with_group(body);
    } catch (const ta::group_error& e) {
      std::rethrow_exception(e.errors().at(0));
    }
  };
  BOOST_CHECK_EXCEPTION(run(world, in_a_group), std::system_error, is_empty_task);
}

BOOST_AUTO_TEST_CASE(an_await_that_never_suspends_may_be_anybodys) {
  virtual_time world;
  auto body = []() -> ta::task<int> {
    co_await std::suspend_never{};
    co_return 1;
  };
  BOOST_TEST(run(world, body) == 1);
}

BOOST_AUTO_TEST_CASE(a_type_of_the_users_is_awaited_through_what_it_gives) {
  struct pause {
    auto operator co_await() const { return ta::sleep_for(1s); }
  };
  struct sum {
    ta::task<int> parts;
    auto operator co_await() && { return std::move(parts).operator co_await(); }
  };
  virtual_time world;
  auto body = []() -> ta::task<int> {
    const pause named;
    co_await named;
    co_await pause{};
    auto all = sum(after(1s, 7));
    co_return co_await std::move(all);
  };
  BOOST_TEST(run(world, body) == 7);
  BOOST_TEST((world.elapsed() == 3s));
}

namespace {

struct job {
  int number;
  std::string text;
};
std::size_t work(const job& what) { return what.text.size(); }

ta::task<std::size_t> guide_page(std::string text) {
  // Not co_await ta::run_in_thread(work, job{1, text}): g++ 12 would destroy the job twice.
  const job mine{1, text};
  const auto letters = co_await ta::run_in_thread(work, mine);

  // Nor co_await ta::run_in_thread([text] { ... }), for the same reason.
  const auto count = [text] { return text.size(); };
  const auto same = co_await ta::run_in_thread(count);
  co_return letters + same;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_owns_something_is_made_before_the_await) {
  virtual_time world;
  const std::string text(100, 'x');
  BOOST_TEST(world.tasks.add_task({}, guide_page, text).value().get() == 200U);
}

BOOST_AUTO_TEST_SUITE_END()
