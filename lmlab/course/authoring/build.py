"""Make all that is stale, and only that.

A page is written only after its run went well, so a failing cell leaves the stored
notebook as it was. An edit that is nowhere but in a stored notebook is never
overwritten unless that is asked for.
"""

import time
from collections.abc import Callable
from pathlib import Path

from lmlab.course.authoring import derive, minutes, readme
from lmlab.course.authoring.execute import Run, run
from lmlab.course.authoring.fresh import keep_edits, no_source, why_stale
from lmlab.course.authoring.percent import notebook_text, read_notebook, read_text
from lmlab.course.authoring.project import AuthoringError, Page, digest
from lmlab.course.authoring.stored import cells_digest, inputs_now, read, record, store
from lmlab.course.authoring.verify import page_problems
from lmlab.page.paths import write

STEP_MB = 256


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
        began = time.perf_counter()
        try:
            why = "asked for" if force else _why(page, drop_edits)
            if why is None:
                continue
            say(f"{page}.ipynb: {why}")
            build_page(page, drop_edits=drop_edits)
            built += 1
            say(f"    built in {time.perf_counter() - began:.0f} s")
            for what in page_problems(page, read(page)):
                say(f"    but {what}")
                well = False
        except AuthoringError as error:
            say("    " + str(error).replace("\n", "\n    "))
            well = False
    try:
        if readme.update(root):
            say("README.md: its table of lessons, its picture")
    except AuthoringError as error:
        say(str(error))
        well = False
    if well:
        say(f"{built} built, {len(pages) - built} as they were")
    return well


def _why(page: Page, drop_edits: bool) -> str | None:
    try:
        return why_stale(page)
    except AuthoringError as error:
        if drop_edits:
            return str(error).split(";")[0]
        raise


def build_page(page: Page, *, drop_edits: bool = False) -> None:
    """Derive or execute one page, and store it."""
    if not page.source.is_file():
        raise AuthoringError(no_source(page))
    started = time.time()
    source = read_text(page.source)
    nb = derive.unsolved(page) if page.derived else read_notebook(page)
    if not drop_edits:
        keep_edits(page, cells_digest(nb.cells))
    made = derive.exercise(page) if page.derived else run(page, nb, stop_at_error=True)
    decide = f"lmlab/course/authoring/{'derive' if page.derived else 'execute'}.py"
    pairing = page.pairing.relative_to(page.root).as_posix()
    inputs = inputs_now(page, [*made.inputs, "constraints.txt", pairing, decide])
    for name in inputs:
        path = page.root / name
        if path.is_file() and path.stat().st_mtime > started:
            inputs[name] = "changed while the notebook ran"
    measured = {}
    if page.derived:
        write(page.text, notebook_text(made.notebook, page))
    else:
        measured = _measured(page, made)
        counted = minutes.count(page.folder, made.notebook)

        def timed(text: str) -> str:
            return minutes.with_time(page.folder, text, counted, measured["seconds"])

        source, title = timed(source), made.notebook.cells[0]
        title.source = timed(title.source)
        now = read_text(page.text)  # it may have been edited meanwhile
        if timed(now) != now:
            write(page.text, timed(now))
    inputs[page.source.relative_to(page.root).as_posix()] = digest(source)
    store(page, made.notebook, inputs, **measured)


def _measured(page: Page, made: Run) -> dict[str, int]:
    """Return seconds and peak memory; those stored before where the change is noise.

    Both are rounded up, so that another run on another machine stores the same bytes.
    """
    noted = {}
    try:
        noted = record(read(page))
    except (AuthoringError, FileNotFoundError):
        pass  # nothing measured before
    measured = {"seconds": made.seconds, "peak_mb": made.peak_mb}
    for name, value in measured.items():
        before = noted.get(name)
        if before and abs(value - before) <= max(1, 0.3 * before):
            measured[name] = before
    return {
        "seconds": minutes.round_up(measured["seconds"]),
        "peak_mb": -(-measured["peak_mb"] // STEP_MB) * STEP_MB,
    }
