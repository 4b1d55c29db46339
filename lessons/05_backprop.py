# %% [markdown]
# # Which weight is to blame, and by how much?
#
# Lesson 03 got an answer out of a network, lesson 04 measured how wrong it is.
# On this page you find out what each weight had to do with it: by nudging it,
# then with a pencil, then with an engine of your own that does it for any
# formula. At the end two networks have learned, and you have seen why deep
# ones long could not.
#
# **You will** measure a gradient, send one backwards through the net of
# lesson 03, and build an engine that trains a reader of digits.
#
# **You need** lessons [03](03_forward_pass.ipynb) and [04](04_loss.ipynb), and
# from school that $x^2$ has the slope $2x$. The chain rule is explained where
# it is needed.
#
# **Time** 35 minutes to read, 8 seconds to run

# %%
import numpy as np
import torch
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split

from lmlab import plots, show
from lmlab.autograd import Tensor, cross_entropy

# %% [markdown]
# ## Feel the slope
#
# You stand on a hillside in thick fog and want to go down. You cannot see the
# valley, but your foot can feel how the ground tilts. A loss is such a
# landscape: every point is one setting of the weights, its height is the loss.
# Take one with two weights, a bowl:
#
# $$L(w) = w_0^2 + 3\,w_1^2$$
#
# Feel along one direction at a time: nudge one weight up by a tiny $h$, then
# down by as much, and see what the loss does per unit of nudge. This *central
# difference* is close to the *partial derivative* (偏导数), the slope in that
# direction:
#
# $$\frac{\partial L}{\partial w_i} \approx
# \frac{L(w_i + h) - L(w_i - h)}{2h}$$
#
# The partial derivatives of all weights together are the *gradient* (梯度).
#
# > **Predict.** You stand at $w = (2, 1)$. With a pencil: what is the
# > gradient?

# %%
def bowl(w):
    return w[0] ** 2 + 3 * w[1] ** 2


def numeric_gradient(f, w, h=1e-5):
    nudges = h * np.eye(len(w))        # row i moves weight i alone
    return np.array([(f(w + n) - f(w - n)) / (2 * h) for n in nudges])


w = np.array([2.0, 1.0])
print("measured:", numeric_gradient(bowl, w).round(6))
print("pencil:  ", np.array([2 * w[0], 6 * w[1]]))

# %% [markdown]
# The gradient points uphill, where the loss grows fastest. So step the other
# way, by a small share of it, called the *learning rate* (学习率):
#
# `new = old - learning_rate * gradient`
#
# > **Predict.** The bottom of the bowl is at (0, 0). Does the arrow that
# > points straight downhill from (2, 1) point at it?

# %%
path, grid = [w], np.linspace(-3, 3, 121)
for _ in range(15):
    path.append(path[-1] - 0.08 * numeric_gradient(bowl, path[-1]))

ax = plots.axes("Downhill leads across the contours, not to the bottom",
                xlabel="$w_0$", ylabel="$w_1$", height=4)
ax.contour(grid, grid / 2, bowl(np.meshgrid(grid, grid / 2)),
           levels=[0.3, 1, 2, 4, 7, 10], colors=plots.MUTED, linewidths=1)
ax.plot(*np.transpose(path), "o-", color=plots.COLORS[0])
ax.annotate("", w - 0.2 * numeric_gradient(bowl, w), w,
            arrowprops={"arrowstyle": "-|>", "lw": 3, "color": plots.ACCENT})
ax.plot(0, 0, "+", color=plots.INK, markersize=14)
ax.set_aspect("equal")

# %% [markdown]
# It does not: the arrow leaves the contour line (a line of equal loss) at a
# right angle and runs past the bottom. The gradient knows the ground under
# your foot and nothing else. Fifteen small steps (the blue dots), each with a
# fresh gradient, go round the bend and arrive near the bottom, the cross, all
# the same.
#
# Two evaluations of the loss per weight are cheap for two weights. GPT-3 has
# 175 billion (Brown et al. 2020): 350 billion runs of the model before the
# first step is taken. There has to be a better way.
#
# ## The chain rule, with a pencil
#
# Here is the net of lesson 03 again, with `x = [1, 2]`. Say the right answer
# is `y = 1`, and the loss is the squared error.

