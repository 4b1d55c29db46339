# %% [markdown]
# # How does a network turn numbers into an answer?
#
# By multiplying, adding and cutting off at zero, a few thousand times. On this
# page you do it once with a pencil, then let NumPy do it for 1,797 pictures at
# once, and see what such a machine can bend, where it breaks, and what it
# knows before it has learned anything.
#
# **You will** compute a small network by hand, bend a boundary with a hidden
# layer, and count every parameter of a network that reads digits.
#
# **You need** Python, a little NumPy (`@` multiplies matrices), and what the
# slope of a curve is. No earlier lesson.
#
# **Time** 30 minutes to read, 9 seconds to run

# %%
import math

import numpy as np
import torch
from scipy.stats import norm
from sklearn.datasets import load_digits, make_moons

from lmlab.page import plots, show

# %% [markdown]
# ## One neuron, three numbers
#
# A *neuron* (神经元) takes some numbers `x`, multiplies each by a *weight*
# (权重), adds a *bias* (偏置), and passes the sum `z` through an *activation
# function* (激活函数) `f`:
#
# $$z = w_1 x_1 + w_2 x_2 + b, \qquad a = f(z)$$
#
# The one used most on this page is *ReLU* (rectified linear unit): it keeps
# what is positive and turns the rest into zero. A neuron with two inputs is
# three numbers: $w_1$, $w_2$ and $b$.
#
# > **Predict.** With `w = [1, -1]`, `b = 0` and the input `x = [1, 2]`: what
# > are `z` and `a`? Use a pencil.

# %%
def relu(z):
    return np.maximum(z, 0)


x = np.array([1.0, 2.0])
w, b = np.array([1.0, -1.0]), 0.0
z = w @ x + b                    # the same as w[0]*x[0] + w[1]*x[1] + b
print(f"z = {z:g}, a = {relu(z):g}")

# %% [markdown]
# The neuron is off. What would switch it on? Leave $w_1$ alone and turn $w_2$.
# Each line below is where `z` is exactly zero: to its right the neuron is on,
# to its left it is off.

# %%
ax = plots.axes("Turn one weight, and the border passes over the point",
                xlabel="$x_1$", ylabel="$x_2$", width=6, height=3.7)
for w2 in (-2, -1, -0.5, -0.25):
    ax.plot([0, -3 * w2], [0, 3], label=f"$w_2$ = {w2}: z = {1 + 2 * w2:g}")
ax.plot(*x, "o", color=plots.INK, markersize=10)
_ = ax.legend(title="border, and z at the point")

# %% [markdown]
# At $w_2 = -0.5$ the line goes through the point, and `z` is 0; at $-0.25$ the
# point lies on the right of the line and the neuron is on. The weights turn
# the border, the bias shifts it. That is all that one neuron can say: whether
# a point lies beyond one straight border and, if so, how far beyond, times a
# constant.
#
# ## A layer is several neurons that look at the same input
#
# Put three neurons side by side, and one more that reads their three answers.
# This is a *neural network* (神经网络) with an *input layer* (输入层) of two
# numbers, a *hidden layer* (隐藏层) of three neurons, and an *output layer*
# (输出层) of one. You will meet this very net again, in the lesson on
# backpropagation.

# %%
W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])  # (3 neurons, 2 inputs)
b1 = np.array([0.0, -1.0, 0.0])
W2 = np.array([[1.0, -2.0, 3.0]])                     # (1 neuron, 3 inputs)
b2 = np.array([0.5])
names = [["$x_1$", "$x_2$"], ["$a_1$", "$a_2$", "$a_3$"], ["$z$"]]
plots.network([2, 3, 1], weights=[W1, W2], labels=names,
              title="Six weights in, three out")

