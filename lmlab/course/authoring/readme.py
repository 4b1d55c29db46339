"""The table of lessons in README.md, and its picture, taken from the lessons."""

import base64
import re
from pathlib import Path

from lmlab.course.authoring.minutes import LESSON
from lmlab.course.authoring.percent import read_text
from lmlab.course.authoring.project import COMMAND, AuthoringError, Page, pages
from lmlab.course.authoring.stored import read as read_stored
from lmlab.course.authoring.stored import tags
from lmlab.page.paths import write

START, STOP = "<!-- lessons -->", "<!-- /lessons -->"
PICTURE = "docs/picture.png"  # drawn by the cell of a lesson tagged `readme-picture`


def table(root: Path, before: str) -> str:
    """Return the Markdown table of all lessons under `root`.

    A lesson that cannot be read keeps the row that it has in the table `before`.
    """
    rows = ["| | lesson | read | run | practise |", "| --- | --- | --- | --- | --- |"]
    for page in pages(root, "lessons"):
        if not page.text.is_file():
            continue
        try:
            rows.append(_row(page, read_text(page.text)))
        except AuthoringError:
            link = f"(lessons/{page.name}.ipynb)"
            rows += [line for line in before.split("\n") if link in line]
    return "\n".join(rows)


def _row(page: Page, text: str) -> str:
    title = re.search(r"^# # (.+)$", text, re.MULTILINE)
    time = LESSON.search(text)
    read, run = time.groups() if time else ("?", "?")
    links = [
        f"[{kind}]({kind}s/{page.name}.ipynb)"
        for kind in ("exercise", "solution")
        if Page(page.root, "solutions", page.name).text.is_file()
    ]
    return (
        f"| {page.name[:2]} | [{title[1] if title else page.name}]"
        f"(lessons/{page.name}.ipynb) | {read} min | {run} s "
        f"| {' · '.join(links)} |"
    )


def check(root: Path) -> None:
    """Raise AuthoringError where README.md does not show what the lessons are today."""
    if with_table(root) != read_text(root / "README.md"):
        raise AuthoringError(
            f"README.md: the table of lessons is not today's; {COMMAND} build"
        )
    drawn, path = picture(root), root / PICTURE
    if drawn and (not path.is_file() or path.read_bytes() != drawn):
        raise AuthoringError(
            f"{PICTURE}: not what the lesson draws today; {COMMAND} build"
        )


def update(root: Path) -> bool:
    """Write the table into README.md, and its picture; return whether any changed."""
    text = with_table(root)
    try:
        check(root)
    except AuthoringError:
        write(root / "README.md", text)
        if drawn := picture(root):
            (root / PICTURE).parent.mkdir(exist_ok=True)
            (root / PICTURE).write_bytes(drawn)
        return True
    return False


def picture(root: Path) -> bytes | None:
    """Return the picture of the first cell tagged `readme-picture`, if there is one."""
    for page in pages(root, "lessons"):
        if not page.notebook.is_file():
            continue
        try:
            for cell in read_stored(page)["cells"]:
                for output in cell.get("outputs", []):
                    png = output.get("data", {}).get("image/png")
                    if png and "readme-picture" in tags(cell):
                        return base64.b64decode("".join(png))
        except (AuthoringError, ValueError):
            continue  # verify says what cannot be read
    return None


def with_table(root: Path) -> str:
    """Return README.md as it should be; AuthoringError where it has no such place."""
    path = root / "README.md"
    if not path.is_file():
        raise AuthoringError("README.md: missing; git checkout README.md")
    before, start, rest = read_text(path).partition(START)
    old, stop, after = rest.partition(STOP)
    if not (start and stop):
        raise AuthoringError(
            f"README.md: no `{START}` with `{STOP}` below it; write both, each on a "
            f"line, around the place of the table of lessons, then: {COMMAND} build"
        )
    return f"{before}{START}\n{table(root, old)}\n{STOP}{after}"
