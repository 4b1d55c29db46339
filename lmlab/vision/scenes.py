"""Scenes: coloured digits in a row, and a caption that says what is there.

Lesson 21 learns words and pictures from them. A digit is met in some colours only: a
model that understands both can name it in the others, too. The handwriting is that of
scikit-learn's 1,797 digits of 8 x 8 pixels, of which the last 500 are kept for tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from lmlab.vision.handwriting import load_digits

DIGITS = "zero one two three four five six seven eight nine".split()
COLOURS = {"red": (1.0, 0.3, 0.3), "green": (0.2, 0.9, 0.3),
           "blue": (0.4, 0.6, 1.0), "yellow": (1.0, 0.9, 0.2)}  # fmt: skip
WORDS = [".", "a", "left", "of", *COLOURS, *DIGITS]
"""What captions are made of; a word's place here is its number."""


@dataclass(frozen=True)
class Scenes:
    """pictures: (n, 3, 8, 8 objects), from 0 to 1; digits, colours: (n, objects).

    The pictures have torch's default dtype when they are drawn, as new models have.
    """

    pictures: Tensor
    digits: Tensor
    colours: Tensor

    @property
    def captions(self) -> list[str]:
        """What stands there, from the left: "a red seven left of a blue two ."."""
        return captions(self.digits, self.colours)


def captions(digits: Tensor, colours: Tensor) -> list[str]:
    """(n, objects) each -> a caption each."""
    names = [*COLOURS]
    things = torch.stack([digits, colours], dim=-1).tolist()  # [[[7, 0], [2, 2]], ...]
    return [" left of ".join(f"a {names[c]} {DIGITS[d]}" for d, c in row) + " ."
            for row in things]  # fmt: skip


def encode(captions: list[str]) -> Tensor:
    """Return the words' numbers, (captions, words); all captions of one length."""
    return torch.tensor([[WORDS.index(word) for word in c.split()] for c in captions])


def decode(ids: Tensor) -> list[str]:
    """(captions, words) -> the captions."""
    return [" ".join(WORDS[i] for i in row) for row in ids.tolist()]


def kinds(*, new: bool, shades: int = 2) -> Tensor:
    """Return pairs of a digit and a colour, (pairs, 2): those met, or the new ones.

    shades: in how many of the four colours a digit is met.
    """
    if not 1 <= shades <= 4 - new:
        raise ValueError(f"shades must lie in 1 .. {4 - new}: got {shades}")
    step = (torch.arange(4) - torch.arange(10)[:, None]) % 4  # (10, 4): digit, colour
    return ((step >= shades) == new).nonzero()


def scenes(
    n: int, seed: int, *, new: bool = False, objects: int = 2, shades: int = 2,
    test: bool = False,
) -> Scenes:  # fmt: skip
    """Draw `n` scenes of as many objects, each a pair of `kinds`.

    new: pairs that are never met in training; test: in handwriting that is not, either.
    """
    rng = torch.Generator().manual_seed(seed)
    pairs = kinds(new=new, shades=shades)
    drawn = torch.randint(len(pairs), (n, objects), generator=rng)
    digits, colours = pairs[drawn].unbind(-1)
    return Scenes(paint(digits, colours, rng, test=test), digits, colours)


def paint(
    digits: Tensor, colours: Tensor, rng: torch.Generator, *, test: bool = False
) -> Tensor:
    """(n, objects) each -> pictures (n, 3, 8, 8 objects), in handwriting."""
    for name, values, end in (("digits", digits, 10), ("colours", colours, 4)):
        if not ((0 <= values) & (values < end)).all():
            raise ValueError(
                f"{name} must lie in 0 .. {end - 1}: got {values.tolist()}"
            )
    images, first, count = handwriting(test)
    draw = torch.rand(digits.shape, generator=rng, dtype=torch.float64)
    ink = images[first[digits] + (draw * count[digits]).long()]  # (n, objects, 8, 8)
    shade = torch.tensor([*COLOURS.values()], dtype=ink.dtype)[colours]
    painted = ink[:, :, None] * shade[..., None, None]
    return torch.cat(painted.unbind(1), dim=-1).to(torch.get_default_dtype())


@cache
def handwriting(test: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return the images (m, 8, 8) from 0 to 1, sorted, where each digit begins, and
    how many there are of it."""
    images, labels = map(torch.tensor, load_digits())
    own = slice(-500, None) if test else slice(-500)
    images, labels = images[own] / 16, labels[own]
    count = labels.bincount()
    order = labels.argsort(stable=True)
    return images[order].view(-1, 8, 8), count.cumsum(0) - count, count
