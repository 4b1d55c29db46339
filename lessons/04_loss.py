# %% [markdown]
# # How wrong is the answer?
#
# A network answers, and one number says how wrong it was. Training chases that
# number down, so whoever chooses how it is computed chooses what the model
# learns. On this page you choose.
#
# **You will** score answers with a pencil, see what each loss asks a model
# for, and measure how much a model is told by one poem.
#
# **You need** Python, a little NumPy, and what the slope of a curve is.
# [Lesson 03](03_forward_pass.ipynb) shows where the answers come from.
#
# **Time** 25 minutes to read, 12 seconds to run

# %%
from collections import Counter

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_score, train_test_split
from torch.nn import functional as F

from lmlab.page import datasets, plots, show

# %% [markdown]
# ## Four parcels, one number
#
# Four parcels from home took 1, 2, 2 and 7 days; a model had said 2, 2, 3 and
# 4. What it said is the *output*, what happened is the *true label*
# (真实标签), and a *loss function* (损失函数) turns both into one number:
#
# $$\text{Loss} = f(\text{ModelOutput}, \text{TrueLabel})$$
#
# Two choices of $f$ for a pencil, over $n$ answers $\hat y_i$ to labels
# $y_i$: *mean squared error* (均方误差) and *mean absolute error*
# (平均绝对误差).
#
# $$\text{MSE} = \tfrac1n \textstyle\sum_i (\hat y_i - y_i)^2 \qquad
# \text{MAE} = \tfrac1n \textstyle\sum_i |\hat y_i - y_i|$$
#
# > **Predict.** What are the two losses? How much of each is the fault of the
# > last parcel alone?

# %%
label = np.array([1.0, 2.0, 2.0, 7.0])
output = np.array([2.0, 2.0, 3.0, 4.0])
gap = output - label
for name, each in (("squared ", gap**2), ("absolute", abs(gap))):
    print(f"{name} {each}  mean {each.mean():.2f}, "
          f"last parcel {each[-1] / each.sum():.0%}")

# %% [markdown]
# Squares look at the late parcel and at little else: one that is three days
# off counts as much as nine that are one day off.
#
# ## Every loss asks for something
#
# Let a model say the same number $c$ for all four parcels.
#
# > **Predict.** Which $c$ has the smallest squared error, which the smallest
# > absolute error? They are not the same.

# %%
c = np.linspace(0, 8, 161)
gaps = c[:, None] - label                              # (guesses, parcels)
both = plots.axes(["The bowl rests on the mean", "The valley on the median"],
                  xlabel="the one answer c (days)", n=2, width=10)
for ax, name, each in zip(both, ("squared", "absolute"), (gaps**2, abs(gaps))):
    loss = each.mean(axis=1)                           # (guesses,)
    ax.plot(c, loss)
    ax.plot(c[loss.argmin()], loss.min(), "o", markersize=10)
    ax.set_ylabel(f"mean {name} error")

# %% [markdown]
# Squared error is a smooth bowl. Its slope is $\tfrac{2}{n}\sum_i (c - y_i)$,
# and that is zero where $c$ is the *mean*, here 3. Absolute error has slope
# $+\tfrac1n$ for each parcel below $c$ and $-\tfrac1n$ for each above, however
# far away: it rests where as many lie below as above, at the *median*, here 2.
#
# So a loss is a wish. Let the late parcel take 27 days instead of 7: the mean
# goes from 3 to $32 / 4 = 8$, the median does not move. Neither is wrong.
# Language needs a third kind of loss, because its answers are not quantities:
# there is no character half-way between "moon" and "sun".
#
# ## From scores to probabilities
#
# A network that completes 举头望明_ ("I raise my head and gaze at the bright
# ...") ends in one score per character, its *logits*: say 2 for 月 (moon), 1
# for 日 (sun) and 0 for 年 (year). *Softmax* makes the scores positive, and
# divides by their sum:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}$$
#
# > **Predict.** With $e \approx 2.7$ and a pencil: how probable is the moon?
# > And what happens when every score is 1000 higher?

# %%
def naive_softmax(z):
    return np.exp(z) / np.exp(z).sum()


