# %% [markdown]
# # How does one word look at the others?
#
# You compute attention (注意力机制) with a pencil, find out what it can and
# cannot see, train it to look things up, and measure its bill.
#
# **You will** compute queries, keys and values by hand; test what a mask and
# a position change; train one head and see it find what it is asked for.
#
# **You need** lessons 03 to 05: matrices, softmax, training by gradients.
#
# **Time** 30 minutes to read, 18 seconds to run

# %%
import timeit
import tracemalloc

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import softmax  # the one of lesson 04

from lmlab.models.attention import MultiHeadAttention
from lmlab.page import plots, show

torch.set_default_dtype(torch.float64)  # as precise as NumPy

# %% [markdown]
# ## From an average to a weighted average
#
# 明 means *bright*. In 床前明月光 ("before my bed, bright moonlight") it
# describes the moon. In 明朝望乡处 ("where I look homewards tomorrow") 明朝
# is *tomorrow*, the coming morning. Both lines are from *Three Hundred Tang
# Poems*; one by one the characters say bed, before, bright, moon, light, and
# bright, morning, look, home, place.
#
# A *token* is a piece of text that gets a vector, here one character. A table
# has one row per token, so 明 starts out the same in both lines. Give each
# token three numbers: how much it has to do with light, with time, with
# place. We chose them; a trained model finds its own, and they have no names.
#
# To let the neighbours have a say, average the line. What is wrong with that?

# %%
meaning = {                                           # light, time, place
    "床": [0, 0, 2], "前": [0, 1, 1], "明": [1, 1, 0], "月": [2, 1, 0],
    "光": [2, 0, 0], "朝": [1, 2, 0], "望": [0, 0, 1], "乡": [0, 0, 2],
    "处": [0, 0, 2],
}
lines = ["床前明月光", "明朝望乡处"]
vectors = {line: np.array([meaning[c] for c in line]) for line in lines}
for line, x in vectors.items():                       # x: (5, 3)
    print(line, "average:", x.mean(axis=0))

# %% [markdown]
# Every token of a line gets the same average, and to 明 the bed counts as
# much as the moon. So weigh: a token *scores* all tokens, itself among them,
# softmax turns the scores into weights that sum to 1, and the weights make
# the average. The first score to try is likeness, the dot product $x_i \cdot
# x_j$.
#
# > **Predict.** 明 is [1, 1, 0]. Take its dot product with each vector of the
# > first line. Which gets the largest score? And in the second line?

# %%
bright = {}
for line, x in vectors.items():
    scores = x @ meaning["明"]                         # (5,)
    weights = softmax(scores)
    bright[line] = weights @ x                        # (3,)
    print(line, scores, weights.round(2), "明 becomes", bright[line].round(2))

# %% [markdown]
# Scores, weights, and what 明 becomes: the moon takes half of the weight, and 明
# leans towards light. In the other line the morning takes two thirds, and the
# same 明 leans towards time. One row in the table, two vectors after one look
# around. This is *context awareness* (上下文感知): a table is *static*, what comes
# out of attention is *contextual*.

# %%
ax = plots.axes("One 明, two lines: towards the moon, or the morning",
                "light", "time")
ax.set(xlim=(0.4, 2.6), ylim=(-0.3, 2.4))
for char, word in zip("明月光朝", ("bright", "moon", "light", "morning")):
    ax.plot(*meaning[char][:2], "o", color=plots.MUTED)
    ax.text(*meaning[char][:2], f"{char} {word}  ", ha="right", va="center")
for line, color, va in zip(lines, plots.COLORS, ("top", "bottom")):
    ax.annotate("", bright[line][:2], meaning["明"][:2], arrowprops=dict(
        arrowstyle="-|>", color=color, lw=3))
    ax.text(*bright[line][:2], f"  明 in {line}", color=color, va=va)

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
# (Vaswani et al. 2017, equation 1). $d$ is the length of a query, here 3. Our
# $W_Q$ swaps light and place: a place looks for light, a light for a place.
# $W_K$ forgets time, and $W_V$ forgets place.
#
# > **Predict.** With a pencil: the query of 床, [0, 0, 2], and its dot product
# > with the five keys. Whom will the bed look at?

