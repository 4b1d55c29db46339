# %% [markdown]
# # How do rankings become a score?
#
# You train a judge of poems that never hears a mark, only which of two poems a
# teacher likes better; then a pupil writes to please it, and fools it.
#
# **You will** turn comparisons into scores with a pencil, train a judge in NumPy
# and in torch, and find where its score stops being true.
#
# **You need** lessons 03 to 05: sigmoid, cross-entropy, gradients.
#
# **Time** 34 minutes to read, 20 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show

rng = np.random.default_rng(0)
quality = np.sort(rng.normal(size=8))                   # of eight poems
average, stretch = rng.normal(70, 10, size=5), rng.uniform(3, 10, size=5)
felt = quality + rng.normal(0, 0.3, size=(5, 8))        # (teachers, poems)
marks = average[:, None] + stretch[:, None] * felt
plots.lines({f"teacher {i + 1}": marks[i] for i in range(5)}, range(1, 9),
            title="Five teachers: far apart in marks, alike in order",
            xlabel="poem, worst to best", ylabel="mark", marks=True)

# %% [markdown]
# ## Better is easier to say than good
#
# All five feel the same quality, but for a little noise: all five lines climb,
# with a dip or two.
# But each teacher has her own yardstick: what an average poem gets, and how many
# marks lie between good and bad. The mildest gives her worst poem more than
# two others give their best.
#
# > **Predict.** Two poems get their marks from two different teachers. In how
# > many of 100 pairs has the better one the higher mark: 50, 70 or 90? And how
# > often does a single teacher, who sees both, put them in order?

# %%
truth = rng.normal(size=(2, 20_000))                    # 20,000 pairs
felt = truth + rng.normal(0, 0.3, size=truth.shape)
one = rng.integers(5, size=20_000)
who = np.array([one, (one + rng.integers(1, 5, size=20_000)) % 5])
marked = average[who] + stretch[who] * felt
for name, said in (("marks of two", marked), ("one compares", felt)):
    right = (said[0] > said[1]) == (truth[0] > truth[1])
    print(f"{name}: right in {right.mean():.0%}")

# %% [markdown]
# "Which of the two?" needs no yardstick. But it seems not to say by how much.
#
# ## By how much, with a pencil
#
# Poem A was preferred to B in 3 of 4 comparisons, and B to C in 3 of 4. Give
# each poem a score $r$, and let the *difference* decide how likely it is to win
# (the model of Bradley and Terry 1952):
#
# $$P(\text{A above B}) = \sigma(r_A - r_B) = \frac{1}{1 + e^{-(r_A - r_B)}}$$
#
# Then $r_A - r_B$ is the logarithm of the odds: $\ln 3$ for 3 wins to 1.
#
# > **Predict.** A and C never met. How often will A win: 56 %, 75 % or 90 %?

# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


r = np.log(3) * np.array([2, 1, 0])                     # A, B, C
print(sigmoid(r[:, None] - r).round(2))                 # row above column

# %% [markdown]
# First row: A beats B in 75 %, and C in 90 %. Odds multiply: 3 to 1, and again
# 3 to 1, make 9 to 1. So comparisons do say by how much: a much better poem
# wins more often.
#
# Add 1,200 to every score and nothing changes: a score has no zero. Its unit is
# made of odds: a lead of 1 means $e$, some 2.7, wins to 1.
#
# ## The loss of one comparison
#
# To *learn* scores, take the surprise at what the teacher said, as in lesson 04.
# It is cross-entropy with two classes:
#
# $$L = -\ln \sigma(r_{\text{better}} - r_{\text{worse}})
#     = \ln(1 + e^{\,r_{\text{worse}} - r_{\text{better}}})$$
#
# Its slope says how hard one comparison pulls the two scores apart.

# %%
gap = np.linspace(-4, 4, 101)
plots.lines({"loss": np.logaddexp(0, gap), "pull": sigmoid(gap)}, gap,
            title="A comparison pulls hardest where the scores are wrong",
            xlabel="score of the worse poem minus score of the better one",
            ylabel="loss (nats), and its slope")

# %% [markdown]
# On the right the scores stand the wrong way round, and the pull nears its
# limit of 1. On the left there is nothing more to say.
#
# A teacher who *ranks* (排序) says more at once: each poem stands above all that
# follow, so $K$ poems give $K(K-1)/2$ pairs. A poem in several pairs is pulled
# several times; `np.add.at` adds that up.

