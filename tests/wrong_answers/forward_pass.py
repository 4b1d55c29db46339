"""What learners of 03_forward_pass typically hand in."""

import numpy as np


def relu_each_product(w, b, x):
    return np.maximum(w * x, 0).sum() + b


def bias_for_each_weight(w, b, x):
    return max(0.0, sum(wi * xi + b for wi, xi in zip(w, x, strict=True)))


def no_answer(w, b, x):
    max(0.0, w @ x + b)


def neuron_in_place(w, b, x):
    x *= w
    return max(0.0, x.sum() + b)


def neuron_loop(w, b, x):
    z = b
    for i in range(len(w)):
        z += w[i] * x[i]
    return z if z > 0 else 0


def dense_one_bias_a_row(W, b, X):
    return (W @ X.T + b).T


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


def sigmoid_where(z):
    return np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))


def sigmoid_clipped(z):
    return 1 / (1 + np.exp(-np.clip(z, -500, 500)))


def sigmoid_masks(z):
    out = np.empty_like(z)
    up = z >= 0
    out[up] = 1 / (1 + np.exp(-z[up]))
    out[~up] = np.exp(z[~up]) / (1 + np.exp(z[~up]))
    return out


def softplus_naive(z):
    return np.log(1 + np.exp(z))


def softplus_threshold(z):
    out = np.array(z)
    out[z < 30] = np.log1p(np.exp(z[z < 30]))
    return out


def weights_only(sizes):
    return sum(sizes[i] * sizes[i + 1] for i in range(len(sizes) - 1))


def count_float(sizes):
    return float(sum((i + 1) * o for i, o in zip(sizes, sizes[1:], strict=False)))


def count_by_arrays(sizes):
    total = 0
    for i, o in zip(sizes[:-1], sizes[1:], strict=True):
        total += i * o + o
    return np.int64(total)


def count_recursive(sizes):
    if len(sizes) < 2:
        return 0
    return (sizes[0] + 1) * sizes[1] + count_recursive(sizes[1:])


def still_buggy(X, layers):
    for number, (W, b) in enumerate(layers, start=1):
        Z = (W @ X.T + b).T
        X = np.maximum(Z, 0) if number < len(layers) else Z
    return X


def relu_at_the_end(X, layers):
    for W, b in layers:
        X = np.maximum(X @ W.T + b, 0)
    return X


def never_relu(X, layers):
    for W, b in layers:
        X = X @ W.T + b
    return X


def relu_on_the_way_in(X, layers):
    for W, b in layers:
        X = np.maximum(X, 0) @ W.T + b
    return X


def two_layers_only(X, layers):
    (W1, b1), (W2, b2) = layers[0], layers[-1]
    return np.maximum(X @ W1.T + b1, 0) @ W2.T + b2


def first_row_again(X, layers):
    return np.repeat(row_by_row(X[:1], layers), len(X), axis=0)


def not_turned_back(X, layers):
    X = X.T
    for number, (W, b) in enumerate(layers, start=1):
        X = W @ X + b[:, None]
        X = np.maximum(X, 0) if number < len(layers) else X
    return X


def returns_in_the_loop(X, layers):
    for number, (W, b) in enumerate(layers, start=1):
        Z = X @ W.T + b
        return np.maximum(Z, 0) if number < len(layers) else Z


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


def net(W1, b1, W2, b2):
    return lambda: [tuple(map(np.array, (W1, b1))), tuple(map(np.array, (W2, b2)))]


