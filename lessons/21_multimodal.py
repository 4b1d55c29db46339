# %% [markdown]
# # How do words meet pictures?
#
# One space for both, or one row of tokens: two ways to join them, and what each
# makes of a pair that it never met.
#
# **You will** compute the loss that ties pictures to captions, name pictures
# that no class was trained for, and find out why a fluent caption is wrong.
#
# **You need** lessons 04, 09 and 10: cross-entropy, attention, GPT.
#
# **Time** 40 minutes to read, 20 seconds to run
#
# A small GPT learns to describe two coloured digits. Each digit came in two of
# four colours. Here they are in the other two, and what it writes:

# %%
from lmlab.page import plots
from lmlab.vision.prefix import captioner
from lmlab.vision.scenes import decode, encode, scenes

writer = captioner(seed=0)                        # learns for some seconds
new = scenes(1000, seed=0, new=True, test=True)
said = writer.write(new.pictures, n_words=9)
plots.images(new.pictures[:6].movedim(1, 3), decode(said)[:6], columns=2,
             title="What the model says that it sees")

# %% [markdown]
# Flawless English, and not one right. How bad is it, in a thousand scenes?
#
# > **Predict.** Which share of captions is well formed? Which share is right?
# > What does it get wrong: digits, colours, or both?

# %%
right = said == encode(new.captions)              # (1000, 9), word by word
for name, words in {"grammar": [0, 3, 4, 5, 8], "colours": [1, 6],
                    "digits": [2, 7]}.items():
    print(f"{name:8} {right[:, words].double().mean():.0%}")
print(f"{'all':8} {right.all(1).double().mean():.0%}")

# %% [markdown]
# On pairs that it met it is right in 87 %. Here the form is perfect, the colours
# too, and the digits are no better than guessed: *hallucination* (幻觉) with a
# number. Hold on to the question why. First, a model that cannot write at all.
#
# ## One space for both
#
# CLIP has two encoders. One turns a picture into a vector, one a caption, both
# of length 1. How alike the two are is their product, times a scale, here 5.

# %%
import numpy as np

pictures = np.array([[1, 0], [0, 1], [0.6, 0.8]])
captions = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]])
alike = 5 * pictures @ captions.T
print(alike)

# %% [markdown]
# Caption $i$ belongs to picture $i$. A row asks a picture for its caption among
# three, a column a caption for its picture. The *contrastive loss* (对比损失) is
# cross-entropy (lesson 04), for all rows and all columns.
#
# > **Predict.** Which picture picks a wrong caption? Which caption a wrong
# > picture? Who knows nothing loses $\ln 3 = 1.10$: is this loss lower?

# %%
def own(scores):                                  # surprise at the diagonal
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return -np.log(np.diag(p))


loss = (own(alike).mean() + own(alike.T).mean()) / 2
print(own(alike).round(2), own(alike.T).round(2), loss.round(2))

# %% [markdown]
# Picture 3 and caption 2 pick each other. The rest is right, and the mean is
# lower. In torch it is two calls:

# %%
import torch
import torch.nn.functional as F

from lmlab.page import show


def contrastive(alike):
    diagonal = torch.arange(len(alike))
    return (F.cross_entropy(alike, diagonal)
            + F.cross_entropy(alike.T, diagonal)) / 2


show.agree(loss, contrastive(torch.tensor(alike)), 1e-12)

# %% [markdown]
# Now the encoders: two convolutions (lesson 19) for a picture, and for a caption
# the mean of its words' vectors. A batch holds each of the 20 pairs that may be
# met, once.

# %%
from torch import nn

from lmlab.vision.scenes import WORDS, captions, kinds, paint

torch.set_default_dtype(torch.float64)


class CLIP(nn.Module):
    def __init__(self):
        super().__init__()
        self.picture = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
            nn.Flatten(), nn.Linear(512, 32))
        self.caption = nn.EmbeddingBag(len(WORDS), 32)

    def forward(self, pictures, ids):
        return (F.normalize(self.picture(pictures)),
                F.normalize(self.caption(ids)))

