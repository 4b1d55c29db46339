"""Measure once what a lesson has no time for, and keep it in data/measured.

    python -m benchmarks.measured [--check] [NN_name ...]

A module beside this one, `NN_name.py`, belongs to the lesson of that name. It has
`ROWS`, a list of settings (with their seeds), and `measure(**row)`, which returns the
numbers found, each rounded to the digits that repeat. Every run is one thread.

--check: repeat the first row of each, and say where it differs from what is kept.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import argparse
import csv
import io
import sys
import time
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import torch

from lmlab.page.paths import write

HERE = Path(__file__).parent
KEPT = HERE.parent.parent / "data" / "measured"
NAMES = sorted(file.stem for file in HERE.glob("[0-9]*.py"))
TOLERANCE = 0.02  # another processor sums in another order, and training carries it on


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.measured")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(NAMES) or 'none yet'}")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"no table {', '.join(sorted(unknown))}: choose from {NAMES}")
    work = check if options.check else keep
    return sum([not work(name) for name in options.names or NAMES])


def run(name: str, rows: list[dict]) -> list[dict]:
    """Return `rows`, each with what was measured."""
    measure, table = import_module(f"benchmarks.measured.{name}").measure, []
    for i, row in enumerate(rows, 1):
        torch.set_default_dtype(torch.float32)  # whatever the row before asked for
        started = time.perf_counter()
        settings = " ".join(f"{key}={value}" for key, value in row.items())
        print(f"{name} {i}/{len(rows)}: {settings}", end=" ", file=sys.stderr, flush=1)
        table.append(row | measure(**row))
        print(f" {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return table


def keep(name: str) -> bool:
    """Measure all rows and write the table, whole or not at all."""
    table = run(name, import_module(f"benchmarks.measured.{name}").ROWS)
    with_versions = ", ".join(f"{of} {version(of)}" for of in ("numpy", "torch"))
    text = io.StringIO()
    print(f"# python -m benchmarks.measured {name} ({with_versions})", file=text)
    writer = csv.DictWriter(text, table[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    KEPT.mkdir(exist_ok=True)
    write(KEPT / f"{name}.csv", text.getvalue())
    return True


def check(name: str) -> bool:
    """Repeat the first row; return whether it is as kept, within TOLERANCE."""
    from lmlab.page.datasets import measured

    (again,) = run(name, import_module(f"benchmarks.measured.{name}").ROWS[:1])
    kept = measured(name)[0]
    wrong = [key for key in again if not alike(kept.get(key), again[key])]
    for key in wrong:
        print(f"data/measured/{name}.csv: {key} is {kept.get(key)}, now {again[key]}")
    return not wrong


def alike(kept: float | str | None, again: float | str) -> bool:
    """Return whether two values of a table are equal, numbers within TOLERANCE."""
    if isinstance(kept, str) or isinstance(again, str) or kept is None:
        return kept == again
    return abs(kept - again) <= TOLERANCE * max(abs(kept), abs(again))


if __name__ == "__main__":
    sys.exit(main())
