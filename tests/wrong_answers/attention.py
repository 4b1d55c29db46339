"""What learners of 09_attention typically hand in."""

import math

import numpy as np


def softmax(scores, axis=-1):
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def head(x, W_query, W_key, W_value, mask=None):
    query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T
    scores = query @ key.T / np.sqrt(query.shape[1])
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores) @ value


def head_without_scale(x, W_query, W_key, W_value, mask=None):
    return head(x, W_query * np.sqrt(len(W_query)), W_key, W_value, mask)


def head_scaled_by_d_model(x, W_query, W_key, W_value, mask=None):
    return head(x, W_query * np.sqrt(len(W_query) / x.shape[1]), W_key, W_value, mask)


def head_masked_with_zero(x, W_query, W_key, W_value, mask=None):
    scores = (x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query))
    if mask is not None:
        scores = scores * mask
    return softmax(scores) @ (x @ W_value.T)


def head_masked_after_softmax(x, W_query, W_key, W_value, mask=None):
    weights = softmax((x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query)))
    if mask is not None:
        weights = weights * mask
    return weights @ (x @ W_value.T)


def head_softmax_over_queries(x, W_query, W_key, W_value, mask=None):
    scores = (x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query))
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores, 0) @ (x @ W_value.T)


def head_returns_weights(x, W_query, W_key, W_value, mask=None):
    scores = (x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query))
    return softmax(scores if mask is None else np.where(mask, scores, -np.inf))


def head_that_writes_into_x(x, W_query, W_key, W_value, mask=None):
    x -= x.mean()
    return head(x, W_query, W_key, W_value, mask)


def head_by_loop(x, W_query, W_key, W_value, mask=None):
    out = np.zeros((len(x), len(W_value)))
    for i in range(len(x)):
        seen = x if mask is None else x[mask[i]]
        scores = [(W_query @ x[i]) @ (W_key @ t) / len(W_query) ** 0.5 for t in seen]
        parts = [np.exp(s - max(scores)) for s in scores]
        for part, t in zip(parts, seen, strict=True):
            out[i] += part / sum(parts) * (W_value @ t)
    return out


def head_with_large_negative(x, W_query, W_key, W_value, mask=None):
    scores = np.einsum("ia,ja->ij", x @ W_query.T, x @ W_key.T) / len(W_query) ** 0.5
    if mask is not None:
        scores[~mask] = -1e30
    return np.einsum("ij,jv->iv", softmax(scores), x @ W_value.T)


def buggy_weights(query, key):
    scores = query @ key.T / np.sqrt(len(query))
    return softmax(scores, axis=0)


def matrices(n_chars, n_places, look=-1, strength=40.0, value="chars"):
    """Place p asks for place p + look."""
    d_model = n_chars + n_places
    W_query = np.zeros((n_places, d_model))
    for p in range(n_places):
        if 0 <= p + look < n_places:
            W_query[p + look, n_chars + p] = strength
    W_key = np.eye(d_model)[n_chars:]
    W_value = np.eye(d_model)[:n_chars]
    if value == "all":
        W_value = np.eye(d_model)
    elif value == "twice":
        W_value = 2 * W_value
    elif value == "places":
        W_value = np.eye(d_model)[-n_chars:]
    return W_query, W_key, W_value


def copy_by_character(n_chars, n_places):
    """Character c asks for character c - 1, wherever it stands."""
    W_query = 100 * np.eye(n_chars, n_chars + n_places, 1)
    W_query[:, n_chars:] = 0
    chars = np.eye(n_chars, n_chars + n_places)
    return W_query, chars, chars


def copy_with_split_strength(n_chars, n_places):
    W_query, W_key, W_value = matrices(n_chars, n_places, strength=20.0)
    return [W_query, 20.0 * W_key, W_value]


def copy_in_the_key(n_chars, n_places):
    """The key of place p answers for place p + 1, the query asks for its own."""
    d_model = n_chars + n_places
    W_query = 100 * np.eye(d_model)[n_chars:]
    W_key = np.zeros((n_places, d_model))
    W_key[range(1, n_places), range(n_chars, d_model - 1)] = 1
    return W_query, W_key, np.eye(n_chars, d_model)


