"""What feedback.preference promises: loss, pairs, honest odds, and DPO."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlab.feedback.preference import (
    agreement,
    calibration,
    calibration_error,
    dpo_loss,
    pair_loss,
    ranking_pairs,
)

DOUBLE = torch.float64


def numbers(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=DOUBLE)


def test_the_loss_of_equal_scores_is_log_two():
    scores = torch.zeros(3, dtype=DOUBLE)
    assert pair_loss(scores, scores).item() == pytest.approx(math.log(2))


def test_the_loss_is_the_surprise_at_the_preference():
    gap = torch.tensor([math.log(3)], dtype=DOUBLE)
    assert pair_loss(gap, torch.zeros_like(gap)).item() == pytest.approx(
        -math.log(3 / 4))


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=5))
def test_the_loss_stays_finite_and_knows_only_differences(values):
    better = torch.tensor(values, dtype=DOUBLE, requires_grad=True)
    worse = torch.zeros_like(better)
    loss = pair_loss(better, worse)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(better.grad).all()
    moved = pair_loss(better + 7, worse + 7)
    assert moved.item() == pytest.approx(loss.item(), abs=1e-9)


def test_the_gradient_is_the_probability_of_the_wrong_preference():
    better = torch.tensor([1.0, -2.0], dtype=DOUBLE, requires_grad=True)
    pair_loss(better, torch.zeros(2, dtype=DOUBLE)).backward()
    wanted = -torch.sigmoid(-better.detach()) / 2
    assert torch.allclose(better.grad, wanted)


def test_scores_of_different_shape_are_refused():
    with pytest.raises(ValueError, match=r"one shape: got \(2,\) and \(3,\)"):
        pair_loss(torch.zeros(2), torch.zeros(3))
    with pytest.raises(ValueError, match="one shape"):
        agreement(torch.zeros(2), torch.zeros(2, 1))


@pytest.mark.parametrize("compare", [pair_loss, agreement])
def test_no_scores_and_scores_elsewhere_are_refused(compare):
    with pytest.raises(ValueError, match="better must hold at least one score"):
        compare(torch.zeros(0), torch.zeros(0))
    with pytest.raises(ValueError, match="one device: got better on cpu, worse on met"):
        compare(torch.zeros(2), torch.zeros(2, device="meta"))


@given(st.permutations(range(6)))
def test_a_ranking_gives_every_pair_once_and_the_right_way_round(ranking):
    better, worse = ranking_pairs(np.array(ranking))
    pairs = list(zip(better.tolist(), worse.tolist(), strict=True))
    assert pairs == list(combinations(ranking, 2))
    assert len(pairs) == 6 * 5 // 2


def test_many_rankings_at_once_array_or_tensor():
    rankings = np.array([[4, 2, 9], [1, 0, 5]])
    better, worse = ranking_pairs(rankings)
    assert better.tolist() == [[4, 4, 2], [1, 1, 0]]
    assert worse.tolist() == [[2, 9, 9], [0, 5, 5]]
    as_tensor, _ = ranking_pairs(torch.tensor(rankings))
    assert isinstance(as_tensor, torch.Tensor) and as_tensor.tolist() == better.tolist()


@pytest.mark.parametrize("rankings", [np.array(3), np.array([3]), np.zeros((2, 0))])
def test_a_ranking_of_fewer_than_two_is_refused(rankings):
    with pytest.raises(ValueError, match="at least two ids"):
        ranking_pairs(rankings)


def test_agreement_counts_a_tie_as_half():
    better = np.array([2.0, 1.0, 0.0, 3.0])
    ones = np.ones(4)
    assert agreement(better, ones) == pytest.approx(0.625)
    assert agreement(torch.tensor(better), torch.tensor(ones)) == pytest.approx(0.625)
    with pytest.raises(ValueError, match="at least one"):
        agreement(torch.zeros(0), torch.zeros(0))


def test_agreement_takes_the_last_digit_of_a_machine_for_a_tie():
    assert agreement(np.array([0.1 + 0.2]), np.array([0.3])) == 0.5


# -- calibration -----------------------------------------------------------------


def test_calibration_by_hand():
    three, six, hundred = (math.log(odds) for odds in (3, 6, 99))
    gaps = numbers(three, three, -three, three, -six, hundred)
    said, right, pairs = calibration(gaps, torch.zeros_like(gaps), bins=5)
    assert said.tolist() == pytest.approx([3 / 4, 6 / 7, 99 / 100])
    assert right.tolist() == [0.75, 0.0, 1.0] and pairs.tolist() == [4, 1, 1]
    error = calibration_error(gaps, torch.zeros_like(gaps))
    assert error == pytest.approx((6 / 7 + 0.01) / 6)


def test_scores_that_tell_the_odds_are_calibrated_and_louder_ones_are_not():
    rng = np.random.default_rng(0)
    gap = rng.normal(size=20_000)
    gap *= np.where(rng.random(len(gap)) < 1 / (1 + np.exp(-gap)), 1, -1)
    zero = np.zeros_like(gap)
    assert calibration_error(gap, zero) < 0.01
    assert calibration_error(3 * gap, zero) > 0.1
    said, right, pairs = calibration(gap, zero)
    assert pairs.sum() == 20_000 and (np.diff(right) > 0).all()
    assert (right * pairs).sum() / 20_000 == pytest.approx(agreement(gap, zero))


def test_ties_and_huge_scores_have_a_bin():
    said, right, pairs = calibration(numbers(0, 1e4), numbers(0, 0))
    assert said.tolist() == [0.5, 1.0] and right.tolist() == [0.5, 1.0]


# -- DPO -------------------------------------------------------------------------


def test_dpo_by_hand():
    loss = dpo_loss(numbers(-3), numbers(-4), numbers(-5), numbers(-4), beta=0.5)
    # scores 0.5 * 2 and 0.5 * 0
    assert loss.item() == pytest.approx(-math.log(1 / (1 + math.exp(-1))))


def test_dpo_starts_at_log_two_and_pulls_by_beta_times_the_wrong_odds():
    """The gradient below equation 7 of the paper."""
    better = numbers(-3, -2).requires_grad_()
    worse = numbers(-2, -5).requires_grad_()
    start = dpo_loss(better, worse, better, worse)
    assert start.item() == pytest.approx(math.log(2))
    dpo_loss(better, worse, numbers(-4, -4), numbers(-4, -4), beta=0.3).backward()
    lead = 0.3 * (better - worse).detach()
    wanted = 0.3 * torch.sigmoid(-lead) / 2
    assert torch.allclose(better.grad, -wanted) and torch.allclose(worse.grad, wanted)


def test_dpo_finds_the_policy_that_the_leash_allows():
    """Three answers, known odds: the best policy is p_reference exp(r / beta) / Z."""
    reference = numbers(0.2, 0.5, 0.3).log()
    reward, beta = numbers(1.0, -0.5, 0.3), 0.7
    pairs = [(0, 1), (0, 2), (1, 2)]
    logits = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    descent = torch.optim.LBFGS(
        [logits], max_iter=200, tolerance_grad=1e-12, tolerance_change=0
    )

    def expected_loss():
        descent.zero_grad()
        p = logits.log_softmax(-1)
        loss = sum(
            chance * dpo_loss(p[[i]], p[[j]], reference[[i]], reference[[j]], beta)
            for a, b in pairs
            for i, j in ((a, b), (b, a))
            for chance in [torch.sigmoid(reward[i] - reward[j])]
        )
        loss.backward()
        return loss

    descent.step(expected_loss)
    best = (reference + reward / beta).softmax(-1)
    assert torch.allclose(logits.softmax(-1), best, atol=1e-6)


def test_the_reference_of_dpo_is_not_trained():
    four = [numbers(-1, -2).requires_grad_() for _ in range(4)]
    dpo_loss(*four).backward()
    assert four[0].grad is not None and four[2].grad is four[3].grad is None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_scores_of_16_bits_are_compared_in_32(dtype):
    better = torch.tensor([-6e4, 12.0], dtype=dtype)
    worse = torch.tensor([6e4, 1.0], dtype=dtype)
    exact = [scores.double() for scores in (better, worse)]
    loss = pair_loss(better, worse)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(pair_loss(*exact).item(), rel=1e-6)
    flat = torch.zeros_like(better)
    loss = dpo_loss(better, worse, flat, flat, beta=1)
    assert loss.item() == pytest.approx(pair_loss(*exact).item(), rel=1e-6)
    assert agreement(better, worse) == 0.5
    assert calibration_error(better, worse) == calibration_error(*exact)


def test_a_policy_of_nan_has_a_loss_of_nan_so_that_the_loop_can_name_the_step():
    nan, one = numbers(math.nan), numbers(-1)
    assert dpo_loss(nan, one, one, one).isnan() and dpo_loss(one, nan, one, one).isnan()


ONE, NAN, AWAY = torch.zeros(1), torch.full((1,), math.nan), torch.zeros(1).to("meta")


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: dpo_loss(ONE, ONE, ONE, ONE, beta=0), "beta.*got 0"),
        (lambda: dpo_loss(ONE, ONE, ONE, torch.zeros(2)), r"\(1,\), \(2,\)"),
        (lambda: dpo_loss(*4 * [torch.zeros(2, 2)]), r"one shape, \(batch,\)"),
        (lambda: dpo_loss(*4 * [ONE[:0]]), r"\(0,\)"),
        (lambda: dpo_loss(ONE, ONE, ONE, AWAY), "one device.*reference_worse on meta"),
        (lambda: dpo_loss(ONE, ONE, NAN, ONE), "reference_better .* finite.*nan"),
        (lambda: dpo_loss(ONE, ONE, ONE, NAN), "reference_worse .* finite.*nan"),
        (lambda: dpo_loss(ONE, ONE, ONE, ONE.log()), "reference_worse .* -inf"),
        (lambda: calibration(ONE, AWAY), "one device: got better on cpu, worse on m"),
        (lambda: calibration(NAN, ONE), "better must be finite numbers: got .*nan"),
        (lambda: calibration_error(ONE, NAN), "worse must be finite numbers: got .*n"),
        (lambda: calibration(ONE, torch.zeros(2)), r"one shape.*\(1,\) and \(2,\)"),
        (lambda: calibration(ONE[:0], ONE[:0]), "at least one"),
        (lambda: calibration(ONE, ONE, bins=0), "bins.*got 0"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
