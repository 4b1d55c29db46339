# %% [markdown]
# # Why are BERT, GPT and T5 the same parts wired three ways?
#
# Who may see whom, and what is hidden in training, make three families of one
# layer.
#
# **You will** build that layer, train three families, and press a text into one
# number.
#
# **You need** lessons 06 to 09: training, tokens, attention.
#
# **Time** 39 minutes to read, 20 seconds to run
#
# ## Twelve layers, four names

# %%
from lmlab.models.counting import count_parameters
from lmlab.models.shapes import SHAPES

for name in ("BERT-base", "GPT-1", "GPT-2 small", "GPT-3 Small"):
    rest = count_parameters(SHAPES[name]) - 12 * 7087872
    print(f"{name:11} = twelve times 7,087,872 + {rest:,} parameters")

# %% [markdown]
# A model by Google (2018) that fills gaps, three by OpenAI that go on: the same
# twelve layers, number for number. Nearly all of the rest are tables of tokens
# and places. All come from the *Transformer* of June 2017 (Vaswani et al.), which one
# of *the documents*, five Chinese overviews that this course tests, dates 2018 年左右
# ("around 2018").
#
# ## One layer, opened
#
# Attention lets tokens look at each other. The *feed-forward* (前馈网络) then lets
# each think alone: widen by four, bend (GELU, a smooth ReLU), shrink. Each part
# *adds* what it finds, $x + f(x)$: a *residual* (残差). And each reads a normalised
# copy: *LayerNorm* (层归一化) takes off a token's mean and divides by its standard
# deviation.
#
# > **Predict.** With a pencil: LayerNorm of [1, 3, 1, 3]? And of [10, 30, 10, 30]:
# > the same, or ten times as much?

# %%
import numpy as np


def layer_norm(x):
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)


print(layer_norm(np.array([[1, 3, 1, 3], [10, 30, 10, 30]])).round(2))

# %% [markdown]
# The same: size goes, the pattern stays. (A scale and a shift for each feature,
# learned, begin at 1 and 0.) The whole layer, also called *block*, with one head:

# %%
from scipy.special import erf, softmax


def look(x, w, mask):                                 # x: (tokens, d)
    seen = layer_norm(x)
    q, k, v = (seen @ w[name].T for name in ("query", "key", "value"))
    scores = np.where(mask, q @ k.T / np.sqrt(len(x[0])), -np.inf)
    return x + softmax(scores, axis=1) @ v @ w["output"].T

# %%
def think(x, w):
    wide = layer_norm(x) @ w["expand"].T              # (tokens, 4d)
    gelu = wide * (1 + erf(wide / 2**0.5)) / 2
    return x + gelu @ w["shrink"].T

# %%
import torch

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward

torch.manual_seed(0)
block = Block(MultiHeadAttention(8, 1, bias=False),
              FeedForward(8, 32, "gelu", bias=False),
              norm=lambda: torch.nn.LayerNorm(8)).double()
w = {name.split(".")[1]: weight.detach().numpy()
     for name, weight in block.named_parameters()}

# %%
from lmlab.page import show

x = torch.randn(5, 8).double()                        # five tokens
by_hand = think(look(x.numpy(), w, mask=np.tri(5, dtype=bool)), w)
show.agree(by_hand, block(x, causal=True), 1e-12)

# %% [markdown]
# Count with a pencil: four matrices $d \times d$ for attention, two of
# $d \times 4d$ for the feed-forward: $12d^2$. Biases and norms add $13d$. With $d =
# 768$: 7,087,872.
#
# ## A text to read
#
# Verse has tones, level 平 or oblique 仄 (a character that may be either: 中), and
# rules: in a line the second and the fourth sign oppose each other. A quatrain
# becomes 20 signs:

# %%
from lmlab.page import datasets
from lmlab.text.poems import quatrains, tones

SIGNS, HOLE = {"level": 0, "oblique": 1, "either": 2}, 3


def signs(poems):
    return torch.tensor([[SIGNS[tone] for tone in tones("".join(lines))]
                         for lines in quatrains(poems)])


poems = datasets.tang_five()
training = signs([poem for i, poem in enumerate(poems) if i % 10])
held_out = signs(poems[::10])                         # (2096, 20)
print(*("".join("平仄中"[s] for s in line) for line in held_out[-1].view(4, 5)))

