# %% [markdown]
# # What can be done without changing a weight?
#
# What stands in front of a model decides what it says, and it may learn from
# it within one reading.
#
# **You will** find two layers that learn from a prompt, do a step of gradient
# descent without a gradient, and let a model write down its sums.
#
# **You need** lessons 05, 09 and 14: gradients, attention, the pupil.
#
# **Time** 35 minutes to read, 40 seconds to run

# %%
import torch

from lmlab.page import plots, show
from lmlab.poem_school import shipped, text

base = shipped.poet("base")                       # frozen from here on
tokenizer = text.tokenizer()


def next_character(before):
    ids = torch.tensor([text.prompt(text.BEGIN + before)])
    return base(ids)[0, -1].detach().softmax(-1)[tokenizer.encode("月主镜日")]


plots.bars(["moon 月", "ruler 主", "mirror 镜", "sun 日"],
           {start: next_character(start) for start in ["明", "床前明", "不知明"]},
           ylabel="probability of the next character",
           title="One model, three prompts, three distributions")

# %% [markdown]
# 明 is "bright", 床前明 "before my bed, bright", 不知明 "not knowing bright". What
# stands in front is the *prompt* (提示). No weight differs between the three.
#
# ## Asking, with and without examples
#
# A *zero-shot* prompt (零样本) holds the request alone, a *few-shot* prompt (少样本)
# a few examples first. Ours: a theme, a colon, a line of a poem.

# %%
import numpy as np

lessons = text.lessons(text.REQUESTS)             # theme -> poems on it


def few_shot(theme, shots, rng):
    others = rng.permutation([t for t in lessons if t != theme])[:shots]
    shown = [f"{t}：{rng.choice(lessons[t])[0]}\n" for t in others]
    return "".join(shown) + theme + "："


print(few_shot("思乡", 2, np.random.default_rng(0)))

# %% [markdown]
# "Courage: one doddering old man" (its 龙, dragon, counted), "night rain:
# evening rain, few hills show"; then "homesickness:".
#
# > **Predict.** Of 100 answers, how many are a line with a word of the theme?
# > Of the base, with 0 and with 3 examples? Of the pupil of lesson 14, who was
# > tuned on such requests?

# %%
from lmlab.models.sampling import generate


def obeys(poet, shots):
    rng, themes = np.random.default_rng(shots), list(lessons) * 15
    prompts = [tokenizer.encode(few_shot(t, shots, rng)) for t in themes]
    said = generate(poet, prompts, max_new_tokens=6, temperature=0.8,
                    generator=torch.Generator().manual_seed(0))
    right = [len(line := text.lines_of(ids)[0]) == 5
             and any(c in text.REQUESTS[theme] for c in line)
             for ids, theme in zip(said, themes)]
    return 100 * np.mean(right)

# %%
poets = {"base": base, "pupil": shipped.poet("sft")}
plots.bars(["no example", "one", "two", "three"],
           {name: [obeys(poet, shots) for shots in range(4)]
            for name, poet in poets.items()}, ylabel="lines on the theme (%)",
           title="Examples teach the base nothing, and confuse the pupil")

# %% [markdown]
# Nothing, and worse than nothing: neither has ever read a list of examples.
# GPT-3, with the web to read, gains by them (Brown et al. 2020). A prompt
# wakes what training has laid down.
#
# ## Learning within a prompt
#
# So let us lay it down. A prompt is sixteen pairs, a letter and its digit,
# drawn anew in each prompt: weights cannot know them. Eight pairs (a0, b1 ...
# h7) never come in training. The last letter has always come before.

# %%
def prompts(n, seed, unseen=False):
    rng = np.random.default_rng(seed)
    letter = rng.integers(8, size=(n, 16))
    letter[:, 15] = letter[range(n), rng.integers(15, size=n)]
    shift = rng.integers(1, 8, size=(n, 8)) * (not unseen)
    book = 8 + (np.arange(8) + shift) % 8         # (n, 8): a digit a letter
    digit = np.take_along_axis(book, letter, axis=1)
    return torch.tensor(np.stack([letter, digit], axis=2).reshape(n, 32))


