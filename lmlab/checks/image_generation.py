"""Checks of exercise 20: noising, ELBO, a contest's losses, pass@k, a schedule, a step.

Each task is compared with a slow loop or an exact count, on cases from a pencil's size
up. How a check is written: see `lmlab.checks.core`.
"""

import math
from fractions import Fraction

import numpy as np

from lmlab.checks.core import Case, Check

rng = np.random.default_rng(0)


def normal(*shape) -> np.ndarray:
    return rng.standard_normal(shape)


# 1. Into the noise

def noised_loop(x, kept, noise) -> np.ndarray:
    return np.array([[math.sqrt(a) * p + math.sqrt(1 - a) * e
                      for p, e in zip(row, noisy, strict=True)]
                     for row, noisy, a in zip(x, noise, kept, strict=True)])


def mixed(picture=lambda a: a**0.5, noisy=lambda a: (1 - a) ** 0.5):
    """`noised`, or a mistake: what picture and noise are multiplied by."""
    return lambda x, kept, noise: (
        picture(kept[:, None]) * x + noisy(kept[:, None]) * noise)


noised = Check(
    "noised",
    cases=[
        Case(np.array([[1.0, -1.0]]), np.array([0.64]), np.array([[-0.5, 0.0]])),
        Case(np.array([[1.0], [1.0]]), np.array([1.0, 0.0]), np.array([[0.5], [0.5]]),
             label="all kept; nothing kept"),
        Case(normal(2, 2), np.array([0.25, 0.81]), normal(2, 2)),
        *(Case(normal(n, p), rng.random(n), normal(n, p))
          for n, p in ((3, 1), (1, 5), (4, 4), (30, 64))),
    ],
    reference=noised_loop,
    mistakes={
        mixed(lambda a: a, lambda a: 1 - a):
            "`kept` is a share of the variance. What is multiplied: that, or its root?",
        mixed(noisy=lambda a: 1 - a):
            "The picture has its root. Has the noise?",
        mixed(lambda a: a): "The noise has its root. Has the picture?",
        mixed(noisy=lambda a: 1 - a**0.5):
            "Which comes first: the root, or what is missing to 1?",
        mixed(lambda a: a, lambda a: (1 - a**2) ** 0.5):
            "`kept` is a share of the variance already. Is it squared?",
        mixed(lambda a: (1 - a) ** 0.5, lambda a: a**0.5):
            "Where all is kept, what should come back: the picture, or the noise?",
        mixed(noisy=lambda a: 1.0):
            "Is less noise mixed in where more of the picture is kept?",
        mixed(noisy=lambda a: -((1 - a) ** 0.5)): "Is the noise added or taken away?",
        mixed(lambda a: 1.0):
            "Does the picture itself fade where less of it is kept?",
        lambda x, kept, noise: np.sqrt(kept) * x + np.sqrt(1 - kept) * noise:
            "`kept` has a number for each picture. Does it run down the rows, or "
            "along the pixels?",
        lambda x, kept, noise: mixed()(x, np.full(len(x), kept[0]), noise):
            "Does each picture have its own share, or all that of the first?",
    },
    right="7 batches (all kept, nothing kept, one pixel, 30 pictures of 64)",
)


# 2. What a guess of the code is worth

def elbo_loop(x, w, s, m, v) -> np.ndarray:
    worth = []
    for middle, spread in zip(m, v, strict=True):
        code = middle + math.sqrt(spread) * np.array([-1, 1])  # exact for squares
        drawn = (-math.log(2 * math.pi * s) / 2 - (x - w * code) ** 2 / (2 * s)).mean()
        worth.append(drawn - (middle**2 + spread - 1 - math.log(spread)) / 2)
    return np.array(worth)


