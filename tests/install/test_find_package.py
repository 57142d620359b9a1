"""A project outside finds the installed library with find_package."""
import json

import installed
from installed import CACHE, SCHEDULE, SCHEDULED, cmake, needs, run

# What a project may be told to compile with: where the headers are, and which C++ they need.
OPTIONS = {"-isystem", "-std", "-o", "-c"}


class FindPackage(installed.Case):
    def configure(self, *options: str, **how):
        compiler = f"-DCMAKE_CXX_COMPILER={CACHE['CMAKE_CXX_COMPILER']}"
        prefix = f"-DCMAKE_PREFIX_PATH={self.prefix}"
        where = ("-S", self.project, "-B", self.folder / "build")
        return cmake("-G", "Ninja", *where, compiler, prefix, "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON", *options, **how)

    def build_and_check(self, kind: str, *options: str) -> None:
        self.configure(*options)
        cmake("--build", self.folder / "build")
        self.check_program(self.folder / "build" / "my_program", kind)
        run(self.folder / "build" / "my_tests")

    def write_project(self, text: str) -> None:
        head = "cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES CXX)\n"
        (self.project / "CMakeLists.txt").write_text(head + text, encoding="utf-8")

    @needs("shared")
    def test_the_shared_library_is_taken_where_it_is(self):
        self.build_and_check("shared")
        units = json.loads((self.folder / "build" / "compile_commands.json").read_text(encoding="utf-8"))
        words = [word for unit in units for word in unit["command"].split()[1:]]
        options = {word.partition("=")[0] for word in words if word.startswith("-")}
        self.assertLessEqual(options, OPTIONS, "warnings, precompiled headers or definitions of ours have come along")

    @needs("static")
    def test_the_static_library_is_taken_on_request(self):
        self.build_and_check("static", "-Dtaskactor_USE_STATIC_LIBS=ON")

    @needs("static")
    def test_the_static_library_is_taken_where_it_is_alone(self):
        self.take_away("shared")
        self.write_project(
            "find_package(taskactor 0.2 REQUIRED)\n"
            "get_target_property(type taskactor::taskactor TYPE)\nmessage(STATUS type=${type})\n"
        )
        self.assertIn("type=STATIC_LIBRARY", self.configure().stdout)

    @needs("shared")
    def test_a_program_whose_tasks_log_links_spdlog_itself(self):
        self.write_project(
            "find_package(taskactor 0.2 REQUIRED)\nfind_package(spdlog REQUIRED)\n"
            "add_executable(speaker logs.cpp)\n"
            "target_link_libraries(speaker PRIVATE taskactor::taskactor spdlog::spdlog)\n"
        )
        self.configure()
        cmake("--build", self.folder / "build")
        self.assertIn("a task says so", run(self.folder / "build" / "speaker").stdout)

    def check_node(self, *options: str) -> None:
        self.write_project(
            "find_package(taskactor 0.2 REQUIRED COMPONENTS node)\n"
            "add_executable(makes node.cpp)\ntarget_link_libraries(makes PRIVATE taskactor::node)\n"
        )
        self.configure(*options)
        cmake("--build", self.folder / "build")
        run(self.folder / "build" / "makes", self.folder / "authority")
        self.assertTrue((self.folder / "authority" / "authority.pem").is_file())

    @needs("shared")
    def test_the_library_of_nodes_is_there_on_request(self):
        self.check_node()

    @needs("static")
    def test_the_static_library_of_nodes_brings_what_it_needs(self):
        self.check_node("-Dtaskactor_USE_STATIC_LIBS=ON")

    def check_schedule(self, *options: str) -> None:
        self.write_project(
            "find_package(taskactor 0.2 REQUIRED COMPONENTS schedule)\n"
            "add_executable(asks schedule.cpp)\ntarget_link_libraries(asks PRIVATE taskactor::schedule)\n"
        )
        self.configure(*options)
        cmake("--build", self.folder / "build")
        self.assertEqual(run(self.folder / "build" / "asks", *SCHEDULE).stdout, SCHEDULED)

    @needs("shared")
    def test_the_library_of_schedules_is_there_on_request(self):
        self.check_schedule()

    @needs("static")
    def test_the_static_library_of_schedules_brings_what_it_needs(self):
        self.check_schedule("-Dtaskactor_USE_STATIC_LIBS=ON")

    @needs("shared", "static")
    def test_a_static_library_that_is_not_there_is_not_found(self):
        self.take_away("static")
        refused = self.configure("-Dtaskactor_USE_STATIC_LIBS=ON", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("installed without a static library", refused.stderr)

    def test_it_has_two_names_and_may_be_looked_for_twice(self):
        self.write_project(
            "set(CMAKE_MODULE_PATH mine)\n"
            "find_package(taskactor REQUIRED)\nfind_package(taskactor REQUIRED)\n"
            "get_target_property(real taskactor::core ALIASED_TARGET)\n"
            "message(STATUS \"real=${real} version=${taskactor_VERSION} module path=${CMAKE_MODULE_PATH}.\")\n"
        )
        version = CACHE["CMAKE_PROJECT_VERSION"]
        self.assertIn(f"real=taskactor::taskactor version={version} module path=mine.", self.configure().stdout)

    def test_another_minor_version_is_refused(self):
        self.write_project(
            "foreach(version IN ITEMS ${CORRECT} 0.0 0.99 1.0)\n"
            "  find_package(taskactor ${version} QUIET)\n"
            "  message(STATUS \"${version}: ${taskactor_FOUND}\")\n"
            "endforeach()\n"
        )
        major, minor, _ = CACHE["CMAKE_PROJECT_VERSION"].split(".")
        said = self.configure(f"-DCORRECT={major}.{minor}").stdout
        for line in (f"{major}.{minor}: 1", "0.0: 0", "0.99: 0", "1.0: 0"):
            self.assertIn(f"-- {line}\n", said)

    def test_another_caf_is_refused(self):
        other = self.folder / "caf" / "include" / "caf"
        other.mkdir(parents=True)
        (other / "config.hpp").write_text("#define CAF_VERSION 1805\n", encoding="utf-8")
        refused = self.configure(f"-DCAF_ROOT={self.folder / 'caf'}", check=False)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("0.18.5", refused.stderr)


if __name__ == "__main__":
    installed.main()