# %%
x, y = np.array([1.0, 2.0]), 1.0
W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])    # (3 neurons, 2 inputs)
b1 = np.array([0.0, -1.0, 0.0])
W2 = np.array([[1.0, -2.0, 3.0]])                       # (1 neuron, 3 inputs)
b2 = np.array([0.5])

z1 = W1 @ x + b1
a1 = np.maximum(z1, 0)
z2 = W2 @ a1 + b2
loss = np.sum((z2 - y) ** 2)
print(f"z1 = {z1}, a1 = {a1}, z2 = {z2}, loss = {loss:g}")

# %% [markdown]
# The *chain rule* says: if `L` moves 3 times as fast as `d`, and `d` moves
# twice as fast as `w`, then `L` moves 6 times as fast as `w`. Slopes along a
# chain multiply. So start at the loss, and walk back one line at a time:
#
# | line, from the last to the first | its slope | so the blame of |
# | --- | --- | --- |
# | $L = (z_2 - y)^2$ | $2\,(z_2 - y)$ | $z_2$ is $-3$ |
# | $z_2 = W_2\, a_1 + b_2$ | for a weight: its activation | $W_2$ is $-3\,a_1$ |
# | the same line | for the bias: 1 | $b_2$ is $-3$ |
# | the same line | for an activation: its weight | $a_1$ is $-3\,W_2$ |
# | $a_1 = \mathrm{relu}(z_1)$ | 1 if on, 0 if off | $z_1$ is that of $a_1$, or 0 |
# | $z_1 = W_1\, x + b_1$ | for a weight: its input | $W_1$ is that of $z_1$ times $x$ |
#
# Each line needs only what the lines above it found. Getting the gradient of
# all weights in this way is *backpropagation* (反向传播), and one such walk is
# a *backward pass*.
#
# > **Predict.** Six weights lead into the hidden layer, three out of it. Which
# > of the nine get no blame at all?

# %%
dz2 = 2 * (z2 - y)                     # (1,)   dz2 is short for dL/dz2
dW2, db2 = np.outer(dz2, a1) + 0, dz2  # (1, 3), (1,); + 0 turns -0 into 0
da1 = W2.T @ dz2                       # (3,)
dz1 = np.where(z1 > 0, da1, 0)         # (3,)
dW1, db1 = np.outer(dz1, x), dz1       # (3, 2), (3,)
print(f"dz2 = {dz2}, da1 = {da1}, dz1 = {dz1}")
plots.network([2, 3, 1], weights=[dW1, dW2],
              labels=[["$x_1$", "$x_2$"], ["$a_1$", "$a_2$", "$a_3$"],
                      ["$z_2$"]],
              title="Gradients: a neuron that is off takes no blame")

# %% [markdown]
# The three around the third neuron, drawn dotted: it was off, so nothing that
# came in or went out could change the loss. The largest blame, 12, is on the
# weight from $x_2$ to the second neuron: a chain of
# $-3 \cdot -2 \cdot 1 \cdot 2$.
#
# Is the pencil right? Nudging settles it. Put the nine weights and four biases
# in one row of 13 numbers:

# %%
def loss_of(weights, X=x, y=y):        # X: one input, or a row for each
    W1, b1 = weights[:6].reshape(3, 2), weights[6:9]
    W2, b2 = weights[9:12].reshape(1, 3), weights[12:]
    return np.mean((np.maximum(X @ W1.T + b1, 0) @ W2.T + b2 - y) ** 2)


def flat(arrays):                      # many arrays as one row of numbers
    return np.concatenate([np.ravel(a) for a in arrays])


weights, gradient = flat([W1, b1, W2, b2]), flat([dW1, db1, dW2, db2])
show.agree(gradient, numeric_gradient(loss_of, weights), 1e-7,
           names=("pencil", "nudging"))

