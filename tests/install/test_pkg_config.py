"""A program outside finds the installed library with pkg-config."""
import installed
from installed import CACHE, SCHEDULE, SCHEDULED, needs, run


class PkgConfig(installed.Case):
    def build_and_check(self, kind: str) -> None:
        run("sh", "-e", "build.sh", cwd=self.project, env=self.environment())
        self.check_program(self.project / "my_program", kind, env=self.environment())

    def build_more_and_check(self, kind: str) -> None:
        run("sh", "-e", "more.sh", cwd=self.project, env=self.environment())
        said = run(self.project / "my_speaker", env=self.environment())
        self.assertIn("a task says so", said.stdout)
        self.assertIn("speaker: completed", said.stderr)
        run(self.project / "my_node", self.folder / "authority", env=self.environment())
        self.assertTrue((self.folder / "authority" / "authority.pem").is_file())
        run(self.project / "my_tests", env=self.environment())
        self.assertEqual(run(self.project / "my_schedule", *SCHEDULE, env=self.environment()).stdout, SCHEDULED)
        needed = run("readelf", "-d", self.project / "my_node").stdout
        self.assertEqual("[libtaskactor-node.so.0]" in needed, kind == "shared", needed)

    def ask(self, *arguments: str) -> list[str]:
        return run("pkg-config", *arguments, "taskactor", env=self.environment()).stdout.split()

    @needs("shared")
    def test_the_shared_library(self):
        self.build_and_check("shared")

    @needs("shared")
    def test_programs_that_log_that_are_nodes_and_tests(self):
        self.build_more_and_check("shared")

    @needs("static")
    def test_the_same_with_the_static_library(self):
        self.take_away("shared")
        self.let_scripts_ask_for("--static")
        self.build_more_and_check("static")

    @needs("static")
    def test_the_static_library_with_what_it_needs(self):
        self.take_away("shared")
        self.let_scripts_ask_for("--static")
        self.build_and_check("static")

    def let_scripts_ask_for(self, option: str) -> None:
        for script in self.project.glob("*.sh"):
            text = script.read_text(encoding="utf-8").replace("pkg-config", f"pkg-config {option}")
            script.write_text(text, encoding="utf-8")

    def test_what_it_says(self):
        self.assertEqual(self.ask("--modversion"), [CACHE["CMAKE_PROJECT_VERSION"]])
        self.assertFalse([word for word in self.ask("--cflags") if not word.startswith(("-I", "-D"))])
        self.assertIn("-ltaskactor", self.ask("--libs"))
        self.assertNotIn("-lspdlog", self.ask("--libs"))

    def test_options_are_plain_unless_gcc_12_has_built_the_library(self):
        source = self.folder / "asked.cpp"
        source.write_text("#include <taskactor/detail/compiler.hpp>\nTASKACTOR_GCC_12\n", encoding="utf-8")
        flags = self.ask("--cflags")
        said = run(CACHE["CMAKE_CXX_COMPILER"], *flags, "-E", "-P", source).stdout.split()
        self.assertEqual("-DTASKACTOR_PLAIN_FIELDS=1" in flags, said[-1] == "0")

    def test_the_library_of_nodes(self):
        said = run("pkg-config", "--libs", "taskactor-node", env=self.environment()).stdout.split()
        self.assertLessEqual({"-ltaskactor-node", "-ltaskactor"}, set(said))
        self.assertNotIn("-lssl", said)

    @needs("static")
    def test_what_a_static_library_needs(self):
        self.assertLessEqual({"-ltaskactor", "-lspdlog", "-lfmt", "-lcaf_core", "-lcaf_io"}, set(self.ask("--static", "--libs")))


if __name__ == "__main__":
    installed.main()
