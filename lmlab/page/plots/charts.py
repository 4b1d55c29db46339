"""Pictures of numbers that follow something: lines, loss curves, bars."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from lmlab.page.plots.style import (
    ACCENT,
    COLORS,
    INK,
    MARKERS,
    MUTED,
    array,
    canvas,
    deep,
    fit_labels,
    width_inches,
    wrap,
)

Series = Sequence[float] | np.ndarray


def lines(
    series: Mapping[str, Series] | Series,
    x: Series | None = None,
    *,
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    bands: Mapping[str, tuple[Series, Series]] | None = None,
    logx: bool = False,
    logy: bool = False,
    marks: bool = False,
    ax: Axes | None = None,
) -> None:
    """Draw one line, or one per name, labelled at its end: how y follows x.

    Each series is (n,); `x` is (n,) and counts from 0 where it is left out. `bands`
    gives a (low, high) pair of (n,) for some names; `marks` dots the points.
    """
    ys = _named("series", series)
    if not ys:
        raise ValueError("series must hold at least one line: got none")
    xs = {name: _steps(name, y, x) for name, y in ys.items()}
    edges = _edges(bands or {}, ys)
    ax = canvas(ax, title, xlabel, ylabel)
    if logx:
        ax.set_xscale("log")
    if logy:
        ax.set_yscale("log")
    for i, (name, y) in enumerate(ys.items()):
        colour = COLORS[i % len(COLORS)]
        marker = MARKERS[i % len(MARKERS)] if marks else None
        ax.plot(xs[name], y, color=colour, marker=marker, label=name)
        if name in edges:
            ax.fill_between(xs[name], *edges[name], color=colour, alpha=0.18, lw=0)
    ax.margins(x=0.02)
    for axis in (ax.xaxis,) * logx + (ax.yaxis,) * logy:
        _plain_numbers(axis)
    _label_lines(ax, [name for name in ys if name])


def loss_curve(
    histories: Mapping[str, Series],
    *,
    title: str,
    floor: float | None = None,
    floor_label: str = "",
    ylabel: str = "loss (nats)",
    xlabel: str = "step",
    ax: Axes | None = None,
) -> None:
    """Draw the loss of one or more trainings, step by step: is it learning?

    Each history is (steps,). `floor` is a dashed line that no model can go below.
    """
    losses = _named("histories", histories)
    if not losses:
        raise ValueError("histories must hold at least one training: got none")
    ax = canvas(ax, title, xlabel, ylabel)
    if floor is not None:
        ax.axhline(floor, color=MUTED, lw=2, ls=(0, (4, 3)))
        ax.annotate(
            floor_label,
            (0.01, floor),
            (0, -4),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="top",
            color=MUTED,
        )
        ax.margins(y=0.1)
    lines(losses, title="", ax=ax)


def bars(
    labels: Sequence[str],
    values: Series | Mapping[str, Series],
    *,
    title: str,
    ylabel: str = "",
    reference: float | None = None,
    reference_label: str = "",
    errors: Series | Mapping[str, Series] | None = None,
    highlight: int | str | None = None,
    horizontal: bool = False,
    ax: Axes | None = None,
) -> None:
    """Draw a bar per label, or with a dict of names a group per label: compare sizes.

    `values` is (labels,) or name -> (labels,), and `errors` likewise (half-lengths).
    `reference` is a dashed line, such as chance; `highlight`, a label or its index,
    is drawn in the accent colour. `ylabel` names what the bars measure.
    """
    labels = [str(label) for label in labels]
    groups = _named("values", values)
    spread = _named("errors", {} if errors is None else errors)
    for kind, given in (("values", groups), ("errors", spread)):
        for name, v in given.items():
            if len(v) != len(labels):
                raise ValueError(
                    f"{_title(kind, name)} must have one number per label, "
                    f"{len(labels)}: got {len(v)}"
                )
    if not set(spread) <= set(groups):
        raise ValueError(f"errors must name values {list(groups)}: got {list(spread)}")
    if isinstance(highlight, str):
        if highlight not in labels:
            raise ValueError(f"highlight must be one of {labels}: got {highlight!r}")
        highlight = labels.index(highlight)
    if horizontal:
        per_label = 0.42 if len(groups) == 1 else 0.3 * len(groups) + 0.1
        high = max(2.6, per_label * len(labels) + 1.3 + 0.3 * (len(groups) > 1))
        ax = canvas(ax, title, xlabel=ylabel, height=high)
    else:
        ax = canvas(ax, title, ylabel=ylabel)
    draw = ax.barh if horizontal else ax.bar
    thick = 0.76 / len(groups)
    at = np.arange(len(labels))
    for i, (name, v) in enumerate(groups.items()):
        colours = [COLORS[i % len(COLORS)]] * len(v)
        if highlight is not None:
            colours[highlight] = ACCENT
        error = spread.get(name)
        side = {"xerr" if horizontal else "yerr": error} if error is not None else {}
        shift = (i - (len(groups) - 1) / 2) * thick
        draw(
            at + shift,
            v,
            thick * 0.96,
            color=colours,
            label=name,
            error_kw={"ecolor": INK, "elinewidth": 1.8, "capsize": 4},
            **side,
        )
    if horizontal:
        ax.invert_yaxis()
        ax.set_yticks(at, labels)
    else:
        ax.set_xlim(-0.5, len(labels) - 0.5)
        fit_labels(ax, labels, width_inches(ax) / len(labels))
    across = "y" if horizontal else "x"
    ax.grid(False, axis=across)
    ax.tick_params(axis=across, length=0)
    if reference is not None:
        _reference(ax, reference, reference_label, horizontal)
    if len(groups) > 1:
        ax.figure.legend(loc="outside lower center", ncols=min(4, len(groups)))


def _named(kind: str, values: Series | Mapping[str, Series]) -> dict[str, np.ndarray]:
    given = values if isinstance(values, Mapping) else {"": values}
    return {name: array(_title(kind, name), v, 1) for name, v in given.items()}


def _title(kind: str, name: str) -> str:
    return f"{kind} {name!r}" if name else kind


def _edges(
    bands: Mapping[str, tuple[Series, Series]], ys: dict[str, np.ndarray]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Check the low and high edge of each band against its series."""
    edges = {}
    for name, pair in bands.items():
        if name not in ys:
            raise ValueError(f"bands must name series {list(ys)}: got {name!r}")
        low, high = (array(f"bands {name!r}", edge, 1) for edge in pair)
        if low.shape != ys[name].shape or high.shape != ys[name].shape:
            raise ValueError(
                f"bands {name!r} must have the length of its series, "
                f"{len(ys[name])}: got {len(low)} and {len(high)}"
            )
        edges[name] = (low, high)
    return edges


