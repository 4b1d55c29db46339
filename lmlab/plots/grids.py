"""Pictures made of cells: heat maps with tokens on the axes, images, token columns."""

from collections.abc import Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MaxNLocator

from lmlab.plots.style import (
    COLORS,
    DIVERGING,
    INK,
    PAPER,
    SEQUENTIAL,
    WIDTH,
    array,
    bare,
    canvas,
    figure_title,
    text_width,
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
        cell = min(0.62, 5.2 / n_columns, 5.2 / n_rows) if max(matrix.shape) else 0.6
        high = max(cell * n_rows, 1.2) + 1.4
        wide = min(WIDTH, max(cell * n_columns + 2.6, 4.6))
        ax = canvas(None, title, xlabel, ylabel, wide, high)
    else:
        canvas(ax, title, xlabel, ylabel)
    finite = np.isfinite(matrix)
    shown = np.ma.masked_where(~finite, matrix)
    if diverging:
        far = max(abs(shown.min()), abs(shown.max())) if finite.any() else 1.0
        vmin = -far if vmin is None else vmin
        vmax = far if vmax is None else vmax
    square = max(matrix.shape) <= 6 * min(matrix.shape)
    image = ax.imshow(
        shown,
        cmap=DIVERGING if diverging else SEQUENTIAL,
        vmin=vmin,
        vmax=vmax,
        aspect="equal" if square else "auto",
        interpolation="nearest",
    )
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if max(matrix.shape) <= 24:
        ax.set_xticks(np.arange(n_columns + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(n_rows + 1) - 0.5, minor=True)
        ax.grid(True, which="minor", color="white", lw=1.5)
        ax.tick_params(which="minor", length=0)
    if values:
        _print_values(ax, image, matrix, values if isinstance(values, str) else None)
    if label or not values:
        ax.figure.colorbar(image, ax=ax, label=label, shrink=0.9, aspect=18).outline.set(
            visible=False
        )
    _token_ticks(ax, "y", rows, n_rows)
    _token_ticks(ax, "x", columns, n_columns)


def images(
    images: Sequence[np.ndarray],
    titles: Sequence[str] | None = None,
    *,
    title: str,
    columns: int = 8,
) -> None:
    """Draw small grey images (n, height, width), ink dark on white: digits, filters."""
    pictures = [array(f"images[{i}]", image, 2) for i, image in enumerate(images)]
    if not pictures:
        raise ValueError("images must hold at least one image: got none")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(
            f"titles must have one entry per image, {len(pictures)}: got {len(titles)}"
        )
    across = min(columns, len(pictures))
    down = -(-len(pictures) // across)
    size = min(1.3, WIDTH / across)
    head = 0.34 if titles is not None else 0.0
    figure, grid = plt.subplots(
        down, across, figsize=(WIDTH, down * (size + head) + 0.6), squeeze=False
    )
    figure_title(figure, title)
    for ax in grid.flat:
        bare(ax)
    for i, (ax, picture) in enumerate(zip(grid.flat, pictures, strict=False)):
        ax.imshow(picture, cmap="Greys", interpolation="nearest")
        if titles is not None:
            ax.set_title(str(titles[i]), loc="center", size=12, weight="normal", pad=4)


def token_grid(
    tokens: Sequence[str], cells: Sequence[Sequence[str] | bytes], *, title: str
) -> None:
    """Draw a column per token with its strings below: bytes, ids, neighbours.

    `cells` has one entry per token: strings, one string, or bytes, which are written
    as two hexadecimal digits each. Long rows of tokens are broken.
    """
    if len(tokens) != len(cells):
        raise ValueError(
            f"cells must have one entry per token, {len(tokens)}: got {len(cells)}"
        )
    below = [_strings(cell) for cell in cells]
    wide = max(text_width(s, 14) for s in [*tokens, *sum(below, [])] or [" "]) + 0.3
    wide = max(wide, 0.62)
    across = max(1, min(len(tokens), int(WIDTH / wide)))
    blocks = [range(i, min(i + across, len(tokens)))
              for i in range(0, len(tokens), across)]
    depth = [1 + max(len(below[i]) for i in block) for block in blocks]
    line, gap = 0.44, 0.3
    high = sum(depth) * line + gap * (len(blocks) - 1)
    ax = canvas(None, title, width=WIDTH, height=high + 0.6)
    bare(ax)
    top = 0.0
    for block, deep_ in zip(blocks, depth, strict=True):
        for column, i in enumerate(block):
            _box(ax, column * wide, top, wide, line, COLORS[0], tokens[i], "white", 15)
            for row, word in enumerate(below[i], start=1):
                _box(ax, column * wide, top + row * line, wide, line, PAPER, word, INK)
        top += deep_ * line + gap
    ax.set(xlim=(0, WIDTH), ylim=(high, 0), aspect="equal", anchor="W")


def _print_values(ax: Axes, image, matrix: np.ndarray, spec: str | None) -> None:
    whole = np.equal(np.mod(matrix[np.isfinite(matrix)], 1), 0).all()
    spec = spec or (".0f" if whole else ".2f")
    words = np.vectorize(lambda v: _number(v, spec), otypes=[object])(matrix)
    size = 12 if matrix.shape[1] <= 8 else 11
    for (i, j), word in np.ndenumerate(words):
        shade = image.cmap(image.norm(matrix[i, j])) if np.isfinite(matrix[i, j]) else ()
        dark = bool(shade) and _luminance(shade) < 0.45
        ax.text(j, i, word, ha="center", va="center", size=size,
                color="white" if dark else INK)


def _number(value: float, spec: str) -> str:
    if np.isnan(value):
        return ""
    if np.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:{spec}}".replace("-", "−")


def _luminance(colour: Sequence[float]) -> float:
    return float(np.dot(to_rgb(colour), [0.299, 0.587, 0.114]))


def _token_ticks(ax: Axes, axis: str, labels: Sequence[str] | None, count: int) -> None:
    """Write tokens along an axis: upright where they fit, else stacked or slanted."""
    own = ax.xaxis if axis == "x" else ax.yaxis
    if labels is None:
        own.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
        return
    ax.figure.draw_without_rendering()
    box = ax.get_window_extent()
    cell = (box.width if axis == "x" else box.height) / count / ax.figure.dpi
    step = max(1, int(np.ceil(0.2 / cell)))
    words = [str(label) for label in labels[::step]]
    slant = 0
    if axis == "x" and max(text_width(w, 12) for w in words) > cell * step - 0.04:
        if all(ord(c) > 0x2E7F for w in words for c in w):
            words = ["\n".join(w) for w in words]
        else:
            slant = 50
    own.set_ticks(np.arange(0, count, step), words)
    if slant:
        plt.setp(ax.get_xticklabels(), rotation=slant, ha="right", rotation_mode="anchor")


def _strings(cell: Sequence[str] | bytes | str) -> list[str]:
    if isinstance(cell, bytes):
        return [f"{byte:02x}" for byte in cell]
    return [cell] if isinstance(cell, str) else [str(word) for word in cell]


def _box(ax, x, y, wide, high, fill, word, colour, size=13) -> None:
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
            color=colour, size=size)
