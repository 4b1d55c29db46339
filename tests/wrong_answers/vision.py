"""Answers to 19_vision: wrong ones that the checks do not know; right ones."""

import numpy as np
import torch
from torch.nn import functional as F

from lmlab.vision import detection


def convolve_with_torch_inside(picture, kernel, stride=1, padding=0):
    return F.conv2d(torch.tensor(picture)[None, None], torch.tensor(kernel)[None, None],
                    stride=stride, padding=padding)[0, 0].numpy()


def convolve_with_windows(picture, kernel, stride=1, padding=0):
    looks = np.lib.stride_tricks.sliding_window_view(
        np.pad(picture, padding), kernel.shape)[::stride, ::stride]
    return (looks * kernel).sum(axis=(2, 3))


def convolve_square_kernels(picture, kernel, stride=1, padding=0):
    picture, n = np.pad(picture, padding), len(kernel)
    return np.array([[(picture[i : i + n, j : j + n] * kernel).sum()
                      for j in range(0, picture.shape[1] - n + 1, stride)]
                     for i in range(0, len(picture) - n + 1, stride)])


def convolve_one_place_more(picture, kernel, stride=1, padding=0):
    picture, (h, w) = np.pad(picture, padding), kernel.shape
    return np.array([[(picture[i : i + h, j : j + w] * kernel).sum()
                      for j in range(0, picture.shape[1] - w + 2, stride)]
                     for i in range(0, picture.shape[0] - h + 2, stride)])


