# %% [markdown]
# # Why are BERT, GPT and T5 the same parts wired three ways?
#
# Who may see whom, and what is hidden in training, make three families of one
# layer.
#
# **You will** build that layer, train three families on the same poems, and
# press a text into a model's surprise.
#
# **You need** lessons 06 to 09: training, tokens, attention.
#
# **Time** 50 minutes to read, 60 seconds to run
#
# ## Twelve layers, four names

# %%
from lmlab.models.counting import count_parameters
from lmlab.models.shapes import SHAPES

for name in ("BERT-base", "GPT-1", "GPT-2 small", "GPT-3 Small"):
    total = count_parameters(SHAPES[name])
    print(f"{name:11} {total:,} = twelve times 7,087,872 "
          f"+ {total - 12 * 7087872:,} in tables")

# %% [markdown]
# A Google model of 2018 that fills gaps, three of OpenAI's that go on: the same
# twelve layers, number for number. What differs are the tables of tokens and
# places, and how the layers are wired. All come from the *Transformer* of June
# 2017 (Vaswani et al.).
#
# ## One layer, opened
#
# Attention lets tokens look at each other. The *feed-forward* (前馈网络) then lets
# each think alone: widen by four, bend (GELU), shrink. Each part *adds* what it
# found to what was there, $x + f(x)$: a *residual* (残差). And each reads a
# normalised copy. *LayerNorm* (层归一化) takes off a token's mean, divides by its
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
# The same: size is gone, pattern stays. (A scale and a shift for each feature,
# learned, begin at 1 and 0.) Now the whole layer, one head, weights by name:

# %%
from scipy.special import erf, softmax


def layer(x, w, mask):                                # x: (tokens, d)
    seen = layer_norm(x)
    query, key, value = (seen @ w[name].T for name in ("query", "key", "value"))
    scores = np.where(mask, query @ key.T / np.sqrt(len(x[0])), -np.inf)
    x = x + softmax(scores, axis=1) @ value @ w["output"].T       # look
    wide = layer_norm(x) @ w["expand"].T                          # (tokens, 4 d)
    gelu = wide * (1 + erf(wide / np.sqrt(2))) / 2
    return x + gelu @ w["shrink"].T                               # think

# %%
import torch
from torch import nn

from lmlab.models.attention import MultiHeadAttention, causal_mask
from lmlab.models.blocks import Block, FeedForward
from lmlab.page import show

torch.manual_seed(0)
block = Block(MultiHeadAttention(8, 1, bias=False),
              FeedForward(8, 32, "gelu", bias=False),
              norm=lambda: nn.LayerNorm(8)).double()
x = torch.randn(5, 8, dtype=torch.float64)            # five tokens
w = {name.split(".")[1]: p.detach().numpy()
     for name, p in block.named_parameters() if p.ndim == 2}
by_hand = layer(x.numpy(), w, causal_mask(5).numpy())
show.agree(by_hand, block(x, causal=True), 1e-12)

# %%
show.source(Block.forward)

# %% [markdown]
# Count with a pencil: four matrices $d \times d$ for attention, two of
# $d \times 4d$ for the feed-forward: $12d^2$. Biases and norms add $13d$. With $d =
# 768$ that is 7,087,872.
#
# ## What they will read
#
# Chinese verse has tones, level 平 or oblique 仄 (a character that may be either:
# 中), and rules for them: in a line the second and the fourth oppose each other.
# So a quatrain of five-character lines becomes 20 signs:

# %%
from lmlab.page import datasets
from lmlab.text.poems import quatrains, tonal, tones

SIGNS, HOLE = {"level": 0, "oblique": 1, "either": 2}, 3


def signs_of(poems):
    return torch.tensor([[SIGNS[tone] for tone in tones("".join(lines))]
                         for lines in quatrains(poems)])


poems = datasets.tang_five()
held_out = signs_of(poems[::10])                      # (2089, 20)
training = signs_of([p for i, p in enumerate(poems) if i % 10])
print(*("".join("平仄中"[s] for s in line) for line in held_out[0].view(4, 5)))

