"""A PostgreSQL server of the tests' own, from Debian's package, in a folder that goes with it: as an ordinary user
(nobody, if the tests are root), on a socket in that folder, without TCP."""
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

import program


def programs() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda each: int(each.parts[-3]))
    if not found:
        raise AssertionError("there is no PostgreSQL server: install Debian's package postgresql")
    return found[-1].parent


class Server:
    SETTINGS = "listen_addresses = ''\nmax_connections = 60\nshared_buffers = 64MB\nfsync = off\n"
    # Of the user `secret` a password is asked for; all others are believed.
    USERS = "local all secret scram-sha-256\nlocal all all trust\n"

    def __init__(self, settings: str = "") -> None:
        self.folder = tempfile.mkdtemp(prefix="taskactor_postgres_")
        self.count = 0
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.data = pathlib.Path(self.folder, "data")
        try:
            self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
            for name, text in (("postgresql.conf", self.SETTINGS + settings + f"unix_socket_directories = '{self.folder}'\n"),
                               ("pg_hba.conf", self.USERS)):
                with (self.data / name).open("w" if name == "pg_hba.conf" else "a") as file:
                    file.write(text)
            self.run("pg_ctl", "-D", self.data, "-l", self.data / "log", "-w", "-t", "60", "start")
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise

    def stop(self) -> None:
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, name: str, *arguments, **how) -> str:
        """A program of PostgreSQL's, as the server's user."""
        if self.user:
            how |= {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        done = subprocess.run([programs() / name, *arguments], cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=program.LIMIT, **how)
        if done.returncode != 0:
            raise AssertionError(f"{name}: {done.stderr}")
        return done.stdout

    def address(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def wait_until_counted(self, database: str, jobs: int) -> None:
        """A session tells the statistics of tables what it has done when it ends, or a second later."""
        end = time.monotonic() + program.LIMIT
        while int(self.sql(database, "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relid = 'taskactor.history'::regclass")) < jobs:
            if time.monotonic() > end:
                raise AssertionError("the statistics never came")
            time.sleep(0.05)

    def new_database(self) -> str:
        """Its name: it is empty."""
        self.count += 1
        self.run("createdb", "-h", self.folder, "-U", "postgres", f"t{self.count}")
        return f"t{self.count}"

    def sql(self, database: str, text: str) -> str:
        """What it answers, a row a line, with bars between the columns."""
        return self.run("psql", "-h", self.folder, "-U", "postgres", "-d", database, "-X", "-A", "-t", "-q",
                        "-v", "ON_ERROR_STOP=1", "-c", text).rstrip("\n")
