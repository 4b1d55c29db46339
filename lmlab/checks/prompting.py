"""Checks of the exercises of lesson 17."""

from collections import Counter

import numpy as np
from scipy.special import log_softmax, softmax

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(17)


# 1. A few-shot prompt

def prompt_loop(examples, question):
    prompt = ""
    for asked, answer in examples:
        prompt += asked + " -> " + answer + "\n"
    return prompt + question + " ->"


def prompt(line="{} -> {}", last="{} ->", between="\n", order=lambda lines, q: [
        *lines, q]):
    """`few_shot_prompt`, or a mistake: how lines are written, joined, ordered."""
    return lambda examples, question: between.join(order(
        [line.format(*pair) for pair in examples], last.format(question)))


few_shot_prompt = Check(
    "few_shot_prompt",
    cases=[
        Case([], "up", label="no example"),
        Case([("hot", "cold")], "up"),
        Case([("hot", "cold"), ("big", "small")], "up"),
        Case([("1 + 2", "3"), ("4 + 4", "8"), ("1 + 2", "3")], "9 + 0",
             label="an example twice"),
        Case([(f"q{i}", f"a{i}") for i in range(20)], "q20"),
    ],
    reference=prompt_loop,
    mistakes={
        prompt(last="{} -> "):
            "With which character does your prompt end, and with which should it?",
        prompt(last="{}"): "By what should the model see that an answer comes now?",
        prompt(last="{} ->\n"): "Does the answer stand on the question's line?",
        lambda examples, question: prompt()(examples, "\n" + question) if not examples
        else prompt_loop(examples, question):
            "How many line ends are there, if there is no example?",
        prompt(between=""): "Where does one example end and the next begin?",
        prompt(between="\n\n"): "How many line ends stand between two lines?",
        prompt(order=lambda lines, q: [q, *lines]):
            "A model goes on where the prompt ends: after what should it go on here?",
        prompt(order=lambda lines, q: [*lines[::-1], q]):
            "Do the examples stand in the order in which they came?",
        prompt(order=lambda lines, q: [*dict.fromkeys(lines), q]):
            "An example that comes twice: how many lines does it get?",
        prompt(line="{1} -> {0}"): "Which stands first in a pair, question or answer?",
        prompt(line="{} ->"): "What do the examples show, if not their answers?",
    },
    right="5 prompts of up to 20 examples",
)


# 2. How likely is an answer?

def score_loop(logits, ids, start):
    total = 0.0
    for place in range(start, len(ids)):
        row = logits[place - 1]
        total += row[ids[place]] - np.logaddexp.reduce(row)
    return total / (len(ids) - start)


def score(rows=lambda x, s: x[s - 1 : -1], answer=lambda ids, s: ids[s:],
          log_p=lambda x: log_softmax(x, axis=1), over=np.mean):
    """`answer_score`, or a mistake: which rows and tokens, what of them, how summed."""
    def scored(logits, ids, start):
        picked, wanted = log_p(rows(logits, start)), answer(ids, start)
        return float(over(picked[np.arange(len(wanted)), wanted]))
    return scored


def reading(n, vocabulary, start, scale=1.0, label=""):
    return Case(scale * rng.normal(size=(n, vocabulary)),
                rng.integers(vocabulary, size=n), start, label=label)


answer_score = Check(
    "answer_score",
    cases=[
        Case(np.array([[0.0, np.log(3)], [9.0, 0.0]]), np.array([0, 1]), 1,
             label="an answer of one token"),
        Case(np.array([[0.0, np.log(3)], [np.log(3), 0.0], [0.0, 9.0]]),
             np.array([0, 1, 1]), 1),
        Case(np.array([[0.0, np.log(3)], [np.log(3), 0.0], [0.0, 9.0]]),
             np.array([0, 1, 1]), 2, label="the same, a longer prompt"),
        reading(6, 5, 2), reading(6, 5, 5), reading(9, 4, 1),
        reading(40, 30, 12),
        reading(8, 5, 3, scale=1000.0, label="scores of a thousand"),
    ],
    reference=score_loop,
    mistakes={
        score(rows=lambda x, s: x[s:]):
            "Which row was written before ids[start] was read?",
        lambda logits, ids, start: float(
            log_softmax(logits[start - 1 : -1], axis=1)[:, ids[start:]].mean()):
            "From each row one number is wanted: how many did you take from it?",
        score(over=np.sum): "Twice as many tokens: is an answer then half as likely "
            "to be taken?",
        score(over=lambda p: -p.mean()):
            "Can a log-probability be above 0? Look at the sign.",
        score(over=lambda p: np.exp(p.mean())):
            "Is a probability asked for, or its logarithm?",
        score(log_p=lambda x: x): "Do these numbers come from probabilities that sum "
            "to 1?",
        score(log_p=lambda x: softmax(x, axis=1)):
            "That is the mean probability: which step is missing?",
        score(log_p=lambda x: log_softmax(x, axis=0)):
            "Over which axis do the probabilities sum to 1: tokens read, or "
            "vocabulary?",
        score(log_p=lambda x: log_softmax(x)):
            "Over which axis do the probabilities sum to 1, and over which did yours?",
        lambda logits, ids, start: float(log_softmax(logits)[
            np.arange(start - 1, len(ids) - 1), ids[start:]].mean()):
            "Over which axis do the probabilities sum to 1, and over which did yours?",
        score(rows=lambda x, s: x[:-1], answer=lambda ids, s: ids[1:]):
            "Is the prompt to be scored, too, or the answer alone?",
        score(rows=lambda x, s: x[s - 1 : -2], answer=lambda ids, s: ids[s:-1],
              over=lambda p: p.sum() / max(1, len(p))):
            "Is the last token of the answer counted?",
        score(rows=lambda x, s: x[s:-1], answer=lambda ids, s: ids[s + 1 :],
              over=lambda p: p.sum() / max(1, len(p))):
            "Is the first token of the answer counted?",
    },
    right="8 readings of 2 to 40 tokens, scores of a thousand among them",
)


