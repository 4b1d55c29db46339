"""Checks of exercise 09: scores, masks, heads, a bug, and a head written by hand.

Each task is compared with plain loops over tokens, the smallest case first. How a
check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np

from lmlab.checks.compare import describe
from lmlab.checks.core import Case, Check, CheckFailed

rng = np.random.default_rng(9)


def softmax(scores, axis=-1) -> np.ndarray:
    """Positive parts that sum to 1 along `axis`."""
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


# 1. Scaled scores

def scores_loop(query, key) -> np.ndarray:
    """(queries, keys), a dot product at a time."""
    d = query.shape[1]
    return np.array([[math.fsum(q * k) / math.sqrt(d) for k in key] for q in query])


def pairs(*sizes) -> list[Case]:
    """Queries (n, d) and keys (m, d) for each (n, m, d)."""
    return [Case(rng.normal(size=(n, d)), rng.normal(size=(m, d)),
                 label=f"{n} queries, {m} keys, d = {d}") for n, m, d in sizes]


ROOT = "d is the variance: which divisor brings a variance of d to 1?"
WHOSE = "Do the rows of your result belong to the queries or to the keys?"

scaled_scores = Check(
    "scaled_scores",
    cases=[
        Case(np.array([[1.0, 0.0, 2.0, 0.0]]),
             np.array([[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])),
        *pairs((1, 1, 1), (3, 3, 3), (2, 5, 16), (60, 40, 64)),
    ],
    reference=scores_loop,
    mistakes={
        lambda q, k: q @ k.T:
            "What is the variance of a sum of d products, and what brings it to 1?",
        lambda q, k: q @ k.T / q.shape[1]: ROOT,
        lambda q, k: q @ k.T * np.sqrt(q.shape[1]):
            "Should a larger d make the scores larger or smaller?",
        lambda q, k: q @ k.T / np.sqrt(len(k)):
            "d is the length of one query: which axis of the array is that?",
        lambda q, k: q @ k.T / np.sqrt(len(q)):
            "len(query) counts the queries: which axis holds the numbers of one?",
        lambda q, k: k @ q.T / np.sqrt(q.shape[1]): WHOSE,
        lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1])):
            "These are weights already: what is there before the softmax?",
    },
    right="5 sizes, up to 60 queries and 40 keys",
)


# 2. The causal mask

causal_mask = Check(
    "causal_mask",
    cases=[Case(n) for n in (3, 1, 2, 5, 64)],
    reference=lambda n: np.array([[j <= i for j in range(n)] for i in range(n)]),
    mistakes={
        lambda n: np.triu(np.ones((n, n), bool)):
            "Row 0 is the first token: what lies in its future?",
        lambda n: ~np.tril(np.ones((n, n), bool)):
            "True means may look: is the future what a token may look at?",
        lambda n: np.tril(np.ones((n, n), bool), -1):
            "May a token look at itself? What would the first one see otherwise?",
        lambda n: np.tril(np.ones((n, n), bool), 1):
            "How many tokens may the first one look at?",
        lambda n: np.ones((n, n), bool): "Which entries should be hidden?",
        lambda n: np.eye(n, dtype=bool): "Is the past hidden as well?",
        lambda n: np.tril(np.ones((n, n))):
            "The pattern is right: how does an array come to hold True and False?",
        lambda n: np.where(np.tril(np.ones((n, n))) > 0, 0.0, -np.inf):
            "That one is to be added to scores: what says may look, or may not?",
    },
    right="5 lengths from 1 to 64",
)


# 3. A single head

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


def head(weigh=None, hide=lambda s, m: np.where(m, s, -np.inf), axis=-1,
         width=lambda x, Q: len(Q), values=lambda x, K, V: x @ V.T):
    """`single_head`, or a mistake: the divisor, the mask, the axis, what is averaged.

    hide: scores and mask to scores; weigh: scores and mask to weights.
    """
    def single_head(x, Q, K, V, mask):
        scores = (x @ Q.T) @ (x @ K.T).T / math.sqrt(width(x, Q))
        if weigh:
            return weigh(scores, mask) @ values(x, K, V)
        shown = scores if mask is None else hide(scores, mask)
        return softmax(shown, axis) @ values(x, K, V)
    return single_head


def random_head(n, d_model, d_head, d_value, mask=None, label="", size=1.0) -> Case:
    x = (size * rng.normal(size=(n, d_model))).round(1)
    shapes = (d_head, d_model), (d_head, d_model), (d_value, d_model)
    return Case(x, *(rng.normal(size=s).round(1) for s in shapes), mask, label=label)


def low_scores(*x) -> Case:
    """The causal mask over scores -x_i x_j: of the first token, only its own counts."""
    one, n = np.array([[1.0]]), len(x)
    return Case(np.array(x)[:, None], -one, one, one, causal[:n, :n],
                label=f"the first token's own score is {-x[0]**2:.0e}")


causal = np.tril(np.ones((12, 12), bool))
pencil = (np.array([[1.0, 0.0], [0.0, 2.0]]),
          np.array([[2.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0]]),
          np.array([[1.0, 1.0], [0.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
          np.array([[1.0, 0.0], [0.0, 3.0]]))

single_head = Check(
    "single_head",
    cases=[
        Case(*pencil, None),
        Case(*pencil, causal[:2, :2], label="causal mask"),
        random_head(3, 3, 3, 3, label="3 tokens, no mask"),
        random_head(5, 6, 2, 3, causal[:5, :5], label="5 tokens, causal mask"),
        random_head(4, 3, 2, 2, label="large scores, no mask", size=300.0),
        low_scores(1e6, 1.0),
        low_scores(2e6, 1e6, 1.0),
        random_head(1, 4, 2, 2, causal[:1, :1], label="one token"),
        random_head(9, 8, 4, 5, causal[:9, :9] | (np.arange(9) < 4),
                    label="all see the first 4"),
        random_head(6, 8, 4, 4, causal[:6, :6], label="large scores", size=30.0),
    ],
    reference=head_loop,
    mistakes={
        head(width=lambda x, Q: 1): "Where does the square root of d_head come in?",
        head(width=lambda x, Q: len(Q) ** 2):
            "By d in all: the root forgotten, or did scaled_scores divide already?",
        head(width=lambda x, Q: x.shape[1]):
            "d is the length of a query: is that d_model or d_head?",
        head(width=lambda x, Q: len(x)):
            "d is the length of a query: what does len(x) count?",
        head(lambda s, m: softmax(s)):
            "The mask came in as an argument: which line uses it?",
        head(lambda s, m: softmax(np.where(m, s, -np.inf))):
            "With mask = None everyone may look: what does np.where make of None?",
        head(hide=lambda s, m: np.where(m, -np.inf, s)):
            "True means may look: which scores did you hide?",
        head(hide=lambda s, m: s * m):
            "A score of 0 still counts as e^0 = 1: which gets a weight of exactly 0?",
        head(hide=lambda s, m: s + ~m * -np.inf):
            "What is 0 times infinity? Choose a score, do not multiply.",
        **{head(hide=lambda s, m, low=low: np.where(m, s, low)):
            "A score that may be seen can be lower still: below which number is none?"
           for low in (-30.0, -50.0, -100.0, -1e4, -1e9)},
        lambda *given: head()(*given[:4], None if given[4] is None else given[4].T):
            "Whose row of the mask is it: who looks, or who is looked at?",
        head(lambda s, m: softmax(s) * (True if m is None else m)):
            "Sum a row of weights after the mask: is it still 1?",
        head(lambda s, m: (w := softmax(s) * (True if m is None else m))
             / w.sum(axis=1, keepdims=True)):
            "If the hidden scores take all, what is left to divide? Hide them before.",
        head(axis=0):
            "Whose weights sum to 1, a query's or a key's? Which axis is that?",
        head(values=lambda x, K, V: np.eye(len(x))):
            "These are the weights: of what do they make an average?",
        head(values=lambda x, K, V: x):
            "The weights are right. What does a token hand over, x or its value?",
        head(values=lambda x, K, V: x @ K.T):
            "The weights are right. Is it the keys that are averaged?",
        lambda x, Q, K, V, m: head()(x, K, Q, V, m):
            "Rows are those who look: are they made with W_query?",
    },
    right="10 heads: with and without a mask, one token, scores down to -4e12",
)


# 4. Split and merge heads

split_heads = Check(
    "split_heads",
    cases=[Case(np.arange(float(n * d)).reshape(n, d), n_heads) for n, d, n_heads in
           ((2, 6, 3), (3, 4, 2), (3, 6, 1), (3, 6, 6), (1, 8, 4), (50, 64, 8))],
    reference=lambda x, n_heads: np.array(
        [[row[h * len(row) // n_heads:(h + 1) * len(row) // n_heads] for row in x]
         for h in range(n_heads)]),
    mistakes={
        lambda x, h: x.reshape(h, len(x), -1):
            "Does head 0 hold numbers of every token, or all numbers of the first?",
        lambda x, h: x.reshape(len(x), h, -1):
            "Heads are cut, but which axis comes first in the result?",
        lambda x, h: x.reshape(len(x), -1, h).transpose(2, 0, 1):
            "Are the numbers of head 0 neighbours in x, or n_heads apart?",
        lambda x, h: x.reshape(len(x), h, -1).transpose(1, 2, 0):
            "Which axis should be last, the tokens or the features?",
        lambda x, h: x: "Into how many arrays should x be cut?",
    },
    right="6 sizes, from one head to a head for each feature",
)

merge_heads = Check(
    "merge_heads",
    cases=[Case(np.arange(float(math.prod(size))).reshape(size)) for size in
           ((2, 3, 2), (3, 3, 2), (1, 3, 6), (6, 3, 1), (4, 1, 2), (8, 50, 8))],
    reference=lambda heads: np.array(
        [[v for head in heads for v in head[i]] for i in range(heads.shape[1])]),
    mistakes={
        lambda h: h.reshape(h.shape[1], -1):
            "reshape reads in order: what comes right after the first head of token 0?",
        lambda h: h.reshape(-1, h.shape[2]):
            "How many rows should there be, one per token or one per head?",
        lambda h: h.transpose(1, 2, 0).reshape(h.shape[1], -1):
            "Do the numbers of one head stay side by side?",
        lambda h: h.transpose(1, 0, 2):
            "Tokens come first now: how do the last two axes become one?",
        lambda h: h.sum(axis=0): "Are heads added, or put end to end?",
    },
    right="6 sizes, from one head to a head for each feature",
)


# 5. Predict, then find the bug

score_variance = Check(
    "score_variance",
    cases=[Case(*pair) for pair in ((3, 2.0), (1, 1.0), (64, 1.0), (64, 0.5))],
    reference=lambda d, sigma: math.fsum((sigma * sigma) ** 2 for _ in range(d)),
    mistakes={
        lambda d, s: float(d):
            "Right for sigma = 1. How much does a product of two wider numbers vary?",
        lambda d, s: d * s**2:
            "Both factors of a product vary: how often does sigma squared come in?",
        lambda d, s: s**4: "That is one product: how many of them make a score?",
        lambda d, s: math.sqrt(d) * s**2:
            "This is the standard deviation: what is the variance?",
        lambda d, s: d**2 * s**4:
            "Variances of independent numbers add up: d of them, or d squared?",
        lambda d, s: s**4 / d: "Is a score the sum of d products, or their mean?",
        lambda d, s: 1.0: "That is the aim of the scale: what is it before?",
    },
    right="4 widths and spreads; the cell below measures one",
)

attention_weights = Check(
    "attention_weights",
    cases=[
        Case(np.array([[2.0, 0.0, 0.0, 2.0], [0.0, 4.0, 0.0, 0.0]]),
             np.eye(4)[[0, 0, 1]]),
        *pairs((4, 4, 4), (1, 6, 2), (5, 1, 9), (40, 60, 32)),
    ],
    reference=lambda q, k: softmax(scores_loop(q, k)),
    mistakes={
        lambda q, k: softmax(q @ k.T / np.sqrt(len(q)), 0):
            "This is the buggy one. Which axis are the keys, which one is d?",
        lambda q, k: softmax(q @ k.T / np.sqrt(len(q))):
            "Each row sums to 1 now. What does len(query) count?",
        lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1]), 0):
            "The scale is right now. Which sums are 1, those of rows or columns?",
        lambda q, k: softmax(q @ k.T):
            "Each row sums to 1. What did the scale bring down, and where is it?",
        lambda q, k: softmax(q @ k.T / np.sqrt(len(k))):
            "Each row sums to 1 now. What does len(key) count?",
        lambda q, k: softmax(q @ k.T / q.shape[1]): ROOT,
        lambda q, k: q @ k.T / np.sqrt(q.shape[1]):
            "The scores are right: what turns them into weights?",
        lambda q, k: softmax(k @ q.T / np.sqrt(q.shape[1])): WHOSE,
    },
    right="5 sizes, up to 40 queries and 60 keys",
)


# 6. Weights by hand: copy the previous token

ITSELF = "It looks at itself: which place should place p ask for?"
SOFT = "The right place, too softly: how large must that score be?"
EQUAL = "Its scores are all equal: which place does it ask for, and may it look there?"
BLOCKS = "Which block of a token comes first, the character or the place?"
VALUE = "Which part of a token says its character? Does W_value take that alone?"
SHAPES = "One row of W makes one number out of all n_chars + n_places: which shape?"
LENGTHS = "A query and a key meet in a dot product: how long is each?"


def copier(look=-1, strength=100.0, place_first=False, value=lambda chars, _: chars):
    """`copy_previous`, or a mistake; place p asks for place p + look."""
    def copy_previous(n_chars, n_places):
        one = np.eye(n_chars + n_places)
        chars, places = one[:n_chars], one[n_chars:]
        if place_first:
            places, chars = one[:n_places], one[n_places:]
        W_query = strength * np.eye(n_places, k=-look) @ places
        return W_query, places, value(chars, places)
    return copy_previous


def copies(call) -> None:
    for n_chars, line in LINES:
        n_places = max(len(line), 3)
        tried = f"copy_previous({n_chars}, {n_places}) on the line {line}"
        query, key, value = three_matrices(
            tried, call(n_chars, n_places, text=tried), n_chars, n_chars + n_places)
        chars, places = np.eye(n_chars)[line], np.eye(n_places)[:len(line)]
        x = np.hstack([chars, places])                    # (n, d_model)
        looks = look(query, key, x)
        wrong = first_wrong(looks)
        if wrong:
            row = looks[wrong, :wrong + 1]
            swapped = look(query, key, np.hstack([places, chars]))
            not_yet(
                tried,
                f"token {wrong} gives {share(row[-2])} of its weight to token "
                f"{wrong - 1}      expected 0.99 or more      all its weights: "
                f"{describe(row.round(2))}",
                question(row, not first_wrong(swapped)),
            )
        output = looks @ (x @ value.T)
        for i in range(len(line)):
            wanted = chars[max(i - 1, 0)]
            if not np.allclose(output[i], wanted, atol=0.05):
                not_yet(tried, f"token {i} looks where it should, gets "
                        f"{describe(output[i])}      expected {describe(wanted)}",
                        VALUE)


def look(query, key, x) -> np.ndarray:
    """Weights (n, n) of the head with the causal mask."""
    scores = scores_loop(x @ query.T, x @ key.T)
    return softmax(np.where(causal[:len(x), :len(x)], scores, -np.inf))


def first_wrong(looks) -> int:
    """The first token that gives less than 0.99 to the one before, or 0."""
    return next((i for i in range(1, len(looks)) if not looks[i, i - 1] >= 0.99), 0)


def share(weight: float) -> str:
    """With as many digits as tell it from 0.99."""
    return describe(weight, 4 if weight < 0.98 else 12)


def question(row, swapped: bool) -> str:
    """The question for a token's weights; swapped: right if the place came first."""
    if swapped:
        return BLOCKS
    if np.ptp(row) < 1e-9:
        return EQUAL
    if max(row[-2:]) > 0.5:
        return SOFT if row[-2] > row[-1] else ITSELF
    return f"With whose key does the query of place {len(row) - 1} agree most?"