# %% [markdown]
# ## Before a part, or after the sum?
#
# Yours adds $f(\text{norm}(x))$ to $x$: *pre-norm*, as GPT-2 and nearly all since. The
# first Transformer, GPT-1 and BERT take $\text{norm}(x + f(x))$: *post-norm*. With
# pre-norm a plain path of sums leads from the last layer to the first. With
# post-norm, 16 layers put 32 norms into it. If $x$ and $f(x)$ have
# variance 1, their sum has 2, and each norm divides by $\sqrt 2$, gradients too:
# $0.71^{32} = 0.00002$.
#
# > **Predict.** Sixteen layers guess the next sign, with the same rate and first
# > weights. Will post-norm learn as fast, a little later, or hardly at all?

# %%
from lmlab.page import plots

kept = datasets.measured("10_transformer_families")   # longer runs, done once
plots.lines({f"{norm}, seed {seed}": [
    r["score"] for r in kept if [r["model"], r["seed"]] == [norm, seed]]
    for norm in ("post-norm", "pre-norm") for seed in range(3)},
    range(10, 61, 10), xlabel="step", ylabel="loss (nats)",
    title="Sixteen layers deep, post-norm stays on a plateau")

# %% [markdown]
# The plateau, 0.97, is all that knowing how frequent each sign is buys. Pre-norm
# leaves it with each seed, once late; post-norm with none. BERT left
# such plateaus by *warm-up* (lesson 06), which post-norm needs (Xiong et al. 2020).
# What pre-norm buys is *stability* (训练稳定性).
#
# ## Three wirings
#
# An *encoder* (编码器) lets all tokens see all: BERT. A *decoder* (解码器) lets each
# see the past: GPT. Lesson 09 drew their masks. T5 has both: an encoder reads
# the source, a decoder writes the target.
#
# The wiring decides what may be asked. GPT is asked for the next sign, at all 20
# places. BERT sees its own sign; so 15 % are hidden, and only they are asked
# for: a *masked language model*, a kind of *denoising* (去噪).

# %%
import torch.nn.functional as F


def next_loss(gpt, x):                                # asked s1, s2 .. s20
    logits = gpt(F.pad(x, (1, -1), value=HOLE))       # reads 3, s1 .. s19
    return F.cross_entropy(logits.flatten(0, 1), x.flatten())


def masked_loss(bert, x):
    hidden = torch.rand(x.shape) < 0.15
    vectors = bert(x.masked_fill(hidden, HOLE))       # (batch, 20, 48)
    return F.cross_entropy(bert.masked_lm_logits(vectors[hidden]), x[hidden])

# %%
from lmlab.learning.batches import rows
from lmlab.learning.training import train
from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.gpt import GPT, GPTConfig

torch.manual_seed(0)
bert = BERT(BERTConfig(4, 20, d_model=48, n_layers=2))
gpt = GPT(GPTConfig(4, 20, d_model=48, n_layers=2))
for model, loss in ((bert, masked_loss), (gpt, next_loss)):
    train(model, rows(training, 64), steps=300, learning_rate=0.005,
          warmup=30, loss=loss)
    model.requires_grad_(False)

# %% [markdown]
# > **Predict.** Hide one sign of a held-out quatrain. BERT reads the 19 others, GPT
# > those before. Where does BERT win most: early, late, or everywhere alike?

# %%
def bert_chances(x):                                  # (batch, 20, 3)
    return bert.masked_lm_logits(bert(x))[..., :3].softmax(-1)


def gpt_chances(x):
    return gpt(F.pad(x, (1, -1), value=HOLE))[..., :3].softmax(-1)

# %%
def found(chances, i):                                # % right at place i
    hole = held_out[:1000].index_fill(1, torch.tensor(i), HOLE)
    right = chances(hole)[:, i].argmax(-1) == held_out[:1000, i]
    return 100 * right.double().mean().item()


ax = plots.axes("BERT knows the second sign: it sees the fourth",
                "place of the hidden sign", "found (%)")
ax.set_xticks(range(2, 21, 2))
plots.lines({"GPT": [found(gpt_chances, i) for i in range(20)],
             "BERT": [found(bert_chances, i) for i in range(20)]},
            range(1, 21), marks=True, title="", ax=ax)

# %% [markdown]
# At place 2 GPT finds not even 60 %, BERT some 85 %. From place 3 on they are
# close: most of what helps has been read. The dips, first of all where a line
# begins, are signs that the rules leave free.
#
# ## A product of guesses
#
# GPT's guesses multiply to the probability of the whole, the *chain rule* of
# probability (lesson 05 had that of slopes):
# $p(x) = p(x_1)\,p(x_2 \mid x_1)\,p(x_3 \mid x_1, x_2) \cdots$. Who writes so is
# *autoregressive* (自回归). BERT's guesses are given *all* others.
#
# > **Predict.** Of all 81 ways to begin with four signs, take the product of the
# > guesses, and sum. For GPT, and for BERT: below 1, 1, or above?

