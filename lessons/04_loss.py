# %% [markdown]
# # How wrong is the answer?
#
# A network answers, and one number says how wrong it was. The whole training
# that follows chases that number down, so whoever chooses how it is computed
# chooses what the model learns. On this page you choose.
#
# **You will** score answers with a pencil, see what each loss asks a model
# for, and measure how much a model is told by one poem.
#
# **You need** Python, a little NumPy, and what the slope of a curve is.
# [Lesson 03](03_forward_pass.ipynb) shows where the answers come from.
#
# **Time** 30 minutes to read, 12 seconds to run

# %%
from collections import Counter

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import cross_val_score
from torch.nn import functional as F

from lmlab import datasets, plots, show

# %% [markdown]
# ## Four letters, one number
#
# Four letters from home took 1, 2, 2 and 7 days to arrive; a model had said 2,
# 2, 3 and 4. What it said is the *output*, what happened is the *true label*
# (真实标签), and a *loss function* (损失函数) turns both into one number:
#
# $$\text{Loss} = f(\text{ModelOutput}, \text{TrueLabel})$$
#
# Two choices of $f$ that need no more than a pencil, over $n$ answers
# $\hat y_i$ to labels $y_i$: the *mean squared error* (均方误差), and the
# *mean absolute error* (平均绝对误差).
#
# $$\text{MSE} = \tfrac1n \textstyle\sum_i (\hat y_i - y_i)^2 \qquad
# \text{MAE} = \tfrac1n \textstyle\sum_i |\hat y_i - y_i|$$
#
# > **Predict.** What are the two losses? And how much of each is the fault of
# > the last letter alone?

# %%
label = np.array([1.0, 2.0, 2.0, 7.0])
output = np.array([2.0, 2.0, 3.0, 4.0])
gap = output - label
for name, each in (("squared ", gap**2), ("absolute", abs(gap))):
    print(f"{name} {each}  mean {each.mean():.2f}, "
          f"last letter {each[-1] / each.sum():.0%}")

# %% [markdown]
# The same four answers are 2.75 wrong, or 1.25 wrong. Squares look at the late
# letter and at little else: three days off count as much as nine letters that
# are one day off.
#
# ## Every loss asks for something
#
# Take a model that knows nothing about a letter and must say the same number
# $c$ for all of them.
#
# > **Predict.** Which $c$ has the smallest squared error? And the smallest
# > absolute error? They are not the same.

# %%
c = np.linspace(0, 8, 161)
gaps = c[:, None] - label                              # (guesses, letters)
both = plots.axes(["The bowl rests on the mean", "The valley on the median"],
                  xlabel="the one answer c (days)", n=2, width=10)
for ax, name, each in zip(both, ("squared", "absolute"), (gaps**2, abs(gaps))):
    loss = each.mean(axis=1)                           # (guesses,)
    ax.plot(c, loss)
    ax.plot(c[loss.argmin()], loss.min(), "o", markersize=10)
    ax.set_ylabel(f"mean {name} error")
    print(f"{name:8} error is smallest at c = {c[loss.argmin()]:.0f}")

# %% [markdown]
# Squared error is a smooth bowl. Its slope is $\tfrac{2}{n}\sum_i (c - y_i)$,
# and that is zero where $c$ is the *mean*, here 3. Absolute error has slope
# $+\tfrac1n$ for each letter below $c$ and $-\tfrac1n$ for each above, however
# far away: it rests where as many lie below as above, at the *median*, here 2.
#
# > **Predict.** The late letter takes 27 days instead of 7. Which of the two
# > best answers moves, and to where?

# %%
later = np.array([1.0, 2.0, 2.0, 27.0])
print(f"mean   {label.mean():.0f} -> {later.mean():.0f}")
print(f"median {np.median(label):.0f} -> {np.median(later):.0f}")

# %% [markdown]
# So a loss is a wish. One asks for the average and listens to every outlier,
# the other asks for the middle and ignores them. Neither is wrong. A course
# about language needs a third kind, because its answers are not quantities:
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
# $e^{1002}$ is larger than any number a computer keeps in 64 bits (the limit
# is near $e^{709}$): it becomes infinity, and infinity divided by infinity is
# *not a number*. Yet the answer should not have changed, since $e^{1000}$
# stands above and below the line and cancels. Only differences between scores
# count. So take the largest away first: no exponent is above zero, nothing
# overflows.
#
# One more repair. The loss will need $\ln p$, and a very small $p$ rounds to
# zero first. The logarithm of the fraction needs no fraction:

