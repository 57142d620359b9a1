"""The Debian packages that cpack makes: what each holds, needs and says, and that they work together."""
import os
import re
import shutil
import unittest

import installed
from installed import CACHE, run

TOOLS = ("dpkg-deb", "dpkg-shlibdeps", "file")


class Packages(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
            raise unittest.SkipTest(f"not here: {' '.join(missing)}")
        if "shared" not in installed.kinds() or CACHE["TASKACTOR_BUILD_APPS"] != "ON":
            raise unittest.SkipTest("this build makes no shared library or no programs")
        if installed.caf_folder():
            raise unittest.SkipTest("Debian packages are built with Debian's CAF")
        cls.folder = installed.temporary_folder(cls.addClassCleanup)
        # The files as they are, not compressed: it's quicker, and nothing here is about that.
        cpack = ("cpack", "-G", "DEB", "-B", cls.folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=none")
        run(*cpack, cwd=installed.BUILD)
        cls.packages = {path.name.partition("_")[0]: path for path in cls.folder.glob("*.deb")}

    def field(self, package: str, name: str) -> str:
        return run("dpkg-deb", "-f", self.packages[package], name).stdout.rstrip("\n")

    def depends(self, package: str) -> dict[str, str]:
        """Package -> which version, of all that this one depends on."""
        return dict(re.findall(r"([^ ,]+)(?: \(([^)]*)\))?", self.field(package, "Depends")))

    def files(self, package: str) -> set[str]:
        listing = run("dpkg-deb", "-c", self.packages[package]).stdout
        return {re.sub(r" -> .*", "", line.split(" ./", 1)[1]) for line in listing.splitlines() if line[0] != "d"}

    def test_there_is_one_for_each_component(self):
        self.assertEqual(set(self.packages), {"libtaskactor0", "libtaskactor-node0", "libtaskactor-http0", "libtaskactor-schedule0", "libtaskactor-queue0", "libtaskactor-postgres0", "libtaskactor-dev",
                                              "taskactor"})

    def test_each_says_what_it_is(self):
        sections = {"libtaskactor0": "libs", "libtaskactor-node0": "libs", "libtaskactor-http0": "libs", "libtaskactor-schedule0": "libs", "libtaskactor-queue0": "libs", "libtaskactor-postgres0": "libs",
                    "libtaskactor-dev": "libdevel", "taskactor": "utils"}
        for package, section in sections.items():
            with self.subTest(package):
                self.assertEqual(self.field(package, "Version"), CACHE["CMAKE_PROJECT_VERSION"])
                self.assertEqual(self.field(package, "Section"), section)
                self.assertRegex(self.field(package, "Maintainer"), r"^.+ <.+@.+>$")
                synopsis, *more = self.field(package, "Description").splitlines()
                self.assertTrue(more)
                self.assertLess(len(synopsis), 80)
                self.assertLessEqual(max(map(len, more)), 80)

    def test_the_files_are_shared_out(self):
        library, development, programs = map(self.files, ("libtaskactor0", "libtaskactor-dev", "taskactor"))
        version = CACHE["CMAKE_PROJECT_VERSION"]
        self.assertEqual(
            {os.path.basename(name) for name in library}, {"libtaskactor.so.0", f"libtaskactor.so.{version}"}
        )
        self.assertLessEqual({"usr/bin/taskactor", "usr/bin/taskactor-worker"}, programs)
        self.assertFalse([name for name in programs if not name.startswith(("usr/bin/", "usr/share/"))])
        names = {os.path.basename(name) for name in development}
        wanted = {"taskactor.hpp", "taskactor-config.cmake", "FindCAF.cmake", "taskactor.pc", "libtaskactor.so"}
        self.assertLessEqual(wanted, names)
        self.assertEqual("libtaskactor.a" in names, "static" in installed.kinds())
        self.assertFalse(library & development | library & programs | development & programs)
        node = self.files("libtaskactor-node0")
        self.assertEqual(
            {os.path.basename(name) for name in node}, {"libtaskactor-node.so.0", f"libtaskactor-node.so.{version}"}
        )
        self.assertLessEqual({"libtaskactor-node.so", "taskactor-node.pc"}, names)
        self.assertLessEqual({"libtaskactor-testing.a", "taskactor-testing.pc", "DESIGN.md", "01_hello.cpp"}, names)

    def test_each_depends_on_what_it_needs(self):
        version = CACHE["CMAKE_PROJECT_VERSION"]
        library, development, programs = map(self.depends, ("libtaskactor0", "libtaskactor-dev", "taskactor"))
        self.assertTrue([name for name in library if name.startswith("libcaf-core")], library)
        self.assertLessEqual({"libc6", "libstdc++6"}, library.keys() & programs.keys())
        self.assertEqual(development["libtaskactor0"], f"= {version}")
        self.assertLessEqual({"libcaf-dev", "nlohmann-json3-dev"}, set(development))
        self.assertEqual("libspdlog-dev" in development, "static" in installed.kinds())
        self.assertEqual(programs.get("libtaskactor0"), f"= {version}")
        self.assertEqual(programs.get("libtaskactor-node0"), f"= {version}")
        node = self.depends("libtaskactor-node0")
        self.assertEqual(node.get("libtaskactor0"), f"= {version}")
        self.assertTrue([name for name in node if name.startswith("libssl")], node)
        self.assertFalse([name for name in library if name.startswith("libssl")], library)
        schedule = self.depends("libtaskactor-schedule0")
        self.assertEqual(schedule.get("libtaskactor0"), f"= {version}")
        self.assertIn("tzdata", schedule)
        self.assertTrue([name for name in schedule if name.startswith("libdate-tz")], schedule)
        self.assertEqual("libhowardhinnant-date-dev" in development, "static" in installed.kinds())

    def test_what_is_built_with_the_library_depends_on_its_version(self):
        shlibs = run("dpkg-deb", "-I", self.packages["libtaskactor0"], "shlibs").stdout
        self.assertEqual(shlibs, f"libtaskactor 0 libtaskactor0 (= {CACHE['CMAKE_PROJECT_VERSION']})\n")

    def test_unpacked_together_they_work(self):
        root = self.folder / "root"
        for package in self.packages.values():
            run("dpkg-deb", "-x", package, root)
        [library] = root.rglob("libtaskactor.so.0")
        loader = os.environ | {"LD_LIBRARY_PATH": str(library.parent)}
        done = run(root / "usr/bin/taskactor", "run", "--", "echo", "{}", ":::", "a", env=loader)
        self.assertEqual(done.stdout, "a\n")


if __name__ == "__main__":
    installed.main()
