# %% [markdown]
# # How does it learn to follow a request?
#
# A poet that only completes lines learns to answer eight wishes, pays with
# what it knew by heart, and learns them once more through a small detour.
#
# **You will** mask a loss, tune a poet, see what it forgets, and build the
# detour, LoRA, with a pencil.
#
# **You need** lessons 06 and 12: training, and the base poet.
#
# **Time** 35 minutes to read, 40 seconds to run

# %%
from lmlab.poem_school import measure, shipped, text

base, pupil = (shipped.poet(name).double() for name in ("base", "sft"))
for poet in (base, pupil):
    print(*measure.write(poet, ["思乡："], temperature=0)[0])

# %% [markdown]
# The request is a wish, "homesickness:". The base takes it for the start of a line
# and babbles, as in lesson 12. Its pupil answers: "my old friend cannot be
# seen ... there is a road back south, in vain ... home must be fragrant, too".
#
# Both predict the next character. But the pupil was trained further
# (*fine-tuned*, 微调), on *instructions* (指令) such as this wish, each with its
# answer (答案): *supervised fine-tuning*, SFT (策略精调), or *instruction tuning*
# (指令微调).
#
# ## What a teacher shows
#
# Eight wishes, each with eight characters: 雪霜冰冻冷冬霰凛 for "flying snow:". To
# each belong all quatrains that keep the tone pattern and have one of the eight
# in their first line. One that no poet has read, as an answer:

# %%
from lmlab.page import plots, show

wish, counts = "飞雪：", [0] * 3 + [1] * 24           # which tokens count
poem = ("门巷扫残雪", "林园惊早梅", "与君同甲子", "寿酒让先杯")
row = text.rows([poem], wish)                             # (1, 27)
tokens = [text.tokenizer().decode([i]) for i in row[0]]
show.tokens(tokens, weights=counts)

# %% [markdown]
# "Gate and lane are swept of the last snow, grove and garden startled by early
# plum; we are of one age; take the first cup." The wish is for you to write,
# the answer for the model. So only the shaded tokens count in the loss: an
# *answer mask*.
#
# > **Predict.** After tuning with this mask, does the pupil expect the colon
# > better than the base poet? And the poem behind it, on average over the
# > unread ones?

# %%
import numpy as np

test, themes = text.shelves()["test"], text.REQUESTS
unread = {theme: [lines for lines in test if set(lines[0]) & set(words)]
          for theme, words in themes.items()}
rows = text.rows(unread["飞雪"], wish)                    # (28, 27)


def surprises(poet):
    """Return the surprise at each token after the first, in nats."""
    z, label = poet(rows)[:, :-1].detach().numpy(), rows[:, 1:, None].numpy()
    log_sum = np.log(np.exp(z).sum(axis=-1))
    return log_sum - np.take_along_axis(z, label, axis=-1)[..., 0]

# %%
plots.bars(["雪", "：", "1", "2", "3", "4", "5", "⏎"],
           {"base": surprises(base).mean(axis=0)[:8],
            "pupil": surprises(pupil).mean(axis=0)[:8]},
           ylabel="mean surprise (nats)",
           title="Behind the colon, the pupil expects a poem of snow")

# %% [markdown]
# Hardly: 雪 and the colon are still a shock, and need not be less. In the first
# line (1 to 5), and where it ends, the pupil is ahead. The mask in the package:

# %%
from lmlab.poem_school.stages import answer_loss

mask = np.array(counts[1:], bool)
show.agree(surprises(base)[:, mask].mean(), answer_loss(base, rows), 1e-5)
show.source(answer_loss)

# %% [markdown]
# ## A minute of tuning
#
# Now tune a copy of the base, every weight of it (*full fine-tuning*, 全量微调):
# 100 steps, in each two answers to each of the eight wishes. An answer *obeys*
# if it is a quatrain and holds one of the eight characters; one poem in ten does
# so by chance.
#
# > **Predict.** After 100 steps, how many answers obey: 10, 35 or 60 %? The
# > base knew the classics by heart. After how many lines does the copy still
# > write the next: 90, 50 or 15 %?