# %%
from lmlab.feedback import preference

better, worse = preference.ranking_pairs(np.array([2, 0, 3, 1]))  # best first
print(better, "are better than", worse)

# %%
def gradient(score, better, worse):
    """Return the slope of the mean loss of the pairs, by each score."""
    pull = sigmoid(score[worse] - score[better]) / len(better)
    slope = np.zeros_like(score)
    np.add.at(slope, better, -pull)                     # descent lifts these
    np.add.at(slope, worse, pull)
    return slope

# %%
import torch

score = torch.tensor(quality[:4], requires_grad=True)
preference.pair_loss(score[better], score[worse]).backward()
show.agree(gradient(quality[:4], better, worse), score.grad, 1e-12)
show.source(preference.pair_loss)

# %% [markdown]
# Now hide a number in each of eight poems. The teacher errs just as Bradley and
# Terry say, and all that you keep is which of two she preferred.
#
# > **Predict.** From 5,000 of her verdicts, what comes back: the order of the
# > poems, their distances, or the hidden numbers themselves?

# %%
def compare(quality, n, rng):
    """Ask n times which of two poems is better; return (better, worse)."""
    a = rng.integers(len(quality), size=n)
    b = (a + rng.integers(1, len(quality), size=n)) % len(quality)
    wins = rng.random(n) < sigmoid(quality[a] - quality[b])
    return np.where(wins, a, b), np.where(wins, b, a)

# %%
hidden, learned = 2 * quality, np.zeros(8)
better, worse = compare(hidden, 5_000, rng)
for step in range(500):
    learned -= 2 * gradient(learned, better, worse)
print(hidden.round(1), learned.round(1), (hidden - learned).round(1), sep="\n")

# %% [markdown]
# The third row is nearly constant: the distances came back, though nobody ever
# said a number. The constant is lost: every pull lifts one poem by what it
# lowers another, so the mean of the scores stays at 0.
#
# ## A teacher of snow
#
# A score for each poem is useless for a poem not yet written. A *reward model*
# (奖励模型) has to *read*: from an answer to one number.
#
# *The documents* (five Chinese overviews of large models that this course tests)
# go on with the child brought up on old poems (古诗, lesson 00): a study companion
# (伴读) listens to the teacher until it can judge for her. Our teacher wants
# snow, and asks four questions:

# %%
from lmlab.text import poems


def look(shelf):
    """Return the answers to her questions about each poem, (poems, 4)."""
    return np.array([[poems.theme(poem, "snow"), poems.tonal(poem),
                      poems.rhymes(poem), poems.repeats(poem)]
                     for poem in shelf])

# %%
rule = np.array([2, 3, 2, -1])                          # points for each
for poem in ("千山鸟飞绝 万径人踪灭 孤舟蓑笠翁 独钓寒江雪".split(),
             "白日依山尽 黄河入海流 欲穷千里目 更上一层楼".split()):
    print(*poem, *look([poem]), "grade", *look([poem]) @ rule)

# %% [markdown]
# She gives 2 points for each different character of a list: 雪霜冰寒白冷冬冻
# (snow, frost, ice, chilly, white, cold, winter, frozen). 3 if the tones, level
# and oblique (平仄, lesson 10), alternate as the pattern wants.
# 2 for a rhyme, and minus 1 for each repeated character.
#
# The first poem ends "alone he fishes the chilly river's snow". The second opens
# with a white sun, and gets more, for its tones: any rule is a stand-in for what
# is meant.
#
# She compares real quatrains (four lines: a short poem, or half of one of eight)
# and mixed ones:

# %%
from lmlab.page.datasets import tang_five

shelf = rng.permutation(poems.quatrains(tang_five()))   # (poems, 4 lines)
mixed, swap = shelf.copy(), rng.random(shelf.shape) < 0.5
mixed[swap] = rng.choice(shelf.ravel(), swap.sum())     # lines of others
print(*shelf[0], "mixed:", *mixed[0])

# %%
school = np.concatenate([shelf[2000:], mixed[2000:]])
test = np.concatenate([shelf[:2000], mixed[:2000]])
grades, grades_test = look(school) @ rule, look(test) @ rule
print("mean grade, real and mixed:", grades.reshape(2, -1).mean(1).round(1))