# %%
met = kinds(new=False)                            # (20, 2): digit, colour
digit, colour = met[:, :1], met[:, 1:]
ids = encode(captions(digit, colour))
print(*decode(ids)[:4], sep="\n")

# %%
from lmlab.learning.muon import muon
from lmlab.learning.training import train


def clip_loss(model, pictures):
    x, y = model(pictures, ids)
    return contrastive(10 * x @ y.T)


torch.manual_seed(0)
untrained, clip = CLIP(), CLIP()
rng = torch.Generator().manual_seed(0)
losses = train(clip, lambda step: paint(digit, colour, rng), steps=200,
               warmup=10, learning_rate=0.01, optimiser=muon,
               loss=clip_loss).loss
print(f"loss {losses[0]:.1f} at first, {losses[-1]:.1f} at last")

# %% [markdown]
# No class was trained. Yet write a caption for each of the *forty* pairs, as a
# prompt, and take the one nearest to a picture: *zero-shot* (lesson 17), now
# from text to pictures.
#
# > **Predict.** For new pairs in new handwriting: is the whole pair right? And
# > what fails, the digit or the colour?

# %%
every = kinds(new=False, shades=4)                # (40, 2)
prompts = encode(captions(every[:, :1], every[:, 1:]))
rows = []
for name, is_new in {"met": False, "new": True}.items():
    shown = scenes(1000, 0, new=is_new, objects=1, test=True)
    x, y = clip(shown.pictures, prompts)
    named = every[(x @ y.T).argmax(1)]
    right = named == torch.hstack([shown.digits, shown.colours])
    rows.append([name, *(f"{share.double().mean():.0%}" for share in
                         (right.all(1), right[:, 0], right[:, 1]))])
show.table(rows, ["pairs", "right", "digit", "colour"])

# %% [markdown]
# Half of what it never met, against one in forty by chance. All errors are
# digits. "Seven" and "yellow" are added in the caption, so a picture has to be a
# sum, too: that is why a new sum can be right.
#
# ## Two clouds become one
#
# Do pictures and captions lie in the same place? Let one axis run from the mean
# caption to the mean picture, the other from "blue" to "red".

# %%
def cloud(model, ax):
    x, y = (part.detach() for part in model(shown.pictures[:200], prompts))
    both, middle = torch.cat((x, y)), x.mean(0) - y.mean(0)
    hue = y[every[:, 1] == 0].mean(0) - y[every[:, 1] == 2].mean(0)
    gap = middle.norm()
    plane = both @ torch.stack([middle / gap, hue / hue.norm()]).T
    plots.scatter(plane, ["picture"] * 200 + ["caption"] * 40, title="", ax=ax)
    return gap.item()


axes = plots.axes(["Before: two clouds", "After: one, in groups"],
                  "from captions to pictures", "from blue to red", n=2)
print("gap before and after: {:.1f} {:.1f}".format(
    *map(cloud, (untrained, clip), axes)))

# %% [markdown]
# The *gap* (one reading of 语义鸿沟, "semantic gap") closes here. In CLIP itself a
# part of it stays (Liang et al. 2022).
#
# ## What the sum forgets
#
# A mean of words is the same in any order:

# %%
two = ["a red zero left of a green one .", "a green one left of a red zero ."]
one, other = clip.caption(encode(two))
show.agree(one.detach(), other, 1e-12, ("one order", "the other"))

# %% [markdown]
# Told which digit stands left, such a model can only toss a coin. With words
# read in order, two objects, 1,600 captions to choose from, mean of three
# seeds:

# %%
from lmlab.page import datasets

table = [[*row.values()] for row in datasets.measured("21_multimodal")]


def found(*study):                                # mean over the seeds
    return np.mean([row[3:] for row in table if row[:2] == [*study]], axis=0)


show.table([(name, *(f"{share:.0%}" for share in found("captions", name)))
            for name in ("finds without order 2", "finds 2")],
           ["captions", "new pairs", "met pairs", "better than swapped"])

