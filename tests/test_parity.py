"""The models compute what Hugging Face's do, from the same weights.

Each test makes their model at random weights, copies these into ours by name, and
compares. They take some steps in float32 whatever the model's type (norms, rotations,
the router); so for a comparison in float64, float32 means float64 while they run.
"""

import math

import pytest
import torch
import torch.nn.functional as F
import transformers as hf
from torch import Tensor, nn

from lmlab.models.bert import BERT, BERTConfig
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.llama import LLaMA, LLaMAConfig
from lmlab.models.positions import relative_buckets
from lmlab.models.t5 import T5, T5Config
from lmlab.models.vit import ViT, ViTConfig

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


def gradients_agree(ours, theirs, logits: Tensor, expected: Tensor) -> None:
    """Send the same gradient back through both; it passes all on its way to the ids."""
    back = torch.sin(torch.arange(logits.numel())).view_as(logits)
    logits.backward(back.to(logits.dtype))
    expected.backward(back.to(logits.dtype))
    table = theirs.get_input_embeddings().weight.grad[1:]  # 0 is their padding
    scale = table.abs().max()
    assert agree(ours.tokens.weight.grad[1:] / scale, table / scale)


def renamed(theirs: dict[str, Tensor], names: dict[str, str]) -> dict[str, Tensor]:
    """Return the weights with each part of a name that is in `names` replaced."""
    ours = {}
    for name, weight in theirs.items():
        for old, new in names.items():
            name = name.replace(old, new)
        ours[name] = weight
    return ours


# -- GPT-2 ----------------------------------------------------------------------


def gpt2(dtype) -> tuple[GPT, hf.GPT2LMHeadModel]:
    config = hf.GPT2Config(
        vocab_size=VOCAB, n_positions=CONTEXT, n_embd=24, n_layer=2, n_head=3,
        resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=0, eos_token_id=None,
    )  # fmt: skip
    theirs = at_random(hf.GPT2LMHeadModel(config), dtype)
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


@in_both_types
def test_gpt1_which_normalises_last(dtype):
    config = hf.OpenAIGPTConfig(
        vocab_size=VOCAB, n_positions=CONTEXT, n_embd=24, n_layer=2, n_head=3
    )
    theirs = at_random(hf.OpenAIGPTLMHeadModel(config), dtype)
    ours = GPT(
        GPTConfig(VOCAB, CONTEXT, 24, 2, 3, activation="gelu_tanh", norm_first=False)
    )
    weights = theirs.state_dict()
    for old, new in (("tokens_embed", "wte"), ("positions_embed", "wpe")):
        weights[f"transformer.{new}.weight"] = weights.pop(f"transformer.{old}.weight")
    ours.load_state_dict(from_gpt2(weights))
    assert agree(ours(some_ids()), theirs(some_ids()).logits)


# -- BERT -----------------------------------------------------------------------


def bert_config() -> hf.BertConfig:
    return hf.BertConfig(
        vocab_size=VOCAB, max_position_embeddings=CONTEXT, hidden_size=24,
        num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
    )  # fmt: skip


def from_bert(theirs: nn.Module) -> dict[str, Tensor]:
    return renamed(theirs.state_dict(), {
        "bert.": "", "cls.predictions.bias": "masked_lm.bias",
        "cls.predictions.transform": "masked_lm",
        "embeddings.word_embeddings": "tokens", "embeddings.LayerNorm": "norm",
        "embeddings.position_embeddings": "places",
        "embeddings.token_type_embeddings": "segments",
        "encoder.layer.": "blocks.", "pooler.dense": "pool", ".self.": ".",
        "attention.output.LayerNorm": "attention_norm",
        "attention.output.dense": "attention.output",
        "output.dense": "feed_forward.shrink",
        "output.LayerNorm": "feed_forward_norm", "LayerNorm": "norm",
        "intermediate.dense": "feed_forward.expand",
    })  # fmt: skip


@in_both_types
def test_bert_hidden_states_and_pooled_text(dtype):
    theirs = at_random(hf.BertModel(bert_config()), dtype)
    ours = BERT(BERTConfig(VOCAB, CONTEXT, 24, 2, 3, 40, masked_lm=False))
    ours.load_state_dict(from_bert(theirs))
    ids, segments = some_ids(), some_ids() % 2
    keep = torch.arange(11) < torch.tensor([[11], [7], [1]])
    expected = theirs(ids, token_type_ids=segments, attention_mask=keep.long())
    hidden = ours(ids, segments, keep)
    assert agree(hidden[keep], expected.last_hidden_state[keep])
    assert agree(ours.pooled(hidden), expected.pooler_output)


