// The runners of a store on PostgreSQL, as others see them: who there is, and what is done when one is lost.

#include "postgres/postgres_backend.hpp"
#include "queue/this_machine.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace taskactor::detail {

rescue_reply postgres_rescue(postgres_session& session, std::span<const lost_runner> runners) {
  if (runners.empty())
    return {};
  return session.attempt_once<rescue_reply>([&](postgres_session::time end, auto& reply, auto& committed) {
    postgres_columns lost{3};
    for (const auto& each : runners)
      lost.add(each.runner.name, static_cast<std::int64_t>(each.runner.incarnation), each.beat);
    auto first = session.begin();
    first.add(session.own_transaction);
    first.add("SELECT n.id, n.name FROM @runner n JOIN unnest($1::text[], $2::bigint[], $3::bigint[]) "
              "t(name, incarnation, "
              "beat) ON t.name = n.name AND t.incarnation = n.incarnation AND t.beat = n.beat WHERE NOT "
              "n.dead ORDER BY "
              "n.id FOR UPDATE OF n",
              postgres_values{}.add(lost));
    const auto results = session.connection().run(first, end);
    const auto now = session.time_of(results[postgres_begin_size - 1]);
    std::vector<std::int64_t> ids;
    std::map<std::int64_t, std::string> names;
    for (const auto row : results.back()) {
      ids.push_back(row.integer(0));
      names[ids.back()] = row.string(1);
    }
    reply.runners = names.size();
    if (names.empty()) {
      session.connection().run("ROLLBACK", {}, end);
      return;
    }
    const auto all = array_of(ids);
    postgres_change change{session.connection(), session.news(), now, end};
    const auto found = session.connection().run(running_of_runners, postgres_values{all}, end);
    for (const auto row : found) {
      auto from = read_running(row);
      const auto& name = names.at(row.integer(postgres_job_columns + postgres_tries_columns + 5));
      const auto move = move_at_loss(from.tries.counts, from.begun, from.cancel, name, now);
      ++(from.begun ? reply.lost : reply.returned);
      reply.quarantined += static_cast<std::size_t>(move.to == job_state::quarantined);
      change.move_running(std::move(from), move, {}, {});
    }
    postgres_batch rest;
    rest.add("UPDATE @runner SET dead = true, seen = $2 WHERE id = ANY($1::bigint[])",
             postgres_values{all, now});
    rest.add("DELETE FROM @runner_queue WHERE runner = ANY($1::bigint[])", postgres_values{all});
    rest.add("COMMIT");
    committed = session.transaction_of(results[postgres_begin_size]);
    change.flush(std::move(rest));
  });
}

std::vector<runner_row> postgres_runners(postgres_session& session) {
  return session.attempt([&](postgres_session::time end) { // one statement, one snapshot
    std::vector<runner_row> all;
    const auto found = run_limited(
        session.connection(),
        "SELECT name, incarnation, beat, host, boot_id, pid, process_start, c.claims, c.cancels FROM @runner "
        "r "
        "CROSS JOIN LATERAL (SELECT count(*) AS claims, count(*) FILTER (WHERE c.cancel) AS cancels FROM "
        "@running c WHERE c.runner_id = r.id) c WHERE NOT dead ORDER BY name, id",
        {}, end);
    for (const auto row : found)
      all.push_back(
          {.runner = {.name = row.string(0), .incarnation = static_cast<std::uint64_t>(row.integer(1))},
           .beat = static_cast<std::uint64_t>(row.integer(2)),
           .host = row.string(3),
           .boot_id = row.string(4),
           .pid = row.integer(5),
           .process_start = static_cast<std::uint64_t>(row.integer(6)),
           .claims = row.size(7),
           .cancels = row.size(8)});
    return all;
  });
}

/// What is drawn stays drawn, whatever becomes of the transaction.
std::size_t postgres_restored(postgres_session& session) {
  return session.attempt([&](postgres_session::time end) {
    auto first = session.begin();
    first.add("SELECT id, name, host, boot_id, pid, process_start, seen FROM @runner WHERE NOT dead ORDER BY "
              "id FOR "
              "UPDATE");
    const auto results = session.connection().run(first, end);
    const auto now = session.time_of(results[postgres_begin_size - 1]);
    std::vector<std::int64_t> all;
    for (const auto row : results.back()) {
      const auto ago = now - row.time(6);
      const process_identity process{row.string(2), row.string(3), row.integer(4),
                                     static_cast<std::uint64_t>(row.integer(5))};
      if (ago < restored_lease && !this_machine::is_gone(process)) {
        session.connection().run("ROLLBACK", {}, end);
        refuse_restored(row.string(1), process.host, process.pid, ago);
      }
      all.push_back(row.integer(0));
    }
    const postgres_values bits{std::int64_t{drawn_bits}};
    const postgres_values runners{array_of(all)};
    postgres_batch draw;
    draw.add("SELECT setval('@token', ((last_value >> $1::int) + 1) << $1::int) FROM @token", bits);
    draw.add("SELECT setval('@number', ((last_value >> $1::int) + 1) << $1::int) FROM @number", bits);
    draw.add(running_of_runners, runners);
    const auto drawn = session.connection().run(draw, end);
    postgres_change change{session.connection(), session.news(), now, end};
    for (const auto row : drawn.back()) {
      auto from = read_running(row);
      const auto move = move_at_leave(from.tries.counts, from.begun, from.cancel, now);
      change.move_running(std::move(from), move, {}, {});
    }
    postgres_batch rest;
    rest.add("UPDATE @runner SET dead = true, seen = $2 WHERE id = ANY($1::bigint[])",
             postgres_values{array_of(all), now});
    rest.add("DELETE FROM @runner_queue WHERE runner = ANY($1::bigint[])", runners);
    rest.add("COMMIT");
    change.flush(std::move(rest));
    return static_cast<std::size_t>(drawn.back().rows());
  });
}

} // namespace taskactor::detail
