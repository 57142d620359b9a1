/// A connection to a SQLite database, its statements, and its transactions.
///
///     sqlite_transaction change{db, sqlite_lock::write};
///     db.run("UPDATE t SET a = ? WHERE id = ?", a, id);
///     for (auto rows = db.query("SELECT id, a FROM t WHERE a > ?", 7); rows.next();)
///       use(rows.integer(0), rows.text(1));
///     change.commit();
///
/// Errors: `error` with SQLite's words: `errc::store_unusable` for what another try won't mend (a damaged
/// file, one that can't be written), else `errc::store_failed`.
///
/// Threads: one at a time.
#pragma once

#include <taskactor/queue/push_options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace taskactor::detail {

class sqlite_database;

/// Bytes that aren't text: a result, a piece of output.
struct sqlite_blob {
  std::string_view bytes;
};

/// One run of a statement. Destroying it resets the statement, so that it can be run again.
class sqlite_rows {
public:
  sqlite_rows(sqlite_database& db, sqlite3_stmt* statement, bool& is_in_use) noexcept;
  sqlite_rows(const sqlite_rows&) = delete;
  sqlite_rows& operator=(const sqlite_rows&) = delete;
  ~sqlite_rows();

  /// False: there is no further row.
  bool next();

  bool is_null(int column) const noexcept;
  std::int64_t integer(int column) const noexcept;
  double real(int column) const noexcept;
  /// Text or bytes; until the next row.
  std::string_view text(int column) const noexcept;
  std::string string(int column) const { return std::string{text(column)}; }
  std::size_t size(int column) const noexcept { return static_cast<std::size_t>(integer(column)); }
  store_time time(int column) const noexcept {
    return store_time{std::chrono::microseconds{integer(column)}};
  }
  std::optional<store_time> maybe_time(int column) const noexcept {
    return is_null(column) ? std::nullopt : std::optional{time(column)};
  }

private:
  sqlite_database& db_;
  sqlite3_stmt* statement_;
  bool& is_in_use_;
};

class sqlite_database {
public:
  /// Opens a file that is there. `busy_limit`: how long a transaction waits for the lock of others.
  sqlite_database(std::string path, std::chrono::milliseconds busy_limit);
  /// A connection of somebody else's, which isn't closed.
  explicit sqlite_database(sqlite3* borrowed);
  sqlite_database(const sqlite_database&) = delete;
  sqlite_database& operator=(const sqlite_database&) = delete;
  ~sqlite_database();

  /// One statement without parameters, or several; not kept.
  void script(const std::string& sql);
  /// Runs a statement to its end. It is prepared once for each address of its text: a literal.
  template <class... Values>
  void run(const char* sql, const Values&... values) {
    const auto rows = begin(sql);
    int at = 0;
    (bind(++at, values, false), ...);
    finish();
  }
  /// As `run`, for its rows. What is bound may go at once.
  template <class... Values>
  sqlite_rows query(const char* sql, const Values&... values) {
    auto& made = prepared(sql);
    bound_ = made.statement;
    int at = 0;
    (bind(++at, values, true), ...);
    return {*this, made.statement, made.is_in_use};
  }
  /// The first column of the only row, an integer.
  template <class... Values>
  std::int64_t number(const char* sql, const Values&... values) {
    auto rows = query(sql, values...);
    rows.next();
    return rows.integer(0);
  }
  /// How many rows the last `run` has changed.
  std::int64_t changes() const noexcept;

  /// Its file isn't there any more, or another one is in its place.
  bool moved() const;
  const std::string& path() const noexcept { return path_; }
  std::chrono::milliseconds busy_limit() const noexcept { return busy_limit_; }
  sqlite3* handle() const noexcept { return handle_; }

  /// `code`: what SQLite returned. `doing`: "the store can't be written".
  [[noreturn]] void fail(int code, const std::string& doing) const;

private:
  friend class sqlite_transaction;

  /// With others who write, each has its turn: who has just written waits a moment before it writes again.
  struct turns {
    std::chrono::steady_clock::time_point met_others{}, committed{};
  };
  struct prepared_statement {
    sqlite3_stmt* statement = nullptr;
    bool is_in_use = false;
  };

  prepared_statement& prepared(const char* sql);
  sqlite_rows begin(const char* sql) {
    auto& made = prepared(sql);
    bound_ = made.statement;
    return {*this, made.statement, made.is_in_use};
  }
  void finish();
  void bind_integer(int at, std::int64_t value);
  void bind_real(int at, double value);
  void bind_bytes(int at, std::string_view value, bool is_text, bool copy);
  void bind_null(int at);

  template <class T>
  void bind(int at, const T& value, bool copy) {
    if constexpr (std::is_same_v<T, std::nullptr_t>)
      bind_null(at); // NOLINT(bugprone-branch-clone): of other types
    else if constexpr (std::is_same_v<T, sqlite_blob>)
      bind_bytes(at, value.bytes, false, copy);
    else if constexpr (std::is_convertible_v<const T&, std::string_view>)
      bind_bytes(at, value, true, copy);
    else if constexpr (std::is_same_v<T, store_time>)
      bind_integer(at, value.time_since_epoch().count());
    else if constexpr (std::is_floating_point_v<T>)
      bind_real(at, value);
    else if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
      bind_integer(at, static_cast<std::int64_t>(value));
    else if constexpr (requires { value.count(); })
      bind_integer(at, value.count());
    else if (value) // an optional
      bind(at, *value, copy);
    else
      bind_null(at);
  }

  std::string path_;
  std::chrono::milliseconds busy_limit_{};
  sqlite3* handle_ = nullptr;
  bool owns_;
  turns turns_;
  sqlite3_stmt* bound_ = nullptr;
  std::unordered_map<const char*, prepared_statement> statements_;
};

/// Its last statement has failed, since others hold a lock.
bool is_busy(const sqlite_database& db) noexcept;

enum class sqlite_lock : std::uint8_t { read, write };

/// Destroyed without `commit`, it is rolled back.
class sqlite_transaction {
public:
  /// Waits for the write lock as long as the database's limit says.
  sqlite_transaction(sqlite_database& db, sqlite_lock lock);
  sqlite_transaction(const sqlite_transaction&) = delete;
  sqlite_transaction& operator=(const sqlite_transaction&) = delete;
  ~sqlite_transaction();

  void commit();

private:
  sqlite_database& db_;
  bool is_open_ = true;
};

} // namespace taskactor::detail