# 3. Ask several times

def vote_loop(answers):
    best, most = "", 0
    for answer in answers:
        times = sum(answer == other for other in answers)
        if answer is not None and times > most:
            best, most = answer, times
    return best


def voted(counts=lambda a: Counter(x for x in a if x is not None),
          choose=lambda votes: max(votes, key=votes.get, default="")):
    """`majority`, or a mistake: which answers count, which of them is chosen."""
    return lambda answers: choose(counts(answers))


majority = Check(
    "majority",
    cases=[
        Case(["7"]),
        Case(["7", "3", "3"]),
        Case(["7", "3", None, "3", None, None], label="half came to no answer"),
        Case(["7", "3", "7", "3"], label="two alike"),
        Case(["3", "7", "7", "3"], label="two alike, the other first"),
        Case(["9", "10", "10"]),
        Case([None, None], label="no answer at all"),
        *(Case([[None, *"abcd"][k] for k in rng.integers(5, size=n)])
          for n in (5, 9, 20, 200)),
    ],
    reference=vote_loop,
    mistakes={
        voted(counts=Counter): "Does a chain without an answer have a vote?",
        lambda answers: Counter(answers).most_common(1)[0][0] or "":
            "Does a chain without an answer have a vote?",
        voted(choose=lambda votes: max(votes, key=votes.get, default="None")):
            "What is to be returned where nobody came to an answer?",
        voted(choose=lambda votes: max(votes, key=votes.get, default=None)):
            "What is to be returned where nobody came to an answer?",
        voted(choose=lambda votes: max(reversed(votes), key=votes.get, default="")):
            "Of two that are equally frequent, which came first?",
        voted(choose=lambda v: max(sorted(v), key=v.get, default="")):
            "Of two that are equally frequent: the smaller one, or the one that came "
            "first?",
        voted(choose=lambda votes: min(votes, key=votes.get, default="")):
            "Most frequent, or least?",
        voted(choose=lambda votes: next(iter(votes), "")):
            "Does it matter how often an answer comes?",
        voted(choose=lambda votes: max(votes, default="")):
            "By what is the largest chosen: by the answer, or by its votes?",
        voted(choose=lambda v: max(v.values(), default="")):
            "Is the number of votes asked for, or the answer?",
    },
    right="11 rounds of up to 200 answers, ties and silence among them",
)


# 4. What fits into the context

def fit_loop(messages, room):
    sizes = [1 + len(said) for _, said in messages]
    for start in range(1, len(messages) + 1):
        if sizes[0] + sum(sizes[start:]) <= room:
            break
    return [messages[0], *messages[start:]]


def fitted(size=lambda m: 1 + len(m[1]), stop=True, pay=True, spare=0, system=True):
    """`fit`, or a mistake: a message's size, whether a gap is left, what is paid."""
    def kept(messages, room):
        first, *rest = messages if system else [None, *messages]
        left, chosen = room - spare - (size(first) if system and pay else 0), []
        for message in reversed(rest):
            if size(message) <= left:
                left -= size(message)
                chosen.append(message)
            elif stop:
                break
        return [*([first] if system else []), *reversed(chosen)]
    return kept


def forward(messages, room):
    kept, left = [], room
    for message in messages:
        left -= 1 + len(message[1])
        if left < 0 and kept:
            break
        kept.append(message)
    return kept


talk = [("system", "be kind"), ("user", "hello"), ("model", "hi"), ("user", "why?")]


