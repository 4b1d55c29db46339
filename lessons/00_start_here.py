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
# **Time** 12 minutes to read, 7 seconds to run
#
# > **How to read this course.** Run a cell with Shift+Enter. Where a box says
# > **Predict**, commit first: say your answer aloud, then run the cell below
# > it. A wrong guess shows you where your picture is off, and that is the
# > quickest way to learn.

# %%
from collections import Counter, defaultdict

import numpy as np

from lmlab import plots, show
from lmlab.datasets import tang300

poems = tang300()
print(f"{len(poems)} poems, {sum(len(poem.lines) for poem in poems):,} lines")

# %% [markdown]
# ## Finish the line
#
# One of the documents that this course tests explains how ChatGPT was made as
# bringing up a child on Tang poems. We take it at its word and open a poem
# school. The first pupil gets one book, *Three Hundred Tang Poems* (it holds
# 320). In it stands a line that many Chinese children learn by heart. Here it
# is, a character a box:

# %%
show.tokens("举头望明月", labels=["raise", "head", "gaze", "bright", "moon"])

# %% [markdown]
# "I raise my head and gaze at the bright moon." A *language model* (语言模型) does
# one thing: it reads what stands there, and says how likely each character is
# to come next. The model behind a chatbot does the same, over and over, with
# pieces of words.
#
# > **Predict.** Which character follows 明 ("bright") most often in Tang poems?
# > English is enough for a good guess.
#
# To find out, look. We write each poem as one string, with `/` where a line
# ends, and put everything that ever stood after a character into a bag with
# its name.

# %%
texts = ["/" + "/".join(poem.lines) + "/" for poem in poems]

after = defaultdict(str)
for text in texts:
    for character, following in zip(text, text[1:]):
        after[character] += following

print(after["明"])

# %% [markdown]
# These 69 characters are all that our model will ever know about 明. The
# commonest:

# %%
meaning = {"月": "moon", "/": "line ends", "朝": "morning", "日": "sun",
           "年": "year", "堂": "hall"}
plots.bars([f"{c}\n{word}" for c, word in meaning.items()],
           [after["明"].count(c) for c in meaning], highlight=0,
           ylabel="times after 明 (bright)",
           title="After “bright”, a poet writes “moon”")

# %% [markdown]
# The moon leads, with 15 of 69. A count divided by the size of its bag is a
# *probability* (概率): *p*(月 | 明) = 15/69.
#
# ## Let it write
#
# To write, reach into the bag of the last character, take one out without
# looking, write it down, and go on from there. This is *sampling* (采样).

# %%
rng = np.random.default_rng(0)
text = "/"
while text.count("/") < 5:
    text += rng.choice(list(after[text[-1]]))
print(text)

# %% [markdown]
# Roughly: "swear, the general camps at Jade Pass / other / warriors, too, as
# early / dreams send fragrance". Take two neighbours, and all is well: 将军
# "general", 战士 "warriors". Take a whole line, and nobody is at home. The lines
# have no common length either: who sees one character cannot know how long the
# line is.
#
# ## How wrong is a guess?
#
# Let us give marks. If the character that really came had the probability $p$,
# the *surprise* is $-\ln p$: zero for $p = 1$, and large for the unlikely. The
# average surprise is the *loss* (损失), measured in *nats*. A model that knows
# nothing gives all $V$ characters the probability $1/V$, so its loss is
# $-\ln(1/V) = \ln V$.
#
# > **Predict.** Here $\ln V$ is 7.8. How much of that is left for a model that
# > may look at one character, the one before?

# %%
pairs = [pair for text in texts for pair in zip(text, text[1:])]
V = len(after)
times = Counter(second for first, second in pairs)
nothing = np.log(V)
frequency = np.mean([-np.log(times[b] / len(pairs)) for a, b in pairs])
one_before = np.mean([-np.log(after[a].count(b) / len(after[a]))
                      for a, b in pairs])

for loss in (nothing, frequency, one_before):
    print(f"loss {loss:.2f}: like a fair choice among {np.exp(loss):,.0f}")
known = ["nothing", "how frequent each\ncharacter is", "the character\nbefore"]
plots.bars(known, [nothing, frequency, one_before], highlight=2,
           ylabel="loss (nats a character)",
           title="The more a model knows, the less it is surprised")

