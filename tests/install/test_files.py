"""What lies in the prefix is all that is needed, and nothing that isn't meant for others."""
import os

import installed
from installed import CACHE, INCLUDE, SOURCE, run


class Files(installed.Case):
    def test_the_headers_are_the_public_ones(self):
        ours = {path.relative_to(INCLUDE) for path in INCLUDE.rglob("*") if path.is_file()}
        include_dir = self.prefix / CACHE["CMAKE_INSTALL_INCLUDEDIR"]
        self.assertEqual({path.relative_to(include_dir) for path in include_dir.rglob("*") if path.is_file()}, ours)

    def test_the_headers_need_nothing_that_is_not_installed(self):
        include_dir = self.prefix / CACHE["CMAKE_INSTALL_INCLUDEDIR"]
        everything = self.folder / "everything.cpp"
        headers = sorted(path.relative_to(include_dir).as_posix() for path in include_dir.rglob("*.hpp"))
        everything.write_text("".join(f"#include <{header}>\n" for header in headers), encoding="utf-8")
        # A header that isn't there is an error, and one of the source tree would be a leak.
        rule = run(CACHE["CMAKE_CXX_COMPILER"], "-std=c++20", "-I", include_dir, "-M", everything).stdout
        reached = set(rule.replace("\\\n", " ").split()[1:])
        self.assertLessEqual({str(include_dir / header) for header in headers}, reached)
        self.assertFalse([path for path in reached if path.startswith(str(SOURCE))])

    def test_no_file_tells_of_the_tree_it_was_built_in(self):
        texts = [path for path in self.prefix.rglob("*") if path.suffix in (".cmake", ".pc")]
        self.assertGreaterEqual(len(texts), 7)
        for path in texts:
            text = path.read_text(encoding="utf-8")
            if installed.caf_folder():  # `./dev caf` keeps it in its build
                text = text.replace(installed.caf_folder(), "")
            self.assertNotIn(str(SOURCE), text, path)
            self.assertNotIn(str(installed.BUILD), text, path)

    def test_what_is_to_be_read_is_there_and_its_links_lead_somewhere(self):
        [design] = (self.prefix / "share" / "doc").rglob("DESIGN.md")
        root = design.parent.parent
        pages = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in root.rglob("*.md")}
        ours = {path.relative_to(SOURCE).as_posix() for path in SOURCE.glob("libtaskactor/**/*.md")}
        self.assertEqual(set(pages), ours | {"README.md"})
        examples = {path.name for path in (SOURCE / "examples").glob("*.cpp")}
        self.assertEqual({path.name for path in (root / "examples").glob("*.cpp")}, examples)
        for name, text in pages.items():
            for link in installed.links(text):
                # The tests that stand behind a page are in the repository.
                to = os.path.normpath(root / os.path.dirname(name) / link)
                if not to.startswith(f"{root}/tests/"):
                    self.assertTrue(os.path.exists(to), f"{name}: {link}")

    def test_the_program_runs_from_where_it_was_installed(self):
        if CACHE["TASKACTOR_BUILD_APPS"] != "ON":
            self.skipTest("this build makes no programs")
        program = self.prefix / CACHE["CMAKE_INSTALL_BINDIR"] / "taskactor"
        # What is meant for /usr, where the loader looks anyway, has no run path of its own.
        env = self.environment() if CACHE["CMAKE_INSTALL_PREFIX"] == "/usr" else None
        self.assertEqual(run(program, "--version", env=env).stdout, f"taskactor {CACHE['CMAKE_PROJECT_VERSION']}\n")
        self.assertEqual(run(program, "run", "--", "echo", "{}", ":::", "a", env=env).stdout, "a\n")

    @installed.needs("shared")
    def test_libraries_of_tasks_are_loaded_by_the_programs_as_they_were_installed(self):
        if CACHE["TASKACTOR_BUILD_APPS"] != "ON":
            self.skipTest("this build makes no programs")
        source, library = self.project / "tasks.cpp", self.folder / "libtasks.so"
        include = ("-I", self.prefix / CACHE["CMAKE_INSTALL_INCLUDEDIR"])
        link = ("-shared", "-fPIC", source, "-L", self.library_dir, "-ltaskactor", "-o", library)
        run(CACHE["CMAKE_CXX_COMPILER"], "-std=c++20", *include, *link)
        env = self.environment()
        program, worker = (self.prefix / CACHE["CMAKE_INSTALL_BINDIR"] / name for name in ("taskactor", "taskactor-worker"))
        call = (program, "call", "--load", library, "--where", "process", "img.resize", '"a.png"')
        self.assertEqual(run(*call, env=env).stdout, '"a.png, 100 wide"\n')
        version = CACHE["CMAKE_PROJECT_VERSION"]
        self.assertEqual(run(worker, "--version", env=env).stdout, f"taskactor-worker {version}\n")

    def test_the_program_brings_its_manual_page_and_completions(self):
        if CACHE["TASKACTOR_BUILD_APPS"] != "ON" or "-fsanitize" in CACHE["CMAKE_CXX_FLAGS"]:
            self.skipTest("this build makes no programs, or doesn't run them")
        files = [path for path in (self.prefix / "share").rglob("*taskactor*") if path.is_file() and path.suffix != ".md"]
        found = {path.name: path.read_text(encoding="utf-8") for path in files}
        self.assertEqual(set(found), {"taskactor", "_taskactor", "taskactor.1"})
        self.assertTrue(found["taskactor.1"].startswith(".TH TASKACTOR 1 "))
        self.assertTrue(found["_taskactor"].startswith("#compdef taskactor\n"))
        self.assertIn("complete -F _taskactor taskactor\n", found["taskactor"])


if __name__ == "__main__":
    installed.main()
