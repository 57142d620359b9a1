// Pushes in a transaction of the caller's, on his own connection: whatever state that is in, what he has done
// is his, and what is pushed is whole or not there.
#include "postgres_world.hpp"

#include <taskactor/queue/job_queue.hpp>
#include <taskactor/queue/postgres_store.hpp>
#include <taskactor/registry.hpp>

#include <libpq-fe.h>

#include <memory>
#include <thread>

namespace postgres_pushes {

using namespace queue_tests;

void letter_of_a_caller(const std::string&) {}
TASKACTOR_REGISTER(letter_of_a_caller);

/// The caller's.
class caller {
public:
  explicit caller(const std::string& where) : connection_(::PQconnectdb(where.c_str())) {
    BOOST_REQUIRE_MESSAGE(::PQstatus(get()) == CONNECTION_OK, ::PQerrorMessage(get()));
    ::PQsetNoticeProcessor(
        get(), [](void*, const char*) {}, nullptr);
  }
  PGconn* get() const { return connection_.get(); }
  /// The first value, or what is wrong.
  std::string run(const std::string& sql) const {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> made{::PQexec(get(), sql.c_str()), &::PQclear};
    const auto status = ::PQresultStatus(made.get());
    if (status == PGRES_TUPLES_OK)
      return ::PQntuples(made.get()) != 0 ? ::PQgetvalue(made.get(), 0, 0) : "";
    return status == PGRES_COMMAND_OK ? "" : ::PQresultErrorMessage(made.get());
  }

private:
  struct finish {
    void operator()(PGconn* connection) const { ::PQfinish(connection); }
  };
  std::unique_ptr<PGconn, finish> connection_;
};

struct push_world : postgres_world {
  ta::expected<ta::pushed<>> push(const caller& in, const std::string& text,
                                  const ta::push_options& how = {}) {
    return queue.push(in.get(), how, letter_of_a_caller, text);
  }
  std::vector<std::string> arguments() {
    std::vector<std::string> all;
    auto look = psql();
    for (const auto row : look.run("SELECT arguments FROM taskactor.job ORDER BY id"))
      all.push_back(row.string(0));
    return all;
  }
  /// Whether that is what there is.
  void has(const std::vector<std::string>& wanted) {
    BOOST_TEST(arguments() == wanted, boost::test_tools::per_element());
    is_well();
  }

  ta::store store = ta::postgres_store(where);
  ta::job_queue queue{store, "q"};
};

} // namespace postgres_pushes

using namespace postgres_pushes;

BOOST_AUTO_TEST_SUITE(postgres_pushes)

BOOST_AUTO_TEST_CASE(a_job_is_there_if_its_transaction_is_committed) {
  push_world at;
  const caller by{at.where};
  BOOST_TEST(by.run("CREATE TABLE orders(n int)") == "");
  by.run("BEGIN; INSERT INTO orders VALUES(1)");
  const auto first = at.push(by, "first");
  BOOST_REQUIRE_MESSAGE(first, first.error().message);
  BOOST_TEST(at.push(by, "second", {.unique = {.key = "k"}}).value().how == ta::push_result::pushed);
  BOOST_TEST(at.push(by, "third", {.unique = {.key = "k"}}).value().how == ta::push_result::duplicate);
  at.has({}); // not yet
  BOOST_TEST(by.run("COMMIT") == "");
  at.has({R"(["first"])", R"(["second"])"});
  by.run("BEGIN; INSERT INTO orders VALUES(2)");
  BOOST_TEST(!!at.push(by, "never"));
  by.run("ROLLBACK");
  at.has({R"(["first"])", R"(["second"])"});
  BOOST_TEST(by.run("SELECT count(*) FROM orders") == "1");
}

BOOST_AUTO_TEST_CASE(connections_on_which_there_is_no_push) {
  push_world at;
  const caller by{at.where};
  const auto refused = [&](ta::errc code, const std::string& words) {
    const auto got = at.push(by, "no");
    BOOST_REQUIRE(!got);
    BOOST_TEST(got.error().code == code, got.error().message);
    has_words(got.error().message, words);
  };
  refused(ta::errc::invalid_argument, "none is open");
  by.run("BEGIN");
  by.run("SELECT 1/0");
  refused(ta::errc::invalid_argument, "has failed before");
  by.run("ROLLBACK; BEGIN READ ONLY");
  refused(ta::errc::store_failed, "read-only");
  BOOST_TEST(by.run("SELECT 1") == "1"); // it is the caller's still
  by.run("ROLLBACK");
  at.psql().run("CREATE ROLE " + at.database() + "_none LOGIN");
  by.run("SET ROLE " + at.database() + "_none; BEGIN");
  refused(ta::errc::store_unusable, "grant it taskactor_push");
  BOOST_TEST(by.run("SELECT 1") == "1");
  by.run("ROLLBACK; RESET ROLE");
  const caller elsewhere{at.server.new_database()};
  elsewhere.run("BEGIN");
  const auto got = at.push(elsewhere, "no");
  BOOST_REQUIRE(!got);
  has_words(got.error().message, "has no store");
  BOOST_TEST(elsewhere.run("SELECT 1") == "1");
  at.has({});
}

