"""BERT: an encoder, in which every token sees all the others, ahead and behind.

It fills in words that are hidden from it; lesson 10 lays it beside GPT and T5. With the
settings of its paper it is BERT-base or BERT-large (Devlin et al. 2019, arXiv
1810.04805).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.inputs import check_features, check_ids, check_same_shape, check_text
from lmlab.models.positions import places_and_mask


@dataclass(frozen=True)
class BERTConfig:
    """The shape of a BERT.

    context: the most tokens it reads; d_ff: the width inside the feed-forward, 4 times
    d_model if not said; n_segments: kinds of text that a token can belong to (sentence
    A or B); masked_lm: with the head that guesses hidden words.
    """

    vocab_size: int
    context: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    d_ff: int | None = None
    n_segments: int = 2
    masked_lm: bool = True


class BERT(nn.Module):
    """Token + place + segment -> blocks that look both ways -> a vector per token."""

    def __init__(self, config: BERTConfig):
        super().__init__()
        self.config = c = config
        self.tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.places = nn.Embedding(c.context, c.d_model)
        self.segments = nn.Embedding(c.n_segments, c.d_model)
        self.norm = _norm(c)
        self.blocks = nn.ModuleList(
            Block(
                MultiHeadAttention(c.d_model, c.n_heads),
                FeedForward(c.d_model, c.d_ff or 4 * c.d_model, "gelu"),
                norm=lambda: _norm(c),
                norm_first=False,
            )
            for _ in range(c.n_layers)
        )
        self.pool = nn.Linear(c.d_model, c.d_model)
        self.masked_lm = MaskedLMHead(c) if c.masked_lm else None
        self._initialise()

    def forward(
        self, ids: Tensor, segments: Tensor | None = None, keep: Tensor | None = None
    ) -> Tensor:
        """(batch, n) -> (batch, n, d_model), a vector for each token in its context.

        ids: int64. segments: the kind of text of each token, (batch, n) int64, all 0 if
        not said. keep: boolean (batch, n), False at padding, which nobody looks at.
        """
        check_text(ids, self.tokens, self.config.context, keep)
        if segments is None:
            segments = torch.zeros_like(ids)
        else:
            check_ids("segments", segments, self.segments)
            check_same_shape("segments", segments, "ids", ids)
        places, mask = places_and_mask(ids, keep)
        x = self.tokens(ids) + self.places(places) + self.segments(segments)
        x = self.norm(x)
        for block in self.blocks:
            x = block(x, mask=mask)
        return x

    def masked_lm_logits(self, hidden: Tensor) -> Tensor:
        """(..., d_model) -> (..., vocab_size): which word was there?"""
        if self.masked_lm is None:
            raise ValueError("config must have masked_lm=True for this: got False")
        check_features("hidden", hidden, self.config.d_model)
        return self.masked_lm(hidden, self.tokens.weight)

    def pooled(self, hidden: Tensor) -> Tensor:
        """(batch, n, d_model) -> (batch, d_model): the text, by its first token."""
        check_features("hidden", hidden, self.config.d_model)
        if hidden.ndim != 3 or hidden.numel() == 0:
            raise ValueError(
                "hidden must have shape (batch, n, d_model), at least one token: "
                f"got {tuple(hidden.shape)}"
            )
        return torch.tanh(self.pool(hidden[:, 0]))

    def _initialise(self) -> None:
        """Normal numbers of spread 0.02, cut at twice that; biases 0, as its code."""
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif weight.ndim == 2:
                nn.init.trunc_normal_(weight, std=0.02, a=-0.04, b=0.04)


class MaskedLMHead(nn.Module):
    """From a token's vector to the scores of all words, by the table of tokens."""

    def __init__(self, config: BERTConfig):
        super().__init__()
        self.dense = nn.Linear(config.d_model, config.d_model)
        self.norm = _norm(config)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, hidden: Tensor, table: Tensor) -> Tensor:
        """(..., d_model) and the table (vocab_size, d_model) -> (..., vocab_size)."""
        return F.linear(self.norm(F.gelu(self.dense(hidden))), table, self.bias)


def _norm(config: BERTConfig) -> nn.LayerNorm:
    return nn.LayerNorm(config.d_model, eps=1e-12)
