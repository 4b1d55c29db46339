"""What learners of 15_reward_model typically hand in."""

import math
from itertools import combinations

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def step(w, X, better, worse, learning_rate):
    d = X[better] - X[worse]
    return w + learning_rate * (sigmoid(-d @ w) @ d) / len(d)


def step_in_place(w, X, better, worse, learning_rate):
    d = X[better] - X[worse]
    w += learning_rate * (sigmoid(-d @ w) @ d) / len(d)
    return w


def step_by_loop(w, X, better, worse, learning_rate):
    gradient = [0.0] * len(w)
    for i, j in zip(better, worse, strict=True):
        gap = sum(w[k] * (X[i, k] - X[j, k]) for k in range(len(w)))
        for k in range(len(w)):
            gradient[k] -= (X[i, k] - X[j, k]) / (1 + math.exp(gap)) / len(better)
    return np.array([w[k] - learning_rate * gradient[k] for k in range(len(w))])


def pushes(up=1, down=-1, gap=1):
    def push(score, better, worse, learning_rate):
        pull = learning_rate * sigmoid(-gap * (score[better] - score[worse]))
        pushed = score.copy()
        np.add.at(pushed, better, up * pull)
        np.add.at(pushed, worse, down * pull)
        return pushed
    return push


def push_with_index(score, better, worse, learning_rate):
    pull = learning_rate * sigmoid(score[worse] - score[better])
    pushed = score.copy()
    pushed[better] += pull
    pushed[worse] -= pull
    return pushed


def push_in_place(score, better, worse, learning_rate):
    pull = learning_rate * sigmoid(score[worse] - score[better])
    np.add.at(score, better, pull)
    np.add.at(score, worse, -pull)
    return score


def push_one_by_one(score, better, worse, learning_rate):
    pushed = score.copy()
    for i, j in zip(better, worse, strict=True):
        pull = learning_rate * sigmoid(pushed[j] - pushed[i])
        pushed[i] += pull
        pushed[j] -= pull
    return pushed


def push_by_bincount(score, better, worse, learning_rate):
    pull = learning_rate / (1 + np.exp(score[better] - score[worse]))
    n = len(score)
    return score + np.bincount(better, pull, n) - np.bincount(worse, pull, n)


def push_by_matrix(score, better, worse, learning_rate):
    place = np.eye(len(score))
    return score + learning_rate * (
        sigmoid(score[worse] - score[better]) @ (place[better] - place[worse]))


def picks(score, rounds):
    return rounds[np.arange(len(rounds)), score[rounds].argmax(axis=1)]


def best_of_by_loop(score, truth, rounds):
    chosen = []
    for row in rounds:
        best = row[0]
        for poem in row[1:]:
            if score[poem] > score[best]:
                best = poem
        chosen.append(best)
    return np.mean(score[chosen]), np.mean(truth[chosen])


def best_of_take_along(score, truth, rounds):
    place = np.argmax(score[rounds], axis=1)[:, None]
    chosen = np.take_along_axis(rounds, place, axis=1)[:, 0]
    return [score[chosen].mean(), truth[chosen].mean()]


def best_of_sorted(score, truth, rounds):
    place = score[rounds].argsort(axis=1, kind="stable")[:, -1]
    chosen = rounds[np.arange(len(rounds)), place]
    return score[chosen].mean(), truth[chosen].mean()


