"""The table of the school: what each poet can do, beside what was hoped for.

Measured on the shelf "test" and on the themes of `REQUESTS`, on which no setting was
chosen. Lessons 12 to 16 each show the rows of their stage.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from lmlab.feedback.preference import agreement
from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rl import sequence_kl
from lmlab.feedback.rlhf import Texts, roll_out
from lmlab.learning.lora import trained_parameters
from lmlab.learning.training import mode
from lmlab.poem_school import measure
from lmlab.poem_school.judges import by_ranker, comparisons, grade
from lmlab.poem_school.stages import TEMPERATURE
from lmlab.poem_school.text import (
    BEGIN,
    COLON,
    END,
    REQUESTS,
    Quatrain,
    lines_of,
    on_theme,
    prompt,
    shelves,
    tokenizer,
)

Figures = dict[str, float]
UNSEEN = 1_000_000  # added to a poet's seed, with which its stages have drawn

AIMS = {
    "base: next lines of tang300 known, %": "at least 95",
    "sft: in tone, %": "as base",
    "sft: on theme, %": "at least 70",
    "lora: on theme, %": "sft less 10",
    "ranker: right about unseen pairs, %": "at least 75",
    "rl: in tone, %": "at least 80",
    "rl: rhyming, %": "at least 80",
    "rl: repeats a poem": "as base",
    "rl: last characters in 100 poems": "as base",
    "rl: KL from sft, nats": "below 12",
}


def of_base(base: nn.Module) -> Figures:
    """Lesson 12: it has read, and nothing else."""
    asked, _ = measure.obeys(base, REQUESTS, 25, TEMPERATURE)
    free = measure.craft(measure.write(base, [BEGIN] * 800))
    return {
        "nats a character, unread poems": measure.surprise(base, shelves()["test"]),
        "next lines of tang300 known, %":
            100 * measure.recites(base, shelves()["tang300"]),
        "in tone at temperature 1, %": 100 * free["tonal"],
        "rhyming at temperature 1, %": 100 * free["rhyming"],
        **_craft(measure.write(base, [BEGIN] * 800, TEMPERATURE)),
        "on theme, %": 100 * asked,
    }


def of_poet(
    poet: nn.Module, sft: nn.Module, ranker: RewardModel, seed: int, each: int = 100
) -> Figures:
    """Lessons 14 and 16: it answers requests, `each` theme's, at temperature 1.

    sft: what it was before it pleased a judge. Both are of the kind that
    `stages.sharper` makes: their 1 is another poet's 0.8.
    """
    asked = [theme for theme in REQUESTS for _ in range(each)]
    written: list[Quatrain] = []

    def judge(prompts: Texts, answers: Texts) -> list[float]:
        written.extend(map(lines_of, answers))
        return by_ranker(ranker)(prompts, answers)

    drawn = roll_out(
        poet, sft, [prompt(theme + COLON) for theme in asked], judge,
        max_new_tokens=measure.ROOM, stop=tokenizer().special[END],
        generator=torch.Generator().manual_seed(UNSEEN + seed))
    with torch.no_grad():
        kl = sequence_kl(drawn.logprobs(poet), drawn.reference, drawn.mask, "k1")
    themes = [REQUESTS[theme] for theme in asked]
    right = [on_theme(*poem) for poem in zip(written, themes, strict=True)]
    grades = [grade(*poem) for poem in zip(written, themes, strict=True)]
    return {
        **_craft(written),
        "on theme, %": 100 * sum(right) / len(right),
        "different poems, %": 100 * len(set(written)) / len(written),
        "KL from sft, nats": kl.mean().item(),
        "the ranker's score": drawn.rewards.mean().item(),
        "the teacher's grade": sum(grades) / len(grades),
    }


def of_ranker(ranker: RewardModel, sft: nn.Module, seed: int) -> Figures:
    """Lesson 15: it guesses which of two poems has the teacher's better grade.

    The poems are new ones, of which it has seen none.
    """
    written = measure.answers(sft, REQUESTS, 200, seed=UNSEEN + seed)
    pairs = comparisons(written, REQUESTS, 1_500, seed, errs=False)
    with mode(ranker, training=False):
        return {"right about unseen pairs, %": 100 * agreement(*map(ranker, pairs))}


def of_light(light: nn.Module) -> Figures:
    """Lesson 14: few of its weights were trained."""
    few, of = trained_parameters(light)
    on_theme, craft = measure.obeys(light, REQUESTS, 100, TEMPERATURE)
    return {"weights trained, %": 100 * few / of, "in tone, %": 100 * craft["tonal"],
            "on theme, %": 100 * on_theme}


def as_table(seeds: Sequence[int], measured: Sequence[Figures]) -> str:
    """Return a Markdown table: a figure a line, a column for each poet."""
    if not seeds or len(seeds) != len(measured):
        raise ValueError("seeds and measured must be as many, at least one: "
                         f"got {len(seeds)} and {len(measured)}")
    lines = ["| | " + " | ".join(f"poet {seed}" for seed in seeds) + " | aim |",
             "| --- |" + " ---: |" * len(seeds) + " --- |"]
    for name in measured[0]:
        digits = 0 if "%" in name or "characters in" in name else 2
        numbers = " | ".join(f"{one[name]:.{digits}f}" for one in measured)
        lines.append(f"| {name} | {numbers} | {AIMS.get(name, '')} |")
    return "\n".join(lines)


def _craft(written: Sequence[Quatrain]) -> Figures:
    craft = measure.craft(written)
    return {
        "quatrains, %": 100 * craft["formed"],
        "in tone, %": 100 * craft["tonal"],
        "rhyming, %": 100 * craft["rhyming"],
        "both, %": 100 * craft["both"],
        "repeats a poem": craft["repeats"],
        "last characters in 100 poems": craft["endings"],
    }
