# %% [markdown]
# # What does a language model do?
#
# Build one by counting, teach another the same from its mistakes, and see what
# neither can do.
#
# **You will** make a model write, measure how wrong it is, and tell memory
# from understanding. **You need** Python; no machine learning, no Chinese.
#
# **Time** 20 minutes to read, 10 seconds to run

# %%
from lmlab.page import plots, show
from lmlab.page.datasets import tang300

poems = tang300()
show.tokens("举头望明月", labels=["raise", "head", "gaze", "bright", "moon"])

# %% [markdown]
# "I raise my head and gaze at the bright moon", a line by Li Bai. A *language
# model* (语言模型) reads a text and says how likely each character is to come
# next. A chatbot's does so over and over, with pieces of words.
#
# This course tests five Chinese overviews of large models, "the documents". One
# tells how ChatGPT was made as the story of a child brought up on old poems.
# We open such a school. The first pupil gets one book, *Three Hundred Tang
# Poems* (here 320).
#
# > **Predict.** What follows 明 ("bright") most often, and in how many cases out
# > of ten? Say it aloud, then run it (Shift+Enter): a wrong guess shows
# > where your picture is off.

# %%
from collections import defaultdict

texts = ["/" + "/".join(poem.lines) + "/" for poem in poems]  # /: line end

bags = defaultdict(str)
for text in texts:
    for character, following in zip(text, text[1:]):
        bags[character] += following

print(len(bags["明"]), "characters followed 明:", bags["明"])

# %%
names = ["月\nmoon", "/\nline ends", "朝\nmorning", "日\nsun"]
plots.bars(names, [bags["明"].count(name[0]) for name in names],
           highlight=0, ylabel="times after 明 (bright)",
           title="After 明, the moon comes more often than anything else")

# %% [markdown]
# The moon: 15 of 69, two cases in ten. The bag, all that followed 明, is all
# that our model knows of it: the *probability* (概率) *p*(月 | 明) = 15/69 = 0.217.
#
# ## Let it write
#
# Take one out of the bag of the last character without looking, write it down,
# put it back, and go on from there. This is *sampling* (采样).

# %%
import numpy as np

rng = np.random.default_rng(0)
text = "/"
while text.count("/") < 5:
    text += rng.choice(list(bags[text[-1]]))
print(text)

# %% [markdown]
# "Swear, the general camps at Jade Pass / other / warriors, too, as early /
# dreams send fragrance." Neighbours go together, lines do not.
#
# ## How wrong is a guess?
#
# If the character that came had the probability $p$, the *surprise* is
# $-\ln p$: 0 for $p = 1$, more for the less likely. The average surprise
# is the *loss* (损失), in *nats*. A model that knows nothing gives each of $V$
# characters $1/V$, so its loss is $\ln V$.

# %%
pairs = [pair for text in texts for pair in zip(text, text[1:])]
p = [bags[a].count(b) / len(bags[a]) for a, b in pairs]

V, one = len(bags), -np.log(p).mean()
print(f"knows nothing:      loss {np.log(V):.2f} = ln {V:,}")
print(f"sees one character: loss {one:.2f} = ln {np.exp(one):.0f}")

# %% [markdown]
# It is as unsure as in a fair choice among 21 characters. Suspiciously good:
# these are the very poems it counted.
#
# ## The same numbers, learned from mistakes
#
# Chatbots do not count. They start from guesses that know nothing, and correct
# them a little after each mistake. Try it on the bag of 明. Each character has
# a score, 0 at first; *softmax* makes probabilities of them: $e$ to each,
# divided by the sum of all. What came more often than expected gets a higher
# score, the rest a lower one:

# %%
came = np.array([bags["明"].count(c) for c in bags]) / 69    # (V,) sums to 1
scores, losses = np.zeros(V), []
for step in range(1000):
    p = np.exp(scores) / np.exp(scores).sum()                # softmax
    losses.append(-(came * np.log(p)).sum())                 # mean surprise
    scores += 5 * (came - p)                                 # 5: step size

# %% [markdown]
# > **Predict.** p(月 | 明) starts at 1/2,484. After 1,000 steps, is it 1, because
# > the moon is the best guess? Still nearly 0? Or 0.217?

# %%
print(f"counted {15 / 69:.3f}, learned {p[list(bags).index('月')]:.3f}")

counted = -np.mean([np.log(bags["明"].count(c) / 69) for c in bags["明"]])
plots.loss_curve({"learned": losses}, floor=counted,
                 floor_label="loss of the counted numbers",
                 title="Learning from mistakes arrives where counting is")

# %% [markdown]
# 0.217: mistakes taught it what counting knew. The loss falls from 7.8 to the
# dashed line and no further: on this bag nothing beats its frequencies.
#
# `came - p` fell from the sky. It is minus the *gradient* (梯度), the slope of the
# loss in each score; lesson 04 finds it on paper. This course builds all things
# twice, by hand and in the library PyTorch (`torch`), which is told the loss
# alone and finds the gradient:

# %%
import torch

scores = torch.randn(V, dtype=torch.double, requires_grad=True)
surprise = -torch.log_softmax(scores, dim=0)
(torch.tensor(came) * surprise).sum().backward()             # the gradient

