"""Lesson 17: longer runs and other seeds, in six small studies.

A row of digits is a task, a sign and an answer, learned and asked as on the page.

study      | setting                 | first, second, third, fourth
sums       | how the answer is given | share right of unseen sums of four digits after
           |                         | 150, 450 and 750 steps
addition   | how the answer is given | share right of unseen pairs of two digits after
           |                         | 200, 400, 600, 800 steps
code       | what was read before    | share right of running sums after 80, 160, 240,
           | (100 steps)             | 320 steps on them
regression | examples in the prompt  | squared error: model, ridge; both on inputs three
           |                         |                         | times as far out
roles      | a chat                  | share of its last letter answered in capitals
turns      | turns after the system's| the same with the last 24 tokens alone, and with
           | order of capitals       | the order and the last 22
"""

from collections.abc import Iterator
from functools import cache, partial
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from lmlab.learning.batches import Batches, windows
from lmlab.learning.batches import rows as deal
from lmlab.learning.muon import muon
from lmlab.learning.training import adamw, next_token_loss, train
from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.sampling import generate
from lmlab.page.datasets import shakespeare7
from lmlab.text.tokenizers import Characters

SETTINGS = {
    "sums": ("at once", "dots"),
    "addition": ("at once", "carries first", "reversed"),
    "code": ("nothing", "plays", "brackets", "false traces", "traces"),
    "regression": (1, 2, 4, 8),
    "turns": tuple(range(1, 9)),
    "roles": ("<system>大<user>小N", "<system>小<user>大N", "<user>小N", "<user>大N",
              "<system>大<user><system>小<user>N"),
}
ROWS = [{"study": study, "setting": setting, "seed": seed}
        for study, settings in reversed(SETTINGS.items())
        for setting in settings for seed in (0, 1, 2)]
N = 16  # characters of a window, where a text is read before the sums


def measure(study: str, setting: str | int, seed: int) -> dict[str, float]:
    found = {"sums": sums, "addition": addition, "code": code,
             "regression": regression, "roles": roles, "turns": turns,
             }[study](setting, seed)
    places = ("first", "second", "third", "fourth")
    return {place: round(next(found, 0.0), 2) for place in places}


@cache
def characters() -> Characters:
    return Characters(shakespeare7() + "0123456789+=.;()[]")


def small(seed: int, reads: Characters, context: int = N) -> LLaMA:
    torch.manual_seed(seed)
    return LLaMA(LLaMAConfig(reads.vocab_size, context, d_model=32, n_layers=2,
                             n_heads=2))


def learn(model: nn.Module, at: Batches, steps: int, loss, **more) -> dict[int, float]:
    settings = {"learning_rate": 0.02, "optimiser": muon} | more
    return train(model, at, steps=steps, warmup=10, weight_decay=0.01, loss=loss,
                 **settings).held_out


def practise(model: LLaMA, tasks: list[str], seed: int, steps: int, every: int,
             ) -> Iterator[float]:
    """Yield, each `every` steps, the share right of 1,000 tasks kept apart."""
    ids = torch.tensor([characters().encode(task) for task in tasks])
    ids = ids[torch.randperm(len(ids), generator=torch.Generator().manual_seed(0))]
    start = tasks[0].index("=") + 1
    answer = torch.arange(ids.shape[1]) >= start
    held_out = ids[-1000:]

    def right(model: LLaMA) -> float:
        said = generate(model, held_out[:, :start].tolist(), temperature=0,
                        max_new_tokens=ids.shape[1] - start)
        return (torch.tensor(said) == held_out[:, start:]).all(1).double().mean().item()

    def loss(model: LLaMA, ids: Tensor) -> Tensor:
        return next_token_loss(model(ids), ids, answer.expand(ids.shape))

    found = learn(model, deal(ids[:-1000], 64, seed), steps, loss,
                  evaluate=right, evaluate_every=every)
    yield from (share for step, share in found.items() if step)


def digits(numbers: list[int]) -> str:
    return "".join(map(str, numbers))


def sum_of_four(how: str) -> list[str]:
    tasks = []
    for d in torch.cartesian_prod(*[torch.arange(10)] * 4):
        so_far = d.cumsum(0) % 10
        steps = {"at once": "", "dots": "...",
                 "running sums": digits(so_far[:3].tolist())}[how]
        tasks.append(f"{digits(d.tolist())}={steps}{so_far[3]}")
    return tasks


def sums(how: str, seed: int) -> Iterator[float]:
    tasks = sum_of_four(how)
    return islice(practise(small(seed, characters()), tasks, seed, 750, 150), 0, 5, 2)


def addition(how: str, seed: int) -> Iterator[float]:
    def answer(a: int, b: int) -> str:
        total, units = f"{a + b:03}", a % 10 + b % 10 >= 10
        return {"at once": total, "reversed": total[::-1],
                "carries first": f"{units:d}{a + b >= 100:d}{total}"}[how]

    tasks = [f"{a:02}+{b:02}={answer(a, b)}" for a in range(100) for b in range(100)]
    return practise(small(seed, characters()), tasks, seed, 800, 200)


def code(before: str, seed: int) -> Iterator[float]:
    """Read something else, then learn running sums."""
    model, g = small(seed, characters()), torch.Generator().manual_seed(seed)
    if before != "nothing":
        ids = torch.tensor(characters().encode(something(before, g)))
        learn(model, windows(ids, 64, N, seed), 100,
              lambda model, ids: next_token_loss(model(ids), ids))
    return practise(model, sum_of_four("running sums"), seed, 320, 80)