# %%
from itertools import product

starts = torch.full((81, 20), HOLE)
starts[:, :4] = torch.tensor([*product(range(3), repeat=4)])
for name, chances in {"GPT": gpt_chances, "BERT": bert_chances}.items():
    guesses = [chances(starts.index_fill(1, torch.tensor(i), HOLE))[:, i]
               .gather(1, starts[:, i:i + 1]) for i in range(4)]
    print(f"{name:4} {torch.stack(guesses).prod(0).sum():.1f}")

# %% [markdown]
# With a pencil: if 2 is the opposite of 4, BERT is sure of each given the other,
# for both 平仄 and 仄平: 1 + 1 = 2. GPT: a half each. GPT is a distribution over texts;
# BERT's answers need not fit together.
#
# Which token is then taken is another choice. *Temperature* (温度) divides the
# scores before the softmax: below 1 the likely gain, at 0 the likeliest takes all
# (*greedy*). *Top-k* keeps the $k$ likeliest, *top-p* the fewest that reach $p$
# together. Of five tokens:

# %%
from lmlab.models.sampling import probabilities

scores = torch.tensor([8, 4, 2, 1, 1]).log()          # chances 1/2, 1/4 ...
ways = [("temperature", 1), ("temperature", 0.5), ("temperature", 2),
        ("temperature", 0), ("top_k", 2), ("top_p", 0.8)]
plots.heatmap([probabilities(scores, **{name: x}) for name, x in ways],
              rows=[f"{name} = {x}" for name, x in ways], values=True,
              xlabel="token", title="One distribution, six ways to draw")

# %% [markdown]
# ## Compression is prediction
#
# Cut the line from 0 to 1 by GPT's chances, go into the part of the first sign, cut
# that by the chances of the second ... A text is one interval, as wide as its
# probability; any number in it says the text: *arithmetic coding* (Rissanen 1976).
# Coder and decoder walk the same path; one knows the text, the other the number.
#
# > **Predict.** 平 has chance 1/2, 仄 and 中 1/4 each. How wide is the interval of 平仄?
# > How many bits does a number in it need: 2, 3 or 8?

# %%
from fractions import Fraction


def walk(choose):                                     # 25 quatrains
    low, width, text = Fraction(0), Fraction(1), torch.full((25, 20), HOLE)
    for i in range(20):
        parts = (gpt_chances(text)[:, i] * 2**16).long() + 1   # whole, not 0
        for poem, ends in enumerate(F.pad(parts.cumsum(1), (1, 0)).tolist()):
            ends = [low + width * Fraction(end, ends[3]) for end in ends]
            text[poem, i] = sign = choose(poem, i, ends)
            low, width = ends[sign], ends[sign + 1] - ends[sign]
    return low, width, text

# %%
text = held_out[::84]                                 # 500 signs
low, width, _ = walk(lambda poem, i, ends: text[poem, i])
bits = int(1 / width).bit_length()
number = Fraction(int(low * 2**bits) + 1, 2**bits)    # inside the interval
*_, restored = walk(lambda poem, i, ends: sum(number >= e for e in ends[1:3]))
print(f"{bits / 500:.2f} bits a sign; restored:", torch.equal(restored, text))
print(f"GPT's cross-entropy: {next_loss(gpt, text) / np.log(2):.2f} bits")

# %% [markdown]
# A quarter of a half is 1/8: 3 bits, $-\log_2 p$. The loss *is* the length; without a
# model a sign costs $\log_2 3 = 1.58$ bits. So 将世界知识压缩 ("compress the knowledge
# of the world", a document) is no figure of speech. But the decoder needs GPT's
# weights too. And on a play a small GPT (three seeds, measured) needs 3.3 to 3.4 bits
# a character, zlib 4.4, but LZMA, which finds repeats of the training text, 2.6.
#
# ## T5: text to text
#
# T5 (*text-to-text*, 文本到文本) is first trained on plain text (*pre-trained*, lesson
# 12) to write the *spans* that holes replace (of 平平平仄仄 it reads 平○仄, writes
# 平平仄); then on tasks (*fine-tuned*), all written as text: the first token names the
# task. Our characters are numbers in a poem's order (床前明月光 is 0 to 4); 10 says
# copy (抄), 11 reverse (倒), 12 put into the poem's order (序).
#
# In its decoder a second attention, *cross attention*, takes queries from the
# target, keys and values from the encoder. In training the decoder reads the
# right past: *teacher forcing* (exercises).
#
# > **Predict.** To reverse 床前明月光, where must the decoder look for its first
# > character, and where for its last?

