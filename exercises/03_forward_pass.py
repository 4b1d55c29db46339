# %% [markdown]
# # Exercises: the forward pass
#
# Six tasks, from a layer to a net whose weights you choose yourself. On the way
# a neuron learns apples and pears, and another one fires. They train what
# [lesson 03](../lessons/03_forward_pass.ipynb) showed: the line `z = W a + b`,
# shapes, activations. Right below each task stands its check; run it as often
# as you like. Hints are folded. **Time** 49 minutes.

# %%
import numpy as np

from lmlab.checks import forward_pass as check
from lmlab.page import plots


# %% [markdown]
# ## 1. A layer for a whole batch   ●○○  5 minutes
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
# ## 2. Activations that survive large numbers   ●●○  10 minutes
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
# ## 3. Apples and pears   ●●○  8 minutes
#
# A baby learns what an apple is because somebody says "this is an apple". The
# *perceptron* (Rosenblatt 1958, 1962) does so too: it is shown examples one by
# one, each with its label, 1 for an apple and -1 for a pear. It calls an
# example an apple if `w @ x` is above 0. Where it is right, nothing happens.
# Where it is wrong, and also at exactly 0, its weights move by the example:
# towards it if it was an apple, away from it if it was a pear.

# %% tags=["task"]
def one_round(w: np.ndarray, fruit: np.ndarray,
              label: np.ndarray) -> tuple[np.ndarray, int]:
    """Show each example once, in order; return new weights and mistakes.

    w: (n,), it stays as it is. fruit: (examples, n).
    label: (examples,), 1 or -1.

    >>> one_round(np.zeros(2), np.array([[1.0, 2.0], [1.0, 1.0]]),
    ...           np.array([1, -1]))
    (array([0., 1.]), 2)
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.one_round(one_round)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example `w` is zero, so the first fruit is a mistake. What is `w` after
# it, and what does it say of the second?
# </details>
# <details><summary>Hint 2</summary>
#
# `label * (w @ x)` is above 0 exactly where the neuron is right. A later example
# meets the weights that the earlier ones left.
# </details>
# <details><summary>Hint 3</summary>
#
# `if y * (w @ x) <= 0: w = w + y * x`. With `w += ...` the caller's array would
# change as well.
# </details>

# %% [markdown]
# Twelve apples and twelve pears, as height over width, how red, and a 1 that
# carries the bias. Your neuron goes round three times, enough here.

# %% tags=["raises-exception"]
rng = np.random.default_rng(0)
centre = np.tile([[0.95, 0.70], [1.20, 0.40]], (12, 1))   # apple, pear, ...
fruit = centre + rng.normal(scale=(0.08, 0.12), size=(24, 2))
fruit = np.column_stack([fruit, np.ones(24)])
label, w = np.tile([1, -1], 12), np.zeros(3)
for number in (1, 2, 3):
    w, mistakes = one_round(w, fruit, label)
    print(f"round {number}: wrong on {mistakes} of 24")
tennis_ball = w @ [1.0, 0.05, 1]                          # round, not red
print("a tennis ball is", "an apple" if tennis_ball > 0 else "a pear")


# %% [markdown]
# It learns, and so far one of the documents, the five overviews that this course
# tests, compares well. The comparison stops at three places. The neuron needed
# 27 corrections; of preschool children who met a new thing and its name once,
# four in five picked it out when they heard the name again (Dollaghan 1985). It
# knows two words, so a tennis ball has to be one of them. And a language model
# is trained without anyone saying what is what: after 床 ("bed") the text itself
# goes on with 前 ("before"). Learning from labels is *supervised* (监督学习),
# predicting the text's own next word is *self-supervised* (自监督学习).
#
# ## 4. Find the bug   ●●○  8 minutes
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
# ## 5. Predict, then measure: a neuron that fires   ●●○  8 minutes
#
# One of the oldest models of a living nerve cell, *leaky integrate-and-fire*
# (after Lapicque 1907; Abbott 1999), has a voltage `v`, 0 at first. In each
# tenth of a millisecond it moves by a two-hundredth of what is missing to the
# input `current`: `v` becomes `v + (current - v) / 200`. If it then is 1 or
# more, the cell fires one spike and starts again from 0.
#
# > **Predict.** A steady input makes a rhythm of spikes. How many come in a second
# > (10,000 steps) with an input of 0.9? And does twice the input mean twice the
# > spikes?

# %% tags=["task"]
def count_spikes(current: np.ndarray, steps: int) -> np.ndarray:
    """Return how many spikes each of many neurons fires in `steps` steps.

    current: (neurons,), the steady input of each. Returns (neurons,).

    >>> count_spikes(np.array([0.5, 2.0]), steps=300)
    array([0, 2])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.count_spikes(count_spikes)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In which order: move, look whether it fires, start again?
# </details>
# <details><summary>Hint 2</summary>
#
# All neurons take a step at once: `v` is an array, and `v >= 1` is True where
# one fires.
# </details>
# <details><summary>Hint 3</summary>
#
# In a loop over the steps: `v = v + (current - v) / 200`, then
# `spikes += v >= 1`, then `v[v >= 1] = 0`.
# </details>

# %% [markdown]
# Now measure, and lay a ReLU beside it.

# %% tags=["raises-exception"]
current = np.linspace(0, 4, 81)
plots.lines({"spiking": count_spikes(current, steps=10_000),
             "ReLU": 50 * np.maximum(current - 0.5, 0)}, current,
            xlabel="input current", ylabel="spikes in a second",
            title="Counted over a second, spikes come near a ReLU")


# %% [markdown]
# With 0.9 it never fires: `v` comes near 0.9 and stays. Above 1 the rate rises
# steeply, then nearly as a straight line with slope 50; from 2 to 4 it more
# than doubles. So above 1 a ReLU is a fair picture of a firing *rate*. There
# the likeness ends: the ReLU has no time, no memory of the last input, no
# spikes.
#
# ## 6. Weights by hand   ●●●  10 minutes
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
