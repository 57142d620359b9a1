// A peer of taskactor-bench: graphile-worker, one process that pushes and works.
//
// As its page on performance says: jobs are added in sets, fetched ahead into a local queue of 500, and completed in
// batches. It keeps nothing of a job that has ended.
import { fail, load, main, seconds, server, TOGETHER, version } from "./node_peer.mjs";

async function many(count) {
  const address = server("TASKACTOR_BENCH_POSTGRES");
  const { Logger, run, runMigrations } = load("graphile-worker");
  const pg = load("pg");
  const pgPool = new pg.Pool({ connectionString: address, max: 20 });
  const lost = (error) => fail(error.message);
  pgPool.on("error", lost);
  pgPool.on("connect", (client) => client.on("error", lost));
  const logger = new Logger(() => (level, text) => level === "error" && console.error(text));
  await pgPool.query("DROP SCHEMA IF EXISTS graphile_worker CASCADE");
  await runMigrations({ pgPool, logger });
  let done = 0, tell;
  const all = new Promise((resolve) => (tell = resolve));
  const runner = await run({
    pgPool, logger, concurrency: 24, noHandleSignals: true,
    preset: {
      worker: {
        connectionString: address, maxPoolSize: 20, concurrentJobs: 24,
        localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0,
      },
    },
    taskList: { same: async (payload) => void (payload.number >= 0 && ++done === count && tell()) },
  });
  const from = process.hrtime.bigint();
  for (let first = 0; first < count; first += TOGETHER)
    await pgPool.query(
      `SELECT count(*) FROM graphile_worker.add_jobs(array(SELECT json_populate_record(null::graphile_worker.job_spec,
         json_build_object('identifier', 'same', 'payload', json_build_object('number', i)))
         FROM generate_series($1::int, $2::int) i))`,
      [first, Math.min(count, first + TOGETHER) - 1]);
  await all;
  await runner.stop(); // the last ones are completed
  const taken = seconds(from);
  const { rows } = await pgPool.query("SELECT count(*)::int AS left FROM graphile_worker.jobs");
  if (rows[0].left !== 0) fail("jobs are left");
  return { seconds: taken };
}

await main("graphile-worker", () => `${version("graphile-worker")}, pg ${version("pg")}`,
           { postgres: many, "postgres-brief": many });
