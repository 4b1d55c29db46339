"""Checks of exercise 04: squared error, log-softmax, cross-entropy, perplexity.

Each task is compared with Python's own numbers, up to logits of 10,000 and of -inf.
"""

import math

import numpy as np

from lmlab.checks.core import Case, Check

SCALAR = 1e-5  # one number, computed in 32 bits, is right as well
OVERFLOW = "exp(10000) is inf. Which shift of all scores of a row changes nothing?"
WHOSE = "Whose largest score do you take away: the row's, or everybody's?"
BITS = "Bits or nats: to which base is your logarithm?"
SCORES = "The logits are scores: what turns them into log-probabilities?"
GAP = "What is squared: the probability, or its gap to 1?"
ROUNDED = "A tiny p rounds to 0 before its log. What is the log of a fraction?"
SHIFT = "What is the largest score of that row after your shift, and its exp?"
rng = np.random.default_rng(0)


def _log_softmax(row: np.ndarray) -> np.ndarray:
    """The reference for one row, in Python's own numbers."""
    top = max(row)
    log_sum = top + math.log(math.fsum(math.exp(v - top) for v in row))
    return np.array([v - log_sum for v in row])


def _logs(z: np.ndarray) -> np.ndarray:
    return np.apply_along_axis(_log_softmax, -1, z)


def _picked(z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Minus the log-probability of each row's label."""
    return -_logs(z)[np.arange(len(labels)), labels]


def _softmax(z: np.ndarray, axis: int | None) -> np.ndarray:
    return _ratio(z, z.max(axis=axis, keepdims=True), axis=axis, keepdims=True)


def _ratio(z: np.ndarray, top: np.ndarray | float, **sums) -> np.ndarray:
    """Softmax with any shift `top`, and any way to sum: right ones and wrong ones."""
    e = np.exp(z - top)
    return e / e.sum(**sums)


def _three(p, mean=np.mean, log=lambda v: -np.log(v), square=lambda v: (1 - v) ** 2):
    """The three losses with one part exchanged: what a wrong answer computes."""
    parts = {"absolute": 1 - p, "squared": square(p), "cross-entropy": log(p)}
    return {name: mean(part) for name, part in parts.items()}


# 1. Mean squared error

shapes = ((1,), (2, 2), (7,), (2, 3, 5), (500,))

mse = Check(
    "mse", tolerance=SCALAR,
    cases=[
        Case(np.array([3.0, 5.0]), np.array([1.0, 4.0])),
        Case(np.array([2.0, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, 2.0, 7.0])),
        *(Case(*rng.normal(size=(2, *shape)).round(1), label=f"shape {shape}")
          for shape in shapes),
    ],
    reference=lambda o, y: math.fsum(
        (a - b) ** 2 for a, b in zip(o.flat, y.flat, strict=True)) / o.size,
    mistakes={
        lambda o, y: ((o - y) ** 2).sum():
            "Twice as many answers, as good as these: should the loss double?",
        lambda o, y: np.sqrt(((o - y) ** 2).mean()): "Has the formula a root?",
        lambda o, y: abs(o - y).mean(): "Sizes of gaps: what is done to each?",
        lambda o, y: (o - y).mean() ** 2:
            "One gap of +1 and one of -1: which comes first, square or mean?",
        lambda o, y: ((o - y) ** 2).mean() / 2: "Where is the half in the formula?",
        lambda o, y: (o - y) ** 2: "A square an answer: how do they become one number?",
    },
    right="7 arrays of 1 to 500 answers, with up to three axes",
)


# 2. A log-softmax that survives

log_softmax = Check(
    "log_softmax",
    cases=[
        Case(np.array([2.0, 1.0, 0.0])),
        Case(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), label="two rows"),
        Case(rng.normal(scale=3, size=(3, 3)).round(1), label="a square"),
        Case(np.array([1e4, 0.0])),
        Case(np.array([0.0, -math.inf, 1.0]), label="one is forbidden"),
        Case(np.array([[1e4, 9999.0], [-1e4, -9999.0]]), label="two far rows"),
        Case(np.array([5.0]), label="one choice"),
        Case(rng.normal(scale=1e4, size=(4, 6, 9)), label="three axes"),
    ],
    reference=lambda z: np.apply_along_axis(_log_softmax, -1, z),
    mistakes={
        lambda z: np.log(np.exp(z) / np.exp(z).sum(-1, keepdims=True)): OVERFLOW,
        lambda z: np.log(_softmax(z, -1)): ROUNDED,
        lambda z: np.log(_softmax(z, -1) + 1e-9):
            "Does adding something small leave the right answers right?",
        lambda z: _softmax(z, -1): "Probabilities: which function of those?",
        lambda z: z - z.max(-1, keepdims=True):
            "The largest is off: what is the log of the sum that divides?",
        lambda z: _logs(z) + z.max(-1, keepdims=True):
            "The largest is off inside exp: is it off the z outside as well?",
        lambda z: z - np.log(np.exp(z).sum(-1, keepdims=True)): OVERFLOW,
        lambda z: np.log(_softmax(z, 0)):
            "Do the probabilities of each row add up to 1, or of each column?",
        lambda z: z - np.log(np.exp(z).sum()):
            "How many rows share your sum, and how many should?",
        lambda z: -_logs(z): "Can the log of a probability be above 0?",
        lambda z: np.log2(_softmax(z, -1)): "To which base is your logarithm?",
        lambda z: (z - z.max()) - np.log(
            np.exp(z - z.max()).sum(-1, keepdims=True)): WHOSE,
    },
    no_warnings=True,
    right="8 arrays: logits of 10,000, -inf, up to three axes, no warning",
)