# %%
import copy

import torch

from lmlab.learning import batches, muon, training

dealt = [batches.rows(text.rows(poems, theme + "："), 2)
         for theme, poems in text.lessons(themes).items()]

# %%
classics, known = text.shelves()["tang300"][::5], []


def look(poet):
    known.append(100 * measure.recites(poet, classics))
    return 100 * measure.obeys(poet, themes, each=12, temperature=0.8)[0]

# %%
tuned = copy.deepcopy(base)
history = training.train(
    tuned, lambda step: torch.cat([hand(step) for hand in dealt]), steps=100,
    learning_rate=2e-3, warmup=10, loss=answer_loss, optimiser=muon.muon,
    evaluate=look, evaluate_every=20)

# %%
obeyed = history.held_out
plots.lines({"answers that obey": list(obeyed.values()),
             "lines of classics known": known}, list(obeyed), marks=True,
            xlabel="steps", ylabel="%",
            title="It forgets the classics before it learns to obey")

# %% [markdown]
# Seconds teach it the form of an answer and its subject (the curve counts 96
# answers; of 200, with three seeds, 61 to 68 % obey). What it knew by heart is
# gone sooner: *catastrophic forgetting* (灾难性遗忘; McCloskey and Cohen 1989).
#
# ### Not a prompt
#
# One of *the documents* (five Chinese overviews of large models that this
# course tests) calls such examples 即prompt工程 ("that is, prompt engineering").
# A *prompt* (提示, lesson 17) is what you write in front.
#
# > **Predict.** Ask the base 100 times. Does one of its weights change?

# %%
import hashlib


def fingerprint(poet):                      # another, if any weight changes
    weights = (w.numpy().tobytes() for w in poet.state_dict().values())
    return hashlib.sha256(b"".join(weights)).hexdigest()


before = fingerprint(base)
measure.write(base, [wish] * 100)
print("prompted, the same weights:", fingerprint(base) == before)
print("tuned, the same weights:", fingerprint(tuned) == before)

# %% [markdown]
# A prompt leaves no trace in the weights; fine-tuning does.
#
# ## What it cost
#
# The shipped pupil took 600 such steps, of twice the answers, and obeys in
# some 80 % (three poets; `data/poem-school.md`). Of its poems some 56 %
# rhyme, of the base's 69. And what does it *expect*? One
# document calls tuning 专业教育 ("professional education") after 通识教育 ("general
# education"); one compares a student (our base) and a professor of medicine (the
# pupil). The exam: answers the pupil was taught; unread ones; these poems, when
# nobody asks; other poems.
#
# > **Predict.** Unread poems on the professor's own eight themes: who expects
# > them better, the pupil with the wish in front, or the base without it?

# %%
named = set("".join(themes.values()))
others = [lines for lines in test if not set("".join(lines)) & named]


def asked(poems):
    return torch.cat([text.rows(some[:16], theme + "：")
                      for theme, some in poems.items()])


exam = {"taught": asked(text.lessons(themes)), "unread": asked(unread),
        "not asked": text.rows(sum(unread.values(), [])),
        "other": text.rows(others[:128])}

# %%
@torch.no_grad()
def surprise(poet, rows):
    counted = torch.ones_like(rows, dtype=torch.bool)
    counted[:, :-24] = False                              # the poem alone
    return training.next_token_loss(poet(rows), rows, counted)

# %%
poets = {"base": base, "100 steps": tuned, "pupil": pupil,
         "LoRA": shipped.poet("lora").double()}           # told below
plots.heatmap(np.array([[surprise(poet, rows) for rows in exam.values()]
                        for poet in poets.values()]), values=".1f",
              rows=list(poets), columns=list(exam), label="surprise (nats)",
              title="The pupil has learned by heart")

