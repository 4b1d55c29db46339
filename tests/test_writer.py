"""What models.writer promises: the numbers of the model, or else no writing at all."""

import pytest
import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from lmlab.learning.lora import add_lora
from lmlab.models import sampling
from lmlab.models.attention import MultiHeadAttention
from lmlab.models.blocks import Block, FeedForward
from lmlab.models.cache import KeyValueCache
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.sampling import generate
from lmlab.models.writer import Writer, can_write

V, CONTEXT, D = 13, 12, 16
IDS = torch.tensor([[3, 1, 4, 1], [5, 9, 2, 6]])
PROMPTS = [[5, 1, 4], [2], [9, 9, 9, 8]]


def gpt(kind=GPT, **changes):
    """A GPT in float64 whose every weight matters: also biases and scales."""
    torch.manual_seed(0)
    return lively(kind(GPTConfig(V, CONTEXT, D, n_layers=2, n_heads=2, **changes)))


def lively(model):
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.5)
    return model.double()


def text(model, **settings):
    torch.manual_seed(1)
    return generate(model, [[1, 2]], max_new_tokens=10, **settings)


@pytest.fixture
def written(monkeypatch):
    """A list that gets an entry for each token that a Writer reads."""
    calls, read = [], Writer.__call__

    def count(self, ids, keep=None):
        calls.append(ids)
        return read(self, ids, keep)

    monkeypatch.setattr(Writer, "__call__", count)
    return calls


@pytest.mark.parametrize("changes", [
    {}, {"activation": "gelu_tanh"}, {"d_head": 3}, {"d_ff": 7}])
@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_its_logits_are_those_of_the_model(changes, padded, batch):
    model = gpt(**changes)
    ids = torch.randint(V, (batch, CONTEXT))
    keep = torch.ones_like(ids, dtype=torch.bool)
    if padded:
        for row in range(batch):
            keep[row, : 2 - row] = False
    cache = model.new_cache(batch, CONTEXT)
    with torch.inference_mode():
        writer = Writer(model, cache)
        model(ids[:, :4], cache, keep[:, :4])
        for end in range(5, CONTEXT + 1):
            kept = keep[:, :end] if padded else None
            logits = writer(ids[:, end - 1 : end], kept)
            wanted = model(ids[:, :end], keep=kept)[:, -1]
            assert torch.allclose(logits, wanted, rtol=0, atol=1e-12)
            assert cache.length == end


