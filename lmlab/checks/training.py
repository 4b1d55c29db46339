"""Checks of exercise 06: optimisers, a schedule, clipping, splits, a loop that holds.

Steps are compared with torch's optimisers and clipping, the schedule with
`lmlab.learning.training`, and the last task by what its net can do on a part of the
plays that it was never given. How a check is written: see `lmlab.checks.core`.
"""

import functools
import math
import re

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from lmlab.checks.core import Case, Check, fail
from lmlab.learning.training import warmup_cosine
from lmlab.page import datasets

rng = np.random.default_rng(6)


# 1. Two optimisers

def momentum_of_torch(w, v, g, rate):
    weight = nn.Parameter(torch.tensor(w, dtype=torch.float64))
    optimiser = torch.optim.SGD([weight], rate, momentum=0.9)
    memory = torch.tensor(v, dtype=torch.float64)
    optimiser.state[weight]["momentum_buffer"] = memory
    weight.grad = torch.tensor(g, dtype=torch.float64)
    optimiser.step()
    return weight.detach().numpy(), memory.numpy()


def momentum(new=lambda v, g, rate: 0.9 * v + g,
             move=lambda w, old, v, g, rate: w - rate * v):
    """`momentum_step`, or a mistake in the memory or in the step along it."""
    def step(w, v, g, rate):
        memory = new(v, g, rate)
        return move(w, v, memory, g, rate), memory
    return step


momentum_step = Check(
    "momentum_step",
    cases=[
        Case(np.array([1.0]), np.array([2.0]), np.array([6.0]), 0.1),
        Case(np.array([1.0]), np.array([0.0]), np.array([6.0]), 0.5,
             label="the first step"),
        Case(np.array([2.0, 1.0]), np.array([4.0, -6.0]), np.zeros(2), 0.1,
             label="no slope, and it rolls on"),
        *(Case(*rng.normal(size=(3, *shape)).round(2), 0.03)
          for shape in ((4,), (3, 2))),
    ],
    reference=momentum_of_torch,
    mistakes={
        momentum(move=lambda w, old, v, g, rate: w + rate * v):
            "v points up the slope: which way lies down?",
        momentum(move=lambda w, old, v, g, rate: w - rate * old):
            "The weights step along v: the one that came in, or the new one?",
        momentum(move=lambda w, old, v, g, rate: w - rate * g):
            "That is plain gradient descent: what does the memory do to w?",
        momentum(new=lambda v, g, rate: 0.9 * v + 0.1 * g):
            "That v is a mean. In momentum g counts in full: is it scaled?",
        momentum(new=lambda v, g, rate: 0.9 * (v + g)):
            "What fades by 0.9: the old v alone, or this step's g as well?",
        momentum(new=lambda v, g, rate: v + g):
            "What makes an old gradient count less than a new one?",
        momentum(new=lambda v, g, rate: 0.9 * v + rate * g,
                 move=lambda w, old, v, g, rate: w - v):
            "Where does the rate belong: into the memory, or into the step?",
        momentum(new=lambda v, g, rate: 0.9 * v - rate * g,
                 move=lambda w, old, v, g, rate: w + v):
            "Your memory holds steps. Does the task's v hold steps, or gradients?",
        lambda *given: momentum()(*given)[::-1]:
            "Which of the two does the docstring name first?",
        lambda *given: momentum()(*given)[0]:
            "The next step needs the memory: do you return it?",
    },
    right="5 steps, a first one and one without slope among them; as torch's SGD",
)


def adam_of_torch(w, m, s, g, t, rate):
    weight = nn.Parameter(torch.tensor(w, dtype=torch.float64))
    optimiser = torch.optim.Adam([weight], rate)
    state = {"step": torch.tensor(t - 1.0),
             "exp_avg": torch.tensor(m, dtype=torch.float64),
             "exp_avg_sq": torch.tensor(s, dtype=torch.float64)}
    optimiser.state[weight] = state
    weight.grad = torch.tensor(g, dtype=torch.float64)
    optimiser.step()
    return (weight.detach().numpy(), state["exp_avg"].numpy(),
            state["exp_avg_sq"].numpy())


