"""Lesson 10: BERT, GPT and T5 of one size, on the same text, with three seeds.

Each learns the tone signs of quatrains its own way, then string tasks written as text.
Two more: 16 layers with the norms before and after; a GPT on plays, in bits.
"""

import lzma
import zlib
from functools import lru_cache
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from lmlab.learning.batches import rows, windows
from lmlab.learning.training import train
from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.t5 import T5, T5Config
from lmlab.page import datasets
from lmlab.text.poems import quatrains, tonal, tones

SIGNS = {"level": 0, "oblique": 1, "either": 2}
HOLE = 3  # BERT's mask, T5's sentinel, and what GPT and T5 begin with
TASKS = {"copy": 11, "reverse": 12, "order": 13}  # 0 .. 9 are letters, 10 begins
TESTS = ["fill a gap (share)", "go on (nats)", "write by rules (share)",
         "probe of vectors (share)", "copy, reverse, order (share)"]  # fmt: skip
STEPS = range(10, 61, 10)
ROWS = [
    *({"model": m, "test": t, "seed": s}
      for s, m, t in product(range(3), ["BERT", "GPT", "T5"], TESTS)),
    *({"model": m, "test": f"loss at step {step}", "seed": s}
      for s, m, step in product(range(3), ["pre-norm", "post-norm"], STEPS)),
    *({"model": m, "test": "bits of a play", "seed": s}
      for s, m in [(0, "zlib"), (0, "LZMA"), (0, "GPT"), (1, "GPT"), (2, "GPT")]),
]  # fmt: skip


def measure(model: str, test: str, seed: int) -> dict[str, float]:
    torch.manual_seed(seed)
    if test.startswith("copy"):
        score = right_strings(model, seed)
    elif test.startswith("loss"):
        step = int(test.split()[-1])
        score = np.mean(deep_losses(model == "pre-norm", seed)[step - 10 : step])
    elif test == "bits of a play":
        score = play_bits(model, seed)
    else:
        score = READ[test](*trained(model, seed))
    return {"score": round(float(score), 2)}


@lru_cache
def text() -> tuple[Tensor, Tensor]:
    """Signs of all quatrains, (n, 20): nine poems in ten, and the tenth."""
    poems = datasets.tang_five()
    parts = [p for i, p in enumerate(poems) if i % 10], poems[::10]
    return tuple(
        torch.tensor([[SIGNS[t] for t in tones("".join(q))] for q in quatrains(part)])
        for part in parts)  # fmt: skip


def shift(x: Tensor, first: int = HOLE) -> Tensor:
    return F.pad(x, (1, -1), value=first)


def bert_loss(model: BERT, x: Tensor) -> Tensor:
    hidden = torch.rand(x.shape) < 0.15
    logits = model.masked_lm_logits(model(x.masked_fill(hidden, HOLE))[hidden])
    return F.cross_entropy(logits, x[hidden])


def gpt_loss(model: GPT, x: Tensor) -> Tensor:
    return F.cross_entropy(model(shift(x)).flatten(0, 1), x.flatten())


def t5_loss(model: T5, x: Tensor) -> Tensor:
    """A span goes, one hole stays in its place, and the decoder writes the span."""
    start = torch.randint(20, ()).item()
    end = min(20, start + torch.randint(1, 6, ()).item())
    logits = model(holed(x, start, end), shift(x[:, start:end]))
    return F.cross_entropy(logits.flatten(0, 1), x[:, start:end].flatten())


def holed(x: Tensor, start: int, end: int) -> Tensor:
    return torch.hstack([x[:, :start], torch.full_like(x[:, :1], HOLE), x[:, end:]])


LOSSES = {"BERT": bert_loss, "GPT": gpt_loss, "T5": t5_loss}


def build(name: str, vocab_size: int, context: int) -> nn.Module:
    """Two layers in each: T5 has one on each side."""
    if name == "T5":
        return T5(T5Config(vocab_size, 48, 1, 4))
    if name == "GPT":
        return GPT(GPTConfig(vocab_size, context, 48, 2, 4))
    return BERT(BERTConfig(vocab_size, context, 48, 2, 4))


@lru_cache(maxsize=1)
def trained(name: str, seed: int) -> tuple[str, nn.Module]:
    model = build(name, 4, 20)
    train(model, rows(text()[0], 64, seed), steps=300, learning_rate=0.005, warmup=30,
          loss=LOSSES[name], progress=False)  # fmt: skip
    return name, model.eval()


def next_sign(name: str, model: nn.Module, x: Tensor, i: int) -> Tensor:
    """Log-probabilities of sign i after those before it, (batch, 3)."""
    if name == "T5":
        logits = model(holed(x, i, 20), torch.full_like(x[:, :1], HOLE))[:, 0]
    elif name == "GPT":
        logits = model(shift(x))[:, i]
    else:
        hidden = torch.arange(20) >= i
        logits = model.masked_lm_logits(model(x.masked_fill(hidden, HOLE))[:, i])
    return logits[:, :3].log_softmax(-1)


@torch.no_grad()
def gap(name: str, model: nn.Module) -> float:
    """Share of hidden signs found, one hidden at a time. GPT tries all three."""
    x, right = text()[1][:1000], 0
    for i in range(20):
        if name == "T5":
            start = torch.full_like(x[:, :1], HOLE)
            scores = model(holed(x, i, i + 1), start)[:, 0, :3]
        elif name == "BERT":
            hidden = torch.arange(20) == i
            scores = model(x.masked_fill(hidden, HOLE))[:, i]
            scores = model.masked_lm_logits(scores)[:, :3]
        else:
            tries = [x.masked_fill(torch.arange(20) == i, sign) for sign in range(3)]
            scores = torch.stack([
                model(shift(t)).log_softmax(-1).gather(-1, t[..., None]).sum((1, 2))
                for t in tries], 1)  # fmt: skip
        right += (scores.argmax(-1) == x[:, i]).sum().item()
    return right / x.numel()


