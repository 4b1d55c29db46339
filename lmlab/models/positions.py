"""Positions: how a model tells "dog bites man" from "man bites dog".

Attention alone does not see order. A model may *add* something to each token (a
learned table, or `sinusoidal_positions`), *turn* queries and keys (`rope`), or *lower*
scores (`alibi_bias`, T5's `relative_buckets`). Lesson 09 compares three of them,
lesson 11 takes RoPE and ALiBi apart.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lmlab.models.inputs import precise


def sinusoidal_positions(n_tokens: int, d_model: int) -> Tensor:
    """Return (n_tokens, d_model), to be added to the tokens.

    Feature 2i holds sin(p / 10000^(2i / d_model)) for position p, feature 2i + 1 the
    cosine (Vaswani et al. 2017, section 3.5). d_model must be even.
    """
    angles = _angles(torch.arange(n_tokens), d_model, 10000.0, "d_model")
    waves = torch.stack((angles.sin(), angles.cos()), dim=-1)
    return waves.flatten(-2).to(torch.get_default_dtype())


def rope(
    x: Tensor,
    positions: Tensor | None = None,
    theta: float = 10000.0,
    d_turned: int | None = None,
) -> Tensor:
    """Rotate each pair of features by an angle that grows with the token's position.

    x: (..., n, d_head); returns the same shape. The pair (2i, 2i + 1) of the token at
    position p turns by p / theta^(2i / d_turned) (Su et al. 2021, equation 34), so that
    query and key see only the distance between them. positions: (..., n), without it
    0, 1, 2 ...; d_turned: how many features turn, from the first on; all, if not said.
    """
    if x.ndim < 2:
        raise ValueError(f"x must have shape (..., n, d_head): got {tuple(x.shape)}")
    n, d_head = x.shape[-2:]
    positions = torch.arange(n, device=x.device) if positions is None else positions
    d_turned = d_turned or d_head
    if positions.shape[-1] != n or d_turned > d_head:
        raise ValueError(
            f"positions must be those of {n} tokens, and d_turned at most {d_head}: "
            f"got {positions.shape[-1]} and {d_turned}"
        )
    return turn(x, rope_turns(positions, d_turned, theta))


def rope_turns(positions: Tensor, d_turned: int, theta: float = 10000.0) -> Tensor:
    """Return e^(i angle) for each angle of `rope`: complex, (..., n, d_turned / 2).

    They are the same in every layer, so that a model makes them once for all.
    positions: (..., n). d_turned must be even.
    """
    angles = _angles(positions, d_turned, theta, "d_head")
    return torch.polar(torch.ones_like(angles), angles)


def turn(x: Tensor, turns: Tensor) -> Tensor:
    """Turn the pairs of x, (..., n, d_head), by what `rope_turns` returns.

    A pair is a complex number, and a multiplication by e^(i angle) turns it. Where the
    turns are for fewer than d_head features, the rest stays as it is.
    """
    n_turned = 2 * turns.shape[-1]
    pairs = torch.view_as_complex(precise(x[..., :n_turned]).unflatten(-1, (-1, 2)))
    turned = torch.view_as_real(pairs * turns.to(pairs.dtype)).flatten(-2).to(x.dtype)
    if n_turned == x.shape[-1]:
        return turned
    return torch.cat((turned, x[..., n_turned:]), dim=-1)


def alibi_slopes(n_heads: int) -> Tensor:
    """Return (n_heads,), by how much each head lowers a score per token of distance.

    The slopes are 2^(-8h / n_heads) for h = 1, 2, ... (Press et al. 2022, section 3).
    If n_heads is no power of two: those of the next smaller power, then every second
    one of the next larger, as in the authors' code and in Baichuan-13B.
    """
    if n_heads < 1:
        raise ValueError(f"n_heads must be at least 1: got {n_heads}")
    power = 2 ** int(math.log2(n_heads))
    slopes = [2 ** (-8 * h / power) for h in range(1, power + 1)]
    slopes += [2 ** (-4 * h / power) for h in range(1, 2 * (n_heads - power), 2)]
    dtype = torch.promote_types(torch.get_default_dtype(), torch.float32)
    return torch.tensor(slopes, dtype=dtype)


def alibi_bias(n_heads: int, n_tokens: int) -> Tensor:
    """Return (n_heads, n_tokens, n_tokens), to be added to the scores.

    A head lowers the score of a key by its slope (`alibi_slopes`) for each token
    between it and the query. Made for a causal mask; without one, the tokens ahead are
    lowered like those behind.
    """
    return alibi_between(torch.arange(n_tokens), torch.arange(n_tokens), n_heads)


def alibi_between(queries: Tensor, keys: Tensor, n_heads: int) -> Tensor:
    """Return `alibi_bias` between any positions: (..., n_heads, n, m).

    queries: (..., n) and keys: (..., m), positions.
    """
    distances = (queries[..., None, :, None] - keys[..., None, None, :]).abs()
    return -alibi_slopes(n_heads).to(keys.device)[:, None, None] * distances


def relative_buckets(
    queries: Tensor, keys: Tensor, n_buckets: int, furthest: int, causal: bool
) -> Tensor:
    """Return (..., n, m) bucket numbers: which learned bias T5 adds to which score.

    queries: (..., n) and keys: (..., m), positions. Half of the buckets hold one
    distance each, the others ever more of them, up to `furthest`; all beyond share the
    last. If not causal, keys ahead have their own half of the buckets (Raffel et al.
    2020, arXiv 1910.10683, section 2.1).
    """
    behind = queries[..., :, None] - keys[..., None, :]
    ahead = torch.zeros_like(behind)
    if causal:
        distance = behind.clamp(min=0)
    else:
        n_buckets //= 2
        distance, ahead = behind.abs(), n_buckets * (behind < 0)
    n_exact = n_buckets // 2
    if not 1 <= n_exact < furthest:
        raise ValueError(
            "n_buckets must have room for near and far keys, and furthest lie beyond "
            f"the near ones: got {n_buckets} (per direction) and {furthest}"
        )
    growth = (distance.clamp(min=1).float() / n_exact).log()
    growth = growth / math.log(furthest / n_exact)
    shared = n_exact + (growth * (n_buckets - n_exact)).long()
    shared = shared.clamp(max=n_buckets - 1)
    return ahead + torch.where(distance < n_exact, distance, shared)


def places_and_mask(
    ids: Tensor, keep: Tensor | None = None, past: int = 0
) -> tuple[Tensor, Tensor | None]:
    """Return where the tokens stand, and whom each may look at for all the padding.

    ids: (batch, n), the new tokens, after `past` others; keep: (batch, past + n), False
    at padding, or None. Returns the places of all tokens so far, (past + n,) or (batch,
    past + n), of which padding takes none; and a mask (batch, 1, n, past + n), or None
    where nothing is padding. Padding looks at itself, to have something to look at;
    nobody else looks at it.
    """
    n = ids.shape[1]
    if keep is None or keep.all():
        return torch.arange(past + n, device=ids.device), None
    mask = keep[:, None, None, :].repeat(1, 1, n, 1)
    mask.diagonal(past, dim1=-2, dim2=-1).fill_(True)
    return (keep.cumsum(dim=-1) - 1).clamp(min=0), mask


def _angles(positions: Tensor, d: int, theta: float, name: str) -> Tensor:
    """Return (..., n, d / 2) angles p / theta^(2i / d), in float64."""
    if d % 2:
        raise ValueError(f"{name} must be even, positions come in pairs: got {d}")
    halves = torch.arange(0, d, 2, dtype=torch.float64, device=positions.device)
    return positions[..., None] * theta ** (-halves / d)
