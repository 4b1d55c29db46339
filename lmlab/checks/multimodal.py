"""Checks of the exercises of lesson 21."""

from collections import Counter

import numpy as np
from scipy.special import log_softmax, softmax

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(21)


def unit(x, axis=1):
    return x / np.linalg.norm(x, axis=axis, keepdims=True)


# 1. Zero-shot

def zero_shot_loop(pictures, prompts):
    best = []
    for picture in pictures:
        cosines = [picture @ p / (p @ p) ** 0.5 for p in prompts]
        best.append(cosines.index(max(cosines)))
    return np.array(best)


def vectors(m, n, d, lengths=True):
    scale = np.exp(rng.normal(size=(n, 1))) if lengths else 1.0
    return Case(rng.normal(size=(m, d)), scale * rng.normal(size=(n, d)))


zero_shot = Check(
    "zero_shot",
    cases=[
        Case(np.array([[1.0, 0.1]]), np.array([[2.0, 9.0], [1.0, 0.0]])),
        Case(np.array([[0.0, 1.0], [2.0, 0.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])),
        Case(np.array([[-1.0, 0.0]]), np.array([[5.0, 1.0], [-0.1, 0.2]]),
             label="the other way"),
        Case(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0], [2.0, 0.0], [4.0, 0.0]]),
             label="two prompts, one direction"),
        vectors(3, 4, 2), vectors(5, 3, 3), vectors(40, 10, 8), vectors(500, 40, 32),
    ],
    reference=zero_shot_loop,
    mistakes={
        lambda x, y: (x @ y.T).argmax(axis=1):
            "Which prompt wins if one of them is made ten times as long?",
        lambda x, y: (x @ unit(y, axis=0).T).argmax(axis=1):
            "Is each prompt one long now, or each column of all prompts?",
        lambda x, y: (x @ (y / np.linalg.norm(y, axis=1)).T).argmax(axis=1):
            "(n, d) divided by (n,): which of the two axes do the lengths meet?",
        lambda x, y: (x @ unit(y).T).argmin(axis=1):
            "Has the nearest direction the largest cosine, or the smallest?",
        lambda x, y: (x @ unit(y).T).argmax(axis=0):
            "A number for each picture is wanted: over which axis is the best sought?",
        lambda x, y: (x @ unit(y).T).argmax():
            "A number for each picture is wanted: over what was the best sought?",
        lambda x, y: (unit(x) @ unit(y).T).argmax():
            "A number for each picture is wanted: among which was the best sought?",
        lambda x, y: (x @ (y / (y**2).sum(axis=1, keepdims=True)).T).argmax(axis=1):
            "Is a vector's length the sum of its squares, or the root of that?",
        lambda x, y: np.linalg.norm(x[:, None] - y, axis=2).argmin(axis=1):
            "A distance knows lengths, too: what if a prompt points the same way, far "
            "out?",
        lambda x, y: np.abs(x @ unit(y).T).argmax(axis=1):
            "May a prompt win that points away from the picture?",
        lambda x, y: (x @ unit(y).T).max(axis=1):
            "Is the best cosine asked for, or the number of its prompt?",
        lambda x, y: len(y) - 1 - (x @ unit(y).T)[:, ::-1].argmax(axis=1):
            "Of two prompts in one direction, which comes first?",
    },
    right="8 sets of up to 500 pictures and 40 prompts of any length",
)


# 2. The contrastive loss

def contrastive_loop(pictures, captions, temperature):
    x, y, n = unit(pictures), unit(captions), len(pictures)
    scores = [[float(a @ b) / temperature for b in y] for a in x]
    total = 0.0
    for i in range(n):
        for line in (scores[i], [row[i] for row in scores]):
            top = max(line)
            total += top + np.log(sum(np.exp(s - top) for s in line)) - scores[i][i]
    return total / (2 * n)


def loss(normal=unit, cool=lambda s, t: s / t, over=np.mean, sign=-1,
         parts=(1, 0), half=2, pick=np.diag, soft=log_softmax):
    """`contrastive_loss`, or a mistake in one of its steps."""
    def answer(pictures, captions, temperature):
        scores = cool(normal(pictures) @ normal(captions).T, temperature)
        return float(sign * sum(over(pick(soft(scores, axis=axis)))
                                for axis in parts) / half)
    return answer


def naive(scores, axis):
    p = np.exp(scores)
    return np.log(p / p.sum(axis=axis, keepdims=True))


