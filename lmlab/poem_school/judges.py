"""Who judges a poem: a teacher with a taste, a ranker that guesses it, and rules.

The teacher can say which of two poems she prefers, and errs now and then; a ranker
learns from her comparisons (lesson 15). What the ranker says, or what a program can
count, is a reward to write for (lesson 16).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rlhf import Score, Texts, table
from lmlab.learning.training import mode
from lmlab.poem_school.text import (
    COLON,
    END,
    Quatrain,
    is_quatrain,
    lessons,
    lines_of,
    rows,
    tokenizer,
)
from lmlab.text import poems

Pairs = tuple[Tensor, Tensor]
"""The preferred poems and the others, rows (n, tokens) each."""


def grade(lines: Sequence[str], characters: str) -> float:
    """Return what the teacher thinks of a quatrain that should be on a theme.

    2 for each different character of the theme, 1.5 for the tone pattern, 1 for rhyme,
    and half a point off for each repeated character.
    """
    on_theme = len(set("".join(lines)) & set(characters))
    return (2 * on_theme + 1.5 * poems.tonal(lines) + poems.rhymes(lines)
            - 0.5 * poems.repeats(lines))


def comparisons(
    written: Mapping[str, Sequence[Quatrain]],
    themes: Mapping[str, str],
    n: int,
    seed: int,
    errs: bool = True,
) -> Pairs:
    """Let the teacher compare n pairs of poems, each pair written on one theme.

    written: theme -> poems, of which those that are no quatrain are left out. Pairs
    that she grades alike are not asked for. If she `errs`, she prefers the poem with
    grade a to that with b with probability sigmoid(a - b) (Bradley and Terry, 1952).
    Returns the preferred poems and the others, with their requests: (n, tokens) each.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1: got {n}")
    if missing := [theme for theme in written if theme not in themes]:
        raise ValueError(
            f"themes must have each theme of written: {missing[0]} is not there")
    rng = np.random.default_rng(seed)
    whole = {theme: [lines for lines in some if is_quatrain(lines)]
             for theme, some in written.items()}
    grades = {theme: [grade(lines, themes[theme]) for lines in whole[theme]]
              for theme in whole}
    if not whole or any(len(set(some)) < 2 for some in grades.values()):
        raise ValueError(
            "written must hold two quatrains of different grades on each theme: got "
            + (", ".join(f"{len(set(some))} grades on {theme}"
                         for theme, some in grades.items()) or "no theme"))
    better, worse = [], []
    while len(better) < n:
        theme = rng.choice(list(whole))
        one, other = rng.choice(len(whole[theme]), 2, replace=False)
        lead = grades[theme][one] - grades[theme][other]
        if lead == 0:
            continue
        if (rng.random() > 1 / (1 + np.exp(-lead))) if errs else lead < 0:
            one, other = other, one
        better.append(rows([whole[theme][one]], theme + COLON))
        worse.append(rows([whole[theme][other]], theme + COLON))
    return torch.cat(better), torch.cat(worse)


def obvious(themes: dict[str, str], n: int, seed: int) -> Pairs:
    """Return n pairs, as `comparisons` does, about which nobody needs to be asked.

    A poem that `lessons` shows for a theme, its lines in any order, stands under its
    own request, and under another's.
    """
    if n < 1 or len(themes) < 2:
        raise ValueError(
            "n must be at least 1, and themes two or more: "
            f"got {n} and {len(themes)}")
    rng = np.random.default_rng(seed)
    shown = lessons(themes)
    better, worse = [], []
    for _ in range(n):
        theme, other = rng.choice(list(themes), 2, replace=False)
        lines = tuple(rng.permutation(shown[theme][rng.integers(len(shown[theme]))]))
        better.append(rows([lines], theme + COLON))
        worse.append(rows([lines], other + COLON))
    return torch.cat(better), torch.cat(worse)


def by_ranker(ranker: RewardModel) -> Score:
    """Reward each answer with what a ranker thinks of it."""

    def score(prompts: Texts, answers: Texts) -> list[float]:
        end = tokenizer().special[END]
        ids, keep, _ = table(prompts, [[*answer, end] for answer in answers])
        with mode(ranker, training=False):
            return ranker(ids, keep).tolist()

    return score


def by_rules(prompts: Texts, answers: Texts) -> list[float]:
    """Reward what can be counted: 0.7 for the tone pattern, 1.4 for rhyme.

    Rhyme is harder. A character does not rhyme with itself, and each repeated one costs
    0.15. An ending costs 0.3 times the logarithm of how often it came in this round, or
    else the rhymes that always work would soon be the only ones. What is no quatrain
    gets -1.
    """
    written = [lines_of(answer) for answer in answers]
    endings = Counter(lines[k][-1] for lines in written if is_quatrain(lines)
                      for k in (1, 3))
    rewards = []
    for lines in written:
        if not is_quatrain(lines):
            rewards.append(-1.0)
            continue
        second, fourth = lines[1][-1], lines[3][-1]
        rewards.append(
            0.7 * poems.tonal(lines)
            + 1.4 * (poems.rhymes(lines) and second != fourth)
            - 0.15 * poems.repeats(lines)
            - 0.3 * math.log(endings[second] * endings[fourth])
        )
    return rewards
