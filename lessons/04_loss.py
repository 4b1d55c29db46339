# %% [markdown]
# # How wrong is the answer?
#
# One number says how wrong an answer was, and training chases it down. So
# whoever chooses how it is computed chooses what the model learns.
#
# **You will** score answers with a pencil, see what each loss asks a model
# for, and find the floor below which there is no skill, only memory.
#
# **You need** Python, a little NumPy, and what the slope of a curve is.
# [Lesson 03](03_forward_pass.ipynb) shows where the answers come from.
#
# **Time** 33 minutes to read, 10 seconds to run

# %%
import numpy as np

label = np.array([1.0, 2.0, 2.0, 7.0])       # what four parcels took, in days
output = np.array([2.0, 2.0, 3.0, 4.0])      # what a model had said
gap = output - label
print("squared ", gap**2, "mean", np.mean(gap**2))
print("absolute", abs(gap), "mean", np.mean(abs(gap)))

# %% [markdown]
# ## Four parcels, one number
#
# A *loss function* (损失函数) turns the model's *output* and the *true label*
# (真实标签) into one number. Here are two, over $n$ answers $\hat y_i$ to labels
# $y_i$, *mean squared error* (均方误差) and *mean absolute error* (平均绝对误差):
#
# $$\text{MSE} = \tfrac1n \textstyle\sum_i (\hat y_i - y_i)^2 \qquad
# \text{MAE} = \tfrac1n \textstyle\sum_i |\hat y_i - y_i|$$
#
# The late parcel makes 9 of the 11 in the first sum, 3 of the 5 in the second:
# squares look at the largest mistake and at little else.
#
# > **Predict.** Now let a model say the same number $c$ for all four. Which $c$
# > has the smallest squared error, which the smallest absolute error?

# %%
from lmlab.page import plots, show

c = np.linspace(0, 8, 161)
gaps = c[:, None] - label                    # (guesses, parcels)
both = plots.axes(["The squared bowl rests on the mean, 3",
                   "The absolute valley rests on the median, 2"],
                  xlabel="the one answer c (days)", n=2, width=10)
for ax, name, each in zip(both, ("squared", "absolute"), (gaps**2, abs(gaps))):
    ax.plot(c, each.mean(axis=1))
    ax.set_ylabel(f"mean {name} error")

# %% [markdown]
# The slope of squared error is $\tfrac{2}{n}\sum_i (c - y_i)$, zero where $c$
# is the *mean*, here 3. The slope of absolute error is $+\tfrac1n$ for each
# parcel below $c$ and $-\tfrac1n$ for each above, however far: it rests where
# as many lie below as above, at the *median*, here 2.
#
# So a loss is a wish: were the late parcel to take 27 days, the mean would be
# 8, the median still 2. Language needs another, because nothing is half-way
# between "moon" and "sun".
#
# ## From scores to probabilities
#
# A network that completes 举头望明_ ("I raise my head and gaze at the bright
# ...") ends in one score per character, its *logits*: say 2 for 月 (moon), 1
# for 日 (sun), 0 for 年 (year). *Softmax* (lesson 00) makes the scores positive
# and divides by their sum: $p_k = e^{z_k} / \sum_j e^{z_j}$.
#
# > **Predict.** With $e \approx 2.7$ and a pencil: how probable is the moon? And
# > what happens when every score is 1000 higher?

# %%
def naive_softmax(z):
    return np.exp(z) / np.exp(z).sum()


z = np.array([2.0, 1.0, 0.0])
print(naive_softmax(z).round(3))
with np.errstate(over="ignore", invalid="ignore"):
    print(naive_softmax(z + 1000))

# %% [markdown]
# $e^{1000}$ is too large for 64 bits: it becomes infinity, and infinity divided
# by infinity is *not a number*. Yet it stands above and below the line and
# cancels, so take the largest score away first.
#
# The loss below needs $\ln p$, and a tiny $p$ rounds to 0, whose logarithm is
# $-\infty$. The log of a fraction is a difference, and never sees that 0:
# $\ln p_k = z_k - \ln \sum_j e^{z_j}$.

# %%
import torch


def log_softmax(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum())

# %%
for scores in (z, z + 1000, np.array([0.0, -1000.0])):
    show.agree(log_softmax(scores), torch.tensor(scores).log_softmax(0), 1e-12)