# %% [markdown]
# Each row of `W1` holds the weights of one neuron; the third row is the neuron
# that you computed. Stacked like this, a whole layer is one line:
#
# $$z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \qquad a^{(l)} = f(z^{(l)})$$
#
# where $a^{(0)}$ is the input. Going through the layers from the input to the
# output is the *forward pass*, or *forward propagation* (前向传播).
#
# > **Predict.** Go through the net with `x = [1, 2]`. Which hidden neurons are
# > on, and what comes out? The hidden layer uses ReLU, the output is left as
# > it is.

# %%
z1 = W1 @ x + b1                                      # (3,)
a1 = relu(z1)
z2 = W2 @ a1 + b2                                     # (1,)
print("hidden z:", z1, " pencil:", [1*1 + 0*2 + 0, 0*1 + 1*2 - 1, 1*1 - 1*2])
print("hidden a:", a1, " pencil:", [max(1, 0), max(1, 0), max(-1, 0)])
print("output z:", z2, " pencil:", [1*1 - 2*1 + 3*0 + 0.5])

# %% [markdown]
# Both sides agree, and the answer is -0.5. The third neuron is off: its weight
# of 3 in the output layer has no say for this input.
#
# Does the matrix line also agree with plain loops when the numbers are many
# and ugly? And inputs rarely come alone: a *batch* (批) is a table with one
# input a row, and each row has to come out as it would alone. With inputs in
# rows, the line turns round: `X @ W.T + b`.

# %%
rng = np.random.default_rng(0)
W, b = rng.normal(size=(50, 20)), rng.normal(size=50)
X = rng.normal(size=(30, 20))                         # a batch of 30 inputs
loops = [[sum(w * v for w, v in zip(weights, row)) + bias
          for weights, bias in zip(W, b)] for row in X]
show.agree(X @ W.T + b, loops, 1e-12, names=("one line", "three loops"))
print(X.shape, "->", (X @ W.T + b).shape)

# %% [markdown]
# From here on there are no loops over neurons. Keep an eye on the shapes: 30
# rows of 20 numbers became 30 rows of 50. A layer changes how many columns
# there are, never how many rows.
#
# ## Why bend at all?
#
# ReLU has relatives. *Sigmoid*, $1 / (1 + e^{-z})$, squeezes every number into
# 0 to 1, *tanh* into -1 to 1. *PReLU* lets a share of the negative side
# through, with a slope that is learned like a weight (He et al. 2015). *GELU*
# multiplies `z` by the share of the bell curve that lies below `z` (its `cdf`),
# a ReLU with a round corner (Hendrycks and Gimpel 2016); BERT (Devlin et al.
# 2019) and the first GPT (Radford et al. 2018) use it.

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def prelu(z, slope):
    return np.where(z > 0, z, slope * z)


z = np.linspace(-4, 4, 201)
curves = {"sigmoid": sigmoid(z), "tanh": np.tanh(z), "ReLU": relu(z),
          "PReLU": prelu(z, 0.25), "GELU": z * norm.cdf(z)}
show.agree(curves["GELU"], torch.nn.functional.gelu(torch.tensor(z)), 1e-12)

# %%
slopes = {name: np.gradient(a, z) for name, a in curves.items()}
left, right = plots.axes(["", ""], n=2, width=10, height=3.5)
plots.lines(curves, z, ax=left, xlabel="z", ylabel="f(z)",
            title="Three let large numbers pass")
plots.lines(slopes, z, ax=right, xlabel="z", ylabel="slope of f",
            title="Sigmoid is never steep")

# %% [markdown]
# PReLU is drawn with slope 0.25. Sigmoid and tanh level off, the other three
# grow with `z`. Now the slopes, on the right: sigmoid is never steeper than 1/4
# and flat at both ends; the slope of ReLU is 1 or 0. Both facts come back below.
#
# But why have an activation at all? Try without.
#
# > **Predict.** Five layers of matrices, nothing between them, the third only
# > two neurons wide. How many layers would do the same work? And the *rank*
# > (秩), the number of independent directions in which the answers spread?

# %%
sizes = [8, 8, 8, 2, 8, 8]
stack = [rng.normal(size=(out, into)) / math.sqrt(into)
         for into, out in zip(sizes, sizes[1:])]
