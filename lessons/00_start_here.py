# %% [markdown]
# # What does a language model do, in ten minutes?
#
# You build a language model from 320 poems by counting, watch a second one
# learn the same numbers from its own mistakes, and find out what neither can
# do.
#
# **You will** make a model write, measure how wrong it is, and tell memory
# from understanding.
#
# **You need** Python. No machine learning, and no Chinese: all of it is
# translated.
#
# **Time** 12 minutes to read, 11 seconds to run
#
# > **How to use this course.** *Predict*: where a box says so, say your answer
# > aloud before you go on. A wrong guess shows where your picture is off, and
# > that is the quickest way to learn. *Run*: the cell below settles it
# > (Shift+Enter). *Check*: each lesson has an exercise, and a check below each
# > task says whether you are right, and if not, what to look at. *Hints*:
# > three are folded under each task.

# %% [markdown]
# ## Finish the line
#
# This course puts five overviews of large models to the test. One of them
# tells how ChatGPT was made as the story of a child that is brought up on Tang
# poems. We take it at its word and open a poem school. The first pupil gets
# one book, *Three Hundred Tang Poems* (this edition holds 320). It has a line
# by Li Bai that many Chinese children know by heart, here with a word of
# English under each character:

# %%
from collections import Counter, defaultdict

import numpy as np

from lmlab.page import plots, show
from lmlab.page.datasets import tang300

poems = tang300()
print(f"{len(poems)} poems, {sum(len(poem.lines) for poem in poems):,} lines")
show.tokens("举头望明月", labels=["raise", "head", "gaze", "bright", "moon"])

# %% [markdown]
# "I raise my head and gaze at the bright moon." A *language model* (语言模型) does
# one thing: it reads a text, and says how likely each character is to come
# next. The model behind a chatbot does the same, over and over, with pieces of
# words.
#
# > **Predict.** In all the poems, what most often follows 明 ("bright")? And in
# > how many cases out of ten?
#
# To find out, write each poem as one string, with `/` where a line ends. Then
# give every character a bag, and put into it whatever came next, each time.

# %%
texts = ["/" + "/".join(poem.lines) + "/" for poem in poems]

bags = defaultdict(str)
for text in texts:
    for character, following in zip(text, text[1:]):
        bags[character] += following

print(len(bags["明"]), "characters followed 明:", bags["明"])

# %% [markdown]
# This bag is all that our model will ever know about 明. The commonest in it:

# %%
english = {"月": "moon", "/": "line ends", "朝": "morning", "日": "sun",
           "年": "year", "堂": "hall"}
plots.bars([f"{c}\n{word}" for c, word in english.items()],
           [bags["明"].count(c) for c in english], highlight=0,
           ylabel="times after 明 (bright)",
           title="After “bright”, a poet writes “moon”")

# %% [markdown]
# The moon leads, with 15 of 69: about two cases in ten. A count divided by the
# size of its bag is a *probability* (概率): *p*(月 | 明) = 15/69.
#
# ## Let it write
#
# To write, reach into the bag of the last character, take one out without
# looking, write it down, and go on from there. This is *sampling* (采样).

# %%
rng = np.random.default_rng(0)
text = "/"
while text.count("/") < 5:
    text += rng.choice(list(bags[text[-1]]))
print(text)

# %% [markdown]
# Roughly: "swear, the general camps at Jade Pass / other / warriors, too, as
# early / dreams send fragrance". Two neighbours go well together: 将军 "general",
# 战士 "warriors". Whole lines make no sense, and have no common length: a model
# that sees one character cannot know how long the line is.
#
# ## How wrong is a guess?
#
# Give each guess a mark. If the character that really came had the
# probability $p$, the *surprise* is $-\ln p$: zero for $p = 1$, and the larger,
# the less likely it was. The average surprise is the *loss* (损失). Its unit, from
# the natural logarithm, is the *nat*. A model that knows nothing gives each of
# $V$ characters the probability $1/V$, so its loss is $-\ln(1/V) = \ln V$.
#
# > **Predict.** With the `/`, our poems have $V$ = 2,484 different characters,
# > and $\ln V$ is 7.8. How much of that is left for a model that sees one?

