# %% [markdown]
# # Exercises: words and pictures
#
# Six tasks, from naming a picture to drawing one on demand. They train what
# [lesson 21](../lessons/21_multimodal.ipynb) showed: one space for pictures
# and captions, its loss, and how to see through a fluent caption. Right below
# each task stands its check; run it as often as you like. Hints are folded.
# **Time** 42 minutes.

# %%
from collections import Counter

import numpy as np
from scipy.special import log_softmax, softmax

from lmlab.checks import multimodal as check
from lmlab.page import plots


# %% [markdown]
# ## 1. Zero-shot   ●○○  5 minutes
#
# A classifier made of sentences: write a prompt for each class, and take the
# one that points in the picture's direction. An encoder's vectors have any
# length, and a long one must not win for being long.

# %% tags=["task"]
def zero_shot(pictures: np.ndarray, prompts: np.ndarray) -> np.ndarray:
    """Return the number of the prompt for each picture, (m,) integers.

    pictures: (m, d), prompts: (n, d); no vector is zero. The prompt whose
    direction is nearest is taken (largest cosine); of equals, the first.

    >>> zero_shot(np.array([[1.0, 0.1]]), np.array([[2.0, 9.0], [1.0, 0.0]]))
    array([1])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.zero_shot(zero_shot)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example the products are 2.9 and 1.0, yet prompt 1 is right. What has
# prompt 0 that prompt 1 has not?
# </details>
# <details><summary>Hint 2</summary>
#
# Divide each prompt by its length, `np.linalg.norm(..., axis=1,
# keepdims=True)`. Does the picture's length change which prompt is best?
# </details>
# <details><summary>Hint 3</summary>
#
# `(pictures @ unit.T)` has a row a picture: take `argmax(axis=1)`.
# </details>

# %% [markdown]
# ## 2. The contrastive loss   ●●○  10 minutes
#
# Now with all that a real one needs: vectors of any length, a temperature, and
# scores so large that `np.exp` would overflow.

# %% tags=["task"]
def contrastive_loss(
    pictures: np.ndarray, captions: np.ndarray, temperature: float
) -> float:
    """Return the loss of n pairs: picture i belongs to caption i.

    pictures, captions: (n, d). Scores are cosines divided by `temperature`.
    Each picture has to find its caption among all (cross-entropy along a row),
    each caption its picture (along a column): the mean of both.
    `log_softmax(scores, axis=1)` is safe with large scores.

    >>> x = np.array([[2.0, 0.0], [0.0, 3.0]])
    >>> round(contrastive_loss(x, x, 0.5), 3)     # scores 2 and 0
    0.127
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.contrastive_loss(contrastive_loss)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First make every vector one long. Which table of n x n numbers comes next?
# </details>
# <details><summary>Hint 2</summary>
#
# The right answers stand on the diagonal: `np.diag(...)` of the
# log-probabilities, once with `axis=1` and once with `axis=0`.
# </details>
# <details><summary>Hint 3</summary>
#
# `-(rows.mean() + columns.mean()) / 2`, where `rows` is
# `np.diag(log_softmax(scores, axis=1))`.
# </details>

# %% [markdown]
# ## 3. Recall at k   ●●○  7 minutes
#
# A search shows not one picture but a page of them. Of all captions, how many
# find their picture among the first k?

