"""What lmlab.text.poems promises: each rule, on poems that everyone knows."""

import numpy as np
import pytest

from lmlab.page import datasets
from lmlab.text.poems import (
    RHYMES,
    THEMES,
    form,
    quatrains,
    repeats,
    rhyme_class,
    rhymes,
    theme,
    tonal,
    tones,
)

STORK_TOWER = ("白日依山尽", "黄河入海流", "欲穷千里目", "更上一层楼")
QUIET_NIGHT = ("床前明月光", "疑是地上霜", "举头望明月", "低头思故乡")
RIVER_SNOW = ("千山鸟飞绝", "万径人踪灭", "孤舟蓑笠翁", "独钓寒江雪")
LEYOU_HEIGHTS = ("向晚意不适", "驱车登古原", "夕阳无限好", "只是近黄昏")


def swapped(poem, line, place, character):
    """The poem with one character replaced; line and place count from 1."""
    lines = list(poem)
    old = lines[line - 1]
    lines[line - 1] = old[: place - 1] + character + old[place:]
    return tuple(lines)


def test_form_counts_lines_and_characters():
    assert form(STORK_TOWER) == (4, 5)
    assert form(["床前明月光"]) == (1, 5)


@pytest.mark.parametrize("lines", [
    (), ("",), ("床前明月光", "举头望明"), ("床前明月光。",), ("abcde",), ("床 光",),
    ("床前明月光，",), ("床前明月，",), ("床前明月光？",), ("床（明）光",),
    ("한글한글한",), ("かなかなか",), ("䷀䷁䷂䷃䷄",), ("床前明月：",),
    ("床前明月\u3000",)])
def test_form_is_none_for_what_is_no_even_verse(lines):
    assert form(lines) is None


def test_tones_follow_the_table_and_unknown_characters_are_either():
    assert tones("黄河入海流") == ["level", "level", "oblique", "oblique", "level"]
    assert tones("x") == ["either"]
    assert tones("") == []


def test_the_tone_pattern_holds_for_a_regulated_quatrain_and_not_for_a_free_one():
    assert tonal(STORK_TOWER)
    assert not tonal(QUIET_NIGHT)
    assert not tonal(RIVER_SNOW)


@pytest.mark.parametrize("line, place, character", [
    (2, 5, "去"), (4, 5, "去"), (3, 5, "山"),           # the ends
    (1, 4, "去"), (2, 2, "去"), (3, 2, "去"), (4, 4, "去"),  # the alternation
])
def test_one_wrong_tone_breaks_the_pattern(line, place, character):
    assert not tonal(swapped(STORK_TOWER, line, place, character))


@pytest.mark.parametrize("line, place", [
    (1, 1), (1, 3), (1, 5), (2, 1), (2, 3), (3, 1), (3, 3), (4, 1), (4, 3)])
def test_the_other_places_are_free(line, place):
    for character in ("山", "去"):
        assert tonal(swapped(STORK_TOWER, line, place, character))


def test_the_mirrored_pattern_is_as_good():
    level, oblique = "山", "去"
    pattern = ["oOoLo", "oLoOl", "oLoOo", "oOoLl"]
    for flip in (False, True):
        lines = []
        for row in pattern:
            marks = [("OL"["LO".index(m)] if flip and m in "LO" else m).upper()
                     for m in row]
            lines.append("".join(level if m == "L" else oblique for m in marks))
        assert tonal(lines)


def test_other_forms_have_no_tone_pattern():
    assert not tonal(STORK_TOWER[:2])
    assert not tonal([line + "山去" for line in STORK_TOWER])
    assert not tonal(())


def test_rhyme_is_heard_in_the_even_lines():
    assert rhymes(STORK_TOWER)                    # liu, lou
    assert rhymes(QUIET_NIGHT)                    # shuang, xiang
    assert rhymes(RIVER_SNOW)                     # mie, xue
    assert not rhymes(swapped(STORK_TOWER, 4, 5, "山"))
    assert rhymes(swapped(STORK_TOWER, 1, 5, "山"))


MARKED = tuple(line + mark for line, mark in zip(STORK_TOWER, "，。，。", strict=True))


