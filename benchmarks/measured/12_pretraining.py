"""Lesson 12: what a page has no time for, in eight small studies.

The text is Shakespeare's, letter by letter: a model of 60,000 weights reads it in
seconds. Losses are held out, in nats a symbol.

study    | setting                   | loss, second, third
dirt     | what 30 % of each batch   | plays
mix      | share of plays, %; the    | plays, nested brackets, depth that a linear probe
         | rest is nested brackets   | reads off the hidden state, share right
signal   | questions asked, %        | plays after 30, 60, 120 steps
         | or "80 steps": all asked  | plays after 80, where the rate has come down
kinds    | what it reads             | plays, pixels, samples of a tone
frozen   | what the blocks learned   | pixels
adapt    | steps: others + one play  | the one play
probes   | what a linear probe reads | share right: shipped poet, newborn, always the
         | off a character's state   | commonest
board    | optimiser                 | unread poems, after 400 steps of 16 (one seed)
"""

from functools import cache

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from torch import Tensor, nn

from lmlab.learning.batches import Batches, windows
from lmlab.learning.batches import rows as deal
from lmlab.learning.muon import muon
from lmlab.learning.training import History, adamw, mean_loss, next_token_loss, train
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.page.datasets import shakespeare7
from lmlab.poem_school import shipped, stages, text
from lmlab.poem_school.measure import surprise
from lmlab.text import poems
from lmlab.text.tokenizers import Characters

SETTINGS = {
    "dirt": ("nothing", "repeats", "markup", "shuffled", "left out"),
    "mix": (100, 90, 50, 10),
    "signal": (100, 15, "80 steps"),
    "kinds": ("plays", "pixels", "tones", "all"),
    "frozen": ("plays", "nothing", "not frozen"),
    "adapt": ("0 + 120", "100 + 20", "120 + 0", "0 + 20"),
    "probes": ("place in line", "which line", "tone", "rhyme", "moon before",
               "even in Unicode"),
    "board": ("adamw", "muon"),
}
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in SETTINGS.items()
        for setting in settings for seed in ((0,) if study == "board" else (0, 1, 2))]

BRACKETS, LEVELS, N = "()[]", 16, 64
MARKUP = '<div class="menu"><a href="/home">Home</a><a href="/next">Next</a></div>'


@cache
def letters() -> Characters:
    return Characters(shakespeare7() + MARKUP + BRACKETS)


PIXEL = letters().vocab_size  # the first of 17 tokens, one for each grey
TONE = PIXEL + 17  # the first of LEVELS tokens
SIZE = TONE + LEVELS


def ids(text: str) -> Tensor:
    return torch.tensor(letters().encode(text))


@cache
def plays() -> tuple[Tensor, Tensor]:
    """What is read, and 320 held-out windows."""
    text = ids(shakespeare7())
    return text[:900_000], text[-N * 320 :].view(-1, N)


@cache
def pixels() -> tuple[Tensor, Tensor]:
    """Digits, 8 x 8, row by row; the last 297 are held out."""
    images = torch.tensor(load_digits().data).long() + PIXEL
    return images[:1500], images[1500:]


@cache
def tones() -> tuple[Tensor, Tensor]:
    """Samples of two sines with a pitch, a phase and a share drawn at random."""
    rng = np.random.default_rng(0)
    pitch, phase = rng.uniform(0.1, 1.2, (2, 2000, 1)), rng.uniform(0, 7, (2, 2000, 1))
    share = rng.random((2000, 1))
    waves = np.sin(pitch * np.arange(N) + phase)
    wave = share * waves[0] + (1 - share) * waves[1]
    samples = torch.tensor((wave + 1) / 2 * (LEVELS - 1)).round().long() + TONE
    return samples[:1700], samples[1700:]


@cache
def brackets() -> tuple[Tensor, Tensor, Tensor]:
    """Nested text such as (a[b]c)[]: what is read, held-out rows, their depths."""
    rng, rows, depths = np.random.default_rng(0), [], []
    for _ in range(2000):
        row, depth, stack = "", [], []
        while len(row) < N:
            what = rng.random()
            if stack and (what < 0.4 or len(stack) == 4):
                row += stack.pop()
            elif what < 0.8:
                kind = 2 * rng.integers(2)
                row += BRACKETS[kind]
                stack.append(BRACKETS[kind + 1])
            else:
                row += "abc"[rng.integers(3)]
            depth.append(len(stack))
        rows.append(row)
        depths.append(depth)
    rows = ids("".join(rows)).view(-1, N)
    return rows[:1840], rows[1840:], torch.tensor(depths[1840:])


def newborn(seed: int) -> LLaMA:
    torch.manual_seed(seed)
    return LLaMA(LLaMAConfig(vocab_size=SIZE, context=N, d_model=48, n_layers=2,
                             n_heads=4, tied=True, theta=100.0))


def learn(model: nn.Module, batches: Batches, steps: int = 120, rate: float = 1e-2,
          **options) -> History:
    return train(model, batches, steps=steps, learning_rate=rate, optimiser=muon,
                 warmup=min(20, steps - 1), progress=False, **options)


def loss(model: nn.Module, rows: Tensor) -> float:
    return round(mean_loss(model, rows.split(160)), 3)


def beside(*parts: Batches) -> Batches:
    """Lay the batches of several sources on top of each other."""
    return lambda step: torch.cat([part(step) for part in parts])


