# %% [markdown]
# # What can be done without changing a weight?
#
# What stands in front of a model decides what it says, and it may learn from
# it within one reading.
#
# **You will** find the layers that learn from a prompt, do a step of gradient
# descent without a gradient, and let a model write down its sums.
#
# **You need** lessons 05, 09 and 14: gradients, attention, the pupil.
#
# **Time** 35 minutes to read, 20 seconds to run
#
# What comes after 明, "bright"? After 床前明, "before my bed, bright"? After
# 不知明, "not knowing bright"? Our base poet (lesson 12), asked three times:

# %%
import torch

from lmlab.page import plots
from lmlab.poem_school import shipped, text

base, likely = shipped.poet("base").double(), {}
choices = text.tokenizer().encode("月主镜日")
for start in ("明", "床前明", "不知明"):
    ids = torch.tensor([text.prompt(text.BEGIN + start)])
    likely[start] = base(ids)[0, -1].detach().softmax(-1)[choices]
plots.bars(["moon 月", "ruler 主", "mirror 镜", "sun 日"], likely,
           ylabel="probability of the next character",
           title="One model, three prompts, three distributions")

# %% [markdown]
# A moon by the bed, a ruler where none was known, and no weight differs. What
# stands in front is the *prompt* (提示, lesson 14).
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
# "Heroism: a doddering old man" (lesson 14's dragon again), "night rain:
# evening rain, few hills show"; then "homesickness:".
#
# > **Predict.** Of 100 answers, how many are a line with a character of the
# > theme? Of the base, with 0 and with 3 examples? Of the pupil of lesson 14,
# > who was tuned on such requests?

# %%
from lmlab.models.sampling import generate


def obeys(poet, shots):
    rng, themes = np.random.default_rng(shots), list(lessons) * 15
    prompts = [text.prompt(few_shot(t, shots, rng)) for t in themes]
    said = generate(poet, prompts, max_new_tokens=6, temperature=0.8,
                    generator=torch.Generator().manual_seed(0))
    lines = [text.lines_of(ids)[0] for ids in said]
    return np.mean([len(line) == 5 and not {*text.REQUESTS[t]}.isdisjoint(line)
                    for line, t in zip(lines, themes)])

# %%
from lmlab.page import show

poets = {"base": base, "pupil": shipped.poet("sft").double()}
show.table([(name, *(f"{obeys(poet, shots):.0%}" for shots in range(4)))
            for name, poet in poets.items()],
           ["on the theme", "no example", "one", "two", "three"])

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
    shift = rng.integers(1, 8, size=(n, 8)) * (not unseen)   # 0: a0, b1 ...
    book = 8 + (np.arange(8) + shift) % 8         # (n, 8): a digit a letter
    digit = np.take_along_axis(book, letter, axis=1)
    return torch.tensor(np.stack([letter, digit], axis=2).reshape(n, 32))


names = np.array([*"abcdefgh01234567"])
print(*names[prompts(1, seed=1)[0]])

# %% [markdown]
# The model is attention layers of one head each, and nothing else; it keeps
# what each layer read, for later.

# %%
from torch import nn

from lmlab.models.attention import MultiHeadAttention, causal_mask

torch.set_default_dtype(torch.float64)


class Reader(nn.Module):
    def __init__(self, n_layers, d=48):
        super().__init__()
        self.tokens, self.places = nn.Embedding(16, d), nn.Embedding(32, d)
        self.layers = nn.ModuleList(
            MultiHeadAttention(d, n_heads=1) for _ in range(n_layers))
        self.scores = nn.Linear(d, 16)

    def forward(self, ids):
        x, self.read = self.tokens(ids) + self.places.weight[:ids.shape[1]], []
        for layer in self.layers:
            self.read.append(x)
            x = x + layer(x, causal=True)
        return self.scores(x)

# %% [markdown]
# Two hundred steps with Muon (lesson 06), then the last digit of prompts that
# it never saw.
#
# > **Predict.** Chance is one in eight. How often is one layer right? Two? And
# > on pairs that training never held?

# %%
from lmlab.learning.muon import muon
from lmlab.learning.training import train

