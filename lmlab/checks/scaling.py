"""Checks of exercise 13: days, a power law, exact match, workers, a pipeline, a guess.

Each task is compared with plain loops or sums over numbers, the smallest case first.
How a check is written: see `lmlab.checks.core`.
"""

import math

import numpy as np

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(13)


# 1. Days of many cards

def days(n=6, seconds=86400, work=lambda n, tokens: n * tokens,
         rate=lambda cards, peak, share: cards * peak * share):
    """`gpu_days`, or a mistake: FLOPs a weight and token, seconds, work, rate."""
    return lambda weights, tokens, cards, peak, share: (
        n * work(weights, tokens) / rate(cards, peak, share) / seconds)


gpu_days = Check(
    "gpu_days",
    cases=[
        Case(100, 144, 1, 1.0, 1.0),
        Case(100, 144, 2, 1.0, 0.5),
        Case(1000, 20_000, 4, 100.0, 0.25),
        Case(175e9, 300e9, 1000, 125e12, 0.3, label="GPT-3"),
        Case(65.2e9, 1.4e12, 2048, 312e12, 0.5, label="LLaMA-65B"),
        *(Case(float(rng.uniform(1e6, 1e9)), float(rng.uniform(1e8, 1e11)),
               int(rng.integers(1, 50)), float(rng.uniform(1e12, 1e14)),
               float(rng.uniform(0.1, 0.9))) for _ in range(4)),
    ],
    reference=lambda n, tokens, cards, peak, share: math.fsum(
        [n * tokens] * 6) / (cards * (peak * share)) / (24 * 60 * 60),
    mistakes={
        days(n=2): "That is the way there. Which share of the work is the way back?",
        days(n=1): "How many FLOPs does a weight cost at a token, both ways?",
        days(n=4): "That is the way back alone. And the way there?",
        days(seconds=1): "That is in seconds. How many make a day?",
        days(seconds=3600): "That is in hours. How many make a day?",
        days(rate=lambda cards, peak, share: cards * peak):
            "Do the cards reach their peak? Where does `share` come in?",
        days(rate=lambda cards, peak, share: cards * peak / share):
            "Do cards that reach half of their peak need more days, or fewer?",
        days(rate=lambda cards, peak, share: peak * share):
            "That is for one card. Where do the others come in?",
        days(rate=lambda cards, peak, share: peak * share / cards):
            "With twice the cards, does it take twice as long, or half?",
        days(rate=lambda cards, peak, share: cards / (peak * share)):
            "Of `a / b * c`, which stand below the line? Are brackets missing?",
        days(seconds=1440):
            "How many seconds has a day: 60 a minute, 60 minutes an hour, and then?",
        days(work=lambda n, tokens: n + tokens):
            "Does each token cost all the weights? Sum or product?",
        days(work=lambda n, tokens: n): "That is one token. How many are there?",
        days(work=lambda n, tokens: tokens):
            "Where does the number of weights come in?",
    },
    right="9 trainings, from 100 weights to GPT-3",
    tolerance=1e-6,
)


# 2. A power law

def law_sums(sizes, losses):
    xs = [math.log(size) for size in sizes]
    ys = [math.log(loss) for loss in losses]
    x, y = math.fsum(xs) / len(xs), math.fsum(ys) / len(ys)
    slope = (math.fsum((u - x) * (v - y) for u, v in zip(xs, ys, strict=True))
             / math.fsum((u - x) ** 2 for u in xs))
    return math.exp(y - slope * x), -slope


def line(x=np.log, y=np.log, back=np.exp, sign=-1):
    """`power_law`, or a mistake: what is fitted, how c comes back, the sign of a."""
    def fit(sizes, losses):
        slope, start = np.polyfit(x(np.asarray(sizes)), y(np.asarray(losses)), 1)
        return back(start), sign * slope
    return fit


def same(values):
    return values


def runs(n: int) -> Case:
    sizes = np.sort(rng.uniform(3, 2000, n)).round()
    noise = rng.normal(size=n) * 0.05
    return Case(sizes, 9 * sizes ** -rng.uniform(0.05, 0.6) * np.exp(noise))


