"""Diagrams of what is connected to what: computation graphs and layered networks."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from lmlab.page.plots.layout import Place, Point, place
from lmlab.page.plots.style import (
    ACCENT,
    COLORS,
    MUTED,
    array,
    axes_title,
    deep,
    diagram,
    shrink,
    text_width,
)

Node = str | tuple[str, str]
Edge = tuple[str, str] | tuple[str, str, str]
FILL = "#E8F1F8"
WIDEST = 10.5  # inches; a wider diagram is drawn smaller


def graph(
    nodes: Mapping[str, Node],
    edges: Sequence[Edge],
    *,
    title: str,
    ax: Axes | None = None,
) -> None:
    """Draw a computation graph from left to right: what is computed from what.

    `nodes` maps an id to a label, or to (label, "value" or "op"): values are boxes and
    operations are rounded. An edge is (from, to) or (from, to, label), the label being
    for instance the gradient that flows back. No cycles.
    """
    kinds = {name: _node(name, node) for name, node in nodes.items()}
    if not kinds:
        raise ValueError("nodes must hold at least one node: got none")
    for end in [end for edge in edges for end in edge[:2]]:
        if end not in kinds:
            raise ValueError(f"edges must join nodes {list(kinds)}: got {end!r}")
    words = [str(edge[2]) if len(edge) > 2 else "" for edge in edges]
    room = [text_width(word, 12, "bold") + 0.5 if word else 0.0 for word in words]
    sizes = {name: _size(*node) for name, node in kinds.items()}
    spots, routes = place(sizes, [(edge[0], edge[1]) for edge in edges], room)
    wide = max(spot.x + spot.wide / 2 for spot in spots) + 0.1
    tall = max(y for route in routes for _, y in route) if routes else 0.0
    tall = max([tall] + [spot.y + spot.tall / 2 for spot in spots]) + 0.1
    ax, scale = _paper(ax, title, wide, tall)
    for spot in spots:
        _draw_node(ax, spot, *kinds[spot.name], 13 * scale)
    middles = [_draw_edge(ax, route, scale) for route in routes]
    for (x, y), word in zip(_spread(middles, words), words, strict=True):
        _label(ax, x, y, word, deep(ACCENT), 12 * scale)


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
    written out. `labels` holds a list of strings per layer, which may be empty. Of a
    layer with more than eight units, the first three and the last are drawn.
    """
    sizes = [int(size) for size in sizes]
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be two or more positive numbers: got {sizes}")
    matrices = _matrices(sizes, weights) if weights is not None else []
    labels = [[]] * len(sizes) if labels is None else labels
    if len(labels) != len(sizes):
        raise ValueError(
            f"labels must have one list per layer, {len(sizes)}: got {len(labels)}"
        )
    for i, (layer, size) in enumerate(zip(labels, sizes, strict=True)):
        if len(layer) not in (0, size):
            raise ValueError(f"labels[{i}] must have {size} strings: got {len(layer)}")
    written = 0 < sum(W.size for W in matrices) <= 12
    up, across = (1.0, 3.0) if written else (0.72, min(2.4, 6.4 / (len(sizes) - 1)))
    shown = [list(range(n)) if n <= 8 else [0, 1, 2, n - 1] for n in sizes]
    slots = [len(s) + (n > 8) for s, n in zip(shown, sizes, strict=True)]
    tall = up * (max(slots) - 1) + 0.62
    below = 0.28 if max(sizes) > 8 else 0.0
    wide = across * (len(sizes) - 1) + 0.7
    spots = []  # per layer: unit -> its middle
    for layer, units in enumerate(shown):
        top = (tall - up * (slots[layer] - 1)) / 2
        rows = range(len(units) - 1) if len(units) < slots[layer] else range(len(units))
        places = [*rows] if len(rows) == len(units) else [*rows, slots[layer] - 1]
        x = 0.35 + across * layer
        spots.append(
            {u: (x, top + up * row) for u, row in zip(units, places, strict=True)}
        )
    ax, scale = _paper(ax, title, wide, tall + below)
    _draw_lines(ax, spots, matrices, written, scale)
    for layer, units in enumerate(spots):
        for unit, (x, y) in units.items():
            ax.add_patch(Circle((x, y), 0.27, fc=FILL, ec=COLORS[0], lw=2.2, zorder=3))
            if len(labels[layer]):
                ax.text(x, y, labels[layer][unit], ha="center", va="center_baseline",
                        size=12 * scale, zorder=4)  # fmt: skip
        if len(units) < sizes[layer]:
            (x, last) = units[sizes[layer] - 1]
            for dot in (-0.12, 0, 0.12):
                ax.add_patch(Circle((x, last - up + dot), 0.025, color=MUTED))
            ax.text(x, last + 0.33, f"{sizes[layer]} units", ha="center", va="top",
                    size=12 * scale)  # fmt: skip


def _paper(ax: Axes | None, title: str, wide: float, tall: float) -> tuple[Axes, float]:
    """Return axes in inches, new or the given ones, and the scale for their type."""
    if ax is None:
        scale = min(1.0, WIDEST / wide)
        ax = diagram(title, wide * scale, tall * scale)
        ax.set(xlim=(0, wide), ylim=(tall, 0))
        return ax, scale
    if title:
        axes_title(ax, title)
    return ax, shrink(ax, wide, tall)


