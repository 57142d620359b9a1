"""`./dev package` builds all that is installed, from a fresh clone on: nothing is compiled here."""
import os
import pathlib
import re
import unittest

import installed
from installed import BUILD, CACHE, SOURCE, cmake, run

# What an install script copies: `FILES "a" "b"`, and `FILE "..."` in export files that are made as it runs.
COPIED = re.compile(r'FILES((?:\s+"[^"]+")+)')


class Built(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = installed.temporary_folder(self.addCleanup)

    def configure(self) -> None:
        compiler = f"-DCMAKE_CXX_COMPILER={CACHE['CMAKE_CXX_COMPILER']}"
        caf = [f"-DCAF_ROOT={CACHE['CAF_ROOT']}"] if CACHE.get("CAF_ROOT") else []
        cmake("--preset", "release", "-B", self.folder, compiler, *caf, cwd=SOURCE)

    def copied(self) -> set[pathlib.Path]:
        """The files of the build that its install scripts take."""
        scripts = [path.read_text(encoding="utf-8") for path in self.folder.rglob("cmake_install.cmake")]
        names = [name for text in scripts for files in COPIED.findall(text) for name in re.findall('"([^"]+)"', files)]
        paths = {pathlib.Path(os.path.normpath(name)) for name in names}
        return {path for path in paths if path.is_relative_to(self.folder) and "/CMakeRelink.dir/" not in str(path)}

    def test_the_verb_builds_each_file_that_is_installed(self):
        self.configure()
        targets = re.search(r"^  build release (.*taskactor_installed.*) >&2$", (SOURCE / "dev").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertIsNotNone(targets, "./dev package has changed: this test reads what it builds")
        commands = run("ninja", "-C", self.folder, "-t", "commands", *targets.group(1).split()).stdout
        copied = self.copied()
        names = {path.name for path in copied}
        self.assertLessEqual({"libtaskactor.a", "libtaskactor-testing.a", "taskactor-worker", "taskactor.1"}, names)
        there = {path for path in copied if path.exists()}  # written when it was configured
        # A link (libtaskactor.so.0) is made with the file that it leads to.
        stems = {path: re.sub(r"\.so\b.*", ".so", path.relative_to(self.folder).as_posix()) for path in copied - there}
        missing = {path.name for path, stem in stems.items() if stem not in commands}
        self.assertFalse(missing, "installed, but not built by ./dev package")


if __name__ == "__main__":
    installed.main()
