"""Pictures made of cells: heat maps with tokens on the axes, images, token columns."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from lmlab.page.plots.style import (
    COLORS,
    DIVERGING,
    INK,
    PAPER,
    SEQUENTIAL,
    WIDTH,
    array,
    canvas,
    diagram,
    figure_title,
    fit_labels,
    text_width,
    width_inches,
)


def heatmap(
    matrix: np.ndarray,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    title: str,
    values: bool | str = False,
    xlabel: str = "",
    ylabel: str = "",
    diverging: bool = False,
    vmin: float | None = None,
    vmax: float | None = None,
    label: str = "",
    ax: Axes | None = None,
) -> None:
    """Draw a matrix (rows, columns) as shaded cells: attention, tables of counts.

    `values` prints the numbers, with two decimals or in a format such as ".1f".
    `diverging` is for signed numbers, with white at 0. Cells that are infinite or not
    a number stay grey. `label` names the colour bar.
    """
    matrix = array("matrix", matrix, 2)
    n_rows, n_columns = matrix.shape
    for name, given, count in (("rows", rows, n_rows), ("columns", columns, n_columns)):
        if given is not None and len(given) != count:
            raise ValueError(
                f"{name} must have {count} labels, as the matrix is "
                f"{n_rows} x {n_columns}: got {len(given)}"
            )
    if ax is None:
        cell = min(0.62, 5.2 / max(n_rows, n_columns, 1))
        high = max(cell * n_rows, 1.2) + 1.4
        wide = min(WIDTH, max(cell * n_columns + 2.6, 4.6))
        ax = canvas(None, title, xlabel, ylabel, wide, high)
    else:
        canvas(ax, title, xlabel, ylabel)
        cell = ax.bbox.height / ax.figure.dpi / max(n_rows, 1)
    finite = np.isfinite(matrix)
    if diverging:
        far = np.abs(matrix[finite]).max(initial=0.0) or 1.0
        vmin = -far if vmin is None else vmin
        vmax = far if vmax is None else vmax
    square = max(matrix.shape) <= 6 * min(matrix.shape)
    image = ax.imshow(
        np.ma.masked_where(~finite, matrix),
        cmap=DIVERGING if diverging else SEQUENTIAL,
        vmin=vmin,
        vmax=vmax,
        aspect="equal" if square else "auto",
        interpolation="nearest",
    )
    _open_cells(ax, n_rows, n_columns)
    if label or not values:
        # An inch, as a part of the map's width
        inch = 1 / (cell * n_columns if square else width_inches(ax))
        beside = ax.inset_axes((1 + 0.14 * inch, 0, 0.15 * inch, 1))
        bar = ax.figure.colorbar(image, cax=beside, label=label)
        bar.outline.set_visible(False)
    _token_ticks(ax, rows, columns, cell)
    if values:
        whole = np.equal(np.mod(matrix[finite], 1), 0).all()
        spec = values if isinstance(values, str) else ".0f" if whole else ".2f"
        _print_values(ax, image, matrix, spec)


def images(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    *,
    title: str,
    columns: int = 8,
) -> None:
    """Draw small images (n, height, width), ink dark on white: digits, filters.

    In colour they are (n, height, width, 3), red, green and blue from 0 to 1.
    """
    pictures = [array(f"images[{i}]", image) for i, image in enumerate(images)]
    for i, picture in enumerate(pictures):
        if picture.ndim != 2 and picture.shape[2:] != (3,):
            raise ValueError(
                f"images[{i}] must have shape (height, width), or (height, width, 3): "
                f"got {picture.shape}"
            )
    if not pictures:
        raise ValueError("images must hold at least one image: got none")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"titles must have one entry per image, {len(pictures)}: got {len(titles)}"
        )
    across = min(columns, len(pictures))
    down = -(-len(pictures) // across)
    wider = max(picture.shape[1] / picture.shape[0] for picture in pictures)
    size = min(1.3, (WIDTH / across - 0.1) / max(wider, 1))
    head = 0.34 if titles is not None else 0.0
    room = size * max(wider, 1)
    wide = across * (room + 0.1)
    letters = max((text_width(str(t), 12) for t in titles or ()), default=0)
    letters = 12 * min(1, (room + 0.1) / letters) if letters and wider > 1 else 12
    figure, grid = plt.subplots(
        down,
        across,
        figsize=(max(wide, 4.5), down * (size + head) + 0.6),
        squeeze=False,
    )
    figure_title(figure, title)
    for ax in grid.flat:
        ax.set_axis_off()
    for i, (ax, picture) in enumerate(zip(grid.flat, pictures, strict=False)):
        ax.imshow(picture, cmap="Greys", interpolation="nearest")
        if titles is not None:
            ax.set_title(str(titles[i]), loc="center", size=letters, weight="normal",
                         pad=4)  # fmt: skip


def token_grid(
    tokens: Sequence[str], cells: Sequence[Sequence[str] | bytes], *, title: str
) -> None:
    """Draw a column per token with its strings below: bytes, ids, neighbours.

    `cells` has one entry per token: strings, one string, or bytes, which are written
    as two hexadecimal digits each. Long rows of tokens are broken.
    """
    if not len(tokens):
        raise ValueError("tokens must hold at least one token: got none")
    if len(tokens) != len(cells):
        raise ValueError(
            f"cells must have one entry per token, {len(tokens)}: got {len(cells)}"
        )
    below = [_strings(cell) for cell in cells]
    widest = max((text_width(s, 15) for s in [*tokens, *sum(below, [])]), default=0)
    wide = max(widest + 0.3, 0.62)
    across = max(1, int(WIDTH / wide))
    blocks = [range(len(tokens))[i : i + across] for i in range(0, len(tokens), across)]
    line, gap = 0.44, 0.26
    depths = [1 + max(len(below[i]) for i in block) for block in blocks]
    ax = diagram(
        title,
        wide * min(across, len(tokens)),
        sum(depths) * line + (len(blocks) - 1) * gap,
    )
    y = 0.0
    for block, depth in zip(blocks, depths, strict=True):
        for column, i in enumerate(block):
            x = column * wide
            _box(ax, x, y, wide, line, COLORS[0], tokens[i], "white", 15)
            for row, word in enumerate(below[i], start=1):
                _box(ax, x, y + row * line, wide, line, PAPER, word, INK)
        y += depth * line + gap


def _open_cells(ax: Axes, n_rows: int, n_columns: int) -> None:
    """Take away the frame, and part the cells by white lines where they are few."""
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if max(n_rows, n_columns) <= 24:
        ax.vlines(np.arange(1, n_columns) - 0.5, -0.5, n_rows - 0.5, "white", lw=1.5)
        ax.hlines(np.arange(1, n_rows) - 0.5, -0.5, n_columns - 0.5, "white", lw=1.5)
        ax.set(xlim=(-0.5, n_columns - 0.5), ylim=(n_rows - 0.5, -0.5))


def _token_ticks(
    ax: Axes, rows: Sequence[str] | None, columns: Sequence[str] | None, cell: float
) -> None:
    """Write tokens along the axes, or numbers where there are none.

    `cell` is the height of a cell in inches; where it is small, labels are left out.
    """
    for own, labels in ((ax.yaxis, rows), (ax.xaxis, columns)):
        if labels is None:
            own.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    if rows is not None:
        step = max(1, int(np.ceil(0.2 / cell)))
        ax.set_yticks(np.arange(0, len(rows), step), list(rows[::step]), va="center")
    if columns is not None:
        slot = width_inches(ax) / len(columns)
        fit_labels(ax, columns, slot, step=max(1, int(np.ceil(0.2 / slot))))


def _print_values(ax: Axes, image: AxesImage, matrix: np.ndarray, spec: str) -> None:
    """Write the numbers into the cells, as large as they fit."""
    words = {at: _number(value, spec) for at, value in np.ndenumerate(matrix)}
    widest = max(text_width(word, 12) for word in words.values())
    cell = width_inches(ax) / matrix.shape[1]
    size = min(12, 12 * 0.92 * cell / widest) if widest else 12
    for (i, j), word in words.items():
        value = matrix[i, j]
        shade = image.cmap(image.norm(value)) if np.isfinite(value) else "white"
        dark = np.dot(to_rgb(shade), [0.299, 0.587, 0.114]) < 0.45
        ax.text(j, i, word, ha="center", va="center", size=size,
                color="white" if dark else INK)  # fmt: skip


def _number(value: float, spec: str) -> str:
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:{spec}}".replace("-", "−")


def _strings(cell: Sequence[str] | bytes | str) -> list[str]:
    if isinstance(cell, bytes):
        return [f"{byte:02x}" for byte in cell]
    return [cell] if isinstance(cell, str) else [str(word) for word in cell]


def _box(
    ax: Axes, x: float, y: float, wide: float, high: float, fill: str, word: str,
    colour: str, size: float = 13,
) -> None:  # fmt: skip
    ax.add_patch(
        FancyBboxPatch(
            (x + 0.04, y + 0.04),
            wide - 0.08,
            high - 0.08,
            boxstyle="round,pad=0,rounding_size=0.06",
            fc=fill,
            ec="none",
        )
    )
    ax.text(x + wide / 2, y + high / 2, word, ha="center", va="center_baseline",
            color=colour, size=size)  # fmt: skip
