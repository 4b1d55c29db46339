# %% [markdown]
# # What does more data, size and compute buy?
#
# A straight line that you can draw before you pay for it. You will predict a
# model that nobody has trained yet, then train it.
#
# **You will** fit a power law, find the best size for a budget, and take an
# "emergent" jump apart.
#
# **You need** lessons 06, 11 and 12: training, the decoder, held-out loss.
#
# **Time** 35 minutes to read, 40 seconds to run

# %%
import numpy as np
import torch

from lmlab.page import datasets, plots, show
from lmlab.text.tokenizers import Characters

plays = datasets.shakespeare7()
ids = torch.tensor(Characters(plays).encode(plays))
held_out = ids[-20_480:].view(-1, 64).split(160)

# %%
from lmlab.learning import batches, muon, training
from lmlab.models.counting import count_parameters
from lmlab.models.llama import LLaMA, LLaMAConfig


def grow(width):                     # a wider model wants a lower rate
    torch.manual_seed(0)
    shape = LLaMAConfig(63, 64, width, 2, 2, tied=True, theta=100.0)
    model = LLaMA(shape).double()
    training.train(model, batches.windows(ids[:900_000], 16, 64), steps=150,
                   learning_rate=0.25 / width**0.5, warmup=20,
                   optimiser=muon.muon)
    return count_parameters(shape), training.mean_loss(model, held_out)


runs = [grow(width) for width in (8, 12, 16, 24, 32)]
show.table([(f"{n:,}", f"{loss:.2f}") for n, loss in runs],
           ["weights", "loss, held out (nats)"])

# %% [markdown]
# Five models read the same 154,000 letters of Shakespeare. The larger, the
# better. By what rule?
#
# ## A straight line
#
# From 2,064 to 4,272, twice the weights, the loss fell from 2.45 to 2.38.
#
# > **Predict.** Double once more, and again. Does each doubling take off as
# > many nats as the first, as many per cent, or nothing?

# %%
sizes, losses = np.array(runs).T
plots.lines(losses, sizes, logx=True, logy=True, marks=True,
            xlabel="weights N", ylabel="loss (nats)",
            title="On log paper, five sizes lie near a straight line")

# %% [markdown]
# As many per cent, nearly. Each step to the right on this paper multiplies the
# weights, each step down divides the loss. Such a line is a *power law* (幂律):
#
# $$L = c\,N^{-a}, \qquad \log L = \log c - a \log N$$
#
# With a pencil: losses 8, 4, 2 at 1, 10, 100 weights have $a = \log 2 / \log
# 10 = 0.30$. Ours, by least squares (lesson 03):

# %%
slope, start = np.polyfit(np.log(sizes), np.log(losses), 1)
print(f"a = {-slope:.2f}: a doubling multiplies the loss by {2**slope:.2f}")

# %% [markdown]
# > **Predict.** The sixth has 58,560 weights, twice the largest so far, and
# > has not been trained. Extend the line with a ruler: its loss?

# %%
def line(n):
    return np.exp(start + slope * np.log(n))


print(f"the line says {line(58_560):.2f} nats")
print(f"trained, it has {grow(48)[1]:.2f} nats")

# %% [markdown]
# So are budgets of millions planned (Kaplan et al. 2020): GPT-4's loss was
# foretold from models with at most a ten-thousandth of its compute (OpenAI
# 2023).
#
# How far does a line reach beyond its points, in *extrapolation* (外推)? The
# same with three seeds, on to 227,712 weights, from a table:

# %%
table = datasets.measured("13_scaling")
WEIGHTS, LETTERS = "second", "third"                  # of the table's columns


def found(study, setting, width, what="loss"):          # one for each seed
    return np.array([row[what] for row in table if row["study"] == study
                     and (row["setting"], row["width"]) == (setting, width)])

