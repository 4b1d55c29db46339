"""Checks of exercise 03: a neuron, layers, stable activations, counting, exclusive or.

Each task is compared with plain loops over Python numbers, on cases from a pencil's
size to a few hundred rows.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from lmlab.checks.compare import describe
from lmlab.checks.core import Case, CheckFailed, call, check_function, fail, passed

PENCIL = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]), np.array([0.0, -1.0, 0.0])


def neuron(attempt: Callable) -> None:
    """Check `neuron(w, b, x)`: one weighted sum, one bias, ReLU around it all."""
    rng = np.random.default_rng(3)
    sizes = (3, 8, 8, 100, 100)
    check_function(
        "neuron", attempt,
        cases=[
            Case(np.array([2.0]), -1.0, np.array([3.0])),
            Case(np.array([1.0, 3.0]), -2.0, np.array([1.0, 2.0])),
            Case(np.array([1.0, -2.0]), 0.5, np.array([1.0, 2.0])),
            Case(np.array([1.0, -1.0]), 0.0, np.array([1.0, 2.0])),
            *(Case(rng.normal(size=n), float(rng.normal()), rng.normal(size=n))
              for n in sizes),
        ],
        reference=lambda w, b, x: max(0.0, math.fsum(w * x) + b),
        question="What is the weighted sum with a pencil, and what does ReLU make of "
                 "it?",
        mistakes={
            lambda w, b, x: w @ x + b: "What does ReLU do with a sum below zero?",
            lambda w, b, x: max(0.0, w @ x): "The sum is there; where does b come in?",
            lambda w, b, x: max(0.0, w @ x - b):
                "Is the bias added, or taken away?",
            lambda w, b, x: max(0.0, np.sum(w * x + b)):
                "How many biases has one neuron, and how many did you add?",
            lambda w, b, x: np.maximum(w * x, 0).sum() + b:
                "Is ReLU applied to each product, or to the whole sum?",
            lambda w, b, x: max(0.0, w @ x) + b:
                "Is the bias inside or outside the ReLU?",
            lambda w, b, x: np.maximum(w * x + b, 0):
                "One neuron gives one number: what is still to be added up?",
            lambda w, b, x: abs(w @ x + b):
                "ReLU does not turn a negative sum round: what does it return?",
        },
        right="9 neurons with 1 to 100 inputs, on and off",
    )


def dense(attempt: Callable) -> None:
    """Check `dense(W, b, X)` against a loop over rows and neurons."""
    rng = np.random.default_rng(4)
    W, b = PENCIL
    shapes = ((4, 2, 3), (3, 3, 3), (1, 5, 2), (6, 1, 1), (200, 64, 32))
    check_function(
        "dense", attempt,
        cases=[
            Case(W, b, np.array([[1.0, 2.0]]), label="one row"),
            *(Case(rng.normal(size=(neurons, inputs)).round(1),
                   rng.normal(size=neurons).round(1),
                   rng.normal(size=(rows, inputs)).round(1),
                   label=f"{rows} rows, {inputs} inputs, {neurons} neurons")
              for rows, inputs, neurons in shapes),
        ],
        reference=_dense_loop,
        question="Which axis of W runs over the inputs, and which axis of X?",
        mistakes={
            lambda W, b, X: X @ W.T: "The products are right; where does b come in?",
            lambda W, b, X: X @ W.T - b: "Is the bias added, or taken away?",
            lambda W, b, X: X @ W + b:
                "Row or column: which of them holds the weights of one neuron in W?",
            lambda W, b, X: X @ W.T + b[:, None]:
                "Does each neuron have its bias, or each row of the batch?",
            lambda W, b, X: W @ X.T + b[:, None]:
                "One row for each input is wanted: which way round is yours?",
            lambda W, b, X: np.maximum(X @ W.T + b, 0):
                "The task asks for z: is there an activation in it?",
            lambda W, b, X: (X @ W.T + b)[0]:
                "What becomes of the other rows of the batch?",
        },
        right="6 shapes, square ones, single rows and 200 rows among them",
    )


def sigmoid(attempt: Callable) -> None:
    """Check `sigmoid(z)` from -1e3 to 1e3, in value and without a warning."""
    _stable(
        "sigmoid", attempt, lambda z: (1 + math.tanh(z / 2)) / 2,
        mistakes={
            lambda z: 1 / (1 + np.exp(z)):
                "Should large z give 1 or 0? Look at the sign in the exponent.",
            np.tanh: "tanh runs from -1 to 1: where does sigmoid start?",
            lambda z: (np.sign(z) + 1) / 2:
                "That is a step: what is sigmoid of a small number, such as 2?",
            lambda z: 1 / (1 + np.exp(-np.abs(z))):
                "That is right where z is positive: what holds on the other side?",
        },
    )


def softplus(attempt: Callable) -> None:
    """Check `softplus(z)` from -1e3 to 1e3, in value and without a warning."""
    _stable(
        "softplus", attempt, lambda z: max(z, 0.0) + math.log1p(math.exp(-abs(z))),
        mistakes={
            lambda z: np.log(1 + np.exp(z)):
                "exp(1000) is inf: which part of the logarithm is z itself?",
            lambda z: np.log(1 + np.exp(np.clip(z, -500, 500))):
                "Where z is above your limit, what does softplus have to return?",
            lambda z: np.log(1 + np.exp(np.clip(z, -700, 700))):
                "Where z is above your limit, what does softplus have to return?",
            lambda z: np.maximum(z, 0):
                "That is ReLU: how much is softplus above it at z = 0?",
            lambda z: np.log1p(np.exp(-np.abs(z))):
                "That is right where z is negative: what was taken out where z > 0?",
            lambda z: z + np.log1p(np.exp(-np.abs(z))):
                "That is right where z is positive: was z to be taken out elsewhere?",
            lambda z: np.maximum(z, 0) + np.exp(-np.abs(z)):
                "At z = 0 the answer is ln 2: which logarithm is missing?",
            lambda z: np.maximum(z, 0) + np.log2(1 + np.exp(-np.abs(z))):
                "To which base is your logarithm?",
            lambda z: np.log2(1 + np.exp(z)): "To which base is your logarithm?",
        },
    )


def count_parameters(attempt: Callable) -> None:
    """Check `count_parameters(sizes)` by making the arrays' sizes one by one."""
    check_function(
        "count_parameters", attempt,
        cases=[Case(sizes) for sizes in (
            [3, 4, 5], [2, 3, 1], [1, 1], [64, 32, 10], [7, 7, 7, 7],
            [12288, 49152, 12288])],
        reference=lambda s: sum(into * out + out for into, out in pairwise(s)),
        question="How many weights lead into a layer, and how many biases has it?",
        mistakes={
            _weights: "Those are the weights: how many biases are there?",
            lambda s: _weights(s) + sum(s):
                "The input layer computes nothing: should it have biases?",
            lambda s: _weights(s) + sum(s[:-1]):
                "Does the bias belong to the neuron, or to its input?",
            lambda s: _weights(s) + len(s) - 1:
                "Does a layer share one bias, or has each neuron its own?",
            math.prod:
                "Which layers are joined by weights: all with all, or neighbours?",
            lambda s: _weights(s) + sum(s[1:-1]):
                "The output layer computes too: has it no biases?",
            lambda s: (s[0] + 1) * s[1]: "Does the sum reach the last layer?",
            sum: "Those are the neurons: how many numbers has each?",
        },
        right="6 nets, from one neuron to 1.2 billion parameters",
    )


