"""A GPT made of NumPy alone: every step of the model that `models.gpt` says in torch.

It runs on the engine of lesson 05, `learning.autograd`, so that nothing between text
and the gradient is hidden; lesson 10 lays it beside torch's. Weights have the same
names and shapes there and here, and the two keep the same losses in training.

    >>> rng = np.random.default_rng(0)
    >>> gpt = NumpyGPT(new_weights(rng, vocab_size=10, context=8), n_heads=2)
    >>> ids = np.array([[1, 2, 3, 1, 2, 3, 1, 2]])
    >>> for step in range(50):
    ...     loss = gpt.loss(ids)
    ...     loss.backward()
    ...     for w in gpt.weights.values():
    ...         w.data -= 0.1 * w.grad
    ...         w.grad = None
    >>> gpt(ids[:, :-1]).data.argmax(-1)
    array([[2, 3, 1, 2, 3, 1, 2]])

Source: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"
(GPT-2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from lmlab.learning.autograd import Tensor, cross_entropy, log_softmax


class NumpyGPT:
    """Token + place -> blocks, none of which looks ahead -> scores of the next token.

    weights: name -> array, as from `new_weights`, or from a torch `GPT` with the
    activation "gelu_tanh": `{name: w.numpy() for name, w in gpt.state_dict().items()}`.
    They are copied, from float16 into float32, in which a square of 300 has room.
    n_heads: how many heads share the features of a token.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], n_heads: int) -> None:
        for name in ("tokens.weight", "places.weight"):
            if np.ndim(weights.get(name)) != 2:
                raise ValueError(
                    f"weights must hold {name}, a matrix: got {', '.join(weights)}"
                )
        self.weights = {
            name: Tensor(np.asarray(array, np.result_type(array, np.float32)))
            for name, array in weights.items()
        }
        self.n_heads = n_heads
        self.vocab_size, self.d_model = self.weights["tokens.weight"].shape
        self.context = len(self.weights["places.weight"].data)
        self.n_layers = sum(name.endswith("query.weight") for name in weights)
        if n_heads < 1 or self.d_model % n_heads:
            raise ValueError(
                "n_heads must divide d_model: "
                f"got n_heads {n_heads} and d_model {self.d_model}"
            )

    def __call__(self, ids: np.ndarray) -> Tensor:
        """(batch, n) -> (batch, n, vocab_size): the logits of each next token."""
        ids = np.asarray(ids)
        self._check_ids(ids)
        return self._logits(ids)

    def loss(self, ids: np.ndarray) -> Tensor:
        """Return the mean surprise, in nats, at each token of (batch, n) but the first.

        The last token is only predicted, so the model reads n - 1.
        """
        ids = np.asarray(ids)
        self._check_ids(ids, at_least=2)
        return cross_entropy(self._logits(ids[:, :-1]), ids[:, 1:])

    def _logits(self, ids: np.ndarray) -> Tensor:
        """A block is normalise, attend, add; normalise, think, add. The map to the
        vocabulary is the table of tokens itself.
        """
        tokens, places = self.weights["tokens.weight"], self.weights["places.weight"]
        x = tokens[ids] + places[: ids.shape[1]]  # (batch, n, d_model)
        for i in range(self.n_layers):
            block = f"blocks.{i}."
            seen = self._norm(block + "attention_norm", x)
            x = x + self._attention(block + "attention", seen)
            seen = self._norm(block + "feed_forward_norm", x)
            x = x + self._feed_forward(block + "feed_forward", seen)
        return self._norm("norm", x) @ tokens.T

    def _attention(self, name: str, x: Tensor) -> Tensor:
        """softmax(query key^T / sqrt(d_head)) value, in each head, without the future.

        Vaswani et al. 2017 (arXiv 1706.03762), equation 1 and section 3.2.2.
        """
        batch, n, d_model = x.shape

        def heads(part: str) -> Tensor:  # (batch, n_heads, n, d_head)
            y = self._linear(f"{name}.{part}", x)
            return y.reshape(batch, n, self.n_heads, -1).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
        past = np.where(np.tri(n), 0, -np.inf).astype(x.data.dtype)
        weights = log_softmax(scores + past).exp()  # (batch, n_heads, n, n)
        answer = (weights @ value).transpose(0, 2, 1, 3).reshape(batch, n, d_model)
        return self._linear(name + ".output", answer)

    def _feed_forward(self, name: str, x: Tensor) -> Tensor:
        """Each token for itself, through a wider layer."""
        return self._linear(name + ".shrink", gelu(self._linear(name + ".expand", x)))

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self.weights[name + ".weight"].T + self.weights[name + ".bias"]

    def _norm(self, name: str, x: Tensor) -> Tensor:
        """Mean 0 and deviation 1 for each token, then a scale and a shift a feature.

        Ba et al. 2016 (arXiv 1607.06450), equation 4.
        """
        x = x - x.mean(-1, keepdims=True)
        x = x * ((x**2).mean(-1, keepdims=True) + 1e-5) ** -0.5
        return x * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def _check_ids(self, ids: np.ndarray, at_least: int = 1) -> None:
        shape, kind = ids.shape, ids.dtype
        integers = kind.kind in "iu"
        if len(shape) != 2 or not integers or shape[0] < 1 or shape[1] < at_least:
            raise ValueError(
                f"ids must be integers of shape (batch, n), n at least {at_least}: "
                f"got {kind}, {shape}"
            )
        if shape[1] > self.context:
            raise ValueError(
                f"ids must fit into the context of {self.context}: got {shape[1]}"
            )
        if not 0 <= np.min(ids) <= np.max(ids) < self.vocab_size:
            raise ValueError(
                f"ids must lie in 0 .. {self.vocab_size - 1}: "
                f"got {np.min(ids)} to {np.max(ids)}"
            )


def gelu(x: Tensor) -> Tensor:
    """About x times the chance that a normal number is below x, as GPT-2 writes it.

    Hendrycks and Gimpel 2016 (arXiv 1606.08415), section 2.
    """
    return 0.5 * x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)).tanh())


def new_weights(
    rng: np.random.Generator,
    vocab_size: int,
    context: int,
    d_model: int = 32,
    n_layers: int = 2,
) -> dict[str, np.ndarray]:
    """Return weights as a GPT has them before training, name -> float64 array.

    Matrices: normal numbers of spread 0.02, smaller by sqrt(2 n_layers) where a block
    adds to the sum (Radford et al. 2019, section 2.3). Biases 0, scales 1.
    """
    d, wide = d_model, 4 * d_model
    weights = {
        "tokens.weight": rng.normal(0, 0.02, (vocab_size, d)),
        "places.weight": rng.normal(0, 0.02, (context, d)),
    }
    shapes = {f"attention.{part}": (d, d) for part in ("query", "key", "value")}
    shapes |= {"feed_forward.expand": (wide, d)}
    adding = {"attention.output": (d, d), "feed_forward.shrink": (d, wide)}
    norms = ["norm"]
    for i in range(n_layers):
        norms += [f"blocks.{i}.attention_norm", f"blocks.{i}.feed_forward_norm"]
        for part, shape in (shapes | adding).items():
            spread = 0.02 / math.sqrt(2 * n_layers) if part in adding else 0.02
            weights[f"blocks.{i}.{part}.weight"] = rng.normal(0, spread, shape)
            weights[f"blocks.{i}.{part}.bias"] = np.zeros(shape[0])
    for norm in norms:
        weights[norm + ".weight"], weights[norm + ".bias"] = np.ones(d), np.zeros(d)
    return weights
