# %% [markdown]
# # Exercises: training
#
# Six tasks, from one step of an optimiser to a net that has to hold on text it
# never saw. They train what [lesson 06](../lessons/06_training.ipynb) showed.
# Right below each task stands its check; run it as often as you like. Hints are
# folded. **Time** 60 minutes.

# %%
import numpy as np

from lmlab.checks import training as check
from lmlab.page import datasets, plots

# %% [markdown]
# ## 1. Two optimisers   ●●○  14 minutes
#
# An optimiser is a memory and a rule. Write one step of each: what is
# remembered comes in, the new weights and the new memory come out. With these
# two functions you can train anything that has a gradient.

# %% tags=["task"]
def momentum_step(
    w: np.ndarray, v: np.ndarray, g: np.ndarray, rate: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the new w and the new v after one step of momentum, 0.9.

    w, v, g: weights, their momentum, their gradient; of one shape, unchanged.

    >>> momentum_step(np.array([1.0]), np.array([2.0]), np.array([6.0]), 0.1)
    (array([0.22]), array([7.8]))
    """
    ### BEGIN SOLUTION
    v = 0.9 * v + g
    return w - rate * v, v
    ### END SOLUTION

# %% tags=["check"]
check.momentum_step(momentum_step)

# %% tags=["task"]
def adam_step(
    w: np.ndarray, m: np.ndarray, s: np.ndarray, g: np.ndarray, t: int,
    rate: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the new w, m and s after step `t` = 1, 2, ... of Adam.

    m, s: means of the gradients and of their squares, not corrected, which
    keep 0.9 and 0.999 of the old. The step divides by the root of the
    corrected s, plus 1e-8. All arrays have one shape, and stay as they are.

    >>> zero = np.array([0.0])
    >>> adam_step(np.array([1.0]), zero, zero, np.array([6.0]), 1, 0.1)
    (array([0.9]), array([0.6]), array([0.036]))
    """
    ### BEGIN SOLUTION
    m = 0.9 * m + 0.1 * g
    s = 0.999 * s + 0.001 * g**2
    turn = (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    return w - rate * turn, m, s
    ### END SOLUTION

# %% tags=["check"]
check.adam_step(adam_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In both, the memory comes first, and the weights step along the *new* one.
# </details>
# <details><summary>Hint 2</summary>
#
# Momentum: `v = 0.9 * v + g`. Adam: update `m` and `s`, keep them, and correct
# copies of them: divide by `1 - 0.9**t` and `1 - 0.999**t`.
# </details>
# <details><summary>Hint 3</summary>
#
# `w - rate * v`, and `w - rate * m_right / (np.sqrt(s_right) + 1e-8)`. Return
# `m` and `s` as they were before they were corrected.
# </details>

# %% [markdown]
# ## 2. Up, and gently down   ●●○  8 minutes
#
# GPT-3 and LLaMA were trained with this curve, down to a tenth of the peak: a
# straight line up, half a cosine down. Its ends are where one is off by one.

# %% tags=["task"]
def rate_at(step: int, steps: int, warmup: int, peak: float) -> float:
    """Return the learning rate of `step` 0, 1, ... of `steps`.

    The `warmup` steps rise in equal jumps, the first from 0 to
    peak / (warmup + 1); step `warmup` takes `peak`. From there half a cosine
    falls, which would be 0 at step `steps`.

    >>> [rate_at(step, 4, 1, 0.2) for step in range(4)]
    [0.1, 0.2, 0.15, 0.05]
    """
    ### BEGIN SOLUTION
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    done = (step - warmup) / (steps - warmup)
    return peak * (1 + np.cos(np.pi * done)) / 2
    ### END SOLUTION

# %% tags=["check"]
check.rate_at(rate_at)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two cases. For each: which share of the way is behind you?
# </details>
# <details><summary>Hint 2</summary>
#
# Up: with a warm-up of 3, the shares of the peak are 1/4, 2/4, 3/4, and step 3
# takes all of it. Down: the share of the way is 0 at step `warmup`.
# </details>
# <details><summary>Hint 3</summary>
#
# The cosine of 0 is 1, of $\pi$ it is -1: add 1 and halve. The share of the way
# down is `(step - warmup) / (steps - warmup)`.
# </details>

# %% [markdown]
# ## 3. Clip the whole gradient   ●●○  8 minutes
#
# One strange batch can throw away an hour of training. Clipping shortens its
# gradient and keeps the direction: that of *all* weights together.

# %% tags=["task"]
def clip(grads: list[np.ndarray], limit: float) -> list[np.ndarray]:
    """Return the gradients, shortened so that together they are `limit` long.

    grads: arrays of any shapes, unchanged. Their length is the root of the sum
    of the squares of all their numbers. If it is `limit` or less, nothing is
    shortened.

    >>> clip([np.array([3.0]), np.array([4.0])], 1.0)
    [array([0.6]), array([0.8])]
    """
    ### BEGIN SOLUTION
    length = np.sqrt(sum((g**2).sum() for g in grads))
    if length <= limit:
        return grads
    return [g * limit / length for g in grads]
    ### END SOLUTION

# %% tags=["check"]
check.clip(clip)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Think of all numbers of all arrays as one long arrow. How long is it?
# </details>
# <details><summary>Hint 2</summary>
#
# One factor for all arrays: which factor makes an arrow of length 5 one of
# length 1?
# </details>
# <details><summary>Hint 3</summary>
#
# `length = np.sqrt(sum((g**2).sum() for g in grads))`. Multiply by
# `limit / length`, but only where `length` is above `limit`.
# </details>

# %% [markdown]
# ## 4. Split without leaking   ●●○  8 minutes
#
# A net that has read half of a poet's verses is not tested by the other half:
# it may know the poet and not the language. So hold out poets, not poems.

# %% tags=["task"]
def split_by_author(
    authors: list[str], share: float
) -> tuple[list[int], list[int]]:
    """Return the places of the poems to learn from, and of those held out.

    authors: the author of each poem. Authors are held out whole, in the order
    in which they first appear, as long as fewer than share * len(authors)
    poems are held out. Both lists rise.

    >>> split_by_author(["Li", "Du", "Li", "Wang"], 0.25)
    ([1, 3], [0, 2])
    """
    ### BEGIN SOLUTION
    held, count = set(), 0
    for author in dict.fromkeys(authors):
        if count < share * len(authors):
            held.add(author)
            count += authors.count(author)
    places = range(len(authors))
    return ([i for i in places if authors[i] not in held],
            [i for i in places if authors[i] in held])
    ### END SOLUTION

# %% tags=["check"]
check.split_by_author(split_by_author)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# First decide *who* is held out. The places follow.
# </details>
# <details><summary>Hint 2</summary>
#
# `dict.fromkeys(authors)` holds each author once, in the order of first
# appearance. Count the poems that are out already before you take the next.
# </details>
# <details><summary>Hint 3</summary>
#
# For each author: if `count < share * len(authors)`, add the author to a set,
# and `authors.count(author)` to `count`. Then two comprehensions.
# </details>

# %% [markdown]
# On *Three Hundred Tang Poems*, against dealing poems at random:

# %%
authors = [poem.author for poem in datasets.tang300()]
dealt = np.random.default_rng(0).permutation(len(authors))
for name, (learn, held) in {"at random": (dealt[64:], dealt[:64]),
                            "mine": split_by_author(authors, 0.2)}.items():
    known = {authors[i] for i in learn}
    leaked = sum(authors[i] in known for i in held)
    print(f"{name}: of {len(held)} poems held out, "
          f"{leaked} are by a poet it learns from")

# %% [markdown]
# ## 5. Find the bug   ●●○  7 minutes
#
# A line is fitted by gradient descent, and watched on held-out data. It works
# far too well. The held-out points below are pure noise, of which nobody can
# predict anything: only luck brings their loss below that of saying 0.

# %%
def buggy_fit(X, y, held_X, held_y, steps, rate):
    w, losses = np.zeros(X.shape[1]), []
    for _ in range(steps):
        w = w - rate * 2 * X.T @ (X @ w - y) / len(y)
        X, y = held_X, held_y
        losses.append(float(np.mean((X @ w - y) ** 2)))
    return w, losses


noise = np.random.default_rng(0)
data = [noise.normal(size=shape) for shape in ((20, 9), 20, (10, 9), 10)]
losses = buggy_fit(*data, steps=500, rate=0.05)[1]
print(f"held-out loss of saying 0: {np.mean(data[3] ** 2):.2f}, "
      f"after 500 steps: {losses[-1]:.2f}")

# %% [markdown]
# Write the function as it should be.

# %% tags=["task"]
def fit(
    X: np.ndarray, y: np.ndarray, held_X: np.ndarray, held_y: np.ndarray,
    steps: int, rate: float,
) -> tuple[np.ndarray, list[float]]:
    """Fit y = X @ w by gradient descent from zeros; return w, held-out losses.

    X, held_X: (rows, n); y, held_y: (rows,). The losses are mean squared
    errors on the held-out rows, one after each step.
    """
    ### BEGIN SOLUTION
    w, losses = np.zeros(X.shape[1]), []
    for _ in range(steps):
        w = w - rate * 2 * X.T @ (X @ w - y) / len(y)
        losses.append(float(np.mean((held_X @ w - held_y) ** 2)))
    return w, losses
    ### END SOLUTION

# %% tags=["check"]
check.fit(fit)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Follow `X` through two rounds of the loop. What is it in the second?
# </details>
# <details><summary>Hint 2</summary>
#
# The third line of the loop is there to measure, and gives `X` and `y` to the
# next step as well.
# </details>
# <details><summary>Hint 3</summary>
#
# Drop that line, and measure with `held_X` and `held_y` by their own names.
# </details>

# %%
losses = fit(*data, steps=500, rate=0.05)[1]
print(f"held-out loss, as it should be: {losses[-1]:.2f}")

# %% [markdown]
# ## 6. Make it hold   ●●●  15 minutes
#
# 20,000 letters of *Coriolanus* to learn from, 5,000 of *The Taming of the
# Shrew* held out. The net reads six letters and says the seventh. Write the
# loop, choose all settings yourself, and bring the held-out loss to 2.2 nats or
# below; knowing nothing costs 3.3.

# %%
import re

import torch
from torch import nn
from torch.nn import functional as F

letters = re.sub("[^a-z]+", " ", datasets.shakespeare7().lower())
alphabet = " abcdefghijklmnopqrstuvwxyz"


def examples(text):
    """Six letters each, (n, 162) with one 1 a letter; the seventh, (n,)."""
    ids = torch.tensor([alphabet.index(c) for c in text]).unfold(0, 7, 1)
    return F.one_hot(ids[:, :6], 27).double().flatten(1), ids[:, 6]


def new_net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6 * 27, 128), nn.ReLU(), nn.Linear(128, 27)).double()

# %% tags=["task"]
def make_it_hold(new_net, learn: tuple, held_out: tuple) -> tuple:
    """Train `new_net()` on `learn`; return it, and its held-out losses.

    learn, held_out: inputs (n, 162) and targets (n,), made by `examples`.
    Returns the trained net, and a list of held-out losses in nats on the way
    (every so many steps); the last of them is that of the net returned. No
    step may learn from `held_out`. Stay below 20 seconds.
    """
    ### BEGIN SOLUTION
    net, losses = new_net(), []
    optimiser = torch.optim.AdamW(net.parameters(), 0.003, weight_decay=0.1)
    for step in range(1000):
        rows = torch.randint(len(learn[1]), (64,))
        loss = F.cross_entropy(net(learn[0][rows]), learn[1][rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 50 == 0:
            with torch.no_grad():
                held = F.cross_entropy(net(held_out[0]), held_out[1])
            losses.append(held.item())
    return net, losses
    ### END SOLUTION

# %% tags=["check"]
check.make_it_hold(make_it_hold)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The lesson's `learn` does nearly all of it. What must it return here?
# </details>
# <details><summary>Hint 2</summary>
#
# Batches of 64: `rows = torch.randint(len(learn[1]), (64,))`. At 0.003
# AdamW is there in 600 steps. `zero_grad`, `backward`, `step`, in this order.
# </details>
# <details><summary>Hint 3</summary>
#
# Every 50 steps, inside `with torch.no_grad():`, append
# `F.cross_entropy(net(held_out[0]), held_out[1]).item()`. End on such a step.
# </details>

# %% [markdown]
# What you made, on the left, and what it has to say, on the right:

# %%
learn = examples(letters[:20_000])
held_out = examples(letters[500_000:505_000])
mine, losses = make_it_hold(new_net, learn, held_out)

left, right = plots.axes([""] * 2, n=2, width=11)
plots.loss_curve({"": losses}, floor=2.2, floor_label="the goal", ax=left,
                 xlabel="times measured", ylabel="held-out loss (nats)",
                 title="My net holds on a play that it never read")
said = mine(examples("where is th ")[0][-1]).softmax(0).detach()
after = "aeioruy"
plots.bars(list(after), said[[alphabet.index(c) for c in after]], ax=right,
           ylabel="probability", title="What follows 'is th', says my net")
