"""Answers to 20_image_generation: wrong ones the checks do not know; right ones."""

import math

import numpy as np
from scipy.stats import norm


def noised_in_place(x, kept, noise):
    x *= np.sqrt(kept)[:, None]
    x += np.sqrt(1 - kept)[:, None] * noise
    return x


def noised_by_loop(x, kept, noise):
    rows = []
    for picture, share, grain in zip(x, kept, noise, strict=True):
        rows.append(share**0.5 * picture + (1 - share) ** 0.5 * grain)
    return np.stack(rows)


def noised_clipped(x, kept, noise):
    return noised_by_loop(x, kept, noise).clip(-1, 1)


def elbo_by_sample(x, w, s, m, v):
    z = m + np.sqrt(v) * np.random.default_rng().standard_normal(len(m))
    return (norm(w * z, s**0.5).logpdf(x) - (m**2 + v - 1 - np.log(v)) / 2)


def elbo_of_the_middle_guess(x, w, s, m, v):
    return elbo_in_parts(x, w, s, m, v).mean()


def elbo_in_parts(x, w, s, m, v):
    error = x**2 - 2 * x * w * m + w**2 * (m**2 + v)
    return (-0.5 * np.log(2 * np.pi) - 0.5 * np.log(s) - error / (2 * s)
            + 0.5 * (1 + np.log(v) - m**2 - v))


def elbo_by_scipy(x, w, s, m, v):
    drawn = norm(w * m, s**0.5).logpdf(x) - w**2 * v / (2 * s)
    return np.array([d - (a * a + b - 1 - math.log(b)) / 2
                     for d, a, b in zip(drawn, m, v, strict=True)])


def elbo_without_error(x, w, s, m, v):
    return -np.log(2 * np.pi * s) / 2 - (m**2 + v - 1 - np.log(v)) / 2


def losses(real, forged):
    return (np.logaddexp(0, -real).mean() + np.logaddexp(0, forged).mean(),
            np.logaddexp(0, -forged).mean())


def losses_with_clipped_sigma(real, forged):
    def chance(a):
        return (1 / (1 + np.exp(-np.clip(a, -500, 500)))).clip(1e-7, 1 - 1e-7)
    return (float(-np.log(chance(real)).mean() - np.log(1 - chance(forged)).mean()),
            float(-np.log(chance(forged)).mean()))


def losses_by_case(real, forged):
    def soft(a):
        return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
    return float(np.mean(soft(-real)) + np.mean(soft(forged))), float(
        np.mean(soft(-forged)))


def losses_by_integers(real, forged):
    r, f = real.tolist(), forged.tolist()
    return (sum(np.logaddexp(0, -a) for a in r) / len(r)
            + sum(np.logaddexp(0, a) for a in f) / len(f),
            sum(np.logaddexp(0, -a) for a in f) / len(f))


def pass_by_counts(n, c, k):
    return 1 - math.comb(n - c, k) / math.comb(n, k)


