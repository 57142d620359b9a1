#!/usr/bin/python3
"""A peer of taskactor-bench: Celery on Redis, two prefork processes, results kept in Redis.

As Celery's page on optimising says of short tasks: a greater prefetch, one producer for all; without gossip, mingle and
heartbeats, since there is one worker. Nothing is on a disk: what Redis has is gone with its process.

This file is the app, too: a worker imports it (`celery -A celery_queue worker`).
"""
import os
import platform
import shutil
import subprocess
import sys
import time

import celery
import redis

from peer import Stopwatch, check, main, percentiles

SOCKET = os.environ.get("TASKACTOR_BENCH_REDIS", "")
PROCESSES = 2

app = celery.Celery(
    "bench", broker=f"redis+socket://{SOCKET}?virtual_host=3", backend=f"redis+socket://{SOCKET}?virtual_host=4"
)
app.conf.worker_prefetch_multiplier = 128
app.conf.result_expires = 7 * 24 * 3600


@app.task(name="same")
def same(number):
    return number


@app.task(name="began")
def began(number):
    return time.monotonic()  # one clock for all processes


def ticks_of(pid):
    """Of a process and its children, so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return int(fields[11]) + int(fields[12]) + sum(ticks_of(child) for child in children.read().split())


class Worker:
    """A worker's processes, and Redis emptied for them. Its time is theirs, the server's and ours."""

    def __enter__(self):
        check(SOCKET, "TASKACTOR_BENCH_REDIS isn't set: there is no server to ask")
        self.results = redis.Redis(unix_socket_path=SOCKET, db=4)
        self.results.flushall()
        here = os.path.dirname(os.path.abspath(__file__))
        options = ["--pool", "prefork", "--concurrency", str(PROCESSES), "--loglevel", "ERROR", "--without-gossip",
                   "--without-mingle", "--without-heartbeat"]
        self.worker = subprocess.Popen(
            [sys.executable, "-B", "-W", "ignore", "-m", "celery", "--quiet", "-A", "celery_queue", "worker", *options],
            cwd=here, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )
        for process in range(4 * PROCESSES):
            same.delay(process).get(timeout=60)  # its processes are there
        self.results.flushdb()
        return self

    def __exit__(self, *_):
        self.worker.terminate()
        self.worker.wait(timeout=60)

    def seconds_of_others(self):
        server = self.results.info("cpu")
        ticks = ticks_of(self.worker.pid) / os.sysconf("SC_CLK_TCK")
        return server["used_cpu_user"] + server["used_cpu_sys"] + ticks

    def measure(self, run):
        before, watch = self.seconds_of_others(), Stopwatch()
        run()
        taken = watch.read()
        taken["cpu_seconds"] += self.seconds_of_others() - before
        return taken


def queue(size):
    with Worker() as worker:
        pushed = []

        def run():
            with app.producer_or_acquire() as producer:
                pushed.extend(same.apply_async((number,), producer=producer) for number in range(size))
            while worker.results.dbsize() < size:
                time.sleep(0.005)

        taken = worker.measure(run)
        check([each.get(timeout=60) for each in pushed] == list(range(size)))
        return taken


def queue_single(size):
    with Worker() as worker:
        return worker.measure(lambda: [check(same.delay(number).get() == number) for number in range(size)])


def queue_latency(size):
    with Worker():
        taken = []
        for number in range(size):
            time.sleep(0.001)
            before = time.monotonic()
            taken.append(began.delay(number).get() - before)
        return percentiles(taken)


if __name__ == "__main__":
    check(shutil.which("redis-server"), "no redis-server in PATH")
    VERSION = f"{celery.__version__} on Redis, redis-py {redis.__version__}, Python {platform.python_version()}"
    WORKS = {"queue": queue, "postgres": queue, "queue-single": queue_single, "queue-latency": queue_latency}
    main("Celery", VERSION, WORKS, sys.argv[1:])
