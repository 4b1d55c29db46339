"""Promises of the checks: every kind of wrong has its own words, in three lines."""

import subprocess
import sys

import numpy as np
import pytest

from lmlab.checks import compare
from lmlab.checks.core import Case, CheckFailed, call, check_function, fail

W, b, X = np.array([[1.0, 2.0]]), np.array([0.5]), np.array([[1.0, -1.0], [3.0, 0.0]])


def dense(W, b, X):
    return X @ W.T + b


def run(attempt, **changes):
    settings = dict(
        cases=[Case(W, b, X), Case(W, b, X[:0], label="an empty batch")],
        reference=dense, question="Which axis holds the inputs?", right="2 batches",
    )
    check_function("dense", attempt, **(settings | changes))


def message(attempt, **changes) -> list[str]:
    with pytest.raises(CheckFailed) as caught:
        run(attempt, **changes)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3, lines
    return lines


def no_answer(W, b, X):
    """The docstring of an empty task."""


def test_a_right_answer_prints_one_line(capsys):
    run(dense)
    assert capsys.readouterr().out == "dense: right on 2 batches.\n"


def unfinished(W, b, X):
    raise NotImplementedError


@pytest.mark.parametrize("attempt", [unfinished, no_answer, lambda *a: ..., ..., None])
def test_not_attempted_is_told_apart_from_wrong(attempt):
    assert message(attempt)[0] == "dense: not attempted yet"


def test_a_forgotten_return_is_not_called_unattempted():
    def forgot(W, b, X):
        y = X @ W.T + b  # noqa: F841

    lines = message(forgot)
    assert "not yet" in lines[0] and "returned None" in lines[1]
    assert "return" in lines[2]


def test_an_error_shows_the_learners_own_line():
    def raises(W, b, X):
        return np.concatenate([X, W[0]])

    lines = message(raises)
    assert "stopped with ValueError" in lines[0]
    assert "return np.concatenate([X, W[0]])" in lines[1]


def test_an_error_inside_a_helper_shows_the_line_nearest_to_the_fault():
    def helper(x):
        return x[99]

    def attempt(W, b, X):
        return helper(X)

    lines = message(attempt)
    assert "return x[99]" in lines[1] and "which index" in lines[2]


def test_wrong_values_show_returned_beside_expected():
    lines = message(lambda W, b, X: X @ W.T)
    assert lines[1].split() == ["returned", "[[-1],", "[3]]", "expected",
                                "[[-0.5],", "[3.5]]"]
    assert lines[2] == "Which axis holds the inputs?"


def test_a_known_mistake_gets_its_own_question():
    lines = message(lambda W, b, X: X @ W.T,
                    mistakes={lambda W, b, X: X @ W.T: "Where is b?"})
    assert lines[2] == "Where is b?"


def test_a_large_array_is_shown_by_the_entry_that_is_most_wrong():
    wide = Case(np.ones((50, 2)), np.zeros(50), X)

    def off(W, b, X):
        y = dense(W, b, X)
        y[1, 7] += 2
        return y

    lines = message(off, cases=[wide])
    assert "array of shape (50, 2)" in lines[0]
    assert "returned 5 at [1, 7]" in lines[1] and "1 of 100" in lines[1]


