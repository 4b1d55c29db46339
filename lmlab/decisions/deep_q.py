"""Deep Q-learning: the table of Q-learning becomes a net, kept calm by two tricks.

Replay: what happened is stored, and learned from in random order. The older copy: the
goals are read off it, so that they do not move with every step. Lesson 22 takes each
away. Source: Mnih et al. 2015 (Nature 518:529-533), algorithm 1.
"""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmlab.decisions import cart


def q_net() -> nn.Sequential:
    """Return a net from the state of a cart (n, 4) to the worth of each push (n, 2)."""
    return nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                         nn.Linear(64, 2)).double()


def goals(worth: Tensor, reward: Tensor, ended: Tensor, discount: float) -> Tensor:
    """Return what the Q of the moves taken should be, (n,).

    worth: (n, actions), what is believed of the states that followed. reward: (n,).
    ended: boolean (n,), where nothing follows and nothing more can be earned.
    """
    if worth.ndim != 2 or not reward.shape == ended.shape == worth.shape[:1]:
        raise ValueError(
            "worth, reward and ended must have shapes (n, actions), (n,) and (n,): got "
            f"{tuple(worth.shape)}, {tuple(reward.shape)} and {tuple(ended.shape)}")
    return reward + discount * worth.max(1).values * ~ended


def greedy(net: nn.Module) -> cart.Policy:
    """Return the policy that always pushes to the side of the larger Q."""
    @torch.no_grad()
    def push(state: np.ndarray) -> np.ndarray:
        return 2 * net(torch.from_numpy(state)).argmax(1).numpy() - 1

    return push


def train(net: nn.Module, rng: np.random.Generator, steps: int, replay: bool = True,
          older_copy: bool = True) -> list[float]:
    """Train a `q_net` on 16 carts; return how long 20 others stand, each 250 steps.

    A step of a pole that stands earns 1, and all are worth 0.99 of the one before. The
    share of random pushes falls from 1 to 0.05 in the first 400 steps.
    """
    tests, history = cart.start(20, np.random.default_rng(99)), []
    older, adam = copy.deepcopy(net), torch.optim.Adam(net.parameters(), 0.002)
    shape = (16 * steps,)                               # all that will have happened
    before, after = np.zeros((2, *shape, 4))
    action, ended = np.zeros(shape, dtype=int), np.zeros(shape, dtype=bool)
    state, age = cart.start(16, rng), np.zeros(16, dtype=int)
    for step in range(steps):
        push = greedy(net)(state)
        random = rng.random(16) < max(0.05, 1 - step / 400)
        push = np.where(random, rng.choice([-1, 1], size=16), push)
        following = cart.step(state, push)
        now = np.arange(16 * step, 16 * step + 16)
        before[now], after[now] = state, following
        action[now], ended[now] = push > 0, cart.fallen(following)
        age += 1
        anew = ended[now] | (age == 200)
        state = np.where(anew[:, None], cart.start(16, rng), following)
        age[anew] = 0
        at = rng.integers(now[-1] + 1, size=64) if replay else now
        with torch.no_grad():
            worth = (older if older_copy else net)(torch.from_numpy(after[at]))
        goal = goals(worth, torch.ones(len(at)), torch.from_numpy(ended[at]), 0.99)
        q = net(torch.from_numpy(before[at]))[range(len(at)), action[at]]
        loss = F.smooth_l1_loss(q, goal)
        adam.zero_grad()
        loss.backward()
        adam.step()
        if step % 100 == 99:
            older.load_state_dict(net.state_dict())
        if step % 250 == 249:
            history.append(float(cart.stood(greedy(net), tests).mean()))
    return history