# %% [markdown]
# ## One step, weight by weight
#
# Learning is *adjusting the connection weights* (调整连接权重), says one
# document. Here it happens: `new = old - learning_rate * gradient`, once, for
# every number in the net.
#
# > **Predict.** A weight whose gradient is negative: does it go up or down?

# %%
names = [f"W1[{i}, {j}]" for i in range(3) for j in range(2)]
names += ["b1[0]", "b1[1]", "b1[2]"]
names += ["W2[0, 0]", "W2[0, 1]", "W2[0, 2]", "b2[0]"]
new = weights - 0.01 * gradient
show.table([[name, f"{o:g}", f"{g:g}", f"{n:g}"]
            for name, o, g, n in zip(names, weights, gradient, new)],
           header=["weight", "old", "gradient", "new"])

# %% [markdown]
# Up: where more of it means less loss, take more. Did the step pay? If the
# ground kept the tilt it has here, a step would lower the loss by gradient
# times step, summed over the weights. That is the promise; beside it stands
# the loss that is found after the step. The learning rate is not the only
# choice: the last two rows use the signs of the gradient alone, and let the
# output layer alone move.
#
# > **Predict.** The loss is 2.25. After a step with learning rate 0.001, 0.01
# > or 0.1, which one is lowest, and is any of them above 2.25?

# %%
output_layer = np.arange(13) >= 9
steps = {f"{r} × gradient": r * gradient for r in (0.001, 0.01, 0.1)}
steps["0.02 × signs"] = 0.02 * np.sign(gradient)
steps["0.01 × gradient, output layer"] = 0.01 * gradient * output_layer
rows = [[name, f"{loss - s @ gradient:.3f}", f"{loss_of(weights - s):.3f}"]
        for name, s in steps.items()]
show.table(rows, header=["step", "loss promised", "loss found"])

# %% [markdown]
# At 0.001 the promise is nearly kept. At 0.01 it cannot be (no square is below
# zero), yet the step pays well. At 0.1 it jumps across the valley and ends
# five times as high as it began. A gradient is a promise about the near
# neighbourhood, and what to do with it is a choice. Lesson 06 is about that
# choice.
#
# ## An engine that keeps receipts
#
# Nobody wants to do this by pencil for every new formula. But every formula is
# made of a few kinds of step. So let every number keep a receipt: which
# numbers it was made of, and its slope along each of them. When two numbers
# are added, both slopes are 1. When they are multiplied, the slope along each
# is the other one. ReLU's is 1 or 0.

# %%
tape = []                              # all numbers, in the order of making


class Value:
    """A number that remembers what it was made of, and its slopes."""

    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.grad = data, 0.0
        self.inputs, self.slopes = inputs, slopes
        tape.append(self)

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other),
                     (other.data, self.data))

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),))

# %% [markdown]
# Going back, one thing needs care: a number may pass blame on only when it has
# received all of its own. So all numbers have to stand in a line, every input
# before what is made of it (a *topological order*), and the walk starts at the
# end. The order in which they were made is such a line: that is what the tape
# is for. (In the exercise you find an order from the receipts alone.)

# %%
def backward(loss):
    for node in tape:
        node.grad = 0.0
    loss.grad = 1.0                    # the loss moves as fast as itself
    for node in reversed(tape):
        for i, slope in zip(node.inputs, node.slopes):
            i.grad += node.grad * slope                     # the chain rule

# %% [markdown]
# That is the whole engine. Follow with it the chain on which the pencil found
# 12, through the second hidden neuron: its weight `w = 1` on the input
# `x = 2`, its bias `b = -1`, its weight `v = -2` in the output. What the other
# neurons and the target contribute comes to `rest = 0.5`. The picture writes
# on every edge what flows back along it.
#
# > **Predict.** The error `d` enters `L = d * d` twice, and along each edge
# > flows -1.5. What is the gradient of `d`? And what would it be if the last
# > line of `backward` said `=` in place of `+=`?

