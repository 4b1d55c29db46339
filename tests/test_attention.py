"""What lmlab.attention promises."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lmlab.attention import (
    MultiHeadAttention,
    attention,
    attention_weights,
    causal_mask,
    merge_heads,
    split_heads,
)
from lmlab.positions import alibi_bias, rope, sinusoidal_positions


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def close(a: torch.Tensor, b: torch.Tensor, tolerance: float = 1e-12) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() < tolerance)


def layer(d_model: int, n_heads: int, **settings) -> MultiHeadAttention:
    torch.manual_seed(0)
    return MultiHeadAttention(d_model, n_heads, **settings).double()


# -- agreement with torch ------------------------------------------------------


@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 4), (2, 3, 7, 8)])
def test_agrees_with_torch(shape):
    query, key, value = (numbers(*shape, seed=i) for i in range(3))
    mask = causal_mask(shape[-2])
    bias = numbers(shape[-2], shape[-2], seed=3)
    sdpa = F.scaled_dot_product_attention
    assert close(attention(query, key, value), sdpa(query, key, value))
    assert close(
        attention(query, key, value, mask), sdpa(query, key, value, attn_mask=mask)
    )
    assert close(
        attention(query, key, value, bias=bias),
        sdpa(query, key, value, attn_mask=bias),
    )


def test_queries_and_keys_may_differ_in_number_and_values_in_width():
    query, key, value = numbers(2, 3, 4), numbers(2, 6, 4), numbers(2, 6, 5)
    ours = attention(query, key, value)
    assert ours.shape == (2, 3, 5)
    assert close(ours, F.scaled_dot_product_attention(query, key, value))


@pytest.mark.parametrize("n_heads", [1, 2, 6])
@pytest.mark.parametrize("bias", [True, False])
def test_multi_head_agrees_with_torch_on_copied_weights(n_heads, bias):
    ours = layer(12, n_heads, bias=bias)
    theirs = nn.MultiheadAttention(12, n_heads, bias=bias, batch_first=True).double()
    inputs = ours.query, ours.key, ours.value
    with torch.no_grad():
        theirs.in_proj_weight.copy_(torch.cat([m.weight for m in inputs]))
        theirs.out_proj.weight.copy_(ours.output.weight)
        if bias:
            theirs.in_proj_bias.copy_(torch.cat([m.bias for m in inputs]))
            theirs.out_proj.bias.copy_(ours.output.bias)
    x, context = numbers(2, 5, 12), numbers(2, 7, 12, seed=1)
    for source, mask in ((x, causal_mask(5)), (context, None)):
        hidden = None if mask is None else ~mask  # torch marks what is hidden
        out, weights = theirs(
            x, source, source, attn_mask=hidden, average_attn_weights=False
        )
        assert close(ours(x, source, mask=mask), out)
        assert close(ours.weights(x, source, mask=mask), weights)


def test_gradients_agree_with_torch():
    ours = [numbers(4, 3, seed=i).requires_grad_() for i in range(3)]
    theirs = [t.detach().clone().requires_grad_() for t in ours]
    attention(*ours, causal_mask(4)).square().sum().backward()
    F.scaled_dot_product_attention(*theirs, is_causal=True).square().sum().backward()
    assert all(close(a.grad, b.grad) for a, b in zip(ours, theirs, strict=True))


# -- what attention can and cannot see -----------------------------------------


def test_weights_are_a_weighted_average():
    weights = attention_weights(numbers(3, 5, 4), numbers(3, 5, 4), causal_mask(5))
    assert close(weights.sum(-1), torch.ones(3, 5, dtype=torch.float64))
    assert (weights.triu(1) == 0).all() and (weights >= 0).all()


@pytest.mark.parametrize("with_rope", [False, True])
def test_future_tokens_cannot_change_the_past(with_rope):
    model, x = layer(8, 2, rope=with_rope), numbers(1, 6, 8)
    for first_changed in range(1, 6):
        other = x.clone()
        other[:, first_changed:] = numbers(6 - first_changed, 8, seed=9)
        before, after = (model(t, mask=causal_mask(6)) for t in (x, other))
        assert torch.equal(before[:, :first_changed], after[:, :first_changed])
        assert not close(before[:, first_changed:], after[:, first_changed:])


def test_without_positions_shuffled_tokens_give_shuffled_answers():
    model, x = layer(8, 2), numbers(1, 6, 8)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    assert close(model(x[:, order]), model(x)[:, order])


@pytest.mark.parametrize("kind", ["mask", "sinusoidal", "rope", "alibi"])
def test_positions_make_the_order_matter(kind):
    model, x = layer(8, 2, rope=kind == "rope"), numbers(1, 6, 8)
    order = torch.tensor([3, 0, 5, 1, 4, 2])

    def run(x):
        mask = causal_mask(6) if kind == "mask" else None
        bias = alibi_bias(2, 6) if kind == "alibi" else None
        if kind == "sinusoidal":
            x = x + sinusoidal_positions(6, 8)
        return model(x, mask=mask, bias=bias)

    assert not close(run(x[:, order]), run(x)[:, order], 1e-3)


# -- heads and positions -------------------------------------------------------


def test_split_heads_gives_each_head_its_own_features_and_merge_undoes_it():
    x = torch.arange(2 * 3 * 8).reshape(2, 3, 8)
    heads = split_heads(x, 4)
    assert heads.shape == (2, 4, 3, 2)
    assert torch.equal(heads[:, 1], x[:, :, 2:4])
    assert torch.equal(merge_heads(heads), x)


def test_sinusoidal_positions_follow_the_formula():
    table = sinusoidal_positions(20, 6)
    for p in (0, 1, 19):
        for i in range(3):
            angle = p / 10000 ** (2 * i / 6)
            assert table[p, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[p, 2 * i + 1].item() == pytest.approx(
                math.cos(angle), abs=1e-6
            )


def test_rope_turns_pairs_and_keeps_lengths():
    x = numbers(2, 7, 6)
    turned = rope(x)
    assert torch.equal(turned[:, 0], x[:, 0])
    assert close(turned.norm(dim=-1), x.norm(dim=-1))
    pair = torch.view_as_complex(x[0, 3].reshape(3, 2))
    speed = torch.tensor([10000 ** (-i / 3) for i in range(3)], dtype=torch.float64)
    expected = torch.view_as_real(pair * torch.exp(3j * speed)).flatten()
    assert close(turned[0, 3], expected)


def test_rope_scores_depend_on_the_distance_alone():
    query, key = numbers(4).expand(30, 4), numbers(4, seed=1).expand(30, 4)
    scores = rope(query) @ rope(key).T
    for distance in (-9, 0, 4):
        diagonal = scores.diagonal(distance)
        assert close(diagonal, diagonal[:1].expand_as(diagonal))


def test_alibi_lowers_scores_in_proportion_to_the_distance():
    bias = alibi_bias(8, 5)
    assert bias.shape == (8, 5, 5)
    assert bias[0, 4].tolist() == [-2.0, -1.5, -1.0, -0.5, 0.0]  # slope 1/2
    assert bias[7, 4, 0].item() == -4 * 2**-8


# -- errors name the argument, what came, what was expected --------------------


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: attention(numbers(5, 8), numbers(5, 16), numbers(5, 16)),
            "query and key must share d_head: got 8 and 16",
        ),
        (
            lambda: attention(numbers(5, 8), numbers(5, 8), numbers(4, 8)),
            "key and value must have the same number of tokens: got 5 and 4",
        ),
        (
            lambda: attention_weights(numbers(5, 8), numbers(5, 8), torch.ones(5, 5)),
            "mask must be boolean, True = may look: got torch.float32",
        ),
        (
            lambda: attention_weights(numbers(5, 8), numbers(5, 8), causal_mask(4)),
            r"mask must broadcast to \(..., queries, keys\) = \(5, 5\): got \(4, 4\)",
        ),
        (
            lambda: attention_weights(
                numbers(5, 8), numbers(5, 8), bias=alibi_bias(2, 5)
            ),
            r"bias must broadcast to .* = \(5, 5\): got \(2, 5, 5\)",
        ),
        (
            lambda: attention_weights(
                numbers(5, 8), numbers(5, 8), causal_mask(5).roll(1, 1) & causal_mask(5)
            ),
            "mask must leave each query a key to look at: row 0 has no True",
        ),
        (
            lambda: split_heads(numbers(5, 8), 3),
            "n_heads must divide d_model: got n_heads 3 and d_model 8",
        ),
        (
            lambda: MultiHeadAttention(8, 0),
            "n_heads must divide d_model: got n_heads 0",
        ),
        (lambda: MultiHeadAttention(6, 2, rope=True), "d_head must be even: got 3"),
        (lambda: rope(numbers(4, 5)), "d_head must be even, .* got 5"),
        (lambda: sinusoidal_positions(4, 5), "d_model must be even, .* got 5"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
