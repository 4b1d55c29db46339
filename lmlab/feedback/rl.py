"""Reinforcement learning: how a score becomes a gradient.

The losses of REINFORCE, PPO and GRPO, each a function of tensors that returns a number
to be lowered. Lesson 16 builds them by hand for a policy of a few replies, and then
trains a poet with them (`feedback.rlhf`); lesson 22 uses them without a text.

`logprobs` holds the log-probability of each action that was taken, under the policy
that is trained: for a language model (batch, n), one action a token. `mask`, boolean
and of that shape, is True where an action counts; None means everywhere. Advantages,
old and reference log-probabilities are numbers, not functions of the weights: no
gradient flows into them. What comes in 16 bits is computed in float32.

Sources: Williams 1992 (Machine Learning 8:229-256); Schulman et al. 2015 (GAE, arXiv
1506.02438) and 2017 (PPO, arXiv 1707.06347); Schulman 2020, "Approximating KL
Divergence" (joschu.net/blog/kl-approx.html); Ouyang et al. 2022 (arXiv 2203.02155);
Shao et al. 2024 (GRPO, arXiv 2402.03300).
"""

from __future__ import annotations

import torch
from torch import Tensor

from lmlab.feedback.preference import check_finite
from lmlab.models.inputs import check_keep, precise


def reinforce_loss(
    logprobs: Tensor, advantages: Tensor, mask: Tensor | None = None
) -> Tensor:
    """Return minus the mean over the batch of the sum of advantage * log-probability.

    Its gradient is minus that of the expected reward (Williams 1992, theorem 1), where
    the advantage of an action is the reward minus a baseline that does not depend on
    the action. Any such baseline leaves the mean of the gradient alone and changes its
    scatter; the mean reward of the batch is the usual one.

    logprobs: (batch,) or (batch, n). advantages: the same shape, or (batch,) for one
    number that all actions of a row share.
    """
    mask = check_actions(mask, logprobs=logprobs)
    advantages = _per_action(advantages, logprobs)
    return -(advantages * logprobs * mask).sum() / len(logprobs)


def ppo_loss(logprobs: Tensor, old: Tensor, advantages: Tensor,
             mask: Tensor | None = None, clip: float = 0.2) -> Tensor:
    """Return minus the clipped gain of PPO, averaged over all actions that count.

    Schulman et al. 2017, equation 7: with r = p / p_old, the gain of an action is
    min(r A, clip(r, 1 - clip, 1 + clip) A). Once r has moved by `clip` in the direction
    that A asks for, nothing more can be gained and the gradient is 0.

    logprobs, old: log-probabilities now and when the actions were drawn, (batch,) or
    (batch, n). advantages: that shape, or (batch,) for one number a row.
    """
    mask = check_actions(mask, logprobs=logprobs, old=old)
    return -_mean(_clipped_gain(logprobs, old, advantages, clip), mask)


def grpo_loss(logprobs: Tensor, old: Tensor, reference: Tensor, advantages: Tensor,
              mask: Tensor | None = None, clip: float = 0.2,
              beta: float = 0.04) -> Tensor:
    """Return the loss of GRPO: PPO's gain without a critic, minus beta * KL.

    Shao et al. 2024, equation 3: the mean over the answers of the mean over the tokens
    of one answer (so that a token of a long answer counts less). The KL term is the
    estimator k3 of `token_kl`. Differentiated as it stands here, it pulls along the
    gradient of KL(reference || policy), not of KL(policy || reference).

    logprobs, old, reference: (batch, n), of the trained policy, of the one that wrote
    the answers, and of the one to stay close to. advantages: (batch,), as from
    `group_advantages`, or (batch, n).
    """
    mask = check_actions(mask, rows=True, logprobs=logprobs, old=old)
    gain = _clipped_gain(logprobs, old, advantages, clip)
    gain = (gain - beta * token_kl(logprobs, reference, "k3")) * mask
    return -(gain.sum(-1) / mask.sum(-1)).mean()


