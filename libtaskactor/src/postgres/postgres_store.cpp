#include <taskactor/queue/postgres_store.hpp>

#include "base/invalid.hpp"
#include "postgres/postgres_backend.hpp"
#include "postgres/postgres_schema.hpp"
#include "queue/store_core.hpp"
#include "threads/waits.hpp"

#include <taskactor/error.hpp>
#include <taskactor/queue/job_queue.hpp>

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace taskactor {

namespace detail {

namespace {

constexpr std::string_view default_schema = "taskactor";
constexpr std::chrono::seconds longest_connect{10};

std::string checked_schema(const std::string& schema) {
  if (schema.empty())
    return std::string{default_schema};
  const bool is_plain = std::ranges::all_of(schema, [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') || each == '_';
  });
  if (!is_plain || schema.size() > 50 || schema.starts_with("pg_"))
    throw_rejection(
        invalid("schema: give a name of at most 50 letters a-z, digits and _, which doesn't begin with pg_"));
  return schema;
}

[[noreturn]] void refuse_push(const std::string& why) {
  throw error{errc::invalid_argument, "a push in a transaction of yours: " + why};
}

/// Texts go to the server as UTF-8, whatever the caller's do.
class postgres_utf8 {
public:
  explicit postgres_utf8(PGconn* connection) : connection_(connection) {
    if (const auto* const name = ::PQparameterStatus(connection, "client_encoding"))
      before_ = name;
    if (before_ == "UTF8")
      before_.clear();
    else if (::PQsetClientEncoding(connection, "UTF8") != 0)
      refuse_push("its texts can't be UTF-8: " + std::string{::PQerrorMessage(connection)});
  }
  postgres_utf8(const postgres_utf8&) = delete;
  postgres_utf8& operator=(const postgres_utf8&) = delete;
  /// After a rollback it is as it was, which the server has said.
  ~postgres_utf8() {
    const auto* const now = ::PQparameterStatus(connection_, "client_encoding");
    if (!before_.empty() && now && before_ != now)
      ::PQsetClientEncoding(connection_, before_.c_str());
  }

private:
  PGconn* connection_;
  std::string before_; // empty: it is so
};

/// What is pushed is undone alone.
class postgres_savepoint {
public:
  explicit postgres_savepoint(PGconn* connection) : connection_(connection) {
    run("SAVEPOINT taskactor_push");
  }
  postgres_savepoint(const postgres_savepoint&) = delete;
  postgres_savepoint& operator=(const postgres_savepoint&) = delete;
  ~postgres_savepoint() {
    if (is_kept_)
      return;
    ::PQclear(::PQexec(connection_, "ROLLBACK TO SAVEPOINT taskactor_push"));
    ::PQclear(::PQexec(connection_, "RELEASE SAVEPOINT taskactor_push"));
  }
  void keep() {
    run("RELEASE SAVEPOINT taskactor_push");
    is_kept_ = true;
  }

private:
  void run(const char* sql) {
    auto* const made = ::PQexec(connection_, sql);
    const bool good = ::PQresultStatus(made) == PGRES_COMMAND_OK;
    ::PQclear(made);
    if (!good)
      throw error{errc::store_failed,
                  std::string{"a push in a transaction of yours: "} + ::PQerrorMessage(connection_)};
  }

  PGconn* connection_;
  bool is_kept_ = false;
};

std::vector<push_reply> push_on(PGconn* connection, const std::string& schema, std::vector<new_job> jobs) {
  if (!connection)
    refuse_push("there is no connection");
  if (::PQpipelineStatus(connection) != PQ_PIPELINE_OFF || ::PQisnonblocking(connection) != 0)
    refuse_push("the connection is in a pipeline, or doesn't block; leave that before");
  if (::PQtransactionStatus(connection) == PQTRANS_INERROR)
    refuse_push("it has failed before, and takes nothing any more: roll it back (ROLLBACK)");
  if (::PQtransactionStatus(connection) != PQTRANS_INTRANS)
    refuse_push("none is open on this connection; begin one (BEGIN)");
  for (auto& job : jobs)
    job.request.clear(); // whoever rolls back pushes again
  const postgres_utf8 encoded{connection};
  postgres_savepoint all{connection};
  postgres_connection borrowed{connection, schema};
  const auto until = postgres_connection::clock::time_point::max();
  require_store(borrowed, until, postgres_owner::caller);
  postgres_batch first;
  first.add("SELECT @now_us()");
  postgres_news news;
  auto replies = postgres_push_rows(
      borrowed, news, std::move(first), jobs,
      [](const postgres_result& said) { return said.front().time(0); }, nullptr, until);
  all.keep();
  return replies;
}

} // namespace

expected<pushed_ids> push_in_postgres(pg_conn* transaction, const queue_front& to,
                                      const expected<const named_task*>& which, const push_options& options,
                                      const expected<std::vector<json>>& arguments) {
  return to.push_by(
      [&](const std::vector<new_job>& jobs) {
        const auto& place = to.in().file();
        const auto at = place.rfind('#');
        if (!place.starts_with("postgresql://") || at == std::string::npos)
          refuse_push("the store isn't on PostgreSQL");
        return push_on(transaction, place.substr(at + 1), jobs);
      },
      which, options, arguments);
}

} // namespace detail

store postgres_store(const std::string& where, const postgres_store_options& options) {
  detail::refuse_inside_coroutine();
  detail::postgres_options how;
  how.where = where;
  how.schema = detail::checked_schema(detail::content_of(options.schema));
  how.create = options.store.create && options.read_write;
  how.prepare = options.prepare;
  how.read_write = options.read_write;
  how.notices = options.notices;
  auto shared = options.store;
  shared.watch = false;
  if (shared.call_timeout.count() <= 0)
    throw_rejection(detail::invalid("call_timeout: give more than zero"));
  if (shared.close_timeout.count() < 0)
    throw_rejection(detail::invalid("close_timeout: it is negative"));
  if (shared.max_payload == 0)
    throw_rejection(detail::invalid("max_payload: zero; give more"));
  const std::chrono::nanoseconds limit{shared.call_timeout};
  how.call_timeout = limit / 4 * 3; // so that a call can say who is to blame
  how.connect_timeout = std::min<std::chrono::nanoseconds>(how.call_timeout, detail::longest_connect);
  const auto schema = how.schema;
  auto backend = std::make_unique<detail::postgres_backend>(std::move(how));
  auto place = backend->place() + '#' + schema;
  return store{std::make_shared<detail::store_core>(std::move(backend), shared, std::move(place))};
}

} // namespace taskactor
