"""Counting: how many numbers a model learns, from its shape alone.

Nearly all of them stand in a few matrices, so that the size of any Transformer can be
worked out with a pencil: lessons 10 and 13 do. `shapes.SHAPES` has models to count.
"""

from __future__ import annotations

from lmlab.models.bert import BERTConfig
from lmlab.models.gpt import GPTConfig
from lmlab.models.inputs import check_heads
from lmlab.models.llama import LLaMAConfig
from lmlab.models.t5 import T5Config
from lmlab.models.vit import ViTConfig

Config = GPTConfig | BERTConfig | T5Config | LLaMAConfig | ViTConfig
"""The shape of any model that can be counted."""


def count_parameters(config: Config) -> int:
    """Return how many parameters the model of this config has, without building it.

    A matrix that is used twice (a tied vocabulary) counts once. In a mixture of experts
    all of them count; `active_parameters` says how many parameters one token uses.
    Raises ValueError where the model could not be built, as it would.
    """
    match config:
        case GPTConfig():
            return _gpt(config)
        case BERTConfig():
            return _bert(config)
        case T5Config():
            return _t5(config)
        case LLaMAConfig():
            return _llama(config, config.n_experts)
        case ViTConfig():
            return _vit(config)
    raise ValueError(
        "config must be a GPTConfig, BERTConfig, T5Config, LLaMAConfig or ViTConfig: "
        f"got {type(config).__name__}"
    )


def active_parameters(config: LLaMAConfig) -> int:
    """Return how many parameters one token uses: of the experts, only its `top_k`.

    Yang et al. 2024 (Qwen2, arXiv 2407.10671), table 1.
    """
    if not isinstance(config, LLaMAConfig):
        raise ValueError(f"config must be a LLaMAConfig: got {type(config).__name__}")
    return _llama(config, config.top_k)


def linear(d_in: int, d_out: int, bias: bool = True) -> int:
    """Return the parameters of a linear map: a matrix, and a bias for each output."""
    return d_in * d_out + (d_out if bias else 0)


def _gpt(c: GPTConfig) -> int:
    d = c.d_model
    inner = _inner(c.n_heads, d, c.d_head)
    tables = c.vocab_size * d + (c.context * d if c.places else 0)
    last_norm = 2 * d if c.norm_first else 0
    return tables + c.n_layers * _block(d, inner, c.d_ff or 4 * d) + last_norm


def _bert(c: BERTConfig) -> int:
    d = c.d_model
    tables = (c.vocab_size + c.context + c.n_segments) * d
    first_norm, pool = 2 * d, linear(d, d)
    head = linear(d, d) + 2 * d + c.vocab_size if c.masked_lm else 0
    blocks = c.n_layers * _block(d, _inner(c.n_heads, d), c.d_ff or 4 * d)
    return tables + first_norm + blocks + pool + head


def _inner(n_heads: int, d: int, d_head: int | None = None) -> int:
    """The features of all heads together: d_model, if not said."""
    check_heads(d, n_heads, d_head)
    return n_heads * d_head if d_head else d


def _block(d: int, inner: int, d_ff: int) -> int:
    """Attention, feed-forward, two LayerNorms, all with biases: mostly 12 d^2."""
    attention = 3 * linear(d, inner) + linear(inner, d)
    feed_forward = linear(d, d_ff) + linear(d_ff, d)
    return attention + feed_forward + 2 * 2 * d


def _vit(c: ViTConfig) -> int:
    d, n_patches = c.d_model, c.n_patches
    patches = linear(c.patch**2 * c.channels, d)
    first, places = d, (1 + n_patches) * d
    blocks = c.n_layers * _block(d, _inner(c.n_heads, d), c.d_ff or 4 * d)
    return patches + first + places + blocks + 2 * d + linear(d, c.n_classes)


def _t5(c: T5Config) -> int:
    d, d_ff = c.d_model, c.d_ff or 4 * c.d_model
    inner = _inner(c.n_heads, d, c.d_head)
    attention, feed_forward = 4 * d * inner, 2 * d * d_ff
    encoder = c.n_layers * (attention + feed_forward + 2 * d)
    decoder = c.n_layers * (2 * attention + feed_forward + 3 * d)
    beside = 2 * (c.n_buckets * c.n_heads + d)  # biases for distance, last norms
    return c.vocab_size * d + encoder + decoder + beside


def _llama(c: LLaMAConfig, n_experts: int) -> int:
    d, d_ff = c.d_model, c.d_ff or 8 * c.d_model // 3
    check_heads(d, c.n_heads, c.d_head, c.n_kv_heads)
    _, n_kv_heads, d_head = c.cache_shape
    inner, shared = c.n_heads * d_head, n_kv_heads * d_head  # queries; keys, values
    attention = linear(d, inner, c.qkv_bias) + 2 * linear(d, shared, c.qkv_bias)
    attention += inner * d
    feed_forward = 3 * d * d_ff
    if c.n_experts:
        router, gate = d * c.n_experts, d
        feed_forward = n_experts * feed_forward + 3 * d * c.d_shared + router + gate
    norms = d if c.parallel else 2 * d
    tables = c.vocab_size * d * (1 if c.tied else 2)
    distances = c.n_buckets * c.n_heads
    return tables + distances + c.n_layers * (attention + feed_forward + norms) + d
