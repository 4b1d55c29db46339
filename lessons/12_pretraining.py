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
# **Time** 42 minutes to read, 82 seconds to run

# %%
from lmlab.models.sampling import generate
from lmlab.poem_school import shipped, text

base = shipped.poet("base")                       # it has read; no more
ids = text.prompt("", ["举头望明月"])             # a line, as tokens
answer = generate(base, [ids], max_new_tokens=5, temperature=0)
print(*text.lines_of(answer[0]))

# %% [markdown]
# "I raise my head and gaze at the bright moon", and it answers by heart: "I
# lower it and think of home". This is a *base model* (基座模型): *pre-trained*
# (预训练), which means that it has predicted the next character of a great many
# poems, and has been taught nothing else.
#
# > **Predict.** Ask it for a poem: 思乡： ("homesickness:"). Of 100 answers, how
# > many are quatrains? How many are about home?

# %%
from lmlab.poem_school import measure

asked = measure.write(base, ["思乡："] * 100, temperature=0.8)
home = text.REQUESTS["思乡"]                      # home, tears, journey ...
print(sum(map(text.is_quatrain, asked)), "quatrains,",
      sum(text.on_theme(lines, home) for lines in asked), "about home")
print(asked[:2])

# %% [markdown]
# None, and none. It takes the request for the start of a line, and goes on from
# there. That is the whole story of one of *the documents*, five Chinese overviews
# that this course tests: the child recites, and is lost when asked. Why?
# Everything it is comes from its data; so begin there.
#
# ## Collect
#
# The *corpus* (语料), all that is read, is 11,888 Tang poems. How much is enough to
# have met every character?
#
# > **Predict.** You read ten times as much. Do you meet ten times as many
# > different characters? Different pairs of neighbours?

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
            title="New characters grow rare; new pairs never stop coming")

# %% [markdown]
# A hundred times the text brings under eight times the characters, and some seventy times
# the pairs: on such axes nearly straight lines (*Heaps' law*, 1978). A vocabulary
# fills up; what can be *said* does not. So models read
# *broad data* (海量数据), far more than a library: from the web, where most of it is
# dirt.
#
# ## Clean
#
# *Cleaning* (清洗) throws out broken and doubled texts. Doubled how? Li Bai's poem
# begins 床前**明**月光 in schoolbooks, 床前**看**月光 in scholarly editions ("*bright*"
# or "*I see* the moonlight"). Compare the pairs of neighbours in two poems: those
# they share, divided by those that either has, is their *Jaccard similarity*.
#
# > **Predict.** Two characters of twenty differ. Is the similarity above 0.9?

# %%
def pairs(lines):
    return {line[i:i + 2] for line in lines for i in range(len(line) - 1)}


one = pairs(["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"])
other = pairs(["床前看月光", "疑是地上霜", "举头望山月", "低头思故乡"])
print(f"{len(one & other)} of {len(one | other)} pairs are shared:",
      f"{len(one & other) / len(one | other):.2f}")

# %% [markdown]
# Each changed character spoils the two pairs it stands in. (To compare all
# poems with all takes 72 million such pairs of sets; *MinHash*, Broder 1997, gets
# by with a hundred and fifty: you build it in the exercises.)
#
# Suppose that the 129 poems of this form in *Three Hundred Tang Poems* were to be an
# exam, on poems that the model has not read.
#
# > **Predict.** How many does the corpus hold word for word? And nearly?

# %%
classics = [poem.lines for poem in datasets.tang300()
            if len(poem.lines) in (4, 8) and len(set(map(len, poem.lines))) == 1
            and len(poem.lines[0]) == 5]
read = [pairs(poem.lines) for poem in datasets.tang_five()]
exam = [max(len(one & other) / len(one | other) for other in read)
        for one in map(pairs, classics)]
print(f"of {len(exam)}: word for word {exam.count(1)},",
      f"nearly (0.5 or more) {sum(share >= 0.5 for share in exam)}")

