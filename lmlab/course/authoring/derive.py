"""Make the exercise out of its solution: answers out, and nothing else changed.

Answers are removed by nbgrader's own ClearSolutions. The exercise is then run once,
to learn which cells raise while nothing is solved.
"""

from copy import deepcopy

from lmlab.course.authoring.execute import Run, failure, run
from lmlab.course.authoring.percent import read_notebook
from lmlab.course.authoring.project import AuthoringError, Page

NOT_ATTEMPTED = "not attempted"


def unsolved(page: Page):
    """Return the exercise notebook of the exercise page `page`, not yet tagged."""
    try:
        from nbgrader.preprocessors import ClearSolutions
    except ImportError:
        raise AuthoringError(
            'exercises are derived with nbgrader: pip install -e ".[test]"'
        ) from None

    nb = read_notebook(Page(page.root, "solutions", page.name))
    clear = ClearSolutions(enforce_metadata=False)
    nb, _ = clear.preprocess(nb, {})
    return nb


def exercise(page: Page) -> Run:
    """Return the exercise, unexecuted, with `raises-exception` where it is due."""
    nb = unsolved(page)
    tried = run(page, deepcopy(nb), stop_at_error=False)
    for cell, result in zip(nb.cells, tried.notebook.cells, strict=True):
        if cell.cell_type != "code":
            continue
        tags = cell.metadata.get("tags", [])
        errors = [o for o in result.outputs if o.output_type == "error"]
        if "check" in tags:
            _must_be_unattempted(page, cell, errors)
        if errors and "raises-exception" not in tags:
            cell.metadata["tags"] = [*tags, "raises-exception"]
    tried.notebook = nb
    return tried


def _must_be_unattempted(page: Page, cell, errors: list) -> None:
    said = f"{errors[0].ename}: {errors[0].evalue}" if errors else "nothing: it passes"
    if not said.startswith("CheckFailed") or NOT_ATTEMPTED not in said.lower():
        raise failure(
            page,
            cell,
            f"while nothing is solved this check must say CheckFailed: ... "
            f"{NOT_ATTEMPTED} ..., and says\n{said}",
        )
