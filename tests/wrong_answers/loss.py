"""Answers to 04_loss: wrong ones that the check does not know; right ones."""

import math

import numpy as np
import torch


def logs(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def picked(z, y):
    return logs(z)[np.arange(len(y)), y]


def mse_in_place(output, label):
    output -= label
    return (output**2).mean()


def mse_of_rows(output, label):
    return sum((a - b) ** 2 for a, b in zip(output, label, strict=True)) / len(output)


def mse_loop(output, label):
    total = 0.0
    for a, b in zip(output.ravel(), label.ravel(), strict=True):
        total += float(a - b) ** 2
    return total / output.size


def log_softmax_in_place(z):
    z -= z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_without_keepdims(z):
    z = z - z.max(axis=-1)
    return z - np.log(np.exp(z).sum(axis=-1))


def log_softmax_clipped(z):
    z = np.clip(z, -500, 500)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_silenced(z):
    with np.errstate(all="ignore"):
        lowest = z.min(axis=-1, keepdims=True)
        naive = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return np.where(np.isfinite(naive) | (z == lowest), naive, logs(z))


def log_softmax_rows(z):
    rows = z.reshape(-1, z.shape[-1])
    out = [row - row.max() - math.log(np.exp(row - row.max()).sum()) for row in rows]
    return np.array(out).reshape(z.shape)


def cross_entropy_loop(z, y):
    total = 0.0
    for row, k in zip(z, y, strict=True):
        total += np.log(np.exp(row - row.max()).sum()) - (row[k] - row.max())
    return total / len(y)


def cross_entropy_chosen(z, y):
    return -logs(z)[np.arange(z.shape[1]) == y[:, None]].mean()


def cross_entropy_torch(z, y):
    return torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(y)).item()


def perplexity_loop(s):
    total = 0.0
    for value in s:
        total -= value
    return math.e ** (total / len(s))


def bits_by_log2(s, text):
    return sum(-math.log2(math.exp(v)) for v in s) / len(text)


def softmax_power_of_ten(z):
    e = 10 ** (z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_clipped(z):
    e = np.exp(np.clip(z, -700, 700))
    return e / e.sum(axis=1, keepdims=True)


def softmax_transposed(z):
    e = np.exp(z.T - z.T.max(axis=0))
    return (e / e.sum(axis=0)).T


def softmax_rows(z):
    out = np.empty_like(z)
    for i, row in enumerate(z):
        weights = [math.exp(v - max(row)) for v in row]
        out[i] = [w / sum(weights) for w in weights]
    return out


def three(absolute, squared, entropy):
    return {"absolute": absolute, "squared": squared, "cross-entropy": entropy}


def three_loop(p):
    n = len(p)
    surprise = [math.inf if v == 0 else math.log(1 / v) for v in p]
    return three(sum(abs(v - 1) for v in p) / n, sum((v - 1) ** 2 for v in p) / n,
                 sum(surprise) / n)


WRONG = {
    "mse": [
        (lambda o, y: 0.0, "returned 0      expected 2.5"),
        (lambda o, y: (o**2 - y**2).mean(), "returned 8.5      expected 2.5"),
        (lambda o, y: ((o - y) ** 2).sum() / len(o), "Right on the case before"),
        (mse_of_rows, "expected"),
        (mse_in_place, "changed its argument output"),
        (lambda o, y: print("") or None, "nothing came back"),
    ],
    "log_softmax": [
        (log_softmax_without_keepdims, "stopped with ValueError"),
        (log_softmax_clipped, "expected [0, -1e+04]"),
        (log_softmax_in_place, "changed its argument"),
        (log_softmax_silenced, "exp of a large number"),
        (lambda z: z, "returned [2, 1, 0]"),
        (lambda z: z - logs(z), "returned [2.408, 2.408, 2.408]"),
    ],
    "cross_entropy": [
        (lambda z, y: -logs(z).max(axis=1).mean(), "returned 0.4076"),
        (lambda z, y: -logs(z).mean(), "returned 1.253      expected 0.7531"),
        (lambda z, y: -picked(z, (y + 1) % z.shape[1]).mean(), "returned 2.408"),
        (lambda z, y: -picked(z, y).sum() / z.shape[1], "returned 0.4692"),
    ],
    "perplexity": [
        (lambda s: np.exp(-s), "expected a single number"),
        (lambda s: np.exp(-np.median(s)), "Right on the case before"),
        (lambda s: 1 / np.mean(np.exp(s)), "returned 3.2"),
        (lambda s: np.exp(-s[-1]), "returned 8      expected 4"),
    ],
    "bits_per_character": [
        (lambda s, t: -np.mean(s) / math.log(2) / len(t), "returned 0.75"),
        (lambda s, t: -np.sum(s) / math.log(2) / len(set(t)), "moon light"),
        (lambda s, t: -np.sum(s) / math.log(10) / len(t), "expected 1.5"),
    ],
    "softmax": [
        (lambda z: np.full(z.shape, 1 / z.shape[1]), "expected [[0.7311"),
        (lambda z: z, "returned [[1, 0], [1, 3]]"),
        (softmax_power_of_ten, "returned [[0.9091"),
        (softmax_clipped, "far rows"),
    ],
    "three_losses": [
        (lambda p: list(three_loop(p).values()), "expected a dict"),
        (lambda p: {"absolute": (1 - p).mean()}, "no key 'squared'"),
        (lambda p: three((1 - p).mean(), (1 - p).mean() ** 2, -np.log(p.mean())),
         "Right on the case before"),
        (lambda p: three_loop(np.clip(p, 1e-9, 1)), "inf"),
    ],
}

RIGHT = {
    "mse": [
        mse_loop,
        lambda o, y: np.square(y - o).sum() / y.size,
        lambda o, y: float(((o.astype("f4") - y.astype("f4")) ** 2).mean()),
    ],
    "log_softmax": [
        lambda z: z - np.logaddexp.reduce(z, axis=-1, keepdims=True),
        log_softmax_rows,
        lambda z: torch.tensor(z).log_softmax(-1).numpy(),
    ],
    "cross_entropy": [
        cross_entropy_loop,
        cross_entropy_chosen,
        cross_entropy_torch,
        lambda z, y: float(-picked(z.astype("f4"), y).mean()),
    ],
    "perplexity": [
        perplexity_loop,
        lambda s: 2 ** -np.mean(s / np.log(2)),
        lambda s: float(1 / np.exp(s.mean())),
    ],
    "bits_per_character": [
        bits_by_log2,
        lambda s, t: -np.mean(s) * len(s) / len(t) * np.log2(np.e),
    ],
    "softmax": [softmax_transposed, softmax_rows, lambda z: np.exp(logs(z))],
    "three_losses": [
        three_loop,
        lambda p: three((1 - p).mean(), ((p - 1) ** 2).mean(), np.log(1 / p).mean()),
    ],
}