# %% [markdown]
# ## Before a part, or after the sum?
#
# The source shows two orders. The first Transformer, GPT-1 and BERT normalise
# the sum (*post-norm*); GPT-2 and nearly all since, what a part reads
# (*pre-norm*). With pre-norm a plain path of sums leads from the last layer to
# the first. With post-norm 32 norms stand in it, in 16 layers. If $x$ and $f(x)$
# have variance 1, their sum has 2, and each norm divides by $\sqrt 2$, gradients
# too: $0.71^{32} = 0.00002$.
#
# > **Predict.** Sixteen layers, the same rate and first weights, 60 steps on the
# > signs. Will post-norm learn as fast, a little later, or hardly at all?

# %%
import torch.nn.functional as F

from lmlab.learning.batches import rows
from lmlab.learning.training import train
from lmlab.models.gpt import GPT, GPTConfig


def shift(x):                                         # a 3, then all but the last
    return F.pad(x, (1, -1), value=HOLE)


def next_loss(model, x):                              # each from those before it
    return F.cross_entropy(model(shift(x)).flatten(0, 1), x.flatten())

# %%
from lmlab.page import plots


def deep(norm_first):
    torch.manual_seed(0)
    model = GPT(GPTConfig(4, 20, 32, n_layers=16, n_heads=2,
                          norm_first=norm_first))
    for part in model.modules():
        if isinstance(part, nn.Linear):
            part.reset_parameters()                   # as torch draws them
    return train(model, rows(training, 16), steps=60, learning_rate=0.002,
                 loss=next_loss).loss


plots.loss_curve({"post-norm": deep(False), "pre-norm": deep(True)},
                 title="Sixteen layers deep, post-norm stays on a plateau")

# %% [markdown]
# Post-norm stays near 0.97: what you get for knowing how frequent each sign is.
# Two more seeds agree (a table below). It can be trained, with a *warm-up*
# (lesson 06), as BERT was, or smaller first weights. Pre-norm buys *stability*
# (训练稳定性).
#
# ## Three wirings
#
# An *encoder* (编码器) lets all tokens see all: BERT. A *decoder* (解码器) lets each
# see the past: GPT. T5 has both: an encoder reads the source, a decoder writes
# the target; in its layers a second attention, *cross attention*, takes
# queries from the target, keys and values from the encoder's output.
#
# Do not trust the names: change one input, and see which outputs move.
#
# > **Predict.** T5 has read five tokens and written five. Change the second
# > *written* one. How many of the ten outputs move: four, five or nine?

# %%
from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.t5 import T5, T5Config

torch.manual_seed(0)
bert = BERT(BERTConfig(4, 20, d_model=48, n_layers=2, n_heads=4))
gpt = GPT(GPTConfig(4, 20, d_model=48, n_layers=2, n_heads=4))
t5 = T5(T5Config(4, d_model=48, n_layers=1, n_heads=4))
for model in (bert, gpt, t5):
    print(type(model).__name__, *(name for name, _ in model.named_children()))

# %%
def t5_reads(x):                                      # five read, five written
    memory = t5.encode(x[:, :5])
    return torch.hstack([memory, t5.decode(x[:, 5:], memory)])


def moved(read, x):                                   # (outputs, inputs)
    changed = [x.index_fill(1, torch.tensor(j), HOLE) for j in range(10)]
    return torch.stack([(read(c) - read(x)).abs().amax(-1)[0] > 1e-6
                        for c in changed], dim=1)

# %%
axes = plots.axes(["BERT: each moves all", "GPT: the past moves the future",
                   "T5: read, then written"], "changed input", "output",
                  n=3, width=10, height=3.6)
for ax, read in zip(axes, (bert, gpt.hidden, t5_reads)):
    plots.heatmap(moved(read, held_out[:1, :10]), title="", ax=ax, vmin=0,
                  vmax=1)

# %% [markdown]
# Dark: it moves. Four: those written from the second on. What T5 reads moves all;
# what it writes moves nothing it read.
#
# ## What is hidden
#
# BERT cannot be asked for a token that it sees. So 15 % are hidden and asked for:
# a *masked language model*, a kind of *denoising* (去噪). GPT is asked at all 20
# places, BERT at three: 15 % of the signal.

# %%
def masked_loss(model, x):
    hidden = torch.rand(x.shape) < 0.15
    vectors = model(x.masked_fill(hidden, HOLE))      # (batch, 20, 48)
    return F.cross_entropy(model.masked_lm_logits(vectors[hidden]), x[hidden])


for model, loss in ((bert, masked_loss), (gpt, next_loss)):
    train(model, rows(training, 64), steps=300, learning_rate=0.005,
          warmup=30, loss=loss)
    model.eval().requires_grad_(False)