def adam(mean=lambda m, g: 0.9 * m + 0.1 * g,
         square=lambda s, g: 0.999 * s + 0.001 * g**2,
         right_m=lambda m, t: m / (1 - 0.9**t),
         right_s=lambda s, t: s / (1 - 0.999**t),
         turn=lambda m, s: m / (np.sqrt(s) + 1e-8), sign=-1):
    """`adam_step`, or a mistake in one of its parts."""
    def step(w, m, s, g, t, rate):
        m, s = mean(m, g), square(s, g)
        return w + sign * rate * turn(right_m(m, t), right_s(s, t)), m, s
    return step


def corrected_kept(w, m, s, g, t, rate):
    w, m, s = adam()(w, m, s, g, t, rate)
    return w, m / (1 - 0.9**t), s / (1 - 0.999**t)


def old_means(w, m, s, g, t, rate):
    _, new_m, new_s = adam()(w, m, s, g, t, rate)
    right_m, right_s = m / (1 - 0.9**t), s / (1 - 0.999**t)
    return w - rate * right_m / (np.sqrt(right_s) + 1e-8), new_m, new_s


one, zero = np.array([1.0]), np.array([0.0])

adam_step = Check(
    "adam_step",
    cases=[
        Case(one, zero, zero, np.array([6.0]), 1, 0.1),
        Case(np.array([0.9]), np.array([0.6]), np.array([0.036]), np.array([5.4]),
             2, 0.1),
        Case(one, zero, zero, np.array([1e-6]), 1, 0.1, label="a tiny slope"),
        Case(one, zero, zero, zero, 1, 0.1, label="no slope"),
        Case(np.array([2.0, 1.0]), np.array([0.4, -0.6]), np.array([0.2, 0.5]),
             np.array([4.0, 6.0]), 7, 0.01),
        Case(*rng.normal(size=(2, 3, 2)).round(2), rng.random(size=(3, 2)).round(2),
             rng.normal(size=(3, 2)).round(2), 3000, 0.5, label="t = 3000"),
    ],
    reference=adam_of_torch,
    tolerance=1e-8,
    mistakes={
        adam(sign=1): "m points up the slope: which way lies down?",
        adam(right_m=lambda m, t: m, right_s=lambda s, t: s):
            "Both means began at 0: what makes up for that in the first steps?",
        adam(right_m=lambda m, t: m): "s is corrected: is m?",
        adam(right_s=lambda s, t: s): "m is corrected: is s?",
        adam(right_m=lambda m, t: m / (1 - 0.9),
             right_s=lambda s, t: s / (1 - 0.999)):
            "The shares in m sum to 1 - 0.9**t: does your correction know t?",
        adam(right_m=lambda m, t: m / (1 - 0.9 ** (t + 1)),
             right_s=lambda s, t: s / (1 - 0.999 ** (t + 1))):
            "The first step has t = 1: is something added to it?",
        adam(right_m=lambda m, t: m / (1 - 0.999**t),
             right_s=lambda s, t: s / (1 - 0.9**t)):
            "Which of 0.9 and 0.999 belongs to which mean, also in the correction?",
        adam(turn=lambda m, s: m / np.sqrt(s + 1e-8)):
            "Is the 1e-8 added to the root, or to what is under it?",
        adam(turn=lambda m, s: m / np.sqrt(s)):
            "What keeps the root from being 0, and counts where it is tiny?",
        adam(turn=lambda m, s: m / (s + 1e-8)):
            "s is a mean of squares: what gives it the unit of g again?",
        adam(square=lambda s, g: 0.999 * s + 0.001 * g):
            "What does s average: the gradients, or their squares?",
        adam(square=lambda s, g: 0.9 * s + 0.1 * g**2):
            "How much of the old s is kept, 0.9 or 0.999?",
        adam(mean=lambda m, g: 0.9 * m + g):
            "m is a mean here, no sum: how much does g count?",
        adam(mean=lambda m, g: 0.9 * m + g, square=lambda s, g: 0.999 * s + g**2):
            "m and s are means here, no sums: how much do g and its square count?",
        adam(mean=lambda m, g: 0.999 * m + 0.001 * g,
             square=lambda s, g: 0.9 * s + 0.1 * g**2,
             right_m=lambda m, t: m / (1 - 0.999**t),
             right_s=lambda s, t: s / (1 - 0.9**t)):
            "Which of the two means keeps 0.9 of the old, and which 0.999?",
        adam(turn=lambda m, s: m): "By what is the corrected m divided?",
        corrected_kept:
            "The next step starts from m and s: corrected, or as they were summed?",
        old_means: "Are m and s of this step made before the weights move?",
        lambda *given: adam()(*given)[0]:
            "The next step needs m and s: do you return them?",
    },
    right="6 steps, with tiny and no slope and with t = 3000 among them; "
    "as torch's Adam",
)


