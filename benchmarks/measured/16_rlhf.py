"""Lesson 16: what a page has no time for, in four small studies of the poem school.

In the last three the pupil that answers requests is rewarded: in "third" by rules, on
two themes; else with what a ranker says, less what is named, 12 rounds of 32 poems on
each of four themes. Shares in %, KL in nats a poem; the figures of the last round.

study   | setting                  | numbers
trunk   | where a judge starts     | right: unseen pairs, after 3,000 comparisons
third   | which themes are asked   | before, after: tone pattern and rhyme
reward  | less what                | score (by the ranker), grade (by the teacher), kl,
        |                          | quatrains
renewed | how often the ranker     | the same, with nothing taken off; each time 3,000
        | heard the teacher again  | comparisons of all that the last pupil had written
"""

import copy
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor, nn

from lmlab.feedback.preference import agreement, pair_loss
from lmlab.feedback.reward import RewardModel
from lmlab.feedback.rlhf import Score, Texts, table
from lmlab.learning.batches import rows as deal
from lmlab.learning.muon import muon
from lmlab.learning.training import mode, train
from lmlab.models.llama import LLaMA
from lmlab.poem_school import judges, shipped, stages
from lmlab.poem_school import measure as school
from lmlab.poem_school.text import (
    COLON,
    END,
    REQUESTS,
    is_quatrain,
    lines_of,
    prompt,
    tokenizer,
)
from lmlab.text import poems

SETTINGS = {
    "trunk": ("the pupil", "nothing"),
    "third": ("rewarded", "others"),
    "reward": ("nothing", "leash", "repeats"),
    "renewed": (1, 2),
}
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in SETTINGS.items()
        for setting in settings for seed in (0, 1, 2)]
NUMBERS = ("right", "before", "after", "score", "grade", "kl", "quatrains")

FOUR = {theme: REQUESTS[theme] for theme in ("飞雪", "思乡", "春天", "夜雨")}
ASKED = {tuple(prompt(theme + COLON)): words for theme, words in REQUESTS.items()}

Written = list[tuple[list[int], list[int]]]
"""Requests and what was answered, tokens both."""


def grade(request: list[int], answer: list[int]) -> float:
    """What the teacher thinks of an answer, be it a poem or not."""
    return judges.grade(lines_of(answer), ASKED[tuple(request)])


def watched(judge: Score, rounds: list[Written]) -> Score:
    """The judge, and beside it a note of all that was written."""
    def score(prompts: Texts, answers: Texts) -> list[float]:
        rounds.append([*zip(prompts, answers, strict=True)])
        return judge(prompts, answers)
    return score


def paid(ranker: RewardModel, price: float) -> Score:
    """The ranker's score, less a price for each character that came before."""
    judge = judges.by_ranker(ranker)

    def score(prompts: Texts, answers: Texts) -> list[float]:
        return [said - price * poems.repeats(lines_of(answer))
                for said, answer in zip(judge(prompts, answers), answers, strict=True)]
    return score


def run(ranker: RewardModel, seed: int, beta: float = 0, price: float = 0
        ) -> tuple[dict[str, float], list[Written]]:
    rounds: list[Written] = []
    _, history = stages.please(
        shipped.poet("sft"), watched(paid(ranker, price), rounds), seed, FOUR,
        steps=12, learning_rate=1e-3, beta=beta)
    last = rounds[-1]
    scores = judges.by_ranker(ranker)(*zip(*last, strict=True))
    whole = [is_quatrain(lines_of(answer)) for _, answer in last]
    return {"score": round(float(np.mean(scores)), 2),
            "grade": round(float(np.mean([grade(*one) for one in last])), 2),
            "kl": round(history["kl"][-1], 1),
            "quatrains": round(100 * float(np.mean(whole)))}, rounds


def reward(setting: str, seed: int) -> dict[str, float]:
    if setting == "nothing":
        return renewed(0, seed)
    options = {"leash": {"beta": 0.4}, "repeats": {"price": 0.5}}
    return run(shipped.ranker(), seed, **options[setting])[0]