def _steps(name: str, y: np.ndarray, x: Series | None) -> np.ndarray:
    if x is None:
        return np.arange(len(y))
    x = array("x", x, 1)
    if len(x) != len(y):
        raise ValueError(
            f"x must be as long as {_title('series', name)}, {len(y)}: got {len(x)}"
        )
    return x


def _plain_numbers(axis: Axis) -> None:
    """Write 10, 100, 1,000 on a logarithmic axis where that is short enough."""
    low, high = axis.get_view_interval()
    if high / low < 30:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    if low > 9e-4 and high < 2e5:
        axis.set_major_formatter(
            FuncFormatter(lambda v, _: f"{v:,.0f}" if v >= 10 else f"{v:g}")
        )
    axis.set_minor_formatter(NullFormatter())


def _label_lines(ax: Axes, names: list[str]) -> None:
    """Write names at the line ends, pushed apart; use a legend where they cannot go."""
    if not names:
        return
    ends = {}
    for line in ax.get_lines():
        xy = line.get_xydata()
        xy = xy[np.isfinite(xy).all(axis=1)]
        if line.get_label() in names and len(xy):
            ends[line.get_label()] = (xy[-1], line.get_color())
    ax.figure.draw_without_rendering()
    pixels = {n: ax.transData.transform(xy) for n, (xy, _) in ends.items()}
    right = [p[0] for p in pixels.values()]
    room = ax.bbox.height / 19
    if len(names) > room or max(map(len, names)) > 22 or np.ptp(right) > 12:
        ax.legend()
        return
    order = sorted(pixels, key=lambda n: pixels[n][1])
    heights = _apart([pixels[n][1] for n in order], 18)
    for name, height in zip(order, heights, strict=True):
        end, colour = ends[name]
        up = (height - pixels[name][1]) * 72 / ax.figure.dpi
        ax.annotate(
            name,
            end,
            (8, up),
            textcoords="offset points",
            va="center",
            color=deep(colour),
            weight="bold",
            annotation_clip=False,
        )


def _apart(heights: list[float], gap: float) -> list[float]:
    """Move sorted heights as little as possible until neighbours are `gap` apart."""
    placed = np.array(heights, dtype=float)
    for _ in range(200):
        close = np.diff(placed) < gap - 1e-6
        if not close.any():
            break
        for i in np.flatnonzero(close):
            push = (gap - (placed[i + 1] - placed[i])) / 2
            placed[i] -= push
            placed[i + 1] += push
    return list(placed)


def _reference(ax: Axes, value: float, label: str, horizontal: bool) -> None:
    """Draw a dashed line across the bars, its label at the line's end."""
    style = {"color": INK, "lw": 2, "ls": (0, (4, 3))}
    if horizontal:
        ax.axvline(value, **style)
        ax.annotate(label, (value, 1), (0, 3), xycoords=("data", "axes fraction"),
                    textcoords="offset points", va="bottom", ha="center")  # fmt: skip
        return
    ax.axhline(value, **style)
    ax.annotate(wrap(label, 1.4, 12), (1, value), (6, 0), va="center",
                xycoords=("axes fraction", "data"),
                textcoords="offset points")  # fmt: skip