# %% [markdown]
# The student: unasked, in the form it knows, the base expects poems on the
# professor's own themes better than the pupil does (4.6 against 5.6). Still the
# pupil *obeys* more often than at 100 steps. (So did InstructGPT, GPT-3 tuned on
# wishes: its loss on unread answers rose after one epoch, and people still liked
# later ones better. Ouyang et al. 2022.)
#
# ## Wishes it never heard
#
# > **Predict.** Ask the pupil for wine, for autumn, for a temple: eight themes
# > that it was not taught. How many of its answers obey: 75, 40 or 10 %?

# %%
share, craft = measure.obeys(pupil, text.TRIALS, each=100, temperature=0.8)
print(f"{share:.0%} obey; {craft['formed']:.0%} are quatrains")

# %% [markdown]
# Of its quatrains 19 to 24 % obey (five samples), by chance a tenth. It has
# eight keys to eight locks, and hardly a notion of a wish. What if wishes are
# many? Let each poem answer one of its own, two characters of its first line,
# but never one of the sixteen themes. (Three seeds.)

# %%
from lmlab.page import datasets

table = datasets.measured("14_instruction_tuning")


def found(study, setting, what="first"):
    return np.array([row[what] for row in table
                     if (row["study"], row["setting"]) == (study, setting)])


print("obey on sixteen themes never asked for:",
      f"{found('requests', 'drawn').mean():.0f} %,",
      f"by chance {found('requests', 'drawn', 'third').mean():.0f} %")

# %% [markdown]
# Three times chance. What follows new instructions is a model taught many
# kinds of them. (Tuning on 60 data sets, FLAN, *harmed* unseen tasks at 8 billion
# weights and below, Wei et al. 2022; from 1,836 tasks small models gain, too:
# Chung et al. 2022.)
#
# ## A small detour
#
# All weights have moved. Must they? Of *parameter-efficient fine-tuning*
# (参数高效微调) the best known is *LoRA* (Hu et al. 2021). It leaves a map (a layer's
# matrix $W$) as it is and adds a detour through $r$ numbers, the *rank* (秩,
# lesson 03); only $A$ and $B$ learn, and $\alpha$ sets how much they count:
#
# $$y = W x + \frac{\alpha}{r} B A x$$
#
# $A$ begins at random, $B$ at zero. Here $\alpha = r = 1$.
#
# > **Predict.** What does the detour change before the first step? Beside a map
# > from 6 to 4 numbers, do 24, 10 or 4 numbers learn?

# %%
W = np.array([[1, 0, 2, 0, 1, 0], [0, 1, 0, 3, 0, 1],
              [2, 2, 0, 0, 1, 1], [0, 0, 1, 1, 0, 2]])
x = np.array([1, 2, 0, 1, 3, 1])
A, B = np.array([[1, 0, 0, 2, -1, 0]]), np.zeros((4, 1), int)
print("at first:", W @ x, W @ x + B @ (A @ x))
A, B = np.array([[1, 0, 0, 2, 1, 0]]), np.array([[1], [0], [-1], [2]])
print("tuned:", W @ x + B @ (A @ x))
print("merged:", (W + B @ A) @ x)
print(f"{A.size + B.size} numbers learn, {W.size} rest")

# %% [markdown]
# Nothing at first: the tuned model starts as the base. And in the end $BA$ may
# be added into $W$ (*merge*, 合并): then no detour is left to cost time. In
# torch:

# %%
from torch import nn

from lmlab.learning.lora import LoRALinear

linear = nn.Linear(6, 4, bias=False)
linear.weight.data = torch.tensor(W).float()
layer = LoRALinear(linear, rank=1, alpha=1.0)
layer.A.data, layer.B.data = torch.tensor(A).float(), torch.tensor(B).float()
show.agree(W @ x + B @ (A @ x), layer(torch.tensor(x).float()), 1e-6)
layer.merge()
show.agree((W + B @ A) @ x, layer(torch.tensor(x).float()), 1e-6)

