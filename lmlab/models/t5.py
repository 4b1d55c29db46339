"""T5: an encoder reads the source, a decoder writes the target and looks at both.

The Transformer as it was first drawn (Vaswani et al. 2017), for tasks that turn one
text into another; lesson 10 lays it beside BERT and GPT. With the settings of its paper
it is T5 (Raffel et al. 2020, arXiv 1910.10683): no biases, no scale in the attention,
and positions as a learned bias on the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.inputs import check_features, check_ids, check_keep, check_one_device
from lmlab.models.positions import relative_buckets


@dataclass(frozen=True)
class T5Config:
    """The shape of a T5; n_layers in the encoder, and as many in the decoder.

    d_head: the width of a head, d_model / n_heads if not said; d_ff: the width inside
    the feed-forward, 4 d_model if not said; n_buckets: how many biases a head learns,
    one for each range of distances; all from `furthest` on share the last.
    """

    vocab_size: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    d_head: int | None = None
    d_ff: int | None = None
    n_buckets: int = 32
    furthest: int = 128


class T5(nn.Module):
    """Source -> blocks that look both ways -> memory; target and memory -> next token.

    The map to the vocabulary is the table of tokens itself (tied).
    """

    def __init__(self, config: T5Config):
        super().__init__()
        self.config = c = config
        self.tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.encoder = Stack(c, causal=False)
        self.decoder = Stack(c, causal=True)
        self._initialise()

    def forward(
        self, source: Tensor, target: Tensor, source_keep: Tensor | None = None
    ) -> Tensor:
        """Return the logits of each next target token, (batch, m, vocab_size).

        source: (batch, n) and target: (batch, m), int64; the target begins with a token
        that says so. source_keep: boolean (batch, n), False at padding.
        """
        memory = self.encode(source, source_keep)
        return self.logits(self.decode(target, memory, source_keep))

    def encode(self, source: Tensor, source_keep: Tensor | None = None) -> Tensor:
        """(batch, n) -> (batch, n, d_model): the source, each token in its context."""
        check_ids("source", source, self.tokens)
        check_keep("source_keep", source_keep, source.shape, source.device)
        mask = None if source_keep is None else source_keep[:, None, None, :]
        return self.encoder(self.tokens(source), mask=mask)

    def decode(
        self, target: Tensor, memory: Tensor, source_keep: Tensor | None = None
    ) -> Tensor:
        """(batch, m) and `encode`'s memory -> (batch, m, d_model), for `logits`."""
        check_ids("target", target, self.tokens)
        wanted = len(target), self.config.d_model
        fits = memory.ndim == 3 and (len(memory), memory.shape[-1]) == wanted
        if not fits or memory.shape[1] == 0:
            raise ValueError(
                f"memory must have shape ({wanted[0]}, n, {wanted[1]}), a row for each "
                f"target: got {tuple(memory.shape)}"
            )
        check_one_device(target=target, memory=memory)
        check_keep("source_keep", source_keep, memory.shape[:2], target.device)
        seen = None if source_keep is None else source_keep[:, None, None, :]
        return self.decoder(self.tokens(target), memory=memory, memory_mask=seen)

    def logits(self, hidden: Tensor) -> Tensor:
        """(..., d_model) -> (..., vocab_size)."""
        check_features("hidden", hidden, self.config.d_model)
        return F.linear(hidden * self.config.d_model**-0.5, self.tokens.weight)

    def _initialise(self) -> None:
        """Normal numbers whose spread keeps sums at their size, as its authors.

        The query's is smaller by sqrt(d_head): that is where the scale of the attention
        has gone.
        """
        c = self.config
        d_head = c.d_head or c.d_model // c.n_heads
        for name, weight in self.named_parameters():
            if name.endswith("query.weight"):
                nn.init.normal_(weight, std=(c.d_model * d_head) ** -0.5)
            elif name == "tokens.weight":
                nn.init.normal_(weight)
            elif name.endswith("bias.weight"):
                nn.init.normal_(weight, std=c.d_model**-0.5)
            elif weight.ndim == 2:
                nn.init.normal_(weight, std=weight.shape[1] ** -0.5)


class Stack(nn.Module):
    """The blocks of one side, with the bias for distance that they share."""

    def __init__(self, config: T5Config, causal: bool):
        super().__init__()
        self.config = c = config
        self.causal = causal
        self.distance_bias = nn.Embedding(c.n_buckets, c.n_heads)
        self.blocks = nn.ModuleList(
            Block(
                _attention(c),
                FeedForward(c.d_model, c.d_ff or 4 * c.d_model, "relu", bias=False),
                norm=lambda: _norm(c),
                cross_attention=_attention(c) if causal else None,
            )
            for _ in range(c.n_layers)
        )
        self.norm = _norm(c)

    def forward(self, x: Tensor, **looking) -> Tensor:
        """(batch, n, d_model) -> the same; `looking` goes to each block."""
        c = self.config
        places = torch.arange(x.shape[1], device=x.device)
        buckets = relative_buckets(places, places, c.n_buckets, c.furthest, self.causal)
        bias = self.distance_bias(buckets).movedim(-1, 0)  # (n_heads, n, n)
        for block in self.blocks:
            x = block(x, bias=bias, causal=self.causal, **looking)
        return self.norm(x)


def _attention(config: T5Config) -> MultiHeadAttention:
    c = config
    return MultiHeadAttention(c.d_model, c.n_heads, False, d_head=c.d_head, scale=1.0)


def _norm(config: T5Config) -> nn.RMSNorm:
    return nn.RMSNorm(config.d_model, eps=1e-6)