# %%
def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


far = np.array([0.0, -1000.0])
with np.errstate(divide="ignore"):
    print("log of softmax", np.log(naive_softmax(far)))
print("log-softmax   ", log_softmax(far))
for scores in (z, z + 1000, far):
    show.agree(log_softmax(scores), torch.tensor(scores).log_softmax(0), 1e-12)

# %% [markdown]
# If only differences count, what if all of them shrink? Dividing the scores by
# a *temperature* (温度) $T$ before softmax does that; every model that writes
# has this knob.
#
# > **Predict.** Which end gives always the same answer, a temperature near 0
# > or a very high one? Does the order of the three ever change?

# %%
plots.bars(["月 moon", "日 sun", "年 year"],
           {f"T = {T:g}": np.exp(log_softmax(z / T)) for T in (0.25, 1, 4)},
           ylabel="probability",
           title="Cold is decided, hot is undecided, the order stays")

# %% [markdown]
# At $T = 0.25$ the moon has 98 %; at 4 the three are nearly alike. No
# knowledge is added or lost: the same scores are trusted more or less.
#
# ## Surprise
#
# The model has spoken in probabilities; now the poem goes on. If what came had
# the probability $p$, the *surprise* is $-\ln p$, in *nats*; or $-\log_2 p$,
# in *bits*: one bit is one flip of a coin. For the last four characters of
# 床前明月光 ("before my bed, bright moonlight") suppose a model had given 1/2,
# 1/4, 1/8 and 1/8 to the one that came.
#
# > **Predict.** How many bits of surprise is each character, and how many are
# > they on average?

# %%
p = np.array([1/2, 1/4, 1/8, 1/8])
bits, nats = -np.log2(p), -np.log(p)
show.tokens("前明月光", weights=bits / 3, labels=[f"{b:.0f} bit" for b in bits])
print(f"mean {bits.mean():.2f} bits = {nats.mean():.2f} nats a character")
print(f"perplexity {2 ** bits.mean():.2f} = {np.exp(nats.mean()):.2f}")

# %% [markdown]
# The average surprise is the *cross-entropy* (交叉熵) of the model on this
# text, and the loss of every language model in this course. Written with a
# label $y_k$ that is 1 for the character that came and 0 for all others:
#
# $$H(y, p) = -\sum_k y_k \ln p_k = -\ln p_{\text{came}}$$
#
# Bits and nats differ by the factor $\ln 2$. *Perplexity* (困惑度) is $e$ to
# the loss in nats, or 2 to the loss in bits: this model is as unsure as if it
# chose between 4.76 equally likely characters. Check that with the model that
# knows nothing and gives all $V$ symbols the same probability $1/V$:

# %%
tang = len(set("".join(line for poem in datasets.tang300()
                       for line in poem.lines)))
for what, V in (("a coin", 2), ("ten digits", 10), ("Tang characters", tang)):
    loss = F.cross_entropy(torch.zeros(1, V), torch.tensor([0])).item()
    print(f"{what:16} loss {loss:.2f} = ln {V}, perplexity {np.exp(loss):.0f}")

# %% [markdown]
# A uniform guess costs $\ln V$. It is the first thing to check when a training
# starts: a new language model whose loss is far above $\ln V$ is not ignorant,
# it is wrong with confidence, and something is broken.
#
# ### Not too sure, please
#
# Cross-entropy is never satisfied: $-\ln p$ falls until $p = 1$, and softmax
# needs infinite scores for that. *Label smoothing* (标签平滑) asks for less.
# It takes a share $\varepsilon$ of the label and spreads it over all $V$
# symbols; the label of a digit becomes 0.91 for the right one and 0.01 for
# each of the others ($\varepsilon = 0.1$, $V = 10$). Below, the right score
# leads the nine others, which are equal, by a margin.

# %%
rows, first = [], torch.tensor([0])
for margin in (0, 2, 4, np.log(0.91 / 0.01), 8, 16):
    scores = torch.tensor([[margin] + [0.0] * 9])
    hard = F.cross_entropy(scores, first)
    smooth = F.cross_entropy(scores, first, label_smoothing=0.1)
    row = (margin, torch.exp(-hard), hard, smooth)
    rows.append([f"{value:.3f}" for value in row])
show.table(rows, ["margin", "p of the right one", "loss", "smoothed"])