def forward(attempt: Callable) -> None:
    """Check `forward(X, layers)` against loops; equal rows must give equal answers."""
    rng = np.random.default_rng(5)
    two = [PENCIL, (np.eye(3), np.array([10.0, 20.0, 30.0]))]
    cases = [
        Case(np.array([[3.0]]), [(np.array([[2.0]]), np.array([-7.0]))],
             label="one layer"),
        Case(np.array([[1.0, 2.0], [3.0, 4.0]]),
             [(np.array([[1.0, 1.0]]), np.array([0.5]))], label="two rows"),
        Case(np.ones((3, 1)), [(np.ones((3, 1)), np.array([10.0, 20.0, 30.0]))],
             label="three equal rows"),
        Case(np.array([[1.0, 2.0]]), two, label="one row"),
    ]
    for rows, sizes in ((2, (2, 3, 1)), (3, (4, 3, 3, 3)), (100, (64, 32, 10))):
        layers = [(rng.normal(size=(out, into)), rng.normal(size=out))
                  for into, out in pairwise(sizes)]
        cases.append(Case(rng.normal(size=(rows, sizes[0])), layers,
                          label=f"{rows} rows through {sizes}"))
    check_function(
        "forward", attempt,
        cases=cases,
        reference=lambda X, layers: _chain(X, layers, dense=_dense_loop),
        question="Follow one row with a pencil: what does each layer hand on, and how "
                 "many numbers is that?",
        mistakes={
            lambda X, layers: _chain(X, layers, bias=lambda b: b[:, None]):
                "Equal rows, unequal answers: along which axis does b lie?",
            lambda X, layers: _chain(X, layers, last=True):
                "The last layer has no ReLU: may an answer be negative?",
            lambda X, layers: _chain(X, layers, relu=False):
                "Where is the ReLU between the layers?",
            lambda X, layers: _chain(X, layers, bias=lambda b: 0 * b):
                "The products are right; where does b come in?",
            lambda X, layers: _chain(X, layers).T:
                "One row for each input is wanted: which way round is yours?",
            lambda X, layers: _chain(X, layers[:1], last=True):
                "Does the loop reach the last layer?",
            lambda X, layers: _chain(X, [layers[0], layers[-1]]):
                "Does each layer have its turn once, whatever their number?",
            lambda X, layers: _chain(np.maximum(X, 0), layers):
                "Is ReLU laid on what comes into the net, or on what a layer hands on?",
            lambda X, layers: _chain(0 * X + X[:1], layers):
                "What becomes of the other rows of the batch?",
        },
        right="7 nets and batches; equal rows give equal answers",
    )


