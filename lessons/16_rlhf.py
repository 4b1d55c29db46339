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
# **Time** 35 minutes to read, 40 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show


def softmax(z):
    return np.exp(z) / np.exp(z).sum()


z, reward = np.array([np.log(2), 0.0]), np.array([0.0, 1.0])
rng, catkins = np.random.default_rng(0), []
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
# What does falling snow look like? "Salt, scattered in the air"
# (撒盐空中差可拟), said a nephew, some 1,600 years ago; "rather willow catkins,
# risen on the wind" (未若柳絮因风起), his cousin Xie Daoyun. In one of *the
# documents*, the five Chinese overviews of large models that this course tests,
# a companion pays a child candied haws (糖葫芦) for the second, nothing for the
# first. Learning what to do from such pay is *reinforcement learning* (强化学习);
# the probabilities $p$ of the replies are the *policy* (策略).
#
# He starts at $p = (\frac23, \frac13)$. He can expect $J = \sum_k p_k r_k =
# \frac13$ of a sweet a reply, and the slope of $J$ by each score $z_k$ is
#
# $$\frac{\partial J}{\partial z_k} = p_k\,(r_k - J)$$
#
# > **Predict.** With a pencil: what is it for salt, which earns nothing: 0,
# > $-\frac29$ or $-\frac13$?

# %%
p = softmax(np.array([np.log(2), 0.0]))
exact = p * (reward - p @ reward)
print((9 * exact).round(6), "ninths")

# %% [markdown]
# To earn nothing is to earn less than was expected. But a poet cannot add up
# over all replies: there are more poems than atoms. *REINFORCE* (Williams 1992)
# tries one reply, and pulls it up, by its reward: $r_a \nabla \ln p_a$, where
# $\nabla \ln p_a$ is 1 at the reply that was said, minus $p$ (as in lesson 04).
#
# > **Predict.** He says salt. Which way does that single try move him?

# %%
one_try = reward[:, None] * (np.eye(2) - p)     # a row for each reply said
print((9 * one_try).round(6) + 0)
show.agree(p @ one_try, exact, 1e-12, ("mean of the tries", "the slope"))

# %%
import torch

from lmlab.feedback import rl

scores = torch.tensor([np.log(2), 0.0], requires_grad=True)
said = torch.tensor([0, 0, 1])                  # as often as he says them
rl.reinforce_loss(scores.log_softmax(0)[said],
                  torch.tensor(reward)[said]).backward()
show.agree(exact, -scores.grad, 1e-12)

# %% [markdown]
# Salt moves nothing; catkins move too much; on average it is the slope.
#
# That scatter is noise, and it can be had cheaper. Subtract a *baseline* (基线)
# $b$ from every reward, whatever was said: the mean of $\nabla \ln p_a$ is 0, so
# the mean pull stays. The scatter does not.
#
# > **Predict.** A generous companion pays 10 for salt and 11 for catkins
# > ($b = -10$). What does that change: the slope, the noise, or both?

# %%
def noise(b):
    """Return the scatter of one try, for the score of catkins."""
    pulls = (reward - b) * (np.eye(2) - p)[:, 1]
    return np.sqrt(p @ (pulls - p @ pulls) ** 2)


b = np.linspace(-1, 1.5, 101)
plots.lines({"noise of a try": [noise(x) for x in b], "slope": 0 * b + 2 / 9}, b,
            title="The slope stays; the noise depends on what is subtracted",
            xlabel="baseline", ylabel="pull on catkins")
for x in (-10, 0, 1 / 3, 2 / 3):
    print(f"baseline {x:6.2f}: noise {noise(x):.2f}")

# %% [markdown]
# The noise alone, and sixteenfold. The mean reward, $\frac13$, halves it; with
# two replies another baseline even takes it away.
#
# ## A scolding
#
# The same document: if the answer to 爸爸好不好? ("is daddy good?") is 爸爸是坏蛋
# ("daddy is a bad egg"), punish it. Let a child say that in one of ten cases,
# "I like daddy" in eight, "ask mummy" in one.
#
# > **Predict.** It says the first, and gets $-1$. "Ask mummy" was neither said
# > nor scolded. Does its probability rise, stay or fall?

# %%
p = np.array([0.1, 0.8, 0.1])
print(softmax(np.log(p) - (np.eye(3)[0] - p)).round(2))