# %% [markdown]
# The plain loss goes on falling to the last row. The smoothed one turns at the
# margin $\ln(0.91 / 0.01) = 4.51$, where the model says 0.91, and from there
# charges more and more for confidence. Its lowest value is not zero. Keep that
# in mind: labels that are not certain have a floor.
#
# ## Confident and wrong
#
# Why not squared error on the probability? It is a fair loss too. Take one
# score $z$ with $p = 1 / (1 + e^{-z})$ (the *sigmoid*: softmax of two scores
# whose difference is $z$), and the true label 1. The two slopes are
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
paths = {}
for name, slope in slopes.items():
    z1, path = -6.0, []
    for step in range(250):
        path.append(sigmoid(z1))
        z1 -= slope(path[-1])
    paths[name] = path
    print(f"{name}: right after {np.argmax(np.array(path) > 0.5)} steps")

# %%
grid = np.linspace(-8, 8, 161)
left, right = plots.axes(["At the worst, squares do not pull",
                          "So 200 steps go by before they learn"],
                         n=2, width=10)
for slope in slopes.values():
    left.plot(grid, -slope(sigmoid(grid)))
left.set(xlabel="score z", ylabel="pull towards the truth")
plots.lines(paths, title="", xlabel="step", ylabel="p of the truth", ax=right)

# %% [markdown]
# Cross-entropy pulls hardest where the answer is worst: the pull is the
# mistake, $1 - p$. Squared error multiplies the mistake by the slope
# $p\,(1 - p)$ of the sigmoid, and on the far left that slope is nearly zero:
# as wrong as can be, and almost no reason to move. It gets there in the end,
# but a network with many such answers spends its training waiting.
#
# With more than two classes the gradient of cross-entropy is as short. Let $y$
# be the label with its single 1:
#
# $$\frac{\partial\, \text{Loss}}{\partial z_k} = p_k - y_k$$
#
# > **Predict.** The scores are 2, 1, 0 and the probabilities 0.665, 0.245 and
# > 0.090, as above. The poet wrote the *third*, 年. What are the three slopes,
# > and what is their sum?
#
# The formula has to agree with the definition of a slope (nudge each score a
# little to both sides, and see what the loss does), and with torch, which
# finds slopes by itself; lesson 05 shows how.

# %%
def cross_entropy(z, k):
    return -log_softmax(z)[k]


z, k, h = np.array([2.0, 1.0, 0.0]), 2, 1e-5
by_formula = np.exp(log_softmax(z)) - np.eye(3)[k]
by_nudging = [(cross_entropy(z + up, k) - cross_entropy(z - up, k)) / (2 * h)
              for up in h * np.eye(3)]
t = torch.tensor(z, requires_grad=True)
F.cross_entropy(t, torch.tensor(k)).backward()
print("softmax - label =", by_formula.round(3))
show.agree(by_formula, t.grad, 1e-12, names=("formula", "torch"))
show.agree(by_formula, by_nudging, 1e-8, names=("formula", "nudging"))

# %% [markdown]
# The slopes add up to zero: what the right score gains, the others lose, each
# in proportion to the probability it had claimed. torch's `cross_entropy`
# takes the raw scores, never the probabilities, for the two reasons you have
# seen: log-softmax does not overflow, and the gradient is this short.
#
# > **Careful.** Softmax before `F.cross_entropy` runs without complaint, and
# > is applied twice. It is one of the commonest bugs in training code.
#
# ## Which model is better?
#
# Three models forecast rain for the same ten days. The next cell holds the
# probability that each gave to what then happened: *timid* says 0.6 and is
# always on the right side; *steady* says 0.9 and is twice on the wrong side,
# at 0.2; *bold* says 0.999 and is wrong once, at 0.001.
#
# > **Predict.** Order the three by mistakes, by squared error, by
# > cross-entropy. Does one of them win every time?

# %%
models = {"timid": np.full(10, 0.6),
          "steady": np.array([0.9] * 8 + [0.2] * 2),
          "bold": np.array([0.999] * 9 + [0.001])}
losses = {"mistakes": lambda p: (p < 0.5).mean(),
          "squared error": lambda p: ((1 - p) ** 2).mean(),
          "cross-entropy": lambda p: -np.log(p).mean()}
panels = plots.axes(["Mistakes: timid wins", "Squared error: bold",
                     "Cross-entropy: steady"], n=3, width=10, height=3.6)
for ax, (name, loss) in zip(panels, losses.items()):
    values = [loss(p) for p in models.values()]
    plots.bars(list(models), values, title="", ylabel=f"{name} a day",
               highlight=int(np.argmin(values)), ax=ax)
    print(f"{name:14}", dict(zip(models, np.round(values, 3).tolist())))