power_law = Check(
    "power_law",
    cases=[
        Case(np.array([1.0, 100.0]), np.array([8.0, 2.0])),
        Case(np.array([1.0, 10.0, 100.0]), np.array([8.0, 4.0, 2.0])),
        Case(np.array([10.0, 100.0]), np.array([3.0, 3.0]), label="size buys nothing"),
        Case(np.array([2.0, 4.0, 8.0]), np.array([1.0, 2.0, 4.0]), label="it grows"),
        Case(np.array([10, 1, 100]), np.array([4, 8, 2]), label="not in order"),
        runs(4), runs(9), runs(30),
    ],
    reference=law_sums,
    mistakes={
        line(x=same): "The sizes are not on log paper yet: are they?",
        line(y=same, back=same):
            "The losses are not on log paper yet: is that a power law?",
        line(x=same, y=same, back=same):
            "That is a line on plain paper. On which paper is a power law one?",
        line(back=same): "That is the logarithm of c. What is c?",
        line(sign=1): "Which sign has the slope of a loss that falls, and which has a?",
        line(back=lambda start: 10**start):
            "Which logarithm was taken, and which number undoes it?",
        line(x=np.log10, y=np.log10):
            "log10 on the way there, exp on the way back: which number undoes it?",
        lambda sizes, losses: (lambda start, slope: (np.exp(start), -slope))(
            *np.polyfit(np.log(sizes), np.log(losses), 1)):
            "Which does np.polyfit return first, the slope or the start?",
        line(back=lambda start: -np.exp(start)): "Can a loss be below zero?",
        lambda sizes, losses: line()(losses, sizes):
            "Which is given, the size or the loss? They have changed places.",
        lambda sizes, losses: line()(sizes, losses)[::-1]:
            "Which of the two does the docstring want first?",
        lambda sizes, losses: (losses[0], line()(sizes, losses)[1]):
            "c is the loss at one weight. Is that the first loss measured?",
        lambda sizes, losses: line()(sizes[[0, -1]], losses[[0, -1]]):
            "That line goes through the first and the last run. And the others?",
    },
    right="8 sets of runs (two, no gain, out of order, noisy)",
)


# 3. All right at once

def match_loop(places):
    whole = []
    for model in places:
        p = 1.0
        for share in model:
            p *= share
        whole.append(p)
    return np.array(whole)


exact_match = Check(
    "exact_match",
    cases=[
        Case(np.array([[0.5, 0.5]])),
        Case(np.array([[0.5, 0.8], [1.0, 0.9], [0.3, 1.0]])),
        Case(np.array([[0.7]]), label="one place"),
        Case(np.array([[0.9, 0.0, 0.9], [1.0, 1.0, 1.0]]), label="never, and always"),
        *(Case(rng.uniform(0.4, 1, shape)) for shape in ((1, 10), (6, 3), (4, 20))),
    ],
    reference=match_loop,
    mistakes={
        lambda p: p.mean(axis=1):
            "That is how many places are right. When are all of them?",
        lambda p: p.min(axis=1):
            "Is the whole as sure as its weakest place, if the others fail, too?",
        lambda p: p.prod(axis=0):
            "One number for each model, or for each place: along which axis?",
        lambda p: p.prod(): "One number for each model: along which axis?",
        lambda p: p.mean(axis=1) ** p.shape[1]:
            "Places differ. Is the product of 0.5 and 0.9 that of 0.7 and 0.7?",
        lambda p: 1 - p.prod(axis=1): "That is how often something is wrong.",
        lambda p: 1 - (1 - p).prod(axis=1):
            "That is how often at least one place is right. When are all?",
        lambda p: np.log(p).sum(axis=1):
            "That is the logarithm of the product. What is the product?",
        lambda p: p[:, 0] ** p.shape[1]: "Is every place as easy as the first?",
        lambda p: p.prod(axis=1, keepdims=True):
            "The products are right, in a column. Which shape is asked for?",
        lambda p: np.exp(np.log(p).mean(axis=1)):
            "That is what one place has on average (a geometric mean). And all?",
    },
    right="7 tables of 1 to 6 models (one place, never, always)",
)


# 4. Workers with unequal parts

def average_loop(gradients, rows):
    total = np.zeros(gradients.shape[1])
    for gradient, count in zip(gradients, rows, strict=True):
        for _ in range(count):
            total += gradient / sum(rows)
    return total


def weighed(weights):
    return lambda gradients, rows: weights(rows) @ gradients


