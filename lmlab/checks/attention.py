"""Checks of exercise 09: scores, masks, heads, a bug, and a head written by hand.

Each task is compared with plain loops over tokens, the smallest case first.
"""

import math
from collections.abc import Callable
from typing import NoReturn

import numpy as np

from lmlab.checks.compare import describe
from lmlab.checks.core import Case, CheckFailed, call, check_function, passed
from lmlab.checks.one_head import (
    head_cases,
    head_loop,
    one_head,
    scores_loop,
    softmax,
    weights,
)


def scaled_scores(attempt: Callable) -> None:
    """Check `scaled_scores(query, key)`: one dot product a pair, over sqrt(d)."""
    rng = np.random.default_rng(9)
    sizes = ((1, 1, 1), (3, 3, 3), (2, 5, 16), (60, 40, 64))
    query = np.array([[1.0, 0.0, 2.0, 0.0]])
    key = np.array([[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]])
    check_function(
        "scaled_scores", attempt,
        cases=[
            Case(query, key),
            *(Case(rng.normal(size=(n, d)), rng.normal(size=(m, d)),
                   label=f"{n} queries, {m} keys, d = {d}") for n, m, d in sizes),
        ],
        reference=scores_loop,
        question="Which query and which key meet in row i, column j?",
        mistakes={
            lambda q, k: q @ k.T: "What is the variance of a sum of d products, and "
                                  "what brings it back to 1?",
            lambda q, k: q @ k.T / q.shape[1]:
                "d is the variance: which divisor brings a variance of d to 1?",
            lambda q, k: q @ k.T * np.sqrt(q.shape[1]):
                "Should a larger d make the scores larger or smaller?",
            lambda q, k: q @ k.T / np.sqrt(len(k)):
                "d is the length of one query: which axis of the array is that?",
            lambda q, k: k @ q.T / np.sqrt(q.shape[1]):
                "Do the rows of your result belong to the queries or to the keys?",
            lambda q, k: softmax(q @ k.T / np.sqrt(q.shape[1])):
                "These are weights already: what is there before the softmax?",
        },
        right="5 sizes, up to 60 queries and 40 keys",
    )


