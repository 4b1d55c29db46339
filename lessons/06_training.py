# %% [markdown]
# # How do steps add up to learning?
#
# One step made one loss smaller. A thousand steps may learn something, learn it
# by heart, or fly apart.
#
# **You will** find the rate at which steps explode, build Adam with a pencil,
# and train a net that is worse the more it has learned.
#
# **You need** lessons [03](03_forward_pass.ipynb), [04](04_loss.ipynb) and
# [05](05_backprop.ipynb).
#
# **Time** 32 minutes to read, 20 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show


def slope(w):                          # of the bowl w0**2 + 3 * w1**2
    return np.array([2.0, 6.0]) * w


def descend(rate, steps=12):
    path = [np.array([2.0, 1.0])]
    for _ in range(steps):
        path.append(path[-1] - rate * slope(path[-1]))
    return np.array(path)              # (steps + 1, 2)

# %%
plots.lines({f"rate {r}": descend(r)[:, 1] for r in (0.08, 0.3, 0.36)},
            xlabel="step", ylabel="$w_1$",
            title="One rate glides, one swings, one flies off")

# %% [markdown]
# ## How long may a step be?
#
# This is the bowl of exercise 05, $L = w_0^2 + 3 w_1^2$, from $(2, 1)$. One of
# the documents (five Chinese overviews of large models that this course tests)
# prints the *update rule* of *gradient descent* (梯度下降):
# `NewParameter=OldParameter−α×Gradient`. With the *learning rate* (学习率)
# $\alpha = 0.1$ the first *step* leads to $(2 - 0.1 \cdot 4,\ 1 - 0.1 \cdot 6)$.
#
# How fast the slope itself changes is the *curvature* (曲率): 2 along $w_0$, 6
# along $w_1$. So the slope is curvature times weight, and each step multiplies:
#
# $$w_{\text{new}} = w - \alpha \cdot \text{curvature} \cdot w
# = (1 - \alpha \cdot \text{curvature})\, w$$
#
# > **Predict.** At which rate does $w_1$ swing for ever between 1 and -1: 1/6,
# > 1/3, 1/2?

# %%
for rate in (1/6, 0.3, 1/3, 0.34):
    end = descend(rate, steps=50)[-1]
    print(f"rate {rate:.3f}: w1 times {1 - rate * 6:5.2f} a step, "
          f"after 50 steps {end[1]:9.5f}")

# %% [markdown]
# At 1/3: the factor is -1 exactly where the rate is $2 / \text{curvature}$.
# Below, steps *converge* (收敛); above, they *diverge* (发散).
#
# The steepest direction sets the limit, and the flat ones pay: with curvatures 1
# and 1,000 the rate must stay below 0.002, and the flat direction crawls.
#
# ## Steps that remember
#
# *Momentum* (动量) keeps rolling: it steps along $v \leftarrow 0.9\, v + g$, the
# sum of all gradients $g$, old ones fading.

# %%
w, v = np.array([2.0, 1.0]), 0
for step in (1, 2):
    v = 0.9 * v + slope(w)
    w = w - 0.1 * v
    print(step, w.round(4))

# %% [markdown]
# The second step is longer than the first, and $w_1$ rolls past the bottom.
#
# *Adam* (Kingma and Ba 2015) keeps two means for each weight, $m$ of the
# gradients, $s$ of their squares, and steps along $m / \sqrt s$. Both means
# start at 0 and are too small at first. After $t$ steps the gradients' shares in
# $m$ sum to $1 - 0.9^t$; divided by that, the mean is right (*bias correction*).
#
# > **Predict.** At $(2, 1)$ the slopes are 4 and 6. Adam's first step has rate
# > 0.1. How far does each weight move: 0.4 and 0.6, 0.1 and 0.1, 0.04 and 0.06?

# %%
w, m, s = np.array([2.0, 1.0]), 0, 0
for t in (1, 2):
    g = slope(w)
    m = 0.9 * m + 0.1 * g                        # mean of gradients
    s = 0.999 * s + 0.001 * g**2                 # mean of their squares
    turn = m / (1 - 0.9**t) / np.sqrt(s / (1 - 0.999**t))
    w = w - 0.1 * turn
    print(t, w.round(4))

# %% [markdown]
# 0.1 and 0.1. In step one $m / \sqrt s$ is $4 / \sqrt{16}$ and $6 / \sqrt{36}$:
# each weight moves by the rate, steep or flat. By pencil, step two of $w_1$: the
# slope is 5.4, $m = 0.9 \cdot 0.6 + 0.54 = 1.08$, corrected $1.08 / 0.19 = 5.68$;
# $s$ corrected has the root 5.71; so it moves by 0.0996.
#
# *AdamW* also pulls each weight towards 0 by `rate * decay * w`: *weight decay*
# (权重衰减), kept out of the means. (torch adds $10^{-8}$ to the root, lest it
# be 0.)

