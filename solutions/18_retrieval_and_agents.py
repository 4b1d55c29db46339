# %% [markdown]
# # Exercises: retrieval and agents
#
# Six tasks, from the weight of a word to a loop that runs tools and always
# ends. They train what [lesson 18](../lessons/18_retrieval_and_agents.ipynb)
# showed. Right below each task stands its check; run it as often as you like.
# Hints are folded. **Time** 53 minutes.

# %%
import json
import re
from collections.abc import Callable

import numpy as np

from lmlab.checks import retrieval_and_agents as check
from lmlab.page import datasets, plots, show
from lmlab.text.ngram import NGram


def words(text):
    """From lesson 18: the words of a text, in small letters."""
    return re.findall("[a-z0-9]+", text.lower())


passages = datasets.course_extract()
asked = datasets.course_questions()

# %% [markdown]
# ## 1. How much does a word say?   ●○○  5 minutes
#
# A word that all texts hold tells them not apart. Everything in this notebook
# stands on this one number, and it is easily counted wrongly: in how many
# *texts* does a word stand, not how often in all.

# %% tags=["task"]
def idf(texts: list[list[str]]) -> dict[str, float]:
    """Return ln(N / n) for each word that occurs: n of the N texts hold it.

    texts: each a list of words.

    >>> idf([["moon", "moon", "a"], ["sun", "a"]])
    {'moon': 0.6931471805599453, 'a': 0.0, 'sun': 0.6931471805599453}
    """
    ### BEGIN SOLUTION
    vocabulary = {word for text in texts for word in text}
    held = {word: sum(word in text for text in texts) for word in vocabulary}
    return {word: float(np.log(len(texts) / n)) for word, n in held.items()}
    ### END SOLUTION

# %% tags=["check"]
check.idf(idf)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# In the example "moon" occurs twice, in one text of two. Which of the two
# numbers is $n$?
# </details>
# <details><summary>Hint 2</summary>
#
# `word in text` is True or False, and `sum` counts the True ones.
# </details>
# <details><summary>Hint 3</summary>
#
# `np.log(len(texts) / sum(word in text for text in texts))`, for each word of
# `{word for text in texts for word in text}`.
# </details>

# %% [markdown]
# ## 2. BM25   ●●○  12 minutes
#
# The search that embeddings still have to beat. For each word of the question,
# idf times $c\,(k + 1) / (c + k\,(1 - b + b\,l))$, where $c$ is its count in the
# text and $l$ the text's length divided by the *mean* length. The idf of all words
# is given, as your `idf` computes it, once for a library.

# %% tags=["task"]
def bm25(
    question: list[str],
    texts: list[list[str]],
    rarity: dict[str, float],
    k: float = 1.5,
    b: float = 0.75,
) -> np.ndarray:
    """Return the score of each text, (len(texts),).

    rarity: the idf of each word of the texts. A word that is not in it adds
    nothing; one that stands in the question twice counts twice. At least one
    text is not empty.

    >>> bm25(["moon"], [["moon", "a"], ["sun", "a"]], {"moon": 0.7, "a": 0.0})
    array([0.7, 0. ])
    """
    ### BEGIN SOLUTION
    length = np.array([len(text) for text in texts])
    slow = k * (1 - b + b * length / length.mean())
    scores = np.zeros(len(texts))
    for word in question:
        if word in rarity:
            c = np.array([text.count(word) for text in texts])
            scores += rarity[word] * c * (k + 1) / (c + slow)
    return scores
    ### END SOLUTION

# %% tags=["check"]
check.bm25(bm25)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Do the example with a pencil: $c = 1$, $l = 1$. What is the fraction, whatever
# $k$ and $b$ are?
# </details>
# <details><summary>Hint 2</summary>
#
# Loop over the words of the question. For one word, `text.count(word)` for each
# text makes an array, and all texts are scored at once.
# </details>
# <details><summary>Hint 3</summary>
#
# `length = np.array([len(text) for text in texts])`; then
# `c * (k + 1) / (c + k * (1 - b + b * length / length.mean()))`, times
# `rarity[word]`.
# </details>

# %% [markdown]
# Your search on the course's own pages: a question in their words, and one in
# others (the answer is dropout). Which is found?

# %%
def searcher(texts):
    split = [words(text) for text in texts]
    rarity = idf(split)
    return lambda question: bm25(words(question), split, rarity)


