# %% [markdown]
# # How do words meet pictures?
#
# One space for both, or one row of tokens: two ways, and what each makes of a
# pair that it never met.
#
# **You will** compute the loss that ties pictures to captions, name pictures
# without a class, and find out why a fluent caption is wrong.
#
# **You need** lessons 04, 09, 10 and 19: cross-entropy, attention, GPT,
# convolution.
#
# **Time** 35 minutes to read, 10 seconds to run
#
# A small GPT learned to write captions (图像描述生成) of two coloured digits, in
# seconds: 200 steps of 64 scenes (`captioner` in `lmlab/vision/prefix.py`). Each
# digit came in two of four colours. Now in the other two, and it writes:

# %%
import torch

from lmlab.page import plots, show
from lmlab.vision.prefix import shipped
from lmlab.vision.scenes import decode, encode, scenes

torch.set_default_dtype(torch.float64)
writer = shipped()                                # has learned
new = scenes(1000, seed=0, new=True, test=True)
said = writer.write(new.pictures[:6], n_words=9)
names = [f"says {a}\nis {b}" for a, b in zip(decode(said), new.captions)]
plots.images(new.pictures[:6].movedim(1, 3), names, columns=2,
             title="Each caption is fluent, and none is true")

# %% [markdown]
# Flawless English, and not one is right. How bad is it, in a thousand scenes?
#
# > **Predict.** Which share of the words of grammar (a, left, of) is right, of the
# > colours, of the digits? Of whole captions? On *pairs*, a digit in a colour, that
# > it met, and on new ones?

# %%
def shares(*right):
    return [100 * part.double().mean() for part in right]


rates = {}
for name, is_new in {"pairs met": False, "new pairs": True}.items():
    shown = scenes(1000, seed=0, new=is_new, test=True)
    right = writer.write(shown.pictures, 9) == encode(shown.captions)
    rates[name] = shares(right[:, [0, 3, 4, 5, 8]], right[:, [1, 6]],
                         right[:, [2, 7]], right.all(1))
plots.bars(["grammar", "colours", "digits", "captions"], rates,
           ylabel="right (%)", title="Of new pairs the digits are wrong")

# %% [markdown]
# The form is perfect, the colours are right, and new digits are about as good as
# a guess: a hallucination (lesson 18), with a number. Keep the question why. First,
# a model that cannot write at all.
#
# ## One space for both
#
# Pictures and text are two *modalities* (模态), kinds of data. CLIP (Radford et al.
# 2021) has an encoder for each, which makes a vector of length 1. How alike two are
# is their dot product, times a scale, here 5.

# %%
import numpy as np

pictures = np.array([[1, 0], [0, 1], [0.6, 0.8]])
captions = np.array([[1, 0], [0.6, 0.8], [0.8, 0.6]])
alike = 5 * pictures @ captions.T
print(alike)

# %% [markdown]
# Caption $i$ belongs to picture $i$. In a row a picture looks for its caption, in
# a column a caption for its picture. The *contrastive loss* (对比损失) is the
# cross-entropy (lesson 04) of all rows and all columns.
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
# Picture 3 and caption 2 pick each other; the rest is right, and the mean is
# lower. In torch:

# %%
import torch.nn.functional as F


def contrastive(alike):
    i = torch.arange(len(alike))                  # the diagonal
    return (F.cross_entropy(alike, i) + F.cross_entropy(alike.T, i)) / 2


show.agree(loss, contrastive(torch.tensor(alike)), 1e-12)

# %% [markdown]
# The encoders: convolutions (lesson 19), and for captions the mean of their words'
# vectors. A batch holds each of the 20 pairs to be met, once.

# %%
from torch import nn

from lmlab.vision.scenes import WORDS, captions, kinds, paint


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
from lmlab.learning.muon import muon
from lmlab.learning.training import train

met = kinds(new=False)                            # (20, 2): digit, colour
digit, colour = met[:, :1], met[:, 1:]
ids = encode(captions(digit, colour))             # "a red zero ." ...


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
# No class was trained. Yet write a prompt for each of the *forty* pairs and take
# the one nearest to a picture: *zero-shot* (lesson 17), now with pictures.
#
# > **Predict.** Chance is one in forty. Which share of new pairs is named right?
# > Does the digit fail, or the colour?

