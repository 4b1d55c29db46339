"""What a page shows besides pictures: source, tokens, two arrays side by side.

Used by every lesson. Each function displays or prints and returns None, so that a
cell may end in it; what is printed holds on any machine.
"""

import html
import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from IPython.display import HTML, Markdown, display

# Light fills, told apart by colour-blind readers, dark text on each.
BOXES = ("#cfe8f6", "#fde3b5", "#cdeedd", "#f6d8c6", "#ecd9ee", "#f7f3bd")


def source(thing: Any) -> None:
    """Show the source of a function, method or class of the package, highlighted."""
    where = f"{thing.__module__}.{thing.__qualname__}"
    text = inspect.getsource(inspect.unwrap(thing))
    display(Markdown(f"`{where}`\n```python\n{textwrap.dedent(text)}```"))


def tokens(
    items: Sequence[str],
    weights: Sequence[float] | None = None,
    labels: Sequence[str] | None = None,
) -> None:
    """Show tokens as coloured boxes; `weights` in 0..1 shade them instead.

    items: the tokens, in order. labels: a short line under each box (an id, a
    meaning). Raises ValueError where weights or labels are not one per token.
    """
    for name, values in (("weights", weights), ("labels", labels)):
        if values is not None and len(values) != len(items):
            raise ValueError(
                f"{name} must have one entry per token: "
                f"got {len(values)} for {len(items)} tokens"
            )
    boxes = []
    for i, item in enumerate(items):
        fill = BOXES[i % len(BOXES)]
        if weights is not None:
            share = min(max(float(weights[i]), 0.0), 1.0)
            fill = f"rgba(0, 114, 178, {0.06 + 0.6 * share:.2f})"
        text = _text(item).replace(" ", "&nbsp;")
        below = f"<small>{_text(labels[i])}</small>" if labels else ""
        boxes.append(
            '<span style="display:inline-block;text-align:center;margin:2px;'
            f'padding:2px 7px;border-radius:4px;background:{fill};color:#1a1a1a">'
            f'<span style="font-size:120%">{text}</span>'
            f"{'<br>' + below if below else ''}</span>"
        )
    display(HTML(f'<div style="line-height:1.5">{"".join(boxes)}</div>'))


def table(rows: Sequence[Sequence[Any]], header: Sequence[str]) -> None:
    """Show rows as a table; numbers are right-aligned, text is not.

    A cell is one line of Markdown (bold, code, maths); HTML in it is shown as text.
    """
    for row in rows:
        if len(row) != len(header):
            raise ValueError(
                f"each row must have {len(header)} entries, one per column of "
                f"header: got {len(row)} in {list(row)}"
            )
    first = rows[0] if rows else [""] * len(header)
    ruler = ["---:" if _is_number(value) else "---" for value in first]
    lines = [header, ruler, *rows]
    cells = [[_markdown(value).replace("|", "\\|") for value in line] for line in lines]
    display(Markdown("\n".join(f"| {' | '.join(line)} |" for line in cells)))


def agree(
    one: Any,
    other: Any,
    tolerance: float,
    names: tuple[str, str] = ("by hand", "torch"),
) -> None:
    """Assert that two arrays agree within `tolerance`, and print that bound.

    The bound is printed, not the difference itself: its last digits are the
    machine's. Raises AssertionError with the largest difference where it is larger,
    ValueError where the shapes differ.
    """
    first, second = _array(one), _array(other)
    largest = _largest(first, second, names)
    assert largest < tolerance, (
        f"{names[0]} and {names[1]} differ by {largest:.3g}, more than {tolerance:g}"
    )
    print(f"{names[0]} and {names[1]} agree: largest difference < {tolerance:g}")


def _text(value: Any) -> str:
    return html.escape(str(value)).replace("\n", "⏎")


def _markdown(value: Any) -> str:
    """Escape HTML but in code and maths, where Markdown does it itself."""
    parts = re.split(r"(`[^`]*`|\$[^$]*\$)", str(value).replace("\n", "⏎"))
    parts[::2] = [html.escape(part, quote=False) for part in parts[::2]]
    return "".join(parts)


def _array(value: Any) -> np.ndarray:
    value = value.detach().cpu() if hasattr(value, "detach") else value
    return np.asarray(value, dtype=float)


def _largest(one: np.ndarray, other: np.ndarray, names: tuple[str, str]) -> float:
    if one.shape != other.shape:
        raise ValueError(
            f"{names[0]} and {names[1]} must have one shape: "
            f"got {one.shape} and {other.shape}"
        )
    return float(np.abs(one - other).max(initial=0.0))


def _is_number(value: Any) -> bool:
    return str(value).strip().rstrip("%").replace(",", "").replace(".", "", 1).lstrip(
        "-−+"
    ).isdigit()