def chat(turns):
    lengths = rng.integers(0, 12, size=turns + 1)
    return [("system" if i == 0 else "user" if i % 2 else "model", "x" * n)
            for i, n in enumerate(lengths)]


fit = Check(
    "fit",
    cases=[
        Case(talk[:1], 20, label="the system alone"),
        Case(talk[:2], 14, label="it fits to the last token"),
        Case(talk, 100, label="room for all"),
        Case(talk, 16), Case(talk, 15), Case(talk, 13, label="room for one more"),
        Case(talk, 8, label="room for the system alone"),
        Case([("system", "a"), ("user", "b"), ("model", "a long reply"),
              ("user", "ok")], 9, label="a short message before a long one"),
        Case([("system", "a very long order"), ("user", "b")], 4,
             label="not even room for the system"),
        *(Case(chat(n), int(room)) for n in (3, 6, 9, 30)
          for room in rng.integers(12, 6 * n, size=3)),
    ],
    reference=fit_loop,
    mistakes={
        fitted(stop=False):
            "Does a message that is kept follow on the one kept before it, or is "
            "there a gap?",
        fitted(pay=False): "Who pays for the system message?",
        fitted(size=lambda m: len(m[1])): "Does a message's role take a token, too?",
        fitted(size=lambda m: 1):
            "Is room counted in messages, or in tokens?",
        fitted(size=lambda m: len(m[0]) + len(m[1])):
            "How many tokens does a role take, however long its name?",
        fitted(spare=1): "May what is sent fill the room to the last token?",
        fitted(spare=-1): "What is sent may take `room` tokens: does it take one more?",
        fitted(system=False): "What happens to the system message when room is short?",
        forward: "Which messages are to go when room is short, old ones or new?",
        lambda m, room: [m[0], *fitted()(m, room)[:0:-1]]:
            "In which order do the messages come back?",
        lambda m, room: fitted()(m, room)[1:] + m[:1]:
            "Where does the system message stand?",
    },
    right="21 chats of up to 31 messages, some with no room at all",
)


# 5. Find the bug

def fair_loop(texts, i, shots, order):
    picked = []
    for j in order:
        if len(picked) < shots and texts[j] != texts[i]:
            picked.append(int(j))
    return picked


def pick(fair=lambda texts, i, j: texts[j] != texts[i], cut=lambda fair, n: fair[:n],
         first=lambda order, n: order):
    """`pick_examples`, or a mistake: what is fair, and when `shots` are taken."""
    return lambda texts, i, shots, order: cut(
        [int(j) for j in first(order, shots) if fair(texts, i, j)], shots)


pile = ["good", "bad", "fine", "good"]


def piles(n, kinds, shots):
    texts = [f"text {k}" for k in rng.integers(kinds, size=n)]
    return Case(texts, int(rng.integers(n)), shots, rng.permutation(n))


pick_examples = Check(
    "pick_examples",
    cases=[
        Case(["good", "bad"], 0, 1, np.array([1, 0])),
        Case(["good", "bad"], 0, 1, np.array([0, 1]), label="the question comes first"),
        Case(pile, 0, 2, np.array([3, 0, 1, 2]), label="its twin comes first"),
        Case(pile, 1, 0, np.array([3, 0, 1, 2]), label="no shots"),
        Case(pile, 2, 3, np.array([0, 2, 1, 3])),
        Case(pile, 0, 9, np.array([3, 0, 1, 2]), label="fewer are fair"),
        piles(6, 3, 2), piles(10, 4, 4), piles(30, 10, 8), piles(200, 40, 20),
    ],
    reference=fair_loop,
    mistakes={
        pick(fair=lambda texts, i, j: True):
            "Is the question among its own examples?",
        pick(fair=lambda texts, i, j: j != i):
            "Two texts may be equal though their numbers differ. Are there any?",
        pick(first=lambda order, n: order[:n]):
            "If unfair ones are dropped after `shots` were taken, how many are left?",
        pick(first=lambda order, n: order[: n + 1]):
            "One more is taken in reserve. How many unfair ones may there be?",
        pick(first=lambda order, n: np.sort(order)):
            "Were the examples taken in the shuffled order?",
        pick(cut=lambda fair, n: fair[-n:] if n else []):
            "The first fair ones, or the last?",
        pick(cut=lambda fair, n: fair): "How many examples were asked for?",
        pick(fair=lambda texts, i, j: texts[j] == texts[i]):
            "Which texts give the answer away: those that are equal, or the others?",
    },
    right="10 piles of up to 200 texts, with twins",
)


# 6. A classifier made of a prompt

def curve_loop(keys, labels, queries, truth, shots, beta):
    curve = []
    for n in shots:
        hits = 0
        for query, label in zip(queries, truth, strict=True):
            scores = [beta * float(key @ query) for key in keys[:n]]
            parts = np.exp(np.array(scores) - max(scores))
            sums = [parts[labels[:n] == k].sum() for k in range(labels.max() + 1)]
            hits += int(np.argmax(sums)) == label
        curve.append(hits / len(queries))
    return curve