# %% [markdown]
# So much for two vectors and one product. What can they not do?
#
# ## Two votes are not enough
#
# A picture of 0 or 1, and a word (a noisy vector): "same" or "flip". The answer
# is the digit, flipped if the word says so. Neither view alone knows anything.
#
# > **Predict.** Chance is 50 %. Who is better: two models that vote
# > (*decision-level fusion*), one linear model on both (*feature-level*, 特征级),
# > one on all products, one with a hidden layer?

# %%
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

rng = np.random.default_rng(0)
X, digits = load_digits(return_X_y=True)
pick = rng.choice(np.flatnonzero(digits < 2), size=3000)
X, flip = X[pick] / 16, rng.integers(2, size=3000)
word = rng.normal(size=(2, 8))[flip] + 0.3 * rng.normal(size=(3000, 8))
answer = digits[pick] ^ flip

# %%
linear = LogisticRegression(max_iter=200)


def chances(views, model=linear):                 # (1000, 2), for the test
    return model.fit(views[:2000], answer[:2000]).predict_proba(views[2000:])


both = np.hstack([X, word])
products = (X[:, :, None] * word[:, None]).reshape(3000, -1)
said = {"picture": chances(X), "word": chances(word),
        "votes": chances(X) + chances(word), "both, linear": chances(both),
        "products": chances(products),
        "hidden layer": chances(both, MLPClassifier(32, random_state=0,
                                                    max_iter=50))}
plots.bars(list(said), [100 * np.mean(p.argmax(1) == answer[2000:])
                        for p in said.values()], reference=50,
           reference_label="chance", ylabel="right (%)",
           title="Sums of the two views fail, products and layers do not")

# %% [markdown]
# It is lesson 03's XOR: each view must decide what the other *means*. Sums cannot;
# a product can, and so can a layer that reads both.
#
# And when a view is missing, a scan without its report? Ten digits, noisy
# pixels and a noisy word. "Dropped" also trains on rows that lack one; "1 of
# 100" has a word in one row of a hundred, as on the web pictures and good
# captions are unequal.

# %%
X, digits = load_digits(return_X_y=True)
n = 1000                                          # to learn from
X = X / 16 + 0.5 * rng.normal(size=X.shape)
word = rng.normal(size=(10, 12))[digits] + rng.normal(size=(len(X), 12))
views, sees = np.hstack([X, word]), np.arange(76) < 64
hears = ~sees
rare = np.arange(n)[:, None] % 100 == 0
early = {"joined": views[:n], "dropped": np.vstack(
             [views[:n], views[:n] * sees, views[:n] * hears]),
         "1 of 100": views[:n] * (sees | rare)}

# %%
def rights(model, *views):
    return [f"{np.mean(model(v).argmax(1) == digits[n:]):.0%}" for v in views]


def fit(rows):
    model = LogisticRegression(max_iter=300, C=0.1)
    return model.fit(rows, np.resize(digits[:n], len(rows)))


tests = views[n:], views[n:] * sees, views[n:] * hears
eye, ear = fit(views[:n] * sees), fit(views[:n] * hears)
lines = [[name, *rights(fit(rows).predict_proba, *tests)]
         for name, rows in early.items()]
lines += [["votes", *rights(lambda v: eye.predict_log_proba(v)
                            + ear.predict_log_proba(v), *tests)]]
show.table(lines, ["trained", "both", "picture alone", "word alone"])

# %% [markdown]
# Joined, it leans on the clearer view and falls without it; votes bear a loss,
# and so does training on it. With a hundred pictures to a word, it hardly learns
# to listen.
#
# ## Words that look, pictures that listen
#
# What colour is the seven? Which part of the picture matters depends on the
# question. In *cross-attention* (lesson 10) words ask and cells of the picture
# answer; ViLBERT lets cells ask words as well: *co-attention* (协同注意力).

# %%
word = np.array([[0, 3]])                         # "seven"
cells = np.array([[3, 0], [0, 3], [2, 0]])        # a two, a seven, a two
colours = np.eye(3)                               # red, green, blue
scores = word @ cells.T / np.sqrt(2)
weights = np.exp(scores) / np.exp(scores).sum()
print((weights @ colours).round(3))

# %%
from lmlab.models.attention import attention

