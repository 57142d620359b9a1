/// Jobs into a store's rows: those of the store's own connection, and those that a caller pushes in a
/// transaction of his, which are there if that is committed.
#pragma once

#include "queue/sqlite_change.hpp"

#include <span>
#include <vector>

namespace taskactor::detail {

/// In a transaction that writes. Replies are in the order of the jobs.
std::vector<push_reply> push_rows(sqlite_change& change, std::span<const new_job> jobs);

/// In the open transaction of this connection, whose main database has the store. All of them, or none: what
/// the transaction has done before stays. Their request ids don't count: whoever rolls back pushes again.
///
/// Errors: `errc::invalid_argument`: no transaction is open, or it writes to an attached database as well (of
/// these two, a crash could leave one); `errc::store_unusable`: there is no store, or one of another release;
/// `errc::store_failed`: SQLite's (another program writes: begin with BEGIN IMMEDIATE).
std::vector<push_reply> sqlite_push(sqlite3* connection, std::span<const new_job> jobs, store_time now);

} // namespace taskactor::detail
