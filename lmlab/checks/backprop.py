"""Checks of exercise 05: nudging, one neuron, rules, an order, a walk back, training.

Gradients are compared with `lmlab.learning.autograd` (itself held to torch and to
finite differences by its tests) and with plain loops. How a check is written: see
`lmlab.checks.core`.
"""

import numpy as np

from lmlab.checks.core import Case, Check, CheckFailed, fail
from lmlab.learning.autograd import Tensor

rng = np.random.default_rng(5)


# 1. Nudge every number

def bowl(w):
    return float((w * w).sum())


def slope(w):
    return float((w * (1 + np.arange(w.size)).reshape(w.shape)).sum())


def wave(w):
    return float(np.sin(w).sum() + np.cos(w.sum()))


def cube(w):
    return float((w**3).sum())


def each(formula):
    """`numeric_gradient` by formula(f, w, one, h); `one` is 1 at one place of w."""
    def gradient(f, w, h=1e-5):
        slopes = np.zeros(w.shape)
        for place in np.ndindex(w.shape):
            one = np.zeros(w.shape)
            one[place] = 1
            slopes[place] = formula(f, w, one, h)
        return slopes
    return gradient


def central(f, w, one, h):
    return (f(w + h * one) - f(w - h * one)) / (2 * h)


def by_rows(shape):
    """`numeric_gradient` that nudges whole rows, into zeros of shape(w)."""
    def gradient(f, w, h=1e-5):
        slopes = np.zeros(shape(w))
        for i in range(len(w)):
            row = np.zeros(w.shape)
            row[i] = 1
            slopes[i] = central(f, w, row, h)
        return slopes
    return gradient


numeric_gradient = Check(
    "numeric_gradient",
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
    reference=each(central),
    tolerance=1e-7,
    mistakes={
        each(lambda *given: 2 * central(*given)):
            "How far apart are the two points: h, or more?",
        each(lambda *given: -central(*given)):
            "If f grows with w, is the slope positive? Which point comes first?",
        each(lambda f, w, one, h: (f(w + h * one) - f(w)) / h):
            "Is one of your points w itself? Both should be as far from it.",
        each(lambda f, w, one, h: (f(w) - f(w - h * one)) / h):
            "Your lower point is h below w: is the upper one as far above it?",
        each(lambda f, w, one, h: (f(w + h) - f(w - h)) / (2 * h)):
            "When one entry is nudged, where do the others stand?",
        each(lambda f, w, one, h: f(w + h * one) - f(w - h * one)):
            "The loss moved by this much: per how much of nudge?",
        each(lambda f, w, one, h: (f(w + h * one) - f(w - h * one)) / 2 * h):
            "Nearly zero: does `/ 2 * h` divide by h?",
        lambda f, w, h=1e-5: np.array(
            [(f(w + n) - f(w - n)) / (2 * h) for n in h * np.eye(len(w))]):
            "The lesson's nudges fit one row: what does one move in this w?",
        by_rows(lambda w: len(w)):
            "w has columns too: how many of its numbers does one nudge move?",
        by_rows(lambda w: w.shape):
            "A row has one slope for all its columns: what did one nudge move?",
        each(lambda f, w, one, h: (
            f((w + h * one).astype(w.dtype)) - f((w - h * one).astype(w.dtype))
            ) / (2 * h)):
            "w holds whole numbers: what is left of a nudge written into it?",
        each(lambda f, w, one, h: central(f, w, one, 1e-5)):
            "Does the step that was passed in reach the formula?",
    },
    right="9 functions and shapes, an empty array and a large h among them",
)


# 2. The gradients of one neuron

def by_engine(w, b, x, y):
    w, b, x = Tensor(w), Tensor(b), Tensor(x)
    (((w @ x + b).relu() - y) ** 2).backward()
    return w.grad + 0.0, float(b.grad) + 0.0, x.grad + 0.0  # 0.0 in place of -0.0


def neuron(gate=lambda z: float(z > 0), da=lambda z, y: 2 * (max(z, 0) - y)):
    """`neuron_gradients`, or a mistake in the slope of ReLU or of the loss."""
    def gradients(w, b, x, y):
        z = w @ x + b
        dz = da(z, y) * gate(z)
        return dz * x, dz, dz * w
    return gradients


def relu_of_error(w, b, x, y):
    dz = max(2 * (max(w @ x + b, 0) - y), 0.0)
    return dz * x, dz, dz * w


