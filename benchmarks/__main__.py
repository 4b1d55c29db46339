"""Print how fast LM Lab is beside the tools that a reader would use instead.

    python -m benchmarks

One table, and below it what limits a row that misses its aim. Both sides of a row run
in turns, in one process, on one thread, and are checked to do the same work. The ratio
is what travels between machines. Nothing fails if an aim is missed: another machine may
have another answer.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch are imported

import platform
import sys
import time
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PARTS = ("tokenizers", "training", "learning", "sampling", "autograd")
RIVALS = ("numpy", "torch", "transformers", "tokenizers", "autograd")
HEADER = ("", "LM Lab", "rival", "LM Lab is", "aim")


def main() -> None:
    print(f"{machine()}, Python {platform.python_version()}, 1 thread")
    print(", ".join(f"{name} {number(name)}" for name in RIVALS), end="\n\n")
    table, legend = [HEADER], []
    for part in PARTS:
        started = time.perf_counter()
        tell(f"{part} ...")
        module = import_module(f"benchmarks.{part}")
        table += module.rows()
        legend += [f"- {part}: {about}" for about in told(module.__doc__)]
        tell(f" {time.perf_counter() - started:.0f} s\n")
    print(as_markdown(table), *legend, sep="\n")


def told(docstring: str) -> list[str]:
    """Return what a part measures, its first line, and what it says of its limits."""
    first, *more = (" ".join(part.split()) for part in docstring.split("\n\n"))
    return [first, *(part for part in more if part.startswith("Limit: "))]


def machine() -> str:
    """Return the processor's name, and how many there are."""
    name = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        lines = cpus.read_text().splitlines()
        models = [line.split(":")[1] for line in lines if line.startswith("model name")]
        name = models[0].strip() if models else name
    return f"{name} x {os.cpu_count()}, {platform.system()}"


def number(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def tell(what: str) -> None:
    print(what, end="", file=sys.stderr, flush=True)


def as_markdown(rows: list[tuple[str, ...]]) -> str:
    """Return rows of text, the first of which is the header, as a Markdown table."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows = [rows[0], tuple("-" * width for width in widths), *rows[1:]]
    return "\n".join(
        "| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows
    )


if __name__ == "__main__":
    main()