# %% [markdown]
# One character of memory leaves a choice among some twenty instead of 2,484.
# That is suspiciously good for one who writes such poems. Keep the suspicion:
# these are the very poems that it counted.
#
# ## The same table, learned from mistakes
#
# No large model counts. It starts with guesses that know nothing, and after
# each mistake corrects itself a little: *gradient descent* (梯度下降). Does that
# get to the same place? To see it all, keep only the pairs among the hundred
# commonest characters.

# %%
common = [c for c, _ in Counter("".join(texts)).most_common(101) if c != "/"]
number = {c: i for i, c in enumerate(common)}
first, second = np.array([(number[a], number[b]) for a, b in pairs
                          if a in number and b in number]).T
counts = np.zeros((100, 100))
np.add.at(counts, (first, second), 1)         # row: before, column: next

seen = counts.sum(axis=1, keepdims=True)      # (100, 1)
counted = counts / seen
floor = -np.log(counted[first, second]).mean()
print(f"{len(first):,} pairs, loss of the counted table {floor:.3f}")

# %% [markdown]
# The model that learns is a table of 100 x 100 numbers, its *parameters* (参数),
# all 0 at first. A row holds the scores, or *logits*, of whatever may follow
# one character. *Softmax* makes probabilities of a row: raise $e$ to each
# score, divide by the sum.
#
# Which way should a score move? The *gradient* (梯度) says for each score how
# fast the loss rises with it, so each step goes against it. Here it is easy to
# read (lesson 05 shows why): how often the model expected the pair, minus how
# often it was there, divided by the number of pairs.

# %%
def softmax(logits):
    grown = np.exp(logits)
    return grown / grown.sum(axis=1, keepdims=True)  # each row sums to 1


def gradient(logits):
    return (seen * softmax(logits) - counts) / len(first)


logits = np.zeros((100, 100))
bright_moon = number["明"], number["月"]
print(f"明月: expected {(seen * softmax(logits))[bright_moon]:.2f} times, "
      f"seen {counts[bright_moon]:.0f} times")

# %% [markdown]
# 明月 ("bright moon") was there far more often than expected, so its score goes
# up; the scores of pairs that never came go down.
#
# > **Predict.** Where does the loss start? And after 1,000 steps, is it at 0,
# > at the loss of the counted table, or a little below that?

# %%
losses, learning_rate = [], 100
for step in range(1000):
    losses.append(-np.log(softmax(logits)[first, second]).mean())
    logits -= learning_rate * gradient(logits)

print(f"first loss {losses[0]:.3f}, ln 100 = {np.log(100):.3f}")
print(f"last loss  {losses[-1]:.3f}, counted {floor:.3f}")
plots.loss_curve({"learned table": losses}, floor=floor,
                 floor_label="counted table",
                 title="Learning from mistakes arrives where counting is")

# %% [markdown]
# It starts at $\ln 100$, knowing nothing, and sinks towards the counted loss
# without ever passing it: on these pairs no table can do better than their own
# frequencies. Side by side, for a dozen of the hundred:

# %%
words = {"不": "not", "见": "see", "人": "person", "春": "spring", "风": "wind",
         "白": "white", "日": "sun", "云": "cloud", "明": "bright", "月": "moon",
         "青": "green", "山": "hill"}
some = [number[c] for c in words]
axes = plots.axes(["Counted", "Learned: the same"], n=2, width=9, height=4.1)
for ax, table in zip(axes, (counted, softmax(logits))):
    plots.heatmap(table[np.ix_(some, some)], ax=ax, title="",
                  rows=[f"{word} {c}" for c, word in words.items()],
                  columns=list(words), xlabel="comes next",
                  vmin=0, vmax=0.5, label="probability")

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
rows, came = table[torch.tensor(first)], torch.tensor(second)
loss = torch.nn.functional.cross_entropy(rows, came)   # softmax and -ln p
loss.backward()                                        # the gradient

show.agree(gradient(table.detach().numpy()), table.grad, 1e-12)

