"""Checks of exercise 18: idf, BM25, reciprocal rank, chunks, a clean index, an agent.

Each task is compared with plain loops, on cases from a pencil's size to pages. How a
check is written: see `lmlab.checks.core`.
"""

import json
import math
import re

import numpy as np

from lmlab.checks.core import Case, Check, fail

rng = np.random.default_rng(0)


def drawn(n_texts: int, longest: int, letters: str = "abcdefgh") -> list[list[str]]:
    return [rng.choice(list(letters), size=rng.integers(1, longest)).tolist()
            for _ in range(n_texts)]  # fmt: skip


# 1. How much does a word say?

def rarity(held=lambda word, texts: sum(word in text for text in texts),
           log=math.log, ratio=lambda n, N: N / n):
    """`idf`, or a mistake: what is counted, which logarithm, of what."""
    return lambda texts: {word: log(ratio(held(word, texts), len(texts)))
                          for text in texts for word in text}


idf = Check(
    "idf",
    cases=[
        Case([["moon", "moon", "a"], ["sun", "a"]]),
        Case([["a"]], label="one text"),
        Case([["a", "b"], ["b", "b", "b"], ["b"], ["c", "b"]]),
        Case([["a"], []], label="an empty text counts, too"),
        Case([[], []], label="no word at all"),
        Case([["sun", "sunny"], ["sunny"]], label="one word in another"),
        *(Case(drawn(n, 9)) for n in (3, 10, 50)),
    ],
    reference=rarity(),
    mistakes={
        rarity(lambda word, texts: sum(text.count(word) for text in texts)):
            "Does a text that holds a word three times count three times?",
        rarity(log=math.log2): "Which logarithm is ln: that of base 2, or of e?",
        rarity(log=math.log10): "Which logarithm is ln: that of base 10, or of e?",
        rarity(log=lambda x: x): "Where is the logarithm of that ratio?",
        rarity(lambda word, texts: sum(word in " ".join(text) for text in texts)):
            "Is `sun` a word of a text that holds only `sunny`?",
        rarity(log=lambda x: 1 + math.log(x)):
            "A word that all hold should say nothing. What was added to the logarithm?",
        rarity(ratio=lambda n, N: n / N):
            "Should a rare word get more, or less than a frequent one?",
        rarity(ratio=lambda n, N: N / (1 + n)):
            "A word that all hold has N / n = 1. What was added to n?",
        rarity(ratio=lambda n, N: 1 + N / n):
            "A word that all hold should say nothing. What was added to N / n?",
        lambda texts: {w: v for w, v in rarity()(texts).items() if v}:
            "A word that all texts hold says 0. Is it in the dict?",
        lambda texts: rarity()([text for text in texts if text]):
            "Is an empty text one of the N?",
    },
    right="9 libraries (one text, empty ones, 50 texts)",
)


# 2. BM25

def saturated(c, k, b, length) -> float:
    return c * (k + 1) / (c + k * (1 - b + b * length))


def mean_length(texts) -> float:
    return sum(map(len, texts)) / len(texts)


def scored(weight=saturated, said=lambda question: question,
           worth=lambda word, rarity: rarity[word], unit=mean_length):
    """`bm25`, or a mistake: the weight of a count, which words, which length."""
    def bm25(question, texts, rarity, k=1.5, b=0.75):
        one = unit(texts)
        return np.array([
            math.fsum(worth(word, rarity)
                      * weight(text.count(word), k, b, len(text) / one)
                      for word in said(question) if word in rarity)
            for text in texts])
    return bm25


def asked(question, texts, *settings, label=""):
    return Case(question, texts, rarity()(texts), *settings, label=label)


