"""LLaMA: the decoder as it is built since 2023, and its relatives by their settings.

Lesson 11 walks from GPT to here: RMSNorm for LayerNorm, SwiGLU for GELU, RoPE for a
table of places, shared keys and values, no biases (Touvron et al. 2023, arXiv
2302.13971 and 2307.09288). Qwen2, Qwen2-MoE, GLM-4 and Baichuan are the same with other
settings.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, MixtureOfExperts, SwiGLU, initialise
from lmlab.models.cache import KeyValueCache
from lmlab.models.inputs import check_cache, check_text
from lmlab.models.positions import (
    alibi_between,
    places_and_mask,
    relative_buckets,
    rope_turns,
)


@dataclass(frozen=True)
class LLaMAConfig:
    """The shape of a LLaMA.

    context: the most tokens it reads; n_kv_heads: heads of keys and values, n_heads if
    not said; d_head: the width of a head, d_model / n_heads if not said; d_ff: that
    inside SwiGLU, 8/3 d_model if not said; tied: the map to the vocabulary is the table
    of tokens.
    qkv_bias: biases in the maps to query, key and value (Qwen2).
    theta, rope_share: the base of RoPE, and the share of each head that turns (GLM-4:
    half); alibi: ALiBi in its place (Baichuan-13B); n_buckets: T5's learned biases for
    so many distances in its place (CPM-Bee).
    n_experts, top_k, d_shared: that many experts, d_ff wide, of which each token uses
    top_k, and one for all, d_shared wide (Qwen2-MoE); 0 experts: one SwiGLU.
    parallel: attention and SwiGLU read the same (PaLM).
    """

    vocab_size: int
    context: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int | None = None
    d_head: int | None = None
    d_ff: int | None = None
    tied: bool = False
    qkv_bias: bool = False
    theta: float = 10000.0
    rope_share: float = 1.0
    alibi: bool = False
    n_buckets: int = 0
    n_experts: int = 0
    top_k: int = 0
    d_shared: int = 0
    parallel: bool = False
    norm_eps: float = 1e-6

    @property
    def cache_shape(self) -> tuple[int, int, int]:
        """Of what `new_cache` returns: (layers, heads of keys and values, d_head)."""
        d_head = self.d_head or self.d_model // self.n_heads
        return self.n_layers, self.n_kv_heads or self.n_heads, d_head


class LLaMA(nn.Module):
    """Token -> blocks, none of which looks ahead -> scores of the next token."""

    def __init__(self, config: LLaMAConfig):
        super().__init__()
        self.config = c = config
        if not 0 <= c.rope_share <= 1:
            raise ValueError(f"rope_share must lie in 0 .. 1: got {c.rope_share}")
        self.tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.distances = nn.Embedding(c.n_buckets, c.n_heads) if c.n_buckets else None
        self.blocks = nn.ModuleList(
            Block(
                MultiHeadAttention(
                    c.d_model,
                    c.n_heads,
                    n_kv_heads=c.n_kv_heads,
                    d_head=c.d_head,
                    bias=c.qkv_bias,
                    output_bias=False,
                ),
                _feed_forward(c),
                norm=lambda: nn.RMSNorm(c.d_model, c.norm_eps),
                parallel=c.parallel,
            )
            for _ in range(c.n_layers)
        )
        self.norm = nn.RMSNorm(c.d_model, c.norm_eps)
        self.vocabulary = nn.Linear(c.d_model, c.vocab_size, bias=False)
        if c.tied:
            self.vocabulary.weight = self.tokens.weight
        initialise(self)  # as GPT; the papers do not say

    def hidden(self, ids: Tensor, cache: KeyValueCache | None = None,
               keep: Tensor | None = None) -> Tensor:
        """(batch, n) -> (batch, n, d_model), before the map to the vocabulary."""
        c = self.config
        past = 0 if cache is None else cache.length
        check_text(ids, self.tokens, c.context, keep, past)
        check_cache(cache, ids, c.cache_shape, self.tokens.weight)
        places, mask = places_and_mask(ids, keep, past)
        new = places[..., -ids.shape[1] :]
        x = self.tokens(ids)
        if c.alibi:
            positions = {"bias": alibi_between(new, places, c.n_heads)}
        elif c.n_buckets:
            far = relative_buckets(new, places, c.n_buckets, c.context, causal=True)
            positions = {"bias": self.distances(far).movedim(-1, -3)}
        else:
            d_turned = int(c.rope_share * c.cache_shape[-1])
            turns = rope_turns(new, d_turned, c.theta)
            turns = turns.to(torch.promote_types(x.dtype, torch.complex64))
            positions = {"turns": turns.unsqueeze(-3)}  # alike in all heads
        layers = [None] * len(self.blocks) if cache is None else cache.layers
        for block, layer in zip(self.blocks, layers, strict=True):
            x = block(x, mask=mask, causal=True, cache=layer, **positions)
        return self.norm(x)

    def forward(self, ids: Tensor, cache: KeyValueCache | None = None,
                keep: Tensor | None = None) -> Tensor:
        """Return the logits of each next token, (batch, n, vocab_size).

        ids: (batch, n) int64, the tokens, or those that are new since the last call
        with this `cache` (`new_cache`). keep: boolean (batch, all tokens so far), False
        at padding, which takes no place and which nobody looks at.
        """
        return self.vocabulary(self.hidden(ids, cache, keep))

    def new_cache(self, batch: int, length: int) -> KeyValueCache:
        """Return an empty memory for `batch` rows of up to `length` tokens."""
        shape = self.config.cache_shape
        return KeyValueCache(shape, batch, length, like=self.tokens.weight)


def _feed_forward(config: LLaMAConfig) -> nn.Module:
    c = config
    d_ff = c.d_ff or 8 * c.d_model // 3
    if c.n_experts:
        return MixtureOfExperts(c.d_model, d_ff, c.n_experts, c.top_k, c.d_shared)
    return SwiGLU(c.d_model, d_ff)
