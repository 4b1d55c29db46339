"""What feedback.reward promises: a score of a poem, or from any decoder."""


import pytest
import torch
from torch import nn

from lmlab.feedback.preference import pair_loss
from lmlab.feedback.reward import PoemRanker, RewardModel
from lmlab.learning.lora import add_lora, merge, trained_parameters
from lmlab.learning.quantisation import quantise_linears, size
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig

IDS = torch.tensor([[1, 2, 3, 4], [4, 3, 2, 1], [0, 0, 5, 5]])


def numbers(*values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def gpt(seed: int = 0) -> GPT:
    torch.manual_seed(seed)
    return GPT(GPTConfig(vocab_size=7, context=8, d_model=12, n_layers=2, n_heads=2))


def llama(seed: int = 0) -> LLaMA:
    torch.manual_seed(seed)
    return LLaMA(LLaMAConfig(
        vocab_size=7, context=8, d_model=12, n_layers=2, n_heads=2, d_ff=16))


DECODERS = pytest.mark.parametrize("decoder", [gpt, llama])
POOLS = pytest.mark.parametrize("pool", ["last", "mean"])


def reward_model(decoder=gpt, **settings) -> RewardModel:
    model = RewardModel(decoder().double(), **settings)
    torch.manual_seed(1)
    nn.init.normal_(model.head.weight)
    return model


# -- the reward model ------------------------------------------------------------


@DECODERS
@POOLS
def test_at_first_every_score_is_zero(decoder, pool):
    model = RewardModel(decoder(), pool)
    assert (model(IDS) == 0).all() and model(IDS).shape == (3,)


@DECODERS
def test_a_score_stands_after_the_last_kept_token(decoder):
    model = reward_model(decoder)
    whole = model.each(IDS)
    assert whole.shape == (3, 4) and torch.equal(model(IDS), whole[:, -1])
    hidden = model.decoder.hidden(IDS)
    assert torch.allclose(whole, hidden @ model.head.weight[0] + model.head.bias)


@DECODERS
def test_the_mean_is_that_over_the_kept_tokens_alone(decoder):
    model = reward_model(decoder, pool="mean")
    assert torch.allclose(model(IDS), model.each(IDS).mean(-1), atol=1e-12)
    keep = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]]).bool()
    each = model.each(IDS, keep)
    wanted = torch.stack([row[k].mean() for row, k in zip(each, keep, strict=True)])
    assert torch.allclose(model(IDS, keep), wanted, atol=1e-12)
    assert (wanted - each.mean(-1))[1:].abs().min() > 1e-3


@DECODERS
@POOLS
def test_it_does_not_matter_what_stands_in_the_padding(decoder, pool):
    model = reward_model(decoder, pool=pool)
    keep = torch.tensor([[1, 1, 1, 1], [0, 0, 1, 1], [1, 1, 1, 0]]).bool()
    others = IDS.where(keep, 6)
    assert not torch.equal(others, IDS)
    assert torch.allclose(model(IDS, keep), model(others, keep), atol=1e-12)
    model(IDS, keep).sum().backward()
    grad = model.decoder.tokens.weight.grad.clone()
    model.zero_grad()
    model(others, keep).sum().backward()
    assert torch.allclose(model.decoder.tokens.weight.grad, grad, atol=1e-12)


@DECODERS
@POOLS
def test_dropout_covers_in_training_and_is_off_at_rest(decoder, pool):
    plain = reward_model(decoder, pool=pool).eval()
    model = reward_model(decoder, pool=pool, dropout=0.5).eval()
    assert torch.equal(model(IDS), plain(IDS))
    assert torch.equal(model.each(IDS), plain.each(IDS))
    model.train()
    assert not torch.equal(model(IDS), plain(IDS))


@DECODERS
@POOLS
def test_padding_on_either_side_does_not_change_a_score(decoder, pool):
    model = reward_model(decoder, pool=pool)
    alone = torch.cat([model(IDS[:1]), model(IDS[1:2, :2])])
    for left in (0, 2):
        ids = torch.zeros(2, 4, dtype=torch.int64)
        keep = torch.zeros(2, 4, dtype=torch.bool)
        ids[0], keep[0] = IDS[0], True
        place = slice(left, left + 2)
        ids[1, place], keep[1, place] = IDS[1, :2], True
        assert torch.allclose(model(ids, keep), alone, atol=1e-12)