# 2. Up, and gently down

def schedule(up=lambda step, warmup: (step + 1) / (warmup + 1),
             done=lambda step, steps, warmup: (step - warmup) / (steps - warmup),
             down=lambda done: (1 + np.cos(np.pi * done)) / 2,
             warm=lambda step, warmup: step < warmup):
    """`rate_at`, or a mistake in one of its parts."""
    def rate(step, steps, warmup, peak):
        if warm(step, warmup):
            return peak * up(step, warmup)
        return peak * down(done(step, steps, warmup))
    return rate


rate_at = Check(
    "rate_at",
    cases=[
        Case(0, 4, 1, 0.2), Case(1, 4, 1, 0.2), Case(2, 4, 1, 0.2),
        Case(3, 4, 1, 0.2), Case(0, 5, 0, 1.0, label="no warm-up"),
        Case(4, 5, 0, 1.0, label="the last step"), Case(0, 1, 0, 3.0),
        *(Case(step, 100, 9, 0.01) for step in (0, 4, 8, 9, 10, 50, 99)),
    ],
    reference=lambda step, steps, warmup, peak:
        peak * warmup_cosine(step, steps, warmup),
    mistakes={
        schedule(up=lambda step, warmup: step / warmup):
            "What would step 0 learn at a rate of 0?",
        schedule(up=lambda step, warmup: (step + 1) / warmup):
            "Which step is the first to take the whole peak, warmup - 1 or warmup?",
        schedule(up=lambda step, warmup: step / (warmup + 1)):
            "The first step rises by one jump already: which share is that?",
        schedule(up=lambda step, warmup: 1.0):
            "Do the first `warmup` steps take less than the peak?",
        schedule(done=lambda step, steps, warmup: step / steps):
            "The way down begins at step `warmup`: how far along is it there?",
        schedule(done=lambda step, steps, warmup: (step - warmup) / steps):
            "How long is the way down: `steps`, or what the warm-up leaves of it?",
        schedule(done=lambda step, steps, warmup:
                 (step - warmup) / max(steps - warmup - 1, 1)):
            "Is the rate 0 in the last step, or would it be in the one after?",
        schedule(done=lambda step, steps, warmup:
                 (step - warmup + 1) / (steps - warmup)):
            "At step `warmup` itself, has the fall begun?",
        schedule(down=lambda done: np.cos(np.pi * done)):
            "That cosine ends at -1: what lifts it, and halves it?",
        schedule(down=lambda done: 1 + np.cos(np.pi * done)):
            "At the top 1 + cos(0) is 2: what is missing?",
        schedule(down=lambda done: np.cos(np.pi * done / 2)):
            "Is that curve level at its end, as half a cosine wave is?",
        schedule(down=lambda done: 1 - done):
            "That falls in a straight line: where is the cosine?",
        schedule(down=lambda done: (1 + np.cos(180 * done)) / 2):
            "Does cos take degrees here, or radians?",
        schedule(down=lambda done: (1 + np.cos(done)) / 2):
            "Which angle is half a wave, in radians?",
        lambda step, steps, warmup, peak: schedule()(step, steps, warmup, 1.0):
            "That is the share: of which peak?",
    },
    right="14 steps of 4 schedules, two of them without warm-up; "
    "as lmlab.learning.training has it",
)


