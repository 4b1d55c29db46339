# %% [markdown]
# # Exercises: tokens
#
# Six tasks: you write byte-pair encoding, from the bytes of a character to a
# tokenizer of your own, and measure whom it taxes. They go with [lesson
# 07](../lessons/07_tokens.ipynb). Right below each task stands its check; run
# it as often as you like. Hints are folded. **Time** 47 minutes.

# %%
from collections import Counter

from lmlab.checks import tokens as check
from lmlab.page import datasets, plots, show

# %% [markdown]
# ## 1. Where does a character begin?   ●○○  5 minutes
#
# A chat shows its answer token by token, and a token may end in the middle of
# a character. To know what can be shown already, one must see in the bytes
# where characters begin. In UTF-8 every byte tells: one that goes on begins
# with the bits 10, all others begin a character. So what goes on is 128 to
# 191.

# %% tags=["task"]
def starts(data: list[int]) -> list[int]:
    """Return the places, counted from 0, at which a character begins.

    data: bytes of UTF-8, numbers from 0 to 255; they may be cut anywhere.

    >>> starts([97, 230, 156, 136])              # a, then the three of 月
    [0, 1]
    """
    ### BEGIN SOLUTION
    return [i for i, byte in enumerate(data) if byte >> 6 != 0b10]
    ### END SOLUTION

# %% tags=["check"]
check.starts(starts)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which of the four bytes of the example lie between 128 and 191?
# </details>
# <details><summary>Hint 2</summary>
#
# `enumerate(data)` gives each place with its byte. Keep the place where the
# byte is *not* one that goes on.
# </details>
# <details><summary>Hint 3</summary>
#
# A list of `i` for each `i, byte` where `not 128 <= byte < 192`.
# </details>

# %% [markdown]
# ## 2. The most frequent pair   ●○○  6 minutes
#
# Every round of BPE begins with a count of neighbours. A token that has two
# neighbours belongs to two pairs: `[5, 5, 5]` holds (5, 5) twice.

# %% tags=["task"]
def most_frequent_pair(ids: list[int]) -> tuple[int, int]:
    """Return the pair of neighbours that occurs most often in `ids`.

    Of pairs that occur equally often, the one that comes first in `ids`. There
    are at least two ids.

    >>> most_frequent_pair([1, 2, 3, 1, 2])
    (1, 2)
    """
    ### BEGIN SOLUTION
    counts = Counter(zip(ids, ids[1:]))
    return max(counts, key=counts.get)
    ### END SOLUTION

# %% tags=["check"]
check.most_frequent_pair(most_frequent_pair)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Which pairs are there at all? Write down those of `[5, 5, 5]`.
# </details>
# <details><summary>Hint 2</summary>
#
# `zip(ids, ids[1:])` walks over neighbours, and `Counter` counts them.
# </details>
# <details><summary>Hint 3</summary>
#
# `max(counts, key=counts.get)` returns the first of equals, and a `Counter`
# keeps the order in which its keys first came.
# </details>

# %% [markdown]
# ## 3. Merge   ●●○  8 minutes
#
# Now glue: wherever the pair stands, one new id takes its place. The pairs are
# taken from the left, and an id that was used up is gone: in `[1, 1, 1]` the
# pair (1, 1) is glued once.