# %%
widths = [8, 12, 16, 24, 32, 48, 64, 96]
seen = np.array([found("sizes", 150, width) for width in widths])
n = np.array([found("sizes", 150, width, WEIGHTS)[0] for width in widths])
plots.lines({"three seeds": seen.mean(axis=1), "our line": line(n)}, n,
            bands={"three seeds": (seen.min(axis=1), seen.max(axis=1))},
            logx=True, logy=True, marks=True, xlabel="weights N",
            ylabel="loss (nats)",
            title="A step outside the line holds, then the models fall behind")

# %%
for seed, one in enumerate(seen.T):
    fit = np.polyfit(np.log(n[:5]), np.log(one[:5]), 1)
    miss = one[5:] - np.exp(np.polyval(fit, np.log(n[5:])))
    print(f"seed {seed}: a = {-fit[0]:.3f}, behind the line by", miss.round(2))

# %% [markdown]
# Twice the largest is missed by 0.02 at most; at eight times, all three stay
# behind the line. Have the large ones read too little? All read the same
# 154,000 letters.
#
# > **Predict.** Tenfold text: who gains more, a small model or a large one?

# %%
ax = plots.axes("More text lowers the loss, most for the largest",
                "letters read D", "loss (nats)")
for width in (12, 16, 24):
    points = [(row[LETTERS], row["loss"]) for row in table
              if (row["study"], row["width"]) == ("budgets", width)]
    D, L = np.reshape(points, (3, 3, 2)).mean(axis=1).T  # means of three seeds
    tenfold = 10 ** np.polyfit(np.log(D), np.log(L), 1)[0]
    ax.semilogx(D, L, "o-")
    ax.text(D[0], L[0], f"  width {width}: × {tenfold:.2f}")

# %% [markdown]
# The large one: left the curves nearly meet, right they part. Beside each
# stands what tenfold text leaves of its loss (by a power law in $D$). Neither
# weights nor text alone will do. What is the right mix?
#
# ## What should a budget buy?
#
# A weight and a token cost two FLOPs (lesson 07), and twice that on the way
# back (lesson 05: one gradient for the input, one for the weight). With $N$
# weights and $D$ tokens the *compute* (算力) is
#
# $$C \approx 6\,N D$$
#
# (Left out: attention's scores, 3 % more in GPT-3, but from a fifth to as much
# again in models as narrow as ours; the exercises count.)
#
# > **Predict.** You may spend 10 billion FLOPs: a model of 2,000 weights that
# > reads 800,000 letters, or one of 27,000 that reads 62,000, or one between?

# %%
ax = plots.axes("Each budget has its valley, and it moves right and down",
                "weights N", "loss (nats)")
best = []
for flops, widths in {3e9: (4, 8, 12, 16, 24), 1e10: (8, 12, 16, 24, 32),
                      3e10: (12, 16, 24, 32, 48)}.items():
    n = [found("budgets", flops, w, WEIGHTS)[0] for w in widths]
    loss = [found("budgets", flops, w).mean() for w in widths]
    ax.semilogx(n, loss, "o-")
    ax.text(n[-1], loss[-1], f" {flops:.0e}", va="center")
    curve = np.polyfit(np.log(n), loss, 2)             # a parabola
    lowest = -curve[1] / 2 / curve[0]
    best.append((flops, np.exp(lowest), np.polyval(curve, lowest)))

# %%
show.table([(f"{c:.0e}", f"{n:,.0f}", f"{c / 6 / n:,.0f}",
             f"{c / 6 / n**2:.0f}", f"{loss:.2f}") for c, n, loss in best],
           ["FLOPs", "best weights", "letters", "letters a weight", "loss"])
C, *both = np.log(best).T
print("N and loss: C to the", [f"{np.polyfit(C, y, 1)[0]:.2f}" for y in both])

