"""Checks of exercise 12: windows, bits, epochs, MinHash, the shifted loss, a recipe.

Each task but the last is compared with plain loops; a recipe is held to its rules. How
a check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np
import torch
from torch.nn import functional as F

from lmlab.checks.core import Case, Check, fail
from lmlab.models.llama import LLaMA, LLaMAConfig

rng = np.random.default_rng(0)


# 1. A batch of windows

def windows_loop(ids, starts, length):
    read = [[ids[s + i] for i in range(length)] for s in starts]
    asked = [[ids[s + i + 1] for i in range(length)] for s in starts]
    return np.array(read), np.array(asked)


def cut(read=lambda at, n: at, asked=lambda at, n: at + 1, after=lambda x: x):
    """`windows`, or a mistake: which places are read, which are asked."""
    def rows(ids, starts, length):
        at = starts[:, None] + np.arange(length)
        return tuple(after(ids[f(at, length)]) for f in (read, asked))
    return rows


windows = Check(
    "windows",
    cases=[
        Case(np.array([5, 6, 7, 8, 9]), np.array([1]), 2),
        Case(np.array([5, 6, 7, 8, 9]), np.array([0, 2]), 2),
        Case(np.array([5, 6]), np.array([0]), 1, label="the whole text"),
        Case(np.arange(40, 52), np.array([7, 7, 0, 3]), 4, label="the last token"),
        *(Case(rng.integers(0, 99, 500), rng.integers(0, 470, b), n)
          for b, n in ((1, 9), (6, 1), (16, 25))),
    ],
    reference=windows_loop,
    mistakes={
        cut(asked=lambda at, n: at):
            "Each token is asked for where it is read. Which one is to be guessed?",
        cut(asked=lambda at, n: at - 1):
            "Does that ask for what comes, or for what came before?",
        cut(asked=lambda at, n: at + n):
            "That asks for the window behind. How far on is the next token?",
        cut(read=lambda at, n: at + 1, asked=lambda at, n: at):
            "Which of the two comes first: what is read, or what is asked?",
        cut(after=np.transpose): "Is a window a row here, or a column?",
        lambda ids, starts, length: cut()(ids, np.arange(len(starts)) * length, length):
            "Those windows lie side by side. Where does `starts` say they begin?",
        lambda ids, starts, length: cut()(ids, starts, length + 1):
            "How many questions has a row, and how many were wanted?",
        lambda ids, starts, length: cut()(ids, starts, length - 1):
            "How many questions are left in a row, and how many were wanted?",
        lambda ids, starts, length: tuple(
            starts[:, None] + np.arange(length) + i for i in (0, 1)):
            "Those are places in the text. Which tokens stand there?",
        lambda ids, starts, length: tuple(x[0] for x in cut()(ids, starts, length)):
            "Is that one window, or one for each start?",
        lambda ids, starts, length: (
            (read := cut()(ids, starts, length)[0]), np.roll(read, -1, axis=1)):
            "What comes after the last token of a window: its first one?",
        lambda ids, starts, length: (
            cut()(ids, starts, length)[0], ids[starts + length]):
            "Is only the token behind the window asked for, or one at every place?",
        lambda ids, starts, length: cut()(ids, starts, length)[0]:
            "That is what is read. Where is what is asked?",
        lambda ids, starts, length: ids[starts[:, None] + np.arange(length + 1)]:
            "Which part of these rows is read, and which is asked?",
    },
    right="7 batches (a text of two tokens, the last token, one window twice)",
)


# 2. Bits per character

bits_per_character = Check(
    "bits_per_character",
    cases=[
        Case(math.log(2), 1, 1),
        Case(2 * math.log(2), 3, 6),
        Case(5.6, 100, 100, label="a token is a character"),
        Case(0.9, 300, 100, label="bytes of Chinese"),
        Case(0.0, 5, 9, label="never surprised"),
        *(Case(float(rng.uniform(0.1, 9)), int(rng.integers(1, 500)),
               int(rng.integers(1, 900))) for _ in range(5)),
    ],
    reference=lambda nats, n, m: math.fsum([nats / math.log(2)] * n) / m,
    mistakes={
        lambda nats, n, m: nats * n / m: "That is in nats. How many are one bit?",
        lambda nats, n, m: nats * math.log(2) * n / m:
            "A bit is fewer nats than one: are there more bits, or fewer?",
        lambda nats, n, m: nats / math.log(2): "That is for a token. For a character?",
        lambda nats, n, m: nats / math.log(2) * m / n:
            "With twice the characters in as many tokens, does each cost more?",
        lambda nats, n, m: nats / math.log(2) / m:
            "nats is the mean of a token. What does the whole text cost?",
        lambda nats, n, m: nats / math.log(2) * n:
            "That is what the whole text costs. And one character?",
        lambda nats, n, m: nats / math.log(10) * n / m:
            "Which logarithm belongs to bits: that of 10, or of 2?",
    },
    right="10 losses (tokens longer and shorter than a character, no surprise)",
)


# 3. How often is each source read?

def epochs_loop(sizes, weights, budget):
    read = {}
    for name, size in sizes.items():
        read[name] = budget * (weights[name] / math.fsum(weights.values())) / size
    return read


def each(value):
    return lambda sizes, weights, budget: {
        name: value(sizes, weights, budget, name) for name in sizes}


sources = [({f"source {i}": float(rng.uniform(1, 400)) for i in range(n)},
            {f"source {i}": float(rng.uniform(0, 50)) for i in range(n)},
            float(rng.uniform(10, 2000))) for n in (3, 5, 9)]

epochs = Check(
    "epochs",
    cases=[
        Case({"web": 100}, {"web": 1}, 50),
        Case({"web": 100, "books": 10}, {"web": 3, "books": 1}, 40),
        Case({"web": 40, "books": 5}, {"web": 60, "books": 41}, 30,
             label="the weights sum to 101"),
        Case({"web": 8, "spam": 90}, {"web": 1.0, "spam": 0.0}, 16,
             label="one is left out"),
        Case({"a": 7, "b": 2}, {"b": 1, "a": 4}, 70, label="another order"),
        *(Case(*source) for source in sources),
    ],
    reference=epochs_loop,
    mistakes={
        each(lambda s, w, b, name: b * w[name] / s[name]):
            "Which part of the budget has a weight of 3 when another has 1?",
        each(lambda s, w, b, name: b * w[name] / 100 / s[name]):
            "Do these weights sum to 100?",
        each(lambda s, w, b, name: b * w[name] / sum(w.values())):
            "Those are the tokens read. How often is that the whole source?",
        each(lambda s, w, b, name: b / s[name]):
            "Does all of the budget go to every source?",
        each(lambda s, w, b, name: b / sum(s.values())):
            "That reads all alike. Where do the weights come in?",
        each(lambda s, w, b, name: w[name] / sum(w.values())):
            "That is the share of the mix. How many tokens are that, and how often?",
        each(lambda s, w, b, name: b * w[name] / sum(w.values()) / sum(s.values())):
            "Divided by all tokens there are, or by those of this source?",
        each(lambda s, w, b, name: s[name] * sum(w.values()) / (b * w[name] or 1)):
            "Is a source that is larger read more often, or less?",
        lambda s, w, b: dict(zip(s, epochs_loop(
            dict(zip(w, s.values(), strict=True)), w, b).values(), strict=True)):
            "Do the two dicts list their sources in the same order?",
    },
    right="8 mixes (weights of any sum, a source left out, another order)",
)


# 4. MinHash

PRIME = 2**31 - 1


def signature_loop(shingles, multiply, add):
    return np.array([min((int(m) * int(s) + int(a)) % PRIME for s in shingles)
                     for m, a in zip(multiply, add, strict=True)])


def hashed(last, remainder=lambda numbers: numbers % PRIME):
    """`signature`, or a mistake: what is done with the table (k, n), and before."""
    return lambda s, m, a: last(remainder(m[:, None] * s + a[:, None]))


def drawn(n, k):
    return Case(rng.integers(0, PRIME, n), *rng.integers(1, PRIME, (2, k)))


signature = Check(
    "signature",
    cases=[
        Case(np.array([4]), np.array([2]), np.array([3])),
        Case(np.array([1, 5]), np.array([1, 2]), np.array([0, PRIME - 4])),
        Case(np.array([9, 2, 9]), np.array([3, 1]), np.array([0, 7]),
             label="one comes twice"),
        Case(np.array([PRIME - 1, 1]), np.array([PRIME - 1]), np.array([0]),
             label="large numbers"),
        drawn(3, 1), drawn(1, 5), drawn(7, 3), drawn(3, 7), drawn(60, 64),
    ],
    reference=signature_loop,
    mistakes={
        hashed(lambda numbers: numbers.max(axis=1)):
            "Is the largest kept of each, or the smallest?",
        hashed(lambda numbers: numbers.min(axis=0)):
            "One number for each of the k, or for each shingle: over which axis?",
        hashed(lambda numbers: numbers.min(axis=1), lambda numbers: numbers):
            "Is the remainder taken of the whole sum? Without it the smallest shingle "
            "always wins.",
        lambda s, m, a: (m[:, None] * s % PRIME + a[:, None]).min(axis=1):
            "Is the remainder taken of the product, or of the whole sum?",
        hashed(lambda numbers: numbers.min(axis=1) % PRIME, lambda numbers: numbers):
            "Which comes first, the remainder or the smallest? The smallest shingle "
            "need not have the smallest number.",
        hashed(lambda numbers: numbers.argmin(axis=1)):
            "That is where the smallest stands. What is it?",
        lambda s, m, a: s[hashed(lambda numbers: numbers.argmin(axis=1))(s, m, a)]:
            "That is the shingle that won. Which number did it get?",
        hashed(lambda numbers: numbers): "Those are all numbers. Which are kept?",
        hashed(lambda numbers: numbers.min()):
            "The smallest of all, or of each of the k?",
        lambda s, m, a: hashed(lambda x: x.min(axis=1))(s, m, 0 * a):
            "Where does `add` come in?",
        hashed(lambda numbers: numbers.min(axis=1), lambda x: x % 2**31):
            "Divided by PRIME, or by the power of two next to it?",
    },
    right="9 texts of 1 to 60 shingles, with 1 to 64 numbers each",
)


# 5. The loss, shifted

def next_loss_loop(logits, ids):
    total = []
    for row, label in zip(logits.double(), ids, strict=True):
        for scores, token in zip(row[:-1], label[1:], strict=True):
            total.append(float(torch.logsumexp(scores, 0) - scores[token]))
    return torch.tensor(math.fsum(total) / len(total), dtype=logits.dtype)


def scored(logits, ids, **options):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten(), **options)


def made(batch, n, size, scale=2.0):
    generator = torch.Generator().manual_seed(batch * n + size)
    return Case(
        torch.randn(batch, n, size, generator=generator, dtype=torch.float64) * scale,
        torch.randint(size, (batch, n), generator=generator))


next_loss = Check(
    "next_loss",
    cases=[
        Case(torch.tensor([[[0.0, 9.0], [0.0, 0.0]]]), torch.tensor([[0, 1]])),
        Case(torch.tensor([[[0.0, 0.0, 3.0], [2.0, 0.0, 0.0], [5.0, 0.0, 0.0]]]),
             torch.tensor([[1, 0, 2]])),
        Case(torch.zeros(2, 4, 5), torch.zeros(2, 4, dtype=torch.int64),
             label="knows nothing"),
        made(1, 3, 4), made(3, 2, 7), made(2, 9, 5), made(4, 25, 40, 20.0),
    ],
    reference=next_loss_loop,
    mistakes={
        scored: "At each place its own token is asked for, and it has been read. "
                "Which should be?",
        lambda z, ids: F.cross_entropy(z.flatten(0, 1)[:-1], ids.flatten()[1:]):
            "The end of a row does not guess how the next one begins: is it left out?",
        lambda z, ids: scored(z[:, 1:], ids[:, :-1]):
            "Do these scores guess the token after them, or the one before?",
        lambda z, ids: scored(z, ids.roll(-1, dims=1)):
            "What does the last place guess: is it the first token of the row?",
        lambda z, ids: scored(z[:-1], ids[1:]):  # nan where there is one row
            "Is it the rows that are shifted, or the places in a row?",
        lambda z, ids: scored(z[:, :-1], ids[:, 1:], reduction="sum"):
            "Is a longer text worse? Sum or mean?",
        lambda z, ids: scored(z[:, :-1].softmax(-1), ids[:, 1:]):
            "cross_entropy takes scores. Is softmax applied twice?",
        lambda z, ids: -scored(z[:, :-1], ids[:, 1:]):
            "Can a mean surprise be below zero? Look at the sign.",
        lambda z, ids: scored(z[:, -2:-1], ids[:, -1:]):
            "That asks for the last token alone. Which others are there?",
        lambda z, ids: scored(z[:, :-2], ids[:, 2:]):  # nan for two tokens
            "How far apart are the scores and their token: one place, or two?",
        lambda z, ids: scored(z[:, :-1], ids[:, 1:], reduction="none"):
            "One loss for each place: where is the mean?",
    },
    right="7 batches of 1 to 4 rows, of 2 to 25 tokens",
)


# 6. The best poet in 400 steps

KEYS = ("d_model", "n_layers", "n_heads", "steps", "batch",
        "learning_rate", "optimiser")
GOOD = {"d_model": 64, "n_layers": 2, "n_heads": 2, "steps": 300, "batch": 20,
        "learning_rate": 5e-3, "optimiser": "adamw"}


def keeps_the_rules(call):
    made = call()

    def no(what, returned, expected, question):
        tried = f"recipe()[{what!r}]" if what else "recipe()"
        fail(tried, returned, expected, question)

    if not isinstance(made, dict) or set(made) != set(KEYS):
        no("", sorted(made, key=str) if isinstance(made, dict) else made,
           sorted(KEYS), "Which of the seven keys is missing, or one too many?")
    for name in KEYS[:5]:
        if type(made[name]) is not int or made[name] < 1:
            no(name, made[name], "a whole number from 1",
               "Can there be that many of them?")
    if made["steps"] > 400:
        no("steps", made["steps"], "400 or fewer", "How many steps has everybody?")
    rows = made["steps"] * made["batch"]
    if rows > 6400:
        no("batch", f"{rows} quatrains in all", "6400 or fewer",
           "How many quatrains do all steps read together?")
    rate = made["learning_rate"]
    if type(rate) not in (int, float) or not 0 < rate <= 0.1:
        no("learning_rate", rate, "above 0, at most 0.1",
           "Does that learn at all, and does it not run away?")
    if made["optimiser"] not in ("adamw", "muon"):
        no("optimiser", made["optimiser"], "'adamw' or 'muon'",
           "How is it spelt in the docstring?")
    if made["d_model"] % (2 * made["n_heads"]):
        no("d_model", made["d_model"], f"a multiple of {2 * made['n_heads']}",
           "RoPE turns pairs in each head: how wide is a head here?")
    n = weights(made["d_model"], made["n_layers"], made["n_heads"])
    if n > 1_100_000:
        no("d_model", f"{n:,} weights", "1,100,000 or fewer",
           "Which has more weights, the table of 3,358 tokens or the blocks?")


def weights(d_model, n_layers, n_heads) -> int:
    """Count a poet's weights; a model that is far too large is not built."""
    least = 3358 * d_model + 12 * n_layers * d_model**2
    if least > 3_000_000 or n_layers > 100:
        return least
    with torch.device("meta"):
        poet = LLaMA(LLaMAConfig(3358, 48, d_model, n_layers, n_heads, tied=True))
    return sum(weight.numel() for weight in poet.parameters())


def but(**changes):
    return lambda: GOOD | changes


recipe = Check(
    "recipe",
    properties=[keeps_the_rules],
    mistakes={
        lambda: {key: GOOD[key] for key in KEYS[:6]}:
            "Which of the seven keys is missing, or one too many?",
        but(n_layers=0): "Can there be that many of them?",
        but(steps=401, batch=1): "How many steps has everybody?",
        but(steps=400, batch=17): "How many quatrains do all steps read together?",
        but(learning_rate=0.0): "Does that learn at all, and does it not run away?",
        but(optimiser="Muon"): "How is it spelt in the docstring?",
        but(d_model=66): "RoPE turns pairs in each head: how wide is a head here?",
        but(d_model=192, n_layers=2):
            "Which has more weights, the table of 3,358 tokens or the blocks?",
    },
    right="all rules: seven settings, steps, quatrains and weights",
)
