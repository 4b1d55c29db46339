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
from collections.abc import Iterable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.learning import checkpoints
from lmlab.learning.quantisation import QuantisedLinear


class LoRALinear(nn.Module):
    """W x + b + (alpha / rank) B A x, of which only A and B are trained.

    Hu et al. 2021, section 4.1. linear: holds W and b, to be frozen; it may be a
    `QuantisedLinear` (QLoRA: Dettmers et al. 2023, arXiv 2305.14314, section 3). A:
    (rank, in), random at first; B: (out, rank), zero at first, so that nothing changes
    before the first step.
    """

    def __init__(self, linear: nn.Linear | QuantisedLinear, rank: int, alpha: float):
        super().__init__()
        n_in, n_out = linear.in_features, linear.out_features
        if not 1 <= rank <= min(n_in, n_out):
            raise ValueError(
                f"rank must lie in 1 .. {min(n_in, n_out)}, as it maps {n_in} to "
                f"{n_out} numbers: got {rank}"
            )
        if not alpha > 0:
            raise ValueError(f"alpha must be greater than 0: got {alpha}")
        self.linear, weight = linear, linear.weight
        self.A = nn.Parameter(weight.new_empty(rank, n_in))
        self.B = nn.Parameter(weight.new_zeros(n_out, rank))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5))  # as in the authors' code
        self.alpha = alpha
        self.register_buffer("merged", None, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        if self.merged is not None:
            if self._versions() != self.merged_of:
                self.merge()  # weights were loaded since
            return F.linear(x, self.merged.to(x.dtype), self.linear.bias)
        detour = F.linear(F.linear(x.to(self.A.dtype), self.A), self.B)
        return self.linear(x) + (self.scale * detour).to(x.dtype)

    @torch.no_grad()
    def merge(self) -> None:
        """Keep W + (alpha / rank) B A beside its parts, and multiply with that."""
        self.merged = self.linear.weight + self.scale * self.B @ self.A
        self.merged_of = self._versions()

    def _versions(self) -> list[int]:
        """Return how often each part of the sum has been written to."""
        parts = [*self.linear.parameters(), *self.linear.buffers(), self.A, self.B]
        return [part._version for part in parts]

    @property
    def scale(self) -> float:
        """How often the detour counts, alpha / rank."""
        return self.alpha / len(self.A)


def add_lora(
    model: nn.Module, chosen: Iterable[str], rank: int = 8, alpha: float | None = None
) -> list[str]:
    """Freeze `model`, wrap the chosen Linears in it, and return their full names.

    chosen: names as in `model.named_modules()`, or their last parts: "query" takes the
    query map of every layer. rank: how many numbers the detour is wide. alpha: the
    detour counts alpha / rank times, and once if alpha is not said.

    Raises ValueError where a name fits no Linear, where the rank is larger than a side
    of a map or alpha is not above 0, and for a model that has LoRA already; the model
    is unchanged then.
    """
    if _layers(model):
        raise ValueError("model must be without LoRA: it has some already")
    linears = {n: m for n, m in model.named_modules()
               if isinstance(m, nn.Linear | QuantisedLinear) and n}
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
    layers = {name: LoRALinear(linears[name], rank, rank if alpha is None else alpha)
              for name in names}
    _put(layers, model)
    return names


def trained_parameters(model: nn.Module) -> tuple[int, int]:
    """Return (how many numbers are trained, how many there are, quantised or not)."""
    stored = sum(m.in_features * m.out_features + (m.bias is not None) * m.out_features
                 for m in model.modules() if isinstance(m, QuantisedLinear))
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    return sum(n for n, trained in sizes if trained), stored + sum(n for n, _ in sizes)


def merge(model: nn.Module) -> None:
    """Let each wrapped map compute with W + (alpha / rank) B A: no detour, no time.

    W itself is kept, so that `unmerge` is exact. A merged model is not to be trained.
    Weights that are loaded into it count from the next call on.
    """
    for layer in _check_layers(model).values():
        layer.merge()


def unmerge(model: nn.Module) -> None:
    """Take the detour again, beside the W that was always there."""
    for layer in _check_layers(model).values():
        layer.merged = None


def save_adapter(path: str | Path, model: nn.Module) -> None:
    """Write A and B of each wrapped map, and nothing else, or leave `path` as it was.

    It is a file as `learning.checkpoints` writes them; its notes say what is wrapped.
    """
    layers = _check_layers(model)
    wrapped = {
        name: {
            "n_in": layer.linear.in_features,
            "n_out": layer.linear.out_features,
            "rank": len(layer.A),
            "alpha": layer.alpha,
        }
        for name, layer in layers.items()
    }
    checkpoints.save(path, _adapter(layers), {"lora": wrapped})


def load_adapter(path: str | Path, model: nn.Module) -> list[str]:
    """Put a saved adapter into `model`; return the names of the maps it tunes.

    The model is frozen, and wrapped as the file says; an adapter that it has already
    makes way. Raises ValueError, and changes nothing, for a file that is damaged, is no
    adapter, or belongs to another model.
    """
    wrapped = checkpoints.describe(path)["notes"].get("lora")
    if wrapped is None:
        raise ValueError(f"{path} holds no adapter: save_adapter has not written it")
    plain = dict(model.named_modules())
    plain |= {name: layer.linear for name, layer in _layers(model).items()}
    for name, said in wrapped.items():
        linear, shape = plain.get(name), (said["n_out"], said["n_in"])
        fits = isinstance(linear, nn.Linear | QuantisedLinear)
        if not fits or (linear.out_features, linear.in_features) != shape:
            raise ValueError(
                f"model must have a Linear {name} from {said['n_in']} to "
                f"{said['n_out']} numbers, as {path} tunes one: got {linear}"
            )
    layers = {name: LoRALinear(plain[name], said["rank"], said["alpha"])
              for name, said in wrapped.items()}
    checkpoints.load(path, _adapter(layers))
    for name in _layers(model):
        model.set_submodule(name, plain[name])
    _put(layers, model)
    return list(wrapped)


def _put(layers: dict[str, LoRALinear], model: nn.Module) -> None:
    """Freeze the model and wrap its maps; only what wraps them is free."""
    model.requires_grad_(False)
    for name, layer in layers.items():
        model.set_submodule(name, layer)


def _adapter(layers: dict[str, LoRALinear]) -> nn.Module:
    """Return a module that holds A and B of the layers, and nothing else."""
    pairs = {
        name.replace(".", "/"): nn.ParameterDict({"A": layer.A, "B": layer.B})
        for name, layer in layers.items()
    }
    return nn.ModuleDict(pairs)


def _layers(model: nn.Module) -> dict[str, LoRALinear]:
    named = model.named_modules()
    return {name: layer for name, layer in named if isinstance(layer, LoRALinear)}


def _check_layers(model: nn.Module) -> dict[str, LoRALinear]:
    layers = _layers(model)
    if not layers:
        raise ValueError("model must have LoRA (see add_lora): it has none")
    return layers