def causal_mask(attempt: Callable) -> None:
    """Check `causal_mask(n)`: booleans, True on and below the diagonal."""
    check_function(
        "causal_mask", attempt,
        cases=[Case(n) for n in (3, 1, 2, 5, 64)],
        reference=lambda n: np.array([[j <= i for j in range(n)] for i in range(n)]),
        question="Row 1 is the second token: whom may it look at?",
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


def single_head(attempt: Callable) -> None:
    """Check `single_head(x, W_query, W_key, W_value, mask)` against a slow loop."""
    check_function(
        "single_head", attempt,
        cases=head_cases(),
        reference=head_loop,
        question="Follow one token: its query, its scores, its weights, its average. "
                 "Which is the first that differs from the formula?",
        mistakes={
            lambda x, Q, K, V, m: one_head(x, Q, K, V, m, scale=False):
                "Where does the square root of d_head come in?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, m, width=x.shape[1]):
                "d is the length of a query: is that d_model or d_head?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, None):
                "The mask came in as an argument: which line uses it?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, None if m is None else ~m):
                "True means may look: which scores did you hide?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, m, axis=0):
                "Whose weights sum to 1, a query's or a key's? Which axis is that?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, m, hidden=0.0):
                "What is exp(0)? Which score gets a weight of exactly 0?",
            lambda x, Q, K, V, m: one_head(x, Q, K, V, m, after=True):
                "Sum a row of weights after the mask: is it still 1?",
            lambda x, Q, K, V, m: weights(x @ Q.T, x @ K.T, m):
                "These are the weights: of what do they make an average?",
            lambda x, Q, K, V, m: weights(x @ Q.T, x @ K.T, m) @ x:
                "The weights are right. What does a token hand over, x or its value?",
            lambda x, Q, K, V, m: weights(x @ Q.T, x @ K.T, m) @ (x @ K.T):
                "The weights are right. Is it the keys that are averaged?",
            lambda x, Q, K, V, m: one_head(x, K, Q, V, m):
                "Rows are those who look: are they made with W_query?",
        },
        right="7 heads: with and without a mask, one token, scores up to 1e4",
    )


def split_heads(attempt: Callable) -> None:
    """Check `split_heads(x, n_heads)`: neighbouring features stay together."""
    sizes = ((2, 6, 3), (3, 4, 2), (3, 6, 1), (3, 6, 6), (1, 8, 4), (50, 64, 8))
    check_function(
        "split_heads", attempt,
        cases=[Case(np.arange(float(n * d)).reshape(n, d), heads)
               for n, d, heads in sizes],
        reference=lambda x, n_heads: np.array(
            [[row[h * len(row) // n_heads:(h + 1) * len(row) // n_heads] for row in x]
             for h in range(n_heads)]),
        question="Head 0 owns the first d_head numbers of every token: which are they?",
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


def merge_heads(attempt: Callable) -> None:
    """Check `merge_heads(heads)`: each token's heads end to end."""
    sizes = ((2, 3, 2), (3, 3, 2), (1, 3, 6), (6, 3, 1), (4, 1, 2), (8, 50, 8))
    check_function(
        "merge_heads", attempt,
        cases=[Case(np.arange(float(math.prod(size))).reshape(size)) for size in sizes],
        reference=lambda heads: np.array(
            [[v for head in heads for v in head[i]] for i in range(heads.shape[1])]),
        question="What should stand in row 0: whose numbers, and in which order?",
        mistakes={
            lambda h: h.reshape(h.shape[1], -1):
                "reshape reads in order: which number comes right after the first "
                "head of token 0?",
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


def score_variance(attempt: Callable) -> None:
    """Check `score_variance(d_head, sigma)` = d_head * sigma^4."""
    check_function(
        "score_variance", attempt,
        cases=[Case(*pair) for pair in ((3, 2.0), (1, 1.0), (64, 1.0), (64, 0.5))],
        reference=lambda d, sigma: sum((sigma * sigma) ** 2 for _ in range(d)),
        question="What is the variance of one product q * k, and how many are added?",
        mistakes={
            lambda d, s: float(d): "Right for sigma = 1. What is the variance of one "
                                   "product when both factors are spread by sigma?",
            lambda d, s: d * s**2: "A product has two factors that vary: how often "
                                   "does sigma squared come in?",
            lambda d, s: s**4: "That is one product: how many of them make a score?",
            lambda d, s: math.sqrt(d) * s**2:
                "This is the standard deviation: what is the variance?",
            lambda d, s: d**2 * s**4:
                "Variances of independent numbers add up: d of them, or d squared?",
            lambda d, s: 1.0: "That is the aim of the scale: what is it before?",
        },
        right="4 widths and spreads; the cell below measures one",
    )


def attention_weights(attempt: Callable) -> None:
    """Check `attention_weights(query, key)`: scale by sqrt(d), softmax over keys."""
    rng = np.random.default_rng(5)
    query = np.array([[2.0, 0.0, 0.0, 2.0], [0.0, 4.0, 0.0, 0.0]])
    sizes = ((4, 4, 4), (1, 6, 2), (5, 1, 9), (40, 60, 32))
    check_function(
        "attention_weights", attempt,
        cases=[
            Case(query, np.eye(4)[[0, 0, 1]]),
            *(Case(rng.normal(size=(n, d)), rng.normal(size=(m, d)),
                   label=f"{n} queries, {m} keys, d = {d}") for n, m, d in sizes),
        ],
        reference=lambda q, k: softmax(scores_loop(q, k)),
        question="What do your rows sum to, and what is the variance of your scores?",
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
            lambda q, k: softmax(q @ k.T / q.shape[1]):
                "d is the variance: which divisor brings a variance of d to 1?",
            lambda q, k: q @ k.T / np.sqrt(q.shape[1]):
                "The scores are right: what turns them into weights?",
            lambda q, k: softmax(k @ q.T / np.sqrt(q.shape[1])):
                "Do the rows of your result belong to the queries or to the keys?",
        },
        right="5 sizes, up to 40 queries and 60 keys",
    )


def copy_previous(attempt: Callable) -> None:
    """Check the three matrices of a head that carries the previous token along."""
    rng = np.random.default_rng(2)
    for n_chars, line in (
        (2, [0, 1, 1]),
        (3, [2, 0]),
        (5, [0, 1, 2, 3, 4]),
        *((9, rng.integers(9, size=n).tolist()) for n in (4, 8, 12)),
    ):
        n_places = max(len(line), 3)
        title = f"copy_previous({n_chars}, {n_places}) on the line {line}"
        made = call("copy_previous", attempt, n_chars, n_places, text=title)
        query, key, value = _three_matrices(title, made, n_chars, n_places)
        _copies(title, query, key, value, n_chars, n_places, line)
    passed("copy_previous", "6 lines of 2 to 12 characters, repeats among them")


def _three_matrices(title, made, n_chars, n_places) -> tuple[np.ndarray, ...]:
    d_model = n_chars + n_places
    if not isinstance(made, tuple | list) or len(made) != 3:
        _stop(title, f"returned {describe(made)}      expected W_query, W_key, W_value",
              "Are the three matrices returned, in this order?")
    for name, W in zip(("W_query", "W_key", "W_value"), made, strict=True):
        if np.ndim(W) != 2 or np.shape(W)[1] != d_model:
            wanted = n_chars if name == "W_value" else "d_head"
            _stop(title, f"{name} has shape {np.shape(W)}      "
                  f"expected ({wanted}, {d_model})",
                  "Each row of W makes one number out of a token's n_chars + n_places.")
    query, key, value = (np.asarray(W, float) for W in made)
    if len(query) != len(key):
        _stop(title, f"W_query has {len(query)} rows, W_key has {len(key)}      "
              "expected as many in both",
              "A query and a key meet in a dot product: how long is each?")
    if len(value) != n_chars:
        _stop(title, f"W_value has {len(value)} rows      expected {n_chars}",
              "How many numbers say which character it is?")
    return query, key, value


def _copies(title, query, key, value, n_chars, n_places, line) -> None:
    x = np.zeros((len(line), n_chars + n_places))
    x[range(len(line)), line] = 1
    x[range(len(line)), n_chars + np.arange(len(line))] = 1
    mask = np.tril(np.ones((len(line), len(line)), bool))
    looks = weights(x @ query.T, x @ key.T, mask)
    for i in range(1, len(line)):
        row = looks[i, :i + 1]
        if row[i - 1] >= 0.99:
            continue
        question = "Which place does the query of place p have to match?"
        if np.ptp(row) < 1e-9:
            question = (f"All scores of token {i} are equal: which place does it ask "
                        "for, and may it look there?")
        elif row.argmax() == i:
            question = "Each looks at itself: which place should place p ask for?"
        elif row.argmax() == i - 1:
            question = "The right place, too softly: how large must a score be?"
        _stop(title, f"token {i} looks with {describe(row.round(2))}      "
              f"expected 0.99 or more at token {i - 1}", question)
    output = looks @ (x @ value.T)
    wanted = np.eye(n_chars)[[line[max(i - 1, 0)] for i in range(len(line))]]
    for i in range(len(line)):
        if not np.allclose(output[i], wanted[i], atol=0.05):
            _stop(title, f"token {i} looks at the right one and gets "
                  f"{describe(output[i])}      expected {describe(wanted[i])}",
                  "Which part of a token says what character it is, and does W_value "
                  "hand over that part alone?")


def _stop(title: str, line: str, question: str) -> NoReturn:
    raise CheckFailed(f"{title}: not yet", f"    {line}", question)
