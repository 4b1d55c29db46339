"""Checks of exercise 03: layers, stable activations, two kinds of neuron, exclusive or.

Each task is compared with plain loops over Python numbers, on cases from a pencil's
size to a few hundred rows. How a check is written: see `lmlab.checks.core`.
"""

import math
from itertools import pairwise

import numpy as np

from lmlab.checks.compare import describe
from lmlab.checks.core import Case, Check, CheckFailed, fail

PENCIL = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]), np.array([0.0, -1.0, 0.0])
rng = np.random.default_rng(3)


# 1. A layer for a whole batch

def dense_loop(W, b, X):
    return np.array([
        [math.fsum(w * v for w, v in zip(row, x, strict=True)) + bias
         for row, bias in zip(W, b, strict=True)] for x in X])


shapes = ((4, 2, 3), (3, 3, 3), (1, 5, 2), (6, 1, 1), (200, 64, 32))

dense = Check(
    "dense",
    cases=[
        Case(*PENCIL, np.array([[1.0, 2.0]]), label="one row"),
        *(Case(rng.normal(size=(neurons, inputs)).round(1),
               rng.normal(size=neurons).round(1),
               rng.normal(size=(rows, inputs)).round(1),
               label=f"{rows} rows, {inputs} inputs, {neurons} neurons")
          for rows, inputs, neurons in shapes),
    ],
    reference=dense_loop,
    mistakes={
        lambda W, b, X: X @ W.T: "The products are right; where does b come in?",
        lambda W, b, X: X @ W.T - b: "Is the bias added, or taken away?",
        lambda W, b, X: X @ W + b:
            "Row or column: which of them holds the weights of one neuron in W?",
        lambda W, b, X: X @ W.T + b[:, None]:
            "Does each neuron have its bias, or each row of the batch?",
        lambda W, b, X: W @ X.T + b[:, None]:
            "One row for each input is wanted: which way round is yours?",
        lambda W, b, X: W @ X.T + b:
            "Which comes first in your product, rows or neurons?",
        lambda W, b, X: np.maximum(X @ W.T + b, 0):
            "The task asks for z: is there an activation in it?",
        lambda W, b, X: X[:1] @ W.T + b:
            "What becomes of the other rows of the batch?",
    },
    right="6 shapes, square ones, single rows and 200 rows among them",
)


# 2. Activations that survive large numbers

def stable(name: str, one, mistakes: dict) -> Check:
    """The check of a function of one number, in value and without a warning."""
    return Check(
        name,
        cases=[
            Case(np.array([0.0, 2.0])),
            Case(np.array([-2.0, 0.5, 3.0])),
            Case(np.array([[-5.0, 5.0], [1.0, -1.0]]), label="a table"),
            Case(np.array([-1000.0, 1000.0]), label="huge"),
            Case(np.linspace(-1000, 1000, 501), label="501 from -1000 to 1000"),
        ],
        reference=lambda z: np.vectorize(one, otypes=[float])(z),
        mistakes=mistakes,
        no_warnings=True,
        right="5 arrays up to 1000 either way, without a warning",
    )


BOTH = "np.where computes both of its sides everywhere: what does exp see in each?"
BASE = "To which base is your logarithm?"
LIMIT = "Where z is above your limit, what does softplus have to return?"

sigmoid = stable(
    "sigmoid", lambda z: (1 + math.tanh(z / 2)) / 2,
    mistakes={
        lambda z: 1 / (1 + np.exp(-z)):
            "exp(1000) is too large. Which form of the fraction has exp(z) in it?",
        lambda z: np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z))):
            BOTH,
        lambda z: np.exp(z) / (1 + np.exp(z)):
            "Right for small z. What does exp(1000) over exp(1000) give?",
        lambda z: 1 / (1 + np.exp(z)):
            "Should large z give 1 or 0? Look at the sign in the exponent.",
        np.tanh: "tanh runs from -1 to 1: where does sigmoid start?",
        lambda z: (np.sign(z) + 1) / 2:
            "That is a step: what is sigmoid of a small number, such as 2?",
        lambda z: 1 / (1 + np.exp(-np.abs(z))):
            "That is right where z is positive: what holds on the other side?",
    },
)