# %%
tape.clear()                           # a fresh formula
w, x2, b, v, rest = (Value(n) for n in (1.0, 2.0, -1.0, -2.0, 0.5))
d = v * (w * x2 + b).relu() + rest     # the error, z2 - y
L = d * d
backward(L)

name = dict(zip(tape, "w x b v rest wx z a va d L".split()))
edges = [(name[i], name[node], f"{node.grad * slope:g}")
         for node in tape for i, slope in zip(node.inputs, node.slopes)]
plots.graph({name[node]: f"{name[node]} = {node.data:g}" for node in tape},
            edges, title="Going back, slopes multiply along a chain "
            "and add up where paths meet")
print(f"gradient of d: {d.grad:g}, of w: {w.grad:g}")

# %% [markdown]
# The two edges add up to -3, the pencil's `dz2`; overwriting would have kept
# -1.5 and lost half of the blame, without any error message. On the far left
# `w` has its 12. A number used in several places is blamed for all of them:
# you will meet it again as biases, as word vectors, as one weight used at
# every position of a text.
#
# ## The same on arrays
#
# One object per number is slow. `lmlab.autograd` is the same machine on NumPy
# arrays, in 300 lines that you can read. One thing changes: an array has no
# single slope along another array. In place of a number, the receipt holds a
# small function, a *rule*: given the gradient `g` of the result, return the
# gradient of the input. The cell shows one of them as it stands in the
# package, and sends the pencil's net through it. A `Tensor` is an array with
# receipts; plain arrays beside it are constants.
#
# > **Predict.** `b` has three numbers and is added to each of the four rows of
# > a table. The loss is the sum over the table. What is the gradient of `b`?

# %%
show.source(Tensor.__mul__)

net = [Tensor(p) for p in (W1, b1, W2, b2)]
hidden = (net[0] @ x + net[1]).relu()
((net[2] @ hidden + net[3] - y) ** 2).sum().backward()
show.agree(flat(p.grad for p in net), gradient, 1e-12,
           names=("lmlab.autograd", "pencil"))

b = Tensor(np.zeros(3))
(np.ones((4, 3)) + b).sum().backward()
print("gradient of b:", b.grad)

# %% [markdown]
# Four each: NumPy's broadcasting used every number of `b` in four rows, and a
# shared number adds up. So the rule for biases in a batch is: sum over the
# rows.
#
# Now the test that counts: 50 random inputs at once, with random targets, the
# same line for `lmlab.autograd` and for torch, and every number nudged too.

# %%
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
T = [Tensor(p) for p in (W1, b1, W2, b2)]
t = [torch.tensor(p, requires_grad=True) for p in (W1, b1, W2, b2)]
(((X @ T[0].T + T[1]).relu() @ T[2].T + T[3] - Y) ** 2).mean().backward()
hidden = (torch.tensor(X) @ t[0].T + t[1]).relu()
((hidden @ t[2].T + t[3] - torch.tensor(Y)) ** 2).mean().backward()

ours, torchs = flat(p.grad for p in T), flat(p.grad for p in t)
nudged = numeric_gradient(lambda w: loss_of(w, X, Y), weights)
show.agree(ours, torchs, 1e-12, names=("lmlab.autograd", "torch"))
show.agree(ours, nudged, 1e-7, names=("lmlab.autograd", "nudging"))

# %% [markdown]
# The two that use the chain rule agree to twelve digits, nudging to seven. It
# is an approximation, and the only one that needs no trust: whenever you write
# a gradient, nudge it.
#
# ## Four things happen in one iteration
#
# Two moons to be told apart, a net of two layers with 16 hidden neurons, and
# two logits. Training repeats one *iteration* (一次迭代). Count what happens
# in it, and watch when the weights move.
#
# > **Predict.** After `loss.backward()`, and before the line below it: how far
# > have the weights moved?

# %%
moons = make_moons(n_samples=200, noise=0.15, random_state=0)
rng = np.random.default_rng(0)


def layer(into, out):
    W = rng.normal(size=(out, into)) * np.sqrt(2 / into)    # lesson 03's scale
    return [Tensor(W), Tensor(np.zeros(out))]


