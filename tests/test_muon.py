"""What lmlab.learning.muon promises."""

import copy

import pytest
import torch
from torch import nn

from lmlab.learning.batches import rows
from lmlab.learning.muon import Muon, muon, orthogonalise
from lmlab.learning.training import train
from lmlab.models.gpt import GPT, GPTConfig


def matrix(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def tiny():
    torch.manual_seed(0)
    return GPT(GPTConfig(vocab_size=11, context=8, d_model=8, n_layers=2, n_heads=2))


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (9, 4), (1, 5)])
def test_every_direction_comes_out_about_equally_long(shape):
    singular = torch.linalg.svdvals(orthogonalise(matrix(*shape), steps=10))
    assert singular.min() > 0.6 and singular.max() < 1.3


def test_the_directions_stay_what_they_were():
    m = matrix(5, 7)
    u, _, vt = torch.linalg.svd(m, full_matrices=False)
    inner = u.T @ orthogonalise(m, steps=10) @ vt.T
    assert (inner - inner.diag().diag()).abs().max() < 1e-4
    assert (inner.diag() > 0).all()


def test_the_size_of_the_gradient_does_not_matter():
    m = matrix(4, 6)
    assert torch.allclose(orthogonalise(m), orthogonalise(1000 * m), atol=1e-5)


@pytest.mark.parametrize("shape", [(4, 6), (6, 4)])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_gradient_of_16_bits_is_turned_in_32(dtype, shape):
    m = (2e4 * matrix(*shape)).to(dtype)
    turned = orthogonalise(m)
    assert turned.dtype == dtype
    assert torch.allclose(turned.float(), orthogonalise(m.float()), atol=0.01)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4)])
def test_only_a_matrix_has_directions(shape):
    with pytest.raises(ValueError, match=r"matrix must have shape \(rows, columns\)"):
        orthogonalise(matrix(*shape))


def test_it_steps_as_torchs_muon_does_in_16_bits():
    ours, theirs = (nn.Parameter(matrix(8, 12, seed=1)) for _ in range(2))
    mine = Muon([{"params": [ours], "muon": True}], 0.02, weight_decay=0.1, fused=True)
    torchs = torch.optim.Muon(
        [theirs], lr=0.02, weight_decay=0.1, momentum=0.95, nesterov=True,
        adjust_lr_fn="match_rms_adamw",
    )
    for step in range(5):
        ours.grad = matrix(8, 12, seed=2 + step)
        theirs.grad = ours.grad.clone()
        mine.step()
        torchs.step()
    moved = (theirs - matrix(8, 12, seed=1)).norm()
    assert (ours - theirs).norm() < 0.02 * moved


def test_what_is_no_matrix_inside_a_block_is_left_to_adamw():
    model, reference = tiny(), tiny()
    optimiser = muon(model, 0.01, 0.1)
    marked = {id(w) for group in optimiser.param_groups if group["muon"]
              for w in group["params"]}
    names = {name for name, w in model.named_parameters() if id(w) in marked}
    assert names == {name for name, w in model.named_parameters()
                     if name.startswith("blocks") and w.ndim == 2}
    tables = [w for w in (reference.tokens.weight, reference.places.weight)]
    adamw = torch.optim.AdamW(tables, 0.01, betas=(0.9, 0.95), weight_decay=0.1)
    ids = torch.arange(8).view(1, 8)
    for net, stepper in ((model, optimiser), (reference, adamw)):
        net(ids).square().sum().backward()
        stepper.step()
    assert torch.allclose(model.tokens.weight, reference.tokens.weight, atol=1e-7)
    assert torch.allclose(model.places.weight, reference.places.weight, atol=1e-7)


def test_a_group_without_a_mark_is_adamws():
    ours, theirs = (nn.Parameter(matrix(4, 6)) for _ in range(2))
    for weight, kind in ((ours, Muon), (theirs, torch.optim.AdamW)):
        weight.grad = matrix(4, 6, seed=1)
        kind([weight], lr=0.02).step()
    assert ours.equal(theirs)


def test_frozen_weights_stay():
    model = tiny()
    model.blocks[0].requires_grad_(False)
    before = copy.deepcopy(model.blocks[0].state_dict())
    batches = rows(torch.arange(8).view(1, 8), 1)
    train(model, batches, steps=2, learning_rate=0.1, optimiser=muon)
    for name, weight in model.blocks[0].state_dict().items():
        assert torch.equal(weight, before[name])


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path):
    data = torch.randint(11, (32, 8), generator=torch.Generator().manual_seed(3))
    settings = dict(steps=6, learning_rate=0.01, optimiser=muon)
    straight = tiny()
    train(straight, rows(data, 4), **settings)

    class Stop(Exception):
        pass

    def stops(step):
        if step == 4:
            raise Stop
        return rows(data, 4)(step)

    broken, path = tiny(), tmp_path / "run"
    with pytest.raises(Stop):
        train(broken, stops, checkpoint=path, save_every=2, **settings)
    taken_up = tiny()
    train(taken_up, rows(data, 4), checkpoint=path, save_every=2, **settings)
    for a, b in zip(straight.parameters(), taken_up.parameters(), strict=True):
        assert torch.equal(a, b)
