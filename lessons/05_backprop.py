# %% [markdown]
# # Which weight is to blame, and by how much?
#
# A network has answered, and the answer is wrong. Find out what each weight had
# to do with it.
#
# **You will** measure a gradient, send one backwards by pencil, and build an
# engine that does it for any formula.
#
# **You need** lessons [03](03_forward_pass.ipynb) and [04](04_loss.ipynb), and
# the slope of $x^2$.
#
# **Time** 34 minutes to read, 10 seconds to run

# %%
import numpy as np

from lmlab.page import plots, show

W1, b1 = np.array([[1.0, 0], [0, 1], [1, -1]]), np.array([0.0, -1, 0])
W2, b2 = np.array([[1.0, -2, 3]]), np.array([0.5])
names = [["$x_1$", "$x_2$"], ["$a_1$", "$a_2$", "$a_3$"], ["$z_2$"]]
plots.network([2, 3, 1], weights=[W1, W2], labels=names,
              title="The net of lesson 03, with its nine weights")

# %% [markdown]
# ## Nudge, and see what the loss does
#
# For `x = [1, 2]` this net answers -0.5. Say 1 is right, and the loss is the
# squared error: a function of 13 numbers, nine weights and four biases.

# %%
x, y = np.array([1.0, 2.0]), 1.0


def loss_of(row):                      # 13 numbers -> the loss
    W1, W2, b1, b2 = np.split(row, [6, 9, 12])
    a1 = np.maximum(W1.reshape(3, 2) @ x + b1, 0)
    return np.sum((W2 @ a1 + b2 - y) ** 2)


weights = np.concatenate([W1.ravel(), W2.ravel(), b1, b2])
print("loss:", loss_of(weights))

# %% [markdown]
# Move one number up by a tiny $h$, then down by as much:
#
# $$\frac{\partial L}{\partial w_i} \approx
# \frac{L(w_i + h) - L(w_i - h)}{2h}$$
#
# This is the slope of the loss along $w_i$, its *partial derivative* (偏导数).
# All 13 together are the *gradient* (梯度).
#
# > **Predict.** Raise the weight from $x_2$ to $a_2$, a 1 in the picture, by
# > 0.001. Does the loss rise or fall, and by about how much?

# %%
def numeric_gradient(f, w, h=1e-5):
    nudges = h * np.eye(len(w))        # row i moves number i alone
    return np.array([(f(w + n) - f(w - n)) / (2 * h) for n in nudges])


nudged = numeric_gradient(loss_of, weights)
print("the nine weights:", nudged[:9].round(6))

# %% [markdown]
# It rises: that weight's slope is the fourth, 12, so 0.001 more of it makes the
# loss about 0.012 larger. Where a slope is negative, more of the weight means
# less loss.
#
# Nudging runs the loss twice per weight: for the 175 billion of GPT-3 (Brown et
# al. 2020) 350 billion runs for one gradient.
#
# ## The chain rule, with a pencil
#
# If `L` moves 3 times as fast as `d`, and `d` twice as fast as `w`, then `L`
# moves 6 times as fast as `w`: slopes along a chain multiply. So start at the
# loss and walk back. Call the slope of the loss along a number its *blame*:
# `dz2` is the blame of `z2`.

# %% [markdown]
# | line, from the last to the first | what it passes back |
# | --- | --- |
# | $L = (z_2 - y)^2$ | $dz_2 = 2\,(z_2 - y)$ |
# | $z_2 = W_2\, a_1 + b_2$ | to a weight: $dz_2$ times its activation, an $a$ |
# | | to an activation: $dz_2$ times its weight |
# | $a_1 = \mathrm{relu}(z_1)$ | $dz_1 = da_1$ where the neuron is on, else 0 |
# | $z_1 = W_1\, x + b_1$ | to a weight: $dz_1$ times its input |
#
# A bias takes the blame of its `z`. All gradients in this one walk: that is
# *backpropagation* (反向传播).
#
# > **Predict.** From $x_2$ through $a_2$ to the loss: which four slopes
# > multiply to 12?

# %%
z1 = W1 @ x + b1                       # (3,)   forward
a1 = np.maximum(z1, 0)                 # (3,)
z2 = W2 @ a1 + b2                      # (1,)

dz2 = 2 * (z2 - y)                     # (1,)   and back
dW2, db2 = np.outer(dz2, a1) + 0, dz2  # (1, 3); + 0 makes -0 a 0
da1 = W2.T @ dz2                       # (3,)
dz1 = np.where(z1 > 0, da1, 0)         # (3,)
dW1, db1 = np.outer(dz1, x), dz1       # (3, 2)
print("slopes on the way:", dz2[0], W2[0, 1], int(z1[1] > 0), x[1])

