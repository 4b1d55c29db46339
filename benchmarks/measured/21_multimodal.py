"""Lesson 21: other seeds, and what takes longer, in four small studies.

study     | setting                 | first, second, third
captions  | writes or finds them,   | share right of new pairs, of met pairs; share that
          | and the colours each    | is well formed (writes), or chosen over the same
          | digit is met in         | caption with its two things swapped (finds)
questions | how the two meet        | share right: colour, count, left of
state     | how places are read     | share right: leftmost block, whole order
missing   | how two views of a      | share right of held-out digits: pixels and word,
          | digit are joined        | pixels alone, word alone

A writer sees 12,800 pictures, one that writes longer 38,400, as many as a finder.
"""

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from lmlab.learning.muon import muon
from lmlab.learning.training import train
from lmlab.models.attention import MultiHeadAttention
from lmlab.vision.prefix import PrefixGPT, caption_loss, captioner
from lmlab.vision.scenes import WORDS, encode, kinds, scenes
from lmlab.vision.scenes import captions as describe

SETTINGS = {"captions": ("writes 1", "writes 2", "writes 3", "writes longer 3",
                         "finds 1", "finds 2", "finds 3", "finds without order 2"),
            "questions": ("blind", "dot product", "joined", "co-attention"),
            "state": ("numbers", "text"),
            "missing": ("joined", "dropped", "votes", "1 of 100")}  # fmt: skip
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in SETTINGS.items()
        for setting in settings for seed in (0, 1, 2)]  # fmt: skip
WIDTH = 32


def measure(study: str, setting: str | int, seed: int) -> dict[str, float]:
    torch.set_default_dtype(torch.float64)
    found = {"captions": captions, "questions": questions,
             "state": state, "missing": missing}[study](setting, seed)  # fmt: skip
    found = [round(float(share), 2) for share in found] + [0.0]
    return dict(zip(("first", "second", "third"), found, strict=False))


def learn(model: nn.Module, at, loss, steps: int, rate: float = 0.01) -> None:
    train(model, at, steps=steps, learning_rate=rate, warmup=10, weight_decay=0.01,
          loss=loss, optimiser=muon)


def captions(setting: str, seed: int) -> list[Tensor]:
    how, shades = setting[:-2], int(setting[-1])
    writes = {"writes": 200, "writes longer": 600}  # steps; 600 see what finders see
    say = (written(seed, shades, writes[how]) if how in writes
           else found(how, seed, shades))  # fmt: skip
    shown = [scenes(1000, seed, new=new, shades=shades, test=True)
             for new in (True, False)]
    right = [say(s.pictures) == encode(s.captions) for s in shown]
    shares = [words.all(1).double().mean() for words in right]
    if how in writes:
        return [*shares, right[0][:, [0, 3, 4, 5, 8]].all(1).double().mean()]
    pictures, ids = shown[1].pictures, encode(shown[1].captions)
    swapped = ids[:, [0, 6, 7, 3, 4, 5, 1, 2, 8]]
    apart = (swapped != ids).any(1)
    gap = (say.score(pictures, ids) - say.score(pictures, swapped))[apart]
    return [*shares, ((gap > 1e-9).double() + (gap.abs() <= 1e-9) / 2).mean()]


def written(seed: int, shades: int, steps: int):
    model = captioner(seed, shades, steps)
    return lambda pictures: model.write(pictures, 9)


