"""Copying a teacher who walks round a rock: a heading as a number, or as a bin.

A hand starts near (0, 0) and is to reach (1, 0); a rock of radius 0.2 lies halfway. A
teacher passes it on one side. RT-1 (Brohan et al. 2022, arXiv 2212.06817) copies as
this does, with each dimension of an action in one of 256 bins. Lesson 22.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDEST = 1.6  # radians: no heading is larger, to either side


def starts(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return places (n, 2) on the left edge, at most 0.03 from the middle."""
    return np.stack([np.zeros(n), rng.uniform(-0.03, 0.03, n)], axis=1)


def teacher(side: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return headings that pass the rock at each hand's side (n,): 1 above, -1 below.

    First to a point 0.3 beside the rock's middle, then to the goal.
    """
    def heading(place: np.ndarray) -> np.ndarray:
        x, y = place.T
        before = x < 0.5
        aim = np.where(before, 0.5, 1.0), np.where(before, 0.3 * side, 0.0)
        return np.arctan2(aim[1] - y, np.maximum(aim[0] - x, 1e-3))

    return heading


def walk(heading: Callable[[np.ndarray], np.ndarray], place: np.ndarray
         ) -> tuple[np.ndarray, np.ndarray]:
    """Return the places (n, 31, 2) of hands on 30 steps, and their headings (n, 30).

    A step is 0.05 long; a hand that is past the goal stops.
    """
    places, headings = [place], []
    for _ in range(30):
        turn = heading(place)
        moving = place[:, :1] < 1
        place = place + 0.05 * moving * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        places.append(place)
        headings.append(turn)
    return np.stack(places, axis=1), np.stack(headings, axis=1)


def arrived(places: np.ndarray) -> np.ndarray:
    """Return which of the walks (n, 31, 2) end at the goal and miss the rock."""
    rock = (np.hypot(places[..., 0] - 0.5, places[..., 1]) < 0.2).any(1)
    return ~rock & (np.hypot(places[:, -1, 0] - 1, places[:, -1, 1]) < 0.1)


def copier(places: np.ndarray, headings: np.ndarray, bins: int, seed: int,
           steps: int = 500) -> Callable[[np.ndarray], np.ndarray]:
    """Return a net's headings, trained on places (n, 2) and the headings (n,) there.

    bins 0: the net says a number, and the square of its error is lowered. Else it says
    how likely each of `bins` equal parts of -1.6 to 1.6 is; its heading is the middle
    of the likeliest.
    """
    if places.shape != (len(headings), 2) or bins < 0:
        raise ValueError(
            f"places and headings must have shapes (n, 2) and (n,), and bins be 0 or "
            f"more: got {places.shape}, {headings.shape} and {bins}")
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                        nn.Linear(64, bins or 1)).double()
    inputs, answer = torch.from_numpy(places), torch.from_numpy(headings)
    part = ((answer / WIDEST + 1) / 2 * bins).long().clamp(0, max(bins - 1, 0))
    adam = torch.optim.Adam(net.parameters(), 0.003)
    for step in range(steps):
        adam.param_groups[0]["lr"] = 0.003 * (1 - step / steps)
        at = torch.from_numpy(rng.integers(len(inputs), size=256))
        said = net(inputs[at])
        loss = (F.cross_entropy(said, part[at]) if bins
                else F.mse_loss(said[:, 0], answer[at]))
        adam.zero_grad()
        loss.backward()
        adam.step()

    @torch.no_grad()
    def heading(place: np.ndarray) -> np.ndarray:
        said = net(torch.from_numpy(place)).numpy()
        if not bins:
            return said[:, 0]
        return WIDEST * (2 * (said.argmax(1) + 0.5) / bins - 1)

    return heading
