"""Checks of exercise 00: counts, smoothing, a draw, perplexity, mixing, form.

Each task is compared with plain loops, on cases from a pencil's size to poems.
"""

import math
from collections import Counter
from collections.abc import Callable

import numpy as np

from lmlab.checks.core import Case, check_function
from lmlab.checks.guesses import add_k, first_above, piece

QUATRAIN = "/床前明月光/疑是地上霜/举头望明月/低头思故乡/"


def count_following(attempt: Callable) -> None:
    """Check `count_following(texts)`: neighbours in each text, counted."""
    rng = np.random.default_rng(0)
    drawn = ["".join(rng.choice(list("abc/"), size=n)) for n in (0, 1, 2, 30, 300)]

    def pairs(texts, step=1):
        return [(t[i], t[i + 1]) for t in texts for i in range(0, len(t) - 1, step)]

    check_function(
        "count_following", attempt,
        cases=[
            Case(["abcd"]),
            Case(["abcab"]),
            Case(["aaa"]),
            Case(["ab", "ca"]),
            Case(["/aab/", "/ab/"]),
            Case(["", "a"], label="nothing to count"),
            Case([QUATRAIN]),
            *(Case(drawn[:n]) for n in (3, 4, 5)),
        ],
        reference=lambda texts: _counts(pairs(texts)),
        question="Which pairs of neighbours does this text have, by hand?",
        mistakes={
            lambda texts: _counts(pairs(["".join(texts)])):
                "Does the end of one text count as coming before the next text?",
            lambda texts: _counts([(b, a) for a, b in pairs(texts)]):
                "Which of the two is the key: the one before, or the one after?",
            lambda texts: _counts(pairs(texts, step=2)):
                "Each character but the last begins a pair: which are left out?",
            lambda texts: _counts(set(pairs(texts))):
                "How often does that pair come? It was counted once.",
            lambda texts: _counts(pairs([t[:-1] for t in texts])):
                "Is the last pair of each text there?",
            lambda texts: _counts(pairs([t[1:] for t in texts])):
                "Is the first pair of each text there?",
            lambda texts: _counts(pairs(texts[-1:])):
                "Do the counts of the earlier texts survive when the next one begins?",
            lambda texts: {c: {} for c in "".join(texts)} | _counts(pairs(texts)):
                "Nothing comes after the last character. Does it need a key?",
            lambda texts: Counter("".join(texts)):
                "That says how often each one comes. What comes right after it?",
        },
        right="10 lists of texts (empty ones, runs of one character, a poem)",
    )


def smoothed(attempt: Callable) -> None:
    """Check `smoothed(counts, alphabet, k)`: add-k, over the whole alphabet."""
    rng, letters = np.random.default_rng(1), "abcdefghijklmnopqrstuvwxyz"
    many = [Counter(dict(zip(letters, map(int, row), strict=True)))
            for row in rng.integers(0, 9, size=(4, 26))]

    check_function(
        "smoothed", attempt,
        cases=[
            Case(Counter("aab"), "abc", 1.0),
            Case(Counter("aab"), "abc", 0.5),
            Case(Counter(), "abcd", 1.0, label="nothing was counted"),
            Case(Counter("aaaa"), "a", 0.1),
            Case(Counter("ba"), "abcde", 1e-6),
            *(Case(counts, letters, float(rng.uniform(0.01, 2))) for counts in many),
        ],
        reference=add_k(),
        question="What is each count after adding k, and what do they all add up to?",
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
            add_k(seen=True):
                "Does the loop run over what was seen, or over the whole alphabet?",
            lambda counts, alphabet, k: {
                c: (counts[c] or k) / sum(counts[a] or k for a in alphabet)
                for c in alphabet
            }: "Does a character that was seen get its k too?",
        },
        right="9 sets of counts (none at all, one character, a tiny k)",
    )


def draw(attempt: Callable) -> None:
    """Check `draw(guess, u)`: the piece of the ruler on which u falls."""
    rng = np.random.default_rng(2)
    three = {"a": 0.25, "b": 0.5, "c": 0.25}
    tenths = dict.fromkeys("abcdefghij", 0.1)
    random = []
    for _ in range(40):
        p = rng.dirichlet(np.ones(6))
        random.append(Case(dict(zip("fbdace", p.tolist(), strict=True)), rng.random()))
    check_function(
        "draw", attempt,
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
            *random,
            Case(tenths, math.nextafter(1, 0), label="u a little below 1, the sum too"),
        ],
        reference=piece,
        question="Where does each piece of the ruler begin and end?",
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
        },
        right="52 draws (on borders, a piece of length 0, u next to 1)",
    )


