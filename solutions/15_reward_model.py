# %% [markdown]
# # Exercises: the reward model
#
# Six tasks, from the chance that one poem beats another to a ranker of your
# own that picks the best of sixty-four. They train what
# [lesson 15](../lessons/15_reward_model.ipynb) showed. Everything is NumPy.
# Right below each task stands its check; run it as often as you like. Hints
# are folded. **Time** 46 minutes.

# %%
import numpy as np

from lmlab.checks import reward_model as check
from lmlab.page import plots
from lmlab.page.datasets import tang_five
from lmlab.text import poems

# %% [markdown]
# ## 1. Who wins?   ●○○  4 minutes
#
# Bradley and Terry give every poem a score, and let nothing but the difference
# decide how likely one is preferred to another: add 5,000 to both scores, and
# the answer stays. Every reward model rests on this line.

# %% tags=["task"]
def win_probability(score: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how likely each poem of `score` is preferred to that of `other`.

    score, other: (n,). Returns (n,), each between 0 and 1.

    >>> win_probability(np.array([0.0, np.log(3)]), np.array([0.0, 0.0]))
    array([0.5 , 0.75])
    """
    ### BEGIN SOLUTION
    return 1 / (1 + np.exp(other - score))
    ### END SOLUTION

# %% tags=["check"]
check.win_probability(win_probability)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Two equal scores must give one half. Which function of the difference does?
# </details>
# <details><summary>Hint 2</summary>
#
# Sigmoid, $\sigma(d) = 1 / (1 + e^{-d})$, from lesson 03. Which way round is
# the difference, if a higher `score` must win more often?
# </details>
# <details><summary>Hint 3</summary>
#
# `1 / (1 + np.exp(other - score))`.
# </details>

# %% [markdown]
# The ratings of chess players named after Elo (1978), in their logistic form,
# are this score with another zero and another unit, $400 / \ln 10 \approx 174$:
# a lead of 400 means odds of 10 to 1.

# %%
elo = np.array([2000, 1800, 1600, 1200])
lead = (elo - 1600) * np.log(10) / 400
print(win_probability(lead, np.zeros(4)).round(2), "against a 1600")

# %% [markdown]
# ## 2. The loss of a comparison, without overflow   ●●○  7 minutes
#
# The loss is the surprise at what the teacher said,
# $-\ln \sigma(r_{\text{better}} - r_{\text{worse}})$, averaged over the pairs.
# Written like that it breaks when a model is badly wrong: $\sigma$ becomes 0,
# and its logarithm is minus infinity. Scores that differ by 10,000 must still
# give a finite loss, and no warning.

# %% tags=["task"]
def pair_loss(better: np.ndarray, worse: np.ndarray) -> float:
    """Return the mean loss of the pairs, in nats.

    better, worse: (n,), the scores of the preferred and of the other poem.

    >>> round(float(pair_loss(np.array([0.0]), np.array([10_000.0]))), 3)
    10000.0
    """
    ### BEGIN SOLUTION
    return np.logaddexp(0, worse - better).mean()
    ### END SOLUTION

# %% tags=["check"]
check.pair_loss(pair_loss)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# $-\ln \frac{1}{1 + e^{-d}}$ is a logarithm of a quotient: write it without
# the quotient.
# </details>
# <details><summary>Hint 2</summary>
#
# $\ln(1 + e^{-d})$ is $\ln(e^0 + e^{-d})$. For a large negative $d$ it is
# nearly $-d$. NumPy has a function for the logarithm of a sum of two
# exponentials.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.logaddexp(0, worse - better)`, and its mean.
# </details>

# %% [markdown]
# ## 3. A ranking is many pairs   ●○○  5 minutes
#
# A teacher who ranks $K$ poems has made $K(K-1)/2$ comparisons at one go. Take
# them out.

# %% tags=["task"]
def ranking_pairs(ranking: list[int]) -> list[tuple[int, int]]:
    """Return every pair (better, worse) that the ranking holds.

    ranking: ids of poems, the best first. The pairs of the best come first,
    each in the order of the ranking.

    >>> ranking_pairs([7, 3, 5])
    [(7, 3), (7, 5), (3, 5)]
    """
    ### BEGIN SOLUTION
    return [(better, worse) for place, better in enumerate(ranking)
            for worse in ranking[place + 1:]]
    ### END SOLUTION

# %% tags=["check"]
check.ranking_pairs(ranking_pairs)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which poems does the second of the ranking beat?
# </details>
# <details><summary>Hint 2</summary>
#
# Two loops: over the places, and over what stands behind each place.
# </details>
# <details><summary>Hint 3</summary>
#
# `ranking[place + 1:]` is what stands behind. Or look up
# `itertools.combinations`.
# </details>

# %% [markdown]
# ## 4. One gradient step   ●●○  10 minutes
#
# Suppose that the ranker is told which questions to ask about a poem, and not how
# much each answer counts. With answers $x$ it scores $w \cdot x$. For one pair,
# with $d = x_{\text{better}} - x_{\text{worse}}$, the loss is
# $-\ln \sigma(w \cdot d)$, and its gradient by $w$ is
# $-\sigma(-w \cdot d)\, d$. Take one step of gradient descent on the mean loss
# of all pairs: each pull is taken from the weights as they came in.

# %% tags=["task"]
def gradient_step(
    w: np.ndarray,
    X: np.ndarray,
    better: np.ndarray,
    worse: np.ndarray,
    learning_rate: float,
) -> np.ndarray:
    """Return the weights after one step; `w` itself stays as it is.

    w: (features,). X: (poems, features).
    better, worse: (pairs,) whole numbers, the rows of X that were compared.

    >>> X = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> gradient_step(np.zeros(2), X, np.array([0]), np.array([1]), 1.0)
    array([ 0.5, -0.5])
    """
    ### BEGIN SOLUTION
    difference = X[better] - X[worse]                   # (pairs, features)
    pull = 1 / (1 + np.exp(difference @ w))             # (pairs,)
    return w + learning_rate * (pull @ difference) / len(pull)
    ### END SOLUTION

# %% tags=["check"]
check.gradient_step(gradient_step)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: the two scores are equal, so how hard does the
# pair pull, and along which difference?
# </details>
# <details><summary>Hint 2</summary>
#
# `X[better] - X[worse]` is (pairs, features), and times `w` it is the gap of
# each pair. Two minus signs meet: that of the gradient and that of descent.
# </details>
# <details><summary>Hint 3</summary>
#
# `pull = 1 / (1 + np.exp(difference @ w))`, and `w` plus the learning rate
# times the mean of `pull[:, None] * difference`.
# </details>

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# This function learns a score for each poem and needs no questions: every
# comparison pushes one poem up and the other down. Below, poem 0 always beats
# poem 1, and poem 1 always beats poem 2.
#
# > **Predict.** Read the code. Which poem will end up highest?

# %%
def buggy_push(score, better, worse, learning_rate):
    """Return the scores after every pair has pushed two poems apart."""
    gap = score[better] - score[worse]
    pull = 1 / (1 + np.exp(gap))
    pushed = score.copy()
    np.add.at(pushed, worse, learning_rate * pull)
    np.add.at(pushed, better, -learning_rate * pull)
    return pushed


score = np.zeros(3)
for step in range(20):
    score = buggy_push(score, np.array([0, 0, 1]), np.array([1, 2, 2]), 0.1)
print(score.round(1))

# %% [markdown]
# The worst poem leads, and the harder it leads, the harder it is pushed.
# `np.add.at` is no bug: unlike `pushed[worse] += ...` it adds up where a poem
# comes more than once. Write the function as it should be.

# %% tags=["task"]
def push(
    score: np.ndarray,
    better: np.ndarray,
    worse: np.ndarray,
    learning_rate: float,
) -> np.ndarray:
    """Return the scores after every pair has pushed two poems apart.

    score: (poems,). better, worse: (pairs,) whole numbers, poems compared.
    The pull of a pair is taken from the scores as they came in.

    >>> push(np.zeros(2), np.array([0]), np.array([1]), 1.0)
    array([ 0.5, -0.5])
    """
    ### BEGIN SOLUTION
    pull = 1 / (1 + np.exp(score[better] - score[worse]))
    pushed = score.copy()
    np.add.at(pushed, better, learning_rate * pull)
    np.add.at(pushed, worse, -learning_rate * pull)
    return pushed
    ### END SOLUTION

# %% tags=["check"]
check.push(push)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Half of the code is right. Which half: the line that computes the pull, or
# the two that use it?
# </details>
# <details><summary>Hint 2</summary>
#
# The poem that was preferred should go up.
# </details>
# <details><summary>Hint 3</summary>
#
# `better` gets `+ learning_rate * pull`, `worse` gets `-`.
# </details>

# %% [markdown]
# ## 6. Best of n, with your own ranker   ●●●  12 minutes
#
# A pupil hands in $n$ poems at a time, and the ranker picks the one it scores
# highest. Write what the picks are worth: by the ranker, and in truth.

# %% tags=["task"]
def best_of(
    score: np.ndarray, truth: np.ndarray, rounds: np.ndarray
) -> tuple[float, float]:
    """Return the mean score and the mean true grade of the picks.

    score, truth: (poems,). rounds: (rounds, n) whole numbers, in each row the
    poems handed in together. The pick of a row has the highest score in it;
    of equals, the first in the row.

    >>> best_of(np.array([1.0, 2.0, 3.0, 0.5]),
    ...         np.array([5.0, 2.0, 4.0, 6.0]), np.array([[3, 0], [2, 1]]))
    (2.0, 4.5)
    """
    ### BEGIN SOLUTION
    place = score[rounds].argmax(axis=1)                # (rounds,)
    picks = rounds[np.arange(len(rounds)), place]       # (rounds,)
    return float(score[picks].mean()), float(truth[picks].mean())
    ### END SOLUTION

# %% tags=["check"]
check.best_of(best_of)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `score[rounds]` is a table of the shape of `rounds`. Along which axis is the
# best one sought?
# </details>
# <details><summary>Hint 2</summary>
#
# `argmax` gives places in a row, from 0 to n - 1. Which poem stands there?
# </details>
# <details><summary>Hint 3</summary>
#
# `picks = rounds[np.arange(len(rounds)), place]`; both means are over `picks`.
# </details>

# %% [markdown]
# Now put it all to work. A teacher of snow grades 6,000 quatrains, half of them
# mixed (each line is another poem's in one case of two), by the rule of the
# lesson: 2 points for a character of snow, 3 for the tone pattern, 2 for a
# rhyme, minus 1 for a repeated character. She says only which of two she likes
# better, and errs now and then by your `win_probability`. Your `gradient_step`
# learns the four weights.

# %%
rng = np.random.default_rng(0)
real = rng.permutation(poems.quatrains(tang_five()))[:3000]
mixed, swap = real.copy(), rng.random(real.shape) < 0.5
mixed[swap] = rng.choice(real.ravel(), swap.sum())      # lines of others
X = np.array([[poems.theme(poem, "snow"), poems.tonal(poem),
               poems.rhymes(poem), poems.repeats(poem)]
              for poem in np.concatenate([real, mixed])], dtype=float)
truth = X @ np.array([2.0, 3.0, 2.0, -1.0])
print(f"{len(X):,} poems, mean grade {truth.mean():.1f}")

# %%
def train(pairs: int, seed: int) -> np.ndarray:
    """Learn the four weights from her comparisons with your step."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(len(X), size=(2, pairs))
    wins = rng.random(pairs) < win_probability(truth[a], truth[b])
    better, worse = np.where(wins, a, b), np.where(wins, b, a)
    w = np.zeros(4)
    for _ in range(500):
        w = gradient_step(w, X, better, worse, 0.5)
    return w

# %% [markdown]
# > **Predict.** How many comparisons until your ranker, on average, orders 95 of
# > 100 pairs of poems as the rule does: 30, 300 or 3,000?

# %%
a, b = rng.integers(len(X), size=(2, 5000))
a, b = a[truth[a] != truth[b]], b[truth[a] != truth[b]]


def agrees(w: np.ndarray) -> float:
    """Return in how many of 100 pairs ranker and rule agree."""
    return 100 * np.mean((X[a] @ w > X[b] @ w) == (truth[a] > truth[b]))


sizes = np.array([3, 10, 30, 100, 300])
found = np.zeros((10, len(sizes)))
for seed in range(10):
    found[seed] = [agrees(train(n, seed)) for n in sizes]
plots.lines({"mean": found.mean(axis=0)}, sizes, logx=True, marks=True,
            bands={"mean": (found.min(axis=0), found.max(axis=0))},
            title="Told what to look at, thirty comparisons nearly always do",
            xlabel="comparisons", ylabel="agreement with the rule (%)")

# %% [markdown]
# The band reaches from the worst of ten draws to the best. The network of the
# lesson heard 30,000 comparisons and stayed far below: it had to find out *what*
# she looks at.
#
# Score and grade have one unit, her odds, and so can be compared. Let each of two
# rankers pick the best of $n$.
#
# > **Predict.** One heard 12 comparisons, the other 600. Which of them promises
# > more than it keeps?

# %%
titles = ["12 comparisons: it promises too much", "600: it keeps its promise"]
tries = [1, 2, 4, 8, 16, 32, 64]
for ax, n in zip(plots.axes(titles, n=2, width=10), (12, 600)):
    w = train(n, seed=0)
    picked = [best_of(X @ w, truth, rng.integers(len(X), size=(500, k)))
              for k in tries]
    gain = np.transpose(picked) - np.transpose(picked[:1])
    plots.lines({"promised": gain[0], "kept": gain[1]}, tries, title="", ax=ax,
                logx=True, marks=True, xlabel="n", ylabel="gain over one poem")
    ax.set_ylim(-0.5, 8)
    promised, kept = gain[:, -1]
    print(w.round(1), f"promised {promised:.1f}, kept {kept:.1f}")

# %% [markdown]
# Twelve comparisons are explained best by large weights, and some of them are
# wrong: here a character of snow counts against a poem. This ranker promises
# twice what it keeps. (Most other dozens promise too much as well: try another
# `seed`.) The one that heard 600 found the rule, and keeps what it promises.
