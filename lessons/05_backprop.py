# %% [markdown]
# # Which weight is to blame, and by how much?
#
# Lesson 03 got an answer out of a network, lesson 04 measured how wrong it is.
# On this page you find out what each weight had to do with it: by nudging, with
# a pencil, and with an engine of your own that does it for any formula.
#
# **You will** measure a gradient, send one backwards through the net of
# lesson 03, and build an engine that trains a reader of digits.
#
# **You need** lessons [03](03_forward_pass.ipynb) and [04](04_loss.ipynb), and
# from school that $x^2$ has the slope $2x$. The chain rule is explained where
# it is needed.
#
# **Time** 30 minutes to read, 15 seconds to run

# %%
import numpy as np
import torch
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split

from lmlab.learning.autograd import Tensor, cross_entropy
from lmlab.page import plots, show

# %% [markdown]
# ## Feel the slope
#
# You stand on a hillside in thick fog and want to go down. You see
# nothing, but your foot feels how the ground tilts. A loss is such a
# landscape: every point is one setting of the weights, its height is the loss.
# Take one with two weights, a bowl:
#
# $$L(w) = w_0^2 + 3\,w_1^2$$
#
# Nudge one weight up by a tiny $h$, then down by as much, and see what the loss
# does per unit of nudge. This *central difference* is close to the *partial
# derivative* (偏导数), the slope in that direction:
#
# $$\frac{\partial L}{\partial w_i} \approx
# \frac{L(w_i + h) - L(w_i - h)}{2h}$$
#
# The partial derivatives of all weights together are the *gradient* (梯度).
#
# > **Predict.** With a pencil: what is the gradient at $w = (2, 1)$?

# %%
def bowl(w):
    return w[0] ** 2 + 3 * w[1] ** 2


def numeric_gradient(f, w, h=1e-5):
    nudges = h * np.eye(len(w))        # row i moves weight i alone
    return np.array([(f(w + n) - f(w - n)) / (2 * h) for n in nudges])


w = np.array([2.0, 1.0])
print("measured:", numeric_gradient(bowl, w).round(6))

# %% [markdown]
# The pencil says $2 w_0$ and $6 w_1$, which is 4 and 6 too. The gradient
# points uphill, where the loss grows fastest. So step the other way, by a
# small share of it, called the *learning rate* (学习率):
#
# `new = old - learning_rate * gradient`
#
# > **Predict.** The bottom of the bowl is at (0, 0). Walk from (2, 1) in a
# > straight line, the way that goes down fastest there. Do you come through
# > the bottom?

# %%
path = [w]
for _ in range(15):
    path.append(path[-1] - 0.08 * numeric_gradient(bowl, path[-1]))

# %%
grid = np.linspace(-3, 3, 121)
ax = plots.axes("The first direction misses, small steps come close",
                xlabel="$w_0$", ylabel="$w_1$", height=4)
ax.contour(grid, grid / 2, bowl(np.meshgrid(grid, grid / 2)),
           levels=[0.5, 2, 4, 7, 10], colors="grey", linewidths=1)
ax.axline(w, slope=6 / 4, color=plots.ACCENT, linestyle="--")
ax.plot(*np.transpose(path), "o-")
ax.set_aspect("equal")

# %% [markdown]
# You miss it: the dashed line crosses the contour (a line of equal loss) at a
# right angle and passes beside the bottom. The gradient knows the ground
# under your foot and nothing else. Fifteen small steps (the dots), each with a
# fresh gradient, go round the bend and come near the bottom all the same.
#
# Two runs of the loss per weight are cheap for two weights. GPT-3 has 175
# billion (Brown et al. 2020): 350 billion runs of the model for the first step.
#
# ## The chain rule, with a pencil
#
# Here is the net of lesson 03 again, with `x = [1, 2]`. Say the right answer
# is `y = 1`, and the loss is the squared error.

# %%
x, y = np.array([1.0, 2.0]), 1.0
W1 = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]])    # (3 neurons, 2 inputs)
W2 = np.array([[1.0, -2.0, 3.0]])                       # (1 neuron, 3 inputs)
b1, b2 = np.array([0.0, -1.0, 0.0]), np.array([0.5])