# %%
pairs = [pair for text in texts for pair in zip(text, text[1:])]
p = [bags[a].count(b) / len(bags[a]) for a, b in pairs]
V, one = len(bags), -np.log(p).mean()

print(f"surprise at 月 after 明: {-np.log(15 / 69):.2f}")
print(f"loss when it knows nothing: ln {V:,} = {np.log(V):.2f}")
print(f"loss when it sees one character: {one:.2f} = ln {np.exp(one):.0f}")

# %% [markdown]
# One character of memory leaves it as unsure as a fair choice among 21
# characters, where it was 2,484. That is suspiciously good for so poor a poet.
# Keep the suspicion: these are the very poems that it counted.
#
# ## The same table, learned from mistakes
#
# The models behind chatbots do not count. They start with guesses that know
# nothing, and after each mistake correct themselves a little: *gradient
# descent* (梯度下降). Does that get to the same place? To keep it small, take
# only the hundred commonest characters, and count their pairs into a table of
# 100 x 100.

# %%
common = [c for c, _ in Counter("".join(texts)).most_common(101) if c != "/"]
number = {c: i for i, c in enumerate(common)}
counts = np.zeros((100, 100))                 # row: before, column: next
for a, b in pairs:
    if a in number and b in number:
        counts[number[a], number[b]] += 1
bright_moon = counts[number["明"], number["月"]]
print(f"{counts.sum():,.0f} pairs, 明月 {bright_moon:.0f} times")

# %% [markdown]
# Divided by the sum of its row, a count becomes a probability, and the loss of
# that table is the mark to reach:

# %%
def loss(p):
    """The average surprise of a table of probabilities, over all pairs."""
    seen = counts > 0
    return -(counts[seen] * np.log(p[seen])).sum() / counts.sum()


row_sums = counts.sum(axis=1, keepdims=True)  # (100, 1)
counted = counts / row_sums
print(f"loss of the counted table {loss(counted):.3f}")

# %% [markdown]
# The table that learns has 100 x 100 numbers too, its *parameters* (参数), all 0
# at first. A row holds a score for each character that may come next; such
# scores are called *logits*. *Softmax* makes probabilities of them: raise $e$
# to each score, and divide by the sum of the row.
#
# Which way should a score move? The *gradient* (梯度) says how fast the loss
# rises when a score does, so each step goes against it. Here it is easy to
# read (lesson 05 shows why): how often the model expected the pair, minus how
# often it came, divided by the number of all pairs.

# %%
def softmax(logits):
    grown = np.exp(logits)
    return grown / grown.sum(axis=1, keepdims=True)


def gradient(logits):
    expected = row_sums * softmax(logits)
    return (expected - counts) / counts.sum()

# %% [markdown]
# At the start the model expects a hundredth of the row of 明 to be 月. There was
# far more, so that score goes up; the scores of pairs that never came go down.
# How far each step goes is the *learning rate* (学习率).
#
# > **Predict.** Where does the loss start? And after 1,000 steps, is it at 0,
# > at the loss of the counted table, or a little below that?

# %%
logits = np.zeros((100, 100))
losses, learning_rate = [], 100
for step in range(1000):
    losses.append(loss(softmax(logits)))
    logits -= learning_rate * gradient(logits)

print(f"first loss {losses[0]:.3f}, ln 100 = {np.log(100):.3f}")
print(f"last loss  {losses[-1]:.3f}, counted {loss(counted):.3f}")
plots.loss_curve({"learned": losses}, floor=loss(counted),
                 floor_label="counted table",
                 title="Learning from mistakes arrives where counting is")

