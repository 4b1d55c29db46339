"""Bring up poets from nothing, and print what each stage taught them.

Each stage is kept in a file, so that a command which was interrupted goes on after the
last; delete the folder to begin again. Figures are measured on the weights as they are
kept, most of them rounded to float16. They depend on the seed and on the kind of
processor.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from lmlab.poem_school import figures
from lmlab.poem_school.build import COMMAND, bring_up, ship


def main(arguments: Sequence[str] | None = None) -> None:
    """Bring up the poets that the command line asks for, each in a process."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2],
                        help="a poet each; several at once (default: 0 1 2)")
    parser.add_argument("--out", type=Path, default=Path("build/poem-school"),
                        help="the folder that keeps every stage (default: %(default)s)")
    parser.add_argument("--ship", action="store_true",
                        help="put the first poet's stages, and the table, into data/")
    options = parser.parse_args(arguments)

    if min(options.seeds) < 0:
        parser.error(f"--seeds must be at least 0: got {min(options.seeds)}")
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out must be a folder that can be written to: {error}")
    options.seeds = list(dict.fromkeys(options.seeds))
    os.environ["TQDM_DISABLE"] = "1"  # several poets at once: a line a stage will do
    folders = [options.out / str(seed) for seed in options.seeds]
    workers = min(len(folders), os.cpu_count() or 1)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, spawn) as pool:
        results = list(pool.map(bring_up, options.seeds, folders))
    table = figures.as_table(options.seeds, [measured for measured, _ in results])
    print(table, "", "Seconds each stage took, one thread a poet:", sep="\n")
    for seed, (_, seconds) in zip(options.seeds, results, strict=True):
        print(f"poet {seed}: {', '.join(f'{k} {v}' for k, v in seconds.items())}")
    if options.ship:
        ship(folders[0], options.seeds, table)


if __name__ == "__main__":
    main()
