"""What models.numpy_gpt promises: torch's GPT to the last digits, and no torch."""

import doctest
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lmlab.learning.autograd import Tensor
from lmlab.models import numpy_gpt
from lmlab.models.gpt import GPT, GPTConfig
from lmlab.models.numpy_gpt import NumpyGPT, gelu, new_weights

CONFIG = GPTConfig(
    vocab_size=13,
    context=9,
    d_model=16,
    n_layers=3,
    n_heads=4,
    activation="gelu_tanh",
)


def torch_gpt(loud: float = 1.0) -> GPT:
    """torch's GPT; `loud` weights make every part of it matter."""
    torch.manual_seed(0)
    model = GPT(CONFIG).double()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(loud)
            if loud != 1 and weight.ndim == 1:
                weight.add_(0.3 * torch.randn_like(weight))
    return model


def numpy_twin(model: GPT) -> NumpyGPT:
    weights = {name: w.numpy() for name, w in model.state_dict().items()}
    return NumpyGPT(weights, CONFIG.n_heads)


def texts(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 13, (4, 9))


def torch_loss(model: GPT, ids: np.ndarray) -> torch.Tensor:
    ids = torch.from_numpy(ids)
    return F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def test_the_example_of_the_module_holds():
    results = doctest.testmod(numpy_gpt)
    assert results.attempted >= 5 and not results.failed


def test_no_torch_is_loaded():
    code = "import sys, lmlab.models.numpy_gpt; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("loud", [1.0, 8.0])
def test_logits_and_gradients_are_those_of_torch(loud):
    theirs = torch_gpt(loud)
    ours = numpy_twin(theirs)
    ids = texts()
    logits = theirs(torch.from_numpy(ids))
    np.testing.assert_allclose(ours(ids).data, logits.detach(), atol=1e-10)
    torch_loss(theirs, ids).backward()
    ours.loss(ids).backward()
    for name, weight in theirs.named_parameters():
        np.testing.assert_allclose(ours.weights[name].grad, weight.grad, atol=1e-10)


def descend(weights, gradients, rate, memory):
    """AdamW (Loshchilov and Hutter 2019, algorithm 2), as torch has it by default."""
    memory["step"] = t = memory.get("step", 0) + 1
    for name, g in gradients.items():
        m, v = memory.get(name, (0, 0))
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        memory[name] = m, v
        weights[name] *= 1 - rate * 0.01
        m, v = m / (1 - 0.9**t), v / (1 - 0.999**t)
        weights[name] -= rate * m / (np.sqrt(v) + 1e-8)


@pytest.mark.parametrize("adam", [False, True])
def test_the_same_losses_as_torch_over_twenty_steps(adam):
    theirs = torch_gpt()
    ours = numpy_twin(theirs)
    rate = 0.01 if adam else 0.5
    kind = torch.optim.AdamW if adam else torch.optim.SGD
    optimiser, memory, losses = kind(theirs.parameters(), rate), {}, []
    for step in range(20):
        ids = (texts(step)[:, :1] + np.arange(9)) % 13  # counting can be learned
        loss, expected = ours.loss(ids), torch_loss(theirs, ids)
        assert float(loss) == pytest.approx(expected.item(), abs=1e-6)
        losses.append(float(loss))
        optimiser.zero_grad()
        expected.backward()
        optimiser.step()
        loss.backward()
        weights = {name: w.data for name, w in ours.weights.items()}
        gradients = {name: w.grad for name, w in ours.weights.items()}
        if adam:
            descend(weights, gradients, rate, memory)
        else:
            for name, gradient in gradients.items():
                weights[name] -= rate * gradient
        for weight in ours.weights.values():
            weight.grad = None
    assert losses[-1] < losses[0] - 0.3
    last = theirs.state_dict()
    for name, weight in ours.weights.items():
        np.testing.assert_allclose(weight.data, last[name], atol=1e-6)


