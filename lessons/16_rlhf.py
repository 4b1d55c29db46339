# %% [markdown]
# # How does a score change behaviour?
#
# You pay a pupil for one reply, then a poet of a million weights for good
# verse, and see what both do for the money.
#
# **You will** find the gradient of a reward with a pencil, put a pupil on a
# leash, and watch a poet cheat its judge.
#
# **You need** lessons 05, 14 and 15: gradients, the tuned poet, its judge.
#
# **Time** 35 minutes to read, 20 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


start, reward = np.array([np.log(2), 0.0]), np.array([0.0, 1.0])
rng, z, catkins = np.random.default_rng(0), start, []
for _ in range(80):
    p = softmax(z)
    catkins.append(p[1])
    said = rng.choice(2, p=p)                   # 0: salt, 1: catkins
    z = z + 0.5 * reward[said] * (np.eye(2)[said] - p)
plots.lines(catkins, title="Paid for catkins, he soon says little else",
            xlabel="replies so far", ylabel="probability of catkins")

# %% [markdown]
# ## A sweet for one reply
#
# What is falling snow like? "Salt, scattered in the air" (撒盐空中差可拟), said
# a boy some 1,650 years ago; "rather willow catkins, risen on the wind"
# (未若柳絮因风起), said his cousin Xie Daoyun (世说新语). In one of *the documents*, five
# Chinese overviews of large models that this course tests, a companion pays a
# child candied haws (糖葫芦) for the second. To learn from pay is
# *reinforcement learning* (强化学习); the probabilities $p$ are the *policy*
# (策略).
#
# He starts at $p = (\frac23, \frac13)$, and can expect $J = \sum_k p_k r_k =
# \frac13$ of a sweet. By the scores $z$ of the softmax, the slope of $\ln p_k$
# is 1 at $k$, minus $p$ (lesson 04); that of $p_k$ is $p_k$ times as much. Pay
# each, add up, and the slope of $J$ is
#
# $$\frac{\partial J}{\partial z_k} = p_k\,(r_k - J)$$
#
# > **Predict.** With a pencil: what is it for salt, which earns nothing: 0,
# > $-\frac29$ or $-\frac13$?

# %%
p = softmax(start)
exact = p * (reward - p @ reward)
print((9 * exact).round(6), "ninths")

# %% [markdown]
# To earn nothing is to earn less than expected. But nobody can add up over all
# replies: there are more poems than atoms on earth. *REINFORCE* (Williams
# 1992) tries one, $a$, and pulls it up by its reward: $r_a \nabla \ln p_a$
# ($\nabla$: the slopes by all scores).

# %%
one_try = reward[:, None] * (np.eye(2) - p)     # a row for each reply said
print((9 * one_try).round(6) + 0)
show.agree(p @ one_try, exact, 1e-12, ("mean of the tries", "the slope"))

# %%
import torch

from lmlab.feedback import preference, rl

scores = torch.tensor(start, requires_grad=True)
said = torch.tensor([0, 0, 1])                  # as often as he says them
paid = torch.tensor(reward)[said]
rl.reinforce_loss(scores.log_softmax(0)[said], paid).backward()
show.agree(exact, -scores.grad, 1e-12)

# %% [markdown]
# Salt moves nothing, catkins too much: the mean is right.
#
# Subtract a *baseline* (基线) $b$ from every reward; what is left is the
# *advantage* (优势). The mean of $\nabla \ln p_a$ is 0, so the mean pull stays;
# its scatter, the noise, need not.
#
# > **Predict.** A generous companion pays 10 for salt and 11 for catkins
# > ($b = -10$). What does that change: the slope, the noise, or both?

# %%
def noise(b):
    pulls = (reward - b) * (np.eye(2) - p)[:, 1]
    return np.sqrt(p @ (pulls - p @ pulls) ** 2)


print([f"{x:.2f}: {noise(x):.2f}" for x in (-10, 0, 1 / 3)])

# %%
b = np.linspace(-1, 1.5, 101)
plots.lines({"noise": [noise(x) for x in b], "slope": 0 * b + 2 / 9}, b,
            title="The slope stays; the noise depends on what is subtracted",
            xlabel="baseline", ylabel="pull on catkins")

