"""What learning.lora promises: little is trained, nothing else moves, peft agrees."""

import copy
import doctest
import os

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from lmlab.learning import checkpoints, lora
from lmlab.learning.lora import (
    LoRALinear,
    add_lora,
    load_adapter,
    merge,
    save_adapter,
    trained_parameters,
    unmerge,
)
from lmlab.learning.quantisation import quantise_linears


class Tiny(nn.Module):
    """Two layers of maps with the same names in each, and an output tied to the input.

    The shape of a model as LoRA sees it: names with dots, Linears inside modules.
    """

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(11, 6)
        self.blocks = nn.ModuleList(
            nn.ModuleDict({"query": nn.Linear(6, 6), "shrink": nn.Linear(6, 6, False)})
            for _ in range(2)
        )
        self.output = nn.Linear(6, 11, bias=False)
        self.output.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids)
        for block in self.blocks:
            x = x + block["shrink"](torch.tanh(block["query"](x)))
        return self.output(x)


IDS = torch.arange(11)


def tiny(seed: int = 0) -> Tiny:
    torch.manual_seed(seed)
    return Tiny().double()


def trained(model: nn.Module, steps: int = 3) -> nn.Module:
    """The model after a few steps on what it has to train."""
    free = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.Adam(free, lr=0.05)
    for _ in range(steps):
        loss = nn.functional.cross_entropy(model(IDS), IDS.roll(1))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


def adapted(chosen=("query", "blocks.1.shrink"), rank=2, alpha=None) -> Tiny:
    model = tiny()
    add_lora(model, chosen, rank, alpha)
    return trained(model)


def test_the_example_of_the_module_holds():
    results = doctest.testmod(lora, extraglobs={"nn": nn})
    assert results.attempted >= 3 and not results.failed


def test_a_new_detour_changes_nothing():
    model = tiny()
    before = model(IDS)
    add_lora(model, ["query", "shrink"], rank=3)
    assert torch.equal(model(IDS), before)


def test_a_detour_is_b_times_a_times_x():
    linear = nn.Linear(2, 1).double()
    layer = LoRALinear(linear, rank=1, alpha=3)
    with torch.no_grad():
        layer.A.copy_(torch.tensor([[1.0, 2.0]]))
        layer.B.copy_(torch.tensor([[10.0]]))
    x = torch.tensor([[1.0, 1.0]]).double()
    assert layer(x).item() == pytest.approx(linear(x).item() + 3 * 10 * 3)


def test_names_are_whole_or_their_last_parts():
    queries = ["blocks.0.query", "blocks.1.query"]
    assert add_lora(tiny(), ["query"], 2) == queries
    assert add_lora(tiny(), ["blocks.1.query"], 2) == queries[1:]
    assert add_lora(tiny(), ["1.query", "query"], 2) == queries[::-1]
    with pytest.raises(ValueError, match="got 'uery', and there are blocks.0.query"):
        add_lora(tiny(), ["uery"], 2)


def test_only_a_and_b_train_and_they_are_counted():
    model = tiny()
    whole = trained_parameters(model)[1]
    assert trained_parameters(model) == (whole, whole)
    assert whole == 11 * 6 + 2 * (6 * 6 + 6 + 6 * 6)
    add_lora(model, ["query"], rank=2)
    assert trained_parameters(model) == (2 * 2 * (6 + 6), whole + 2 * 2 * (6 + 6))
    frozen = {n: p.clone() for n, p in model.named_parameters() if not p.requires_grad}
    before = model(IDS)
    trained(model)
    assert not torch.allclose(model(IDS), before)
    for name, weight in model.named_parameters():
        if name in frozen:
            assert weight.grad is None and torch.equal(weight, frozen[name])
        else:
            assert name.endswith((".A", ".B"))


def test_merged_computes_the_same_with_one_map_and_unmerge_is_exact():
    model = adapted()
    before, kept = model(IDS), copy.deepcopy(model.state_dict())
    layer = model.blocks[0]["query"]
    merge(model)
    assert torch.equal(
        layer.merged, layer.linear.weight + layer.scale * layer.B @ layer.A
    )
    assert (model(IDS) - before).abs().max() < 1e-12
    assert model.state_dict().keys() == kept.keys()
    unmerge(model)
    assert torch.equal(model(IDS), before)
    assert all(torch.equal(v, kept[k]) for k, v in model.state_dict().items())