# %% [markdown]
# The error gives -3, the output's weight -2, the ReLU 1, the input 2.
#
# > **Why** `W2.T`? Row $i$ of $W_2$ holds the weights with which neuron $i$
# > reads. Going back, activation $j$ gathers blame from all neurons that read
# > it: their weights for it stand in *column* $j$, a row of the transposed.
#
# Is the pencil right?

# %%
pencil = np.concatenate([dW1.ravel(), dW2.ravel(), db1, db2])
show.agree(pencil, nudged, 1e-7, names=("pencil", "nudging"))
plots.network([2, 3, 1], weights=[dW1, dW2], labels=names,
              title="The gradient: a neuron that is off takes no blame")

# %% [markdown]
# The three dotted lines meet in the third neuron: it was off, so nothing that
# came in or went out could change the loss.
#
# The gradient points to where the loss grows fastest. So step the other way:
# `new = old - learning_rate * gradient`, with a small *learning rate* (学习率).
#
# > **Predict.** The loss is 2.25. Which learning rate leads lowest, 0.01, 0.02
# > or 0.04? Does one of them end above 2.25?

# %%
new = weights - 0.01 * pencil
print("          W1" + 37 * " " + "W2" + 17 * " " + "b1" + 17 * " " + "b2")
for name, row in [("old", weights), ("gradient", pencil), ("new", new)]:
    print(f"{name:9}", *(f"{number:5.2f}" for number in row))

# %%
for rate in (0.01, 0.02, 0.04):
    print(f"{rate}: loss {loss_of(weights - rate * pencil):.2f}")

# %% [markdown]
# 0.02, by a little, though it stands on the other slope already; 0.04 lands above
# 2.25. A gradient knows the ground under your foot and nothing else.
#
# ## An engine that keeps receipts
#
# A new formula should not need a new pencil. So let every number keep a
# receipt: which numbers it was made of, and its slope along each. For a sum
# both slopes are 1; for a product each is the other number; for ReLU 1 or 0.
#
# A number may pass blame on only when it has received all of its own. So write
# all numbers on a *tape* as they are made, inputs first (a *topological
# order*), and walk it from the end.

# %%
tape = []


class Value:
    def __init__(self, data, *receipt):     # pairs: an input, the slope
        self.data, self.grad, self.receipt = data, 0.0, receipt
        tape.append(self)

    def __add__(self, other):
        return Value(self.data + other.data, (self, 1), (other, 1))

    def __mul__(self, other):
        slopes = (self, other.data), (other, self.data)
        return Value(self.data * other.data, *slopes)

    def relu(self):
        return Value(max(self.data, 0), (self, int(self.data > 0)))

# %%
def backward(loss):
    loss.grad = 1.0                         # it moves as fast as itself
    for node in reversed(tape):
        for source, slope in node.receipt:
            source.grad += node.grad * slope     # the chain rule

# %% [markdown]
# That is the whole engine. Send it along the pencil's way to 12: weight `w = 1`
# on the input `x = 2`, bias `b = -1`, weight `v = -2` in the output. All else
# (first neuron, output's bias, target) adds $1 + 0.5 - 1 = 0.5$.
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
edges = []
for node in tape:
    for source, slope in node.receipt:
        edges.append((name[source], name[node], f"{node.grad * slope:g}"))
plots.graph(boxes, edges,
            title="Slopes multiply along a chain, and add where paths meet")

# %% [markdown]
# Each edge shows what flows back. The two between `d` and `L` add up to -3;
# `=` would keep -1.5 and lose half of the blame, without an error. On the far
# left `w` receives its 12.
#
# One object per number is slow. `lmlab.learning.autograd` is the same machine
# on arrays: the receipt of its `Tensor` holds *rules*: from the gradient `g`
# of the result to that of an input. Here are the two of a product (`_value` takes
# the array, `_result` writes the receipt).
#
# > **Predict.** `b` has three numbers and is added to each of four rows of
# > zeros; the loss is the sum of the table. What is the gradient of `b`?

# %%
from lmlab.learning.autograd import Tensor, cross_entropy

show.source(Tensor.__mul__)
b = Tensor(np.zeros(3))
(np.zeros((4, 3)) + b).sum().backward()
print("gradient of b:", b.grad)

# %% [markdown]
# Four each: every number was used in four rows, and blame adds up. Now the
# net, on `x` against the pencil, then on 50 random inputs against torch.