softplus = stable(
    "softplus", lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
    mistakes={
        lambda z: np.log(1 + np.exp(z)):
            "exp(1000) is inf: which part of the logarithm is z itself?",
        lambda z: np.where(z > 30, z, np.log1p(np.exp(z))): BOTH,
        lambda z: np.log(1 + np.exp(np.clip(z, -500, 500))): LIMIT,
        lambda z: np.log(1 + np.exp(np.clip(z, -700, 700))): LIMIT,
        lambda z: np.maximum(z, 0):
            "That is ReLU: how much is softplus above it at z = 0?",
        lambda z: np.log1p(np.exp(-np.abs(z))):
            "That is right where z is negative: what was taken out where z > 0?",
        lambda z: z + np.log1p(np.exp(-np.abs(z))):
            "That is right where z is positive: was z to be taken out elsewhere?",
        lambda z: np.maximum(z, 0) + np.exp(-np.abs(z)):
            "At z = 0 the answer is ln 2: which logarithm is missing?",
        lambda z: np.maximum(z, 0) + np.log2(1 + np.exp(-np.abs(z))): BASE,
    },
)


# 3. Apples and pears

def rounds(w, fruit, label, wrong=lambda s: s <= 0, move=lambda w, x, y: w + y * x,
           times=1):
    """`one_round`, or a mistake: when it is wrong, how it moves, how many rounds."""
    mistakes = 0
    for _ in range(times):
        for x, y in zip(fruit, label, strict=True):
            if wrong(y * math.fsum(w * x)):
                w, mistakes = move(w, x, y), mistakes + 1
    return w, mistakes


def other(**parts):
    return lambda w, fruit, label: rounds(w, fruit, label, **parts)


def at_once(w, fruit, label):
    wrong = label * (fruit @ w) <= 0
    return w + (label * wrong) @ fruit, int(wrong.sum())


example = Case(np.zeros(2), np.array([[1.0, 2.0], [1.0, 1.0]]), np.array([1, -1]))

one_round = Check(
    "one_round",
    cases=[
        Case(np.array([0.0, 1.0]), np.array([[2.0, 1.0]]), np.array([1]),
             label="nothing is wrong"),
        Case(np.array([0.0, 1.0]), np.array([[2.0, 1.0]]), np.array([-1])),
        example,
        Case(np.array([1.0, -1.0]), np.array([[1.0, 1.0]]), np.array([1]),
             label="exactly 0"),
        *(Case(rng.normal(size=n).round(1), rng.normal(size=(m, n)).round(1),
               rng.choice([-1, 1], size=m), label=f"{m} examples")
          for m, n in ((3, 2), (8, 3), (100, 5))),
    ],
    reference=rounds,
    mistakes={
        other(wrong=lambda s: s < 0): "At exactly 0, is it right or wrong?",
        other(wrong=lambda s: s > 0): "Does it move where it is right, or wrong?",
        other(wrong=lambda s: True): "What happens where it is right?",
        other(move=lambda w, x, y: w + x):
            "Towards an apple; and which way where a pear was called an apple?",
        other(move=lambda w, x, y: w - y * x):
            "Towards the example or away: which label asks for which?",
        other(move=lambda w, x, y: w + y):
            "It moves by the example: where is x in your step?",
        other(times=2): "How many times is each example shown?",
        at_once: "Which weights does the second example meet: the old, or the new?",
        lambda *given: rounds(*given)[0]: "Two things come back: where is the count?",
        lambda *given: rounds(*given)[::-1]: "Which comes first, weights or mistakes?",
        lambda w, fruit, label: rounds(w, fruit[:1], label[:1]):
            "Does the loop reach the second example?",
        lambda w, fruit, label: (w, rounds(w, fruit, label)[1]):
            "Are the weights that come back the moved ones?",
        lambda w, fruit, label: (rounds(w, fruit, label)[0],
                                 int((label * (fruit @ w) <= 0).sum())):
            "A mistake counts when it happens: with which weights did you count?",
    },
    right="7 baskets of 1 to 100 fruits, one of them exactly on the border",
)


