"""Character n-grams: count what came next, and guess by the counts.

An old language model (Markov, 1913; Shannon, 1948, "A Mathematical Theory of
Communication", section 3). Lesson 00 builds it by hand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import numpy as np

BEGIN, END = "\x02", "\x03"  # ASCII's own marks for start and end of text


class NGram:
    """The next character, guessed from the `n - 1` characters before it.

    Each text of `lines` stands alone: its begin and its end are marked, and no
    context reaches from one text into the next. A text may hold line ends, so a
    whole poem can be one text.

    `k` is added to every count (add-k smoothing, Laplace's rule at k = 1):
    p(c | context) = (count(context, c) + k) / (count(context) + k V), with V the
    size of `alphabet`.

    >>> model = NGram(["aab", "ab"], n=2)
    >>> model.distribution("a") == {"a": 1 / 3, "b": 2 / 3}
    True
    """

    def __init__(self, lines: Iterable[str], n: int, k: float = 0.0) -> None:
        if n < 1:
            raise ValueError(f"n must be at least 1: got {n}")
        if k < 0:
            raise ValueError(f"k must not be negative: got {k}")
        self.n, self.k = n, k
        self.counts: dict[str, Counter[str]] = {}
        for line in lines:
            marked = BEGIN + line + END
            for i in range(1, len(marked)):
                for start in range(max(0, i - n + 1), i + 1):
                    followers = self.counts.setdefault(marked[start:i], Counter())
                    followers[marked[i]] += 1
        if not self.counts:
            raise ValueError("lines must hold at least one text: got none")
        self.alphabet: list[str] = sorted(self.counts[""])

    def known(self, context: str) -> str:
        """Return the longest end of `context` that was seen, at most n - 1 long."""
        context = context[max(0, len(context) - self.n + 1) :]
        while context not in self.counts:
            context = context[1:]
        return context

    def distribution(self, context: str) -> dict[str, float]:
        """Return the probability of each next character; END is one of them.

        Only the last n - 1 characters of `context` count. Where they were never
        seen, shorter ends of them are asked (back-off), down to no context at all.
        `context` is found anywhere in a text; begin it with BEGIN to mean the start.
        """
        followers = self.counts[self.known(context)]
        total = followers.total() + self.k * len(self.alphabet)
        characters = self.alphabet if self.k else sorted(followers)
        return {c: (followers[c] + self.k) / total for c in characters}

    def sample(self, rng: np.random.Generator, length: int, start: str = "") -> str:
        """Draw a text that begins with `start`, at most `length` characters long.

        It is shorter where the model draws END.
        """
        text = BEGIN + start
        while len(text) <= length:
            guess = self.distribution(text)
            character = str(rng.choice(list(guess), p=list(guess.values())))
            if character == END:
                break
            text += character
        return text[1:]

    def logprob(self, text: str) -> float:
        """Return the log probability of `text` with its end, in nats.

        It is -inf where a character had no chance; with k > 0 that takes a
        character outside `alphabet`.
        """
        marked, total = BEGIN + text + END, 0.0
        for i in range(1, len(marked)):
            chance = self.distribution(marked[:i]).get(marked[i], 0.0)
            total += math.log(chance) if chance else -math.inf
        return total