# -- LoRA and fewer bits on the same decoder ---------------------------------------


def test_lora_and_fewer_bits_go_into_a_gpt_by_the_names_of_its_maps():
    model = gpt()
    before = model(IDS)
    names = add_lora(model, ["query", "value"], rank=2)
    assert len(names) == 4 and torch.equal(model(IDS), before)
    assert trained_parameters(model)[0] == 4 * 2 * (12 + 12)
    score = RewardModel(model)
    pair_loss(score(IDS[:2]), score(IDS[1:])).backward()
    merge(model)
    assert torch.allclose(model(IDS), before)
    small = gpt()
    bytes_before = size(small)
    assert len(quantise_linears(small, bits=4, group=12)) == 2 * 6
    assert size(small) < bytes_before / 2
    assert torch.allclose(small(IDS), before, atol=0.05)


def test_scores_of_16_bits_are_averaged_in_32():
    model = reward_model(pool="mean").half()
    model.head.bias.data.fill_(6e4)
    assert model(IDS).isfinite().all()


# -- the ranker of poems ---------------------------------------------------------


def test_the_ranker_starts_from_its_seed_and_leaves_the_global_one_alone():
    torch.manual_seed(3)
    wanted = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = (PoemRanker("abc", seed=seed).order[0].weight
                        for seed in (1, 1, 2))
    assert torch.equal(torch.rand(1), wanted)
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_the_ranker_sees_order_and_characters():
    model = PoemRanker("abcde", length=4)
    first, second = model.score(["abcd", "dcba"])
    assert first != second
    with torch.no_grad():
        model.character.weight[model.number["d"]] += 5
    assert model.score(["abcd", "dcba"]) == pytest.approx([first + 5, second + 5],
                                                          abs=1e-5)


def test_the_worth_of_a_character_is_what_it_adds_anywhere():
    model = PoemRanker("abcd", length=4).double()
    with torch.no_grad():
        model.character.weight[:, 0] = torch.arange(4.0)
    assert model.worth("dab").tolist() == [3.0, 0.0, 1.0]


def test_a_poem_may_come_as_lines_or_as_one_text():
    model = PoemRanker("春夏秋冬", length=4)
    assert model.ids([("春夏", "秋冬")]).tolist() == model.ids(["春夏秋冬"]).tolist()
    assert model.ids(iter(["春", "冬"])).shape == (2, 1)


@pytest.mark.parametrize("poems, words", [
    (["春夏", "春"], r"one length: got \[1, 2\]"),
    (["日春日月"], "alphabet: got '日月'"),
    ([], r"poems must be there .* got \[\]"),
])
def test_poems_that_the_ranker_cannot_read_are_refused(poems, words):
    with pytest.raises(ValueError, match=words):
        PoemRanker("春夏秋冬").ids(poems)


@pytest.mark.parametrize("shape", [(20,), (2, 14), (2, 20, 1)])
def test_the_ranker_refuses_another_length(shape):
    with pytest.raises(ValueError, match=r"ids must have shape \(n, 20\)"):
        PoemRanker("abc")(torch.zeros(shape, dtype=torch.long))


@pytest.mark.parametrize("ids, words", [
    (torch.full((2, 20), 3), "ids must lie in 0 .. 2: got 3"),
    (torch.full((2, 20), -1), "ids must lie in 0 .. 2: got -1"),
    (torch.zeros(2, 20), "ids must .* int64: got .* torch.float32"),
    (torch.zeros(0, 20, dtype=torch.int64), r"at least one token.* got \(0, 20\)"),
    (torch.zeros(2, 20, dtype=torch.int64, device="meta"), "on cpu: got meta"),
])
def test_the_ranker_refuses_what_are_no_characters_of_its_own(ids, words):
    with pytest.raises(ValueError, match=words):
        PoemRanker("abc")(ids)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: RewardModel(gpt(), "max"), "pool must be 'last' or 'mean': got 'max'"),
        (lambda: RewardModel(gpt(), dropout=1.5), "dropout.*1.5"),
        (lambda: RewardModel(llama(), "mean")(IDS, IDS * 0 > 0), "row 0 has no True"),
        (lambda: RewardModel(gpt())(torch.full((1, 9), 1)), "context of 8"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()
