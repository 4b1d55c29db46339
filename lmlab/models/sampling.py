"""Sampling: from the scores of the next token to a text.

A model says how likely each next token is. Which one is taken is another matter, and
decides how a text sounds. Lesson 12 writes poems with it, lesson 16 the answers that a
reward is to judge; lesson 24 asks what the key/value cache saves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from operator import index

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from lmlab.learning.training import mode
from lmlab.models.inputs import check_one_device, check_same_shape, precise


def keep_top_k(logits: Tensor, top_k: int) -> Tensor:
    """Set all but the top_k largest logits to -inf (Fan et al. 2018, arXiv 1805.04833).

    logits: (..., vocab_size). Those that tie with the last one kept stay too.
    """
    if not top_k >= 1:
        raise ValueError(f"top_k must be at least 1: got {top_k}")
    kth = logits.topk(min(top_k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < kth, -torch.inf)


def keep_top_p(logits: Tensor, top_p: float) -> Tensor:
    """Set to -inf all but the likeliest tokens which together reach probability top_p.

    logits: (..., vocab_size). At least one stays. Holtzman et al. 2020 (arXiv
    1904.09751, section 3.1) call what stays the nucleus.
    """
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1: got {top_p}")
    ordered, order = precise(logits).softmax(dim=-1).sort(descending=True)
    likelier = ordered.cumsum(dim=-1) - ordered  # what the tokens before it reach
    drop = torch.empty_like(order, dtype=torch.bool)
    return logits.masked_fill(drop.scatter_(-1, order, likelier >= top_p), -torch.inf)


def penalise_repetition(
    logits: Tensor, seen: Tensor, repetition_penalty: float
) -> Tensor:
    """Make the tokens that were there already less likely, if the penalty is above 1.

    logits: (..., vocab_size); seen: boolean, of the same shape. A positive logit is
    divided by the penalty (Keskar et al. 2019, arXiv 1909.05858, section 4.1), a
    negative one multiplied, so that it falls too. In float32 at least.
    """
    if not 0 < repetition_penalty < math.inf:
        raise ValueError(
            "repetition_penalty must be greater than 0 and finite: "
            f"got {repetition_penalty}"
        )
    check_same_shape("seen", seen, "logits", logits)
    check_one_device(logits=logits, seen=seen)
    if seen.dtype != torch.bool:
        raise ValueError(f"seen must be boolean: got {seen.dtype}")
    logits, penalty = precise(logits), repetition_penalty
    lower = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen, lower, logits)


def probabilities(
    logits: Tensor,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Tensor:
    """Return the probability with which each token is drawn, (..., vocab_size).

    softmax(logits / temperature): below 1 the likely tokens gain, above 1 the others;
    at 0 the likeliest takes all (greedy). Then top_k cuts, then top_p. In float32 at
    least. Logits of which no chances can be made (nan, say) are a ValueError.
    """
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0: got {temperature}")
    logits = precise(logits)
    best = logits.amax(dim=-1, keepdim=True)  # a nan, if there is one
    check_best(best, ~best.isnan() if temperature == 0 else best.isfinite())
    if temperature == 0:
        likeliest = logits.argmax(dim=-1, keepdim=True)
    elif temperature != 1:
        smallest = torch.finfo(logits.dtype).tiny  # what is below counts as 0
        logits = (logits - best) / max(temperature, smallest)
    if top_k is not None:
        logits = keep_top_k(logits, top_k)
    if top_p not in (None, 1):
        logits = keep_top_p(logits, top_p)
    if temperature == 0:
        return torch.zeros_like(logits).scatter_(-1, likeliest, 1.0)
    return logits.softmax(dim=-1)


def draw(chances: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Return a token for each row of chances, (batch, vocab_size): (batch, 1) int64.

    The chances lie end to end on a line, and a random number falls on one of them
    (Devroye 1986, chapter III.2). One number a row will do: `torch.multinomial` takes
    one for each token, which for thousands of tokens costs more than the model.
    """
    ends = chances.cumsum(dim=-1)
    numbers = torch.rand(len(chances), 1, dtype=chances.dtype, device=chances.device,
                         generator=generator)  # below 1, so that none falls off the end
    return torch.searchsorted(ends, numbers * ends[:, -1:], right=True)


