# %% [markdown]
# # What came before Transformers, and where did it stop?
#
# First they counted. Then words got vectors, then a memory; each step mended
# what had stopped the one before.
#
# **You will** mix tables, build Bengio's network and an LSTM by hand, and find
# the bottleneck that attention removed.
#
# **You need** lessons 03 to 07.
#
# **Time** 34 minutes to read, 40 seconds to run

# %%
from collections import Counter, defaultdict

import numpy as np

from lmlab.page import datasets, plots, show

poems = ["/" + "/".join(p.lines) + "/" for p in datasets.tang_five()]
times = Counter("".join(poems))
rare = {ord(c): "□" for c in times if times[c] < 50}      # all in one box
texts = ["////" + poem.translate(rare) for poem in poems]  # 5 / lead in
V = len(set("".join(texts)))
kept, held_out = [t for i, t in enumerate(texts) if i % 20], texts[::20]
print(f"{len(kept):,} poems to read, {len(held_out)} held out; V = {V:,}")

# %% [markdown]
# ## A table, mixed
#
# An *n-gram* (lesson 00) is a table: for each run of characters, a bag of what
# came next. Here / ends a line, □ is any character seen under 50 times, and $V$
# counts the kinds of character.
#
# > **Predict.** Point at three characters in a row in a held-out poem, / counted.
# > How often does the table have no bag for them: 1 %, 20 %, 60 %?

# %%
tables = [defaultdict(Counter) for memory in range(4)]
for text in kept:
    for i in range(5, len(text)):
        for memory, table in enumerate(tables):
            table[text[i - memory:i]][text[i]] += 1

# %%
asked = [(t[i - 5:i], t[i]) for t in held_out for i in range(5, len(t))]
share = [np.mean([run[5 - m:] not in tables[m] for run, _ in asked])
         for m in (1, 2, 3)]
plots.bars(["run of 1", "run of 2", "run of 3"], 100 * np.array(share),
           ylabel="never seen (%)", title="Longer runs, emptier tables")

# %% [markdown]
# Of one hardly ever, of two a sixth, of three six in ten. More poems help
# slowly: each character more makes $V$ = 1,279 times as many runs possible.
#
# The *statistical* language models (统计语言模型) mixed memories. Tax each bag, and
# share the tax out as the memory that is one shorter would guess: an *interpolated*
# n-gram.
#
# > **Predict.** A bag holds 月月日朝. The tax is 0.9 of a sighting from each *kind*.
# > The shorter memory gives 月 (moon) 0.1, 星 (star) 0.01. With a pencil: what
# > does the mixture give them?

# %%
def mixed(bag, c, shorter, tax=0.9):
    left, taken = max(bag[c] - tax, 0), tax * len(bag)    # len: kinds
    return (left + taken * shorter) / bag.total()


bag = Counter("月月日朝")
print(f"月 {mixed(bag, '月', 0.1):.3f}, 星 {mixed(bag, '星', 0.01):.3f}")

# %% [markdown]
# 月: (2 - 0.9 + 2.7 · 0.1) / 4 = 0.343, where the bag alone said 0.5. 星: 0.007,
# where it said never. Now with all poems. The shortest memory, one bag for
# everything, is mixed with $1/V$ for each character.

# %%
from functools import cache


@cache
def p_table(c, run):
    shorter = p_table(c, run[1:]) if run else 1 / V
    bag = tables[len(run)].get(run)
    return mixed(bag, c, shorter) if bag else shorter


guesses = {f"table {m}": np.array([p_table(c, r[5 - m:]) for r, c in asked])
           for m in range(4)}

