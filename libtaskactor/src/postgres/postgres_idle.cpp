#include "postgres/postgres_idle.hpp"

#include <algorithm>
#include <tuple>

namespace taskactor::detail {

namespace {

/// A claim and the look at delayed jobs that follows it.
constexpr std::chrono::milliseconds one_turn{20};
constexpr std::chrono::seconds between_looks_with_notices{5}, longest_look{2};
/// Runners whose last calls are remembered: a process has few.
constexpr std::size_t most_runners = 1'000;

bool same_shares(const std::vector<queue_share>& a, const std::vector<queue_share>& b) {
  const auto all
      = [](const queue_share& each) { return std::tie(each.queue, each.free, each.prefetch, each.commands); };
  return std::ranges::equal(a, b, {}, all, all);
}

template <class Values>
void forget_most(Values& values) {
  if (values.size() > most_runners)
    values.clear();
}

} // namespace

/// Of a lane one row is enough, of very many lanes it isn't worth while to look at all.
postgres_idle::look postgres_idle::look_at(const runner_key& runner, postgres_session::time until) {
  const auto found = run_limited(
      session_.connection(),
      "SELECT (SELECT last_value FROM @tally_id_seq), (SELECT coalesce(bool_or(f.found), false) OR count(*) "
      ">= "
      "1000 FROM (SELECT id FROM @lane l WHERE l.queue = ANY($1::text[]) AND NOT EXISTS (SELECT 1 FROM "
      "@queue "
      "q WHERE q.name = l.queue AND q.paused) LIMIT 1000) w LEFT JOIN LATERAL (SELECT true AS found FROM "
      "@ready r WHERE r.lane = w.id LIMIT 1) f ON true), least((SELECT min(due) FROM @delayed), (SELECT "
      "min(expires) FROM @delayed WHERE expires IS NOT NULL), (SELECT min(expires) FROM @ready WHERE expires "
      "IS NOT NULL)), EXISTS (SELECT 1 FROM @runner WHERE name = $2 AND incarnation = $3 AND NOT dead), "
      "@now_us()",
      postgres_values{array_of(served_), runner.name, static_cast<std::int64_t>(runner.incarnation)}, until);
  const auto row = found.front();
  return {.at = postgres_connection::clock::now(),
          .last = row.integer(0),
          .ready = row.flag(1),
          .lives = row.flag(3),
          .next = row.maybe_time(2),
          .now = row.time(4)};
}

bool postgres_idle::is_recent(postgres_session::time now) const noexcept {
  return seen_ && now - seen_->at < one_turn;
}

store_time postgres_idle::now_at(const look& seen) const {
  if (session_.clock())
    return session_.clock()();
  return store_time_after(seen.now,
                          std::chrono::floor<store_duration>(postgres_connection::clock::now() - seen.at));
}

bool postgres_idle::has_nothing(const claim_request& request) {
  const auto last = last_claims_.find(request.runner);
  if (last == last_claims_.end() || !same_shares(last->second, request.shares))
    return false;
  if (is_recent(postgres_connection::clock::now()) && seen_->ready)
    return false;
  auto made = session_.attempt([&](postgres_session::time end) { return look_at(request.runner, end); });
  const bool has_nothing = !made.ready && made.lives;
  seen_ = made;
  return has_nothing;
}

void postgres_idle::claimed(const claim_request& request, const claim_reply& reply) {
  for (const auto& each : request.shares)
    served_.insert(each.queue);
  last_beats_.erase(request.runner); // it may have written other shares
  if (reply.jobs.empty() && reply.expired == 0 && !reply.fenced && !reply.again)
    last_claims_.insert_or_assign(request.runner, request.shares);
  else
    last_claims_.erase(request.runner);
  forget_most(last_claims_);
}

std::optional<promote_reply> postgres_idle::nothing_due() {
  if (!is_recent(postgres_connection::clock::now()))
    seen_ = session_.attempt([&](postgres_session::time end) { return look_at({}, end); });
  promote_reply reply;
  if (!seen_->next)
    return reply;
  const auto now = now_at(*seen_);
  if (*seen_->next <= now)
    return {};
  reply.next = *seen_->next - now;
  return reply;
}

std::optional<beat_reply> postgres_idle::beat(const runner_beat& beat) {
  const auto last = last_beats_.find(beat.runner);
  if (beat.leaves || !beat.notes.empty() || last == last_beats_.end() || last->second.tasks != beat.tasks
      || !same_shares(last->second.shares, beat.shares))
    return {};
  postgres_values values{beat.runner.name, static_cast<std::int64_t>(beat.runner.incarnation)};
  if (session_.clock())
    values.add(session_.clock()());
  else
    values.add(nullptr);
  const auto found = session_.attempt([&](postgres_session::time end) {
    return run_limited(session_.connection(),
                       "WITH b AS (UPDATE @runner SET beat = beat + 1, seen = "
                       "coalesce($3::bigint, @now_us()) WHERE name = $1 "
                       "AND incarnation = $2 AND NOT dead RETURNING id) SELECT r.job, r.token "
                       "FROM b LEFT JOIN @running r ON "
                       "r.runner_id = b.id AND r.cancel",
                       values, end);
  });
  if (found.empty())
    return {};
  beat_reply reply;
  for (const auto row : found)
    if (!row.is_null(0))
      reply.to_cancel.emplace_back(row.integer(0), row.integer(1));
  return reply;
}

void postgres_idle::has_beaten(const runner_beat& beat) {
  if (beat.leaves)
    last_beats_.erase(beat.runner);
  else
    last_beats_.insert_or_assign(beat.runner, last_beat{beat.shares, beat.tasks});
  forget_most(last_beats_);
}

/// Who changes something draws a number for it, though that may be seen before the change is. Jobs that are
/// ready all the same are looked at each time.
std::uint64_t postgres_idle::version(bool is_hint, bool hears) {
  const auto now = postgres_connection::clock::now();
  if (!is_hint && hears && now - looked_at_ < between_looks_with_notices)
    return version_;
  const auto made = look_at({}, std::min(session_.until(), now + longest_look));
  looked_at_ = made.at;
  if (version_ == 0 || made.last != last_ || made.ready || (made.next && *made.next <= now_at(made)))
    ++version_;
  last_ = made.last;
  seen_ = made;
  return version_;
}

} // namespace taskactor::detail