# %% [markdown]
# It starts at $\ln 100$, knowing nothing, and sinks towards the counted loss
# without ever passing it: on these pairs no table can do better than their own
# frequencies. Five rows of the hundred, side by side:

# %%
before = {"不": "not", "春": "spring", "白": "white", "明": "bright",
          "青": "green"}
after = {"见": "see", "风": "wind", "日": "sun", "月": "moon", "山": "hill"}
part = np.ix_([number[c] for c in before], [number[c] for c in after])
axes = plots.axes(["Counted", "Learned: the same"], n=2, width=9)
for ax, table in zip(axes, [counted, softmax(logits)]):
    plots.heatmap(table[part], ax=ax, title="", values=True,
                  xlabel="comes next",
                  rows=[f"{word} {c}" for c, word in before.items()],
                  columns=[f"{c}\n{word}" for c, word in after.items()])

# %% [markdown]
# The dark cells agree: 不见 "not see", 春风 "spring wind", 白日 "white sun", 明月
# "bright moon", 青山 "green hill". Correcting mistakes was enough to find them.
#
# This course builds everything twice: by hand, to see it, and in PyTorch, a
# library that large models are made with. PyTorch is told only the loss, and
# finds the gradient by itself. Try it on a table of random scores:

# %%
import torch

table = torch.tensor(rng.normal(size=(100, 100)), requires_grad=True)
surprise = -torch.log_softmax(table, dim=1)
mean = (torch.tensor(counts) * surprise).sum() / counts.sum()
mean.backward()                               # finds the gradient

show.agree(gradient(table.detach().numpy()), table.grad, 1e-12)

# %% [markdown]
# The same gradient, so the same thousand steps, and the same table.
#
# ## A longer memory
#
# One character is a short memory. Nothing keeps us from filling a bag for each
# run of two, three or four characters. Such a model, which looks at the last
# few characters and no further, is called an *n-gram* (n 元语法).

# %%
def remember(texts, memory):
    """Collect what followed each run of `memory` characters."""
    bags = defaultdict(str)
    for text in texts:
        for i in range(memory, len(text)):
            bags[text[i - memory:i]] += text[i]
    return bags


tables = {memory: remember(texts, memory) for memory in (1, 2, 3, 4)}
print(tables[1]["月"][:24], "|", tables[2]["明月"], "|", tables[3]["望明月"])

# %% [markdown]
# The bags get smaller. After 望明月 ("gaze, bright, moon") only the `/` is left.
#
# > **Predict.** After 举头望明月/ the poem goes on 低头思故乡, "I lower my head and
# > think of my old home". How many characters back must a model see to be
# > certain of each of these five?

# %% tags=["readme-picture"]
line, home = "/举头望明月/", "低头思故乡"
sure = np.zeros((4, 5))
for memory, table in tables.items():
    for i, character in enumerate(home):
        bag = table[(line + home[:i])[-memory:]]
        sure[memory - 1, i] = bag.count(character) / len(bag)

english = ["lower", "head", "think", "old", "home"]
ax = plots.axes("A model that sees further back is surer of what comes next",
                "after 举头望明月, “I raise my head, gaze at the bright moon”",
                "characters it sees", height=4.6)
plots.heatmap(sure, ax=ax, title="", values=".0%", rows="1234",
              columns=[f"{c}\n{word}" for c, word in zip(home, english)])
ax.set_aspect("auto")

# %% [markdown]
# Four. Each cell says how likely the model found the character that the poet
# wrote, and the last row is certain throughout: each of these runs of four
# stands only once in the book. Now let every model take the likeliest
# character each time:

# %%
for memory, table in tables.items():
    text = line
    while text.count("/") < 3:
        bag = table[text[-memory:]]
        text += max(bag, key=bag.count)       # of equals, the first
    print(memory, text)

