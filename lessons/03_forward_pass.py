# %% [markdown]
# # How does a network turn numbers into an answer?
#
# By multiplying, adding and cutting off at zero, a few thousand times. You do
# it once with a pencil, then let NumPy do it for 1,797 pictures at once.
#
# **You will** compute a small network by hand, bend a boundary with a hidden
# layer, and count the parameters of a network that reads digits.
#
# **You need** Python, a little NumPy (`@` multiplies matrices), and what the
# slope of a curve is. No earlier lesson.
#
# **Time** 33 minutes to read, 10 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show

x = np.array([1.0, 2.0])                 # the inputs
w, b = np.array([1.0, -1.0]), 0.0        # the neuron
z = w @ x + b                            # w[0]*x[0] + w[1]*x[1] + b
print(f"z = {z:g}, a = {max(z, 0):g}")

# %% [markdown]
# ## One neuron, three numbers
#
# That was a *neuron* (神经元). It multiplies each input by a *weight* (权重), adds a
# *bias* (偏置), and passes the sum $z$ through an *activation function*
# (激活函数) $f$:
#
# $$z = w_1 x_1 + w_2 x_2 + b, \qquad a = f(z)$$
#
# Here $f$ is *ReLU* (rectified linear unit): it keeps what is positive and
# turns the rest into zero. With $z = 1 - 2 = -1$ the neuron is off.
#
# > **Predict.** Leave $w_1 = 1$ and $b = 0$, and turn $w_2$. From which value on is
# > the neuron on for this point?

# %%
ax = plots.axes("Turn one weight, and the border passes over the point",
                xlabel="$x_1$", ylabel="$x_2$", width=6, height=3.7)
for w2 in (-2, -1, -0.5, -0.25):         # z = 0: x1 = -w2 * x2
    ax.plot([0, -3 * w2], [0, 3], label=f"$w_2$ = {w2}: z = {1 + 2 * w2:g}")
ax.plot(*x, "o", color=plots.INK, markersize=10)
_ = ax.legend(title="border, and z at the point")

# %% [markdown]
# On each line $z$ is zero; to its right the neuron is on. Above $w_2 = -0.5$
# the point is on that side. Weights turn the border, the bias shifts it. All
# that one neuron says is whether a point lies beyond one straight border, by a
# number that grows with the way beyond.
#
# ## A layer is several neurons that look at the same input
#
# Three neurons side by side, and one more that reads their answers, make a
# *neural network* (神经网络): an *input layer* (输入层) of two numbers, a *hidden
# layer* (隐藏层) of three neurons, an *output layer* (输出层) of one. You will meet
# this net again in lesson 05.

# %%
W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])  # (3 neurons, 2 inputs)
b1 = np.array([0.0, -1.0, 0.0])
W2 = np.array([[1.0, -2.0, 3.0]])                     # (1 neuron, 3 inputs)
b2 = np.array([0.5])

# %%
names = [["$x_1$", "$x_2$"], ["$a_1$", "$a_2$", "$a_3$"], ["$z$"]]
plots.network([2, 3, 1], weights=[W1, W2], labels=names,
              title="Six weights in, three out")

# %% [markdown]
# Each row of `W1` holds the weights of one neuron; the third is the one you
# know. Stacked like this, a whole layer is one line:
#
# $$z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \qquad a^{(l)} = f(z^{(l)})$$
#
# where $a^{(0)}$ is the input. Going through the layers from input to output is
# the *forward pass*, or *forward propagation* (前向传播).
#
# > **Predict.** Take a pencil and go through the net with $x = [1, 2]$. Which
# > hidden neurons are on, and what comes out? ReLU after the hidden layer,
# > nothing after the output.

# %%
def relu(z):
    return np.maximum(z, 0)


z1 = W1 @ x + b1                                      # (3,)
z2 = W2 @ relu(z1) + b2                               # (1,)
print("hidden z:", z1, " a:", relu(z1))
print("output z:", z2, " pencil:", 1*1 - 2*1 + 3*0 + 0.5)

# %% [markdown]
# Two are on, and -0.5 comes out. The third is off: its weight of 3 in the
# output layer has no say for this input.
#
# Does the line also agree with plain loops when the numbers are many? Inputs
# come in a *batch* (批次), one a row, and with inputs in rows the line turns
# round: `X @ W.T + b`.

# %%
rng = np.random.default_rng(0)
W, b = rng.normal(size=(50, 20)), rng.normal(size=50)
X = rng.normal(size=(30, 20))                         # a batch of 30 inputs

