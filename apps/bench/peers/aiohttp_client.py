#!/usr/bin/python3
"""A peer of taskactor-bench: aiohttp, 64 requests at once, a task each."""
import asyncio
import os
import platform
import sys
from importlib import metadata

import aiohttp

from peer import Stopwatch, check, main

AT_ONCE = 64


async def ask(size):
    url = os.environ["TASKACTOR_BENCH_URL"]
    places = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as client:

        async def get():
            async with places, client.get(url) as answer:
                check(answer.status == 200)
                return await answer.read()

        watch = Stopwatch()
        bodies = await asyncio.gather(*(get() for _ in range(size)))
        check(all(len(body) == 1024 for body in bodies))
        return watch.read()


def http(size):
    return asyncio.run(ask(size))


if __name__ == "__main__":
    main("aiohttp", f"{metadata.version('aiohttp')} on Python {platform.python_version()}", {"http": http}, sys.argv[1:])
