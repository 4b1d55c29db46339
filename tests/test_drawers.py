"""Promises of lmlab.vision.drawers: what is shipped, and how it came about."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from lmlab.learning import checkpoints
from lmlab.page import datasets
from lmlab.vision import drawers, judge

ASKED = np.arange(500) % 10


def test_a_picture_survives_being_cut_into_tiles_and_written_in_codes():
    writer = drawers.shipped("codes")
    x = torch.tensor(judge.digits().held_out).float()
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


def test_to_draw_needs_neither_scikit_learn_nor_scipy():
    code = ("import sys, torch; from lmlab.vision import drawers; "
            "drawers.draw(drawers.shipped('denoiser'), torch.arange(10)); "
            "assert not {'sklearn', 'scipy'} & sys.modules.keys()")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_training_is_the_same_twice_from_one_seed():
    one, two = (drawers.train_denoiser(0, steps=101) for _ in range(2))
    assert all(map(torch.equal, one.parameters(), two.parameters()))


def test_an_unknown_drawer_is_named():
    with pytest.raises(ValueError, match="name must be one of vae, gan"):
        drawers.shipped("painter")
