"""Checks of exercise 15: preferences, their loss, one step, a bug, and best of n.

Each task is compared with a loop over single pairs, the smallest case first.
"""

import math
from collections.abc import Callable

import numpy as np

from lmlab.checks.core import Case, check_function
from lmlab.checks.pushes import push, sigmoid

__all__ = ["best_of", "gradient_step", "pair_loss", "push", "ranking_pairs",
           "win_probability"]


def win_probability(attempt: Callable) -> None:
    """Check `win_probability(score, other)`: sigmoid of the difference."""
    rng = np.random.default_rng(15)
    check_function(
        "win_probability", attempt,
        cases=[
            Case(np.array([1 + math.log(3)]), np.array([1.0])),
            Case(np.array([1.0, 1.0]), np.array([1.0, -1.0])),
            *(Case(*rng.normal(0, 3, size=(2, n)), label=f"{n} pairs")
              for n in (5, 100)),
            Case(rng.normal(size=4) + 500, rng.normal(size=4) + 500,
                 label="500 added to every score"),
            Case(np.zeros(0), np.zeros(0), label="no pair at all"),
        ],
        reference=lambda score, other: np.array(
            [sigmoid(a - b) for a, b in zip(score, other, strict=True)]),
        tolerance=1e-9,
        question="The odds are e to the difference: what is 3 to 1 as a probability?",
        mistakes={
            lambda a, b: 1 / (1 + np.exp(a - b)):
                "Should a higher score win more often, or less?",
            lambda a, b: np.exp(a - b):
                "These are odds, 3 to 1: how do they become a probability?",
            lambda a, b: a / (a + b):
                "What do two negative scores give? What is positive for any score?",
            lambda a, b: a - b:
                "A difference can be -7: which function squeezes it into 0 to 1?",
            lambda a, b: (a > b).astype(float):
                "Does the better poem win every time, or only more often?",
            lambda a, b: 1 / (1 + 10 ** ((b - a) / 400)):
                "That is the scale of Elo: which base and which unit are asked for?",
            lambda a, b: 1 / (1 + np.exp(-a)):
                "Whom does the poem meet? Where does the other score come in?",
        },
        right="6 sets of pairs, one of them empty, one with 500 added to every score",
    )


def _pair_losses(better, worse) -> list[float]:
    gaps = [float(a) - float(b) for a, b in zip(better, worse, strict=True)]
    return [math.log1p(math.exp(-g)) if g > 0 else -g + math.log1p(math.exp(g))
            for g in gaps]


def pair_loss(attempt: Callable) -> None:
    """Check `pair_loss(better, worse)`, also where exp would overflow."""
    rng = np.random.default_rng(15)
    far = np.array([1e4, 0.0, 3.0])

    def naive(a, b):
        return -np.log(1 / (1 + np.exp(b - a)))

    check_function(
        "pair_loss", attempt,
        cases=[
            Case(np.array([0.0]), np.array([0.0])),
            Case(np.array([2.0, 0.0]), np.array([0.0, 1.0])),
            *(Case(*rng.normal(0, 3, size=(2, n)), label=f"{n} pairs")
              for n in (7, 200)),
            Case(np.array([1e4]), np.array([2e4]), label="wrong by 10,000"),
            Case(far, far[::-1].copy(), label="right and wrong by 10,000"),
        ],
        reference=lambda better, worse: float(np.mean(_pair_losses(better, worse))),
        question="For the first pair alone: what is -ln of its sigmoid?",
        mistakes={
            lambda a, b: naive(a, b).mean():
                "What is the sigmoid of -10,000 on a computer, and its logarithm? "
                "Can ln(1 + e^x) be had without computing e^x?",
            lambda a, b: -np.log(np.exp(a) / (np.exp(a) + np.exp(b))).mean():
                "e to the 10,000 is more than a float holds: only the difference "
                "of the scores is needed.",
            lambda a, b: np.logaddexp(0, a - b).mean():
                "Should the loss be large where the better poem has the higher score?",
            lambda a, b: np.logaddexp(0, b - a).sum():
                "Is the loss of 200 pairs 200 times that of one? Sum or mean?",
            lambda a, b: -np.logaddexp(0, b - a).mean():
                "A surprise is never negative: which sign is missing?",
            lambda a, b: (1 / (1 + np.exp(a - b))).mean():
                "That is the pull, the slope of the loss: where is the logarithm?",
            lambda a, b: (np.logaddexp(0, b - a) / np.log(2)).mean():
                "These are bits: which logarithm gives nats?",
            lambda a, b: np.maximum(0, b - a).mean():
                "That is the loss for large gaps only: what does a gap of 0 cost?",
            lambda a, b: np.log1p(np.exp(np.minimum(b - a, 500))).mean():
                "Clipping hides how wrong it is: what should a gap of 10,000 cost?",
            lambda a, b: -np.log(1 / (1 + np.exp(b - a)) + 1e-12).mean():
                "Adding a tiny number hides how wrong it is: what should a gap of "
                "10,000 cost?",
            lambda a, b: np.logaddexp(0, (b - a).mean()):
                "Is the loss of the mean gap the mean of the losses?",
        },
        no_warnings=True,
        warning_question="Which exp is asked for a large number? Can it be avoided?",
        right="6 sets of pairs, two of them with scores 10,000 apart",
    )


