"""Sheets of small drawings, to look at many at once; lesson 20 draws its digits so."""

from collections.abc import Mapping

import numpy as np
from matplotlib import pyplot as plt

from lmlab.page.plots.style import WIDTH, array, figure_title


def sheets(
    named: Mapping[str, np.ndarray], *, title: str, columns: int = 10
) -> None:
    """Draw sheets of small square pictures, two side by side, each below its name.

    named: pictures (n, side * side), ink dark on white; `columns` divides n.
    """
    across = min(2, len(named))
    down = -(-len(named) // across)
    drawn = []
    for name, pictures in named.items():
        flat = array(f"named[{name!r}]", pictures, 2)
        side = round(flat.shape[1] ** 0.5)
        if side**2 != flat.shape[1] or len(flat) % columns:
            raise ValueError(
                f"named[{name!r}] must hold square pictures, a multiple of {columns}: "
                f"got shape {flat.shape}"
            )
        rim = ((0, 0), (0, 0), (1, 1), (1, 1))
        cells = np.pad(flat.reshape(-1, columns, side, side), rim,
                       constant_values=flat.min())  # fmt: skip
        drawn.append(cells.swapaxes(1, 2).reshape(-1, columns * (side + 2)))
    wide = min(WIDTH / across, 5.0) - 0.15
    tall = max(sheet.shape[0] / sheet.shape[1] for sheet in drawn) * wide
    figure, grid = plt.subplots(
        down,
        across,
        figsize=(max(across * (wide + 0.15), 4.5), down * (tall + 0.4) + 0.5),
        squeeze=False,
    )
    figure_title(figure, title)
    for ax in grid.flat:
        ax.set_axis_off()
    for ax, name, sheet in zip(grid.flat, named, drawn, strict=False):
        ax.imshow(sheet, cmap="Greys", interpolation="nearest")
        ax.set_title(name, size=12, pad=3)