def something(kind: str, g: torch.Generator, n: int = 100_000) -> str:
    """Return plays, brackets, or a variable that grows, with true or false values.

    A trace reads `x=3;x+4=7;x+5=2;`, all modulo 10.
    """
    if kind == "plays":
        return shakespeare7()[:n]
    draw = torch.randint(10, (2, n), generator=g).tolist()
    text, value, stack = [], 0, []
    for digit, other in zip(*draw, strict=True):
        if kind == "brackets":
            close = stack and (digit < 5 or len(stack) > 5)
            text.append(stack.pop() if close else "[("[other % 2])
            if not close:
                stack.append("])"[other % 2])
        elif not text or digit == 0:
            value = other
            text.append(f"x={value};")
        else:
            value = (value + digit) % 10 if kind == "traces" else other
            text.append(f"x+{digit}={value};")
    return "".join(text)[:n]


class Guesser(nn.Module):
    """Reads x, y, x, y ... as vectors, and says at each x which y follows."""

    def __init__(self, d_model: int = 32):
        super().__init__()
        self.enter = nn.Linear(4, d_model)  # x: 2 numbers; y: 1; which of the two
        self.places = nn.Embedding(18, d_model)
        self.blocks = nn.ModuleList(
            Block(MultiHeadAttention(d_model, 4),
                  FeedForward(d_model, 4 * d_model, "gelu"),
                  norm=partial(nn.LayerNorm, d_model)) for _ in range(2))
        self.leave = nn.Linear(d_model, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(batch, n, 2) and (batch, n) -> (batch, n)."""
        zero = torch.zeros_like(y)
        asked = torch.stack([x[..., 0], x[..., 1], zero, zero + 1], dim=-1)
        told = torch.stack([zero, zero, y, zero], dim=-1)
        h = self.enter(torch.stack([asked, told], dim=2).flatten(1, 2))
        h = h + self.places.weight[: h.shape[1]]
        for block in self.blocks:
            h = block(h, causal=True)
        return self.leave(h)[:, ::2, 0]


def lines(step: int, seed: int, batch: int = 64, far: float = 1.0) -> tuple:
    """Return x (batch, 9, 2) and y = w x + noise of spread 0.5, each row's own w."""
    g = torch.Generator().manual_seed(seed * 1_000_003 + step)
    w, x = (torch.randn(batch, *shape, generator=g) for shape in ((2, 1), (9, 2)))
    noise = torch.randn(batch, 9, generator=g) / 2
    return far * x, (far * x @ w)[..., 0] + noise


@cache
def guesser(seed: int) -> Guesser:
    torch.manual_seed(seed)
    model = Guesser()
    learn(model, lambda step: lines(step, seed), 1200,
          lambda model, pair: (model(*pair) - pair[1]).square().mean(),
          learning_rate=0.005, optimiser=adamw)
    return model


def regression(shots: int, seed: int) -> Iterator[float]:
    for far in (1.0, 3.0):
        x, y = lines(-1, seed + 100, 4000, far)
        with torch.no_grad():
            guess = guesser(seed)(x, y)[:, shots]
        past = x[:, :shots]
        inverse = torch.linalg.inv(past.mT @ past + 0.25 * torch.eye(2))
        w = inverse @ past.mT @ y[:, :shots, None]
        ridge = (x[:, shots, None] @ w)[:, 0, 0]
        for said in (guess, ridge):
            yield (said - y[:, shots]).square().mean().item()


CHAT = Characters("abcdefABCDEF大小", ["<system>", "<user>", "<model>", "<pad>"])


def dialogue(rng: np.random.Generator) -> str:
    """Return a chat of four turns in which 大 asks for capitals, 小 for small letters.

    The system's last order holds, or else the user's last wish, or else small letters.
    """
    order, wish, chat = "", "小", ""
    for turn in range(4):
        if rng.random() < (0.2 if turn else 0.5):
            order = rng.choice(["大", "小"])
            chat += rng.choice(["", "<user>"])  # who may send nothing
            chat += f"<system>{order}"
        said, letter = rng.choice(["", "大", "小"]), rng.choice([*"abcdef"])
        wish = said or wish
        reply = letter.upper() if (order or wish) == "大" else letter
        chat += f"<user>{said}{letter}<model>{reply}"
    return chat


@cache
def clerk(seed: int) -> LLaMA:
    """Learn to answer such chats."""
    pad, speaks = (CHAT.special[mark] for mark in ("<pad>", "<model>"))

    def chats(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        ids = [CHAT.encode(dialogue(rng), special=True) for _ in range(32)]
        return torch.tensor([(row + [pad] * 30)[:30] for row in ids])

    def loss(model: LLaMA, ids: Tensor) -> Tensor:
        return next_token_loss(model(ids), ids, (ids == speaks).roll(1, 1))

    model = small(seed, CHAT, context=48)
    learn(model, chats, 150, loss)
    return model


def capitals(seed: int, chats: list[list[int]]) -> float:
    """Return the share of chats (equally long, as ids) answered in capitals."""
    with torch.no_grad():
        said = clerk(seed)(torch.tensor(chats))[:, -1].argmax(-1)
    return sum(map(str.isupper, CHAT.decode(said.tolist()))) / len(chats)


def roles(chat: str, seed: int) -> Iterator[float]:
    yield capitals(seed, [
        CHAT.encode(chat.replace("N", letter) + "<model>", special=True)
        for letter in "abcdef"])


def turns(n: int, seed: int, room: int = 24) -> Iterator[float]:
    rng, whole = np.random.default_rng(n), []
    for _ in range(50):
        talk = "".join(f"<user>小{c}<model>{c.upper()}"
                       for c in rng.choice([*"abcdef"], n))
        whole.append(CHAT.encode("<system>大" + talk, special=True)[:-1])
    yield capitals(seed, [ids[-room:] for ids in whole])
    yield capitals(seed, [ids[:2] + ids[2:][2 - room:] for ids in whole])