# %% tags=["task"]
def merge(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return `ids` with `new` in place of each `pair`, taken from the left.

    `ids` itself stays as it is. `new` is not yet among the ids.

    >>> merge([1, 2, 3, 1, 2], (1, 2), 9)
    [9, 3, 9]
    """
    ### BEGIN SOLUTION
    merged = []
    for i in ids:
        merged.append(i)
        if tuple(merged[-2:]) == pair:
            merged[-2:] = [new]
    return merged
    ### END SOLUTION

# %% tags=["check"]
check.merge(merge)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# With a pencil: `merge([1, 1, 1, 1, 1], (1, 1), 9)`. Which ids are looked at
# in each step, and where do you go on after gluing?
# </details>
# <details><summary>Hint 2</summary>
#
# Walk with `while i < len(ids)`. After gluing go on two places, else one. Mind
# the last id, which has no right neighbour.
# </details>
# <details><summary>Hint 3</summary>
#
# `if tuple(ids[i:i + 2]) == pair:` append `new` and `i += 2`; `else:` append
# `ids[i]` and `i += 1`. The slice of the last id has length 1, and equals no
# pair.
# </details>

# %% [markdown]
# ## 4. Train   ●●○  8 minutes
#
# Count, glue, and again: what is learned is the list of pairs, in order. Merge
# number $i$, counted from 0, makes the id $256 + i$, since 0 to 255 are the
# bytes.

# %% tags=["task"]
def train(ids: list[int], n_merges: int) -> list[tuple[int, int]]:
    """Return the pairs that BPE glues, one after the other.

    ids: bytes, 0 to 255. There are `n_merges` pairs, or fewer if everything
    has become a single id before.

    >>> train([1, 2, 3, 1, 2, 3], 2)
    [(1, 2), (256, 3)]
    """
    ### BEGIN SOLUTION
    merges = []
    while len(merges) < n_merges and len(ids) > 1:
        pair = most_frequent_pair(ids)
        ids = merge(ids, pair, 256 + len(merges))
        merges.append(pair)
    return merges
    ### END SOLUTION

# %% tags=["check"]
check.train(train)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example, which ids are there after the first merge? What is counted in
# the second round?
# </details>
# <details><summary>Hint 2</summary>
#
# A loop of three lines: `most_frequent_pair(ids)`, `ids = merge(...)`, keep
# the pair. The new id is 256 plus the number of pairs kept so far.
# </details>
# <details><summary>Hint 3</summary>
#
# `while len(merges) < n_merges and len(ids) > 1:`. Without the second part,
# `most_frequent_pair` is asked for a pair where there is none.
# </details>

# %% [markdown]
# How fast is yours? The course's tokenizer does not count anew in each round,
# and libraries do the same in Rust. On 30,000 characters of Shakespeare:

# %% tags=["nbval-ignore-output"]
from timeit import timeit

from lmlab.text.tokenizers import BPE

play = datasets.shakespeare7()[:30_000]
seconds = timeit(lambda: train(list(play.encode()), 50), number=1)
print(f"yours         {seconds:.2f} s")
seconds = timeit(lambda: BPE.train(play, 50), number=1)
print(f"the course's  {seconds:.2f} s")
try:
    from tokenizers import ByteLevelBPETokenizer as Rust
except ImportError:
    print("Rust: not installed (pip install tokenizers; nothing needs it)")
else:
    seconds = timeit(lambda: Rust().train_from_iterator(
        [play], 306, show_progress=False), number=1)
    print(f"Rust          {seconds:.2f} s")

# %% [markdown]
# ## 5. Find the bug: encode a new text   ●●○  10 minutes
#
# A colleague's `buggy_encode` knows the merges and glues whatever it can, from
# left to right. Tried on the very text from which the merges were learned:

# %%
def buggy_encode(ids, merges):
    glued = {pair: 256 + i for i, pair in enumerate(merges)}
    ids, i = list(ids), 0
    while i < len(ids) - 1:
        if (ids[i], ids[i + 1]) in glued:
            ids[i:i + 2] = [glued[ids[i], ids[i + 1]]]
            i = max(i - 1, 0)                # its left neighbour may fit now
        else:
            i += 1
    return ids


def spell(ids, merges):                      # the tokens, to be looked at
    vocabulary = [bytes([b]) for b in range(256)]
    for left, right in merges:
        vocabulary.append(vocabulary[left] + vocabulary[right])
    return [vocabulary[i].decode(errors="replace") for i in ids]

# %%
left = text = list(b"peter piper picked a peck of pickled pepper")
pairs = train(text, 4)
for i, pair in enumerate(pairs):
    left = merge(left, pair, 256 + i)
print("learned:", spell(range(256, 260), pairs))
print("left by training, and buggy_encode:")
show.tokens(spell(left, pairs))
show.tokens(spell(buggy_encode(text, pairs), pairs))

# %% [markdown]
# Look at *peck* and *pepper*. A model that was trained on the upper row meets
# other tokens in the lower. Write it right.

# %% tags=["task"]
def encode(ids: list[int], merges: list[tuple[int, int]]) -> list[int]:
    """Return the tokens of a text: the merges applied in the order they came.

    ids: bytes, 0 to 255. merges: as `train` returns them.

    >>> encode([1, 2, 3], [(2, 3), (1, 2)])
    [1, 256]
    """
    ### BEGIN SOLUTION
    for i, pair in enumerate(merges):
        ids = merge(ids, pair, 256 + i)
    return ids
    ### END SOLUTION

# %% tags=["check"]
check.encode(encode)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example both pairs are there. Which was learned first, and what is
# left for the other?
# </details>
# <details><summary>Hint 2</summary>
#
# Training applied merge 0 to the whole text before merge 1 was even known. Do
# the same.
# </details>
# <details><summary>Hint 3</summary>
#
# Loop over `enumerate(merges)`, and let `merge` do the rest, with the id
# `256 + i`.
# </details>

# %% [markdown]
# ## 6. Measure the tax   ●●○  10 minutes
#
# Who decides what a sentence costs? Whoever chose the book that the tokenizer
# learned from. Put your functions together: learn merges from a book, cut a
# sentence and its translation, and compare.

# %% tags=["task"]
def tax(sentence: str, translation: str, book: str, n_merges: int) -> float:
    """Return how many tokens the sentence costs for each of the translation's.

    The merges are learned from the bytes of `book` alone.

    >>> tax("月", "moon", "some book", 0)       # no merges: three bytes, four
    0.75
    """
    ### BEGIN SOLUTION
    merges = train(list(book.encode()), n_merges)
    costs = [len(encode(list(text.encode()), merges))
             for text in (sentence, translation)]
    return costs[0] / costs[1]
    ### END SOLUTION

# %% tags=["check"]
check.tax(tax)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# `list("月".encode())` is `[230, 156, 136]`: what your functions take.
# </details>
# <details><summary>Hint 2</summary>
#
# Three steps: `train` on the book, `encode` twice, divide the two lengths.
# Which stands above?
# </details>
# <details><summary>Hint 3</summary>
#
# `merges = train(list(book.encode()), n_merges)`, then the length of
# `encode(list(sentence.encode()), merges)` divided by that of the translation.
# </details>

# %% [markdown]
# Now change the book: from Shakespeare alone to Tang poems alone, always
# 12,000 bytes. How much Chinese does it take to make the poem cheap?

# %%
poem = "床前明月光疑是地上霜举头望明月低头思故乡"
english = ("Bright moonlight before my bed, like frost upon the ground. "
           "I look up at the moon, and down, thinking of home.")
plays = datasets.shakespeare7()
poems = "".join("".join(poem.lines) for poem in datasets.tang_five())
shares = [0, 0.1, 0.25, 0.5, 0.75, 1]
taxes = [tax(poem, english, poems[:int(4000 * share)]
             + plays[:int(12_000 * (1 - share))], 250) for share in shares]
plots.lines(taxes, [100 * share for share in shares], marks=True,
            xlabel="Chinese in the book (% of its bytes)",
            ylabel="tokens in Chinese for one in English",
            title="More Chinese in the book: a cheaper Chinese poem")

# %% [markdown]
# And your own sentence, cut by a tokenizer that you wrote; � is a part of a
# character:

# %%
book = plays[:12_000] + poems[:4000]
merges = train(list(book.encode()), 250)
for text in ("To be, or not to be", "明月何时有"):
    show.tokens(spell(encode(list(text.encode()), merges), merges))
