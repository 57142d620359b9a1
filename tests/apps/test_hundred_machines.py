"""A hundred machines on paper (libtaskactor/docs/hundred_machines.md): its figures follow from its assumptions, and the
assumptions that can be measured hold for the real program on a real server."""
import pathlib
import re

import postgres_server
import program
import queue_program

PAGE = pathlib.Path(__file__).resolve().parents[2] / "libtaskactor/docs/hundred_machines.md"
DAY = 86400


def tables() -> list[dict[str, str]]:
    """Of each table of the page what stands in the first column, and in the second."""
    found: list[dict[str, str]] = [{}]
    for line in PAGE.read_text().splitlines():
        if line.startswith("|"):
            first, second = [cell.strip() for cell in line.strip("|").split("|")][:2]
            found[-1][first] = second
        elif found[-1]:
            found.append({})
    return [each for each in found if each]


def number(text: str) -> float:
    return float(re.match(r"[\d.,]+", text)[0].replace(",", ""))


def assumed() -> dict[str, float]:
    return {name: number(text) for name, text in {**tables()[0], **tables()[1]}.items() if text[:1].isdigit()}


def shown(value: float, unit: str = "") -> str:
    for size, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M")):
        if unit == "B" and value >= size:
            return f"{value / size:.3g} {prefix}B"
    return f"{round(value):,}"


def figures(a: dict[str, float]) -> dict[str, str]:
    machines, jobs = a["machines"], a["jobs a second"]
    calls = {what: a[f"{what} a second, of a machine"] for what in ("pushes", "claims", "ends", "beats", "looks")}
    statements = sum(calls[what] * a[f"statements of {one}"] for what, one in
                     (("pushes", "a push"), ("claims", "a claim"), ("ends", "an end"), ("beats", "a beat"), ("looks", "a look")))
    return {
        "connections": shown(machines),
        "calls a second": shown(machines * sum(calls.values())),
        "jobs in each claim": shown(jobs / (machines * calls["claims"])),
        "statements a second": shown(machines * statements),
        "rows written a second": shown(jobs * a["rows written for a job"]),
        "rows that die a second": shown(jobs * a["rows that die for a job"]),
        "WAL a second": shown(jobs * a["bytes of WAL for a job"], "B"),
        "WAL a day": shown(jobs * a["bytes of WAL for a job"] * DAY, "B"),
        "ended jobs, kept for an hour": shown(jobs * a["bytes of an ended job"] * 3600, "B"),
        "ended jobs, kept for seven days": shown(jobs * a["bytes of an ended job"] * 7 * DAY, "B"),
        "requests, kept for a day": shown(jobs * a["bytes of a push's request"] * DAY, "B"),
        "jobs in each claim, if all are in one queue": shown(jobs * a["milliseconds that a claim has its queue"] / 1000),
    }


class OnPaper(queue_program.Case):
    def test_the_figures_follow_from_the_assumptions(self):
        for name, value in figures(assumed()).items():
            with self.subTest(name):
                self.assertEqual(tables()[2].get(name), value)

    def test_the_assumptions_are_what_a_server_counts(self):
        server = postgres_server.Server("shared_preload_libraries = 'pg_stat_statements'\n")
        self.addCleanup(server.stop)
        database = server.new_database()
        self.environment["TASKACTOR_STORE"] = server.address(database)
        self.done("store", "migrate")
        server.sql(database, "CREATE EXTENSION pg_stat_statements; CHECKPOINT")
        begin = server.sql(database, "SELECT pg_current_wal_lsn()")
        count = 1000
        code, _, err = self.ask("run", "--store", "--batch", "b", "-j", "100", "-q", "true", ":::", *map(str, range(count)))
        self.assertEqual(code, 0, err)
        one = lambda sql: float(server.sql(database, sql))
        a = assumed()

        def near(what: str, value: float, least: float = 0.5, most: float = 1.3) -> None:
            self.assertTrue(least * a[what] <= value <= most * a[what], f"{what}: assumed {a[what]}, counted {value}")

        # Two of them depend on how many jobs a call is about, which are fewer on a slow machine: those may be
        # 2.5 times as much.
        # Items of a batch have a key each, which other jobs lack: what that table costs isn't theirs.
        keys = one("SELECT coalesce(sum(wal_bytes), 0) FROM pg_stat_statements WHERE query LIKE '%INTO%unique_key%' OR query "
                   "LIKE 'UPDATE%unique_key%'")
        near("bytes of WAL for a job", (one(f"SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '{begin}')") - keys) / count, 0.5, 2.5)
        size = lambda *names: sum(one(f"SELECT pg_total_relation_size('taskactor.{name}')") for name in names)
        near("bytes of an ended job", size("job", "history") / count)
        near("bytes of a push's request", size("request") / count)
        # BEGIN and COMMIT of a pipeline aren't counted there; an end is the call that most of these are.
        ends = one("SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE 'DELETE FROM \"taskactor\".running%'")
        near("statements of an end", one("SELECT sum(calls) FROM pg_stat_statements WHERE query LIKE '%\"taskactor\".%' OR query "
                                         "LIKE '%set_config%'") / ends + 2, 0.5, 2.5)
        server.wait_until_counted(database, count)
        written = "sum(n_tup_ins + n_tup_del) FILTER (WHERE relname <> 'unique_key')"
        near("rows written for a job", one(f"SELECT {written} FROM pg_stat_user_tables WHERE schemaname = 'taskactor'") / count)
        near("rows that die for a job", one("SELECT sum(n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'taskactor'") / count)


if __name__ == "__main__":
    program.main()