names = np.array([*"abcdefgh01234567"])
print(*names[prompts(1, seed=1)[0]])

# %% [markdown]
# The model is attention layers of one head each, and nothing else; Muon
# (lesson 06) trains it.

# %%
from torch import nn

from lmlab.models.attention import MultiHeadAttention

torch.set_default_dtype(torch.float64)


class Reader(nn.Module):
    def __init__(self, n_layers, d=48):
        super().__init__()
        self.tokens, self.places = nn.Embedding(16, d), nn.Embedding(32, d)
        self.layers = nn.ModuleList(
            MultiHeadAttention(d, n_heads=1) for _ in range(n_layers))
        self.scores = nn.Linear(d, 16)

    def forward(self, ids, off=None):             # off: a layer left out
        x = self.tokens(ids) + self.places.weight[:ids.shape[1]]
        for i, layer in enumerate(self.layers):
            if i != off:
                x = x + layer(x, causal=True)
        return self.scores(x)

# %%
from lmlab.learning.muon import muon
from lmlab.learning.training import next_token_loss, train


def learn(model, batch, counts, steps, rate):     # counts: True, in the loss
    train(model, batch, steps=steps, learning_rate=rate, warmup=10,
          optimiser=muon, loss=lambda model, ids: next_token_loss(
              model(ids), ids, counts.expand(ids.shape)))
    return model

# %% [markdown]
# > **Predict.** After 200 steps it is asked for the last digit of prompts it
# > never saw. Chance is one in eight. How often is one layer right? Two? And
# > on pairs that training never held?

# %%
def right(model, unseen=False, off=None):
    ids = prompts(500, seed=10**6, unseen=unseen)
    said = model(ids[:, :31], off)[:, -1].argmax(-1)
    return 100 * (said == ids[:, 31]).double().mean().item()


digit = torch.arange(32) % 2 == 1
torch.manual_seed(0)
one, two = (learn(Reader(layers), lambda step: prompts(32, step), digit,
                  steps=200, rate=0.04) for layers in (1, 2))

# %%
plots.bars(["one layer", "two layers"],
           {"new prompts": [right(one), right(two)],
            "of new pairs": [right(one, True), right(two, True)]},
           reference=100 / 8, reference_label="chance",
           ylabel="digits recalled (%)",
           title="Two layers look the digit up, one guesses")

# %% [markdown]
# One layer is about as good as naming the prompt's commonest digit. And two?
# Five pairs, the last cut short: the last `a` must end up at `2`, which is not
# an `a`. What could the first layer have told the `2`? A row says whom its
# token looks at:

# %%
from lmlab.models.attention import causal_mask


def looks(model, ids):                            # (..., n) -> (..., n, n)
    n = ids.shape[-1]
    x = model.tokens(ids) + model.places.weight[:n]
    for layer in model.layers:
        yield layer.weights(x, mask=causal_mask(n)).squeeze(-3).detach()
        x = x + layer(x, causal=True)

# %%
ids = torch.tensor([2, 13, 0, 10, 5, 15, 3, 9, 0])
axes = plots.axes(["Layer 1: a digit looks one back",
                   "Layer 2: a looks at what followed a"],
                  "who is looked at", "who looks", n=2, width=9.6, height=4.4)
for ax, weights in zip(axes, looks(two, ids)):
    plots.heatmap(weights, rows=names[ids], columns=names[ids], title="",
                  ax=ax, vmin=0, vmax=1)

# %% [markdown]
# Layer 1 tells each digit which letter stands before it. In layer 2 the new
# `a` asks "who stands behind an `a`?" and copies that: an *induction head*
# (Olsson et al. 2022). Find it in 500 prompts, and switch each layer off:

