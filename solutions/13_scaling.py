# %% [markdown]
# # Exercises: scaling
#
# Six tasks, from the bill of a training to a forecast with its error, and in
# between what [lesson 13](../lessons/13_scaling.ipynb) had no room for. Right
# below each task stands its check; run it as often as you like. Hints are
# folded.
# **Time** 46 minutes.

# %%
import numpy as np

from lmlab.checks import scaling as check
from lmlab.page import datasets, plots, show

# %% [markdown]
# ## 1. How many days?   ●○○  5 minutes
#
# Before a training is paid for, somebody multiplies five numbers.

# %% tags=["task"]
def gpu_days(
    n: float, tokens: float, cards: int, peak: float, share: float
) -> float:
    """Return the days that a training takes.

    n: weights; each costs six FLOPs at a token, both ways.
    peak: FLOPs a second that a card could do; share: of which it reaches.

    >>> gpu_days(100, 144, cards=1, peak=1.0, share=1.0)
    1.0
    """
    ### BEGIN SOLUTION
    return 6 * n * tokens / (cards * peak * share) / 86400
    ### END SOLUTION

# %% tags=["check"]
check.gpu_days(gpu_days)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# How many FLOPs is the whole training of the example? How many are done in a
# second, and how many seconds has a day?
# </details>
# <details><summary>Hint 2</summary>
#
# Work is `6 * n * tokens`. All cards together do `cards * peak * share` a
# second.
# </details>
# <details><summary>Hint 3</summary>
#
# `6 * n * tokens / (cards * peak * share) / 86400`.
# </details>

# %% [markdown]
# LLaMA's makers print how many hours of an A100 (peak: 312 TFLOPs a second)
# each size took (Touvron et al. 2023, table 15). So the share of the peak can
# be worked out:

# %%
from lmlab.models.counting import count_parameters
from lmlab.models.shapes import SHAPES

hours = {"LLaMA-1 7B": (1e12, 82_432), "LLaMA-1 13B": (1e12, 135_168),
         "LLaMA-1 33B": (1.4e12, 530_432), "LLaMA-1 65B": (1.4e12, 1_022_362)}
weights = {name: count_parameters(shape) for name, shape in SHAPES.items()}
best = {name: 24 * gpu_days(weights[name], tokens, 1, 312e12, 1)
        for name, (tokens, _) in hours.items()}
show.table([(name, f"{tokens / 1e12} trillion", f"{used:,}",
             f"{best[name] / used:.0%}")
            for name, (tokens, used) in hours.items()],
           ["model", "tokens", "hours of a card", "share of the peak"])

# %% [markdown]
# About half of what the maker of the card promises. GPT-3 on a thousand cards,
# or on the ten thousand A100 that one document gives to ChatGPT:

# %%
show.table([(card, f"{cards:,}", *(
    f"{gpu_days(weights['GPT-3 175B'], 300e9, cards, peak, share):.1f}"
    for share in (0.3, 0.4, 0.5)))
    for card, peak in (("V100", 125e12), ("A100", 312e12))
    for cards in (1_000, 10_000)],
    ["card", "cards", "days at 30%", "at 40%", "at 50%"])

# %% [markdown]
# Three days, then: so many cards are bought for more than one such training,
# or for answering.
#
# Does a weight cost six? `FlopCounterMode` counts the products of matrices in
# a training step. Beside the weights stand attention's: a score and its share
# of the average are $4d$ FLOPs for each token looked at, and twice that on the
# way back, $12\,d$ in each layer.

# %%
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lmlab.learning.training import language_loss
from lmlab.models.llama import LLaMA, LLaMAConfig


def counted(shape):                    # FLOPs for each token of 2 x 64
    ids = torch.zeros(2, 64, dtype=torch.int64)
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as count:
        language_loss(LLaMA(shape), ids).backward()
    return count.get_total_flops() / 128

