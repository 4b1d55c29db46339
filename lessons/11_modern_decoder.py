# %% [markdown]
# # What did LLaMA, Qwen, GLM and Baichuan change?
#
# Five parts of GPT-2, each for a plainer or a thriftier one.
#
# **You will** swap the parts one at a time and measure what each buys, store
# weights in 4 bits, count a whole family to the last parameter.
#
# **You need** lessons 09 and 10: attention, and the block around it.
#
# **Time** 45 minutes to read, 40 seconds to run
#
# ## Spot the differences
#
# A block of GPT-2 (2019), then one of LLaMA (2023). Four differences show.

# %%
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.page import plots, show

gpt = GPT(GPTConfig(63, 64, d_model=48, n_layers=2))
llama = LLaMA(LLaMAConfig(63, 512, 48, 2, n_kv_heads=2, tied=True))
print(gpt.blocks[0], llama.blocks[0], sep="\n")

# %% [markdown]
# Another norm; a third matrix in the feed-forward; fewer keys and values; no biases.
# The fifth cannot be seen: how a block knows places. One after the other, each as a
# function that swaps it; then all are trained.
#
# ## Divide, do not centre
#
# Before attention or feed-forward reads a token, its numbers are brought to one
# size: *normalisation* (归一化). LayerNorm subtracts their mean, then divides by
# their standard deviation. *RMSNorm* (Zhang and Sennrich 2019) only divides, by
# the root of the mean square: $\text{rms}(x) = \sqrt{\tfrac1d \sum x_i^2}$.
#
# > **Predict.** Take [1, 7]: its mean is 4, its rms 5. What does each norm make of
# > it, of [11, 17] (shifted), of [10, 70] (ten times)? What can only one forget?

# %%
import numpy as np


def rms_norm(x):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True))


for x in np.array([[1, 7], [11, 17], [10, 70]]):
    print(x, "LayerNorm", (x - x.mean()) / x.std(), "RMSNorm", rms_norm(x).round(2))

# %% [markdown]
# Both forget a vector's length; LayerNorm alone forgets a shift. Neither
# *regularises* (正则化): nothing is punished, as by weight decay (lesson 06).
# Both multiply by a learned scale afterwards, 1 at first.

# %%
import torch
from torch import nn

torch.manual_seed(0)
x = torch.randn(5, 48)                                # five tokens
show.agree(rms_norm(x.numpy()), nn.RMSNorm(48)(x), 1e-5)


def use_rms_norm(model):
    model.norm = nn.RMSNorm(48, 1e-6)                 # added under the root
    for block in model.blocks:
        block.attention_norm = nn.RMSNorm(48, 1e-6)
        block.feed_forward_norm = nn.RMSNorm(48, 1e-6)

# %% [markdown]
# ## A gate in the feed-forward
#
# GPT-2's feed-forward widens a token to $4d$ numbers, bends them (GELU) and narrows
# them again: two matrices. *SwiGLU* (Shazeer 2020) has a third, the *gate* $G$, which
# says how much of the widened token comes through:
#
# $$W_2\,\big(\text{silu}(G x) \odot W_1 x\big), \qquad
# \text{silu}(z) = z / (1 + e^{-z}).$$
#
# $\odot$ multiplies number by number.
#
# > **Predict.** A number of $W_1x$ is 3, its gate −4, 0 or 4: what comes through? And
# > if three matrices are $4d$ wide, does the feed-forward cost 0, 33 or 50 % more?

# %%
def silu(z):
    return z / (1 + np.exp(-z))


print("through:", (silu(np.array([-4, 0, 4])) * 3).round(2))
d = 4096                                              # LLaMA-7B
for n, width in ((2, 4 * d), (3, 4 * d), (3, 11008)):
    print(f"{n} matrices of {d} x {width}: {n * width * d / 1e6:.1f} million")

# %% [markdown]
# Shut, shut, open (and a little below zero). At equal width, half as much again. So
# Shazeer cuts the width to two thirds, $\tfrac83 d$; LLaMA rounds that up to a
# multiple of 256.

# %%
from lmlab.models.blocks import SwiGLU, initialise

