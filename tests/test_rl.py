"""What feedback.rl promises: slopes that are those of the objective named."""

import math
from itertools import product

import pytest
import torch

from lmlab.feedback.rl import (
    gae,
    group_advantages,
    grpo_loss,
    ppo_loss,
    reinforce_loss,
    sequence_kl,
    token_kl,
    token_rewards,
    value_loss,
)


def numbers(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-9) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() < tolerance)


# A policy small enough to list all it can do: two actions out of three, one after the
# other. Row 0 of theta holds the logits of the first, row 1 + i those of the second
# after i. So every expectation is a sum over nine answers, without sampling.
ANSWERS = torch.tensor(list(product(range(3), repeat=2)))
REWARDS = torch.linspace(-1, 2, 9, dtype=torch.float64) ** 2


def weights(seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 3, generator=generator, dtype=torch.float64)


def logprobs(theta: torch.Tensor) -> torch.Tensor:
    """(9, 2): the log-probability of each action of each answer."""
    table = theta.log_softmax(-1)
    first, second = ANSWERS.T
    return torch.stack([table[0, first], table[1 + first, second]], -1)


def chances(theta: torch.Tensor) -> torch.Tensor:
    return logprobs(theta).sum(-1).exp()


def nudged(objective, theta: torch.Tensor, h: float = 1e-6) -> torch.Tensor:
    """Central differences of objective(theta)."""
    slope = torch.zeros_like(theta)
    for place in product(*map(range, theta.shape)):
        up, down = theta.clone(), theta.clone()
        up[place] += h
        down[place] -= h
        slope[place] = (objective(up) - objective(down)) / (2 * h)
    return slope


def mean_slope(loss, theta: torch.Tensor) -> torch.Tensor:
    """The gradient of loss(row), a batch of one, averaged as the policy would draw."""
    theta = theta.clone().requires_grad_()
    total = sum(
        chance * loss(logprobs(theta)[i : i + 1], i)
        for i, chance in enumerate(chances(theta.detach()))
    )
    return torch.autograd.grad(total, theta)[0]


# -- REINFORCE -------------------------------------------------------------------


def test_reinforce_by_hand():
    loss = reinforce_loss(numbers(-1, -2), numbers(1, -3))
    assert loss.item() == pytest.approx(-(1 * -1 + -3 * -2) / 2)
    rows = numbers([-1, -2], [-3, -4])
    mask = torch.tensor([[True, True], [True, False]])
    assert reinforce_loss(rows, numbers(2, 1), mask).item() == pytest.approx(
        -(2 * -3 + 1 * -3) / 2
    )


@pytest.mark.parametrize("baseline", [0.0, 1.0, -7.5])
def test_reinforce_climbs_the_expected_reward_whatever_the_baseline(baseline):
    theta = weights(0)
    climbed = mean_slope(
        lambda row, i: reinforce_loss(row, REWARDS[i : i + 1] - baseline), theta
    )
    wanted = nudged(lambda t: (chances(t) * REWARDS).sum(), theta)
    assert close(-climbed, wanted, 1e-8)


def test_a_baseline_makes_the_gradient_scatter_less():
    theta = weights(0).requires_grad_()
    scatter = []
    for baseline in (-5.0, (chances(theta) * REWARDS).sum().item()):
        gains = REWARDS - baseline
        losses = [reinforce_loss(logprobs(theta)[[i]], gains[[i]]) for i in range(9)]
        slopes = [torch.autograd.grad(loss, theta)[0] for loss in losses]
        squared = torch.stack([(slope**2).sum() for slope in slopes])
        scatter.append((chances(theta) * squared).sum().item())
    assert scatter[1] < 0.5 * scatter[0]


# -- PPO -------------------------------------------------------------------------


