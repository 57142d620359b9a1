// One result, several owners: what an lvalue handle, an rvalue one and its copies give, and what is left
// then.
#include "support/listener.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace handles {

using namespace test;

/// Counts how it has come here.
struct travelled {
  int copies = 0, moves = 0;
  travelled() = default;
  travelled(const travelled& from) : copies(from.copies + 1), moves(from.moves) {}
  travelled(travelled&& from) noexcept : copies(from.copies), moves(from.moves + 1) {}
};

/// Its copy throws as long as it says so.
struct stubborn {
  bool* throws = nullptr;
  int value = 0;
  stubborn(bool& by, int of) : throws(&by), value(of) {}
  stubborn(const stubborn& from) : throws(from.throws), value(from.value) {
    if (*throws)
      throw std::runtime_error{"no copy"};
  }
  stubborn(stubborn&& from) noexcept : throws(from.throws), value(std::exchange(from.value, 0)) {}
};

template <class T>
std::unique_ptr<T> made(T value) {
  return std::make_unique<T>(std::move(value));
}

template <class T>
ta::handle<T> copy_of(const ta::handle<T>& h) {
  return h;
}

bool is_taken(const std::system_error& error) { return error.code() == ta::errc::result_taken; }
bool is_empty(const std::system_error& error) { return error.code() == ta::errc::invalid_argument; }

struct page {
  std::vector<std::unique_ptr<int>> parts;
};

} // namespace handles

template <>
inline constexpr bool taskactor::copyable_result<handles::page> = false;

BOOST_AUTO_TEST_SUITE(handles)

BOOST_AUTO_TEST_CASE(an_lvalue_handle_gives_a_reference_to_the_value_in_its_place) {
  virtual_time world;
  auto h = world.tasks.add_task({}, [] { return std::string(100, 'x'); }).value();
  static_assert(std::is_same_v<decltype(h.get()), const std::string&>);
  static_assert(std::is_same_v<decltype(std::as_const(h).get()), const std::string&>);
  static_assert(std::is_same_v<decltype(std::move(h).get()), std::string>);
  const auto& first = h.get();
  const auto copy = h;
  BOOST_TEST(&copy.get() == &first);
  BOOST_TEST(&**copy.try_outcome() == &first);
  BOOST_TEST(&h.wait_outcome().value() == &first);
  BOOST_TEST(h.get().size() == 100u);
}

BOOST_AUTO_TEST_CASE(the_only_handle_moves_the_value_out_and_is_empty_then) {
  virtual_time world;
  auto h = world.tasks.add_task({}, [] { return travelled{}; }).value();
  h.wait();
  const int moves = h.get().moves;
  const auto got = std::move(h).get();
  BOOST_TEST(got.copies == 0);
  BOOST_TEST(got.moves == moves + 1);
  BOOST_TEST(!h);
  const auto again = world.tasks.add_task({}, [] { return travelled{}; }).value().get();
  BOOST_TEST(again.copies == 0);
}

BOOST_AUTO_TEST_CASE(one_handle_of_several_copies_and_the_last_one_moves) {
  virtual_time world;
  auto first = world.tasks.add_task({}, [] { return travelled{}; }).value();
  auto second = first;
  BOOST_TEST(std::move(first).get().copies == 1);
  BOOST_TEST(second.get().copies == 0);
  BOOST_TEST(std::move(second).get().copies == 0);
}

BOOST_AUTO_TEST_CASE(awaiting_an_lvalue_gives_a_reference_and_an_rvalue_the_value) {
  virtual_time world;
  auto body = [&world]() -> ta::task<int> {
    auto h = world.tasks.add_task({}, [] { return travelled{}; }).value();
    const travelled& seen = co_await h;
    const travelled* at = &seen;
    const auto& how = co_await h.outcome();
    BOOST_TEST(&*how == at);
    auto other = h;
    const auto copied = co_await std::move(other);
    BOOST_TEST(copied.copies == 1);
    BOOST_TEST(!other);
    const auto moved = co_await std::move(h);
    BOOST_TEST(moved.copies == 0);
    const auto whole = co_await world.tasks.add_task({}, [] { return travelled{}; }).value().outcome();
    BOOST_TEST(whole->copies == 0);
    const auto owned = co_await world.tasks.add_task({}, [] { return made(5); }).value();
    co_return *owned;
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 5);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied_goes_to_the_first_that_takes_it) {
  virtual_time world;
  auto first = world.tasks.add_task({}, [] { return made(7); }).value();
  auto second = first;
  const auto got = std::move(first).get();
  BOOST_TEST(*got == 7);
  BOOST_CHECK_EXCEPTION(second.get(), std::system_error, is_taken);
  BOOST_CHECK_EXCEPTION(second.wait_outcome(), std::system_error, is_taken);
  BOOST_CHECK_EXCEPTION(second.try_outcome(), std::system_error, is_taken);
  BOOST_CHECK_EXCEPTION(copy_of(second).get(), std::system_error, is_taken);
  BOOST_CHECK_EXCEPTION(std::move(second).get(), std::system_error, is_taken);
  BOOST_CHECK(second.state() == ta::state::completed); // the refused one is as it was
}

BOOST_AUTO_TEST_CASE(what_cannot_be_copied_stays_while_others_may_refer_to_it) {
  virtual_time world;
  auto reader = world.tasks.add_task({}, [] { return made(7); }).value();
  auto taker = reader;
  const auto& seen = reader.get();
  BOOST_CHECK_EXCEPTION(std::move(taker).get(), std::system_error, is_taken);
  BOOST_TEST(*seen == 7);
  BOOST_TEST(*taker.get() == 7);
  reader = {};
  const auto got = std::move(taker).get(); // the only one
  BOOST_TEST(*got == 7);
}

