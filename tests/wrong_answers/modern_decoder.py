"""Answers to 11_modern_decoder: wrong ones that the checks do not know; right ones."""

import math

import numpy as np


def softmax(scores):
    parts = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)


def silu(z):
    return z / (1 + np.exp(-z))


def rms_in_place(x, scale, eps):
    x /= np.sqrt((x**2).mean(axis=1, keepdims=True) + eps)
    return x * scale


def rms_by_loop(x, scale, eps):
    out = np.empty_like(x)
    for i, token in enumerate(x):
        out[i] = token / math.sqrt(token @ token / len(token) + eps) * scale
    return out


def swiglu_by_loop(x, gate, expand, shrink):
    return np.array([shrink @ (silu(gate @ token) * (expand @ token)) for token in x])


def swiglu_with_one_product(x, gate, expand, shrink):
    opening, rest = np.split(x @ np.vstack([gate, expand]).T, 2, axis=1)
    return np.einsum("nf,df->nd", rest * opening / (1 + np.exp(-opening)), shrink)


def width_by_search(d_model, multiple):
    width = multiple
    while 3 * width < 8 * d_model:
        width += multiple
    return width


def rotate_with_complex(x, places, base=10000.0):
    d = x.shape[1]
    pairs = np.ascontiguousarray(x, float).view(complex)
    turns = np.exp(1j * np.outer(places, base ** (-np.arange(0, d, 2) / d)))
    return (pairs * turns).view(float)