# %%
ids = prompts(500, seed=10**6)
_, second = looks(two, ids)
same = ids[:, :30] == ids[:, 30:31]               # where the last letter was
after = (second[:, 30, 1:31] * same).sum(1).mean()
print(f"the last letter's weight on what came after it: {after:.0%}")
for i in (0, 1):
    most = 10 * np.ceil(right(two, off=i) / 10)
    print(f"without layer {i + 1}: at most {most:.0f}% right")

# %% [markdown]
# It takes both. *In-context learning* (上下文学习) is here a mechanism that
# training built: weights say how to look up, the prompt says what.
#
# ## A layer that takes a step of gradient descent
#
# Not all learning is looking up. Two examples, $x_1 = [1, 0]$ with $y_1 = 2$,
# and $x_2 = [1, 1]$ with $y_2 = 1$. Asked: $x = [2, 1]$. A linear model starts
# at $w = 0$, where the gradient of $\frac12 \sum (w \cdot x_i - y_i)^2$ is
# $-\sum y_i x_i$. One step of rate $\eta$, and it answers
#
# $$w \cdot x = \Big(\eta \sum_i y_i x_i\Big) \cdot x
#   = \eta \sum_i y_i \, (x_i \cdot x).$$
#
# > **Predict.** With a pencil, $\eta = 0.5$: what is $w$, and the answer? In
# > the form on the right, what are the queries, keys and values?

# %%
X, y = np.array([[1.0, 0], [1, 1]]), np.array([2.0, 1])
x = np.array([2.0, 1])
w = 0.5 * y @ X                                   # a step from w = 0
scores = 0.5 * X @ x                              # keys times query
print("w", w, "answers", w @ x, "  scores", scores, "answer", scores @ y)

# %% [markdown]
# 3.5 both ways: keys $x_i$, values $y_i$, query $x$, and no softmax: *linear
# attention*. Would training find this? Ten examples in three dimensions, each
# prompt with its own rule $w$; a matrix $A$, at first 0, makes the scores.

# %%
def linear_attention(X, y, x, A):
    return ((x @ A @ X.mT) @ y).flatten()


in_torch = linear_attention(*map(torch.tensor, (X, y, x)), torch.eye(2) / 2)
show.agree([scores @ y], in_torch, 1e-12)

# %%
def tasks(n):
    w, X, x = torch.randn(n, 3, 1), torch.randn(n, 10, 3), torch.randn(n, 1, 3)
    return X, X @ w, x, (x @ w).flatten()         # the last: what is right


A = torch.zeros(3, 3, requires_grad=True)
adam = torch.optim.Adam([A], lr=0.001)
for step in range(300):
    X, y, x, answer = tasks(2000)
    (linear_attention(X, y, x, A) - answer).square().mean().backward()
    adam.step()
    adam.zero_grad()

# %%
X, y, x, answer = tasks(5000)
descent = (x @ (X.mT @ y)).flatten()              # a step of rate 1
rate = (descent @ answer) / (descent @ descent)   # the best one
both = torch.stack([descent, linear_attention(X, y, x, A.detach())])
print("A =", *(np.round(row, 2) + 0 for row in A.detach().numpy()))
print(f"best rate {rate:.2f}, correlation {both.corrcoef()[0, 1]:.2f}")

# %% [markdown]
# Training found the best step of gradient descent (von Oswald et al. 2023):
# the same rate in each direction. And two whole Transformer blocks, with noisy
# rules in two dimensions? Mean squared error, three seeds (0.25 of it is
# noise); *ridge* regression, least squares that allows for noise, is the best
# guess there is:

# %%
from lmlab.page import datasets

table = [[*row.values()] for row in datasets.measured("17_prompting")]


def found(*study):                                # (seeds, what was measured)
    return np.array([row[3:] for row in table if row[:2] == [*study]])


show.table([(n, *(f"{error:.2f}" for error in found("regression", n).mean(0)))
            for n in (1, 2, 4, 8)],
           ["examples", "blocks", "ridge", "blocks, x tripled", "ridge"])

