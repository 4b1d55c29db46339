"""The road of the course: six parts, twenty-seven lessons, in one picture."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from lmlab.page.plots.style import ACCENT, COLORS, GRID, INK, MUTED, deep, diagram

PARTS = {
    "What is a large model?": ["start here", "landscape", "learning machines"],
    "One training step": ["forward pass", "loss", "backprop", "training"],
    "Reading and predicting text": [
        "tokens", "before transformers", "attention", "transformer families",
        "modern decoder", "pretraining", "scaling",
    ],
    "From parrot to assistant": [
        "instruction tuning", "reward model", "RLHF", "prompting",
        "retrieval and agents",
    ],
    "Beyond text": ["vision", "image generation", "multimodal", "decisions"],
    "Out in the world": ["evaluation", "serving and cost", "applications", "risks"],
}  # fmt: skip
WRITTEN = {0, *range(3, 23)}
NUMERALS = ("I", "II", "III", "IV", "V", "VI")
ROWS = ((0, 1), (2,), (3,), (4, 5))  # which parts share a row of the road
PART_COLORS = [deep(COLORS[i]) for i in (4, 2, 0, 1, 3, 5)]

STEP, ROW, TOP = 1.13, 1.55, 0.7  # inches between stops, between rows, above the first
LEFT, RIGHT, TURN = 0.75, 0.75 + 6 * STEP, 0.42  # first and last stop, bend of the road


def road(*, title: str, here: int | str | None = None) -> None:
    """Draw the whole road of the course; `here` marks a lesson: 5, "05", "05_backprop".

    Lessons that are written are filled, those to come are outlined.
    """
    now = None if here is None else _number(here)
    ax = diagram(title, RIGHT + LEFT, TOP + 3 * ROW + 1.2)
    stops = _stops()
    _draw_road(ax, stops)
    for number, (x, y, part, name) in enumerate(stops):
        _draw_stop(ax, x, y, number, name, PART_COLORS[part], number == now)
    for part, name in enumerate(PARTS):
        x, y = min((x, y) for x, y, p, _ in stops if p == part)
        ax.text(x - 0.25, y - 0.4, f"{NUMERALS[part]}  {name}", weight="bold", size=13,
                color=PART_COLORS[part])  # fmt: skip
    _draw_legend(ax)


def _number(here: int | str) -> int:
    last = sum(map(len, PARTS.values())) - 1
    digits = str(here).split("_")[0]
    if not digits.isdecimal() or int(digits) > last:
        raise ValueError(f"here must be a lesson from 0 to {last}: got {here!r}")
    return int(digits)


def _stops() -> list[tuple[float, float, int, str]]:
    """Return x, y, part and name of each lesson; every other row runs back."""
    names = list(PARTS.values())
    stops = []
    for row, parts in enumerate(ROWS):
        lessons = [(part, name) for part in parts for name in names[part]]
        xs = np.linspace(LEFT, RIGHT, len(lessons))
        for x, (part, name) in zip(xs[:: -1 if row % 2 else 1], lessons, strict=True):
            stops.append((float(x), TOP + row * ROW, part, name))
    return stops


def _draw_road(ax: Axes, stops: list[tuple[float, float, int, str]]) -> None:
    west, east = 0.12, RIGHT + LEFT - 0.12
    points, codes = [(LEFT - 0.3, TOP)], [Path.MOVETO]
    for row in range(len(ROWS) - 1):
        side, inward = (east, -TURN) if row % 2 == 0 else (west, TURN)
        y, below = TOP + row * ROW, TOP + (row + 1) * ROW
        points += [(side + inward, y), (side, y), (side, y + TURN)]
        points += [(side, below - TURN), (side, below), (side + inward, below)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3] * 2
        ax.plot(side, (y + below) / 2, **_arrow(180))
    points.append((LEFT - 0.3, TOP + (len(ROWS) - 1) * ROW))
    codes.append(Path.LINETO)
    ax.add_patch(
        PathPatch(Path(points, codes), fc="none", ec=GRID, lw=17, capstyle="round",
                  zorder=1)
    )  # fmt: skip
    for (xa, ya, *_), (xb, yb, *_) in zip(stops, stops[1:], strict=False):
        if ya == yb:
            ax.plot((xa + xb) / 2, ya, **_arrow(270 if xb > xa else 90))


def _arrow(turn: float) -> dict:
    return {"marker": (3, 0, turn), "ms": 7, "color": "#AEB6C0", "mec": "none"}


def _draw_stop(
    ax: Axes, x: float, y: float, number: int, name: str, colour: tuple, here: bool
) -> None:
    ready = number in WRITTEN
    if here:
        ax.add_patch(Circle((x, y), 0.34, fc="white", ec=ACCENT, lw=3.5, zorder=2))
    _draw_circle(ax, x, y, 0.25, colour, ready)
    ax.text(x, y, f"{number:02d}", ha="center", va="center_baseline", size=13, zorder=4,
            weight="bold", color="white" if ready else colour)  # fmt: skip
    for row, words in enumerate(name.replace(" ", "\n", 1).split("\n")):
        ax.text(x, y + 0.51 + 0.19 * row, words, ha="center",
                color=INK if ready else MUTED,
                weight="bold" if ready else "normal")  # fmt: skip


def _draw_circle(
    ax: Axes, x: float, y: float, radius: float, colour: tuple, full: bool
) -> None:
    ax.add_patch(
        Circle((x, y), radius, fc=colour if full else "white", ec=colour, lw=2.2,
               zorder=3)
    )  # fmt: skip


def _draw_legend(ax: Axes) -> None:
    y = TOP + 3 * ROW + 1.06
    ink = to_rgb(MUTED)
    for x, full, words in ((LEFT - 0.1, True, "ready to run"),
                           (LEFT + 1.5, False, "to come")):  # fmt: skip
        _draw_circle(ax, x, y, 0.09, ink, full)
        ax.text(x + 0.2, y, words, va="center_baseline", color=MUTED)