# %%
W_query = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])   # swap light and place
W_key, W_value = np.diag([1, 0, 1]), np.diag([1, 1, 0])

line, x = lines[0], vectors[lines[0]]
query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T   # (5, 3) each
show.table(list(zip(line, x, query, key, value)),
           ["", "x", "query", "key", "value"])

# %%
def attention(query, key, value, mask=True):          # True: may look
    scores = query @ key.T / np.sqrt(query.shape[1])  # (queries, keys)
    weights = softmax(np.where(mask, scores, -np.inf), axis=1)
    return weights @ value, weights


output, weights = attention(query, key, value)
print("scores of 床:", query[0] @ key.T, " 床 becomes", output[0].round(2))

# %%
qkv = torch.tensor(np.array([query, key, value], float))
show.agree(output, F.scaled_dot_product_attention(*qkv), 1e-12)
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
# numbers of mean 0 and variance 1, each product has variance 1, and the sum
# has variance $d$.
#
# > **Predict.** Sixteen keys, $d = 1024$, no square root. How much weight does
# > the largest of the sixteen take? And with it?

# %%
rng = np.random.default_rng(0)
widths, raw, scaled = [1, 4, 16, 64, 256, 1024], [], []
for d in widths:
    q, k = rng.normal(size=(500, 1, d)), rng.normal(size=(500, 16, d))
    scores = (q * k).sum(axis=-1)                     # (500 queries, 16 keys)
    print(f"d = {d:4}: variance of the scores {scores.var():4.0f}")
    raw.append(softmax(scores, axis=1).max(axis=1).mean())
    scaled.append(softmax(scores / np.sqrt(d), axis=1).max(axis=1).mean())
plots.lines({"no scale": raw, "divided by √d": scaled}, widths, logx=True,
            marks=True, xlabel="d", ylabel="largest of 16 weights (mean)",
            title="Without the scale, one token takes all")

# %% [markdown]
# Without the scale the largest weight climbs to nearly 1: the average is a
# choice of one, made by chance before anything was learned. It can hardly be
# unmade: a weight $a$ answers to its own score with slope $a(1 - a)$, and that
# is near 0 when $a$ is near 0 or 1. Dividing by $\sqrt d$ brings the variance
# back to 1, whatever $d$ is.
#
# ## A mask: who may look at whom
#
# A model that predicts the next token must not see it. The *causal mask*
# (因果掩码) sets the score of every later token to $-\infty$, so that softmax
# gives it exactly 0.
#
# > **Predict.** We replace 光, the last token, by 朝. Which of the five outputs
# > change without a mask? Which with it?

# %%
def look_around(x, mask):
    return attention(x @ W_query.T, x @ W_key.T, x @ W_value.T, mask)[0]


causal = np.tril(np.ones((5, 5), bool))
other = np.vstack([x[:4], meaning["朝"]])              # another future
for name, mask in {"no mask": True, "causal": causal}.items():
    moved = np.abs(look_around(other, mask) - look_around(x, mask))
    print(f"{name:8}", moved.max(axis=1).round(2))

# %% [markdown]
# With the mask the past does not move at all. This is the test for any
# language model that claims to be causal: change the future, compare the past.
#
# Three families of models, which lesson 10 builds, differ in this matrix. In
# BERT every token sees every token: *bidirectional context* (双向上下文). In GPT
# it sees the past: *unidirectional* or causal context (单向上下文). T5 reads an
# input both ways, then writes while seeing the input and what it has written.
# Drawn in one matrix, with 床前明 as the input (Raffel et al. 2020, section
# 3.2):

# %%
families = {"BERT: all see all": np.ones((5, 5)), "GPT: only the past": causal,
            "T5: input, then past": causal | (np.arange(5) < 3)}
axes = plots.axes(list(families), n=3, width=9, height=3.4)
for ax, mask in zip(axes, families.values()):
    plots.heatmap(mask, rows=line, columns=line, title="", values=True, ax=ax)

# %% [markdown]
# A row says whom this token sees (1, dark). In GPT the row of 月 has four ones
# and that of 床 a single one; in T5 the first three rows are alike.
#
# ## Several heads, no order
#
# One set of $W_Q, W_K, W_V$ is a *head* (头), and it returns one average. A
# token that needs two things would get them mixed. So several heads run side by
# side, their outputs are put end to end, and a last matrix mixes them.
#
# In code, one large matrix makes the queries of all heads, and each head takes
# its slice. Two heads of width 4, by hand and by the package's torch module:

