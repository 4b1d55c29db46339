# %% [markdown]
# # How do rankings become a score?
#
# You train a judge of poems that never hears a grade, only which of two poems
# a teacher likes better; then a pupil writes to please it, and fools it.
#
# **You will** turn comparisons into scores with a pencil, train a ranker in
# NumPy and in torch, and find where its score stops being true.
#
# **You need** lessons 03 to 05: the sigmoid, cross-entropy, gradients.
#
# **Time** 20 minutes to read, 31 seconds to run

# %%
import copy

import numpy as np
import torch

from lmlab.feedback import preference, reward
from lmlab.page import plots, show
from lmlab.page.datasets import tang_five
from lmlab.text import poems

# %% [markdown]
# ## Better is easier to say than good
#
# One of the documents tells of ChatGPT as a child brought up on Tang poems.
# The child writes, the teacher judges, and a study companion (伴读) listens
# until it can judge as she does. The companion is a *reward model* (奖励模型):
# it reads an answer and returns one number.
#
# What should a teacher say: a mark, or an order? Let five of them feel the
# same quality of eight poems, give or take a little noise. Each has a
# yardstick: a mark for the average poem, and more or fewer marks between good
# and bad.

# %%
rng = np.random.default_rng(0)
quality = np.sort(rng.normal(size=8))
average, stretch = rng.normal(70, 10, size=5), rng.uniform(3, 10, size=5)
felt = quality + rng.normal(0, 0.3, size=(5, 8))        # (teachers, poems)
marks = average[:, None] + stretch[:, None] * felt
plots.lines({f"teacher {i + 1}": marks[i] for i in range(5)}, range(1, 9),
            title="Five teachers: far apart in marks, alike in order",
            xlabel="poem, worst to best", ylabel="mark", marks=True)

# %% [markdown]
# All five lines climb: the teachers nearly agree on the order. But the mildest
# gives her worst poem more marks than two others give their best.
#
# > **Predict.** Two poems get their marks from two teachers. How often has the
# > better one the higher mark? And how often does a single teacher, who sees
# > both, put them in order?

# %%
truth = rng.normal(size=(2, 20_000))                    # 20,000 pairs
felt = truth + rng.normal(0, 0.3, size=truth.shape)
who = rng.integers(5, size=truth.shape)                 # who marks which
marked = average[who] + stretch[who] * felt
for name, said in (("marks of two teachers", marked),
                   ("one teacher compares", felt)):
    right = (said[0] > said[1]) == (truth[0] > truth[1])
    print(f"{name}: right in {right.mean():.0%}")

# %% [markdown]
# "Which of the two?" needs no yardstick. But it seems not to say by how much.
#
# ## By how much, with a pencil
#
# Poem A was preferred to B in 3 of 4 comparisons, and B to C in 3 of 4. Give
# each poem a score $r$, and let the *difference* decide how likely it is to
# win (the model of Bradley and Terry 1952):
#
# $$P(\text{A above B}) = \sigma(r_A - r_B) = \frac{1}{1 + e^{-(r_A - r_B)}}$$
#
# Then $r_A - r_B$ is the logarithm of the odds: $\ln(3/1)$ for 3 wins to 1.
#
# > **Predict.** A and C never met. How often will A win?

# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


r = np.array([2 * np.log(3), np.log(3), 0])             # A, B, C
wins = sigmoid(r[:, None] - r)                          # row above column
elo = 1200 + 400 / np.log(10) * r
print(wins.round(2), "Elo:", elo.round())
show.agree(1 / (1 + 10 ** ((elo - elo[:, None]) / 400)), wins, 1e-12,
           names=("Elo", "Bradley-Terry"))

# %% [markdown]
# The first row says that A beats B in 75 % and C in 90 %: odds multiply, 3 to
# 1 and again 3 to 1 makes 9 to 1. So comparisons do say by how much: a much
# better poem wins more often.
#
# Add 1,200 to every score and nothing changes: a score has no zero. And its
# unit is free: times $400/\ln 10 \approx 174$, you have the ratings of chess
# players named after Elo (1978), in their logistic form, where a lead of 400
# points means odds of 10 to 1.
#
# ## The loss of one comparison
#
# To *learn* scores, take the surprise at what the teacher said, as in lesson
# 04. It is cross-entropy with two classes:
#
# $$L = -\ln \sigma(r_{\text{better}} - r_{\text{worse}})
#     = \ln(1 + e^{\,r_{\text{worse}} - r_{\text{better}}})$$
#
# Its slope says how hard one comparison pulls the two scores apart.

