"""Bring up a poet from nothing, stage by stage, and put it into data/.

`python -m lmlab.poem_school` (`make poems`) does so for a few seeds at once; lessons 12
to 17 start from the first poet.
"""

from __future__ import annotations

import copy
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import nn

from lmlab.feedback.reward import RewardModel
from lmlab.learning import checkpoints, lora
from lmlab.page import datasets
from lmlab.page.paths import course_root, write
from lmlab.poem_school import figures, judges, measure, stages
from lmlab.poem_school.shipped import POETS
from lmlab.poem_school.text import REQUESTS

COMMAND = "python -m lmlab.poem_school"

PAGE = """# The poem school: poets that lessons start from

Made by `{command}`
(`make poems`) with torch {torch} on one thread, and not to be edited. The files are
poet {seed} after each stage but the last, the flatterer's; weights in float16, the
adapter of LoRA in float32.

| file | SHA-256 |
| --- | --- |
{files}

## What each poet can do
Measured on 627 quatrains that no poet has read and on eight themes on which no setting
was chosen, with the weights as they are in the files: 800 poems for each line, 200 for
the base's themes, 1,500 pairs for the ranker. Two figures of one poet differ by chance
by two or three points. Another kind of processor rounds otherwise and brings up other
poets.

The poets write at temperature 0.8 where nothing else is said. "rl" and "flatterer" have
it inside: what they write at 1 is meant. "Both" is in tone and rhyming; a "repeat" is a
character that stood earlier in the poem. What each line counts is in
`lmlab/poem_school/measure.py`, and the teacher's grade in `judges.py` beside it.

The ranker first told, 19,200 times, under which of two requests a poem had been shown.
Then it learned from 3,000 comparisons of a teacher who errs about one time in six.

"rl" was rewarded by rules that a program checks, "flatterer" by the ranker, and with no
leash: it says characters of the theme over and over, which the ranker likes and the
teacher does not.

{table}
"""


def bring_up(seed: int, folder: Path) -> tuple[figures.Figures, dict[str, int]]:
    """Build every stage of a poet in `folder`; return its figures, and seconds."""
    torch.set_num_threads(1)
    folder.mkdir(parents=True, exist_ok=True)
    clock = folder / "seconds.json"
    seconds = json.loads(clock.read_text()) if clock.exists() else {}

    def keep(file: Path, model: nn.Module) -> None:
        notes = {"command": COMMAND, "seed": seed}
        checkpoints.save(file, model, notes, torch.float16)

    def stage(
        name: str,
        model: nn.Module,
        teach: Callable[[], nn.Module],
        keep: Callable[[Path, nn.Module], None] = keep,
        load: Callable[[Path, nn.Module], object] = checkpoints.load,
    ) -> nn.Module:
        """Return `model` with the weights that `teach` ends with, as they are kept."""
        file = folder / f"poet-{name}.safetensors"
        if name not in seconds or not file.exists():
            began = time.perf_counter()
            keep(file, teach())
            seconds[name] = round(time.perf_counter() - began)
            write(clock, json.dumps(seconds))
            said = f"poet {seed}: {name}, {seconds[name]} s"
            print(said, file=sys.stderr, flush=True)
        load(file, model)
        return model

    def poet() -> nn.Module:
        return stages.newborn(seed)

    def rank() -> nn.Module:
        written = measure.answers(sft, REQUESTS, 700, seed=seed)
        obvious = judges.obvious(REQUESTS, 19_200, seed)
        asked = judges.comparisons(written, REQUESTS, 3_000, seed)
        return stages.rank(base, obvious, asked, seed)[0]

    base = stage("base", poet(), lambda: stages.read(seed)[0])
    sft = stage("sft", poet(), lambda: stages.instruct(base, seed)[0])
    light = stage("lora", copy.deepcopy(base),
                  lambda: stages.instruct(base, seed, rank=16, learning_rate=1e-2)[0],
                  lora.save_adapter, lora.load_adapter)
    ranker = stage("ranker", RewardModel(poet(), pool="mean"), rank)
    rl = stage("rl", poet(), lambda: stages.please(sft, judges.by_rules, seed)[0])
    flatterer = stage("flatterer", poet(), lambda: stages.please(
        sft, judges.by_ranker(ranker), seed, steps=15, learning_rate=1e-3, beta=0)[0])

    before = stages.sharper(sft)
    parts = {
        "base": figures.of_base(base),
        "sft": figures.of_poet(before, before, ranker, seed),
        "lora": figures.of_light(light),
        "ranker": figures.of_ranker(ranker, sft, seed),
        "rl": figures.of_poet(rl, before, ranker, seed),
        "flatterer": figures.of_poet(flatterer, before, ranker, seed),
    }
    return {f"{name}: {what}": number for name, part in parts.items()
            for what, number in part.items()}, seconds


def ship(folder: Path, seeds: Sequence[int], table: str) -> None:
    """Put the stages in `folder` into data/, with their checksums and the table."""
    data = course_root() / "data"
    names = [f"poet-{name}.safetensors" for name in (*POETS, "ranker")]
    for name in names:
        shutil.copy(folder / name, data / name)
    sums = datasets.record(*names)
    files = "\n".join(f"| `{name}` | `{sums[name]}` |" for name in names)
    write(data / "poem-school.md", PAGE.format(
        command=f"{COMMAND} --seeds {' '.join(map(str, seeds))} --ship",
        seed=seeds[0], torch=torch.__version__.split("+")[0], files=files, table=table))
