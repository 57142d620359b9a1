/// The tables of a store on PostgreSQL, all in one schema, and how they come to be.
///
/// `lane`, `ready`, `delayed`, `running` and `history` are as in SQLite's; counts are rows that are only
/// added (`tally`) and folded by prune; a lane's row may have a twin, and stays while it has no jobs.
#pragma once

#include "postgres/postgres_connection.hpp"

#include <cstdint>

namespace taskactor::detail {

inline constexpr std::int64_t postgres_schema_version = 2;

/// There is a store of this release, or it is made or brought up to date. Errors: `errc::store_unusable`,
/// with what to do; `errc::store_failed`.
void migrate_store(postgres_connection& connection, postgres_connection::clock::time_point until);
/// Whose a connection is: on a caller's, time limits are the caller's.
enum class postgres_owner : std::uint8_t { store, caller };
/// There is a store of this release, or an error says what there is.
void require_store(postgres_connection& connection, postgres_connection::clock::time_point until,
                   postgres_owner whose = postgres_owner::store);

} // namespace taskactor::detail
