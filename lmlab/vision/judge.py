"""How good are drawn digits? Four marks, each blind to what another sees.

Lesson 20 draws in four ways and marks all alike. A judge that knows digits says whether
they are what was asked for; distances between pictures say how various they are, how
many are copies, and whether they can be told from real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from lmlab.page import show

COPY = 1.0  # no held-out digit lies as near as this to a training digit


class Digits(NamedTuple):
    """Pictures (n, 64), -1 for paper to 1 for ink, with labels (n,)."""

    train: np.ndarray
    train_labels: np.ndarray
    held_out: np.ndarray
    held_out_labels: np.ndarray


def digits() -> Digits:
    """Return 1,297 digits to learn from, and 500 that nobody learns from."""
    X, y = load_digits(return_X_y=True)
    train, held_out, train_labels, held_out_labels = train_test_split(
        X / 8 - 1, y, test_size=500, random_state=0, stratify=y)
    return Digits(train, train_labels, held_out, held_out_labels)


@cache
def judge() -> SVC:
    """Return a support vector machine that names digits, 99 % of new ones rightly."""
    data = digits()
    return SVC(C=10).fit(data.train, data.train_labels)


def spread(pictures: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean distance of two pictures of one digit; of real ones, 1."""
    def within(X, y):
        return np.mean([cdist(X[y == c], X[y == c]).sum()
                        / ((y == c).sum() * ((y == c).sum() - 1))
                        for c in np.unique(y) if (y == c).sum() > 1])

    data = digits()
    return within(pictures, labels) / within(data.held_out, data.held_out_labels)


def told(pictures: np.ndarray, real: np.ndarray) -> float:
    """Return the share of pictures whose nearest neighbour is of their own kind.

    Half the guesses are right where drawn ones cannot be told from real ones (Lopez-Paz
    and Oquab 2017, arXiv 1610.06545, section 3, with the nearest neighbour as guess).
    """
    both = np.concatenate([pictures, real])
    apart = cdist(both, both)
    np.fill_diagonal(apart, np.inf)
    kind = np.arange(len(both)) < len(pictures)
    return float((kind[apart.argmin(axis=1)] == kind).mean())


def copies(pictures: np.ndarray) -> float:
    """Return the share that is nearer than `COPY` to a digit of the training set."""
    return float((cdist(pictures, digits().train).min(axis=1) < COPY).mean())


def marks(pictures: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Return the four marks of pictures (500, 64) and the digits asked for, (500,).

    They are 500 because so many are held out: then half of all guesses are luck.
    """
    if pictures.shape != (500, 64) or asked.shape != (500,):
        raise ValueError("pictures and asked must have shapes (500, 64) and (500,): "
                         f"got {pictures.shape} and {asked.shape}")
    return {"judged": float((judge().predict(pictures) == asked).mean()),
            "spread": spread(pictures, asked),
            "told": told(pictures, digits().held_out),
            "copies": copies(pictures)}


def report(sheets: Mapping[str, ArrayLike]) -> None:
    """Show the marks of each 500 pictures, asked for as 0 to 9 in turn, as a table."""
    found = {name: marks(np.asarray(pictures, float), np.arange(500) % 10)
             for name, pictures in sheets.items()}
    show.table([(name, *(f"{m[k]:.0%}" for k in ("judged", "told", "copies")),
                 f"{m['spread']:.1f}") for name, m in found.items()],
               ["500 pictures", "as asked", "told", "copies", "spread"])