# %% [markdown]
# The noise alone, and sixteenfold. The mean reward, $\frac13$, halves it.
# (With two replies $\frac23$ even ends it.)
#
# ## A scolding
#
# The same document: a child who says 爸爸是坏蛋 ("daddy is a bad egg") must be
# punished. Let it say so in one answer of ten, "I like him" in eight, "ask
# mummy" in one.
#
# > **Predict.** It says the first, and gets $-1$. "Ask mummy" was neither said
# > nor scolded. Does its probability rise, stay or fall?

# %%
three = np.array([0.1, 0.8, 0.1])
print(softmax(np.log(three) - (np.eye(3)[0] - three)).round(2))

# %% [markdown]
# It falls, nearly by half. A scolding lifts each other score by that reply's
# own probability: the likely gain most.
#
# ## The leash
#
# To keep what he was, let leaving cost something: the *KL divergence* (KL 散度)
# from the policy $q$ that he began with, $\sum_k p_k \ln (p_k / q_k)$ nats, at
# $\beta$ each. A reply is then worth $r_k - \beta \ln (p_k / q_k)$. He rests
# where all are worth the same:
#
# $$p_k \propto q_k\, e^{\,r_k / \beta}$$
#
# > **Predict.** His odds are 2 to 1 for salt; let $\beta = 0.72$, so that
# > $e^{1/\beta} = 4$. What are the odds at the end?

# %%
def climb(beta):
    """Return the policy after each of 60 steps along the slope, (60, 2)."""
    z, q, path = start, softmax(start), []
    for _ in range(60):
        p = softmax(z)
        path.append(p)
        value = reward - beta * np.log(p / q)
        z = z + 2 * p * (value - p @ value)
    return np.array(path)

# %%
paths = {f"odds x {times}": climb(1 / np.log(times)) for times in (2, 4, 16)}
plots.lines({name: path[:, 1] for name, path in paths.items()} |
            {"no leash": climb(0)[:, 1]}, ylabel="probability of catkins",
            title="Each leash has its own end", xlabel="steps")
show.agree(paths["odds x 4"][-1], [2 / 6, 4 / 6], 1e-6, ("loop", "formula"))

# %% [markdown]
# 2 to 1 became 2 to 4. What he never said ($q_k = 0$), no pay can find.
#
# ## Methods are lines that differ
#
# Now twenty replies, each of a hidden worth, and a judge who errs by about 1.

# %%
worth, scores = (torch.tensor(np.random.default_rng(seed).normal(size=20))
                 for seed in (1, 2))
known = scores.log_softmax(0)                   # what he begins with
print(f"he earns {known.exp() @ worth:.2f}; the best reply {worth.max():.2f}")

# %% [markdown]
# Sixteen tries a round. Tries are dear: can we learn eight times from each
# round? After one step he is no longer the one who said these things, so weigh
# each advantage $A$ by the *ratio* $p/p_{\text{old}}$. But then a lucky reply
# is pulled up for ever. *PPO* (近端策略优化; Schulman et al. 2017) stops: beyond a
# change of 20 % nothing more is gained.

# %%
def ppo(now, old, A, clip=0.2):
    ratio = (now - old).exp()                   # both are logarithms
    return -torch.min(ratio * A, ratio.clamp(1 - clip, 1 + clip) * A).mean()


tries = torch.randn(3, 50, dtype=torch.float64)
show.agree(ppo(*tries), rl.ppo_loss(*tries), 1e-12)

# %%
def learn(looks, loss, seed):
    """Learn from 40 rounds of 16 tries; return the log-probabilities."""
    torch.manual_seed(seed)
    z = known.clone().requires_grad_()
    for _ in range(40):
        said = z.detach().exp().multinomial(16, True)
        paid = worth[said] + torch.randn(16, dtype=torch.float64)
        A, old = paid - paid.mean(), z.detach().log_softmax(0)[said]
        for _ in range(looks):
            step = loss(z.log_softmax(0)[said], old, A, known[said])
            z.data -= torch.autograd.grad(step, z)[0]
    return z.detach().log_softmax(0)

