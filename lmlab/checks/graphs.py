"""Checks of exercise 05 that need graphs: an order, a backward pass, a training.

The graphs are made of stubs with the attributes of the exercise's `Node`; gradients
and trained weights are compared with `lmlab.learning.autograd`.
"""

from collections.abc import Callable

import numpy as np

from lmlab.checks.core import Case, CheckFailed, call, check_function, fail, passed
from lmlab.learning.autograd import Tensor


def topological_order(attempt: Callable) -> None:
    """Check that every node stands once, after its inputs; any such order passes."""
    name = "topological_order"
    a, b = Stub("a"), Stub("b")
    c = Stub("c", a, b)
    skip = Stub("d", b, Stub("c", b, a))
    ladder = Stub("n0")
    for i in range(1, 41):
        ladder = Stub(f"n{i}", ladder, ladder)
    chain = Stub("m0")
    for i in range(1, 101):
        chain = Stub(f"m{i}", chain)
    cases = [
        ("a, a leaf", a),
        ("c, where c = a + b", c),
        ("d, where c = a + b, d = c * a", Stub("d", c, a)),
        ("d, where c = b + a, d = b * c", skip),
        ("e, where b = relu(a), c = b + a, e = c * b", _diamond()),
        ("m100, a chain of 100", chain),
        ("n40, where n1 = n0 + n0, n2 = n1 + n1, ...", ladder),
    ]
    for words, node in cases:
        tried = f"{name}({words})"
        _in_order(tried, call(name, attempt, node, text=tried), node)
    passed(name, "7 graphs, a leaf, a long chain and 2**40 paths among them")


def backward(attempt: Callable) -> None:
    """Check `backward(order)`: shared nodes, whole graphs, and a second call."""
    name = "backward"
    w = Stub("w", value=3.0)
    square = Stub("square", w, w, value=9.0, rule=lambda g: (g * 3.0, g * 3.0))
    text = f"{name}([w, square]) with w = 3"
    _gradients(text, attempt, [w, square], [6.0, 1.0],
               "w gets two parts: what happens to the first when the second comes?")
    _gradients(f"a second {text}", attempt, [w, square], [6.0, 1.0],
               "What did the first call leave in .grad?")
    for seed in range(20):
        order, expected = _random_graph(seed)
        _gradients(f"{name}(order) on a random graph of {len(order)} nodes", attempt,
                   order, expected,
                   "Is each node's gradient complete before it is passed on?")
    passed(name, "21 graphs of 2 to 14 nodes, and a second call; agrees with "
           "lmlab.learning.autograd to 1e-9")


def train(attempt: Callable) -> None:
    """Check `train(start, X, targets, steps, learning_rate)`, step by step."""
    rng = np.random.default_rng(10)

    def case(rows, steps, rate):
        shapes = ((2, 16), (16,), (16, 1), (1,))
        start = [rng.normal(size=s) / 2 for s in shapes]
        targets = rng.choice([-1.0, 1.0], size=(rows, 1))
        return Case(start, rng.normal(size=(rows, 2)), targets, steps, rate)

    def wrong(**changes):
        return lambda *arguments: _train(*arguments, **changes)

    check_function(
        "train", attempt,
        cases=[case(13, 1, 0.1), case(13, 2, 0.1), case(40, 10, 0.05)],
        reference=_train,
        question="Which four things happen in one step, and in which order?",
        mistakes={
            wrong(sign=1): "Which way is downhill, along the gradient or against it?",
            wrong(moving=()): "Your weights come back as they went in: which line "
                              "moves them?",
            wrong(moving=(0, 2)): "Do the biases move too?",
            wrong(moving=(2, 3)): "Does the first layer move too?",
            wrong(late=True): "Is the loss written down before the step or after it?",
            wrong(scale=False): "By what is the gradient multiplied?",
            wrong(gather=True): "Are there gradients of earlier steps in this one?",
        },
        right="3 trainings of 1 to 10 steps; weights and losses agree with "
        "lmlab.learning.autograd to 1e-9",
    )


class Stub:
    """A node like the exercise's, with a name; it counts how often it is read."""

    def __init__(self, name, *inputs, value=0.0, rule=None):
        self.name, self.rule = name, rule
        self.value = np.asarray(value, dtype=float)
        self.grad = np.zeros_like(self.value)
        self._inputs, self._read = inputs, 0

    @property
    def inputs(self):
        self._read += 1
        if self._read > 1000:
            raise CheckFailed(
                "topological_order(n40, where n1 = n0 + n0, ...): not yet",
                f"    read the inputs of {self.name} 1,000 times      expected once",
                "What keeps you from walking again where you have been?",
            )
        return self._inputs

    def __deepcopy__(self, memo):
        return self


