"""What lmlab.models.sampling promises."""

import math

import pytest
import torch
from torch import nn
from transformers import GPT2Config, GPT2LMHeadModel
from transformers.generation.logits_process import (
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from lmlab.learning.lora import add_lora
from lmlab.models import sampling
from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.sampling import (
    draw,
    generate,
    keep_top_k,
    keep_top_p,
    penalise_repetition,
    probabilities,
)
from lmlab.models.t5 import T5, T5Config

V = 13


def gpt(context=12) -> GPT:
    torch.manual_seed(0)
    config = GPTConfig(V, context, d_model=16, n_layers=2, n_heads=2)
    return lively(GPT(config))


def llama(context=12) -> LLaMA:
    torch.manual_seed(0)
    config = LLaMAConfig(
        V, context, d_model=16, n_layers=2, n_heads=4, n_kv_heads=2, d_ff=24)
    return lively(LLaMA(config))


def lively(model):
    """Weights large enough for one token to depend on those before it."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.normal_(std=0.5)
    return model.double()


MODELS = [gpt, llama]


class Forgetful(nn.Module):
    """Asked for a cache, it has none."""

    def new_cache(self, batch, length):
        return None


class Loop(Forgetful):
    """After token i comes i + 1, to the last which is followed by 0: always."""

    class config:
        context, vocab_size = 8, V

    def __init__(self, sharp=50.0):
        super().__init__()
        self.sharp = nn.Parameter(torch.tensor(sharp))
        self.read = []

    def forward(self, ids, cache=None, keep=None):
        self.read.append(ids.shape[1])
        return self.sharp * nn.functional.one_hot((ids + 1) % V, V)


class Chances(Forgetful):
    """The same chances whatever came before."""

    class config:
        context, vocab_size = 999, 4

    def __init__(self, chances):
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(chances, dtype=torch.float64).log())

    def forward(self, ids, cache=None, keep=None):
        return self.logits.expand(*ids.shape, 4)


class Theirs(Forgetful):
    """GPT-2 of transformers, asked the way `generate` asks a model."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.gpt2 = lively(GPT2LMHeadModel(GPT2Config(
            vocab_size=V, n_positions=32, n_embd=16, n_layer=2, n_head=2,
            bos_token_id=None, eos_token_id=None))).eval()
        self.config = type("config", (), {"context": 32, "vocab_size": V})

    def forward(self, ids, cache=None, keep=None):
        return self.gpt2(ids).logits


# The chances

LOGITS = torch.randn(50, V, generator=torch.Generator().manual_seed(1),
                     dtype=torch.float64) * 2


@pytest.mark.parametrize("k", [1, 2, 5, V, V + 7])
def test_top_k_equals_that_of_transformers(k):
    assert torch.equal(keep_top_k(LOGITS, k), TopKLogitsWarper(k)(None, LOGITS))


@pytest.mark.parametrize("p", [0.01, 0.3, 0.7, 0.95, 0.9999])
def test_top_p_equals_that_of_transformers(p):
    assert torch.equal(keep_top_p(LOGITS, p), TopPLogitsWarper(p)(None, LOGITS))


def test_top_p_keeps_the_fewest_that_reach_p():
    logits = torch.tensor([0.125, 0.5, 0.25, 0.125], dtype=torch.float64).log()
    kept = {p: keep_top_p(logits, p).isfinite().nonzero().flatten().tolist()
            for p in (1e-9, 0.5, 0.51, 0.75, 0.76)}
    assert kept[1e-9] == kept[0.5] == [1]
    assert kept[0.51] == kept[0.75] == [1, 2]
    assert len(kept[0.76]) == 3


@pytest.mark.parametrize("penalty", [0.5, 1.3, 4.0])
def test_the_repetition_penalty_equals_that_of_transformers(penalty):
    ids = torch.randint(V, (50, 6), generator=torch.Generator().manual_seed(2))
    seen = torch.zeros(50, V, dtype=torch.bool).scatter(1, ids, True)
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(ids, LOGITS.clone())
    assert torch.equal(penalise_repetition(LOGITS, seen, penalty), theirs)


