"""The data of the course: poems, tones, plays, and an extract of its own pages.

Each file's checksum is compared before it is first read, so that a damaged download
is named and not met as a strange error three cells later. Lesson 00 opens it first.
"""

import csv
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from lmlab.page.paths import course_root, how_to_restore, write

opened: set[str] = set()
"""Names of the data files that this process has asked for."""

_intact: set[Path] = set()


@dataclass(frozen=True)
class Poem:
    """A poem: `lines` without punctuation, `text` with it."""

    title: str
    author: str
    genre: str
    lines: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Passage:
    """A piece of a lesson: `page` is the lesson's name, `section` its heading."""

    page: str
    section: str
    text: str


def path(name: str) -> Path:
    """Return where the data file `name` lies, after comparing its checksum.

    Raises ValueError for a name the course does not have and for a damaged file,
    FileNotFoundError for a missing one; both say what to do.
    """
    folder = course_root() / "data"
    sums = checksums()
    if name not in sums:
        raise ValueError(f"name must be one of {', '.join(sums)}: got {name!r}")
    file = folder / name
    opened.add(name)
    if file in _intact:
        return file
    if not file.is_file():
        raise FileNotFoundError(
            f"data/{name} is missing from {folder}: {how_to_restore(f'data/{name}')}"
        )
    came = hashlib.sha256(file.read_bytes()).hexdigest()
    if came != sums[name]:
        raise ValueError(
            f"data/{name} is damaged: its SHA-256 is {came}, expected {sums[name]}: "
            + how_to_restore(f"data/{name}")
        )
    _intact.add(file)
    return file


def checksums() -> dict[str, str]:
    """Return the expected SHA-256 of each data file, from `data/SHA256SUMS`."""
    file = course_root() / "data" / "SHA256SUMS"
    if not file.is_file():
        raise FileNotFoundError(
            f"data/SHA256SUMS is missing from {file.parent}: "
            + how_to_restore("data/SHA256SUMS")
        )
    pairs = [line.split(maxsplit=1) for line in file.read_text("utf-8").splitlines()]
    return {name: digest for digest, name in pairs}


def record(*names: str) -> dict[str, str]:
    """Write the SHA-256 of these files, as they are now, into `data/SHA256SUMS`.

    Returns the checksums of all files.
    """
    folder = course_root() / "data"
    sums = checksums() | {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names
    }
    lines = (f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
    write(folder / "SHA256SUMS", "".join(lines))
    return sums


def tang300() -> list[Poem]:
    """Return the 320 poems of *Three Hundred Tang Poems*, in schoolbook readings."""
    with path("tang300.jsonl").open(encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    return [Poem(**record | {"lines": tuple(record["lines"])}) for record in records]


def tang_five() -> list[Poem]:
    """Return 11,888 poems of four or eight five-character lines.

    The readings are scholarly ones. `genre` and `text` are empty.
    """
    return [
        Poem(row["title"], row["author"], "", tuple(row["lines"].split(" ")), "")
        for row in _rows("tang_five.tsv")
    ]


def pingze() -> dict[str, str]:
    """Return the tone class of each character: "level", "oblique" or "either"."""
    return {row["character"]: row["tone"] for row in _rows("pingze.tsv")}


def shakespeare7() -> str:
    """Return seven plays of Shakespeare, 931,336 ASCII characters.

    A speech is `Name:`, its lines, and an empty line.
    """
    return path("shakespeare7.txt").read_text(encoding="utf-8")


def course_extract() -> list[Passage]:
    """Return 215 passages of twelve lessons, 00 to 15, as these read at one time."""
    with path("course_extract.jsonl").open(encoding="utf-8") as file:
        return [Passage(**json.loads(line)) for line in file]


def course_questions() -> list[dict[str, str]]:
    """Return sixty questions to the extract: `question`, `wording`, `page`, `evidence`.

    wording: "same" (twenty, in the words of the passage that answers), "other" (the
    same twenty things asked in other words) or "none" (twenty that nothing in it
    answers). evidence: words that stand in the one passage that answers.
    """
    return _rows("course_questions.tsv")


def measured(name: str) -> list[dict[str, float | str]]:
    """Return the rows of `data/measured/{name}.csv`, numbers as numbers.

    They are what a lesson's longer runs gave: its first line says by which command.
    Raises FileNotFoundError, with what to do, for a table that is not there.
    """
    file = course_root() / "data" / "measured" / f"{name}.csv"
    opened.add(f"measured/{name}.csv")
    if not file.is_file():
        raise FileNotFoundError(
            f"data/measured/{name}.csv is missing: "
            + how_to_restore(f"data/measured/{name}.csv")
        )
    lines = file.read_text(encoding="utf-8").splitlines()[1:]
    return [{key: _number(value) for key, value in row.items()}
            for row in csv.DictReader(lines)]  # fmt: skip


def _number(value: str) -> float | str:
    try:
        return float(value) if "." in value or "e" in value else int(value)
    except ValueError:
        return value


def _rows(name: str) -> list[dict[str, str]]:
    with path(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
