"""Promises of lmlab.vision.diffusion: noise in, noise out."""

import pytest
import torch

from lmlab.vision import diffusion


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
