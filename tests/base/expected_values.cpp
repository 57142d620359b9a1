// `expected`, as `std::expected` has it: what is asked, what is done step by step, and what is equal.
#include <taskactor/expected.hpp>

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>

namespace expected_values {

namespace ta = taskactor;
using number = ta::expected<int>;

const ta::rejection full{ta::errc::queue_full, "queue overflow: 1"};

number half(int whole) {
  if (whole % 2 != 0)
    return ta::rejection{ta::errc::invalid_argument, std::to_string(whole) + " is odd"};
  return whole / 2;
}

} // namespace expected_values

BOOST_AUTO_TEST_SUITE(expected_values)

BOOST_AUTO_TEST_CASE(a_value_in_its_place) {
  const number one = 1, none = full;
  BOOST_TEST(one.value_or(7) == 1);
  BOOST_TEST(none.value_or(7) == 7);
  BOOST_TEST((none.error_or({}).message) == "queue overflow: 1");
  BOOST_CHECK(one.error_or(full) == full);
  ta::expected<std::unique_ptr<int>> owner{std::make_unique<int>(3)};
  BOOST_TEST(*std::move(owner).value_or(nullptr) == 3);
  BOOST_TEST(!ta::expected<std::unique_ptr<int>>{full}.value_or(nullptr));
}

BOOST_AUTO_TEST_CASE(one_step_after_the_other_until_one_has_no_value) {
  BOOST_CHECK(number{12}.and_then(half).and_then(half) == 3);
  const auto odd = number{6}.and_then(half).and_then(half).and_then(half);
  BOOST_TEST(odd.error().message == "3 is odd");
  int calls = 0;
  const auto text = [&calls](int value) { return ++calls, std::to_string(value); };
  const number one = 1, none = full;
  const auto said = one.transform(text);
  static_assert(std::is_same_v<decltype(said), const ta::expected<std::string>>);
  BOOST_TEST(said.value() == "1");
  BOOST_CHECK(none.transform(text) == full);
  BOOST_TEST(calls == 1);
  BOOST_CHECK(one.or_else([](const ta::rejection&) -> number { return 9; }) == 1);
  BOOST_CHECK(none.or_else([](const ta::rejection&) -> number { return 9; }) == 9);
  BOOST_CHECK(none.or_else([](const ta::rejection& why) -> number {
    return ta::rejection{ta::errc::stopping, why.message};
  }) == (ta::rejection{ta::errc::stopping, "queue overflow: 1"}));
}

BOOST_AUTO_TEST_CASE(what_is_moved_is_moved_and_what_is_kept_stays) {
  const auto taken = [](std::unique_ptr<int> from) { return *from; };
  ta::expected<std::unique_ptr<int>> owner{std::make_unique<int>(5)};
  BOOST_CHECK(std::move(owner).transform(taken) == 5);
  BOOST_TEST(!owner.value()); // it was moved out
  const ta::expected<std::string> text{std::string(100, 'x')};
  BOOST_CHECK(text.transform([](const std::string& all) { return all.size(); }) == 100u);
  BOOST_TEST(text->size() == 100u);
  ta::expected<std::string> changed{std::string{"a"}};
  changed.transform([](std::string& all) { return all += 'b', 0; }).value();
  BOOST_TEST(*changed == "ab");
}

BOOST_AUTO_TEST_CASE(a_step_may_be_a_member) {
  const ta::expected<std::string> text{std::string{"abc"}};
  BOOST_CHECK(text.transform(&std::string::size) == 3u);
  const ta::expected<std::pair<int, int>> both{std::pair{1, 2}};
  BOOST_CHECK(both.transform(&std::pair<int, int>::second) == 2);
  const ta::expected<std::shared_ptr<std::string>> far{std::make_shared<std::string>("abcd")};
  BOOST_CHECK(far.transform(&std::string::size) == 4u);
}

BOOST_AUTO_TEST_CASE(equal_are_values_and_reasons_of_the_same_words) {
  const number one = 1, two = 2, none = full;
  BOOST_CHECK(one == number{1});
  BOOST_CHECK(one == ta::expected<long>{1L});
  BOOST_CHECK(one != two);
  BOOST_CHECK(one != none);
  BOOST_CHECK(none == number{full});
  BOOST_CHECK(none == full);
  BOOST_CHECK(none != (ta::rejection{ta::errc::queue_full, "queue overflow: 2"}));
  BOOST_CHECK(none != (ta::rejection{ta::errc::stopping, full.message}));
  BOOST_CHECK(one != full);
  BOOST_CHECK(one == 1);
  BOOST_CHECK(one != 2);
  BOOST_CHECK(none != 1);
}

BOOST_AUTO_TEST_CASE(no_value_is_thrown_with_code_and_message) {
  const number none = full;
  BOOST_CHECK_EXCEPTION(none.value(), std::system_error, [](const std::system_error& error) {
    return error.code() == ta::errc::queue_full && ta::detail::message_of(error) == full.message;
  });
}

BOOST_AUTO_TEST_SUITE_END()