# %% [markdown]
# The exam had been read: *contamination* (of GPT-3's tests, too: Brown et al. 2020,
# section 4). A search for equal texts misses a third of it.
#
# What does dirt cost? Poems are slow to learn, so small models read Shakespeare, letter
# by letter, and 30 % of each batch was spoilt (longer runs like these are
# kept in a table; `found` looks them up: three seeds each).
#
# > **Predict.** What harms most: three speeches repeated, a web page's menu, or
# > shuffled letters? Is any worse than leaving the 30 % out?

# %%
table = datasets.measured("12_pretraining")


def found(study, setting, what="loss"):
    return np.array([row[what] for row in table
                     if (row["study"], row["setting"]) == (study, setting)])


dirt = ["nothing", "left out", "repeats", "markup", "shuffled"]
losses = [found("dirt", what) for what in dirt]
plots.bars(dirt, [some.mean() - losses[0].mean() for some in losses],
           errors=[np.ptp(some) / 2 for some in losses],
           ylabel="held-out loss above clean (nats)",
           title="Junk that is easy to predict is cheap, shuffled text dear")

# %% [markdown]
# Three speeches, again and again, are soon known and then teach nothing, no
# worse than if they had been left out; a menu costs a little more. Shuffled
# letters are never known, and pull at every step. Repeats have another price:
# whoever cleans them away gets a tenth of the recitals (Lee et al. 2022). We
# come to ours.
#
# ## Mix
#
# Several sources, read in what *proportion*? GPT-3 (Brown et al. 2020, table 2.2)
# read 300 billion tokens. Tokens there (in billions), share of the mix, how often
# each was read:

# %%
gpt3 = {"Common Crawl": (410, 60, 0.44), "WebText2": (19, 22, 2.9),
        "Books1": (12, 8, 1.9), "Books2": (55, 8, 0.43), "Wikipedia": (3, 3, 3.4)}
show.table([(name, tokens, f"{share}%", f"{3 * share / tokens:.2f}", times)
            for name, (tokens, share, times) in gpt3.items()],
           ["source", "tokens", "share", "300 x share / tokens", "printed"])

# %% [markdown]
# Wikipedia is small and was read three times over, the web not even half. (The
# shares add up to 101 %, and two printed numbers do not follow from them.) With two
# sources of our own, the plays and nested brackets such as `(a[b]c)`, text that looks like code
# (*code pre-training*, 代码预训练):
#
# > **Predict.** One row in ten is now brackets. What does that cost the plays,
# > and what does it gain?

# %%
shares = [10, 50, 90, 100]
losses = {name: [found("mix", share, what).mean() for share in shares]
          for name, what in (("plays", "loss"), ("brackets", "second"))}
plots.lines(losses, shares, logy=True, marks=True, ylabel="loss (nats)",
            xlabel="share of plays in the mix (%)",
            title="A tenth of a source teaches most of it")
print("depth read right:", [f"{found('mix', share, 'third').mean():.0%}"
                            for share in shares])

# %% [markdown]
# The tenth costs the plays 0.02 nats, and takes the brackets from absurd to
# nearly as good as ever. How *deep* in brackets a letter stands is another
# matter: a linear classifier reads it off the hidden state (a *probe*), and
# only the model that read little else beats the one that never saw a bracket.
# What code does for *reasoning* is a guess in the documents as well (据推测).
#
# ## The text asks the questions
#
# Nobody labels all that. In *self-supervised* learning (自监督), the labels come
# out of the data: hide a part, ask for it. Below each character stands its label,
# the one that comes after:

# %%
show.tokens("床前明月光⏎疑是地上", labels=list("前明月光⏎疑是地上霜"))

# %% [markdown]
# %% [markdown]
# (BERT hides 15 % and asks for those; a picture can be turned, and the question is
# how far: Gidaris et al. 2018, and the exercises.) The loss by hand: Row $i$ of the scores answers for token $i + 1$, so
# the scores lose their last row and the labels their first:

# %%
import torch

from lmlab.learning.training import next_token_loss
from lmlab.poem_school.stages import newborn

batch = text.rows(text.shelves()["train"][:2])            # (2, 25) tokens
poet = newborn(0)                                         # knows nothing
logits = poet(batch).detach()                             # (2, 25, 3358)
z, label = logits[:, :-1].numpy(), batch[:, 1:, None].numpy()
log_sum = np.log(np.exp(z).sum(axis=-1))
surprise = log_sum - np.take_along_axis(z, label, axis=-1)[..., 0]

# %%
show.agree(surprise.mean(), next_token_loss(logits, batch), 1e-5)
print(f"loss {surprise.mean():.1f}, ln 3358 = {np.log(3358):.1f}")

# %% [markdown]
# Every token asks a question: a *rich training signal* (丰富的训练信号). What if 85 %
# of the questions are left unasked, as in BERT? For the plays, held-out loss:

# %%
steps = {30: "loss", 60: "second", 120: "third"}
show.table([(n, *(f"{found('signal', share, what).mean():.2f}"
                  for share in (100, 15))) for n, what in steps.items()],
           ["steps", "all asked", "15% asked"])

# %% [markdown]
# With 15 % it takes twice the steps, not seven times: neighbouring questions teach
# much the same. Such a step costs less, since scores for the vocabulary are needed
# only where one asks: 0.43 of the poet's 1.02 million weights, so (0.59 + 0.15 ×
# 0.43) / 1.02 = 64 % of the work. Per step, and per computation too, asking all
# wins. (BERT's questions differ: it sees both sides.)
#
# ## Train
#
# 17,652 quatrains, each 25 tokens with its marks; batches of 16; Muon (lesson 06).
#
# > **Predict.** It starts at ln 3358 = 8.1. Where is it after 300 steps, a tenth of
# > one reading... and after the 4,000 larger ones of the shipped poet?

# %%
from lmlab.learning import batches, muon, training

rows = text.rows(text.shelves()["train"])
held_out = text.rows(text.shelves()["trial"])[:200].split(100)
history = training.train(
    poet, batches.rows(rows, 16), steps=300, learning_rate=8e-3, warmup=20,
    optimiser=muon.muon, evaluate_every=50,
    evaluate=lambda poet: training.mean_loss(poet, held_out))

# %%
plots.loss_curve({"batch": history.loss}, floor_label="shipped, held out",
                 floor=training.mean_loss(base, held_out),
                 title="A third of the way in a thirteenth of the steps")
print({step: f"{loss:.1f}" for step, loss in history.held_out.items()})

# %% [markdown]
# In seconds it learns which characters are common, then, slowly, what follows
# what. The rest is patience: the shipped poet read thirteen times as long, with
# twice as many rows.

# %% [markdown]
# ## Copied or made up?
#
# The shipped poet read on, in the end with the 221 classic quatrains in every batch,
# until it knew them all. Now it writes what it likes, 200 poems at each
# temperature. Which of its lines stand in a book it has read?
#
# > **Predict.** At temperature 0.25, and at 1: how many lines of 100 are copied?

# %%
shelves = text.shelves()
book = {line for shelf in ("train", "tang300")
        for quatrain in shelves[shelf] for line in quatrain}
heats, copied, tonal = [0.25, 0.5, 0.75, 1.0], [], []
for heat in heats:
    written = measure.write(base, [text.BEGIN] * 200, heat)
    lines = [line for quatrain in written for line in quatrain]
    copied.append(100 * np.mean([line in book for line in lines]))
    tonal.append(100 * measure.craft(written)["tonal"])

# %%
plots.lines({"lines copied": copied, "poems in tone": tonal}, heats, marks=True,
            xlabel="temperature", ylabel="%",
            title="Cold it recites; the more is its own, the worse it is")