# %% [markdown]
# > **Predict.** Hide one sign of a held-out quatrain. BERT reads the 19 others, GPT
# > those before. Where does BERT win most: early, late, or everywhere alike?

# %%
def bert_chances(x):                                  # (batch, 20, 3)
    return bert.masked_lm_logits(bert(x))[..., :3].softmax(-1)


def gpt_chances(x):
    return gpt(shift(x))[..., :3].softmax(-1)


def found(chances, i):                                # % right at place i
    hole = held_out.index_fill(1, torch.tensor(i), HOLE)
    right = chances(hole)[:, i].argmax(-1) == held_out[:, i]
    return 100 * right.double().mean().item()

# %%
plots.lines({"GPT": [found(gpt_chances, i) for i in range(20)],
             "BERT": [found(bert_chances, i) for i in range(20)]},
            range(1, 21), marks=True, xlabel="place of the hidden sign",
            ylabel="found (%)",
            title="BERT knows the second sign: it sees the fourth")

# %% [markdown]
# At place 2 GPT finds some 57 %, BERT 85 %. From place 3 on they are close: most
# of what helps has been read.
#
# ## A product of guesses
#
# GPT's guesses multiply to the probability of the whole, the *chain rule*:
# $p(x) = p(x_1)\,p(x_2 \mid x_1)\,p(x_3 \mid x_1, x_2) \cdots$. Who writes so is
# *autoregressive* (自回归). BERT's guesses are given *all* others.
#
# > **Predict.** Of all 81 ways to begin with four signs, take the product of the
# > guesses, and sum. What is it for GPT, what for BERT: below 1, 1, or above?

# %%
from itertools import product

starts = torch.full((81, 20), HOLE)
starts[:, :4] = torch.tensor([*product(range(3), repeat=4)])


def total(chances):                                   # BERT's hole hides sign i
    guesses = [chances(starts.index_fill(1, torch.tensor(i), HOLE))[:, i]
               .gather(1, starts[:, i:i + 1]) for i in range(4)]
    return torch.stack(guesses).prod(0).sum().item()


print(f"GPT {total(gpt_chances):.4f}, BERT {total(bert_chances):.1f}")

# %% [markdown]
# With a pencil: if 2 is always the opposite of 4, BERT is sure of each given the
# other, for both 平仄 and 仄平: 1 + 1 = 2. GPT: a half each. GPT is a distribution over
# texts; BERT is many good answers that need not fit each other.
#
# Still, hide all that follows, and BERT can write, too. And average its vectors
# over a quatrain: can a linear *probe* read there whether the rules are kept?

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def keeps(x):                                         # are the rules kept?
    return [tonal(["".join("平仄中"[s] for s in line) for line in poem])
            for poem in x.view(-1, 4, 5).tolist()]


def write(chances, n=500):
    x = torch.full((n, 20), HOLE)
    for i in range(20):
        x[:, i] = chances(x)[:, i].multinomial(1)[:, 0]
    return 100 * np.mean(keeps(x))


def probe(read):                                      # 3,000 to learn from
    reader = make_pipeline(StandardScaler(), LogisticRegression(max_iter=999))
    reader.fit(read(training[:3000]).mean(1), keeps(training[:3000]))
    return 100 * reader.score(read(held_out).mean(1), keeps(held_out))

# %%
yes = 100 * np.mean(keeps(held_out))
axes = plots.axes(["Both write by the rules", "BERT's vectors say more"], n=2,
                  width=10, height=3.8)
plots.bars(["poets", "GPT", "BERT"],
           [yes, write(gpt_chances), write(bert_chances)], title="",
           ylabel="quatrains by the rules (%)", ax=axes[0])
plots.bars(["always yes", "GPT", "BERT"], [yes, probe(gpt.hidden), probe(bert)],
           title="", ylabel="probe is right (%)", ax=axes[1])
for ax in axes:
    ax.set_ylim(0, 100)

# %% [markdown]
# ## From guesses to a text
#
# Which token is taken is a choice of its own. Here is what followed 明 (bright) in
# the poems, 月 (moon) most often, and five ways to draw: *temperature* (温度) divides
# the scores before softmax, 0 is greedy; *top-k* keeps the $k$ likeliest, *top-p*
# the fewest that together reach $p$.

# %%
from collections import Counter

from lmlab.models.sampling import probabilities