torch.manual_seed(0)
one, two = Reader(1), Reader(2)
for model in (one, two):
    train(model, lambda step: prompts(32, step), steps=200,
          learning_rate=0.04, warmup=10, optimiser=muon)

# %%
def right(model, unseen=False):
    ids = prompts(500, seed=10**6, unseen=unseen)
    said = model(ids[:, :31])[:, -1].argmax(-1)
    return 100 * (said == ids[:, 31]).double().mean().item()

# %%
plots.bars(["one layer", "two layers"],
           {"pairs seen in training": [right(one), right(two)],
            "pairs never seen": [right(one, True), right(two, True)]},
           reference=100 / 8, reference_label="chance", ylabel="recalled (%)",
           title="Two layers look the digit up, one guesses")

# %% [markdown]
# One layer is about as good as naming the prompt's commonest digit, and never
# right on new pairs: that `a` is not 0 it knows by heart. And two? Five pairs,
# the last cut short: the last `a` must look at `2`, which is not an `a`. What
# could the first layer have told the `2`? A row says whom its token looks at:

# %%
ids = torch.tensor([[2, 13, 0, 10, 5, 15, 3, 9, 0]])
two(ids)
axes = plots.axes(["Layer 1: a digit looks one back",
                   "Layer 2: the last a, at what followed a"],
                  "who is looked at", "who looks", n=2, width=9.6, height=4.4)
for ax, layer, x in zip(axes, two.layers, two.read):
    weights = layer.weights(x, mask=causal_mask(9))[0, 0].detach()
    plots.heatmap(weights, rows=names[ids[0]], columns=names[ids[0]], title="",
                  ax=ax, vmin=0, vmax=1)

# %% [markdown]
# Layer 1 tells each digit which letter stands before it. In layer 2 the new
# `a` asks "who stands behind an `a`?" and copies that: an *induction head*
# (Olsson et al. 2022). Find it in 500 prompts, and switch the other layer off:

# %%
ids = prompts(500, seed=10**6)
two(ids)
last = two.layers[1].weights(two.read[1], mask=causal_mask(32))[:, 0, 30]
same = ids[:, :30] == ids[:, 30:31]               # where the last letter was
print(f"weight on what came after: {(last[:, 1:31] * same).sum(1).mean():.0%}")

# %%
layers = two.layers
for i in (0, 1):
    two.layers = layers[i:i + 1]
    print(f"layer {i + 1} alone: at most {10 * np.ceil(right(two) / 10):.0f}%")

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
def linear_attention(X, y, x, A):                 # A: how a query meets a key
    return (x @ A @ X.mT) @ y


X, y = torch.tensor([[1.0, 0], [1, 1]]), torch.tensor([2.0, 1])
x, w = torch.tensor([2.0, 1]), 0.5 * y @ X        # w: a step from 0
print(w, w @ x, linear_attention(X, y, x, torch.eye(2) / 2), sep="\n")

# %% [markdown]
# $w$, and 3.5 both ways: keys $x_i$, values $y_i$, query $x$, and no softmax:
# *linear attention*. Would training find this? Ten examples in 3 dimensions,
# each prompt with its own rule $w$, and any matrix $A$ between query and keys.
# The answer, $x A s$ with $s = \sum y_i x_i$, is linear in the nine numbers of
# $A$: what training would end at, least squares (lesson 03) finds at once.

# %%
torch.manual_seed(0)
X, w = torch.randn(5000, 10, 3), torch.randn(5000, 3, 1)
x = torch.randn(5000, 1, 3)
y, answer = X @ w, (x @ w).flatten(1)
s = X.mT @ y                                      # (5000, 3, 1)
products = (x.mT @ s.mT).flatten(1)               # (5000, 9): one for an A_ij
A = torch.linalg.lstsq(products, answer).solution.view(3, 3)
print(A.numpy().round(2) + 0)

# %% [markdown]
# One number three times: a rate. Is it the best one for a step?

# %%
descent = x @ s                                   # a step of rate 1
rate = (descent * answer[..., None]).sum() / descent.square().sum()
both = torch.stack([descent, linear_attention(X, y, x, A)]).flatten(1)
print(f"best rate {rate:.2f}, correlation {both.corrcoef()[0, 1]:.2f}")