z = np.array([2.0, 1.0, 0.0])
print(naive_softmax(z).round(3))
with np.errstate(over="ignore", invalid="ignore"):
    print(naive_softmax(z + 1000))

# %% [markdown]
# $e^{1002}$ is too large for 64 bits (the limit is near $e^{709}$): it becomes
# infinity, and infinity divided by infinity is *not a number*. Yet $e^{1000}$
# stands above and below the line and cancels: only differences between scores
# count. So take the largest away first, and nothing overflows.
#
# One more repair. The loss below needs $\ln p$, and a tiny $p$ rounds to 0,
# whose logarithm is $-\infty$. The log of a fraction is a difference:
# $\ln p_k = z_k - \ln \sum_j e^{z_j}$.

# %%
def log_softmax(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum())


for scores in (z, z + 1000, np.array([0.0, -1000.0])):
    show.agree(log_softmax(scores), torch.tensor(scores).log_softmax(0), 1e-12)

# %% [markdown]
# What if all differences shrink? Dividing the scores by a *temperature* (温度)
# $T$ before softmax does that; every model that writes has this knob.
#
# > **Predict.** Which end gives always the same answer, a temperature near 0
# > or a very high one? Does the order of the three ever change?

# %%
plots.bars(["月 moon", "日 sun", "年 year"],
           {f"T = {T:g}": np.exp(log_softmax(z / T)) for T in (0.25, 1, 4)},
           ylabel="probability",
           title="Cold is decided, hot is undecided, the order stays")

# %% [markdown]
# At $T = 0.25$ the moon has nearly everything; at 4 the three come close to
# each other. The same scores are trusted more, or less.
#
# ## Surprise
#
# Now the poem goes on. If what came had the probability $p$, the *surprise* is
# $-\ln p$, in *nats*; or $-\log_2 p$, in *bits*: one bit is one flip of a
# coin. Suppose a model had given the last four characters of 床前明月光 ("before my
# bed, bright moonlight") 1/2, 1/4, 1/8 and 1/8.
#
# > **Predict.** How many bits of surprise is each character, and how many are
# > they on average?

# %%
p = np.array([1/2, 1/4, 1/8, 1/8])
bits, nats = -np.log2(p), -np.log(p)
show.tokens("前明月光", weights=bits / 3, labels=[f"{b:.0f} bit" for b in bits])
print(f"mean {bits.mean():.2f} bits = {nats.mean():.2f} nats a character")
print(f"2^bits = {2 ** bits.mean():.2f}, e^nats = {np.exp(nats.mean()):.2f}")

# %% [markdown]
# The average surprise is the *cross-entropy* (交叉熵) of the model on this
# text, and the loss of every language model in this course. Written with a
# label $y_k$ that is 1 for the character that came and 0 for all others:
#
# $$H(y, p) = -\sum_k y_k \ln p_k = -\ln p_{\text{came}}$$
#
# Bits are nats divided by $\ln 2$. *Perplexity* (困惑度) is $e$ to the loss in
# nats, or 2 to the loss in bits: this model is as unsure as if it chose
# between 4.76 equally likely characters. And a model that knows nothing, and
# gives all $V$ symbols the probability $1/V$?

# %%
tang = len({c for poem in datasets.tang300() for c in "".join(poem.lines)})
for what, V in (("a coin", 2), ("ten digits", 10), ("Tang characters", tang)):
    loss = F.cross_entropy(torch.zeros(1, V), torch.tensor([0])).item()
    print(f"{what:16} loss {loss:.2f} = ln {V}, perplexity {np.exp(loss):.0f}")

# %% [markdown]
# A uniform guess costs $\ln V$. A new model whose loss is far above that is
# not ignorant, it is wrong with confidence, and something is broken.
#
# ### Not too sure, please
#
# Cross-entropy is never satisfied: $-\ln p$ falls until $p = 1$, and softmax
# needs infinite scores for that. *Label smoothing* (标签平滑) asks for less. It
# takes a tenth of the label, say, and spreads it over all symbols: of ten
# digits the right one then has 0.91, each other 0.01. Below, the right score
# leads the nine others, which are equal, by a margin.