# %% [markdown]
# In *GRPO* (Shao et al. 2024) tries for one request are each other's baseline,
# in units of their standard deviation; the leash stands in the loss.
#
# *DPO* (Rafailov et al. 2023) needs no new tries and no score. Read the
# formula of the leash backwards: $r = \beta \ln (p/q)$ and a constant. So a
# policy *is* a score, and lesson 15's loss of a comparison trains it:

# %%
def dpo(seed, beta=0.3):
    torch.manual_seed(seed)
    a, b = known.exp().multinomial(1280, True).chunk(2)
    wins = torch.rand(640) < (worth[a] - worth[b]).sigmoid()
    better, worse = torch.where(wins, a, b), torch.where(wins, b, a)
    z = known.clone().requires_grad_()
    for _ in range(320):
        score = beta * (z.log_softmax(0) - known)
        loss = preference.pair_loss(score[better], score[worse])
        z.data -= torch.autograd.grad(loss, z)[0]
    return z.detach().log_softmax(0)

# %% [markdown]
# With one look every ratio is 1, and PPO is REINFORCE.

# %%
ways = {
    "REINFORCE": (1, lambda now, old, A, q: ppo(now, old, A)),
    "no clip": (8, lambda now, old, A, q: ppo(now, old, A, clip=np.inf)),
    "PPO": (8, lambda now, old, A, q: ppo(now, old, A)),
    "GRPO": (8, lambda now, old, A, q: ppo(now, old, A / A.std())
             + 0.04 * rl.token_kl(now, q).mean())}     # the leash
ends = {(name, 40 * looks): [learn(looks, loss, seed) for seed in range(3)]
        for name, (looks, loss) in ways.items()}
ends["DPO", 320] = [dpo(seed) for seed in range(3)]
show.table([(*way, *(f"{end.exp() @ worth:.2f}" for end in three),
             f"{np.mean([end.exp() @ (end - known) for end in three]):.2f}")
            for way, three in ends.items()],
           ["", "steps", "he earns: seed 0", "1", "2", "KL, mean"])

# %% [markdown]
# Each heard 640 verdicts, DPO's on pairs. Eight looks bought little here;
# without the clip one seed ran after a lucky reply and stayed there (of
# twelve, five; with it, none).
#
# A poem is some 24 tries, with one reward at the end. Whose merit was it?
# PPO's *critic* guesses before each token what will come; where the guess
# rises, the token deserves it. *GAE* (Schulman et al. 2015) adds the later
# rises, each a little less. The others give each token the whole.

# %%
guess, earned = torch.tensor([0.2, 0.5, 0.4, 0]), torch.tensor([0, 0, 1.0])
rise = earned + guess.diff()
merit = torch.tensor([[1, 0.95, 0.95 ** 2], [0, 1, 0.95], [0, 0, 1]]) @ rise
print(rise.numpy().round(2), merit.numpy().round(2))
show.agree(merit, rl.gae(earned[None], guess[None, :3])[0], 1e-6)

# %% [markdown]
# ## The pupil of the poem school
#
# RLHF, reinforcement learning from human feedback (基于人类反馈的强化学习), has
# three steps: examples (lesson 14), a judge made of comparisons (15), and now
# reward. First a program rewarded our pupil: for tones and a rhyme, less for
# repeats and for common endings. GRPO on a leash, 120 rounds of 256 poems:

# %%
from lmlab.poem_school import figures, judges, measure, shipped, stages, text

ranker, after = shipped.ranker().double(), shipped.poet("rl").double()
both = stages.sharper(shipped.poet("sft")).double(), after  # temperature 0.8
found = [figures.of_poet(one, both[0], ranker, 0, each=50) for one in both]
shares = ["in tone, %", "rhyming, %", "both, %", "on theme, %"]
plots.bars([share[:-3] for share in shares], {
    when: [pupil[share] for share in shares]
    for when, pupil in zip(("before", "after"), found)},
    title="What is paid for comes; the theme stays", ylabel="of 400 poems (%)")

# %%
for what in ("repeats a poem", "last characters in 100 poems",
             "KL from sft, nats", "the teacher's grade"):
    print(f"{what:30}", *(f"{pupil[what]:6.1f}" for pupil in found))
