"""Byte-pair encoding at speed: a pair is glued at all its places at once.

`tokenizers.BPE` learns with it, and reads long texts. A text is a chain: each token
knows where the next one begins and the one before, so that gluing moves nothing, and
NumPy glues a pair everywhere in a few operations. Lesson 07 does the same in a loop
that reads the whole text again for each merge.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import pairwise

import numpy as np

Pair = tuple[int, int]
"""Two tokens that stand side by side."""
Entry = tuple[int, Pair, np.ndarray]
"""What decides, the pair, where it was last seen."""

ID_BITS, PLACE_BITS = 17, 29
"""A place in a text and two tokens go into one number of 63 bits."""
MOST_MERGES = 2**ID_BITS - 256
"""How many merges the ids leave room for."""

_PRINTS = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
GPT2_ORDER = bytes(_PRINTS + sorted(set(range(256)) - set(_PRINTS)))
"""All bytes, those that print in Latin-1 first: so the vocabulary of GPT-2 begins."""


def pack(left: np.ndarray | int, right: np.ndarray | int) -> np.ndarray | int:
    """Return two tokens, (...) each, as one number."""
    return left << ID_BITS | right


class Chain:
    """Pieces of bytes, laid end to end as one chain of tokens.

    `ids[i]` is the token that begins at place i. It is WALL at the place that closes
    each piece, which no token crosses, and GONE at a place inside a token. `after[i]`
    and `before[i]` are the places of the token's neighbours.
    """

    WALL, GONE = -1, -2

    def __init__(self, pieces: list[bytes]) -> None:
        data = b"".join([piece + b"\0" for piece in pieces])
        if len(data) >= 2**PLACE_BITS:
            raise ValueError(
                f"text must have less than {2**PLACE_BITS} bytes in different pieces: "
                f"got {len(data)}"
            )
        self.ids = np.frombuffer(data, np.uint8).astype(np.int64)
        self.ids[np.cumsum([len(piece) + 1 for piece in pieces]) - 1] = self.WALL
        self.places = np.arange(len(data))
        self.after, self.before = np.roll(self.places, -1), np.roll(self.places, 1)

    def pairs(
        self, places: np.ndarray, wanted: np.ndarray | None = None
    ) -> Iterator[tuple[Pair, np.ndarray]]:
        """Yield each pair that begins at some of `places` (n,), and at which, in order.

        Left, right and place are packed into one number of 17 + 17 + 29 bits: when the
        numbers are sorted, equal pairs stand together. wanted: (m,), sorted, the only
        pairs to yield, packed likewise (`pack`); all, if not said.
        """
        left, right = self.ids[places], self.ids[self.after[places]]
        pair = pack(left, right)
        packed = (pair << PLACE_BITS | places)[(left >= 0) & (right >= 0)]
        packed.sort()
        pair, places = packed >> PLACE_BITS, packed & (2**PLACE_BITS - 1)
        first = np.ones(len(pair), bool)
        first[1:] = pair[1:] != pair[:-1]
        begins = np.flatnonzero(first)
        ends, pair = np.append(begins, len(pair))[1:], pair[begins]
        if wanted is not None:
            among = wanted[np.searchsorted(wanted, pair).clip(max=len(wanted) - 1)]
            begins, ends, pair = (x[among == pair] for x in (begins, ends, pair))
        for number, begin, end in zip(pair.tolist(), begins.tolist(), ends.tolist(),
                                      strict=True):
            yield divmod(number, 2**ID_BITS), places[begin:end]

    def still(self, pair: Pair, places: np.ndarray) -> np.ndarray:
        """Return those of `places` (n,) where `pair` still begins."""
        left, right = self.ids[places], self.ids[self.after[places]]
        return places[(left == pair[0]) & (right == pair[1])]

    def glue(self, pair: Pair, places: np.ndarray, new: int) -> np.ndarray:
        """Make `pair` the token `new` at `places`; return where new pairs begin.

        `places` are all those of the pair, in order: from a run such as "aaaa" the
        pair (a, a) is taken from the left.
        """
        if pair[0] == pair[1]:
            places = self._every_second(places)
        swallowed = self.after[places]
        self.ids[places], self.ids[swallowed] = new, self.GONE
        self.after[places] = self.after[swallowed]
        self.before[self.after[places]] = places
        left = self.before[places]
        return np.concatenate((left[self.ids[left] != new], places))

    def _every_second(self, places: np.ndarray) -> np.ndarray:
        """Of places that follow each other, take the first, the third, and so on."""
        order = np.arange(len(places))
        first = np.ones(len(places), bool)  # does a run of neighbours begin here?
        first[1:] = self.after[places[:-1]] != places[1:]
        run_began = np.maximum.accumulate(np.where(first, order, 0))
        return places[(order - run_began) % 2 == 0]


def learn(pieces: dict[str, int], n_merges: int) -> list[Pair]:
    """Return the merges of `BPE.train`; `pieces` says how often each piece occurs.

    The queue holds for each pair how often it was last seen, the most frequent first.
    While other pairs are glued a count can only fall, so it is enough to count a pair
    again when its turn comes, and to put it back where it has become rarer.
    """
    if not pieces:
        return []
    number = bytes.maketrans(GPT2_ORDER, bytes(range(256)))  # ties look at these
    coded = [piece.encode().translate(number) for piece in pieces]
    chain = Chain(coded)
    weight = np.repeat(list(pieces.values()), [len(piece) + 1 for piece in coded])
    queue: list[Entry] = []
    merges: list[Pair] = []

    def enter(places: np.ndarray) -> None:
        for pair, at in chain.pairs(places):
            heappush(queue, (-int(weight[at].sum()), pair, at))

    enter(chain.places)
    while queue and len(merges) < n_merges:
        seen, pair, places = heappop(queue)
        places = chain.still(pair, places)
        count = -int(weight[places].sum())
        if count == seen:
            merges.append(pair)
            enter(chain.glue(pair, places, 255 + len(merges)))
        elif count:
            heappush(queue, (count, pair, places))
    byte = [*GPT2_ORDER, *range(256, 256 + len(merges))]
    return [(byte[left], byte[right]) for left, right in merges]


def glue(pieces: list[bytes], glued: dict[Pair, int]) -> list[list[int]]:
    """Return the ids of each piece; `glued` says which pairs become which id.

    The lowest id is glued first, in all pieces at once. It never has to be looked at
    again: what it is part of later has a higher id.
    """
    chain = Chain(pieces)
    wanted = np.sort([pack(*pair) for pair in glued])
    queue: list[Entry] = []

    def enter(places: np.ndarray) -> None:
        for pair, at in chain.pairs(places, wanted):
            heappush(queue, (glued[pair], pair, at))

    if glued:
        enter(chain.places)
    while queue:
        new, pair, places = heappop(queue)
        enter(chain.glue(pair, chain.still(pair, places), new))
    ids = chain.ids[chain.ids != chain.GONE]
    walls = np.flatnonzero(ids == chain.WALL).tolist()
    ids = ids.tolist()
    return [ids[begin + 1 : end] for begin, end in pairwise([-1, *walls])]