def pass_by_product(n, c, k):
    if n - c < k:
        return 1.0
    return float(1.0 - np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


def pass_by_logarithms(n, c, k):
    if n - c < k:
        return 1.0
    steps = np.arange(k)
    return -math.expm1(np.sum(np.log(n - c - steps) - np.log(n - steps)))


def pass_through_zero(n, c, k):
    return 1 - math.prod((n - c - i) / (n - i) for i in range(k))


def pass_by_drawing(n, c, k):
    rng = np.random.default_rng(0)
    return float(np.mean([(rng.permutation(n)[:k] < c).any() for _ in range(200)]))


def kept_by_loop(lost):
    left = np.ones(len(lost) + 1)
    for i, share in enumerate(lost):
        left[i + 1] = left[i] - share * left[i]
    return left


def kept_from_the_end(lost):
    return np.array([np.prod(1 - lost[:i]) for i in range(len(lost) + 1)])


def kept_of_one_rate(lost):
    return (1 - lost[0]) ** np.arange(len(lost) + 1)


def step(x, asked, any_digit, w, a, b):
    noise = (1 - w) * any_digit + w * asked
    clean = np.minimum(1, np.maximum(-1, (x - np.sqrt(1 - a) * noise) / a**0.5))
    ratio = np.sqrt((1 - b) / (1 - a))
    return ratio * x + (np.sqrt(b) - ratio * np.sqrt(a)) * clean


def step_by_loop(x, asked, any_digit, w, a, b):
    return np.stack([step(*rows, w, a, b)
                     for rows in zip(x, asked, any_digit, strict=True)])


def step_with_new_noise(x, asked, any_digit, w, a, b):
    clean = step(x, asked, any_digit, w, a, 1.0)
    return b**0.5 * clean + (1 - b) ** 0.5 * np.random.standard_normal(x.shape)


def step_with_asked_noise(x, asked, any_digit, w, a, b):
    clean = step(x, asked, any_digit, w, a, 1.0)
    return b**0.5 * clean + (1 - b) ** 0.5 * asked


def step_rounded(x, asked, any_digit, w, a, b):
    return step(x, asked, any_digit, w, a, b).round(2)


WRONG = {
    "noised": [
        (noised_in_place, "changed its argument x"),
        (noised_clipped, "returned"),
        (lambda x, kept, noise: x, "expected [[0.5, -0.8]]"),
        (lambda x, kept, noise: noised_by_loop(x, kept, noise)[0], "shape"),
        (lambda x, kept, noise: np.zeros_like(x), "returned [[0, 0]]"),
    ],
    "elbo": [
        (elbo_by_sample, "Called again, it answers otherwise"),
        (elbo_of_the_middle_guess, "expected"),
        (elbo_without_error, "expected [-1.419]"),
        (lambda x, w, s, m, v: 0 * m, "returned [0]"),
    ],
    "gan_losses": [
        (losses_with_clipped_sigma, "very sure"),
        (lambda real, forged: losses(real, forged)[0], "expected"),
        (lambda real, forged: (losses(real, forged)[0] - losses(real, forged)[1],
                               losses(real, forged)[1]), "returned (0.6931"),
        (lambda real, forged: (0.0, 0.0), "expected (1.386"),
    ],
    "pass_at_k": [
        (pass_by_drawing, "not yet"),
        (lambda n, c, k: 1 - math.comb(n - k, c) // math.comb(n, c), "not yet"),
        (lambda n, c, k: float(c >= k), "returned 1      expected 0.8333"),
        (lambda n, c, k: 1 - (1 - c / n) ** (k / 2), "expected 0.8333"),
        (lambda n, c, k: 0.0, "returned 0"),
    ],
    "kept": [
        (kept_of_one_rate, "Right on the case before"),
        (lambda lost: 1 - np.append(0, lost).cumsum() ** 2, "expected"),
        (lambda lost: list(kept_by_loop(lost)), "expected a NumPy array"),
        (lambda lost: np.ones(len(lost) + 1), "returned [1, 1]"),
        (lambda lost: lost, "shape (1,)"),
    ],
    "step_back": [
        (step_with_new_noise, "Called again, it answers otherwise"),
        (step_with_asked_noise, "not yet"),
        (step_rounded, "expected [[0.2824]]"),
        (lambda x, asked, any_digit, w, a, b: asked, "returned [[-0.5]]"),
        (lambda x, asked, any_digit, w, a, b: step(
            x, asked, any_digit, w, a, a + (1 - a) / 2), "not yet"),
    ],
}

RIGHT = {
    "noised": [noised_by_loop, lambda x, kept, noise: (
        kept ** 0.5 * x.T + (1 - kept) ** 0.5 * noise.T).T],
    "elbo": [elbo_in_parts, elbo_by_scipy],
    "gan_losses": [losses, losses_by_case, losses_by_integers],
    "pass_at_k": [pass_by_counts, pass_by_product, pass_by_logarithms,
                  pass_through_zero],
    "kept": [kept_by_loop, kept_from_the_end],
    "step_back": [step, step_by_loop],
}