# %% [markdown]
# How good are they? First, a rival. Here the table stops: what it knows of 月
# never helps 星.
#
# ## Vectors that share
#
# So let characters share (Bengio et al. 2000, 2003). Each has a row of learned
# numbers in a table $C$ (lesson 07), its *embedding vector* (词向量). Look up the
# run, lay its vectors end to end as $x$, add one hidden layer and softmax:
#
# $$p = \text{softmax}(U \tanh(H x + d) + b)$$
#
# *tanh* bends like a sigmoid, but from -1 to 1; its slope is $1 - \tanh^2$.
#
# A toy, without $d$ and $b$: two characters of memory, two numbers each, and three
# possible answers, 低 (lower), 高 (high), 归 (return).
#
# > **Predict.** In $C$, 星 (star) lies near 月 (moon), 山 (mountain) far from it.
# > After 望月 ("gazing at the moon") 低 gets 0.75. How much after 望星? After 望山?

# %%
from scipy.special import softmax

C = {"望": [0, 1], "月": [1, 0], "星": [0.9, 0.1], "山": [-1, 0]}
H = np.array([[0, 0, 2, 0], [0, 1, 0, 0]])
U = np.array([[2, 0], [-2, 0], [0, 1]])                   # 低, 高, 归
for run in ("望月", "望星", "望山"):
    x = np.concatenate([C[c] for c in run])               # (4,)
    print(run, softmax(U @ np.tanh(H @ x)).round(2))

# %% [markdown]
# 0.74 after 望星, even if no star ever stood there in training; 0.02 after 望山. What
# is learned of one is learned of its neighbours. Now in torch, with a memory of
# five, 32 numbers each and 64 hidden neurons:

# %%
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Embedding(V, 32), nn.Flatten(),    # C, end to end
                    nn.Linear(5 * 32, 64), nn.Tanh(),     # H, d
                    nn.Linear(64, V))                     # U, b
net[0].weight.data *= 0.1                                 # start small
index = {c: i for i, c in enumerate(sorted(set("".join(texts))))}

# %%
from torch.nn import functional as F

from lmlab.learning.batches import rows
from lmlab.learning.training import train


def windows(texts):                                       # (positions, 6)
    return torch.cat([torch.tensor([index[c] for c in text]).unfold(0, 6, 1)
                      for text in texts])


history = train(
    net, rows(windows(kept), batch=512), steps=1400, learning_rate=0.02,
    warmup=20, weight_decay=0,
    loss=lambda net, w: F.cross_entropy(net(w[:, :5]), w[:, 5]))

# %%
C, H, d, U, b = [p.detach().numpy() for p in net.parameters()]
new = windows(held_out)
x = C[new[:9, :5]].reshape(9, -1)                         # (9, 160)
show.agree(np.tanh(x @ H.T + d) @ U.T + b, net(new[:9, :5]), 1e-3)

with torch.no_grad():
    p = [net(w[:, :5]).softmax(1).gather(1, w[:, 5:])     # of what came
         for w in new.split(5000)]
guesses["net"] = torch.cat(p)[:, 0].numpy()

# %% [markdown]
# > **Predict.** On the held-out poems: the best table, the net, and a mixture, one
# > part table and three parts net. Which is best, which worst?

# %%
guesses["mixed"] = guesses["table 2"] / 4 + 3 * guesses["net"] / 4
perplexity = [np.exp(-np.log(p).mean()) for p in guesses.values()]
plots.bars(list(guesses), perplexity, ylabel="held-out perplexity",
           title="The net beats each table; mixed, they beat the net")

# %% [markdown]
# In lesson 00 a longer memory made it worse; mixed, two characters are best, and
# a third adds nothing: as unsure as in a fair choice among 154. The net hesitates
# among 100, and both together among 95: a table keeps rare runs, a net what many
# characters share. Much of the net's
# lead is one rule that no memory of two can hold: after five characters the line
# ends. Asked for characters only, and told where lines end, the table has 277, the
# net 250 (measured).
#
# Now look into $C$: 25 characters, in the two directions in which their rows
# differ most (principal components).

# %%
groups = ["二三四五六七八九十百千万", "不未无莫岂", "山峰岭江河溪湖海"]
chosen = np.array([C[index[c]] for c in "".join(groups)])
centred = chosen - chosen.mean(axis=0)
places = centred @ np.linalg.svd(centred)[2][:2].T        # (25, 2)
colours = np.repeat(plots.COLORS[:3], [len(group) for group in groups])

