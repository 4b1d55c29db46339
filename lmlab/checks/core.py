"""How a check is written: a task's check is data, and `Check` runs it.

    mse = Check(
        "mse",
        cases=[Case(np.array([3.0]), np.array([1.0])), Case(..., label="two axes")],
        reference=mse_loop,
        mistakes={lambda o, y: ((o - y) ** 2).sum(): "Should more answers cost more?"},
        right="7 arrays of 1 to 500 answers",
    )

stands in `lmlab/checks/loss.py`, one for each task of the notebook and under the task's
name, and the notebook calls `check.mse(mse)`. Cases go from small to large, edge cases
among them: the smallest that fails is shown, in three lines (what was tried; what came
back beside what was expected; a question). The question is that of the declared
mistake which the answer repeats; where none is known, the third line says what was
still right. The gate in the tests hands each declared mistake to its check, which must
fail with that mistake's own question: a case must tell it from the others.

What is no comparison with one right value is a property: a function of `call`, that
runs the learner's code by `call(*arguments)` and calls `fail` where something is wrong.
"""

import contextlib
import copy
import ctypes
import inspect
import linecache
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from lmlab.checks.compare import Problem, describe, difference, same


class CheckFailed(AssertionError):
    """A check that did not pass; Jupyter shows its lines and no stack trace."""

    def __init__(self, *lines: str):
        super().__init__("\n".join(line for line in lines if line))

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


class Case:
    """One call to try: the arguments, and a label such as "an empty batch"."""

    def __init__(self, *arguments: Any, label: str = "", expected: Any = None):
        self.arguments = arguments
        self.label = label
        self.expected = expected


class Outcome(NamedTuple):
    """What came of a call: a value or an error, and what NumPy warned of."""

    value: Any
    error: BaseException | None
    arguments: tuple  # as the call left them
    warned: dict[str, str]  # "overflow": the learner's line where it came first


