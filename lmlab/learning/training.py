"""Training: draw a batch, measure the loss, see who is to blame, take a step. Again.

Lesson 06 builds this loop by hand; lessons 12 to 16 train with it. What is trained on
and what counts as loss come from outside: a function of the step that gives its batch,
and a function of model and batch that gives a number.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm.auto import tqdm

from lmlab.learning import checkpoints
from lmlab.learning.batches import Batches, tensors
from lmlab.models.inputs import check_one_device, check_same_shape, precise


def next_token_loss(
    logits: Tensor, ids: Tensor, keep_loss: Tensor | None = None
) -> Tensor:
    """Return the mean surprise at each token after the first, in nats.

    logits: (batch, n, vocab_size), those at i predict token i + 1; ids: (batch, n).
    keep_loss: boolean (batch, n), True at the tokens whose surprise counts: only the
    answer, say (lesson 14), and no padding. The first token is never predicted.
    """
    if ids.ndim != 2 or logits.shape[:-1] != ids.shape:
        raise ValueError(
            "logits and ids must have shapes (batch, n, vocab_size) and (batch, n): "
            f"got {tuple(logits.shape)} and {tuple(ids.shape)}"
        )
    if ids.shape[0] < 1 or ids.shape[1] < 2:
        raise ValueError(
            "ids must have a row, and a token after the first to predict: "
            f"got {tuple(ids.shape)}"
        )
    check_one_device(logits=logits, ids=ids)
    if ids.dtype != torch.int64:
        raise ValueError(f"ids must be int64: got {ids.dtype}")
    guesses, targets = logits[:, :-1], ids[:, 1:]
    if keep_loss is not None:
        check_same_shape("keep_loss", keep_loss, "ids", ids)
        check_one_device(keep_loss=keep_loss, ids=ids)
        if keep_loss.dtype != torch.bool:
            raise ValueError(f"keep_loss must be boolean: got {keep_loss.dtype}")
        kept = keep_loss[:, 1:]
        if not kept.any():
            raise ValueError("keep_loss must keep a token after the first: got none")
        guesses, targets = guesses[kept], targets[kept]
    low, high = (end.item() for end in torch.aminmax(targets))
    if low < 0 or high >= logits.shape[-1]:
        raise ValueError(
            f"ids must lie in 0 .. {logits.shape[-1] - 1}, as logits do: "
            f"got {low if low < 0 else high}"
        )
    return F.cross_entropy(precise(guesses).flatten(0, -2), targets.flatten())


def language_loss(model: nn.Module, ids: Tensor) -> Tensor:
    """Return `next_token_loss` of a model that reads ids (batch, n)."""
    return next_token_loss(model(ids), ids)


def warmup_cosine(step: int, steps: int, warmup: int = 0) -> float:
    """Return which share of the learning rate step 0, 1, ... of `steps` takes.

    It rises in a straight line over the first `warmup` steps (Goyal et al. 2017, arXiv
    1706.02677, section 2.2), then falls along half a cosine towards 0 (Loshchilov and
    Hutter 2017, arXiv 1608.03983, equation 5). Step `warmup` takes all of it.
    """
    for name, value in (("warmup", warmup), ("step", step)):
        if not 0 <= value < steps:
            raise ValueError(
                f"{name} must be from 0 to steps - 1: got {value} of {steps} steps"
            )
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (1 + math.cos(math.pi * (step - warmup) / (steps - warmup))) / 2


def adamw(
    model: nn.Module, learning_rate: float, weight_decay: float
) -> torch.optim.Optimizer:
    """AdamW (Loshchilov and Hutter 2019, arXiv 1711.05101, algorithm 2).

    Only matrices decay: a bias or a norm's scale has no reason to be near 0. The memory
    of the squared gradient, beta_2 = 0.95, is that of GPT-3 (Brown et al. 2020, arXiv
    2005.14165, appendix B). Weights that are frozen stay out.
    """
    weights = [w for w in model.parameters() if w.requires_grad]
    groups = [
        {"params": [w for w in weights if w.ndim >= 2], "weight_decay": weight_decay},
        {"params": [w for w in weights if w.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        learning_rate,
        betas=(0.9, 0.95),
        fused=True,
    )


@dataclass
class History:
    """What a training leaves behind, to be drawn: `plots.loss_curve({"GPT": h.loss})`.

    loss, learning_rate and norm (length of the whole gradient, before it is clipped):
    a number a step. held_out: steps done -> what `evaluate` returned.
    """

    loss: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    norm: list[float] = field(default_factory=list)
    held_out: dict[int, float] = field(default_factory=dict)
    tokens: int = 0
    seconds: float = 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens trained on in a second; the time for `evaluate` does not count."""
        return self.tokens / self.seconds


