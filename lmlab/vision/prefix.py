"""A prefix: whatever becomes vectors of the right width may stand before the words.

A small GPT that reads a picture, patch by patch, and goes on in words: this is how
GPT-4V's open relatives see (Liu et al. 2023, arXiv 2304.08485), and with numbers in
place of patches how PaLM-E plans (Driess et al. 2023, arXiv 2303.03378). Lesson 21.

    python -m lmlab.vision.prefix

trains a captioner from seed 0 and puts it into data/captioner.safetensors.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.learning import checkpoints
from lmlab.learning.muon import muon
from lmlab.learning.training import train
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.page import datasets
from lmlab.page.paths import course_root
from lmlab.vision.scenes import WORDS, encode, scenes


class PrefixGPT(nn.Module):
    """A GPT that reads what `eye` sees, then words, and says the next word.

    eye: maps a batch of what is seen to (batch, seen, d_model).
    """

    def __init__(self, eye: nn.Module, vocab_size: int, context: int, d_model: int):
        super().__init__()
        self.eye = eye
        self.gpt = GPT(GPTConfig(vocab_size, context, d_model, n_layers=2, n_heads=2))

    def forward(self, seen: Tensor, ids: Tensor) -> Tensor:
        """Return logits after the prefix and each of ids, (batch, 1 + n, words)."""
        gpt, prefix = self.gpt, self.eye(seen)
        check_room(prefix, ids, gpt.config.context)
        x = torch.cat((prefix, gpt.tokens(ids)), dim=1)  # one row: patches, words
        x = x + gpt.places.weight[: x.shape[1]]
        for block in gpt.blocks:
            x = block(x, causal=True)
        x = gpt.norm(x[:, prefix.shape[1] - 1 :])  # from the last patch on
        return F.linear(x, gpt.tokens.weight)

    @torch.no_grad()
    def write(self, seen: Tensor, n_words: int) -> Tensor:
        """Return the likeliest word, then the likeliest after it, (batch, n_words)."""
        ids = torch.empty(len(seen), 0, dtype=torch.int64)
        for _ in range(n_words):
            ids = torch.cat((ids, self(seen, ids)[:, -1:].argmax(-1)), dim=1)
        return ids


def check_room(prefix: Tensor, ids: Tensor, context: int) -> None:
    """Raise ValueError where prefix (batch, m, d) and ids (batch, n) do not fit."""
    if prefix.shape[1] + ids.shape[1] > context:
        raise ValueError(
            f"the model has at most {context} places: "
            f"got {prefix.shape[1]} seen and {ids.shape[1]} words"
        )


def caption_loss(model: PrefixGPT, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Return the mean surprise at the words of what was seen, in nats."""
    seen, ids = batch
    return F.cross_entropy(model(seen, ids[:, :-1]).flatten(0, 1), ids.flatten())


class Patches(nn.Sequential):
    """Cut pictures into squares of 4 pixels, each to be a vector of `d_model`."""

    def __init__(self, d_model: int):
        super().__init__(nn.Conv2d(3, d_model, 4, stride=4), nn.Flatten(2))

    def forward(self, pictures: Tensor) -> Tensor:
        """(batch, 3, height, width) -> (batch, patches, d_model), row by row."""
        return super().forward(pictures).mT


def untrained() -> PrefixGPT:
    """Return a model that reads eight patches, of two objects, and nine words."""
    return PrefixGPT(Patches(32), len(WORDS), context=17, d_model=32)


def captioner(seed: int, shades: int = 2, steps: int = 200) -> PrefixGPT:
    """Train a captioner of two objects, met in `shades` colours each: 64 a step."""
    torch.manual_seed(seed)
    model = untrained()

    def at(step: int) -> tuple[Tensor, Tensor]:
        drawn = scenes(64, 10**6 * (seed + 1) + step, shades=shades)
        return drawn.pictures, encode(drawn.captions)

    train(model, at, steps=steps, learning_rate=0.02, warmup=10, optimiser=muon,
          loss=caption_loss)
    return model


@torch.random.fork_rng(devices=())  # the caller draws what they would have drawn
def shipped() -> PrefixGPT:
    """Return `captioner(seed=0)`, in torch's default dtype, without the training.

    It was trained in float64. Its weights, rounded to float32, write the same captions.
    """
    model = untrained()
    checkpoints.load(datasets.path("captioner.safetensors"), model)
    return model.eval().requires_grad_(False)


def ship() -> None:
    """Train the captioner from seed 0; put weights and checksum into data/."""
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    file = course_root() / "data" / "captioner.safetensors"
    notes = {"command": "python -m lmlab.vision.prefix", "seed": 0}
    checkpoints.save(file, captioner(seed=0), notes, torch.float32)
    digest = datasets.record(file.name)[file.name]
    print(f"{file.name}: {file.stat().st_size // 1024} KB, {digest}")


if __name__ == "__main__":
    ship()