# %%
every = kinds(new=False, shades=4)                # (40, 2)
prompts = encode(captions(every[:, :1], every[:, 1:]))
rows = []
for name, is_new in {"met": False, "new": True}.items():
    shown = scenes(1000, 0, new=is_new, objects=1, test=True)
    x, y = clip(shown.pictures, prompts)
    named = every[(x @ y.T).argmax(1)]
    right = named == torch.hstack([shown.digits, shown.colours])
    three = shares(right.all(1), right[:, 0], right[:, 1])
    rows.append([name, *(f"{share:.0f}%" for share in three)])
show.table(rows, ["pairs", "right", "digit", "colour"])

# %% [markdown]
# Over half of what it never met, and its errors are digits again. A caption adds
# "seven" to "yellow", so a picture's vector has to be a sum, too: new sums have
# a chance.
#
# ## Two clouds become one
#
# Do pictures and captions lie in one place? One axis runs from the mean caption to
# the mean picture, the other from "blue" to "red".

# %%
def cloud(model, ax):
    x, y = (part.detach() for part in model(shown.pictures[:200], prompts))
    gap = x.mean(0) - y.mean(0)
    hue = y[every[:, 1] == 0].mean(0) - y[every[:, 1] == 2].mean(0)
    plane = torch.stack([gap / gap.norm(), hue / hue.norm()])
    plots.scatter(torch.cat((x, y)) @ plane.T,
                  ["picture"] * 200 + ["caption"] * 40, title="", ax=ax)
    ax.set(xlim=(-1, 1), ylim=(-1, 1))
    return gap.norm().item()


axes = plots.axes(["Untrained: two clouds", "Trained: one"],
                  "from captions to pictures", "from blue to red", n=2)
print("gap {:.1f}, then {:.1f}".format(*map(cloud, (untrained, clip), axes)))

# %% [markdown]
# The *modality gap*, one reading of 语义鸿沟 ("semantic gap") in *the documents*, five
# Chinese overviews that this course tests, nearly closes here. In CLIP itself more
# of it stays (Liang et al. 2022).
#
# ## What the sum forgets
#
# A mean of words is the same in any order, so of two digits it cannot say which
# stands left. Show two objects, give 1,600 captions to choose from, and compare the
# mean with an encoder that reads words in order (longer runs, done once):

# %%
from lmlab.page import datasets

table = [[*row.values()] for row in datasets.measured("21_multimodal")]


def found(*study):                                # %, mean of three seeds
    rows = [row[3:] for row in table if row[:2] == [*study]]
    return 100 * np.mean(rows, axis=0)

# %%
plots.bars(["new pairs", "met pairs", "chosen over its swap"],
           {"mean of words": found("captions", "finds without order 2"),
            "words in order": found("captions", "finds 2")},
           ylabel="right (%)", title="A mean of words cannot tell a swap")

# %% [markdown]
# The mean finds a third of met pairs; between "a red two left of a blue six" and
# its swap it tosses a coin.
#
# ## Two votes are not enough
#
# A picture of 0 or 1, and a word, "same" (about -1) or "flip" (about 1): the answer
# is the digit, flipped if the word says so. How to join the two (*fusion*, 融合)?
#
# > **Predict.** Who is better than chance: two models that vote (*decision-level*
# > fusion, near the documents' 语义级), one linear model of both views
# > (*feature-level*, 特征级), one of all their products, one with a hidden layer?

# %%
from sklearn.datasets import load_digits

rng = np.random.default_rng(0)
X, digits = load_digits(n_class=2, return_X_y=True)
pick, flip = rng.integers(len(X), size=3000), rng.integers(2, size=3000)
X, answer = X[pick] / 16, digits[pick] ^ flip
word = 2 * flip[:, None] - 1 + 0.3 * rng.normal(size=(3000, 1))

# %%
from sklearn.linear_model import LogisticRegression

linear = LogisticRegression(max_iter=500)


def chances(views, model=linear):
    return model.fit(views[:2000], answer[:2000]).predict_proba(views[2000:])


eye, ear, both = chances(X), chances(word), np.hstack([X, word])

# %%
from sklearn.neural_network import MLPClassifier

layer = MLPClassifier(32, solver="lbfgs", random_state=0)
rates = {"picture": eye, "word": ear, "votes": eye + ear,
         "both, linear": chances(both),
         "products": chances(np.hstack([both, X * word])),
         "both, layer": chances(both, layer)}
plots.bars(list(rates), [100 * np.mean(p.argmax(1) == answer[2000:])
                         for p in rates.values()], reference=50,
           reference_label="chance", ylabel="right (%)",
           title="Sums of two views fail, products and layers do not")

