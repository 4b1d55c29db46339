# %% [markdown]
# # Exercises: attention
#
# Six tasks, from one table of scores to a head whose weights you choose
# yourself. They train what [lesson 09](../lessons/09_attention.ipynb) showed:
# scores, scale, mask, heads. Everything is NumPy. Right below each task stands
# its check; run it as often as you like. Hints are folded. **Time** 50
# minutes.

# %%
import numpy as np

from lmlab.checks import attention as check
from lmlab.page import plots


def softmax(scores, axis=-1):
    """From lesson 04: positive parts that sum to 1 along `axis`."""
    parts = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return parts / parts.sum(axis=axis, keepdims=True)

# %% [markdown]
# ## 1. Scaled scores   ●○○  4 minutes
#
# Every query meets every key in a dot product, divided by $\sqrt d$, where $d$
# is the length of a query. Tables that came out transposed, or divided by the
# wrong length, are the commonest mistakes here, and none of them raises an
# error when the numbers happen to fit.

# %% tags=["task"]
def scaled_scores(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the scores: a row for each query, a column for each key.

    query: (n_queries, d). key: (n_keys, d). Returns (n_queries, n_keys).

    >>> scaled_scores(np.array([[1.0, 0.0, 2.0, 0.0]]),
    ...               np.array([[2.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0, 1.0]]))
    array([[2., 0.]])
    """
    ### BEGIN SOLUTION
    return query @ key.T / np.sqrt(query.shape[1])
    ### END SOLUTION

# %% tags=["check"]
check.scaled_scores(scaled_scores)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: two dot products, 4 and 0. Why is the answer 2?
# </details>
# <details><summary>Hint 2</summary>
#
# `(n_queries, d) @ (d, n_keys)` gives the shape you want. How do you get
# `(d, n_keys)` from `key`?
# </details>
# <details><summary>Hint 3</summary>
#
# `query @ key.T`, divided by the root of `query.shape[1]`.
# </details>

# %% [markdown]
# ## 2. The causal mask   ●○○  4 minutes
#
# A mask of booleans says who may look at whom: row $i$ is the one who looks,
# column $j$ the one looked at. In a causal mask a token sees itself and what
# stands before it.

# %% tags=["task"]
def causal_mask(n: int) -> np.ndarray:
    """Return the (n, n) array of booleans; True means: may look.

    >>> causal_mask(3)
    array([[ True, False, False],
           [ True,  True, False],
           [ True,  True,  True]])
    """
    ### BEGIN SOLUTION
    places = np.arange(n)
    return places <= places[:, None]
    ### END SOLUTION

# %% tags=["check"]
check.causal_mask(causal_mask)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the row of token $i$, which columns $j$ are allowed? Write it as a
# comparison.
# </details>
# <details><summary>Hint 2</summary>
#
# With broadcasting, a column of row numbers compared with a row of column
# numbers gives a whole table. `np.tril` is another way.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.tril(np.ones((n, n), dtype=bool))`; without `dtype=bool` it holds 1.0 and
# 0.0.
# </details>

# %% [markdown]
# ## 3. A single head   ●●○  8 minutes
#
# Now all of it: queries, keys and values from `x`, scores, mask, softmax,
# average. A hidden score becomes $-\infty$ *before* the softmax: below any score
# there can be, so that its weight is exactly 0 and those that are left sum to 1.
# Without a mask (`None`) all may look. Your `scaled_scores` and the `softmax`
# above are there to be used.

# %% tags=["task"]
def single_head(
    x: np.ndarray,
    W_query: np.ndarray,
    W_key: np.ndarray,
    W_value: np.ndarray,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Return what each token becomes, (n, d_value).

    x: (n, d_model). W_query, W_key: (d_head, d_model).
    W_value: (d_value, d_model).
    mask: (n, n) booleans, True = may look; None: all may.

    >>> x, one = np.array([[1.0], [3.0]]), np.array([[1.0]])
    >>> single_head(x, 0 * one, one, one)         # equal scores: the average
    array([[2.],
           [2.]])
    """
    ### BEGIN SOLUTION
    query, key, value = x @ W_query.T, x @ W_key.T, x @ W_value.T
    scores = scaled_scores(query, key)
    if mask is not None:
        scores = np.where(mask, scores, -np.inf)
    return softmax(scores) @ value
    ### END SOLUTION

# %% tags=["check"]
check.single_head(single_head)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three products first. One row of `W_query` makes one number of a query, as in
# the layers of lesson 03.
# </details>
# <details><summary>Hint 2</summary>
#
# `np.where(mask, scores, -np.inf)` keeps a score where the mask is True. Ask
# first whether there is a mask.
# </details>
# <details><summary>Hint 3</summary>
#
# The last line is `softmax(scores) @ value`: a row of weights, times the
# values, is an average.
# </details>

# %% [markdown]
# ## 4. Split and merge heads   ●●○  10 minutes
#
# Several heads are one array cut along its features. With `n_heads = 2`, head
# 0 owns the first half of *every* token's numbers, head 1 the second half. A
# wrong `reshape` gives the right shape, raises nothing, and mixes up tokens.

# %% tags=["task"]
def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut the features of each token into heads, d_head = d_model / n_heads.

    x: (n, d_model). Returns (n_heads, n, d_head).

    >>> split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), 2)
    array([[[1, 2],
            [5, 6]],
    <BLANKLINE>
           [[3, 4],
            [7, 8]]])
    """
    ### BEGIN SOLUTION
    return x.reshape(len(x), n_heads, -1).swapaxes(0, 1)
    ### END SOLUTION

# %% tags=["check"]
check.split_heads(split_heads)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# A row of `x` is one token. Cut the rows, not the tokens: which axis is that?
# </details>
# <details><summary>Hint 2</summary>
#
# `x.reshape(len(x), n_heads, -1)` cuts each row. Its axes are tokens, heads,
# features: which two are to change places?
# </details>
# <details><summary>Hint 3</summary>
#
# `.swapaxes(0, 1)` after the reshape. Or `np.split(x, n_heads, axis=1)`,
# stacked.
# </details>

# %% [markdown]
# And back: each token's numbers, head 0 first, end to end.

# %% tags=["task"]
def merge_heads(heads: np.ndarray) -> np.ndarray:
    """Undo `split_heads`.

    heads: (n_heads, n, d_head). Returns (n, n_heads * d_head).

    >>> merge_heads(np.array([[[1, 2], [5, 6]], [[3, 4], [7, 8]]]))
    array([[1, 2, 3, 4],
           [5, 6, 7, 8]])
    """
    ### BEGIN SOLUTION
    return heads.swapaxes(0, 1).reshape(heads.shape[1], -1)
    ### END SOLUTION

# %% tags=["check"]
check.merge_heads(merge_heads)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Undo in the opposite order: what did `split_heads` do last?
# </details>
# <details><summary>Hint 2</summary>
#
# Make it (tokens, heads, features) first, then two axes into one.
# </details>
# <details><summary>Hint 3</summary>
#
# `heads.swapaxes(0, 1).reshape(n, -1)`, where `n` is `heads.shape[1]`.
# </details>

# %% [markdown]
# ## 5. Predict, then find the bug   ●●○  12 minutes
#
# A colleague's head does not learn. Before you read the code, say what a
# healthy one should look like: if the numbers in queries and keys are
# independent, with mean 0 and standard deviation `sigma`, what is the variance
# of a score *before* it is scaled?

# %% tags=["task"]
def score_variance(d_head: int, sigma: float) -> float:
    """Return the variance of the dot product of a query and a key.

    Both have d_head independent numbers, mean 0, standard deviation sigma.
    """
    ### BEGIN SOLUTION
    return d_head * sigma**4
    ### END SOLUTION

# %% tags=["check"]
check.score_variance(score_variance)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Begin with `d_head = 1`. For independent numbers of mean 0, the variance of a
# product is the product of the variances.
# </details>
# <details><summary>Hint 2</summary>
#
# Variances of independent numbers add up. How many products are in a score?
# </details>
# <details><summary>Hint 3</summary>
#
# A standard deviation `sigma` is a variance `sigma**2`, and there are two
# factors.
# </details>

# %% [markdown]
# Measure it, for `d_head = 64` and `sigma = 0.5`:

# %%
rng = np.random.default_rng(0)
query = rng.normal(scale=0.5, size=(2000, 64))
key = rng.normal(scale=0.5, size=(2000, 64))
print(f"predicted {score_variance(64, 0.5):.1f}")
print(f"measured  {(query @ key.T).var():.1f}")

# %% [markdown]
# Here is the colleague's code, on 6 queries and 10 keys with $\sigma = 1$. The
# scores of a healthy head have variance 1, and each query's weights sum to 1.

# %%
def buggy_weights(query, key):
    scores = query @ key.T / np.sqrt(len(query))
    return softmax(scores, axis=0)


query, key = rng.normal(size=(6, 64)), rng.normal(size=(10, 64))
print("sums of the rows:", buggy_weights(query, key).sum(axis=1).round(2))
print("variance of the scores:", (query @ key.T / np.sqrt(6)).var().round(1))

# %% [markdown]
# Two things are wrong, and both are about *which axis*. Write it right.

# %% tags=["task"]
def attention_weights(query: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return the weights, (n_queries, n_keys): each row sums to 1.

    query: (n_queries, d). key: (n_keys, d).
    """
    ### BEGIN SOLUTION
    return softmax(scaled_scores(query, key), axis=-1)
    ### END SOLUTION

