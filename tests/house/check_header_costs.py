"""A public header costs its users no more than it must: what each brings into a translation unit is measured, listed in
tests/house/header_costs.txt, and kept.

The cost is the size, in kilobytes, of what the preprocessor makes of the header alone: the header, and all that it
includes. It's the same on each run, and compile times follow it. A header whose cost has left the leeway around what
the list says is a fault, and so is one that has become cheaper: the list would allow what nobody needs.

    check_header_costs.py            compares with the list
    check_header_costs.py --renew    writes the list anew
"""
import os
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import house

COMPILER = "g++"
INCLUDE = "libtaskactor/include"
LIST = "tests/house/header_costs.txt"
RENEW = "python3 -B tests/house/check_header_costs.py --renew"


# Of these nearly all is another library's, of whatever version is there, if it is.
LEFT_OUT = {"taskactor/asio.hpp", "taskactor/boost_asio.hpp"}


def leeway(size: int) -> float:
    return 5 + 0.05 * size


def compiler() -> str:
    """What the figures hold for: another version's standard library has headers of other sizes."""
    version = subprocess.run([COMPILER, "-dumpversion"], capture_output=True, text=True, check=True).stdout
    return f"{COMPILER} {version.partition('.')[0].strip()}"


def cost(root: pathlib.Path, header: str) -> int:
    # Without line markers (-P), which name paths of this machine.
    command = [COMPILER, "-std=c++20", "-I", root / INCLUDE, "-E", "-P", "-x", "c++", root / INCLUDE / header]
    done = subprocess.run(command, capture_output=True)
    if done.returncode != 0:
        raise ValueError(f"{INCLUDE}/{header}: not preprocessed: {done.stderr.decode()}")
    return round(len(done.stdout) / 1000)


def measure(root: pathlib.Path) -> dict[str, int]:
    headers = [path.relative_to(root / INCLUDE).as_posix() for path in sorted((root / INCLUDE).rglob("*.hpp"))]
    headers = [header for header in headers if header not in LEFT_OUT]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(headers, pool.map(lambda header: cost(root, header), headers)))


def write_list(costs: dict[str, int]) -> str:
    head = f"# What each public header costs, in kB, by {compiler()}. Written by: {RENEW}\n"
    return head + "".join(f"{size:5} {header}\n" for header, size in costs.items())


def check(root: pathlib.Path) -> Iterator[str]:
    text = (root / LIST).read_text(encoding="utf-8")
    listed = {header: int(size) for size, header in re.findall(r"^ *(\d+) (\S+)$", text, re.MULTILINE)}
    try:
        costs = measure(root)
    except ValueError as error:
        yield str(error)
        return
    same_compiler = f"by {compiler()}." in text.partition("\n")[0]
    if not same_compiler:
        print(f"{LIST} isn't by {compiler()}: the costs are not compared", file=sys.stderr)
    for header in listed.keys() - costs.keys():
        yield f"{LIST}: {header} isn't there any more; renew the list: {RENEW}"
    for header, size in costs.items():
        if header not in listed:
            yield f"{INCLUDE}/{header}: costs {size} kB, and isn't listed; if it must, renew the list: {RENEW}"
        elif same_compiler and abs(size - listed[header]) > leeway(listed[header]):
            change = "dearer" if size > listed[header] else "cheaper"
            advice = "include less, or, if it must be so," if change == "dearer" else "well done:"
            yield (
                f"{INCLUDE}/{header}: has become {change}: {size} kB, was {listed[header]} kB; "
                f"{advice} renew the list: {RENEW}"
            )


def kilobytes(count: int) -> str:
    return "int a;\n" * (1000 * count // 7)


A, B = f"{INCLUDE}/taskactor/a.hpp", f"{INCLUDE}/taskactor/b.hpp"
RIGHT = {
    A: "#pragma once\n" + kilobytes(60),
    B: "#pragma once\n#include <taskactor/a.hpp>\n" + kilobytes(49),  # 109 kB: within the leeway
    LIST: write_list({"taskactor/a.hpp": 60, "taskactor/b.hpp": 100}),
}
WRONG = {
    "a.hpp: has become dearer: 69 kB, was 60 kB": {A: kilobytes(69)},
    "b.hpp: has become dearer: 117 kB, was 100 kB": {A: kilobytes(68)},
    "a.hpp: has become cheaper: 51 kB, was 60 kB": {A: kilobytes(51)},
    "c.hpp: costs 7 kB, and isn't listed": {f"{INCLUDE}/taskactor/c.hpp": kilobytes(7)},
    "taskactor/c.hpp isn't there any more": {LIST: RIGHT[LIST] + "    7 taskactor/c.hpp\n"},
    "a.hpp: not preprocessed": {A: "#include <gone.hpp>\n"},
}

if __name__ == "__main__":
    if sys.argv[1:] == ["--renew"]:
        (house.ROOT / LIST).write_text(write_list(measure(house.ROOT)), encoding="utf-8")
    else:
        house.main(check, RIGHT, WRONG)
