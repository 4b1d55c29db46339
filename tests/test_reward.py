"""What feedback.reward promises: a score from any decoder, honest odds, and DPO."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from lmlab.feedback.preference import agreement, fit, pair_loss
from lmlab.feedback.reward import RewardModel, calibration, calibration_error, dpo_loss
from lmlab.learning.lora import add_lora, merge, trained_parameters
from lmlab.learning.quantisation import quantise_linears, size
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig

IDS = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 5, 5]])


def numbers(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def gpt(seed: int = 0) -> GPT:
    torch.manual_seed(seed)
    return GPT(GPTConfig(vocab_size=7, context=8, d_model=12, n_layers=2, n_heads=2))


def llama(seed: int = 0) -> LLaMA:
    torch.manual_seed(seed)
    return LLaMA(LLaMAConfig(
        vocab_size=7, context=8, d_model=12, n_layers=2, n_heads=2, d_ff=16))


DECODERS = pytest.mark.parametrize("decoder", [gpt, llama])
POOLS = pytest.mark.parametrize("pool", ["last", "mean"])


def reward_model(decoder=gpt, **settings) -> RewardModel:
    model = RewardModel(decoder().double(), **settings)
    torch.manual_seed(1)
    nn.init.normal_(model.head.weight)
    return model


# -- the reward model ------------------------------------------------------------


@DECODERS
@POOLS
def test_at_first_every_score_is_zero(decoder, pool):
    model = RewardModel(decoder(), pool)
    assert (model(IDS) == 0).all() and model(IDS).shape == (3,)


@DECODERS
def test_a_score_stands_after_the_last_kept_token(decoder):
    model = reward_model(decoder)
    whole = model.each(IDS)
    assert whole.shape == (3, 4) and torch.equal(model(IDS), whole[:, -1])
    hidden = model.decoder.hidden(IDS)
    assert torch.allclose(whole, hidden @ model.head.weight[0] + model.head.bias)


@DECODERS
def test_the_mean_is_that_over_the_kept_tokens_alone(decoder):
    model = reward_model(decoder, pool="mean")
    assert torch.allclose(model(IDS), model.each(IDS).mean(-1), atol=1e-12)
    keep = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]]).bool()
    each = model.each(IDS, keep)
    wanted = torch.stack([row[k].mean() for row, k in zip(each, keep, strict=True)])
    assert torch.allclose(model(IDS, keep), wanted, atol=1e-12)
    assert (wanted - each.mean(-1))[1:].abs().min() > 1e-3


@DECODERS
@POOLS
def test_it_does_not_matter_what_stands_in_the_padding(decoder, pool):
    model = reward_model(decoder, pool=pool)
    keep = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]]).bool()
    others = IDS.where(keep, 6)
    assert not torch.equal(others, IDS)
    assert torch.allclose(model(IDS, keep), model(others, keep), atol=1e-12)
    model(IDS, keep).sum().backward()
    grad = model.decoder.tokens.weight.grad.clone()
    model.zero_grad()
    model(others, keep).sum().backward()
    assert torch.allclose(model.decoder.tokens.weight.grad, grad, atol=1e-12)


@DECODERS
@POOLS
def test_dropout_covers_in_training_and_is_off_at_rest(decoder, pool):
    plain = reward_model(decoder, pool=pool).eval()
    model = reward_model(decoder, pool=pool, dropout=0.5).eval()
    assert torch.equal(model(IDS), plain(IDS))
    assert torch.equal(model.each(IDS), plain.each(IDS))
    model.train()
    assert not torch.equal(model(IDS), plain(IDS))


@DECODERS
@POOLS
def test_padding_on_either_side_does_not_change_a_score(decoder, pool):
    model = reward_model(decoder, pool=pool)
    alone = torch.cat([model(IDS[:1]), model(IDS[1:2, :2])])
    for left in (0, 2):
        ids = torch.zeros(2, 4, dtype=torch.int64)
        keep = torch.zeros(2, 4, dtype=torch.bool)
        ids[0], keep[0] = IDS[0], True
        place = slice(left, left + 2)
        ids[1, place], keep[1, place] = IDS[1, :2], True
        assert torch.allclose(model(ids, keep), alone, atol=1e-12)


def test_the_shared_loop_trains_it_and_what_is_frozen_stays():
    better = torch.tensor([[6, 1, 2], [3, 6, 1], [6, 6, 6]]).repeat(4, 1)
    worse = better.where(better != 6, 5)
    model = RewardModel(gpt())
    trunk = copy.deepcopy(model.decoder.state_dict())
    losses = fit(
        model, torch.optim.Adam(model.parameters(), 0.01), better, worse, steps=30
    )
    assert losses[0] == pytest.approx(math.log(2)) and losses[-1] < 0.1
    with torch.no_grad():
        assert agreement(model(better), model(worse)) == 1
    assert not torch.equal(model.decoder.tokens.weight, trunk["tokens.weight"])

    frozen = RewardModel(gpt().requires_grad_(False))
    fit(
        frozen, torch.optim.Adam(frozen.head.parameters(), 0.01), better, worse, steps=3
    )
    assert all(torch.equal(w, trunk[k]) for k, w in frozen.decoder.state_dict().items())


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


# -- LoRA and fewer bits on the same decoder ---------------------------------------


def test_lora_and_fewer_bits_go_into_a_gpt_by_the_names_of_its_maps():
    model = gpt()
    before = model(IDS)
    names = add_lora(model, ["query", "value"], rank=2)
    assert len(names) == 4 and torch.equal(model(IDS), before)
    assert trained_parameters(model)[0] == 4 * 2 * (12 + 12)
    score = RewardModel(model)
    pair_loss(score(IDS[:2]), score(IDS[1:])).backward()
    merge(model)
    assert torch.allclose(model(IDS), before)
    small = gpt()
    bytes_before = size(small)
    assert len(quantise_linears(small, bits=4, group=12)) == 2 * 6
    assert size(small) < bytes_before / 2
    assert torch.allclose(small(IDS), before, atol=0.05)


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
        (lambda: RewardModel(gpt(), "max"), "pool must be 'last' or 'mean': got 'max'"),
        (lambda: RewardModel(gpt(), dropout=1.5), "dropout.*1.5"),
        (lambda: RewardModel(llama(), "mean")(IDS, IDS * 0 > 0), "row 0 has no True"),
        (lambda: RewardModel(gpt())(torch.full((1, 9), 1)), "context of 8"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
