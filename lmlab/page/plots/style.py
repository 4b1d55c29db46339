"""One look for all pictures: colours, fonts, titles and empty axes.

The colours are those of Okabe and Ito (2008), which colour-blind readers can tell
apart. Importing this sets matplotlib's defaults, a font with Chinese among them, and
drops the fonts and settings of the machine, so that a picture is the same everywhere.
"""

import logging
import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

# On its first run matplotlib says that it builds a font cache, on standard error,
# where a notebook's page would keep it.
_logger = logging.getLogger("matplotlib.font_manager")
_level = _logger.level
_logger.setLevel(logging.ERROR)
import matplotlib  # noqa: E402
from matplotlib import font_manager  # noqa: E402
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.backend_bases import RendererBase  # noqa: E402
from matplotlib.colors import LinearSegmentedColormap, to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.layout_engine import PlaceHolderLayoutEngine  # noqa: E402
from matplotlib.textpath import TextToPath  # noqa: E402

from lmlab.page import datasets  # noqa: E402

_logger.setLevel(_level)

COLORS = [
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # purple
    "#E69F00",  # orange
    "#56B4E9",  # sky
    "#000000",  # black
    "#F0E442",  # yellow
]
INK, MUTED, ACCENT = "#1B1F24", "#626A75", "#D55E00"
GRID, PAPER = "#E4E7EB", "#F4F6F8"
MARKERS = "osD^vPX*"  # one per colour, for readers who see no colours

# Lightness falls evenly from one end to the other, so that grey prints keep the order.
SEQUENTIAL = LinearSegmentedColormap.from_list(
    "lmlab", [(0, "#F5F8FB"), (0.26, "#9CC6E3"), (0.66, "#0072B2"), (1, "#06304F")]
).with_extremes(bad=GRID)
DIVERGING = LinearSegmentedColormap.from_list(
    "lmlab_diverging",
    ["#06304F", "#0072B2", "#9CC6E3", "#FAFAFA", "#F2B48C", "#D55E00", "#6B2A00"],
).with_extremes(bad=GRID)

WIDTH, HEIGHT = 7.5, 4.2  # inches
FAMILIES = ["DejaVu Sans", "LM Lab Han"]  # glyph by glyph, the first that has it


def use_style() -> None:
    """Make the house look matplotlib's default, for pictures drawn freely too."""
    matplotlib.rcdefaults()
    fonts, own = font_manager.fontManager, matplotlib.get_data_path()
    fonts.ttflist = [f for f in fonts.ttflist if Path(f.fname).is_relative_to(own)]
    fonts.addfont(datasets.path("NotoSansSC-subset.otf"))
    # The one weight serves bold titles too, or matplotlib would complain each time.
    fonts.ttflist.append(replace(fonts.ttflist[-1], weight=700))
    matplotlib.rcParams.update(
        {
            "font.family": FAMILIES,
            "font.size": 12,
            "text.color": INK,
            "axes.unicode_minus": True,
            "figure.figsize": (WIDTH, HEIGHT),
            "figure.dpi": 100,
            "savefig.dpi": 100,
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "figure.titlesize": 14,
            "figure.titleweight": "bold",
            "axes.titlesize": 13,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.titlepad": 10,
            "axes.labelsize": 12,
            "axes.labelpad": 6,
            "axes.labelcolor": INK,
            "axes.edgecolor": MUTED,
            "axes.linewidth": 1.0,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": matplotlib.cycler(color=COLORS),
            "grid.color": GRID,
            "grid.linewidth": 1.0,
            "xtick.color": MUTED,
            "ytick.color": MUTED,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "xtick.labelsize": 12,
            "ytick.labelsize": 12,
            "lines.linewidth": 2.5,
            "lines.markersize": 7,
            "lines.solid_capstyle": "round",
            "legend.frameon": False,
            "legend.fontsize": 12,
            "image.cmap": "viridis",
        }
    )
    # Registered by type it would be lost: the inline backend takes such printers away.
    Figure._repr_pretty_ = _show_words


class _Words(RendererBase):
    """Draws nothing, and keeps the words that would have been drawn, in order."""

    def __init__(self):
        super().__init__()
        self.words: list[str] = []

    def draw_text(self, gc, x, y, s, *args, **kwargs):
        self.words.append(s)

    def draw_path(self, *args, **kwargs):
        pass

    draw_markers = draw_path_collection = draw_quad_mesh = draw_path
    draw_gouraud_triangles = draw_image = draw_path


def words(figure: Figure) -> list[str]:
    """Return all text in a figure, line by line as it is drawn: titles, ticks, labels.

    A page stores them beside the picture, because 0.81 in place of 0.31 changes few
    pixels; who cannot see the picture can read them.
    """
    renderer = _Words()
    figure.draw(renderer)
    return renderer.words


def _show_words(figure: Figure, printer, cycle: bool) -> None:
    """What IPython asks for, and stores as the text of a picture."""
    printer.text("\n".join(["A picture. Its words:", *words(figure)]))