@cache
def heard(times: int, seed: int) -> tuple[RewardModel, dict, list[Written]]:
    """The ranker that heard the teacher again, and the pupil that pleases it."""
    if times == 0:
        ranker = shipped.ranker()
    else:
        ranker, _, rounds = heard(times - 1, seed)
        ranker = again(ranker, [one for some in rounds for one in some], seed + times)
    return ranker, *run(ranker, seed)


def renewed(setting: int, seed: int) -> dict[str, float]:
    return heard(setting, seed)[1]


def again(ranker: RewardModel, written: Written, seed: int, n: int = 3_000
          ) -> RewardModel:
    """Tell a copy of the ranker which of two answers she prefers, n times."""
    rng, pairs = np.random.default_rng(seed), []
    of: dict[tuple, list] = {}
    for request, answer in written:
        of.setdefault(tuple(request), []).append((grade(request, answer), answer))
    while len(pairs) < n:
        request = list(of)[rng.integers(len(of))]
        (one, a), (other, b) = (of[request][rng.integers(len(of[request]))]
                                for _ in range(2))
        if one != other:
            wins = rng.random() < 1 / (1 + np.exp(other - one))
            pairs.append((request, *((a, b) if wins else (b, a))))
    end = tokenizer().special[END]
    requests, better, worse = zip(*pairs, strict=True)
    ids, keep, _ = table([*requests, *requests],
                         [[*answer, end] for answer in (*better, *worse)])
    dealt = deal((*ids.chunk(2), *keep.chunk(2)), 16, seed)

    def loss(model: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        better, worse, kept, left = batch
        return pair_loss(model(better, kept), model(worse, left))

    ranker = copy.deepcopy(ranker)
    train(ranker, dealt, steps=n // 16, learning_rate=3e-3, warmup=10, loss=loss,
          optimiser=muon, progress=False)
    return ranker.eval()


@cache
def by_rules(seed: int) -> LLaMA:
    """The pupil after rewards on the first two of the themes."""
    return stages.please(shipped.poet("sft"), judges.by_rules, seed,
                         dict([*FOUR.items()][:2]), steps=45, learning_rate=6e-4)[0]


def third(setting: str, seed: int) -> dict[str, float]:
    themes = [*FOUR.items()]
    asked = dict(themes[:2] if setting == "rewarded" else themes[2:])
    poets = {"before": stages.sharper(shipped.poet("sft")), "after": by_rules(seed)}
    return {when: round(100 * school.obeys(poet, asked, 100, seed=seed)[1]["both"])
            for when, poet in poets.items()}


def trunk(setting: str, seed: int) -> dict[str, float]:
    sft = shipped.poet("sft")
    told = judges.comparisons(
        school.answers(sft, REQUESTS, 60, seed=seed), REQUESTS, 3_000, seed)
    unseen = judges.comparisons(school.answers(sft, REQUESTS, 60, seed=seed + 100),
                                REQUESTS, 1_000, seed, errs=False)
    start = sft if setting == "the pupil" else stages.newborn(seed)
    torch.manual_seed(seed)
    judge = RewardModel(start, pool="mean", dropout=0.3)

    def loss(judge: nn.Module, pair: judges.Pairs) -> Tensor:
        return pair_loss(*judge(torch.cat(pair)).chunk(2))

    train(judge, deal(told, 16, seed), steps=187, learning_rate=3e-3, warmup=10,
          loss=loss, optimiser=muon, progress=False)
    with torch.no_grad(), mode(judge, training=False):
        return {"right": round(100 * agreement(*map(judge, unseen)), 1)}


def measure(study: str, setting: str | int, seed: int) -> dict[str, float | str]:
    studies: dict[str, Callable] = {"trunk": trunk, "third": third, "reward": reward,
                                    "renewed": renewed}
    return dict.fromkeys(NUMBERS, "") | studies[study](setting, seed)