# %%
rows = []
for width in (8, 48):
    shape = LLaMAConfig(63, 64, width, 2, 2, tied=True)
    six, looks = 6 * count_parameters(shape), 12 * 64 * width * 2
    rows.append((f"width {width}", f"{six:,}", f"{looks:,}",
                 f"{looks / six:.0%}", f"{counted(shape):,.0f}"))
c, six = SHAPES["GPT-3 175B"], 6 * weights["GPT-3 175B"]
looks = 12 * c.context * c.d_model * c.n_layers
rows.append(("GPT-3", f"{six:,}", f"{looks:,}", f"{looks / six:.0%}", ""))
show.table(rows,
           ["a token", "6 N", "attention", "that is", "counted"])

# %% [markdown]
# The two sum to what is counted, but for the norms. Attention comes on top: 3
# % in GPT-3, in models as narrow as ours a fifth to as much again, so that the
# lesson's budgets are by the rule.
#
# What is $N$, the *number of parameters* (参数量)? Nearly all stand in the
# blocks: of width $d$, four matrices of attention, $4d^2$, and two four times
# as wide, $8d^2$. Beside weights stand *units*, the numbers that a layer hands
# on, which are what one would compare with neurons:

# %%
def row(name):
    c, n = SHAPES[name], weights[name]
    units = c.n_layers * (5 * c.d_model + (c.d_ff or 4 * c.d_model))
    off = 12 * c.n_layers * c.d_model**2 / n - 1
    return name, f"{n:,}", f"{off:.1%}", f"{units:,}"


names = "GPT-2 small", "GPT-2 XL", "GPT-3 175B", "LLaMA-1 7B", "LLaMA-3 8B"
show.table([row(name) for name in names],
           ["model", "weights", "12 layers × width² is off by", "units"])

# %% [markdown]
# The rule leaves out the vocabulary: 31 % of GPT-2 small, next to nothing of
# GPT-3, 13 % of LLaMA 3, whose other 7 % are a wider feed-forward, less shared
# heads. (That table costs FLOPs only where scores are made: whoever counts it
# twice, though it is tied, finds small models too large and their line too
# steep.) GPT-3 has twice as many weights as a brain has neurons, 8.6 · 10¹⁰,
# but 11 million units; lesson 03 has what a weight resembles.
#
# ## 2. Find the bug   ●●○  8 minutes
#
# This power law was fitted to six runs, and nobody looked at the picture.

# %%
def buggy_power_law(sizes, losses):
    slope, start = np.polyfit(sizes, np.log(losses), 1)
    return np.exp(start), -slope

# %%
table = datasets.measured("13_scaling")
widths = [8, 12, 16, 24, 32, 48]


def found(study, setting, width, what="loss"):          # one for each seed
    return np.array([row[what] for row in table if row["study"] == study
                     and (row["setting"], row["width"]) == (setting, width)])


WEIGHTS = "second"                                    # of the table's columns
sizes = np.array([found("sizes", 150, w, WEIGHTS)[0] for w in widths])
losses = np.array([found("sizes", 150, w)[1] for w in widths])    # seed 1
c, a = buggy_power_law(sizes, losses)
plots.lines({"six runs": losses, "buggy": c * sizes**-a}, sizes, marks=True,
            logx=True, xlabel="weights", ylabel="loss (nats)",
            title="A power law that buys nothing with size")

# %% [markdown]
# Which two axes have to be on log paper before the line is a power law? Write
# the right one.

# %% tags=["task"]
def power_law(sizes: np.ndarray, losses: np.ndarray) -> tuple[float, float]:
    """Return c and a of the power law c * sizes**-a, by least squares in logs.

    sizes, losses: (n,), n at least 2, all above 0.

    >>> c, a = power_law(np.array([1.0, 100.0]), np.array([8.0, 2.0]))
    >>> round(c, 3), round(a, 3)
    (8.0, 0.301)
    """
    ### BEGIN SOLUTION
    slope, start = np.polyfit(np.log(sizes), np.log(losses), 1)
    return np.exp(start), -slope
    ### END SOLUTION

