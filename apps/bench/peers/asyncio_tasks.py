#!/usr/bin/python3
"""A peer of taskactor-bench: bare asyncio, as its documentation shows it, with no manager around it.

It lacks ids that are checked, states, and a bound of what may wait; a deadline is `wait_for`, a limit a semaphore.
"""
import asyncio
import platform
import sys
from concurrent.futures import ThreadPoolExecutor

from peer import Stopwatch, check, main, percentiles, plain_fib, resident_bytes


async def same(number):
    return number


async def nap(number):
    await asyncio.sleep(0.01)
    return number


def same_blocking(number):
    return number


async def limited(limit, body, number, timeout):
    async with limit:
        return await asyncio.wait_for(body(number), timeout)


async def run_tasks(body, size, capacity):
    limit = asyncio.Semaphore(capacity)
    watch = Stopwatch()
    tasks = [asyncio.create_task(limited(limit, body, number, 30), name=f"t{number}") for number in range(size)]
    for number, task in enumerate(tasks):
        check(await task == number)
    return watch.read()


async def add(size):
    return await run_tasks(same, size, 128)


async def sleep(size):
    return await run_tasks(nap, size, 2000)


async def gather(size):
    limit = asyncio.Semaphore(128)
    watch = Stopwatch()
    values = await asyncio.wait_for(
        asyncio.gather(*(limited(limit, same, number, 5) for number in range(size)), return_exceptions=True), 60
    )
    check(values == list(range(size)))
    return watch.read()


async def thread(size):
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(32) as pool:
        watch = Stopwatch()
        calls = [asyncio.wait_for(loop.run_in_executor(pool, same_blocking, number), 30) for number in range(size)]
        check(await asyncio.gather(*calls) == list(range(size)))
        return watch.read()


async def start_sleepers(size):
    """All of them asleep."""
    asleep = 0

    async def sleep_on():
        nonlocal asleep
        asleep += 1
        await asyncio.sleep(3600)

    tasks = [asyncio.create_task(sleep_on(), name=f"t{number}") for number in range(size)]
    while asleep < size:
        await asyncio.sleep(0)
    return tasks


async def cancel_all(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    check(all(task.cancelled() for task in tasks), "one wasn't cancelled")


async def cancel(size):
    tasks = await start_sleepers(size)
    watch = Stopwatch()
    await cancel_all(tasks)
    return watch.read()


async def memory(size):
    await cancel_all(await start_sleepers(1))
    before = resident_bytes()
    tasks = await start_sleepers(size)
    after = resident_bytes()
    await cancel_all(tasks)
    return {"bytes": after - before}


async def fib(n):
    if n < 2:
        return n
    # Python 3.11 has asyncio.TaskGroup; a gather has been there for longer, and is faster.
    return sum(await asyncio.gather(fib(n - 1), fib(n - 2)))


async def tree(size):
    watch = Stopwatch()
    check(await asyncio.create_task(fib(size)) == plain_fib(size))
    return watch.read()


async def latency(size):
    taken = []
    for number in range(size):
        await asyncio.sleep(0.001)
        watch = Stopwatch()
        check(await asyncio.wait_for(asyncio.create_task(same(number)), 30) == number)
        taken.append(watch.seconds())
    return percentiles(taken)


def in_a_loop(work):
    return lambda size: asyncio.run(work(size))


if __name__ == "__main__":
    WORKS = (add, gather, sleep, thread, cancel, tree, memory, latency)
    main(
        "asyncio",
        f"of Python {platform.python_version()}",
        {work.__name__: in_a_loop(work) for work in WORKS},
        sys.argv[1:],
    )
