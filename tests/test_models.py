"""What gpt, llama, bert and t5 promise, and the parts they are made of."""

import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.blocks import Block, FeedForward, MixtureOfExperts, SwiGLU
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.t5 import T5, T5Config
from lmlab.models.vit import ViT, ViTConfig

VOCAB, CONTEXT = 19, 14
GPTS = GPTConfig(VOCAB, CONTEXT, 16, 2, 4)
LLAMAS = LLaMAConfig(VOCAB, CONTEXT, 16, 2, 4)
DECODERS = {
    "GPT": GPTS,
    "GPT-1": replace(GPTS, norm_first=False),
    "GPT without places": replace(GPTS, places=False),
    "GPT with wide heads": replace(GPTS, d_head=6),
    "LLaMA": LLAMAS,
    "grouped": replace(LLAMAS, n_kv_heads=2, qkv_bias=True, rope_share=0.5),
    "multi-query": replace(LLAMAS, n_kv_heads=1, d_head=6, parallel=True, tied=True),
    "ALiBi": replace(LLAMAS, n_heads=6, d_model=24, alibi=True),
    "biases by distance": replace(LLAMAS, n_buckets=8),
    "experts": replace(LLAMAS, d_ff=8, n_experts=4, top_k=2, d_shared=8),
}
every_decoder = pytest.mark.parametrize("config", DECODERS.values(), ids=DECODERS)
MODELS = {GPTConfig: GPT, LLaMAConfig: LLaMA, BERTConfig: BERT, T5Config: T5}
ENCODER = BERTConfig(VOCAB, CONTEXT, 16, 2, 4)
PAIR = T5Config(VOCAB, 16, 2, 4, n_buckets=8, furthest=12)


def build(config, std: float = 0.3) -> nn.Module:
    """The model in float64, with weights large enough to matter."""
    torch.manual_seed(0)
    model = MODELS[type(config)](config).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=std)
    return model.eval()


def ids(*shape: int, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(VOCAB, shape, generator=generator)


def close(a: Tensor, b: Tensor, tolerance: float = 1e-9) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() < tolerance)


# -- decoders -------------------------------------------------------------------


@every_decoder
def test_future_tokens_cannot_change_the_past(config):
    model, text = build(config), ids(1, 8)
    before = model(text)
    for first_changed in range(1, 8):
        other = text.clone()
        other[:, first_changed:] = (other[:, first_changed:] + 1) % VOCAB
        after = model(other)
        assert close(before[:, :first_changed], after[:, :first_changed])
        assert not close(before[:, first_changed:], after[:, first_changed:], 1e-3)


@every_decoder
@pytest.mark.parametrize("pieces", [[1] * 9, [4, 1, 1, 3], [9], [1, 8]])
def test_with_the_cache_the_logits_are_the_same(config, pieces):
    model, text = build(config), ids(3, 9)
    cache = model.new_cache(3, 11)
    logits = [model(piece, cache) for piece in text.split(pieces, dim=1)]
    assert close(torch.cat(logits, dim=1), model(text))
    assert cache.length == 9


@every_decoder
@pytest.mark.parametrize("pieces", [[10], [7, 1, 1, 1], [6, 4]])
def test_a_padded_row_gives_what_it_gives_alone(config, pieces):
    model = build(config)
    alone = [ids(1, n, seed=n) for n in (10, 7, 5)]
    rows = [F.pad(row, (10 - row.shape[1], 0), value=3) for row in alone]
    keep = torch.arange(10) >= torch.tensor([[0], [3], [5]])
    cache, logits, end = model.new_cache(3, 10), [], 0
    for piece in torch.cat(rows).split(pieces, dim=1):
        end += piece.shape[1]
        logits.append(model(piece, cache, keep[:, :end]))
    for row, both in zip(alone, torch.cat(logits, dim=1), strict=True):
        assert close(model(row)[0], both[-row.shape[1] :])