z1 = W1 @ x + b1
a1 = np.maximum(z1, 0)
z2 = W2 @ a1 + b2
loss = np.sum((z2 - y) ** 2)
print(f"z1 = {z1}, a1 = {a1}, z2 = {z2}, loss = {loss:g}")

# %% [markdown]
# The *chain rule* says: if `L` moves 3 times as fast as `d`, and `d` twice as
# fast as `w`, then `L` moves 6 times as fast as `w`. Slopes along a chain
# multiply. So start at the loss and walk back, one line at a time.
#
# Call the slope of the loss along a number the *blame* of that number, and
# write `dz2` for the blame of `z2`. Negative blame means: more of it, less
# loss.
#
# | line, from the last to the first | what it passes back |
# | --- | --- |
# | $L = (z_2 - y)^2$ | $dz_2 = 2\,(z_2 - y)$ |
# | $z_2 = W_2\, a_1 + b_2$ | to a weight: $dz_2$ times its activation |
# | | to an activation: $dz_2$ times its weight; $db_2 = dz_2$ |
# | $a_1 = \mathrm{relu}(z_1)$ | $dz_1$ is $da_1$ if the neuron is on, else 0 |
# | $z_1 = W_1\, x + b_1$ | to a weight: $dz_1$ times its input; $db_1 = dz_1$ |
#
# Getting the gradient of all weights in this way is *backpropagation*
# (反向传播), and one such walk is a *backward pass*.
#
# > **Predict.** Six weights lead into the hidden layer, three out of it. Which
# > of the nine get no blame at all?

# %%
dz2 = 2 * (z2 - y)                     # (1,)
dW2, db2 = np.outer(dz2, a1) + 0, dz2  # (1, 3), (1,); + 0 turns -0 into 0
da1 = W2.T @ dz2                       # (3,)
dz1 = np.where(z1 > 0, da1, 0)         # (3,)
dW1, db1 = np.outer(dz1, x), dz1       # (3, 2), (3,)

# %%
names = [["$x_1$", "$x_2$"], ["$a_1$", "$a_2$", "$a_3$"], ["$z_2$"]]
plots.network([2, 3, 1], weights=[dW1, dW2], labels=names,
              title="Gradients: a neuron that is off takes no blame")

# %% [markdown]
# The three around the third neuron, drawn dotted: it was off, so nothing that
# came in or went out could change the loss. The largest blame, 12, is on the
# weight from $x_2$ to the second neuron: a chain of four slopes, -3 for the
# error, -2 for the weight in the output, 1 for the ReLU, 2 for the input.
#
# Is the pencil right? Put the nine weights and four biases in one row of 13
# numbers, and nudge:

# %%
def flat(arrays):                      # many arrays as one row of numbers
    return np.concatenate([np.ravel(a) for a in arrays])


def loss_of(weights, X=x, Y=y):        # X: one input, or a row for each
    W1, b1, W2, b2 = np.split(weights, [6, 9, 12])
    a1 = np.maximum(X @ W1.reshape(3, 2).T + b1, 0)
    return np.mean((a1 @ W2.reshape(1, 3).T + b2 - Y) ** 2)

# %%
weights, gradient = flat([W1, b1, W2, b2]), flat([dW1, db1, dW2, db2])
show.agree(gradient, numeric_gradient(loss_of, weights), 1e-7,
           names=("pencil", "nudging"))

# %% [markdown]
# ## One step, weight by weight
#
# Now take one step, `new = old - learning_rate * gradient`, with all of them.
#
# > **Predict.** A weight whose gradient is negative: does it go up or down?

# %%
names = ("W1[0,0] W1[0,1] W1[1,0] W1[1,1] W1[2,0] W1[2,1] b1[0] b1[1] b1[2] "
         "W2[0,0] W2[0,1] W2[0,2] b2[0]").split()
rows = [[name, f"{old:g}", f"{slope:g}", f"{old - 0.01 * slope:g}"]
        for name, old, slope in zip(names, weights, gradient)]