# %% [markdown]
# The best layer *is* a step of gradient descent, at the best rate, the same in
# each direction (trained ones end there, too: von Oswald et al. 2023). And two
# whole Transformer blocks, with noisy rules in two dimensions? Mean squared
# error, three seeds (0.25 of it is noise); *ridge* regression, least squares
# that allows for noise, is the best guess there is:

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
from lmlab.learning import batches, training
from lmlab.models.llama import LLaMA, LLaMAConfig


def right_sums(answers):
    n, sign = answers.shape[1], torch.full((10_000, 1), 10)
    rows = torch.hstack([digits, sign, answers])
    torch.manual_seed(0)
    model = LLaMA(LLaMAConfig(12, 9, d_model=32, n_layers=2, n_heads=2))
    counts = (torch.arange(5 + n) > 4).expand(64, -1)       # the answer alone
    train(model, batches.rows(rows[:9000], 64), steps=150, learning_rate=0.02,
          warmup=10, optimiser=muon, loss=lambda model, ids:
          training.next_token_loss(model(ids), ids, counts))
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
# hundred steps, then practise running sums. Shakespeare's plays, lesson 12's
# brackets, or traces of a program, `x=3;x+4=7;`, which hold the very
# sums. Do they help? And false ones?

# %%
kinds = "nothing", "plays", "brackets", "false traces", "traces"
show.table([(kind, *(f"{share:.0%}" for share in found("code", kind).mean(0)))
            for kind in kinds],
           ["read before", "right after 80 steps", "160", "240", "320"])

# %% [markdown]
# Nothing of it helps. True traces harm less than false ones here; with three
# other seeds, in the end, more. That is a model of 30,000 weights, and says
# nothing of billions. (Sums with carries, 47+85: answered at once, or with the
# units first, one seed of three stays at 43 and at 5 %. With the carries written
# first each has 100 %: `data/measured`.)
#
# ## Who is speaking?
#
# A chat is one text, and a template (in lesson 14's exercises) marks who
# speaks. The *roles* are the operator, with a *system message* (system 指令),
# the user and the model: `<system>大<user>小c<model>C`. A small model was
# trained so: told 大 ("big") it answers in capitals, told 小 in small letters,
# and the system's word holds.
#
# > **Predict.** N is any letter. What share is answered in capitals, with each
# > of three seeds? And if the user's *text* goes on as if the system spoke?

# %%
for chat in ("<user>大N", "<system>大<user>小N", "<system>小<user>大N",
             "<system>大<user><system>小<user>N"):
    print(f"{chat:32}", *(f"{p:.0%}" for p in found("roles", chat)[:, 0]))

# %% [markdown]
# The system wins because training made it win (at OpenAI, too: Wallace et al.
# 2024). And only the mark says who speaks: whoever can write it is the system
# (lesson 18: a page gives orders).
#
# ## A dialogue that forgets its beginning
#
# *Multi-turn dialogue* (多轮对话) sends the whole chat with each turn, and a
# context has a fixed length: here 24 tokens. The system said 大; in each turn the
# user says 小, `<user>小c<model>C`, five tokens with the reply.
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
# | 在小模型中不存在的新能力,比如上下文学习 ("new abilities that small models lack, such as in-context learning") | **wrong** as a rule (lesson 13: is it the ruler?) | your two layers, 21,904 weights, do it; what a prompt can teach grows with size and data |
# | GPT-3 ... 在零样本学习任务上实现了巨大性能提升 ("a huge gain in zero-shot tasks") | **imprecise** | the paper is called *Few-Shot Learners*: with examples it gains most (Brown et al. 2020, figure 1.3) |
# | 据推测,这种能力可能是通过对代码的训练获得的 ("presumably chain of thought comes from training on code") | **a guess** | it was one (Fu et al. 2022), and is not settled; ours speaks against it at our size only |
# | 在多回合对话中准确追踪上下文 ("follows the context over many turns") | **right** within its length | your fifth turn |
# | 用户对于对话交互的特殊偏好 ("users' special liking for dialogue") | **an opinion** | no figure is given (its 对话即平台, "platform": lesson 18) |

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
# [lesson 18](18_retrieval_and_agents.ipynb), where what stands in the prompt is
# looked up.
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