def test_padding_leaves_room_in_the_context():
    model = build(GPTS)
    text = F.pad(ids(1, CONTEXT), (5, 0))
    keep = torch.arange(CONTEXT + 5)[None] >= 5
    assert close(model(text, keep=keep)[:, 5:], model(text[:, 5:]))


def test_gradients_are_finite_where_rows_are_padded():
    for config in (GPTS, DECODERS["ALiBi"]):
        model, keep = build(config), torch.arange(9) >= torch.tensor([[0], [6]])
        model(ids(2, 9), keep=keep)[keep].square().sum().backward()
        assert all(weight.grad.isfinite().all() for weight in model.parameters())


@every_decoder
def test_logits_come_from_the_hidden_states(config):
    model, text = build(config), ids(2, 5)
    hidden = model.hidden(text)
    assert hidden.shape == (2, 5, config.d_model)
    tied = isinstance(model, GPT) or config.tied
    table = model.tokens.weight if tied else model.vocabulary.weight
    assert close(hidden @ table.T, model(text))


def test_places_and_rope_tell_the_order_and_without_them_the_mask_does():
    turned = ids(1, 6).flip(1)
    for name in ("GPT", "GPT without places", "LLaMA", "ALiBi"):
        model = build(DECODERS[name])
        assert not close(model(ids(1, 6))[:, -1], model(turned)[:, -1], 1e-3), name


@every_decoder
def test_a_new_model_knows_nothing_and_its_seed_makes_it(config):
    torch.manual_seed(3)
    first = MODELS[type(config)](config)
    torch.manual_seed(3)
    again = MODELS[type(config)](config)
    text = ids(4, 12)
    loss = F.cross_entropy(first(text)[:, :-1].flatten(0, 1), text[:, 1:].flatten())
    assert loss.item() == pytest.approx(math.log(VOCAB), abs=0.4)
    assert torch.equal(first(text), again(text))


def test_what_gpt_adds_to_its_sum_starts_smaller_the_deeper_it_is():
    torch.manual_seed(0)
    model = GPT(GPTConfig(VOCAB, CONTEXT, 256, 8, 4))
    block = model.blocks[5]
    assert block.attention.query.weight.std().item() == pytest.approx(0.02, rel=0.05)
    for adds in (block.attention.output, block.feed_forward.shrink):
        assert adds.weight.std().item() == pytest.approx(0.02 / 4, rel=0.05)
        assert (adds.bias == 0).all()


@pytest.mark.parametrize(
    ("config", "spreads"),
    [
        (
            LLaMAConfig(VOCAB, CONTEXT, 256, 1, 4),
            {"blocks.0.attention.key": 0.02, "tokens": 0.02},
        ),
        (
            BERTConfig(VOCAB, CONTEXT, 256, 1, 4),  # cut at twice 0.02
            {"blocks.0.attention.key": 0.0176, "pool": 0.0176},
        ),
        (
            T5Config(VOCAB, 256, 1, 4, d_head=100, d_ff=400),
            {
                "tokens": 1.0,
                "encoder.blocks.0.attention.query": 1 / 160,
                "encoder.blocks.0.attention.key": 1 / 16,
                "encoder.blocks.0.attention.output": 1 / 20,
                "decoder.blocks.0.feed_forward.shrink": 1 / 20,
            },
        ),
    ],
)
def test_new_weights_have_the_spread_that_their_authors_chose(config, spreads):
    torch.manual_seed(0)
    weights = dict(MODELS[type(config)](config).named_parameters())
    for name, spread in spreads.items():
        found = weights[name + ".weight"].std().item()
        assert found == pytest.approx(spread, rel=0.05), name


# -- encoders, and both ---------------------------------------------------------


def test_bert_sees_ahead_and_behind():
    model, text = build(ENCODER), ids(1, 7)
    other = text.clone()
    other[:, 3] = (other[:, 3] + 1) % VOCAB
    change = (model(text) - model(other)).abs().amax(dim=-1)[0]
    assert (change > 1e-3).all()