def test_punctuation_is_not_heard_not_repeated_and_no_theme():
    assert form(MARKED) is None and not tonal(MARKED)
    assert rhymes(MARKED) and not rhymes(swapped(MARKED, 4, 5, "山"))
    assert repeats(MARKED) == 0 and repeats(("山，山，山？",)) == 2
    assert theme(MARKED, "snow") == 1
    assert tones("黄，") == ["level", "either"]
    assert rhyme_class("，") is rhyme_class("！") is None


def test_every_poem_of_the_corpus_has_a_form():
    assert all(form(poem.lines) for poem in datasets.tang_five())


def test_a_rhyme_that_only_the_tang_heard_is_missed():
    assert not rhymes(LEYOU_HEIGHTS)              # yuan, hun


def test_all_even_lines_must_rhyme():
    assert rhymes(STORK_TOWER + STORK_TOWER)
    assert not rhymes(STORK_TOWER + QUIET_NIGHT)


def test_fewer_than_four_lines_do_not_rhyme():
    assert not rhymes(())
    assert not rhymes(STORK_TOWER[:3])
    assert not rhymes(("", "", "", ""))


@pytest.mark.parametrize("character, name", [
    ("家", "麻"), ("歌", "波"), ("斜", "皆"), ("来", "开"), ("归", "微"), ("高", "豪"),
    ("流", "尤"), ("山", "寒"), ("云", "文"), ("光", "唐"), ("东", "庚"), ("鱼", "齐"),
    ("时", "支"), ("湖", "姑"),
])
def test_each_rhyme_class_has_a_character_of_its_own(character, name):
    assert rhyme_class(character) == name


def test_there_are_fourteen_classes_and_no_final_is_in_two():
    finals = " ".join(RHYMES.values()).split()
    assert len(RHYMES) == 14
    assert len(finals) == len(set(finals))


def test_every_character_of_the_corpus_has_a_class():
    corpus = {c for poem in datasets.tang_five() for line in poem.lines for c in line}
    assert {rhyme_class(c) for c in corpus} == set(RHYMES)


def test_what_is_no_han_character_has_no_class():
    assert rhyme_class("x") is rhyme_class("。") is rhyme_class("") is None


def test_repeats_count_every_further_appearance():
    assert repeats(STORK_TOWER) == 0
    assert repeats(QUIET_NIGHT) == 3              # bright, moon, head
    assert repeats(("山山山",)) == 2
    assert repeats(()) == 0


def test_theme_counts_different_characters_once():
    assert theme(RIVER_SNOW, "snow") == 2
    assert theme(("雪雪雪雪雪",), "snow") == 1
    assert theme(STORK_TOWER, "snow") == 1        # white, and no snow in sight
    assert theme((), "snow") == 0


def test_an_unknown_theme_is_named():
    with pytest.raises(ValueError, match="snow, frontier, war: got 'spring'"):
        theme(STORK_TOWER, "spring")


def test_a_theme_has_eight_different_characters():
    assert all(len(set(characters)) == 8 for characters in THEMES.values())


def test_quatrains_are_the_four_lines_or_the_halves():
    poems = datasets.tang_five()
    four, eight = (next(p for p in poems if len(p.lines) == n) for n in (4, 8))
    assert quatrains([four]) == [four.lines]
    assert quatrains([eight]) == [eight.lines[:4], eight.lines[4:]]
    assert quatrains([]) == []


def test_the_pass_rates_of_the_docstrings_are_still_measured():
    poems = datasets.tang_five()
    whole = quatrains(poem for poem in poems if len(poem.lines) == 4)
    halves = quatrains(poem for poem in poems if len(poem.lines) == 8)
    lines = [line for poem in poems for line in poem.lines]
    drawn = np.random.default_rng(0).integers(len(lines), size=(5000, 4))
    mixed = [[lines[i] for i in row] for row in drawn]
    for kind, in_tone, in_rhyme in (
        (whole, 0.45, 0.77), (halves, 0.70, 0.82), (mixed, 0.017, 0.09),
    ):
        assert np.mean([tonal(p) for p in kind]) == pytest.approx(in_tone, abs=0.006)
        assert np.mean([rhymes(p) for p in kind]) == pytest.approx(in_rhyme, abs=0.012)