# %% [markdown]
# It falls, nearly by half. A scolding pushes each other score up by that
# reply's own probability: the likely gain most, and the sum has to stay 1. It
# says what not to do; what to do instead was settled before.
#
# ## The leash
#
# At the top of the first picture he says catkins whatever he is asked. To keep
# what he was, let leaving cost something. The *KL divergence* (KL 散度) of his
# policy from the one he began with, $q$, is $\sum_k p_k \ln (p_k / q_k)$, in
# nats; each costs $\beta$. One line solves for the best policy:
#
# $$p_k \propto q_k\, e^{\,r_k / \beta}$$
#
# > **Predict.** His odds are 2 to 1 for salt, and $\beta = 0.72$, so that
# > $e^{1/\beta} = 4$. What are the odds at the end?

# %%
q = np.array([2, 1]) / 3


def climb(beta, steps=60):
    """Return the policy after each step along the slope, (steps, 2)."""
    z, path = np.log(q), []
    for _ in range(steps):
        p = softmax(z)
        value = reward - beta * np.log(p / q)
        z = z + 2 * p * (value - p @ value)
        path.append(p)
    return np.array(path)

# %%
paths = {f"odds x {times}": climb(1 / np.log(times)) for times in (2, 4, 16)}
plots.lines({name: path[:, 1] for name, path in paths.items()} |
            {"no leash": climb(0)[:, 1]}, ylabel="probability of catkins",
            title="Each leash has its own end", xlabel="steps")
best = q * 4 ** reward
show.agree(paths["odds x 4"][-1], best / best.sum(), 1e-6,
           ("the loop", "the formula"))

# %% [markdown]
# 2 to 1 became 2 to 4. A short leash (large $\beta$) multiplies the odds by
# little. Nothing is multiplied out of 0: what he never said, pay cannot find.
#
# ## Four methods, and the lines that differ
#
# Now twenty replies, each of a hidden worth, and a judge who is off by 1 either
# way. Sixteen tries a round. Trying is dear: a method wants to look several
# times at one round. But after the first look the pupil is no longer the one who
# said these things. Weigh each by the *ratio* $p/p_{\text{old}}$: then nothing
# stops a lucky reply from being pulled up for ever. *PPO* (near-policy
# optimisation, 近端策略优化; Schulman et al. 2017) stops: beyond a change of 20 %
# nothing more is gained.

# %%
def ppo(now, old, advantage, known, clip=0.2):
    ratio = (now - old).exp()                   # from log-probabilities
    kept = ratio.clamp(1 - clip, 1 + clip)
    return -torch.min(ratio * advantage, kept * advantage).mean()


now, old, gain = torch.randn(3, 50, dtype=torch.float64)
show.agree(ppo(now, old, gain, None), rl.ppo_loss(now, old, gain), 1e-12)

# %%
worth, scores = (torch.tensor(np.random.default_rng(seed).normal(size=20))
                 for seed in (1, 2))
known = scores.log_softmax(0)                   # what he begins with


def learn(objective, looks, seed):
    """Learn from 40 rounds of 16 tries; return the log-probabilities."""
    torch.manual_seed(seed)
    z = known.clone().requires_grad_()
    for _ in range(40):
        said = z.detach().exp().multinomial(16, True)
        paid = worth[said] + torch.randn(16, dtype=torch.float64)
        old = z.detach().log_softmax(0)[said]
        for _ in range(looks):
            now = z.log_softmax(0)[said]
            loss = objective(now, old, paid - paid.mean(), known[said])
            z.data -= torch.autograd.grad(loss, z)[0]
    return z.detach().log_softmax(0)

# %%
def plain(now, old, advantage, known):
    return -(advantage * now).mean()


def unclipped(now, old, advantage, known):
    return -(advantage * (now - old).exp()).mean()


def grpo(now, old, advantage, known):
    advantage = advantage / (advantage.std() + 1e-4)
    leash = (known - now).exp() - 1 - (known - now)
    return ppo(now, old, advantage, known) + 0.04 * leash.mean()

# %% [markdown]
# In *GRPO* (Shao et al. 2024) the tries for one request are each other's
# baseline, measured in their standard deviation; the leash stands in the loss.
#
# *DPO* (Rafailov et al. 2023) needs no tries and no judge. Read the formula of
# the leash backwards: $r = \beta \ln (p/q)$ and a constant. So a policy *is* a
# score, and lesson 15's loss of a comparison can train it:

