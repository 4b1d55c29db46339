"""Lesson 20 with three seeds: each way to draw, and each of its settings, marked.

Five hundred drawings, fifty of each digit asked for. `kinds`: how many digits the judge
finds among them, in effect: e to the entropy of their shares.
"""

from functools import lru_cache

import numpy as np
import torch

from lmlab.vision import drawers
from lmlab.vision.judge import judge, marks

ROWS = [{"way": way, "setting": setting, "seed": seed}
        for way, settings in {"vae": [1.0], "untold": [1.0], "hasty": [1.0],
                              "gan": [1.0, 0.5], "codes": [0.7, 1.0],
                              "denoiser": [0.0, 1.0, 2.0, 8.0]}.items()
        for seed in (0, 1, 2) for setting in settings]


def measure(way: str, setting: float, seed: int) -> dict[str, float]:
    """setting: temperature of codes, guidance of the denoiser, scale of noise else."""
    asked = np.arange(500) % 10
    drawn = drawers.draw(trained(way, seed), asked, setting).double().numpy()
    shares = np.unique(judge().predict(drawn), return_counts=True)[1] / len(drawn)
    found = marks(drawn, asked) | {"kinds": np.exp(-shares @ np.log(shares))}
    return {name: round(float(mark), 2) for name, mark in found.items()}


@lru_cache(maxsize=1)
def trained(way: str, seed: int) -> torch.nn.Module:
    torch.set_num_threads(1)
    return drawers.SHIPPED[way][1](seed)
