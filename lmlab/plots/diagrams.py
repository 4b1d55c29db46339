"""Diagrams of what is connected to what: computation graphs and layered networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from lmlab.plots.layout import Place, place
from lmlab.plots.style import (
    ACCENT,
    COLORS,
    INK,
    MUTED,
    array,
    bare,
    canvas,
    deep,
    text_width,
)

Node = str | tuple[str, str]
Edge = tuple[str, str] | tuple[str, str, str]
WIDEST = 10.5  # inches; wider graphs are drawn smaller


def graph(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    *,
    title: str,
    ax: Axes | None = None,
) -> None:
    """Draw a computation graph from left to right: what is computed from what.

    `nodes` maps an id to a label, or to (label, "value" or "op"): values are boxes and
    operations are circles. An edge is (from, to) or (from, to, label), the label being
    for instance the gradient that flows back. No cycles.
    """
    kinds = {name: _node(name, node) for name, node in nodes.items()}
    for edge in edges:
        for end in edge[:2]:
            if end not in kinds:
                raise ValueError(f"edges must join nodes {list(kinds)}: got {end!r}")
    sizes = {name: _size(*node) for name, node in kinds.items()}
    words = [str(edge[2]) if len(edge) > 2 else "" for edge in edges]
    gaps = [text_width(word, 12) + 0.42 if word else 0.0 for word in words]
    spots, routes = place(sizes, [(a, b) for a, b, *_ in edges], gaps)
    left, right = min(s.left for s in spots), max(s.right for s in spots)
    low, high = min(s.bottom for s in spots), max(s.top for s in spots)
    wide, tall = right - left + 0.3, high - low + 0.3
    scale = min(1.0, WIDEST / wide)
    ax = canvas(ax, title, width=max(5.0, wide * scale), height=tall * scale + 0.6)
    bare(ax)
    ax.set(xlim=(left - 0.15, right + 0.15), ylim=(low - 0.15, high + 0.15))
    ax.set(aspect="equal", anchor="W")
    for spot in spots:
        _draw_node(ax, spot, *kinds[spot.name], 13 * scale)
    middles = [_draw_edge(ax, route) for route in routes]
    for (x, y), word in zip(_spread(middles, words), words, strict=True):
        if word:
            ax.text(
                x, y, word, ha="center", va="center", size=12 * scale,
                color=deep(ACCENT), weight="bold", zorder=4,
                bbox={"boxstyle": "round,pad=0.12", "fc": "white", "ec": "none"},
            )  # fmt: skip


def network(
    sizes: Sequence[int],
    *,
    title: str,
    weights: Sequence[np.ndarray] | None = None,
    labels: Sequence[Sequence[str]] | None = None,
    ax: Axes | None = None,
) -> None:
    """Draw layers of units and the lines between them: the shape of a network.

    `weights` holds one (out, in) matrix per pair of layers: a line's width is the
    size, its colour the sign (blue positive, orange negative), and up to twelve are
    written out. `labels` holds a list of strings per layer. Of a layer with more than
    eight units, the ends are shown.
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be two or more positive numbers: got {sizes}")
    matrices = None if weights is None else _matrices(sizes, weights)
    if labels is not None:
        for i, layer in enumerate(labels):
            if layer and len(layer) != sizes[i]:
                raise ValueError(
                    f"labels[{i}] must have {sizes[i]} strings: got {len(layer)}"
                )
        if len(labels) != len(sizes):
            raise ValueError(
                f"labels must have one list per layer, {len(sizes)}: got {len(labels)}"
            )
    rows = [_shown(size) for size in sizes]
    tallest = max(len(row) for row in rows)
    across = min(2.6, 6.4 / (len(sizes) - 1))
    tall = max(0.8 * tallest, 1.4)
    wide = across * (len(sizes) - 1) + 1.1
    ax = canvas(ax, title, width=max(5.0, wide), height=tall + 0.9)
    bare(ax)
    ax.set(xlim=(-0.55, wide - 0.55), ylim=(-tall / 2 - 0.35, tall / 2 + 0.02))
    ax.set(aspect="equal", anchor="W")
    spots = [
        [(across * layer, ((len(row) - 1) / 2 - k) * 0.8) for k in range(len(row))]
        for layer, row in enumerate(rows)
    ]
    _draw_weights(ax, rows, spots, matrices)
    for layer, row in enumerate(rows):
        words = labels[layer] if labels is not None and labels[layer] else None
        for unit, (x, y) in zip(row, spots[layer], strict=True):
            if unit is None:
                ax.text(x, y, "⋮", ha="center", va="center", size=20, color=MUTED)
                continue
            ax.add_patch(
                Circle((x, y), 0.27, fc="#E8F1F8", ec=COLORS[0], lw=2.2, zorder=3)
            )
            if words is not None:
                ax.text(x, y, words[unit], ha="center", va="center_baseline", zorder=4)
        if len(row) < sizes[layer]:
            x, y = spots[layer][-1]
            ax.text(x, y - 0.34, f"{sizes[layer]} units", ha="center", va="top")