search = searcher([f"{p.section} {p.text}" for p in passages])
for question in ("What is a ReLU called that is off for every input?",
                 "Which trick randomly switches off units during training?"):
    best = passages[search(question).argmax()]
    sentences = best.text.split(". ")
    said = sentences[searcher(sentences)(question).argmax()]
    print(f"{question}\n    {best.page}: {said}")

# %% [markdown]
# ## 3. The reciprocal rank   ●○○  7 minutes
#
# Recall at 5 does not see whether the right text was first or fifth. The
# *reciprocal rank* is 1 for the first, 1/2 for the second, 1/3 for the third;
# its mean over many questions is one way to compare rankings. Of texts with equal
# scores, the one with the smaller index stands first.

# %% tags=["task"]
def mean_reciprocal_rank(scores: np.ndarray, right: np.ndarray) -> float:
    """Return the mean of 1 / rank of the right text.

    scores: (questions, texts). right: (questions,), the right text's index.

    >>> mean_reciprocal_rank(np.array([[3.0, 1.0, 2.0]]), np.array([2]))
    0.5
    """
    ### BEGIN SOLUTION
    order = np.argsort(-scores, axis=1, kind="stable")    # (questions, texts)
    ranks = 1 + (order == right[:, None]).argmax(axis=1)
    return float(np.mean(1 / ranks))
    ### END SOLUTION

# %% tags=["check"]
check.mean_reciprocal_rank(mean_reciprocal_rank)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# For one question: how many texts stand before the right one? The rank is one
# more.
# </details>
# <details><summary>Hint 2</summary>
#
# Before it stand those with a higher score, and those with the same score and a
# smaller index. `np.argsort(-row, kind="stable")` keeps equals in order.
# </details>
# <details><summary>Hint 3</summary>
#
# `rank = 1 + list(np.argsort(-row, kind="stable")).index(i)` for each `row, i` of
# `zip(scores, right)`; then the mean of `1 / rank`.
# </details>

# %% [markdown]
# ## 4. Cut a text   ●●○  9 minutes
#
# A file is searched in chunks of so many words. Where an answer is cut in two,
# no chunk holds it, so let each begin inside the one before. Cut until the last
# word is in a chunk, and then stop: the last chunk may be shorter, but none
# lies wholly in the one before.

# %% tags=["task"]
def chunks(text: list[str], size: int, overlap: int) -> list[list[str]]:
    """Cut a text, a list of words, into chunks of `size` words.

    Each begins with the last `overlap` words (< size) of the one before.
    An empty text has no chunks.

    >>> chunks(["a", "b", "c", "d", "e"], 3, 1)
    [['a', 'b', 'c'], ['c', 'd', 'e']]
    """
    ### BEGIN SOLUTION
    end = max(len(text) - overlap, min(len(text), 1))
    return [text[start:start + size]
            for start in range(0, end, size - overlap)]
    ### END SOLUTION

# %% tags=["check"]
check.chunks(chunks)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# From one chunk's beginning to the next it is `size - overlap` words. Which
# starts are there in the example?
# </details>
# <details><summary>Hint 2</summary>
#
# A chunk that starts at `len(text) - overlap` or later holds only words that the
# one before had. But the first chunk is there in any case.
# </details>
# <details><summary>Hint 3</summary>
#
# A loop is fine: append `text[start:start + size]`; stop once
# `start + size >= len(text)`; else `start += size - overlap`.
# </details>

# %% [markdown]
# Each page of the course as one long text, cut by you. The model may read 400
# words: eight chunks of 50, or one of 400. How many of the twenty questions in the
# text's words find theirs, whole?

# %%
pages = {}
for p in passages:
    pages.setdefault(p.page, []).extend(p.text.split())


