# %% [markdown]
# # Exercises: RLHF
#
# Seven tasks, from one pull of a reward to a poet that you let cheat, and then
# stop. They train what [lesson 16](../lessons/16_rlhf.ipynb) showed. Right below
# each task stands its check; run it as often as you like. Hints are folded.
# **Time** 54 minutes.

# %%
import numpy as np

from lmlab.checks import rlhf as check
from lmlab.page import plots


def softmax(z: np.ndarray) -> np.ndarray:
    """Return the probabilities (n,) of scores (n,), however large."""
    powers = np.exp(z - z.max())
    return powers / powers.sum()


# %% [markdown]
# ## 1. One pull of REINFORCE   ●●○  8 minutes
#
# A pupil with scores `z` has replied a few times, and each reply was paid.
# Each try pulls along the slope of $\ln p$ of what was said, which is 1 at that
# reply, minus $p$; times its reward less the baseline. Return the mean pull of
# all tries. Every method of the lesson starts from this line.

# %% tags=["task"]
def pull(
    z: np.ndarray, said: np.ndarray, rewards: np.ndarray, baseline: float
) -> np.ndarray:
    """Return the mean pull on each score, (n,).

    z: (n,). said: (tries,) whole numbers, which reply was said.
    rewards: (tries,), what it earned.

    >>> pull(np.zeros(2), np.array([1]), np.array([3.0]), 1.0)
    array([-1.,  1.])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.pull(pull)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: what is the reward less the baseline, and what
# are the two slopes?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.eye(len(z))[said]` has a row for each try, with a 1 at what was said.
# </details>
# <details><summary>Hint 3</summary>
#
# `(rewards - baseline) @ (np.eye(len(z))[said] - softmax(z))`, and the mean.
# </details>

# %% [markdown]
# Does it work? A reply of ten earns a point, the others nothing.

# %% tags=["raises-exception"]
rng, z, good = np.random.default_rng(0), np.zeros(10), []
for _ in range(100):
    p = softmax(z)
    good.append(p[3])
    said = rng.choice(10, size=16, p=p)
    earned = (said == 3).astype(float)
    z = z + 2 * pull(z, said, earned, earned.mean())
plots.lines(good, title="Sixteen tries a round find the one that pays",
            xlabel="round", ylabel="probability of the paid reply")


# %% [markdown]
# ## 2. How far has he gone?   ●●○  8 minutes
#
# KL is the length of the leash: $\sum_k p_k \ln (p_k / q_k)$. A reply that he
# never says ($p_k = 0$) adds nothing. One that he says now and could not say
# before ($q_k = 0$) makes it infinite. NumPy must not warn.

# %% tags=["task"]
def kl(p: np.ndarray, q: np.ndarray) -> float:
    """Return the KL divergence of the policy p from q, in nats.

    p, q: (n,), probabilities that add up to 1.

    >>> round(kl(np.array([0.5, 0.5]), np.array([0.8, 0.2])), 3)
    0.223
    >>> kl(np.array([0.5, 0.5]), np.array([1.0, 0.0]))
    inf
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.kl(kl)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which replies need to be looked at, if those with $p_k = 0$ add nothing?
# </details>
# <details><summary>Hint 2</summary>
#
# `says = p > 0` picks them: `p[says]` and `q[says]`. Then the only trouble left
# is a 0 in `q[says]`.
# </details>
# <details><summary>Hint 3</summary>
#
# `if (q[says] == 0).any(): return np.inf`, else the sum over `says`.
# </details>

# %% [markdown]
# ## 3. The clip of PPO   ●●○  7 minutes
#
# With $r = p / p_{\text{old}}$, the gain of a try is the smaller of $rA$ and
# $\text{clip}(r, 1 - c, 1 + c)\,A$. Return the mean gain: PPO climbs it.

