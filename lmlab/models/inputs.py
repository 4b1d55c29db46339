"""What a model is given: are these token ids, where do they stand, who sees whom?

Every model checks its input here before its first layer, so that a wrong id is a
sentence and not a crash (lessons 10 to 17).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lmlab.models.cache import KeyValueCache, LayerCache


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
    """Raise ValueError unless keep is boolean, (batch, n), a True in each row."""
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
    """Raise ValueError unless the two have one shape, (...)."""
    if given.shape != wanted.shape:
        raise ValueError(
            f"{name} must have the shape of {other}, {tuple(wanted.shape)}: "
            f"got {tuple(given.shape)}"
        )


def check_features(name: str, x: Tensor, features: int) -> None:
    """Raise ValueError unless x is (..., features)."""
    if x.ndim == 0 or x.shape[-1] != features:
        raise ValueError(
            f"{name} must have {features} features: "
            f"got {x.shape[-1] if x.ndim else 'none'}"
        )


def check_one_device(**tensors: Tensor | None) -> None:
    """Raise ValueError unless the tensors, (...) each, are on one device."""
    devices = {name: t.device for name, t in tensors.items() if t is not None}
    if len(set(devices.values())) > 1:
        found = ", ".join(f"{name} on {device}" for name, device in devices.items())
        raise ValueError(f"{' and '.join(devices)} must be on one device: got {found}")


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


def cached_layers(
    cache: KeyValueCache | None, n_layers: int
) -> Sequence[LayerCache | None]:
    """Return what each layer of a model remembers; of no cache, nothing.

    Raises ValueError if the cache is that of a model with another number of layers.
    """
    if cache is None:
        return [None] * n_layers
    if len(cache.layers) != n_layers:
        raise ValueError(
            f"cache must have {n_layers} layers, as the model: got {len(cache.layers)}"
        )
    return cache.layers


def check_looking(
    query: Tensor,
    key: Tensor,
    value: Tensor | None,
    mask: Tensor | None,
    bias: Tensor | None,
) -> None:
    """Raise ValueError unless these can be what `attention` is given, shapes as there.

    value: None where only the weights are asked for.
    """
    parts = {"query": query, "key": key}
    if value is not None:
        parts["value"] = value
    for name, x in parts.items():
        if x.ndim < 2 or x.numel() == 0:
            raise ValueError(
                f"{name} must have shape (..., tokens, features), at least one token: "
                f"got {tuple(x.shape)}"
            )
    for other in (key, value, mask, bias):
        if other is not None and other.device != query.device:
            check_one_device(**parts, mask=mask, bias=bias)
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "query and key must share d_head: "
            f"got {query.shape[-1]} and {key.shape[-1]}"
        )
    if value is not None and key.shape[-2] != value.shape[-2]:
        raise ValueError(
            "key and value must have the same number of tokens: "
            f"got {key.shape[-2]} and {value.shape[-2]}"
        )
    rows = query.shape[:-2]
    if any(x.shape[:-2] != rows for x in parts.values()):
        rows = _broadcast({name: x.shape[:-2] for name, x in parts.items()})
    for name, extra in (("bias", bias), ("mask", mask)):
        if extra is not None:
            _must_fit(name, extra, (*rows, query.shape[-2], key.shape[-2]))
    if mask is not None:
        if mask.dtype != torch.bool:
            raise ValueError(f"mask must be boolean, True = may look: got {mask.dtype}")
        check_sees(mask)


def _broadcast(shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Return the shape that all of these fit into."""
    try:
        return torch.broadcast_shapes(*shapes.values())
    except RuntimeError:
        raise ValueError(
            f"{' and '.join(shapes)} must fit in all but tokens and features: "
            f"got {', '.join(str(tuple(shape)) for shape in shapes.values())}"
        ) from None


def _must_fit(name: str, extra: Tensor, scores: tuple[int, ...]) -> None:
    try:
        fits = torch.broadcast_shapes(extra.shape, scores) == scores
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must broadcast to (..., queries, keys) = {scores}: "
            f"got {tuple(extra.shape)}"
        )


def check_sees(mask: Tensor) -> None:
    """Raise ValueError if the mask, (..., n, m), hides every key from some query."""
    blind = ~mask.any(dim=-1)
    if blind.any():
        row = blind.nonzero()[0].tolist()
        place = row[0] if len(row) == 1 else tuple(row)
        raise ValueError(
            f"mask must leave each query a key to look at: row {place} has no True"
        )
