"""What the tests of the installation share: the library installed into a prefix, and a project outside to use it."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LIMIT = 240  # seconds for one command; none takes a tenth of it
SOURCE = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = SOURCE / "libtaskactor" / "include"
OUTSIDE = pathlib.Path(__file__).resolve().parent / "outside"
BUILD = pathlib.Path()
CACHE: dict[str, str] = {}


def caf_folder() -> str:
    """The prefix of the CAF that this was built with, where it isn't the system's; or nothing."""
    return CACHE.get("CAF_ROOT", "")


def kinds() -> set[str]:
    shared = CACHE.get("BUILD_SHARED_LIBS", "OFF") == "ON"
    both = CACHE["TASKACTOR_BOTH_KINDS"] == "ON"
    return {"shared", "static"} if both else {"shared"} if shared else {"static"}


def needs(*wanted: str):
    """A test for a build that makes these kinds of library."""
    reason = f"this build makes no {' and '.join(wanted)} library (TASKACTOR_BOTH_KINDS)"

    def decorate(test):
        def run(case: "Case") -> None:
            if not set(wanted) <= kinds():
                case.skipTest(reason)
            test(case)

        return run

    return decorate


def run(*command, check: bool = True, **how) -> subprocess.CompletedProcess[str]:
    how = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": LIMIT} | how
    done = subprocess.run(list(map(str, command)), **how)
    if check and done.returncode != 0:
        raise AssertionError(f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def cmake(*arguments, **how) -> subprocess.CompletedProcess[str]:
    return run(CACHE["CMAKE_COMMAND"], *arguments, **how)


def links(page: str) -> list[str]:
    """The files that a page links to; what looks like a link in its code isn't one."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text)


def temporary_folder(add_cleanup) -> pathlib.Path:
    holder = tempfile.TemporaryDirectory()
    add_cleanup(holder.cleanup)
    return pathlib.Path(holder.name).resolve()


# Of the program schedule.cpp, and what it prints.
SCHEDULE = ("30 2 * * * @ Europe/Berlin", "2026-03-28T12:00:00Z")
SCHEDULED = "2026-03-29T03:00:00+02:00\n"


class Case(unittest.TestCase):
    """A test with a prefix of its own, in which everything that can be is installed."""

    def setUp(self) -> None:
        self.folder = temporary_folder(self.addCleanup)
        self.prefix = self.folder / "prefix"
        self.library_dir = self.prefix / CACHE["CMAKE_INSTALL_LIBDIR"]
        self.package_dir = self.library_dir / "cmake" / "taskactor"
        cmake("--install", BUILD, "--prefix", self.prefix)
        self.project = self.folder / "project"
        shutil.copytree(OUTSIDE, self.project)

    def take_away(self, kind: str) -> None:
        """Leaves the prefix as if the library had been built as the other kind alone."""
        libraries = "libtaskactor*.a" if kind == "static" else "libtaskactor*.so*"
        parts = [path for name in ("", "node-") for path in self.package_dir.glob(f"taskactor-{name}{kind}*.cmake")]
        for path in [*self.library_dir.glob(libraries), *parts]:
            if path.name == "libtaskactor-testing.a":
                continue
            path.unlink()

    def environment(self) -> dict[str, str]:
        """That of a user who has told pkg-config and the loader of the prefix."""
        folders = ":".join(filter(None, (str(self.library_dir), os.environ.get("LD_LIBRARY_PATH"))))
        return os.environ | {"PKG_CONFIG_PATH": str(self.library_dir / "pkgconfig"), "LD_LIBRARY_PATH": folders}

    def check_program(self, program: pathlib.Path, kind: str, **how) -> None:
        """It does its work, and has the library inside or not, as its kind is."""
        self.assertEqual(run(program, **how).stdout, "42 from a process\n")
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", program).stdout)
        self.assertIn("libstdc++.so.6", needed)
        self.assertEqual("libtaskactor.so.0" in needed, kind == "shared", needed)


def main() -> None:
    global BUILD
    BUILD = pathlib.Path(sys.argv.pop(1))
    text = (BUILD / "CMakeCache.txt").read_text(encoding="utf-8")
    CACHE.update(re.findall(r"^([\w-]+):\w+=(.*)$", text, re.MULTILINE))
    if caf_folder():  # who keeps his CAF elsewhere tells the loader so
        os.environ["LD_LIBRARY_PATH"] = f"{caf_folder()}/lib"
    unittest.main(verbosity=2)