# %%
import torch

theirs = torch.tensor([2.0, 1.0], dtype=torch.float64, requires_grad=True)
adam = torch.optim.Adam([theirs], lr=0.1, eps=0)
for _ in range(2):
    adam.zero_grad()
    (theirs[0]**2 + 3 * theirs[1]**2).backward()
    adam.step()
show.agree(w, theirs, 1e-12, ("by hand", "torch"))

# %% [markdown]
# In this bowl plain descent needs no help; where curvatures lie far apart, it
# does.
#
# ## Seven steps, and a surprise
#
# The same document lists seven general steps of training: collect, prepare, 打标记
# (cut into *tokens*, here letters), configure, train, evaluate, deploy. Here
# they are, for a net that reads six letters of a play and says the seventh.

# %%
import re

from lmlab.page import datasets

text = datasets.shakespeare7()                        # 1 collect
letters = re.sub("[^a-z]+", " ", text.lower())        # 2 prepare
alphabet = " abcdefghijklmnopqrstuvwxyz"
ids = torch.tensor([alphabet.index(c) for c in letters])      # 3 tokens
print(f"{len(ids):,} letters: {letters[16:33]!r} is", ids[16:33].tolist())

# %% [markdown]
# Three parts that share no line: one to learn from, from *Coriolanus*; one *held
# out* (保留数据集) to choose with, from *The Taming of the Shrew*; and a *test*, from
# *Hamlet*, not to be looked at before the end. A letter becomes 27 numbers, one
# of them 1.

# %%
from torch.nn import functional as F


def examples(start, end):
    windows = ids[start:end].unfold(0, 7, 1)          # all sevens in a row
    inputs = F.one_hot(windows[:, :6], 27).double().flatten(1)
    return inputs, windows[:, 6]                      # (n, 162), (n,)


small, large = examples(0, 4_000), examples(0, 100_000)
held_out, test = examples(500_000, 510_000), examples(700_000, 710_000)

# %% [markdown]
# To configure is to choose *hyperparameters* (超参数), which no gradient finds:
# the width, the rate, how many examples a step averages (the *batch*), how
# many steps. One pass over all examples is an *epoch* (轮次): here 62 batches of
# 64. Ignore `Dropout` until the next section.

# %%
from torch import nn


def new_net(drop=0.0):                                # 4 configure
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6 * 27, 128), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(128, 128), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(128, 27)).double()                  # 64 bits: same anywhere

# %%
def loss_of(net, part):
    return F.cross_entropy(net(part[0]), part[1])


def at_rest(net, part):                               # dropout off
    with torch.no_grad():
        return loss_of(net.eval(), part).item()

# %%
from lmlab.learning import batches


def learn(net, part, decay=0.0, steps=1500):          # 5 train
    optimiser = torch.optim.AdamW(net.parameters(), 0.003, weight_decay=decay)
    deal, seen = batches.rows(part, 64), []           # shuffled like cards
    for step in range(steps):
        loss = loss_of(net.train(), deal(step))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if (step + 1) % 50 == 0:
            seen.append([at_rest(net, small), at_rest(net, held_out)])
    return np.array(seen)                             # every 50 steps

# %% [markdown]
# > **Predict.** After 1,500 steps (24 epochs) the loss on the 4,000 letters is
# > 0.3 nats, a perplexity of 1.3. Knowing nothing costs $\ln 27 = 3.3$. And the
# > loss on the held-out letters: near 0.3, near 2, above 3.3?

# %%
plain = learn(new_net(), small)
print(f"learned from {plain[-1, 0]:.1f}, held out {plain[-1, 1]:.1f}, "
      f"at best {plain[:, 1].min():.1f}")             # 6 evaluate

# %%
steps = np.arange(50, 1501, 50)
plots.lines({"learned from": plain[:, 0], "held out": plain[:, 1],
             "knows nothing": np.full(30, np.log(27))}, steps, xlabel="step",
            ylabel="loss (nats)",
            title="Ever better on its own text, soon ever worse on another")

