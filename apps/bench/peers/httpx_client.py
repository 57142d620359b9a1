#!/usr/bin/python3
"""A peer of taskactor-bench: httpx on AnyIO, 64 requests at once, a task each with a deadline."""
import os
import platform
import sys
from importlib import metadata

import anyio
import httpx

from peer import Stopwatch, check, main

AT_ONCE = 64


async def ask(size):
    url = os.environ["TASKACTOR_BENCH_URL"]
    places = anyio.CapacityLimiter(AT_ONCE)
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    sizes = []
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def get():
            async with places:
                with anyio.fail_after(30):
                    answer = await client.get(url)
                check(answer.status_code == 200)
                sizes.append(len(answer.content))

        watch = Stopwatch()
        async with anyio.create_task_group() as group:
            for _ in range(size):
                group.start_soon(get)
        check(sizes == [1024] * size)
        return watch.read()


def http(size):
    return anyio.run(ask, size)


if __name__ == "__main__":
    VERSION = f"{metadata.version('httpx')} on AnyIO {metadata.version('anyio')}, Python {platform.python_version()}"
    main("AnyIO+httpx", VERSION, {"http": http}, sys.argv[1:])