# %% tags=["task"]
def clipped_gain(
    now: np.ndarray, old: np.ndarray, advantage: np.ndarray, clip: float
) -> float:
    """Return the mean clipped gain of the tries.

    now, old: (tries,), logarithms of the probability of what was said, under
    the policy as it is and as it was. advantage: (tries,).

    >>> clipped_gain(np.log([0.6]), np.log([0.4]), np.array([1.0]), 0.2)
    1.2
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.clipped_gain(clipped_gain)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `now` and `old` are logarithms: how do two of them give a ratio of
# probabilities?
# </details>
# <details><summary>Hint 2</summary>
#
# Both products are needed for each try; the smaller one counts, also where the
# advantage is negative.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.minimum(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)`
# </details>

# %% [markdown]
# > **Predict.** For a good try the gain stops to grow at 1.2. A bad one
# > ($A = -1$) has been pushed down to half its probability, $r = 0.5$; another
# > was pushed *up* by mistake, to $r = 2$. For which of the two is there still
# > something to gain?

# %% tags=["raises-exception"]
ratios = np.linspace(0.4, 2.2, 61)
plots.lines(
    {f"A = {sign:+d}": [clipped_gain(np.log([r]), np.zeros(1),
                                     np.array([sign]), 0.2) for r in ratios]
     for sign in (1, -1)}, ratios, ylabel="gain", xlabel="ratio",
    title="Flat where it went far enough, steep where it went wrong")


# %% [markdown]
# ## 4. A group is its own baseline   ●●○  7 minutes
#
# GRPO asks for several answers to each request. An answer's advantage is its
# reward less the mean of its group, in units of the group's standard deviation
# (`np.std`). Where all of a group earn the same there is nothing to learn: its
# advantages are 0, not NaN. (Adding 1e-8 to the deviation is fine.)

# %% tags=["task"]
def group_advantages(rewards: np.ndarray) -> np.ndarray:
    """Return the advantage of each answer, (groups, answers).

    rewards: (groups, answers), a row for each request.

    >>> group_advantages(np.array([[1.0, 3.0], [5.0, 5.0]]))
    array([[-1.,  1.],
           [ 0.,  0.]])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.group_advantages(group_advantages)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What is the deviation of the second row of the example, and what would it be
# divided by?
# </details>
# <details><summary>Hint 2</summary>
#
# `axis=1, keepdims=True` gives one number a row, which fits under the table.
# And beware: three times 0.1 have a mean that is a last digit off, so that their
# deviation is not quite 0.
# </details>
# <details><summary>Hint 3</summary>
#
# `equal = np.ptp(rewards, axis=1, keepdims=True) == 0` (largest less smallest);
# divide by 1 there, and put 0.
# </details>

# %% [markdown]
# ## 5. A judge is not needed: DPO   ●●○  6 minutes
#
# A policy is a score: a reply's is $\beta\,(\ln p - \ln q)$, how much likelier it
# is than at first, $q$. Put the scores of two replies into the loss of one
# comparison, $\ln (1 + e^{\,s_{\text{worse}} - s_{\text{better}}})$ (lesson 15).

# %% tags=["task"]
def dpo_loss(
    better: np.ndarray, worse: np.ndarray, better_first: np.ndarray,
    worse_first: np.ndarray, beta: float
) -> float:
    """Return the mean loss of the pairs.

    better, worse: (pairs,), logarithms of the probability of the reply that
    was preferred, and of the other. better_first, worse_first: under q.

    >>> half = np.log([0.5])
    >>> round(dpo_loss(np.log([0.6]), np.log([0.4]), half, half, 1), 3)
    0.511
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.dpo_loss(dpo_loss)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: the scores are $\ln 1.2$ and $\ln 0.8$. What is
# $e$ to their difference?
# </details>
# <details><summary>Hint 2</summary>
#
# The four are logarithms already: subtract, and each pair has one number.
# </details>
# <details><summary>Hint 3</summary>
#
# `lead = (better - better_first) - (worse - worse_first)`, then the mean of
# `np.log(1 + np.exp(-beta * lead))`.
# </details>

# %% [markdown]
# > **Predict.** After some steps the better reply has fallen from 60 to 30 %,
# > the worse one from 40 to 20. Is the loss above, at or below where it began?

# %% tags=["raises-exception"]
for now in ([0.6], [0.4]), ([0.3], [0.2]):
    print(round(dpo_loss(*np.log(now), *np.log([[0.6], [0.4]]), 1), 3))


# %% [markdown]
# At it. DPO sees only the difference: both may grow rare, and what nobody
# compared takes their place.

# %% [markdown]
# ## 6. Find the bug   ●●○  6 minutes
#
# A pupil on a leash: what a reply is worth is its reward, less $\beta$ times
# $\ln (p / q)$. Nothing is paid here at all, and he starts a little away from
# home, `q`.
#
# > **Predict.** Read the code. Where does he end?

# %%
def buggy_step(z, reward, q, beta, rate):
    """Return the scores after one step on a leash."""
    p = softmax(z)
    value = reward - beta * np.log(q / p)
    return z + rate * p * (value - p @ value)


home = np.array([0.5, 0.3, 0.2])
z = np.log([0.4, 0.4, 0.2])
for _ in range(200):
    z = buggy_step(z, np.zeros(3), home, 0.5, 1.0)
print(softmax(z).round(2), "home:", home)


# %% [markdown]
# He runs from home as far as he can. Such a leash looks right in every log: it
# is never the loss that tells you, only the replies. Write it as it should be.

# %% tags=["task"]
def leashed_step(
    z: np.ndarray, reward: np.ndarray, q: np.ndarray, beta: float, rate: float
) -> np.ndarray:
    """Return the scores after one step on a leash, (n,).

    z, reward, q: (n,); q is where he began, all above 0. With no reward and
    scores that give q, nothing moves.

    >>> leashed_step(np.zeros(2), np.array([0.0, 1.0]), np.full(2, 0.5), 1, 4)
    array([-1.,  1.])
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.leashed_step(leashed_step)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A reply that he says more often than at home: should it be worth more, or
# less?
# </details>
# <details><summary>Hint 2</summary>
#
# The last line is right. Look at the sign of the leash in `value`: what is
# $\ln (q / p)$ for that reply?
# </details>
# <details><summary>Hint 3</summary>
#
# `value = reward - beta * np.log(p / q)`.
# </details>

