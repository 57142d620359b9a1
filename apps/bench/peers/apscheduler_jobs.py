#!/usr/bin/python3
"""Two peers of taskactor-bench: APScheduler with its jobs in memory. The first argument says which.

    threads  its BackgroundScheduler, as its guide begins: a pool of ten threads runs the jobs
    asyncio  its AsyncIOScheduler: the jobs are coroutines

A job that is due counts as missed after a second, unless it is told otherwise; here none does.
"""
import asyncio
import datetime
import platform
import sys
import threading
import time

import apscheduler
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger

from peer import Stopwatch, check, main

OPTIONS = {"timezone": "UTC", "job_defaults": {"misfire_grace_time": None}}


class DueAtOnce:
    """So many jobs, due so many seconds from now."""

    def __init__(self, scheduler, job, size, ahead):
        self.at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=ahead)
        for number in range(size):
            scheduler.add_job(job, "date", run_date=self.at, id=f"s{number}")
        scheduler.start()

    def left(self):
        return (self.at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()


def with_time_to_add(attempt):
    """`attempt` gives None if they were due before the last of them was added."""
    ahead = 1
    while not (taken := attempt(ahead)):
        ahead *= 2
    return taken


def with_threads(size):
    def attempt(ahead):
        ended, lock, over = 0, threading.Lock(), threading.Event()

        def count_end():
            nonlocal ended
            with lock:
                ended += 1
                if ended == size:
                    over.set()

        scheduler = BackgroundScheduler(**OPTIONS)
        due = DueAtOnce(scheduler, count_end, size, ahead)
        taken = None
        if (left := due.left()) > 0:
            time.sleep(left)
            watch = Stopwatch()
            over.wait()
            taken = watch.read()
        scheduler.shutdown()
        return taken

    return with_time_to_add(attempt)


def with_asyncio(size):
    async def attempt(ahead):
        ended, over = 0, asyncio.Event()

        async def count_end():
            nonlocal ended
            ended += 1
            if ended == size:
                over.set()

        scheduler = AsyncIOScheduler(**OPTIONS)
        due = DueAtOnce(scheduler, count_end, size, ahead)
        taken = None
        if (left := due.left()) > 0:
            await asyncio.sleep(left)
            watch = Stopwatch()
            await over.wait()
            taken = watch.read()
        scheduler.shutdown()
        return taken

    return with_time_to_add(lambda ahead: asyncio.run(attempt(ahead)))


def triggers(size):
    trigger = CronTrigger.from_crontab("*/5 9-17 * * mon-fri", timezone="Europe/Berlin")
    at = begin = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    end = datetime.datetime(2036, 1, 1, tzinfo=datetime.timezone.utc)
    watch = Stopwatch()
    for _ in range(size):
        following = trigger.get_next_fire_time(at, at)
        check(following > at)
        at = following if following < end else begin
    return watch.read()


if __name__ == "__main__":
    if sys.argv[1:2] not in (["threads"], ["asyncio"]):
        sys.exit("usage: PROGRAM (threads | asyncio) ...")
    main(
        f"APScheduler ({sys.argv[1]})",
        f"{apscheduler.version} on Python {platform.python_version()}",
        {"schedules": with_threads, "triggers": triggers} if sys.argv[1] == "threads" else {"schedules": with_asyncio},
        sys.argv[2:],
    )