poems = [measure.answers(one, text.REQUESTS, 25) for one in both]
for some in poems:
    print(*some["飞雪"][0])

# %% [markdown]
# Before: "fine wind, frost, red water; bright flowers, a wind of silk", in rhyme
# only; after: "dew drips, snow of green pines; wind blows, a steward's son's
# wind", in tone, too. Sense was not paid for. (Two more poets gained about as
# much: `data/poem-school.md`.)
#
# ## The flatterer
#
# For "is it good?" there is no program, only a companion, a ranker like lesson
# 15's: it heard a teacher of our eight themes compare 3,000 pairs. (Her grade:
# 2 for a character of the theme, 1.5 for tones, 1 for rhyme, less for repeats.)
# Now the pupil is paid its score, without a leash.
#
# > **Predict.** Twelve rounds. The score must rise. And a poem on flying snow,
# > at the end: better, duller, or no poem at all?

# %%
said, judge = [], judges.by_ranker(ranker)


def hear(prompts, answers):
    said.append([text.lines_of(answer) for answer in answers])
    return judge(prompts, answers)


# %%
two = {theme: text.REQUESTS[theme] for theme in ("飞雪", "思乡")}
_, history = stages.please(shipped.poet("sft").double(), hear, seed=0,
                           themes=two, steps=12, learning_rate=1e-3, beta=0)
for k in (1, 2, 5, 12):
    print(k, *said[k - 1][0])

# %%
words = [two["飞雪"]] * 32 + [two["思乡"]] * 32  # 32 poems on each theme
grade = [np.mean([*map(judges.grade, written, words)]) for written in said]
plots.lines({"ranker's score": history["reward"], "teacher's grade": grade},
            range(1, 13), xlabel="round", ylabel="mean of 64 poems (log odds)",
            title="The judge is ever happier; the teacher, only at first")

# %% [markdown]
# Round 2, the teacher's best: "a temple tower, long in snow; a brook's water
# parts a thousand hills". Round 12: "snow, frost, frost, snow, frost, frost",
# without an end of line. The ranker had only seen poems; nothing told it what
# such a heap is worth. This *reward hacking* (奖励作弊) is lesson 15's
# over-optimisation, now in the weights.
#
# What helps? A leash ($\beta = 0.4$); a price for repeats; or the teacher: she
# compares 3,000 pairs of what the flatterer wrote, the ranker learns, a new
# pupil pleases it; and once more. Three seeds, four themes; KL in nats,
# quatrains in %; in brackets the range:

# %%
from lmlab.page import datasets


def mean(run, what):
    values = [row[what] for row in datasets.measured("16_rlhf")
              if (row["study"], row["setting"]) == run]
    return f"{np.mean(values):.1f} {[round(min(values)), round(max(values))]}"


runs = {"no leash": ("reward", "nothing"), "leash": ("reward", "leash"),
        "repeats cost": ("reward", "repeats"),
        "asked again": ("renewed", 1), "and again": ("renewed", 2)}
columns = ["score", "grade", "kl", "quatrains"]
show.table([(name, *(mean(run, what) for what in columns))
            for name, run in runs.items()], ["", *columns])

# %% [markdown]
# The leash keeps poems. Where repeats cost, most answers stop after three to
# six characters: 雪覆霜 ("snow covers frost") has no room to repeat, and even the
# teacher's rule, a stand-in too, likes it. To ask again lifts the grade in all
# three, until the next hole: the second time one fell again.
#
# ## Better, to whom?
#
# Two readers see each pair of poems, before and after. One likes tone and
# rhyme, the other characters of the theme; a tie counts half.

# %%
from lmlab.text import poems as verse

likes = {
    "craft": lambda lines, words: verse.tonal(lines) + verse.rhymes(lines),
    "theme": lambda lines, words: len(set("".join(lines)) & set(words))}
for who, liking in likes.items():
    marks = [np.array([liking(lines, words) for theme, words
                       in text.REQUESTS.items() for lines in pupil[theme]])
             for pupil in poems]
    print(f"{who}: better now in {preference.agreement(*marks[::-1]):.0%}")

