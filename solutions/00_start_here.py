# %% [markdown]
# # Exercises: start here
#
# Six small functions, and you have a language model of your own that writes a
# poem. They train what [lesson 00](../lessons/00_start_here.ipynb) showed:
# counting, probabilities, sampling, the loss. **Time** 45 minutes.
#
# Write your answer in place of `raise NotImplementedError`, run the cell, then
# run the check right below it. When a check is not content, it shows the
# smallest call that went wrong, what came back and, where it knows the
# mistake, a question that leads on. Run it as often as you like. Three hints
# are folded under each task, from a nudge to nearly the answer: open one when
# you are stuck for five minutes, not sooner and not much later.

# %%
from collections import Counter, defaultdict

import numpy as np

from lmlab.checks import start_here as check
from lmlab.page import plots
from lmlab.page.datasets import tang300

poems = tang300()
texts = ["/" + "/".join(poem.lines) + "/" for poem in poems]

# %% [markdown]
# ## 1. Count what follows   ●○○  5 minutes
#
# Everything that the model will know is in these counts: for each character,
# how often each other one came right after it. A text ends where it ends: the
# last character of one poem is not followed by the first of the next.

# %% tags=["task"]
def count_following(texts: list[str]) -> dict[str, Counter]:
    """Return for each character the counts of the characters right after it.

    >>> count_following(["/aab/", "/ab/"])["a"]
    Counter({'b': 2, 'a': 1})
    """
    ### BEGIN SOLUTION
    following = defaultdict(Counter)
    for text in texts:
        for first, second in zip(text, text[1:]):
            following[first][second] += 1
    return following
    ### END SOLUTION

# %% tags=["check"]
check.count_following(count_following)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write down all pairs of neighbours in `/aab/`. There are four.
# </details>
# <details><summary>Hint 2</summary>
#
# `zip(text, text[1:])` walks over neighbours. Do it for one text at a time.
# </details>
# <details><summary>Hint 3</summary>
#
# With `following = defaultdict(Counter)`, one pair is counted by
# `following[first][second] += 1`.
# </details>

# %% [markdown]
# What follows 春 ("spring")? With your counts:

# %%
spring = count_following(texts)["春"]
meaning = {"风": "wind", "/": "line ends", "草": "grass", "宵": "night",
           "色": "colours"}
plots.bars([f"{c}\n{word}" for c, word in meaning.items()],
           [spring[c] for c in meaning], highlight=0,
           ylabel="times after 春 (spring)", title="Spring brings the wind")

# %% [markdown]
# ## 2. Nothing is impossible   ●●○  8 minutes
#
# A pair that never came has the count 0, so the probability 0, and when it
# does come one day, the surprise is infinite. *Add-k smoothing* cures that:
# pretend that every character of the alphabet came `k` more times than it did
# (`k` may be 0.01), then divide by the sum of all these new counts.

# %% tags=["task"]
def smoothed(counts: Counter, alphabet: str, k: float) -> dict[str, float]:
    """Return the probability of each character of `alphabet`, with `k` added.

    counts: how often each character came next; it may be empty. k: above 0.

    >>> smoothed(Counter({"b": 2, "a": 1}), "abc", k=1.0)
    {'a': 0.3333333333333333, 'b': 0.5, 'c': 0.16666666666666666}
    """
    ### BEGIN SOLUTION
    total = counts.total() + k * len(alphabet)
    return {c: (counts[c] + k) / total for c in alphabet}
    ### END SOLUTION

# %% tags=["check"]
check.smoothed(smoothed)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example, the new counts are 2, 3 and 1. What do they add up to?
# </details>
# <details><summary>Hint 2</summary>
#
# Every character of the alphabet gets `k`, so the sum grows by `k` times the
# size of the alphabet.
# </details>
# <details><summary>Hint 3</summary>
#
# `total = sum(counts.values()) + k * len(alphabet)`; a `Counter` answers 0 for
# what it has not seen.
# </details>

# %% [markdown]
# ## 3. Draw one   ●●○  8 minutes
#
# `rng.choice` draws for you; now see what is inside. The random number is
# drawn already: `u`, from 0 to 1. Lay the probabilities end to end on a ruler
# from 0 to 1, in the order of the dict: `a` from 0 to 0.5, `b` from 0.5 to
# 0.75, and so on. `u` falls on one of them, and on the long ones more often. A
# number on a border belongs to the piece that begins there.