# 4. Find the bug

def chain(X, layers, dense=lambda W, b, X: X @ W.T + b, bias=lambda b: b, relu=True,
          last=False):
    """The layers in turn; the last three put in or leave out what a mistake does."""
    for number, (W, b) in enumerate(layers, start=1):
        X = dense(W, bias(b), X)
        if relu and (last or number < len(layers)):
            X = np.maximum(X, 0)
    return X


def net(rows, sizes) -> Case:
    layers = [(rng.normal(size=(out, into)), rng.normal(size=out))
              for into, out in pairwise(sizes)]
    return Case(rng.normal(size=(rows, sizes[0])), layers,
                label=f"{rows} rows through {sizes}")


one_layer = [(np.array([[2.0]]), np.array([-7.0]))]
two_layers = [PENCIL, (np.eye(3), np.array([10.0, 20.0, 30.0]))]

forward = Check(
    "forward",
    cases=[
        Case(np.array([[3.0]]), one_layer, label="one layer"),
        Case(np.array([[1.0, 2.0], [3.0, 4.0]]),
             [(np.array([[1.0, 1.0]]), np.array([0.5]))], label="two rows"),
        Case(np.array([[1.0, 2.0]]), two_layers, label="one row"),
        Case(np.ones((3, 1)), [(np.ones((3, 1)), np.array([10.0, 20.0, 30.0]))],
             label="three equal rows"),
        Case(np.ones((3, 2)), two_layers, label="three equal rows"),
        *(net(rows, sizes) for rows, sizes in (
            (2, (2, 3, 1)), (3, (4, 3, 3, 3)), (100, (64, 32, 10)))),
    ],
    reference=lambda X, layers: chain(X, layers, dense=dense_loop),
    mistakes={
        lambda X, layers: chain(X, layers, dense=lambda W, b, X: (W @ X.T + b).T):
            "Equal rows, unequal answers: along which axis does b lie?",
        lambda X, layers: chain(X, layers, last=True):
            "The last layer has no ReLU: may an answer be negative?",
        lambda X, layers: chain(X, layers, relu=False):
            "Where is the ReLU between the layers?",
        lambda X, layers: chain(X, layers, bias=lambda b: 0 * b):
            "The products are right; where does b come in?",
        lambda X, layers: chain(X, layers).T:
            "One row for each input is wanted: which way round is yours?",
        lambda X, layers: chain(X, layers[:1], last=len(layers) > 1):
            "Does the loop reach the last layer?",
        lambda X, layers: chain(X, [layers[0], layers[-1]][-len(layers):]):
            "Does each layer have its turn once, whatever their number?",
        lambda X, layers: chain(np.maximum(X, 0), layers):
            "Is ReLU laid on what comes into the net, or on what a layer hands on?",
        lambda X, layers: chain(0 * X + X[:1], layers):
            "What becomes of the other rows of the batch?",
    },
    right="8 nets and batches; equal rows give equal answers",
)


# 5. Predict, then measure: a neuron that fires

def spikes(current, steps, leak=1.0, fires=lambda v: v >= 1, after=lambda v: 0.0):
    """The count for each current, in a loop; or a mistake in one of its parts."""
    counts = []
    for i in current.tolist():
        v, count = 0.0, 0
        for _ in range(steps):
            v = v + (i - leak * v) / 200
            if fires(v):
                v, count = after(v), count + 1
        counts.append(count)
    return np.array(counts)


def cell(**parts):
    return lambda current, steps: spikes(current, steps, **parts)


def start_before(current, steps):
    """Looks whether it fires before it moves, so that the last step is not seen."""
    return spikes(current, steps - 1)


exact = np.array([200.0])  # one step lifts it to exactly 1