# %% [markdown]
# Three losses, three winners. Counting mistakes sees only the side of 0.5; its
# slope is zero nearly everywhere, so a training that follows slopes has
# nothing to follow. Squared error (for forecasts: the *Brier score*) charges
# at most 1 for a day, and forgives bold its one disaster. Cross-entropy has no
# such limit: that day costs bold $-\ln 0.001 = 6.9$ nats, more than steady
# pays in all ten.
#
# "Which model is better" has no answer before you say what a mistake costs.
# Say it before the training, not after.
#
# ## The floor
#
# Labels are made by people, and people slip. Below, the images of 0 and 1
# among the digits, and a teacher who writes down the wrong one in 1 case of 4.
# Suppose a model that knows everything: it sees the true digit, and knows the
# teacher's habit. With labels like these it can do no better than say 0.75 for
# the true one (the bottom of a bowl, as with the smoothed label), and pays
#
# $$H = -0.75 \ln 0.75 - 0.25 \ln 0.25 = 0.56 \text{ nats,}$$
#
# the *entropy* (熵) of the noise. A network with one neuron now learns from
# 260 of the images. We watch its loss on the labels it learns from, and on the
# labels that this teacher would give to 100 new images (averaged over all
# slips that could have happened).
#
# > **Predict.** Draw both curves against the floor of 0.56. Does either go
# > below?

# %%
X, digit = load_digits(n_class=2, return_X_y=True)
X, rng = X / 16, np.random.default_rng(0)
order = rng.permutation(len(X))
old, new = order[:260], order[260:]
slip = np.zeros(260)
slip[rng.permutation(260)[:65]] = 1                    # exactly 1 in 4
noisy = abs(digit[old] - slip)
expected = 0.75 * digit[new] + 0.25 * (1 - digit[new])


