"""Checkpoints: a model in a file, whole or not at all.

A file is safetensors: plain numbers with names, and nothing in it that runs when it is
opened, as a pickle does. It is first written beside its place and then renamed, so that
a power cut leaves the old one. Lessons 12 to 16 start from such files, and
`lmlab.learning.training` goes on from them.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors import torch as safetensors
from torch import Tensor, nn

from lmlab.learning.batches import tensors
from lmlab.page.paths import write

RUN = "run/"
"""Begins the name of each tensor that is not the model's but the training's."""
COMPILED = "_orig_mod."
"""Stands in the names of weights inside what torch.compile has wrapped."""


def save(
    path: str | Path,
    model: nn.Module,
    notes: Mapping[str, Any] | None = None,
    dtype: torch.dtype | None = None,
) -> None:
    """Write the weights of `model` and its config to `path`, or leave `path` as it was.

    notes: what else should be known, as JSON can say it: the seed, the command.
    dtype: round the weights to it, to torch.float16 say; the model stays as it is.
    Raises ValueError for a weight that is out of its range.

    What torch.compile or DataParallel has wrapped is saved as the model inside. If
    `path` is a link, the file that it leads to is written.
    """
    tensors = {
        name: _rounded(name, weight, dtype or weight.dtype)
        for name, weight in _weights(model).items()
    }
    _write(Path(path), tensors, _about(model) | {"notes": dict(notes or {})})


def load(path: str | Path, model: nn.Module) -> dict[str, Any]:
    """Put the weights in `path` into `model`; return the notes.

    Raises ValueError for a file that is damaged, that `save` has not written, or that
    holds another model or a weight out of the range of this one's numbers; then
    `model` is as it was.
    """
    tensors, about = _read(Path(path))
    _fill(Path(path), model, tensors, about)
    return about["notes"]


def describe(path: str | Path) -> dict[str, Any]:
    """Return what `path` says of itself: "model", a name; "config" and "notes", dicts.

    The config builds the model to load it into: `GPT(GPTConfig(**about["config"]))`.
    """
    _, about = _read(Path(path))
    return {key: about[key] for key in ("model", "config", "notes")}


class Run:
    """A training that can be left and taken up again, to the same bits.

    history: what grows with each step, as `training.History`. settings, first_batch:
    what has to be equal for the training to be the same one. measure: returns the loss
    of the model on the first batch, at rest; a model that comes back has the loss that
    it was saved with.
    """

    def __init__(
        self,
        model: nn.Module,
        optimiser: torch.optim.Optimizer,
        history: Any,
        settings: Mapping[str, Any],
        first_batch: Any,
        measure: Callable[[], float],
    ):
        self.model, self.optimiser, self.history = model, optimiser, history
        self.measure = measure
        groups = [
            {key: value for key, value in group.items() if key != "params"}
            for group in optimiser.param_groups
        ]
        parts = {str(i): part for i, part in enumerate(tensors(first_batch))}
        self.settings = _as_json({
            **settings, "optimiser": type(optimiser).__name__, "groups": groups,
            "first batch": _digest(parts, "")[:12]})

    def save(self, path: str | Path, step: int, random: Tensor) -> None:
        """Write all that step number `step` needs, which has not been taken yet.

        random: the state of torch's generator before that step (dropout draws from it).
        """
        held = _weights(self.model) | {f"{RUN}random": random}
        for i, state in self.optimiser.state_dict()["state"].items():
            for name, value in state.items():
                if isinstance(value, Tensor):
                    held[f"{RUN}optimiser/{i}/{name}"] = value
        about = {"step": step, "settings": self.settings, "notes": {}}
        about["loss"] = self.measure()
        about["history"] = asdict(self.history)
        about["history"]["held_out"] = list(self.history.held_out.items())
        _write(Path(path), held, _about(self.model) | about)

    def resume(self, path: str | Path) -> int:
        """Set model, optimiser, history and torch's generator; return the next step.

        Raises ValueError as `load` does, and for a file of another run.
        """
        path = Path(path)
        held, about = _read(path)
        if "step" not in about:
            raise ValueError(f"{path} holds a model, but no training to go on with")
        there, here = about["settings"], self.settings
        differ = [
            f"{key} {there.get(key)} there, {here.get(key)} here"
            for key in sorted(there.keys() | here.keys())
            if there.get(key) != here.get(key)
        ]
        if differ:
            raise _another(path, "; ".join(differ))
        before = {name: w.clone() for name, w in _weights(self.model).items()}
        _fill(path, self.model, held, about)
        there, here = about["loss"], self.measure()
        if not math.isclose(there, here, rel_tol=1e-3, abs_tol=1e-6):
            _copy(before, self.model)
            raise _another(path, f"its loss on the first batch is {there:.6g} there, "
                                 f"{here:.6g} here")
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in held.items():
            if name.startswith(f"{RUN}optimiser/"):
                _, _, i, key = name.split("/")
                state.setdefault(int(i), {})[key] = value
        self.optimiser.load_state_dict(self.optimiser.state_dict() | {"state": state})
        torch.set_rng_state(held[f"{RUN}random"])
        vars(self.history).update(about["history"])
        self.history.held_out = dict(about["history"]["held_out"])
        return about["step"]


def _another(path: Path, what: str) -> ValueError:
    return ValueError(f"{path} is of another training: {what}. "
                      "Choose another file, or delete this one")


def _weights(model: nn.Module) -> dict[str, Tensor]:
    """Return what the model remembers; a weight with two names has the first."""
    model = _inside(model)
    names = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    again = names - {name for name, _ in model.named_parameters()}
    state = model.state_dict()
    return {name.replace(COMPILED, ""): state[name] for name in state
            if name not in again}


def _inside(model: nn.Module) -> nn.Module:
    """Return the model that torch.compile and DataParallel have wrapped, if they have.
    """
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return _inside(model.module)
    inside = getattr(model, COMPILED[:-1], None)
    return model if inside is None else _inside(inside)


def _rounded(name: str, weight: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the weight in `dtype`, whole numbers as they are."""
    if not weight.is_floating_point() or dtype == weight.dtype:
        return weight
    rounded = weight.to(dtype)
    lost = rounded.isinf() & weight.isfinite()
    if lost.any():
        raise ValueError(f"{name} must stay in the range of {dtype}: "
                         f"got {weight[lost][0].item():g}")
    return rounded