# %%
loops = np.zeros((30, 50))
for row in range(30):
    for neuron in range(50):
        loops[row, neuron] = sum(W[neuron] * X[row]) + b[neuron]
show.agree(X @ W.T + b, loops, 1e-12, names=("one line", "loops"))

# %% [markdown]
# 30 rows of 20 numbers became 30 rows of 50. A layer changes how many columns
# there are, never how many rows.
#
# ## Why bend at all?
#
# ReLU has relatives. *Sigmoid*, $1 / (1 + e^{-z})$, squeezes every number into 0
# to 1. *PReLU* is a ReLU that lets a share of the negative side through, with a
# slope that is learned like a weight (He et al. 2015).

# %%
def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def prelu(z, slope):
    return np.where(z > 0, z, slope * z)

# %%
z = np.linspace(-4, 4, 201)
curves = {"sigmoid": sigmoid(z), "ReLU": relu(z), "PReLU": prelu(z, 0.25)}
left, right = plots.axes(["", ""], n=2, width=10, height=3.5)
plots.lines(curves, z, ax=left, xlabel="z", ylabel="f(z)",
            title="Sigmoid levels off, the others grow")
plots.lines({name: np.gradient(a, z) for name, a in curves.items()}, z,
            ax=right, xlabel="z", ylabel="slope of f",
            title="The slope of sigmoid is at most 1/4")

# %% [markdown]
# Remember the slopes, on the right: sigmoid's is at most 1/4 and nearly 0 at both
# ends, ReLU's is 1 or 0. PReLU, drawn with 0.25, has two ends: with slope 0 it is
# ReLU; with slope 1 it does nothing, $f(z) = z$.
#
# > **Predict.** Five layers with PReLU, the third only two neurons wide. In how
# > many independent directions do the answers spread (*rank*, 秩; 2: all in one
# > plane) if the slope is 1? And if it is 0.25?

# %%
sizes = [8, 8, 8, 2, 8, 8]
stack = [rng.normal(size=(m, n)) for n, m in zip(sizes, sizes[1:])]
X = rng.normal(size=(200, 8))
for slope in (1, 0.25):
    a = X
    for W in stack:
        a = prelu(a @ W.T, slope)
    print(f"slope {slope}: rank {np.linalg.matrix_rank(a)}")

# %% [markdown]
# Without a bend the five layers are a single matrix, their product, and the
# narrow one is felt to the end: 200 answers in a flat sheet of two directions.
# With slope 0.25 the sheet is creased, and takes all eight to hold.
#
# ## What can one hidden layer bend?
#
# Two crescents of points, hooked into each other, which no straight border can
# part. A hidden layer of ReLU neurons looks first, each adding one crease to
# the plane; one output neuron weighs their answers.
#
# Finding good weights is for the next lessons. Here the hidden weights are
# *random* and stay so. Only the output weights are fitted: class 0 should score
# -1, class 1 should score 1, with the smallest sum of squared misses (*least
# squares*).

# %%
from sklearn.datasets import make_moons

points, kind = make_moons(n_samples=200, noise=0.15, random_state=0)


def hidden(X, width, seed):              # (rows, 2) -> (rows, width + 1)
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(width, 2)), rng.normal(size=width)
    a = relu(X @ W.T + b) if width else X
    return np.column_stack([a, np.ones(len(X))])      # 1 carries the bias

# %%
def score(X, width, seed=0):             # above 0: class 1
    fitted = np.linalg.lstsq(hidden(points, width, seed), 2 * kind - 1)[0]
    return hidden(X, width, seed) @ fitted

# %% [markdown]
# > **Predict.** A straight border gets 88 of 100 points right. How many random
# > hidden neurons does it take to get 95: 4, 16, or 64?

# %%
panels = plots.axes([""] * 4, n=4, width=10.5, height=3.2)
for ax, width in zip(panels, (0, 4, 16, 64)):
    right = np.mean([(score(points, width, seed) > 0) == kind
                     for seed in range(20)])
    plots.decision_regions(lambda X: score(X, width), points, kind, ax=ax,
                           title=f"{width} hidden: {right:.0%} right")