def bias_one(w, b, x, y):
    dw, _, dx = by_engine(w, b, x, y)
    return dw, 1.0, dx


on, off = np.array([1.0, 2.0]), np.array([-1.0, 1.0])

neuron_gradients = Check(
    "neuron_gradients",
    cases=[
        Case(np.array([2.0]), 1.0, np.array([3.0]), 4.0),
        Case(np.array([1.0]), 0.0, np.array([0.5]), 2.0, label="z is 0.5"),
        Case(np.array([1.0, 1.0]), -1.0, on, 3.0),
        Case(np.array([1.0, -1.0]), 0.0, on, 1.0, label="the neuron is off"),
        Case(np.array([1.0, 1.0]), 0.0, off, 1.0, label="z is exactly 0"),
        Case(np.array([1.0, 1.0]), 0.001, off, 1.0, label="z is barely above 0"),
        *(Case(rng.normal(size=n), float(rng.normal()), rng.normal(size=n),
               float(rng.normal())) for n in (3, 3, 8, 8, 50)),
    ],
    reference=by_engine,
    mistakes={
        neuron(da=lambda z, y: max(z, 0) - y):
            "What is the slope of a square: the error, or twice the error?",
        neuron(da=lambda z, y: 2 * (y - max(z, 0))):
            "If the answer is above y and grows, does the loss grow or shrink?",
        lambda *given: by_engine(*given)[::-1]:
            "The gradients of w and x: which is multiplied by which?",
        neuron(gate=lambda z: float(z >= 0)): "What does the docstring say of z = 0?",
        neuron(gate=lambda z: 1.0):
            "When the neuron is off, can a small change of w move the loss?",
        neuron(gate=lambda z: float(z > 1)):
            "ReLU is on wherever z is above 0: above which z is yours on?",
        neuron(gate=lambda z: 1.0, da=lambda z, y: 2 * (z - y)):
            "Does z go through ReLU on the way forward, and on the way back?",
        relu_of_error:
            "Which sign switches ReLU on or off, that of z or that of da?",
        neuron(gate=lambda z: max(z, 0.0)): "Is the slope of ReLU its value, or 1?",
        lambda w, b, x, y: (x, 1.0, w):
            "Those are the slopes of z. By what does the loss multiply them?",
        bias_one: "The slope of z along b is 1: and that of the loss?",
    },
    right="11 neurons with 1 to 50 inputs, off, at 0 and barely above among them",
)


# 3. The rules of an engine