def pairs(n, d, temperature, label=""):
    x = rng.normal(size=(n, d))
    y = (x + rng.normal(size=(n, d))) * np.exp(rng.normal(size=(n, 1)))
    return Case(x, y, temperature, label=label)


two = np.array([[2.0, 0.0], [0.0, 3.0]])
contrastive_loss = Check(
    "contrastive_loss",
    cases=[
        Case(np.array([[2.0, 1.0]]), np.array([[0.0, 3.0]]), 0.5, label="one pair"),
        Case(two, two, 0.5),
        Case(np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[0.0, 2.0], [1, 0.5]]), 1.0,
             label="rows and columns differ"),
        Case(two, two[::-1].copy(), 0.5, label="the captions swapped"),
        pairs(3, 2, 0.2), pairs(4, 3, 1.0), pairs(10, 5, 0.07), pairs(50, 16, 0.07),
        pairs(6, 4, 0.001, label="a temperature of 0.001"),
    ],
    reference=contrastive_loop,
    no_warnings=True,
    mistakes={
        loss(normal=lambda x: x): "Cosines are asked for: what of a vector's length?",
        lambda x, y, t: loss(normal=lambda z: z)(unit(x), y, t):
            "The pictures are one long. And the captions?",
        lambda x, y, t: loss(normal=lambda z: z)(x, unit(y), t):
            "The captions are one long. And the pictures?",
        lambda x, y, t: loss(normal=lambda z: z)(unit(x).T, unit(y).T, t):
            "How many scores do n pairs have: n x n, or d x d?",
        loss(normal=lambda x: unit(x, axis=0)):
            "Along which axis is a vector one long: its features, or the batch?",
        loss(normal=lambda x: x / np.linalg.norm(x)):
            "Is each vector one long, or all together?",
        loss(cool=lambda s, t: s * t):
            "A low temperature makes a model sure: are its scores larger, or smaller?",
        loss(cool=lambda s, t: s): "Where does the temperature come in?",
        loss(parts=(1,), half=1):
            "Pictures look for their captions here: what of the captions?",
        loss(parts=(0,), half=1):
            "Captions look for their pictures here: what of the pictures?",
        loss(half=1): "Is the mean of both directions asked for, or their sum?",
        loss(over=np.sum): "Does a larger batch make the model worse?",
        loss(sign=1): "A loss falls as the model gets better: does this one?",
        loss(over=lambda p: -np.exp(p).mean()):
            "Is that the surprise at the right answer, or its probability?",
        loss(pick=lambda s: s):
            "From each row one number is wanted: how many did you take?",
        loss(soft=lambda s, axis: s):
            "Do these scores come from probabilities that sum to 1?",
        loss(soft=lambda s, axis: log_softmax(s)):
            "Over which axis do the probabilities sum to 1, and over which did yours?",
        loss(soft=lambda s, axis: softmax(s, axis=axis)):
            "That is minus the mean probability: which step is missing?",
        loss(soft=naive):
            "How large are the scores at a low temperature, and what does np.exp make "
            "of them?",
    },
    right="9 batches of 1 to 50 pairs, a temperature of 0.001 among them",
)


# 3. Recall at k

def recall_loop(scores, k):
    found = 0
    for i, row in enumerate(scores):
        before = sum(s >= row[i] for j, s in enumerate(row) if j != i)
        found += before < k
    return found / len(scores)


def recall(better=np.greater_equal, itself=1, enough=np.less, own=lambda s:
           np.diag(s)[:, None], axis=1, share=np.mean):
    """`recall_at_k`, or a mistake: who stands before, who counts."""
    return lambda scores, k: float(share(enough(
        better(scores, own(scores)).sum(axis=axis) - itself, k)))


def table(n, k, levels=None, label=""):
    scores = rng.normal(size=(n, n)) + np.eye(n)
    if levels:
        scores = np.round(scores * levels) / levels
    return Case(scores, k, label=label)


