# %% [markdown]
# # Exercises: the modern decoder
#
# Six tasks, from a norm to a poet stored in four bits. They train what [lesson
# 11](../lessons/11_modern_decoder.ipynb) showed. What you write is NumPy,
# weights are `(out, in)` as in torch. Right below each task stands its check;
# run it as often as you like. Hints are folded. **Time** 59 minutes.

# %%
import numpy as np

from lmlab.checks import modern_decoder as check
from lmlab.page import plots


def softmax(scores):
    """From lesson 04: positive parts that sum to 1 along the last axis."""
    parts = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return parts / parts.sum(axis=-1, keepdims=True)

# %% [markdown]
# ## 1. RMSNorm   ●○○  5 minutes
#
# Each token is divided by the root of its mean square; `eps` is added under
# the root, so that a token of zeros divides by something. Then each feature is
# multiplied by its learned scale. It stands twice in every block of LLaMA, and
# once at the end.

# %% tags=["task"]
def rms_norm(x: np.ndarray, scale: np.ndarray, eps: float) -> np.ndarray:
    """Return each token divided by its root mean square, times the scale.

    x: (n, d). scale: (d,). Returns (n, d).

    >>> rms_norm(np.array([[1.0, 7.0]]), np.array([1.0, 10.0]), eps=0.0)
    array([[ 0.2, 14. ]])
    """
    ### BEGIN SOLUTION
    mean_square = (x**2).mean(axis=1, keepdims=True)      # (n, 1)
    return scale * x / np.sqrt(mean_square + eps)
    ### END SOLUTION

# %% tags=["check"]
check.rms_norm(rms_norm)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The squares of [1, 7] are 1 and 49, their mean is 25. What is 7 divided by?
# </details>
# <details><summary>Hint 2</summary>
#
# One number for each token: a mean along the features, `axis=1`. With
# `keepdims=True` it has shape `(n, 1)` and divides a row.
# </details>
# <details><summary>Hint 3</summary>
#
# `scale * x / np.sqrt(mean_square + eps)`
# </details>

# %% [markdown]
# ## 2. SwiGLU, and how wide   ●○○  12 minutes
#
# Two halves widen the token; one of them, bent by silu, opens and shuts the
# other. silu$(z) = z / (1 + e^{-z})$.

# %% tags=["task"]
def swiglu(
    x: np.ndarray, gate: np.ndarray, expand: np.ndarray, shrink: np.ndarray
) -> np.ndarray:
    """Return what the feed-forward makes of each token.

    x: (n, d). gate, expand: (d_ff, d). shrink: (d, d_ff). Returns (n, d).

    >>> one = np.array([[1.0]])
    >>> swiglu(np.array([[4.0], [-4.0]]), one, one, one).round(2)
    array([[15.71],
           [ 0.29]])
    """
    ### BEGIN SOLUTION
    opening = x @ gate.T                                  # (n, d_ff)
    return (opening / (1 + np.exp(-opening)) * (x @ expand.T)) @ shrink.T
    ### END SOLUTION

# %% tags=["check"]
check.swiglu(swiglu)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The example: gate and expand make 4 of 4. silu(4) is 3.93; what is it
# multiplied by?
# </details>
# <details><summary>Hint 2</summary>
#
# `x @ gate.T` has shape `(n, d_ff)`, and so has `x @ expand.T`. Only one of
# them is bent.
# </details>
# <details><summary>Hint 3</summary>
#
# `(silu(x @ gate.T) * (x @ expand.T)) @ shrink.T`
# </details>

# %% [markdown]
# GPT-2's two matrices of width $4d$ hold $8d^2$ weights. Three matrices hold
# as many at width $\tfrac83 d$. Hardware likes round numbers, so models take
# the next multiple of 256, say.

