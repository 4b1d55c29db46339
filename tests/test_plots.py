"""Promises of lmlab.page.plots: one look, readable, the same on every machine."""

import inspect
import io
import logging
import os
import re
import subprocess
import sys
import textwrap
import unicodedata
import warnings
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import matplotlib

matplotlib.use("agg")

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from matplotlib import pyplot as plt
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation, Text

from lmlab.page import datasets, plots
from lmlab.page.paths import course_root
from lmlab.page.plots import layout, roadmap, style

RNG = np.random.default_rng(0)
LINE = "床前明月光"
POINTS = RNG.normal(size=(60, 2))
CLASSES = (POINTS[:, 0] > 0).astype(int)
NODES = {
    "x": "x = 2",
    "w": "w = −3",
    "b": "b = 7",
    "times": ("×", "op"),
    "plus": ("+", "op"),
    "z": "z = 1",
}
EDGES = [
    ("x", "times", "−3.00"),
    ("w", "times", "2.00"),
    ("times", "plus", "1.00"),
    ("b", "plus", "1.00"),
    ("plus", "z", "1.00"),
]
WEIGHTS = [[[1, 0], [0, 1], [1, -1]], [[1, -2, 3]]]

DRAW = {
    "lines": lambda **to: plots.lines(
        {"sigmoid": [0, 0.5, 1], "tanh": [-1, 0, 0.99], "ReLU": [0, 0, 2]},
        [-1, 0, 1],
        xlabel="z",
        ylabel="f(z)",
        bands={"tanh": ([-1.1, -0.1, 0.9], [-0.9, 0.1, 1.1])},
        **to,
    ),
    "loss_curve": lambda **to: plots.loss_curve(
        {"slow": [8, 6, 5], "fast": [8, 5, 4.9]}, floor=4.8, floor_label="counted", **to
    ),
    "heatmap": lambda **to: plots.heatmap(
        np.eye(5), rows=LINE, columns=LINE, values=True, label="weight", **to
    ),
    "bars": lambda **to: plots.bars(
        ["one", "two"], {"before": [1, 2], "after": [3, 1]}, ylabel="loss (nats)",
        reference=2.5, reference_label="chance", errors={"after": [0.2, 0.1]}, **to,
    ),
    "decision_regions": lambda **to: plots.decision_regions(
        lambda points: points[:, 0], POINTS, CLASSES, **to
    ),
    "scatter": lambda **to: plots.scatter(POINTS, CLASSES, **to),
    "graph": lambda **to: plots.graph(NODES, EDGES, **to),
    "network": lambda **to: plots.network([2, 3, 1], weights=WEIGHTS, **to),
    "images": lambda **to: plots.images(
        np.arange(80).reshape(5, 4, 4) % 7, [f"a {n}" for n in range(5)], **to
    ),
    "token_grid": lambda **to: plots.token_grid(
        LINE, [c.encode() for c in LINE], **to
    ),
    "road": lambda **to: plots.road(here="05_backprop", **to),
}  # fmt: skip
INSIDE = [
    name for name in DRAW if "ax" in inspect.signature(getattr(plots, name)).parameters
]


@pytest.fixture(autouse=True)
def no_figures_left():
    plt.close("all")
    yield
    plt.close("all")


def picture() -> np.ndarray:
    """Return the one open figure as a notebook would store it."""
    (number,) = plt.get_fignums()
    file = io.BytesIO()
    plt.figure(number).savefig(file, bbox_inches="tight")
    file.seek(0)
    return plt.imread(file)


def texts() -> list[Text]:
    """Return the texts of the open figure that a reader sees, but for tick labels."""
    figure = plt.gcf()
    figure.draw_without_rendering()
    ticks = set()
    for axis in [axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)]:
        ticks |= {*axis.findobj(Text)} - {axis.label}
    return [t for t in figure.findobj(Text) if t.get_text().strip() and t not in ticks]


def boxes_overlap(a: Text, b: Text) -> bool:
    return a.get_window_extent().overlaps(b.get_window_extent())


def test_every_function_that_is_promised_is_here():
    names = {"axes", "COLORS", "INK", "MUTED", "ACCENT", *DRAW}
    assert set(plots.__all__) == names
    for name in DRAW:
        assert inspect.signature(getattr(plots, name)).return_annotation is None
        assert getattr(plots, name).__doc__.endswith((".\n    ", "."))


