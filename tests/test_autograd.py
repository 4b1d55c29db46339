"""Promises of `lmlab.learning.autograd`."""

import gc
import math
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays, mutually_broadcastable_shapes

from lmlab.learning.autograd import Tensor, cross_entropy, log_softmax

# Each row: the same formula in both libraries, and the shapes of its inputs. Inputs
# are positive, so that log and division are safe; `- 1` gives both signs.
IDS = np.array([0, 2, 2, 1])
FORMULAS = {
    "add": (lambda t: t[0] + t[1], (3, 4), (3, 4)),
    "add a row": (lambda t: t[0] + t[1], (3, 4), (4,)),
    "add a column": (lambda t: t[0] + t[1], (3, 4), (3, 1)),
    "row + column": (lambda t: t[0] + t[1], (1, 4), (3, 1)),
    "subtract": (lambda t: t[0] - t[1], (3, 4), (4,)),
    "multiply": (lambda t: t[0] * t[1], (2, 3, 4), (3, 1)),
    "divide": (lambda t: t[0] / t[1], (3, 4), (4,)),
    "divide a number": (lambda t: 2 / t[0], (3, 4)),
    "subtract from a number": (lambda t: 2 - t[0], (3, 4)),
    "constants": (lambda t: 3 * t[0] + 1 - t[0] / 2, (3,)),
    "negate": (lambda t: -t[0], (3, 4)),
    "square": (lambda t: (t[0] - 1) ** 2, (3, 4)),
    "power": (lambda t: t[0] ** -0.5, (3, 4)),
    "exp": (lambda t: t[0].exp(), (3, 4)),
    "log": (lambda t: t[0].log(), (3, 4)),
    "tanh": (lambda t: (t[0] - 1).tanh(), (3, 4)),
    "sigmoid": (lambda t: (t[0] - 1).sigmoid(), (3, 4)),
    "relu": (lambda t: (t[0] - 1).relu(), (3, 4)),
    "sum": (lambda t: t[0].sum() * t[1], (3, 4), (3,)),
    "sum of an axis": (lambda t: t[0].sum(1) * t[1], (3, 4), (3,)),
    "sum, axis kept": (lambda t: t[0] / t[0].sum(-1, keepdims=True), (3, 4)),
    "mean": (lambda t: t[0].mean() * t[0], (3, 4)),
    "mean of an axis": (lambda t: t[0].mean(0) * t[1], (3, 4), (4,)),
    "mean of two axes": (lambda t: t[0].mean((0, 2)) * t[1], (2, 3, 4), (3,)),
    "matrix @ matrix": (lambda t: t[0] @ t[1], (3, 4), (4, 2)),
    "matrix @ vector": (lambda t: t[0] @ t[1], (3, 4), (4,)),
    "vector @ matrix": (lambda t: t[0] @ t[1], (4,), (4, 2)),
    "vector @ vector": (lambda t: t[0] @ t[1], (4,), (4,)),
    "batch @ matrix": (lambda t: t[0] @ t[1], (5, 3, 4), (4, 2)),
    "batch @ batch": (lambda t: t[0] @ t[1], (5, 1, 3, 4), (2, 4, 2)),
    "batch @ vector": (lambda t: t[0] @ t[1], (5, 3, 4), (4,)),
    "reshape": (lambda t: t[0].reshape(2, -1) @ t[1], (3, 4), (6, 2)),
    "T": (lambda t: t[0].T * t[1], (3, 4), (4, 3)),
    "row": (lambda t: t[0][1] * t[1], (3, 4), (4,)),
    "columns": (lambda t: t[0][:, 1:3] * t[1], (3, 4), (3, 2)),
    "look up rows": (lambda t: t[0][IDS] * t[1], (3, 4), (4, 4)),
    "used twice": (lambda t: t[0] * t[0] + t[0], (3, 4)),
    "diamond": (lambda t: t[0].exp() * (t[0] - 1).tanh() + t[1], (3, 4), (4,)),
    "layer": (lambda t: (t[0] @ t[1].T + t[2]).relu(), (5, 3), (2, 3), (2,)),
}