after = Counter(line[i + 1] for poem in poems for line in poem.lines
                for i in range(4) if line[i] == "明").most_common()
logits = torch.tensor([float(n) for _, n in after]).log()
ways = {"as counted": {}, "temperature 0.5": {"temperature": 0.5},
        "temperature 2": {"temperature": 2}, "greedy": {"temperature": 0},
        "top-k, k = 3": {"top_k": 3}, "top-p, p = 0.6": {"top_p": 0.6}}
plots.heatmap([probabilities(logits, **way)[:8] for way in ways.values()],
              rows=list(ways), columns=[c for c, _ in after[:8]], values=True,
              xlabel="next character (the 8 most frequent)",
              title="One distribution, six ways to draw from it")

# %% [markdown]
# ## Compression is prediction
#
# Cut the line from 0 to 1 by GPT's chances; go into the part of the first sign; cut
# that by the chances of the second ... A text becomes one interval, as wide as
# its probability, and any number in it says the text: *arithmetic coding* (Rissanen
# 1976).
#
# > **Predict.** 平 has chance 1/2, 仄 and 中 1/4 each. How wide is the interval of 平仄?
# > How many bits does a number in it need: 2, 3 or 8?
#
# A half of a quarter: 1/8, 3 bits, which is $-\log_2 p$. Coder and decoder walk
# the same path; one knows the text, the other the number.

# %%
from fractions import Fraction


def walk(choose):
    low, width, written = Fraction(0), Fraction(1), torch.full((25, 20), HOLE)
    for i in range(20):
        parts = (gpt_chances(written)[:, i] * 2**16).long() + 1
        for poem, ends in enumerate(F.pad(parts.cumsum(1), (1, 0)).tolist()):
            ends = [low + width * Fraction(end, ends[3]) for end in ends]
            sign = choose(poem, i, ends)
            low, width = ends[sign], ends[sign + 1] - ends[sign]
            written[poem, i] = sign
    return low, width, written

# %%
import lzma
import math
import zlib

text = held_out[:25]                                  # 500 signs
low, width, _ = walk(lambda poem, i, ends: text[poem, i])
bits = math.ceil(1 / width).bit_length()
number = Fraction(math.ceil(low * 2**bits), 2**bits)  # inside the interval
*_, restored = walk(lambda poem, i, ends: sum(number >= e for e in ends[1:3]))
print("restored exactly:", torch.equal(restored, text))

# %%
raw, book = (bytes(x.flatten().tolist()) for x in (text, training))
after_book = len(lzma.compress(book + raw)) - len(lzma.compress(book))
cross_entropy = next_loss(gpt, text).item() / math.log(2)
for name, n in {"GPT's cross-entropy": 500 * cross_entropy, "GPT's number": bits,
                "LZMA after the training text": 8 * after_book,
                "zlib": 8 * len(zlib.compress(raw, 9))}.items():
    print(f"{n / 500:.2f} bits a sign: {name}")

# %% [markdown]
# The loss *is* the length. Three signs unknown cost 1.58 bits. So one document's
# 将世界知识压缩 ("compresses the knowledge of the world") is meant literally; the
# decoder needs GPT's weights, too, which nobody counted here.
#
# ## T5: text to text
#
# T5 (*text-to-text*, 文本到文本) writes every task as text, named by its first
# token. It is pre-trained to write the *spans* that holes replace, then tuned
# for tasks. Ours learns three: 抄 copy, 倒 reverse, 序 put five characters into the
# order of a poem. In training the decoder reads the right past (*teacher
# forcing*), in use its own.
#
# > **Predict.** Half trained, which share of characters is larger: right under
# > teacher forcing, or running free?

# %%
LETTERS = "床前明月光疑是地上霜抄倒序始"                # 0 .. 9, tasks, begin
span = held_out[0].tolist()
print("span corruption:", span[:4] + [HOLE] + span[7:], "->", span[4:7])


def tasks(x):                                         # (n, 5) three ways
    source = torch.cat([F.pad(x, (1, 0), value=task) for task in (10, 11, 12)])
    return source, torch.cat([x, x.flip(1), x.sort(1).values])


def loss(model, x):
    source, target = tasks(x)
    logits = model(source, F.pad(target, (1, -1), value=13))
    return F.cross_entropy(logits.flatten(0, 1), target.flatten())

# %%
torch.manual_seed(0)
strings = torch.randint(10, (20000, 5))
source, target = tasks(strings[-200:])
scores = {"teacher forcing": [], "running free": []}