# 3. Clip the whole gradient

def clip_of_torch(grads, limit):
    weights = [nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in grads]
    for weight, g in zip(weights, grads, strict=True):
        weight.grad = torch.tensor(g, dtype=torch.float64)
    length = nn.utils.get_total_norm([weight.grad for weight in weights])
    factor = min(1.0, limit / max(float(length), 1e-300))
    return [weight.grad.numpy() * factor for weight in weights]


def clipped(length, cap=lambda factor: min(1.0, factor)):
    """`clip` that measures by length(grads)."""
    def answer(grads, limit):
        factor = cap(limit / max(length(grads), 1e-300))
        return [g * factor for g in grads]
    return answer


def whole_length(grads):
    return math.sqrt(sum((g**2).sum() for g in grads))


clip = Check(
    "clip",
    cases=[
        Case([np.array([3.0, 4.0])], 1.0),
        Case([np.array([3.0]), np.array([4.0])], 1.0, label="two arrays"),
        Case([np.array([0.3]), np.array([-0.4])], 1.0, label="shorter than the limit"),
        Case([np.array([3.0]), np.array([4.0])], 5.0, label="exactly the limit"),
        Case([np.array([0.1]), np.array([10.0])], 2.0, label="one large, one small"),
        Case([np.zeros((2, 2)), np.zeros(2)], 1.0, label="all zero"),
        Case([rng.normal(size=(3, 2)), rng.normal(size=3)], 0.5),
        Case([rng.normal(size=(2, 2, 2)), -2 * rng.random((1, 4)), np.zeros(0)], 0.1,
             label="an empty array among them"),
    ],
    reference=clip_of_torch,
    mistakes={
        lambda grads, limit: [g * min(1.0, limit / max(whole_length([g]), 1e-300))
                              for g in grads]:
            "Each array was clipped by itself: does the direction of all stay?",
        lambda grads, limit: [np.clip(g, -limit, limit) for g in grads]:
            "Each number was cut off by itself: does the direction stay?",
        clipped(whole_length, cap=lambda factor: factor if factor < 1e200 else 1.0):
            "What should become of a gradient that is short enough?",
        clipped(whole_length,
                cap=lambda factor: factor if factor < 1e200 else math.nan):
            "Which gradients are to be shortened, and which stay as they are?",
        clipped(lambda grads: whole_length(grads) ** 2):
            "That is the sum of the squares: and the length?",
        clipped(lambda grads: sum(whole_length([g]) for g in grads)):
            "Lengths of arrows at right angles do not add: what does?",
        clipped(lambda grads: max(whole_length([g]) for g in grads)):
            "That is the longest array: how long are all of them together?",
        clipped(lambda grads: sum(np.abs(g).sum() for g in grads)):
            "That is the sum of the sizes: what did Pythagoras add up?",
        clipped(lambda grads: max(np.abs(g).max(initial=0) for g in grads)):
            "That is the largest number: how long is the whole arrow?",
        lambda grads, limit: [g / max(whole_length(grads), limit) for g in grads]:
            "The arrow has length 1 now: how long should it be?",
        clipped(lambda grads: whole_length(grads) / math.sqrt(
                sum(g.size for g in grads))):
            "That is a mean: does a length grow with the count of numbers?",
    },
    right="8 gradients of one to three arrays, short, zero and empty ones among "
    "them; as torch's",
)


# 4. Split without leaking

def by_author(take=lambda count, more, wanted: count < wanted,
              order=lambda authors: list(dict.fromkeys(authors))):
    """`split_by_author`, or a mistake in when to stop or whom to take next."""
    def split(authors, share):
        held, count = set(), 0
        for author in order(authors):
            more = authors.count(author)
            if not take(count, more, share * len(authors)):
                break
            held.add(author)
            count += more
        places = range(len(authors))
        return ([i for i in places if authors[i] not in held],
                [i for i in places if authors[i] in held])
    return split