def merge_by_loop(heads):
    n = heads.shape[1]
    return np.array([np.concatenate([h[i] for h in heads]) for i in range(n)])


WRONG = {
    "scaled_scores": [
        (lambda q, k: q @ k.T, "brings it back to 1"),
        (lambda q, k: q @ k.T / q.shape[1], "which divisor"),
        (lambda q, k: q @ k.T * np.sqrt(q.shape[1]), "larger or smaller"),
        (lambda q, k: q @ k.T / np.sqrt(len(k)), "which axis"),
        (lambda q, k: k @ q.T / np.sqrt(q.shape[1]), "to the queries or to the keys"),
        (lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1])), "before the softmax"),
        (lambda q, k: q @ k / np.sqrt(q.shape[1]), "stopped with ValueError"),
        (lambda q, k: np.zeros((len(q), len(k))), "row i, column j"),
        (lambda q, k: q, "expected shape (1, 2)"),
    ],
    "causal_mask": [
        (lambda n: np.triu(np.ones((n, n), bool)), "the first token"),
        (lambda n: np.triu(np.ones((n, n), bool), 1), "True means may look"),
        (lambda n: np.tril(np.ones((n, n), bool), -1), "look at itself"),
        (lambda n: np.tril(np.ones((n, n), bool), 1), "How many tokens"),
        (lambda n: np.ones((n, n), bool), "hidden"),
        (lambda n: np.eye(n, dtype=bool), "past hidden"),
        (lambda n: np.tril(np.ones((n, n))), "True and False?"),
        (lambda n: np.tril(np.ones((n, n), int)), "True and False?"),
        (lambda n: np.where(np.tri(n) == 1, 0, -np.inf), "added to scores"),
        (lambda n: [[j <= i for j in range(n)] for i in range(n)], "a NumPy array"),
    ],
    "single_head": [
        (head_without_scale, "square root"),
        (head_scaled_by_d_model, "d_model or d_head"),
        (lambda x, Q, K, V, m=None: head(x, Q, K, V), "which line uses it"),
        (lambda x, Q, K, V, m=None: head(x, Q, K, V, None if m is None else ~m),
         "True means may look"),
        (head_softmax_over_queries, "Which axis"),
        (head_masked_with_zero, "exp(0)"),
        (head_masked_after_softmax, "still 1"),
        (lambda x, Q, K, V, m=None: x @ V.T, "Follow one token"),
        (lambda x, Q, K, V, m=None: head(x, Q, K, np.eye(x.shape[1]), m), "hand over"),
        (lambda x, Q, K, V, m=None: head(x, K, Q, V, m), "W_query"),
        (lambda x, Q, K, V, m=None: head(x, Q, K, V.T, m), "expected"),
        (head_returns_weights, "These are the weights"),
        (head_that_writes_into_x, "changed its argument x"),
    ],
    "split_heads": [
        (lambda x, h: x.reshape(h, len(x), -1), "every token"),
        (lambda x, h: x.reshape(len(x), h, -1), "which axis comes first"),
        (lambda x, h: x.reshape(len(x), -1, h).transpose(2, 0, 1), "neighbours"),
        (lambda x, h: x.reshape(len(x), h, -1).transpose(1, 2, 0), "last"),
        (lambda x, h: x, "how many arrays"),
        (lambda x, h: np.zeros((h, len(x), x.shape[1] // h)), "Head 0 owns"),
        (lambda x, h: x.reshape(h, -1), "expected shape (3, 2, 2)"),
    ],
    "merge_heads": [
        (lambda h: h.reshape(h.shape[1], -1), "reshape reads in order"),
        (lambda h: h.reshape(-1, h.shape[2]), "How many rows"),
        (lambda h: h.transpose(1, 2, 0).reshape(h.shape[1], -1), "side by side"),
        (lambda h: h.transpose(1, 0, 2), "last two axes"),
        (lambda h: h.mean(axis=0), "expected shape (3, 4)"),
        (lambda h: h.sum(axis=0), "added"),
        (lambda h: h, "expected shape (3, 4)"),
    ],
    "score_variance": [
        (lambda d, s: float(d), "Right for sigma = 1"),
        (lambda d, s: d, "Right for sigma = 1"),
        (lambda d, s: d * s**2, "two factors"),
        (lambda d, s: s**4, "how many of them"),
        (lambda d, s: d**0.5 * s**2, "standard deviation"),
        (lambda d, s: d**2 * s**4, "or d squared"),
        (lambda d, s: 1.0, "before"),
        (lambda d, s: s**4 / d, "how many are added"),
    ],
    "attention_weights": [
        (buggy_weights, "This is the buggy one"),
        (lambda q, k: softmax(q @ k.T / np.sqrt(len(q))), "len(query)"),
        (lambda q, k: softmax(q @ k.T / np.sqrt(len(k))), "len(key)"),
        (lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1]), 0), "rows or columns"),
        (lambda q, k: softmax(q @ k.T), "the scale"),
        (lambda q, k: softmax(q @ k.T / q.shape[1]), "which divisor"),
        (lambda q, k: q @ k.T / np.sqrt(q.shape[1]), "turns them into weights"),
        (lambda q, k: np.full((len(q), len(k)), 1 / len(k)), "sum to"),
        (lambda q, k: softmax(k @ q.T / np.sqrt(q.shape[1])), "rows of your result"),
    ],
    "copy_previous": [
        (lambda c, p: matrices(c, p, look=0), "looks at itself"),
        (copy_by_character, "Which place does the query"),
        (lambda c, p: matrices(c, p, strength=1.0), "too softly"),
        (lambda c, p: matrices(c, p, strength=0.0), "are equal"),
        (lambda c, p: matrices(c, p, value="all"), "say which character"),
        (lambda c, p: matrices(c, p, value="twice"), "hand over that part"),
        (lambda c, p: matrices(c, p, value="places"), "hand over that part"),
        (lambda c, p: matrices(c, p, look=-2), "may it look there"),
        (lambda c, p: matrices(c, p, look=1), "may it look there"),
        (lambda c, p: tuple(W.T for W in matrices(c, p)), "Each row of W"),
        (lambda c, p: matrices(c, p)[0], "three matrices"),
        (lambda c, p: (matrices(c, p)[0][1:], *matrices(c, p)[1:]), "how long is each"),
    ],
}