# %% tags=["task"]
def recall_at_k(scores: np.ndarray, k: int) -> float:
    """Return the share of rows whose own column is among the k best.

    scores: (n, n), row i is a caption, column j a picture; i belongs to i.
    k: 1 ... n. A tie counts against: an own score that equals another's
    stands behind it.

    >>> recall_at_k(np.array([[3.0, 5.0], [1.0, 2.0]]), 1)
    0.5
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.recall_at_k(recall_at_k)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Count, in one row, how many pictures stand before the right one. When is it
# among the first k?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.diag(scores)[:, None]` is a column that can be compared with each row.
# </details>
# <details><summary>Hint 3</summary>
#
# `(scores >= own).sum(axis=1)` counts the right picture itself as well: take
# 1 away, and ask for less than `k`.
# </details>

# %% [markdown]
# Five hundred captions, each its picture's vector with much noise. How far down
# a page of hits must one read?

# %% tags=["raises-exception"]
rng = np.random.default_rng(0)
x = rng.normal(size=(500, 16))
scores = (x + 1.5 * rng.normal(size=x.shape)) @ x.T
shown = [1, 3, 10, 30, 100]
plots.bars([f"first {k}" for k in shown],
           [100 * recall_at_k(scores, k) for k in shown], ylabel="found (%)",
           title="A page of hits holds what the first hit misses")


# %% [markdown]
# ## 4. Find the bug: a loss that does not move   ●●○  4 minutes
#
# A training on pairs of pictures and captions. For hours the loss of a batch of
# $n$ does not fall below $\ln n$, that of a guess.

# %% tags=["raises-exception"]
def buggy_batches(pictures, captions, size, order):
    pictures = pictures[order]
    return [(pictures[i : i + size], captions[i : i + size])
            for i in range(0, len(order), size)]


order = np.random.default_rng(0).permutation(64)
x = np.random.default_rng(1).normal(size=(64, 8))  # pairs of twins
mean = np.mean([contrastive_loss(*batch, 0.1)
                for batch in buggy_batches(x, x, 16, order)])
print(f"loss of perfect pairs {mean:.1f}, of a guess {np.log(16):.1f}")


# %% [markdown]
# Each picture is its caption's twin, and the loss is worse than a guess. What
# stands on the diagonal?

# %% tags=["task"]
def batches(
    pictures: np.ndarray, captions: np.ndarray, size: int, order: np.ndarray
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the pairs in the given order, `size` at a time.

    pictures: (n, d), captions: (n, e), row i belongs to row i. order: all of
    0 ... n - 1, shuffled. The last batch may be smaller. What is handed in is
    not changed.

    >>> x = np.array([[0.0], [10.0], [20.0]])
    >>> [b.tolist() for _, b in batches(x, x + 1, 2, np.array([2, 0, 1]))]
    [[[21.0], [1.0]], [[11.0]]]
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.batches(batches)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Follow picture 2 of the docstring's example through the buggy lines. Which
# caption comes with it?
# </details>
# <details><summary>Hint 2</summary>
#
# Shuffling is fine, if both are shuffled alike.
# </details>
# <details><summary>Hint 3</summary>
#
# Cut `order` into pieces, and let each piece pick from both arrays.
# </details>

# %% [markdown]
# ## 5. Is that a good caption?   ●●○  7 minutes
#
# BLEU-1 is a usual measure for captions: the share of its words that occur in
# the truth. A word counts as often as the truth has it, and a caption that is
# too short pays for it.

# %% tags=["task"]
def bleu1(said: str, truth: str) -> float:
    """Return BLEU-1 of a caption, from 0 to 1.

    Words are parted by spaces. Precision: of the words said, how many are in
    the truth, each at most as often as there. If fewer words are said (s) than
    the truth has (t), it is multiplied by exp(1 - t / s). Neither is empty.

    >>> bleu1("a a a a", "a red seven .")         # one "a" counts
    0.25
    >>> round(bleu1("a red", "a red seven ."), 3)  # all right, and short
    0.368
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.bleu1(bleu1)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# "a a a a": how many of its four may count, if the truth has one?
# </details>
# <details><summary>Hint 2</summary>
#
# `Counter(words) & Counter(goal)` keeps the smaller of the two counts.
# </details>
# <details><summary>Hint 3</summary>
#
# Precision is `shared.total() / len(words)`; the penalty
# `np.exp(min(0, 1 - t / s))` is 1 for a caption that is long enough.
# </details>

# %% [markdown]
# The writer of the lesson, on pairs that it never met. The most praised of its
# wrong captions:

# %% tags=["raises-exception"]
import torch

from lmlab.vision.prefix import shipped
from lmlab.vision.scenes import decode, scenes

