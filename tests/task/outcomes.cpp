#include <taskactor/field.hpp>
#include <taskactor/outcome.hpp>
#include <taskactor/task.hpp>
#include <taskactor/task_options.hpp>

#include <boost/test/unit_test.hpp>

#include <cstring>
#include <functional>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace outcomes {
using namespace taskactor;
} // namespace outcomes

BOOST_AUTO_TEST_SUITE(outcomes)

namespace {

struct throwing_destructor {
  ~throwing_destructor() noexcept(false) { throw 1; }
};

std::exception_ptr nested() {
  try {
    try {
      throw std::out_of_range{"inner"};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"outer"});
    }
  } catch (...) {
    return std::current_exception();
  }
}

/// Its moves throw.
struct immovable {
  int value = 0;
  explicit immovable(int of) : value(of) {}
  immovable(const immovable&) = default;
  immovable(immovable&&) { throw std::runtime_error{"not moved"}; } // NOLINT: it throws
};

struct constant {
  const int value;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_result_is_a_value_that_dies_without_throwing) {
  static_assert(task_result<void> && task_result<int> && task_result<std::unique_ptr<int>>);
  static_assert(!task_result<int&> && !task_result<const int&> && !task_result<int&&>);
  static_assert(!task_result<throwing_destructor>);
  BOOST_TEST(true);
}

BOOST_AUTO_TEST_CASE(an_outcome_that_was_never_written_is_an_item_that_never_started) {
  const outcome<int> none;
  BOOST_TEST(!none);
  BOOST_CHECK(none.state() == state::cancelled);
  BOOST_CHECK(none.error().reason() == end_reason::not_started);
  BOOST_TEST(none.error().message() == "cancelled: not started");
}

BOOST_AUTO_TEST_CASE(a_value_comes_out_as_it_went_in_also_one_that_only_moves) {
  outcome<std::unique_ptr<int>> one{std::in_place, std::make_unique<int>(7)};
  BOOST_TEST(one.has_value());
  BOOST_CHECK(one.state() == state::completed);
  BOOST_TEST(*std::move(one).value() == 7);
}

BOOST_AUTO_TEST_CASE(the_exception_that_left_the_body_is_the_one_that_value_throws) {
  const auto cause = std::make_exception_ptr(std::out_of_range{"seven"});
  const outcome<int> one{failure{cause}};
  try {
    one.value();
    BOOST_FAIL("value() returned");
  } catch (...) {
    BOOST_CHECK(std::current_exception() == cause);
  }
}

BOOST_AUTO_TEST_CASE(a_task_without_a_value_of_its_own_throws_a_task_error) {
  const outcome<void> late{failure{state::timed_out, end_reason::run_timeout, 2s}};
  BOOST_CHECK_EXCEPTION(late.value(), task_error, [](const task_error& error) {
    return error.state() == state::timed_out && error.code() == errc::task_timed_out;
  });
  BOOST_TEST(late.error().message() == "timed out: ran too long (limit 2 s)");
}

BOOST_AUTO_TEST_CASE(errors_are_described_with_their_type_and_their_whole_chain) {
  BOOST_TEST(describe(nested())
             == "std::_Nested_exception<std::runtime_error>: outer <- std::out_of_range: inner");
  BOOST_TEST(describe(std::make_exception_ptr(5)) == "int");
  BOOST_TEST(describe(std::make_exception_ptr(std::string{"text"})) == "std::string: text");
  BOOST_TEST(describe(nullptr) == "no exception");
  std::ostringstream out;
  out << failure{std::make_exception_ptr(std::logic_error{"x"})};
  BOOST_TEST(out.str() == "failed: std::logic_error: x");
}

BOOST_AUTO_TEST_CASE(durations_read_as_a_person_writes_them) {
  using detail::to_text;
  BOOST_TEST(to_text(2s) == "2 s");
  BOOST_TEST(to_text(1500ms) == "1.5 s");
  BOOST_TEST(to_text(20ms) == "20 ms");
  BOOST_TEST(to_text(-5s) == "-5 s");
  BOOST_TEST(to_text(0s) == "0 s");
}