def test_the_future_cannot_change_the_past():
    gpt = numpy_twin(torch_gpt(8.0))
    ids, other = texts(), texts()
    other[:, 5:] = (other[:, 5:] + 1) % 13
    before, after = gpt(ids).data, gpt(other).data
    np.testing.assert_array_equal(before[:, :5], after[:, :5])
    assert np.abs(before[:, 5:] - after[:, 5:]).min(-1).max() > 0


def test_new_weights_have_the_names_shapes_and_spread_of_torchs():
    rng = np.random.default_rng(0)
    shape = {"vocab_size": 60, "context": 50, "d_model": 48, "n_layers": 3}
    ours = new_weights(rng, **shape)
    torch.manual_seed(0)
    theirs = GPT(GPTConfig(**shape)).state_dict()
    assert {n: a.shape for n, a in ours.items()} == {
        n: w.shape for n, w in theirs.items()
    }
    for name, array in ours.items():
        assert array.mean() == pytest.approx(theirs[name].mean().item(), abs=2e-3)
        spread = theirs[name].std(correction=0).item()
        assert array.std() == pytest.approx(spread, rel=0.1)


def test_float32_stays_float32():
    weights = {
        n: a.astype(np.float32)
        for n, a in new_weights(np.random.default_rng(0), 13, 9).items()
    }
    gpt = NumpyGPT(weights, n_heads=2)
    loss = gpt.loss(texts())
    loss.backward()
    assert loss.data.dtype == gpt.weights["norm.bias"].grad.dtype == np.float32


def test_gelu_is_torchs_approximation():
    x = np.linspace(-5, 5, 41)
    wanted = F.gelu(torch.from_numpy(x), approximate="tanh")
    np.testing.assert_allclose(gelu(Tensor(x)).data, wanted, atol=1e-12)


@pytest.mark.parametrize(
    "ids, words",
    [
        (np.zeros(3, int), r"\(batch, n\).*got int64, \(3,\)"),
        (np.zeros((0, 3), int), r"at least.*\(0, 3\)"),
        (np.zeros((1, 3)), "integers.*float64"),
        (np.zeros((1, 10), int), "context of 9: got 10"),
        (np.full((1, 3), 13), "0 .. 12: got 13 to 13"),
        (np.full((1, 3), -1), "0 .. 12: got -1"),
    ],
)
def test_ids_that_do_not_fit_are_refused(ids, words):
    gpt = numpy_twin(torch_gpt())
    for call in (gpt, gpt.loss):
        with pytest.raises(ValueError, match=words):
            call(ids)


def test_ids_may_be_a_list():
    gpt = numpy_twin(torch_gpt())
    lists = texts().tolist()
    assert gpt(lists).data.tolist() == gpt(texts()).data.tolist()
    assert float(gpt.loss(lists)) == float(gpt.loss(texts()))


@pytest.mark.parametrize("missing", ["tokens.weight", "places.weight"])
def test_weights_without_a_table_are_refused(missing):
    weights = new_weights(np.random.default_rng(0), 13, 9)
    del weights[missing]
    with pytest.raises(ValueError, match=f"weights must hold {missing}, a matrix"):
        NumpyGPT(weights, 4)


def test_heads_must_divide_and_one_token_predicts_nothing():
    weights = new_weights(np.random.default_rng(0), 13, 9)
    with pytest.raises(ValueError, match="n_heads 5 and d_model 32"):
        NumpyGPT(weights, 5)
    with pytest.raises(ValueError, match=r"n at least 2: got int64, \(1, 1\)"):
        NumpyGPT(weights, 4).loss(np.zeros((1, 1), int))


def test_float16_is_computed_in_float32():
    weights = {name: array.astype(np.float32)
               for name, array in new_weights(np.random.default_rng(0), 13, 9).items()}
    weights["tokens.weight"] *= 20_000  # whose squares have no room in float16
    halves = {name: array.astype(np.float16) for name, array in weights.items()}
    again = {name: array.astype(np.float32) for name, array in halves.items()}
    logits = NumpyGPT(halves, 4)(texts()).data
    assert logits.dtype == np.float32 and np.isfinite(logits).all()
    np.testing.assert_array_equal(logits, NumpyGPT(again, 4)(texts()).data)
