"""Stored notebooks: how they are written, and whether they are as they were built.

A notebook is handled as the plain JSON of its file. Its metadata hold a record under
`lmlab`: digests of all that it was made from (`inputs`), of its cells without outputs
(`cells`), and of the whole notebook (`content`); no paths but relative ones.
"""

import json
import re
from pathlib import Path

from lmlab.course.authoring.project import AuthoringError, Page, digest, digest_file
from lmlab.page.paths import write

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
MACHINE = re.compile(
    r"(?<![\w.:/~])(?:/(?:home|root|Users|tmp|work|private|var|mnt|opt)/[\w.-]+"
    r"|[A-Za-z]:\\+(?:Users|Temp)|ipykernel_\d+)|\bat 0x[0-9a-fA-F]{6,}"
)


def read(path: Path) -> dict:
    """Return a stored notebook as the plain JSON of its file."""
    where = f"{path.parent.name}/{path.name}"
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        first_line(notebook["cells"][0])
        record(notebook)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise AuthoringError(
            f"{where} cannot be read as a notebook ({error}): delete it and build"
        ) from None
    return notebook


def record(notebook: dict) -> dict:
    """Return what the build noted in the notebook; empty if it never was built."""
    return notebook["metadata"].get("lmlab", {})


def joined(text: str | list[str]) -> str:
    """Return a multi-line field of a notebook as one string."""
    return text if isinstance(text, str) else "".join(text)


def tags(cell: dict) -> list[str]:
    """Return the tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def cells_digest(cells: list[dict]) -> str:
    """Return the digest of what an author writes: types, sources, tags, and order.

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
    return digest(json.dumps(written))


def content_digest(notebook: dict) -> str:
    """Return the digest of the whole notebook but for the digest itself."""
    metadata = dict(notebook["metadata"])
    metadata["lmlab"] = {k: v for k, v in record(notebook).items() if k != "content"}
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


def edited(page: Page, source_cells: str) -> bool:
    """Say whether the stored notebook holds an edit that nothing else holds.

    That is: its cells are neither those of the source now (`source_cells`, a digest)
    nor those that the last build stored.
    """
    if not page.notebook.is_file():
        return False
    notebook = read(page.notebook)
    now = cells_digest(notebook["cells"])
    return now not in (source_cells, record(notebook).get("cells"))


def why_stale(page: Page) -> str | None:
    """Return why the stored page is not what a build would make; None if it is."""
    if not page.notebook.is_file():
        return "not there"
    if not page.text.is_file():
        return f"{page}.py is missing"
    notebook = read(page.notebook)
    noted = record(notebook)
    if not noted.keys() >= {"cells", "inputs", "content"}:
        return "not built from its source yet"
    today = inputs_now(page, list(noted["inputs"]))
    changed = [name for name in today if today[name] != noted["inputs"][name]]
    if changed:
        return ", ".join(changed[:3]) + (" ..." if changed[3:] else "") + " changed"
    if cells_digest(notebook["cells"]) != noted["cells"]:
        return "a cell of the notebook was edited, moved, added or removed by hand"
    if page.derived and digest_file(page.text) != noted.get("text"):
        return f"{page}.py was edited by hand"
    if content_digest(notebook) != noted["content"]:
        return "an output or the metadata were changed outside the build"
    return None