# %%
from lmlab.feedback import preference


def dpo(seed, pairs=640, beta=0.3):
    torch.manual_seed(seed)
    a, b = known.exp().multinomial(2 * pairs, True).chunk(2)
    wins = torch.rand(pairs) < (worth[a] - worth[b]).sigmoid()
    better, worse = torch.where(wins, a, b), torch.where(wins, b, a)
    z = known.clone().requires_grad_()
    for _ in range(320):
        score = beta * (z.log_softmax(0) - known)
        loss = preference.pair_loss(score[better], score[worse])
        z.data -= torch.autograd.grad(loss, z)[0]
    return z.detach().log_softmax(0)

# %% [markdown]
# > **Predict.** All hear the judge 640 times. Which of the five has the worst
# > seed of three: REINFORCE, eight looks without a clip, PPO, GRPO, DPO?

# %%
def row(name, ends):
    got = [float(end.exp() @ worth) for end in ends]
    kl = np.mean([float(end.exp() @ (end - known)) for end in ends])
    return name, f"{np.mean(got):.2f}", f"{min(got):.2f}", f"{kl:.2f}"


rows = [row(name, [learn(objective, looks, seed) for seed in range(3)])
        for name, objective, looks in (
            ("REINFORCE, 1 look", plain, 1), ("8 looks, no clip", unclipped, 8),
            ("PPO, 8 looks", ppo, 8), ("GRPO, 8 looks", grpo, 8))]
rows += [row("DPO", [dpo(seed) for seed in range(3)])]
show.table(rows, ["method", "worth, mean", "worst seed", "KL"])

# %% [markdown]
# Without a clip one seed ran after a lucky reply and stayed. DPO sees only what
# the old policy said, and in pairs.
#
# A poem, though, is not one try but some 24, with one reward at the end. Whose
# merit was it? PPO's *critic* guesses before each token what will come. If the
# guess rises, the token before deserves it. *GAE* (Schulman et al. 2015) adds
# the later rises, each a little less:

# %%
guess, earned = np.array([0.2, 0.5, 0.4]), np.array([0.0, 0.0, 1.0])
rise = earned + np.append(guess[1:], 0) - guess
gain = rise.copy()
for t in (1, 0):
    gain[t] += 0.95 * gain[t + 1]
print(rise.round(2), gain.round(2))
show.agree(gain[None], rl.gae(*map(torch.tensor, ([earned], [guess]))), 1e-6)

# %% [markdown]
# GRPO and REINFORCE give every token the whole: simpler, and noisier.
#
# ## The pupil of the poem school
#
# RLHF, reinforcement learning from human feedback (基于人类反馈的强化学习), has
# three steps: examples (lesson 14), a judge made from comparisons (15), and now
# reward. Our pupil was rewarded first by a program: for the tone pattern and a
# rhyme, less for repeats and for the endings that all use. 120 rounds of 256
# poems, by GRPO on a leash. Each of eight themes, 25 poems, before and after:

# %%
from lmlab.poem_school import figures, judges, measure, shipped, stages, text

ranker, after = shipped.ranker(), shipped.poet("rl")
before = stages.sharper(shipped.poet("sft"))    # its 1 is the school's 0.8
pupils = {"before": before, "after": after}
found = {name: figures.of_poet(pupil, before, ranker, seed=0)
         for name, pupil in pupils.items()}
shares = ["in tone, %", "rhyming, %", "both, %", "on theme, %"]
plots.bars([share[:-3] for share in shares], ylabel="of 800 poems (%)",
           values={name: [found[name][share] for share in shares]
                   for name in found},
           title="Tone and rhyme are paid for, and come; the theme stays")

# %%
for what in ("repeats a poem", "last characters in 100 poems",
             "KL from sft, nats", "the teacher's grade"):
    print(f"{what:30}", *(f"{found[name][what]:6.1f}" for name in found))
poems = {name: measure.answers(pupil.double(), text.REQUESTS, 25)
         for name, pupil in pupils.items()}
for name in poems:
    print(name, *poems[name]["思乡"][2])

