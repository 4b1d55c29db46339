"""Attention: every token takes a weighted average of the tokens it may look at.

Lesson 09 builds the parts by hand; here they stand in torch, to be used again by
every model of the course. Shapes are written (..., tokens, features); a mask is
boolean, and True means *may look*. Sources: Vaswani et al. 2017 (arXiv 1706.03762),
Su et al. 2021 (arXiv 2104.09864), Press et al. 2022 (arXiv 2108.12409).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def attention_weights(
    query: Tensor, key: Tensor, mask: Tensor | None = None, bias: Tensor | None = None
) -> Tensor:
    """Return softmax(query key^T / sqrt(d_head) + bias), row by row.

    The softmax of Vaswani et al. 2017, equation 1.

    query: (..., n_queries, d_head); key: (..., n_keys, d_head).
    mask: boolean, True where a query may look at a key; bias: numbers added to the
    scores. Both broadcast to the result's shape, (..., n_queries, n_keys).
    Each row of the result sums to 1.

    Raises ValueError if d_head differs, if the mask is not boolean or does not fit,
    or if it hides every key from some query.
    """
    if query.shape[-1] != key.shape[-1]:
        raise ValueError(
            "query and key must share d_head: "
            f"got {query.shape[-1]} and {key.shape[-1]}"
        )
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    if bias is not None:
        _must_fit("bias", bias, scores)
        scores = scores + bias
    if mask is not None:
        if mask.dtype != torch.bool:
            raise ValueError(f"mask must be boolean, True = may look: got {mask.dtype}")
        _must_fit("mask", mask, scores)
        _must_leave_a_key(mask)
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
) -> Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, equation 1).

    query: (..., n_queries, d_head); key: (..., n_keys, d_head);
    value: (..., n_keys, d_value). Returns (..., n_queries, d_value): for each query
    the average of the values, weighted by `attention_weights`, which also says what
    `mask` and `bias` do and what is raised.
    """
    if key.shape[-2] != value.shape[-2]:
        raise ValueError(
            "key and value must have the same number of tokens: "
            f"got {key.shape[-2]} and {value.shape[-2]}"
        )
    return attention_weights(query, key, mask, bias) @ value