BOOST_AUTO_TEST_CASE(a_store_in_another_schema_gets_it_and_no_other) {
  push_world at;
  const ta::store other = ta::postgres_store(at.where, {.schema = "other_jobs"});
  const caller by{at.where};
  by.run("BEGIN");
  const ta::job_queue there{other, "q"};
  BOOST_TEST(!!there.push(by.get(), {}, letter_of_a_caller, std::string{"there"}));
  by.run("COMMIT");
  BOOST_TEST(by.run("SELECT arguments FROM other_jobs.job") == "[\"there\"]");
  at.has({});
}

BOOST_AUTO_TEST_CASE(whatever_the_caller_has_set_stays_and_texts_are_right) {
  push_world at;
  const caller by{at.where};
  by.run("SET client_encoding = 'LATIN1'; SET search_path = ''; SET standard_conforming_strings = off; SET "
         "bytea_output = "
         "'escape'");
  by.run("BEGIN ISOLATION LEVEL SERIALIZABLE");
  BOOST_TEST(!!at.push(by, "caf\xc3\xa9"));
  BOOST_TEST(by.run("SHOW client_encoding") == "LATIN1");
  BOOST_TEST(by.run("COMMIT") == "");
  at.has({"[\"caf\xc3\xa9\"]"});
  by.run("BEGIN");
  BOOST_TEST(by.run("SET client_encoding = 'SQL_ASCII'") == "");
  BOOST_TEST(!!at.push(by, "th\xc3\xa9"));
  BOOST_TEST(!at.push(by, "no", {.unique = {.key = std::string(1, '\0')}}));
  BOOST_TEST(by.run("SHOW client_encoding") == "SQL_ASCII");
  BOOST_TEST(by.run("COMMIT") == "");
  at.has({"[\"caf\xc3\xa9\"]", "[\"th\xc3\xa9\"]"});
}

BOOST_AUTO_TEST_CASE(a_caller_whose_snapshot_is_old_is_told_to_begin_anew) {
  push_world at;
  const caller by{at.where}, other{at.where};
  by.run("BEGIN ISOLATION LEVEL REPEATABLE READ");
  by.run("SELECT 1");
  other.run("BEGIN");
  BOOST_TEST(!!at.push(other, "first", {.unique = {.key = "k"}}));
  other.run("COMMIT");
  const auto got = at.push(by, "second", {.unique = {.key = "k"}});
  BOOST_REQUIRE(!got);
  has_words(got.error().message, "begin it anew");
  BOOST_TEST(by.run("SELECT 1") == "1");
  by.run("ROLLBACK; BEGIN ISOLATION LEVEL REPEATABLE READ");
  BOOST_TEST(at.push(by, "second", {.unique = {.key = "k"}}).value().how == ta::push_result::duplicate);
  by.run("COMMIT");
  at.has({R"(["first"])"});
}

BOOST_AUTO_TEST_CASE(what_is_committed_late_is_not_missed_by_those_who_claim_meanwhile) {
  push_world at;
  const caller late{at.where};
  auto runner = at.open();
  late.run("BEGIN");
  BOOST_TEST(!!at.push(late, "late"));
  late.run("SELECT taskactor.push('q', '" + std::string{"a"} + "', '[\"sql\"]')");
  const auto known = std::make_shared<const td::known_tasks>(
      td::known_tasks{{"a", ""}, {"letter_of_a_caller", ""}, {"postgres_pushes::letter_of_a_caller", ""}});
  std::vector<td::claimed_job> given;
  const auto claim = [&] {
    auto request = claim_of("r", 1);
    request.tasks = known;
    for (auto& each : runner.claim(request).jobs)
      given.push_back(std::move(each));
  };
  for (int i = 0; i < 20; ++i) { // those that come after it go before it
    const auto job = store_world::job();
    runner.push({&job, 1});
    claim();
  }
  BOOST_TEST(given.size() == 20U);
  late.run("COMMIT");
  for (int i = 0; i < 3; ++i)
    claim();
  BOOST_TEST(given.size() == 22U);
  at.is_well();
}

BOOST_AUTO_TEST_SUITE_END()
