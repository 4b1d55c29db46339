"""What learning.training, learning.batches and learning.checkpoints promise."""

import math
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from lmlab.learning import checkpoints
from lmlab.learning.batches import rows, windows
from lmlab.learning.training import (
    History,
    adamw,
    language_loss,
    mean_loss,
    next_token_loss,
    train,
    warmup_cosine,
)
from lmlab.models.gpt import GPT, GPTConfig

IDS = torch.arange(200) * 7 % 11


@dataclass(frozen=True)
class TinyConfig:
    n_heads: int = 1
    dropout: float = 0.2


class Tiny(nn.Module):
    """A model that drops at random, and whose two tables are one."""

    def __init__(self, config=TinyConfig(), vocab_size: int = 11):  # noqa: B008
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(vocab_size, 8)
        self.mix = nn.Linear(8, 8)
        self.drop = nn.Dropout(config.dropout)
        self.head = nn.Linear(8, vocab_size, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        return self.head(self.drop(torch.tanh(self.mix(self.tokens(ids)))))


def tiny(seed=0, **settings) -> Tiny:
    torch.manual_seed(seed)
    return Tiny(TinyConfig(**settings))


def weights(model) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in model.parameters()]


def equal(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


RECIPE = {"steps": 20, "learning_rate": 0.02, "warmup": 4, "save_every": 5}


def run(path=None, batches=None, model=None, **changes) -> tuple[History, Tiny]:
    model = model or tiny()
    batches = batches or windows(IDS, batch=4, length=9)
    return train(model, batches, checkpoint=path, **RECIPE | changes), model


# The batches

@pytest.mark.parametrize("batches", [
    windows(IDS, batch=3, length=5), rows(IDS.view(20, 10), batch=3)])
def test_a_step_has_the_same_batch_whenever_it_is_asked_for(batches):
    first = [batches(step) for step in range(30)]
    assert equal([batches(step) for step in reversed(range(30))], first[::-1])
    assert not torch.equal(first[0], first[1])


def test_windows_are_runs_of_the_text_and_reach_both_of_its_ends():
    text = torch.arange(12)
    seen = torch.cat([windows(text, batch=8, length=5)(step) for step in range(30)])
    assert seen.shape == (240, 5)
    assert torch.equal(seen, seen[:, :1] + torch.arange(5))
    assert set(seen[:, 0].tolist()) == set(range(8))


def test_rows_deals_every_row_once_before_it_shuffles_again():
    batches = rows(torch.arange(7)[:, None], batch=3)
    dealt = torch.cat([batches(step) for step in range(7)]).flatten().tolist()
    deals = [dealt[i : i + 7] for i in range(0, 21, 7)]
    assert all(sorted(deal) == list(range(7)) for deal in deals)
    assert deals[0] != deals[1] != deals[2]


def test_a_batch_may_be_larger_than_the_table():
    dealt = rows(torch.arange(3)[:, None], batch=8)(1).flatten().tolist()
    assert sorted(dealt[1:4]) == sorted(dealt[4:7]) == [0, 1, 2]


def test_tables_are_dealt_side_by_side():
    left, right = rows((torch.arange(9), torch.arange(9) * 10), batch=4)(3)
    assert torch.equal(left * 10, right)


def test_another_seed_gives_other_batches():
    for make in (lambda seed: windows(IDS, 4, 9, seed),
                 lambda seed: rows(IDS, 40, seed)):
        assert not torch.equal(make(0)(0), make(1)(0))


@pytest.mark.parametrize("make, words", [
    (lambda: windows(IDS, 2, 201), r"at least length = 201 ids: got shape \(200,\)"),
    (lambda: windows(IDS.view(2, 100), 2, 5), r"one row .* got shape \(2, 100\)"),
    (lambda: windows(IDS, 0, 5), "at least 1: got 0 and 5"),
    (lambda: rows((IDS, IDS[:3]), 2), r"same number of rows, not 0: got \[3, 200\]"),
    (lambda: rows(IDS[:0], 2), r"got \[0\]"),
    (lambda: rows(IDS, 0), "batch must be at least 1: got 0"),
    (lambda: rows(IDS[0], 2), "got a single number"),
    (lambda: rows((IDS, IDS.to("meta")), 2), r"data\[0\] on cpu, data\[1\] on meta"),
])
def test_data_that_gives_no_batch_is_refused(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# The loss

def test_the_loss_is_the_mean_surprise_at_the_tokens_after_the_first():
    logits = torch.randn(2, 4, 5, dtype=torch.float64)
    ids = torch.tensor([[0, 1, 2, 3], [4, 4, 0, 1]])
    chances = torch.softmax(logits, -1)
    surprise = torch.tensor([[-math.log(chances[row, i, ids[row, i + 1]])
                              for i in range(3)] for row in range(2)])
    assert next_token_loss(logits, ids).item() == pytest.approx(surprise.mean().item())
    keep = torch.tensor([[1, 0, 0, 1], [0, 1, 0, 0]], dtype=torch.bool)
    wanted = (surprise[0, 2] + surprise[1, 0]) / 2
    kept = next_token_loss(logits, ids, keep).item()
    assert kept == pytest.approx(wanted.item())


def test_the_loss_equals_that_of_transformers():
    from transformers.loss.loss_utils import ForCausalLMLoss

    logits = torch.randn(3, 6, 7)
    ids = torch.randint(7, (3, 6))
    keep = torch.rand(3, 6) < 0.5
    for kept in (None, keep):
        labels = ids if kept is None else ids.masked_fill(~keep, -100)
        theirs = ForCausalLMLoss(logits, labels, vocab_size=7).item()
        assert next_token_loss(logits, ids, kept).item() == pytest.approx(theirs)


@pytest.mark.parametrize("logits, ids, keep, words", [
    ((2, 4, 5), (2, 3), None, r"got \(2, 4, 5\) and \(2, 3\)"),
    ((4, 5), (4,), None, r"got \(4, 5\) and \(4,\)"),
    ((0, 4, 5), (0, 4), None, r"ids must have a row.*got \(0, 4\)"),
    ((2, 1, 5), (2, 1), None, r"a token after the first.*got \(2, 1\)"),
    ((2, 4, 5), (2, 4), torch.ones(2, 4), "keep_loss must be boolean.*float32"),
    ((2, 4, 5), (2, 4), torch.ones(2, 3).bool(), r"keep_loss must .*\(2, 3\)"),
    ((2, 4, 5), (2, 4), torch.ones(2, 4, device="meta").bool(),
     "one device: got keep_loss on meta, ids on cpu"),
    ((2, 4, 5), (2, 4), torch.arange(4).expand(2, 4) == 0, "the first: got none"),
])
def test_a_loss_of_nothing_is_refused(logits, ids, keep, words):
    with pytest.raises(ValueError, match=words):
        next_token_loss(torch.zeros(logits), torch.zeros(ids).long(), keep)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_logits_of_16_bits_have_their_loss_in_32(dtype):
    logits, ids = torch.tensor([[[6e4, -6e4], [0, 0.1]]], dtype=dtype), torch.ones(1, 2)
    loss = next_token_loss(logits, ids.long())
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(1.2e5, rel=2e-3)


def test_logits_and_ids_on_different_devices_are_refused():
    with pytest.raises(ValueError, match="one device: got logits on cpu, ids on meta"):
        next_token_loss(torch.zeros(1, 2, 3), torch.zeros(1, 2, device="meta").long())


@pytest.mark.parametrize("token, words", [
    (3, "ids must lie in 0 .. 2, as logits do: got 3"),
    (-1, "got -1"),
    (-100, "got -100"),  # which torch would pass over in silence
])
def test_a_token_that_has_no_logits_is_refused(token, words):
    logits, ids = torch.zeros(1, 4, 3), torch.tensor([[0, 2, 1, token]])
    keep = torch.ones(1, 4, dtype=torch.bool)
    for kept in (None, keep):
        with pytest.raises(ValueError, match=words):
            next_token_loss(logits, ids, kept)
    assert next_token_loss(logits, ids, ids != token).item() == pytest.approx(
        math.log(3))


def test_ids_that_are_no_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="ids must be int64.*got torch.float32"):
        next_token_loss(torch.zeros(1, 2, 3), torch.zeros(1, 2))


def test_the_mean_loss_is_taken_at_rest_and_leaves_the_model_as_it_was():
    model = tiny().train()
    batches = [IDS[:20].view(2, 10), IDS[20:40].view(2, 10)]
    once, again = mean_loss(model, batches), mean_loss(model, iter(batches))
    assert once == again and model.training
    model.eval()
    by_hand = sum(language_loss(model, batch).item() for batch in batches) / 2
    assert once == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="at least one batch"):
        mean_loss(model, [])