def causal_mask(n_tokens: int) -> Tensor:
    """Return (n_tokens, n_tokens) booleans: True on and below the diagonal.

    Row i is what token i may look at: itself and the past.
    """
    return torch.ones(n_tokens, n_tokens, dtype=torch.bool).tril()


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Cut the features into heads: (..., n, d_model) -> (..., n_heads, n, d_head).

    Head h gets the h-th run of d_head = d_model / n_heads neighbouring features.
    Raises ValueError if the heads do not divide the features.
    """
    d_head = _d_head(x.shape[-1], n_heads)
    return x.unflatten(-1, (n_heads, d_head)).transpose(-3, -2)


def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (..., n_heads, n, d_head) -> (..., n, d_model)."""
    return x.transpose(-3, -2).flatten(-2)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own slice of the features.

    Vaswani et al. 2017, section 3.2.2. The rows of the query, key and value
    matrices belong to the heads in turn: head h has rows h * d_head and on.

    d_model: features of a token; n_heads: must divide d_model; bias: whether the four
    linear maps add one; rope: rotate queries and keys by their position (`rope`).
    """

    def __init__(
        self, d_model: int, n_heads: int, bias: bool = True, rope: bool = False
    ):
        super().__init__()
        d_head = _d_head(d_model, n_heads)
        if rope and d_head % 2:
            raise ValueError(f"rope rotates pairs, d_head must be even: got {d_head}")
        self.n_heads = n_heads
        self.rope = rope
        self.query = nn.Linear(d_model, d_model, bias=bias)
        self.key = nn.Linear(d_model, d_model, bias=bias)
        self.value = nn.Linear(d_model, d_model, bias=bias)
        self.output = nn.Linear(d_model, d_model, bias=bias)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """(..., n, d_model) -> (..., n, d_model).

        The tokens of `x` ask, those of `context` (m, d_model) answer; without
        `context` the tokens of `x` do both. mask and bias: as in
        `attention_weights`, they broadcast to (..., n_heads, n, m).
        """
        query, key = self._query_and_key(x, context)
        value = split_heads(self.value(x if context is None else context), self.n_heads)
        return self.output(merge_heads(attention(query, key, value, mask, bias)))

    def weights(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Return who looks at whom, (..., n_heads, n, m), for the same arguments."""
        return attention_weights(*self._query_and_key(x, context), mask, bias)

    def _query_and_key(
        self, x: Tensor, context: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        query = split_heads(self.query(x), self.n_heads)
        key = split_heads(self.key(x if context is None else context), self.n_heads)
        return (rope(query), rope(key)) if self.rope else (query, key)


def sinusoidal_positions(n_tokens: int, d_model: int) -> Tensor:
    """Return (n_tokens, d_model), to be added to the tokens.

    Feature 2i holds sin(p / 10000^(2i / d_model)) for position p, feature 2i + 1 the
    cosine (Vaswani et al. 2017, section 3.5). d_model must be even.
    """
    angles = _angles(n_tokens, d_model, "d_model")
    waves = torch.stack((angles.sin(), angles.cos()), dim=-1)
    return waves.flatten(-2).to(torch.get_default_dtype())


def rope(x: Tensor) -> Tensor:
    """Rotate each pair of features by an angle that grows with the token's position.

    x: (..., n, d_head), d_head even; returns the same shape. The pair (2i, 2i + 1) of
    token p turns by p / 10000^(2i / d_head) (Su et al. 2021, equation 34), so that
    query and key see only the distance between them.
    """
    angles = _angles(x.shape[-2], x.shape[-1], "d_head").to(x.device)
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack((even * cos - odd * sin, even * sin + odd * cos), dim=-1)
    return turned.flatten(-2)


def alibi_bias(n_heads: int, n_tokens: int) -> Tensor:
    """Return (n_heads, n_tokens, n_tokens), to be added to the scores.

    Head h = 1, 2, ... lowers the score of a key by 2^(-8h / n_heads) for each token
    between it and the query (Press et al. 2022, section 3). Made for a causal mask;
    without one, the tokens ahead are lowered like those behind.
    """
    slopes = 2.0 ** (-8.0 * torch.arange(1, n_heads + 1) / n_heads)
    places = torch.arange(n_tokens)
    return -slopes[:, None, None] * (places[:, None] - places).abs()


def _angles(n_tokens: int, d: int, name: str) -> Tensor:
    """Return (n_tokens, d / 2) angles p / 10000^(2i / d), in float64."""
    if d % 2:
        raise ValueError(f"{name} must be even, positions come in pairs: got {d}")
    speeds = 10000.0 ** (-torch.arange(0, d, 2, dtype=torch.float64) / d)
    return torch.arange(n_tokens, dtype=torch.float64)[:, None] * speeds


def _d_head(d_model: int, n_heads: int) -> int:
    if n_heads < 1 or d_model % n_heads:
        raise ValueError(
            f"n_heads must divide d_model: got n_heads {n_heads} and d_model {d_model}"
        )
    return d_model // n_heads


def _must_fit(name: str, extra: Tensor, scores: Tensor) -> None:
    try:
        fits = torch.broadcast_shapes(extra.shape, scores.shape) == scores.shape
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(
            f"{name} must broadcast to (..., queries, keys) = {tuple(scores.shape)}: "
            f"got {tuple(extra.shape)}"
        )


def _must_leave_a_key(mask: Tensor) -> None:
    blind = ~mask.any(dim=-1)
    if blind.any():
        row = blind.nonzero()[0].tolist()
        place = row[0] if len(row) == 1 else tuple(row)
        raise ValueError(
            f"mask must leave each query a key to look at: row {place} has no True"
        )
