# %% [markdown]
# # Exercises: the forward pass
#
# Six tasks, from one neuron to a net whose weights you choose yourself. They
# train what [lesson 03](../lessons/03_forward_pass.ipynb) showed: the line
# `z = W a + b`, shapes, activations, counting. Right below each task stands
# its check; run it as often as you like. Hints are folded. **Time** 45
# minutes.

# %%
import numpy as np

from lmlab.checks import forward_pass as check
from lmlab.page import plots


# %% [markdown]
# ## 1. One neuron   ●○○  4 minutes
#
# Weigh the inputs, add the bias, cut off at zero. Everything else on this page
# is this, many times.

# %% tags=["task"]
def neuron(w: np.ndarray, b: float, x: np.ndarray) -> float:
    """Return the answer of one ReLU neuron with weights `w` to the input `x`.

    w: (n,). x: (n,).

    >>> neuron(np.array([1.0, 3.0]), -2.0, np.array([1.0, 2.0]))
    5.0
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.neuron(neuron)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: which two products, and what is added to their
# sum?
# </details>
# <details><summary>Hint 2</summary>
#
# `w @ x` is the sum of the products. The bias comes in once, not once per
# weight.
# </details>
# <details><summary>Hint 3</summary>
#
# The sum first, then `max(0.0, ...)` around all of it.
# </details>

# %% [markdown]
# ## 2. A layer for a whole batch   ●●○  6 minutes
#
# One input a row, one neuron a row of `W`: the answer has a row for each input
# and a column for each neuron. No activation here. When shapes go wrong in a
# project, look at lines like this one first.

# %% tags=["task"]
def dense(W: np.ndarray, b: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return `z` of a layer for every row of `X`.

    W: (neurons, inputs). b: (neurons,). X: (rows, inputs).
    Returns (rows, neurons).

    >>> dense(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]),
    ...       np.array([0.0, -1.0, 0.0]), np.array([[1.0, 2.0]]))
    array([[ 1.,  1., -1.]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.dense(dense)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write down the three shapes and the shape you want. Which two axes have to
# meet?
# </details>
# <details><summary>Hint 2</summary>
#
# `(rows, inputs) @ (inputs, neurons)` gives `(rows, neurons)`. How do you get
# `(inputs, neurons)` from `W`?
# </details>
# <details><summary>Hint 3</summary>
#
# `X @ W.T`; and NumPy adds a `(neurons,)` array to every row by itself.
# </details>

# %% [markdown]
# ## 3. Activations that survive large numbers   ●●○  10 minutes
#
# `1 / (1 + np.exp(-z))` is right on paper. At `z = -1000` the computer has to
# hold $e^{1000}$, a number of 435 digits, and NumPy warns. *Softplus*,
# $\ln(1 + e^z)$, is a ReLU with a round corner; written as on paper, it
# returns `inf` at 1000, where the answer is 1000. Write both so that they give
# the right number for every `z`, and never a warning.

# %% tags=["task"]
def sigmoid(z: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) for `z` of any shape, without overflow.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def softplus(z: np.ndarray) -> np.ndarray:
    """Return ln(1 + exp(z)) for `z` of any shape, without overflow.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.sigmoid(sigmoid)
check.softplus(softplus)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `exp` of a large negative number is harmless: it is zero. Can you arrange
# that `exp` never sees a positive number?
# </details>
# <details><summary>Hint 2</summary>
#
# Multiply the fraction above and below by $e^{z}$:
# $\frac{1}{1 + e^{-z}} = \frac{e^{z}}{1 + e^{z}}$. One form is safe for
# positive `z`, the other for negative. `np.where` computes both sides
# everywhere, so both have to be safe everywhere: `-np.abs(z)` is never
# positive.
# </details>
# <details><summary>Hint 3</summary>
#
# With `small = np.exp(-np.abs(z))`, sigmoid is `1 / (1 + small)` for positive
# `z` and `small / (1 + small)` for negative. For softplus, take $e^z$ out of
# the logarithm where `z` is positive: $\ln(1 + e^z) = z + \ln(1 + e^{-z})$.
# </details>

# %% [markdown]
# ## 4. Count the parameters   ●○○  5 minutes
#
# "175 billion parameters" is a sum like this one. Return the number of weights
# and biases of a net of dense layers, from its sizes alone.

