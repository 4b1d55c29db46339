"""Answers to 03_forward_pass: wrong ones that the check does not know; right ones."""

import numpy as np


def dense_first_row_only(W, b, X):
    return W @ X[0] + b


def dense_lists(W, b, X):
    return [[float(row @ x) + c for row, c in zip(W, b, strict=True)] for x in X]


def dense_loop(W, b, X):
    Z = np.zeros((len(X), len(W)))
    for i, x in enumerate(X):
        for j, row in enumerate(W):
            Z[i, j] = sum(w * v for w, v in zip(row, x, strict=True)) + b[j]
    return Z


def dense_in_place(W, b, X):
    Z = np.einsum("oi,ri->ro", W, X)
    Z += b
    return Z


def sigmoid_patched(z):
    with np.errstate(all="ignore"):
        return np.nan_to_num(1 / (1 + 1 / np.exp(z)), nan=0.0)


def sigmoid_masks(z):
    out = np.empty_like(z)
    up = z >= 0
    out[up] = 1 / (1 + np.exp(-z[up]))
    out[~up] = np.exp(z[~up]) / (1 + np.exp(z[~up]))
    return out


def softplus_threshold(z):
    out = np.array(z)
    out[z < 30] = np.log1p(np.exp(z[z < 30]))
    return out


def round_in_place(w, fruit, label):
    mistakes = 0
    for x, y in zip(fruit, label, strict=True):
        if y * (w @ x) <= 0:
            w += y * x
            mistakes += 1
    return w, mistakes


def round_stops_at_first_mistake(w, fruit, label):
    for x, y in zip(fruit, label, strict=True):
        if y * (w @ x) <= 0:
            return w + y * x, 1
    return w, 0


def round_that_normalises(w, fruit, label):
    w, mistakes = round_by_index(w, fruit, label)
    return w / max(1.0, np.linalg.norm(w)), mistakes


def round_by_index(w, fruit, label):
    w, mistakes = w.copy(), 0
    for i in range(len(label)):
        says = 1 if w @ fruit[i] > 0 else -1 if w @ fruit[i] < 0 else 0
        if says != label[i]:
            w += label[i] * fruit[i]
            mistakes += 1
    return w, mistakes


def leaky(X, layers):
    for number, (W, b) in enumerate(layers, start=1):
        Z = X @ W.T + b
        X = np.maximum(Z, 0.01 * Z) if number < len(layers) else Z
    return X


def relu_before_the_bias(X, layers):
    for W, b in layers:
        X = np.maximum(X @ W.T, 0) + b
    return X


def columns(X, layers):
    A = X.T
    for number, (W, b) in enumerate(layers, start=1):
        A = W @ A + b[:, None]
        if number < len(layers):
            A[A < 0] = 0
    return A.T


def row_by_row(X, layers):
    answers = []
    for x in X:
        for W, b in layers[:-1]:
            x = (W @ x + b).clip(0)
        answers.append(layers[-1][0] @ x + layers[-1][1])
    return np.array(answers)


def spikes_for_one(current, steps):
    v, count = 0.0, 0
    for _ in range(steps):
        v += (current[0] - v) / 200
        if v >= 1:
            v, count = 0.0, count + 1
    return count


def spikes_without_time(current, steps):
    return np.maximum(current - 1, 0) * steps // 200


def spikes_all_start_again(current, steps):
    v, spikes = np.zeros(len(current)), np.zeros(len(current), dtype=int)
    for _ in range(steps):
        v = v + (current - v) / 200
        spikes += v >= 1
        if (v >= 1).any():
            v[:] = 0
    return spikes


def spikes_with_where(current, steps):
    v, spikes = 0 * current, 0 * current
    for _ in range(steps):
        v = v + (current - v) / 200
        spikes = spikes + np.where(v >= 1, 1, 0)
        v = np.where(v >= 1, 0, v)
    return spikes.astype(int)


def spikes_one_by_one(current, steps):
    return np.array([spikes_for_one([c], steps) for c in current])


def net(W1, b1, W2, b2):
    return lambda: [tuple(map(np.array, (W1, b1))), tuple(map(np.array, (W2, b2)))]


