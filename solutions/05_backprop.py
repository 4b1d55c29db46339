# %% [markdown]
# # Exercises: backpropagation
#
# Six tasks, from one nudge to an engine that trains. You write the rules that
# [lesson 05](../lessons/05_backprop.ipynb) showed, on arrays this time; the
# last task puts them all to work on the two moons of lesson 03. Right below
# each task stands its check; run it as often as you like. Hints are folded.
# **Time** 60 minutes.

# %%
import numpy as np
from sklearn.datasets import make_moons

from lmlab.checks import backprop as check
from lmlab.page import plots

# %% [markdown]
# ## 1. Nudge every number   ●○○  10 minutes
#
# A gradient that was measured needs no trust. You will want this function each
# time you have derived one on paper. The lesson's version takes a row of
# numbers; yours takes an array of any shape.

# %% tags=["task"]
def numeric_gradient(f, w: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return the gradient of `f` at `w`, by central differences of step `h`.

    f: takes an array of w's shape, returns a number. w: any shape, unchanged.
    Entry i of the result is (f(w + h at i) - f(w - h at i)) / (2 h).

    >>> numeric_gradient(lambda w: w[0] ** 2 + 3 * w[1], np.array([2.0, 1.0]))
    array([4., 3.])
    """
    ### BEGIN SOLUTION
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        nudge = np.zeros(w.shape)
        nudge[i] = h
        gradient[i] = (f(w + nudge) - f(w - nudge)) / (2 * h)
    return gradient
    ### END SOLUTION

# %% tags=["check"]
check.numeric_gradient(numeric_gradient)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For one entry: which two points do you evaluate, and how far apart are they?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.ndindex(w.shape)` walks over the places of an array of any shape. A
# `nudge` of zeros with `h` at one place can be added to `w` and taken off.
# </details>
# <details><summary>Hint 3</summary>
#
# Start with `gradient = np.zeros(w.shape)`, which holds floating point numbers
# even where `w` holds whole ones. In the loop:
# `gradient[i] = (f(w + nudge) - f(w - nudge)) / (2 * h)`.
# </details>

# %% [markdown]
# Your function can walk. The loss below is a bowl of two weights with its
# bottom at (0, 0); the grey lines join points of equal loss.
#
# > **Predict.** Walk from (2, 1) in a straight line, the way that goes down
# > fastest there. Do you come through the bottom?

# %%
def bowl(w):
    return w[0] ** 2 + 3 * w[1] ** 2


path = [np.array([2.0, 1.0])]
for _ in range(15):
    path.append(path[-1] - 0.08 * numeric_gradient(bowl, path[-1]))

grid = np.linspace(-3, 3, 121)
ax = plots.axes("The first direction misses, small steps come close",
                xlabel="$w_0$", ylabel="$w_1$", height=4)
ax.contour(grid, grid / 2, bowl(np.meshgrid(grid, grid / 2)),
           levels=[0.5, 2, 4, 7, 10], colors="grey", linewidths=1)
ax.axline(path[0], path[1], color=plots.ACCENT, linestyle="--")
ax.plot(*np.transpose(path), "o-")
ax.set_aspect("equal")

# %% [markdown]
# The dashed line passes beside the bottom: a gradient knows the ground under
# your foot and nothing else. Fifteen small steps, each with a fresh gradient,
# go round the bend and come near it all the same.

# %% [markdown]
# ## 2. The gradients of one neuron   ●●○  8 minutes
#
# One ReLU neuron and the squared error of its answer:
#
# $$z = w \cdot x + b, \qquad a = \mathrm{relu}(z), \qquad L = (a - y)^2$$
#
# Walk back by pencil, then write the walk down. The gradient of `x` is no
# luxury: in a deeper net it is what the layer below receives.

# %% tags=["task"]
def neuron_gradients(
    w: np.ndarray, b: float, x: np.ndarray, y: float
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the gradients of L = (relu(w @ x + b) - y)**2 for w, b and x.

    w, x: (n,). Returns dL/dw (n,), dL/db (a number) and dL/dx (n,). At z = 0
    the slope of ReLU counts as 0.

    >>> dw, db, dx = neuron_gradients(np.array([1.0, 1.0]), -1.0,
    ...                               np.array([1.0, 2.0]), 3.0)
    >>> dw
    array([-2., -4.])
    """
    ### BEGIN SOLUTION
    z = w @ x + b
    da = 2 * (max(z, 0) - y)
    dz = da if z > 0 else 0.0
    return dz * x, dz, dz * w
    ### END SOLUTION

# %% tags=["check"]
check.neuron_gradients(neuron_gradients)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Go forward first: you need `z` and `a`. Then one line for `da`, one for `dz`,
# and one for each of the three answers.
# </details>
# <details><summary>Hint 2</summary>
#
# `da = 2 * (a - y)`. Then `dz` is `da` where the neuron is on, and 0 where it
# is off.
# </details>
# <details><summary>Hint 3</summary>
#
# `w` is multiplied by `x`, so its gradient is `dz * x`, and the other way
# round. `b` is only added: its gradient is `dz`.
# </details>

# %% [markdown]
# ## 3. The rules of an engine   ●●○  12 minutes
#
# A rule answers one question: given the gradient `g` of a result, what is the
# gradient of each input? Write it for multiply, add and ReLU. For add, the
# second input may be a single row that was added to every row of the first, as
# the bias of a layer is: one number, used in many rows.

# %% tags=["task"]
def multiply_backward(
    a: np.ndarray, b: np.ndarray, g: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of a and b, given `g`, that of a * b.

    All three have the same shape, and so has each gradient.

    >>> multiply_backward(np.array([2.0]), np.array([3.0]), np.array([10.0]))
    (array([30.]), array([20.]))
    """
    ### BEGIN SOLUTION
    return g * b, g * a
    ### END SOLUTION

# %% tags=["check"]
check.multiply_backward(multiply_backward)

# %% tags=["task"]
def add_backward(
    a: np.ndarray, b: np.ndarray, g: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of a and b, given `g`, that of a + b.

    a, g: (rows, n). b: (rows, n), or (n,) and added to every row of a. Each
    gradient has the shape of its own input.

    >>> add_backward(np.zeros((3, 2)), np.zeros(2), np.ones((3, 2)))[1]
    array([3., 3.])
    """
    ### BEGIN SOLUTION
    return g, g.sum(axis=0) if b.ndim < a.ndim else g
    ### END SOLUTION

# %% tags=["check"]
check.add_backward(add_backward)

# %% tags=["task"]
def relu_backward(a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Return the gradient of a, given `g`, that of max(a, 0); 0 where a is 0.

    a, g: the same shape, any; so is the result.

    >>> relu_backward(np.array([-1.0, 2.0]), np.array([5.0, -7.0]))
    array([ 0., -7.])
    """
    ### BEGIN SOLUTION
    return np.where(a > 0, g, 0.0)
    ### END SOLUTION

# %% tags=["check"]
check.relu_backward(relu_backward)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# If `a` grows by a little, by how much does the result grow? That slope, times
# `g`, is the gradient of `a`.
# </details>
# <details><summary>Hint 2</summary>
#
# Multiply: the slope along each input is the other input. ReLU: look at the
# sign of `a`, not at the sign of `g`.
# </details>
# <details><summary>Hint 3</summary>
#
# Add: both slopes are 1, so `g` goes to both. Where `b` has one axis and `a`
# has two, every row of `g` blames the same `b`: `g.sum(axis=0)`.
# </details>

# %% [markdown]
# ### An engine around your rules
#
# Here is the machine that your rules drive: `Node` is an array with a receipt.
# Its `rule` takes the gradient of the node and returns one gradient for each
# of its `inputs`. There is nothing to write in this cell; read it, you will
# need `inputs`, `rule` and `grad` in a moment.

# %%
class Node:
    """An array that remembers its inputs and its rule."""

    def __init__(self, value, inputs=(), rule=None):
        self.value = np.asarray(value, dtype=float)
        self.grad = np.zeros_like(self.value)
        self.inputs, self.rule = inputs, rule

    def __add__(self, other):
        return Node(self.value + other.value, (self, other),
                    lambda g: add_backward(self.value, other.value, g))

    def __mul__(self, other):
        return Node(self.value * other.value, (self, other),
                    lambda g: multiply_backward(self.value, other.value, g))

    def __matmul__(self, other):
        return Node(self.value @ other.value, (self, other),
                    lambda g: (g @ other.value.T, self.value.T @ g))

    def relu(self):
        return Node(np.maximum(self.value, 0), (self,),
                    lambda g: (relu_backward(self.value, g),))

# %% [markdown]
# ## 4. Put the graph in order   ●●●  12 minutes
#
# A node may pass its gradient on only when it has received all of it. So the
# nodes must stand in a line, every input before what was made of it. Careful:
# where paths meet, a node is reached more than once, but may stand only once.

# %% tags=["task"]
def topological_order(node) -> list:
    """Return all that `node` was made of, inputs first, `node` itself last.

    Every node has `.inputs`, a tuple of nodes (empty for a leaf). Each stands
    in the list exactly once, after all of its inputs. Any such order is right.

    For c = a + b and d = c * a: [a, b, c, d], or [b, a, c, d].
    """
    ### BEGIN SOLUTION
    order, seen = [], set()

    def visit(n):
        if n not in seen:
            seen.add(n)
            for i in n.inputs:
                visit(i)
            order.append(n)

    visit(node)
    return order
    ### END SOLUTION

# %% tags=["check"]
check.topological_order(topological_order)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# When may a node be appended to the list? What must have been appended before?
# </details>
# <details><summary>Hint 2</summary>
#
# A function that calls itself: first for each input, then append. It needs a
# memory of where it has been, or a graph with many crossings takes for ever.
# </details>
# <details><summary>Hint 3</summary>
#
# Keep `order = []` and `seen = set()` outside. Inside `visit(n)`: if `n` is
# not in `seen`, add it, visit each of `n.inputs`, then `order.append(n)`.
# </details>

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# This backward pass runs, raises nothing, and is wrong. By pencil: for
# $w^2$ at $w = 3$ the gradient is 6.

# %%
def buggy_backward(order):
    for node in order:
        node.grad = np.zeros_like(node.value)
    order[-1].grad = np.ones_like(order[-1].value)
    for node in reversed(order):
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad)):
                i.grad = part
    return [node.grad for node in order]


w = Node(3.0)
square = Node(9.0, (w, w), lambda g: (g * 3.0, g * 3.0))
print("gradient of w:", float(buggy_backward([w, square])[0]))

# %% [markdown]
# Only one line is wrong. Write the function as it should be.

# %% tags=["task"]
def backward(order: list) -> list[np.ndarray]:
    """Set `.grad` of every node to the gradient of the last one; return them.

    order: nodes with `.value`, `.inputs` and `.rule`, every input before what
    was made of it. The last one's own gradient is 1. What an earlier call left
    behind in `.grad` must not count. Returns the gradients in the same order.
    """
    ### BEGIN SOLUTION
    for node in order:
        node.grad = np.zeros_like(node.value)
    order[-1].grad = np.ones_like(order[-1].value)
    for node in reversed(order):
        if node.inputs:
            for i, part in zip(node.inputs, node.rule(node.grad)):
                i.grad = i.grad + part
    return [node.grad for node in order]
    ### END SOLUTION

# %% tags=["check"]
check.backward(backward)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `w` stands in `square.inputs` twice. What happens to the first part when the
# second arrives?
# </details>
# <details><summary>Hint 2</summary>
#
# The line that receives a part forgets what was there.
# </details>
# <details><summary>Hint 3</summary>
#
# `i.grad = i.grad + part`. The zeros at the start stay: they clear what an
# earlier call left.
# </details>

# %% [markdown]
# ## 6. Train the moons with your engine   ●●○  10 minutes
#
# Tasks 3 to 5 are an engine. Now the loop around it: forward, loss, backward,
# and the update, which is nobody's business but yours. `scores` and
# `squared_error` are given; the targets are -1 and 1. The loss is a node of
# shape (1, 1), and `loss.value.item()` is its number.

# %%
def scores(parameters, X):
    """Two layers: (rows, 2) -> (rows, 1)."""
    W1, b1, W2, b2 = parameters        # (2, 16), (16,), (16, 1), (1,)
    return (Node(X) @ W1 + b1).relu() @ W2 + b2


def squared_error(scores, targets):
    """The mean of (scores - targets)**2, a Node of shape (1, 1)."""
    error = scores + Node(-targets)
    mean = Node(np.full((1, len(targets)), 1 / len(targets)))
    return mean @ (error * error)

# %% tags=["task"]
def train(
    start: list[np.ndarray], X: np.ndarray, targets: np.ndarray,
    steps: int, learning_rate: float,
) -> tuple[list[np.ndarray], list[float]]:
    """Train the two-layer net by gradient descent, all rows in every step.

    start: the four arrays that `scores` expects, left as they are. X: (rows,
    2). targets: (rows, 1). Returns the four trained arrays, and the loss
    before each step: `steps` numbers.
    """
    ### BEGIN SOLUTION
    parameters, losses = [Node(p) for p in start], []
    for _ in range(steps):
        loss = squared_error(scores(parameters, X), targets)
        losses.append(loss.value.item())
        backward(topological_order(loss))
        for p in parameters:
            p.value = p.value - learning_rate * p.grad
    return [p.value for p in parameters], losses
    ### END SOLUTION

# %% tags=["check"]
check.train(train)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Make four nodes of the arrays before the loop. Inside it, four things happen;
# the lesson numbered them.
# </details>
# <details><summary>Hint 2</summary>
#
# `loss = squared_error(scores(parameters, X), targets)`. Write its number
# down, then `backward(topological_order(loss))`.
# </details>
# <details><summary>Hint 3</summary>
#
# `p.value = p.value - learning_rate * p.grad` for each of the four. Written as
# `p.value -= ...` it would change the arrays in `start`, because
# `np.asarray` does not copy.
# </details>

# %% [markdown]
# And here it is, drawn: the border that your engine found.

# %%
X, y = make_moons(n_samples=200, noise=0.15, random_state=0)
targets = 2.0 * y[:, None] - 1
rng = np.random.default_rng(0)
start = [rng.normal(size=(2, 16)), np.zeros(16),
         rng.normal(size=(16, 1)) / 4, np.zeros(1)]
trained, losses = train(start, X, targets, steps=1000, learning_rate=0.1)


def predict(points):
    return scores([Node(p) for p in trained], points).value[:, 0]


left, right = plots.axes([""] * 2, n=2, width=11)
plots.decision_regions(predict, X, y, ax=left,
                       title="My engine bends the border")
plots.loss_curve({"": losses}, ax=right, ylabel="squared error",
                 title="A thousand steps, and the error falls")
print(f"{np.mean((predict(X) > 0) == y):.0%} right")