def test_ppo_by_hand_takes_the_smaller_of_the_two_gains():
    ratio = numbers(1.5, 0.5, 0.5, 1.5)
    advantages = numbers(1, -1, 1, -1)
    now = ratio.log().requires_grad_()
    loss = ppo_loss(now, torch.zeros(4, dtype=torch.float64), advantages, clip=0.2)
    assert loss.item() == pytest.approx(-(1.2 - 0.8 + 0.5 - 1.5) / 4)
    loss.backward()  # the first two have gone far enough; the others are on the way
    assert close(now.grad, -numbers(0, 0, 0.5, -1.5) / 4)


def test_ppo_slope_is_that_of_the_clipped_objective():
    old, theta = weights(1), weights(1) + 0.3 * weights(2)
    advantages = torch.stack([REWARDS - 1, 1 - REWARDS], -1)

    def objective(t):
        r = logprobs(t).exp() / logprobs(old).exp()
        gains = [
            min(ri * a, max(0.8, min(1.2, ri)) * a)
            for ri, a in zip(
                r.flatten().tolist(), advantages.flatten().tolist(), strict=True
            )
        ]
        return sum(gains) / len(gains)

    theta.requires_grad_()
    loss = ppo_loss(logprobs(theta), logprobs(old), advantages)
    assert -loss.item() == pytest.approx(objective(theta.detach()), abs=1e-12)
    wanted = nudged(objective, theta.detach())
    assert close(-torch.autograd.grad(loss, theta)[0], wanted, 1e-8)


def test_before_its_first_step_ppo_climbs_what_reinforce_climbs():
    theta = weights(3)
    climbed = mean_slope(
        lambda row, i: 2 * ppo_loss(row, row.detach(), REWARDS[i : i + 1]), theta
    )  # a mean over two tokens where REINFORCE takes the sum
    wanted = nudged(lambda t: (chances(t) * REWARDS).sum(), theta)
    assert close(-climbed, wanted, 1e-8)


def test_gae_by_hand():
    rewards, values = numbers([0, 0, 1]), numbers([0.5, 0.5, 0.5])
    # delta = -0.05, -0.05, 0.5 and each step back counts 0.9 * 0.5 = 0.45
    advantages = gae(rewards, values, discount=0.9, trace=0.5)
    assert close(advantages, numbers([0.02875, 0.175, 0.5]))


def test_trace_one_is_what_was_earned_and_trace_zero_is_one_step():
    rewards, values = weights(4), weights(5)
    earned = rewards.flip(-1).cumsum(-1).flip(-1)
    assert close(gae(rewards, values, trace=1.0), earned - values)
    ahead = torch.cat([values[:, 1:], torch.zeros(4, 1, dtype=torch.float64)], -1)
    assert close(gae(rewards, values, trace=0.0), rewards + ahead - values)


def test_padding_does_not_change_the_advantages():
    rewards, values = weights(4), weights(5)
    mask = torch.ones(4, 3, dtype=torch.bool)
    mask[:, 2] = False
    padded = gae(rewards, values, mask)
    assert close(padded[:, :2], gae(rewards[:, :2], values[:, :2]))
    assert (padded[:, 2] == 0).all()


def test_token_rewards_by_hand():
    now, reference = numbers([-1, -2, -3]), numbers([-1.5, -1, -3])
    mask = torch.tensor([[True, True, False]])
    paid = token_rewards(numbers(5), now, reference, mask, beta=0.1)
    assert close(paid, numbers([-0.05, 5 + 0.1, 0]))


@pytest.mark.parametrize("expected", [0.0, 3.0])
def test_the_leash_in_the_rewards_climbs_reward_minus_beta_kl(expected):
    """Whatever the critic says, if trace is 1."""
    theta, base, beta = weights(6), weights(7), 0.7

    def objective(t):
        kl = (chances(t) * (logprobs(t) - logprobs(base)).sum(-1)).sum()
        return (chances(t) * REWARDS).sum() - beta * kl

    def loss(row, i):
        paid = token_rewards(
            REWARDS[i : i + 1], row, logprobs(base)[i : i + 1], beta=beta
        )
        values = torch.full_like(paid, expected)
        return 2 * ppo_loss(row, row.detach(), gae(paid, values, trace=1.0))

    assert close(-mean_slope(loss, theta), nudged(objective, theta), 1e-8)


