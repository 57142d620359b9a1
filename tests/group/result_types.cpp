// What may be a result: whatever can be moved, or only copied, with const members, without a default; and
// braced lists.
#include "lifecycle/bodies.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

using namespace test;

BOOST_AUTO_TEST_SUITE(result_types)

namespace {

const std::string long_text(100, 'x');

struct with_const {
  const std::string text;
  explicit with_const(std::string from) : text(std::move(from)) {}
};
struct only_copied {
  std::string text;
  explicit only_copied(std::string from) : text(std::move(from)) {}
  only_copied(const only_copied&) = default;
  only_copied& operator=(const only_copied&) = delete;
};
struct without_default {
  std::string text;
  explicit without_default(std::string from) : text(std::move(from)) {}
};
struct only_moved {
  std::unique_ptr<const std::string> owned;
  const std::string& text;
  explicit only_moved(std::string from)
      : owned(std::make_unique<const std::string>(std::move(from))), text(*owned) {}
  only_moved(only_moved&& other) noexcept : owned(std::move(other.owned)), text(*owned) {}
};

template <class T>
ta::task<T> give(std::string text) {
  co_await ta::sleep_for(1ms);
  co_return T(std::move(text));
}

template <class T>
ta::async_generator<T> give_twice(std::string text) {
  T first(text);
  co_yield std::move(first);
  co_yield T(text);
}

/// By each way a result takes inside a task.
template <class T>
ta::task<int> all_ways() {
  int right = 0;
  const auto look = [&right](const T& got) { right += got.text == long_text; };
  const T awaited = co_await give<T>(long_text);
  look(awaited);
  const T failed = co_await ta::fail_after(1s, give<T>(long_text));
  look(failed);
  const auto moved = co_await ta::move_on_after(1s, give<T>(long_text));
  look(moved.value());
  const T shielded = co_await ta::shield(give<T>(long_text));
  look(shielded);
  const auto won = co_await ta::race(give<T>(long_text), hanging());
  look(std::get<0>(won));
  const auto both = co_await ta::when_all(give<T>(long_text), give<T>(long_text));
  look(std::get<0>(both));
  look(std::get<1>(both));
  std::vector<ta::task<T>> equals;
  equals.push_back(give<T>(long_text));
  const auto first = co_await ta::race(std::move(equals));
  look(first.value);
  const std::vector<std::string> items(3, long_text);
  for (auto& each : co_await ta::gather({}, give<T>, items))
    look(each.value());
  auto done = ta::as_completed({}, give<T>, items);
  while (auto one = co_await done.next())
    look(one->result.value());
  auto plain = [](int) { return T(long_text); };
  const T threaded = co_await ta::run_in_thread(plain, 1);
  look(threaded);
  auto body = [](ta::task_group& group) -> ta::task<T> {
    auto child = group.add_task({}, give<T>, long_text).value();
    co_return co_await std::move(child);
  };
  const T grouped = co_await ta::with_group(body);
  look(grouped);
  auto generator = give_twice<T>(long_text);
  while (auto one = co_await generator.next())
    look(*one);
  co_return right;
}

} // namespace

using kinds = std::tuple<with_const, only_copied, without_default, only_moved>;

BOOST_AUTO_TEST_CASE_TEMPLATE(a_result_of_each_kind_comes_through_in_each_way, T, kinds) {
  virtual_time world;
  auto& tasks = world.tasks;
  BOOST_TEST(tasks.add_task({}, all_ways<T>).value().get() == 18);
  BOOST_TEST(tasks.add_task({}, give<T>, long_text).value().wait_outcome().state() == ta::state::completed);
  BOOST_TEST(tasks.add_task({}, give<T>, long_text).value().get().text == long_text);
  BOOST_TEST(tasks.add_task({}, [] { return T(long_text); }).value().get().text == long_text);
  BOOST_TEST(tasks.run_in_thread({}, [] { return T(long_text); }).value().get().text == long_text);
  for (auto& each : tasks.gather(
           {}, [](int) { return T(long_text); }, std::vector{1, 2}))
    BOOST_TEST(each.value().text == long_text);
  int taken = 0;
  tasks.gather_each({}, give<T>, std::vector<std::string>(3, long_text),
                    [&](std::size_t, ta::outcome<T> got) { taken += got.value().text == long_text; });
  BOOST_TEST(taken == 3);
}

