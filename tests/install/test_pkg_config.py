"""A program outside finds the installed library with pkg-config."""
import installed
from installed import CACHE, needs, run


class PkgConfig(installed.Case):
    def build_and_check(self, kind: str) -> None:
        run("sh", "-e", "build.sh", cwd=self.project, env=self.environment())
        self.check_program(self.project / "my_program", kind, env=self.environment())

    def ask(self, *arguments: str) -> list[str]:
        return run("pkg-config", *arguments, "taskactor", env=self.environment()).stdout.split()

    @needs("shared")
    def test_the_shared_library(self):
        self.build_and_check("shared")

    @needs("static")
    def test_the_static_library_with_what_it_needs(self):
        self.take_away("shared")
        script = self.project / "build.sh"
        script.write_text(script.read_text(encoding="utf-8").replace("pkg-config", "pkg-config --static"), encoding="utf-8")
        self.build_and_check("static")

    def test_what_it_says(self):
        self.assertEqual(self.ask("--modversion"), [CACHE["CMAKE_PROJECT_VERSION"]])
        self.assertFalse([word for word in self.ask("--cflags") if not word.startswith(("-I", "-D"))])
        self.assertIn("-ltaskactor", self.ask("--libs"))
        self.assertNotIn("-lspdlog", self.ask("--libs"))

    def test_the_library_of_nodes(self):
        said = run("pkg-config", "--libs", "taskactor-node", env=self.environment()).stdout.split()
        self.assertLessEqual({"-ltaskactor_node", "-ltaskactor"}, set(said))
        self.assertNotIn("-lssl", said)

    @needs("static")
    def test_what_a_static_library_needs(self):
        self.assertLessEqual({"-ltaskactor", "-lspdlog", "-lfmt", "-lcaf_core", "-lcaf_io"}, set(self.ask("--static", "--libs")))


if __name__ == "__main__":
    installed.main()
