// A process that is killed before or after any statement of any verb leaves a store in order: nothing is
// lost, and each job has one end. The statements are SQLite's own tale (sqlite3_trace_v2), so that the store
// has no hook for this.
//
//     TASKACTOR_CRASHES=1 test_queue --run_test=store_crashes     # at each of them, not at a part
#include "crash_points.hpp"

#include <sqlite3.h>

namespace store_crashes {

using namespace crash_points;

int on_trace(unsigned what, void*, void* statement, void*) {
  pass(what == SQLITE_TRACE_STMT ? "before" : "after", ::sqlite3_sql(static_cast<sqlite3_stmt*>(statement)));
  return 0;
}
int on_open(sqlite3* db, char**, const void*) {
  return ::sqlite3_trace_v2(db, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, &on_trace, nullptr);
}

void watch_sqlite() { ::sqlite3_auto_extension(reinterpret_cast<void (*)()>(&on_open)); }

} // namespace store_crashes

using namespace store_crashes;

BOOST_AUTO_TEST_SUITE(store_crashes)

BOOST_AUTO_TEST_CASE(killed_before_or_after_a_statement_of_each_verb) {
  for (const auto& kind : store_kinds())
    if (kind.lasts && !kind.is_far)
      kill_at_points(kind, 40, &watch_sqlite);
}

BOOST_AUTO_TEST_SUITE_END()
