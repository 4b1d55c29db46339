"""The models compute what Hugging Face's do, from the same weights.

Each test makes their model at random weights, copies these into ours by name, and
compares. They take some steps in float32 whatever the model's type (norms, rotations,
the router); so for a comparison in float64, float32 means float64 while they run.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import (
    GlmConfig,
    GlmForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from lmlab.gpt import GPT, GPTConfig
from lmlab.llama import LLaMA, LLaMAConfig

VOCAB, CONTEXT = 37, 16
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-5}
in_both_types = pytest.mark.parametrize(
    "dtype", TOLERANCE, ids=["float64", "float32"], indirect=True
)


@pytest.fixture
def dtype(request, monkeypatch):
    """The type to compare in, which is also what torch.float32 means meanwhile."""
    if request.param == torch.float64:
        monkeypatch.setattr(torch, "float32", torch.float64)
        monkeypatch.setattr(torch, "float", torch.float64)
        monkeypatch.setattr(Tensor, "float", Tensor.double)
    before = torch.get_default_dtype()
    torch.set_default_dtype(request.param)
    yield request.param
    torch.set_default_dtype(before)


def at_random(theirs: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Give every weight, norms and biases too, a number that matters."""
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in theirs.parameters():
            weight.normal_(std=0.2)
    return theirs.to(dtype).eval()


def some_ids(batch: int = 3, n: int = 11) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(VOCAB, (batch, n), generator=generator)


def agree(ours: Tensor, theirs: Tensor) -> bool:
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    return (ours - theirs).abs().max().item() < TOLERANCE[ours.dtype]


def renamed(theirs: dict[str, Tensor], names: dict[str, str]) -> dict[str, Tensor]:
    """Return the weights with each part of a name that is in `names` replaced."""
    ours = {}
    for name, weight in theirs.items():
        for old, new in names.items():
            name = name.replace(old, new)
        ours[name] = weight
    return ours


# -- GPT-2 ----------------------------------------------------------------------


def gpt2(dtype) -> tuple[GPT, GPT2LMHeadModel]:
    config = GPT2Config(
        vocab_size=VOCAB, n_positions=CONTEXT, n_embd=24, n_layer=2, n_head=3,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=None,
    )  # fmt: skip
    theirs = at_random(GPT2LMHeadModel(config), dtype)
    ours = GPT(GPTConfig(VOCAB, CONTEXT, 24, 2, 3, activation="gelu_tanh"))
    ours.load_state_dict(from_gpt2(theirs.state_dict()))
    return ours, theirs


