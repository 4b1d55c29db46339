# %% [markdown]
# # How does one word look at the others?
#
# It scores them all and takes their average, weighted by the scores:
# *attention* (注意力机制).
#
# **You will** compute attention with a pencil, test masks and positions, train
# a head to look things up.
#
# **You need** lessons 03 to 05: matrices, softmax, training by gradients.
#
# **Time** 35 minutes to read, 10 seconds to run
#
# ## From an average to a weighted average
#
# 明 is *bright*. In 床前明月光 ("before my bed, bright moonlight") it belongs to
# the moon; in 明朝望乡处 ("where I look homewards tomorrow") to the morning. Each
# *token*, here a character, gets three numbers: light, time, place.

# %%
import numpy as np

from lmlab.page import plots, show

night = np.array([[0, 0, 2], [0, 1, 1], [1, 1, 0], [2, 1, 0], [2, 0, 0]])
morning = np.array([[1, 1, 0], [1, 2, 0], [0, 0, 1], [0, 0, 2], [0, 0, 2]])
print("averages:", night.mean(axis=0), morning.mean(axis=0))

# %% [markdown]
# The rows are bed, before, bright, moon, light; and bright, morning, look, home,
# place. We chose the numbers; a trained model finds its own. In the average, bed
# and moon count alike.
#
# So weigh. 明 *scores* every token, itself too, by a dot product. Softmax (lesson
# 04) turns scores into weights that sum to 1.
#
# > **Predict.** 明 is [1, 1, 0]. Multiply it with the five rows of `night`: who
# > gets the largest score? And in `morning`?

# %%
from scipy.special import softmax

bright = night[2]                                     # the same in both lines
for x in (night, morning):
    weights = softmax(x @ bright)                     # (5,)
    print(x @ bright, weights.round(2), "明 becomes", (weights @ x).round(2))

# %% [markdown]
# The moon takes half of the weight, and 明 leans towards light. In the other
# line the morning takes two thirds, and the same 明 leans towards time:

# %%
ax = plots.axes("One 明, two lines: towards the moon, or the morning",
                "light", "time")
ax.set(xlim=(0.4, 2.4), ylim=(-0.2, 2.3))
for name, at in {"明 bright": (1, 1), "月 moon": (2, 1), "光 light": (2, 0),
                 "朝 morning": (1, 2)}.items():
    ax.plot(*at, "o", color=plots.MUTED)
    ax.text(*at, name + "  ", ha="right", va="bottom")
for line, x in {"床前明月光": night, "明朝望乡处": morning}.items():
    new = (softmax(x @ bright) @ x)[:2]
    ax.text(*new, f"  明 in {line}", va="center", color=plots.ACCENT)
    ax.annotate("", new, (1, 1), arrowprops=dict(
        arrowstyle="-|>", color=plots.ACCENT, lw=3))

# %% [markdown]
# The same three numbers, two vectors after one look around: *context awareness*
# (上下文感知).
#
# ## Query, key, value
#
# Likeness is a poor question. A bed does not look for beds; it may look for
# what lights it. So each token makes three vectors, each with its own matrix:
#
# - the *query* (查询) $q = W_Q\,x$: what I look for;
# - the *key* (键) $k = W_K\,x$: what I can be found by;
# - the *value* (值) $v = W_V\,x$: what I hand over to whoever finds me.
#
# Ours: $W_Q$ swaps light and place, $W_K$ forgets time, $W_V$ forgets place.
#
# > **Predict.** 床 is [0, 0, 2]. With a pencil: what is its query? Multiply that
# > with the five keys: whom will the bed look at?

# %%
W_query = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])   # swap light and place
W_key, W_value = np.diag([1, 0, 1]), np.diag([1, 1, 0])
query, key, value = night @ W_query.T, night @ W_key.T, night @ W_value.T
show.table(list(zip("床前明月光", night, query, key, value)),
           ["", "x", "query", "key", "value"])