def test_the_order_of_the_cuts_is_that_of_transformers():
    theirs = TemperatureLogitsWarper(0.7)(None, LOGITS)
    theirs = TopPLogitsWarper(0.8)(None, TopKLogitsWarper(6)(None, theirs))
    ours = probabilities(LOGITS, 0.7, 6, 0.8)
    assert torch.allclose(ours, theirs.softmax(-1), atol=1e-12)
    assert ((ours > 0) == theirs.isfinite()).all()


def test_temperature_is_a_power_of_the_chances():
    chances = torch.tensor([0.1, 0.2, 0.7], dtype=torch.float64)
    for temperature in (0.5, 2.0):
        powers = chances ** (1 / temperature)
        wanted = powers / powers.sum()
        assert torch.allclose(probabilities(chances.log(), temperature), wanted)


def test_towards_temperature_zero_the_likeliest_takes_all():
    logits = torch.tensor([[3.0, 900.0, 899.0]])
    for temperature in (0, 1e-12, 1e-30, 1e-46, 1e-300):
        assert probabilities(logits, temperature).tolist() == [[0, 1, 0]]


def test_chances_are_a_distribution_even_where_logits_are_huge_or_minus_infinity():
    logits = torch.tensor([1e38, 1e38, -torch.inf, -1e38])
    assert probabilities(logits).tolist() == [0.5, 0.5, 0, 0]
    assert probabilities(logits, 0.1, top_k=2, top_p=0.9).sum() == 1


@pytest.mark.parametrize("settings, words", [
    ({"temperature": -1}, "temperature must be at least 0: got -1"),
    ({"temperature": math.nan}, "temperature must be at least 0: got nan"),
    ({"top_k": 0}, "top_k must be at least 1: got 0"),
    ({"top_p": 0}, "top_p must be above 0 and at most 1: got 0"),
    ({"top_p": 1.5}, "got 1.5"),
])
def test_settings_that_mean_nothing_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        probabilities(LOGITS, **settings)
    with pytest.raises(ValueError, match=words):
        generate(Loop(), [[1]], max_new_tokens=1, **settings)


SEEN = torch.ones_like(LOGITS, dtype=torch.bool)


@pytest.mark.parametrize("wrong, words", [
    (lambda: keep_top_k(LOGITS, 0), "^top_k must be at least 1: got 0"),
    (lambda: keep_top_k(LOGITS, -3), "^top_k must be at least 1: got -3"),
    (lambda: keep_top_p(LOGITS, 0), "^top_p must be above 0 and at most 1: got 0"),
    (lambda: keep_top_p(LOGITS, 1.5), "^top_p must be above 0 and at most 1: got 1.5"),
    (lambda: keep_top_p(LOGITS, math.nan), "^top_p must be .* got nan"),
    (lambda: penalise_repetition(LOGITS, SEEN, 0), "^repetition_penalty .* got 0"),
    (lambda: penalise_repetition(LOGITS, SEEN, math.inf), "^repetit.* finite: got inf"),
    (
        lambda: penalise_repetition(LOGITS, SEEN[:, :1], 2),
        r"seen must have the shape of logits, \(50, 13\): got \(50, 1\)",
    ),
    (lambda: penalise_repetition(LOGITS, SEEN[0], 2), r"seen must .* \(13,\)"),
    (lambda: penalise_repetition(LOGITS, SEEN.long(), 2), "seen .*: got torch.int64"),
    (lambda: penalise_repetition(LOGITS, SEEN.to("meta"), 2), "device: .* seen on m"),
])
def test_a_cut_or_a_penalty_that_means_nothing_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


@pytest.mark.parametrize("row, words", [
    ([0, math.nan, 1], "got nan"),
    ([0, math.inf, 1], "got inf"),
    ([-math.inf] * 3, "got -inf"),
])
@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5}, {"top_k": 1},
                                      {"top_p": 0.5}])
def test_logits_that_give_no_chances_are_refused(row, words, settings):
    logits = torch.tensor([[0.0, 1, 2], row])
    with pytest.raises(ValueError, match=f"logits must .* {words}"):
        probabilities(logits, **settings)