@dataclass
class Shot:
    png: bytes
    returned: object
    figures: int
    dpi: float
    smallest_type: float


@cache
def shot(name: str) -> Shot:
    """Draw with a function once for all tests that look at its picture."""
    returned = DRAW[name](title="One sentence that says what to see")
    figures = len(plt.get_fignums())
    smallest = min(text.get_fontsize() for text in texts())
    file = io.BytesIO()
    plt.gcf().savefig(file, bbox_inches="tight")
    return Shot(file.getvalue(), returned, figures, plt.gcf().dpi, smallest)


@pytest.mark.parametrize("name", DRAW)
def test_each_function_draws_one_figure_and_returns_none(name):
    assert shot(name).returned is None
    assert shot(name).figures == 1
    assert plt.imread(io.BytesIO(shot(name).png)).std() > 0.01


@pytest.mark.parametrize("name", DRAW)
def test_type_is_large_enough_for_the_back_of_a_classroom(name):
    assert shot(name).dpi == 100
    assert shot(name).smallest_type >= 12


@pytest.mark.parametrize("name", DRAW)
def test_a_stored_picture_is_small(name):
    assert len(shot(name).png) < (130_000 if name == "road" else 60_000)


@pytest.mark.parametrize("name", ["lines", "heatmap", "graph", "network"])
def test_a_picture_is_the_same_when_drawn_again(name):
    first = shot(name).png
    plt.close("all")
    assert shot.__wrapped__(name).png == first


@pytest.mark.parametrize("name", ["lines", "heatmap", "graph", "images"])
def test_a_long_title_is_broken_at_the_left_edge_and_stays_inside(name):
    DRAW[name](title="A long title that says " + "much more than one line holds " * 4)
    figure = plt.gcf()
    figure.draw_without_rendering()
    title = figure._suptitle
    assert "\n" in title.get_text()
    assert (title.get_weight(), title.get_horizontalalignment()) == ("bold", "left")
    box = title.get_window_extent()
    assert box.x0 >= 0 and box.x1 <= figure.bbox.width
    assert box.y1 <= figure.bbox.height
    assert not [t for t in texts() if t is not title and boxes_overlap(t, title)]


@pytest.mark.parametrize("name", INSIDE)
def test_a_picture_can_be_drawn_into_given_axes(name):
    left, right = plots.axes(["", ""], n=2)
    assert DRAW[name](title="On the right", ax=right) is None
    assert len(plt.get_fignums()) == 1
    assert right.get_title("left") == "On the right"
    assert right.has_data() or right.patches or right.texts
    assert not left.has_data()