# %% [markdown]
# One between. Each curve has *equal FLOPs* (iso-FLOP): left, the model is too
# small for what it reads; right, it reads too little. The bottoms lie on one
# more power law. Tenfold money should buy some four times the weights *and*
# two and a half times the text (other seeds: C to the 0.55 to 0.63).
# 增加模型大小或使用更多数据 ("a larger model *or* more data"), says one document; better
# both.
#
# Hoffmann et al. (2022) found equal parts with 400 larger models, and put it
# in one formula, $L = E + A/N^\alpha + B/D^\beta$: what no model can know,
# plus what is missing for lack of weights, plus for lack of text. Their
# Chinchilla took 70 billion weights and 1.4 trillion tokens: *20 tokens a
# weight* (ours want 64 to 106 *letters*, of which a token holds several).
#
# > **Predict.** Put Chinchilla's budget, 5.76 · 10²³ FLOPs, into the formula
# > with the constants they print (lesson 11 used them). Does it say 20?

# %%
def law(n, d, fit):
    E, A, B, alpha, beta = fit
    return E + A / n**alpha + B / d**beta


fits = {"printed": (1.69, 406.4, 410.7, 0.34, 0.28),
        "in full": (1.6934, 406.4, 410.7, 0.3392, 0.2849),
        "refitted": (1.8172, 482.01, 2085.43, 0.3478, 0.3658)}
n = np.geomspace(1e9, 1e12, 3001)
d = 5.76e23 / 6 / n
for name, fit in fits.items():
    i = law(n, d, fit).argmin()
    print(f"{name:8} {n[i]:.1e} weights, {d[i] / n[i]:.0f} tokens each")

# %% [markdown]
# It does not, nor does their unrounded fit. Besiroglu et al. (2024) read the
# points off the paper's figures, fitted again, and came near the paper's
# two other methods. GPT-3, 300 billion tokens for 175 billion weights, had read
# far too little.
#
# ### And whoever serves it?
#
# A token answered costs $2N$, each time. Then the cheapest way to a given loss
# is no longer Chinchilla's.
#
# > **Predict.** You want Chinchilla's loss, and will serve a hundred trillion
# > tokens. Is your model larger or smaller?

# %%
fit = E, A, B, alpha, beta = fits["refitted"]
n = np.geomspace(1.9e10, 2e11, 400)
gap = law(70e9, 1.4e12, fit) - E - A / n**alpha         # what is left for text
d = (B / gap) ** (1 / beta)                             # so many tokens
bills = {f"{served:g} trillion": 6 * n * d + 2 * n * served * 1e12
         for served in (0, 10, 100)}
plots.lines(bills, n / 1e9, logx=True, logy=True, xlabel="billion weights",
            ylabel="training and serving (FLOPs)",
            title="The more it serves, the smaller is the cheapest model")

# %%
show.table([(name, f"{n[i] / 1e9:.0f}", f"{d[i] / 1e12:.1f}",
             f"{d[i] / n[i]:.0f}") for name, bill in bills.items()
            for i in [bill.argmin()]],
           ["served", "billion weights", "trillion read", "tokens a weight"])
print(f"LLaMA 3 8B, 15 trillion read: {15e12 / 8.03e9:,.0f} tokens a weight")

# %% [markdown]
# Smaller, and it reads *more*. That is LLaMA's choice, with a large *inference
# budget* (推理预算) in mind.
#
# ## Does something emerge?
#
# Of large models it is said that abilities come suddenly: *emergent abilities*
# (涌现能力; Wei et al. 2022). One of our own: read ten letters, write them
# backwards.

# %%
from lmlab.models.gpt import GPT, GPTConfig


def words(count, seed):
    dice = torch.Generator().manual_seed(seed)
    word = torch.randint(26, (count, 10), generator=dice)
    return torch.cat([word, torch.full((count, 1), 26), word.flip(1)], dim=1)


def answer_loss(model, rows):                                # not the word's
    answer = torch.arange(21).expand(rows.shape) > 10
    return training.next_token_loss(model(rows), rows, answer)

# %% [markdown]
# Four widths, a hundred steps each. A word counts if all ten are right:

# %%
def right(width):
    torch.manual_seed(0)
    model = GPT(GPTConfig(27, 21, width, n_layers=2, n_heads=2)).double()
    training.train(model, lambda step: words(64, step), steps=100, warmup=10,
                   learning_rate=0.06, optimiser=muon.muon, loss=answer_loss)
    test = words(1000, 10**6)
    guess = model(test)[:, 10:-1].argmax(-1)
    return (guess == test[:, 11:]).numpy()                   # (1000, 10)

