#include "queue/sqlite_database.hpp"

#include <taskactor/backoff.hpp>
#include <taskactor/detail/visible_text.hpp>
#include <taskactor/error.hpp>

#include <sqlite3.h>

#include <cassert>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr int primary(int code) noexcept { return code & 0xff; }

/// What another try won't mend, and what is to be done about it.
const char* advice_for(int code) noexcept {
  switch (primary(code)) {
  case SQLITE_NOTADB:
    return "it is no SQLite database; name another file";
  case SQLITE_CORRUPT:
    return "it is damaged: put back a copy, or save what can be read with `sqlite3 FILE .recover`";
  case SQLITE_READONLY:
    return "the file and its folder have to be writable";
  case SQLITE_CANTOPEN:
    return "the file and its folder have to be readable and writable";
  case SQLITE_PERM:
  case SQLITE_AUTH:
    return "this program may not use it";
  case SQLITE_NOLFS:
  case SQLITE_FORMAT:
  case SQLITE_PROTOCOL:
    return "this system can't use it";
  default:
    return nullptr;
  }
}

int begin_transaction(sqlite3* handle, sqlite_lock lock) noexcept {
  return ::sqlite3_exec(handle, lock == sqlite_lock::write ? "BEGIN IMMEDIATE" : "BEGIN", nullptr, nullptr,
                        nullptr);
}

/// A deferred transaction has its snapshot with its first read.
int take_snapshot(sqlite3* handle) noexcept {
  return ::sqlite3_exec(handle, "SELECT 1 FROM main.sqlite_schema LIMIT 1", nullptr, nullptr, nullptr);
}

void roll_back(sqlite3* handle) noexcept {
  if (::sqlite3_get_autocommit(handle) == 0) // some errors have done it
    ::sqlite3_exec(handle, "ROLLBACK", nullptr, nullptr, nullptr);
}

} // namespace

// -- rows -------------------------------------------------------------------

sqlite_rows::sqlite_rows(sqlite_database& db, sqlite3_stmt* statement, bool& is_in_use) noexcept
    : db_(db), statement_(statement), is_in_use_(is_in_use) {
  assert(!is_in_use); // it would be bound anew while its rows are read
  is_in_use_ = true;
}

sqlite_rows::~sqlite_rows() {
  ::sqlite3_reset(statement_); // what it returns, `next` has said
  is_in_use_ = false;
}

bool sqlite_rows::next() {
  const int code = ::sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    db_.fail(code, "a statement of the store has failed");
  return code == SQLITE_ROW;
}

bool sqlite_rows::is_null(int column) const noexcept {
  return ::sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::int64_t sqlite_rows::integer(int column) const noexcept {
  return ::sqlite3_column_int64(statement_, column);
}
double sqlite_rows::real(int column) const noexcept { return ::sqlite3_column_double(statement_, column); }
std::string_view sqlite_rows::text(int column) const noexcept {
  const auto* const bytes = static_cast<const char*>(::sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(::sqlite3_column_bytes(statement_, column));
  return bytes ? std::string_view{bytes, size} : std::string_view{};
}

// -- the connection ---------------------------------------------------------

sqlite_database::sqlite_database(std::string path, std::chrono::milliseconds busy_limit)
    : path_(std::move(path)), busy_limit_(busy_limit), owns_(true) {
  constexpr int flags
      = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_NOFOLLOW;
  const int code = ::sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK)
    try {
      fail(code, "the store can't be opened");
    } catch (...) {
      ::sqlite3_close_v2(handle_);
      throw;
    }
  ::sqlite3_extended_result_codes(handle_, 1);
  ::sqlite3_busy_timeout(handle_, 0); // waited for below
}

sqlite_database::sqlite_database(sqlite3* borrowed) : handle_(borrowed), owns_(false) {
  const char* const name = ::sqlite3_db_filename(borrowed, "main");
  path_ = name ? name : "";
}

sqlite_database::~sqlite_database() {
  for (const auto& [sql, made] : statements_)
    ::sqlite3_finalize(made.statement);
  if (owns_)
    ::sqlite3_close_v2(handle_);
}

void sqlite_database::script(const std::string& sql) {
  const int code = ::sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    fail(code, "a statement of the store has failed");
}

sqlite_database::prepared_statement& sqlite_database::prepared(const char* sql) {
  auto& made = statements_[sql];
  if (!made.statement) {
    const int code
        = ::sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &made.statement, nullptr);
    if (code != SQLITE_OK)
      fail(code, "a statement of the store can't be prepared");
  }
  return made;
}

