"""What can be checked in a poem: form, tone pattern, rhyme, repeats, theme.

Each rule is a function of the poem's lines, so that a teacher's taste, or a reward,
is a sum of a few of them. Lesson 15 grades quatrains with them.
"""

from collections.abc import Iterable, Sequence
from functools import cache

import regex

from lmlab.page import datasets
from lmlab.page.datasets import Poem

RHYMES: dict[str, str] = {
    "麻": "a ia ua", "波": "o io e uo", "皆": "ie ve ê", "开": "ai uai",
    "微": "ei uei", "豪": "ao iao", "尤": "ou iou", "寒": "an ian uan van",
    "文": "en in uen vn", "唐": "ang iang uang", "庚": "eng ing ueng ong iong",
    "齐": "i er v", "支": "", "姑": "u",
}
"""The fourteen classes of the modern rhyme book 中华新韵 (New Chinese Rhymes), and
the finals of each, v for ü. 支 holds the i of zhi, chi, shi, ri, zi, ci, si."""

BUZZED = frozenset("zhi chi shi ri zi ci si".split())

THEMES: dict[str, str] = {
    "snow": "雪霜冰寒白冷冬冻",  # snow frost ice cold white chilly winter frozen
    "frontier": "将军塞边征马旗鼓",  # general army pass border march horse flag drum
    "war": "战杀血死剑兵军征",  # battle kill blood death sword soldier army march
}
"""Characters that a poem on a theme is expected to hold, eight for each."""


def form(lines: Sequence[str]) -> tuple[int, int] | None:
    """Return (number of lines, characters in each), or None where lines differ.

    A five-character quatrain is (4, 5). None also for an empty line, and for anything
    but Han characters.

    >>> form(("床前明月光", "疑是地上霜"))
    (2, 5)
    """
    lengths = {len(line) for line in lines}
    text = "".join(lines)
    if len(lengths) != 1 or 0 in lengths or _han(text) != text:
        return None
    return len(lines), lengths.pop()


def tones(line: str) -> list[str]:
    """Return the classical tone class of each character (平仄).

    "level", "oblique" or "either"; "either" also for a character that the table of
    `lmlab.page.datasets.pingze` does not hold.

    >>> tones("黄河入海流")
    ['level', 'level', 'oblique', 'oblique', 'level']
    """
    return [_table().get(character, "either") for character in line]


def tonal(lines: Sequence[str]) -> bool:
    """Say whether a five-character quatrain keeps the tone pattern.

    Lines 2 and 4 end level and line 3 ends oblique. The second and the fourth
    character of a line oppose each other; lines 1 and 2, and 3 and 4, oppose each
    other there, and lines 2 and 3 agree. "either" fits both. False for any other
    form. It holds for 45 % of the 2,892 four-line poems of `tang_five`, for 70 % of
    the 17,992 halves of its eight-line ones, and for 1.7 % of four lines drawn at
    random from it.
    """
    if form(lines) != (4, 5):
        return False
    tone = [tones(line) for line in lines]
    if not all(_fits(tone[i][4], end)
               for i, end in ((1, "level"), (2, "oblique"), (3, "level"))):
        return False
    return any(
        all(_fits(tone[i][1], second if outer else fourth)
            and _fits(tone[i][3], fourth if outer else second)
            for i, outer in enumerate((True, False, False, True)))
        for second, fourth in (("level", "oblique"), ("oblique", "level"))
    )


@cache
def rhyme_class(character: str) -> str | None:
    """Return the class of `RHYMES` that a character's reading falls in.

    The reading is pypinyin's first one, modern Mandarin: a rhyme that the Tang heard
    and we do not is missed. None for what is no Han character.

    >>> rhyme_class("光")
    '唐'
    """
    from pypinyin import Style, lazy_pinyin
    from pypinyin.contrib.tone_convert import to_finals

    if not _is_han(character):
        return None
    syllable = lazy_pinyin(character, style=Style.NORMAL)[0]
    if syllable in BUZZED:
        return "支"
    final = to_finals(syllable, strict=True, v_to_u=False)
    return next((name for name, finals in RHYMES.items() if final in finals.split()),
                None)


def rhymes(lines: Sequence[str]) -> bool:
    """Say whether the even lines all end in one rhyme class; four lines at least.

    What is no Han character, such as a comma after the last one, is not heard.

    It holds for 77 % of the four-line poems of `tang_five`, for 82 % of the halves of
    its eight-line ones, and for 9 % of four lines drawn at random from it.
    """
    classes = [rhyme_class(_han(line)[-1:]) for line in lines[1::2]]
    return len(classes) > 1 and None not in classes and len(set(classes)) == 1


def repeats(lines: Sequence[str]) -> int:
    """Return how many Han characters stood earlier in the poem already.

    >>> repeats(("床前明月光", "举头望明月"))
    2
    """
    characters = _han("".join(lines))
    return len(characters) - len(set(characters))


def theme(lines: Sequence[str], name: str) -> int:
    """Return how many different characters of the theme `name` the poem holds.

    >>> theme(("孤舟蓑笠翁", "独钓寒江雪"), "snow")
    2
    """
    if name not in THEMES:
        raise ValueError(f"name must be one of {', '.join(THEMES)}: got {name!r}")
    return len(set("".join(lines)) & set(THEMES[name]))


def quatrains(poems: Iterable[Poem]) -> list[tuple[str, ...]]:
    """Return the lines of each poem, four at a time; what is left over is dropped.

    An eight-line poem gives its two halves.
    """
    return [poem.lines[k : k + 4] for poem in poems
            for k in range(0, len(poem.lines) - 3, 4)]


@cache
def _table() -> dict[str, str]:
    return datasets.pingze()


def _fits(tone: str, wanted: str) -> bool:
    return tone in (wanted, "either")


def _han(text: str) -> str:
    """Return the Han characters of `text`, without punctuation and all else."""
    return "".join(filter(_is_han, text))


@cache
def _is_han(character: str) -> bool:
    return regex.fullmatch(r"\p{Unified_Ideograph}", character) is not None