# %%
wrong = np.linspace(-4, 4, 101)
plots.lines({"loss": np.logaddexp(0, wrong), "pull": sigmoid(wrong)}, wrong,
            title="A comparison pulls hardest where the scores are wrong",
            xlabel="score of the worse poem minus score of the better one",
            ylabel="loss (nats), and its slope")

# %% [markdown]
# On the right the scores stand the wrong way round: the loss grows like the
# gap, and the pull comes close to 1. On the left the comparison has nothing
# more to say.
#
# A teacher who *ranks* (排序) says more at once: each poem stands above all
# that follow, so $K$ poems give $K(K-1)/2$ pairs. A poem in several pairs is
# pulled several times; `np.add.at` adds that up.

# %%
def gradient(score, better, worse):
    """Return the slope of the mean loss of the pairs, by each score."""
    pull = sigmoid(score[worse] - score[better]) / len(better)
    slope = np.zeros_like(score)
    np.add.at(slope, better, -pull)                     # descent lifts these
    np.add.at(slope, worse, pull)
    return slope


better, worse = preference.ranking_pairs(np.array([2, 0, 3, 1]))  # best first
score = torch.tensor(quality[:4], requires_grad=True)
preference.pair_loss(score[better], score[worse]).backward()
show.agree(gradient(quality[:4], better, worse), score.grad, 1e-12)
show.source(preference.pair_loss)

# %% [markdown]
# Now hide a quality in eight poems and `ask` a teacher for rankings of four. She
# adds noise before she ranks, of the kind (Gumbel's) that makes her follow
# Bradley and Terry to the letter (Yellott 1977). Keep only her pairs, and
# descend.
#
# > **Predict.** 5 rankings, 50, 500: from when on do the scores lie where they
# > belong?

# %%
hidden = 2 * quality
titles = ["5 rankings: a cloud", "50: nearly a line", "500: a line"]
for ax, n in zip(plots.axes(titles, "hidden quality", "learned score", n=3),
                 (5, 50, 500)):
    pairs, learned = preference.ask(hidden, n, rng), np.zeros(8)
    for step in range(500):
        learned -= 2 * gradient(learned, *pairs)
    ax.plot(hidden, hidden - hidden.mean(), color=plots.MUTED)
    ax.plot(hidden, learned, "o")
    ax.set_ylim(-6, 6)

# %% [markdown]
# Each dot is a poem; on the line, the learned score is the hidden one minus
# the mean of all. Numbers that nobody ever said came back from who was
# preferred to whom, up to a constant: every pull lifts one poem by what it
# lowers another, so the mean stays at 0.
#
# ## A teacher of snow
#
# A score for each poem is useless for a poem not yet written: the companion has
# to *read*. Its teacher asks for quatrains (four lines) about snow. Her rule is
# open to you, not to the companion:
#
# - 2 points for each different character of her snow list;
# - 3 if level and oblique tones alternate as the pattern wants (平仄);
# - 2 if it rhymes (押韵);
# - minus 1 for each repeated character.

# %%
def look(poem):
    """Answer her four questions about a poem."""
    return np.array([poems.theme(poem, "snow"), poems.tonal(poem),
                     poems.rhymes(poem), poems.repeats(poem)])


rule = np.array([2.0, 3.0, 2.0, -1.0])
print("snow list:", poems.THEMES["snow"])
for text in ("千山鸟飞绝 万径人踪灭 孤舟蓑笠翁 独钓寒江雪",
             "白日依山尽 黄河入海流 欲穷千里目 更上一层楼"):
    print(text, look(text.split()), "grade", look(text.split()) @ rule)

# %% [markdown]
# The list means: snow, frost, ice, cold, white, chilly, winter, frozen. The
# first poem, *River Snow* by Liu Zongyuan, ends "alone he fishes the cold
# river's snow". The rule prefers the second, *Stork Tower*, which keeps the
# tones and opens with a "white sun". Any rule is a stand-in for what is meant.
#
# The poems to be ranked come in three kinds: real quatrains (those with snow
# drawn four times as often), the same with two lines from elsewhere, and babble
# of the 3-gram of lesson 00. The test is made from other poems.

