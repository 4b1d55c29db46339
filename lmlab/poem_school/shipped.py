"""The poets that lessons 12 to 17 start from: poet 0 of the school, stage by stage.

`data/poem-school.md` says how they came about and what they can do.
"""

from __future__ import annotations

import torch

from lmlab.feedback.reward import RewardModel
from lmlab.learning import checkpoints
from lmlab.learning.lora import load_adapter
from lmlab.models.llama import LLaMA
from lmlab.page import datasets
from lmlab.poem_school.stages import newborn

POETS = ("base", "sft", "lora", "rl")


@torch.random.fork_rng(devices=())  # the caller draws what they would have drawn
def poet(name: str) -> LLaMA:
    """Return a poet: "base" has read, "sft" answers requests, "rl" keeps the rules.

    "lora" answers requests too: it is "base" with an adapter. "rl" was taught as a
    `sharper` poet: it writes at temperature 1 as the others do at `stages.TEMPERATURE`.
    """
    if name not in POETS:
        raise ValueError(f"name must be one of {', '.join(POETS)}: got {name!r}")
    if name == "lora":
        model = poet("base")
        load_adapter(datasets.path("poet-lora.safetensors"), model)
        return model
    model = newborn(0)
    checkpoints.load(datasets.path(f"poet-{name}.safetensors"), model)
    return model


@torch.random.fork_rng(devices=())
def ranker() -> RewardModel:
    """Return a ranker that has learned from 3,000 comparisons of a teacher who errs."""
    model = RewardModel(newborn(0), pool="mean")
    checkpoints.load(datasets.path("poet-ranker.safetensors"), model)
    return model.eval()