def from_gpt2(theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    ours = renamed(theirs, {
        "transformer.": "", "wte": "tokens", "wpe": "places", "ln_f": "norm",
        "h.": "blocks.", "ln_1": "attention_norm", "ln_2": "feed_forward_norm",
        "attn.c_proj": "attention.output", "attn.c_attn": "attention.all",
        "mlp.c_fc": "feed_forward.expand", "mlp.c_proj": "feed_forward.shrink",
    })  # fmt: skip
    del ours["lm_head.weight"]  # tied
    for name in list(ours):
        if name.startswith("blocks") and "norm" not in name:
            ours[name] = ours[name].t()  # theirs are (in, out)
        if "attention.all" in name:  # query, key and value in one
            parts = ours.pop(name).chunk(3)
            for part, weight in zip(("query", "key", "value"), parts, strict=True):
                ours[name.replace("all", part)] = weight
    return ours


@in_both_types
def test_gpt2_logits_loss_and_gradients(dtype):
    ours, theirs = gpt2(dtype)
    ids = some_ids()
    expected = theirs(ids, labels=ids)
    logits = ours(ids)
    loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    assert agree(logits, expected.logits)
    assert agree(loss, expected.loss)
    loss.backward()
    expected.loss.backward()
    gradients = {name: w.grad for name, w in theirs.named_parameters()}
    gradients["lm_head.weight"] = gradients["transformer.wte.weight"]
    gradients = from_gpt2(gradients)
    for name, weight in ours.named_parameters():
        assert agree(weight.grad, gradients[name]), name


# -- LLaMA and its relatives ----------------------------------------------------

SMALL = dict(
    vocab_size=VOCAB, max_position_embeddings=CONTEXT, hidden_size=32,
    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=40, pad_token_id=0, bos_token_id=1, eos_token_id=None,
)  # fmt: skip


def llama(dtype):
    config = LlamaConfig(**SMALL, rms_norm_eps=1e-5, rope_theta=500.0)
    theirs = at_random(LlamaForCausalLM(config), dtype)
    shape = LLaMAConfig(VOCAB, CONTEXT, 32, 2, 4, 2, 40, theta=500.0, norm_eps=1e-5)
    return load(shape, theirs, halves=True)


def qwen2(dtype):
    config = Qwen2Config(**SMALL, tie_word_embeddings=True, rope_theta=1e6)
    theirs = at_random(Qwen2ForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB, CONTEXT, 32, 2, 4, 2, 40, tied=True, qkv_bias=True, theta=1e6
    )
    return load(shape, theirs, halves=True)


def glm4(dtype):
    config = GlmConfig(
        **SMALL, head_dim=8, attention_bias=True, rms_norm_eps=1e-5,
        rope_parameters=dict(
            rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5
        ),
    )  # fmt: skip
    theirs = at_random(GlmForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB, CONTEXT, 32, 2, 4, 2, 40, qkv_bias=True, rope_share=0.5, norm_eps=1e-5
    )
    return load(shape, theirs, halves=False)


def load(shape: LLaMAConfig, theirs: nn.Module, halves: bool):
    """Build ours from their weights.

    halves: theirs turns feature i together with i + d_head / 2, ours 2i with 2i + 1 as
    the paper has it; the same model, with the rows of query and key in another order.
    """
    ours = renamed(theirs.state_dict(), {
        "model.": "", "embed_tokens": "tokens", "lm_head": "vocabulary",
        "layers.": "blocks.", "input_layernorm": "attention_norm",
        "post_attention_layernorm": "feed_forward_norm", "self_attn": "attention",
        "q_proj": "query", "k_proj": "key", "v_proj": "value", "o_proj": "output",
        "mlp.": "feed_forward.", "gate_proj": "gate", "down_proj": "shrink",
        "gate_up_proj": "gate_and_expand", "up_proj": "expand",
    })  # fmt: skip
    d_head = shape.d_model // shape.n_heads
    for name in list(ours):
        if halves and ("query" in name or "key" in name):
            heads = ours[name].unflatten(0, (-1, 2, d_head // 2))
            ours[name] = heads.transpose(1, 2).flatten(0, 2)
        if "gate_and_expand" in name:  # GLM has the two in one
            gate, expand = ours.pop(name).chunk(2)
            ours[name.replace("gate_and_expand", "gate")] = gate
            ours[name.replace("gate_and_expand", "expand")] = expand
    model = LLaMA(shape)
    model.load_state_dict(ours)
    return model, theirs


@in_both_types
@pytest.mark.parametrize("family", [llama, qwen2, glm4])
def test_llama_and_its_relatives(family, dtype):
    ours, theirs = family(dtype)
    ids = some_ids()
    assert agree(ours(ids), theirs(ids).logits)


# -- writing --------------------------------------------------------------------


@torch.no_grad()
def greedy(model: nn.Module, ids: Tensor, n_new: int) -> list[int]:
    cache = model.new_cache(1, CONTEXT)
    written = []
    for _ in range(n_new):
        ids = model(ids, cache)[:, -1:].argmax(dim=-1)
        written.append(ids.item())
    return written


@pytest.mark.parametrize("dtype", [torch.float64], ids=["float64"], indirect=True)
@pytest.mark.parametrize("family", [gpt2, llama, qwen2, glm4])
def test_greedy_writing_is_the_same_token_for_token(family, dtype):
    ours, theirs = family(dtype)
    for prompt in some_ids(4, 3):
        expected = theirs.generate(
            prompt[None], do_sample=False, max_new_tokens=12, pad_token_id=0
        )
        assert greedy(ours, prompt[None], 12) == expected[0, 3:].tolist()