# %% [markdown]
# Of the first poem only the last line stayed, "as a mandarin duck I fly today"; a
# villa by the lakes, fine verses and snowy waves moved in.
#
# The companion hears only who won. The test is how often it puts two other poems
# in the order of the rule: its *agreement* (一致率).

# %%
a, b = rng.integers(len(test), size=(2, 10_000))
lead = grades_test[a] - grades_test[b]
a, b, lead = a[lead != 0], b[lead != 0], lead[lead != 0]


def agrees(score):
    """Return in how many of 100 test pairs score and rule agree."""
    return 100 * np.mean((score[a] > score[b]) == (lead > 0))


print(f"the teacher is right in {100 * sigmoid(np.abs(lead)).mean():.0f} %")

# %% [markdown]
# She errs as Bradley and Terry say, with her grades for scores: often where two
# poems are close, rarely where they are far apart.
#
# ## What a companion can read
#
# It gets the 20 characters of a poem, and no questions. `character` holds one
# learned number for each character, wherever it stands; `order` sees all 20 in
# their places, through a hidden layer. The score is their sum.

# %%
from lmlab.feedback.reward import PoemRanker

blank = PoemRanker("".join(shelf.ravel())).double()
print(blank)
show.source(PoemRanker.forward)

# %%
import copy


def teach(model, better, worse):
    """Take 300 steps on pairs of poems, rows of character ids."""
    model = copy.deepcopy(model)
    adam = torch.optim.Adam(model.parameters(), lr=0.01)    # see lesson 06
    for step in range(300):
        rows = torch.randint(len(better), (256,))
        loss = preference.pair_loss(model(better[rows]), model(worse[rows]))
        adam.zero_grad()
        loss.backward()
        adam.step()
    return model

# %% [markdown]
# It may start from nothing. Or it may *read* first: that a real poem stands above
# its mixed copy (in one of 16 no line is mixed) needs no teacher to say.
#
# > **Predict.** One companion has read, and never heard the teacher. Another has
# > heard 30,000 of her comparisons, and never read. Which one agrees more often
# > with the rule?

# %%
torch.manual_seed(0)
real, other = blank.ids(school).chunk(2)     # rows of ids, real ones first
reader = teach(blank, real, other)
better, worse = (blank.ids(school[k]) for k in compare(grades, 30_000, rng))
listener, companion = teach(blank, better, worse), teach(reader, better, worse)

# %%
models = {"nothing": blank, "has read": reader, "has heard": listener,
          "both": companion}
plots.bars(models, [agrees(model.score(test)) for model in models.values()],
           title="To have read is worth almost as much as 30,000 comparisons",
           ylabel="agreement with the rule (%)")

# %% [markdown]
# Nearly a tie: real poems keep the tones and rhyme more often than mixed ones,
# she likes that, and to read cost nobody a comparison. Both together reach about
# 80 %, far from the teacher, and three times as many steps do not help. Three
# seeds agree in all this.
#
# What did the last one find out about her taste?

# %%
letters = np.array(list(companion.number))
worth = companion.worth("".join(letters))
best = worth.argsort()[:-13:-1]                         # twelve, best first
listed = np.isin(letters[best], list(poems.THEMES["snow"]))
ax = plots.axes("Most of her snow list, by a companion never told it",
                "its favourites (orange: on her list)", "worth of a character")
ax.bar(letters[best], worth[best],
       color=np.where(listed, plots.ACCENT, plots.MUTED))
ax.grid(axis="x", visible=False)

# %% [markdown]
# Nobody ever named one of the orange ones to it. The grey ones are mistakes: rare
# characters, about which a few verdicts decide.
#
# ## The companion at work
#
# Now a pupil writes for the companion. He takes a test poem, tries 1,000 changes
# of one character, keeps what the companion likes best, and goes on from there.
#
# > **Predict.** The score must rise. And the grade by the rule: along with it, to
# > a ceiling, or up and down again?

# %%
def climb(poem):
    """Return the best of 1,000 changes of one character of the poem."""
    tried = [poem]
    for k, c in zip(rng.integers(20, size=1000), rng.choice(letters, 1000)):
        tried.append(poem[:k] + c + poem[k + 1:])
    return tried[companion.score(tried).argmax()]

# %%
from textwrap import wrap

texts, score, grade = ["".join(poem) for poem in test[::400]], [], []
for step in range(101):
    score.append(companion.score(texts).mean())
    grade.append(np.mean(look([wrap(text, 5) for text in texts]) @ rule))
    texts = [climb(text) for text in texts]