def found(size, overlap):
    cut = [" ".join(c) for page in pages.values()
           for c in chunks(page, size, overlap)]
    score, hits = searcher(cut), 0
    for q in asked[:40:2]:
        best = np.argsort(-score(q["question"]), kind="stable")[:400 // size]
        hits += any(q["evidence"] in cut[i] for i in best)
    return 100 * hits / 20


sizes = [50, 100, 200, 400]
plots.lines({"no overlap": [found(size, 0) for size in sizes],
             "half": [found(size, size // 2) for size in sizes]}, sizes,
            logx=True, marks=True, xlabel="words a chunk",
            ylabel="found in 400 words (%)",
            title="What is cut in two is lost; overlap keeps it whole")

# %% [markdown]
# ## 5. Find the bug   ●●○  8 minutes
#
# A colleague's library is a log of past chats: what was asked, and the passage
# that answered. He indexes question and passage together, and tests his search
# with questions of the log, in other words than the text. BM25 found a quarter of
# those among its first five, and one in twenty at once:

# %%
logs = [(q["question"], p.text) for q in asked for p in passages
        if q["wording"] == "other" and q["evidence"] in p.text]


def buggy_index(logs, tests):
    return [f"{question} {passage}" for question, passage in logs]


def first_is_right(index):
    score = searcher(index)
    return np.mean([score(question).argmax() == i
                    for i, (question, _) in enumerate(logs)])


tests = [question.upper() for question, _ in logs]
print(f"first is right: {first_is_right(buggy_index(logs, tests)):.0%}")

# %% [markdown]
# Too good. Each question finds *itself*. Keep a passage, but index it without
# its question if that question is one of the tests. Nobody types a question
# twice alike: compare by `words`.

# %% tags=["task"]
def clean_index(logs: list[tuple[str, str]], tests: list[str]) -> list[str]:
    """Return a text for each (question, passage) of the logs, in order.

    It is "question passage", or the passage alone where the question has the
    words of a test in their order, whatever its capitals, signs and spaces.

    >>> clean_index([("Who?", "Li Bai."), ("When?", "In 726.")], ["who"])
    ['Li Bai.', 'When? In 726.']
    """
    ### BEGIN SOLUTION
    held_out = [words(test) for test in tests]
    return [passage if words(question) in held_out else f"{question} {passage}"
            for question, passage in logs]
    ### END SOLUTION

# %% tags=["check"]
check.clean_index(clean_index)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# What are `words("Who?")` and `words("who")`?
# </details>
# <details><summary>Hint 2</summary>
#
# Make the words of each test once. For each pair of the logs, ask whether the
# question's words are among them.
# </details>
# <details><summary>Hint 3</summary>
#
# `passage if words(question) in held_out else f"{question} {passage}"`, where
# `held_out` is a list of `words(test)`.
# </details>

# %%
print(f"first is right: {first_is_right(clean_index(logs, tests)):.0%}")

# %% [markdown]
# (Among these twenty passages alone, not all 215.) It is lesson 12's
# contamination, in a search.
#
# ## 6. A loop that always ends   ●●●  12 minutes
#
# `think` gets the notes so far and returns the next call as text, or `None`
# when it is done. You run the call, whatever it is, and note what came. Four
# things may go wrong, in this order, and each is an observation, not a crash:
#
# - `"error: not a call"`: no JSON, or not an object whose `tool` and `input` are
#   strings;
# - `"error: no such tool"`; `"error: not allowed"`; `"error: the tool failed"`.
#
# (It ends if each tool does: real ones get a time limit, too.)

# %% tags=["task"]
def run_agent(
    think: Callable,
    tools: dict[str, Callable],
    allowed: list[str],
    budget: int,
) -> list[tuple[str, str]]:
    """Return the notes, [(call, observation), ...], at most `budget` of them.

    think(notes) gives '{"tool": ..., "input": ...}' or None. tools: a function
    of one string for each name. An observation is str of what the tool gave,
    or one of the errors above. A tool that is not allowed is never run.

    >>> once = lambda notes: None if notes else '{"tool": "up", "input": "a"}'
    >>> run_agent(once, {"up": str.upper}, ["up"], 5)
    [('{"tool": "up", "input": "a"}', 'A')]
    """
    ### BEGIN SOLUTION
    def observe(text):
        try:
            call = json.loads(text)
            name, given = call["tool"], call["input"]
        except (ValueError, TypeError, KeyError):
            return "error: not a call"
        if not (isinstance(name, str) and isinstance(given, str)):
            return "error: not a call"
        if name not in tools:
            return "error: no such tool"
        if name not in allowed:
            return "error: not allowed"
        try:
            return str(tools[name](given))
        except Exception:
            return "error: the tool failed"

    notes = []
    while len(notes) < budget:
        text = think(notes)
        if text is None:
            break
        notes.append((text, observe(text)))
    return notes
    ### END SOLUTION

# %% tags=["check"]
check.run_agent(run_agent)

# %% [markdown]
# <details><summary>Hint 1</summary>
#
# Write a helper first: from the text of a call to its observation. The loop
# around it has four lines.
# </details>
# <details><summary>Hint 2</summary>
#
# `json.loads` raises ValueError on broken text. It also accepts `60` and `[]`:
# ask for `isinstance(call, dict)` before you look for `tool` in it.
# </details>
# <details><summary>Hint 3</summary>
#
# `while len(notes) < budget:` think; stop at `None`; append `(text, observe(text))`.
# Around the tool: `try: return str(tools[name](given))`, `except Exception:`.
# </details>

# %% [markdown]
# ### Your agent at work
#
# How many calls run when a *small model* writes them? An n-gram reads 260 good
# ones and writes 100, with a memory of three characters, and of five:

# %%
rng = np.random.default_rng(0)
numbers = rng.integers(10, 100, (200, 2)).tolist()
good = [json.dumps({"tool": "calculate", "input": f"{a} * {b}"})
        for a, b in numbers]
good += [json.dumps({"tool": "search", "input": q["question"]}) for q in asked]


def multiply(text):
    a, b = re.fullmatch(r"(\d+) \* (\d+)", text).groups()
    return int(a) * int(b)


tools = {"calculate": multiply,
         "search": lambda text: passages[search(text).argmax()].text}
for n in (4, 6):
    model, rng = NGram(good, n=n), np.random.default_rng(0)
    notes = run_agent(lambda notes: model.sample(rng, 150), tools,
                      [*tools], 100)
    print(f"memory of {n - 1}:", sum(not seen.startswith("error")
                                     for _, seen in notes), "of 100 run")

# %% [markdown]
# Why a calculator at all? An n-gram that has read 6,000 products answers 100 of
# them, and 100 that it has not read:

# %%
two_digits = range(10, 100)
pairs = rng.permutation([(a, b) for a in two_digits for b in two_digits])
facts = [f"{a} * {b} = {a * b}" for a, b in pairs]
mental = NGram(facts[:6000], n=12)
for name, some in (("read", facts[:100]), ("new", facts[-100:])):
    told = [mental.sample(rng, 20, fact.split("=")[0] + "= ") for fact in some]
    print(f"{name}: {sum(map(str.__eq__, told, some))} by heart,",
          sum(f"{multiply(task)}" == product for fact in some
              for task, product in [fact.split(" = ")]),
          "with the tool")

# %% [markdown]
# An agent may also plan for itself, and keep a queue of tasks. This one adds two
# for each that is done. What ends it?

# %%
queue = ["write a report"]
planner = {"do": lambda task: queue.extend([f"check {task}", f"mend {task}"])}


def next_task(notes):
    return json.dumps({"tool": "do", "input": queue.pop(0)})


notes = run_agent(next_task, planner, ["do"], 50)
print(notes[9][0], "...")
print(len(notes), "tasks done,", len(queue), "wait")

# %% [markdown]
# Last, a planner in the manner of Jarvis (HuggingGPT, Shen et al. 2023), which
# picks a model by its *description*, beside an intent matcher in the manner of
# early voice assistants, which waits for fixed words. First requests in those
# words, then in others. (It wins by having more words to be met by, and not
# where no word is shared.) Add a tool of your own, and see who finds it.

# %%
descriptions = {
    "calculate": "multiply two numbers and give the product of a sum",
    "search": "look up what a word means in the pages of the course",
    "poet": "write the next line of a poem about snow, moon or home",
    "judge": "give a grade to verses and say which of two is better"}
rules = {"calculate": "multiply", "search": "look up", "poet": "write",
         "judge": "grade"}
requests = [("Multiply 17 and 24", "calculate"), ("Look up softmax", "search"),
            ("Write a line about snow", "poet"), ("Grade this", "judge"),
            ("What is the product of 17 and 24?", "calculate"),
            ("Which of the pages says what softmax means?", "search"),
            ("A poem about the moon, please", "poet"),
            ("Are they any good?", "judge")]


def matched(text):
    return next((name for name, word in rules.items() if word in text.lower()),
                "(nothing)")


described = searcher(descriptions.values())


def planned(text):
    scores = described(text)
    return list(descriptions)[scores.argmax()] if scores.any() else "(nothing)"


show.table([(text, right, matched(text), planned(text))
            for text, right in requests],
           ["request", "right", "matcher", "planner"])
