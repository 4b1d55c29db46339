"""A reward model on a decoder, how far to trust it, and DPO, which does without one.

Where `feedback.preference.PoemRanker` starts from nothing, `RewardModel` starts from a
model that has read. Lesson 16 trains one with `preference.pair_loss`, lets a poet
please it, and compares that with learning from the comparisons directly.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from lmlab.feedback.preference import Ids, pair_loss
from lmlab.models.inputs import check_one_device


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
        scores = self.each(ids, keep)
        if self.pool == "mean":
            kept = torch.ones_like(scores) if keep is None else keep.to(scores)
            return (scores * kept).sum(dim=-1) / kept.sum(dim=-1)
        if keep is None:
            return scores[:, -1]
        last = ids.shape[1] - 1 - keep.flip(-1).int().argmax(-1)
        return scores.gather(1, last[:, None]).squeeze(1)


def calibration(
    better: Ids, worse: Ids, bins: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (said, right, pairs): what scores promise, what they keep, how often.

    A pair whose scores lie d apart is said to be in the right order with the chance
    sigmoid(d) (Bradley and Terry, 1952), between 0.5 and 1. The pairs go into `bins`
    bins of equal width by that chance. For each bin that is not empty: the mean chance,
    the share of pairs that are right (as `preference.agreement` counts), the number.

    better, worse: scores of the preferred and of the other answers, of one shape.
    Raises ValueError where shapes or devices differ, or scores are missing or not
    finite.
    """
    better, worse = (torch.as_tensor(s).detach().double() for s in (better, worse))
    check_one_device(better=better, worse=worse)
    if better.shape != worse.shape or better.numel() == 0:
        raise ValueError(
            "better and worse must have one shape, with at least one score: "
            f"got {tuple(better.shape)} and {tuple(worse.shape)}"
        )
    _must_be_finite(better=better, worse=worse)
    if bins < 1:
        raise ValueError(f"bins must be at least 1: got {bins}")
    lead = (better - worse).flatten().numpy()
    said = 1 / (1 + np.exp(-np.abs(lead)))
    right = (lead > 1e-9) + (np.abs(lead) <= 1e-9) / 2
    place = np.minimum((2 * said - 1) * bins, bins - 1).astype(int)
    pairs, said, right = (np.bincount(place, w, bins) for w in (None, said, right))
    full = pairs > 0
    return said[full] / pairs[full], right[full] / pairs[full], pairs[full]


def calibration_error(better: Ids, worse: Ids, bins: int = 5) -> float:
    """Return by how much promise and fact differ, averaged over the pairs.

    The expected calibration error of Guo et al. 2017 (arXiv 1706.04599, equation 3),
    over the bins of `calibration`.
    """
    said, right, pairs = calibration(better, worse, bins)
    return float((np.abs(said - right) * pairs).sum() / pairs.sum())


def dpo_loss(
    better: Tensor,
    worse: Tensor,
    reference_better: Tensor,
    reference_worse: Tensor,
    beta: float = 0.1,
) -> Tensor:
    """Return the loss of direct preference optimisation, in nats.

    Rafailov et al. 2023 (arXiv 2305.18290), equation 7: the Bradley-Terry loss, where
    the score of an answer is beta (log p - log p_reference). So the policy is its own
    reward model, and the leash is inside the loss.

    better, worse: log-probabilities of the preferred and of the other answers, whole
    answers, under the policy that is trained, (batch,). The reference's: the same, as
    finite numbers. beta: the larger, the shorter the leash.
    """
    if not beta > 0:
        raise ValueError(f"beta must be greater than 0: got {beta}")
    four = (better, worse, reference_better, reference_worse)
    check_one_device(better=better, worse=worse, reference_better=reference_better,
                     reference_worse=reference_worse)
    shapes = [tuple(logprobs.shape) for logprobs in four]
    if len(set(shapes)) > 1 or better.ndim != 1 or len(better) == 0:
        raise ValueError(
            "better, worse, reference_better and reference_worse must all have one "
            f"shape, (batch,): got {shapes}"
        )
    _must_be_finite(reference_better=reference_better, reference_worse=reference_worse)
    return pair_loss(
        beta * (better - reference_better.detach()),
        beta * (worse - reference_worse.detach()),
    )


def _must_be_finite(**numbers: Tensor) -> None:
    for name, values in numbers.items():
        wrong = values[~values.isfinite()]
        if len(wrong):
            raise ValueError(f"{name} must be finite numbers: got {wrong[0].item()}")