def logits(X, net):
    W1, b1, W2, b2 = net
    return (X @ W1.T + b1).relu() @ W2.T + b2               # (rows, classes)


moon_net = layer(2, 16) + layer(16, 2)

# %%
rows, W = [], moon_net[0]
for iteration in (1, 2, 3):
    old = W.data.copy()
    scores = logits(moons[0], moon_net)                     # 1 forward
    loss = cross_entropy(scores, moons[1])                  # 2 loss
    loss.backward()                                         # 3 backward
    moved = [np.abs(W.data - old).max()]
    for p in moon_net:
        p.data -= 0.5 * p.grad                              # 4 update
        p.grad = None                                       # a clean slate
    moved.append(np.abs(W.data - old).max())
    rows.append([iteration, *(f"{m:.3f}" for m in (float(loss), *moved))])
show.table(rows, header=["iteration", "loss", "W1 moved by backward",
                         "W1 moved by update"])

# %% [markdown]
# Nothing moves until step 4. Backpropagation *computes* the gradient; what to
# do with it is the business of another part, the *optimiser* (优化器). Here it
# is one line, plain *gradient descent* (梯度下降) with a learning rate of 0.5;
# lesson 06 has cleverer ones.
#
# > **Careful.** The clean slate is needed because gradients add up, over
# > shared uses and over calls alike. Leave it out and each step also takes all
# > earlier ones again, and no error is raised. In torch the cure is called
# > `zero_grad()`.
#
# Now 500 iterations, and look.

# %%
def train(net, batches, rate):
    losses = []
    for X, y in batches:
        loss = cross_entropy(logits(X, net), y)
        loss.backward()
        for p in net:
            p.data -= rate * p.grad
            p.grad = None
        losses.append(float(loss))
    return losses

# %%
def class_1(X):                        # how much logit 1 is above logit 0
    scores = logits(X, moon_net).data
    return scores[:, 1] - scores[:, 0]


left, middle, right = plots.axes([""] * 3, n=3, width=12)
plots.decision_regions(class_1, *moons, ax=left, title="After 3 iterations")
losses = train(moon_net, [moons] * 500, rate=0.5)
plots.decision_regions(class_1, *moons, ax=middle, title="After 503")
plots.loss_curve({"": losses}, ax=right, title="Loss falls, border bends")
correct = np.mean((class_1(moons[0]) > 0) == moons[1])
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}, {correct:.0%} right")

# %% [markdown]
# On the left a border with a single bend, in the middle one that follows the
# moons, on the right how the loss got there. Lesson 03 left its hidden weights
# to chance; here every weight was told its share of the blame, 500 times.
#
# ## The same loop reads digits
#
# Nothing in `train` knows about moons. Give it the handwritten digits: 64
# pixels, 64 hidden neurons, ten logits; 32 digits at a time, drawn at random.
# A quarter of the digits is held out and never shown in training.
#
# > **Predict.** The untrained net of lesson 03 was right one time in ten. How
# > often is this one right after 1,500 iterations, on digits it has never
# > seen?

# %%
pixels, digits = load_digits(return_X_y=True)
train_X, test_X, train_y, test_y = train_test_split(
    pixels / 16, digits, test_size=0.25, random_state=0, stratify=digits)
rng = np.random.default_rng(0)
digit_net = layer(64, 64) + layer(64, 10)
picks = rng.integers(len(train_X), size=(1500, 32))
train(digit_net, ((train_X[i], train_y[i]) for i in picks), rate=0.3)

read = logits(test_X, digit_net).data.argmax(axis=1)
print(f"{len(test_y)} digits held out, {np.mean(read == test_y):.0%} right")
wrong = np.flatnonzero(read != test_y)
plots.images(test_X[wrong].reshape(-1, 8, 8),
             [f"{test_y[i]} → {read[i]}" for i in wrong],
             title="What it misread: the digit meant → the digit read")