@in_both_types
def test_bert_guesses_hidden_words_alike(dtype):
    theirs = at_random(hf.BertForMaskedLM(bert_config()), dtype)
    ours = BERT(BERTConfig(VOCAB, CONTEXT, 24, 2, 3, 40))
    weights = from_bert(theirs)
    weights["pool.weight"], weights["pool.bias"] = ours.pool.parameters()  # has none
    for name in list(weights):
        if "decoder" in name:  # tied
            del weights[name]
    ours.load_state_dict(weights)
    ids = some_ids()
    assert agree(ours.masked_lm_logits(ours(ids)), theirs(ids).logits)


# -- T5 -------------------------------------------------------------------------


def t5(dtype):
    config = hf.T5Config(
        vocab_size=VOCAB, d_model=24, d_kv=10, d_ff=40, num_layers=2, num_heads=3,
        relative_attention_num_buckets=8, relative_attention_max_distance=12,
        decoder_start_token_id=0, eos_token_id=None,
    )  # fmt: skip
    theirs = at_random(hf.T5ForConditionalGeneration(config), dtype)
    ours = T5(T5Config(VOCAB, 24, 2, 3, d_head=10, d_ff=40, n_buckets=8, furthest=12))
    weights = renamed(theirs.state_dict(), {
        "encoder.block.": "encoder.blocks.", "decoder.block.": "decoder.blocks.",
        "layer.0.SelfAttention.relative_attention_bias": "distance_bias",
        "layer.0.SelfAttention": "attention", "layer.0.layer_norm": "attention_norm",
        "layer.1.EncDecAttention": "cross_attention", ".q.": ".query.", ".k.": ".key.",
        ".v.": ".value.", ".o.": ".output.", "final_layer_norm": "norm",
        ".wi.": ".expand.", ".wo.": ".shrink.", "blocks.0.distance": "distance",
        "shared.": "tokens.",
    })  # fmt: skip
    for name in list(weights):
        new = name
        if "DenseReluDense" in name:
            new = (
                name[: name.index("layer.")] + "feed_forward." + name.split("Dense.")[1]
            )
        elif "layer." in name and name.endswith("layer_norm.weight"):
            crossed = "decoder" in name and "layer.1" in name
            part = "cross_attention" if crossed else "feed_forward"
            new = name[: name.index("layer.")] + part + "_norm.weight"
        weights[new] = weights.pop(name)
    for tied in ("encoder.embed_tokens.", "decoder.embed_tokens.", "lm_head."):
        weights.pop(tied + "weight")
    ours.load_state_dict(weights)
    return ours, theirs


@in_both_types
def test_t5_encoder_decoder_and_logits(dtype):
    ours, theirs = t5(dtype)
    source, target = some_ids(3, 15), some_ids(3, 14)
    keep = torch.arange(15) < torch.tensor([[15], [7], [1]])
    expected = theirs(
        source, decoder_input_ids=target, attention_mask=keep.long(),
        output_hidden_states=True,
    )  # fmt: skip
    memory = ours.encode(source, keep)
    assert agree(memory[keep], expected.encoder_last_hidden_state[keep])
    hidden = ours.decode(target, memory, keep)
    assert agree(hidden, expected.decoder_hidden_states[-1])
    assert agree(ours(source, target, keep), expected.logits)
    gradients_agree(ours, theirs, ours(source, target, keep), expected.logits)
    bias = theirs.decoder.block[0].layer[0].SelfAttention.relative_attention_bias
    assert agree(ours.decoder.distance_bias.weight.grad, bias.weight.grad)


def test_t5_puts_every_distance_in_the_same_bucket():
    attention = hf.models.t5.modeling_t5.T5Attention
    places = torch.arange(400)
    for causal in (True, False):
        expected = attention._relative_position_bucket(
            places - places[:, None], bidirectional=not causal
        )
        assert torch.equal(relative_buckets(places, places, 32, 128, causal), expected)


