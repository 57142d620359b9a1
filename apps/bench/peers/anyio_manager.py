#!/usr/bin/python3
"""A peer of taskactor-bench: a task manager as one writes it in Python, with AnyIO.

It gives what taskactor gives, with AnyIO's own means: tasks by id in one task group, admitted up to a bound;
three capacity limiters, for tasks, threads and processes; a deadline for each task; cancellation by id; many
as one with a limit and a total deadline. Nothing in it is slowed down on purpose.
"""
import os
import platform
import random
import sys
from importlib import metadata

from peer import Stopwatch, check, main, percentiles, plain_fib, resident_bytes

try:
    import anyio
    from anyio import to_process, to_thread
except ImportError as missing:
    sys.exit(f"{missing} for {sys.executable}")


class QueueFull(Exception):
    """As many tasks wait and run as may."""


class Entry:
    """A task in the manager's table, from its admission to its end."""

    __slots__ = ("state", "scope", "value", "error", "ended")

    def __init__(self):
        self.state = "queued"
        self.scope = anyio.CancelScope()
        self.value = self.error = None
        self.ended = None  # an event, when somebody waits for it


class Manager:
    """Runs tasks until its `async with` block is left, which waits for all of them."""

    def __init__(self, *, capacity=None, threads=None, processes=None, max_queue=10_000, default_timeout=180.0):
        processors = os.cpu_count() or 1
        self._capacity = capacity or min(max(32, 4 * processors), 256)
        self._thread_capacity = threads or min(max(16, 2 * self._capacity // 3), 128)
        self._process_capacity = processes or max(1, min(processors, 8))
        self._max_queue = max_queue
        self._default_timeout = default_timeout
        self._table = {}
        self.ended = {"completed": 0, "failed": 0, "cancelled": 0, "timed out": 0}

    async def __aenter__(self):
        self._running = anyio.CapacityLimiter(self._capacity)
        self._threads = anyio.CapacityLimiter(self._thread_capacity)
        self._processes = anyio.CapacityLimiter(self._process_capacity)
        self._table_lock = anyio.Lock()
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        return self

    async def __aexit__(self, *error):
        return await self._group.__aexit__(*error)

    async def add(self, task_id, body, *args, timeout=None):
        """Admits a task, and gives its entry; None when the id is taken."""
        entry = Entry()
        async with self._table_lock:
            if task_id in self._table:
                return None
            if len(self._table) >= self._max_queue:
                raise QueueFull(self._max_queue)
            self._table[task_id] = entry
        limit = self._default_timeout if timeout is None else timeout
        self._group.start_soon(self._supervise, task_id, entry, body, args, limit)
        return entry

    async def _supervise(self, task_id, entry, body, args, limit):
        try:
            with entry.scope:
                async with self._running:
                    entry.state = "running"
                    with anyio.fail_after(limit):
                        entry.value = await body(*args)
                    entry.state = "completed"
            if entry.scope.cancel_called and entry.state != "completed":
                entry.state = "cancelled"
        except TimeoutError as error:
            entry.state, entry.error = "timed out", error
        except Exception as error:
            entry.state, entry.error = "failed", error
        finally:
            with anyio.CancelScope(shield=True):
                async with self._table_lock:
                    del self._table[task_id]
                    if entry.state in self.ended:
                        self.ended[entry.state] += 1
            if entry.ended is not None:
                entry.ended.set()

    async def wait(self, entry):
        """Waits for a task's end."""
        if entry.state not in self.ended:
            if entry.ended is None:
                entry.ended = anyio.Event()
            await entry.ended.wait()

    async def result(self, entry):
        """When it has ended: what it gave, or why it didn't."""
        await self.wait(entry)
        if entry.state != "completed":
            raise RuntimeError(entry.state) from entry.error
        return entry.value

    def cancel(self, task_id):
        """Asks a task to end; False when there is none of that id."""
        entry = self._table.get(task_id)
        if entry is not None:
            entry.scope.cancel()
        return entry is not None

    async def gather(self, body, items, *, limit=None, task_timeout=None, total_timeout=None, jitter=0.0):
        """The values in the order of the items; None for what was out of time."""
        items = list(items)
        values = [None] * len(items)
        slots = anyio.CapacityLimiter(limit) if limit else self._running

        async def one(place, item):
            if jitter:
                await anyio.sleep(random.random() * jitter)
            async with slots:
                with anyio.move_on_after(task_timeout):
                    values[place] = await body(item)

        with anyio.move_on_after(total_timeout):
            async with anyio.create_task_group() as group:
                for place, item in enumerate(items):
                    group.start_soon(one, place, item)
        return values

    async def call_in_thread(self, function, *args, timeout=None):
        with anyio.fail_after(timeout):
            return await to_thread.run_sync(function, *args, limiter=self._threads)

    async def call_in_process(self, function, *args, timeout=None):
        with anyio.fail_after(timeout):
            return await to_process.run_sync(function, *args, limiter=self._processes)


# -- the works: see ../work.cpp ----------------------------------------------------------------------------


async def same(number):
    return number


async def nap(number):
    await anyio.sleep(0.01)
    return number


def same_blocking(number):
    return number


async def run_tasks(manager, body, size):
    async with manager:
        watch = Stopwatch()
        entries = [await manager.add(f"t{number}", body, number, timeout=30) for number in range(size)]
        for number, entry in enumerate(entries):
            check(await manager.result(entry) == number)
        return watch.read()


async def add(size):
    return await run_tasks(Manager(max_queue=size, capacity=128), same, size)


async def sleep(size):
    return await run_tasks(Manager(max_queue=size, capacity=2000), nap, size)


async def gather(size):
    async with Manager(capacity=128) as manager:
        watch = Stopwatch()
        values = await manager.gather(same, range(size), task_timeout=5, total_timeout=60)
        check(values == list(range(size)))
        return watch.read()


async def all_at_once(call, size):
    """Each `await call(number)` in a task of its own."""
    values = [None] * size

    async def keep(number):
        values[number] = await call(number, timeout=30)

    watch = Stopwatch()
    async with anyio.create_task_group() as group:
        for number in range(size):
            group.start_soon(keep, number)
    check(values == list(range(size)))
    return watch.read()


async def thread(size):
    async with Manager(threads=32) as manager:
        return await all_at_once(lambda number, **how: manager.call_in_thread(same_blocking, number, **how), size)


async def process(size):
    async with Manager(processes=2) as manager:
        return await all_at_once(lambda number, **how: manager.call_in_process(same_blocking, number, **how), size)


async def roundtrip(size):
    async with Manager(processes=2) as manager:

        async def call_in_turn(first):
            for number in range(first, size, 2):
                check(await manager.call_in_process(same_blocking, number, timeout=30) == number)

        watch = Stopwatch()
        async with anyio.create_task_group() as group:
            for first in range(2):
                group.start_soon(call_in_turn, first)
        return watch.read()


async def first_call(number):
    async with Manager() as manager:
        watch = Stopwatch()
        check(await manager.call_in_process(same_blocking, number, timeout=30) == number)
        return watch.read()


def cold(size):
    """Workers belong to a run of AnyIO's: each run's first call has none."""
    taken = [anyio.run(first_call, number) for number in range(size)]
    return {key: sum(each[key] for each in taken) for key in taken[0]}


async def start_sleepers(manager, size):
    """All of them asleep."""
    asleep = 0

    async def sleep_on():
        nonlocal asleep
        asleep += 1
        await anyio.sleep(3600)

    entries = [await manager.add(f"t{number}", sleep_on, timeout=7200) for number in range(size)]
    while asleep < size:
        await anyio.sleep(0)
    return entries


async def cancel_all(manager, entries):
    for number in range(len(entries)):
        manager.cancel(f"t{number}")
    for entry in entries:
        await manager.wait(entry)
        check(entry.state == "cancelled", entry.state)


async def cancel(size):
    async with Manager(capacity=size, max_queue=size) as manager:
        entries = await start_sleepers(manager, size)
        watch = Stopwatch()
        await cancel_all(manager, entries)
        return watch.read()


async def memory(size):
    async with Manager(capacity=size, max_queue=size) as manager:
        await cancel_all(manager, await start_sleepers(manager, 1))
        before = resident_bytes()
        entries = await start_sleepers(manager, size)
        after = resident_bytes()
        await cancel_all(manager, entries)
        return {"bytes": after - before}


async def fib(n):
    """Bare task groups: no ids, limit or deadline, since a manager's limit would deadlock a tree."""
    if n < 2:
        return n
    values = [0, 0]

    async def child(place, m):
        values[place] = await fib(m)

    async with anyio.create_task_group() as group:
        group.start_soon(child, 0, n - 1)
        group.start_soon(child, 1, n - 2)
    return sum(values)


async def tree(size):
    watch = Stopwatch()
    check(await fib(size) == plain_fib(size))
    return watch.read()


async def latency(size):
    """From within the event loop: a caller on another thread would have to be brought there first."""
    taken = []
    async with Manager() as manager:
        for number in range(size):
            await anyio.sleep(0.001)
            watch = Stopwatch()
            check(await manager.result(await manager.add("t", same, number, timeout=30)) == number)
            taken.append(watch.seconds())
    return percentiles(taken)


async def channel(size):
    numbers, received = anyio.create_memory_object_stream(64)

    async def produce():
        async with numbers:
            for number in range(size):
                await numbers.send(number)

    watch = Stopwatch()
    async with anyio.create_task_group() as group:
        group.start_soon(produce)
        total = 0
        async with received:
            async for number in received:
                total += number
    check(total == size * (size - 1) // 2)
    return watch.read()


def in_a_loop(work):
    return lambda size: anyio.run(work, size)


if __name__ == "__main__":
    WORKS = (add, gather, sleep, thread, process, roundtrip, cancel, tree, memory, latency, channel)
    main(
        "AnyIO",
        f"{metadata.version('anyio')} on Python {platform.python_version()}",
        {work.__name__: in_a_loop(work) for work in WORKS} | {"cold": cold},
        sys.argv[1:],
    )