# %%
torch.manual_seed(0)
layer = MultiHeadAttention(d_model=8, n_heads=2, bias=False)
six = torch.randn(6, 8)                               # six tokens
W_q, W_k, W_v, W_out = (W.detach().numpy() for W in layer.parameters())
q, k, v = (six.numpy() @ W.T for W in (W_q, W_k, W_v))          # (6, 8) each
left = attention(q[:, :4], k[:, :4], v[:, :4])[0]               # (6, 4)
right = attention(q[:, 4:], k[:, 4:], v[:, 4:])[0]              # (6, 4)
show.agree(np.hstack([left, right]) @ W_out.T, layer(six), 1e-12)

# %% [markdown]
# This is *self-attention* (自注意力): queries, keys and values come from one
# sequence. Look again at the formula: does the place of a token occur in it?
#
# > **Predict.** Shuffle the six tokens and run the layer. What happens to the
# > six outputs?

# %%
order = torch.tensor([3, 0, 5, 1, 4, 2])
show.agree(layer(six[order]), layer(six)[order], 1e-12,
           names=("answers to shuffled tokens", "shuffled answers"))

# %% [markdown]
# Without mask and positions, a sentence is a bag. *Position encoding*
# (位置编码) puts the order in. Three ways:
#
# - **sinusoidal**: add to each *token*, once, sines and cosines of its place,
#   from fast to slow ones (Vaswani et al. 2017, section 3.5);
# - **RoPE**: rotate the pairs of numbers of each *query and key*, by an angle
#   that grows with the place (Su et al. 2021);
# - **ALiBi**: lower each *score* by a slope times the distance (Press et al.
#   2022).
#
# > **Predict.** Which of these five still give shuffled answers to shuffled
# > tokens, so that the largest change is 0?

# %%
from lmlab.models.attention import causal_mask
from lmlab.models.positions import alibi_bias, sinusoidal_positions


def run(x, added=0, rope=False, **on_scores):
    layer.rope = rope
    return layer(x + added, **on_scores)


ways = {"none": {}, "causal mask alone": {"mask": causal_mask(6)},
        "sinusoidal": {"added": sinusoidal_positions(6, 8)},
        "RoPE": {"rope": True}, "ALiBi": {"bias": alibi_bias(2, 6)}}
for name, way in ways.items():
    change = run(six[order], **way) - run(six, **way)[order]
    print(f"{name:18} largest change {change.abs().max():.2f}")

# %% [markdown]
# Only *none*. Even a causal mask alone tells the first token from the second,
# by what they see. Lesson 11 takes RoPE and ALiBi apart.
#
# ## Train one head to look something up
#
# A list of eight pairs, such as 床 7, 前 2, 明 4 ..., and a question: 明? Whoever
# answers 4 has compared the question with every key and fetched a value. Each
# of 400 keys and 10 values is a fixed random vector. A pair is the sum of its
# two; the question is the key alone.
#
# The queries come from the question, keys and values from the pairs, which
# the module calls `context`. What the head returns is scored against the ten
# value vectors, and the loss is cross-entropy. Adam, which does the steps,
# adapts the learning rate of each weight (lesson 06).

# %%
width, n_keys, n_values = 64, 400, 10
torch.manual_seed(0)
key_table = torch.randn(n_keys, width) / 8
value_table = torch.randn(n_values, width) / 8


def lists(n, place, batch=64):
    """Return questions, lists of n pairs, and the answers (batch,)."""
    keys = torch.rand(batch, n_keys).argsort()[:, :n]   # n different ones
    values = torch.randint(n_values, (batch, n))
    pairs = key_table[keys] + value_table[values]       # (batch, n, width)
    question = key_table[keys[:, place]][:, None]       # (batch, 1, width)
    return question, pairs, values[:, place]

# %%
def guess(head, question, pairs):                     # scores, (batch, 10)
    return head(question, context=pairs)[:, 0] @ value_table.T