flat = bent = X = rng.normal(size=(200, 8))
for W in stack:
    flat, bent = flat @ W.T, np.tanh(bent @ W.T)
one = np.linalg.multi_dot(stack[::-1])                # (8, 8)
show.agree(flat, X @ one.T, 1e-12, names=("five layers", "one matrix"))
print("rank without and with tanh:",
      [int(np.linalg.matrix_rank(answers)) for answers in (flat, bent)])

# %% [markdown]
# One layer, and rank two. Without activations the five layers collapse into a
# single matrix (biases would merge too). The narrow layer is felt to the end:
# all 200 answers lie in a flat sheet of two dimensions. With tanh between the
# layers the sheet is curved, and it takes all eight dimensions to hold it.
#
# PReLU has both ends on one dial: at slope 0 it is ReLU; at slope 1 it does
# nothing, and the layers collapse. Where should the dial stand? The data say.
# Below, 400 noisy points come from a slope of 0.3; try a hundred slopes, and
# keep the one with the smallest error.

# %%
z = rng.normal(size=400)
print("slope 0 is ReLU:", np.array_equal(prelu(z, 0), relu(z)),
      " slope 1 is z itself:", np.array_equal(prelu(z, 1), z))
target = prelu(z, 0.3) + 0.1 * rng.normal(size=400)
dial = np.linspace(0, 1, 101)
errors = [np.mean((prelu(z, slope) - target) ** 2) for slope in dial]
print(f"slope with the smallest error: {dial[np.argmin(errors)]:.2f}")

# %% [markdown]
# A hundredth beside the truth: the noise is felt. Trying them all works for one
# number; for thousands, lesson 05 has a better way.
#
# ## What can one hidden layer bend?
#
# Two crescents of points, hooked into each other. One straight border cannot
# part them. Let a hidden layer of ReLU neurons look first, each adding one
# crease to the plane, and let one output neuron weigh their answers.
#
# How to find good weights is the matter of the next lessons, so here is an
# honest shortcut: the hidden weights are *random* and stay so; only the output
# weights are chosen, by the ordinary least squares you may know from fitting a
# line.
#
# Points of class 0 should score -1, those of class 1 should score 1; a score
# above zero counts as class 1.
#
# > **Predict.** A straight border gets 88 of 100 points right. How many random
# > hidden neurons does it take to get 95: 4, 16, or 64?

# %%
points, kind = make_moons(n_samples=200, noise=0.15, random_state=0)


def hidden(X, width, seed):              # (rows, 2) -> (rows, width + 1)
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(width, 2)), rng.normal(size=width)
    answers = relu(X @ W.T + b) if width else X
    return np.column_stack([answers, np.ones(len(X))])   # 1 carries the bias


def score(X, width, seed=0):             # below zero: class 0, above: class 1
    aim = np.where(kind == 1, 1, -1)
    weights = np.linalg.lstsq(hidden(points, width, seed), aim)[0]
    return hidden(X, width, seed) @ weights

# %%
panels = plots.axes([""] * 4, n=4, width=10.5, height=3.2)
for ax, width in zip(panels, (0, 4, 16, 64)):
    right = np.mean([(score(points, width, seed) > 0) == kind
                     for seed in range(20)])
    plots.decision_regions(lambda X: score(X, width), points, kind, ax=ax,
                           title=f"{width} hidden: {right:.0%}")

# %% [markdown]
# The shares of right answers are means over twenty random draws, the black
# borders those of the first; the deeper a colour, the further the score is from
# zero. On the left, no hidden layer: a straight border, and the tips of the
# crescents are lost. Four random neurons do worse: the output sees nothing but
# their four answers, and chance rarely puts the creases where they are needed.
# Sixteen get there.
#
# > **Careful.** With 64 neurons the border also turns where no point asks for
# > it. And these are the points it was fitted to; how it does on others is
# > asked in lesson 06.
#
# ## How large should the weights be?
#
# A deep network multiplies again and again, and what is multiplied thirty
# times by something not quite 1 does not stay. Draw the weights from a bell
# curve of mean 0 and width (*standard deviation*) $s / \sqrt{n}$ for $n$
# inputs, and send a batch through thirty ReLU layers of 256 neurons.
#
# > **Predict.** `s` is 1, 1.41 or 2. For which do the *activations*, the
# > values `a`, keep their size?