# %%
weights = softmax(query @ key.T, axis=1)              # each row sums to 1
print("床 scores", query[0] @ key.T, "becomes", (weights[0] @ value).round(2))
plots.heatmap(weights, rows="床前明月光", columns="床前明月光", values=True,
              xlabel="who is looked at (key)", ylabel="who looks (query)",
              title="The bed looks at moon and light")

# %% [markdown]
# A row is one token's weights. The query of 床, [2, 0, 0], finds 月 and 光: 0.46
# each. It becomes 1.9 parts light: a bed in moonlight.
#
# ## Why a square root?
#
# A score is a sum of $d$ products, $d$ being the length of a query: 3 here, 64 in
# the first Transformer, 128 in GPT-3. If queries and keys hold independent
# numbers of mean 0 and variance 1, each product has them too, and the sum of $d$
# has variance $d$. Divided by $\sqrt d$, it has variance 1 again.
#
# > **Predict.** Sixteen keys, $d = 1024$, all numbers random. How much weight
# > does the largest of the sixteen take, undivided? And divided?

# %%
rng = np.random.default_rng(0)


def largest_weight(d, divisor):                       # mean of 500 queries
    q, k = rng.normal(size=(500, 1, d)), rng.normal(size=(500, 16, d))
    scores = (q * k).sum(axis=-1)                     # (500, 16)
    return softmax(scores / divisor, axis=1).max(axis=1).mean()

# %%
widths = [1, 4, 16, 64, 256, 1024]
plots.lines({"undivided": [largest_weight(d, 1) for d in widths],
             "divided by √d": [largest_weight(d, d**0.5) for d in widths]},
            widths, logx=True, marks=True, xlabel="d, the length of a query",
            ylabel="largest weight", title="Without the scale, one takes all")

# %% [markdown]
# Undivided, the largest weight climbs to nearly 1, a choice made by chance, and
# hard to unmake; divided, it stays at a quarter. A weight $a$ answers to its
# own score with slope $a(1 - a)$, near 0 when $a$ is near 0 or 1.
#
# With the root, this is attention (Vaswani et al. 2017, equation 1):
#
# $$\text{output} = \text{softmax}\!\left(\frac{Q K^\top}{\sqrt{d}}\right) V$$

# %%
import torch
import torch.nn.functional as F

output = softmax(query @ key.T / np.sqrt(3), axis=1) @ value
Q, K, V = torch.tensor(np.array([query, key, value], float))
show.agree(output, F.scaled_dot_product_attention(Q, K, V), 1e-12)

# %% [markdown]
# ## A mask: who may look at whom
#
# A model that predicts the next token must not see it. The *causal mask*
# (因果掩码) sets the score of every later token to $-\infty$, and softmax turns
# that into a weight of exactly 0.
#
# > **Predict.** We replace 光, the last token, by 朝. Which of the five outputs
# > change without a mask? Which with it?

# %%
def attention(x, mask):                               # mask: True, may look
    query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T
    scores = np.where(mask, query @ key.T / np.sqrt(3), -np.inf)
    return softmax(scores, axis=1) @ value


causal = np.tril(np.ones((5, 5), bool))               # on and below diagonal
other = np.vstack([night[:4], morning[1]])            # another future
for name, mask in {"no mask": True, "causal mask": causal}.items():
    moved = np.abs(attention(other, mask) - attention(night, mask))
    print(f"{name:11}", moved.max(axis=1).round(2))

# %% [markdown]
# With the mask the past does not move at all: the test of a causal model. Nor can
# 明 at the start of 明朝 see its morning: only later tokens do.
#
# The families of lesson 10 differ in this matrix. In BERT every token sees
# every token: *bidirectional context* (双向上下文). In GPT it sees itself and the
# past: *unidirectional context* (单向上下文). A *prefix* model reads an input, here
# 床前明, both ways, then writes causally. T5 does so with two networks (encoder
# and decoder), and its paper compares that with one under a prefix mask (Raffel
# et al. 2020, section
# 3.2). A row says whom its token sees (1, dark):

