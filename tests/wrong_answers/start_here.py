"""What learners of 00_start_here typically hand in."""

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


def count_only_the_last_text(texts):
    for text in texts:
        following = count(neighbours([text]))
    return following


def count_once(texts):
    following = defaultdict(Counter)
    for first, second in neighbours(texts):
        following[first][second] = 1
    return following


def count_with_range_too_short(texts):
    return count((t[i], t[i + 1]) for t in texts for i in range(len(t) - 2))


def count_with_range_too_long(texts):
    return count((t[i], t[i + 1]) for t in texts for i in range(len(t)))


def count_with_empty_keys(texts):
    following = {c: Counter() for text in texts for c in text}
    return following | count(neighbours(texts))


def count_without_default(texts):
    following = {}
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


def smooth_only_the_unseen(counts, alphabet, k):
    new = {c: counts[c] if counts[c] else k for c in alphabet}
    return {c: n / sum(new.values()) for c, n in new.items()}


def smooth_with_numpy(counts, alphabet, k):
    new = np.array([counts[c] for c in alphabet]) + k
    return dict(zip(alphabet, new / new.sum(), strict=True))


def smooth_a_copy(counts, alphabet, k):
    new = {c: counts.get(c, 0) + k for c in alphabet}
    return {c: n / sum(new.values()) for c, n in new.items()}


def draw_compares_with_one(guess, u):
    for character, p in guess.items():
        if u < p:
            return character
    return character


def draw_takes_the_border(guess, u):
    end = 0.0
    for character, p in guess.items():
        end += p
        if u <= end:
            return character
    return character


def draw_forgets_rounding(guess, u):
    end = 0.0
    for character, p in guess.items():
        end += p
        if u < end:
            return character


def draw_sorts(guess, u):
    end = 0.0
    for character in sorted(guess):
        end += guess[character]
        if u < end:
            return character
    return character


def draw_lays_the_longest_first(guess, u):
    longest_first = sorted(guess.items(), key=lambda pair: pair[1], reverse=True)
    return draw_counts_down(dict(longest_first), u)


def draw_returns_the_end(guess, u):
    end = 0.0
    for p in guess.values():
        end += p
        if u < end:
            return end
    return end


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


def form_in_place(guess, position, length):
    if position < length:
        guess["/"] = 0.0
    total = sum(guess.values())
    return {c: p / total for c, p in guess.items()}


def form_without_dividing(guess, position, length):
    full = position == length
    return {c: p if (c == "/") == full else 0.0 for c, p in guess.items()}


def form_drops(guess, position, length):
    if position == length:
        return {"/": 1.0}
    rest = 1 - guess["/"]
    return {c: p / rest for c, p in guess.items() if c != "/"}


def form_never_full(guess, position, length):
    rest = 1 - guess["/"]
    return {c: 0.0 if c == "/" else p / rest for c, p in guess.items()}


def form_one_short(guess, position, length):
    return form_by_cases(guess, position, length - 1)


def form_one_long(guess, position, length):
    return form_by_cases(guess, position, length + 1)


def form_shares_the_rest_equally(guess, position, length):
    if position == length:
        return form_by_cases(guess, position, length)
    extra = guess["/"] / (len(guess) - 1)
    return {c: 0.0 if c == "/" else p + extra for c, p in guess.items()}


def form_by_cases(guess, position, length):
    left = dict(guess)
    for c in guess:
        if (position == length and c != "/") or (position != length and c == "/"):
            left[c] = 0
    return {c: p / sum(left.values()) for c, p in left.items()}


def form_with_numpy(guess, position, length):
    end = np.array([c == "/" for c in guess])
    p = np.array(list(guess.values())) * (end if position == length else ~end)
    return dict(zip(guess, p / p.sum(), strict=True))


