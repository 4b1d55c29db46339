"""GPT: a decoder, which predicts each token from those before it.

The model of lessons 10 and 12 to 17. With the settings of its paper it is GPT-2
(Radford et al. 2019), with `norm_first=False` GPT-1 (Radford et al. 2018); GPT-3 (Brown
et al. 2020, arXiv 2005.14165) has the same parts and looks more sparsely.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.cache import KeyValueCache
from lmlab.models.inputs import check_cache, check_text
from lmlab.models.positions import places_and_mask


@dataclass(frozen=True)
class GPTConfig:
    """The shape of a GPT.

    context: the most tokens it reads; d_head: the width of a head, d_model / n_heads if
    not said; d_ff: the width inside the feed-forward, 4 d_model if not said;
    activation: a key of `blocks.ACTIVATIONS`, "gelu_tanh" for OpenAI's weights;
    norm_first: see `Block`; places: with a table of places (ChatGLM-6B has none).
    """

    vocab_size: int
    context: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    d_head: int | None = None
    d_ff: int | None = None
    activation: str = "gelu"
    norm_first: bool = True
    places: bool = True

    @property
    def cache_shape(self) -> tuple[int, int, int]:
        """Of what `new_cache` returns: (layers, heads, d_head)."""
        return self.n_layers, self.n_heads, self.d_head or self.d_model // self.n_heads


class GPT(nn.Module):
    """Token + place -> blocks, none of which looks ahead -> scores of the next token.

    The map to the vocabulary is the table of tokens itself (tied).
    """

    def __init__(self, config: GPTConfig):
        super().__init__()
        self.config = c = config
        self.tokens = nn.Embedding(c.vocab_size, c.d_model)
        self.places = nn.Embedding(c.context, c.d_model) if c.places else None
        self.blocks = nn.ModuleList(
            Block(
                MultiHeadAttention(c.d_model, c.n_heads, d_head=c.d_head),
                FeedForward(c.d_model, c.d_ff or 4 * c.d_model, c.activation),
                norm=lambda: nn.LayerNorm(c.d_model),
                norm_first=c.norm_first,
            )
            for _ in range(c.n_layers)
        )
        self.norm = nn.LayerNorm(c.d_model) if c.norm_first else nn.Identity()
        self._initialise()

    def hidden(self, ids: Tensor, cache: KeyValueCache | None = None,
               keep: Tensor | None = None) -> Tensor:
        """(batch, n) -> (batch, n, d_model), before the map to the vocabulary."""
        past = 0 if cache is None else cache.length
        check_text(ids, self.tokens, self.config.context, keep, past)
        check_cache(cache, ids, self.config.cache_shape, self.tokens.weight)
        places, mask = places_and_mask(ids, keep, past)
        x = self.tokens(ids)
        if self.places is not None:
            x = x + self.places(places[..., -ids.shape[1] :])
        layers = [None] * len(self.blocks) if cache is None else cache.layers
        for block, layer in zip(self.blocks, layers, strict=True):
            x = block(x, mask=mask, causal=True, cache=layer)
        return self.norm(x)

    def forward(self, ids: Tensor, cache: KeyValueCache | None = None,
                keep: Tensor | None = None) -> Tensor:
        """Return the logits of each next token, (batch, n, vocab_size).

        ids: (batch, n) int64, the tokens, or those that are new since the last call
        with this `cache` (`new_cache`). keep: boolean (batch, all tokens so far), False
        at padding, which takes no place and which nobody looks at.
        """
        return F.linear(self.hidden(ids, cache, keep), self.tokens.weight)

    def new_cache(self, batch: int, length: int) -> KeyValueCache:
        """Return an empty memory for `batch` rows of up to `length` tokens."""
        shape = self.config.cache_shape
        return KeyValueCache(shape, batch, length, like=self.tokens.weight)

    def _initialise(self) -> None:
        """Normal numbers of spread 0.02, and biases 0 (Radford et al. 2018, 4.1).

        What each block adds to the sum starts smaller by sqrt(2 n_layers), so that the
        sum does not grow with depth (Radford et al. 2019, section 2.3).
        """
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif weight.ndim == 2:
                adds = name.endswith(("output.weight", "shrink.weight"))
                smaller = (2 * self.config.n_layers) ** -0.5 if adds else 1
                nn.init.normal_(weight, std=0.02 * smaller)
