# %% [markdown]
# # Exercises: prompting
#
# Six tasks, from a prompt to a classifier that learns from nothing else. They
# train what [lesson 17](../lessons/17_prompting.ipynb) showed: examples in a
# prompt, attention that looks them up, a context that fills up. Right below
# each task stands its check; run it as often as you like. Hints are folded.
# **Time** 42 minutes.

# %%
from collections import Counter

import numpy as np
from scipy.special import log_softmax, softmax

from lmlab.checks import prompting as check
from lmlab.page import plots


# %% [markdown]
# ## 1. A few-shot prompt   ●○○  4 minutes
#
# A model goes on where the prompt ends. So the question stands last, in the
# very form of the examples, and stops where the answer would begin: one space
# too many, and the prompt is unlike anything the examples taught.

# %% tags=["task"]
def few_shot_prompt(examples: list[tuple[str, str]], question: str) -> str:
    """Return the prompt: a line for each example, then the question's.

    A line is the question, " -> " and the answer; the last line ends in "->".

    >>> few_shot_prompt([("hot", "cold"), ("big", "small")], "up")
    'hot -> cold\\nbig -> small\\nup ->'
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.few_shot_prompt(few_shot_prompt)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# How many lines has the prompt with two examples? With none (zero-shot)?
# </details>
# <details><summary>Hint 2</summary>
#
# Build a list of lines, then `"\n".join(...)` sets a line end *between* them
# only.
# </details>
# <details><summary>Hint 3</summary>
#
# The last of the lines is `f"{question} ->"`, without a space at its end.
# </details>

# %% [markdown]
# ## 2. How likely is an answer?   ●●○  8 minutes
#
# A model need not speak to answer: let it read each possible answer, and take
# the one that surprises it least. Row $i$ of `logits` scores token $i + 1$. A
# long answer has more tokens to be surprised at, so take the mean.

# %% tags=["task"]
def answer_score(logits: np.ndarray, ids: np.ndarray, start: int) -> float:
    """Return the mean log-probability of the tokens from place `start` on.

    logits: (n, vocab_size), a model's scores after each token; ids: (n,), the
    tokens that it read: a prompt, and from ids[start] on an answer. start > 0.
    `log_softmax(logits, axis=1)` turns scores into log-probabilities.

    >>> even = np.zeros((3, 4))                   # four tokens, all alike
    >>> round(answer_score(even, np.array([0, 3, 1]), 1), 3)
    -1.386
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.answer_score(answer_score)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Three tokens, and the answer is the last two. Which rows of `logits` were
# written before these two tokens were read?
# </details>
# <details><summary>Hint 2</summary>
#
# Rows `start - 1` to the last but one, `logits[start - 1:-1]`, speak about
# `ids[start:]`.
# </details>
# <details><summary>Hint 3</summary>
#
# `log_p[np.arange(len(answer)), answer]` picks one number from each row.
# </details>

# %% [markdown]
# So the pupil of the poem school, which only ever *wrote* poems to a theme, can
# be asked which theme a poem has: zero-shot, and no weight changes. A hundred
# poems it has not read; guessing finds one theme in eight.

# %% tags=["raises-exception"]
from lmlab.poem_school import shipped, text

pupil, themes = shipped.poet("sft"), text.REQUESTS


def themes_of(lines):
    return [theme for theme, words in themes.items()
            if set("".join(lines)) & set(words)]


poems = [lines for lines in text.shelves()["test"]
         if len(themes_of(lines)) == 1][:100]
scores = []                                       # (themes, poems)
for theme in themes:
    ids = text.rows(poems, start=theme + "：")    # the poem begins at place 3
    scores.append([answer_score(logits, row, 3) for logits, row in
                   zip(pupil(ids).detach().numpy(), ids.numpy())])
found = [[*themes][best] for best in np.argmax(scores, axis=0)]
right = [theme == themes_of(lines)[0] for theme, lines in zip(found, poems)]
print(f"{np.mean(right):.0%} right: better than chance, and no more")


# %% [markdown]
# ## 3. Ask several times   ●○○  5 minutes
#
# A chain of thought goes astray here or there. Sample several, and let the
# answers vote (*self-consistency*, Wang et al. 2023, 2203.11171). A chain that
# came to no answer, `None`, has no vote.

