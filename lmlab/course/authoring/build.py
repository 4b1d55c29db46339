"""Make all that is stale, and only that.

A page is written only after its run went well, so a failing cell leaves the stored
notebook as it was. An edit that is nowhere but in a stored notebook is never
overwritten unless that is asked for.
"""

import time
from collections.abc import Callable
from pathlib import Path

from lmlab.course.authoring import derive, readme
from lmlab.course.authoring.execute import Run, run
from lmlab.course.authoring.percent import (
    notebook_text,
    parse,
    read_notebook,
    read_text,
)
from lmlab.course.authoring.project import COMMAND, AuthoringError, Page, digest
from lmlab.course.authoring.stored import (
    cells_digest,
    edited,
    inputs_now,
    read,
    record,
    store,
    why_stale,
)
from lmlab.course.authoring.verify import page_problems
from lmlab.page.paths import write


def build(
    root: Path,
    pages: list[Page],
    *,
    force: bool = False,
    drop_edits: bool = False,
    say: Callable[[str], None] = print,
) -> bool:
    """Build the stale ones of `pages`; return whether all went well.

    force: build them even if they are not stale.
    drop_edits: overwrite edits that stand only in a stored notebook.
    """
    built, well = 0, True
    for page in pages:
        try:
            why = "asked for" if force else why_stale(page)
            if why is None:
                continue
            say(f"{page}.ipynb: {why}")
            began = time.perf_counter()
            build_page(page, drop_edits=drop_edits)
            built += 1
            say(f"    built in {time.perf_counter() - began:.0f} s")
            for problem in page_problems(page):
                say(f"    but {problem.what}")
                well = False
        except AuthoringError as error:
            say("    " + str(error).replace("\n", "\n    "))
            well = False
    if readme.update(root):
        say("README.md: its table of lessons, its picture")
    if well:
        say(f"{built} built, {len(pages) - built} as they were")
    return well


def build_page(page: Page, *, drop_edits: bool = False) -> None:
    """Derive or execute one page, and store it."""
    if not page.source.is_file():
        raise AuthoringError(no_source(page))
    started = time.time()
    source = read_text(page.source)
    nb = derive.unsolved(page) if page.derived else read_notebook(page)
    if not drop_edits:
        _keep_edits(page, cells_digest(nb.cells))
    made = derive.exercise(page) if page.derived else run(page, nb, stop_at_error=True)
    inputs = inputs_now(page, [*made.inputs, "constraints.txt"])
    for name in inputs:
        path = page.root / name
        if path.is_file() and path.stat().st_mtime > started:
            inputs[name] = "changed while the notebook ran"
    inputs[page.source.relative_to(page.root).as_posix()] = digest(source)
    if page.derived:
        text = notebook_text(made.notebook, page.root)
        write(page.text, text)
        store(page, made.notebook, inputs, text=digest(text))
    else:
        store(page, made.notebook, inputs, **_measured(page, made))


def no_source(page: Page) -> str:
    """Say what to do about a page whose source is missing."""
    if page.derived:
        return (
            f"{page} has no solutions/{page.name}.py: write it, or delete the exercise"
        )
    return (
        f"{page}.ipynb has no {page}.py: make it with "
        f"`jupytext --to py:percent {page}.ipynb`, or delete the notebook"
    )


def _keep_edits(page: Page, source_cells: str) -> None:
    """Refuse to overwrite what stands only in the stored files."""
    drop = f"to drop it:  {COMMAND} build --drop-edits {page}.ipynb"
    if page.derived:
        noted = {}
        if page.notebook.is_file():
            noted = record(read(page.notebook))
        by_hand = (
            page.text.is_file()
            and digest(read_text(page.text)) != noted.get("text")
            and cells_digest(parse(page).cells) != source_cells
        )
        if by_hand or edited(page, source_cells):
            raise AuthoringError(
                f"{page} was edited by hand; it comes from solutions/{page.name}.py"
                f"\nto keep the edit: write it into solutions/{page.name}.py, "
                f"then drop it here\n{drop}"
            )
    elif edited(page, source_cells):
        raise AuthoringError(
            f"{page}.ipynb holds an edit that {page}.py does not"
            f"\nto keep it:  jupytext --to py:percent {page}.ipynb"
            f"   (replaces {page}.py)\n{drop}"
        )


def _measured(page: Page, made: Run) -> dict[str, int]:
    """Return seconds and peak memory; those stored before where the change is noise."""
    noted = {}
    if page.notebook.is_file():
        noted = record(read(page.notebook))
    measured = {"seconds": made.seconds, "peak_mb": made.peak_mb}
    for name, value in measured.items():
        before = noted.get(name)
        if before and abs(value - before) <= max(1, 0.3 * before):
            measured[name] = before
    return measured