# %%
def sizes_by_layer(s, n=256):
    rng = np.random.default_rng(0)
    a, sizes = rng.normal(size=(100, n)), []
    for _ in range(30):
        W = rng.normal(scale=s / math.sqrt(n), size=(n, n))
        a = relu(a @ W.T)
        sizes.append(np.sqrt(np.mean(a**2)))          # root mean square
    return sizes

# %%
runs = {f"s = {s:.2f}": sizes_by_layer(s) for s in (2, math.sqrt(2), 1)}
print({name: f"{run[-1]:.0e}" for name, run in runs.items()})
plots.lines(runs, range(1, 31), logy=True, xlabel="layer",
            ylabel="root mean square of activations",
            title="Too small and they die, too large and they explode")

# %% [markdown]
# A step up this axis is a factor, so a straight line is the same factor layer
# after layer. A layer multiplies the mean square by $s^2$ on average, and ReLU
# throws away the half that sits below zero. That makes about $s^2/2$ a layer,
# and $(s^2/2)^{30}$ for thirty: only $s = \sqrt 2$ holds (He et al. 2015). The
# roots drawn for the other two drift by $\sqrt 2^{\,30} = 2^{15} = 32768$, down
# or up.
#
# The bias matters too. A ReLU that is off for *every* input says nothing at
# all; it is called *dead*. Below, 1,000 neurons look at the 1,797 handwritten
# digits of scikit-learn.
#
# > **Predict.** With all biases at -2, how many of the thousand are dead?

# %%
digits = load_digits()
pixels = digits.data / 16                             # (1797, 64), 0 to 1
W = np.random.default_rng(0).normal(scale=math.sqrt(2 / 64), size=(1000, 64))
for bias in (0, -1, -2, -3):
    on = pixels @ W.T + bias > 0                      # (1797, 1000)
    print(f"bias {bias:2d}: {np.sum(~on.any(axis=0)):3d} of 1000 dead")

# %% [markdown]
# Even without a bias 24 are dead: ink is never negative, so a neuron with
# negative weights where digits have their ink never comes on. And pixels are
# at most 1, so by the rule above a usual sum is below $\sqrt 2$: few reach 2.
# Where nothing comes through, nothing can be corrected either, as lesson 05
# will show. So biases start at zero or near it.
#
# Sigmoid has an illness of its own. Nudge the input of a chain of ten sigmoid
# neurons: how far does the nudge get? Each neuron multiplies it by its weight
# and by the slope of sigmoid, which is $a (1 - a)$: at most 1/4, at $a = 0.5$.
# So multiply over ten neurons. The biases are chosen so that $a = 0.5$ stays
# where it is; we start a little beside it, at 0.6.
#
# > **Predict.** All weights are 1. What is left of a small nudge after ten
# > neurons: a tenth, a thousandth, a millionth?

# %%
weight = np.array([1, 4, 8])
a, slope = 0.6, 1.0
for _ in range(10):
    a = sigmoid(weight * a - weight / 2)              # the bias: -weight / 2
    slope = slope * weight * a * (1 - a)
print({f"weight {w}": f"{left:.1e}" for w, left in zip(weight, slope)})

