"""LoRA: tune a model by adding a little to some of its linear maps.

The weights stay as they are; beside a chosen map W stands a detour B A through `rank`
numbers, and only A and B are trained. Lesson 14 tunes the poet with it, and compares
that with tuning everything.

    >>> model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 8))
    >>> add_lora(model, ["0"], rank=2)
    ['0']
    >>> trained_parameters(model)
    (256, 4936)

Source: Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models" (arXiv
2106.09685).
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

FORMAT = "lmlab-lora"  # what an adapter file says it is


class LoRALinear(nn.Module):
    """W x + b + (alpha / rank) B A x, of which only A and B are trained.

    Hu et al. 2021, section 4.1. linear: holds W and b, and is frozen. A: (rank, in),
    random at first; B: (out, rank), zero at first, so that nothing changes before the
    first step.
    """

    def __init__(self, linear: nn.Linear, rank: int, alpha: float):
        super().__init__()
        n_out, n_in = linear.weight.shape
        self.linear = linear.requires_grad_(False)
        self.A = nn.Parameter(linear.weight.new_empty(rank, n_in))
        self.B = nn.Parameter(linear.weight.new_zeros(n_out, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))  # as in the authors' code
        self.alpha = alpha
        self.register_buffer("merged", None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        if self.merged is not None:
            return F.linear(x, self.merged, self.linear.bias)
        detour = F.linear(F.linear(x, self.A), self.B)
        return self.linear(x) + self.scale * detour

    @property
    def scale(self) -> float:
        return self.alpha / len(self.A)


def add_lora(
    model: nn.Module, chosen: Iterable[str], rank: int = 8, alpha: float | None = None
) -> list[str]:
    """Freeze `model`, wrap the chosen Linears in it, and return their full names.

    chosen: names as in `model.named_modules()`, or their last parts: "query" takes the
    query map of every layer. rank: how many numbers the detour is wide. alpha: how loud
    it is, in units of `rank`; by default it counts once, alpha = rank.

    Raises ValueError where a name fits no Linear, where the rank is larger than a side
    of a map, and for a model that has LoRA already; the model is unchanged then.
    """
    if _layers(model):
        raise ValueError("model must be without LoRA: it has some already")
    linears = {n: m for n, m in model.named_modules() if isinstance(m, nn.Linear) and n}
    names = []
    for end in chosen:
        fits = [name for name in linears if f".{name}".endswith(f".{end}")]
        if not fits:
            raise ValueError(
                f"chosen must name Linears of the model: got {end!r}, and there are "
                f"{', '.join(linears) or 'none'}"
            )
        names += [name for name in fits if name not in names]
    if not names:
        raise ValueError("chosen must name at least one Linear: got none")
    for name in names:
        n_out, n_in = linears[name].weight.shape
        if not 1 <= rank <= min(n_in, n_out):
            raise ValueError(
                f"rank must lie in 1 .. {min(n_in, n_out)}, as {name} maps {n_in} to "
                f"{n_out} numbers: got {rank}"
            )
    model.requires_grad_(False)
    for name in names:
        layer = LoRALinear(linears[name], rank, rank if alpha is None else alpha)
        model.set_submodule(name, layer)
    return names


def trained_parameters(model: nn.Module) -> tuple[int, int]:
    """Return (how many numbers are trained, how many there are)."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def merge(model: nn.Module) -> None:
    """Let each wrapped map compute with W + (alpha / rank) B A: no detour, no time.

    W itself is kept, so that `unmerge` is exact. A merged model is not to be trained.
    """
    with torch.no_grad():
        for layer in _must_have_layers(model).values():
            layer.merged = layer.linear.weight + layer.scale * layer.B @ layer.A


def unmerge(model: nn.Module) -> None:
    """Take the detour again, beside the W that was always there."""
    for layer in _must_have_layers(model).values():
        layer.merged = None


def save_adapter(path: str | os.PathLike, model: nn.Module) -> None:
    """Write A and B of each wrapped map, and nothing else, as safetensors.

    The file is there whole or not at all: it is written beside `path` and then renamed.
    """
    path, layers = Path(path), _must_have_layers(model)
    tensors = {
        f"{name}.{side}": getattr(layer, side).detach().contiguous()
        for name, layer in layers.items()
        for side in "AB"
    }
    alphas = {f"{name}.alpha": repr(layer.alpha) for name, layer in layers.items()}
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        save_file(tensors, beside, {"format": FORMAT, **alphas})
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def load_adapter(path: str | os.PathLike, model: nn.Module) -> list[str]:
    """Put a saved adapter into `model`; return the names of the maps it tunes.

    The model is frozen, and wrapped as the file says; an adapter that it has already
    makes way. Raises ValueError, and changes nothing, for a file that is damaged, is no
    adapter, or belongs to another model.
    """
    tensors, about = _read(path)
    plain = dict(model.named_modules())
    plain |= {name: layer.linear for name, layer in _layers(model).items()}
    names = [key.removesuffix(".A") for key in tensors if key.endswith(".A")]
    for name in names:
        linear = plain.get(name)
        n_in, n_out = tensors[f"{name}.A"].shape[1], len(tensors[f"{name}.B"])
        if not isinstance(linear, nn.Linear) or linear.weight.shape != (n_out, n_in):
            raise ValueError(
                f"model must have a Linear {name} from {n_in} to {n_out} numbers, as "
                f"{path} tunes one: got {linear}"
            )
    for name in _layers(model):
        model.set_submodule(name, plain[name])
    model.requires_grad_(False)
    for name in names:
        A, B = tensors[f"{name}.A"], tensors[f"{name}.B"]
        layer = LoRALinear(plain[name], len(A), float(about[f"{name}.alpha"]))
        with torch.no_grad():
            layer.A.copy_(A)
            layer.B.copy_(B)
        model.set_submodule(name, layer)
    return names


def _read(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors of an adapter file, and what is written about them."""
    try:
        with safe_open(path, "pt") as file:
            about = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
    except SafetensorError as error:
        raise ValueError(
            f"path must be a whole safetensors file: {path} is damaged, or something "
            f"else ({error})"
        ) from None
    if about.get("format") != FORMAT:
        raise ValueError(
            f"path must be an adapter that save_adapter wrote: {path} is a safetensors "
            "file of something else"
        )
    return tensors, about


def _layers(model: nn.Module) -> dict[str, LoRALinear]:
    named = model.named_modules()
    return {name: layer for name, layer in named if isinstance(layer, LoRALinear)}


def _must_have_layers(model: nn.Module) -> dict[str, LoRALinear]:
    layers = _layers(model)
    if not layers:
        raise ValueError("model must have LoRA (see add_lora): it has none")
    return layers
