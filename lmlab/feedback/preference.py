"""From comparisons to a loss: who was preferred, how surely, and was it right?

A reward model never sees a score, only which of two answers was preferred. Lesson 15
builds the Bradley-Terry loss by hand in NumPy; lesson 16 asks how far to trust a score
(`calibration`), and does without one (`dpo_loss`). The models are in `feedback.reward`.
"""

from itertools import combinations
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lmlab.models.inputs import check_one_device, precise

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
    check_pairs(better, worse)
    return -F.logsigmoid(precise(better) - precise(worse)).mean()


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


def agreement(better: Ids, worse: Ids) -> float:
    """Return the share of pairs in which the better one scores higher; a tie is half.

    better, worse: scores, arrays or tensors of one shape. Scores within 1e-9 tie.
    Raises ValueError where they differ in shape or are empty.
    """
    return _right(_lead(better, worse)).mean().item()


def calibration(
    better: Ids, worse: Ids, bins: int = 5
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (said, right, pairs): what scores promise, what they keep, how often.

    A pair whose scores lie d apart is said to be in the right order with the chance
    sigmoid(d) (Bradley and Terry, 1952), between 0.5 and 1. The pairs go into `bins`
    bins of equal width by that chance. For each bin that is not empty: the mean chance,
    the share of pairs that are right (as `agreement` counts), the number.

    better, worse: scores of the preferred and of the other answers, of one shape.
    Raises ValueError where shapes or devices differ, or scores are missing or not
    finite.
    """
    lead = _lead(better, worse).flatten()
    check_finite(better=torch.as_tensor(better), worse=torch.as_tensor(worse))
    if bins < 1:
        raise ValueError(f"bins must be at least 1: got {bins}")
    said, right = lead.abs().sigmoid().numpy(), _right(lead).numpy()
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
    check_finite(reference_better=reference_better, reference_worse=reference_worse)
    lead = precise(better) - precise(reference_better).detach()
    other = precise(worse) - precise(reference_worse).detach()
    return -F.logsigmoid(beta * (lead - other)).mean()


def check_pairs(better: Tensor, worse: Tensor) -> None:
    """Raise ValueError unless these are scores, at least one, of one shape."""
    check_one_device(better=better, worse=worse)
    if better.shape != worse.shape:
        raise ValueError(
            "better and worse must have one shape: "
            f"got {tuple(better.shape)} and {tuple(worse.shape)}"
        )
    if better.numel() == 0:
        raise ValueError("better must hold at least one score: got none")


def check_finite(**numbers: Tensor) -> None:
    """Raise ValueError unless all of the numbers, (...) each, are finite."""
    for name, values in numbers.items():
        wrong = values[~values.isfinite()]
        if len(wrong):
            raise ValueError(f"{name} must be finite numbers: got {wrong[0].item()}")


def _lead(better: Ids, worse: Ids) -> Tensor:
    """Return by how much the better one scores higher, in float64."""
    better, worse = torch.as_tensor(better), torch.as_tensor(worse)
    check_pairs(better, worse)
    return better.detach().double() - worse.detach().double()


def _right(lead: Tensor) -> Tensor:
    return (lead > 1e-9).double() + (lead.abs() <= 1e-9).double() / 2