void sqlite_database::finish() {
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW)
    code = ::sqlite3_step(bound_);
  if (code != SQLITE_DONE)
    fail(code, "a statement of the store has failed");
}

void sqlite_database::bind_integer(int at, std::int64_t value) { ::sqlite3_bind_int64(bound_, at, value); }
void sqlite_database::bind_real(int at, double value) { ::sqlite3_bind_double(bound_, at, value); }
void sqlite_database::bind_null(int at) { ::sqlite3_bind_null(bound_, at); }
void sqlite_database::bind_bytes(int at, std::string_view value, bool is_text, bool copy) {
  const char* const bytes = value.data() ? value.data() : ""; // a null pointer would be NULL
  const auto life = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;  // NOLINT
  const int code = is_text ? ::sqlite3_bind_text64(bound_, at, bytes, value.size(), life, SQLITE_UTF8)
                           : ::sqlite3_bind_blob64(bound_, at, bytes, value.size(), life);
  if (code != SQLITE_OK)
    fail(code, "a value of " + std::to_string(value.size()) + " bytes can't be stored");
}

std::int64_t sqlite_database::changes() const noexcept { return ::sqlite3_changes64(handle_); }

bool sqlite_database::moved() const {
  int has_moved = 0;
  ::sqlite3_file_control(handle_, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
  return has_moved != 0;
}

void sqlite_database::fail(int code, const std::string& doing) const {
  if (primary(code) == SQLITE_NOMEM)
    throw std::bad_alloc{};
  const bool has_words = handle_ && ::sqlite3_extended_errcode(handle_) == code;
  const char* const said = has_words ? ::sqlite3_errmsg(handle_) : ::sqlite3_errstr(code);
  auto text = doing + ": " + said + " (SQLite's " + std::to_string(code) + "): " + visible(path_);
  if (const char* const advice = advice_for(code))
    throw error{errc::store_unusable, text + "; " + advice};
  throw error{errc::store_failed, text};
}

bool is_busy(const sqlite_database& db) noexcept {
  return primary(::sqlite3_errcode(db.handle())) == SQLITE_BUSY;
}

// -- transactions -----------------------------------------------------------

/// SQLite gives its lock to whoever asks next, which is the one who has just let it go: of four programs that
/// write all the time, some would wait for seconds.
sqlite_transaction::sqlite_transaction(sqlite_database& db, sqlite_lock lock) : db_(db) {
  using std::chrono::steady_clock;
  constexpr std::chrono::milliseconds turn{2}, remembered{500}, long_wait{20};
  auto& turns = db.turns_;
  const auto begun = steady_clock::now();
  if (lock == sqlite_lock::write && begun - turns.met_others < remembered && begun - turns.committed < turn)
    std::this_thread::sleep_for(turn - (begun - turns.committed));
  for (;;) {
    int code = begin_transaction(db.handle(), lock);
    if (code == SQLITE_OK && lock == sqlite_lock::read) {
      code = take_snapshot(db.handle());
      if (code != SQLITE_OK)
        roll_back(db.handle());
    }
    if (code == SQLITE_OK)
      return;
    if (primary(code) != SQLITE_BUSY)
      db.fail(code, "no transaction can be begun in the store");
    if (steady_clock::now() - begun >= db.busy_limit())
      db.fail(code, "another program has held the store's lock for " + std::to_string(db.busy_limit().count())
                        + " ms");
    turns.met_others = steady_clock::now();
    if (turns.met_others - begun > long_wait) // those who have waited longest ask most often
      std::this_thread::sleep_for(std::chrono::microseconds{300});
    else
      std::this_thread::sleep_for(std::chrono::milliseconds{1} + random_below(std::chrono::milliseconds{1}));
  }
}

sqlite_transaction::~sqlite_transaction() {
  if (is_open_)
    roll_back(db_.handle());
}

void sqlite_transaction::commit() {
  const int code = ::sqlite3_exec(db_.handle(), "COMMIT", nullptr, nullptr, nullptr);
  if (code != SQLITE_OK)
    db_.fail(code, "the store can't be written");
  is_open_ = false;
  db_.turns_.committed = std::chrono::steady_clock::now();
}

} // namespace taskactor::detail