def test_no_token_is_the_likeliest_where_one_is_nan():
    with pytest.raises(ValueError, match="logits must .* got nan"):
        probabilities(torch.tensor([[0.0, 1], [0, math.nan]]), temperature=0)


def test_the_likeliest_may_be_infinite():
    logits = torch.tensor([[0, math.inf], [-math.inf, -math.inf]])
    assert probabilities(logits, temperature=0).tolist() == [[0, 1], [1, 0]]


def test_no_rows_have_no_chances():
    for temperature in (0, 0.5):
        assert probabilities(LOGITS[:0], temperature).shape == (0, V)


# Number types below float32

COARSE = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)


@COARSE
@pytest.mark.parametrize("seed", range(20, 25))
def test_what_is_drawn_had_a_chance(dtype, seed):
    torch.manual_seed(seed)
    chances = probabilities(torch.randn(1, 50_304).to(dtype), top_k=1)
    drawn = draw(chances, torch.Generator().manual_seed(seed))
    likeliest = chances[chances > 0]  # more than one where they tie
    assert chances[0, drawn].item() == pytest.approx(1 / len(likeliest))
    if (dtype, seed) == (torch.float16, 20):
        assert chances[0, drawn].item() == 1


@COARSE
@pytest.mark.parametrize("settings", [
    {}, {"temperature": 0.01}, {"temperature": 1e-6}, {"temperature": 1e6},
    {"top_k": 3}, {"top_p": 0.999}, {"temperature": 0.1, "top_p": 0.5}])
def test_chances_below_float32_are_those_of_float32(dtype, settings):
    logits = (torch.randn(4, 5000, generator=torch.Generator().manual_seed(1)) * 3
              ).to(dtype)
    ours, exact = (probabilities(x, **settings) for x in (logits, logits.float()))
    assert torch.equal(ours, exact) and ours.dtype == torch.float32
    assert torch.allclose(ours.sum(-1), torch.ones(4), atol=1e-5)


@COARSE
def test_the_nucleus_below_float32_is_that_of_float32(dtype):
    logits = torch.zeros(1, 4096, dtype=dtype)  # small steps are lost in a coarse sum
    assert keep_top_p(logits, 0.5).isfinite().sum() == 2048


@COARSE
@pytest.mark.parametrize("penalty", [1e-6, 1e6])
def test_a_penalty_below_float32_does_not_overflow(dtype, penalty):
    logits = torch.tensor([[3.0, -2.0, 1.0]]).to(dtype)
    seen = torch.tensor([[True, True, False]])
    lower = penalise_repetition(logits, seen, penalty)
    assert torch.allclose(
        lower, torch.tensor([[3 / penalty, -2 * penalty, 1]]), rtol=1e-6)


@COARSE
@pytest.mark.parametrize("settings", [
    {"temperature": 0}, {"temperature": 0.7, "top_p": 0.9, "repetition_penalty": 1.2}])
def test_models_below_float32_write(dtype, settings):
    prompts = [[5, 1, 4], [2], [9, 9, 9, 8]]
    for make in MODELS:
        torch.manual_seed(2)
        answers = generate(make().to(dtype), prompts, max_new_tokens=20, full="slide",
                           **settings)
        assert [len(answer) for answer in answers] == [20] * 3


# The texts

@pytest.mark.parametrize("settings", [
    {}, {"temperature": 0.6}, {"top_k": 3}, {"top_p": 0.7},
    {"repetition_penalty": 1.5},
    {"temperature": 1.4, "top_k": 8, "top_p": 0.9, "repetition_penalty": 1.2},
])
def test_the_same_seed_draws_the_tokens_that_transformers_draws(settings, monkeypatch):
    monkeypatch.setattr(  # drawn as they do, a number for each token
        sampling, "draw", lambda chances, generator: chances.multinomial(1))
    model = Theirs()
    prompts = [[1, 2, 3], [7, 7, 5]]
    torch.manual_seed(5)
    ours = generate(model, prompts, max_new_tokens=25, **settings)
    torch.manual_seed(5)
    theirs = model.gpt2.generate(
        torch.tensor(prompts), max_new_tokens=25, do_sample=True, pad_token_id=0,
        **{"top_k": 0} | settings)
    assert ours == theirs[:, 3:].tolist()


