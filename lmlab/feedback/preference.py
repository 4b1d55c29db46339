"""From comparisons to a score: the Bradley-Terry loss, and a small ranker of poems.

A reward model never sees a score, only which of two answers was preferred. Lesson 15
builds the loss by hand in NumPy and trains `PoemRanker` with `fit`.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations, islice
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lmlab.models.inputs import check_ids, check_one_device

Ids = TypeVar("Ids", np.ndarray, Tensor)
"""Numbers in an array or in a tensor; what comes in also comes out."""


def pair_loss(better: Tensor, worse: Tensor) -> Tensor:
    """Return the mean of -log sigmoid(better - worse), in nats.

    better, worse: scores of the preferred and of the other answer, one shape. The
    Bradley-Terry model gives the preference the probability sigmoid(better - worse)
    (Bradley and Terry, 1952, Biometrika 39:324-345); this is its negative log
    likelihood, the reward-model loss of Ouyang et al. (2022, arXiv 2203.02155, eq. 1).
    Finite for any finite scores. Raises ValueError where shapes or devices differ, or
    there are no scores.
    """
    _must_pair(better, worse)
    return -F.logsigmoid(better - worse).mean()


def ranking_pairs(rankings: Ids) -> tuple[Ids, Ids]:
    """Return (better, worse), each (..., K (K - 1) / 2): the pairs in each ranking.

    rankings: (..., K) ids, the best first, array or tensor.

    >>> ranking_pairs(np.array([7, 3, 5]))
    (array([7, 7, 3]), array([3, 5, 5]))
    """
    if rankings.ndim == 0 or rankings.shape[-1] < 2:
        raise ValueError(
            "rankings must rank at least two ids in its last axis: "
            f"got shape {tuple(rankings.shape)}"
        )
    places = list(combinations(range(rankings.shape[-1]), 2))
    first, second = ([pair[i] for pair in places] for i in (0, 1))
    return rankings[..., first], rankings[..., second]


def ask(
    grades: np.ndarray, rankings: int, rng: np.random.Generator, noise: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Let a teacher rank poems, four at a time; return (better, worse), all her pairs.

    grades: (poems,), what she thinks of each but for a slip of the tongue: Gumbel noise
    times `noise`. With 1.0 she prefers a to b with the probability
    sigmoid(grades[a] - grades[b]) (Yellott, 1977), with 0.0 she never errs.
    """
    if np.ndim(grades) != 1 or len(grades) < 4 or rankings < 1:
        raise ValueError(
            "grades must be those of at least four poems, (poems,), and rankings at "
            f"least 1: got {np.shape(grades)} and {rankings}"
        )
    four = np.array([rng.choice(len(grades), size=4, replace=False)
                     for _ in range(rankings)])
    felt = grades[four] + noise * rng.gumbel(size=four.shape)
    better, worse = ranking_pairs(
        np.take_along_axis(four, np.argsort(-felt, axis=1), axis=1))
    return better.ravel(), worse.ravel()


def agreement(better: Ids, worse: Ids) -> float:
    """Return the share of pairs in which the better one scores higher; a tie is half.

    better, worse: scores, arrays or tensors of one shape. Scores within 1e-9 tie.
    Raises ValueError where they differ in shape or are empty.
    """
    better, worse = torch.as_tensor(better), torch.as_tensor(worse)
    _must_pair(better, worse)
    lead = (better - worse).double()
    return ((lead > 1e-9).double() + (lead.abs() <= 1e-9).double() / 2).mean().item()


