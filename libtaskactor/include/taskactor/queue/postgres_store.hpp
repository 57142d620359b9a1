/// `postgres_store`: a store on a PostgreSQL server, of which any number of machines have jobs run. The
/// library `taskactor::postgres`, on libpq.
///
///     ta::store jobs = ta::postgres_store("postgresql://jobs.example.org/app");
///     ta::job_queue mail{jobs, "mail"};
///
/// It is a `store` in all, and its copies have one connection, and one for notices. Its tables are a schema
/// of the database, made or brought up to date when it is opened by who may; roles for others are
/// `taskactor_push`, `taskactor_run` and `taskactor_read`. From any language:
/// `SELECT taskactor.push('mail', 'send_letter', '["ann"]')`.
///
/// Each call has a time limit, whatever server and network do (`store_options::call_timeout`). A connection
/// that was lost is made anew, with a pause that grows to five seconds; a call that was under way is made
/// again, and finds what it had done. A server that has become a standby is left. Only the server's clock
/// goes into rows. `store::backup` is refused: pg_dump does it; `store_options::sync`, `watch` don't matter.
///
/// A password belongs into a password file (PGPASSFILE) or a service file, not into the address.
#pragma once

#include <taskactor/field.hpp>
#include <taskactor/queue/store.hpp>
#include <taskactor/queue/store_options.hpp>

#include <string>

namespace taskactor {

struct postgres_store_options {
  store_options store{};
  /// Of the database, for this store alone.
  field<std::string> schema{};
  /// Both false for a pooler that gives a connection to others between transactions (pgbouncer's transaction
  /// mode). `prepare`: statements are sent once, then their names; without it whole, each time.
  bool prepare = true;
  /// Other processes hear at once that a queue has jobs, or that jobs have ended, on a second connection
  /// (LISTEN, NOTIFY); without it they look once a second.
  bool notices = true;
  /// False: a server that takes no writes will do, for who only looks.
  bool read_write = true;
};

/// `where`: as libpq has it, a URL or words: `host=... dbname=...`; what it lacks is the environment's.
/// Errors: as of `store`; `errc::store_unusable` and `errc::store_failed` say what is wrong with the server,
/// the user or the schema, and what to do.
store postgres_store(const std::string& where, const postgres_store_options& options = {});

} // namespace taskactor