# The schedule and the optimiser

def test_the_learning_rate_rises_in_a_line_and_falls_along_a_cosine():
    shares = [warmup_cosine(step, 13, 3) for step in range(13)]
    assert shares[:4] == [0.25, 0.5, 0.75, 1]
    assert shares[8] == pytest.approx(0.5) and 0 < shares[12] < 0.03
    assert shares[3:] == sorted(shares[3:], reverse=True)
    assert warmup_cosine(0, 1) == 1


@pytest.mark.parametrize("step, steps, warmup, words", [
    (3, 3, 3, "warmup must be from 0 to steps - 1: got 3 of 3 steps"),
    (0, 3, -1, "warmup must .* got -1 of 3"),
    (0, 0, 0, "warmup must .* got 0 of 0"),
    (3, 3, 0, "step must be from 0 to steps - 1: got 3 of 3 steps"),
    (-1, 3, 2, "step must .* got -1 of 3"),
])
def test_a_step_that_no_schedule_has_is_refused(step, steps, warmup, words):
    with pytest.raises(ValueError, match=words):
        warmup_cosine(step, steps, warmup)


def test_the_cosine_equals_that_of_transformers():
    from transformers import get_cosine_schedule_with_warmup

    optimiser = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = get_cosine_schedule_with_warmup(optimiser, 5, 40).lr_lambdas[0]
    assert all(warmup_cosine(step, 40, 5) == pytest.approx(theirs(step))
               for step in range(5, 40))


