"""Checks of exercise 15: preferences, their loss, one step, a bug, and best of n.

Each task is compared with a loop over single pairs, the smallest case first. How a
check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(15)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def compared(poems: int, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of different poems, (better, worse)."""
    better = rng.integers(poems, size=pairs)
    return better, (better + rng.integers(1, poems, size=pairs)) % poems


# 1. Who wins?

win_probability = Check(
    "win_probability",
    cases=[
        Case(np.array([1 + math.log(3)]), np.array([1.0])),
        Case(np.array([1.0, 1.0]), np.array([1.0, -1.0])),
        *(Case(*rng.normal(0, 3, size=(2, n)), label=f"{n} pairs") for n in (5, 100)),
        Case(np.array([5000.0]), np.array([5002.0])),
        Case(*rng.normal(5000, 1, size=(2, 4)), label="5,000 added to every score"),
        Case(np.zeros(0), np.zeros(0), label="no pair at all"),
    ],
    reference=lambda score, other: np.array(
        [sigmoid(a - b) for a, b in zip(score, other, strict=True)]),
    mistakes={
        lambda a, b: logistic(b - a):
            "Should a higher score win more often, or less?",
        lambda a, b: np.exp(a) / (np.exp(a) + np.exp(b)):
            "What is e to the 5,000 here? Only the difference of the scores matters.",
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
        lambda a, b: logistic(a):
            "Whom does the poem meet? Where does the other score come in?",
    },
    right="7 sets of pairs (none at all, 5,000 added to every score)",
)


# 2. The loss of a comparison, without overflow

def mean_loss(better, worse) -> float:
    gaps = [float(b) - float(a) for a, b in zip(better, worse, strict=True)]
    losses = [max(gap, 0) + math.log1p(math.exp(-abs(gap))) for gap in gaps]
    return math.fsum(losses) / len(losses)


far = np.array([1e4, 0.0, 3.0])

pair_loss = Check(
    "pair_loss",
    cases=[
        Case(np.array([0.0]), np.array([0.0])),
        Case(np.array([2.0, 0.0]), np.array([0.0, 1.0])),
        *(Case(*rng.normal(0, 3, size=(2, n)), label=f"{n} pairs") for n in (7, 200)),
        Case(np.array([1e4]), np.array([2e4]), label="wrong by 10,000"),
        Case(far, far[::-1].copy(), label="right and wrong by 10,000"),
    ],
    reference=mean_loss,
    mistakes={
        lambda a, b: -np.log(logistic(a - b)).mean():
            "What is the sigmoid of -10,000 on a computer, and its logarithm? "
            "Can ln(1 + e^x) be had without computing e^x?",
        lambda a, b: -np.log(np.exp(a) / (np.exp(a) + np.exp(b))).mean():
            "e to the 10,000 is more than a float holds: only the difference of the "
            "scores is needed.",
        lambda a, b: np.log1p(np.exp(b - a)).mean():
            "Right on paper. What is e to the 10,000 here, and its logarithm?",
        lambda a, b: np.where(
            b - a > 30, b - a, np.log1p(np.exp(b - a))).mean():
            "np.where computes both sides, for every pair: which exp is asked for a "
            "large number?",
        lambda a, b: np.logaddexp(0, a - b).mean():
            "Should the loss be large where the better poem has the higher score?",
        lambda a, b: np.logaddexp(0, b - a).sum():
            "That is the sum: should two such pairs cost twice as much as one?",
        lambda a, b: np.logaddexp(0, b - a):
            "That is a loss for each pair: which one number stands for all of them?",
        lambda a, b: -np.logaddexp(0, b - a).mean():
            "A surprise is never negative: which sign is missing?",
        lambda a, b: logistic(b - a).mean():
            "That is the pull, the slope of the loss: where is the logarithm?",
        lambda a, b: (np.logaddexp(0, b - a) / np.log(2)).mean():
            "These are bits: which logarithm gives nats?",
        lambda a, b: np.maximum(0, b - a).mean():
            "That is the loss for large gaps only: what does a gap of 0 cost?",
        lambda a, b: np.log1p(np.exp(np.minimum(b - a, 500))).mean():
            "Clipping hides how wrong it is: what should a gap of 10,000 cost?",
        lambda a, b: -np.log(logistic(a - b) + 1e-12).mean():
            "A tiny number added, or a floor, hides how wrong it is: what should a gap "
            "of 10,000 cost?",
        lambda a, b: np.logaddexp(0, (b - a).mean()):
            "Is the loss of the mean gap the mean of the losses?",
    },
    no_warnings=True,
    right="6 sets of pairs, two of them with scores 10,000 apart",
)


# 3. A ranking is many pairs

def above(r) -> list[tuple[int, int]]:
    return [(r[i], r[j]) for i in range(len(r)) for j in range(i + 1, len(r))]