# 3. Cross-entropy from class indices

cases = [
    Case(np.array([[3.0, 2.0, 1.0]]), np.array([1]), label="one row"),
    Case(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), np.array([0, 1])),
    Case(np.array([[1.0, 3.0], [0.0, 2.0]]), np.array([1, 0]), label="a square"),
    Case(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]), label="huge"),
    Case(np.array([[1.0, -math.inf, 0.0]]), np.array([2]), label="one is forbidden"),
]
for rows, classes in ((5, 5), (8, 10), (200, 50)):
    cases.append(Case(rng.normal(scale=3, size=(rows, classes)).round(1),
                      rng.integers(classes, size=rows), label=f"{rows} rows"))
cross_entropy = Check(
    "cross_entropy", tolerance=SCALAR,
    cases=cases,
    reference=lambda z, y: -math.fsum(
        _log_softmax(row)[k] for row, k in zip(z, y, strict=True)) / len(y),
    mistakes={
        lambda z, y: _picked(z, y).sum(): "Is the loss a sum over rows, or a mean?",
        lambda z, y: -_picked(z, y).mean():
            "A probability is below 1, so its log is negative. Can surprise be?",
        lambda z, y: -z[np.arange(len(y)), y].mean(): SCORES,
        lambda z, y: -np.log(z)[np.arange(len(y)), y].mean(): SCORES,
        lambda z, y: -np.log(np.exp(z) / np.exp(z).sum(1, keepdims=True))[
            np.arange(len(y)), y].mean(): OVERFLOW,
        lambda z, y: -np.log(_softmax(z, 1))[np.arange(len(y)), y].mean(): ROUNDED,
        lambda z, y: -(_logs(z) * np.eye(z.shape[1])[y]).sum(1).mean():
            "0 times -inf is not 0. Can the label be picked without a product?",
        lambda z, y: -np.exp(_logs(z))[np.arange(len(y)), y].mean():
            "Those are probabilities: where is the logarithm?",
        lambda z, y: -_logs(z)[:, y].mean():
            "How many entries did you pick? There is one label a row.",
        lambda z, y: -(_logs(z) * np.eye(z.shape[1])[y]).mean():
            "By how much do you divide: by rows, or by rows times classes?",
        lambda z, y: -_logs(z.T).T[np.arange(len(y)), y].mean():
            "Over which axis do the probabilities add up to 1?",
        lambda z, y: _picked(np.exp(_logs(z)), y).mean():
            "Softmax twice? Print the numbers that go into log_softmax.",
        lambda z, y: _picked(z, y).mean() / math.log(2): BITS,
        lambda z, y: -np.log(np.exp(-_picked(z, y)).mean()):
            "Which comes first, the log of a row or the mean?",
        lambda z, y: _picked(z, y): "One surprise a row: how do they become one?",
    },
    right="8 batches of 1 to 200 rows (wrong by 10,000, a score of -inf)",
)


