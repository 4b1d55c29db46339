"""Muon: an optimiser that turns every direction of a matrix equally far.

The gradient of a weight matrix is mostly a few large directions; the rest, small ones,
hardly move. Muon makes all its singular values about 1 before the step (Jordan et al.
2024, "Muon: an optimizer for hidden layers in neural networks",
kellerjordan.github.io/posts/muon). Lesson 06 compares it with its elders; the poem
school of lesson 12 learns with it.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from lmlab.models.inputs import precise


def orthogonalise(matrix: Tensor, steps: int = 5) -> Tensor:
    """Return a matrix of the same shape and directions, all singular values near 1.

    matrix: (rows, columns). It is U S V^T, and U V^T is wanted. Multiplying with its
    own square bends each singular value by a polynomial, without a decomposition
    (Newton and Schulz; the coefficients, which end between 0.68 and 1.14, are those of
    Jordan et al. 2024). Directions far weaker than the strongest need more steps.
    """
    if matrix.ndim != 2:
        raise ValueError(
            f"matrix must have shape (rows, columns): got {tuple(matrix.shape)}"
        )
    wide = precise(matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T)
    x = wide / (wide.norm() + 1e-7)  # no singular value above 1
    for _ in range(steps):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x if x.shape == matrix.shape else x.T).to(matrix.dtype)


class Muon(torch.optim.AdamW):
    """Muon for the groups marked `muon`, AdamW for the others.

    A step is learning_rate * 0.2 * sqrt(longer side) * orthogonalise(momentum), which
    is as long as one of AdamW, so that both take one learning rate and one weight
    decay (Liu et al. 2025, arXiv 2502.16982, equation 4). The momentum, 0.95, is
    Nesterov's.
    """

    @torch.no_grad()
    def step(self) -> None:
        """Move each weight that has a gradient, Muon's and AdamW's."""
        for group in self.param_groups:
            for weight in group["params"]:
                if group.get("muon") and weight.grad is not None:
                    self._turn(weight, group["lr"], group["weight_decay"])
                    weight.grad = None  # what is left is AdamW's
        super().step()

    def _turn(self, weight: Tensor, learning_rate: float, decay: float) -> None:
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())  # AdamW asks for it when it is loaded
            state["momentum"] = torch.zeros_like(weight)
        momentum = state["momentum"].mul_(0.95).add_(weight.grad)
        turned = orthogonalise(weight.grad + 0.95 * momentum)
        weight.mul_(1 - learning_rate * decay)
        length = 0.2 * math.sqrt(max(weight.shape))
        weight.sub_(learning_rate * length * turned)


def muon(
    model: nn.Module, learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return `Muon` for the matrices inside the blocks of `model`, for `train`.

    Tables of tokens and places, the map to the vocabulary and all that is no matrix
    are left to AdamW, as Jordan et al. advise; of these only matrices decay.
    """
    inside, outside, rest = [], [], []
    blocks = {id(w) for part in model.modules() if isinstance(part, nn.ModuleList)
              for w in part.parameters()}
    for weight in model.parameters():
        if weight.requires_grad:
            matrix = inside if id(weight) in blocks else outside
            (matrix if weight.ndim == 2 else rest).append(weight)
    groups = [
        {"params": inside, "weight_decay": weight_decay, "muon": True},
        {"params": outside, "weight_decay": weight_decay, "muon": False},
        {"params": rest, "weight_decay": 0.0, "muon": False},
    ]
    groups = [group for group in groups if group["params"]]
    return Muon(groups, learning_rate, betas=(0.9, 0.95), fused=True)
