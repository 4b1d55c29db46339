"""Checks of exercise 08: a mixed bag, Bengio's net, word2vec's loss, memories, angles.

Each task is compared with plain loops, the smallest case first. How a check is written:
see `lmlab.checks.core`.
"""

import math
from collections import Counter

import numpy as np

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(8)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def normal(*shape) -> np.ndarray:
    return rng.normal(size=shape).round(1)


# 1. Mix a bag

def mix_loop(bag, shorter, tax) -> dict[str, float]:
    sightings, kinds = sum(bag.values()), sum(1 for n in bag.values() if n)
    mixed = {}
    for c, p in shorter.items():
        if not sightings:
            mixed[c] = p
        elif bag[c]:
            mixed[c] = (bag[c] - tax + tax * kinds * p) / sightings
        else:
            mixed[c] = tax * kinds * p / sightings
    return mixed


def mixing(left=lambda n, tax: max(n - tax, 0), taken=lambda bag, tax: tax * len(bag),
           whole=lambda bag: bag.total(), who=lambda bag, shorter: shorter):
    """`mix`, or a mistake: what is left, what was taken, the divisor, who may come."""
    def mix(bag, shorter, tax):
        if not bag:
            return dict(shorter)
        return {c: (left(bag[c], tax) + taken(bag, tax) * shorter[c]) / whole(bag)
                for c in who(bag, shorter)}
    return mix


third = {"a": 0.5, "b": 0.25, "c": 0.25}


def random_bag(kinds, sightings) -> Case:
    letters = [chr(97 + i) for i in range(26)]
    p = rng.dirichlet(np.ones(26))
    bag = Counter(rng.choice(letters[:kinds], sightings).tolist())
    return Case(bag, dict(zip(letters, p.tolist(), strict=True)), 0.75,
                label=f"{len(bag)} kinds of 26")


mix = Check(
    "mix",
    cases=[
        Case(Counter("aaab"), third, 0.5),
        Case(Counter("aaab"), third, 0.0, label="no tax"),
        Case(Counter("ccc"), third, 1.0, label="one kind"),
        Case(Counter(), third, 0.9, label="an empty bag"),
        *(random_bag(*sizes) for sizes in ((3, 5), (10, 40), (20, 5000))),
    ],
    reference=mix_loop,
    mistakes={
        mixing(left=lambda n, tax: n):
            "The shorter memory got its share: who paid it? What do they sum to?",
        mixing(taken=lambda bag, tax: 0):
            "Where does the tax go? What do the probabilities sum to?",
        mixing(taken=lambda bag, tax: tax * bag.total()):
            "Is the tax paid for each sighting, or for each kind?",
        mixing(taken=lambda bag, tax: tax):
            "How many kinds pay the tax, and is all of it shared out?",
        lambda bag, shorter, tax: {
            c: (max(bag[c] - tax, 0) + tax * len(shorter) * p) / bag.total()
            if bag else p for c, p in shorter.items()}:
            "Does a kind pay that is not in the bag? Count who does.",
        lambda bag, shorter, tax: {
            c: (max(bag[c] - tax, 0) + tax * len(bag) / len(shorter)) / bag.total()
            if bag else p for c, p in shorter.items()}:
            "Does each get the same part of the tax, or as `shorter` would guess?",
        lambda bag, shorter, tax: {
            c: max(bag[c] / bag.total() - tax, 0) + tax * len(bag) * p
            if bag else p for c, p in shorter.items()}:
            "The tax is a part of a sighting: is yours taken from counts, or from "
            "shares?",
        mixing(left=lambda n, tax: n - tax):
            "What does a kind pay that the bag does not hold?",
        lambda bag, shorter, tax: {
            c: (bag[c] - tax if c in bag else tax * len(bag) * p) / (bag.total() or 1)
            if bag else p for c, p in shorter.items()}:
            "Who is in the bag pays. Does the shorter memory give it nothing back?",
        mixing(who=lambda bag, shorter: bag):
            "Which characters may come, those of the bag or all of `shorter`?",
        mixing(whole=lambda bag: 1):
            "These are sightings still: what makes probabilities of them?",
        mixing(whole=lambda bag: len(bag)):
            "len(bag) counts kinds: how many sightings are there to share?",
        lambda bag, shorter, tax: {
            c: (1 - tax) * (bag[c] / bag.total() if bag else 0)
               + (tax if bag else 1) * p for c, p in shorter.items()}:
            "That mixes two guesses with one fixed share. Here the shorter memory's "
            "share is what the kinds paid: how much is that in the example?",
    },
    right="7 bags, one of them empty, one of 5,000 sightings",
)