def ranking_pairs(attempt: Callable) -> None:
    """Check `ranking_pairs(ranking)`: all pairs, in the order of the ranking."""
    def loop(ranking):
        return [(ranking[i], ranking[j])
                for i in range(len(ranking)) for j in range(i + 1, len(ranking))]

    def reverse(ranking):
        return [(b, a) for a, b in loop(ranking)]

    check_function(
        "ranking_pairs", attempt,
        cases=[Case([7, 3, 5]), Case([4, 9]), Case([6], label="one poem"),
               Case([2, 0, 3, 1]), Case([12, 40, 3, 8, 5, 31, 7, 9, 1])],
        reference=loop,
        question="Whom does the best poem beat, whom the second? Write them all down.",
        mistakes={
            reverse: "Which of the two stands further to the front, and so is better?",
            lambda r: list(zip(r, r[1:], strict=False)):
                "Is the first better than the third? Which pairs are missing?",
            lambda r: [(a, b) for a in r for b in r if a != b]:
                "Can the last one also be better than the first?",
            lambda r: [(a, b) for a in r for b in r]:
                "Is a poem compared with itself?",
            lambda r: [(a, b) for i, a in enumerate(r) for b in r[i:]]:
                "Is a poem compared with itself?",
            lambda r: [(a, b) for j, b in enumerate(r) for a in r[:j]]:
                "All pairs are there: whose pairs should come first?",
            lambda r: [(i, j) for i in range(len(r)) for j in range(i + 1, len(r))]:
                "These are places in the ranking: which poem stands at each?",
            lambda r: loop(sorted(r)):
                "Is the ranking in the order of the ids?",
            lambda r: len(r) * (len(r) - 1) // 2:
                "That is how many there are: which ones?",
            lambda r: [(r[0], b) for b in r[1:]]: "And whom does the second beat?",
        },
        right="5 rankings of 1 to 9 poems",
    )


def _step(w, X, better, worse, learning_rate):
    total = np.zeros(len(w))
    for i, j in zip(better, worse, strict=True):
        d = X[i] - X[j]
        total += sigmoid(-float(w @ d)) * d
    return w + learning_rate * total / len(better)


def gradient_step(attempt: Callable) -> None:
    """Check `gradient_step(...)` against a loop over single pairs."""
    rng = np.random.default_rng(15)

    def case(poems, features, pairs, learning_rate=0.3):
        better = rng.integers(poems, size=pairs)
        worse = (better + rng.integers(1, poems, size=pairs)) % poems
        return Case(rng.normal(size=features), rng.normal(size=(poems, features)),
                    better, worse, learning_rate,
                    label=f"{poems} poems, {features} features, {pairs} pairs")

    def pull(w, X, b, c):
        return 1 / (1 + np.exp((X[b] - X[c]) @ w))

    check_function(
        "gradient_step", attempt,
        cases=[
            Case(np.array([1.0, -1.0]), np.eye(2), np.array([0]), np.array([1]), 0.5),
            case(4, 3, 1), case(5, 4, 12), case(50, 4, 600, 0.05),
        ],
        reference=_step,
        question="For one pair: what is d, what is sigmoid(-w d), which way goes w?",
        mistakes={
            lambda w, X, b, c, r: w - r * pull(w, X, b, c) @ (X[b] - X[c]) / len(b):
                "Does the score of the better poem rise with that step, or fall?",
            lambda w, X, b, c, r: w + r * pull(w, X, b, c) @ (X[b] - X[c]):
                "The loss is a mean over the pairs: what does that do to its gradient?",
            lambda w, X, b, c, r:
                w + r * (1 - pull(w, X, b, c)) @ (X[b] - X[c]) / len(b):
                "Should a pair that is right by far pull hard, or hardly at all?",
            lambda w, X, b, c, r: w - r * pull(w, X, c, b) @ (X[b] - X[c]) / len(b):
                "Did better and worse change places?",
            lambda w, X, b, c, r: w + r * (X[b] - X[c]).mean(axis=0):
                "Do all pairs pull alike? Where does sigmoid come in?",
            lambda w, X, b, c, r: w + r * (X[b] - X[c]).mean(axis=0) / 2:
                "Half is the pull of two equal scores: are they equal under w?",
            lambda w, X, b, c, r: w + r * pull(w, X, b, c) @ (X[b] - X[c]) / len(X):
                "The mean runs over the pairs: how many are there?",
            lambda w, X, b, c, r: w + r * pull(w, X, b, c) @ X[b] / len(b):
                "The worse poem has a say too: which difference is pulled along?",
            lambda w, X, b, c, r: r * pull(w, X, b, c) @ (X[b] - X[c]) / len(b):
                "That is the step: where does it start from?",
            lambda w, X, b, c, r: w + pull(w, X, b, c) @ (X[b] - X[c]) / len(b):
                "How far does a step go? One argument has not been used.",
            lambda w, X, b, c, r: -pull(w, X, b, c) @ (X[b] - X[c]) / len(b):
                "That is the gradient: what are the weights after the step?",
        },
        right="4 sets of up to 600 pairs, on up to 50 poems",
    )