# %% [markdown]
# After the moon, they go on: "not see"; "the edge of the sky"; and with three
# and four characters the line as Li Bai wrote it. With three it was luck: 低 was
# the first of five that were equally likely.
#
# So a long memory recites. What does it do when it may draw freely? The
# package has the same model, `NGram` (its `n` counts the next character too).
# Let it write a hundred times, and see which lines are *not* in the book.
#
# > **Predict.** How many lines in a hundred are new, with a memory of 1, 2, 3
# > and 4?

# %%
from lmlab.text.ngram import NGram

book = {line for poem in poems for line in poem.lines}
new = []
for memory in tables:
    model = NGram(["/".join(poem.lines) for poem in poems], n=memory + 1)
    drawn = [model.sample(rng, 30) for _ in range(100)]
    lines = [line for text in drawn for line in text.split("/")[:-1]]
    new.append(100 * np.mean([line not in book for line in lines]))

print("new lines (%):", np.round(new))
plots.bars([f"memory {m}" for m in tables], new, ylabel="new lines (%)",
           title="The more it remembers, the less it invents")

# %% [markdown]
# With a memory of four the pupil knows the book by heart and writes nothing
# else. With a memory of one its lines are new, and few of them mean anything.
# New is easy. New *and* good is what the rest of the course is about.
#
# ## What it has never seen
#
# Now make a request: 写一首思乡的诗, "write a poem about homesickness". The pupil
# knows a perfect answer: "I lower my head and think of my old home".
#
# > **Predict.** What does the model with a memory of four say?

# %%
request = "写一首思乡的诗"
english = ["write", "one", "piece", "miss", "home", "’s", "poem"]
show.tokens(request, labels=english)
for end in ("望明月/", request[-4:], "望明星/"):
    print(end, "->", tables[4].get(end, "never seen, no answer"))

# %% [markdown]
# Nothing: it has never met these four characters in a row. Even 望明星/, a bright
# *star* in place of the moon, silences it. To a table, moon and star are as
# different as moon and "not".
#
# A polite model does not fall silent. It forgets the far end of its *context*
# (上下文), the characters it looks at, until it knows what remains. This is
# *back-off* (回退), and `NGram` does it:

# %%
answer = model.sample(np.random.default_rng(0), 30, request)
print("it knows", model.known(request), "and says", answer)
print("as in", [line for line in book if line.endswith(answer[-5:])])

# %% [markdown]
# It takes the request for the beginning of a line and completes it with the
# end of Du Fu's 暮年诗赋动江关, "in old age his verse moved rivers and passes".
# Fluent, real poetry, and no answer. It cannot know that it was asked.
#
# ## Memory or understanding?
#
# What would show that a model has understood something, and not only stored
# it? One part of that can be measured: is it better on poems that it has
# *never* seen? Set every fifth poem aside, *held out* (留出), and count on the
# others only. So that nothing is impossible, add a hundredth of a sighting of
# every character to every bag (*smoothing*, 平滑).
#
# > **Predict.** As the memory grows from 0 to 4 characters, which way does the
# > loss go on the poems it counted? And on those held out?

# %%
def measure(texts, memory, k=0.01):
    """Return the loss, with `k` of every character added to each bag."""
    bags = [(tables[memory].get(text[i - memory:i], ""), text[i])
            for text in texts for i in range(memory, len(text))]
    p = [(bag.count(c) + k) / (len(bag) + k * V) for bag, c in bags]
    return -np.log(p).mean()


kept, held_out = [t for i, t in enumerate(texts) if i % 5], texts[::5]
tables = [remember(kept, memory) for memory in range(5)]
losses = {"counted": [measure(kept, memory) for memory in range(5)],
          "held out": [measure(held_out, memory) for memory in range(5)]}
plots.bars([f"memory {m}" for m in range(5)], losses, ylabel="loss (nats)",
           reference=np.log(V), reference_label="knows nothing",
           title="On new poems, a longer memory makes it worse")

