"""Promises of the checks: every kind of wrong has its own words, in three lines."""

import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from lmlab.checks import compare, core
from lmlab.checks.core import Case, Check, CheckFailed, fail

W, b, X = np.array([[1.0, 2.0]]), np.array([0.5]), np.array([[1.0, -1.0], [3.0, 0.0]])


def dense(W, b, X):
    return X @ W.T + b


def check(**changes) -> Check:
    settings = dict(
        cases=[Case(W, b, X), Case(W, b, X[:0], label="an empty batch")],
        reference=dense, right="2 batches",
    )
    return Check("dense", **(settings | changes))


def message(attempt, **changes) -> list[str]:
    with pytest.raises(CheckFailed) as caught:
        check(**changes)(attempt)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3, lines
    return lines


def no_answer(W, b, X):
    """The docstring of an empty task."""


def test_a_right_answer_prints_one_line(capsys):
    check()(dense)
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
    assert lines[2] == "This is the smallest of 2 cases."


def test_a_known_mistake_gets_its_own_question():
    lines = message(lambda W, b, X: X @ W.T,
                    mistakes={lambda W, b, X: X @ W.T: "Where is b?"})
    assert lines[2] == "Where is b?"


double = dict(cases=[Case(n) for n in (0, 2, 3, 4)], reference=lambda n: 2 * n)


def test_where_no_mistake_is_known_the_largest_right_case_speaks():
    lines = message(lambda n: 6 if n == 3 else n + 2, **double)
    assert lines[0] == "dense(0): not yet"
    lines = message(lambda n: n + 2 if n > 2 else 2 * n, **double)
    assert lines[1:] == ["    returned 5      expected 6",
                         "Right on the case before: dense(2)."]


def test_a_mistake_that_is_alike_once_by_chance_is_not_asked_about():
    squares = {lambda n: n * n: "Squared?"}
    assert message(lambda n: n * n, mistakes=squares, **double)[2] == "Squared?"
    for attempt in (lambda n: 9 if n > 2 else 2 * n, lambda n: 9 if n == 3 else 2 * n):
        lines = message(attempt, mistakes=squares, **double)
        assert lines[1:] == ["    returned 9      expected 6",
                             "Right on the case before: dense(2)."]


def test_of_two_mistakes_alike_at_first_the_one_alike_to_the_end_is_asked_about():
    mistakes = {lambda n: n + 1 if n < 4 else 0: "Two?", lambda n: n + 1: "One?"}
    assert message(lambda n: n + 1, mistakes=mistakes, **double)[2] == "One?"


