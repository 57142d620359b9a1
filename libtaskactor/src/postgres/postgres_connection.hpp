/// One connection to a PostgreSQL server: statements in pipelines, each with a time limit, none of which
/// blocks for longer, whatever the server or the network does.
///
///     postgres_batch batch;
///     batch.add("BEGIN").add("SELECT id FROM @job WHERE queue = $1", postgres_values{queue});
///     const auto results = connection.run(batch, until);
///
/// `@` before a name stands for the store's schema. In a transaction each statement sees what was committed
/// before it began: READ COMMITTED.
///
/// Errors: `postgres_error`, with the server's words and what to do. After one the connection is in no
/// transaction; it is made anew when it was lost, not sooner than its back-off says.
///
/// Threads: one at a time.
#pragma once

#include "postgres/postgres_address.hpp"
#include "postgres/postgres_values.hpp"

#include <taskactor/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct pg_conn;

namespace taskactor::detail {

enum class postgres_trouble : std::uint8_t {
  statement, ///< the server has refused it: another try won't help
  again,     ///< a deadlock, or two at one key: nothing was done; another try may help
  lost,      ///< the connection has gone; whether a COMMIT under way was made isn't known
  late,      ///< as `lost`, since the time was up
};

class postgres_error : public error {
public:
  postgres_error(errc code, const std::string& why, postgres_trouble kind, std::string state = {})
      : error(code, why), kind_(kind), state_(std::move(state)) {}
  postgres_trouble kind() const noexcept { return kind_; }
  /// SQLSTATE; empty: it isn't the server's.
  const std::string& state() const noexcept { return state_; }

private:
  postgres_trouble kind_;
  std::string state_;
};

/// Statements that go to the server together. The texts are literals: they are known by their address.
class postgres_batch {
public:
  struct entry {
    const char* sql;
    postgres_values values;
  };
  postgres_batch& add(const char* sql, postgres_values values = {}) {
    all_.push_back({sql, std::move(values)});
    return *this;
  }
  /// The place of the next one's result.
  std::size_t size() const noexcept { return all_.size(); }
  bool empty() const noexcept { return all_.empty(); }
  const std::vector<entry>& all() const noexcept { return all_; }

private:
  std::vector<entry> all_;
};

struct postgres_options {
  /// As libpq takes it: a URL, or words.
  std::string where;
  std::string schema = "taskactor";
  bool create = true;
  bool prepare = true; // statements are prepared once a connection: not with a pooler that shares connections
  bool read_write = true;
  bool notices = true;                                                // others are told of changes, and heard
  std::chrono::nanoseconds canary = std::chrono::seconds{5};          // between two
  std::chrono::nanoseconds mark_lag = std::chrono::milliseconds{500}; // see postgres_marks.hpp
  int sweep_part = 10;
  int stop = -1; // a descriptor: when it can be read, what waits for the server is lost
  std::chrono::nanoseconds call_timeout = std::chrono::seconds{20};
  /// For one of another session's locks: less than a runner may be late with a beat (its fence, less the time
  /// between two), more than a user's transaction takes that has pushed a job with a key.
  std::chrono::nanoseconds lock_wait = std::chrono::seconds{12};
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds{10};
};

/// Of what the processes of a store tell each other.
inline std::string postgres_channel(const std::string& schema) { return "taskactor_" + schema; }

class postgres_connection {
public:
  using clock = std::chrono::steady_clock;

  explicit postgres_connection(postgres_options options);
  /// On a connection of the caller's, which stays as it is.
  postgres_connection(pg_conn* borrowed, std::string schema);
  postgres_connection(const postgres_connection&) = delete;
  postgres_connection& operator=(const postgres_connection&) = delete;
  ~postgres_connection();

  const postgres_options& options() const noexcept { return options_; }
  /// Where it is, without what is secret.
  const std::string& place() const noexcept { return address_.place(); }

  /// There is one, or it is made.
  void connect(clock::time_point until);
  std::vector<postgres_result> run(const postgres_batch& batch, clock::time_point until);
  /// Of one statement.
  postgres_result run(const char* sql, const postgres_values& values, clock::time_point until);
  /// Statements without values, separated by semicolons.
  void script(const std::string& sql, clock::time_point until);
  void close() noexcept;
  /// What others have told, since LISTEN. It waits for nothing.
  std::vector<std::string> heard();
  /// Of its socket; -1: there is none.
  int descriptor() const noexcept;
  /// With the schema's name in it.
  std::string in_schema(std::string_view sql) const;

private:
  struct statement {
    std::string sql, name;
    bool is_prepared = false;
  };

  void connect_to_next(clock::time_point until);
  void wait(bool to_write, clock::time_point until);
  void send(const postgres_batch& batch, std::vector<statement*>& prepares);
  pg_result* next_result(clock::time_point until);
  void flush(clock::time_point until);
  void roll_back(clock::time_point until) noexcept;
  statement& statement_of(const char* sql);
  [[noreturn]] void refuse(const pg_result* result);
  [[noreturn]] void lose(const std::string& why, postgres_trouble kind = postgres_trouble::lost);

  postgres_options options_;
  std::string schema_;
  postgres_address address_;
  pg_conn* connection_ = nullptr;
  std::unordered_map<const char*, statement> statements_;
  struct lost_times { // how it was lost, and when it may be made again
    std::chrono::milliseconds pause{0};
    clock::time_point not_before{};
    std::string why;
  };
  lost_times lost_;
};

} // namespace taskactor::detail