# %% tags=["task"]
def draw(guess: dict[str, float], u: float) -> str:
    """Return the character on whose piece of the ruler `u` falls.

    guess: probabilities that sum to 1 (up to rounding). u: 0 <= u < 1.

    >>> draw({"a": 0.5, "b": 0.25, "c": 0.25}, 0.6)
    'b'
    """
    ### BEGIN SOLUTION
    end = 0.0
    for character, probability in guess.items():
        end += probability
        if u < end:
            return character
    return character                       # u fell behind the last by rounding
    ### END SOLUTION

# %% tags=["check"]
check.draw(draw)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Draw the ruler of the example. Where does each piece end?
# </details>
# <details><summary>Hint 2</summary>
#
# Keep a running sum of the probabilities. The first piece whose end lies
# beyond `u` is the one.
# </details>
# <details><summary>Hint 3</summary>
#
# `end += probability`, then `if u < end: return character`. Ten steps of 0.1
# add up to a little less than 1 for a computer: after the loop, return the last
# character.
# </details>

# %% [markdown]
# ## 4. How unsure is it?   ●●○  6 minutes
#
# A loss of 3.04 nats says little to most people. *Perplexity* (困惑度) says it in
# choices: $e^{\text{loss}}$, the number of equally likely characters that
# would leave you as unsure. The loss is the average surprise, $-\ln p$, of
# what really came. Poems are long: a thousand small numbers multiplied are 0
# for a computer.

# %% tags=["task"]
def perplexity(p: np.ndarray) -> float:
    """Return e to the average surprise.

    p: (n,) the probability that the model gave to each character that came.

    >>> perplexity(np.array([0.5, 0.125]))
    4.0
    """
    ### BEGIN SOLUTION
    return float(np.exp(-np.log(p).mean()))
    ### END SOLUTION

# %% tags=["check"]
check.perplexity(perplexity)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example the surprises are $\ln 2$ and $\ln 8$. What is their average?
# </details>
# <details><summary>Hint 2</summary>
#
# Logarithms first, then the average, then $e$ to it. No products.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.log(p)` works on the whole array, and `.mean()` averages it. One minus
# sign.
# </details>

# %% [markdown]
# ## 5. Predict, then measure: how far to trust the memory?   ●●○  8 minutes
#
# In the lesson, one character of memory made held-out poems *harder* to guess.
# Perhaps the model trusted it too much. Mix two guesses: the share `s` from
# the model that looks at one character, the rest from the one that only knows
# how frequent each character is:
#
# $$p = s \, p_{\text{one}} + (1 - s) \, p_{\text{none}}$$
#
# > **Predict.** Which `s` is best for the poems that were counted? Which for
# > the held-out ones: 0, about a third, about two thirds, or 1? Note it, then
# > write the function.

# %% tags=["task"]
def mixed_losses(p_one: np.ndarray, p_none: np.ndarray,
                 shares: np.ndarray) -> np.ndarray:
    """Return the loss (average surprise) of the mixture for each share.

    p_one, p_none: (n,) what each model gave to the characters that came.
    shares: (m,) values of `s`. Returns (m,).

    >>> mixed_losses(np.array([1.0]), np.array([0.5]), np.array([0.0, 1.0]))
    array([0.69314718, 0.        ])
    """
    ### BEGIN SOLUTION
    s = shares[:, None]                                  # (m, 1)
    return -np.log(s * p_one + (1 - s) * p_none).mean(axis=1)
    ### END SOLUTION

# %% tags=["check"]
check.mixed_losses(mixed_losses)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do one share first: mix the two arrays, take the surprises, average them.
# </details>
# <details><summary>Hint 2</summary>
#
# Mix the probabilities, not their logarithms. A loop over `shares` is fine.
# </details>
# <details><summary>Hint 3</summary>
#
# `[-np.log(s * p_one + (1 - s) * p_none).mean() for s in shares]`, and
# `np.array` around it.
# </details>

# %% [markdown]
# Now measure, with your own counts and your own smoothing. Four fifths of the
# poems are counted, every fifth is held out.

# %%
kept, held_out = [t for i, t in enumerate(texts) if i % 5], texts[::5]
alphabet = "".join(sorted(set("".join(texts))))
following = count_following(kept)
frequent = smoothed(Counter("".join(kept)), alphabet, k=0.5)


def both(texts):
    """What the two models gave to each character that came."""
    one, none = [], []
    for first, bag in count_following(texts).items():
        guess = smoothed(following.get(first, Counter()), alphabet, k=0.01)
        one += [guess[second] for second in bag.elements()]
        none += [frequent[second] for second in bag.elements()]
    return np.array(one), np.array(none)


