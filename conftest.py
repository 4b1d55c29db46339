"""What `pytest --nbval` does not look at, looked at as well.

nbval compares text, the words of pictures among it (lmlab.page.plots stores them). Here
a cell's pictures are compared with those it stored, a cell that was expected to raise
must raise, and a check of an unsolved exercise must say "not attempted". Without this
file nbval works on the folders as usual.

Nothing of the machine is seen by tests and notebooks: no settings, an empty home.
"""

import atexit
import base64
import io
import os
import shutil
import tempfile

import pytest

# What programs need to start at all, on Windows too, and what a test run is told.
KEPT = {"PATH", "LD_LIBRARY_PATH", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "SYSTEMDRIVE",
        "WINDIR", "COMSPEC", "PATHEXT", "PROCESSOR_ARCHITECTURE", "PYTHONPATH",
        "PYTHONHASHSEED", "OMP_NUM_THREADS", "CI", "SCREENSHOTS"}  # fmt: skip
if "PYTEST_XDIST_WORKER" not in os.environ:  # a worker has it from who started it
    for name in set(os.environ) - KEPT:
        if not name.startswith("PYTEST_"):
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="lmlab-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= dict.fromkeys(("HOME", "USERPROFILE", "APPDATA"), home)

# Two pictures are seen as blocks of BLOCK x BLOCK pixels, each with its mean colour
# (0 to 255), so that another anti-aliasing of fonts moves little and a curve moved by
# a hundredth of its axis moves much.
BLOCK = 8
MEAN_DIFFERENCE = 1.0  # over all blocks
CHANGED, MANY_CHANGED = 16, 0.007  # a block that differs; the share that may
ANOTHER_COLOUR = 64  # a difference no block may have


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Look at a notebook cell again after nbval found nothing wrong with it."""
    result = yield
    if type(item).__name__ == "IPyNbCell":
        problem = cell_problem(item.cell, item.test_outputs)
        if problem:
            item.raise_cell_error(problem)
    return result


def cell_problem(cell, outputs) -> str | None:
    """Return what is wrong with what a stored cell gave now, beyond its text."""
    tags = set(cell.metadata.get("tags", []))
    errors = [output for output in outputs if output["output_type"] == "error"]
    if "raises-exception" in tags:
        if not errors:
            return "Cell is tagged raises-exception and did not raise"
        said = f"{errors[0]['ename']}: {errors[0]['evalue']}"
        if "check" in tags and not (
            said.startswith("CheckFailed") and "not attempted" in said.lower()
        ):
            return f"Check of an unsolved task does not say 'not attempted', but {said}"
    if cell.execution_count is None or "nbval-ignore-output" in tags:
        return None
    stored, drawn = pictures(cell.outputs), pictures(outputs)
    if len(stored) != len(drawn):
        return f"Cell stored {len(stored)} pictures and draws {len(drawn)}"
    for number, pair in enumerate(zip(stored, drawn, strict=True), 1):
        problem = difference(*pair)
        if problem:
            return f"Picture {number} differs from the stored one: {problem}"
    return None


def pictures(outputs) -> list[bytes]:
    """Return the PNG files in the outputs of a cell."""
    data = [output.get("data", {}).get("image/png") for output in outputs]
    return [base64.b64decode(png) for png in data if png]


def difference(stored: bytes, drawn: bytes) -> str | None:
    """Return how two PNG files differ to the eye; None if they do not."""
    import numpy as np

    if stored == drawn:
        return None
    try:
        before, now = block_colours(stored), block_colours(drawn)
    except (OSError, SyntaxError):
        return "it cannot be read as a PNG"
    if before.shape != now.shape:
        return "it has another size"
    apart = np.abs(before - now).max(axis=-1)
    share = float(np.mean(apart > CHANGED))
    if apart.mean() > MEAN_DIFFERENCE or share > MANY_CHANGED:
        return f"{share:.1%} of it changed, by {apart.mean():.1f} of 255 on average"
    if apart.max() > ANOTHER_COLOUR:
        row, column = np.unravel_index(apart.argmax(), apart.shape)
        return f"around pixel ({column * BLOCK}, {row * BLOCK})"
    return None


def block_colours(png: bytes):
    """Return the mean colours of the blocks of a picture, (rows, columns, 3)."""
    import numpy as np
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float)
    height, width, _ = pixels.shape
    fill = ((0, -height % BLOCK), (0, -width % BLOCK), (0, 0))
    pixels = np.pad(pixels, fill, mode="edge")
    rows, columns = pixels.shape[0] // BLOCK, pixels.shape[1] // BLOCK
    return pixels.reshape(rows, BLOCK, columns, BLOCK, 3).mean(axis=(1, 3))
