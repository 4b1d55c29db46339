"""Attention: every token takes a weighted average of the tokens it may look at.

Lesson 09 builds the parts by hand; here they stand in torch, to be used again by
every model of the course. Shapes are written (..., tokens, features); a mask is
boolean, and True means *may look*. Sources: Vaswani et al. 2017 (arXiv 1706.03762),
Shazeer 2019 (arXiv 1911.02150), Ainslie et al. 2023 (arXiv 2305.13245).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.cache import LayerCache
from lmlab.models.inputs import check_attention, check_heads, precise
from lmlab.models.positions import rope, turn


def attention_weights(
    query: Tensor,
    key: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
) -> Tensor:
    """Return softmax(scale * query key^T + bias), row by row.

    The softmax of Vaswani et al. 2017, equation 1; scale is 1 / sqrt(d_head) if not
    said.

    query: (..., n_queries, d_head); key: (..., n_keys, d_head).
    mask: boolean, True where a query may look at a key; bias: numbers added to the
    scores. Both broadcast to the result's shape, (..., n_queries, n_keys).
    Each row of the result sums to 1.

    Raises ValueError if there is nothing to look at, if shapes or devices do not fit,
    if the mask is not boolean, or if it hides every key from some query.
    """
    check_attention(query, key, None, mask, bias)
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = scale * (precise(query) @ precise(key).transpose(-2, -1))
    if bias is not None:
        scores = scores + bias
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    return torch.softmax(scores, dim=-1).to(query.dtype)


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    scale: float | None = None,
    *,
    causal: bool = False,
) -> Tensor:
    """Scaled dot-product attention (Vaswani et al. 2017, equation 1).

    query: (..., n_queries, d_head); key: (..., n_keys, d_head);
    value: (..., n_keys, d_value). Returns (..., n_queries, d_value): for each query
    the average of the values, weighted by `attention_weights`, which also says what
    `mask`, `bias` and `scale` do and what is raised.
    causal: no query looks ahead, as with a `causal_mask` but faster. The last query is
    beside the last key: if there are more keys, the first are the past of all queries.
    """
    check_attention(query, key, value, mask, bias, causal)
    return attend(query, key, value, mask, bias, scale, causal)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    mask: Tensor | None,
    bias: Tensor | None,
    scale: float | None,
    causal: bool,
) -> Tensor:
    """`attention` of what is known to fit. torch does it without keeping the weights.

    A bias is added in float32 at least: bfloat16 cannot tell a distance of 257 tokens
    from one of 256.
    """
    n, m, dtype = query.shape[-2], key.shape[-2], query.dtype
    if causal and n == m and mask is None and bias is None:
        return F.scaled_dot_product_attention(
            query, key, value, is_causal=True, scale=scale
        )
    if causal and n > 1:  # the newest token alone may look at all
        past = causal_mask(n, m).to(query.device)
        mask = past if mask is None else mask & past
    if bias is not None:
        query, key, value = precise(query), precise(key), precise(value)
    if mask is not None:
        bias = torch.where(mask, 0.0 if bias is None else bias, -math.inf)
    if bias is not None:
        bias = bias.to(query.dtype)
    answer = F.scaled_dot_product_attention(query, key, value, bias, scale=scale)
    return answer.to(dtype)


def causal_mask(n_tokens: int, n_keys: int | None = None) -> Tensor:
    """Return (n_tokens, n_keys) booleans: True on and below the diagonal.

    Row i is what token i may look at: itself and the past. If there are more keys than
    tokens, the tokens are the last ones, and the diagonal ends in the last corner.
    """
    n_keys = n_tokens if n_keys is None else n_keys
    mask = torch.ones(n_tokens, n_keys, dtype=torch.bool)
    return mask.tril(n_keys - n_tokens)


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """Cut the features into heads: (..., n, d_model) -> (..., n_heads, n, d_head).

    Head h gets the h-th run of d_head = d_model / n_heads neighbouring features.
    """
    return x.unflatten(-1, (n_heads, -1)).transpose(-3, -2)


def merge_heads(x: Tensor) -> Tensor:
    """Undo `split_heads`: (..., n_heads, n, d_head) -> (..., n, d_model)."""
    return x.transpose(-3, -2).flatten(-2)


class MultiHeadAttention(nn.Module):
    """Several attentions side by side, each on its own slice of the features.

    Vaswani et al. 2017, section 3.2.2. The rows of the query, key and value
    matrices belong to the heads in turn: head h has rows h * d_head and on.

    d_model: features of a token; n_heads: must divide d_model, unless d_head is given;
    bias: whether the linear maps add one; rope: rotate queries and keys by their
    place (`rope`).
    n_kv_heads: how many heads keys and values have. All, if not said; with fewer,
    neighbouring query heads share one (grouped-query attention, Ainslie et al. 2023);
    with 1, all do (multi-query attention, Shazeer 2019).
    output_bias: whether the last map adds a bias, if that is not as for the others.
    scale: what the scores are multiplied by, if not 1 / sqrt(d_head).

    A part of models, it trusts what it is given: `attention` and the models do not.
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        bias: bool = True,
        rope: bool = False,
        *,
        n_kv_heads: int | None = None,
        d_head: int | None = None,
        output_bias: bool | None = None,
        scale: float | None = None,
    ):
        super().__init__()
        check_heads(d_model, n_heads, d_head, n_kv_heads)
        d_head = d_head or d_model // n_heads
        self.n_heads = n_heads
        self.n_kv_heads = n_kv_heads or n_heads
        self.rope = rope
        self.scale = scale
        output_bias = bias if output_bias is None else output_bias
        self.query = nn.Linear(d_model, n_heads * d_head, bias=bias)
        self.key = nn.Linear(d_model, self.n_kv_heads * d_head, bias=bias)
        self.value = nn.Linear(d_model, self.n_kv_heads * d_head, bias=bias)
        self.output = nn.Linear(n_heads * d_head, d_model, bias=output_bias)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
        *,
        causal: bool = False,
        turns: Tensor | None = None,
        cache: LayerCache | None = None,
    ) -> Tensor:
        """(..., n, d_model) -> (..., n, d_model).

        The tokens of `x` ask, those of `context` (m, d_model) answer; without
        `context` the tokens of `x` do both. mask and bias: as in
        `attention_weights`, they broadcast to (..., n_heads, n, m).
        causal: no token looks ahead, whatever the mask says.
        turns: rotate by what `rope_turns` returns, instead of by the place in x.
        cache: the tokens so far, which answer too; those of x are added to them.
        """
        query, key = self._query_and_key(x, context, turns)
        source = x if context is None else context
        value = split_heads(self.value(source), self.n_kv_heads)
        if cache is not None:
            key, value = cache.append(key, value)
        key, value = self._share(key), self._share(value)
        answer = attend(query, key, value, mask, bias, self.scale, causal)
        return self.output(merge_heads(answer))

    def weights(
        self,
        x: Tensor,
        context: Tensor | None = None,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
        *,
        turns: Tensor | None = None,
    ) -> Tensor:
        """Return who looks at whom, (..., n_heads, n, m), for the same arguments."""
        query, key = self._query_and_key(x, context, turns)
        return attention_weights(query, self._share(key), mask, bias, self.scale)

    def _query_and_key(
        self, x: Tensor, context: Tensor | None, turns: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        source = x if context is None else context
        query = split_heads(self.query(x), self.n_heads)
        key = split_heads(self.key(source), self.n_kv_heads)
        if turns is not None:
            return turn(query, turns), turn(key, turns)
        return (rope(query), rope(key)) if self.rope else (query, key)

    def _share(self, x: Tensor) -> Tensor:
        """(..., n_kv_heads, m, d_head) -> (..., n_heads, m, d_head)."""
        if self.n_kv_heads == self.n_heads:
            return x
        return x.repeat_interleave(self.n_heads // self.n_kv_heads, dim=-3)