# %%
def squared_error(net, X, Y):          # for tensors of ours and of torch
    W1, b1, W2, b2 = net
    return (((X @ W1.T + b1).relu() @ W2.T + b2 - Y) ** 2).mean()


ours = [Tensor(p) for p in (W1, b1, W2, b2)]
squared_error(ours, x, y).backward()
print(ours[0].grad)                    # of W1
show.agree(ours[0].grad, dW1, 1e-12, names=("our engine", "pencil"))

# %%
import torch

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(50, 2)), rng.normal(size=(50, 1))
ours = [Tensor(p) for p in (W1, b1, W2, b2)]
theirs = [torch.tensor(p, requires_grad=True) for p in (W1, b1, W2, b2)]
squared_error(ours, X, Y).backward()
squared_error(theirs, torch.tensor(X), torch.tensor(Y)).backward()
show.agree(ours[0].grad, theirs[0].grad, 1e-12, names=("our engine", "torch"))

# %% [markdown]
# One number, 12, found four ways: by nudging, by pencil, with receipts, on
# arrays. Nudging is the least exact, and needs no trust: whenever you write a
# gradient, nudge it.
#
# ## Four things happen in one iteration
#
# Now let the engine learn to read digits: 64 pixels, 64 hidden neurons, ten
# logits, the cross-entropy of lesson 04. A quarter is held out of training.

# %%
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

pixels, digits = load_digits(return_X_y=True)
train_X, test_X, train_y, test_y = train_test_split(
    pixels / 16, digits, test_size=0.25, random_state=0, stratify=digits)
print(len(train_X), "digits to learn from,", len(test_X), "held out")

# %%
def logits(X):
    W1, b1, W2, b2 = net
    return (X @ W1.T + b1).relu() @ W2.T + b2           # (rows, 10)


rng = np.random.default_rng(0)
s = np.sqrt(2 / 64)                                     # lesson 03's scale
net = [Tensor(s * rng.normal(size=(64, 64))), Tensor(np.zeros(64)),
       Tensor(s * rng.normal(size=(10, 64))), Tensor(np.zeros(10))]
print(f"untrained: {np.mean(logits(test_X).data.argmax(1) == test_y):.0%}")

# %% [markdown]
# Training repeats one *iteration* (迭代). Here is the first.
#
# > **Predict.** Its steps: forward, loss, backward, update. After the third,
# > how far has `W1` moved?

# %%
old = net[0].data.copy()                                # W1
scores = logits(train_X)                                # 1 forward
loss = cross_entropy(scores, train_y)                   # 2 loss
loss.backward()                                         # 3 backward
print(f"after 3, W1 has moved by {np.abs(net[0].data - old).max():.3f}")
for p in net:
    p.data -= 0.3 * p.grad                              # 4 update
    p.grad = None                                       # a clean slate
print(f"after 4, W1 has moved by {np.abs(net[0].data - old).max():.3f}")

# %% [markdown]
# Nothing moves until step 4. Backpropagation *computes* the gradient; the
# *optimiser* (优化器) uses it, here by plain *gradient descent* (梯度下降).
#
# > **Careful.** Gradients add up over calls, too. Without the clean slate
# > (torch's `zero_grad()`) each step takes all earlier ones again.
#
# > **Predict.** Now 1,500 iterations, each on 32 digits drawn at random, which
# > is cheaper. How many of the 450 held-out digits will it misread: 200, 50,
# > 10?

# %%
for _ in range(1500):
    rows = rng.integers(len(train_X), size=32)
    cross_entropy(logits(train_X[rows]), train_y[rows]).backward()
    for p in net:
        p.data -= 0.3 * p.grad
        p.grad = None

read = logits(test_X).data.argmax(axis=1)
wrong = np.flatnonzero(read != test_y)
print(f"misread: {len(wrong)} of {len(test_y)}")

# %%
plots.images(test_X[wrong].reshape(-1, 8, 8),
             [f"{test_y[i]} → {read[i]}" for i in wrong],
             title="All that it misread: the digit meant → the digit read")

# %% [markdown]
# Cover the captions, and read them yourself.
#
# ## Why depth was hard: gradients vanish and explode
#
# Each layer on the way back multiplies the gradient by its weights and by the
# slope of its activation. With weights of standard deviation $s / \sqrt n$ and
# half of the ReLUs off, that makes about $s / \sqrt 2$. Unless $s$ is close to
# $\sqrt 2$, thirty layers make the gradient *vanish* or *explode* (梯度消失,
# 梯度爆炸). *Normalisation*
# (归一化) holds sizes by force; *RMSNorm* divides every row by its root mean
# square (Zhang and Sennrich 2019).
#
# > **Predict.** For $s = 0.7$ the factor is about 0.5, 29 times. How much is
# > left at the first layer: a hundredth, a millionth, a billionth?

