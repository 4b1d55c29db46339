"""Answers to 09_attention: wrong ones that the checks do not know; right ones."""

import math

import numpy as np


def softmax(scores, axis=-1):
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def head_hiding_with(low):
    def head(x, W_query, W_key, W_value, mask=None):
        query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T
        scores = query @ key.T / np.sqrt(query.shape[1])
        if mask is not None:
            scores = np.where(mask, scores, low)
        return softmax(scores) @ value
    return head


head = head_hiding_with(-np.inf)


def head_with_plain_exp(x, W_query, W_key, W_value, mask=None):
    scores = (x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query))
    parts = np.exp(scores if mask is None else np.where(mask, scores, -np.inf))
    return parts / parts.sum(axis=1, keepdims=True) @ (x @ W_value.T)


def head_with_a_causal_mask_of_its_own(x, W_query, W_key, W_value, mask=None):
    return head(x, W_query, W_key, W_value, np.tril(np.ones((len(x), len(x)), bool)))


def head_without_a_mask_of_none(x, W_query, W_key, W_value, mask=None):
    scores = (x @ W_query.T) @ (x @ W_key.T).T / np.sqrt(len(W_query))
    scores[~mask] = -np.inf
    return softmax(scores) @ (x @ W_value.T)


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


def head_with_einsum(x, W_query, W_key, W_value, mask=None):
    scores = np.einsum("ia,ja->ij", x @ W_query.T, x @ W_key.T) / len(W_query) ** 0.5
    if mask is not None:
        scores[~mask] = np.finfo(float).min
    return np.einsum("ij,jv->iv", softmax(scores), x @ W_value.T)


def head_with_an_added_mask(x, W_query, W_key, W_value, mask=None):
    hidden = 0.0 if mask is None else np.where(mask, 0.0, -np.inf)
    scores = x @ (W_query.T @ W_key) @ x.T / math.sqrt(W_key.shape[0]) + hidden
    return softmax(scores) @ x @ W_value.T


def merge_by_loop(heads):
    n = heads.shape[1]
    return np.array([np.concatenate([h[i] for h in heads]) for i in range(n)])


def copier(n_chars, n_places, look=-1, strength=40.0):
    """Place p asks for place p + look, as a loop."""
    d_model = n_chars + n_places
    W_query = np.zeros((n_places, d_model))
    for p in range(n_places):
        if 0 <= p + look < n_places:
            W_query[p + look, n_chars + p] = strength
    return W_query, np.eye(d_model)[n_chars:], np.eye(d_model)[:n_chars]


def copy_by_character(n_chars, n_places):
    """Character c asks for character c - 1, wherever it stands."""
    W_query = 100 * np.eye(n_chars, n_chars + n_places, 1)
    W_query[:, n_chars:] = 0
    chars = np.eye(n_chars, n_chars + n_places)
    return W_query, chars, chars


def copy_with_split_strength(n_chars, n_places):
    W_query, W_key, W_value = copier(n_chars, n_places, strength=20.0)
    return [W_query, 20.0 * W_key, W_value]


def copy_in_the_key(n_chars, n_places):
    """The key of place p answers for place p + 1, the query asks for its own."""
    d_model = n_chars + n_places
    W_query = 100 * np.eye(d_model)[n_chars:]
    W_key = np.zeros((n_places, d_model))
    W_key[range(1, n_places), range(n_chars, d_model - 1)] = 1
    return W_query, W_key, np.eye(n_chars, d_model)


def copy_almost(n_chars, n_places):
    """0.9899 of the weight, in the longest line's second token."""
    strength = math.log(0.9899 / 0.0101) * math.sqrt(n_places)
    return copier(n_chars, n_places, strength=strength)