# %%
ax = plots.axes("Nobody told the net what a number is", "axis 1", "axis 2")
places *= np.sign(places[0])                              # 二 at top right
for c, (x, y), colour in zip("".join(groups), places, colours):
    ax.plot(x, y, ".", color=colour)
    ax.text(x, y, " " + c, color=colour, size=15)

# %% [markdown]
# Numbers from two to ten thousand (right); five ways to say no (below); mountains
# and waters (above). From nothing but what comes next.
#
# One needs no net for vectors. *Latent semantic analysis* (Deerwester et al. 1990)
# counts what stands together and keeps the directions that say most; *word2vec*
# (Mikolov et al. 2013) trains vectors to score high for real neighbours, low for
# random ones. You build both in the exercises.
#
# ## A memory that carries
#
# Bengio's net sees five characters and no more. A *recurrent network* (循环神经网络,
# RNN; Elman 1990) reads one after the other with the same weights, and carries a
# *state* $h$ along: $h_t = \tanh(W h_{t-1} + U x_t)$. It can read a poem of any
# length. Can it learn from what stood far back?
#
# Lesson 05 sends blame backwards; each step multiplies it by $1 - h^2$ (tanh)
# and by $W$. For a single number, and $h$ near 0, that is about $W$.
#
# > **Predict.** $W = 0.9$. How much blame is left fifty steps back: a half, a
# > twentieth, 1/200? And with $W = 1.1$?

# %%
turn = nn.init.orthogonal_(torch.empty(24, 24))           # turns, keeps length
inputs = torch.randn(50, 24) / 200                        # U x, h near 0


def blame(scale):
    states = [torch.zeros(24, requires_grad=True)]
    for x in inputs:
        states.append(torch.tanh(scale * turn @ states[-1] + x))
        states[-1].retain_grad()
    states[-1][0].backward()
    return [h.grad.norm().item() for h in reversed(states)]

# %%
plots.lines({f"W x {scale}": blame(scale) for scale in (0.9, 1, 1.1)},
            xlabel="steps back", ylabel="length of the blame", logy=True,
            title="Fifty steps back, blame has faded or grown")

# %% [markdown]
# $0.9^{50} = 0.005$: it *vanishes*. $1.1^{50} = 117$: it *explodes* (Bengio et al.
# 1994); in the picture to some 20 (13 to 41 by seed), after a fall: near the end
# $h$ has grown, and $1 - h^2$ is small. Clipping (lesson 06) tames what explodes;
# what has vanished teaches nothing.
#
# An *LSTM* (长短时记忆网络; Hochreiter and Schmidhuber 1997; with a forget gate, Gers et
# al. 2000) carries a second state $c$ that meets no matrix. *Gates*, numbers from
# 0 to 1, say what is kept ($f$), written ($i$) of the news ($g$) and shown ($o$):
#
# $$c_t = f \cdot c_{t-1} + i \cdot g \qquad h_t = o \cdot \tanh(c_t)$$
#
# All four read $x_t$ and $h_{t-1}$, each with weights of its own (stacked below).

# %%
from scipy.special import expit as sigmoid