def by_place(authors, share):
    wanted = math.ceil(share * len(authors))
    places = list(range(len(authors)))
    return places[wanted:], places[:wanted]


def by_last_place(authors, share):
    kept = len(authors) - math.ceil(share * len(authors))
    places = list(range(len(authors)))
    return places[:kept], places[kept:]


def by_names(authors, share):
    return tuple([authors[i] for i in part] for part in by_author()(authors, share))


def by_poet(authors, share):
    held = {authors[i] for i in by_author()(authors, share)[1]}
    return [i for name in dict.fromkeys(authors) if name in held
            for i, author in enumerate(authors) if author == name]


def in_one_pass(authors, share):
    held, out = set(), []
    for i, author in enumerate(authors):
        if author in held or len(out) < share * len(authors):
            held.add(author)
            out.append(i)
    return [i for i in range(len(authors)) if i not in out], out


def by_share_of_authors(authors, share):
    names = list(dict.fromkeys(authors))
    held = set(names[:math.ceil(share * len(names))])
    places = range(len(authors))
    return ([i for i in places if authors[i] not in held],
            [i for i in places if authors[i] in held])


def drawn(n, names):
    return [str(name) for name in rng.choice(names, size=n)]


split_by_author = Check(
    "split_by_author",
    cases=[
        Case(["Li", "Du", "Li", "Wang"], 0.25),
        Case(["Li", "Du"], 0.5, label="one each"),
        Case(["Li", "Du", "Li", "Wang"], 0.5, label="the first one is enough"),
        Case(["Li", "Du", "Li", "Wang"], 0.75, label="two authors are needed"),
        Case(["Wang", "Du", "Du", "Du"], 0.25, label="exactly enough"),
        Case(["Wang", "Du", "Du", "Li"], 0.5, label="the next one is too many"),
        Case(["Li", "Du"], 0.0, label="hold out nothing"),
        Case(["Li", "Du"], 1.0, label="hold out all"),
        Case(["Li", "Li", "Li"], 0.1, label="one author alone"),
        Case(drawn(40, ["Li", "Du", "Wang", "Bai", "Meng"]), 0.25),
        Case(drawn(200, [f"poet {i}" for i in range(60)]), 0.125),
    ],
    reference=by_author(),
    mistakes={
        by_place: "An author stands on both sides: what is moved, a poem or a poet?",
        by_last_place:
            "That holds out the last poems. Who is to be held out, and in which order?",
        by_author(take=lambda count, more, wanted: count <= wanted):
            "Enough are held out already: does your loop take one author more?",
        by_author(take=lambda count, more, wanted: count + more <= wanted):
            "Fewer than asked for are held out: does the last author count whole?",
        by_author(order=lambda authors: sorted(set(authors))):
            "In which order are the authors taken: by name, or as they appear?",
        by_author(order=lambda authors: sorted(
                dict.fromkeys(authors), key=authors.count)):
            "Is the author with the fewest poems taken first, or who comes first?",
        by_author(order=lambda authors: sorted(
                dict.fromkeys(authors), key=authors.count, reverse=True)):
            "Is the author with the most poems taken first, or who comes first?",
        by_author(order=lambda authors: list(dict.fromkeys(authors))[::-1]):
            "Is the author taken first who appears first, or who appears last?",
        lambda authors, share: by_author()(authors, share)[::-1]:
            "Which list comes first, that to learn from or that held out?",
        lambda authors, share: (
                by_author()(authors, share)[0], by_poet(authors, share)):
            "Those places stand poet by poet: do both lists rise?",
        in_one_pass:
            "Once an author is out, are the poems counted that stand further down?",
        by_names: "Are places wanted, or the names that stand there?",
        by_share_of_authors:
            "Of what is `share` a share: of the authors, or the poems?",
        lambda authors, share: (list(range(len(authors))),
                                by_author()(authors, share)[1]):
            "Are the poems that are held out also among those to learn from?",
    },
    right="11 books of 2 to 200 poems, with nothing and with all held out among them",
)


# 5. Find the bug