# %% [markdown]
# Far above 3.3: it is sure, and wrong. For some 200 steps it learned
# English, then this scene by heart. That is *overfitting* (lesson 00), and the
# training loss, which kept falling, cannot show it.
#
# **What is learned must hold on text that was never seen:** *generalisation*
# (泛化).
#
# ## What makes it hold?
#
# - *Early stopping* (早停): keep the weights of the best held-out loss.
# - *Weight decay*: large weights make sharp answers; pull them to 0.
# - *Dropout*: while training, each hidden number is set to 0 with probability
#   one half and the rest doubled, so that none may lean on one other.
# - More text: 25 times as much, in as many steps.
#
# > **Predict.** Order the four by held-out loss.

# %%
runs = {"nothing": plain[:, 1],
        "decay": learn(new_net(), small, decay=1.0)[:, 1],
        "dropout": learn(new_net(drop=0.5), small)[:, 1],
        "more text": learn(new_net(), large)[:, 1]}
plots.lines(runs, steps, xlabel="step", ylabel="held-out loss (nats)",
            title="Each cure keeps the held-out loss down")

# %% [markdown]
# More text wins by far. But are the others different, or is it luck? A run draws
# its first weights and the order of its batches, so draw again: three seeds,
# measured beforehand, and for *stop early* the best of the plain run.

# %%
table = datasets.measured("06_training")


def seeds(run, column="held_out"):
    return [row[column] for row in table if row["run"] == run]


cures = {"stop early": seeds("plain", "best"), "decay": seeds("decay"),
         "dropout": seeds("dropout"), "dropout,\nstop early":
         seeds("dropout", "best"), "more text": seeds("more text")}
losses = np.array([*cures.values()])                  # (5, seeds)
plots.bars(list(cures), losses.mean(axis=1),
           errors=np.ptp(losses, axis=1) / 2, ylabel="held-out loss (nats)",
           title="More text wins by more than luck is worth (thin lines)")

# %% [markdown]
# From the best seed to the worst, luck is worth up to 0.06 nats here. Weight
# decay beats early stopping by no more than that, but on each seed.
# Dropout goes too far in 1,500 steps; stopped early as well, it is level with
# decay: these seeds cannot tell the two apart.
#
# ## Which settings?
#
# Now the 100,000 letters, judged by the held-out loss alone. The gradient of a
# batch is a sample of the whole one: four times the batch costs four times as
# much, and is off by half as much. So *stochastic gradient descent*
# (随机梯度下降, SGD) takes many rough steps in place of a few exact
# ones. Every cell below has read some 48,000 examples, in 3,000 batches or in 46.
#
# > **Predict.** Is the best learning rate higher for small batches or for large
# > ones? And does the smallest batch, with the most steps, always win?

# %%
rates, sizes = [0.0003, 0.001, 0.003, 0.01, 0.03], [16, 64, 256, 1024]
grid = np.reshape(seeds("grid"), (5, 4, 3))           # (rate, batch, seed)
plots.heatmap(grid.mean(2), rows=[*map(str, rates)], xlabel="batch",
              columns=[*map(str, sizes)], ylabel="learning rate", values=True,
              label="held-out loss", title="Choose rate and batch together")

# %% [markdown]
# For large ones: batches of 16 do best at 0.003 to 0.01, of 256 at 0.03, as a
# surer direction bears a longer step. The smallest batch wins at low rates only,
# and 46 steps are too few at any rate. (A large batch has its own merit: its
# examples run side by side.)
#
# ### Three guards
#
# Random weights need care, so the rate *warms up* (预热). Near the end the
# gradient of a batch is mostly noise, so the rate falls along half a *cosine*
# (余弦退火). And should one gradient be huge, *clipping* (梯度裁剪) shortens it, all
# slopes together: $[3, 4]$ is 5 long; clipped to 1 it is $[0.6, 0.8]$.

# %%
from lmlab.learning import training

plots.lines([training.warmup_cosine(step, 750, 37) for step in range(750)],
            xlabel="step", ylabel="share of the learning rate",
            title="Up in a straight line, down along half a cosine")
print("with both", grid[3, 1], "constant", seeds("constant rate"))

# %% [markdown]
# On all three seeds warm-up and cosine gain 0.08 or more (rate 0.01, batches of
# 64): no luck. The package's `train` is your loop with all three guards, a
# decay of 0.1, and 0.95 in place of 0.999.
#
# ### Muon
#
# Adam evens out weights. But a *matrix* of weights has directions that mix them,
# and in a gradient a few may drown the rest. *Muon* (Jordan et al. 2024) makes all
# directions of a step about equally strong: of $\begin{bmatrix}3 & 0\\0 &
# 0.1\end{bmatrix}$ it makes $\begin{bmatrix}0.7 & 0\\0 & 1.1\end{bmatrix}$. The
# poets of this course (models of poems, lesson 12) learn with it. What does it
# buy? A small poet after 100 steps on the same poems, three seeds each:

