# %% [markdown]
# # Exercises: before Transformers
#
# Six tasks, from one mixed bag to a map of the characters of your choice. They
# train what [lesson 08](../lessons/08_before_transformers.ipynb) showed, and
# build what it only named: vectors by counting, and word2vec. **Time** 50 minutes.

# %%
from collections import Counter

import numpy as np

from lmlab.checks import before_transformers as check
from lmlab.page import datasets, plots, show


def sigmoid(z):
    return 1 / (1 + np.exp(-z))

# %% [markdown]
# ## 1. Mix a bag   ●○○  6 minutes
#
# A bag is certain of what it never saw, and wrong. So each *kind* in it pays a
# tax, and what was paid is shared out as the shorter memory says. Whoever gets
# this wrong has a model whose probabilities do not sum to 1, and a loss that
# means nothing.

# %% tags=["task"]
def mix(
    bag: Counter, shorter: dict[str, float], tax: float
) -> dict[str, float]:
    """Return the mixed probability of each character of `shorter`.

    bag: what came next, and how often; it may be empty, and then the shorter
    memory speaks alone. shorter: the shorter memory's probabilities, which sum
    to 1; every character of the bag is in it. tax: from 0 to 1.

    >>> mix(Counter("aaab"), {"a": 0.5, "b": 0.25, "c": 0.25}, tax=0.5)
    {'a': 0.75, 'b': 0.1875, 'c': 0.0625}
    """
    ### BEGIN SOLUTION
    if not bag:
        return dict(shorter)
    taken = tax * len(bag)
    return {c: (max(bag[c] - tax, 0) + taken * p) / bag.total()
            for c, p in shorter.items()}
    ### END SOLUTION

# %% tags=["check"]
check.mix(mix)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example two kinds pay 0.5 each. What is left of 3 and 1, and how is the
# 1 that was paid shared among `a`, `b` and `c`?
# </details>
# <details><summary>Hint 2</summary>
#
# `len(bag)` counts kinds, `bag.total()` sightings. A kind that is not in the
# bag pays nothing.
# </details>
# <details><summary>Hint 3</summary>
#
# For each `c, p` of `shorter.items()`:
# `(max(bag[c] - tax, 0) + tax * len(bag) * p) / bag.total()`. Return `shorter`
# itself, copied, when the bag is empty.
# </details>

# %% [markdown]
# Your mixture, on what follows 明 ("bright") in *Three Hundred Tang Poems*, where
# no star ever did:

# %%
poems = ["/".join(poem.lines) + "/" for poem in datasets.tang300()]
text = "".join(poems)
one_bag = {c: n / len(text) for c, n in Counter(text).items()}
bright = Counter(b for a, b in zip(text, text[1:]) if a == "明")
guess = mix(bright, one_bag, tax=0.9)
show.table([[c, what, bright[c], f"{guess[c]:.4f}"] for c, what in
            (("月", "moon"), ("朝", "morning"), ("星", "star"), ("酒", "wine"))],
           ["", "", "after 明", "mixed"])

# %% [markdown]
# ## 2. Bengio's network   ●●○  8 minutes
#
# Look up, lay end to end, one hidden layer, softmax:
# $p = \text{softmax}(U \tanh(H x + d) + b)$. Order is all that the net knows of
# where a character stood: a run whose vectors are mixed up, or added, has lost it.

# %% tags=["task"]
def bengio(
    runs: np.ndarray,
    C: np.ndarray,
    H: np.ndarray,
    d: np.ndarray,
    U: np.ndarray,
    b: np.ndarray,
) -> np.ndarray:
    """Return the probability of each next character, a row for each run.

    runs: (n, memory) indices of characters, the oldest first. C: (V, width).
    H: (hidden, memory * width): the columns of the oldest character first.
    d: (hidden,). U: (V, hidden). b: (V,). Returns (n, V).

    >>> C, one = np.array([[0.0], [1.0]]), np.ones((1, 2))
    >>> bengio(np.array([[0, 1]]), C, one, np.zeros(1), 0 * one.T, np.zeros(2))
    array([[0.5, 0.5]])
    """
    ### BEGIN SOLUTION
    x = C[runs].reshape(len(runs), -1)
    scores = np.tanh(x @ H.T + d) @ U.T + b
    parts = np.exp(scores - scores.max(axis=1, keepdims=True))
    return parts / parts.sum(axis=1, keepdims=True)
    ### END SOLUTION