def test_merging_a_tied_map_leaves_the_table_alone():
    model = tiny()
    add_lora(model, ["output"], 2)
    trained(model)
    table, before = model.tokens.weight.clone(), model(IDS)
    merge(model)
    assert torch.equal(model.tokens.weight, table)
    assert (model(IDS) - before).abs().max() < 1e-12
    unmerge(model)
    assert model.output.linear.weight is model.tokens.weight


def test_a_merged_model_learns_nothing_by_accident():
    model = adapted()
    merge(model)
    with pytest.raises(RuntimeError, match="does not require grad"):
        trained(model, steps=1)


@pytest.mark.parametrize("rank, alpha", [(1, 1), (2, 16), (3, None)])
def test_peft_agrees_on_the_same_weights(rank, alpha):
    from peft import LoraConfig, get_peft_model

    ours, theirs = tiny(), tiny()
    names = add_lora(ours, ["query", "shrink"], rank, alpha)
    settings = LoraConfig(
        r=rank,
        lora_alpha=alpha or rank,
        lora_dropout=0.0,
        target_modules=["query", "shrink"],
        bias="none",
    )
    theirs = get_peft_model(theirs, settings)
    generator = torch.Generator().manual_seed(1)
    for name in names:
        our, their = ours.get_submodule(name), theirs.base_model.model
        their = their.get_submodule(name)
        sides = ((our.A, their.lora_A), (our.B, their.lora_B))
        for side, layers in sides:
            values = torch.randn(side.shape, generator=generator, dtype=torch.float64)
            with torch.no_grad():
                side.copy_(values)
                layers["default"].weight.copy_(values)
    assert (ours(IDS) - theirs(IDS)).abs().max() < 1e-12
    # the same steps, so the same gradients
    assert (trained(ours)(IDS) - trained(theirs)(IDS)).abs().max() < 1e-9
    assert trained_parameters(ours) == theirs.get_nb_trainable_parameters()
    # and the same weights once merged
    merge(ours)
    merged = theirs.merge_and_unload()
    for name in names:
        whole = merged.get_submodule(name).weight
        assert (ours.get_submodule(name).merged - whole).abs().max() < 1e-9


# -- with fewer bits, and with weights that come later ------------------------------


def quantised(bits: int = 4) -> Tiny:
    model = tiny().float()
    quantise_linears(model, bits, group=6)
    return model


@pytest.mark.parametrize("bits", [4, 8])
def test_a_quantised_model_is_tuned_and_its_codes_stay(bits, tmp_path):
    model, numbers = quantised(bits), trained_parameters(tiny())[1]
    before, codes = model(IDS), model.blocks[0]["query"].codes.clone()
    assert add_lora(model, ["query"], 2) == ["blocks.0.query", "blocks.1.query"]
    assert torch.equal(model(IDS), before)
    assert trained_parameters(model) == (2 * 2 * 12, numbers + 2 * 2 * 12)
    trained(model)
    tuned = model(IDS)
    assert not torch.allclose(tuned, before)
    assert torch.equal(model.blocks[0]["query"].linear.codes, codes)
    merge(model)
    assert torch.allclose(model(IDS), tuned, atol=1e-6)
    save_adapter(tmp_path / "adapter", model)
    fresh = quantised(bits)
    load_adapter(tmp_path / "adapter", fresh)
    assert torch.equal(fresh(IDS), tuned)


def test_a_quantised_model_of_half_precision_is_tuned_in_float32():
    model = tiny().half()
    quantise_linears(model, 8)
    add_lora(model, ["query", "shrink"], 2)
    assert trained(model)(IDS).dtype == torch.float16
    assert model.blocks[0]["query"].A.dtype == torch.float32
    before = model(IDS)
    merge(model)
    assert torch.allclose(model(IDS), before, atol=1e-2)


@pytest.mark.parametrize("merged", [False, True])
def test_a_tuned_model_is_quantised_under_its_detours(merged):
    model = adapted().float()
    if merged:
        merge(model)
        model(IDS)
    names = quantise_linears(model, 8)
    assert "blocks.0.query.linear" in names and "blocks.0.shrink" in names
    quick = model(IDS)
    unmerge(model)
    assert (model(IDS) - quick).abs().max() < 1e-6


def by_file(model, other, path):
    checkpoints.save(path, other)
    checkpoints.load(path, model)


def by_state(model, other, path):
    model.load_state_dict(other.state_dict())


