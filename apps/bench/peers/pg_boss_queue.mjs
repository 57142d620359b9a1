// A peer of taskactor-bench: pg-boss, one process that pushes and works.
//
// Jobs are inserted in sets, and fetched and completed by hand, 500 at once: its workers look no more often than twice a
// second. What has ended is kept.
import { fail, load, main, seconds, server, TOGETHER, version } from "./node_peer.mjs";

async function many(count) {
  const all = load("pg-boss");
  const boss = new (all.PgBoss ?? all.default ?? all)({ connectionString: server("TASKACTOR_BENCH_POSTGRES"), max: 20 });
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

await main("pg-boss", () => version("pg-boss"), { postgres: many });