# %% tags=["check"]
check.bengio(bengio)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `C[runs]` looks up all characters at once. What is its shape, and which shape
# does `H` want to read?
# </details>
# <details><summary>Hint 2</summary>
#
# `C[runs].reshape(len(runs), -1)` lays each run end to end, (n, memory * width).
# Rows are runs, so a layer is `x @ H.T + d`.
# </details>
# <details><summary>Hint 3</summary>
#
# `scores = np.tanh(x @ H.T + d) @ U.T + b`, then softmax along axis 1: `np.exp`
# of the scores, minus the largest of the row, divided by the row's sum.
# </details>

# %% [markdown]
# ## 3. Negative sampling   ●●○  10 minutes
#
# word2vec does not ask "which of all characters?", which costs a softmax over
# all of them, but "is this a real neighbour?". With $v$ the vector of a character,
# $o$ of a true neighbour, and $n_1 ... n_k$ of strangers drawn at random:
#
# $$L = -\ln \sigma(v \cdot o) - \sum_i \ln \sigma(-v \cdot n_i)$$
#
# Remember lesson 04: for a sigmoid and this loss, the slope along a score is
# $p - y$, where $p = \sigma(\text{score})$ and the label $y$ is 1 or 0.

# %% tags=["task"]
def negative_sampling(
    v: np.ndarray, o: np.ndarray, strangers: np.ndarray
) -> tuple[float, np.ndarray]:
    """Return the loss, and its gradient along v.

    v: (d,). o: (d,). strangers: (k, d), one in each row. Returns L and (d,).

    >>> o, strangers = np.array([1.0, 0.0]), np.array([[0.0, 2.0]])
    >>> negative_sampling(np.zeros(2), o, strangers)
    (1.3862943611198906, array([-0.5,  1. ]))
    """
    ### BEGIN SOLUTION
    real, random = sigmoid(v @ o), sigmoid(strangers @ v)
    loss = -np.log(real) - np.log(1 - random).sum()
    return float(loss), (real - 1) * o + random @ strangers
    ### END SOLUTION

# %% tags=["check"]
check.negative_sampling(negative_sampling)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example every score is 0, so each $p$ is 0.5. Which $\ln$ do you add up?
# And what are $p - y$ for the neighbour and for the stranger?
# </details>
# <details><summary>Hint 2</summary>
#
# $\sigma(-z) = 1 - \sigma(z)$. A score's slope reaches $v$ times the vector that it
# was multiplied with.
# </details>
# <details><summary>Hint 3</summary>
#
# With `real = sigmoid(v @ o)` and `random = sigmoid(strangers @ v)`, (k,), the
# gradient is `(real - 1) * o + random @ strangers`.
# </details>

# %% [markdown]
# ## 4. An LSTM reads   ●●○  10 minutes
#
# The lesson made one step. Now read a whole sequence. Two things are carried
# from step to step, and only one of them is shown.

