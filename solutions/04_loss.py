# %% [markdown]
# # Exercises: how wrong is the answer?
#
# Six tasks, from the mean of four squares to forecasters who are paid for
# honesty, or not. They train what
# [lesson 04](../lessons/04_loss.ipynb) showed: losses, softmax that survives
# large scores, surprise and its units. Right below each task stands its
# check; run it as often as you like. Hints are folded. **Time** 50 minutes.

# %%
import numpy as np

from lmlab.checks import loss as check
from lmlab.page import plots

# %% [markdown]
# ## 1. Mean squared error   ●○○  4 minutes
#
# The loss of every model that predicts a quantity, and the first that most
# people write. The arrays may have any shape, as long as it is the same.

# %% tags=["task"]
def mse(output: np.ndarray, label: np.ndarray) -> float:
    """Return the mean of the squared gaps between `output` and `label`.

    Both have the same shape. The result is one number.

    >>> mse(np.array([3.0, 5.0]), np.array([1.0, 4.0]))
    2.5
    """
    ### BEGIN SOLUTION
    return ((output - label) ** 2).mean()
    ### END SOLUTION

# %% tags=["check"]
check.mse(mse)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: the gaps are 2 and 1. What comes next?
# </details>
# <details><summary>Hint 2</summary>
#
# Square each gap first, average last. The other way round, a gap of +1 and a
# gap of -1 would cancel.
# </details>
# <details><summary>Hint 3</summary>
#
# `**2` squares every entry of an array; `.mean()` averages over all of them.
# </details>

# %% [markdown]
# ## 2. A log-softmax that survives   ●●○  10 minutes
#
# Every language model ends in this line. It must not overflow when a score is
# 10,000, must not say `-inf` where the answer is -10,000, and must accept a
# score of `-inf`: that is how a model is told that a character is forbidden
# (probability 0, log-probability `-inf`). It works along the *last* axis,
# whatever stands before it, and NumPy has nothing to warn of.

# %% tags=["task"]
def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return the logarithm of softmax along the last axis, without overflow.

    logits: (..., classes), with at least one finite score in each row.
    Returns the same shape.

    >>> log_softmax(np.array([1e4, 0.0]))
    array([     0., -10000.])
    """
    ### BEGIN SOLUTION
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    ### END SOLUTION

# %% tags=["check"]
check.log_softmax(log_softmax)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Adding the same number to all scores of a row changes no probability. Which
# number makes the largest score harmless?
# </details>
# <details><summary>Hint 2</summary>
#
# The log of a fraction is a difference:
# $\ln \frac{e^{z_k}}{\sum_j e^{z_j}} = z_k - \ln \sum_j e^{z_j}$. No fraction
# is needed, so none can round to zero.
# </details>
# <details><summary>Hint 3</summary>
#
# Take away `logits.max(axis=-1, keepdims=True)`, then the log of the sum of
# the exponentials along the same axis, again with `keepdims=True`.
# </details>

# %% [markdown]
# ## 3. Cross-entropy from class indices   ●●○  8 minutes
#
# A label is a whole number: the index of the class that was right. The loss is
# the mean surprise, in nats, that the model has at its labels. A score may be
# `-inf`, but not that of a label. This is
# `torch.nn.functional.cross_entropy`; afterwards you have written it yourself.

# %% tags=["task"]
def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean of -ln p(label) over the rows. Use your `log_softmax`.

    logits: (rows, classes). labels: (rows,), whole numbers below `classes`.

    >>> round(cross_entropy(np.array([[2.0, 1.0, 0.0]]), np.array([2])), 3)
    2.408
    """
    ### BEGIN SOLUTION
    rows = np.arange(len(labels))
    return -log_softmax(logits)[rows, labels].mean()
    ### END SOLUTION

# %% tags=["check"]
check.cross_entropy(cross_entropy)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which single entry of each row of `log_softmax(logits)` matters?
# </details>
# <details><summary>Hint 2</summary>
#
# `table[:, labels]` picks whole columns. To pick one entry a row, give NumPy
# two lists of the same length: the rows, and the columns.
# </details>
# <details><summary>Hint 3</summary>
#
# `log_softmax(logits)[np.arange(len(labels)), labels]`; then a sign, then a
# mean.
# </details>

# %% [markdown]
# ## 4. Perplexity, and bits per character   ●●○  8 minutes
#
# Two ways to report the same loss. *Perplexity* says between how many equally
# likely tokens (pieces of text) the model hesitates. It cannot be compared
# between models that cut text into different pieces: a model that reads bytes
# hesitates less each time, but three times a Chinese character. *Bits per
# character* can: add up the surprise of all tokens, and divide by what
# everybody agrees on, the characters of the text.

# %% tags=["task"]
def perplexity(log_probs: np.ndarray) -> float:
    """Return e to the mean surprise of the tokens that came.

    log_probs: (tokens,), natural logarithms of their probabilities.

    >>> round(perplexity(np.log([1 / 2, 1 / 8])), 6)
    4.0
    """
    ### BEGIN SOLUTION
    return np.exp(-np.mean(log_probs))
    ### END SOLUTION

# %% tags=["check"]
check.perplexity(perplexity)

# %% tags=["task"]
def bits_per_character(log_probs: np.ndarray, text: str) -> float:
    """Return the surprise of the whole text in bits, per character of it.

    log_probs: (tokens,), natural logarithms; a token may be a part of a
    character, a character, or several.

    >>> round(bits_per_character(np.log([1 / 2, 1 / 4]), "moon"), 6)
    0.75
    """
    ### BEGIN SOLUTION
    bits = -np.sum(log_probs) / np.log(2)
    return bits / len(text)
    ### END SOLUTION

