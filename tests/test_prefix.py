"""A prefix is read before the words, and the words do not see ahead."""

import pytest
import torch
from torch import nn

from lmlab.learning import checkpoints
from lmlab.page import datasets
from lmlab.vision.prefix import Patches, PrefixGPT, caption_loss, shipped
from lmlab.vision.scenes import encode, scenes


@pytest.fixture
def model():
    torch.manual_seed(0)
    return PrefixGPT(nn.Linear(2, 16), vocab_size=5, context=9, d_model=16)


def test_a_word_depends_on_the_prefix_and_on_earlier_words_alone(model):
    seen, ids = torch.rand(3, 4, 2), torch.randint(5, (3, 5))
    logits = model(seen, ids)
    assert logits.shape == (3, 6, 5)
    later = ids.clone()
    later[:, 3:] = 0
    assert torch.allclose(model(seen, later)[:, :4], logits[:, :4], atol=1e-6)
    assert not torch.allclose(model(seen + 1, ids)[:, 0], logits[:, 0], atol=1e-6)


def test_it_writes_what_it_finds_likeliest_word_by_word(model):
    seen = torch.rand(2, 4, 2)
    ids = model.write(seen, n_words=5)
    assert torch.equal(model(seen, ids)[:, :5].argmax(-1), ids)


def test_the_loss_is_the_surprise_at_every_word_the_first_included(model):
    seen, ids = torch.rand(2, 4, 2), torch.randint(5, (2, 3))
    log_p = model(seen, ids)[:, :3].log_softmax(-1)
    by_hand = -log_p.gather(2, ids[..., None]).mean()
    assert torch.allclose(caption_loss(model, (seen, ids)), by_hand)


def test_patches_keep_to_their_squares_row_by_row():
    eye, pictures = Patches(6), torch.rand(2, 3, 8, 16)
    before = eye(pictures)
    pictures[:, :, 4:, :4] = 0  # the first patch of the second row
    changed = (eye(pictures) != before).any(-1)
    assert before.shape == (2, 8, 6)
    assert changed.tolist() == [[i == 4 for i in range(8)]] * 2


def test_more_words_than_it_has_places_for_are_refused(model):
    with pytest.raises(ValueError, match="at most 9 places: got 4 seen and 6 words"):
        model(torch.rand(1, 4, 2), torch.zeros(1, 6, dtype=torch.int64))


def test_the_shipped_captioner_says_where_it_comes_from_and_writes_as_measured():
    file = datasets.path("captioner.safetensors")
    assert file.stat().st_size < 150_000
    assert checkpoints.describe(file)["notes"] == {
        "command": "python -m lmlab.vision.prefix", "seed": 0}
    [measured] = [row for row in datasets.measured("21_multimodal")
                  if (row["setting"], row["seed"]) == ("writes 2", 0)]
    writer, found = shipped(), []
    for new in (True, False):
        shown = scenes(1000, 0, new=new, test=True)
        right = writer.write(shown.pictures, 9) == encode(shown.captions)
        found.append(right.all(1).double().mean().item())
        assert right[:, [0, 3, 4, 5, 8]].all()  # fluent, true or not
    assert found == pytest.approx([measured["first"], measured["second"]], abs=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_to_open_the_shipped_captioner_draws_no_random_number(dtype):
    before, usual = torch.get_rng_state(), torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        writer = shipped()
    finally:
        torch.set_default_dtype(usual)
    assert torch.equal(torch.get_rng_state(), before)
    assert {weight.dtype for weight in writer.parameters()} == {dtype}