@dataclass(frozen=True, repr=False)
class Check:
    """The check of one task, to be called with the learner's function.

    reference: called with a copy of a case's arguments; without one, each case
        carries its own `expected`.
    mistakes: a typical wrong function -> the question that leads out of it.
    properties: what must hold beyond the cases (see above).
    right: what was tried, for the line of a right answer: "7 shapes, an empty one".
    tolerance: largest difference allowed, relative to max(1, |expected|).
    no_warnings: a NumPy warning (overflow, invalid value) fails as well, even where
        the learner's code silences it.
    seconds: how long one call may take; a loop without end is stopped then.
    """

    name: str
    cases: Sequence[Case] = ()
    reference: Callable | None = None
    mistakes: Mapping[Callable, str] = field(default_factory=dict)
    properties: Sequence[Callable] = ()
    right: str = ""
    tolerance: float = 1e-9
    no_warnings: bool = False
    seconds: float = 5.0

    def __call__(self, attempt: Callable) -> None:
        """Print one line where `attempt` is right, or raise `CheckFailed`."""
        if attempt is not None and attempt is not ... and not callable(attempt):
            raise CheckFailed(
                f"{self.name}: not a function",
                f"    came {describe(attempt)}, of type {type(attempt).__name__}"
                "      expected a function",
                f"Did a later cell give the name {self.name} to something else?",
            )
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._judge(attempt)
            for holds in self.properties:
                self._hold(attempt, holds)
        print(f"{self.name}: right on {self.right}.")

    def outcomes(self, function: Callable) -> Iterator[Outcome]:
        """What `function` does with one case after the other."""
        return (self._run(function, case.arguments) for case in self.cases)

    def alike(self, one: Outcome, other: Outcome) -> bool:
        """True where two functions did the same with a case."""
        return (
            type(one.error) is type(other.error)
            and same(one.arguments, other.arguments)
            and (not self.no_warnings or one.warned.keys() == other.warned.keys())
            and (type(one.value) is type(other.value) and same(one.value, other.value)
                 or difference(one.value, other.value, self.tolerance) is None)
        )

    def _judge(self, attempt: Callable) -> None:
        outcomes, failing, start = [], [], time.monotonic()
        for case, outcome in zip(self.cases, self.outcomes(attempt), strict=True):
            if not outcomes and _empty(attempt, outcome):
                raise self._not_attempted()
            problem = self._problem(attempt, case, outcome)
            if problem:
                failing.append((len(outcomes), problem))
            outcomes.append(outcome)
            if failing and time.monotonic() - start > self.seconds:
                break
        if failing:
            number, problem = failing[0]
            question = ""
            if len(outcomes) == len(self.cases):  # else it takes too long to look on
                question = self._unsteady(attempt, outcomes) or self._known(
                    outcomes, [number for number, _ in failing])
            raise CheckFailed(
                f"{self._text(number)}: {problem.verdict}",
                f"    {problem.line}",
                question or problem.question or self._still_right(number),
            )

    def _problem(self, attempt, case: Case, outcome: Outcome) -> Problem | None:
        expected = case.expected
        if self.reference is not None:
            expected = self.reference(*copy.deepcopy(case.arguments))
        problem = _unusable(attempt, case.arguments, outcome) or difference(
            outcome.value, expected, self.tolerance
        )
        if problem is None and self.no_warnings and outcome.warned:
            kind, line = next(iter(outcome.warned.items()))
            return Problem(f"the value is right, but NumPy warns of {kind}      {line}")
        return problem

    def _unsteady(self, attempt: Callable, outcomes: list[Outcome]) -> str:
        if all(map(self.alike, outcomes, self.outcomes(attempt))):
            return ""
        return "Called again, it answers otherwise: what decides, beside its arguments?"

    def _known(self, outcomes: list[Outcome], failing: list[int]) -> str:
        """The question of the mistake that does the same with most cases, or "".

        The same once may be chance: the first two failures must be alike, or all cases.
        """
        best, question = 0, ""
        for wrong, asked in self.mistakes.items():
            same = [*map(self.alike, outcomes, self.outcomes(wrong))]
            if (all(same[number] for number in failing[:2])
                    and (failing[1:] or all(same)) and sum(same) > best):
                best, question = sum(same), asked
        return question

    def _still_right(self, number: int) -> str:
        if number:
            return f"Right on the case before: {self._text(number - 1)}."
        return f"This is the smallest of {len(self.cases)} cases."

    def _hold(self, attempt: Callable, holds: Callable) -> None:
        came: list[Any] = []

        def call(*arguments: Any, text: str = "") -> Any:
            outcome = self._run(attempt, arguments)
            if not self.cases and not came and _empty(attempt, outcome):
                raise self._not_attempted()
            problem = _unusable(attempt, arguments, outcome)
            if problem:
                raise CheckFailed(
                    f"{text or call_text(self.name, arguments)}: {problem.verdict}",
                    f"    {problem.line}", problem.question)
            came.append(outcome.value)
            return outcome.value

        try:
            holds(call)
        except CheckFailed:
            raise
        except Exception:  # what came back cannot be read as what was asked for
            raise CheckFailed(
                f"{self.name}: not yet",
                f"    returned {describe(came[-1])}, of type {type(came[-1]).__name__}",
                "Which types and shapes does the docstring ask for?",
            ) from None

    def _run(self, function: Callable, arguments: tuple) -> Outcome:
        """Call `function` with a copy of `arguments`, whatever it does."""
        value, error, warned, left = None, None, {}, copy.deepcopy(arguments)

        def warn(kind: str, flag: int) -> None:
            warned.setdefault(
                kind, _own_line(function, traceback.walk_stack(sys._getframe())))

        with (
            np.errstate(divide="call", over="call", invalid="call", call=warn),
            _warnings_kept() if self.no_warnings else contextlib.nullcontext(),
        ):
            try:
                with _time_limit(self.seconds):
                    value = function(*left)
                with contextlib.suppress(Exception):
                    value = copy.deepcopy(value)  # a later call may write into it
            except CheckFailed:
                raise
            except (Exception, TooLong) as stopped:
                error = stopped
        return Outcome(value, error, left, warned)

    def _text(self, number: int) -> str:
        case = self.cases[number]
        return call_text(self.name, case.arguments, case.label)

    def _not_attempted(self) -> CheckFailed:
        return CheckFailed(
            f"{self.name}: not attempted yet",
            "    the cell above still holds the empty task",
            "Write it there, run that cell, then run this one again.",
        )


def fail(
    tried: str, returned: Any, expected: Any, question: str, note: str = ""
) -> NoReturn:
    """Raise `CheckFailed` with its three lines; values are shortened to fit."""
    line = f"    returned {describe(returned)}      expected {describe(expected)}"
    raise CheckFailed(
        f"{tried}: not yet", f"{line}      {note}" if note else line, question
    )


