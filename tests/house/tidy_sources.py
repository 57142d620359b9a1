"""The sources of the library and the programs that a build folder compiles, for clang-tidy: each ended by a null. Those that
are read together are in the build folder.

    tidy_sources.py BUILD
"""
import json
import pathlib
import sys

ROOT = pathlib.Path.cwd()
BUILD = pathlib.Path(sys.argv[1]).resolve()
FOLDERS = [top / name for top in (ROOT, BUILD) for name in ("libtaskactor", "apps")]

commands = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
for path in dict.fromkeys(pathlib.Path(each["file"]).resolve() for each in commands): # some are in several programs
    if any(path.is_relative_to(folder) for folder in FOLDERS):
        print(path.relative_to(ROOT), end="\0")
