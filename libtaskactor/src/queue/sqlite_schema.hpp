/// The tables of a store in a SQLite database, and how those of an older release become today's.
///
/// All names begin with `taskactor_`: whatever else is in the file is its owner's. Times are microseconds
/// since 1970. A job has one row in `job`, and one in `ready`, `delayed`, `blocked`, `running` or `history`;
/// what counts how often it was tried moves along with that one.
///
/// Errors: as `sqlite_database`; `errc::store_unusable` for a file that isn't a store and can't become one.
#pragma once

#include "queue/sqlite_database.hpp"

namespace taskactor::detail {

/// What this release reads and writes; `taskactor_meta` says what a file has.
inline constexpr int sqlite_schema_version = 3;

/// Whether the main database has a store. Refuses another program's tables, and a store of a newer release.
bool has_store(sqlite_database& db);

/// Makes the store, or brings it up to this release.
void migrate_store(sqlite_database& db);

/// Throws unless the main database has a store of exactly this release.
void require_store(sqlite_database& db);

} // namespace taskactor::detail