# %%
families = {"BERT sees all": np.ones((5, 5)), "GPT sees no future": causal,
            "Prefix: all see 床前明": causal | (np.arange(5) < 3)}
axes = plots.axes(list(families), "who is looked at", "who looks (1: may)",
                  n=3, width=10, height=3.6)
for ax, mask in zip(axes, families.values()):
    plots.heatmap(mask, rows="床前明月光", columns="床前明月光", title="", ax=ax,
                  values=True, vmin=0, vmax=1)

# %% [markdown]
# In GPT 床 sees one token, 光 all five; in the third, the first rows are alike.
#
# ## Several heads, no order
#
# One set of $W_Q, W_K, W_V$ is a *head* (头), and returns one average. A token
# that needs two things would get them mixed. So several heads run side by side,
# each on its slice of the queries, keys and values, and a last matrix mixes what
# they return. Two heads of width 4, slice by slice and by the course's module:

# %%
from lmlab.models.attention import MultiHeadAttention

torch.set_default_dtype(torch.float64)                # as precise as NumPy
torch.manual_seed(0)
layer = MultiHeadAttention(d_model=8, n_heads=2)
six = torch.randn(6, 8)                               # six tokens

# %%
q, k, v = layer.query(six), layer.key(six), layer.value(six)    # (6, 8) each
heads = [F.scaled_dot_product_attention(q[:, cut], k[:, cut], v[:, cut])
         for cut in (slice(0, 4), slice(4, 8))]                 # (6, 4) each
show.agree(layer.output(torch.hstack(heads)), layer(six), 1e-12,
           names=("slice by slice", "the module"))

# %% [markdown]
# This is *self-attention* (自注意力): queries, keys and values come from one
# sequence. Look again at the formula: does the place of a token occur in it?
#
# > **Predict.** Shuffle the six tokens. Are the outputs the old ones, shuffled
# > likewise? And with a causal mask?

# %%
order = [3, 0, 5, 1, 4, 2]


def shuffle_test(name, look):
    change = look(six[order]) - look(six)[order]
    print(f"{name:11} largest change {change.abs().max():.2f}")


shuffle_test("no mask", layer)
shuffle_test("causal mask", lambda x: layer(x, causal=True))

# %% [markdown]
# Without a mask a sentence is a bag of words; with it, a token can tell its place
# by how many it sees. *Position encoding* (位置编码) says it outright:
#
# - **sinusoidal**: *add* waves of the place, fast and slow, to each token
#   (Vaswani et al. 2017, section 3.5);
# - **RoPE**: *rotate* queries and keys by angles that grow with the place (Su et
#   al. 2021);
# - **ALiBi**: *lower* each score (by a `bias`), a slope times the distance
#   (Press et al. 2022).

# %%
place = torch.arange(6.0)[:, None]                    # (6, 1)
angles = place / torch.tensor([1, 10, 100, 1000])     # (6, 4)
waves = torch.hstack([angles.sin(), angles.cos()])    # (6, 8)
distance = (place - place.T).abs()                    # (6, 6)
shuffle_test("sinusoidal", lambda x: layer(x + waves))
shuffle_test("RoPE", MultiHeadAttention(d_model=8, n_heads=2, rope=True))
shuffle_test("ALiBi", lambda x: layer(x, bias=-0.5 * distance))

# %% [markdown]
# With each of the three, order matters. Lesson 11 takes RoPE and ALiBi apart.
#
# ## Train one head to look something up
#
# A phone book has eight entries: 床 0, 前 1, 明 2 ... Asked for 明, answer 2: compare
# the question with every name, fetch a digit. Names and digits are fixed random
# vectors; an entry is the sum of its two.

# %%
torch.manual_seed(0)
name_table = torch.randn(400, 64) / 8
digit_table = torch.randn(10, 64) / 8