plots.lines({"score": score, "grade": grade}, xlabel="changes",
            title="The score soars, while the grade rises and falls",
            ylabel="mean of ten poems (log odds)")
print(*wrap(texts[0], 5))

# %% [markdown]
# Both have one unit, for she prefers by the difference of two grades. At first
# both rise. After some fifteen to sixty changes (eight seeds tried) the grade
# is at its highest; then the score goes on rising, and the grade falls. Whoever
# is paid for the score finds what the score gets wrong. This is
# *over-optimisation* (过度优化), measured by Gao et al. (2022) for language models.
#
# Read the printed poem: a few cold characters, again and again. The rule pays
# for a character once and charges for a repeat; `character` pays every time.
# But a flawless copy of the *rule* would praise a heap of snow words too, for
# the rule never asked for sense. The companion is a stand-in for the rule, the
# rule a stand-in for poetry; each is good only as long as nobody leans on it.

# %% [markdown]
# ## What the documents say
#
# OpenAI described how InstructGPT, forerunner of ChatGPT, was made (Ouyang et al.
# 2022); its *labellers* (标注员) are the teachers.
#
# | what is said | verdict | why |
# | --- | --- | --- |
# | 学习标注好排名的数据: it learns from rankings | right | 4 to 9 answers in order, every pair in this page's loss (Ouyang, eq. 1) |
# | 老师为每一首诗打分: the teacher marks each poem | half right | labellers marked, 1 to 7, *and* ranked, as the document says just before; only the order trained the judge (Ouyang, fig. 12) |
# | 训练一个独立于基座模型的判别模型: a judge independent of the base model | half right, of InstructGPT | a model of its own, yes; but it started from a trained language model (Ouyang, 3.5): it pays to have read |
# | 50-100名标注员: 50 to 100 labellers | doubtful | no source; for InstructGPT about 40 (Ouyang, 3.4) |
# | 本阶段无需人工标注数据: this stage, the last, needs no human labels | right for one round | comparisons of newer models were collected again (Ouyang, 3.1), and an old score gets fooled, as here |
# | 额外的安全奖励信号: an extra reward for safety in GPT-4 | right | classifiers with written rules added to the reward (OpenAI 2023) |

# %% [markdown]
# ## Check yourself
#
# 1. A reward model gives one answer 7.2. Is that good?
# 2. Eight answers are ranked once. How many pairs is that, and why are they worth
#    less than as many from different requests?
# 3. Your reward model agrees with the labellers in 75 % of the pairs, and more
#    data does not help. Name two possible ceilings.
#
# <details><summary>Answers</summary>
#
# 1. Nobody can say: only differences mean anything. An answer with 6.2 would lose
#    to it with probability $\sigma(1) \approx 0.73$.
# 2. $8 \cdot 7 / 2 = 28$. They share one mood of one teacher: if she misjudged
#    one answer, seven pairs may be off together.
# 3. The labellers contradict themselves (the teacher here is right in 91 %), or
#    the model cannot see what they look at (tones and rhymes).
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *A, B and C* (a second). Vote first on how often A beats C. Common
#   misunderstanding: 75 % of 75 %, which is 56 %.
# - *The favourites* (a second). Ask what it can know of a list that it never saw.
# - *The greedy pupil* (some seconds). Ask where the grade will go. Point at the
#   place where it turns: nothing in the score tells of it.
# </details>

# %% [markdown]
# ## What this left out
#
# Ties; teachers who differ in taste: one score cannot please both. Whether
# scores are *calibrated*: when the model says 90 %, is it right nine times in
# ten?
#
# ## Where it goes next
#
# In lesson 16 the pupil's weights change until it writes what the companion
# likes: RLHF, reinforcement learning from human feedback. The
# [exercise](../exercises/15_reward_model.ipynb) ends with a ranker of your own
# and what it picks.
#
# ## Read on
#
# - Bradley and Terry, *Rank analysis of incomplete block designs: I*, 1952,
#   Biometrika 39, 324-345.
# - Ouyang et al., *Training language models to follow instructions with human
#   feedback*, 2022, arXiv 2203.02155.
# - Gao, Schulman and Hilton, *Scaling laws for reward model overoptimization*,
#   2022, arXiv 2210.10760.
# - OpenAI, *GPT-4 technical report*, 2023, arXiv 2303.08774.
