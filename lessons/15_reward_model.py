# %% [markdown]
# # How do rankings become a score?
#
# You train a judge of poems that is never told a grade, only which of two
# poems a teacher likes better; then a pupil writes to please it, and you watch
# the judge being fooled.
#
# **You will** turn comparisons into scores with a pencil, train a ranker in
# NumPy and in torch, and find where its score stops being true.
#
# **You need** lessons 03 to 05: the sigmoid, cross-entropy, gradients.
#
# **Time** 25 minutes to read, 35 seconds to run

# %%
import copy

import numpy as np
import torch

from lmlab import plots, show
from lmlab.datasets import tang_five

# %% [markdown]
# ## Better is easier to say than good
#
# One of the documents explains how ChatGPT was made as bringing up a child on
# Tang poems. In its third lesson the child writes, the teacher judges, and a
# study companion (伴读) listens until it can judge as the teacher does. The
# companion is a *reward model* (奖励模型): it reads an answer and returns one
# number.
#
# What should a teacher say: a mark, or an order? Let five of them feel the
# same quality of eight poems, up to a little noise. Each has a yardstick: a
# mark for the average poem, and a stretch for how much a better one gains.

# %%
rng = np.random.default_rng(0)
quality = rng.normal(size=8)
average, stretch = rng.normal(70, 10, size=5), rng.uniform(3, 10, size=5)
felt = quality + rng.normal(0, 0.3, size=(5, 8))        # (teachers, poems)
marks = average[:, None] + stretch[:, None] * felt
places = 8 - marks.argsort(axis=1).argsort(axis=1)      # 1 is the best

teachers = [f"teacher {i}" for i in range(1, 6)]
left, right = plots.axes(["Five teachers disagree about the mark",
                          "... and nearly agree about the place"],
                         "poem, best to worst", n=2)
for ax, table in ((left, marks), (right, places)):
    named = dict(zip(teachers, table[:, quality.argsort()[::-1]]))
    plots.lines(named, range(1, 9), title="", marks=True, ax=ax)
right.invert_yaxis()

# %% [markdown]
# Each line is a teacher. On the left they lie far apart: the mildest teacher
# marks her worst poem as high as others mark their best. On the right, where
# marks have become places, they run together.
#
# > **Predict.** Labelling is shared out, so two answers often come from two
# > teachers. How often has the better one the higher mark then? And how often
# > does a single teacher, who sees both, put them in the right order?

# %%
truth = rng.normal(size=(2, 20_000))                    # 20,000 pairs
seen = truth + rng.normal(0, 0.3, size=truth.shape)
who = rng.integers(5, size=truth.shape)                 # who marks which
marked = average[who] + stretch[who] * seen
for name, said in (("marks of two teachers", marked),
                   ("one teacher compares", seen)):
    right = (said[0] > said[1]) == (truth[0] > truth[1])
    print(f"{name:21s}: right in {right.mean():.0%}")

# %% [markdown]
# Asking "which of the two?" needs no yardstick. (Where every teacher marks
# many answers, one can estimate the yardsticks and divide them away; comparing
# spares the trouble.) The price seems to be that an order does not say by how
# much. Does it not?
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
def win(r, odds=np.e, unit=1):
    """Return P(row above column) for every pair of scores."""
    return 1 / (1 + odds ** (-(r[:, None] - r) / unit))


r = np.array([2 * np.log(3), np.log(3), 0])             # A, B, C
print(win(r).round(2))
print("all scores + 100 :", np.allclose(win(r + 100), win(r)))
elo = 1200 + 400 / np.log(10) * r
print("Elo", elo.round(), ":",
      np.allclose(win(elo, odds=10, unit=400), win(r)))

# %% [markdown]
# The first row says that A beats B in 75 % and C in 90 %: odds multiply, 3 to
# 1 and again 3 to 1 makes 9 to 1. So comparisons do say by how much, because a
# much better poem wins more often.
#
# Two things to keep. A constant added to every score changes nothing: a score
# has no zero. And its unit is free: multiply by $400/\ln 10 \approx 174$ and
# you have the ratings of chess players named after Elo (1978), in their
# logistic form: a lead of 400 points means odds of 10 to 1.
#
# ## The loss of one comparison
#
# To *learn* scores, take the surprise at what the teacher said, as in lesson
# 04:
#
# $$L = -\ln \sigma(r_{\text{better}} - r_{\text{worse}})$$
#
# It is cross-entropy with two classes. Its slope says how hard one comparison
# pulls the two scores apart.

