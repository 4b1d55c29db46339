"""Stored notebooks: how they are written, and whether they are as they were built.

A notebook is handled as the plain JSON of its file. Its metadata hold a record under
`lmlab`: digests of all that it was made from (`inputs`), of its cells without outputs
(`cells`), and of the whole notebook (`content`); no paths but relative ones.
"""

import json
import re

from lmlab.course.authoring.project import (
    COMMAND,
    AuthoringError,
    Page,
    digest,
    digest_file,
)
from lmlab.page.paths import write

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MACHINE = re.compile(
    r"(?<![\w.:/~])(?:/(?:home|root|Users|tmp|work|private|var|mnt|opt)/[\w.-]+"
    r"|[A-Za-z]:\\+(?:Users|Temp)|ipykernel_\d+)|\bat 0x[0-9a-fA-F]{6,}"
)


def read(page: Page) -> dict:
    """Return a stored notebook as the plain JSON of its file."""
    from nbformat.validator import iter_validate

    try:
        text = page.notebook.read_text(encoding="utf-8")
        if re.search(r"^<{7} ", text, re.MULTILINE):
            raise ValueError("a merge conflict")
        notebook = json.loads(text)
        if not isinstance(notebook, dict) or not notebook.get("cells"):
            raise ValueError("no cells")
        for error in iter_validate(notebook, version=4, version_minor=5):
            raise ValueError(_misshapen(error))
    except ValueError as error:
        raise AuthoringError(
            f"{page}.ipynb cannot be read as a notebook ({error}); mend it, or copy "
            f"what only it holds, then: {COMMAND} build --drop-edits {page}.ipynb"
        ) from None
    return notebook


def _misshapen(error) -> str:
    """Return what nbformat finds wrong, short, and with the number of the cell."""
    path = list(error.relative_path)
    where = f"cell {path[1] + 1}, " if path[:1] == ["cells"] and path[1:] else ""
    what = "not of a known kind" if error.validator == "oneOf" else error.message
    return f"{where}{'.'.join(map(str, path[2:]))}: {what:.80}".replace(", :", ":")


def record(notebook: dict) -> dict:
    """Return what the build noted in the notebook; empty if it never was built."""
    noted = notebook["metadata"].get("lmlab")
    if not isinstance(noted, dict):
        return {}
    noted = {"seconds": 0, "peak_mb": 0} | noted  # exercises do not run
    kinds = {"cells": str, "content": str, "inputs": dict, "seconds": int}
    kinds["peak_mb"] = int
    well = all(isinstance(noted.get(name), kind) for name, kind in kinds.items())
    return noted if well else {}


def joined(text: str | list[str]) -> str:
    """Return a multi-line field of a notebook as one string."""
    return text if isinstance(text, str) else "".join(text)


def tags(cell: dict) -> list[str]:
    """Return the tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def cell_digests(cells: list[dict]) -> list[str]:
    """Return a digest of each cell as an author writes it: type, source and tags.

    The tag `raises-exception` of exercises is derived and does not count.
    """
    written = [
        [
            cell["cell_type"],
            joined(cell["source"]).rstrip(),
            sorted(set(tags(cell)) - {"raises-exception"}),
        ]
        for cell in cells
    ]
    return [digest(json.dumps(cell)) for cell in written]


def cells_digest(cells: list[dict]) -> str:
    """Return the digest of all that an author writes, in order."""
    return digest(" ".join(cell_digests(cells)))


def content_digest(notebook: dict) -> str:
    """Return the digest of the whole notebook, without itself and what is measured."""
    noted = dict(notebook["metadata"]["lmlab"])
    for name in ("content", "seconds", "peak_mb"):
        noted.pop(name, None)
    metadata = notebook["metadata"] | {"lmlab": noted}
    return digest(json.dumps(notebook | {"metadata": metadata}, sort_keys=True))


def inputs_now(page: Page, names: list[str]) -> dict[str, str]:
    """Return the digests of the files (relative to the root) a page is made from."""
    return {name: digest_file(page.root / name) for name in sorted(names)}


def store(page: Page, nb, made_from: dict[str, str], **measured) -> None:
    """Write the nbformat notebook `nb`, with its record, whole or not at all."""
    import nbformat

    nb.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    nb.nbformat, nb.nbformat_minor = 4, 5
    name_cells(nb.cells)
    nbformat.validate(nb)
    notebook = json.loads(nbformat.writes(nb))
    notebook["metadata"]["lmlab"] = {
        "cells": cells_digest(notebook["cells"]),
        "inputs": made_from,
        **measured,
    }
    notebook["metadata"]["lmlab"]["content"] = content_digest(notebook)
    text = json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False)
    write(page.notebook, text + "\n")


def name_cells(cells) -> None:
    """Give each cell an id that comes from what stands in it, and is unique."""
    seen: dict[str, int] = {}
    for cell in cells:
        content = f"{cell.cell_type}\n{cell.source}"
        seen[content] = seen.get(content, 0) + 1
        cell.id = digest(f"{content}\n{seen[content]}")[:12]


def first_line(cell: dict) -> str:
    """Return the first line of a cell, by which messages name it."""
    return joined(cell["source"]).strip().split("\n")[0]


def machine_traces(notebook: dict) -> list[str]:
    """Return paths, process numbers and addresses in memory, each with its cell."""
    found = []
    for cell in notebook["cells"]:
        texts = [joined(cell["source"])]
        for output in cell.get("outputs", []):
            texts += [joined(output.get("text", "")), str(output.get("evalue", ""))]
            texts += output.get("traceback", [])
            for kind, data in output.get("data", {}).items():
                if not kind.startswith("image/"):
                    texts.append(data if isinstance(data, str) else json.dumps(data))
        traces = {match[0] for text in texts for match in MACHINE.finditer(text)}
        found += [f"{trace!r} in `{first_line(cell)}`" for trace in sorted(traces)]
    return found