ranking_pairs = Check(
    "ranking_pairs",
    cases=[Case([7, 3, 5]), Case([4, 9]), Case([6], label="one poem"),
           Case([2, 0, 3, 1]), Case([12, 40, 3, 8, 5, 31, 7, 9, 1])],
    reference=above,
    mistakes={
        lambda r: [(b, a) for a, b in above(r)]:
            "Which of the two stands further to the front, and so is better?",
        lambda r: list(zip(r, r[1:], strict=False)):
            "Is the first better than the third? Which pairs are missing?",
        lambda r: [(a, b) for a in r for b in r if a != b]:
            "Can the last one also be better than the first?",
        lambda r: [(a, b) for a in r for b in r]:
            "Is a poem compared with itself, and the last better than the first?",
        lambda r: [(a, b) for i, a in enumerate(r) for b in r[i:]]:
            "Is a poem compared with itself?",
        lambda r: [(a, b) for j, b in enumerate(r) for a in r[:j]]:
            "All pairs are there: whose pairs should come first?",
        lambda r: above(range(len(r))):
            "These are places in the ranking: which poem stands at each?",
        lambda r: above(sorted(r)): "Is the ranking in the order of the ids?",
        lambda r: len(r) * (len(r) - 1) // 2:
            "That is how many there are: which ones?",
        lambda r: [(r[0], b) for b in r[1:]]: "And whom does the second beat?",
    },
    right="5 rankings of 1 to 9 poems",
)


# 4. One gradient step

def step_loop(w, X, better, worse, learning_rate) -> np.ndarray:
    total = np.zeros(len(w))
    for i, j in zip(better, worse, strict=True):
        d = X[i] - X[j]
        total += sigmoid(-float(w @ d)) * d
    return w + learning_rate * total / len(better)


def step(pull=lambda gap: logistic(-gap), sign=1, along=lambda b, c: b - c,
         mean=len, of=lambda b, X: b, start=1, rate=lambda r: r):
    """`gradient_step`, or a mistake: one part of the formula is another."""
    def stepped(w, X, better, worse, r):
        pulls = pull((X[better] - X[worse]) @ w)
        slope = pulls @ along(X[better], X[worse]) / mean(of(better, X))
        return start * w + sign * rate(r) * slope
    return stepped


def step_after_step(share):
    """Each pair moves the weights before the next one is looked at."""
    def stepped(w, X, better, worse, r):
        for i, j in zip(better, worse, strict=True):
            d = X[i] - X[j]
            w = w + r * sigmoid(-float(w @ d)) * d / share(better)
        return w
    return stepped


def step_case(poems, features, pairs, learning_rate=0.3) -> Case:
    return Case(rng.normal(size=features), rng.normal(size=(poems, features)),
                *compared(poems, pairs), learning_rate,
                label=f"{poems} poems, {features} features, {pairs} pairs")


gradient_step = Check(
    "gradient_step",
    cases=[
        Case(np.array([1.0, -1.0]), np.eye(2), np.array([0]), np.array([1]), 0.5),
        Case(np.array([1.0, 0.0]), np.eye(2), np.array([0, 1]), np.array([1, 0]), 0.5),
        step_case(4, 3, 1), step_case(5, 4, 12), step_case(50, 4, 600, 0.05),
    ],
    reference=step_loop,
    mistakes={
        step(sign=-1):
            "Does the score of the better poem rise with that step, or fall?",
        step(mean=lambda _: 1):
            "The loss is a mean over the pairs: what does that do to its gradient?",
        step(pull=logistic):
            "Should a pair that is right by far pull hard, or hardly at all?",
        step(pull=logistic, sign=-1): "Did better and worse change places?",
        step(pull=np.ones_like):
            "Do all pairs pull alike? Where does sigmoid come in?",
        step(pull=lambda gap: np.full_like(gap, 0.5)):
            "Half is the pull of two equal scores: are they equal under w?",
        step(of=lambda b, X: X): "The mean runs over the pairs: how many are there?",
        step(along=lambda b, c: b):
            "The worse poem has a say too: which difference is pulled along?",
        step(start=0): "That is the step: where does it start from?",
        step(rate=lambda _: 1):
            "How far does a step go? One argument has not been used.",
        step(start=0, rate=lambda _: -1):
            "That is the gradient: what are the weights after the step?",
        step_after_step(len):
            "Under which weights does the second pair pull: those that came in, or "
            "those that the first has moved?",
        step_after_step(lambda _: 1):
            "That takes one step for each pair. How many are asked for, and on the "
            "mean of what?",
    },
    right="5 sets of up to 600 pairs, on up to 50 poems",
)


# 5. Find the bug

def push_loop(score, better, worse, learning_rate) -> np.ndarray:
    pushed = [float(s) for s in score]
    for i, j in zip(better, worse, strict=True):
        pull = learning_rate * sigmoid(float(score[j] - score[i]))
        pushed[i] += pull
        pushed[j] -= pull
    return np.array(pushed)


def pushes(gap=1, up=1, down=-1, add=np.add.at, pull=lambda gap: logistic(-gap),
           rate=lambda r, pairs: r):
    """`push`, or a mistake: one part of it is another."""
    def pushed(score, better, worse, learning_rate):
        strength = (rate(learning_rate, len(better))
                    * pull(gap * (score[better] - score[worse])))
        new = score.copy()
        add(new, better, up * strength)
        add(new, worse, down * strength)
        return new
    return pushed


