"""Places for the nodes of a directed graph, in layers from left to right.

A small version of the layered layout of Sugiyama, Tagawa and Toda (1981): layers by
longest path, waypoints where an edge skips layers, order by the mean of neighbours.
"""

from dataclasses import dataclass

import numpy as np

GAP_X, GAP_Y = 0.5, 0.24  # inches between columns and between nodes of a column


@dataclass
class Place:
    """Where a node is, in inches; `x`, `y` is its middle."""

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

    @property
    def bottom(self) -> float:
        return self.y - self.tall / 2

    @property
    def top(self) -> float:
        return self.y + self.tall / 2


def place(
    sizes: dict[str, tuple[float, float]],
    edges: list[tuple[str, str]],
    gaps: list[float],
) -> tuple[list[Place], list[list[tuple[float, float]]]]:
    """Return a place per node and a list of points per edge.

    `sizes` gives each node's width and height in inches, `gaps` the room that each
    edge's label asks for. Raises ValueError where the edges form a cycle.
    """
    depth = depths(list(sizes), edges)
    layers: list[list[Place]] = [[] for _ in range(max(depth.values(), default=0) + 1)]
    spots = {name: Place(name, *size) for name, size in sizes.items()}
    for name, spot in spots.items():
        layers[depth[name]].append(spot)
    chains, links = [], []
    for a, b in edges:
        chain = [spots[a]]
        for layer in range(depth[a] + 1, depth[b]):
            waypoint = Place("", 0.0, 0.1)
            layers[layer].append(waypoint)
            chain.append(waypoint)
        chain.append(spots[b])
        chains.append(chain)
        links += zip(chain, chain[1:], strict=False)
    _order(layers, links)
    _set_heights(layers, links)
    room = [GAP_X] * len(layers)
    for (a, _), gap in zip(edges, gaps, strict=True):
        room[depth[a]] = max(room[depth[a]], gap)
    x = 0.0
    for layer, gap in zip(layers, room, strict=True):
        column = max(spot.wide for spot in layer)
        for spot in layer:
            spot.x = x + column / 2
        x += column + gap
    return list(spots.values()), _routes(chains)


def depths(names: list[str], edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return each node's column: after all it is computed from, inputs near their use."""
    depth = dict.fromkeys(names, 0)
    for _ in range(len(names) + 1):
        changed = False
        for a, b in edges:
            if depth[b] < depth[a] + 1:
                depth[b] = depth[a] + 1
                changed = True
        if not changed:
            break
    else:
        raise ValueError(f"edges must not form a cycle: got {edges}")
    targets = {b for _, b in edges}
    for name in names:
        uses = [depth[b] for a, b in edges if a == name]
        if name not in targets and uses:
            depth[name] = min(uses) - 1
    return depth


def _neighbours(links: list[tuple[Place, Place]]) -> dict[int, list[Place]]:
    found: dict[int, list[Place]] = {}
    for a, b in links:
        found.setdefault(id(a), []).append(b)
        found.setdefault(id(b), []).append(a)
    return found


def _order(layers: list[list[Place]], links: list[tuple[Place, Place]]) -> None:
    """Sort each column by the mean position of its neighbours, to and fro."""
    found = _neighbours(links)
    for layer in layers:
        for k, spot in enumerate(layer):
            spot.y = (len(layer) - 1) / 2 - k
    for sweep in range(12):
        for layer in layers if sweep % 2 else layers[::-1]:
            means = {
                id(spot): np.mean([near.y for near in found.get(id(spot), [spot])])
                for spot in layer
            }
            layer.sort(key=lambda spot: -means[id(spot)])
            for k, spot in enumerate(layer):
                spot.y = (len(layer) - 1) / 2 - k


def _set_heights(layers: list[list[Place]], links: list[tuple[Place, Place]]) -> None:
    """Pull each node towards its neighbours while its column keeps its distances."""
    found = _neighbours(links)
    for layer in layers:
        for spot in layer:
            spot.y *= 0.7
        _keep_apart(layer)
    for sweep in range(40):
        for layer in layers if sweep % 2 else layers[::-1]:
            for spot in layer:
                near = found.get(id(spot), [spot])
                spot.y = float(np.mean([other.y for other in near]))
            _keep_apart(layer)


def _keep_apart(layer: list[Place]) -> None:
    for _ in range(100):
        moved = False
        for upper, lower in zip(layer, layer[1:], strict=False):
            need = (upper.tall + lower.tall) / 2 + GAP_Y
            lack = need - (upper.y - lower.y)
            if lack > 1e-6:
                upper.y += lack / 2
                lower.y -= lack / 2
                moved = True
        if not moved:
            return


def _routes(chains: list[list[Place]]) -> list[list[tuple[float, float]]]:
    """Return the points of each edge; several between the same two nodes part ways."""
    routes = []
    ends = [(id(chain[0]), id(chain[-1])) for chain in chains]
    for k, chain in enumerate(chains):
        twins = ends.count(ends[k])
        shift = (ends[:k].count(ends[k]) - (twins - 1) / 2) * 0.2
        first, last = chain[0], chain[-1]
        inner = [(spot.x, spot.y) for spot in chain[1:-1]]
        routes.append(
            [(first.right, first.y - shift), *inner, (last.left, last.y - shift)]
        )
    return routes