def train(
    model: nn.Module,
    batches: Batches,
    *,
    steps: int,
    learning_rate: float,
    warmup: int = 0,
    weight_decay: float = 0.1,
    clip: float = 1.0,
    loss: Callable[[nn.Module, Any], Tensor] = language_loss,
    optimiser: Callable[..., torch.optim.Optimizer] = adamw,
    evaluate: Callable[[nn.Module], float] | None = None,
    evaluate_every: int = 100,
    checkpoint: str | Path | None = None,
    save_every: int = 100,
    progress: bool | None = None,
) -> History:
    """Train `model` where it stands, for `steps` steps; return how it went.

    batches: a batch is a tensor, or tensors in a tuple, list or dict, of which the
    first is counted as tokens.
    learning_rate, warmup: `warmup_cosine` says which share each step takes.
    clip: a longer gradient is shortened to this length (Pascanu et al. 2013, arXiv
    1211.5063, algorithm 1).
    optimiser: called with model, learning_rate and weight_decay.
    evaluate: called every `evaluate_every` steps and at the end, at rest: on held-out
    text, say, `lambda model: mean_loss(model, held_out)`.
    checkpoint: a file that gets all that is needed to go on, every `save_every` steps
    and at the end. If it is there already, the training goes on from it, to the same
    losses bit by bit. Another run's file is a ValueError: one with other settings,
    another model, another first batch, or another loss on that batch.
    progress: show a bar; if not said, where someone watches.

    A loss or gradient that is not finite raises FloatingPointError, which names the
    step. Then the model has its last weights whose loss was finite, and no others have
    been saved.
    """
    warmup_cosine(0, steps, warmup)  # refuses what is no schedule
    _check_possible(model, clip, evaluate_every, save_every)
    optimiser = optimiser(model, learning_rate, weight_decay)
    rates = [group["lr"] for group in optimiser.param_groups]
    weights = [w for w in model.parameters() if w.requires_grad]
    last_good = [w.detach().clone() for w in weights]
    history, start = History(), 0
    if checkpoint:
        first, settings = batches(0), {"steps": steps, "warmup": warmup, "clip": clip}
        run = checkpoints.Run(model, optimiser, history, settings,
                              first, lambda: _at_rest(loss, model, first))
        if Path(checkpoint).exists():
            start = run.resume(checkpoint)

    def look(step: int) -> None:
        if evaluate and step not in history.held_out:
            with mode(model, training=False):
                history.held_out[step] = float(evaluate(model))

    def check_finite(step: int, what: str, number: Tensor) -> None:
        if not number.isfinite():
            _copy(last_good, weights)
            raise FloatingPointError(
                f"step {step}: the {what} is {number.item()}. The model has the last "
                "weights whose loss was finite. Try a lower learning_rate or a longer "
                "warmup, and look at that step's batch"
            )

    bar = tqdm(range(start, steps), initial=start, total=steps, unit="step",
               disable=not (_someone_watches() if progress is None else progress))
    with mode(model, training=True):
        for step in bar:
            if step % evaluate_every == 0:
                look(step)
            began, random = time.perf_counter(), torch.get_rng_state()

            batch = batches(step)
            value = loss(model, batch)
            check_finite(step, "loss", value)
            _copy(weights, last_good)
            if checkpoint and step % save_every == 0:
                run.save(checkpoint, step, random)

            optimiser.zero_grad()
            value.backward()
            norm = nn.utils.clip_grad_norm_(weights, clip)
            check_finite(step, "gradient's length", norm)

            share = warmup_cosine(step, steps, warmup)
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["lr"] = share * rate
            optimiser.step()

            history.loss.append(value.item())
            history.learning_rate.append(share * learning_rate)
            history.norm.append(norm.item())
            history.tokens += next((part.numel() for part in tensors(batch)), 0)
            history.seconds += time.perf_counter() - began
            bar.set_postfix_str(f"loss {history.loss[-1]:.3f}, "
                                f"{history.tokens_per_second:,.0f} tokens/s", False)
    look(steps)
    if checkpoint and start < steps:
        run.save(checkpoint, steps, torch.get_rng_state())
    return history


def mean_loss(
    model: nn.Module,
    batches: Iterable[Any],
    loss: Callable[[nn.Module, Any], Tensor] = language_loss,
) -> float:
    """Return the mean loss over batches, each of which counts alike, at rest.

    At rest: nothing is trained, and nothing is dropped.
    """
    with mode(model, training=False):
        values = [loss(model, batch).item() for batch in batches]
    if not values:
        raise ValueError("batches must hold at least one batch: got none")
    return math.fsum(values) / len(values)


def _check_possible(
    model: nn.Module, clip: float, evaluate_every: int, save_every: int
) -> None:
    numbers = {"clip": clip, "evaluate_every": evaluate_every, "save_every": save_every}
    for name, value in numbers.items():
        if not value > 0:
            raise ValueError(f"{name} must be greater than 0: got {value}")
    if not any(weight.requires_grad for weight in model.parameters()):
        raise ValueError("model must have a weight that may change: all are frozen")


def _at_rest(loss: Callable[[nn.Module, Any], Tensor], model: nn.Module, batch: Any):
    """Return the loss without dropout; what it draws does not change what comes."""
    with mode(model, training=False), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return loss(model, batch).item()


def _copy(source: Iterable[Tensor], target: Iterable[Tensor]) -> None:
    with torch.no_grad():
        for old, new in zip(source, target, strict=True):
            new.copy_(old)


@contextmanager
def mode(model: nn.Module, *, training: bool) -> Iterator[None]:
    """Switch dropout and gradients on or off, and at the end back to what they were."""
    before = [(part, part.training) for part in model.modules()]
    model.train(training)
    try:
        with torch.set_grad_enabled(training):
            yield
    finally:
        for part, was in before:
            part.training = was


def _someone_watches() -> bool:
    """Say whether this is a terminal, or a notebook that could ask its reader.

    It is neither in CI, nor where a notebook is executed to be stored or compared.
    """
    try:
        kernel = sys.modules["IPython"].get_ipython().kernel
    except (KeyError, AttributeError):
        return sys.stderr.isatty()
    return bool(getattr(kernel, "_allow_stdin", True))
