"""Check of exercise 15, task 5: every pair lifts one score and lowers another."""

import math
from collections.abc import Callable

import numpy as np

from lmlab.checks.core import Case, check_function


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def _push(score, better, worse, learning_rate):
    pushed = [float(s) for s in score]
    for i, j in zip(better, worse, strict=True):
        pull = sigmoid(float(score[j] - score[i]))
        pushed[i] += learning_rate * pull
        pushed[j] -= learning_rate * pull
    return np.array(pushed)


def push(attempt: Callable) -> None:
    """Check `push(...)`: better up, worse down, a poem in several pairs adds up."""
    rng = np.random.default_rng(15)

    def variant(gap_sign=1, up=1, down=-1, add=True, level=None):
        def wrong(score, better, worse, learning_rate):
            gap = gap_sign * (score[better] - score[worse])
            pull = 1 / (1 + np.exp(gap)) if level is None else np.full(gap.shape, level)
            pushed = score.copy()
            for ids, sign in ((better, up), (worse, down)):
                if add:
                    np.add.at(pushed, ids, sign * learning_rate * pull)
                else:
                    pushed[ids] += sign * learning_rate * pull
            return pushed
        return wrong

    def one_by_one(score, better, worse, learning_rate):
        pushed = score.copy()
        for i, j in zip(better, worse, strict=True):
            pull = learning_rate * sigmoid(float(pushed[j] - pushed[i]))
            pushed[i] += pull
            pushed[j] -= pull
        return pushed

    def mean(score, better, worse, learning_rate):
        return _push(score, better, worse, learning_rate / len(better))

    def pairs(poems, count):
        better = rng.integers(poems, size=count)
        worse = (better + rng.integers(1, poems, size=count)) % poems
        return Case(rng.normal(size=poems), better, worse, 0.1,
                    label=f"{poems} poems, {count} pairs")

    def one(better, worse, scores):
        return Case(np.array(scores), np.array(better), np.array(worse), 1.0)

    check_function(
        "push", attempt,
        cases=[one([0], [1], [0.0, 3.0]), one([0], [1], [0.0, 0.0]),
               one([0, 0, 1], [1, 2, 2], [0.0, 0.0, 0.0]), pairs(8, 100)],
        reference=_push,
        question="Take one pair: how large is its pull, who goes up, who goes down?",
        mistakes={
            variant(up=-1, down=1): "Poem 0 was preferred: should its score fall?",
            variant(up=-1, down=1, gap_sign=-1):
                "Two signs were turned, and they do not cancel: which half of the "
                "code was right?",
            variant(gap_sign=-1):
                "The push is right. Should a pair that is right already pull harder?",
            variant(add=False):
                "Poem 0 comes twice: how often was it pushed? Look up np.add.at.",
            variant(down=0): "The better one rises. What happens to the worse one?",
            variant(down=1): "Both went up: does that push them apart?",
            variant(level=1.0): "Do all pairs pull alike, whatever the scores say?",
            one_by_one:
                "From which scores is the pull of the second pair taken: those that "
                "came in, or those already pushed?",
            mean: "Every pair pushes in full: is there a mean in the task?",
        },
        right="4 sets of up to 100 pairs, some poems in many of them",
    )