def group_advantages(rewards: Tensor) -> Tensor:
    """Return (reward - mean) / standard deviation, within each group.

    rewards: (groups, samples), the samples of a group answering one prompt. Where all
    samples of a group earn the same, up to rounding, there is nothing to learn: zeros.
    (Shao et al. 2024, section 4.1.2. The deviation is taken with n - 1, and 1e-4 is
    added to it, as is usual in practice.)
    """
    fits = rewards.ndim == 2 and len(rewards) > 0 and rewards.shape[1] > 1
    if not fits or not rewards.is_floating_point():
        raise ValueError(
            "rewards must be floating point and have shape (groups, samples), at least "
            f"one group of two: got {tuple(rewards.shape)}, {rewards.dtype}"
        )
    check_finite(rewards=rewards)
    rounding = 2 * torch.finfo(rewards.dtype).eps * rewards.abs().amax(1, keepdim=True)
    rewards = precise(rewards)
    centred = rewards - rewards.mean(1, keepdim=True)
    deviation = rewards.std(1, keepdim=True)
    advantages = centred / (deviation + 1e-4)
    return advantages.where(deviation > rounding, 0)


def token_rewards(scores: Tensor, logprobs: Tensor, reference: Tensor,
                  mask: Tensor | None = None, beta: float = 0.02) -> Tensor:
    """Return (batch, n): each token pays for leaving the reference, the last is paid.

    Token t earns -beta (log p - log p_reference); the last token that counts earns the
    score of the whole answer on top (Ouyang et al. 2022, equation 2).

    scores: (batch,). logprobs, reference: (batch, n).
    """
    mask = check_actions(mask, rows=True, logprobs=logprobs)
    if scores.shape != logprobs.shape[:1] or scores.device != logprobs.device:
        raise ValueError(
            f"scores must have shape (batch,) = {tuple(logprobs.shape[:1])}, on "
            f"{logprobs.device}: got {tuple(scores.shape)} on {scores.device}"
        )
    check_finite(scores=scores)
    last = mask & (mask.flip(-1).cumsum(-1).flip(-1) == 1)
    price = -beta * token_kl(logprobs, reference, "k1").detach() * mask
    return price + precise(scores.detach())[:, None] * last


def gae(rewards: Tensor, values: Tensor, mask: Tensor | None = None,
        discount: float = 1.0, trace: float = 0.95) -> Tensor:
    """Return the advantages (batch, n) of generalised advantage estimation.

    Schulman et al. 2015, equations 11 and 16, from the last action to the first, with
    gamma = `discount` and lambda = `trace`:
        delta_t = r_t + gamma V_(t+1) - V_t,    A_t = delta_t + gamma lambda A_(t+1).
    Nothing is expected after the last action. trace 0 trusts the values one step ahead;
    trace 1 trusts only what was really earned.

    rewards, values: (batch, n); values[:, t] is what was expected before action t.
    What the values should have been is the result + values (see `value_loss`).
    """
    mask = check_actions(mask, rows=True, rewards=rewards, values=values)
    rewards, values = precise(rewards), precise(values.detach()) * mask
    advantages = torch.zeros_like(values)
    ahead = expected = torch.zeros_like(values[:, 0])
    for t in reversed(range(values.shape[1])):
        delta = rewards[:, t] + discount * expected - values[:, t]
        ahead = (delta + discount * trace * ahead) * mask[:, t]
        advantages[:, t], expected = ahead, values[:, t]
    return advantages