class PoemRanker(nn.Module):
    """A score for a poem of `length` characters, as the sum of two ways to read it.

    `character` has one number for each character of the alphabet: what it is worth
    wherever it stands. `order` turns each character into a vector, lays the vectors
    side by side, and puts one hidden layer on top: it can see which character stands
    where. Two rankers of equal sizes with another `seed` start from other numbers.
    """

    def __init__(
        self,
        alphabet: Iterable[str],
        length: int = 20,
        d_vector: int = 8,
        hidden: int = 32,
        seed: int = 0,
    ):
        super().__init__()
        self.length = length
        self.number = {c: i for i, c in enumerate(sorted(set(alphabet)))}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            exact = {"dtype": torch.float64}  # so that every machine starts alike
            self.character = nn.Embedding(len(self.number), 1, **exact)
            vectors = nn.Embedding(len(self.number), d_vector, **exact)
            self.order = nn.Sequential(
                vectors,                              # (n, length, d_vector)
                nn.Flatten(),                         # (n, length * d_vector)
                nn.Linear(length * d_vector, hidden, **exact), nn.ReLU(),
                nn.Linear(hidden, 1, **exact),
            )
            nn.init.zeros_(self.character.weight)
            nn.init.normal_(vectors.weight, std=0.3)
        self.float()

    def forward(self, ids: Tensor) -> Tensor:
        """Return the scores (n,) of the poems whose character ids are (n, length)."""
        if ids.ndim != 2 or ids.shape[1] != self.length:
            raise ValueError(
                f"ids must have shape (n, {self.length}): got {tuple(ids.shape)}"
            )
        check_ids("ids", ids, self.character)
        return self.character(ids).sum((1, 2)) + self.order(ids).squeeze(1)

    def ids(self, poems: Iterable[Sequence[str]]) -> Tensor:
        """Return the character ids (n, characters) of n poems of equal length.

        A poem is one string or several lines. Raises ValueError for a character
        outside the alphabet and for poems of different lengths.
        """
        texts = ["".join(poem) for poem in poems]
        lengths = {len(text) for text in texts}
        if len(lengths) != 1:
            raise ValueError(
                f"poems must be there and have one length: got {sorted(lengths)}"
            )
        joined = "".join(texts)
        try:
            flat = np.array([self.number[character] for character in joined])
        except KeyError:
            unknown = "".join(sorted(set(joined) - self.number.keys()))
            raise ValueError(
                f"poems must keep to the alphabet: got {unknown!r}"
            ) from None
        return torch.from_numpy(flat.astype(np.int64)).view(len(texts), -1)

    def score(self, poems: Iterable[Sequence[str]]) -> np.ndarray:
        """Return the scores (n,) of n poems as an array; nothing is trained."""
        with torch.no_grad():
            return self(self.ids(poems)).numpy()

    def worth(self, text: str) -> np.ndarray:
        """Return what each character of `text` (n,) is worth wherever it stands."""
        with torch.no_grad():
            return self.character(self.ids([text])).numpy().reshape(-1)


def fit(
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    better: Tensor,
    worse: Tensor,
    *,
    steps: int,
    batch: int = 256,
    seed: int = 0,
) -> list[float]:
    """Train `model` to score each row of `better` above its row of `worse`.

    better, worse: what the model reads, one pair a row. Each step draws `batch` pairs
    at random (all of them where there are fewer) and takes one step of `optimiser`,
    whose learning rate falls in a straight line to zero. Returns the loss of each step.
    """
    if len(better) != len(worse) or len(better) == 0:
        raise ValueError(
            "better and worse must hold the same number of pairs, at least one: "
            f"got {len(better)} and {len(worse)}"
        )
    if batch < 1:
        raise ValueError(f"batch must be at least 1: got {batch}")
    generator = torch.Generator().manual_seed(seed)
    fall = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, total_iters=steps)
    losses = []
    for _ in range(steps):
        rows = torch.randint(len(better), (min(batch, len(better)),),
                             generator=generator)
        loss = pair_loss(model(better[rows]), model(worse[rows]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        fall.step()
        losses.append(loss.item())
    return losses


def improve(
    model: PoemRanker, poem: Sequence[str], rng: np.random.Generator, tries: int = 100
) -> tuple[str, ...]:
    """Try changes of one character; return the poem that `model` scores best."""
    ids = model.ids([poem]).repeat(tries + 1, 1)           # the last row stays
    place = rng.integers(ids.shape[1], size=tries)
    ids[np.arange(tries), place] = torch.from_numpy(
        rng.integers(len(model.number), size=tries))
    with torch.no_grad():
        best = ids[model(ids).argmax()].tolist()
    letters = list(model.number)
    text = iter(letters[i] for i in best)
    return tuple("".join(islice(text, len(line))) for line in poem)


def _must_pair(better: Tensor, worse: Tensor) -> None:
    check_one_device(better=better, worse=worse)
    if better.shape != worse.shape:
        raise ValueError(
            "better and worse must have one shape: "
            f"got {tuple(better.shape)} and {tuple(worse.shape)}"
        )
    if better.numel() == 0:
        raise ValueError("better must hold at least one score: got none")