# %% tags=["task"]
def count_parameters(sizes: list[int]) -> int:
    """Return how many weights and biases a net of dense layers has.

    sizes: from the input to the output.

    >>> count_parameters([2, 3, 1])
    13
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.count_parameters(count_parameters)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw `[2, 3, 1]`. How many lines, and how many neurons that have a bias?
# </details>
# <details><summary>Hint 2</summary>
#
# The input layer computes nothing, so it has no bias. `zip(sizes, sizes[1:])`
# walks over the pairs of neighbours.
# </details>
# <details><summary>Hint 3</summary>
#
# Each pair `(into, out)` has `into * out` weights and `out` biases.
# </details>

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# Three times the same input has to give three times the same answer. Run the
# next cell: no error, no warning, and three rows that differ.

# %%
def buggy_forward(X, layers):
    """Send a batch (rows, inputs) through the layers, ReLU between them."""
    for number, (W, b) in enumerate(layers, start=1):
        Z = (W @ X.T + b).T
        X = np.maximum(Z, 0) if number < len(layers) else Z
    return X


W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])
layers = [(W1, np.array([0.0, -1.0, 0.0])),
          (np.eye(3), np.array([10.0, 20.0, 30.0]))]
same_three = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
print(buggy_forward(same_three, layers))


# %% [markdown]
# Find the line, say what it does with the shapes, and write `forward` so that
# it is right for every batch. Why does the bug hide here, and what would two
# inputs have shown?

# %% tags=["task"]
def forward(X: np.ndarray, layers: list[tuple]) -> np.ndarray:
    """Send a batch through a net: ReLU after every layer but the last.

    X: (rows, inputs). layers: pairs of W (neurons, inputs) and b (neurons,).
    Returns (rows, neurons of the last layer).

    >>> forward(np.array([[3.0]]), [(np.array([[2.0]]), np.array([-1.0]))])
    array([[5.]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.forward(forward)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What is the shape of `W @ X.T`, and along which of its axes does NumPy lay a
# one-dimensional `b`?
# </details>
# <details><summary>Hint 2</summary>
#
# `W @ X.T` is `(neurons, rows)`. A plain `b` goes along the last axis: the
# rows. With three neurons and three rows it fits, and nobody complains; with
# two rows NumPy would have stopped with an error.
# </details>
# <details><summary>Hint 3</summary>
#
# Either keep the order `X @ W.T + b`, or make the bias a column: `b[:, None]`.
# </details>

# %% [markdown]
# ## 6. Weights by hand   ●●●  12 minutes
#
# *Exclusive or* is 1 when exactly one of its two inputs is 1. No straight
# border parts its four corners, which is why a single neuron cannot do it
# (Minsky and Papert, *Perceptrons*, 1969). Two hidden ReLU neurons can. Choose
# the weights and biases with a pencil; nothing is trained.

# %% tags=["task"]
def xor_weights() -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the layers `[(W1, b1), (W2, b2)]` of a net for exclusive or.

    W1: (hidden, 2). b1: (hidden,). W2: (1, hidden). b2: (1,). ReLU after the
    first layer, nothing after the second. The output is 1 at (0, 1) and
    (1, 0), and 0 at (0, 0) and (1, 1).
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.xor_weights(xor_weights)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The sum $x_1 + x_2$ is 0, 1, 1, 2 at the four corners. You want 0, 1, 1, 0:
# up with the sum, then down again.
# </details>
# <details><summary>Hint 2</summary>
#
# One neuron gives the sum itself. Give the other a bias that keeps it off
# until the sum is 2.
# </details>
# <details><summary>Hint 3</summary>
#
# The second is `relu(x1 + x2 - 1)`: 0, 0, 0, 1. How much of it do you take
# away from the sum, so that 2 becomes 0?
# </details>

# %% [markdown]
# Your net, drawn with your `forward` and your weights: one straight border
# cannot do it, two can. The black lines are where the output passes 0.5.
# Change a bias and draw again.

# %% tags=["raises-exception"]
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
xor = np.array([0, 1, 1, 0])
net = [(np.array(W), np.array(b)) for W, b in xor_weights()]
print(forward(corners, net).ravel())
plots.decision_regions(lambda X: forward(X, net)[:, 0].clip(0, 1), corners,
                       xor, title="Exclusive or, with weights chosen by hand")