# %% [markdown]
# The error falls as ridge's does, though it stays above. On inputs three times
# as large it falls far behind: a prompt teaches well where training has been.
#
# ## Thinking aloud
#
# Four digits; what is the last digit of their sum? One small model learns to
# answer in three ways: at once, `8606=0`; after three dots, `8606=...0`; or
# with all running sums, `8606=8440`, a *chain of thought* (思维链). (A large
# model writes one if examples in the prompt do: Wei et al. 2022.)
#
# > **Predict.** 150 steps each, then a thousand sums it never saw. Guessing is
# > right in 10 %. And the three? Do dots help, which give it as much time?

# %%
digits = torch.cartesian_prod(*[torch.arange(10)] * 4)[torch.randperm(10_000)]
running = digits.cumsum(1) % 10
dotted = running.index_fill(1, torch.arange(3), 11)     # 11: a dot
ways = {"at once": running[:, 3:], "dots": dotted, "running sums": running}

# %%
from lmlab.learning import batches
from lmlab.models.llama import LLaMA, LLaMAConfig


def right_sums(answers):
    n, sign = answers.shape[1], torch.full((10_000, 1), 10)
    rows = torch.hstack([digits, sign, answers])
    torch.manual_seed(0)
    model = LLaMA(LLaMAConfig(12, 9, d_model=32, n_layers=2, n_heads=2))
    learn(model, batches.rows(rows[:9000], 64), torch.arange(5 + n) > 4,
          steps=150, rate=0.02)
    said = generate(model, rows[9000:, :5].tolist(), max_new_tokens=n,
                    temperature=0)
    return 100 * np.mean(np.array(said)[:, -1] == rows[9000:, -1].numpy())

# %%
plots.bars(list(ways), [right_sums(answers) for answers in ways.values()],
           reference=10, reference_label="chance",
           ylabel="last digit right (%)",
           title="The steps help, the time alone does not")

# %% [markdown]
# A running sum adds one digit to one, a hundred cases, and can be read by the
# next. At once there are ten thousand. (Five times the steps change nothing; on
# other tasks, and taught with care, dots can be of use: Pfau et al. 2024.)
#
# Does the gift come from *code* in pre-training? One of *the documents* (five
# Chinese overviews that this course tests) presumes so. Read something for a
# hundred steps, then practise running sums. Traces of a program, `x=3;x+4=7;`,
# hold the very sums. Do they help? And false ones?

# %%
kinds = "nothing", "plays", "brackets", "false traces", "traces"
show.table([(kind, *(f"{share:.0%}" for share in found("code", kind).mean(0)))
            for kind in kinds],
           ["read before", "right after 80 steps", "160", "240", "320"])
for how in ("at once", "reversed", "carries first"):
    print(f"47+85, {how:14}",
          *(f"{p:.0%}" for p in found("addition", how)[:, 3]))

# %% [markdown]
# Nothing of it helps. True traces harm less than false ones here; with three
# other seeds, in the end, more. That is a model of 30,000 weights, and says
# nothing of billions. Below, addition of two digits, three seeds: with carries
# written first each works; at once, or reversed (units first), one may fail.
#
# ## Who is speaking?
#
# A chat is one text, and the template of lesson 14 marks who speaks. The
# *roles* are the operator, with a *system message* (system 指令), the user and
# the model: `<system>大<user>小c<model>C`. A small model was trained so: told 大
# ("big") it answers in capitals, told 小 in small letters, and the system's
# word holds.
#
# > **Predict.** N is any letter. What share is answered in capitals, with each
# > of three seeds? And if the user's *text* goes on as if the system spoke?

# %%
for chat in ("<user>大N", "<system>大<user>小N", "<system>小<user>大N",
             "<system>大<user><system>小<user>N"):
    print(f"{chat:32}", *(f"{p:.0%}" for p in found("roles", chat)[:, 0]))

