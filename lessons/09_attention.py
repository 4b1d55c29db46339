# %% [markdown]
# # How does one word look at the others?
#
# You compute attention (注意力机制) with a pencil, find out what it can and
# cannot see, train one head to look things up, and measure its bill.
#
# **You will** compute queries, keys and values by hand; test what a mask and
# a position change; train a head and see it find what it is asked for.
#
# **You need** lessons 03 to 05: matrices, softmax, training by gradients.
#
# **Time** 35 minutes to read, 25 seconds to run

# %%
import time
import tracemalloc

import numpy as np
import torch
import torch.nn.functional as F

from lmlab import plots, show
from lmlab.attention import (
    MultiHeadAttention,
    alibi_bias,
    causal_mask,
    sinusoidal_positions,
)

torch.set_default_dtype(torch.float64)  # all numbers here hold to many digits

# %% [markdown]
# ## From an average to a weighted average
#
# 明 means *bright*. In 床前明月光 ("before my bed, bright moonlight") it
# describes the moon. In 明朝望乡处 ("where I look homewards tomorrow") 明朝
# is *tomorrow*, the coming morning. Both lines are from *Three Hundred Tang
# Poems*.
#
# A table of vectors has one row per character, so 明 starts out the same in
# both. Give each character three numbers you can hold in your head: how much
# it has to do with *light*, with *time*, with *place*. We chose them; a
# trained model finds its own, and they have no names.
#
# To let the neighbours have a say, average the line. What is wrong with that?

# %%
meaning = {  # light, time, place
    "床": [0, 0, 2], "前": [0, 1, 1], "明": [1, 1, 0], "月": [2, 1, 0],
    "光": [2, 0, 0], "朝": [1, 2, 0], "望": [0, 0, 1], "乡": [0, 0, 2],
    "处": [0, 0, 2],
}
lines = ["床前明月光", "明朝望乡处"]
for line in lines:
    x = np.array([meaning[c] for c in line])      # (5 tokens, 3)
    print(line, "average:", x.mean(axis=0))

# %% [markdown]
# Every token of the line gets the same average, and to 明 the bed counts as
# much as the moon. So weigh: each token *scores* all tokens, itself among
# them, softmax turns the scores into weights that sum to 1, and the weights
# make the average. The first score to try is likeness, the dot product $x_i
# \cdot x_j$.
#
# > **Predict.** 明 is [1, 1, 0]. Multiply it with the five characters of the
# > first line. Which gets the largest score, and which in the second line?

# %%
def softmax(scores):
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return scores / scores.sum(axis=-1, keepdims=True)


bright = {}
for line in lines:
    x = np.array([meaning[c] for c in line])
    scores = x @ x[line.index("明")]                  # (5,)
    weights = softmax(scores)
    bright[line] = weights @ x                        # (3,)
    print(line, "scores", scores, "weights", weights.round(2))
    print("    明 becomes", bright[line].round(2))

# %% [markdown]
# Scores 0, 1, 2, 3, 2: the moon takes half of the weight, and 明 leans
# towards light. In the other line the morning takes two thirds, and the same
# 明 leans towards time. One row in the table, two vectors after one look
# around. This is *context awareness* (上下文感知): a table alone is
# *static*, what comes out of attention is *contextual*. Here we put the
# meaning in by hand; that a model learns such numbers is the work of training.

# %%
ax = plots.axes("One character, two lines, two vectors", "light", "time")
ax.set(xlim=(-0.2, 2.9), ylim=(-0.2, 2.4))
for char in "明月光朝":
    ax.plot(*meaning[char][:2], "o", color=plots.MUTED, markersize=9)
    ax.annotate(char, meaning[char][:2], (9, 5), textcoords="offset points")
for line, color, up in zip(lines, plots.COLORS, (-18, 8)):
    ax.annotate("", bright[line][:2], meaning["明"][:2],
                arrowprops=dict(arrowstyle="-|>", color=color, lw=3))
    ax.annotate(f"明 in {line}", bright[line][:2], (4, up), color=color,
                textcoords="offset points")