# %% [markdown]
# Nearly all it copies are classics, which it met some thousand times as often
# as other poems: repetition is what makes a memory. Above 1 hardly a line is
# copied, and hardly a poem keeps the tone pattern. Neither end is a
# poet; 0.75 is a compromise.
#
# ### After its books close
#
# It read nothing after about 960. Ask it to go on after two lines it knows, and two that
# came later: Wang Anshi's "at the wall's corner, a few sprigs of plum", Li
# Qingzhao's "in life, be a hero among men".

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
# It cannot know, and does not say so: it answers in the same even voice. Only
# its probabilities are lower. A *knowledge cut-off* (知识截止日期) is a date of the
# data, not a sentence in the model. (For GPT-4 Turbo one document gives April and
# December 2023 on one page: there were two versions.)
#
# ### What else is inside
#
# What can a linear probe read off its states? Six tasks, on unread poems (kept in
# the table); beside it a newborn, and whoever always says the commonest.

# %%
what = ["place in line", "which line", "tone", "rhyme", "moon before",
        "even in Unicode"]
plots.bars(what, {name: [100 * found("probes", task, column).mean()
                         for task in what]
                  for name, column in (("poet", "loss"), ("newborn", "second"),
                                       ("commonest", "third"))},
           ylabel="right (%)",
           title="Places, tones and rhymes can be read off; others cannot")

# %% [markdown]
# Is it useful for everything, *domain completeness* (领域完备性)? Places and tones stand
# out, which predicting needs. That the moon came before is not in one direction
# of this state, though attention can look it up; and how a character is
# coded it knows no better than random numbers do.
#
# ## Why it cannot take a request
#
# Nothing it read began with a wish. What if each poem had stood under its
# *goal* (目标导向训练)? Count, as in lesson 00, what follows a character; and
# once more, apart for each theme of which the poem holds a word.
#
# > **Predict.** Ask such a table of counts for homesickness, 300 times. Plain, one
# > poem in ten holds a word of home. With the goal?

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
wishes = {"plain": [on_theme("plain", some) for some in text.REQUESTS.values()],
          "goal in front": [on_theme(*pair) for pair in text.REQUESTS.items()]}
plots.bars(["snow", "home", "lonely", "heroic", "spring", "rain", "music",
            "immortal"], wishes, ylabel="poems on the theme (%)",
           title="With the goal in front, even counting obeys")

# %% [markdown]
# Two in three: to obey takes no more cleverness, only data in which a wish comes first
# (CTRL: Keskar et al. 2019). The web is not so kind. So wishes are
# taught afterwards, with few examples: lesson 14.
#
# ## One method for everything
#
# Text, pixels, sound: one document hopes for one method instead of one for each field
# (解决特异性). The same small model, the same loop; digits are read as 64
# pixels, a tone as 64 samples.
#
# > **Predict.** One model reads all three in turn. Is it worse at each than three
# > models that read one kind each?

# %%
whats = {"plays": "loss", "pixels": "second", "tones": "third"}
own = [found("kinds", name, what).mean() for name, what in whats.items()]
shared = [found("kinds", "all", what).mean() for what in whats.values()]
plots.bars(list(whats), {"its own, 60 steps": own, "one for all, 3 x 60": shared},
           ylabel="held-out loss (nats)",
           title="One model for three kinds gains on each")

# %% [markdown]
# Better, though each kind was read as often: what one kind does to the blocks, or
# only the number of steps, helps the others. So freeze the blocks: after reading
# plays, only the tables of tokens and the norms may learn the pixels (Lu et al. 2021; a
# document has it predict protein *folding*; it was the kind of fold). And
# is it worth while to *adapt* a model to one play, of which there are only 2,000
# letters?