# %% tags=["check"]
check.power_law(power_law)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take the logarithm of $L = c\,N^{-a}$. What stands where $x$ does in a line?
# </details>
# <details><summary>Hint 2</summary>
#
# $\log L = \log c - a \log N$. The buggy one has $\log L$, but $N$.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.polyfit(np.log(sizes), np.log(losses), 1)`, then `np.exp(start)` and
# `-slope`.
# </details>

# %%
c, a = power_law(sizes, losses)
bend = np.polyfit(np.log(sizes), losses, 2)
far = np.geomspace(2e3, 2e8, 50)
plots.lines({"power law": c * far**-a,
             "parabola": np.polyval(bend, np.log(far))}, far, logx=True,
            xlabel="weights", ylabel="loss (nats)",
            title="Alike where there are runs, far apart beyond")

# %% [markdown]
# Over the six runs (up to 60,000 weights) you cannot tell the two apart.
# Beyond, the parabola promises half a nat to 200 million weights, and with the
# other two seeds 1.2 and 1.6; the power law keeps to 1.5. *Extrapolation* asks
# for a form that holds, not for one that fits.
#
# ## 3. All right at once   ●○○  5 minutes
#
# A whole answer is right if every place of it is. If the places fail
# independently, its probability is a product.

# %% tags=["task"]
def exact_match(places: np.ndarray) -> np.ndarray:
    """Return how often each model has all places right, (models,).

    places: (models, n), how often a model has each place right. Places fail
    independently of each other.

    >>> exact_match(np.array([[0.5, 0.5], [1.0, 0.9]]))
    array([0.25, 0.9 ])
    """
    ### BEGIN SOLUTION
    return places.prod(axis=1)
    ### END SOLUTION

# %% tags=["check"]
check.exact_match(exact_match)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two coins: how often do both show heads? And if one shows heads in 0.9?
# </details>
# <details><summary>Hint 2</summary>
#
# Multiply along a row, so that one number for each model is left.
# </details>
# <details><summary>Hint 3</summary>
#
# `places.prod(axis=1)`.
# </details>

# %% [markdown]
# A skill that grows smoothly, one step for each tenfold size, under answers of
# different length:

# %%
decades = np.linspace(0, 6, 61)
p = 1 / (1 + np.exp(-(decades - 2) * 1.5))              # right at one place
plots.lines({f"{n} places" if n > 1 else "one place":
             100 * exact_match(np.tile(p[:, None], n))
             for n in (1, 5, 20, 80)},
            decades, xlabel="size (powers of ten)", ylabel="all right (%)",
            title="The longer the answer, the later it comes")

# %% [markdown]
# Each curve waits, then rises; only the ruler differs. *Later* is the word:
# from five places on the rise moves, and hardly grows steeper. A real *phase
# transition* (相变) is another thing. Open each cell of a square at random. Does
# water find a way through?

# %%
from scipy.ndimage import label


def passes(open_cells):
    place, _ = label(open_cells)                       # joined cells: a number
    return bool(set(place[0]) & set(place[-1]) - {0})


rng = np.random.default_rng(0)
shares = np.linspace(0.4, 0.8, 17)
plots.lines({f"{n} × {n}": [100 * np.mean([
    passes(rng.random((n, n)) < share) for _ in range(100)])
    for share in shares] for n in (8, 32, 128)}, shares,
    xlabel="share of open cells", ylabel="squares with a way through (%)",
    title="The larger the square, the more sudden, at one place")

# %% [markdown]
# The larger the system, the steeper it is, always near 0.59: that is what a
# transition means. Nothing of the kind has been shown for language models as
# they grow.
#
# And does it jump with size, if the ruler is smooth? Small Transformers get
# pairs $x, wx$ in the prompt, with another $w$ each time, and are asked for
# the next (few-shot, lesson 17); the error is squared.

