"""The table of lessons in README.md, and its picture, taken from the lessons."""

import base64
import re
from pathlib import Path

from lmlab.course.authoring.percent import TIME, read_text
from lmlab.course.authoring.project import Page, pages
from lmlab.course.authoring.stored import read as read_stored
from lmlab.course.authoring.stored import tags
from lmlab.page.paths import write

START, STOP = "<!-- lessons -->", "<!-- /lessons -->"
PICTURE = "docs/picture.png"  # drawn by the cell of a lesson tagged `readme-picture`


def table(root: Path) -> str:
    """Return the Markdown table of all lessons under `root`."""
    rows = [
        "| | lesson | read | run | practise |",
        "| --- | --- | --- | --- | --- |",
    ]
    for page in pages(root, "lessons"):
        if not page.text.is_file():
            continue
        text = read_text(page.text)
        title = re.search(r"^# # (.+)$", text, re.MULTILINE)
        time = TIME.search(text)
        read, run = time.groups() if time else ("?", "?")
        links = [
            f"[{kind}]({kind}s/{page.name}.ipynb)"
            for kind in ("exercise", "solution")
            if Page(root, "solutions", page.name).text.is_file()
        ]
        rows.append(
            f"| {page.name[:2]} | [{title[1] if title else page.name}]"
            f"(lessons/{page.name}.ipynb) | {read} min | {run} s "
            f"| {' · '.join(links)} |"
        )
    return "\n".join(rows)


def problem(root: Path) -> str | None:
    """Return what is wrong with the table in README.md; None if it is today's."""
    path = root / "README.md"
    if not path.is_file() or _with_table(path) is None:
        return f"README.md has no `{START}` and `{STOP}` around a table of lessons"
    if _with_table(path) != read_text(path):
        return "the table of lessons in README.md is not today's"
    drawn = picture(root)
    if drawn and (not (root / PICTURE).is_file() or
                  (root / PICTURE).read_bytes() != drawn):
        return f"{PICTURE} is not what the lesson draws today"
    return None


def update(root: Path) -> bool:
    """Write the table into README.md, and its picture; return whether any changed."""
    path = root / "README.md"
    text = _with_table(path) if path.is_file() else None
    if text is None or problem(root) is None:
        return False
    write(path, text)
    if drawn := picture(root):
        (root / PICTURE).parent.mkdir(exist_ok=True)
        (root / PICTURE).write_bytes(drawn)
    return True


def picture(root: Path) -> bytes | None:
    """Return the picture of the first cell tagged `readme-picture`, if there is one."""
    for page in pages(root, "lessons"):
        cells = read_stored(page.notebook)["cells"] if page.notebook.is_file() else []
        for cell in cells:
            for output in cell.get("outputs", []):
                png = output.get("data", {}).get("image/png")
                if png and "readme-picture" in tags(cell):
                    return base64.b64decode("".join(png))
    return None


def _with_table(path: Path) -> str | None:
    before, start, rest = read_text(path).partition(START)
    _, stop, after = rest.partition(STOP)
    if not (start and stop):
        return None
    return f"{before}{START}\n{table(path.parent)}\n{STOP}{after}"