def _node(name: str, node: Node) -> tuple[str, str]:
    label, kind = (node, "value") if isinstance(node, str) else node
    if kind not in ("value", "op"):
        raise ValueError(f'node {name!r} must be a "value" or an "op": got {kind!r}')
    return label, kind


def _size(label: str, kind: str) -> tuple[float, float]:
    rows = label.count("\n") + 1
    wide, tall = text_width(label, 13) + 0.26, 0.22 * rows + 0.18
    return (max(wide, 0.46), 0.46) if kind == "op" else (max(wide, 0.5), tall)


def _draw_node(ax: Axes, spot: Place, label: str, kind: str, size: float) -> None:
    edge, fill, corner = COLORS[0], FILL, 0.07
    if kind == "op":
        edge, fill, corner = COLORS[4], "#FDF3DC", spot.tall / 2
    ax.add_patch(
        FancyBboxPatch(
            (spot.left, spot.y - spot.tall / 2), spot.wide, spot.tall, fc=fill, ec=edge,
            lw=2.2, boxstyle=f"round,pad=0,rounding_size={corner}", zorder=3,
        )
    )  # fmt: skip
    ax.text(spot.x, spot.y, label, ha="center", va="center", size=size, zorder=4,
            linespacing=1.2)  # fmt: skip


def _draw_edge(ax: Axes, route: list[Point], scale: float) -> Point:
    """Draw a curve through the points of a route; return where its label goes."""
    points, codes = [route[0]], [Path.MOVETO]
    for (x0, y0), (x1, y1) in zip(route, route[1:], strict=False):
        half = (x0 + x1) / 2
        points += [(half, y0), (half, y1), (x1, y1)]
        codes += [Path.CURVE4] * 3
    ax.add_patch(
        FancyArrowPatch(
            path=Path(points, codes), arrowstyle="-|>", mutation_scale=14 * scale,
            color=MUTED, lw=1.8, shrinkA=0, shrinkB=0, zorder=2, capstyle="butt",
        )
    )  # fmt: skip
    if len(route) > 2:
        return route[len(route) // 2]
    (x0, y0), (x1, y1) = route
    return (x0 + x1) / 2 - 0.04, (y0 + y1) / 2


def _spread(middles: list[Point], words: list[str]) -> list[Point]:
    """Move labels up or down until none covers another."""
    spots = [list(middle) for middle in middles]
    wide = [text_width(word, 12, "bold") + 0.08 for word in words]
    pairs = [
        (i, j)
        for i in range(len(words))
        for j in range(i)
        if words[i] and words[j]
        and abs(spots[i][0] - spots[j][0]) < (wide[i] + wide[j]) / 2
    ]  # fmt: skip
    for _ in range(60):
        for i, j in pairs:
            gap = spots[i][1] - spots[j][1]
            push = max(0.0, 0.25 - abs(gap)) / 2 * (1 if gap >= 0 else -1)
            spots[i][1] += push
            spots[j][1] -= push
    return [(x, y) for x, y in spots]


def _label(ax: Axes, x: float, y: float, word: str, colour, size: float) -> None:
    if word:
        ax.text(x, y, word, ha="center", va="center", size=size, color=colour,
                weight="bold", zorder=4,
                bbox={"boxstyle": "round,pad=0.1", "fc": "white", "ec": "none"},
                )  # fmt: skip


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


def _draw_lines(
    ax: Axes,
    spots: list[dict[int, Point]],
    matrices: list[np.ndarray],
    written: bool,
    scale: float,
) -> None:
    largest = max((np.abs(W).max() for W in matrices), default=0) or 1
    for layer, (before, after) in enumerate(zip(spots, spots[1:], strict=False)):
        ends = [(a, b) for b in after.values() for a in before.values()]
        for (j, i), (a, b) in zip(
            [(j, i) for i in after for j in before], ends, strict=True
        ):
            xs, ys = zip(a, b, strict=True)
            if not matrices:
                ax.plot(xs, ys, color="#B4BBC4", lw=1.2)
                continue
            w = matrices[layer][i, j]
            colour = COLORS[0] if w > 0 else ACCENT if w < 0 else "#B4BBC4"
            ax.plot(xs, ys, color=colour, lw=1 + 4 * abs(w) / largest,
                    ls="-" if w else ":", solid_capstyle="butt")  # fmt: skip
        if written:
            values = [matrices[layer][i, j] for i in after for j in before]
            for (x, y), w in zip(_clear_spots(ends), values, strict=True):
                colour = deep(COLORS[0] if w > 0 else ACCENT) if w else MUTED
                _label(ax, x, y, f"{w:g}".replace("-", "−"), colour, 12 * scale)


def _clear_spots(ends: list[tuple[Point, Point]]) -> list[Point]:
    """Return a point on each line, far from the other lines and the points before."""
    along = np.linspace(0.16, 0.84, 35)[:, None]
    tracks = [np.array(a) + along * (np.array(b) - a) for a, b in ends]
    chosen: list[np.ndarray] = []
    for k, track in enumerate(tracks):
        others = np.concatenate([t for j, t in enumerate(tracks) if j != k] or [track])
        clear = np.linalg.norm(track[:, None] - others, axis=2).min(axis=1)
        score = 2 * np.minimum(clear, 0.25) - 0.1 * np.abs(along[:, 0] - 0.4)
        if chosen:
            near = np.linalg.norm(track[:, None] - np.array(chosen), axis=2).min(axis=1)
            score += np.minimum(near, 0.35)
        chosen.append(track[int(score.argmax())])
    return [(float(x), float(y)) for x, y in chosen]
