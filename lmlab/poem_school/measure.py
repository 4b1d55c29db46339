"""What a poet of the school can do, in numbers between 0 and 1 where not said.

Measured on poems that the model writes, on quatrains that it has not read, and on the
classics, which it should know by heart. Lessons 12, 14 and 16 print them after each
stage.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

import torch
from torch import Tensor, nn

from lmlab.learning.training import mean_loss, next_token_loss
from lmlab.models.sampling import generate
from lmlab.poem_school.text import (
    BEGIN,
    COLON,
    END,
    Quatrain,
    is_quatrain,
    lines_of,
    on_theme,
    prompt,
    rows,
    tokenizer,
)
from lmlab.text import poems

ROOM = 26  # tokens of an answer: four lines, their ends, and two to spare


def write(
    model: nn.Module,
    starts: Sequence[str],
    temperature: float = 1.0,
    seed: int = 0,
) -> list[Quatrain]:
    """Let the model write a poem after each start: `BEGIN`, or a theme and a colon."""
    if isinstance(starts, str) or not starts:
        raise ValueError(f"starts must be a list of one or more: got {starts!r}")
    written = generate(
        model,
        [prompt(start) for start in starts],
        max_new_tokens=ROOM,
        temperature=temperature,
        stop=[tokenizer().special[END]],
        generator=torch.Generator().manual_seed(seed),
    )
    return [lines_of(ids) for ids in written]


def craft(written: Sequence[Quatrain]) -> dict[str, float]:
    """Return how poems are made.

    Shares of all that was written: "formed", quatrains; "tonal" and "rhyming"
    quatrains, and those that are "both". Of the quatrains alone: "repeats", repeated
    characters in each; "endings", how many different last characters a hundred have.
    """
    n = len(written)
    if n == 0:
        raise ValueError("written must hold at least one poem: got none")
    formed = [lines for lines in written if is_quatrain(lines)]
    tonal = [poems.tonal(lines) for lines in formed]
    rhyming = [poems.rhymes(lines) for lines in formed]
    return {
        "formed": len(formed) / n,
        "tonal": sum(tonal) / n,
        "rhyming": sum(rhyming) / n,
        "both": sum(t and r for t, r in zip(tonal, rhyming, strict=True)) / n,
        "repeats": sum(map(poems.repeats, formed)) / max(1, len(formed)),
        "endings": endings([lines[3][-1] for lines in formed]),
    }


def endings(last: Sequence[str]) -> float:
    """Return how many different characters 100 of `last` hold, on average.

    Counted over all ways to take 100, so that it does not grow with their number. If
    they are fewer, all of them count.
    """
    n, take = len(last), min(100, len(last))
    missed = [math.comb(n - times, take) for times in Counter(last).values()]
    return sum(1 - ways / math.comb(n, take) for ways in missed)


def surprise(model: nn.Module, quatrains: Sequence[Quatrain]) -> float:
    """Return the mean surprise at a Han character, in nats: no marks, no line ends.

    It is the mean over batches of 100 quatrains, of which the last may be smaller.
    """
    marks = torch.tensor([*tokenizer().encode("\n"), *tokenizer().special.values()])

    def characters(model: nn.Module, ids: Tensor) -> Tensor:
        return next_token_loss(model(ids), ids, ~torch.isin(ids, marks))

    return mean_loss(model, rows(quatrains).split(100), characters)


def recites(model: nn.Module, quatrains: Sequence[Quatrain]) -> float:
    """Return the share of next lines that it knows, given the lines before."""
    asked = [(lines, k) for lines in quatrains for k in range(1, len(lines))]
    said = generate(
        model,
        [prompt(BEGIN, lines[:k]) for lines, k in asked],
        max_new_tokens=5,
        temperature=0,
    )
    right = [lines_of(ids) == (lines[k],)
             for ids, (lines, k) in zip(said, asked, strict=True)]
    return sum(right) / len(right)


def answers(
    model: nn.Module,
    themes: Mapping[str, str],
    each: int,
    temperature: float = 1.0,
    seed: int = 0,
) -> dict[str, list[Quatrain]]:
    """Let the model write `each` poems on each theme."""
    if not themes or each < 1:
        raise ValueError(
            f"themes and each must be at least 1: got {len(themes)} and {each}")
    asked = [theme + COLON for theme in themes for _ in range(each)]
    written = write(model, asked, temperature, seed)
    return {theme: written[i * each : (i + 1) * each]
            for i, theme in enumerate(themes)}


def obeys(
    model: nn.Module,
    themes: Mapping[str, str],
    each: int = 60,
    temperature: float = 1.0,
    seed: int = 0,
) -> tuple[float, dict[str, float]]:
    """Return the share of poems on the theme that was asked for, and their `craft`."""
    written = answers(model, themes, each, temperature, seed)
    right = [on_theme(lines, themes[theme])
             for theme, some in written.items() for lines in some]
    return sum(right) / len(right), craft([*chain(*written.values())])