def phone_books(n, place, batch=64):
    names = torch.rand(batch, 400).argsort()[:, :n]   # n different ones
    digits = torch.randint(10, (batch, n))
    book = name_table[names] + digit_table[digits]    # (batch, n, 64)
    question = name_table[names[:, [place]]]          # (batch, 1, 64)
    return question, book, digits[:, place]

# %% [markdown]
# Queries come from the question, keys and values from the book (`context`).
# What the head returns is scored against the ten digits. Adam is gradient
# descent with a rate of its own for each weight (lesson 06).
#
# > **Predict.** Before training, how will the head spread its weight over the
# > eight entries? And after, if the question is 明?

# %%
def guess(head, question, book):                      # scores: (batch, 10)
    return head(question, context=book)[:, 0] @ digit_table.T


def train(head, n=8, steps=200):
    optimiser = torch.optim.Adam(head.parameters(), lr=0.01)
    for step in range(steps):
        question, book, digit = phone_books(n, place=step % n)   # in turn
        loss = F.cross_entropy(guess(head, question, book), digit)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

# %%
head = MultiHeadAttention(d_model=64, n_heads=1)
asked, book = name_table[:8], name_table[:8] + digit_table[:8]
before = head.weights(asked, book)[0].detach()        # (questions, entries)
train(head)
after = head.weights(asked, book)[0].detach()

# %%
axes = plots.axes(["Before training: all entries alike",
                   "After training: the entry asked for"],
                  "entry", "question", n=2, width=9, height=4.2)
for ax, weights in zip(axes, (before, after)):
    plots.heatmap(weights, rows="床前明月光疑是地", columns="床前明月光疑是地",
                  title="", ax=ax, vmin=0, vmax=1)

# %% [markdown]
# A row is one question to the same book. Before, every entry gets about 1/8;
# after, a dark diagonal. Nobody told the head where to look; its only signal was
# the loss on the digit. Your $W_Q$ and $W_K$ were chosen; these were found.
#
# ## Longer than it was trained
#
# GLM-4-9B takes 128K (thousand) tokens, one version 1M (GLM Team 2024): *long
# text* (长文本). That says what fits, not what is found. The usual test, a *needle
# in a haystack* (Kamradt 2023), hides one fact at some depth and asks for it.
#
# Your head learned from 8 entries; give it 128. A second one, trained alike, has
# RoPE; question and first entry share place 0, so the first entry is the nearest.
#
# > **Predict.** Which loses more? Where does it matter how far the entry is?

# %%
def percent_right(head, n, place):
    question, book, digit = phone_books(n, place, batch=400)
    right = guess(head, question, book).argmax(dim=1) == digit
    return 100 * right.double().mean().item()


turning = MultiHeadAttention(d_model=64, n_heads=1, rope=True)
train(turning)

# %%
lengths = [8, 16, 32, 64, 128]
plots.lines(
    {"no positions, last": [percent_right(head, n, n - 1) for n in lengths],
     "RoPE, first": [percent_right(turning, n, 0) for n in lengths],
     "RoPE, last": [percent_right(turning, n, n - 1) for n in lengths]},
    lengths, logx=True, marks=True, xlabel="entries in the book",
    ylabel="right answers (%)", title="With RoPE, far entries are lost")

# %% [markdown]
# On 8 entries both are nearly always right. On 128 the head without positions
# still finds some 70 %, and so does RoPE for the first entry; the last it finds
# one time in four or five. The fault is not rotation, but distances that
# training never showed: after `train(turning, n=64, steps=600)` nearly all of
# 64 are found (600 more steps on 8 do not help).