def fitted(gradient=lambda X, error: 2 * X.T @ error / len(error),
           measured="held", when="after", start=0.0, both=False):
    """`fit`, or a mistake in the gradient or in what is measured."""
    def answer(X, y, held_X, held_y, steps, rate):
        w, losses = np.full(X.shape[1], start), []
        parts = {"held": (held_X, held_y), "learned": (X, y)}
        for _ in range(steps):
            if when == "before":
                losses.append(loss_on(*parts[measured], w))
            w = w - rate * gradient(X, X @ w - y)
            if both:
                w = w - rate * gradient(held_X, held_X @ w - held_y)
            if when == "after":
                losses.append(loss_on(*parts[measured], w))
        return w, losses
    return answer


def loss_on(X, y, w):
    return float(np.mean((X @ w - y) ** 2))


def taken_over(X, y, held_X, held_y, steps, rate):
    w, losses = np.zeros(X.shape[1]), []
    for _ in range(steps):
        w = w - rate * 2 * X.T @ (X @ w - y) / len(y)
        X, y = held_X, held_y
        losses.append(loss_on(X, y, w))
    return w, losses


def only_at_the_end(*given):
    w, losses = fitted()(*given)
    return w, losses[-1:]


def problem(rows, held, n):
    return [rng.normal(size=shape).round(2) for shape in ((rows, n), rows, (held, n),
                                                          held)]


fit = Check(
    "fit",
    cases=[
        Case(*(np.array(a, dtype=float) for a in ([[1]], [2], [[1]], [5])), 1, 0.1,
             label="one step"),
        Case(*(np.array(a, dtype=float) for a in ([[1]], [2], [[1]], [5])), 2, 0.1,
             label="two steps"),
        Case(*(np.array(a, dtype=float) for a in ([[1], [3]], [2, 1], [[2], [1]],
                                                  [0, 4])), 2, 0.05),
        Case(*problem(3, 2, 2), 0, 0.1, label="no step"),
        Case(*problem(3, 2, 2), 5, 0.1),
        Case(*problem(20, 10, 9), 30, 0.05),
    ],
    reference=fitted(),
    mistakes={
        taken_over: "From which X and y does the second step learn?",
        lambda X, y, *held_and_rest: fitted()(*held_and_rest[:2], *held_and_rest):
            "Those steps learn from the held-out rows: which may they learn from?",
        fitted(both=True): "Which rows may move w: all, or those to learn from?",
        fitted(measured="learned"):
            "Those are losses on what was learned from: and on what was not?",
        fitted(when="before"): "Is each loss measured before its step, or after it?",
        fitted(gradient=lambda X, error: 2 * X.T @ error):
            "The loss is a mean: by what is its gradient divided?",
        fitted(gradient=lambda X, error: X.T @ error / len(error)):
            "What is the slope of a square: the error, or twice the error?",
        fitted(gradient=lambda X, error: -2 * X.T @ error / len(error)):
            "Which way lies down, along the gradient or against it?",
        fitted(start=1.0): "From where does w start?",
        only_at_the_end: "How many losses are wanted, one or one a step?",
        lambda *given: fitted()(*given)[0]:
            "Two things are wanted: where are the losses?",
    },
    right="6 fits of 0 to 30 steps",
)


# 6. Make it hold

GOAL = 2.2
ALPHABET = " abcdefghijklmnopqrstuvwxyz"


def windows(text):
    ids = torch.tensor([ALPHABET.index(letter) for letter in text]).unfold(0, 7, 1)
    return F.one_hot(ids[:, :6], 27).float().flatten(1), ids[:, 6]


@functools.cache
def parts():
    """To learn from; held out; and a part that the learner's loop is not given."""
    letters = re.sub("[^a-z]+", " ", datasets.shakespeare7().lower())
    return (windows(letters[:20_000]), windows(letters[500_000:505_000]),
            windows(letters[505_000:510_000]))


def new_net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6 * 27, 128), nn.ReLU(), nn.Linear(128, 27))