BOOST_AUTO_TEST_CASE(a_negative_duration_is_refused_by_the_name_of_its_field) {
  BOOST_TEST(!detail::validate(task_options{}).has_value());
  const auto wrong = detail::validate({.queue_timeout = -1s});
  BOOST_REQUIRE(wrong.has_value());
  BOOST_CHECK(wrong->code == errc::invalid_argument);
  BOOST_TEST(wrong->message == "queue_timeout: -1 s is negative; give zero or more, or leave it unset");
}

BOOST_AUTO_TEST_CASE(a_field_that_was_copied_byte_by_byte_leaves_its_content_to_the_original) {
  using text = detail::guarded_field<std::string>;
  for (const char* content :
       {"short", "a text that is too long to be kept within the string object itself"}) {
    const text original{content};
    alignas(text) unsigned char bytes[sizeof(text)];
    std::memcpy(bytes, &original, sizeof(text));
    auto& copy = *std::launder(reinterpret_cast<text*>(bytes));
    BOOST_TEST(detail::content_of(copy) == content);
    BOOST_TEST(detail::take_content(copy) == content); // not moved out: the original still has it
    text moved{std::move(copy)};
    copy.~text();
    BOOST_TEST(detail::content_of(moved) == content);
    BOOST_TEST(detail::content_of(original) == content);
  }
}

BOOST_AUTO_TEST_CASE(a_field_is_made_from_what_its_type_is_made_from) {
  struct options {
    field<std::string> id{};
    field<std::vector<std::pair<std::string, std::string>>> env{};
    field<std::function<int(int)>> call{};
  };
  const options one{.id = "x", .env = {{"A", "1"}}, .call = [](int n) { return n + 1; }};
  const options two{.id = std::string{"y"}, .env = {{"A", "1"}, {"B", "2"}}};
  const std::string& id = one.id;
  const std::function<int(int)>& call = one.call;
  BOOST_TEST(id == "x");
  BOOST_TEST(detail::content_of(one.env).size() == 1u);
  BOOST_TEST(call(1) == 2);
  BOOST_TEST(detail::content_of(two.env).at(1).second == "2");
  BOOST_TEST(detail::content_of(options{}.id).empty());
}

BOOST_AUTO_TEST_CASE(moving_an_outcome_never_throws_but_a_value_whose_move_does_has_failed) {
  static_assert(std::is_nothrow_move_constructible_v<outcome<immovable>>);
  static_assert(std::is_nothrow_move_assignable_v<outcome<immovable>>);
  outcome<immovable> first{std::in_place, 7};
  const auto copy = first;
  BOOST_TEST(copy->value == 7);
  outcome<immovable> moved{std::move(first)};
  BOOST_CHECK(!moved);
  BOOST_TEST(moved.error().message() == "failed: std::runtime_error: not moved");
  outcome<immovable> second{std::in_place, 8}, assigned{std::in_place, 9};
  assigned = std::move(second);
  BOOST_CHECK(assigned.state() == state::failed);
  assigned.emplace(10);
  BOOST_TEST(assigned->value == 10);
  assigned.emplace(immovable{11});
  BOOST_CHECK(!assigned);
  std::vector<outcome<immovable>> many(3);
  many[1].emplace(1);
  many.resize(100); // moves them
  BOOST_CHECK(many[1].state() == state::failed);
  BOOST_CHECK(many[2].error().reason() == end_reason::not_started);
}

BOOST_AUTO_TEST_CASE(an_outcome_can_be_assigned_whose_value_can_not) {
  outcome<constant> one{std::in_place, constant{1}};
  const outcome<constant> two{std::in_place, constant{2}};
  one = two;
  BOOST_TEST(one->value == 2);
  one = failure{};
  BOOST_CHECK(!one);
  one = outcome<constant>{std::in_place, constant{3}};
  BOOST_TEST(one.value().value == 3);
  static_assert(!std::is_copy_constructible_v<outcome<std::vector<std::unique_ptr<int>>>>);
}

BOOST_AUTO_TEST_SUITE_END()