# %% [markdown]
# ## What the documents say
#
# *The documents* are five Chinese overviews of large models that this course
# tests. One calls the cost quadratic: twice as long, four times the scores.
# Count multiplications in a layer of width $d$ that reads $n$ tokens: $2n^2d$
# for scores and averages, $12nd^2$ for matrices: four of size $d \times d$
# here, and a network worth eight that follows (lesson 10).
#
# > **Predict.** GPT-3 is 12,288 wide and reads up to 2,048 tokens (Brown et al.
# > 2020). How much of the work is quadratic: 3 %, 30 % or 90 %?

# %%
d = 12288
for n in (2048, 6 * d, 2**20):
    table, matrices = 2 * n**2 * d, 12 * n * d**2
    print(f"{n:9,} tokens: {table / (table + matrices):5.1%} quadratic")

# %% [markdown]
# | they say | verdict | why |
# | --- | --- | --- |
# | 在 Transformer 中其计算成本随输入大小呈二次增长 ("the cost grows quadratically with the input") | **imprecise** | one term does: at most 2.7 % of GPT-3's work, half where $n = 6d$ |
# | 上下文感知: ... 生成依赖于前文的文本内容 ("text that depends on what came before") | **right** | GPT's mask: a token is built from what came before (our two 明 looked ahead, as in BERT) |
# | BERT ... 考虑了上下文的双向信息 ("both directions"), GPT ... 只考虑上下文的单向信息 ("one direction only") | **right** | the first two masks |
# | RoPE: 模型的输入不再使用位置编码,而是在网络的每一层添加了位置编码 ("no longer in the input, but in every layer") | **right** | as LLaMA's paper has it (Touvron et al. 2023, section 2.2); queries and keys are rotated |
# | RoPE 位置编码 ... 具有更好的泛化能力 ("generalises better") | **doubtful** for length | your far entries (where place meant nothing); past LLaMA's trained length, scores may be "catastrophically high" (Chen et al. 2023) |
# | 20,000 到 30,000 字. 目前大模型对于长文本的生成无法达到这个长度 (models cannot *write* so many words, a court's files) | **right** then | in 2024 models that read 100,000 tokens struggled to write 2,000 words (Bai et al. 2024) |

# %% [markdown]
# ## Check yourself
#
# 1. In $QK^\top$, along which axis does softmax run, and what sums to 1?
# 2. 床 and 明 score each other alike. Why do their weights differ?
# 3. Softmax gives the right entry 21 times the weight of any other. What is that
#    among 8 entries, and among 128?
#
# <details><summary>Answers</summary>
#
# 1. Along the keys: each row sums to 1.
# 2. Softmax compares a score with the others of its row; the rows differ.
# 3. 21/28 = 75 %, and 21/148 = 14 %: softmax divides 1 among all. So a head
#    without positions, too, loses with length.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the arrows (ask first: where will 明 go?), the test of the mask, the
# head before and after training. *Point at* the rows: one token's view. *A
# common misunderstanding*: that attention is what a model "thinks". It says how
# much of each value is mixed in, no more.
#
# </details>

# %% [markdown]
# **What this left out**: the rest of a layer; shared or kept keys;
# FlashAttention, which never stores the $n \times n$ table.
#
# **Where it goes next**: [the exercises](../exercises/09_attention.ipynb), then
# [lesson 10](10_transformer_families.ipynb): the whole layer, wired three ways.
#
# **Read on** (numbers are those of arXiv)
# - Vaswani et al., *Attention Is All You Need*, 2017, 1706.03762
# - Su et al., *RoFormer*, 2021, 2104.09864
# - Press et al., *Train Short, Test Long*, 2022, 2108.12409
# - Raffel et al., *Exploring the Limits of Transfer Learning*, 2020, 1910.10683
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Touvron et al., *LLaMA*, 2023, 2302.13971
# - Chen et al., *Extending Context Window*, 2023, 2306.15595
# - Kamradt, *Needle In A Haystack*, 2023,
#   github.com/gkamradt/LLMTest_NeedleInAHaystack
# - Bai et al., *LongWriter*, 2024, 2408.07055
# - GLM Team, *ChatGLM*, 2024, 2406.12793