# %% tags=["task"]
def lstm(
    inputs: np.ndarray, W: np.ndarray, U: np.ndarray, b: np.ndarray
) -> np.ndarray:
    """Return the state h after each input; h and c begin as zeros.

    inputs: (n, d_in). U: (4 * width, d_in). W: (4 * width, width).
    b: (4 * width,). The four blocks are i, f, g, o, in this order.
    c = f * c + i * g, with tanh in g; h = o * tanh(c). Returns (n, width).
    """
    ### BEGIN SOLUTION
    h = c = np.zeros(W.shape[1])
    states = []
    for x in inputs:
        i, f, g, o = np.split(U @ x + W @ h + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        states.append(h)
    return np.array(states)
    ### END SOLUTION

# %% tags=["check"]
check.lstm(lstm)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Begin with `h` and `c` as zeros, of which length? Loop over the inputs, and
# collect `h`.
# </details>
# <details><summary>Hint 2</summary>
#
# `i, f, g, o = np.split(U @ x + W @ h + b, 4)`. Three of them become gates by the
# sigmoid, `g` by tanh.
# </details>
# <details><summary>Hint 3</summary>
#
# `c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)`, then
# `h = sigmoid(o) * np.tanh(c)`, then `states.append(h)`; at the end
# `np.array(states)`.
# </details>

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# A colleague's recurrent net, $h_t = \tanh(W h_{t-1} + U x_t)$, reads poems one after
# the other. On its own the second poem comes out right. After another one it
# does not:

# %%
def buggy_read(poems, W, U):
    states = []
    h = np.zeros(len(W))
    for poem in poems:
        states.append([])
        for x in poem:
            h = np.tanh(W @ h + U @ x)
            states[-1].append(h)
    return [np.array(s) for s in states]


rng = np.random.default_rng(0)
W, U = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
first, second = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
print("alone:        ", buggy_read([second], W, U)[0][0].round(2))
print("after another:", buggy_read([first, second], W, U)[1][0].round(2))

# %% [markdown]
# What does a poem know of the one before it? And of its own beginning? Write it
# right.

# %% tags=["task"]
def read_poems(
    poems: list[np.ndarray], W: np.ndarray, U: np.ndarray
) -> list[np.ndarray]:
    """Return the states of each poem; each is read as if it were the first.

    poems: arrays (length, d_in), of several lengths. W: (width, width).
    U: (width, d_in). Returns a list of arrays (length, width).
    """
    ### BEGIN SOLUTION
    states = []
    for poem in poems:
        h, read = np.zeros(len(W)), []
        for x in poem:
            h = np.tanh(W @ h + U @ x)
            read.append(h)
        states.append(np.array(read))
    return states
    ### END SOLUTION

# %% tags=["check"]
check.read_poems(read_poems)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Where is `h` made zero, and how often does that line run?
# </details>
# <details><summary>Hint 2</summary>
#
# It has to run once for each poem: not once for all, and not once for each
# character.
# </details>
# <details><summary>Hint 3</summary>
#
# Move `h = np.zeros(len(W))` into the loop over poems, above the loop over the
# characters.
# </details>

# %% [markdown]
# ## 6. The neighbours of your choice   ●●○  8 minutes
#
# Vectors are near when they point the same way, however long they are: by the
# *cosine* of their angle, the dot product of the two after each was divided by its
# length. Without the division the longest vectors would be near to everything.

# %% tags=["task"]
def nearest(vectors: np.ndarray, i: int, k: int) -> np.ndarray:
    """Return the k rows with the largest cosine to row i, the nearest first.

    vectors: (n, d), no row zero. Row i itself is not among them. k < n.

    >>> nearest(np.array([[1.0, 0], [9, 9], [0, 1], [3, 1]]), 0, 2)
    array([3, 1])
    """
    ### BEGIN SOLUTION
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    order = np.argsort(-unit @ unit[i])
    return order[order != i][:k]
    ### END SOLUTION

# %% tags=["check"]
check.nearest(nearest)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example row 1 has by far the largest dot product with row 0, but row 3
# makes the smaller angle. What takes the length out?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.linalg.norm(vectors, axis=1, keepdims=True)` is the length of each row. And
# `np.argsort` puts the smallest first.
# </details>
# <details><summary>Hint 3</summary>
#
# `order = np.argsort(-unit @ unit[i])`; then `order[order != i][:k]`: another row
# may have the same cosine as row `i` itself.
# </details>

# %% [markdown]
# Now two kinds of vectors, from the lines of 11,888 poems. First by counting, as
# *latent semantic analysis* does (it counts words by document): count who stands
# with whom in a line, divide by what chance would give, take the logarithm where it
# is above 0, and keep the 48 directions that say most, by singular values.

# %%
from itertools import permutations

lines = [line for poem in datasets.tang_five() for line in poem.lines]
times = Counter("".join(lines))
alphabet = sorted(c for c in times if times[c] >= 100)
index = {c: i for i, c in enumerate(alphabet)}
rest = len(alphabet)                                      # all others
ids = np.array([[index.get(c, rest) for c in line] for line in lines])
pairs = np.concatenate([ids[:, p] for p in permutations(range(5), 2)])
pairs = pairs[(pairs < rest).all(axis=1)]                 # (pairs, 2)

# %%
together = np.zeros((rest, rest))
np.add.at(together, tuple(pairs.T), 1)
alone = together.sum(axis=1)
ratio = together * alone.sum() / np.outer(alone, alone)   # 1: as by chance
u, s, _ = np.linalg.svd(np.log(np.maximum(ratio, 1)))
by_counting = u[:, :48] * np.sqrt(s[:48])

# %% [markdown]
# Then word2vec, with your loss, in torch: a table of vectors $v$, another one of
# $o$, pairs from the poems, strangers drawn from them at random.

# %%
import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(0)
v, o = nn.Embedding(rest, 48).double(), nn.Embedding(rest, 48).double()
v.weight.data *= 0.1                                      # start small
o.weight.data *= 0.1
optimiser = torch.optim.Adam([v.weight, o.weight], 0.01)

# %%
for step in range(800):
    real = torch.tensor(pairs[rng.integers(len(pairs), size=2048)])
    random = torch.tensor(pairs[rng.integers(len(pairs), size=(2048, 5)), 0])
    mine = v(real[:, 0])                                  # (2048, 48)
    strange = (o(random) @ mine[:, :, None])[:, :, 0]     # (2048, 5)
    loss = -F.logsigmoid((mine * o(real[:, 1])).sum(dim=1)).mean()
    loss = loss - F.logsigmoid(-strange).sum(dim=1).mean()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()

# %% [markdown]
# Is your loss the one that was trained? On one pair with five strangers:

# %%
mine, real, strange = [a.detach() for a in (
    v.weight[3], o.weight[5], o.weight[[8, 9, 10, 11, 12]])]
theirs = -F.logsigmoid(mine @ real) - F.logsigmoid(-strange @ mine).sum()
yours, _ = negative_sampling(mine.numpy(), real.numpy(), strange.numpy())
show.agree(yours, theirs, 1e-9, names=("yours", "torch"))

# %% [markdown]
# Choose characters of your own; each must have been seen a hundred times. Below
# the first, moon, stand its nearest by counting. Do they belong together because
# they mean like things, or because they stand side by side?

# %%
chosen = "月酒马秋三"                 # moon, wine, horse, autumn, three


def near(vectors, c):
    return "".join(alphabet[j] for j in nearest(vectors, index[c], 3))


learned = v.weight.detach().numpy()
plots.token_grid(chosen,
                 [[near(by_counting, c), near(learned, c)] for c in chosen],
                 title="Nearest by counting (above), by word2vec (below)")

# %% [markdown]
# word2vec became famous for *analogies*: king - man + woman lies near queen. On
# 142 questions such as 饮 : 酒 = 弹 : ? ("drink is to wine as pluck is to ...",
# 琴, zither), measured with vectors like these:

# %%
rows = datasets.measured("08_before_transformers")
show.table([[row["model"], row["seed"], f"{row['value']:.0f} %",
             f"{row['other']:.0f} %"]
            for row in rows if row["what"] == "vectors"],
           ["vectors", "seed", "酒 - 饮 + 弹 is nearest 琴", "弹 is nearest 琴"])

# %% [markdown]
# Here the arithmetic is worse than no arithmetic: whoever ignores the first pair
# and takes the neighbour of the third word is right more often. (Linzen, 2016, arXiv
# 1606.07736, warned of this test in English.) And counting, an idea of 1990, is no
# worse than learning: Levy and Goldberg (2014, *Neural Word Embedding as Implicit
# Matrix Factorization*) showed that word2vec factorises nearly the same table.