@pytest.mark.parametrize("left", [True, False])
def test_bert_does_not_see_padding(left):
    model, text = build(ENCODER), ids(2, 9)
    keep = torch.ones(2, 9, dtype=torch.bool)
    keep[1, :4] = False
    if not left:
        keep = keep.flip(1)
    kept = text[1][keep[1]][None]
    assert close(model(text, keep=keep)[1][keep[1]], model(kept)[0])


def test_segments_matter_to_bert():
    model, text = build(ENCODER), ids(2, 5)
    zeros = torch.zeros_like(text)
    assert close(model(text), model(text, zeros))
    assert not close(model(text), model(text, zeros + 1), 1e-3)


def test_t5_sees_all_of_the_source_and_the_past_of_the_target():
    model, source, target = build(PAIR), ids(1, 6), ids(1, 5, seed=2)
    before = model(source, target)
    other = source.clone()
    other[:, 5] = (other[:, 5] + 1) % VOCAB
    assert ((before - model(other, target)).abs().amax(dim=-1) > 1e-4).all()
    other = target.clone()
    other[:, 3] = (other[:, 3] + 1) % VOCAB
    after = model(source, other)
    assert close(before[:, :3], after[:, :3])
    assert not close(before[:, 3:], after[:, 3:], 1e-4)


@pytest.mark.parametrize("left", [True, False])
def test_t5_does_not_see_padding_in_the_source(left):
    model, target = build(PAIR), ids(1, 5, seed=2)
    source = ids(1, 6)
    padded = F.pad(source, (3, 0) if left else (0, 3), value=4)
    keep = F.pad(torch.ones(1, 6, dtype=torch.bool), (3, 0) if left else (0, 3))
    assert close(model(padded, target, keep), model(source, target))


@pytest.mark.parametrize("config", [ENCODER, PAIR])
def test_new_encoders_start_level(config):
    torch.manual_seed(0)
    model = MODELS[type(config)](config)
    text = ids(4, 12)
    if config is ENCODER:
        logits = model.masked_lm_logits(model(text))
    else:
        logits = model(text, text)
    assert logits.std() < 1.5


# -- number types below float32 -------------------------------------------------

COARSE = {torch.float16: 2e-3, torch.bfloat16: 2e-2}  # of the largest logit
IMAGES = ViTConfig(12, 4, 2, 5, 24, 2, 3)
in_coarse_types = pytest.mark.parametrize("dtype", COARSE, ids=str)


def near(ours: Tensor, exact: Tensor, tolerance: float) -> bool:
    error = (ours.float() - exact).abs().max() / exact.abs().max()
    return bool(ours.isfinite().all()) and error.item() < tolerance


@in_coarse_types
@pytest.mark.parametrize("config", [*DECODERS.values(), ENCODER, PAIR, IMAGES])
def test_a_model_below_float32_gives_nearly_what_it_gives_in_float32(config, dtype):
    torch.manual_seed(0)
    model = (MODELS | {ViTConfig: ViT})[type(config)](config)
    model.to(dtype).float()  # the same weights, so that only the computing differs
    images = torch.sin(torch.arange(3 * 2 * 12 * 12) ** 2.0).view(3, 2, 12, 12)
    given = {T5: (ids(2, 9), ids(2, 7)), ViT: (images.to(dtype).float(),)}
    given = given.get(type(model), (ids(2, 9),))
    exact = model(*given)
    if isinstance(model, BERT):
        exact = model.masked_lm_logits(exact)
    model.to(dtype)
    ours = model(*(x.to(dtype) if x.is_floating_point() else x for x in given))
    if isinstance(model, BERT):
        ours = model.masked_lm_logits(ours)
    assert ours.dtype == dtype
    assert near(ours, exact, COARSE[dtype])


