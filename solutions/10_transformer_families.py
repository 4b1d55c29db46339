# %% [markdown]
# # Exercises: one layer, three families
#
# Six tasks, from masks to a poem pressed into one number. They train what
# [lesson 10](../lessons/10_transformer_families.ipynb) showed: who may see whom,
# what is hidden, the layer, drawing from a distribution, the decoder's input,
# arithmetic coding. You write NumPy and plain Python. Right below each task
# stands its check; run it as often as you like. Hints are folded. **Time** 58
# minutes.

# %%
import numpy as np

from lmlab.checks import transformer_families as check
from lmlab.page import plots

# %% [markdown]
# ## 1. Three masks   ●○○  6 minutes
#
# The families differ in who may look at whom. Write all three masks over
# `n_source` tokens of a source, followed by `n_target` tokens of a target. In an
# encoder all see all; in a decoder each token sees itself and what stands
# before it. In an encoder-decoder the source is read both ways and knows nothing
# of the target, which is written from left to right and may look at all of the
# source.

# %% tags=["task"]
def family_mask(family: str, n_source: int, n_target: int) -> np.ndarray:
    """Return (n, n) booleans, n = n_source + n_target; row may see column.

    family: "encoder", "decoder" or "encoder-decoder".

    >>> family_mask("encoder-decoder", 2, 1)
    array([[ True,  True, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    ### BEGIN SOLUTION
    n = n_source + n_target
    if family == "encoder":
        return np.ones((n, n), dtype=bool)
    mask = np.tri(n, dtype=bool)
    if family == "encoder-decoder":
        mask[:, :n_source] = True
    return mask
    ### END SOLUTION

# %% tags=["check"]
check.family_mask(family_mask)

# %%
axes = plots.axes(["Encoder: all see all", "Decoder: only the past",
                   "Both: source, then target"], "who is looked at",
                  "who looks", n=3, width=10, height=3.6)
for ax, family in zip(axes, ("encoder", "decoder", "encoder-decoder")):
    plots.heatmap(family_mask(family, 3, 3), title="", ax=ax, vmin=0, vmax=1)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Take the example with a pencil: which of the three rows is the target's, and
# whom may it see? Then add a second target token.
# </details>
# <details><summary>Hint 2</summary>
#
# Two masks you know: all True, and True on and below the diagonal. The third is
# one of them, with some columns changed.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.tri(n, dtype=bool)` is the decoder's. For the encoder-decoder, set its first
# `n_source` columns to True.
# </details>

# %% [markdown]
# ## 2. What BERT is asked   ●●○  10 minutes
#
# BERT hides 15 % of the tokens. If it saw the hole's sign `mask_id` at each of
# them, it would learn to look at holes only, and in use there are none. So of the
# chosen places 80 % get `mask_id`, 10 % a random token, and 10 % stay as they are
# (Devlin et al. 2019, section 3.1). All of them are asked for. The chances come
# from outside, so that the check can follow: a place is chosen where `u < 0.15`;
# there, `v < 0.8` says hole, `v >= 0.9` says stay, what lies between says random.

# %% tags=["task"]
def hide_tokens(
    ids: np.ndarray,
    u: np.ndarray,
    v: np.ndarray,
    random_ids: np.ndarray,
    mask_id: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what BERT reads, and what it is asked: -100 where it is not.

    All arrays have one shape, (n,) or (batch, n); ids and random_ids are whole
    numbers. The arguments stay as they are.

    >>> hide_tokens(np.array([5, 6, 7]), np.array([0.1, 0.9, 0.1]),
    ...             np.array([0.5, 0.5, 0.95]), np.array([1, 1, 1]), mask_id=0)
    (array([0, 6, 7]), array([   5, -100,    7]))
    """
    ### BEGIN SOLUTION
    chosen = u < 0.15
    read = np.where(chosen & (v < 0.8), mask_id, ids)
    read = np.where(chosen & (v >= 0.8) & (v < 0.9), random_ids, read)
    return read, np.where(chosen, ids, -100)
    ### END SOLUTION

