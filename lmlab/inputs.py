"""What a model is given: are these token ids, where do they stand, who sees whom?

Every model checks its input here before its first layer, so that a wrong id is a
sentence and not a crash (lessons 10 to 17).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmlab.cache import KeyValueCache


def check_ids(name: str, ids: Tensor, tokens: nn.Embedding) -> None:
    """Raise ValueError unless ids, (batch, n) int64, are all rows of `tokens`."""
    if ids.ndim != 2 or ids.dtype != torch.int64 or ids.numel() == 0:
        raise ValueError(
            f"{name} must have shape (batch, n), at least one token, and be int64: "
            f"got {tuple(ids.shape)}, {ids.dtype}"
        )
    if ids.device != tokens.weight.device:
        raise ValueError(
            f"{name} must be where the model is, on {tokens.weight.device}: "
            f"got {ids.device}"
        )
    low, high = (end.item() for end in torch.aminmax(ids))
    if low < 0 or high >= tokens.num_embeddings:
        raise ValueError(
            f"{name} must lie in 0 .. {tokens.num_embeddings - 1}: "
            f"got {low if low < 0 else high}"
        )


def check_keep(
    name: str, keep: Tensor | None, shape: tuple[int, int], device: torch.device
) -> None:
    """Raise ValueError unless keep is boolean, of that shape, a True in each row."""
    if keep is None:
        return
    if keep.dtype != torch.bool or keep.shape != shape or keep.device != device:
        raise ValueError(
            f"{name} must be boolean, True = a token, of shape {tuple(shape)}, "
            f"on {device}: got {keep.dtype}, {tuple(keep.shape)}, {keep.device}"
        )
    empty = ~keep.any(dim=-1)
    if empty.any():
        raise ValueError(
            f"{name} must keep a token in each row: "
            f"row {empty.nonzero()[0].item()} has no True"
        )


def check_same_shape(name: str, given: Tensor, other: str, wanted: Tensor) -> None:
    """Raise ValueError unless the two have one shape."""
    if given.shape != wanted.shape:
        raise ValueError(
            f"{name} must have the shape of {other}, {tuple(wanted.shape)}: "
            f"got {tuple(given.shape)}"
        )


def places_and_mask(
    ids: Tensor,
    context: int,
    keep: Tensor | None = None,
    cache: KeyValueCache | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Return where the tokens stand, and whom each may look at for all the padding.

    ids: (batch, n), the new tokens; keep: (batch, total so far), False at padding, or
    None; cache: the tokens before. Returns the places of all tokens so far, (total,) or
    (batch, total), of which padding takes none; and a mask (batch, 1, n, total), or
    None where nothing is padding. Padding looks at itself, to have something to look
    at; nobody else looks at it.
    Raises ValueError if the tokens are more than `context` or the cache has room for.
    """
    batch, n = ids.shape
    past = 0 if cache is None else cache.length
    total = past + n
    if cache is not None and (total > cache.room or batch != cache.batch):
        raise ValueError(
            f"cache must have room for {batch} rows of {total} tokens: "
            f"it has {cache.batch} rows of {cache.room}"
        )
    check_keep("keep", keep, (batch, total), ids.device)
    if keep is None or keep.all():
        places, mask, longest = torch.arange(total, device=ids.device), None, total
    else:
        places = (keep.cumsum(dim=-1) - 1).clamp(min=0)
        mask = keep[:, None, None, :].repeat(1, 1, n, 1)
        mask.diagonal(past, dim1=-2, dim2=-1).fill_(True)
        longest = keep.sum(dim=-1).max().item()
    if longest > context:
        raise ValueError(f"ids must fit into the context of {context}: got {longest}")
    return places, mask
