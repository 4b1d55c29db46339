"""Answers to 13_scaling: wrong ones that the checks do not know; right ones."""

import math

import numpy as np
from scipy.stats import linregress


def days_in_ints(n, tokens, cards, peak, share):
    return int(6 * n * tokens / (cards * peak * share) / 86400)


def days_step_by_step(n, tokens, cards, peak, share):
    seconds = 6 * n * tokens / cards
    return seconds / peak / share / 60 / 60 / 24


def law_with_numpy_means(sizes, losses):
    x, y = np.log(sizes), np.log(losses)
    a = -np.cov(x, y, bias=True)[0, 1] / x.var()
    return np.exp(y.mean() + a * x.mean()), a


def law_with_lstsq(sizes, losses):
    A = np.stack([np.ones(len(sizes)), np.log(sizes)], axis=1)
    start, slope = np.linalg.lstsq(A, np.log(losses), rcond=None)[0]
    return float(np.exp(start)), float(-slope)


def law_in_tens(sizes, losses):
    fit = linregress(np.log10(sizes), np.log10(losses))
    return 10**fit.intercept, -fit.slope


def law_in_two_bases(sizes, losses):
    slope, start = np.polyfit(np.log10(sizes), np.log(losses), 1)
    return np.exp(start), -slope


def law_in_place(sizes, losses):
    sizes *= 2
    return law_with_lstsq(sizes / 2, losses)


def match_one_by_one(places):
    return np.array([math.prod(row) for row in places])


def match_in_place(places):
    for i in range(1, places.shape[1]):
        places[:, 0] *= places[:, i]
    return places[:, 0]


def match_by_logs(places):
    with np.errstate(divide="ignore"):
        return np.exp(np.log(places).sum(axis=1))


def averaged_by_rows(gradients, rows):
    return np.repeat(gradients, rows, axis=0).mean(axis=0)


def averaged_in_a_loop(gradients, rows):
    total = sum(n * g for g, n in zip(gradients, rows, strict=True))
    return total / sum(rows)


def pipeline_in_a_loop(machines, batches):
    grid = [[-1] * (machines + batches - 1) for _ in range(machines)]
    for machine in range(machines):
        for batch in range(batches):
            grid[machine][machine + batch] = batch
    return np.array(grid)


def pipeline_rolled(machines, batches):
    row = np.concatenate([np.arange(batches), np.full(machines - 1, -1)])
    return np.stack([np.roll(row, i) for i in range(machines)])


def pipeline_and_back(machines, batches):
    grid = pipeline_rolled(machines, batches)
    return np.concatenate([grid, grid[:, ::-1]], axis=1)


def forecast_in_numpy(sizes, losses, n):
    x, y = np.log(sizes), np.log(losses)
    fit, left, *_ = np.polyfit(x, y, 1, full=True)
    s = math.sqrt(left[0] / (len(x) - 2))
    middle = np.polyval(fit, math.log(n))
    return tuple(np.exp(middle + k * s) for k in (-2, 0, 2))


def forecast_by_hand(sizes, losses, n):
    c, a = law_with_lstsq(sizes, losses)
    misses = [math.log(y / (c * x**-a)) for x, y in zip(sizes, losses, strict=True)]
    far = math.exp(2 * math.sqrt(sum(m * m for m in misses) / (len(sizes) - 2)))
    return [c * n**-a / far, c * n**-a, c * n**-a * far]


def forecast_of_ratios(sizes, losses, n):
    c, a = law_with_lstsq(sizes, losses)
    off = losses / (c * sizes**-a) - 1
    s = 2 * np.sqrt((off**2).sum() / (len(sizes) - 2))
    guess = c * n**-a
    return guess * (1 - s), guess, guess * (1 + s)


def forecast_three_fitted(sizes, losses, n):
    c, a = law_with_lstsq(sizes, losses)
    off = np.log(losses) - np.log(c * sizes**-a)
    far = np.exp(2 * np.sqrt((off**2).sum() / max(len(sizes) - 3, 1)))
    return c * n**-a / far, c * n**-a, c * n**-a * far


def forecast_with_std(sizes, losses, n):
    c, a = law_in_tens(sizes, losses)
    far = np.exp(2 * np.std(np.log(losses / c) + a * np.log(sizes), ddof=2))
    return c * n**-a / far, c * n**-a, c * n**-a * far


WRONG = {
    "gpu_days": [
        (days_in_ints, "returned 13      expected 13.89"),
        (lambda n, tokens, cards, peak, share: 6 * n * tokens / 86400, "expected"),
        (lambda n, tokens, cards, peak, share:
            6 * n * tokens / (cards + peak * share) / 86400, "expected 1"),
        (lambda n, tokens, cards, peak, share:
            6 * n * tokens / (cards * peak * (1 - share)) / 86400, "ZeroDivisionError"),
    ],
    "power_law": [
        (law_in_two_bases, "expected"),
        (law_in_place, "changed its argument sizes"),
        (lambda sizes, losses: np.array(law_with_lstsq(sizes, losses)), "expected"),
        (lambda sizes, losses: law_with_lstsq(sizes, losses)[1], "expected"),
    ],
    "exact_match": [
        (match_in_place, "changed its argument places"),
        (lambda places: list(places.prod(axis=1)), "expected a NumPy array"),
        (lambda places: (places > 0.5).all(axis=1), "dtype bool"),
        (lambda places: places.prod(axis=1).round(1), "returned [0.2]"),
    ],
    "averaged": [
        (lambda gradients, rows: list(rows @ gradients / rows.sum()),
         "expected a NumPy array"),
        (lambda gradients, rows: np.median(gradients, axis=0), "expected"),
        (lambda gradients, rows: rows @ gradients // rows.sum(), "returned"),
        (lambda gradients, rows: np.repeat(gradients, rows, axis=1).mean(axis=0),
         "Which"),
    ],
    "pipeline": [
        (pipeline_and_back, "expected"),
        (lambda p, m: pipeline_in_a_loop(p, m).tolist(), "expected a NumPy array"),
        (lambda p, m: pipeline_rolled(m, p), "expected"),
        (lambda p, m: np.zeros((p, p + m - 1), int), "expected"),
    ],
    "forecast": [
        (forecast_of_ratios, "expected"),
        (forecast_three_fitted, "expected"),
        (lambda sizes, losses, n: np.array(forecast_by_hand(sizes, losses, n)),
         "expected"),
        (lambda sizes, losses, n: (0.0, 0.0, 0.0), "returned"),
    ],
}

RIGHT = {
    "gpu_days": [days_step_by_step,
                 lambda n, tokens, cards, peak, share:
                 n * tokens / (cards * peak * share * 14400)],
    "power_law": [law_with_numpy_means, law_with_lstsq, law_in_tens],
    "exact_match": [match_one_by_one, match_by_logs,
                    lambda places: np.multiply.reduce(places, axis=1)],
    "averaged": [averaged_by_rows, averaged_in_a_loop],
    "pipeline": [pipeline_in_a_loop, pipeline_rolled],
    "forecast": [forecast_in_numpy, forecast_by_hand, forecast_with_std],
}
