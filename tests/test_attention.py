"""What lmlab.models.attention promises."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lmlab.models.attention import (
    MultiHeadAttention,
    attention,
    attention_weights,
    causal_mask,
    merge_heads,
    split_heads,
)
from lmlab.models.positions import (
    alibi_between,
    alibi_bias,
    alibi_slopes,
    relative_buckets,
    rope,
    rope_turns,
    sinusoidal_positions,
)


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


def test_causal_attention_is_attention_with_a_causal_mask():
    key, value = numbers(2, 7, 4), numbers(2, 7, 4, seed=1)
    keep = torch.ones(1, 7, dtype=torch.bool)
    keep[:, 0] = False
    bias = numbers(7, 7, seed=3)
    for n in (1, 3, 6):  # the last n of 7: those before are the past
        query, past = numbers(2, n, 4, seed=2), causal_mask(n, 7)
        assert past.sum() == sum(range(8 - n, 8))
        for more, added in ((None, None), (keep, None), (keep, bias[-n:])):
            mask = past if more is None else past & more
            expected = attention_weights(query, key, mask, added, 0.7) @ value
            ours = attention(query, key, value, more, added, 0.7, causal=True)
            assert close(ours, expected)
    query = numbers(2, 7, 4, seed=2)
    expected = attention_weights(query, key, causal_mask(7), scale=0.7) @ value
    assert close(attention(query, key, value, scale=0.7, causal=True), expected)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 4])
def test_query_heads_share_the_keys_and_values_of_their_neighbours(n_kv_heads):
    shared = layer(12, 4, n_kv_heads=n_kv_heads)
    full = layer(12, 4)
    weights = shared.state_dict()
    for name in ("key.weight", "key.bias", "value.weight", "value.bias"):
        heads = weights[name].unflatten(0, (n_kv_heads, 3))
        weights[name] = heads.repeat_interleave(4 // n_kv_heads, 0).flatten(0, 1)
    full.load_state_dict(weights)
    x, context = numbers(2, 5, 12), numbers(2, 7, 12, seed=1)
    for source in (None, context):
        assert close(shared(x, source), full(x, source))
        assert close(shared.weights(x, source), full.weights(x, source))
    assert close(shared(x, causal=True), full(x, mask=causal_mask(5)))


def test_width_of_heads_scale_and_biases_can_be_chosen():
    model = layer(6, 2, bias=True, output_bias=False, d_head=5, scale=1.0)
    assert model.query.weight.shape == (10, 6) and model.output.weight.shape == (6, 10)
    assert model.query.bias is not None and model.output.bias is None
    x, mask = numbers(1, 4, 6), causal_mask(4)
    query, key, value = (
        split_heads(part(x), 2) for part in (model.query, model.key, model.value)
    )
    weights = torch.softmax((query @ key.mT).masked_fill(~mask, -math.inf), dim=-1)
    assert close(model.weights(x, mask=mask), weights)
    expected = model.output(merge_heads(weights @ value))
    assert close(model(x, mask=mask), expected)
    assert close(model(x, causal=True), expected)


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


def test_rope_may_turn_a_part_from_any_position_at_any_speed():
    x, places = numbers(2, 5, 8), torch.tensor([7, 8, 9, 30, 4])
    turned = rope(x, places, theta=50.0, d_turned=4)
    assert torch.equal(turned[..., 4:], x[..., 4:])
    for n, place in enumerate(places.tolist()):
        pairs = torch.view_as_complex(x[:, n, :4].reshape(2, 2, 2))
        for i, speed in enumerate((1.0, 50**-0.5)):
            angle = torch.tensor(1j * place * speed, dtype=torch.complex128)
            expected = torch.view_as_real(pairs[:, i] * torch.exp(angle))
            assert close(turned[:, n, 2 * i : 2 * i + 2], expected)


def test_turns_given_to_a_layer_take_the_place_of_its_own():
    model, x = layer(8, 2, rope=True), numbers(1, 5, 8)
    turns = rope_turns(torch.arange(5) + 9, 4)  # all further on: the same distances
    assert close(model(x, turns=turns), model(x))
    assert close(model.weights(x, turns=turns), model.weights(x))
    model.rope = False
    assert close(model(x, turns=turns), layer(8, 2, rope=True)(x))


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


def test_alibi_slopes_of_heads_that_are_no_power_of_two_fill_the_gaps():
    assert alibi_slopes(4).tolist() == [2**-2, 2**-4, 2**-6, 2**-8]
    assert alibi_slopes(6).tolist() == [2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3]
    places = torch.tensor([[0, 0, 1, 2]])  # of each row
    bias = alibi_between(places, places, 6)
    assert bias.shape == (1, 6, 4, 4)
    assert bias[0, 4, 3].tolist() == [-1.0, -1.0, -0.5, 0.0]


def test_t5_has_a_bucket_for_each_near_key_and_shares_those_of_far_ones():
    places = torch.arange(300)
    behind = relative_buckets(places[-1:], places, 32, 128, causal=True)[0].flip(0)
    assert behind[:16].tolist() == list(range(16))
    assert behind[16:].unique().tolist() == list(range(16, 32))
    assert (behind.diff() >= 0).all() and (behind[128:] == 31).all()
    both = relative_buckets(places, places, 32, 128, causal=False)
    assert both[10, :21].tolist() == [
        8,
        8,
        8,
        *range(7, -1, -1),
        *range(17, 24),
        24,
        24,
        24,
    ]


# -- number types below float32 ------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_far_tokens_are_told_apart_in_every_number_type(dtype):
    n = 2049  # bfloat16 counts to 256, float16 to 2048
    flat, value = torch.zeros(1, n, 2, dtype=dtype), torch.zeros(1, n, 1, dtype=dtype)
    value[:, :-256] = 1
    bias = -torch.arange(n, 0, -1.0)[None]  # the nearest has -1, the furthest -2049
    far = bias.where(bias < -256, -math.inf)  # only those beyond 256 are seen
    ours = attention(flat[:, -1:], flat, value, bias=far)
    weights = attention_weights(flat[:, -1:], flat, bias=far)
    first, second = weights[0, 0, -257].item(), weights[0, 0, -258].item()
    assert ours.item() == 1 and ours.dtype == weights.dtype == dtype
    assert first / second == pytest.approx(math.e, rel=0.01)
    value[:, :-257] = 0  # which leaves the nearest of those
    ours = attention(flat[:, -1:], flat, value, bias=far)
    assert ours.item() == pytest.approx(1 - 1 / math.e, rel=0.01)


def test_scores_beyond_float16_do_not_overflow():
    query = torch.full((1, 3, 4), 300.0).half()
    value = torch.arange(3.0)[None, :, None].half()
    weights = attention_weights(query, query, scale=1.0)
    assert torch.allclose(weights.float(), torch.tensor(1 / 3), atol=1e-3)
    assert attention(query, query, value, scale=1.0)[0, 0, 0].item() == 1


def test_rope_turns_far_tokens_as_exactly_as_the_numbers_allow():
    x = numbers(4, 8)
    places = torch.tensor([0, 257, 5000, 70_000])  # beyond float16, too
    exact = rope(x, places)
    for dtype, tolerance in ((torch.float16, 2e-3), (torch.bfloat16, 2e-2)):
        ours = rope(x.to(dtype), places)
        assert ours.dtype == dtype
        assert (ours.double() - exact).abs().max() < tolerance


def test_positions_do_not_depend_on_a_coarse_default_type():
    places = torch.arange(300)
    exact = (alibi_bias(6, 300), relative_buckets(places, places, 32, 128, False))
    torch.set_default_dtype(torch.bfloat16)
    try:
        ours = (alibi_bias(6, 300), relative_buckets(places, places, 32, 128, False))
    finally:
        torch.set_default_dtype(torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(ours, exact, strict=True))


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
            lambda: MultiHeadAttention(8, 3),
            "n_heads must divide d_model: got n_heads 3 and d_model 8",
        ),
        (
            lambda: MultiHeadAttention(8, 0),
            "n_heads must divide d_model: got n_heads 0",
        ),
        (
            lambda: layer(6, 2, rope=True)(numbers(5, 6)),
            "d_head must be even, .* got 3",
        ),
        (
            lambda: MultiHeadAttention(8, 4, n_kv_heads=3),
            "n_kv_heads must divide n_heads: got n_kv_heads 3 and n_heads 4",
        ),
        (
            lambda: attention(numbers(5, 8), *2 * [numbers(3, 8)], causal=True),
            "mask must leave each query a key to look at: row 0",
        ),
        (
            lambda: attention(numbers(0, 8), numbers(5, 8), numbers(5, 8)),
            r"query must have shape .* at least one token: got \(0, 8\)",
        ),
        (
            lambda: attention_weights(numbers(5, 8), numbers(0, 8)),
            r"key must have shape .* at least one token: got \(0, 8\)",
        ),
        (
            lambda: attention(*3 * [numbers(8)], causal=True),
            r"query must have shape \(..., tokens, features\).* got \(8,\)",
        ),
        (
            lambda: attention(
                *3 * [numbers(3, 4)], mask=torch.ones(3, 3), causal=True
            ),
            "mask must be boolean, True = may look: got torch.float32",
        ),
        (
            lambda: attention(*3 * [numbers(3, 4)], mask=~causal_mask(3), causal=True),
            "mask must leave each query a key to look at: row 0",
        ),
        (
            lambda: attention(numbers(2, 3, 4), *2 * [numbers(5, 3, 4)]),
            r"query and key and value must fit .* got \(2,\), \(5,\), \(5,\)",
        ),
        (
            lambda: attention(numbers(3, 4), *2 * [numbers(3, 4).to("meta")]),
            "must be on one device: got query on cpu, key on meta, value on meta",
        ),
        (
            lambda: attention(numbers(3, 4).to("meta"), *2 * [numbers(3, 4)]),
            "must be on one device: got query on meta, key on cpu",
        ),
        (
            lambda: attention_weights(
                numbers(3, 4), numbers(3, 4), causal_mask(3).to("meta")
            ),
            "query and key and mask must be on one device: .* mask on meta",
        ),
        (
            lambda: attention(*3 * [numbers(3, 4)], bias=numbers(3, 3).to("meta")),
            "must be on one device: .* bias on meta",
        ),
        (
            lambda: layer(8, 2).weights(numbers(5, 8), mask=torch.ones(5, 5)),
            "mask must be boolean, True = may look: got torch.float32",
        ),
        (
            lambda: rope(numbers(4)),
            r"x must have shape \(..., n, d_head\): got \(4,\)",
        ),
        (
            lambda: rope(numbers(3, 4), torch.arange(2)),
            "positions must be those of 3 tokens, .* at most 4: got 2 and 4",
        ),
        (
            lambda: rope(numbers(3, 2), d_turned=4),
            "d_turned at most 2: got 3 and 4",
        ),
        (lambda: alibi_bias(0, 3), "n_heads must be at least 1: got 0"),
        (lambda: rope(numbers(4, 5)), "d_head must be even, .* got 5"),
        (lambda: sinusoidal_positions(4, 5), "d_model must be even, .* got 5"),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