toy = [["moon", "a"], ["sun", "a"]]
three = [["moon", "moon", "a"], ["a"], ["sun", "moon", "a", "a", "a"], ["a", "b"]]
bm25 = Check(
    "bm25",
    cases=[
        asked(["moon"], toy),
        asked(["moon", "b"], three),
        asked(["moon", "moon"], three, label="a word twice"),
        asked(["night"], three, label="no text holds it"),
        asked([], three, label="nothing is asked"),
        asked(["moon"], three, 1.5, 0.0, label="length does not count"),
        asked(["moon"], three, 0.1, 0.75, label="k is small"),
        asked(["moon"], [*three, []], label="an empty text"),
        *(asked(list("abcad"), drawn(n, 12), 1.2, 0.5) for n in (5, 20, 100)),
    ],
    reference=scored(),
    mistakes={
        scored(lambda c, k, b, length: saturated(c, k, b, length) / (k + 1)):
            "Where is the k + 1 above the line?",
        scored(lambda c, k, b, length: (c * k + 1) / (c + k * (1 - b + b * length))):
            "Is it c times (k + 1)? A text without the word gets 0.",
        scored(lambda c, k, b, length: c * (k + 1) / (c + k * (1 - b) + b * length)):
            "What does k multiply: 1 - b alone, or the whole bracket?",
        scored(lambda c, k, b, length: saturated(c, k, 1 - b, length)):
            "Which share goes with the length: b, or 1 - b?",
        scored(lambda c, k, b, length: saturated(c, k, 0, length)):
            "Two texts hold a word once, one is longer: does yours see that?",
        scored(lambda c, k, b, length: c):
            "That is TF-IDF: how does a count saturate?",
        scored(unit=lambda texts: 1): "Is the length divided by the mean length?",
        scored(unit=lambda texts: max(map(len, texts))):
            "Is the length divided by the mean, or by the largest?",
        scored(said=dict.fromkeys):
            "A word that stands in the question twice: how often does it count?",
        scored(worth=lambda word, rarity: 1.0):
            "Every word weighs the same here. Where is its idf?",
        scored(lambda c, k, b, length: saturated(min(c, 1), k, b, length)):
            "Does a text that holds a word twice get more than one that has it once?",
        scored(lambda c, k, b, length: saturated(c, 1.5, 0.75, length)):
            "Which k and b does the call ask for?",
    },
    right="11 searches (an unknown word, an empty text, b = 0, 100 texts)",
)


# 3. The reciprocal rank

def mrr(before=lambda row, i: sum(s > row[i] for s in row)
        + sum(s == row[i] for s in row[:i]),
        mean=lambda ranks: sum(1 / r for r in ranks) / len(ranks)):
    """The mean reciprocal rank, or a mistake: who stands before, what is averaged."""
    return lambda scores, right: float(mean(
        [1 + before(row, i) for row, i in zip(scores.tolist(), right, strict=True)]))


mean_reciprocal_rank = Check(
    "mean_reciprocal_rank",
    cases=[
        Case(np.array([[3.0, 1.0, 2.0]]), np.array([2])),
        Case(np.array([[3.0, 1.0, 2.0]]), np.array([1])),
        Case(np.array([[5.0, 1.0], [1.0, 5.0]]), np.array([0, 0])),
        Case(np.array([[1.0, 2.0, 2.0, 0.0]]), np.array([2]), label="a tie"),
        Case(np.zeros((2, 4)), np.array([0, 3]), label="all equal"),
        Case(np.array([[-1.0, -2.0, -3.0]]), np.array([2]), label="below zero"),
        Case(rng.integers(3, size=(4, 300)) / 2, rng.integers(300, size=4),
             label="many equal scores: does your sort keep them in order?"),
        *(Case(rng.normal(size=(q, n)), rng.integers(n, size=q))
          for q, n in ((4, 5), (30, 7), (50, 200))),
    ],
    reference=mrr(),
    mistakes={
        mrr(lambda row, i: sum(s < row[i] for s in row)
            + sum(s == row[i] for s in row[:i])):
            "Which score comes first: the highest, or the lowest?",
        mrr(lambda row, i: sum(s > row[i] for s in row)):
            "Of equal scores, which text stands first?",
        mrr(lambda row, i: sum(s >= row[i] for s in row) - 1):
            "Of equal scores, which text stands first: the smaller index?",
        mrr(lambda row, i: 1 + sum(s > row[i] for s in row)
            + sum(s == row[i] for s in row[:i])):
            "The first has rank 1. How many stand before it?",
        mrr(mean=lambda ranks: sum(1 / (r - 1) for r in ranks) / len(ranks)):
            "An index begins at 0. And a rank?",
        mrr(mean=lambda ranks: len(ranks) / sum(ranks)):
            "Is it the ranks that are averaged, or 1 / rank?",
        mrr(mean=lambda ranks: sum(ranks) / len(ranks)):
            "That is the mean rank. Where is the 1 / rank?",
        mrr(mean=lambda ranks: sum(1 / r for r in ranks)):
            "Is 1 / rank summed over the questions, or averaged?",
        mrr(mean=lambda ranks: sum(r == 1 for r in ranks) / len(ranks)):
            "Is a right text that came second worth nothing?",
    },
    right="10 tables of scores (ties, all equal, 50 by 200)",
)