show.table(rows, header=["weight", "old", "gradient", "new"])

# %% [markdown]
# Up: where more of it means less loss, take more. Did the step pay? If the
# ground kept its tilt, a step would lower the loss by gradient times step,
# summed over the weights. That is the loss promised; beside it stands the loss
# found after the step. And there is more to choose than the learning rate: the
# row before the last uses nothing but the signs of the gradient, the last lets
# the output layer alone move.
#
# > **Predict.** The loss is 2.25. After a step with learning rate 0.001, 0.01
# > or 0.1, which one is lowest, and is any of them above 2.25?

# %%
output_layer = np.arange(13) >= 9
steps = {f"{r} × gradient": r * gradient for r in (0.001, 0.01, 0.1)}
steps["0.02 × signs"] = 0.02 * np.sign(gradient)
steps["0.01 × gradient, output layer"] = 0.01 * gradient * output_layer
rows = [[name, f"{loss - gradient @ s:.3f}", f"{loss_of(weights - s):.3f}"]
        for name, s in steps.items()]
show.table(rows, header=["step", "loss promised", "loss found"])

# %% [markdown]
# At 0.001 the promise is nearly kept. At 0.01 it cannot be (no square is below
# zero), yet the step pays well. At 0.1 it jumps across the valley and ends
# five times as high as it began. A gradient is a promise about the near
# neighbourhood; what to do with it is a choice: lesson 06.
#
# ## An engine that keeps receipts
#
# A new formula should not need a new pencil: every formula is made of a few
# kinds of step. So let every number keep a receipt: which numbers it was made
# of, and its slope along each of them. For a sum both slopes are 1; for a
# product the slope along each is the other one; ReLU's is 1 or 0.
#
# One thing needs care: a number may pass blame on only when it has received
# all of its own. So put all numbers in a line, every input before what is made
# of it (a *topological order*), and walk from the end. The order in which they
# were made is such a line: that is the tape.

# %%
tape = []                              # all numbers, in the order of making


class Value:
    def __init__(self, data, inputs=(), slopes=()):
        self.data, self.grad = data, 0.0
        self.inputs, self.slopes = inputs, slopes           # the receipt
        tape.append(self)

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1, 1))

    def __mul__(self, other):
        slopes = other.data, self.data
        return Value(self.data * other.data, (self, other), slopes)

    def relu(self):
        return Value(max(self.data, 0), (self,), (int(self.data > 0),))

# %%
def backward(loss):
    loss.grad = 1.0                    # the loss moves as fast as itself
    for node in reversed(tape):
        for i, slope in zip(node.inputs, node.slopes):
            i.grad += node.grad * slope                     # the chain rule

# %% [markdown]
# That is the whole engine. Send it along the chain on which the pencil found
# 12: the second hidden neuron has the weight `w = 1` on the input `x = 2`, the
# bias `b = -1`, and the weight `v = -2` in the output. The rest (the first
# neuron, the output's bias, the target) adds $1 + 0.5 - 1 = 0.5$. On every
# edge of the picture stands what flows back along it.
#
# > **Predict.** The error `d` is -1.5, and it enters `L = d * d` twice. What
# > is the gradient of `d`? And what would it be if the last line of `backward`
# > said `=` in place of `+=`?

# %%
tape.clear()                           # a fresh formula
w, x2, b, v, rest = (Value(n) for n in (1.0, 2.0, -1.0, -2.0, 0.5))
d = v * (w * x2 + b).relu() + rest     # the error, z2 - y
L = d * d
backward(L)
print(f"gradient of d: {d.grad:g}, of w: {w.grad:g}")

# %%
name = dict(zip(tape, "w x b v rest wx z a va d L".split()))
boxes = {name[node]: f"{name[node]} = {node.data:g}" for node in tape}
edges = [(name[i], name[node], f"{node.grad * slope:g}")
         for node in tape for i, slope in zip(node.inputs, node.slopes)]
plots.graph(boxes, edges, title="Going back, slopes multiply along a chain "
                                "and add up where paths meet")

