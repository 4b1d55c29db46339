"""Checks of exercise 05: nudging, one neuron, the rules of an engine.

Gradients are compared with `learning.autograd` (itself held to torch and to finite
differences by its tests) and with plain loops. Orders, backward passes and training
are checked in `graphs`.
"""

from collections.abc import Callable

import numpy as np

from lmlab.checks.core import Case, check_function
from lmlab.checks.graphs import backward, topological_order, train
from lmlab.learning.autograd import Tensor

__all__ = ["add_backward", "backward", "multiply_backward", "neuron_gradients",
           "numeric_gradient", "relu_backward", "topological_order", "train"]


def numeric_gradient(attempt: Callable) -> None:
    """Check `numeric_gradient(f, w, h)` on arrays of no, one, two and three axes."""

    def bowl(w):
        return float((w * w).sum())

    def slope(w):
        return float((w * (1 + np.arange(w.size)).reshape(w.shape)).sum())

    def wave(w):
        return float(np.sin(w).sum() + np.cos(w.sum()))

    def cube(w):
        return float((w**3).sum())

    rng = np.random.default_rng(5)
    check_function(
        "numeric_gradient", attempt,
        cases=[
            Case(bowl, np.array([3.0])),
            Case(slope, np.array([1.0, 2.0])),
            Case(bowl, np.array([2.0, -1.0])),
            Case(slope, np.array([[0.0, 1.0], [2.0, 3.0]])),
            Case(wave, rng.normal(size=(3, 2))),
            Case(wave, np.array([2, -1]), label="w of whole numbers"),
            Case(wave, rng.normal(size=(2, 3, 4))),
            Case(bowl, np.zeros((0, 3)), label="an empty array"),
            Case(cube, np.array([1.0, -2.0]), 0.5, label="h = 0.5"),
        ],
        reference=_central,
        tolerance=1e-7,
        question="For one entry: at which two points is f taken, and how far apart?",
        mistakes={
            lambda f, w, h=1e-5: 2 * _central(f, w, h):
                "How far apart are the two points: h, or more?",
            lambda f, w, h=1e-5: -_central(f, w, h):
                "If f grows with w, is the slope positive? Which point comes first?",
            lambda f, w, h=1e-5: _each(
                w, lambda n: (f(w + h * n) - f(w)) / h):
                "Is one of your points w itself? Both should be as far from it.",
            lambda f, w, h=1e-5: _each(
                w, lambda n: (f(w) - f(w - h * n)) / h):
                "Your lower point is h below w: is the upper one as far above it?",
            lambda f, w, h=1e-5: _each(
                w, lambda n: (f(w + h) - f(w - h)) / (2 * h)):
                "When one entry is nudged, where do the others stand?",
            lambda f, w, h=1e-5: 2 * h * _central(f, w, h):
                "The loss moved by this much: per how much of nudge?",
            lambda f, w, h=1e-5: h * h * _central(f, w, h):
                "Nearly zero: is every entry written, and does `/ 2 * h` divide by h?",
            lambda f, w, h=1e-5: np.array(
                [(f(w + n) - f(w - n)) / (2 * h) for n in h * np.eye(len(w))]):
                "The lesson's nudges fit one row: what does one move in this w?",
            lambda f, w, h=1e-5: _by_rows(f, w, h):
                "w has columns too: how many of its numbers does one nudge move?",
            lambda f, w, h=1e-5: np.ones(w.shape) * _by_rows(f, w, h)[:, None]:
                "w has columns too: how many of its numbers does one nudge move?",
            lambda f, w, h=1e-5: _each(w, lambda n: (
                f((w + h * n).astype(w.dtype)) - f((w - h * n).astype(w.dtype))
                ) / (2 * h)):
                "w holds whole numbers: what is left of a nudge written into it?",
            lambda f, w, h=1e-5: _central(f, w, 1e-5):
                "Does the step that was passed in reach the formula?",
        },
        right="9 functions and shapes, an empty array and a large h among them",
    )