def lstm_step(x, h, c, W, U, b):
    i, f, g, o = np.split(U @ x + W @ h + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c

# %%
cell = nn.LSTMCell(8, 24).double()
U, W, b1, b2 = [p.detach().numpy() for p in cell.parameters()]  # b twice
x, h, c = [torch.randn(n).double() for n in (8, 24, 24)]
ours = lstm_step(x.numpy(), h.numpy(), c.numpy(), W, U, b1 + b2)
show.agree(ours, torch.stack(cell(x, (h, c))), 1e-12)

# %% [markdown]
# Blame goes back through $c$ multiplied by $f$ alone, and before training
# $f$ is about the sigmoid of its bias.
#
# > **Predict.** An LSTM is to remember the first of 51 symbols. Is a bias of 0
# > enough, or of 1, or of 3?

# %%
for bias in (0, 1, 3):
    f = sigmoid(bias)
    print(f"bias {bias}: f = {f:.2f}, fifty times {f**50:.0e}")

# %% [markdown]
# Only with 3 is anything left to learn from. Nets learned to
# say the first symbol, one of four, after 5 to 50 symbols of noise (measured once,
# the means of six seeds):

# %%
measured = datasets.measured("08_before_transformers")
values = [row["value"] for row in measured if row["what"] == "recall"]
right = np.reshape(values, (3, 4, 6)).mean(axis=2)        # nets, gaps, seeds
plots.lines(dict(zip(("RNN", "LSTM, bias 1", "LSTM, bias 3"), right)),
            [5, 10, 20, 50], marks=True, xlabel="symbols of noise",
            ylabel="right (%)", title="After fifty, only bias 3 remembers")

# %% [markdown]
# After fifty, the plain net and the LSTM with a bias of 1 guess (a quarter is
# chance); with 3, each of the six remembers. (After twenty, half of the plain nets
# know all, half guess.)
#
# ## The bottleneck
#
# However long the text, one vector of fixed size is all that is left of it. The
# translators of 2014 (Sutskever et al.; Cho et al. for phrases) wrote the other
# language from it. Make it hard: read `n` symbols out of eight, say all of them
# from the last state.

# %%
def one_vector(n):
    read, out = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, 8 * n)
    return [read, out], lambda x: out(read(x)[0][:, -1]).unflatten(1, (n, 8))

# %% [markdown]
# The way out (Bahdanau et al. 2014): keep *all* states, and look back. For each
# answer score every state, make weights of the scores by softmax, and answer from
# the weighted average:

# %%
def look_back(n):
    read, out = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, 8)
    score = nn.Linear(32, n, bias=False)                  # one per answer

    def guess(x):
        states = read(x)[0]                               # (batch, n, 32)
        weights = score(states).softmax(dim=1).mT         # each row sums to 1
        return out(weights @ states)
    return [read, score, out], guess

# %% [markdown]
# > **Predict.** Trained alike, 300 steps, on 4, 8, 12 and 16 symbols; chance is
# > 12.5 %. How many of 16 does each say back rightly?

# %%
def say_back(build, n):
    torch.manual_seed(0)
    parts, guess = build(n)
    train(nn.ModuleList(parts).double(),
          lambda step: torch.randint(8, (64, n)), steps=300,
          learning_rate=0.03, weight_decay=0,
          loss=lambda _, x: F.cross_entropy(
              guess(F.one_hot(x, 8).double()).flatten(0, 1), x.flatten()))
    x = torch.randint(8, (1000, n))
    right = guess(F.one_hot(x, 8).double()).argmax(2) == x
    return 100 * right.double().mean().item()

# %%
lengths = [4, 8, 12, 16]
plots.lines({name: [say_back(build, n) for n in lengths] for name, build in
             {"one vector": one_vector, "look back": look_back}.items()},
            lengths, marks=True, xlabel="symbols to say back",
            ylabel="right (%)", title="One vector fills up; many do not")

# %% [markdown]
# Half, and all. One vector keeps four symbols and four fifths of eight (measured:
# a third of 32; with ten times the steps all of eight, but 77 % of 16, 48 % of
# 32). Looking back has nothing to squeeze. It only has to tell the states apart: of
# 32, three seeds found 78 to 92 % in 300 steps.
#
# That weighted average is *attention*. Lesson 09 takes the recurrent net away; of
# what is left lesson 10 makes a *Transformer*.

