"""The gate: each task rejects typical wrong answers, and passes unusual right ones.

A check's own mistakes are tried as they are declared. `tests/wrong_answers/NAME.py`
adds wrong answers that the check does not know, and right ones; see CONTRIBUTING.md.
"""

import importlib
import re
from pathlib import Path

import pytest

from lmlab.checks.core import Check, CheckFailed

ROOT = Path(__file__).parents[1]
CALL = re.compile(r"^check\.(\w+)\(", re.MULTILINE)
NAMES = [path.stem[3:] for path in sorted((ROOT / "solutions").glob("*.py"))]


def lists(name):
    return importlib.import_module(f"wrong_answers.{name}")


def module(name):
    return importlib.import_module(f"lmlab.checks.{name}")


def tasks(name) -> list[str]:
    [source] = (ROOT / "solutions").glob(f"[0-9][0-9]_{name}.py")
    return CALL.findall(source.read_text(encoding="utf-8"))


def message(check, attempt) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(attempt)
    assert len(str(caught.value).splitlines()) == 3, caught.value
    return str(caught.value)


def label(case) -> str:
    return "-".join(str(part) for part in case)


WRONG = [(name, task, i) for name in NAMES for task in tasks(name)
         for i in range(len(lists(name).WRONG.get(task, [])))]
RIGHT = [(name, task, i) for name in NAMES for task in tasks(name)
         for i in range(len(lists(name).RIGHT.get(task, [])))]
TASKS = [(name, task) for name in NAMES for task in tasks(name)]
MISTAKES = [(*case, i) for case in TASKS
            for i in range(len(getattr(module(case[0]), case[1]).mistakes))]


@pytest.mark.parametrize("name", NAMES)
def test_every_task_has_wrong_and_right_answers(name):
    book = lists(name)
    assert tasks(name), f"no task in solutions/NN_{name}.py"
    assert set(book.WRONG) == set(book.RIGHT) == set(tasks(name))
    for task in tasks(name):
        assert len(book.WRONG[task]) >= 3, f"{task}: fewer than three wrong answers"
        assert len(book.RIGHT[task]) >= 2, f"{task}: fewer than two right answers"


@pytest.mark.parametrize("case", TASKS, ids=label)
def test_a_check_is_named_as_its_task_and_knows_mistakes(case):
    name, task = case
    check = getattr(module(name), task)
    assert isinstance(check, Check)
    assert check.name == task and check.right and check.mistakes


@pytest.mark.parametrize("case", MISTAKES, ids=label)
def test_a_declared_mistake_fails_with_its_own_question(case):
    name, task, i = case
    check = getattr(module(name), task)
    wrong, question = list(check.mistakes.items())[i]
    text = message(check, wrong)
    assert text.splitlines()[2] == question, text


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", WRONG, ids=label)
def test_a_wrong_answer_fails_with_the_words_that_help(case):
    name, task, i = case
    attempt, words = lists(name).WRONG[task][i]
    check = getattr(module(name), task)
    text = message(check, attempt)
    assert words and words in text, text
    done = list(check.outcomes(attempt))
    known = [question for wrong, question in check.mistakes.items()
             if all(map(check.alike, done, check.outcomes(wrong)))
             and (not check.properties or message(check, wrong) == text)]
    assert not known, f"the check knows this one already: {known}"


@pytest.mark.parametrize("case", RIGHT, ids=label)
def test_a_right_answer_written_differently_passes(case, capsys):
    name, task, i = case
    attempt = lists(name).RIGHT[task][i]
    getattr(module(name), task)(attempt)
    captured = capsys.readouterr()
    assert len(captured.out.splitlines()) == 1 and not captured.err
