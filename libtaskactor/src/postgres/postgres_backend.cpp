#include "postgres/postgres_backend.hpp"

#include "postgres/postgres_schema.hpp"

#include <taskactor/error.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace taskactor::detail {

postgres_backend::postgres_backend(postgres_options options, std::function<store_time()> clock)
    : postgres_session(std::move(options), std::move(clock)),
      memory_(connection_.options()),
      notices_(connection_.options()),
      idle_(*this) {
  committed_ = [this](const postgres_news* news) {
    idle_.wrote();
    if (!news || news->behind)
      memory_.marks.clear();
    if (!news && connection_.descriptor() < 0)
      memory_.forget_numbers();
    if (!news || news->all || !news->ready.empty())
      idle_.changed();
    if (news)
      notices_.tell(*news);
  };
  // Who opens it hears at once of what is wrong.
  for (int tries = 0;; ++tries)
    try {
      migrate_store(connection_, until());
      return;
    } catch (const postgres_error& why) {
      if (why.kind() != postgres_trouble::again || tries == 5)
        throw;
    }
}

postgres_session::time postgres_session::until() const {
  const auto own = after(postgres_connection::clock::now(), connection_.options().call_timeout);
  return bound_ ? std::min(*bound_, own) : own;
}

postgres_batch postgres_session::begin() const {
  postgres_batch first;
  first
      .add("BEGIN ISOLATION LEVEL READ COMMITTED") // whatever the user's or the database's default is
      .add(limit_statements, postgres_limits(connection_.options()))
      .add("SELECT @now_us()");
  return first;
}

store_time postgres_session::time_of(const postgres_result& said) const {
  return clock_ ? clock_() : said.front().time(0);
}

bool postgres_session::was_committed(const transaction& which, time end) {
  for (;;) {
    const auto said = connection_.run("SELECT CASE WHEN " TASKACTOR_POSTGRES_LIFE " = $2 THEN "
                                      "pg_xact_status($1::xid8) END",
                                      postgres_values{which.id, which.server}, end);
    if (said.front().text(0) != "in progress")
      return said.front().text(0) == "committed";
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
}

std::vector<push_reply> postgres_backend::push(std::span<const new_job> jobs) {
  if (jobs.empty())
    return {};
  return attempt([&](time end) {
    return postgres_push_rows(
        connection_, news_, begin(), jobs, [this](const postgres_result& said) { return time_of(said); },
        "COMMIT", end);
  });
}

store_time postgres_backend::now() {
  if (clock_)
    return clock_();
  return attempt([&](time end) { return connection_.run("SELECT @now_us()", {}, end).front().time(0); });
}

/// Who asks again stays, and so it is worth while to listen.
std::uint64_t postgres_backend::version() {
  if (idle_.has_looked())
    notices_.start();
  const bool is_hint = notices_.take_hint();
  return idle_.version(is_hint, notices_.hears());
}

void postgres_backend::listen(std::function<void(outside_change)> outside) {
  notices_.listen(std::move(outside));
}

void postgres_backend::backup(const std::string& file) {
  throw error{errc::invalid_argument,
              "backup: " + file + ": a store on PostgreSQL is copied by its tools: pg_dump --schema="
                  + connection_.options().schema};
}

promote_reply postgres_backend::promote(std::size_t most) {
  if (auto nothing = idle_.nothing_due())
    return *nothing;
  return postgres_promote(*this, most);
}
rescue_reply postgres_backend::rescue(std::span<const lost_runner> runners) {
  return postgres_rescue(*this, runners);
}
std::vector<runner_row> postgres_backend::runners() { return postgres_runners(*this); }
std::size_t postgres_backend::restored() { return postgres_restored(*this); }
std::size_t postgres_backend::prune(std::size_t most) { return postgres_prune(*this, most); }
std::vector<schedule_written> postgres_backend::write_schedules(std::span<const schedule_write> writes) {
  return postgres_write_schedules(*this, writes);
}
schedule_page postgres_backend::schedules(const schedule_query& which) {
  return postgres_schedules(*this, which);
}
std::vector<job_info> postgres_backend::list(const job_query& filter) { return postgres_list(*this, filter); }
std::vector<job_details> postgres_backend::find(std::span<const job_id> ids) {
  return postgres_find(*this, ids);
}
store_survey postgres_backend::survey() {
  auto made = postgres_survey(*this);
  postgres_look_after(made.health, made, notices_.state());
  return made;
}
std::vector<std::string> postgres_backend::check() { return postgres_check(*this); }

} // namespace taskactor::detail