# %% [markdown]
# Sixteen. (Shares are means over twenty random draws, borders those of the
# first; a deeper colour is a score further from zero.) On average four random
# creases do worse than a straight border: some draws put them far from where
# they are needed.
# With 64 the border also turns where no point asks for it: lesson 06 asks how
# such a net does on data it *never saw*.
#
# ## How large should the weights be?
#
# Draw weights from a bell curve of mean 0 and width (*standard deviation*) $s /
# \sqrt n$ for $n$ inputs. Then $z$ is a sum of $n$ products, each with a mean
# square of $s^2/n$ times that of the inputs, together $s^2$ times (the signs
# are random, so mixed terms cancel). Half of it lies below zero, and ReLU
# throws that away. So a layer multiplies the mean square by about $s^2/2$.
#
# > **Predict.** Thirty ReLU layers of 256 neurons. For which $s$ do the values
# > keep their size: 1, 1.41 or 2?

# %%
def sizes_by_layer(s, n=256):
    rng = np.random.default_rng(0)
    a, sizes = rng.normal(size=(100, n)), []
    for _ in range(30):
        W = rng.normal(scale=s / np.sqrt(n), size=(n, n))
        a = relu(a @ W.T)
        sizes.append(np.sqrt(np.mean(a**2)))          # root mean square
    return sizes

# %%
runs = {f"s = {s:.2f}": sizes_by_layer(s) for s in (2, np.sqrt(2), 1)}
plots.lines(runs, range(1, 31), logy=True, xlabel="layer",
            ylabel="root mean square of a",
            title="Too small and they fade, too large and they explode")

# %% [markdown]
# 1.41, where $s^2/2 = 1$ (He et al. 2015). A step up this axis is a factor, so a
# straight line is the same factor layer after layer; the others drift away from
# it by $\sqrt 2^{\,30} = 32{,}768$.
#
# The bias matters too. A ReLU that is off for *every* input is called *dead*. A
# thousand neurons look at the 1,797 handwritten digits of scikit-learn, 8 by 8
# pixels each.
#
# > **Predict.** Here $z$ is mostly within 1.4 of zero. With all biases at -2, how
# > many of the thousand are dead: 10, 500 or 900?

# %%
from sklearn.datasets import load_digits

digits = load_digits()
pixels = digits.data / 16                             # (1797, 64), 0 to 1
W = np.random.default_rng(0).normal(scale=np.sqrt(2 / 64), size=(1000, 64))
for bias in (0, -1, -2, -3):
    on = pixels @ W.T + bias > 0                      # (1797, 1000)
    print(f"bias {bias:2d}: {np.sum(~on.any(axis=0)):3d} of 1000 dead")

# %% [markdown]
# Where nothing comes through, nothing can be corrected, as lesson 05 will show.
# So biases start near zero. Even then a few are dead: ink is never negative, so
# a neuron with mostly negative weights where the ink lies never comes on.
#
# Sigmoid has an illness of its own. Nudge the input of a chain of ten sigmoid
# neurons: how much of it arrives? Each neuron multiplies it by its weight and
# by the slope of sigmoid, which is $a (1 - a)$
# (differentiate it).
#
# > **Predict.** All weights are 1. What is left after ten neurons: a tenth, a
# > thousandth, a millionth?

# %%
for weight in (1, 4, 8):
    a, nudge = 0.6, 1.0
    for _ in range(10):
        a = sigmoid(weight * (a - 0.5))               # bias -weight / 2
        nudge *= weight * a * (1 - a)
    print(f"weight {weight}: {nudge:.1e} of the nudge is left")

# %% [markdown]
# Less than a millionth: $0.25^{10} < 10^{-6}$. Weight 4 makes up for the 1/4
# while each neuron sits in its steep middle. Weight 8 runs them into their flat
# ends: they *saturate*. A ReLU that is on has slope 1.
#
# ## What does an untrained network know?
#
# 64 pixels in, 32 hidden neurons, ten numbers out, one for each digit. Such raw
# scores are called *logits*, and the largest is the answer. Nobody has trained
# this net: its weights are random, with $s = \sqrt 2$.

# %%
def untrained(seed):
    rng = np.random.default_rng(seed)
    W1 = rng.normal(scale=np.sqrt(2 / 64), size=(32, 64))
    W2 = rng.normal(scale=np.sqrt(2 / 32), size=(10, 32))
    return relu(pixels @ W1.T) @ W2.T                 # (1797, 10) logits

# %%
says = untrained(seed=0).argmax(axis=1)
plots.images(digits.images[:16], [f"says {n}" for n in says[:16]],
             title="An untrained net has an answer for everything")

# %% [markdown]
# > **Predict.** Over a hundred random nets: what is the mean share of right
# > answers, and does one of them reach 20 %?

