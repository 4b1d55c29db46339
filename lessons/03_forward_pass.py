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
# **Time** 30 minutes to read, 8 seconds to run

# %%
import math

import numpy as np
import torch
from sklearn.datasets import load_digits, make_moons

from lmlab import plots, show

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
height = np.array([0, 3])
for w2 in (-2.0, -1.0, -0.5, -0.25):
    ax.plot(-w2 * height, height, label=f"$w_2$ = {w2:g}: z = {1 + 2 * w2:g}")
ax.plot(*x, "o", color=plots.INK, markersize=10)
_ = ax.legend(title="border, and z at the point")

# %% [markdown]
# At $w_2 = -0.5$ the line goes through the point, and `z` is 0; at $-0.25$ the
# point lies on the right of the line and the neuron is on. The weights turn
# the border, the bias shifts it. That is everything one neuron can say: on
# which side of one straight border a point lies, and how far from it, times a
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
pencil = np.array([1*1 + 0*2 + 0, 0*1 + 1*2 - 1, 1*1 - 1*2 + 0])
print("hidden z:", z1, " by pencil", pencil, " after ReLU", a1)
print("output z:", z2, " by pencil", [1*1 - 2*1 + 3*0 + 0.5])

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
# rows of 20 numbers became 30 rows of 50. A layer changes the columns, never
# the rows.
#
# ## Why bend at all?
#
# ReLU has relatives. *Sigmoid* squeezes every number into 0 to 1, *tanh* into
# -1 to 1. *PReLU* lets a share of the negative side through, with a slope that
# is learned like a weight (He et al. 2015). *GELU* multiplies `z` by the
# probability that a standard normal number is below `z`, a ReLU with a round
# corner (Hendrycks and Gimpel 2016); BERT (Devlin et al. 2018) and the first
# GPT (Radford et al. 2018) use it.

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def prelu(z, slope):
    return np.where(z > 0, z, slope * z)


def gelu(z):
    return z * (1 + np.vectorize(math.erf)(z / math.sqrt(2))) / 2


z = np.linspace(-4, 4, 200)
show.agree(sigmoid(z), torch.sigmoid(torch.tensor(z)), 1e-12)
show.agree(gelu(z), torch.nn.functional.gelu(torch.tensor(z)), 1e-12)

# %%
activations = {"sigmoid": sigmoid, "tanh": np.tanh, "ReLU": relu,
               "PReLU": lambda z: prelu(z, 0.25), "GELU": gelu}
h = 1e-4
left, right = plots.axes(["", ""], n=2, width=10, height=3.5)
plots.lines({name: f(z) for name, f in activations.items()}, z, ax=left,
            title="Three let large numbers pass", xlabel="z", ylabel="f(z)")
plots.lines({name: (f(z + h) - f(z - h)) / (2 * h)
             for name, f in activations.items()}, z, ax=right,
            title="Sigmoid is never steep", xlabel="z", ylabel="slope of f")

# %% [markdown]
# PReLU is drawn with slope 0.25. Look at the slopes on the right: sigmoid is
# never steeper than 1/4 and flat at both ends; ReLU is either exactly 1 or
# exactly 0. Both facts come back below.
#
# But why have an activation at all? Try without.
#
# > **Predict.** Five layers of matrices, nothing between them, the third only
# > two neurons wide. How many layers would do the same work?

# %%
sizes = [8, 8, 8, 2, 8, 8]
stack = [rng.normal(size=(out, into)) / math.sqrt(into)
         for into, out in zip(sizes, sizes[1:])]
flat = bent = X = rng.normal(size=(200, 8))
for W in stack:
    flat, bent = flat @ W.T, np.tanh(bent @ W.T)

one = np.linalg.multi_dot(stack[::-1])                # (8, 8)
show.agree(flat, X @ one.T, 1e-12, names=("five layers", "one matrix"))
print("rank of that matrix:", np.linalg.matrix_rank(one))
print("rank of the 200 answers:", np.linalg.matrix_rank(flat),
      " and with tanh:", np.linalg.matrix_rank(bent))

