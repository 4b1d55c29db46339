"""Say what is stale, missing, over budget or marked by a machine; run nothing.

Each problem is one line that names the file and what mends it. `build` asks the same
questions of each page it has stored.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from lmlab.course.authoring import minutes, readme
from lmlab.course.authoring.fresh import no_source, why_stale
from lmlab.course.authoring.percent import read_text, source_problems
from lmlab.course.authoring.project import (
    COMMAND,
    FOLDERS,
    NAME,
    AuthoringError,
    Page,
    expected_pages,
    pages,
)
from lmlab.course.authoring.stored import (
    first_line,
    joined,
    machine_traces,
    read,
    record,
    tags,
)

SECONDS = {"lessons": 60, "solutions": 40}
MINUTES, MINUTES_OF = 35, {"00": 20, "10": 45, "11": 45, "12": 45}  # by number
PEAK_MB = 1024
NOTEBOOK_KB = 500


def verify(root: Path) -> list[str]:
    """Return all that is not as it should be in the project at `root`, a line each."""
    found = [*_family_problems(root)]
    for page in expected_pages(root):
        found += _problems_of(page)
    try:
        readme.check(root)
    except AuthoringError as error:
        found.append(str(error))
    return list(dict.fromkeys(found))


def _family_problems(root: Path) -> Iterator[str]:
    """A lesson has a solution and an exercise of its name; nobody else has one."""
    names = {folder: {page.name for page in pages(root, folder)} for folder in FOLDERS}
    for name in sorted(names["lessons"] - names["solutions"]):
        yield f"lessons/{name}: no solutions/{name}.py; write it"
    for name in sorted(names["solutions"] - names["lessons"]):
        yield f"solutions/{name}: no lessons/{name}.py; write it"
    for folder in FOLDERS:
        for name in sorted(names[folder]):
            if not NAME.fullmatch(name):
                yield f"{folder}/{name}: not a name like 03_forward_pass; rename it"


def _problems_of(page: Page) -> Iterator[str]:
    """Ask all questions about a page; what cannot be read stops only its own."""
    if not page.source.is_file():
        yield no_source(page)
        return
    try:
        if not page.derived:
            for line, what in source_problems(read_text(page.text), page.folder):
                yield f"{page}.py:{line}: {what}; edit {page}.py"
        why = why_stale(page)
        if why:
            mend = f"{COMMAND} build {page}.{'ipynb' if page.derived else 'py'}"
            if "by hand" in why:
                mend += " (says how to keep the edit, and how to drop it)"
            yield f"{page}.ipynb: stale: {why}; {mend}"
    except AuthoringError as error:
        yield from str(error).split("\n")
    if page.notebook.is_file():
        try:
            source = f"{page.source.parent.name}/{page.source.name}"
            for what in page_problems(page, read(page)):
                yield f"{page}.ipynb: {what}; edit {source}"
        except AuthoringError as error:
            yield str(error)


def page_problems(page: Page, notebook: dict) -> Iterator[str]:
    """Yield what no stored notebook of this folder may hold, or must hold."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    yield from _budget_problems(page, notebook)
    yield from _unsolved_problems(code) if page.derived else _run_problems(code)
    for trace in machine_traces(notebook):
        yield f"a trace of the machine: {trace}"


def _budget_problems(page: Page, notebook: dict) -> Iterator[str]:
    noted = record(notebook)
    size = page.notebook.stat().st_size / 1000
    if size > NOTEBOOK_KB:
        yield f"{size:.0f} KB, more than {NOTEBOOK_KB} KB"
    seconds, limit = noted.get("seconds", 0), SECONDS.get(page.folder)
    if limit and seconds > limit:
        yield f"runs {seconds} s, more than {limit} s"
    if noted.get("peak_mb", 0) > PEAK_MB:
        yield f"takes {noted['peak_mb']} MB of memory, more than {PEAK_MB} MB"
    if page.folder == "lessons":
        counted = minutes.count(page.folder, notebook)
        limit = MINUTES_OF.get(page.name[:2], MINUTES)
        if counted > limit:
            yield f"{counted} minutes to read, more than {limit}"


def _run_problems(code: list[dict]) -> Iterator[str]:
    for cell in code:
        first = first_line(cell)
        outputs = cell["outputs"]
        if cell["execution_count"] is None:
            yield f"the cell `{first}` has not run"
        errors = [o for o in outputs if o["output_type"] == "error"]
        if errors and "raises-exception" not in tags(cell):
            yield f"the cell `{first}` stored an error: {errors[0]['ename']}"
        if not errors and "raises-exception" in tags(cell):
            yield f"the cell `{first}` is tagged raises-exception and does not raise"
        if any(o.get("name") == "stderr" for o in outputs):
            yield f"the cell `{first}` writes on standard error"
        shown = [joined(o.get("data", {}).get("text/plain", "")) for o in outputs]
        if any(text.startswith("<Figure") for text in shown):
            yield f"the cell `{first}` draws before lmlab.page.plots was imported"


def _unsolved_problems(code: list[dict]) -> Iterator[str]:
    for cell in code:
        source, first = joined(cell["source"]), first_line(cell)
        if cell["execution_count"] is not None or cell["outputs"]:
            yield f"the cell `{first}` was run; exercises ship without outputs"
        if re.search(r"(BEGIN|END) SOLUTION", source):
            yield f"the cell `{first}` holds the mark of a solution"
        if "task" in tags(cell) and "raise NotImplementedError" not in source:
            yield f"the stub `{first}` does not raise NotImplementedError"
        if "check" in tags(cell) and "raises-exception" not in tags(cell):
            yield f"the check `{first}` does not raise while nothing is solved"