# %% tags=["task"]
def matched_width(d_model: int, multiple: int) -> int:
    """Return the smallest multiple of `multiple`, at least 8/3 of d_model.

    >>> matched_width(4096, 256)              # LLaMA-7B
    11008
    """
    ### BEGIN SOLUTION
    return -(-8 * d_model // (3 * multiple)) * multiple
    ### END SOLUTION

# %% tags=["check"]
check.matched_width(matched_width)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# 8/3 of 4096 is 10922.67. How many times 256 is that: 42 times, or 43?
# </details>
# <details><summary>Hint 2</summary>
#
# Divide by `multiple` first, round up once, multiply again.
# </details>
# <details><summary>Hint 3</summary>
#
# `math.ceil(8 * d_model / (3 * multiple)) * multiple`. For widths of
# trillions, whole numbers are safer: `-(-a // b)` rounds `a / b` up.
# </details>

# %% [markdown]
# ## 3. Rotate   ●●○  10 minutes
#
# RoPE turns neighbouring features, (0, 1), (2, 3) and so on, as points in a
# plane: $(a, b)$ becomes
# $(a\cos\varphi - b\sin\varphi,\ a\sin\varphi + b\cos\varphi)$. Pair $i$ at
# place $p$ turns by $\varphi = p \cdot \text{base}^{-2i/d}$.

# %% tags=["task"]
def rotate(
    x: np.ndarray, places: np.ndarray, base: float = 10000.0
) -> np.ndarray:
    """Return x, each pair of features turned by its angle.

    x: (n, d), d even. places: (n,), where each token stands. Returns (n, d).

    >>> rotate(np.array([[1.0, 0.0, 1.0, 0.0]]), np.array([1])).round(2)
    array([[0.54, 0.84, 1.  , 0.01]])
    """
    ### BEGIN SOLUTION
    d = x.shape[1]
    angles = places[:, None] * base ** (-np.arange(0, d, 2) / d)  # (n, d / 2)
    a, b = x[:, 0::2], x[:, 1::2]
    turned = np.empty(x.shape)
    turned[:, 0::2] = a * np.cos(angles) - b * np.sin(angles)
    turned[:, 1::2] = a * np.sin(angles) + b * np.cos(angles)
    return turned
    ### END SOLUTION

# %% tags=["check"]
check.rotate(rotate)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# At place 1 the first pair of the example turns by 1 radian: cos 1 = 0.54, sin
# 1 = 0.84. By how much does the second turn?
# </details>
# <details><summary>Hint 2</summary>
#
# `x[:, 0::2]` are the first numbers of all pairs, `x[:, 1::2]` the second. The
# angles are a table with a row for each token and a column for each pair.
# </details>
# <details><summary>Hint 3</summary>
#
# `angles = places[:, None] * base ** (-np.arange(0, d, 2) / d)`. Then fill an
# empty array: `turned[:, 0::2] = a * cos - b * sin`, and likewise the odd
# columns.
# </details>

# %% [markdown]
# ## 4. Find the bug   ●●○  8 minutes
#
# A colleague's head looks right and trains badly. With RoPE nothing should
# depend on where a text begins, only on distances: move all tokens by 10
# places, and the output should stay. Theirs moves:

# %%
def buggy_head(query, key, value, places):
    query, key, value = (rotate(part, places) for part in (query, key, value))
    scores = query @ key.T / np.sqrt(query.shape[1])
    seen = np.tril(np.ones(scores.shape, bool))           # no looking ahead
    return softmax(np.where(seen, scores, -np.inf)) @ value

# %%
rng = np.random.default_rng(0)
query, key, value = rng.normal(size=(3, 5, 4))            # five tokens
places = np.arange(5)
moved = (buggy_head(query, key, value, places + 10)
         - buggy_head(query, key, value, places))
print(f"ten places on, the output moves by up to {np.abs(moved).max():.2f}")

# %% [markdown]
# Write it right.

# %% tags=["task"]
def rope_head(
    query: np.ndarray, key: np.ndarray, value: np.ndarray, places: np.ndarray
) -> np.ndarray:
    """Return what each token gets from itself and the tokens before it.

    query, key, value: (n, d). places: (n,). Returns (n, d).
    """
    ### BEGIN SOLUTION
    query, key = rotate(query, places), rotate(key, places)
    scores = query @ key.T / np.sqrt(query.shape[1])
    seen = np.tril(np.ones(scores.shape, bool))
    return softmax(np.where(seen, scores, -np.inf)) @ value
    ### END SOLUTION

# %% tags=["check"]
check.rope_head(rope_head)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A score is a product of two turned vectors, and the common turn drops out. Is
# there such a partner for what is handed over?
# </details>
# <details><summary>Hint 2</summary>
#
# The weights of the buggy head do not move. So which line's result does?
# </details>
# <details><summary>Hint 3</summary>
#
# Turn `query` and `key`, and leave `value` alone.
# </details>

# %% [markdown]
# ## 5. Route tokens   ●●○  14 minutes
#
# A router scores the experts for each token. The `top_k` best are asked, and
# each answer counts as much as its chance, the softmax over *all* experts.

# %% tags=["task"]
def route(scores: np.ndarray, top_k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and numbers of the experts each token asks, best first.

    scores: (n, n_experts), no two alike in a row. Returns two (n, top_k).

    >>> weights, chosen = route(np.log([[1.0, 5.0, 4.0]]), top_k=2)
    >>> weights.round(2), chosen
    (array([[0.5, 0.4]]), array([[1, 2]]))
    """
    ### BEGIN SOLUTION
    chosen = np.argsort(-scores, axis=1)[:, :top_k]
    return np.take_along_axis(softmax(scores), chosen, axis=1), chosen
    ### END SOLUTION

# %% tags=["check"]
check.route(route)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example the chances are 0.1, 0.5 and 0.4. The two best do not sum to
# 1; should they?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.argsort(-scores, axis=1)` lists the experts of each row, best first. Keep
# the first `top_k` columns.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.take_along_axis(softmax(scores), chosen, axis=1)` picks the chosen
# chances.
# </details>

# %% [markdown]
# A router that likes one expert starves the others. The *balance loss* (Fedus
# et al. 2022, arXiv 2101.03961) is $n \sum_i f_i P_i$: of $n$ experts, number
# $i$ gets the share $f_i$ of all requests, and has the mean chance $P_i$.
# Even, it is 1.

# %% tags=["task"]
def balance_loss(scores: np.ndarray, top_k: int) -> float:
    """Return n * sum of f_i P_i. Each token makes top_k requests; f sums to 1.

    scores: (n_tokens, n_experts).

    >>> round(balance_loss(np.log([[0.7, 0.1, 0.1, 0.1]]), top_k=1), 2)
    2.8
    """
    ### BEGIN SOLUTION
    n = scores.shape[1]
    _, chosen = route(scores, top_k)
    share = np.bincount(chosen.ravel(), minlength=n) / chosen.size
    return n * float(share @ softmax(scores).mean(axis=0))
    ### END SOLUTION

# %% tags=["check"]
check.balance_loss(balance_loss)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The example: the first expert gets all requests, f = [1, 0, 0, 0]. Four times
# 0.7.
# </details>
# <details><summary>Hint 2</summary>
#
# `np.bincount(chosen.ravel(), minlength=n)` counts the requests, also for
# experts that nobody asks. By what must it be divided to sum to 1?
# </details>
# <details><summary>Hint 3</summary>
#
# `n * (share @ softmax(scores).mean(axis=0))`, where `share` is the count
# divided by `chosen.size`.
# </details>

# %% [markdown]
# What it does to a router: 1,000 tokens that have much in common, eight
# experts, 100 steps of Adam on this loss alone (in torch, for the gradient).

# %%
import torch

torch.manual_seed(0)
tokens, router = torch.randn(1000, 48) + 1, torch.nn.Linear(48, 8, bias=False)
optimiser, loads = torch.optim.Adam(router.parameters(), lr=0.01), []
for _ in range(101):
    chances = router(tokens).softmax(dim=1)
    load = chances.topk(2).indices.flatten().bincount(minlength=8) / 2000
    loads.append(load)
    optimiser.zero_grad()
    (8 * load @ chances.mean(dim=0)).backward()
    optimiser.step()

# %%
plots.bars(range(1, 9), {"before": loads[0], "after": loads[-1]},
           reference=1 / 8, reference_label="even",
           ylabel="share of the requests",
           title="The balance loss spreads the tokens over the experts")

# %% [markdown]
# ## 6. Four bits   ●●○  10 minutes
#
# Each group of neighbouring weights in a row shares a scale: its largest
# weight, taken absolutely, becomes the largest code, $2^{\text{bits}-1} - 1$:
# 7 in 4 bits. A group of zeros has scale 0 and codes 0.

# %% tags=["task"]
def quantise(
    weight: np.ndarray, bits: int, group: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and scales; weight is about code * scale.

    weight: (out, in); group divides `in`. Returns whole numbers (out, in), and
    scales (out, in / group).

    >>> codes, scales = quantise(np.array([[0.75, -0.4, 0.1, -1.75]]), 4, 4)
    >>> codes.tolist(), scales.tolist()
    ([[3, -2, 0, -7]], [[0.25]])
    """
    ### BEGIN SOLUTION
    rows = weight.reshape(len(weight), -1, group)     # (out, groups, group)
    scales = np.abs(rows).max(axis=2) / (2 ** (bits - 1) - 1)
    step = np.where(scales > 0, scales, 1)[:, :, None]
    return np.round(rows / step).astype(int).reshape(weight.shape), scales
    ### END SOLUTION

# %% tags=["check"]
check.quantise(quantise)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# The example: 1.75 becomes 7, so the scale is 0.25. What is −0.4 / 0.25,
# rounded?
# </details>
# <details><summary>Hint 2</summary>
#
# `weight.reshape(len(weight), -1, group)` has an axis for the groups. The
# largest absolute value along the last axis makes the scales.
# </details>
# <details><summary>Hint 3</summary>
#
# Divide by `np.where(scales > 0, scales, 1)[:, :, None]`, round with
# `np.round`, make whole numbers with `.astype(int)`, and reshape as `weight`
# was.
# </details>

# %% [markdown]
# The poets of the poem school (lesson 12) are LLaMAs of a million weights.
# This one knows 静夜思 ("thoughts on a quiet night") by heart. Your function
# stores it in fewer bits; then it gets the first line, 床前明月光 ("before my bed,
# bright moonlight"), and goes on:

# %%
from lmlab.models.sampling import generate
from lmlab.poem_school import shipped
from lmlab.poem_school.text import lines_of, prompt

written = {}
for bits in (8, 4, 3, 2):
    poet = shipped.poet("base")
    for weight in poet.parameters():
        if weight.ndim == 2:
            whole = weight.shape[1]                       # a row is a group
            codes, scales = quantise(weight.data.numpy(), bits, whole)
            weight.data = torch.tensor(codes * scales, dtype=torch.float32)
    [new] = generate(poet, [prompt(lines=["床前明月光"])], max_new_tokens=17,
                     temperature=0)
    written[bits] = lines_of(new)

# %%
for bits, lines in written.items():
    print(f"{bits} bits:", " / ".join(lines))

# %% [markdown]
# In 8 and in 4 bits it ends where Li Bai does: 举头望明月,低头思故乡 ("I raise my head
# to the bright moon, lower it and think of home"). In 3 bits it still writes
# lines, but has forgotten these; in 2 it stammers.
#
# ## For the curious: names and dates
#
# What else the documents say of the family (lesson 11 has the rest, lesson 12
# LLaMA's data):
#
# - LLaMA, 从 7B 到 70B ("from 7B to 70B"): LLaMA-1 has 7, 13, 33 and 65 billion,
#   LLaMA-2 7, 13 and 70, LLaMA-3 8 and 70.
# - meta 开源的 LLaMA ("open source"): LLaMA-1's weights were for research only.
# - 数万亿个字符 ("trillions of characters"): of *tokens*; LLaMA-1 read 1.0 trillion
#   (7B and 13B) or 1.4 (33B and 65B).
# - 流水线并行 ("pipeline parallelism"): the paper has model and sequence
#   parallelism.
# - 在 CommonsenseQA 等 9 个基准测试中超过了 GPT-3 ("ahead of GPT-3 on nine
#   benchmarks"): "on most benchmarks"; of its eight common-sense sets
#   CommonsenseQA is none.
# - 增加了 7 倍 ("7 times more" data for LLaMA-3): over 15 trillion tokens against
#   2, so 7.5 times as many, 6.5 times more.
# - 2023 年 9 月 ... 开源了 Qwen ("opened in September 2023"): the 14B, on 25
#   September; Qwen-7B came on 3 August.
# - Qwen2: 所有模型均支持长度为 32768 ("all support 32,768"): the 57B chat model
#   reads 64K. 2024 年 6 月 6 日 is the README's date; the blog says 7 June.
# - GLM4 ... 6 月 6 日 ... 开源 ("opened on 6 June"), and 目前还没有开源 ("not open
#   yet"): GLM-4-9B on 5 June 2024; the large one stayed closed, like Baichuan 3
#   (29 January 2024).
# - 6 月 15 日发布了 Baichuan-7B 和 Baichuan-13B ("both on 15 June"): 13B came on
#   11 July 2023.
# - 盘古大模型就是一个多模态大模型 ("Pangu is one multimodal model"): five, for
#   language, vision, multimodal, prediction, science (July 2023).
# - CPM-Bee, by 清华大学 (Tsinghua): by OpenBMB, with Tsinghua's laboratory. Its
#   date, 27 May 2023, is right.
# - 名字命名存在chat这个单词的,大概率是大语言模型 ("named chat, likely a
#   language model"): of the lesson's names, all language models, one has it.