@torch.no_grad()
def go_on(name: str, model: nn.Module) -> float:
    x = text()[1][:1000]
    return np.mean([F.nll_loss(next_sign(name, model, x, i), x[:, i]).item()
                    for i in range(20)])  # fmt: skip


@torch.no_grad()
def writing(name: str, model: nn.Module) -> float:
    """Share of 1,000 quatrains, written sign after sign, that keep the pattern."""
    x = torch.full((1000, 20), HOLE)
    for i in range(20):
        if name == "T5":
            logits = model(x[:, :1], F.pad(x[:, :i], (1, 0), value=HOLE))[:, i, :3]
            chances = logits.softmax(-1)
        else:
            chances = next_sign(name, model, x, i).exp()
        x[:, i] = chances.multinomial(1)[:, 0]
    return keeps(x).mean()


def keeps(x: Tensor) -> np.ndarray:
    lines = ["".join("平仄中"[sign] for sign in row) for row in x.tolist()]
    return np.array([tonal([q[k : k + 5] for k in (0, 5, 10, 15)]) for q in lines])


@torch.no_grad()
def probe(name: str, model: nn.Module) -> float:
    """A linear reader of the mean vector: does the quatrain keep the pattern?"""
    look = {"T5": "encode", "GPT": "hidden", "BERT": "forward"}[name]
    first, held = text()[0][:3000], text()[1]
    mean = lambda x: getattr(model, look)(x).mean(1).numpy()  # noqa: E731
    vectors, new = mean(first), mean(held)
    middle, spread = vectors.mean(0), vectors.std(0)
    reader = LogisticRegression(max_iter=2000)
    reader.fit((vectors - middle) / spread, keeps(first))
    return reader.score((new - middle) / spread, keeps(held))


READ = dict(zip(TESTS, [gap, go_on, writing, probe], strict=False))


def string_task(x: Tensor, task: str) -> tuple[Tensor, Tensor]:
    """Five letters -> (task, letters) and the answer, five letters."""
    answer = {"copy": x, "reverse": x.flip(1), "order": x.sort(1).values}[task]
    return F.pad(x, (1, 0), value=TASKS[task]), answer


def string_logits(name: str, model: nn.Module, source: Tensor, answer: Tensor):
    if name == "T5":
        return model(source, shift(answer, 10))
    if name == "GPT":
        return model(torch.hstack([source, shift(answer, 10)]))[:, -5:]
    hidden = model(torch.hstack([source, torch.full_like(answer, 10)]))
    return model.masked_lm_logits(hidden[:, -5:])


def right_strings(name: str, seed: int) -> float:
    model = build(name, 14, 11)

    def loss(model: nn.Module, x: Tensor) -> Tensor:
        parts = map(string_task, x.chunk(3), TASKS)
        source, answer = map(torch.cat, zip(*parts, strict=True))
        logits = string_logits(name, model, source, answer)
        return F.cross_entropy(logits.flatten(0, 1), answer.flatten())

    # Of 0.003, 0.005, 0.01 and 0.02 this rate is the best for each family (mean of 3).
    train(model, rows(torch.randint(10, (50000, 5)), 96, seed), steps=400,
          learning_rate=0.01, warmup=40, loss=loss, progress=False)  # fmt: skip
    x, right = torch.randint(10, (500, 5)), []
    with torch.no_grad():
        for task in TASKS:
            source, answer = string_task(x, task)
            written = torch.full_like(answer, 10)
            for i in range(5):
                logits = string_logits(name, model.eval(), source, written)
                written[:, i] = logits[:, i].argmax(-1)
            right.append((written == answer).all(1).float().mean().item())
    return np.mean(right)


@lru_cache(maxsize=1)
def deep_losses(norm_first: bool, seed: int) -> list[float]:
    """60 steps of 16 layers, from torch's own first weights."""
    model = GPT(GPTConfig(4, 20, 32, n_layers=16, n_heads=2, norm_first=norm_first))
    for part in model.modules():
        if isinstance(part, nn.Linear):
            part.reset_parameters()
    return train(model, rows(text()[0], 16, seed), steps=60, learning_rate=0.002,
                 loss=gpt_loss, progress=False).loss  # fmt: skip


def play_bits(name: str, seed: int) -> float:
    """Bits a character of 1,500 held out; LZMA reads the text before them first."""
    plays = datasets.shakespeare7()
    test, before = plays[-1500:].encode(), plays[:-1500].encode()
    if name == "zlib":
        return 8 * len(zlib.compress(test, 9)) / 1500
    if name == "LZMA":
        after = len(lzma.compress(before + test)) - len(lzma.compress(before))
        return 8 * after / 1500
    letters = sorted(set(plays))
    ids = torch.tensor([letters.index(c) for c in plays])
    model = GPT(GPTConfig(len(letters), 64, 48, 2, 4))
    train(model, windows(ids[:-1500], 16, 64, seed), steps=400, learning_rate=0.005,
          warmup=40, progress=False)  # fmt: skip
    total = 0.0
    with torch.no_grad():
        for start in range(0, 1500, 60):  # each 60 after the four before them
            at = len(ids) - 1500 + start
            window = ids[None, at - 4 : at + 60]
            loss = F.cross_entropy(model(window)[0, 3:-1], window[0, 4:])
            total += 60 * loss.item()
    return total / 1500 / np.log(2)
