// A peer of taskactor-bench: graphile-worker, one process that pushes and works.
//
//     graphile_queue.mjs PACKAGES WORK SIZE    PACKAGES: the folder that npm has put graphile-worker and pg into
//     graphile_queue.mjs PACKAGES --about
//
// As its page on performance says: jobs are added in sets, fetched ahead into a local queue of 500, and completed in
// batches. It keeps nothing of a job that has ended.
import { createRequire } from "node:module";
import path from "node:path";

const TOGETHER = 1000;

function fail(why) {
  console.error(why);
  process.exit(1);
}

function load(folder, name) {
  try {
    return createRequire(path.resolve(folder, "package.json"))(name);
  } catch (error) {
    fail(`no ${name} in ${folder} (npm install --prefix ${folder} ${name}): ${error.message}`);
  }
}

const [folder, work, size] = process.argv.slice(2);
const address = process.env.TASKACTOR_BENCH_POSTGRES;
const seconds = (from) => Number(process.hrtime.bigint() - from) / 1e9;

async function many(count) {
  const { Logger, run, runMigrations } = load(folder, "graphile-worker");
  const pg = load(folder, "pg");
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

if (work === "--about") {
  const version = (name) => load(folder, `${name}/package.json`).version;
  console.log(JSON.stringify({
    name: "graphile-worker",
    version: `${version("graphile-worker")}, pg ${version("pg")}, Node.js ${process.versions.node}`,
    works: ["postgres", "postgres-brief"],
  }));
  process.exit(0);
}
if (!["postgres", "postgres-brief"].includes(work) || !(size > 0)) fail("usage: graphile_queue.mjs PACKAGES WORK SIZE");
if (!address) fail("TASKACTOR_BENCH_POSTGRES isn't set: there is no server to ask");
console.log(JSON.stringify(await many(Number(size))));
process.exit(0);
