"""Compare what a learner returned with what was expected, and say what differs.

Used by `lmlab.checks.core`. Type, dtype, shape, NaN and value each have their own
words; numbers are shown short, and longer where four digits would look the same.
"""

import numbers
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

SHOWN = 12  # arrays and sequences up to this many entries are printed in full


class Problem(NamedTuple):
    """The second line of a failed check, and a question where the kind is clear."""

    line: str
    question: str = ""
    verdict: str = "not yet"


def difference(
    returned: Any, expected: Any, tolerance: float, where: str = ""
) -> Problem | None:
    """Return what differs between `returned` and `expected`, or None.

    Numbers and arrays agree within `tolerance * max(1, |expected|)`; a float32 answer
    is held to 1e-5. Lists and tuples count as the same, arrays and lists do not.
    """
    if is_tensor(expected):
        if not is_tensor(returned):
            return _wrong_type(returned, "a torch tensor", where)
        return difference(_to_numpy(returned), _to_numpy(expected), tolerance, where)
    if is_tensor(returned):
        return _wrong_type(returned, _kind(expected), where,
                           "This one is written in NumPy: where did torch come in?")
    if isinstance(expected, bool | np.bool_ | str) or expected is None:
        plain = isinstance(expected, str) or expected is None
        good = type(expected) if plain else bool | np.bool_
        if not isinstance(returned, good):
            return _wrong_type(returned, _kind(expected), where)
        return None if returned == expected else _values(returned, expected, where)
    if isinstance(expected, Mapping):
        return _mapping(returned, expected, tolerance, where)
    if isinstance(expected, list | tuple):
        return _sequence(returned, expected, tolerance, where)
    if isinstance(expected, numbers.Number | np.ndarray):
        return _numeric(returned, expected, tolerance, where)
    return None if returned == expected else _values(returned, expected, where)


def same(one: Any, other: Any) -> bool:
    """True where two values are equal to the last bit (NaN equals NaN)."""
    if type(one) is not type(other):
        return False
    if is_tensor(one):
        return same(_to_numpy(one), _to_numpy(other))
    if isinstance(one, np.ndarray):
        if one.shape != other.shape:
            return False
        exact = one.dtype.kind in "fc"
        return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=exact)
    if isinstance(one, Mapping):
        return list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if callable(one) or isinstance(one, np.random.Generator):
        return True  # a generator is there to be used
    plain = isinstance(one, str | numbers.Number | None)
    return not plain or bool(one == other) or (one != one and other != other)


def is_tensor(value: Any) -> bool:
    """True for a torch tensor, without importing torch."""
    return type(value).__module__.startswith("torch") and hasattr(value, "detach")


def describe(value: Any, digits: int = 4) -> str:
    """`value` in a few words: numbers with `digits` digits, long ones by shape."""
    if is_tensor(value):
        return f"tensor({describe(_to_numpy(value), digits)})"
    if isinstance(value, np.ndarray):
        if value.size > SHOWN or value.size == 0 or value.dtype.kind not in "biuf":
            return f"array of shape {value.shape}"
        return describe(value.tolist(), digits)
    if isinstance(value, bool | np.bool_ | None):
        return str(value)
    if isinstance(value, numbers.Integral):
        return str(int(value)) if abs(value) < 1e15 else f"{Decimal(int(value)):.4g}"
    if isinstance(value, numbers.Real):
        return f"{float(value):.{digits}g}"
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else value[:37] + "...")
    if isinstance(value, Mapping):
        inside = _joined(value.items(), len(value), lambda pair: (
            f"{describe(pair[0])}: {describe(pair[1], digits)}"))
        return "{" + inside + "}"
    if isinstance(value, list | tuple):
        inside = _joined(value, len(value), lambda v: describe(v, digits))
        if isinstance(value, list):
            return f"[{inside}]"
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if callable(value):
        return getattr(value, "__name__", "a function")
    if isinstance(value, np.random.Generator):
        return "rng"
    return f"a {type(value).__name__}"


def _joined(entries: Iterable, count: int, words: Callable) -> str:
    """All entries in words, or the first few: there may be a million."""
    parts = [words(entry) for entry in islice(entries, 4 if count > SHOWN else count)]
    return ", ".join(parts) + (f", ... {count:,} in all" if count > SHOWN else "")


def _to_numpy(tensor: Any) -> np.ndarray:
    return tensor.detach().cpu().numpy()


def _kind(value: Any) -> str:
    for kind, words in (
        (bool | np.bool_, "True or False"),
        (numbers.Integral, "a whole number"),
        (numbers.Real, "a number"),
        (np.ndarray, "a NumPy array"),
        (str, "a string"),
        (Mapping, "a dict"),
        (list | tuple, "a list or tuple"),
    ):
        if isinstance(value, kind):
            return words
    return f"a {type(value).__name__}"


