"""Checks of exercise 19: a convolution, IoUs, patches, a count, suppression, boxes.

Each task is compared with plain loops, the smallest case first. How a check is written:
see `lmlab.checks.core`.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from lmlab.checks.core import Case, Check
from lmlab.vision import detection

rng = np.random.default_rng(19)


# 1. A convolution that strides

def convolve_loop(picture, kernel, stride=1, padding=0):
    padded = np.pad(picture, padding)
    (h, w), (height, width) = kernel.shape, padded.shape
    result = np.zeros(((height - h) // stride + 1, (width - w) // stride + 1))
    for i, j in np.ndindex(*result.shape):
        for k, m in np.ndindex(h, w):
            result[i, j] += padded[i * stride + k, j * stride + m] * kernel[k, m]
    return result


def slid(pad=np.pad, turn=lambda kernel: kernel,
         steps=lambda stride: (stride, stride), after=lambda out: out):
    """`convolve`, or a mistake: of padding, kernel, stride, or what is added."""
    def convolved(picture, kernel, stride=1, padding=0):
        looks = sliding_window_view(pad(picture, padding), kernel.shape)
        down, across = steps(stride)
        looks = looks[::down, ::across]
        return after((looks * turn(kernel)).sum(axis=(2, 3)).astype(float))
    return convolved


def one_place_short(picture, kernel, stride=1, padding=0):
    padded, (h, w) = np.pad(picture, padding), kernel.shape
    return np.array([[(padded[i : i + h, j : j + w] * kernel).sum()
                      for j in range(0, padded.shape[1] - w, stride)]
                     for i in range(0, padded.shape[0] - h, stride)])


def counted_places(counts=lambda padded, picture, size, stride:
                   (padded - size) // stride + 1, steps=True):
    """A mistake: how many places are counted, or where the kernel lies at each."""
    def convolved(picture, kernel, stride=1, padding=0):
        padded, (h, w) = np.pad(picture, padding), kernel.shape
        result = np.zeros([max(0, counts(*sizes, stride)) for sizes in zip(
            padded.shape, picture.shape, kernel.shape, strict=True)])
        for i, j in np.ndindex(*result.shape):
            y, x = (i * stride, j * stride) if steps else (i, j)
            result[i, j] = (padded[y : y + h, x : x + w] * kernel).sum()
        return result
    return convolved


def scene(*shapes_and_settings, label=""):
    picture, kernel, *settings = shapes_and_settings
    return Case(rng.integers(-4, 5, picture).astype(float),
                rng.integers(-3, 4, kernel).astype(float), *settings, label=label)


row = np.array([[1.0, 2.0, 4.0, 8.0]])
convolve = Check(
    "convolve",
    cases=[
        Case(np.array([[3.0]]), np.array([[2.0]]), label="one pixel"),
        Case(row, np.array([[1.0, 3.0]])),
        Case(row, np.array([[1.0, 3.0]]), 2),
        Case(row, np.array([[1.0, 3.0]]), 3),
        Case(row.reshape(2, 2), np.array([[1.0, 2.0], [3.0, 5.0]]), 1, 1),
        Case(row.T, np.array([[1.0], [3.0]]), 2, label="a column"),
        scene((5, 5), (3, 3), 2, 1),
        scene((6, 4), (3, 2), 1, 0, label="a kernel that is not square"),
        scene((7, 10), (2, 3), 3, 2), scene((12, 12), (5, 5)), scene((9, 8), (1, 1), 2),
    ],
    reference=convolve_loop,
    mistakes={
        slid(pad=lambda x, _: x): "What stands around the picture where padding is 1?",
        slid(pad=lambda x, n: np.pad(x, n, mode="edge")):
            "With what is the picture padded: with zeros, or with its edge?",
        slid(pad=lambda x, n: np.pad(x, ((0, n), (0, n)))):
            "On how many sides of the picture do the zeros stand?",
        slid(pad=lambda x, n: np.pad(x, ((n, n), (0, 0)))):
            "Do the zeros stand left and right, too?",
        slid(turn=lambda kernel: kernel[::-1, ::-1]):
            "Which pixel does the kernel's first weight meet? Is the kernel turned?",
        slid(steps=lambda stride: (1, 1)):
            "How far does the kernel move, if stride is 2?",
        slid(steps=lambda stride: (1, stride)):
            "Does the kernel also go down in steps of the stride?",
        slid(steps=lambda stride: (stride, 1)):
            "Does the kernel also go to the right in steps of the stride?",
        slid(after=lambda out: out.clip(0)):
            "What became of the answers below zero? Is a bend part of a convolution?",
        slid(after=lambda out: out.T): "Which axis of the map goes down the picture?",
        lambda picture, kernel, stride=1, padding=0:
            convolve_loop(picture, kernel, stride, padding) / kernel.size:
            "Is what the kernel covers summed, or averaged?",
        one_place_short: "Does the kernel reach the last row and the last column?",
        counted_places(steps=False):
            "Where does the kernel start at the second place, if stride is 2?",
        counted_places(lambda padded, picture, size, stride:
                       (padded - size + 1) // stride):
            "The first place is 0 and takes no step: how many are there with it?",
        counted_places(lambda padded, picture, size, stride:
                       (picture - size) // stride + 1):
            "How far may the kernel go: to the end of the picture, or of the zeros?",
    },
    right="11 pictures (one pixel, strides of 2 and 3, kernels not square)",
)


# 2. Every box with every other

def iou_loop(one, other):
    result = np.zeros((len(one), len(other)))
    for i, (a, b, c, d) in enumerate(one):
        for j, (e, f, g, h) in enumerate(other):
            shared = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
            result[i, j] = shared / (
                (c - a) * (d - b) + (g - e) * (h - f) - shared)
    return result


def overlaps(floor=lambda side: side.clip(0), divide=lambda s, a, b: s / (a + b - s),
             first=np.maximum, last=np.minimum, result=lambda x: x, more=0):
    """`iou`, or a mistake: what sides are, what the shared area is divided by."""
    def of(one, other):
        a, b = one[:, None], other[None]
        sides = floor(last(a[..., 2:], b[..., 2:]) - first(a[..., :2], b[..., :2])
                      + more)
        areas = ((x[..., 2:] - x[..., :2] + more).prod(-1) for x in (a, b))
        return result(divide(sides.prod(-1), *areas))
    return of


def areas_side_by_side(one, other):
    """The areas meet as (n,) and (m,), where one should be a column."""
    shared = overlaps(divide=lambda s, a, b: s + 0 * a)(one, other)
    first, second = ((x[:, 2:] - x[:, :2]).prod(axis=1) for x in (one, other))
    return shared / (first + second - shared)


def areas_from_zero(one, other):
    """An area is right times bottom, wherever the box begins."""
    shared = overlaps(divide=lambda s, a, b: s + 0 * (a + b))(one, other)
    first, second = (x[:, 2] * x[:, 3] for x in (one, other))
    with np.errstate(all="ignore"):
        return shared / (first[:, None] + second - shared)


def some_boxes(n):
    corner = rng.integers(0, 20, (n, 2)).astype(float)
    return np.hstack([corner, corner + rng.integers(1, 12, (n, 2))])


square, moved = np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 6, 4]])
iou = Check(
    "iou",
    cases=[
        Case(square, square, label="the same box"),
        Case(square, moved),
        Case(square, np.array([[2.0, 1, 6, 3]])),
        Case(square, np.array([[4.0, 0, 8, 4]]), label="they touch"),
        Case(square, np.array([[6.0, 7, 9, 9]]), label="apart in both ways"),
        Case(square, np.array([[1.0, 5, 3, 9]]), label="one below the other"),
        Case(square, np.array([[1.0, 1, 2, 3]]), label="one within the other"),
        Case(square, np.vstack([moved, square, moved + 1]), label="one and three"),
        Case(np.vstack([moved, moved + 1]), square, label="two and one"),
        Case(some_boxes(2), some_boxes(5)),
        Case(some_boxes(40), some_boxes(30)),
        Case(np.zeros((0, 4)), some_boxes(3), label="no box at all"),
        Case(some_boxes(3) / 10 - 1.5, some_boxes(3) / 10 - 1.5, label="below zero"),
    ],
    reference=iou_loop,
    no_warnings=True,
    mistakes={
        overlaps(floor=lambda side: side):
            "Two boxes apart both ways: what is minus times minus?",
        overlaps(floor=lambda side: side,
                 divide=lambda s, a, b: s.clip(0) / (a + b - s.clip(0))):
            "Two boxes apart both ways: what is minus times minus?",
        overlaps(floor=np.abs): "How wide is what two boxes share that lie apart?",
        overlaps(divide=lambda s, a, b: s / (a + b)):
            "What both share is in the area of each: how often is it counted?",
        overlaps(divide=lambda s, a, b: s / a + b - s):
            "In s / a + b - s, by what is s divided?",
        areas_from_zero: "How wide is a box from 2 to 6?",
        overlaps(divide=lambda s, a, b: s / np.minimum(a, b)):
            "Is it the smaller box that the shared part is divided by?",
        overlaps(divide=lambda s, a, b: s / np.maximum(a, b)):
            "Is it the larger box that the shared part is divided by?",
        overlaps(divide=lambda s, a, b: s / a + 0 * b):
            "Is it the first box alone that the shared part is divided by?",
        overlaps(divide=lambda s, a, b: s + 0 * a + 0 * b):
            "That is the shared area. By what is it divided?",
        overlaps(divide=lambda s, a, b: a + b - s):
            "That is the area of both together. What is divided by it?",
        overlaps(divide=lambda s, a, b: 1 - s / (a + b - s)):
            "Do boxes that share everything get 1, or 0?",
        overlaps(first=np.minimum, last=np.maximum):
            "Where does the shared part begin: at the smaller left side, or the "
            "larger?",
        areas_side_by_side:
            "Whose area belongs to a row of the answer, and whose to a column?",
        overlaps(more=1): "How wide is a box from 0 to 4: 4, or 5?",
        overlaps(result=lambda x: x.T): "Which boxes stand in the rows?",
        overlaps(result=lambda x: x.max(axis=1, initial=0)):
            "One number for each pair of boxes: which were left out?",
    },
    right="13 pairs of lists (touching, apart, nested, 40 with 30, none)",
)


# 3. Patches

def patches_loop(picture, height, width):
    return np.array([
        [picture[i + k, j + m] for k in range(height) for m in range(width)]
        for i in range(0, picture.shape[0], height)
        for j in range(0, picture.shape[1], width)])


def in_patches(swap=(0, 2, 1, 3), shape=lambda r, c, h, w: (r * c, h * w),
               flip=False):
    """`patches`, or a mistake: how axes are swapped, what shape comes out."""
    def cut(picture, height, width):
        if flip:
            height, width = width, height
        r, c = picture.shape[0] // height, picture.shape[1] // width
        return picture.reshape(r, height, c, width).transpose(swap).reshape(
            shape(r, c, height, width))
    return cut


def numbered(*shape):
    return np.arange(np.prod(shape)).reshape(shape)


patches = Check(
    "patches",
    cases=[
        Case(numbered(2, 4), 2, 2),
        Case(numbered(4, 4), 2, 2),
        Case(numbered(1, 6), 1, 3, label="a single row"),
        Case(numbered(6, 1), 2, 1, label="a single column"),
        Case(numbered(4, 6), 2, 3, label="patches wider than high"),
        Case(numbered(6, 4), 3, 1),
        Case(numbered(2, 3), 2, 3, label="one patch"),
        Case(numbered(2, 3), 1, 1, label="patches of one pixel"),
        Case(rng.random((12, 12)), 3, 3), Case(rng.random((8, 30)), 4, 5),
    ],
    reference=patches_loop,
    mistakes={
        lambda picture, height, width: picture.reshape(-1, height * width):
            "Which pixel follows the last of a patch's first row?",
        in_patches(swap=(0, 2, 3, 1)):
            "Within a patch: do the pixels go on to the right, or down?",
        lambda picture, height, width: picture.reshape(
            height, len(picture) // height, width, picture.shape[1] // width).swapaxes(
            1, 2).reshape(-1, height * width):
            "Do the rows of one patch lie next to each other, or far apart?",
        in_patches(swap=(2, 1, 0, 3)):
            "After the swap, are the last two axes those inside a patch?",
        in_patches(shape=lambda r, c, h, w: (r, c, h, w)):
            "Four axes came back. Which two are the patches, which two the pixels?",
        in_patches(shape=lambda r, c, h, w: (h * w, r * c)):
            "How many rows has the answer: one for each patch, or for each pixel?",
        in_patches(swap=(2, 0, 1, 3)):
            "Which patch is the second: the one to the right, or the one below?",
        in_patches(shape=lambda r, c, h, w: (r * c, h, w)):
            "A patch is one row of what comes back: which two axes become one?",
        in_patches(shape=lambda r, c, h, w: (r, c, h * w)):
            "The patches stand one below the other: which two axes become one?",
        in_patches(swap=(1, 3, 0, 2), shape=lambda r, c, h, w: (h * w, r * c)):
            "Is a patch a row of what comes back, or a column?",
        lambda picture, height, width: sliding_window_view(
            picture, (height, width)).reshape(-1, height * width):
            "May two patches share a pixel?",
        lambda picture, height, width: patches_loop(picture, height, width)[
            :, : width]: "Which rows of a patch are missing?",
    },
    right="10 pictures (a row, a column, patches of one pixel, patches not square)",
)


# 4. Count a convolution

def count_loop(maps_in, maps_out, kernel, groups=1, bias=True):
    total = 0
    for _ in range(groups):
        for _ in range(maps_out // groups):
            total += kernel * kernel * (maps_in // groups) + (1 if bias else 0)
    return total


def counted(weights=lambda i, o, k, g: o * (i // g) * k**2,
            biases=lambda i, o, k, g: o):
    """`parameters`, or a mistake: the weights, or the biases."""
    return lambda maps_in, maps_out, kernel, groups=1, bias=True: (
        weights(maps_in, maps_out, kernel, groups)
        + (biases(maps_in, maps_out, kernel, groups) if bias else 0))


parameters = Check(
    "parameters",
    cases=[
        Case(1, 1, 1, 1, False, label="one weight"),
        Case(1, 6, 5),
        Case(3, 1, 2),
        Case(6, 16, 5),
        Case(6, 16, 5, 1, False, label="no bias"),
        Case(8, 8, 3, 8, label="depthwise"),
        Case(8, 8, 3, 8, False, label="depthwise, no bias"),
        Case(8, 12, 3, 4), Case(6, 4, 1, 2),
        Case(2048, 1000, 1), Case(512, 512, 3, 512, False),
    ],
    reference=count_loop,
    mistakes={
        counted(weights=lambda i, o, k, g: o * i * k**2 / g):
            "Which division of whole numbers gives a whole number, / or //?",
        counted(biases=lambda *_: 0): "Is there a number for each map's bias?",
        lambda maps_in, maps_out, kernel, groups=1, bias=True: counted()(
            maps_in, maps_out, kernel, groups): "And where bias is False?",
        counted(biases=lambda *_: 1): "One bias in all, or one for each map?",
        counted(biases=lambda i, *_: i):
            "Is there a bias for each map that goes in, or that comes out?",
        counted(biases=lambda i, o, k, g: o * k**2):
            "Has each weight of a kernel a bias of its own?",
        counted(biases=lambda i, o, k, g: o * i):
            "Has each pair of maps a bias of its own?",
        counted(biases=lambda i, o, k, g: o // g):
            "How many maps come out of all groups together?",
        counted(weights=lambda i, o, k, g: o * i * k**2):
            "How many maps does a kernel see, if there are groups?",
        counted(weights=lambda i, o, k, g: (o // g) * (i // g) * k**2):
            "That counts one group. How many are there?",
        counted(weights=lambda i, o, k, g: o * i * k**2 * g):
            "Do groups make the kernels larger, or smaller?",
        counted(weights=lambda i, o, k, g: o * (i // g) * k):
            "A kernel has a height and a width: how many weights for one map?",
        counted(weights=lambda i, o, k, g: o * k**2):
            "Does a kernel see one map, or all that go in?",
        counted(weights=lambda i, o, k, g: (i // g) * k**2):
            "How many kernels are there, if many maps come out?",
    },
    right="11 layers of up to two million numbers, grouped and without bias",
)


# 5. Find the bug

def nms_loop(boxes, scores, overlap):
    alive, kept = [True] * len(boxes), []
    while any(alive):
        best = max((i for i in range(len(boxes)) if alive[i]),
                   key=lambda i: (scores[i], -i))
        kept.append(best)
        row = iou_loop(boxes[[best]], boxes)[0]
        alive = [a and i != best and row[i] <= overlap for i, a in enumerate(alive)]
    return kept


def suppressed(order=lambda s: np.argsort(-s, kind="stable"), best=lambda left: left[0],
               stays=lambda o, limit: o <= limit, again=True, result=lambda x, s: x):
    """`nms`, or a mistake: who comes first, who stays, what is returned."""
    def kept(boxes, scores, overlap):
        left, chosen = list(order(scores)), []
        while left:
            one = best(left)
            chosen.append(int(one))
            share = dict(zip(left, iou_loop(boxes[[one]], boxes[left])[0], strict=True))
            left = [i for i in left if i != one and stays(share[i], overlap)]
            if not again:
                break
        return result(chosen, scores)
    return kept


def pairwise(boxes, scores, overlap):
    """Each surer box drops those below it, though it may itself have been dropped."""
    order = list(np.argsort(-scores, kind="stable"))
    table = iou_loop(boxes, boxes)
    return [int(i) for n, i in enumerate(order)
            if all(table[i, j] <= overlap for j in order[:n])]


def crowd(n, overlap):
    corner = rng.integers(0, 12, (n, 2)).astype(float)
    return Case(np.hstack([corner, corner + rng.integers(3, 8, (n, 2))]),
                rng.random(n), overlap)


def ties(n, overlap):
    """Many boxes of three scores only: a sort that is not stable mixes them up."""
    boxes, *_ = crowd(n, overlap).arguments
    return Case(boxes, rng.integers(1, 4, n) / 4, overlap, label="many equally sure")


pair = np.array([[0.0, 0, 4, 4], [1, 0, 5, 4]])
chain = np.array([[0.0, 0, 4, 4], [1, 0, 5, 4], [2, 0, 6, 4]])
nms = Check(
    "nms",
    cases=[
        Case(pair[:1], np.array([0.3]), 0.5, label="one box"),
        Case(pair, np.array([0.9, 0.2]), 0.5),
        Case(pair, np.array([0.2, 0.9]), 0.5),
        Case(pair, np.array([0.2, 0.9]), 0.6, label="they share 0.6 exactly"),
        Case(np.vstack([pair, pair + 9]), np.array([0.5, 0.9, 0.3, 0.2]), 0.5,
             label="two things"),
        Case(pair, np.array([0.7, 0.7]), 0.5, label="equally sure"),
        Case(chain, np.array([0.9, 0.8, 0.7]), 0.5, label="a chain of three"),
        Case(chain, np.array([0.7, 0.9, 0.8]), 0.5),
        Case(np.zeros((0, 4)), np.zeros(0), 0.5, label="no box"),
        crowd(6, 0.3), crowd(12, 0.5), crowd(30, 0.1), crowd(30, 0.7),
        ties(60, 0.7),
    ],
    reference=nms_loop,
    mistakes={
        suppressed(order=np.argsort):
            "Which box does the loop take first, the surest or the least sure?",
        suppressed(order=lambda s: np.argsort(s, kind="stable")[::-1]):
            "Of two that are equally sure, which comes first?",
        suppressed(order=lambda s: np.argsort(s)[::-1]):
            "Of two that are equally sure, which comes first?",
        suppressed(order=lambda s: np.argsort(-s)):
            "Which kind of sort leaves those that are equally sure in their order?",
        suppressed(order=lambda s: range(len(s))):
            "Is the first box of the list the surest?",
        suppressed(best=lambda left: left[-1]):
            "Which end of the sorted list holds the surest box?",
        suppressed(stays=lambda o, limit: o > limit):
            "Which boxes go: those that overlap the best one, or the others?",
        suppressed(stays=lambda o, limit: o < limit):
            "More than `overlap` goes. What of a box that shares exactly as much?",
        suppressed(stays=lambda o, limit: o == 0):
            "May a box stay that overlaps a little?",
        suppressed(stays=lambda o, limit: True):
            "Which boxes go when the best one is kept?",
        suppressed(again=False): "When the best one is kept, what of the boxes left?",
        suppressed(order=lambda s: np.argsort(s), result=lambda x, s: sorted(
            x, key=lambda i: -s[i])):
            "The order is right now; was the surest of a group kept?",
        suppressed(result=lambda x, s: sorted(x)):
            "In which order are the boxes to come back?",
        suppressed(result=lambda x, s: [float(s[i]) for i in x]):
            "Are the boxes' numbers asked for, or their scores?",
        pairwise: "May a box that was dropped itself drop others?",
    },
    right="14 lists of up to 60 boxes (none, chains, equal scores)",
)


# 6. From cells to boxes

def boxes_loop(answer, cell, least):
    boxes = []
    for row in range(answer.shape[0]):
        for column in range(answer.shape[1]):
            sure, x, y, width, height = answer[row, column].tolist()
            if sure >= least:
                x, y = x + column, y + row
                boxes.append([x - width / 2, y - height / 2,
                              x + width / 2, y + height / 2])
    return cell * np.array(boxes, dtype=float).reshape(-1, 4)


def decoded(cells=lambda a, least: np.nonzero(a[..., 0] >= least),
            centre=lambda x, y, r, c: (x + c, y + r), half=2,
            sides=lambda x, y, w, h: (x - w, y - h, x + w, y + h),
            pixels=lambda box, cell: cell * box):
    """`boxes_of`, or a mistake: which cells, where a centre lies, what a box is."""
    def boxes(answer, cell, least):
        r, c = cells(answer, least)
        x, y, w, h = answer[r, c, 1:].T
        x, y = centre(x, y, r, c)
        return pixels(np.stack(sides(x, y, w / half, h / half), axis=1), cell)
    return boxes


def listed(sure=lambda p, least: p >= least):
    """Boxes in a list, which has no second axis where it is empty."""
    def boxes(answer, cell, least):
        rows, columns = np.nonzero(sure(answer[..., 0], least))
        return np.array([boxes_loop(answer[r : r + 1, c : c + 1], cell, -1)[0]
                         + cell * np.array([c, r, c, r])
                         for r, c in zip(rows, columns, strict=True)])
    return boxes


def part_in_pixels(within, size):
    """A mistake: not all lengths become pixels. within, size: do these?"""
    def boxes(answer, cell, least):
        r, c = np.nonzero(answer[..., 0] >= least)
        x, y = answer[r, c, 1:3].T * (cell if within else 1)
        w, h = answer[r, c, 3:].T * (cell if size else 1) / 2
        x, y = cell * c + x, cell * r + y
        return np.stack([x - w, y - h, x + w, y + h], axis=1)
    return boxes


def grid(rows, columns, cell, least):
    answer = rng.random((rows, columns, 5))
    answer[..., 3:] *= 3
    return Case(answer, cell, least)


single = np.array([[[0.9, 0.5, 0.25, 1.0, 0.5]]])
two_cells = np.concatenate([0 * single, single], axis=1)
boxes_of = Check(
    "boxes_of",
    cases=[
        Case(single, 1, 0.5, label="one cell"),
        Case(single, 8, 0.5),
        Case(two_cells, 8, 0.5, label="the second of two cells"),
        Case(two_cells.swapaxes(0, 1), 8, 0.5, label="the lower of two cells"),
        Case(np.concatenate([two_cells, two_cells]) + 0.05, 8, 0.5,
             label="two cells are sure"),
        Case(single, 8, 0.9, label="exactly as sure as is asked"),
        Case(single, 8, 0.95, label="nothing is sure"),
        grid(4, 4, 8, 0.3), grid(2, 5, 16, 0.5), grid(7, 7, 64, 0.0),
    ],
    reference=boxes_loop,
    mistakes={
        decoded(centre=lambda x, y, r, c: (x, y)):
            "Where does the second cell begin? Which cell is the centre in?",
        decoded(centre=lambda x, y, r, c: (x + r, y + c)):
            "One cell to the right: does x grow, or y?",
        decoded(centre=lambda x, y, r, c: (x + c + 0.5, y + r + 0.5)):
            "Is the centre counted from the cell's corner, or from its middle?",
        decoded(centre=lambda x, y, r, c: (x * (c + 1), y * (r + 1))):
            "Is the cell's place added to the centre's, or multiplied?",
        decoded(half=1): "From the centre to a side: is it the whole width?",
        decoded(sides=lambda x, y, w, h: (x, y, x + 2 * w, y + 2 * h)):
            "Is (x, y) the centre of the box, or its corner?",
        decoded(sides=lambda x, y, w, h: (x, y, 2 * w, 2 * h)):
            "A box is left, top, right, bottom. Which two did you return instead?",
        decoded(sides=lambda x, y, w, h: (x - w, y - h, 2 * w, 2 * h)):
            "Are a box's last two numbers its right and bottom, or its size?",
        decoded(sides=lambda x, y, w, h: (x - w, y + h, x + w, y - h)):
            "Rows count downwards: has the top the smaller y, or the larger?",
        decoded(sides=lambda x, y, w, h: (y - h, x - w, y + h, x + w)):
            "Which comes first in a box, left or top?",
        decoded(sides=lambda x, y, w, h: (x - w, x + w, y - h, y + h)):
            "In which order do a box's sides stand?",
        decoded(sides=lambda x, y, w, h: (x - h, y - w, x + h, y + w)):
            "Does the width go to the right, or down?",
        decoded(pixels=lambda box, cell: box): "Cells or pixels: which are asked for?",
        decoded(pixels=lambda box, cell: box / cell):
            "How many pixels are two cells of 8?",
        decoded(pixels=lambda box, cell: cell * box.T): "Is a box a row, or a column?",
        decoded(cells=lambda a, least: np.nonzero(a[..., 0] > least)):
            "What of a cell that is exactly as sure as `least`?",
        decoded(cells=lambda a, least: np.nonzero(a[..., 0] < least)):
            "Which cells count, the sure or the others?",
        decoded(cells=lambda a, least: np.nonzero(a[..., 0] >= 0.5)):
            "How sure has a cell to be, if `least` is not a half?",
        decoded(cells=lambda a, least: np.nonzero(a[..., 0] > -1)):
            "Which cells count? How many boxes came back?",
        decoded(cells=lambda a, least: np.nonzero(a[..., 0].T >= least)[::-1]):
            "Do the cells come row by row, or column by column?",
        listed(sure=lambda p, least: p > least):
            "What of a cell that is exactly as sure as `least`?",
        listed(): "Where no cell is sure, which shape has the answer?",
        decoded(centre=lambda x, y, r, c: (x, y), sides=lambda x, y, w, h:
                (x - w, y - h, x + w, y + h), pixels=lambda box, cell: box):
            "Where does the second cell begin, and how many pixels has it?",
        part_in_pixels(within=False, size=False):
            "Do x and the width count in pixels, or in cells?",
        part_in_pixels(within=True, size=False):
            "The centre is in pixels. Is the width, too?",
        part_in_pixels(within=False, size=True):
            "Half a cell from its corner: how many pixels are that?",
        lambda answer, cell, least: detection.CELL * decoded()(answer, 1, least):
            "How many pixels has a cell in this call?",
    },
    right="10 grids of up to 7 x 7 cells (none sure, all sure)",
)
