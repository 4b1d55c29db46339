"""How a check is written: cases, an independent reference, a tutor's question.

Used by every exercise. A check compares the learner's function with a reference on
cases from small to large, shows the first that fails in three lines (what was tried,
what came back beside what was expected, one question) and hides the stack trace.
"""

import copy
import inspect
import linecache
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from lmlab.checks.compare import describe, difference, same


class CheckFailed(AssertionError):
    """A check that did not pass; Jupyter shows its lines and no stack trace."""

    def __init__(self, *lines: str):
        super().__init__("\n".join(lines))

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Case:
    """One call to try: the arguments, and a label such as "an empty batch"."""

    def __init__(self, *arguments: Any, label: str = "", expected: Any = None):
        self.arguments = arguments
        self.label = label
        self.expected = expected


def check_function(
    name: str,
    attempt: Callable,
    *,
    cases: Sequence[Case],
    question: str,
    right: str,
    reference: Callable | None = None,
    mistakes: dict[Callable, str] | None = None,
    tolerance: float = 1e-9,
    no_warnings: bool = False,
    warning_question: str = "",
) -> None:
    """Compare `attempt` with `reference` on every case, or raise `CheckFailed`.

    cases: smallest first, because the first that fails is the one shown.
    reference: called with a copy of the same arguments; without one, each case
        carries its own `expected`.
    mistakes: a typical wrong function -> the question that leads out of it, asked
        when the answer equals what that function returns on the failing case.
    tolerance: largest difference allowed, relative to max(1, |expected|).
    no_warnings: a NumPy warning (overflow, invalid value) fails as well, with
        `warning_question` where there is one.
    """
    for case in cases:
        arguments = copy.deepcopy(case.arguments)
        if reference is None:
            expected = case.expected
        else:
            expected = reference(*copy.deepcopy(case.arguments))
        title = call_text(name, case.arguments, case.label)
        warned, returned = _run(title, name, attempt, arguments)
        _same_arguments(title, attempt, case.arguments, arguments)
        problem = difference(returned, expected, tolerance)
        if problem is not None:
            asked = _known_mistake(case, returned, mistakes, tolerance)
            asked = asked or problem.question or question
            raise CheckFailed(f"{title}: not yet", f"    {problem.line}", asked)
        if no_warnings and warned:
            raise CheckFailed(
                f"{title}: not yet",
                f"    the value is right, but NumPy warned: {warned}",
                warning_question or question,
            )
    passed(name, right)


def call(name: str, attempt: Callable, *arguments: Any, text: str = "") -> Any:
    """Run the learner's code and return its value, for checks of a property.

    `text` replaces the call in the first line when the arguments are long. Raises
    `CheckFailed` when the function is not written yet, stops with an error, or
    changes its arguments.
    """
    title = text or call_text(name, arguments)
    copies = copy.deepcopy(arguments)
    _, returned = _run(title, name, attempt, copies)
    _same_arguments(title, attempt, arguments, copies)
    return returned


def fail(
    tried: str, returned: Any, expected: Any, question: str, note: str = ""
) -> NoReturn:
    """Raise `CheckFailed` with its three lines; values are shortened to fit."""
    line = f"    returned {describe(returned)}      expected {describe(expected)}"
    raise CheckFailed(
        f"{tried}: not yet", f"{line}      {note}" if note else line, question
    )


def passed(name: str, what: str) -> None:
    """Print the one line of a right answer, with what was tried."""
    print(f"{name}: right on {what}.")


def call_text(name: str, arguments: Sequence[Any], label: str = "") -> str:
    """The call as the learner would write it, in at most one line."""
    text = f"{name}({', '.join(describe(a) for a in arguments)})"
    return f"{text} ({label})" if label else text