def bound(constant=lambda s: np.log(2 * np.pi * s), wobble=lambda w, v: w**2 * v,
          divide=lambda s: s, kl=lambda m, v: (m**2 + v - 1 - np.log(v)) / 2, sign=1,
          drawn=lambda w, m: w * m):
    """`elbo`, or a mistake in one of its parts."""
    return lambda x, w, s, m, v: sign * (
        -(constant(s) + ((x - drawn(w, m)) ** 2 + wobble(w, v)) / divide(s)) / 2
        - kl(m, v))


two = np.array([1.0, 2.0]), np.array([0.5, 0.5])

elbo = Check(
    "elbo",
    cases=[
        Case(0.0, 1.0, 1.0, np.array([0.0]), np.array([1.0]), label="the law itself"),
        Case(2.0, 1.0, 1.0, *two),
        Case(2.0, 3.0, 0.5, *two),
        Case(1.0, 2.0, 0.5, np.array([0.0]), np.array([0.25])),
        *(Case(*rng.uniform(-2, 2, 2), rng.uniform(0.1, 3), normal(n),
               rng.uniform(0.05, 3, n)) for n in (1, 2, 7, 100)),
    ],
    reference=elbo_loop,
    mistakes={
        bound(sign=-1): "That is a loss. Should a better guess be worth more, or less?",
        bound(kl=lambda m, v: (m**2 + v - 1 - np.log(v)) / -2):
            "Does it pay, or cost, to lie far from the law?",
        bound(kl=lambda m, v: 0 * m):
            "What does it cost that the guess lies far from the law of the codes?",
        bound(wobble=lambda w, v: 0 * v):
            "A code that wobbles draws a wobbling picture: where is v in the error?",
        bound(wobble=lambda w, v: v):
            "The code wobbles by v. How far does w times the code wobble?",
        bound(wobble=lambda w, v: abs(w) * v):
            "v is a variance: by what does a factor w multiply it?",
        bound(constant=lambda s: 0.0):
            "Where is the constant of the normal law, with its 2 pi?",
        bound(constant=lambda s: np.log(2 * np.pi)):
            "s is in the exponent. Is it in the constant?",
        bound(constant=lambda s: np.log(2 * np.pi * s**2), divide=lambda s: s**2):
            "s is a variance already. Is it squared?",
        bound(drawn=lambda w, m: m):
            "m is a code. Which picture does the decoder draw of it?",
        lambda x, w, s, m, v: (
            -(np.log(2 * np.pi * s) + (x - w * m) ** 2 + w**2 * v) / (2 * s)
            - (m**2 + v - 1 - np.log(v)) / 2):
            "Is the constant divided by s as well?",
        bound(divide=lambda s: 1.0): "By what is the squared error divided?",
        bound(kl=lambda m, v: m**2 + v - 1 - np.log(v)):
            "Is there a half before the KL?",
        bound(kl=lambda m, v: (m**2 + v - 1 - np.log(np.sqrt(v))) / 2):
            "Is it the logarithm of v, or of its root?",
        bound(kl=lambda m, v: (m**2 + v**2 - 1 - np.log(v**2)) / 2):
            "v is a variance already. Is it squared in the KL?",
        bound(kl=lambda m, v: (m**2 + v - np.log(v)) / 2):
            "What is the KL of the law from itself, m = 0 and v = 1?",
        bound(kl=lambda m, v: (m**2 + v - 1 + np.log(v)) / 2):
            "Which sign has log v in the KL?",
        bound(wobble=lambda w, v: (w * v) ** 2):
            "v is a variance already. Is it squared in the error?",
        lambda x, w, s, m, v: bound()(x, w, s, m, v) - w**2 * v * (1 - 1 / (2 * s)):
            "Is the wobble, w**2 v, divided by 2 s as well?",
        bound(divide=lambda s: 1 / s):
            "In Python, a / 2 * s is (a / 2) * s. Does s divide there?",
    },
    right="8 sets of guesses (the law itself, steep decoders, 100 at once)",
)


# 3. Forger and detective

