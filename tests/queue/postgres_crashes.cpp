// A process that is killed before or after any statement of any verb leaves a store on PostgreSQL in order,
// as it does one on SQLite: see crash_points.hpp. The statements are told by libpq's own functions, which
// this program has before the library's: so the store has no hook for this. A statement is "sent" when all
// of its pipeline is, and no answer was read: what the server does then is its own.
//
//     TASKACTOR_CRASHES=1 test_queue --run_test=postgres_crashes   # at each of them, not at a part
#include "crash_points.hpp"

#include <dlfcn.h>
#include <libpq-fe.h>

#include <deque>
#include <map>

namespace postgres_crashes {

using namespace crash_points;

struct statements {
  std::map<std::string, std::string> prepared;
  std::deque<std::string> sent; // whose results are still to come
  bool flushed = true;
};
statements& of_this_thread() {
  static thread_local statements one;
  return one;
}

bool is_in_a_verb() { return watched && watched->verb[0] != '\0'; }

void begins(const std::string& sql) {
  if (!is_in_a_verb())
    return;
  pass("before", sql.c_str());
  of_this_thread().sent.push_back(sql);
  of_this_thread().flushed = false;
}

template <class Function>
Function* of_libpq(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

} // namespace postgres_crashes

// -- libpq's, with a word before and after ----------------------------------

extern "C" int PQsendPrepare(PGconn* connection, const char* name, const char* sql, int count,
                             const Oid* types) {
  static auto* const real = postgres_crashes::of_libpq<decltype(PQsendPrepare)>("PQsendPrepare");
  postgres_crashes::of_this_thread().prepared[name] = sql;
  postgres_crashes::begins(std::string{"to prepare "} + sql);
  return real(connection, name, sql, count, types);
}
extern "C" int PQsendQueryPrepared(PGconn* connection, const char* name, int count, const char* const* values,
                                   const int* lengths, const int* formats, int format) {
  static auto* const real = postgres_crashes::of_libpq<decltype(PQsendQueryPrepared)>("PQsendQueryPrepared");
  postgres_crashes::begins(postgres_crashes::of_this_thread().prepared[name]);
  return real(connection, name, count, values, lengths, formats, format);
}
extern "C" int PQsendQueryParams(PGconn* connection, const char* sql, int count, const Oid* types,
                                 const char* const* values, const int* lengths, const int* formats,
                                 int format) {
  static auto* const real = postgres_crashes::of_libpq<decltype(PQsendQueryParams)>("PQsendQueryParams");
  postgres_crashes::begins(sql);
  return real(connection, sql, count, types, values, lengths, formats, format);
}
extern "C" int PQflush(PGconn* connection) {
  static auto* const real = postgres_crashes::of_libpq<decltype(PQflush)>("PQflush");
  const int left = real(connection);
  auto& all = postgres_crashes::of_this_thread();
  if (left == 0 && !std::exchange(all.flushed, true) && !all.sent.empty())
    crash_points::pass("sent", all.sent.back().c_str());
  return left;
}
extern "C" PGresult* PQgetResult(PGconn* connection) {
  static auto* const real = postgres_crashes::of_libpq<decltype(PQgetResult)>("PQgetResult");
  auto* const made = real(connection);
  auto& sent = postgres_crashes::of_this_thread().sent;
  if (made != nullptr && ::PQresultStatus(made) != PGRES_PIPELINE_SYNC && !sent.empty()) {
    const auto sql = std::move(sent.front());
    sent.pop_front();
    crash_points::pass("after", sql.c_str());
  }
  return made;
}

using namespace postgres_crashes;

BOOST_AUTO_TEST_SUITE(postgres_crashes)

BOOST_AUTO_TEST_CASE(killed_before_or_after_a_statement_of_each_verb) {
  bool is_there = false;
  for (const auto& kind : store_kinds())
    if (kind.is_far) {
      kill_at_points(kind, 24, [] {});
      is_there = true;
    }
  BOOST_TEST(is_there);
}

BOOST_AUTO_TEST_SUITE_END()
