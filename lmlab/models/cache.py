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
        start, self.length = self.length, self.length + key.shape[-2]
        self.keys[:, :, start : self.length] = key
        self.values[:, :, start : self.length] = value
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]


class KeyValueCache:
    """Room for `room` tokens of `batch` rows in every layer, taken once.

    shape: (n_layers, n_kv_heads, d_head); like: a tensor of the device and number type
    to use. `layers` has a `LayerCache` for each; `length` says how many tokens are in.
    """

    def __init__(
        self, shape: tuple[int, int, int], batch: int, room: int, like: Tensor
    ):
        self.shape, self.batch, self.room = shape, batch, room
        n_layers, n_kv_heads, d_head = shape
        if min(n_layers, batch, room) < 1:
            raise ValueError(
                "layers, batch and length must be at least 1: "
                f"got {n_layers}, {batch} and {room}"
            )
        size = batch, n_kv_heads, room, d_head
        self.layers = [
            LayerCache(like.new_empty(size), like.new_empty(size))
            for _ in range(n_layers)
        ]

    @property
    def length(self) -> int:
        """How many tokens are in."""
        return self.layers[0].length