# %% [markdown]
# It is XOR (exclusive or, exercises of lesson 03): each view decides what the other
# *means*.
#
# And if a view is missing, as with a scan that has no report? Ten digits, noisy
# pixels and a noisy word. *Dropped* also learned from rows with zeros for one view;
# *1 of 100* met a word in one row of a hundred (数据不平衡, "imbalance").

# %%
show.table([(name, *(f"{share:.0f}%" for share in found("missing", name)))
            for name in ("joined", "dropped", "votes", "1 of 100")],
           ["how", "both views", "pixels alone", "word alone"])

# %% [markdown]
# Joined, it leans on the clearer view. Votes bear that a view is missing, and so
# does a model that has met it. Rare words are hardly learned.
#
# ## Words that look, pictures that listen
#
# What colour is the seven? The question says where to look. In *cross-attention*
# (lesson 10) words ask, and cells of the picture answer; in ViLBERT cells ask
# words as well: *co-attention*.

# %%
from lmlab.models.attention import attention

word = torch.tensor([[0.0, 2]])                   # query: "seven"
cells = torch.tensor([[2.0, 0], [0, 2], [1, 0]])  # keys: two, seven, two
colours = torch.eye(3)                            # values: red, green, blue
print(attention(word, cells, colours).numpy().round(2))

# %% [markdown]
# Mostly green. Now *visual question answering* (视觉问题回答): three digits, a
# question, four models with one trained eye, 800 steps (one of co-attention costs
# a quarter more).
# *Blind* hears the question alone; a dot product of two vectors, as in CLIP;
# *joined*, a hidden layer of both; co-attention before that layer.
#
# > **Predict.** "What colour is the seven?", "How many are red?", "Is the seven
# > left of the two?" Where does co-attention help most?

# %%
plots.bars(["what colour", "how many", "left of"],
           {name: found("questions", name) for name in
            ("blind", "dot product", "joined", "co-attention")},
           ylabel="right (%)", title="Words that look know the colour")

# %% [markdown]
# Looking pays where the question says where to look. (One *joined* with
# three times the steps still had half the colours wrong. "Left of" was learned in
# one seed of three, which the mean hides.)
#
# ## Pictures as a prefix
#
# Back to the writer, a GPT with one trick: whatever becomes vectors of its width
# may stand in the row, as a *prefix*, before the words. A strided convolution
# (lesson 19) makes eight, one a patch:

# %%
from lmlab.vision.prefix import PrefixGPT

show.source(PrefixGPT.forward)
print("picture", *writer.eye(new.pictures[:1]).shape,
      "  caption", *said[:1].shape)

# %% [markdown]
# Eight tokens of picture, nine of caption. So why are its digits wrong?
#
# > **Predict.** It met nines in green and blue, and sees a yellow one. Of all the
# > wrong digits that it says, how many did it meet *in that colour*? A guess: half.

# %%
ids, truth = writer.write(new.pictures, 9), encode(new.captions)
wrong = ids[:, [2, 7]] != truth[:, [2, 7]]
# in the vocabulary colours begin at 4, digits at 8
pairs = torch.stack([ids[:, [2, 7]] - 8, ids[:, [1, 6]] - 4], dim=-1)[wrong]
usual = (pairs[:, None] == met).all(2).any(1)
print(f"{usual.double().mean():.0%} of {len(usual)} wrong digits")

# %% [markdown]
# It says what is usual in that colour, not what is there. In training a colour
# ruled out half the digits, and a net takes any sign that works. What helps, at
# equal numbers of pictures, is more *pairs* (three seeds):

# %%
parts = {name: [found("captions", f"{how} {n}")[i] for n in (1, 2, 3)]
         for name, how, i in (("finds it", "finds", 0),
                              ("writes it", "writes", 0),
                              ("writes well", "writes", 2))}
plots.bars(["one colour a digit", "two", "three"], parts,
           ylabel="of new pairs (%)", title="More pairs make captions true")

# %% [markdown]
# Form says nothing about truth. (The finder is ahead, but saw three times as many
# pictures. With as many, the writer gets 75 % of the new pairs of the last group.)
#
# ## A place as a token
#
# PaLM-E puts what a robot's sensors say among the words. Ours: four blocks with
# places $(x, y)$, a token each, and a plan to be said, the blocks from left to
# right. Only the eye changes:

# %%
robot = PrefixGPT(nn.Linear(2, 32), vocab_size=4, context=8, d_model=32)
print("a token a block:", *robot.eye(torch.rand(1, 4, 2)).shape)
show.table([(how, f"{found('state', how)[1]:.0f}%")
            for how in ("numbers", "text")],
           ["300 steps, three seeds", "plans right (chance: 4%)"])

# %% [markdown]
# *Text* spells these numbers with two digits each: more tokens, and worse.
#
# ## Who reads and writes what?
#
# Named by the documents; sizes where public, tokens by the makers' papers and
# guides.
#
# | who | reads | writes | tokens of an image | here |
# | --- | --- | --- | --- | --- |
# | ViLBERT, 2019, Georgia Tech | image, text | an answer | 10 to 36 regions | questions |
# | CLIP (L/14), 2021, OpenAI, 0.4 B | image, text | vectors | (224 / 14)² = 256 | `clip` |
# | Pangu, 2021, Huawei; 文心 (ERNIE), Baidu | families: text; images; both | | | |
# | PaLM-E, 3/2023, Google, 562 B | image, state, text | text | | `robot` |
# | GPT-4, 3/2023, OpenAI | image, text | text | 85 + 4 · 170 = 765 (1,024²) | build not public |
# | Gemini 1.0, 12/2023, Google | image, text, audio, video | text, image | 258 | |
# | GPT-4o, 5/2024, OpenAI | image, text, audio, video | text, audio, image | 765 | |
# | GLM-4V-9B, 6/2024, Zhipu | image, text | text | | `writer` |
# | ours | image, text | text | 8; a caption 9 | |
#
# A sentence is cheap, an image dear: attention compares all with all.
#
# ## What the documents say
#
# | they say | verdict | why |
# | --- | --- | --- |
# | GPT-4,具备了多模态理解与多类型内容生成能力 ("understands several modalities, generates several kinds") | **half wrong** | "image and text inputs ... text outputs" (2303.08774, abstract) |
# | CLIP ... 将图像和文本分别编码为向量, 使得只有单一模态样本的用户也能检索 ("encodes image and text apart, so that who has one can search the other") | **right** | your forty prompts |
# | ViLBERT ... 在模型的早期阶段就开始联合处理图像和文本 ("joins both early"), for 视觉问题回答 (questions on pictures) | **right** | the questions above |
# | 华为盘古大模型就是一个多模态大模型 ("Pangu is a multimodal model"); another: 通用大模型 ("a general one") | **imprecise** | a family; its PanGu-α (2104.12369) reads text alone |
# | GPT-4o 是完全免费的,虽然每天的免费使用次数是有限的 ("wholly free, though limited a day") | **wrong** | limited, and by API 5 and 15 dollars a million tokens (its own table) |
# | 多模态信息通常意味着更高的计算和模型复杂性 ("more computation and complexity") | **right** | the tokens above |

# %% [markdown]
# ## Check yourself
#
# 1. A batch of 64 pictures with their captions, a model that knows nothing: what
#    is its contrastive loss?
# 2. Why can no vote of two views solve XOR?
# 3. A captioner is right in 99 % on pictures as in training. What else to test?
#
# <details><summary>Answers</summary>
#
# 1. $\ln 64 = 4.16$.
# 2. What one view adds to the vote does not depend on the other.
# 3. Things it knows, in combinations that it never met.
#
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Show* the captions, XOR, the share of usual digits. *Ask* what fails, digit or
# colour. *A common misunderstanding*: a fluent caption was read off the picture.
#
# </details>
#
# **What this left out**: photographs, sound, film; a large language model that
# learns to see.
#
# **Where it goes next**: [exercises](../exercises/21_multimodal.ipynb), where
# a caption draws its picture; then [lesson 22](22_decisions.ipynb), where a model
# chooses.
#
# **Read on** (numbers are those of arXiv)
# - Radford et al., *Learning Transferable Visual Models From Natural Language
#   Supervision* (CLIP), 2021, 2103.00020
# - Lu et al., *ViLBERT*, 2019, 1908.02265
# - Driess et al., *PaLM-E*, 2023, 2303.03378
# - OpenAI, *GPT-4 Technical Report*, 2023, 2303.08774
# - Liu et al., *Visual Instruction Tuning* (a prefix), 2023, 2304.08485
# - Liang et al., *Mind the Gap*, 2022, 2203.02053
# - Gemini Team, *Gemini*, 2023, 2312.11805
# - GLM Team, *ChatGLM*, 2024, 2406.12793