# %% [markdown]
# The two edges between `d` and `L` add up to -3, the pencil's `dz2`;
# overwriting would have kept -1.5 and lost half of the blame, without any
# error message. On the far left `w` receives its 12. A number used in several
# places is blamed for all of them: you will meet that again in biases, in word
# vectors, in one weight used at every position of a text.
#
# ## The same on arrays
#
# One object per number is slow. `lmlab.learning.autograd` is the same machine on NumPy
# arrays, in 300 lines that you can read: a `Tensor` is an array with a
# receipt, and plain arrays beside it are constants. An array has no single
# slope along another one, so the receipt holds a *rule*: given the gradient
# `g` of the result, return the gradient of the input. Below are the two rules
# of a product, as they stand in the package.
#
# > **Predict.** `b` has three numbers and is added to each of the four rows of
# > a table (NumPy calls it *broadcasting*). The loss is the sum over the
# > table. What is the gradient of `b`?

# %%
show.source(Tensor.__mul__)

b = Tensor(np.zeros(3))
(np.ones((4, 3)) + b).sum().backward()
print("gradient of b:", b.grad)

# %% [markdown]
# Four each: every number of `b` was used in four rows, and what is shared adds
# up. So the rule for biases in a batch is: sum over the rows. The engine does
# it by itself.
#
# Now the pencil's net, and then the test that counts: 50 random inputs at
# once, through `lmlab.learning.autograd`, through torch, and by nudging.

# %%
def squared_error(net, X, Y):
    W1, b1, W2, b2 = net
    return (((X @ W1.T + b1).relu() @ W2.T + b2 - Y) ** 2).mean()


ours = [Tensor(p) for p in (W1, b1, W2, b2)]
squared_error(ours, x, y).backward()
show.agree(flat(p.grad for p in ours), gradient, 1e-12,
           names=("lmlab.learning.autograd", "pencil"))

# %%
rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
ours = [Tensor(p) for p in (W1, b1, W2, b2)]
squared_error(ours, X, Y).backward()
theirs = [torch.tensor(p, requires_grad=True) for p in (W1, b1, W2, b2)]
squared_error(theirs, torch.tensor(X), torch.tensor(Y)).backward()

nudged = numeric_gradient(lambda w: loss_of(w, X, Y), weights)
ours, theirs = (flat(p.grad for p in net) for net in (ours, theirs))
show.agree(ours, theirs, 1e-12, names=("lmlab.learning.autograd", "torch"))
show.agree(ours, nudged, 1e-7, names=("lmlab.learning.autograd", "nudging"))

# %% [markdown]
# The two that use the chain rule agree to twelve decimals, nudging to seven.
# It is an approximation, and the one that needs no trust: whenever you write a
# gradient, nudge it.
#
# ## Four things happen in one iteration
#
# Two moons to be told apart, a net of two layers with 16 hidden neurons, two
# logits, and the cross-entropy of lesson 04. Training repeats one *iteration*
# (迭代). First the pieces, then one iteration.
#
# > **Predict.** The gradient is known after the third of the four. How far
# > have the weights moved by then?

# %%
def layer(n, m):                       # n inputs, m neurons
    W = rng.normal(size=(m, n)) * np.sqrt(2 / n)        # lesson 03's scale
    return [Tensor(W), Tensor(np.zeros(m))]


def logits(X, net):
    W1, b1, W2, b2 = net
    return (X @ W1.T + b1).relu() @ W2.T + b2           # (rows, classes)


rng = np.random.default_rng(0)
moons, kind = make_moons(n_samples=200, noise=0.15, random_state=0)

# %%
net = layer(2, 16) + layer(16, 2)
first, old = net[0], net[0].data.copy()                 # W1
scores = logits(moons, net)                             # 1 forward
loss = cross_entropy(scores, kind)                      # 2 loss
loss.backward()                                         # 3 backward
print(f"after 3, W1 has moved by {np.abs(first.data - old).max():.3f}")
for p in net:
    p.data -= 0.5 * p.grad                              # 4 update
print(f"after 4, W1 has moved by {np.abs(first.data - old).max():.3f}")

