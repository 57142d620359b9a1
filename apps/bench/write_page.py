#!/usr/bin/env python3
"""Writes what taskactor-bench has measured (--json) into a page and a chart beside it.

    write_page.py SAMPLES PAGE    PAGE.md: what stands between `<!-- written: NAME -->` and `<!-- end: NAME -->`, for
                                  each of the tables below; PAGE.svg: the chart. All else on the page is kept.
                                  Samples of taskactor-bench-links go into its own place, `links`, alone.
"""
import json
import pathlib
import re
import sys
import textwrap
from collections.abc import Callable, Iterator

import chart

Work = dict


def rounded(value: float) -> str:
    """Three digits or so: 0.95, 27.1, 134."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}"


def spread(of: dict) -> str:
    return f"{rounded(of['least'])} - {rounded(of['greatest'])}"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def titles(measured: dict) -> dict[str, str]:
    return {peer["name"]: peer["title"] for peer in measured["peers"]}


def name_of(work: Work) -> str:
    return f"{work['number']} {work['work']}".strip()


def machine(measured: dict) -> str:
    where = measured["machine"]
    peers = ", ".join(f"{peer['title']} {peer['version']}" for peer in measured["peers"] if peer["name"] != "one-thread")
    warning = "" if where["optimised"] else "**Not a release build: these figures say nothing.** "
    if where["load_before"] > where["processors"] / 2:
        warning += "**The machine had other work to do: these figures are rough, costs above all.** "
    quick = " with fewer tasks (--quick)" if measured["quick"] else ""
    text = (
        f"{warning}Measured on {where['date']}: {where['processor'] or 'an unnamed processor'}, {where['processors']} "
        f"processors, {where['kernel']}, with a load of {rounded(where['load_before'])} before; taskactor "
        f"{measured['taskactor']} by {where['compiler']} on CAF {where['caf']}; {measured['repeats']} repeats{quick}; stores in "
        f"{where.get('stores', 'an unnamed place')}. "
        f"Peers: {peers or 'none'}."
    )
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False) + "\n"


def target_row(work: Work, target: dict, names: dict[str, str]) -> list[str]:
    peer, beyond = target.get("peer"), target.get("beyond", False)
    wanted = f"{rounded(target['value'])}x {names.get(peer, peer)}" if peer else f"at most {rounded(target['value'])}"
    if beyond:
        wanted = f"at most {rounded(target['value'])} beyond {names.get(peer, peer)}"
    if "measured" not in target:
        return [name_of(work), target["figure"], wanted, "", "", "not measured"]
    found = target["measured"]
    unit = "x" if peer and not beyond else ""
    verdict = "reached" if target["reached"] else "**missed**"
    return [name_of(work), target["figure"], wanted, rounded(found["median"]) + unit, spread(found), verdict]


def targets(measured: dict) -> str:
    names = titles(measured)
    rows = [target_row(work, target, names) for work in measured["works"] for target in work["targets"]]
    reached = sum(row[-1] == "reached" for row in rows)
    head = ["work", "figure", "target", "measured", "least - most", ""]
    return f"{reached} of {len(rows)} targets are reached.\n\n" + table(head, rows)


def cost_in_words(side: dict, figure: dict) -> str:
    cost = side["costs"][figure["name"]]["median"]
    if figure["name"] == "time":
        return f"{1e6 / cost:,.0f}/s"
    return f"{rounded(cost)} {figure['unit']}"


def cpu_in_words(side: dict) -> str:
    return rounded(side["costs"]["cpu"]["median"]) + " us" if "cpu" in side["costs"] else ""


def work_table(work: Work, names: dict[str, str]) -> str:
    figure = work["figures"][0]
    ours = work["taskactor"]
    rows = [["taskactor", "", "", cost_in_words(ours, figure), cpu_in_words(ours), f"{ours['tasks']:,}"]]
    for pairing in work["peers"]:
        peer = pairing["peer"]
        if figure["name"] in pairing["ratios"]:
            ratio = pairing["ratios"][figure["name"]]
            rows.append([names[pairing["name"]], rounded(ratio["median"]) + "x", spread(ratio),
                         cost_in_words(peer, figure), cpu_in_words(peer), f"{peer['tasks']:,}"])
        if "trouble" in pairing:
            rows.append([names[pairing["name"]], "failed", "", pairing["trouble"], "", ""])
    head = ["", "ratio", "least - most", figure["name"], "processor time a task", "tasks"]
    return f"### {name_of(work)}\n\n{work['what'][0].upper()}{work['what'][1:]}.\n\n{table(head, rows)}"


def works(measured: dict) -> str:
    names = titles(measured)
    return "\n".join(work_table(work, names) for work in measured["works"])


def lost(measured: dict) -> Iterator[tuple[Work, dict, str, dict]]:
    for work in measured["works"]:
        for pairing in work["peers"]:
            for figure, ratio in pairing["ratios"].items():
                if ratio["median"] < 1 and pairing["name"] != "one-thread":
                    yield work, pairing, figure, ratio


def wins(measured: dict) -> str:
    """Of peers, over us."""
    names = titles(measured)
    rows = [
        [name_of(work), names[pairing["name"]], figure, rounded(ratio["median"]) + "x", spread(ratio)]
        for work, pairing, figure, ratio in lost(measured)
    ]
    return table(["work", "peer", "figure", "ratio", "least - most"], rows) if rows else "None.\n"


def micro(value: float) -> str:
    return f"{value:,.0f} us" if value >= 100 else f"{value:.1f} us"


def links(measured: dict) -> str:
    """Ratios of costs: the other way round than those of works."""
    rows = []
    for each in measured["links"]:
        verdict = ""
        if "at_most" in each:
            verdict = f"at most {rounded(each['at_most'])}: {'reached' if each['reached'] else '**missed**'}"
        rows.append([each["what"], micro(each["us"]), each["peer"], micro(each["peer_us"]), rounded(each["ratio"]),
                     spread(each), verdict])
    head = ["what", "cost", "against", "cost", "ratio", "least - most", "target"]
    quick = "With --quick, on a machine that may have had other work to do.\n\n" if measured["quick"] else ""
    return quick + table(head, rows)


WRITTEN: dict[str, Callable[[dict], str]] = {"machine": machine, "targets": targets, "works": works, "wins": wins}


def fill(page: str, measured: dict) -> str:
    for name, write in ({"links": links} if "links" in measured else WRITTEN).items():
        place = re.compile(rf"(<!-- written: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
        if len(place.findall(page)) != 1:
            raise ValueError(f"the page has no place, or more than one, for {name}")
        text = write(measured)
        page = place.sub(lambda found: found[1] + text + found[2], page)
    return page


def main(arguments: list[str]) -> None:
    if len(arguments) != 2:
        sys.exit(__doc__)
    measured = json.loads(pathlib.Path(arguments[0]).read_text(encoding="utf-8"))
    page = pathlib.Path(arguments[1])
    page.write_text(fill(page.read_text(encoding="utf-8"), measured), encoding="utf-8")
    if "links" in measured:
        return
    page.with_suffix(".svg").write_text(chart.draw(measured), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