# %% [markdown]
# One. Without activations the five layers collapse into a single matrix
# (biases would merge into a single bias), and the narrow layer is felt to the
# end: all answers lie in a flat sheet of two dimensions, rank 2. With tanh
# between the layers the sheet is curved, and it takes all eight dimensions to
# hold it.
#
# PReLU has both ends on one dial: at slope 0 it is ReLU; at slope 1 it does
# nothing, and the layers collapse. Where should the dial stand? The data say.
# Below, 400 noisy points come from a slope of 0.3; try every slope, and keep
# the one with the smallest error. (Trying them all works for one number. For
# thousands, lesson 05 has a better way.)

# %%
z = rng.normal(size=400)
show.agree(prelu(z, 0), relu(z), 1e-12, names=("PReLU(0)", "ReLU"))
show.agree(prelu(z, 1), z, 1e-12, names=("PReLU(1)", "identity"))
target = prelu(z, 0.3) + 0.1 * rng.normal(size=400)
slopes = np.linspace(0, 1, 101)
errors = [np.mean((prelu(z, slope) - target) ** 2) for slope in slopes]
print(f"slope with the smallest error: {slopes[np.argmin(errors)]:.2f}")

# %% [markdown]
# ## What can one hidden layer bend?
#
# Two crescents of points, hooked into each other. One straight border cannot
# part them. Let a hidden layer of ReLU neurons look first, each adding one
# crease to the plane, and let one output neuron weigh their answers.
#
# How to find good weights is the matter of the next lessons, so here is an
# honest shortcut: the hidden weights are *random* and stay so; only the output
# weights are chosen, by the ordinary least squares you may know from fitting a
# line (`np.linalg.lstsq`).
#
# > **Predict.** A straight border gets 88 of 100 points right. How many random
# > hidden neurons does it take to get 95: 4, 16, or 64?

# %%
points, kind = make_moons(n_samples=200, noise=0.15, random_state=0)


def fit(width, seed):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(width, 2)), rng.normal(size=width)

    def hidden(X):                   # (rows, 2) -> (rows, width + 1)
        return np.c_[relu(X @ W.T + b) if width else X, np.ones(len(X))]

    weights = np.linalg.lstsq(hidden(points), 2 * kind - 1)[0]   # aim: -1, 1
    return lambda X: hidden(X) @ weights                         # the score

# %%
four = plots.axes([""] * 4, n=4, width=10.5, height=3.2)
for ax, width in zip(four, (0, 4, 16, 64)):
    right = np.mean([(fit(width, seed)(points) > 0) == kind
                     for seed in range(20)])
    plots.decision_regions(fit(width, 0), points, kind, ax=ax,
                           title=f"{width} hidden: {right:.0%}")

# %% [markdown]
# The percentages are means over twenty random draws, the borders those of the
# first draw. On the left, no hidden layer: a straight border, and the tips of
# the crescents are lost. Four random neurons do no better: the output sees
# nothing but their four answers, and chance rarely puts the creases where they
# are needed. Sixteen get there.
#
# > **Careful.** With 64 neurons the border also turns where no point asks for
# > it. And these are the points it was fitted to; how it does on others is
# > asked in lesson 06.
#
# ## How large should the weights be?
#
# A deep network multiplies again and again, and what is multiplied thirty
# times by something not quite 1 does not stay. Draw the weights at random with
# the standard deviation $s / \sqrt{n}$ where $n$ is the number of inputs, and
# send a batch through thirty ReLU layers of 256 neurons.
#
# > **Predict.** `s` is 1, 1.41 or 2. For which do the activations keep their
# > size?

# %%
def sizes_by_layer(s, n=256):
    rng = np.random.default_rng(0)
    a, sizes = rng.normal(size=(100, n)), []
    for _ in range(30):
        W = rng.normal(scale=s / math.sqrt(n), size=(n, n))
        a = relu(a @ W.T)
        sizes.append(np.sqrt(np.mean(a**2)))          # root mean square
    return sizes


runs = {f"s = {s:.2f}": sizes_by_layer(s) for s in (2, math.sqrt(2), 1)}
print({name: f"{run[-1]:.0e}" for name, run in runs.items()})
plots.lines(runs, range(1, 31), logy=True, xlabel="layer",
            ylabel="root mean square of activations",
            title="Too small and they die, too large and they explode")

