"""LLaMA: the decoder as it is built since 2023, and its relatives by their settings.

Lesson 11 walks from GPT to here: RMSNorm for LayerNorm, SwiGLU for GELU, RoPE for a
table of places, shared keys and values, no biases (Touvron et al. 2023, arXiv
2302.13971 and 2307.09288). Qwen2, Qwen2-MoE, GLM-4 and Baichuan are the same with other
settings.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from lmlab.attention import MultiHeadAttention
from lmlab.blocks import Block, SwiGLU
from lmlab.cache import KeyValueCache
from lmlab.inputs import check_ids, places_and_mask
from lmlab.positions import rope_turns


@dataclass(frozen=True)
class LLaMAConfig:
    """The shape of a LLaMA.

    n_kv_heads: heads of keys and values, n_heads if not said; d_ff: the width inside
    SwiGLU, 8/3 d_model if not said; tied: the map to the vocabulary is the table of
    tokens; qkv_bias: biases in the maps to query, key and value (Qwen2); theta and
    rope_share: the base of RoPE and the share of each head that turns (GLM-4: half).
    """

    vocab_size: int
    context: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    n_kv_heads: int | None = None
    d_ff: int | None = None
    tied: bool = False
    qkv_bias: bool = False
    theta: float = 10000.0
    rope_share: float = 1.0
    norm_eps: float = 1e-6


class LLaMA(nn.Module):
    """Token -> blocks, none of which looks ahead -> scores of the next token."""

    def __init__(self, config: LLaMAConfig):
        super().__init__()
        self.config = c = config
        self.tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.blocks = nn.ModuleList(
            Block(
                MultiHeadAttention(
                    c.d_model,
                    c.n_heads,
                    n_kv_heads=c.n_kv_heads,
                    bias=c.qkv_bias,
                    output_bias=False,
                ),
                SwiGLU(c.d_model, c.d_ff or 8 * c.d_model // 3),
                norm=lambda: nn.RMSNorm(c.d_model, c.norm_eps),
            )
            for _ in range(c.n_layers)
        )
        self.norm = nn.RMSNorm(c.d_model, c.norm_eps)
        self.vocabulary = nn.Linear(c.d_model, c.vocab_size, bias=False)
        if c.tied:
            self.vocabulary.weight = self.tokens.weight
        self._initialise()

    def hidden(
        self,
        ids: Tensor,
        cache: KeyValueCache | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        """(batch, n) -> (batch, n, d_model), before the map to the vocabulary."""
        c = self.config
        check_ids("ids", ids, self.tokens)
        places, mask = places_and_mask(ids, c.context, keep, cache)
        new = places[..., -ids.shape[1] :]
        d_turned = int(c.rope_share * c.d_model // c.n_heads)
        x = self.tokens(ids)
        turns = rope_turns(new, d_turned, c.theta).to(x.dtype.to_complex())
        turns = turns.unsqueeze(-3)  # (..., 1, n, d_turned / 2): alike in all heads
        for i, block in enumerate(self.blocks):
            layer = cache and cache.layers[i]
            x = block(x, mask=mask, causal=True, turns=turns, cache=layer)
        return self.norm(x)

    def forward(
        self,
        ids: Tensor,
        cache: KeyValueCache | None = None,
        keep: Tensor | None = None,
    ) -> Tensor:
        """Return the logits of each next token, (batch, n, vocab_size).

        ids: (batch, n) int64, the tokens, or those that are new since the last call
        with this `cache` (`new_cache`). keep: boolean (batch, all tokens so far), False
        at padding, which takes no place and which nobody looks at.
        """
        return self.vocabulary(self.hidden(ids, cache, keep))

    def new_cache(self, batch: int, length: int) -> KeyValueCache:
        """Return an empty memory for `batch` rows of up to `length` tokens."""
        c = self.config
        n_kv_heads, d_head = c.n_kv_heads or c.n_heads, c.d_model // c.n_heads
        like = self.tokens.weight
        return KeyValueCache(c.n_layers, batch, n_kv_heads, length, d_head, like)

    def _initialise(self) -> None:
        """Normal numbers of spread 0.02, biases 0, as GPT; the papers do not say."""
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif weight.ndim >= 2:
                nn.init.normal_(weight, std=0.02)
