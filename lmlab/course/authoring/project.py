"""Where the pages lie, and what a page is called.

A page is a pair `NN_name.py` and `NN_name.ipynb` in one of three folders. Lessons and
solutions are written; exercises are derived from the solution of the same name.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("lessons", "solutions", "exercises")
COMMAND = "python -m lmlab.course.authoring"
NAME = re.compile(r"\d\d_[a-z0-9_]+")
SECONDS = re.compile(rb"(\*\*Time\*\* \d+ minutes to read, )\d+ seconds?")


class AuthoringError(Exception):
    """Something an author has to mend; the message says what and where."""


@dataclass(frozen=True, order=True)
class Page:
    """One page of the project at `root`; `folder` is one of FOLDERS."""

    root: Path
    folder: str
    name: str

    @property
    def text(self) -> Path:
        """The py:percent file."""
        return self.root / self.folder / f"{self.name}.py"

    @property
    def notebook(self) -> Path:
        """The stored notebook."""
        return self.root / self.folder / f"{self.name}.ipynb"

    @property
    def derived(self) -> bool:
        """Whether both files are derived, so that no author writes here."""
        return self.folder == "exercises"

    @property
    def source(self) -> Path:
        """The file an author writes: for an exercise, its solution."""
        return (
            Page(self.root, "solutions", self.name).text if self.derived else self.text
        )

    @property
    def pairing(self) -> Path:
        """The file that pairs the source with its notebook, and says how."""
        return self.source.parent / "jupytext.toml"

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}"


def find_root(start: Path) -> Path:
    """Return the nearest folder at or above `start` with lessons and solutions."""
    for folder in [start, *start.parents]:
        if (folder / "lessons").is_dir() and (folder / "solutions").is_dir():
            return folder
    raise AuthoringError(f"no lessons/ and solutions/ in {start} or above it")


def pages(root: Path, folder: str) -> list[Page]:
    """Return the pages of `folder` of which at least one file is there, sorted."""
    files = [*(root / folder).glob("*.py"), *(root / folder).glob("*.ipynb")]
    return [Page(root, folder, name) for name in sorted({file.stem for file in files})]


def expected_pages(root: Path) -> list[Page]:
    """Return every page that should be there: an exercise for each solution."""
    found = {page for folder in FOLDERS for page in pages(root, folder)}
    for page in pages(root, "solutions"):
        found.add(Page(root, "exercises", page.name))
    return sorted(found, key=lambda page: (page.name, FOLDERS.index(page.folder)))


def choose(root: Path, paths: list[str], start: Path) -> list[Page]:
    """Return the pages that `paths` (files or folders, seen from `start`) name.

    A solution brings its exercise along. Without paths, all pages.
    """
    everything = expected_pages(root)
    if not paths:
        return everything
    chosen = set()
    for path in paths:
        full = (start / path).resolve()
        wanted = [
            page
            for page in everything
            if full in (root, root / page.folder, page.text, page.notebook)
            or page.derived
            and full in (root / "solutions", page.source)
            or page.derived
            and full == page.source.with_suffix(".ipynb")
        ]
        if not wanted:
            raise AuthoringError(
                f"{path} is no page, and no folder of pages, in {root}"
            )
        chosen.update(wanted)
    return [page for page in everything if page in chosen]


def digest(content: str | bytes) -> str:
    """Return 16 hexadecimal digits that stand for `content`.

    The seconds that a lesson says it runs do not count: they are the machine's.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    return hashlib.sha256(SECONDS.sub(rb"\1", content)).hexdigest()[:16]


def digest_file(path: Path) -> str:
    """Return the digest of a file, with every line end as LF; "absent" without it."""
    if not path.is_file():
        return "absent"
    return digest(path.read_bytes().replace(b"\r\n", b"\n"))