# %% [markdown]
# $A$ and $B$ of all maps are an *adapter*: a small file beside a base that
# many share. One document says it may take 0.1%以下, "under 0.1 %", of the
# weights.
#
# > **Predict.** How much of LLaMA-7B learns with rank 8 beside the maps to query
# > and value, beside all seven of a block, and with rank 64 beside all: which
# > of 0.06, 0.3, 2.4 and 17 %?

# %%
from lmlab.models import counting, shapes

N = counting.count_parameters(shapes.SHAPES["LLaMA-1 7B"])
square, wide = (4096, 4096), (4096, 11008)
two, seven = [square] * 2, [square] * 4 + [wide] * 3
learns = {f"{name}, rank {r}": 32 * r * sum(map(sum, maps))  # 32 blocks
          for name, maps, r in (("two maps", two, 8), ("all", seven, 8),
                                ("all", seven, 64))}
show.table([(name, f"{n:,}", f"{n / N:.2%}") for name, n in learns.items()],
           ["detours beside", "numbers that learn", "share"])

# %% [markdown]
# A detour costs $r\,(n_{in} + n_{out})$ beside $n_{in} n_{out}$: the wider the
# map, the smaller the share. (Our poet's are narrow: rank 16 is 17 %.) What it
# saves is memory: tuning all of LLaMA-7B takes 108 GB at least, a LoRA 14, and
# 4 if what rests has 4 bits (*QLoRA*; the exercises count).
#
# ### How little is enough?
#
# Our poet again, 100 steps, with different parts that learn: the
# scales of its norms, or the vectors of the wishes' own characters (like
# *prompt tuning*, Lester et al. 2021).
#
# > **Predict.** Is less trained less forgotten?

# %%
kinds = ["norms", "vectors of wishes", "LoRA 1", "LoRA 8", "LoRA 64",
         "last block", "all", "all, old poems too"]
sizes = [found("trains", kind, "third")[0] for kind in kinds]
plots.bars([f"{kind}: {n:,.0f}" for kind, n in zip(kinds, sizes)],
           {"obeys": [found("trains", kind).mean() for kind in kinds],
            "classics known": [found("trains", kind, "second").mean()
                               for kind in kinds]},
           horizontal=True, ylabel="% (mean of three seeds)",
           title="Higher rank obeys more and forgets more")

# %% [markdown]
# Mostly yes: along the ranks obedience rises and memory falls (Biderman et al.
# 2024 found it for large models). But norms alone learn little, and forget all
# the same; the last block learns nearly as much as all. What saves the classics
# is the data: four of them, and four other old poems, beside each 16 answers.
# (Three LoRA poets obey in some 80 %, too, and keep the tone pattern in some
# 55, pupils in 46.)
#
# ### How few examples?
#
# > **Predict.** Of 480 answers half are drawn from all eight wishes, whatever
# > was asked; or there are only 48, all right. Which pupil obeys more?

# %%
kinds = [480, "480, half wrong", 48]
show.table([(kind, *(f"{found('examples', kind, what).mean():.0f}%"
                     for what in ("first", "second"))) for kind in kinds],
           ["examples", "obeys", "lines copied from them"])

# %% [markdown]
# Mistakes cost two fifths. But 48 are known by heart after 100 steps: 98 %
# obey, by reciting. (A large model can do with 1,000 good ones: LIMA, Zhou et
# al. 2023.)
#
# ## What the documents say
#
# First a sum: two million rows in five hours. Take LLaMA-7B and 256 tokens a
# row; a token costs $2N$ FLOPs forward and, where $W$ rests, $2N$ backward; an
# A100 does at most 312 TFLOP ($10^{12}$ FLOPs) a second (NVIDIA; lesson 13).
# Then two wishes of a document's own.

