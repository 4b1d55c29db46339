"""Promises of lmlab.vision.sheets: many drawings on one page."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from lmlab.vision.sheets import sheets


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_each_sheet_stands_below_its_name_with_a_rim_around_each_picture():
    pictures = np.arange(54.0).reshape(6, 9)
    sheets({"a": pictures, "b": pictures[:3]}, title="Two", columns=3)
    one, two = plt.gcf().axes
    assert [one.get_title(loc="left"), two.get_title(loc="left")] == ["a", "b"]
    drawn = one.images[0].get_array()
    assert drawn.shape == (2 * 5, 3 * 5) and two.images[0].get_array().shape == (5, 15)
    assert np.array_equal(drawn[1:4, 6:9], pictures[1].reshape(3, 3))
    assert (drawn[:, [0, 4, 5]] == pictures.min()).all()


def test_what_is_no_sheet_is_named():
    with pytest.raises(ValueError, match=r"square pictures, a multiple of 10: got"):
        sheets({"a": np.ones((9, 4))}, title="Nine")