multiply_backward = Check(
    "multiply_backward",
    cases=[
        Case(*(np.array([n]) for n in (2.0, 3.0, 10.0))),
        *(Case(*rng.normal(size=(3, *shape)).round(1))
          for shape in ((2,), (3, 2), (2, 3, 4))),
        Case(*np.zeros((3, 0)), label="empty arrays"),
    ],
    reference=lambda a, b, g: (g * b, g * a),
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


def add_rule(shared):
    """`add_backward`; where b is one row, its gradient is shared(g)."""
    return lambda a, b, g: (g, shared(g) if b.ndim < 2 else g)


def sum_of_rows(g):
    total = np.zeros(g.shape[1])
    for row in g:
        total += row
    return total


add_backward = Check(
    "add_backward",
    cases=[
        Case(*(rng.integers(1, 9, shape).astype(float) for shape in (one, other, one)),
             label=f"a {one}, b {other}")
        for one, other in [((1, 2), (1, 2)), ((3, 2), (2,)), ((2, 2), (2,)),
                           ((3, 2), (3, 2)), ((1, 2), (2,)), ((5, 1), (1,))]
    ],
    reference=add_rule(sum_of_rows),
    mistakes={
        lambda a, b, g: (g, g):
            "b is one row, used in every row of a: how many parts of g blame it?",
        add_rule(lambda g: g.mean(axis=0)):
            "Does b get the mean of its parts, or all of them?",
        add_rule(lambda g: g.sum(axis=1)):
            "Which axis of g runs over the rows that share b?",
        add_rule(lambda g: g.sum(axis=0, keepdims=True)):
            "b is one row, of shape (n,): how many axes has your sum?",
        add_rule(lambda g: g[0]): "The first row blames b: and the others?",
        lambda a, b, g: (np.ones_like(a), np.ones_like(b)):
            "Those are the slopes of a + b. Where does g come in?",
        lambda a, b, g: (g, g.sum(axis=0)):
            "When a and b have the same shape, is anything shared?",
    },
    right="6 pairs of shapes, shared rows and square ones among them",
)

relu_backward = Check(
    "relu_backward",
    cases=[
        Case(np.array([-1.0, 2.0]), np.array([5.0, -7.0])),
        Case(np.array([0.0]), np.array([3.0]), label="a is exactly 0"),
        Case(np.array([0.001, -0.001]), np.array([3.0, 3.0]), label="a is near 0"),
        *(Case(*rng.normal(size=(2, *shape))) for shape in ((3, 2), (2, 3, 4))),
        Case(np.zeros((0, 2)), np.zeros((0, 2)), label="empty arrays"),
    ],
    reference=np.vectorize(lambda a, g: g if a > 0 else 0.0, otypes=[float]),
    mistakes={
        lambda a, g: np.where(a >= 0, g, 0.0): "What does the docstring say of a = 0?",
        lambda a, g: g: "Where a is negative, can a small change of it move anything?",
        lambda a, g: np.maximum(g, 0): "Which sign decides, that of a or that of g?",
        lambda a, g: np.where(a > 0, 1.0, 0.0):
            "That is the slope of ReLU. Where does g come in?",
        lambda a, g: np.maximum(a, 0) * g: "Is the slope of ReLU its value, or 1?",
        lambda a, g: np.maximum(a, 0): "That is the forward pass: what flows back?",
    },
    right="6 cases, negative gradients, zeros and empty arrays among them",
)


# 4. Put the graph in order

LADDER = "n40, where n1 = n0 + n0, n2 = n1 + n1, ..."


class Node:
    """A node like the exercise's, with a name; it counts how often it is read."""

    def __init__(self, name, *inputs, value=0.0, rule=None, grad=0.0):
        self.name, self.rule = name, rule
        self.value = np.asarray(value, dtype=float)
        self.grad = np.full_like(self.value, grad)
        self.made_of, self.read = inputs, 0

    @property
    def inputs(self):
        self.read += 1
        if self.read > 1000:
            raise CheckFailed(
                f"topological_order({LADDER}): not yet",
                f"    read the inputs of {self.name} 1,000 times      expected once",
                "What keeps you from walking again where you have been?",
            )
        return self.made_of


def nodes_below(node) -> list[Node]:
    """All that `node` was made of, inputs first, itself last."""
    order, todo = [], [node]
    while todo:
        below = [i for i in todo[-1].made_of if i not in order]
        if below:
            todo += below[::-1]
        elif (ready := todo.pop()) not in order:
            order.append(ready)
    return order


def graphs() -> dict[str, Node]:
    """Nodes to be put in order, by the words that say how each was made."""
    a, b = Node("a"), Node("b")
    c, relu = Node("c", a, b), Node("b", a)
    chain = ladder = Node("n0")
    for i in range(1, 31):
        chain = Node(f"n{i}", chain)
    for i in range(1, 41):
        ladder = Node(f"n{i}", ladder, ladder)
    return {
        "a, a leaf": a,
        "c, where c = a + b": c,
        "d, where c = a + b, d = c * a": Node("d", c, a),
        "d, where c = b + a, d = b * c": Node("d", b, Node("c", b, a)),
        "d, where b = relu(a), c = b + a, d = c * b":
            Node("d", Node("c", relu, a), relu),
        "n30, a chain of 31": chain,
        LADDER: ladder,
    }


def all_in_order(call):
    for words, node in graphs().items():
        tried = f"topological_order({words})"
        returned = call(node, text=tried)
        wanted = nodes_below(node)
        names = [n.name for n in wanted]
        if not isinstance(returned, list | tuple):
            fail(tried, returned, names, "A list is wanted: what do you return?")
        mine = [getattr(n, "name", n) for n in returned]
        if not all(isinstance(n, Node) for n in returned):
            fail(tried, mine, names, "What is in your list besides the nodes?")
        if len(set(mine)) < len(mine):
            twice = next(n for n in mine if mine.count(n) > 1)
            fail(tried, mine, names, f"{twice} stands there twice: reached twice, "
                 "or left over from a call before?")
        for n in wanted[::-1]:
            if n.name not in mine:
                fail(tried, mine, names, missing(n, node, wanted))
        for n in wanted:
            for i in n.made_of:
                if mine.index(i.name) > mine.index(n.name):
                    fail(tried, mine, names, f"{n.name} was made of {i.name}: which of "
                         "the two must stand first?")


def missing(n, node, wanted) -> str:
    if n is node:
        return f"{n.name} is missing: does the node itself come last?"
    if not n.made_of and not any(n in m.made_of for m in wanted if m is not node):
        return f"{n.name} is missing: is a leaf, which has no inputs, a node as well?"
    return f"{n.name} is missing: do you also look at the inputs of inputs?"


def depth_first(node, order=None):
    order = [] if order is None else order
    for i in node.inputs:
        if i not in order:
            depth_first(i, order)
    order.append(node)
    return order


def with_copies(node):
    return [n for i in node.inputs for n in with_copies(i)] + [node]


def every_path(node):
    return list(dict.fromkeys(with_copies(node)))


topological_order = Check(
    "topological_order",
    properties=[all_in_order],
    mistakes={
        lambda node: depth_first(node)[::-1]:
            "c was made of a: which of the two must stand first?",
        with_copies:
            "a stands there twice: reached twice, or left over from a call before?",
        lambda node: [n for n in depth_first(node) if n.inputs or n is node]:
            "b is missing: is a leaf, which has no inputs, a node as well?",
        lambda node: depth_first(node)[:-1]:
            "a is missing: does the node itself come last?",
        lambda node: list(dict.fromkeys([*node.inputs, node])):
            "b is missing: do you also look at the inputs of inputs?",
        every_path: "What keeps you from walking again where you have been?",
    },
    right="7 graphs, a leaf, a chain and 2**40 paths among them",
)


# 5. Find the bug

class Kept(Node):
    """A node that is not copied before the call, so that its .grad can be read."""

    def __deepcopy__(self, memo):
        return self


def squared(kind=Node, **given) -> list[Node]:
    """w = 3 and w * w, in which w gets two parts."""
    w = kind("w", value=3.0, **given)
    return [w, kind("square", w, w, value=9.0, rule=lambda g: (g * 3, g * 3), **given)]


def random_graph(seed) -> Case:
    """Nodes in order, with their gradients from `lmlab.learning.autograd`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2, 2))
    order = [Node("n0", value=values[0]), Node("n1", value=values[1])]
    tensors = [Tensor(v) for v in values]
    for k in range(2, 3 + seed % 12):
        i, j = (k - 1 if k > 2 else 0), int(rng.integers(k))
        a, b = order[i].value, order[j].value
        if rng.random() < 0.5:
            rule, value, tensor = (lambda g: (g, g)), a + b, tensors[i] + tensors[j]
        else:
            rule = lambda g, a=a, b=b: (g * b, g * a)  # noqa: E731
            value, tensor = a * b, tensors[i] * tensors[j]
        order.append(Node(f"n{k}", order[i], order[j], value=value, rule=rule))
        tensors.append(tensor)
    tensors[-1].sum().backward()
    expected = [np.zeros(2) if t.grad is None else t.grad for t in tensors]
    return Case(order, expected=expected, label=f"a random graph of {len(order)} nodes")


def walk(receive=lambda old, part: old + part, seed=np.ones_like, clear=True,
         turn=reversed, send=lambda node: node.grad):
    """`backward`, or a mistake in one of its lines."""
    def backward(order):
        for node in order:
            if clear:
                node.grad = np.zeros_like(node.value)
        order[-1].grad = seed(order[-1].value)
        for node in turn(order):
            if node.inputs:
                for i, part in zip(node.inputs, node.rule(send(node)), strict=True):
                    i.grad = receive(i.grad, part)
        return [node.grad for node in order]
    return backward


def only_returned(order):
    gradients = walk()(order)
    for node in order:
        node.grad = np.zeros_like(node.value)
    return gradients


def kept_in_grad(call):
    order = squared(Kept)
    for node, wanted in zip(order, call(order), strict=True):
        if not np.array_equal(node.grad, wanted):
            fail("backward([w, square]) with w = 3", node.grad, wanted,
                 "You return the gradients: are they in .grad as well?",
                 f"in .grad of {node.name}")


backward = Check(
    "backward",
    cases=[
        Case(squared(), expected=[np.array(6.0), np.array(1.0)],
             label="w = 3 and square = w * w"),
        Case(squared(grad=5.0), expected=[np.array(6.0), np.array(1.0)],
             label="the same, with 5 in each .grad from an earlier call"),
        *map(random_graph, range(20)),
    ],
    mistakes={
        walk(receive=lambda old, part: part):
            "w gets two parts: what happens to the first when the second comes?",
        walk(receive=lambda old, part: (old + part) / 2):
            "w gets two parts: is its gradient their mean?",
        walk(clear=False): "What did an earlier call leave in .grad?",
        walk(seed=np.zeros_like): "What is the gradient of the last node itself?",
        walk(seed=np.copy): "The last node's own gradient: is it its value, or 1?",
        walk(turn=iter): "Is each node's gradient complete before it is passed on?",
        walk(send=lambda node: 1.0):
            "The rule was given 1: what has the node itself received by then?",
        walk(send=lambda node: node.value):
            "The rule was given the node's value: what does it ask for?",
        lambda order: walk()(order)[::-1]: "In which order are the gradients wanted?",
        lambda order: [node.grad for node in order if not node.inputs
                       and walk()(order)]:
            "One gradient for each node is wanted: which nodes did you leave out?",
        only_returned: "You return the gradients: are they in .grad as well?",
    },
    properties=[kept_in_grad],
    right="22 graphs of 2 to 14 nodes, one with old gradients; agrees with "
    "lmlab.learning.autograd to 1e-9",
)


# 6. Train the moons with your engine

def training(sign=-1, moving=range(4), late=False, rate=lambda r: r, gather=False,
             restart=False):
    """`train` with `lmlab.learning.autograd`, or a mistake in one of its lines."""
    def train(start, X, targets, steps, learning_rate):
        p, losses = [Tensor(a) for a in start], []

        def error():
            return (((X @ p[0] + p[1]).relu() @ p[2] + p[3] - targets) ** 2).mean()

        for _ in range(steps):
            if restart:
                p = [Tensor(a) for a in start]
            loss = error()
            loss.backward()
            for i in moving:
                p[i].data = p[i].data + sign * rate(learning_rate) * p[i].grad
            losses.append(float(error() if late else loss))
            if not gather:
                for a in p:
                    a.grad = None
        return [a.data for a in p], losses
    return train


def forward_once(start, X, targets, steps, learning_rate):
    """The graph is built before the loop: new weights meet old activations."""
    W1, b1, W2, b2 = start
    z = X @ W1 + b1
    a = np.maximum(z, 0)
    error = a @ W2 + b2 - targets
    d = 2 * error / len(X)
    for _ in range(steps):
        dz = d @ W2.T * (z > 0)
        W1, b1 = W1 - learning_rate * X.T @ dz, b1 - learning_rate * dz.sum(axis=0)
        W2, b2 = W2 - learning_rate * a.T @ d, b2 - learning_rate * d.sum(axis=0)
    return [W1, b1, W2, b2], steps * [np.mean(error**2)]


def net_case(rows, hidden, steps, learning_rate, label="") -> Case:
    shapes = ((2, hidden), (hidden,), (hidden, 1), (1,))
    start = [rng.normal(size=shape) / 2 for shape in shapes]
    targets = rng.choice([-1.0, 1.0], size=(rows, 1))
    return Case(start, rng.normal(size=(rows, 2)), targets, steps, learning_rate,
                label=label)


tiny = [np.array([[1.0], [2.0]]), np.array([0.0]), np.array([[1.0]]), np.array([0.5])]

train = Check(
    "train",
    cases=[
        Case(tiny, np.ones((1, 2)), np.ones((1, 1)), 1, 0.1, label="one hidden neuron"),
        Case(tiny, np.ones((1, 2)), np.ones((1, 1)), 1, 0.0, label="learning_rate 0"),
        Case(tiny, np.ones((1, 2)), np.ones((1, 1)), 2, 0.05),
        net_case(13, 16, 2, 0.05),
        net_case(40, 16, 10, 0.02),
    ],
    reference=training(),
    mistakes={
        training(sign=1): "Which way is downhill, along the gradient or against it?",
        training(moving=()):
            "Your weights come back as they went in: which line moves them?",
        training(moving=(0, 2)): "Do the biases move too?",
        training(moving=(2, 3)): "Does the first layer move too?",
        training(late=True): "Is the loss written down before the step or after it?",
        training(rate=lambda r: 1.0): "By what is the gradient multiplied?",
        training(rate=lambda r: 0.1):
            "Is 0.1 the learning rate in every call, or the one that was passed in?",
        training(gather=True): "Are there gradients of earlier steps in this one?",
        forward_once: "The loss never changes: is it computed again in each step?",
        training(restart=True):
            "Each step starts from `start` again: where are the nodes made?",
        lambda *given: (training()(*given)[0], training()(*given)[1][-1]):
            "That is the last loss: where are those of the steps before?",
    },
    right="5 trainings of 1 to 10 steps; weights and losses agree with "
    "lmlab.learning.autograd to 1e-9",
)