def surprise(net, part):
    with torch.no_grad():
        return F.cross_entropy(net.eval()(part[0]), part[1]).item()


def it_holds(call):
    learn, held_out, unseen = parts()
    tried = "make_it_hold(new_net, 20,000 letters, 5,000 held out)"
    net, losses = call(new_net, learn, held_out, text=tried)
    if not isinstance(net, nn.Module):
        fail(tried, type(net).__name__, "Sequential",
             "Which of the two does the docstring name first?", "(the first of two)")
    losses = [float(loss) for loss in losses]
    held, learned, new = (surprise(net, part) for part in (held_out, learn, unseen))
    if not math.isfinite(held):
        fail(tried, held, GOAL, "That loss is no number: how large are the steps?",
             "(or less)")
    if not losses:
        fail(tried, losses, [round(held, 2)], "Where do you measure, and how often?",
             "(the losses; the last of them at least)")
    if not math.isclose(losses[-1], held, abs_tol=0.005):
        fail(tried, round(losses[-1], 2), round(held, 2),
             "The last loss in the list: of which letters is it, of raw scores, and of "
             "which weights?",
             "(the last loss; that of the net on the held-out letters)")
    if held < new - 0.1:
        fail(tried, round(held, 2), round(new, 2),
             "Held-out letters are no better known than new ones, unless a step learned"
             " from them: which did?",
             "(the loss on letters of the same play that the loop never got)")
    if held > GOAL:
        fail(tried, round(held, 2), GOAL, why_not(held, learned),
             f"(or less; on what it learned from: {learned:.2f})")


def why_not(held, learned):
    if learned > 3.6:
        return ("That is worse than saying nothing: are its steps too large, or all on "
                "the same few letters?")
    if learned > 3.2:
        return ("It knows no more than at the start: which line moves the weights, and "
                "along which gradient?")
    if held > learned + 0.6:
        return ("It knows its own letters much better: when was the held-out loss "
                "lowest, and what keeps it there?")
    return ("It is still poor on its own letters: too few steps, an unfit rate, or old "
            "gradients in new ones?")


def loop(steps, rate=0.003, every=50, move=True, learn_from=None, report=None,
         give=None):
    """`make_it_hold`, or a mistake: what it learns from, reports, gives back."""
    def answer(new_net, learn, held_out):
        part = learn_from(learn, held_out) if learn_from else learn
        net, losses = new_net(), []
        optimiser = torch.optim.AdamW(net.parameters(), rate)
        for step in range(steps):
            rows = torch.randint(len(part[1]), (64,))
            loss = F.cross_entropy(net(part[0][rows]), part[1][rows])
            optimiser.zero_grad()
            loss.backward()
            if move:
                optimiser.step()
            if (step + 1) % every == 0:
                seen = report(learn, held_out) if report else held_out
                losses.append(surprise(net, seen))
        return give(net, losses) if give else (net, losses)
    return answer


make_it_hold = Check(
    "make_it_hold",
    properties=[it_holds],
    mistakes={
        loop(steps=50, move=False):
            "It knows no more than at the start: which line moves the weights, and "
            "along which gradient?",
        loop(steps=50):
            "It is still poor on its own letters: too few steps, an unfit rate, or old "
            "gradients in new ones?",
        loop(steps=5, rate=1000.0, every=5):
            "That is worse than saying nothing: are its steps too large, or all on "
            "the same few letters?",
        loop(steps=250, rate=0.01, learn_from=lambda learn, held_out: held_out):
            "Held-out letters are no better known than new ones, unless a step learned"
            " from them: which did?",
        loop(steps=50, report=lambda learn, held_out: learn):
            "The last loss in the list: of which letters is it, of raw scores, and of "
            "which weights?",
        loop(steps=50, give=lambda net, losses: (losses, net)):
            "Which of the two does the docstring name first?",
        loop(steps=50, give=lambda net, losses: (net, [])):
            "Where do you measure, and how often?",
    },
    right=f"a held-out loss of {GOAL} nats or less, which holds on letters of the play "
    "that no step saw",
    seconds=40.0,
)