# 2. Bengio's network

def bengio_loop(runs, C, H, d, U, b) -> np.ndarray:
    rows = []
    for run in runs:
        x = [number for c in run for number in C[c]]
        hidden = [math.tanh(math.fsum(w * z for w, z in zip(row, x, strict=True)) + e)
                  for row, e in zip(H, d, strict=True)]
        scores = [math.fsum(w * z for w, z in zip(row, hidden, strict=True)) + e
                  for row, e in zip(U, b, strict=True)]
        parts = [math.exp(score - max(scores)) for score in scores]
        rows.append([part / math.fsum(parts) for part in parts])
    return np.array(rows).reshape(len(runs), len(b))


def rows_sum_to_one(scores, axis=1):
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)


def network(end_to_end=lambda x: x.reshape(len(x), -1), squash=np.tanh,
            last=rows_sum_to_one, offsets=(1, 1)):
    """`bengio`, or a mistake: how x is laid out, the bend, the end, d and b."""
    def bengio(runs, C, H, d, U, b):
        hidden = squash(end_to_end(C[runs]) @ H.T + offsets[0] * d)
        return last(hidden @ U.T + offsets[1] * b)
    return bengio


def net_case(n, V, memory, width, hidden) -> Case:
    return Case(rng.integers(V, size=(n, memory)), normal(V, width),
                normal(hidden, memory * width), normal(hidden), normal(V, hidden),
                normal(V), label=f"{n} runs of {memory}, {V} characters")


bengio = Check(
    "bengio",
    cases=[
        Case(np.array([[0, 1]]), np.array([[2.0], [1.0]]), np.array([[1.0, -1.0]]),
             np.array([0.5]), np.array([[1.0], [0.0]]), np.array([0.0, 0.5])),
        *(net_case(*sizes) for sizes in ((1, 3, 1, 2, 2), (2, 4, 3, 2, 5),
                                         (30, 50, 5, 8, 16))),
    ],
    reference=bengio_loop,
    mistakes={
        network(squash=lambda z: z): "Which step bends the straight line?",
        network(squash=lambda z: np.maximum(z, 0)):
            "That is a ReLU: which bend does the formula have?",
        network(squash=sigmoid): "That is a sigmoid: which bend does the formula have?",
        network(last=lambda z: z):
            "These are scores: what turns them into probabilities?",
        network(last=lambda z: np.log(rows_sum_to_one(z))):
            "These are logarithms of probabilities: which step is one too many?",
        network(last=lambda z: rows_sum_to_one(z, 0)):
            "A row is one run: along which axis do its probabilities sum to 1?",
        network(last=lambda z: np.exp(z) / np.exp(z).sum()):
            "A row is one run: do its probabilities sum to 1, or do all rows together?",
        network(offsets=(0, 1)): "What is added inside the tanh?",
        network(offsets=(1, 0)): "What is added to the scores before the softmax?",
        network(end_to_end=lambda x: x[:, ::-1].reshape(len(x), -1)):
            "Which character's numbers come first in x, the oldest or the newest?",
        network(end_to_end=lambda x: x.swapaxes(1, 2).reshape(len(x), -1)):
            "x begins with all numbers of the first character: does yours begin with "
            "the first number of all characters?",
    },
    right="4 nets, up to 30 runs of 5 and 50 characters",
)


# 3. Negative sampling

def sampling_loop(v, o, strangers) -> tuple[float, np.ndarray]:
    p = 1 / (1 + math.exp(-math.fsum(v * o)))
    loss, gradient = -math.log(p), (p - 1) * o
    for n in strangers:
        p = 1 / (1 + math.exp(-math.fsum(v * n)))
        loss, gradient = loss - math.log(1 - p), gradient + p * n
    return loss, gradient


def sampling(loss=lambda real, random: -np.log(real) - np.log(1 - random).sum(),
             slope=lambda real, random, v, o, n: (real - 1) * o + random @ n,
             give=lambda loss, slope: (loss, slope)):
    """`negative_sampling`, or a mistake in the loss, in its slope, in what is given."""
    def negative_sampling(v, o, strangers):
        real, random = sigmoid(v @ o), sigmoid(strangers @ v)
        return give(float(loss(real, random)), slope(real, random, v, o, strangers))
    return negative_sampling