averaged = Check(
    "averaged",
    cases=[
        Case(np.array([[3.0], [6.0]]), np.array([2, 1])),
        Case(np.array([[1.0, 2.0], [5.0, -2.0]]), np.array([1, 3])),
        Case(np.array([[2.0, 1.0], [4.0, 0.0]]), np.array([5, 5]), label="equal parts"),
        Case(np.array([[7.0, 8.0]]), np.array([9]), label="one worker"),
        Case(np.array([[1.0], [9.0], [4.0]]), np.array([2, 0, 6]),
             label="one has no rows"),
        *(Case(rng.normal(size=shape), rng.integers(1, 20, shape[0]))
          for shape in ((3, 2), (4, 4), (8, 5))),
    ],
    reference=average_loop,
    mistakes={
        lambda gradients, rows: gradients.mean(axis=0):
            "Does a worker with few rows count as much as one with many?",
        lambda gradients, rows: gradients.sum(axis=0):
            "Four workers, four times the step? Sum or mean?",
        weighed(lambda rows: rows):
            "By what must that sum be divided, so that weights sum to 1?",
        weighed(lambda rows: rows / len(rows)):
            "Divided by the number of workers, or of rows?",
        weighed(lambda rows: rows / rows.max()):
            "Do those weights sum to 1?",
        weighed(lambda rows: np.where(rows > 0, 1 / np.maximum(rows, 1), 0)
                / np.where(rows > 0, 1 / np.maximum(rows, 1), 0).sum()):
            "Who counts more, a worker with many rows or with few?",
        weighed(lambda rows: np.exp(rows - rows.max())
                / np.exp(rows - rows.max()).sum()):
            "A softmax of the rows: is twice the rows twice the weight there?",
        lambda gradients, rows: rows[:, None] * gradients / rows.sum():
            "Those are the workers' shares. Who adds them up?",
        lambda gradients, rows: (gradients / np.maximum(rows, 1)[:, None]).mean(axis=0):
            "Each gradient is a mean already. Is it divided by its rows again?",
        lambda gradients, rows: rows @ gradients.sum(axis=1) / rows.sum():
            "One number for each weight, or one for all: along which axis?",
        lambda gradients, rows: gradients.sum(axis=0) / rows.sum():
            "How many rows does the mean of a worker with two stand for in that sum?",
        lambda gradients, rows: gradients[rows.argmax()]:
            "That is the largest part alone. What do the others say?",
    },
    right="8 teams of 1 to 8 workers (equal parts, one without rows)",
)


# 5. A pipeline

def schedule_loop(machines, batches):
    steps = machines + batches - 1
    grid = np.full((machines, steps), -1)
    for batch in range(batches):
        for machine in range(machines):
            grid[machine, batch + machine] = batch
    return grid


def laid(place=lambda t, i: t - i, idle=-1, steps=lambda p, m: p + m - 1, after=same):
    """`pipeline`, or a mistake: who has what at time t, the mark, the length."""
    def grid(machines, batches):
        t = np.arange(steps(machines, batches))
        batch = place(t, np.arange(machines)[:, None]) + 0 * t
        return after(np.where((batch >= 0) & (batch < batches), batch, idle))
    return grid


pipeline = Check(
    "pipeline",
    cases=[Case(1, 3, label="one machine"), Case(2, 1), Case(2, 3), Case(3, 2),
           Case(4, 4), Case(4, 1, label="one batch"), Case(5, 12), Case(12, 30)],
    reference=schedule_loop,
    mistakes={
        laid(place=lambda t, i: t):
            "That has all machines at one batch at once. Whose output does the "
            "second machine wait for?",
        laid(place=lambda t, i: t + i):
            "Is the second machine ahead of the first, or behind?",
        laid(place=lambda t, i: t - 2 * i):
            "How many steps after the first does the second machine begin?",
        laid(idle=0): "0 is a batch. What marks a machine that waits?",
        laid(steps=lambda p, m: m): "Does the last machine finish its last batch?",
        laid(steps=lambda p, m: p + m):
            "In the last column, does anybody work?",
        laid(steps=lambda p, m: p * m):
            "That is as long as if one worked at a time. When is the last one done?",
        laid(place=lambda t, i: t - i + 1): "With which number do the batches begin?",
        laid(after=lambda grid: np.where(grid < 0, grid, grid + 1)):
            "With which number do the batches begin?",
        lambda machines, batches: np.maximum(np.arange(machines + batches - 1)
                                             - np.arange(machines)[:, None], -1):
            "After its last batch, what does the first machine do?",
        lambda machines, batches: (np.arange(machines + batches - 1)
                                   - np.arange(machines)[:, None]):
            "Is there such a batch at every step? What marks a machine that waits?",
        laid(after=np.transpose): "Is a machine a row here, or a column?",
        laid(after=lambda grid: grid[::-1]): "Which machine has the first layers?",
        laid(after=lambda grid: (grid < 0).mean()):
            "That is the share of idle time. What does each machine do when?",
        laid(after=lambda grid: grid.astype(float)):
            "A batch's number is a whole number: which step makes it a float?",
    },
    right="8 pipelines of 1 to 12 machines (one machine, one batch)",
)