# %%
guesses = np.array([untrained(s).argmax(axis=1) for s in range(100)])
right = np.mean(guesses == digits.target, axis=1)     # (100,)
print(f"right: {right.mean():.1%}, {right.min():.1%} to {right.max():.1%}")

# %% [markdown]
# One in ten on average, as with a die of ten sides. But a die would stay
# between 8 and 12 %: a net answers alike for pictures that look alike, so one
# draw makes it lucky, or unlucky, with hundreds at once.
#
# What would have to change are its *parameters* (参数), weights and biases. A
# layer with $n$ inputs and $m$ neurons has $mn + m$ of them: here
# $64 \cdot 32 + 32 + 32 \cdot 10 + 10$. Let torch count:

# %%
import torch

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(),
                            torch.nn.Linear(32, 10)).double()
print(sum(p.numel() for p in model.parameters()), "parameters")

# %% [markdown]
# And NumPy repeats what torch's own net computes:

# %%
W1, b1, W2, b2 = (p.detach().numpy() for p in model.parameters())
by_hand = relu(pixels @ W1.T + b1) @ W2.T + b2
show.agree(by_hand, model(torch.tensor(pixels)), 1e-12)

# %% [markdown]
# torch stores weights as `(out, in)`, as this page does, and computes the same
# line.
#
# ## What the documents say
#
# The documents are five Chinese overviews of large models; this course tests
# what they say.
#
# | they say | verdict | why |
# | --- | --- | --- |
# | z(l)=W(l)a(l−1)+b(l) | right | the line you used; the last layer often has no activation |
# | 我们就告诉他:“这是一个苹果。” ("we tell the baby: this is an apple") | right of some models | so a *perceptron* learns, as you try in the exercises; a language model is told nothing: the text it reads holds the answers |
# | 旨在模仿人脑的学习和决策过程 ("aims to imitate how the brain learns and decides") | imprecise | the idea of units that fire above a threshold came from there (McCulloch and Pitts 1943); a nerve cell has time and spikes, as you try in the exercises |
# | 神经元数量和相关参数量必定会朝着远超人类大脑神经元数量的方向发展 ("neurons and parameters are bound to go far beyond the brain's neurons") | parameters: already twice; neurons: nowhere near; wrong unit | GPT-3: $1.75 \cdot 10^{11}$ (Brown et al. 2020), neurons of a brain: $8.6 \cdot 10^{10}$ (Azevedo et al. 2009). But a weight resembles a *synapse*, of which the neocortex has $1.5 \cdot 10^{14}$ (Pakkenberg et al. 2003) |

# %% [markdown]
# ## Check yourself
#
# 1. A layer has `W` of shape `(5, 3)`. How many inputs, neurons and parameters?
# 2. You double every weight and bias of the hidden layer of the pencil net.
#    What happens to the answer?
# 3. A net of fifty ReLU layers gives 0.000 for every picture. Name two suspects.
#
# <details><summary>Answers</summary>
#
# 1. Three, five, and 15 + 5 = 20.
# 2. The hidden answers double to 2, 2, 0; the output is 2 - 4 + 0.5 = -1.5.
# 3. Weights drawn too small, or biases so negative that a layer is dead.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# *Thirty layers*: vote on $s$, then point at the scale: a straight line is one
# factor, layer after layer. *The untrained net*: ask how often it is right, then
# point at the titles of the pictures. Common misunderstanding: that an untrained
# net says "I don't know"; it has no such output.
# </details>
#
# **What this left out**: how weights are found; layers that share weights
# ([lesson 19](19_vision.ipynb)) or look at other positions (09); normalisation
# (05). That one hidden layer of sigmoid neurons, if wide enough, comes as close as
# you like to any continuous function on a closed, bounded region is a theorem
# (Cybenko 1989).
#
# **Where it goes next**: the [exercises](../exercises/03_forward_pass.ipynb),
# then [lesson 04](04_loss.ipynb): *how* wrong is each answer?
#
# **Read on**
# - He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, arXiv
#   1502.01852: PReLU, and the $\sqrt 2$
# - McCulloch and Pitts, *A logical calculus of the ideas immanent in nervous
#   activity*, 1943
# - Cybenko, *Approximation by superpositions of a sigmoidal function*, 1989
# - Azevedo et al., *Equal numbers of neuronal and nonneuronal cells ...*, 2009,
#   Journal of Comparative Neurology 513
# - Pakkenberg et al., *Aging and the human neocortex*, 2003, Experimental
#   Gerontology 38
# - Brown et al., *Language models are few-shot learners*, 2020, arXiv 2005.14165