# %%
from lmlab.models.t5 import T5, T5Config


def tasks(x):                                         # (n, 5), numbers 0 .. 9
    source = torch.cat([F.pad(x, (1, 0), value=task) for task in (10, 11, 12)])
    return source, torch.cat([x, x.flip(1), x.sort(1).values])


def task_loss(t5, x):                                 # 13 begins an answer
    source, target = tasks(x)
    logits = t5(source, F.pad(target, (1, -1), value=13))
    return F.cross_entropy(logits.flatten(0, 1), target.flatten())

# %%
torch.manual_seed(3)
t5 = T5(T5Config(14, d_model=48, n_layers=1)).double()
history = train(t5, rows(torch.randint(10, (20000, 5)), 32), steps=400,
                learning_rate=0.005, warmup=40, loss=task_loss)

# %%
looks, cross = [], t5.decoder.blocks[0].cross_attention   # keep its weights
cross.register_forward_pre_hook(lambda _, x: looks.append(cross.weights(*x)))
t5(torch.tensor([[11, 0, 1, 2, 3, 4]]), torch.tensor([[13, 4, 3, 2, 1]]))
plots.heatmap(looks[0].mean((0, 1)).detach(), rows="光月明前床",
              columns="倒床前明月光", xlabel="source (key)",
              ylabel="to write", title="Cross attention reads it backwards")

# %% [markdown]
# Four heads, averaged: the mirrored place (on other seeds in three to five rows).
#
# ## Each family on each task
#
# Trained its own way, at much the same size and steps. To fill a gap, GPT tries all
# three signs and takes the likeliest whole; to go on, BERT has all that follows
# hidden. "By rules" is the share of drawn quatrains that keep them. The *probe* asks
# a linear classifier, from the mean of a quatrain's vectors, whether it does (two
# thirds do). All learn at rate 0.005, strings (last row) at 0.01, the best of four.
#
# > **Predict.** Who fills gaps best, and whose vectors know the rules best?

# %%
def three(model, test):
    of = [r["score"] for r in kept if [r["model"], r["test"]] == [model, test]]
    return f"{min(of):.2f} - {max(of):.2f}"


show.table([(test, *(three(m, test) for m in ("BERT", "GPT", "T5")))
            for test in dict.fromkeys(r["test"] for r in kept[:15])],
           ["least - most of three seeds", "BERT", "GPT", "T5"])

# %% [markdown]
# GPT fills gaps no worse, at three passes for one; BERT goes on worse, and its
# vectors say more: GPT's are trained for the next sign. BERT turns strings
# most reliably, all five places at once. On signs T5 learns only how frequent they
# are, at four rates; why, these runs do not show.
#
# ## What a second network costs
#
# A T5 of 12 + 12 layers has $12 \cdot 12d^2$ in the encoder and $12 \cdot 16d^2$ in
# the decoder, with its two attentions: $336d^2$, like a GPT of 28 layers.
#
# > **Predict.** 512 tokens in, 512 out. Does T5 need more multiplications than
# > that GPT, as many, or half?

# %%
n, d = 512, 768
t5_work = n * 336 * d**2 + (12 + 24) * 2 * n**2 * d   # matrices, tables
gpt_work = 2 * n * 336 * d**2 + 28 * 2 * (2 * n)**2 * d
print(f"T5 {t5_work:.3g}, GPT {gpt_work:.3g}: ratio {t5_work / gpt_work:.2f}")

# %% [markdown]
# Half: each token meets one side's weights (Raffel et al. 2020, section 3.2.2).
#
# ## Every size, counted
#
# From the shapes alone, beside what the papers print:

# %%
names = [n for n in SHAPES if n.startswith(("BERT", "GPT", "T5", "Pa", "ER"))]
paper = [110, 340, 117, 117, 345, 762, 1542, 125, 350, 760, 1300, 2700, 6700,
         13000, 175000, 60, 220, 770, 2800, 11000, 8630, 62500, 540350, 260000]