def dirt(setting: str, seed: int) -> list[float]:
    read, held_out = plays()
    if setting == "nothing":
        batches = windows(read, 20, N, seed)
    else:
        clean, spoilt = windows(read, 14, N, seed), windows(read, 6, N, seed + 9)
        shuffle = torch.randperm(N, generator=torch.Generator().manual_seed(seed))
        menu = ids(MARKUP * 3)
        bad = {
            "repeats": lambda step: spoilt(step % 3),
            "markup": windows(menu, 6, N, seed),
            "shuffled": lambda step: spoilt(step)[:, shuffle.roll(step)],
        }
        batches = clean if setting == "left out" else beside(clean, bad[setting])
    model = newborn(seed)
    learn(model, batches)
    return [loss(model, held_out)]


def mix(setting: int, seed: int) -> list[float]:
    read, held_out = plays()
    nested, rows, depths = brackets()
    n = setting * 20 // 100
    parts = [windows(read, n, N, seed)]
    if n < 20:
        parts.append(deal(nested, 20 - n, seed))
    model = newborn(seed)
    learn(model, beside(*parts))
    with torch.no_grad():
        states = model.hidden(rows).flatten(0, 1).numpy()
    truth, half = depths.flatten().numpy(), len(states) // 2
    probe = LogisticRegression(max_iter=1000).fit(states[:half], truth[:half])
    return [loss(model, held_out), loss(model, rows),
            round(probe.score(states[half:], truth[half:]), 2)]


def signal(setting: int | str, seed: int) -> list[float]:
    read, held_out = plays()
    if setting == "80 steps":
        model = newborn(seed)
        learn(model, windows(read, 20, N, seed), 80)
        return [loss(model, held_out)]
    dice = torch.Generator().manual_seed(seed)

    def some(model: nn.Module, rows: Tensor) -> Tensor:
        asked = torch.rand(rows.shape, generator=dice) < setting / 100
        return next_token_loss(model(rows), rows, asked)

    model = newborn(seed)
    history = learn(model, windows(read, 20, N, seed), 120, loss=some,
                    evaluate=lambda model: loss(model, held_out), evaluate_every=30)
    return [history.held_out[step] for step in (30, 60, 120)]


def kinds(setting: str, seed: int) -> list[float | str]:
    sources = {"plays": (windows(plays()[0], 20, N, seed), plays()[1]),
               "pixels": (deal(pixels()[0], 20, seed), pixels()[1]),
               "tones": (deal(tones()[0], 20, seed), tones()[1])}
    model, names = newborn(seed), list(sources)
    if setting == "all":
        learn(model, lambda step: sources[names[step % 3]][0](step // 3), 180)
        return [loss(model, rows) for _, rows in sources.values()]
    learn(model, sources[setting][0], 60)
    return [loss(model, rows) if name == setting else ""
            for name, (_, rows) in sources.items()]


def frozen(setting: str, seed: int) -> list[float]:
    model = newborn(seed)
    if setting == "plays":
        learn(model, windows(plays()[0], 20, N, seed))
    for name, weight in model.named_parameters():
        inside = "blocks" in name and "norm" not in name
        weight.requires_grad_(setting == "not frozen" or not inside)
    learn(model, deal(pixels()[0], 20, seed), 200)
    return [loss(model, pixels()[1])]


def adapt(setting: str, seed: int) -> list[float]:
    text, _ = plays()
    others, one, held_out = text[:700_000], text[-22_480:-20_480], text[-20_480:]
    model = newborn(seed)
    for steps, part in zip(map(int, setting.split(" + ")), (others, one), strict=True):
        if steps:
            rate = 2e-3 if part is one and setting == "100 + 20" else 1e-2
            learn(model, windows(part, 20, N, seed), steps, rate)
    return [loss(model, held_out.view(-1, N))]


def probes(setting: str, seed: int) -> list[float]:
    quatrains = text.shelves()["test"]
    flat = "".join("".join(lines) for lines in quatrains)
    at = np.arange(len(flat))
    labels = np.array({
        "place in line": lambda: at % 5,
        "which line": lambda: at // 5 % 4,
        "tone": lambda: poems.tones(flat),
        "rhyme": lambda: [poems.rhyme_class(character) for character in flat],
        "moon before": lambda: ["月" in flat[i - i % 20 : i] for i in at],
        "even in Unicode": lambda: [ord(character) % 2 for character in flat],
    }[setting]())
    rows, half = text.rows(quatrains), len(flat) // 40 * 20
    place = [i for i in range(1, rows.shape[1]) if i % 6]  # no marks
    with torch.no_grad():
        states = [model.hidden(rows)[:, place].flatten(0, 1)
                  for model in (shipped.poet("base"), stages.newborn(seed))]
    states.append(torch.zeros(len(flat), 1))
    return [round(RidgeClassifier().fit(X[:half], labels[:half])
                  .score(X[half:], labels[half:]), 2) for X in states]


def board(setting: str, seed: int) -> list[float]:
    model = stages.newborn(seed)
    optimiser, rate, warmup = {"adamw": (adamw, 4e-3, 20), "muon": (muon, 1e-2, 5)}[
        setting]
    train(model, deal(text.rows(text.shelves()["train"]), 16, seed), steps=400,
          learning_rate=rate, warmup=warmup, optimiser=optimiser, progress=False)
    return [round(surprise(model, text.shelves()["test"]), 2)]


def measure(study: str, setting: str | int, seed: int) -> dict[str, float | str]:
    found = {"dirt": dirt, "mix": mix, "signal": signal, "kinds": kinds,
             "frozen": frozen, "adapt": adapt, "probes": probes,
             "board": board}[study](setting, seed)
    return dict(zip(("loss", "second", "third"), [*found, "", ""], strict=False))
