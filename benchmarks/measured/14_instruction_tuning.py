"""Lesson 14 with other seeds: what to train, on what, and from how few labels.

The shipped base poet is tuned for 100 steps, with two answers to each of the eight
requests in a batch, and is then asked for 200 poems. Shares are in %.

study    | setting                   | first, second, third
labels   | number of labels          | right by a probe of the base, by the base tuned,
         |                           | and from scratch: is this the third or the fourth
         |                           | line of a quatrain?
trains   | what is trained; or all,  | obeyed, next lines of the classics known, weights
         | with old poems mixed in   | trained
examples | how many, and how good    | obeyed, lines copied from the examples, in tone
requests | drawn from the poem that  | obeyed on 16 themes that are never asked for,
         | answers, after 250 steps  | quatrains, obeyed by the base when not asked
"""

from functools import cache

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn
from torch.nn import functional as F

from lmlab.learning.batches import rows as deal
from lmlab.learning.lora import add_lora, trained_parameters
from lmlab.learning.muon import muon
from lmlab.learning.training import adamw, next_token_loss, train
from lmlab.models.llama import LLaMA
from lmlab.poem_school import measure as school
from lmlab.poem_school import shipped, stages, text
from lmlab.poem_school.text import BEGIN, COLON, REQUESTS, TRIALS

SETTINGS = {
    "labels": (1000, 100, 10),
    "trains": ("all", "LoRA 64", "LoRA 8", "LoRA 1", "last block", "vectors of wishes",
               "norms", "all, old poems too"),
    "examples": (480, 48, "480, half wrong"),
    "requests": ("drawn",),
}
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in SETTINGS.items()
        for setting in settings for seed in (0, 1, 2)]


def measure(study: str, setting: str | int, seed: int) -> dict[str, float]:
    """Return three numbers; the docstring above says which."""
    numbers = {"labels": labels, "trains": trains, "examples": examples,
               "requests": requests}[study](setting, seed)
    return dict(zip(("first", "second", "third"), numbers, strict=True))


def percent(share: float) -> float:
    return round(100 * float(share), 1)


def tune(model: LLaMA, batches, steps=100, learning_rate=2e-3, optimiser=muon,
         loss=stages.answer_loss) -> LLaMA:
    train(model, batches, steps=steps, learning_rate=learning_rate, warmup=10,
          loss=loss, optimiser=optimiser)
    return model


def lessons(shown: dict[str, list[text.Quatrain]], seed: int):
    """Deal two answers to each request, one request after the other."""
    dealt = [deal(text.rows(some, theme + COLON), 2, seed)
             for theme, some in shown.items()]
    return lambda step: torch.cat([hand(step) for hand in dealt])


def obeyed(model: LLaMA, seed: int) -> tuple[float, dict[str, float]]:
    return school.obeys(model, REQUESTS, 25, stages.TEMPERATURE, seed)


# labels

class Judge(nn.Module):
    """Two scores, read off the state of the last token."""

    def __init__(self, trunk: LLaMA):
        super().__init__()
        self.trunk, self.head = trunk, nn.Linear(trunk.config.d_model, 2)

    def forward(self, ids: Tensor) -> Tensor:
        return self.head(self.trunk.hidden(ids)[:, -1])


def lines(shelf: str, n: int, seed: int) -> tuple[Tensor, Tensor]:
    """Return the third or fourth line of n quatrains, (n, 7), and which it is."""
    rng, quatrains = np.random.default_rng(seed), text.shelves()[shelf]
    which = rng.integers(2, size=n)
    some = [quatrains[i][2 + k]
            for i, k in zip(rng.permutation(len(quatrains))[:n], which, strict=True)]
    return (torch.tensor([text.prompt(BEGIN, [line]) for line in some]),
            torch.tensor(which))


def misjudged(judge: Judge, batch: tuple[Tensor, Tensor]) -> Tensor:
    return F.cross_entropy(judge(batch[0]), batch[1])


def labels(n: int, seed: int) -> list[float]:
    base = shipped.poet("base")
    X, y = lines("train", n, seed)
    unread, truth = lines("test", 600, seed)
    with torch.no_grad():
        states = [base.hidden(ids)[:, -1].numpy() for ids in (X, unread)]
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    right = [probe.fit(states[0], y).score(states[1], truth)]
    for trunk in (base, stages.newborn(seed)):
        torch.manual_seed(seed)
        judge = tune(Judge(trunk), deal((X, y), min(n, 16), seed),
                     learning_rate=1e-3, optimiser=adamw, loss=misjudged)
        with torch.no_grad():
            right.append((judge(unread).argmax(dim=1) == truth).double().mean())
    return [percent(share) for share in right]