BOOST_AUTO_TEST_CASE(an_outcome_takes_over_another_whatever_its_value_can_do) {
  using kept = ta::outcome<with_const>;
  kept one{std::in_place, "one"};
  one = kept{std::in_place, "other"};
  BOOST_TEST(one->text == "other");
  one = kept{ta::failure{ta::state::timed_out, ta::end_reason::none}};
  BOOST_TEST((one.state() == ta::state::timed_out));
  one = kept{std::in_place, "again"};
  BOOST_TEST(one->text == "again");

  struct throws_when_moved {
    const int number;
    explicit throws_when_moved(int n) : number(n) {}
    throws_when_moved(throws_when_moved&&) : number(0) { throw std::runtime_error{"moved"}; }
  };
  ta::outcome<throws_when_moved> first{std::in_place, 1}, second{std::in_place, 2};
  first = std::move(second);
  BOOST_TEST((first.state() == ta::state::failed));
}

namespace {

struct page {
  int number;
  std::string text;
};

ta::task<std::vector<int>> numbers() { co_return {1, 2, 3}; }
ta::task<std::vector<std::string>> texts() { co_return {"a", long_text}; }
ta::task<std::string> nothing() { co_return {}; }
ta::task<std::unique_ptr<int>> no_pointer() { co_return {}; }
ta::task<std::pair<int, std::string>> a_pair() { co_return {1, long_text}; }
ta::task<std::map<int, std::string>> a_map() { co_return {{1, long_text}, {2, "b"}}; }
ta::task<page> an_aggregate() { co_return {1, long_text}; }
ta::task<page> a_named_aggregate() { co_return {.number = 2, .text = long_text}; }
ta::task<std::optional<int>> empty() { co_return std::nullopt; }
ta::task<std::optional<int>> converted() { co_return 'a'; }
ta::task<std::variant<int, std::string>> one_of() { co_return "text"; }

ta::async_generator<page> pages() {
  co_yield {1, long_text};
  co_yield {};
  page own{3, long_text};
  co_yield own;
  co_yield {own};
  co_yield std::move(own);
}
ta::async_generator<std::vector<int>> vectors() {
  co_yield {1, 2, 3};
  co_yield {};
}
ta::async_generator<std::string> strings() {
  co_yield "converted";
  co_yield {};
  co_yield {long_text};
}

template <class T>
ta::task<std::vector<T>> all_of(ta::async_generator<T> from) {
  std::vector<T> all;
  while (auto one = co_await from.next())
    all.push_back(std::move(*one));
  co_return all;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_braced_list_is_returned_as_by_a_function) {
  virtual_time world;
  const auto run = [&](auto body) { return world.tasks.add_task({}, body).value().get(); };
  BOOST_TEST(run(numbers) == (std::vector{1, 2, 3}));
  BOOST_TEST(run(texts) == (std::vector<std::string>{"a", long_text}));
  BOOST_TEST(run(nothing).empty());
  BOOST_TEST(!run(no_pointer));
  BOOST_TEST(run(a_pair).second == long_text);
  BOOST_TEST(run(a_map).at(1) == long_text);
  BOOST_TEST(run(an_aggregate).text == long_text);
  BOOST_TEST(run(a_named_aggregate).number == 2);
  BOOST_TEST(!run(empty).has_value());
  BOOST_TEST(run(converted).value() == 97);
  BOOST_TEST(std::get<std::string>(run(one_of)) == "text");
}

BOOST_AUTO_TEST_CASE(a_braced_list_is_yielded_and_destroyed_once) {
  virtual_time world;
  const auto run = [&](auto generator) {
    return world.tasks.add_task({}, all_of<typename decltype(generator())::value_type>, generator())
        .value()
        .get();
  };
  const auto got = run(pages);
  BOOST_TEST_REQUIRE(got.size() == 5U);
  for (const std::size_t each : {0U, 2U, 3U, 4U})
    BOOST_TEST(got[each].text == long_text);
  BOOST_TEST(got[1].text.empty());
  BOOST_TEST(run(vectors).at(0) == (std::vector{1, 2, 3}));
  BOOST_TEST(run(strings).at(2) == long_text);
}

BOOST_AUTO_TEST_SUITE_END()
