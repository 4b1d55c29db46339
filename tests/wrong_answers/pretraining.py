"""Answers to 12_pretraining: wrong ones that the checks do not know; right ones."""

import math

import numpy as np
import torch
from torch.nn import functional as F

PRIME = 2**31 - 1


def windows_as_lists(ids, starts, length):
    return ([list(ids[s : s + length]) for s in starts],
            [list(ids[s + 1 : s + length + 1]) for s in starts])


def windows_in_place(ids, starts, length):
    ids[0] = 0
    at = starts[:, None] + np.arange(length)
    return ids[at], ids[at + 1]


def windows_asked_twice_as_far(ids, starts, length):
    at = starts[:, None] + np.arange(length)
    return ids[at], ids[np.minimum(at + 2, len(ids) - 1)]


def windows_of_slices(ids, starts, length):
    return (np.stack([ids[s : s + length] for s in starts]),
            np.stack([ids[s + 1 : s + 1 + length] for s in starts]))


def windows_cut_once(ids, starts, length):
    rows = np.array([ids[s : s + length + 1] for s in starts])
    return rows[:, :-1], rows[:, 1:]


def epochs_in_place(sizes, weights, budget):
    total = sum(weights.values())
    for name in weights:
        weights[name] /= total
    return {name: budget * weights[name] / sizes[name] for name in sizes}


def epochs_rounded(sizes, weights, budget):
    total = sum(weights.values())
    return {name: round(budget * weights[name] / total / sizes[name], 1)
            for name in sizes}


def epochs_by_softmax(sizes, weights, budget):
    total = sum(map(math.exp, weights.values()))
    return {name: budget * math.exp(weights[name]) / total / sizes[name]
            for name in sizes}


def epochs_with_numpy(sizes, weights, budget):
    share = np.array([weights[name] for name in sizes], float)
    share /= share.sum()
    return dict(zip(sizes, budget * share / np.array(list(sizes.values())),
                    strict=True))


def epochs_by_passes(sizes, weights, budget):
    each = budget / sum(weights.values())
    return {name: weights[name] * each / size for name, size in sizes.items()}


def numbers(shingles, multiply, add):
    return (np.outer(multiply, shingles) + add[:, None]) % PRIME


def signature_in_32_bits(shingles, multiply, add):
    with np.errstate(all="ignore"):
        table = np.outer(multiply.astype(np.int32), shingles.astype(np.int32))
    return ((table + add[:, None]) % PRIME).min(axis=1)


def signature_of_row_add(shingles, multiply, add):
    return ((multiply[:, None] * shingles + add) % PRIME).min(axis=1)


def signature_one_by_one(shingles, multiply, add):
    best = np.full(len(multiply), PRIME)
    for shingle in shingles:
        best = np.minimum(best, (multiply * shingle + add) % PRIME)
    return best


def next_loss_by_gather(logits, ids):
    logs = logits.log_softmax(dim=-1)[:, :-1]
    return -logs.gather(2, ids[:, 1:, None]).mean()


def next_loss_row_by_row(logits, ids):
    return torch.stack([F.cross_entropy(row[:-1], label[1:])
                        for row, label in zip(logits, ids, strict=True)]).mean()


def next_loss_of_a_batch_too_many(logits, ids):
    return next_loss_by_gather(logits, ids) * len(ids)


GOOD = {"d_model": 96, "n_layers": 2, "n_heads": 4, "steps": 400, "batch": 16,
        "learning_rate": 0.01, "optimiser": "muon"}

WRONG = {
    "windows": [
        (windows_as_lists, "expected a NumPy array"),
        (windows_in_place, "changed its argument ids"),
        (windows_asked_twice_as_far, "[8, 9]"),
        (lambda ids, starts, length: (np.zeros((len(starts), length), int),) * 2,
         "returned"),
    ],
    "bits_per_character": [
        (lambda nats, n, m: np.log2(nats) * n / m, "expected 1"),
        (lambda nats, n, m: round(nats / math.log(2) * n / m, 2), "expected"),
        (lambda nats, n, m: nats / math.log(2) * (n // m), "expected 1"),
        (lambda nats, n, m: 2 ** (nats / math.log(2)), "returned 2      expected 1"),
    ],
    "epochs": [
        (epochs_in_place, "changed its argument weights"),
        (epochs_rounded, "expected"),
        (epochs_by_softmax, "expected 0.3"),
        (lambda sizes, weights, budget: [0.5] * len(sizes), "expected a dict"),
    ],
    "signature": [
        (signature_in_32_bits, "returned"),
        (signature_of_row_add, "returned [1, 2]      expected [1, 6]"),
        (lambda s, m, a: list(numbers(s, m, a).min(axis=1)), "expected a NumPy array"),
        (lambda s, m, a: numbers(s, m, a).mean(axis=1), "dtype float64"),
    ],
    "next_loss": [
        (lambda z, ids: next_loss_by_gather(z, ids).item(), "expected a torch tensor"),
        (lambda z, ids: F.cross_entropy(z[:, :-1], ids[:, 1:]), "Which shapes"),
        (next_loss_of_a_batch_too_many, "Right on the case before"),
        (lambda z, ids: next_loss_by_gather(z, ids).exp(), "expected"),
    ],
    "recipe": [
        (lambda: GOOD | {"steps": 400.0}, "expected 'a whole number from 1'"),
        (lambda: GOOD | {"learning_rate": 1}, "expected 'above 0, at most 0.1'"),
        (lambda: GOOD | {"dropout": 0.1}, "one too many"),
        (lambda: GOOD | {"d_model": 128, "n_layers": 5}, "1,100,000 or fewer"),
        (lambda: 400, "seven keys"),
    ],
}

RIGHT = {
    "windows": [windows_of_slices, windows_cut_once],
    "bits_per_character": [
        lambda nats, n, m: n * math.log2(math.exp(nats)) / m,
        lambda nats, n, m: float(np.float64(nats) * n / m / np.log(2)),
    ],
    "epochs": [epochs_with_numpy, epochs_by_passes],
    "signature": [signature_one_by_one,
                  lambda s, m, a: np.sort(numbers(s, m, a), axis=1)[:, 0]],
    "next_loss": [next_loss_by_gather, next_loss_row_by_row],
    "recipe": [lambda: dict(GOOD),
               lambda: GOOD | {"d_model": 128, "n_layers": 3, "optimiser": "adamw"}],
}