# %% [markdown]
# With weight 1 less than a millionth arrives: the slope is at most 1/4, and
# $0.25^{10} < 10^{-6}$. Weight 4 makes up for the 1/4 as long as every neuron
# sits in its steep middle. Weight 8 should make it larger still, and makes it
# small: the neurons run into their flat ends, they *saturate*. ReLU, where it
# is on, has slope 1, ten times over.
#
# ## What does an untrained network know?
#
# Each digit is 8 by 8 pixels, so 64 numbers go in; 32 hidden neurons; ten
# numbers come out, one for each digit. These raw scores are called *logits*,
# and the largest is the answer. Nobody has trained this net: its weights are
# random, with the $s = \sqrt 2$ of above.

# %%
def untrained(seed):
    rng = np.random.default_rng(seed)
    W1 = rng.normal(scale=math.sqrt(2 / 64), size=(32, 64))
    W2 = rng.normal(scale=math.sqrt(2 / 32), size=(10, 32))
    a1 = relu(pixels @ W1.T)                          # biases are zero
    return a1, a1 @ W2.T


a1, logits = untrained(seed=0)
print("input", pixels.shape, " hidden", a1.shape, " output", logits.shape)
answers = logits.argmax(axis=1)
plots.images(digits.images[:16], [f"says {n}" for n in answers[:16]],
             title="An untrained net has an answer for everything")

# %% [markdown]
# It answers without hesitation. How often is it right, and is that luck?
#
# > **Predict.** Over a hundred random nets: the mean share of right answers,
# > and the range?

# %%
guesses = np.array([untrained(seed)[1].argmax(axis=1) for seed in range(100)])
shares = np.mean(guesses == digits.target, axis=1)    # (100,)
print(f"right: {shares.mean():.1%} on average,"
      f" from {shares.min():.1%} to {shares.max():.1%}")
favourite = np.mean([np.bincount(row).max() for row in guesses]) / len(pixels)
print(f"a net gives its favourite answer to {favourite:.0%} of the pictures")

# %% [markdown]
# One in ten, as a die with ten sides would have it; and yes, the good ones were
# lucky. The spread is wide because a net has one answer for more than half of
# the pictures.
#
# What would have to change are its *parameters* (参数), weights and biases.
# How many are there? A layer with $n$ inputs and $m$ neurons has $m n$ weights
# and $m$ biases, together $m (n + 1)$: here $32 \cdot 65 + 10 \cdot 33$. Ask
# torch, and then let NumPy repeat what torch's own net computes. `Linear(n, m)`
# is a layer with weights and biases, `Sequential` puts parts in a row, and
# `double` takes numbers of 64 bits, as NumPy does.

# %%
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(),
                            torch.nn.Linear(32, 10)).double()
in_torch = sum(p.numel() for p in model.parameters())
print(f"formula {32 * 65 + 10 * 33}, torch {in_torch}")
W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
by_hand = relu(pixels @ W1.T + b1) @ W2.T + b2
show.agree(by_hand, model(torch.tensor(pixels)), 1e-12)

# %% [markdown]
# torch stores weights as `(out, in)`, as this page does, and computes the same
# line.
#
# ## What the documents say
#
# This course began with five overviews of large models, in Chinese, and tests
# what they say. Four sentences belong here.
#
# > **From the documents.** "z(l)=W(l)a(l-1)+b(l), a(l)=σ(z(l))". **Right**,
# > and the line you used; σ stands for any activation, and the last layer
# > often has none. The same document calls it 向前传播 ("propagation towards
# > the front"); the standard term is 前向传播.
#
# > **From the documents.** A baby learns what an apple is because someone
# > tells it "这是一个苹果" ("this is an apple"); so do models. **Right for
# > some, imprecise for language models.**
#
# Try the comparison. One neuron is shown apples and pears, one by one, as two
# numbers: height over width, and how red it is. When it is wrong, it is told
# so, and its weights move by the input, towards it or away from it: the
# rule of the *perceptron* (Rosenblatt 1958, 1962).

# %%
rng = np.random.default_rng(0)
centre = np.tile([[0.95, 0.70], [1.20, 0.40]], (12, 1))   # apple, pear, ...
fruit = centre + rng.normal(scale=(0.08, 0.12), size=(24, 2))
fruit = np.column_stack([fruit, np.ones(24)])         # the 1 carries the bias
label = np.tile([1, -1], 12)                          # 1 for an apple

