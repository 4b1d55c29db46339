"""Whether a stored page is what a build would make of its source today.

The cells are compared as they stand, not only by the digests that the last build noted:
whoever edits a notebook can edit those too.
"""

from itertools import zip_longest

from lmlab.course.authoring import derive, minutes
from lmlab.course.authoring.percent import notebook_text, parse, read_text
from lmlab.course.authoring.project import COMMAND, AuthoringError, Page
from lmlab.course.authoring.stored import (
    cell_digests,
    cells_digest,
    content_digest,
    first_line,
    inputs_now,
    read,
    record,
)


def why_stale(page: Page) -> str | None:
    """Return why the stored page is not what a build would make; None if it is."""
    if not page.notebook.is_file():
        return "not there"
    if not page.text.is_file():
        return f"{page}.py is missing"
    notebook = read(page)
    noted = record(notebook)
    if not noted:
        return "not built from its source yet"
    today = inputs_now(page, list(noted["inputs"]))
    changed = [name for name in today if today[name] != noted["inputs"][name]]
    if changed:
        return ", ".join(changed[:3]) + (" ..." if changed[3:] else "") + " changed"
    made = derive.unsolved(page) if page.derived else parse(page)
    for cell, now, due in zip_longest(
        notebook["cells"], cell_digests(notebook["cells"]), cell_digests(made.cells)
    ):
        if now != due:
            where = f"from `{first_line(cell)}` on" if cell else "at the end"
            source = f"{page.source.parent.name}/{page.source.name}"
            return f"{where} its cells are not those of {source}: edited by hand"
    if page.derived and read_text(page.text) != notebook_text(notebook, page):
        return f"{page}.py was edited by hand"
    if content_digest(notebook) != noted["content"]:
        return "an output or the metadata were changed outside the build"
    if not page.derived:
        counted = minutes.count(page.folder, notebook)
        said = minutes.said(page.folder, read_text(page.text))
        if counted != said:
            return f"says {said} minutes, and {counted} are counted"
    return None


def no_source(page: Page) -> str:
    """Say what to do about a page whose source is missing."""
    if page.derived:
        return (
            f"{page}: orphan: there is no solutions/{page.name}.py; write it, or move "
            "the exercise out of this folder"
        )
    return (
        f"{page}.ipynb: its source {page}.py is missing; make it with "
        f"`jupytext --to py:percent {page}.ipynb`, or move the notebook out of this "
        "folder"
    )


def keep_edits(page: Page, source_cells: str) -> None:
    """Refuse to overwrite what stands only in the stored files.

    That is: cells which are neither those of the source now (`source_cells`, a digest)
    nor those that the last build stored.
    """
    held, known = [], {source_cells}
    if page.notebook.is_file():
        notebook = read(page)
        known.add(record(notebook).get("cells"))
        held.append(cells_digest(notebook["cells"]))
    if page.derived and page.text.is_file():
        held.append(cells_digest(parse(page).cells))
    if known.issuperset(held):
        return
    drop = f"to drop it:  {COMMAND} build --drop-edits {page}.ipynb"
    if page.derived:
        raise AuthoringError(
            f"{page} was edited by hand; it comes from solutions/{page.name}.py"
            f"\nto keep the edit: write it into solutions/{page.name}.py, "
            f"then drop it here\n{drop}"
        )
    raise AuthoringError(
        f"{page}.ipynb holds an edit that {page}.py does not"
        f"\nto keep it:  jupytext --to py:percent {page}.ipynb"
        f"   (replaces {page}.py)\n{drop}"
    )