# %%
widths = [4, 6, 8, 12]
grades = [right(width) for width in widths]
whole = np.array([g.all(axis=1).mean() for g in grades])
print([f"width {w}: {share:.0%}" for w, share in zip(widths, whole)])

# %% [markdown]
# Nothing, nothing, then nearly everything.
#
# > **Predict.** Those are *whole words*. At width 6, how many single *letters*
# > are right: one in 26, one in four, or more than half?

# %%
letters = np.array([g.mean() for g in grades])
plots.lines({"letters right": 100 * letters, "words right": 100 * whole},
            widths, marks=True, xlabel="width", ylabel="%",
            title="One set of models, two rulers")
print([f"{p:.0%}, to the tenth {p**10:.1%}" for p in letters])

# %% [markdown]
# More than half. A word is right if ten letters are: with share $p$ of
# letters, about $p^{10}$ of words. The jump is in the *ruler*; the smooth
# measure saw it coming (Schaeffer et al. 2023: two such rulers hold over 92 %
# of the claims in BIG-Bench, many tests in one). (Two more seeds at width 6: 46
# and 67 % of letters, 0 and 2 % of words.)
#
# ### A jump that is not in the ruler
#
# Twenty bits of ±1; wanted is the product of the first three. No bit alone,
# and no two, tell anything about it. A small network:

# %%
torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(),
                          torch.nn.Linear(64, 1)).double()
descent = torch.optim.SGD(net.parameters(), lr=0.3)


def step():                                # loss, lead of the three inputs
    bits = torch.randint(2, (64, 20)).double() * 2 - 1
    wanted = bits[:, :3].prod(dim=1, keepdim=True)
    loss = -torch.nn.functional.logsigmoid(net(bits) * wanted).mean()
    descent.zero_grad()
    loss.backward()
    descent.step()
    size = net[0].weight.detach().square().mean(dim=0).sqrt()  # (20,)
    return loss.item(), (size[:3].mean() / size[3:].mean() - 1).item()

# %% [markdown]
# > **Predict.** The *loss* is a smooth measure. Does it fall evenly?

# %%
history, lead = zip(*(step() for _ in range(700)))
plots.lines({"loss (nats)": history, "lead of the three inputs": lead},
            logy=True, xlabel="step",
            title="The loss waits, then falls; something had grown before")

# %% [markdown]
# It waits near $\ln 2$, where one knows nothing, for over half of the steps
# (other seeds wait, too). Here no ruler is to blame. Yet the weights on the
# three right inputs had grown before, and fed their own growth (Barak et al.
# 2022): sudden for whoever looks at grades, gradual for whoever knows where.
#
# (Some grades have been foretold, GPT-4's in coding; others, its makers say,
# "remain hard to predict".)
#
# ## The bill
#
# > **Predict.** GPT-3's training on 10,000 A100 cards, which do 312 · 10¹²
# > FLOPs a second at their peak, of which 40 % are reached: three days, a month
# > or a year?

# %%
from lmlab.models.shapes import SHAPES

work = 6 * count_parameters(SHAPES["GPT-3 175B"]) * 300e9
print(f"{work:.2e} FLOPs,",
      f"{work / (10_000 * 312e12 * 0.4) / 86_400:.1f} days")

# %% [markdown]
# Three days. How do so many work at once? *Data parallel* (数据并行): each
# has all weights and a part of the batch, and the gradients are averaged. Is
# that the whole batch's gradient, or only near it?

# %%
rng = np.random.default_rng(0)
X, t, w = rng.normal(size=(64, 5)), rng.normal(size=64), rng.normal(size=5)
each = 2 * X * (X @ w - t)[:, None]     # (64, 5), of each row's squared error
four = each.reshape(4, 16, 5).mean(axis=1)             # (4, 5), of each worker
show.agree(four.mean(axis=0), each.mean(axis=0), 1e-12, ("four", "one"))