def test_only_matrices_decay_and_frozen_weights_stay_out():
    model = tiny()
    model.mix.bias.requires_grad_(False)
    assert [len(group["params"]) for group in adamw(model, 1, 0.5).param_groups] == [2]
    model.mix.bias.requires_grad_(True)
    matrices, others = adamw(model, 1, 0.5).param_groups
    assert matrices["weight_decay"] == 0.5 and others["weight_decay"] == 0
    assert others["params"] == [model.mix.bias]


# The loop

def test_the_loop_is_the_one_a_reader_would_write():
    batches = windows(IDS, batch=4, length=9)
    ours = tiny(dropout=0.0).double()
    history, _ = run(None, batches, ours, weight_decay=0.3, clip=0.5)

    model = tiny(dropout=0.0).double()
    optimiser = torch.optim.AdamW([
        {"params": [model.tokens.weight, model.mix.weight], "weight_decay": 0.3},
        {"params": [model.mix.bias], "weight_decay": 0.0}], lr=0, betas=(0.9, 0.95))
    for step in range(20):
        ids = batches(step)
        loss = F.cross_entropy(model(ids)[:, :-1].reshape(-1, 11), ids[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        for group in optimiser.param_groups:
            group["lr"] = 0.02 * warmup_cosine(step, 20, 4)
        optimiser.step()
        assert history.loss[step] == pytest.approx(loss.item(), rel=1e-9)
        assert history.norm[step] == pytest.approx(norm.item(), rel=1e-9)
    for a, b in zip(ours.parameters(), model.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-9)


def test_a_gpt_learns_and_its_first_loss_is_that_of_a_guess():
    torch.manual_seed(0)
    model = GPT(GPTConfig(vocab_size=11, context=8, d_model=16, n_layers=1, n_heads=2))
    history = train(model, windows(IDS, 8, 8), steps=80, learning_rate=0.02, warmup=5)
    assert history.loss[0] == pytest.approx(math.log(11), abs=0.1)
    assert history.loss[-1] < 0.3
    assert history.tokens == 80 * 64 and history.tokens_per_second > 0


def test_the_loss_is_the_callers():
    model = tiny()
    keep = torch.zeros(20, 10, dtype=torch.bool)
    keep[:, 5:] = True

    def answer_loss(model, batch):
        ids, keep_loss = batch
        return next_token_loss(model(ids), ids, keep_loss)

    batches = rows((IDS.view(20, 10), keep), batch=4)
    first = answer_loss(tiny(dropout=0.0), batches(0)).item()
    history, _ = run(None, batches, tiny(dropout=0.0), loss=answer_loss)
    assert history.loss[0] == first and history.tokens == 20 * 40
    assert model.training


def test_the_optimiser_is_the_callers():
    def sgd(model, learning_rate, weight_decay):
        return torch.optim.SGD(model.parameters(), learning_rate, momentum=0.9)

    model = tiny(dropout=0.0)
    before = model.mix.weight.detach().clone()
    ids = IDS[:36].view(4, 9)
    history, _ = run(None, lambda step: ids, model, optimiser=sgd, steps=1, warmup=0,
                     clip=math.inf)
    other = tiny(dropout=0.0)
    language_loss(other, ids).backward()
    wanted = before - 0.02 * other.mix.weight.grad
    assert torch.allclose(model.mix.weight, wanted, atol=1e-7)


def test_a_model_is_trained_with_dropout_and_left_in_its_mode():
    resting = tiny().eval()
    resting.mix.train()
    losses = run(model=resting)[0].loss
    assert losses == run()[0].loss != run(model=tiny(dropout=0.0))[0].loss
    assert not resting.training and resting.mix.training


def test_frozen_weights_do_not_move():
    model = tiny()
    model.tokens.requires_grad_(False)
    before = weights(model)
    run(model=model)
    moved = [not torch.equal(a, b)
             for a, b in zip(before, model.parameters(), strict=True)]
    assert moved == [False, True, True]


def test_evaluation_comes_before_the_first_step_now_and_then_and_at_the_end():
    modes = []

    def evaluate(model):
        modes.append((model.training, torch.is_grad_enabled()))
        return float(len(modes))

    history, model = run(evaluate=evaluate, evaluate_every=8)
    assert history.held_out == {0: 1.0, 8: 2.0, 16: 3.0, 20: 4.0}
    assert set(modes) == {(False, False)} and model.training


@pytest.mark.parametrize("changes, words", [
    ({"warmup": 20}, "warmup must be from 0 to steps - 1: got 20 of 20 steps"),
    ({"steps": 0, "warmup": 0}, "got 0 of 0 steps"),
    ({"clip": 0}, "clip must be greater than 0: got 0"),
    ({"save_every": 0}, "save_every must be greater than 0"),
    ({"evaluate_every": -1}, "evaluate_every must be greater than 0: got -1"),
    ({"model": tiny().requires_grad_(False)}, "all are frozen"),
])
def test_a_training_that_cannot_be_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        run(**changes)


# Divergence

def test_a_loss_that_is_not_a_number_stops_with_the_step_and_the_last_good_state(
    tmp_path,
):
    seen = []

    def loss(model, ids):
        if model.training:
            seen.append(weights(model))
        return language_loss(model, ids) * (math.nan if len(seen) == 14 else 1)

    model = tiny()
    with pytest.raises(FloatingPointError, match="step 13: the loss is nan"):
        run(tmp_path / "run", model=model, loss=loss)
    assert equal(weights(model), seen[12]) and not equal(seen[12], seen[13])
    saved = tiny(seed=1)
    checkpoints.load(tmp_path / "run", saved)
    assert equal(weights(saved), seen[10])


def test_no_state_is_saved_before_its_loss_is_known_to_be_finite(tmp_path):
    count = iter(range(99))

    def loss(model, ids):
        diverges = model.training and next(count) == 10
        return language_loss(model, ids) * (math.inf if diverges else 1)

    with pytest.raises(FloatingPointError, match="step 10: the loss is inf"):
        run(tmp_path / "run", loss=loss)
    history, _ = run(tmp_path / "run")
    assert len(history.loss) == 20
    assert history.loss == run()[0].loss


def test_a_gradient_that_is_not_finite_changes_no_weight():
    seen = []

    def loss(model, ids):
        seen.append(weights(model))
        if len(seen) < 4:
            return language_loss(model, ids)
        return language_loss(model, ids) + (model.mix.bias * 0).abs().sum().sqrt()

    model = tiny()
    with pytest.raises(FloatingPointError, match="step 3: the gradient's .* nan"):
        run(model=model, loss=loss)
    assert equal(weights(model), seen[-1])


# Interruption

EVALUATION = {"evaluate": lambda model: torch.rand(1).item(), "evaluate_every": 5}

SCRIPT = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
from test_training import EVALUATION, IDS, run, windows

real = windows(IDS, batch=4, length=9)

def batches(step):
    if step == 17:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(step)

run(sys.argv[2], batches, **EVALUATION)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no SIGKILL")
def test_a_killed_run_goes_on_to_bitwise_the_same_losses(tmp_path):
    here = str(Path(__file__).parent)
    killed = subprocess.run([sys.executable, "-c", SCRIPT, here, tmp_path / "run"],
                            env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert killed.returncode == -signal.SIGKILL
    steps = []

    def batches(step):
        steps.append(step)
        return windows(IDS, batch=4, length=9)(step)

    whole, wanted = run(**EVALUATION)
    torch.rand(3)
    history, model = run(tmp_path / "run", batches, tiny(seed=5), **EVALUATION)
    assert steps == [0, 15, 16, 17, 18, 19]  # 0 is the one that tells runs apart
    assert history.loss == whole.loss and history.norm == whole.norm
    assert history.held_out == whole.held_out
    assert list(history.held_out) == [0, 5, 10, 15, 20]
    assert history.tokens == whole.tokens
    assert equal(weights(model), weights(wanted))


@pytest.mark.parametrize("step", [0, 4, 5, 6, 19])
@pytest.mark.parametrize("sgd", [False, True])
def test_an_interrupt_at_any_step_loses_nothing_but_time(tmp_path, step, sgd):
    def batches(at):
        if at == step:
            raise KeyboardInterrupt
        return windows(IDS, batch=4, length=9)(at)

    optimiser = {"optimiser": lambda model, lr, decay: torch.optim.SGD(
        model.parameters(), lr, momentum=0.9)} if sgd else {}
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run", batches, **optimiser)
    history, _ = run(tmp_path / "run", **optimiser)
    assert history.loss == run(**optimiser)[0].loss


def test_a_finished_run_is_not_trained_again(tmp_path):
    first, model = run(tmp_path / "run")

    def loss(model, ids):
        assert not model.training
        return language_loss(model, ids)

    again, same = run(tmp_path / "run", model=tiny(seed=3), loss=loss)
    assert again == first and equal(weights(model), weights(same))


@pytest.mark.parametrize("changes, words", [
    ({"steps": 30}, "steps 20 there, 30 here"),
    ({"warmup": 5}, "warmup 4 there, 5 here"),
    ({"clip": 2.0}, "clip 1.0 there, 2.0 here"),
    ({"learning_rate": 0.5}, "groups .*0.02.* there, .*0.5.* here"),
    ({"weight_decay": 0.2}, "'weight_decay': 0.2"),
    ({"optimiser": lambda model, lr, decay: torch.optim.Adam(model.parameters(), lr)},
     "optimiser AdamW there, Adam here"),
])
def test_the_checkpoint_of_another_training_is_refused(tmp_path, changes, words):
    run(tmp_path / "run")
    with pytest.raises(ValueError, match=f"run is of another training: .*{words}"):
        run(tmp_path / "run", **changes)


def other_loss(model, ids):
    return 1.01 * language_loss(model, ids)


class Sharper(Tiny):
    def forward(self, ids):
        return 1.1 * super().forward(ids)


BATCHES = {
    "data": windows(IDS.flip(0), batch=4, length=9),
    "batch": windows(IDS, batch=2, length=9),
    "length": windows(IDS, batch=4, length=8),
    "seed": windows(IDS, batch=4, length=9, seed=1),
    "table": rows(IDS.view(20, 10), batch=4),
}


@pytest.mark.parametrize("steps", [7, 20])  # interrupted, and finished
@pytest.mark.parametrize("changes, words", [
    *[({"batches": batches}, "first batch [0-9a-f]+ there, [0-9a-f]+ here")
      for batches in BATCHES.values()],
    ({"loss": other_loss}, r"loss on the first batch is [0-9.]+ there, [0-9.]+ here"),
    ({"model": Sharper()}, "loss on the first batch is"),
])
def test_other_data_another_loss_or_model_are_another_training(
    tmp_path, steps, changes, words
):
    def batches(step):
        if step == steps:
            raise KeyboardInterrupt
        return windows(IDS, batch=4, length=9)(step)

    try:
        run(tmp_path / "run", batches)
    except KeyboardInterrupt:
        pass
    model = changes.get("model") or tiny(seed=3)
    before, file = weights(model), (tmp_path / "run").read_bytes()
    with pytest.raises(ValueError, match=f"run is of another training: .*{words}"):
        run(tmp_path / "run", **{"model": model} | changes)
    assert equal(weights(model), before) and model.training
    assert (tmp_path / "run").read_bytes() == file


def test_a_batch_may_be_a_dict_or_a_list_and_its_first_tensor_is_counted(tmp_path):
    def batches(step):
        return {"ids": windows(IDS, batch=4, length=9)(step), "more": [torch.ones(3)]}

    def loss(model, batch):
        return language_loss(model, batch["ids"])

    history, _ = run(tmp_path / "run", batches, loss=loss)
    assert history.loss == run()[0].loss and history.tokens == 20 * 36
    with pytest.raises(ValueError, match="first batch"):
        run(tmp_path / "run", lambda step: batches(step) | {"more": torch.zeros(3)},
            loss=loss)


def test_a_model_alone_is_no_training_to_go_on_with(tmp_path):
    checkpoints.save(tmp_path / "model", tiny())
    with pytest.raises(ValueError, match="model, but no training to go on with"):
        run(tmp_path / "model")


# The files

def test_a_model_comes_back_with_its_notes(tmp_path):
    config = GPTConfig(vocab_size=5, context=4, d_model=8, n_layers=1, n_heads=2)
    model = GPT(config)
    checkpoints.save(tmp_path / "gpt", model, {"seed": 3, "command": "make poems"})
    about = checkpoints.describe(tmp_path / "gpt")
    assert about["model"] == "GPT"
    copy = GPT(GPTConfig(**about["config"]))
    notes = checkpoints.load(tmp_path / "gpt", copy)
    assert notes == about["notes"] == {"seed": 3, "command": "make poems"}
    assert copy.config == config and equal(weights(copy), weights(model))


def test_half_precision_halves_the_file_and_rounds_the_weights(tmp_path):
    model = tiny()
    model.mix = nn.Linear(100, 100)
    checkpoints.save(tmp_path / "whole", model)
    checkpoints.save(tmp_path / "half", model, dtype=torch.float16)
    sizes = [(tmp_path / name).stat().st_size for name in ("whole", "half")]
    assert sizes[1] < 0.55 * sizes[0]
    before = weights(model)
    checkpoints.load(tmp_path / "half", model)
    assert model.mix.weight.dtype == torch.float32
    assert equal(weights(model), [weight.half().float() for weight in before])


@pytest.mark.parametrize("dtype", [torch.float16, torch.float8_e5m2])
def test_a_weight_out_of_range_is_refused_on_the_way_out_and_in(tmp_path, dtype):
    model = tiny()
    checkpoints.save(tmp_path / "old", model, dtype=dtype)
    before = (tmp_path / "old").read_bytes()
    with torch.no_grad():
        model.mix.weight[1, 2] = -70_000
    with pytest.raises(ValueError, match="mix.weight must stay in .*got -70000"):
        checkpoints.save(tmp_path / "old", model, dtype=dtype)
    assert (tmp_path / "old").read_bytes() == before
    checkpoints.save(tmp_path / "whole", model)
    other = tiny(seed=1).to(torch.float16)
    kept = weights(other)
    with pytest.raises(ValueError, match="mix.weight must stay in .*float16"):
        checkpoints.load(tmp_path / "whole", other)
    assert equal(weights(other), kept)
    checkpoints.save(tmp_path / "whole", model, dtype=torch.bfloat16)


@pytest.mark.parametrize("wrap", [
    torch.compile, nn.DataParallel, lambda m: nn.DataParallel(torch.compile(m))])
def test_what_is_wrapped_around_a_model_is_no_part_of_its_file(tmp_path, wrap):
    checkpoints.save(tmp_path / "plain", tiny())
    checkpoints.save(tmp_path / "wrapped", wrap(tiny()))
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "wrapped").read_bytes()
    wrapped = wrap(tiny(seed=1))
    checkpoints.load(tmp_path / "plain", wrapped)
    assert equal(weights(wrapped), weights(tiny()))


def test_a_part_that_is_compiled_keeps_its_names(tmp_path):
    model = tiny()
    model.mix = torch.compile(model.mix)
    checkpoints.save(tmp_path / "file", model)
    plain = tiny(seed=1)
    checkpoints.load(tmp_path / "file", plain)
    assert equal(weights(plain), weights(tiny()))


def test_a_link_stays_a_link_and_what_it_leads_to_is_written(tmp_path):
    (tmp_path / "runs").mkdir()
    file, link = tmp_path / "runs" / "1", tmp_path / "latest"
    for old in (None, tiny(seed=1)):  # a link to nothing yet, and to an old file
        file.unlink(missing_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to("runs/1")
        if old:
            checkpoints.save(file, old)
        checkpoints.save(link, tiny())
        assert link.is_symlink() and [f.name for f in file.parent.iterdir()] == ["1"]
        model = tiny(seed=2)
        checkpoints.load(link, model)
        assert equal(weights(model), weights(tiny()))


def test_the_same_model_gives_the_same_file(tmp_path):
    for name in "ab":
        checkpoints.save(tmp_path / name, tiny(), {"x": 1, "y": [2.5]})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_no_other(
    tmp_path, monkeypatch, call
):
    checkpoints.save(tmp_path / "model", tiny())

    def full(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space"):
        checkpoints.save(tmp_path / "model", tiny(seed=1))
    assert [file.name for file in tmp_path.iterdir()] == ["model"]
    model = tiny(seed=2)
    checkpoints.load(tmp_path / "model", model)
    assert equal(weights(model), weights(tiny()))


@pytest.mark.parametrize("training", [False, True])
def test_one_wrong_byte_anywhere_is_noticed(tmp_path, training):
    path, model = tmp_path / "file", tiny(seed=9)
    if training:
        run(path)
    else:
        checkpoints.save(path, tiny(), {"seed": 3})
    data, before = path.read_bytes(), weights(model)
    for place in {*range(0, len(data), len(data) // 150), len(data) - 1}:
        wrong = bytearray(data)
        wrong[place] ^= 4
        path.write_bytes(wrong)
        with pytest.raises(ValueError, match="file (is damaged|is a safetensors file)"):
            checkpoints.load(path, model)
    assert equal(weights(model), before)


def test_no_byte_of_a_small_file_can_be_wrong(tmp_path):
    path = tmp_path / "file"
    checkpoints.save(path, nn.Linear(3, 2), {"seed": 3})
    data = path.read_bytes()
    for place in range(len(data)):
        for flip in (1, 4, 32):
            wrong = bytearray(data)
            wrong[place] ^= flip
            path.write_bytes(wrong)
            with pytest.raises(ValueError, match="file (is damaged|is a safetensors)"):
                checkpoints.describe(path)


@pytest.mark.parametrize("note", ["hello", "7", "[1, 2]", "[1, 2, 3]"])
def test_a_note_that_lmlab_has_not_written_is_damage(tmp_path, note):
    save_file({"weight": torch.zeros(2, 3)}, tmp_path / "f", metadata={"lmlab": note})
    with pytest.raises(ValueError, match="f is damaged: its checksum does not fit"):
        checkpoints.load(tmp_path / "f", nn.Linear(3, 2))


@pytest.mark.parametrize("data", [
    b"", b"short", b"\x80\x04a pickle" * 9, bytes(100),
])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, data):
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(ValueError, match="file is damaged, or not a safetensors file"):
        checkpoints.load(tmp_path / "file", tiny())
    with pytest.raises(ValueError, match="file is damaged"):
        run(tmp_path / "file")


def test_a_file_cut_short_is_damaged(tmp_path):
    run(tmp_path / "run")
    data = (tmp_path / "run").read_bytes()
    for length in (len(data) - 1, len(data) // 2, 8):
        (tmp_path / "run").write_bytes(data[:length])
        with pytest.raises(ValueError, match="damaged"):
            run(tmp_path / "run")


def test_the_safetensors_of_somebody_else_are_refused(tmp_path):
    save_file(dict(tiny(dropout=0.0).mix.named_parameters()), tmp_path / "theirs")
    with pytest.raises(ValueError, match="theirs is a .* not a checkpoint of lmlab"):
        checkpoints.load(tmp_path / "theirs", tiny())


@pytest.mark.parametrize("other, words", [
    (Tiny(TinyConfig(n_heads=2)), "a Tiny of another shape: n_heads 1 there, 2 here"),
    (Tiny(vocab_size=12), r"tokens.weight has shape \(11, 8\) there and \(12, 8\)"),
    (nn.Linear(8, 8), r"another model, Tiny: bias has shape none there and \(8,\)"),
])
def test_another_model_is_refused_and_stays_as_it_was(tmp_path, other, words):
    checkpoints.save(tmp_path / "file", tiny())
    before = weights(other)
    with pytest.raises(ValueError, match=words):
        checkpoints.load(tmp_path / "file", other)
    assert equal(weights(other), before)


# The bar

def test_no_bar_where_nobody_watches(capfd):
    run()
    assert capfd.readouterr() == ("", "")


def test_the_bar_shows_loss_and_speed(capfd):
    run(progress=True)
    shown = capfd.readouterr().err
    assert "20/20" in shown and "loss " in shown and "tokens/s" in shown


def test_a_notebook_has_a_bar_if_someone_has_it_open_and_not_if_it_is_executed():
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell("""
import torch
from lmlab.learning.training import train
ids = torch.zeros(1, 2, dtype=torch.int64)
_ = train(torch.nn.Embedding(3, 3), lambda step: ids, steps=2, learning_rate=0.1)""")
    notebook = nbformat.v4.new_notebook(cells=[cell])
    client = NotebookClient(notebook, kernel_name="python3")
    with client.setup_kernel():
        client.execute_cell(cell, 0)
        assert cell.outputs == []
        client.kc.allow_stdin = True
        client.execute_cell(cell, 0)
        assert "0/2" in str(cell.outputs)