# %%
work = 4 * N * 256 * 2_000_000 / (5 * 3600)
print(f"{work / 1e12:.0f} TFLOP/s: {work / 312e12:.1f} times an A100's peak")
for theme in ("孤独：", "豪情："):
    print(theme, *measure.write(pupil, [theme], temperature=0)[0])

# %% [markdown]
# | they say | verdict | why |
# | --- | --- | --- |
# | 在1张高性能显卡中,约5小时就可完成包含200万条数据的参数微调 ("on one card, two million rows in five hours") | **implausible** | 2.5 A100s (0.8 H100) at their peak; a well-known five hours (Alpaca-LoRA, 2023) are for 52 thousand rows, read three times |
# | 通过高质量的人工标注指令,答案(即prompt工程)优化模型 ("optimises it by labelled instructions and answers, that is, prompt engineering") | **wrong** name | it is fine-tuning: the fingerprint changed |
# | 引导他看到“孤独(prompt)”可以写 ... ("guides him: on seeing 'loneliness' he may write ...") | **right** | our teacher shows the same; "I sit alone and think a thousand miles" fits. For 豪情 ("heroism") comes 龙钟一老翁, "a doddering old man": it obeys, for 龙 ("dragon") is on the list: the letter, not the sense |
# | 影响的参数量可仅为大模型全量参数的0.1%以下 ("may affect under 0.1 % of the weights") | **right** at small settings | 0.06 %; but 0.30 and 2.4 % for all maps |
# | LLM 被证明在使用指令形式化描述的未见过的任务上表现良好 ("proven to do well on unseen tasks that are given as instructions") | **right** of those taught many tasks | FLAN; not of eight wishes |
# | 肯定是医科教授回答更加精准 ("surely the professor of medicine answers more precisely") | **doubtful** | GPT-4, only prompted, beat the tuned Med-PaLM 2 (Nori et al. 2023); their professor, DoctorGPT, is a LLaMA-2 7B, tuned in 24 hours |

# %% [markdown]
# ## Check yourself
#
# 1. A row has a wish of 40 tokens and an answer of 10. How many tokens count?
# 2. Why must not $A$ *and* $B$ begin at zero?
# 3. Your tuned model answers your users well, and no longer writes code. What
#    do you try?
#
# <details><summary>Answers</summary>
#
# 1. The 10 of the answer, its end mark among them.
# 2. The slope of each is a product with the other: neither would ever move.
# 3. Old data among the new; or a smaller rank, fewer steps.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the two answers, the live curves, the heat map. *Point
# at* the column "not asked". *A common misunderstanding*: that a chat teaches a
# model something. Only its weights remember.
#
# </details>
#
# **What this left out**: where instructions come from; dialogues of many turns
# and their *chat template* (in the exercises).
#
# **Where it goes next**:
# [exercises](../exercises/14_instruction_tuning.ipynb), then [lesson
# 15](15_reward_model.ipynb): which of two answers is better?
#
# **Read on** (numbers are those of arXiv)
# - Ouyang et al., *Training language models to follow instructions with human
#   feedback*, 2022, 2203.02155
# - Wei et al., *Finetuned Language Models Are Zero-Shot Learners*, 2022,
#   2109.01652
# - Chung et al., *Scaling Instruction-Finetuned Language Models*, 2022,
#   2210.11416
# - Hu et al., *LoRA*, 2021, 2106.09685
# - Dettmers et al., *QLoRA*, 2023, 2305.14314
# - Biderman et al., *LoRA Learns Less and Forgets Less*, 2024, 2405.09673
# - Lester et al., *The Power of Scale for Parameter-Efficient Prompt Tuning*,
#   2021, 2104.08691
# - Zhou et al., *LIMA*, 2023, 2305.11206
# - Nori et al., *Can Generalist Foundation Models Outcompete Special-Purpose
#   Tuning?*, 2023, 2311.16452
# - McCloskey and Cohen, *Catastrophic interference*, 1989
# - Alpaca-LoRA, github.com/tloen/alpaca-lora
