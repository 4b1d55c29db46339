"""What lmlab.vision.detection promises."""

import numpy as np
import pytest
import torch

from lmlab.learning import checkpoints
from lmlab.page import datasets
from lmlab.vision import detection

SQUARE, MOVED = np.array([[0.0, 0, 4, 4]]), np.array([[2.0, 0, 6, 4]])


def test_boxes_that_share_a_third_have_an_iou_of_a_third():
    far = np.array([[9.0, 9, 12, 12]])
    both = detection.iou(SQUARE, np.vstack([SQUARE, MOVED, far]))
    np.testing.assert_allclose(both, [[1, 1 / 3, 0]])


def test_a_box_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"other must have shape \(n, 4\)"):
        detection.iou(SQUARE, SQUARE[0])
    with pytest.raises(ValueError, match="with n scores: got .* and 2"):
        detection.nms(SQUARE, np.ones(2))


def test_of_two_that_overlap_the_surer_stays():
    boxes = np.vstack([SQUARE, SQUARE + 0.5, MOVED + 9])
    assert detection.nms(boxes, np.array([0.2, 0.9, 0.3])) == [1, 2]
    assert detection.nms(boxes, np.array([0.2, 0.9, 0.3]), overlap=1.0) == [1, 2, 0]


def test_a_scene_holds_what_its_boxes_say():
    pictures, boxes, digits = detection.scenes(50, seed=3)
    for picture, some, names in zip(pictures[:, 0], boxes, digits, strict=True):
        assert 1 <= len(some) == len(names) <= 4
        ink = picture.clone()
        for left, top, right, bottom in some.astype(int):
            assert picture[top:bottom, left:right].max() > 0.5
            ink[top:bottom, left:right] = 0
        assert not ink.any()
        centres = {tuple((box[:2] + box[2:]) // 2 // detection.CELL) for box in some}
        assert len(centres) == len(some)


def test_a_scene_is_the_same_again_and_tests_have_digits_of_their_own():
    once, again = (detection.scenes(5, seed=1)[0] for _ in range(2))
    assert torch.equal(once, again)
    assert not torch.equal(once, detection.scenes(5, seed=1, held_out=True)[0])


def test_average_precision_is_that_of_a_pencil():
    thing = [np.vstack([SQUARE, SQUARE + 9, SQUARE + 18])]
    boxes = np.vstack([SQUARE, SQUARE, SQUARE + 9, MOVED + 18])
    said = [(boxes, np.array([1, 1, 2, 3]), np.array([0.9, 0.8, 0.7, 0.6]))]
    names = [np.array([1, 2, 3])]  # right, once more, right, in the wrong place
    score = detection.average_precision(said, thing, names)
    assert score == pytest.approx((1 + 2 / 3) / 3)
    loose = detection.average_precision(said, thing, names, enough=0.3)
    assert loose == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_nothing_found_is_worth_nothing():
    empty = [(np.zeros((0, 4)), np.zeros(0, dtype=int), np.zeros(0))]
    assert detection.average_precision(empty, [SQUARE], [np.array([1])]) == 0


def test_the_detector_wants_scenes():
    with pytest.raises(ValueError, match=r"\(batch, 1, 32, 32\): got \(2, 1, 12, 12\)"):
        detection.GridDetector()(torch.zeros(2, 1, 12, 12))


def test_a_perfect_answer_costs_little_and_is_found():
    class Oracle(torch.nn.Module):
        def forward(self, pictures):
            answer = torch.zeros(len(pictures), 4, 4, 15)
            answer[..., 0], answer[..., 3:5] = -20, 1.0
            for i, (some, names) in enumerate(zip(boxes, digits, strict=True)):
                for box, name in zip(some / detection.CELL, names, strict=True):
                    centre = (box[:2] + box[2:]) / 2
                    column, row = centre.astype(int)
                    answer[i, row, column, 0] = answer[i, row, column, 5 + name] = 20
                    answer[i, row, column, 1:5] = torch.tensor(
                        [*centre % 1, *(box[2:] - box[:2])])
            return answer

    pictures, boxes, digits = detection.scenes(20, seed=4)
    assert detection.detection_loss(Oracle(), (pictures, boxes, digits)) < 1e-4
    found = detection.detect(Oracle(), pictures)
    assert detection.average_precision(found, boxes, digits, enough=0.99) == 1


def test_the_shipped_detector_is_as_good_as_the_page_says():
    pictures, boxes, digits = detection.scenes(300, seed=1, held_out=True)
    found = detection.detect(detection.shipped(), pictures)
    assert detection.average_precision(found, boxes, digits) == pytest.approx(
        0.83, abs=0.005)


def test_training_begins_as_the_shipped_detector_did():
    """The first 20 of its steps, with the loss that they ended at."""
    net = detection.taught(steps=20)
    assert detection.detection_loss(net, detection.scenes(64, seed=5)).item() == (
        pytest.approx(4.247, rel=0.02))
    notes = checkpoints.describe(datasets.path("detector.safetensors"))["notes"]
    assert notes == {"command": "lmlab.vision.detection.taught()"}
