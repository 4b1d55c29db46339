"""Checks of exercise 00: counts, smoothing, a draw, perplexity, mixing, form.

Each task is compared with plain loops, on cases from a pencil's size to poems. How a
check is written: see `lmlab.checks.core`.
"""

import math
from collections import Counter
from itertools import accumulate

import numpy as np

from lmlab.checks.core import Case, Check

QUATRAIN = "/床前明月光/疑是地上霜/举头望明月/低头思故乡/"
LETTERS = "abcdefghijklmnopqrstuvwxyz"
rng = np.random.default_rng(0)


# 1. Count what follows

def counts(pairs) -> dict[str, dict[str, int]]:
    """For each first of the pairs, how often each second came."""
    following: dict[str, dict[str, int]] = {}
    for first, second in pairs:
        row = following.setdefault(first, {})
        row[second] = row.get(second, 0) + 1
    return following


def pairs(texts, step=1) -> list[tuple[str, str]]:
    return [(t[i], t[i + 1]) for t in texts for i in range(0, len(t) - 1, step)]


drawn = ["".join(rng.choice(list("abc/"), size=n)) for n in (0, 1, 2, 30, 300)]

count_following = Check(
    "count_following",
    cases=[
        Case(["abcd"]),
        Case(["abac"]),
        Case(["abcab"]),
        Case(["aaa"]),
        Case(["ab", "ca"]),
        Case(["/aab/", "/ab/"]),
        Case(["", "a"], label="nothing to count"),
        Case([QUATRAIN]),
        *(Case(drawn[:n]) for n in (3, 4, 5)),
    ],
    reference=lambda texts: counts(pairs(texts)),
    mistakes={
        lambda texts: counts(pairs(["".join(texts)])):
            "Does the end of one text count as coming before the next text?",
        lambda texts: counts([(b, a) for a, b in pairs(texts)]):
            "Which of the two is the key: the one before, or the one after?",
        lambda texts: counts(pairs(texts, step=2)):
            "Each character but the last begins a pair: which are left out?",
        lambda texts: {a: {b: 1} for a, b in pairs(texts)}:
            "When `a` comes a second time, are its old counts still there?",
        lambda texts: counts(set(pairs(texts))):
            "How often does that pair come? It was counted once.",
        lambda texts: counts(pairs([t[:-1] for t in texts])):
            "Is the last pair of each text there?",
        lambda texts: counts(pairs([t[1:] for t in texts])):
            "Is the first pair of each text there?",
        lambda texts: counts(pairs(texts[-1:])):
            "Do the counts of the earlier texts survive when the next one begins?",
        lambda texts: {c: {} for c in "".join(texts)} | counts(pairs(texts)):
            "Nothing comes after the last character. Does it need a key?",
        lambda texts: Counter("".join(texts)):
            "That says how often each one comes. What comes right after it?",
        lambda texts: Counter(pairs(texts)):
            "One dict for each first character is wanted: what are your keys?",
    },
    right="11 lists of texts (empty ones, runs of one character, a poem)",
)


# 2. Nothing is impossible

def add_k(count=lambda n, k: n + k, total=lambda n, k, V: n.total() + k * V):
    """`smoothed`, or a mistake: how one is counted, and what it is divided by."""
    return lambda counts, alphabet, k: {
        c: count(counts[c], k) / total(counts, k, len(alphabet)) for c in alphabet}


many = [Counter(dict(zip(LETTERS, map(int, row), strict=True)))
        for row in rng.integers(0, 9, size=(4, 26))]

smoothed = Check(
    "smoothed",
    cases=[
        Case(Counter("aab"), "abc", 1.0),
        Case(Counter("aab"), "abc", 0.5),
        Case(Counter(), "abcd", 1.0, label="nothing was counted"),
        Case(Counter("aaaa"), "a", 0.1),
        Case(Counter("ba"), "abcde", 1e-6),
        *(Case(n, LETTERS, k) for n, k in zip(many, (0.01, 0.3, 1.7, 2), strict=True)),
    ],
    reference=add_k(),
    mistakes={
        add_k(total=lambda n, k, V: n.total() + k):
            "How many characters got their k, and is all of it in the sum below?",
        add_k(total=lambda n, k, V: n.total()):
            "Do these sum to 1? The sum below must hold every added k.",
        add_k(total=lambda n, k, V: 1):
            "These are the new counts. What makes probabilities of them?",
        add_k(lambda n, k: n, lambda n, k, V: n.total()): "Where does k come in?",
        add_k(lambda n, k: n): "k is in the sum below. Is it in the count above?",
        add_k(lambda n, k: n + 1, lambda n, k, V: n.total() + V):
            "That adds 1. How much is k here?",
        add_k(total=lambda n, k, V: n.total() + k * len(n)):
            "Who gets a k: the characters that were seen, or all of the alphabet?",
        lambda counts, alphabet, k: {
            c: p for c, p in add_k()(counts, alphabet, k).items() if c in counts}:
            "Does the loop run over what was seen, or over the whole alphabet?",
        lambda counts, alphabet, k: {
            c: (counts[c] or k) / sum(counts[a] or k for a in alphabet)
            for c in alphabet
        }: "Does a character that was seen get its k too?",
    },
    right="9 sets of counts (none at all, one character, a tiny k)",
)