# %% tags=["check"]
check.hide_tokens(hide_tokens)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three kinds of chosen places change what BERT reads in three ways. Do they also
# differ in what it is asked?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.where(condition, this, that)` works place by place and writes into nothing.
# Conditions are joined by `&`, each in brackets.
# </details>
# <details><summary>Hint 3</summary>
#
# Begin with `read = np.where(chosen & (v < 0.8), mask_id, ids)`, then put
# `random_ids` where `v` lies in between. The questions are
# `np.where(chosen, ids, -100)`.
# </details>

# %% [markdown]
# ## 3. One block   ●●○  10 minutes
#
# Everything in a Transformer is this wiring of two parts. `attend` and `think`
# are functions that return what attention and the feed-forward *add*; you place
# sums and norms. Pre-norm (GPT-2): each part reads the normalised input. Post-norm
# (BERT): each sum is normalised.

# %%
def layer_norm(x):
    """Each token, a row, with mean 0 and deviation 1."""
    x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-5)

# %% tags=["task"]
def block(x: np.ndarray, attend, think, norm_first: bool) -> np.ndarray:
    """Return what the tokens become, (n, d), as x.

    attend, think: functions, (n, d) -> (n, d).

    >>> nothing = lambda x: 0 * x
    >>> block(np.array([[1.0, 3.0]]), nothing, nothing, norm_first=True)
    array([[1., 3.]])
    """
    ### BEGIN SOLUTION
    if norm_first:
        x = x + attend(layer_norm(x))
        return x + think(layer_norm(x))
    x = layer_norm(x + attend(x))
    return layer_norm(x + think(x))
    ### END SOLUTION

# %% tags=["check"]
check.block(block)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example nothing is added. Why does pre-norm return x itself, and what
# would post-norm return?
# </details>
# <details><summary>Hint 2</summary>
#
# Attention first; the feed-forward reads the sum that came of it, not the first
# x.
# </details>
# <details><summary>Hint 3</summary>
#
# Pre-norm: `x = x + attend(layer_norm(x))`, and the same with `think`. Post-norm:
# `x = layer_norm(x + attend(x))`, and the same.
# </details>

# %% [markdown]
# ## 4. Top-p   ●●○  8 minutes
#
# A model gives every token some chance, nonsense too; drawn often enough, it
# comes. Top-p (Holtzman et al. 2020, arXiv 1904.09751) keeps the likeliest
# tokens, the fewest that together reach `p`, and shares 1 among them in the old
# proportions. How many stay depends on how sure the model is.

# %% tags=["task"]
def top_p(chances: np.ndarray, p: float) -> np.ndarray:
    """Return the new chances, in the old order; 0 for what is dropped.

    chances: (n,), sum 1. p: above 0, at most 1. Of equals the earlier stays.

    >>> top_p(np.array([0.25, 0.5, 0.125, 0.125]), 0.75)
    array([0.33333333, 0.66666667, 0.        , 0.        ])
    """
    ### BEGIN SOLUTION
    order = np.argsort(-chances, kind="stable")
    before = np.cumsum(chances[order]) - chances[order]
    kept = np.zeros_like(chances)
    kept[order] = np.where(before < p, chances[order], 0)
    return kept / kept.sum()
    ### END SOLUTION

