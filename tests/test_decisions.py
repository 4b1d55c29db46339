"""The pole, deep Q-learning and the hand that passes a rock."""

import numpy as np
import pytest
import torch

from lmlab.decisions import cart, deep_q, imitation


def test_an_upright_pole_at_rest_stays_and_a_leaning_one_falls_further():
    still = np.zeros((1, 4))
    assert not cart.step(still, np.zeros(1)).any()
    leaning = np.array([[0.0, 0.0, 0.1, 0.0]])
    assert cart.step(leaning, np.zeros(1))[0, 3] > 0


def test_left_is_the_mirror_of_right():
    state = np.random.default_rng(0).normal(size=(5, 4)) * 0.1
    push = np.array([1.0, -1, 1, 0.5, 0])
    assert np.allclose(cart.step(-state, -push), -cart.step(state, push), atol=1e-15)


def test_an_unpushed_system_keeps_its_momentum():
    """1 kg and 0.1 kg at half its metre: no force from outside, to first order."""
    state = np.array([[0.0, 0.3, 0.2, -0.4]])

    def momentum(s):
        return 1.1 * s[0, 1] + 0.05 * s[0, 3] * np.cos(s[0, 2])

    after = state
    for _ in range(5):
        after = cart.step(after, np.zeros(1))
    assert momentum(after) == pytest.approx(momentum(state), abs=2e-3)


def test_the_rule_of_one_line_holds_the_pole_and_the_record_says_so():
    rng = np.random.default_rng(1)

    def line(state):
        return np.sign(state[:, 2] + state[:, 3])

    assert (cart.stood(line, cart.start(20, rng)) == 200).all()
    states, right, up = cart.record(lambda s: (line(s) > 0) * 1.0, 7, rng)
    assert states.shape == (7, 200, 4) and up.all()
    assert (right == (line(states.reshape(-1, 4)) > 0).reshape(7, 200)).all()
    with pytest.raises(ValueError, match=r"shape \(n, 4\)"):
        cart.step(np.zeros(4), np.zeros(1))


def test_what_has_ended_hopes_for_nothing():
    worth = torch.tensor([[4.0, 6.0], [9.0, 2.0]])
    goal = deep_q.goals(worth, torch.ones(2), torch.tensor([False, True]), 0.5)
    assert goal.tolist() == [4.0, 1.0]
    with pytest.raises(ValueError, match="worth, reward and ended"):
        deep_q.goals(worth, torch.ones(3), torch.tensor([False, True]), 0.5)


def test_deep_q_learns_to_hold_the_pole_longer_and_repeats():
    def run():
        torch.manual_seed(0)
        return deep_q.train(deep_q.q_net(), np.random.default_rng(0), 250)

    assert run() == run() and run()[-1] > 20


def test_a_teacher_arrives_and_who_walks_straight_on_does_not():
    starts = imitation.starts(20, np.random.default_rng(0))
    places, headings = imitation.walk(imitation.teacher(np.ones(20)), starts)
    assert places.shape == (20, 31, 2) and headings.shape == (20, 30)
    assert imitation.arrived(places).all()
    straight, _ = imitation.walk(lambda place: 0 * place[:, 0], starts)
    assert not imitation.arrived(straight).any()


@pytest.mark.parametrize("bins", [0, 8])
def test_a_copier_says_what_its_teacher_said(bins):
    places = np.random.default_rng(0).uniform(-1, 1, size=(400, 2))
    copy = imitation.copier(places, np.where(places[:, 0] > 0, 0.6, -0.6), bins, 0)
    said = copy(np.array([[0.7, 0.0], [-0.7, 0.0]]))
    assert np.allclose(said, [0.6, -0.6], atol=0.1)
    with pytest.raises(ValueError, match="places and headings"):
        imitation.copier(places, np.zeros(3), bins, 0)