def _about(model: nn.Module) -> dict[str, Any]:
    model = _inside(model)
    config = getattr(model, "config", None)
    return {
        "model": type(model).__name__,
        "config": asdict(config) if is_dataclass(config) else {},
    }


def _fill(
    path: Path, model: nn.Module, tensors: dict[str, Tensor], about: dict[str, Any]
) -> None:
    """Copy the tensors into the model, if it is the model they were taken from."""
    there, here = about["config"], _as_json(_about(model)["config"])
    differ = [key for key in there if key in here and there[key] != here[key]]
    if differ:
        raise ValueError(
            f"{path} holds a {about['model']} of another shape: "
            + "; ".join(f"{k} {there[k]} there, {here[k]} here" for k in differ)
        )
    mine = _weights(model)
    shapes = {name: tuple(weight.shape) for name, weight in mine.items()}
    theirs = {
        name: tuple(weight.shape)
        for name, weight in tensors.items()
        if not name.startswith(RUN)
    }
    differ = dict(shapes.items() ^ theirs.items())
    if differ:
        name = min(differ)
        raise ValueError(
            f"{path} holds another model, {about['model']}: {name} has shape "
            f"{theirs.get(name, 'none')} there and {shapes.get(name, 'none')} here"
        )
    _copy({name: _rounded(name, tensors[name], weight.dtype)
           for name, weight in mine.items()}, model)


def _copy(tensors: Mapping[str, Tensor], model: nn.Module) -> None:
    with torch.no_grad():
        for name, weight in _weights(model).items():
            weight.copy_(tensors[name])


def _write(path: Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    text = json.dumps(about, sort_keys=True)
    metadata = {"lmlab": json.dumps([_digest(tensors, text), text])}
    # the file itself, where path is a link to it
    write(path.resolve(), safetensors.save(tensors, metadata))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    data = path.read_bytes()
    try:
        tensors = safetensors.load(data)
    except SafetensorError as error:
        raise ValueError(
            f"{path} is damaged, or not a safetensors file: {error}"
        ) from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    metadata = header.get("__metadata__", {})
    if "lmlab" not in metadata:
        raise ValueError(f"{path} is a safetensors file, but not a checkpoint of lmlab")
    try:
        digest, text = json.loads(metadata["lmlab"])
        whole = digest == _digest(tensors, text)
    except (ValueError, TypeError, AttributeError):
        whole = False
    if not whole:
        raise ValueError(f"{path} is damaged: its checksum does not fit what it holds")
    return tensors, json.loads(text)


def _digest(tensors: dict[str, Tensor], text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name].cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _as_json(value: Any) -> Any:
    """Return `value` as it comes back from a file: tuples are lists."""
    return json.loads(json.dumps(value))