# 3. Draw one

def piece(guess, u) -> str:
    """The character on whose piece of the ruler from 0 to 1 u falls."""
    return first_above(u, zip(guess, accumulate(guess.values()), strict=True))


def first_above(u, ends) -> str:
    """The first character whose number is above u, or else the last character."""
    ends = list(ends)
    return next((c for c, end in ends if u < end), ends[-1][0])


three, tenths = {"a": 0.25, "b": 0.5, "c": 0.25}, dict.fromkeys("abcdefghij", 0.1)
guesses = [dict(zip("fbdace", p.tolist(), strict=True))
           for p in rng.dirichlet(np.ones(6), size=40)]

draw = Check(
    "draw",
    cases=[
        Case({"a": 0.25, "b": 0.75}, 0.7),
        Case(three, 0.6),
        Case(three, 0.1),
        Case({"a": 0.25, "b": 0.75}, 0.3),
        Case({"b": 0.25, "a": 0.75}, 0.1),
        *(Case(three, u, label="on a border") for u in (0.25, 0.75, 0.0)),
        Case({"a": 1.0}, 0.7),
        Case({"a": 0.0, "b": 1.0}, 0.0, label="a has no piece"),
        Case(tenths, 0.55),
        *(Case(guess, rng.random()) for guess in guesses),
        Case(tenths, math.nextafter(1, 0), label="u a little below 1, the sum too"),
    ],
    reference=piece,
    mistakes={
        lambda guess, u: first_above(u, guess.items()):
            "Is u compared with one probability, or with where its piece ends?",
        lambda guess, u: piece(dict(sorted(guess.items())), u):
            "In which order do the pieces lie on the ruler? As the dict has them.",
        lambda guess, u: piece(guess, math.nextafter(u, -1)):  # u <= end
            "A border belongs to the piece that begins there: < or <=?",
        lambda guess, u: max(guess, key=guess.get):
            "That is always the likeliest. Where does u come in?",
        lambda guess, u: list(guess)[int(u * len(guess))]:
            "That makes all pieces equally long. How long should each be?",
        lambda guess, u: piece(guess, 1 - u):
            "From which end of the ruler is u measured?",
        lambda guess, u: piece(
            dict(sorted(guess.items(), key=lambda pair: -pair[1])), u
        ): "Which piece lies first on the ruler: the longest, or the dict's first?",
        lambda guess, u: next(iter(guess)):
            "That is always the first. Where does u come in?",
        lambda guess, u: next(
            (c for c, end in zip(guess, accumulate(guess.values()), strict=True)
             if u < end), None):
            "Ten times 0.1 is a little less than 1 here: what comes after the loop?",
        lambda guess, u: min(guess, key=lambda c: abs(guess[c] - u)):
            "Is it the probability nearest to u, or the piece on which u falls?",
    },
    right="52 draws (on borders, a piece of length 0, u next to 1)",
)


# 4. How unsure is it?

perplexity = Check(
    "perplexity",
    cases=[
        Case(np.array([0.5])),
        Case(np.array([0.5, 0.125])),
        Case(np.array([1.0, 1.0]), label="never surprised"),
        Case(np.full(4, 1 / 2484), label="knows nothing of 2,484"),
        *(Case(rng.uniform(0.01, 1, size=n)) for n in (3, 7, 50)),
        Case(rng.uniform(1e-3, 1e-2, size=5000), label="a long text"),
    ],
    reference=lambda p: math.exp(-math.fsum(map(math.log, p.tolist())) / len(p)),
    mistakes={
        lambda p: np.prod(p) ** (-1 / len(p)):
            "Right on paper. What is the product of 5,000 small numbers here?",
        lambda p: -np.log(p).mean(): "That is the loss. What is e to it?",
        lambda p: np.exp(np.log(p).mean()):
            "Below 1, so unsure among less than one character: which sign is lost?",
        lambda p: np.exp(-np.log(p).sum()):
            "Is the surprise summed or averaged before e is raised to it?",
        lambda p: (1 / p).mean(): "Is it 1 / p that is averaged, or the surprises?",
        lambda p: 1 / p.mean():
            "Is it the probabilities that are averaged, or the surprises?",
        lambda p: np.exp(-np.log2(p).mean()):
            "Which logarithm belongs to e, and which to 2?",
        lambda p: np.exp(-np.log(p)):
            "One perplexity for each character: where is the average?",
        lambda p: np.exp(-(p * np.log(p)).sum()):
            "These are the characters that came: is one weighed by its p once more?",
    },
    right="8 texts of 1 to 5,000 characters",
)