# %% tags=["check"]
check.top_p(top_p)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: in which order do you add, and when do you stop?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.argsort(-chances, kind="stable")` says in which order. A token stays if
# those *before* it do not reach `p` yet.
# </details>
# <details><summary>Hint 3</summary>
#
# `before = np.cumsum(sorted) - sorted`; keep where `before < p`. Write back with
# `kept[order] = ...`, then divide by the sum.
# </details>

# %% [markdown]
# Here is what follows 明 (bright) in the Tang poems, 月 (moon) most often, and
# what your function makes of it:

# %%
from collections import Counter

from lmlab.page import datasets

lines = [line for poem in datasets.tang_five() for line in poem.lines]
after = Counter(line[i + 1] for line in lines for i in range(4)
                if line[i] == "明").most_common()
counted = np.array([n for _, n in after]) / sum(n for _, n in after)
plots.heatmap([top_p(counted, p)[:8] for p in (1.0, 0.5, 0.3, 0.1)],
              rows=["p = 1", "p = 0.5", "p = 0.3", "p = 0.1"],
              columns=[c for c, _ in after[:8]], values=True,
              xlabel="next character (the 8 most frequent)",
              title="The smaller p, the fewer may come")

# %% [markdown]
# ## 5. Find the bug: it learned nothing   ●●○  10 minutes
#
# A colleague trains a T5 to copy, to reverse and to sort five characters. The
# training loss falls to nothing in no time; but when the model runs free, and
# reads what it has written itself, hardly an answer is right.

# %%
import torch
import torch.nn.functional as F

from lmlab.learning.batches import rows
from lmlab.learning.training import train
from lmlab.models.t5 import T5, T5Config

BEGIN = 13


def tasks(x):                           # (n, 5) numbers: copy, reverse, sort
    source = torch.cat([F.pad(x, (1, 0), value=task) for task in (10, 11, 12)])
    return source, torch.cat([x, x.flip(1), x.sort(1).values])


def learn(make_inputs, steps):
    """Train a T5 on what `make_inputs` lets its decoder read."""
    def loss(t5, x):
        source, target = tasks(x)
        read = torch.tensor(make_inputs(target.numpy(), BEGIN))
        logits = t5(source, read)
        return F.cross_entropy(logits.flatten(0, 1), target.flatten())

    torch.manual_seed(0)
    t5 = T5(T5Config(14, d_model=48, n_layers=1, n_heads=4)).double()
    data = torch.randint(10, (20000, 5))
    history = train(t5, rows(data, 32), steps=steps, learning_rate=0.005,
                    warmup=steps // 10, loss=loss)
    return t5.requires_grad_(False), history.loss[-1]

# %%
source, target = tasks(torch.randint(10, (200, 5),
                                     generator=torch.manual_seed(1)))


def run_free(t5):
    """Let it write five characters, each after those that it wrote."""
    written = torch.full((600, 1), BEGIN)
    for _ in range(5):
        new = t5(source, written)[:, -1:].argmax(-1)
        written = torch.hstack([written, new])
    return written[:, 1:]

# %%
def buggy_inputs(target, begin):
    read = np.hstack([target, np.full((len(target), 1), begin)])
    return read[:, :-1]


t5, loss = learn(buggy_inputs, steps=60)
right = (run_free(t5) == target).all(1).double().mean()
print(f"loss {loss:.1f}, and of 10 answers {10 * right:.0f} are right")

# %% [markdown]
# What does the decoder read at the place where it is to write the second
# character? Write it right: everything moves one place to the right, the sign
# to begin comes first, and the last character is never read.

# %% tags=["task"]
def decoder_inputs(target: np.ndarray, begin: int) -> np.ndarray:
    """Return what the decoder reads while it learns to write `target`.

    target: (batch, n) whole numbers. Returns the same shape.

    >>> decoder_inputs(np.array([[7, 8, 9]]), begin=0)
    array([[0, 7, 8]])
    """
    ### BEGIN SOLUTION
    first = np.full((len(target), 1), begin)
    return np.hstack([first, target[:, :-1]])
    ### END SOLUTION

# %% tags=["check"]
check.decoder_inputs(decoder_inputs)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Print `buggy_inputs(np.array([[7, 8, 9]]), 0)`. Where did the 0 go?
# </details>
# <details><summary>Hint 2</summary>
#
# The sign stands in front; what falls off at the end is the last character.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.hstack` of a column of `begin` and `target[:, :-1]`.
# </details>

# %% [markdown]
# With your inputs the same T5 learns. *Teacher forcing* reads the right past, as
# in training; *running free* reads its own, where one mistake brings the next:

# %%
t5, loss = learn(decoder_inputs, steps=300)
read = torch.tensor(decoder_inputs(target.numpy(), BEGIN))
answers = {"teacher forcing": t5(source, read).argmax(-1),
           "running free": run_free(t5)}
plots.bars(["copy", "reverse", "sort"],
           {name: 100 * (a == target).view(3, -1).double().mean(1)
            for name, a in answers.items()}, ylabel="characters right (%)",
           title="Its own past misleads it more than the right one")

