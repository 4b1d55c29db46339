"""Read a py:percent source, and say with its line what is wrong with it.

jupytext reads nearly anything as some notebook. Authors want to hear of a misspelt
tag, a half-commented Markdown cell or an answer without an end before it is stored.
"""

import ast
import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path

from lmlab.course.authoring import minutes
from lmlab.course.authoring.project import AuthoringError, Page

TAGS = {"task", "check", "nbval-ignore-output", "raises-exception", "readme-picture"}
MARK = re.compile(r"# ?%%")
GOOD_MARK = re.compile(r'# %%( \[markdown\])?( tags=\[("[a-z-]+"(, )?)+\])?\s*')
CHECK = re.compile(r"^\s*check\.\w+\(", re.MULTILINE)
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"


@dataclass
class Cell:
    """A cell as it stands in the file: `line` is that of its `# %%`, from 1."""

    line: int
    markdown: bool
    tags: list[str]
    lines: list[str]


def read_text(path: Path) -> str:
    """Return the text of a source, or say where it is not UTF-8."""
    raw = path.read_bytes()
    name = f"{path.parent.name}/{path.name}"
    if raw.startswith(codecs.BOM_UTF8):
        mend = "save it as UTF-8 without BOM"
        raise AuthoringError(f"{name}: begins with a byte order mark (BOM); {mend}")
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what = f"not UTF-8 ({error.reason}); save it as UTF-8"
        raise AuthoringError(f"{name}:{line}: {what}") from None


def read_notebook(page: Page):
    """Return the notebook that the source text of `page` stands for, unexecuted."""
    check_source(page)
    return parse(page)


def parse(page: Page):
    """Return the notebook of a text that may have problems, or be derived."""
    import jupytext

    text = read_text(page.text)
    nb = jupytext.reads(text, fmt="py:percent", config=options(page))
    for cell in nb.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = type(cell.metadata)({"tags": tags} if tags else {})
        cell.source = cell.source.rstrip()
    return nb


def notebook_text(notebook: dict, page: Page) -> str:
    """Return the py:percent text of a notebook, with tags as its only metadata."""
    import jupytext
    import nbformat

    nb = nbformat.reads(json.dumps(notebook), as_version=4)
    return jupytext.writes(nb, fmt="py:percent", config=options(page))


def options(page: Page):
    """Return the jupytext options that hold for sources: those of the pairing."""
    from jupytext.config import (
        JupytextConfigurationError,
        load_jupytext_configuration_file,
    )

    path = page.pairing
    name = f"{path.parent.name}/{path.name}"
    mend = f"git checkout {name}"
    if not path.is_file():
        raise AuthoringError(f"{name}, which pairs the files, is missing; {mend}")
    try:
        return load_jupytext_configuration_file(str(path))
    except (ValueError, JupytextConfigurationError) as error:
        why = str(error).split("\n")[0]
        raise AuthoringError(f"{name} cannot be read ({why}); mend it") from None


def check_source(page: Page) -> None:
    """Raise AuthoringError with file and line for all that is wrong in a source."""
    text = read_text(page.text)
    found = [f"{page}.py:{n}: {what}" for n, what in source_problems(text, page.folder)]
    if found:
        raise AuthoringError("\n".join(found))


def source_problems(text: str, folder: str):
    """Yield (line, what is wrong) of a source in `folder`, from top to bottom."""
    cells, above = [], False
    for number, line in enumerate(_without_header(text.split("\n")), 1):
        if MARK.match(line):
            if not GOOD_MARK.fullmatch(line):
                yield number, f"cannot read {line!r}: write `# %%`, `# %% [markdown]`"
            tags = re.findall(r'"([a-z-]+)"', line)
            cells.append(Cell(number, "[markdown]" in line, tags, []))
            for tag in set(tags) - TAGS:
                yield (
                    number,
                    f"unknown tag {tag!r}: known are {', '.join(sorted(TAGS))}",
                )
        elif cells:
            cells[-1].lines.append(line)
        elif line.strip() and not above:
            yield number, "text above the first `# %%`"
            above = True
    if not cells:
        yield 1, "no cell: a cell begins with `# %%`"
    for cell in cells:
        yield from (
            _markdown_problems(cell, folder) if cell.markdown else _code_problems(cell)
        )
    yield from _task_problems(cells, folder)
    title = "\n".join(cells[0].lines) if cells else ""
    if cells and not (cells[0].markdown and title.startswith("# # ")):
        yield (
            cells[0].line,
            "the first cell is no title: `# %% [markdown]`, `# # Title`",
        )
    elif cells and minutes.said(folder, title) is None:
        line = "**Time** 0 minutes" + " to read, 0 seconds to run" * (
            folder == "lessons"
        )
        yield cells[0].line, f"no `{line}` in the first cell, for the build to fill in"


def _without_header(lines: list[str]) -> list[str]:
    """Blank out jupytext's header, so that line numbers stay."""
    if lines[:1] == ["# ---"] and "# ---" in lines[1:]:
        end = lines.index("# ---", 1) + 1
        return [""] * end + lines[end:]
    return lines


def _markdown_problems(cell: Cell, folder: str):
    for number, line in enumerate(cell.lines, cell.line + 1):
        if line.strip() and not line.startswith("#"):
            yield number, "a line of a Markdown cell must begin with `#`"
            return
        if folder == "solutions" and (task := minutes.TASK.match(line)) and not task[1]:
            yield number, "the heading of a task must end in its minutes: `5 minutes`"


def _code_problems(cell: Cell):
    code = "\n".join(cell.lines)
    if not code.strip():
        yield cell.line, "an empty cell"
        return
    try:
        ast.parse("\n" * cell.line + code)
    except SyntaxError as error:
        yield error.lineno or cell.line, f"not Python: {error.msg}"
        return
    if code.rstrip().endswith(";"):
        number = cell.line + len(code.rstrip().split("\n"))
        yield number, "a trailing `;` shows nothing here and something elsewhere"


def _task_problems(cells: list[Cell], folder: str):
    """Every answer is in a task, every task has a check, every check a task."""
    open_task = None
    checked = False
    for cell in cells:
        marks = [(n, line.strip()) for n, line in enumerate(cell.lines, cell.line + 1)]
        marks = [(n, line) for n, line in marks if line in (BEGIN, END)]
        written = "\n".join(cell.lines)
        if folder == "lessons":
            if marks or {"task", "check"} & set(cell.tags):
                yield cell.line, "tasks, checks and solutions do not belong in a lesson"
            continue
        if [line for _, line in marks] != [BEGIN, END] * (len(marks) // 2):
            yield marks[0][0], f"`{BEGIN}` and `{END}` do not pair up"
        elif not marks and re.search(r"(BEGIN|END) SOLUTION", written):
            yield (
                cell.line,
                f"write the marks as `{BEGIN}` and `{END}`, alone on a line",
            )
        if bool(marks) != ("task" in cell.tags):
            yield cell.line, 'an answer and tags=["task"] go together'
        if not cell.markdown and bool(CHECK.search(written)) != ("check" in cell.tags):
            yield cell.line, 'a call of `check.NAME(` and tags=["check"] go together'
        if "task" in cell.tags:
            if open_task and not checked:
                yield open_task.line, "a task without a check before the next task"
            open_task, checked = cell, False
        elif "check" in cell.tags:
            if open_task is None:
                yield cell.line, "a check without a task above it"
            checked = True
    if open_task and not checked:
        yield open_task.line, "a task without a check below it"
