"""Promises of lmlab.vision.{judge,diffusion,drawers}: lesson 20's drawings."""

import numpy as np
import pytest
import torch

from lmlab.learning import checkpoints
from lmlab.page import datasets
from lmlab.vision import diffusion, drawers, judge

ASKED = np.arange(500) % 10


@pytest.fixture(scope="module")
def data():
    return judge.digits()


def test_the_judge_knows_digits_that_it_never_saw(data):
    right = judge.judge().predict(data.held_out) == data.held_out_labels
    assert right.mean() > 0.985
    assert len(data.train) + len(data.held_out) == 1797


def test_real_digits_are_as_various_as_themselves_and_no_copies(data):
    assert judge.spread(data.held_out, data.held_out_labels) == pytest.approx(1)
    assert judge.copies(data.held_out) == 0 and judge.copies(data.train) == 1
    assert 0.4 < judge.told(data.train[:500], data.held_out) < 0.6
    assert judge.told(np.zeros((500, 64)), data.held_out) > 0.99


def test_marks_say_what_they_need(data):
    with pytest.raises(ValueError, match=r"got \(9, 64\) and \(500,\)"):
        judge.marks(data.train[:9], ASKED)


def test_the_net_is_called_as_often_as_steps_and_hears_or_does_not():
    calls = []

    def silent(x, t, y):
        calls.append((int(t[0]), int(y[0])))
        return torch.zeros_like(x)

    assert diffusion.draw(silent, torch.tensor([3, 3])).shape == (2, 64)
    assert calls[:2] == [(100, diffusion.NOBODY), (100, 3)] and len(calls) == 200
    with pytest.raises(ValueError, match="y must be digits 0 to 9"):
        diffusion.draw(silent, torch.tensor([10]))


def test_noising_keeps_the_variance_of_what_has_variance_one():
    x, noise = torch.randn(2, 4000, 64, generator=torch.Generator().manual_seed(0))
    for step in (1, 50, 100):
        mixed = diffusion.noised(x, torch.full((4000,), step), noise)
        assert mixed.var().item() == pytest.approx(1, abs=0.02)
    assert diffusion.kept(torch.tensor([1]))[0] > 0.999
    assert diffusion.kept(torch.tensor([100]))[0] < 0.001


def test_a_picture_survives_being_cut_into_tiles_and_written_in_codes(data):
    writer = drawers.shipped("codes")
    x = torch.tensor(data.held_out).float()
    again = writer.look_up(writer.codes(x))
    assert (again - x).square().mean() < 0.05
    assert torch.equal(writer.codes(again), writer.codes(x))


@pytest.mark.parametrize("name", drawers.SHIPPED)
def test_a_shipped_drawer_says_where_it_comes_from_and_draws_as_measured(name):
    file = datasets.path(f"drawer-{name}.safetensors")
    assert file.stat().st_size < 300_000
    notes = checkpoints.describe(file)["notes"]
    assert notes["command"] == "python -m lmlab.vision.drawers" and notes["seed"] == 0
    setting = 0.7 if name == "codes" else 1.0
    drawn = drawers.draw(drawers.shipped(name), ASKED, setting)
    [measured] = [row for row in datasets.measured("20_image_generation")
                  if (row["way"], row["setting"], row["seed"]) == (name, setting, 0)]
    found = judge.marks(drawn.double().numpy(), ASKED)
    for mark in ("judged", "spread", "told"):
        assert found[mark] == pytest.approx(measured[mark], abs=0.03)


def test_training_is_the_same_twice_from_one_seed():
    one, two = (drawers.train_denoiser(0, steps=101) for _ in range(2))
    assert all(map(torch.equal, one.parameters(), two.parameters()))


def test_an_unknown_drawer_is_named():
    with pytest.raises(ValueError, match="name must be one of vae, gan"):
        drawers.shipped("painter")