# %% [markdown]
# With one of them he is better *aligned* (对齐), with the other not. Helpful and
# harmless can pull apart (Bai et al. 2022).
#
# ## The whole recipe
#
# In the document's words, on our poet, and as InstructGPT (lesson 15) did it:
#
# | stage | the child | our poet (`data/poem-school.md`) | InstructGPT |
# | --- | --- | --- | --- |
# | read | 生硬地背了大量古诗 ("learns old poems by rote") | recites all classics; on theme 0 % | GPT-3 |
# | examples | 老师给学生上课 ("the teacher gives lessons") | on theme 82 %, tone and rhyme 31 % | 13,000 requests |
# | judge | 培养一个伴读 ("a companion is brought up") | right in 74 % of pairs | 33,000 requests, 4 to 9 answers each, ranked |
# | reward | 糖葫芦 ("candied haws") | 85 and 72 %, KL 11 | 31,000 requests, PPO, leash 0.02, old text too |
#
# The document promises 能诗会赋 ("a master of verse"). Ours masters two rules.

# %% [markdown]
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 回答“爸爸是坏蛋”就要进行“惩罚” ("punish: daddy is a bad egg") | **half** | it lowers that answer, and lifts whatever was likeliest |
# | 训练一个独立于基座模型的判别模型 ("a judge independent of the base model") | **half** (lesson 15) | begun as a tuned GPT-3 (Ouyang, C.2: which one hardly mattered). Here too: after 3,000 comparisons a copy of the pupil is right in 58 %, a newborn in 57 (`data/measured`) |
# | 本阶段无需人工标注数据 ... 老师则可以休息了 ("no labels needed, the teacher may rest") | **half** | none for each answer; but a judge that nobody asks again is fooled, and labellers were asked again (Ouyang, 3.1). No leash is named |
# | 完成模型的领域泛化能力 ("makes it general over domains") | **half** | tone and rhyme rewarded on two themes: from 31 to 63 %; on two others, which it knew, 28 to 57 (`data/measured`) |
# | 由于六个月的迭代校准 ("six months of iterated alignment" made GPT-4 safer) | **right** | so says OpenAI's page on GPT-4 (2023) |
#
# (One writes RHLF, later RLHF. Another has ChatGPT agree with
# 人类安全使用的价值观, "humans' values of safe use": whose?)

# %% [markdown]
# ## Check yourself
#
# 1. All sixteen answers to a request earn the same. What does GRPO learn?
# 2. Your pupil's reward doubles, its KL is 200 nats. What do you look at?
# 3. Why may a baseline be the mean reward, but not each reply's own?
#
# <details><summary>Answers</summary>
#
# 1. Nothing: all advantages are 0. (The leash still pulls.)
# 2. Its answers: what does the judge like in them?
# 3. Every pull would be 0: the baseline must not depend on what was said.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the scolding (vote first) and the flatterer. *Point at* round 2, where
# the grade turns: who would have stopped? *A common misunderstanding*: that a
# pupil who cheats is mean. It climbs what it is given.
#
# </details>
#
# **What this left out**: rewards by proofs and tests; worlds that answer each
# step (lesson 22).
#
# **Where it goes next**: in the [exercises](../exercises/16_rlhf.ipynb) you
# stop the flatterer. The line from a neuron to RLHF is complete, and each link
# of it has run here. [Lesson 17](17_prompting.ipynb) asks what can be done
# without changing a weight.
#
# **Read on** (numbers are those of arXiv)
# - Williams, *Simple statistical gradient-following algorithms ...*, 1992,
#   Machine Learning 8, 229-256
# - Ouyang et al., *Training language models to follow instructions ...*, 2022,
#   2203.02155
# - Schulman et al., *Proximal policy optimization algorithms*, 2017,
#   1707.06347; *High-dimensional continuous control ...*, 2015, 1506.02438
# - Rafailov et al., *Direct preference optimization*, 2023, 2305.18290
# - Shao et al., *DeepSeekMath*, 2024, 2402.03300
# - Bai et al., *Training a helpful and harmless assistant ...*, 2022,
#   2204.05862
# - OpenAI, *GPT-4*, 2023, openai.com/research/gpt-4