# %% [markdown]
# Exactly, if the parts are equal. In the exercises two real processes do it,
# by `torch.distributed`; you count what travels (in a *ring*, less than two
# gradients for each worker, however many there are), and draw *pipeline
# parallel* (流水线并行): no A100 holds GPT-3, so each takes some of the layers, and
# waits for those before it.
#
# ## What the documents say
#
# *The documents* are five Chinese overviews that this course tests.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 当模型的参数规模超过一定水平时 ... 会出现一些在小模型中不存在的新能力 ("beyond a certain size new abilities appear") | **doubtful** | asserted without measure; part of it is the ruler (Schaeffer et al. 2023), as you saw |
# | 类似物理学中的相变现象 ("like a phase transition") | **doubtful** | water's density jumps under any ruler; our letters did not |
# | GPT-3 可以通过学习上下文来解决少样本任务,而 GPT-2 在这方面表现较差 ("GPT-3 learns *few-shot* tasks from context, GPT-2 does so worse") | **right** | from a few examples in front (lesson 17; your run in the exercises): Brown et al. 2020, figure 1.2 |
# | LLaMA 通过使用更少的字符来达到最佳性能,从而在各种推理预算下具有优势 ("best with fewer characters, so ahead at various inference budgets") | **wrong**, reversed | fewer weights, *more* tokens (Touvron et al. 2023, section 1) |
# | ChatGPT用到了近万张英伟达A100的GPU卡 ("nearly ten thousand A100"), 微软Azure强大的算力 ("Azure's power") | **doubtful**; right | its makers published no figure. GPT-3 learned on V100s of Microsoft (Brown et al. 2020, 2.3); Microsoft's machine of May 2020, in Azure, had 10,000 GPUs (its announcement) |
# | 各种任务中的表现均显著提升 ("all tasks improve markedly") with size | **too much** | some get worse (McKenzie et al. 2023) |
#
# That weights outnumber a brain's neurons compares two units (lesson 03).

# %% [markdown]
# ## Check yourself
#
# 1. A line has $a = 0.05$. By what do you multiply the weights to halve the
#    loss?
# 2. Each letter is right in 90 %. How many words of ten, and of forty?
# 3. What does $6ND$ not count?
#
# <details><summary>Answers</summary>
#
# 1. $2^{1/0.05} = 2^{20}$, a million. Scaling is dear.
# 2. $0.9^{10}$ = 35 %; $0.9^{40}$ = 1.5 %.
# 3. Attention's scores, which grow with the length of the text; failed runs;
#    serving.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the forecast: all write a number down before the sixth is trained.
# Then words, and only then letters. *A common misunderstanding*: that
# Chinchilla's 20 is best for everyone; it is for whoever never serves.
#
# </details>
#
# **What this left out**: text that is read twice; how losses turn into grades;
# mixtures of experts (11).
#
# **Where it goes next**: [exercises](../exercises/13_scaling.ipynb), then
# [lesson 14](14_instruction_tuning.ipynb): the poet learns to follow a request.
#
# **Read on** (numbers are those of arXiv)
# - Kaplan et al., *Scaling Laws for Neural Language Models*, 2020, 2001.08361
# - Hoffmann et al., *Training Compute-Optimal Large Language Models*, 2022,
#   2203.15556; Besiroglu et al., *Chinchilla Scaling: A replication attempt*,
#   2024, 2404.10102
# - Wei et al., *Emergent Abilities of Large Language Models*, 2022,
#   2206.07682; Schaeffer et al., *Are Emergent Abilities ... a Mirage?*,
#   2023, 2304.15004
# - Barak et al., *Hidden Progress in Deep Learning*, 2022, 2207.08799
# - McKenzie et al., *Inverse Scaling: When Bigger Isn't Better*, 2023,
#   2306.09479
# - OpenAI, *GPT-4 Technical Report*, 2023, 2303.08774
# - Touvron et al., *LLaMA*, 2023, 2302.13971; Brown et al., 2020, 2005.14165
