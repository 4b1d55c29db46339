"""How fast GPT learns: lmlab.learning.training, and GPT2LMHeadModel of transformers.

4 layers, 4 heads, width 128, a vocabulary of 96 and 12 windows of 64 characters of
Shakespeare a step, float32 and one thread. Both start from the same weights, see the
same windows, take the same fused AdamW, warm-up, cosine and clipping, and must come to
the same loss; neither drops anything. They take turns, step by step, and a time is
the median of all steps. Ours is the whole loop, the rival's a loop with nothing else
in it.

Limit: torch's matrix products alone, forward and backward, took 0.6 of the rival's time
(AMD EPYC), so that a step without any other cost would be 1.6 times as fast.

    python -m benchmarks.training
"""

import time
from collections.abc import Callable, Iterator
from statistics import median

import torch
from torch import Tensor, nn

from lmlab.learning.batches import windows
from lmlab.learning.training import adamw, train, warmup_cosine
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.page import datasets

VOCAB_SIZE, BATCH, LENGTH, STEPS, WARMUP, RATE, DECAY = 96, 12, 64, 200, 20, 1e-3, 0.1


def rival(context: int, seed: int = 0) -> nn.Module:
    """Return a GPT-2 of the shape that is compared, without dropout."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(seed)
    config = GPT2Config(
        vocab_size=VOCAB_SIZE, n_positions=context, n_embd=128, n_layer=4, n_head=4,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        bos_token_id=None, eos_token_id=None, loss_type="ForCausalLM",
    )  # fmt: skip
    return GPT2LMHeadModel(config)


def same_weights(theirs: nn.Module) -> GPT:
    """Return a GPT with the weights of transformers' `theirs`."""
    ours = GPT(GPTConfig(VOCAB_SIZE, LENGTH, activation="gelu_tanh"))
    names = {
        "wte": "tokens", "wpe": "places", "ln_f": "norm", "h.": "blocks.",
        "ln_1": "attention_norm", "ln_2": "feed_forward_norm",
        "attn.c_proj": "attention.output", "attn.c_attn": "attention.",
        "mlp.c_fc": "feed_forward.expand", "mlp.c_proj": "feed_forward.shrink",
    }  # fmt: skip
    weights = {}
    for name, weight in theirs.transformer.state_dict().items():
        for old, new in names.items():
            name = name.replace(old, new)
        if name.startswith("blocks") and weight.ndim == 2:
            weight = weight.t()  # theirs are (in, out)
        if "attention.." in name:  # query, key and value are one
            parts = weight.chunk(3)
            for part, piece in zip(("query", "key", "value"), parts, strict=True):
                weights[name.replace("..", f".{part}.")] = piece
        else:
            weights[name] = weight
    ours.load_state_dict(weights)
    return ours


def text() -> Tensor:
    """Return Shakespeare as numbers from 0 to 95: printable ASCII and the line end."""
    codes = torch.tensor(list(datasets.shakespeare7().encode()))
    return (codes - 31).clamp(min=0)


def their_steps(model: nn.Module, batches: Callable[[int], Tensor]) -> Iterator[float]:
    """Train `model`, a step whenever the next loss is asked for."""
    optimiser = adamw(model, RATE, DECAY)
    for step in range(STEPS):
        ids = batches(step)
        loss = model(ids, labels=ids).loss
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimiser.param_groups:
            group["lr"] = RATE * warmup_cosine(step, STEPS, WARMUP)
        optimiser.step()
        yield loss.item()


def race() -> tuple[list[float], list[float], list[float], list[float]]:
    """Return the losses of both, step by step, and the seconds of both."""
    batches = windows(text(), BATCH, LENGTH)
    theirs = rival(LENGTH)
    ours = same_weights(theirs)
    steps = their_steps(theirs.train(), batches)
    their_losses, our_seconds, their_seconds = [], [], []
    clock = time.perf_counter
    back = clock()

    def turn(step: int) -> Tensor:
        """Our loop asks for its batch: time for a step of theirs."""
        nonlocal back
        started = clock()
        our_seconds.append(started - back)
        their_losses.append(next(steps))
        back = clock()
        their_seconds.append(back - started)
        return batches(step)

    history = train(
        ours, turn, steps=STEPS, learning_rate=RATE, warmup=WARMUP, weight_decay=DECAY,
        progress=False,
    )  # fmt: skip
    our_seconds.append(clock() - back)
    return history.loss, their_losses, our_seconds[1:], their_seconds


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim)."""
    torch.set_num_threads(1)
    our_losses, their_losses, our_seconds, their_seconds = race()
    apart = max(abs(a - b) for a, b in zip(our_losses, their_losses, strict=True))
    assert apart < 0.01, f"losses differ by {apart}"
    ours, theirs = (BATCH * LENGTH / median(s) for s in (our_seconds, their_seconds))
    return [
        (
            f"training a GPT to loss {our_losses[-1]:.2f}, tokens/s",
            f"{ours:,.0f}",
            f"{theirs:,.0f}",
            f"{ours / theirs:.2f} times as fast",
            "at least 1.7",
        )
    ]


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="   ")
