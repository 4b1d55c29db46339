"""Answers to 15_reward_model: wrong ones that the check does not know; right ones."""

import math
from itertools import combinations

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(w, X, better, worse, learning_rate):
    d = X[better] - X[worse]
    return w + learning_rate * (sigmoid(-d @ w) @ d) / len(d)


def step_in_place(w, X, better, worse, learning_rate):
    d = X[better] - X[worse]
    w += learning_rate * (sigmoid(-d @ w) @ d) / len(d)
    return w


def step_by_loop(w, X, better, worse, learning_rate):
    gradient = [0.0] * len(w)
    for i, j in zip(better, worse, strict=True):
        gap = sum(w[k] * (X[i, k] - X[j, k]) for k in range(len(w)))
        for k in range(len(w)):
            gradient[k] -= (X[i, k] - X[j, k]) / (1 + math.exp(gap)) / len(better)
    return np.array([w[k] - learning_rate * gradient[k] for k in range(len(w))])


def step_per_pair(w, X, better, worse, learning_rate):
    d = X[better] - X[worse]
    return w + learning_rate * sigmoid(-d @ w)[:, None] * d


def step_on_scores(w, X, better, worse, learning_rate):
    score = X @ w
    pull = sigmoid(score[worse] - score[better])
    return w + learning_rate * (pull @ X[better] - pull @ X[worse]) / len(pull)


def push_in_place(score, better, worse, learning_rate):
    pull = learning_rate * sigmoid(score[worse] - score[better])
    np.add.at(score, better, pull)
    np.add.at(score, worse, -pull)
    return score


def push_by_bincount(score, better, worse, learning_rate):
    pull = learning_rate / (1 + np.exp(score[better] - score[worse]))
    n = len(score)
    return score + np.bincount(better, pull, n) - np.bincount(worse, pull, n)


def push_by_matrix(score, better, worse, learning_rate):
    place = np.eye(len(score))
    return score + learning_rate * (
        sigmoid(score[worse] - score[better]) @ (place[better] - place[worse]))


def push_by_the_loss(score, better, worse, learning_rate):
    pushed = score.copy()
    loss = np.logaddexp(0, score[worse] - score[better])
    np.add.at(pushed, better, learning_rate * loss)
    np.add.at(pushed, worse, -learning_rate * loss)
    return pushed


def picks(score, rounds):
    return rounds[np.arange(len(rounds)), score[rounds].argmax(axis=1)]


def best_of_by_loop(score, truth, rounds):
    chosen = []
    for row in rounds:
        best = row[0]
        for poem in row[1:]:
            if score[poem] > score[best]:
                best = poem
        chosen.append(best)
    return np.mean(score[chosen]), np.mean(truth[chosen])


def best_of_take_along(score, truth, rounds):
    place = np.argmax(score[rounds], axis=1)[:, None]
    chosen = np.take_along_axis(rounds, place, axis=1)[:, 0]
    return [score[chosen].mean(), truth[chosen].mean()]


def best_of_first_round_only(score, truth, rounds):
    chosen = max(rounds[0], key=lambda i: score[i])
    return score[chosen], truth[chosen]


WRONG = {
    "win_probability": [
        (lambda a, b: a, "returned [2.099]      expected [0.75]"),
        (lambda a, b: np.zeros_like(a), "returned [0]      expected [0.75]"),
        (lambda a, b: sigmoid(a - b)[0], "expected shape (1,)"),
        (lambda a, b: list(sigmoid(a - b)), "of type list"),
        (lambda a, b: sigmoid(2 * (a - b)), "returned [0.9]      expected [0.75]"),
    ],
    "pair_loss": [
        (lambda a, b: np.logaddexp(0, a.mean() - b.mean()), "Right on the case before"),
        (lambda a, b: 1 - sigmoid(a - b).mean(), "returned 0.5      expected 0.6931"),
        (lambda a, b: np.median(np.logaddexp(0, b - a)), "7 pairs"),
        (lambda a, b: 0.0, "returned 0      expected 0.6931"),
    ],
    "ranking_pairs": [
        (lambda r: list(combinations(r, 2))[1:], "length 2 instead of 3"),
        (lambda r: r, "expected"),
        (lambda r: [(r.pop(0), b) for _ in r[:] for b in r[:]], "changed its argument"),
        (lambda r: list(combinations(r, 3)), "expected"),
    ],
    "gradient_step": [
        (lambda w, X, b, c, r: w, "expected [1.06, -1.06]"),
        (step_in_place, "changed its argument w"),
        (step_per_pair, "shape (1, 2)"),
        (lambda w, X, b, c, r: step(w, X, b, c, r * r), "expected [1.06, -1.06]"),
        (lambda w, X, b, c, r: w - r * np.log(sigmoid((X[b] - X[c]) @ w)) @ (
            X[b] - X[c]) / len(b), "expected [1.06, -1.06]"),
    ],
    "push": [
        (push_in_place, "changed its argument score"),
        (push_by_the_loss, "returned [1.524, 1.476]      expected [0.4763, 2.524]"),
        (lambda s, b, w, r: s, "returned [0, 3]      expected [0.4763, 2.524]"),
        (lambda s, b, w, r: push_by_bincount(s, b, w, 2 * r),
         "expected [0.4763, 2.524]"),
    ],
    "best_of": [
        (best_of_first_round_only, "returned (1, 5)      expected (2, 4.5)"),
        (lambda s, t, r: s[picks(s, r)].mean(), "a list or tuple"),
        (lambda s, t, r: tuple(picks(s, r)[:2]), "expected"),
        (lambda s, t, r: (s[picks(s, r)].max(), t[picks(s, r)].max()),
         "returned (3, 5)      expected (2, 4.5)"),
    ],
}

RIGHT = {
    "win_probability": [
        lambda a, b: np.exp(a - b) / (1 + np.exp(a - b)),
        lambda a, b: np.array([1 / (1 + math.exp(y - x))
                               for x, y in zip(a, b, strict=True)]),
        lambda a, b: (1 + np.tanh((a - b) / 2)) / 2,
        lambda a, b: sigmoid(a - b).astype(np.float32),
    ],
    "pair_loss": [
        lambda a, b: float(np.mean(np.logaddexp(0, b - a))),
        lambda a, b: np.mean(np.maximum(b - a, 0) + np.log1p(np.exp(-np.abs(a - b)))),
        lambda a, b: sum(max(y - x, 0) + math.log1p(math.exp(-abs(x - y)))
                         for x, y in zip(a, b, strict=True)) / len(a),
    ],
    "ranking_pairs": [
        lambda r: list(combinations(r, 2)),
        lambda r: [[a, b] for i, a in enumerate(r) for b in r[i + 1:]],
        lambda r: [(a, b) for a in r for b in r if r.index(a) < r.index(b)],
    ],
    "gradient_step": [step_by_loop, step_on_scores,
                      lambda w, X, b, c, r: w - r * np.mean(
                          -sigmoid(-(X[b] - X[c]) @ w)[:, None] * (X[b] - X[c]), 0)],
    "push": [push_by_bincount, push_by_matrix],
    "best_of": [best_of_by_loop, best_of_take_along,
                lambda s, t, r: (s[r].max(1).mean(), t[picks(s, r)].mean())],
}