def neuron_gradients(attempt: Callable) -> None:
    """Check `neuron_gradients(w, b, x, y)` against `lmlab.learning.autograd`."""
    rng = np.random.default_rng(6)
    sizes = (3, 3, 8, 8, 50)
    on, off = np.array([1.0, 2.0]), np.array([-1.0, 1.0])
    check_function(
        "neuron_gradients", attempt,
        cases=[
            Case(np.array([2.0]), 1.0, np.array([3.0]), 4.0),
            Case(np.array([1.0, 1.0]), -1.0, on, 3.0),
            Case(np.array([1.0, -1.0]), 0.0, on, 1.0, label="the neuron is off"),
            Case(np.array([1.0, 1.0]), 0.0, off, 1.0, label="z is exactly 0"),
            *(Case(rng.normal(size=n), float(rng.normal()), rng.normal(size=n),
                   float(rng.normal())) for n in sizes),
        ],
        reference=_neuron,
        question="Walk back: what is dL/da, then dL/dz, and what does z multiply?",
        mistakes={
            lambda w, b, x, y: tuple(g / 2 for g in _neuron(w, b, x, y)):
                "What is the slope of a square: the error, or twice the error?",
            lambda w, b, x, y: tuple(-g for g in _neuron(w, b, x, y)):
                "If the answer is above y and grows, does the loss grow or shrink?",
            lambda w, b, x, y: _neuron(w, b, x, y)[::-1]:
                "The gradients of w and x: which is multiplied by which?",
            lambda w, b, x, y: _neuron(w, b, x, y, gate=lambda z: float(z >= 0)):
                "What does the docstring say about z = 0?",
            lambda w, b, x, y: _neuron(w, b, x, y, gate=lambda z: 1.0):
                "When the neuron is off, can a small change of w move the loss?",
            _no_relu:
                "Does z go through ReLU on the way forward, and on the way back?",
            _relu_of_error:
                "Which sign switches ReLU on or off, that of z or that of da?",
            lambda w, b, x, y: _neuron(w, b, x, y, gate=lambda z: max(z, 0.0)):
                "Is the slope of ReLU its value, or 1?",
            lambda w, b, x, y: (x, 1.0, w):
                "Those are the slopes of z. By what does the loss multiply them?",
            lambda w, b, x, y: (*_neuron(w, b, x, y)[:1], 1.0,
                                _neuron(w, b, x, y)[2]):
                "The slope of z along b is 1: and that of the loss?",
        },
        right="9 neurons with 1 to 50 inputs, off and exactly at 0 among them",
    )


def multiply_backward(attempt: Callable) -> None:
    """Check `multiply_backward(a, b, g)`."""
    rng = np.random.default_rng(7)
    shapes = ((2,), (3, 2), (2, 3, 4))
    check_function(
        "multiply_backward", attempt,
        cases=[
            Case(*(np.array([n]) for n in (2.0, 3.0, 10.0))),
            *(Case(*rng.normal(size=(3, *shape)).round(1)) for shape in shapes),
            Case(*np.zeros((3, 0)), label="empty arrays"),
        ],
        reference=lambda a, b, g: (g * b, g * a),
        question="If a grows by a little, by how much does a * b grow?",
        mistakes={
            lambda a, b, g: (g * a, g * b):
                "The slope of a * b along a: is it a itself, or the other one?",
            lambda a, b, g: (b, a):
                "Those are the slopes of a * b. Where does g come in?",
            lambda a, b, g: (g, g):
                "That is the rule of a sum: what is the slope of a product?",
            lambda a, b, g: (g * a * b, g * a * b):
                "If a grows by a little, by how much does a * b grow: a * b times?",
        },
        right="5 shapes, an empty one among them",
    )