# %% [markdown]
# ## Surprise
#
# If what came had the probability $p$, the *surprise* is $-\ln p$, in *nats*; or
# $-\log_2 p$, in *bits*: one bit is one flip of a coin. Suppose a model had given
# the last four characters of 床前明月光 ("before my bed, bright moonlight") 1/2,
# 1/4, 1/8 and 1/8.
#
# > **Predict.** How many bits of surprise is each character, and how many are
# > they on average?

# %%
p = np.array([1/2, 1/4, 1/8, 1/8])
bits, nats = -np.log2(p), -np.log(p)
show.tokens("前明月光", weights=bits / 3, labels=[f"{b:.0f} bit" for b in bits])
print(f"mean {bits.mean():.2f} bits = {nats.mean():.2f} nats a character")
print(f"2^bits = {2 ** bits.mean():.2f}, e^nats = {np.exp(nats.mean()):.2f}")

# %% [markdown]
# The average surprise is the *cross-entropy* (交叉熵) of the model on this text, and
# the loss of every language model in this course. With a label $y_k$ that is 1
# for the character that came and 0 for all others,
#
# $$H(y, p) = -\sum_k y_k \ln p_k = -\ln p_{\text{came}}$$
#
# Bits are nats divided by $\ln 2$. *Perplexity* (困惑度) is $e$ to the loss in nats:
# this model is as unsure as in a fair choice among 4.76 characters.
#
# > **Predict.** And a model that knows nothing, and gives each of the 2,483
# > characters of *Three Hundred Tang Poems* (without line ends) the same
# > probability?

# %%
from torch.nn import functional as F

for what, V in (("a coin", 2), ("ten digits", 10), ("characters", 2483)):
    loss = F.cross_entropy(torch.zeros(1, V), torch.tensor([0])).item()
    print(f"{what:10} loss {loss:.2f} = ln {V}, perplexity {np.exp(loss):.0f}")

# %% [markdown]
# $\ln V$. A new model whose loss is far above that is not ignorant, it is wrong
# with confidence: something is broken.
#
# ### Not too sure, please
#
# Cross-entropy is never satisfied: it falls until $p = 1$, and softmax needs
# infinite scores for that. *Label smoothing* (标签平滑) asks for less. It takes a
# tenth of the label and spreads it over all symbols: of ten digits the right one
# then has 0.91, each other 0.01, which charge for their surprise as well.

# %%
smooth = np.full(10, 0.01)
smooth[0] = 0.91                              # digit 0 is right
plain_loss, smooth_loss = [], []
margins = np.linspace(0, 12, 121)             # lead of the right score
for margin in margins:
    logs = log_softmax(np.array([margin] + [0.0] * 9))
    plain_loss.append(-logs[0])
    smooth_loss.append(-smooth @ logs)

# %%
best = np.argmin(smooth_loss)
print(f"turns at p = {np.exp(-plain_loss[best]):.2f}")
plots.lines({"plain": plain_loss, "smoothed": smooth_loss}, margins,
            xlabel="margin of the right score", ylabel="loss (nats)",
            title="The plain loss always wants more, the smoothed one turns")

# %% [markdown]
# The loss is lowest at 0.91, what the label says, and not zero even there:
# labels that are not certain have a floor, to which we come back. (In torch,
# `F.cross_entropy(..., label_smoothing=0.1)`.)
#
# ## Confident and wrong
#
# Why not squared error on the probability? Take one score $z$ with the *sigmoid*
# $p = 1 / (1 + e^{-z})$, softmax of two scores whose difference is $z$, and the
# label 1. The two slopes are
#
# $$\frac{d}{dz}(-\ln p) = p - 1 \qquad
# \frac{d}{dz}(1 - p)^2 = -2\,(1 - p) \cdot p\,(1 - p)$$
#
# > **Predict.** A model starts at $z = -6$, so sure and so wrong that
# > $p = 0.0025$. Each step moves $z$ against the slope, by as much. Under which
# > loss does $p$ pass one half first, and after how many steps?

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope_of_cross_entropy(p):
    return p - 1


def slope_of_squared_error(p):
    return -2 * (1 - p) * p * (1 - p)

# %%
for slope in (slope_of_cross_entropy, slope_of_squared_error):
    score, steps = -6.0, 0
    while sigmoid(score) < 0.5:
        score, steps = score - slope(sigmoid(score)), steps + 1
    print(f"{slope.__name__}: right after {steps} steps")

# %%
grid = np.linspace(-8, 8, 161)
p = sigmoid(grid)
plots.lines({"cross-entropy": -slope_of_cross_entropy(p),
             "squared error": -slope_of_squared_error(p)},
            grid, xlabel="score z", ylabel="pull towards the truth",
            title="Where the answer is worst, squared error hardly pulls")

