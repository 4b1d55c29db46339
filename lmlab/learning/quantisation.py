"""Fewer bits for each weight: int8 and 4-bit storage of a linear map.

A weight is stored as a small whole number, its code, and a group of neighbouring
weights shares one scale: weight = scale * code. Lesson 11 shows what 4 bits do to a
model, lesson 24 what they save.

Sources: Dettmers et al. 2022 (LLM.int8(), arXiv 2208.07339, section 2: absmax, one
scale a row); Dettmers and Zettlemoyer 2023 (arXiv 2212.09720: 4 bits, small groups).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.inputs import check_one_device, check_same_shape, precise


def quantise(weight: Tensor, bits: int, group: int) -> tuple[Tensor, Tensor]:
    """Return (codes, scales): weight is about scale * code, group by group.

    weight: (out, in), floating point. bits: codes run from -(2^(bits-1) - 1) to
    2^(bits-1) - 1, so -127 to 127 for 8 and -7 to 7 for 4 (absmax: the largest weight
    of a group gets the largest code, 0 stays 0). group: how many weights of a row share
    a scale; it must divide `in`.

    codes: int8 (out, in); scales: bfloat16 (out, in / group), 16 bits with the range of
    float32. No weight moves by more than half a scale.
    """
    if weight.ndim != 2 or weight.numel() == 0 or not weight.is_floating_point():
        raise ValueError(
            "weight must be a floating-point matrix: "
            f"got shape {tuple(weight.shape)}, {weight.dtype}"
        )
    if not torch.isfinite(weight).all():
        raise ValueError("weight must hold finite numbers: got nan or inf")
    if bits not in (4, 8):
        raise ValueError(f"bits must be 4 or 8: got {bits}")
    if group < 1 or weight.shape[1] % group:
        raise ValueError(
            f"group must divide the {weight.shape[1]} inputs of a row: got {group}"
        )
    largest = 2 ** (bits - 1) - 1
    rows = weight.detach().float().unflatten(1, (-1, group))  # (out, groups, group)
    scales = (rows.abs().amax(-1) / largest).bfloat16()
    step = torch.where(scales > 0, scales.float(), torch.inf)  # a group of zeros: 0
    codes = (rows / step[..., None]).round().clamp(-largest, largest)
    return codes.flatten(1).to(torch.int8), scales


def dequantise(codes: Tensor, scales: Tensor) -> Tensor:
    """Return scale * code as float32, (out, in): what the codes stand for.

    codes: int8 (out, in); scales: (out, in / group), as from `quantise`.
    """
    check_one_device(codes=codes, scales=scales)
    fits = codes.ndim == scales.ndim == 2 and len(codes) == len(scales)
    if not fits or 0 in scales.shape or codes.shape[1] % scales.shape[1]:
        raise ValueError(
            "codes and scales must have shapes (out, in) and (out, in / group): "
            f"got {tuple(codes.shape)} and {tuple(scales.shape)}"
        )
    rows = codes.unflatten(1, (scales.shape[1], -1)).float()
    return (rows * scales.float()[..., None]).flatten(1)


def pack(codes: Tensor) -> Tensor:
    """Put two 4-bit codes into each byte: int8 (out, in) -> uint8 (out, in / 2).

    The even columns go into the low half, each code as code + 8.
    """
    if codes.ndim == 0 or codes.shape[-1] % 2:
        raise ValueError(
            f"codes must have an even number of columns: got {codes.shape[-1]}"
        )
    if codes.dtype != torch.int8 or (codes < -8).any() or (codes > 7).any():
        raise ValueError(
            f"codes must be int8, from -8 to 7: got {codes.dtype}, "
            f"{codes.min().item()} to {codes.max().item()}"
        )
    shifted = (codes + 8).to(torch.uint8)
    return shifted[..., 0::2] | (shifted[..., 1::2] << 4)


def unpack(packed: Tensor) -> Tensor:
    """Undo `pack`: uint8 (out, in / 2) -> int8 (out, in)."""
    if packed.dtype != torch.uint8:
        raise ValueError(f"packed must be uint8, as from pack: got {packed.dtype}")
    halves = torch.stack([packed & 15, packed >> 4], dim=-1)
    return halves.flatten(-2).to(torch.int8) - 8


class QuantisedLinear(nn.Module):
    """A Linear that stores codes and scales, and multiplies with what they stand for.

    linear: what to store; it is left as it is. bits: 8, or 4 packed two to a byte.
    group: weights that share a scale; by default a whole row for 8 bits, 32 for 4.

    The weights are spelled out again in each call, so this saves memory and no time;
    the libraries of lesson 24 multiply with the codes themselves. The scales are held
    as bare bits, so that `.half()` leaves the weights what they are.
    """

    def __init__(self, linear: nn.Linear, bits: int = 8, group: int | None = None):
        super().__init__()
        if group is None:
            group = linear.in_features if bits == 8 else 32
        codes, scales = quantise(linear.weight, bits, group)
        self.bits = bits
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.register_buffer("codes", pack(codes) if bits == 4 else codes)
        self.register_buffer("scale_bits", scales.view(torch.int16))
        bias = None if linear.bias is None else linear.bias.detach().clone()
        self.register_buffer("bias", bias)

    @property
    def weight(self) -> Tensor:
        """The weights that the codes stand for, (out, in) float32."""
        codes = unpack(self.codes) if self.bits == 4 else self.codes
        return dequantise(codes, self.scale_bits.view(torch.bfloat16))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out), computed in float32 at least, in the dtype of x."""
        wide = precise(x)
        bias = None if self.bias is None else self.bias.to(wide)
        return F.linear(wide, self.weight.to(wide), bias).to(x.dtype)


def quantise_linears(
    model: nn.Module,
    bits: int = 8,
    group: int | None = None,
    chosen: Callable[[str], bool] = lambda name: True,
) -> list[str]:
    """Put a QuantisedLinear in place of each Linear; return the names.

    chosen: whether to take the Linear of this name (as in `model.named_modules()`). A
    Linear whose weight serves elsewhere too, as a table of tokens does where input and
    output share it, is left alone: it could not be thrown away.
    """
    uses = Counter(id(p) for _, p in model.named_parameters(remove_duplicate=False))
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and uses[id(module.weight)] == 1
        if name and chosen(name)
    ]
    if not names:
        raise ValueError("chosen must leave at least one Linear of the model: got none")
    stored = {
        name: QuantisedLinear(model.get_submodule(name), bits, group) for name in names
    }
    for name, module in stored.items():
        model.set_submodule(name, module)
    return names


def size(model: nn.Module) -> int:
    """Return the bytes that the numbers of a model take; shared ones count once."""
    held = {id(t): t for t in [*model.parameters(), *model.buffers()]}
    return sum(tensor.nbytes for tensor in held.values())


def error(linear: nn.Linear, quantised: QuantisedLinear) -> float:
    """Return by how much the weights moved, relative to their size.

    The root of the mean squared difference over that of the mean squared weight.
    linear: what `quantised` was made from, or another of its shape.
    """
    check_same_shape("quantised", quantised.weight, "linear", linear.weight)
    weight = linear.weight.detach().float()
    moved = (quantised.weight - weight).norm()
    return (moved / weight.norm()).item() if moved else 0.0