# %% [markdown]
# ## 7. Let him cheat, then stop him   ●●●  12 minutes
#
# In the lesson a poet who was paid the ranker's score ended in one or two
# characters of snow. You see such things when you read; a program needs a
# measure. Say what an answer should be fined, from 0 to 2: the share of its
# characters that stood earlier in it, and 1 more if it is not four lines of
# five characters.

# %% tags=["task"]
def fine(lines: tuple[str, ...]) -> float:
    """Return the fine of an answer.

    lines: its lines; there may be none, or empty ones. Without a character
    there is no share to speak of: count it as 0.

    >>> fine(("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪"))
    0.0
    >>> fine(("雪雪", "雪山"))
    1.5
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.fine(fine)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# How many characters of 雪雪雪山 stood earlier in it? And how many different
# ones are there?
# </details>
# <details><summary>Hint 2</summary>
#
# `"".join(lines)` is the whole; `len(set(...))` counts different characters.
# </details>
# <details><summary>Hint 3</summary>
#
# `1 - len(set(text)) / len(text)`, if there is a text; and
# `[len(line) for line in lines] != [5, 5, 5, 5]` counts as 1 when added.
# </details>

# %% [markdown]
# Now the poet of a million weights, twelve rounds of 32 poems on flying snow
# (飞雪), no leash. The same dice twice: without your fine, and with twenty times
# it taken off the score.
#
# > **Predict.** The ranker's score: which of the two ends higher? And the grade
# > of the teacher, whom neither of them ever hears?

# %%
from lmlab.poem_school import judges, shipped, stages, text

sft = shipped.poet("sft").double()
judge = judges.by_ranker(shipped.ranker().double())
snow = text.REQUESTS["飞雪"]


def train(times: float) -> list[tuple]:
    """Return for each round: score, grade, fine, and the first answer."""
    rounds = []

    def paid(prompts, answers):
        written = [text.lines_of(answer) for answer in answers]
        scores = np.array(judge(prompts, answers))
        fines = np.array([fine(lines) for lines in written])
        grade = np.mean([judges.grade(lines, snow) for lines in written])
        rounds.append((scores.mean(), grade, fines.mean(), written[0]))
        return scores - times * fines

    stages.please(sft, paid, 2, {"飞雪": snow}, steps=12, learning_rate=1e-3,
                  beta=0)
    return rounds


# %% tags=["raises-exception"]
free, fined = train(0), train(20)
titles = ["Without a fine the score soars", "With it neither goes far"]
for ax, rounds in zip(plots.axes(titles, n=2, width=10), (free, fined)):
    plots.lines({"score": [r[0] for r in rounds],
                 "grade": [r[1] for r in rounds]}, range(1, 13), title="",
                ax=ax, xlabel="round", ylabel="mean of 32 poems")
    ax.set_ylim(-9, 13)
for rounds in (free, fined):
    print(*rounds[-1][3])

# %% [markdown]
# Frost and snow on one side; on the other still a poem: "frost, snow, snow that
# clears in reply; autumn clouds, trees cold with snow". The fine costs the judge
# over eight points of joy. Try 5 instead of 20: with these dice the pupil writes
# four lines of frost, and the grade falls again. A price holds as long as it is
# higher than what a cheat earns.