# 4. Perplexity, and bits per character

perplexity = Check(
    "perplexity", tolerance=SCALAR,
    cases=[
        Case(np.log([0.5, 0.5])),
        Case(np.log([1 / 2, 1 / 8]), label="p = 1/2 and 1/8"),
        Case(np.zeros(3), label="three certainties"),
        Case(np.full(5, -math.log(2483)), label="five uniform guesses"),
        Case(np.log(rng.uniform(0.001, 1, size=2000)), label="2,000 tokens"),
    ],
    reference=lambda log_probs: math.exp(-math.fsum(log_probs) / len(log_probs)),
    mistakes={
        lambda s: np.exp(np.mean(s)): "Is perplexity ever below 1? Mind the sign.",
        lambda s: -np.mean(s): "That is the loss: how many equal choices is that?",
        lambda s: np.prod(np.exp(s)) ** (-1 / len(s)):
            "A long product of probabilities rounds to 0. What do the logs allow?",
        lambda s: np.exp(-np.sum(s)): "Is a longer text worse: a sum, or a mean?",
        lambda s: 2 ** -np.mean(s): "The logs are natural: which base undoes them?",
        lambda s: np.mean(np.exp(-np.asarray(s))):
            "Which comes first, the mean or the exponential?",
        lambda s: np.exp(-np.mean(np.log(s))):
            "What comes in is a logarithm already: why take another?",
    },
    right="5 texts of 2 to 2,000 tokens",
)


line = "床前明月光"
bits_per_character = Check(
    "bits_per_character", tolerance=SCALAR,
    cases=[
        Case(np.log([0.5, 0.25]), "ab", label="a token a character"),
        Case(np.log([0.5, 0.25]), "moon light", label="two tokens"),
        Case(np.log([0.5, 0.25, 0.125]), line, label="three tokens"),
        Case(np.log(rng.uniform(0.1, 1, size=15)), line, label="15 bytes"),
        Case(np.zeros(4), "moon", label="certain"),
        Case(np.log(rng.uniform(0.01, 1, 700)), line * 60, label="700 subwords"),
    ],
    reference=lambda s, t: sum(-math.log2(math.exp(v)) for v in s) / len(t),
    mistakes={
        lambda s, t: -np.sum(s) / math.log(2) / len(s):
            "Those are bits a token: what does the name promise?",
        lambda s, t: -np.sum(s) / len(t): "Those are nats: how many bits is a nat?",
        lambda s, t: -np.sum(np.log2(s)) / len(t):
            "What comes in is a logarithm already: why is it negative?",
        lambda s, t: -np.sum(s) * math.log(2) / len(t):
            "A half has surprise 1 bit or 0.69 nats: multiply by ln 2, or divide?",
        lambda s, t: np.sum(s) / math.log(2) / len(t):
            "A log-probability is negative. Can surprise be?",
        lambda s, t: -np.sum(s) / math.log(2) / len(t.encode()):
            "How many bytes has one Chinese character? The text counts characters.",
        lambda s, t: -np.sum(s) / math.log(2) / len(t.replace(" ", "")):
            "Is a space a character?",
        lambda s, t: -np.sum(s) / math.log(2): "The whole text: how long is it?",
        lambda s, t: 2 ** (-np.sum(s) / math.log(2) / len(t)):
            "That is a number of choices: how many bits is it?",
    },
    right="6 texts, in bytes, characters, subwords",
)


# 5. Find the bug

