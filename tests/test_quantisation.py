"""What learning.quantisation promises: fewer bytes, and no more error than it says."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lmlab.learning.quantisation import (
    QuantisedLinear,
    dequantise,
    error,
    pack,
    quantise,
    quantise_linears,
    size,
    unpack,
)


def linear(n_in: int = 64, n_out: int = 48, bias: bool = True) -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(n_in, n_out, bias=bias)


def test_four_bits_by_hand():
    weight = torch.tensor([[0.7, -0.34, 0.05, 0.0], [0.0, 0.0, 14.0, -2.9]])
    codes, scales = quantise(weight, bits=4, group=2)
    assert codes.tolist() == [[7, -3, 7, 0], [0, 0, 7, -1]]
    assert scales.float() == pytest.approx(
        torch.tensor([[0.1, 0.05 / 7], [0.0, 2.0]]), rel=2**-8
    )


def test_eight_bits_by_hand():
    codes, scales = quantise(torch.tensor([[-254.0, 3.1, 100.0]]), bits=8, group=3)
    assert codes.tolist() == [[-127, 2, 50]] and scales.tolist() == [[2.0]]
    assert dequantise(codes, scales).tolist() == [[-254.0, 4.0, 100.0]]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 99),
    st.sampled_from([4, 8]),
    st.sampled_from([1, 4, 12]),
    st.floats(-30, 30),
)
def test_no_weight_moves_by_more_than_half_a_scale(seed, bits, group, magnitude):
    generator = torch.Generator().manual_seed(seed)
    weight = torch.randn(5, 12, generator=generator) * 10**magnitude
    weight[0] = 0
    codes, scales = quantise(weight, bits, group)
    moved = (dequantise(codes, scales) - weight).abs().unflatten(1, (-1, group))
    assert (moved <= 0.5001 * scales.float()[..., None]).all()
    assert codes.abs().max() == 2 ** (bits - 1) - 1


def test_weights_too_small_for_a_scale_keep_their_sign_or_are_zero():
    weight = torch.tensor([[1.1736e-38, -1.1736e-38], [1e-44, -1e-44]])
    codes, _ = quantise(weight, bits=8, group=2)
    assert codes.tolist() == [[127, -127], [0, 0]]


def test_packing_four_bits_loses_nothing_and_halves_the_bytes():
    codes = torch.arange(-7, 9).clamp(max=7).to(torch.int8).view(2, 8)
    packed = pack(codes)
    assert packed.dtype == torch.uint8 and packed.nbytes == codes.nbytes / 2
    assert torch.equal(unpack(packed), codes) and unpack(packed).dtype == torch.int8
    assert pack(torch.tensor([[-7, 7]], dtype=torch.int8)).tolist() == [[1 + 16 * 15]]


@pytest.mark.parametrize(
    "bits, group, per_weight", [(8, None, 8 + 16 / 64), (4, None, 4.5), (4, 64, 4.25)]
)
def test_the_size_is_codes_plus_scales(bits, group, per_weight):
    stored = QuantisedLinear(linear(bias=False), bits, group)
    assert size(stored) * 8 == per_weight * 64 * 48
    assert size(linear()) == 4 * (64 * 48 + 48)
    assert size(QuantisedLinear(linear(), bits, group)) == size(stored) + 4 * 48


@pytest.mark.parametrize("bits, group, most", [(8, None, 0.01), (4, 32, 0.12)])
def test_it_computes_what_the_linear_computes_up_to_its_error(bits, group, most):
    original = linear()
    stored = QuantisedLinear(original, bits, group)
    x = torch.randn(7, 3, 64)
    wanted = nn.functional.linear(x, stored.weight, original.bias)
    assert torch.equal(stored(x), wanted)
    off = (stored(x) - original(x)).norm() / original(x).norm()
    assert 0 < error(original, stored) < most and off < 1.5 * most


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("bits", [8, 4])
def test_another_number_type_leaves_the_weights_what_they_are(bits, dtype):
    original = linear(bias=False)
    original.weight.data.mul_(1e-7)  # scales and weights too small for float16
    stored = QuantisedLinear(original, bits)
    before, x = stored.weight, 1e4 * torch.randn(7, 64).to(dtype)
    once = error(original, stored)
    assert torch.equal(stored.to(dtype).weight, before)
    assert error(original, stored) == once
    wanted = x.double() @ before.double().T
    assert stored(x).dtype == dtype and (stored(x) != 0).all()
    assert torch.allclose(stored(x).double(), wanted, rtol=1e-2, atol=1e-6)


def test_a_linear_of_zeros_has_no_error():
    zeros = linear()
    zeros.weight.data.zero_()
    assert error(zeros, QuantisedLinear(zeros)) == 0


def test_smaller_groups_and_more_bits_err_less():
    original = linear(256, 256)
    with torch.no_grad():
        original.weight[:, 3] *= 20  # an outlier spoils the scale of those beside it
    errors = [
        error(original, QuantisedLinear(original, bits, group))
        for bits, group in ((4, 256), (4, 64), (4, 16), (8, 256), (8, 16))
    ]
    assert errors == sorted(errors, reverse=True)


def test_what_is_stored_is_stored_again_as_it_is():
    once = QuantisedLinear(linear(), 8)
    again = linear()
    with torch.no_grad():
        again.weight.copy_(once.weight)
    assert torch.equal(QuantisedLinear(again, 8).weight, once.weight)


class Tied(nn.Module):
    """Two maps, and an output that shares the table of the input."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(8, 32)
        self.hidden = nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
        self.output = nn.Linear(32, 8, bias=False)
        self.output.weight = self.table.weight

    def forward(self, ids):
        return self.output(self.hidden(self.table(ids)))