def test_importing_plots_sets_the_look_without_torch():
    program = (
        "import sys; from lmlab.page import plots; import matplotlib as m; "
        "assert 'torch' not in sys.modules; "
        "assert m.rcParams['font.family'] == ['DejaVu Sans', 'LM Lab Han']; "
        "assert not m.rcParams['axes.spines.top'] and m.rcParams['figure.dpi'] == 100"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def drawn_with(home, font: str | None, settings: str) -> str:
    """Return the digest of a picture on a machine with another font and settings."""
    home.mkdir()
    (home / "matplotlibrc").write_text(settings)
    program = f"""
        import hashlib, io, matplotlib
        from matplotlib import font_manager
        if {font!r}:
            font_manager.fontManager.addfont({font!r})
            font_manager.fontManager.ttflist.insert(
                0, font_manager.fontManager.ttflist.pop())
        from lmlab.page import plots
        plots.bars(["月 moon", "人"], [2, 1], title="**One** 月", ylabel="$x^2$")
        file = io.BytesIO()
        matplotlib.pyplot.savefig(file, bbox_inches="tight")
        print(hashlib.sha256(file.getvalue()).hexdigest())
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True,
        text=True, check=True, env=os.environ | {"MPLCONFIGDIR": str(home)},
    ).stdout  # fmt: skip


@pytest.mark.parametrize("family", ["DejaVu Sans", "LM Lab Han"])
def test_no_font_and_no_setting_of_the_machine_is_used(tmp_path, family):
    """A font of the machine may bear the very name that pictures ask for."""
    font = TTFont(datasets.path("NotoSansSC-subset.otf"))
    moon, man = (font.getBestCmap()[ord(c)] for c in "月人")
    for table in font["cmap"].tables:
        table.cmap |= {ord("月"): man, ord("人"): moon, ord("o"): man}
    for record in font["name"].names:
        if record.nameID == 1:
            record.string = family
    font.save(tmp_path / "false.otf")
    plain = drawn_with(tmp_path / "plain", None, "")
    theirs = "font.size: 25\nfont.family: serif\nlines.marker: x\npatch.linewidth: 9\n"
    theirs += "savefig.facecolor: red\nmathtext.fontset: stix\nsavefig.pad_inches: 1"
    assert drawn_with(tmp_path / "theirs", None, theirs) == plain
    assert drawn_with(tmp_path / "false", str(tmp_path / "false.otf"), "") == plain


def test_chinese_is_drawn_and_not_as_boxes(caplog):
    shots = []
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        for characters in ("床前明月光", "疑是地上霜"):
            plots.heatmap(np.eye(5), rows=characters, columns=characters, title="月")
            shots.append(picture())
            plt.close("all")
        plots.bars(["月", "人"], [2, 1], title=f"**{LINE}** in a bold title")
        picture()
    assert not caplog.records
    assert shots[0].shape == shots[1].shape
    assert not np.array_equal(*shots)


def test_the_font_has_every_chinese_character_of_the_course():
    font = TTFont(datasets.path("NotoSansSC-subset.otf")).getBestCmap()
    poems = datasets.tang300() + datasets.tang_five()
    used = {c for poem in poems for line in poem.lines for c in line}
    used |= {c for poem in datasets.tang300() for c in poem.text + poem.title}
    used |= set(datasets.pingze())
    for file in sorted(course_root().glob("[ls]*s/*.py")):
        used |= set(file.read_text("utf-8"))
    chinese = {c for c in used if unicodedata.east_asian_width(c) in "WF"}
    assert len(chinese) > 5_000
    assert sorted(c for c in chinese if ord(c) not in font) == []


def test_the_font_file_stays_small():
    assert datasets.path("NotoSansSC-subset.otf").stat().st_size < 2_500_000


def test_the_colours_are_those_that_colour_blind_readers_tell_apart():
    okabe_ito = "000000 E69F00 56B4E9 009E73 F0E442 0072B2 D55E00 CC79A7"
    assert {c.lstrip("#") for c in plots.COLORS} == set(okabe_ito.split())


def lightness(colour) -> float:
    linear = [c / 12.92 if c < 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 116 * float(np.dot(linear, [0.2126, 0.7152, 0.0722])) ** (1 / 3) - 16


def test_the_colour_map_darkens_evenly_so_that_grey_prints_keep_the_order():
    steps = np.diff([lightness(c[:3]) for c in style.SEQUENTIAL(np.linspace(0, 1, 12))])
    assert (steps < -4).all() and (steps > -11).all()


def test_the_diverging_map_is_palest_in_the_middle():
    shades = [lightness(c[:3]) for c in style.DIVERGING(np.linspace(0, 1, 21))]
    assert np.argmax(shades) == 10
    assert (np.diff(shades[:11]) > 0).all() and (np.diff(shades[10:]) < 0).all()


def contrast(colour) -> float:
    luminance = ((lightness(to_rgb(colour)) + 16) / 116) ** 3
    return 1.05 / (luminance + 0.05)


def test_type_in_colour_is_dark_enough_to_read_on_white():
    readable = [style.deep(c) for c in plots.COLORS[:7]]
    readable += [plots.INK, plots.MUTED, *roadmap.PART_COLORS]
    assert min(contrast(colour) for colour in readable) > 4.5


def test_names_at_the_line_ends_do_not_cover_each_other():
    close = {name: [0, 1 + i / 100] for i, name in enumerate("abcdef")}
    plots.lines(close, title="Six lines that end together")
    names = [t for t in texts() if isinstance(t, Annotation)]
    assert [t.get_text() for t in names] == list("abcdef")
    assert not [pair for pair in combinations(names, 2) if boxes_overlap(*pair)]
    assert all(t.get_window_extent().x1 <= plt.gcf().bbox.width for t in names)


@pytest.mark.parametrize(
    "series",
    [
        {"a name of more than twenty letters": [1, 2], "b": [2, 1]},
        {"short": [1, 2], "long": [1, 2, 3, 4, 5]},
        {f"line {i}": [0, i] for i in range(40)},
    ],
)
def test_names_that_do_not_fit_at_the_ends_stand_in_a_legend(series):
    plots.lines(series, title="A legend")
    assert [t.get_text() for t in plt.gca().get_legend().get_texts()] == list(series)


def test_logarithmic_axes_are_numbered_plainly():
    plots.lines([1, 10, 1000], [1, 100, 10_000], logx=True, logy=True, title="Powers")
    plt.gcf().draw_without_rendering()
    words = {text.get_text() for text in plt.gca().findobj(Text)}
    assert {"1", "10", "100", "1,000", "10,000"} <= words
    assert not [word for word in words if "mathdefault" in word]


def test_a_short_logarithmic_axis_tells_its_ticks_apart():
    plots.lines([2.45, 2.3, 2.1], logy=True, title="Less than a power of ten")
    plt.gcf().draw_without_rendering()
    numbers = [tick.get_text() for tick in plt.gca().get_yticklabels()]
    assert "2.2" in numbers and len(numbers) == len(set(numbers))


def test_long_chinese_labels_stand_upright_and_long_words_slant():
    lines = ["床前明月光", "疑是地上霜", "举头望明月", "低头思故乡"] * 3
    plots.heatmap(np.ones((2, 12)), columns=lines, title="Stacked")
    labels = plt.gcf().axes[0].get_xticklabels()
    assert labels[0].get_text() == "\n".join(LINE) and labels[0].get_rotation() == 0
    plots.heatmap(np.ones((2, 12)), columns=["comfortable"] * 12, title="Slanted")
    assert plt.gcf().axes[0].get_xticklabels()[0].get_rotation() == 45


def test_a_colour_bar_is_as_high_as_its_map():
    left, right = plots.axes(["", ""], n=2, width=8, height=6)
    plots.heatmap(np.eye(3), title="", label="weight", ax=right)
    (bar,) = right.child_axes
    plt.gcf().draw_without_rendering()
    assert bar.get_ylabel() == "weight"
    assert np.isclose(bar.bbox.height, right.bbox.height)
    assert bar.bbox.width < 0.3 * plt.gcf().dpi


def test_printed_values_contrast_with_their_cells():
    plots.heatmap([[0.0, 1.0]], values=True, title="Values")
    pale, dark = plt.gca().texts
    assert (pale.get_text(), dark.get_text()) == ("0", "1")
    assert (pale.get_color(), dark.get_color()) == (plots.INK, "white")


def test_infinite_cells_are_named_and_grey():
    plots.heatmap([[1.5, -np.inf], [np.nan, -2]], values=True, diverging=True, title="")
    assert [t.get_text() for t in plt.gca().texts] == ["1.50", "−∞", "", "−2.00"]
    assert plt.gca().images[0].get_clim() == (-2, 2)
    assert plt.gca().images[0].get_array().mask.tolist() == [[0, 1], [1, 0]]


def test_images_may_be_wide_and_in_colour():
    wide = RNG.random((2, 8, 16, 3))
    plots.images(wide, ["a red one", "a blue two"], title="Colour", columns=2)
    shown = [ax.images[0].get_array() for ax in plt.gcf().axes]
    assert np.allclose(shown, wide)
    with pytest.raises(ValueError, match=r"images\[0\] must have shape"):
        plots.images(RNG.random((1, 8, 8, 4)), title="Four channels")


def test_values_shrink_until_they_fit_their_cells():
    plots.heatmap(RNG.random((12, 12)), values=True, title="Many")
    ax = plt.gca()
    cell = ax.get_window_extent().width / 12
    texts()
    assert max(t.get_window_extent().width for t in ax.texts) < cell


def test_a_graph_runs_from_left_to_right():
    columns = layout.columns(list(NODES), [edge[:2] for edge in EDGES])
    assert all(columns[a] < columns[b] for a, b, _ in EDGES)
    assert columns["b"] == columns["plus"] - 1  # inputs stand beside their use


def test_no_label_of_a_graph_covers_another():
    deep = {f"n{i}": (f"value {i}\n{i}.00", "value") for i in range(12)}
    edges = [(f"n{i}", f"n{j}", f"{i}.{j}0") for i in range(12)
             for j in (2 * i + 1, 2 * i + 2) if j < 12]  # fmt: skip
    for nodes, links in ((NODES, EDGES), (deep, edges)):
        plots.graph(nodes, links, title="Labels")
        labels = [t for t in texts() if t.axes]
        assert len(labels) == len(nodes) + len(links)
        assert not [pair for pair in combinations(labels, 2) if boxes_overlap(*pair)]


def test_a_value_used_twice_by_one_operation_has_two_edges():
    plots.graph({"a": "a", "m": ("×", "op")}, [("a", "m"), ("a", "m")], title="a × a")
    spots, routes = layout.place(
        {"a": (1, 1), "m": (1, 1)}, [("a", "m"), ("a", "m")], [0, 0]
    )
    assert routes[0] != routes[1]


def test_a_wide_graph_is_drawn_smaller_instead_of_running_off_the_page():
    chain = {str(i): f"value number {i}" for i in range(12)}
    edges = [(str(i), str(i + 1)) for i in range(11)]
    plots.graph(chain, edges, title="A chain")
    assert plt.gcf().get_figwidth() < 11


def test_weights_on_a_network_are_written_apart():
    plots.network([2, 3, 1], weights=WEIGHTS, labels=[["1", "2"], [], ["y"]], title="")
    labels = texts()
    assert len(labels) == 9 + 3
    assert not [pair for pair in combinations(labels, 2) if boxes_overlap(*pair)]


def test_a_layer_that_is_too_tall_shows_its_ends_and_its_size():
    plots.network([64, 32, 10], title="Digits")
    assert {t.get_text() for t in texts()} >= {"64 units", "32 units", "10 units"}


def test_bytes_are_written_in_hexadecimal():
    plots.token_grid("月", ["月".encode()], title="Bytes")
    assert [t.get_text() for t in plt.gca().texts] == ["月", "e6", "9c", "88"]


def test_the_boundary_of_probabilities_is_one_half_and_of_scores_zero():
    for predict in (lambda p: 1 / (1 + np.exp(-p[:, 0])), lambda p: p[:, 0]):
        plots.decision_regions(predict, POINTS, CLASSES, title="x = 0")
        border = plt.gca().collections[1].get_paths()[0].vertices
        assert np.allclose(border[:, 0], 0, atol=1e-6)


def test_tensors_are_drawn_like_arrays():
    torch = pytest.importorskip("torch")
    plots.heatmap(torch.eye(3, requires_grad=True), title="A tensor")
    assert plt.gcf().axes[0].images[0].get_array().sum() == 3


def test_the_road_names_every_lesson_once_in_six_parts():
    plots.road(title="The road")
    numbers = [t.get_text() for t in texts() if re.fullmatch(r"\d\d", t.get_text())]
    assert numbers == [f"{n:02d}" for n in range(27)]
    assert len(roadmap.PARTS) == 6


def test_the_road_agrees_with_the_lessons_that_are_there():
    names = [name for part in roadmap.PARTS.values() for name in part]
    found = set()
    for file in (course_root() / "lessons").glob("[0-9][0-9]_*.py"):
        number, name = file.stem.split("_", 1)
        assert names[int(number)].lower() == name.replace("_", " ")
        found.add(int(number))
    assert roadmap.WRITTEN == found


def test_the_road_marks_where_you_are():
    plots.road(title="Nowhere")
    nowhere = picture()
    plt.close("all")
    plots.road(title="Nowhere", here="05_backprop")
    changed = np.argwhere((picture() != nowhere).any(axis=2))
    assert 0 < len(changed) and np.ptp(changed, axis=0).max() < 80
    assert [roadmap._number(here) for here in (5, "05", "05_backprop")] == [5, 5, 5]


WRONG = {
    "series must hold at least one line": lambda: plots.lines({}, title=""),
    "x must be as long as series 'a', 3: got 2": lambda: plots.lines(
        {"a": [1, 2, 3]}, [1, 2], title=""
    ),
    "series 'a' must have 1 axes: got 2, shape (1, 2)": lambda: plots.lines(
        {"a": [[1, 2]]}, title=""
    ),
    "series must hold numbers: got ['one', 'two']": lambda: plots.lines(
        ["one", "two"], title=""
    ),
    "bands must name series ['a']: got 'b'": lambda: plots.lines(
        {"a": [1, 2]}, bands={"b": ([0, 0], [1, 1])}, title=""
    ),
    "bands 'a' must have the length of its series, 2: got 1 and 2": lambda: plots.lines(
        {"a": [1, 2]}, bands={"a": ([0], [1, 1])}, title=""
    ),
    "histories must hold at least one training": lambda: plots.loss_curve({}, title=""),
    "rows must have 2 labels, as the matrix is 2 x 3: got 3": lambda: plots.heatmap(
        np.ones((2, 3)), rows="abc", title=""
    ),
    "columns must have 3 labels, as the matrix is 2 x 3: got 2": lambda: plots.heatmap(
        np.ones((2, 3)), columns="ab", title=""
    ),
    "matrix must have 2 axes: got 3, shape (1, 2, 3)": lambda: plots.heatmap(
        np.ones((1, 2, 3)), title=""
    ),
    "values 'new' must have one number per label, 2: got 3": lambda: plots.bars(
        ["a", "b"], {"new": [1, 2, 3]}, title=""
    ),
    "errors must have one number per label, 2: got 1": lambda: plots.bars(
        ["a", "b"], [1, 2], errors=[1], title=""
    ),
    "highlight must be one of ['a', 'b']: got 'c'": lambda: plots.bars(
        ["a", "b"], [1, 2], highlight="c", title=""
    ),
    "X must have two columns: got shape (4, 3)": lambda: plots.scatter(
        np.ones((4, 3)), [0] * 4, title=""
    ),
    "y must have shape (60,), one per row: got (2,)": lambda: plots.scatter(
        POINTS, [0, 1], title=""
    ),
    "y must hold at most 8 classes: got 60": lambda: plots.scatter(
        POINTS, range(60), title=""
    ),
    "predict must return one number per row, (32000,): got shape (32000, 2)": (
        lambda: plots.decision_regions(lambda points: points, POINTS, CLASSES, title="")
    ),
    "edges must join nodes ['a']: got 'b'": lambda: plots.graph(
        {"a": "a"}, [("a", "b")], title=""
    ),
    "edges must not form a cycle": lambda: plots.graph(
        {"a": "a", "b": "b"}, [("a", "b"), ("b", "a")], title=""
    ),
    "node 'a' must be a \"value\" or an \"op\": got 'sum'": lambda: plots.graph(
        {"a": ("+", "sum")}, [], title=""
    ),
    "sizes must be two or more positive numbers: got [3]": lambda: plots.network(
        [3], title=""
    ),
    "weights[0] must have shape (3, 2), (out, in): got (2, 3)": lambda: plots.network(
        [2, 3], weights=[np.ones((2, 3))], title=""
    ),
    "labels[1] must have 3 strings: got 2": lambda: plots.network(
        [2, 3], labels=[[], ["a", "b"]], title=""
    ),
    "titles must have one entry per image, 2: got 1": lambda: plots.images(
        np.ones((2, 8, 8)), ["a"], title=""
    ),
    "images[0] must have shape (height, width)": lambda: plots.images(
        np.ones((2, 8)), title=""
    ),
    "cells must have one entry per token, 2: got 1": lambda: plots.token_grid(
        "ab", ["c"], title=""
    ),
    "here must be a lesson from 0 to 26: got 27": lambda: plots.road(here=27, title=""),
    "title must be one string or 2 of them: got 3": lambda: plots.axes(
        list("abc"), n=2
    ),
    "n must be at least 1: got 0": lambda: plots.axes("", n=0),
}


@pytest.mark.parametrize("message", WRONG)
def test_bad_input_is_named_and_leaves_no_empty_figure(message):
    with pytest.raises(ValueError, match=re.escape(message)):
        WRONG[message]()
    assert plt.get_fignums() == []