layer = SwiGLU(48, 128)
G, W1, W2 = (weight.detach().numpy() for weight in layer.parameters())
show.agree((silu(x.numpy() @ G.T) * (x.numpy() @ W1.T)) @ W2.T, layer(x), 1e-5)


def use_swiglu(model):
    for block in model.blocks:
        block.feed_forward = SwiGLU(48, 128)          # 128 = 8/3 of 48

# %% [markdown]
# ## Turn, do not add
#
# GPT-2 adds a learned vector for the place, once, at the bottom. *RoPE* (rotary
# position embedding, 旋转位置编码; Su et al. 2021) multiplies instead, in every layer,
# and only queries and keys. Two features are a point in the plane, so a complex
# number; times $e^{i\varphi}$ it turns by the angle $\varphi$: its place times a speed.
#
# > **Predict.** Speed 0.5. A query stands at 7 and a key at 5; then at 27 and 25;
# > then at 5 and 7. Which of the three scores are equal?

# %%
def turned(pair, place, speed=0.5):
    return pair * np.exp(1j * speed * place)


def score(m, n):                                      # (2, 1) · (1, 1), turned
    return (turned(2 + 1j, m) * np.conj(turned(1 + 1j, n))).real


print(score(7, 5).round(3), score(27, 25).round(3), score(5, 7).round(3))

# %% [markdown]
# The first two. Turn both by one angle, and the angle between them stays: only
# $m - n$ counts, sign and all. For every pair of places:

# %%
places = np.arange(12)
plots.heatmap(score(places[:, None], places),
              xlabel="place of the key", ylabel="place of the query",
              title="Along each diagonal the score is the same")

# %% [markdown]
# A head of 12 features has six pairs. Each turns at its own speed, $10000^{-2i/12}$ for
# $i = 0$ to 5: like a clock's hands, fast ones for neighbours, slow ones for far words.

# %%
from lmlab.models.positions import rope, rope_turns

pairs = np.random.default_rng(0).normal(size=(16, 12)).view(complex)   # (16, 6)
by_hand = turned(pairs, np.arange(16)[:, None], 10000 ** -(np.arange(6) / 6))
show.agree(by_hand.view(float), rope(torch.tensor(pairs.view(float))), 1e-12)


def use_rope(model):
    model.places = None
    for block in model.blocks:
        block.attention.rope = True

# %% [markdown]
# ## Share keys and values
#
# A model that writes keeps the keys and values of all tokens so far: the *KV
# cache*. In *grouped-query attention* (GQA, 分组查询注意力; Ainslie et al. 2023)
# neighbouring query heads share one head of keys and values; with one for all it is
# multi-query attention (Shazeer 2019).

# %%
from lmlab.models.attention import MultiHeadAttention


def share_heads(model):                               # 4 for queries, 2 to share
    for block in model.blocks:
        block.attention = MultiHeadAttention(48, 4, False, rope=True, n_kv_heads=2)
        initialise(block.attention)                   # as GPT-2 begins

# %% [markdown]
# > **Predict.** LLaMA-2 70B: 80 layers, 64 query heads of 128, and 8 heads of keys and
# > values in place of 64. At 2 bytes a number, how many bytes of cache does a token
# > need? Which part of the multiplications goes: seven eighths, a half, an eighth?

# %%
from dataclasses import replace

from lmlab.models.counting import active_parameters, count_parameters
from lmlab.models.shapes import SHAPES


def cache_bytes(config):                              # of one token
    n_layers, n_kv_heads, d_head = config.cache_shape
    return 2 * n_layers * n_kv_heads * d_head * 2     # keys and values


for n in (64, 8, 1):
    c = replace(SHAPES["LLaMA-2 70B"], n_kv_heads=n)
    print(f"{n:2}: {cache_bytes(c):9,} bytes, {count_parameters(c):,} weights")

# %% [markdown]
# Eight times fewer bytes; of the multiplications, one a weight for each token, an
# eighth is gone. What is saved is memory, and the time to fetch it.
#
# ## All five, trained
#
# Seven plays of Shakespeare, letter by letter. Each model starts from one seed and
# sees the same 250 batches; the swaps add up, and the last drops the biases as well.
#
# > **Predict.** At this size one swap gains more than all others together. Which?