# %%
p = torch.softmax(scores, dim=0).detach().numpy()
show.agree(came - p, -scores.grad, 1e-12, names=("by hand", "PyTorch"))

# %% [markdown]
# ## A longer memory
#
# A model may as well have a bag for each run of two, three or four characters.
# All of these are *n-grams* (n 元语法).

# %%
def remember(texts, memory):
    bags = defaultdict(str)
    for text in texts:
        for i in range(memory, len(text)):
            bags[text[i - memory:i]] += text[i]
    return bags

# %%
for run in ("/", "月/", "明月/", "望明月/", "望明星/", "思乡的诗"):
    bag = remember(texts, memory=len(run))[run]
    print(f"{run:6} {len(bag):5} followed, 低 {bag.count('低'):3} times")

# %% [markdown]
# 举头望明月/ goes on with 低头思故乡, "I lower my head and think of my old home".
# Whoever sees four characters is certain of 低, "lower". A *star*, 星, in place of
# the moon finds an empty bag, and so does the end of 写一首思乡的诗, "write a poem
# about homesickness". A table knows nothing that stars and moons share.
#
# So a long memory recites. Does it invent? `NGram` is the same model (its `n`
# counts the next character too). Each writes a hundred times, at most 300
# characters.
#
# > **Predict.** How many lines in a hundred are *not* in the book, with a memory
# > of 1, 2, 3 and 4?

# %% tags=["readme-picture"]
from lmlab.text.ngram import NGram

book, new = {line for poem in poems for line in poem.lines}, []
for memory in (1, 2, 3, 4):
    model = NGram(["/".join(poem.lines) for poem in poems], n=memory + 1)
    lines = "/".join(model.sample(rng, 300) for _ in range(100)).split("/")
    new.append(100 * np.mean([line not in book for line in lines]))

plots.bars([f"memory {m}" for m in (1, 2, 3, 4)], new,
           ylabel="new lines (%)",
           title="The more it remembers, the less it invents")

# %% [markdown]
# With a memory of four the pupil writes hardly anything but the book. With one,
# nearly all is new, and little makes sense. We want new *and* good.
#
# ## Memory or understanding?
#
# One part can be measured: is it better on poems it has *never* seen? Set every
# fifth poem aside, *held out* (保留), and count on the others. So that nothing is
# impossible, add a hundredth of a sighting of each character (*smoothing*, 平滑).
#
# > **Predict.** As the memory grows from 0 (one bag) to 4 characters, which way
# > does the loss go on the poems it counted? And on those held out?

# %%
def loss(texts, bags, memory, k=0.01):
    p = []
    for text in texts:
        for i in range(memory, len(text)):
            bag = bags.get(text[i - memory:i], "")
            p.append((bag.count(text[i]) + k) / (len(bag) + k * V))
    return -np.log(p).mean()

# %%
kept, held_out = [t for i, t in enumerate(texts) if i % 5], texts[::5]
losses = {"counted": [], "held out": []}
for memory in range(5):
    bags = remember(kept, memory)
    losses["counted"].append(loss(kept, bags, memory))
    losses["held out"].append(loss(held_out, bags, memory))

# %%
plots.bars([f"memory {m}" for m in range(5)], losses, ylabel="loss (nats)",
           reference=np.log(V), reference_label="knows nothing",
           title="On new poems, a longer memory makes it worse")

# %% [markdown]
# On counted poems, memory cuts the loss nearly by half (what is left is the price
# of smoothing). On new ones the loss *rises* up to the dashed line: longer runs
# more often find a bag without what comes next, or an empty one. That is
# *overfitting* (过拟合).
#
# Part of understanding must be to use for a star what is known of the moon. The
# road leads to numbers that all characters share, and to better guesses
# on new poems (lesson 08).

# %%
plots.road(title="The road: from counting characters out into the world",
           here=0)

# %% [markdown]
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 你跟他说“举头望明月”,他能对出“低头思故乡”。但你让他背一首“思乡”的诗,他就不会了 ("it answers the line; asked to recite a poem on homesickness, it cannot") | right of this table | both halves ran; a large model needs leading |
# | 语言建模的研究可以追溯到20 世纪 90 年代 ("language modelling goes back to the 1990s") | wrong by decades | Shannon (1948) wrote English from the frequencies of letters and words |

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. GPT-2 knows 50,257 pieces of words. What is its loss
# before training?</summary>
# About ln 50,257 = 10.8.
# </details>
#
# <details><summary>2. A loss of 0.3 on the training poems: is that good?</summary>
# Nobody can know: reciting is enough. Ask for the held-out loss.
# </details>
#
# <details><summary>3. Can 1,000 more steps beat the counted numbers?</summary>
# Not on this bag.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# Let the class guess what follows "bright", vote on 1, 0 or 0.217, sketch the
# four bars. A common misunderstanding: it looks poems up. It holds only what
# follows four characters.
# </details>
#
# **What this left out**: mixing memories
# ([exercises](../exercises/00_start_here.ipynb)).
#
# **Where it goes next**: [lesson 03](03_forward_pass.ipynb), where an answer
# fits on paper.
#
# **Read on**
# - C. E. Shannon, *A Mathematical Theory of Communication*, 1948, section 3
# - A. Radford et al., *Language Models are Unsupervised Multitask Learners*,
#   2019
