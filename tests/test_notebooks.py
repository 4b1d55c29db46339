"""The stored notebooks are what their sources make, and are nearly all compared.

That each runs and gives what it stored is for `pytest --nbval` to say (conftest.py
adds pictures and unsolved checks to what it compares).
"""

import json
from pathlib import Path

import pytest

from lmlab.course.authoring.project import FOLDERS, pages
from lmlab.course.authoring.verify import verify

ROOT = Path(__file__).parent.parent
NOTEBOOKS = [page for folder in FOLDERS for page in pages(ROOT, folder)]


def code_cells(page) -> list[dict]:
    notebook = json.loads(page.notebook.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def test_every_page_is_as_its_source_makes_it():
    problems = verify(ROOT)
    assert not problems, "\n" + "\n".join(problems)


def test_fewer_than_one_lesson_cell_in_twenty_is_not_compared():
    cells = [cell for page in pages(ROOT, "lessons") for cell in code_cells(page)]
    ignored = [cell for cell in cells if "nbval-ignore-output" in tags(cell)]
    assert cells and len(ignored) < 0.05 * len(cells)


@pytest.mark.parametrize("page", pages(ROOT, "solutions"), ids=str)
def test_every_check_of_a_solution_says_right_on_one_line(page):
    for cell in code_cells(page):
        if "check" in tags(cell):
            said = ["".join(output.get("text", "")) for output in cell["outputs"]]
            assert len(said) == 1 and ": right" in said[0], "".join(cell["source"])


def test_no_cell_escapes_comparison_by_a_comment():
    for page in NOTEBOOKS:
        for cell in code_cells(page):
            source = "".join(cell["source"])
            assert "NBVAL_" not in source and "nbval-skip" not in tags(cell), str(page)