# %% [markdown]
# A layer multiplies the mean square by $s^2$ on average, and ReLU throws away
# the half that sits below zero. So each layer multiplies it by about $s^2/2$,
# and thirty layers by $(s^2/2)^{30}$: only $s = \sqrt 2$ holds (He et al.
# 2015). The other two drift by a factor of $\sqrt 2^{\,30} = 2^{15} = 32768$,
# down or up.
#
# The bias matters too. A ReLU that is off for *every* input says nothing at
# all; it is called *dead*. Below, one layer of 1,000 neurons looks at the
# 1,797 handwritten digits that come with scikit-learn.
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
# Where nothing comes through, nothing can be corrected either, as lesson 05
# will show. That is one reason why biases start at zero or near it.
#
# Sigmoid has an illness of its own. Nudge the input of a chain of ten sigmoid
# neurons: how far does the nudge get? Each neuron multiplies it by its weight
# and by the slope of sigmoid, which is $a (1 - a)$: at most 1/4, at $a = 0.5$,
# as in the picture above. So multiply over ten neurons.
#
# > **Predict.** All weights are 1. What is left of a small nudge after ten
# > neurons: a tenth, a thousandth, a millionth?

# %%
weight = np.array([1, 4, 8])
a, slope = 0.6, 1.0
for _ in range(10):
    a = sigmoid(weight * (a - 0.5))                   # bias: -weight / 2
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
# Now to real inputs. Each digit is 8 by 8 pixels, so 64 numbers go in; 32
# hidden neurons; ten numbers come out, one for each digit. These raw scores
# are called *logits*, and the largest is the answer. Nobody has trained this
# net: its weights are random, with the $s = \sqrt 2$ of above.

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
print(f"right: {shares.mean():.1%}, standard deviation {shares.std():.1%},"
      f" from {shares.min():.1%} to {shares.max():.1%}")
favourite = np.mean([np.bincount(row).max() for row in guesses]) / len(pixels)
print(f"a net gives its favourite answer to {favourite:.0%} of the pictures")

# %% [markdown]
# One in ten, as a die with ten sides would have it. The spread is wide because
# each net has a favourite answer, and is right mostly when that digit comes
# up.
#
# What would have to change are its *parameters* (参数), weights and biases.
# How many are there? A layer with $n$ inputs and $m$ neurons has $m n$ weights
# and $m$ biases, together $m (n + 1)$: here $32 \cdot 65 + 10 \cdot 33$. The
# cell counts them one by one, asks torch, and has torch run its own net with
# the same numbers.

# %%
torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(),
                            torch.nn.Linear(32, 10)).double()
W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
counted = sum(array.size for array in (W1, b1, W2, b2))
in_torch = sum(p.numel() for p in model.parameters())
print(f"formula {32 * 65 + 10 * 33}, counted {counted}, torch {in_torch}")
by_hand = relu(pixels @ W1.T + b1) @ W2.T + b2
show.agree(by_hand, model(torch.tensor(pixels)), 1e-12)

# %% [markdown]
# torch stores weights as `(out, in)`, as this page does, and computes the same
# line.
#
# ## What the documents say
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
# *perceptron* rule (Rosenblatt 1958).

# %%
rng = np.random.default_rng(0)
apples = rng.normal((0.95, 0.70), (0.08, 0.12), size=(12, 2))
pears = rng.normal((1.20, 0.40), (0.08, 0.12), size=(12, 2))
fruit = np.c_[np.r_[apples, pears], np.ones(24)]      # the 1 carries the bias
label = np.repeat([1, -1], 12)                        # someone has to say it
w, corrections = np.zeros(3), [24]
while corrections[-1] > 0 and len(corrections) < 50:
    corrections.append(0)
    for i in rng.permutation(24):
        if label[i] * (w @ fruit[i]) <= 0:            # wrong
            w = w + label[i] * fruit[i]
            corrections[-1] += 1
print("corrections in each round of 24:", corrections[1:])
ball = w @ [1.0, 0.05, 1]                             # round, not red
print("a tennis ball is", "an apple" if ball > 0 else "a pear")

