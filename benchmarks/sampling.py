"""How fast a poet writes: lmlab.models.sampling, and `generate` of transformers.

The LLaMA of the poem school (1.02 million parameters, 3,358 characters), with weights
as they are drawn, goes on from 8 characters by 40, at temperature 0.8: one poem, 32 and
256 at once. Both have the same weights, float32, one thread and a key/value cache, and
must write the same text where the likeliest character is taken. A time is the best of a
few rounds, in which the two take turns.

Limit: for one poem near twice as fast. A character takes 0.9 ms (Intel Xeon), of which
the matrix products take 0.24, as the weights pass by, the norms 0.09, and the rest some
150 calls of torch and of modules, 1 to 5 microseconds each. Tried, and not worth their
lines: turns kept for all places and query and key turned at once (4 % together), no
guards at all (4 %).

    python -m benchmarks.sampling
"""

import time

import torch
from torch import Tensor, nn

from lmlab.models.llama import LLaMA
from lmlab.models.sampling import generate
from lmlab.poem_school.stages import TEMPERATURE, newborn

ROUNDS, NEW = 5, 40
PROMPT = list(range(5, 13))
AIMS = {1: 3, 32: 2, 256: 2}
NAMES = {
    "blocks": "model.layers", "tokens": "model.embed_tokens", "norm": "model.norm",
    "attention_norm": "input_layernorm", "feed_forward_norm":
    "post_attention_layernorm", "attention": "self_attn", "query": "q_proj",
    "key": "k_proj", "value": "v_proj", "output": "o_proj", "feed_forward": "mlp",
    "gate": "gate_proj", "expand": "up_proj", "shrink": "down_proj",
    "vocabulary": "lm_head",
}  # fmt: skip
"""What transformers calls the parts of a LLaMA."""


def rival(ours: LLaMA) -> nn.Module:
    """Return transformers' LLaMA with the weights of `ours`."""
    from transformers import LlamaConfig, LlamaForCausalLM

    c = ours.config
    theirs = LlamaForCausalLM(LlamaConfig(
        vocab_size=c.vocab_size, hidden_size=c.d_model, num_hidden_layers=c.n_layers,
        intermediate_size=8 * c.d_model // 3, num_attention_heads=c.n_heads,
        max_position_embeddings=c.context, tie_word_embeddings=c.tied,
        rope_theta=c.theta, rms_norm_eps=c.norm_eps,
        pad_token_id=0, bos_token_id=None, eos_token_id=None,
    ))  # fmt: skip
    weights = {}
    for name, weight in ours.state_dict().items():
        if "query" in name or "key" in name:  # theirs turn feature i with i + d_head/2
            pairs = weight.unflatten(0, (c.n_heads, -1, 2))
            weight = pairs.transpose(1, 2).flatten(0, 2)
        weights[".".join(NAMES.get(part, part) for part in name.split("."))] = weight
    theirs.load_state_dict(weights)
    return theirs.eval()


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (what, ours, the rival's, how much faster, the aim), a row a batch."""
    torch.set_num_threads(1)
    ours = newborn(0).eval()
    theirs = rival(ours)

    def we_write(poems: int, **settings) -> list[list[int]]:
        return generate(ours, [PROMPT] * poems, max_new_tokens=NEW, **settings)

    def they_write(poems: int, **settings) -> Tensor:
        ids = torch.tensor([PROMPT] * poems)
        text = theirs.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW, **settings
        )
        return text[:, len(PROMPT) :]

    greedy = they_write(1, do_sample=False).tolist()
    assert we_write(1, temperature=0) == greedy, "the two write differently"
    drawn = {"do_sample": True, "temperature": TEMPERATURE, "top_k": 0}
    sides = (
        lambda n: we_write(n, temperature=TEMPERATURE),
        lambda n: they_write(n, **drawn),
    )
    table = []
    for poems, aim in AIMS.items():
        best = [float("inf")] * 2
        for _ in range(ROUNDS):
            for i, write in enumerate(sides):
                start = time.perf_counter()
                write(poems)
                best[i] = min(best[i], time.perf_counter() - start)
        table.append((
            f"writing {poems} poem{'s' * (poems > 1)} of {NEW} characters",
            f"{best[0]:.3f} s", f"{best[1]:.3f} s",
            f"{best[1] / best[0]:.1f} times as fast", f"at least {aim}",
        ))  # fmt: skip
    return table


if __name__ == "__main__":
    for row in rows():
        print(*row, sep="   ")