def three_matrices(tried, made, n_chars: int, d_model: int) -> list[np.ndarray]:
    query, key, value = matrices = [np.asarray(W, float) for W in made]
    for name, W in zip(("W_query", "W_key", "W_value"), matrices, strict=True):
        rows = n_chars if name == "W_value" else "d_head"
        if W.ndim != 2 or W.shape[1] != d_model or rows not in ("d_head", len(W)):
            not_yet(tried, f"{name} has shape {W.shape}      expected "
                    f"({rows}, {d_model})", SHAPES)
    if len(query) != len(key):
        not_yet(tried, f"W_query has {len(query)} rows, W_key has {len(key)}      "
                "expected as many in both", LENGTHS)
    return matrices


def not_yet(tried: str, line: str, asked: str) -> None:
    raise CheckFailed(f"{tried}: not yet", f"    {line}", asked)


LINES = [(2, [0, 1, 1]), (3, [2, 0]), (5, [0, 1, 2, 3, 4]),
         *((9, rng.integers(9, size=n).tolist()) for n in (4, 8, 12))]

copy_previous = Check(
    "copy_previous",
    properties=[copies],
    mistakes={
        copier(look=0): ITSELF,
        copier(strength=1.0): SOFT,
        copier(look=1): EQUAL,
        copier(place_first=True): BLOCKS,
        copier(value=lambda chars, places: chars + places[:1]): VALUE,
        lambda n_chars, n_places: [W.T for W in copier()(n_chars, n_places)]: SHAPES,
        lambda n_chars, n_places: (copier()(n_chars, n_places)[0][1:],
                                   *copier()(n_chars, n_places)[1:]): LENGTHS,
    },
    right="6 lines of 2 to 12 characters, repeats among them",
)
