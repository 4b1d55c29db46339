"""Blocks: what stands around attention in a layer, the same in every family.

A layer lets tokens look at each other (attention), then each token think for itself
(feed-forward), each time *adding* the result to what was there. GPT, BERT, T5 and LLaMA
are these parts, wired differently: lessons 10 and 11. No part here knows a model.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ACTIVATIONS = {
    "relu": F.relu,
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
}
"""The bends of `FeedForward`, by name."""


class FeedForward(nn.Module):
    """Two linear maps with a bend between them, for each token alone.

    Vaswani et al. 2017, section 3.3, where the bend is "relu"; "gelu" is x times the
    normal distribution function of x (Hendrycks and Gimpel 2016, arXiv 1606.08415), and
    "gelu_tanh" their approximation of it, which OpenAI used and which is slower here.
    """

    def __init__(self, d_model: int, d_ff: int, activation: str, bias: bool = True):
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(
                f"activation must be one of {', '.join(ACTIVATIONS)}: got {activation}"
            )
        self.expand = nn.Linear(d_model, d_ff, bias=bias)
        self.shrink = nn.Linear(d_ff, d_model, bias=bias)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        return self.shrink(self.activation(self.expand(x)))


class SwiGLU(nn.Module):
    """A feed-forward in which one half opens and shuts the other.

    shrink(silu(gate x) * (expand x)) with silu(z) = z sigmoid(z), without biases
    (Shazeer 2020, arXiv 2002.05202, equation 6).
    """

    def __init__(self, d_model: int, d_ff: int):
        super().__init__()
        self.gate = nn.Linear(d_model, d_ff, bias=False)
        self.expand = nn.Linear(d_model, d_ff, bias=False)
        self.shrink = nn.Linear(d_ff, d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        return self.shrink(F.silu(self.gate(x)) * self.expand(x))


class MixtureOfExperts(nn.Module):
    """Many feed-forwards, of which each token uses the few that a router picks for it.

    The answers of the `top_k` best experts are summed, each times the probability that
    the router gives it (Shazeer et al. 2017, arXiv 1701.06538; without their noise).
    One more expert, `d_shared` wide, is shared by all tokens and opened by a gate of
    its own, as in Qwen2-MoE (Yang et al. 2024, arXiv 2407.10671, section 2.2.2).
    """

    def __init__(
        self, d_model: int, d_ff: int, n_experts: int, top_k: int, d_shared: int
    ):
        super().__init__()
        if not 1 <= top_k <= n_experts:
            raise ValueError(
                f"top_k must lie in 1 .. n_experts = {n_experts}: got {top_k}"
            )
        self.top_k = top_k
        self.router = nn.Linear(d_model, n_experts, bias=False)
        self.experts = nn.ModuleList(SwiGLU(d_model, d_ff) for _ in range(n_experts))
        self.shared = SwiGLU(d_model, d_shared)
        self.shared_gate = nn.Linear(d_model, 1, bias=False)

    def route(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(..., d_model) -> weights and numbers of the experts, each (..., top_k)."""
        return torch.softmax(self.router(x), dim=-1).topk(self.top_k, dim=-1)

    def forward(self, x: Tensor) -> Tensor:
        """(..., d_model) -> (..., d_model)."""
        tokens = x.reshape(-1, x.shape[-1])
        answers = torch.sigmoid(self.shared_gate(tokens)) * self.shared(tokens)
        weights, chosen = self.route(tokens)  # (tokens, top_k) each
        for i, expert in enumerate(self.experts):
            mine, rank = (chosen == i).nonzero(as_tuple=True)
            answer = weights[mine, rank, None] * expert(tokens[mine])
            answers.index_add_(0, mine, answer)
        return answers.view_as(x)


def initialise(model: nn.Module) -> None:
    """Draw all weights: normal numbers of spread 0.02, and biases 0.

    As Radford et al. 2018 (section 4.1) do. A norm's scale, a vector, stays as it is.
    """
    for name, weight in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(weight)
        elif weight.ndim >= 2:
            nn.init.normal_(weight, std=0.02)


class Block(nn.Module):
    """One layer: attention, then feed-forward, each added to its input and normalised.

    norm: makes a normalisation, called for each part. norm_first: normalise what a part
    reads (GPT-2 and nearly all since), or else the sum (Vaswani et al. 2017; BERT).
    cross_attention: between the two, look at another text, the memory (T5's decoder).
    parallel: both parts read the same, and both are added at once (PaLM).
    """

    def __init__(
        self,
        attention: nn.Module,
        feed_forward: nn.Module,
        norm: Callable[[], nn.Module],
        *,
        norm_first: bool = True,
        cross_attention: nn.Module | None = None,
        parallel: bool = False,
    ):
        super().__init__()
        self.norm_first = norm_first
        self.attention_norm = norm()
        self.attention = attention
        if cross_attention is not None:
            self.cross_attention_norm = norm()
        self.cross_attention = cross_attention
        self.feed_forward_norm = None if parallel else norm()
        self.feed_forward = feed_forward

    def forward(
        self,
        x: Tensor,
        memory: Tensor | None = None,
        memory_mask: Tensor | None = None,
        **looking,
    ) -> Tensor:
        """(batch, n, d_model) -> the same; `looking` goes to the attention.

        memory: (batch, m, d_model), what the cross-attention looks at; memory_mask: as
        its `mask`.
        """
        if not self.norm_first:
            x = self.attention_norm(x + self.attention(x, **looking))
            return self.feed_forward_norm(x + self.feed_forward(x))
        normal = self.attention_norm(x)
        x = x + self.attention(normal, **looking)
        if self.feed_forward_norm is None:
            return x + self.feed_forward(normal)
        if self.cross_attention is not None:
            normal = self.cross_attention_norm(x)
            x = x + self.cross_attention(normal, memory, memory_mask)
        return x + self.feed_forward(self.feed_forward_norm(x))
