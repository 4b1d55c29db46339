"""Answers to 05_backprop: wrong ones that the checks do not know; right ones."""

import numpy as np

from lmlab.learning.autograd import Tensor


def nudged_and_undone(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += h
        up = f(w)
        w[i] -= 2 * h
        gradient[i] = (up - f(w)) / (2 * h)
        w[i] += h
    return gradient


def never_put_back(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += h
        up = f(w)
        w[i] -= 2 * h
        gradient[i] = (up - f(w)) / (2 * h)
    return gradient


def whole_numbers(f, w, h=1e-5):
    return by_index(f, w, h).astype(w.dtype)


def by_index(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        up, down = w.astype(float), w.astype(float)
        up[i] += h
        down[i] -= h
        gradient[i] = (f(up) - f(down)) / (2 * h)
    return gradient


def by_identity(f, w, h=1e-5):
    nudges = h * np.eye(w.size).reshape(w.size, *w.shape)
    slopes = [(f(w + n) - f(w - n)) / (2 * h) for n in nudges]
    return np.array(slopes, dtype=float).reshape(w.shape)


def in_place_and_back(f, w, h=1e-5):
    w, gradient = w * 1.0, np.zeros(w.size)
    flat = w.reshape(-1)
    for i, old in enumerate(flat.copy()):
        flat[i] = old + h
        gradient[i] = f(w)
        flat[i] = old - h
        gradient[i] = (gradient[i] - f(w)) / 2 / h
        flat[i] = old
    return gradient.reshape(w.shape)


def neuron(w, b, x, y):
    z = float(w @ x) + b
    dz = 2 * (z - y) * (z > 0)
    return [dz * x, dz, dz * w]


def neuron_by_engine(w, b, x, y):
    w, b, x = Tensor(w), Tensor(b), Tensor(x)
    (((w * x).sum() + b).relu() - y).__pow__(2).backward()
    return w.grad, b.grad.item(), x.grad


def neuron_bias_after_relu(w, b, x, y):
    z = w @ x
    da = 2 * (max(z, 0) + b - y)
    dz = da * (z > 0)
    return dz * x, da, dz * w


def neuron_half_a_bias(w, b, x, y):
    dw, db, dx = neuron(w, b, x, y)
    return dw, db / 2, dx


def neuron_gate_at_a_hundredth(w, b, x, y):
    return tuple(g * (w @ x + b > 0.01) for g in neuron(w, b, x, y))


def neuron_kept_axis(w, b, x, y):
    dw, db, dx = neuron(w, b, x, y)
    return dw, np.array([db]), dx


def add_loop(a, b, g):
    gb = np.zeros(b.shape)
    for i in range(len(g)):
        if b.ndim == 1:
            gb += g[i]
        else:
            gb[i] = g[i]
    return g.copy(), gb


def add_by_sum(a, b, g):
    return g, (g if b.shape == a.shape else sum(g))


def add_by_ones(a, b, g):
    return g * 1.0, (np.ones(len(g)) @ g if b.shape != a.shape else g)


def depth_first(node):
    order = []

    def visit(n):
        for i in n.inputs:
            if i not in order:
                visit(i)
        order.append(n)

    visit(node)
    return order


def by_counting(node):
    """Kahn's way: repeatedly take a node whose inputs are all placed."""
    found, todo = [node], [node]
    while todo:
        for i in todo.pop().inputs:
            if i not in found:
                found.append(i)
                todo.append(i)
    order, waiting = [], {n: n.inputs for n in found}
    while waiting:
        ready = [n for n, inputs in waiting.items() if all(i in order for i in inputs)]
        order += ready
        for n in ready:
            del waiting[n]
    return order


def in_a_tuple(node):
    seen = {}

    def visit(n):
        if n not in seen:
            for i in reversed(n.inputs):
                visit(i)
            seen[n] = None

    visit(node)
    return tuple(seen)


def breadth_first(node):
    order = [node]
    for n in order:
        order += [i for i in dict.fromkeys(n.inputs) if i not in order]
    return order[::-1]


def without_marks(node):
    order = [node]
    for n in order:
        order += n.inputs
    return list(dict.fromkeys(order[::-1]))


def flow(order, receive=lambda old, part: old + part, walk=reversed):
    for node in order:
        node.grad = np.zeros_like(node.value)
    order[-1].grad = np.ones_like(order[-1].value)
    for node in walk(order):
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad), strict=True):
                i.grad = receive(i.grad, part)
    return [node.grad for node in order]


def no_rule(order):
    for node in order:
        node.grad = np.zeros_like(node.value)
    order[-1].grad = np.ones_like(order[-1].value)
    for node in reversed(order):
        for i in node.inputs:
            i.grad = i.grad + node.grad
    return [node.grad for node in order]


def rule_of_a_leaf(order):
    for node in order:
        node.grad = np.zeros_like(node.value)
    order[-1].grad = np.ones_like(order[-1].value)
    for node in reversed(order):
        for i, part in zip(node.inputs, node.rule(node.grad), strict=True):
            i.grad = i.grad + part
    return [node.grad for node in order]


def backward_in_place(order):
    for node in order:
        node.grad = node.value * 0
    order[-1].grad = order[-1].value * 0 + 1
    for k in range(len(order) - 1, -1, -1):
        node = order[k]
        parts = node.rule(node.grad) if node.inputs else ()
        for j in range(len(node.inputs)):
            node.inputs[j].grad = np.add(parts[j], node.inputs[j].grad)
    return [node.grad for node in order]


def backward_on_the_side(order):
    """Gathers in a dict, writes `.grad` on the way."""
    grads = {node: 0.0 for node in order}
    grads[order[-1]] = np.ones(order[-1].value.shape)
    for node in order[::-1]:
        node.grad = grads[node] + np.zeros(node.value.shape)
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad), strict=True):
                grads[i] = grads[i] + part
    return [node.grad for node in order]


