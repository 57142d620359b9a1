// A peer of taskactor-bench: pg-boss, one process that pushes and works.
//
//     pg_boss_queue.mjs PACKAGES WORK SIZE    PACKAGES: the folder that npm has put pg-boss into
//     pg_boss_queue.mjs PACKAGES --about
//
// Jobs are inserted in sets, and fetched and completed by hand, 500 at once: its workers look no more often than twice a
// second. What has ended is kept.
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
  const all = load(folder, "pg-boss");
  const boss = new (all.PgBoss ?? all.default ?? all)({ connectionString: address, max: 20 });
  boss.on("error", (error) => fail(error.message));
  await boss.start();
  const queue = `same${process.pid}`;
  await boss.createQueue(queue);
  const from = process.hrtime.bigint();
  const push = (async () => {
    for (let first = 0; first < count; first += TOGETHER)
      await boss.insert(Array.from({ length: Math.min(TOGETHER, count - first) },
                                   (_, i) => ({ name: queue, data: { number: first + i } })));
  })();
  for (let done = 0; done < count;) {
    const jobs = await boss.fetch(queue, { batchSize: 500 });
    if (jobs?.length) await boss.complete(queue, jobs.map((job) => job.id));
    done += jobs?.length ?? 0;
  }
  await push;
  return { seconds: seconds(from) };
}

if (work === "--about") {
  const version = (name) => load(folder, `${name}/package.json`).version;
  console.log(JSON.stringify({
    name: "pg-boss",
    version: `${version("pg-boss")}, Node.js ${process.versions.node}`,
    works: ["postgres"],
  }));
  process.exit(0);
}
if (!["postgres"].includes(work) || !(size > 0)) fail("usage: pg_boss_queue.mjs PACKAGES WORK SIZE");
if (!address) fail("TASKACTOR_BENCH_POSTGRES isn't set: there is no server to ask");
console.log(JSON.stringify(await many(Number(size))));
process.exit(0);
