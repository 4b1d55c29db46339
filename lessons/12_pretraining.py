# %% [markdown]
# # How does predicting the next character make a poet's memory?
#
# You follow a poet of a million weights from a pile of poems to the day it
# recites, and find out why it still cannot take a request.
#
# **You will** clean a corpus, train on it, and tell what was copied from what
# was made up.
#
# **You need** lessons 06, 07 and 11: training, tokens, and the decoder.
#
# **Time** 36 minutes to read, 40 seconds to run

# %%
from lmlab.models.sampling import generate
from lmlab.poem_school import shipped, text

base = shipped.poet("base").double()              # trained beforehand
ids = text.prompt("", ["举头望明月"])             # a line, as tokens
answer = generate(base, [ids], max_new_tokens=5, temperature=0)
print(*text.lines_of(answer[0]))

# %% [markdown]
# "I raise my head and gaze at the bright moon"; it answers: "I lower it and
# think of home". This is a *base model* (基座模型), *pre-trained* (预训练): it has
# predicted the next character of many poems, and was taught nothing else.
#
# > **Predict.** Ask it for a poem: 思乡： ("homesickness:"). Of 100 answers, how
# > many are poems of four lines: 90, 40 or none?

# %%
from lmlab.poem_school import measure

asked = measure.write(base, ["思乡："] * 100, temperature=0.8)
print(sum(map(text.is_quatrain, asked)), "quatrains, such as", asked[:2])

# %% [markdown]
# None, only pieces: it takes the request for the start of a line, and goes on.
# So says one of *the documents* (five Chinese overviews that this course
# tests). Why? Look at its data.
#
# ## Collect
#
# The *corpus* (语料), the text at hand, is 11,888 Tang poems.
#
# > **Predict.** You read a hundred times as much. Do you meet a hundred times
# > as many different characters? Different pairs of neighbours?

# %%
import numpy as np

from lmlab.page import datasets, plots, show

poems = ["".join(poem.lines) for poem in datasets.tang_five()]
np.random.default_rng(0).shuffle(poems)
corpus = "".join(poems)
sizes = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000]
kinds = {"characters": [len(set(corpus[:n])) for n in sizes],
         "pairs": [len(set(zip(corpus[:n], corpus[1:n]))) for n in sizes]}

# %%
plots.lines(kinds, sizes, logx=True, logy=True, marks=True,
            xlabel="characters read", ylabel="different ones met",
            title="New characters grow rare, new pairs keep coming")

# %% [markdown]
# A hundred times the first thousand brings six times the characters, but seventy
# times the pairs (*Heaps' law*, 1978). A vocabulary fills up; what can be *said*
# does not. So models read *broad data* (海量数据) from the web, where much is
# dirt.
#
# ## Clean
#
# *Cleaning* (清洗) throws out broken and doubled texts. Doubled how? Li Bai's
# poem begins 床前**明**月光 ("bright moonlight") in schoolbooks, 床前**看**月光 ("I
# see") in scholarly editions. The pairs of neighbours that two poems share,
# divided by those that either has, are their *Jaccard similarity*.
#
# > **Predict.** Two characters of twenty differ. Is the similarity above 0.9?

# %%
def pairs(lines):
    return {line[i:i + 2] for line in lines for i in range(len(line) - 1)}


