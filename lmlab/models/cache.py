"""The key/value cache: what a model that writes need not compute again.

A token's keys and values do not change when more tokens follow, so each step reads one
new token and the memory of the others. Lesson 12 writes with it, lesson 24 prices it.
"""

from __future__ import annotations

from torch import Tensor


class LayerCache:
    """The keys and values of one layer, for all tokens so far.

    keys, values: (batch, n_kv_heads, room, d_head); the first `length` tokens are in.
    """

    def __init__(self, keys: Tensor, values: Tensor):
        self.keys, self.values, self.length = keys, values, 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add new tokens, (batch, n_kv_heads, n, d_head); return all so far."""
        if (key.dtype, key.device) != (self.keys.dtype, self.keys.device):
            raise ValueError(
                f"cache must hold {key.dtype} on {key.device}, as the model does: "
                f"got {self.keys.dtype} on {self.keys.device}"
            )
        end, room = self.length + key.shape[-2], self.keys.shape[-2]
        rows, heads, _, d_head = self.keys.shape
        if key.shape != (rows, heads, end - self.length, d_head) or end > room:
            raise ValueError(
                f"cache must fit {tuple(key.shape)} more, (batch, heads, tokens, "
                f"d_head): it has {tuple(self.keys.shape)}, of which {self.length} "
                "tokens are in"
            )
        self.keys[:, :, self.length : end] = key
        self.values[:, :, self.length : end] = value
        self.length = end
        return self.keys[:, :, :end], self.values[:, :, :end]


class KeyValueCache:
    """Room for `length` tokens in every layer, taken once.

    like: a tensor of the device and number type to use. `layers` has a `LayerCache`
    for each layer; `length` says how many tokens are in, `room` how many fit.
    """

    def __init__(
        self,
        n_layers: int,
        batch: int,
        n_kv_heads: int,
        length: int,
        d_head: int,
        like: Tensor,
    ):
        if n_layers < 1:
            raise ValueError(f"n_layers must be at least 1: got {n_layers}")
        if min(batch, length) < 1:
            raise ValueError(
                f"batch and length must be at least 1: got {batch} and {length}"
            )
        self.batch, self.room = batch, length
        shape = batch, n_kv_heads, length, d_head
        self.layers = [
            LayerCache(like.new_empty(shape), like.new_empty(shape))
            for _ in range(n_layers)
        ]

    @property
    def length(self) -> int:
        """How many tokens are in."""
        return self.layers[0].length