def test_value_loss_is_the_mean_square_over_what_counts():
    mask = torch.tensor([[True, True], [True, False]])
    loss = value_loss(numbers([1, 2], [3, 9]), numbers([0, 2], [5, 0]), mask)
    assert loss.item() == pytest.approx((1 + 0 + 4) / 3)


# -- GRPO ------------------------------------------------------------------------


def test_group_advantages_by_hand():
    rewards = numbers([1, 3], [5, 5], [0, 2])
    unit = 1 / (2**0.5 + 1e-4)
    wanted = numbers([-unit, unit], [0, 0], [-unit, unit])
    assert close(group_advantages(rewards), wanted)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("reward", [1000.1, -0.3, 1 / 3, 0.0, 1e-6])
def test_a_group_of_equal_rewards_has_nothing_to_learn(reward, dtype):
    rewards = torch.full((2, 7), reward, dtype=dtype)
    rewards[0, 3] *= 1 + torch.finfo(dtype).eps  # the last digit of a machine
    assert (group_advantages(rewards) == 0).all()
    rewards[1, 0] += 0.5 if abs(reward) < 100 else 64
    assert (group_advantages(rewards)[1].abs() > 0.3).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_advantages_of_large_rewards_are_finite_in_16_bits(dtype):
    rewards = torch.tensor([[60_000.0, -60_000, 30_000]], dtype=dtype)
    wanted = group_advantages(rewards.double())
    assert torch.allclose(group_advantages(rewards).double(), wanted)


def test_grpo_by_hand():
    now = numbers([0.5, 1.5], [0.5, 9]).log()  # ratios, as old is 0
    old = torch.zeros(2, 2, dtype=torch.float64)
    reference = now.clone()
    reference[0, 0] += numbers(2).log()[0]  # exp(-x) = 2: k3 = 2 - 1 - ln 2
    mask = torch.tensor([[True, True], [True, False]])
    loss = grpo_loss(now, old, reference, numbers(1, -1), mask, clip=0.2, beta=0.1)
    k3 = 1 - numbers(2).log().item()
    long = (0.5 - 0.1 * k3 + 1.2) / 2
    short = -0.8
    assert loss.item() == pytest.approx(-(long + short) / 2)


def test_grpo_slope_is_that_of_its_objective():
    old, theta, base = weights(1), weights(1) + 0.3 * weights(2), weights(8)
    advantages = group_advantages(REWARDS.view(3, 3)).flatten()
    mask = torch.ones(9, 2, dtype=torch.bool)
    mask[::2, 1] = False

    def objective(t):
        total = 0.0
        for i in range(9):
            tokens = 2 if mask[i, 1] else 1
            for k in range(tokens):
                now = logprobs(t)[i, k].item()
                r = math.exp(now - logprobs(old)[i, k].item())
                a = advantages[i].item()
                q = math.exp(logprobs(base)[i, k].item() - now)
                k3 = q - 1 - (logprobs(base)[i, k].item() - now)
                gain = min(r * a, max(0.8, min(1.2, r)) * a)
                total += (gain - 0.3 * k3) / tokens / 9
        return total

    theta.requires_grad_()
    loss = grpo_loss(
        logprobs(theta), logprobs(old), logprobs(base), advantages, mask, beta=0.3
    )
    assert -loss.item() == pytest.approx(objective(theta.detach()), abs=1e-12)
    slope = torch.autograd.grad(loss, theta)[0]
    assert close(-slope, nudged(objective, theta.detach()), 1e-8)


# -- KL --------------------------------------------------------------------------


def test_kl_by_hand():
    now, reference = numbers(-1, -2), numbers(-2, -1)
    assert close(token_kl(now, reference, "k1"), numbers(1, -1))
    e = torch.e
    assert close(token_kl(now, reference), numbers(1 / e - 1 + 1, e - 1 - 1))