# %% tags=["check"]
check.attention_weights(attention_weights)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `len(query)` is 6 above. Which number should stand under the root?
# </details>
# <details><summary>Hint 2</summary>
#
# `axis=0` makes columns sum to 1: each key divides itself among the queries.
# Who is to divide whose attention?
# </details>
# <details><summary>Hint 3</summary>
#
# `query.shape[1]` under the root, and the softmax along the last axis.
# </details>

# %% [markdown]
# ## 6. Weights by hand: copy the previous token   ●●●  12 minutes
#
# Trained models have heads that fetch, for every token, the one before it;
# they are the first half of how a model continues a pattern it has seen once
# (Olsson et al. 2022, arXiv 2209.11895). Nothing needs training here: choose
# the three matrices yourself.
#
# A token is two blocks end to end: which character it is (`n_chars` numbers,
# one of them 1), then at which place it stands (`n_places` numbers, one of
# them 1). The head runs with the causal mask, so the first token can only copy
# itself. Each other token must give at least 0.99 of its weight to the one
# before.

# %% tags=["task"]
def copy_previous(
    n_chars: int, n_places: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return W_query, W_key, W_value of a head that copies the previous one.

    d_model = n_chars + n_places. W_query, W_key: (d_head, d_model) with any
    d_head; W_value: (n_chars, d_model). Scores are divided by sqrt(d_head).
    """
    ### BEGIN SOLUTION
    d_model = n_chars + n_places
    W_query = np.zeros((n_places, d_model))
    for place in range(1, n_places):
        W_query[place - 1, n_chars + place] = 100    # place p asks for p - 1
    W_key = np.eye(d_model)[n_chars:]                # a key says its place
    W_value = np.eye(d_model)[:n_chars]              # a value, its character
    return W_query, W_key, W_value
    ### END SOLUTION

# %% tags=["check"]
check.copy_previous(copy_previous)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Let the key of a token be its place alone, and the value its character alone.
# Rows of `np.eye(d_model)` pick out numbers: which rows pick the places?
# </details>
# <details><summary>Hint 2</summary>
#
# The query of place $p$ should equal the key of place $p - 1$. The column
# `n_chars + p` of `W_query` is what place $p$ asks for: in which row of that
# column does the number stand?
# </details>
# <details><summary>Hint 3</summary>
#
# `W_query[p - 1, n_chars + p] = 100` for each place after the first. A large
# number, because the score is divided by a root and must beat $e^0$ of the
# others.
# </details>

# %% [markdown]
# Your scores, your mask and your matrices on 床前明月光 ("before my bed, bright
# moonlight"):

# %%
line = "床前明月光"
x = np.hstack([np.eye(5), np.eye(5)])        # five characters at five places
W_query, W_key, W_value = copy_previous(5, 5)
scores = scaled_scores(x @ W_query.T, x @ W_key.T)
weights = softmax(np.where(causal_mask(5), scores, -np.inf))
copied = single_head(x, W_query, W_key, W_value, causal_mask(5))
carried = "".join(line[i] for i in copied.argmax(axis=1))
print("each token now carries:", carried)
plots.heatmap(weights, rows=line, columns=line, values=".1f",
              xlabel="key: who is looked at", ylabel="query: who looks",
              title="Each token looks at the one before it")