# %%
gap = np.linspace(-5, 5, 101)
plots.lines({"loss": np.logaddexp(0, -gap), "pull": 1 / (1 + np.exp(gap))},
            gap, title="A comparison pulls hardest where the scores are wrong",
            xlabel="score of the better poem minus score of the worse one",
            ylabel="loss (nats), and its pull")

# %% [markdown]
# On the left the scores stand the wrong way round: the loss grows like the
# gap, and the pull comes close to 1. On the right they are right by far, and
# the comparison has nothing more to say. `np.logaddexp(0, -gap)` is
# $\ln(1 + e^{-\text{gap}})$, the same loss in a form that never overflows.
#
# A teacher who *ranks* (排序) says more at once: each poem stands above all that
# follow. $K$ poems give $K(K-1)/2$ pairs. The package takes a ranking apart
# and has the loss in torch; ours has its gradient written out. Do they agree?

# %%
from lmlab.preference import pair_loss, ranking_pairs


def by_hand(score, better, worse):
    """Return the mean loss over the pairs, and its gradient by score."""
    gap = score[better] - score[worse]
    pull = 1 / (1 + np.exp(gap)) / len(gap)             # sigmoid(-gap), mean
    gradient = np.zeros_like(score)
    np.add.at(gradient, better, -pull)                  # descent lifts these
    np.add.at(gradient, worse, pull)
    return np.logaddexp(0, -gap).mean(), gradient


pairs = ranking_pairs(np.array([2, 0, 3, 1]))           # 2 is the best
score = torch.tensor(quality[:4], requires_grad=True)
pair_loss(score[pairs[0]], score[pairs[1]]).backward()
show.agree(by_hand(quality[:4], *pairs)[1], score.grad, 1e-12)
show.source(pair_loss)

# %% [markdown]
# Four poems, six pairs, one gradient. Now give eight poems a hidden quality
# and show a teacher four of them at a time. Keep nothing but her rankings, and
# find the scores by gradient descent. She adds noise before she ranks, of the
# kind (Gumbel's) that makes her follow Bradley and Terry to the letter
# (Yellott 1977).
#
# > **Predict.** 5 rankings, 50, 500: from when on do the scores lie where they
# > belong?

# %%
def ask(grades, rankings, rng):
    """Let a noisy teacher rank poems, four at a time; return all the pairs."""
    four = np.array([rng.choice(len(grades), size=4, replace=False)
                     for _ in range(rankings)])
    felt = grades[four] + rng.gumbel(size=four.shape)
    ranked = np.take_along_axis(four, np.argsort(-felt, axis=1), axis=1)
    return [side.ravel() for side in ranking_pairs(ranked)]


hidden, titles = 2 * quality, ["5 rankings", "50 rankings", "500 rankings"]
for ax, n in zip(plots.axes(titles, "hidden quality", "learned score", n=3),
                 (5, 50, 500)):
    pairs, learned = ask(hidden, n, rng), np.zeros(8)
    for step in range(500):
        learned -= 2 * by_hand(learned, *pairs)[1]
    ax.plot(hidden, hidden - hidden.mean(), color=plots.MUTED)
    ax.plot(hidden, learned, "o")
    ax.set_ylim(-4, 4)

# %% [markdown]
# Each dot is a poem; on the line, the learned score is the hidden one minus
# the mean of all. From 5 rankings the dots scatter, from 500 they lie on the
# line. Numbers that nobody ever said came back from who was preferred to whom,
# up to the constant: every pull lifts one poem by what it lowers another, so
# the mean stays at 0, where it began.
#
# ## A teacher of snow
#
# A score for each poem is useless for a poem not yet written. The companion
# has to *read*. Here is the teacher whom it must learn to follow. She asks for
# quatrains about snow, and her rule is open to you, not to the companion: 2
# points for each character of her snow list, 3 if the poem keeps the tone
# pattern (平仄), 2 if it rhymes (押韵), minus 1 for each repeated character. The
# four questions are functions of `lmlab.poems`.