# trains

RATES = {"last block": 5e-3, "norms": 2e-2, "vectors of wishes": 5e-2}


def trains(what: str, seed: int) -> list[float]:
    base = shipped.poet("base")
    batches, settings = lessons(text.lessons(REQUESTS), seed), {}
    torch.manual_seed(seed)
    if what.startswith("LoRA"):
        add_lora(base, stages.LINEARS, rank=int(what[5:]))
        settings = {"learning_rate": 1e-2, "optimiser": adamw}
    elif what in RATES:
        settings = {"learning_rate": RATES[what], "optimiser": free(base, what)}
    elif what == "all, old poems too":
        batches, settings = rehearse(batches, seed), {"loss": both}
    number = (trained_parameters(base)[0] if what != "vectors of wishes"
              else len(words()) * base.config.d_model)
    tune(base, batches, **settings)
    known = school.recites(base, text.shelves()["tang300"][:100])
    return [percent(obeyed(base, seed)[0]), percent(known), number]


def words() -> Tensor:
    """Return the tokens of the requests."""
    return torch.tensor(text.prompt("".join(REQUESTS) + COLON)).unique()


def free(model: LLaMA, what: str):
    """Freeze all but one part; return the optimiser that fits."""
    model.requires_grad_(False)
    if what == "last block":
        model.blocks[-1].requires_grad_(True)
        return adamw
    if what == "norms":
        for weight in model.parameters():
            weight.requires_grad_(weight.ndim == 1)
        return adamw
    table, asked = model.tokens.weight.requires_grad_(True), torch.zeros(3358, 1)
    asked[words()] = 1
    table.register_hook(lambda slope: slope * asked)
    return lambda model, rate, decay: torch.optim.AdamW([table], rate, weight_decay=0)


def rehearse(batches, seed: int):
    """Add to each 16 answers four poems of the shelf, and four classics."""
    old = [deal(text.rows(text.shelves()[shelf]), 4, seed)
           for shelf in ("train", "tang300")]
    return lambda step: (batches(step), torch.cat([hand(step) for hand in old]))


def both(model: LLaMA, batch: tuple[Tensor, Tensor]) -> Tensor:
    answers, old = batch
    return (stages.answer_loss(model, answers)
            + next_token_loss(model(old), old) * len(old) / len(answers))


# examples

def examples(setting: str | int, seed: int) -> list[float]:
    number, _, wrong = str(setting).partition(", ")
    rng, shown = np.random.default_rng(seed), text.lessons(REQUESTS)
    chosen = {theme: [some[i] for i in rng.permutation(len(some))[:int(number) // 8]]
              for theme, some in shown.items()}
    if wrong:  # an answer in two is one to some request or other
        anything = [lines for some in shown.values() for lines in some]
        for some in chosen.values():
            for i in np.flatnonzero(rng.random(len(some)) < 0.5):
                some[i] = anything[rng.integers(len(anything))]
    model = tune(shipped.poet("base"), lessons(chosen, seed))
    share, craft = obeyed(model, seed)
    book = {line for some in chosen.values() for lines in some for line in lines}
    written = school.answers(model, REQUESTS, 25, stages.TEMPERATURE, seed)
    said = [line for some in written.values() for lines in some for line in lines]
    return [percent(share), percent(np.mean([line in book for line in said])),
            percent(craft["tonal"])]


# requests

@cache
def drawn() -> Tensor:
    """Rows whose request is two characters of the poem's first line, at random."""
    rng, unasked = np.random.default_rng(0), {*REQUESTS, *TRIALS}
    asked = [("".join(rng.choice(list(lines[0]), 2, replace=False)), lines)
             for lines in text.shelves()["train"]]
    return torch.cat([text.rows([lines], theme + COLON)
                      for theme, lines in asked if theme not in unasked])


def requests(setting: str, seed: int) -> list[float]:
    base, themes = shipped.poet("base"), REQUESTS | TRIALS
    unasked = school.write(base, [BEGIN] * 200, stages.TEMPERATURE, seed)
    chance = np.mean([text.on_theme(lines, some)
                      for lines in unasked for some in themes.values()])
    tune(base, deal(drawn(), 16, seed), steps=250)
    share, craft = school.obeys(base, themes, 12, stages.TEMPERATURE, seed)
    return [percent(share), percent(craft["formed"]), percent(chance)]