def test_it_can_begin_with_an_empty_cache():
    model = gpt()
    with torch.inference_mode():
        logits = Writer(model, model.new_cache(2, 1))(torch.tensor([[3], [4]]))
        wanted = model(torch.tensor([[3], [4]]))[:, -1]
    assert torch.allclose(logits, wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n_layers", [1, 3])
def test_a_cache_of_another_number_of_layers_is_refused(n_layers):
    model = gpt()
    cache = KeyValueCache(n_layers, 2, 2, CONTEXT, D // 2, model.tokens.weight)
    said = f"cache must have 2 layers, as the model: got {n_layers}"
    with pytest.raises(ValueError, match=said):
        model(IDS, cache)
    with pytest.raises(ValueError, match=said):
        Writer(model, cache)
    with pytest.raises(ValueError, match="n_layers must be at least 1: got 0"):
        KeyValueCache(0, 2, 2, CONTEXT, D // 2, model.tokens.weight)


def test_its_norms_have_the_floor_that_the_model_has():
    model, ids = gpt(), torch.tensor([[3]])
    for part in model.modules():
        if isinstance(part, nn.LayerNorm):
            part.eps = 0.5
    with torch.inference_mode():
        logits = Writer(model, model.new_cache(1, 1))(ids)
        assert torch.allclose(logits, model(ids)[:, -1], rtol=0, atol=1e-12)


def test_a_context_of_one_token_can_slide():
    torch.manual_seed(0)
    model = lively(GPT(GPTConfig(V, 1, D, n_layers=2, n_heads=2)))
    settings = {"max_new_tokens": 6, "temperature": 0, "full": "slide"}
    texts = [generate(model, [[3]], cache=cache, **settings) for cache in (True, False)]
    assert texts[0] == texts[1]


@pytest.mark.parametrize("prompts", [[[7]], [[5, 1, 4]], PROMPTS])
@pytest.mark.parametrize("settings", [
    {"temperature": 0}, {"top_k": 5}, {"top_p": 0.8}, {"repetition_penalty": 1.7},
    {"stop": [1, 6]}, {"full": "slide", "max_new_tokens": 30}])
def test_texts_are_those_of_the_ordinary_way(monkeypatch, written, prompts, settings):
    texts = []
    for way in ("quick", "ordinary", "no cache"):
        torch.manual_seed(1)
        texts.append(generate(gpt(), prompts, cache=way != "no cache",
                              **{"max_new_tokens": 8} | settings))
        if way == "quick":
            assert written
            written.clear()
            monkeypatch.setattr(sampling, "can_write", lambda model: False)
    assert texts[0] == texts[1] == texts[2] and not written


def test_all_but_the_prompt_is_read_by_it_until_the_context_is_full(written):
    generate(gpt(), [[1, 2, 3]], max_new_tokens=9)
    assert len(written) == 8
    written.clear()
    generate(gpt(), [[1, 2, 3]], max_new_tokens=20, full="slide")
    assert len(written) == CONTEXT - 3
    written.clear()
    generate(gpt(), [[1, 2, 3]], max_new_tokens=9, cache=False)
    assert not written


def test_weights_and_bend_are_those_of_the_moment(written):
    model, logits = gpt(), []
    for change in (lambda: None, lambda: model.tokens.weight.data.neg_(),
                   lambda: [setattr(block.feed_forward, "activation", torch.relu)
                            for block in model.blocks]):
        change()
        assert text(model) == text(model, cache=False)
        with torch.inference_mode():
            cache = model.new_cache(*IDS.shape)
            model(IDS[:, :-1], cache)
            logits.append(Writer(model, cache)(IDS[:, -1:]))
            assert torch.allclose(logits[-1], model(IDS)[:, -1], rtol=0, atol=1e-12)
    assert not torch.allclose(logits[0], logits[1])
    assert not torch.allclose(logits[1], logits[2])
    assert len(written) == 3 * (9 + 1)


def test_the_model_is_left_in_its_mode(written):
    model = gpt().train()
    model.blocks[1].eval()
    before = [part.training for part in model.modules()]
    generate(model, [[1]], max_new_tokens=5)
    assert [part.training for part in model.modules()] == before and written
    assert all(weight.requires_grad for weight in model.parameters())


# What makes a GPT one that only its own modules know how to run

class Doubled(GPT):
    def forward(self, *args, **more):
        return 2 * super().forward(*args, **more)


class DoubledLinear(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def put(name, make):
    return lambda model: model.set_submodule(name, lively(make()))


def put_attention(**changes):
    return put("blocks.1.attention", lambda: MultiHeadAttention(D, 2, **changes))


def put_block(**changes):
    return put("blocks.1", lambda: Block(
        MultiHeadAttention(D, 2), FeedForward(D, D, "gelu"), lambda: nn.LayerNorm(D),
        **changes))


def replace(name, method):
    def change(model):
        part = model.get_submodule(name)
        ordinary = getattr(part, method)
        setattr(part, method, lambda *args, **more: 2 * ordinary(*args, **more))
    return change


CHANGES = {
    "LoRA": lambda model: (add_lora(model, ["query"]), lively(model)),
    "a Linear of another class": put(
        "blocks.0.feed_forward.expand", lambda: DoubledLinear(D, 4 * D)),
    "a map without bias": put(
        "blocks.1.attention.key", lambda: nn.Linear(D, D, bias=False)),
    "another norm": put("blocks.0.attention_norm", lambda: nn.RMSNorm(D)),
    "tokens kept short": put("tokens", lambda: nn.Embedding(V, D, max_norm=0.5)),
    "places kept short": put("places", lambda: nn.Embedding(CONTEXT, D, max_norm=0.5)),
    "turned heads": put_attention(rope=True),
    "another scale": put_attention(scale=1.0),
    "a block that normalises last": put_block(norm_first=False),
    "a parallel block": put_block(parallel=True),
    "another forward": replace("blocks.0.feed_forward", "forward"),
    "another method": replace("", "hidden"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_gpt_that_was_changed_writes_the_ordinary_way(written, what):
    model = gpt()
    plain = model(IDS)
    assert can_write(model)
    CHANGES[what](model)
    must_not_be_written_with(model)
    text(model)
    assert not written
    assert not torch.allclose(model(IDS), plain), "the change must change something"


@pytest.mark.parametrize("make", [
    lambda: gpt(places=False), lambda: gpt(norm_first=False), lambda: gpt(Doubled),
])
def test_another_model_writes_the_ordinary_way(written, make):
    must_not_be_written_with(make())
    texts = [generate(make(), PROMPTS, max_new_tokens=8, temperature=0, cache=cache)
             for cache in (True, False)]
    assert texts[0] == texts[1] and not written


@pytest.mark.parametrize("change", [
    put_attention(n_kv_heads=1), put_block(cross_attention=MultiHeadAttention(D, 2))])
def test_what_a_gpt_itself_could_not_run_is_not_written_with(change):
    model = gpt()
    change(model)
    must_not_be_written_with(model)


def test_a_part_alone_is_not_written_with():
    must_not_be_written_with(gpt().blocks[0])


def must_not_be_written_with(model):
    assert not can_write(model)
    with pytest.raises(ValueError, match="gpt must be a GPT that can_write"):
        Writer(model, None)


@pytest.mark.parametrize("name", [
    "", "tokens", "norm", "blocks.1", "blocks.0.attention", "blocks.1.attention.value",
    "blocks.0.feed_forward", "blocks.1.feed_forward.shrink", "blocks.1.attention_norm"])
@pytest.mark.parametrize("kind", [
    "register_forward_hook", "register_forward_pre_hook"])
def test_who_watches_a_part_sees_each_token(name, kind):
    model, seen = gpt(), []
    plain = text(model)
    part = model.get_submodule(name)
    watching = getattr(part, kind)(lambda *now: seen.append(now))
    must_not_be_written_with(model)
    assert text(model) == plain
    assert len(seen) == 10
    watching.remove()
    assert can_write(model)


def test_who_watches_all_parts_of_all_models_sees_each_token():
    model, seen = gpt(), []
    watching = register_module_forward_hook(
        lambda part, *now: seen.append(part) if part is model else None)
    try:
        must_not_be_written_with(model)
        generate(model, [[1, 2]], max_new_tokens=10)
    finally:
        watching.remove()
    assert len(seen) == 10 and can_write(model)