softmax = Check(
    "softmax",
    cases=[
        Case(np.array([[1.0, 0.0], [1.0, 3.0]]), label="a square"),
        Case(np.array([[2.0, 1.0, 0.0]]), label="one row"),
        Case(rng.normal(size=(3, 5)).round(1), label="3 rows, 5 classes"),
        Case(np.array([[1e4, 9999.0], [0.0, 1.0]]), label="two far rows"),
        Case(np.array([[1000.0, 0.0, -1000.0]]), label="far apart within a row"),
        Case(np.zeros((3, 1)), label="one class"),
        Case(rng.normal(scale=50, size=(100, 40)), label="100 rows"),
    ],
    reference=lambda z: np.exp(np.apply_along_axis(_log_softmax, -1, z)),
    mistakes={
        lambda z: _softmax(z, 0):
            "What is the sum of the first row? Over which axis should it be 1?",
        lambda z: _softmax(z, None): "How many rows share your sum?",
        lambda z: _ratio(z, 0, axis=1, keepdims=True): OVERFLOW,
        _logs: "Those are logarithms: which function of them adds up to 1?",
        lambda z: _ratio(z, z.max(axis=1, keepdims=True), axis=1):
            "The sums of the rows are right; do they stand as a row, or a column?",
        lambda z: _ratio(z, z.max(axis=0), axis=1, keepdims=True):
            "Nearly: what does the largest of a *column* have to do with a row?",
        lambda z: _ratio(z, z.max(axis=1, keepdims=True), axis=0):
            "Which numbers are added up below: a row's, or a column's?",
        lambda z: _ratio(z, z.max(axis=1), axis=1):
            "The axis is right. What is the shape of your sums: does it fit rows?",
        lambda z: _ratio(z, z.max(), axis=1, keepdims=True): WHOSE,
        lambda z: _ratio(z, z.min(1, keepdims=True), axis=1, keepdims=True): SHIFT,
        lambda z: _ratio(z, z.mean(1, keepdims=True), axis=1, keepdims=True): SHIFT,
    },
    right="7 batches; each row adds up to 1, however far apart rows or scores are",
)


# 6. Who is paid for honesty?

three_losses = Check(
    "three_losses", tolerance=SCALAR,
    cases=[
        Case(np.array([0.5])),
        Case(np.array([0.9, 0.2])),
        Case(np.array([1.0, 1.0, 1.0]), label="always certain, always right"),
        Case(np.array([1.0, 0.0]), label="certain, and once wrong"),
        Case(np.array([0.6] * 7 + [0.4] * 3), label="10 days"),
        Case(rng.uniform(0.01, 1, size=365), label="a year"),
    ],
    reference=lambda p: {
        "absolute": math.fsum(1 - v for v in p) / len(p),
        "squared": math.fsum((1 - v) ** 2 for v in p) / len(p),
        "cross-entropy": sum(-math.log(v) if v else math.inf for v in p) / len(p),
    },
    mistakes={
        lambda p: _three(p, mean=np.sum): "A sum over days, or a mean?",
        lambda p: _three(p, log=np.log): "ln p is negative. Can surprise be?",
        lambda p: _three(1 - p):
            "p belongs to what happened: does a larger p mean a larger loss?",
        lambda p: _three(p, log=lambda v: -np.log2(v)): BITS,
        lambda p: _three(p, log=lambda v: -np.log(1 - v)):
            "In which of the three does p itself stand, and not 1 - p?",
        lambda p: _three(p, square=lambda v: v**2): GAP,
        lambda p: _three(p, square=lambda v: 1 - v**2): GAP,
        lambda p: _three(p, square=lambda v: np.mean(1 - v) ** 2):
            "Which comes first, the square of a day or the mean of all?",
        lambda p: _three(p, log=lambda v: -np.log(np.mean(v))):
            "Which comes first, the log of a day or the mean of all?",
        lambda p: _three(p, log=lambda v: -v * np.log(v)):
            "The label of what happened is 1: what does p multiply here?",
        lambda p: _three(p, mean=lambda v: v):
            "One loss a day: how do ten days become one number?",
    },
    right="6 forecasters, from always right to certain and wrong",
)