# -- ViT ------------------------------------------------------------------------


@in_both_types
def test_vit_sees_the_same(dtype):
    config = hf.ViTConfig(
        image_size=12, patch_size=4, num_channels=2, num_labels=5, hidden_size=24,
        num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        layer_norm_eps=1e-6,
    )  # fmt: skip
    theirs = at_random(hf.ViTForImageClassification(config), dtype)
    ours = ViT(ViTConfig(12, 4, 2, 5, 24, 2, 3, d_ff=40))
    weights = renamed(theirs.state_dict(), {
        "vit.": "", "embeddings.cls_token": "first", "q_proj": "query",
        "embeddings.position_embeddings": "places.weight", "k_proj": "key",
        "embeddings.patch_embeddings.projection": "patches", "v_proj": "value",
        "layers.": "blocks.", "layernorm_before": "attention_norm",
        "layernorm_after": "feed_forward_norm", "layernorm": "norm",
        "o_proj": "output", "mlp.fc1": "feed_forward.expand",
        "mlp.fc2": "feed_forward.shrink", "classifier": "classes",
    })  # fmt: skip
    for name in ("first", "places.weight"):
        weights[name] = weights[name].squeeze(0).squeeze(0)
    ours.load_state_dict(weights)
    images = torch.sin(torch.arange(3 * 2 * 12 * 12) ** 2.0).view(3, 2, 12, 12)
    assert agree(ours(images), theirs(images).logits)


# -- LLaMA and its relatives ----------------------------------------------------

SMALL = dict(
    vocab_size=VOCAB, max_position_embeddings=CONTEXT, hidden_size=32,
    num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
    intermediate_size=40, pad_token_id=0, bos_token_id=1, eos_token_id=None,
)  # fmt: skip


def llama(dtype):
    config = hf.LlamaConfig(**SMALL, rms_norm_eps=1e-5, rope_theta=500.0)
    theirs = at_random(hf.LlamaForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB, CONTEXT, 32, 2, 4, 2, d_ff=40, theta=500.0, norm_eps=1e-5
    )
    return load(shape, theirs, halves=True)


def qwen2(dtype):
    config = hf.Qwen2Config(**SMALL, tie_word_embeddings=True, rope_theta=1e6)
    theirs = at_random(hf.Qwen2ForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB, CONTEXT, 32, 2, 4, 2, d_ff=40, tied=True, qkv_bias=True, theta=1e6
    )
    return load(shape, theirs, halves=True)


def qwen2_moe(dtype):
    config = hf.Qwen2MoeConfig(
        **SMALL, rope_theta=1e6, num_experts=5, num_experts_per_tok=2,
        moe_intermediate_size=12, shared_expert_intermediate_size=20,
    )  # fmt: skip
    config._experts_implementation = "eager"  # the fused one cannot do float64
    theirs = at_random(hf.Qwen2MoeForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB, CONTEXT, 32, 2, 4, 2, d_ff=12, qkv_bias=True, theta=1e6,
        n_experts=5, top_k=2, d_shared=20,
    )  # fmt: skip
    return load(shape, theirs, halves=True)