def _run(title: str, name: str, attempt: Callable, arguments: Sequence[Any]):
    """Return (first NumPy warning or "", the value) of the learner's function."""
    if attempt is None or attempt is ...:
        raise _not_attempted(name)
    if not callable(attempt):
        raise CheckFailed(
            f"{name}: not a function",
            f"    came {describe(attempt)}, of type {type(attempt).__name__}"
            "      expected a function",
            f"Did a later cell give the name {name} to something else?",
        )
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            returned = attempt(*arguments)
    except NotImplementedError:
        raise _not_attempted(name) from None
    except CheckFailed:
        raise
    except Exception as error:
        raise _stopped(title, attempt, error) from None
    if returned is ... or (returned is None and _empty_body(attempt)):
        raise _not_attempted(name)
    if returned is None:
        raise CheckFailed(
            f"{title}: not yet",
            "    returned None, so nothing came back",
            "Does every way through the function end in a `return`?",
        )
    first = next((w for w in caught if issubclass(w.category, RuntimeWarning)), None)
    return (str(first.message) if first else ""), returned


def _not_attempted(name: str) -> CheckFailed:
    return CheckFailed(
        f"{name}: not attempted yet",
        "    the cell above still holds the empty task",
        "Write it there, run that cell, then run this one again.",
    )


def _empty_body(attempt: Callable) -> bool:
    """True for a function of nothing but a docstring, `pass` or `...`."""
    code = getattr(attempt, "__code__", None)
    if code is None:
        return False
    return code.co_code[::2] == (lambda: None).__code__.co_code[::2]


QUESTIONS = {
    NameError: "Is that name spelt as where it was made, and has its cell been run?",
    np.exceptions.AxisError: "How many axes has that array in this smallest case?",
    IndexError: "How long is that sequence, and which index did the line ask for?",
    KeyError: "Which keys does it have? Print them in the line before.",
    ZeroDivisionError: "Which case makes the divisor zero, and what should hold then?",
    RecursionError: "What stops the function from calling itself?",
    ValueError: "Which shapes or values meet in that line? Print them just before it.",
    TypeError: "Which types meet in that line? Print them just before it.",
}


def _stopped(title: str, attempt: Callable, error: Exception) -> CheckFailed:
    """The three lines for code that raised: the learner's own line is the second."""
    code = getattr(inspect.unwrap(attempt), "__code__", None)
    home = code.co_filename if code else None
    line, trace = "", error.__traceback__
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_filename == home or (home is None and not line):
            source = linecache.getline(frame.f_code.co_filename, trace.tb_lineno)
            line = f"line {trace.tb_lineno}: {source.strip()}"
        trace = trace.tb_next
    message = " ".join(str(error).split())
    if len(message) > 160:
        message = message[:157] + "..."
    asked = next((q for kind, q in QUESTIONS.items() if isinstance(error, kind)),
                 "What does that line do with this smallest case?")
    return CheckFailed(
        f"{title}: stopped with {type(error).__name__}",
        f"    {line}      {message}".rstrip(),
        asked,
    )


def _same_arguments(title, attempt, before: Sequence, after: Sequence) -> None:
    for position, (old, new) in enumerate(zip(before, after, strict=True)):
        if not same(old, new):
            try:
                which = list(inspect.signature(attempt).parameters)[position]
            except (TypeError, ValueError, IndexError):
                which = f"argument {position + 1}"
            digits = 4 if describe(old) != describe(new) else 12
            raise CheckFailed(
                f"{title}: not yet",
                f"    changed its argument {which}: it was {describe(old, digits)},"
                f" now it is {describe(new, digits)}",
                f"Which line writes into {which}, and could it work on a copy?",
            )


def _known_mistake(case: Case, returned, mistakes, tolerance: float) -> str:
    """The question of the first typical mistake that gives the same answer."""
    for wrong, asked in (mistakes or {}).items():
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                value = wrong(*copy.deepcopy(case.arguments))
        except Exception:
            continue
        if value is not None and difference(returned, value, tolerance) is None:
            return asked
    return ""