# %% [markdown]
# Nothing moves until step 4. Backpropagation *computes* the gradient; what to
# do with it is the business of another part, the *optimiser* (优化器). Here it
# is one line, plain *gradient descent* (梯度下降).
#
# Now repeat the four, with one line more.
#
# > **Careful.** Gradients add up, over shared uses and over calls alike. Leave
# > the clean slate out and each step also takes all earlier ones again, and no
# > error is raised. In torch the cure is called `zero_grad()`.

# %%
def train(net, batches, rate):
    losses = []
    for X, y in batches:
        loss = cross_entropy(logits(X, net), y)
        loss.backward()
        for p in net:
            p.data -= rate * p.grad
            p.grad = None              # a clean slate
        losses.append(float(loss))
    return losses

# %%
moon_net = layer(2, 16) + layer(16, 2)
losses = train(moon_net, [(moons, kind)] * 500, rate=0.5)
print(f"loss {losses[0]:.2f} -> {losses[-1]:.2f}")

# %%
def class_1(X):                        # how far logit 1 is above logit 0
    return logits(X, moon_net).data @ [-1, 1]


plots.decision_regions(class_1, moons, kind,
                       title="500 steps have bent the border round the moons")
print(f"{np.mean((class_1(moons) > 0) == kind):.0%} right")

# %% [markdown]
# Lesson 03 left its hidden weights to chance; here every weight was told its
# share of the blame, 500 times.
#
# ## The same loop reads digits
#
# Nothing in `train` knows about moons. Give it the handwritten digits: 64
# pixels, 64 hidden neurons, ten logits; 32 digits at a time, drawn at random.
# A quarter of the digits is held out and never shown in training.
#
# > **Predict.** The untrained nets of lesson 03 were right one time in ten. How
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

# %%
wrong = np.flatnonzero(read != test_y)
plots.images(test_X[wrong].reshape(-1, 8, 8),
             [f"{test_y[i]} → {read[i]}" for i in wrong],
             title="What it misread: the digit meant → the digit read")

# %% [markdown]
# These are all that it got wrong; cover the captions, and read them yourself.
# And no torch was needed, only NumPy and receipts.
#
# ## Why depth was hard: gradients vanish and explode
#
# Going back through a layer multiplies the gradient by the layer's weights and
# by the slope of its activation. Lesson 03 saw what thirty such factors do to
# activations; the gradient walks the same road back, and *vanishes* or
# *explodes* (梯度消失, 梯度爆炸).
#
# With weights of standard deviation $s / \sqrt n$ and half of the ReLUs off,
# one layer scales the gradient by about $s / \sqrt 2$. From the last of thirty
# layers back to the first there are 29 such factors.
#
# > **Predict.** For $s = 0.7$ the factor is about 0.5. How much gradient is
# > left at the first layer: a hundredth, a millionth, a billionth?

# %%
def gradient_by_layer(s, f=Tensor.relu, n=64):
    rng = np.random.default_rng(0)
    a, layers = Tensor(rng.normal(size=(64, n))), []
    for _ in range(30):
        a = f(a @ (rng.normal(size=(n, n)) * s / np.sqrt(n)))
        layers.append(a)
    (a * rng.normal(size=a.shape)).mean().backward()    # any loss will do
    return np.array([np.linalg.norm(a.grad) for a in layers])

# %%
for s in (0.7, 2**0.5, 2):
    size = gradient_by_layer(s)
    print(f"s = {s:<4.3g}  pencil {(s / 2**0.5) ** 29:.0e}"
          f"  measured {size[0] / size[-1]:.0e}")

# %% [markdown]
# A billionth. At $s = 2$ the first layer receives 20,000 times what the last
# one got. (Measured is the gradient of the activations; that of the weights is
# made from it, as in the table of the chain rule.)
#
# What can be done? The scale $\sqrt 2$ helps at the start, but training moves
# the weights. *Normalisation* (归一化) holds the size by force: after each
# matrix, every row is set to mean 0 and variance 1 (*layer normalisation*, Ba
# et al. 2016). The engine finds its gradient without being told how.

# %%
def normalised(z):
    z = z - z.mean(axis=1, keepdims=True)
    z = z / (z**2).mean(axis=1, keepdims=True) ** 0.5
    return z.relu()