counts = [count_parameters(SHAPES[name]) for name in names]
show.table([(name, f"{n:,}", f"{m:,}", f"{n / m / 1e4 - 100:+.1f} %")
            for name, n, m in zip(names, counts, paper, strict=True)],
           ["model", "counted", "printed (millions)", "off by"])

# %% [markdown]
# - **GPT-2**'s paper misprints its sizes; OpenAI's README says 124, 355, 774, 1,558.
# - **GPT-3**, table 2.1: XL has 24 heads of 128 for $d = 2048$ (we count 16), 13B
#   40 of 128 for $d = 5140$: neither multiplies out.
# - **BERT**: a document's 3.3 亿 参数的 BERT (330 million) is nearer than the paper.
# - **T5** begins at 60 million and was pre-trained on English; 从几十亿到几千亿 ("billions to
#   hundreds of billions") and 支持多语言交互 ("multilingual", lesson 07) fit it badly.
# - **ERNIE 3.0 Titan**, by Baidu *and* Peng Cheng Laboratory, without its two small
#   task networks: its feed-forward is $16d$ wide. From June 2023 文心一言 (ERNIE
#   Bot), in a document its use, ran on ERNIE 3.5.
#
# Tests compare our models, with the same weights, with those of `transformers`.

# %% [markdown]
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 编码器-解码器架构 ... 需要更多的计算资源和训练时间 ("more compute and time to train") | **wrong** as a rule | half, at equal parameters |
# | T5 是 Google 开发的最新语言模型 ... 不是针对 BERT 等特定任务进行微调 ("the latest"; "not fine-tuned") | **wrong** | of 2019, PaLM came in 2022; it is fine-tuned, the *form* is one (Raffel et al. 2020) |
# | 根据谷歌的说法, BERT 在 ... 问答, 翻译 ... 优于 ("according to Google, BERT beats [RNNs] at ... translation") | **doubtful** | its paper tests GLUE, SQuAD, SWAG, names of people and places: no translation |
# | 其中BERT最有名的落地项目是谷歌的AlphaGo ("BERT's best-known use is AlphaGo") | **wrong** | 2016, a convolutional net with tree search (Silver et al. 2016; lesson 22); BERT is of 2018 |
# | 当前几乎所有参数规模超过千亿的大型语言模型都采取GPT模式 ("nearly all above 100 billion are GPTs") | **doubtful** | most; but Switch-C (1,571 billion) is a T5, GLM-130B fills blanks, ERNIE 3.0 Titan does both |
# | 自回归基础模型: ... 每一个元素都是基于前面所有已生成元素的函数 ("each element a function of all before") | **right** | the chain rule |

# %% [markdown]
# ## Check yourself
#
# 1. Why is BERT not asked for tokens that it sees?
# 2. Which two matrices of a layer are the largest?
# 3. A model gives each of 100 characters 3 bits. How long is their number?
#
# <details><summary>Answers</summary>
#
# 1. The answer would be a copy of the input.
# 2. The feed-forward's, $4d^2$ each; attention has four of $d^2$.
# 3. 300 bits, or one more.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the second sign, the two sums, the restored text (ask first: how many
# bits?). *Point at* place 2. *A common misunderstanding*: that BERT cannot write,
# nor GPT fill gaps. Both can, at a price.
#
# </details>

# %% [markdown]
# **What this left out**: next-sentence prediction; how BERT garbles some of what
# it asks for (exercises).
#
# **Where it goes next**: [the exercises](../exercises/10_transformer_families.ipynb);
# [lesson 11](11_modern_decoder.ipynb) changes this layer part by part.
#
# **Read on** (numbers are those of arXiv)
# - Vaswani et al., *Attention Is All You Need*, 2017, 1706.03762
# - Radford et al., *Improving Language Understanding by Generative Pre-Training*,
#   2018: *GPT* became Generative *Pre-trained* Transformer, not Pre-training
# - Devlin et al., *BERT*, 2019, 1810.04805
# - Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019
# - Raffel et al., *Exploring the Limits of Transfer Learning*, 2020, 1910.10683
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Xiong et al., *On Layer Normalization*, 2020, 2002.04745
# - Chowdhery et al., *PaLM*, 2022, 2204.02311
# - Wang et al., *ERNIE 3.0 Titan*, 2021, 2112.12731
# - Fedus et al., *Switch Transformers*, 2021, 2101.03961
# - Zeng et al., *GLM-130B*, 2022, 2210.02414
# - Rissanen, *Generalized Kraft Inequality and Arithmetic Coding*, 1976