def training(start, X, targets, steps, rate, decay=1.0, loss=lambda e: (e**2).mean()):
    p, losses = [Tensor(a) for a in start], []
    for _ in range(steps):
        hidden = (Tensor(X) @ p[0] + p[1]).relu()
        error = loss(hidden @ p[2] + p[3] - targets)
        error.backward()
        losses.append(float(error))
        for a in p:
            a.data = a.data - rate * a.grad
            a.grad = None
        rate *= decay
    return [a.data for a in p], losses


def training_by_hand(start, X, targets, steps, learning_rate):
    W1, b1, W2, b2 = (a.copy() for a in start)
    losses = np.zeros(steps)
    for k in range(steps):
        Z = X @ W1 + b1
        A = np.maximum(Z, 0)
        error = A @ W2 + b2 - targets
        losses[k] = np.mean(error**2)
        d = 2 * error / len(X)
        dZ = (d @ W2.T) * (Z > 0)
        W2, b2 = W2 - learning_rate * A.T @ d, b2 - learning_rate * d.sum(0)
        W1, b1 = W1 - learning_rate * X.T @ dZ, b1 - learning_rate * dZ.sum(0)
    return (W1, b1, W2, b2), list(losses)


def start_changed(start, X, targets, steps, rate):
    trained, losses = training(start, X, targets, steps, rate)
    for old, new in zip(start, trained, strict=True):
        old[...] = new
    return start, losses