def test_kl_of_whole_answers_is_right_on_average_and_k3_scatters_less():
    theta, base = weights(6), weights(6) + 0.1 * weights(7)
    chance = chances(theta)
    kl = (chance * (chance / chances(base)).log()).sum()
    scatter = {}
    for name in ("k1", "k3"):
        estimates = sequence_kl(logprobs(theta), logprobs(base), estimator=name)
        assert (chance * estimates).sum().item() == pytest.approx(kl.item(), abs=1e-12)
        scatter[name] = (chance * (estimates - kl) ** 2).sum()
    assert scatter["k3"] < scatter["k1"] / 10
    assert (token_kl(logprobs(theta), logprobs(base)) >= 0).all()


def test_where_the_estimators_pull():
    """As a loss, k1 pulls nowhere, and k3 along the KL turned round."""
    theta, base = weights(6), weights(7)

    def turned_round(t):
        return (chances(base) * (chances(base) / chances(t)).log()).sum()

    slope = {
        name: mean_slope(
            lambda row, i, name=name: sequence_kl(
                row[:, :1], logprobs(base)[i : i + 1, :1], estimator=name
            ).sum(),
            theta,
        )
        for name in ("k1", "k3")
    }  # of the first action alone, so that no slope runs through what it leads to
    assert close(slope["k1"], torch.zeros_like(theta))
    assert close(slope["k3"][0], nudged(turned_round, theta)[0], 1e-8)


# -- what counts, and what is a number -------------------------------------------


def test_what_the_mask_hides_counts_for_nothing():
    mask = torch.tensor([[True, True, False], [True, False, False]])
    changed = torch.where(mask, 0.0, 3.0).double()
    now, old, base = (weights(i)[:2] for i in range(3))
    for loss in (
        lambda d: reinforce_loss(now + d, old + d, mask),
        lambda d: ppo_loss(now + d, old - d, base + d, mask),
        lambda d: grpo_loss(now + d, old - d, base + d, numbers(1, -2), mask),
        lambda d: value_loss(now + d, old, mask),
        lambda d: sequence_kl(now + d, old, mask).sum(),
        lambda d: gae(now + d, old - d, mask).sum(),
        lambda d: token_rewards(numbers(1, 2), now + d, old, mask).sum(),
    ):
        assert loss(changed).item() == pytest.approx(loss(0).item(), abs=1e-12)


def test_no_gradient_flows_into_old_reference_or_advantages():
    now, old, base, gain = (weights(i).requires_grad_() for i in range(4))
    loss = grpo_loss(now, old, base, gain) + ppo_loss(now, old, gain)
    (loss + reinforce_loss(now, gain) + value_loss(now, gain)).backward()
    assert now.grad is not None
    assert old.grad is base.grad is gain.grad is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bits_are_computed_in_32(dtype):
    """Sums beyond 65504, ratios beyond it, and KL of answers that hardly occurred."""
    now, old, base = (100 * weights(i)[:2].to(dtype).float() for i in range(3))
    advantages, scores = numbers(6e4, -6e4).to(dtype), numbers(6e4, 300).to(dtype)
    for what in (
        lambda now, old, base, a, s: reinforce_loss(now, a),
        lambda now, old, base, a, s: ppo_loss(now / 10, old / 10, a),
        lambda now, old, base, a, s: grpo_loss(now / 10, old / 10, base / 10, a),
        lambda now, old, base, a, s: sequence_kl(now / 10, base / 10).sum(),
        lambda now, old, base, a, s: value_loss(now, s[:, None].expand_as(now)),
        lambda now, old, base, a, s: gae(old.abs() * 300, base, trace=1.0).sum(),
        lambda now, old, base, a, s: token_rewards(s, now, base, beta=300.0).sum(),
    ):
        given = [x.to(dtype) for x in (now, old, base, advantages, scores)]
        wanted = what(*[x.double() for x in given])
        got = what(*given)
        assert got.dtype == torch.float32 and got.isfinite()
        assert got.item() == pytest.approx(wanted.item(), rel=0.3)