def sigma(a: float) -> float:
    return 1 / (1 + math.exp(-a)) if a > 0 else math.exp(a) / (1 + math.exp(a))


def surprise(a: float) -> float:
    """Minus the logarithm of sigma(a), where that is too small for a float as well."""
    return -a if a < -500 else -math.log(sigma(a))


def losses_loop(real, forged) -> tuple[float, float]:
    def mean(numbers):
        return math.fsum(numbers) / len(numbers)
    return (mean([surprise(r) for r in real]) + mean([surprise(-f) for f in forged]),
            mean([surprise(f) for f in forged]))


def losses(detective=lambda r, f: hard(-r).mean() + hard(f).mean(),
           forger=lambda f: hard(-f).mean()):
    """`gan_losses`, or a mistake in one of the two."""
    return lambda real, forged: (float(detective(real, forged)), float(forger(forged)))


def hard(a: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, a)


def naive(real, forged) -> tuple[float, float]:
    r, f = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-forged))
    return (float(-np.log(r).mean() - np.log(1 - f).mean()), float(-np.log(f).mean()))


gan_losses = Check(
    "gan_losses",
    cases=[
        Case(np.array([0.0]), np.array([0.0])),
        Case(np.array([1.0]), np.array([-1.0])),
        Case(np.array([2.0, -1.0]), np.array([0.5])),
        Case(normal(3), normal(2)),
        *(Case(3 * normal(n), 3 * normal(m)) for n, m in ((1, 5), (64, 64))),
        Case(np.array([800.0, -1.0]), np.array([-900.0, 2.0]), label="very sure"),
        Case(np.array([-1000.0]), np.array([1000.0]), label="very sure, and wrong"),
    ],
    reference=losses_loop,
    mistakes={
        naive: "Right on paper. What are exp(1000) and log(0) here?",
        losses(lambda r, f: hard(r).mean() + hard(-f).mean()):
            "Whom does that detective believe: the real ones, or the forged?",
        losses(lambda r, f: hard(-r).mean() + hard(-f).mean()):
            "The detective should doubt a forgery. Which sign has f there?",
        losses(lambda r, f: hard(-r).mean() - hard(-f).mean()):
            "-log(1 - p) is not log p. Of which number is 1 - sigma(f) the sigma?",
        losses(lambda r, f: hard(-r).mean()):
            "The detective must doubt forgeries too: where is f in its loss?",
        losses(lambda r, f: hard(f).mean()):
            "The detective must trust real ones too: where is r in its loss?",
        losses(lambda r, f: (hard(-r).mean() + hard(f).mean()) / 2):
            "The two means are added. Is there a half in the formula?",
        losses(lambda r, f: np.concatenate([hard(-r), hard(f)]).mean()):
            "One mean over all, or a mean for each kind?",
        losses(lambda r, f: hard(-r).sum() + hard(f).sum(), lambda f: hard(-f).sum()):
            "Are the surprises summed or averaged?",
        losses(forger=lambda f: -hard(f).mean()):
            "That is log(1 - sigma(f)), the paper's first form, nearly flat where the "
            "forger is bad. Which does the formula here ask for?",
        losses(forger=lambda f: hard(f).mean()):
            "Is that forger glad when it is caught?",
        lambda real, forged: losses()(real, forged)[::-1]:
            "Which loss comes first: the discriminator's, or the generator's?",
        losses(lambda r, f: -hard(-r).mean() - hard(f).mean(),
               lambda f: -hard(-f).mean()):
            "A surprise is not below zero: which sign is lost?",
        losses(lambda r, f: hard(r).mean() + hard(-f).mean(),
               lambda f: hard(f).mean()):
            "`np.logaddexp(0, -a)` is the surprise: which sign has a score in it?",
        losses(lambda r, f: hard(-r).mean() + (1 - hard(-f)).mean()):
            "That takes a surprise from 1. Is it the chance that is taken from 1?",
        losses(lambda r, f: hard(-r).mean() + hard(f - 1).mean()):
            "Is 1 - sigma(f) the sigma of 1 - f? Try f = 0.",
        lambda real, forged: (losses()(real, forged)[0], -losses()(real, forged)[0]):
            "Is the generator's loss here the detective's, turned round? See L_G.",
    },
    right="8 pairs of batches (of different sizes, very sure, very wrong)",
    no_warnings=True,
)