def perplexity(attempt: Callable) -> None:
    """Check `perplexity(p)`: e to the mean surprise, for long texts too."""
    rng = np.random.default_rng(3)
    check_function(
        "perplexity", attempt,
        cases=[
            Case(np.array([0.5])),
            Case(np.array([0.5, 0.125])),
            Case(np.array([1.0, 1.0]), label="never surprised"),
            Case(np.full(4, 1 / 2484), label="knows nothing of 2,484"),
            *(Case(rng.uniform(0.01, 1, size=n)) for n in (3, 7, 50)),
            Case(rng.uniform(1e-3, 1e-2, size=5000), label="a long text"),
        ],
        reference=lambda p: math.exp(-math.fsum(map(math.log, p.tolist())) / len(p)),
        question="What are the surprises, their average, and e to that?",
        mistakes={
            lambda p: np.prod(p) ** (-1 / len(p)):
                "Right on paper. What is the product of 5,000 small numbers here?",
            lambda p: -np.log(p).mean(): "That is the loss. What is e to it?",
            lambda p: np.exp(np.log(p).mean()):
                "Below 1, so unsure among less than one character: which sign is lost?",
            lambda p: np.exp(-np.log(p).sum()):
                "Is the surprise summed or averaged before e is raised to it?",
            lambda p: (1 / p).mean():
                "Is it 1 / p that is averaged, or the surprises?",
            lambda p: 1 / p.mean():
                "Is it the probabilities that are averaged, or the surprises?",
            lambda p: np.exp(-np.log2(p).mean()):
                "Which logarithm belongs to e, and which to 2?",
        },
        right="8 texts of 1 to 5,000 characters",
    )


def mixed_losses(attempt: Callable) -> None:
    """Check `mixed_losses(p_one, p_none, shares)` against plain loops."""
    rng = np.random.default_rng(4)

    def reference(p_one, p_none, shares):
        p = [[s * a + (1 - s) * b for a, b in zip(p_one, p_none, strict=True)]
             for s in shares]
        return np.array([-math.fsum(map(math.log, row)) / len(row) for row in p])

    def of(
        mixed=lambda a, b, s: s * a + (1 - s) * b,
        end=lambda surprises: surprises.mean(axis=1),
    ):
        return lambda a, b, s: end(-np.log(mixed(a, b, s[:, None])))

    check_function(
        "mixed_losses", attempt,
        cases=[
            Case(np.array([0.5]), np.array([0.25]), np.array([0.25])),
            Case(np.array([1.0, 0.0]), np.array([0.5, 0.5]), np.array([0.0, 0.5]),
                 label="one pair was never seen"),
            Case(np.array([0.5, 0.1]), np.array([0.2, 0.3]), np.array([])),
            *(Case(rng.uniform(1e-4, 1, n), rng.uniform(1e-4, 1, n),
                   np.sort(rng.random(m))) for n, m in ((4, 4), (7, 3), (1000, 11))),
        ],
        reference=reference,
        question="For one share: what is the mixture, and what its average surprise?",
        mistakes={
            of(lambda a, b, s: (1 - s) * a + s * b):
                "Which of the two models gets the share s, and which the rest?",
            of(lambda a, b, s: s * a + s * b):
                "If one model has the share s, what is left for the other?",
            of(lambda a, b, s: a ** s * b ** (1 - s)):
                "Are the probabilities mixed, or their logarithms?",
            of(end=lambda x: -x.mean(axis=1)):
                "Can an average surprise be below zero? Look at the sign.",
            of(end=lambda x: x.sum(axis=1)):
                "Is the surprise summed or averaged?",
            of(end=lambda x: x.mean(axis=0)):
                "One number for each share: over which axis is the average?",
            of(end=lambda x: -np.log(np.exp(-x).mean(axis=1))):
                "Which comes first, the surprise or the average?",
            of(end=lambda x: np.exp(x.mean(axis=1))):
                "That is the perplexity. Which step is one too many?",
        },
        right="6 mixtures with up to 11 shares of 1,000 characters",
    )


def keep_form(attempt: Callable) -> None:
    """Check `keep_form(guess, position, length)` against plain loops."""
    rng = np.random.default_rng(5)
    guess = {"a": 0.4, "b": 0.1, "/": 0.5}
    random = []
    for length in (1, 5, 7):
        p = dict(zip("春/月山风", rng.dirichlet(np.ones(5)).tolist(), strict=True))
        random += [Case(p, position, length) for position in range(length + 1)]

    def reference(guess, position, length):
        if position == length:
            return {c: float(c == "/") for c in guess}
        rest = math.fsum(p for c, p in guess.items() if c != "/")
        return {c: 0.0 if c == "/" else p / rest for c, p in guess.items()}

    def only(allowed, divide=True):
        def wrong(guess, at, n):
            kept = {c: p * allowed(c == "/", at, n) for c, p in guess.items()}
            total = sum(kept.values()) if divide else 1.0
            return {c: p / total for c, p in kept.items()}
        return wrong

    check_function(
        "keep_form", attempt,
        cases=[
            Case(guess, 3, 5),
            Case(guess, 4, 5, label="room for one more"),
            Case(guess, 5, 5, label="the line is full"),
            Case(guess, 0, 5, label="nothing on the line"),
            Case({"/": 0.0, "a": 0.25, "b": 0.75}, 2, 7),
            *random,
        ],
        reference=reference,
        question="Which characters may come at this place, and what do they sum to?",
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
            lambda *given: {c: p for c, p in reference(*given).items() if p}:
                "Which characters of the guess are no longer in the dict?",
        },
        right="21 guesses at every place of lines of 1 to 7 characters",
    )


def _counts(pairs) -> dict[str, dict[str, int]]:
    following: dict[str, dict[str, int]] = {}
    for first, second in pairs:
        row = following.setdefault(first, {})
        row[second] = row.get(second, 0) + 1
    return following