recall_at_k = Check(
    "recall_at_k",
    cases=[
        Case(np.array([[1.0]]), 1, label="one pair"),
        Case(np.array([[3.0, 5.0], [1.0, 2.0]]), 1),
        Case(np.array([[3.0, 5.0], [1.0, 2.0]]), 2, label="all are shown"),
        Case(np.eye(2), 1, label="all are found"),
        Case(np.array([[1.0, 2.0, 3.0], [3.0, 1.0, 2.0], [0.0, 0.0, 9.0]]), 2),
        Case(np.array([[-1.0, -2.0], [-3.0, -4.0]]), 1, label="scores below zero"),
        Case(np.ones((3, 3)), 1, label="all alike"),
        Case(np.ones((3, 3)), 2, label="all alike"),
        table(5, 1), table(6, 3), table(10, 2, levels=1, label="ties"),
        table(40, 5), table(300, 10),
    ],
    reference=recall_loop,
    mistakes={
        recall(better=np.greater, itself=0):
            "All scores alike: is the right one found? A tie counts against.",
        lambda scores, k: float(np.mean([i in np.argsort(-row)[:k] for i, row in
                                         enumerate(scores)])):
            "Where does argsort put the own score among equals? A tie counts against.",
        lambda scores, k: float(np.mean([i in np.argsort(row)[::-1][:k] for i, row in
                                         enumerate(scores)])):
            "Among equals, is the own score the last after argsort? A tie counts "
            "against.",
        lambda scores, k: float(np.mean([i in np.argsort(row)[:k] for i, row in
                                         enumerate(scores)])):
            "argsort begins with the lowest: where do the best k stand?",
        recall(own=np.diag): "scores >= np.diag(scores): with whose own score is each "
            "number of a row compared?",
        recall(itself=0): "Does the own score stand before itself?",
        recall(enough=np.less_equal):
            "With k pictures before it, is it among the first k?",
        recall(axis=0, own=np.diag): "Does a caption look for its picture here, or a "
            "picture for its caption?",
        recall(better=np.less_equal):
            "Which scores stand before the own one, the higher or the lower?",
        recall(share=np.sum): "Is a share asked for, or a number?",
        recall(share=lambda x: 1 - x.mean()): "Is that the share found, or missed?",
        recall(share=lambda x: 100 * x.mean()):
            "A share lies between 0 and 1: where does the hundred come from?",
        lambda scores, k: float(
            np.mean(scores.argmax(axis=1) == np.arange(len(scores)))):
            "Where does k come in?",
        lambda scores, k: recall()(scores, 1): "Where does k come in?",
        lambda scores, k: recall()(scores, k) / k:
            "Of k pictures shown one is right: is that a hit, or part of one?",
    },
    right="13 tables of up to 300 pairs, ties among them",
)


# 4. Find the bug

def batches_loop(pictures, captions, size, order):
    out = []
    for i, place in enumerate(order):
        if i % size == 0:
            out.append(([], []))
        out[-1][0].append(pictures[place])
        out[-1][1].append(captions[place])
    return [(np.array(x), np.array(y)) for x, y in out]


def dealt(x=lambda x, o: x[o], y=lambda y, o: y[o], end=lambda n, size: n,
          order=lambda o: o):
    """`batches`, or a mistake: how each is shuffled, where the last batch ends."""
    def answer(pictures, captions, size, given):
        o = order(given)
        a, b = x(pictures, o), y(captions, o)
        return [(a[i : i + size], b[i : i + size])
                for i in range(0, end(len(o), size), size)]
    return answer


def deal(n, size, label=""):
    return Case(rng.normal(size=(n, 3)), rng.normal(size=(n, 2)), size,
                rng.permutation(n), label=label)


three = np.array([[0.0], [10.0], [20.0]])
batches = Check(
    "batches",
    cases=[
        Case(three, three + 1, 3, np.array([2, 0, 1]), label="one batch"),
        Case(three, three + 1, 2, np.array([2, 0, 1]), label="the last is smaller"),
        Case(three, three + 1, 2, np.array([0, 1, 2]), label="nothing to shuffle"),
        Case(three, three + 1, 5, np.array([1, 2, 0]), label="a batch for more"),
        deal(4, 1), deal(6, 3), deal(10, 4), deal(100, 16),
    ],
    reference=batches_loop,
    mistakes={
        dealt(y=lambda y, o: y): "Which caption stands beside the first picture of the "
            "first batch?",
        dealt(x=lambda x, o: x): "Which picture stands beside the first caption of the "
            "first batch?",
        dealt(x=lambda x, o: x, y=lambda y, o: y): "Is anything shuffled?",
        dealt(end=lambda n, size: n - n % size):
            "What becomes of the pairs that do not fill a batch?",
        dealt(y=lambda y, o: y[np.argsort(o)]):
            "The captions are shuffled, too. By the same order, or by its inverse?",
        dealt(order=np.argsort):
            "Does order say where a pair goes, or which pair comes?",
        dealt(order=lambda o: o[::-1]): "In which order do the pairs come?",
        dealt(y=lambda y, o: y[o[::-1]]):
            "Is the i-th caption that of the i-th picture?",
        lambda x, y, size, order: [(x[cut], y[cut]) for cut in
                                   np.array_split(order, size)]:
            "Is size the number of batches, or of the pairs in one?",
        lambda x, y, size, order: [(x[order[i : i + size]], y[order[i : i + size]])
                                   for i in range(len(order))]:
            "In how many batches does one pair stand?",
        lambda *given: [(b, a) for a, b in dealt()(*given)]:
            "Which comes first in a batch, pictures or captions?",
    },
    right="8 deals of 3 to 100 pairs, the last batch smaller in some",
)