# %%
shares = np.linspace(0, 1, 21)
curves = {"counted": mixed_losses(*both(kept), shares),
          "held out": mixed_losses(*both(held_out), shares)}
for name, curve in curves.items():
    low = curve.argmin()
    print(f"{name:9} lowest loss {curve[low]:.2f} at share {shares[low]:.2f},",
          f"perplexity {np.exp(curve[low]):.0f}")
plots.lines(curves, shares, xlabel="share of the memory", ylabel="loss (nats)",
            title="New poems want some memory, and some doubt")

# %% [markdown]
# The lower curve falls all the way: for poems that it counted, the model
# should trust its memory blindly. The upper one has its lowest point at about
# a third: one character of memory does help with new poems, as long as it is
# not trusted too far.
#
# ## 6. A poem of your own   ●●●  10 minutes
#
# Left alone, the model ends its lines anywhere. A quatrain (绝句) has four lines,
# of five or seven characters; ours have five. You need not teach it that:
# change the guess before you draw. While a line is not full, `/` gets the
# probability 0, and the others grow so that they sum to 1 again. When it is
# full, nothing but `/` may come. Chatbots can be held to a form, such as valid
# JSON, in this way (Willard and Louf, 2023, arXiv 2307.09702).

# %% tags=["task"]
def keep_form(guess: dict[str, float], position: int,
              length: int) -> dict[str, float]:
    """Return the guess that is left when a line must have `length` characters.

    guess: probabilities of the next character, "/" among them.
    position: how many characters the line has so far, 0 to `length`.
    Returns probabilities of the same characters that sum to 1.

    >>> keep_form({"a": 0.4, "b": 0.1, "/": 0.5}, position=3, length=5)
    {'a': 0.8, 'b': 0.2, '/': 0.0}
    """
    ### BEGIN SOLUTION
    full = position == length
    kept = {c: p if (c == "/") == full else 0.0 for c, p in guess.items()}
    total = sum(kept.values())
    return {c: p / total for c, p in kept.items()}
    ### END SOLUTION

# %% tags=["check"]
check.keep_form(keep_form)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example, what is left for `a` and `b` once `/` is gone, and by what
# must it be divided to make 1?
# </details>
# <details><summary>Hint 2</summary>
#
# Build a new dict, and leave `guess` as it is. First set to 0 what must not
# come, then divide all by the sum.
# </details>
# <details><summary>Hint 3</summary>
#
# With `full = position == length`, a character may come if
# `(c == "/") == full`.
# </details>

# %% [markdown]
# All parts are yours now: counts, smoothing, form, the draw, perplexity.
# Choose a first character (春 spring, 月 moon, 山 hill, 风 wind, 夜 night, 花
# flower) and a seed, and let it write until you like what you read.

# %%
first, seed = "春", 1

fives = [t for t in texts if {len(line) for line in t[1:-1].split("/")} == {5}]
counts = count_following(fives)
rng, text, chances = np.random.default_rng(seed), "/" + first, [np.nan]
for _ in range(4 * 6 - 1):                    # four lines, each with its "/"
    position = len(text) - text.rindex("/") - 1
    guess = smoothed(counts.get(text[-1], Counter()), alphabet, k=1e-4)
    guess = keep_form(guess, position, length=5)
    text += draw(guess, rng.random())
    chances.append(guess[text[-1]])

lines = text[1:-1].split("/")
print(*lines, sep="\n")

# %%
chosen = np.array([p for p, c in zip(chances, text[1:]) if c != "/"])
ax = plots.axes("A poem by your model: dark where it was sure", height=4.8)
plots.heatmap(chosen.reshape(4, 5), title="", ax=ax, vmin=0, vmax=1,
              rows=[""] * 4, columns=[""] * 5, label="probability")
for (i, j), p in np.ndenumerate(chosen.reshape(4, 5)):
    ax.text(j, i, lines[i][j], size=30, ha="center", va="center",
            color="white" if p > 0.4 else plots.INK)
print(f"perplexity of its own choices: {perplexity(chosen[1:]):.0f}")

# %% [markdown]
# With 春 and seed 1 it reads roughly: "spring grass closes the pass road / a
# hand waves, and traces of tears come / maple leaves, few footprints / the
# guest of the garrison first sends the small". Almost a poem, by a model that
# remembers one character. Now change only the first character, and not the
# seed: why do the second to the fourth line stay as they are?
#
# <details><summary>Answer</summary>
#
# Each of them begins after a `/`, and the `/` is all that the model remembers.
# What the first line said is gone. To carry it along takes a longer memory,
# and lesson 09 builds one that can look back as far as it likes.
# </details>