# 6. A forecast with its error

def forecast_sums(sizes, losses, n):
    c, a = law_sums(sizes, losses)
    off = [math.log(loss) - math.log(c * size**-a)
           for size, loss in zip(sizes, losses, strict=True)]
    spread = math.sqrt(math.fsum(o * o for o in off) / (len(off) - 2))
    guess = c * n**-a
    return guess / math.exp(2 * spread), guess, guess * math.exp(2 * spread)


def guessed(spread=lambda off: np.sqrt((off**2).sum() / (len(off) - 2)),
            at=lambda sizes, n: n, wide=2, band=lambda guess, s: guess * np.exp(s),
            order=slice(None)):
    """`forecast`, or a mistake: the spread, where, how wide, the band, the order."""
    def fit(sizes, losses, n):
        c, a = line()(sizes, losses)
        guess = c * at(sizes, n) ** -a
        s = wide * spread(np.log(losses) - np.log(c * sizes**-a))
        return (band(guess, -s), guess, band(guess, s))[order]
    return fit


def plain(sizes, losses, n):
    slope, start = np.polyfit(sizes, losses, 1)
    s = 2 * np.sqrt(((losses - start - slope * sizes) ** 2).sum() / (len(sizes) - 2))
    guess = start + slope * n
    return guess - s, guess, guess + s


def asked(n: int, far: float) -> Case:
    case = runs(n)
    sizes, losses = case.arguments
    return Case(sizes, losses, float(sizes.max() * far))


forecast = Check(
    "forecast",
    cases=[
        Case(np.array([1.0, 10.0, 100.0]), np.array([8.0, 4.0, 2.0]), 1000.0,
             label="a perfect line"),
        Case(np.array([1.0, 10.0, 100.0]), np.array([8.0, 5.0, 2.0]), 1000.0),
        Case(np.array([2.0, 4.0, 8.0, 16.0]), np.array([3.0, 2.9, 2.5, 2.4]), 1.0,
             label="a smaller one"),
        asked(5, 2.0), asked(6, 50.0), asked(12, 3.0),
    ],
    reference=forecast_sums,
    mistakes={
        guessed(spread=lambda off: np.sqrt((off**2).mean())):
            "Two numbers were fitted. By how many runs less is the spread divided?",
        guessed(spread=lambda off: np.sqrt((off**2).sum() / (len(off) - 1))):
            "How many numbers were fitted, one or two?",
        guessed(spread=lambda off: (off**2).sum() / (len(off) - 2)):
            "That is the variance. What is the spread?",
        guessed(spread=lambda off: np.abs(off).max()):
            "That is the largest miss. How is the spread of all told?",
        guessed(wide=1): "How many spreads wide is the band on each side?",
        guessed(band=lambda guess, s: guess + s):
            "The misses are in logarithms. Is the band added, or multiplied?",
        guessed(band=lambda guess, s: guess * (1 + s)):
            "1 + s is near, for a small s: but what exactly undoes a logarithm?",
        guessed(order=slice(None, None, -1)): "Which comes first, low or high?",
        guessed(order=1): "That is the guess. Where is its band?",
        guessed(at=lambda sizes, n: sizes[-1]):
            "That is the last size measured. Which one is asked about?",
        plain: "That is a line on plain paper. Which paper has a power law straight?",
        guessed(wide=0): "That band has no width. How far off were the runs?",
    },
    right="6 sets of runs (a perfect line, a smaller size, fifty times as large)",
)
