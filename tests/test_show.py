"""Promises of `lmlab.page.show`: what a page shows holds on any machine."""

import numpy as np
import pytest

from lmlab.page import show


@pytest.fixture
def shown(monkeypatch):
    """What the functions display, as text."""
    pieces = []
    monkeypatch.setattr(show, "display", lambda thing: pieces.append(thing.data))
    return pieces


def test_source_is_highlighted_python(shown):
    show.source(show.agree)
    assert "```python\ndef agree(" in shown[0] and "lmlab.page.show.agree" in shown[0]
    assert "\n    first, second = _array(one)" in shown[0]  # indented as written
    assert shown[0].endswith("\n```")


def test_the_source_of_a_method_starts_at_the_margin(shown):
    class Thing:
        def method(self):
            return self

    show.source(Thing.method)
    assert "```python\ndef method(self):\n    return self\n```" in shown[0]


def test_agree_prints_the_bound_and_not_the_last_digits(capsys):
    show.agree([1.0, 2.0], np.array([1.0, 2.0 + 1e-14]), 1e-12)
    assert capsys.readouterr().out == (
        "by hand and torch agree: largest difference < 1e-12\n")


@pytest.mark.parametrize("other", [[1.0, 2.1], [1.0, np.nan]])
def test_agree_fails_where_two_arrays_differ(other):
    with pytest.raises(AssertionError, match="by hand and torch differ"):
        show.agree([1.0, 2.0], other, 1e-12)


def test_agree_names_both_shapes():
    with pytest.raises(ValueError, match=r"\(2,\) and \(1, 2\)"):
        show.agree([1.0, 2.0], [[1.0, 2.0]], 1e-12)


def test_tokens_become_boxes_and_are_escaped(shown):
    show.tokens(["床", "<b>", " a"], labels=["bed", 7, 8])
    assert "床" in shown[0] and "&lt;b&gt;" in shown[0] and "&nbsp;a" in shown[0]


def test_tokens_name_what_does_not_fit():
    with pytest.raises(ValueError, match="weights must have one entry per token"):
        show.tokens(["a", "b"], weights=[1.0])


def test_a_table_aligns_numbers_right(shown):
    show.table([["ReLU", "0.5"], ["a|b", "12"]], ["f", "x"])
    assert shown[0].splitlines()[1] == "| --- | ---: |"
    assert "a\\|b" in shown[0]


@pytest.mark.parametrize("cell, written", [
    ("<end>", "&lt;end&gt;"), ("R&D", "R&amp;D"), ("a\nb", "a⏎b"),
    ("`<end>`", "`<end>`"), ("$a < b$", "$a < b$"), ("**<b>**", "**&lt;b&gt;**")])
def test_a_table_shows_what_looks_like_html_as_text(shown, cell, written):
    show.table([[cell, 3]], ["token", "<n>"])
    header, _, row = shown[0].split("\n")
    assert header == "| token | &lt;n&gt; |" and row == f"| {written} | 3 |"


def test_labels_of_tokens_are_text_too(shown):
    show.tokens(["a"], labels=["<i>\n"])
    assert "&lt;i&gt;⏎" in shown[0] and "<i>" not in shown[0]


def test_a_table_with_a_short_row_says_which():
    with pytest.raises(ValueError, match="2 entries.*got 1"):
        show.table([["a"]], ["f", "x"])