# %% [markdown]
# The same gradient, so the same thousand steps, and the same table.
#
# ## A longer memory
#
# One character is a short memory. Nothing keeps us from filling a bag for each
# run of two, three or four characters.

# %%
def remember(texts, memory):
    """Collect what followed each run of `memory` characters."""
    after = defaultdict(str)
    for text in texts:
        for i in range(memory, len(text)):
            after[text[i - memory:i]] += text[i]
    return dict(after)


tables = {memory: remember(texts, memory) for memory in (1, 2, 3, 4)}
print(tables[1]["月"][:24], "|", tables[2]["明月"], "|", tables[3]["望明月"])

# %% [markdown]
# The bags get smaller. After 望明月 ("gaze, bright, moon") only the `/` is left.
#
# > **Predict.** After 举头望明月/ the poem goes on 低头思故乡, "I lower my head and
# > think of home". On how many characters must the model look back to be
# > certain of that?

# %%
def likeliest(bag):
    return Counter(bag).most_common(1)[0][0]         # of equals, the first


start, rows = "/举头望明月/", []
home = "lower head, think of home"
for memory, english in zip(tables, ["not see", "edge of the sky", home, home]):
    bag, text = tables[memory][start[-memory:]], start
    while text.count("/") < 3:
        text += likeliest(tables[memory][text[-memory:]])
    chance = bag.count("低") / len(bag)
    rows.append([memory, start[-memory:], len(bag), f"{chance:.3f}",
                 text[len(start):-1], english])
show.table(rows, ["memory", "looks at", "size of the bag",
                  "chance of 低 (lower)", "likeliest line", "in English"])

# %% [markdown]
# On four: 望明月/ stands once in all the poems, so what follows is certain. With
# three it was luck: 低 was the first of five that were equally likely.
#
# Is one line a fluke? Try every next line of the book. And ask the opposite:
# when the model draws freely, how many of its lines are *not* in the book?
#
# > **Predict.** Sketch both shares for a memory of 1, 2, 3 and 4. The cell
# > after next draws them.

# %%
def recites(best, couplet, memory):
    """Is each character of the second line the likeliest one?"""
    second_line = range(couplet.index("/", 1) + 1, len(couplet))
    return all(best[couplet[i - memory:i]] == couplet[i] for i in second_line)


def draw_lines(table, memory):
    """Go on from the beginning of a poem; return the lines that were drawn."""
    text = texts[rng.integers(len(texts))][:memory]
    while text[-memory:] in table and text.count("/") < 7:
        bag = table[text[-memory:]]
        text += bag[rng.integers(len(bag))]
    return text.split("/")[2:-1]                # not the line begun for it


# %%
book = {line for poem in poems for line in poem.lines}
couplets = [f"/{a}/{b}/" for p in poems for a, b in zip(p.lines, p.lines[1:])]
recited, new = [], []
for memory, table in tables.items():
    best = {context: likeliest(bag) for context, bag in table.items()}
    recited.append(100 * np.mean([recites(best, c, memory) for c in couplets]))
    drawn = sum([draw_lines(table, memory) for _ in range(200)], [])
    new.append(100 * np.mean([line not in book for line in drawn]))

print("recited (%):", np.round(recited), "new (%):", np.round(new))
ax = plots.axes("The more it remembers, the less it invents",
                "memory (characters)", "lines (%)")
ax.set_xticks(list(tables))
plots.lines({"recited": recited, "new": new}, list(tables), title="",
            marks=True, ax=ax)

# %% [markdown]
# The blue line is how much of the book the model can recite, the orange one
# how much of its own writing is not in the book. With a memory of four the
# pupil knows the book by heart and writes nothing else. With a memory of one
# its lines are new, and few of them mean anything. New is easy. New *and* good
# is what the rest of the course is about.
#
# ## What it has never seen
#
# Now make a request: 写一首思乡的诗, "write a poem about homesickness". The pupil
# knows a perfect answer: "I lower my head and think of home".
#
# > **Predict.** What does the model with a memory of four say?

# %%
request = "写一首思乡的诗"
gloss = ["write", "one", "piece", "miss", "home", "’s", "poem"]
longest = []
for i in range(1, len(request) + 1):
    ends = [request[i - memory:i] for memory in (4, 3, 2, 1) if memory <= i]
    longest.append(next((e for e in ends if e in tables[len(e)]), ""))