# %% [markdown]
# Thirty times as long (from -8, 167 times). The pull, minus the slope, is the
# mistake itself, $1 - p$, for cross-entropy. Squared error also has the slope
# of the sigmoid in it, $p\,(1 - p)$, nearly zero on the far left: as wrong as
# can be, and almost no reason to move.
#
# With more classes the *gradient*, the slopes at all scores, is as simple.
# The loss is $\ln \sum_j e^{z_j} - z_{\text{came}}$; the first part has slope
# $p_k$ at each score, the second $-1$ at the one that came. So the slope at
# score $k$ is $p_k - y_k$.
#
# > **Predict.** The scores are 2, 1, 0 and $p$ = 0.665, 0.245, 0.090. The
# > *third*, 年, came. What are the three slopes, and their sum?

# %%
by_hand = np.exp(log_softmax(z)) - np.array([0, 0, 1])
print("softmax - label =", by_hand.round(3))

logits = torch.tensor(z, requires_grad=True)
F.cross_entropy(logits, torch.tensor(2)).backward()    # torch finds them
show.agree(by_hand, logits.grad, 1e-12)

# %% [markdown]
# They add up to zero: what one score gains, the others lose.
#
# > **Careful.** `F.cross_entropy` takes the raw scores. Give it probabilities,
# > and without complaint it applies softmax a second time.
#
# ## Which model is better?
#
# Three models forecast rain for the same ten days. What they gave to what then
# happened: *timid* always 0.6; *steady* 0.9, but 0.2 on two days; *bold*
# 0.999, but 0.001 on one. Below 0.5 is a mistake.

# %%
models = {"timid": np.full(10, 0.6),
          "steady": np.array([0.9] * 8 + [0.2] * 2),
          "bold": np.array([0.999] * 9 + [0.001])}

# %% [markdown]
# > **Predict.** Order the three by mistakes, by squared error, by
# > cross-entropy. Does one of them win every time?

# %%
losses = {name: [np.mean(p < 0.5), np.mean((1 - p)**2), np.mean(-np.log(p))]
          for name, p in models.items()}
plots.bars(["mistakes", "squared error", "cross-entropy"], losses,
           ylabel="mean of ten days",
           title="Each loss has a winner of its own (the lowest bar)")

# %% [markdown]
# Timid makes no mistake, bold has the smallest squared error, steady the
# smallest cross-entropy. Squared error charges at most 1 a day, and forgives
# bold its one disaster. Cross-entropy has no limit: that day costs bold $-\ln
# 0.001 = 6.9$ nats, all ten cost steady 4.1. Which model is better depends on
# what a mistake costs.
#
# ## The floor
#
# People who make labels slip. Take images of the digits 0 and 1, and a teacher
# who writes down the wrong one in 1 case of 4. Whoever knows the true digit and
# the teacher's habit can do no better than to say 0.75 for it, and pays the
# *entropy* (熵) of the noise:
#
# $$H = -0.75 \ln 0.75 - 0.25 \ln 0.25 = 0.56 \text{ nats}$$

# %%
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

images, digits = load_digits(n_class=2, return_X_y=True)
X, X_new, digit, digit_new = train_test_split(images / 16, digits,
                                              train_size=260, random_state=0)

# %% [markdown]
# Of 260 labels to learn from, exactly 65 are wrong. For a new image the label is
# what the teacher writes on average, 0.75 or 0.25:

# %%
slip = np.random.default_rng(0).permutation(260) < 65
y = np.where(slip, 1 - digit, digit)
y_new = np.where(digit_new == 1, 0.75, 0.25)

# %% [markdown]
# A sigmoid neuron, without a bias, learns from the 260. The slope at its score
# is $p - y$; a weight counts as much as its pixel is bright, so its own slope
# is $p - y$ times the pixel, averaged over the images. Each step goes against
# it.
#
# > **Predict.** Draw the loss on these labels and on 100 new ones against the floor
# > of 0.56. Does either go below?

# %%
def loss_of(p, y):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean()


w, on_old, on_new = np.zeros(64), [], []
for step in range(400):
    p, p_new = sigmoid(X @ w), sigmoid(X_new @ w)
    on_old.append(loss_of(p, y))
    on_new.append(loss_of(p_new, y_new))
    w -= 0.5 * X.T @ (p - y) / 260

# %%
plots.loss_curve({"labels it learns from": on_old, "new labels": on_new},
                 floor=loss_of(0.75, 0.75),    # the entropy
                 title="Below the floor (dashed) is only memory")
