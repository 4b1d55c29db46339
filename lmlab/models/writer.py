"""Writing fast: what a GPT does for one new token, in as few calls as can be.

A small model has little to compute for a token: most of the time goes into the calls
themselves, and modules that are easy to read make many. Here weights are taken out of
their modules once, and query, key and value are one map. `sampling.generate` writes
with it where it can; lesson 24 asks what it saves.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import _has_any_global_hook

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.cache import KeyValueCache, LayerCache
from lmlab.models.gpt import GPT
from lmlab.models.inputs import cached_layers

PLAIN = {  # the parts of a GPT that can be written with, and how they must be set
    GPT: lambda gpt: gpt.places is not None,
    Block: lambda block: block.norm_first
    and block.cross_attention is None
    and block.feed_forward_norm is not None,
    MultiHeadAttention: lambda attention: attention.n_kv_heads == attention.n_heads
    and attention.scale is None
    and not attention.rope,
    FeedForward: lambda feed_forward: True,
    nn.Linear: lambda linear: linear.bias is not None,
    nn.LayerNorm: lambda norm: True,
    nn.Embedding: lambda table: table.max_norm is None,
    nn.ModuleList: lambda blocks: True,
}


def can_write(model: nn.Module) -> bool:
    """Say whether `Writer` computes what `model` does.

    It does for a GPT whose blocks normalise first and whose places have a table. It
    does not know what a hook wants, nor what a part of another class computes (LoRA,
    say), nor a method that was replaced.
    """
    return (
        type(model) is GPT
        and not _has_any_global_hook()
        and all(
            type(part) in PLAIN
            and PLAIN[type(part)](part)
            and not (part._forward_hooks or part._forward_pre_hooks)
            and vars(part).keys().isdisjoint(vars(type(part)))  # no method replaced
            for part in model.modules()
        )
    )


class Writer:
    """`gpt(ids, cache, keep)[:, -1]` for one new token a row, in half the time.

    gpt: one that `can_write`; cache: from its `new_cache`, with the tokens so far. The
    weights are those of the moment: after a training step, make another Writer.
    """

    def __init__(self, gpt: GPT, cache: KeyValueCache):
        if not can_write(gpt):
            raise ValueError("gpt must be a GPT that can_write: this one cannot")
        self.cache = cache
        self.tokens, self.places = gpt.tokens.weight, gpt.places.weight
        layers = cached_layers(cache, len(gpt.blocks))
        self.layers = [Layer(*pair) for pair in zip(gpt.blocks, layers, strict=True)]
        self.norm = _norm(gpt.norm)

    def __call__(self, ids: Tensor, keep: Tensor | None = None) -> Tensor:
        """Read one token of each row, (batch, 1); return logits (batch, vocab_size).

        keep: boolean (batch, all tokens so far), False at padding.
        """
        place, mask = self.cache.length, None
        if keep is not None:
            place, mask = keep.sum(dim=-1) - 1, keep[:, None, None, :]
        x = F.embedding(ids[:, 0], self.tokens) + self.places[place]
        for layer in self.layers:
            x = layer(x, mask)  # (batch, d_model)
        return F.linear(self.norm(x), self.tokens)


class Layer:
    """What a `Block` does with one token of each row."""

    def __init__(self, block: Block, cache: LayerCache):
        attention, feed_forward = block.attention, block.feed_forward
        self.cache = cache
        self.attention_norm = _norm(block.attention_norm)
        self.query_key_value = _map(attention.query, attention.key, attention.value)
        self.heads = -1, 3, attention.n_heads, 1, cache.keys.shape[-1]
        self.output = _map(attention.output)
        self.feed_forward_norm = _norm(block.feed_forward_norm)
        self.expand, self.shrink = _map(feed_forward.expand), _map(feed_forward.shrink)
        self.activation = feed_forward.activation

    def __call__(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(batch, d_model) -> the same; mask: (batch, 1, 1, tokens so far) or None."""
        three = self.query_key_value(self.attention_norm(x)).view(self.heads)
        query, key, value = three.unbind(1)  # (batch, n_heads, 1, d_head) each
        keys, values = self.cache.append(key, value)
        answer = F.scaled_dot_product_attention(query, keys, values, mask)
        x = x + self.output(answer.flatten(1))
        return x + self.shrink(self.activation(self.expand(self.feed_forward_norm(x))))


def _map(*linears: nn.Linear) -> Callable[[Tensor], Tensor]:
    """Return one map, (batch, in) -> (batch, out), to what all give, side by side."""
    weight = torch.cat([linear.weight for linear in linears]).t()
    bias = torch.cat([linear.bias for linear in linears])
    return lambda x: torch.addmm(bias, x, weight)


def _norm(norm: nn.LayerNorm) -> Callable[[Tensor], Tensor]:
    shape, weight, bias, eps = norm.normalized_shape, norm.weight, norm.bias, norm.eps
    return lambda x: torch.layer_norm(x, shape, weight, bias, eps)