show.tokens(request, [len(e) / 4 if e else 0 for e in longest], gloss)
print("longest run met:", longest)
for context in (request[-4:], "望明月/", "望明星/"):
    print(context, "->", tables[4].get(context, "never seen, no answer"))

# %% [markdown]
# Nothing. The darker a box, the longer the run, ending there, that stands in
# the poems: single characters, one pair, and 的, the commonest character of
# modern Chinese, not once. Even 望明星/, a bright *star* in place of the moon, is
# enough to silence it. To a table, moon and star are as different as moon and
# "not".
#
# A polite model does not fall silent: it forgets the far end of the context
# until it knows what remains. This is *back-off* (回退), and the package has it.

# %%
from lmlab.ngram import NGram

model = NGram(["/".join(p.lines) for p in poems], n=5)  # memory of 4
answer = model.sample(np.random.default_rng(0), 30, request)
print("it remembers", model.known(request), "and says", answer)
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
# every character to every bag.
#
# > **Predict.** How many of the runs of four characters in the held-out poems
# > has the model met? And which way do the two losses go, on the poems it
# > counted and on those held out, as its memory grows?

# %%
kept, held_out = [t for i, t in enumerate(texts) if i % 5], texts[::5]
tables = [remember(kept, memory) for memory in range(5)]


def measure(texts, memory, k=0.01):
    """Share of contexts that were met before, and the loss."""
    bags = [(tables[memory].get(text[i - memory:i], ""), text[i])
            for text in texts for i in range(memory, len(text))]
    p = [(bag.count(c) + k) / (len(bag) + k * V) for bag, c in bags]
    return np.mean([bag != "" for bag, c in bags]), -np.log(p).mean()


# %%
met, new_loss = np.transpose([measure(held_out, m) for m in range(5)])
old_loss = [measure(kept, memory)[1] for memory in range(5)]
print("met before (%):", np.round(100 * met[1:], 1))
print("loss, counted: ", np.round(old_loss, 2))
print("loss, held out:", np.round(new_loss, 2))

left, right = plots.axes(["Longer runs are nearly all new",
                          "Memory does not help with them"],
                         "memory (characters)", n=2, width=10)
plots.bars([1, 2, 3, 4], 100 * met[1:], title="", ax=left,
           ylabel="met before (% of runs)")
right.axhline(np.log(V), color=plots.MUTED, linestyle="--")
plots.lines({"counted": old_loss, "held out": new_loss}, title="", marks=True,
            ax=right, ylabel="loss (nats)")

# %% [markdown]
# Of the runs of four, three in a thousand had been met. On the poems it
# counted, the loss falls nearly by half; on the held-out ones it *rises*, up
# to the dashed line of knowing nothing. That is *overfitting* (过拟合): good on
# what it has seen, bad on what it has not. From here on, the course looks at
# the held-out loss first.
#
# So the table has a memory. Whatever understanding is, part of it must be to
# use for a star what is known of the moon, and rows of a table share nothing.
# Numbers shared by all characters can do that (lessons 03 to 08); attention
# looks back without a row for every context (09); and with both, reading a
# library makes a model better on poems it never saw (12). Whether to call that
# understanding is disputed. How far it goes can be measured.

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
# > **From the documents**: AI 开始替代人类去创新, "begins to innovate in place of
# > humans".
#
# *Imprecise.* If it is enough that something was not there before, our memory
# of one wins: practically all its lines are new. Whether they are good takes a
# judge, and lesson 15 trains one.
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
# remembers, the less it invents</i>: have both curves sketched first. A common
# misunderstanding is that the model looks up poems. It holds none, only what
# follows four characters; reciting is what comes of it.
# </details>

# %%
plots.road(title="The road: from counting characters out into the world",
           here=0)

# %% [markdown]
# **Now you.** In the [exercises](../exercises/00_start_here.ipynb) you write
# the counts, the probabilities, the sampler and the loss, and your own model
# writes a poem. The check below each task says whether it is right; if not, it
# shows what was tried, what came back, and a question that leads on. Three
# hints are folded under each.
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
