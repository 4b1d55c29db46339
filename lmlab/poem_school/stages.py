"""How the poet is taught: it reads (lesson 12), then answers requests (lesson 14).

Each stage is a function that returns a model and how its training went. Settings were
chosen on the shelf "trial" and on the themes of `TRIALS`.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from lmlab.batches import rows as deal
from lmlab.llama import LLaMA, LLaMAConfig
from lmlab.lora import add_lora
from lmlab.muon import muon
from lmlab.poem_school.text import (
    COLON,
    END,
    REQUESTS,
    lessons,
    rows,
    shelves,
    tokenizer,
)
from lmlab.training import History, adamw, next_token_loss, train

LINEARS = ("query", "key", "value", "output", "gate", "expand", "shrink")


def newborn(seed: int) -> LLaMA:
    """A LLaMA of a million parameters that knows nothing."""
    torch.manual_seed(seed)
    return LLaMA(LLaMAConfig(
        vocab_size=tokenizer().vocab_size,
        context=48,
        d_model=128,
        n_layers=3,
        n_heads=4,
        tied=True,
        theta=100.0,  # places differ by less than 30: turn faster than in long texts
    ))


def read(seed: int, steps: int = 3_000) -> tuple[LLaMA, History]:
    """Pre-train: all quatrains of the shelf "train", in the end with the classics.

    In the last 40 % of the steps a third of each batch are the poems of tang300, whole
    and their second halves alone, so that they are known by heart.
    """
    model, late = newborn(seed), int(0.6 * steps)
    many = deal(rows(shelves()["train"]), 32, seed)
    few = deal(rows(shelves()["train"]), 20, seed + 1)
    classics = deal(by_heart(), 12, seed + 2)

    def batches(step: int) -> Tensor:
        if step < late:
            return many(step)
        return torch.cat([few(step), classics(step)])

    return model, train(model, batches, steps=steps, learning_rate=5e-3,
                        warmup=min(100, steps - 1), optimiser=muon)


def by_heart() -> Tensor:
    """Rows of tang300: each quatrain, and its second couplet with no mark before it."""
    whole = rows(shelves()["tang300"])
    half = rows([lines[2:] for lines in shelves()["tang300"]], start="")
    rest = torch.full((len(half), whole.shape[1] - half.shape[1]),
                      tokenizer().special[END])
    return torch.cat([whole, torch.cat([half, rest], dim=1)])


def answer_loss(model: nn.Module, ids: Tensor) -> Tensor:
    """The surprise at the answers alone: a request is two characters and a colon."""
    answer = torch.ones_like(ids, dtype=torch.bool)
    answer[:, :3] = False
    return next_token_loss(model(ids), ids, answer)


def instruct(
    base: LLaMA,
    seed: int,
    themes: dict[str, str] = REQUESTS,
    steps: int = 300,
    learning_rate: float = 1e-3,
    rank: int | None = None,
) -> tuple[LLaMA, History]:
    """Tune a copy of the base model on requests, whole or by LoRA of `rank`."""
    model = copy.deepcopy(base)
    torch.manual_seed(seed)
    if rank:
        add_lora(model, LINEARS, rank)
    dealt = [deal(rows(shown, theme + COLON), 4, seed)
             for theme, shown in lessons(themes).items()]

    def batches(step: int) -> Tensor:
        return torch.cat([hand(step) for hand in dealt])

    return model, train(model, batches, steps=steps, learning_rate=learning_rate,
                        warmup=min(20, steps - 1), loss=answer_loss,
                        optimiser=adamw if rank else muon)
