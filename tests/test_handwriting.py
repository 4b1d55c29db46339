"""The digits that lessons begin with are scikit-learn's, to the last pixel."""

import numpy as np
from sklearn import datasets

from lmlab.vision.handwriting import load_digits


def test_digits_are_those_of_scikit_learn():
    for mine, theirs in zip(load_digits(), datasets.load_digits(return_X_y=True),
                            strict=True):
        assert mine.dtype == theirs.dtype
        assert np.array_equal(mine, theirs)
