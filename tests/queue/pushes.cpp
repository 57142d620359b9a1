// What is written when a job is pushed, and what is refused before anything is.
#include "queue/hooked_store.hpp"
#include "queue/pushed_tasks.hpp"
#include "support/virtual_time.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace queue_tests {

ta::task<std::string> send_letter(std::string to, int copies) {
  co_return to + " x" + std::to_string(copies);
}
int count_words(std::stop_token, const std::string& text) { return static_cast<int>(text.size()); }
void note(const std::string&) {}
void versioned(int) {}
void unregistered(int) {}

TASKACTOR_REGISTER_AS(send_letter, "queue_tests.send_letter", {.defaults = {1}});
TASKACTOR_REGISTER_AS(count_words, "queue_tests.count_words",
                      {.options = {.timeout = 30s,
                                   .priority = 2,
                                   .fairness_key = "ann",
                                   .retry = ta::retry{.max_attempts = 5, .backoff = {.first = 2s}}}});
TASKACTOR_REGISTER_AS(note, "queue_tests.note");
TASKACTOR_REGISTER_AS(versioned, "queue_tests.versioned", {.version = "3"});

} // namespace queue_tests

namespace pushes {

using namespace queue_tests;

struct world {
  test::virtual_time time;
  ta::store store{time.tasks, {.max_payload = 1000}};
  ta::job_queue mail{store, "mail"};

  ta::job_details details(ta::job_id which) const { return store.find(which).get().value(); }
  std::size_t count() const { return store.list({.most = 100}).get().value().size(); }
};

/// What is refused, with what the message has to have in it.
template <class T>
void check_refused(const ta::store_call<T>& call, ta::errc code, const std::string& words) {
  const auto got = call.get();
  BOOST_REQUIRE(!got);
  BOOST_TEST(static_cast<int>(got.error().code) == static_cast<int>(code));
  BOOST_TEST(got.error().message.find(words) != std::string::npos, got.error().message);
}

} // namespace pushes

BOOST_FIXTURE_TEST_SUITE(pushes, ::pushes::world)

using namespace ::pushes;

BOOST_AUTO_TEST_CASE(a_function_is_written_with_its_arguments) {
  const auto pushed = mail.push(send_letter, "ann", 3).get().value();
  BOOST_TEST(pushed.how == ta::push_result::pushed);
  const auto got = details(pushed.job.id());
  BOOST_TEST(got.arguments == R"(["ann",3])");
  BOOST_TEST(got.info.task == "queue_tests.send_letter");
  BOOST_TEST(got.info.queue == "mail");
  BOOST_TEST(got.info.state == ta::job_state::ready);
  BOOST_TEST(got.info.priority == ta::default_priority);
  BOOST_TEST(!got.timeout);
  BOOST_TEST(got.retry.max_attempts == 1U);
  static_assert(std::is_same_v<decltype(pushed.job), ta::job<std::string>>);
}

BOOST_AUTO_TEST_CASE(a_stop_token_is_no_argument_and_what_is_unset_is_as_registered) {
  const auto got = details(mail.push(count_words, "one two").get().value().job.id());
  BOOST_TEST(got.arguments == R"(["one two"])");
  BOOST_TEST(got.info.priority == 2);
  BOOST_TEST(got.info.fairness_key == "ann");
  BOOST_REQUIRE(got.timeout);
  BOOST_TEST((*got.timeout == 30s));
  BOOST_TEST(got.retry.max_attempts == 5U);
  BOOST_TEST((got.retry.backoff.first == 2s));
  const auto other = details(mail.push({.priority = 7,
                                        .timeout = 1s,
                                        .retry = ta::job_retry{.max_attempts = 2},
                                        .fairness_key = "bob"},
                                       count_words, "x")
                                 .get()
                                 .value()
                                 .job.id());
  BOOST_TEST(other.info.priority == 7);
  BOOST_TEST((*other.timeout == 1s));
  BOOST_TEST(other.retry.max_attempts == 2U);
  BOOST_TEST(other.info.fairness_key == "bob");
  BOOST_TEST(details(mail.push(versioned, 1).get().value().job.id()).version == "3");
}