def train(head, n=8, steps=200):
    optimiser = torch.optim.Adam(head.parameters(), lr=0.01)
    for step in range(steps):
        question, pairs, answer = lists(n, place=step % n)
        loss = F.cross_entropy(guess(head, question, pairs), answer)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

# %% [markdown]
# > **Predict.** Chance is right one time in ten. Before training, how will the
# > head spread its weight over the eight pairs? And after, if the question is
# > 明?

# %%
def percent_right(head, n, place):
    torch.manual_seed(9)
    question, pairs, answer = lists(n, place, batch=200)
    right = guess(head, question, pairs).argmax(dim=1) == answer
    return 100 * right.double().mean().item()


torch.manual_seed(0)
head = MultiHeadAttention(width, n_heads=1, bias=False)
asked, pairs = key_table[:8], key_table[:8] + value_table[:8]
before = head.weights(asked, pairs)[0].detach()       # (8 questions, 8 pairs)
print(f"before: {percent_right(head, 8, place=0):3.0f} % right")
train(head)
after = head.weights(asked, pairs)[0].detach()
print(f"after:  {percent_right(head, 8, place=0):3.0f} % right")

# %%
names = "床前明月光疑是地"                     # let these be the first eight keys
axes = plots.axes(["Before: all pairs alike", "After: the pair asked for"],
                  xlabel="pair", ylabel="question", n=2, width=9, height=4.2)
for ax, weights in zip(axes, (before, after)):
    plots.heatmap(weights, rows=names, columns=names, title="", ax=ax,
                  vmin=0, vmax=1)

# %% [markdown]
# Each row is one of eight questions to the same list. Before, every pair gets
# about 1/8; after, a dark diagonal: each question finds its own pair. Nobody
# told the head where to look; its only signal was the loss on the answer. Your
# pencil's $W_Q$ and $W_K$ were chosen; these were found.
#
# ## Longer than it was trained
#
# Models for *long text* (长文本推理) come with contexts of 128K (thousand) or 1M
# (million) tokens; GLM-4-9B has a version of each (GLM Team 2024). Such a limit
# says what fits, not what is found. The usual test is a *needle in a haystack*
# (大海捞针, Kamradt 2023): hide one fact at some depth of a long text and ask
# for it.
#
# Your head was trained on 8 pairs. Give it up to 128, and ask for the first,
# one in the middle and the last. Beside it stands a second head, trained alike, but
# with RoPE. Its places are counted from the question: the first pair is the
# nearest, the last the farthest.
#
# > **Predict.** Which loses more with length? For which does the depth matter?

# %%
torch.manual_seed(0)
turning = MultiHeadAttention(width, n_heads=1, bias=False, rope=True)
train(turning)
lengths, depths = [8, 16, 32, 64, 128], [0, 0.5, 1]
axes = plots.axes(["No positions: only length hurts",
                   "RoPE: far pairs are lost"], n=2, width=9.8, height=3)
for ax, h in zip(axes, (head, turning)):
    found = [[percent_right(h, n, int(depth * (n - 1))) for n in lengths]
             for depth in depths]
    plots.heatmap(found, rows=["first", "middle", "last"],
                  columns=lengths, title="", values=".0f", ax=ax, vmin=0,
                  vmax=100, xlabel="pairs in the list (in cells: % right)",
                  ylabel="the pair asked for")

# %% [markdown]
# Both are nearly always right on 8 pairs. On 128 the head without positions is
# right on some 70 %, wherever the pair stands. With RoPE the first pair is
# found as often, the last one time in five. The rotation alone is not to
# blame, but distances that training never showed: replace `train(turning)` by
# `train(turning, n=64, steps=600)`, wait a little longer, and the column of 64
# is good down to the last pair.
#
# ## What does it cost?
#
# Every token scores every token: twice as long, four times the scores. Is the
# whole model quadratic? Count multiplications and additions per token, in one
# layer of width $d$. The scores take $2nd$, the weighted average $2nd$. The
# layer's matrices hold $12d^2$ weights, two operations each: $4d^2$ for $W_Q,
# W_K, W_V$ and the last matrix, $8d^2$ for a small network that follows
# (lesson 10). So
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
# every second layer of GPT-3 looks at neighbours only.) Does a clock agree?
# The page's own `attention` against one product with $12d^2$ weights:

# %%
def cost(work, *inputs):                              # milliseconds, MB
    tracemalloc.start()
    work(*inputs)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return 1000 * min(timeit.repeat(lambda: work(*inputs), number=1)), peak

# %%
d, sizes = 128, [64, 128, 256, 512, 1024, 2048]
matrices = rng.normal(size=(d, 12 * d))
texts = [rng.normal(size=(n, d)) for n in sizes]
quadratic = np.array([cost(attention, x, x, x) for x in texts])
linear = np.array([cost(np.matmul, x, matrices) for x in texts])

# %% tags=["nbval-ignore-output"]
axes = plots.axes(["Time: attention overtakes", "Memory: so does its table"],
                  xlabel="tokens n (d = 128)", n=2, width=10, height=4)
for i, ax in enumerate(axes):
    plots.lines({"attention": quadratic[:, i], "matrices": linear[:, i]},
                sizes, title="", ax=ax, logx=True, logy=True, marks=True,
                ylabel=["milliseconds", "MB"][i])

# %% [markdown]
# On these axes slope 2 is quadratic, slope 1 linear. Counting says that the
# lines of time meet at $6d = 768$ tokens. Where this page was made they met
# earlier: the exponential of softmax is slow, and not in the count.
# The memory is the $n \times n$ table. It need not be stored: FlashAttention
# computes the same result block by block, in memory that grows with $n$ (Dao
# et al. 2022). The work stays quadratic.
#
# ## What the documents say
#
# > **From the documents.** 在 Transformer 中其计算成本随输入大小呈二次增长 ("in a
# > Transformer the computing cost grows quadratically with the size of the
# > input"). **Imprecise**: the scores do, the matrices grow linearly; 2.7 % of
# > a GPT-3 layer is quadratic, as you computed.
#
# > **From the documents.** RoPE: 不再使用位置编码,而是在网络的每一层添加了位置编码
# > ("no position encoding is used any more; instead one is added in every
# > layer of the network"). **Imprecise**: it is one, in every attention; but
# > nothing is added. Queries and keys are rotated, and the tokens themselves
# > carry no position (Su et al. 2021, section 3).
#
# > **From the documents.** RoPE has 更好的泛化能力 ("better generalisation").
# > **Doubtful** for length: your head lost the far pairs, and in LLaMA going
# > beyond the trained length "may lead to catastrophically high attention
# > scores", unless positions are rescaled (Chen et al. 2023).
#
# > **From the documents.** 目前大模型对于长文本的生成无法达到这个长度 ("at present
# > large models cannot generate long text of this length"), namely 20,000 to
# > 30,000 characters. **Outdated**: 128K tokens have room for that even at
# > three tokens a character. What is found among them is another matter, as
# > your two heads showed.

# %% [markdown]
# ## Check yourself
#
# 1. In $QK^\top$, along which axis does softmax run, and what sums to 1?
# 2. A model without positions, with a causal mask: can it tell 月光 from 光月?
# 3. Softmax gives the right pair 21 times the weight of any other. What is that
#    among 8 pairs, and among 128?
#
# <details><summary>Answers</summary>
#
# 1. Along the keys: each query's row sums to 1. What a key receives over all
#    queries may be any sum.
# 2. Yes. The second token sees two tokens, the first sees one: the shuffle
#    changed something for the mask alone.
# 3. 21/28 = 75 %, and 21/148 = 14 %: softmax divides 1 among all. So a head
#    without positions, too, loses with length.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the arrows of 明 (ask first: where will it go in each line?), the test
# of the mask (ask: which outputs move?), and the two maps of the head, before
# and after 200 steps (a few seconds). *Point at* the rows: a row is one token's
# view. *A common misunderstanding*: that attention shows what a model
# "thinks". It shows how much of each value is mixed in; what the value holds
# and what later layers do with it is not in the picture.
#
# </details>
#
# **What this left out**: what stands around attention in a layer; sharing keys
# among heads; keeping keys and values while generating.
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
# - Kamradt, *Needle In A Haystack: Pressure Testing LLMs*, 2023,
#   github.com/gkamradt/LLMTest_NeedleInAHaystack
# - GLM Team, *ChatGLM: A Family of Large Language Models from GLM-130B to
#   GLM-4 All Tools*, 2024, arXiv 2406.12793
