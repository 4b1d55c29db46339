"""A pole on a cart: push left or right, fifty times a second, and it may not fall.

Barto, Sutton and Anderson 1983 (IEEE Transactions on Systems, Man, and Cybernetics
13:834-846). Many carts run side by side, one row each. Lesson 22 steers them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Policy = Callable[[np.ndarray], np.ndarray]
"""States (n, 4) -> pushes (n,), each from -1 (left, 10 newton) to 1 (right)."""


def start(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return states (n, 4), nearly at rest: place, speed, angle, its speed (SI)."""
    return rng.uniform(-0.05, 0.05, size=(n, 4))


def step(state: np.ndarray, push: np.ndarray, wind: float = 0.0) -> np.ndarray:
    """Return the states (n, 4) a fiftieth of a second later.

    The cart weighs 1 kg, the pole 0.1 kg, at half its metre. `wind`, in newton, adds to
    each push.
    """
    if state.ndim != 2 or state.shape[1] != 4:
        raise ValueError(f"state must have shape (n, 4): got {state.shape}")
    place, speed, angle, turning = state.T
    sin, cos = np.sin(angle), np.cos(angle)
    shove = (10 * push + wind + 0.05 * turning**2 * sin) / 1.1
    bend = (9.8 * sin - cos * shove) / (0.5 * (4 / 3 - 0.1 * cos**2 / 1.1))
    drive = shove - 0.05 * bend * cos / 1.1
    return state + 0.02 * np.stack([speed, drive, turning, bend], axis=1)


def fallen(state: np.ndarray) -> np.ndarray:
    """Return (n,): where the pole leans over 12 degrees, or the cart is 2.4 m away."""
    return (abs(state[:, 0]) > 2.4) | (abs(state[:, 2]) > np.pi / 15)


def record(chance: Policy, n: int, rng: np.random.Generator
           ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what n carts did in 200 steps under a policy of chances.

    chance: states (n, 4) -> probabilities (n,) of a push to the right. The states are
    (n, 200, 4); whether each push went right, and whether the pole had not fallen
    before it, are boolean (n, 200).
    """
    state, up, story = start(n, rng), np.ones(n, dtype=bool), []
    for _ in range(200):
        right = rng.random(n) < chance(state)
        story.append((state, right, up))
        state = step(state, 2 * right - 1)
        up = up & ~fallen(state)
    states, rights, ups = zip(*story, strict=True)
    return np.stack(states, 1), np.stack(rights, 1), np.stack(ups, 1)


def stood(policy: Policy, state: np.ndarray, limit: int = 200,
          wind: float = 0.0) -> np.ndarray:
    """Return how many steps each pole stands, (n,), at most `limit`."""
    steps, up = np.zeros(len(state), dtype=int), np.ones(len(state), dtype=bool)
    for _ in range(limit):
        state = step(state, policy(state), wind)
        up &= ~fallen(state)
        steps += up
    return steps
