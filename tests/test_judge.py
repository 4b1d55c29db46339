"""Promises of lmlab.vision.judge: the four marks of lesson 20."""

import numpy as np
import pytest

from lmlab.vision import judge


@pytest.fixture(scope="module")
def data():
    return judge.digits()


def test_the_judge_knows_digits_that_it_never_saw(data):
    right = judge.judge().predict(data.held_out) == data.held_out_labels
    assert right.mean() > 0.985
    assert len(data.train) + len(data.held_out) == 1797


def test_real_digits_are_as_various_as_themselves_and_no_copies(data):
    assert judge.spread(data.held_out, data.held_out_labels) == pytest.approx(1)
    assert judge.copies(data.held_out) == 0 and judge.copies(data.train) == 1
    assert 0.4 < judge.told(data.train[:500], data.held_out) < 0.6
    assert judge.told(np.zeros((500, 64)), data.held_out) > 0.99


def test_marks_say_what_they_need(data):
    with pytest.raises(ValueError, match=r"got \(9, 64\) and \(500,\)"):
        judge.marks(data.train[:9], np.arange(500) % 10)


def test_a_report_is_a_table_of_marks(data, monkeypatch):
    shown = []
    monkeypatch.setattr(judge.show, "table", lambda *table: shown.append(table))
    pictures = [data.train[data.train_labels == n % 10][n // 10] for n in range(500)]
    judge.report({"copies": pictures})
    [([row], header)] = shown
    assert row[0] == "copies" and row[1] == row[3] == "100%" and row[4] == "1.0"
    assert header == ["500 pictures", "as asked", "told", "copies", "spread"]
