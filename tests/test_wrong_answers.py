"""The gate: each task rejects typical wrong answers, and passes unusual right ones.

`tests/wrong_answers/NAME.py` lists both; see CONTRIBUTING.md.
"""

import importlib
import re
from pathlib import Path

import pytest

from lmlab.checks.core import CheckFailed

ROOT = Path(__file__).parents[1]
CALL = re.compile(r"^check\.(\w+)\(", re.MULTILINE)
NAMES = [path.stem[3:] for path in sorted((ROOT / "solutions").glob("*.py"))]


def lists(name):
    return importlib.import_module(f"wrong_answers.{name}")


def tasks(name) -> list[str]:
    [source] = (ROOT / "solutions").glob(f"[0-9][0-9]_{name}.py")
    return CALL.findall(source.read_text(encoding="utf-8"))


WRONG = [(name, task, i) for name in NAMES for task in tasks(name)
         for i in range(len(lists(name).WRONG.get(task, [])))]
RIGHT = [(name, task, i) for name in NAMES for task in tasks(name)
         for i in range(len(lists(name).RIGHT.get(task, [])))]


def label(case) -> str:
    return "-".join(str(part) for part in case)


@pytest.mark.parametrize("name", NAMES)
def test_every_task_lists_wrong_and_right_answers(name):
    book = lists(name)
    assert tasks(name), f"no task in solutions/NN_{name}.py"
    assert set(book.WRONG) == set(book.RIGHT) == set(tasks(name))
    for task in tasks(name):
        assert len(book.WRONG[task]) >= 4, f"{task}: fewer than four wrong answers"
        assert len(book.RIGHT[task]) >= 2, f"{task}: fewer than two right answers"


@pytest.mark.parametrize("case", WRONG, ids=label)
def test_a_wrong_answer_fails_with_the_words_that_help(case):
    name, task, i = case
    attempt, words = lists(name).WRONG[task][i]
    check = getattr(importlib.import_module(f"lmlab.checks.{name}"), task)
    with pytest.raises(CheckFailed) as caught:
        check(attempt)
    text = str(caught.value)
    assert len(text.splitlines()) == 3, text
    assert words and words in text, text


@pytest.mark.parametrize("case", RIGHT, ids=label)
def test_a_right_answer_written_differently_passes(case, capsys):
    name, task, i = case
    attempt = lists(name).RIGHT[task][i]
    getattr(importlib.import_module(f"lmlab.checks.{name}"), task)(attempt)
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 and not captured.err