# %% tags=["check"]
check.bits_per_character(bits_per_character)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The surprise of a token is minus its log-probability. Which of the two
# functions needs a mean, and which a sum?
# </details>
# <details><summary>Hint 2</summary>
#
# A probability of one half is a surprise of 1 bit, or of $\ln 2 = 0.69$ nats.
# So from nats to bits you divide by what?
# </details>
# <details><summary>Hint 3</summary>
#
# `np.exp(-np.mean(log_probs))`; and `-np.sum(log_probs) / np.log(2)` for the
# bits of the whole text, which has `len(text)` characters.
# </details>

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# This softmax was tried on a batch of two rows with two classes. Nothing
# crashed, and every number is a probability between 0 and 1.

# %%
def buggy_softmax(logits):
    e = np.exp(logits - logits.max(axis=0))
    return e / e.sum(axis=0)


square = np.array([[1.0, 0.0], [1.0, 3.0]])
print(buggy_softmax(square).round(3))
print("one row alone:", buggy_softmax(square[:1]))

# %% [markdown]
# Alone, the first row is certain of *both* classes. Next to another row, it
# is something else. Look at one of the four numbers, do it with a pencil, and
# say what the function really computes. Then write it as it should be: what
# one row says must not depend on the other rows. Some rows are far apart,
# and so are the scores within a row.

# %% tags=["task"]
def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of each row, for itself and without overflow.

    logits: (rows, classes). Returns the same shape; each row adds up to 1.

    >>> softmax(np.array([[1.0, 0.0], [1.0, 3.0]])).round(3)
    array([[0.731, 0.269],
           [0.119, 0.881]])
    """
    ### BEGIN SOLUTION
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
    ### END SOLUTION

# %% tags=["check"]
check.softmax(softmax)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Print `buggy_softmax(square).sum(axis=0)` and `.sum(axis=1)`. Which of the
# two should be ones?
# </details>
# <details><summary>Hint 2</summary>
#
# The axis stands in two places, and both are wrong.
# </details>
# <details><summary>Hint 3</summary>
#
# With `axis=1` the sums have shape `(rows,)`, and NumPy would lay them along
# the *columns*. `keepdims=True` makes them `(rows, 1)`.
# </details>

# %% [markdown]
# ## 6. Who is paid for honesty?   ●●○  12 minutes
#
# Three forecasters say the same thing on each of ten days, and what they say
# happens on eight of them. They differ only in how sure they are: *bold*
# always says 99 %, *honest* 80 %, *timid* 55 %. The label of what happened is
# 1; the probability that they had given to it is `p`.
#
# > **Predict.** Which of the three has the smallest mean absolute error
# > $1 - p$? The smallest mean squared error $(1 - p)^2$? The smallest
# > cross-entropy $-\ln p$? Write your guesses into the next cell first.

# %%
my_guess = {"absolute": "?", "squared": "?", "cross-entropy": "?"}

# %% tags=["task"]
def three_losses(p: np.ndarray) -> dict[str, float]:
    """Return the mean loss of some forecasts under three losses.

    p: (days,), the probability that was given to what then happened. The keys
    are "absolute", "squared" and "cross-entropy" (in nats).

    >>> three_losses(np.array([0.5]))["squared"]
    0.25
    """
    ### BEGIN SOLUTION
    return {"absolute": np.mean(1 - p),
            "squared": np.mean((1 - p) ** 2),
            "cross-entropy": np.mean(-np.log(p))}
    ### END SOLUTION

# %% tags=["check"]
check.three_losses(three_losses)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For a single day with `p = 0.9`: what are the three numbers?
# </details>
# <details><summary>Hint 2</summary>
#
# `1 - p` is an array with one gap a day. All three losses end in a mean over
# days.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.mean(1 - p)`, `np.mean((1 - p) ** 2)` and `np.mean(-np.log(p))`, under
# the three keys.
# </details>

# %% [markdown]
# Now measure, and compare with your guesses.

# %%
def forecaster(confidence):
    return np.array([confidence] * 8 + [1 - confidence] * 2)


people = {"bold": 0.99, "honest": 0.8, "timid": 0.55}
measured = {name: three_losses(forecaster(c)) for name, c in people.items()}
for loss, guess in my_guess.items():
    values = {name: round(float(measured[name][loss]), 2) for name in people}
    best = min(values, key=values.get)
    print(f"{loss}: {best} wins {values}, your guess: {guess}")

# %% [markdown]
# And now every confidence from a coin's 50 % to 99.5 %, drawn with your
# function. The dots are what each loss would like to hear.

# %%
confidence = np.linspace(0.5, 0.995, 100)
curves = [three_losses(forecaster(c)) for c in confidence]
ax = plots.axes("Two of three losses pay for honesty: right 80 %, say 80 %",
                xlabel="how sure they say they are", ylabel="mean loss")
for name in my_guess:
    values = np.array([curve[name] for curve in curves])
    [line] = ax.plot(confidence, values, label=name)
    ax.plot(confidence[values.argmin()], values.min(), "o",
            color=line.get_color(), markersize=11)
_ = ax.legend()

# %% [markdown]
# Absolute error pays whoever shouts: the surer, the better. Squared error and
# cross-entropy are smallest where the confidence is the truth; losses with
# that property are called *proper*, and it is why a model trained on
# cross-entropy can mean what it says. The orange and the green dot stand at
# the same confidence, 80 %; and no forecaster of these days can get below the
# green one without knowing more: it is the entropy of 8 : 2, a floor as in
# the lesson.