ONES, ROWS = torch.ones(2, 3), torch.ones(2)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: reinforce_loss(ONES, torch.ones(3)), r"advantages.*\(2, 3\)"),
        (lambda: reinforce_loss(ONES[:0], ONES[:0]), "at least one action"),
        (lambda: reinforce_loss(ONES, ONES * torch.nan), "advantages must be finite"),
        (lambda: ppo_loss(ONES, ONES[:1], ONES), r"old must have.*got \(1, 3\)"),
        (lambda: ppo_loss(ONES, ONES, ONES, clip=1.5), "clip.*got 1.5"),
        (lambda: ppo_loss(ONES, ONES, ONES, ONES), "mask must be boolean.*float32"),
        (lambda: ppo_loss(ONES, ONES, ONES, ONES[:1] > 0), r"mask.*got \(1, 3\)"),
        (lambda: ppo_loss(ONES, ONES, ONES, ONES < 0), "row 0 has no True"),
        (lambda: ppo_loss(ONES, ONES.to("meta"), ONES), "on cpu.*on meta"),
        (lambda: grpo_loss(ONES[0], ONES[0], ONES[0], ONES[0]), r"\(batch, n\)"),
        (lambda: grpo_loss(ONES, ONES, ONES[:, :1], ONES), "reference must have"),
        (lambda: group_advantages(ONES[:, :1]), r"group of two: got \(2, 1\)"),
        (lambda: group_advantages(ONES[0]), r"\(groups, samples\)"),
        (lambda: group_advantages(ONES / 0), "rewards must be finite"),
        (lambda: gae(ONES, ONES[:, :2]), r"values must have.*got \(2, 2\)"),
        (lambda: gae(ONES[0], ONES[0]), r"rewards must have shape \(batch, n\)"),
        (lambda: value_loss(ONES, ONES[:1]), "returns must have"),
        (lambda: token_kl(ONES, ONES[:1]), "reference must have"),
        (lambda: token_kl(ONES, ONES, "k2"), "k1.*k3.*got 'k2'"),
        (lambda: token_rewards(ONES, ONES, ONES), r"scores must have shape \(batch,\)"),
        (lambda: token_rewards(ROWS, ROWS, ROWS), r"logprobs must have .* got \(2,\)"),
        (
            lambda: token_rewards(ROWS.to("meta"), ONES, ONES),
            r"scores must .* on cpu: got \(2,\) on meta",
        ),
        (lambda: reinforce_loss(ROWS[0], ROWS[0]), r"\(batch, n\): got \(\)"),
        (lambda: reinforce_loss(ONES[None], ONES[None]), r"got \(1, 2, 3\)"),
        (lambda: reinforce_loss(ONES, ONES.to("meta")), "advantages .* got .* on meta"),
        (lambda: reinforce_loss(ONES, ONES, ONES < 0), "row 0 has no True"),
        (lambda: ppo_loss(ONES[:0], ONES[:0], ROWS[:0]), "at least one action"),
        (lambda: ppo_loss(ONES[None], ONES[None], ONES[None]), r"got \(1, 2, 3\)"),
        (lambda: grpo_loss(ONES[:0], ONES[:0], ONES[:0], ROWS[:0]), "at least one act"),
        (lambda: group_advantages(ONES[:0]), r"at least one group of two: got \(0, 3"),
        (lambda: group_advantages(ONES.long()), "rewards must be floating.*int64"),
        (lambda: gae(ONES, ONES.to("meta")), "values must have the shape and device"),
        (lambda: gae(ONES[:, :0], ONES[:, :0]), "at least one action"),
        (lambda: value_loss(ONES[:0], ONES[:0]), "at least one action"),
        (lambda: sequence_kl(ROWS, ROWS), r"logprobs must have .* got \(2,\)"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