# %%
def gradient_by_layer(s, f=Tensor.relu, n=64):
    rng = np.random.default_rng(0)
    a, layers = Tensor(rng.normal(size=(64, n))), []
    for _ in range(30):
        a = f(a @ (rng.normal(size=(n, n)) * s / np.sqrt(n)))
        layers.append(a)
    (a * rng.normal(size=a.shape)).mean().backward()    # any loss will do
    sizes = np.array([np.linalg.norm(a.grad) for a in layers])
    return sizes[::-1] / sizes[-1]     # from the last layer to the first

# %%
def normalised(z, f=Tensor.relu):
    a = f(z)
    return a / (a**2).mean(axis=1, keepdims=True) ** 0.5


runs = {"s = 2": gradient_by_layer(2), "s = 0.7": gradient_by_layer(0.7),
        "s = 2, normalised": gradient_by_layer(2, normalised)}
bent = gradient_by_layer(1, lambda z: normalised(z, Tensor.sigmoid))
runs["sigmoid, s = 1, normalised"] = bent
plots.lines(runs, logy=True, xlabel="layers walked back",
            ylabel="length of the gradient",
            title="The same factor in every layer draws a straight line")
print({name: f"{run[-1]:.0e}" for name, run in runs.items()})

# %% [markdown]
# A billionth; with $s = 2$ the first layer gets 20,000 times what the last one
# got. Normalised, ReLU layers hold it. Those of sigmoid, never steeper than
# 1/4, lose it all the same at $s = 1$.
#
# ## What the documents say
#
# They are five Chinese overviews of large models that this course tests.
#
# | what is said | verdict | why |
# | --- | --- | --- |
# | 反向传播是一种高效计算损失函数关于每个参数梯度的方法: an efficient way to compute the gradient for each parameter | right | one walk back, where nudging our 13 numbers takes 26 runs |
# | 一次迭代一般包含以下三个步骤: forward, loss, backward | right | the update (更新参数) stands under the third; we count it apart |
# | 通过反向传播算法来调整权重: backpropagation adjusts weights | right in the older sense | so Rumelhart et al. (1986); today the optimiser does, and biases too |
# | RMSNorm 归一化 ... 可以避免梯度爆炸和消失的问题: it can avoid exploding and vanishing gradients | right, but no guarantee | above: with ReLU it does, with sigmoid at $s = 1$ it does not |

# %% [markdown]
# ## Check yourself
#
# 1. `y = a * a + a`, and `a` is 3. What is the gradient of `a`, edge by edge?
# 2. For 10,000 weights: how many runs of the loss does nudging need, and how
#    many walks backpropagation?
# 3. A ReLU neuron is off for every example. What is the gradient of its
#    incoming weights, and what will gradient descent do about it?
#
# <details><summary>Answers</summary>
#
# 1. The product sends 3 along each of its two edges, the sum sends 1: 7, which
#    is $2a + 1$.
# 2. 20,000 runs; one walk forward and one back.
# 3. Zero, so nothing: as long as its inputs stay the same, the neuron stays off.
#    It is *dead*.
# </details>

# %% [markdown]
# <details><summary><b>In class</b></summary>
#
# - *The gradient in the net* (a second). Let everyone fill in the nine numbers
#   first. A common misunderstanding: that a gradient of 0 means the weight is
#   right; at the dotted lines it means that nothing is known.
# - *The graph* (a second). Let the class walk back from `L`. Then change `+=`
#   to `=` in `backward`: which numbers turn wrong?
# </details>
#
# ## What this left out
#
# Forward mode, for few inputs and many outputs; second derivatives; cutting
# gradients that are too long (lesson 06); the shortcuts of deep nets (10).
#
# ## Where it goes next
#
# [Lesson 06](06_training.ipynb) makes learning of many steps. In the
# [exercise](../exercises/05_backprop.ipynb) you walk down a bowl, write the
# rules of an engine, and train a net with it.
#
# ## Read on
#
# - Griewank, *Who invented the reverse mode of differentiation?*, 2012,
#   Documenta Mathematica, extra volume ISMP (Linnainmaa, in 1970).
# - Rumelhart, Hinton and Williams, *Learning representations by
#   back-propagating errors*, 1986, Nature 323.
# - Zhang and Sennrich, *Root mean square layer normalization*, 2019, arXiv
#   1910.07467.
# - Brown et al., *Language models are few-shot learners*, 2020, arXiv
#   2005.14165.
