"""Answers to 00_start_here: wrong ones that the checks do not know; right ones."""

from collections import Counter, defaultdict
from itertools import accumulate

import numpy as np


def count(pairs):
    following = defaultdict(Counter)
    for first, second in pairs:
        following[first][second] += 1
    return following


def neighbours(texts):
    return [pair for text in texts for pair in zip(text, text[1:], strict=False)]


def count_with_range_too_long(texts):
    return count((t[i], t[i + 1]) for t in texts for i in range(len(t)))


def count_without_default(texts):
    following = {}
    for first, second in neighbours(texts):
        following[first][second] += 1
    return following


def count_into_one_dict_for_ever(texts, following=defaultdict(Counter)):  # noqa: B006
    for first, second in neighbours(texts):
        following[first][second] += 1
    return following


def count_by_hand(texts):
    following = {}
    for text in texts:
        for i in range(len(text) - 1):
            row = following.setdefault(text[i], {})
            row[text[i + 1]] = row.get(text[i + 1], 0) + 1
    return following


def count_pairs_first(texts):
    following = {}
    for (first, second), times in Counter(neighbours(texts)).items():
        following.setdefault(first, Counter())[second] = times
    return following


def smooth_in_place(counts, alphabet, k):
    for c in alphabet:
        counts[c] += k
    return {c: counts[c] / counts.total() for c in alphabet}


def smooth_with_numpy(counts, alphabet, k):
    new = np.array([counts[c] for c in alphabet]) + k
    return dict(zip(alphabet, new / new.sum(), strict=True))


def smooth_a_copy(counts, alphabet, k):
    new = {c: counts.get(c, 0) + k for c in alphabet}
    return {c: n / sum(new.values()) for c, n in new.items()}


def draw_returns_the_end(guess, u):
    end = 0.0
    for p in guess.values():
        end += p
        if u < end:
            return end
    return end


def draw_with_its_own_number(guess, u):
    return np.random.default_rng().choice(list(guess), p=list(guess.values())).item()


def draw_with_one_number_for_all(guess, u):
    return draw_counts_down(guess, np.random.default_rng(0).random())


def draw_counts_down(guess, u):
    for character, p in guess.items():
        u -= p
        if u < 0:
            return character
    return character


def draw_with_searchsorted(guess, u):
    ends = list(accumulate(guess.values()))
    i = int(np.searchsorted(ends, u, side="right"))
    return list(guess)[min(i, len(guess) - 1)]


def mix(p_one, p_none, shares):
    s = np.asarray(shares)[:, None]
    return s * p_one + (1 - s) * p_none


def mixed_in_a_loop(p_one, p_none, shares):
    losses = np.empty(len(shares))
    for i, s in enumerate(shares):
        losses[i] = np.mean(-np.log(p_none + s * (p_one - p_none)))
    return losses


def mixed_by_product(p_one, p_none, shares):
    models = np.stack([p_one, p_none])
    weights = np.stack([shares, 1 - shares], axis=1)
    return -np.log(weights @ models).sum(axis=1) / models.shape[1]


def mixed_losses_kept_in_columns(p_one, p_none, shares):
    return -np.log(mix(p_one, p_none, shares)).mean(axis=1, keepdims=True)


def form_in_place(guess, position, length):
    if position < length:
        guess["/"] = 0.0
    total = sum(guess.values())
    return {c: p / total for c, p in guess.items()}


def form_keeps_the_slash(guess, position, length):
    if position == length:
        return {c: float(c == "/") for c in guess}
    return {c: p if c == "/" else p / (1 - guess["/"]) for c, p in guess.items()}


def form_by_cases(guess, position, length):
    left = dict(guess)
    for c in guess:
        if (position == length and c != "/") or (position != length and c == "/"):
            left[c] = 0
    return {c: p / sum(left.values()) for c, p in left.items()}


def form_with_softmax(guess, position, length):
    return form_by_cases({c: np.exp(p) for c, p in guess.items()}, position, length)


def form_with_numpy(guess, position, length):
    end = np.array([c == "/" for c in guess])
    p = np.array(list(guess.values())) * (end if position == length else ~end)
    return dict(zip(guess, p / p.sum(), strict=True))


WRONG = {
    "count_following": [
        (count_with_range_too_long, "How long is that sequence"),
        (count_without_default, "Which keys does it have"),
        (count_into_one_dict_for_ever, "Called again, it answers otherwise"),
        (lambda texts: count((a, c) for a, c in neighbours(t[::2] for t in texts)),
         "no key 'b'"),
        (lambda texts: texts, "expected a dict"),
        (lambda texts: {}, "no key 'a'"),
    ],
    "smoothed": [
        (smooth_in_place, "changed its argument counts"),
        (lambda counts, alphabet, k: {
            c: round((counts[c] + k) / (counts.total() + k * len(alphabet)), 2)
            for c in alphabet
         }, "returned 0.33 at 'b'      expected 0.3333 at 'b'"),
        (lambda counts, alphabet, k: [(counts[c] + k) for c in alphabet],
         "expected a dict"),
        (lambda counts, alphabet, k: dict.fromkeys(alphabet, 0.0), "returned 0 at 'a'"),
        (lambda counts, alphabet, k: counts, "no key 'c'"),
    ],
    "draw": [
        (draw_with_its_own_number, "Called again, it answers otherwise"),
        (draw_with_one_number_for_all, "expected 'a'"),
        (draw_returns_the_end, "expected a string"),
        (lambda guess, u: list(guess).index(draw_counts_down(guess, u)),
         "expected a string"),
    ],
    "perplexity": [
        (lambda p: 2 ** -np.log(p).mean(), "returned 1.617      expected 2"),
        (lambda p: np.exp(-np.log(p).mean(keepdims=True)), "inside shape (1,)"),
        (lambda p: np.exp(-np.median(np.log(p))), "Right on the case before"),
        (lambda p: 0.0, "returned 0      expected 2"),
    ],
    "mixed_losses": [
        (mixed_losses_kept_in_columns, "shape (1, 1)      expected shape (1,)"),
        (lambda a, b, s: -np.log2(mix(a, b, s)).mean(axis=1), "returned [1.678]"),
        (lambda a, b, s: [-np.log(t * a + (1 - t) * b).mean() for t in s],
         "expected a NumPy array"),
        (lambda a, b, s: np.zeros(len(s)), "returned [0]      expected [1.163]"),
    ],
    "keep_form": [
        (form_in_place, "changed its argument guess"),
        (form_keeps_the_slash, "returned 0.5 at '/'      expected 0 at '/'"),
        (form_with_softmax, "at 'a'      expected 0.8 at 'a'"),
        (lambda guess, position, length: dict.fromkeys(guess, 0.0), "returned 0 at"),
    ],
}

RIGHT = {
    "count_following": [count_by_hand, count_pairs_first,
                        lambda texts: count(neighbours(texts))],
    "smoothed": [smooth_with_numpy, smooth_a_copy],
    "draw": [draw_counts_down, draw_with_searchsorted],
    "perplexity": [
        lambda p: float(np.prod(p ** (-1 / len(p)))),
        lambda p: 2 ** -np.log2(p).mean(),
        lambda p: np.exp(-np.log(p.astype(np.float32)).mean()),
    ],
    "mixed_losses": [mixed_in_a_loop, mixed_by_product,
                     lambda a, b, s: -np.log(mix(a, b, s)).mean(axis=1)],
    "keep_form": [form_by_cases, form_with_numpy],
}