def _node(name: str, node: Node) -> tuple[str, str]:
    label, kind = (node, "value") if isinstance(node, str) else node
    if kind not in ("value", "op"):
        raise ValueError(f'node {name!r} must be a "value" or an "op": got {kind!r}')
    return label, kind


def _size(label: str, kind: str) -> tuple[float, float]:
    rows = label.count("\n") + 1
    wide, tall = text_width(label, 13) + 0.26, 0.2 * rows + 0.2
    return (max(wide, 0.46), 0.46) if kind == "op" else (max(wide, 0.5), tall)


def _draw_node(ax: Axes, spot: Place, label: str, kind: str, size: float) -> None:
    colour, fill = (
        (COLORS[4], "#FDF3DC") if kind == "op" else (COLORS[0], "#E8F1F8")
    )
    round_by = spot.tall / 2 if kind == "op" else 0.07
    ax.add_patch(
        FancyBboxPatch(
            (spot.left, spot.bottom), spot.wide, spot.tall, fc=fill, ec=colour, lw=2.2,
            boxstyle=f"round,pad=0,rounding_size={round_by}", zorder=3,
        )
    )  # fmt: skip
    ax.text(spot.x, spot.y, label, ha="center", va="center", size=size, zorder=4,
            linespacing=1.2)  # fmt: skip


def _draw_edge(ax: Axes, route: list[tuple[float, float]]) -> tuple[float, float]:
    """Draw a curve through the points of a route; return where its label goes."""
    points, codes = [route[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in zip(route, route[1:], strict=False):
        half = (x0 + x1) / 2
        points += [(half, y0), (half, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    ax.add_patch(
        FancyArrowPatch(
            path=Path(points, codes), arrowstyle="-|>", mutation_scale=14, color=MUTED,
            lw=1.8, shrinkA=0, shrinkB=0, zorder=2, capstyle="butt",
        )
    )  # fmt: skip
    (x0, y0), (x1, y1) = route[0], route[1]
    return (x0 + x1) / 2 - 0.04, (y0 + y1) / 2


def _spread(
    middles: list[tuple[float, float]], words: list[str]
) -> list[tuple[float, float]]:
    """Move labels up or down until none covers another."""
    spots = [list(middle) for middle in middles]
    wide = [text_width(word, 12, "bold") + 0.08 if word else 0.0 for word in words]
    for _ in range(60):
        moved = False
        for i in range(len(spots)):
            for j in range(i):
                if not (words[i] and words[j]):
                    continue
                near = abs(spots[i][0] - spots[j][0]) < (wide[i] + wide[j]) / 2
                gap = spots[i][1] - spots[j][1]
                if near and abs(gap) < 0.25:
                    push = (0.26 - abs(gap)) / 2 * (1 if gap > 0 else -1)
                    spots[i][1] += push
                    spots[j][1] -= push
                    moved = True
        if not moved:
            break
    return [(x, y) for x, y in spots]


def _shown(size: int) -> list[int | None]:
    """Return the units that are drawn, None standing for those left out."""
    if size <= 8:
        return list(range(size))
    return [0, 1, 2, None, size - 2, size - 1]


def _matrices(sizes: list[int], weights: Sequence[np.ndarray]) -> list[np.ndarray]:
    if len(weights) != len(sizes) - 1:
        raise ValueError(
            f"weights must have one matrix per pair of layers, {len(sizes) - 1}: "
            f"got {len(weights)}"
        )
    matrices = [array(f"weights[{i}]", W, 2) for i, W in enumerate(weights)]
    for i, W in enumerate(matrices):
        if W.shape != (sizes[i + 1], sizes[i]):
            raise ValueError(
                f"weights[{i}] must have shape ({sizes[i + 1]}, {sizes[i]}), "
                f"(out, in): got {W.shape}"
            )
    return matrices


def _draw_weights(ax, rows, spots, matrices) -> None:
    largest = max((abs(W).max() for W in matrices), default=1) if matrices else 1
    written = matrices is not None and sum(W.size for W in matrices) <= 12
    for layer in range(len(rows) - 1):
        for j, (xa, ya) in zip(rows[layer], spots[layer], strict=True):
            for i, (xb, yb) in zip(rows[layer + 1], spots[layer + 1], strict=True):
                if i is None or j is None:
                    continue
                if matrices is None:
                    ax.plot([xa, xb], [ya, yb], color=MUTED, lw=1.2, alpha=0.6)
                    continue
                w = matrices[layer][i, j]
                colour = COLORS[0] if w > 0 else ACCENT if w < 0 else MUTED
                ax.plot(
                    [xa, xb], [ya, yb], color=to_rgba(colour, 0.85 if w else 0.5),
                    lw=0.8 + 4.2 * abs(w) / (largest or 1), ls="-" if w else ":",
                    solid_capstyle="butt",
                )  # fmt: skip
                if written:
                    at = 0.3
                    ax.text(
                        xa + at * (xb - xa), ya + at * (yb - ya),
                        f"{w:g}".replace("-", "−"), ha="center", va="center", zorder=2.5,
                        color=INK if not w else deep(colour), weight="bold",
                        bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"},
                    )  # fmt: skip