def add_once(score, ids, by):
    score[ids] += by


def push_after_push(score, better, worse, learning_rate):
    new = score.copy()
    for i, j in zip(better, worse, strict=True):
        pull = learning_rate * sigmoid(float(new[j] - new[i]))
        new[i] += pull
        new[j] -= pull
    return new


def push_case(scores, better, worse) -> Case:
    return Case(np.array(scores), np.array(better), np.array(worse), 0.5)


push = Check(
    "push",
    cases=[push_case([0.0, 3.0], [0], [1]), push_case([0.0, 0.0], [0], [1]),
           push_case([0.0, 0.0, 0.0], [0, 0, 1], [1, 2, 2]),
           Case(rng.normal(size=8), *compared(8, 100), 0.1,
                label="8 poems, 100 pairs")],
    reference=push_loop,
    mistakes={
        pushes(up=-1, down=1): "Poem 0 was preferred: should its score fall?",
        pushes(up=-1, down=1, gap=-1):
            "Two signs were turned, and they do not cancel: which half of the code "
            "was right?",
        pushes(gap=-1):
            "The push is right. Should a pair that is right already pull harder?",
        pushes(add=add_once):
            "Poem 0 comes twice: how often was it pushed? Look up np.add.at.",
        pushes(down=0): "The better one rises. What happens to the worse one?",
        pushes(down=1): "Both went up: does that push them apart?",
        pushes(pull=np.ones_like):
            "Do all pairs pull alike, whatever the scores say?",
        pushes(rate=lambda r, pairs: 1):
            "How far does a pull of 1 push? One argument has not been used.",
        pushes(rate=lambda r, pairs: r / pairs):
            "Every pair pushes in full: is there a mean in the task?",
        push_after_push:
            "From which scores is the pull of the second pair taken: those that came "
            "in, or those already pushed?",
        lambda *given: push_loop(*given) - given[0]:
            "That is by how much they were pushed: where do the scores stand now?",
    },
    right="4 sets of up to 100 pairs, some poems in many of them",
)


# 6. Best of n, with your own ranker

def picks_loop(score, truth, rounds) -> tuple[float, float]:
    picks = [max(row, key=lambda i: score[i]) for row in rounds]
    return (sum(float(score[i]) for i in picks) / len(picks),
            sum(float(truth[i]) for i in picks) / len(picks))


def picks(by, rounds) -> np.ndarray:
    """The poem of each round that is highest `by` score."""
    return rounds[np.arange(len(rounds)), by[rounds].argmax(axis=1)]


def worth(pick=lambda s, t, r: picks(s, r), of=np.mean):
    """`best_of`, or a mistake: who is picked, what is done with the picks."""
    return lambda s, t, r: (of(s[pick(s, t, r)]), of(t[pick(s, t, r)]))


best_of = Check(
    "best_of",
    cases=[
        Case(np.array([1.0, 2.0, 3.0, 0.5]), np.array([5.0, 2.0, 4.0, 6.0]),
             np.array([[3, 0], [2, 1]])),
        Case(np.array([1.0, 0.0, 1.0]), np.array([3.0, 2.0, 5.0]),
             np.array([[2, 0], [1, 2], [0, 1]]), label="two equal scores"),
        *(Case(*rng.normal(size=(2, poems)), rng.integers(poems, size=(rows, n)),
               label=f"{rows} rounds of {n} from {poems} poems")
          for poems, n, rows in ((3, 1, 4), (6, 6, 5), (200, 16, 100))),
    ],
    reference=picks_loop,
    mistakes={
        lambda s, t, r: (s[r].max(axis=1).mean(), t[r].max(axis=1).mean()):
            "The pick is one poem: is the true grade that of the same one?",
        worth(lambda s, t, r: picks(t, r)):
            "Who picks: the ranker, or somebody who knows the truth?",
        lambda s, t, r: worth()(s, t, r)[::-1]:
            "The picks are right. Which of the two means comes first?",
        worth(lambda s, t, r: r):
            "That is the mean of all that were handed in: which one is picked?",
        worth(lambda s, t, r: s[r].argmax(axis=1)):
            "argmax gives a place in the row: which poem stands there?",
        worth(lambda s, t, r: picks(-s, r)):
            "Is the best one that with the lowest score?",
        worth(lambda s, t, r: s.argmax()):
            "Was the best of all poems handed in in every round?",
        worth(lambda s, t, r: picks(s, r.T)):
            "Which axis of rounds runs over the poems of one round?",
        worth(of=np.sum): "Is that the worth of one pick, or of all together?",
        worth(of=lambda values: values):
            "These are the values of each pick: which two numbers are asked for?",
        worth(lambda s, t, r: picks(s, r[:, ::-1])):
            "Two scores are equal: which of the two stands first in the row?",
    },
    right="5 sets of rounds, up to 100 rounds of 16",
)