# 4. Does one of k tries pass?

def counted(n, c, k) -> float:
    return float(1 - Fraction(math.comb(n - c, k), math.comb(n, k)))


def tried(fails=lambda n, c, i: max(n - c - i, 0) / (n - i)):
    """`pass_at_k`, or a mistake in how likely try i fails."""
    return lambda n, c, k: 1 - math.prod(fails(n, c, i) for i in range(k))


def in_floats(n, c, k) -> float:
    def ways(n, k):
        return math.prod(float(n - i) for i in range(k)) / math.prod(
            float(i + 1) for i in range(k))
    return 1 - ways(n - c, k) / ways(n, k)


pass_at_k = Check(
    "pass_at_k",
    cases=[
        Case(4, 2, 2),
        Case(2, 1, 1),
        Case(5, 0, 3, label="none passes"),
        Case(5, 5, 1, label="all pass"),
        Case(5, 4, 2, label="fewer than k fail"),
        Case(6, 2, 6, label="all are tried"),
        Case(10, 3, 4),
        Case(20, 7, 5),
        Case(200, 1, 100),
        Case(5000, 3, 2000, label="counts beyond a float"),
        Case(2000, 1500, 1200, label="and fewer than k fail"),
    ],
    reference=counted,
    mistakes={
        tried(lambda n, c, i: 1 - c / n):
            "That puts each program back before the next is chosen. Can one be "
            "chosen twice?",
        tried(lambda n, c, i: max(n - c - i, 0) / n):
            "After a try, how many are left to choose from?",
        tried(lambda n, c, i: (n - c) / (n - i)):
            "After a try that failed, how many bad ones are left?",
        tried(lambda n, c, i: max(n - c - i - 1, 0) / max(n - i - 1, 1)):
            "Which fraction stands for the very first try?",
        tried(lambda n, c, i: max(c - i, 0) / (n - i)):
            "That counts choices in which all pass. Which would leave none that does?",
        lambda n, c, k: 1 - tried()(n, c, k):
            "That is the chance that all fail. And that one passes?",
        lambda n, c, k: c / n: "That is for one try. Where does k come in?",
        lambda n, c, k: min(1.0, k * c / n):
            "Do k tries find k times as much, if two of them may pass at once?",
        lambda n, c, k: math.prod(max(c - i, 0) / (n - i) for i in range(k)):
            "That is the chance that all k pass. Is one enough?",
        lambda n, c, k: math.prod(1 - max(n - c - i, 0) / (n - i) for i in range(k)):
            "From what is the product taken away: from 1 once, or in each try?",
        in_floats: "Right on paper. How large are the two counts for 5,000 programs?",
        lambda n, c, k: tried()(n, c, k - 1) if k > 1 else 0.0:
            "How many tries does that loop make?",
    },
    right="11 counts (none passes, all pass, 5,000 programs)",
)


# 5. Find the bug: a schedule

def kept_loop(lost) -> np.ndarray:
    left = [1.0]
    for share in lost:
        left.append(left[-1] * (1 - share))
    return np.array(left)


def with_one(rest):
    return lambda lost: np.concatenate([[1.0], rest(lost)])