BOOST_AUTO_TEST_CASE(all_options_arrive) {
  const ta::push_options options{.delay = 1h,
                                 .expires = 2h,
                                 .limits = {{"smtp", "ann", 2}, {"all", "", 1}},
                                 .tags = {"red", "blue"},
                                 .trace = "00-1",
                                 .version = "v"};
  const auto got = details(mail.push(options, note, "x").get().value().job.id());
  BOOST_TEST(got.info.state == ta::job_state::delayed);
  BOOST_REQUIRE(got.info.due);
  BOOST_TEST((*got.info.due - got.info.pushed == 1h));
  BOOST_REQUIRE(got.info.expires);
  BOOST_TEST((*got.info.expires - got.info.pushed == 2h));
  BOOST_REQUIRE(got.limits.size() == 2U);
  BOOST_TEST(got.limits[0].name == "all"); // sorted
  BOOST_TEST(got.limits[1].tokens == 2U);
  BOOST_TEST(got.info.tags == (std::vector<std::string>{"red", "blue"}), boost::test_tools::per_element());
  BOOST_TEST(got.trace == "00-1");
  BOOST_TEST(got.version == "v");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_known_before_anything_is_written) {
  using ta::errc;
  check_refused(mail.push(unregistered, 1), errc::unknown_task, "TASKACTOR_REGISTER");
  check_refused(mail.push(note, "\xff"), errc::bad_arguments, "queue_tests.note");
  check_refused(mail.push(note, std::string(1001, 'x')), errc::payload_too_large, "max_payload");
  check_refused(mail.push({.delay = -1s}, note, "x"), errc::invalid_argument, "delay");
  check_refused(mail.push({.delay = 1s, .at = ta::store_time{}}, note, "x"), errc::invalid_argument, "at");
  check_refused(mail.push({.expires = -1s}, note, "x"), errc::invalid_argument, "expires");
  check_refused(mail.push({.priority = 10}, note, "x"), errc::invalid_argument, "priority");
  check_refused(mail.push({.timeout = -1s}, note, "x"), errc::invalid_argument, "timeout");
  check_refused(mail.push({.retry = ta::job_retry{.max_attempts = 0}}, note, "x"), errc::invalid_argument,
                "retry.max_attempts");
  check_refused(mail.push({.unique = {.key = "k", .until = ta::unique_until::period}}, note, "x"),
                errc::invalid_argument, "unique.period");
  check_refused(mail.push({.limits = {{"a", "", 0}}}, note, "x"), errc::invalid_argument, "limits");
  check_refused(mail.push({.limits = {{"a", "", 1}, {"a", "", 1}}}, note, "x"), errc::invalid_argument,
                "twice");
  check_refused(mail.push({.limits = {{"a", "", std::size_t{1} << 40}}}, note, "x"), errc::invalid_argument,
                "tokens");
  check_refused(mail.push({.limits = {{"a", "\xff", 1}}}, note, "x"), errc::invalid_argument, "UTF-8");
  check_refused(mail.push({.tags = {"\xff"}}, note, "x"), errc::invalid_argument, "UTF-8");
  check_refused(mail.push({.fairness_key = "\xff"}, note, "x"), errc::invalid_argument, "UTF-8");
  check_refused(mail.push({.keep = -1s}, note, "x"), errc::invalid_argument, "keep");
  check_refused(mail.push({.tags = {""}}, note, "x"), errc::invalid_argument, "tags");
  check_refused(mail.push_named({}, "queue_tests.nota", {"x"}), errc::unknown_task, "queue_tests.note");
  check_refused(mail.push_named({}, "queue_tests.note", {1}), errc::bad_arguments, "argument 1");
  check_refused(mail.push_named({}, "queue_tests.note", {"a", "b"}), errc::bad_arguments, "queue_tests.note");
  check_refused(mail.push_unchecked({}, "", {1}), errc::invalid_argument, "name");
  check_refused(mail.push_unchecked({}, "x", ta::json{{"a", 1}}), errc::bad_arguments, "array");
  BOOST_TEST(count() == 0U);
  BOOST_CHECK_THROW((ta::job_queue{store, ""}), ta::error);
  BOOST_CHECK_THROW((ta::job_queue{store, std::string(201, 'q')}), ta::error);
}

