-- What could run and doesn't: how far the runners are behind, by queue.
SELECT j.queue, count(*) AS ready, now() - to_timestamp(min(r.since) / 1e6) AS oldest
FROM taskactor.ready r JOIN taskactor.job j ON j.id = r.job GROUP BY j.queue ORDER BY oldest DESC;

-- Runners, and how long each has been silent: more than 10 s is odd, at 30 s another one takes its jobs.
SELECT name, host, pid, now() - to_timestamp(seen / 1e6) AS silent
FROM taskactor.runner WHERE NOT dead ORDER BY seen;

-- Who keeps vacuum from its work: transactions that have been open for long, and slots of standbys that are gone.
SELECT pid, usename, application_name, state, now() - xact_start AS age, left(query, 60) AS query
FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND xact_start < now() - interval '1 minute' ORDER BY xact_start;
SELECT slot_name, active, age(xmin) FROM pg_replication_slots ORDER BY age(xmin) DESC NULLS LAST;

-- Dead rows, and when they were last removed: of `ready` and `running` never many times the live ones for long.
SELECT relname, n_live_tup AS live, n_dead_tup AS dead, last_autovacuum
FROM pg_stat_user_tables WHERE schemaname = 'taskactor' ORDER BY n_dead_tup DESC LIMIT 5;

-- What takes the room.
SELECT relname, pg_size_pretty(pg_total_relation_size(relid)) AS size
FROM pg_stat_user_tables WHERE schemaname = 'taskactor' ORDER BY pg_total_relation_size(relid) DESC LIMIT 5;

-- Standbys, and what a failover to each would lose.
SELECT application_name, state, sync_state, pg_wal_lsn_diff(sent_lsn, replay_lsn) AS bytes_behind FROM pg_stat_replication;
