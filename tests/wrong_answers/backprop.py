"""What learners of 05_backprop typically hand in."""

import numpy as np

from lmlab.learning.autograd import Tensor

# -- numeric_gradient ------------------------------------------------------------------


def one_sided(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w + nudge) - f(w)) / h
    return gradient


def one_sided_below(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w) - f(w - nudge)) / h
    return gradient


def no_brackets(f, w, h=1e-5):
    return by_index(f, w, h) * (2 * h) / 2 * h


def from_the_lesson(f, w, h=1e-5):
    nudges = h * np.eye(len(w))
    return np.array([(f(w + n) - f(w - n)) / (2 * h) for n in nudges])


def divided_by_h(f, w, h=1e-5):
    return 2 * by_index(f, w, h)


def downhill(f, w, h=1e-5):
    return -by_index(f, w, h)


def all_at_once(f, w, h=1e-5):
    return np.full(w.shape, (f(w + h) - f(w - h)) / (2 * h))


def whole_numbers(f, w, h=1e-5):
    gradient = np.zeros_like(w)
    for i in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w + nudge) - f(w - nudge)) / (2 * h)
    return gradient


def rows_only(f, w, h=1e-5):
    gradient = np.zeros(len(w))
    for i in range(len(w)):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w + nudge) - f(w - nudge)) / (2 * h)
    return gradient


def rows_repeated(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in range(len(w)):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w + nudge) - f(w - nudge)) / (2 * h)
    return gradient


def nudged_in_place(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        old = w[i]
        w[i] = old + h
        up = f(w)
        w[i] = old - h
        gradient[i] = (up - f(w)) / (2 * h)
        w[i] = old
    return gradient


def never_put_back(f, w, h=1e-5):
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += h
        up = f(w)
        w[i] -= 2 * h
        gradient[i] = (up - f(w)) / (2 * h)
    return gradient


def own_h(f, w, h=1e-5):
    return by_index(f, w)


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


# -- neuron_gradients ------------------------------------------------------------------


def neuron(w, b, x, y):
    z = float(w @ x) + b
    dz = 2 * (z - y) * (z > 0)
    return [dz * x, dz, dz * w]


def neuron_by_engine(w, b, x, y):
    w, b, x = Tensor(w), Tensor(b), Tensor(x)
    (((w * x).sum() + b).relu() - y).__pow__(2).backward()
    return w.grad, b.grad.item(), x.grad


def neuron_without_two(w, b, x, y):
    return tuple(g / 2 for g in neuron(w, b, x, y))


def neuron_turned(w, b, x, y):
    return tuple(-g for g in neuron(w, b, x, y))


def neuron_always_on(w, b, x, y):
    da = 2 * (max(w @ x + b, 0) - y)
    return da * x, da, da * w


def neuron_without_relu(w, b, x, y):
    dz = 2 * (w @ x + b - y)
    return dz * x, dz, dz * w


def neuron_gate_on_error(w, b, x, y):
    dz = max(2 * (max(w @ x + b, 0) - y), 0)
    return dz * x, dz, dz * w


def neuron_gate_by_value(w, b, x, y):
    a = max(w @ x + b, 0)
    dz = 2 * (a - y) * a
    return dz * x, dz, dz * w


def neuron_swapped(w, b, x, y):
    dw, db, dx = neuron(w, b, x, y)
    return dx, db, dw


def neuron_on_at_zero(w, b, x, y):
    z = w @ x + b
    dz = 2 * (max(z, 0) - y) * (z >= 0)
    return dz * x, dz, dz * w


def neuron_local_slopes(w, b, x, y):
    return x, 1.0, w


def neuron_bias_one(w, b, x, y):
    dw, _, dx = neuron(w, b, x, y)
    return dw, 1.0, dx


def neuron_two_answers(w, b, x, y):
    return neuron(w, b, x, y)[:2]


# -- the rules -------------------------------------------------------------------------


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


def add_one_row(a, b, g):
    return g, (g.sum(axis=0, keepdims=True) if b.ndim < 2 else g)


def add_by_ones(a, b, g):
    return g * 1.0, (np.ones(len(g)) @ g if b.shape != a.shape else g)


# -- topological_order -----------------------------------------------------------------


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


def outputs_first(node):
    return depth_first(node)[::-1]


def with_copies(node):
    return [n for i in node.inputs for n in with_copies(i)] + [node]


def breadth_first(node):
    order = [node]
    for n in order:
        order += [i for i in dict.fromkeys(n.inputs) if i not in order]
    return order[::-1]


def without_leaves(node):
    return [n for n in depth_first(node) if n.inputs]


def without_itself(node):
    return depth_first(node)[:-1]


def every_path(node):
    order = []

    def visit(n):
        for i in n.inputs:
            visit(i)
        if n not in order:
            order.append(n)

    visit(node)
    return order


def only_direct(node):
    return [*node.inputs, node]


def values(node):
    return [n.value for n in depth_first(node)]


# -- backward --------------------------------------------------------------------------


def flow(order, receive, seed=1.0, clear=True, walk=reversed):
    for node in order:
        if clear:
            node.grad = np.zeros_like(node.value)
    order[-1].grad = np.full_like(order[-1].value, seed)
    for node in walk(order):
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad), strict=True):
                receive(i, part)
    return [node.grad for node in order]