print(f"best on new labels {min(on_new):.2f}, at the end {on_new[-1]:.2f}")

# %% [markdown]
# On new labels it comes close to 0.56, and turns. On the old ones it goes
# straight through the floor, bad news: below it is no skill,
# only this teacher's slips learned by heart. Language has a floor too: Shannon
# (1951) let people guess English letters, and put it between 0.6 and 1.3 bits a
# letter.
#
# ## One poem, how many questions?
#
# Where do the labels of a language model come from? Hide or spoil some of the
# text; each character asked for is one question. *Causal* models (GPT) are
# asked for each after those before it (the first after a start mark). *Masked*
# ones (BERT) are asked for 15 %, picked at random; *span corruption* (T5) for
# 15 % in runs of three on average.
#
# > **Predict.** A quatrain, four lines of five characters, has 20. How many
# > questions does each way ask?

# %%
poem = "床前明月光疑是地上霜举头望明月低头思故乡"
rng = np.random.default_rng(0)
asked = np.zeros((3, 20))
asked[0] = 1                                           # causal
asked[1, rng.choice(20, size=3, replace=False)] = 1    # masked
asked[2, 7:10] = 1                                     # a span

# %%
plots.heatmap(asked, rows=["causal", "masked", "span"], columns=poem,
              values=True, title="One poem asks 20 questions, or 3 (1: asked)")

# %% [markdown]
# Nearly seven times the questions from the same poem. But whoever answers a
# masked one may look at both sides; lesson 10 builds all three.
#
# ## What the documents say
#
# The documents are five Chinese overviews of large models; this course tests
# what they say.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | 交叉熵损失(用于分类问题)和均方误差(用于回归问题) ("cross-entropy for classification, squared error for regression") | right | squared error hardly pulls where a class is most wrong; nothing is half-way between moon and sun |
# | 损失函数量化了模型预测和真实标签之间的差距 ("the loss measures the gap between prediction and true label") | right, with a floor | a label may itself be wrong; in text nobody writes labels, the next character is one |
# | 并非所有训练目标都是平等的——有些训练目标比其他目标效率更高 ("not all objectives are equal, some are more efficient") | right | ELECTRA asks at every piece of text and learns more from the same compute than BERT (Clark et al. 2020); yet masked beat left-to-right in BERT's own comparison (Devlin et al. 2019, appendix C.1), so the count of questions does not decide alone |

# %% [markdown]
# ## Check yourself
#
# <details><summary>1. A model's loss is 3.0 nats a character. Among how many
# characters does it hesitate, and what is the loss in bits?</summary>
#
# $e^{3.0} \approx 20$ characters; $3.0 / \ln 2 \approx 4.3$ bits.
# </details>
#
# <details><summary>2. Two wages in a village are 1, one is 4. A model may say
# one number. Which loss makes it say 1, which 2?</summary>
#
# Absolute error asks for the median, 1; squared error for the mean, 2.
# </details>
#
# <details><summary>3. A fresh classifier of ten digits starts with a loss of
# 11. Is that bad luck?</summary>
#
# No. Not knowing costs $\ln 10 = 2.3$; at 11 it is confident and wrong.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Confident and wrong*: ask which loss starts faster, point at the left end. *The
# floor*: let all draw both curves first, point at where one crosses the floor and
# the other turns up. A common misunderstanding: that squared error is "not
# allowed" for probabilities. It is a fair loss with a slow start.
# </details>
#
# **What this left out**: losses that compare answers (lesson 15), a penalty on
# weights (06).
#
# **Where it goes next**: [the exercises](../exercises/04_loss.ipynb), then
# [lesson 05](05_backprop.ipynb): you have the slope at the scores, $p - y$; what
# is it at each weight of a deep network?
#
# **Read on**
# - C. E. Shannon, *Prediction and Entropy of Printed English*, 1951, Bell
#   System Technical Journal 30
# - C. Szegedy et al., *Rethinking the Inception Architecture*, 2016, arXiv
#   1512.00567, section 7: label smoothing
# - C. Zhang et al., *Understanding Deep Learning Requires Rethinking
#   Generalization*, 2017, arXiv 1611.03530: random labels learned by heart
# - J. Devlin et al., *BERT*, 2019, arXiv 1810.04805; C. Raffel et al. (T5),
#   2020, arXiv 1910.10683; K. Clark et al., *ELECTRA*, 2020, arXiv 2003.10555
