"""Answers to 10_transformer_families: wrong ones the checks do not know; right ones."""

from itertools import accumulate

import numpy as np


# 1
def mask_one_column_too_many(family, s, t):
    mask = mask_by_blocks(family, s, t)
    if family == "encoder-decoder":
        mask[:, : s + 1] = True
    return mask


def mask_by_blocks(family, s, t):
    n = s + t
    rows, columns = np.indices((n, n))
    seen = {"encoder": np.full((n, n), True), "decoder": columns <= rows,
            "encoder-decoder": (columns < s) | (columns <= rows)}
    return seen[family]


def mask_by_stacking(family, s, t):
    if family == "encoder":
        return np.ones((s + t, s + t)) > 0
    if family == "decoder":
        return ~np.triu(np.ones((s + t, s + t), bool), 1)
    top = np.hstack([np.ones((s, s), bool), np.zeros((s, t), bool)])
    return np.vstack([top, np.hstack([np.ones((t, s), bool), np.tri(t, dtype=bool)])])


# 2
def hide_in_place(ids, u, v, random_ids, mask_id):
    asked = np.where(u < 0.15, ids, -100)
    ids[(u < 0.15) & (v < 0.8)] = mask_id
    return ids, asked


def hide_in_a_copy(ids, u, v, random_ids, mask_id):
    read, chosen = ids.copy(), u < 0.15
    read[chosen & (v < 0.8)] = mask_id
    between = chosen & (0.8 <= v) & (v < 0.9)
    read[between] = random_ids[between]
    asked = np.full_like(ids, -100)
    asked[chosen] = ids[chosen]
    return read, asked


def hide_with_select(ids, u, v, random_ids, mask_id):
    chosen = u < 0.15
    read = np.select([~chosen, v < 0.8, v < 0.9], [ids, mask_id, random_ids], ids)
    return read, np.select([chosen], [ids], -100)


def hide_everywhere(ids, u, v, random_ids, mask_id):
    read = np.where(v < 0.8, mask_id, ids)
    return read, np.where(u < 0.15, ids, -100)


# 3
def norm(x):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


def norm_of_columns(x):
    x = x - x.mean(axis=0)
    return x / np.sqrt((x**2).mean(axis=0) + 1e-5)


def block_with(normalise):
    def block(x, attend, think, norm_first):
        if norm_first:
            y = x + attend(normalise(x))
            return y + think(normalise(y))
        y = normalise(attend(x) + x)
        return normalise(think(y) + y)
    return block


def block_in_place(x, attend, think, norm_first):
    x += attend(norm(x))
    return x + think(norm(x))


def block_in_a_copy(x, attend, think, norm_first):
    x = x.copy()
    for part in (attend, think):
        if norm_first:
            x += part(norm(x))
        else:
            x = norm(x + part(x))
    return x


# 4
def top_p_by_loop(chances, p):
    total, kept = 0.0, {}
    for i in sorted(range(len(chances)), key=lambda i: (-chances[i], i)):
        if total >= p:
            break
        kept[i] = chances[i]
        total += chances[i]
    return np.array([kept.get(i, 0.0) / total for i in range(len(chances))])


def top_p_by_rank(chances, p):
    order = np.lexsort((np.arange(len(chances)), -chances))
    n = int(np.searchsorted(np.cumsum(chances[order]), p)) + 1
    kept = np.zeros(len(chances))
    kept[order[:n]] = chances[order[:n]]
    return kept / kept.sum()


def top_p_unlikely_first(chances, p):
    order = np.argsort(chances)
    kept = np.zeros(len(chances))
    kept[order] = np.where(np.cumsum(chances[order]) - chances[order] < p,
                           chances[order], 0)
    return kept / kept.sum()


def top_p_softmax(chances, p):
    kept = np.exp(top_p_by_loop(chances, p))
    return kept / kept.sum()


# 5
def shift_in_place(target, begin):
    target[:, 1:] = target[:, :-1]
    target[:, 0] = begin
    return target


def shift_in_a_copy(target, begin):
    read = np.roll(target, 1, axis=1)
    read[:, 0] = begin
    return read


# 6
def encode_in_fractions_of_two(text, chances):
    low, width = 0.0, 1.0
    for i, s in enumerate(text):
        p = chances(text[:i])
        low, width = low + width * s / len(p), width / len(p)
    return low, width


def encode_from_the_ends(text, chances):
    low, high = 0.0, 1.0
    for i in range(len(text)):
        ends = [0.0, *accumulate(chances(text[:i]))]
        low, high = (low + (high - low) * ends[text[i]],
                     low + (high - low) * ends[text[i] + 1])
    return low, high - low


def encode_recursively(text, chances, written=()):
    if not text:
        return 0, 1
    p = chances(list(written))
    low, width = encode_recursively(text[1:], chances, (*written, text[0]))
    return sum(p[: text[0]]) + p[text[0]] * low, p[text[0]] * width