# 5. Is that a good caption?

def bleu1_loop(said, truth):
    words, left, hits = said.split(), truth.split(), 0
    short = min(0.0, 1 - len(left) / len(words))
    for word in words:
        if word in left:
            left.remove(word)
            hits += 1
    return hits / len(words) * float(np.exp(short))


def bleu(shared=lambda s, t: (Counter(s) & Counter(t)).total(),
         of=lambda s, t: len(s), short=lambda s, t: min(0.0, 1 - len(t) / len(s))):
    """`bleu1`, or a mistake: what counts, of how many, how shortness is paid."""
    def answer(said, truth):
        s, t = said.split(), truth.split()
        return float(shared(s, t) / of(s, t) * np.exp(short(s, t)))
    return answer


caption = "a red seven left of a blue two ."
bleu1 = Check(
    "bleu1",
    cases=[
        Case("a", "a"),
        Case("a", "the"),
        Case("a red", "a red seven .", label="too short"),
        Case("a a a a", "a red seven ."),
        Case("a a", "a man", label="a letter is no word"),
        Case("a red seven . . .", "a red seven .", label="too long"),
        Case(caption, caption),
        Case("a blue two left of a red seven .", caption, label="swapped"),
        Case("a red six left of a blue two .", caption),
        Case("of left two", caption, label="short and in disorder"),
        Case("a ared seven", "a red seven", label="a word within a word"),
        Case("a red red seven left of a blue two two . .", caption),
    ],
    reference=bleu1_loop,
    mistakes={
        bleu(shared=lambda s, t: sum(word in t for word in s)):
            "How often may a word count that the truth has once?",
        bleu(shared=lambda s, t: len(set(s) & set(t))):
            "May a word count twice that the truth has twice?",
        bleu(of=lambda s, t: len(t)):
            "A share of which words: of those said, or of the truth's?",
        bleu(short=lambda s, t: 0.0): "What does a caption pay for being too short?",
        bleu(short=lambda s, t: 1 - len(t) / len(s)):
            "Is a caption to be rewarded for being too long?",
        bleu(short=lambda s, t: -abs(1 - len(t) / len(s))):
            "Does a caption that is too long pay the penalty of one that is too short?",
        lambda said, truth: bleu(short=lambda s, t: min(
            0.0, 1 - len(truth) / len(said)))(said, truth):
            "How long is a caption: is that its words or its letters?",
        bleu(short=lambda s, t: min(0.0, 1 - len(s) / len(t))):
            "The penalty is for s < t: which of the two is below in the fraction?",
        bleu(short=lambda s, t: max(0.0, 1 - len(t) / len(s))):
            "Which of 0 and 1 - t / s is kept, the smaller or the larger?",
        bleu(shared=lambda s, t: sum(min(s.count(word), " ".join(t).count(word))
                                     for word in set(s))):
            "How often is a in the text 'a man', and how often among its words?",
        bleu(shared=lambda s, t: sum(a == b for a, b in zip(s, t, strict=False))):
            "Does a word have to stand in the same place?",
        bleu(shared=lambda s, t: float(s == t) * len(s)):
            "Is a caption all right or all wrong?",
        lambda said, truth: bleu1_loop(" ".join(said), " ".join(truth)):
            "Are words counted, or letters?",
        lambda said, truth: (Counter(said) & Counter(truth)).total() / len(said)
            * np.exp(min(0.0, 1 - len(truth) / len(said))):
            "Are words counted, or letters?",
        lambda said, truth: 100 * bleu1_loop(said, truth):
            "The mark lies between 0 and 1: where does the hundred come from?",
    },
    right="12 captions, too long, too short and swapped ones among them",
)