# %%
columns = {"none": "loss", "one": "second", "seven": "third"}
show.table([(width, *(f"{found('shots', 400, width, what).mean():.2f}"
                      for what in columns.values()))
            for width in (4, 8, 16, 32)],
           ["width", *(f"error, {name} shown" for name in columns)])

# %% [markdown]
# With none shown nobody can know $w$, and 1 is the best. After seven the
# widest have learned $w$ from the prompt, the narrowest hardly, and others in
# between. That is a mean: of the three seeds of width 8 two have learned it
# (0.05 and 0.19), one hardly (0.75). On many tasks GPT-3 gains more from
# examples than its smaller sisters, of GPT-2's size and below (Brown et al.
# 2020, arXiv 2005.14165).
#
# ## 4. Unequal parts   ●●○  6 minutes
#
# 64 rows, and three workers: one gets 22, two 21. A worker sends the *mean*
# gradient of its rows. The whole batch's is not their plain average.

# %% tags=["task"]
def averaged(gradients: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the gradient of the whole batch's mean loss, (d,).

    gradients: (workers, d), each the mean over the worker's own rows.
    rows: (workers,), how many each has; not all are 0.

    >>> averaged(np.array([[3.0], [6.0]]), np.array([2, 1]))
    array([4.])
    """
    ### BEGIN SOLUTION
    return rows @ gradients / rows.sum()
    ### END SOLUTION

# %% tags=["check"]
check.averaged(averaged)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example three rows gave gradients 3, 3 and 6. What is their mean?
# </details>
# <details><summary>Hint 2</summary>
#
# `rows * gradient` is a worker's sum. Add the sums, divide by all rows.
# </details>
# <details><summary>Hint 3</summary>
#
# `rows @ gradients / rows.sum()`.
# </details>

# %%
X, t, w = rng.normal(size=(64, 5)), rng.normal(size=64), rng.normal(size=5)


def gradient(part):
    return 2 * X[part].T @ (X[part] @ w - t[part]) / len(part)


parts = np.array_split(np.arange(64), 3)
each = np.array([gradient(part) for part in parts])
rows = np.array([len(part) for part in parts])
show.agree(averaged(each, rows), gradient(np.arange(64)), 1e-12,
           ("three workers", "one"))
print("the plain mean is off:",
      not np.allclose(each.mean(axis=0), gradient(np.arange(64))))

# %% [markdown]
# The same mistake is common where batches hold answers of different length,
# and each worker averages over its own tokens.
#
# Now two real processes. They meet in a file, take every second row each, and
# sum their gradients by `all_reduce` (with *gloo*, which needs no GPU):

# %%
worker = """
import sys, torch, torch.distributed as dist
rank, folder = int(sys.argv[1]), sys.argv[2]
dist.init_process_group("gloo", store=dist.FileStore(folder + "/meet", 2),
                        rank=rank, world_size=2)
X, t, w = torch.load(folder + "/task.pt")
half = slice(rank, None, 2)
w.requires_grad_()
((X[half] @ w - t[half]) ** 2).mean().backward()
dist.all_reduce(w.grad)                                 # the sum, for both
torch.save(w.grad / 2, f"{folder}/{rank}.pt")
"""

# %%
import subprocess
import sys
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    Path(folder, "worker.py").write_text(worker)
    torch.save([torch.tensor(array) for array in (X, t, w)],
               f"{folder}/task.pt")
    pair = [subprocess.Popen([sys.executable, f"{folder}/worker.py", rank,
                              folder], stderr=subprocess.PIPE)
            for rank in "01"]
    for process in pair:
        _, errors = process.communicate(timeout=100)
        assert process.returncode == 0, errors.decode()
    sent = [torch.load(f"{folder}/{rank}.pt") for rank in "01"]
show.agree(sent[0], gradient(np.arange(64)), 1e-12, ("two processes", "one"))

# %% [markdown]
# And all that traffic, in *clusters* of GPUs or TPUs (集群)? In a *ring* each
# passes a part of its gradient to the next: once round to add up, once more to
# hand out the sums.
#
# > **Predict.** With four workers each sends one and a half gradients. With
# > 64: about two, or 64?

# %%
def ring_all_reduce(g):                # (workers, as many parts, numbers)
    p, sent = len(g), 0
    for hop in range(2 * (p - 1)):
        for i in range(p):
            part, after = (i - hop) % p, (i + 1) % p
            adds = hop < p - 1
            g[after, part] = g[i, part] + (g[after, part] if adds else 0)
            sent += g[i, part].size
    return g, sent / g[0].size / p

# %%
for p in (2, 4, 64):
    g = rng.normal(size=(p, p, 3))
    sums, sent = ring_all_reduce(g.copy())
    show.agree(sums, np.broadcast_to(g.sum(axis=0), g.shape), 1e-12,
               ("ring", "sum"))
    print(f"{p} workers: each sends {sent:.2f} gradients")
size = 2 * 2 * weights["GPT-3 175B"] / 1e9
print(f"GPT-3, 2 bytes a number: {size:.0f} GB a step and worker")

# %% [markdown]
# Never as much as two: $2(p - 1)/p$. But at the 400 gigabits a second of
# Microsoft's machine for OpenAI (2020) that is 14 seconds a step, and no A100
# holds GPT-3. So layers are spread, too.
#
# ## 5. A pipeline   ●●○  10 minutes
#
# Each machine has some of the layers. It takes one time step for a part of the
# batch (a *micro-batch*), and hands it on. Who does what, and when?

# %% tags=["task"]
def pipeline(machines: int, batches: int) -> np.ndarray:
    """Return which micro-batch each machine works on at each step.

    Whole numbers, (machines, machines + batches - 1): 0 is the first batch, -1
    marks a machine that waits. Machine 0 has the first layers.

    >>> pipeline(2, 3)
    array([[ 0,  1,  2, -1],
           [-1,  0,  1,  2]])
    """
    ### BEGIN SOLUTION
    step = np.arange(machines + batches - 1)
    batch = step - np.arange(machines)[:, None]
    return np.where((batch >= 0) & (batch < batches), batch, -1)
    ### END SOLUTION

# %% tags=["check"]
check.pipeline(pipeline)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write down the rows for three machines and two batches. When does machine
# `i` get batch 0?
# </details>
# <details><summary>Hint 2</summary>
#
# At step `t`, machine `i` is at batch `t - i`, if there is such a batch.
# </details>
# <details><summary>Hint 3</summary>
#
# A row `np.arange(machines + batches - 1)` minus a column
# `np.arange(machines)[:, None]`; then `np.where` for what is below 0 or too
# large.
# </details>

# %%
grid = pipeline(4, 6).astype(float)
plots.heatmap(np.where(grid < 0, np.nan, grid), values=".0f", xlabel="step",
              ylabel="machine", label="micro-batch",
              title="The corners are the bubble: machines that wait")
show.table([(m, f"{(pipeline(4, m) < 0).mean():.0%}", f"{3 / (m + 3):.0%}")
            for m in (1, 4, 16, 64)],
           ["micro-batches", "idle, counted", "(p − 1) / (m + p − 1)"])

# %% [markdown]
# On the way back the same once more (Huang et al. 2019, GPipe, arXiv
# 1811.06965). One large batch leaves three machines of four idle; many small
# ones hardly any.
#
# ## 6. A forecast with its error   ●●●  12 minutes
#
# A forecast without an error is a guess. The runs lie off their line by some
# spread, and so may the next one.

# %% tags=["task"]
def forecast(
    sizes: np.ndarray, losses: np.ndarray, n: float
) -> tuple[float, float, float]:
    """Return low, guess and high for the loss of a model of n weights.

    sizes, losses: (runs,), at least 3. The guess is on their power law. The
    misses of the runs are log(loss) - log(law); their spread s is the root of
    the sum of squares divided by runs - 2 (two numbers were fitted). Low and
    high are the guess, divided and multiplied by exp(2 s).

    >>> low, guess, high = forecast(np.array([1.0, 10.0, 100.0]),
    ...                             np.array([8.0, 5.0, 2.0]), 1000.0)
    >>> round(low, 2), round(guess, 2), round(high, 2)
    (0.75, 1.08, 1.55)
    """
    ### BEGIN SOLUTION
    c, a = power_law(sizes, losses)
    misses = np.log(losses) - np.log(c * sizes**-a)
    spread = np.sqrt((misses**2).sum() / (len(sizes) - 2))
    guess = c * n**-a
    return guess / np.exp(2 * spread), guess, guess * np.exp(2 * spread)
    ### END SOLUTION

# %% tags=["check"]
check.forecast(forecast)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Your `power_law` gives c and a. What does the law say for each run, and how
# far off is the run, in logarithms?
# </details>
# <details><summary>Hint 2</summary>
#
# `misses = np.log(losses) - np.log(c * sizes**-a)`; the spread is
# `np.sqrt((misses**2).sum() / (len(sizes) - 2))`.
# </details>
# <details><summary>Hint 3</summary>
#
# `guess = c * n**-a`; low is `guess / np.exp(2 * spread)`, high
# `guess * np.exp(2 * spread)`.
# </details>

# %% [markdown]
# Now choose a width that nobody has tried (a multiple of 4), and commit to a
# forecast before you train it. One thing must be settled first: the learning
# rate. Do rates carry over from small models to large ones?

# %%
for name, rates in {"adamw": (0.005, 0.01, 0.02, 0.04),
                    "muon": (0.02, 0.04, 0.08)}.items():
    show.table([(w, *(f"{found('rates', f'{name} {rate}', w)[0]:.2f}"
                      for rate in rates)) for w in (8, 24, 64)],
               [f"{name}: width", *map(str, rates)])

# %% [markdown]
# With AdamW the best rate falls as the width grows, from 0.04 or more to 0.005
# or less: a rate found on a small model harms a large one. Muon's moves less
# (one seed). Rates carry over by a rule: for AdamW, divide those of the
# matrices inside by the width (Yang et al. 2022, arXiv 2203.03466); the lesson
# divides Muon's by its root.

# %%
from lmlab.learning import batches, muon, training
from lmlab.text.tokenizers import Characters

width = 40                                              # choose yours
shape = LLaMAConfig(63, 64, width, 2, 2, tied=True, theta=100.0)
n = count_parameters(shape)
low, guess, high = forecast(sizes[:5], losses[:5], n)
print(f"{n:,} weights: {guess:.2f} nats, between {low:.2f} and {high:.2f}")

# %%
play = datasets.shakespeare7()
ids = torch.tensor(Characters(play).encode(play))
torch.manual_seed(1)
model = LLaMA(shape).double()
training.train(model, batches.windows(ids[:900_000], 16, 64, seed=1),
               steps=150, learning_rate=0.25 / width**0.5, warmup=20,
               optimiser=muon.muon)
loss = training.mean_loss(model, ids[-20_480:].view(-1, 64).split(160))

# %%
c, a = power_law(sizes[:5], losses[:5])
far = np.geomspace(2e3, 2e5, 30)
band = [np.array([forecast(sizes[:5], losses[:5], x)[i] for x in far])
        for i in (0, 2)]
ax = plots.axes("A forecast with its error, and what came", "weights",
                "loss (nats)")
ax.semilogx(far, c * far**-a, label="power law of five runs")
ax.fill_between(far, *band, alpha=0.2)
ax.plot(sizes[:5], losses[:5], "o", color=plots.INK, label="five runs")
ax.plot(n, loss, "*", ms=18, color=plots.ACCENT, label="yours")
ax.legend()
print(f"trained, it has {loss:.2f} nats")

# %% [markdown]
# Inside the band? Try 128 weights wide (half a minute): you know from the
# lesson on which side it will fall, and why. What would you change to bring it back?