count_spikes = Check(
    "count_spikes",
    cases=[
        Case(np.array([2.0]), 300),
        Case(np.array([0.5, 2.0]), 300),
        Case(exact, 5, label="a step lifts it to exactly 1"),
        Case(np.array([150.0]), 9, label="a strong input"),
        Case(np.array([0.9, 1.0]), 2000, label="too weak"),
        Case(np.array([1.2, 3.0, 4.0]), 2000),
        Case(np.linspace(0, 4, 9), 1000, label="9 neurons"),
    ],
    reference=spikes,
    mistakes={
        cell(leak=0.0): "Does a voltage leak away when the input is weak? Where?",
        cell(fires=lambda v: v > 1): "At exactly 1, does it fire?",
        cell(after=lambda v: v): "Where does the voltage start after a spike?",
        cell(after=lambda v: v - 1): "Does it start from 0, or from what is above 1?",
        start_before: "Is the voltage looked at after each step, the last one too?",
        lambda current, steps: np.minimum(spikes(current, steps), 1):
            "How often does it fire? You say whether it does.",
        lambda current, steps: spikes(current, steps) / steps:
            "Spikes are counted: by what did you divide?",
        lambda current, steps: spikes(current, steps).sum():
            "One count for each neuron: what did you add up?",
    },
    right="7 groups of 1 to 9 neurons, too weak ones and strong ones",
)


# 6. Weights by hand

NOBODY = "No hidden neuron is on here: which weight or bias would switch one on?"
ZEROS = "With both inputs 0 only biases are left: what do they add up to?"
ONES = "Both are 1: which neuron is on only here, and how much must it take?"
CORNER = "Follow this corner with a pencil: what does each hidden neuron hand on?"
SHAPES = "Weights are (out, in): how many neurons and inputs has each layer?"


def corners(call) -> None:
    W1, b1, W2, b2 = four_arrays(call())
    for x1, x2 in ((0, 0), (0, 1), (1, 0), (1, 1)):
        hidden = np.maximum(W1 @ np.array([x1, x2]) + b1, 0)
        returned, expected = float((W2 @ hidden + b2)[0]), float(x1 != x2)
        if not abs(returned - expected) < 1e-6:
            fail(f"your net at ({x1}, {x2})", returned, expected,
                 NOBODY if not hidden.any() and returned == 0 else
                 {(0, 0): ZEROS, (1, 1): ONES}.get((x1, x2), CORNER),
                 f"hidden: {', '.join(f'{h:g}' for h in hidden)}")


def four_arrays(layers) -> list[np.ndarray]:
    """Return W1, b1, W2, b2 as float arrays, or fail in the words of the task."""
    try:
        (W1, b1), (W2, b2) = layers
        arrays = [np.asarray(part, dtype=float) for part in (W1, b1, W2, b2)]
    except (TypeError, ValueError):
        raise CheckFailed(
            "xor_weights(): not yet",
            f"    returned {describe(layers)}      expected [(W1, b1), (W2, b2)]",
            "Two layers, each a pair of an array of weights and an array of biases?",
        ) from None
    h = arrays[1].size if arrays[1].ndim == 1 else 2
    found, wanted = [part.shape for part in arrays], [(h, 2), (h,), (1, h), (1,)]
    if found != wanted:
        fail("xor_weights(), shapes of W1, b1, W2, b2", found, wanted, SHAPES)
    return arrays


def weights(W1, b1, W2, b2):
    return lambda: [(np.array(W1), np.array(b1)), (np.array(W2), np.array(b2))]


xor_weights = Check(
    "xor_weights",
    properties=[corners],
    mistakes={
        weights([[1, 1], [1, 1]], [0, -1], [[1, -1]], [0]): ONES,
        weights([[1, 1], [1, 1]], [0, -1], [[1, -2]], [1]): ZEROS,
        weights([[1, 1], [1, 1]], [0, 0], [[1, -2]], [0]): CORNER,
        weights([[1, -1], [1, -1]], [0, 0], [[1, 1]], [0]): NOBODY,
        weights([[1, 1], [1, 1]], [0, -1], [[1], [-2]], [0]): SHAPES,
    },
    right="all four corners",
)
