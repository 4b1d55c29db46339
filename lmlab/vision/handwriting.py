"""The digits of scikit-learn, at hand before scikit-learn is.

Lessons 19 to 21 begin with handwriting. To import scikit-learn takes a second, and of
all that is in it their first cells need one file.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np


def load_digits() -> tuple[np.ndarray, np.ndarray]:
    """Return pixels (1797, 64), 0 for paper to 16 for ink, and the digits (1797,).

    As `sklearn.datasets.load_digits(return_X_y=True)` does, out of the same file.
    """
    folder = Path(find_spec("sklearn").origin).parent  # found, but not imported
    table = np.loadtxt(folder / "datasets/data/digits.csv.gz", delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)
