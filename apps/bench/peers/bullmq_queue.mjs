// A peer of taskactor-bench: BullMQ on Redis, by ioredis, a worker with 100 jobs at once in the process that pushes.
//
// Jobs are pushed in bulk, as its guide says; the ends of all are kept, with what they have returned. Nothing is on a
// disk: what Redis has is gone with its process.
import { execFileSync } from "node:child_process";

import { fail, load, main, seconds, server, TOGETHER, version } from "./node_peer.mjs";

const AT_ONCE = 100;

const { Queue, QueueEvents, Worker } = load("bullmq");
const Redis = load("ioredis");

function connect() {
  return new Redis({ path: server("TASKACTOR_BENCH_REDIS"), maxRetriesPerRequest: null });
}

function check(right) {
  if (!right) fail("a result is wrong");
}

async function serverSeconds(redis) {
  const info = await redis.info("cpu");
  return ["used_cpu_user", "used_cpu_sys"].reduce(
    (sum, name) => sum + Number(info.match(new RegExp(`^${name}:(.*)$`, "m"))[1]), 0);
}

async function measure(redis, run) {
  const before = await serverSeconds(redis), used = process.cpuUsage(), from = process.hrtime.bigint();
  await run();
  const wall = seconds(from), own = process.cpuUsage(used);
  return { seconds: wall, cpu_seconds: (own.user + own.system) / 1e6 + (await serverSeconds(redis)) - before };
}

async function world(body) {
  const redis = connect();
  await redis.flushall();
  const queue = new Queue("bench", { connection: connect() });
  const worker = new Worker("bench", body, { connection: connect(), concurrency: AT_ONCE });
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  return { redis, queue, worker };
}

const same = async (job) => job.data.number;

async function many(count) {
  const { redis, queue, worker } = await world(same);
  let done = 0;
  const all = new Promise((resolve) => {
    worker.on("completed", (job, result) => {
      check(result === job.data.number);
      if (++done === count) resolve();
    });
  });
  return measure(redis, async () => {
    for (let from = 0; from < count; from += TOGETHER) {
      const length = Math.min(TOGETHER, count - from);
      await queue.addBulk(Array.from({ length }, (_, i) => ({ name: "same", data: { number: from + i } })));
    }
    await all;
  });
}

/// Each when the one before has ended, as QueueEvents says; `each` is given its number and its end.
async function oneByOne(count, body, each) {
  const { redis, queue } = await world(body);
  const events = new QueueEvents("bench", { connection: connect() });
  await events.waitUntilReady();
  return measure(redis, async () => {
    for (let number = 0; number < count; number++)
      await each(number, async () => (await queue.add("same", { number })).waitUntilFinished(events));
  });
}

async function latency(count) {
  let began;
  const body = async (job) => {
    began = process.hrtime.bigint();
    return job.data.number;
  };
  const taken = [];
  await oneByOne(count, body, async (_, run) => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    const from = process.hrtime.bigint();
    await run();
    taken.push(Number(began - from) / 1e9);
  });
  taken.sort((a, b) => a - b);
  return { p50_seconds: taken[count >> 1], p99_seconds: taken[Math.floor((count * 99) / 100)] };
}

const works = {
  queue: many,
  postgres: many, // side by side with a store on PostgreSQL
  "queue-single": (count) => oneByOne(count, same, async (number, run) => check((await run()) === number)),
  "queue-latency": latency,
};

function about() {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
  } catch {
    fail("no redis-server in PATH");
  }
  return `${version("bullmq")} on Redis, ioredis ${version("ioredis")}`;
}

await main("BullMQ", about, works);
