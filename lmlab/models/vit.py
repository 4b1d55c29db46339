"""ViT: a Transformer that reads an image as a sentence of patches.

Lesson 19 compares it with convolutions. The blocks are those of a GPT that looks both
ways; only what a token is has changed (Dosovitskiy et al. 2020, arXiv 2010.11929).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward, initialise


@dataclass(frozen=True)
class ViTConfig:
    """The shape of a ViT.

    image and patch: pixels along an edge, of which the patch's must divide the image's;
    channels: 3 for colour; d_ff: the width inside the feed-forward, 4 d_model if not
    said.
    """

    image: int
    patch: int
    channels: int
    n_classes: int
    d_model: int = 128
    n_layers: int = 4
    n_heads: int = 4
    d_ff: int | None = None

    @property
    def n_patches(self) -> int:
        """How many patches an image has; ValueError where they do not cover it."""
        if self.patch < 1 or self.image % self.patch:
            raise ValueError(
                "patch must divide image: "
                f"got patch {self.patch} and image {self.image}"
            )
        return (self.image // self.patch) ** 2


class ViT(nn.Module):
    """Patch + place -> blocks that look both ways -> scores of the classes.

    A token of its own stands before the patches; the classes are read from it.
    """

    def __init__(self, config: ViTConfig):
        super().__init__()
        self.config = c = config
        n_tokens = 1 + c.n_patches
        self.patches = nn.Conv2d(c.channels, c.d_model, c.patch, stride=c.patch)
        self.first = nn.Parameter(torch.zeros(c.d_model))
        self.places = nn.Embedding(n_tokens, c.d_model)
        self.blocks = nn.ModuleList(
            Block(
                MultiHeadAttention(c.d_model, c.n_heads),
                FeedForward(c.d_model, c.d_ff or 4 * c.d_model, "gelu"),
                norm=lambda: nn.LayerNorm(c.d_model, eps=1e-6),
            )
            for _ in range(c.n_layers)
        )
        self.norm = nn.LayerNorm(c.d_model, eps=1e-6)
        self.classes = nn.Linear(c.d_model, c.n_classes)
        initialise(self)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, channels, image, image) -> logits (batch, n_classes)."""
        c = self.config
        shape = c.channels, c.image, c.image
        fits = images.ndim == 4 and images.shape[1:] == shape and len(images) > 0
        if not fits or images.device != self.first.device:
            raise ValueError(
                f"images must have shape (batch, {c.channels}, {c.image}, {c.image}), "
                f"at least one, on {self.first.device}: "
                f"got {tuple(images.shape)} on {images.device}"
            )
        x = self.patches(images).flatten(2).mT  # (batch, patches, d_model)
        first = self.first.expand(len(x), 1, -1)
        x = torch.cat((first, x), dim=1) + self.places.weight
        for block in self.blocks:
            x = block(x)
        return self.classes(self.norm(x)[:, 0])