negative_sampling = Check(
    "negative_sampling",
    cases=[
        Case(np.zeros(2), np.array([1.0, 0.0]), np.array([[0.0, 2.0]])),
        Case(np.array([1.0, 0.0]), np.array([0.5, 1.0]), np.array([[1.0, -1.0]])),
        *(Case(normal(d), normal(d), normal(k, d), label=f"{k} strangers")
          for d, k in ((2, 2), (3, 5), (48, 20))),
    ],
    reference=sampling_loop,
    mistakes={
        sampling(loss=lambda p, q: -np.log(p) - np.log(q).sum()):
            "A stranger should score low: which sign has the score in its part?",
        sampling(loss=lambda p, q: np.log(p) + np.log(1 - q).sum()):
            "Can a surprise be below zero? Look at the sign of the loss.",
        sampling(loss=lambda p, q: -np.log(p) - np.log(1 - q).mean()):
            "Are the strangers' surprises averaged, or added up?",
        sampling(loss=lambda p, q: -np.log(p)):
            "What do the strangers add to the loss?",
        sampling(loss=lambda p, q: -np.log2(p) - np.log2(1 - q).sum()):
            "Is that loss in nats? Which logarithm does the formula have?",
        sampling(slope=lambda p, q, v, o, n: p * o + q @ n):
            "The slope along a score is p - y: what is y for the true neighbour?",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * o + (q - 1) @ n):
            "The slope along a score is p - y: what is y for a stranger?",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * o + (1 - q) @ n):
            "With y = 0 a stranger's slope is p itself: p of which score, v n or -v n?",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * o - q @ n):
            "With -v n for a score, y is 1; but along v, is its slope n or -n?",
        sampling(loss=lambda p, q: -np.log(p) - np.log(q).sum(),
                 slope=lambda p, q, v, o, n: (p - 1) * o + (q - 1) @ n):
            "That takes strangers for neighbours: which sign has their score in L?",
        sampling(slope=lambda p, q, v, o, n: (1 - p) * o - q @ n):
            "That is the way to step. In which direction does a gradient point?",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * o):
            "How does the loss change with v through the strangers?",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * o + (q @ n) / len(n)):
            "The strangers' surprises are added up: are their slopes?",
        sampling(loss=lambda p, q: -np.log(p) - np.log(1 - q).mean(),
                 slope=lambda p, q, v, o, n: (p - 1) * o + (q @ n) / len(n)):
            "Is there a mean in the formula? See what is done over all i.",
        sampling(slope=lambda p, q, v, o, n: (p - 1) * v):
            "That is the gradient along o: which vector is v multiplied with?",
        sampling(slope=lambda p, q, v, o, n: (p - 1 + q.sum()) * v):
            "The loss moves with v through v o and v n: what is v multiplied with?",
        sampling(give=lambda loss, slope: loss): "Where is the gradient?",
        sampling(give=lambda loss, slope: (slope, loss)):
            "Which of the two is asked for first?",
    },
    right="5 cases with up to 20 strangers of 48 numbers",
)


# 4. An LSTM reads

def lstm_loop(inputs, W, U, b) -> np.ndarray:
    width = W.shape[1]
    h, c, states = [0.0] * width, [0.0] * width, []
    for x in inputs:
        before = [math.fsum(U[k] * x) + math.fsum(W[k] * np.array(h)) + b[k]
                  for k in range(4 * width)]
        for k in range(width):
            i, f, g, o = before[k::width]
            c[k] = sigmoid(f) * c[k] + sigmoid(i) * math.tanh(g)
            before[k] = sigmoid(o) * math.tanh(c[k])
        h = before[:width]
        states.append(h)
    return np.array(states).reshape(len(inputs), width)


def reader(order="ifgo", kept=sigmoid, written=np.tanh, gate=sigmoid, out=sigmoid,
           show=np.tanh, carry=lambda h, c: (h, c), collect=lambda h, c: h,
           last=lambda s: s):
    """`lstm`, or a mistake: the blocks, what bends, what is carried and returned."""
    def lstm(inputs, W, U, b):
        h = c = np.zeros(W.shape[1])
        states = []
        for x in inputs:
            part = dict(zip(order, np.split(U @ x + W @ h + b, 4), strict=True))
            c = kept(part["f"]) * c + gate(part["i"]) * written(part["g"])
            h = out(part["o"]) * show(c)
            states.append(collect(h, c))
            h, c = carry(h, c)
        return last(np.array(states).reshape(len(inputs), len(h)))
    return lstm


