"""Where the files of the course lie: lessons, exercises, solutions and data.

In a checkout they stand beside the package; an installed wheel carries them inside
it. Nothing heavy is imported here.
"""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def course_root() -> Path:
    """Return the folder that holds `lessons/`, `exercises/`, `solutions/`, `data/`.

    Raises FileNotFoundError where neither a wheel's own copy nor a checkout is found.
    """
    inside = PACKAGE / "_course"
    if inside.is_dir():
        return inside
    if (PACKAGE.parent / "pyproject.toml").is_file():
        return PACKAGE.parent
    raise FileNotFoundError(
        f"the course's files are not in {inside}: {how_to_restore()}"
    )


def is_checkout() -> bool:
    """Say whether the package runs from a checkout rather than from a wheel."""
    return not (PACKAGE / "_course").is_dir() and (
        PACKAGE.parent / "pyproject.toml"
    ).is_file()


def how_to_restore(name: str = "") -> str:
    """Return one clause that says how to get a course file back, e.g. `data/x.tsv`."""
    if is_checkout():
        mend = f"git checkout {name}".rstrip()
    else:
        mend = "pip install --force-reinstall --no-deps lmlab"
    return f"restore it with `{mend}`, or ask `lmlab doctor` what else is wrong"


def write(path: Path, content: str | bytes, part: str = "") -> None:
    """Write a file whole or not at all, text as UTF-8; `part` names it till then."""
    content = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(part or f".{path.name}.{os.getpid()}.partial")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
