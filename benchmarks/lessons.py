"""What a learner waits for: the package, each first cell, and the ten slowest cells.

Every lesson runs from its top in a fresh kernel, one after the other, on one thread. A
first cell is timed from the start of the kernel to its answer, imports included; a slow
cell stands with the heading it belongs to and its first line of code.

    python -m benchmarks.lessons          all lessons: five minutes
    python -m benchmarks.lessons 09 12    these
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # for the kernels, too

import subprocess
import sys
import time
from pathlib import Path

import jupytext
from nbclient import NotebookClient

from benchmarks.__main__ import as_markdown, tell

LESSONS = Path(__file__).parents[1] / "lessons"
FIRST, SLOWEST = 3.0, 10  # seconds that a first cell may take; how many cells to list
IMPORT = ("from time import perf_counter as now\nbegan = now()\nimport lmlab\n"
          "print(now() - began)")


def timed(source: Path) -> tuple[float, list[tuple[float, str, str, str]]]:
    """Return the seconds to the first answer; and seconds, lesson, heading, code."""
    book, cells, heading, first = jupytext.read(source), [], "", None
    here = {"metadata": {"path": LESSONS}}
    client = NotebookClient(book, timeout=300, resources=here)
    started = time.perf_counter()
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for index, cell in enumerate(book.cells):
            lines = cell.source.splitlines()
            if cell.cell_type == "markdown":
                titles = [line.strip("# ") for line in lines if line.startswith("#")]
                heading = titles[-1] if titles else heading
                continue
            began = time.perf_counter()
            client.execute_cell(cell, index)
            now = time.perf_counter()
            first = first or now - started
            code = next(line for line in lines if "import" not in line and line)
            cells.append((now - began, source.stem, heading, code))
    return first, cells


def main(chosen: list[str]) -> None:
    imported = min(float(subprocess.check_output([sys.executable, "-c", IMPORT]))
                   for _ in range(5))
    firsts = [("lesson", "seconds to the first answer", "aim"),
              ("import lmlab", f"{imported:.3f}", "at most 0.1")]
    cells = []
    for source in sorted(LESSONS.glob("[0-9]*.py")):
        if chosen and source.stem[:2] not in chosen:
            continue
        tell(f"{source.stem} ...")
        first, more = timed(source)
        tell(f" {sum(seconds for seconds, *_ in more):.0f} s\n")
        firsts.append((source.stem, f"{first:.1f}", f"at most {FIRST:.0f}"))
        cells += more
    slowest = sorted(cells, reverse=True)[:SLOWEST]
    table = [("seconds", "lesson", "what it teaches", "the cell begins")]
    table += [(f"{seconds:.1f}", *rest) for seconds, *rest in slowest]
    print(as_markdown(firsts), as_markdown(table), sep="\n\n")


if __name__ == "__main__":
    main(sys.argv[1:])