def convolve_same(picture, kernel, stride=1, padding=0):
    return convolve_with_windows(
        np.pad(picture, len(kernel) // 2), kernel, stride, padding)


def iou_in_loops(one, other):
    result = np.empty((len(one), len(other)))
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
            h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
            both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
            result[i, j] = w * h / (both - w * h)
    return result


def iou_side_by_side(one, other):
    left, top = (np.maximum(one[:, None, k], other[:, k]) for k in (0, 1))
    right, bottom = (np.minimum(one[:, None, k], other[:, k]) for k in (2, 3))
    shared = np.where((right > left) & (bottom > top),
                      (right - left) * (bottom - top), 0.0)
    areas = [(x[:, 2] - x[:, 0]) * (x[:, 3] - x[:, 1]) for x in (one, other)]
    return shared / (areas[0][:, None] + areas[1] - shared)


def iou_of_pairs(one, other):
    return np.diag(iou_in_loops(one, other))


def iou_of_widths(one, other):
    w = np.minimum(one[:, None, 2], other[:, 2]) - np.maximum(one[:, None, 0],
                                                              other[:, 0])
    return w.clip(0) / (np.ptp(one[:, ::2], axis=1)[:, None]
                        + np.ptp(other[:, ::2], axis=1) - w.clip(0))


def patches_in_loops(picture, height, width):
    return np.stack([picture[i : i + height, j : j + width].ravel()
                     for i in range(0, len(picture), height)
                     for j in range(0, picture.shape[1], width)])


def patches_by_splitting(picture, height, width):
    rows = np.split(picture, len(picture) // height)
    return np.array([patch.ravel() for row in rows
                     for patch in np.split(row, row.shape[1] // width, axis=1)])


def patches_square(picture, height, width):
    return patches_in_loops(picture, height, height)


def nms_by_table(boxes, scores, overlap):
    table, kept = detection.iou(boxes, boxes), []
    for i in np.lexsort((np.arange(len(scores)), -scores)):
        if all(table[i, j] <= overlap for j in kept):
            kept.append(int(i))
    return kept


def nms_as_mask(boxes, scores, overlap):
    kept = nms_by_table(boxes, scores, overlap)
    return [i in kept for i in range(len(boxes))]


def nms_half(boxes, scores, overlap):
    return nms_by_table(boxes, scores, 0.5)


def nms_neighbours(boxes, scores, overlap):
    order = [int(i) for i in np.argsort(-scores, kind="stable")]
    return order[:1] + [j for i, j in zip(order, order[1:], strict=False)
                        if detection.iou(boxes[[i]], boxes[[j]])[0, 0] <= overlap]


def boxes_in_loops(answer, cell, least):
    boxes = np.zeros((0, 4))
    for r, c in np.ndindex(answer.shape[:2]):
        p, x, y, w, h = answer[r, c]
        if p >= least:
            box = np.array([c + x - w / 2, r + y - h / 2, c + x + w / 2, r + y + h / 2])
            boxes = np.vstack([boxes, box * cell])
    return boxes


def boxes_by_mask(answer, cell, least):
    grid = np.indices(answer.shape[:2])[::-1].transpose(1, 2, 0)
    centre, size = answer[..., 1:3] + grid, answer[..., 3:]
    boxes = np.concatenate([centre - size / 2, centre + size / 2], axis=-1)
    return boxes[answer[..., 0] >= least] * cell


def boxes_clipped(answer, cell, least):
    return boxes_by_mask(answer, cell, least).clip(0)


def boxes_rounded(answer, cell, least):
    return boxes_by_mask(answer, cell, least).round()


def boxes_from_the_right(answer, cell, least):
    return boxes_by_mask(answer, cell, least)[::-1]


WRONG = {
    "convolve": [
        (convolve_square_kernels, "shape"),
        (convolve_one_place_more, "shape (2, 2)"),
        (convolve_same, "shape"),
        (lambda picture, kernel, stride=1, padding=0: np.zeros((1, 1)),
         "returned [[0]]      expected [[6]]"),
        (lambda picture, kernel, stride=1, padding=0:
         convolve_with_windows(picture, kernel, stride, padding).tolist(),
         "expected a NumPy array"),
    ],
    "iou": [
        (iou_of_pairs, "shape"),
        (iou_of_widths, "expected [[0.2"),
        (lambda one, other: np.zeros((len(one), len(other))), "expected [[1]]"),
        (lambda one, other: iou_in_loops(one, other).round(2), "0.33"),
        (lambda one, other: iou_in_loops(one, one), "Right on the case before"),
    ],
    "patches": [
        (patches_square, "shape"),
        (lambda picture, height, width: picture, "expected"),
        (lambda picture, height, width: patches_in_loops(
            picture, height, width).reshape(height * width, -1).T, "expected [[0, 1"),
        (lambda picture, height, width:
         patches_in_loops(picture, height, width)[::-1], "expected"),
        (lambda picture, height, width:
         list(patches_in_loops(picture, height, width)), "expected a NumPy array"),
    ],
    "parameters": [
        (lambda maps_in, maps_out, kernel, groups=1, bias=True:
         maps_out * (maps_in // groups * kernel**3 + bias), "expected 156"),
        (lambda maps_in, maps_out, kernel, groups=1, bias=True:
         maps_out * (maps_in // groups * (kernel**2 + bias)), "expected 13"),
        (lambda maps_in, maps_out, kernel, groups=1, bias=True:
         maps_out * maps_in * kernel**2 // groups + groups * bias, "expected"),
        (lambda maps_in, maps_out, kernel, groups=1, bias=True: 0, "expected 1"),
    ],
    "nms": [
        (nms_as_mask, "expected"),
        (nms_half, "they share 0.6 exactly"),
        (nms_neighbours, "expected"),
        (lambda boxes, scores, overlap: list(range(len(boxes))), "expected [0]"),
        (lambda boxes, scores, overlap: [], "expected [0]"),
    ],
    "boxes_of": [
        (boxes_clipped, "expected"),
        (boxes_rounded, "returned [[0, 0, 1, 0]]      expected [[0, 0, 1, 0.5]]"),
        (boxes_from_the_right, "two cells are sure"),
        (lambda answer, cell, least: boxes_by_mask(answer, cell, least).tolist(),
         "expected a NumPy array"),
        (lambda answer, cell, least: answer[..., 1:].reshape(-1, 4), "expected"),
    ],
}

RIGHT = {
    "convolve": [convolve_with_torch_inside, convolve_with_windows],
    "iou": [iou_in_loops, iou_side_by_side, detection.iou],
    "patches": [patches_in_loops, patches_by_splitting],
    "parameters": [
        lambda maps_in, maps_out, kernel, groups=1, bias=True:
            maps_out * maps_in * kernel**2 // groups + (maps_out if bias else 0),
        lambda maps_in, maps_out, kernel, groups=1, bias=True: sum(
            w.numel() for w in torch.nn.Conv2d(
                maps_in, maps_out, kernel, groups=groups, bias=bias).parameters()),
    ],
    "nms": [nms_by_table, detection.nms],
    "boxes_of": [boxes_in_loops, boxes_by_mask],
}
