"""Run a notebook, and take out of what it shows all that belongs to the machine.

The run also tells what the notebook was made from: the modules of lmlab that were
really imported and the data files that were really opened.
"""

import base64
import io
import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass

from lmlab.course.authoring.project import AuthoringError, Page
from lmlab.course.authoring.stored import MACHINE

CELL_TIMEOUT = 300
PROBE = """
import json as _json, pathlib as _pathlib, sys as _sys
_files = [str(_m.__file__) for _n, _m in _sys.modules.items()
          if _n.split(".")[0] == "lmlab" and getattr(_m, "__file__", None)]
_base = _pathlib.Path(_sys.modules["lmlab"].__file__).parent.parent if _files else None
_datasets = _sys.modules.get("lmlab.page.datasets")
try:
    _peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024
except OSError:
    try:
        import resource as _r
        _peak = _r.getrusage(_r.RUSAGE_SELF).ru_maxrss // 2**20
    except ImportError:
        import psutil as _psutil
        _peak = _psutil.Process().memory_info().peak_wset // 2**20
print(_json.dumps({
    "modules": [_pathlib.Path(_f).relative_to(_base).as_posix() for _f in _files],
    "data": sorted(getattr(_datasets, "opened", ())),
    "peak_mb": _peak}))
"""


@dataclass
class Run:
    """An executed notebook and what its kernel told afterwards."""

    notebook: object
    inputs: list[str]
    seconds: int
    peak_mb: int


def run(page: Page, nb, *, stop_at_error: bool) -> Run:
    """Execute `nb` in place, in the folder of `page`, in a fresh kernel.

    With `stop_at_error`, an error in a cell without the tag `raises-exception` is
    raised as AuthoringError.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )
    from nbformat.v4 import new_code_cell

    (page.root / page.folder).mkdir(exist_ok=True)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    client = NotebookClient(
        nb,
        timeout=CELL_TIMEOUT,
        allow_errors=not stop_at_error,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(page.root / page.folder)}},
    )
    with tempfile.TemporaryDirectory() as ipython:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with client.setup_kernel(env=_environment(page, ipython), **quiet):
            started = time.perf_counter()
            for index, cell in enumerate(nb.cells):
                try:
                    client.execute_cell(cell, index)
                except CellExecutionError as error:
                    raise failure(
                        page, cell, f"{error.ename}: {error.evalue}"
                    ) from None
                except CellTimeoutError:
                    message = f"still running after {CELL_TIMEOUT} s"
                    raise failure(page, cell, message) from None
                except DeadKernelError:
                    raise failure(page, cell, "the kernel died") from None
            seconds = time.perf_counter() - started
            nb.cells.append(new_code_cell(PROBE))
            client.execute_cell(nb.cells[-1], len(nb.cells) - 1)
            probe = nb.cells.pop()
    told = json.loads(next(o.text for o in probe.outputs if o.get("name") == "stdout"))
    _clean(nb)
    inputs = told["modules"] + [f"data/{name}" for name in told["data"]]
    return Run(nb, inputs, max(1, round(seconds)), told["peak_mb"])


def failure(page: Page, cell, message: str) -> AuthoringError:
    """Return an error that names the page, the cell by its first line, and why."""
    first = cell.source.strip().split("\n")[0]
    message = MACHINE.sub("...", message)
    lines = [f"    {line}" for line in message.strip().split("\n")[:6]]
    return AuthoringError("\n".join([f"{page}.py: the cell `{first}`", *lines]))


def _environment(page: Page, ipython: str) -> dict[str, str]:
    """This project's package, pictures in the page, no settings of the user's own."""
    env = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}
    path = [str(page.root), *filter(None, [env.get("PYTHONPATH")])]
    env["PYTHONPATH"] = os.pathsep.join(path)
    env["IPYTHONDIR"] = ipython
    env.setdefault("OMP_NUM_THREADS", "1")
    return env


def _clean(nb) -> None:
    """Make identical runs give identical notebooks."""
    count = 0
    for cell in nb.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        count += 1
        cell.execution_count = count
        cell.outputs = _merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
            if output.output_type == "error" and any(
                MACHINE.search(line) for line in output.traceback
            ):
                output.traceback = [f"{output.ename}: {output.evalue}"]
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)
            if "image/png" in data:
                data["image/png"] = _small(data["image/png"])


def _small(png: str) -> str:
    """Return a picture in 128 colours: a third of the bytes, the same to the eye."""
    from PIL import Image

    file = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    picture.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return min(png, base64.b64encode(file.getvalue()).decode(), key=len)


def _merge_streams(outputs: list) -> list:
    """Join neighbouring outputs of the same stream, which arrive in chance pieces."""
    merged: list = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and last.output_type == output.output_type == "stream":
            if last.name == output.name:
                last.text += output.text
                continue
        merged.append(output)
    return merged
