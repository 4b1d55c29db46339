"""What feedback.preference promises: loss, pairs, the ranker and its training."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lmlab.feedback.preference import (
    PoemRanker,
    agreement,
    ask,
    fit,
    improve,
    pair_loss,
    ranking_pairs,
)

DOUBLE = torch.float64


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


def test_a_teacher_without_noise_never_errs():
    grades = np.arange(10.0)
    better, worse = ask(grades, 50, np.random.default_rng(0), noise=0)
    assert better.shape == worse.shape == (50 * 6,)
    assert (better > worse).all()


def test_a_noisy_teacher_prefers_as_bradley_and_terry_say():
    grades = np.array([0.0, 1.0, 3.0, -2.0])
    better, worse = ask(grades, 20_000, np.random.default_rng(0))
    for one, other in combinations(range(4), 2):
        wins = np.sum((better == one) & (worse == other))
        share = wins / (wins + np.sum((better == other) & (worse == one)))
        wanted = 1 / (1 + math.exp(grades[other] - grades[one]))
        assert share == pytest.approx(wanted, abs=0.015)


@pytest.mark.parametrize("grades, rankings, words", [
    (np.zeros(3), 2, r"at least four poems.* got \(3,\) and 2"),
    (np.zeros((5, 2)), 2, r"got \(5, 2\) and 2"),
    (np.zeros(5), 0, r"rankings at least 1: got \(5,\) and 0"),
])
def test_a_teacher_with_nothing_to_rank_is_refused(grades, rankings, words):
    with pytest.raises(ValueError, match=words):
        ask(grades, rankings, np.random.default_rng(0))


def test_agreement_counts_a_tie_as_half():
    better = np.array([2.0, 1.0, 0.0, 3.0])
    ones = np.ones(4)
    assert agreement(better, ones) == pytest.approx(0.625)
    assert agreement(torch.tensor(better), torch.tensor(ones)) == pytest.approx(0.625)
    with pytest.raises(ValueError, match="at least one"):
        agreement(torch.zeros(0), torch.zeros(0))


def test_agreement_takes_the_last_digit_of_a_machine_for_a_tie():
    assert agreement(np.array([0.1 + 0.2]), np.array([0.3])) == 0.5


def test_the_ranker_starts_from_its_seed_and_leaves_the_global_one_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (PoemRanker("abc", seed=seed).order[0].weight
                        for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_the_ranker_sees_order_and_characters():
    model = PoemRanker("abcde", length=4)
    first, second = model.score(["abcd", "dcba"])
    assert first != second
    with torch.no_grad():
        model.character.weight[model.number["d"]] += 5
    assert model.score(["abcd", "dcba"]) == pytest.approx([first + 5, second + 5],
                                                          abs=1e-5)


def test_the_worth_of_a_character_is_what_it_adds_anywhere():
    model = PoemRanker("abcd", length=4).double()
    with torch.no_grad():
        model.character.weight[:, 0] = torch.arange(4.0)
    assert model.worth("dab").tolist() == [3.0, 0.0, 1.0]


def test_improve_changes_at_most_one_character_and_never_for_the_worse():
    rng, model = np.random.default_rng(0), PoemRanker("春夏秋冬", length=4)
    poem = ("春夏", "秋冬")
    for _ in range(20):
        changed = improve(model, poem, rng, tries=5)
        assert [len(line) for line in changed] == [2, 2]
        assert sum(a != b for a, b in zip("".join(poem), "".join(changed),
                                          strict=True)) <= 1
        assert model.score([changed])[0] >= model.score([poem])[0] - 1e-6
        poem = changed


def test_a_poem_may_come_as_lines_or_as_one_text():
    model = PoemRanker("春夏秋冬", length=4)
    assert model.ids([("春夏", "秋冬")]).tolist() == model.ids(["春夏秋冬"]).tolist()
    assert model.ids(iter(["春", "冬"])).shape == (2, 1)


@pytest.mark.parametrize("poems, words", [
    (["春夏", "春"], r"one length: got \[1, 2\]"),
    (["日春日月"], "alphabet: got '日月'"),
    ([], r"poems must be there .* got \[\]"),
])
def test_poems_that_the_ranker_cannot_read_are_refused(poems, words):
    with pytest.raises(ValueError, match=words):
        PoemRanker("春夏秋冬").ids(poems)


@pytest.mark.parametrize("shape", [(20,), (2, 14), (2, 20, 1)])
def test_the_ranker_refuses_another_length(shape):
    with pytest.raises(ValueError, match=r"ids must have shape \(n, 20\)"):
        PoemRanker("abc")(torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("ids, words", [
    (torch.full((2, 20), 3), "ids must lie in 0 .. 2: got 3"),
    (torch.full((2, 20), -1), "ids must lie in 0 .. 2: got -1"),
    (torch.zeros(2, 20), "ids must .* int64: got .* torch.float32"),
    (torch.zeros(0, 20, dtype=torch.int64), r"at least one token.* got \(0, 20\)"),
    (torch.zeros(2, 20, dtype=torch.int64, device="meta"), "on cpu: got meta"),
])
def test_the_ranker_refuses_what_are_no_characters_of_its_own(ids, words):
    with pytest.raises(ValueError, match=words):
        PoemRanker("abc")(ids)


def test_fit_finds_the_character_that_decides_and_repeats_itself():
    generator = torch.Generator().manual_seed(0)
    worse = torch.randint(1, 10, (200, 4), generator=generator)
    better = worse.clone()
    better[:, 2] = 0
    runs = []
    for _ in range(2):
        model = PoemRanker("0123456789", length=4).double()
        optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        runs.append(fit(model, optimiser, better, worse, steps=60))
    assert runs[0] == runs[1] and len(runs[0]) == 60
    assert runs[0][-1] < 0.1 < 0.6 < runs[0][0]
    assert model.character.weight.argmax() == 0
    with torch.no_grad():
        assert agreement(model(better), model(worse)) == 1.0


def test_fit_moves_only_what_the_optimiser_holds():
    model = PoemRanker("0123456789", length=4)
    ids = torch.arange(8).reshape(2, 4)
    optimiser = torch.optim.Adam(model.order.parameters())
    fit(model, optimiser, ids, ids.flip(0), steps=3)
    assert model.character.weight.abs().sum() == 0


def test_fit_refuses_pairs_that_do_not_match():
    model = PoemRanker("0123456789", length=4)
    optimiser = torch.optim.Adam(model.parameters())
    ids = torch.zeros(2, 4, dtype=torch.long)
    for better, worse in ((ids, ids[:1]), (ids[:0], ids[:0])):
        with pytest.raises(ValueError, match="same number of pairs"):
            fit(model, optimiser, better, worse, steps=1)
    with pytest.raises(ValueError, match="batch must be at least 1: got 0"):
        fit(model, optimiser, ids, ids, steps=1, batch=0)