def loss_of(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()

# %%
w, b, on_old, on_new, right = np.zeros(64), 0.0, [], [], []
for step in range(400):
    p, p_new = sigmoid(X[old] @ w + b), sigmoid(X[new] @ w + b)
    on_old.append(loss_of(p, noisy))
    on_new.append(loss_of(p_new, expected))
    right.append(((p_new > 0.5) == digit[new]).mean())
    w -= 0.5 * X[old].T @ (p - noisy) / 260            # softmax - label again
    b -= 0.5 * (p - noisy).mean()

# %%
floor = loss_of(np.array([0.75]), np.array([0.75]))
plots.loss_curve({"labels it learns from": on_old, "new labels": on_new},
                 floor=floor, title="Below the floor (dashed) is only memory")
best = int(np.argmin(on_new))
print(f"floor {floor:.3f}, best on new labels {on_new[best]:.3f}")
print(f"there: {right[best]:.0%} of new images right, the teacher has 75%")
print(f"end: old {on_old[-1]:.3f}, new {on_new[-1]:.3f}")

# %% [markdown]
# The loss on new labels sinks towards 0.56, comes close, and turns. The loss
# on the old labels goes straight through the floor, and that is bad news: what
# is below 0.56 cannot be skill. The model is learning this teacher's slips by
# heart, and everybody else pays.
#
# Two things to take away. A loss that stops far above zero need not mean a bad
# model: at its best, this one is right more often than its teacher. And
# language has a floor too, since nobody knows for certain how a sentence goes
# on. Shannon (1951) let people guess English letters, and put the floor
# between 0.6 and 1.3 bits a letter.
#
# ## One poem, how many questions?
#
# > **From the documents.** 并非所有训练目标都平等 ("not all training
# > objectives are equal"), one overview writes.
#
# Unequal in what? A text becomes an exercise by hiding some of it and asking
# for it; each hidden character is one question, and its surprise goes into the
# loss. Three ways to hide are in use. *Causal* (GPT) asks for every character
# and shows only what stands before. *Masked* (BERT) hides 15 % at random,
# shows both sides, and asks for what is hidden. *Span corruption* (T5) hides
# 15 % as well, but in runs of three on average.
#
# > **Predict.** A quatrain has 20 characters. How many questions does each
# > ask?

# %%
def hidden(objective, rng, poems=16, length=20, share=3):
    if objective == "causal":
        return np.ones((poems, length), dtype=bool)
    if objective == "masked":
        return rng.random((poems, length)).argsort(axis=1) < share
    start = rng.integers(0, length - share + 1, (poems, 1))
    place = np.arange(length) - start
    return (0 <= place) & (place < share)

# %%
poem = "床前明月光疑是地上霜举头望明月低头思故乡"
objectives = ["causal", "masked", "span"]
asked = np.array([hidden(objective, np.random.default_rng(0))[0]
                  for objective in objectives])        # (objectives, 20)
plots.heatmap(asked, rows=objectives, columns=poem, values=True,
              title="One poem asks 20 questions, or 3 (1: asked)")
print("questions:", dict(zip(objectives, asked.sum(axis=1).tolist())))

# %% [markdown]
# Twenty against three: nearly seven times the signal from the same poem. What
# the count does not say: which questions are *good*. A masked model may look
# at both sides, so each of its questions comes with more to go on, and teaches
# it to use both. A causal question has to be answered from the left alone,
# which is what writing takes.
#
# So measure. A very small reader gives each character a vector and sees up to
# four characters to the left (masked and span: and four to the right). It
# learns each way from the same number of quatrains. Then comes a question that
# it was never asked: the *tone class* (平仄) of a character, level or oblique.
# It stands nowhere in the text. But tones alternate in most Tang verse, so
# they show in the company that a character keeps. The *probe* (探针) that asks
# is a linear classifier on the vectors alone: it learns from four fifths of
# the characters and is tested on the last fifth, five times over.

# %%
quatrains = ["".join(poem.lines[i:i + 4]) for poem in datasets.tang_five()
             for i in range(0, len(poem.lines), 4)]
common = [c for c, _ in Counter("".join(quatrains)).most_common(398)]
number = {c: i + 2 for i, c in enumerate(common)}      # 0: rare, 1: hidden
text = torch.tensor([[number.get(c, 0) for c in q] for q in quatrains])
tone = datasets.pingze()
sure = [c for c in common if tone.get(c) in ("level", "oblique")]
level = np.array([tone[c] == "level" for c in sure])
print(f"{len(quatrains):,} quatrains; {(text == 0).double().mean():.0%} of "
      f"the characters are rare; {len(sure)} others have one tone class")
print(f"always guessing oblique is right for {1 - level.mean():.0%} of them")


def probe(E):                                          # (characters, 24)
    rows = E.detach().numpy()[[number[c] for c in sure]]
    return cross_val_score(RidgeClassifier(), rows / rows.std(), level).mean()

# %% [markdown]
# The reader adds up nine vectors: those of the four characters before, of the
# place itself (hidden, where it is asked for), and of the four after, each
# turned by a matrix of its own. Causal reading multiplies the last five by
# zero. The sum, with one more vector for the place in the poem, is compared
# with the vectors of all characters, and softmax and cross-entropy do the
# rest.
#
# > **Predict.** Each objective reads the same 6,400 quatrains. Whose vectors
# > tell the tone best at the end, and who is there first? (The second cell
# > below is the one on this page that takes seconds.)

# %%
def train(objective, steps=400, d=24):
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    E, W = torch.randn(400, d) / 10, torch.randn(d, d, 9) / d**0.5
    b, place = torch.zeros(400), torch.zeros(20, d)
    E, W, b, place = weights = [t.double().requires_grad_()
                                for t in (E, W, b, place)]
    seen = torch.tensor([1.0] * 4 + [float(objective != "causal")] * 5)
    optimizer, scores = torch.optim.Adam(weights, lr=0.02), []
    for step in range(steps + 1):
        if step % 40 == 0:
            scores.append(probe(E))
        poems = text[rng.integers(len(text), size=16)]       # (16, 20)
        ask = torch.from_numpy(hidden(objective, rng))
        given = poems if objective == "causal" else poems.masked_fill(ask, 1)
        around = F.conv1d(E[given].mT, W * seen, padding=4).mT
        logits = torch.tanh(around + place)[ask] @ E.T + b
        optimizer.zero_grad()
        F.cross_entropy(logits, poems[ask]).backward()
        optimizer.step()
    return scores

# %%
torch.set_num_threads(1)               # work this small is slower on two
accuracy = {objective: train(objective) for objective in objectives}
poems_read = 16 * np.arange(0, 401, 40)
plots.lines(accuracy, poems_read, xlabel="quatrains read", marks=True,
            ylabel="tone class guessed right",
            title="From the same poems, 20 questions teach sooner than 3")
for objective, each in zip(objectives, asked.sum(axis=1)):
    for i in (2, 10):
        print(f"{objective}: {poems_read[i]:,} quatrains, "
              f"{poems_read[i] * each:,} questions, "
              f"{accuracy[objective][i]:.0%} of tones right")

# %% [markdown]
# Nobody told the reader how a character sounds; predicting its neighbours was
# enough to find out. And from the same poems the causal objective finds it out
# several times sooner: the signal counts.
#
# Now read the printed lines by questions. After 19,200 of them the masked
# reader is further than the causal one after 25,600. Question for question,
# two sides teach more here (or the 400 steps do, against 80: this run cannot
# tell these apart). Between masked and span it shows no difference that
# another seed would not turn round. Lesson 12 (pre-training) takes up
# objectives on real models.
#
# ## What the documents say
#
# > **From the documents.** 损失函括 ... A misprint, for 损失函数包括: "loss
# > functions include".
#
# > **From the documents.** Loss = f(ModelOutput, TrueLabel). **Right**, for
# > one answer. A training takes the mean over many; and for a language model
# > nobody writes a label: the next character of the text is the label.
#
# > **From the documents.** Loss as the gap (差距) between the model's
# > prediction (模型预测) and the true label (真实标签). **Imprecise** twice:
# > cross-entropy is not a distance but a surprise, and a label may be wrong,
# > which puts a floor under the loss that no model should pass.
#
# > **From the documents.** 并非所有训练目标都平等, "not all training
# > objectives are equal". **Right**, and you have seen in which sense. ELECTRA
# > (Clark et al., 2020) learns more from the same compute than BERT, and its
# > authors credit the objective, which is "defined over all input tokens
# > rather than just the small subset that was masked out". It does not follow
# > that causal always wins: in BERT's own comparison (Devlin et al., 2019,
# > appendix C.1) the masked model converges slightly slower than the
# > left-to-right one, and is the more accurate of the two almost at once. And
# > 15 % is a habit: for large models 40 % did better (Wettig et al., 2023).
#
# ## Check yourself
#
# <details><summary>1. A model's loss is 3.0 nats a character. How many
# characters is it hesitating between, and what is the loss in bits?</summary>
#
# The perplexity is $e^{3.0} \approx 20$ characters; $3.0 / \ln 2 \approx 4.3$
# bits.
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
# No. Not knowing costs $\ln 10 = 2.3$. At 11 it gives the truth, on average, a
# probability near $e^{-11}$: it is confident and wrong. Look for scores that
# are far too large, or for labels that do not belong to their images.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *The bowl and the valley*, under a second. Ask before: the late letter
#   takes 27 days, what moves? Point at the mean being dragged along.
# - *Confident and wrong*, a second. Ask: which loss would you take, before
#   anyone has seen the picture? Point at the left end, where the orange curve
#   lies on zero. A common misunderstanding: that squared error is "not
#   allowed" for probabilities. It is a fair loss with a slow start.
# - *The floor*, a second. Let everybody draw both curves first. Most will draw
#   both going to zero, or both resting on the floor.
# </details>
#
# ## What this left out
#
# Losses that compare answers with each other (lesson 15 ranks poems), losses
# with a penalty on the weights, costs that differ by class, and how well the
# probabilities of a trained model can be taken at their word (*calibration*;
# the exercises make a start).
#
# ## Where it goes next
#
# You have one number, and its slope at the scores: $p - y$. What is the slope
# at each weight? [Lesson 05](05_backprop.ipynb) sends it back through the
# network. First: [the exercises of this lesson](../exercises/04_loss.ipynb).
#
# ## Read on
#
# - C. E. Shannon, *A Mathematical Theory of Communication*, 1948, Bell System
#   Technical Journal 27: entropy; and *Prediction and Entropy of Printed
#   English*, 1951, the same journal, 30.
# - G. W. Brier, *Verification of Forecasts Expressed in Terms of Probability*,
#   1950, Monthly Weather Review 78: squared error on probabilities.
# - C. Szegedy and others, *Rethinking the Inception Architecture for Computer
#   Vision*, 2016, arXiv 1512.00567, section 7: label smoothing.
# - C. Zhang and others, *Understanding Deep Learning Requires Rethinking
#   Generalization*, 2017, arXiv 1611.03530: networks that learn random labels
#   by heart.
# - J. Devlin and others, *BERT*, 2019, arXiv 1810.04805; C. Raffel and others
#   (T5), 2020, arXiv 1910.10683; K. Clark and others, *ELECTRA*, 2020, arXiv
#   2003.10555; A. Wettig and others, *Should You Mask 15% in Masked Language
#   Modeling?*, 2023, arXiv 2202.08005.