# %% tags=["task"]
def majority(answers: list[str | None]) -> str:
    """Return the most frequent answer; of equals, the one that came first.

    `None` is no answer and does not count; if nothing else came, return "".

    >>> majority(["7", "3", None, "3", None, None])
    '3'
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.majority(majority)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Drop what is `None` first. Which answers are left of the example?
# </details>
# <details><summary>Hint 2</summary>
#
# A `Counter` keeps the order in which its keys first came.
# </details>
# <details><summary>Hint 3</summary>
#
# `max(votes, key=votes.get, default="")`: `max` returns the first of equals,
# and the default where there is nothing.
# </details>

# %% [markdown]
# > **Predict.** Each chain is right in 40 %. In one case its errors go six
# > ways, 10 % each; in the other most make the *same* error, 50 %. What do
# > twenty-five votes do to each?

# %% tags=["raises-exception"]
rng = np.random.default_rng(0)
kinds = {"errors scatter": [0.4] + [0.1] * 6, "same error": [0.4, 0.5, 0.1]}
voters = [1, 3, 5, 9, 15, 25]


def share_right(p, n):                            # answer 0 is the right one
    chains = rng.choice(len(p), p=p, size=(2000, n)).astype(str)
    return 100 * np.mean([majority(row) == "0" for row in chains.tolist()])


plots.lines({name: [share_right(p, n) for n in voters]
             for name, p in kinds.items()}, voters, marks=True,
            xlabel="chains asked", ylabel="right (%)",
            title="Votes mend errors that scatter, not those that agree")


# %% [markdown]
# ## 4. What fits into the context   ●●○  8 minutes
#
# A chat grows, its context does not. Keep the system message whatever comes,
# and of the rest as many of the *latest* messages as fit, whole ones, without a
# gap.

# %% tags=["task"]
def fit(messages: list[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """Return the messages to send, in their old order.

    messages: (role, text), the first from the "system". A message takes a
    token for each character of its text, and one for its role. The messages
    that are returned take `room` tokens at most; the first is always kept.

    >>> fit([("system", "be kind"), ("user", "hello"), ("model", "hi"),
    ...      ("user", "why?")], 16)
    [('system', 'be kind'), ('model', 'hi'), ('user', 'why?')]
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.fit(fit)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Pay for the system message first. From which end do you then spend what is
# left?
# </details>
# <details><summary>Hint 2</summary>
#
# Walk over `reversed(messages[1:])`, and `break` at the first that does not
# fit: a shorter one before it would leave a gap.
# </details>
# <details><summary>Hint 3</summary>
#
# You collected from the end: turn the list round again, and put the first
# message in front.
# </details>

# %% [markdown]
# ## 5. Find the bug: too good to be true   ●●○  5 minutes
#
# A few-shot test: for question `i` take examples from the same pile of labelled
# texts. A model that can only copy the most similar example does far too well.

# %%
def buggy_pick_examples(texts, i, shots, order):
    return [int(j) for j in order[:shots]]


texts = ["good", "bad", "fine", "good"]
print(buggy_pick_examples(texts, 0, 2, np.array([3, 0, 1, 2])))


# %% [markdown]
# The question "good" is text 0. Which of its examples give the answer away?
# There are two ways to leak, and one is not the question itself.

# %% tags=["task"]
def pick_examples(
    texts: list[str], i: int, shots: int, order: np.ndarray
) -> list[int]:
    """Return the indices of the first `shots` fair examples in `order`.

    order: all indices of `texts`, shuffled. An example is fair if its text is
    not that of the question, texts[i]. If fewer are fair, return those.

    >>> pick_examples(["good", "bad", "fine", "good"], 0, 2,
    ...               np.array([3, 0, 1, 2]))
    [1, 2]
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.pick_examples(pick_examples)


# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Text 3 is another index than 0. Is it another text?
# </details>
# <details><summary>Hint 2</summary>
#
# First drop what is unfair, then take `shots`: the other way round you may
# end with too few.
# </details>
# <details><summary>Hint 3</summary>
#
# Keep `j` where `texts[j] != texts[i]`; the indices as plain `int`.
# </details>

# %% [markdown]
# ## 6. A classifier made of a prompt   ●●●  12 minutes
#
# Attention is all it takes: the examples are keys, their labels are values, an
# image to be named is the query. Nothing is trained. How good is it, and how
# does that grow with the number of examples?

# %% tags=["task"]
def few_shot_curve(
    keys: np.ndarray, labels: np.ndarray, queries: np.ndarray,
    truth: np.ndarray, shots: list[int], beta: float,
) -> list[float]:
    """Return the share of queries named right, for each number of examples.

    keys: (n, d), the examples; labels: (n,) integers from 0. queries: (m, d),
    truth: (m,), their labels. For each number in `shots` only that many
    examples are in the prompt, the first ones.
    A query's scores are beta times its dot products with the keys, softmax
    (`softmax(scores, axis=1)`) makes weights of them, and each label gets the
    sum of the weights of its examples. The heaviest label is the answer; of
    equals, the smallest.

    >>> few_shot_curve(np.eye(2), np.array([1, 0]), np.eye(2),
    ...                np.array([1, 0]), [1, 2], 5.0)
    [0.5, 1.0]
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# %% tags=["check", "raises-exception"]
check.few_shot_curve(few_shot_curve)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# One example in the prompt: which answer does every query get?
# </details>
# <details><summary>Hint 2</summary>
#
# `np.eye(classes)[labels]` is a row of zeros with a single 1 for each example:
# the values. Weights `(m, n)` times values `(n, classes)` sum by label.
# </details>
# <details><summary>Hint 3</summary>
#
# In the loop over `shots`, cut `keys[:n]` and `values[:n]`, take the softmax
# over the examples (`axis=1`), and `argmax` over the labels.
# </details>

# %% [markdown]
# Handwritten digits, each made as long as any other. Examples that the prompt
# holds are not among the questions. A large `beta` looks at the most similar
# example, a small one at all alike.

# %% tags=["raises-exception"]
from sklearn.datasets import load_digits

images, names = load_digits(return_X_y=True)
images = images / np.linalg.norm(images, axis=1, keepdims=True)
order = np.random.default_rng(0).permutation(len(images))
prompt, asked = order[:1000], order[1000:]
shots = [1, 3, 10, 30, 100, 300, 1000]
plots.lines({f"beta {beta}": 100 * np.array(few_shot_curve(
                 images[prompt], names[prompt], images[asked], names[asked],
                 shots, beta)) for beta in (1, 20, 100)},
            shots, logx=True, marks=True, xlabel="examples in the prompt",
            ylabel="digits named right (%)",
            title="No weight was trained: the prompt is the classifier")