kept = Check(
    "kept",
    cases=[
        Case(np.array([0.1])),
        Case(np.array([0.1, 0.2, 0.5])),
        Case(np.array([]), label="no step"),
        Case(np.array([0.0, 1.0, 0.5]), label="one step takes all"),
        *(Case(rng.uniform(0, 0.3, n)) for n in (2, 10, 1000)),
    ],
    reference=kept_loop,
    mistakes={
        np.cumprod: "If a step takes 0.1, what is left: 0.1, or the rest?",
        with_one(np.cumprod): "If a step takes 0.1, what is left: 0.1, or the rest?",
        lambda lost: np.cumprod(1 - lost):
            "What is kept after no step at all? That comes first.",
        with_one(lambda lost: 1 - lost):
            "Those are single steps. What is left after all steps so far?",
        with_one(lambda lost: 1 - np.cumsum(lost)):
            "A step takes its share of what is there, not of the whole picture.",
        lambda lost: 1 - np.cumprod(lost):
            "Which comes first: what a step leaves, or the product? And what is kept "
            "after no step at all?",
        with_one(lambda lost: 1 - np.cumprod(lost)):
            "Which comes first: what a step leaves, or the product?",
        with_one(lambda lost: np.cumprod(1 - lost[::-1])):
            "Which step is the first?",
        with_one(lambda lost: np.sqrt(np.cumprod(1 - lost))):
            "Is the share of variance asked for, or its root?",
        lambda lost: np.append(np.cumprod(1 - lost), 1.0):
            "Where does the picture before any step belong: first, or last?",
        lambda lost: kept_loop(lost)[::-1].copy():
            "From picture to noise, or from noise to picture?",
        lambda lost: np.cumprod(1 - np.append(1.0, lost)):
            "A step that loses 1 loses all. Where does the 1 belong: before, or after, "
            "it is turned into what is kept?",
        lambda lost: np.append(0.0, np.cumprod(1 - lost)):
            "Before the first step, is nothing kept, or all?",
    },
    right="7 schedules (no step, one that takes all, a thousand steps)",
)


# 6. Draw the digit you ask for

def step_loop(x, asked, any_digit, w, a, b) -> np.ndarray:
    new = np.empty_like(x)
    for i in np.ndindex(x.shape):
        noise = (1 - w) * any_digit[i] + w * asked[i]
        clean = (x[i] - math.sqrt(1 - a) * noise) / math.sqrt(a)
        clean = min(max(clean, -1.0), 1.0)
        noise = (x[i] - math.sqrt(a) * clean) / math.sqrt(1 - a)
        new[i] = math.sqrt(b) * clean + math.sqrt(1 - b) * noise
    return new


def back(guide=lambda asked, blind, w: blind + w * (asked - blind),
         clean=lambda x, e, a: ((x - (1 - a) ** 0.5 * e) / a**0.5).clip(-1, 1),
         fit=lambda x, c, e, a: (x - a**0.5 * c) / (1 - a) ** 0.5,
         mix=lambda c, e, a, b: b**0.5 * c + (1 - b) ** 0.5 * e):
    """`step_back`, or a mistake in one of its four lines."""
    def step(x, asked, any_digit, w, a, b):
        noise = guide(asked, any_digit, w)
        picture = clean(x, noise, a)
        return mix(picture, fit(x, picture, noise, a), a, b)
    return step


def one(*numbers: float):
    return [np.array([[number]]) for number in numbers]


