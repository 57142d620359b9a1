#!/usr/bin/python3
"""The peer of taskactor-bench: a task manager as one writes it in Python, with AnyIO.

    anyio_manager.py WORK SIZE    does the work once, prints {"seconds": wall, "cpu_seconds": all processors}
    anyio_manager.py --about      prints {"name": ..., "version": ...}

It gives what taskactor gives, with AnyIO's own means: tasks by id in one task group, admitted up to a bound;
three capacity limiters, for tasks, threads and processes; a deadline for each task; cancellation by id; many
as one with a limit and a total deadline. Nothing in it is slowed down on purpose.
"""
import json
import os
import platform
import random
import sys
import time
from contextlib import AsyncExitStack
from importlib import metadata

try:
    import anyio
    from anyio import to_process, to_thread
except ImportError as missing:
    sys.exit(f"{missing} for {sys.executable}")


class QueueFull(Exception):
    """As many tasks wait and run as may."""


class Entry:
    """A task in the manager's table, from its admission to its end."""

    __slots__ = ("state", "scope", "value", "error")

    def __init__(self):
        self.state = "queued"
        self.scope = anyio.CancelScope()
        self.value = self.error = None


class Manager:
    """Runs tasks until its `async with` block is left, which waits for all of them."""

    def __init__(self, *, capacity=None, max_queue=10_000, default_timeout=180.0):
        processors = os.cpu_count() or 1
        self._capacity = capacity or min(max(32, 4 * processors), 256)
        self._thread_capacity = min(max(16, 2 * self._capacity // 3), 128)
        self._process_capacity = max(1, min(processors, 8))
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
        """Admits a task; False when the id is taken."""
        entry = Entry()
        async with self._table_lock:
            if task_id in self._table:
                return False
            if len(self._table) >= self._max_queue:
                raise QueueFull(self._max_queue)
            self._table[task_id] = entry
        limit = self._default_timeout if timeout is None else timeout
        self._group.start_soon(self._supervise, task_id, entry, body, args, limit)
        return True

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


class Stopwatch:
    """Runs from its construction."""

    def __init__(self):
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self):
        return {"seconds": time.perf_counter() - self._wall, "cpu_seconds": time.process_time() - self._cpu}


async def run_tasks(manager, body, size):
    async with AsyncExitStack() as until_all_have_ended:
        await until_all_have_ended.enter_async_context(manager)
        watch = Stopwatch()
        for number in range(size):
            await manager.add(f"t{number}", body, number, timeout=30)
    taken = watch.read()
    assert manager.ended["completed"] == size, manager.ended
    return taken


async def add(size):
    return await run_tasks(Manager(max_queue=size), same, size)


async def sleep(size):
    return await run_tasks(Manager(max_queue=size, capacity=2000), nap, size)


async def gather(size):
    async with Manager() as manager:
        watch = Stopwatch()
        values = await manager.gather(same, range(size), task_timeout=5, total_timeout=60)
        assert values == list(range(size))
        return watch.read()


async def thread(size):
    values = [None] * size

    async with Manager() as manager:

        async def call(number):
            values[number] = await manager.call_in_thread(same_blocking, number, timeout=30)

        watch = Stopwatch()
        async with anyio.create_task_group() as group:
            for number in range(size):
                group.start_soon(call, number)
        assert values == list(range(size))
        return watch.read()


async def process(size):
    values = [None] * size

    async with Manager() as manager:

        async def call(number):
            values[number] = await manager.call_in_process(same_blocking, number, timeout=30)

        watch = Stopwatch()
        async with anyio.create_task_group() as group:
            for number in range(size):
                group.start_soon(call, number)
        assert values == list(range(size))
        return watch.read()


async def first_call(number):
    async with Manager() as manager:
        watch = Stopwatch()
        assert await manager.call_in_process(same_blocking, number, timeout=30) == number
        return watch.read()


def cold(size):
    """Workers belong to a run of AnyIO's: each run's first call has none."""
    taken = [anyio.run(first_call, number) for number in range(size)]
    return {key: sum(each[key] for each in taken) for key in taken[0]}


def main(arguments):
    if arguments == ["--about"]:
        version = f"{metadata.version('anyio')} on Python {platform.python_version()}"
        print(json.dumps({"name": "AnyIO", "version": version}))
        return
    works = {work.__name__: work for work in (add, gather, sleep, thread, process, cold)}
    if len(arguments) != 2 or arguments[0] not in works:
        sys.exit(f"usage: anyio_manager.py ({' | '.join(works)}) SIZE, or --about")
    work, size = works[arguments[0]], int(arguments[1])
    print(json.dumps(work(size) if work is cold else anyio.run(work, size)))


if __name__ == "__main__":
    main(sys.argv[1:])
