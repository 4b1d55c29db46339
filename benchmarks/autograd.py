"""How long one training step takes: learning.autograd, torch, and the autograd package.

A 2-16-16-1 net, squared error, all of 100 points of the two moons in each step, float64
and one thread. All three start from the same weights and must end at the same loss. A
time is the best of many rounds, in which the three take turns.

    python -m benchmarks.autograd
"""

import time
from collections.abc import Callable

import numpy as np
import torch
from sklearn.datasets import make_moons
from torch.nn import functional as F

from lmlab.learning.autograd import Tensor

ROUNDS, STEPS, RATE = 40, 50, 0.05

X, kind = make_moons(n_samples=100, noise=0.15, random_state=0)
Y = kind[:, None] * 2.0 - 1
rng = np.random.default_rng(0)
START = [
    weights
    for n, m in ((2, 16), (16, 16), (16, 1))
    for weights in (rng.normal(size=(m, n)) * np.sqrt(2 / n), np.zeros(m))
]


def ours() -> Callable[[], float]:
    """As lesson 05 trains. Each call of the result takes a step, returns its loss."""
    net = [Tensor(weights) for weights in START]

    def step() -> float:
        W1, b1, W2, b2, W3, b3 = net
        hidden = ((X @ W1.T + b1).relu() @ W2.T + b2).relu()
        loss = ((hidden @ W3.T + b3 - Y) ** 2).mean()
        loss.backward()
        for p in net:
            p.data -= RATE * p.grad
            p.grad = None
        return float(loss)

    return step


def with_torch() -> Callable[[], float]:
    """The quick way: functions and plain tensors, no modules, no optimiser."""
    net = [torch.tensor(weights, requires_grad=True) for weights in START]
    inputs, targets = torch.tensor(X), torch.tensor(Y)

    def step() -> float:
        W1, b1, W2, b2, W3, b3 = net
        hidden = F.relu(F.linear(F.relu(F.linear(inputs, W1, b1)), W2, b2))
        loss = F.mse_loss(F.linear(hidden, W3, b3), targets)
        loss.backward()
        with torch.no_grad():
            for p in net:
                p -= RATE * p.grad
                p.grad = None
        return loss.item()

    return step


def with_autograd() -> Callable[[], float]:
    """The package autograd (Maclaurin et al. 2015), as its manual has it."""
    import autograd.numpy as anp
    from autograd import value_and_grad

    net = [weights.copy() for weights in START]

    def squared_error(net):
        W1, b1, W2, b2, W3, b3 = net
        hidden = anp.maximum(anp.dot(X, W1.T) + b1, 0)
        hidden = anp.maximum(anp.dot(hidden, W2.T) + b2, 0)
        return anp.mean((anp.dot(hidden, W3.T) + b3 - Y) ** 2)

    gradient = value_and_grad(squared_error)

    def step() -> float:
        loss, slopes = gradient(net)
        for p, slope in zip(net, slopes, strict=True):
            p -= RATE * slope
        return float(loss)

    return step


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim), a row a rival."""
    torch.set_num_threads(1)
    runs = {"lmlab": ours(), "torch": with_torch(), "autograd": with_autograd()}
    best, losses = dict.fromkeys(runs, np.inf), {}
    for _ in range(ROUNDS):
        for name, step in runs.items():
            start = time.perf_counter()
            for _ in range(STEPS):
                losses[name] = step()
            best[name] = min(best[name], (time.perf_counter() - start) / STEPS)
    assert np.ptp(list(losses.values())) < 1e-9, f"losses differ: {losses}"
    return [
        (
            f"a training step against {rival}",
            f"{best['lmlab'] * 1e6:.0f} µs",
            f"{best[rival] * 1e6:.0f} µs",
            f"{best[rival] / best['lmlab']:.1f} times as fast",
            f"at least {aim}",
        )
        for rival, aim in (("torch", 1), ("autograd", 4))
    ]


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="   ")