# %%
rng = np.random.default_rng(1)
book = tang_five()
rng.shuffle(book)
known, unseen = poems.quatrains(book[:9000]), poems.quatrains(book[9000:])
lines = [line for poem in known for line in poem]
babble = poems.babble(lines[:10_000], 500, rng)
school = poems.real_and_spoilt(known, babble[:250], 6_000, "snow", rng)
test = poems.real_and_spoilt(unseen, babble[250:], 1_000, "snow", rng)

# %%
X, X_test = (np.array([look(poem) for poem in shelf])
             for shelf in (school, test))
grades, grades_test = X @ rule, X_test @ rule
for kind, third in zip(("real", "two foreign", "babble"), np.split(X, 3)):
    print(f"{kind:12s}{third.mean(axis=0).round(1)}, "
          f"mean grade {np.mean(third @ rule):.1f}")

# %% [markdown]
# Most real quatrains keep the tones and rhyme, babble does neither.
#
# How often does a companion put two test poems in the order of the rule? That
# is its *agreement* (一致率). The teacher, with her noise, is not always of her
# own opinion:

# %%
a, b = preference.ask(grades_test, 1000, rng, noise=0)  # the order of the rule
a, b = np.array([a, b])[:, grades_test[a] > grades_test[b]]      # no ties


def agrees(score):
    return 100 * preference.agreement(score[a], score[b])


noisy = agrees(grades_test + rng.gumbel(size=len(test)))
print(f"{len(a):,} pairs; the noisy teacher is right in {noisy:.0f} %")

# %% [markdown]
# ## Four questions, one weight each
#
# Suppose the companion knows which questions count, and not how much: $r = w
# \cdot x$, with $x$ the four answers. The gradient by $w$ is the same pull,
# times the difference between the answers of the two poems.
#
# > **Predict.** How many comparisons until it agrees with the rule in 95 of
# > 100 pairs: 100, 1,000 or 10,000?