WRONG = {
    "numeric_gradient": [
        (nudged_and_undone, "by rounding"),
        (never_put_back, "changed its argument w"),
        (whole_numbers, "stays whole"),
        (lambda f, w, h=1e-5: by_index(f, w, h).ravel(), "shape (4,)      expected"),
        (lambda f, w, h=1e-5: by_index(f, w, h).tolist(), "expected a NumPy array"),
        (lambda f, w, h=1e-5: w * 1.0, "returned [3]      expected [6]"),
    ],
    "neuron_gradients": [
        (neuron_bias_after_relu, "the neuron is off"),
        (neuron_half_a_bias, "returned ([18], 3, [12])      expected ([18], 6, [12])"),
        (neuron_gate_at_a_hundredth, "z is barely above 0"),
        (neuron_kept_axis, "which step keeps an axis"),
        (lambda w, b, x, y: neuron(w, b, x, y)[:2], "length 2 instead of 3"),
    ],
    "multiply_backward": [
        (lambda a, b, g: g * b, "list or tuple"),
        (lambda a, b, g: (g * b, a), "returned ([30], [2])      expected ([30], [20])"),
        (lambda a, b, g: (g.sum() * b, g.sum() * a), "Right on the case before"),
    ],
    "add_backward": [
        (lambda a, b, g: (g, g[-1] if b.ndim < 2 else g), "a (3, 2), b (2,)"),
        (lambda a, b, g: (g, g.sum() if b.ndim < 2 else g), "32)      expected"),
        (lambda a, b, g: (a, b), "a (1, 2), b (1, 2)"),
        (lambda a, b, g: g, "expected a list or tuple"),
    ],
    "relu_backward": [
        (lambda a, g: np.where(a > 0, g, 0.01 * g), "returned [0.05, -7]"),
        (lambda a, g: g * (a > 0.01), "a is near 0"),
        (lambda a, g: np.where(a > 0, g, a), "returned [-1, -7]      expected [0, -7]"),
        (lambda a, g: g * np.sign(a), "returned [-5, -7]      expected [0, -7]"),
    ],
    "topological_order": [
        (breadth_first, "which of the two must stand first"),
        (without_marks, "What keeps you from walking again"),
        (lambda node: [n.value for n in depth_first(node)], "besides the nodes"),
        (lambda node: [n.name for n in depth_first(node)], "besides the nodes"),
        (lambda node: node, "A list is wanted"),
        (lambda node: set(depth_first(node)), "A list is wanted"),
    ],
    "backward": [
        (lambda order: flow(order, np.maximum), "returned [3, 1]      expected [6, 1]"),
        (lambda order: flow(order, lambda old, part: old + 2 * part), "[12, 1]"),
        (lambda order: flow(order, walk=lambda o: o[-2::-1]), "[0, 1]"),
        (no_rule, "returned [2, 1]      expected [6, 1]"),
        (rule_of_a_leaf, "object is not callable"),
        (lambda order: np.array(flow(order)), "expected a list or tuple"),
    ],
    "train": [
        (start_changed, "changed its argument start"),
        (lambda start, X, targets, steps, rate: training(
            start, X, targets, steps - 1, rate), ", [])      expected"),
        (lambda *given: training(*given, decay=0.5), "returned ([[[0.7523], [1.752]]"),
        (lambda *given: training(*given, loss=lambda e: (e**2).sum()),
         "Right on the case before"),
        (lambda start, X, targets, steps, rate: training(
            start, X, targets, steps, 0.01), "(one hidden neuron)"),
        (lambda *given: training(*given)[1], "length 1 instead of 2"),
    ],
}

RIGHT = {
    "numeric_gradient": [by_index, by_identity, in_place_and_back],
    "neuron_gradients": [neuron, neuron_by_engine],
    "multiply_backward": [
        lambda a, b, g: (b * g, a * g),
        lambda a, b, g: [np.multiply(g, b), np.multiply(g, a)],
    ],
    "add_backward": [add_loop, add_by_ones, add_by_sum],
    "relu_backward": [
        lambda a, g: g * (a > 0),
        lambda a, g: g * np.heaviside(a, 0.0),
        lambda a, g: (g * (a > 0)).astype(np.float32),
    ],
    "topological_order": [depth_first, by_counting, in_a_tuple],
    "backward": [lambda order: tuple(flow(order)), backward_in_place,
                 backward_on_the_side],
    "train": [training, training_by_hand],
}