# 4. Cut a text

def cut(text, size, overlap) -> list[list[str]]:
    pieces, start = [], 0
    while start < len(text):
        pieces.append(text[start : start + size])
        if start + size >= len(text):
            break
        start += size - overlap
    return pieces


def starts(which):
    """`chunks` by where they start, or a mistake."""
    return lambda text, size, overlap: [
        text[i : i + size] for i in which(len(text), size, overlap)]


letters = list("abcdefghij")
chunks = Check(
    "chunks",
    cases=[
        Case(list("abcde"), 3, 1),
        Case(list("abcd"), 2, 0),
        Case(list("abcde"), 2, 0, label="the last is shorter"),
        Case(list("abcdef"), 4, 2, label="nothing new after the second"),
        Case(list("abc"), 3, 1, label="one chunk is enough"),
        Case(list("ab"), 5, 3, label="shorter than a chunk"),
        Case([], 3, 1, label="an empty text"),
        *(Case(letters[:n], size, overlap) for n in (1, 7, 10)
          for size, overlap in ((1, 0), (3, 2), (4, 1), (6, 3))),
        Case(letters * 300, 50, 25),
    ],
    reference=cut,
    mistakes={
        starts(lambda n, size, overlap: range(0, n, size - overlap)):
            "Does the last chunk hold a word that the one before does not?",
        starts(lambda n, size, overlap: range(0, n - size + 1, size - overlap)):
            "In which chunk are the last words, when they do not fill one?",
        starts(lambda n, size, overlap: range(0, n, size)):
            "Where do two neighbours overlap? From start to start it is less than "
            "`size`.",
        starts(lambda n, size, overlap: range(0, n, overlap or size)):
            "By how much does the start move on: by the overlap, or by the rest?",
        starts(lambda n, size, overlap: range(0, n - overlap, size - overlap)):
            "A text no longer than the overlap: is it in a chunk?",
        lambda text, size, overlap: cut(text, size, overlap) or [[]]:
            "An empty text has no chunks. What did yours append for it?",
        lambda text, size, overlap: [
            text[i : i + size + overlap] for i in range(0, len(text), size)]:
            "How many words has each chunk? `size` holds the overlap, too.",
        lambda text, size, overlap: [" ".join(c) for c in cut(text, size, overlap)]:
            "Is a chunk a list of words, or one string?",
        lambda text, size, overlap: cut(text, size + overlap, overlap):
            "How many words has the first chunk? Does `size` hold the overlap?",
    },
    right="20 texts of 0 to 3,000 words",
)


# 5. Find the bug

def tokens(text: str) -> list[str]:
    return re.findall("[a-z0-9]+", text.lower())


def index(same=lambda question, tests: tokens(question) in [*map(tokens, tests)],
          alone=lambda question, passage: [passage]):
    """`clean_index`, or a mistake: which questions are tests, what is left of them."""
    return lambda logs, tests: [
        text for question, passage in logs
        for text in (alone(question, passage) if same(question, tests)
                     else [f"{question} {passage}"])]


