"""Lesson 07: one GPT, three tokenizers, the same compute: who guesses Macbeth best?

Six plays to learn from, Macbeth held out. A multiplication and an addition for each
weight and token, forward once and back twice: 6 FLOPs, so that a larger vocabulary,
whose scores cost more, gets fewer steps.
"""

import math

import torch

from lmlab.learning.batches import windows
from lmlab.learning.training import mean_loss, train
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.page.datasets import shakespeare7
from lmlab.text.tokenizers import BPE

ROWS = [
    {"merges": merges, "flops": flops, "seed": seed}
    for flops in (1e11, 4e11)
    for merges in (1024, 256, 0)
    for seed in (0, 1, 2)
]
BATCH, CONTEXT = 16, 64


def measure(merges: int, flops: float, seed: int) -> dict:
    text = shakespeare7()
    begins = text.index("First Witch:")  # Macbeth is the last of the seven
    plays, macbeth = text[:begins], text[begins:]
    tokenizer = BPE.train(plays, merges)
    ids = torch.tensor(tokenizer.encode(macbeth))
    held_out = ids[: len(ids) // CONTEXT * CONTEXT].view(-1, CONTEXT).split(64)

    torch.manual_seed(seed)
    model = GPT(GPTConfig(tokenizer.vocab_size, CONTEXT, d_model=64, n_layers=2))
    weights = sum(w.numel() for w in model.parameters()) - CONTEXT * 64  # but places
    steps = round(flops / (6 * weights * BATCH * CONTEXT))
    batches = windows(torch.tensor(tokenizer.encode(plays)), BATCH, CONTEXT, seed)
    train(model, batches, steps=steps, learning_rate=5e-3, warmup=steps // 10,
          progress=False)  # fmt: skip
    per_token = mean_loss(model, held_out) / math.log(2)
    return {
        "steps": steps,
        "bits_per_token": round(per_token, 3),
        "bits_per_character": round(per_token * len(ids) / len(macbeth), 3),
    }