# %%
margin = torch.linspace(0, 12, 121)
scores = F.pad(margin[:, None], (0, 9))                # (121, 10)
right = torch.zeros(121, dtype=torch.long)             # class 0 each time
plain, smoothed = (F.cross_entropy(scores, right, label_smoothing=share,
                                   reduction="none") for share in (0, 0.1))
plots.lines({"plain": plain, "smoothed": smoothed}, margin,
            xlabel="margin of the right score", ylabel="loss (nats)",
            title="The plain loss always wants more, the smoothed one turns")
best = smoothed.argmin()
print(f"turns at margin {margin[best]:.1f}: p = {torch.exp(-plain[best]):.2f}")

# %% [markdown]
# The smoothed loss is lowest where the model says what the label says, 0.91;
# from there it charges for confidence. Its lowest value is not zero: labels
# that are not certain have a floor. It comes back below.
#
# ## Confident and wrong
#
# Why not squared error on the probability? Take one score $z$ with
# $p = 1 / (1 + e^{-z})$ (the *sigmoid*: softmax of two scores whose difference
# is $z$), and the true label 1. The two slopes are
#
# $$\frac{d}{dz}(-\ln p) = p - 1 \qquad
# \frac{d}{dz}(1 - p)^2 = -2\,(1 - p) \cdot p\,(1 - p)$$
#
# > **Predict.** A model starts at $z = -6$, so sure and so wrong that
# > $p = 0.0025$. In each step, $z$ moves against the slope, by as much as the
# > slope. Under which loss does $p$ pass one half first, and after how many
# > steps?

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


slopes = {"cross-entropy": lambda p: p - 1,
          "squared error": lambda p: -2 * (1 - p) * p * (1 - p)}
for name, slope in slopes.items():
    score, steps = -6.0, 0
    while sigmoid(score) < 0.5:
        score, steps = score - slope(sigmoid(score)), steps + 1
    print(f"{name}: right after {steps} steps")

# %%
grid = np.linspace(-8, 8, 161)
plots.lines({name: -slope(sigmoid(grid)) for name, slope in slopes.items()},
            grid, xlabel="score z", ylabel="pull towards the truth",
            title="Where the answer is worst, squared error hardly pulls")

# %% [markdown]
# Thirty times as long. The picture shows why: the pull is minus the slope.
# That of cross-entropy is the mistake itself, $1 - p$, largest where the
# answer is worst. Squared error multiplies the mistake by the slope $p\,(1 -
# p)$ of the sigmoid, nearly zero on the far left: as wrong as can be, and
# almost no reason to move.
#
# With more than two classes the *gradient* (梯度), the slopes at all scores, is
# as simple. The loss is $\ln \sum_j e^{z_j} - z_{\text{came}}$; the first part
# has slope $p_k$ at each score, the second $-1$ at the one that came. With the
# label $y$ and its single 1:
#
# $$\frac{\partial\, \text{Loss}}{\partial z_k} = p_k - y_k$$
#
# > **Predict.** The scores are 2, 1, 0 and the probabilities 0.665, 0.245 and
# > 0.090, as above. Suppose that the *third*, 年, had come. What are the three
# > slopes, and their sum? (torch finds them by itself; lesson 05 shows how.)

# %%
slopes_by_hand = np.exp(log_softmax(z)) - np.array([0, 0, 1])
print("softmax - label =", slopes_by_hand.round(3))
logits = torch.tensor(z, requires_grad=True)
F.cross_entropy(logits, torch.tensor(2)).backward()
show.agree(slopes_by_hand, logits.grad, 1e-12)

# %% [markdown]
# The slopes add up to zero: what the right score gains, the others lose.
#
# > **Careful.** `F.cross_entropy` takes the raw scores. Give it probabilities,
# > and it runs without complaint and applies softmax a second time.
#
# ## Which model is better?
#
# Three models forecast rain for the same ten days. What they gave to what then
# happened: *timid* always 0.6; *steady* 0.9, but 0.2 on two days; *bold*
# 0.999, but 0.001 on one. Below 0.5 is a mistake.
#
# > **Predict.** Order the three by mistakes, by squared error, by
# > cross-entropy. Does one of them win every time?

