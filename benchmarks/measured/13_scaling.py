"""Lesson 13: what a page has no time for, on tiny models of two layers.

Sizes, budgets and rates read Shakespeare, letter by letter, in batches of 16 x 64, with
Muon if not said; losses are held out, in nats. The page's own runs are the like in
float64.

study   | setting               | loss, second, third
sizes   | steps                 | plays, weights
budgets | FLOPs                 | plays, weights, tokens read
rates   | optimiser, its rate   | plays
reverse | letters               | loss, share of letters right, of words right
shots   | steps                 | squared error of y = w x after 0, 1 and 7 examples in
        |                       | the prompt (w is another in each; 1 is that of "0")
"""

import torch
from torch import Tensor, nn

from lmlab.learning.batches import windows
from lmlab.learning.muon import muon
from lmlab.learning.training import adamw, mean_loss, next_token_loss, train
from lmlab.models.counting import count_parameters
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.page.datasets import shakespeare7
from lmlab.text.tokenizers import Characters

SEEDS = (0, 1, 2)
VALLEYS = {3e9: (4, 8, 12, 16, 24), 1e10: (8, 12, 16, 24, 32),
           3e10: (12, 16, 24, 32, 48)}
RATES = {"muon": (0.02, 0.04, 0.08), "adamw": (0.005, 0.01, 0.02, 0.04)}
SETTINGS = [
    *(("sizes", 150, width, SEEDS) for width in (8, 12, 16, 24, 32, 48, 64, 96)),
    *(("reverse", 10, width, SEEDS) for width in (4, 6, 8, 12)),
    *(("shots", 400, width, SEEDS) for width in (4, 8, 16, 32)),
    *((("rates", f"{name} {rate}", width, SEEDS[:1]) for name, rates in RATES.items()
       for rate in rates for width in (8, 24, 64))),
    *(("budgets", flops, width, SEEDS) for flops, widths in VALLEYS.items()
      for width in widths),
]
ROWS = [{"study": study, "setting": setting, "width": width, "seed": seed}
        for study, setting, width, seeds in SETTINGS for seed in seeds]


def measure(study: str, setting: float | str, width: int, seed: int) -> dict:
    found = {"sizes": sizes, "budgets": budgets, "rates": rates, "reverse": reverse,
             "shots": shots}[study](setting, width, seed)
    return dict(zip(("loss", "second", "third"), [*found, "", ""], strict=False))


def shape(width: int) -> LLaMAConfig:
    return LLaMAConfig(63, 64, width, 2, 2, tied=True, theta=100.0)


def read(width: int, steps: int, seed: int, rate: float, optimiser=muon) -> float:
    """Train on the plays; return the held-out loss."""
    text = shakespeare7()
    ids = torch.tensor(Characters(text).encode(text))
    torch.manual_seed(seed)
    model = LLaMA(shape(width))
    train(model, windows(ids[:900_000], 16, 64, seed), steps=steps, learning_rate=rate,
          warmup=20, optimiser=optimiser, progress=False)
    return round(mean_loss(model, ids[-20_480:].view(-1, 64).split(160)), 3)


def sizes(steps: int, width: int, seed: int) -> list[float]:
    loss = read(width, steps, seed, 0.25 / width**0.5)
    return [loss, count_parameters(shape(width))]


def budgets(flops: float, width: int, seed: int) -> list[float]:
    n = count_parameters(shape(width))
    steps = round(flops / 6 / n / 1024)
    return [read(width, steps, seed, 0.25 / width**0.5), n, 1024 * steps]


def rates(setting: str, width: int, seed: int) -> list[float]:
    name, rate = setting.split()
    return [read(width, 150, seed, float(rate), {"muon": muon, "adamw": adamw}[name])]


def reverse(n: int, width: int, seed: int) -> list[float]:
    """Words of n letters of 26, and behind a mark the same from the end."""
    def words(count: int, number: int) -> Tensor:
        dice = torch.Generator().manual_seed(number)
        word = torch.randint(26, (count, n), generator=dice)
        return torch.cat([word, torch.full((count, 1), 26), word.flip(1)], dim=1)

    def loss(model: nn.Module, rows: Tensor) -> Tensor:
        return next_token_loss(model(rows), rows, answer.expand(rows.shape))

    answer = torch.arange(2 * n + 1) > n
    torch.manual_seed(seed)
    model = GPT(GPTConfig(27, 2 * n + 1, width, 2, 2))
    train(model, lambda step: words(64, 1000 * seed + step), steps=100, warmup=10,
          learning_rate=0.06, optimiser=muon, loss=loss, progress=False)
    with torch.no_grad():
        test = words(1000, 10**6)
        right = model(test)[:, n:-1].argmax(-1) == test[:, n + 1:]
        shares = right.double().mean(), right.all(dim=1).double().mean()
        return [round(x.item(), 2) for x in (loss(model, test), *shares)]


class Regression(nn.Module):
    """A GPT that reads numbers, x and y in turn, and says y at each x."""

    def __init__(self, width: int):
        super().__init__()
        self.read, self.say = nn.Linear(2, width), nn.Linear(width, 1)
        self.gpt = GPT(GPTConfig(1, 16, width, 2, 2))
        nn.init.normal_(self.gpt.places.weight, std=0.2)
        nn.init.normal_(self.read.weight)

    def forward(self, numbers: Tensor) -> Tensor:
        """(batch, 16, 2), a column for x and one for y -> (batch, 8)."""
        x = self.read(numbers) + self.gpt.places.weight
        for block in self.gpt.blocks:
            x = block(x, causal=True)
        return self.say(self.gpt.norm(x))[:, ::2, 0]


def shots(steps: int, width: int, seed: int) -> list[float]:
    def prompts(count: int, number: int) -> tuple[Tensor, Tensor]:
        dice = torch.Generator().manual_seed(number)
        w = torch.randn(count, 1, generator=dice)
        x = torch.randn(count, 8, generator=dice)
        numbers = torch.zeros(count, 16, 2)
        numbers[:, ::2, 0], numbers[:, 1::2, 1] = x, w * x
        return numbers, w * x

    torch.manual_seed(seed)
    model = Regression(width)
    train(model, lambda step: prompts(64, 1000 * seed + step), steps=steps, warmup=20,
          learning_rate=0.16 / width, progress=False,
          loss=lambda model, batch: ((model(batch[0]) - batch[1]) ** 2).mean())
    numbers, y = prompts(2000, 10**6)
    with torch.no_grad():
        error = ((model(numbers) - y) ** 2).mean(dim=0) / (y**2).mean(dim=0)
    return [round(error[i].item(), 2) for i in (0, 1, 7)]