def put(node, part):
    node.grad = part


def gather(node, part):
    node.grad = node.grad + part


def average(node, part):
    node.grad = (node.grad + part) / 2


def bug_kept(order):
    return flow(order, put)


def never_cleared(order):
    return flow(order, gather, clear=False)


def never_started(order):
    return flow(order, gather, seed=0.0)


def forwards(order):
    return flow(order, gather, walk=iter)


def seed_is_value(order):
    grads = flow(order, gather)
    for node, g in zip(order, grads, strict=True):
        node.grad = g * order[-1].value
    return [node.grad for node in order]


def last_first(order):
    return flow(order, gather)[::-1]


def halved(order):
    return flow(order, average)


def only_leaves(order):
    return [g for g, n in zip(flow(order, gather), order, strict=True) if not n.inputs]


def right_backward(order):
    return tuple(flow(order, gather))


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
    """Gathers in a dict, writes `.grad` at the end."""
    grads = {node: 0.0 for node in order}
    grads[order[-1]] = np.ones(order[-1].value.shape)
    for node in order[::-1]:
        node.grad = grads[node] + np.zeros(node.value.shape)
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad), strict=True):
                grads[i] = grads[i] + part
    return [node.grad for node in order]


def never_stored(order):
    grads = [g.copy() for g in flow(order, gather)]
    for node in order:
        node.grad = np.zeros_like(node.value)
    return grads


# -- train -----------------------------------------------------------------------------


def training(start, X, targets, steps, rate, moving=(0, 1, 2, 3), after=False,
             keep=False):
    p, losses = [Tensor(a) for a in start], []

    def error():
        hidden = (Tensor(X) @ p[0] + p[1]).relu()
        return ((hidden @ p[2] + p[3] - targets) ** 2).mean()

    for _ in range(steps):
        loss = error()
        loss.backward()
        for i in moving:
            p[i].data = p[i].data - rate * p[i].grad
        losses.append(float(error() if after else loss))
        if not keep:
            for a in p:
                a.grad = None
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


def uphill(start, X, targets, steps, rate):
    return training(start, X, targets, steps, -rate)


def biases_asleep(start, X, targets, steps, rate):
    return training(start, X, targets, steps, rate, moving=(0, 2))


def nothing_moves(start, X, targets, steps, rate):
    return training(start, X, targets, steps, rate, moving=())


def loss_too_late(start, X, targets, steps, rate):
    return training(start, X, targets, steps, rate, after=True)


def no_rate(start, X, targets, steps, rate):
    return training(start, X, targets, steps, 1.0)


def no_clean_slate(start, X, targets, steps, rate):
    return training(start, X, targets, steps, rate, keep=True)


def start_changed(start, X, targets, steps, rate):
    trained, losses = training(start, X, targets, steps, rate)
    for old, new in zip(start, trained, strict=True):
        old[...] = new
    return start, losses


def one_step_short(start, X, targets, steps, rate):
    return training(start, X, targets, steps - 1, rate)


