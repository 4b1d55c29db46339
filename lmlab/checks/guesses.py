"""Guesses of the next character, right and with the mistakes that learners make.

The references of exercise 00 (`lmlab.checks.start_here`). A guess is a dict from
character to probability; counts are a Counter of characters.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate


def add_k(
    count: Callable = lambda n, k: n + k,
    total: Callable = lambda counts, k, V: counts.total() + k * V,
    seen: bool = False,
) -> Callable[[Counter, str, float], dict[str, float]]:
    """Return `smoothed(counts, alphabet, k)`; what is given makes a mistake of it.

    count: of one character, n times seen; total: what it is divided by, for an alphabet
    of V; seen: go over what was seen, instead of over the alphabet.
    """
    return lambda counts, alphabet, k: {
        c: count(counts[c], k) / total(counts, k, len(alphabet))
        for c in (counts if seen else alphabet)
    }


def piece(guess: dict[str, float], u: float) -> str:
    """The character on whose piece of the ruler from 0 to 1 u falls."""
    return first_above(u, zip(guess, accumulate(guess.values()), strict=True))


def first_above(u: float, numbers: Iterable[tuple[str, float]]) -> str:
    """The first character whose number is above u, or else the last character."""
    numbers = list(numbers)
    return next((c for c, number in numbers if u < number), numbers[-1][0])
