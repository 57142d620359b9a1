#!/usr/bin/python3
"""A peer of taskactor-bench: the pools of concurrent.futures.

It lacks ids, cancellation of what runs, and deadlines: a timeout is only how long a caller waits for a result.
"""
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from peer import Stopwatch, check, main, percentiles


def same(number):
    return number


def run_calls(pool, size):
    watch = Stopwatch()
    calls = [pool.submit(same, number) for number in range(size)]
    for number, call in enumerate(calls):
        check(call.result(timeout=30) == number)
    return watch.read()


def thread(size):
    with ThreadPoolExecutor(32) as pool:
        return run_calls(pool, size)


def process(size):
    with ProcessPoolExecutor(2) as pool:
        return run_calls(pool, size)


def roundtrip(size):
    """One call in flight for each of two workers; the callers are two threads, as the pool's are."""

    def call_in_turn(first):
        for number in range(first, size, 2):
            check(pool.submit(same, number).result(timeout=30) == number)

    with ProcessPoolExecutor(2) as pool, ThreadPoolExecutor(2) as callers:
        watch = Stopwatch()
        for caller in [callers.submit(call_in_turn, first) for first in range(2)]:
            caller.result()
        return watch.read()


def cold(size):
    taken = {"seconds": 0, "cpu_seconds": 0}
    for number in range(size):
        with ProcessPoolExecutor(2) as pool:
            watch = Stopwatch()
            check(pool.submit(same, number).result(timeout=30) == number)
            for key, value in watch.read().items():
                taken[key] += value
    return taken


def latency(size):
    taken = []
    with ThreadPoolExecutor(2) as pool:
        for number in range(size):
            time.sleep(0.001)
            watch = Stopwatch()
            check(pool.submit(same, number).result(timeout=30) == number)
            taken.append(watch.seconds())
    return percentiles(taken)


if __name__ == "__main__":
    main(
        "futures",
        f"of Python {platform.python_version()}",
        {work.__name__: work for work in (thread, process, roundtrip, cold, latency)},
        sys.argv[1:],
    )
