/// A database of a test's own on the tests' PostgreSQL server, stores in it, and sessions beside them.
#pragma once

#include "backends.hpp"
#include "postgres/postgres_backend.hpp"
#include "support/postgres_server.hpp"

#include <taskactor/error.hpp>

#include <chrono>
#include <thread>

namespace queue_tests {

/// A session that anybody could have, as psql has one. Its statements' texts may be made: each is sent whole.
class postgres_psql {
public:
  explicit postgres_psql(td::postgres_options options) : connection_(plain(std::move(options))) {}
  td::postgres_result run(const std::string& sql) {
    // A connection knows statements by their address.
    const auto& kept = *texts_.insert(sql).first;
    return connection_.run(kept.c_str(), {}, td::postgres_connection::clock::now() + 30s);
  }
  std::int64_t number(const std::string& sql) { return run(sql).front().integer(0); }
  std::int64_t pid() { return number("SELECT pg_backend_pid()"); }

private:
  static td::postgres_options plain(td::postgres_options from) {
    from.prepare = false;
    from.read_write = false;
    return from;
  }
  std::set<std::string> texts_;
  td::postgres_connection connection_;
};

/// A COMMIT as it is sent: BEGIN ... READ COMMITTED isn't one.
inline const std::string commit_words{"COMMIT", sizeof "COMMIT"};

struct postgres_world {
  explicit postgres_world(test::postgres_server& on = test::postgres_server::shared())
      : server(on), where(on.new_database()) {}

  td::postgres_options options(std::chrono::nanoseconds limit = 20s) const {
    td::postgres_options made{.where = where};
    made.call_timeout = limit;
    return made;
  }
  td::postgres_backend open(std::chrono::nanoseconds limit = 20s) const {
    return td::postgres_backend{options(limit)};
  }
  /// Of the same database, by the server's socket in that folder.
  std::string through(const std::string& folder) const {
    return where.substr(0, where.find("?host=")) + "?host=" + folder;
  }
  std::string socket() const { return server.folder() + "/.s.PGSQL.5432"; }
  std::string database() const {
    const auto from = where.find("@/") + 2;
    return where.substr(from, where.find('?') - from);
  }
  postgres_psql psql() const { return postgres_psql{options()}; }
  /// Of other sessions of this database so many wait for a lock.
  void wait_for_waiting(std::int64_t count = 1) const {
    auto look = psql();
    while (look.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
                       "current_database()")
           < count)
      std::this_thread::yield();
  }
  void is_well() const {
    BOOST_TEST(open().check() == std::vector<std::string>{}, boost::test_tools::per_element());
  }

  test::postgres_server& server;
  std::string where;
};

inline const std::shared_ptr<const td::known_tasks> knows_a = std::make_shared<const td::known_tasks>(task_a);

inline td::claim_request claim_of(const std::string& runner, std::size_t free, std::size_t prefetch = 0,
                                  const std::string& queue = "q") {
  return {.runner = {runner, 1},
          .shares = {{.queue = queue, .free = free, .prefetch = prefetch}},
          .tasks = knows_a};
}
inline td::end_reply finish_one(td::store_backend& store, const std::string& runner,
                                const td::claimed_job& job, td::claim_end how = td::claim_end::succeeded) {
  const td::job_end end{.id = job.id, .token = job.token, .how = how};
  return store.finish({runner, 1}, {&end, 1}).at(0);
}
/// What it says; it has to be refused with that code.
template <class Call>
std::string refusal_of(ta::errc code, const Call& call) {
  try {
    call();
  } catch (const ta::error& why) {
    BOOST_TEST(why.code() == code, why.what());
    return why.what();
  }
  BOOST_ERROR("it isn't refused");
  return {};
}
inline constexpr std::chrono::seconds patience{60};
/// What the call returns, once it isn't refused: while a store's back-off is longer than a call may take,
/// each is refused at once, however many there are.
template <class Call>
auto soon(const Call& call) {
  for (const auto end = std::chrono::steady_clock::now() + patience;;)
    try {
      return call();
    } catch (const ta::error& why) {
      BOOST_REQUIRE_MESSAGE(std::chrono::steady_clock::now() < end, why.what());
      std::this_thread::yield();
    }
}
/// What it says, once the call is refused: a server's settings are read some time after they were made.
template <class Call>
std::string refusal_soon(const Call& call) {
  for (const auto end = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < end;)
    try {
      call();
    } catch (const ta::error& why) {
      BOOST_TEST(why.code() == ta::errc::store_failed, why.what());
      return why.what();
    }
  BOOST_ERROR("it isn't refused");
  return {};
}
inline void has_words(const std::string& text, const std::string& words) {
  BOOST_TEST(text.find(words) != std::string::npos, text);
}

} // namespace queue_tests
