/// `postgres_session`: a connection, the transactions that a store's verbs make on it, and the store's clock.
///
/// Threads: one at a time.
#pragma once

#include "postgres/postgres_connection.hpp"
#include "postgres/postgres_limits.hpp"
#include "postgres/postgres_news.hpp"

#include <taskactor/queue/push_options.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace taskactor::detail {

/// Since when the server runs without a crash: another one doesn't know of a transaction, and one that has
/// crashed may give its number out again. Statistics begin anew then; before PostgreSQL 15 to ask for that is
/// dear, and left out.
#define TASKACTOR_POSTGRES_LIFE                                                                              \
  "concat(extract(epoch FROM pg_postmaster_start_time()), ' ', CASE WHEN "                                   \
  "current_setting('server_version_num')::int >= 150000 THEN (SELECT extract(epoch FROM stats_reset) "       \
  "FROM pg_stat_bgwriter) END)"

class postgres_session {
public:
  using time = postgres_connection::clock::time_point;

  postgres_session(postgres_options options, std::function<store_time()> clock)
      : connection_(std::move(options)), clock_(std::move(clock)) {}

  postgres_connection& connection() noexcept { return connection_; }
  const std::function<store_time()>& clock() const noexcept { return clock_; }
  /// Of the transaction under way.
  postgres_news& news() noexcept { return news_; }

  /// Of a call that begins now.
  time until() const;
  /// `what(batch, until)` begins with what `begin` has put into the batch.
  template <class What>
  auto attempt(const What& what);
  /// BEGIN, time limits, and the time: it is the last result before those that `what` adds.
  postgres_batch begin() const;
  template <class What>
  auto read(const What& what);
  store_time time_of(const postgres_result& said) const;

  // -- a COMMIT that has no answer ------------------------------------------
  /// To be read by `transaction_of`.
  static constexpr const char* own_transaction
      = "SELECT pg_current_xact_id()::text, " TASKACTOR_POSTGRES_LIFE;
  struct transaction {
    std::string id, server; // which life of it
  };
  static transaction transaction_of(const postgres_result& said) {
    return {said.front().string(0), said.front().string(1)};
  }
  /// Waits until that is decided, as long as there is time. False: it wasn't, or isn't known.
  bool was_committed(const transaction& which, time end);
  /// As `attempt`, with `what(until, reply, committed)`, which makes the reply, and sets `committed` to its
  /// own transaction before it sends the COMMIT: if that was made without an answer, the reply stands.
  template <class Reply, class What>
  Reply attempt_once(const What& what);

protected:
  /// While this is there, the calls that are begun end with the one that has made it.
  class within {
  public:
    within(postgres_session& session, time end) : session_(session), before_(session.bound_) {
      session_.bound_ = end;
    }
    within(const within&) = delete;
    within& operator=(const within&) = delete;
    ~within() { session_.bound_ = before_; }

  private:
    postgres_session& session_;
    const std::optional<time> before_;
  };

  /// Is told what was committed; nothing: whether anything was isn't known.
  std::function<void(const postgres_news* news)> committed_;
  postgres_connection connection_;
  std::function<store_time()> clock_;
  postgres_news news_;
  std::optional<time> bound_;
};

/// How many statements `begin` has; the last one says the time.
inline constexpr std::size_t postgres_begin_size = 3;

/// A deadlock, or two at one key, is tried again at once; a lost connection on a new one.
template <class What>
auto postgres_session::attempt(const What& what) {
  const auto end = until();
  postgres_news perhaps; // of transactions whose fate isn't known
  for (int tries = 0;; ++tries)
    try {
      news_ = {};
      auto made = what(end);
      news_.add(perhaps);
      committed_(&news_);
      return made;
    } catch (const postgres_error& why) {
      const bool is_lost = why.kind() == postgres_trouble::lost;
      if (is_lost || why.kind() == postgres_trouble::late)
        perhaps.add(news_);
      committed_(nullptr);
      if ((why.kind() == postgres_trouble::again ? tries < 20 : is_lost)
          && postgres_connection::clock::now() < end)
        continue;
      if (!perhaps.empty())
        committed_(&perhaps);
      throw;
    } catch (...) { // no memory, or a row that can't be read: nothing of it is done
      committed_(nullptr);
      connection_.close();
      throw;
    }
}

template <class Reply, class What>
Reply postgres_session::attempt_once(const What& what) {
  Reply reply{};
  std::optional<transaction> committed; // perhaps
  return attempt([&](time end) {
    if (committed && was_committed(*committed, end))
      return reply;
    committed.reset();
    reply = {};
    what(end, reply, committed);
    return reply;
  });
}

template <class What>
auto postgres_session::read(const What& what) {
  return attempt([&](time end) {
    postgres_batch first;
    first.add("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .add(limit_statements, postgres_limits(connection_.options()));
    connection_.run(first, end);
    auto made = what(end);
    connection_.run("COMMIT", {}, end);
    return made;
  });
}

} // namespace taskactor::detail