# %% [markdown]
# ## 6. A poem is one number   ●●●  14 minutes
#
# A model's chances cut the line from 0 to 1: symbol 0 gets the first part, as wide
# as its chance, symbol 1 the next. Go into the part of the first symbol of the
# text, cut *that* by the chances of the second, and so on. `chances(written)`
# returns a list, the chance of each symbol after the symbols in the list
# `written`; it may depend on them. Use plain sums and products, so that exact
# fractions stay exact.

# %% tags=["task"]
def encode(text: list[int], chances) -> tuple[float, float]:
    """Return where the interval of `text` begins, and how wide it is.

    >>> encode([0, 1], lambda written: [0.5, 0.25, 0.25])
    (0.25, 0.125)
    """
    ### BEGIN SOLUTION
    low, width = 0, 1
    for i, symbol in enumerate(text):
        p = chances(text[:i])
        low += width * sum(p[:symbol])
        width *= p[symbol]
    return low, width
    ### END SOLUTION

# %% tags=["check"]
check.encode(encode)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: which part of 0 to 1 belongs to symbol 0? Where in
# it does the part of symbol 1 begin?
# </details>
# <details><summary>Hint 2</summary>
#
# Before symbol `s` lie the parts of the symbols below it: `sum(p[:s])` of the
# present width, not of 1.
# </details>
# <details><summary>Hint 3</summary>
#
# In the loop, `p = chances(text[:i])`, then `low += width * sum(p[:symbol])`, and
# only then `width *= p[symbol]`.
# </details>

# %% [markdown]
# And back. A number where a part begins belongs to that part.

# %% tags=["task"]
def decode(number: float, length: int, chances) -> list[int]:
    """Return the text of `length` symbols whose interval holds `number`.

    >>> decode(0.25, 2, lambda written: [0.5, 0.25, 0.25])
    [0, 1]
    """
    ### BEGIN SOLUTION
    low, width, text = 0, 1, []
    for _ in range(length):
        p = chances(text[:])
        symbol = 0
        while number >= low + width * p[symbol]:
            low += width * p[symbol]
            symbol += 1
        width *= p[symbol]
        text.append(symbol)
    return text
    ### END SOLUTION

# %% tags=["check"]
check.decode(decode)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The decoder walks the path of `encode`. What must it ask at each step, as it does
# not know the symbol?
# </details>
# <details><summary>Hint 2</summary>
#
# Go over the parts from the left: is the number beyond the end of this one? Then
# the next begins where it ends.
# </details>
# <details><summary>Hint 3</summary>
#
# `while number >= low + width * p[symbol]:` move `low` to that end, and `symbol` on
# by one. Then `width *= p[symbol]`, and append.
# </details>

# %% [markdown]
# Now a poem: Wang Zhihuan's, of the sun that goes down behind hills, the Yellow
# River, and climbing one storey more to see further. Three models guess the next
# character: all alike; by how frequent each is; and by what followed the last one
# in the other poems. Fractions keep every digit.

# %%
from fractions import Fraction

poem = "白日依山尽黄河入海流欲穷千里目更上一层楼"
others = [line for line in lines if not set(line) <= set(poem)]
alphabet = sorted(set("".join(lines)))
single = Counter("".join(others))
pairs = Counter(line[i:i + 2] for line in others for i in range(4))


def model(weigh):
    def chances(written):
        last = alphabet[written[-1]] if written else ""
        weights = [weigh(last, c) for c in alphabet]
        total = sum(weights)
        return [Fraction(w, total) for w in weights]
    return chances


models = {"all alike": model(lambda last, c: 1),
          "how frequent": model(lambda last, c: single[c] + 1),
          "what followed": model(
              lambda last, c: single[c] + 1 + 200 * pairs[last + c])}

# %%
text, bits = [alphabet.index(c) for c in poem], {"UTF-8": 24 * len(poem)}
for name, chances in models.items():
    low, width = encode(text, chances)
    bits[name] = int(1 / width).bit_length()
number = Fraction(int(low * 2**bits[name]) + 1, 2**bits[name])
back = "".join(alphabet[s] for s in decode(number, len(text), chances))
print("restored:", back == poem)
plots.bars(list(bits), list(bits.values()), ylabel="bits for the poem",
           title="The better the guesses, the shorter the number")
