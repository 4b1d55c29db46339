"""From GPT-2 to LLaMA, one change after the other: what is each worth?

As lesson 11 trains them: 16 windows of 64 letters of Shakespeare a step. The last is a
LLaMA whose feed-forward is 8 experts, of which a token uses as much as the others have.
Feed-forwards begin as torch makes them. One more SwiGLU begins as GPT-2 does, with
numbers of spread 0.02, which at this width makes its product too small.
"""

import torch
from torch import nn

from lmlab.learning.batches import windows
from lmlab.learning.training import mean_loss, train
from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import MixtureOfExperts, SwiGLU, initialise
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.page.datasets import shakespeare7
from lmlab.text.tokenizers import Characters

CHANGES = ["GPT-2", "RMSNorm", "SwiGLU", "RoPE", "shared heads", "no biases", "experts"]
SMALL = "SwiGLU from 0.02"
ROWS = [{"steps": steps, "seed": seed, "model": model}
        for steps in (250, 500) for seed in (0, 1, 2)
        for model in [*CHANGES, SMALL]]


def change(model: GPT, to: str) -> None:
    """Take one step from GPT-2 to LLaMA; the steps before must have been taken."""
    if to == "RMSNorm":
        model.norm = nn.RMSNorm(48, 1e-6)
    if to == "RoPE":
        model.places = None
    for block in model.blocks:
        attention = block.attention
        match to:
            case "RMSNorm":
                block.attention_norm = nn.RMSNorm(48, 1e-6)
                block.feed_forward_norm = nn.RMSNorm(48, 1e-6)
            case "SwiGLU":
                block.feed_forward = SwiGLU(48, 128)
            case "RoPE":
                attention.rope = True
            case "shared heads" | "no biases":
                block.attention = MultiHeadAttention(
                    48, 4, rope=True, n_kv_heads=2, bias=to == "shared heads")
                initialise(block.attention)
            case "experts":
                block.feed_forward = MixtureOfExperts(48, 32, 8, 2, 64)
            case "SwiGLU from 0.02":
                initialise(block.feed_forward)


def measure(steps: int, seed: int, model: str) -> dict[str, float]:
    text = shakespeare7()
    ids = torch.tensor(Characters(text).encode(text))
    torch.manual_seed(seed)
    decoder = GPT(GPTConfig(63, 64, d_model=48, n_layers=2))
    last = "SwiGLU" if model == SMALL else model
    for to in CHANGES[:CHANGES.index(last) + 1]:
        change(decoder, to)
    if model == SMALL:
        change(decoder, SMALL)
    batches = windows(ids[:-61440], 16, 64, seed)
    train(decoder, batches, steps=steps, learning_rate=0.005, warmup=20, progress=False)
    loss = mean_loss(decoder, ids[-61440:].view(10, 96, 64))
    return {"loss": round(loss, 3), "parameters": sum(
        weight.numel() for weight in decoder.parameters())}