def add_backward(attempt: Callable) -> None:
    """Check `add_backward(a, b, g)`, where b may be one row for all rows of a."""
    rng = np.random.default_rng(8)
    pairs = [((1, 2), (1, 2)), ((3, 2), (2,)), ((2, 2), (2,)), ((3, 2), (3, 2)),
             ((1, 2), (2,)), ((5, 1), (1,))]
    check_function(
        "add_backward", attempt,
        cases=[
            Case(*(rng.integers(1, 9, s).astype(float) for s in (one, other, one)),
                 label=f"a {one}, b {other}")
            for one, other in pairs
        ],
        reference=_add_backward,
        question="In how many rows was each number of b used, and how many parts of g "
        "does it get?",
        mistakes={
            lambda a, b, g: (g, g.mean(axis=0) if b.ndim < 2 else g):
                "Does b get the mean of its parts, or all of them?",
            lambda a, b, g: (g, g.sum(axis=1) if b.ndim < 2 else g):
                "Which axis of g runs over the rows that share b?",
            lambda a, b, g: (g, g.sum(0, keepdims=True) if b.ndim < 2 else g):
                "b is one row, of shape (n,): how many axes has your sum?",
            lambda a, b, g: (g, g[0] if b.ndim < 2 else g):
                "The first row blames b: and the others?",
            lambda a, b, g: (np.ones_like(a), np.ones_like(b)):
                "Those are the slopes of a + b. Where does g come in?",
            lambda a, b, g: (g, g.sum(axis=0)):
                "When a and b have the same shape, is anything shared?",
        },
        right="6 pairs of shapes, shared rows and square ones among them",
    )


def relu_backward(attempt: Callable) -> None:
    """Check `relu_backward(a, g)`, at 0 too."""
    rng = np.random.default_rng(9)
    check_function(
        "relu_backward", attempt,
        cases=[
            Case(np.array([-1.0, 2.0]), np.array([5.0, -7.0])),
            Case(np.array([0.0]), np.array([3.0]), label="a is exactly 0"),
            *(Case(*rng.normal(size=(2, *shape))) for shape in ((3, 2), (2, 3, 4))),
            Case(np.zeros((0, 2)), np.zeros((0, 2)), label="empty arrays"),
        ],
        reference=lambda a, g: np.vectorize(
            lambda v, w: w if v > 0 else 0.0, otypes=[float])(a, g),
        question="Where a is positive, what is the slope of ReLU, and where not?",
        mistakes={
            lambda a, g: np.where(a >= 0, g, 0):
                "What does the docstring say about a = 0?",
            lambda a, g: np.maximum(g, 0):
                "Which sign decides, that of a or that of g?",
            lambda a, g: np.where(a > 0, 1.0, 0.0):
                "That is the slope of ReLU. Where does g come in?",
            lambda a, g: np.maximum(a, 0) * g:
                "Is the slope of ReLU its value, or 1?",
            lambda a, g: np.maximum(a, 0):
                "That is the forward pass: what flows back?",
        },
        right="5 cases, negative gradients, zeros and empty arrays among them",
    )


def _each(w, slope):
    """slope(n) for every array n that is 1 at one place of w, in w's shape."""
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        one = np.zeros(w.shape)
        one[i] = 1
        gradient[i] = slope(one)
    return gradient


def _central(f, w, h=1e-5):
    return _each(w, lambda n: (f(w + h * n) - f(w - h * n)) / (2 * h))


def _by_rows(f, w, h):
    """The slopes when whole rows are nudged."""
    rows = (np.arange(len(w))[:, None] == np.arange(len(w)))[..., None] * h
    return np.array([(f(w + n) - f(w - n)) / (2 * h) for n in rows])


def _neuron(w, b, x, y, gate=None):
    if gate is not None:
        return _back(2 * (max(w @ x + b, 0) - y) * gate(w @ x + b), w, x)
    w, b, x = Tensor(w), Tensor(b), Tensor(x)
    (((w @ x + b).relu() - y) ** 2).backward()
    return w.grad + 0.0, float(b.grad) + 0.0, x.grad + 0.0  # 0.0 in place of -0.0


def _back(dz, w, x):
    return dz * x, dz, dz * w


def _no_relu(w, b, x, y):
    return _back(2 * (w @ x + b - y), w, x)


def _relu_of_error(w, b, x, y):
    return _back(max(2 * (max(w @ x + b, 0) - y), 0.0), w, x)


def _add_backward(a, b, g):
    total = np.zeros_like(b)
    for row in g:
        total = total + row
    return g, total if b.ndim < a.ndim else g