KINDS = {
    "nan": (lambda W, b, X: dense(W, b, X) * np.nan, "finite", "nan or inf"),
    "inf": (lambda W, b, X: dense(W, b, X) + np.inf, "finite", "nan or inf"),
    "list": (lambda W, b, X: dense(W, b, X).tolist(), "of type list", "type"),
    "text": (lambda W, b, X: "42", "of type str", "type"),
    "dtype": (lambda W, b, X: dense(W, b, X).astype(int), "dtype int64", "dtype"),
    "object": (lambda W, b, X: dense(W, b, X).astype(object), "dtype object", "dtype"),
    "shape": (lambda W, b, X: dense(W, b, X)[0], "shape (1,)", "Which axis"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_wrong_has_its_own_words(kind):
    attempt, second, third = KINDS[kind]
    lines = message(attempt)
    assert second in lines[1] and third in lines[2]


def test_a_torch_tensor_is_named_where_numpy_is_expected():
    import torch

    lines = message(lambda W, b, X: torch.tensor(dense(W, b, X)))
    assert "Tensor" in lines[1] and "torch" in lines[2]


def test_a_mutated_argument_is_named():
    def mutates(W, b, X):
        X *= 2
        return dense(W, b, X / 2)

    lines = message(mutates)
    assert "changed its argument X" in lines[1] and "writes into X" in lines[2]


def test_every_attempt_gets_fresh_arguments():
    case = Case([3, 1, 2])
    with pytest.raises(CheckFailed):
        check_function("order", lambda x: (x.sort(), x)[1], cases=[case],
                       reference=sorted, question="?", right="1")
    assert case.arguments == ([3, 1, 2],)


def test_overflow_fails_only_where_the_task_is_about_it():
    def naive(x):
        return 1 / (1 + np.exp(-x))

    settings = dict(cases=[Case(np.array([-1e4]), expected=np.array([0.0]))],
                    question="Which exp is large?", right="1")
    check_function("sigmoid", naive, **settings)
    with pytest.raises(CheckFailed, match="NumPy warned: overflow"):
        check_function("sigmoid", naive, no_warnings=True, **settings)


@pytest.mark.parametrize("attempt", [
    lambda W, b, X: np.array([[w @ x + c for w, c in zip(W, b, strict=True)]
                              for x in X]).reshape(len(X), len(b)),
    lambda W, b, X: dense(W, b, X).astype(np.float32),
    lambda W, b, X: np.asfortranarray(dense(W, b, X)),
])
def test_right_answers_written_differently_pass(attempt):
    run(attempt)


@pytest.mark.parametrize("returned, expected", [
    (True, 1.5), (1, True), ((1, 2), [1, 3]), ([1], (1, 2)), ({"a": 1}, {"b": 1}),
    ({"a": 1, "b": 2}, {"a": 1}), ("a", "b"), (2, 2.5), (1.0, 1), (np.nan, 1.0),
    (np.array([True]), np.array([1.5])), (np.array([1.0]), np.array([True])),
    (np.array([np.inf]), np.array([-np.inf])), (np.zeros(2), np.full(2, np.nan)),
])
def test_what_differs_is_reported(returned, expected):
    assert compare.difference(returned, expected, 1e-9) is not None


@pytest.mark.parametrize("returned, expected", [
    (2, 2.0), ((1, 2), [1, 2]), (np.float64(1), 1.0), (np.int64(3), 3),
    (np.bool_(True), True), (np.array([np.nan, -np.inf]), np.array([np.nan, -np.inf])),
    ({"b": 1, "a": 2.0}, {"a": 2.0, "b": 1}), (np.arange(3), np.arange(3.0)),
])
def test_what_is_the_same_is_not(returned, expected):
    assert compare.difference(returned, expected, 1e-9) is None


def test_values_that_look_alike_are_shown_longer():
    problem = compare.difference(1.00001, 1.0, 1e-9)
    assert "1.00001" in problem.line


def test_call_protects_learner_code():
    assert call("double", lambda x: 2 * x, 4) == 8
    with pytest.raises(CheckFailed, match="double: not attempted"):
        call("double", unfinished, 1, 2, 3)


def test_fail_shows_three_lines():
    with pytest.raises(CheckFailed) as caught:
        fail("f(1)", 2, 3, "Why?", note="counts")
    assert str(caught.value).splitlines()[1].endswith("expected 3      counts")


def test_jupyter_shows_the_lines_and_no_stack_trace():
    error = CheckFailed("one", "two", "three")
    assert error._render_traceback_() == ["one", "two", "three"]


def test_the_core_loads_no_torch():
    code = ("import sys, lmlab.checks.core; "
            "assert not {'torch', 'matplotlib'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_slight_change_of_an_argument_is_shown_longer():
    def nudges(x):
        x[0] += 1e-7
        return 0.0

    with pytest.raises(CheckFailed, match=r"was \[3\], now it is \[3.0000001\]"):
        call("f", nudges, np.array([3.0]))


def test_a_wrong_whole_number_is_shown_as_a_value():
    assert "returned 3      expected 2.5" in compare.difference(3, 2.5, 1e-9).line
