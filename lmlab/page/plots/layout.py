"""Places for the nodes of a directed graph, in layers from left to right.

A small version of the layered layout of Sugiyama, Tagawa and Toda (1981): layers by
longest path, waypoints where an edge skips layers, order by the mean of neighbours.
"""

from dataclasses import dataclass

GAP_X, GAP_Y = 0.5, 0.24  # inches between columns and between nodes of a column


Point = tuple[float, float]


@dataclass(eq=False)
class Place:
    """Where a node is: `x`, `y` is its middle, in inches, y downwards."""

    name: str
    wide: float
    tall: float
    x: float = 0.0
    y: float = 0.0

    @property
    def left(self) -> float:
        return self.x - self.wide / 2

    @property
    def right(self) -> float:
        return self.x + self.wide / 2


Near = dict[Place, list[Place]]


def place(
    sizes: dict[str, tuple[float, float]],
    edges: list[tuple[str, str]],
    room: list[float],
) -> tuple[list[Place], list[list[Point]]]:
    """Return a place per node and a list of points per edge.

    `sizes` gives each node's width and height in inches, `room` the width that each
    edge's label asks for. Raises ValueError where the edges form a cycle.
    """
    column = columns(list(sizes), edges)
    layers: list[list[Place]] = [[] for _ in range(max(column.values()) + 1)]
    spots = {name: Place(name, *size) for name, size in sizes.items()}
    for name, spot in spots.items():
        layers[column[name]].append(spot)
    chains = []
    for (a, b), wide in zip(edges, room, strict=True):
        waypoints = [Place("", 0.0, 0.2 if wide else 0.1)
                     for _ in range(column[b] - column[a] - 1)]  # fmt: skip
        for layer, waypoint in enumerate(waypoints, start=column[a] + 1):
            layers[layer].append(waypoint)
        chains.append([spots[a], *waypoints, spots[b]])
    steps = [pair for chain in chains for pair in zip(chain, chain[1:], strict=False)]
    before: Near = {
        spot: [a for a, b in steps if b is spot] for spot in sum(layers, [])
    }
    after: Near = {spot: [b for a, b in steps if a is spot] for spot in before}
    _order(layers, before, after)
    _set_heights(layers, before, after)
    gaps = [GAP_X] * len(layers)
    for (a, _), wide in zip(edges, room, strict=True):
        gaps[column[a]] = max(gaps[column[a]], wide)
    x, top = 0.05, min(s.y - s.tall / 2 for layer in layers for s in layer) - 0.05
    for layer, gap in zip(layers, gaps, strict=True):
        widest = max(spot.wide for spot in layer)
        for spot in layer:
            spot.x = x + widest / 2
            spot.y -= top
        x += widest + gap
    return list(spots.values()), _routes(chains)


def columns(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return each node's column: right of all it is computed from, inputs near use."""
    column = dict.fromkeys(names, 0)
    for _ in names:
        for a, b in edges:
            column[b] = max(column[b], column[a] + 1)
    if any(column[b] <= column[a] or column[b] >= len(names) for a, b in edges):
        raise ValueError(f"edges must not form a cycle: got {edges}")
    targets = {b for _, b in edges}
    for name in names:
        uses = [column[b] for a, b in edges if a == name]
        if name not in targets and uses:
            column[name] = min(uses) - 1
    return column


def _mean_height(spot: Place, near: list[Place]) -> float:
    return sum(other.y for other in near) / len(near) if near else spot.y


def _order(layers: list[list[Place]], before: Near, after: Near) -> None:
    """Sort each column by the mean height of its neighbours, to and fro."""
    for sweep in range(13):
        for layer in layers if sweep % 2 else layers[::-1]:
            if sweep:
                means = {s: _mean_height(s, before[s] + after[s]) for s in layer}
                layer.sort(key=means.__getitem__)
            for k, spot in enumerate(layer):
                spot.y = k - (len(layer) - 1) / 2


def _set_heights(layers: list[list[Place]], before: Near, after: Near) -> None:
    """Pull each node level with its neighbours, while its column keeps its distances.

    Leftward with what follows, then rightward with what comes before, which is last
    so that a result stands level with the middle of its inputs.
    """
    for layer in layers:
        _keep_apart(layer)
    for _ in range(20):
        for near, columns in ((after, layers[::-1]), (before, layers)):
            for layer in columns:
                for spot in layer:
                    spot.y = _mean_height(spot, near[spot])
                _keep_apart(layer)


def _keep_apart(layer: list[Place]) -> None:
    for _ in range(100):
        moved = False
        for upper, lower in zip(layer, layer[1:], strict=False):
            lack = (upper.tall + lower.tall) / 2 + GAP_Y - (lower.y - upper.y)
            if lack > 1e-4:
                upper.y -= lack / 2
                lower.y += lack / 2
                moved = True
        if not moved:
            return


def _routes(chains: list[list[Place]]) -> list[list[Point]]:
    """Return the points of each edge; several between the same two nodes part ways."""
    routes = []
    ends = [(chain[0], chain[-1]) for chain in chains]
    for k, chain in enumerate(chains):
        first, last = ends[k]
        shift = (ends[:k].count(ends[k]) - (ends.count(ends[k]) - 1) / 2) * 0.26
        inner = [(spot.x, spot.y + shift) for spot in chain[1:-1]]
        routes.append(
            [(first.right, first.y + shift), *inner, (last.left, last.y + shift)]
        )
    return routes