WRONG = {
    "numeric_gradient": [
        (one_sided, "Is one of your points w itself"),
        (one_sided_below, "Your lower point is h below w"),
        (no_brackets, "does `/ 2 * h` divide by h"),
        (from_the_lesson, "nudges fit one row"),
        (divided_by_h, "How far apart are the two points"),
        (downhill, "Which point comes first"),
        (all_at_once, "When one entry is nudged"),
        (whole_numbers, "stays whole"),
        (rows_only, "w has columns too"),
        (rows_repeated, "w has columns too"),
        (never_put_back, "changed its argument w"),
        (nudged_in_place, "w holds whole numbers"),
        (own_h, "step that was passed in"),
        (lambda f, w, h=1e-5: w, "at which two points"),
        (lambda f, w, h=1e-5: np.zeros(w.shape), "is every entry written"),
    ],
    "neuron_gradients": [
        (neuron_without_two, "twice the error"),
        (neuron_turned, "does the loss grow or shrink"),
        (neuron_always_on, "When the neuron is off"),
        (neuron_without_relu, "go through ReLU"),
        (neuron_gate_on_error, "that of z or that of da"),
        (neuron_gate_by_value, "its value, or 1"),
        (neuron_swapped, "which is multiplied by which"),
        (neuron_on_at_zero, "z = 0"),
        (neuron_local_slopes, "By what does the loss multiply them"),
        (neuron_bias_one, "along b is 1"),
        (neuron_two_answers, "length 2 instead of 3"),
    ],
    "multiply_backward": [
        (lambda a, b, g: (g * a, g * b), "the other one"),
        (lambda a, b, g: (b, a), "Where does g come in"),
        (lambda a, b, g: (g, g), "rule of a sum"),
        (lambda a, b, g: (g * a * b, g * a * b), "a * b times"),
        (lambda a, b, g: g * b, "list or tuple"),
    ],
    "add_backward": [
        (lambda a, b, g: (g, g), "how many parts of g"),
        (lambda a, b, g: (g, g.mean(axis=0) if b.ndim < 2 else g), "mean of its parts"),
        (lambda a, b, g: (g, g.sum(axis=1) if b.ndim < 2 else g), "Which axis of g"),
        (lambda a, b, g: (g, g.sum(axis=0)), "same shape"),
        (lambda a, b, g: (np.ones_like(a), np.ones_like(b)), "Where does g come in"),
        (lambda a, b, g: (g, g[0] if b.ndim < 2 else g), "and the others"),
        (add_one_row, "how many axes"),
    ],
    "relu_backward": [
        (lambda a, g: np.maximum(g, 0), "that of a or that of g"),
        (lambda a, g: np.where(a > 0, 1.0, 0.0), "Where does g come in"),
        (lambda a, g: np.maximum(a, 0) * g, "its value, or 1"),
        (lambda a, g: np.where(a >= 0, g, 0), "a = 0"),
        (lambda a, g: np.maximum(a, 0), "forward pass"),
        (lambda a, g: g, "slope of ReLU, and where not"),
    ],
    "topological_order": [
        (outputs_first, "Is a there before c"),
        (with_copies, "stands there twice"),
        (breadth_first, "Is b there before c"),
        (without_leaves, "Which node is missing"),
        (without_itself, "Which node is missing"),
        (every_path, "walking again"),
        (only_direct, "Which node is missing"),
        (values, "besides the nodes themselves"),
        (lambda node: node, "A list of nodes is wanted"),
    ],
    "backward": [
        (bug_kept, "what happens to the first when the second comes"),
        (never_cleared, "What did the first call leave"),
        (never_started, "gradient of the last node itself"),
        (forwards, "complete before it is passed on"),
        (seed_is_value, "gradient of the last node itself"),
        (last_first, "In which order are the gradients"),
        (halved, "what happens to the first"),
        (only_leaves, "One gradient for each node"),
        (never_stored, "are they in .grad as well"),
    ],
    "train": [
        (uphill, "Which way is downhill"),
        (biases_asleep, "Do the biases move too"),
        (nothing_moves, "which line moves them"),
        (loss_too_late, "before the step or after it"),
        (no_rate, "By what is the gradient multiplied"),
        (no_clean_slate, "gradients of earlier steps"),
        (start_changed, "changed its argument start"),
        (one_step_short, "Which four things happen"),
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
    "backward": [right_backward, backward_in_place, backward_on_the_side],
    "train": [training, training_by_hand],
}
