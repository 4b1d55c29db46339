"""Batches: which part of the data each training step sees.

A batch depends on the seed and on the number of the step alone: `batches(7)` is what
step 7 sees, whenever you look, and a training that was interrupted goes on with the
batches it would have had. Lessons 06, 12 and 14 train on them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from lmlab.models.inputs import check_one_device

Batches = Callable[[int], Any]
"""The batch of each step. A step has the same batch whenever it is asked for."""


def windows(ids: Tensor, batch: int, length: int, seed: int = 0) -> Batches:
    """Cut windows out of one long text, each from a random place.

    ids: (n,), n >= length. Step by step (batch, length).
    """
    if batch < 1 or length < 1:
        raise ValueError(
            f"batch and length must be at least 1: got {batch} and {length}"
        )
    if ids.ndim != 1 or len(ids) < length:
        raise ValueError(
            f"ids must be one row of at least length = {length} ids: "
            f"got shape {tuple(ids.shape)}"
        )

    def at(step: int) -> Tensor:
        starts = torch.randint(
            len(ids) - length + 1, (batch, 1), generator=_generator(seed, step)
        )
        return ids[starts + torch.arange(length)]

    return at


def rows(data: Tensor | Sequence[Tensor], batch: int, seed: int = 0) -> Batches:
    """Deal the rows of a table like cards: all of them, then shuffle and deal again.

    data: (n, ...), which gives (batch, ...) step by step; or several such tensors with
    the same n, which give a tuple: row i of one always comes with row i of the others.
    """
    if batch < 1:
        raise ValueError(f"batch must be at least 1: got {batch}")
    tables = (data,) if isinstance(data, Tensor) else tuple(data)
    if any(table.ndim == 0 for table in tables):
        raise ValueError("data must be tensors of shape (n, ...): got a single number")
    check_one_device(**{f"data[{i}]": table for i, table in enumerate(tables)})
    sizes = sorted({len(table) for table in tables})
    if len(sizes) != 1 or sizes[0] == 0:
        raise ValueError(
            f"data must be tensors with the same number of rows, not 0: got {sizes}"
        )
    [n] = sizes

    @lru_cache(maxsize=2)
    def order(deal: int) -> Tensor:
        return torch.randperm(n, generator=_generator(seed, deal))

    def at(step: int) -> Tensor | tuple[Tensor, ...]:
        first, last = step * batch // n, (step * batch + batch - 1) // n
        cards = torch.cat([order(deal) for deal in range(first, last + 1)])
        hand = cards[step * batch - first * n :][:batch]
        if isinstance(data, Tensor):
            return data[hand]
        return tuple(table[hand] for table in tables)

    return at


def tensors(batch: Any) -> Iterator[Tensor]:
    """Yield the tensors of a batch: itself, or those in its tuple, list or dict."""
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, Mapping | tuple | list):
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from tensors(part)


def _generator(seed: int, number: int) -> torch.Generator:
    """Return a generator that depends on both; torch looks at 32 bits of a seed."""
    return torch.Generator().manual_seed((seed * 1_000_003 + number) % 2**32)