@in_coarse_types
@every_decoder
def test_a_decoder_below_float32_has_a_cache_padding_and_gradients(config, dtype):
    torch.manual_seed(0)
    model = MODELS[type(config)](config).to(dtype)
    text, keep = ids(2, 9), torch.arange(9) >= torch.tensor([[0], [4]])
    cache = model.new_cache(2, 9)
    logits = torch.cat([model(text[:, :6], cache, keep[:, :6]),
                        model(text[:, 6:], cache, keep)], dim=1)
    exact = model.float()(text, keep=keep)
    assert near(logits[keep], exact[keep], COARSE[dtype])
    model.to(dtype)(text, keep=keep)[keep].square().sum().backward()
    assert all(w.grad is None or w.grad.isfinite().all() for w in model.parameters())


# -- parts ----------------------------------------------------------------------


def numbers(*shape: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def test_feed_forward_and_swiglu_follow_their_formulas():
    torch.manual_seed(0)
    x = numbers(2, 5, 4)
    gelu = FeedForward(4, 7, "gelu").double()
    z = gelu.expand(x)
    assert close(gelu(x), gelu.shrink(z * (1 + torch.erf(z / math.sqrt(2))) / 2))
    relu = FeedForward(4, 7, "relu", bias=False).double()
    assert close(relu(x), relu.expand(x).clamp(min=0) @ relu.shrink.weight.T)
    swiglu = SwiGLU(4, 7).double()
    z = swiglu.gate(x)
    assert close(swiglu(x), swiglu.shrink(z * torch.sigmoid(z) * swiglu.expand(x)))


def test_a_token_uses_its_best_experts_each_as_much_as_the_router_says():
    torch.manual_seed(0)
    mixture = MixtureOfExperts(4, 6, n_experts=5, top_k=2, d_shared=3).double()
    x = numbers(2, 7, 4)
    answer = torch.zeros_like(x)
    for row in range(2):
        for n in range(7):
            token = x[row, n]
            chances = torch.softmax(mixture.router(token), dim=-1)
            best = sorted(range(5), key=lambda e: -chances[e])[:2]
            answer[row, n] = sum(chances[e] * mixture.experts[e](token) for e in best)
            gate = torch.sigmoid(mixture.shared_gate(token))
            answer[row, n] += gate * mixture.shared(token)
    assert close(mixture(x), answer)
    weights, chosen = mixture.route(x)
    assert weights.shape == chosen.shape == (2, 7, 2)
    assert (weights[..., 0] >= weights[..., 1]).all()


def test_blocks_normalise_before_or_after_or_once():
    class Twice(nn.Module):
        def forward(self, x, **looking):
            return 2 * x

    class Minus(nn.Module):
        def forward(self, x):
            return x - 1

    x, two = torch.tensor(5.0), Twice()
    assert Block(two, Twice(), Minus)(x) == (5 + 2 * 4) + 2 * 12
    assert Block(two, Twice(), Minus, norm_first=False)(x) == (14 + 28) - 1
    assert Block(two, Twice(), Minus, parallel=True)(x) == 5 + 2 * 4 + 2 * 4


# -- errors name the argument, what came, what was expected ---------------------


def gpt(*arguments, **named):
    return GPT(GPTS)(*arguments, **named)


def bert(*arguments, **named):
    return BERT(ENCODER)(*arguments, **named)


def t5(*arguments, **named):
    return T5(PAIR)(*arguments, **named)


def with_cache(batch: int, length: int, text: Tensor, model=None, keep=None):
    model = model or GPT(GPTS)
    return model(text, model.new_cache(batch, length), keep)


def changed_type():
    model = GPT(GPTS)
    cache = model.new_cache(1, 5)
    return model.double()(ids(1, 3), cache)


ones = torch.ones(2, 5, dtype=torch.bool)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: gpt(ids(5)), r"ids must have shape \(batch, n\).* got \(5,\)"),
        (lambda: gpt(ids(2, 5).int()), "ids must .* int64: got .* torch.int32"),
        (lambda: gpt(ids(2, 0)), r"ids must .* at least one token.* got \(2, 0\)"),
        (lambda: gpt(ids(0, 5)), r"ids must .* at least one token.* got \(0, 5\)"),
        (lambda: gpt(ids(2, 5) * 0 + VOCAB), "ids must lie in 0 .. 18: got 19"),
        (lambda: gpt(ids(2, 5) * 0 - 1), "ids must lie in 0 .. 18: got -1"),
        (lambda: gpt(ids(2, 5).to("meta")), "ids must be .* on cpu: got meta"),
        (lambda: gpt(ids(1, 15)), "ids must fit into the context of 14: got 15"),
        (
            lambda: LLaMA(LLAMAS)(ids(1, 15)),
            "ids must fit into the context of 14: got 15",
        ),
        (
            lambda: with_cache(1, 20, ids(1, 15)),
            "ids must fit into the context of 14: got 15",
        ),
        (
            lambda: with_cache(1, 4, ids(1, 5)),
            "cache must have room for 1 rows of 5 tokens: it has 1 rows of 4",
        ),
        (
            lambda: with_cache(1, 5, ids(2, 5)),
            "cache must have room for 2 rows of 5 tokens: it has 1 rows of 5",
        ),
        (changed_type, "cache must hold torch.float64 on cpu.* got torch.float32"),
        (lambda: GPT(GPTS).new_cache(0, 5), "batch and length must .* got 2, 0 and 5"),
        (
            lambda: gpt(ids(2, 5), keep=ones.int()),
            r"keep must be boolean.* \(2, 5\), on cpu: got torch.int32",
        ),
        (
            lambda: gpt(ids(2, 5), keep=ones[:, :4]),
            r"keep must be .* \(2, 5\).* got torch.bool, \(2, 4\)",
        ),
        (
            lambda: with_cache(2, 9, ids(2, 5), keep=ones.to("meta")),
            "keep must be .* on cpu: got .* meta",
        ),
        (
            lambda: gpt(ids(2, 5), keep=ones & torch.tensor([[True], [False]])),
            "keep must keep a token in each row: row 1 has no True",
        ),
        (lambda: GPT(replace(GPTS, n_heads=3)), "n_heads must divide d_model: got n_h"),
        (
            lambda: LLaMA(replace(LLAMAS, n_kv_heads=3)),
            "n_kv_heads must divide n_heads: got n_kv_heads 3 and n_heads 4",
        ),
        (
            lambda: GPT(replace(GPTS, activation="swish")),
            "activation must be one of relu, gelu, gelu_tanh: got swish",
        ),
        (
            lambda: LLaMA(replace(LLAMAS, n_experts=2, top_k=3)),
            "top_k must lie in 1 .. n_experts = 2: got 3",
        ),
        (
            lambda: LLaMA(replace(LLAMAS, d_head=5))(ids(1, 3)),
            "d_head must be even, .* got 5",
        ),
        (lambda: bert(ids(2, 5), ids(2, 5)), r"segments must lie in 0 .. 1: got"),
        (
            lambda: bert(ids(2, 5), ids(2, 4) % 2),
            r"segments must have the shape of ids, \(2, 5\): got \(2, 4\)",
        ),
        (
            lambda: BERT(replace(ENCODER, masked_lm=False)).masked_lm_logits(
                numbers(1, 16)
            ),
            "config must have masked_lm=True",
        ),
        (lambda: t5(ids(2, 5), ids(3, 4)), r"memory must have shape \(3, n, 16\)"),
        (lambda: t5(ids(2, 5), ids(2, 4) + VOCAB), "target must lie in 0 .. 18"),
        (lambda: t5(ids(2, 5) + VOCAB, ids(2, 4)), "source must lie in 0 .. 18"),
        (
            lambda: t5(ids(2, 5), ids(2, 4), ones[:, 1:]),
            r"source_keep must be .* \(2, 5\)",
        ),
        (
            lambda: t5(ids(2, 5), ids(2, 4), ~ones),
            "source_keep must keep a token in each row: row 0",
        ),
        (
            lambda: ViT(ViTConfig(12, 5, 1, 3)),
            "patch must divide image: got patch 5 and image 12",
        ),
        (
            lambda: ViT(ViTConfig(12, 4, 1, 3))(numbers(2, 3, 12, 12)),
            r"images must have shape \(batch, 1, 12, 12\).* got \(2, 3, 12, 12\)",
        ),
        (
            lambda: ViT(ViTConfig(12, 4, 1, 3))(torch.zeros(0, 1, 12, 12)),
            r"images must have .* at least one, .*: got \(0, 1, 12, 12\)",
        ),
        (
            lambda: ViT(ViTConfig(12, 4, 1, 3))(torch.zeros(1, 1, 12, 12).to("meta")),
            "images must have .* on cpu: got .* on meta",
        ),
        (
            lambda: ViT(ViTConfig(12, 0, 1, 3)),
            "patch must divide image: got patch 0 and image 12",
        ),
        (lambda: BERT(ENCODER)(ids(1, 15)), "context of 14: got 15"),
        (lambda: BERT(ENCODER)(ids(0, 5)), r"at least one token.* got \(0, 5\)"),
        (
            lambda: BERT(ENCODER)(ids(2, 5), keep=~ones),
            "keep must keep a token in each row: row 0 has no True",
        ),
        (
            lambda: BERT(ENCODER)(ids(2, 5), (ids(2, 5) * 0).to("meta")),
            "segments must be where the model is, on cpu: got meta",
        ),
        (
            lambda: BERT(ENCODER).masked_lm_logits(torch.zeros(2, 5, 7)),
            "hidden must have 16 features: got 7",
        ),
        (
            lambda: BERT(ENCODER).pooled(torch.zeros(2, 16)),
            r"hidden must have shape \(batch, n, d_model\).* got \(2, 16\)",
        ),
        (
            lambda: BERT(ENCODER).pooled(torch.zeros(2, 0, 16)),
            r"hidden must have .* at least one token: got \(2, 0, 16\)",
        ),
        (
            lambda: T5(PAIR).decode(ids(2, 4), torch.zeros(2, 5, 16).to("meta")),
            "target and memory must be on one device",
        ),
        (
            lambda: T5(PAIR).decode(ids(2, 4), torch.zeros(2, 0, 16)),
            r"memory must have shape \(2, n, 16\).* got \(2, 0, 16\)",
        ),
        (
            lambda: T5(PAIR).logits(torch.zeros(2, 4)),
            "hidden must have 16 features: got 4",
        ),
        (
            lambda: GPT(GPTS)(ids(1, 3), LLaMA(DECODERS["grouped"]).new_cache(1, 5)),
            r"cache must hold .* = \(2, 4, 4\), as the model: got .* \(2, 2, 4\)",
        ),
        *(
            (
                lambda n=n_layers: GPT(GPTS)(
                    ids(1, 3), GPT(replace(GPTS, n_layers=n)).new_cache(1, 5)
                ),
                rf"cache must hold .*\(2, 4, 4\), .* got .* \({n_layers}, 4, 4\)",
            )
            for n_layers in (1, 3)
        ),
        (
            lambda: GPT(replace(GPTS, n_layers=0)).new_cache(1, 5),
            "layers, batch and length must be at least 1: got 0, 1 and 5",
        ),
        (
            lambda: LLaMA(replace(LLAMAS, rope_share=2.0)),
            "rope_share must lie in 0 .. 1: got 2.0",
        ),
        (
            lambda: T5(replace(PAIR, furthest=2))(ids(1, 3), ids(1, 3)),
            "n_buckets must have room .* got 4 .* and 2",
        ),
    ],
)
def test_wrong_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
