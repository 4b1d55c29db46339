"""One attention head as a slow loop, and with the mistakes that learners make.

The references of exercise 09 (`lmlab.checks.attention`). Shapes: x (n, d_model),
W_query and W_key (d_head, d_model), W_value (d_value, d_model), mask (n, n) or None.
"""

import math

import numpy as np

from lmlab.checks.core import Case


def scores_loop(query, key) -> np.ndarray:
    """(queries, keys), a dot product at a time."""
    d = query.shape[1]
    return np.array([[math.fsum(q * k) / math.sqrt(d) for k in key] for q in query])


def head_loop(x, W_query, W_key, W_value, mask) -> np.ndarray:
    """One token at a time, and only over the keys it may look at."""
    rows = []
    for i, token in enumerate(x):
        seen = [j for j in range(len(x)) if mask is None or mask[i, j]]
        scores = [float((W_query @ token) @ (W_key @ x[j])) for j in seen]
        largest = max(scores)
        parts = [math.exp((s - largest) / math.sqrt(len(W_query))) for s in scores]
        values = [W_value @ x[j] for j in seen]
        rows.append(sum(p * v for p, v in zip(parts, values, strict=True)) / sum(parts))
    return np.array(rows)


def softmax(scores, axis=-1) -> np.ndarray:
    """Positive parts that sum to 1 along `axis`."""
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def weights(
    query, key, mask=None, scale=True, width=None, axis=-1, hidden=-np.inf, after=False
) -> np.ndarray:
    """Attention weights (queries, keys), with the typical mistakes as options.

    scale: False leaves the square root out; width: divide by its root instead;
    axis: of the softmax; hidden: the score of a hidden key; after: mask the weights.
    """
    scores = query @ key.T
    if scale:
        scores = scores / math.sqrt(width or query.shape[1])
    if mask is None:
        return softmax(scores, axis)
    if after:
        return softmax(scores, axis) * mask
    return softmax(np.where(mask, scores, hidden), axis)


def one_head(x, W_query, W_key, W_value, mask, **mistake) -> np.ndarray:
    """(n, d_value), with the mistakes of `weights` as options."""
    return weights(x @ W_query.T, x @ W_key.T, mask, **mistake) @ (x @ W_value.T)


def head_cases() -> list[Case]:
    """Heads to try, smallest first: no mask, a mask, one token, large scores."""
    rng = np.random.default_rng(7)

    def head(n, d_model, d_head, d_value, mask=None, label="", size=1.0):
        x = (size * rng.normal(size=(n, d_model))).round(1)
        shapes = (d_head, d_model), (d_head, d_model), (d_value, d_model)
        matrices = (rng.normal(size=s).round(1) for s in shapes)
        return Case(x, *matrices, mask, label=label)

    x = np.array([[1.0, 0.0], [0.0, 2.0]])
    W_query = np.array([[2.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0]])
    W_key = np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    pencil = x, W_query, W_key, np.array([[1.0, 0.0], [0.0, 3.0]])
    causal = np.tril(np.ones((9, 9), bool))
    return [
        Case(*pencil, None, label="no mask"),
        Case(*pencil, causal[:2, :2], label="causal mask"),
        head(3, 3, 3, 3, label="3 tokens, no mask"),
        head(5, 6, 2, 3, causal[:5, :5], label="5 tokens, causal mask"),
        head(1, 4, 2, 2, causal[:1, :1], label="one token"),
        head(9, 8, 4, 5, causal | (np.arange(9) < 4), label="an input of 4 tokens"),
        head(6, 8, 4, 4, causal[:6, :6], label="large scores", size=30.0),
    ]