# %%
models = {"timid": np.full(10, 0.6),
          "steady": np.array([0.9] * 8 + [0.2] * 2),
          "bold": np.array([0.999] * 9 + [0.001])}
plots.bars(["mistakes", "squared error", "cross-entropy"],
           {name: [np.mean(p < 0.5), np.mean((1 - p)**2), np.mean(-np.log(p))]
            for name, p in models.items()}, ylabel="mean of ten days",
           title="Each loss has a winner of its own (the lowest bar)")

# %% [markdown]
# Timid makes no mistake, bold has the smallest squared error, steady the
# smallest cross-entropy. Counting mistakes sees only the side of 0.5; its
# slope is zero nearly everywhere: nothing for training to follow. Squared
# error (half of the *Brier score* of forecasters, Brier 1950) charges at most
# 1 for a day, and forgives bold its one disaster. Cross-entropy has no limit: that day
# costs bold $-\ln 0.001 = 6.9$ nats, all ten cost steady $-8 \ln 0.9 - 2 \ln
# 0.2 = 4.1$.
#
# "Which model is better" has no answer before you say what a mistake costs.
#
# ## The floor
#
# People who make labels slip. Take images of the digits 0 and 1, and a teacher
# who writes down the wrong one in 1 case of 4. Even a model that sees the true
# digit and knows the teacher's habit can do no better than say 0.75 for it (as
# with the smoothed label), and pays
#
# $$H = -0.75 \ln 0.75 - 0.25 \ln 0.25 = 0.56 \text{ nats,}$$
#
# the *entropy* (熵) of the noise. A sigmoid neuron learns from 260 such labels.
# We watch its loss on them, and on 100 new images; there the label is what
# the teacher writes on average, 0.75 for a one and 0.25 for a zero.
#
# How it learns: the slope at the score is $p - y$ again. A weight counts in
# the score as much as its pixel is bright, so its own slope is $p - y$ times
# the pixel, averaged over the images. Each step goes against it.
#
# > **Predict.** Draw both curves against the floor of 0.56. Does either go
# > below?

# %%
images, digits = load_digits(n_class=2, return_X_y=True)
X, X_new, digit, digit_new = train_test_split(images / 16, digits,
                                              train_size=260, random_state=0)
slip = np.random.default_rng(0).permutation(260) < 65  # exactly 1 in 4
y = np.where(slip, 1 - digit, digit)
y_new = np.where(digit_new == 1, 0.75, 0.25)