def _diamond():
    a = Stub("a")
    b = Stub("b", a)
    return Stub("e", Stub("c", b, a), b)


def _nodes(node):
    """All nodes below, inputs first."""
    order, todo = [], [node]
    while todo:
        n = todo[-1]
        below = [i for i in n._inputs if i not in order]
        if below:
            todo.extend(below)
        else:
            todo.pop()
            if n not in order:
                order.append(n)
    return order


def _in_order(tried, returned, node):
    wanted = _nodes(node)
    names = [n.name for n in wanted]
    if not isinstance(returned, list | tuple):
        fail(tried, returned, names, "A list of nodes is wanted: what do you return?")
    mine = [getattr(n, "name", n) for n in returned]
    if not all(isinstance(n, Stub) for n in returned):
        fail(tried, mine, names, "What is in your list besides the nodes themselves?")
    if len(set(mine)) < len(mine):
        fail(tried, mine, names, "Which node stands there twice, and why?")
    if len(mine) < len(names):
        fail(tried, mine, names, "Which node is missing? Leaves count, the last too.")
    place = {n: k for k, n in enumerate(mine)}
    for n in wanted:
        for i in n._inputs:
            if place[i.name] > place[n.name]:
                fail(tried, mine, names, f"Is {i.name} there before {n.name}, which "
                     "was made of it?")


def _gradients(tried, attempt, order, expected, question):
    returned = call("backward", attempt, order, text=tried)
    if not isinstance(returned, list | tuple) or len(returned) != len(order):
        fail(tried, returned, [np.asarray(g).tolist() for g in expected],
             "One gradient for each node of order is wanted: what do you return?")
    for node, mine, wanted in zip(order, returned, expected, strict=True):
        if np.shape(mine) != np.shape(wanted):
            fail(tried, np.asarray(mine), np.asarray(wanted),
                 f"Has the gradient of {node.name} the shape of its value?")
        if not np.allclose(mine, wanted, atol=1e-9):
            if not _same(returned[-1], expected[-1]):
                question = "What is the gradient of the last node itself?"
            if all(map(_same, returned, expected[::-1])):
                question = "In which order are the gradients wanted?"
            fail(tried, [np.asarray(g) for g in returned],
                 [np.asarray(g) for g in expected], question,
                 f"the first that differs is that of {node.name}")
        if not np.allclose(node.grad, wanted, atol=1e-9):
            fail(tried, np.asarray(node.grad), np.asarray(wanted),
                 "You return the gradients: are they in .grad as well?",
                 f"in .grad of {node.name}")


def _same(mine, wanted):
    return np.shape(mine) == np.shape(wanted) and np.allclose(mine, wanted)


def _random_graph(seed):
    """Stubs in order, and their gradients from `lmlab.learning.autograd`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, 2))
    order = [Stub("n0", value=values[0]), Stub("n1", value=values[1])]
    tensors = [Tensor(v) for v in values]
    for k in range(2, 3 + seed % 12):
        i = k - 1 if k > 2 else 0
        j = int(rng.integers(k))
        a, b = order[i].value, order[j].value
        if rng.random() < 0.5:
            rule, value, tensor = (lambda g: (g, g)), a + b, tensors[i] + tensors[j]
        else:
            rule = lambda g, a=a, b=b: (g * b, g * a)  # noqa: E731
            value, tensor = a * b, tensors[i] * tensors[j]
        order.append(Stub(f"n{k}", order[i], order[j], value=value, rule=rule))
        tensors.append(tensor)
    tensors[-1].sum().backward()
    return order, [np.zeros(2) if t.grad is None else t.grad for t in tensors]


def _train(start, X, targets, steps, learning_rate, sign=-1, moving=range(4),
           late=False, scale=True, gather=False):
    """The reference; the last five arguments make typical mistakes."""
    p, losses = [Tensor(a) for a in start], []

    def error():
        return (((X @ p[0] + p[1]).relu() @ p[2] + p[3] - targets) ** 2).mean()

    for _ in range(steps):
        loss = error()
        loss.backward()
        for i in moving:
            p[i].data += sign * (learning_rate if scale else 1) * p[i].grad
        losses.append(float(error() if late else loss))
        if not gather:
            for a in p:
                a.grad = None
    return [a.data for a in p], losses