# 5. Predict, then measure: how far to trust the memory?

def mixed_loop(p_one, p_none, shares) -> np.ndarray:
    rows = [[s * a + (1 - s) * b for a, b in zip(p_one, p_none, strict=True)]
            for s in shares]
    return np.array([-math.fsum(map(math.log, row)) / len(row) for row in rows])


def mixture(p=lambda a, b, s: s * a + (1 - s) * b, loss=lambda x: x.mean(axis=1)):
    """`mixed_losses`, or a mistake: how p is mixed, what is done with surprises."""
    return lambda a, b, shares: loss(-np.log(p(a, b, shares[:, None])))


mixed_losses = Check(
    "mixed_losses",
    cases=[
        Case(np.array([0.5]), np.array([0.25]), np.array([0.25])),
        Case(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.0, 0.5]),
             label="one pair was never seen"),
        Case(np.array([0.5, 0.1]), np.array([0.2, 0.3]), np.array([])),
        *(Case(*rng.uniform(1e-4, 1, (2, n)), np.sort(rng.random(m)))
          for n, m in ((4, 4), (7, 3), (1000, 11))),
    ],
    reference=mixed_loop,
    mistakes={
        mixture(lambda a, b, s: (1 - s) * a + s * b):
            "Which of the two models gets the share s, and which the rest?",
        mixture(lambda a, b, s: s * a + s * b):
            "If one model has the share s, what is left for the other?",
        mixture(lambda a, b, s: a**s * b ** (1 - s)):
            "Are the probabilities mixed, or their logarithms?",
        mixture(loss=lambda x: -x.mean(axis=1)):
            "Can an average surprise be below zero? Look at the sign.",
        mixture(loss=lambda x: x.sum(axis=1)): "Is the surprise summed or averaged?",
        mixture(loss=lambda x: x.mean(axis=0)):
            "One number for each share: over which axis is the average?",
        mixture(loss=lambda x: -np.log(np.exp(-x).mean(axis=1))):
            "Which comes first, the surprise or the average?",
        mixture(loss=lambda x: np.exp(x.mean(axis=1))):
            "That is the perplexity. Which step is one too many?",
        mixture(loss=lambda x: x.mean()):
            "That is one loss for all shares: over which axis is the average?",
    },
    right="6 mixtures with up to 11 shares of 1,000 characters",
)


# 6. A poem of your own

def form_loop(guess, position, length) -> dict[str, float]:
    if position == length:
        return {c: float(c == "/") for c in guess}
    rest = math.fsum(p for c, p in guess.items() if c != "/")
    return {c: 0.0 if c == "/" else p / rest for c, p in guess.items()}


def only(allowed, divide=True):
    """`keep_form` where a character stays if `allowed(it is "/", position, length)`."""
    def form(guess, at, n):
        kept = {c: p * allowed(c == "/", at, n) for c, p in guess.items()}
        total = sum(kept.values()) if divide else 1.0
        return {c: p / total for c, p in kept.items()}
    return form


example = {"a": 0.4, "b": 0.1, "/": 0.5}
places = [Case(dict(zip("春/月山风", p.tolist(), strict=True)), position, length)
          for length in (1, 5, 7) for position in range(length + 1)
          for p in [rng.dirichlet(np.ones(5))]]

keep_form = Check(
    "keep_form",
    cases=[
        Case(example, 3, 5),
        Case(example, 4, 5, label="room for one more"),
        Case(example, 5, 5, label="the line is full"),
        Case(example, 0, 5, label="nothing on the line"),
        Case({"/": 0.0, "a": 0.25, "b": 0.75}, 2, 7),
        *places,
    ],
    reference=form_loop,
    mistakes={
        lambda guess, position, length: guess:
            "At this place, which characters may not come?",
        only(lambda end, at, n: end == (at == n), divide=False):
            "What do they sum to now? Probabilities sum to 1.",
        only(lambda end, at, n: not end):
            "When the line is full, what is the only thing that may come?",
        only(lambda end, at, n: end or at < n):
            "While the line is not full, may `/` come?",
        only(lambda end, at, n: end == (at == n - 1)):
            "At position length - 1, is the line full already?",
        lambda guess, at, n: {
            c: 0.0 if c == "/" else p + guess["/"] / (len(guess) - 1)
            for c, p in guess.items()
        }: "Is `a` still as many times likelier than `b` as it was before?",
        lambda *given: {c: p for c, p in form_loop(*given).items() if p}:
            "Which characters of the guess are no longer in the dict?",
    },
    right="21 guesses at every place of lines of 1 to 7 characters",
)
