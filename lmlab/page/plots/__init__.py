"""Pictures of the course, in one look; each function draws one figure.

Titles state the message of a picture. Importing this loads matplotlib, sets its
defaults and a font that has the Chinese characters of the course.
"""

from lmlab.page.plots.charts import bars, lines, loss_curve
from lmlab.page.plots.diagrams import graph, network
from lmlab.page.plots.grids import heatmap, images, token_grid
from lmlab.page.plots.points import decision_regions, scatter
from lmlab.page.plots.roadmap import road
from lmlab.page.plots.style import ACCENT, COLORS, INK, MUTED, axes

__all__ = [
    "ACCENT",
    "COLORS",
    "INK",
    "MUTED",
    "axes",
    "bars",
    "decision_regions",
    "graph",
    "heatmap",
    "images",
    "lines",
    "loss_curve",
    "network",
    "road",
    "scatter",
    "token_grid",
]