# %%
def loss_of(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


w, on_old, on_new, right = np.zeros(64), [], [], []
for step in range(400):
    p, p_new = sigmoid(X @ w), sigmoid(X_new @ w)
    on_old.append(loss_of(p, y))
    on_new.append(loss_of(p_new, y_new))
    right.append(np.mean((p_new > 0.5) == digit_new))
    w -= 0.5 * X.T @ (p - y) / 260

# %%
floor = loss_of(0.75, 0.75)
plots.loss_curve({"labels it learns from": on_old, "new labels": on_new},
                 floor=floor, title="Below the floor (dashed) is only memory")
best = int(np.argmin(on_new))
print(f"floor {floor:.2f}; best on new labels {on_new[best]:.2f}, "
      f"with {right[best]:.0%} of the new digits right")
print(f"end: {on_old[-1]:.2f} on old labels, {on_new[-1]:.2f} on new ones")

# %% [markdown]
# The loss on new labels comes close to 0.56, and turns. The loss on the old
# labels goes straight through the floor, and that is bad news: below it there
# is no skill, only this teacher's slips learned by heart.
#
# So a loss that stops far above zero need not mean a bad model: at its best,
# this one is right more often than its teacher. Language has a floor too,
# since nobody knows for certain how a sentence goes on. Shannon (1951) let
# people guess English letters, and put it between 0.6 and 1.3 bits a letter.
#
# ## One poem, how many questions?
#
# 并非所有训练目标都平等 ("not all training objectives are equal"), one overview writes.
# Unequal in what? Each way hides some of the text; each hidden character is
# one question, and its surprise goes into the loss. *Causal* (the GPT models)
# asks for every character and shows only what stands before. *Masked* (BERT)
# hides 15 % at random and shows the rest. *Span corruption* (T5) hides 15 %
# too, in runs of three on average.
#
# > **Predict.** A five-character quatrain has 20 characters. How many
# > questions does each way ask?

# %%
def questions(objective, rng, poems=16):               # -> (poems, 20)
    if objective == "causal":
        return np.ones((poems, 20), dtype=bool)
    three = np.tile(np.arange(20) < 3, (poems, 1))     # the first three
    if objective == "masked":
        return rng.permuted(three, axis=1)
    starts = rng.integers(18, size=poems)
    return np.array([np.roll(row, k) for row, k in zip(three, starts)])


objectives = ["causal", "masked", "span"]
asked = [questions(name, np.random.default_rng(0))[0] for name in objectives]
plots.heatmap(asked, rows=objectives, values=True,
              columns="床前明月光疑是地上霜举头望明月低头思故乡",
              title="One poem asks 20 questions, or 3 (1: asked)")

# %% [markdown]
# Twenty against three: nearly seven times the signal from the same poem. But a
# masked question may look at both sides, so it comes with more to go on. Which
# counts for more?
#
# Measure. A small reader learns each way from the same number of quatrains,
# and ends with a vector for each character. Then a *probe* (探针) asks what it
# was never asked: the *tone class* (平仄), level or oblique. It stands nowhere
# in the text; but in two quatrains of three the tones alternate by rule, so
# they show in the company that a character keeps. The probe is a linear
# classifier on the vectors alone, tested on characters that it did not learn
# from.

# %%
quatrains = ["".join(poem.lines[i:i + 4]) for poem in datasets.tang_five()
             for i in range(0, len(poem.lines), 4)]
common = [c for c, _ in Counter("".join(quatrains)).most_common(398)]
number = {c: i + 2 for i, c in enumerate(common)}      # 0: rare, 1: hidden
text = torch.tensor([[number.get(c, 0) for c in q] for q in quatrains])
tone = datasets.pingze()
sure = [c for c in common if tone.get(c) in ("level", "oblique")]
level = [tone[c] == "level" for c in sure]
print(f"{len(sure)} have one tone class, {np.mean(level):.0%} of them level")


def probe(E):                                          # (400, 24)
    vectors = E.detach().numpy()[[number[c] for c in sure]]
    return cross_val_score(RidgeClassifier(alpha=0.01), vectors, level).mean()

# %% [markdown]
# The reader sees two characters before the one in question and, unless it is
# causal, two after. It lays their vectors end to end, multiplies by a matrix
# and adds a vector for the place in the poem. Multiplied with the vectors of
# all 400 symbols, that gives 400 scores. (`Adam` takes the steps; lesson 06
# explains it.)
#
# > **Predict.** Each objective reads the same 2,560 quatrains. Whose vectors
# > tell the tone best at the end?

# %%
def reader(poems, ask, causal, E, W, place, b):
    given = poems if causal else poems.masked_fill(ask, 1)
    near = F.pad(given, (2, 2), value=1).unfold(1, 5, 1)    # (poems, 20, 5)
    near = near[..., :2] if causal else near
    around = F.embedding(near, E).flatten(2) @ W + place    # (poems, 20, 24)
    return around[ask] @ E.T + b                            # (asked, 400)

# %%
def train(objective):
    torch.manual_seed(0)
    rng, causal, scores = np.random.default_rng(0), objective == "causal", []
    E, W = torch.randn(400, 24), torch.randn(48 if causal else 120, 24)
    weights = [t.double().requires_grad_() for t in
               (E / 10, W / 5, torch.zeros(20, 24), torch.zeros(400))]
    optimizer = torch.optim.Adam(weights, lr=0.02)
    for step in range(161):
        if step % 20 == 0:
            scores.append(probe(weights[0]))
        poems = text[rng.integers(len(text), size=16)]      # (16, 20)
        ask = torch.from_numpy(questions(objective, rng))
        logits = reader(poems, ask, causal, *weights)
        optimizer.zero_grad()
        F.cross_entropy(logits, poems[ask]).backward()
        optimizer.step()
    return scores

# %%
accuracy = {objective: train(objective) for objective in objectives}
plots.lines(accuracy, 16 * np.arange(0, 161, 20), xlabel="quatrains read",
            ylabel="tone class guessed right", marks=True,
            title="From the same poems, 20 questions teach sooner than 3")
print({name: f"{scores[-1]:.0%}" for name, scores in accuracy.items()})

# %% [markdown]
# Nobody told the reader how a character sounds; predicting was enough to find
# out. From the same poems the causal objective finds out sooner: the signal
# counts. Question for question causal is behind: by the end the masked one has
# answered $3 \cdot 2560 = 7680$ and is well above one half; the causal one had
# answered as many after 384 quatrains, and stood near one half. (Or its 24
# steps were too few against 160.) Masked and span lie too close for one run
# to rank.

# %% [markdown]
# ## What the documents say
#
# > **From the documents.** Loss = f(ModelOutput, TrueLabel), the gap (差距)
# > between the model's prediction (模型预测) and the true label (真实标签). **Right**
# > as a formula, **imprecise** as a gap: cross-entropy is a surprise, and a
# > label may be wrong, which puts a floor under the loss. For a language model
# > nobody writes labels: the next character is the label. (The document's list
# > begins with a misprint: 损失函括, for 损失函数包括, "loss functions include".)
#
# > **From the documents.** 并非所有训练目标都平等, "not all training objectives are
# > equal". **Right.** ELECTRA (Clark et al. 2020) learns more from the same
# > compute than BERT; its authors credit a task "defined over all input tokens
# > rather than just the small subset that was masked out". But causal does not
# > always win: in BERT's own comparison (Devlin et al. 2019, appendix C.1) the
# > masked model converges slightly slower than the left-to-right one, and is
# > more accurate almost at once. And 15 % is a habit: for large models 40 %
# > did better (Wettig et al. 2023).

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A model's loss is 3.0 nats a character. How many
# characters is it hesitating between, and what is the loss in bits?</summary>
#
# $e^{3.0} \approx 20$ characters; $3.0 / \ln 2 \approx 4.3$ bits.
# </details>
#
# <details><summary>2. Two wages in a village are 1, one is 4. A model may say
# one number. Which loss makes it say 1, which 2?</summary>
#
# Absolute error asks for the median, 1; squared error for the mean, 2.
# </details>
#
# <details><summary>3. A fresh classifier of ten digits starts with a loss of
# 11. Is that bad luck?</summary>
#
# No. Not knowing costs $\ln 10 = 2.3$; at 11 it is confident and wrong. Look
# for scores that are far too large, or labels of other images.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *Confident and wrong*, a second. Ask which loss starts faster; point at the
#   left end. A common misunderstanding: that squared error is "not allowed"
#   for probabilities. It is a fair loss with a slow start.
# - *The floor*, a second. Let everybody draw both curves first. Point at where
#   one crosses the floor and the other turns up.
# </details>
#
# ## What this left out
#
# Losses that compare answers (lesson 15 ranks poems), and a penalty on
# weights.
#
# ## Where it goes next
#
# You have the slope at the scores, $p - y$. What is it at each weight of a
# deep network? [Lesson 05](05_backprop.ipynb) sends it back through the
# layers. First: [the exercises](../exercises/04_loss.ipynb).
#
# ## Read on
#
# - C. E. Shannon, *Prediction and Entropy of Printed English*, 1951, Bell
#   System Technical Journal 30: the floor of English.
# - G. W. Brier, *Verification of Forecasts Expressed in Terms of Probability*,
#   1950, Monthly Weather Review 78.
# - C. Szegedy and others, *Rethinking the Inception Architecture for Computer
#   Vision*, 2016, arXiv 1512.00567, section 7: label smoothing.
# - C. Zhang and others, *Understanding Deep Learning Requires Rethinking
#   Generalization*, 2017, arXiv 1611.03530: random labels learned by heart.
# - J. Devlin and others, *BERT*, 2019, arXiv 1810.04805; C. Raffel and others
#   (T5), 2020, arXiv 1910.10683; K. Clark and others, *ELECTRA*, 2020, arXiv
#   2003.10555; A. Wettig and others, *Should You Mask 15% in Masked Language
#   Modeling?*, 2023, arXiv 2202.08005.