one = pairs(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"])
other = pairs(["床前看月光", "疑是地上霜", "举头望山月", "低头思故乡"])
print(f"{len(one & other)} of {len(one | other)} pairs are shared")

# %% [markdown]
# Only 0.63: each changed character spoils the two pairs it stands in. (All
# poems with all are 71 million comparisons. *MinHash*, in the exercises, finds
# most of the few that matter.)
#
# Suppose the 129 of *Three Hundred Tang Poems* that have four or eight such
# lines were an exam, on poems that the model has not read.
#
# > **Predict.** How many does the corpus hold word for word? And nearly, with
# > a similarity of 0.5?

# %%
classics = [poem.lines for poem in datasets.tang300()
            if len(poem.lines) in (4, 8) and {*map(len, poem.lines)} == {5}]
read = [pairs(poem.lines) for poem in datasets.tang_five()]
exam = [max(len(one & other) / len(one | other) for other in read)
        for one in map(pairs, classics)]
print(f"of {len(exam)}: word for word {exam.count(1)},",
      f"0.5 or more {sum(share >= 0.5 for share in exam)}")

# %% [markdown]
# The exam had been read: *contamination* (of GPT-3's tests, too: Brown et al.
# 2020, section 4). A search for equal texts misses nearly a third.
#
# What does dirt cost? Small models read Shakespeare, letter by letter, with
# three tenths of each batch spoilt. (Such runs, three seeds each, are kept in
# a table; `found` looks them up.)
#
# > **Predict.** What harms most: a few speeches repeated, the menu of a web
# > page (markup), or shuffled letters? Is it worse than leaving such rows out?

# %%
table = datasets.measured("12_pretraining")


def found(study, setting, what="loss"):
    return np.array([row[what] for row in table
                     if (row["study"], row["setting"]) == (study, setting)])

# %%
dirt = ["nothing", "left out", "repeats", "markup", "shuffled"]
losses = np.array([found("dirt", what) for what in dirt])
plots.bars(dirt, losses.mean(axis=1) - losses[0].mean(),
           errors=np.ptp(losses, axis=1) / 2, ylabel="loss above clean (nats)",
           title="Junk that is easy to predict is cheap, shuffled text dear")

# %% [markdown]
# The same 18 scraps are soon known, and cost no more than leaving them out;
# a menu a little more. Shuffled letters are never known, and pull at every
# step. Repeats have another price: without them, models recite ten times less
# (Lee et al. 2022). You will see ours recite.
#
# ## Mix
#
# Several sources, in what *proportion*? GPT-3 read 300 billion tokens (Brown
# et al. 2020, table 2.2). Common Crawl, from the web, has 410 billion and gave
# 60 %, so it was read 0.44 times; Wikipedia has 3 billion, gave 3 %, and was
# read three times. Now two of our own: the plays, and nested brackets such as
# `(a[b]c)`, which look like code (*code pre-training*, 代码预训练).
#
# > **Predict.** One row in ten is now brackets. What does that cost the plays,
# > and what does it gain?

# %%
shares = [100, 90, 50, 10]                        # of the plays, in %
losses = {name: [found("mix", share, what).mean() for share in shares]
          for name, what in (("plays", "loss"), ("brackets", "second"))}
plots.lines(losses, [0, 10, 50, 90], marks=True,
            xlabel="share of brackets in the mix (%)", ylabel="loss (nats)",
            title="A tenth of a source teaches most of it")
print("depth read right:", {
    100 - share: f"{found('mix', share, 'third').mean():.0%}"
    for share in shares})

# %% [markdown]
# The tenth costs the plays 0.02 nats, and takes the brackets from absurd to
# nearly as good as ever. But does the model know *how deep* it stands in them?
# A probe (lesson 10) reads the depth off its vectors no better than off those
# of one that never saw a bracket, until nine tenths are brackets. That code
# teaches *reasoning* is a guess in one document, too (lesson 17 tries it).
#
# ## The text asks the questions
#
# Nobody labels all that. (The baby of lesson 03, told what an apple is, learns
# from labels.) In *self-supervised* learning (自监督), the labels come out of the
# data: hide a part, ask for it. Below each character (⏎ ends a line) stands its
# label, the one that comes after:

# %%
show.tokens("床前明月光⏎疑是地上", labels=list("前明月光⏎疑是地上霜"))

# %% [markdown]
# The loss by hand. Row $i$ of the scores answers for token $i + 1$, so the
# scores lose their last row and the labels their first:

# %%
import torch

from lmlab.learning.training import next_token_loss
from lmlab.poem_school.stages import newborn

batch = text.rows(text.shelves()["train"][:2])            # 2 poems: (2, 25)
poet = newborn(0)                                         # knows nothing
logits = poet(batch).detach()                             # (2, 25, 3358)
z, label = logits[:, :-1].numpy(), batch[:, 1:, None].numpy()
log_sum = np.log(np.exp(z).sum(axis=-1))
surprise = log_sum - np.take_along_axis(z, label, axis=-1)[..., 0]
show.agree(surprise.mean(), next_token_loss(logits, batch), 1e-5)
print(f"loss {surprise.mean():.1f}, ln 3358 = {np.log(3358):.1f}")

# %% [markdown]
# Every token asks a question: a *rich training signal* (丰富的训练信号).
#
# > **Predict.** The small models again, on the plays. If only 15 % of the
# > questions are asked, does the same loss take one, two or seven times the
# > steps?

# %%
steps = {30: "loss", 60: "second", 120: "third"}
show.table([(n, *(f"{found('signal', share, what).mean():.2f}"
                  for share in (100, 15))) for n, what in steps.items()],
           ["steps", "all asked", "15% asked"])
print(f"all, in a run of 80: {found('signal', '80 steps').mean():.2f}")

# %% [markdown]
# With 15 %, 120 steps do what 60 do (80, if the learning rate falls by then):
# two at most, not seven. Neighbouring questions teach much the same. Such a step
# costs less: the vocabulary, 0.43 of our poet's 1.02 million weights, is scored
# only where one asks, so a step is 64 % of the work. In *compute efficiency*
# (计算效率) asking all gains little here. (BERT's questions differ: it sees both
# sides, lesson 04.)
#
# ## Train
#
# 17,652 quatrains, each 25 tokens with its marks; batches of 16; Muon (lesson
# 06).
#
# > **Predict.** It starts near ln 3358 = 8.1. Where is it after 200 steps, a
# > fifth of one reading: 7.5, 5.6 or 4.7?

# %%
from lmlab.learning import batches, muon, training

rows = text.rows(text.shelves()["train"])
held_out = text.rows(text.shelves()["trial"])[:200].split(100)
history = training.train(
    poet, batches.rows(rows, 16), steps=200, learning_rate=1e-2, warmup=5,
    optimiser=muon.muon, evaluate_every=50,
    evaluate=lambda poet: training.mean_loss(poet, held_out))

# %%
plots.loss_curve({"batch": history.loss}, floor_label="shipped, held out",
                 floor=training.mean_loss(base, held_out),
                 title="Three quarters of the way in a twentieth of the steps")
print({step: f"{loss:.1f}" for step, loss in history.held_out.items()})

# %% [markdown]
# In seconds it learns which characters are common, then, slowly, what follows
# what. The rest is patience: the shipped poet took 4,000 steps, of twice the
# rows, at half the rate.
#
# Is it worth it? One play, of which there are only 2,000 letters: read that
# alone, or others first, at equal work (*from scratch* is 从头构建)?

# %%
for how in ("0 + 120", "100 + 20", "120 + 0"):
    loss = found("adapt", how).mean()
    print(f"steps on others + on it: {how:8} loss {loss:.2f}")

# %% [markdown]
# Others first, then its own at a fifth of the rate, wins by 0.2; whoever gets
# those 100 steps as an open model pays a sixth. Others only is better still:
# this play is so like them that 20 more steps on them beat 20 on itself.
# (BloombergGPT, one document's example of a tuned model, was trained from
# scratch: Wu et al. 2023.)
#
# ## Copied or made up?
#
# The shipped poet read on, in the end with some of 221 classic quatrains in
# every batch, until it knew them all. Now it writes what it likes, 200 poems
# at each temperature. Which of its lines stand in a book it has read? And how
# many poems keep the *tone pattern* (lesson 10)?
#
# > **Predict.** At temperature 0.25, and at 1: how many lines of 100 are
# > copied?

# %%
shelves = text.shelves()
book = {line for shelf in ("train", "tang300")
        for quatrain in shelves[shelf] for line in quatrain}

# %%
heats, copied, tonal = [0.25, 0.5, 0.75, 1.0], [], []
for heat in heats:
    written = measure.write(base, [text.BEGIN] * 200, heat)
    lines = [line for quatrain in written for line in quatrain]
    copied.append(100 * np.mean([line in book for line in lines]))
    tonal.append(100 * measure.craft(written)["tonal"])
plots.lines({"lines copied": copied, "poems in tone": tonal}, heats,
            marks=True, xlabel="temperature", ylabel="%",
            title="Cold it recites; the more is its own, the worse it is")

# %% [markdown]
# Nearly all it copies are classics, read some sixty times (second halves
# ninety) where others were read six: repetition makes the memory. At 1 few lines
# are copied, and a third of the poems keep the pattern.
#
# ### After its books close
#
# It read nothing written after the tenth century. Ask it to go on after two
# lines it knows, and two that came later: Wang Anshi's "at the wall's corner, a
# few sprigs of plum", and Li Qingzhao's "in life, be a hero among men".
# (`text.BEGIN` is the mark before a first line; 举头望明月, which is a third one,
# goes without.)

# %%
def go_on(line, start):
    ids = text.prompt(start, [line])
    new = generate(base, [ids], max_new_tokens=5, temperature=0)[0]
    logits = base(torch.tensor([ids + new]))[0, len(ids) - 1:-1].detach()
    sure = logits.softmax(-1)[range(len(new)), new].mean()
    return *text.lines_of(new), f"{sure:.0%}"


begin = text.BEGIN
show.table([(line, right, *go_on(line, start)) for line, right, start in (
    ("春眠不觉晓", "处处闻啼鸟", begin), ("举头望明月", "低头思故乡", ""),
    ("墙角数枝梅", "凌寒独自开", begin), ("生当作人杰", "死亦为鬼雄", begin))],
    ["given", "the poem", "the model", "mean probability"])

# %% [markdown]
# "For everyone a tree of plum", and "the way lies in peaks that enter clouds".
# It cannot know, and does not say so; only its probabilities are low, as for
# Tang poems that it has not read (19 %). A *knowledge
# cut-off* (知识截止日期) is a date of the data, not a sentence in the model.
# (For GPT-4 Turbo one document gives April and December 2023: two versions.)
#
# ## Why it cannot take a request
#
# Nothing it read began with a wish. What if each poem had stood under its
# *goal* (目标导向训练)? Count, as in lesson 00, what follows a character; and once
# more, with a set of bags for the first theme of which a poem holds a character.
#
# > **Predict.** Ask such a table of counts for homesickness, 300 times. Plain,
# > one poem in ten holds a word of home. With the goal?

# %%
from collections import defaultdict

bags = defaultdict(str)
for lines in shelves["train"]:
    goal = next((theme for theme, some in text.REQUESTS.items()
                 if set("".join(lines)) & set(some)), "other")
    poem = "\n".join(["", *lines, ""])
    for before, after in zip(poem, poem[1:]):
        bags["plain", before] += after
        bags[goal, before] += after

# %%
def on_theme(goal, words, n=300):
    rng, hits = np.random.default_rng(0), 0
    for _ in range(n):
        poem = "\n"
        while len(poem) < 25:
            bag = bags[goal, poem[-1]]
            poem += bag[rng.integers(len(bag))]
        hits += bool(set(poem) & set(words))
    return 100 * hits / n

# %%
plain = [on_theme("plain", words) for words in text.REQUESTS.values()]
asked = [on_theme(*theme) for theme in text.REQUESTS.items()]
plots.bars("snow home lonely heroic spring rain music immortal".split(),
           {"plain": plain, "goal in front": asked}, ylabel="on the theme (%)",
           title="With the goal in front, even counting obeys")

# %% [markdown]
# Seven in ten: obeying takes no more cleverness, only data where a wish comes
# first (so did CTRL: Keskar et al. 2019). The web is not so kind: wishes are
# taught afterwards, in [lesson 14](14_instruction_tuning.ipynb).
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 你跟他说“举头望明月”,他能对出“低头思故乡”。但 ... 他就不会了 (lesson 00's child: a line, but no request) | **right** of this poet, too | it had read nothing that begins with a wish |
# | GPT3.0用到了45TB的文本语料 ("GPT-3 used 45 TB of text") | **wrong** | 45 TB, compressed, *before* filtering, 570 GB after; 300 billion tokens were read (Brown et al. 2020). 45 TB at 4 bytes each are 11 trillion, nearly 40 times as many |
# | 会处理数以百亿计的语料库 ("tens of billions of corpora"); 都是在数万亿个字符上训练的 ("LLaMA: trillions of characters") | **wrong** unit | tokens (lesson 07): GPT-3 300 billion, LLaMA 1.0 to 1.4 trillion, LLaMA 3 15 trillion (its model card) |
# | 这些数据集包括 Common Crawl、Wikipedia、OpenWebText2、RealNews、Books 等 (LLaMA's data) | **wrong** in two | no OpenWebText2, no RealNews (Touvron et al. 2023, table 1; all seven sources are in the exercises) |
# | GPT4中还增加了图像数据 ("GPT-4 added image data") | **right** | images and text in, text out (OpenAI 2023, abstract) |
# | 使用大数据和大规模计算, 以便无需任何额外训练即可使用 ("pre-trained, so usable without further training") | **doubtful** | another says of base models 一般不能直接用于作为日常交互 ("not for daily talk"), as you saw |

# %% [markdown]
# ## Check yourself
#
# 1. Two poems of one line of five share four characters; the first differs.
#    What is their Jaccard similarity?
# 2. Your base model recites a test question with its answer. What do you look
#    at first?
# 3. Why does the loss of the shipped poet not fall to 0, though it knows 221
#    poems by heart?
#
# <details><summary>Answers</summary>
#
# 1. Four pairs each, three shared, five in all: 0.6.
# 2. Whether the question, or nearly it, is in the corpus: contamination.
# 3. It is measured on poems that it has not read: there are many good next
#    characters.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the recital and the failed request, the exam
# that had been read, the copies against temperature. *Point at* the
# duplicates that an exact search misses. *A common misunderstanding*: that
# a base model is stupid. It does what its data does.
#
# </details>
#
# **What this left out**: how long and how large to train (13); filters that
# judge quality; whose texts these are (26).
#
# **Where it goes next**: [exercises](../exercises/12_pretraining.ipynb), then
# [lesson 13](13_scaling.ipynb).
#
# **Read on** (numbers are those of arXiv)
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Touvron et al., *LLaMA*, 2023, 2302.13971
# - Lee et al., *Deduplicating Training Data Makes Language Models Better*,
#   2022, 2107.06499
# - Broder, *On the resemblance and containment of documents*, 1997
# - Heaps, *Information Retrieval*, 1978
# - Keskar et al., *CTRL*, 2019, 1909.05858
# - Wu et al., *BloombergGPT*, 2023, 2303.17564
# - OpenAI, *GPT-4 Technical Report*, 2023, 2303.08774