def test_a_model_is_quantised_where_it_can_be_thrown_away():
    torch.manual_seed(0)
    model, ids = Tied(), torch.arange(8)
    before, bytes_before = model(ids), size(model)
    assert bytes_before == 4 * (8 * 32 + 2 * 32 * 64 + 64 + 32)
    assert quantise_linears(model, bits=8) == ["hidden.0", "hidden.2"]
    assert isinstance(model.output, nn.Linear)
    assert (model(ids) - before).norm() < 0.02 * before.norm()
    assert size(model) < 0.5 * bytes_before


def test_only_the_chosen_are_quantised_and_saved_models_load_again():
    torch.manual_seed(0)
    model, copy = Tied(), Tied()
    for each in (model, copy):
        names = quantise_linears(each, 4, chosen=lambda name: name.endswith("2"))
        assert names == ["hidden.2"]
    copy.load_state_dict(model.state_dict())
    assert torch.equal(model(torch.arange(8)), copy(torch.arange(8)))


def test_a_model_that_cannot_be_quantised_whole_is_left_as_it_was():
    model = nn.Sequential(nn.Linear(32, 6), nn.Linear(6, 4))
    with pytest.raises(ValueError, match="group must divide the 6 inputs"):
        quantise_linears(model, 4)
    assert type(model[0]) is nn.Linear


MATRIX = torch.ones(2, 6)
CODES = torch.zeros(2, 6, dtype=torch.int8)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: quantise(MATRIX, 4, 4), "group must divide the 6 inputs.*got 4"),
        (lambda: quantise(MATRIX, 4, 0), "group must divide.*got 0"),
        (lambda: quantise(MATRIX, 5, 6), "bits must be 4 or 8: got 5"),
        (lambda: quantise(MATRIX[0], 4, 6), r"matrix: got shape \(6,\)"),
        (lambda: quantise(MATRIX.long(), 8, 6), "floating-point.*int64"),
        (lambda: quantise(MATRIX * torch.inf, 8, 6), "finite numbers"),
        (lambda: pack(torch.ones(2, 3, dtype=torch.int8)), "even number.*got 3"),
        (lambda: pack(CODES + 8), "int8, from -8 to 7: got torch.int8, 8 to 8"),
        (lambda: pack(CODES - 9), "int8, from -8 to 7: got torch.int8, -9 to -9"),
        (lambda: pack(MATRIX), "codes must be int8.*torch.float32"),
        (lambda: unpack(CODES), "packed must be uint8, as from pack: got torch.int8"),
        (lambda: dequantise(CODES, torch.ones(2, 4)), r"got \(2, 6\) and \(2, 4\)"),
        (lambda: dequantise(CODES, torch.ones(3, 2)), r"got \(2, 6\) and \(3, 2\)"),
        (lambda: dequantise(CODES[0], torch.ones(2)), r"got \(6,\) and \(2,\)"),
        (
            lambda: dequantise(CODES, torch.ones(2, 2).to("meta")),
            "codes and scales must be on one device",
        ),
        (
            lambda: error(linear(64, 47), QuantisedLinear(linear())),
            r"quantised must have the shape of linear, \(47, 64\): got \(48, 64\)",
        ),
        (lambda: quantise_linears(Tied(), chosen=lambda name: False), "at least one"),
        (lambda: quantise_linears(Tied(), 4, group=24), "divide the 32.*got 24"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