# %% [markdown]
# Look at the pictures before you blame the net: some of these are hard for you
# too. And no torch was needed, only NumPy and receipts.
#
# ## Why depth was hard: gradients vanish and explode
#
# Going back through a layer multiplies the gradient by the layer's weights and
# by the slope of its activation. What is multiplied thirty times by something
# not quite 1 does not stay: lesson 03 saw it in the activations, and the
# gradient walks the same road back. That is *vanishing* or *exploding
# gradients* (梯度消失, 梯度爆炸).
#
# With weights of standard deviation $s / \sqrt n$ and half of the ReLUs off,
# one layer should scale the gradient by about $s / \sqrt 2$. Thirty layers
# lie between us and the first, so 29 such factors.
#
# > **Predict.** For $s = 0.7$ the factor is about 0.5. How much gradient is
# > left at the first layer: a hundredth, a millionth, a billionth?

# %%
def gradient_by_layer(s, f=Tensor.relu, normalise=False, depth=30, n=64):
    rng = np.random.default_rng(0)
    a, layers = Tensor(rng.normal(size=(64, n))), []
    for _ in range(depth):
        z = a @ (rng.normal(size=(n, n)) * s / np.sqrt(n))
        if normalise:                  # each row: mean 0, variance 1
            z = z - z.mean(axis=1, keepdims=True)
            z = z / (z**2).mean(axis=1, keepdims=True) ** 0.5
        a = f(z)
        layers.append(a)
    (a * rng.normal(size=a.shape)).mean().backward()        # any loss will do
    return np.array([np.linalg.norm(a.grad) for a in layers])

# %%
for s in (0.7, 1, 2**0.5, 2):
    size = gradient_by_layer(s)
    print(f"s = {s:<4.3g} pencil {(s / 2**0.5) ** 29:.0e}"
          f"   measured {size[0] / size[-1]:.0e}")

# %% [markdown]
# A billionth: the factor is 0.495 in each layer, and $0.495^{29}$ is about
# $10^{-9}$. At $s = 2$ the first layer receives 20,000 times what the last one
# got. The pencil had every digit that is shown. (Measured is the gradient of
# each layer's activations; that of its weights is this, times what the layer
# received.)
#
# What can be done? The scale $\sqrt 2$ helps at the start, but training moves
# the weights. *Normalisation* (归一化) holds the size by force: after each
# matrix, every row is set to mean 0 and variance 1 (*layer normalisation*, Ba
# et al. 2016). The engine differentiates through it without being told how.

# %%
relu, sigmoid = Tensor.relu, Tensor.sigmoid
cases = {"ReLU, s = 2": (2, relu), "ReLU, s = 1.41": (2**0.5, relu),
         "ReLU, s = 0.7": (0.7, relu), "sigmoid, s = 1": (1, sigmoid)}
titles = ["As they are: explode, hold, vanish",
          "Normalised: every ReLU net holds"]
panels = plots.axes([""] * 2, n=2, width=12)
for ax, normalise, title in zip(panels, (False, True), titles):
    sizes = {name: gradient_by_layer(s, f, normalise)[::-1]
             for name, (s, f) in cases.items()}
    plots.lines(sizes, logy=True, ax=ax, title=title,
                xlabel="layers walked back", ylabel="length of the gradient")
    ax.set_ylim(1e-21, 1e5)