step_back = Check(
    "step_back",
    cases=[
        Case(*one(0.5, -0.5, 0.0), 1.0, 0.64, 1.0),
        Case(*one(0.4, 0.5, 0.25), 1.0, 0.5, 0.8),
        Case(*one(0.4, 0.5, 0.25), 0.0, 0.5, 0.8, label="asked for nothing"),
        Case(*one(0.4, 0.5, 0.25), 2.0, 0.5, 0.8),
        Case(*one(3.0, 0.5, 0.25), 1.0, 0.5, 0.8, label="beyond the range"),
        Case(*(0.3 * normal(2, 2) for _ in range(3)), 1.5, 0.6, 0.9),
        *(Case(normal(n, p), normal(n, p), normal(n, p), w, a, b)
          for n, p, w, a, b in ((3, 4, 8.0, 0.01, 0.02), (2, 64, 2.0, 0.4, 0.5),
                                (8, 64, 0.5, 0.9, 0.999))),
    ],
    reference=step_loop,
    mistakes={
        back(lambda e, blind, w: e + w * (e - blind)):
            "For w = 1 the noise asked for should come back. From where do you start?",
        back(lambda e, blind, w: blind + w * (blind - e)):
            "Which way does the difference point: towards what is asked?",
        back(lambda e, blind, w: e + w * (blind - e)):
            "For w = 0, whose noise is it: that which hears, or that which does not?",
        back(lambda e, blind, w: e): "Where does w come in?",
        back(lambda e, blind, w: w * (e - blind)):
            "To what is the difference added?",
        back(lambda e, blind, w: blind + w * e):
            "Is it the noise asked for that is added, or how it differs?",
        back(clean=lambda x, e, a: (x - (1 - a) ** 0.5 * e) / a**0.5):
            "Ink goes from -1 to 1. What holds the clean picture there?",
        back(clean=lambda x, e, a: ((x - (1 - a) ** 0.5 * e) / a**0.5).clip(0, 1)):
            "Ink is 1, and paper? Where does the cut begin?",
        back(clean=lambda x, e, a: (x - (1 - a) ** 0.5 * e).clip(-1, 1)):
            "The picture has faded to its root's share. Is it made bright again?",
        back(clean=lambda x, e, a: ((x - (1 - a) * e) / a).clip(-1, 1)):
            "a is a share of the variance. Where are the roots?",
        back(clean=lambda x, e, a: ((x + (1 - a) ** 0.5 * e) / a**0.5).clip(-1, 1)):
            "Is the noise taken away, or added once more?",
        back(clean=lambda x, e, a: (x - e).clip(-1, 1)):
            "How strong is the noise in x, if the share a is kept?",
        back(fit=lambda x, c, e, a: e):
            "After the cut, do this noise and the clean picture still make up x?",
        back(clean=lambda x, e, a: (x - (1 - a) ** 0.5 * e / a**0.5).clip(-1, 1)):
            "What is divided by the root of a: the noise alone, or all that is left?",
        back(guide=lambda e, blind, w: (blind + w * (e - blind)).clip(-1, 1),
             clean=lambda x, e, a: (x - (1 - a) ** 0.5 * e) / a**0.5):
            "What is cut: the noise, or the clean picture?",
        back(fit=lambda x, c, e, a: (x - c) / (1 - a) ** 0.5):
            "How strong is the clean picture in x, if the share a is kept?",
        back(fit=lambda x, c, e, a: x - c):
            "How strong are clean picture and noise in x, if the share a is kept?",
        back(fit=lambda x, c, e, a: (x - a * c) / (1 - a)):
            "a is a share of the variance. Where are the roots, when you look for the "
            "noise that goes with the picture?",
        back(mix=lambda c, e, a, b: c):
            "That is the clean picture at once. How much noise should stay for b?",
        back(mix=lambda c, e, a, b: a**0.5 * c + (1 - a) ** 0.5 * e):
            "Which share should the *next* picture keep?",
        back(mix=lambda c, e, a, b: b**0.5 * c + (1 - a) ** 0.5 * e):
            "The next picture holds less noise: which share goes with it, a or b?",
        back(mix=lambda c, e, a, b: b * c + (1 - b) * e):
            "b is a share of the variance. Where are the roots?",
        back(mix=lambda c, e, a, b: (b**0.5 * c + (1 - b) ** 0.5 * e).clip(-1, 1)):
            "What is cut: the clean picture, or the one that is still noisy?",
        back(mix=lambda c, e, a, b: b**0.5 * c):
            "The next picture still holds some noise. Which, and how much?",
    },
    right="9 steps (asked for nothing, w = 8, beyond the range)",
)