def shown_too_early(inputs, W, U, b):
    h = c = np.zeros(W.shape[1])
    states = []
    for x in inputs:
        i, f, g, o = np.split(U @ x + W @ h + b, 4)
        h = sigmoid(o) * np.tanh(c)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        states.append(h)
    return np.array(states)


def lstm_case(n, d_in, width) -> Case:
    return Case(normal(n, d_in), normal(4 * width, width), normal(4 * width, d_in),
                normal(4 * width), label=f"{n} inputs, width {width}")


lstm = Check(
    "lstm",
    cases=[lstm_case(*sizes) for sizes in ((1, 1, 1), (2, 1, 1), (3, 2, 2), (5, 3, 1),
                                           (40, 8, 12))],
    reference=lstm_loop,
    mistakes={
        reader(order="figo"): "In which order do the four blocks stand?",
        reader(order="ifog"): "Which of the last two blocks is g, and which is o?",
        reader(order="iogf"): "Which block is f? They stand as i, f, g, o.",
        reader(written=sigmoid): "g may be negative: which bend does it have?",
        reader(written=lambda z: z): "Is g bent at all before it is written?",
        reader(kept=lambda z: z): "f is to lie from 0 to 1: what makes a gate of it?",
        reader(gate=np.tanh): "Gates lie from 0 to 1: which bend makes them so?",
        reader(kept=np.tanh, gate=np.tanh, out=np.tanh):
            "Three of the four are gates, from 0 to 1: can a tanh be one?",
        reader(kept=lambda z: z, gate=lambda z: z, out=lambda z: z):
            "i, f and o are to lie from 0 to 1: what makes gates of them?",
        reader(show=lambda c: c): "What is done with c before it is shown?",
        reader(carry=lambda h, c: (h, 0 * c)):
            "What does c hold when the next input comes, and who carried it there?",
        reader(carry=lambda h, c: (0 * h, c)):
            "Does the next step still see h, or does it see zeros?",
        reader(carry=lambda h, c: (0 * h, 0 * c)):
            "h and c are zero before the first input: and before the second?",
        reader(carry=lambda h, c: (c, c)): "Which of the two does W multiply, h or c?",
        reader(carry=lambda h, c: (h, h)):
            "Is c kept beside h, or replaced by it after each step?",
        shown_too_early: "Which c is shown, that of this step or of the one before?",
        reader(collect=lambda h, c: c): "Is it c that is shown, or h?",
        reader(last=lambda states: states[-1]):
            "That is the last state: which ones are asked for?",
    },
    right="5 sequences of up to 40 inputs; blocks in torch's order",
)


# 5. Find the bug

def poems_loop(poems, W, U) -> list[np.ndarray]:
    return [rnn(poem, W, U) for poem in poems]


def rnn(poem, W, U, h=None, bend=np.tanh):
    h, states = np.zeros(len(W)) if h is None else h, []
    for x in poem:
        h = bend(W @ h + U @ x)
        states.append(h)
    return np.array(states).reshape(len(poem), len(W))


def carried(poems, W, U):
    h, states = np.zeros(len(W)), []
    for poem in poems:
        states.append(rnn(poem, W, U, h))
        h = states[-1][-1] if len(poem) else h
    return states


def one_list(poems, W, U):
    states = poems_loop(poems, W, U)
    return [np.concatenate(states[:k + 1]) for k in range(len(states))]


def backwards(poems, W, U):
    return [rnn(poem[::-1], W, U)[::-1] for poem in poems]


def poems_case(width, d_in, *lengths) -> Case:
    return Case([normal(n, d_in) for n in lengths], normal(width, width),
                normal(width, d_in), label=f"poems of {', '.join(map(str, lengths))}")