# %% [markdown]
# The gradient walks from left to right, from the loss to the first layer. In
# the left picture the lines are straight: the same factor in every layer. In
# the right one the three ReLU nets lie on one level line, whatever the scale
# of their weights. Sigmoid still sinks, only more slowly: its slope is never
# above 1/4, and normalising makes up for a part of it. That is one reason to
# prefer ReLU; and deep nets were also given shortcuts past their layers, which
# lesson 10 builds.
#
# An exploding gradient shows itself: the loss becomes huge or `nan`. The usual
# guard cuts its length to a limit before the update (Pascanu et al. 2013). A
# vanishing one is silent. Nothing fails; the weights hardly move.
#
# ## What the documents say
#
# > **From the documents.** 反向传播 = 计算梯度 + 更新参数 ("backpropagation =
# > computing gradients + updating parameters"). **Imprecise.** It computes
# > gradients; the optimiser updates.
#
# Two of your tables show it. In the one of the iterations, nothing moved until
# the update. In the one of the steps, a single backward pass led to five
# different nets, one of them worse than before. The distinction earns its
# keep: optimisers differ in the update alone (lesson 06), and methods of
# fine-tuning in which weights they let move (lesson 14). In fairness, the
# paper that made the method famous gave the name to the whole procedure, the
# adjusting included (Rumelhart, Hinton and Williams 1986); usage has narrowed
# since.
#
# > **From the documents.** One iteration is 前向、损失、反向 ("forward, loss,
# > backward"). **Imprecise**: right in its order, and one short; these three
# > alone move nothing.
#
# > **From the documents.** Training means 调整连接权重 ("adjusting connection
# > weights"). **Right**, and biases too: all 13 adjustments are in your table.
#
# > **From the documents.** 梯度爆炸和消失 ("exploding and vanishing gradients")
# > are named as a danger. **Right**: two illnesses with one cause, a product
# > of many factors.
#
# The method is older than its fame: Seppo Linnainmaa described it in his
# master's thesis in 1970, for rounding errors.
#
# ## Check yourself
#
# 1. `y = a * a + a`, and `a` is 3. What is the gradient of `a`, edge by edge?
# 2. A net has 10,000 weights. How many runs of the loss does nudging need for
#    one gradient, and how many walks does backpropagation need?
# 3. A ReLU neuron is off for every example of a batch. What is the gradient of
#    its incoming weights, and what will plain gradient descent do about it?
#
# <details><summary>Answers</summary>
#
# 1. The product sends 3 along each of its two edges, the sum sends 1: 7, which
#    is $2a + 1$.
# 2. 20,000 runs; one walk forward and one back.
# 3. Zero, and so nothing: the neuron stays off. It is dead, as in lesson 03.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *The network with gradients* (a second). Before it, let everyone fill in
#   the nine numbers on paper. Point at the dotted lines. Common
#   misunderstanding: that a gradient of 0 means the weight is right; here it
#   means that nothing is known.
# - *The graph* (a second). Cover the edge labels, and let the class walk back
#   from L. Then change `+=` to `=` in `backward`, run again, and ask which
#   numbers turned wrong.
# - *Thirty layers* (a second). Ask for hands on hundredth, millionth,
#   billionth. Then have someone try `f=Tensor.tanh`.
# </details>
#
# ## What this left out
#
# Forward mode, which walks along with the computation and suits few inputs and
# many outputs; second derivatives; saving memory by computing activations
# again on the way back; running on a GPU. And choosing the learning rate, and
# stopping before the net learns its examples by heart.
#
# ## Where it goes next
#
# You have one step. Lesson 06 makes learning of many: better optimisers, and
# data held out to see whether it was learning at all. In the
# [exercise](../exercises/05_backprop.ipynb) to this page you write the rules
# of an engine, and train the moons with it.
#
# ## Read on
#
# - Linnainmaa, *The representation of the cumulative rounding error of an
#   algorithm as a Taylor expansion of the local rounding errors*, 1970,
#   master's thesis (in Finnish), University of Helsinki.
# - Rumelhart, Hinton and Williams, *Learning representations by
#   back-propagating errors*, 1986, Nature 323, 533-536.
# - Griewank, *Who invented the reverse mode of differentiation?*, 2012,
#   Documenta Mathematica, extra volume ISMP, 389-400.
# - Baydin, Pearlmutter, Radul and Siskind, *Automatic differentiation in
#   machine learning: a survey*, 2018, JMLR 18 (153), arXiv 1502.05767.
# - Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent
#   neural networks*, 2013, arXiv 1211.5063.
# - He, Zhang, Ren and Sun, *Delving deep into rectifiers*, 2015, arXiv
#   1502.01852. Ba, Kiros and Hinton, *Layer normalization*, 2016, arXiv
#   1607.06450.
# - Brown et al., *Language models are few-shot learners*, 2020, arXiv
#   2005.14165.