# %% [markdown]
# Memory 0 knows only how frequent each character is. On the poems it counted,
# memory cuts the loss nearly by half. On the held-out ones the loss *rises*, up
# to the dashed line: the longer the run, the more often its bag is empty, as it
# was for 望明星/. That is *overfitting* (过拟合): good on what it has seen, bad on
# what it has not. From here on, the course looks at the held-out loss first.
#
# So the table has a memory. Whatever understanding is, part of it must be to
# use for a star what is known of the moon, and rows of a table share nothing.
# The road ahead is about that: numbers that all characters share (03 to 08), a
# look back without a row for every context (09), and a model that gets better
# on poems it never saw (12). Whether to call that understanding is disputed
# (Mitchell and Krakauer 2023). How far it goes can be measured.

# %%
plots.road(title="The road: from counting characters out into the world",
           here=0)

# %% [markdown]
# ## What the documents say
#
# > **From the documents**: a child who has learnt masses of poems by heart
# > hears 举头望明月 and answers 低头思故乡. Asked for a poem about homesickness, it is
# > lost.
#
# *Right*, and you have run both halves. The metaphor stops where the child has
# seen a moon.
#
# > **From the documents**: 语言建模的研究可以追溯到 20 世纪 90 年代,
# > "research on language modelling goes back to the 1990s".
#
# *Wrong*, by more than forty years: Shannon (1948) writes English from tables
# of letters and of words like ours, and Markov (1913) counts how vowels and
# consonants follow each other in *Eugene Onegin*.
#
# > **From the documents**: 开始替代人类去创新, "begins to innovate in place of
# > humans".
#
# *Imprecise.* If it is enough that something was not there before, our memory
# of one wins. Whether its lines are good takes a judge, and lesson 15 trains
# one.
#
# ## Check yourself
#
# <details><summary>1. GPT-2 knows 50,257 pieces of words. What is its loss
# before training?</summary>
# About ln 50,257 = 10.8: knowing nothing, it finds all of them about equally
# likely.
# </details>
#
# <details><summary>2. A model has a loss of 0.3 on its training poems. Is it
# good?</summary>
# Nobody can know: reciting is enough for that. Ask for its loss on held-out
# poems.
# </details>
#
# <details><summary>3. The learned table ended a little above the counted one.
# What do 10,000 more steps do?</summary>
# They bring it closer, never below: on these pairs nothing beats their
# frequencies.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# Ten minutes, three cells. (1) The bag of 明: let the class call out what
# follows "bright", then draw the bars. (2) The loss curve: ask whether it will
# reach zero, vote, then point at the dashed line. (3) <i>The more it
# remembers, the less it invents</i>: have the four bars sketched first. A
# common misunderstanding is that the model looks up poems. It holds none, only
# what follows four characters; reciting is what comes of it.
# </details>
#
# **Now you.** In the [exercises](../exercises/00_start_here.ipynb) you write
# the counts, the probabilities, the sampler and the loss, and your own model
# writes a poem.
#
# **What this left out**: mixing long and short memories, which does gain a
# little on held-out poems (try it in the exercises), and words in place of
# characters (08).
#
# **Where it goes next**: the gradient fell from the sky here. Lessons 03, 04
# and 05 make an answer, a loss and a gradient, from numbers that fit on paper.
#
# **Read on**
# - C. E. Shannon, *A Mathematical Theory of Communication*, Bell System
#   Technical Journal 27, 1948, section 3.
# - A. A. Markov, *An Example of Statistical Investigation of the Text Eugene
#   Onegin Concerning the Connection of Samples in Chains*, 1913; in English in
#   Science in Context 19(4), 2006.
# - A. Radford and others, *Language Models are Unsupervised Multitask
#   Learners*, 2019 (GPT-2 and its 50,257 pieces).
# - M. Mitchell and D. C. Krakauer, *The Debate over Understanding in AI's
#   Large Language Models*, 2023, PNAS 120(13), arXiv 2210.13966.