# %%
def learn(n, seed):
    """Learn the four weights from n noisy comparisons."""
    better, worse = preference.ask(grades, n // 6, np.random.default_rng(seed))
    difference, w = X[better] - X[worse], np.zeros(4)   # (pairs, 4)
    for step in range(500):
        w += 0.3 * (sigmoid(-difference @ w) @ difference) / len(difference)
    return w

# %%
sizes = [6, 12, 30, 60, 120, 300, 600]
found = np.array([[agrees(X_test @ learn(n, seed)) for seed in range(10)]
                  for n in sizes])                      # (sizes, seeds)
plots.lines({"mean": found.mean(axis=1)}, sizes, logx=True, marks=True,
            bands={"mean": (found.min(axis=1), found.max(axis=1))},
            title="A hundred comparisons find four weights",
            xlabel="comparisons (pairs)", ylabel="agreement with the rule (%)")
print(found.mean(axis=1).round(), learn(600, 0).round(1), "the rule:", rule)

# %% [markdown]
# The band reaches from the worst of ten seeds to the best. A hundred pairs, some
# twenty rankings, are enough. From 600 the weights come close to the rule, in
# its own unit, because the noise is the one that the model assumes. The
# companion now agrees with the rule more often than the noisy teacher does:
# noise averages out.
#
# ## No questions, only characters
#
# A real reward model is told no questions. Ours gets the 20 characters of a
# poem. `character` holds one learned number for each character, wherever it
# stands; `order` sees all 20 in their places, 8 numbers each, through a hidden
# layer of 32. The score is their sum.
#
# It may start from nothing. Or it may *read* first: real poem above spoilt poem
# is a comparison that needs no teacher.
#
# > **Predict.** Before it has heard a single ranking, how often will the one
# > that has read agree with the teacher of snow?

# %%
alphabet = set("".join(line for poem in known + unseen for line in poem))
blank, reader = (reward.PoemRanker(alphabet).double() for _ in range(2))
spoilt = [poems.spoil(poem, lines, rng.integers(1, 5), rng) for poem in known]
adam = torch.optim.Adam(reader.order.parameters(), lr=0.01)
reward.fit(reader, adam, reader.ids(known), reader.ids(spoilt), steps=300)
print(f"from nothing {agrees(blank.score(test)):.0f} %, "
      f"has read {agrees(reader.score(test)):.0f} %")
show.source(reward.PoemRanker.forward)

# %% [markdown]
# Nearly three in four, from a model that has never heard of her: real poems keep
# the tones and rhyme, and she likes that. Now teach both with her rankings,
# three times each.

# %%
ids = reader.ids(school)


def teach(start, n, seed):
    model = copy.deepcopy(start)
    better, worse = preference.ask(grades, n // 6, np.random.default_rng(seed))
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    reward.fit(model, sgd, ids[better], ids[worse], steps=60 + n // 200,
                   batch=128, seed=seed)
    return model

# %%
sizes, means, bands, taught = (600, 6_000, 30_000), {}, {}, {}
for name, start in (("has read", reader), ("from nothing", blank)):
    taught[name] = [[teach(start, n, seed) for seed in range(3)]
                    for n in sizes]
    found = np.array([[agrees(model.score(test)) for model in models]
                      for models in taught[name]])      # (sizes, seeds)
    means[name] = found.mean(axis=1)
    bands[name] = found.min(axis=1), found.max(axis=1)
    print(f"{name:13s}", means[name].round())
plots.lines(means, sizes, bands=bands, logx=True, marks=True,
            title="Without the questions, 30,000 comparisons are too few",
            xlabel="comparisons (pairs)", ylabel="agreement with the rule (%)")

# %% [markdown]
# The bands are narrow: three seeds agree. The networks do **not** come near
# 95 %, and five times as many comparisons bought no more than two points. It is
# not the noise, which was the same for the four weights: the networks have to
# find out *what* she looks at. And reading, which cost nobody a comparison, was
# worth more than 30,000 of them.
#
# ## Salt and willow catkins
#
# The document has a story from a book of the fifth century (Liu Yiqing, *Shishuo
# xinyu*, chapter 2, item 71). It snows, and Xie An asks his family: 白雪纷纷何所似,
# "white snow, whirling: what is it like?" His nephew: 撒盐空中差可拟, "salt
# scattered in the air comes close". His niece Xie Daoyun: 未若柳絮因风起, "not so
# good as: willow catkins rising on the wind". The document's companion pays
# candied haws for her line, and nothing for his.
#
# > **Predict.** Which of the two does ours put higher? And where the question?

# %%
companion = taught["has read"][-1][0]
letters, worth = "".join(companion.number), companion.worth
top = "".join(letters[i] for i in worth(letters).argsort()[:-11:-1])
salt, catkins = "撒盐空中差可拟", "未若柳絮因风起"
plots.bars([*top, "", *salt, "", *catkins],
           [*worth(top), 0, *worth(salt), 0, *worth(catkins)],
           title="Its ten favourites; the two replies leave it cold",
           ylabel="worth of a character")

# %%
for line in ("白雪纷纷何所似", salt, catkins):
    print(line, f"{worth(line).sum():4.1f}")
models = [model for rows in taught.values() for row in rows for model in row]
fonder = sum(m.worth(catkins).sum() > m.worth(salt).sum() for m in models)
print(f"{fonder} of {len(models)} companions put catkins above salt")

# %% [markdown]
# The first six are all on the snow list, though nobody ever named one. The two
# replies are 14 characters that it has no reason to like or to dislike, and the
# *question* it values most, for its 白 and 雪. More companions put catkins above
# salt than below, but that is no taste: with `default_rng(2)` in the cell that
# deals the poems the vote turns round, and the six favourites stay.
#
# What can it know of the story? `order` reads quatrains, so for a single line
# we could only add up characters. None of them is on the list: the teacher's
# own grades are 0 and 0. That salt falls and catkins float stands in no pair it
# ever saw. A model that has read libraries may rank the lines right; then find
# out whether it sees the catkins or remembers a story from a schoolbook.
#
# ## The companion at work
#
# A pupil who cannot write hands in four lines drawn at random from unseen poems.
# Let him draw $n$ such poems, and the companion pick one: *best of n*. How good
# is the pick really? We draw some 10,000, grade them all with the rule, and
# compute the average pick exactly: the poem of rank $k$ among $N$ is the best
# of $n$ draws with the chance $(k/N)^n - ((k-1)/N)^n$.
#
# > **Predict.** The learned score of the pick must rise with $n$. And its true
# > grade: along with it, to a ceiling, or up and down again?

# %%
def best_of(n, score, truth):
    """Return the mean score and the mean truth of the best of n by score."""
    order = score.argsort()
    rank = np.arange(len(score) + 1) / len(score)
    chance = np.diff(rank ** n)                         # to be the pick
    return chance @ score[order], chance @ truth[order]


lines = [line for poem in unseen for line in poem]
pool = [poems.spoil(poem, lines, 4, rng) for poem in 2 * unseen]
truth = np.array([look(poem) for poem in pool]) @ rule

# %%
tries, few, many = 4 ** np.arange(6), taught["has read"][0][0], companion
titles = ["Taught by 600: it keeps half", "By 30,000: it keeps its word"]
for ax, model in zip(plots.axes(titles, "n", "gain", n=2, width=9),
                     (few, many)):
    score = model.score(pool)
    gain = np.transpose([(*best_of(n, score, truth),
                          best_of(n, truth, truth)[1]) for n in tries])
    gain -= gain[:, :1]
    names = "learned score", "true grade", "best there is"
    plots.lines(dict(zip(names, gain)), tries, logx=True, title="", ax=ax)
    print("promised {:.1f}, kept {:.1f} of {:.1f}".format(*gain[:, -1]))

# %% [markdown]
# Neither falls. Taught by 600 comparisons, the companion promises twice what it
# keeps; taught by 30,000, it keeps its word. Best of n is a gentle pupil: he
# only ever hands in lines that people wrote.
#
# A greedier one starts from a test poem, tries 100 changes of one character,
# keeps what the companion likes best, and goes on from there. `improve` makes
# one such step.
#
# > **Predict.** Two hundred steps: what happens to the score, what to the grade?

# %%
titles = ["Taught by 600: promises only", "By 30,000: up, and down again"]
for ax, model in zip(plots.axes(titles, "changes", "gain, mean of 15 poems",
                                n=2, width=9), (few, many)):
    texts, course = test[::200], []
    for step in range(201):
        true = np.mean([look(text) @ rule for text in texts])
        course.append((model.score(texts).mean(), true))
        texts = [reward.climb(model, text, rng) for text in texts]
    gain = np.transpose(course) - np.transpose(course[:1])
    plots.lines(dict(zip(names, gain)), title="", ax=ax)
    print("promised {:.0f}, kept {:.0f};".format(*gain[:, -1]), *texts[0])

# %% [markdown]
# Taught by 600 comparisons, the score soars and the grade stays about where it
# was. Taught by 30,000, both rise for some fifty changes; then the score goes on
# rising, and the true grade sinks. Whoever is rewarded for the score finds what
# the score gets wrong. This is *over-optimisation* (过度优化), measured by Gao et
# al. (2022) for best of n and for reinforcement learning.
#
# Read the last poem: snow, ice, white, again and again. The rule pays for a
# character once and charges for a repeat; `character` pays every time. But a
# flawless copy of the *rule* would praise a heap of snow words too, for the rule
# never asked for sense. The companion is a stand-in for the rule, the rule a
# stand-in for poetry; each is good only as long as nobody leans on it.
#
# ## Two companions who disagree
#
# Add a second companion. The first wants poems of the frontier: `helpful` counts
# the characters for general, army, pass, border, march, horse, flag and drum.
# The second fears war: `harmless` counts those for battle, kill, blood, death,
# sword, soldier, army and march, with a minus. Weigh them, $(1 - w) \cdot
# \text{helpful} + w \cdot \text{harmless}$, and pick the best of 1,000 real
# quatrains.
#
# > **Predict.** What does the pick look like at $w = 1$?

# %%
shelf = known + unseen
helpful = np.array([poems.theme(poem, "frontier") for poem in shelf])
harmless = -np.array([poems.theme(poem, "war") for poem in shelf])
ties = rng.uniform(0, 1e-6, size=len(shelf))            # broken by lot
ax = plots.axes("From helpful to harmless: a front, and a cliff at its end",
                "helpful: frontier characters in the pick",
                "harmless: minus war characters")
for w in (0, 0.1, 0.4, 0.5, 0.6, 0.8, 1):
    score = (1 - w) * helpful + w * harmless + ties
    point = [best_of(1000, score, side)[1] for side in (helpful, harmless)]
    ax.plot(*point, "o", color=plots.ACCENT)
    ax.annotate(f"w = {w:g}", point, (6, 6), textcoords="offset points")

# %% [markdown]
# At $w = 0$ only helpfulness counts: the pick holds 3.5 frontier characters on
# average, and more than one of war. Up to $w = 0.1$ safety is free, since it
# only decides between equals. Then each step costs: the two lists share *army*
# and *march*. At $w = 0.8$ no war is left; at $w = 1$ the pick is safe, and
# about anything at all. Somebody has to choose $w$. Bai et al. (2022) found the
# same pull between helpful and harmless in a real assistant.
#
# ## What the documents say
#
# > **From the documents.** Humans put answers in order (进行排序) by relevance,
# > informativeness and harm, and later "老师为每一首诗打分" ("the teacher marks
# > every poem"). **One of the two.** For InstructGPT labellers ranked 4 to 9
# > answers, and every pair of a ranking, 6 to 36 of them, went into the loss of
# > this page (Ouyang et al. 2022, eq. 1).
#
# > **From the documents.** "训练一个独立于基座模型的判别模型" ("train a
# > discriminative model independent of the base model"). **Wrong for
# > InstructGPT**, whose reward models started from a trained language model,
# > the last layer replaced by one number (section 3.5, appendix C.2). You have
# > measured why: it pays to have read.
#
# > **From the documents.** "30-50名OpenAI员工 ... 50-100名标注员" (30 to 50
# > employees, 50 to 100 labellers). **Doubtful.** The paper names about 40
# > contractors. Those that the models learned from agreed with each other in
# > 73 % of comparisons; a reward model agreed with others in 70 % (sections
# > 3.4, 4.1).
#
# > **From the documents.** "本阶段无需人工标注数据" ("this stage needs no human
# > labels"), about the reinforcement learning that comes next. **Imprecise.** A
# > score that is not renewed gets fooled; the paper speaks of fresh comparisons
# > on the current best model (section 3.1).
#
# > **From the documents.** GPT-4 got 额外的安全奖励信号, "an additional safety
# > reward signal". **Right.** The report (OpenAI 2023) describes rule-based
# > reward models that add one on some prompts. Another overview once has *RHLF*;
# > the term is *RLHF*, reinforcement learning from human feedback
# > (基于人类反馈的强化学习).
#
# ## Check yourself
#
# 1. A reward model gives one answer 7.2. Is that good?
# 2. Eight answers are ranked once. How many pairs is that, and why are they
#    worth less than as many from different prompts?
# 3. Your reward model agrees with the labellers in 75 % of the pairs, and more
#    data does not help. Name two possible ceilings.
#
# <details><summary>Answers</summary>
#
# 1. Nobody can say: only differences mean anything. An answer with 6.2 would
#    lose to it with probability $\sigma(1) \approx 0.73$.
# 2. $8 \cdot 7 / 2 = 28$. They share one mood of one teacher: if she misjudged
#    one answer, seven pairs are off together.
# 3. The labellers contradict each other (the teacher here is right in 91 %), or
#    the model cannot see what they look at (tones and rhymes).
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *A, B and C* (a second). Vote first on how often A beats C. Common
#   misunderstanding: 75 % of 75 %, which is 56 %.
# - *Salt and catkins* (a second). Take a show of hands on the two lines; then
#   ask why the companion prefers the question.
# - *The greedy pupil* (a few seconds). Ask where the orange line will go.
#   Misunderstanding: that a better reward model cures it. Point at the right
#   half: later, not never.
# </details>
#
# ## What this left out
#
# Ties, and teachers who differ in taste: one score cannot please both. Whether
# scores are *calibrated*: when the model says 90 %, is it right nine times in
# ten?
#
# ## Where it goes next
#
# In lesson 16 the pupil's weights change until it writes what the companion
# likes, on a leash. The [exercise](../exercises/15_reward_model.ipynb) ends with
# a ranker of your own and what it picks.
#
# ## Read on
#
# - Bradley and Terry, *Rank analysis of incomplete block designs: I. The
#   method of paired comparisons*, 1952, Biometrika 39, 324-345.
# - Elo, *The rating of chessplayers, past and present*, 1978.
# - Yellott, *The relationship between Luce's choice axiom, Thurstone's theory
#   of comparative judgment, and the double exponential distribution*, 1977,
#   Journal of Mathematical Psychology 15.
# - Ouyang et al., *Training language models to follow instructions with human
#   feedback*, 2022, arXiv 2203.02155.
# - Bai et al., *Training a helpful and harmless assistant with reinforcement
#   learning from human feedback*, 2022, arXiv 2204.05862.
# - Gao, Schulman and Hilton, *Scaling laws for reward model overoptimization*,
#   2022, arXiv 2210.10760.
# - OpenAI, *GPT-4 technical report*, 2023, arXiv 2303.08774.
