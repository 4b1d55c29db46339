"""The road of the course: six parts, twenty-six lessons, in one picture."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from lmlab.plots.style import ACCENT, COLORS, INK, MUTED, bare, canvas, deep

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
    "Out in the world": ["evaluation", "serving and cost", "applications and risks"],
}  # fmt: skip
WRITTEN = {0, 3, 4, 5, 9, 15}
NUMERALS = ("I", "II", "III", "IV", "V", "VI")
ROWS = ((0, 1), (2,), (3,), (4, 5))  # which parts share a row of the road
PART_COLORS = [COLORS[i] for i in (5, 2, 0, 1, 3, 4)]

STEP, ROW, EDGE, TURN = 1.12, 1.62, 0.66, 0.4  # inches


def road(*, title: str, here: int | str | None = None) -> None:
    """Draw the whole road of the course; `here` marks a lesson: 5, "05", "05_backprop".

    Lessons that are written are filled, those to come are outlined.
    """
    now = None if here is None else _number(here)
    wide = 6 * STEP + 2 * EDGE + 0.3
    tall = ROW * (len(ROWS) - 1) + 1.75
    ax = canvas(None, title, width=wide, height=tall + 0.5)
    bare(ax)
    ax.set(xlim=(-EDGE - 0.15, 6 * STEP + EDGE + 0.15), ylim=(tall - 0.7, -0.75))
    ax.set(aspect="equal", anchor="W")
    _draw_road(ax)
    number = 0
    for row, parts in enumerate(ROWS):
        names = [(part, name) for part in parts for name in _names(part)]
        xs = np.linspace(0, 6 * STEP, len(names))
        xs = xs[::-1] if row % 2 else xs
        for part in parts:
            own = [x for x, (p, _) in zip(xs, names, strict=True) if p == part]
            _draw_part(ax, part, min(own), row * ROW)
        for x, (part, name) in zip(xs, names, strict=True):
            _draw_stop(ax, x, row * ROW, number, name, PART_COLORS[part], number == now)
            number += 1


def _names(part: int) -> list[str]:
    return list(PARTS.values())[part]


def _number(here: int | str) -> int:
    last = sum(map(len, PARTS.values())) - 1
    digits = str(here).split("_")[0]
    if not digits.isdigit() or int(digits) > last:
        raise ValueError(f"here must be a lesson from 0 to {last}: got {here!r}")
    return int(digits)


def _draw_road(ax: Axes) -> None:
    left, right = -EDGE, 6 * STEP + EDGE
    points, codes = [(left + 0.25, 0.0)], [Path.MOVETO]
    for row in range(len(ROWS) - 1):
        side, inward = (right, -TURN) if row % 2 == 0 else (left, TURN)
        y = row * ROW
        points += [(side + inward, y), (side, y), (side, y + TURN)]
        points += [(side, y + ROW - TURN), (side, y + ROW), (side + inward, y + ROW)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3] * 2
    points.append((left + 0.25, (len(ROWS) - 1) * ROW))
    codes.append(Path.LINETO)
    path = Path(points, codes)
    for colour, width, dashes in (("#DCE0E5", 17, "-"), ("white", 2, (0, (5, 5)))):
        ax.add_patch(
            PathPatch(path, fc="none", ec=colour, lw=width, ls=dashes,
                      capstyle="round" if dashes == "-" else "butt", zorder=1)
        )  # fmt: skip


def _draw_part(ax: Axes, part: int, x: float, y: float) -> None:
    words = f"{NUMERALS[part]}  {list(PARTS)[part]}"
    ax.text(x - 0.25, y - 0.42, words, ha="left", va="center_baseline", weight="bold",
            size=13, color=deep(PART_COLORS[part]))  # fmt: skip


def _draw_stop(ax, x, y, number, name, colour, here) -> None:
    ready = number in WRITTEN
    if here:
        ax.add_patch(Circle((x, y), 0.36, fc="white", ec=ACCENT, lw=3.5, zorder=2))
    ax.add_patch(
        Circle((x, y), 0.25, fc=deep(colour) if ready else "white", ec=deep(colour),
               lw=2.2, zorder=3)
    )  # fmt: skip
    ax.text(x, y, f"{number:02d}", ha="center", va="center_baseline", size=13, zorder=4,
            weight="bold", color="white" if ready else deep(colour))  # fmt: skip
    broken = name.replace(" ", "\n", 1) if name.count(" ") < 2 else name.replace(
        " and ", "\nand "
    )
    ax.text(x, y + 0.36, broken, ha="center", va="top", linespacing=1.1,
            color=INK if ready else MUTED, weight="bold" if ready else "normal")