def eye(pixels: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(32 * pixels // 4, WIDTH))


class Pair(nn.Module):
    """CLIP for two objects; called, it finds the best of all 1,600 captions."""

    def __init__(self, order: bool):
        super().__init__()
        self.image, self.text = eye(128), nn.EmbeddingBag(len(WORDS), WIDTH)
        if order:
            self.text = nn.Sequential(nn.Embedding(len(WORDS), WIDTH), nn.Flatten(),
                                      nn.Linear(9 * WIDTH, WIDTH))
        pairs = kinds(new=False, shades=4)
        two = torch.cartesian_prod(*[torch.arange(40)] * 2)
        self.all = encode(describe(*pairs[two].unbind(-1)))

    def look(self, pictures: Tensor) -> Tensor:
        return F.normalize(self.image(pictures), dim=-1)

    def read(self, ids: Tensor) -> Tensor:
        return F.normalize(self.text(ids), dim=-1)

    @torch.no_grad()
    def score(self, pictures: Tensor, ids: Tensor) -> Tensor:
        return (self.look(pictures) * self.read(ids)).sum(1)

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        return self.all[(self.look(pictures) @ self.read(self.all).T).argmax(1)]


def found(how: str, seed: int, shades: int) -> Pair:
    torch.manual_seed(seed)
    model = Pair(order=how == "finds")

    def at(step: int) -> tuple[Tensor, Tensor]:
        drawn = scenes(128, 10**6 * (seed + 1) + step, shades=shades)
        return drawn.pictures, encode(drawn.captions)

    def loss(model: Pair, batch: tuple[Tensor, Tensor]) -> Tensor:
        alike = 10 * model.look(batch[0]) @ model.read(batch[1]).T
        own = torch.arange(len(alike))
        return (F.cross_entropy(alike, own) + F.cross_entropy(alike.T, own)) / 2

    learn(model, at, loss, steps=300)
    return model


ANSWERS = 10  # four colours, none to three, no and yes


def ask(n: int, seed: int, test: bool = False) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return pictures of three digits, questions (n, 3), answers (n,), kinds (n,).

    A question is its kind and two words: 0, a digit, none: which colour has it?
    1, a colour, none: how many? 2, two digits: is the first left of the second?
    """
    drawn = scenes(2 * n, seed, objects=3, shades=4, test=test)
    d, c = drawn.digits, drawn.colours
    apart = (d[:, 0] != d[:, 1]) & (d[:, 1] != d[:, 2]) & (d[:, 0] != d[:, 2])
    keep = apart.nonzero()[:n, 0]
    d, c, n = d[keep], c[keep], len(keep)
    rng = torch.Generator().manual_seed(seed)
    rows, kind = torch.arange(n), torch.randint(3, (n,), generator=rng)
    i, j = torch.rand(n, 3, generator=rng).argsort(1)[:, :2].T  # two of the three
    colour = torch.randint(4, (n,), generator=rng)
    none = torch.full((n,), 14)
    asked = torch.stack([
        torch.stack([kind + 15, d[rows, i], none]),
        torch.stack([kind + 15, colour + 10, none]),
        torch.stack([kind + 15, d[rows, i], d[rows, j]])])[kind, :, rows]
    answer = torch.stack([c[rows, i], 4 + (c == colour[:, None]).sum(1),
                          8 + (i < j).long()])[kind, rows]
    return drawn.pictures[keep], asked, answer, kind


def trained_eye(seed: int) -> nn.Module:
    """Learn to name digit and colour; return the vector before the name, frozen."""
    torch.manual_seed(seed)
    model = nn.Sequential(eye(64), nn.ReLU(), nn.Linear(WIDTH, 40))

    def at(step: int) -> tuple[Tensor, Tensor]:
        drawn = scenes(64, 10**6 * (seed + 1) + step, objects=1, shades=4)
        return drawn.pictures, 4 * drawn.digits[:, 0] + drawn.colours[:, 0]

    learn(model, at, lambda model, b: F.cross_entropy(model(b[0]), b[1]), steps=200)
    return model[:2].requires_grad_(False)


class Asked(nn.Module):
    """A picture of three cells and a question of three words -> scores of answers."""

    def __init__(self, how: str, cell: nn.Module):
        super().__init__()
        self.how = how
        self.cell = cell
        self.words = nn.Embedding(18, WIDTH)
        self.places = nn.Parameter(torch.randn(6, WIDTH) * 0.1)
        self.look = MultiHeadAttention(WIDTH, 4)
        self.listen = MultiHeadAttention(WIDTH, 4)
        self.think = self.mlp(6 * WIDTH, ANSWERS)
        self.image = self.mlp(3 * WIDTH, WIDTH)
        self.text = self.mlp(3 * WIDTH, ANSWERS * WIDTH)

    def mlp(self, n: int, m: int) -> nn.Module:
        return nn.Sequential(nn.Linear(n, 128), nn.ReLU(), nn.Linear(128, m))

    def forward(self, pictures: Tensor, asked: Tensor) -> Tensor:
        cells = pictures.unflatten(-1, (3, 8)).movedim(-2, 1)  # (n, 3, 3, 8, 8)
        cells = self.cell(cells.flatten(0, 1)).unflatten(0, (-1, 3)) + self.places[:3]
        words = self.words(asked) + self.places[3:]
        if self.how == "blind":
            cells = torch.zeros_like(cells)
        if self.how == "dot product":
            image = self.image(cells.flatten(1))
            text = self.text(words.flatten(1)).unflatten(1, (ANSWERS, WIDTH))
            return (text @ image[..., None])[..., 0]
        if self.how == "co-attention":
            cells, words = (cells + self.listen(cells, words),
                            words + self.look(words, cells))
        return self.think(torch.cat((cells, words), dim=1).flatten(1))


def questions(how: str, seed: int) -> list[Tensor]:
    model = Asked(how, trained_eye(seed))
    learn(model, lambda step: ask(64, 10**6 * (seed + 1) + step),
          lambda model, b: F.cross_entropy(model(b[0], b[1]), b[2]), steps=800)
    pictures, asked, answer, kind = ask(3000, seed, test=True)
    with torch.no_grad():
        right = (model(pictures, asked).argmax(1) == answer).double()
    return [right[kind == k].mean() for k in range(3)]


def state(how: str, seed: int) -> list[Tensor]:
    """Say the colours of four blocks from left to right, by their places (x, y)."""
    torch.manual_seed(seed)
    see = nn.Linear(2, WIDTH) if how == "numbers" else nn.Embedding(10, WIDTH)
    model = PrefixGPT(see, vocab_size=4, context=24, d_model=WIDTH)

    def at(step: int) -> tuple[Tensor, Tensor]:
        rng = torch.Generator().manual_seed(10**6 * (seed + 1) + step)
        blocks = torch.rand(64 if step else 2000, 4, 2, generator=rng)
        shown = 2 * blocks - 1
        if how == "text":  # two digits a number
            shown = (blocks[..., None] * torch.tensor([10, 100])).long() % 10
            shown = shown.flatten(1)
        return shown, blocks[..., 0].argsort(1)

    learn(model, lambda step: at(step + 1), caption_loss, steps=300, rate=0.02)
    shown, plan = at(0)
    right = model.write(shown, 4) == plan
    return [right[:, 0].double().mean(), right.all(1).double().mean()]


def missing(how: str, seed: int) -> list[float]:
    """Name a digit by noisy pixels and a noisy word, of which either may be missing.

    dropped: learns from rows with both, without the word, without the pixels; votes:
    a model for each view; 1 of 100: a word stands in one row of a hundred.
    """
    rng = np.random.default_rng(seed)
    X, digits = load_digits(return_X_y=True)
    X = X / 16 + 0.5 * rng.normal(size=X.shape)
    word = rng.normal(size=(10, 12))[digits] + rng.normal(size=(len(X), 12))
    views, n = np.hstack([X, word]), 1000
    sees = np.arange(76) < 64
    one_view = [views[:n] * sees, views[:n] * ~sees]
    few = np.arange(n)[:, None] % 100 == 0
    lessons = {"joined": [views[:n]], "dropped": [np.vstack([views[:n], *one_view])],
               "votes": one_view, "1 of 100": [views[:n] * (sees | few)]}[how]
    models = [LogisticRegression(max_iter=300, C=0.1).fit(
        rows, np.resize(digits[:n], len(rows))) for rows in lessons]
    tests = views[n:], views[n:] * sees, views[n:] * ~sees
    asked = (models, models[:1], models[-1:])  # who has nothing to see does not vote
    return [np.mean(sum(model.predict_log_proba(test) for model in who).argmax(1)
                    == digits[n:]) for test, who in zip(tests, asked, strict=True)]
