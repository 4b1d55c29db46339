"""The shapes of well-known models: what their size and their cost depend on.

Lessons 11, 13 and 24 count with them (`counting.count_parameters`). Each is the config
of a model that this package can build, were there the memory. Some differ from it in
what learns nothing: GPT-3 looks sparsely in every second layer, ChatGLM-6B turns its
queries and keys by two positions, Baichuan2 normalises its last map, PaLM's norms
subtract the mean, CPM-Bee's gate is a GELU and half of its biases are for segments.

Sources are the papers and the configuration files that came with the weights: Devlin
et al. 2019 (arXiv 1810.04805); Radford et al. 2018 and 2019; Brown et al. 2020
(2005.14165, table 2.1); Raffel et al. 2020 (1910.10683); Touvron et al. 2023
(2302.13971 and 2307.09288); Grattafiori et al. 2024 (2407.21783); Yang et al. 2024
(2407.10671); GLM Team 2024 (2406.12793); Yang et al. 2023 (2309.10305); Chowdhery et
al. 2022 (2204.02311); Wang et al. 2021 (ERNIE 3.0 Titan, 2112.12731); Dosovitskiy et
al. 2020 (2010.11929); Young et al. 2024 (Yi, 2403.04652); github.com/OpenBMB/CPM-Bee.
"""

from __future__ import annotations

from lmlab.models.bert import BERTConfig
from lmlab.models.counting import Config
from lmlab.models.gpt import GPTConfig
from lmlab.models.llama import LLaMAConfig
from lmlab.models.t5 import T5Config
from lmlab.models.vit import ViTConfig


def _bert(d_model: int, n_layers: int, n_heads: int) -> BERTConfig:
    return BERTConfig(30522, 512, d_model, n_layers, n_heads, masked_lm=False)


def _gpt2(d_model: int, n_layers: int, n_heads: int) -> GPTConfig:
    return GPTConfig(50257, 1024, d_model, n_layers, n_heads, activation="gelu_tanh")


def _gpt3(d_model: int, n_layers: int, n_heads: int, d_head: int) -> GPTConfig:
    return GPTConfig(
        50257, 2048, d_model, n_layers, n_heads, d_head, activation="gelu_tanh"
    )


def _t5(d_model: int, n_layers: int, n_heads: int, d_head: int, d_ff: int) -> T5Config:
    return T5Config(32128, d_model, n_layers, n_heads, d_head, d_ff)


def _llama(
    vocab_size: int,
    context: int,
    d_model: int,
    n_layers: int,
    n_heads: int,
    d_ff: int,
    **settings,
) -> LLaMAConfig:
    return LLaMAConfig(
        vocab_size, context, d_model, n_layers, n_heads, d_ff=d_ff, **settings
    )


def _qwen2(vocab_size: int, *shape: int, **settings) -> LLaMAConfig:
    return _llama(vocab_size, 32768, *shape, qkv_bias=True, theta=1e6, **settings)


def _palm(d_model: int, n_layers: int, n_heads: int) -> LLaMAConfig:
    return _llama(
        256000,
        2048,
        d_model,
        n_layers,
        n_heads,
        4 * d_model,
        d_head=256,
        n_kv_heads=1,
        tied=True,
        parallel=True,
    )


