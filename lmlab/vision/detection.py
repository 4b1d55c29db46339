"""Detection: what is in a picture, and where? Boxes, overlap, one look at a grid.

Lesson 19 draws and weighs what it finds. A box is (left, top, right, bottom) in pixels;
a scene is a picture of up to four handwritten digits of different sizes. The detector
is YOLO's idea (Redmon et al. 2016, arXiv 1506.02640) with one box in each cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from sklearn.datasets import load_digits
from torch import Tensor, nn

from lmlab.learning import checkpoints
from lmlab.learning.training import mode, train
from lmlab.page import datasets
from lmlab.page.plots import COLORS

SIDE, GRID = 32, 4  # pixels along a scene, cells along it
CELL = SIDE // GRID
SMALLEST, LARGEST = 8, 14  # pixels along a digit


def iou(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the intersection over union of each box in `one` with each in `other`.

    one: (n, 4), other: (m, 4). Returns (n, m), from 0 (apart) to 1 (the same box).
    """
    for name, boxes in (("one", one), ("other", other)):
        if boxes.ndim != 2 or boxes.shape[1] != 4:
            raise ValueError(f"{name} must have shape (n, 4): got {boxes.shape}")
    one = one[:, None]
    left_top = np.maximum(one[..., :2], other[:, :2])
    right_bottom = np.minimum(one[..., 2:], other[:, 2:])
    shared = (right_bottom - left_top).clip(0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (one, other)]
    return shared / np.maximum(sum(areas) - shared, 1e-12)


def nms(boxes: np.ndarray, scores: np.ndarray, overlap: float = 0.5) -> list[int]:
    """Non-maximum suppression: return the indices that stay, the best score first.

    Of two boxes with an IoU above `overlap` the one with the lower score goes.
    """
    if boxes.shape != (len(scores), 4):
        raise ValueError(
            "boxes must have shape (n, 4), with n scores: "
            f"got {boxes.shape} and {len(scores)}"
        )
    kept, left = [], np.argsort(-scores, kind="stable")
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        left = left[iou(boxes[[best]], boxes[left])[0] <= overlap]
    return kept


