"""What the school reads: quatrains as tokens, and requests with the poems they ask for.

A row is a quatrain of five characters a line, each token a character:

    <poem> 床前明月光 ⏎ 疑是地上霜 ⏎ 举头望明月 ⏎ 低头思故乡 <end>

`<poem>` begins a poem that nobody asked for. A request stands in its place, its theme
and a colon: 飞雪： ("flying snow:"). Lesson 12 reads the poems, lesson 14 the requests.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import torch
from torch import Tensor

from lmlab.page.datasets import tang300, tang_five
from lmlab.text import poems
from lmlab.text.tokenizers import Characters

BEGIN, END, COLON = "<poem>", "<end>", "："
Quatrain = tuple[str, ...]

REQUESTS: dict[str, str] = {
    "飞雪": "雪霜冰冻冷冬霰凛",  # flying snow
    "思乡": "乡泪旅羁桑梓故园",  # homesickness
    "孤独": "孤独寂寞寥惆怅单",  # loneliness
    "豪情": "剑侠壮雄将军虎龙",  # courage
    "春天": "春桃燕莺蝶杏蕊芽",  # spring
    "夜雨": "雨雷湿霖泥蓑滴霏",  # night rain
    "琴声": "琴歌曲笛弦笙瑟箫",  # music
    "求仙": "仙丹鹤霞洞炉芝羽",  # immortals
}
"""Each theme, and eight characters of which a poem on it is expected to hold one.

Of ten quatrains on the shelf "train" one does so by chance.
"""

TRIALS: dict[str, str] = {
    "边塞": "塞边征马旗鼓胡戎",  # frontier
    "战争": "战杀血死兵戈甲弓",  # war
    "饮酒": "酒醉杯樽酌饮酣醒",  # wine
    "秋意": "秋雁叶凉菊蝉露枫",  # autumn
    "江舟": "舟帆波潮渡渔船浦",  # river
    "僧寺": "僧寺钟禅磬香佛斋",  # temple
    "离别": "别送离饯赠辞惜袂",  # parting
    "宫殿": "宫殿阙帝銮御玉金",  # palace
}
"""Eight other themes, on which the settings of the stages were chosen."""


@cache
def tokenizer() -> Characters:
    """Characters of tang300, those met five times or more in tang_five, and marks."""
    often = Counter("".join("".join(poem.lines) for poem in tang_five()))
    known = {c for c, times in often.items() if times >= 5}
    known |= set("".join("".join(poem.lines) for poem in tang300()))
    return Characters("".join(known) + COLON + "\n", special=[BEGIN, END])


@cache
def shelves() -> dict[str, list[Quatrain]]:
    """Return the quatrains of "tang300", and of tang_five: "train", "trial", "test".

    An eight-line poem gives its two halves, which stay on one shelf. 400 poems of
    tang_five each are kept for "trial", where settings are chosen, and "test", less
    those that share a line with tang300. "train" has what is left, and in it 129 of the
    221 quatrains of tang300. A quatrain with a character that the `tokenizer` does not
    know is left out.
    """
    classics = [poem for poem in tang300()
                if poems.form(poem.lines) in ((4, 5), (8, 5))]
    famous = {line for poem in classics for line in poem.lines}
    others = tang_five()
    order = np.random.default_rng(0).permutation(len(others))
    parts = {"trial": order[:400], "test": order[400:800], "train": order[800:]}
    known = set(tokenizer().alphabet)
    shelf = {"tang300": poems.quatrains(classics)}
    for name, part in parts.items():
        kept = [others[i] for i in part
                if name == "train" or not famous & set(others[i].lines)]
        shelf[name] = [lines for lines in poems.quatrains(kept)
                       if known.issuperset("".join(lines))]
    return shelf


def rows(quatrains: Iterable[Quatrain], start: str = BEGIN) -> Tensor:
    """Return the token ids (n, tokens) of quatrains, each after `start`."""
    ids = [_ids(start + "\n".join(lines) + END) for lines in quatrains]
    lengths = sorted(set(map(len, ids)))
    if len(lengths) != 1:
        raise ValueError(
            f"quatrains must be some, all of one length: got {lengths or 'none'}")
    return torch.tensor(ids)


def couplet_ends(ids: Tensor) -> Tensor:
    """Say which tokens of rows (n, tokens) end a couplet, and thus should rhyme.

    They are the last characters of every other line. Returns booleans, (n, tokens).
    """
    stops = torch.tensor(_ids("\n" + END))
    ends = ~torch.isin(ids, stops)
    ends &= torch.isin(ids.roll(-1, dims=1), stops)
    return ends & (ends.cumsum(dim=1) % 2 == 0)


def prompt(start: str = BEGIN, lines: Sequence[str] = ()) -> list[int]:
    """Return the ids of `start` and of the lines so far, each with its line end."""
    return _ids(start + "".join(line + "\n" for line in lines))


def lines_of(ids: Sequence[int]) -> Quatrain:
    """Return the lines that a model wrote."""
    return tuple(tokenizer().decode(ids).split("\n"))


def is_quatrain(lines: Sequence[str]) -> bool:
    """Say whether these are four lines of five characters each."""
    return poems.form(lines) == (4, 5)


def on_theme(lines: Sequence[str], characters: str) -> bool:
    """Say whether a quatrain holds one of the characters; what is none is on no theme.
    """
    return is_quatrain(lines) and bool(set("".join(lines)) & set(characters))


def lessons(themes: dict[str, str]) -> dict[str, list[Quatrain]]:
    """Return what a teacher would show for each theme, from the shelf "train".

    Quatrains that keep the tone pattern and name the theme in their first line. Raises
    ValueError if there are none, or if a request would not be three tokens long.
    """
    kept = [lines for lines in shelves()["train"] if poems.tonal(lines)]
    shelf = {theme: [lines for lines in kept if set(lines[0]) & set(characters)]
             for theme, characters in themes.items()}
    wrong = [theme for theme in shelf if len(theme) != 2 or not shelf[theme]]
    if wrong or not shelf:
        raise ValueError(
            "themes must have names of two characters, and poems on each to show: "
            f"got {', '.join(wrong) or 'none'}")
    return shelf


def _ids(text: str) -> list[int]:
    return tokenizer().encode(text, special=True)