WRONG = {
    "scaled_scores": [
        (lambda q, k: q @ k / np.sqrt(q.shape[1]), "stopped with ValueError"),
        (lambda q, k: np.zeros((len(q), len(k))), "returned [[0, 0]]"),
        (lambda q, k: q, "expected shape (1, 2)"),
        (lambda q, k: -q @ k.T / np.sqrt(q.shape[1]), "returned [[-2, 0]]"),
        (lambda q, k: q @ k.T / 2, "Right on the case before"),
    ],
    "causal_mask": [
        (lambda n: np.triu(np.ones((n, n), bool), -1), "returned [[True, True, True]"),
        (lambda n: [[j <= i for j in range(n)] for i in range(n)], "a NumPy array"),
        (lambda n: np.tril(np.ones((3, 3), bool)), "Right on the case before"),
        (lambda n: np.fliplr(np.tri(n, dtype=bool)), "returned [[False, False, True]"),
    ],
    "single_head": [
        (head_hiding_with(-1.0), "Right on the case before: single_head"),
        (head_with_plain_exp, "exp of a large number"),
        (head_with_a_causal_mask_of_its_own, "This is the smallest of 10"),
        (head_without_a_mask_of_none, "scores[~mask] = -np.inf      bad operand type"),
        (lambda x, Q, K, V, m=None: x @ V.T, "This is the smallest of 10"),
        (lambda x, Q, K, V, m=None: head(x, Q, K, V.T, m), "(3 tokens, no mask)"),
        (head_that_writes_into_x, "changed its argument x"),
    ],
    "split_heads": [
        (lambda x, h: x.reshape(len(x), h, -1).transpose(1, 0, 2)[::-1],
         "returned [[[4, 5], [10, 11]]"),
        (lambda x, h: np.zeros((h, len(x), x.shape[1] // h)), "expected [[[0, 1]"),
        (lambda x, h: x.reshape(h, -1), "expected shape (3, 2, 2)"),
        (lambda x, h: np.split(x, h, axis=1), "expected a NumPy array"),
    ],
    "merge_heads": [
        (lambda h: h.mean(axis=0), "expected shape (3, 4)"),
        (lambda h: h, "expected shape (3, 4)"),
        (lambda h: np.hstack(h[::-1]), "returned [[6, 7, 0, 1]"),
        (lambda h: h.transpose(1, 0, 2).reshape(h.shape[1], h.shape[0], -1)[:, 0],
         "expected shape (3, 4)"),
    ],
    "score_variance": [
        (lambda d, s: d * s**3, "returned 24      expected 48"),
        (lambda d, s: d * (s**2 + s**2), "returned 24      expected 48"),
        (lambda d, s: np.full(1, d * s**4), "inside shape (1,)"),
        (lambda d, s: 0.0, "returned 0      expected 48"),
    ],
    "attention_weights": [
        (lambda q, k: np.full((len(q), len(k)), 1 / len(k)), "returned [[0.3333"),
        (lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1])).round(2),
         "returned [[0.42, 0.42, 0.16]"),
        (lambda q, k: np.exp(q @ k.T / np.sqrt(q.shape[1])), "returned [[2.718"),
        (lambda q, k: softmax(-q @ k.T / np.sqrt(q.shape[1])), "expected [[0.4223"),
    ],
    "copy_previous": [
        (copy_by_character, "With whose key does the query of place 2 agree"),
        (lambda c, p: copier(c, p, strength=-40.0), "It looks at itself"),
        (lambda c, p: (copier(c, p)[0], np.eye(c + p)[:p], np.eye(c, c + p)),
         "With whose key does the query of place 2 agree"),
        (copy_almost, "0.9899"),
        (lambda c, p: copier(c, p)[0], "W_query has shape (5,)"),
        (lambda c, p: (*copier(c, p)[:2], np.eye(c + p)), "W_value has shape (5, 5)"),
        (lambda c, p: (*copier(c, p)[:2], 2 * np.eye(c, c + p)),
         "gets [2, 0]      expected [1, 0]"),
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
        lambda n: np.tri(n, dtype=bool),
    ],
    "single_head": [head, head_by_loop, head_with_einsum, head_with_an_added_mask],
    "split_heads": [
        lambda x, h: x.reshape(len(x), h, -1).swapaxes(0, 1),
        lambda x, h: np.stack(np.split(x, h, axis=1)),
        lambda x, h: np.array([x[:, i * (w := x.shape[1] // h):(i + 1) * w]
                               for i in range(h)]),
    ],
    "merge_heads": [
        lambda h: h.swapaxes(0, 1).reshape(h.shape[1], -1),
        lambda h: np.concatenate(list(h), axis=1),
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
    "copy_previous": [copier, copy_with_split_strength, copy_in_the_key],
}