SHAPES: dict[str, Config] = {
    "BERT-base": _bert(768, 12, 12),
    "BERT-large": _bert(1024, 24, 16),
    "GPT-1": GPTConfig(40478, 512, 768, 12, 12, norm_first=False),
    "GPT-2 small": _gpt2(768, 12, 12),
    "GPT-2 medium": _gpt2(1024, 24, 16),
    "GPT-2 large": _gpt2(1280, 36, 20),
    "GPT-2 XL": _gpt2(1600, 48, 25),
    "GPT-3 Small": _gpt3(768, 12, 12, 64),
    "GPT-3 Medium": _gpt3(1024, 24, 16, 64),
    "GPT-3 Large": _gpt3(1536, 24, 16, 96),
    "GPT-3 XL": _gpt3(2048, 24, 16, 128),  # printed: 24 heads, which makes 1.5B
    "GPT-3 2.7B": _gpt3(2560, 32, 32, 80),
    "GPT-3 6.7B": _gpt3(4096, 32, 32, 128),
    "GPT-3 13B": _gpt3(5140, 40, 40, 128),  # as printed, though 40 x 128 = 5120
    "GPT-3 175B": _gpt3(12288, 96, 96, 128),
    "T5-small": _t5(512, 6, 8, 64, 2048),
    "T5-base": _t5(768, 12, 12, 64, 3072),
    "T5-large": _t5(1024, 24, 16, 64, 4096),
    "T5-3B": _t5(1024, 24, 32, 128, 16384),
    "T5-11B": _t5(1024, 24, 128, 128, 65536),
    "LLaMA-1 7B": _llama(32000, 2048, 4096, 32, 32, 11008),
    "LLaMA-1 13B": _llama(32000, 2048, 5120, 40, 40, 13824),
    "LLaMA-1 33B": _llama(32000, 2048, 6656, 60, 52, 17920),
    "LLaMA-1 65B": _llama(32000, 2048, 8192, 80, 64, 22016),
    "LLaMA-2 7B": _llama(32000, 4096, 4096, 32, 32, 11008),
    "LLaMA-2 13B": _llama(32000, 4096, 5120, 40, 40, 13824),
    "LLaMA-2 70B": _llama(32000, 4096, 8192, 80, 64, 28672, n_kv_heads=8),
    "LLaMA-3 8B": _llama(
        128256, 8192, 4096, 32, 32, 14336, n_kv_heads=8, theta=500000.0
    ),
    "LLaMA-3 70B": _llama(
        128256, 8192, 8192, 80, 64, 28672, n_kv_heads=8, theta=500000.0
    ),
    "Qwen2-0.5B": _qwen2(151936, 896, 24, 14, 4864, n_kv_heads=2, tied=True),
    "Qwen2-1.5B": _qwen2(151936, 1536, 28, 12, 8960, n_kv_heads=2, tied=True),
    "Qwen2-7B": _qwen2(152064, 3584, 28, 28, 18944, n_kv_heads=4),
    "Qwen2-57B-A14B": _qwen2(
        151936, 3584, 28, 28, 2560, n_kv_heads=4, n_experts=64, top_k=8, d_shared=20480
    ),
    "Qwen2-72B": _qwen2(152064, 8192, 80, 64, 29568, n_kv_heads=8),
    "ChatGLM-6B": GPTConfig(130528, 2048, 4096, 28, 32, places=False),
    "GLM-4-9B": _llama(
        151552, 8192, 4096, 40, 32, 13696, n_kv_heads=2, qkv_bias=True, rope_share=0.5
    ),
    "Baichuan-7B": _llama(64000, 4096, 4096, 32, 32, 11008),
    "Baichuan-13B": _llama(64000, 4096, 5120, 40, 40, 13696, alibi=True),
    "Baichuan2-7B": _llama(125696, 4096, 4096, 32, 32, 11008),
    "Baichuan2-13B": _llama(125696, 4096, 5120, 40, 40, 13696, alibi=True),
    "CPM-Bee": _llama(
        86583, 2048, 4096, 48, 32, 10240, tied=True, rope_share=0.0, n_buckets=512
    ),
    "Yi-34B": _llama(64000, 4096, 7168, 60, 56, 20480, n_kv_heads=8, theta=5e6),
    "PaLM 8B": _palm(4096, 32, 16),
    "PaLM 62B": _palm(8192, 64, 32),
    "PaLM 540B": _palm(18432, 118, 48),
    "ERNIE 3.0 Titan": GPTConfig(  # without its two small networks for tasks
        40000, 512, 12288, 48, 192, d_ff=196608, norm_first=False, places=False
    ),
    "ViT-B/16": ViTConfig(224, 16, 3, 1000, 768, 12, 12),
    "ViT-L/16": ViTConfig(224, 16, 3, 1000, 1024, 24, 16),
    "ViT-H/14": ViTConfig(224, 14, 3, 1000, 1280, 32, 16),
}
"""Name -> the config to count or to build."""