def test(t5):
    free = torch.full((600, 6), 13)
    for i in range(5):
        free[:, i + 1] = t5(source, free[:, :i + 1])[:, -1].argmax(-1)
    forced = t5(source, F.pad(target, (1, -1), value=13)).argmax(-1)
    for name, answer in zip(scores, (forced, free[:, 1:])):
        scores[name].append(100 * (answer == target).double().mean().item())
    return 0

# %%
t5 = T5(T5Config(14, d_model=48, n_layers=1, n_heads=4))
train(t5, rows(strings[:-200], 32), steps=400, learning_rate=0.01, warmup=40,
      loss=loss, evaluate=test, evaluate_every=25)
plots.lines(scores, range(0, 401, 25), xlabel="step",
            ylabel="characters right (%)",
            title="Running free, one mistake brings the next")

# %%
t5.requires_grad_(False)
line = torch.tensor([[11, 0, 1, 2, 3, 4]])            # reverse 床前明月光
written = torch.tensor([[13, 4, 3, 2, 1]])
looks = []
cross = t5.decoder.blocks[0].cross_attention
cross.register_forward_pre_hook(lambda _, x: looks.append(cross.weights(*x)))
t5(line, written)
plots.heatmap(looks[0][0].mean(0), rows="光月明前床", columns="倒床前明月光",
              xlabel="source (key)", ylabel="about to write (query)",
              title="Cross attention reads the line backwards")

# %% [markdown]
# The mean of four heads. What about the other two families on such strings, and T5
# on the signs? Each with its own training, at much the same size and steps:

# %%
kept = datasets.measured("10_transformer_families")


def three(model, test):                               # lowest - highest of three
    got = sorted(r["score"] for r in kept
                 if (r["model"], r["test"]) == (model, test))
    return f"{got[0]:.2f} - {got[-1]:.2f}"


asked = {"gap": "fill a gap (share right)", "go on": "go on (loss, nats)",
         "writing": "write by the rules", "probe": "probe of the vectors",
         "strings": "copy, reverse, order"}
show.table([(text, *(three(m, test) for m in ("BERT", "GPT", "T5")))
            for test, text in asked.items()], ["three seeds", "BERT", "GPT", "T5"])
print("16 layers:", *(f"{n} {three(n, 'loss of 16 layers')}"
                      for n in ("pre-norm", "post-norm")))
print("bits a character of Shakespeare: GPT", three("GPT", "bits of a play"))

# %% [markdown]
# In a gap GPT tries all three signs, and takes the likeliest whole: three passes,
# and no worse than BERT. BERT goes on worse. T5 turns strings best, but on the
# signs it does no better than their frequencies: its places are only relative,
# and 300 steps are few. (zlib needs 4.39 bits on that play.)
#
# ## What a second network costs
#
# A T5 of 12 + 12 layers has $12 \cdot 12d^2$ in its encoder and $12 \cdot 16d^2$ in its
# decoder, which has two attentions: $336d^2$, as much as a GPT of 28 layers.
#
# > **Predict.** 512 tokens in, 512 out, equally many parameters. Does T5 need
# > more multiplications than GPT, as many, or half?

# %%
n, d = 512, 768
t5_work = n * 336 * d**2 + (12 + 24) * 2 * n**2 * d   # matrices, tables
gpt_work = 2 * n * 336 * d**2 + 28 * 2 * (2 * n)**2 * d
print(f"T5 {t5_work / 1e9:.0f}, GPT {gpt_work / 1e9:.0f} billion: "
      f"ratio {t5_work / gpt_work:.2f}")

# %% [markdown]
# Half: each token meets only its own side's weights (Raffel et al. 2020, section
# 3.2.2).
#
# ## Every size, counted
#
# From the shapes alone, beside what was published:

# %%
names = [n for n in SHAPES if n.startswith(("BERT", "GPT", "T5", "PaLM", "ERN"))]
published = [110, 340, 117, 117, 345, 762, 1542, 125, 350, 760, 1300, 2700, 6700,
             13000, 175000, 60, 220, 770, 3000, 11000, 8630, 62500, 540350, 260000]
rows_ = []
for name, millions in zip(names, published, strict=True):
    n = count_parameters(SHAPES[name])
    rows_.append((name, f"{n:,}", f"{millions:,}",
                  f"{n / millions / 1e4 - 100:+.1f} %"))
