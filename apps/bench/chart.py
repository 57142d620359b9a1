"""The benchmark's chart, as SVG: for each work and peer, how many times better taskactor is, on a logarithmic axis.

A dot is the median of the repeats, a line their spread, a triangle the target. Right of the line at 1 we win.
"""
import math
from html import escape

WIDTH, LABELS, VALUES = 900, 210, 125  # of the picture; of the names at the left, of the numbers at the right
ROW, GAP, TOP = 15, 9, 58
BETTER, WORSE, QUIET, INK = "#1a7f5a", "#c2410c", "#9aa4b2", "#1f2937"


class Axis:
    """Powers of ten around all ratios."""

    def __init__(self, ratios: list[float]):
        self.low = min(-1, math.floor(math.log10(min(ratios))))
        self.high = max(1, math.ceil(math.log10(max(ratios))))

    def x(self, ratio: float) -> float:
        share = (math.log10(ratio) - self.low) / (self.high - self.low)
        return LABELS + share * (WIDTH - LABELS - VALUES)

    def powers(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def line(x1: float, y1: float, x2: float, y2: float, stroke: str, width: float = 1) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width}"/>'


def text(x: float, y: float, words: str, anchor: str = "start", fill: str = INK, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}" font-weight="{weight}">'
        f"{escape(words)}</text>"
    )


def target_of(work: dict, pairing: dict, figure: str) -> float | None:
    mine = [t for t in work["targets"] if t.get("peer") == pairing["name"] and not t.get("beyond")]
    wanted = [t["value"] for t in mine if t["figure"] == figure]
    return wanted[0] if wanted else None


def row(axis: Axis, y: float, name: str, ratio: dict, target: float | None) -> str:
    colour = BETTER if ratio["median"] >= 1 else WORSE
    parts = [
        text(LABELS - 10, y + 4, name, "end"),
        line(axis.x(ratio["least"]), y, axis.x(ratio["greatest"]), y, colour, 3),
        f'<circle cx="{axis.x(ratio["median"]):.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>',
    ]
    said = f"{ratio['median']:.3g}x"
    if target is not None:
        x = axis.x(target)
        parts.append(f'<path d="M{x:.1f} {y - 2:.1f} l4 -6 h-8 z" fill="{INK}"/>')
        said += f" of {target:g}x"
    missed = target is not None and ratio["median"] < target
    parts.append(text(WIDTH - VALUES + 10, y + 4, said, fill=WORSE if missed else INK))
    return "".join(parts)


def draw(measured: dict) -> str:
    names = {peer["name"]: peer["title"] for peer in measured["peers"]}
    works = [(work, work["figures"][0]["name"]) for work in measured["works"]]
    pairings = [(work, figure, [p for p in work["peers"] if figure in p["ratios"]]) for work, figure in works]
    pairings = [each for each in pairings if each[2]]
    ratios = [r for _, figure, peers in pairings for p in peers for r in p["ratios"][figure].values()]
    axis = Axis(ratios or [1])
    body, y = [], TOP
    for work, figure, peers in pairings:
        y += GAP
        body.append(text(10, y + 4, f"{work['number']} {work['work']}".strip(), weight="bold"))
        for pairing in peers:
            wanted = target_of(work, pairing, figure)
            body.append(row(axis, y, names[pairing["name"]], pairing["ratios"][figure], wanted))
            y += ROW
    grid = [line(axis.x(p), TOP - 8, axis.x(p), y, INK if p == 1 else "#e5e7eb") for p in axis.powers()]
    grid += [text(axis.x(p), TOP - 14, f"{p:g}x", "middle", QUIET if p != 1 else INK) for p in axis.powers()]
    title = "How many times what a task costs taskactor it costs the peer: right of 1x taskactor is better"
    head = text(10, 20, title, weight="bold")
    legend = text(WIDTH - VALUES + 10, 20, "median of target", fill=QUIET)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 10}" viewBox="0 0 {WIDTH} {y + 10}" '
        f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
        f'{head}{legend}{"".join(grid)}{"".join(body)}</svg>\n'
    )