by_torch = attention(*(torch.tensor(a * 1.0) for a in (word, cells, colours)))
show.agree(weights @ colours, by_torch, 1e-12)

# %% [markdown]
# The seven is green. Now train four models on three digits and a question, with
# the same trained eye and as many steps, at about equal cost: one that hears the
# question alone ("blind"), one product of two vectors, one that joins all in a
# hidden layer, and co-attention before that layer.
#
# > **Predict.** "What colour is the seven?", "How many are red?", "Is the seven
# > left of the two?" Where does co-attention help most?

# %%
show.table([(name, *(f"{share:.0%}" for share in found("questions", name)))
            for name in ("blind", "dot product", "joined", "co-attention")],
           ["three seeds", "colour", "how many", "left of"])

# %% [markdown]
# Early meeting pays where a question says where to look. With more steps the
# others may catch up: this is a budget, not a proof.
#
# ## Pictures as a prefix
#
# Back to the writer. It has one trick: whatever becomes vectors of the right
# width may stand in the row before the words. A strided convolution (lesson 19)
# makes eight of them, one a patch:

# %%
from lmlab.vision.prefix import PrefixGPT

show.source(PrefixGPT.forward)
print(*writer.eye(new.pictures[:1]).shape, "then", *encode(two).shape)

# %% [markdown]
# Eight tokens of picture, nine of caption, causal attention, cross-entropy on
# the words. So why are the digits wrong?
#
# > **Predict.** It reads a yellow nine, and met nines in green and blue only.
# > Of the digits that it says wrongly, how many are digits that it met *in that
# > colour*? (Half of all digits are.)

# %%
ids, truth = writer.write(new.pictures, 9), encode(new.captions)
wrong = ids[:, [2, 7]] != truth[:, [2, 7]]
pairs = torch.stack([ids[:, [2, 7]] - 8, ids[:, [1, 6]] - 4], dim=-1)[wrong]
usual = (pairs[:, None] == met).all(2).any(1)
print(f"{usual.double().mean():.0%} of {len(usual)} wrong digits")

# %% [markdown]
# It says what is usual in that colour, not what is there. In training colour was
# a sure sign, half the digits gone at once, and a net takes any sign that
# works. What helps is not more pictures but more *pairs*:

# %%
shades = [1, 2, 3]
plots.lines({name: [100 * found("captions", f"{how} {n}")[0] for n in shades]
             for name, how in {"finds": "finds", "writes": "writes"}.items()},
            shades, marks=True, xlabel="colours in which each digit was met",
            ylabel="new pairs right (%)",
            title="Variety teaches that a digit is no colour")

# %% [markdown]
# The finder goes ahead: its captions are sums. The writer is fluent all along
# (three seeds, one size; a large model met more, and meets the same).
#
# ## A place as a token
#
# Patches are not special. PaLM-E put a robot's state among the words. Ours: four
# blocks with places $(x, y)$, each place one token, and the plan to be said is
# their order from left to right.

# %%
from lmlab.vision.prefix import caption_loss


def blocks(step, n=64):
    places = torch.rand(n, 4, 2, generator=torch.Generator().manual_seed(step))
    return 2 * places - 1, places[..., 0].argsort(1)


torch.manual_seed(0)
robot = PrefixGPT(nn.Linear(2, 32), vocab_size=4, context=8, d_model=32)
train(robot, blocks, steps=300, learning_rate=0.02, warmup=10, optimiser=muon,
      loss=caption_loss)
places, order = blocks(10**6, n=1000)
plans = (robot.write(places, 4) == order).all(1).double().mean()
print(f"{plans:.0%} of plans right; guessing: {1 / 24:.0%}")

# %%
for how in ("numbers", "text"):
    print(f"{how:8} {found('state', how)[1]:.0%}")

# %% [markdown]
# The same places spelt as digits, two a number (three seeds, 300 steps): worse,
# and four times as many tokens.
#
# ## Who reads and writes what?
#
# The systems that *the documents* name here (five Chinese overviews that this
# course tests); a size that is missing is not public.