@pytest.mark.parametrize("load", [by_file, by_state])
def test_weights_loaded_into_a_merged_model_count_at_once(load, tmp_path):
    model, other = adapted(), adapted()
    trained(other)
    merge(model)
    before = model(IDS)
    load(model, other, tmp_path / "file")
    now = model(IDS)
    assert not torch.allclose(now, before)
    assert torch.allclose(now, other(IDS), atol=1e-12)
    unmerge(model)
    assert torch.allclose(model(IDS), now, atol=1e-12)


def test_a_copy_of_a_merged_model_computes_the_same():
    model = adapted()
    merge(model)
    assert torch.equal(copy.deepcopy(model)(IDS), model(IDS))


# -- files -----------------------------------------------------------------------


def test_an_adapter_saved_alone_makes_the_tuned_model_out_of_the_base(tmp_path):
    model, path = adapted(alpha=7), tmp_path / "adapter.safetensors"
    save_adapter(path, model)
    held = load_file(path)
    assert len(held) == 6 and sum(t.numel() for t in held.values()) == 6 * 2 * 6
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    fresh = tiny()
    names = load_adapter(path, fresh)
    assert set(names) == {"blocks.0.query", "blocks.1.query", "blocks.1.shrink"}
    assert torch.equal(fresh(IDS), model(IDS))
    assert trained_parameters(fresh) == trained_parameters(model)


def test_a_loaded_adapter_takes_the_place_of_the_one_before(tmp_path):
    model, path = adapted(), tmp_path / "adapter.safetensors"
    save_adapter(path, model)
    other = adapted(["shrink"], rank=1)
    merge(other)
    load_adapter(path, other)
    assert torch.equal(other(IDS), model(IDS))


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "adapter.safetensors"
    save_adapter(path, adapted())
    before = path.read_bytes()

    def full(path, part):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        save_adapter(path, adapted(rank=3))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_damaged_and_foreign_files_are_refused_and_change_nothing(tmp_path):
    model, path = tiny(), tmp_path / "adapter.safetensors"
    save_adapter(path, adapted())
    whole = path.read_bytes()

    def refused(words):
        before = copy.deepcopy(model.state_dict())
        with pytest.raises(ValueError, match=words):
            load_adapter(path, model)
        assert model.state_dict().keys() == before.keys()
        assert all(p.requires_grad for p in model.parameters())

    path.write_bytes(whole[: len(whole) // 2])
    refused("adapter.safetensors is damaged")
    path.write_text("a poem")
    refused("adapter.safetensors is damaged")
    save_file({"weight": torch.zeros(2)}, path)
    refused("not a checkpoint of lmlab")
    checkpoints.save(path, tiny())
    refused("holds no adapter")
    path.write_bytes(whole)
    model = nn.Sequential(nn.Linear(6, 6))
    refused("Linear blocks.0.query from 6 to 6.*got None")
    model = tiny()
    model.blocks[1]["query"] = nn.Linear(6, 5)
    refused("Linear blocks.1.query.*got Linear.*out_features=5")
    with pytest.raises(FileNotFoundError):
        load_adapter(tmp_path / "none", model)


@pytest.mark.parametrize(
    "wrong, words",
    [
        (lambda: add_lora(tiny(), []), "at least one Linear"),
        (lambda: add_lora(tiny(), ["tokens"]), "must name Linears.*got 'tokens'"),
        (lambda: add_lora(tiny(), ["query"], rank=0), "rank must lie in 1 .. 6.*got 0"),
        (lambda: add_lora(tiny(), ["output"], rank=7), "maps 6 to 11 numbers: got 7"),
        (lambda: LoRALinear(nn.Linear(6, 4), 5, 1.0), "rank must lie in 1 .. 4.*got 5"),
        (lambda: LoRALinear(nn.Linear(6, 4), 0, 1.0), "rank must lie in 1 .. 4.*got 0"),
        (lambda: add_lora(tiny(), ["query"], 2, alpha=0), "alpha must .* 0: got 0"),
        (lambda: add_lora(adapted(), ["shrink"]), "without LoRA"),
        (lambda: merge(tiny()), "must have LoRA"),
        (lambda: unmerge(tiny()), "must have LoRA"),
        (lambda: save_adapter("x", tiny()), "must have LoRA"),
    ],
)
def test_wrong_use_names_the_argument_what_came_and_what_was_expected(wrong, words):
    with pytest.raises(ValueError, match=words):
        wrong()


def test_a_refusal_leaves_the_model_as_it_was():
    model = tiny()
    with pytest.raises(ValueError, match="rank"):
        add_lora(model, ["query", "output"], rank=9)
    assert trained_parameters(model)[0] == trained_parameters(model)[1]
    assert type(model.blocks[0]["query"]) is nn.Linear
