"""The learner's folder: notebooks are copied in, and nothing in it is ever lost.

Used by `lmlab lab`. A notebook that the learner changed is never overwritten: a newer
version of the course puts its notebook beside it. A small file, `.lmlab.json`,
remembers which version of each notebook was delivered.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from lmlab.page.paths import write

FOLDERS = ("lessons", "exercises", "solutions")
OWN = {*FOLDERS, "data", "docs", "lmlab", "tests", "benchmarks"}
STATE = ".lmlab.json"
PART = ".lmlab.part"  # a file that is still being written
LOCK = ".lmlab.lock"  # held while the folder is updated


class WorkspaceError(Exception):
    """The folder could not be made or updated; the message says why and what to do."""


@dataclass
class Report:
    """What an update did, as names relative to the folder."""

    folder: Path
    new: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    current: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = [
            f"{len(names)} {what}"
            for names, what in (
                (self.new, "new"), (self.restored, "missing and put back"),
                (self.updated, "updated"), (self.current, "up to date"),
                (self.changed, "with your changes, left as they are"),
            )
            if names
        ]
        lines = [f"{self.folder}: notebooks: {', '.join(counts)}"]
        lines += [
            f"There is a newer {name}. Yours was kept; the newer one is {other}"
            for name, other in self.beside.items()
        ]
        lines += [
            f"{name} was left as it is: it cannot be read ({why}). "
            "Move it away, and the notebook comes back"
            for name, why in self.unreadable.items()
        ]
        return "\n".join(lines)


def update(folder: Path, course: Path) -> Report:
    """Copy the notebooks of `course` into `folder`; never overwrite a changed one.

    A notebook the learner has not changed is replaced by a newer version. A changed
    one stays, and a newer version goes beside it as `NAME.newer.ipynb`, once. A
    deleted one comes back. What stands at a notebook's name and cannot be read as a
    file is named in the report. Each file appears whole or not at all, so an
    interrupted copy is finished by the next one; of two at once, one waits.

    Raises WorkspaceError where the course has no notebooks, where `folder` is the
    course itself or one of its folders, or where a file cannot be written.
    """
    folder = Path(folder)
    names = [f"{part}/{file.name}" for part in FOLDERS
             for file in sorted((course / part).glob("*.ipynb"))]
    if not names:
        raise WorkspaceError(f"{course} holds no notebooks: run `lmlab doctor`")
    inside, root = folder.resolve(), course.resolve()
    first = inside.relative_to(root).parts[:1] if inside.is_relative_to(root) else None
    if first == () or first and (first[0] in OWN or first[0].startswith(".")):
        raise WorkspaceError(
            f"{folder} is the course's own: name another folder, such as work"
        )
    report = Report(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / LOCK, timeout=60):
            state = _load(folder)
            for name in names:
                _deliver(folder, name, (course / name).read_bytes(), state, report)
    except OSError as error:
        where = error.filename or folder
        raise WorkspaceError(
            f"cannot write {where}: {error.strerror or error}. Nothing of yours was "
            "changed. Mend that (free space? permission?) and run it again"
        ) from error
    return report


def _deliver(folder: Path, name: str, new: bytes, state: dict, report: Report) -> None:
    """Bring one notebook up to date, and note in `state` what was delivered."""
    target, version = folder / name, _digest(new)
    known = state.setdefault(name, {})
    delivered = known.get("delivered")
    try:
        mine = _digest(target.read_bytes())
    except FileNotFoundError:
        mine = None
    except OSError as error:
        report.unreadable[name] = error.strerror
        return
    if mine == version:
        report.current.append(name)
    elif mine is None or mine == delivered:
        write(target, new, PART)
        kind = report.updated if mine else report.restored if delivered else report.new
        kind.append(name)
    else:
        report.changed.append(name)
        if version not in (delivered, known.get("offered")):
            other = _free_name(folder, name, known)
            write(folder / other, new, PART)
            known |= {"offered": version, "beside": other}
            report.beside[name] = other
            _save(folder, state)
        return
    if delivered != version:
        known["delivered"] = version
        _save(folder, state)


def _free_name(folder: Path, name: str, known: dict) -> str:
    """A name for the newer version that holds nothing of the learner's."""
    stem, number = name.removesuffix(".ipynb"), 1
    while True:
        other = f"{stem}.newer{'' if number == 1 else f'-{number}'}.ipynb"
        path = folder / other
        if not path.exists():
            return other
        if other == known.get("beside") and path.is_file():
            if _digest(path.read_bytes()) == known.get("offered"):
                return other  # still our own earlier offer: may be replaced
        number += 1


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _save(folder: Path, state: dict) -> None:
    write(folder / STATE, json.dumps(state, indent=1, sort_keys=True), PART)


def _load(folder: Path) -> dict:
    """The state, or an empty one where it is missing or damaged.

    Without it every notebook that differs counts as changed, which keeps it.
    """
    try:
        state = json.loads((folder / STATE).read_text("utf-8"))
        return {name: dict(known) for name, known in state.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}