pair = [("Who?", "Li Bai."), ("When?", "In 726.")]
clean_index = Check(
    "clean_index",
    cases=[
        Case(pair, ["who"]),
        Case(pair, ["Who?"], label="typed alike"),
        Case(pair, ["who?"], label="without its capital"),
        Case(pair, ["Who wrote it?"], label="a test begins with it"),
        Case(pair, [], label="no tests"),
        Case(pair, ["when ?", "WHO"], label="all are tests"),
        Case([("Who wrote it?", "Li Bai."), ("Who?", "Du Fu.")], ["Who?"],
             label="one question begins another"),
        Case([("Who?", "He asked: Who? Li Bai.")], ["Where?"]),
        Case([("Who?", "Who? said he.")], ["who"], label="the passage asks it, too"),
        Case([("Is Li Bai older than Du Fu?", "Yes.")], ["Is Du Fu older than Li Bai?"],
             label="the same words, otherwise ordered"),
        Case([], ["Who?"], label="no logs"),
        Case([(f"Number {i}, please?", f"It is {i}.") for i in range(30)],
             [f"number  {i} please" for i in range(0, 30, 3)]),
    ],
    reference=index(),
    mistakes={
        index(lambda question, tests: question in tests):
            "Is `Who?` the same question as `who`? Compare by their words.",
        index(lambda question, tests: question.lower() in [t.lower() for t in tests]):
            "Capitals no longer matter. What about signs and spaces?",
        index(alone=lambda question, passage: []):
            "The passage is gone as well: can the search still find it?",
        index(lambda question, tests: True):
            "Which questions may stay? Those that are no tests.",
        index(lambda question, tests: False): "Which questions find themselves?",
        index(lambda question, tests: tokens(question) not in [*map(tokens, tests)]):
            "Which are taken out: the questions that are tests, or the others?",
        index(lambda question, tests: any(
            set(tokens(t)) <= set(tokens(question)) for t in tests)):
            "Is `Who wrote it?` the question `Who?`, because it holds its word?",
        index(lambda question, tests: set(tokens(question)) in [
            set(tokens(t)) for t in tests]):
            "The same words, in another order: is it the same question?",
        index(alone=lambda question, passage: [question]):
            "What has to stay in the library: the question, or the passage?",
    },
    right="12 logs (no tests, all tests, other capitals and signs)",
)


# 6. A loop that always ends

def said(*calls):
    """A thinker that makes these calls, one after the other, and is done."""
    def think(notes):
        return calls[len(notes)] if len(notes) < len(calls) else None
    return think


def call(tool, given="a") -> str:
    return json.dumps({"tool": tool, "input": given})


def for_ever(notes):
    return call("up", "a" * len(notes))


def reader(notes):
    """Goes on with what it saw last."""
    seen = notes[-1][1] if notes else "a"
    return None if len(seen) > 3 else call("twice", seen)


def twice(text):
    return text + text


TOOLS = {"up": str.upper, "twice": twice, "number": int, "delete": str.lower}
ERRORS = ("not a call", "no such tool", "not allowed", "the tool failed")


def loop(goes_on=lambda notes, budget: len(notes) < budget,
         order=("shape", "tool", "right"), errors=ERRORS, text=str,
         stops=lambda seen: False, trusts=""):
    """`run_agent`, or a mistake: when it goes on, what it looks at, what it trusts."""
    shape, unknown, forbidden, failed = (f"error: {error}" for error in errors)

    def observe(written, tools, allowed):
        try:
            made = json.loads(written)
        except ValueError:
            if trusts == "text":
                raise
            return shape
        if trusts == "shape":
            return text(tools[made["tool"]](made["input"]))
        if not isinstance(made, dict) or not all(
                isinstance(made.get(key), str) for key in ("tool", "input")):
            return shape
        for what in order:
            if what == "tool" and made["tool"] not in tools:
                return unknown
            if what == "right" and made["tool"] not in allowed:
                return forbidden
        try:
            return text(tools[made["tool"]](made["input"]))
        except Exception:
            if trusts == "tool":
                raise
            return failed

    def run_agent(think, tools, allowed, budget):
        notes = []
        while goes_on(notes, budget):
            written = think(notes)
            if written is None:
                break
            notes.append((written, observe(written, tools, allowed)))
            if stops(notes[-1][1]):
                break
        return notes
    return run_agent