# 6. Words draw

def denoise_loop(x, noise, points, labels, label):
    out = []
    for place in x:
        kind = [p for p, own in zip(points, labels, strict=True) if own == label]
        squares = np.array([((place - p) ** 2).sum() for p in kind])
        weights = np.exp(-(squares - squares.min()) / (2 * noise**2))
        out.append(sum(w * p for w, p in zip(weights, kind, strict=True))
                   / weights.sum())
    return np.array(out)


def guess(kind=lambda p, labels, label: p[labels == label], power=2,
          width=lambda noise: 2 * noise**2, sign=-1, weigh=lambda s: softmax(s, axis=1),
          end=lambda w, kind, x: w @ kind):
    """`denoise`, or a mistake: which points, how far, how they are weighed."""
    def answer(x, noise, points, labels, label):
        own = kind(points, labels, label)
        squares = ((x[:, None] - own) ** 2).sum(axis=2) ** (power / 2)
        return end(weigh(sign * squares / width(noise)), own, x)
    return answer


def heap(n, m, kinds, noise, label=""):
    labels = np.arange(m) % kinds
    points = rng.normal(size=(m, 2)) + labels[:, None]
    chosen = int(rng.integers(kinds))
    return Case(points[labels == chosen][:n] + noise * rng.normal(size=(min(n, len(
        points[labels == chosen])), 2)), noise, points, labels, chosen, label=label)


few = np.array([[0.0, 0.0], [4.0, 0.0], [9.0, 9.0]])
denoise = Check(
    "denoise",
    cases=[
        Case(np.array([[2.0, 5.0]]), 1.0, few, np.array([0, 0, 1]), 0),
        Case(np.array([[2.0, 5.0]]), 1.0, few, np.array([0, 0, 1]), 1,
             label="one point of that kind"),
        Case(np.array([[1.0, 0.0], [3.5, 1.0]]), 2.0, few, np.array([0, 0, 1]), 0),
        Case(np.array([[1.0, 0.0]]), 0.5, few, np.array([2, 2, 1]), 2,
             label="little noise"),
        Case(np.array([[1e3, 0.0]]), 0.1, few, np.array([0, 0, 1]), 0,
             label="far out, with little noise"),
        heap(2, 8, 2, 0.5), heap(5, 30, 3, 1.0), heap(20, 60, 2, 3.0),
        heap(40, 400, 10, 0.2),
    ],
    reference=denoise_loop,
    no_warnings=True,
    mistakes={
        guess(kind=lambda p, labels, label: p): "Whose points may have a say, those of "
            "the label or all?",
        guess(kind=lambda p, labels, label: p[labels != label]):
            "Whose points have a say here, those of the label or the others?",
        guess(sign=1): "Which point weighs most, the nearest or the farthest?",
        guess(power=1): "Is the distance squared?",
        guess(width=lambda noise: 2 * noise): "Is the noise squared?",
        guess(width=lambda noise: noise**2): "Where is the 2 of 2 noise^2?",
        guess(width=lambda noise: 2 / noise**2):
            "Does -squares / 2 * noise**2 divide by the noise, or multiply?",
        guess(width=lambda noise: 2.0): "Where does the noise come in?",
        guess(weigh=lambda s: softmax(s, axis=0)):
            "Whose weights sum to 1: those of one x, or those of one point?",
        guess(weigh=softmax): "Over which axis do the weights of one x sum to 1?",
        guess(weigh=np.exp): "Do the weights sum to 1?",
        guess(weigh=lambda s: np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)):
            "Far from all points every np.exp is 0. What does softmax do about that?",
        lambda x, noise, points, labels, label: guess(
            kind=lambda p, *of: p, end=lambda w, p, x: w * (labels == label) @ p)(
            x, noise, points, labels, label):
            "Whose weights sum to 1: all points', or those of the kind?",
        guess(weigh=lambda s: np.eye(s.shape[1])[s.argmax(axis=1)]):
            "Is it the nearest point, or an average of all of that kind?",
        guess(weigh=lambda s: np.full_like(s, 1 / s.shape[1])):
            "Do near points weigh more than far ones?",
        guess(end=lambda w, kind, x: x - w @ kind):
            "Is the noise asked for, or where the point came from?",
    },
    right="9 heaps of up to 400 points, some far out",
)
