"""Lesson 06 with other seeds, learning rates and batches; and a small poet with Muon.

The net of the lesson reads six letters and says the seventh. Runs that are compared
read the same number of examples, so that small batches take more steps.
"""

import re
from collections import Counter

import torch
from torch import nn
from torch.nn import functional as F

from lmlab.learning import batches
from lmlab.learning.muon import muon
from lmlab.learning.training import adamw, mean_loss, train, warmup_cosine
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.page import datasets

ALPHABET = " abcdefghijklmnopqrstuvwxyz"
SMALL = {"run": "plain", "data": 4000, "steps": 1500, "optimiser": "adamw",
         "rate": 0.003, "schedule": "constant", "batch": 64, "decay": 0.0, "drop": 0.0}
CURES = [{}, {"run": "decay", "decay": 1.0}, {"run": "dropout", "drop": 0.5},
         {"run": "more text", "data": 100_000}]
GRID = [{"run": "grid", "data": 100_000, "schedule": "cosine",
         "rate": rate, "batch": batch, "steps": 48_000 // batch}
        for rate in (0.0003, 0.001, 0.003, 0.01, 0.03) for batch in (16, 64, 256, 1024)]
FLAT = [{"run": "constant rate", "data": 100_000, "rate": 0.01, "steps": 750}]
POETS = [{"run": "poet", "data": 490_000, "schedule": "cosine", "decay": 0.1,
          "optimiser": name, "rate": rate, "batch": 32, "steps": 100}
         for name in ("adamw", "muon") for rate in (0.003, 0.01, 0.03)]
ROWS = [SMALL | change | {"seed": seed}  # first a calm run, for `--check` to repeat
        for change in [*GRID, *CURES, *FLAT, *POETS] for seed in (0, 1, 2)]


def measure(run: str, **settings) -> dict[str, float]:
    """Return the loss on what was read, the last and the lowest held-out one."""
    losses = (poet if run == "poet" else letters)(**settings)
    return {name: round(loss, 2) for name, loss in losses.items()}


def letters(data: int, steps: int, optimiser: str, rate: float, schedule: str,
            batch: int, decay: float, drop: float, seed: int) -> dict[str, float]:
    text = re.sub("[^a-z]+", " ", datasets.shakespeare7().lower())
    X, y = windows(text[:data])
    held_X, held_y = windows(text[500_000:510_000])
    torch.manual_seed(seed)
    net = nn.Sequential(
        nn.Linear(6 * 27, 128), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(128, 128), nn.ReLU(), nn.Dropout(drop), nn.Linear(128, 27))
    adam = torch.optim.AdamW(net.parameters(), rate, weight_decay=decay)
    deal, held_out = batches.rows((X, y), batch, seed), []

    def look(X, y):
        net.eval()
        with torch.no_grad():
            loss = F.cross_entropy(net(X), y).item()
        net.train()
        return loss

    for step in range(steps):
        if schedule == "cosine":
            share = warmup_cosine(step, steps, warmup=steps // 20)
            for group in adam.param_groups:
                group["lr"] = rate * share
        inputs, targets = deal(step)
        adam.zero_grad()
        F.cross_entropy(net(inputs), targets).backward()
        adam.step()
        if (step + 1) % 50 == 0 or step == steps - 1:
            held_out.append(look(held_X, held_y))
    return {"train": look(X[:10_000], y[:10_000]), "held_out": held_out[-1],
            "best": min(held_out)}


def windows(text: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return six letters each, (n, 162) with one 1 a letter, and the seventh, (n,)."""
    ids = torch.tensor([ALPHABET.index(letter) for letter in text]).unfold(0, 7, 1)
    return F.one_hot(ids[:, :6], 27).float().flatten(1), ids[:, 6]


def poet(data: int, steps: int, optimiser: str, rate: float, schedule: str,
         batch: int, decay: float, drop: float, seed: int) -> dict[str, float]:
    """Train a LLaMA of two layers on lines of 32 characters, the 1,500 most frequent.

    `train` always warms up, follows a cosine and clips, and this net drops nothing.
    """
    text = "\n".join(",".join(poem.lines) for poem in datasets.tang_five())
    known = [character for character, _ in Counter(text).most_common(1500)]
    number = {character: i for i, character in enumerate(known, 1)}
    ids = torch.tensor([number.get(character, 0) for character in text])
    held_out = ids[data:][:10_240].view(10, 32, 32)
    torch.manual_seed(seed)
    model = LLaMA(LLaMAConfig(vocab_size=1501, context=32, d_model=64, n_layers=2))
    history = train(
        model, batches.windows(ids[:data], batch, 32, seed), steps=steps,
        learning_rate=rate, warmup=steps // 20, weight_decay=decay,
        optimiser={"adamw": adamw, "muon": muon}[optimiser],
        evaluate=lambda model: mean_loss(model, held_out), evaluate_every=50)
    losses = [loss for step, loss in history.held_out.items() if step]
    return {"train": sum(history.loss[-10:]) / 10, "held_out": losses[-1],
            "best": min(losses)}