# %% [markdown]
# ## Query, key, value
#
# Likeness is a poor question. A bed does not look for other beds; it may look
# for what lights it. So each token makes three vectors from its $x$, each with
# a matrix of its own:
#
# - the *query* $q = W_Q\,x$: what I look for;
# - the *key* $k = W_K\,x$: what I can be found by;
# - the *value* $v = W_V\,x$: what I hand over to whoever finds me.
#
# $$\text{output} = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$
#
# (Vaswani et al. 2017, equation 1; $d$ is the length of a query, here 3). Our
# query swaps light and place: a place looks for light, a light for a place.
#
# > **Predict.** With a pencil: the query of 床, its five scores, and what it
# > becomes. The matrices are in the cell; $\sqrt 3$ is about 1.73.

# %%
W_query = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])  # swap light and place
W_key = np.diag([1, 0, 1])                             # found by light, place
W_value = np.diag([1, 1, 0])                           # hand over light, time

line = lines[0]
x = np.array([meaning[c] for c in line])
query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T   # (5, 3) each
show.table([[c, *rows] for c, *rows in zip(line, x, query, key, value)],
           ["", "x", "query", "key", "value"])

# %%
def attention(query, key, value, mask=None):
    scores = query @ key.T / np.sqrt(query.shape[-1])   # (queries, keys)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    weights = softmax(scores)
    return weights @ value, weights


output, weights = attention(query, key, value)
print("scores of 床:", (query @ key.T)[0], " 床 becomes", output[0].round(2))
by_torch = F.scaled_dot_product_attention(
    *(torch.tensor(m, dtype=float) for m in (query, key, value)))
show.agree(output, by_torch, 1e-12)
plots.heatmap(weights, rows=line, columns=line, values=True,
              xlabel="key: who is looked at", ylabel="query: who looks",
              title="The bed looks at moon and light, the light at the bed")

# %% [markdown]
# Read the map row by row: each row is one token's weights and sums to 1. 床
# gives 0.40 each to 月 and 光, and becomes 1.72 parts light: a bed in
# moonlight. It is not symmetric: 明 looks at 床 more than 床 looks at 明.
#
# ## Why the square root?
#
# A score is a sum of $d$ products. If queries and keys hold independent
# numbers of mean 0 and variance 1, each product has variance 1, and so the sum
# has variance $d$.
#
# > **Predict.** Sixteen keys, $d = 1024$, no square root. How much weight does
# > the largest of the sixteen take? And with it?

# %%
rng = np.random.default_rng(0)
widths = [1, 4, 16, 64, 256, 1024]
variance, largest = {}, {"no scale": [], "divided by √d": []}
for d in widths:
    q, k = rng.normal(size=(500, 1, d)), rng.normal(size=(500, 16, d))
    scores = (q * k).sum(axis=-1)                     # (500 queries, 16 keys)
    variance[d] = scores.var()
    for name, s in zip(largest, (scores, scores / np.sqrt(d))):
        largest[name].append(softmax(s).max(axis=-1).mean())
print("variance of the scores:", {d: f"{v:.0f}" for d, v in variance.items()})
plots.lines(largest, widths, logx=True, marks=True, xlabel="d",
            ylabel="largest of 16 weights (mean)",
            title="Without the scale, one token takes all")

# %% [markdown]
# The variance is $d$, near enough. Without the scale the largest weight climbs
# to nearly 1: the average is a choice of one, made by chance before anything
# was learned. And it can hardly be unmade: a weight $a$ answers to its score
# with slope $a(1 - a)$, which is 0 at both ends. Dividing by $\sqrt d$ brings
# the variance back to 1, whatever $d$ is.
#
# ## A mask: who may look at whom
#
# A model that predicts the next token must not see it. The *causal mask*
# (因果掩码) sets the score of every later token to $-\infty$, so that softmax
# gives it exactly 0.
#
# > **Predict.** We replace 光, the last character, by 朝. Which of the five
# > outputs change without a mask? Which with it?

# %%
mask = np.tril(np.ones((5, 5), bool))          # True: may look
other = x.copy()
other[4] = meaning["朝"]                        # change the future of 床前明月


def attend(x, mask):
    return attention(x @ W_query.T, x @ W_key.T, x @ W_value.T, mask)[0]


for name, m in (("no mask", None), ("causal", mask)):
    moved = np.abs(attend(other, m) - attend(x, m)).max(axis=1)
    print(f"{name:8}", dict(zip(line, (float(v) for v in moved.round(2)))))