def _wrong_type(returned, wanted: str, where: str, question: str = "") -> Problem:
    return Problem(
        f"returned {describe(returned)}, of type {type(returned).__name__}{where}"
        f"      expected {wanted}",
        question or "What is the type of the last value you compute? Print it.",
    )


def _values(returned: Any, expected: Any, where: str, note: str = "") -> Problem:
    shown, wanted = describe(returned), describe(expected)
    if shown == wanted:
        shown, wanted = describe(returned, 12), describe(expected, 12)
    note = f"      {note}" if note else ""
    return Problem(f"returned {shown}{where}      expected {wanted}{where}{note}")


def _mapping(returned, expected, tolerance, where) -> Problem | None:
    if not isinstance(returned, Mapping):
        return _wrong_type(returned, "a dict", where)
    for key in expected:
        if key not in returned:
            return Problem(f"returned no key {describe(key)}{where}      expected "
                           f"{describe(expected[key])} there")
    for key in returned:
        if key not in expected:
            return Problem(f"returned a key {describe(key)}{where} with "
                           f"{describe(returned[key])}      expected no such key")
    inside = (difference(returned[k], expected[k], tolerance, f" at {describe(k)}")
              for k in expected)
    return next((problem for problem in inside if problem), None)


def _sequence(returned, expected, tolerance, where) -> Problem | None:
    if not isinstance(returned, list | tuple):
        return _wrong_type(returned, _kind(expected), where)
    if len(returned) != len(expected):
        return _values(returned, expected, where,
                       f"length {len(returned)} instead of {len(expected)}")
    for position, (mine, wanted) in enumerate(zip(returned, expected, strict=True)):
        problem = difference(mine, wanted, tolerance, f"{where} at [{position}]")
        if problem:
            whole = len(expected) <= SHOWN and not problem.question
            return _values(returned, expected, where) if whole else problem
    return None


def _numeric(returned, expected, tolerance, where) -> Problem | None:
    scalar = not isinstance(expected, np.ndarray)
    if not isinstance(returned, numbers.Number | np.ndarray | np.bool_) or (
        not scalar and not isinstance(returned, np.ndarray | np.generic)
    ):
        return _wrong_type(returned, _kind(expected), where)
    mine, wanted = np.asarray(returned), np.asarray(expected)
    if mine.dtype.kind not in "biuf":
        return _wrong_dtype(mine, wanted, where)
    if mine.shape != wanted.shape:
        what = "a single number" if scalar else f"shape {wanted.shape}"
        return Problem(f"returned shape {mine.shape}{where}      expected {what}",
                       _still_there(mine) if scalar else "")
    if wanted.dtype.kind == "b" != mine.dtype.kind or (
        wanted.dtype.kind in "iu" and mine.dtype.kind not in "iu"
    ):
        return _wrong_dtype(mine, wanted, where)
    bad = ~np.isfinite(mine) & np.isfinite(wanted)
    if bad.any():
        place = _place(bad)
        return Problem(f"returned {mine[place]}{_at(place)}{where}"
                       f"      expected {describe(wanted[place])}, a finite number",
                       "Where does the first nan or inf appear? Look for a division "
                       "by zero, the log of zero, or exp of a large number.")
    if mine.dtype.kind == "f" and mine.dtype.itemsize < 8:
        tolerance = max(tolerance, 1e-5)
    with np.errstate(invalid="ignore"):
        scale = np.maximum(1, np.abs(np.where(np.isfinite(wanted), wanted, 1)))
        equal = (mine == wanted) | (np.isnan(mine) & np.isnan(wanted))
        off = np.where(equal, 0, np.abs(mine.astype(float) - wanted) / scale)
    wrong = ~(off <= tolerance)
    if not wrong.any():
        return None
    if not scalar and wanted.dtype.kind == "f" and mine.dtype.kind in "biu":
        return _wrong_dtype(mine, wanted, where)
    if wanted.size <= SHOWN:
        return _values(returned, expected, where)
    place = np.unravel_index(np.argmax(off), off.shape)
    return _values(mine[place], wanted[place], f"{_at(place)}{where}",
                   f"{wrong.sum()} of {wrong.size} entries differ")


def _still_there(mine: np.ndarray) -> str:
    if mine.size == 1:
        return f"The number stands inside shape {mine.shape}: which step keeps an axis?"
    return f"By what does the task make one number out of these {mine.size}?"


def _wrong_dtype(mine: np.ndarray, wanted: np.ndarray, where: str) -> Problem:
    names = {"b": "True and False", "i": "whole numbers", "u": "whole numbers"}
    return Problem(
        f"returned dtype {mine.dtype}{where}, such as {describe(mine.ravel()[:4])}"
        f"      expected {names.get(wanted.dtype.kind, 'floating point numbers')}",
        "Which step fixes the dtype? An array made from whole numbers stays whole.",
    )


def _place(mask: np.ndarray) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(mask)[0])


def _at(place) -> str:
    return f" at [{', '.join(str(int(i)) for i in place)}]" if len(place) else ""
