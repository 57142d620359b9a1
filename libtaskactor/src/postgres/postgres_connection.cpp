#include "postgres/postgres_connection.hpp"

#include <taskactor/backoff.hpp>
#include <taskactor/detail/visible_text.hpp>

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <set>
#include <thread>
#include <utility>

namespace taskactor::detail {

namespace {

constexpr std::chrono::milliseconds first_pause{50}, longest_pause{5'000};

std::string advice_for(std::string_view state, const std::string& words) {
  const auto says = [&](const char* part) { return words.find(part) != std::string::npos; };
  if (says("pg_hba.conf"))
    return ": the server lets in whom its pg_hba.conf names: name the right user, or add a line for this one";
  if (state.starts_with("28") || says("password authentication failed") || says("no password supplied"))
    return ": name the right user; his password goes into a password file (PGPASSFILE, ~/.pgpass) or a "
           "service file";
  if (state == "3D000" || (says("database \"") && says("does not exist")))
    return ": create it (createdb), or name another";
  if (state == "42501" || says("permission denied"))
    return ": this user lacks rights; grant it taskactor_push, taskactor_run or taskactor_read, as is told "
           "in "
           "the guide, or open the store as its owner";
  if (state == "26000" || state == "42P05")
    return ": a pooler gives this session to others: open the store with `prepare` = false";
  if (state == "55P03")
    return ": another session has held a lock of the store's tables for long; pg_stat_activity and pg_locks "
           "say whose it is";
  if (state == "53100")
    return ": make room on the server's disk; of this call nothing is done";
  if (state == "25006" || says("read-only"))
    return ": this server takes no writes; it is a standby, or has become one";
  return {};
}

} // namespace

postgres_connection::postgres_connection(postgres_options options)
    : options_(std::move(options)), schema_(options_.schema), address_(options_.where) {}

postgres_connection::postgres_connection(pg_conn* borrowed, std::string schema)
    : schema_(std::move(schema)), address_(postgres_address::of_caller()), connection_(borrowed) {
  options_.schema = schema_;
}

postgres_connection::~postgres_connection() { close(); }

void postgres_connection::close() noexcept {
  if (connection_ && !address_.is_callers())
    ::PQfinish(connection_);
  connection_ = nullptr;
  statements_.clear();
}

std::string postgres_connection::in_schema(std::string_view sql) const {
  std::string made;
  for (const char each : sql) {
    if (each == '@')
      made += '"' + schema_ + "\".";
    else
      made += each;
  }
  return made;
}

void postgres_connection::lose(const std::string& why, postgres_trouble kind) {
  close();
  lost_.pause = std::min(std::max(first_pause, lost_.pause * 2), longest_pause);
  lost_.not_before = clock::now() + lost_.pause / 2
                     + std::chrono::duration_cast<std::chrono::milliseconds>(random_below(lost_.pause / 2));
  lost_.why = why;
  throw postgres_error{kind == postgres_trouble::late ? errc::store_timed_out : errc::store_failed,
                       place() + ": " + why, kind};
}

void postgres_connection::connect(clock::time_point until) {
  if (connection_)
    return;
  if (address_.is_callers())
    throw postgres_error{errc::store_failed, "the caller's connection is lost", postgres_trouble::lost};
  if (const auto now = clock::now(); now < lost_.not_before) {
    // Who tries again and again is to have time left for it after its wait.
    if (lost_.not_before - now > (until - now) / 2)
      throw postgres_error{errc::store_failed,
                           place() + ": the connection is lost, and is made again soon: " + lost_.why,
                           postgres_trouble::late};
    std::this_thread::sleep_for(lost_.not_before - now);
  }
  until = std::min(until, after(clock::now(), options_.connect_timeout));
  // One after the other, each with its share of the time: else one that says nothing would have all of it.
  const auto before = lost_; // however many of them are lost, it is once
  std::string why;
  for (auto left = address_.hosts();; --left)
    try {
      lost_ = before;
      connect_to_next(clock::now() + (until - clock::now()) / static_cast<int>(left));
      return;
    } catch (const postgres_error& lost) {
      if (address_.hosts() == 1)
        throw;
      why += (why.empty() ? "" : "; ") + address_.next_host() + ": " + lost_.why;
      address_.go_on();
      if (left > 1)
        continue;
      lost_.why = why;
      throw postgres_error{static_cast<errc>(lost.code().value()), place() + ": " + why, lost.kind()};
    }
}

void postgres_connection::connect_to_next(clock::time_point until) {
  connection_ = address_.start(options_.read_write);
  for (auto step = PGRES_POLLING_WRITING; step != PGRES_POLLING_OK;) {
    if (::PQstatus(connection_) == CONNECTION_BAD || step == PGRES_POLLING_FAILED) {
      const auto why = postgres_words(::PQerrorMessage(connection_));
      lose(why + advice_for({}, why));
    }
    wait(step == PGRES_POLLING_WRITING, until);
    step = ::PQconnectPoll(connection_);
  }
  ::PQsetnonblocking(connection_, 1);
  ::PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  if (::PQenterPipelineMode(connection_) != 1)
    lose("libpq has no pipelines: " + postgres_words(::PQerrorMessage(connection_)));
}

/// Until the socket can be read, or, while something is to be sent, written as well.
void postgres_connection::wait(bool to_write, clock::time_point until) {
  std::array<pollfd, 2> both{pollfd{}, pollfd{options_.stop, POLLIN, 0}};
  auto& what = both[0];
  what.fd = ::PQsocket(connection_);
  what.events = static_cast<short>(POLLIN | (to_write ? POLLOUT : 0));
  if (::PQstatus(connection_) != CONNECTION_OK && to_write)
    what.events = POLLOUT;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
    if (left <= 0)
      lose("the server hasn't answered in time; whether the call is made isn't known",
           postgres_trouble::late);
    const int ready
        = ::poll(both.data(), both.size(), static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (ready > 0 && both[1].revents != 0)
      lose("it is being closed", postgres_trouble::late);
    if (ready > 0)
      return;
    if (ready < 0 && errno != EINTR)
      lose(std::strerror(errno));
  }
}

void postgres_connection::flush(clock::time_point until) {
  for (;;) {
    const int left = ::PQflush(connection_);
    if (left == 0)
      return;
    if (left < 0)
      lose(postgres_words(::PQerrorMessage(connection_)));
    wait(true, until);
    if (::PQconsumeInput(connection_) == 0) // else both ends wait for room
      lose(postgres_words(::PQerrorMessage(connection_)));
  }
}

postgres_connection::statement& postgres_connection::statement_of(const char* sql) {
  const auto [at, is_new] = statements_.try_emplace(sql);
  if (is_new) {
    at->second.sql = in_schema(sql);
    at->second.name = "taskactor_" + std::to_string(statements_.size());
  }
  return at->second;
}

void postgres_connection::send(const postgres_batch& batch, std::vector<statement*>& prepares) {
  const bool prepare = options_.prepare && !address_.is_callers();
  std::vector<const char*> texts;
  for (const auto& each : batch.all()) {
    auto& which = statement_of(each.sql);
    if (prepare && !which.is_prepared && std::ranges::find(prepares, &which) == prepares.end()) {
      if (::PQsendPrepare(connection_, which.name.c_str(), which.sql.c_str(), 0, nullptr) != 1)
        lose(postgres_words(::PQerrorMessage(connection_)));
      prepares.push_back(&which);
    }
    texts.clear();
    for (const auto& value : each.values.all())
      texts.push_back(value ? value->c_str() : nullptr);
    const int count = static_cast<int>(texts.size());
    const int sent = prepare ? ::PQsendQueryPrepared(connection_, which.name.c_str(), count, texts.data(),
                                                     nullptr, nullptr, 0)
                             : ::PQsendQueryParams(connection_, which.sql.c_str(), count, nullptr,
                                                   texts.data(), nullptr, nullptr, 0);
    if (sent != 1)
      lose(postgres_words(::PQerrorMessage(connection_)));
  }
  if (::PQpipelineSync(connection_) != 1)
    lose(postgres_words(::PQerrorMessage(connection_)));
}

pg_result* postgres_connection::next_result(clock::time_point until) {
  while (::PQisBusy(connection_) != 0) {
    wait(false, until);
    if (::PQconsumeInput(connection_) == 0)
      lose(postgres_words(::PQerrorMessage(connection_)));
  }
  return ::PQgetResult(connection_);
}

void postgres_connection::refuse(const pg_result* result) {
  const char* const found = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state{found ? found : ""};
  const char* const said = ::PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const auto why = postgres_words(said ? said : ::PQresultErrorMessage(result));
  const char* const severity = ::PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  const std::string_view ends{severity ? severity : ""};
  // The server ends, has ended the session, or has become a standby.
  if (ends == "FATAL" || ends == "PANIC" || state.starts_with("57P") || state == "25006"
      || state.starts_with("08"))
    lose(why + advice_for(state, why));
  auto kind = postgres_trouble::statement;
  if (state == "40001" || state == "40P01" || state == "23505")
    kind = postgres_trouble::again;
  const bool unusable = state == "42P01" || state == "42703" || state == "42883" || state == "3F000"
                        || state == "42501" || state == "XX001" || state == "XX002";
  auto text = place() + ": " + why + advice_for(state, why);
  if (address_.is_callers() && kind == postgres_trouble::again)
    text += ": it can't be made in this transaction: roll it back, and begin it anew";
  if (unusable && state.starts_with("42") && state != "42501")
    text += ": the store's schema isn't as this release makes it; somebody has changed it, or another "
            "release has: run `taskactor store migrate`, or restore it";
  const auto code = unusable           ? errc::store_unusable
                    : state == "57014" ? errc::store_timed_out // statement_timeout
                                       : errc::store_failed;
  throw postgres_error{code, text + (state.empty() ? "" : " (SQLSTATE " + state + ')'), kind, state};
}

std::vector<postgres_result> postgres_connection::run(const postgres_batch& batch, clock::time_point until) {
  connect(until);
  if (address_.is_callers()) { // the caller's is not in a pipeline: one after the other
    std::vector<postgres_result> results;
    for (const auto& each : batch.all()) {
      std::vector<const char*> texts;
      for (const auto& value : each.values.all())
        texts.push_back(value ? value->c_str() : nullptr);
      auto* const made
          = ::PQexecParams(connection_, in_schema(each.sql).c_str(), static_cast<int>(texts.size()), nullptr,
                           texts.data(), nullptr, nullptr, 0);
      results.emplace_back(made);
      const auto status = ::PQresultStatus(made);
      if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        refuse(made);
    }
    return results;
  }
  std::vector<statement*> prepares;
  send(batch, prepares);
  std::vector<postgres_result> results;
  results.reserve(batch.size());
  std::vector<statement*> prepared;
  std::exception_ptr why;
  std::size_t next_prepare = 0, at = 0;
  bool expects_prepare = false;
  const auto next_is_prepare = [&] {
    return at < batch.size() && next_prepare < prepares.size()
           && &statement_of(batch.all()[at].sql) == prepares[next_prepare];
  };
  flush(until);
  expects_prepare = next_is_prepare();
  for (;;) {
    postgres_result result{next_result(until)};
    auto* const raw = result.get();
    if (!raw) { // the end of one statement's results
      if (::PQstatus(connection_) == CONNECTION_BAD)
        lose(postgres_words(::PQerrorMessage(connection_)));
      continue;
    }
    const auto status = ::PQresultStatus(raw);
    if (status == PGRES_PIPELINE_SYNC)
      break;
    const bool is_prepare = expects_prepare;
    if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
      if (::PQstatus(connection_) == CONNECTION_BAD && !::PQresultErrorField(raw, PG_DIAG_SQLSTATE))
        lose(postgres_words(::PQresultErrorMessage(raw)));
      if (!why)
        try {
          refuse(raw);
        } catch (const postgres_error&) {
          why = std::current_exception();
          if (!connection_)
            throw;
        }
    }
    if (is_prepare) {
      if (status == PGRES_COMMAND_OK)
        prepared.push_back(prepares[next_prepare]);
      ++next_prepare;
      expects_prepare = false;
      continue;
    }
    results.push_back(std::move(result));
    ++at;
    expects_prepare = next_is_prepare();
  }
  for (auto* const each : prepared)
    each->is_prepared = true;
  if (why) {
    roll_back(until);
    std::rethrow_exception(why);
  }
  lost_.pause = {};
  return results;
}

/// After an error. A server that doesn't answer that isn't asked for anything else.
void postgres_connection::roll_back(clock::time_point until) noexcept {
  try {
    if (::PQtransactionStatus(connection_) == PQTRANS_IDLE)
      return;
    if (::PQsendQueryParams(connection_, "ROLLBACK", 0, nullptr, nullptr, nullptr, nullptr, 0) != 1
        || ::PQpipelineSync(connection_) != 1)
      return close();
    flush(until);
    for (;;) {
      const postgres_result result{next_result(until)};
      if (result.get() && ::PQresultStatus(result.get()) == PGRES_PIPELINE_SYNC)
        return;
      if (::PQstatus(connection_) == CONNECTION_BAD)
        return close();
    }
  } catch (const std::exception&) {
    close();
  }
}

postgres_result postgres_connection::run(const char* sql, const postgres_values& values,
                                         clock::time_point until) {
  postgres_batch one;
  one.add(sql, values);
  auto results = run(one, until);
  return std::move(results.front());
}

std::vector<std::string> postgres_connection::heard() {
  std::vector<std::string> all;
  if (!connection_)
    return all;
  if (::PQconsumeInput(connection_) == 0)
    lose(postgres_words(::PQerrorMessage(connection_)));
  while (auto* const each = ::PQnotifies(connection_)) {
    const std::unique_ptr<PGnotify, void (*)(void*)> freed{each, &::PQfreemem};
    all.emplace_back(each->extra);
  }
  return all;
}

int postgres_connection::descriptor() const noexcept { return connection_ ? ::PQsocket(connection_) : -1; }

void postgres_connection::script(const std::string& sql, clock::time_point until) {
  connect(until);
  // A pipeline takes single statements only.
  if (::PQexitPipelineMode(connection_) != 1)
    lose(postgres_words(::PQerrorMessage(connection_)));
  if (::PQsendQuery(connection_, in_schema(sql).c_str()) != 1)
    lose(postgres_words(::PQerrorMessage(connection_)));
  flush(until);
  std::exception_ptr why;
  for (;;) {
    const postgres_result result{next_result(until)};
    if (!result.get())
      break;
    const auto status = ::PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY && !why)
      try {
        refuse(result.get());
      } catch (const postgres_error&) {
        why = std::current_exception();
        if (!connection_)
          throw;
      }
  }
  if (::PQenterPipelineMode(connection_) != 1)
    lose(postgres_words(::PQerrorMessage(connection_)));
  if (why) {
    roll_back(until);
    std::rethrow_exception(why);
  }
}

} // namespace taskactor::detail