# %%
adam, muon = np.reshape(seeds("poet"), (2, 3, 3))     # each (rate, seed)
plots.lines({"AdamW": adam.mean(1), "Muon": muon.mean(1)}, rates[2:],
            bands={"AdamW": (adam.min(1), adam.max(1))}, logx=True,
            marks=True, xlabel="learning rate", ylabel="held-out loss (nats)",
            title="With Muon the same poems teach more at higher rates")

# %% [markdown]
# At its best rate, 0.01, Muon gains some 0.2 nats on AdamW's luckiest seed (the
# shade reaches from the best seed to the worst). With Muon the seeds hardly
# differ. The poet that you train in lesson 12 reads at this rate, after five
# steps of warm-up.
#
# ## The seventh step
#
# The settings are chosen; train once more, look at the test for the first and
# only time, save, load, and answer.

# %%
net = new_net()
history = training.train(
    net, batches.rows(large, 64), steps=1500, learning_rate=0.01, warmup=75,
    loss=loss_of, evaluate=lambda net: at_rest(net, held_out))
print(f"held out {history.held_out[1500]:.1f}, test {at_rest(net, test):.1f}")

# %%
from tempfile import TemporaryDirectory

from lmlab.learning import checkpoints

with TemporaryDirectory() as folder:                  # 7 deploy
    checkpoints.save(f"{folder}/letters.safetensors", net)
    served = new_net()
    checkpoints.load(f"{folder}/letters.safetensors", served)
show.agree(at_rest(served, test), at_rest(net, test), 1e-12,
           ("served", "trained"))

# %%
for request in ("to be or not t", "come hither my frien",
                "where is thy fathe"):
    six = torch.tensor([alphabet.index(c) for c in request[-6:]])
    scores = served.eval()(F.one_hot(six, 27).double().flatten())
    print(f"{request}_ {alphabet[scores.argmax()]}")

# %% [markdown]
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | NewParameter=OldParameter−α×Gradient | right | steps of plain descent; momentum, Adam and Muon put another direction in place of the gradient |
# | 打标记 ... 标记化是将文本分解为单个标记的过程 (heading: "to label"; text: "tokenising splits text into tokens") | right, under a wrong heading | nobody labels anything: the next letter is the label; and tokens need not be words, as lesson 07 shows |
# | 在保留数据集上评估其性能 ("evaluate on held-out data") | right, and the heart of it | what has chosen the settings is used up: keep a third part for the test |
# | 配置训练过程以指定超参数 ("configure: specify the hyperparameters") | right, but not only once | they are found by training and evaluating, again and again |
# | 基础模型需要在非常大的数据集(例如文本或代码)上进行训练 ("needs a very large data set") | right | 25 times the text beat every other cure above |

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A loss has curvature 50 in its steepest direction. Above
# which learning rate does gradient descent diverge?</summary>
#
# $2 / 50 = 0.04$.
# </details>
#
# <details><summary>2. The training loss falls, the held-out loss has risen for
# 1,000 steps. What do you keep, and what would help more?</summary>
#
# The weights from where the held-out loss was lowest; more data.
# </details>
#
# <details><summary>3. Someone tried 200 settings and reports the best held-out
# loss. Why will the test probably be worse?</summary>
#
# The best of 200 is partly luck on that held-out text, and luck does not carry
# over.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Seven steps, and a surprise*: let all write down the held-out loss before the
# cell runs (4 seconds), then point at where the curves part. *How long may a
# step be?*: ask for the factor at rate 1/6 (0: $w_1$ is at the bottom in one
# step). A common misunderstanding: that overfitting means too many steps; with
# more text the same steps do next to no harm.
# </details>
#
# **What this left out**: second-order methods; how rates carry over from small
# models to large ones; many machines at once (lesson 13).
#
# **Where it goes next**: [the exercises](../exercises/06_training.ipynb), then
# [lesson 07](07_tokens.ipynb): why letters, and what else could a model read?
#
# **Read on**
# - D. Kingma and J. Ba, *Adam*, 2015, arXiv 1412.6980
# - I. Loshchilov and F. Hutter, *Decoupled Weight Decay Regularization*
#   (AdamW), 2019, arXiv 1711.05101; *SGDR* (cosine), 2017, arXiv 1608.03983
# - P. Goyal et al., 2017, arXiv 1706.02677: warm-up, large batches
# - R. Pascanu et al., 2013, arXiv 1211.5063: clipping
# - N. Srivastava et al., *Dropout*, 2014, JMLR 15
# - K. Jordan et al., *Muon*, 2024, kellerjordan.github.io/posts/muon