show.table(rows_, ["model", "counted", "published, millions", "off"])

# %% [markdown]
# - **GPT-2**: the paper misprints its sizes; OpenAI's README corrects them to
#   124, 355, 774 and 1,558.
# - **GPT-3**, table 2.1: XL with 24 heads of 128 (we count 16: $16 \cdot 128 =
#   2048$), 13B with $d = 5140$ for 40 heads of 128: neither multiplies out.
# - **BERT**: the document's 3.3 亿 参数的 BERT (0.33 billion) is nearer than the
#   paper's 340.
# - **T5** begins at 60 million and reads mostly English; 从几十亿到几千亿 ("billions
#   to hundreds of billions") and 支持多语言交互 ("many languages") fit it badly.
# - **ERNIE 3.0 Titan** (Baidu and Peng Cheng Laboratory, not Baidu alone) is wide
#   inside, $16d$; counted without its two small task networks.
#
# The same weights give `transformers`' numbers; the package's tests load them.

# %% [markdown]
# ## What the documents say
#
# *The documents* are five Chinese overviews of large models that this course
# tests.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 编码器-解码器架构 ... 需要更多的计算资源和训练时间 ("needs more compute and time to train") | **wrong** as a rule | half, at equal parameters: above |
# | T5 是 Google 开发的最新语言模型 ... 不是针对 BERT 等特定任务进行微调 ("the latest"; "not fine-tuned") | **wrong** | of 2019, PaLM followed in 2022; it is fine-tuned, only the *form* is one (Raffel et al. 2020) |
# | BERT 在 ... 问答, 翻译, 情感分析和预测文本 ... 优于 ("better at ... translation") | **doubtful** | its paper tests GLUE, SQuAD and SWAG, no translation |
# | 其中BERT最有名的落地项目是谷歌的AlphaGo ("BERT's best-known use is AlphaGo") | **wrong** | AlphaGo, 2016, is a convolutional net with tree search (Silver et al. 2016); BERT, 2018 |
# | 当前几乎所有参数规模超过千亿的大型语言模型都采取GPT模式 ("nearly all above 100 billion are GPTs") | **doubtful** | most; but Switch-C (1,571) is a T5, GLM-130B fills blanks, ERNIE 3.0 Titan does both |
# | 自回归 ...: 每一个元素都是基于前面所有已生成元素的函数 ("each element a function of all before") | **right** | the chain rule |

# %% [markdown]
# ## Check yourself
#
# 1. Why may BERT's outputs not be asked for the token at their own place?
# 2. Which two matrices of a layer are largest, and why is it $12d^2$?
# 3. A model gives a text of 100 characters 3 bits each. How long is its number?
#
# <details><summary>Answers</summary>
#
# 1. They see it, unless it is hidden: the answer would be a copy.
# 2. Those of the feed-forward, $4d^2$ each; attention has four of $d^2$.
# 3. 300 bits, or one more.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the three masks measured, the second sign, the restored text (ask first:
# how many bits?). *Point at* the column of what T5 has written. *A common
# misunderstanding*: that BERT cannot write and GPT cannot fill gaps. Both can, at
# a price.
#
# </details>

# %% [markdown]
# **What this left out**: next-sentence prediction, dropout, how BERT garbles a
# tenth of what it asks for (exercises).
#
# **Where it goes next**: the exercises; lesson 11 changes this layer part by part.
#
# **Read on** (numbers are those of arXiv)
# - Vaswani et al., *Attention Is All You Need*, 2017, 1706.03762
# - Radford et al., *Improving Language Understanding by Generative Pre-Training*,
#   2018 (GPT: Generative Pre-trained Transformer; one document has
#   *Pre-training*)
# - Devlin et al., *BERT*, 2019, 1810.04805
# - Radford et al., *Language Models are Unsupervised Multitask Learners*, 2019
# - Raffel et al., *Exploring the Limits of Transfer Learning*, 2020, 1910.10683
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Xiong et al., *On Layer Normalization*, 2020, 2002.04745
# - Chowdhery et al., *PaLM*, 2022, 2204.02311
# - Wang et al., *ERNIE 3.0 Titan*, 2021, 2112.12731
# - Fedus et al., *Switch Transformers*, 2021, 2101.03961; Zeng et al.,
#   *GLM-130B*, 2022, 2210.02414
# - Rissanen, *Generalized Kraft Inequality and Arithmetic Coding*, 1976