# %% [markdown]
# With the mask only the changed token itself moves, the past not at all. This
# is the test to run on any language model that claims to be causal: change the
# future, compare the past. (The package's tests do so too.)
#
# Three families differ in this one matrix. BERT's tokens see everything:
# *bidirectional context* (双向上下文). GPT's see the past: *unidirectional* or
# causal context (单向上下文). T5 reads an input with an encoder that sees all
# of it, and writes with a decoder that sees the input and its own past; drawn
# in one matrix, with 床前明 as the input (Raffel et al. 2020, section 3.2):

# %%
families = {"BERT: both ways": np.ones((5, 5)), "GPT: the past": mask,
            "T5: input, then past": mask | (np.arange(5) < 3)}
axes = plots.axes(list(families), n=3, width=9, height=3.4)
for ax, m in zip(axes, families.values()):
    plots.heatmap(m, rows=line, columns=line, title="", values=True, ax=ax,
                  vmin=0, vmax=1)

# %% [markdown]
# A row says whom this token sees (1, dark). 月 in GPT sees four characters; 床
# sees itself alone. In the T5 picture the first three rows see the whole input
# and nothing that is written later. Lesson 10 builds all three.
#
# ## Several heads
#
# One head returns one average. A token that needs two things, say the light
# that falls on it *and* what resembles it, would get them mixed. So run
# several *heads* (头) side by side, each with its own $W_Q, W_K, W_V$, put
# their outputs end to end, and let a last matrix mix them. You have two heads
# already: the likeness of the first section, and the swap of the second.
#
# In code, one large matrix makes the queries of all heads, and each head takes
# its slice. The module of the package does that in torch; by hand, with its
# weights, two heads of width 4:

# %%
show.source(MultiHeadAttention.forward)
torch.manual_seed(0)
layer = MultiHeadAttention(d_model=8, n_heads=2, bias=False)
tokens = 3 * torch.randn(6, 8)

W_q, W_k, W_v, W_out = (W.detach().numpy() for W in layer.parameters())
q, k, v = (tokens.numpy() @ W.T for W in (W_q, W_k, W_v))   # (6, 8) each
heads = [attention(q[:, part], k[:, part], v[:, part])[0]   # (6, 4) each
         for part in (slice(0, 4), slice(4, 8))]
joined = np.concatenate(heads, axis=1)                      # (6, 8)
show.agree(joined @ W_out.T, layer(tokens), 1e-12)

# %% [markdown]
# ## Does it know the order?
#
# In *self-attention* (自注意力) the queries, keys and values all come from one
# sequence. Look again at the formula: does the place of a token occur in it?
#
# > **Predict.** Shuffle the six tokens and run the layer. What happens to the
# > six outputs?

# %%
order = torch.tensor([3, 0, 5, 1, 4, 2])
show.agree(layer(tokens[order]), layer(tokens)[order], 1e-12,
           names=("answers to shuffled tokens", "shuffled answers"))

# %% [markdown]
# Shuffled tokens give shuffled answers: without mask and positions, a sentence
# is a bag. *Position encoding* (位置编码) puts the order in. Three ways:
#
# - **sinusoidal**: add a vector of waves to each token, once, before the first
#   layer (Vaswani et al. 2017, section 3.5);
# - **RoPE**: in each attention, rotate the pairs of numbers of $q$ and $k$ by
#   an angle that grows with the position (Su et al. 2021);
# - **ALiBi**: add nothing to tokens; lower each score by a slope times the
#   distance (Press et al. 2022).
#
# Two tests: does a shuffle change more than the order? And does it change
# anything to move the whole text ten places on (behind ten hidden tokens)?

# %%
def look(kind, x, start=0):
    n = start + len(x)
    x = torch.cat([torch.zeros(start, 8), x])
    # nobody sees the hidden ones but they themselves
    mask = (torch.arange(n) >= start) | torch.eye(n, dtype=torch.bool)
    if kind == "causal mask alone":
        mask = mask & causal_mask(n)
    if kind == "sinusoidal":
        x = x + sinusoidal_positions(n, 8)
    layer.rope = kind == "RoPE"
    bias = alibi_bias(2, n) if kind == "ALiBi" else None
    return layer(x, mask=mask, bias=bias)[start:].detach()


rows = []
for kind in ("none", "causal mask alone", "sinusoidal", "RoPE", "ALiBi"):
    still = look(kind, tokens)
    shuffled = (look(kind, tokens[order]) - still[order]).abs().max()
    moved = (look(kind, tokens, start=10) - still).abs().max()
    rows.append([kind, f"{shuffled:.2f}", f"{moved:.2f}"])