read_poems = Check(
    "read_poems",
    cases=[poems_case(1, 1, 2, 1), poems_case(1, 1, 1), poems_case(2, 3, 2, 2),
           poems_case(4, 2, 5, 3, 1, 7)],
    reference=poems_loop,
    mistakes={
        carried: "What does the second poem know of the first? Where is h made zero?",
        lambda poems, W, U: [np.tanh(poem @ U.T) for poem in poems]:
            "h is zero at every character now: what does a poem know of its beginning?",
        lambda poems, W, U: [rnn(poem, W, U)[-1] for poem in poems]:
            "Those are the last states: how many states has a poem of two characters?",
        lambda poems, W, U: np.concatenate(poems_loop(poems, W, U)):
            "All poems lie in one array now: how does one tell where each begins?",
        one_list: "The second poem holds the states of the first: where is the list "
                  "made empty?",
        lambda poems, W, U: [rnn(poem, W, U, bend=lambda z: z) for poem in poems]:
            "What became of the tanh?",
        lambda poems, W, U: [rnn(poem, W.T, U) for poem in poems]:
            "Row k of W holds the weights of unit k: which way round does W multiply?",
        lambda poems, W, U: carried(poems[::-1], W, U)[::-1]:
            "Now each poem knows the one after it: where is h made zero?",
        backwards: "From which end does a reader begin?",
    },
    right="4 books of up to 4 poems",
)


# 6. The neighbours of your choice

def nearest_loop(vectors, i, k) -> np.ndarray:
    def cosine(j):
        one, other = vectors[i], vectors[j]
        return math.fsum(one * other) / math.hypot(*one) / math.hypot(*other)
    others = [j for j in range(len(vectors)) if j != i]
    return np.array(sorted(others, key=cosine, reverse=True)[:k])


def ranking(score=None, order=lambda s: np.argsort(-s), drop=lambda o, i: o[o != i],
            take=lambda o, s, k: o[:k]):
    """`nearest`, or a mistake: what is compared, the order, who is left out."""
    def cosine(V, i):
        unit = V / np.linalg.norm(V, axis=1, keepdims=True)
        return unit @ unit[i]

    def nearest(vectors, i, k):
        s = (score or cosine)(vectors, i)
        return take(drop(order(s), i), s, k)
    return nearest


square = np.array([[1.0, 0.0], [9.0, 9.0], [0.0, 1.0], [3.0, 1.0]])
twins = np.array([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0], [4.0, 1.0]])
TWIN = "Does row i always come first, where another row has the same cosine?"
LENGTH = "A long vector wins every time: what takes the length of every row out?"

nearest = Check(
    "nearest",
    cases=[
        Case(square, 0, 2),
        Case(square, 1, 1),
        *(Case(twins, i, 2, label="another row points the same way") for i in (0, 2)),
        Case(np.array([[1.0, 1.0], [-1.0, -1.1], [1.0, -0.8]]), 0, 2,
             label="one points the other way"),
        *(Case(rng.normal(size=(n, d)) * rng.uniform(0.1, 9, (n, 1)), i, k,
               label=f"{n} rows")
          for n, d, i, k in ((8, 2, 7, 7), (60, 5, 30, 5), (500, 48, 3, 400))),
    ],
    reference=nearest_loop,
    mistakes={
        ranking(score=lambda V, i: V @ V[i]): LENGTH,
        ranking(score=lambda V, i: V @ V[i], drop=lambda o, i: o[1:]): LENGTH,
        ranking(score=lambda V, i: -np.linalg.norm(V - V[i], axis=1)):
            "That is the distance: do two vectors that point the same way, one long, "
            "one short, count as near?",
        ranking(order=np.argsort):
            "np.argsort puts the smallest first: are those near?",
        ranking(drop=lambda o, i: o): "Who is nearest to row i, and is it asked for?",
        ranking(drop=lambda o, i: o[1:]): TWIN,
        ranking(order=lambda s: np.argsort(s)[::-1], drop=lambda o, i: o[1:]): TWIN,
        ranking(score=lambda V, i: np.abs(
            V @ V[i] / np.linalg.norm(V, axis=1) / np.linalg.norm(V[i]))):
            "Is a vector that points the other way a near one?",
        ranking(score=lambda V, i: V @ V[i] / (V**2).sum(axis=1)):
            "After the division, is each row of length 1?",
        lambda V, i, k: np.argsort(-np.delete(
            V @ V[i] / np.linalg.norm(V, axis=1), i))[:k]:
            "Without row i, all rows behind it move up: whose numbers are these?",
        lambda V, i, k: np.argsort(np.where(
            np.arange(len(V)) == i, 0, -V @ V[i] / np.linalg.norm(V, axis=1)))[:k]:
            "A cosine may be below 0: does row i still come last with yours at 0?",
        ranking(take=lambda o, s, k: np.sort(o[:k])):
            "The right rows: in which order?",
        ranking(take=lambda o, s, k: s[o[:k]]):
            "Those are the cosines: which rows have them?",
    },
    right="8 tables of up to 500 rows; long, short, twin and opposite ones",
)
