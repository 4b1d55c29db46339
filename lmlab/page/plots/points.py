"""Pictures of points on a plane: classes, and the regions a model gives them."""

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba

from lmlab.page.plots.style import COLORS, DIVERGING, INK, MARKERS, array, canvas


def scatter(
    X: np.ndarray,
    y: Sequence | np.ndarray | None,
    *,
    title: str,
    xlabel: str = "",
    ylabel: str = "",
    ax: Axes | None = None,
) -> None:
    """Draw points (n, 2), coloured and shaped by class `y` (n,): do groups part?

    `y` holds up to eight whole numbers or names, or is None for one kind of point.
    """
    X, kinds = _points(X, [""] * len(X) if y is None else y)
    ax = canvas(ax, title, xlabel, ylabel)
    _draw_points(ax, X, kinds)
    if y is not None:
        _class_legend(ax)


def decision_regions(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    y: Sequence | np.ndarray,
    *,
    title: str,
    ax: Axes | None = None,
) -> None:
    """Draw where a two-class model says which class, over points (n, 2) with y (n,).

    `predict` takes (m, 2) and returns m probabilities of class 1 (boundary at 0.5) or,
    where any lies outside 0..1, m scores (boundary at 0).
    """
    X, kinds = _points(X, y)
    low, high = X.min(axis=0), X.max(axis=0)
    edge = 0.12 * (high - low) + 1e-9
    across = np.linspace(low[0] - edge[0], high[0] + edge[0], 200)
    up = np.linspace(low[1] - edge[1], high[1] + edge[1], 160)
    grid = np.stack(np.meshgrid(across, up), axis=-1)  # (160, 200, 2)
    score = array("predict(X)", predict(grid.reshape(-1, 2))).squeeze()
    if score.shape != (grid[..., 0].size,):
        raise ValueError(
            f"predict must return one number per row, ({grid[..., 0].size},): "
            f"got shape {score.shape}"
        )
    if score.min() < 0 or score.max() > 1:
        score = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
    score = score.reshape(grid.shape[:2])
    ax = canvas(ax, title)
    tints = DIVERGING(np.linspace(0.29, 0.71, 8))
    ax.contourf(across, up, score, levels=np.linspace(0, 1, 9), colors=tints)
    if score.min() < 0.5 < score.max():
        ax.contour(across, up, score, levels=[0.5], colors=[INK], linewidths=2.5)
    _draw_points(ax, X, kinds, outline="white")
    ax.grid(False)
    ax.set_xlabel(ax.get_xlabel() or "$x_1$")
    if ax.get_subplotspec() is None or ax.get_subplotspec().is_first_col():
        ax.set_ylabel(ax.get_ylabel() or "$x_2$")
    _class_legend(ax)


def _class_legend(ax: Axes) -> None:
    """Name the classes once, below the figure."""
    if not ax.figure.legends:
        handles, names = ax.get_legend_handles_labels()
        ax.figure.legend(handles, names, loc="outside lower center", ncols=len(names),
                         handletextpad=0.2, markerscale=1.4)  # fmt: skip


def _points(X: np.ndarray, y: Sequence) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Check points and classes; return each class's name with its mask."""
    X, y = array("X", X, 2), np.asarray(y)
    if X.shape[1] != 2:
        raise ValueError(f"X must have two columns: got shape {X.shape}")
    if y.shape != (len(X),):
        raise ValueError(f"y must have shape ({len(X)},), one per row: got {y.shape}")
    kinds = np.unique(y)
    if len(kinds) > len(COLORS):
        raise ValueError(f"y must hold at most 8 classes: got {len(kinds)}")
    words = y.dtype.kind in "US"
    return X, {str(k) if words else f"class {k:g}": y == k for k in kinds}


def _draw_points(
    ax: Axes, X: np.ndarray, kinds: dict[str, np.ndarray], outline: str = "none"
) -> None:
    size = 38 if ax.figure.get_figwidth() / len(ax.figure.axes) > 4 else 20
    size = 120 if len(X) <= 20 else size
    for i, (name, mask) in enumerate(kinds.items()):
        ax.scatter(
            *X[mask].T,
            s=size,
            color=to_rgba(COLORS[i], 0.9),
            marker=MARKERS[i],
            label=name,
            edgecolors=outline,
            linewidths=0.8,
        )