# %% [markdown]
# The system wins because training made it win (at OpenAI, too: Wallace et al.
# 2024). And only the mark says who speaks: whoever can write it is the system.
#
# ## A dialogue that forgets its beginning
#
# *Multi-turn dialogue* (多轮对话) sends the whole chat with each turn, and a
# context has a fixed length: here 24 tokens. The system said 大; each user turn
# says 小, and takes five tokens.
#
# > **Predict.** In which turn does the model change its mind?

# %%
turns = range(1, 9)
cut, kept = 100 * np.array([found("turns", n).mean(0)[:2] for n in turns]).T
plots.lines({"the last 24 tokens": cut, "the order, and the last 22": kept},
            turns, marks=True, xlabel="turn", ylabel="obeys the system (%)",
            title="An order that falls out of the context is forgotten")

# %% [markdown]
# In the fifth: the order is gone. So keep that message, and drop old turns.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 上下文学习 ... 无需额外的训练或参数更新 ("no further training or change of a parameter") | **right** | all models here were frozen when asked; *that* they learn from a prompt, training made |
# | 在小模型中不存在的新能力,比如上下文学习 ("new abilities that small models lack, such as in-context learning") | **wrong** as a rule | your two layers, 21,904 weights, do it; what a prompt can teach grows with size and data |
# | GPT-3 ... 在零样本学习任务上实现了巨大性能提升 ("a huge gain in zero-shot tasks") | **imprecise** | the paper is called *Few-Shot Learners*: with examples it gains most (Brown et al. 2020, figure 1.3) |
# | 据推测,这种能力可能是通过对代码的训练获得的 ("presumably chain of thought comes from training on code") | **a guess** | it was one (Fu et al. 2022), and is not settled; ours speaks against it at our size only |
# | 在多回合对话中准确追踪上下文 ("follows the context over many turns") | **right** within its length | your fifth turn |
# | 用户对于对话交互的特殊偏好 ("users' special liking for dialogue"), 陆奇 ... 对话即平台 ("dialogue as a platform") | **an opinion** | no figure is given; the slogan is from S. Nadella's speech (Microsoft, Build 2016) |

# %% [markdown]
# ## Check yourself
#
# 1. A prompt holds `c5 a2 f7 c`. Which token does an induction head look at?
# 2. One step from $w = 0$, $\eta = 1$: examples 1 with 3 and 2 with 1. What is
#    answered for 2?
# 3. A right reply comes with its chain of thought. Was it found that way?
#
# <details><summary>Answers</summary>
#
# 1. At 5, which stands after the earlier `c`.
# 2. $w = 3 \cdot 1 + 1 \cdot 2 = 5$, so 10.
# 3. Not always: models have given reasons that hid what moved them (Turpin et
#    al. 2023).
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the confused pupil, the heatmaps (*point at* the last row), the three
# ways to add. *A common misunderstanding*: that examples in a prompt train the
# model. The next prompt begins anew.
#
# </details>
#
# **What this left out**: prompts found by search or by gradients; how far real
# models follow such heads.
#
# **Where it goes next**: [exercises](../exercises/17_prompting.ipynb), then
# lesson 18, where what stands in the prompt is looked up.
#
# **Read on** (numbers are those of arXiv)
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Olsson et al., *In-context Learning and Induction Heads*, 2022, 2209.11895
# - von Oswald et al., *Transformers Learn In-Context by Gradient Descent*,
#   2023, 2212.07677
# - Garg et al., *What Can Transformers Learn In-Context?*, 2022, 2208.01066
# - Wei et al., *Chain-of-Thought Prompting*, 2022, 2201.11903
# - Pfau et al., *Let's Think Dot by Dot*, 2024, 2404.15758
# - Turpin et al., *Language Models Don't Always Say What They Think*, 2023,
#   2305.04388
# - Wallace et al., *The Instruction Hierarchy*, 2024, 2404.13208
# - Fu et al., *How does GPT Obtain its Ability?*, blog, 2022
