"""Models that turn comparisons into a score.

`PoemRanker` starts from nothing; lesson 15 builds its loss and trains it. `RewardModel`
starts from a model that has read; lesson 16 trains one, and lets a poet please it. Both
learn by `feedback.preference.pair_loss`. What climbs their scores finds their holes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lmlab.models.inputs import check_ids, precise


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


class RewardModel(nn.Module):
    """A decoder whose map to the vocabulary is replaced by a map to one number.

    Ouyang et al. 2022, arXiv 2203.02155, section 3.5. decoder: anything with
    `hidden(ids, keep=keep)` -> (batch, n, d_model) and `config.d_model`, such as `GPT`;
    it is trained along, unless its weights are frozen. All scores are 0 at first.

    pool: the score of a row is that after its "last" token, as in the paper, or the
    "mean" over its tokens, which learns from fewer comparisons where each part of an
    answer counts by itself. dropout: the share of what the head reads that is covered
    while it is trained.
    """

    def __init__(
        self, decoder: nn.Module, pool: str = "last", dropout: float = 0.0
    ):
        super().__init__()
        if pool not in ("last", "mean"):
            raise ValueError(f"pool must be 'last' or 'mean': got {pool!r}")
        self.decoder, self.pool = decoder, pool
        self.dropout = nn.Dropout(dropout)
        weight = next(decoder.parameters())
        self.head = nn.Linear(decoder.config.d_model, 1).to(weight)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def each(self, ids: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return a score after each token, (batch, n): as the critic of PPO needs it.

        ids: (batch, n); keep: boolean (batch, n), False at padding.
        """
        hidden = self.decoder.hidden(ids, keep=keep)
        return self.head(self.dropout(hidden)).squeeze(-1)

    def forward(self, ids: Tensor, keep: Tensor | None = None) -> Tensor:
        """Return the score of each row, (batch,); padding has no say in it."""
        scores = precise(self.each(ids, keep))
        if self.pool == "mean":
            kept = torch.ones_like(scores) if keep is None else keep.to(scores)
            return (scores * kept).sum(dim=-1) / kept.sum(dim=-1)
        if keep is None:
            return scores[:, -1]
        last = ids.shape[1] - 1 - keep.flip(-1).int().argmax(-1)
        return scores.gather(1, last[:, None]).squeeze(1)