def nothing_forbidden_is_run(attempt):
    ran = []
    attempt(said(call("delete", "diary")), {"delete": ran.append}, [], 3,
            text="run_agent(think, tools, [], 3), where delete is not allowed")
    if ran:
        fail("run_agent(think, tools, [], 3)", "delete was run", "delete not run",
             "Is the permission asked for before the tool is run, or after?")


run_agent = Check(
    "run_agent",
    cases=[
        Case(said(call("up")), TOOLS, ["up"], 5),
        Case(said(), TOOLS, ["up"], 5, label="done at once"),
        Case(said(call("up"), call("twice")), TOOLS, ["up", "twice"], 5),
        Case(for_ever, TOOLS, ["up"], 3, label="it never says that it is done"),
        Case(for_ever, TOOLS, ["up"], 0, label="no budget"),
        Case(reader, TOOLS, ["twice"], 9, label="it reads its notes"),
        Case(said(call("number", "7")), TOOLS, ["number"], 5, label="a number came"),
        Case(said("moon", call("up")), TOOLS, ["up"], 5, label="no JSON, then a call"),
        *(Case(said(text), TOOLS, ["up"], 5, label=text)
          for text in ("60", "[]", '"up"', "null", "{}", '{"tool": "up"}',
                       '{"tool": "up", "input": 60}', '{"tool": ["up"], "input": ""}')),
        Case(said(call("email"), call("up")), TOOLS, ["up", "email"], 5,
             label="no such tool"),
        Case(said(call("email")), TOOLS, ["up"], 5, label="neither there nor allowed"),
        Case(said(call("delete"), call("up")), TOOLS, ["up"], 5, label="not allowed"),
        Case(said(call("number", "moon"), call("up")), TOOLS, ["number", "up"], 5,
             label="the tool fails"),
    ],
    reference=loop(),
    properties=[nothing_forbidden_is_run],
    mistakes={
        loop(lambda notes, budget: len(notes) <= budget):
            "How many notes may there be, and how many came?",
        loop(lambda notes, budget: len(notes) < budget - 1):
            "May the last call of the budget be run?",
        loop(order=("shape", "tool")): "Who asks whether that tool is allowed?",
        loop(order=("shape", "right", "tool")):
            "A tool that is neither there nor allowed: which is asked first?",
        loop(text=lambda value: value): "Is every observation a string?",
        loop(stops=lambda seen: seen.startswith("error")):
            "May the thinker mend its call after an error?",
        loop(goes_on=lambda notes, budget: not notes and budget > 0):
            "That is one call. Who asks the thinker for the next?",
        loop(errors=("not a call", "not a call", "not allowed", "the tool failed")):
            "The call is well formed. What is wrong with its tool?",
        loop(errors=("not a call", "no such tool", "not allowed", "not a call")):
            "The call was in order, and its tool failed. Which `except` says so?",
        loop(trusts="text"):
            "Text that is no JSON is an observation, too. Which line may raise?",
        loop(trusts="tool"): "What if a tool raises? The loop should go on.",
        loop(trusts="shape"):
            "Is it a call, is its tool there, is it allowed? Who asks that first?",
        lambda think, tools, allowed, budget: [
            seen for _, seen in loop()(think, tools, allowed, budget)]:
            "A note is a pair: where is the call?",
    },
    right="20 thinkers (without an end, without sense, without a right)",
)