def test_greedy_is_what_transformers_takes():
    model = Theirs()
    for settings in ({}, {"repetition_penalty": 1.8}):
        theirs = model.gpt2.generate(torch.tensor([[1, 2]]), max_new_tokens=30,
                                     do_sample=False, pad_token_id=0, **settings)
        ours = generate(model, [[1, 2]], max_new_tokens=30, temperature=0, **settings)
        assert ours == theirs[:, 2:].tolist()
        assert len(set(ours[0])) > 3


@pytest.mark.parametrize("settings, wanted", [
    ({}, [0.5, 0.25, 0.15, 0.1]),
    ({"temperature": 0.5}, [0.7246, 0.1812, 0.0652, 0.0290]),
    ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
    ({"top_p": 0.8}, [0.5 / 0.9, 0.25 / 0.9, 0.15 / 0.9, 0]),
])
def test_tokens_are_drawn_as_often_as_the_formula_says(settings, wanted):
    model = Chances([0.5, 0.25, 0.15, 0.1])
    generator = torch.Generator().manual_seed(3)
    answers = generate(model, [[0]] * 100, max_new_tokens=200, generator=generator,
                       **settings)
    counts = torch.tensor(answers).flatten().bincount(minlength=4) / 20_000
    assert torch.allclose(counts.double(), torch.tensor(wanted).double(), atol=0.011)
    assert [bool(count) for count in counts] == [bool(chance) for chance in wanted]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_number_at_an_end_falls_on_no_token_without_a_chance(dtype, monkeypatch):
    digits = {torch.float32: 24, torch.float64: 53}[dtype]
    sums = torch.linspace(0.999, 1.001, 5_000, dtype=dtype)  # of rounded chances
    chances = torch.zeros(len(sums), 4, dtype=dtype)
    chances[:, 1], chances[:, 2] = sums / 3, sums - sums / 3
    for number, wanted in ((0, 1), (1 - 2.0**-digits, 2)):  # as far as rand goes
        monkeypatch.setattr(torch, "rand", lambda *shape, number=number, **_: (
            torch.full(shape, number, dtype=dtype)))
        assert draw(chances).unique().tolist() == [wanted]


def test_each_token_is_drawn_as_often_as_its_chance():
    chances = probabilities(2 * torch.randn(
        1, 3_000, generator=torch.Generator().manual_seed(6)))
    drawn = draw(chances.expand(20_000, -1), torch.Generator().manual_seed(7))
    counts, wanted = drawn.flatten().bincount(minlength=3_000), 2e4 * chances[0]
    squares = ((counts - wanted) ** 2 / wanted).sum()  # chi squared: 2,999 +- 77
    assert 2_600 < squares < 3_400