def _best_of(score, truth, rounds):
    picks = [max(row, key=lambda i: score[i]) for row in rounds]
    return (sum(float(score[i]) for i in picks) / len(picks),
            sum(float(truth[i]) for i in picks) / len(picks))


def best_of(attempt: Callable) -> None:
    """Check `best_of(score, truth, rounds)` against a loop over the rounds."""
    rng = np.random.default_rng(15)
    cases = [Case(np.array([1.0, 2.0, 3.0, 0.5]), np.array([5.0, 2.0, 4.0, 6.0]),
                  np.array([[3, 0], [2, 1]])),
             Case(np.array([1.0, 0.0, 1.0]), np.array([3.0, 2.0, 5.0]),
                  np.array([[2, 0], [1, 2], [0, 1]]), label="two equal scores")]
    for poems, n, rows in ((3, 1, 4), (6, 6, 5), (200, 16, 100)):
        cases.append(Case(*rng.normal(size=(2, poems)),
                          rng.integers(poems, size=(rows, n)),
                          label=f"{rows} rounds of {n} from {poems} poems"))

    def picks(values, rounds):
        return rounds[np.arange(len(rounds)), values[rounds].argmax(axis=1)]

    def last(values, rounds):
        return picks(values, rounds[:, ::-1])

    check_function(
        "best_of", attempt,
        cases=cases,
        reference=_best_of,
        question="Take the first round: which poem is picked, with which two values?",
        mistakes={
            lambda s, t, r: (s[r].max(1).mean(), t[r].max(1).mean()):
                "The pick is one poem: is the true grade that of the same one?",
            lambda s, t, r: (s[picks(t, r)].mean(), t[picks(t, r)].mean()):
                "Who picks: the ranker, or somebody who knows the truth?",
            lambda s, t, r: (t[picks(s, r)].mean(), s[picks(s, r)].mean()):
                "The picks are right. Which of the two means comes first?",
            lambda s, t, r: (s[r].mean(), t[r].mean()):
                "That is the mean of all that were handed in: which one is picked?",
            lambda s, t, r: (s[s[r].argmax(1)].mean(), t[s[r].argmax(1)].mean()):
                "argmax gives a place in the row: which poem stands there?",
            lambda s, t, r: (s[picks(-s, r)].mean(), t[picks(-s, r)].mean()):
                "Is the best one that with the lowest score?",
            lambda s, t, r: (s.max(), t[s.argmax()]):
                "Was the best of all poems handed in in every round?",
            lambda s, t, r: (s[picks(s, r.T)].mean(), t[picks(s, r.T)].mean()):
                "Which axis of rounds runs over the poems of one round?",
            lambda s, t, r: (s[picks(s, r)].sum(), t[picks(s, r)].sum()):
                "Is that the worth of one pick, or of all together?",
            lambda s, t, r: (s[last(s, r)].mean(), t[last(s, r)].mean()):
                "Two scores are equal: which of the two stands first in the row?",
        },
        right="5 sets of rounds, up to 100 rounds of 16",
    )