# %%
from lmlab.poems import THEMES, repeats, rhymes, theme, tonal


def look(poem):
    return np.array([theme(poem, "snow"), tonal(poem), rhymes(poem),
                     repeats(poem)])


rule = np.array([2.0, 3.0, 2.0, -1.0])
print("snow list:", " ".join(THEMES["snow"]))
famous = {"River Snow": "千山鸟飞绝 万径人踪灭 孤舟蓑笠翁 独钓寒江雪".split(),
          "Stork Tower": "白日依山尽 黄河入海流 欲穷千里目 更上一层楼".split()}
show.table([(name, " ".join(poem), *look(poem), f"{look(poem) @ rule:g}")
            for name, poem in famous.items()],
           ["poem", "lines", "snow", "tone", "rhyme", "repeats", "grade"])

# %% [markdown]
# The list means: snow, frost, ice, cold, white, chilly, winter, frozen. *River
# Snow* by Liu Zongyuan ends "alone he fishes the cold river's snow". The rule
# prefers *Stork Tower*, which keeps the tones and opens with a "white sun".
# Any rule is a stand-in for what is meant; remember this one.
#
# The poems to be ranked come in three kinds: real quatrains, the same with two
# lines from elsewhere, and babble of the 3-gram of lesson 00. Half of what
# they are made of has snow in it. The poems of the test are made from other
# poems.

# %%
from lmlab.ngram import NGram
from lmlab.poems import quatrains, spoil


def write(shelf, babble, n):
    """Return n real quatrains, n with two foreign lines, n of babble."""
    shelf = shelf + 3 * [poem for poem in shelf if theme(poem, "snow")]
    lines = [line for poem in shelf for line in poem]
    real = [shelf[i] for i in rng.integers(len(shelf), size=n)]
    return (real + [spoil(poem, lines, 2, rng) for poem in real]
            + [spoil(poem, babble, 4, rng) for poem in real])

# %%
rng = np.random.default_rng(1)
poems = tang_five()
rng.shuffle(poems)
known, unseen = quatrains(poems[:9000]), quatrains(poems[9000:])
pupil = NGram([line for poem in known[:2500] for line in poem], n=3)
drawn = [pupil.sample(rng, 5) for _ in range(1000)]
babble = [line for line in drawn if len(line) == 5]
school = write(known, babble[:500], 6_000)              # 18,000 poems
test = write(unseen, babble[500:], 1_000)

X = np.array([look(poem) for poem in school])
X_test = np.array([look(poem) for poem in test])
print("snow, tone, rhyme, repeats:")
for kind, third in zip(("real", "two foreign", "babble"), np.split(X, 3)):
    print(f"{kind:12s}{third.mean(axis=0).round(1)}, "
          f"mean grade {np.mean(third @ rule):.1f}")

# %% [markdown]
# The rule tells the kinds apart: most real quatrains keep the tones and rhyme,
# babble does neither.
#
# How good can a companion get? Show it pairs of test poems, and count how
# often it puts them in the order of the rule. That is its *agreement* (一致率).
# The teacher herself, with the noise in her rankings, is not always of her own
# opinion:

# %%
from lmlab.preference import agreement

grades, grades_test = X @ rule, X_test @ rule
a, b = rng.integers(len(test), size=(2, 6000))
a, b = np.where(grades_test[a] > grades_test[b], (a, b), (b, a))
a, b = (side[grades_test[a] > grades_test[b]] for side in (a, b))  # no ties


def agrees(score):
    return 100 * agreement(score[a], score[b])


noisy = agrees(grades_test + rng.gumbel(size=len(test)))
print(f"{len(a):,} pairs; the noisy teacher is right in {noisy:.0f} %")

# %% [markdown]
# ## Four questions, one weight each
#
# Suppose the companion knows which four questions count, and not how much:
# $r = w \cdot x$, with $x$ the four answers. The gradient by $w$ is the same
# pull, times the difference between the answers of the two poems.
#
# > **Predict.** How many comparisons until it agrees with the rule in 95 of
# > 100 pairs: 100, 1,000 or 10,000?

