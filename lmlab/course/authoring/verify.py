"""Say what is stale, missing, over budget or marked by a machine; run nothing.

Each problem comes with the command that mends it. `build` asks the same questions of
each page it has stored.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lmlab.course.authoring import readme
from lmlab.course.authoring.percent import TIME, read_text, source_problems
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
    why_stale,
)

SECONDS = {"lessons": 60, "solutions": 40}
PEAK_MB = 1024
NOTEBOOK_KB = 500


@dataclass(frozen=True)
class Problem:
    """What is wrong in `where`, and how to mend it."""

    where: str
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\n    {self.mend}"


def verify(root: Path) -> list[Problem]:
    """Return all that is not as it should be in the project at `root`."""
    found = list(_family_problems(root))
    for page in expected_pages(root):
        found += list(_freshness_problems(page))
        if page.notebook.is_file():
            try:
                found += list(page_problems(page))
            except AuthoringError:
                pass  # unreadable, and said so by _freshness_problems
    wrong = readme.problem(root)
    if wrong:
        found.append(Problem("README.md", wrong, f"{COMMAND} build"))
    return found


def _family_problems(root: Path) -> Iterator[Problem]:
    """A lesson has a solution and an exercise of its name; nobody else has one."""
    names = {folder: {page.name for page in pages(root, folder)} for folder in FOLDERS}
    for name in sorted(names["lessons"] - names["solutions"]):
        mend = f"write solutions/{name}.py"
        yield Problem(f"lessons/{name}", f"no solutions/{name}.py", mend)
    for name in sorted(names["solutions"] - names["lessons"]):
        mend = f"write lessons/{name}.py"
        yield Problem(f"solutions/{name}", f"no lessons/{name}.py", mend)
    for name in sorted(set().union(*names.values())):
        if not NAME.fullmatch(name):
            yield Problem(name, "not a name like 03_forward_pass", "rename it")


def _freshness_problems(page: Page) -> Iterator[Problem]:
    """The pair is whole, its source can be read, and a build would change nothing."""
    if page.derived and not page.source.is_file():
        what = f"orphan: there is no solutions/{page.name}.py"
        yield Problem(str(page), what, f"delete {page}.py and {page}.ipynb")
        return
    if not page.derived and not page.text.is_file():
        mend = f"jupytext --to py:percent {page}.ipynb"
        yield Problem(f"{page}.ipynb", f"its source {page}.py is missing", mend)
        return
    try:
        if not page.derived:
            for line, what in source_problems(read_text(page.text), page.folder):
                yield Problem(f"{page}.py:{line}", what, f"edit {page}.py")
        why = why_stale(page)
    except AuthoringError as error:
        yield Problem(str(page), str(error), f"{COMMAND} build {page}.py")
        return
    if why:
        mend = f"{COMMAND} build {page}.{'ipynb' if page.derived else 'py'}"
        if "by hand" in why:
            mend += "   (says how to keep the edit, and how to drop it)"
        yield Problem(f"{page}.ipynb", f"stale: {why}", mend)


def page_problems(page: Page) -> Iterator[Problem]:
    """Yield what no stored notebook of this folder may hold, or must hold."""
    notebook = read(page.notebook)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    here, mend = f"{page}.ipynb", f"edit {page.folder}/{page.source.name}"
    if page.derived:
        mend = f"edit solutions/{page.name}.py"
    yield from (
        Problem(here, what, mend)
        for what in (
            *_budget_problems(page, notebook),
            *(_unsolved_problems(code) if page.derived else _run_problems(code)),
        )
    )
    for trace in machine_traces(notebook):
        yield Problem(here, f"a trace of the machine: {trace}", mend)


def _budget_problems(page: Page, notebook: dict) -> Iterator[str]:
    noted = record(notebook)
    size = page.notebook.stat().st_size / 1000
    if size > NOTEBOOK_KB:
        yield f"{size:.0f} KB, more than {NOTEBOOK_KB} KB"
    seconds = noted.get("seconds")
    limit = SECONDS.get(page.folder)
    if seconds and limit and seconds > limit:
        yield f"runs {seconds} s, more than {limit} s"
    if noted.get("peak_mb", 0) > PEAK_MB:
        yield f"takes {noted['peak_mb']} MB of memory, more than {PEAK_MB} MB"
    said = TIME.search(joined(notebook["cells"][0]["source"]))
    if page.folder == "lessons" and seconds and said:
        told = int(said[2])
        if seconds > 2 * told + 3 or seconds < told / 3:
            yield f"says {told} seconds to run, and was measured at {seconds}"


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
