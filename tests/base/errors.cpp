// What the library throws of its own: one base, with the message and the code apart.
#include <taskactor/taskactor.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <system_error>
#include <type_traits>

namespace ta = taskactor;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(the_message_is_without_the_codes_words_whatever_is_in_it) {
  for (const std::string said : {"", "x", "x: y", "limiter \"db\": there is none", "invalid argument",
                                 "x: invalid argument", ": ", "a\nb"})
    for (const auto code : {ta::errc::invalid_argument, ta::errc::queue_full, ta::errc::would_block}) {
      const ta::error made{code, said};
      BOOST_TEST(made.message() == said);
      BOOST_CHECK(made.code() == code);
      BOOST_TEST(std::string{made.what()} == said + ": " + to_string(code));
      const ta::error copy{made};
      BOOST_TEST(copy.message() == said);
      BOOST_TEST(ta::detail::message_of(made) == said);
    }
}

BOOST_AUTO_TEST_CASE(what_the_system_says_stays_whole) {
  const std::system_error no_room{ENOSPC, std::generic_category(), "/tmp/x"};
  BOOST_TEST(ta::detail::message_of(no_room) == no_room.what());
}

BOOST_AUTO_TEST_CASE(all_exceptions_with_a_code_of_the_library_have_that_base) {
  static_assert(std::is_base_of_v<ta::error, ta::task_error>);
  static_assert(std::is_base_of_v<ta::error, ta::timeout_error>);
  static_assert(std::is_base_of_v<ta::error, ta::worker_lost>);
  static_assert(std::is_nothrow_copy_constructible_v<ta::error>);
  ta::task_manager tasks;
  const auto message = [](auto&& call) {
    try {
      call();
    } catch (const ta::error& why) {
      return why.message();
    }
    return std::string{"nothing"};
  };
  BOOST_TEST(message([&] { tasks.resize("none", 1); })
             == "limiter \"none\": there is none; add_limiter first");
  BOOST_TEST(message([&] { (void)tasks.add_task({.timeout = -1s}, [] {}).value(); })
             == "timeout: -1 s is negative; give zero or more, or leave it unset");
  BOOST_TEST(message([&] { (void)ta::this_task::id(); }) != "nothing");
  BOOST_TEST(message([&] { ta::handle<int>{}.wait(); }) != "nothing");
  const auto h = tasks.add_task({}, []() {}).value();
  BOOST_TEST(message([&] {
               (void)tasks.gather(
                   {.jitter = -1s}, [](int) {}, std::vector{1});
             })
             == "jitter: -1 s is negative; give zero or more, or leave it unset");
  const auto blocks = tasks
                          .add_task({},
                                    [&tasks]() -> ta::task<void> {
                                      tasks.shutdown();
                                      co_return;
                                    })
                          .value();
  BOOST_TEST(message([&] { blocks.get(); }) != "nothing");
}

BOOST_AUTO_TEST_SUITE_END()