# %% [markdown]
# Asked for homesickness with the same dice, both begin "travelling, I see my
# hair turn white". Before: "my heart at home, I hear green hills". After: "the
# road home seems to have no end". It rhymes no fewer endings and repeats no
# more: those holes had a price. 10 nats is what it paid.
#
# ## The flatterer
#
# Tone and rhyme a program can check. For "is it good?" there is only the
# companion, the ranker that lesson 15's teacher brought up: right in 74 of 100
# unseen pairs. Now a pupil is paid its score, without a leash.
#
# > **Predict.** Twelve rounds. The score must rise. What will a poem on flying
# > snow look like at the end?

# %%
said, judge = [], judges.by_ranker(ranker.double())


def hear(prompts, answers):
    said.append([text.lines_of(answer) for answer in answers])
    return judge(prompts, answers)


two = {theme: text.REQUESTS[theme] for theme in ("飞雪", "思乡")}
_, history = stages.please(shipped.poet("sft").double(), hear, seed=0,
                           themes=two, steps=12, learning_rate=1e-3, beta=0)

# %%
words = [two["飞雪"]] * 32 + [two["思乡"]] * 32  # 32 poems on each theme
grade = [np.mean([judges.grade(*poem) for poem in zip(written, words)])
         for written in said]
plots.lines({"ranker's score": history["reward"], "teacher's grade": grade},
            range(1, 13), xlabel="round", ylabel="mean of 64 poems (log odds)",
            title="The judge is ever happier; the teacher, for two rounds")
for k in (1, 2, 5, 12):
    print(k, *said[k - 1][0])

# %% [markdown]
# "Snow, frost, snow, frost", and no line ends any more. Nobody taught it to
# cheat: the ranker had only seen poems, and nothing told it what such a thing is
# worth. This is *reward hacking* (奖励作弊), or over-optimisation, as in lesson
# 15, but now it is *in the weights*.
#
# What helps? Three seeds each, four themes: a short leash; a price for each
# repeated character; or the teacher, asked again. She compares 3,000 pairs of
# what the flatterer wrote, the ranker learns from them, and a new pupil pleases
# that ranker. And once more.
#
# > **Predict.** Which of the four brings back poems of four lines?

# %%
from lmlab.page import datasets

kept = datasets.measured("16_rlhf")


def mean(study, setting, what):
    values = [r[what] for r in kept
              if (r["study"], r["setting"]) == (study, setting)]
    return f"{np.mean(values):.1f} ({min(values):.0f} to {max(values):.0f})"


show.table([(name, *(mean(study, setting, what) for what in
                     ("score", "grade", "kl", "quatrains")))
            for name, study, setting in (
                ("no leash", "reward", "nothing"),
                ("leash", "reward", "leash"),
                ("repeats cost 0.5", "reward", "repeats"),
                ("asked again", "renewed", 1),
                ("and again", "renewed", 2))],
           ["", "score", "grade", "KL", "quatrains (%)"])

# %% [markdown]
# MEASURED TEXT
#
# ## Better, to whom?
#
# Two readers see each pair of poems, before and after, on one theme. One likes
# tone and rhyme, the other characters of the theme (a tie counts half):

# %%
from lmlab.text import poems as verse

likes = {"craft": lambda lines, words: verse.tonal(lines) + verse.rhymes(lines),
         "theme": lambda lines, words: len(set("".join(lines)) & set(words))}
for who, liking in likes.items():
    marks = [np.array([liking(lines, text.REQUESTS[theme])
                       for theme in text.REQUESTS for lines in some[theme]])
             for some in (poems["after"], poems["before"])]
    print(f"{who}: after is better in {preference.agreement(*marks):.0%}")

# %% [markdown]
# To one of them it is *aligned* (对齐), to the other nothing happened. Helpful
# and harmless can even pull apart (Bai et al. 2022). One score for both is a
# vote: where 60 of 100 readers prefer A, its lead over B is $\ln 1.5$.
#
# > **Predict.** How often does a pupil on a leash of $\beta = 0.1$, who said A
# > and B equally often, say A: in 60, 80 or 98 of 100 replies?

# %%
for beta in (1, 0.5, 0.1):
    odds = np.exp(np.log(1.5) / beta)
    print(f"beta {beta}: A in {odds / (1 + odds):.0%}")

# %% [markdown]
# ## The whole recipe
#
# Four stages, in the document's words, on our poet 0, and as published of
# InstructGPT, forerunner of ChatGPT (Ouyang et al. 2022):

