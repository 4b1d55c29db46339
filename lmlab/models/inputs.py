"""The front door: is what a model or a function was given what it can work with?

A wrong id becomes a sentence here, not a crash or silent nonsense further in. What
stands behind the door trusts what it gets, and reads like the formula (lessons 09 to
17). `precise` is for numbers that came in too coarse to be computed with.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lmlab.models.cache import KeyValueCache


def precise(x: Tensor) -> Tensor:
    """Return x, (...), in float32, or as it is where its number type is finer.

    float16 ends at 65504 and bfloat16 has 3 digits: what is summed, exponentiated or
    turned in them may come out as inf, as 0, or as its neighbour.
    """
    return x.to(torch.promote_types(x.dtype, torch.float32))


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


def check_text(
    ids: Tensor, tokens: nn.Embedding, context: int, keep: Tensor | None, past: int = 0
) -> None:
    """Raise ValueError unless a model can read ids, (batch, n), after `past` tokens.

    keep: (batch, past + n) or None, as in `positions.places_and_mask`; what it keeps
    must fit into the context.
    """
    check_ids("ids", ids, tokens)
    total = past + ids.shape[1]
    check_keep("keep", keep, (len(ids), total), ids.device)
    longest = total if keep is None else keep.sum(dim=-1).max().item()
    if longest > context:
        raise ValueError(f"ids must fit into the context of {context}: got {longest}")


def check_cache(
    cache: KeyValueCache | None, ids: Tensor, shape: tuple[int, int, int], like: Tensor
) -> None:
    """Raise ValueError unless the cache is of this model and has room for ids.

    ids: (batch, n), the tokens to come; shape: as a config's `cache_shape`; like: a
    weight, whose number type and device the cache must have.
    """
    if cache is None:
        return
    total = cache.length + ids.shape[1]
    if total > cache.room or len(ids) != cache.batch:
        raise ValueError(
            f"cache must have room for {len(ids)} rows of {total} tokens: "
            f"it has {cache.batch} rows of {cache.room}"
        )
    held = cache.layers[0].keys
    if (cache.shape, held.dtype, held.device) != (shape, like.dtype, like.device):
        raise ValueError(
            f"cache must hold {like.dtype} on {like.device} in (layers, heads, d_head) "
            f"= {shape}, as the model: got {held.dtype} on {held.device}, {cache.shape}"
        )


def check_heads(
    d_model: int, n_heads: int, d_head: int | None = None, n_kv_heads: int | None = None
) -> None:
    """Raise ValueError unless heads can share the features, and keys and values."""
    if n_heads < 1 or (not d_head and d_model % n_heads):
        raise ValueError(
            f"n_heads must divide d_model: got n_heads {n_heads} and d_model {d_model}"
        )
    if n_kv_heads is not None and (n_kv_heads < 1 or n_heads % n_kv_heads):
        raise ValueError(
            "n_kv_heads must divide n_heads: "
            f"got n_kv_heads {n_kv_heads} and n_heads {n_heads}"
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


def check_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor | None,
    mask: Tensor | None,
    bias: Tensor | None,
    causal: bool = False,
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
    check_one_device(**parts, mask=mask, bias=bias)
    n, m = query.shape[-2], key.shape[-2]
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "query and key must share d_head: "
            f"got {query.shape[-1]} and {key.shape[-1]}"
        )
    if value is not None and m != value.shape[-2]:
        raise ValueError(
            "key and value must have the same number of tokens: "
            f"got {m} and {value.shape[-2]}"
        )
    rows = [tuple(x.shape[:-2]) for x in parts.values()]
    try:
        scores = (*torch.broadcast_shapes(*rows), n, m)
    except RuntimeError:
        raise ValueError(
            f"{' and '.join(parts)} must fit in all but tokens and features: "
            f"got {', '.join(map(str, rows))}"
        ) from None
    for name, extra in (("bias", bias), ("mask", mask)):
        if extra is not None:
            check_broadcasts(name, extra, scores)
    if mask is not None and mask.dtype != torch.bool:
        raise ValueError(f"mask must be boolean, True = may look: got {mask.dtype}")
    if causal:
        past = torch.ones(n, m, dtype=torch.bool, device=query.device).tril(m - n)
        mask = past if mask is None else mask & past
    if mask is not None:
        check_sees(mask)


def check_broadcasts(name: str, extra: Tensor, scores: tuple[int, ...]) -> None:
    """Raise ValueError unless extra fits the scores, (..., queries, keys)."""
    ends = zip(extra.shape[::-1], scores[::-1], strict=False)
    if extra.ndim > len(scores) or any(a not in (1, b) for a, b in ends):
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