torch.set_default_dtype(torch.float64)
new = scenes(500, seed=0, new=True, test=True)
said = decode(shipped().write(new.pictures, n_words=9))
marks = np.array([bleu1(*pair) for pair in zip(said, new.captions)])
exact = np.array([a == b for a, b in zip(said, new.captions)])
worst = np.argmax(marks - exact)
print(f"BLEU-1 {marks.mean():.0%}, right {exact.mean():.0%}")
print(f"said  {said[worst]}\ntruth {new.captions[worst]}")


# %% [markdown]
# Each word is right, and the caption is wrong. What does BLEU-1 not see, and
# which reader of captions in the lesson is blind in the same way?

# %% [markdown]
# ## 6. Words draw   ●●●  9 minutes
#
# From text to image (文字生成图像), in two dimensions: a picture is a heap
# of points, and a word says of which kind. Noise is added to a point; the best
# guess of what it was is an average of all points of that kind, the near ones
# weighing most. (A diffusion model, lesson 20, *learns* this guess.)

# %% tags=["task"]
def denoise(
    x: np.ndarray, noise: float, points: np.ndarray, labels: np.ndarray,
    label: int,
) -> np.ndarray:
    """Return the best guess of where noisy points came from, (n, 2).

    x: (n, 2), each a point of the kind `label` plus noise of that standard
    deviation. points: (m, 2), labels: (m,), their kinds. Of those with the
    label, each has the weight exp(-distance^2 / (2 noise^2)), made to sum to 1
    for each x: `softmax(..., axis=1)` does it safely.

    >>> points = np.array([[0.0, 0.0], [4.0, 0.0], [9.0, 9.0]])
    >>> denoise(np.array([[2.0, 5.0]]), 1.0, points, np.array([0, 0, 1]), 0)
    array([[2., 0.]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.denoise(denoise)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example both points of kind 0 are equally far away. Which point does
# their average give, and why does the third have no say?
# </details>
# <details><summary>Hint 2</summary>
#
# `x[:, None] - kind` has shape `(n, k, 2)`: square it and sum over the last
# axis.
# </details>
# <details><summary>Hint 3</summary>
#
# Weights `softmax(-squares / (2 * noise**2), axis=1)` times `kind`.
# </details>

# %% [markdown]
# The ink of ten digits, a name each. Start from noise, guess, keep a part of
# the noise, guess again.

# %%
from sklearn.datasets import load_digits

images, names = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
mean = [images[names == d].mean(axis=0).reshape(8, 8) for d in range(10)]
ink = [np.argwhere(image > 8) for image in mean]
points = np.vstack([np.repeat(xy, 4, axis=0) for xy in ink])[:, ::-1] * [1, -1]
points = (points + rng.uniform(-0.4, 0.4, points.shape) - [3.5, -3.5]) / 2
labels = np.repeat(np.arange(10), [4 * len(xy) for xy in ink])


def draw(label, n=400):
    levels = np.geomspace(5, 0.1, 30)
    x = levels[0] * rng.normal(size=(n, 2))
    for noise, less in zip(levels, levels[1:]):
        guess = denoise(x, noise, points, labels, label)
        x = guess + (x - guess) * less / noise
    return x


# %% [markdown]
# The lesson's writer never met a yellow nine, and said "three". Write your own
# caption of nine words:

# %% tags=["raises-exception"]
from lmlab.vision.scenes import COLOURS, DIGITS

caption = "a yellow nine left of a red six ."
words = caption.split()
ax = plots.axes(f'Said: "{caption}"')
ax.set(facecolor="black", aspect="equal", xticks=[], yticks=[])
for place, (colour, digit) in enumerate((words[1:3], words[6:8])):
    dots = draw(DIGITS.index(digit)) + [4 * place, 0]
    ax.scatter(*dots.T, s=12, color=COLOURS[colour])

# %% [markdown]
# No pair is new here: the digit comes from one word, the colour from another.
# The words of grammar, "left of" among them, nobody reads. How would you?