def call_text(name: str, arguments: Sequence[Any], label: str = "") -> str:
    """The call as the learner would write it, in at most one line."""
    text = f"{name}({', '.join(describe(a) for a in arguments)})"
    return f"{text} ({label})" if label else text


class TooLong(BaseException):
    """Raised inside a learner's function that does not end."""


@contextlib.contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooLong` in this thread when the block has not ended after `seconds`."""
    here = ctypes.c_ulong(threading.get_ident())
    timer = threading.Timer(seconds, ctypes.pythonapi.PyThreadState_SetAsyncExc,
                            (here, ctypes.py_object(TooLong)))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # what it raises, it raises in here


@contextlib.contextmanager
def _warnings_kept() -> Iterator[None]:
    """Let `np.errstate` and `np.seterr` change nothing: they would hide a warning."""
    old = np.errstate, np.seterr
    np.errstate = lambda **_: contextlib.nullcontext()
    np.seterr = lambda *_, **__: np.geterr()
    try:
        yield
    finally:
        np.errstate, np.seterr = old


def _empty(attempt: Callable, outcome: Outcome) -> bool:
    """True where the task still stands as it was handed out."""
    if attempt is None or attempt is ... or outcome.value is ...:
        return True
    code = getattr(attempt, "__code__", None)  # a docstring, `pass` or `...` alone?
    nothing = (lambda: None).__code__.co_code[::2]
    return isinstance(outcome.error, NotImplementedError) or (
        outcome.value is None and code is not None and code.co_code[::2] == nothing)


QUESTIONS = {
    NotImplementedError: "Which cases still reach the task's own `raise`?",
    TooLong: "What ends that loop, and does every round come nearer to it?",
    NameError: "Is that name spelt as where it was made, and has its cell been run?",
    np.exceptions.AxisError: "How many axes has that array in this smallest case?",
    IndexError: "How long is that sequence, and which index did the line ask for?",
    KeyError: "Which keys does it have? Print them in the line before.",
    ZeroDivisionError: "Which case makes the divisor zero, and what should hold then?",
    RecursionError: "What stops the function from calling itself?",
    ValueError: "Which shapes or values meet in that line? Print them just before it.",
    TypeError: "Which types meet in that line? Print them just before it.",
    Exception: "What does that line do with this smallest case?",
}


def _unusable(attempt: Callable, before: tuple, outcome: Outcome) -> Problem | None:
    """What is wrong with a call before its value is looked at, or None."""
    error = outcome.error
    if error is not None:
        line = _own_line(attempt, reversed([*traceback.walk_tb(error.__traceback__)]))
        message = " ".join(str(error).split())
        message = message if len(message) <= 160 else message[:157] + "..."
        kind = type(error).__name__
        return Problem(
            f"{line}      {message}".strip(),
            next(q for kind, q in QUESTIONS.items() if isinstance(error, kind)),
            "no end in sight" if kind == "TooLong" else f"stopped with {kind}")
    if outcome.value is None:
        return Problem("returned None, so nothing came back",
                       "Does every way through the function end in a `return`?")
    for position, (old, new) in enumerate(zip(before, outcome.arguments, strict=True)):
        if not same(old, new):
            return _changed(_parameter(attempt, position), old, new)
    return None


def _changed(which: str, old: Any, new: Any) -> Problem:
    for digits in (4, 12):
        was, now = describe(old, digits), describe(new, digits)
        if was != now:
            return Problem(
                f"changed its argument {which}: it was {was}, now it is {now}",
                f"Which line writes into {which}, and could it work on a copy?")
    return Problem(
        f"changed its argument {which}, by rounding: by too little to be printed",
        f"Was something added to {which} and taken away again? (x + h) - h is not "
        "always x: could it work on a copy?")


def _parameter(attempt: Callable, position: int) -> str:
    try:
        return list(inspect.signature(attempt).parameters)[position]
    except (TypeError, ValueError, IndexError):
        return f"argument {position + 1}"


def _own_line(attempt: Callable, frames: Iterable) -> str:
    """The learner's line among (frame, line number), the innermost first, or ""."""
    code = getattr(inspect.unwrap(attempt), "__code__", None)
    for frame, number in frames:
        file = frame.f_code.co_filename
        if code and file == code.co_filename:
            number = number or frame.f_code.co_firstlineno  # None: between two lines
            return f"line {number}: {linecache.getline(file, number).strip()}"
    return ""
