"""Scenes say what they show, and keep the new pairs apart."""

import pytest
import torch

from lmlab.vision.scenes import (
    COLOURS,
    captions,
    decode,
    encode,
    handwriting,
    kinds,
    paint,
    scenes,
)  # fmt: skip


def pairs(shown):
    return {*zip(shown.digits.flatten().tolist(), shown.colours.flatten().tolist(),
                 strict=True)}  # fmt: skip


@pytest.mark.parametrize("shades", [1, 2, 3])
def test_no_new_pair_is_ever_met(shades):
    met = pairs(scenes(500, 0, shades=shades))
    new = pairs(scenes(500, 0, shades=shades, new=True))
    assert len(met) == 10 * shades and len(new) == 40 - 10 * shades
    assert not met & new
    assert {d for d, _ in met} == {d for d, _ in new} == {*range(10)}


def test_a_caption_names_what_is_seen_from_the_left():
    said = captions(torch.tensor([[7, 2]]), torch.tensor([[0, 2]]))
    assert said == ["a red seven left of a blue two ."]
    assert decode(encode(said)) == said


def test_each_digit_has_its_colour_and_its_place():
    shown = scenes(20, 1, objects=3)
    assert shown.pictures.shape == (20, 3, 8, 24)
    assert 0 <= shown.pictures.min() and shown.pictures.max() <= 1
    shades = torch.tensor([*COLOURS.values()])[shown.colours]  # (20, 3, 3)
    for place in range(3):
        cell = shown.pictures[..., 8 * place : 8 * place + 8]
        ink = cell.flatten(2) / shades[:, place, :, None]  # alike in all channels
        assert torch.allclose(ink, ink[:, :1].expand_as(ink), atol=1e-6)


def test_one_seed_draws_one_scene_and_tests_have_their_own_handwriting():
    one, again = scenes(5, 3), scenes(5, 3)
    assert torch.equal(one.pictures, again.pictures)
    assert not torch.equal(one.pictures, scenes(5, 4).pictures)
    assert len(handwriting(True)[0]) == 500 and len(handwriting(False)[0]) == 1297


def test_what_is_no_digit_or_no_pair_is_named():
    with pytest.raises(ValueError, match=r"digits must lie in 0 .. 9: got \[\[10\]\]"):
        paint(torch.tensor([[10]]), torch.tensor([[0]]), torch.Generator())
    with pytest.raises(ValueError, match=r"shades must lie in 1 .. 3: got 4"):
        kinds(new=True, shades=4)