def xor_weights(attempt: Callable) -> None:
    """Check that the learner's own weights give exclusive or at the four corners."""
    layers = call("xor_weights", attempt)
    W1, b1, W2, b2 = _two_layers(layers)
    for x1, x2 in ((0, 0), (0, 1), (1, 0), (1, 1)):
        hidden = np.maximum(W1 @ np.array([x1, x2]) + b1, 0)
        returned, expected = float((W2 @ hidden + b2)[0]), float(x1 != x2)
        if not abs(returned - expected) < 1e-6:
            fail(
                f"your net at ({x1}, {x2})", returned, expected,
                _xor_question(x1, x2, returned, hidden),
                f"hidden: {', '.join(f'{h:g}' for h in hidden)}",
            )
    passed("xor_weights", f"all four corners, with {len(W1)} hidden neurons")


def _stable(name: str, attempt: Callable, one: Callable, mistakes: dict) -> None:
    rng = np.random.default_rng(6)
    check_function(
        name, attempt,
        cases=[
            Case(np.array([0.0, 2.0])),
            Case(np.array([-2.0, 0.5, 3.0])),
            Case(rng.normal(scale=5, size=(4, 3)), label="a table"),
            Case(np.array([-1000.0, 1000.0]), label="huge"),
            Case(rng.uniform(-1000, 1000, size=500), label="500 from -1000 to 1000"),
        ],
        reference=lambda z: np.vectorize(one, otypes=[float])(z),
        question="What does the formula give for each of these numbers?",
        mistakes=mistakes,
        no_warnings=True,
        warning_question="Which exp still sees a large positive number? np.where "
                         "computes both of its sides everywhere.",
        right="5 arrays up to 1000 either way, without a warning",
    )


def _dense_loop(W, b, X):
    return np.array([
        [math.fsum(w * v for w, v in zip(row, x, strict=True)) + bias
         for row, bias in zip(W, b, strict=True)] for x in X])


def _chain(X, layers, dense=lambda W, b, X: X @ W.T + b,
           bias=lambda b: b, relu=True, last=False):
    """The layers in turn; the last three put in or leave out what a mistake does."""
    for number, (W, b) in enumerate(layers, start=1):
        X = dense(W, bias(b), X)
        if relu and (last or number < len(layers)):
            X = np.maximum(X, 0)
    return X


def _weights(sizes):
    return sum(into * out for into, out in pairwise(sizes))


def _two_layers(layers) -> list[np.ndarray]:
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
    shapes = [part.shape for part in arrays]
    if shapes != [(h, 2), (h,), (1, h), (1,)]:
        fail("xor_weights(), shapes of W1, b1, W2, b2", shapes,
             [(h, 2), (h,), (1, h), (1,)],
             "Weights are (out, in): how many neurons and inputs has each layer?")
    if not all(np.isfinite(part).all() for part in arrays):
        raise CheckFailed(
            "xor_weights(): not yet",
            f"    returned {describe(layers)}      expected finite numbers",
            "Where do nan or inf come from?",
        )
    return arrays


def _xor_question(x1: int, x2: int, returned: float, hidden: np.ndarray) -> str:
    if not hidden.any() and returned == 0:
        return "No hidden neuron is on here: which weight or bias would switch one on?"
    if (x1, x2) == (0, 0):
        return "With both inputs 0 only biases are left: what do they add up to?"
    if (x1, x2) == (1, 1):
        return "Both are 1: which neuron is on only here, and how much must it take?"
    return "Follow this corner with a pencil: what does each hidden neuron hand on?"