BOOST_AUTO_TEST_CASE(a_copy_that_throws_loses_nothing) {
  virtual_time world;
  bool throws = false;
  auto first = world.tasks.add_task({}, [&] { return stubborn{throws, 7}; }).value();
  auto second = first;
  first.wait();
  throws = true;
  BOOST_CHECK_EXCEPTION(std::move(first).get(), std::runtime_error,
                        [](const auto& e) { return std::string{e.what()} == "no copy"; });
  BOOST_CHECK_THROW(std::move(first).wait_outcome(), std::runtime_error);
  throws = false;
  BOOST_TEST(std::move(first).get().value == 7);
  BOOST_TEST(std::move(second).get().value == 7);
}

BOOST_AUTO_TEST_CASE(two_tasks_that_join_and_await_one_both_get_its_value) {
  virtual_time world;
  auto slow = []() -> ta::task<std::vector<int>> {
    co_await ta::sleep_for(1s);
    co_return std::vector<int>(100, 7);
  };
  auto body = [&]() -> ta::task<std::size_t> {
    const auto got = co_await world.tasks
                         .add_task({.id = "one", .admission = {.on_duplicate = ta::on_duplicate::join}}, slow)
                         .value();
    co_return got.size();
  };
  std::vector<ta::handle<std::size_t>> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(world.tasks.add_task({}, body).value());
  for (auto& each : all)
    BOOST_TEST(each.get() == 100u);
}

BOOST_AUTO_TEST_CASE(a_failure_is_for_all_of_them) {
  virtual_time world;
  auto first
      = world.tasks.add_task({}, []() -> std::unique_ptr<int> { throw std::domain_error{"no"}; }).value();
  auto second = first, third = first;
  BOOST_CHECK_THROW(std::move(first).get(), std::domain_error);
  const auto whole = std::move(second).wait_outcome();
  BOOST_TEST(whole.error().message() == "failed: std::domain_error: no");
  BOOST_CHECK_THROW(third.get(), std::domain_error);
}

BOOST_AUTO_TEST_CASE(an_outcome_of_a_temporary_is_a_value) {
  virtual_time world;
  auto& tasks = world.tasks;
  const auto& whole = tasks.add_task({}, [] { return std::string(100, 'x'); }).value().wait_outcome();
  BOOST_TEST(whole->size() == 100u);
  auto h = tasks.add_task({}, [] { return made(3); }).value();
  BOOST_CHECK(!copy_of(h).try_outcome());
  h.wait();
  const auto tried = std::move(h).try_outcome();
  BOOST_REQUIRE(tried);
  BOOST_TEST(*tried->value() == 3);
  const auto& id = tasks.add_task({.id = "an id that is too long for a short string"}, [] {}).value().id();
  BOOST_TEST(id == "an id that is too long for a short string");
  const auto nothing = tasks.add_task({}, [] {}).value().wait_outcome();
  BOOST_CHECK(nothing);
}

BOOST_AUTO_TEST_CASE(an_empty_handle_says_so) {
  virtual_time world;
  auto whole = world.tasks.add_task({.id = "a"}, [] { return 1; }).value();
  const auto moved = std::move(whole);
  for (const auto& h : {ta::handle<int>{}, whole}) { // NOLINT: that is the question
    BOOST_TEST(!h);
    BOOST_TEST(h.id().empty());
    BOOST_TEST(h.finished());
    BOOST_CHECK(h.cancel() == ta::cancel_reply::unknown);
    BOOST_CHECK_EXCEPTION(h.wait(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(h.wait_for(1s), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(h.get(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(copy_of(h).get(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(h.wait_outcome(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(copy_of(h).wait_outcome(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(h.try_outcome(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(copy_of(h).try_outcome(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(h.info(), std::system_error, is_empty);
    auto body = [&h](bool as_outcome) -> ta::task<void> {
      if (as_outcome)
        co_await h.outcome();
      else
        co_await h;
    };
    BOOST_CHECK_EXCEPTION(world.tasks.add_task({}, body, true).value().get(), std::system_error, is_empty);
    BOOST_CHECK_EXCEPTION(world.tasks.add_task({}, body, false).value().get(), std::system_error, is_empty);
  }
  BOOST_TEST(moved.get() == 1);
}

BOOST_AUTO_TEST_CASE(a_scope_around_a_handle_gives_its_value) {
  virtual_time world;
  auto body = [&world]() -> ta::task<int> {
    auto h = world.tasks.add_task({}, [] { return 20; }).value();
    const int whole = co_await ta::fail_after(1s, h);
    const auto how = co_await ta::fail_after(1s, h.outcome());
    co_return whole + *how + co_await ta::shield(std::move(h));
  };
  BOOST_TEST(world.tasks.add_task({}, body).value().get() == 60);
}

BOOST_AUTO_TEST_CASE(it_is_known_what_can_be_copied) {
  using owner = std::unique_ptr<int>;
  static_assert(ta::copyable_result<int> && ta::copyable_result<void> && ta::copyable_result<std::string>);
  static_assert(ta::copyable_result<std::map<std::string, std::vector<int>>>
                && ta::copyable_result<travelled>);
  static_assert(!ta::copyable_result<owner> && !ta::copyable_result<std::vector<owner>>);
  static_assert(!ta::copyable_result<std::map<int, owner>> && !ta::copyable_result<std::optional<owner>>);
  static_assert(!ta::copyable_result<std::tuple<int, std::vector<owner>>> && !ta::copyable_result<page>);
  static_assert(!ta::copyable_result<std::vector<page>> && !ta::copyable_result<std::array<owner, 2>>);
  virtual_time world;
  auto many = [] {
    page result;
    result.parts.push_back(made(1));
    return result;
  };
  BOOST_TEST(world.tasks.add_task({}, many).value().get().parts.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