# %%
cases = [("frozen", "nothing", "pixels, blocks frozen as born"),
         ("frozen", "plays", "pixels, blocks frozen after plays"),
         ("frozen", "not frozen", "pixels, all free"),
         ("adapt", "0 + 120", "one play: 120 steps on it"),
         ("adapt", "100 + 20", "one play: 100 on others, 20 on it"),
         ("adapt", "120 + 0", "one play: 120 on others")]
show.table([(what, f"{found(study, how).mean():.2f}") for study, how, what in cases],
           ["three seeds", "held-out loss"])

# %% [markdown]
# Something carries over from plays to pixels, a fifth of what free blocks gain.
# At equal work, others first beats *from scratch* (从头构建) by 0.2; whoever gets
# those 100 steps as an open model pays a sixth. But the last line wins: this play is
# so like the others that 20 more steps on those serve it better.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 你跟他说“举头望明月”,他能对出“低头思故乡”。但你让他背一首“思乡”的诗,他就不会了 ("it answers the line; asked for a poem on homesickness, it cannot") | **right** of this poet | both ran; it had read nothing that begins with a wish |
# | GPT3.0用到了45TB的文本语料 ("GPT-3 used 45 TB of text") | **wrong** | 45 TB *before* filtering, 570 GB after; 300 billion tokens were read (Brown et al. 2020). 45 TB at 4 bytes each would be 11 trillion, 37 times as many |
# | 会处理数以百亿计的语料库 ("tens of billions of corpora"); 都是在数万亿个字符上训练的 ("LLaMA: trillions of characters") | **wrong** unit | tokens: GPT-3 300 billion, LLaMA 1.0 to 1.4 trillion, LLaMA 3 15 trillion (its model card) |
# | 这些数据集包括 Common Crawl、Wikipedia、OpenWebText2、RealNews、Books 等 (LLaMA's data) | **wrong** in two | CommonCrawl 67 %, C4 15, GitHub, Wikipedia, Books 4.5 each, ArXiv 2.5, StackExchange 2 (Touvron et al. 2023, table 1); no OpenWebText2, no RealNews |
# | GPT4中还增加了图像数据 ("GPT-4 added image data") | **right** | images and text in, text out (OpenAI 2023, abstract): not 多类型内容生成 ("generation of many kinds of content") |
# | 使用大数据和大规模计算, 以便无需任何额外训练即可使用 ("pre-trained, so usable without further training") | **doubtful** | another says of base models 一般不能直接用于作为日常交互 ("not for daily talk"), as you saw |

# %% [markdown]
# ## Check yourself
#
# 1. Two poems of one line of five share four characters; the first differs. What is
#    their Jaccard similarity?
# 2. Your base model recites a test question with its answer. What do you look at
#    first?
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
# *Show* the recital and the failed request first (ask: how many of 100?), then the
# exam that had been read, then the picture of copies against temperature. *Point
# at* the third of the duplicates that an exact search misses. *A common
# misunderstanding*: that a base model is stupid. It does what its data does.
#
# </details>
#
# **What this left out**: how long and how large to train (13); filters that judge
# quality; whose texts these are (26).
#
# **Where it goes next**: [exercises](../exercises/12_pretraining.ipynb), then
# lesson 13.
#
# **Read on** (numbers are those of arXiv)
# - Brown et al., *Language Models are Few-Shot Learners*, 2020, 2005.14165
# - Touvron et al., *LLaMA*, 2023, 2302.13971
# - Lee et al., *Deduplicating Training Data Makes Language Models Better*,
#   2022, 2107.06499
# - Broder, *On the resemblance and containment of documents*, 1997
# - Heaps, *Information Retrieval*, 1978
# - Gidaris et al., *Predicting Image Rotations*, 2018, 1803.07728
# - Keskar et al., *CTRL*, 2019, 1909.05858
# - Lu et al., *Pretrained Transformers as Universal Computation Engines*, 2021,
#   2103.05247
# - OpenAI, *GPT-4 Technical Report*, 2023, 2303.08774