def test_a_generator_repeats_itself_and_leaves_the_global_one_alone():
    model = gpt()
    state = torch.get_rng_state()
    answers = [generate(model, [[1], [2, 3]], max_new_tokens=9,
                        generator=torch.Generator().manual_seed(seed))
               for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]
    assert torch.equal(torch.get_rng_state(), state)
    generate(model, [[1]], max_new_tokens=9, temperature=0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("full, length", [("error", 9), ("slide", 30)])
@pytest.mark.parametrize("prompts", [[[5, 1, 4]], [[5, 1, 4], [2], [9, 9, 9, 8]]])
def test_with_the_cache_comes_exactly_what_comes_without(make, full, length, prompts):
    model = make()
    for settings in ({"temperature": 0}, {"temperature": 0.8, "top_p": 0.9}):
        answers = []
        for cache in (True, False):
            torch.manual_seed(4)
            answers.append(generate(model, prompts, max_new_tokens=length, full=full,
                                    cache=cache, **settings))
        assert answers[0] == answers[1]
        assert all(len(answer) == length for answer in answers[0])


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize("full, length", [("error", 8), ("slide", 24)])
def test_a_prompt_among_others_gets_the_answer_that_it_gets_alone(
    make, cache, full, length,
):
    model = make()
    prompts = [[3, 1, 4, 1, 5], [9], [2, 6], [5, 3, 5, 8]]
    settings = {"max_new_tokens": length, "temperature": 0, "full": full,
                "cache": cache, "repetition_penalty": 1.3}
    together = generate(model, prompts, **settings)
    assert together == [generate(model, [prompt], **settings)[0] for prompt in prompts]
    assert len({tuple(answer) for answer in together}) == 4


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("prompt", [[7], list(range(12)), list(range(13)) * 2])
def test_sliding_means_to_see_the_last_tokens_that_fit(make, prompt):
    model, text = make(), list(prompt)
    for _ in range(20):
        with torch.no_grad():
            text.append(model(torch.tensor([text[-12:]]))[0, -1].argmax().item())
    answer = generate(model, [prompt], max_new_tokens=20, temperature=0, full="slide")
    assert answer == [text[len(prompt):]]


def test_the_cache_reads_each_token_once():
    class Counting(Loop):
        def new_cache(self, batch, length):
            self.room = length
            return type("Memory", (), {"length": 0})()

        def forward(self, ids, cache=None, keep=None):
            if cache is not None:
                cache.length += ids.shape[1]
            return super().forward(ids, cache, keep)

    model = Counting()
    generate(model, [[1, 2, 3]], max_new_tokens=4, temperature=0)
    assert model.read == [3, 1, 1, 1] and model.room == 6
    model.read.clear()
    generate(model, [[1, 2, 3]], max_new_tokens=4, temperature=0, cache=False)
    assert model.read == [3, 4, 5, 6]
    model.read.clear()
    generate(model, [[1, 2, 3]], max_new_tokens=8, temperature=0, full="slide")
    assert model.read == [3, 1, 1, 1, 1, 1, 8, 8] and model.room == 8


def test_a_text_ends_before_its_stop_token_and_the_others_go_on():
    answers = generate(Loop(), [[1], [4], [6]], max_new_tokens=5, temperature=0,
                       stop={5, 12})
    assert answers == [[2, 3, 4], [], [7, 8, 9, 10, 11]]


def test_nothing_is_read_once_all_texts_have_ended():
    model = Loop()
    answers = generate(model, [[1], [2]], max_new_tokens=8, temperature=0, stop=[4])
    assert answers == [[2, 3], [3]]
    assert len(model.read) == 3


def test_tokens_are_told_as_they_come():
    told = []
    answers = generate(Loop(), [[1], [3]], max_new_tokens=3, temperature=0, stop=[5],
                       on_token=lambda *told_now: told.append(told_now))
    assert told == [(0, 2), (1, 4), (0, 3), (0, 4)]
    assert answers == [[2, 3, 4], [4]]


def test_the_penalty_knows_prompt_and_answer_but_not_the_padding():
    model = Chances([0.3, 0.28, 0.22, 0.2])
    answers = generate(model, [[1], [0, 0, 1]], max_new_tokens=2, temperature=0,
                       repetition_penalty=5.0)
    assert answers == [[0, 2], [2, 3]]


def test_the_model_is_asked_at_rest_and_left_in_its_mode():
    class Watching(Loop):
        def forward(self, ids, cache=None, keep=None):
            modes.append((self.training, torch.is_grad_enabled()))
            return super().forward(ids)

    modes, model = [], Watching().train()
    generate(model, [[1]], max_new_tokens=2)
    assert modes == [(False, False)] * 2 and model.training


def test_each_part_of_the_model_is_left_in_its_own_mode():
    model = gpt().train()
    model.blocks[1].eval()
    before = [part.training for part in model.modules()]
    generate(model, [[1]], max_new_tokens=5)
    assert [part.training for part in model.modules()] == before
    assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("make", MODELS)
def test_a_context_of_few_tokens_can_slide(make):
    for context in (1, 2):
        texts = [generate(make(context), [[3]], max_new_tokens=6, temperature=0,
                          full="slide", cache=cache) for cache in (True, False)]
        assert texts[0] == texts[1]


class Doubled(nn.Linear):
    def forward(self, x):
        return 2 * super().forward(x)


def put(name, make):
    return lambda model: model.set_submodule(name, lively(make()))


def replace_method(model):
    part = model.blocks[0].feed_forward
    ordinary = part.forward
    part.forward = lambda x: 2 * ordinary(x)


CHANGES = {
    "a training step": lambda model: model.blocks[0].attention.value.weight.data.neg_(),
    "LoRA": lambda model: (add_lora(model, ["query"]), lively(model)),
    "a layer of another class": put(
        "blocks.0.attention.output", lambda: Doubled(16, 16, bias=False)),
    "another method": replace_method,
    "a hook": lambda model: model.blocks[1].register_forward_hook(
        lambda part, given, result: -result),
}


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("what", CHANGES)
def test_a_model_that_was_changed_writes_what_it_now_computes(make, what):
    model, ids = make(), torch.arange(12)[None]
    plain = model(ids)
    CHANGES[what](model)
    assert not torch.allclose(model(ids), plain), "the change must change something"
    text = [1, 2]
    with torch.no_grad():
        for _ in range(10):
            text.append(model(torch.tensor([text]))[0, -1].argmax().item())
    answer = generate(model, [[1, 2]], max_new_tokens=10, temperature=0)
    assert answer == [text[2:]]


@pytest.mark.parametrize("make", MODELS)
@pytest.mark.parametrize("name", ["", "tokens", "norm", "blocks.1",
                                  "blocks.0.attention", "blocks.1.attention.value"])
def test_who_watches_a_part_sees_each_token(make, name):
    model, seen = make(), []
    model.get_submodule(name).register_forward_pre_hook(
        lambda part, given: seen.append(given))
    generate(model, [[1, 2]], max_new_tokens=10)
    assert len(seen) == 10


def test_a_context_is_filled_to_its_last_place():
    for make in MODELS:
        [answer] = generate(make(), [[1, 2, 3]], max_new_tokens=10)
        assert len(answer) == 10
        with pytest.raises(ValueError, match=r"context of 12: got 3 \+ 11 .*slide"):
            generate(make(), [[1, 2, 3]], max_new_tokens=11)


@pytest.mark.parametrize("prompts, changes, words", [
    ([], {}, "prompts must hold at least one prompt: got none"),
    ([[1], []], {}, "at least one token each: prompt 1 has none"),
    ([1, 2], {}, r"prompts must be lists of ids, one for each text: got \[1, 2\]"),
    (["ab"], {}, r"lists of ids, .* got \['ab'\]"),
    ([[1], [2, V]], {}, r"prompts\[1\] must lie in 0 .. 12: got 13"),
    ([[-1]], {}, r"prompts\[0\] must lie in 0 .. 12: got -1"),
    ([[1]], {"stop": [V]}, "stop must lie in 0 .. 12: got 13"),
    ([[1]], {"stop": 3}, "stop must be a collection of ids: got 3"),
    ([[1]], {"max_new_tokens": 0}, "max_new_tokens must be at least 1: got 0"),
    ([[1]], {"repetition_penalty": 0}, "repetition_penalty must be greater than 0"),
    ([[1]], {"full": "wrap"}, "full must be 'error' or 'slide': got 'wrap'"),
])
def test_what_cannot_be_written_is_refused(prompts, changes, words):
    with pytest.raises(ValueError, match=words):
        generate(Loop(), prompts, **{"max_new_tokens": 2} | changes)


@pytest.mark.parametrize("temperature", [0, 1])
def test_a_model_of_nan_writes_nothing(temperature):
    with pytest.raises(ValueError, match="logits must .* got nan"):
        generate(Loop(math.nan), [[1]], max_new_tokens=2, temperature=temperature)


@pytest.mark.parametrize("make", [
    lambda: T5(T5Config(V, d_model=16, n_layers=1, n_heads=2)),
    lambda: BERT(BERTConfig(V, 12, d_model=16, n_layers=1, n_heads=2)),
    lambda: nn.Linear(2, 2),
])
def test_a_model_that_is_no_decoder_is_refused(make):
    model = make()
    for cache in (True, False):
        with pytest.raises(ValueError, match=(
            "model must be a decoder, such as GPT or LLaMA: got "
            + type(model).__name__
        )):
            generate(model, [[1]], max_new_tokens=2, cache=cache)