def leaves(shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 1.5, shape) for shape in shapes]


def numeric(f, values, h=1e-6):
    """Central differences of the number f(values), one entry at a time."""
    slopes = []
    for k, value in enumerate(values):
        slope = np.zeros_like(value)
        for i in np.ndindex(value.shape):
            both = []
            for step in (h, -h):
                moved = [v.copy() for v in values]
                moved[k][i] += step
                both.append(float(f([Tensor(v) for v in moved])))
            slope[i] = (both[0] - both[1]) / (2 * h)
        slopes.append(slope)
    return slopes


def number(result):
    """A number that depends on every entry, each in its own way."""
    weights = np.cos(np.arange(1.0, 1 + np.prod(result.shape))).reshape(result.shape)
    if isinstance(result, torch.Tensor):
        weights = torch.tensor(weights)
    return (result * weights).sum()


@pytest.mark.parametrize("name", FORMULAS)
def test_value_and_gradients_agree_with_torch_and_finite_differences(name):
    formula, *shapes = FORMULAS[name]
    values = leaves(shapes)
    ours = [Tensor(v) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    result, expected = formula(ours), formula(theirs)
    np.testing.assert_allclose(result.data, expected.detach().numpy(), atol=1e-12)
    number(result).backward()
    number(expected).backward()
    slopes = numeric(lambda t: number(formula(t)), values)
    for our, their, slope in zip(ours, theirs, slopes, strict=True):
        assert our.grad.shape == our.shape
        np.testing.assert_allclose(our.grad, their.grad.numpy(), atol=1e-10)
        np.testing.assert_allclose(our.grad, slope, atol=1e-7)


@pytest.mark.parametrize("axes", [(1, 2, 0), (0, -1, 1), (-1, 0, 1)])
def test_transpose_agrees_with_torch_permute(axes):
    values = leaves([(3, 3, 3)])[0]
    ours, theirs = Tensor(values), torch.tensor(values, requires_grad=True)
    number(ours.transpose(*axes)).backward()
    number(theirs.permute(*axes)).backward()
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), atol=1e-12)


EDGES = {
    "x ** 0": lambda x: x**0,
    "x ** 0.0": lambda x: x**0.0,
    "x ** 1": lambda x: x**1,
    "x ** 2": lambda x: x**2,
    "x ** 0.5": lambda x: x**0.5,
    "x ** -1": lambda x: x**-1,
    "x ** -2": lambda x: x**-2,
    "x ** nan": lambda x: x**math.nan,
    "log": lambda x: x.log(),
    "x / x": lambda x: x / x,
    "1 / x": lambda x: 1 / x,
    "x / tiny": lambda x: x / 1e-300,
    "relu": lambda x: x.relu(),
    "exp": lambda x: x.exp(),
    "tanh": lambda x: x.tanh(),
    "sigmoid": lambda x: x.sigmoid(),
}


@pytest.mark.parametrize("name", EDGES)
def test_the_edges_of_each_rule_are_those_of_torch(name):
    values = np.array([0.0, 2.0, -2.0, 1e-200, -1e-200, 1e200, 1e3, -1e3, np.inf])
    ours, theirs = Tensor(values), torch.tensor(values, requires_grad=True)
    with np.errstate(all="ignore"):
        result = EDGES[name](ours)
        result.sum().backward()
    expected = EDGES[name](theirs)
    expected.sum().backward()
    np.testing.assert_allclose(result.data, expected.detach().numpy())
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy())