show.table(rows, ["positions", "change by a shuffle", "by moving on"])

# %% [markdown]
# All but *none* notice the shuffle; even a causal mask alone does, because it
# tells the first token from the second by what they see. Only the sinusoidal
# sum notices the move: RoPE and ALiBi know distances, not places. (ALiBi is
# made for causal masks; here it runs without one, to be tested alone.)
#
# ## Train one head to look something up
#
# A list of eight pairs, such as 床 7, 前 2, 明 4 ..., then a question: 明? A head
# that answers 4 has compared a key with all others and fetched its value. Each
# of 400 keys and 10 values is a fixed random vector; a pair is their sum, the
# question is the key alone and stands last. Guessing is right one time in ten.
# Adam, which does the steps, adapts the learning rate of each weight (lesson
# 06).
#
# > **Predict.** Before training, how will the head spread its weight over the
# > list? And after, if the question is 明?

# %%
width, n_keys, n_values = 64, 400, 10
generator = torch.Generator().manual_seed(0)
key_table = torch.randn(n_keys, width, generator=generator) / 8
value_table = torch.randn(n_values, width, generator=generator) / 8


def lists(batch, n, generator, place=None):
    """Lists with a question, (batch, n + 1, width), and answers (batch,)."""
    keys = torch.rand(batch, n_keys, generator=generator).argsort()[:, :n]
    values = torch.randint(n_values, (batch, n), generator=generator)
    if place is None:
        place = torch.randint(n, (batch,), generator=generator)
    every = torch.arange(batch)
    question = key_table[keys[every, place]][:, None]
    pairs = key_table[keys] + value_table[values]
    return torch.cat([pairs, question], dim=1), values[every, place]


# %%
def pairs_only(x):
    return torch.arange(x.shape[1]) < x.shape[1] - 1   # not the question


class Lookup(torch.nn.Module):
    """One head, then one linear layer that reads off the answer."""

    def __init__(self, rope=False):
        super().__init__()
        self.head = MultiHeadAttention(width, 1, bias=False, rope=rope)
        self.read = torch.nn.Linear(width, n_values)

    def forward(self, x):                              # (batch, n + 1, width)
        found = self.head(x, mask=pairs_only(x))[:, -1]  # for the question
        return self.read(found)                        # (batch, n_values)

    def looks_at(self, x):                             # (batch, n)
        weights = self.head.weights(x, mask=pairs_only(x))
        return weights[:, 0, -1, :-1].detach()         # head 0, the question


# %%
def train(model, n=8, steps=500):
    generator = torch.Generator().manual_seed(1)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        x, answer = lists(64, n, generator)
        optimiser.zero_grad()
        F.cross_entropy(model(x), answer).backward()
        optimiser.step()


def accuracy(model, n, place=None):
    x, answer = lists(200, n, torch.Generator().manual_seed(9), place)
    with torch.no_grad():
        return (model(x).argmax(dim=1) == answer).double().mean().item()


# %%
one_list = (key_table[:8] + value_table[:8]).expand(8, 8, width)
eight = torch.cat([one_list, key_table[:8, None]], dim=1)  # eight questions
torch.manual_seed(0)
model = Lookup()
before, guess = model.looks_at(eight), accuracy(model, 8)
train(model)
print(f"right before training {guess:.0%}, after {accuracy(model, 8):.0%}")

names = "床前明月光疑是地"                          # for the first eight keys
axes = plots.axes(["Before: everything alike", "After: the key asked for"],
                  n=2, width=9, height=4)
for ax, weights in zip(axes, (before, model.looks_at(eight))):
    plots.heatmap(weights, rows=[c + "?" for c in names], title="", ax=ax,
                  columns=[f"{c}{i}" for i, c in enumerate(names)],
                  vmin=0, vmax=1)

# %% [markdown]
# 500 steps, and nobody told the head where to look: the only signal was the
# loss on the answer. Each row is one of eight questions to the same list
# (columns; the digit is the value). Before, every pair gets about 1/8; after,
# a dark diagonal: each question finds its own key. Your pencil's $W_Q$ and
# $W_K$ were chosen; these were found.
#
# ## Longer than it was trained
#
# Models come with contexts of 128K or 1M tokens for *long text* (长文本推理):
# GLM-4-9B with both (GLM Team 2024). Such a limit says what fits, not what is
# found. The usual test is a *needle in a haystack* (大海捞针): hide one fact at
# some depth of a long text and ask for it. Your head is trained on 8 pairs.
# Give it up to 128, and ask for the pair at the start, in the middle, at the
# end. Beside it stands a second head, trained alike, but with RoPE.
#
# > **Predict.** Which loses more with length? For which does the place matter?

