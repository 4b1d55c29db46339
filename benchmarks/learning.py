"""How soon a loss is reached: a LLaMA with Muon, and nanoGPT's own recipe for a CPU.

The recipe is the one of nanoGPT's README: 4 layers, 4 heads, width 128, windows of 64
characters, 12 a step, 2,000 steps of AdamW at 1e-3 that fall along a cosine to a tenth;
here on seven plays of Shakespeare, with transformers' GPT-2 and no dropout. It sets the
loss: on the last tenth of the text, which nobody trains on. Ours is `train` as lessons
call it. Both train on one thread, three seeds, in turns; a time is the mean.

The rows below are what was tried besides, with one thing changed, on the first seed.

    python -m benchmarks.learning
"""

import time
from statistics import mean

import torch
from torch import Tensor, nn

from benchmarks.__main__ import tell
from benchmarks.training import VOCAB_SIZE, rival, text
from lmlab.learning.batches import windows
from lmlab.learning.muon import muon
from lmlab.learning.training import adamw, mean_loss, train, warmup_cosine
from lmlab.models.llama import LLaMA, LLaMAConfig

SEEDS, STEPS, LENGTH, RATE = 3, 2_000, 64, 1e-3
OURS = {"n_layers": 2, "batch": 16, "steps": 260, "learning_rate": 1e-2, "warmup": 5}
TRIED = (
    {"n_layers": 4}, {"n_layers": 3}, {"n_layers": 1, "batch": 24, "steps": 300},
    {"tied": True}, {"parallel": True}, {"alibi": True}, {"d_ff": 512},
    {"n_kv_heads": 1}, {"learning_rate": 7e-3}, {"learning_rate": 1.5e-2},
    {"warmup": 20}, {"weight_decay": 0.0}, {"clip": 100.0},
    {"optimiser": adamw, "learning_rate": 5e-3},
)  # fmt: skip


def halves() -> tuple[Tensor, list[Tensor]]:
    """Return the text to learn from, and 1,280 windows of the rest in ten batches."""
    ids = text()
    cut = len(ids) * 9 // 10
    rest = ids[cut : cut + 1_280 * (LENGTH + 1)]
    return ids[:cut], list(rest.view(10, 128, LENGTH + 1))


def their_loss(model: nn.Module, ids: Tensor) -> Tensor:
    return model(ids, labels=ids).loss


def theirs(seed: int) -> tuple[float, float]:
    """Learn by nanoGPT's recipe; return the loss that it comes to, and its seconds."""
    learn, held_out = halves()
    model, batches = rival(LENGTH + 1, seed), windows(learn, 12, LENGTH + 1, seed)
    optimiser = torch.optim.AdamW(
        model.train().parameters(), RATE, (0.9, 0.99), weight_decay=0.1, fused=True
    )
    began = time.perf_counter()
    for step in range(STEPS):
        loss = their_loss(model, batches(step))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = RATE * (0.1 + 0.9 * warmup_cosine(step, STEPS, 100))
        optimiser.step()
    seconds = time.perf_counter() - began
    return mean_loss(model, held_out, their_loss), seconds


def ours(seed: int, **changed) -> tuple[float, float]:
    """Learn by `OURS`, but for what is `changed`; return loss and seconds."""
    settings = {"optimiser": muon, **OURS, **changed}
    shape = {
        name: settings.pop(name)
        for name in list(settings)
        if name in LLaMAConfig.__dataclass_fields__
    }
    learn, held_out = halves()
    torch.manual_seed(seed)
    model = LLaMA(LLaMAConfig(VOCAB_SIZE, LENGTH + 1, 128, n_heads=4, **shape))
    batches = windows(learn, settings.pop("batch"), LENGTH + 1, seed)
    history = train(model, batches, progress=False, **settings)
    return mean_loss(model, held_out), history.seconds


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim), first what won."""
    torch.set_num_threads(1)
    pairs = [(ours(seed), theirs(seed)) for seed in range(SEEDS)]
    for seed, ((loss, _), (wanted, _)) in enumerate(pairs):
        assert loss <= wanted, f"seed {seed} came to {loss:.3f}, not to {wanted:.3f}"
    our_seconds, their_seconds = (mean(pair[i][1] for pair in pairs) for i in (0, 1))
    reached = ", ".join(f"{wanted:.2f}" for _, (wanted, _) in pairs)
    table = [
        (
            f"time to a held-out loss of {reached}",
            f"{our_seconds:.1f} s",
            f"{their_seconds:.1f} s",
            f"{their_seconds / our_seconds:.1f} times as fast",
            "at least 6",
        )
    ]
    wanted, their_seconds = pairs[0][1]
    for changed in TRIED:
        loss, seconds = ours(0, **changed)
        words = ", ".join(
            f"{name} {getattr(value, '__name__', value)}"
            for name, value in changed.items()
        )
        faster = f"{their_seconds / seconds:.1f} times as fast"
        late = f"not there: {loss:.2f}"
        verdict = faster if loss <= wanted else late
        table.append((f"- {words}", f"{seconds:.1f} s", "", verdict, "tried"))
        tell(".")
    return table


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="   ")