# %%
from lmlab.learning.batches import windows
from lmlab.learning.training import mean_loss, train
from lmlab.page import datasets
from lmlab.text.tokenizers import Characters

text = datasets.shakespeare7()
ids = torch.tensor(Characters(text).encode(text))     # 63 different letters
batches = windows(ids[:-61440], batch=16, length=64)
held_out = ids[-61440:].view(10, 96, 64)              # the end of the last play

# %%
swaps = [use_rms_norm, use_swiglu, use_rope, share_heads]
for n in range(5):
    torch.manual_seed(0)
    model = GPT(GPTConfig(63, 64, d_model=48, n_layers=2))
    for swap in swaps[:n]:
        swap(model)
    train(model, batches, steps=250, learning_rate=0.005, warmup=20)
    loss = mean_loss(model, held_out)                 # nats a letter
    print(f"{'+ ' + swap.__name__ if n else 'GPT-2':14} {loss:.2f}")

# %% [markdown]
# One run is luck. Three seeds with twice as many steps were measured beforehand, and
# two models more:

# %%
rows = [row for row in datasets.measured("11_modern_decoder") if row["steps"] == 500]
losses = np.reshape([row["loss"] for row in rows], (3, -1))   # (seeds, models)
gains = losses[:, :1] - losses
plots.bars([row["model"] for row in rows[:8]], gains.mean(axis=0),
           errors=np.ptp(gains, axis=0) / 2, horizontal=True,
           ylabel="gain over GPT-2, nats a letter (3 seeds)",
           title="Of the swaps, RoPE alone gains much")

# %% [markdown]
# @CHART@
#
# The five swaps make a LLaMA: the package's own takes the trained weights and
# gives the same scores. Without helpers it is six lines:

# %%
def decoder(model, ids, squeeze=1):                   # squeeze: see below
    turns = rope_turns(torch.arange(ids.shape[1]) / squeeze, 12)
    x = model.tokens(ids)                             # (batch, n, d_model)
    for block in model.blocks:
        x = block(x, causal=True, turns=turns)
    return nn.functional.linear(model.norm(x), model.tokens.weight)


llama.load_state_dict(model.state_dict() | {"vocabulary.weight": model.tokens.weight})
show.agree(decoder(model, held_out[0]), llama(held_out[0]), 1e-3)

# %% [markdown]
# ## Longer than it was trained
#
# The model has seen windows of 64 letters. RoPE has no table that ends there: it turns
# on. To *interpolate* (Chen et al. 2023) is to squeeze 512 places into the trained 64.
# *ALiBi* (Press et al. 2022; in Baichuan-13B) does not turn: it lowers each score by a
# slope times the distance, with four heads 1/4, 1/16, 1/64 and 1/256. A key 8 places
# back loses 2 in the first head, 1/32 in the last.
#
# > **Predict.** Letters 65 to 512: which of the three gets worse, which stays level?

# %%
torch.manual_seed(0)
alibi = LLaMA(replace(llama.config, alibi=True))
use_swiglu(alibi)                                     # begun alike
train(alibi, batches, steps=250, learning_rate=0.005, warmup=20)


@torch.no_grad()
def loss_by_place(model):                             # means of 32 places
    far = ids[-15360:].view(30, 512)                  # held out, too
    loss = nn.CrossEntropyLoss(reduction="none")(model(far).mT[..., :-1], far[:, 1:])
    return loss.mean(dim=0)[:480].view(15, 32).mean(dim=1)

# %%
plots.lines({"RoPE": loss_by_place(llama), "ALiBi": loss_by_place(alibi),
             "RoPE, squeezed": loss_by_place(lambda x: decoder(llama, x, 8))},
            range(32, 481, 32), xlabel="up to this place (trained: 64)",
            ylabel="loss, nats a letter",
            title="Past the trained length RoPE loses, ALiBi does not")

# %% [markdown]
# @LENGTH@
#
# ## A mixture of experts
#
# A *dense* model uses every weight for every token. In a *mixture of experts* (MoE,
# 混合专家) a layer has many feed-forwards, and a *router* asks a few of them: softmax
# over scores, then the answers of the best, weighted.
#
# > **Predict.** Four experts would answer 10, 20, 30, 40; the router scores them
# > 2, 1, 0, −1, and asks two. Is their weighted sum nearer 11, 13 or 15?