RIGHT = {
    "scaled_scores": [
        lambda q, k: (q / q.shape[-1] ** 0.5) @ k.swapaxes(0, 1),
        lambda q, k: np.array([[a @ b / math.sqrt(len(a)) for b in k] for a in q]),
        lambda q, k: np.einsum("id,jd->ij", q, k) * q.shape[1] ** -0.5,
        lambda q, k: q.astype(np.float32) @ k.T.astype(np.float32)
        / np.float32(np.sqrt(q.shape[1])),
    ],
    "causal_mask": [
        lambda n: np.arange(n)[:, None] >= np.arange(n),
        lambda n: ~np.triu(np.ones((n, n), dtype=bool), k=1),
        lambda n: np.array([[j <= i for j in range(n)] for i in range(n)]),
        lambda n: np.tri(n, dtype=bool),
    ],
    "single_head": [head, head_by_loop, head_with_large_negative],
    "split_heads": [
        lambda x, h: x.reshape(len(x), h, -1).swapaxes(0, 1),
        lambda x, h: np.stack(np.split(x, h, axis=1)),
        lambda x, h: np.array([x[:, i * (w := x.shape[1] // h):(i + 1) * w]
                               for i in range(h)]),
    ],
    "merge_heads": [
        lambda h: h.swapaxes(0, 1).reshape(h.shape[1], -1),
        lambda h: np.concatenate(list(h), axis=1),
        lambda h: np.hstack(h),
        merge_by_loop,
    ],
    "score_variance": [
        lambda d, s: d * s**4,
        lambda d, s: sum(s**2 * s**2 for _ in range(d)),
        lambda d, s: np.float64(d) * np.square(s) ** 2,
    ],
    "attention_weights": [
        lambda q, k: softmax(q @ k.T / q.shape[-1] ** 0.5, axis=1),
        lambda q, k: softmax(k @ q.T / np.sqrt(q.shape[1]), axis=0).T,
        lambda q, k: np.array([softmax(a @ k.T / len(a) ** 0.5) for a in q]),
    ],
    "copy_previous": [matrices, copy_with_split_strength, copy_in_the_key],
}