def generate(
    model: nn.Module,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    stop: Collection[int] = (),
    full: str = "error",
    cache: bool = True,
    generator: torch.Generator | None = None,
    on_token: Callable[[int, int], None] | None = None,
) -> list[list[int]]:
    """Let `model` go on from each prompt; return the new tokens of each.

    prompts: lists of ids, of any lengths, none empty. They are written together.
    temperature, top_k, top_p: as in `probabilities`; temperature 0 draws nothing.
    repetition_penalty: as in `penalise_repetition`, for all of prompt and answer.
    stop: a text ends before the first of these tokens, or after `max_new_tokens`.
    full: what to do when text and prompt outgrow the model's context. "error" raises
    ValueError before the first token; "slide" forgets the oldest token for each new
    one, which moves all others by a place, so that nothing can be remembered and each
    token costs a whole context.
    cache: remember keys and values. The result is the same without, only later.
    generator: what draws; torch's own if None.
    on_token: called with row and token as soon as a token is there.
    """
    check_decoder(model)
    context, vocab_size = model.config.context, model.config.vocab_size
    check_prompts(prompts, vocab_size)
    check_stop(stop, vocab_size)
    if max_new_tokens < 1:
        raise ValueError(f"max_new_tokens must be at least 1: got {max_new_tokens}")
    if full not in ("error", "slide"):
        raise ValueError(f"full must be 'error' or 'slide': got {full!r}")
    width = max(len(prompt) for prompt in prompts)
    read = width + max_new_tokens - 1  # the last new token is not read again
    if read > context and full == "error":
        raise ValueError(
            f"prompts and max_new_tokens must fit into the context of {context}: got "
            f"{width} + {max_new_tokens} tokens, the last of which is not read. "
            "Or say full='slide'"
        )

    device, stop = next(model.parameters()).device, set(map(index, stop))
    ids, keep = side_by_side(prompts)
    seen = torch.zeros(len(prompts), vocab_size, dtype=torch.int64)
    seen = seen.scatter_add_(1, ids, keep.long()).bool().to(device)
    padded = not keep.all()
    ids = F.pad(ids, (0, max_new_tokens)).to(device)
    keep = F.pad(keep, (0, max_new_tokens), value=True).to(device)
    answers: list[list[int]] = [[] for _ in prompts]
    writing = set(range(len(prompts)))
    with mode(model, training=False), torch.inference_mode():
        memory = model.new_cache(len(prompts), min(read, context)) if cache else None
        for end in range(width, width + max_new_tokens):
            if end > context:
                memory = None
            start = max(0, end - context)
            new = start if memory is None else memory.length
            kept = keep[:, start:end] if padded else None
            logits = model(ids[:, new:end], cache=memory, keep=kept)[:, -1]
            if repetition_penalty != 1:
                logits = penalise_repetition(logits, seen, repetition_penalty)
            chances = probabilities(logits, temperature, top_k, top_p)
            if temperature == 0:
                drawn = chances.argmax(dim=-1, keepdim=True)
            else:
                drawn = draw(chances, generator)
            ids[:, end : end + 1] = drawn
            if repetition_penalty != 1:
                seen.scatter_(1, drawn, True)
            for row, token in enumerate(drawn.flatten().tolist()):
                if row not in writing:
                    continue
                if token in stop:
                    writing.remove(row)
                    continue
                answers[row].append(token)
                if on_token:
                    on_token(row, token)
            if not writing:
                break
    return answers


def side_by_side(texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Lay texts of different length so that they all end in one column.

    Returns ids, (batch, longest), zeros where nothing is; and keep, booleans of the
    same shape, False at this padding on the left.
    """
    rows = [torch.tensor(list(text), dtype=torch.int64) for text in texts]
    return tuple(
        pad_sequence(parts, batch_first=True, padding_side="left")
        for parts in (rows, [torch.ones_like(row, dtype=torch.bool) for row in rows])
    )


def check_decoder(model: nn.Module) -> None:
    """Raise ValueError unless `generate` can ask the model for the next token."""
    config = getattr(model, "config", None)
    parts = (config, "context"), (config, "vocab_size"), (model, "new_cache")
    if not all(hasattr(owner, name) for owner, name in parts):
        raise ValueError(
            f"model must be a decoder, such as GPT or LLaMA: got {type(model).__name__}"
        )


def check_prompts(prompts: Sequence[Sequence[int]], vocab_size: int) -> None:
    """Raise ValueError unless there are prompts, and tokens in each."""
    try:
        for row, prompt in enumerate(prompts):
            check_tokens(f"prompts[{row}]", prompt, vocab_size)
    except TypeError:
        raise ValueError(
            f"prompts must be lists of ids, one for each text: got {prompts!r:.60}"
        ) from None
    if not len(prompts):
        raise ValueError("prompts must hold at least one prompt: got none")
    for row, prompt in enumerate(prompts):
        if not len(prompt):
            raise ValueError(
                f"prompts must hold at least one token each: prompt {row} has none"
            )


def check_stop(stop: Collection[int], vocab_size: int) -> None:
    """Raise ValueError unless these can be tokens to stop at."""
    try:
        check_tokens("stop", stop, vocab_size)
    except TypeError:
        raise ValueError(f"stop must be a collection of ids: got {stop!r}") from None


def check_tokens(name: str, tokens: Collection[int], vocab_size: int) -> None:
    """Raise ValueError, or TypeError, unless all are numbers of tokens."""
    for token in tokens:
        if not 0 <= index(token) < vocab_size:
            raise ValueError(f"{name} must lie in 0 .. {vocab_size - 1}: got {token}")


def check_best(best: Tensor, fine: Tensor) -> None:
    """Raise ValueError unless the best logit of each row, (..., 1), is fine."""
    if not fine.all():
        raise ValueError(
            "logits must be below inf, and in each row one above -inf: "
            f"got {best[~fine][0].item()}"
        )