# %%
def patches(pixels, patch):
    return (pixels // patch) ** 2


tiles = 85 + 170 * patches(1024, 512)             # OpenAI's rule, a large image
systems = [
    ("ViLBERT, 2019, Facebook", "image, text", "an answer", 36, "questions"),
    ("CLIP, 2021, OpenAI, 0.4 B", "image, text", "two vectors",
     patches(224, 14), "`clip`"),
    ("PaLM-E, 3/2023, Google, 562 B", "image, state, text", "text", "?",
     "`robot`"),
    ("GPT-4, 3/2023, OpenAI", "image, text", "text", tiles, "`writer`"),
    ("Gemini 1.0, 12/2023, Google", "and audio, video", "text, image", 258, ""),
    ("GPT-4o, 5/2024, OpenAI", "and audio, video", "and audio, image", tiles, ""),
    ("GLM-4V-9B, 6/2024, Zhipu", "image, text", "text", "?", "`writer`"),
    ("ERNIE-ViLG (文心), 2021, Baidu", "image, text", "image, text", "?",
     "exercise 6"),
    ("ours", "image, text", "text", patches(8, 4) * 2, "a caption: 9")]
show.table(systems, ["who", "reads", "writes", "tokens an image", "miniature"])

# %% [markdown]
# An image costs far more tokens than a sentence, and attention compares all with
# all.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | GPT-4,具备了多模态理解与多类型内容生成能力 ("understands several modalities, generates several kinds") | **half wrong** | "image and text inputs ... text outputs" (2303.08774, abstract) |
# | CLIP ... 将图像和文本分别编码为向量, 使得只有单一模态样本的用户也能检索 ("encodes image and text apart, so that who has one can search the other") | **right** | your forty prompts |
# | ViLBERT ... 在模型的早期阶段就开始联合处理图像和文本 ("joins both early"), good for 视觉问题回答 (questions on pictures) | **right** | the table of questions |
# | 华为盘古大模型就是一个多模态大模型 ("Pangu is a multimodal model"); another: 通用大模型 ("a general one") | **imprecise** | a family since 2021: language, vision, multimodal, science |
# | 多模态信息通常意味着更高的计算和模型复杂性 ("more computation and complexity") | **right** | the tokens above |
# | PaLM-E ... 通过视觉、多模态和多任务训练来拓展其能力 ("widened by training on sight and many tasks") | **right** | your robot; March 2023, as it says |

# %% [markdown]
# ## Check yourself
#
# 1. A batch of 64 pairs, a model that knows nothing: what is its contrastive
#    loss?
# 2. Why can no vote of two views solve XOR?
# 3. A captioner is right in 99 % on pictures like those it learned from. What
#    would you test before you trust it?
#
# <details><summary>Answers</summary>
#
# 1. $\ln 64 = 4.16$.
# 2. A vote adds; what one view adds does not depend on the other.
# 3. Things it knows, in combinations that it never met.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the captions, then the share of usual digits; between them XOR. *Ask*
# before each what fails, digit or colour. *A common misunderstanding*: that a
# fluent caption was read off the picture.
#
# </details>
#
# **What this left out**: real photographs; how a large language model is kept
# while it learns to see; sound and film.
#
# **Where it goes next**: [exercises](../exercises/21_multimodal.ipynb), where
# words draw a digit; then [lesson 22](22_decisions.ipynb), where a model
# chooses.
#
# **Read on** (numbers are those of arXiv)
# - Radford et al., *Learning Transferable Visual Models From Natural Language
#   Supervision* (CLIP), 2021, 2103.00020
# - Lu et al., *ViLBERT*, 2019, 1908.02265
# - Driess et al., *PaLM-E*, 2023, 2303.03378
# - OpenAI, *GPT-4 Technical Report*, 2023, 2303.08774
# - Liu et al., *Visual Instruction Tuning*, 2023, 2304.08485
# - Liang et al., *Mind the Gap*, 2022, 2203.02053
# - Gemini Team, *Gemini*, 2023, 2312.11805; GLM Team, *ChatGLM*, 2024,
#   2406.12793; Zhang et al., *ERNIE-ViLG*, 2021, 2112.15283