@pytest.mark.parametrize("shape", [(5, 3), (2, 4, 3)])
def test_cross_entropy_agrees_with_torch(shape):
    rng = np.random.default_rng(1)
    values, targets = rng.normal(size=shape) * 5, rng.integers(0, 3, shape[:-1])
    ours, theirs = Tensor(values), torch.tensor(values, requires_grad=True)
    loss = cross_entropy(ours, targets)
    expected = torch.nn.functional.cross_entropy(
        theirs.reshape(-1, 3), torch.tensor(targets).reshape(-1)
    )
    loss.backward()
    expected.backward()
    assert float(loss) == pytest.approx(expected.item(), abs=1e-12)
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), atol=1e-12)


def test_a_quotient_has_its_slope_where_a_square_would_vanish():
    x = Tensor([1e-200, -4e-200])
    (2e-200 / x).sum().backward()
    np.testing.assert_allclose(x.grad, [-2e200, -1.25e199])


def test_huge_logits_neither_overflow_nor_lose_their_gradient():
    logits = Tensor([[1e4, 0.0, -1e4], [0.0, -np.inf, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        out = log_softmax(logits)
        cross_entropy(logits, [1, 0]).backward()
    np.testing.assert_allclose(out.data[0], [0, -1e4, -2e4])
    np.testing.assert_allclose(logits.grad, [[0.5, -0.5, 0], [-0.25, 0, 0.25]])


def test_sigmoid_of_a_thousand_is_one_without_a_warning():
    x = Tensor([-1e3, 0.0, 1e3])
    with np.errstate(all="raise"):
        y = x.sigmoid()
        y.sum().backward()
    np.testing.assert_allclose(y.data, [0, 0.5, 1])
    np.testing.assert_allclose(x.grad, [0, 0.25, 0])


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_broadcast_of_three_shapes_gives_gradients_of_the_inputs_shapes(data):
    shapes = data.draw(mutually_broadcastable_shapes(num_shapes=3, max_dims=3))
    element = st.floats(-2, 2, width=32)
    values = [data.draw(arrays(np.float64, s, elements=element)) for s in shapes[0]]
    ours = [Tensor(v) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    for a, b, c in (ours, theirs):
        (((a + b) * c - a) * b).sum().backward()
    for our, their in zip(ours, theirs, strict=True):
        assert our.grad.shape == our.shape
        np.testing.assert_allclose(our.grad, their.grad.numpy(), atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 9)),
        min_size=1,
        max_size=12,
    )
)
def test_any_graph_with_shared_nodes_agrees_with_torch(steps):
    def run(leaves):
        pool = list(leaves)
        for kind, i, j in steps:
            a, b = pool[i % len(pool)], pool[j % len(pool)]
            pool.append([a + b, a * b, a - b, (a * 0.5).tanh(), b.relu()][kind])
        return (sum(pool[1:], pool[0]) * 0.1).tanh().sum()

    values = leaves([(2, 3), (3,)])
    ours = [Tensor(v) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    run(ours).backward()
    run(theirs).backward()
    for our, their in zip(ours, theirs, strict=True):
        scale = max(1.0, float(their.grad.abs().max()))
        np.testing.assert_allclose(our.grad, their.grad.numpy(), atol=1e-9 * scale)


def test_two_layer_net_keeps_torchs_losses_for_twenty_steps():
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(30, 4)), rng.integers(0, 3, 30)
    start = [rng.normal(size=s) for s in [(8, 4), (8,), (3, 8), (3,)]]
    ours = [Tensor(v) for v in start]
    theirs = [torch.tensor(v, requires_grad=True) for v in start]
    for _ in range(20):
        W1, b1, W2, b2 = ours
        loss = cross_entropy((X @ W1.T + b1).relu() @ W2.T + b2, y)
        loss.backward()
        V1, c1, V2, c2 = theirs
        hidden = torch.relu(torch.tensor(X) @ V1.T + c1)
        expected = torch.nn.functional.cross_entropy(
            hidden @ V2.T + c2, torch.tensor(y)
        )
        expected.backward()
        assert float(loss) == pytest.approx(expected.item(), abs=1e-10)
        with torch.no_grad():
            for our, their in zip(ours, theirs, strict=True):
                our.data -= 0.5 * our.grad
                their -= 0.5 * their.grad
                our.grad = their.grad = None


def test_a_second_backward_adds_to_leaves_and_refreshes_what_lies_between():
    w = Tensor([1.0, 2.0])
    middle = w * 3
    loss = (middle**2).sum()
    loss.backward()
    once, between = w.grad.copy(), middle.grad.copy()
    loss.backward()
    np.testing.assert_array_equal(w.grad, 2 * once)
    np.testing.assert_array_equal(middle.grad, between)


def test_gradients_of_two_leaves_never_share_memory():
    a, b = Tensor([1.0]), Tensor([2.0])
    (a + b).sum().backward()
    a.grad *= 10
    assert b.grad[0] == 1


def test_a_tensor_owns_its_numbers():
    start = np.ones(2)
    w = Tensor(start)
    w.data -= 1
    np.testing.assert_array_equal(start, [1, 1])


def test_arrays_are_constants_on_either_side():
    X, w = np.ones((3, 2)), Tensor([1.0, 2.0])
    for result in (X * w, w * X, X + w, X - w, X / w, (X @ w) * X.T):
        assert isinstance(result, Tensor)
    (X @ w).sum().backward()
    np.testing.assert_array_equal(w.grad, [3, 3])


def test_float32_stays_float32_and_integers_become_float64():
    w = Tensor(np.ones(3, np.float32))
    loss = ((w * 2 + 1).sigmoid() ** 2).mean()
    loss.backward()
    assert loss.data.dtype == w.grad.dtype == np.float32
    assert Tensor([1, 2]).data.dtype == np.float64


def test_a_chain_of_five_thousand_steps_is_no_trouble():
    x = y = Tensor(1.0)
    for _ in range(5000):
        y = y + 0.001
    y.backward()
    assert x.grad == 1


def test_the_graph_is_freed_when_the_loss_goes():
    gc.disable()
    try:
        w = Tensor(np.ones(3))
        loss = (w.exp() * w).sum()
        gone = weakref.ref(loss._inputs[0][1])
        loss.backward()
        del loss
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "wrong, error, words",
    [
        (lambda w: w.backward(), ValueError, r"one number.*\(2, 3\)"),
        (lambda w: w @ w, ValueError, r"matmul needs.*\(2, 3\) @ \(2, 3\)"),
        (lambda w: w @ 2, ValueError, r"matmul needs.*\(2, 3\) @ \(\)"),
        (lambda w: np.ones(2) @ w.T, ValueError, r"matmul.*\(2,\) @ \(3, 2\)"),
        (lambda w: w + "1", TypeError, "other must be a Tensor.*got str"),
        (lambda w: w * [1, 2], TypeError, "other must be a Tensor.*got list"),
        (lambda w: w**w, TypeError, "power must be a plain number: got Tensor"),
        (lambda w: Tensor("abc"), TypeError, "data must hold real numbers: got"),
        (
            lambda w: Tensor([1j]),
            TypeError,
            "data must hold real numbers: got dtype complex",
        ),
        (lambda w: Tensor(w), TypeError, "data must hold real numbers: got dtype obj"),
        (lambda w: w[:0].mean(), ValueError, r"mean needs.*\(0, 3\)"),
        (lambda w: cross_entropy(w, [0.0, 1.0]), TypeError, "targets.*integers.*float"),
        (lambda w: cross_entropy(w, [0]), ValueError, r"targets.*\(2,\).*\(1,\)"),
        (lambda w: cross_entropy(w, [0, 3]), ValueError, "0 to 2: got 0 to 3"),
        (lambda w: cross_entropy(w, [-1, 0]), ValueError, "0 to 2: got -1 to 0"),
        (lambda w: cross_entropy(w[:0], np.array([], int)), ValueError, "mean needs"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(
    wrong, error, words
):
    with pytest.raises(error, match=words):
        wrong(Tensor(np.ones((2, 3))))