# %% [markdown]
# ## What the documents say
#
# *The documents* are five Chinese overviews of large models that this course
# tests. The numbers here were measured with three seeds on poems that table and
# net had *read*; all three agree.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 根据给定的上下文环境猜测一个句子或段落接下来可能出现的内容 ("guess from the context what may come next") | **right** | so does each model of this page. After 举头望明 ("I raise my head and gaze at the bright") the net says 月 (moon) first; the table, which never saw 望明, that the line ends |
# | 语言模式,包括语法、词汇、习语,和各种真实事件 ("patterns: grammar, words, idioms, and facts") | **right**, not alike | mean $p$ of what came: at a line's end, a rule, net 1.00, table (memory 3) 0.59; the last of four characters that stand there five times or more 0.19 and 0.86, once 0.03 and 0.18. A table keeps what it saw once, a net what comes back |
# | 语言建模的研究可以追溯到20 世纪 90 年代 ("goes back to the 1990s") | **wrong** | before Shannon (1948, lesson 00) Markov counted letters, in 1913; after him IBM recognised speech by such statistics (Jelinek 1976) |
# | Bengio ... 首次将深度学习的思想融入到语言模型中 ("in 2003 first brought deep learning into language models") | **imprecise** | one hidden layer, shown in 2000; the paper names older neural ones (Miikkulainen and Dyer 1991) |
# | Word2Vec诞生,首次提出将单词转换为向量 ("in 2013 first turned words into vectors") | **wrong** | LSA 1990, your $C$ 2000 |
# | 循环神经网络(RNN). 长短时记忆网络(LSTM). (both under "deep learning") | **right** | the second is one of the first, with gates |
#
# ## Check yourself
#
# <details><summary>1. A bag holds one sighting each of ten kinds. What does a tax
# of 0.9 leave it?</summary>
#
# A tenth of a sighting each: the shorter memory shares out nine tenths.
# </details>
#
# <details><summary>2. Bengio's net gets a memory of ten in place of five. What
# grows?</summary>
#
# $H$ doubles: it has columns for each place. $C$ and $U$ stay.
# </details>
#
# <details><summary>3. An LSTM has $f = 0.99$. After how many steps is half of the
# blame left?</summary>
#
# $0.99^n = 0.5$ at $n = 69$.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the map (ask first: what was the net told?), then the three powers before
# the picture of who remembers. *Point at* bias 1: chosen before training, fatal
# after fifty steps. *A common misunderstanding*: that an LSTM forgets for lack of
# room. Over 50 steps it never hears what to keep; at the bottleneck it lacks room.
# </details>

# %% [markdown]
# **What this left out**: Kneser-Ney, a better share for the shorter memory; the
# GRU, an LSTM with fewer gates; word2vec on pieces of words (fastText).
#
# **Where it goes next**: [the exercises](../exercises/08_before_transformers.ipynb),
# then [lesson 09](09_attention.ipynb).
#
# **Read on** (numbers are those of arXiv)
# - C. E. Shannon, *A Mathematical Theory of Communication*, 1948
# - F. Jelinek, *Continuous Speech Recognition by Statistical Methods*, 1976
# - H. Ney, U. Essen and R. Kneser, *On Structuring Probabilistic Dependences in
#   Stochastic Language Modelling*, 1994: the tax
# - Y. Bengio et al., *A Neural Probabilistic Language Model*, 2003, JMLR 3
# - S. Deerwester et al., *Indexing by Latent Semantic Analysis*, 1990
# - T. Mikolov et al., *Distributed Representations of Words and Phrases and Their
#   Compositionality*, 2013, 1310.4546
# - J. L. Elman, *Finding Structure in Time*, 1990
# - Y. Bengio, P. Simard and P. Frasconi, *Learning Long-Term Dependencies with
#   Gradient Descent Is Difficult*, 1994
# - S. Hochreiter and J. Schmidhuber, *Long Short-Term Memory*, 1997
# - F. Gers, J. Schmidhuber and F. Cummins, *Learning to Forget*, 2000
# - I. Sutskever et al., 2014, 1409.3215; K. Cho et al., 2014, 1406.1078
# - D. Bahdanau et al., *Neural Machine Translation by Jointly Learning to Align
#   and Translate*, 2014, 1409.0473