def axes(
    title: str | Sequence[str],
    xlabel: str = "",
    ylabel: str = "",
    n: int = 1,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Axes | np.ndarray:
    """Return empty axes in the house look: one, or an array of `n` side by side.

    `title` is one sentence, or with `n` above 1 a list of `n`, one above each. Sizes
    in inches, for the whole figure. For drawing what no other function here draws.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1: got {n}")
    if not isinstance(title, str) and len(title) != n:
        raise ValueError(f"title must be one string or {n} of them: got {len(title)}")
    figure, grid = plt.subplots(1, n, figsize=(width, height), squeeze=False)
    figure.get_layout_engine().set(wspace=0.06)
    row = grid[0]
    if isinstance(title, str):
        figure_title(figure, title)
    else:
        for ax, words in zip(row, title, strict=True):
            axes_title(ax, words)
    for ax in row:
        ax.set_xlabel(xlabel)
    row[0].set_ylabel(ylabel)
    return row[0] if n == 1 else row


def figure_title(figure: Figure, title: str) -> None:
    """Set a title along the figure's left edge, broken into lines that fit."""
    wrapped = wrap(title, figure.get_figwidth(), 14)
    figure.suptitle(wrapped, x=0.005, ha="left", linespacing=1.25)


def axes_title(ax: Axes, title: str) -> None:
    """Set a title above one of several axes."""
    across = ax.get_gridspec().ncols if ax.get_gridspec() else 1
    width = ax.figure.get_figwidth() / across - 0.7
    ax.set_title(wrap(title, width, 13), linespacing=1.2)


def canvas(
    ax: Axes | None,
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Axes:
    """Return `ax` with title and labels set, or new axes where `ax` is None."""
    if ax is None:
        return axes(title, xlabel, ylabel, width=width, height=height)
    if title:
        axes_title(ax, title)
    if xlabel:
        ax.set_xlabel(xlabel)
    if ylabel:
        ax.set_ylabel(ylabel)
    return ax


def diagram(title: str, wide: float, tall: float) -> Axes:
    """Return bare axes whose unit is one inch, from (0, 0) at the top left, y down."""
    width = max(wide, 5.0) + 0.1
    title = wrap(title, width, 14)
    head = 0.26 * (title.count("\n") + 1) + 0.14
    still = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)
    figure = plt.figure(figsize=(width, tall + head), layout=still)
    figure.suptitle(title, x=0.05 / width, y=1 - 0.05 / (tall + head), ha="left",
                    linespacing=1.25)  # fmt: skip
    ax = figure.add_axes((0.05 / width, 0, wide / width, tall / (tall + head)))
    ax.set_axis_off()
    ax.set(xlim=(0, wide), ylim=(tall, 0))
    return ax


def shrink(ax: Axes, wide: float, tall: float) -> float:
    """Make axes of any size count `wide` by `tall` inches; return their true scale."""
    ax.set_axis_off()
    ax.set(xlim=(0, wide), ylim=(tall, 0), aspect="equal", anchor="NW")
    return min(1.0, width_inches(ax) / wide)


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of the longest line of `text` in inches."""
    font = font_manager.FontProperties(family=FAMILIES, size=size, weight=weight)
    measure = TextToPath().get_text_width_height_descent
    return max(measure(s, font, s.count("$") > 1)[0] for s in text.split("\n")) / 72


def wrap(text: str, width: float, size: float) -> str:
    """Break bold `text` into as few lines as fit `width` inches, evenly long."""
    for lines in range(1, len(text) + 1):
        for columns in range(-(-len(text) // lines), len(text) + 1):
            broken = textwrap.wrap(text, columns, break_long_words=False)
            if len(broken) <= lines:
                broken = "\n".join(broken)
                if text_width(broken, size, "bold") <= width:
                    return broken
                break
    return text


def fit_labels(ax: Axes, labels: Sequence[str], slot: float, step: int = 1) -> None:
    """Write labels at x = 0, step, 2 step ... each with `slot` inches of room.

    They stand upright where they fit; else they are broken at spaces, Chinese is
    stacked, and what is still too wide is slanted.
    """
    words = [str(label) for label in labels[::step]]
    room = slot * step - 0.06

    def fits(words: list[str]) -> bool:
        return all(text_width(word, 12) <= room for word in words)

    slant = {}
    if not fits(words):
        if all(ord(c) > 0x2E7F for word in words for c in word):
            words = ["\n".join(word) for word in words]
        elif fits([word.replace(" ", "\n") for word in words]):
            words = [word.replace(" ", "\n") for word in words]
        else:
            slant = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(np.arange(0, len(labels), step), words, **slant)


def width_inches(ax: Axes) -> float:
    """Return how wide axes are once the figure is laid out."""
    ax.figure.draw_without_rendering()
    return ax.bbox.width / ax.figure.dpi


def deep(colour: str) -> tuple[float, float, float]:
    """Return a darker `colour` in which small type stays readable on white."""
    return tuple(0.68 * channel for channel in to_rgb(colour))


def array(name: str, value: object, ndim: int | None = None) -> np.ndarray:
    """Return `value` (list, array or tensor) as a float array with `ndim` axes."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        result = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must hold numbers: got {value!r:.80}") from None
    if ndim is not None and result.ndim != ndim:
        raise ValueError(
            f"{name} must have {ndim} axes: got {result.ndim}, shape {result.shape}"
        )
    return result


use_style()
