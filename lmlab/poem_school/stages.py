"""How the poet is taught, stage by stage; each returns a model and how it went.

It reads (lesson 12) and answers requests (lesson 14); a ranker learns what a teacher
likes (lesson 15), and the poet to please a judge (lesson 16). Settings were chosen on
the shelf "trial" and on the themes of `TRIALS`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lmlab.feedback.preference import pair_loss
from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rlhf import Rollout, Score, grpo, improve, roll_out
from lmlab.learning.batches import rows as deal
from lmlab.learning.lora import add_lora
from lmlab.learning.muon import muon
from lmlab.learning.training import History, adamw, next_token_loss, train
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.poem_school.judges import Pairs
from lmlab.poem_school.measure import ROOM
from lmlab.poem_school.text import (
    COLON,
    END,
    REQUESTS,
    couplet_ends,
    lessons,
    prompt,
    rows,
    shelves,
    tokenizer,
)

TEMPERATURE = 0.8
"""At which the school writes: below 1, so that what is likely gains."""

LINEARS = (
    "query", "key", "value", "output", "gate", "expand", "shrink", "vocabulary"
)  # fmt: skip


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


def read(seed: int, steps: int = 4_000) -> tuple[LLaMA, History]:
    """Pre-train: all quatrains of the shelf "train", in the end with the classics.

    In the last 40 % of the steps 12 of the 32 rows of a batch are poems of tang300, so
    that they are known by heart. Until then the ends of couplets count threefold: one
    poet of three learned rhyme early without, and one not in 7,000 steps. The rate of
    1e-2, which wins over 260 steps (benchmarks/learning.py), loses over so many: it
    ended 0.04 and 0.1 nats a character higher (two poets).
    """
    model, late = newborn(seed), int(0.6 * steps)
    many = deal(rows(shelves()["train"]), 32, seed)
    few = deal(rows(shelves()["train"]), 20, seed + 1)
    classics = deal(by_heart(), 12, seed + 2)

    def batches(step: int) -> tuple[Tensor, bool]:
        if step < late:
            return many(step), True
        return torch.cat([few(step), classics(step)]), False

    return model, train(model, batches, steps=steps, learning_rate=5e-3,
                        warmup=min(100, steps - 1), loss=aloud, optimiser=muon)


def aloud(model: nn.Module, batch: tuple[Tensor, bool]) -> Tensor:
    """The surprise at rows of tokens; if True stands beside them, threefold at rhymes.

    That is at the last character of each couplet, two tokens of a row's 24.
    """
    ids, stress = batch
    logits = model(ids)
    loss = next_token_loss(logits, ids)
    if stress:
        loss = loss + next_token_loss(logits, ids, couplet_ends(ids)) / 6
    return loss


def by_heart() -> Tensor:
    """Rows of tang300: each quatrain twice, and its second couplet with no mark before.

    So a couplet can be completed that nothing was said about.
    """
    whole = rows(shelves()["tang300"])
    half = rows([lines[2:] for lines in shelves()["tang300"]], start="")
    rest = torch.full((len(half), whole.shape[1] - half.shape[1]),
                      tokenizer().special[END])
    return torch.cat([whole, whole, torch.cat([half, rest], dim=1)])


def answer_loss(model: nn.Module, ids: Tensor) -> Tensor:
    """The surprise at the answers alone: a request is two characters and a colon."""
    answer = torch.ones_like(ids, dtype=torch.bool)
    answer[:, :3] = False
    return next_token_loss(model(ids), ids, answer)


def instruct(
    base: LLaMA,
    seed: int,
    themes: dict[str, str] = REQUESTS,
    steps: int = 600,
    learning_rate: float = 2e-3,
    rank: int | None = None,
) -> tuple[LLaMA, History]:
    """Tune a copy of the base model on requests, whole or by LoRA of `rank`.

    LoRA wants a larger learning rate, 1e-2, and the map to the vocabulary among its
    maps: without it, a theme's own characters hardly become likelier.
    """
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


def rank(
    base: LLaMA, obvious: Pairs, asked: Pairs, seed: int
) -> tuple[RewardModel, History]:
    """Train a ranker, from a copy of the base, on pairs of poems, each met once.

    It begins with those that cost nothing (`judges.obvious`), so that it knows what a
    theme is before it learns what a teacher likes, when she was asked: preference
    model pre-training (Askell et al. 2021, arXiv 2112.00861, section 4). A second time
    through her answers it would learn them by heart.

    The score is read off all tokens, not off the last alone. Returns how it went with
    the answers.
    """
    torch.manual_seed(seed)
    ranker = RewardModel(copy.deepcopy(base), pool="mean", dropout=0.3)

    def loss(ranker: RewardModel, pair: Pairs) -> Tensor:
        return pair_loss(*ranker(torch.cat(pair)).chunk(2))

    def learn(name: str, pairs: Pairs, learning_rate: float) -> History:
        steps = len(pairs[0]) // 16
        if steps == 0:
            raise ValueError(
                f"{name} must hold 16 pairs or more: got {len(pairs[0])}")
        return train(ranker, deal(pairs, 16, seed), steps=steps,
                     learning_rate=learning_rate, warmup=min(20, steps - 1),
                     loss=loss, optimiser=muon)

    learn("obvious", obvious, 5e-3)
    return ranker, learn("asked", asked, 3e-3)


def sharper(poet: LLaMA, temperature: float = TEMPERATURE) -> LLaMA:
    """Return a copy that writes at temperature 1 as the poet does at `temperature`."""
    if not temperature > 0:
        raise ValueError(f"temperature must be greater than 0: got {temperature}")
    copied = copy.deepcopy(poet)
    with torch.no_grad():
        copied.norm.weight /= temperature  # and so are all scores, which it scales
    return copied


def please(
    sft: LLaMA,
    judge: Score,
    seed: int,
    themes: Mapping[str, str] = REQUESTS,
    steps: int = 120,
    learning_rate: float = 3e-4,
    beta: float = 0.04,
) -> tuple[LLaMA, dict[str, list[float]]]:
    """Let a copy of the poet, made `sharper`, write what the judge rewards: GRPO.

    In each step 32 answers to each theme are compared with each other. The last third
    of the steps are a third as long: what noise has moved settles. beta: the price of
    a nat of KL from what it was before.
    """
    before = sharper(sft).requires_grad_(False)
    poet = copy.deepcopy(before).requires_grad_(True)
    adam = torch.optim.AdamW(
        poet.parameters(), learning_rate, betas=(0.9, 0.95), weight_decay=0, fused=True)
    asked = [prompt(theme + COLON) for theme in themes for _ in range(32)]
    generator = torch.Generator().manual_seed(seed)

    def answers() -> Rollout:
        return roll_out(poet, before, asked, judge, max_new_tokens=ROOM,
                        stop=tokenizer().special[END], generator=generator)

    history = improve(poet, adam, answers, grpo(32, beta), steps=2 * steps // 3)
    adam.param_groups[0]["lr"] /= 3
    late = improve(poet, adam, answers, grpo(32, beta), steps=steps - 2 * steps // 3)
    return poet, {name: history[name] + late[name] for name in history}