WRONG = {
    "dense": [
        (dense_first_row_only, "returned shape (3,)"),
        (dense_lists, "expected a NumPy array"),
        (lambda W, b, X: np.zeros((len(X), len(W))), "returned [[0, 0, 0]]"),
        (lambda W, b, X: X, "returned shape (1, 2)"),
        (lambda W, b, X: (X + b[0]) @ W.T, "expected [[1, 1, -1]]"),
    ],
    "sigmoid": [
        (sigmoid_patched, "NumPy warns of"),
        (lambda z: z, "returned [0, 2]"),
        (lambda z: 1 - np.exp(-np.abs(z)) / 2, "expected [0.5, 0.8808]"),
        (lambda z: np.array([0.0, 0.5, 1.0]), "returned shape (3,)"),
    ],
    "softplus": [
        (lambda z: np.log(np.exp(z)), "expected [0.6931, 2.127]"),
        (lambda z: np.maximum(z, 0) + 0.6931, "returned"),
        (lambda z: np.logaddexp(0, -z), "expected [0.6931, 2.127]"),
    ],
    "one_round": [
        (round_in_place, "changed its argument w"),
        (round_stops_at_first_mistake, "one_round([0, 0], [[1, 2], [1, 1]], [1, -1])"),
        (lambda w, fruit, label: (w + fruit.sum(axis=0), 0), "nothing is wrong"),
        (round_that_normalises, "nothing is wrong"),
    ],
    "forward": [
        (leaky, "29.99"),
        (relu_before_the_bias, "through (2, 3, 1)"),
        (lambda X, layers: X, "returned [[3]]"),
        (lambda X, layers: row_by_row(X, layers).sum(axis=0), "expected shape (1, 1)"),
    ],
    "count_spikes": [
        (spikes_for_one, "returned 2"),
        (spikes_without_time, "expected whole numbers"),
        (spikes_all_start_again, "returned [0, 0, 34]"),
        (lambda current, steps: (current >= 1) * 2, "exactly 1"),
    ],
    "xor_weights": [
        (net([[1, 0], [0, 1]], [0, 0], [[1, 1]], [0]), "Both are 1"),
        (lambda: [np.ones((2, 2)), np.array([[1.0, -2.0]])], "expected [(W1, b1)"),
        (lambda: [(np.array([0.0, -1.0]), np.ones((2, 2))),
                  (np.array([0.0]), np.array([[1.0, -2.0]]))],
         "expected [(2, 2), (2,), (1, 2), (1,)]"),
        (net([[np.nan, 1], [1, 1]], [0, -1], [[1, -2]], [0]), "returned nan"),
        (net([[1, 1], [1, 1]], [0, -1], [[-1, 2]], [0]), "expected 1"),
    ],
}

RIGHT = {
    "dense": [
        dense_loop,
        dense_in_place,
        lambda W, b, X: (W @ X.T + b[:, None]).T,
        lambda W, b, X: np.array([W @ x + b for x in X]),
    ],
    "sigmoid": [
        sigmoid_masks,
        lambda z: 1 / (1 + np.exp(-np.clip(z, -500, 500))),
        lambda z: 0.5 * (1 + np.tanh(z / 2)),
        lambda z: np.exp(-np.logaddexp(0, -z)),
    ],
    "softplus": [
        softplus_threshold,
        lambda z: np.logaddexp(0, z),
        lambda z: np.where(z > 0, z, 0) + np.log(1 + np.exp(-abs(z))),
    ],
    "one_round": [round_by_index, lambda *given: list(round_by_index(*given))],
    "forward": [columns, row_by_row],
    "count_spikes": [spikes_with_where, spikes_one_by_one],
    "xor_weights": [
        net([[1, -1], [-1, 1]], [0, 0], [[1, 1]], [0]),
        net([[1, 1], [1, 1], [0, 0]], [0, -1, 5], [[1, -2, 1]], [-5]),
        lambda: (([[2.0, 2.0], [1.0, 1.0]], [0.0, -1.0]), ([[0.5, -2.0]], [0.0])),
    ],
}
