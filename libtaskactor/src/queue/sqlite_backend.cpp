#include "queue/sqlite_backend.hpp"

#include "base/unique_fd.hpp"
#include "queue/sqlite_file.hpp"
#include "queue/sqlite_push.hpp"
#include "queue/sqlite_schema.hpp"

#include <taskactor/backoff.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

store_time system_time() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

[[noreturn]] void refuse_pragma(const sqlite_database& db, const std::string& what, const std::string& is) {
  throw error{errc::store_unusable, visible(db.path()) + ": SQLite doesn't set " + what + " (it is "
                                        + visible(is)
                                        + "): the file's folder, or this build of SQLite, can't " + "do it"};
}

/// To change it takes a lock that excludes all others, for once.
void use_wal(sqlite_database& db) {
  const auto begun = std::chrono::steady_clock::now();
  for (;;) {
    std::string mode;
    try {
      for (auto rows = db.query("PRAGMA main.journal_mode = WAL"); rows.next();)
        mode = rows.string(0);
    } catch (const error& why) {
      if (!is_busy(db) || std::chrono::steady_clock::now() - begun >= db.busy_limit())
        throw;
      std::this_thread::sleep_for(std::chrono::milliseconds{1} + random_below(std::chrono::milliseconds{1}));
      continue;
    }
    if (mode != "wal")
      refuse_pragma(db, "journal_mode WAL", mode);
    return;
  }
}

void set_pragma(sqlite_database& db, const char* set, const char* read, std::int64_t value) {
  db.script(set);
  const auto is = db.number(read);
  if (is != value)
    refuse_pragma(db, set, std::to_string(is));
}

constexpr std::int64_t full_sync = 2; // as SQLite answers

void set_pragmas(sqlite_database& db, bool is_durable) {
  use_wal(db);
  if (is_durable)
    set_pragma(db, "PRAGMA main.synchronous = FULL", "PRAGMA main.synchronous", full_sync);
  else
    set_pragma(db, "PRAGMA main.synchronous = NORMAL", "PRAGMA main.synchronous", 1);
  set_pragma(db, "PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys", 0);
  set_pragma(db, "PRAGMA recursive_triggers = OFF", "PRAGMA recursive_triggers", 0);
  set_pragma(db, "PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", 0);
  // Pages that are written again and again go into the file once for 16 MiB of log, not for 4.
  set_pragma(db, "PRAGMA wal_autocheckpoint = 4096", "PRAGMA wal_autocheckpoint", 4096);
  // A reader that goes on for long, as a backup does, lets the log grow; it is cut when it is begun anew.
  set_pragma(db, "PRAGMA main.journal_size_limit = 33554432", "PRAGMA main.journal_size_limit", 33'554'432);
  set_pragma(db, "PRAGMA main.cache_size = -16384", "PRAGMA main.cache_size", -16384);
}

} // namespace

sqlite_backend::sqlite_backend(sqlite_options options)
    : clock_(options.clock ? std::move(options.clock) : system_time),
      db_(prepare_store_file(options.path, options.create), options.busy_limit) {
  {
    // Nothing is written before it is known to be a store, or to be free for one.
    sqlite_transaction look{db_, sqlite_lock::read};
    if (!has_store(db_) && !options.create)
      throw error{errc::store_unusable, visible(db_.path()) + ": there is no store in it"};
  }
  set_pragmas(db_, options.is_durable);
  migrate_store(db_);
}

void sqlite_backend::require_place() const {
  if (db_.moved())
    throw error{errc::store_unusable,
                visible(db_.path())
                    + ": the store's file was deleted, moved, or replaced by another one; what "
                      "is written now would be lost: open the store again"};
}

std::vector<push_reply> sqlite_backend::push(std::span<const new_job> jobs) {
  return write([&](sqlite_change& change) { return push_rows(change, jobs); });
}

std::vector<schedule_written> sqlite_backend::write_schedules(std::span<const schedule_write> writes) {
  return write([&](sqlite_change& change) { return sqlite_write_schedules(change, writes); });
}

schedule_page sqlite_backend::schedules(const schedule_query& which) {
  return sqlite_schedules(db_, which, clock_());
}

std::uint64_t sqlite_backend::version() {
  return static_cast<std::uint64_t>(db_.number("PRAGMA main.data_version"));
}

backend_opener sqlite_backend::beside() {
  require_place(); // else it would be another file
  const bool is_durable = db_.number("PRAGMA main.synchronous") == full_sync;
  return [how = sqlite_options{db_.path(), false, is_durable, db_.busy_limit(), clock_}] {
    return std::make_unique<sqlite_backend>(how);
  };
}

/// SQLite writes it all, and doesn't wait for the disk.
void sqlite_backend::backup(const std::string& file) {
  require_place();
  const unique_fd copy{::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)};
  if (copy.get() < 0)
    throw error{errc::invalid_argument, "backup: " + visible(file) + ": "
                                            + std::system_category().message(errno)
                                            + (errno == EEXIST ? "; give a name that is free" : "")};
  try {
    db_.run("VACUUM main INTO ?", file);
    if (::fsync(copy.get()) != 0)
      throw error{errc::store_failed,
                  "backup: " + visible(file) + ": " + std::system_category().message(errno)};
  } catch (...) { // it is half there
    ::unlink(file.c_str());
    throw;
  }
}

} // namespace taskactor::detail