# %%
def state(name):
    f = found[name]
    return (f"on theme {f['on theme, %']:.0f} %, both {f['both, %']:.0f} %, "
            f"KL {f['KL from sft, nats']:.0f}, "
            f"grade {f[list(f)[-1]]:.1f}")


show.table([
    ("read", "背了大量古诗 (learns old poems by rote)",
     "recites all classics; on theme 0 %", "GPT-3"),
    ("examples", "老师给学生上课 (the teacher gives lessons)",
     state("before"), "13,000 requests"),
    ("judge", "培养一个伴读 (a companion is brought up)",
     "right in 74 % of pairs", "33,000, of 4 to 9 answers each"),
    ("reward", "糖葫芦 (candied haws)", state("after"),
     "31,000, PPO, leash 0.02")],
    ["stage", "the child", "our poet", "InstructGPT: what was asked"])

# %% [markdown]
# (The first row's and the judge's figures stand in `data/poem-school.md`, which
# has two more poets.) The document calls the result 能诗会赋 ("a master of
# verse"). Ours keeps rules; sense it was never paid for.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 用“未若柳絮因风起”描写雪则可以有糖葫芦吃 ("catkins for snow earn haws") | **right** | that is REINFORCE; what lacks is the leash |
# | 回答“爸爸是坏蛋”就要进行“惩罚” ("daddy is a bad egg: punish it") | **half** | it lowers that answer, and lifts whatever was likeliest |
# | 训练一个独立于基座模型的判别模型 ("a judge independent of the base model") | **wrong** for InstructGPT | began as its tuned model (Ouyang, 3.5). TRUNK |
# | 本阶段无需人工标注数据 ... 老师则可以休息了 ("no labels needed, the teacher may rest") | **half** | no label for each answer; but a judge that nobody asks again is fooled, as you saw |
# | 完成模型的领域泛化能力 ("gives it generality over domains") | **half** | THIRD |
# | 由于六个月的迭代校准 ("six months of iterated alignment" made GPT-4 safer) | **right** | OpenAI says so of GPT-4 (2023); two rounds are above |
#
# (One writes RHLF, and RLHF some lines later. ChatGPT 与人类安全使用的价值观非常一致,
# "agrees very well with human values", says another: with whose?)

# %% [markdown]
# ## Check yourself
#
# 1. All sixteen answers to a request earn the same. What does GRPO learn?
# 2. Your pupil's reward doubles, its KL is 200 nats. What do you look at first?
# 3. Why is a baseline allowed to be the mean reward, but not each reply's own?
#
# <details><summary>Answers</summary>
#
# 1. Nothing: all advantages are 0.
# 2. Its answers: what else did it find that the judge likes?
# 3. It must not depend on what was said: reward minus itself is 0, and so is
#    every pull.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the sweet (a second), the scolding (vote first), the flatterer (some
# fifteen seconds). *Point at* the rounds where both curves rise: who would have
# stopped there? *A common misunderstanding*: that a pupil who cheats is clever or
# mean. It climbs what it is given.
#
# </details>
#
# **What this left out**: whether a ranker's 90 % is right nine times in ten;
# rewards that a proof or a test gives (as in reasoning models); other games
# than text (22).
#
# **Where it goes next**: the [exercises](../exercises/16_rlhf.ipynb), where you
# stop the flatterer. From a neuron to RLHF, every step of the line was run.
# Lesson 17 asks what can be done without changing a weight.
#
# **Read on** (numbers are those of arXiv)
# - Williams, *Simple statistical gradient-following algorithms*, 1992, Machine
#   Learning 8, 229-256
# - Ouyang et al., *Training language models to follow instructions with human
#   feedback*, 2022, 2203.02155
# - Schulman et al., *Proximal policy optimization algorithms*, 2017, 1707.06347;
#   *High-dimensional continuous control using generalized advantage
#   estimation*, 2015, 1506.02438
# - Rafailov et al., *Direct preference optimization*, 2023, 2305.18290
# - Shao et al., *DeepSeekMath*, 2024, 2402.03300
# - Bai et al., *Training a helpful and harmless assistant with reinforcement
#   learning from human feedback*, 2022, 2204.05862
# - OpenAI, *GPT-4 technical report*, 2023, 2303.08774