# %%
torch.manual_seed(0)
turning = Lookup(rope=True)
train(turning)
lengths, depths = [8, 16, 32, 64, 128], [0, 0.25, 0.5, 0.75, 1]
axes = plots.axes(["No positions: only length hurts (% right)",
                   "RoPE: the far ones are lost first (% right)"],
                  n=2, width=10, height=4)
for ax, m in zip(axes, (model, turning)):
    found = [[100 * accuracy(m, n, int(depth * (n - 1))) for n in lengths]
             for depth in depths]
    plots.heatmap(found, rows=["start", "1/4", "middle", "3/4", "end"],
                  columns=lengths, title="", values=".0f", ax=ax, vmin=0,
                  vmax=100, xlabel="pairs in the list",
                  ylabel="place of the pair asked for")

# %% [markdown]
# Both are right nearly always on 8 pairs. On 128 the head without positions is
# right on some 80 %, wherever the pair stands. With RoPE the pair next to the
# question is still found, the one at the start only one time in five:
# angles as large as that were never seen in training. This task needs no
# positions, so RoPE can only lose here. Is it the rotation or the training?
# Replace `train(turning)` by `train(turning, n=64)`, wait half a minute, and
# see.
#
# Why does the first head lose at all? Softmax divides 1 among all. If the
# right score stands $g$ above the others, its weight is $e^g / (e^g + n - 1)$.
# Take $e^g$ from 8 pairs and predict the rest:

# %%
rows = []
for n in lengths:
    x, _ = lists(300, n, torch.Generator().manual_seed(3), place=0)
    right = model.looks_at(x)[:, 0].mean().item()
    if n == 8:
        e_g = 7 * right / (1 - right)
    rows.append([n, f"{right:.2f}", f"{e_g / (e_g + n - 1):.2f}"])
show.table(rows, ["pairs", "weight on the right one", "predicted"])

# %% [markdown]
# Diluted, nearly as predicted. To keep its weight in a longer text, $g$ must
# grow as $\ln n$, and training on eight pairs never asked for that.
#
# ## What does it cost?
#
# Every token scores every token: twice as long, four times the scores. Is the
# whole model quadratic? Count multiplications and additions per token, in a
# block of width $d$: the scores take $2nd$, the weighted average $2nd$. The
# matrices of a block hold $12d^2$ weights ($W_Q, W_K, W_V$, output: $4d^2$; a
# feed-forward part of width $4d$: $8d^2$), two operations each. So
#
# $$\text{share of attention} = \frac{4nd}{4nd + 24d^2} = \frac{n}{n + 6d}$$
#
# > **Predict.** GPT-3 is 12,288 wide and reads up to 2,048 tokens (Brown et
# > al. 2020). How much of a layer is the quadratic part: 3 %, 30 % or 90 %?

# %%
for name, n, d in (("GPT-3", 2048, 12288), ("equal", 6 * 4096, 4096),
                   ("128k tokens", 131072, 4096)):
    print(f"{name:12} n = {n:7,}  d = {d:6,}  share {n / (n + 6 * d):6.1%}")

# %% [markdown]
# So *quadratic* is true of one term, and whether it matters depends on $n$
# against $6d$. (All scores are counted: a causal mask could skip half, and
# half of GPT-3's layers look at neighbours only.) Does a clock agree? The
# page's own `attention` against one product with $12d^2$ weights:

# %% tags=["no-picture-compare"]
def measure(work, *inputs):                            # milliseconds, MB
    work(*inputs)                                      # the first call is slow
    tracemalloc.start()
    start = time.perf_counter()
    work(*inputs)
    taken = 1000 * (time.perf_counter() - start)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return taken, peak


d, sizes = 128, [64, 128, 256, 512, 1024, 2048]
matrices = rng.normal(size=(d, 12 * d))
bill = {"attention": [], "the rest": []}
for n in sizes:
    x = rng.normal(size=(n, d))
    bill["attention"].append(measure(attention, x, x, x))
    bill["the rest"].append(measure(np.matmul, x, matrices))