def test_an_answer_that_changes_from_call_to_call_is_called_that():
    rng = np.random.default_rng(0)
    assert "Called again" in message(lambda n: rng.random(), **double)[2]
    kept = []
    lines = message(lambda n: kept.append(2 * n) or kept, **(double | dict(
        reference=lambda n: [2 * n])))
    assert lines[0] == "dense(2): not yet" and "Called again" in lines[2]


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
    "shape": (lambda W, b, X: dense(W, b, X)[0], "shape (1,)", "smallest of 2"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_wrong_has_its_own_words(kind):
    attempt, second, third = KINDS[kind]
    lines = message(attempt)
    assert second in lines[1] and third in lines[2]


@pytest.mark.parametrize("mean, words", [
    (lambda x: x, "make one number out of these 3"),
    (lambda x: x.mean(keepdims=True), "stands inside shape (1,)"),
    (lambda x: x.mean(keepdims=True)[:, None], "stands inside shape (1, 1)"),
])
def test_an_array_in_place_of_a_number_says_which_kind(mean, words):
    lines = message(mean, cases=[Case(np.arange(3.0))], reference=np.mean)
    assert "expected a single number" in lines[1] and words in lines[2]


ODD = {
    "ragged": [[1.0, 2.0], [3.0]],
    "a list of None": [None, 1.0],
    "an array of None": np.array([None, 1.0]),
    "300,000 numbers": list(range(300_000)),
    "a dict of 300,000": dict.fromkeys(range(300_000), 1.0),
    "a million entries": np.zeros(1_000_000),
    "a huge number": 10**5000,
    "complex": np.array([1j, 2.0]),
    "a function": len,
    "a generator": (n for n in range(3)),
    "a class": CheckFailed,
    "text": "x" * 1_000_000,
}
EXPECTED = {"a number": 2.5, "a whole number": 3, "an array": np.array([1.0, 2.0]),
            "a list": [1.0, 2.0], "a table": [[1.0, 2.0], [3.0, 4.0]],
            "a dict": {"a": 1.0}, "a string": "ab", "a truth": True}


@pytest.mark.parametrize("expected", EXPECTED)
@pytest.mark.parametrize("odd", ODD)
def test_whatever_comes_back_is_three_short_lines_at_once(odd, expected):
    start = time.perf_counter()
    lines = message(lambda: ODD[odd],
                    cases=[Case(expected=EXPECTED[expected])], reference=None)
    assert time.perf_counter() - start < 2
    assert max(map(len, lines)) < 300


def test_a_long_answer_to_many_cases_takes_seconds_at_most():
    cases = [Case(n, expected=n) for n in range(100)]
    start = time.perf_counter()
    message(lambda n: list(range(300_000)), cases=cases, reference=None, seconds=1,
            mistakes={lambda n: n + 1: "One?"})
    assert time.perf_counter() - start < 3


def test_a_loop_without_end_is_stopped_and_its_line_is_shown():
    def endless(n):
        while n >= 0:
            n += 1

    lines = message(endless, seconds=0.1, **double)
    assert lines[0] == "dense(0): no end in sight"
    assert "while n >= 0:" in lines[1] or "n += 1" in lines[1]
    assert "What ends that loop" in lines[2]


def test_a_loop_that_swallows_errors_is_stopped_as_well():
    def endless(n):
        while True:
            try:
                n += 1
            except Exception:
                n = 0

    assert "no end" in message(endless, seconds=0.1, **double)[0]


def test_an_interrupt_by_hand_interrupts():
    def interrupted(n):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check(**double)(interrupted)


def test_what_ends_in_time_is_not_stopped_later():
    check(seconds=0.2, **double)(lambda n: 2 * n)
    time.sleep(0.3)


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


def test_a_nudge_undone_is_called_rounding():
    def nudges(x):
        x += 0.1
        x -= 0.1
        return x * 2

    lines = message(nudges, cases=[Case(np.array([0.3]))], reference=lambda x: x * 2)
    assert "changed its argument x, by rounding" in lines[1]
    assert "added to x and taken away again" in lines[2]


def test_a_slight_change_of_an_argument_is_shown_longer():
    def nudges(x):
        x[0] += 1e-7
        return x * 2

    lines = message(nudges, cases=[Case(np.array([3.0]))], reference=lambda x: x * 2)
    assert "it was [3], now it is [3.0000001]" in lines[1]


def test_every_attempt_gets_fresh_arguments():
    case = Case([3, 1, 2])
    message(lambda x: (x.sort(), x)[1], cases=[case], reference=sorted)
    assert case.arguments == ([3, 1, 2],)


def test_an_unfinished_branch_is_not_called_unattempted():
    def half(n):
        if n < 2:
            return 2 * n
        raise NotImplementedError

    lines = message(half, **double)
    assert lines[0] == "dense(2): stopped with NotImplementedError"
    assert "raise NotImplementedError" in lines[1] and "still reach" in lines[2]


def test_what_returns_nothing_in_the_end_is_not_called_unattempted():
    lines = message(lambda n: 2 * n if n < 2 else ..., **double)
    assert lines[0] == "dense(2): not yet" and "of type ellipsis" in lines[1]


def naive(x):
    return 1 / (1 + np.exp(-x))


def naive_in_silence(x):
    with np.errstate(all="ignore"):
        return naive(x)


def naive_with_settings(x):
    old = np.seterr(over="ignore")
    y = naive(x)
    np.seterr(**old)
    return y


def naive_with_a_filter(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return naive(x)


def naive_on_both_sides(x):
    return np.where(x > 0, naive(x), np.exp(x) / (1 + np.exp(x)))


def stable(x):
    return np.exp(-np.logaddexp(0, -x))


sigmoid = dict(cases=[Case(np.array([0.0]), expected=np.array([0.5])),
                      Case(np.array([-1e4]), expected=np.array([0.0])),
                      Case(np.array([1e4]), expected=np.array([1.0]))], reference=None)


@pytest.mark.parametrize("attempt", [
    naive, naive_in_silence, naive_with_settings, naive_with_a_filter])
def test_a_warning_fails_only_where_the_task_is_about_it(attempt):
    check(**sigmoid)(attempt)
    lines = message(attempt, no_warnings=True, **sigmoid)
    assert lines[0] == "dense([-1e+04]): not yet"
    assert "NumPy warns of overflow" in lines[1] and "np.exp(-x)" in lines[1]
    check(no_warnings=True, **sigmoid)(stable)


def test_mistakes_are_told_apart_by_what_they_warn_of():
    questions = {naive: "Which exp?", naive_on_both_sides: "Both sides?"}
    for wrong, question in questions.items():
        lines = message(wrong, no_warnings=True, mistakes=questions, **sigmoid)
        assert lines[2] == question


def test_a_verdict_does_not_depend_on_what_the_learner_set():
    for state in ("ignore", "raise"):
        with np.errstate(all=state), warnings.catch_warnings():
            warnings.simplefilter("error" if state == "raise" else "ignore")
            check(**sigmoid)(naive)
            check(**double)(lambda n: warnings.warn("?", stacklevel=1) or 2 * n)
            assert "overflow" in message(naive, no_warnings=True, **sigmoid)[1]


def test_a_check_leaves_numpys_settings_as_they_were():
    before = np.geterr(), np.errstate, np.seterr
    check(no_warnings=True, **sigmoid)(stable)
    message(naive_with_settings, no_warnings=True, **sigmoid)
    assert (np.geterr(), np.errstate, np.seterr) == before


@pytest.mark.parametrize("attempt", [
    lambda W, b, X: np.array([[w @ x + c for w, c in zip(W, b, strict=True)]
                              for x in X]).reshape(len(X), len(b)),
    lambda W, b, X: dense(W, b, X).astype(np.float32),
    lambda W, b, X: np.asfortranarray(dense(W, b, X)),
])
def test_right_answers_written_differently_pass(attempt):
    check()(attempt)


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


def ends_in_zero(call):
    for n in (2, 3):
        made = call(n, text=f"dense({n}), made by hand")
        if made[-1] != 0:
            fail(f"dense({n})", made[-1], 0, "What comes last?", "the last number")


property_alone = dict(cases=[], reference=None, properties=[ends_in_zero])


def test_a_property_says_itself_what_is_wrong(capsys):
    lines = message(lambda n: [n, n], **property_alone)
    assert lines == ["dense(2): not yet",
                     "    returned 2      expected 0      the last number",
                     "What comes last?"]
    check(**property_alone)(lambda n: [0])
    assert capsys.readouterr().out == "dense: right on 2 batches.\n"


def test_a_property_is_tried_after_the_cases():
    both = property_alone | dict(cases=[Case(1)], reference=lambda n: [1, 0])
    assert message(lambda n: [n, n], **both)[0] == "dense(1): not yet"
    assert message(lambda n: [n, n - 1], **both)[0] == "dense(2): not yet"


@pytest.mark.parametrize("attempt", [unfinished, no_answer, lambda *a: ..., ..., None])
def test_a_property_tells_not_attempted_from_wrong(attempt):
    settings = property_alone | dict(properties=[lambda call: call(1, 2, 3)])
    assert message(attempt, **settings)[0] == "dense: not attempted yet"


def test_a_property_tells_an_unfinished_branch_from_not_attempted():
    def half(n):
        if n < 3:
            return [0]
        raise NotImplementedError

    lines = message(half, **property_alone)
    assert "stopped with NotImplementedError" in lines[0]


def test_what_a_property_cannot_read_is_three_lines():
    lines = message(lambda n: 3, **property_alone)
    assert lines[1] == "    returned 3, of type int" and "docstring" in lines[2]
    lines = message(lambda n: n / 0, **property_alone)
    assert lines[0] == "dense(2), made by hand: stopped with ZeroDivisionError"
    assert "lambda n: n / 0" in lines[1]


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


def test_a_wrong_whole_number_is_shown_as_a_value():
    assert "returned 3      expected 2.5" in compare.difference(3, 2.5, 1e-9).line


def test_nan_is_the_same_as_nan_alone():
    assert compare.same(np.nan, np.nan)
    assert not compare.same(np.nan, 0.5) and not compare.same(0.5, np.nan)


def test_a_right_value_computed_in_place_is_no_other_mistake():
    def doubled_in_place(x):
        x *= 2
        return x

    check = Check("double", cases=[Case(np.array([1.0]))], reference=lambda x: 2 * x,
                  mistakes={lambda x: x + 1: "the question of another mistake"})
    with pytest.raises(CheckFailed) as caught:
        check(doubled_in_place)
    assert "changed its argument x" in str(caught.value)
    assert "of another mistake" not in str(caught.value)


def test_an_interrupt_between_two_lines_names_the_function():
    def endless(x):
        while True:
            pass

    frame = type("", (), {"f_code": endless.__code__})
    said = core._own_line(endless, [(frame, None)])
    assert said.startswith(f"line {endless.__code__.co_firstlineno}: def endless")