# %% [markdown]
# It learns, and the comparison holds that far. It stops at three places. The
# neuron needs a label for each example, and several rounds; a child can pick
# up a new word from hearing it once or twice (Carey and Bartlett 1978). It
# knows two words, so a tennis ball has to be one of them. And a language model
# is trained without anyone saying what is what: the text holds its own
# answers. Learning from given labels is *supervised*; pre-training is
# *self-supervised*: after 床 comes 前, after 床前 comes 明, after 床前明 comes
# 月.
#
# > **From the documents.** Neural networks work by 模仿人脑 ("imitating the
# > human brain"). **Imprecise.** The idea of units that add up and fire above
# > a threshold came from there (McCulloch and Pitts 1943); what a nerve cell
# > does is something else.
#
# Compare a neuron of this page with one of the oldest models of a living one,
# the *leaky integrate-and-fire* neuron (Lapicque 1907, told in Abbott 1999).
# Its voltage `v` leaks away while a current fills it; at a threshold it fires
# a spike and starts again from zero. It lives in time.

# %%
def integrate_and_fire(current, milliseconds, dt=0.1, tau=20.0):
    v, voltages = np.zeros_like(current), []
    for _ in range(int(milliseconds / dt)):
        v = v + dt / tau * (current - v)
        voltages.append(v)
        v = np.where(v >= 1, 0.0, v)                  # a spike, and reset
    return np.array(voltages)                         # (steps, currents)

# %%
voltage = integrate_and_fire(np.array([1.5]), 100)[:, 0]
current = np.linspace(0, 4, 81)
rate = np.sum(integrate_and_fire(current, 1000) >= 1, axis=0)
left, right = plots.axes(["", ""], n=2, height=3.4)
plots.lines(voltage, np.arange(1000) / 10, ax=left, ylabel="voltage",
            title="A steady input, a rhythm", xlabel="milliseconds")
plots.lines({"spiking": rate, "ReLU": 50 * relu(current - 0.5)}, current,
            ax=right, title="In a second, nearly a ReLU",
            xlabel="input", ylabel="spikes in a second")

# %% [markdown]
# On the left, a constant input gives a row of spikes. On the right, the spikes
# in one second against the input, beside the ReLU that it approaches (slope 50
# because $\tau$ is 20 ms): silent below a threshold, then rising. So a ReLU is
# a fair picture of a firing *rate*. There the likeness ends: the ReLU has no
# time, no memory of the last input, no spikes.
#
# > **From the documents.** "参数量必定会朝着远超人类大脑神经元数量的方向发展"
# > ("the number of parameters is bound to go far beyond the number of neurons
# > in the human brain"). **Wrong unit.** GPT-3 was past it in 2020, and it
# > compares weights with neurons. What resembles a weight is a *synapse*, the
# > contact between two neurons.
#
# | | how many | source |
# | --- | ---: | --- |
# | neurons of a brain | $8.6 \cdot 10^{10}$ | Azevedo et al. 2009 |
# | parameters of GPT-3 | $1.75 \cdot 10^{11}$ | Brown et al. 2020 |
# | synapses of the neocortex alone | $1.5 \cdot 10^{14}$ | Pakkenberg et al. 2003 |
#
# Twice the neurons, and not a hundredth of the synapses. And a synapse is more
# than a number: its strength changes within milliseconds of being used (Zucker
# and Regehr 2002).
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
# hidden layer, if wide enough, can come close to any continuous function on a
# bounded region is a theorem (Cybenko 1989); it neither says how wide nor how
# to find the weights.
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
# - Rosenblatt, *The perceptron*, 1958, Psychological Review 65.
# - Cybenko, *Approximation by superpositions of a sigmoidal function*, 1989,
#   Mathematics of Control, Signals and Systems 2.
# - He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, arXiv
#   1502.01852: PReLU, and the $\sqrt 2$.
# - Hendrycks and Gimpel, *Gaussian error linear units*, 2016, arXiv
#   1606.08415.
# - Devlin et al., *BERT*, 2018, arXiv 1810.04805. Radford et al., *Improving
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
# - Carey and Bartlett, *Acquiring a single new word*, 1978, Papers and Reports
#   on Child Language Development 15.