WRONG = {
    "neuron": [
        (lambda w, b, x: w @ x + b, "a sum below zero"),
        (lambda w, b, x: max(0.0, w @ x), "where does b come in"),
        (lambda w, b, x: max(0.0, w @ x) + b, "inside or outside the ReLU"),
        (relu_each_product, "to the whole sum"),
        (bias_for_each_weight, "How many biases has one neuron"),
        (lambda w, b, x: np.maximum(w * x + b, 0), "a single number"),
        (lambda w, b, x: abs(w @ x + b), "does not turn a negative sum round"),
        (lambda w, b, x: 1 / (1 + np.exp(-(w @ x + b))), "what does ReLU make of it"),
        (lambda w, b, x: 0.0, "What is the weighted sum"),
        (neuron_in_place, "changed its argument x"),
        (no_answer, "returned None"),
    ],
    "dense": [
        (lambda W, b, X: X @ W + b, "Print them just before it"),
        (lambda W, b, X: W @ X.T + b[:, None], "returned shape (3, 1)"),
        (lambda W, b, X: X @ W.T, "where does b come in"),
        (dense_one_bias_a_row, "each row of the batch"),
        (lambda W, b, X: X @ W.T + b[:, None], "returned shape (3, 3)"),
        (lambda W, b, X: np.maximum(X @ W.T + b, 0), "an activation"),
        (dense_first_row_only, "returned shape (3,)"),
        (dense_lists, "expected a NumPy array"),
        (lambda W, b, X: np.zeros((len(X), len(W))), "Which axis of W"),
        (lambda W, b, X: X, "returned shape (1, 2)"),
    ],
    "sigmoid": [
        (lambda z: 1 / (1 + np.exp(-z)), "NumPy warned: overflow"),
        (sigmoid_where, "both of its sides"),
        (lambda z: np.exp(z) / (1 + np.exp(z)), "returned nan"),
        (lambda z: 1 / (1 + np.exp(z)), "sign in the exponent"),
        (lambda z: 1 / (1 + np.exp(-np.abs(z))), "on the other side"),
        (np.tanh, "tanh runs from -1 to 1"),
        (lambda z: z, "What does the formula give"),
        (lambda z: (np.sign(z) + 1) / 2, "That is a step"),
        (lambda z: np.array([0.0, 0.5, 1.0]), "each of these numbers"),
    ],
    "softplus": [
        (softplus_naive, "which part of the logarithm is z itself"),
        (lambda z: np.log(1 + np.exp(np.clip(z, -500, 500))), "above your limit"),
        (lambda z: np.maximum(z, 0), "That is ReLU"),
        (lambda z: np.log1p(np.exp(-np.abs(z))), "what was taken out"),
        (lambda z: np.maximum(z, 0) + np.exp(-np.abs(z)), "which logarithm"),
        (lambda z: np.where(z > 30, z, np.log1p(np.exp(z))), "NumPy warned"),
        (lambda z: np.log2(1 + np.exp(z)), "To which base"),
        (lambda z: np.maximum(z, 0) + np.log2(1 + np.exp(-abs(z))), "To which base"),
        (lambda z: z + np.log(1 + np.exp(-abs(z))), "taken out elsewhere"),
    ],
    "count_parameters": [
        (weights_only, "how many biases are there"),
        (lambda s: weights_only(s) + sum(s), "The input layer computes nothing"),
        (
            lambda s: sum(i * (o + 1) for i, o in zip(s, s[1:], strict=False)),
            "to the neuron, or to its input",
        ),
        (lambda s: weights_only(s) + len(s) - 1, "share one bias"),
        (lambda s: int(np.prod(s)), "all with all"),
        (lambda s: sum(s), "Those are the neurons"),
        (lambda s: s[0] * s[1] + s[1], "reach the last layer"),
        (lambda s: weights_only(s) + sum(s[1:-1]), "The output layer computes too"),
        (lambda s: 13, "How many weights lead into a layer"),
        (count_float, "whole number"),
    ],
    "forward": [
        (still_buggy, "along which axis does b lie"),
        (relu_at_the_end, "may an answer be negative"),
        (never_relu, "Where is the ReLU"),
        (not_turned_back, "which way round"),
        (returns_in_the_loop, "reach the last layer"),
        (relu_on_the_way_in, "what comes into the net"),
        (two_layers_only, "have its turn once"),
        (first_row_again, "the other rows of the batch"),
        (lambda X, layers: X, "how many numbers is that"),
        (
            lambda X, layers: columns(X, [(W, 0 * b) for W, b in layers]),
            "where does b come in",
        ),
    ],
    "xor_weights": [
        (net([[1, 1], [1, 1]], [0, -1], [[1, -1]], [0]), "how much must it take"),
        (net([[1, 1], [1, 1]], [0, 0], [[1, -2]], [0]), "with a pencil"),
        (net([[1, 1], [1, 1]], [0, -1], [[1, -2]], [1]), "only biases are left"),
        (net([[1, 1], [1, 1]], [0, -1], [[1], [-2]], [0]), "(out, in)"),
        (net([[1, -1], [1, -1]], [0, 0], [[1, 1]], [0]), "No hidden neuron is on"),
        (net([[0, 0], [0, 0]], [0, 0], [[0, 0]], [0]), "No hidden neuron is on"),
        (lambda: [np.ones((2, 2)), np.array([[1.0, -2.0]])], "expected [(W1, b1)"),
        (lambda: np.ones((2, 2)), "(out, in)"),
        (
            lambda: [(np.array([0.0, -1.0]), np.ones((2, 2))),
                     (np.array([0.0]), np.array([[1.0, -2.0]]))],
            "expected [(2, 2), (2,), (1, 2), (1,)]",
        ),
        (net([[np.nan, 1], [1, 1]], [0, -1], [[1, -2]], [0]), "expected finite"),
        (lambda: None, "not attempted"),
    ],
}

RIGHT = {
    "neuron": [
        neuron_loop,
        lambda w, b, x: np.maximum(np.dot(w, x) + b, 0),
        lambda w, b, x: np.float32(max(0, sum(w * x) + b)),
    ],
    "dense": [
        dense_loop,
        dense_in_place,
        lambda W, b, X: (W @ X.T + b[:, None]).T,
        lambda W, b, X: np.array([W @ x + b for x in X]),
    ],
    "sigmoid": [
        sigmoid_masks,
        sigmoid_clipped,
        lambda z: 0.5 * (1 + np.tanh(z / 2)),
        lambda z: np.exp(-np.logaddexp(0, -z)),
    ],
    "softplus": [
        softplus_threshold,
        lambda z: np.logaddexp(0, z),
        lambda z: np.where(z > 0, z, 0) + np.log(1 + np.exp(-abs(z))),
    ],
    "count_parameters": [
        count_by_arrays,
        count_recursive,
        lambda s: np.sum([(i + 1) * o for i, o in zip(s, s[1:], strict=False)]),
    ],
    "forward": [columns, row_by_row],
    "xor_weights": [
        net([[1, -1], [-1, 1]], [0, 0], [[1, 1]], [0]),
        net([[1, 1], [1, 1], [0, 0]], [0, -1, 5], [[1, -2, 1]], [-5]),
        lambda: (([[2.0, 2.0], [1.0, 1.0]], [0.0, -1.0]), ([[0.5, -2.0]], [0.0])),
    ],
}
