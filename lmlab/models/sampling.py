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
from torch import Tensor, nn

from lmlab.learning.training import mode
from lmlab.models.inputs import check_one_device, check_same_shape
from lmlab.models.writer import Writer, can_write


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """Set all but the k largest logits to -inf (Fan et al. 2018, arXiv 1805.04833).

    logits: (..., vocab_size). Those that tie with the k-th stay too.
    """
    _must_be_count("k", k)
    kth = logits.topk(min(k, logits.shape[-1])).values[..., -1:]
    return logits.masked_fill(logits < kth, -torch.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """Set to -inf all but the likeliest tokens which together reach probability p.

    logits: (..., vocab_size). At least one stays. Holtzman et al. 2020 (arXiv
    1904.09751, section 3.1) call what stays the nucleus.
    """
    _must_be_share("p", p)
    ordered, order = logits.softmax(dim=-1).sort(descending=True)
    likelier = ordered.cumsum(dim=-1) - ordered  # what the tokens before it reach
    drop = torch.empty_like(order, dtype=torch.bool).scatter_(-1, order, likelier >= p)
    return logits.masked_fill(drop, -torch.inf)


def penalise_repetition(logits: Tensor, seen: Tensor, penalty: float) -> Tensor:
    """Make the tokens that were there already less likely, if penalty > 1.

    logits: (..., vocab_size); seen: boolean, of the same shape. A positive logit is
    divided by the penalty (Keskar et al. 2019, arXiv 1909.05858, section 4.1), a
    negative one multiplied, so that it falls too.
    """
    _must_be_penalty("penalty", penalty)
    check_same_shape("seen", seen, "logits", logits)
    check_one_device(logits=logits, seen=seen)
    if seen.dtype != torch.bool:
        raise ValueError(f"seen must be boolean: got {seen.dtype}")
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
    at 0 the likeliest takes all (greedy). Then top_k cuts, then top_p. Logits of which
    no chances can be made (nan, say) are a ValueError.
    """
    _must_be_settings(temperature, top_k, top_p)
    if temperature == 0:
        return torch.zeros_like(logits).scatter_(-1, _likeliest(logits), 1.0)
    kept = logits
    if temperature != 1:
        kept = (kept - kept.amax(dim=-1, keepdim=True)) / temperature
    if top_k is not None:
        kept = keep_top_k(kept, top_k)
    if top_p is not None and top_p < 1:
        kept = keep_top_p(kept, top_p)
    chances = kept.softmax(dim=-1)
    _must_be_numbers(chances, logits)
    return chances


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
    _must_be_decoder(model)
    context, vocab_size = model.config.context, model.config.vocab_size
    prompts = _checked_prompts(prompts, vocab_size)
    stop = _checked_stop(stop, vocab_size)
    _must_be_settings(temperature, top_k, top_p)
    _must_be_penalty("repetition_penalty", repetition_penalty)
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

    ids, keep = _side_by_side(prompts, width + max_new_tokens)
    padded, device = not keep.all(), next(model.parameters()).device
    ids, keep = ids.to(device), keep.to(device)
    seen = _seen(prompts, vocab_size).to(device)
    answers: list[list[int]] = [[] for _ in prompts]
    writing = set(range(len(prompts)))
    with mode(model, training=False), torch.inference_mode():
        memory = model.new_cache(len(prompts), min(read, context)) if cache else None
        writer = Writer(model, memory) if cache and can_write(model) else None
        for end in range(width, width + max_new_tokens):
            if end > context:
                memory = writer = None
            start = max(0, end - context)
            new = start if memory is None else memory.length
            kept = keep[:, start:end] if padded else None
            if writer and new == end - 1:
                logits = writer(ids[:, new:end], kept)
            else:
                logits = model(ids[:, new:end], cache=memory, keep=kept)[:, -1]
            if repetition_penalty != 1:
                logits = penalise_repetition(logits, seen, repetition_penalty)
            if temperature == 0:
                drawn = _likeliest(logits)
            else:
                chances = probabilities(logits, temperature, top_k, top_p)
                drawn = chances.multinomial(1, generator=generator)
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


def _likeliest(logits: Tensor) -> Tensor:
    """Return the number of the largest logit in each row, (..., 1)."""
    best = logits.argmax(dim=-1, keepdim=True)  # a nan, if there is one
    _must_be_numbers(logits.gather(-1, best), logits)
    return best


def _side_by_side(prompts: list[list[int]], width: int) -> tuple[Tensor, Tensor]:
    """Lay prompts of different length so that they all end in one column.

    Returns ids (batch, width), zeros where nothing is yet; and keep, booleans of the
    same shape, False at the padding on the left.
    """
    longest = max(len(prompt) for prompt in prompts)
    ids = torch.zeros(len(prompts), width, dtype=torch.int64)
    keep = torch.ones(len(prompts), width, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        ids[row, longest - len(prompt) : longest] = torch.tensor(prompt)
        keep[row, : longest - len(prompt)] = False
    return ids, keep


def _seen(prompts: list[list[int]], vocab_size: int) -> Tensor:
    """Return (batch, vocab_size) booleans: which tokens a prompt has."""
    seen = torch.zeros(len(prompts), vocab_size, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        seen[row, prompt] = True
    return seen


def _checked_prompts(
    prompts: Sequence[Sequence[int]], vocab_size: int
) -> list[list[int]]:
    try:
        lists = [[index(token) for token in prompt] for prompt in prompts]
    except TypeError:
        raise ValueError(
            f"prompts must be lists of ids, one for each text: got {prompts!r:.60}"
        ) from None
    if not lists:
        raise ValueError("prompts must hold at least one prompt: got none")
    for row, prompt in enumerate(lists):
        if not prompt:
            raise ValueError(
                f"prompts must hold at least one token each: prompt {row} has none"
            )
        _must_be_tokens(f"prompts[{row}]", prompt, vocab_size)
    return lists


def _checked_stop(stop: Collection[int], vocab_size: int) -> set[int]:
    try:
        tokens = {index(token) for token in stop}
    except TypeError:
        raise ValueError(f"stop must be a collection of ids: got {stop!r}") from None
    _must_be_tokens("stop", tokens, vocab_size)
    return tokens


def _must_be_tokens(name: str, tokens: Collection[int], vocab_size: int) -> None:
    for token in tokens:
        if not 0 <= token < vocab_size:
            raise ValueError(f"{name} must lie in 0 .. {vocab_size - 1}: got {token}")


def _must_be_decoder(model: nn.Module) -> None:
    config = getattr(model, "config", None)
    parts = (config, "context"), (config, "vocab_size"), (model, "new_cache")
    if not all(hasattr(owner, name) for owner, name in parts):
        raise ValueError(
            f"model must be a decoder, such as GPT or LLaMA: got {type(model).__name__}"
        )


def _must_be_numbers(result: Tensor, logits: Tensor) -> None:
    """Raise ValueError if a result, (..., m), of the logits has a row with nan.

    Its sum says so at little cost: this is asked for each token.
    """
    if math.isnan(result.sum().item()):
        wrong = logits[result.isnan().any(dim=-1)]
        if len(wrong):
            raise ValueError(
                "logits must be below inf, and in each row one above -inf: "
                f"got {wrong[0].amax().item()}"
            )


def _must_be_settings(
    temperature: float, top_k: int | None, top_p: float | None
) -> None:
    if not temperature >= 0:
        raise ValueError(f"temperature must be at least 0: got {temperature}")
    if top_k is not None:
        _must_be_count("top_k", top_k)
    if top_p is not None:
        _must_be_share("top_p", top_p)


def _must_be_count(name: str, value: int) -> None:
    if not value >= 1:
        raise ValueError(f"{name} must be at least 1: got {value}")


def _must_be_share(name: str, value: float) -> None:
    if not 0 < value <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1: got {value}")


def _must_be_penalty(name: str, value: float) -> None:
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be greater than 0 and finite: got {value}")