# %%
w = np.zeros(3)
for lap in (1, 2, 3):
    wrong = 0
    for x, y in zip(fruit, label):
        if y * (w @ x) <= 0:                          # signs differ: wrong
            w, wrong = w + y * x, wrong + 1
    print(f"round {lap}: wrong on {wrong} of 24")
ball = w @ [1.0, 0.05, 1]                             # round, not red
print("a tennis ball is", "an apple" if ball > 0 else "a pear")

# %% [markdown]
# It learns, and the comparison holds that far. It stops at three places. The
# neuron needs a label for each example, and several rounds; of preschool
# children who met a new thing and its name once, four in five picked it out
# when they heard the name again (Dollaghan 1985). It knows two words, so a
# tennis ball has to be one of them. And a language model is trained without
# anyone saying what is what: the text holds its own answers.
#
# Learning from given labels is *supervised* (监督学习); reading masses of text and
# predicting what comes next, *pre-training* (预训练), is *self-supervised*
# (自监督学习). Take 床前明月, "before my bed, bright moon": after 床 ("bed") comes
# 前 ("before"), after 床前 comes 明 ("bright"), after 床前明 comes 月 ("moon").
#
# > **From the documents.** Neural networks work by 模仿人脑 ("imitating the
# > human brain"). **Imprecise.** The idea of units that add up and fire above
# > a threshold came from there (McCulloch and Pitts 1943); what a nerve cell
# > does is something else.
#
# Compare a neuron of this page with one of the oldest models of a living one,
# the *leaky integrate-and-fire* neuron (it goes back to Lapicque 1907; Abbott
# 1999 tells how).
# Its voltage `v` leaks away, with a time constant of 20 milliseconds, while a
# current fills it; at 1 it fires a spike and starts again from zero. So a
# steady input gives a rhythm of spikes. How does the rhythm depend on the input?

# %%
current = np.linspace(0, 4, 81)                       # 81 neurons at once
v, spikes = np.zeros(81), np.zeros(81)
for _ in range(10_000):                               # a second, in 0.1 ms
    v = v + 0.1 / 20 * (current - v)                  # fill and leak
    spikes = spikes + (v >= 1)
    v = np.where(v >= 1, 0, v)                        # fire, and start again
plots.lines({"spiking": spikes, "ReLU": 50 * relu(current - 0.5)}, current,
            xlabel="input current", ylabel="spikes in a second",
            title="Counted over a second, spikes come near a ReLU")

