"""Diffusion: learn to take noise away, then begin with nothing but noise.

Lesson 20 draws digits with it. A picture is mixed with noise in one step, a small net
learns to say which noise it was, and drawing goes back a hundred steps from noise alone
(Ho, Jain and Abbeel 2020, arXiv 2006.11239).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 100
NOBODY = 10  # the label of a picture whose digit is not told


def kept(t: Tensor) -> Tensor:
    """Return which share of a picture's variance is left after step t, 1 to `STEPS`.

    Half a cosine (Nichol and Dhariwal 2021, arXiv 2102.09672, equation 17).
    """
    def f(u):
        return torch.cos((u / STEPS + 0.008) / 1.008 * math.pi / 2) ** 2

    return (f(t.double()) / f(torch.zeros(()).double())).clamp(min=1e-4)


def noised(x: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """Return pictures x (n, 64) after t (n,) steps of noising, all at once.

    Ho et al. 2020, equation 4: the square roots of what is kept of picture and noise.
    """
    share = kept(t).to(x.dtype)[:, None]
    return share.sqrt() * x + (1 - share).sqrt() * noise


class Denoiser(nn.Module):
    """Say which noise is in a picture (n, 64) at step t (n,), and of digit y (n,)."""

    def __init__(self, d: int = 128):
        super().__init__()
        self.time, self.digit = nn.Embedding(STEPS + 1, d), nn.Embedding(11, d)
        self.read = nn.Linear(64, d)
        self.think = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(d), nn.Linear(d, d), nn.SiLU(), nn.Linear(d, d))
            for _ in range(2))
        self.say = nn.Linear(d, 64)

    def forward(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        h = self.read(x)
        for block in self.think:
            h = h + block(h + self.time(t) + self.digit(y))
        return self.say(h)


def loss(net: Denoiser, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Return the mean squared error of the noise that the net names.

    One label in ten is kept from it, so that it also learns to draw without being
    asked (Ho and Salimans 2022, arXiv 2207.12598, algorithm 1).
    """
    x, y = batch
    t = torch.randint(1, STEPS + 1, (len(x),))
    noise = torch.randn_like(x)
    y = y.masked_fill(torch.rand(len(y)) < 0.1, NOBODY)
    return F.mse_loss(net(noised(x, t, noise), t, y), noise)


@torch.no_grad()
def draw(net: nn.Module, y: Tensor, guidance: float = 1.0, seed: int = 0) -> Tensor:
    """Return a picture (n, 64) of each digit in y (n,), -1 for paper to 1 for ink.

    guidance: 0 does not hear what was asked for, 1 draws what was learned, more
    exaggerates (Ho and Salimans 2022, equation 6, with w + 1 for guidance). `net` is
    called as a `Denoiser` is.
    """
    if y.ndim != 1 or not ((y >= 0) & (y < NOBODY)).all():
        raise ValueError(f"y must be digits 0 to 9, (n,): got {y}")
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(len(y), 64, generator=random)
    for step in range(STEPS, 0, -1):
        t = torch.full_like(y, step)
        blind = net(x, t, torch.full_like(y, NOBODY))
        noise = blind + guidance * (net(x, t, y) - blind)
        now, before = kept(t)[0].item(), kept(t - 1)[0].item()
        clean = ((x - (1 - now) ** 0.5 * noise) / now**0.5).clamp(-1, 1)
        # Ho et al. 2020, equation 7: between the picture guessed and where x is
        mean = (before**0.5 * (1 - now / before) * clean
                + (now / before) ** 0.5 * (1 - before) * x) / (1 - now)
        variance = (1 - before) / (1 - now) * (1 - now / before)
        x = mean + variance**0.5 * torch.randn(x.shape, generator=random)
    return x