# %%
panels = plots.axes([""] * 2, n=2, width=12)
for ax, f, title in zip(panels, (Tensor.relu, normalised),
                        ("As they are: explode, hold, vanish",
                         "Normalised: all three hold")):
    ax.set_ylim(1e-12, 1e4)
    sizes = {f"s = {s:.3g}": gradient_by_layer(s, f)[::-1]
             for s in (2, 2**0.5, 0.7)}
    plots.lines(sizes, logy=True, ax=ax, title=title,
                xlabel="layers walked back", ylabel="length of the gradient")

# %% [markdown]
# The gradient walks from left to right, from the loss to the first layer. On
# the left the lines are straight: the same factor in every layer. On the right
# all three lie on one level line, whatever the scale of the weights.
#
# An exploding gradient shows itself: the loss becomes huge or `nan`. The usual
# guard cuts its length to a limit before the update (Pascanu et al. 2013). A
# vanishing one is silent: the weights hardly move.
#
# ## What the documents say
#
# > **From the documents.** 反向传播 = 计算梯度 + 更新参数 ("backpropagation =
# > computing gradients + updating parameters"). **Imprecise.** It computes
# > gradients; the optimiser updates.
#
# Nothing moved until step 4; and in the table of steps, one backward pass led
# to five different nets, one of them worse than before. In fairness, the paper
# that made the method famous used the name for the whole procedure, the
# adjusting included (Rumelhart, Hinton and Williams 1986). The method is older
# than its fame: Seppo Linnainmaa described it in his master's thesis in 1970.
#
# The documents also speak of an iteration as forward, loss and backward
# (前向、损失、反向): **imprecise**, right in its order and one short, for these
# three move nothing. Of adjusting connection weights (调整连接权重): **right**,
# and biases too; all 13 adjustments are in your table. And of exploding and
# vanishing gradients (梯度爆炸和消失) as a risk: **right**, two illnesses with
# one cause, a product of many factors.
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
# 3. Zero, and so nothing: the neuron stays off. If that goes for every batch,
#    it is dead, as in lesson 03.
# </details>
#
# <details><summary><b>In class</b></summary>
#
# - *The network with gradients* (a second). Let everyone fill in the nine
#   numbers on paper first. Common misunderstanding: that a gradient of 0 means
#   the weight is right; at the dotted lines it means that nothing is known.
# - *The graph* (a second). Let the class walk back from L. Then change `+=` to
#   `=` in `backward`, run the three cells again, and ask which numbers turned
#   wrong.
# - *Thirty layers* (a second). Ask for hands on hundredth, millionth,
#   billionth. Then have someone try `f=Tensor.sigmoid` with `s = 1`.
# </details>
#
# ## What this left out
#
# Forward mode, which suits few inputs and many outputs; second derivatives;
# saving memory by computing activations again on the way back; the shortcuts
# past layers that keep gradients alive in deep nets (lesson 10).
#
# ## Where it goes next
#
# Lesson 06 makes learning of many steps: better optimisers, learning rates,
# and data held out to see whether it was learning at all. In the
# [exercise](../exercises/05_backprop.ipynb) to this page you write the rules
# of an engine, and train the moons with it.
#
# ## Read on
#
# - Linnainmaa, *The representation of the cumulative rounding error of an
#   algorithm as a Taylor expansion of the local rounding errors*, 1970,
#   master's thesis (in Finnish), University of Helsinki; its story is in
#   Griewank, *Who invented the reverse mode of differentiation?*, 2012,
#   Documenta Mathematica, extra volume ISMP.
# - Rumelhart, Hinton and Williams, *Learning representations by
#   back-propagating errors*, 1986, Nature 323.
# - Pascanu, Mikolov and Bengio, *On the difficulty of training recurrent
#   neural networks*, 2013, arXiv 1211.5063.
# - Ba, Kiros and Hinton, *Layer normalization*, 2016, arXiv 1607.06450.
# - Brown et al., *Language models are few-shot learners*, 2020, arXiv
#   2005.14165.
