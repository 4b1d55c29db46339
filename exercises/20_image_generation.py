# %% [markdown]
# # Exercises: drawing
#
# Six tasks, from one noisy pixel to the digit you ask for. They train what
# [lesson 20](../lessons/20_image_generation.ipynb) showed. Right below each
# task stands its check; run it as often as you like. Hints are folded.
# **Time** 45 minutes.

# %%
import numpy as np

from lmlab.checks import image_generation as check
from lmlab.page import plots


# %% [markdown]
# ## 1. Into the noise   ●○○  5 minutes
#
# Diffusion learns from noisy pictures, each as noisy as it likes, and makes
# them in one step. Row $i$ keeps the share $a_i$ of its picture's *variance*:
#
# $$x_i' = \sqrt{a_i}\, x_i + \sqrt{1 - a_i}\, \varepsilon_i$$

# %% tags=["task"]
def noised(x: np.ndarray, kept: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return the noisy pictures (n, pixels).

    x, noise: (n, pixels); kept: (n,), from 0 to 1, one share a picture.

    >>> noised(np.array([[1.0, -1.0]]), np.array([0.64]),
    ...        np.array([[-0.5, 0.0]])).round(2)
    array([[ 0.5, -0.8]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.noised(noised)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What is multiplied: the variance, or the picture? Which root belongs between?
# </details>
# <details><summary>Hint 2</summary>
#
# `kept` has one number a picture: `kept[:, None]` is `(n, 1)` and stretches
# over the pixels.
# </details>
# <details><summary>Hint 3</summary>
#
# With `share = kept[:, None]`:
# `np.sqrt(share) * x + np.sqrt(1 - share) * noise`
# </details>

# %% [markdown]
# ## 2. What a guess of the code is worth   ●●○  9 minutes
#
# A decoder that is a straight line: $x = w z + $ noise of variance $s$, and
# codes $z$ from a normal law of mean 0 and variance 1. The encoder guesses
# that $z$ has mean $m$ and variance $v$. The ELBO is what the drawing is worth
# on average, less the KL of the guess from the law:
#
# $$-\tfrac12 \log(2 \pi s) - \frac{(x - w m)^2 + w^2 v}{2 s}
#   - \tfrac12 (m^2 + v - 1 - \log v)$$

# %% tags=["task"]
def elbo(x: float, w: float, s: float, m: np.ndarray, v: np.ndarray
         ) -> np.ndarray:
    """Return the ELBO of each guess, in nats.

    s > 0 is a variance. m, v: (n,), the means and variances guessed, v > 0.

    >>> elbo(2.0, 1.0, 1.0, np.array([1.0, 2.0]), np.full(2, 0.5)).round(3)
    array([-2.266, -3.266])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.elbo(elbo)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two parts: how well it draws, and how far the guess lies from the law. What
# is the second for $m = 0$, $v = 1$?
# </details>
# <details><summary>Hint 2</summary>
#
# The code wobbles by $v$, so the picture wobbles by $w^2 v$: that comes to the
# squared error, and both are divided by $2 s$.
# </details>
# <details><summary>Hint 3</summary>
#
# `-(np.log(2 * np.pi * s) + ((x - w * m)**2 + w**2 * v) / s) / 2`, less
# `(m**2 + v - 1 - np.log(v)) / 2`
# </details>

# %% [markdown]
# How far below the true likelihood does each guess $m$ stay, for $x = 2$,
# $w = 2$, $s = 0.5$? A bar that vanished would touch it.

# %% tags=["raises-exception"]
m = np.linspace(0, 1.6, 9)
worth = elbo(2.0, 2.0, 0.5, m, np.full(9, 1 / 9))
exact = -np.log(2 * np.pi * 4.5) / 2 - 4 / 9
plots.bars([f"{middle:.1f}" for middle in m], worth - exact,
           title="Near m = 0.9 the bound is nearly tight",
           ylabel="nats below log p(x)")


# %% [markdown]
# ## 3. Forger and detective   ●●○  8 minutes
#
# A discriminator gives scores (logits) $r$ to real pictures and $f$ to forged
# ones; $\sigma$ of a score is the chance that it takes a picture for real. It
# wants $r$ high and $f$ low; the generator wants $f$ high:
#
# $$L_D = -\overline{\log \sigma(r)} - \overline{\log (1 - \sigma(f))}
#   \qquad L_G = -\overline{\log \sigma(f)}$$
#
# `np.logaddexp(0, -a)` is $-\log \sigma(a)$, and never overflows.

# %% tags=["task"]
def gan_losses(real: np.ndarray, forged: np.ndarray) -> tuple[float, float]:
    """Return the losses of the discriminator and of the generator, in nats.

    real, forged: (n,) and (m,), scores from -1000 to 1000, of real and of
    forged pictures. Each bar in the formula is a mean.

    >>> d, g = gan_losses(np.array([0.0]), np.array([0.0]))
    >>> round(d, 3), round(g, 3)
    (1.386, 0.693)
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.gan_losses(gan_losses)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# $1 - \sigma(f)$ is $\sigma$ of another number. Which?
# </details>
# <details><summary>Hint 2</summary>
#
# $1 - \sigma(f) = \sigma(-f)$, so $-\log(1 - \sigma(f))$ is
# `np.logaddexp(0, forged)`.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.logaddexp(0, -real).mean() + np.logaddexp(0, forged).mean()`, and for the
# generator `np.logaddexp(0, -forged).mean()`
# </details>

# %% [markdown]
# ## 4. Does one of k tries pass?   ●●○  8 minutes
#
# Of $n$ programs that a model wrote, $c$ pass their tests. Had it had $k$
# tries only, how likely would one have passed? Of all ways to choose $k$ of
# the $n$, count those that hold no good one (Chen et al. 2021, 2107.03374):
#
# $$\text{pass@}k = 1 - \binom{n - c}{k} \Big/ \binom{n}{k}$$
#
# With thousands of programs the two counts are too large for a float. So
# multiply: the first try fails with $\frac{n-c}{n}$, the next, from what is
# left, with $\frac{n-c-1}{n-1}$, and so on.

# %% tags=["task"]
def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that of k tries, chosen from n, at least one passes.

    0 <= c <= n, 1 <= k <= n. Where fewer than k fail, it is 1.

    >>> round(pass_at_k(4, 2, 2), 3), pass_at_k(5, 4, 2)
    (0.833, 1.0)
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.pass_at_k(pass_at_k)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Four programs, two good, two tries. Which pairs hold no good one, of how many
# pairs?
# </details>
# <details><summary>Hint 2</summary>
#
# After a failed try one program less is left, and one bad one less: both
# numbers of the fraction fall by 1. Below zero bad ones there are none.
# </details>
# <details><summary>Hint 3</summary>
#
# `all_fail *= max(n - c - i, 0) / (n - i)` for `i` from 0 to `k - 1`, and the
# answer is `1 - all_fail`.
# </details>

# %% [markdown]
# Why not $1 - (1 - c/n)^k$? A model passes with $p = 0.1$, and 20 tries were
# tested, again and again. True pass@10 is $1 - 0.9^{10}$:
#
# > **Predict.** Is the short cut right on average, too high, or too low?

# %% tags=["raises-exception"]
passed = np.random.default_rng(0).binomial(20, 0.1, size=5000).tolist()
plots.bars(["counted", "short cut"],
           [np.mean([pass_at_k(20, c, 10) for c in passed]),
            np.mean([1 - (1 - c / 20) ** 10 for c in passed])],
           reference=1 - 0.9**10, reference_label="true",
           ylabel="mean pass@10",
           title="The short cut tells too little: its curve bends")

# %% [markdown]
# A Copilot of your own: an n-gram (lesson 08) of four functions completes a
# fifth, and unit tests judge. It looks back eight characters: which of the
# functions is it in?

# %% tags=["raises-exception"]
from lmlab.text.ngram import NGram

shelf = ["def plus(a, b): return a + b", "def less(a, b): return a - b",
         "def times(a, b): return a * b", "def most(a, b): return max(a, b)"]
rng, model = np.random.default_rng(0), NGram(shelf, n=9)
tries = [model.sample(rng, 60, "def add(a, b): return ") for _ in range(20)]


def passes(code):
    names = {}
    exec(code, names)                      # made of our own lines: harmless
    return names["add"](2, 3) == 5 and names["add"](-1, 1) == 0


c = sum(map(passes, tries))
print(f"{c} of 20 pass: pass@1 {pass_at_k(20, c, 1):.2f}, "
      f"pass@5 {pass_at_k(20, c, 5):.2f}")

# %% [markdown]
# Prose has no tests. Is it *new* at least? Another n-gram, of 100,000 letters
# of Shakespeare, writes 2,000 letters at each temperature (lesson 00).
#
# > **Predict.** Hotter: are the runs of ten letters newer? Are they words?

# %%
import random

from lmlab.page import datasets, show

plays = datasets.shakespeare7().lower()
ngram, words = NGram([plays[:100_000]], n=4, k=0.001), {*plays.split()}


def write(temperature, text="the "):
    choices = random.Random(0).choices
    while len(text) < 2000:
        guess = ngram.distribution(text)
        odds = [p ** (1 / temperature) for p in guess.values()]
        text += choices([*guess], odds)[0]
    return text


# %%
rows = []
for temperature in (0.2, 0.5, 1, 1.5):
    text = write(temperature)
    tens = {text[i:i + 10] for i in range(len(text) - 10)}
    new = np.mean([ten not in plays[:100_000] for ten in tens])
    odd = np.mean([word not in words for word in text.split()])
    rows.append((temperature, f"{-ngram.logprob(text) / 2000:.1f}", len(tens),
                 f"{new:.0%}", f"{odd:.0%}"))
show.table(rows, ["temperature", "surprise a letter", "different tens",
                  "of these never read", "words that are none"])


# %% [markdown]
# Likely is dull, and at the hot end what is new is often no word. To be new is
# easy; to be new and wanted is not counted by any of these columns.
#
# ## 5. Find the bug: a schedule   ●●○  6 minutes
#
# How much of a picture's variance is kept after each step, if step $t$ takes
# away the share `lost[t]`? A colleague wrote this; her pictures are nearly
# all noise after one step that should take a tenth.

# %%
def buggy_kept(lost):
    return np.cumprod(lost)


print(buggy_kept(np.array([0.1, 0.2, 0.5])).round(3))


# %% [markdown]
# After the first step, which took 10 %, how much should be left? And there is
# a second trap: step 0, before anything was lost, belongs in front.

# %% tags=["task"]
def kept(lost: np.ndarray) -> np.ndarray:
    """Return the share of variance kept after 0, 1, ... n steps, (n + 1,).

    lost: (n,), from 0 to 1: the share that each step takes of what is there.

    >>> kept(np.array([0.1, 0.2, 0.5])).round(2)
    array([1.  , 0.9 , 0.72, 0.36])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.kept(kept)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# If a step takes 0.1, by what is the rest multiplied?
# </details>
# <details><summary>Hint 2</summary>
#
# A running *product* of what each step leaves.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.cumprod(1 - lost)`, with 1.0 in front
# (`np.concatenate([[1.0], ...])`).
# </details>

# %% [markdown]
# ## 6. Draw the digit you ask for   ●●●  9 minutes
#
# The net of the lesson says which noise it sees in $x$, once for the digit you
# asked for, once for any digit. Guidance goes on along the difference. Take
# that noise away and you hold its idea of the *clean* picture:
#
# $$\varepsilon = \varepsilon_{any} + w\, (\varepsilon_{asked} -
#   \varepsilon_{any}) \qquad
#   \hat x = \frac{x - \sqrt{1 - a}\, \varepsilon}{\sqrt a}
#   \text{, cut to } -1 \ldots 1$$
#
# After the cut another noise $\varepsilon'$ goes with it, such that
# $x = \sqrt a\, \hat x + \sqrt{1 - a}\, \varepsilon'$. Mix in less of that
# than before: the next picture, $\sqrt b\, \hat x + \sqrt{1 - b}\,
# \varepsilon'$, keeps the share $b > a$. (No new noise is drawn: DDIM, Song et
# al. 2021, 2010.02502.)

# %% tags=["task"]
def step_back(x: np.ndarray, asked: np.ndarray, any_digit: np.ndarray,
              w: float, a: float, b: float) -> np.ndarray:
    """Return the pictures one step nearer to clean ones, (n, pixels).

    x: (n, pixels), of which the share a is kept; asked, any_digit: the noise
    seen in x with and without hearing what is asked for. w: guidance; b: the
    share kept after this step, 0 < a < b <= 1.

    >>> step_back(np.array([[0.5]]), np.array([[-0.5]]), np.array([[0.0]]),
    ...           1.0, 0.64, 1.0).round(2)
    array([[1.]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.step_back(step_back)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Four lines: the noise, the clean picture, the noise that goes with it, the
# next picture. What is the first for $w = 0$, and for $w = 1$?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.clip(..., -1, 1)` cuts the *clean* picture. Solve $x = \sqrt a\, \hat x
# + \sqrt{1 - a}\, \varepsilon'$ for $\varepsilon'$.
# </details>
# <details><summary>Hint 3</summary>
#
# `noise = any_digit + w * (asked - any_digit)`;
# `clean = np.clip((x - np.sqrt(1 - a) * noise) / np.sqrt(a), -1, 1)`;
# `noise = (x - np.sqrt(a) * clean) / np.sqrt(1 - a)`; mix the two with $b$.
# </details>

# %% [markdown]
# Write any number; your function draws it, in fifty steps from noise alone.

# %% tags=["raises-exception"]
import torch

from lmlab.vision import diffusion, drawers

number, w = "31415926", 2.0
net, digits = drawers.shipped("denoiser"), torch.tensor([*map(int, number)])
x = np.random.default_rng(0).standard_normal((len(number), 64))
seen = [x]
for t in range(100, 0, -2):
    inputs = torch.tensor(x).float(), torch.full_like(digits, t)
    asked, any_digit = (net(*inputs, y).numpy().astype(float)
                        for y in (digits, torch.full_like(digits, 10)))
    a, b = diffusion.kept(torch.tensor([t, t - 2])).tolist()
    x = step_back(x, asked, any_digit, w, a, b)
    seen.append(x)
shown = np.concatenate([seen[i] for i in (0, 25, 35, 42, 50)])
plots.images(shown.reshape(-1, 8, 8).clip(-1, 1), columns=len(number),
             title="From noise (top) to the number you asked for")