BOOST_AUTO_TEST_CASE(a_range_is_pushed_in_one_call_with_tuples_for_many_arguments) {
  const std::vector<std::string> texts{"a", "b", "c"};
  const auto some = mail.push_all({}, note, texts).get().value();
  BOOST_REQUIRE(some.size() == 3U);
  BOOST_TEST(details(some[2].job.id()).arguments == R"(["c"])");
  const std::vector<std::tuple<std::string, int>> letters{{"ann", 1}, {"bob", 2}};
  const auto more = mail.push_all({.priority = 1}, send_letter, letters).get().value();
  BOOST_REQUIRE(more.size() == 2U);
  BOOST_TEST(details(more[1].job.id()).arguments == R"(["bob",2])");
  BOOST_TEST(details(more[1].job.id()).info.priority == 1);
  BOOST_TEST(mail.push_all({}, note, std::vector<std::string>{}).get().value().empty());
  check_refused(mail.push_all({}, note, std::vector<std::string>{"x", "\xff"}), ta::errc::bad_arguments,
                "queue_tests.note");
  check_refused(mail.push_all({.unique = {.key = "k"}}, note, texts), ta::errc::invalid_argument,
                "unique.key");
  BOOST_TEST(count() == 5U);
}

BOOST_AUTO_TEST_CASE(a_unique_key_is_the_tasks_own_unless_a_scope_is_named) {
  const auto first = mail.push({.unique = {.key = "ann"}}, note, "x").get().value();
  const auto second = mail.push({.unique = {.key = "ann"}}, note, "y").get().value();
  BOOST_TEST(second.how == ta::push_result::duplicate);
  BOOST_TEST(second.job.id() == first.job.id());
  const auto other = mail.push({.unique = {.key = "ann"}}, versioned, 1).get().value();
  BOOST_TEST(other.how == ta::push_result::pushed);
  const auto scoped
      = mail.push({.unique = {.key = "ann", .scope = "queue_tests.note"}}, versioned, 1).get().value();
  BOOST_TEST(scoped.how == ta::push_result::duplicate);
}

BOOST_AUTO_TEST_CASE(a_name_takes_json_and_defaults_and_an_unknown_one_goes_unchecked) {
  const auto named = mail.push_named({}, "queue_tests.send_letter", {"eve"}).get().value();
  BOOST_TEST(details(named.job.id()).arguments == R"(["eve"])");
  const auto unknown = mail.push_unchecked({}, "elsewhere", {1, 2}).get().value();
  BOOST_TEST(details(unknown.job.id()).info.task == "elsewhere");
}

BOOST_AUTO_TEST_CASE(a_push_is_awaited_in_a_task) {
  const auto body = [](ta::job_queue to) -> ta::task<ta::job_id> {
    const auto pushed = co_await to.push({.delay = 1s}, send_letter, "ann", 2);
    co_return pushed.value().job.id();
  };
  const auto id = time.tasks.add_task({}, body, mail).value().get();
  BOOST_TEST(details(id).arguments == R"(["ann",2])");
}

BOOST_AUTO_TEST_CASE(a_store_in_memory_has_no_transactions) {
  const auto got = mail.push(static_cast<sqlite3*>(nullptr), {}, note, "x");
  BOOST_REQUIRE(!got);
  BOOST_TEST(static_cast<int>(got.error().code) == static_cast<int>(ta::errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