def value_loss(values: Tensor, returns: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the mean of (value - return)^2 over what counts (Schulman et al. 2017).

    values: (batch, n), of the critic that is trained; returns: advantages + values as
    `gae` saw them, the same shape.
    """
    mask = check_actions(mask, values=values, returns=returns)
    return _mean((precise(values) - precise(returns.detach())) ** 2, mask)


def token_kl(logprobs: Tensor, reference: Tensor, estimator: str = "k3") -> Tensor:
    """Estimate KL(policy || reference) from the tokens that the policy drew.

    logprobs, reference: log-probabilities of those tokens, any one shape, which is also
    the result's. With x = log p - log p_reference, named as in Schulman 2020:
        "k1"  x                 right on average, often below 0
        "k3"  exp(-x) - 1 + x   right on average, never below 0, scatters less
                                while the two are close
    Their slopes are another matter: lowering k1 does nothing on average, lowering k3
    follows KL(reference || policy). To lower KL(policy || reference) itself, put k1
    into the rewards (`token_rewards`).
    """
    check_alike(logprobs=logprobs, reference=reference)
    x = precise(logprobs) - precise(reference.detach())
    if estimator == "k1":
        return x
    if estimator == "k3":
        return torch.expm1(-x) + x
    raise ValueError(f'estimator must be "k1" or "k3": got {estimator!r}')


def sequence_kl(logprobs: Tensor, reference: Tensor, mask: Tensor | None = None,
                estimator: str = "k3") -> Tensor:
    """Return (batch,): `token_kl` added up over the tokens of each answer, in nats.

    The KL of whole answers is the sum of what each token adds (the chain rule).
    logprobs, reference: (batch, n).
    """
    mask = check_actions(mask, rows=True, logprobs=logprobs)
    return (token_kl(logprobs, reference, estimator) * mask).sum(-1)


def check_actions(
    mask: Tensor | None, rows: bool = False, **actions: Tensor
) -> Tensor:
    """Return the mask, or one that is True everywhere.

    Raises ValueError unless all that is said of the actions has one shape, (batch, n),
    or else (batch,) if not `rows`, and the mask leaves each row an action.
    """
    check_alike(**actions)
    name, first = next(iter(actions.items()))
    if first.ndim != 2 and (rows or first.ndim != 1):
        shape = "(batch, n)" if rows else "(batch,) or (batch, n)"
        raise ValueError(f"{name} must have shape {shape}: got {tuple(first.shape)}")
    if first.numel() == 0:
        raise ValueError(
            f"{name} must hold at least one action: got shape {tuple(first.shape)}"
        )
    if mask is None:
        return torch.ones_like(first, dtype=torch.bool)
    check_alike(**{name: first, "mask": mask})
    each = mask.reshape(len(mask), -1)
    check_keep("mask", each, each.shape, first.device)
    return mask


def check_alike(**tensors: Tensor) -> None:
    """Raise ValueError unless all have the shape and the device of the first."""
    (name, first), *others = tensors.items()
    for other, tensor in others:
        if tensor.shape != first.shape or tensor.device != first.device:
            raise ValueError(
                f"{other} must have the shape and device of {name}, "
                f"{tuple(first.shape)} on {first.device}: "
                f"got {tuple(tensor.shape)} on {tensor.device}"
            )


def _clipped_gain(
    logprobs: Tensor, old: Tensor, advantages: Tensor, clip: float
) -> Tensor:
    if not 0 < clip < 1:
        raise ValueError(f"clip must lie between 0 and 1: got {clip}")
    advantages = _per_action(advantages, logprobs)
    ratio = (precise(logprobs) - precise(old.detach())).exp()
    kept = ratio.clamp(1 - clip, 1 + clip)
    return torch.minimum(ratio * advantages, kept * advantages)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum()


def _per_action(advantages: Tensor, logprobs: Tensor) -> Tensor:
    """Advantages in the shape of the log-probabilities, as plain numbers."""
    if advantages.ndim == 1 and logprobs.ndim == 2:
        advantages = advantages[:, None].expand(len(advantages), logprobs.shape[1])
    check_alike(logprobs=logprobs, advantages=advantages)
    check_finite(advantages=advantages)
    return precise(advantages.detach())