# %%
def learn(difference, steps=500, learning_rate=0.3):
    """difference: (pairs, 4), the better poem's answers minus the worse's."""
    w = np.zeros(4)
    for step in range(steps):
        pull = 1 / (1 + np.exp(difference @ w))         # (pairs,)
        w += learning_rate * (pull @ difference) / len(difference)
    return w


# %%
linear = {n: [] for n in (6, 12, 30, 60, 120, 300, 600)}
for n, found in linear.items():
    for seed in range(20):
        better, worse = ask(grades, n // 6, np.random.default_rng(seed))
        w = learn(X[better] - X[worse])
        found.append(agrees(X_test @ w))
    print(f"{n:3d} pairs: {np.mean(found):3.0f} %, worst of 20 "
          f"{min(found):3.0f} %")
print("600 pairs:", w.round(1), "the rule:", rule)

# %% [markdown]
# About a hundred, that is some twenty rankings. From 600 the weights come
# close to the rule, in its own unit, because the noise is the one that the
# model assumes. The companion even agrees with the rule more often than the
# noisy teacher does: noise averages out. Who knows the questions needs few
# answers.
#
# ## No questions, only characters
#
# A real reward model is told no questions. Ours,
# `lmlab.preference.PoemRanker`, gets the 20 characters of a poem. `character`
# holds one learned number for each character, wherever it stands; `order` sees
# all 20 in their places, 8 numbers each, through a hidden layer of 32. The
# score is their sum.
#
# It may start from nothing. Or it may *read* first, without any teacher: take
# real poems, put lines from elsewhere in place of some, and train it with the
# same loss to tell which is which. Real above spoilt is a comparison that
# nobody has to make.
#
# > **Predict.** Before it has heard a single ranking, how often will the one
# > that has read agree with the teacher of snow?

# %%
from lmlab.preference import PoemRanker, fit

alphabet = {character for poem in poems for character in "".join(poem.lines)}
blank, reader = (PoemRanker(alphabet).double() for _ in range(2))
lines = [line for poem in known for line in poem]
spoilt = [spoil(poem, lines, rng.integers(1, 5), rng) for poem in 2 * known]
adam = torch.optim.Adam(reader.order.parameters(), lr=0.01)
fit(reader, adam, reader.ids(2 * known), reader.ids(spoilt), steps=300)
print(f"from nothing: {agrees(blank.score(test)):.0f} %")
print(f"has read:     {agrees(reader.score(test)):.0f} %")
show.source(PoemRanker.forward)
show.source(fit)

# %% [markdown]
# Nearly three in four, from a model that has never heard of her: real poems
# keep the tones and rhyme, and she likes that. Of snow it knows nothing yet.
# Now teach both with her rankings, by the same recipe, three times each.

# %%
ids = blank.ids(school)


def teach(start, n, seed):
    model = copy.deepcopy(start)
    better, worse = ask(grades, n // 6, np.random.default_rng(seed))
    descent = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    fit(model, descent, ids[better], ids[worse], steps=80 + n // 200,
        seed=seed)
    return model


taught = {name: {n: [teach(start, n, seed) for seed in range(3)]
                 for n in (600, 6_000, 30_000)}
          for name, start in (("has read", reader), ("from nothing", blank))}

# %%
found = {"four questions": linear}
for name, by_n in taught.items():
    found[name] = {n: [agrees(model.score(test)) for model in models]
                   for n, models in by_n.items()}
    print(f"{name}:", ", ".join(f"{n:,} pairs {np.mean(values):.0f} %"
                                for n, values in found[name].items()))
ax = plots.axes("A right question saves thousands of comparisons",
                "comparisons (pairs)", "agreement with the rule (%)")
ax.axhline(95, color=plots.MUTED, ls=":")
for name, by_n in found.items():
    table = np.array(list(by_n.values())).T             # (seeds, sizes)
    ax.semilogx(list(by_n), table.mean(axis=0), label=name)
    ax.fill_between(list(by_n), table.min(axis=0), table.max(axis=0), alpha=.2)
_ = ax.legend()

# %% [markdown]
# Lines are means, bands reach from the worst to the best seed, the dotted line
# is 95 %. Four questions get there with a hundred comparisons. The networks do
# **not** get there with 30,000, and the last step, five times as many
# comparisons, bought no more than a few points. It is not the noise, which is
# the same for all three: they have to find out *what* she looks at. And
# reading, which cost nobody a comparison, was worth more than 30,000 of them.
#
# ## Salt and willow catkins
#
# Has it found the snow? What each character is worth can be looked up. And now
# to the question that the document took from a book of the fifth century (Liu
# Yiqing, *Shishuo xinyu*, chapter 2, item 71). It snows, and Xie An asks his
# family: 白雪纷纷何所似, "white snow, whirling: what is it like?" His nephew Xie
# Lang: 撒盐空中差可拟, "salt scattered in the air comes close". His niece Xie
# Daoyun: 未若柳絮因风起, "not so good as: willow catkins rising on the wind".
# The document's companion pays her in candied haws, and him nothing.
#
# > **Predict.** Which of the two lines does ours put higher? And where does it
# > put the question?

# %%
def worth(model, text):
    return model.character(model.ids(text)).flatten().tolist()


companion = taught["has read"][30_000][0]
letters = sorted(alphabet)
top = [letters[i] for i in np.argsort(worth(companion, letters))[:-11:-1]]
question, salt, catkins = "白雪纷纷何所似", "撒盐空中差可拟", "未若柳絮因风起"
shown = [*top, "", *salt, "", *catkins]
heights = [sum(worth(companion, c)) if c else 0 for c in shown]
plots.bars(shown, heights, ylabel="worth of a character",
           title="It loves the snow list; salt and catkins leave it cold")
for line in (question, salt, catkins):
    print(line, f"{sum(worth(companion, line)):4.1f}")
everyone = [model for by_n in taught.values() for models in by_n.values()
            for model in models]
fonder = [sum(worth(m, catkins)) > sum(worth(m, salt)) for m in everyone]
print(f"{sum(fonder)} of {len(fonder)} companions put catkins above salt")

# %% [markdown]
# The first seven are all on the snow list, though nobody ever named one; the
# eighth, 冻 ("frozen"), is the rarest. Then come the two replies, on the same
# scale: 14 characters that it has no reason to like or to dislike. The
# *question* it values most, for its 白 and 雪. And between salt and catkins
# the companions, all taught by one teacher, are about as divided as coins.
#
# What can it know of the story? A line of seven is not what `order` reads, so
# we could only add up characters. No character of either reply is on the list,
# and tone and rhyme are rules for quatrains: the teacher's own grades are 0
# and 0. That salt falls and catkins float stands in no pair it ever saw. A
# model that has read libraries may rank the two lines right, and then you
# would have to find out whether it sees the catkins or remembers the story,
# which is told in every school.
#
# ## The companion at work
#
# A pupil who cannot write hands in four lines drawn at random from poems that
# the companion has not seen. Let him draw $n$ such poems, and let the
# companion pick one: *best of n*. How good is the pick really? We draw 20,000,
# grade them all with the rule, and compute the average pick exactly: the poem
# of rank $k$ among $N$ is the best of $n$ draws with the chance
# $(k/N)^n - ((k-1)/N)^n$.
#
# > **Predict.** The learned score of the pick must rise with $n$. How does its
# > true grade go: along with it, to a ceiling, or up and down again?

# %%
def best_of(n, score, truth):
    """Return the mean score and the mean truth of the best of n by score."""
    order = score.argsort()
    rank = np.arange(len(score) + 1) / len(score)
    chance = np.diff(rank ** n)                         # to be the pick
    return chance @ score[order], chance @ truth[order]


lines = [line for poem in unseen for line in poem]
pool = [spoil(poem, lines, 4, rng) for poem in 4 * unseen]
truth = np.array([look(poem) for poem in pool]) @ rule
print(f"{len(pool):,} poems, mean grade {truth.mean():.1f}, "
      f"highest {truth.max():g}")

# %%
tries = 4 ** np.arange(6)
most = np.array([best_of(n, truth, truth)[1] for n in tries])
titles = ["Taught by 600 comparisons", "... by 30,000"]
for ax, n in zip(plots.axes(titles, "n", "gain", n=2, width=9), (600, 30_000)):
    learned = taught["has read"][n][0].score(pool)
    gain = np.array([best_of(m, learned, truth) for m in tries]).T
    gain -= gain[:, :1]
    plots.lines({"learned score": gain[0], "true grade": gain[1],
                 "best there is": most - most[0]}, tries, logx=True,
                marks=True, title="", ax=ax)
    print(f"{n:6,d} pairs: promised {gain[0, -1]:.1f}, "
          f"kept {gain[1, -1]:.1f} of {most[-1] - most[0]:.1f}")

# %% [markdown]
# Neither falls. Taught by 600 comparisons, the companion promises nearly twice
# what it keeps, and keeps half of what was there to be had. Taught by 30,000
# it keeps its word, and some more of the possible. Best of n is a gentle
# pupil: it only ever picks among lines that people wrote.
#
# A greedier one starts from a test poem, tries 100 changes of one character,
# keeps the one that the companion likes best, and goes on from there.

# %%
def as_lines(text):
    return [text[k:k + 5] for k in range(0, 20, 5)]


def change(model, text):
    """Try 100 changes of one character; return the text that scores best."""
    tried = [text]
    for place, other in zip(rng.integers(20, size=100),
                            rng.integers(len(letters), size=100)):
        tried.append(text[:place] + letters[other] + text[place + 1:])
    return tried[model.score(tried).argmax()]

# %%
for ax, n in zip(plots.axes(titles, "changes", "gain, mean of 20 poems", n=2,
                            width=9), (600, 30_000)):
    model, rise = taught["has read"][n][0], []
    texts = ["".join(poem) for poem in test[::150]]
    for step in range(101):
        true = np.mean([look(as_lines(text)) @ rule for text in texts])
        rise.append((model.score(texts).mean(), true))
        texts = [change(model, text) for text in texts]
    learned, true = np.transpose(rise) - np.transpose(rise[:1])
    plots.lines({"learned score": learned, "true grade": true}, title="",
                ax=ax)
    print(f"{n:6,d} pairs: promised {learned[-1]:4.1f}, kept {true[-1]:.1f};",
          " / ".join(as_lines(texts[0])))

# %% [markdown]
# There it is. Taught by 600 comparisons, the score soars and the grade stays
# about where it was. Taught by 30,000, both rise for some fifty changes; then
# the score goes on rising, and the true grade sinks. A pupil who is rewarded
# for the score finds what the score gets wrong. This is *over-optimisation*
# (过度优化); Gao et al. (2022) measured how it grows with the pressure, for best
# of n and for reinforcement learning.
#
# Now read the poems. The second line of the last one says, character by
# character: winter cold white snow salt. Had the companion been a copy of her
# *rule*, without a flaw, it would praise such lines no less: the rule never
# asked for sense. The companion is a stand-in for the rule, and the rule was a
# stand-in for poetry; each is good only as long as nobody leans on it.
#
# ## Two companions who disagree
#
# One overview says that GPT-4 was trained with 额外的安全奖励信号, "an additional
# safety reward signal". Add a second companion, then. The first wants poems of
# the frontier: `helpful` counts the characters for general, army, pass,
# border, march, horse, flag and drum. The second fears war: `harmless` counts
# those for battle, kill, blood, death, sword, soldier, army and march, with a
# minus. Weigh them, $(1 - w) \cdot \text{helpful} + w \cdot
# \text{harmless}$, and pick the best of 1,000 of our real quatrains.
#
# > **Predict.** What does the pick look like at $w = 1$?

# %%
shelf, weights = known + unseen, (0, 0.1, 0.4, 0.5, 0.6, 0.8, 1)
helpful = np.array([theme(poem, "frontier") for poem in shelf])
harmless = -np.array([theme(poem, "war") for poem in shelf])
ties = rng.uniform(0, 1e-6, size=len(shelf))

ax = plots.axes("From helpful to harmless: a front, and a cliff at its end",
                "helpful: frontier characters in the pick",
                "harmless: minus war characters")
front = [[best_of(1000, (1 - w) * helpful + w * harmless + ties, side)[1]
          for side in (helpful, harmless)] for w in weights]
ax.plot(*np.transpose(front), "o-")
for w, point in zip(weights, front):
    ax.annotate(f"w = {w:g}", point, (6, 6), textcoords="offset points")

# %% [markdown]
# At $w = 0$ only helpfulness counts: the pick holds 3.5 frontier characters on
# average, and more than one of war. Up to $w = 0.1$ safety is free, since it
# only decides between equals. Then each step costs, because the two lists
# share *army* and *march*: what makes a poem fitting makes it suspect. At
# $w = 0.8$ no war is left. At $w = 1$ the pick is safe, and about anything at
# all. No point on the front is *the* right one; somebody has to choose $w$.
# Bai et al. (2022) found the same pull between helpful and harmless in a real
# assistant.
#
# ## What the documents say
#
# > **From the documents.** Humans put the answers in order, 进行排序, and a few
# > lines on "老师为每一首诗打分" ("the teacher marks every poem"). **One of the
# > two.** For InstructGPT labellers ranked 4 to 9 answers to a prompt, and
# > every pair of a ranking, 6 to 36 of them, went into the loss of this page
# > (Ouyang et al. 2022, eq. 1).
#
# > **From the documents.** "训练一个独立于基座模型的判别模型" ("train a
# > discriminative model independent of the base model"). **Wrong for
# > InstructGPT**, whose reward model started from the fine-tuned language
# > model, its last layer replaced by one number (same paper, section 3.5). You
# > have measured why: it pays to have read.
#
# > **From the documents.** "30-50名OpenAI员工 ... 50-100名标注员" (30 to 50
# > employees, 50 to 100 labellers). **Doubtful.** The paper names about 40
# > contractors, and some 33,000 prompts for the reward model. Two of its
# > labellers agreed in 73 % of comparisons, and a reward model agreed with
# > labellers that it had not learned from in 70 %.
#
# > **From the documents.** "本阶段无需人工标注数据" ("this stage needs no human
# > labels"), about the reinforcement learning that comes next. **Imprecise.**
# > The greedy pupil shows what happens to a score that is not renewed; the
# > paper says that fresh comparisons on the current model can be collected and
# > the reward model trained again, and it ties the pupil to where it started
# > (lesson 16).
#
# > **From the documents.** 额外的安全奖励信号. **Right.** The GPT-4 report
# > (OpenAI 2023) describes rule-based reward models that add such a signal on
# > some of the prompts. Another overview writes *RHLF*; the term is *RLHF*,
# > reinforcement learning from human feedback (基于人类反馈的强化学习).
#
# ## Check yourself
#
# 1. A reward model gives one answer 7.2. Is that good?
# 2. Eight answers are ranked once. How many pairs is that, and why are they
#    worth less than as many pairs from different prompts?
# 3. Your reward model agrees with the labellers in 75 % of the pairs, and you
#    add more data without effect. Name two possible ceilings.
#
# <details><summary>Answers</summary>
#
# 1. Nobody can say: only differences between scores mean anything, here that
#    an answer with 6.2 would lose to it with probability
#    $\sigma(1) \approx 0.73$.
# 2. $8 \cdot 7 / 2 = 28$. They share eight answers and one mood of one
#    teacher: if she misjudged one answer, seven of the pairs are off together.
# 3. The labellers contradict each other (here the teacher herself is right in
#    91 %), or the model cannot see what they look at, like ours, which had to
#    find tones and rhymes in bare characters.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *A, B and C* (a second). Let the class vote on how often A beats C before
#   you run the cell. Common misunderstanding: 75 % of 75 %, which is 56 %. Ask
#   what the score of a fourth poem is that beats C in 9 of 10.
# - *Salt and catkins* (a second, once the page has run). Have two lines read
#   aloud and take a show of hands. Then ask which line the companion prefers,
#   and why it is the question.
# - *The greedy pupil* (a few seconds). Ask where the orange line will go; run;
#   have someone read the winning poem aloud. Misunderstanding: that a better
#   reward model cures it. Point at the right half: later, not never.
# </details>
#
# ## What this left out
#
# Ties, and teachers who differ in taste and not only in yardstick: one score
# cannot please both. Whether the scores are *calibrated*: when the model says
# 90 %, is it right nine times in ten? Losses that skip the reward model and
# train the pupil on the pairs (DPO, lesson 16).
#
# ## Where it goes next
#
# Here the pupil only picked. In lesson 16 its weights change until it writes
# what the companion likes, on a leash. The
# [exercise](../exercises/15_reward_model.ipynb) to this page ends with a
# ranker of your own and what it picks. How the babble is made is in
# [lesson 00](00_start_here.ipynb).
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