# %%
from scipy.special import softmax

chance, answers = softmax([2, 1, 0, -1]), np.array([10, 20, 30, 40])
asked = np.argsort(-chance)[:2]
print(chance.round(2), (chance * answers)[asked].sum().round(1))
c = SHAPES["Qwen2-57B-A14B"]                          # 64 experts, 8 asked
print(f"{count_parameters(c):,} in all, {active_parameters(c):,} active")

# %% [markdown]
# Nearer 11: the two chances sum to 0.88. Qwen2-57B-A14B stores 57 billion weights and
# uses 14 for a token. If its router came to like one expert alone, the others would
# learn nothing. Hence the *balance loss* $n\sum_i f_i P_i$ (Fedus et al. 2022): $f_i$
# is the share of tokens that expert $i$ gets, $P_i$ its mean chance.

# %%
print("even:", 4 * np.dot([0.25] * 4, [0.25] * 4))
print("one takes all:", 4 * np.dot([1, 0, 0, 0], [0.7, 0.1, 0.1, 0.1]))

# %% [markdown]
# 1 when all share alike, more when one takes all; the exercise trains a router with it.
# @MOE@
#
# ## Four bits
#
# Answering needs fewer digits than training. *Quantisation* (量化) stores whole numbers:
# the largest weight of a group becomes 7 (in 4 bits; 127 in 8), and the group
# shares one scale.
#
# > **Predict.** A row [0.75, −0.4, 0.1, −1.75]: which scale, which four numbers, and
# > which weight is lost?

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

for bits in (8, 4, 3, 2):
    small, moved = deepcopy(llama), []
    for weight in small.blocks.parameters():
        if weight.ndim == 2:                          # the matrices
            old, (codes, scale) = weight.data, stored(weight.detach().numpy(), bits)
            weight.data = torch.tensor(codes * scale)
            moved.append((weight.data - old).norm() / old.norm())
    print(f"{bits} bits: weights moved by {np.mean(moved):5.1%}, held-out loss "
          f"{mean_loss(small, held_out):.2f}")

# %% [markdown]
# @BITS@
#
# ## The family, counted
#
# Most open models since 2023 are settings of one class. *Heads*: of queries and of
# keys; *cache*: thousand bytes a token; *share*: of the tables of tokens.

# %%
base = SHAPES["LLaMA-1 7B"]
family = {name: c for name, c in SHAPES.items() if isinstance(c, LLaMAConfig)}
family["Qwen-7B, Qwen1.5-7B"] = replace(base, vocab_size=151936, qkv_bias=True)
rows = []
for name, c in family.items():
    total, tables = count_parameters(c), c.vocab_size * c.d_model * (2 - c.tied)
    other = [f"{key} {value}" for key, value in list(vars(c).items())[8:]
             if value != getattr(base, key)]          # what follows the widths
    rows.append([name, f"{total:,}", f"{c.n_layers} × {c.d_model}",
                 f"{c.n_heads}, {c.cache_shape[1]}", f"{cache_bytes(c) / 1000:,.0f}",
                 f"{c.vocab_size:,}", f"{tables / total:.0%}", ", ".join(other)])
show.table(rows, ["model", "parameters", "layers × width", "heads", "cache",
                  "vocabulary", "share", "settings unlike LLaMA-1 7B"])

# %% [markdown]
# @FAMILY@

# %%
for name, tokens in (("GPT-3 175B", 3e11), ("LLaMA-1 13B", 1e12)):
    n = count_parameters(SHAPES[name])
    loss = 1.69 + 406.4 / n**0.34 + 410.7 / tokens**0.28
    print(f"{name}: {loss:.2f} nats, {6 * n * tokens:.1e} FLOPs to train")

# %% [markdown]
# @LAW@

# %% tags=["nbval-ignore-output"]
from lmlab.models import smollm2

try:
    for question in ("What is the capital of France?", "Who wrote Hamlet?"):
        print(smollm2.ask(question))
except ModuleNotFoundError as missing:
    print(missing)