def glm4(dtype):
    config = hf.GlmConfig(
        **SMALL, head_dim=8, attention_bias=True, rms_norm_eps=1e-5,
        rope_parameters=dict(
            rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5
        ),
    )  # fmt: skip
    theirs = at_random(hf.GlmForCausalLM(config), dtype)
    shape = LLaMAConfig(
        VOCAB,
        CONTEXT,
        32,
        2,
        4,
        2,
        d_ff=40,
        qkv_bias=True,
        rope_share=0.5,
        norm_eps=1e-5,
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
        "mlp.gate.": "mlp.router.", "mlp.": "feed_forward.",
        "gate_proj": "gate", "down_proj": "shrink",
        "gate_up_proj": "gate_and_expand", "up_proj": "expand",
        "shared_expert.": "shared.", "shared_expert_gate": "shared_gate",
    })  # fmt: skip
    d_head = shape.d_model // shape.n_heads
    for name in list(ours):
        if halves and ("query" in name or "key" in name):
            heads = ours[name].unflatten(0, (-1, 2, d_head // 2))
            ours[name] = heads.transpose(1, 2).flatten(0, 2)
        if "experts" in name:  # theirs hold all experts in one
            for i, weight in enumerate(ours.pop(name)):
                ours[name.replace("experts", f"experts.{i}") + ".weight"] = weight
    for name in list(ours):
        if "gate_and_expand" in name:  # and GLM the two maps
            gate, expand = ours.pop(name).chunk(2)
            ours[name.replace("gate_and_expand", "gate")] = gate
            ours[name.replace("gate_and_expand", "expand")] = expand
    model = LLaMA(shape)
    model.load_state_dict(ours)
    return model, theirs


@in_both_types
@pytest.mark.parametrize("family", [llama, qwen2, qwen2_moe, glm4])
def test_llama_and_its_relatives(family, dtype):
    ours, theirs = family(dtype)
    ids = some_ids()
    logits, expected = ours(ids), theirs(ids).logits
    assert agree(logits, expected)
    gradients_agree(ours, theirs, logits, expected)


@in_both_types
def test_qwen2_moe_routes_alike(dtype):
    ours, theirs = qwen2_moe(dtype)
    ids = some_ids()
    expected = theirs(ids, output_router_logits=True).router_logits
    seen = []
    for block in ours.blocks:
        router = block.feed_forward.router
        router.register_forward_hook(lambda *call: seen.append(call[-1]))
    ours(ids)
    for mine, other in zip(seen, expected, strict=True):
        assert agree(mine, other)


@in_both_types
@pytest.mark.parametrize("n_heads", [4, 6, 40])
def test_baichuan_13b_by_its_formula(n_heads, dtype):
    """Its code is not in the library: slopes times the key's place, then a softmax."""
    torch.manual_seed(0)
    d, d_head = 2 * n_heads, 2
    ours = LLaMA(LLaMAConfig(VOCAB, CONTEXT, d, 1, n_heads, alibi=True)).to(dtype)
    ids = some_ids()

    def slopes(n):  # as written by Press et al. for any number of heads
        if math.log2(n).is_integer():
            start = 2 ** (-(2 ** -(math.log2(n) - 3)))
            return [start * start**i for i in range(n)]
        closest = 2 ** math.floor(math.log2(n))
        return slopes(closest) + slopes(2 * closest)[0::2][: n - closest]

    def normal(x, weight):
        return weight * x / (x.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()

    block, x = ours.blocks[0], ours.tokens.weight[ids]
    attention, look = block.attention, normal(x, block.attention_norm.weight)
    heads = [
        (look @ part.weight.T).view(3, 11, n_heads, d_head).transpose(1, 2)
        for part in (attention.query, attention.key, attention.value)
    ]
    scores = heads[0] @ heads[1].mT / math.sqrt(d_head)
    scores += torch.tensor(slopes(n_heads))[:, None, None] * torch.arange(11)
    scores += torch.full((11, 11), -math.inf).triu(1)
    answer = (scores.softmax(dim=-1) @ heads[2]).transpose(1, 2).reshape(3, 11, d)
    x = x + answer @ attention.output.weight.T
    look = normal(x, block.feed_forward_norm.weight)
    x = x + block.feed_forward(look)
    assert agree(ours(ids), normal(x, ours.norm.weight) @ ours.vocabulary.weight.T)


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
@pytest.mark.parametrize("family", [gpt2, llama, qwen2, qwen2_moe, glm4])
def test_greedy_writing_is_the_same_token_for_token(family, dtype):
    ours, theirs = family(dtype)
    for prompt in some_ids(4, 3):
        expected = theirs.generate(
            prompt[None], do_sample=False, max_new_tokens=12, pad_token_id=0
        )
        assert greedy(ours, prompt[None], 12) == expected[0, 3:].tolist()


@pytest.mark.parametrize("dtype", [torch.float64], ids=["float64"], indirect=True)
@torch.no_grad()
def test_t5_answers_the_same_token_for_token(dtype):
    ours, theirs = t5(dtype)
    for source in some_ids(4, 9):
        target = torch.zeros(1, 1, dtype=torch.int64)
        memory = ours.encode(source[None])
        for _ in range(12):
            logits = ours.logits(ours.decode(target, memory))
            target = torch.cat((target, logits[:, -1:].argmax(dim=-1)), dim=1)
        expected = theirs.generate(source[None], do_sample=False, max_new_tokens=12)
        assert target.tolist() == expected.tolist()