WRONG = {
    "count_following": [
        (lambda texts: count(neighbours(["".join(texts)])), "end of one text"),
        (lambda texts: count((b, a) for a, b in neighbours(texts)), "the one before"),
        (count_once, "counted once"),
        (count_with_range_too_short, "last pair"),
        (count_with_empty_keys, "need a key"),
        (count_with_range_too_long, "How long is that sequence"),
        (lambda texts: count(neighbours(t[1:] for t in texts)), "first pair"),
        (lambda texts: count(p for t in texts for p in neighbours([t])[::2]),
         "left out"),
        (count_only_the_last_text, "earlier texts"),
        (count_without_default, "Which keys does it have"),
        (lambda texts: Counter("".join(texts)), "What comes right after it"),
        (lambda texts: texts, "expected a dict"),
        (lambda texts: {}, "by hand"),
    ],
    "smoothed": [
        (lambda counts, alphabet, k: {c: (counts[c] + k) / (counts.total() + k)
                                      for c in alphabet}, "How many characters"),
        (lambda counts, alphabet, k: {c: (counts[c] + k) / counts.total()
                                      for c in alphabet}, "sum to 1"),
        (lambda counts, alphabet, k: {c: counts[c] + k for c in alphabet},
         "makes probabilities"),
        (lambda counts, alphabet, k: {
            c: counts[c] / (counts.total() + k * len(alphabet)) for c in alphabet
         }, "in the count above"),
        (lambda counts, alphabet, k: {
            c: (counts[c] + k) / (counts.total() + k * len(counts)) for c in alphabet
         }, "Who gets a k"),
        (lambda counts, alphabet, k: {c: counts[c] / counts.total() for c in alphabet},
         "Where does k come in"),
        (lambda counts, alphabet, k: {
            c: (counts[c] + k) / (counts.total() + k * len(alphabet)) for c in counts
         }, "the whole alphabet"),
        (smooth_only_the_unseen, "get its k too"),
        (lambda counts, alphabet, k: {
            c: (counts[c] + 1) / (counts.total() + len(alphabet)) for c in alphabet
         }, "adds 1"),
        (lambda counts, alphabet, k: [(counts[c] + k) for c in alphabet],
         "expected a dict"),
        (lambda counts, alphabet, k: dict.fromkeys(alphabet, 0.0), "add up to"),
        (lambda counts, alphabet, k: counts, "no key 'c'"),
        (smooth_in_place, "changed its argument counts"),
    ],
    "draw": [
        (lambda guess, u: max(guess, key=guess.get), "Where does u come in"),
        (draw_compares_with_one, "one probability, or with where its piece ends"),
        (draw_takes_the_border, "< or <="),
        (draw_forgets_rounding, "end in a `return`"),
        (draw_sorts, "In which order"),
        (draw_lays_the_longest_first, "Which piece lies first"),
        (draw_returns_the_end, "expected a string"),
        (lambda guess, u: list(guess)[int(u * len(guess))], "equally long"),
        (lambda guess, u: draw_counts_down(guess, 1 - u), "which end of the ruler"),
        (lambda guess, u: list(guess)[0], "always the first"),
    ],
    "perplexity": [
        (lambda p: -np.log(p).mean(), "That is the loss"),
        (lambda p: np.exp(np.log(p).mean()), "which sign"),
        (lambda p: np.exp(-np.log(p).sum()), "summed or averaged"),
        (lambda p: (1 / p).mean(), "1 / p"),
        (lambda p: 1 / p.mean(), "probabilities that are averaged"),
        (lambda p: np.exp(-np.log2(p).mean()), "Which logarithm"),
        (lambda p: np.prod(p) ** (-1 / len(p)), "product of 5,000"),
        (lambda p: np.exp(-np.log(p)), "single number"),
        (lambda p: p, "single number"),
        (lambda p: 0.0, "surprises"),
    ],
    "mixed_losses": [
        (lambda a, b, s: -np.log(mix(b, a, s)).mean(axis=1), "gets the share s"),
        (lambda a, b, s: -np.log(s[:, None] * (a + b)).mean(axis=1),
         "left for the other"),
        (lambda a, b, s: -(s[:, None] * np.log(a) + (1 - s[:, None]) * np.log(b))
         .mean(axis=1), "or their logarithms"),
        (lambda a, b, s: np.log(mix(a, b, s)).mean(axis=1), "Look at the sign"),
        (lambda a, b, s: -np.log(mix(a, b, s)).sum(axis=1), "summed or averaged"),
        (lambda a, b, s: -np.log(mix(a, b, s)).mean(axis=0), "over which axis"),
        (lambda a, b, s: -np.log(mix(a, b, s).mean(axis=1)), "Which comes first"),
        (lambda a, b, s: np.exp(-np.log(mix(a, b, s)).mean(axis=1)), "perplexity"),
        (lambda a, b, s: -np.log(mix(a, b, s)).mean(), "expected shape"),
        (lambda a, b, s: [-np.log(t * a + (1 - t) * b).mean() for t in s],
         "expected a NumPy array"),
        (lambda a, b, s: np.zeros(len(s)), "average surprise"),
    ],
    "keep_form": [
        (lambda guess, position, length: guess, "may not come"),
        (form_without_dividing, "Probabilities sum to 1"),
        (form_drops, "no longer in the dict"),
        (form_never_full, "only thing that may come"),
        (form_one_short, "full already"),
        (form_one_long, "only thing that may come"),
        (form_in_place, "changed its argument guess"),
        (form_shares_the_rest_equally, "as many times likelier"),
        (lambda guess, position, length: form_by_cases(guess, 0, length),
         "only thing that may come"),
        (lambda guess, position, length: dict.fromkeys(guess, 0.0),
         "Which characters may come"),
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