axes = plots.axes(["Time: attention overtakes", "Memory: so does its table"],
                  n=2, width=10, height=4)
for i, (ax, unit) in enumerate(zip(axes, ("milliseconds", "MB"))):
    plots.lines({name: [m[i] for m in ms] for name, ms in bill.items()},
                sizes, title="", xlabel="tokens n (d = 128)", ylabel=unit,
                ax=ax, logx=True, logy=True, marks=True)

# %% [markdown]
# On these axes a straight line of slope 2 is quadratic, slope 1 linear.
# Counting says that they meet at $6d = 768$ tokens; here they met earlier,
# because `exp` is slower than a multiplication and is not in the count. The
# memory is the $n \times n$ table. It need not be stored: FlashAttention
# computes the same result block by block, in memory that grows with $n$ (Dao
# et al. 2022). The work stays quadratic.
#
# ## What the documents say
#
# > **From the documents.** 在 Transformer 中其计算成本随输入大小呈二次增长 ("in a
# > Transformer the computing cost grows quadratically with the size of the
# > input"). **Imprecise**: the scores do, the matrices grow linearly;
# > 2.7 % of a GPT-3 layer, as you computed.
#
# > **From the documents.** RoPE: 不再使用位置编码,而是在网络的每一层添加了位置编码
# > ("no position encoding is used any more; instead one is added in every
# > layer of the network"). **Imprecise**: it is one, in every attention; but
# > nothing is added. Queries and keys are rotated, and the tokens themselves
# > carry no position (Su et al. 2021, section 3).
#
# > **From the documents.** RoPE has 更好的泛化能力 ("better generalisation").
# > **Doubtful** for length: your head lost the far pairs, and going beyond the
# > trained length "may lead to catastrophically high attention scores" in
# > LLaMA, unless positions are rescaled (Chen et al. 2023).
#
# > **From the documents.** ChatGPT 支持最长达 32,000 个字符 ("supports up to 32,000
# > characters"). **Wrong** unit and product: 32,768 *tokens*, of gpt-4-32k
# > (OpenAI, *GPT-4*, March 2023). $n$ counts tokens; lesson 07 counts how many
# > a character takes.

# %% [markdown]
# ## Check yourself
#
# 1. In $QK^\top$, along which axis does softmax run, and what sums to 1?
# 2. Two heads of width 32 or one of width 64: which has more weights?
# 3. A model without positions, with a causal mask: can it tell 月光 from 光月?
#
# <details><summary>Answers</summary>
#
# 1. Along the keys: each query's row sums to 1. What a key receives over all
#    queries may be any sum.
# 2. Neither: the heads cut the same matrices into slices. They differ in how
#    many averages are taken.
# 3. Yes. The second token sees two tokens, the first sees one: the table above
#    had a change by shuffling for the mask alone.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the arrows of 明 (ask first: where will it go in each line?), the test
# of the mask (ask: which outputs move?), and the two heat maps of the lookup
# head, before and after 500 steps (a few seconds). *Point at* the rows: a row
# is one token's view. *A common misunderstanding*: that attention shows what a
# model "thinks". It shows how much of each value is mixed in; what the value
# holds and what later layers do with it is not in the picture.
#
# </details>
#
# **What this left out**: the feed-forward part, normalisation and the residual
# stream around attention; sharing keys among heads; keeping keys and values
# while generating.
#
# **Where it goes next**: the exercises of this lesson, then lesson 10, where
# the same parts are wired three ways.
#
# **Read on**
# - Vaswani et al., *Attention Is All You Need*, 2017, arXiv 1706.03762
# - Su et al., *RoFormer: Enhanced Transformer with Rotary Position Embedding*,
#   2021, arXiv 2104.09864
# - Press, Smith, Lewis, *Train Short, Test Long* (ALiBi), 2022, arXiv
#   2108.12409
# - Raffel et al., *Exploring the Limits of Transfer Learning* (T5), 2020,
#   arXiv 1910.10683
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, arXiv
#   2005.14165
# - Chen et al., *Extending Context Window of Large Language Models via
#   Positional Interpolation*, 2023, arXiv 2306.15595
# - Dao et al., *FlashAttention*, 2022, arXiv 2205.14135
# - GLM Team, *ChatGLM: A Family of Large Language Models from GLM-130B to
#   GLM-4 All Tools*, 2024, arXiv 2406.12793