WRONG = {
    "win_probability": [
        (lambda a, b: sigmoid(b - a), "win more often, or less"),
        (lambda a, b: np.exp(a - b), "These are odds"),
        (lambda a, b: np.exp(a) / np.exp(b), "These are odds"),
        (lambda a, b: a / (a + b), "two negative scores"),
        (lambda a, b: a - b, "squeezes it into 0 to 1"),
        (lambda a, b: (a > b).astype(float), "only more often"),
        (lambda a, b: 1 / (1 + 10 ** ((b - a) / 400)), "scale of Elo"),
        (lambda a, b: sigmoid(a), "other score come in"),
        (lambda a, b: a, "what is 3 to 1 as a probability"),
        (lambda a, b: np.zeros_like(a), "what is 3 to 1 as a probability"),
        (lambda a, b: sigmoid(a - b)[0], "expected shape (1,)"),
        (lambda a, b: list(sigmoid(a - b)), "of type list"),
    ],
    "pair_loss": [
        (lambda a, b: -np.log(sigmoid(a - b)).mean(), "without computing e^x"),
        (lambda a, b: -np.log(np.exp(a) / (np.exp(a) + np.exp(b))).mean(),
         "only the difference"),
        (lambda a, b: np.log1p(np.exp(b - a)).mean(), "finite number"),
        (lambda a, b: np.logaddexp(0, a - b).mean(), "Should the loss be large"),
        (lambda a, b: np.logaddexp(0, b - a).sum(), "Sum or mean"),
        (lambda a, b: np.logaddexp(0, b - a), "a single number"),
        (lambda a, b: -np.logaddexp(0, b - a).mean(), "never negative"),
        (lambda a, b: sigmoid(b - a).mean(), "where is the logarithm"),
        (lambda a, b: np.logaddexp(0, b - a).mean() / np.log(2), "These are bits"),
        (lambda a, b: np.maximum(0, b - a).mean(), "what does a gap of 0 cost"),
        (lambda a, b: np.log1p(np.exp(np.minimum(b - a, 500))).mean(),
         "Clipping hides"),
        (lambda a, b: -np.log(sigmoid(a - b) + 1e-12).mean(), "tiny number hides"),
        (lambda a, b: np.logaddexp(0, (b - a).mean()), "loss of the mean gap"),
        (lambda a, b: np.where(b - a > 30, b - a, np.log1p(np.exp(b - a))).mean(),
         "Which exp is asked"),
    ],
    "ranking_pairs": [
        (lambda r: [(b, a) for a, b in combinations(r, 2)], "further to the front"),
        (lambda r: list(zip(r, r[1:], strict=False)), "better than the third"),
        (lambda r: [(a, b) for a in r for b in r if a != b], "Can the last one"),
        (lambda r: [(a, b) for a in r for b in r], "compared with itself"),
        (lambda r: list(combinations(range(len(r)), 2)), "places in the ranking"),
        (lambda r: list(combinations(sorted(r), 2)), "order of the ids"),
        (lambda r: len(r) * (len(r) - 1) // 2, "which ones"),
        (lambda r: [(r[0], b) for b in r[1:]], "whom does the second beat"),
        (lambda r: [(a, b) for i, a in enumerate(r) for b in r[i:]],
         "compared with itself"),
        (lambda r: [(a, b) for j, b in enumerate(r) for a in r[:j]],
         "should come first"),
        (lambda r: list(combinations(r, 2))[:-1], "instead of 3"),
        (lambda r: r, "type of the last value"),
        (lambda r: [(r.pop(0), b) for b in list(r)[1:]], "changed its argument"),
    ],
    "gradient_step": [
        (lambda w, X, b, c, r: 2 * w - step(w, X, b, c, r), "or fall"),
        (lambda w, X, b, c, r: step(w, X, b, c, r * len(b)), "mean over the pairs"),
        (lambda w, X, b, c, r:
            w + r * (sigmoid((X[b] - X[c]) @ w) @ (X[b] - X[c])) / len(b),
         "right by far pull hard"),
        (lambda w, X, b, c, r: w + r * (X[b] - X[c]).mean(0), "pull alike"),
        (lambda w, X, b, c, r: w + r * (X[b] - X[c]).mean(0) / 2, "pull of two equal"),
        (lambda w, X, b, c, r: step(w, X, b, c, r * len(b) / len(X)),
         "how many are there"),
        (lambda w, X, b, c, r:
            w + r * sigmoid((X[c] - X[b]) @ w) @ X[b] / len(b), "worse poem has a say"),
        (lambda w, X, b, c, r: step(w, X, b, c, r) - w, "where does it start from"),
        (lambda w, X, b, c, r: step(w, X, b, c, 1.0), "How far does a step go"),
        (lambda w, X, b, c, r: w - step(w, X, b, c, 1.0), "That is the gradient"),
        (lambda w, X, b, c, r: w, "which way goes w"),
        (step_in_place, "changed its argument w"),
        (lambda w, X, b, c, r: step(w, X, c, b, r), "change places"),
    ],
    "push": [
        (pushes(up=-1, down=1), "was preferred"),
        (pushes(up=-1, down=1, gap=-1), "they do not cancel"),
        (pushes(gap=-1), "already pull harder"),
        (push_with_index, "how often was it pushed"),
        (pushes(down=0), "What happens to the worse one"),
        (pushes(down=1), "Both went up"),
        (push_one_by_one, "those already pushed"),
        (lambda s, b, w, r: pushes()(s, b, w, r / len(b)), "is there a mean"),
        (push_in_place, "changed its argument score"),
        (lambda s, b, w, r: s, "who goes up"),
        (lambda s, b, w, r: pushes()(s, b, w, r) - s, "who goes up"),
        (lambda s, b, w, r: pushes()(s, b, w, 1.0), "who goes up"),
    ],
    "best_of": [
        (lambda s, t, r: (s[r].max(1).mean(), t[r].max(1).mean()), "of the same one"),
        (lambda s, t, r: (s[picks(t, r)].mean(), t[picks(t, r)].mean()), "Who picks"),
        (lambda s, t, r: (t[picks(s, r)].mean(), s[picks(s, r)].mean()),
         "Which of the two means"),
        (lambda s, t, r: (s[r].mean(), t[r].mean()), "which one is picked"),
        (lambda s, t, r: (s[s[r].argmax(1)].mean(), t[s[r].argmax(1)].mean()),
         "which poem stands there"),
        (lambda s, t, r: (s[picks(-s, r)].mean(), t[picks(-s, r)].mean()),
         "lowest score"),
        (lambda s, t, r: (s.max(), t[s.argmax()]), "in every round"),
        (lambda s, t, r: (s[picks(s, r.T)].mean(), t[picks(s, r.T)].mean()),
         "Which axis of rounds"),
        (lambda s, t, r: (s[picks(s, r)].sum(), t[picks(s, r)].sum()),
         "all together"),
        (best_of_sorted, "stands first in the row"),
        (lambda s, t, r: s[picks(s, r)].mean(), "a list or tuple"),
        (lambda s, t, r: (s[picks(s, r)], t[picks(s, r)]), "single number"),
    ],
}

RIGHT = {
    "win_probability": [
        lambda a, b: np.exp(a - b) / (1 + np.exp(a - b)),
        lambda a, b: np.array([1 / (1 + math.exp(y - x))
                               for x, y in zip(a, b, strict=True)]),
        lambda a, b: (1 + np.tanh((a - b) / 2)) / 2,
        lambda a, b: sigmoid(a - b).astype(np.float32),
    ],
    "pair_loss": [
        lambda a, b: float(np.mean(np.logaddexp(0, b - a))),
        lambda a, b: np.mean(np.maximum(b - a, 0) + np.log1p(np.exp(-np.abs(a - b)))),
        lambda a, b: sum(max(y - x, 0) + math.log1p(math.exp(-abs(x - y)))
                         for x, y in zip(a, b, strict=True)) / len(a),
    ],
    "ranking_pairs": [
        lambda r: list(combinations(r, 2)),
        lambda r: [[a, b] for i, a in enumerate(r) for b in r[i + 1:]],
        lambda r: [(a, b) for a in r for b in r if r.index(a) < r.index(b)],
    ],
    "gradient_step": [step, step_by_loop,
                      lambda w, X, b, c, r: w - r * np.mean(
                          -sigmoid(-(X[b] - X[c]) @ w)[:, None] * (X[b] - X[c]), 0)],
    "push": [pushes(), push_by_bincount, push_by_matrix],
    "best_of": [best_of_by_loop, best_of_take_along,
                lambda s, t, r: (s[r].max(1).mean(), t[picks(s, r)].mean())],
}