@cache
def _digits(held_out: bool) -> tuple[list[np.ndarray], np.ndarray]:
    """The digits in all sizes, size -> (n, size, size), and their names (n,)."""
    pixels, names = load_digits(return_X_y=True)
    part = np.arange(len(names)) % 4 == 3 if held_out else np.arange(len(names)) % 4 < 3
    images = torch.tensor(pixels[part] / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    sizes = range(SMALLEST, LARGEST + 1)
    return [F.interpolate(images, (size, size), mode="bilinear")[:, 0].numpy()
            for size in sizes], names[part]


def scenes(
    n: int, seed: int, held_out: bool = False
) -> tuple[Tensor, list[np.ndarray], list[np.ndarray]]:
    """Draw `n` pictures: (n, 1, 32, 32), ink 0 to 1; each one's boxes and digits.

    Of a picture with k digits the boxes are (k, 4) and the digits (k,), k from 1 to 4.
    The centres lie in different cells, and no box hides more than a little of another.
    Digits to be tested with, `held_out`, never come in training.
    """
    rng = np.random.default_rng([seed, held_out])
    sizes, names = _digits(held_out)
    pictures = np.zeros((n, SIDE, SIDE), dtype=np.float32)
    boxes, digits = [], []
    for picture in pictures:
        here, said, cells = np.zeros((0, 4)), [], set()
        for _ in range(rng.integers(1, 5)):
            which, size = rng.integers(len(names)), rng.integers(len(sizes))
            wide = SMALLEST + size
            x, y = rng.integers(SIDE - wide + 1, size=2)
            box = np.array([[x, y, x + wide, y + wide]], dtype=float)
            cell = tuple(((box[0, :2] + box[0, 2:]) / 2 // CELL).tolist())
            if cell in cells or (iou(box, here) > 0.1).any():
                continue
            cells.add(cell)
            here, said = np.vstack([here, box]), [*said, names[which]]
            area = picture[y : y + wide, x : x + wide]
            np.maximum(area, sizes[size][which], out=area)
        boxes.append(here)
        digits.append(np.array(said))
    return torch.tensor(pictures)[:, None], boxes, digits


class GridDetector(nn.Module):
    """One look: a picture -> in each cell a box, how sure it is, and ten scores."""

    def __init__(self):
        super().__init__()
        widths, strides = (1, 16, 32, 32, 48, 48), (2, 1, 2, 2, 1)
        layers = []
        for n_in, n_out, stride in zip(widths, widths[1:], strides, strict=False):
            layers += [nn.Conv2d(n_in, n_out, 3, stride, padding=1), nn.ReLU()]
        self.look = nn.Sequential(*layers, nn.Conv2d(widths[-1], 15, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        """(batch, 1, 32, 32) -> (batch, 4, 4, 15): sure, centre, size, digits.

        Sure (a logit) is 1 number, the centre 2, right and down of the cell's corner,
        the size 2, both counted in cells; ten scores say which digit.
        """
        if pictures.shape[1:] != (1, SIDE, SIDE):
            raise ValueError(
                f"pictures must have shape (batch, 1, {SIDE}, {SIDE}): "
                f"got {tuple(pictures.shape)}"
            )
        raw = self.look(pictures).permute(0, 2, 3, 1)
        sure, centre, size, digits = raw.split([1, 2, 2, 10], dim=-1)
        return torch.cat([sure, centre.sigmoid(), size.exp(), digits], dim=-1)


def detection_loss(net: nn.Module, batch: tuple) -> Tensor:
    """Is there a digit in the cell? Where there is one: which, and is its box right?"""
    pictures, boxes, digits = batch
    scene = np.repeat(np.arange(len(boxes)), [len(some) for some in boxes])
    boxes, digits = np.concatenate(boxes) / CELL, torch.tensor(np.concatenate(digits))
    centre, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    column, row = centre.T.astype(int)
    answer = net(pictures)
    there = torch.zeros(answer.shape[:3], dtype=answer.dtype)
    there[scene, row, column] = 1
    mine = answer[scene, row, column]
    wanted = torch.tensor(np.hstack([centre % 1, size]), dtype=mine.dtype)
    return (
        F.binary_cross_entropy_with_logits(answer[..., 0], there) * 4
        + F.smooth_l1_loss(mine[:, 1:5], wanted, beta=0.1) * 2
        + F.cross_entropy(mine[:, 5:], digits)
    )


def taught(
    steps: int = 2000, seed: int = 0, learning_rate: float = 0.005
) -> GridDetector:
    """Train a detector on `steps` batches of 64 scenes, each drawn anew."""
    torch.manual_seed(seed)
    net = GridDetector()
    train(net, lambda step: scenes(64, seed=10_000 * (seed + 1) + step), steps=steps,
          learning_rate=learning_rate, warmup=min(50, steps - 1), loss=detection_loss)
    return net


Found = list[tuple[np.ndarray, np.ndarray, np.ndarray]]
"""For each picture: boxes (k, 4), digits (k,), scores (k,), the best score first."""


def detect(
    net: nn.Module, pictures: Tensor, least: float = 0.05, overlap: float = 0.5
) -> Found:
    """Look once at each picture; keep what is scored `least`, and no box twice.

    A score is the probability that something is there times that of its digit.
    """
    with mode(net, training=False):
        answer = net(pictures).flatten(1, 2).double()  # (batch, 16, 15)
    corner = torch.cartesian_prod(*[torch.arange(GRID)] * 2).flip(1)  # column, row
    centre, size = answer[..., 1:3] + corner, answer[..., 3:5]
    boxes = (CELL * torch.cat([centre - size / 2, centre + size / 2], dim=-1)).numpy()
    likely, digits = answer[..., 5:].softmax(-1).max(-1)
    scores = (answer[..., 0].sigmoid() * likely).numpy()
    found = []
    for b, d, s in zip(boxes, digits.numpy(), scores, strict=True):
        b, d, s = b[s >= least], d[s >= least], s[s >= least]
        kept = nms(b, s, overlap)
        found.append((b[kept], d[kept], s[kept]))
    return found


def average_precision(
    found: Found, boxes: list[np.ndarray], digits: list[np.ndarray], enough: float = 0.5
) -> float:
    """Return the mean, over all true digits, of the precision when each is found.

    Precision is that of the answers so far, the surest first; a digit that is never
    found counts 0.

    An answer is right if it names the digit of a true box that it overlaps by an IoU of
    `enough`, and no surer answer has found that box. All digits stand in one list;
    COCO takes the mean of a list for each class.
    """
    right, scores = [], []
    for (b, d, s), true, names in zip(found, boxes, digits, strict=True):
        free = np.ones(len(true), dtype=bool)
        overlaps = iou(b, true) * (d[:, None] == names)
        for row in overlaps:
            best = int(np.argmax(row * free))
            hit = bool(free[best] and row[best] >= enough)
            free[best] &= not hit
            right.append(hit)
        scores.extend(s)
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.array(right, dtype=float)[order]
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    return float((precision * hits).sum() / sum(map(len, boxes)))


def draw(
    picture: Tensor,
    boxes: np.ndarray,
    digits: Sequence,
    scores: Sequence | None = None,
    *,
    ax: Axes,
) -> None:
    """Draw a picture (32, 32), its cells, and boxes (n, 4), each with its digit above.

    scores: the surer an answer, the stronger its line.
    """
    ax.imshow(picture, cmap="Greys", vmax=1.6)
    ax.set_axis_off()
    for edge in np.arange(0, SIDE + 1, CELL) - 0.5:
        ax.hlines(edge, -0.5, SIDE - 0.5, color="0.85", lw=1)
        ax.vlines(edge, -0.5, SIDE - 0.5, color="0.85", lw=1)
    ax.set_ylim(SIDE, -3.5)  # room for the digit of a box at the upper edge
    scores = np.ones(len(boxes)) if scores is None else scores
    for i, (left, top, right, bottom) in enumerate(boxes - 0.5):
        look = {"color": COLORS[i % len(COLORS)], "alpha": max(0.4, scores[i])}
        ax.add_patch(Rectangle((left, top), right - left, bottom - top, fill=False,
                               lw=2.5, **look))
        ax.text(left, top, digits[i], size=15, weight="bold", va="bottom", **look)


def shipped() -> GridDetector:
    """Return the detector that came with the course (data/README.md says how made)."""
    net = GridDetector().float()
    checkpoints.load(datasets.path("detector.safetensors"), net)
    return net