def rotate_by_matrices(x, places, base=10000.0):
    d, out = x.shape[1], []
    for token, place in zip(x, places, strict=True):
        turned = []
        for i in range(d // 2):
            angle = place * base ** (-2 * i / d)
            cos, sin = np.cos(angle), np.sin(angle)
            turned.append(np.array([[cos, -sin], [sin, cos]]) @ token[2 * i:2 * i + 2])
        out.append(np.concatenate(turned))
    return np.array(out)


def rotate_into_integers(x, places, base=10000.0):
    return rotate_with_complex(x, places, base).astype(int)


def rope_head(query, key, value, places):
    query, key = rotate_with_complex(query, places), rotate_with_complex(key, places)
    scores = query @ key.T / np.sqrt(query.shape[1])
    return softmax(scores + np.triu(np.full(scores.shape, -np.inf), 1)) @ value


def head_by_distance(query, key, value, places):
    """Only the key is turned, by minus the distance: the same scores."""
    rows = []
    for i, q in enumerate(query):
        turned = rotate_with_complex(key[:i + 1], places[:i + 1] - places[i])
        weights = softmax(turned @ q / math.sqrt(len(q)))
        rows.append(weights @ value[:i + 1])
    return np.array(rows)


def head_turned_back(query, key, value, places):
    return rotate_with_complex(rope_head(query, key, value, places), -places)


def head_from_place_zero(query, key, value, places):
    return rope_head(query, key, value, np.arange(len(places)))


def route(scores, top_k):
    order = np.argsort(scores, axis=1)[:, ::-1][:, :top_k]
    return softmax(scores)[np.arange(len(scores))[:, None], order], order


def route_by_loop(scores, top_k):
    weights, chosen = [], []
    for chances in softmax(scores):
        best = sorted(range(len(chances)), key=chances.__getitem__, reverse=True)
        chosen.append(best[:top_k])
        weights.append([chances[i] for i in best[:top_k]])
    return np.array(weights), np.array(chosen)


def balance_by_loop(scores, top_k):
    n, chances = scores.shape[1], softmax(scores)
    _, chosen = route(scores, top_k)
    return sum(n * np.mean(chosen == i) * chances[:, i].mean() for i in range(n))


def quantise(weight, bits, group, largest=None):
    largest = largest or 2 ** (bits - 1) - 1
    codes = np.zeros(weight.shape, np.int8)
    scales = np.zeros((len(weight), weight.shape[1] // group))
    for i, row in enumerate(weight):
        for j in range(scales.shape[1]):
            part = row[j * group:(j + 1) * group]
            scales[i, j] = np.abs(part).max() / largest
            if scales[i, j]:
                cut = slice(j * group, (j + 1) * group)
                codes[i, cut] = np.rint(part / scales[i, j])
    return codes, scales


def quantise_flat(weight, bits, group):
    flat = weight.reshape(-1, group)
    scales = np.abs(flat).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    codes = np.round(np.divide(flat, scales, out=np.zeros_like(flat), where=scales > 0))
    return codes.astype(int).reshape(weight.shape), scales.reshape(len(weight), -1)


def quantise_with_transposed_scales(weight, bits, group):
    codes, scales = quantise(weight, bits, group)
    return codes, scales.T


WRONG = {
    "rms_norm": [
        (lambda x, scale, eps: x, "returned [[1, 7]]"),
        (rms_in_place, "changed its argument x"),
        (lambda x, scale, eps: x / np.abs(x).max(axis=1, keepdims=True) * scale,
         "returned [[0.1429, 10]]"),
        (lambda x, scale, eps: scale * x / np.sqrt((x**2).mean(1, keepdims=True) - eps),
         "returned nan at [1, 0]"),
        (lambda x, scale, eps: scale * x / np.sqrt(x**2 + eps), "returned [[1, 10]]"),
    ],
    "swiglu": [
        (lambda x, g, e, s: silu(x @ g.T) * (x @ e.T), "Right on the case before"),
        (lambda x, g, e, s: np.zeros_like(x), "returned [[0]]"),
        (lambda x, g, e, s: (silu(x @ g.T) @ (x @ e.T)) @ s.T, "Right on the case"),
    ],
    "matched_width": [
        (lambda d, m: 128, "Right on the case before"),
        (lambda d, m: math.ceil(2.5 * d / m) * m, "returned 120      expected 128"),
        (lambda d, m: d, "returned 48      expected 128"),
    ],
    "rotate": [
        (rotate_into_integers, "returned dtype int64"),
        (lambda x, p, base=1e4: x, "returned [[1, 0]]"),
        (lambda x, p, base=1e4: rotate_with_complex(x, p, base)[:, ::-1],
         "returned [[0.8415, 0.5403]]"),
    ],
    "rope_head": [
        (head_turned_back, "one token: it gets its own value"),
        (head_from_place_zero, "2 tokens, at 7 and 9"),
        (lambda q, k, v, p: v, "Right on the case before"),
        (lambda q, k, v, p: rope_head(k, q, v, p), "Right on the case before"),
    ],
    "route": [
        (lambda s, k: route(s, k)[0], "expected a list or tuple"),
        (lambda s, k: (route(s, k)[0], route(s, k)[1] + 1), "[[2, 3]]"),
        (lambda s, k: (np.ones((len(s), k)) / k, route(s, k)[1]), "[[0.5, 0.5]]"),
        (lambda s, k: (softmax(s)[:, :k], route(s, k)[1]), "[[0.1, 0.5]]"),
    ],
    "balance_loss": [
        (lambda s, k: 1.0, "returned 1      expected 2.8"),
        (lambda s, k: balance_by_loop(s, 1), "Right on the case before"),
        (lambda s, k: float(np.std(softmax(s).mean(axis=0))), "expected 2.8"),
        (lambda s, k: k * balance_by_loop(s, k) / s.shape[1], "returned 0.7"),
    ],
    "quantise": [
        (lambda w, b, g: quantise(w, 4, g), "8 bits"),
        (quantise_with_transposed_scales, "two groups"),
        (lambda w, b, g: quantise(np.abs(w), b, g), "[[3, 2, 0, 7]]"),
        (lambda w, b, g: quantise(w, b, g)[0], "expected a list or tuple"),
        (lambda w, b, g: (quantise(w, b, g)[0], 1 / quantise(w, b, g)[1]), "[[4]]"),
    ],
}

RIGHT = {
    "rms_norm": [
        rms_by_loop,
        lambda x, scale, eps: x * scale * ((x * x).mean(-1) + eps)[:, None] ** -0.5,
        lambda x, scale, eps: (x.T / np.sqrt(np.einsum("nd,nd->n", x, x)
                                             / x.shape[1] + eps)).T * scale,
    ],
    "swiglu": [swiglu_by_loop, swiglu_with_one_product],
    "matched_width": [
        width_by_search,
        lambda d, m: math.ceil(8 * d / (3 * m)) * m,
        lambda d, m: int(np.ceil(8 * d / 3 / m)) * m,
    ],
    "rotate": [rotate_with_complex, rotate_by_matrices],
    "rope_head": [rope_head, head_by_distance],
    "route": [route, route_by_loop],
    "balance_loss": [
        balance_by_loop,
        lambda s, k: float(s.shape[1] * np.eye(s.shape[1])[route(s, k)[1]].mean((0, 1))
                           @ softmax(s).mean(axis=0)),
    ],
    "quantise": [quantise, quantise_flat],
}