def curve(scores=lambda q, k, b: b * q @ k.T, weigh=lambda s: softmax(s, axis=1),
          cut=lambda x, n: x[:n], value=lambda labels: np.eye(labels.max() + 1)[labels],
          share=np.mean, choose=lambda a: a.argmax(axis=1)):
    """`few_shot_curve`, or a mistake: in the scores, weights, examples or answers."""
    return lambda keys, labels, queries, truth, shots, beta: [
        float(share(choose(
            weigh(scores(queries, cut(keys, n), beta)) @ cut(value(labels), n)
        ) == truth)) for n in shots]


def digits(n, m, classes, d, shots, beta, label=""):
    centre = rng.normal(size=(classes, d))
    labels, truth = rng.integers(classes, size=n), rng.integers(classes, size=m)
    labels[0] = classes - 1
    return Case(centre[labels] + rng.normal(size=(n, d)), labels,
                centre[truth] + rng.normal(size=(m, d)), truth, shots, beta,
                label=label)


few_shot_curve = Check(
    "few_shot_curve",
    cases=[
        Case(np.eye(2), np.array([1, 0]), np.eye(2), np.array([1, 0]), [1, 2], 5.0),
        Case(np.array([[1.0], [0.6], [0.6]]), np.array([0, 1, 1]), np.array([[1.0]]),
             np.array([1]), [1, 3], 1.0, label="two near ones outweigh the nearest"),
        Case(np.array([[1.0], [0.6], [0.6]]), np.array([0, 1, 1]), np.array([[1.0]]),
             np.array([1]), [1, 3], 9.0, label="the same, a larger beta"),
        Case(np.eye(2), np.array([1, 0]), np.ones((1, 2)), np.array([0]), [2], 1.0,
             label="both labels weigh the same"),
        digits(12, 9, 3, 2, [1, 4, 12], 1.0),
        digits(40, 30, 4, 3, [2, 10, 40], 0.3),
        digits(40, 30, 4, 3, [40, 3], 3.0),
        digits(60, 50, 5, 4, [1, 2, 5, 20, 60], 0.05),
        digits(30, 20, 3, 5, [5, 30], 1000.0, label="a large beta"),
    ],
    reference=curve_loop,
    no_warnings=True,
    mistakes={
        curve(scores=lambda q, k, b: q @ k.T): "Where does beta come in?",
        curve(scores=lambda q, k, b: q @ k.T / b):
            "Does a larger beta look at fewer examples, or at more?",
        curve(scores=lambda q, k, b: -b * q @ k.T):
            "Which example gets the largest weight, the most similar one?",
        curve(weigh=lambda s: s): "What turns scores into weights?",
        curve(weigh=lambda s: softmax(s, axis=0)):
            "Whose weights sum to 1: those of a query, or those of an example?",
        curve(weigh=softmax):
            "Over which axis do the weights of one query sum to 1, and over which do "
            "yours?",
        curve(value=lambda labels: labels, choose=np.round):
            "Can a 0 and a 2 be averaged into the answer 1?",
        curve(weigh=lambda s: (s == s.max(axis=1, keepdims=True)).astype(float)):
            "May several examples together outweigh the nearest?",
        lambda keys, labels, queries, truth, shots, beta: [
            float(np.mean(labels[:n][np.argmax(beta * queries @ keys[:n].T, axis=1)]
                          == truth)) for n in shots]:
            "May several examples together outweigh the nearest?",
        lambda keys, labels, queries, truth, shots, beta: [
            float(np.mean((softmax(beta * queries @ keys.T, axis=1)[:, :n]
                           @ np.eye(labels.max() + 1)[labels[:n]]).argmax(axis=1)
                          == truth)) for n in shots]:
            "Do examples outside the prompt take a share of the softmax?",
        curve(weigh=lambda s: np.ones_like(s)):
            "Do all examples weigh alike, whatever the query?",
        curve(cut=lambda x, n: x): "How many examples does the prompt hold?",
        curve(cut=lambda x, n: x[-n:]): "The first examples, or the last?",
        curve(share=np.sum): "Is a share asked for, or a number?",
        curve(share=lambda right: 1 - right.mean()):
            "Is that the share named right, or wrong?",
        curve(share=lambda right: 100 * right.mean()):
            "A share lies between 0 and 1: where does the hundred come from?",
        curve(choose=lambda a: a.shape[1] - 1 - a[:, ::-1].argmax(axis=1)):
            "Of two labels with equal weight, which is the answer?",
    },
    right="9 prompts of 2 to 60 examples, a beta of a thousand among them",
)