def decode_by_zooming(number, length, chances):
    text = []
    for _ in range(length):
        p, s = chances(list(text)), 0
        while number >= p[s]:
            number -= p[s]
            s += 1
        number /= p[s]
        text.append(s)
    return text


def decode_from_ends(number, length, chances):
    low, width, text = 0, 1, []
    for _ in range(length):
        p = chances(text.copy())
        starts = [low + width * sum(p[:s]) for s in range(len(p))]
        s = sum(number >= start for start in starts) - 1
        low, width = starts[s], width * p[s]
        text = [*text, s]
    return text


def decode_zoom_forgets_to_divide(number, length, chances):
    text = []
    for _ in range(length):
        p, s = chances(list(text)), 0
        while s < len(p) - 1 and number >= p[s]:
            number -= p[s]
            s += 1
        text.append(s)
    return text


def decode_off_by_one(number, length, chances):
    return [s + 1 for s in decode_by_zooming(number, length, chances)]


WRONG = {
    "family_mask": [
        (mask_one_column_too_many, "Right on the case before"),
        (lambda *given: mask_by_blocks(*given).astype(int), "expected True and False"),
        (lambda f, s, t: mask_by_blocks(f, t, s), "('encoder-decoder', 2, 1)"),
        (lambda f, s, t: np.ones((s + t, s + t), bool), "family_mask('decoder', 2, 1)"),
        (lambda f, s, t: mask_by_blocks("encoder-decoder", s, t), "('encoder', 2, 1)"),
        (lambda f, s, t: np.where(mask_by_blocks(f, s, t), 0.0, -np.inf),
         "expected True and False"),
    ],
    "hide_tokens": [
        (hide_in_place, "changed its argument ids"),
        (hide_everywhere, "one hole"),
        (lambda i, u, v, r, m: hide_in_a_copy(i, v, u, r, m), "one hole"),
        (lambda *given: hide_in_a_copy(*given)[0], "expected a list or tuple"),
        (lambda i, u, v, r, m: hide_in_a_copy(i, 1 - u, v, r, m), "one hole"),
        (lambda i, u, v, r, m: (i, np.full_like(i, -100)), "expected ([0, 6]"),
    ],
    "block": [
        (block_with(norm_of_columns), "expected [[-1, 1]]"),
        (block_with(lambda x: x - x.mean(-1, keepdims=True)), "expected"),
        (block_in_place, "expected [[-1, 1]]"),
        (lambda x, a, t, first: x, "expected [[-1, 1]]"),
        (lambda x, a, t, first: block_with(norm)(x, a, a, first), "bend, True"),
        (lambda x, a, t, first: block_with(norm)(x, a, t, first)[0],
         "returned shape (2,)"),
    ],
    "top_p": [
        (top_p_unlikely_first, "expected [0.3333, 0.6667, 0, 0]"),
        (top_p_softmax, "expected [0.3333, 0.6667, 0, 0]"),
        (lambda c, p: np.zeros(len(c)), "expected [0.3333, 0.6667, 0, 0]"),
        (lambda c, p: (c >= 1 - p) * c / ((c >= 1 - p) * c).sum(), "top_p("),
    ],
    "decoder_inputs": [
        (shift_in_place, "changed its argument target"),
        (lambda target, begin: np.full_like(target, begin), "expected [[0, 7, 8]]"),
        (lambda target, begin: target[:, :-1], "returned shape (1, 2)"),
        (lambda target, begin: np.hstack(
            [np.full((len(target), 1), 0), target[:, :-1]]), "one character"),
    ],
    "encode": [
        (encode_in_fractions_of_two, "expected (0.25, 0.125)"),
        (lambda text, chances: encode_from_the_ends(text, chances)[0],
         "expected a list or tuple"),
        (lambda text, chances: (0.0, encode_from_the_ends(text, chances)[1]),
         "expected (0.25, 0.125)"),
        (lambda text, chances: encode_from_the_ends(text[:1], chances),
         "expected (0.25, 0.125)"),
    ],
    "decode": [
        (decode_zoom_forgets_to_divide, "expected [0, 1]"),
        (decode_off_by_one, "expected [0, 1]"),
        (lambda number, length, chances: tuple(
            decode_by_zooming(number, length, chances))[:1], "expected [0, 1]"),
        (lambda number, length, chances: [int(3 * number)] * length,
         "returned [0, 0]      expected [0, 1]"),
    ],
}

RIGHT = {
    "family_mask": [mask_by_blocks, mask_by_stacking],
    "hide_tokens": [hide_in_a_copy, hide_with_select],
    "block": [block_with(norm), block_in_a_copy],
    "top_p": [top_p_by_loop, top_p_by_rank],
    "decoder_inputs": [
        shift_in_a_copy,
        lambda target, begin: np.insert(target, 0, begin, axis=1)[:, :-1],
    ],
    "encode": [encode_from_the_ends, encode_recursively],
    "decode": [decode_by_zooming, decode_from_ends],
}