# %% [markdown]
# Silent up to an input of 1, then a jump, then nearly straight: the count comes
# near a ReLU whose slope is 50, one over the 20 milliseconds. So a ReLU is a
# fair picture of a firing *rate*. There the likeness ends: the ReLU has no time,
# no memory of the last input, no spikes.
#
# > **From the documents.** "参数量必定会朝着远超人类大脑神经元数量的方向发展"
# > ("the number of parameters is bound to go far beyond the number of neurons
# > in the human brain"). **Wrong unit.** GPT-3 had passed that number in 2020.
# > But a parameter is no neuron: what resembles a weight is a *synapse*, the
# > contact between two neurons.
#
# | | how many | source |
# | --- | ---: | --- |
# | neurons of a brain | $8.6 \cdot 10^{10}$ | Azevedo et al. 2009 |
# | parameters of GPT-3 | $1.75 \cdot 10^{11}$ | Brown et al. 2020 |
# | synapses of the neocortex | $1.5 \cdot 10^{14}$ | Pakkenberg et al. 2003 |
#
# GPT-3 has twice as many parameters as a brain has neurons, and about a
# thousandth of the synapses. And a synapse is more than a number: its strength
# rises and falls with recent use (Zucker and Regehr 2002).
#
# ## Check yourself
#
# 1. A layer has `W` of shape `(5, 3)`. How many inputs, neurons and parameters
#    has it?
# 2. You double every weight and every bias of the hidden layer of the pencil
#    net. What happens to the answer? And with sigmoid instead of ReLU?
# 3. A friend's net of fifty ReLU layers gives 0.000 for every picture. Name
#    two suspects.
#
# <details><summary>Answers</summary>
#
# 1. Three inputs, five neurons, 15 weights and 5 biases: 20 parameters.
# 2. ReLU: `relu(2 z) = 2 relu(z)`, so the hidden answers double: 2, 2, 0, and
#    the output is 2 - 4 + 0.5 = -1.5 in place of -0.5 (its own bias is not
#    doubled). With sigmoid, doubling `z` is not doubling `a`: there is no such
#    rule.
# 3. Weights drawn too small: the activations shrink by the same factor in each
#    of fifty layers. Or biases so negative that a whole layer is dead.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *The untrained net* (a second). Ask first: how often is it right? Point at
#   the titles of the pictures, then at the spread. Common misunderstanding:
#   that an untrained net answers "I don't know"; it has no such output.
# - *Thirty layers* (a second). Let the class vote on `s`, then run. Point at
#   the scale of the axis: each line is straight, so each layer multiplies by
#   the same factor. Then have someone add 1.5 to the three.
# - *The tennis ball* (a second). Ask what the neuron will say, and what it
#   would need in order to say "neither".
# </details>
#
# ## What this left out
#
# How weights are found; layers that share weights (convolutions, lesson 19) or
# look at other positions (attention, lesson 09); normalisation, which holds
# the size of the activations in deep networks by force (lesson 11). That one
# hidden layer, if wide enough, can come as close as you like to any continuous
# function on a closed and bounded region is a theorem (Cybenko 1989 for
# sigmoid, Leshno et al. 1993 for ReLU too); it says neither how wide nor how to
# find the weights.
#
# ## Where it goes next
#
# The net is wrong nine times in ten. *How* wrong is each answer? That is
# [lesson 04](04_loss.ipynb). The
# [exercise](../exercises/03_forward_pass.ipynb) to this page ends with a net
# whose weights you choose by hand.
#
# ## Read on
#
# - McCulloch and Pitts, *A logical calculus of the ideas immanent in nervous
#   activity*, 1943, Bulletin of Mathematical Biophysics 5.
# - Rosenblatt, *The perceptron*, 1958, Psychological Review 65; *Principles of
#   Neurodynamics*, 1962.
# - Cybenko, *Approximation by superpositions of a sigmoidal function*, 1989,
#   Mathematics of Control, Signals and Systems 2.
# - Leshno, Lin, Pinkus and Schocken, *Multilayer feedforward networks with a
#   nonpolynomial activation function can approximate any function*, 1993,
#   Neural Networks 6.
# - He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, arXiv
#   1502.01852: PReLU, and the $\sqrt 2$.
# - Hendrycks and Gimpel, *Gaussian error linear units*, 2016, arXiv
#   1606.08415.
# - Devlin et al., *BERT*, 2019, arXiv 1810.04805. Radford et al., *Improving
#   language understanding by generative pre-training*, 2018.
# - Brown et al., *Language models are few-shot learners*, 2020, arXiv
#   2005.14165.
# - Azevedo et al., *Equal numbers of neuronal and nonneuronal cells make the
#   human brain an isometrically scaled-up primate brain*, 2009, Journal of
#   Comparative Neurology 513.
# - Pakkenberg et al., *Aging and the human neocortex*, 2003, Experimental
#   Gerontology 38.
# - Abbott, *Lapicque's introduction of the integrate-and-fire model neuron
#   (1907)*, 1999, Brain Research Bulletin 50.
# - Zucker and Regehr, *Short-term synaptic plasticity*, 2002, Annual Review of
#   Physiology 64.
# - Dollaghan, *Child meets word: "fast mapping" in preschool children*, 1985,
#   Journal of Speech and Hearing Research 28.
